"""Grids of one file that hold the same rows: one bill, twice."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from idvtools.evidence.limits import Budget
from idvtools.evidence.model import Cell, Grid

_MONEY = re.compile(r"[^\w(+-]*[A-Z]{0,3}\s*([-+]?)\s*[^\w(]*(\d[\d,]*(?:\.\d+)?)\s*元?", re.IGNORECASE)
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?")
_MOST = 3_000_000


def same_rows(grids: Sequence[Grid], budget: Budget) -> list[str]:
    """A warning for each pair of grids whose rows are the same, however their amounts and dates are written.

    Examples
    --------
    >>> from idvtools.evidence.limits import Limits
    >>> one = Grid("a", "sheet 1", [["x", "y", "z"], ["n1", "¥1,200.00", "2024-01-02"], ["n2", "¥3.50", "2024-01-03"]])
    >>> two = Grid("b", "sheet 2", [["n1", 1200, date(2024, 1, 2)], ["n2", Decimal("3.5"), date(2024, 1, 3)]])
    >>> same_rows([one, two], Budget(Limits()))
    ['sheet 1 and sheet 2 hold the same 2 rows: one table twice, not to be added up']
    """
    if len(grids) < 2 or sum(len(g.rows) * max(map(len, g.rows[:50]), default=0) for g in grids) > _MOST:
        return []
    counted = [_fingerprints(grid, budget) for grid in grids]
    said = []
    for i, one in enumerate(counted):
        for j in range(i + 1, len(counted)):
            budget.tick()
            other = counted[j]
            smaller = min(one.total(), other.total())
            if smaller < 2:
                continue
            shared = (one & other).total()
            if shared >= 2 and shared >= 0.8 * smaller:
                both = f"{grids[i].source} and {grids[j].source}"
                rest = [n for n in (one.total() - shared, other.total() - shared) if n > 0.2 * shared]
                part = " (one of them holds more besides)" if rest else ""
                said.append(f"{both} hold the same {shared} rows{part}: one table twice, not to be added up")
    return said


def _fingerprints(grid: Grid, budget: Budget) -> Counter[tuple[str, ...]]:
    """Rows of three cells or more, at least one of them with a digit: headings alone make no bill."""
    found: Counter[tuple[str, ...]] = Counter()
    for row in grid.rows:
        budget.tick()
        key = tuple(plain for cell in row if cell is not None and (plain := _plain(cell)))
        if len(set(key)) > 2 and any(any(c.isdigit() for c in part) for part in key) and not _only_names(key):
            found[key] += 1
    return found


def _only_names(key: tuple[str, ...]) -> bool:
    return all(re.fullmatch(r"(?:column|field|列|unnamed:? ?)\d+", part) for part in key)


def _plain(cell: Cell) -> str:
    if isinstance(cell, date):
        return cell.strftime("%Y%m%d%H%M%S" if isinstance(cell, datetime) else "%Y%m%d000000")
    if isinstance(cell, int | float | Decimal) and not isinstance(cell, bool):
        return _figure(str(cell))
    text = str(cell).strip()
    moment = _DATE.fullmatch(text[:200])
    if moment:
        year, month, day, hour, minute, second = moment.groups("0")
        return f"{year}{month:0>2}{day:0>2}{hour:0>2}{minute:0>2}{second:0>2}"
    money = _MONEY.fullmatch(text) if len(text) < 40 else None
    return _figure(money[1] + money[2].replace(",", "")) if money else text.casefold()


def _figure(text: str) -> str:
    try:
        return f"{Decimal(text).normalize():f}"
    except InvalidOperation:
        return text
