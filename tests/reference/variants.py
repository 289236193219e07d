"""The same workspace told otherwise: lines in another order, files twice, files cut in two. No result may change."""

from __future__ import annotations

import gzip
import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq

from .model import Month, Start

_NUMBER = re.compile(rb"\b[0-9A-Za-z]{8}[0-9]{9,19}(?:-[0-9]+)?\b")
LOGS = ("requests", "callbacks", "polls", "statements")


def _files(folder: Path) -> list[Path]:
    return [path for name in LOGS for path in sorted((folder / name).iterdir())]


def _is_table(path: Path) -> bool:
    return ".csv" in path.suffixes


def _read(path: Path) -> tuple[bytes, list[bytes]]:
    """Give a text file's header line (empty if it has none) and its other lines; no cell in a month holds a newline."""
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    lines = data.splitlines(keepends=True)
    return (lines[0], lines[1:]) if _is_table(path) else (b"", lines)


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)


def shuffled(folder: Path, rng: random.Random) -> None:
    """Put every file's lines in another order."""
    for path in _files(folder):
        if path.suffix == ".parquet":
            table = pq.read_table(path)
            pq.write_table(table.take(rng.sample(range(len(table)), len(table))), path)
        else:
            header, lines = _read(path)
            _write(path, header + b"".join(rng.sample(lines, len(lines))))


def duplicated(folder: Path, rng: random.Random) -> None:
    """Copy some files of each kind, exactly, under other names."""
    for name in LOGS:
        paths = sorted((folder / name).iterdir())
        for path in rng.sample(paths, min(len(paths), 3)):
            shutil.copyfile(path, path.with_name(rng.choice(["copy of ", "0-", "zz_"]) + path.name))


def cut(folder: Path, rng: random.Random) -> None:
    """Cut files in two; the second half of a statement keeps the first one's name and gets a suffix."""
    for path in _files(folder):
        stem, dots = path.name.split(".", 1)
        second = path.with_name(f"{stem}_2.{dots}")
        if path.suffix == ".parquet":
            table = pq.read_table(path)
            place = rng.randrange(len(table) + 1)
            pq.write_table(table.slice(place), second)
            pq.write_table(table.slice(0, place), path)
            continue
        header, lines = _read(path)
        # Halves with much in common would be two tellings of one statement, not two parts of it.
        places = [place for place in range(1, len(lines)) if _are_parts(lines[:place], lines[place:])]
        if not places:
            continue
        place = rng.choice(places)
        _write(second, header + b"".join(lines[place:]))
        _write(path, header + b"".join(lines[:place]))


def _are_parts(first: list[bytes], second: list[bytes]) -> bool:
    """Whether two halves share at most half of the smaller one's operations; a daId's digits tell them apart."""
    one, two = ({tuple(sorted(_NUMBER.findall(line))) for line in half} for half in (first, second))
    return 2 * len(one & two) <= min(len(one), len(two))


VARIANTS: dict[str, Callable[[Path, random.Random], None]] = {
    "shuffled": shuffled,
    "duplicated": duplicated,
    "cut": cut,
}


def without(month: Month, op_id: str) -> Month:
    """Take one operation out of a month, wherever it is written down; the statement files stay, if empty."""

    def keeps(da_id: str | None) -> bool:
        return da_id != op_id

    starts: tuple[Start, ...] = tuple(start for start in month.starts if keeps(start.da_id))
    return Month(
        month.seed,
        month.label,
        month.settings,
        starts,
        tuple(notice for notice in month.notices if keeps(notice.da_id)),
        tuple(poll for poll in month.polls if keeps(poll.da_id)),
        tuple(row for row in month.rows if keeps(row.da_id)),
        month.files,
    )
