"""PKWARE's old cipher (APPNOTE 6.1): compiled where it can be had, else in Python."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from importlib import import_module

_FULL = 0xFFFFFFFF


def decryptor(key: bytes) -> Callable[[bytes], bytes]:
    """What decrypts a member's bytes, piece by piece; the first 12 of them are no data.

    stream-unzip's cipher is some 50 times as fast as `zipfile`'s loop, but has no public name: its public door reads
    whole archives, and stops for good at the first size or checksum that is wrong. Where another version keeps it
    elsewhere, Python's own speed must do.

    Examples
    --------
    >>> locked = bytes.fromhex("8bb6e64bac6f0c1a77d0")
    >>> decryptor(b"secret")(locked) == in_python(b"secret")(locked)
    True
    """
    try:
        compiled = import_module("stream_unzip._zipcrypto").zipcrypto_decryptor
    except (ImportError, AttributeError):
        return in_python(key)
    made: Callable[[bytes], bytes] = compiled(key)
    return made


def in_python(key: bytes) -> Callable[[bytes], bytes]:
    """The same in Python: a few MB a second."""
    table = [zlib.crc32(bytes([i]), _FULL) ^ _FULL for i in range(256)]
    a, b, c = 0x12345678, 0x23456789, 0x34567890

    def step(byte: int) -> None:
        nonlocal a, b, c
        a = a >> 8 ^ table[(a ^ byte) & 255]
        b = ((b + (a & 255)) * 134775813 + 1) & _FULL
        c = c >> 8 ^ table[(c ^ b >> 24) & 255]

    def decrypt(data: bytes) -> bytes:
        out = bytearray(data)
        for i, byte in enumerate(data):
            mask = c & 0xFFFF | 2
            out[i] = plain = byte ^ (mask * (mask ^ 1) >> 8 & 255)
            step(plain)
        return bytes(out)

    for byte in key:
        step(byte)
    return decrypt
