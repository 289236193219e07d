"""Known layouts: which table is one, and what differs where one nearly is."""

# ruff: noqa: E501
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from site_tables import BANKS, ROWS, applied, bank, one, outcome

from idvtools.errors import EvidenceError
from idvtools.evidence import sites
from idvtools.evidence.limits import Budget, Limits
from idvtools.evidence.model import Check, Column, Member, Table
from idvtools.evidence.sites.chrome_govhk_tax import receipts
from idvtools.evidence.sites.declaring import Field, Layout
from idvtools.evidence.tables.checks import all_checks


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


def test_ids_that_were_read_as_amounts_keep_their_digits() -> None:
    columns = tuple(Column(f.names[0], f.type) for f in sites.LAYOUTS["wechat-bill"].fields)  # type: ignore[union-attr]
    odd = tuple(Column(c.name, "amount") if c.name == "商户单号" else c for c in columns)
    rows = [tuple(Decimal(d) if c.name == "商户单号" else None for c in odd) for d in ("1.0", "1.00", "1")]
    table = one(Table("t", "", odd, rows))
    assert [row[9] for row in table.rows] == ["1.0", "1.00", "1"]


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
