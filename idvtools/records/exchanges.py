"""Logs of exchanges with any vendor, decoded line by line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from idvtools.errors import IdvError, RecordsError
from idvtools.records.files import SourceFile
from idvtools.records.lines import read_lines
from idvtools.records.rejects import Rejects
from idvtools.vendors.base import Decoded, Keys, Vendor, parse_json

_WHOLE = 64 << 20  # a JSON document that is no log of lines is read at once up to this size


def decode_file(
    path: Path, vendor: Vendor, keys: Keys, *, reveal: bool = False
) -> Iterator[tuple[int, Decoded | None, str | None]]:
    """Each exchange of a log: its line, and either the record or why it cannot be read.

    Parameters
    ----------
    path : Path
        JSON lines (``.gz`` too), UTF-8 or GB18030; or one JSON document: an exchange, or a list of them, whose
        place in the list counts as the line then.

    Raises
    ------
    RecordsError
        There is no such file, or it cannot be read at all.
    """
    if not path.is_file():
        raise RecordsError("there is no such file", file=str(path))
    source, rejects = SourceFile(0, path.name, path, "exchanges"), Rejects()
    documents = _one_document(path)
    if documents is not None:
        yield from (_decoded(n, d, vendor, keys, reveal) for n, d in enumerate(documents, 1))
        return
    for lines in read_lines(source, rejects):
        reasons = {r.line: r.reason for r in rejects.items}
        for number, line in zip(lines["number"].to_pylist(), lines["line"].to_pylist(), strict=True):
            if line is None:
                yield number, None, reasons[number]
            elif line.strip():
                yield _decoded(number, line.strip(), vendor, keys, reveal)


def _decoded(
    number: int, logged: object, vendor: Vendor, keys: Keys, reveal: bool
) -> tuple[int, Decoded | None, str | None]:
    try:
        return number, vendor.decode(logged, keys, reveal=reveal), None
    except IdvError as error:
        return number, None, "; ".join(p.message for p in error.problems)


def _one_document(path: Path) -> list[object] | None:
    """The exchanges of a file that is one JSON value on several lines; None for a log of lines."""
    if path.name.lower().endswith(".gz") or path.stat().st_size > _WHOLE:
        return None
    try:
        value = parse_json(path.read_text("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, list) else [value]
