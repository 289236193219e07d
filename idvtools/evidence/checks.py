"""Checks of a table against itself: does it hold what the file prints, and does every balance follow from the last?

A silently lost row is the worst error of reading. A check that cannot be made has ``ok`` None and says why; one that
fails says by how much and where first. Rows are told by where they stand in the file (`Table.numbers`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, localcontext
from typing import Any

from idvtools.evidence.limits import Budget
from idvtools.evidence.model import Check, Table
from idvtools.evidence.printed import Printed, Way, money, printed, way

#: A statement of more currencies, or one with a longer name, is no statement by currency.
_CURRENCIES = 12
#: Digits of a sum that must be exact: no cell that is read as an amount has half as many.
_DIGITS = 200
#: Rows between two looks at the clock.
_TICK = 4096


@dataclass(frozen=True, slots=True)
class Roles:
    """Which columns of a table mean what, by their place; None: there is none."""

    date: int | None = None
    amount: int | None = None
    debit: int | None = None
    credit: int | None = None
    balance: int | None = None
    direction: int | None = None
    currency: int | None = None


def _place(table: Table, row: int) -> int:
    return table.numbers[row] if row < len(table.numbers) else row + 1


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
        rows = [row for row in rows if money(row[column]) or _wrong(row[column])]
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


def _wrong(cell: Any) -> bool:
    """Tell whether a cell holds something that is neither an amount nor a sign for nothing."""
    return cell is not None and str(cell).strip() not in ("", "-", "--", "/") and money(cell) is None


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
            values = [v for row in table.rows if (v := money(row[column])) is not None]
            total = sum(values, Decimal(0))
            said = f"{_exact(figure)} printed, {_exact(total)} read"
            checks.append(Check(f"printed total {_name(table, column)}", abs(total) == abs(figure), said))
    return tuple(checks)


def _column(table: Table, place: int | None, rows: Sequence[int]) -> tuple[list[Decimal | None], int]:
    """Read a column's amounts, and count the cells that are none; most are amounts already."""
    if place is None:
        return [None] * len(rows), 0
    cells = [table.rows[r][place] for r in rows]
    values = [cell if cell is None or isinstance(cell, Decimal) else money(cell) for cell in cells]
    return values, sum(v is None and _wrong(c) for v, c in zip(values, cells, strict=True) if c is not None)


def _flows(table: Table, roles: Roles, rows: Sequence[int]) -> tuple[list[Decimal], int]:
    """Read what each row adds to the balance, and count the cells that cannot be read."""
    nothing = Decimal(0)
    if roles.debit is not None or roles.credit is not None:
        into, bad_in = _column(table, roles.credit, rows)
        out, bad_out = _column(table, roles.debit, rows)
        if any(out) and all(v <= 0 for v in out if v is not None):  # debits are printed negative
            return [(i or nothing) + (o or nothing) for i, o in zip(into, out, strict=True)], bad_in + bad_out
        return [(i or nothing) - (o or nothing) for i, o in zip(into, out, strict=True)], bad_in + bad_out
    values, bad = _column(table, roles.amount, rows)
    flows = [value or nothing for value in values]
    if roles.direction is not None:
        ways = {word: way(word) for word in {table.rows[r][roles.direction] for r in rows}}
        signs = {"out": -1, "in": 1, "neutral": 0}
        told = [ways[table.rows[r][roles.direction]] for r in rows]
        flows = [f if w is None else abs(f) * signs[w] for f, w in zip(flows, told, strict=True)]
    return flows, bad


def _breaks(
    order: Iterable[int],
    flows: Sequence[Decimal],
    balances: Sequence[Decimal | None],
    opening: Decimal | None,
    budget: Budget | None,
    *,
    unsigned: bool,
) -> list[tuple[int, Decimal]]:
    """Places before which the balance does not follow from the one before, and how far it is off."""
    found, last, flow = [], opening, Decimal(0)
    for count, i in enumerate(order):
        if budget is not None and count % _TICK == 0:
            budget.tick()
        balance = balances[i]
        out = unsigned and last is not None and balance is not None and balance < last
        flow = flow - flows[i] if out else flow + flows[i]
        if balance is None:  # some banks print the balance on the last row of a day only
            continue
        if last is not None and last + flow != balance:
            found.append((i, balance - last - flow))
        last, flow = balance, Decimal(0)
    return found


def _orders(table: Table, roles: Roles, rows: Sequence[int]) -> Iterator[tuple[str, Sequence[int]]]:
    """Give the orders in which rows can be listed; within a day some banks list the other way round."""
    places = range(len(rows))
    yield "oldest first", places
    yield "newest first", places[::-1]
    days = [_day(table.rows[r], roles) for r in rows]
    if None not in days:
        yield "by date", sorted(places, key=lambda i: days[i] or date.min)
        yield "by date, each day reversed", sorted(places[::-1], key=lambda i: days[i] or date.min)


def _chain_of(
    table: Table, roles: Roles, rows: Sequence[int], name: str, says: Printed, budget: Budget | None
) -> Check:
    balances, unread = _column(table, roles.balance, rows)
    if unread:
        said = f"column {_name(table, roles.balance)}: {unread} of {len(rows)} cells are no amounts"
        return Check(name, None, said)
    pairs = sum(b is not None for b in balances) - (says.opening is None)
    if pairs < 1:
        return Check(name, None, "fewer than two balances")
    flows, unread = _flows(table, roles, rows)
    if unread:
        return Check(name, None, f"{unread} of {len(rows)} rows have an amount that cannot be read")
    told = roles.direction is not None and any(way(table.rows[r][roles.direction]) for r in rows)
    unsigned = roles.debit is roles.credit is None and not told and all(flow >= 0 for flow in flows)
    best: tuple[str, list[tuple[int, Decimal]]] | None = None
    for order, places in _orders(table, roles, rows):
        breaks = _breaks(places, flows, balances, says.opening, budget, unsigned=unsigned)
        if not breaks:
            return Check(name, True, f"{pairs} of {pairs} balances follow ({order})")
        if best is None or len(breaks) < len(best[1]):
            best = order, breaks
    owed = [-flow for flow in flows]  # a card: what is spent adds to what is owed
    for order, places in _orders(table, roles, rows):
        if not unsigned and not _breaks(places, owed, balances, says.opening, budget, unsigned=False):
            return Check(name, True, f"{pairs} of {pairs} balances follow ({order}; the balance is what is owed)")
    assert best is not None
    order, breaks = best
    place, off = breaks[0]
    times = "once" if len(breaks) == 1 else f"{len(breaks)} times, first"
    said = f"breaks {times} before row {_place(table, rows[place])}: {_exact(abs(off))} "
    return Check(name, False, said + f"{'missing' if off < 0 else 'too much'} ({order}, {pairs} balances)")


def _day(row: Sequence[Any], roles: Roles) -> date | None:
    cell = None if roles.date is None else row[roles.date]
    return cell.date() if isinstance(cell, datetime) else cell if isinstance(cell, date) else None


def balance_chain(table: Table, roles: Roles, says: Printed, budget: Budget | None = None) -> tuple[Check, ...]:
    """Check that every balance is the one before plus the row, in either order, for each currency by itself."""
    if roles.balance is None or (roles.debit, roles.credit, roles.amount) == (None, None, None) or not table.rows:
        return ()
    by: dict[str, list[int]] = {}
    for r, row in enumerate(table.rows):
        by.setdefault("" if roles.currency is None else str(row[roles.currency] or "").strip(), []).append(r)
    if len(by) > _CURRENCIES or any(len(c) > _CURRENCIES for c in by):
        said = f"column {_name(table, roles.currency)} holds {len(by)} different texts; are these currencies?"
        return (Check("balance chain", None, said),)
    if len(by) == 1:
        checks = [_chain_of(table, roles, rows, "balance chain", says, budget) for rows in by.values()]
    else:
        checks = [
            _chain_of(table, roles, rows, f"balance chain {currency or '(no currency)'}", Printed(), budget)
            for currency, rows in by.items()
        ]
    if says.closing is not None and len(by) == 1:
        ends = {b for r in (0, -1) if (b := money(table.rows[r][roles.balance])) is not None}
        checks.append(Check("closing balance", says.closing in ends, f"{_exact(says.closing)} printed"))
    return tuple(checks)


def all_checks(table: Table, roles: Mapping[str, int], budget: Budget | None = None) -> tuple[Check, ...]:
    """Make every check that the columns allow.

    Parameters
    ----------
    table : Table
        With preamble and footer, where the totals are printed.
    roles : mapping
        Field of `Roles` to the place of the column; others are ignored.
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
    says = printed((*table.preamble, *table.footer))
    with localcontext() as context:
        context.prec = _DIGITS
        return (
            *row_count(table, says),
            *group_totals(table, known, says, budget),
            *line_totals(table, known, says, budget),
            *balance_chain(table, known, says, budget),
        )
