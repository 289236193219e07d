"""Large delimited text: read all as text by Arrow, typed after; whatever is unusual goes back to the exact way.

The head (preamble and header) and the tail (totals, notes) are still read by `delimited` and `tables`; Arrow only reads
what lies between. Cells become Python values when they are asked for, so that text that nobody looks at costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, overload

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from idvtools.evidence.columns import decide
from idvtools.evidence.dates import readings
from idvtools.evidence.delimited import cleaned_rows, find_delimiter
from idvtools.evidence.footers import footer_start
from idvtools.evidence.headers import filled, find_header, unique
from idvtools.evidence.limits import Budget
from idvtools.evidence.model import Cell, Check, Column, Grid, Table
from idvtools.evidence.naming import names_id
from idvtools.evidence.printed import printed
from idvtools.evidence.quoting import split_lines, split_records

if TYPE_CHECKING:
    import pandas as pd

_HEAD = 256 << 10
_TAIL_LINES = 60
_BATCH = 20_000
#: Distinct cells of a column up to which each is looked at by itself.
_DISTINCT = 20_000
_PLAIN = r"^(?:[-+]?\d{1,15}(?:\.\d{1,12})?)?$"
_WHOLE = r"^(?:[-+]?(?:0|[1-9]\d{0,14}))?$"
_STAMP = r"^(?:\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d)?$"


class LargeRows(Sequence[tuple[Any, ...]]):
    """Rows over Arrow columns; each cell becomes a Python value when it is asked for."""

    def __init__(self, columns: Sequence[pa.ChunkedArray], convert: Sequence[Callable[[str], Any] | None]) -> None:
        self._table = pa.table(list(columns), names=[str(i) for i in range(len(columns))])
        self._convert = list(convert)

    def __len__(self) -> int:
        return int(self._table.num_rows)

    @overload
    def __getitem__(self, at: int) -> tuple[Any, ...]: ...
    @overload
    def __getitem__(self, at: slice) -> list[tuple[Any, ...]]: ...
    def __getitem__(self, at: int | slice) -> Any:
        if isinstance(at, slice):
            start, stop, step = at.indices(len(self))
            return [self[i] for i in range(start, stop, step)] if step != 1 else self._made(start, max(stop - start, 0))
        at = at + len(self) if at < 0 else at
        if not 0 <= at < len(self):
            raise IndexError(at)
        return self._made(at, 1)[0]

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        for start in range(0, len(self), _BATCH):
            yield from self._made(start, _BATCH)

    def _made(self, start: int, count: int) -> list[tuple[Any, ...]]:
        part = self._table.slice(start, count)
        columns = [_values(part.column(i).to_pylist(), convert) for i, convert in enumerate(self._convert)]
        return list(zip(*columns, strict=True))

    def to_pandas(self, columns: Sequence[Column]) -> pd.DataFrame:
        """A DataFrame: text without a copy, the other columns made now."""
        import pandas as pd  # noqa: PLC0415

        series = {}
        for i, column in enumerate(columns):
            cells = self._table.column(i)
            convert = self._convert[i]
            if convert is None:
                series[column.name] = pd.Series(pd.array(cells, dtype="string"))
            else:
                kept: Any = object if column.type in ("amount", "date") else None
                series[column.name] = pd.Series(_values(cells.to_pylist(), convert), dtype=kept)
        return pd.DataFrame(series)


def _values(cells: list[str | None], convert: Callable[[str], Any] | None) -> list[Any]:
    if convert is None:
        return cells
    known: dict[str, Any] = {}
    for cell in cells:
        if cell is not None and cell not in known:
            known[cell] = convert(cell)
    return [None if cell is None else known[cell] for cell in cells]


@dataclass(frozen=True, slots=True)
class _Parts:
    """A large grid: rows before the data, the data in Arrow, rows behind it."""

    head: list[tuple[Cell, ...]]
    body: pa.Table
    tail: list[tuple[Cell, ...]]
    first_line: int
    lined: bool


class LargeGridRows(Sequence[tuple[Cell, ...]]):
    """The rows of a large grid; `to_table` makes the table of them without looking at each."""

    def __init__(self, parts: _Parts) -> None:
        self._parts = parts
        width = parts.body.num_columns
        self._body = LargeRows([parts.body.column(i) for i in range(width)], [None] * width)

    def __len__(self) -> int:
        return len(self._parts.head) + len(self._body) + len(self._parts.tail)

    @overload
    def __getitem__(self, at: int) -> tuple[Cell, ...]: ...
    @overload
    def __getitem__(self, at: slice) -> list[tuple[Cell, ...]]: ...
    def __getitem__(self, at: int | slice) -> Any:
        if isinstance(at, slice):
            return [self[i] for i in range(*at.indices(len(self)))]
        at = at + len(self) if at < 0 else at
        head, body = len(self._parts.head), len(self._body)
        if at < head:
            return self._parts.head[at]
        return self._body[at - head] if at < head + body else self._parts.tail[at - head - body]

    def __iter__(self) -> Iterator[tuple[Cell, ...]]:
        yield from self._parts.head
        yield from self._body
        yield from self._parts.tail

    def to_table(self, grid: Grid, budget: Budget) -> Table | None:
        """The table, or None where it has to be made the exact way."""
        return _to_table(self._parts, grid, budget)


def read_large(text: str, name: str, budget: Budget) -> Grid | None:
    """Read a large text by Arrow; None where something is unusual and it has to be read the exact way.

    Parameters
    ----------
    text : str
        The whole file.
    name : str
        For the grid.
    budget : Budget
        Cells and time.
    """
    head_end = text.find("\n", _HEAD) + 1
    delimiter, expected = find_delimiter(split_lines(text[:head_end])[:400])
    if not head_end or delimiter is None or len(delimiter.encode()) != 1:
        return None
    records = split_records(split_lines(text[:head_end]), delimiter, expected, budget)
    head, _ = cleaned_rows(records.rows, budget)
    header = find_header(head)
    if header is None or header.end == header.start or records.stray or header.end >= len(head):
        return None
    first_line = records.numbers[header.end]
    start = _offset(text, first_line)
    stop = len(text.rstrip("\r\n"))
    for _ in range(_TAIL_LINES):
        stop = text.rfind("\n", start, stop)
        if stop < 0:
            return None
    stop += 1
    width = max(len(row) for row in records.rows[header.end - 1 :])
    body = _arrow(text[start:stop].encode(), delimiter, width, quoted='"' in text)
    if body is None:
        return None
    tail_records = split_records(split_lines(text[stop:]), delimiter, expected, budget)
    if tail_records.stray:
        return None
    tail, _ = cleaned_rows(tail_records.rows, budget)
    budget.take_cells(body.num_rows * width)
    lined = body.num_rows == text.count("\n", start, stop)
    parts = _Parts(head[: header.end], body, tail, first_line, lined)
    return Grid(name, "", LargeGridRows(parts), (), ())


def _offset(text: str, line: int) -> int:
    at = 0
    for _ in range(line - 1):
        at = text.index("\n", at) + 1
    return at


def _arrow(data: bytes, delimiter: str, width: int, *, quoted: bool) -> pa.Table | None:
    """The lines as columns of text; None where a row has another number of fields."""
    names = [str(i) for i in range(width)]
    odd: list[int] = []

    def seen(_: Any) -> str:
        odd.append(1)
        return "error"

    try:
        return pacsv.read_csv(
            pa.py_buffer(data),
            read_options=pacsv.ReadOptions(column_names=names, block_size=4 << 20),
            parse_options=pacsv.ParseOptions(
                delimiter=delimiter, newlines_in_values=quoted, ignore_empty_lines=False, invalid_row_handler=seen
            ),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False, check_utf8=False
            ),
        )
    except pa.ArrowInvalid:
        return None


@dataclass(frozen=True, slots=True)
class _Made:
    cells: pa.ChunkedArray
    column: Column
    convert: Callable[[str], Any] | None
    warnings: tuple[str, ...] = ()
    padded: bool = False


def _to_table(parts: _Parts, grid: Grid, budget: Budget) -> Table | None:
    header = find_header(parts.head + [tuple(row.values()) for row in parts.body.slice(0, 20).to_pylist()])
    if header is None or header.end != len(parts.head):
        return None
    width = parts.body.num_columns
    names = unique([*header.names, *([None] * (width - len(header.names)))])
    tail = list(range(len(parts.tail)))
    tail = [at for at in tail if filled(parts.tail[at])]
    data = tail[: footer_start(parts.tail, tail, sum(bool(n) for n in header.names))]
    more = [[parts.tail[at][i] if i < len(parts.tail[at]) else None for at in data] for i in range(width)]

    def one(i: int) -> _Made | None:
        budget.tick()
        return _column(names[i], pa.chunked_array([*parts.body.column(i).chunks, pa.array(more[i], pa.string())]))

    with ThreadPoolExecutor(4) as pool:  # Arrow lets go of the lock while it works
        found = list(pool.map(one, range(width)))
    made = [m for m in found if m is not None]
    if len(made) < width:
        return None
    padded = sum(m.padded for m in made)
    count = parts.body.num_rows + len(data)
    lines = range(parts.first_line, parts.first_line + count) if parts.lined and data == list(range(len(data))) else ()
    warnings = [w for m in made for w in m.warnings]
    if padded:
        warnings.append(f"{padded} columns had spaces or tabs around their cells, which were taken off")
    if not lines:
        warnings.append("rows are not single lines; their line numbers are not told")
    table = Table(
        name=grid.name,
        source=grid.source,
        columns=tuple(m.column for m in made),
        rows=LargeRows([m.cells for m in made], [m.convert for m in made]),
        header_row=parts.first_line - 1,
        numbers=lines,
        preamble=_lines(parts.head[: header.start]),
        footer=_lines([parts.tail[at] for at in tail[len(data) :]]),
        warnings=(*grid.warnings, *warnings),
    )
    says = printed((*table.preamble, *table.footer))
    if says.count is not None:
        table = table.with_checks(Check("row count", says.count == count, f"{says.count} printed, {count} read"))
    if says.groups or says.totals:
        table = table.with_checks(Check("printed totals", None, "not compared in a table this large"))
    return table


def _lines(rows: Sequence[Sequence[Cell]]) -> tuple[str, ...]:
    return tuple(" ".join(str(c) for c in row if c is not None) for row in rows if filled(row))


def _column(name: str, cells: pa.ChunkedArray) -> _Made | None:
    """A column: its type by a sample, then held against all of its cells."""
    raw, cells = cells, pc.utf8_trim_whitespace(cells)
    padded = pc.sum(pc.binary_length(raw)).as_py() != pc.sum(pc.binary_length(cells)).as_py()
    made = _typed(name, cells)
    return replace(made, padded=True) if made is not None and padded else made


def _typed(name: str, cells: pa.ChunkedArray) -> _Made | None:  # noqa: PLR0911  # a case a type
    step = max(len(cells) // 1_500, 1)
    sample = cells.slice(0, 500).to_pylist() + cells.take(pa.array(range(0, len(cells), step))).to_pylist()
    if any(c and c[0] in "=`'" and len(c) > 1 for c in sample):
        return None
    guess = decide(name, [c or None for c in sample], ())
    empty = pc.equal(cells, "")
    nulled = pc.if_else(empty, pa.scalar(None, pa.string()), cells)
    if guess.type == "text" and (names_id(name) or not guess.warnings):
        return _Made(nulled, Column(name, "text"), None)
    if guess.type == "empty" and nulled.null_count == len(nulled):
        return _Made(nulled, Column(name, "empty"), None)
    if guess.type == "integer" and _all(cells, _WHOLE):
        return _Made(nulled, Column(name, "integer"), int)
    if guess.type == "amount" and _all(cells, _PLAIN) and not guess.warnings:
        return _Made(nulled, Column(name, "amount"), Decimal)
    if guess.type == "datetime" and not guess.warnings and _all(cells, _STAMP) and _stamps(nulled):
        return _Made(nulled, Column(name, "datetime"), lambda t: readings(t)["YMD"])
    return _by_distinct(name, nulled)


def _all(cells: pa.ChunkedArray, pattern: str) -> bool:
    return bool(pc.all(pc.match_substring_regex(cells, pattern)).as_py())


def _stamps(cells: pa.ChunkedArray) -> bool:
    plain = pc.replace_substring(cells, "T", " ")
    parsed = pc.strptime(plain, format="%Y-%m-%d %H:%M:%S", unit="s", error_is_null=True)
    return bool(parsed.null_count == cells.null_count)


def _by_distinct(name: str, cells: pa.ChunkedArray) -> _Made | None:
    """A column of few different cells (dates above all), decided exactly by looking at each of them."""
    different = pc.unique(cells).to_pylist()
    if len(different) > _DISTINCT:
        return None
    decision = decide(name, different, ())
    if decision.refunds is not None:
        return None
    # places in the list of different cells are no places in the file
    warnings = tuple(w.partition(" (row")[0] for w in decision.warnings)
    if decision.type in ("text", "empty"):
        return _Made(cells, Column(name, decision.type), None, warnings)
    values = dict(zip(different, decision.cells, strict=True))
    return _Made(cells, Column(name, decision.type), values.__getitem__, warnings)
