"""reconciliation.xlsx as its reader finds it."""

from __future__ import annotations

import re
import time
import zipfile
from decimal import Decimal

import pytest
from openpyxl import Workbook, load_workbook
from report_cases import DIGITS, HOSTILE, OP, breaks, bucket, extras, hostile_breaks, ledger_row, summary

from idvtools.ledger import columns as ledger
from idvtools.report import excel, excelrows
from idvtools.report.excel import write_excel
from idvtools.report.excelrows import COLUMNS, MAX_TEXT
from idvtools.report.extras import Extras
from idvtools.report.model import Caveat
from idvtools.report.text import BUCKETS, REASONS


def book(tmp_path, run=None, table=None, extra=None, lang="both") -> Workbook:
    path = tmp_path / "r.xlsx"
    table = breaks(ledger_row()) if table is None else table
    write_excel(path, run or summary(), table, extra or extras(), lang)
    return load_workbook(path)


def break_cells(workbook: Workbook) -> list[dict]:
    """The rows of the breaks sheet, each column name -> cell."""
    sheet = workbook.worksheets[2]
    names = [cell.value for cell in sheet[3]]
    return [dict(zip(names, row, strict=True)) for row in sheet.iter_rows(min_row=5)]


def texts(sheet) -> list[str]:
    return [str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value not in (None, "")]


@pytest.mark.parametrize(
    ("lang", "names"),
    [
        ("zh", ["汇总", "核对结果", "差异明细", "口径与方法", "未采信记录"]),
        ("en", ["Summary", "Results", "Breaks", "Method", "Refused"]),
        ("both", ["汇总 Summary", "核对结果 Results", "差异明细 Breaks", "口径与方法 Method", "未采信记录 Refused"]),
    ],
)
def test_sheets_in_every_language(tmp_path, lang, names):
    assert book(tmp_path, lang=lang).sheetnames == names
    assert len(book(tmp_path, extra=Extras(), lang=lang).sheetnames) == 4


def test_summary_says_what_matters_first(tmp_path):
    sheet = book(tmp_path, lang="en").worksheets[0]
    said = texts(sheet)
    first = [said.index(text) for text in ("• 2 evidence files to pull now, before their time limit", "Vendor charges")]
    assert first == sorted(first)
    caveat = next(c for row in sheet.iter_rows() for c in row if c.value == "• no statement on 2026-10-17 <b>")
    assert caveat.font.color.rgb == "FFB42318"
    amounts = {row[0].value: row[1].value for row in sheet.iter_rows()}
    assert amounts["Vendor charges"] == 42
    assert amounts["Payable by our records"] == 36
    assert amounts["Difference (vendor − ours)"] == 6
    assert amounts["of which undecidable"] == 6
    assert amounts["of which breaks"] == 0
    assert amounts["Breaks"] == 3
    assert "2026-11-02 09:30:05" in " ".join(said)  # 01:30 UTC in Shanghai


def test_buckets_add_up_to_the_difference(tmp_path):
    sheet = book(tmp_path, lang="zh").worksheets[1]
    rows = {row[0].value: [cell.value for cell in row[1:5]] for row in sheet.iter_rows(max_col=6)}
    assert rows["多计"] == [1, 3, 0, 3]
    assert rows["合计"] == [17, 42, 36, 6]
    assert "与汇总差额勾稽相符" in texts(sheet)
    assert [row[6].value for row in sheet.iter_rows(min_row=3, max_row=11)] == list(BUCKETS)
    assert rows["缺少状态"] == [1, 3, None, None]
    assert rows["以创建时间定日"] == [1, None, None, 3]


def test_a_total_that_is_wrong_is_not_called_right(tmp_path):
    wrong = summary(buckets={"matched": bucket(1, "3.00", "3.00")})
    assert "The total does not equal the difference in the summary" in texts(
        book(tmp_path, wrong, lang="en").worksheets[1]
    )


def test_a_break_row(tmp_path):
    workbook = book(tmp_path, lang="en")
    sheet = workbook.worksheets[2]
    [row] = break_cells(workbook)
    assert row["bucket"].value == "Overbilled"
    assert row["severity"].value == "Money"
    assert row["reason"].value == "Repeat on the same day"
    assert (row["op_id"].value, row["op_id"].data_type, row["op_id"].number_format) == (OP, "s", "@")
    assert (row["biz_no"].value, row["biz_no"].data_type) == ("0012", "s")
    for name, amount in (("amount_vendor", 3), ("amount_ours", 0), ("difference", 3)):
        assert (row[name].value, row[name].number_format) == (amount, "0.00")
    assert row["day"].value.isoformat() == "2026-10-01T00:00:00"
    assert row["day"].is_date
    assert row["clock"].value.isoformat() == "2026-10-01T00:00:00.123000"  # 16:00 UTC the day before
    assert (row["vendor_status"].value, row["status"].value) == (-4, 20)
    assert (row["billable"].value, row["vendor_charge"].value, row["effective"].value) == ("N", "Y", None)
    headings = [cell.value for cell in sheet[4]]
    assert "Request time\n(Asia/Shanghai)" in headings
    assert "Difference (vendor − ours)\n(CNY)" in headings
    assert sheet.freeze_panes == "D5"
    assert sheet.auto_filter.ref == "A4:AN5"
    assert sheet.column_dimensions["H"].width == 31
    assert len(sheet.conditional_formatting) == 1


def test_every_bucket_and_reason_has_its_words():
    assert tuple(BUCKETS) == ledger.BUCKETS
    assert set(REASONS) == set(ledger.REASONS)


def test_every_ledger_column_is_there():
    names = [column.name for column in COLUMNS]
    assert sorted(names) == sorted([*ledger.LEDGER_SCHEMA.names, "difference"])


def test_hostile_text_is_shown_as_it_is(tmp_path):
    rows = break_cells(book(tmp_path, table=hostile_breaks()))
    for text, row in zip(HOSTILE, rows, strict=True):
        shown = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f]", "\ufffd", text)
        shown = shown.replace("_x", "_x005F_x")  # what a spreadsheet reads as _x
        for name in ("op_id", "biz_no", "status_name", "differing_fields", "statement_file", "cause"):
            assert (row[name].value, row[name].data_type) == (shown, "s"), name
    assert rows[HOSTILE.index(DIGITS)]["op_id"].value == DIGITS


def test_hostile_text_outside_the_breaks(tmp_path):
    run = summary(vendor="=cmd|x", caveats=(Caveat("=1+1\x02", "=1+1\x02"),), assumptions={"clock": "=2+2"})
    workbook = book(tmp_path, run)
    for sheet in workbook.worksheets:
        for row in sheet.iter_rows():
            assert not [cell for cell in row if cell.data_type in ("f", "e")]
    assert "=not JSON" in texts(workbook.worksheets[4])
    assert DIGITS in texts(workbook.worksheets[4])


def test_method_lists_rule_laws_and_inputs(tmp_path):
    said = texts(book(tmp_path, lang="both").worksheets[3])
    assert any("The first effective operation per appId + idNo + site per day is billed" in text for text in said)
    assert any("只计首次有效操作" in text for text in said)
    assert {"ab" * 32, "statements/交易流水对账单_zd1uahd8_20261001.csv", "money", "✓"} <= set(said)


def test_long_text_is_cut(tmp_path):
    [plain, wide] = break_cells(
        book(tmp_path, table=breaks(ledger_row(flags="x" * 40_000), ledger_row(flags="😀" * 20_000)))
    )
    assert plain["flags"].value == "x" * (MAX_TEXT - 1) + "…"
    assert len(wide["flags"].value.encode("utf-16-le")) // 2 <= MAX_TEXT
    assert wide["flags"].value.endswith("😀…")


def test_same_input_same_bytes(tmp_path, monkeypatch):
    first, second = tmp_path / "1.xlsx", tmp_path / "2.xlsx"
    write_excel(first, summary(), hostile_breaks(), extras(), "both")
    monkeypatch.setattr(time, "time", lambda: 2_000_000_000.0)
    write_excel(second, summary(), hostile_breaks(), extras(), "both")
    assert first.read_bytes() == second.read_bytes()
    made = load_workbook(first).properties
    assert made.created == made.modified
    assert made.created.isoformat() == "2026-11-02T01:30:05"
    with zipfile.ZipFile(first) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_more_rows_than_a_sheet_holds(tmp_path, monkeypatch):
    monkeypatch.setattr(excel, "MAX_ROWS", 5)
    monkeypatch.setattr(excelrows, "MAX_ROWS", 5)
    workbook = book(tmp_path, table=breaks(*(ledger_row(op_id=str(i)) for i in range(8))), lang="en")
    assert [row["op_id"].value for row in break_cells(workbook)] == list("01234")
    note = workbook.worksheets[2]["A2"].value
    assert note == "5 of 8 rows are shown; the other 3 stand in breaks.csv, which has them all."
    assert workbook.worksheets[2].auto_filter.ref == "A4:AN9"


def test_batches_keep_order_and_row_numbers(tmp_path, monkeypatch):
    monkeypatch.setattr(excelrows, "_BATCH", 3)
    rows = break_cells(book(tmp_path, table=breaks(*(ledger_row(op_id=str(i)) for i in range(10)))))
    assert [(row["op_id"].value, row["op_id"].row) for row in rows] == [(str(i), i + 5) for i in range(10)]


def test_nothing_at_all(tmp_path):
    workbook = book(tmp_path, summary(causes={}, inputs=(), caveats=()), breaks(), Extras(), "en")
    assert workbook.worksheets[2]["A2"].value == "No breaks in this period."
    assert break_cells(workbook) == []


def test_no_price_no_amounts(tmp_path):
    zero = Decimal("0.00")
    row = ledger_row(amount_vendor=None, amount_ours=None)
    workbook = book(tmp_path, summary(currency=None, difference=zero, undecided_amount=zero), breaks(row), lang="en")
    said = texts(workbook.worksheets[0])
    assert "• no unit price is set, so there are no amounts" in said
    assert "0.00" not in said
    assert break_cells(workbook)[0]["difference"].value is None
