"""Whether a table fits a declared layout, and if not quite, what differs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from idvtools.evidence.model import Check, Column, Table
from idvtools.evidence.printed import money
from idvtools.evidence.sites.declaring import Layout, plain

#: Names that a reader gives to a column that has none.
_NO_NAME = re.compile(r"(?:unnamed|column|col|field|列)?[\s_:]*\d*", re.IGNORECASE)
#: A heading longer than this is no heading, and not repeated in a message.
_HEADING = 40
_BLANK = ("", "-", "--", "/")


@dataclass(frozen=True, slots=True)
class Fit:
    """How a table fits a layout.

    Parameters
    ----------
    layout : Layout
    places : dict
        Key of a field to the place of its column.
    missing : tuple of str
        Headings that must be there and are not.
    renamed : tuple of (declared, found)
        A missing heading, and the unknown one that stands in its place.
    new : tuple of str
        Headings that the layout does not know.
    marked : bool
        A mark of the layout stands around the table.
    """

    layout: Layout
    places: dict[str, int]
    missing: tuple[str, ...]
    renamed: tuple[tuple[str, str], ...]
    new: tuple[str, ...]
    marked: bool

    @property
    def full(self) -> bool:
        """Nothing is missing, and it is this layout rather than another."""
        return not self.missing and (self.marked or self.layout.alone or self.layout.generic)

    @property
    def near(self) -> bool:
        """It is this layout, by its mark and most of its columns, but something is missing."""
        needed = sum(f.required for f in self.layout.fields) + bool(self.layout.any_of)
        return bool(self.missing) and self.marked and (needed - len(self.missing)) * 5 >= needed * 2

    @property
    def score(self) -> tuple[bool, int]:
        """By which of two layouts that fit the better one is told."""
        return self.marked, len(self.places)

    def differences(self) -> str:
        """Tell in plain English what differs from the declaration; empty if nothing does."""
        renamed = dict(self.renamed)
        said = [f"column {d} now seems to be called {f}" for d, f in self.renamed]
        said += [f"column {d} is missing" for d in self.missing if d not in renamed]
        said += [f"column {n} is new" for n in self.new if n not in renamed.values()]
        return "; ".join(said)


def fit(layout: Layout, table: Table, around: str, *, chosen: bool = False) -> Fit:
    """Compare the headings of a table with a layout; `around` is the text in which its marks are looked for.

    Examples
    --------
    >>> from idvtools.evidence.sites.wechat import LAYOUT
    >>> table = Table("", "", (Column("交易时间", "datetime"), Column("金额(元)", "amount")), ())
    >>> fit(LAYOUT, table, "").full
    False
    """
    best: dict[str, tuple[int, int]] = {}
    unknown: dict[int, str] = {}
    for place, column in enumerate(table.columns):
        known = layout.by_heading.get(plain(column.name))
        if known is None:
            if column.type != "empty" and not _NO_NAME.fullmatch(column.name):
                unknown[place] = column.name
        elif known[0].key not in best or known[1] < best[known[0].key][0]:
            best[known[0].key] = (known[1], place)
    places = {key: place for key, (_, place) in best.items()}
    missing = [f.names[0] for f in layout.fields if f.required and f.key not in places]
    if layout.any_of and not places.keys() & set(layout.any_of):
        missing.append("/".join(f.names[0] for f in layout.fields if f.key in layout.any_of))
    return Fit(
        layout,
        places,
        tuple(missing),
        tuple(_renamed(layout, places, unknown)),
        tuple(name if len(name) <= _HEADING else f"number {place + 1}" for place, name in unknown.items()),
        chosen or any(mark.lower() in around for mark in layout.marks),
    )


def _renamed(layout: Layout, places: dict[str, int], unknown: dict[int, str]) -> list[tuple[str, str]]:
    """Pair missing columns with unknown ones that stand between the same neighbours."""
    fields = layout.fields
    found = []
    for i, column in enumerate(fields):
        if not column.required or column.key in places:
            continue
        before = next((places[f.key] for f in reversed(fields[:i]) if f.key in places), -1)
        after = next((places[f.key] for f in fields[i + 1 :] if f.key in places), None)
        at = {p for p in (before + 1, None if after is None else after - 1) if p in unknown}
        if len(at) == 1 and len(name := unknown[at.pop()]) <= _HEADING:
            found.append((column.names[0], name))
    return found


def retype(table: Table, found: Fit) -> Table:
    """Give the columns the types that the layout declares, as far as every cell can hold them; say where not."""
    columns = list(table.columns)
    rows: Sequence[tuple[Any, ...]] = table.rows
    checks, warnings = [], []
    change: dict[int, Any] = {}
    for declared in found.layout.fields:
        place = found.places.get(declared.key)
        if place is None or columns[place].type in (declared.type, "empty"):
            continue
        name, was = columns[place].name, columns[place].type
        if declared.type == "text" and was in ("integer", "amount"):
            change[place] = _text
            if declared.key not in ("time", "description"):
                warnings.append(f"column {name} was read as numbers but holds ids; zeros before them may be lost")
        elif declared.type == "amount" and (was == "integer" or not (wrong := _wrong(rows, place))):
            change[place] = money
        elif declared.type == "amount":
            first = table.numbers[wrong[0]] if wrong[0] < len(table.numbers) else wrong[0] + 1
            checks.append(Check(f"type of {name}", False, f"{len(wrong)} cells are no amounts, first in row {first}"))
            continue
        elif declared.type in ("date", "datetime") and was not in ("date", "datetime"):
            checks.append(Check(f"type of {name}", False, "not all cells are dates"))
            continue
        else:
            continue
        columns[place] = Column(name, declared.type)
    if change:
        rows = [tuple(change[i](cell) if i in change else cell for i, cell in enumerate(row)) for row in rows]
    return replace(
        table, columns=tuple(columns), rows=rows, checks=(*table.checks, *checks), warnings=(*table.warnings, *warnings)
    )


def _text(cell: Any) -> str | None:
    return f"{cell:f}" if isinstance(cell, Decimal) else None if cell is None else str(cell)


def _wrong(rows: Sequence[tuple[Any, ...]], place: int) -> list[int]:
    """Rows whose cell would be lost as an amount: neither empty nor an amount without anything beside it."""
    return [
        r
        for r, row in enumerate(rows)
        if row[place] is not None and (money(row[place]) is None or "(" in str(row[place])[1:])
    ]
