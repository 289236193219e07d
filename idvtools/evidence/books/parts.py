"""The zip that an xlsx is: its parts unpacked within the limits, and packed anew so that they cannot burst later."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from lxml import etree

from idvtools.errors import EvidenceError
from idvtools.evidence.limits import Budget

_CHUNK = 1 << 20
#: A part below this size is packed anew without compression.
_SMALL = 1 << 16
#: A sheet of 300,000 rows and 12 columns; its cells take three times as much memory again.
_MOST_OF_A_PART = 160 << 20
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
    "__macosx/",
    "xl/drawings/",
    "xl/charts/",
    "xl/printersettings/",
    "xl/embeddings/",
)


@dataclass(frozen=True, slots=True)
class _Packed:
    """A part as it lies in a zip: method, check sum, size when unpacked, and the bytes."""

    method: int
    crc: int
    size: int
    raw: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Package:
    """The parts of an xlsx that matter, unpacked within the limits, without a DTD; all names of the zip."""

    parts: dict[str, bytes] = field(repr=False)
    names: frozenset[str] = field(repr=False)
    warnings: tuple[str, ...] = ()
    packed: dict[str, _Packed] = field(default_factory=dict, repr=False)

    def zipped(self) -> io.BytesIO:
        """The parts in a zip again: each once, and none larger than it was found to be.

        Examples
        --------
        >>> zipfile.ZipFile(Package({"a.xml": b"<a/>"}, frozenset()).zipped()).read("a.xml")
        b'<a/>'
        """
        target, directory = io.BytesIO(), b""
        for name, part in self.parts.items():
            packed = self.packed.get(name) or _Packed(0, zlib.crc32(part), len(part), part)
            known = name.encode()
            sizes = struct.pack("<III", packed.crc, len(packed.raw), packed.size)
            flags = struct.pack("<HHHHH", 20, 0x800, packed.method, 0, 33)  # the first of January 1980
            lengths = struct.pack("<HH", len(known), 0)
            directory += b"PK\x01\x02" + struct.pack("<H", 20) + flags + sizes + lengths + bytes(10)
            directory += struct.pack("<I", target.tell()) + known
            target.write(b"PK\x03\x04" + flags + sizes + lengths + known)
            target.write(packed.raw)
        counts = struct.pack("<HHHHIIH", 0, 0, len(self.parts), len(self.parts), len(directory), target.tell(), 0)
        target.write(directory + b"PK\x05\x06" + counts)
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
            return _unpack(archive, data, infos, budget)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        raise EvidenceError("the workbook is damaged: its zip cannot be unpacked (cut off or changed)") from error
    except (struct.error, KeyError, IndexError, OverflowError, MemoryError) as error:
        raise EvidenceError("the workbook is damaged: its zip makes no sense") from error


def _unpack(archive: zipfile.ZipFile, data: bytes, infos: Sequence[zipfile.ZipInfo], budget: Budget) -> Package:
    parts: dict[str, bytes] = {}
    packed: dict[str, _Packed] = {}
    names = [info.filename.replace("\\", "/").lstrip("/") for info in infos]
    twice = len(names) - len(set(names))
    for name, info in zip(names, infos, strict=True):
        lower = name.lower()
        if not lower.endswith((".xml", ".rels")) or lower.startswith(_SKIPPED):
            continue
        unpacked, found = _member(archive, data, info, budget)
        parts[name] = refuse_dtd(unpacked)
        packed.pop(name, None)
        if found is not None and parts[name] is unpacked:
            packed[name] = found
    if any(b"purl.oclc.org/ooxml" in p for n, p in parts.items() if n.lower().endswith("workbook.xml")):
        parts, packed = {name: _transitional(part) for name, part in parts.items()}, {}
    warnings = (f"{twice} parts of the workbook are there twice; the last one was read",) if twice else ()
    return Package(parts, frozenset(n.lower() for n in names), warnings, packed)


def _member(
    archive: zipfile.ZipFile, data: bytes, info: zipfile.ZipInfo, budget: Budget
) -> tuple[bytes, _Packed | None]:
    """A part, and as what it lies in the zip, where what lies there is all of it."""
    limits = budget.limits
    if info.flag_bits & 1:
        raise EvidenceError("parts of the workbook are locked one by one, which Office never does")
    if info.file_size > limits.file_bytes or (
        info.file_size > _CHUNK and info.file_size > limits.ratio * max(info.compress_size, 1)
    ):
        raise EvidenceError(
            f"a part of the workbook unpacks to more than {limits.ratio} times its size; it was not read"
        )
    budget.take_bytes(info.file_size)
    if info.file_size > _MOST_OF_A_PART:
        raise EvidenceError(f"a part of the workbook unpacks to more than {_MOST_OF_A_PART >> 20} MB; it was not read")
    if info.compress_type == zipfile.ZIP_DEFLATED and info.file_size > _SMALL:
        raw = _raw(data, info)
        return _inflated(raw, info, budget), _Packed(zipfile.ZIP_DEFLATED, info.CRC, info.file_size, raw)
    return archive.read(info), None


def _raw(data: bytes, info: zipfile.ZipInfo) -> bytes:
    start = info.header_offset
    start += 30 + sum(struct.unpack_from("<HH", data, start + 26))
    return data[start : start + info.compress_size]


def _inflated(raw: bytes, info: zipfile.ZipInfo, budget: Budget) -> bytes:
    """A part that is as large as it declares, and ends where it says: the next reader need not look again."""
    engine = zlib.decompressobj(-15)
    pieces: list[bytes] = []
    size, left = 0, raw
    while not engine.eof:
        budget.tick()
        piece = engine.decompress(left, _CHUNK)
        if not piece and not engine.eof:
            break
        left = engine.unconsumed_tail
        size += len(piece)
        if size > info.file_size:
            break
        pieces.append(piece)
    part = b"".join(pieces)
    if not engine.eof or engine.unused_data or size != info.file_size or zlib.crc32(part) != info.CRC:
        raise zipfile.BadZipFile("a part is not what it declares")
    return part


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
