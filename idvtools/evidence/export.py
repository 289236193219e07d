"""Tables of evidence as a workbook or as Parquet: complete, or not at all."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from idvtools.errors import EvidenceError, OutputError
from idvtools.evidence.evidence import plain
from idvtools.evidence.model import Table

if TYPE_CHECKING:
    import pyarrow as pa

    from idvtools.evidence.evidence import Evidence

# A spreadsheet takes a text that begins so for a formula once it is edited, full-width forms too.
_FORMULA = re.compile("[=+\\-@\t\r＝＋－＠]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # what XML cannot hold
_SHEET = re.compile(r"[\[\]:*?/\\'\x00-\x1f\ud800-\udfff\ufffe\uffff]+")
_MAX_ROWS, _MAX_COLUMNS, _MAX_TEXT = 1_048_576, 16_384, 32_767
_DIGITS = 15  # as many as a spreadsheet keeps of a number
_PRECISION = 38
_FIRST_YEAR = 1901  # before March 1900 a spreadsheet counts days wrongly


def export(evidence: Evidence, path: Path, form: Literal["xlsx", "parquet"], *, force: bool = False) -> Path:
    """Write the tables of evidence, in clear; complete, or not at all.

    ``xlsx``: a sheet for each table, ids as text, amounts as numbers unless they have more digits than a spreadsheet
    keeps; a text that looks like a formula is text, to the letter, and stays so when it is edited. Control characters,
    which no sheet can hold, are shown as �.
    ``parquet``: one table is the file `path`, several are files in a folder `path`; amounts are decimals, dates dates.

    Parameters
    ----------
    evidence : Evidence
        Whose tables are written.
    path : Path
        The file; a folder for several tables as ``parquet``.
    form : {"xlsx", "parquet"}
        As what.
    force : bool
        Replace a file that is there; never a folder.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    OutputError
        `path` exists and `force` is not given, or it cannot be written.
    EvidenceError
        There is no table, or a table or a text in it is larger than a sheet can hold.
    """
    if not evidence.parsed:
        raise EvidenceError("has no table to export", file=evidence.name)
    if path.exists() and (path.is_dir() or not force):
        words = "is a folder; give a new name" if path.is_dir() else "exists; choose another name, or give --force"
        raise OutputError(words, file=str(path))
    if form == "xlsx":
        _refuse_too_large(evidence)
    several = form == "parquet" and len(evidence.parsed) > 1
    write = _xlsx if form == "xlsx" else _parquets if several else _parquet
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{path.name[:40]}-", dir=path.parent))
        try:
            _write_aside(write, evidence.parsed, aside, path)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror or type(error).__name__}", file=str(path)) from None
    return path


def _refuse_too_large(evidence: Evidence) -> None:
    """Before anything is written, the temporary files of openpyxl included."""
    for table in evidence.parsed:
        words = ""
        if len(table.rows) >= _MAX_ROWS or len(table.columns) > _MAX_COLUMNS:
            words = "a table is larger than a sheet can be"
        elif any(isinstance(cell, str) and len(cell) > _MAX_TEXT for row in table.rows for cell in row):
            words = f"a cell has more than {_MAX_TEXT:,} characters, more than a sheet's can hold"
        if words:
            raise EvidenceError(f"{words}; export it as parquet", file=evidence.name)


def _write_aside(
    write: Callable[[Sequence[Table], Path], None], tables: Sequence[Table], aside: Path, path: Path
) -> None:
    made = aside / "out"
    write(tables, made)
    if made.is_dir() and path.is_file():  # only with force
        path.unlink()
    os.replace(made, path)


def _xlsx(tables: Sequence[Table], path: Path) -> None:
    from openpyxl import Workbook  # noqa: PLC0415
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415
    from openpyxl.styles import Font  # noqa: PLC0415

    book = Workbook(write_only=True)
    taken: set[str] = set()
    for table in tables:
        sheet = book.create_sheet(_sheet_name(table.name, taken))
        sheet.freeze_panes = "A2"

        def cell(value: Any, number_format: str | None = None, sheet: Any = sheet) -> Any:
            made = WriteOnlyCell(sheet, value)
            if isinstance(value, str):
                made.data_type = "s"  # never a formula, never an error value
                made.quotePrefix = _FORMULA.match(value) is not None
                made.number_format = "@"
            elif number_format:
                made.number_format = number_format
            return made

        header = [cell(_text(column.name)) for column in table.columns]
        for made in header:
            made.font = Font(bold=True)
        sheet.append(header)
        for row in table.rows:
            sheet.append([cell(*_cell(value)) for value in row])
    book.save(path)


def _cell(value: Any) -> tuple[Any, str | None]:
    """What goes into a sheet's cell, and its number format; as text what a sheet cannot hold exactly."""
    shown: tuple[Any, str | None] = (None, None)
    if isinstance(value, Decimal):
        _, digits, exponent = value.as_tuple()
        fits = isinstance(exponent, int) and len(digits) <= _DIGITS and abs(exponent) <= _DIGITS
        places = -exponent if isinstance(exponent, int) and exponent < 0 else 0
        shown = (value, "#,##0" + "." * bool(places) + "0" * places) if fits else (plain(value), None)
    elif isinstance(value, int) and not isinstance(value, bool):
        shown = (value, "0") if abs(value) < 10**_DIGITS else (str(value), None)
    elif isinstance(value, date):
        naive = getattr(value, "tzinfo", None) is None
        look = "yyyy-mm-dd hh:mm:ss" if isinstance(value, datetime) else "yyyy-mm-dd"
        shown = (value, look) if naive and value.year >= _FIRST_YEAR else (plain(value), None)
    elif value is not None:
        shown = (_text(str(value)), None)
    return shown


def _text(text: str) -> str:
    """Text as a sheet can hold it: as it is, but for characters that XML cannot hold."""
    return _CONTROL.sub("�", text)


def _sheet_name(name: str, taken: set[str]) -> str:
    base = _SHEET.sub(" ", name).strip()[:28] or "table"
    shown, number = base, 1
    while shown.lower() in taken:
        number += 1
        tail = f" {number}"
        shown = base[: 31 - len(tail)] + tail
    taken.add(shown.lower())
    return shown


def _parquets(tables: Sequence[Table], folder: Path) -> None:
    folder.mkdir()
    for number, table in enumerate(tables, 1):
        name = re.sub(r"[^\w.-]+", "_", table.name).strip("._")[:60] or "table"
        _parquet([table], folder / f"{number:02d}-{name}.parquet")


def _parquet(tables: Sequence[Table], path: Path) -> None:
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    table = tables[0]
    arrays = [_array([row[i] for row in table.rows], column.type) for i, column in enumerate(table.columns)]
    names = [_utf8(column.name) for column in table.columns]
    about = {b"name": _utf8(table.name).encode(), b"source": _utf8(table.source).encode()}
    schema = pa.schema([pa.field(n, a.type) for n, a in zip(names, arrays, strict=True)], metadata=about)
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), path)


def _array(values: Sequence[Any], kind: str) -> pa.Array:
    """A column in its own type; as text where a value does not fit into it."""
    import pyarrow as pa  # noqa: PLC0415

    for wanted in _types(values, kind):
        try:
            return pa.array(values, wanted)
        except (pa.ArrowException, OverflowError, ValueError, TypeError):
            continue
    return pa.array([None if v is None else _utf8(plain(v) or "") for v in values], pa.string())


def _types(values: Sequence[Any], kind: str) -> Iterator[pa.DataType]:
    import pyarrow as pa  # noqa: PLC0415

    if kind == "amount":
        scales = (v.as_tuple().exponent for v in values if isinstance(v, Decimal))
        scale = max((-s for s in scales if isinstance(s, int) and s < 0), default=0)
        if scale <= _PRECISION:
            yield pa.decimal128(_PRECISION, scale)
    elif kind == "integer":
        yield pa.int64()
    elif kind == "date":
        yield pa.date32()
    elif kind == "datetime":
        yield pa.timestamp("us")


def _utf8(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
