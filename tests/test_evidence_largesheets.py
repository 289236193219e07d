"""Large plain sheets are read by column; they must come out as they do cell by cell."""

import io
import random
from datetime import date, datetime, timedelta
from decimal import Decimal

import openpyxl
import pyarrow as pa
import pytest
import xlwt

from idvtools.evidence.books import sheetgrids, xlsbook
from idvtools.evidence.books.biffcolumns import plain_sheet
from idvtools.evidence.books.cells import number
from idvtools.evidence.books.largesheets import LargeSheet, SheetRows
from idvtools.evidence.books.sheets import read_sheets
from idvtools.evidence.limits import Budget, Limits
from idvtools.evidence.tables.grids import to_tables

DAY, MOMENT = "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss"
START = datetime.fromisoformat("2026-03-01")


def bill(count, change=None):
    """Rows of a bill: id, moment, day, direction, amount, balance, whole number, padded text, mostly empty."""
    rng = random.Random(7)
    balance = 100_00
    rows = [["流水号", "时间", "记账日", "收/支", "金额", "余额", "笔数", "备注", "附言"]]
    for i in range(count):
        amount = rng.randrange(1, 9_999)
        into = rng.random() < 0.5
        balance += amount if into else -amount
        moment = START + timedelta(minutes=37 * i)
        row = [f"2026{i:014d}", moment, moment.date(), "收入" if into else "支出", amount / 100, balance / 100]
        rows.append([*row, i % 7, " 说明\t" if i % 5 else "a" * 90, "é" if not i % 11 else None])
    if change:
        change(rows)
    return rows


def as_xls(rows, epoch_1904=False):
    book = xlwt.Workbook()
    book.dates_1904 = epoch_1904
    sheet = book.add_sheet("s")
    styles = {date: xlwt.easyxf(num_format_str=DAY), datetime: xlwt.easyxf(num_format_str=MOMENT)}
    for y, row in enumerate(rows):
        for x, value in enumerate(row):
            if value is not None:
                sheet.write(y, x, value, styles.get(type(value), xlwt.Style.default_style))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def as_xlsx(rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def ways(data, monkeypatch):
    """The tables of a workbook by column and cell by cell, and whether the first grid was read by column."""
    made = []
    for large in (1, 10**9):
        monkeypatch.setattr(sheetgrids, "LARGE", large)
        monkeypatch.setattr(xlsbook, "LARGE", large)
        grids = read_sheets(data, "a", Budget(Limits())).grids
        made.append(([t for g in grids for t in to_tables(g, Budget(Limits()))], grids))
    return made[0][0], made[1][0], isinstance(made[0][1][0].rows, LargeSheet)


def assert_same(one, two):
    assert len(one) == len(two)
    for a, b in zip(one, two, strict=True):
        for part in ("name", "source", "columns", "header_row", "preamble", "footer", "checks", "warnings"):
            assert getattr(a, part) == getattr(b, part)
        assert list(a.numbers) == list(b.numbers)
        assert list(a.rows) == list(b.rows)
        assert [[*map(type, r)] for r in a.rows] == [[*map(type, r)] for r in b.rows]
        assert a.to_pandas().equals(b.to_pandas())


def put(at, row):
    return lambda rows: rows.insert(at, row)


CHANGES = {
    "plain": None,
    "title and note": lambda rows: (rows.insert(0, ["对账单"]), rows.append(["备注：以上仅供参考"])),
    "total below": lambda rows: rows.append(["合计", None, None, None, sum(r[4] for r in rows[1:])]),
    "total between": put(50, ["合计", None, None, None, 12.5]),
    "blank row": put(50, [None] * 9),
    "header again": lambda rows: rows.insert(50, list(rows[0])),
    "text among amounts": lambda rows: rows[30].__setitem__(4, "免费"),
    "midnights": lambda rows: [r.__setitem__(1, START + timedelta(days=i)) for i, r in enumerate(rows[1:])],
    "long number": lambda rows: rows[30].__setitem__(6, 1.1010119900307e17),
    "amounts as text": lambda rows: [r.__setitem__(4, f"¥{r[4]:,.2f}") for r in rows[1:]],
    "several currencies": lambda rows: [r.__setitem__(4, f"{'$€'[i % 2]} {i}.5") for i, r in enumerate(rows) if i],
    "dates as text": lambda rows: [r.__setitem__(1, f"{r[1]:%Y/%m/%d}") for r in rows[1:]],
    "nothing": lambda rows: [r.__setitem__(4, f"{r[4]:.2f}" if i % 3 else "-") for i, r in enumerate(rows) if i],
    "logical": lambda rows: [r.__setitem__(6, i % 2 == 0) for i, r in enumerate(rows) if i],
    "two tables": lambda rows: rows.extend([[None] * 9, ["月份", "笔数"], ["一月", 3], ["二月", 4]]),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("make", [as_xls, as_xlsx])
def test_by_column_as_cell_by_cell(make, change, monkeypatch):
    by_column, by_cell, was_large = ways(make(bill(200, change)), monkeypatch)
    assert_same(by_column, by_cell)
    if change is None:
        assert was_large
        assert [c.ok for c in by_column[0].checks] == [True]


def test_the_epoch_of_1904_by_column(monkeypatch):
    by_column, by_cell, was_large = ways(as_xls(bill(200), epoch_1904=True), monkeypatch)
    assert was_large
    assert_same(by_column, by_cell)


def test_texts_cut_by_the_ends_of_records(monkeypatch):
    """The table of texts is cut every 8,224 bytes, within a text too, narrow and wide."""
    rows = [["编号", "说明", "数"]]
    rows += [[f"n{i}", ("中文字" if i % 3 else "latin é ") * (i * 7 % 400), i] for i in range(1, 300)]
    by_column, by_cell, was_large = ways(as_xls(rows), monkeypatch)
    assert was_large
    assert_same(by_column, by_cell)


def test_a_sheet_of_formulas_or_errors_is_not_plain(monkeypatch):
    book = xlwt.Workbook()
    sheet = book.add_sheet("s")
    for y, row in enumerate([["a", "b"], ["x", 1], ["y", 2]]):
        for x, value in enumerate(row):
            sheet.write(y, x, value)
    sheet.write(3, 0, xlwt.Formula("1+1"))
    file = io.BytesIO()
    book.save(file)
    monkeypatch.setattr(xlsbook, "LARGE", 1)
    seen = []
    monkeypatch.setattr(xlsbook, "plain_sheet", lambda *given: seen.append(plain_sheet(*given)) or seen[-1])
    assert read_sheets(file.getvalue(), "a", Budget(Limits())).grids
    assert seen == [None]


def test_rows_by_column_are_a_sequence_like_any_other():
    rows = SheetRows([pa.array([1.0, 2.5, None]), pa.array(["a", None, "c"])], [number, None])
    plain = [(1, "a"), (Decimal("2.5"), None), (None, "c")]
    assert list(rows) == plain
    for _ in range(2_000):  # one by one at first, by whole columns when many are asked for
        assert [rows[i] for i in (0, 1, 2, -1, -3)] == [plain[i] for i in (0, 1, 2, -1, -3)]
    for part in (slice(1, None), slice(None, None, 2), slice(None, None, -1), slice(5, 9), slice(-1, None)):
        assert rows[part] == plain[part]
    for beyond in (3, -4):
        with pytest.raises(IndexError):
            rows[beyond]
