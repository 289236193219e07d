"""A zip's member, decrypted and unpacked, in memory and within the limits."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import hmac
import io
import lzma
import zlib
from collections.abc import Iterator, Sequence
from itertools import chain

from Crypto.Cipher import AES
from Crypto.Util import Counter

from idvtools.errors import EvidenceError, PasswordError
from idvtools.evidence.archives.directory import Entry, crc_of, extra_field
from idvtools.evidence.archives.zipcrypto import decryptor
from idvtools.evidence.limits import Budget

_STORED, _DEFLATE, _DEFLATE64, _BZIP2, _LZMA, _AES = 0, 8, 9, 12, 14, 99
_METHODS = {1: "shrink", 6: "implode", 93: "zstd", 95: "xz", 97: "WavPack", 98: "PPMd"}
_CHUNK = 1 << 18
_FREE = 1 << 20  # unpacked to no more than this, a member may have any ratio
_MOST_DEFLATED = 1032  # times its size: a larger claim is a damaged number
_SALT_KEY = {1: (8, 16), 2: (12, 24), 3: (16, 32)}


class WrongPasswordError(PasswordError):
    """This password does not open this member."""


def unpack(archive: bytes, entry: Entry, passwords: Sequence[str], budget: Budget) -> tuple[bytes, str | None]:
    """The bytes of a member, and the password that opened it.

    Raises
    ------
    PasswordError
        It is locked, and no password opens it.
    EvidenceError
        It is damaged, packed in a way that is not known, or larger than the limits.
    """
    if entry.problem:
        raise EvidenceError(entry.problem)
    if entry.encrypted and not passwords:
        raise PasswordError("it is locked; a password is needed")
    if entry.method == _DEFLATE and budget.bytes_left < entry.size <= _MOST_DEFLATED * entry.packed:
        raise EvidenceError(f"unpacks to more than {budget.limits.total_bytes >> 20} MB, as it says itself")
    packed = memoryview(archive)[entry.start : entry.start + entry.packed]
    before = budget.bytes_left
    try:
        if entry.encrypted:
            return _unlocked(packed, entry, passwords, budget)
        return _checked(_inflated(_pieces(packed), len(packed), entry.method, budget), entry.crc), None
    except EvidenceError:
        budget.bytes_left = before  # what came out is not kept; the other members shall have their chance
        raise


def _unlocked(packed: memoryview, entry: Entry, passwords: Sequence[str], budget: Budget) -> tuple[bytes, str]:
    """The bytes of a locked member, and the password."""
    damaged: EvidenceError | None = None
    before = budget.bytes_left
    for password in passwords:
        for key in _spellings(password):
            budget.tick()
            budget.bytes_left = before
            try:
                return _opened(packed, entry, key, budget), password
            except WrongPasswordError:
                continue
            except EvidenceError as error:  # one wrong password in 256 looks right at first
                damaged = error
    if damaged is not None and entry.method == _AES:  # whose password is told by two bytes, and its seal by ten
        raise EvidenceError(f"it is damaged, or the password is wrong: {damaged}")
    words = "the password does not open it" if len(passwords) == 1 else f"none of {len(passwords)} passwords opens it"
    raise PasswordError(f"it is locked; {words}{', or it is damaged' if damaged else ''}")


def _spellings(password: str) -> Iterator[bytes]:
    """A password as archivers write it: in UTF-8, or in what the sender's Windows uses."""
    seen = set()
    for name in ("utf-8", "gb18030", "cp950"):
        try:
            raw = password.encode(name)
        except UnicodeEncodeError:
            continue
        if raw not in seen:
            seen.add(raw)
            yield raw


def _opened(packed: memoryview, entry: Entry, key: bytes, budget: Budget) -> bytes:
    if entry.method != _AES:
        plain = _zipcrypto(packed, entry, key)
        return _checked(_inflated(plain, len(packed), entry.method, budget), entry.crc)
    field = extra_field(entry.extra, 0x9901)
    if len(field) < 7 or field[4] not in _SALT_KEY:
        raise EvidenceError("it is encrypted in a way that is not read")
    plain = _aes(packed, field[4], key)
    data = _inflated(plain, len(packed), int.from_bytes(field[5:7], "little"), budget)
    return data if field[:2] == b"\x02\x00" else _checked(data, entry.crc)


def _checked(data: bytes, crc: int) -> bytes:
    if crc_of(data) != crc:
        raise EvidenceError("it is damaged: its checksum does not fit")
    return data


def _zipcrypto(packed: memoryview, entry: Entry, key: bytes) -> Iterator[bytes]:
    if len(packed) < 12:
        raise EvidenceError("it is damaged: too short to be encrypted")
    decrypt = decryptor(key)
    if decrypt(bytes(packed[:12]))[11] not in entry.check:
        raise WrongPasswordError("wrong password")
    return map(decrypt, _pieces(packed[12:]))


def _pieces(packed: memoryview) -> Iterator[bytes]:
    """What is packed, bit by bit: a large member shall not stand in memory twice."""
    return (bytes(packed[at : at + _CHUNK]) for at in range(0, len(packed), _CHUNK))


def _aes(packed: memoryview, strength: int, key: bytes) -> Iterator[bytes]:
    """WinZip's AE-1 and AE-2: PBKDF2, AES in counter mode with a little-endian counter, HMAC-SHA1."""
    salt_length, key_length = _SALT_KEY[strength]
    if len(packed) < salt_length + 12:
        raise EvidenceError("it is damaged: too short to be encrypted")
    salt, check = bytes(packed[:salt_length]), bytes(packed[salt_length : salt_length + 2])
    keys = hashlib.pbkdf2_hmac("sha1", key, salt, 1000, 2 * key_length + 2)
    if keys[-2:] != check:
        raise WrongPasswordError("wrong password")
    body, seal = packed[salt_length + 2 : -10], bytes(packed[-10:])
    if not hmac.compare_digest(hmac.digest(keys[key_length:-2], body, "sha1")[:10], seal):
        raise EvidenceError("it is damaged: its seal does not fit")
    cipher = AES.new(keys[:key_length], AES.MODE_CTR, counter=Counter.new(128, little_endian=True))
    return map(cipher.decrypt, _pieces(body))


def _inflated(pieces: Iterator[bytes], packed: int, method: int, budget: Budget) -> bytes:
    """Unpack, counting what comes out: what the archive says of the size is not believed."""
    if method == _DEFLATE:
        pieces = _deflate(pieces)
    elif method == _DEFLATE64:
        pieces = _deflate64(pieces)
    elif method == _BZIP2:
        pieces = _stream(pieces, bz2.BZ2Decompressor())
    elif method == _LZMA:
        first = next(pieces, b"")
        pieces = _stream(chain([first[9:]], pieces), _lzma(first))
    elif method != _STORED:
        raise EvidenceError(f"it is packed in a way that is not read ({_METHODS.get(method, f'method {method}')})")
    return _counted(pieces, packed, budget)


def gunzip(data: bytes, budget: Budget) -> bytes:
    """The content of a gzip file, within the limits.

    Raises
    ------
    EvidenceError
        Damaged, cut off, or larger than the limits.
    """
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
        return _counted(iter(lambda: stream.read(_CHUNK), b""), len(data), budget)


def _deflate(pieces: Iterator[bytes]) -> Iterator[bytes]:
    inflater = zlib.decompressobj(-15)
    for piece in pieces:
        rest = piece
        while rest and not inflater.eof:
            yield inflater.decompress(rest, _CHUNK)
            rest = inflater.unconsumed_tail
    while not inflater.eof and (more := inflater.decompress(b"", _CHUNK)):
        yield more
    if not inflater.eof:
        raise EOFError


def _stream(pieces: Iterator[bytes], inflater: bz2.BZ2Decompressor | lzma.LZMADecompressor) -> Iterator[bytes]:
    for piece in pieces:
        yield inflater.decompress(piece, _CHUNK)
        while not (inflater.eof or inflater.needs_input):
            yield inflater.decompress(b"", _CHUNK)
        if inflater.eof:
            return
    if not isinstance(inflater, lzma.LZMADecompressor):
        raise EOFError  # LZMA in a zip may have no end mark: its checksum tells


def _lzma(head: bytes) -> lzma.LZMADecompressor:
    """A decoder from the 9 bytes in front of the data (APPNOTE 5.8.8): lc, lp, pb and the size of the window."""
    if len(head) < 9 or head[2:4] != b"\x05\x00" or head[4] >= 225:
        raise EvidenceError("it is damaged: its packing is not described")
    rest, lc = divmod(head[4], 9)
    pb, lp = divmod(rest, 5)
    window = min(max(int.from_bytes(head[5:9], "little"), 4096), 64 << 20)
    described = {"id": lzma.FILTER_LZMA1, "dict_size": window, "lc": lc, "lp": lp, "pb": pb}
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[described])


def _deflate64(pieces: Iterator[bytes]) -> Iterator[bytes]:
    from stream_inflate import stream_inflate64  # type: ignore[import-untyped]  # noqa: PLC0415

    inflate, done, _ = stream_inflate64()
    for piece in pieces:
        for at in range(0, len(piece), 4096):
            if done():
                return
            yield from inflate((piece[at : at + 4096],))
    if not done():
        raise EOFError


def _counted(pieces: Iterator[bytes], packed: int, budget: Budget) -> bytes:
    most = min(budget.limits.file_bytes, max(_FREE, packed * budget.limits.ratio))
    out = io.BytesIO()  # gives its bytes without a copy
    try:
        for piece in pieces:
            budget.tick()
            budget.take_bytes(len(piece))
            out.write(piece)
            if out.tell() > most:
                raise EvidenceError(f"it unpacks to more than {budget.limits.ratio} times its size, or to too much")
    except EvidenceError:
        raise
    except EOFError:
        raise EvidenceError("it is damaged: it ends too early") from None
    except Exception:  # zlib, bz2, lzma and inflate64 each have errors of their own for what is damaged
        raise EvidenceError("it is damaged: it cannot be unpacked") from None
    return out.getvalue()
