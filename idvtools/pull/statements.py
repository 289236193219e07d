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
        sweep(target.parent)
        handle, aside = tempfile.mkstemp(prefix=f"{_ASIDE}{os.getpid()}-", dir=target.parent)
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


def sweep(folder: Path) -> None:
    """Remove the half statements that a crash left aside in a folder."""
    for left in folder.glob(f"{_ASIDE}*"):
        with suppress(OSError):
            if left.stat().st_mtime < time.time() - _ABANDONED_S or _is_gone(left.name):
                left.unlink()


def _is_gone(name: str) -> bool:
    """Whether the process that wrote a file aside is known to have ended."""
    number = name.removeprefix(_ASIDE).partition("-")[0]
    if os.name != "posix" or not number.isdecimal():
        return False
    try:
        os.kill(int(number), 0)  # asks, and does nothing
    except (ProcessLookupError, OverflowError):
        return True
    except OSError:
        return False
    return False
