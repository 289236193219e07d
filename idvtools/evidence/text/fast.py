"""Large delimited text: read all as text by Arrow, typed after; whatever is unusual goes back to the exact way.

The head (preamble and header) and the tail (totals, notes) are still read by `delimited` and `tables`; Arrow reads what
lies between. What comes out is the same table: rows that the exact way would look at twice (titles, totals, repeated
headers) are looked for in whole columns, and where there are some, the exact way is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from idvtools.evidence.limits import Budget
from idvtools.evidence.model import Cell, Column, Grid, Table
from idvtools.evidence.tables.footers import TOTAL_WORDS, footer_start, is_total
from idvtools.evidence.tables.grids import NO_HEADER, lines_of, names_for, next_header, nothing_read, same
from idvtools.evidence.tables.headers import Header, Row, filled, find_header, is_label
from idvtools.evidence.tables.naming import PADDING
from idvtools.evidence.tables.selfchecks import self_checks
from idvtools.evidence.text.arrowbody import Body, read_body
from idvtools.evidence.text.arrowrows import ArrowColumn, LargeGridRows, LargeRows
from idvtools.evidence.text.arrowtypes import Typed, typed
from idvtools.evidence.text.delimited import Cleaned, cleaned_rows, find_delimiter, one_column
from idvtools.evidence.text.quoting import split_lines, split_records

_HEAD = 256 << 10
_TAIL_LINES = 60
_LINES = 200
#: Rows that may need a closer look, beyond which the exact way looks at all.
_DOUBTFUL = 2_000
#: Cells in Arrow take an eighth of the room, and of the time, of others.
_LIGHT = 8
#: What no text has: for a file of one column.
_NO_DELIMITER = "\x1f"


@dataclass(frozen=True, slots=True)
class _Parts:
    """A large text, cut: rows before the data, the data in Arrow, rows behind it; and the lines where they stand."""

    head: Cleaned
    header: Header
    header_line: int | None
    body: Body
    first_line: int
    tail: Cleaned
    tail_lines: list[int]


def read_large(data: bytes, name: str, budget: Budget) -> Grid | None:
    """Read a large text by Arrow; None where something is unusual and it has to be read the exact way.

    Parameters
    ----------
    data : bytes
        The whole file in UTF-8, without NULs.
    name : str
        For the grid.
    budget : Budget
        Cells and time.
    """
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    parts = _parts(data, budget)
    if parts is None:
        return None
    table = _to_table(parts, name, budget)
    if table is None:
        return None
    return Grid(name, "", LargeGridRows(parts.head.rows, _raw(parts.body.table), parts.tail.rows, table))


def _parts(data: bytes, budget: Budget) -> _Parts | None:
    head_end = data.find(b"\n", _HEAD) + 1
    lines = split_lines(data[:head_end].decode("utf-8"))
    middle = data.find(b"\n", len(data) // 2) + 1
    more = data[middle : middle + _HEAD].split(b"\n")[:_LINES]
    delimiter, expected = find_delimiter([*lines[:_LINES], *(line.decode("utf-8", "replace") for line in more)])
    if delimiter is None and one_column(lines) is not None and _NO_DELIMITER.encode() not in data:
        delimiter, expected = _NO_DELIMITER, 1
    if not head_end or delimiter is None or len(delimiter.encode()) != 1:
        return None
    records = split_records(lines, delimiter, expected, budget)
    head = cleaned_rows(records.rows, budget)
    header = find_header(head.rows)
    if header is None or records.stray or head.ticked or header.end >= len(head.rows):
        return None
    first_line = records.numbers[header.end]
    start, stop = _line_start(data, first_line), _end(data)
    for _ in range(_TAIL_LINES):
        stop = data.rfind(b"\n", start, stop)
        if stop < 0:
            return None
    stop += 1
    width = len(records.rows[header.end])
    view = pa.py_buffer(data).slice(start, stop - start)
    quoted = data.find(b'"', start, stop) >= 0
    body = read_body(view, delimiter, width, quoted=quoted)
    ends = split_records(split_lines(data[stop:].decode("utf-8")), delimiter, expected, budget)
    if body is None or ends.stray or any(len(row) > body.table.num_columns for row in ends.rows):
        return None
    rows = body.table.num_rows
    budget.take_cells(rows * body.table.num_columns // _LIGHT)
    behind = first_line + (data.count(b"\n", start, stop) if quoted else rows) - 1
    return _Parts(
        head=cleaned_rows(records.rows[: header.end], budget),
        header=header,
        header_line=records.numbers[header.end - 1] if header.end > header.start else None,
        body=body,
        first_line=first_line,
        tail=cleaned_rows(ends.rows, budget),
        tail_lines=[behind + number for number in ends.numbers],
    )


def _end(data: bytes) -> int:
    """Where the blank lines at the end begin."""
    end = len(data)
    while end and data[end - 1] == 10:
        end -= 1
    return end


def _line_start(data: bytes, line: int) -> int:
    at = 0
    for _ in range(line - 1):
        at = data.index(b"\n", at) + 1
    return at


def _raw(body: pa.Table) -> LargeRows:
    return LargeRows([ArrowColumn("text", body.column(i)) for i in range(body.num_columns)], body.num_rows)


def _to_table(parts: _Parts, name: str, budget: Budget) -> Table | None:
    """The table, as `tables` would make it; None where it has to."""
    named = sum(bool(name) for name in parts.header.names)
    tail = [at for at, row in enumerate(parts.tail.rows) if filled(row)]
    data = tail[: footer_start(parts.tail.rows, tail, named or len(parts.header.names))]
    with ThreadPoolExecutor(4) as pool:  # Arrow lets go of the lock while it works
        trimmed = list(pool.map(_trimmed, parts.body.table.columns))
    if not data or any(t.formulas for t in trimmed):
        return None
    more = [parts.tail.rows[at] for at in data]
    columns = [_with(t.cells, [row[i] if i < len(row) else None for row in more]) for i, t in enumerate(trimmed)]
    budget.tick()
    if _unusual(columns, parts, named):
        return None
    names, extra = _names(parts, columns, more)
    count = len(columns[0])
    columns += [pa.chunked_array([pa.nulls(count, pa.string())])] * (len(names) - len(columns))
    numbers = _numbers(parts, data)

    def one(i: int) -> Typed | None:
        budget.tick()
        return typed(names[i], columns[i], numbers, budget.tick)

    with ThreadPoolExecutor(4) as pool:
        found = [made for made in pool.map(one, range(len(names))) if made is not None]
    if len(found) < len(names):
        return None
    padded = parts.head.padded + parts.tail.padded + sum(t.padded for t in trimmed)
    warnings = [*Cleaned(parts.head.rows, padded, *_quoted(parts)).notes(), *extra]
    if not named:
        warnings.append(NO_HEADER)
    warnings += [words for made in found for words in made.warnings]
    if nothing := sum(made.nothing for made in found):
        warnings.append(nothing_read(nothing))
    table = Table(
        name=name,
        source="",
        columns=tuple(Column(own, made.column.type) for own, made in zip(names, found, strict=True)),
        rows=LargeRows([made.column for made in found], count),
        header_row=parts.header_line,
        numbers=numbers,
        preamble=lines_of(parts.head.rows, range(parts.header.start)),
        footer=lines_of(parts.tail.rows, tail[len(data) :]),
        warnings=tuple(dict.fromkeys(warnings)),
    )
    budget.tick()
    return table.with_checks(*self_checks(table, [parts.tail.rows[at] for at in tail[len(data) :]]))


def _quoted(parts: _Parts) -> tuple[int, int]:
    return parts.head.formulas + parts.tail.formulas, parts.head.quoted + parts.tail.quoted


@dataclass(frozen=True, slots=True)
class _Trimmed:
    cells: pa.ChunkedArray
    padded: int
    formulas: bool


def _trimmed(raw: pa.ChunkedArray) -> _Trimmed:
    """Cells without padding, None for empty ones; how many had some, and whether one may be quoted otherwise."""
    chunks, padded, formulas = [], 0, False
    for chunk in raw.chunks:  # piece by piece, that the memory of each can be used again
        cells = pc.utf8_trim(chunk, characters=PADDING)
        lengths, before = pc.binary_length(cells), pc.binary_length(chunk)
        formulas = formulas or any(pc.any(pc.starts_with(cells, sign)).as_py() for sign in ('="', "'"))
        if pc.sum(lengths).as_py() == pc.sum(before).as_py():
            cells = chunk
        else:
            padded += pc.sum(pc.and_(pc.greater(before, lengths), pc.greater(lengths, 0))).as_py()
        if pc.min(lengths).as_py() == 0:
            cells = pc.if_else(pc.equal(lengths, 0), pa.scalar(None, pa.string()), cells)
        chunks.append(cells)
    return _Trimmed(pa.chunked_array(chunks, pa.string()), padded, formulas)


def _with(cells: pa.ChunkedArray, more: list[Cell]) -> pa.ChunkedArray:
    return pa.chunked_array([*cells.chunks, pa.array(more, pa.string())])


def _row(columns: Sequence[pa.ChunkedArray], at: int) -> tuple[Cell, ...]:
    return tuple(column[at].as_py() for column in columns)


def _unusual(columns: Sequence[pa.ChunkedArray], parts: _Parts, named: int) -> bool:
    """Whether rows among the data are none: blank ones, titles, totals, repeated headers, another table's header."""
    heading = [parts.head.rows[i] for i in range(parts.header.start, parts.header.end)]
    if any(same(_row(columns, at), heading) for at in _repeating(columns, heading) if named):
        return True
    if named > 2:
        totals = _totals(columns)
        if len(totals) > _DOUBTFUL or any(is_total(_row(columns, at)) for at in totals):
            return True
    fill = np.zeros(len(columns[0]), np.int32)
    for column in columns:
        fill += column.is_valid().to_numpy() if column.null_count else 1
    if not fill.all():
        return True
    alone = np.flatnonzero(fill == 1) if len(columns) > 1 else np.empty(0, np.int64)
    if len(alone) > _DOUBTFUL:
        return True
    return any(named and _title(columns, int(at), heading, named) for at in alone)


def _repeating(columns: Sequence[pa.ChunkedArray], heading: Sequence[Row]) -> list[int]:
    """Rows that begin as the header does."""
    found: list[int] = []
    for line in heading:
        first = filled(line)[:1]
        if first and first[0] < len(columns):
            found += np.flatnonzero(_mask(pc.equal(columns[first[0]], str(line[first[0]])))).tolist()
    return found[: _DOUBTFUL + 1]


def _totals(columns: Sequence[pa.ChunkedArray]) -> list[int]:
    """Rows whose first cell begins with a word for a total."""
    found: list[int] = []
    empty: np.ndarray | None = None
    for column in columns[:4]:
        hits = _mask(pc.match_substring_regex(column, TOTAL_WORDS, ignore_case=True))
        found += np.flatnonzero(hits if empty is None else hits & empty).tolist()
        if not column.null_count:
            break
        missing = column.is_null().to_numpy()
        empty = missing if empty is None else empty & missing
    return found


def _mask(found: pa.ChunkedArray) -> np.ndarray:
    mask: np.ndarray = pc.fill_null(found, False).to_numpy()
    return mask


def _title(columns: Sequence[pa.ChunkedArray], at: int, heading: Sequence[Row], named: int) -> bool:
    """Whether a row of one cell is a title of what follows, or what follows is another table."""
    count = len(columns[0])
    row = _row(columns, at)
    if named > 2 and row[0] is not None and is_label(row[0]):
        return True
    near = [_row(columns, i) for i in range(at, min(at + 8, count))]
    above = [_row(columns, i) for i in range(max(at - 5, 0), at)]
    return next_header([*above, *near], len(above), heading[-1], above) is not None


def _names(parts: _Parts, columns: Sequence[pa.ChunkedArray], more: Sequence[Row]) -> tuple[list[str], tuple[str, ...]]:
    """Names for all columns; what is to be said where rows have more fields than the header."""
    own = len(parts.header.names)
    beyond = columns[own:]
    used = max((i + 1 for i, c in enumerate(columns) if i >= own and c.null_count < len(c)), default=0)
    longer = parts.body.longer(own) + sum(len(row) > own for row in more)
    over = 0
    if used:
        some = np.zeros(len(columns[0]), bool)
        for column in beyond:
            some |= column.is_valid().to_numpy()
        over = int(some.sum())
    return names_for(parts.header.names, longer, used, over)


def _numbers(parts: _Parts, data: Sequence[int]) -> Sequence[int]:
    """The line in which each row begins."""
    count = parts.body.table.num_rows
    behind = [parts.tail_lines[at] for at in data]
    if parts.tail_lines[0] - parts.first_line == count:
        if behind == list(range(behind[0], behind[0] + len(behind))):
            return range(parts.first_line, parts.first_line + count + len(behind))
        return (*range(parts.first_line, parts.first_line + count), *behind)
    inside = np.zeros(count, np.int64)  # line ends within the cells of each row
    for column in parts.body.table.columns:
        inside += pc.count_substring(column, "\n").to_numpy()
    lines = parts.first_line + np.arange(count) + np.concatenate(([0], np.cumsum(inside)[:-1]))
    return (*lines.tolist(), *behind)
