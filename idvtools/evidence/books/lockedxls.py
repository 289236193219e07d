"""Locked ``.xls``: records under RC4, RC4 by the CryptoAPI, or XOR, opened at once instead of byte by byte."""

from __future__ import annotations

import io
import struct

import numpy as np
import numpy.typing as npt
from msoffcrypto.format.common import _parse_header_RC4CryptoAPI
from msoffcrypto.method.rc4 import DocumentRC4
from msoffcrypto.method.rc4_cryptoapi import DocumentRC4CryptoAPI
from msoffcrypto.method.xor_obfuscation import DocumentXOR

from idvtools.errors import EvidenceError
from idvtools.evidence.books.biffstarts import Numbers, starts
from idvtools.evidence.limits import Budget

_FILEPASS, _BOUNDSHEET, _BLOCK = 0x2F, 0x85, 1024
#: Records that are never locked: BOF, FILEPASS, who uses it, file lock, interface, revisions.
_CLEAR = (0x809, _FILEPASS, 0x194, 0x195, 0xE1, 0x196, 0x138)
_MOST_XOR = 15


def filepass(stream: bytes) -> tuple[int, int] | None:
    """Where the record that says how a workbook is locked has its content, and its size; None where it is not locked.

    Examples
    --------
    >>> filepass(bytes.fromhex("09080000 2f000400 00000000")), filepass(bytes.fromhex("09080000 0a000000"))
    ((8, 4), None)
    """
    position = 0
    while position + 4 <= len(stream):
        record, size = struct.unpack_from("<HH", stream, position)
        if record == _FILEPASS:
            return position + 4, size
        if record in (0x0A, _BOUNDSHEET) or size > 8228:
            return None
        position += 4 + size
    return None


def opened(stream: bytes, password: str, budget: Budget) -> bytes | None:
    """The records in clear; None where the password is wrong.

    Raises
    ------
    EvidenceError
        They are locked in a way that is not known here.
    """
    place = filepass(stream)
    if place is None:
        return stream
    info = stream[place[0] : sum(place)]
    try:
        clear = _decrypted(stream, info, password, budget)
    except (struct.error, IndexError) as error:
        raise EvidenceError("the workbook is locked, and damaged: it cannot be unlocked") from error
    if clear is None:
        return None
    clear[place[0] - 4 : place[0] - 2] = 0  # the record remains, as one that says nothing
    return clear.tobytes()


def _decrypted(stream: bytes, info: bytes, password: str, budget: Budget) -> npt.NDArray[np.uint8] | None:
    kind = struct.unpack_from("<H", info)[0] if len(info) > 4 else 0
    if kind == 0:  # Excel 5 leaves the kind out
        return _by_xor(stream, info[-2:], password, budget)
    major, minor = struct.unpack_from("<HH", info, 2)
    if kind == 1 and (major, minor) == (1, 1):
        salt, verifier, proof = info[6:22], info[22:38], info[38:54]
        if not DocumentRC4.verifypw(password, salt, verifier, proof):
            return None
        plain = DocumentRC4.decrypt(password, salt, io.BytesIO(stream), blocksize=_BLOCK).read()
    elif kind == 1 and minor == 2:
        head = _parse_header_RC4CryptoAPI(io.BytesIO(info[6:]))
        known = (password, head["salt"], head["keySize"])
        if not DocumentRC4CryptoAPI.verifypw(*known, head["encryptedVerifier"], head["encryptedVerifierHash"]):
            return None
        plain = DocumentRC4CryptoAPI.decrypt(*known, io.BytesIO(stream), blocksize=_BLOCK).read()
    else:
        raise EvidenceError("the workbook is locked in a way that is not known here")
    budget.tick()
    begins, sizes = _records(stream, budget)
    return np.where(_clear(stream, begins, sizes), np.frombuffer(stream, np.uint8), np.frombuffer(plain, np.uint8))


def _by_xor(stream: bytes, proof: bytes, password: str, budget: Budget) -> npt.NDArray[np.uint8] | None:
    if len(password) > _MOST_XOR or not password.isascii():
        return None
    if not DocumentXOR.verifypw(password, struct.unpack("<H", proof)[0]):
        return None
    begins, sizes = _records(stream, budget)
    locked = np.frombuffer(stream, np.uint8)
    key = np.array(DocumentXOR.create_xor_array_method1(password), np.uint8)
    shift = np.zeros(len(locked), np.uint8)
    last = int(begins[-1] + 4 + sizes[-1])
    shift[int(begins[0]) : last] = np.repeat((sizes % 16).astype(np.uint8), sizes + 4)
    mixed = locked ^ key[(np.arange(len(locked), dtype=np.uint32) + shift) % 16]
    return np.where(_clear(stream, begins, sizes), locked, mixed >> 5 | mixed << 3)


def _records(stream: bytes, budget: Budget) -> tuple[Numbers, Numbers]:
    """All records of all sheets, of which the beginnings are never locked."""
    found: list[Numbers] = []
    position = 0
    while stream[position : position + 2] == b"\x09\x08":
        begins, _ = starts(stream, position, budget)
        if not len(begins):
            break
        found.append(begins)
        position = int(begins[-1]) + 4 + struct.unpack_from("<H", stream, int(begins[-1]) + 2)[0]
    begins = np.concatenate([*found, np.zeros(0, np.int64)])
    data = np.frombuffer(stream, np.uint8)
    return begins, data[begins + 2].astype(np.int64) | data[begins + 3].astype(np.int64) << 8


def _clear(stream: bytes, begins: Numbers, sizes: Numbers) -> npt.NDArray[np.bool_]:
    """Which bytes are not locked."""
    data = np.frombuffer(stream, np.uint8)
    clear = np.zeros(len(data), bool)
    clear[(begins[:, None] + np.arange(4)).ravel()] = True
    kinds = data[begins].astype(np.int64) | data[begins + 1].astype(np.int64) << 8
    for i in np.flatnonzero(np.isin(kinds, (*_CLEAR, _BOUNDSHEET))).tolist():
        length = 4 if kinds[i] == _BOUNDSHEET else int(sizes[i])
        clear[begins[i] + 4 : begins[i] + 4 + length] = True
    return clear
