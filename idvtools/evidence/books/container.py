"""An OLE container written anew around the records of a workbook."""

from __future__ import annotations

import struct

OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def contained(stream: bytes, *, name: str) -> bytes:
    """An OLE container with one stream, for bare records and for records that were moved.

    Examples
    --------
    >>> from idvtools.evidence.books.office import book_stream
    >>> book_stream(contained(b"abc", name="Book"))[0][:3]
    b'abc'
    """
    stream = stream.ljust(-(-max(len(stream), 4096) // 512) * 512, b"\x00")
    sectors = len(stream) // 512
    fat_sectors = 1
    while fat_sectors * 128 < sectors + 1 + fat_sectors + _difat(fat_sectors):
        fat_sectors += 1
    difat = _difat(fat_sectors)
    end, fat_mark, difat_mark, free = 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFC, 0xFFFFFFFF
    chain = [*range(1, sectors), end, end, *([fat_mark] * fat_sectors), *([difat_mark] * difat)]
    chain += [free] * (fat_sectors * 128 - len(chain))
    first_fat = sectors + 1
    fats = [first_fat + i for i in range(fat_sectors)]
    numbers = (fat_sectors, sectors, 0, 4096, end, 0, first_fat + fat_sectors if difat else end, difat)
    header = OLE_MAGIC + bytes(16) + struct.pack("<HHHHH6xI8I", 0x3E, 3, 0xFFFE, 9, 6, 0, *numbers)
    header += b"".join(struct.pack("<I", n) for n in (fats + [free] * 109)[:109])
    rest = fats[109:]
    blocks = b""
    for i in range(difat):
        piece = (rest[i * 127 : i * 127 + 127] + [free] * 127)[:127]
        following = first_fat + fat_sectors + i + 1 if i + 1 < difat else end
        blocks += struct.pack("<128I", *piece, following)
    directory = _entry("Root Entry", 5, end, 0, 1) + _entry(name, 2, 0, len(stream), free)
    directory += 2 * (bytes(66) + struct.pack("<HIII", 0, free, free, free).ljust(62, b"\x00"))[:128]
    return header + stream + directory + struct.pack(f"<{len(chain)}I", *chain) + blocks


def _difat(fat_sectors: int) -> int:
    return -(-max(fat_sectors - 109, 0) // 127)


def _entry(name: str, kind: int, start: int, size: int, child: int) -> bytes:
    text = name.encode("utf-16-le") + b"\x00\x00"
    none = 0xFFFFFFFF
    entry = text.ljust(64, b"\x00") + struct.pack("<HBBIII", len(text), kind, 1, none, none, child)
    return entry + bytes(16 + 4 + 16) + struct.pack("<IQ", start, size)
