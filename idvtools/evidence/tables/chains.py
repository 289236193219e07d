"""Balances that must chain: each is the one before plus the row, in the order in which a bank lists its rows.

Amounts become whole numbers of their smallest part (cents), so that a million rows are checked at once and exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal, localcontext
from typing import Any

import numpy as np
import numpy.typing as npt

from idvtools.evidence.limits import Budget
from idvtools.evidence.model import Check, Table
from idvtools.evidence.tables.printed import Printed, money, way

Array = npt.NDArray[Any]

#: A statement of more currencies, or one with a longer name, is no statement by currency.
_CURRENCIES = 12
#: Whole numbers below this can be added up by the million in 64 bits; above, Python's are taken.
_SAFE = 10**12
#: Rows that are tried first.
_PROBE = 1_000
#: A table of more rows is given up if hardly a balance follows in the first ones.
_LONG = 20 * _PROBE
#: Digits of a sum that must be exact: no cell that is read as an amount has half as many.
_DIGITS = 200
_SIGNS: Mapping[str | None, int] = {"out": -1, "in": 1, "neutral": 0}
_BLANK = ("", "-", "--", "/", "–", "—", "−")
#: Share of balances that do not follow from which on this is no running balance (of these amounts).
_HARDLY = 0.8
#: How many cells are looked at before a column of texts is given up.
_LOOKED_AT = 2_000


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


@dataclass(frozen=True, slots=True)
class _Figures:
    """Amounts as whole numbers, in units of ten to the power of minus `scale`; `known`: an amount stands there."""

    units: Array
    known: Array
    wrong: Array
    scale: int

    def at(self, rows: Array, scale: int) -> _Figures:
        """Some of the rows, in smaller units."""
        units, factor = self.units[rows], 10 ** (scale - self.scale)
        if factor > 1 and units.dtype != object and len(units) and int(np.abs(units).max()) >= _SAFE // factor:
            units = units.astype(object)
        return _Figures(units * factor if factor > 1 else units, self.known[rows], self.wrong[rows], scale)


def wrong(cell: Any) -> bool:
    """Tell whether a cell holds something that is neither an amount nor a sign for nothing.

    Examples
    --------
    >>> wrong("n.a."), wrong("-"), wrong("1.50")
    (True, False, False)
    """
    return cell is not None and str(cell).strip() not in _BLANK and money(cell) is None


def no_amounts(table: Table, place: int) -> bool:
    """Tell by its first cells whether a column holds texts only: looking at every one of a million takes too long.

    Examples
    --------
    >>> from idvtools.evidence.model import Column
    >>> table = Table("", "", (Column("balance", "text"), Column("more", "text")), [("xx,yyy.zz", "1.50"), ("-", "?")])
    >>> no_amounts(table, 0), no_amounts(table, 1)
    (True, False)
    """
    if table.columns[place].type != "text":
        return False
    cells = dict.fromkeys(cell for cell in table.column(place)[:_LOOKED_AT] if cell not in (None, *_BLANK))
    return bool(cells) and all(money(cell) is None for cell in cells)


def _figures(table: Table, place: int | None) -> _Figures:
    if place is None:
        nothing = np.zeros(len(table.rows), np.int64)
        return _Figures(nothing, nothing != 0, nothing != 0, 0)
    large = getattr(table.rows, "units", None)
    if large is not None and (found := large(place)) is not None:
        units, known, scale = found
        return _Figures(units, known, np.zeros(len(units), bool), scale)
    cells = table.column(place)
    values = [cell if cell is None or isinstance(cell, Decimal) else money(cell) for cell in cells]
    scale = max((-int(v.as_tuple().exponent) for v in values if v is not None), default=0)
    whole = [0 if v is None else int(v.scaleb(max(scale, 0))) for v in values]
    kind: Any = np.int64 if all(-_SAFE < unit < _SAFE for unit in whole) else object
    return _Figures(
        np.array(whole, kind),
        np.array([v is not None for v in values], bool),
        np.array([v is None and wrong(c) for v, c in zip(values, cells, strict=True)], bool),
        max(scale, 0),
    )


@dataclass(frozen=True, slots=True)
class _Chain:
    """What a chain is made of: balances, what each row adds, the balance before the first; in the same units."""

    balances: Array
    known: Array
    flows: Array
    opening: int | None
    scale: int
    unsigned: bool

    def breaks(self, order: Array | slice, flows: Array) -> tuple[int, int, int]:
        """How often a balance does not follow, before which row first, and by how many units that is off."""
        balances, flow = self.balances[order], flows[order]
        at: Array | slice = slice(None)
        moved = flow
        if not self.known.all():  # some banks print the balance on the last row of a day only
            at = np.flatnonzero(self.known[order])
            balances, moved = balances[at], np.diff(np.cumsum(flow)[at], prepend=0)
        if self.opening is None:
            before, balances, moved, last = balances[:-1], balances[1:], moved[1:], flow[at][1:]
        else:
            before, last = np.concatenate(([self.opening], balances[:-1])), flow[at]
        if self.unsigned:
            moved = np.where(balances < before, moved - 2 * last, moved)
        off = balances - before - moved
        broken = np.flatnonzero(off)
        if not len(broken):
            return 0, 0, 0
        first = broken[0] + (self.opening is None)
        return len(broken), int(np.arange(len(self.flows))[order][at][first]), int(off[broken[0]])

    def holds(self, order: Array | slice, flows: Array) -> bool:
        """Whether every balance follows."""
        return not self._first(order, flows) and not self.breaks(order, flows)[0]

    def hopeless(self, order: Array | slice) -> bool:
        """Whether hardly a balance follows in a long table: then nobody wants to know how often it does not."""
        return len(self.flows) > _PROBE and self._first(order, self.flows) > 0.9 * _PROBE

    def _first(self, order: Array | slice, flows: Array) -> int:
        """How often a balance does not follow in the first rows of an order."""
        return self.breaks(np.arange(len(flows))[order][:_PROBE], flows)[0]


def _flows(table: Table, roles: Roles) -> _Figures:
    """What each row adds to the balance."""
    if roles.debit is not None or roles.credit is not None:
        into, out = _figures(table, roles.credit), _figures(table, roles.debit)
        scale, rows = max(into.scale, out.scale), np.arange(len(table.rows))
        into, out = into.at(rows, scale), out.at(rows, scale)
        negative = out.units.any() and bool((out.units <= 0).all())  # debits are printed negative
        units = into.units + out.units if negative else into.units - out.units
        return _Figures(units, into.known | out.known, into.wrong | out.wrong, scale)
    found = _figures(table, roles.amount)
    if roles.direction is None:
        return found
    words, codes = _coded(table, roles.direction)
    ways = [way(word) for word in words]
    signs = np.array([_SIGNS.get(w, 0) for w in ways], np.int64)[codes]
    told = np.array([w is not None for w in ways], bool)[codes]
    return _Figures(np.where(told, np.abs(found.units) * signs, found.units), found.known, found.wrong, found.scale)


def _coded(table: Table, place: int) -> tuple[list[Any], Array]:
    """The different cells of a column, and which of them stands in each row."""
    large = getattr(table.rows, "coded", None)
    if large is not None:
        found: tuple[list[Any], Array] = large(place)
        return found
    cells = table.column(place)
    words = {word: i for i, word in enumerate(dict.fromkeys(cells))}
    return list(words), np.array([words[cell] for cell in cells], np.int64)


def _orders(table: Table, roles: Roles, rows: Array) -> Iterator[tuple[str, Array | slice]]:
    """Give the orders in which rows can be listed; within a day some banks list the other way round."""
    yield "oldest first", slice(None)
    yield "newest first", slice(None, None, -1)
    if roles.date is None:
        return
    cells, codes = _coded(table, roles.date)
    days = np.array([_day(cell) for cell in cells], np.int64)[codes][rows]
    if not days.all():
        return
    days -= days.min()
    if days.max() < 1 << 16:
        days = days.astype(np.uint16)  # which numpy sorts without comparing
    yield "by date", np.argsort(days, kind="stable")
    yield "by date, each day reversed", len(days) - 1 - np.argsort(days[::-1], kind="stable")


def _day(cell: Any) -> int:
    return cell.toordinal() if isinstance(cell, (date, datetime)) else 0


def _chain_of(  # which rows of what, under which name
    table: Table, roles: Roles, flows: _Figures, rows: Array, name: str, says: Printed, budget: Budget | None
) -> Check:
    held = _figures(table, roles.balance)
    scale = max(held.scale, flows.scale, 0 if says.opening is None else -int(says.opening.as_tuple().exponent))
    held, flows = held.at(rows, scale), flows.at(rows, scale)
    if unread := int(held.wrong.sum()):
        said = f"column {_name(table, roles.balance)}: {unread} of {len(rows)} cells are no amounts"
        return Check(name, None, said)
    pairs = int(held.known.sum()) - (says.opening is None)
    if pairs < 1:
        return Check(name, None, "fewer than two balances")
    if unread := int(flows.wrong.sum()):
        return Check(name, None, f"{unread} of {len(rows)} rows have an amount that cannot be read")
    told = roles.direction is not None and any(way(word) for word in _coded(table, roles.direction)[0])
    unsigned = roles.debit is roles.credit is None and not told and bool((flows.units >= 0).all())
    opening = None if says.opening is None else int(says.opening.scaleb(scale))
    chain = _Chain(held.units, held.known, flows.units, opening, scale, unsigned)
    best, owed = _best(chain, _orders(table, roles, rows), budget)
    if owed is not None and best[1][0]:
        return Check(name, True, f"{pairs} of {pairs} balances follow ({owed}; the balance is what is owed)")
    order, (count, place, off) = best
    if not count or (pairs > 2 and count > _HARDLY * pairs):  # one wrong cell breaks two
        few = f"only {pairs - count} of {pairs} balances follow from the one before: the amounts do not explain them"
        return Check(name, None, few) if count else Check(name, True, f"{pairs} of {pairs} balances follow ({order})")
    times = "once" if count == 1 else f"{count} times, first"
    row = int(rows[place])
    line = table.numbers[row] if row < len(table.numbers) else row + 1
    said = f"breaks {times} before row {line}: {Decimal(abs(off)).scaleb(-scale):f} "
    return Check(name, False, said + f"{'missing' if off < 0 else 'too much'} ({order}, {pairs} balances)")


def _best(
    chain: _Chain, orders: Iterator[tuple[str, Array | slice]], budget: Budget | None
) -> tuple[tuple[str, tuple[int, int, int]], str | None]:
    """The order in which most balances follow; and one in which all do if they are what is owed (a card's)."""
    best: tuple[str, tuple[int, int, int]] | None = None
    owed: str | None = None
    for order, places in orders:
        if budget is not None:
            budget.tick()
        if owed is None and not chain.unsigned and chain.holds(places, -chain.flows):
            owed = order
        if best is not None and chain.hopeless(places):
            continue
        broken = chain.breaks(places, chain.flows)
        if best is None or broken[0] < best[1][0]:
            best = order, broken
        if not broken[0]:
            break
    assert best is not None
    return best, owed


def _name(table: Table, column: int | None) -> str:
    return "" if column is None else table.columns[column].name


def balance_chain(table: Table, roles: Roles, says: Printed, budget: Budget | None = None) -> tuple[Check, ...]:
    """Check that every balance is the one before plus the row, in either order, for each currency by itself.

    Examples
    --------
    >>> from idvtools.evidence.model import Column
    >>> columns = (Column("amount", "amount"), Column("balance", "amount"))
    >>> table = Table("", "", columns, [(Decimal(5), Decimal(15)), (Decimal(-3), Decimal(12))])
    >>> balance_chain(table, Roles(amount=0, balance=1), Printed())[0].detail
    '1 of 1 balances follow (oldest first)'
    """
    if roles.balance is None or (roles.debit, roles.credit, roles.amount) == (None, None, None) or not table.rows:
        return ()
    if no_amounts(table, roles.balance):
        return (Check("balance chain", None, f"column {_name(table, roles.balance)}: its cells are no amounts"),)
    if len(table.rows) > _LONG and (given_up := _first_rows(table, roles)):
        return given_up
    groups = _by_currency(table, roles)
    if isinstance(groups, int):
        said = f"column {_name(table, roles.currency)} holds {groups} different texts; are these currencies?"
        return (Check("balance chain", None, said),)
    with localcontext(prec=_DIGITS):
        checks = _chains_of(table, roles, groups, says, budget)
    if says.closing is not None and len(groups) == 1:
        ends = {b for r in (0, -1) if (b := money(table.rows[r][roles.balance])) is not None}
        checks.append(Check("closing balance", says.closing in ends, f"{says.closing:f} printed"))
    return tuple(checks)


def _first_rows(table: Table, roles: Roles) -> tuple[Check, ...]:
    """The checks of the first rows of a long table, if hardly a balance follows in them; else none."""
    head = replace(table, rows=table.rows[:_PROBE], numbers=table.numbers[:_PROBE])
    checks = balance_chain(head, roles, Printed())
    if not all(check.detail.startswith("only ") for check in checks):
        return ()
    return tuple(
        replace(c, detail=c.detail.replace(" balances", f" balances in the first {_PROBE} rows")) for c in checks
    )


def _chains_of(
    table: Table, roles: Roles, groups: Mapping[str, Array], says: Printed, budget: Budget | None
) -> list[Check]:
    flows = _flows(table, roles)
    if len(groups) == 1:
        return [_chain_of(table, roles, flows, rows, "balance chain", says, budget) for rows in groups.values()]
    return [
        _chain_of(table, roles, flows, rows, f"balance chain {currency or '(no currency)'}", Printed(), budget)
        for currency, rows in groups.items()
    ]


def _by_currency(table: Table, roles: Roles) -> dict[str, Array] | int:
    """The rows of each currency; how many different texts there are where these are no currencies."""
    if roles.currency is None:
        return {"": np.arange(len(table.rows))}
    words, codes = _coded(table, roles.currency)
    names = ["" if word is None else str(word).strip() for word in words]
    different: Sequence[str] = list(dict.fromkeys(names))
    if len(different) > _CURRENCIES or any(len(name) > _CURRENCIES for name in different):
        return len(different)
    own = np.array([different.index(name) for name in names], np.int64)[codes]
    return {name: np.flatnonzero(own == i) for i, name in enumerate(different)}
