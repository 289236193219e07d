"""Whether a table fits a declared layout, and if not quite, what differs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from idvtools.evidence.model import Column, Table
from idvtools.evidence.sites.declaring import Field, Layout, plain

#: Names that a reader gives to a column that has none.
_NO_NAME = re.compile(r"(?:unnamed|column|col|field|列)?[\s_:]*\d*", re.IGNORECASE)
#: A heading longer than this is no heading, and not repeated in a message.
_HEADING = 40
#: Columns that a reader made out of another's cells.
_MADE = ("_refund", "_note")
#: Types that a column of one declaration can come in; any other is text.
_SORT = {"amount": "figure", "integer": "figure", "date": "day", "datetime": "day"}


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
    gone : tuple of str
        Headings without which it can do, that an exact layout has.
    renamed : tuple of (declared, found)
        A missing heading, and the unknown one that stands in its place.
    new : tuple of str
        Headings that the layout does not know.
    moved : tuple of str
        Headings that stand elsewhere than in an exact layout.
    marked : bool
        A mark of the layout stands around the table.
    """

    layout: Layout
    places: dict[str, int]
    missing: tuple[str, ...]
    gone: tuple[str, ...]
    renamed: tuple[tuple[str, str], ...]
    new: tuple[str, ...]
    moved: tuple[str, ...]
    marked: bool

    @property
    def full(self) -> bool:
        """Nothing is missing, and it is this layout rather than another."""
        return not self.missing and (self.marked or self.layout.alone or self.layout.generic)

    @property
    def near(self) -> bool:
        """It is this layout, by its mark and half of its columns or by nearly all of them, but something is missing.

        Two columns are too few to tell anything by, and where more differs than agrees it is another document.
        """
        needed = sum(f.required for f in self.layout.fields) + bool(self.layout.any_of)
        there = needed - len(self.missing)
        enough = there * 2 >= needed if self.marked else self.layout.alone and there * 5 >= needed * 4
        alike = self.count * 2 <= len(self.layout.fields)
        return bool(self.missing) and not self.layout.generic and needed > 2 and enough and alike

    @property
    def order(self) -> tuple[int, bool, bool, int]:
        """By which the better of two is told: what differs least, is complete, has its mark, explains most columns."""
        return self.count, not self.full, not self.marked, -len(self.places)

    @property
    def count(self) -> int:
        """How many things differ; a generic layout knows nothing of other columns."""
        if self.layout.generic:
            return len(self.missing)
        return len(self.missing) + len(self.gone) + len(self.new) - len(self.renamed) + len(self.moved)

    def differences(self) -> str:
        """Tell in plain English what differs from the declaration; empty if nothing does."""
        renamed = dict(self.renamed)
        said = [f"column {d} now seems to be called {f}" for d, f in self.renamed]
        said += [f"column {d} is missing" for d in (*self.missing, *self.gone) if d not in renamed]
        said += [f"column {n} is new" for n in self.new if n not in renamed.values()]
        said += [f"column {n} stands elsewhere" for n in self.moved]
        return "; ".join(said)


def fit(layout: Layout, table: Table, around: str, *, chosen: bool = False) -> Fit:
    """Compare the headings of a table with a layout; `around` is the text in which its marks are looked for.

    Examples
    --------
    >>> from idvtools.evidence.sites.wechat import BILL
    >>> table = Table("", "", (Column("交易时间", "datetime"), Column("金额(元)", "amount")), ())
    >>> fit(BILL, table, "").full
    False
    """
    best: dict[str, tuple[int, int]] = {}
    unknown: dict[int, Column] = {}
    for place, column in enumerate(table.columns):
        known = layout.by_heading.get(plain(column.name))
        if known is None:
            if column.type != "empty" and not _NO_NAME.fullmatch(column.name) and not column.name.endswith(_MADE):
                unknown[place] = column
        elif known[0].key not in best or known[1] < best[known[0].key][0]:
            best[known[0].key] = (known[1], place)
    places = {key: place for key, (_, place) in best.items()}
    other = _other_way(layout, places)
    lacking = [f for f in layout.fields if f.key not in places and (f.required or layout.exact or f is other)]
    renamed = _renamed(layout, lacking, places, unknown)
    missing = [f.names[0] for f in lacking if f.required or (f is other and f.names[0] in dict(renamed))]
    if layout.any_of and not places.keys() & set(layout.any_of):
        missing.append("/".join(f.names[0] for f in layout.fields if f.key in layout.any_of))
    return Fit(
        layout,
        places,
        tuple(missing),
        tuple(f.names[0] for f in lacking if not f.required and f is not other),
        tuple(renamed),
        tuple(_shown(place, column) for place, column in unknown.items()),
        tuple(_shown(place, table.columns[place]) for place in _moved(layout, places)),
        chosen or any(mark.lower() in around for mark in layout.marks),
    )


def _shown(place: int, column: Column) -> str:
    """Name a column; what is too long is no heading, and may be anything."""
    return column.name if len(column.name) <= _HEADING else f"number {place + 1}"


def _other_way(layout: Layout, places: dict[str, int]) -> Field | None:
    """Find the column that is missed where money goes one way only: half of the rows would have no amount."""
    there = places.keys() & {"debit", "credit"}
    if "amount" in places or len(there) != 1:
        return None
    return next((f for f in layout.fields if f.key in ("debit", "credit") and f.key not in there), None)


def _renamed(
    layout: Layout, lacking: Sequence[Field], places: dict[str, int], unknown: dict[int, Column]
) -> list[tuple[str, str]]:
    """Pair missing columns with unknown ones that can hold the same and stand between the same neighbours."""
    fields = layout.fields
    found: list[tuple[str, str]] = []
    for column in lacking if not layout.generic else ():
        i = fields.index(column)
        before = next((places[f.key] for f in reversed(fields[:i]) if f.key in places), -1)
        after = next((places[f.key] for f in fields[i + 1 :] if f.key in places), None)
        can = [p for p, other in unknown.items() if _like(column, other) and len(other.name) <= _HEADING]
        at = [p for p in can if p in (before + 1, None if after is None else after - 1)]
        if not at and len(lacking) == 1 and len(unknown) == 1:  # wherever it stands, it is the only one that can be
            at = can
        if len(at) == 1 and (name := unknown[at[0]].name) not in dict(found).values():
            found.append((column.names[0], name))
    return found


def _like(declared: Field, column: Column) -> bool:
    """Tell whether a column can be one of the declared type: amounts, days or something else."""
    return _SORT.get(declared.type) == _SORT.get(column.type)


def _moved(layout: Layout, places: dict[str, int]) -> list[int]:
    """Find the fewest columns without which the others stand in the declared order."""
    if not layout.exact:
        return []
    found = [places[f.key] for f in layout.fields if f.key in places]
    runs: list[tuple[int, ...]] = [()]  # the longest rising run that ends with each column
    for place in found:
        before = max((run for run in runs if not run or run[-1] < place), key=len)
        runs.append((*before, place))
    kept: tuple[int, ...] = max(runs, key=len)
    return sorted(set(found) - set(kept))
