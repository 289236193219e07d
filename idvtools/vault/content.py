"""Reading a stored file: piece by piece, unsealed, and only if it is still what was received."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from idvtools.errors import DecryptionError, VaultError
from idvtools.vault.custody import Entry
from idvtools.vault.sealing import unseal

_PIECE = 256 * 1024


def stored_pieces(file: BinaryIO, entry: Entry, label: str) -> Iterator[bytes]:
    """The bytes on disk.

    Raises
    ------
    VaultError
        After the last piece, if they are not those that were stored.
    """
    digest = hashlib.sha256()
    while piece := file.read(_PIECE):
        digest.update(piece)
        yield piece
    if digest.hexdigest() != entry.stored_sha256:
        raise VaultError("was changed: its SHA-256 is not the one in the custody log", file=label)


def clear_pieces(file: BinaryIO, entry: Entry, seal_key: bytes | None, label: str) -> Generator[bytes, None, None]:
    """The bytes as they were received.

    Raises
    ------
    VaultError
        After the last piece, if they are not those that were received; the file is sealed and there is no key.
    DecryptionError
        The file is as it was stored, but does not open under this key.
    """
    stored = stored_pieces(file, entry, label)
    if not entry.sealed:
        size = 0
        for piece in stored:
            size += len(piece)
            yield piece
        if size != entry.size:
            raise VaultError("is not as long as the custody log says", file=label)
        return
    if seal_key is None:
        raise VaultError("is sealed: the seal key is needed to read it", file=label)
    digest, size = hashlib.sha256(), 0
    try:
        for piece in unseal(stored, seal_key):
            digest.update(piece)
            size += len(piece)
            yield piece
    except DecryptionError:
        for _ in stored:  # a changed file is said to be changed, whatever the key
            pass
        raise
    if digest.hexdigest() != entry.sha256 or size != entry.size:
        raise VaultError("does not hold what was received", file=label)


class Content:
    """A stored file, open for reading; iterate over it for pieces, or `read` from it.

    Whether it is what was received is known at its end: who reads on to there gets an error if it isn't.
    """

    def __init__(self, path: Path, entry: Entry, seal_key: bytes | None, label: str) -> None:
        self._file = path.open("rb")
        self._pieces = clear_pieces(self._file, entry, seal_key, label)
        self._held = bytearray()
        self.entry = entry

    def __iter__(self) -> Iterator[bytes]:
        if self._held:
            held, self._held = bytes(self._held), bytearray()
            yield held
        yield from self._pieces

    def read(self, size: int = -1) -> bytes:
        """The next `size` bytes, fewer at the end only; all of the rest without a size."""
        while size < 0 or len(self._held) < size:
            if (piece := next(self._pieces, None)) is None:
                break
            self._held += piece
        size = len(self._held) if size < 0 else size
        data = bytes(self._held[:size])
        del self._held[:size]
        return data

    def close(self) -> None:
        """Close the file."""
        self._pieces.close()
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
