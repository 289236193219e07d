"""Merged cells, filled over their range as a reader sees them, but not where that counts money twice."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from idvtools.evidence.limits import Budget
from idvtools.evidence.model import Cell

#: Top, left, bottom, right, all inside, from 0.
Span = tuple[int, int, int, int]

_MONEY = re.compile(r"[^\w(]*\(?[A-Z]{0,3}\s*[^\w(]*\d[\d,]*(?:\.\d+)?\s*(?:元|%|CR|DR)?\)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Filled:
    """How many merged cells were filled over their range, and how many hold a number and stand once."""

    filled: int = 0
    once: int = 0

    def warnings(self) -> list[str]:
        """What of it a user must know."""
        said = []
        if self.filled:
            said.append(f"merged cells, filled over their range: {self.filled}")
        if self.once:
            said.append(f"merged cells with a number, which stands once, in the first of them: {self.once}")
        return said


def fill(
    rows: list[list[Cell]], spans: Iterable[Span], budget: Budget, headings: frozenset[tuple[int, int]] = frozenset()
) -> Filled:
    """Fill merged cells, in place.

    A title that spans the width of a row in which nothing else stands remains where it is; so does a number in the
    body, which would be added up twice. Headings (and the years among them) are filled.

    Examples
    --------
    >>> from idvtools.evidence.limits import Limits
    >>> rows = [["2024", None, "note"], ["in", "out", None], ["title", None, None]]
    >>> fill(rows, [(0, 0, 0, 1), (0, 2, 1, 2), (2, 0, 2, 2)], Budget(Limits())).filled, rows
    (2, [['2024', '2024', 'note'], ['in', 'out', 'note'], ['title', None, None]])
    """
    filled = once = 0
    for top, left, lowest, right in sorted(spans):
        budget.tick()
        bottom = min(lowest, len(rows) - 1)
        if top >= len(rows) or top < 0 or left < 0 or left >= len(rows[top]):
            continue
        value = rows[top][left]
        if value is None or (top == bottom and left == right) or _alone(rows, top, left, bottom, right):
            continue
        if (top, left) not in headings and _counts(value, one_row=top == bottom):
            once += 1
            continue
        for y in range(top, bottom + 1):
            row = rows[y]
            for x in range(left, min(right, len(row) - 1) + 1):
                if row[x] is None:
                    row[x] = value
        budget.take_cells((bottom - top) * (right - left))
        filled += 1
    return Filled(filled, once)


def _alone(rows: Sequence[Sequence[Cell]], top: int, left: int, bottom: int, right: int) -> bool:
    if left == right:
        return False
    return all(cell is None for row in rows[top : bottom + 1] for x, cell in enumerate(row) if not left <= x <= right)


def _counts(value: Cell, *, one_row: bool) -> bool:
    """Whether it would be counted twice if it stood twice."""
    if isinstance(value, bool | date):
        return False
    if isinstance(value, int | Decimal | float):
        return not (one_row and isinstance(value, int) and 1900 <= value <= 2100)
    text = str(value).strip()
    if not _MONEY.fullmatch(text):
        return False
    if text.isdigit():  # an order number over its items is no money; neither is a year over its columns
        return not (len(text) >= 8 or text.startswith("0") or (one_row and "1900" <= text <= "2100" and len(text) == 4))
    return True
