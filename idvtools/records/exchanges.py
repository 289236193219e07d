"""Logs of exchanges with any vendor, decoded line by line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from idvtools.errors import IdvError, RecordsError
from idvtools.records.files import CHUNK_BYTES, SourceFile
from idvtools.records.lines import TOO_LONG, Reading, read_lines
from idvtools.records.rejects import Rejects
from idvtools.vendors.base import Decoded, Keys, Vendor, at_path, parse_json

_WHOLE = 64 << 20  # a JSON document that is no log of lines is read at once up to this size


def decode_file(
    path: Path, vendor: Vendor, keys: Keys, *, reveal: bool = False
) -> Iterator[tuple[int, Decoded | None, str | None]]:
    """Each exchange of a log: its line, and either the record or why it cannot be read.

    Parameters
    ----------
    path : Path
        JSON lines (``.gz`` too), UTF-8 or GB18030; or one JSON document: an exchange, a list of them or a HAR file;
        the place in the list counts as the line then.

    Raises
    ------
    RecordsError
        There is no such file, or it cannot be read at all.
    """
    if not path.is_file():
        why = "this is a folder; name one of its files" if path.is_dir() else "there is no such file"
        raise RecordsError(why, file=str(path))
    source, rejects = SourceFile(0, path.name, path, "exchanges"), Rejects()
    documents = _one_document(path, source)
    if documents is not None:
        yield from (_decoded(n, d, vendor, keys, reveal) for n, d in enumerate(documents, 1))
        return
    for lines, *_ in read_lines(source.stream(), Reading(rejects)):
        reasons = {r.line: r.reason for r in rejects.items}
        for number, line in zip(lines["number"].to_pylist(), lines["line"].to_pylist(), strict=True):
            if line is None:
                yield number, None, reasons.get(number, TOO_LONG)
            elif line.strip():
                yield _decoded(number, line.strip(), vendor, keys, reveal)


def _decoded(
    number: int, logged: object, vendor: Vendor, keys: Keys, reveal: bool
) -> tuple[int, Decoded | None, str | None]:
    try:
        return number, vendor.decode(logged, keys, reveal=reveal), None
    except IdvError as error:
        return number, None, "; ".join(p.message for p in error.problems)


def _one_document(path: Path, source: SourceFile) -> list[object] | None:
    """The exchanges of a file that is one JSON value on several lines; None for a log of lines."""
    if path.stat().st_size > _WHOLE:
        return None
    content = b""
    for piece in source.stream().pieces(CHUNK_BYTES):
        content += piece
        if len(content) > _WHOLE:
            return None
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            value = parse_json(content.decode(encoding))
        except (ValueError, RecursionError):
            continue
        entries = at_path(value, "log.entries")  # a HAR file, as browsers and proxies save it
        if isinstance(entries, list):
            return [_from_har(e) for e in entries]
        return value if isinstance(value, list) else [value]
    return None


def _from_har(entry: object) -> object:
    """An entry of a HAR file in our own form."""
    asked, got = at_path(entry, "request"), at_path(entry, "response")
    return {
        "requested_at": at_path(entry, "startedDateTime"),
        "request": {
            "method": at_path(asked, "method"),
            "url": at_path(asked, "url"),
            "headers": at_path(asked, "headers"),
            "body": at_path(asked, "postData.text"),
        },
        "response": {
            "status": at_path(got, "status"),
            "headers": at_path(got, "headers"),
            "body": at_path(got, "content.text"),
        },
    }
