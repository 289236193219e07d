"""Decoded exchanges on a terminal and as CSV; code tables on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from idvtools.errors import OutputError
from idvtools.report.csvout import write_csv
from idvtools.vendors.base import Code

if TYPE_CHECKING:
    import pandas as pd


def print_records(records: pd.DataFrame) -> str:
    """Records as text: a block each, a line for each field that it has; then how many of what.

    Control characters are escaped: what a vendor wrote must not steer a terminal.
    """
    blocks = []
    for row in records.to_dict("records"):
        lines = [f"{_text(row['file'])}:{row['line']}"]
        lines += [
            f"  {name}: {_text(value)}" for name, value in row.items() if name not in ("file", "line") and _is(value)
        ]
        blocks.append("\n".join(lines))
    return "\n".join([*blocks, count_records(records)])


def count_records(records: pd.DataFrame) -> str:
    """How many records have which outcome, and how many could not be read."""
    outcomes = records["outcome"].fillna("unreadable").value_counts().sort_index()
    counted = ", ".join(f"{name} {count}" for name, count in outcomes.items())
    return f"{len(records)} {'exchange' if len(records) == 1 else 'exchanges'}: {counted or 'none'}"


def unread(records: pd.DataFrame) -> str | None:
    """One line on what could not be read, with the first of it; None if everything was."""
    bad = records[records["problem"].notna()]
    if bad.empty:
        return None
    first = bad.iloc[0]
    hint = ""
    if len(bad) == len(records):
        hint = "; is it the log of another vendor, or no text (an archive, UTF-16)?"
    place = f"{first['file']}:{first['line']}"
    return f"{len(bad)} of {len(records)} could not be read, first {place}: {first['problem']}{hint}"


def write_records(records: pd.DataFrame, path: Path) -> None:
    """Records as CSV (UTF-8 with BOM, formula-like cells neutralised, ids as text), whole or not at all.

    Raises
    ------
    OutputError
        There is such a file already, or it cannot be written.
    """
    if path.exists():
        what = (
            "this is a folder; name a file in it" if path.is_dir() else "there is such a file already; name another one"
        )
        raise OutputError(what, file=str(path))
    table = pa.table(
        {
            name: pa.array([_text(v) if _is(v) else None for v in records[name].tolist()], pa.string())
            for name in records.columns
        }
    )
    aside = path.with_name(f".{path.name}.part")
    try:
        aside.touch(mode=0o600)  # it may hold what was revealed
        write_csv(aside, table)
        aside.replace(path)
    except OSError as error:
        with suppress(OSError):
            aside.unlink(missing_ok=True)
        raise OutputError(f"cannot be written: {error.strerror}", file=str(path)) from None


def _is(value: object) -> bool:
    return isinstance(value, str | list) or not (value is None or str(value) in ("nan", "NaT", "<NA>"))


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(_text(v) for v in value)
    isoformat = getattr(value, "isoformat", None)
    text = isoformat() if isoformat else str(value)
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def print_codes(rows: Sequence[tuple[str, Code]]) -> str:
    """Rows of code tables as text, a line each and the source below it."""
    lines = []
    for table, row in rows:
        told = [row.code, row.outcome or "-", row.name_zh, row.name_en]
        if row.error is not None:
            told.append(f"retry: {row.error.retry.replace('_', ' ')}")
        lines.append(f"{table}  {'  '.join(told)}")
        lines.append(f"    {row.edition}: {row.source}{f'; {row.note}' if row.note else ''}")
    return "\n".join(lines)
