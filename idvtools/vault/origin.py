"""Where a piece of evidence came from, in words that are harmless wherever they are shown or used."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime

from idvtools.errors import InputError
from idvtools.privacy import scrub

_LONGEST_NAME, _LONGEST_ID, _LONGEST_URL, _LONGEST_NOTE = 150, 200, 2000, 300
_RESERVED = re.compile(r'[<>:"|?*]')
_SCHEME = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?/+")
_DEVICE = re.compile(r"(?i)(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|\Z)")

#: vendor, op_id, call, name
Identity = tuple[str, str | None, str, str]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a file came from; what a vendor made up is cleaned when the object is made.

    Parameters
    ----------
    vendor : str
        The vendor that gave the file.
    op_id : str, optional
        The operation that it belongs to; None for what belongs to none (a monthly statement).
    app_id : str, optional
        The app whose keys fetched it.
    call : str
        The call that gave it.
    name : str
        A file name. Only what stands after the last slash is kept, without control and format characters,
        150 characters at most. Names are not masked: don't put a person's number in.
    url : str, optional
        Where it was fetched; query, fragment and user are left out here, for they may grant access.
    fetched_at : datetime
        When, with a zone; kept in UTC.
    note : str, optional
        Free text, scrubbed (`idvtools.privacy.scrub`).

    Raises
    ------
    InputError
        `fetched_at` has no zone; an id is empty or absurdly long (cut ids would fall on one another).

    Examples
    --------
    >>> at = datetime(2026, 10, 1, 8, tzinfo=UTC)
    >>> Origin("dec", "zd1", None, "evidence", "../a/b.pdf", "https://u:p@h.example/x?sign=1#f", at).identity
    ('dec', 'zd1', 'evidence', 'b.pdf')
    >>> Origin("dec", "zd1", None, "evidence", "..", "https://u:p@h.example/x?sign=1#f", at).url
    'https://h.example/x'
    """

    vendor: str
    op_id: str | None
    app_id: str | None
    call: str
    name: str
    url: str | None
    fetched_at: datetime
    note: str | None = None

    def __post_init__(self) -> None:
        if self.fetched_at.tzinfo is None:
            raise InputError("fetched_at needs a time zone: whose clock is it?", vendor=self.vendor)
        clean = {
            "vendor": _id(self.vendor, "vendor"),
            "op_id": None if self.op_id is None else _id(self.op_id, "op_id"),
            "app_id": None if self.app_id is None else _id(self.app_id, "app_id"),
            "call": _id(self.call, "call"),
            "name": harmless_name(self.name),
            "url": None if self.url is None else bare_url(self.url),
            "fetched_at": self.fetched_at.astimezone(UTC),
            "note": None if self.note is None else scrub(_visible(self.note), _LONGEST_NOTE),
        }
        for name, value in clean.items():
            object.__setattr__(self, name, value)

    @property
    def identity(self) -> Identity:
        """What the file is, whenever it is fetched: (vendor, op_id, call, name)."""
        return self.vendor, self.op_id, self.call, self.name


def harmless_name(name: str) -> str:
    r"""A name that is one file in whatever folder it is put, and shows as what it is.

    A name that is too long is cut in the middle and keeps its ending; a digest keeps it apart from others.

    Examples
    --------
    >>> harmless_name("C:\\temp\\..\\front\u202egpj.exe"), harmless_name("../../"), harmless_name(".. /.bashrc ")
    ('frontgpj.exe', 'unnamed', 'bashrc')
    >>> len(harmless_name("x" * 5000 + ".pdf")), harmless_name("x" * 5000 + ".pdf")[-4:]
    (150, '.pdf')
    """
    last = re.split(r"[/\\]", _visible(name))[-1]
    clean = _RESERVED.sub("_", last).strip(" .")
    if _DEVICE.match(clean):
        clean = "_" + clean
    if len(clean) > _LONGEST_NAME:
        stem, dot, ending = clean.rpartition(".")
        ending = dot + ending if stem and len(ending) <= 10 else ""
        mark = "~" + hashlib.sha256(clean.encode()).hexdigest()[:12] + ending
        clean = clean[: _LONGEST_NAME - len(mark)] + mark
    return clean or "unnamed"


def bare_url(url: str) -> str:
    """A URL without user, query and fragment, however malformed it is.

    Examples
    --------
    >>> bare_url("https://me:secret@h.example:8443/a/b?token=1"), bare_url("//h.example/a#b"), bare_url("x@y")
    ('https://h.example:8443/a/b', '//h.example/a', 'y')
    """
    bare = re.split("[?#]", "".join(_visible(url).split()), maxsplit=1)[0]
    scheme = _SCHEME.match(bare.replace("\\", "/"))
    start = scheme.end() if scheme else 0
    host, slash, path = bare[start:].replace("\\", "/").partition("/")
    return (bare[:start] + host.rpartition("@")[2] + slash + path)[:_LONGEST_URL]


def _visible(text: str) -> str:
    """Without control, format and surrogate characters, and line and paragraph separators."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp"))


def _id(text: str, what: str) -> str:
    clean = _visible(text).strip()
    if not clean or len(clean) > _LONGEST_ID:
        raise InputError(f"{what} is {'empty' if not clean else f'longer than {_LONGEST_ID} characters'}")
    return clean
