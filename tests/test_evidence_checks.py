"""Checks of a table against itself: balances that chain, and what a file prints against what it holds."""

# ruff: noqa: E501

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from site_tables import BANKS, ROWS, applied, bank, one, outcome

from idvtools.evidence import sites
from idvtools.evidence.model import Check, Column, Table
from idvtools.evidence.reading import read_evidence
from idvtools.evidence.sites.chrome_govhk_tax import receipts
from idvtools.evidence.tables.checks import all_checks
from idvtools.evidence.tables.printed import money, printed


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
    (table,) = read_evidence(text.encode(), name="loan.csv").parsed
    assert outcome(table) == {"balance chain": True}


def test_two_equal_payments_newest_first_are_no_debt() -> None:
    rows = [(date(2026, 1, d), "a", Decimal(5), None, Decimal(b)) for d, b in ((2, 90), (1, 95))]
    assert one(bank(rows=rows)).checks[0].detail == "1 of 1 balances follow (newest first)"


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


def test_a_long_column_that_is_no_running_balance_is_given_up_by_its_first_rows() -> None:
    lines = "".join(f"2026-10-01,{i % 97}.50,{i * 7919 % 10_007}.00\n" for i in range(25_000))
    (check,) = read_evidence(f"date,amount,balance\n{lines}".encode(), name="long.csv").checks
    assert check.ok is None
    assert check.detail.startswith("only ")
    assert "of 999 balances in the first 1000 rows follow" in check.detail


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
    pages = outcome(one(bank(footer=("本页合计 30.50 100.00", "本页合计 9.50 0.25"))))
    assert pages == {"printed total 支出": None, "printed total 存入": None, "balance chain": True}
    whole = outcome(one(bank(footer=("本页合计 30.50 100.00", "本页合计 9.50 0.25", "总计 40.00 100.25"))))
    assert whole == {"printed total 支出": True, "printed total 存入": True, "balance chain": True}


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


@pytest.mark.parametrize(
    ("lines", "ok"),
    [
        ("a,1.50\nb,2.25\nTotal,3.75", True),
        ("a,1.50\nb,2.25\nTotal,3.76", False),
        ("Fruit,3.75\napple,1.50\npear,2.25\nOthers,4.00\nTotal,7.75", True),  # a row that is the sum of others
        ("a,0.10000000000001\nb,0.2\nTotal,0.300000000000009", True),  # what a spreadsheet computed
        ("a,1.50\nb,2.50\nTotal,2.00", None),  # a mean
    ],
)
def test_totals_below_a_column(lines: str, ok: bool | None) -> None:
    (table,) = read_evidence(f"Kind,Amount\n{lines}\n".encode(), name="sums.csv").parsed
    assert outcome(table) == {"printed total Amount": ok}


def test_shares_have_no_total() -> None:
    (table,) = read_evidence(b"Kind,Amount,Share %\na,1.50,40.00\nb,2.25,60.01\nTotal,3.75,100.00\n").parsed
    assert outcome(table) == {"printed total Amount": True}


def test_a_balance_that_hardly_ever_follows_is_no_running_balance() -> None:
    rows = [(date(2026, 1, d), "x", None, Decimal(10), Decimal(3000 + 7 * d * d)) for d in range(1, 6)]
    (check,) = one(bank(rows=rows)).checks
    assert (check.ok, check.detail.split(":")[0]) == (None, "only 0 of 4 balances follow from the one before")


def test_the_state_of_a_payment_tells_its_direction() -> None:
    text = "日期,金额（元）,资金状态\n2026-01-01,1.50,已支出\n2026-01-02,2.50,已支出\n2026-01-03,9.00,已收入\n\n已支出:2笔 4.00元\n"
    (table,) = read_evidence(text.encode(), name="old.csv").parsed
    assert outcome(table) == {"row count 支出": True, "total 支出": True}


def totals_of(text: str) -> dict[str, bool | None]:
    (table,) = read_evidence(text.encode(), name="bill.csv").parsed
    return outcome(table)


def test_lines_of_sums_below_a_bill_are_no_rows_of_it() -> None:
    bill = "Item,Qty,Unit price,Amount\nPaper,2,1.50,3.00\nInk,1,7.00,7.00\n"
    for line in (",,Grand Total,10.00", "Total TTC,,,10.00", ",,Untaxed Amount,10.00\n,,VAT 19%,1.90\n,,Total,11.90"):
        (table,) = read_evidence((bill + line).encode(), name="bill.csv").parsed
        assert len(table.rows) == 2, line
        assert len(table.footer) == len(line.split("\n"))
    (table,) = read_evidence((bill + "Total Care,1,2.00,2.00").encode(), name="bill.csv").parsed
    assert len(table.rows) == 3, "what is sold may be called so"


def test_totals_of_sections_of_amounts_with_tax_and_of_shares() -> None:
    head = "Item,Code,Amount\n"
    body = "A,x1,1.00\nB,x2,2.50\n{}C,x3,4.00\nD,x4,5.00\n{}Total,,12.50\n"
    assert totals_of(head + body.format("Total,,3.50\n", "Total,,9.00\n")) == {"printed total Amount": True}
    assert totals_of(head + body.format("Subtotal,,3.50\n", "Subtotal,,9.00\n")) == {"printed total Amount": True}
    assert totals_of(head + body.format("All of one,x,3.50\n", "All of two,x,9.00\n")) == {"printed total Amount": True}
    assert totals_of(head + body.format("", "").replace("12.50", "12.60")) == {"printed total Amount": False}
    assert totals_of("名称,金额,税额\n纸,100.00,6.00\n墨,50.00,3.00\n价税合计,159.00,\n") == {
        "printed total 金额": None
    }
    assert totals_of("Month,Part\nMay,0.25\nJune,0.75\nJuly,0.40\nTotal,0.47\n") == {"printed total Part": None}


def test_a_bill_that_adds_up_only_what_was_paid_back() -> None:
    text = (
        "不计收支：3笔 7.50元\n\n日期,金额,状态,收/支\n2026-01-01,35.61,待付,不计收支\n2026-01-02,7.00,已退,不计收支\n"
        "2026-01-03,0.50,已退,不计收支\n2026-01-04,9.00,成功,支出\n"
    )
    (check, total) = read_evidence(text.encode(), name="bill.csv").parsed[0].checks
    assert (check.ok, total.ok, total.detail.split(": ")[1]) == (True, True, "those of one 状态")
    assert not all(c.ok for c in read_evidence(text.replace("7.50", "7.40").encode(), name="bill.csv").parsed[0].checks)


def test_a_total_of_cells_that_are_no_amounts_cannot_be_checked() -> None:
    columns = (Column("Item", "text"), Column("Amount", "text"))
    table = Table("t", "", columns, [("a", "Rs 5 or so"), ("b", "Rs 6 or so")], footer=("Total 11.00",))
    (check,) = all_checks(table, {"amount": 1})
    assert (check.ok, check.detail) == (None, "11.00 printed, 0 read, 2 cells are no amounts")
