"""A text log as Arrow lines with their numbers, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from idvtools.records.files import CHUNK_BYTES, SourceFile, read_chunks
from idvtools.records.rejects import Rejects

_BATCH = 32_768
_NEWLINE = 10
_BOM = b"\xef\xbb\xbf"


def _newlines(data: bytes) -> np.ndarray:
    view = np.frombuffer(data, dtype=np.uint8)
    step = 1 << 22  # the comparison's result should stay in the processor's cache
    found = [np.flatnonzero(view[i : i + step] == _NEWLINE) + i for i in range(0, len(view), step)]
    return np.concatenate(found) if found else np.empty(0, dtype=np.int64)


def read_lines(source: SourceFile, rejects: Rejects, size: int = CHUNK_BYTES) -> Iterator[pa.Table]:
    """Lines of a log, as tables with the columns `line` (text) and `number` (counted from 1).

    Lines end with LF; a CR before it is white space to JSON. Each line is UTF-8 or, failing that,
    GB18030; one that is neither is rejected. Empty lines stay in, so that numbers are right.
    """
    rest = b""
    number = 1
    first = True
    for piece in read_chunks(source, size):
        data = rest + piece
        if first:
            data, first = data.removeprefix(_BOM), False
        ends = _newlines(data)
        if not len(ends):
            rest = data
            continue
        cut = int(ends[-1]) + 1
        rest = data[cut:]
        yield _table(data, ends, number, source, rejects)
        number += len(ends)
    if rest:
        yield _table(rest, np.array([len(rest) - 1]), number, source, rejects)


def _table(data: bytes, ends: np.ndarray, number: int, source: SourceFile, rejects: Rejects) -> pa.Table:
    offsets = np.zeros(len(ends) + 1, dtype=np.int64)
    offsets[1:] = ends + 1
    raw = pa.Array.from_buffers(pa.large_binary(), len(ends), [None, pa.py_buffer(offsets), pa.py_buffer(data)])
    try:
        text = raw.cast(pa.large_string())
    except pa.ArrowInvalid:
        text = pa.array(
            [_decode(v, number + i, source, rejects) for i, v in enumerate(raw.to_pylist())], pa.large_string()
        )
    numbers = pa.array(np.arange(number, number + len(ends), dtype=np.int64))
    table = pa.table({"line": text, "number": numbers})
    return pa.Table.from_batches(table.to_batches(max_chunksize=_BATCH), table.schema)


def _decode(value: bytes, number: int, source: SourceFile, rejects: Rejects) -> str | None:
    for encoding in ("utf-8", "gb18030"):
        try:
            return value.decode(encoding)
        except UnicodeDecodeError:
            continue
    rejects.add(source.name, number, "the line is neither UTF-8 nor GB18030 text")
    return None
