"""Checks of a table against itself: does it hold what the file prints, and does every balance follow from the last?

A silently lost row is the worst error of reading. A check that cannot be made has ``ok`` None and says why; one that
fails says by how much and where first. Rows are told by where they stand in the file (`Table.numbers`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, localcontext
from typing import Any

from idvtools.evidence.chains import Roles, balance_chain, wrong
from idvtools.evidence.limits import Budget
from idvtools.evidence.model import Check, Table
from idvtools.evidence.printed import Printed, Way, money, printed, way

#: Digits of a sum that must be exact: no cell that is read as an amount has half as many.
_DIGITS = 200


def _name(table: Table, column: int | None) -> str:
    return "" if column is None else table.columns[column].name


def _exact(value: Decimal) -> str:
    return f"{value:f}"


def row_count(table: Table, says: Printed) -> tuple[Check, ...]:
    """Compare the number of rows with the number that is printed."""
    if says.count is None:
        return ()
    return (Check("row count", len(table.rows) == says.count, f"{says.count} printed, {len(table.rows)} read"),)


def _sums(table: Table, roles: Roles, meaning: Way) -> tuple[int, Decimal, Decimal, int] | None:
    """Rows, gross, net of refunds, cells that are no amount: of the rows that go this way."""
    column = roles.amount
    rows: Sequence[tuple[Any, ...]] = table.rows
    if roles.direction is not None and column is not None:
        rows = [row for row in rows if way(row[roles.direction]) == meaning]
    else:
        column = {"in": roles.credit, "out": roles.debit}.get(meaning)
        if column is None:
            return None
        rows = [row for row in rows if money(row[column]) or wrong(row[column])]
    gross = [money(row[column]) for row in rows]
    net = [money(row[column], net=True) for row in rows]
    if (refunds := _refunds(table, column)) is not None:  # the reader took them out of the cells
        net = [None if n is None else n - (money(row[refunds]) or 0) for n, row in zip(net, rows, strict=True)]
    bad = sum(value is None for value in gross)
    return (
        len(rows),
        sum((v for v in gross if v is not None), Decimal(0)),
        sum((v for v in net if v is not None), Decimal(0)),
        bad,
    )


def _refunds(table: Table, column: int) -> int | None:
    """The column of what was paid back of an amount, by its name."""
    names = [c.name for c in table.columns]
    wanted = f"{names[column]}_refund"
    return names.index(wanted) if wanted in names else None


def group_totals(table: Table, roles: Roles, says: Printed, budget: Budget | None = None) -> tuple[Check, ...]:
    """Compare count and sum of income, spending and the rest with what is printed; refunds in a cell are left off."""
    checks = []
    for label, count, total in says.groups:
        if budget is not None:
            budget.tick()
        meaning = way(label)
        sums = _sums(table, roles, meaning) if meaning else None
        if sums is None:
            checks.append(
                Check(f"total {label}", None, f"{_exact(total)} printed; no column tells which rows these are")
            )
            continue
        rows, gross, net, bad = sums
        if count is not None:
            checks.append(Check(f"row count {label}", rows == count, f"{count} printed, {rows} read"))
        apart = f", {_exact(net)} net of refunds" if net != gross else ""
        apart += f", {bad} cells are no amounts" if bad else ""
        fits = not bad and abs(total) in (abs(gross), abs(net))
        checks.append(Check(f"total {label}", fits, f"{_exact(total)} printed, {_exact(gross)} read{apart}"))
    return tuple(checks)


def line_totals(table: Table, roles: Roles, says: Printed, budget: Budget | None = None) -> tuple[Check, ...]:
    """Compare the figures of a line like 合计 with the sums of the columns; in their order, if they are as many."""
    flows = [c for c in sorted(c for c in (roles.debit, roles.credit) if c is not None)] or (
        [] if roles.amount is None else [roles.amount]
    )
    checks = []
    for figures in says.totals if flows else ():
        if len(figures) == len(flows) + 1 and figures[0] == len(table.rows):  # the line counts the rows too
            figures = figures[1:]  # noqa: PLW2901
        if len(figures) != len(flows):
            checks.append(
                Check("printed total", None, f"{len(figures)} figures printed for {len(flows)} columns of amounts")
            )
            continue
        for column, figure in zip(flows, figures, strict=True):
            if budget is not None:
                budget.tick()
            values = [v for cell in table.column(column) if (v := money(cell)) is not None]
            total = sum(values, Decimal(0))
            said = f"{_exact(figure)} printed, {_exact(total)} read"
            checks.append(Check(f"printed total {_name(table, column)}", abs(total) == abs(figure), said))
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
