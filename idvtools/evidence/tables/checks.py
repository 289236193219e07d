"""Checks of a table against itself: does it hold what the file prints, and does every balance follow from the last?

A silently lost row is the worst error of reading. A check that cannot be made has ``ok`` None and says why; one that
fails says by how much and where first. Rows are told by where they stand in the file (`Table.numbers`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, localcontext
from itertools import compress
from typing import Any

from idvtools.evidence.limits import Budget
from idvtools.evidence.model import Check, Table
from idvtools.evidence.tables.chains import Roles, balance_chain, wrong
from idvtools.evidence.tables.printed import Printed, money, printed, way

#: Digits of a sum that must be exact: no cell that is read as an amount has half as many.
_DIGITS = 200
#: Different words that say in which state a payment is, and one more.
_STATES = 7
_AMOUNT = re.compile(r"金额|金額|发生额|發生額|(?<![a-z])(?:amount|amt)(?![a-z])", re.IGNORECASE)


def _name(table: Table, column: int | None) -> str:
    return "" if column is None else table.columns[column].name


def _exact(value: Decimal) -> str:
    return f"{value:f}"


def row_count(table: Table, says: Printed) -> tuple[Check, ...]:
    """Compare the number of rows with the number that is printed."""
    if says.count is None:
        return ()
    return (Check("row count", len(table.rows) == says.count, f"{says.count} printed, {len(table.rows)} read"),)


def _fitting(table: Table, roles: Roles, label: str) -> tuple[int, list[bool]] | None:
    """The column of amounts of the rows that a printed label means, and which rows these are."""
    if roles.direction is not None and roles.amount is not None:
        told = table.column(roles.direction)
        meaning = way(label)
        words = {label} if label in told else {w for w in set(told) if w and way(w) == meaning}
        return roles.amount, [word in words for word in told]
    column = {"in": roles.credit, "out": roles.debit}.get(way(label) or "")
    if column is None:
        return None
    return column, [bool(money(cell)) or wrong(cell) for cell in table.column(column)]


def _sum(cells: Iterable[Any], *, net: bool = False) -> tuple[Decimal, int]:
    """The sum of the amounts, and how many cells are none."""
    values = [cell if isinstance(cell, Decimal) else money(cell, net=net) for cell in cells]
    return sum((v for v in values if v is not None), Decimal(0)), sum(v is None for v in values)


def _total(table: Table, column: int, which: Sequence[bool], printed_total: Decimal) -> tuple[bool, str]:
    """Whether the amounts of these rows come to what is printed, before or after what was paid back; and the sums."""
    cells = list(compress(table.column(column), which))
    gross, bad = _sum(cells)
    net = _sum(cells, net=True)[0]
    refunds = f"{table.columns[column].name}_refund"
    if refunds in (names := [c.name for c in table.columns]):  # the reader took them out of the cells
        net -= _sum(compress(table.column(names.index(refunds)), which))[0]
    said = f"{_exact(printed_total)} printed, {_exact(gross)} read"
    said += f", {_exact(net)} net of refunds" if net != gross else ""
    said += f", {bad} cells are no amounts" if bad else ""
    return not bad and abs(printed_total) in (abs(gross), abs(net)), said


def group_totals(table: Table, roles: Roles, says: Printed, budget: Budget | None = None) -> tuple[Check, ...]:
    """Compare count and sum of income, spending and the rest with what is printed, with refunds or without.

    Where a bill has several columns of amounts (what was ordered, what was paid), the total may be of any.

    Examples
    --------
    >>> from idvtools.evidence.model import Column
    >>> columns = (Column("收/支", "text"), Column("订单金额", "amount"), Column("实付金额", "amount"))
    >>> table = Table("", "", columns, [("支出", Decimal("22.30"), Decimal("21.17")), ("收入", Decimal(5), Decimal(5))])
    >>> says = printed(["支出：1笔 21.17元"])
    >>> [(check.name, check.ok) for check in group_totals(table, Roles(amount=1, direction=0), says)]
    [('row count 支出', True), ('total 支出', True)]
    """
    checks = []
    for label, count, total in says.groups:
        if budget is not None:
            budget.tick()
        found = _fitting(table, roles, label)
        if found is None:
            said = f"{_exact(total)} printed; no column tells which rows these are"
            checks.append(Check(f"total {label}", None, said))
            continue
        column, which = found
        if count is not None:
            checks.append(Check(f"row count {label}", sum(which) == count, f"{count} printed, {sum(which)} read"))
        tried = [_total(table, column, which, total)]
        if not tried[0][0] and roles.direction is not None:
            tried += [_total(table, other, which, total) for other in _others(table, column, roles)]
        fits, said = next((t for t in tried if t[0]), tried[0])
        if not fits and way(label) == "neutral" and count == sum(which):
            part = _of_one_state(table, column, which, total)
            fits, said = part is not None, part or said
        checks.append(Check(f"total {label}", fits, said))
    return tuple(checks)


def _of_one_state(table: Table, column: int, which: Sequence[bool], printed_total: Decimal) -> str | None:
    """What is said where the rows of one state come to what is printed: some bills count what is neither income nor
    spending, but add up only what was paid back.
    """
    for other, about in enumerate(table.columns):
        if about.type != "text" or len(states := set(compress(table.column(other), which))) not in range(2, _STATES):
            continue
        for state in states:
            rows = [here and cell == state for here, cell in zip(which, table.column(other), strict=True)]
            if printed_total and _total(table, column, rows, printed_total)[0]:
                said = f"{_exact(printed_total)} printed, which is what {sum(rows)} of these {sum(which)} rows come to"
                return f"{said}: those of one {about.name}"
    return None


def _others(table: Table, column: int, roles: Roles) -> list[int]:
    """Further columns of amounts by their headings: neither balances nor fees."""
    return [
        i
        for i, c in enumerate(table.columns)
        if c.type == "amount" and i not in (column, roles.balance) and _AMOUNT.search(c.name) and "_" not in c.name
    ]


def line_totals(table: Table, roles: Roles, says: Printed, budget: Budget | None = None) -> tuple[Check, ...]:
    """Compare the figures of a line like 合计 with the sums of the columns; in their order, if they are as many.

    Of several lines (one a page, one a month) one may be of all rows; if none is, nobody knows which rows they are of.
    """
    flows = [c for c in sorted(c for c in (roles.debit, roles.credit) if c is not None)] or (
        [] if roles.amount is None else [roles.amount]
    )
    if not flows or not says.totals:
        return ()
    # the line may count the rows too
    counted = (t[1:] if len(t) == len(flows) + 1 and t[0] == len(table.rows) else t for t in says.totals)
    lines = [figures for figures in counted if len(figures) == len(flows)]
    if not lines:
        said = f"{len(says.totals[0])} figures printed for {len(flows)} columns of amounts"
        return (Check("printed total", None, said),)
    checks = []
    for place, column in enumerate(flows):
        if budget is not None:
            budget.tick()
        total, unread = _sum(cell for cell in table.column(column) if cell is not None)
        figure = next((line[place] for line in lines if abs(line[place]) == abs(total)), lines[-1][place])
        fits = abs(figure) == abs(total)
        said = f"{_exact(figure)} printed, {_exact(total)} read"
        if not fits and len(lines) > 1:
            said = f"{len(lines)} lines of totals are printed; none is of all rows, which come to {_exact(total)}"
        if not fits and unread:
            said += f", {unread} cells are no amounts"
        told = fits or (len(lines) == 1 and not unread)
        checks.append(Check(f"printed total {_name(table, column)}", fits if told else None, said))
    return tuple(checks)


def all_checks(
    table: Table, roles: Mapping[str, int], outside: Sequence[str] = (), budget: Budget | None = None
) -> tuple[Check, ...]:
    """Make every check that the columns allow.

    Parameters
    ----------
    table : Table
        With preamble and footer, where the totals are printed.
    roles : mapping
        Field of `Roles` to the place of the column; others are ignored.
    outside : sequence of str
        Lines that stand around it and are not its preamble or footer.
    budget : Budget, optional
        What is left of the reading's time.

    Examples
    --------
    >>> from idvtools.evidence.model import Column
    >>> columns = tuple(Column(name, "amount") for name in ("amount", "balance"))
    >>> rows = [(Decimal(5), Decimal(15)), (Decimal(-3), Decimal(12)), (Decimal(1), Decimal(14))]
    >>> [check.detail for check in all_checks(Table("", "", columns, rows), {"amount": 0, "balance": 1})]
    ['breaks once before row 3: 1 too much (oldest first, 2 balances)']
    """
    known = Roles(**{name: place for name, place in roles.items() if name in Roles.__slots__})
    says = printed((*table.preamble, *outside, *table.footer))
    with localcontext() as context:
        context.prec = _DIGITS
        return (
            *row_count(table, says),
            *group_totals(table, known, says, budget),
            *line_totals(table, known, says, budget),
            *balance_chain(table, known, says, budget),
        )
