"""A generated folder appears complete or not at all, and never in place of something else."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from idvtools.errors import OutputError


@contextmanager
def placed(folder: Path, *, replaceable: str | None = None) -> Iterator[Path]:
    """A folder beside `folder` to write into; it takes that name when the block ends without an error.

    Parameters
    ----------
    folder : Path
        Where to; it must not exist, or be empty.
    replaceable : str, optional
        A folder that has this file may be replaced.

    Raises
    ------
    OutputError
        `folder` is in the way, or cannot be written.
    """
    _refuse(folder, replaceable)
    aside = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(aside, ignore_errors=True)
    try:
        yield aside
        if folder.exists():
            shutil.rmtree(folder)
        aside.rename(folder)
    except OSError as error:  # of the folder that was asked for, not of the one beside it
        why = (error.strerror or "unwritable").lower()
        raise OutputError(f"cannot be written: {why}", file=str(folder)) from None
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _refuse(folder: Path, replaceable: str | None) -> None:
    if not folder.exists() and not folder.is_symlink():
        return
    if not folder.is_dir() or folder.is_symlink():
        raise OutputError("there is something here already that is not a folder", file=str(folder))
    if not any(folder.iterdir()):
        return
    if replaceable is None:
        raise OutputError("the folder is not empty; choose another, or ask for it to be replaced", file=str(folder))
    if not (folder / replaceable).is_file():
        raise OutputError("the folder is no synthetic workspace, it will not be replaced", file=str(folder))
