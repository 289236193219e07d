"""What a file is by what is in it; names and headers say what somebody wanted it to be."""

from __future__ import annotations

import codecs
import json
import re

#: How much of a file's beginning and end `media_type` looks at.
HEAD = TAIL = 64 * 1024
UNKNOWN = "application/octet-stream"

_ZIP = "application/zip"
_OFFICE = "application/vnd.openxmlformats-officedocument."
#: Where, what, and the type; the first that fits.
_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (8, b"WEBP", "image/webp"),
    (8, b"AVI ", "video/x-msvideo"),
    (8, b"WAVE", "audio/wav"),
    (4, b"ftypqt", "video/quicktime"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"#!AMR", "audio/amr"),
    (0, b"\x1f\x8b\x08", "application/gzip"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (0, b"BZh", "application/x-bzip2"),
    (0, b"\x28\xb5\x2f\xfd", "application/zstd"),
    (257, b"ustar", "application/x-tar"),
)
#: A member that only one kind of zip has.
_MEMBERS: tuple[tuple[bytes, str], ...] = (
    (b"xl/workbook.", _OFFICE + "spreadsheetml.sheet"),
    (b"word/document.", _OFFICE + "wordprocessingml.document"),
    (b"ppt/presentation.", _OFFICE + "presentationml.presentation"),
    (b"OFD.xml", "application/ofd"),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
#: Names of streams in an old Office file.
_STREAMS: tuple[tuple[str, str], ...] = (
    ("Workbook", "application/vnd.ms-excel"),
    ("Book", "application/vnd.ms-excel"),
    ("WordDocument", "application/msword"),
)
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_CONTROL = re.compile("[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_HTML = re.compile(r"(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.I | re.S)
_XML = re.compile(r"<\?xml\s|<(?:!--|[A-Za-z_][\w.:-]*(?:\s+[\w.:-]+\s*=|\s*/?>))")
_JSON = re.compile(r'[{\[]\s*(?:["{\[\]}\d-]|true|false|null)')


def media_type(head: bytes, tail: bytes = b"") -> str:
    """The media type of a file by its first and last `HEAD` bytes; text without a form is ``text/plain``.

    Parameters
    ----------
    head : bytes
        The beginning; the whole file if it is short.
    tail : bytes
        The end, for zip and old Office files, whose tables of contents stand there.

    Examples
    --------
    >>> [media_type(b) for b in (b"%PDF-1.7", b'{"a": 1}', b"op_id,fee\\n1,2\\n", b"hello", b"\\x00\\x01", b"")]
    ['application/pdf', 'application/json', 'text/csv', 'text/plain', 'application/octet-stream', 'application/x-empty']
    """
    if not head:
        return "application/x-empty"
    if kind := _of_bytes(head, tail):
        return kind
    text = _text(head)
    return UNKNOWN if text is None else _of_text(text, whole=len(head) < HEAD)


def _of_bytes(head: bytes, tail: bytes) -> str | None:
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _of_zip(head, tail)
    if head.startswith(_OLE):
        return next((kind for name, kind in _STREAMS if _has_stream(name, head + tail)), "application/x-ole-storage")
    if b"%PDF-" in head[:1024]:
        return "application/pdf"
    if head.startswith(b"BM") and head[6:10] == bytes(4) and len(head) > 26:
        return "image/bmp"
    return next((kind for at, mark, kind in _SIGNATURES if head.startswith(mark, at)), None)


def _of_zip(head: bytes, tail: bytes) -> str:
    """Members are looked for in the records of the directory, not in what they hold."""
    opened = re.match(rb"PK\x03\x04.{22}(..)..mimetype(application/[\w.+-]{1,80})", head, re.S)
    if opened and opened[1] == b"\x08\0":
        return opened[2].partition(b"PK")[0].decode("ascii")
    names = re.findall(rb"PK\x01\x02.{42}([ -~]{4,40})", tail or head, re.S)
    names += re.findall(rb"PK\x03\x04.{26}([ -~]{4,40})", head, re.S)
    for member, kind in _MEMBERS:
        if any(name.startswith(member) for name in names):
            return kind
    return _ZIP


def _has_stream(name: str, raw: bytes) -> bool:
    """A directory entry of an OLE file: 64 bytes of UTF-16 with zeros after it, then the length of the name."""
    spelled = name.encode("utf-16-le")
    return spelled.ljust(64, b"\0") + (len(spelled) + 2).to_bytes(2, "little") in raw


def _text(head: bytes) -> str | None:
    """Text if it can be text in UTF-8, UTF-16 with its mark, or GB 18030."""
    marked = next(((len(bom), name) for bom, name in _BOMS if head.startswith(bom)), None)
    skip, names = (marked[0], [marked[1]]) if marked else (0, ["utf-8", "gb18030"])
    for name in names:
        try:  # a character may be cut in two at the end of what is seen
            text = codecs.getincrementaldecoder(name)().decode(head[skip:], final=len(head) < HEAD)
        except UnicodeDecodeError:
            continue
        if not _CONTROL.search(text):
            return text
    return None


def _of_text(text: str, *, whole: bool) -> str:
    start = text.lstrip()
    if _HTML.match(start):
        return "text/html"
    if start[:1] in ("{", "[") and (kind := _of_json(start, whole=whole)):
        return kind
    if _XML.match(start):
        return "image/svg+xml" if re.search(r"<svg[\s>]", start[:1000]) else "application/xml"
    return "text/csv" if _is_csv(start, whole=whole) else "text/plain"


def _of_json(text: str, *, whole: bool) -> str | None:
    if not whole:
        return "application/json" if _JSON.match(text) else None
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        pass
    else:
        return "application/json"
    try:
        for line in filter(str.strip, text.splitlines()):
            json.loads(line)
    except (ValueError, RecursionError):
        return None
    return "application/x-ndjson"


def _is_csv(text: str, *, whole: bool) -> bool:
    """Two lines at least, each with as many of one separator as the first, quoted ones left out."""
    lines = [line for line in text.splitlines()[:50] if line.strip()]
    if not whole:
        lines = lines[:-1]
    bare = [re.sub(r'"[^"]*"', "", line) for line in lines]
    return len(bare) > 1 and any(
        bare[0].count(sep) > 0 and all(line.count(sep) == bare[0].count(sep) for line in bare) for sep in ",\t;|"
    )
