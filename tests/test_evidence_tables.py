# ruff: noqa: DTZ001
"""Grids become tables: amounts and dates as people print them, headers, footers, totals, and the files of others."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from table_samples import D, budget, column, read, tables, types

from idvtools.errors import EvidenceError
from idvtools.evidence.limits import Budget, Limits
from idvtools.evidence.model import Cell, Grid
from idvtools.evidence.tables.amounts import parse_amount
from idvtools.evidence.tables.columns import decide
from idvtools.evidence.tables.grids import to_tables
from idvtools.evidence.tables.headers import unique
from idvtools.evidence.text.delimited import read_delimited


@pytest.mark.parametrize(
    ("printed", "value"),
    [
        ("1,234.56", "1234.56"),
        ("1'234.56", "1234.56"),
        ("1 234.56", "1234.56"),
        ("１，２３４．５６", "1234.56"),
        ("12,34,567.00", "1234567.00"),
        ("0.10", "0.10"),
        (".50", ".50"),
        ("(1,234.56)", "-1234.56"),
        ("（５００）", "-500"),
        ("(HK$12.00)", "-12.00"),
        ("-12.30", "-12.30"),
        ("12.30-", "-12.30"),
        ("−12.30", "-12.30"),
        ("△1,000", "-1000"),
        ("▲1,000", "-1000"),
        ("¥28.16", "28.16"),
        ("￥-28.16", "-28.16"),
        ("-NT$130", "-130"),
        ("NT$1000", "1000"),
        ("HKD 1,000.00", "1000.00"),
        ("1,000.00 HKD", "1000.00"),
        ("RMB5", "5"),
        ("5.00元", "5.00"),
        ("59,260円", "59260"),
        ("€5", "5"),
        ("35.00 DR", "-35.00"),
        ("35.00CR", "35.00"),
        ("借35.00", "-35.00"),
        ("35.00贷", "35.00"),
        ("131.77(已退款89.84)", "131.77"),
        ("-3.90(CN)", "-3.90"),
    ],
)
def test_amounts_as_banks_print_them(printed: str, value: str) -> None:
    found = parse_amount(printed)
    assert found is not None
    assert str(found.value) == str(D(value))


@pytest.mark.parametrize(
    "text", ["2026-10-01", "12.5%", "1,23", "1.2.3", "12-34", "xx,yyyy.zz", "1E5", "--5", "(5", "HK$", "3 4"]
)
def test_what_is_no_amount(text: str) -> None:
    assert parse_amount(text) is None


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1.234,50", "2,00"], ["1234.50", "2.00"]),
        (["1,234", "2,00"], None),
        (["1,234.00", "2,000"], ["1234.00", "2000"]),
        (["1,234.50", "/", "--", "N/A", ".."], ["1234.50", None, None, None, None]),
    ],
)
def test_the_decimal_mark_is_decided_for_the_column(cells: list[Cell], values: list[str | None] | None) -> None:
    decision = decide("amount", cells, ())
    if values is None:
        values = ["1.234", "2.00"]
    assert decision.cells == [None if v is None else D(v) for v in values]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["2026-10-01", "2026-10-31"], date(2026, 10, 1)),
        (["2026/10/1", "2026/9/30"], date(2026, 10, 1)),
        (["2026.10.01"], date(2026, 10, 1)),
        (["20261001", "20261002"], date(2026, 10, 1)),
        (["2026年10月1日"], date(2026, 10, 1)),
        (["01/10/2026", "24/10/2026"], date(2026, 10, 1)),
        (["10/01/2026", "10/24/2026"], date(2026, 10, 1)),
        (["01-Oct-2026"], date(2026, 10, 1)),
        (["1 October 2026"], date(2026, 10, 1)),
        (["Oct 1, 2026"], date(2026, 10, 1)),
        (["01/10/26", "31/10/26"], date(2026, 10, 1)),
        (["令和8年10月1日"], date(2026, 10, 1)),
        (["民國115年10月1日"], date(2026, 10, 1)),
        (["2026-10-01 12:30:05"], datetime(2026, 10, 1, 12, 30, 5)),
        (["2026-10-01 16：33：45"], datetime(2026, 10, 1, 16, 33, 45)),
        (["20261001123005", "20261001123006"], datetime(2026, 10, 1, 12, 30, 5)),
        (["01/10/2026 1:05 PM", "24/10/2026 2:05 AM"], datetime(2026, 10, 1, 13, 5)),
    ],
)
def test_dates_as_people_print_them(cells: list[Cell], expected: date) -> None:
    assert decide("日期", cells, ()).cells[0] == expected


def test_a_time_with_a_zone_keeps_it() -> None:
    assert decide("time", ["2026-10-01T00:00:00+08:00"], ()).cells[0].isoformat() == "2026-10-01T00:00:00+08:00"


def test_an_order_of_day_and_month_that_is_not_certain_is_said() -> None:
    decision = decide("Date", ["01/10/2026", "02/03/2026"], ())
    assert decision.cells[0] == date(2026, 10, 1)
    assert "not certain" in decision.warnings[0]


@pytest.mark.parametrize(
    ("cells", "kind", "word"),
    [
        (["12/29", "01/02", "01/03"], "text", "without a year"),
        ([*["05/15/2015"] * 9, "02/30/2015"], "text", "row 10"),
        ([*["05/15/2015"] * 9, "05/15/5016"], "date", "row 10"),
        (["13/10/2026", "10/13/2026"], "text", "no one order"),
        ([*["1.00"] * 9, "xx"], "text", "row 10"),
        (["1.50", "2,50", "3.50", "4.50", "5.50"], "text", "commas and points"),
    ],
)
def test_what_does_not_fit_is_named_not_guessed(cells: list[Cell], kind: str, word: str) -> None:
    decision = decide("x", cells, ())
    assert decision.type == kind
    assert any(word in w for w in decision.warnings), decision.warnings


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("卡号", ["6222021234567890", "1"]),
        ("末四位卡号", ["1234", "5678"]),
        ("Account No.", ["12", "13"]),
        ("postcode", ["1000"]),
        ("x", ["007", "12"]),
        ("x", ["12345678901234567", "1"]),
        ("x", ["799999", "204001"]),
    ],
)
def test_ids_and_account_numbers_stay_text(name: str, cells: list[Cell]) -> None:
    decision = decide(name, cells, ())
    assert (decision.type, decision.cells) == ("text", cells)


def test_what_a_spreadsheet_typed_keeps_its_type() -> None:
    assert decide("金额", [28.16, 100.1, 12], ()).cells == [D("28.16"), D("100.1"), D(12)]
    assert decide("count", [3.0, 4], ()).cells == [3, 4]
    assert decide("卡号", [6222.0, 1], ()).cells == ["6222", "1"]
    lost = decide("单号", [4.200000069201711e27], ())
    assert (lost.type, "lost digits" in lost.warnings[0]) == ("text", True)


@given(st.lists(st.decimals(min_value=-(10**9), max_value=10**9, places=2), min_size=1, max_size=20))
@settings(max_examples=60, deadline=None)
def test_amounts_printed_with_thousands_come_back_exactly(values: list[Decimal]) -> None:
    assert decide("amount", [f"{v:,.2f}" for v in values], ()).cells == values


@given(
    st.lists(st.dates(date(1990, 1, 1), date(2050, 1, 1)), min_size=1, max_size=20),
    st.sampled_from(["%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%d-%b-%Y"]),
)
@settings(max_examples=60, deadline=None)
def test_dates_come_back_as_printed(days: list[date], form: str) -> None:
    assert decide("date", [d.strftime(form) for d in days], ()).cells == days


def test_preamble_and_footer_are_split_off_and_kept() -> None:
    table = read(
        "账单\n户名：某某\n\n日期,摘要,金额\n2026-10-01,工资,1.50\n2026-10-02,房租,2.00\n\n合计,,3.50\n以上数据仅供参考\n"
    )
    assert table.preamble == ("账单", "户名：某某")
    assert table.footer == ("合计 3.50", "以上数据仅供参考")
    assert (table.header_row, table.numbers, len(table.rows)) == (4, (5, 6), 2)
    assert [(c.name, c.ok) for c in table.checks] == [("printed total 金额", True)]


def test_a_printed_total_that_differs_fails_its_check() -> None:
    table = read("Date,Text,Amount\n2026-10-01,a,1.50\n2026-10-02,b,2.00\nTotal,,4.50\n")
    assert [c.ok for c in table.checks] == [False]


def test_names_are_made_unique_and_extra_fields_get_one() -> None:
    table = read("日期,金额,金额,\n2026-10-01,1.50,2.50,,x\n2026-10-02,3.50,4.50,,y\n")
    assert [c.name for c in table.columns] == ["日期", "金额", "金额_2", "column_4", "column_5"]
    assert any("more fields" in w for w in table.warnings)


def test_a_header_of_two_lines_with_merged_cells() -> None:
    (table,) = tables(
        ("日期", "本期", None, "余额"),
        (None, "借方", "贷方", None),
        ("2026-10-01", 1.5, None, 10.0),
        ("2026-10-02", None, 2.5, 12.5),
    )
    assert [c.name for c in table.columns] == ["日期", "本期 借方", "本期 贷方", "余额"]
    assert len(table.rows) == 2


def test_a_header_repeated_on_each_page_is_left_out_and_counted() -> None:
    head, row = ("日期", "金额"), ("2026-10-01", "1.00")
    (table,) = tables(head, row, row, head, row, row)
    assert len(table.rows) == 4
    assert any("1 repeated header" in w for w in table.warnings)


def test_several_tables_in_one_sheet() -> None:
    one, two = tables(
        ("日期", "金额"), ("2026-10-01", "1.00"), ("2026-10-02", "2.00"),
        (None, None), ("卡片", None), ("姓名", "张数", "额度"), ("甲", "1", "5.00"), ("乙", "2", "6.00"),
    )  # fmt: skip
    assert [len(one.rows), len(two.rows)] == [2, 2]
    assert two.preamble == ("卡片",)
    assert [c.name for c in two.columns] == ["姓名", "张数", "额度"]


def test_titles_between_rows_become_a_column() -> None:
    (table,) = tables(
        ("日期", "摘要", "金额"), ("储蓄卡", None, None), ("2026-10-01", "a", "1.00"), ("2026-10-02", "b", "1.00"),
        ("信用卡", None, None), ("2026-10-03", "c", "2.00"), ("2026-10-04", "d", "2.00"),
    )  # fmt: skip
    assert column(table, "section") == ["储蓄卡", "储蓄卡", "信用卡", "信用卡"]


def test_a_table_without_a_header_gets_numbered_columns() -> None:
    table = read("2026-10-01,工资,1.50\n2026-10-02,房租,2.00\n2026-10-03,水费,3.00\n")
    assert [c.name for c in table.columns] == ["column_1", "column_2", "column_3"]
    assert (len(table.rows), table.header_row) == (3, None)


def test_a_refund_in_brackets_is_kept_in_a_column_of_its_own() -> None:
    table = read("时间,金额\n2026-10-01,131.77(已退款89.84)\n2026-10-02,5.00(已全额退款)\n2026-10-03,1.00\n")
    assert column(table, "金额") == [D("131.77"), D("5.00"), D("1.00")]
    assert column(table, "金额_refund") == [D("89.84"), D("5.00"), None]


@pytest.mark.parametrize("newest_first", [False, True])
def test_balances_that_chain_and_the_place_where_they_do_not(newest_first: bool) -> None:
    lines = [
        "2026-10-01,100.00,,100.00",
        "2026-10-02,,30.00,70.00",
        "2026-10-03,,20.00,50.00",
        "2026-10-04,5.00,,55.00",
    ]
    head = "Date,Credit,Debit,Balance\n"
    good = read(head + "\n".join(lines[::-1] if newest_first else lines) + "\n")
    assert [(c.name, c.ok) for c in good.checks] == [("balance chain", True)]
    del lines[2]
    bad = read(head + "\n".join(lines[::-1] if newest_first else lines) + "\n")
    (check,) = bad.checks
    assert check.ok is False
    assert "once" in check.detail
    assert "20.00" in check.detail


@given(st.permutations(range(4)))
@settings(max_examples=24, deadline=None)
def test_the_order_of_rows_does_not_change_a_type(order: list[int]) -> None:
    lines = ["2026-10-01,1.00,7,a", "2026-10-02,/,8,b", "2026-10-03,3.00,9,c", "2026-10-04,(4.00),10,d"]
    table = read("日期,金额,数量,备注\n" + "\n".join(lines[i] for i in order) + "\n")
    assert list(types(table).values()) == ["date", "amount", "integer", "text"]


# Bugs that were found once.


def test_a_column_of_many_texts_is_given_up_when_the_time_is_over() -> None:
    left = iter(range(3))
    with pytest.raises(StopIteration):
        decide("x", [f"{i}.5" for i in range(40_000)], (), lambda: next(left) and None)


def test_names_of_many_columns_take_no_time() -> None:
    assert len(set(unique(["a"] * 16_000))) == 16_000


def test_a_row_of_more_cells_than_a_sheet_has_is_no_table() -> None:
    found = read_delimited(b"a,b\n" + (b"1," * 20_000 + b"\n") * 3, "a.csv", budget())
    assert not found.grids
    assert found.text.startswith("a,b")
    assert "no table" in found.warnings[0]
    with pytest.raises(EvidenceError, match="no table"):
        to_tables(Grid("", "", [("a",) * 20_000]), budget())


def test_cells_are_counted() -> None:
    with pytest.raises(EvidenceError, match="cells"):
        read_delimited(b"a,b,c\n" * 100, "a.csv", Budget(Limits(cells=200)))


def test_an_amount_keeps_all_digits_and_no_zero_is_negative() -> None:
    assert str(parse_amount("-0.00").value) == "0.00"  # type: ignore[union-attr]
    long = "-" + "1234567890" * 4 + ".12"
    assert format(parse_amount(long).value, "f") == long  # type: ignore[union-attr]
    assert parse_amount("1," * 5_000) is None


def test_several_currencies_in_a_column_are_kept() -> None:
    table = read("日期,金额\n2026-10-01,CNY 1.50\n2026-10-02,US$2.00\n2026-10-03,3.00\n")
    assert column(table, "金额") == [D("1.50"), D("2.00"), D("3.00")]
    assert column(table, "金额_currency") == ["CNY", "USD", None]
    one = read("日期,金额\n2026-10-01,CNY 1.50\n2026-10-02,CNY 2.00\n")
    assert types(one) == {"日期": "date", "金额": "amount"}
    assert any("are in CNY" in warning for warning in one.warnings)


def test_ids_in_single_quotes_and_the_yen_sign_of_a_code_page() -> None:
    table = read("卡号,残高\n'0012','a b'\n'0013',\\1\n")
    assert column(table, "卡号") == ["0012", "0013"]
    table = read('日付,残高\n2026/10/1,"\\10,612"\n2026/10/2,\\780\n'.encode("cp932"))
    assert column(table, "残高") == [D(10_612), D(780)]


def test_days_of_one_month_are_likelier_than_one_day_of_many() -> None:
    lines = ["05/01/2026,a,1.00", "05/01/2026,b,2.00", "05/02/2026,c,3.00", "05/03/2026,d,4.00"]
    assert str(read("\n".join(["Date,Text,Amount", *lines])).rows[3][0]) == "2026-05-03"


def test_labels_with_their_values_before_a_table_are_no_header() -> None:
    text = "会員番号,****-1234\n対象カード,カード\nお支払日,2026年10月07日\n\n日付,箇所,金額,区分\n"
    table = read(text + '2026/10/01,店,"3,000",回\n2026/10/02,店,5,回\n')
    assert (table.header_row, len(table.rows), len(table.preamble)) == (5, 2, 3)


def test_years_name_columns() -> None:
    table = read("Emissions,,\n,,\nYear,2000,2001\nTimber,2,3\nIron,5,7\nTotal,7,10\n,,\nSource: Office.,,\n")
    assert [c.name for c in table.columns] == ["Year", "2000", "2001"]
    assert [(c.name, c.ok) for c in table.checks] == [("printed total 2000", True), ("printed total 2001", True)]


def test_a_header_over_columns_that_are_mostly_empty() -> None:
    names = [f"F{i}_NAME" for i in range(30)]
    rows = [",".join(("IL", str(i), *[""] * 27, "x")) for i in range(5)]
    assert read("\n".join([",".join(names), *rows])).header_row == 1


def test_rows_of_one_value_at_the_end_are_data_where_such_rows_are_usual() -> None:
    table = read("LP,Name,Titel\nA1,MPG,300\n,,310\nA2,DFG,301\nA3,FhG,302\n,,311\n")
    assert (len(table.rows), table.footer) == (5, ())


# Files that nobody here wrote: each fact of the manifest.


def test_dashes_asterisks_months_and_impossible_dates() -> None:
    text = (
        '日付,お預り金額,残高,税款所属期,付款日\n2026-01-01,–,"*1,000,000",2024.01,2026-02-28\n'
        '2026-01-02,*500,"*1,000,500",2024.02,2026-02-30\n2026-01-03,−,"*1,000,500",2024.03,2026-02-31\n'
    )
    table = read(text)
    assert [c.type for c in table.columns] == ["date", "amount", "amount", "text", "text"]
    assert column(table, "お預り金額") == [None, D(500), None]
    assert "column 付款日: 2 of 3 cells are no possible date (rows 3, 4): kept as text" in table.warnings
    assert decide("尾号", ["*1234", "*5678"], [1, 2]).type == "text"


def test_years_over_two_columns_each_are_a_header_and_equal_rows_have_none() -> None:
    years = ("Rank", "Country", "1990", "1990", "2010", "2010")
    (table,) = tables(
        years, (1, "Norway", 9, None, 3, None), (2, "Chile", 8, None, 4, None), (3, "Peru", 7, None, 5, None)
    )
    assert [c.name for c in table.columns] == ["Rank", "Country", "1990", "1990_2", "2010", "2010_2"]
    found = tables(("A", "B"), *[(None, "x")] * 9, *[("b", "P")] * 9)
    assert sum(len(t.rows) for t in found) != 0 or not found


def test_a_first_row_that_is_fuller_than_the_others_is_data() -> None:
    table = read('Energia,5.253,"17.233,37"\nContrib.,,"861,60"\nLiminar,,"-757,15"\nBandeira,,"-77,88"\n')
    assert (len(table.rows), table.preamble) == (4, ())


def test_a_last_row_that_was_cut_off_is_data_and_a_page_number_is_not() -> None:
    text = "Date,Text,Amount\n2026-01-01,a,1.00\n2026-01-02,b,2.00\n"
    assert [len(read(text + last).rows) for last in ("2026-01-03\n", "2026-01-03,,\n", "3,,\n", "备注,,\n")] == [
        3,
        3,
        2,
        2,
    ]
    named = "Who,Text,Amount\nPeter Pan,a,1.00\nWendy Darling,b,2.00\nPrepared by somebody\n"
    assert read(named).footer == ("Prepared by somebody",)


def test_a_second_line_of_a_header_may_name_by_numbers() -> None:
    head = [("YEAR", "TOTAL", "CHAP.", "CHAP."), ("MONTH", "FILINGS", 7, 11)]
    (table,) = tables(*head, *[(f"20050{n}", 100 + n, 90 + n, 10) for n in range(1, 6)])
    assert ([c.name for c in table.columns][1:], len(table.rows)) == (["TOTAL FILINGS", "CHAP. 7", "CHAP. 11"], 5)
