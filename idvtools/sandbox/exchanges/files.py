"""Files that stand inside messages: the smallest that are recognised as what they claim to be."""

from __future__ import annotations

import struct

#: A picture of one pixel.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)
#: A picture of one pixel, blue.
BMP = struct.pack("<2sIHHIIiiHHIIiiII", b"BM", 58, 0, 0, 54, 40, 1, 1, 1, 24, 0, 4, 2835, 2835, 0, 0) + b"\xff\0\0\0"
#: A film of nothing.
MP4 = (
    struct.pack(">I4s4sI4s", 20, b"ftyp", b"isom", 512, b"isom")
    + struct.pack(">I4s", 25, b"free")
    + b"synthetic, empty."
)


def jpeg(remark: str) -> bytes:
    """A picture without a picture: the frame of a JPEG around a remark."""
    comment = f"synthetic: {remark}".encode()
    app0 = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
    return b"\xff\xd8" + app0 + b"\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment + b"\xff\xd9"
