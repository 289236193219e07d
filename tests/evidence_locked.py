"""Locked workbooks for the tests, locked here: no library writes the old ways."""

import io
import struct
from hashlib import md5, sha1

from msoffcrypto.method.rc4 import DocumentRC4
from msoffcrypto.method.rc4_cryptoapi import DocumentRC4CryptoAPI
from msoffcrypto.method.xor_obfuscation import DocumentXOR

from idvtools.evidence.books.container import contained
from idvtools.evidence.books.office import book_stream

SALT, VERIFIER = bytes(range(16)), bytes(range(16, 32))
CLEAR = {0x809, 0x2F, 0xE1}


def _rc4(password):
    both = DocumentRC4.decrypt(password, SALT, io.BytesIO(VERIFIER + md5(VERIFIER).digest())).read()
    info = struct.pack("<HHH", 1, 1, 1) + SALT + both
    return info, lambda stream: DocumentRC4.decrypt(password, SALT, io.BytesIO(stream), blocksize=1024).read()


def _cryptoapi(password):
    key = (password, SALT, 128)
    proof = io.BytesIO(VERIFIER + sha1(VERIFIER).digest())
    both = DocumentRC4CryptoAPI.decrypt(*key, proof).read()
    head = struct.pack("<IIIIIIII", 4, 0, 0x6801, 0x8004, 128, 1, 0, 0) + "x\0".encode("utf-16-le")
    info = struct.pack("<HHHII", 1, 2, 2, 4, len(head)) + head
    info += struct.pack("<I", 16) + SALT + both[:16] + struct.pack("<I", 20) + both[16:]
    return info, lambda stream: DocumentRC4CryptoAPI.decrypt(*key, io.BytesIO(stream), blocksize=1024).read()


def _xor(password):
    key = DocumentXOR.create_xor_array_method1(password)
    verifier = next(n for n in range(1 << 16) if DocumentXOR.verifypw(password, n))
    info = struct.pack("<HHH", 0, DocumentXOR.create_xor_key_method1(password), verifier)

    def locked(stream):
        out = bytearray(stream)
        for at, size in _records(stream):
            for p in range(at, at + size):
                out[p] = (stream[p] << 5 & 0xFF | stream[p] >> 3) ^ key[(p + size) % 16]
        return bytes(out)

    return info, locked


def _records(stream):
    at = 0
    while at + 4 <= len(stream) and stream[at : at + 4] != bytes(4):
        size = struct.unpack_from("<H", stream, at + 2)[0]
        yield at + 4, size
        at += 4 + size


WAYS = {"rc4": _rc4, "cryptoapi": _cryptoapi, "xor": _xor}


def locked_xls(data, way, password):
    """A workbook of Excel 97 under a password."""
    stream = book_stream(data)[0]
    info, lock = WAYS[way](password)
    first = 4 + struct.unpack_from("<H", stream, 2)[0]
    record = struct.pack("<HH", 0x2F, len(info)) + info
    clear = bytearray(stream[:first] + record + stream[first:])
    for at, _ in _records(bytes(clear)):
        if struct.unpack_from("<H", clear, at - 4)[0] == 0x85:
            struct.pack_into("<I", clear, at, struct.unpack_from("<I", clear, at)[0] + len(record))
    out = bytearray(lock(bytes(clear)))
    for at, size in _records(bytes(clear)):
        kind = struct.unpack_from("<H", clear, at - 4)[0]
        keep = size if kind in CLEAR else 4 if kind == 0x85 else 0
        out[at - 4 : at + keep] = clear[at - 4 : at + keep]
    return contained(bytes(out), name="Workbook")
