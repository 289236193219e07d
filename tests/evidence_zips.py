"""Zips that no tool would write: by hand, field by field."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field, replace

CSV = b"date,amount\n2026-10-01,1.50\n2026-10-02,20.00\n"


@dataclass(frozen=True)
class Item:
    """A member: what both headers say, each of which may lie."""

    name: str | bytes
    data: bytes
    method: int = 8
    flags: int = 0
    mode: int = 0o100644
    password: str | None = None
    crc: int | None = None
    size: int | None = None
    packed: bytes | None = None
    local_name: bytes | None = None
    local_method: int | None = None
    at: int | None = None
    zip64: tuple[int, ...] = ()
    extra: bytes = field(default=b"")


def packed(item: Item) -> bytes:
    if item.packed is not None:
        return item.packed
    data = item.data
    if item.method == 8:
        deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
        data = deflater.compress(data) + deflater.flush()
    return zipcrypto(data, item.password.encode(), zlib.crc32(item.data)) if item.password else data


def zipcrypto(data: bytes, password: bytes, crc: int) -> bytes:
    """PKWARE's old cipher (APPNOTE 6.1), with a header of zeros."""
    table = []
    for i in range(256):
        value = i
        for _ in range(8):
            value = value >> 1 ^ 0xEDB88320 if value & 1 else value >> 1
        table.append(value)
    a, b, c = 0x12345678, 0x23456789, 0x34567890

    def step(byte: int) -> None:
        nonlocal a, b, c
        a = a >> 8 ^ table[(a ^ byte) & 255]
        b = ((b + (a & 255)) * 134775813 + 1) & 0xFFFFFFFF
        c = c >> 8 ^ table[(c ^ b >> 24) & 255]

    for byte in password:
        step(byte)
    out = bytearray()
    for byte in bytes(11) + bytes([crc >> 24]) + data:
        key = (c | 2) & 0xFFFF
        out.append(byte ^ (key * (key ^ 1) >> 8 & 255))
        step(byte)
    return bytes(out)


def make(*items: Item, before: bytes = b"", directory: bool = True) -> bytes:
    body, central = bytearray(before), bytearray()
    for made in items:
        raw = made.name.encode() if isinstance(made.name, str) else made.name
        flags = made.flags | bool(made.password) | (0x800 if isinstance(made.name, str) and not raw.isascii() else 0)
        item = replace(made, flags=flags)
        data = packed(item)
        crc = zlib.crc32(item.data) if item.crc is None else item.crc
        size = len(item.data) if item.size is None else item.size
        name = raw if item.local_name is None else item.local_name
        method = item.method if item.local_method is None else item.local_method
        at = len(body) if item.at is None else item.at
        if item.at is None:
            head = struct.pack("<4s5H3I2H", b"PK\3\4", 20, flags, method, 0, 0, crc, len(data), size, len(name), 0)
            body += head + name + data
        extra = item.extra
        if item.zip64:
            extra += struct.pack(f"<2H{len(item.zip64)}Q", 1, 8 * len(item.zip64), *item.zip64)
            size = 0xFFFFFFFF
        central += struct.pack(
            "<4s6H3I5H2I", b"PK\1\2", 3 << 8 | 20, 20, flags, item.method, 0, 0, crc, len(data), size, len(raw),
            len(extra), 0, 0, 0, item.mode << 16, at,
        ) + raw + extra  # fmt: skip
    if not directory:
        return bytes(body)
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, len(items), len(items), len(central), len(body), 0)
    return bytes(body + central + end)


def quine() -> bytes:
    """A zip that holds itself, built as far as its own size goes: the same bytes at each level (a cycle of one).

    A true quine needs crafted deflate blocks; what matters to a reader is an archive that turns up within itself.
    """
    inner = make(Item("a.csv", CSV))
    for _ in range(12):
        inner = make(Item("again.zip", inner))
    return inner
