"""The manifest: what is in the vault as a table, derived from the custody log and never read back."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from idvtools.privacy import scrub
from idvtools.vault.custody import Entry

if TYPE_CHECKING:
    import pandas as pd

MANIFEST = "manifest.csv"
COLUMNS = (
    "seq",
    "at",
    "vendor",
    "op_id",
    "app_id",
    "call",
    "name",
    "url",
    "fetched_at",
    "note",
    "size",
    "sha256",
    "stored_sha256",
    "media_type",
    "sealed",
    "path",
)
_TIMES = ("at", "fetched_at")
_FROM_OUTSIDE = ("name", "url")
# A spreadsheet takes a cell that begins so for a formula, also in its full-width form.
_FORMULA = tuple("=+-@\t\r＝＋－＠")


def frame(entries: Sequence[Entry]) -> pd.DataFrame:
    """The manifest as a table; a row is an entry, in the order of the custody log.

    Columns
    -------
    seq : int64
        Line of ``custody.jsonl``.
    at, fetched_at : datetime, UTC
        When it was stored, and fetched.
    vendor, op_id, app_id, call, name, url, note : text
        Where it came from; in names and URLs what may be a person's number is masked (`Vault.entries` has them whole).
    size : int64
        Bytes, as received.
    sha256, stored_sha256 : text
        Of the file as received, and of the bytes on disk.
    media_type : text
    sealed : bool
        Whether it is encrypted on disk.
    path : text
        Relative to the vault.
    """
    import pandas as pd  # noqa: PLC0415  storing a file should not cost its import

    table = pd.DataFrame([[_told(entry, name) for name in COLUMNS] for entry in entries], columns=list(COLUMNS))
    kinds = {name: "str" for name in COLUMNS} | {"seq": "int64", "size": "int64", "sealed": "bool"}
    for name in _TIMES:
        table[name] = pd.to_datetime(table[name], utc=True).astype("datetime64[us, UTC]")
        del kinds[name]
    return table.astype(kinds)


def csv_rows(entries: Iterable[Entry]) -> Iterator[bytes]:
    """``manifest.csv``, row by row with the header first.

    UTF-8 with BOM, CRLF; a text that a spreadsheet would take for a formula gets a leading apostrophe; times are
    ISO 8601 in UTC, booleans Y and N, what is missing is empty.
    """
    yield b"\xef\xbb\xbf" + ",".join(COLUMNS).encode() + b"\r\n"
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    for entry in entries:
        writer.writerow([_cell(_told(entry, name)) for name in COLUMNS])
        yield buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()


def _told(entry: Entry, name: str) -> object:
    """A field of an entry; a vendor may have put somebody's number into a file's name."""
    value = getattr(entry, name)
    return scrub(value, 2000) if name in _FROM_OUTSIDE and value is not None else value


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "Y" if value else "N"
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds").replace("+00:00", "Z")
    text = str(value)
    return "'" + text if text.startswith(_FORMULA) else text
