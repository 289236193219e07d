"""Files sealed at rest: AES-256-GCM in frames, so that gigabytes pass in little memory and none can be cut or moved.

The construction is STREAM: each frame's nonce is a random prefix, a counter and a mark on the last frame, so a
frame that was changed, moved, left out or added does not open, nor does a file whose end was cut off. Each file
has a key of its own, derived from the seal key and a random salt; nonces of two files can never meet.

On disk: magic (7) · version (1) · salt (32) · nonce prefix (7), then frames of 64 KiB + 16 bytes of tag, the last
one shorter or equal. The header goes into every tag.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Iterable, Iterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from idvtools.errors import DecryptionError, KeyFormatError

_MAGIC = b"IDVSEAL\x01"
_SALT, _PREFIX, _TAG = 32, 7, 16
_HEADER = len(_MAGIC) + _SALT + _PREFIX
_FRAME = 64 * 1024
_WRONG = "the file does not open under this seal key"


def check_seal_key(key: bytes) -> bytes:
    """`key` itself if it can seal.

    Raises
    ------
    KeyFormatError
        Not bytes, or not 32 of them.
    """
    if not isinstance(key, bytes) or len(key) != 32:
        raise KeyFormatError("the seal key must be 32 bytes (AES-256)")
    return key


class Sealer:
    """Seals one file, piece by piece.

    Examples
    --------
    >>> sealer = Sealer(bytes(32))
    >>> sealed = sealer.update(b"any") + sealer.update(b"thing") + sealer.finish()
    >>> b"".join(unseal([sealed[:50], sealed[50:]], bytes(32)))
    b'anything'
    """

    def __init__(self, key: bytes) -> None:
        self._header = _MAGIC + os.urandom(_SALT + _PREFIX)
        self._cipher = _cipher(check_seal_key(key), self._header)
        self._held = bytearray()
        self._count = 0

    def update(self, data: bytes) -> bytes:
        """Take clear bytes, give what can be written by now."""
        self._held += data
        out = []
        while len(self._held) > _FRAME:  # what may be the last frame is held back
            out.append(self._seal(bytes(self._held[:_FRAME]), last=False))
            del self._held[:_FRAME]
        return b"".join(out)

    def finish(self) -> bytes:
        """The end of the file."""
        return self._seal(bytes(self._held), last=True)

    def _seal(self, frame: bytes, *, last: bool) -> bytes:
        sealed = self._cipher.encrypt(_nonce(self._header, self._count, last=last), frame, self._header)
        self._count += 1
        return sealed if self._count > 1 else self._header + sealed


def unseal(pieces: Iterable[bytes], key: bytes) -> Iterator[bytes]:
    """The clear bytes of a sealed file, frame by frame; each one that comes out is authentic.

    Raises
    ------
    DecryptionError
        Another key, or a file that was changed, cut, lengthened or shuffled: nobody can tell which.
    """
    held = bytearray()
    header, cipher, count = b"", None, 0
    for piece in pieces:
        held += piece
        if cipher is None and len(held) >= _HEADER:
            header = bytes(held[:_HEADER])
            if not header.startswith(_MAGIC):
                raise DecryptionError("the file is not sealed in a way that this version knows")
            cipher = _cipher(check_seal_key(key), header)
            del held[:_HEADER]
        while cipher is not None and len(held) > _FRAME + _TAG:
            yield _open(cipher, header, bytes(held[: _FRAME + _TAG]), count, last=False)
            del held[: _FRAME + _TAG]
            count += 1
    if cipher is None:
        raise DecryptionError(_WRONG)
    yield _open(cipher, header, bytes(held), count, last=True)


def _open(cipher: AESGCM, header: bytes, frame: bytes, count: int, *, last: bool) -> bytes:
    try:
        return cipher.decrypt(_nonce(header, count, last=last), frame, header)
    except (InvalidTag, ValueError):
        raise DecryptionError(_WRONG) from None


def _cipher(key: bytes, header: bytes) -> AESGCM:
    salt = header[len(_MAGIC) : len(_MAGIC) + _SALT]
    return AESGCM(hmac.digest(key, b"idvtools evidence seal" + salt, "sha256"))


def _nonce(header: bytes, count: int, *, last: bool) -> bytes:
    return header[-_PREFIX:] + count.to_bytes(4, "big") + bytes([last])
