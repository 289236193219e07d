"""The break rows as SpreadsheetML, column by column: openpyxl itself needs minutes for 200,000 of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from idvtools.report.lines import join, text_bytes
from idvtools.report.model import Lang
from idvtools.report.text import BUCKETS, CAUSES, REASONS, SEVERITIES, Term, term

Kind = Literal["text", "label", "count", "money", "day", "time"]

#: A sheet holds 1,048,576 rows; what is beyond this stands in breaks.csv only.
MAX_ROWS = 1_000_000

#: A cell holds so many UTF-16 units.
MAX_TEXT = 32_767

_BATCH = 16_384
_LARGE = pa.large_string()
_DAYS_1970 = 25_569  # day number of 1970-01-01 in a spreadsheet


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the breaks sheet: the ledger's name, its width, and how its cells are written."""

    name: str
    width: int
    kind: Kind = "text"


#: What a clerk reads first comes first: the result, the money, then which operation, then why, then where.
COLUMNS = (
    Column("bucket", 15, "label"),
    Column("severity", 11, "label"),
    Column("difference", 21, "money"),
    Column("amount_vendor", 13, "money"),
    Column("amount_ours", 13, "money"),
    Column("day", 13, "day"),
    Column("clock", 21, "time"),
    Column("op_id", 31),
    Column("app_id", 12),
    Column("site", 23),
    Column("reason", 17, "label"),
    Column("cause", 18, "label"),
    Column("vendor_charge", 12),
    Column("billable", 10),
    Column("vendor_status", 12, "count"),
    Column("status", 12, "count"),
    Column("differing_fields", 34),
    Column("winner_op_id", 31),
    Column("biz_no", 24),
    Column("subject", 20),
    Column("status_name", 20),
    Column("status_source", 24),
    Column("flags", 22),
    Column("period_shift", 9),
    Column("vendor_package", 13),
    Column("package_ours", 13),
    Column("effective", 10),
    Column("final", 9),
    Column("vendor_sub_status", 13),
    Column("sub_status", 13),
    Column("json_result", 11, "count"),
    Column("clock_source", 14),
    Column("da_id_time", 21, "time"),
    Column("authorized_at", 21, "time"),
    Column("vendor_create_time", 21, "time"),
    Column("parent_op_id", 31),
    Column("statement_file", 48),
    Column("statement_line", 11, "count"),
    Column("source_file", 36),
    Column("source_line", 11, "count"),
)

#: How many of these a printed page shows.
PRINTED = 17

#: The words for the codes of every label column.
LABELLED: Mapping[str, Mapping[str, Term]] = MappingProxyType(
    {"bucket": BUCKETS, "severity": SEVERITIES, "reason": REASONS, "cause": CAUSES}
)


def row_chunks(
    breaks: pa.Table, first_row: int, styles: Mapping[Kind, int], zone: str, lang: Lang
) -> Iterator[memoryview]:
    """The ``<row>`` elements of the breaks, a few thousand rows at a time.

    Parameters
    ----------
    breaks : pyarrow.Table
        Rows in the ledger's columns; at most `MAX_ROWS` of them are written.
    first_row : int
        Row number of the first one in the sheet, counted from 1.
    styles : mapping
        Index of the cell style for every kind of column.
    zone : str
        IANA zone in which times are shown.
    lang : str
        Language of the labels.

    Yields
    ------
    memoryview
        UTF-8 text.
    """
    for batch in breaks.slice(0, MAX_ROWS).to_batches(max_chunksize=_BATCH):
        if batch.num_rows:
            yield _rows(batch, first_row, styles, zone, lang)
            first_row += batch.num_rows


def _rows(batch: pa.RecordBatch, first_row: int, styles: Mapping[Kind, int], zone: str, lang: Lang) -> memoryview:
    numbers = pa.array(range(first_row, first_row + batch.num_rows)).cast(_LARGE)
    cells: list[pa.Array | str] = []
    for place, column in enumerate(COLUMNS):
        values = difference(batch) if column.name == "difference" else batch.column(column.name)
        texts = _shown(values, column, zone, lang)
        head = f'" s="{styles[column.kind]}"'
        if column.kind in ("text", "label"):
            parts = (f'{head} t="inlineStr"><is><t xml:space="preserve">', texts, "</t></is></c>")
        else:
            parts = (f"{head}><v>", texts, "</v></c>")
        cells.append(join(f'<c r="{letters(place)}', numbers, *parts).fill_null(""))
    return text_bytes(join('<row r="', numbers, '">', *cells, "</row>"))


def _shown(values: pa.Array, column: Column, zone: str, lang: Lang) -> pa.Array:
    """The values as they stand in the cell's XML; null leaves the cell out."""
    if column.kind == "text":
        return _text(values)
    if column.kind == "label":
        return _mapped(values, lambda code: term(LABELLED[column.name], code).name.show(lang))
    if column.kind == "day":
        return pc.add(values.cast(pa.int32()), _DAYS_1970).cast(_LARGE)
    if column.kind == "time":
        # A cell knows no zone: the wall clock goes in, the heading names the zone.
        wall = pc.local_timestamp(values.cast(pa.timestamp("ms", zone))).cast(pa.int64())
        return pc.add(pc.divide(wall.cast(pa.float64()), 86_400_000.0), float(_DAYS_1970)).cast(_LARGE)
    return values.cast(pa.string()).cast(_LARGE)


def difference(rows: pa.RecordBatch | pa.Table) -> pa.Array | pa.ChunkedArray:
    """``vendor - ours`` of each row; a side without an amount counts 0, null where both have none."""
    vendor, ours = rows.column("amount_vendor"), rows.column("amount_ours")
    zero = pa.scalar(0, pa.decimal128(18, 2))
    both = pc.subtract(pc.fill_null(vendor, zero), pc.fill_null(ours, zero))
    return pc.if_else(pc.and_(pc.is_null(vendor), pc.is_null(ours)), pa.scalar(None, both.type), both)


def _text(values: pa.Array) -> pa.Array:
    if pa.types.is_boolean(values.type):
        return pc.if_else(values, "Y", "N").cast(_LARGE)
    if pa.types.is_dictionary(values.type):
        return _text(values.dictionary).take(values.indices)
    texts = values.cast(_LARGE)
    texts = pc.if_else(pc.equal(texts, ""), pa.scalar(None, _LARGE), texts)
    return escaped(texts)


def _mapped(values: pa.Array, label: Callable[[str], str]) -> pa.Array:
    codes = values.dictionary_encode()
    labels = pa.array([None if code is None else label(code) for code in codes.dictionary.to_pylist()], _LARGE)
    return escaped(labels).take(codes.indices)


def escaped(texts: pa.Array) -> pa.Array:
    """Texts as they stand between XML tags in a sheet, each at most `MAX_TEXT` UTF-16 units long.

    Examples
    --------
    >>> escaped(pa.array(["a<b", "_x0041_", chr(1)], pa.large_string())).to_pylist()
    ['a&lt;b', '_x005F_x0041_', '\ufffd']
    """
    longest = pc.max(pc.binary_length(texts)).as_py() or 0
    if longest > MAX_TEXT:
        texts = pa.array([text and cut(text) for text in texts.to_pylist()], _LARGE)
    special = pc.match_substring_regex(texts, pattern=r"[\x00-\x08\x0b-\x1f&<>\x{FFFE}\x{FFFF}]|_x[0-9A-Fa-f]{4}_")
    if not pc.any(special).as_py():
        return texts
    safe = pc.replace_substring_regex(texts, r"[\x00-\x08\x0b\x0c\x0e-\x1f\x{FFFE}\x{FFFF}]", "\ufffd")
    # A spreadsheet reads _x0041_ as the letter A; the escaped underscore keeps the text as it is.
    literal = pc.replace_substring(safe, "_x", "_x005F_x")
    safe = pc.if_else(pc.match_substring_regex(safe, "_x[0-9A-Fa-f]{4}_"), literal, safe)
    for mark, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\r", "&#13;")):
        safe = pc.replace_substring(safe, mark, entity)
    return safe


def cut(text: str) -> str:
    """`text`, shortened with … where a cell cannot hold it.

    Examples
    --------
    >>> cut("abc"), len(cut("a" * 40_000))
    ('abc', 32767)
    """
    if len(text) * 2 <= MAX_TEXT or len(text.encode("utf-16-le", "surrogatepass")) // 2 <= MAX_TEXT:
        return text
    short = text.encode("utf-16-le", "surrogatepass")[: (MAX_TEXT - 1) * 2]
    return short.decode("utf-16-le", "ignore") + "…"


def letters(place: int) -> str:
    """A column's letters, counted from 0.

    Examples
    --------
    >>> letters(0), letters(25), letters(26)
    ('A', 'Z', 'AA')
    """
    head, last = divmod(place, 26)
    return (letters(head - 1) if head else "") + chr(65 + last)
