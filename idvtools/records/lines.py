"""A text log as Arrow lines with their numbers, in bounded memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from idvtools.errors import RecordsError
from idvtools.records.embedded import LONGEST, LongLine
from idvtools.records.encodings import decode_line, decode_lines
from idvtools.records.files import CHUNK_BYTES
from idvtools.records.rejects import Rejects
from idvtools.records.streams import Stream, ahead

_BATCH = 32_768
_NEWLINE = 10
#: Lines of a table: what is read of each takes memory, however short it is.
_MOST = 400_000
TOO_LONG = f"the line is longer than {LONGEST >> 20} MB"


class Lines(NamedTuple):
    """Lines of a log: a table with the columns `line` (text, null where it cannot be decoded) and `number` (from 1).

    Of a line too long to be held the table has the JSON objects in it instead, all with its number. `position` tells
    how far the file was read on the disk for them.
    """

    table: pa.Table
    of_long_line: bool = False
    position: int = 0


@dataclass
class Reading:
    """What is noticed while lines are read."""

    rejects: Rejects
    encodings: Counter[str] = field(default_factory=Counter)


def _newlines(data: bytes) -> np.ndarray:
    view = np.frombuffer(data, dtype=np.uint8)
    step = 1 << 22  # the comparison's result should stay in the processor's cache
    found = [np.flatnonzero(view[i : i + step] == _NEWLINE) + i for i in range(0, len(view), step)]
    return np.concatenate(found) if found else np.empty(0, dtype=np.int64)


def read_lines(
    stream: Stream, reading: Reading, size: int = CHUNK_BYTES, *, search_long: bool = False
) -> Iterator[Lines]:
    """Lines of a log, in tables of about `size` bytes.

    Lines end with LF; a CR before it is white space to JSON. Each line is UTF-8 or, failing that, GB18030; one that
    is neither is rejected, and so is one of more than 16 MB, unless it is searched for JSON objects. Empty lines are
    left out.

    Raises
    ------
    RecordsError
        The file cannot be read, or only in part: after all lines that could be read.
    """
    splitter = _Splitter(stream.name, reading, search_long)
    problem: RecordsError | None = None
    try:
        for piece in ahead(stream.pieces(size)):
            position = stream.positions.popleft()
            for lines in splitter.feed(piece):
                yield lines._replace(position=position)
    except RecordsError as error:
        problem = error  # what stands in front of the damage may be a whole line
    for lines in splitter.end():
        yield lines._replace(position=stream.read)
    if problem is not None:
        raise problem


class _Splitter:
    def __init__(self, name: str, reading: Reading, search_long: bool) -> None:
        self.name, self.reading, self.search_long = name, reading, search_long
        self.rest, self.number = b"", 1
        self.long: LongLine | None = None
        self.found = False

    def feed(self, piece: bytes) -> Iterator[Lines]:
        if self.long is not None:
            cut = piece.find(b"\n")
            yield from self._objects(piece[: cut if cut >= 0 else len(piece)], last=cut >= 0)
            if cut < 0:
                return
            piece = piece[cut + 1 :]
        data = self.rest + piece
        ends = _newlines(data)
        cut = int(ends[-1]) + 1 if len(ends) else 0
        self.rest = data[cut:]
        if len(ends):
            yield from self._table(data, ends)
        if len(self.rest) > LONGEST:
            rest, self.rest = self.rest, b""
            yield from self._begin_long(rest, last=False)

    def end(self) -> Iterator[Lines]:
        if self.long is not None:
            yield from self._objects(b"", last=True)
        elif self.rest:
            yield from self._table(self.rest, np.array([len(self.rest) - 1]))

    def _table(self, data: bytes, ends: np.ndarray) -> Iterator[Lines]:
        offsets = np.zeros(len(ends) + 1, dtype=np.int64)
        offsets[1:] = ends + 1
        first = self.number
        numbers = np.arange(first, first + len(ends), dtype=np.int64)
        raw = pa.Array.from_buffers(pa.large_binary(), len(ends), [None, pa.py_buffer(offsets), pa.py_buffer(data)])
        self.number = first + len(ends)
        lengths = np.diff(offsets)
        filled = lengths > 1
        if not filled.all() and data[-1:] == b"\n":  # nothing but a line's end; a file of them packs a thousandfold
            raw, numbers, lengths = raw.filter(pa.array(filled)), numbers[filled], lengths[filled]
            if not len(raw):
                return
        text = self._decoded(raw, data, numbers)
        long = lengths > LONGEST
        if long.any():
            text = pa.compute.if_else(pa.array(long), pa.scalar(None, pa.large_string()), text)
        table = pa.table({"line": text, "number": pa.array(numbers)})
        for begin in range(0, len(table), _MOST):
            part = table.slice(begin, _MOST)
            yield Lines(pa.Table.from_batches(part.to_batches(max_chunksize=_BATCH), part.schema))
        for number in numbers[long].tolist():
            self.number, i = number, number - first
            yield from self._begin_long(data[offsets[i] : offsets[i + 1]], last=True, counted=True)
        self.number = first + len(ends)

    def _decoded(self, raw: pa.Array, data: bytes, numbers: np.ndarray) -> pa.Array:
        try:
            text = raw.cast(pa.large_string())
        except pa.ArrowInvalid:
            pass
        else:
            self.reading.encodings["ascii" if data.isascii() else "utf-8"] += len(raw)
            return text
        texts = []
        mostly_utf8 = self.reading.encodings["utf-8"] > self.reading.encodings["gb18030"]
        values = [value if len(value) <= LONGEST else b"" for value in raw.to_pylist()]
        for (line, encoding), number in zip(decode_lines(values, utf8=mostly_utf8), numbers.tolist(), strict=True):
            texts.append(line)
            self.reading.encodings[encoding] += 1
            if encoding == "":
                self.reading.rejects.add(self.name, number, "the line is neither UTF-8 nor GB18030 text")
        return pa.array(texts, pa.large_string())

    # ---- a line too long to be held

    def _begin_long(self, data: bytes, *, last: bool, counted: bool = False) -> Iterator[Lines]:
        self.long, self.found = LongLine(lambda part: decode_line(part, utf8=True)[0]), False
        if not counted:  # in its table it stands as a null, here nothing else tells that there is such a line
            yield Lines(pa.table({"line": pa.nulls(1, pa.large_string()), "number": pa.array([self.number])}))
        yield from self._objects(data, last=last)

    def _objects(self, data: bytes, *, last: bool) -> Iterator[Lines]:
        assert self.long is not None
        found = self.long.feed(data, last=last) if self.search_long else []
        if found:
            numbers = pa.array(np.full(len(found), self.number, dtype=np.int64))
            table = pa.table({"line": pa.array(found, pa.large_string()), "number": numbers})
            yield Lines(table, of_long_line=True)
            self.found = True
        if last:
            if not self.found:
                self.reading.rejects.add(self.name, self.number, TOO_LONG)
            self.long = None
            self.number += 1
