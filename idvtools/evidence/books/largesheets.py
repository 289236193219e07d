"""Large plain sheets by column: types decided from arrays, cells made into Python values when they are asked for.

Whatever is unusual (a blank row, a total between the rows, numbers and text in one column) goes back to the exact way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, overload

import pyarrow as pa
import pyarrow.compute as pc

from idvtools.evidence.books.cells import TOO_LONG, number, other
from idvtools.evidence.limits import Budget
from idvtools.evidence.model import Cell, Column, Grid, Table, series
from idvtools.evidence.tables.columns import NOTHING, as_text, rule
from idvtools.evidence.tables.footers import TOTAL_WORDS, footer_start, is_total
from idvtools.evidence.tables.grids import lines_of, nothing_read
from idvtools.evidence.tables.headers import filled, find_header, unique
from idvtools.evidence.tables.naming import clean, names_id, names_money
from idvtools.evidence.tables.printed import way
from idvtools.evidence.tables.selfchecks import self_checks

if TYPE_CHECKING:
    import pandas as pd

#: Rows among which the header of a large sheet stands.
HEAD = 150
_TAIL = 60
_BATCH = 10_000
#: Single rows that are made without making whole columns.
_FEW = 2_000
_PLACEHOLDER = re.compile(r"(?:Column|列|Unnamed: ?)\d+")
_PADDING = " \t\r\n\f\v\u00a0\u3000\ufeff\u200b"


@dataclass(frozen=True, slots=True)
class LargeColumn:
    """The cells of a column below the header: text, numbers or moments, and what makes a cell of one of them."""

    cells: pa.Array
    make: Callable[[Any], Cell] | None = None
    moments: Literal["date", "datetime"] | None = None


def column_of_values(values: Sequence[Any]) -> LargeColumn | None:
    """A column of what calamine gives, None where its cells are of several sorts.

    Examples
    --------
    >>> column_of_values([1.5, "", 2.0]).cells.to_pylist(), column_of_values([1.5, "a"])
    ([1.5, None, 2.0], None)
    """
    kinds = set(map(type, values))
    if kinds == {str}:
        return LargeColumn(no_blanks(pa.array(values, pa.string())))
    if str in kinds:
        values = [None if v == "" else v for v in values]
        kinds = set(map(type, values))
    kinds -= {type(None)}
    if kinds and kinds <= {float, int}:
        return LargeColumn(pa.array(values, pa.float64()), number)
    if kinds == {date}:
        return LargeColumn(pa.array(values, pa.date32()), None, "date")
    if kinds and kinds <= {date, datetime}:
        moments = [other(v) if type(v) is datetime else v and datetime.combine(v, time()) for v in values]
        return LargeColumn(pa.array(moments, pa.timestamp("us")), None, "datetime")
    return None if kinds else LargeColumn(pa.nulls(len(values), pa.string()))


def no_blanks(cells: pa.Array) -> pa.Array:
    """Texts of which the empty ones are none."""
    empty = pc.equal(cells, "")
    return pc.if_else(empty, pa.scalar(None, pa.string()), cells) if pc.any(empty).as_py() else cells


class SheetRows(Sequence[tuple[Any, ...]]):
    """Rows over arrays of cells: a column becomes Python values when the first of them is asked for."""

    def __init__(self, cells: Sequence[pa.Array], make: Sequence[Callable[[Any], Any] | None]) -> None:
        self._cells, self._make = cells, make
        self._made: dict[int, list[Any]] = {}
        self._asked = 0

    def __len__(self) -> int:
        return len(self._cells[0])

    def column(self, i: int) -> list[Any]:
        """The cells of a column as Python values."""
        made = self._made.get(i)
        if made is None:
            made = self._made[i] = _values(self._cells[i], self._make[i])
        return made

    @overload
    def __getitem__(self, at: int) -> tuple[Any, ...]: ...
    @overload
    def __getitem__(self, at: slice) -> list[tuple[Any, ...]]: ...
    def __getitem__(self, at: int | slice) -> Any:
        if not isinstance(at, slice):
            places = range(len(self))[at : at + 1 or None]
            if not places:
                raise IndexError(at)
            return self._some(places)[0]
        return self._some(range(len(self))[at])

    def _some(self, places: range) -> list[tuple[Any, ...]]:
        """Rows at these places; where few were asked for till now, no column is made for them."""
        self._asked += len(places)
        if self._asked > _FEW:
            return [*zip(*([self.column(i)[p] for p in places] for i in range(len(self._cells))), strict=True)]
        which = pa.array(places, pa.int64())
        return [*zip(*(_values(c.take(which), m) for c, m in zip(self._cells, self._make, strict=True)), strict=True)]

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return zip(*(self.column(i) for i in range(len(self._cells))), strict=True)

    def to_pandas(self, columns: Sequence[Column]) -> pd.DataFrame:
        """A DataFrame: text without a copy, the other columns made now."""
        import pandas as pd  # noqa: PLC0415

        made = {}
        for i, column in enumerate(columns):
            arrow = self._make[i] is None and self._cells[i].type == pa.string()
            cells: Any = pd.array(self._cells[i], dtype="string") if arrow else self.column(i)
            made[column.name] = pd.Series(cells) if arrow else series(cells, column.type)
        return pd.DataFrame(made)


def _values(cells: pa.Array, make: Callable[[Any], Any] | None) -> list[Any]:
    if make is None:
        made: list[Any] = cells.to_pylist()
        return made
    coded = cells.dictionary_encode()
    if len(coded.dictionary) * 2 > len(cells):
        return [None if v is None else make(v) for v in cells.to_pylist()]
    values = [*map(make, coded.dictionary.to_pylist()), None]
    return [values[i] for i in coded.indices.fill_null(-1).to_pylist()]


class LargeSheet(Sequence[Sequence[Cell]]):
    """The rows of a large sheet: those up to the header as they are, the others by column."""

    def __init__(self, head: Sequence[Sequence[Cell]], columns: Sequence[LargeColumn]) -> None:
        self.head = head
        self.columns = columns
        self.rows = SheetRows([c.cells for c in columns], [c.make for c in columns])

    def __len__(self) -> int:
        return len(self.head) + len(self.rows)

    @overload
    def __getitem__(self, at: int) -> Sequence[Cell]: ...
    @overload
    def __getitem__(self, at: slice) -> list[Sequence[Cell]]: ...
    def __getitem__(self, at: int | slice) -> Any:
        if isinstance(at, slice):
            return [self[i] for i in range(*at.indices(len(self)))]
        at = at + len(self) if at < 0 else at
        return self.head[at] if at < len(self.head) else self.rows[at - len(self.head)]

    def __iter__(self) -> Iterator[Sequence[Cell]]:
        yield from self.head
        yield from self.rows

    def to_table(self, grid: Grid, budget: Budget) -> Table | None:
        """The table, or None where it has to be made the exact way."""
        head = [tuple(clean(c) if isinstance(c, str) else c for c in row) for row in self.head]
        header = find_header([*head, *self.rows[:20]])
        if header is None or header.end != len(head) or len(header.names) != len(self.columns):
            return None
        if any(isinstance(cell, str) and _PLACEHOLDER.fullmatch(cell) for cell in head[0]):
            return None
        columns = [replace(c, cells=_cleaned(c.cells)) for c in self.columns]
        shown = LargeSheet(head, columns)
        named = len([name for name in header.names if name])
        body = _body(shown, named)
        if body is None or _odd_rows(columns, [head[i] for i in range(header.start, header.end)], body):
            return None
        footer = [row for row in shown.rows[body : len(shown.rows)] if filled(row)]
        numbers = grid.numbers[len(head) : len(head) + body]
        made = []
        for name, column in zip(unique(header.names), columns, strict=True):
            budget.tick()
            decided = _decided(name, replace(column, cells=column.cells[:body]), numbers)
            if decided is None:
                return None
            made.append(decided)
        nothing = sum(m.nothing for m in made)
        warnings = [*grid.warnings, *(w for m in made for w in m.warnings)]
        if nothing:
            warnings.append(nothing_read(nothing))
        table = Table(
            name=grid.name,
            source=grid.source,
            columns=tuple(m.column for m in made),
            rows=SheetRows([m.cells for m in made], [m.make for m in made]),
            header_row=grid.numbers[header.end - 1],
            numbers=numbers,
            preamble=lines_of(head, range(header.start)),
            footer=lines_of(footer, range(len(footer))),
            warnings=tuple(dict.fromkeys(warnings)),
        )
        return table.with_checks(*self_checks(_to_check(table, made), footer))


def large_sheet(
    rows: Iterator[Sequence[Any]], cleaned: Callable[[Sequence[Any]], list[Cell]], budget: Budget
) -> LargeSheet | None:
    """The rows of a library by column, some thousand at a time; None where they are not plain enough."""
    top = list(islice(rows, HEAD))
    head = [cleaned(row) for row in top]
    header = find_header([tuple(clean(c) if isinstance(c, str) else c for c in row) for row in head])
    if header is None or header.end == header.start or header.end >= len(top):
        return None
    pieces: list[list[LargeColumn]] = []
    some = [*top[header.end :], *islice(rows, _BATCH)]
    while some:
        budget.tick()
        made = [column_of_values(values) for values in zip(*some, strict=True)]
        if any(column is None or too_long(column) for column in made):
            return None
        pieces.append([column for column in made if column is not None])
        some = list(islice(rows, _BATCH))
    columns = [_joined(column) for column in zip(*pieces, strict=True)]
    kept = [column for column in columns if column is not None]
    return LargeSheet(head[: header.end], kept) if len(kept) == len(columns) else None


def _joined(pieces: Sequence[LargeColumn]) -> LargeColumn | None:
    """The pieces of a column as one; None where they are of several sorts."""
    filled_ones = [p for p in pieces if p.cells.null_count < len(p.cells)]
    kinds = {p.moments or p.cells.type for p in filled_ones}
    if not filled_ones:
        return LargeColumn(pa.nulls(sum(len(p.cells) for p in pieces), pa.string()))
    if len(kinds) > 1 and not kinds <= {"date", "datetime"}:
        return None
    first = next((p for p in filled_ones if p.moments == "datetime"), filled_ones[0])
    return replace(first, cells=pa.concat_arrays([p.cells.cast(first.cells.type) for p in pieces]))


def too_long(column: LargeColumn) -> bool:
    """Whether a number in it has more digits than a spreadsheet keeps, or is none."""
    if column.cells.type != pa.float64():
        return False
    ends = pc.min_max(column.cells).as_py()
    return ends["min"] is not None and not -TOO_LONG < ends["min"] <= ends["max"] < TOO_LONG


def _cleaned(cells: pa.Array) -> pa.Array:
    if cells.type != pa.string():
        return cells
    padded = pc.not_equal(cells, pc.utf8_trim(cells, characters=_PADDING))
    odd = pc.or_(padded, pc.starts_with(cells, '="'))
    if not pc.any(odd).as_py():
        return cells
    coded = cells.dictionary_encode()
    return pa.array([clean(text) for text in coded.dictionary.to_pylist()], pa.string()).take(coded.indices)


def _body(sheet: LargeSheet, named: int) -> int | None:
    """How many rows are data, the last of them followed by nothing but totals and notes."""
    count = len(sheet.rows)
    first = max(count - _TAIL, 0)
    tail = sheet.rows[first:count]
    places = [i for i, row in enumerate(tail) if filled(row)]
    last = footer_start(tail, places, named or len(sheet.columns))
    return first + places[last - 1] + 1 if last else None


def _odd_rows(columns: Sequence[LargeColumn], heading: Sequence[Sequence[Cell]], body: int) -> bool:
    """Whether a row may be a title, a total, or the header again."""
    count: Any = 0
    for i, column in enumerate(columns):
        cells = column.cells[:body]
        count = pc.add(count, pc.cast(pc.is_valid(cells), pa.int32()))
        if cells.type != pa.string():
            continue
        if any(pc.any(pc.equal(cells, line[i])).as_py() for line in heading if isinstance(line[i], str)):
            return True
        if i < 4:
            words = pc.unique(cells.filter(pc.match_substring_regex(cells, TOTAL_WORDS, ignore_case=True)))
            if any(is_total((word,)) for word in words.to_pylist()):
                return True
    return bool(pc.min(count).as_py() < min(2, len(columns)))


class _Lazy(Sequence[Any]):
    """Rows for checks, which look at few of the columns."""

    def __init__(self, rows: SheetRows) -> None:
        self._rows, self._count = rows, len(rows)

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return [self[i] for i in range(*at.indices(self._count))]
        if not -self._count <= at < self._count:
            raise IndexError(at)
        return _LazyRow(self._rows.column, at)

    def __iter__(self) -> Iterator[Any]:
        column = self._rows.column
        return (_LazyRow(column, at) for at in range(self._count))


class _LazyRow:
    __slots__ = ("_at", "_column")

    def __init__(self, column: Callable[[int], list[Any]], at: int) -> None:
        self._column, self._at = column, at

    def __getitem__(self, i: int) -> Any:
        return self._column(i)[self._at]


def _to_check(table: Table, made: Sequence[_Made]) -> Table:
    """The table as the checks need it: no text in it but what may tell the direction of money."""
    columns = [
        c if c.type != "text" or m.directs else Column(c.name, "empty")
        for c, m in zip(table.columns, made, strict=True)
    ]
    rows: Any = _Lazy(table.rows) if isinstance(table.rows, SheetRows) else table.rows
    return replace(table, columns=tuple(columns), rows=rows)


@dataclass(frozen=True, slots=True)
class _Made:
    column: Column
    cells: pa.Array
    make: Callable[[Any], Any] | None
    warnings: tuple[str, ...] = ()
    nothing: int = 0
    directs: bool = False


def _decided(name: str, column: LargeColumn, numbers: Sequence[int]) -> _Made | None:
    """A column with its type, as `columns.decide` would have it; None where that has something to say."""
    cells = column.cells
    if cells.null_count == len(cells):
        return _Made(Column(name, "empty"), cells, None)
    if cells.type == pa.string():
        return _text(name, cells, numbers)
    if column.moments:
        return _Made(Column(name, column.moments), cells, column.make)
    if names_id(name):
        return _Made(Column(name, "text"), cells, lambda v: as_text(number(v)))
    if not names_money(name) and pc.all(pc.equal(cells, pc.floor(cells))).as_py():
        return _Made(Column(name, "integer"), cells, int)
    return _Made(Column(name, "amount"), cells, lambda v: Decimal(number(v) or 0))


def _text(name: str, cells: pa.Array, numbers: Sequence[int]) -> _Made | None:
    counted = pc.value_counts(cells)
    counts = dict(zip(counted.field(0).to_pylist(), counted.field(1).to_pylist(), strict=True))
    counts.pop(None, None)
    ruling = rule(name, counts, cells.to_pylist, numbers)
    if ruling.refunds or ruling.currencies:
        return None
    if ruling.type == "text":
        return _Made(Column(name, "text"), cells, None, ruling.warnings, directs=_directs(counts, len(cells)))
    nothing = sum(n for text, n in counts.items() if text in NOTHING)
    return _Made(Column(name, ruling.type), cells, ruling.values.get, ruling.warnings, nothing)


def _directs(counts: Mapping[str, int], rows: int) -> bool:
    """Whether a column may say which way the money goes: the checks look at each of its cells then."""
    left = rows // 10
    for text, count in counts.items():
        if way(text) is None:
            left -= count
            if left < 0:
                return False
    return True
