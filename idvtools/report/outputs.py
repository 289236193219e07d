"""The folder that a reconciliation writes: complete, or not at all."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from idvtools.errors import OutputError
from idvtools.ledger.columns import BREAKS
from idvtools.report.csvout import write_csv
from idvtools.report.excel import write_excel
from idvtools.report.html import render_html
from idvtools.report.model import Lang

if TYPE_CHECKING:
    from idvtools.report.result import Reconciliation

#: Everything that a run may write; a rerun with force replaces these and leaves other files alone.
NAMES = (
    "summary.json", "ledger.parquet", "ledger.csv", "breaks.csv", "reconciliation.xlsx", "reconciliation.html",
    "rejects.jsonl",
)  # fmt: skip


def check_folder(folder: Path, *, force: bool) -> None:
    """Refuse a folder that holds something, unless `force` is given.

    Raises
    ------
    OutputError
        Not empty, not a folder, or one that cannot be replaced as a whole: the current one, a mount point.
    """
    if folder.exists() and not folder.is_dir():
        raise OutputError("exists and is not a folder", file=str(folder))
    if folder.is_dir() and (folder.resolve() == Path.cwd() or folder.is_mount()):
        raise OutputError("this folder itself cannot be replaced; give a new folder inside it", file=str(folder))
    if folder.is_dir() and any(folder.iterdir()) and not force:
        raise OutputError("the folder is not empty; choose another one, or give --force", file=str(folder))


def write_outputs(result: Reconciliation, folder: Path, *, lang: Lang, force: bool, ledger_csv: bool) -> Path:
    """Write all outputs aside, then rename the folder into place.

    Files of other origin in an existing folder are kept.

    Raises
    ------
    OutputError
        The folder may not be used, or the disk refuses.
    """
    folder = folder.resolve()  # a link to a folder stays a link, what it points to is replaced
    check_folder(folder, force=force)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror}", file=str(folder)) from None
    try:
        _fill(result, aside, lang, ledger_csv)
        os.chmod(aside, 0o777 & ~_umask())
        _swap(aside, folder)
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror}", file=str(folder)) from None
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return folder


def _fill(result: Reconciliation, folder: Path, lang: Lang, ledger_csv: bool) -> None:
    breaks = result.rows(BREAKS)
    shutil.copyfile(result.ledger_file, folder / "ledger.parquet")
    if ledger_csv:
        write_csv(folder / "ledger.csv", result.rows())
    write_csv(folder / "breaks.csv", breaks)
    write_excel(folder / "reconciliation.xlsx", result.summary, breaks, result.extras, lang)
    (folder / "reconciliation.html").write_text(render_html(result.summary, breaks, result.extras, lang), "utf-8")
    if len(result.reject_lines):
        with (folder / "rejects.jsonl").open("w", encoding="utf-8") as stream:
            for batch in result.reject_lines.to_batches(max_chunksize=10_000):
                stream.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in batch.to_pylist())
    (folder / "summary.json").write_text(result.to_json(), "utf-8")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _swap(aside: Path, folder: Path) -> None:
    """Put `aside` where `folder` is; what others left in `folder` moves over."""
    if not folder.exists():
        aside.rename(folder)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{folder.name}-old-", dir=folder.parent))
    try:
        folder.rename(old / "was")
        try:
            aside.rename(folder)
        except OSError:
            (old / "was").rename(folder)
            raise
    except OSError:
        old.rmdir()
        raise
    for entry in (old / "was").iterdir():
        if entry.name not in NAMES:
            entry.rename(folder / entry.name)
    shutil.rmtree(old)
