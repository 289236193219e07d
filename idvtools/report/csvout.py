"""``breaks.csv``: what people open in a spreadsheet and programs read back."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from idvtools.report.lines import join, text_bytes

# A spreadsheet takes a cell that begins so for a formula, also in its full-width form.
_FORMULA = "^[=+\\-@\t\r＝＋－＠]"
_NEEDS_QUOTES = '[",\r\n]'
_BATCH = 65_536


def write_csv(path: Path, breaks: pa.Table) -> None:
    """Write a table as CSV.

    UTF-8 with BOM, CRLF, one header row with the table's column names. A text that a spreadsheet
    would take for a formula gets a leading apostrophe; booleans are Y and N, nulls empty; times are
    ISO 8601 in UTC with milliseconds and ``Z``; ids are text as they came.

    Parameters
    ----------
    path : Path
        The file; an existing one is replaced.
    breaks : pyarrow.Table
        Rows in the ledger's columns (`idvtools.ledger.columns.LEDGER_SCHEMA`); timestamps have zone UTC.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "breaks.csv")
    ...     write_csv(path, pa.table({"op_id": ["=1+1", "0012"], "billable": [True, None]}))
    ...     path.read_bytes().decode("utf-8-sig").split("\\r\\n")
    ['op_id,billable', "'=1+1,Y", '0012,', '']
    """
    with path.open("wb") as out:
        out.write(b"\xef\xbb\xbf")
        out.write(",".join(_quoted(pa.array(breaks.column_names, pa.large_string())).to_pylist()).encode() + b"\r\n")
        for batch in breaks.to_batches(max_chunksize=_BATCH):
            if batch.num_rows:
                out.write(_lines(batch))


def _lines(batch: pa.RecordBatch) -> memoryview:
    """Every row of the batch with its line end, joined: the data of one array without nulls."""
    cells = [_cells(column) for column in batch.columns]
    return text_bytes(join(join(*cells, separator=","), "\r\n"))


def _cells(column: pa.Array) -> pa.Array:
    """One column as CSV text without nulls."""
    kind = column.type
    if pa.types.is_boolean(kind):
        texts = pc.if_else(column, "Y", "N")
    elif pa.types.is_timestamp(kind):
        naive = column.cast(pa.timestamp("ms", kind.tz)).cast(pa.timestamp("ms"))
        texts = pc.strftime(naive, format="%Y-%m-%dT%H:%M:%SZ")
    elif pa.types.is_integer(kind) or pa.types.is_decimal(kind) or pa.types.is_date(kind):
        texts = column.cast(pa.string())
    elif pa.types.is_dictionary(kind):
        return _cells(column.dictionary).take(column.indices).fill_null("")
    else:
        return _quoted(_neutral(column.cast(pa.large_string()))).fill_null("")
    return texts.cast(pa.large_string()).fill_null("")


def _neutral(texts: pa.Array) -> pa.Array:
    risky = pc.match_substring_regex(texts, pattern=_FORMULA)
    if not pc.any(risky).as_py():
        return texts
    return pc.if_else(risky, join("'", texts), texts)


def _quoted(texts: pa.Array) -> pa.Array:
    special = pc.match_substring_regex(texts, pattern=_NEEDS_QUOTES)
    if not pc.any(special).as_py():
        return texts
    return pc.if_else(special, join('"', pc.replace_substring(texts, pattern='"', replacement='""'), '"'), texts)
