"""Known layouts: which table is one, what differs where one nearly is, and what a file prints against what it holds."""

# ruff: noqa: E501
from __future__ import annotations

import importlib.util
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from idvtools.errors import EvidenceError
from idvtools.evidence import sites
from idvtools.evidence.checks import all_checks
from idvtools.evidence.limits import Budget, Limits
from idvtools.evidence.model import Check, Column, Member, Table
from idvtools.evidence.printed import money, printed
from idvtools.evidence.reading import read_evidence
from idvtools.evidence.sites.chrome_govhk_tax import receipts
from idvtools.evidence.sites.declaring import Field, Layout

BANKS = {
    "hans": ("交易日期", "摘要", "支出", "存入", "余额"),
    "hant": ("交易日期", "說明", "支出", "存入", "結餘"),
    "en": ("Transaction Date", "Description", "Withdrawal", "Deposit", "Balance"),
}
ROWS = (
    (date(2026, 1, 5), "a", None, Decimal("100.00"), Decimal("1100.00")),
    (date(2026, 1, 6), "b", Decimal("30.50"), None, Decimal("1069.50")),
    (date(2026, 1, 7), "c", Decimal("9.50"), None, Decimal("1060.00")),
    (date(2026, 1, 8), "d", None, Decimal("0.25"), Decimal("1060.25")),
)
TYPES = ("date", "text", "amount", "amount", "amount")


def applied(
    tables: Sequence[Table], text: str, members: Sequence[Member], site: str | None, **more: Any
) -> sites.Applied:
    return sites.apply(tables, text, members, site, Budget(Limits()), **more)


def bank(names: Sequence[str] = BANKS["hans"], rows: Sequence[tuple[Any, ...]] = ROWS, **more: Any) -> Table:
    columns = tuple(Column(n, t) for n, t in zip(names, TYPES, strict=False))  # type: ignore[arg-type]
    return Table("t", "", columns, rows, 1, tuple(range(2, 2 + len(rows))), **more)


def one(table: Table, site: str | None = None, text: str = "", path: str = "") -> Table:
    members = [Member(path, "csv", 1)] if path else []
    return applied([table], text, members, site).tables[0]


def outcome(table: Table) -> dict[str, bool | None]:
    return {check.name: check.ok for check in table.checks}


@pytest.mark.parametrize("names", BANKS.values(), ids=BANKS)
def test_chiyu_is_known_by_its_name_and_headings_in_three_languages(names: Sequence[str]) -> None:
    assert one(bank(names, preamble=("集友銀行（樣本）",))).layout == "chrome-chiyubank-jyj"
    assert one(bank(names), path="in.zip!Chiyu_2026.csv").layout == "chrome-chiyubank-jyj"
    assert one(bank(names), site="chrome-chiyubank-jyj").layout == "chrome-chiyubank-jyj"
    assert one(bank(names)).layout == "bank-statement"


def test_what_differs_is_said_and_nothing_is_guessed() -> None:
    names = ("交易日期", "摘要", "支出", "存入", "期终额")
    table = one(bank(names, preamble=("集友银行",)))
    assert table.layout is None
    said = (
        "nearly fits layout chrome-chiyubank-jyj (Chiyu Bank transactions): column 余额 now seems to be called 期终额"
    )
    assert table.warnings == (said,)
    assert Check("layout", False, said) in table.checks
    gone = replace(bank(preamble=("集友银行",)), columns=bank().columns[:4], rows=[row[:4] for row in ROWS])
    assert "column 余额 is missing" in one(gone).warnings[0]


def test_a_new_column_is_said_but_the_layout_fits() -> None:
    table = bank(preamble=("Chiyu",))
    more = replace(table, columns=(*table.columns, Column("渠道", "text")), rows=[(*row, "x") for row in ROWS])
    assert one(more).layout == "chrome-chiyubank-jyj"
    assert one(more).warnings == ("Chiyu Bank transactions: column 渠道 is new",)


def test_a_site_that_does_not_fit_and_one_that_nobody_knows() -> None:
    done = applied([bank()], "", [], "wechat-bill")
    assert done.warnings == ("nothing in it fits layout wechat-bill (WeChat Pay bill)",)
    assert done.tables[0].layout is None
    assert "no layout is known for site x" in applied([bank()], "", [], "x").warnings[0]
    assert applied([], "nothing", [], "chrome-govhk-tax").warnings


# --- a vendor changes a format

TABLES = [k for k in sites.LAYOUTS.values() if isinstance(k, Layout)]
KNOWN = [k for k in TABLES if not k.generic and k.name != "vendor-parse-result"]


def as_declared(layout: Layout) -> Table:
    """An empty table with exactly the columns of a layout, in its order, and a mark."""
    fields = [f for f in layout.fields if layout.exact or f.required or f.key in ("debit", "credit")]
    columns = tuple(Column(f.names[0], f.type) for f in fields)
    return Table("t", "", columns, (), preamble=layout.marks[:1])


@pytest.mark.parametrize("layout", KNOWN, ids=lambda k: k.name)
def test_a_table_as_declared_fits_without_a_word(layout: Layout) -> None:
    table = one(as_declared(layout))
    assert (table.layout, table.warnings) == (layout.name, ())


@pytest.mark.parametrize("layout", KNOWN, ids=lambda k: k.name)
def test_every_column_that_is_renamed_dropped_added_or_moved_is_said(layout: Layout) -> None:
    good = as_declared(layout)
    fields = {f.names[0]: f for f in layout.fields}
    for i, column in enumerate(good.columns):
        others = good.columns[:i], good.columns[i + 1 :]
        renamed = one(replace(good, columns=(*others[0], Column("Neu", column.type), *others[1])))
        dropped = one(replace(good, columns=(*others[0], *others[1])))
        added = one(replace(good, columns=(*good.columns[:i], Column("Neu", "text"), *good.columns[i:])))
        moved = one(replace(good, columns=(*others[0], *others[1], column)))
        needed = fields[column.name].required
        one_way = fields[column.name].key in ("debit", "credit")
        assert any(f"column {column.name} now seems to be called Neu" in w for w in renamed.warnings), column
        assert (renamed.layout == layout.name) != (needed or one_way)
        if needed or layout.exact:
            assert any(f"column {column.name} is missing" in w for w in dropped.warnings), column
            assert (dropped.layout == layout.name) != needed
        assert added.layout == layout.name
        assert added.warnings == (f"{layout.title}: column Neu is new",)
        assert moved.layout == layout.name
        if layout.exact and i < len(good.columns) - 2:
            assert moved.warnings == (f"{layout.title}: column {column.name} stands elsewhere",)


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("微信支付 转账 测试乙", ("交易日期", "摘要", "金额", "余额", "对方户名")),
        ("支付宝-测试 微信支付-测试", ("记账日期", "记账时间", "币别", "金额", "余额", "交易名称", "附言", "对方账户名")),
        ("Paid with Alipay or WeChat", ("Date", "Description", "Amount")),
        ("集友銀行 支票", ("編號", "名稱", "數量")),
        ("支付宝 微信支付", ("交易时间", "商户名称", "交易说明", "金额", "收/付款方式", "交易状态", "收/支", "交易分类", "交易订单号", "商家订单号", "备注")),
        ("微信支付", ("交易创建时间", "交易成功时间", "交易类型", "订单标题", "收/支", "支付方式", "订单金额", "实付金额", "交易单号", "商家单号", "备注")),
    ],
)  # fmt: skip
def test_a_table_of_another_kind_is_not_nearly_anything(words: str, names: Sequence[str]) -> None:
    table = Table("t", "", tuple(Column(name, "text") for name in names), (), preamble=(words,))
    assert not [w for w in one(table).warnings if "fits" in w]
    told = replace(table, preamble=())
    assert not [w for w in one(told, text="x" * 500 + words).warnings if "fits" in w]


def test_marks_of_one_member_do_not_stand_for_another() -> None:
    members = [Member("集友.csv", "csv", 1), Member("other.csv", "csv", 1)]
    tables = [replace(bank(), source="集友.csv"), replace(bank(), source="other.csv")]
    done = applied(tables, "", members, None).tables
    assert [table.layout for table in done] == ["chrome-chiyubank-jyj", "bank-statement"]


NEW_LAYOUT = """
from idvtools.evidence.sites.declaring import Field, Layout

LAYOUTS = (
    Layout(
        name="taxi", title="taxi", alone=True, source="test",
        fields=(Field("date", "date", ("乘车日期",)), Field("order", "text", ("车票号",)), Field("amount", "amount", ("车费",))),
    ),
)
"""


def test_a_new_layout_is_one_new_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "more_sites").mkdir()
    (tmp_path / "more_sites" / "taxi.py").write_text(NEW_LAYOUT, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    layouts = sites.declared([str(tmp_path / "more_sites")], "more_sites")
    columns = tuple(
        Column(name, kind) for name, kind in (("乘车日期", "date"), ("车票号", "integer"), ("车费", "amount"))
    )
    rows = [(date(2026, 1, 5), 7, Decimal("12.50"))]
    (table,) = applied([Table("t", "", columns, rows)], "", [], None, layouts=layouts).tables
    assert (table.layout, table.rows) == ("taxi", [(date(2026, 1, 5), "7", Decimal("12.50"))])
    (tmp_path / "more_sites" / "twice.py").write_text(NEW_LAYOUT, "utf-8")
    with pytest.raises(ValueError, match="taxi is declared twice"):
        sites.declared([str(tmp_path / "more_sites")], "more_sites")


def test_no_more_time_stops_the_checks() -> None:
    budget = Budget(Limits())
    budget.until = 0.0
    with pytest.raises(EvidenceError, match="took longer"):
        sites.apply([bank()], "", [], None, budget)
    with pytest.raises(EvidenceError, match="took longer"):
        all_checks(bank(), {"date": 0, "debit": 2, "credit": 3, "balance": 4}, (), budget)


def test_two_layouts_that_fit_equally_are_said_and_none_is_applied() -> None:
    fields = (Field("date", "date", ("交易日期",)), Field("balance", "amount", ("余额",)))
    two = {n: Layout(name=n, title=n, fields=fields, alone=True, source="test") for n in ("one", "two")}
    table = applied([bank()], "", [], None, layouts=two).tables[0]
    assert table.layout is None
    assert table.warnings == ("fits layouts one and two equally well; none was applied, choose with site=",)
    assert applied([bank()], "", [], "two", layouts=two).tables[0].layout == "two"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"fields": (Field("a", "text", ("A",)), Field("a", "text", ("B",)))}, "a key comes twice"),
        ({"fields": (Field("a", "text", ("金额",)), Field("b", "text", ("金 额(元)",)))}, "stands for both"),
        ({"fields": (Field("a", "text", ()),)}, "has no heading"),
        ({"fields": (Field("amount", "text", ("A",)),)}, "not exact"),
        ({"fields": (Field("a", "text", ("A",), required=False),)}, "no column is required"),
        ({"any_of": ("b",)}, "any_of"),
        ({"name": "Not A Name"}, "lower-case"),
        ({"alone": False}, "nothing tells"),
    ],
)
def test_a_declaration_is_checked_when_it_is_made(change: dict[str, Any], said: str) -> None:
    good = {"name": "x", "title": "x", "source": "test", "alone": True, "fields": (Field("a", "text", ("A",)),)}
    with pytest.raises(ValueError, match=said):
        Layout(**{**good, **change})


def test_every_layout_has_a_file_a_source_and_a_name_of_its_own() -> None:
    assert {"alipay-bill", "bank-statement", "chrome-chiyubank-jyj", "chrome-govhk-tax", "wechat-bill"} < set(
        sites.LAYOUTS
    )
    assert all(layout.source for layout in sites.LAYOUTS.values())
    assert len(sites.SITES) == len(set(sites.SITES))


# --- balances


@pytest.mark.parametrize("order", [1, -1])
def test_balances_chain_in_either_order(order: int) -> None:
    assert outcome(one(bank(rows=ROWS[::order]))) == {"balance chain": True}


@pytest.mark.parametrize("order", [1, -1])
def test_the_first_break_is_said_with_its_row_and_by_how_much(order: int) -> None:
    rows = [row if i < 2 else (*row[:4], row[4] - 46) for i, row in enumerate(ROWS)][::order]
    (check,) = one(bank(rows=rows)).checks
    where = {1: "row 4: 46.00 missing (oldest first", -1: "row 3: 46.00 missing (newest first"}[order]
    assert check == Check("balance chain", False, f"breaks once before {where}, 3 balances)")


def test_a_lost_row_breaks_the_chain_wherever_it_was() -> None:
    for lost in (1, 2):
        rows = [row for i, row in enumerate(ROWS) if i != lost]
        assert outcome(one(bank(rows=rows))) == {"balance chain": False}


def test_balances_of_two_currencies_and_balances_on_the_last_row_of_a_day_only() -> None:
    twice = [(*row, currency) for row in ROWS for currency in ("HKD", "CNY")]
    table = bank(rows=twice)
    table = replace(table, columns=(*table.columns, Column("币种", "text")))
    assert outcome(one(table)) == {"balance chain HKD": True, "balance chain CNY": True}
    some = [(*row[:4], None if i == 1 else row[4]) for i, row in enumerate(ROWS)]
    assert outcome(one(bank(rows=some))) == {"balance chain": True}


def test_newest_day_first_but_each_day_in_order() -> None:
    days = [date(2026, 1, 5), date(2026, 1, 5), date(2026, 1, 6), date(2026, 1, 6)]
    rows = [(day, *row[1:]) for day, row in zip(days, ROWS, strict=True)]
    assert outcome(one(bank(rows=[*rows[2:], *rows[:2]]))) == {"balance chain": True}


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("debits printed negative", [("-30.50", None), (None, "9.00"), ("-1.25", None)]),
        ("debits printed positive", [("30.50", None), (None, "9.00"), ("1.25", None)]),
    ],
)
def test_the_sign_of_debits_does_not_matter(name: str, cells: list[tuple[str | None, str | None]]) -> None:
    balance, rows = Decimal(100), [(date(2026, 1, 1), "start", None, None, Decimal(100))]
    for out, into in cells:
        balance += Decimal(into or 0) - abs(Decimal(out or 0))
        rows.append((date(2026, 1, 2), name, out and Decimal(out), into and Decimal(into), balance))
    assert outcome(one(bank(rows=rows))) == {"balance chain": True}


def test_totals_that_stand_around_the_only_table_of_a_page() -> None:
    lines = [" ".join(str(c) for c in row if c is not None) for row in ROWS]
    text = "\n".join(["集友银行", "共5笔", " ".join(BANKS["hans"]), *lines, "总支出: 40.00", "总存入: 100.25"])
    table = applied([bank()], text, [], None).tables[0]
    assert outcome(table) == {"row count": False, "total 支出": True, "total 存入": True, "balance chain": True}
    two = applied([bank(), bank()], text, [], None).tables
    assert [outcome(table) for table in two] == [{"balance chain": True}] * 2


def test_amounts_with_a_sign_a_direction_or_neither() -> None:
    balances = [row[4] for row in ROWS]
    flows = [Decimal("100.00"), Decimal("-30.50"), Decimal("-9.50"), Decimal("0.25")]
    columns = [Column("日期", "date"), Column("金额", "amount"), Column("余额", "amount"), Column("收/支", "text")]
    days = [row[0] for row in ROWS]
    signed = Table("t", "", tuple(columns[:3]), list(zip(days, flows, balances, strict=True)))
    absolute = [abs(f) for f in flows]
    words = ["收入" if f > 0 else "支出" for f in flows]
    directed = Table("t", "", tuple(columns), list(zip(days, absolute, balances, words, strict=True)))
    unsigned = Table("t", "", tuple(columns[:3]), list(zip(days, absolute, balances, strict=True)))
    assert [outcome(one(t)) for t in (signed, directed, unsigned)] == [{"balance chain": True}] * 3


def test_a_card_whose_balance_is_what_is_owed() -> None:
    owed = [(*row[:4], 5000 - row[4]) for row in ROWS]
    (check,) = one(bank(rows=owed)).checks
    assert check.ok, check.detail
    assert "what is owed" in check.detail


def test_a_chain_that_holds_by_the_declared_columns_is_better_than_one_that_the_reader_guessed() -> None:
    guessed = bank().with_checks(Check("balance chain", False, "by other columns"), Check("row count", True, ""))
    assert outcome(one(guessed)) == {"balance chain": True, "row count": True}


def test_a_loan_whose_balance_follows_from_the_principal() -> None:
    text = (
        "Date,Amount,Principal,Interest,Principal Balance\n2026-01-01,-900.00,-900.00,0.00,900.00\n"
        "2026-02-01,110.00,100.00,10.00,800.00\n2026-03-01,110.00,102.00,8.00,698.00\n"
    )
    (table,) = read_evidence(text.encode(), name="loan.csv").tables
    assert outcome(table) == {"balance chain": True}


def test_words_for_a_direction_that_nobody_knows_are_no_direction() -> None:
    columns = (Column("日期", "date"), Column("金额", "amount"), Column("余额", "amount"), Column("借贷", "text"))
    rows = [(row[0], abs((row[2] or Decimal(0)) - (row[3] or Decimal(0))), row[4], "☆") for row in ROWS]
    assert outcome(one(Table("t", "", columns, rows))) == {"balance chain": True}


def test_sums_of_very_long_amounts_are_exact() -> None:
    huge = Decimal(10) ** 28
    rows = [(date(2026, 1, 5), "a", None, huge, huge), (date(2026, 1, 6), "b", None, Decimal("0.01"), huge)]
    assert outcome(one(bank(rows=rows))) == {"balance chain": False}


def test_balances_that_cannot_be_read_are_no_failure() -> None:
    table = bank(rows=[(*row[:4], "xx,yyy.zz") for row in ROWS])
    assert outcome(replace(one(table), checks=one(table).checks[-1:])) == {"balance chain": None}


def test_chains_hold_for_random_statements_and_break_for_any_changed_cell() -> None:
    dice = random.Random(6)
    for _ in range(50):
        balance, rows = Decimal(dice.randrange(10**6)) / 100, []
        for _ in range(dice.randrange(3, 12)):
            value, out = Decimal(dice.randrange(1, 10**7)) / 100, dice.random() < 0.5
            balance += -value if out else value
            rows.append((date(2026, 1, 1), "x", value if out else None, None if out else value, balance))
        order = dice.choice((1, -1))
        assert outcome(one(bank(rows=rows[::order]))) == {"balance chain": True}
        at = dice.randrange(1, len(rows) - 1)
        rows[at] = (*rows[at][:4], rows[at][4] + Decimal("0.01"))
        assert outcome(one(bank(rows=rows[::order]))) == {"balance chain": False}


def test_opening_and_closing_balances_are_part_of_the_chain() -> None:
    right = bank(preamble=("期初余额：1,000.00",), footer=("期末余额：1,060.25",))
    assert outcome(one(right)) == {"balance chain": True, "closing balance": True}
    wrong = bank(preamble=("Opening Balance: HKD 999.00",), footer=("Closing Balance 1,060.24",))
    assert outcome(one(wrong)) == {"balance chain": False, "closing balance": False}


# --- printed totals and counts


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("共26笔记录", 26), ("共：26笔记录", 26), ("共計26筆", 26), ("总笔数：26", 26), ("交易筆數: 1,026", 1026), ("合计 26 笔", 26),
        ("Number of transactions: 26", 26), ("共2页", None), ("# 收入合计: 2 笔，共 5.00 元", None), ("收入：1笔 28.50元", None), ("Total: 26.00", None),
    ],
)  # fmt: skip
def test_how_files_print_their_number_of_rows(line: str, count: int | None) -> None:
    assert printed([line]).count == count


@pytest.mark.parametrize(
    ("line", "group"),
    [
        ("支出：63笔 16.54元", ("支出", 63, "16.54")),
        ("支出：16笔(含4笔部分退款)，1648.43元", ("支出", 16, "1648.43")),
        ("中性交易：0笔 0.00元", ("中性交易", 0, "0.00")),
        ("不计收支：10笔，1,097.59元", ("不计收支", 10, "1097.59")),
        ("总支出: 1,234.50", ("支出", None, "1234.50")),
        ("支出：2笔 1 039.50元", ("支出", 2, "1039.50")),  # a line of a CSV whose comma parted it
        ("# 收入合计: 2 笔，共 5,000.27 元", ("收入", 2, "5000.27")),
        ("已支出:2笔,1039.50元", ("支出", 2, "1039.50")),
        ("Total withdrawals: HKD 1,234.50", ("withdrawals", None, "1234.50")),
        ("支出总额：¥1,234.50", ("支出", None, "1234.50")),
    ],
)
def test_how_files_print_their_totals(line: str, group: tuple[str, int | None, str]) -> None:
    assert printed([line]).groups == ((group[0], group[1], Decimal(group[2])),)


def test_lines_of_rubbish_are_read_without_an_error() -> None:
    dice = random.Random(7)
    pieces = [
        "共",
        "笔",
        "：",
        "收入",
        "支出",
        "合计",
        "9" * 5000,
        ",",
        ".",
        "1",
        "元",
        " ",
        "Total",
        "期初余额",
        "(",
        "税务局",
        "收据",
        "Amount",
        "-",
        "年",
    ]
    for _ in range(150):
        line = "".join(dice.choices(pieces, k=dice.randrange(1, 30)))
        says = printed([line])
        receipts(line, chosen=True)
        all_checks(bank(preamble=(line,)), {"date": 0, "debit": 2, "credit": 3, "balance": 4})
        assert says.count is None or says.count >= 0


def test_totals_of_a_statement_are_compared_with_its_columns() -> None:
    table = bank(footer=("总支出: 40.00", "总存入: 100.25"))
    assert outcome(one(table)) == {"total 支出": True, "total 存入": True, "balance chain": True}
    assert outcome(one(bank(footer=("合计 40.00 100.25",)))) == {
        "printed total 支出": True, "printed total 存入": True, "balance chain": True
    }  # fmt: skip
    assert outcome(one(bank(footer=("合计 40.00 100.26",))))["printed total 存入"] is False
    assert outcome(one(bank(footer=("合计 1 2 3 4",))))["printed total"] is None


def wallet(cells: Sequence[tuple[str, Any]], *preamble: str) -> Table:
    columns = (Column("交易时间", "datetime"), Column("金额", "text"), Column("收/支", "text"))
    moment = datetime(2026, 1, 1)  # noqa: DTZ001
    return Table("t", "", columns, [(moment, amount, way) for way, amount in cells], preamble=preamble)


def test_refunds_within_a_cell_are_left_off_the_total() -> None:
    table = wallet([("支出", "131.77(已退款89.84)"), ("支出", "10.20"), ("不计收支", "468.32(已全额退款)")], "共3笔", "支出：2笔，52.13元", "不计收支：1笔，0.00元")  # fmt: skip
    assert set(outcome(one(table)).values()) == {True}
    assert money("-3.90(CN)") == Decimal("-3.90")


def test_a_declared_row_that_is_not_there_fails() -> None:
    table = wallet(
        [("支出", "10.20"), ("收入", "5.00")],
        "共3笔记录",
        "收入：1笔 5.00元",
        "支出：2笔 20.20元",
        "不计收支：0笔 0.00元",
    )
    failed = {name for name, ok in outcome(one(table)).items() if not ok}
    assert failed == {"row count", "row count 支出", "total 支出"}


def test_types_are_as_declared_where_every_cell_can_hold_them() -> None:
    names = [f.names[0] for f in sites.LAYOUTS["alipay-bill"].fields]
    row = [datetime(2026, 1, 1), "c", "p", "/", "d", "支出", 5, "m", "s", 99999901, "T1", None]  # noqa: DTZ001
    types = ["datetime", "text", "text", "text", "text", "text", "integer", "text", "text", "integer", "text", "empty"]
    table = one(Table("t", "", tuple(Column(n, t) for n, t in zip(names, types, strict=True)), [tuple(row)]))  # type: ignore[arg-type]
    assert table.layout == "alipay-bill"
    assert table.rows[0][6] == Decimal(5)
    assert table.rows[0][9] == "99999901"
    assert table.warnings == (
        "column 交易订单号 was read as numbers but should be text; zeros before them may be lost",
    )


def test_a_table_of_something_else_is_left_alone() -> None:
    table = Table(
        "t", "", (Column("City", "text"), Column("Balance", "amount")), [("a", Decimal(1)), ("b", Decimal(5))]
    )
    assert applied([table], "", [], None).tables == (table,)
    assert all_checks(table, {}) == ()


# --- the tax receipt

RECEIPT = """香港特別行政區政府 稅務局 Inland Revenue Department
電子收據 e-Receipt
納稅人姓名 Name of Taxpayer: CHAN, TEST 測試
收款帳號 Shroff Account Number: 9-9999990-26-1
稅單號碼 Charge Number: 9-9999990-26-1-A
薪俸稅 Salaries Tax 2025/26
繳款金額 Amount Paid: HK$23,456.00
付款日期 Payment Date: 15 January 2026
"""


def test_a_receipt_is_read_as_one_row_with_the_tax_of_its_prefix() -> None:
    done = applied([], RECEIPT, [], None)
    (table,) = done.tables
    assert table.layout == "chrome-govhk-tax"
    assert list(table.rows) == [
        (
            "CHAN, TEST 測試",
            "9-9999990-26-1",
            "Salaries Tax",
            "9-9999990-26-1-A",
            Decimal("23456.00"),
            date(2026, 1, 15),
        )
    ]
    assert set(outcome(table).values()) == {True}


@pytest.mark.parametrize(
    "text",
    [
        "Inland Revenue Department\ne-Receipt\nTaxpayer Name: TEST A\nShroff Account No.: 99999990261\nCharge No.: 9-9999999-26-1\nPayment Amount (HK$): 12,345.00\nDate of Payment: 05/01/2026\n",
        "稅務局\n電子收據\n納稅人姓名：TEST A\n收款帳目編號：99999990261\n課稅編號：9-9999999-26-1\n繳付金額：港幣12,345.00元\n繳付日期：2026年1月5日\n",
        "税务局 电子收据\n纳税人名称 TEST A\n收款账户号码 99999990261\n税单编号 9-9999999-26-1\n金额 HK$12,345.00\n缴款日期 05-01-2026\n",
        "INLAND REVENUE DEPARTMENT\nOFFICIAL RECEIPT\nName of Taxpayer 納稅人姓名\nTEST A\nShroff Account Number 收款帳號\n99999990261\nCharge Number 稅單號碼\n9-9999999-26-1\nAmount Paid 已繳款額\n$12,345.00\nPayment Date 繳款日期\n5 JAN 2026\n",
        "稅務局\n繳款收據\nName 姓名 : TEST A\nShroff Account Number 收款帳號 : 99999990261\nCharge Number 繳稅編號 : 9-9999999-26-1\nAmount 金額 : HKD 12,345.00\nTransaction Date 交易日期 : 2026-01-05\n",
        "Inland Revenue Department e-Receipt\nTaxpayer: TEST A   Shroff Account Number: 99999990261\nCharge Number: 9-9999999-26-1   Amount: $12,345.00   Payment Date: 05 Jan 2026\n",
    ],
)
def test_labels_of_a_receipt_as_forms_write_them(text: str) -> None:
    table = receipts(text)
    assert table is not None
    assert table.rows == [
        ("TEST A", "99999990261", "Salaries Tax", "9-9999999-26-1", Decimal("12345.00"), date(2026, 1, 5))
    ]


def test_a_statement_with_a_tax_payment_is_no_receipt() -> None:
    assert receipts("账户明细\n交易日期 2026-01-05 税务局 电子收据\n金额 1,234.00\n") is None


@pytest.mark.parametrize(
    "day", ["15/01/2026", "2026-01-15", "2026年1月15日", "15-Jan-2026", "15 Jan 2026", "15.1.2026"]
)
def test_dates_of_a_receipt(day: str) -> None:
    table = receipts(RECEIPT.replace("15 January 2026", day))
    assert table is not None
    assert table.rows[0][5] == date(2026, 1, 15)


def test_values_below_their_labels_and_labels_in_one_language() -> None:
    chinese = "税务局 收据\n纳税人姓名\n测试 甲\n收款账号\n79999990261\n缴款金额\n1,234.00\n付款日期\n2026年1月15日\n征收号码\n7-9999990-26-1\n"
    table = receipts(chinese)
    assert table is not None
    assert table.rows[0][:2] == ("测试 甲", "79999990261")
    assert table.rows[0][2:] == (
        "Property Tax (solely owned property)",
        "7-9999990-26-1",
        Decimal("1234.00"),
        date(2026, 1, 15),
    )


def test_a_receipt_in_another_form_says_what_was_not_found() -> None:
    table = receipts(
        RECEIPT.replace("付款日期 Payment Date", "Settled on").replace("9-9999990-26-1\n", "1-9999990-26-1\n")
    )
    assert table is not None
    assert outcome(table) == {"labels": False, "shroff account number": True, "tax type": False}
    assert table.checks[0].detail == "not found: payment date (has the form changed?)"
    assert table.warnings == ("which tax a shroff account number with prefix 1 is for is not known",)
    assert receipts("a letter of the Inland Revenue Department about receipts") is None


def test_two_receipts_in_one_text_are_two_rows() -> None:
    second = RECEIPT.replace("9-9999990-26-1", "6-9999991-26-2").replace(
        "薪俸稅 Salaries Tax", "個人入息課稅 Personal Assessment"
    )
    table = receipts(RECEIPT + "\n\f\n" + second)
    assert table is not None
    assert [row[1:3] for row in table.rows] == [
        ("9-9999990-26-1", "Salaries Tax"),
        ("6-9999991-26-2", "Personal Assessment"),
    ]
    assert set(outcome(table).values()) == {True}


# --- files that nobody here wrote

CORPUS = Path(__file__).parents[2] / "shared" / "corpus"
FACTS = {
    "csv/alipay_gb18030.csv": ("alipay-bill", {"row count": False, "row count 收入": True, "row count 支出": False, "row count 不计收支": False}),
    "csv/wechat_utf8.csv": ("wechat-bill", {"row count": False, "row count 收入": False, "row count 支出": False, "row count 中性交易": False}),
    "csv/jd_utf8bom.csv": (None, {"row count": True, "row count 支出": True, "total 支出": True, "row count 不计收支": True}),
    "csv/icbc_debit_v2.csv": ("bank-statement", {"printed total 记账金额(收入)": False, "printed total 记账金额(支出)": False, "balance chain": None}),
    "csv/hsbchk_debit.csv": ("bank-statement", {"balance chain HKD": False, "balance chain CNY": None}),
    "csv/cmb_credit.csv": (None, {}),
    "xls/ccb_biff8.xls": ("bank-statement", {"balance chain": False}),
    "xls/wechat.xlsx": ("wechat-bill", {"row count": False}),
}  # fmt: skip


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not here")
@pytest.mark.parametrize("name", FACTS)
def test_what_public_files_print_against_what_they_hold(name: str) -> None:
    table = read_evidence(CORPUS / name).tables[0]
    layout, facts = FACTS[name]
    assert table.layout == layout
    assert {key: ok for key, ok in outcome(table).items() if key in facts} == facts
    said = {check.name: check.detail for check in table.checks}
    assert len(said) == len(table.checks)
    if "ccb" in name:
        assert said["balance chain"] == "breaks once before row 10: 46.00 missing (oldest first, 5 balances)"
        assert Decimal("515.02") in table.rows[10 - table.numbers[0]]
    if "jd" in name:
        assert said["total 支出"] == "1648.43 printed, 2277.70 read, 1648.43 net of refunds"
    if "hsbc" in name:  # as printed: 8,211.33 + 12,500.00 is not 4,288.67
        assert said["balance chain HKD"].startswith("breaks once before row 7: 16422.66 missing (newest first")


SAMPLES = Path(__file__).parents[1] / "sample_data" / "evidence"


@pytest.mark.parametrize(
    ("name", "layout", "rows"),
    [
        ("chiyu-zh-hans.zip", "chrome-chiyubank-jyj", 24), ("chiyu-zh-hant.zip", "chrome-chiyubank-jyj", 24),
        ("chiyu-en.zip", "chrome-chiyubank-jyj", 24), ("govhk-tax-receipt.zip", "chrome-govhk-tax", 1),
        ("alipay.csv", "alipay-bill", 5), ("alipay-zipcrypto.zip", "alipay-bill", 5), ("alipay-aes.zip", "alipay-bill", 5),
        ("wechat.xlsx", "wechat-bill", 4), ("bank.xls", "bank-statement", 40), ("bank.xlsx", "bank-statement", 40),
        ("bank.pdf", "bank-statement", 40), ("bank-is-html.xls", "bank-statement", 40), ("bank-is-tsv.xls", "bank-statement", 40),
        ("bank-hong-kong.pdf", "bank-statement", 19), ("bank.xml", "bank-statement", 12), ("locked-bank.xlsx", "bank-statement", 40),
        ("nested.zip", "bank-statement", 40), ("parse-result.json", "vendor-parse-result", 8),
    ],
)  # fmt: skip
def test_every_sample_is_read_and_every_check_holds(name: str, layout: str, rows: int) -> None:
    evidence = read_evidence(SAMPLES / name, id_no="A9999990" if "govhk" in name else "999999199001019990")
    table = evidence.tables[-1]
    assert (table.layout, len(table.rows)) == (layout, rows)
    assert table.checks
    assert {check.ok for check in evidence.checks} == {True}


def maker(name: str) -> ModuleType:
    """A script of tests/evidence, by its name."""
    place = Path(__file__).parent / "evidence" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_samples_are_small_and_the_same_each_time() -> None:
    made = maker("make_samples").samples()
    assert sum(map(len, made.values())) < 1_500_000
    assert [name for name in made if (SAMPLES / name).read_bytes() != made[name]] == []
    assert set(made) == {p.name for p in SAMPLES.iterdir() if not p.name.startswith(".")} - {"README.md"}
    told = (SAMPLES / "README.md").read_text("utf-8")
    assert [name for name in made if name not in told] == []
