"""An electronic receipt of the tax office as a locked PDF: one page of Latin text, made up, all from the operation."""

from __future__ import annotations

import hashlib
import random
import struct
from collections.abc import Sequence

from Crypto.Cipher import ARC4

from idvtools.sandbox.server.dec_operations import Operation

# ISO 32000-1, 7.6.3.3: what a short password is filled up with.
_PAD = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")
_MAY = -4  # everything, once it is open


def receipt(operation: Operation, number: int, size: int, taxes: Sequence[Sequence[str]]) -> bytes:
    """The receipt of the last of `taxes` (year, amount, currency), locked with the end of the person's id number.

    A comment in the file makes it `size` bytes long, if that is longer than it would be.
    """
    rng = random.Random(f"{operation.op_id}/{number}")
    year, paid, currency = taxes[-1]
    charge = f"{rng.randrange(10**7):07d}-{year[2:4]}"
    amount = f"{int(paid.partition('.')[0]):,}.{paid.partition('.')[2]}"
    lines = [
        "INLAND REVENUE DEPARTMENT (SYNTHETIC)",
        "Electronic Payment Acknowledgement (e-Receipt)",
        f"Name of Taxpayer: SAMPLE, PERSON {operation.serial % 10_000:04d}",
        f"Shroff Account Number: 9{rng.randrange(10**10):010d}",
        f"Charge Number: 9-{charge}-1-A",
        f"Type of Tax: Salaries Tax {year}",
        f"Amount Paid: {currency} {amount}",
        f"Payment Date: {rng.randrange(1, 29)} January {2000 + int(year[-2:])}",
        f"Reference {operation.op_id}-{number}",
    ]
    return locked_page(lines, operation.person.id_no[-6:], size)


def locked_page(lines: Sequence[str], password: str, size: int = 0) -> bytes:
    """A PDF of one page, locked as ISO 32000-1 section 7.6 tells (RC4, 128 bits, revision 3)."""
    shown = " ".join(f"({line.replace('(', '[').replace(')', ']')}) '" for line in lines)
    text = f"BT /F1 12 Tf 72 770 Td 18 TL {shown} ET".encode("ascii")
    name = hashlib.md5(text, usedforsecurity=False).digest()
    key, owner, user = _keys(password.encode("latin-1"), name)
    stream = ARC4.new(_md5(key + b"\x04\0\0" + b"\0\0")).encrypt(text)  # the key of object 4
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Filter /Standard /V 2 /R 3 /Length 128 /P %d /O <%b> /U <%b> >>"
        % (_MAY, owner.hex().encode(), user.hex().encode()),
    ]
    out = bytearray(b"%PDF-1.4\n")
    if size > 1800:
        out += (b"%" + b"-" * 78 + b"\n") * ((size - 1800) // 80)
    places = []
    for index, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (index, content)
    start, count, mark = len(out), len(objects) + 1, name.hex().encode()
    out += b"xref\n0 %d\n0000000000 65535 f \n" % count
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R /Encrypt 6 0 R /ID [<%b> <%b>] >>\n" % (count, mark, mark)
    out += b"startxref\n%d\n%%%%EOF\n" % start
    return bytes(out)


def _keys(password: bytes, name: bytes) -> tuple[bytes, bytes, bytes]:
    """The file's key, and the entries O and U; the owner's password is the user's."""
    padded = (password + _PAD)[:32]
    owner = _often(_md5(padded, 51), padded)
    key = _md5(padded + owner + struct.pack("<i", _MAY) + name, 51)
    return key, owner, _often(key, _md5(_PAD + name)) + bytes(16)


def _md5(data: bytes, times: int = 1) -> bytes:
    for _ in range(times):
        data = hashlib.md5(data, usedforsecurity=False).digest()
    return data


def _often(key: bytes, data: bytes) -> bytes:
    """Twenty rounds of RC4, each with the key a little changed."""
    for turn in range(20):
        data = ARC4.new(bytes(byte ^ turn for byte in key)).encrypt(data)
    return data
