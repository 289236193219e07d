"""What a file of evidence turns out to be: members, tables with types, text, and what could not be made sure of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd

#: What a file is, by its content.
Kind = Literal[
    "zip",
    "pdf",
    "xls",
    "xlsx",
    "office_encrypted",
    "html",
    "csv",
    "txt",
    "json",
    "xml",
    "png",
    "jpg",
    "empty",
    "unknown",
]
#: What the cells of a column are. ``text`` is what stays as it stands: ids and account numbers among it.
ColumnType = Literal["text", "amount", "integer", "date", "datetime", "empty"]
#: A cell as a reader finds it: the text that is shown, or the value that a spreadsheet holds.
Cell = str | int | float | Decimal | bool | date | datetime | None


@dataclass(frozen=True, slots=True)
class Grid:
    """A rectangle of cells as it stands in a file, before anybody knows where the table in it begins.

    Parameters
    ----------
    name : str
        Name of the sheet, of the table, or of the file.
    source : str
        Where in the file: ``sheet 1``, ``page 3``, ``table 2``; empty where the file is one grid.
    rows : sequence of sequences of Cell
        In order; rows may differ in length. None: nothing stands there.
    numbers : sequence of int
        Where each row stands: line of the text, row of the sheet (from 1); empty: 1, 2, 3 …
    warnings : tuple of str
        What the reader saw: a hidden sheet, merged cells, quotes that never end.
    """

    name: str
    source: str
    rows: Sequence[Sequence[Cell]] = field(repr=False)
    numbers: Sequence[int] = field(default=(), repr=False)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name as printed (made unique), and its type."""

    name: str
    type: ColumnType


@dataclass(frozen=True, slots=True)
class Check:
    """A check of a table against itself or against what the file prints: ``ok`` None where it cannot be made."""

    name: str
    ok: bool | None
    detail: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table with names and types.

    Parameters
    ----------
    name, source : str
        As `Grid` has them.
    columns : tuple of Column
        In order.
    rows : sequence of tuples
        Cells by the column's type: text, `Decimal`, `int`, `date`, `datetime`; None: empty. A cell that its column's
        type cannot hold makes the column ``text``; nothing is ever dropped.
    header_row : int or None
        Where the header stands (as `Grid.numbers`), None where there is none.
    numbers : sequence of int
        Where each row stands.
    preamble, footer : tuple of str
        The lines before the header and after the last row, cells joined with a space, empty ones left out.
    checks : tuple of Check
        What was checked.
    warnings : tuple of str
        What the reader could not be sure of.
    layout : str or None
        The known layout that it fits.
    """

    name: str
    source: str
    columns: tuple[Column, ...]
    rows: Sequence[tuple[Any, ...]] = field(repr=False)
    header_row: int | None = None
    numbers: Sequence[int] = field(default=(), repr=False)
    preamble: tuple[str, ...] = field(default=(), repr=False)
    footer: tuple[str, ...] = field(default=(), repr=False)
    checks: tuple[Check, ...] = ()
    warnings: tuple[str, ...] = ()
    layout: str | None = None

    def with_checks(self, *checks: Check) -> Table:
        """The same table with more checks."""
        return replace(self, checks=(*self.checks, *checks))

    def column(self, place: int) -> Sequence[Any]:
        """The cells of one column, in order; of a large table, without making its rows.

        Examples
        --------
        >>> Table("", "", (Column("a", "text"), Column("b", "integer")), [("x", 1), ("y", None)]).column(1)
        [1, None]
        """
        large = getattr(self.rows, "column", None)
        if large is not None:
            cells: Sequence[Any] = large(place)
            return cells
        return [row[place] for row in self.rows]

    def to_pandas(self) -> pd.DataFrame:
        """A DataFrame: text as ``string``, integers as ``Int64``, amounts as `Decimal`, dates as `datetime.date`.

        Integers that 64 bits cannot hold stay Python's. A datetime is a ``datetime64``; with zones, or with a year
        that pandas cannot hold, it stays Python's.

        Examples
        --------
        >>> Table("", "", (Column("n", "integer"),), [(1,), (None,)]).to_pandas()["n"].dtype
        Int64Dtype()
        """
        import pandas as pd  # noqa: PLC0415

        large = getattr(self.rows, "to_pandas", None)
        if large is not None:  # rows that lie in Arrow make their frame without a detour through tuples
            made: pd.DataFrame = large(self.columns)
            return made
        cells = zip(*self.rows, strict=True) if self.rows else [()] * len(self.columns)
        return pd.DataFrame(
            {c.name: series(list(column), c.type) for c, column in zip(self.columns, cells, strict=True)}
        )


def series(cells: list[Any], kind: ColumnType) -> pd.Series[Any]:
    """A column for pandas, in the type that loses nothing."""
    import pandas as pd  # noqa: PLC0415

    if kind in ("text", "empty"):
        return pd.Series(cells, dtype="string")
    if kind == "integer" and all(c is None or -(2**63) <= c < 2**63 for c in cells):
        return pd.Series(cells, dtype="Int64")
    if kind == "datetime":
        return pd.Series(cells)
    return pd.Series(cells, dtype=object)


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive: its path through all archives (``outer.zip!inner/a.csv``), and what is wrong with it."""

    path: str
    kind: Kind
    size: int
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What one reader makes of one file that is no archive.

    Parameters
    ----------
    grids : tuple of Grid
        Rectangles in which tables are looked for.
    text : str
        The text of the file where it is not a table (a PDF's pages, a page of HTML).
    encoding : str or None
        How its text was decoded.
    runner_up : str or None
        The encoding that it could have been as well.
    metadata : tuple of pairs
        What the file says of itself: title, author, pages.
    warnings : tuple of str
        What the reader could not be sure of.
    """

    grids: tuple[Grid, ...] = ()
    text: str = field(default="", repr=False)
    encoding: str | None = None
    runner_up: str | None = None
    metadata: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
