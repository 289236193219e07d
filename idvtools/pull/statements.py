"""A pulled statement, put where the workspace keeps statements."""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from idvtools.errors import OutputError

_ASIDE = ".pull-"
#: After so long nobody is writing any more what stands aside.
_ABANDONED_S = 3600.0


def place_statement(content: bytes, target: Path) -> None:
    """Write a statement, whole or not at all.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target.parent)
        handle, aside = tempfile.mkstemp(prefix=_ASIDE, dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(aside, target)
        except BaseException:
            os.unlink(aside)
            raise
    except OSError as error:
        why = f"the statement cannot be written: {(error.strerror or 'unwritable').lower()}"
        raise OutputError(why, file=str(target)) from None


def _sweep(folder: Path) -> None:
    """Remove what a crash left aside."""
    for left in folder.glob(f"{_ASIDE}*"):
        with suppress(OSError):
            if left.stat().st_mtime < time.time() - _ABANDONED_S:
                left.unlink()
