"""What a file is that is not read, in words that tell what to do about it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from types import MappingProxyType

from idvtools.evidence.books.container import OLE_MAGIC

#: Signatures at the start that no text has.
_SIGNATURES: Mapping[bytes, str] = MappingProxyType(
    {
        b"Rar!\x1a\x07": "a RAR archive; unpack it, or have it sent as zip",
        b"7z\xbc\xaf\x27\x1c": "a 7z archive; unpack it, or have it sent as zip",
        b"\x1f\x8b": "gzip within gzip",
        b"\x1f\x9d": "a file of compress (.Z); unpack it",
        b"\xfd7zXZ\x00": "an xz file; unpack it",
        b"\x5d\x00\x00": "an lzma file; unpack it",
        b"\x28\xb5\x2f\xfd": "a Zstandard file; unpack it",
        b"\x04\x22\x4d\x18": "an LZ4 file; unpack it",
        b"MSCF\x00\x00\x00\x00": "a cabinet archive; unpack it, or have it sent as zip",
        b"II*\x00": "a TIFF picture",
        b"MM\x00*": "a TIFF picture",
        b"\x00\x00\x01\x00": "an icon",
        b"SQLite format 3\x00": "a SQLite database",
        b"ARROW1\x00\x00": "a Feather file; pandas reads it",
        b"\x89HDF\r\n\x1a\n": "an HDF5 file; pandas reads it",
        b"Obj\x01": "an Avro file",
        b"\x7fELF": "a program",
        b"\xca\xfe\xba\xbe\x00": "a program",
        b"L\x00\x00\x00\x01\x14\x02\x00": "a Windows shortcut: it only points to a file, which has to be sent itself",
        b"\x00\x05\x16\x07": "what macOS notes about another file; nothing of the evidence is in it",
        b"\x00\x00\x00\x01Bud1": "what macOS notes about a folder; nothing of the evidence is in it",
    }
)
#: Forms that need more than a start, since a text may have the same one.
_FORMS: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"BZh[1-9](?:1AY&SY|\x17\x72\x45\x38\x50\x90)"), "a bzip2 file; unpack it"),
    (re.compile(rb"GIF8[79]a"), "a GIF picture"),
    (re.compile(rb"BM.{4}\x00{4}", re.DOTALL), "a BMP picture"),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), "a WebP picture"),
    (re.compile(rb"RIFF.{4}(?:WAVE|AVI )", re.DOTALL), "a recording"),
    (re.compile(rb"\x00.{3}ftyp(?:heic|heix|mif1|msf1|avif)", re.DOTALL), "a HEIC or AVIF picture; save it as jpg"),
    (re.compile(rb"\x00.{3}ftyp", re.DOTALL), "a film"),
    (re.compile(rb"PAR1.*PAR1\Z", re.DOTALL), "a Parquet file; pandas reads it"),
    (re.compile(rb"\{\\rtf\d"), "an RTF document; save it as PDF"),
    (re.compile(rb"%!PS"), "a PostScript document; save it as PDF"),
    (re.compile(rb"MZ[^\r\n]*\x00"), "a program (.exe); if it is an archive that unpacks itself, have it sent as zip"),
    (re.compile(rb"..-l[hz][0-9a-z]-", re.DOTALL), "an LZH archive; unpack it, or have it sent as zip"),
    (re.compile(rb".{7}\*\*ACE\*\*", re.DOTALL), "an ACE archive; unpack it, or have it sent as zip"),
    (re.compile(rb".{257}ustar[\x00 ]", re.DOTALL), "a tar archive; unpack it, or have it sent as zip"),
    (re.compile(rb".{32769}CD001", re.DOTALL), "an image of a disk (ISO); unpack it"),
    (re.compile(rb"bplist00"), "a list of settings of macOS"),
    (re.compile(rb"!BDN.{4}SM", re.DOTALL), "an Outlook mailbox; have the mail's attachments saved as files"),
    (re.compile(rb"\x30\x82..(?:\x30\x82|\x02\x01|\x06\x09\x2a)", re.DOTALL), "a certificate or a signed message"),
    (re.compile(rb"-----BEGIN PGP MESSAGE-----"), "a message encrypted with PGP; decrypt it"),
)
#: What lies in the streams of an Office file of before 2007.
_STREAMS: Mapping[str, str] = MappingProxyType(
    {
        "WordDocument": "a Word document (doc); save it as PDF",
        "PowerPoint Document": "a presentation (ppt); save it as PDF",
        "__properties_version1.0": "a mail of Outlook (msg); have its attachments saved as files",
    }
)
#: Files that are zips by their outside: what one has in it (all lower case; a folder ends in a slash), and the words.
_PACKAGES: tuple[tuple[str, str], ...] = (
    ("word/", "a Word document (docx); save it as PDF"),
    ("ppt/", "a presentation (pptx); save it as PDF"),
    ("visio/", "a drawing (vsdx); save it as PDF"),
    ("ofd.xml", "an OFD document (such as a Chinese e-invoice); have it sent as PDF, or its data as XML"),
    ("index/document.iwa", "a document of Apple's Numbers or Pages; save it as xlsx or PDF"),
    ("androidmanifest.xml", "a program (apk)"),
    ("meta-inf/container.xml", "an e-book"),
)
_OPEN_DOCUMENT: Mapping[bytes, str] = MappingProxyType(
    {
        b"application/vnd.oasis.opendocument.spreadsheet": "an OpenDocument spreadsheet (ods); save it as xlsx",
        b"application/vnd.oasis.opendocument": "an OpenDocument document; save it as PDF",
        b"application/epub+zip": "an e-book",
    }
)
_HEAD = 1 << 18
_MAIL = re.compile(rb"\s*(?:[!-9;-~]{1,70}:[ \t].*\r?\n(?:[ \t].*\r?\n)*){2,}")
_MAIL_FIELD = re.compile(rb"^(?:mime-version:|(?:received|message-id|delivered-to|return-path):)", re.I | re.M)


def foreign(data: bytes, names: Collection[str] | None = None) -> str | None:
    """The words for a format that is known and not read; None where it is none of those.

    Parameters
    ----------
    data : bytes
        The whole file.
    names : collection of str, optional
        Where it is a zip, what lies in it, in lower case.

    Examples
    --------
    >>> foreign(b"Rar!\\x1a\\x07\\x00"), foreign(b"BM,2026\\n"), foreign(b"PK", {"ofd.xml", "doc_0/document.xml"})[:15]
    ('a RAR archive; unpack it, or have it sent as zip', None, 'an OFD document')
    """
    if names is not None:
        return _package(data, names)
    if data.startswith(OLE_MAGIC):
        found = (words for name, words in _STREAMS.items() if name.encode("utf-16-le") + b"\0\0" in data)
        return next(found, "an Office file that is no workbook, or a damaged one")
    for signature, words in _SIGNATURES.items():
        if data.startswith(signature):
            return words
    if _is_dbase(data):
        return "a dBase table (dbf); save it as csv or xlsx"
    return next((words for form, words in _FORMS if form.match(data)), None)


def _package(data: bytes, names: Collection[str]) -> str | None:
    content = {"word/", "ppt/", "visio/"} if "[content_types].xml" in names else set()
    for known, words in _PACKAGES:
        if known in content and any(name.startswith(known) for name in names):
            return words
        if not known.endswith("/") and known in names:
            return words
    if {"mimetype", "content.xml", "meta-inf/manifest.xml"} <= set(names) or data[30:38] == b"mimetype":
        return next((words for kind, words in _OPEN_DOCUMENT.items() if kind in data), "an OpenDocument document")
    return None


def _is_dbase(data: bytes) -> bool:
    """By the version, a date, and a header of whole fields that ends where it says."""
    if len(data) < 65 or data[0] not in (0x02, 0x03, 0x30, 0x31, 0x43, 0x83, 0x8B, 0xF5):
        return False
    header = int.from_bytes(data[8:10], "little")
    return 1 <= data[2] <= 12 and 1 <= data[3] <= 31 and header > 32 and b"\r" in data[header - 2 : header]


def is_mail(data: bytes) -> bool:
    """Whether a text is a mail, or a page saved as one (MHTML), by the fields at its head.

    Examples
    --------
    >>> is_mail(b"From: a\\r\\nMIME-Version: 1.0\\r\\n\\r\\n"), is_mail(b"From: a to b\\nDate: today\\n")
    (True, False)
    """
    head = _MAIL.match(data[:16_384])
    return head is not None and _MAIL_FIELD.search(head[0]) is not None


def is_page_in_mail(data: bytes) -> bool:
    """Whether a mail has a page in it: what Excel saves as a web page in one file."""
    return is_mail(data) and re.search(rb"^content-type:[ \t]*text/html", data[:_HEAD], re.I | re.M) is not None
