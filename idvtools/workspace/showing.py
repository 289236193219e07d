"""Decoded exchanges on a terminal and as CSV."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from idvtools.errors import OutputError
from idvtools.report.csvout import write_breaks_csv

if TYPE_CHECKING:
    import pandas as pd


def print_records(records: pd.DataFrame) -> str:
    """Records as text: a block each, a line for each field that it has; then how many of what.

    Control characters are escaped: what a vendor wrote must not steer a terminal.
    """
    blocks = []
    for row in records.to_dict("records"):
        lines = [f"{row['file']}:{row['line']}"]
        lines += [
            f"  {name}: {_text(value)}" for name, value in row.items() if name not in ("file", "line") and _is(value)
        ]
        blocks.append("\n".join(lines))
    outcomes = records["outcome"].fillna("unreadable").value_counts().sort_index()
    counted = ", ".join(f"{name} {count}" for name, count in outcomes.items())
    return "\n".join([*blocks, f"{len(records)} exchanges: {counted or 'none'}"])


def write_records(records: pd.DataFrame, path: Path) -> None:
    """Records as CSV (UTF-8 with BOM, formula-like cells neutralised, ids as text), whole or not at all.

    Raises
    ------
    OutputError
        There is such a file already, or it cannot be written.
    """
    if path.exists():
        raise OutputError("there is such a file already; name another one", file=str(path))
    table = pa.table(
        {
            name: pa.array([_text(v) if _is(v) else None for v in records[name].tolist()], pa.string())
            for name in records.columns
        }
    )
    aside = path.with_name(f".{path.name}.part")
    try:
        write_breaks_csv(aside, table)
        aside.replace(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise OutputError(f"cannot be written: {error.strerror}", file=str(path)) from None


def _is(value: object) -> bool:
    return value is not None and str(value) not in ("nan", "NaT", "<NA>")


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(_text(v) for v in value)
    isoformat = getattr(value, "isoformat", None)
    text = isoformat() if isoformat else str(value)
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
