"""Checks that need no known layout: printed counts and totals against the rows, and balances that must chain."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal, localcontext

from idvtools.evidence.model import Check, Table
from idvtools.evidence.tables.chains import Roles, balance_chain
from idvtools.evidence.tables.checks import group_totals, row_count
from idvtools.evidence.tables.footers import is_total
from idvtools.evidence.tables.headers import Row, filled
from idvtools.evidence.tables.printed import Printed, money, printed, way

_IN = re.compile(
    r"收入|存入|贷方|貸方|預かり|預入|預け入|入金|^存款$"
    r"|(?<![a-z])(?:credit|deposits?|paid in|money in)(?![a-z])",
    re.IGNORECASE,
)
_OUT = re.compile(
    r"支出|支取|借方|取出|提取|支払|引出|引き出|払出|出金|^提款$"
    r"|(?<![a-z])(?:debit|withdrawals?|paid out|money out)(?![a-z])",
    re.IGNORECASE,
)
_BALANCE = re.compile(r"余额|餘額|结余|結餘|残高|(?<![a-z])balance(?![a-z])", re.IGNORECASE)
_AMOUNT = re.compile(r"金额|金額|发生额|發生額|(?<![a-z])(?:amount|amt)(?![a-z])", re.IGNORECASE)
_SHARE = re.compile(r"[%％]|百分比|比例|比率|占比|(?<![a-z])(?:percent|rate|ratio|average)", re.IGNORECASE)
_CURRENCY = re.compile(r"币种|幣種|货币|貨幣|通貨|(?<![a-z])(?:currency|ccy)(?![a-z])", re.IGNORECASE)

#: More lines of totals are not looked at one by one.
_LINES = 100
#: Lines of a part of the rows; lines that add what stands in another column.
_PART = re.compile(r"小计|小計|sub[- ]?total|page total|running total|本页|本頁|carried|brought", re.IGNORECASE)
_WITH_TAX = re.compile(r"价税|價稅|含税|含稅|税込|(?<![a-z])(?:ttc|incl|gross)", re.IGNORECASE)
#: Different words that a column of directions may have; digits to which sums are exact.
_WORDS, _DIGITS = 40, 200
#: Cells of a table in which rows are looked for that are sums of others; digits by which a figure was computed as a
#: float, and how far that may be off.
_SHORT, _MANY, _NOISE = 5_000, 12, Decimal("1e-11")


def self_checks(table: Table, footer: Sequence[Row], above: Sequence[int] = ()) -> list[Check]:
    """Every check that a table's own columns and the lines around it allow; `above`: rows before each of the footer."""
    says = printed((*table.preamble, *table.footer))
    roles = find_roles(table)
    checks = list(row_count(table, says))
    with localcontext(prec=_DIGITS):
        checks += group_totals(table, roles, says)
    checks += _column_totals(table, footer, above or [len(table.rows)] * len(footer))
    checks += _chains(table, roles, says)
    return checks


def _chains(table: Table, roles: Roles, says: Printed) -> tuple[Check, ...]:
    """Balances that chain; of several columns of amounts, the one that explains them best."""
    tried = [balance_chain(table, roles, says)]
    if roles.debit is None and roles.credit is None:
        others = [
            i for i, c in enumerate(table.columns) if c.type == "amount" and i not in (roles.amount, roles.balance)
        ]
        # a loan's balance follows from what is paid back of it, not from the whole amount: at last any column is tried
        for i in sorted(others, key=lambda i: _AMOUNT.search(table.columns[i].name) is None):
            named = _AMOUNT.search(table.columns[i].name) is not None
            if named or min(_broken(checks) for checks in tried):
                tried.append(balance_chain(table, replace(roles, amount=i), says))
    return min(tried, key=_broken)


def _broken(checks: Sequence[Check]) -> int:
    return sum(_breaks(check) for check in checks)


def _breaks(check: Check) -> int:
    if (few := re.search(r"^only (\d+) of (\d+) balances", check.detail)) is not None:
        return int(few[2]) - int(few[1])
    if check.ok is not False:
        return 0
    times = re.search(r"breaks (\d+) times", check.detail)
    return int(times[1]) if times else 1


def find_roles(table: Table) -> Roles:
    """Which columns mean what, by their names and types.

    Examples
    --------
    >>> from idvtools.evidence.model import Column
    >>> names = (("支出", "amount"), ("收入", "amount"), ("账户余额", "amount"), ("币种", "text"))
    >>> roles = find_roles(Table("", "", tuple(Column(*n) for n in names), ()))
    >>> roles.debit, roles.credit, roles.balance, roles.currency
    (0, 1, 2, 3)
    """
    figures = [
        i for i, c in enumerate(table.columns) if c.type in ("amount", "integer") and not c.name.endswith("_refund")
    ]
    names = [c.name.replace("_", " ") for c in table.columns]
    balance = _first([i for i in range(len(names)) if _BALANCE.search(names[i]) and not _CURRENCY.search(names[i])])
    money_out = _first([i for i in figures if _OUT.search(names[i]) and not _IN.search(names[i])])
    money_in = _first([i for i in figures if _IN.search(names[i]) and not _OUT.search(names[i])])
    amounts = [i for i in figures if _AMOUNT.search(names[i]) and i not in (balance, money_out, money_in)]
    days = [i for i, c in enumerate(table.columns) if c.type in ("date", "datetime")]
    return Roles(
        date=_first(days),
        amount=_first(amounts),
        debit=money_out,
        credit=money_in,
        balance=balance,
        direction=_direction(table),
        currency=_first([i for i in range(len(names)) if _CURRENCY.search(names[i])]),
    )


def _first(found: Sequence[int]) -> int | None:
    return found[0] if found else None


def _direction(table: Table) -> int | None:
    """The column that says which way the money goes: a word for it in (nearly) every row."""
    for i, column in enumerate(table.columns):
        if column.type != "text":
            continue
        counts = _counts(table, i)
        ways = {cell: way(cell) if cell else None for cell in counts}
        told = sum(n for cell, n in counts.items() if ways[cell] is not None)
        if told and told >= 0.95 * len(table.rows) and {"in", "out"} & set(ways.values()):
            return i
    return None


def _counts(table: Table, column: int) -> Mapping[str | None, int]:
    """How often each text stands in a column; empty where too many differ for words of direction."""
    large = getattr(table.rows, "counts", None)
    if large is not None:
        return large(column, _WORDS) or {}
    if len({row[column] for row in table.rows[: 50 * _WORDS]}) > _WORDS + 1:
        return {}
    return Counter(table.column(column))


def _sum(cells: Iterable[Decimal | int | None]) -> Decimal:
    with localcontext(prec=_DIGITS):
        return sum((Decimal(c) for c in cells if c is not None), Decimal(0))


def _column_totals(table: Table, footer: Sequence[Row], above: Sequence[int]) -> list[Check]:
    """Lines of totals whose figures stand in the columns that they sum."""
    checks = []
    totals = [(n, row) for n, row in zip(above, footer, strict=True) if is_total(row)]
    whole = [(n, row) for n, row in totals if _PART.search(_label(row)) is None]
    for i, column in enumerate(table.columns):
        if column.type not in ("amount", "integer") or _SHARE.search(column.name):  # shares and rates have no sum
            continue
        figures = [(n, money(row[i]), _label(row)) for n, row in whole if i < len(row)]
        printed_ones = [(n, figure, label) for n, figure, label in figures if figure is not None]
        if len(whole) == 1 and printed_ones:
            found = _compared(printed_ones[0][1], table.column(i), len(table.columns), printed_ones[0][0])
            if found[0] is False and _WITH_TAX.search(printed_ones[0][2]):
                found = None, f"{found[1]}: the line is of amounts with their tax"
            checks.append(Check(f"printed total {column.name}", *found))
        elif len(whole) > 1 and printed_ones and (said := _by_section(printed_ones, table.column(i))):
            checks.append(Check(f"printed total {column.name}", True, said))
    return checks


def _label(row: Row) -> str:
    return str(row[filled(row)[0]])


def _by_section(totals: Sequence[tuple[int, Decimal, str]], cells: Sequence[Decimal | int | None]) -> str | None:
    """What is said of several lines of totals where each sums the rows since the one before, or all above it."""
    start = 0
    if len(totals) > _LINES:
        return None
    for end, figure, _ in totals:
        if not any(_same(figure, _sum(cells[first:end])) for first in (start, 0)):
            return None  # of which rows a line is (of a page, of a month, carried forward), nobody knows
        start = end
    return f"{len(totals)} lines of totals, each the sum of rows above it"


def _compared(
    figure: Decimal, cells: Sequence[Decimal | int | None], columns: int, above: int
) -> tuple[bool | None, str]:
    """Whether the cells of a column come to the figure that is printed below them, and what is said of it."""
    total = _sum(cells)
    said = f"{figure:f} printed, {total:f} read"
    if _same(figure, total):
        return True, said
    if above < len(cells) and _same(figure, _sum(cells[:above])):
        return True, f"{figure:f} printed and read above it; {total:f} with the rows below"
    if len(cells) <= _SHORT // columns:
        for where, listed in (("below", cells), ("above", cells[::-1])):
            if _same(figure, _sum(_without_parts(listed))):
                return True, f"{figure:f} printed; {total:f} read, some rows of it are the sums of rows {where} them"
    count = sum(cell is not None for cell in cells)
    if count > 1 and abs(figure * count - total) <= abs(total) * _NOISE:
        return None, f"{said}: what is printed is their mean"
    known = [cell for cell in cells if cell is not None]
    if known and 0 <= min(known) < figure < max(known) <= 1:
        return None, f"{said}: these are shares, which have no sum"
    return False, said


def _same(figure: Decimal, total: Decimal) -> bool:
    """Whether two sums are one: a figure of many digits is a spreadsheet's, which keeps about 15 of them."""
    if abs(figure) == abs(total):
        return True
    return len(figure.as_tuple().digits) >= _MANY and abs(abs(figure) - abs(total)) <= abs(figure) * _NOISE


def _without_parts(cells: Sequence[Decimal | int | None]) -> list[Decimal | int]:
    """The cells without those that the one before them is the sum of.

    Examples
    --------
    >>> _without_parts([6, 1, 2, 3, 4])
    [6, 4]
    """
    kept: list[Decimal | int] = []
    values = [cell for cell in cells if cell is not None]
    if any(value < 0 for value in values):
        return values
    at = 0
    while at < len(values):
        kept.append(values[at])
        parts, whole = Decimal(0), Decimal(values[at])
        after = at + 1
        for end in range(at + 1, len(values)):
            parts += values[end]
            if end > at + 1 and whole and _same(whole, parts):
                after = end + 1
            if parts >= whole:
                break
        at = after
    return kept
