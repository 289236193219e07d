"""CSV exports of a table in which a back end keeps the messages it received: one column holds the body."""

from __future__ import annotations

import csv
import json
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import NamedTuple

import pyarrow as pa

from idvtools.records.finding import NOTHING, Finder, header_name, looks_packed
from idvtools.records.lines import Reading, read_lines
from idvtools.records.streams import Stream

_FIELD_LIMIT = 16 << 20
_BATCH = 20_000
_SAMPLE = 50
_SEP = re.compile("sep=.", re.IGNORECASE)  # for Excel
_TIMES = (
    "received_at", "receive_time", "received_time", "recv_time", "notify_time", "callback_time", "created_at",
    "create_time", "gmt_create", "insert_time", "timestamp", "time", "ts", "date",
    "接收时间", "通知时间", "回调时间", "创建时间", "时间",
)  # fmt: skip
_HEADERS = ("headers", "header", "request_headers", "http_headers", "请求头")
#: Rows: number of the first line, received_at, headers (JSON), body.
Row = tuple[int, str | None, str | None, str]


def read_export(stream: Stream, reading: Reading, finder: Finder) -> Iterator[tuple[pa.Table, int]]:
    """Bodies out of an export, in tables for `NotificationReader.bodies`, and how many rows there were.

    The columns are found by what stands in them: the body is the cell with a message in it, the time and the headers
    are told by the names of their columns. A row whose cells do not fit the header is searched as text.

    Raises
    ------
    RecordsError
        The file cannot be read, or only in part: after all rows that could be read.
    """
    rows: list[Row] = []
    count = 0
    source = _Rows(stream, reading)
    for number, cells, raw in source:
        if cells.header:
            continue
        count += 1
        if (row := body_of_row(number, cells.cells, cells.names, raw, finder)) is not None:
            rows.append(row)
        else:
            reading.rejects.add(stream.name, number, NOTHING)
        if count >= _BATCH:
            yield table_of_rows(rows), count
            rows, count = [], 0
    if count or source.undecoded:
        yield table_of_rows(rows), count + source.undecoded


class _Line(NamedTuple):
    number: int
    text: str


@dataclass
class _Cells:
    cells: list[str]
    names: list[str] = field(default_factory=list)
    header: bool = False


def body_of_row(number: int, cells: Sequence[str], names: Sequence[str], raw: str, finder: Finder) -> Row | None:
    """The row of a table of messages: its body, time and headers; None where nothing looks like a message.

    `cells` that do not fit the `names` of the columns are searched as they stand in `raw`.
    """
    if len(cells) != len(names):
        return (number, None, None, raw) if finder.may_hold(raw) else None
    candidates = [c for c in cells if finder.may_hold(c)]
    body = next((c for c in candidates if looks_packed(c)), candidates[0] if candidates else None)
    if body is None:
        return None
    named = dict(zip(names, cells, strict=True))
    stamp = next((named[n] for n in _TIMES if named.get(n, "").strip()), None)
    return number, stamp and stamp.strip().replace("/", "-"), _headers(named, finder), body


def _headers(named: dict[str, str], finder: Finder) -> str | None:
    for name in _HEADERS:
        if named.get(name, "").strip():
            return named[name]
    plain = {header_name(n): v for n, v in named.items() if v}
    found = {h: plain[h] for h in finder.headers if h in plain}
    return json.dumps(found) if found else None


def table_of_rows(rows: Sequence[Row]) -> pa.Table:
    """Rows for `NotificationReader.bodies`."""
    numbers, times, headers, bodies = zip(*rows, strict=True) if rows else ((), (), (), ())
    return pa.table(
        {
            "number": pa.array(numbers, pa.int64()),
            "received_at": pa.array(times, pa.string()),
            "logged_at": pa.nulls(len(rows), pa.string()),
            "headers": pa.array(headers, pa.large_string()),
            "line": pa.array(bodies, pa.large_string()),
        }
    )


class _Rows:
    """Rows with the number of their first line; a quote that does not close costs its own line only."""

    def __init__(self, stream: Stream, reading: Reading) -> None:
        self._stream, self._reading = stream, reading
        self._lines = self._physical()
        self._again: deque[_Line] = deque()
        self._taken: list[_Line] = []
        self.undecoded = 0

    def _physical(self) -> Iterator[_Line]:
        for lines in read_lines(self._stream, self._reading):
            texts = lines.table["line"]
            self.undecoded += texts.null_count
            for number, text in zip(lines.table["number"].to_pylist(), texts.to_pylist(), strict=True):
                yield _Line(number, text or "\n")

    def __iter__(self) -> Iterator[tuple[int, _Cells, str]]:
        first = self._next_line()
        while first is not None and (not first.text.strip() or _SEP.fullmatch(first.text.strip())):
            first = self._next_line()
        if first is None:
            return
        sample = [first]
        while len(sample) < _SAMPLE and (line := self._next_line()) is not None:
            sample.append(line)
        self._again = deque(sample)
        dialect = _dialect(first.text, [line.text for line in sample[1:]])
        names: list[str] | None = None
        csv.field_size_limit(_FIELD_LIMIT)
        while True:
            self._taken = []
            try:
                cells = next(csv.reader(self._feed(), dialect))
            except StopIteration:
                return
            except csv.Error:
                start, lost = self._taken[0]
                self._again.extendleft(reversed(self._taken[1:]))
                names = names or []
                yield start, _Cells([lost]), lost
                continue
            start, raw = self._taken[0].number, "".join(line.text for line in self._taken)
            if not raw.strip():
                continue
            if names is None:
                header = not any("{" in c for c in cells)
                names = [c.strip().lower() for c in cells] if header else []
                yield start, _Cells(cells, names, header), raw
            else:
                yield start, _Cells(cells, names), raw

    def _feed(self) -> Iterator[str]:
        """The lines of a row; the empty ones that `read_lines` leaves out are put back where they stand in a cell."""
        while (line := self._next_line()) is not None:
            empty = line.number - self._taken[-1].number - 1 if self._taken else 0
            self._taken.append(line)
            yield from repeat("\n", empty)
            yield line.text

    def _next_line(self) -> _Line | None:
        return self._again.popleft() if self._again else next(self._lines, None)


def _dialect(header: str, rows: Sequence[str]) -> type[csv.Dialect]:
    class Found(csv.excel):
        delimiter = max(",;\t|", key=header.count)
        strict = True

    if any('{\\"' in r for r in rows) and not any('{""' in r for r in rows):  # as MySQL exports
        Found.doublequote, Found.escapechar = False, "\\"
    return Found
