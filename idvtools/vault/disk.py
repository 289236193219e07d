"""Bytes onto the disk, whole or not at all, and the house's errors where it refuses."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from idvtools.errors import OutputError

#: Owner only: evidence holds people's data.
FILE_MODE, FOLDER_MODE = 0o600, 0o700


@contextmanager
def refusals(file: str) -> Iterator[None]:
    """What the disk refuses, as an `OutputError` that names the file."""
    try:
        yield
    except OSError as error:
        why = (error.strerror or "unwritable").lower()
        raise OutputError(f"cannot be written: {why}", file=file) from None


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it that are missing, for their owner only (`Path.mkdir` leaves parents open)."""
    if not folder.parent.is_dir():
        make_folder(folder.parent)
    folder.mkdir(FOLDER_MODE, exist_ok=True)


def write_all(fd: int, data: bytes | memoryview) -> None:
    """Write all of `data`; the system may take less at a time."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def write_file(path: Path, pieces: Iterator[bytes], *, durable: bool) -> None:
    """Make a file, or make it anew; one that cannot be written whole is removed."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), FILE_MODE)
    try:
        try:
            for piece in pieces:
                write_all(fd, piece)
            if durable:
                os.fsync(fd)
        finally:
            os.close(fd)
    except BaseException:
        with suppress(OSError):
            os.unlink(path)
        raise
