"""A new workspace."""

from __future__ import annotations

from pathlib import Path

from idvtools import vendors
from idvtools.errors import OutputError
from idvtools.records.files import FOLDERS as INPUTS

FOLDERS = (*INPUTS, "evidence", "keys")


def create(folder: Path) -> None:
    """Make a new workspace: a commented settings file and the folders.

    Raises
    ------
    OutputError
        There is a settings file already, or the folder cannot be made.
    """
    target = folder / "idvtools.toml"
    if target.exists():
        raise OutputError("there is a workspace already; nothing was changed", file=str(target))
    try:
        for name in FOLDERS:
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / "keys").chmod(0o700)
        ignore = folder / ".gitignore"
        if not ignore.exists():
            ignore.write_text("keys/\n.idvtools/\n", "utf-8")
        target.write_text(vendors.template(), "utf-8")
    except OSError as error:
        raise OutputError(f"cannot be made: {error.strerror}", file=str(folder)) from None
