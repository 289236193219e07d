"""A CSV file as text columns with line numbers: nothing is guessed, converted or lost."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from idvtools.errors import RecordsError
from idvtools.records.files import SourceFile, read_all
from idvtools.records.rejects import Rejects

_FIELD_LIMIT = 16 << 20
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class CsvTable:
    """Rows of a CSV file: every column text, null where a cell is empty; `lines` counts from 1.

    `header` names all columns of the file, those that were not wanted included.
    """

    columns: pa.Table
    lines: pa.Array
    header: list[str]
    encoding: str


def shown(names: Iterable[str]) -> str:
    """Column names for a message: only what can be one, for a file without a header has data in its place.

    Examples
    --------
    >>> shown(["da_id", "110101199001011234"])
    'da_id, …'
    """
    return ", ".join(
        n if re.fullmatch(r"(?!.*[0-9]{5})[A-Za-z_][A-Za-z0-9_]{0,29}", n, re.ASCII) else "…" for n in names
    )


def read_csv(source: SourceFile, rejects: Rejects, wanted: Collection[str] | None = None) -> CsvTable:
    """Read a CSV file (comma, double quotes, a header line).

    Parameters
    ----------
    wanted : collection of str, optional
        Columns to read where the file has them; all if not given.

    Raises
    ------
    RecordsError
        Neither UTF-8 nor GB18030; empty; a column named twice; a quote that never closes.

    Notes
    -----
    A row with more or fewer fields than the header names is rejected and counted, not padded.
    """
    data = read_all(source)
    encoding = "utf-8"
    table = _read_plain(data.removeprefix(_BOM), wanted)
    if table is None:
        text, encoding = _decode(data, source)
        if not text.strip():
            raise RecordsError("the file is empty; not even a header line", file=source.name)
        if encoding != "utf-8":
            table = _read_plain(text.encode("utf-8"), wanted)
        if table is None:
            table = _read_carefully(text, source, rejects)
    columns, lines, header = table
    if repeated := sorted({n for n in header if n and header.count(n) > 1}):
        raise RecordsError(f"the header names {shown(repeated)} more than once", file=source.name, row=1)
    return CsvTable(columns, lines, header, encoding)


def _decode(data: bytes, source: SourceFile) -> tuple[str, str]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return text, "utf-8" if encoding == "utf-8-sig" else encoding
    raise RecordsError("the file is neither UTF-8 nor GB18030 text", file=source.name)


def _read_plain(data: bytes, wanted: Collection[str] | None) -> tuple[pa.Table, pa.Array, list[str]] | None:
    """The quick way, for UTF-8 in which a row is a line; None where that is not certain.

    Blank lines, line breaks inside quotes and ragged rows all make fewer rows than lines; a lone CR,
    which would make more, is excluded. So equal numbers mean that row n stands in line n + 1.
    """
    start = data.find(b"\n") + 1
    names = [n.strip() for n in data[: max(start - 1, 0)].decode("utf-8", "replace").split(",")]
    chosen = [n for n in names if wanted is None or n in wanted]
    if not 0 < start < len(data) or not chosen or '"' in "".join(names):
        return None
    lone_cr = data.count(b"\r") != data.count(b"\r\n")
    # Quotes around nothing are harmless; any others are read with care.
    quoted = b'"' in data and data.count(b'"') != 2 * data.count(b',"",')
    if lone_cr or quoted or b"\0" in data or not all(names) or len(set(names)) != len(names):
        return None
    try:
        table = pacsv.read_csv(
            pa.py_buffer(data).slice(start),
            read_options=pacsv.ReadOptions(column_names=names),
            convert_options=pacsv.ConvertOptions(
                column_types={n: pa.string() for n in names},
                null_values=[""],
                strings_can_be_null=True,
                include_columns=chosen,
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowKeyError):
        return None
    rows = data.count(b"\n") - (1 if data.endswith(b"\n") else 0)
    if len(table) != rows:
        return None
    return table, pa.array(np.arange(2, rows + 2, dtype=np.int64)), names


def _read_carefully(text: str, source: SourceFile, rejects: Rejects) -> tuple[pa.Table, pa.Array, list[str]]:
    """Row by row, for everything else: quotes, blank lines, ragged rows."""
    csv.field_size_limit(_FIELD_LIMIT)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    names: list[str] | None = None
    rows: list[list[str]] = []
    lines: list[int] = []
    while True:
        start = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            break
        except csv.Error:
            raise RecordsError(
                "broken quoting: a double quote opens in this row and does not close as it should",
                file=source.name,
                row=start,
            ) from None
        if not any(cell.strip() for cell in row):
            continue
        if names is None:
            names = [cell.strip() for cell in row]
        elif len(row) != len(names):
            rejects.add(source.name, start, f"{len(row)} fields, the header names {len(names)}")
        else:
            rows.append(row)
            lines.append(start)
    if names is None:
        raise RecordsError("the file is empty; not even a header line", file=source.name)
    columns = [pa.array([cell or None for cell in column], pa.string()) for column in zip(*rows, strict=True)]
    if not columns:
        columns = [pa.array([], pa.string()) for _ in names]
    return pa.Table.from_arrays(columns, names=names), pa.array(lines, pa.int64()), names
