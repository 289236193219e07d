"""A file on its way in: hashed, looked at and sealed while it is written, gone unless it is stored."""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from idvtools.errors import OutputError
from idvtools.vault.custody import Entry
from idvtools.vault.disk import FILE_MODE, make_folder, refusals, write_all
from idvtools.vault.media import HEAD, TAIL, media_type
from idvtools.vault.sealing import Sealer

try:
    import fcntl
except ImportError:  # pragma: no cover  (Windows: a file that is open there cannot be removed anyhow)
    fcntl = None  # type: ignore[assignment]

_DAY_S = 86_400
_WITH_TAIL = (b"PK", b"\xd0\xcf\x11\xe0")


class Incoming:
    """One file being received; `Vault.receive` makes it, ``with`` opens it.

    The part on disk is locked as long as its writer lives, so that nobody takes it for a dead one's.

    Attributes
    ----------
    size : int
        Bytes so far.
    sha256, md5 : str
        Digests of the clear bytes so far, in hex.
    """

    def __init__(self, folder: Path, label: str, seal_key: bytes | None, *, durable: bool) -> None:
        self._folder, self._label, self._durable, self._seal_key = folder, label, durable, seal_key
        self._fd: int | None = None
        self._finished = False
        self._begin()
        self._token = secrets.token_hex(12)
        self.path = folder / f"{self._token}.part"
        self.kept = False  # by the vault: no longer ours to remove

    def _begin(self) -> None:
        self._sealer = Sealer(self._seal_key) if self._seal_key is not None else None
        self._clear, self._md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
        self._stored = hashlib.sha256() if self._sealer else self._clear
        self._head, self._tail = bytearray(), b""
        self.size = 0

    def __enter__(self) -> Self:
        with refusals(f"{self._label}/{self.path.name}"):
            if not self._folder.is_dir():
                make_folder(self._folder)
            while self._fd is None:
                fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), FILE_MODE)
                if lock(fd, wait=True) and os.fstat(fd).st_nlink == 0:  # swept away before it was locked
                    os.close(fd)
                else:
                    self._fd = fd
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()
        if not self.kept:
            with suppress(OSError):
                self.path.unlink(missing_ok=True)

    def __repr__(self) -> str:
        return f"Incoming({self.size} bytes)"

    @property
    def sha256(self) -> str:
        """SHA-256 of what was received so far."""
        return self._clear.hexdigest()

    @property
    def md5(self) -> str:
        """MD5 of what was received so far, for vendors that announce it."""
        return self._md5.hexdigest()

    @property
    def stored_sha256(self) -> str:
        """SHA-256 of the bytes on disk; the same as `sha256` unless they are sealed."""
        return self._stored.hexdigest()

    @property
    def media_type(self) -> str:
        """What it is by its content."""
        return media_type(bytes(self._head), self._tail)

    def write(self, data: bytes) -> None:
        """Take the next piece.

        Raises
        ------
        OutputError
            The disk is full or not writable; the part goes when the ``with`` block ends.
        """
        if self._fd is None or self._finished:
            raise OutputError("is not open: write inside the with block, before it is stored", file=self._label)
        self._clear.update(data)
        self._md5.update(data)
        self.size += len(data)
        if len(self._head) < HEAD:
            self._head += data[: HEAD - len(self._head)]
        if self._head.startswith(_WITH_TAIL):
            self._tail = (self._tail + data)[-TAIL:]
        self._put(self._sealer.update(data) if self._sealer else data)

    def restart(self) -> None:
        """Forget every piece: what broke off comes anew."""
        if self._fd is None or self._finished:
            raise OutputError("is not open: write inside the with block, before it is stored", file=self._label)
        if self.size:
            with refusals(f"{self._label}/{self.path.name}"):
                os.ftruncate(self._fd, 0)
                os.lseek(self._fd, 0, os.SEEK_SET)
            self._begin()

    def finish(self) -> None:
        """Complete the part on disk, under the name of its content.

        Whoever fetched it waits for the disk here, the others needn't. The name comes first: what makes the file
        survive a power failure makes its name survive, too.
        """
        if self._finished:
            return
        if self._fd is None:
            raise OutputError("is closed: store it inside the with block", file=self._label)
        if self._sealer:
            self._put(self._sealer.finish())
        ready = self._folder / f"{ready_prefix(self)}{self._token}.ready"
        if fcntl is None:
            self._close()  # Windows moves no open file
        with refusals(f"{self._label}/{self.path.name}"):
            os.rename(self.path, ready)
            self.path = ready
            if self._durable and self._fd is not None:
                os.fsync(self._fd)
        self._finished = True

    def _put(self, data: bytes) -> None:
        assert self._fd is not None
        if self._sealer:
            self._stored.update(data)
        with refusals(f"{self._label}/{self.path.name}"):
            write_all(self._fd, data)

    def _close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def lock(fd: int, *, wait: bool) -> bool:
    """Lock an open file; False where another has it, or where the file system has no locks."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        return False
    return True


def ready_prefix(content: Incoming | Entry) -> str:
    """How the name of a complete file in ``incoming`` begins."""
    return f"{content.sha256}.{content.stored_sha256[:16]}."


def ready_files(folder: Path, entry: Entry) -> list[Path]:
    """Files in ``incoming`` that hold what an entry lists, as long as they are not where they belong."""
    return sorted(folder.glob(ready_prefix(entry) + "*.ready"))


def places(vault: Path, entry: Entry) -> Iterator[Path]:
    """Where to look for an entry's file; it may be moved while somebody looks."""
    yield vault / entry.path
    yield from ready_files(vault / "incoming", entry)
    yield vault / entry.path


def is_abandoned(part: Path, *, remove: bool = False) -> bool:
    """Whether a part's writer is gone, or hasn't written for a day; such a one can be removed at once."""
    try:
        fd = os.open(part, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError:  # stored or removed meanwhile
        return False
    try:
        abandoned = lock(fd, wait=False) or os.fstat(fd).st_mtime < time.time() - _DAY_S
        if abandoned and remove:  # with the lock held: its writer may be about to take it
            with suppress(OSError):
                part.unlink()
        return abandoned
    finally:
        os.close(fd)
