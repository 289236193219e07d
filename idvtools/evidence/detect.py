"""What a file is, by its content. Each kind has a claim; exactly one must hold, so that no order decides."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from idvtools.errors import EvidenceError
from idvtools.evidence.archives.directory import ends_in_directory, member_names
from idvtools.evidence.books.container import OLE_MAGIC
from idvtools.evidence.foreign import foreign, is_page_in_mail
from idvtools.evidence.model import Kind
from idvtools.evidence.text.sniffing import is_delimited, is_json, markup_of, text_of

_PDF = re.compile(rb"%PDF-\d(?![^\s%.]|\.\d?[^\s%\d])")  # not the first heading of a csv
# The first record of a workbook without a container (BIFF2 to 5): BOF, then its length.
_BARE_BIFF = re.compile(rb"\x09[\x00\x02\x04\x08][\x04-\x10]\x00")
_PNG, _JPG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
_BINARY = (b"PK\x03\x04", b"PK\x05\x06", OLE_MAGIC, _PNG, _JPG, b"\x1f\x8b")


@dataclass(frozen=True)
class _Sample:
    """A file, and what several claims ask about it."""

    data: bytes

    @cached_property
    def text(self) -> str | None:
        """The first characters, None where it is not text."""
        binary = self.data.startswith(_BINARY) or _BARE_BIFF.match(self.data) or foreign(self.data)
        return None if binary else text_of(self.data)

    @cached_property
    def markup(self) -> str | None:
        if self.text and is_page_in_mail(self.data):
            return "html"
        return markup_of(self.text) if self.text else None

    @cached_property
    def json(self) -> bool:
        return bool(self.text) and is_json(self.text or "")

    @cached_property
    def streams(self) -> frozenset[str]:
        """Names of streams that a CFB file has in its directory, looked for by their form: it may be damaged."""
        names = ("Workbook", "Book", "EncryptedPackage")
        found = self.data.startswith(OLE_MAGIC)
        return frozenset(name for name in names if found and _has_stream(self.data, name))

    @cached_property
    def zip_names(self) -> frozenset[str] | None:
        """Names in a zip; None where it is none."""
        data = self.data
        if data.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08PK\x03\x04", b"PK00PK")) or ends_in_directory(
            data
        ):
            return member_names(data)
        return None

    @cached_property
    def office(self) -> bool:
        """Whether a zip holds a workbook: xlsx, xlsm, xlsb."""
        names = self.zip_names or frozenset()
        return "[content_types].xml" in names and any(name.startswith("xl/") for name in names)

    @cached_property
    def package(self) -> str | None:
        """What a zip is that is no archive of files, in words."""
        return None if self.zip_names is None or self.office else foreign(self.data, self.zip_names)


def _has_stream(data: bytes, name: str) -> bool:
    raw = name.encode("utf-16-le") + b"\0\0"
    at = data.find(raw)
    while at >= 0:
        if at % 128 == 0 and data[at + 64 : at + 66] == len(raw).to_bytes(2, "little"):
            return True
        at = data.find(raw, at + 1)
    return False


def _is_pdf(sample: _Sample) -> bool:
    head = sample.data[:1024]
    found = _PDF.search(head)
    if found is None:
        return False
    # Readers take a header within the first KB; but a zip may begin with a PDF stored in it, and a text may name one.
    return not head[: found.start()].strip() or (not head.startswith(_BINARY) and b"endobj" in sample.data)


def _is_csv(sample: _Sample) -> bool:
    return _is_plain(sample) and is_delimited(sample.text or "")


def _is_plain(sample: _Sample) -> bool:
    return bool((sample.text or "").strip()) and sample.markup is None and not sample.json and not _is_pdf(sample)


_CLAIMS: Mapping[Kind, Callable[[_Sample], bool]] = MappingProxyType(
    {
        "zip": lambda s: s.zip_names is not None and not s.office and not s.package,
        "xlsx": lambda s: s.office,
        "pdf": _is_pdf,
        "xls": lambda s: bool(s.streams & {"Workbook", "Book"}) or _BARE_BIFF.match(s.data) is not None,
        "office_encrypted": lambda s: "EncryptedPackage" in s.streams,
        "png": lambda s: s.data.startswith(_PNG),
        "jpg": lambda s: s.data.startswith(_JPG),
        "html": lambda s: s.markup == "html" and not _is_pdf(s),
        "xml": lambda s: s.markup == "xml" and not _is_pdf(s),
        "json": lambda s: s.json and not _is_pdf(s),
        "csv": _is_csv,
        "txt": lambda s: _is_plain(s) and not _is_csv(s),
        "empty": lambda s: not s.data or (s.text is not None and not s.text.strip() and len(s.data) < 1 << 20),
    }
)


def detect(data: bytes) -> Kind:
    """What a file is, by its content and never by its name.

    Parameters
    ----------
    data : bytes
        The whole file.

    Returns
    -------
    Kind
        ``unknown`` where no kind claims it. HTML and text that are named ``.xls`` are ``html`` and ``csv``.

    Raises
    ------
    EvidenceError
        Two kinds claim it, such as a PDF with a zip behind it: reading it as either could hide the other.

    Examples
    --------
    >>> detect(b"%PDF-1.4"), detect(b"a,b\\n1,2\\n"), detect("<table><tr><td>x".encode("utf-16")), detect(b"")
    ('pdf', 'csv', 'html', 'empty')
    """
    sample = _Sample(data)
    claimed: list[Kind] = [kind for kind, claims in _CLAIMS.items() if claims(sample)]
    if len(claimed) > 1:
        raise EvidenceError(f"two readers claim it, {' and '.join(claimed)}: say which one with kind=")
    return claimed[0] if claimed else "unknown"


def likely(data: bytes) -> Kind:
    """What a file is as far as it can be told; ``unknown`` where two kinds claim it, too.

    Examples
    --------
    >>> likely(b"a,b\\n1,2\\n"), likely(b"%PDF-1.4 endobj" + b"PK\\x05\\x06" + bytes(18))
    ('csv', 'unknown')
    """
    try:
        return detect(data)
    except EvidenceError:
        return "unknown"


def what_else(data: bytes) -> str:
    """What a file of unknown kind seems to be, in words.

    Examples
    --------
    >>> what_else(b"Rar!\\x1a\\x07\\x00")
    'it seems to be a RAR archive; unpack it, or have it sent as zip'
    """
    words = _Sample(data).package or foreign(data)
    return f"it seems to be {words}" if words else "nothing in it tells what it is"
