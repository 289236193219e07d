"""AES in ECB mode with PKCS#7 padding, one text or a whole column at a time.

ECB treats every block alone, so a column of texts under one key is *one* cipher call; a text
that does not decrypt becomes a null, never an exception for the column.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

from Crypto.Cipher import AES

from idvtools.errors import DecryptionError, KeyFormatError

_BLOCK = 16
_CONTROL = frozenset(map(chr, [*range(32), *range(127, 160)]))


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
    try:
        key = base64.b64decode(
            "".join((text if isinstance(text, str) else text.decode("ascii")).split()), validate=True
        )
    except (binascii.Error, ValueError):
        raise KeyFormatError("the AES key is not Base64 text") from None
    if len(key) not in (16, 32):
        raise KeyFormatError(f"the AES key has {len(key)} bytes, 16 (AES-128) or 32 (AES-256) are expected")
    return key


def encrypt_text(text: str, key: bytes) -> str:
    """Encrypt `text` (UTF-8) to Base64.

    Examples
    --------
    >>> encrypt_text("this is test string", load_aes_key("2EdTm/RolkL0RjVBXhSAUA=="))
    'RTukZZStW/+4XiToo1WzXIRDSPC3w2ceVco/vPcwYFs='
    """
    raw = text.encode("utf-8")
    pad = _BLOCK - len(raw) % _BLOCK
    return base64.b64encode(AES.new(key, AES.MODE_ECB).encrypt(raw + bytes([pad]) * pad)).decode("ascii")


def decrypt_text(cipher_text: str, key: bytes) -> str:
    """Decrypt one Base64 text.

    Raises
    ------
    DecryptionError
        Wrong Base64, wrong length, wrong key (padding, UTF-8 or control characters show it).

    Examples
    --------
    >>> decrypt_text("RTukZZStW/+4XiToo1WzXIRDSPC3w2ceVco/vPcwYFs=", load_aes_key("2EdTm/RolkL0RjVBXhSAUA=="))
    'this is test string'
    """
    text = decrypt_column([cipher_text], key)[0]
    if text is None:
        raise DecryptionError("the text does not decrypt under this key: check the key, and that the text is whole")
    return text


def decrypt_column(cipher_texts: Sequence[str | None], key: bytes) -> list[str | None]:
    """Decrypt a column of Base64 texts under one key, in one cipher call.

    Returns
    -------
    list of str or None
        The clear texts; None where the text is null, is not Base64, is cut, or decrypts to something
        that is not valid UTF-8 free of control characters (a wrong key gives valid padding once in
        256 tries, so padding alone proves nothing: billing.md section 9).
    """
    blobs: list[bytes] = []
    where: list[int] = []
    for i, text in enumerate(cipher_texts):
        if text is None:
            continue
        try:
            blob = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            continue
        if blob and len(blob) % _BLOCK == 0:
            blobs.append(blob)
            where.append(i)
    clear: list[str | None] = [None] * len(cipher_texts)
    if not blobs:
        return clear
    plain = AES.new(key, AES.MODE_ECB).decrypt(b"".join(blobs))
    end = 0
    for i, blob in zip(where, blobs, strict=True):
        start, end = end, end + len(blob)
        pad = plain[end - 1]
        if not 1 <= pad <= _BLOCK or plain[end - pad : end] != bytes([pad]) * pad:
            continue
        try:
            text = plain[start : end - pad].decode("utf-8")
        except UnicodeDecodeError:
            continue
        if text.isprintable() or _CONTROL.isdisjoint(text):
            clear[i] = text
    return clear
