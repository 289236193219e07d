"""The directory of a zip, read with distrust: what it says of its members is compared with what stands before each.

Our own and not `zipfile`'s: raw names, overlaps, disagreeing headers and archives that are cut off are told there
in different ways by each version of Python, or not at all.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from struct import Struct

from idvtools.errors import EvidenceError
from idvtools.evidence.limits import Budget

_LOCAL = Struct("<4s5H3I2H")
_CENTRAL = Struct("<4s6H3I5H2I")
_END = Struct("<4s4H2IH")
_END64 = Struct("<4sQ2H2I4Q")
_LOCATOR64 = Struct("<4sIQI")
_FAR = 0xFFFFFFFF
_ENCRYPTED, _DESCRIPTOR, _STRONG, _UTF8 = 1, 8, 64, 0x800
_TOO_STRONG = "it is encrypted in a way that is not read (PKWARE strong encryption)"
_SEVERAL = "part of an archive in several parts; have it sent as one file"
_LINK, _UNIX, _MACOS = 0o120000, 3, 19


@dataclass(frozen=True, slots=True)
class Entry:
    """A member as the directory has it. `problem`: why it is not read; `start`: where its data begin."""

    raw: bytes
    utf8: bool
    method: int
    encrypted: bool
    check: bytes
    crc: int
    packed: int
    size: int
    header: int
    extra: bytes
    folder: bool = False
    link: bool = False
    start: int = 0
    problem: str | None = None
    doubt: str | None = None


@dataclass(frozen=True, slots=True)
class Directory:
    """All members in the order of the archive; `whole` False: the directory is missing, they were looked for."""

    entries: tuple[Entry, ...]
    whole: bool
    more: int = 0


def read_directory(data: bytes, budget: Budget) -> Directory:
    """The members of a zip, each with what is wrong with it.

    Raises
    ------
    EvidenceError
        There is no directory, and nothing that could be a member.
    """
    if budget.members_left <= 0:
        raise EvidenceError(f"it is not opened: there are more than {budget.limits.members} files before it")
    end = _find_end(data)
    if end is None:
        entries = tuple(_salvaged(data, budget))
        if not any(entry.packed and not entry.problem for entry in entries):
            raise EvidenceError(_why_nothing(data))
        return Directory(entries, whole=False)
    start, stop, shift, count = end
    read: list[Entry] = []
    at = start
    while at + _CENTRAL.size <= stop and data[at : at + 4] == b"PK\x01\x02" and len(read) < budget.members_left:
        entry, at = _central(data, at, shift)
        read.append(entry)
        if not len(read) % 256:
            budget.tick()
    read = _without_overlaps([_compared(data, entry, start) for entry in read], budget)
    if read and all(entry.problem for entry in read) and _is_last_part(data):
        raise EvidenceError(f"it is the last {_SEVERAL}")
    missing = max(count - len(read), 0)
    if not read and missing:
        raise EvidenceError("the archive is damaged: its directory cannot be read")
    return Directory(tuple(read), whole=True, more=missing)


def _why_nothing(data: bytes) -> str:
    """Why an archive without a directory has nothing in it that can be read."""
    if data.startswith(b"PK\x07\x08PK"):
        return f"it is the first {_SEVERAL}"
    if _is_last_part(data):
        return f"it is the last {_SEVERAL}"
    if b"PK\x06\x08" in data:
        return (
            "the archive's directory is encrypted, the names in it too; that is not read: have it sent as a usual zip"
        )
    return "the archive is cut off or damaged: it has no directory, and no whole member in it"


def _is_last_part(data: bytes) -> bool:
    at = data.rfind(b"PK\x05\x06")
    return 0 <= at <= len(data) - _END.size and _END.unpack_from(data, at)[1] not in (0, 0xFFFF)


def ends_in_directory(data: bytes) -> bool:
    """Whether the file ends as a zip does, to the byte: an archive with something in front of it."""
    at = data.rfind(b"PK\x05\x06", max(0, len(data) - _END.size - 0xFFFF))
    if at < 0 or at + _END.size > len(data):
        return False
    return at + _END.size + _END.unpack_from(data, at)[7] == len(data) and _find_end(data) is not None


def member_names(data: bytes) -> frozenset[str]:
    """The first 1,000 names, lower case, with ``/``: enough to tell a workbook from an archive."""
    end = _find_end(data)
    names: set[bytes] = set()
    if end is not None:
        at = end[0]
        while len(names) < 1000 and at + _CENTRAL.size <= len(data) and data[at : at + 4] == b"PK\x01\x02":
            entry, at = _central(data, at, 0)
            names.add(entry.raw)
    else:
        at = data.find(b"PK\x03\x04")
        while 0 <= at <= len(data) - _LOCAL.size and len(names) < 1000:
            length = int.from_bytes(data[at + 26 : at + 28], "little")
            names.add(data[at + _LOCAL.size : at + _LOCAL.size + length])
            at = data.find(b"PK\x03\x04", at + _LOCAL.size)
    return frozenset(name.decode("latin-1").lower().replace("\\", "/") for name in names)


def _find_end(data: bytes) -> tuple[int, int, int, int] | None:
    """Where the directory starts and stops, by how much offsets are off (a stub before the zip), its count."""
    floor = max(0, len(data) - _END.size - 0xFFFF)
    at = data.rfind(b"PK\x05\x06", floor)
    while at >= 0:
        if at + _END.size <= len(data):
            _, _, _, _, count, size, offset, _ = _END.unpack_from(data, at)
            stop = at
            if _FAR in (size, offset) or count == 0xFFFF:
                stop, count, size, offset = _zip64(data, at, (count, size, offset))
            for start in (stop - size, offset):  # the second where something stands between the directory and its end
                if start >= 0 and (data[start : start + 4] == b"PK\x01\x02" or (count == 0 and start == stop)):
                    return start, stop, start - offset, count
        at = data.rfind(b"PK\x05\x06", floor, at)
    return None


def _zip64(data: bytes, at: int, found: tuple[int, int, int]) -> tuple[int, int, int, int]:
    place = at - _LOCATOR64.size
    if place < _END64.size or data[place : place + 4] != b"PK\x06\x07":
        return at, *found
    stated: int = _LOCATOR64.unpack_from(data, place)[2]
    for record in (place - _END64.size, stated):
        if 0 <= record <= place - _END64.size and data[record : record + 4] == b"PK\x06\x06":
            fields = _END64.unpack_from(data, record)
            return record, fields[7], fields[8], fields[9]
    return at, *found


def _central(data: bytes, at: int, shift: int) -> tuple[Entry, int]:
    (_, made, _, flags, method, time, _, crc, packed, size, n_name, n_extra, n_comment, _, _, attributes, offset) = (
        _CENTRAL.unpack_from(data, at)
    )
    name_end = at + _CENTRAL.size + n_name
    raw, extra = data[at + _CENTRAL.size : name_end], data[name_end : name_end + n_extra]
    problem = None
    if _FAR in (packed, size, offset):
        values = [size, packed, offset]
        field = extra_field(extra, 1)
        for i, value in enumerate(values):
            if value == _FAR:
                if len(field) < 8:
                    break  # as large as that, to the byte
                values[i], field = int.from_bytes(field[:8], "little"), field[8:]
        size, packed, offset = values
    mode = attributes >> 16 if made >> 8 in (_UNIX, _MACOS) else 0
    folder = raw.endswith((b"/", b"\\")) or (mode & 0o170000) == 0o040000 or (not mode and bool(attributes & 16))
    if flags & _STRONG:
        problem = _TOO_STRONG
    return Entry(
        raw=raw,
        utf8=bool(flags & _UTF8),
        method=method,
        encrypted=bool(flags & _ENCRYPTED),
        check=_check_bytes(time, crc),
        crc=crc,
        packed=packed,
        size=size,
        header=offset + shift,
        extra=extra,
        folder=folder and not size,
        link=(mode & 0o170000) == _LINK,
        problem=problem,
    ), name_end + n_extra + n_comment


def _check_bytes(time: int, crc: int) -> bytes:
    """The byte that tells a password: of the time where sizes come after the data, else of the CRC; tools mix them."""
    return bytes((time >> 8, crc >> 24))


def extra_field(extra: bytes, wanted: int) -> bytes:
    """An extra field's content, empty where there is none."""
    at = 0
    while at + 4 <= len(extra):
        found, length = int.from_bytes(extra[at : at + 2], "little"), int.from_bytes(extra[at + 2 : at + 4], "little")
        if found == wanted:
            return extra[at + 4 : at + 4 + length]
        at += 4 + length
    return b""


def _compared(data: bytes, entry: Entry, stop: int) -> Entry:
    """The entry with the place of its data, and whether its own header agrees with the directory."""
    if entry.problem:
        return entry
    if not 0 <= entry.header <= stop - _LOCAL.size or data[entry.header : entry.header + 4] != b"PK\x03\x04":
        return replace(entry, problem="it is not where the archive's directory says")
    _, _, flags, method, time, _, crc, packed, size, n_name, n_extra = _LOCAL.unpack_from(data, entry.header)
    start = entry.header + _LOCAL.size + n_name + n_extra
    if start + entry.packed > stop:
        return replace(entry, problem="it runs past the end of the archive's data")
    if method != entry.method or bool(flags & _ENCRYPTED) != entry.encrypted:
        return replace(entry, problem="the archive says in two places two things of how it is packed")
    doubt = None
    if data[entry.header + _LOCAL.size : entry.header + _LOCAL.size + n_name] != entry.raw:
        doubt = "the archive has another name for it in another place"
    elif not flags & _DESCRIPTOR and _FAR not in (packed, size) and (packed, size) != (entry.packed, entry.size):
        doubt = "the archive tells its size in two ways"
    return replace(entry, start=start, doubt=doubt, check=entry.check + _check_bytes(time, crc))


def _without_overlaps(entries: list[Entry], budget: Budget) -> list[Entry]:
    """Mark members that use another one's data: that is how bombs multiply."""
    order = sorted((i for i, e in enumerate(entries) if not e.problem), key=lambda i: entries[i].header)
    end = 0
    for i in order:
        budget.tick()
        entry = entries[i]
        if entry.header < end:
            entries[i] = replace(entry, problem="it overlaps another member of the archive")
        else:
            end = entry.start + entry.packed
    return entries


def _salvaged(data: bytes, budget: Budget) -> Iterator[Entry]:
    """Members by their own headers, where the directory is missing."""
    at = data.find(b"PK\x03\x04")
    for _ in range(budget.members_left):
        if not 0 <= at <= len(data) - _LOCAL.size:
            return
        budget.tick()
        _, _, flags, method, time, _, crc, packed, size, n_name, n_extra = _LOCAL.unpack_from(data, at)
        name_end = at + _LOCAL.size + n_name
        raw, start = data[at + _LOCAL.size : name_end], name_end + n_extra
        extra = data[name_end:start]
        if _FAR in (packed, size) and len(field := extra_field(extra, 1)) >= 16:
            size, packed = int.from_bytes(field[:8], "little"), int.from_bytes(field[8:16], "little")
        problem = None
        if flags & _DESCRIPTOR and not packed:
            found = _by_descriptor(data, start)
            crc, packed, size = found or (0, max(0, len(data) - start), 0)
            problem = None if found else "it is cut off"
        elif start + packed > len(data):
            problem = "it is cut off"
        if flags & _STRONG:
            problem = _TOO_STRONG
        yield Entry(
            raw=raw,
            utf8=bool(flags & _UTF8),
            method=method,
            encrypted=bool(flags & _ENCRYPTED),
            check=_check_bytes(time, crc),
            crc=crc,
            packed=packed,
            size=size,
            header=at,
            extra=extra,
            folder=raw.endswith(b"/"),
            start=start,
            problem=problem,
        )
        at = data.find(b"PK\x03\x04", max(start, at + 1) if problem else max(start + packed, at + 1))


def _by_descriptor(data: bytes, start: int) -> tuple[int, int, int] | None:
    """CRC, packed and unpacked size as they stand behind the data: the place where the size told is the size seen."""
    at = data.find(b"PK\x07\x08", start)
    for _ in range(64):
        if at < 0 or at + 16 > len(data):
            return None
        crc, packed, size = (int.from_bytes(data[at + i : at + i + 4], "little") for i in (4, 8, 12))
        if packed == at - start:
            return crc, packed, size
        at = data.find(b"PK\x07\x08", at + 4)
    return None


def crc_of(data: bytes) -> int:
    """CRC-32 of a member's bytes."""
    return zlib.crc32(data)
