"""What a workbook comes in: an OLE container or a zip of parts; how it is unlocked, and kept from bursting."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

import msoffcrypto
import olefile
from lxml import etree

from idvtools.errors import EvidenceError, PasswordError
from idvtools.evidence.limits import Budget

OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
#: Office locks books with it that are to be opened without asking.
_DEFAULT_PASSWORD = "VelvetSweatshop"  # noqa: S105
#: Rounds of hashing that are still bearable in Python; Office takes 100,000.
_MAX_SPIN = 2_000_000
_CHUNK = 1 << 20
_STRICT = (
    (b"http://purl.oclc.org/ooxml/spreadsheetml/main", b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"),
    (
        b"http://purl.oclc.org/ooxml/officeDocument/relationships",
        b"http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    ),
)
_SKIPPED = (
    "xl/media/",
    "xl/theme/",
    "customxml/",
    "xl/drawings/",
    "xl/charts/",
    "xl/printersettings/",
    "xl/embeddings/",
)


@dataclass(frozen=True, slots=True)
class Package:
    """The parts of an xlsx that matter, unpacked within the limits, without a DTD; all names of the zip."""

    parts: dict[str, bytes] = field(repr=False)
    names: frozenset[str] = field(repr=False)
    warnings: tuple[str, ...] = ()

    def zipped(self) -> io.BytesIO:
        """The parts in a zip again, stored: what a reader gets can then not grow any more."""
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w") as archive:
            for name, content in self.parts.items():
                archive.writestr(zipfile.ZipInfo(name), content)
        target.seek(0)
        return target


def open_package(data: bytes, budget: Budget) -> Package:
    """Unpack the XML parts of an xlsx.

    Raises
    ------
    EvidenceError
        It is no zip, a part is damaged, too large, packed too tightly, or declares entities.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            budget.tick()
            if len(infos) > budget.limits.members:
                raise EvidenceError(f"the workbook holds more than {budget.limits.members} parts")
            return _unpack(archive, infos, budget)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        raise EvidenceError("the workbook is damaged: its zip cannot be unpacked (cut off or changed)") from error
    except (struct.error, KeyError, IndexError, OverflowError, MemoryError) as error:
        raise EvidenceError("the workbook is damaged: its zip makes no sense") from error


def _unpack(archive: zipfile.ZipFile, infos: Sequence[zipfile.ZipInfo], budget: Budget) -> Package:
    parts: dict[str, bytes] = {}
    names = [info.filename.replace("\\", "/").lstrip("/") for info in infos]
    twice = len(names) - len(set(names))
    for name, info in zip(names, infos, strict=True):
        lower = name.lower()
        if not lower.endswith((".xml", ".rels")) or lower.startswith(_SKIPPED):
            continue
        parts[name] = refuse_dtd(_member(archive, info, budget))
    if any(b"purl.oclc.org/ooxml" in p for n, p in parts.items() if n.lower().endswith("workbook.xml")):
        parts = {name: _transitional(part) for name, part in parts.items()}
    warnings = (f"{twice} parts of the workbook are there twice; the last one was read",) if twice else ()
    return Package(parts, frozenset(n.lower() for n in names), warnings)


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, budget: Budget) -> bytes:
    limits = budget.limits
    if info.flag_bits & 1:
        raise EvidenceError("parts of the workbook are locked one by one, which Office never does")
    if info.file_size > limits.file_bytes or (
        info.file_size > _CHUNK and info.file_size > limits.ratio * max(info.compress_size, 1)
    ):
        raise EvidenceError(
            f"a part of the workbook unpacks to more than {limits.ratio} times its size; it was not read"
        )
    pieces = []
    with archive.open(info) as stream:
        while piece := stream.read(_CHUNK):
            budget.take_bytes(len(piece))
            budget.tick()
            pieces.append(piece)
    return b"".join(pieces)


def _transitional(part: bytes) -> bytes:
    for strict, usual in _STRICT:
        part = part.replace(strict, usual)
    return part


def refuse_dtd(part: bytes) -> bytes:
    """The XML as UTF-8 if it is UTF-16; EvidenceError where it declares a DTD, which no spreadsheet needs.

    Examples
    --------
    >>> refuse_dtd(b"<!DOCTYPE a [<!ENTITY b 'c'>]><a/>")
    Traceback (most recent call last):
    ...
    idvtools.errors.EvidenceError: its XML declares a DTD with entities of its own, as XML bombs do; it was not read
    """
    if part[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in part[:4]:
        try:
            little = part[:2] == b"\xff\xfe" or part[1:2] == b"\x00"
            text = part.decode(
                "utf-16" if part[:2] in (b"\xff\xfe", b"\xfe\xff") else f"utf-16-{'l' if little else 'b'}e"
            )
        except UnicodeDecodeError as error:
            raise EvidenceError("its XML is in an encoding that cannot be read") from error
        part = re.sub(r"^\ufeff?\s*<\?xml[^>]*\?>", "", text, count=1).encode("utf-8", "replace")
    if b"<!" in part and (b"<!DOCTYPE" in part or b"<!ENTITY" in part):
        raise EvidenceError("its XML declares a DTD with entities of its own, as XML bombs do; it was not read")
    return part


def small_tree(part: bytes) -> etree._Element | None:
    """The tree of a small part (workbook, styles, relations), None where it is no XML. No entities, no network."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, recover=True)
    try:
        return etree.fromstring(part, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None


def unlock(data: bytes, passwords: Sequence[str], budget: Budget) -> bytes:
    """A locked workbook in clear; what is not locked comes back as it is.

    Raises
    ------
    PasswordError
        None of the passwords opens it.
    EvidenceError
        It is locked in a way that cannot be opened here.

    Examples
    --------
    >>> from idvtools.evidence.limits import Limits
    >>> unlock(b"PK\\x03\\x04", ["secret"], Budget(Limits()))
    b'PK\\x03\\x04'
    """
    if not data.startswith(OLE_MAGIC):
        return data
    try:
        locked = _is_locked(data)
    except EvidenceError:
        raise
    except Exception:
        return data
    if not locked:
        return data
    for password in dict.fromkeys([_DEFAULT_PASSWORD, *(p for p in passwords if p)]):
        budget.tick()
        opened = _try(data, password)
        if opened is not None:
            return opened
    if passwords:
        raise PasswordError("the workbook is locked, and none of the passwords given opens it")
    raise PasswordError("the workbook is locked; a password is needed")


def _try(data: bytes, password: str) -> bytes | None:
    target = io.BytesIO()
    try:
        book = msoffcrypto.OfficeFile(io.BytesIO(data))
        checked = {"verify_password": True} if book.format == "ooxml" else {}
        book.load_key(password=password, **checked)
        book.decrypt(target)
    except msoffcrypto.exceptions.InvalidKeyError:
        return None
    except msoffcrypto.exceptions.DecryptionError as error:
        if "nsupported" in str(error):
            raise EvidenceError("the workbook is locked in a way that is not known here") from error
        return None
    except UnicodeEncodeError:  # a password that the old ciphers cannot even write down
        return None
    except Exception as error:
        if password != _DEFAULT_PASSWORD:
            raise EvidenceError("the workbook is locked, and damaged: it cannot be unlocked") from error
        return None
    return target.getvalue()


def _is_locked(data: bytes) -> bool:
    with olefile.OleFileIO(io.BytesIO(data)) as container:
        if not container.exists("EncryptionInfo"):
            book = next((n for n in ("Workbook", "Book") if container.exists(n)), None)
            if book is None:
                return False
            return _has_filepass(_stream(container, data, book)[: 1 << 16])
        info = container.openstream("EncryptionInfo").read(1 << 16)
    spins = re.findall(rb'spinCount="(\d+)"', info)
    if b"<!" in info or any(len(s) > 9 or int(s) > _MAX_SPIN for s in spins):
        raise EvidenceError("the workbook asks for more work to unlock it than any Office does; it was not read")
    return True


def _has_filepass(stream: bytes) -> bool:
    position = 0
    while position + 4 <= len(stream):
        record, size = struct.unpack_from("<HH", stream, position)
        if record == 0x2F:
            return True
        if record in (0x0A, 0x85) or size > 8228:
            return False
        position += 4 + size
    return False


def _stream(container: olefile.OleFileIO, data: bytes, name: str) -> bytes:
    """A stream: in one piece where its sectors lie in a row, as they nearly always do."""
    found = [e for e in container.direntries if e is not None and e.name.lower() == name.lower()]
    if len(found) == 1 and found[0].size >= container.minisectorcutoff:
        start, size, sector = found[0].isectStart, found[0].size, container.sectorsize
        count = -(-size // sector)
        chain = container.fat[start : start + count]
        row = array(chain.typecode, range(start + 1, start + count))
        if len(chain) == count and chain[:-1] == row and chain[-1] == olefile.ENDOFCHAIN:
            piece = data[sector * (start + 1) : sector * (start + 1) + size]
            if len(piece) == size:
                return piece
    content: bytes = container.openstream(name).read()
    return content


def book_stream(data: bytes) -> tuple[bytes, tuple[str, ...]]:
    """The records of a ``.xls`` and what lies beside them in its container; a file of bare records is taken as it is.

    Raises
    ------
    EvidenceError
        There is no workbook in it, or its container is damaged.
    """
    if not data.startswith(OLE_MAGIC):
        return data, ()
    try:
        with olefile.OleFileIO(io.BytesIO(data)) as container:
            names = tuple("/".join(path) for path in container.listdir(streams=True, storages=True))
            book = next((n for n in ("Workbook", "Book") if container.exists(n)), None)
            if book is None:
                raise EvidenceError("an Office file without a workbook in it")
            return _stream(container, data, book), names
    except EvidenceError:
        raise
    except Exception as error:
        raise EvidenceError("the workbook is damaged: its container cannot be read (cut off or changed)") from error
