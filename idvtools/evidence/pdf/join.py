"""Tables of single pages to tables of the document: over page breaks, repeated headings dropped, parted rows mended."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from idvtools.evidence.model import Grid
from idvtools.evidence.pdf.quality import page_list
from idvtools.evidence.pdf.tables import PageTable
from idvtools.evidence.pdf.text import is_value, join_lines, mend_numbers, without_leaders

_CAPTION = re.compile(r"(?:表|附表|图|圖|Table|Tabelle|Schedule)\s?[\d一二三四五六七八九十A-Z]", re.IGNORECASE)


@dataclass(slots=True)
class _Joined:
    tables: PageTable
    pages: list[int]
    name: str
    repeated: list[int] = field(default_factory=list)
    mended: list[int] = field(default_factory=list)
    merged: int = 0


class Joiner:
    """Takes the tables page by page and gives the grids at the end.

    Examples
    --------
    >>> joiner = Joiner()
    >>> joiner.add(1, [PageTable(0, 9, [0, 50, 99], [["Day", "Sum"], ["1", "5.00"]])], [])
    >>> joiner.add(2, [PageTable(0, 9, [0, 50, 99], [["Day", "Sum"], ["2", "6.00"]])], [])
    >>> grid, = joiner.grids()
    >>> grid.source, grid.rows
    ('pages 1-2', [['Day', 'Sum'], ['1', '5.00'], ['2', '6.00']])
    """

    def __init__(self) -> None:
        self._done: list[_Joined] = []
        self._open: _Joined | None = None

    def add(self, page: int, tables: Sequence[PageTable], captions: Sequence[tuple[float, str]]) -> None:
        """Take the tables of the next page, from top to bottom, and the lines of text above them as (top, text)."""
        for index, table in enumerate(tables):
            last = self._open
            if index == 0 and last is not None and last.pages[-1] == page - 1 and _belongs(last.tables, table):
                _append(last, table, page)
            else:
                above = [text for top, text in captions if top < table.top and table.top - top < 45]
                caption = above[-1] if above and _CAPTION.match(above[-1]) and len(above[-1]) < 80 else ""
                self._open = _Joined(table, [page], caption, merged=table.merged)
                self._done.append(self._open)
        if not tables:
            self._open = None

    @property
    def carried(self) -> PageTable | None:
        """The table that the last page ended with."""
        return self._open.tables if self._open is not None else None

    def grids(self) -> tuple[Grid, ...]:
        """All tables as grids."""
        found = []
        for number, joined in enumerate(self._done, 1):
            rows = [[cell and without_leaders(cell) for cell in row] for row in joined.tables.rows]
            notes = []
            if joined.repeated:
                notes.append(f"the headings, repeated on {page_list(joined.repeated)}, were dropped there")
            if joined.mended:
                notes.append(f"a row parted by the page break was put together on {page_list(joined.mended)}")
            if joined.merged:
                notes.append(f"merged cells: {joined.merged} cells are covered; the text stands in the first of each")
            if mended := mend_numbers(rows):
                notes.append(f"numbers split by a space were put together in {mended} cells")
            name = joined.name or f"table {number}"
            found.append(Grid(name, page_list(joined.pages), rows, tuple(range(1, len(rows) + 1)), tuple(notes)))
        return tuple(found)


def _belongs(before: PageTable, table: PageTable) -> bool:
    """Whether a table at the head of a page goes on with the one that the page before ended with."""
    if before.ruled != table.ruled or len(before.edges) != len(table.edges) or not table.rows:
        return False
    same = _repeats(before, table) > 0
    if before.ruled:
        width = before.edges[-1] - before.edges[0]
        shift = before.edges[0] - table.edges[0]
        if any(abs(a - b - shift) > max(4.0, 0.012 * width) for a, b in zip(before.edges, table.edges, strict=True)):
            return False
        return same or not _has_headings(table) or not _has_headings(before)
    return same or (table.head == 0 and max(abs(a - b) for a, b in zip(before.edges, table.edges, strict=True)) < 30.0)


def _has_headings(table: PageTable) -> bool:
    """Whether the first row is headings: no value in it where values stand below."""
    first, rest = table.rows[0], table.rows[1:]
    if any(cell and is_value(cell) for cell in first) or sum(cell is not None for cell in first) < 0.5 * len(first):
        return False
    return any(
        sum(bool(row[c] and is_value(row[c] or "")) for row in rest) > 0.5 * len(rest)
        for c in range(len(first))
        if first[c]
    ) if rest else False  # fmt: skip


def _repeats(before: PageTable, table: PageTable) -> int:
    """How many rows at the head of a table are the headings of the one before."""
    count = 0
    for old, new in zip(before.rows[:4], table.rows[:4], strict=False):
        if _key(old) != _key(new) or any(cell and is_value(cell) and len(cell) > 4 for cell in new) or not any(new):
            break
        count += 1
    return count


def _key(row: Sequence[str | None]) -> list[str]:
    return ["".join((cell or "").split()) for cell in row]


def _append(joined: _Joined, table: PageTable, page: int) -> None:
    before = joined.tables
    repeated = _repeats(before, table)
    if repeated:
        joined.repeated.append(page)
    rows = table.rows[repeated:]
    if rows and _is_rest(before, rows[0], table):
        last = before.rows[-1]
        before.rows[-1] = [join_lines([a or "", b or ""]) or None for a, b in zip(last, rows[0], strict=True)]
        joined.mended.append(page)
        rows = rows[1:]
    before.rows.extend(rows)
    before.near = max(before.near, table.near)
    joined.merged += table.merged
    joined.pages.append(page)


def _is_rest(before: PageTable, row: Sequence[str | None], table: PageTable) -> bool:
    """Whether a row is the rest of the last one of the page before: no value, and no first cell where all have one."""
    if before.merged or table.merged or row[0] or not any(row) or len(before.rows) < 2:
        return False
    if any(cell and is_value(cell) for cell in row):
        return False
    last = before.rows[-1]
    if any(cell and not old for cell, old in zip(row, last, strict=True)):
        return False
    body = before.rows[1:]
    return sum(bool(other[0]) for other in body) >= 0.7 * len(body)
