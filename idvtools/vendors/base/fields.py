"""Fields of messages: what each is, and what of it may be shown."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal
from urllib.parse import unquote, urlsplit, urlunsplit

from idvtools.crypto.aes import decode_base64
from idvtools.errors import DecryptionError
from idvtools.privacy import mask_id, mask_name, mask_phone, scrub
from idvtools.vendors.base.codes import code_text

#: ``plain``: codes, our own numbers, sites. ``note``: text of the vendor's, shown after `scrub`. ``id``, ``name``,
#: ``phone``, ``personal`` (any other data on a person): masked. ``secret``: never shown. ``url``: shown without its
#: query, which is where signatures stand. ``time``: epoch seconds or milliseconds, by magnitude. ``buffer``: a file in
#: Base64. ``files``: of a call only, pairs of a name and bytes.
Kind = Literal["plain", "note", "id", "name", "phone", "personal", "secret", "url", "time", "buffer", "files"]

_MAGIC = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"BM", "image/bmp"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
)
_MILLISECONDS = 100_000_000_000  # as seconds it would be the year 5138
_LATEST_S = 253_402_300_800  # the end of the year 9999
#: An id number by its form (region, birth date); a longer run of digits is a number of something else.
_ID_NUMBER = re.compile(
    r"(?<![0-9A-Za-z])[1-9]\d{5}(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?![0-9A-Za-z])",
    re.ASCII,
)
_KEY = re.compile(r"(?!.*[0-9]{8})[A-Za-z0-9_-]{1,60}")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
#: A word of a name that says that the value is shown to nobody.
_SECRET_WORDS = frozenset(
    {"key", "secret", "token", "ticket", "sign", "signature", "password", "passwd", "pwd", "nonce"}
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a message.

    Parameters
    ----------
    name : str
        Our name, the same for all vendors: ``id_no``, ``user_name``, ``phone`` …
    path : str
        Where it stands: a dotted path that begins with ``params`` (of the URL), ``request``, ``answer`` or ``data``
        (what was encrypted or wrapped inside the answer, opened).
    kind : str
        What it is, see `Kind`.
    cipher : bool
        Whether it is encrypted by itself (text, or a list of texts).
    required : bool
        Whether a call cannot be made without it.
    most : int or None
        Most bytes of its UTF-8 text.
    form : str or None
        Regular expression for what a caller may give.
    """

    name: str
    path: str
    kind: Kind = "plain"
    cipher: bool = False
    required: bool = False
    most: int | None = None
    form: str | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that stood inside a message, taken out of it; its content is given on request only.

    Parameters
    ----------
    name : str
        The field that held it.
    media_type : str
        By content.
    size : int
        Bytes.
    sha256 : str
        Of the bytes, in hex.
    """

    name: str
    media_type: str
    size: int
    sha256: str
    _content: bytes = field(repr=False)

    def reveal(self) -> bytes:
        """The bytes. A face is personal data: keep them where they belong."""
        return self._content

    def __reduce__(self) -> tuple[type[Attachment], tuple[object, ...]]:
        return Attachment, (self.name, self.media_type, self.size, self.sha256, b"")  # pickled without its content


def attachment(name: str, content: bytes) -> Attachment:
    """An attachment of bytes.

    Examples
    --------
    >>> attachment("frontpic", b"BM1234").media_type
    'image/bmp'
    """
    return Attachment(name, media_type(content), len(content), hashlib.sha256(content).hexdigest(), content)


def media_type(content: bytes) -> str:
    """What bytes are, by how they begin."""
    if content[4:8] == b"ftyp":
        return "video/mp4"
    return next((kind for magic, kind in _MAGIC if content.startswith(magic)), "application/octet-stream")


def moment(value: object, like: object = None) -> datetime | None:
    """A time from epoch seconds or milliseconds, told apart by magnitude; 0 and what is no time are None.

    Parameters
    ----------
    value : object
        A number or its digits.
    like : object, optional
        A recent time of the same message, whose unit counts then: the magnitude of an old birthday in milliseconds
        is that of a time in seconds.

    Examples
    --------
    >>> moment(1583570441871) - moment(1583570441)
    datetime.timedelta(microseconds=871000)
    >>> moment(0), moment("x"), moment(86400000, like=1583570441871).isoformat()
    (None, None, '1970-01-02T00:00:00+00:00')
    """
    try:
        number, unit = Decimal(str(value)), Decimal(str(value if like is None else like))
        if number == 0 or abs(number) > 10**15:
            return None
        in_ms = abs(unit) >= _MILLISECONDS or abs(number) >= _LATEST_S  # in seconds there is no such year
        return _EPOCH + timedelta(milliseconds=int(number if in_ms else number * 1000))
    except (ArithmeticError, ValueError, OverflowError):
        return None


def shown(value: object, kind: Kind, *, reveal: bool) -> object:
    """A field's value as it may be shown; None stays None, lists are treated item by item.

    Examples
    --------
    >>> shown("张三", "name", reveal=False), shown("张三", "name", reveal=True), shown("k", "secret", reveal=True)
    ('张*', '张三', '***')
    >>> shown("https://store/a.pdf?sign=abc", "url", reveal=True)
    'https://store/a.pdf'
    """
    if value is None:
        return None
    if isinstance(value, list):
        return [shown(item, kind, reveal=reveal) for item in value]
    if kind in _ALWAYS:
        return _ALWAYS[kind](value)
    if reveal and not (kind == "plain" and isinstance(value, dict)):
        return value
    return _MASKED.get(kind, _hidden)(value)


def _hidden(_: object) -> str:
    return "***"


def token(value: object) -> str | None:
    """A code or an id for a line that is shown as it is; None for what is neither.

    Examples
    --------
    >>> token(41), token("9700"), token("张三"), token({"a": 1})
    ('41', '9700', None, None)
    """
    text = code_text(value)
    return _ID_NUMBER.sub(lambda m: mask_id(m[0]), text) if text and text.isascii() else None


def _without_query(value: object) -> object:
    if not isinstance(value, str):
        return _described(value)
    try:
        parts = urlsplit(value)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return _hidden(value)
    if not parts.scheme or not host:
        return _described(value)
    # Files are often named after people.
    path = "/".join(p if unquote(p).isascii() else "***" for p in parts.path.partition(";")[0].split("/"))
    return urlunsplit((parts.scheme, host, scrub(path, 300), "", ""))


def _described(value: object) -> str:
    if isinstance(value, str):
        return f"<text, {len(value)} characters>"
    if isinstance(value, dict):
        return f"<object, {len(value)} fields>"
    if isinstance(value, list):
        return f"<list, {len(value)} items>"
    return f"<{type(value).__name__}>"


def _plain(value: object) -> object:
    """A code or a number of ours as it is, unless something else stands in its place: a name, an id number."""
    if isinstance(value, str):
        if not value.isascii():
            return _described(value)
        return _ID_NUMBER.sub(lambda m: mask_id(m[0]), value)
    return value if isinstance(value, int | Decimal) else _described(value)


#: Kinds that revealing does not change.
_ALWAYS: Mapping[Kind, Callable[[object], object]] = {
    "time": moment,
    "url": _without_query,
    "secret": _hidden,
}
#: How the others are masked; what is not here is hidden whole.
_MASKED: Mapping[Kind, Callable[[Any], object]] = {
    "id": lambda v: mask_id(str(v)) if isinstance(v, str | int) else _hidden(v),
    "name": lambda v: mask_name(v) if isinstance(v, str) else _hidden(v),
    "phone": lambda v: mask_phone(str(v)) if isinstance(v, str | int) else _hidden(v),
    "plain": _plain,
    "note": lambda v: scrub(v) if isinstance(v, str) else _plain(v),
}


def undeclared(trees: Mapping[str, Any], fields: tuple[Field, ...], *, reveal: bool) -> dict[str, object]:
    """What stands in a message without being declared: by path, described only, for it may be anybody's name.

    Revealed it is shown, except where its name says that it is a key, a token or a signature.
    """
    known = {f.path for f in fields}
    return {
        path: value if reveal and not _is_secret(path) else _described(value)
        for root, tree in trees.items()
        for path, value in _leaves(tree, root, reveal)
        if path not in known and not any(path.startswith((f"{k}.", f"{k}[")) for k in known)
    }


def _is_secret(path: str) -> bool:
    words = _WORD.findall(path.rpartition(".")[2])
    return bool(_SECRET_WORDS & {w.lower().rstrip("s") for w in words})


def _leaves(tree: object, path: str, reveal: bool) -> Iterator[tuple[str, Any]]:
    if isinstance(tree, dict) and tree:
        for i, (key, value) in enumerate(tree.items(), 1):
            # What is no plain word may be somebody's name, or a number of hers.
            name = key if reveal or _KEY.fullmatch(str(key)) else f"<key {i}>"
            yield from _leaves(value, f"{path}.{name}", reveal)
    elif isinstance(tree, list) and any(isinstance(item, dict | list) for item in tree):
        for i, item in enumerate(tree):
            yield from _leaves(item, f"{path}[{i}]", reveal)
    elif tree is not None and tree not in ({}, []):
        yield path, tree


def split_buffers(data: dict[str, Any], names: Mapping[str, str]) -> tuple[list[Attachment], list[str]]:
    """Take the files in Base64 out of `data` (path -> our name): attachments, and what could not be decoded."""
    found: list[Attachment] = []
    warnings: list[str] = []
    for path, name in names.items():
        value = data.pop(path, None)
        if value in (None, ""):
            continue
        try:
            found.append(attachment(name, decode_base64(value)))
        except DecryptionError:
            warnings.append(f"{path} is not Base64 text; it was left out")
    return found, warnings
