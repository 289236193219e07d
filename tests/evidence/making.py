"""Files of evidence made from nothing, with the same bytes each time: zips of every kind, PDFs, books, a picture."""

from __future__ import annotations

import hashlib
import hmac
import io
import itertools
import re
import struct
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from unittest import mock

import xlwt
from Crypto.Cipher import AES
from Crypto.Util import Counter
from msoffcrypto.format.ooxml import OOXMLFile
from msoffcrypto.method import ecma376_agile
from msoffcrypto.method.container import ecma376_encrypted
from openpyxl import Workbook
from PIL import Image
from reportlab.lib import colors, pagesizes, pdfencrypt
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Table, TableStyle

#: The time in every file: 2026-10-31 10:00.
DOS = (2026 - 1980) << 25 | 10 << 21 | 31 << 16 | 10 << 11
MOMENT = (2026, 10, 31, 10, 0, 0)


@dataclass(frozen=True)
class Entry:
    """A member of a zip: its name as bytes stands as it is, without the UTF-8 flag."""

    name: str | bytes
    data: bytes
    password: bytes | None = None
    aes: bool = False
    mode: int = 0o100644
    broken: bool = False
    stored: bool = False


def zipped(*entries: Entry) -> bytes:
    """Write a zip by hand: for names in old encodings, both kinds of encryption, links, duplicates, wrong sums."""
    body, directory = b"", b""
    for entry in entries:
        name = entry.name if isinstance(entry.name, bytes) else entry.name.encode()
        flags = 0x800 if isinstance(entry.name, str) and not entry.name.isascii() else 0
        method, packed = (0, entry.data) if entry.stored else (8, _deflated(entry.data))
        crc, extra = zlib.crc32(entry.data), b""
        if entry.aes and entry.password:
            extra = struct.pack("<HHH2sBH", 0x9901, 7, 2, b"AE", 3, method)
            method, packed, crc, flags = 99, _aes(packed, entry.password), 0, flags | 1
        elif entry.password:
            packed, flags = _zipcrypto(packed, entry.password, crc), flags | 1
        crc ^= 0x5A5A if entry.broken else 0
        fixed = struct.pack(
            "<HHHIIIIHH", 20, flags, method, DOS, crc, len(packed), len(entry.data), len(name), len(extra)
        )
        directory += b"PK\1\2" + struct.pack("<H", 3 << 8 | 63) + fixed
        directory += struct.pack("<HHHII", 0, 0, 0, entry.mode << 16, len(body)) + name + extra
        body += b"PK\3\4" + fixed + name + extra + packed
    end = struct.pack("<HHHHIIH", 0, 0, len(entries), len(entries), len(directory), len(body), 0)
    return body + directory + b"PK\5\6" + end


def _deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def _zipcrypto(data: bytes, password: bytes, crc: int) -> bytes:
    table = [0] * 256
    for i in range(256):
        value = i
        for _ in range(8):
            value = value >> 1 ^ (0xEDB88320 if value & 1 else 0)
        table[i] = value
    keys = [0x12345678, 0x23456789, 0x34567890]

    def update(byte: int) -> None:
        keys[0] = keys[0] >> 8 ^ table[(keys[0] ^ byte) & 255]
        keys[1] = ((keys[1] + (keys[0] & 255)) * 134775813 + 1) & 0xFFFFFFFF
        keys[2] = keys[2] >> 8 ^ table[(keys[2] ^ keys[1] >> 24) & 255]

    for byte in password:
        update(byte)
    out = bytearray()
    for byte in bytes(range(11)) + bytes([crc >> 24]) + data:
        mask = keys[2] | 2
        out.append(byte ^ (mask * (mask ^ 1) >> 8 & 255))
        update(byte)
    return bytes(out)


def _aes(data: bytes, password: bytes) -> bytes:
    salt = hashlib.sha256(password + data).digest()[:16]
    keys = hashlib.pbkdf2_hmac("sha1", password, salt, 1000, 66)
    cipher = AES.new(keys[:32], AES.MODE_CTR, counter=Counter.new(128, initial_value=1, little_endian=True))
    text = cipher.encrypt(data)
    return salt + keys[64:] + text + hmac.new(keys[32:64], text, hashlib.sha1).digest()[:10]


def steady(data: bytes) -> bytes:
    """Write a book's zip anew without the time it was made at."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"2026-10-31T10:00:00Z", content)
            new.writestr(zipfile.ZipInfo(name, MOMENT), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def xlsx(book: Any) -> bytes:
    """Save a book of openpyxl."""
    out = io.BytesIO()
    book.save(out)
    return steady(out.getvalue())


def sheets(**rows: Sequence[Sequence[Any]]) -> Any:
    """Make a book of openpyxl with these sheets."""
    book = Workbook()
    book.remove(book.active)
    for name, lines in rows.items():
        sheet = book.create_sheet(name)
        for line in lines:
            sheet.append(list(line))
    return book


def xls(**rows: Sequence[Sequence[Any]]) -> bytes:
    """Write a BIFF8 book."""
    book = xlwt.Workbook(encoding="utf-8")
    day, moment = xlwt.easyxf(num_format_str="YYYY-MM-DD"), xlwt.easyxf(num_format_str="YYYY-MM-DD HH:MM:SS")
    for name, lines in rows.items():
        sheet = book.add_sheet(name)
        for r, line in enumerate(lines):
            for c, cell in enumerate(line):
                if cell is None:
                    continue
                style = (
                    moment
                    if isinstance(cell, datetime)
                    else day
                    if isinstance(cell, date)
                    else xlwt.Style.default_style
                )
                sheet.write(r, c, cell, style)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def pdf(
    pages: Sequence[Sequence[Any]],
    *,
    password: str | None = None,
    rotate: int = 0,
    font: str = "STSong-Light",
    widths: Sequence[float] | None = None,
    middle: bool = False,
) -> bytes:
    """Draw pages of text lines (a str, or ``(x, y, text)``), ruled tables (lists of rows), pictures (bytes).

    The columns of all tables have the `widths`, if they are given; `middle`: cells stand in the middle of their row.
    """
    pdfmetrics.registerFont(UnicodeCIDFont(font))
    lock = pdfencrypt.StandardEncryption(password, password, strength=128) if password else None
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=pagesizes.A4, invariant=1, encrypt=lock)
    for page in pages:
        canvas.setFont(font, 10)
        if rotate:
            canvas.setPageRotation(rotate)
        y = 790.0
        for item in page:
            if isinstance(item, str):
                canvas.drawString(50, y, item)
                y -= 18
            elif isinstance(item, bytes):
                canvas.drawImage(ImageReader(io.BytesIO(item)), 50, 200, 480, 560)
            elif isinstance(item, tuple):
                canvas.drawString(item[0], item[1], item[2])
            else:
                grid = Table([[str("" if c is None else c) for c in row] for row in item], widths, hAlign="LEFT")
                everywhere = (0, 0), (-1, -1)
                style = [("FONT", *everywhere, font, 9), ("GRID", *everywhere, 0.5, colors.black)]
                grid.setStyle(TableStyle([*style, *([("VALIGN", *everywhere, "MIDDLE")] if middle else [])]))
                _, height = grid.wrapOn(canvas, 500, 700)
                grid.drawOn(canvas, 50, y - height)
                y -= height + 22
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def png(width: int = 120, height: int = 40) -> bytes:
    """Draw a grey picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes((x * 2 + y * 3) & 255 for x in range(width)) for y in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def encrypted(book: bytes, password: str) -> bytes:
    """Lock a workbook as Office does, with salts and times that are the same each time."""
    count = itertools.count()

    def salt(size: int) -> bytes:
        return hashlib.sha512(f"{password}{next(count)}".encode()).digest()[:size]

    out = io.BytesIO()
    moment = mock.patch.object(ecma376_encrypted, "datetime2filetime", return_value=0)
    with moment, mock.patch.object(ecma376_agile, "_random_buffer", salt):
        OOXMLFile(io.BytesIO(book)).encrypt(password, out)
    return out.getvalue()


def jpg() -> bytes:
    """Draw a grey picture as JPEG."""
    out = io.BytesIO()
    Image.frombytes("L", (120, 40), bytes((x * 2 + y * 3) & 255 for y in range(40) for x in range(120))).save(
        out, "JPEG"
    )
    return out.getvalue()
