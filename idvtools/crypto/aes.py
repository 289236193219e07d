"""AES-128/256 in ECB mode and in CBC mode with a zero IV, PKCS#7 padding: bytes, texts, whole columns.

Both modes can be *decrypted* in one cipher call for a column under one key (ECB treats every block
alone; CBC only adds an XOR with the block before), which is some ten times faster than a call per
value. A value that does not decrypt becomes a null with a reason, never an exception for the column.

pycryptodome does the work: it is the project's choice for ciphers, and a bulk call is as fast with any library.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from Crypto.Cipher import AES

from idvtools.errors import DecryptionError, KeyFormatError

Mode = Literal["ecb", "cbc"]
#: Why a value of a column is null although there was something.
Reason = Literal["not_text", "empty", "not_base64", "wrong_length", "wrong_key"]

_BLOCK = 16
_ZERO_IV = bytes(_BLOCK)
_CONTROL = frozenset(map(chr, [*range(32), *range(127, 160)]))
_PADDING = [bytes([n]) * n for n in range(_BLOCK + 1)]
_ADVICE: dict[str, str] = {
    "not_text": "text in Base64 is expected, this is something else (bytes? a number?)",
    "empty": "there is nothing to decrypt: the text is empty",
    "not_base64": "the text is not Base64: check that it was copied whole, and that no + became a blank",
    "wrong_length": "the decoded text is not a whole number of 16-byte blocks: it is cut, or not encrypted with AES",
    "wrong_key": "the text does not decrypt under this key: check the key, and the cipher mode",
}


class Decrypted(NamedTuple):
    """A decrypted column: `texts` with nulls, and for each null the reason (None where the input was null, too)."""

    texts: list[str | None]
    reasons: list[Reason | None]

    def __repr__(self) -> str:
        return f"Decrypted({len(self.texts)} texts, {self.texts.count(None)} of them null)"


def check_aes_key(key: object) -> bytes:
    """`key` itself if it can be an AES key here.

    Raises
    ------
    KeyFormatError
        Not bytes, or not 16 or 32 of them.

    Examples
    --------
    >>> len(check_aes_key(bytes(16)))
    16
    """
    if not isinstance(key, bytes):
        raise KeyFormatError("the AES key must be bytes: decode it first")
    if len(key) not in (16, 32):
        raise KeyFormatError(f"the AES key has {len(key)} bytes, 16 (AES-128) or 32 (AES-256) are expected")
    return key


def load_aes_key(text: str | bytes) -> bytes:
    """Bytes of an AES key given as Base64 text.

    Raises
    ------
    KeyFormatError
        Not Base64, or not 16 or 32 bytes long.

    Examples
    --------
    >>> len(load_aes_key("2EdTm/RolkL0RjVBXhSAUA=="))
    16
    """
    if not isinstance(text, str | bytes):
        raise KeyFormatError("the AES key is not Base64 text")
    try:
        key = base64.b64decode(
            "".join((text if isinstance(text, str) else text.decode("ascii")).split()), validate=True
        )
    except (binascii.Error, ValueError):
        raise KeyFormatError("the AES key is not Base64 text") from None
    return check_aes_key(key)


def encrypt_bytes(raw: bytes, key: bytes, mode: Mode = "ecb") -> bytes:
    """Encrypt bytes; the result is one block longer at most.

    Examples
    --------
    >>> decrypt_bytes(encrypt_bytes(b"", bytes(16)), bytes(16)), len(encrypt_bytes(bytes(16), bytes(32), "cbc"))
    (b'', 32)
    """
    if not isinstance(raw, bytes | bytearray | memoryview):
        raise DecryptionError("bytes are expected: encode the text first, or use encrypt_text")
    raw = bytes(raw)
    pad = _BLOCK - len(raw) % _BLOCK
    return bytes(_cipher(key, mode).encrypt(raw + _PADDING[pad]))


def decrypt_bytes(blob: bytes, key: bytes, mode: Mode = "ecb") -> bytes:
    """Decrypt bytes.

    Raises
    ------
    DecryptionError
        Empty, cut, or the padding does not fit. A wrong key passes once in 256 tries: look at what comes out.

    Examples
    --------
    >>> decrypt_bytes(encrypt_bytes(b"as it was", bytes(32), "cbc"), bytes(32), "cbc")
    b'as it was'
    """
    if not isinstance(blob, bytes | bytearray | memoryview):
        raise DecryptionError("bytes are expected: decode the Base64 text first, or use decrypt_text")
    check_aes_key(key)
    if not blob:
        raise DecryptionError(_ADVICE["empty"])
    if len(blob) % _BLOCK:
        raise DecryptionError(_ADVICE["wrong_length"])
    plain = bytes(_cipher(key, mode).decrypt(bytes(blob)))
    pad = plain[-1]
    if not 1 <= pad <= _BLOCK or not plain.endswith(_PADDING[pad]):
        raise DecryptionError(_ADVICE["wrong_key"])
    return plain[:-pad]


def encrypt_text(text: str, key: bytes, mode: Mode = "ecb") -> str:
    """Encrypt `text` (UTF-8) to Base64.

    Raises
    ------
    DecryptionError
        `text` is not text.
    KeyFormatError
        `key` is no AES key.

    Examples
    --------
    >>> encrypt_text("this is test string", load_aes_key("2EdTm/RolkL0RjVBXhSAUA=="))
    'RTukZZStW/+4XiToo1WzXIRDSPC3w2ceVco/vPcwYFs='
    """
    if not isinstance(text, str):
        raise DecryptionError("text is expected, this is something else (bytes? a number?)")
    try:
        raw = text.encode("utf-8")
    except UnicodeEncodeError:
        raise DecryptionError("the text holds half a character (a lone surrogate): it was cut") from None
    return base64.b64encode(encrypt_bytes(raw, key, mode)).decode("ascii")


def decrypt_text(cipher_text: str, key: bytes, mode: Mode = "ecb") -> str:
    """Decrypt one Base64 text.

    Raises
    ------
    DecryptionError
        Wrong Base64, wrong length, wrong key (padding, UTF-8 or control characters show it), or no text at all.
    KeyFormatError
        `key` is no AES key.

    Examples
    --------
    >>> decrypt_text("RTukZZStW/+4XiToo1WzXIRDSPC3w2ceVco/vPcwYFs=", load_aes_key("2EdTm/RolkL0RjVBXhSAUA=="))
    'this is test string'
    """
    texts, reasons = decrypt_column([cipher_text], key, mode)
    if texts[0] is None:
        raise DecryptionError(_ADVICE[reasons[0] or "empty"])
    return texts[0]


def decode_base64(text: object) -> bytes:
    """Bytes of a Base64 text, strictly; line breaks inside are dropped (some vendors' encoders write them).

    Raises
    ------
    DecryptionError
        Not text, empty, or not Base64.

    Examples
    --------
    >>> decode_base64("aGVs\\nbG8=")
    b'hello'
    """
    if not isinstance(text, str):
        raise DecryptionError(_ADVICE["not_text"])
    if not text.strip():
        raise DecryptionError(_ADVICE["empty"])
    try:
        return _a2b(text)
    except ValueError:
        raise DecryptionError(_ADVICE["not_base64"]) from None


def decrypt_column(cipher_texts: Sequence[str | None], key: bytes, mode: Mode = "ecb") -> Decrypted:
    """Decrypt a column of Base64 texts under one key, in one cipher call.

    Returns
    -------
    Decrypted
        ``texts``: the clear texts; None where the input is null, or for a reason.
        ``reasons``: ``not_text``, ``empty``, ``not_base64``, ``wrong_length`` (cut, or not AES) or ``wrong_key``:
        the padding does not fit, or what comes out is not UTF-8 free of control characters (a wrong key gives
        valid padding once in 256 tries, so padding alone proves nothing: billing.md section 9).

    Raises
    ------
    KeyFormatError
        `key` is no AES key.

    Examples
    --------
    >>> key = bytes(16)
    >>> found = decrypt_column([encrypt_text("a", key), None, "a"], key)
    >>> found.texts, found.reasons, found
    (['a', None, None], [None, None, 'not_base64'], Decrypted(3 texts, 2 of them null))
    """
    _cipher(key, mode)  # a wrong key or mode is said here, whatever is in the column
    cipher = _cipher(key, "ecb")
    found = Decrypted([None] * len(cipher_texts), [None] * len(cipher_texts))
    blobs, where = _decode(cipher_texts, found.reasons)
    if blobs:
        joined = b"".join(blobs)
        plain = cipher.decrypt(joined)
        _strip(_unchain(plain, joined, blobs) if mode == "cbc" else plain, blobs, where, found)
    return found


def _decode(cipher_texts: Sequence[object], reasons: list[Reason | None]) -> tuple[list[bytes], list[int]]:
    """The bytes of what can be decrypted, and where each stands; reasons for the rest."""
    blobs: list[bytes] = []
    where: list[int] = []
    decode, keep, note = binascii.a2b_base64, blobs.append, where.append
    for i, text in enumerate(cipher_texts):
        if text is None:
            continue
        try:
            blob = decode(text, strict_mode=True)  # type: ignore[arg-type]  # what is no text fails
        except (ValueError, TypeError):
            blob = b""
        # Bytes would decode as well; whoever passes them has mixed something up and should hear of it.
        if not blob or len(blob) & 15 or type(text) is not str:
            blob, reasons[i] = _second_look(text)
            if reasons[i] is not None:
                continue
        keep(blob)
        note(i)
    return blobs, where


def _strip(plain: bytes, blobs: list[bytes], where: list[int], found: Decrypted) -> None:
    """Take the padding off and decode; a null with a reason for what is no text."""
    texts, reasons = found
    end = 0
    for i, blob in zip(where, blobs, strict=True):
        start = end
        end += len(blob)
        pad = plain[end - 1]
        reasons[i] = "wrong_key"
        if not 0 < pad <= 16 or plain[end - pad : end] != _PADDING[pad]:
            continue
        try:
            text = plain[start : end - pad].decode()
        except UnicodeDecodeError:
            continue
        if text.isprintable() or _CONTROL.isdisjoint(text):
            texts[i] = text
            reasons[i] = None


def _second_look(text: object) -> tuple[bytes, Reason | None]:
    """What is not a plain text of whole blocks: why, or its bytes after all."""
    if not isinstance(text, str):
        return b"", "not_text"
    if not text.strip():
        return b"", "empty"
    try:
        blob = _a2b(text)
    except ValueError:
        return b"", "not_base64"
    return blob, None if blob and len(blob) % _BLOCK == 0 else "wrong_length"


def _a2b(text: str) -> bytes:
    return binascii.a2b_base64(text.replace("\r", "").replace("\n", ""), strict_mode=True)


def _unchain(plain: bytes, joined: bytes, blobs: list[bytes]) -> bytes:
    """CBC from ECB: XOR with the block before, with zeros (the IV) where a value begins."""
    before = np.empty(len(joined), dtype=np.uint8)
    before[_BLOCK:] = np.frombuffer(joined, dtype=np.uint8)[:-_BLOCK]
    starts = np.cumsum([0, *map(len, blobs[:-1])])
    before.reshape(-1, _BLOCK)[starts // _BLOCK] = 0
    return bytes((np.frombuffer(plain, dtype=np.uint8) ^ before).tobytes())


def _cipher(key: bytes, mode: Mode) -> Any:
    check_aes_key(key)
    if mode == "ecb":
        return AES.new(key, AES.MODE_ECB)
    if mode == "cbc":
        return AES.new(key, AES.MODE_CBC, iv=_ZERO_IV)
    raise KeyFormatError("the cipher mode must be ecb or cbc")
