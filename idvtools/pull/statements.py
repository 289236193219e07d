"""A pulled statement, put where the workspace keeps statements."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from idvtools.errors import OutputError


def place_statement(content: bytes, target: Path) -> None:
    """Write a statement, whole or not at all.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, aside = tempfile.mkstemp(prefix=".pull-", dir=target.parent)
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
