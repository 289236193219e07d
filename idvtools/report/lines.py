"""Rows of text made column by column: what the CSV and the Excel writer have in common."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


def join(*parts: pa.Array | str, separator: str = "") -> pa.Array:
    """The parts of each row joined into a large_string array; a null part makes its row null.

    Parameters
    ----------
    *parts : pyarrow.Array of large_string, or str
        Columns, and texts that are the same in every row. At least one is an array.

    Examples
    --------
    >>> join("<", pa.array(["a", None], pa.large_string()), ">").to_pylist()
    ['<a>', None]
    """
    texts = [pa.scalar(part, pa.large_string()) if isinstance(part, str) else part for part in (*parts, separator)]
    return pc.binary_join_element_wise(*texts)


def text_bytes(rows: pa.Array) -> memoryview:
    """The UTF-8 bytes of a large_string array without nulls, one value straight after the other.

    Examples
    --------
    >>> bytes(text_bytes(pa.array(["x", "ab", "c"], pa.large_string())[1:]))
    b'abc'
    """
    offsets, data = rows.buffers()[1:]
    ends = memoryview(offsets).cast("q")
    return memoryview(data)[ends[rows.offset] : ends[rows.offset + len(rows)]]
