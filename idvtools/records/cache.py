"""What was read of a file, kept as Parquet under the file's SHA-256, the reader's version and the keys."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import duckdb
import pyarrow as pa

from idvtools.errors import OutputError
from idvtools.records.streams import sha256_of

#: Where a workspace keeps it.
FOLDER = Path(".idvtools") / "cache"
_FACTS = "facts.json"
_UNUSED_DAYS = 30
#: Rooms of the house that decide what is read of a file.
_ROOMS = ("crypto", "ledger", "records", "vendors", "privacy")


@cache
def reader_version() -> str:
    """Digest of the code and the tables that read files, and of the libraries' versions.

    Nobody has to remember to raise a number when a reader changes: a result of another reader is never used.
    """
    root = Path(__file__).parents[1]
    digest = hashlib.sha256(repr((duckdb.__version__, pa.__version__)).encode())
    for room in _ROOMS:
        place = root / room
        for file in sorted(f for f in place.rglob("*") if f.suffix in (".py", ".csv")):
            digest.update(file.relative_to(root).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


@dataclass
class Facts:
    """What is known of files that were read together, besides the tables.

    Parameters
    ----------
    rows : list of int
        Lines or rows of each file.
    encodings : list of str
        Encoding of each file, empty where nobody looked.
    notes : dict
        Things worth a caveat, counted.
    tables : dict
        SHA-256 of each table's file, by the table's name.
    """

    rows: list[int] = field(default_factory=list)
    encodings: list[str] = field(default_factory=list)
    notes: dict[str, int] = field(default_factory=dict)
    tables: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """Tables in a folder, each a Parquet file ``NAME.parquet``."""

    folder: Path
    facts: Facts

    def table(self, name: str) -> Path | None:
        """The file of a table, None where there is none."""
        return self.folder / f"{name}.parquet" if name in self.facts.tables else None


class Cache:
    """The ingest cache of a workspace; without a folder nothing is kept, and nothing found.

    Parameters
    ----------
    folder : Path or None
        `FOLDER` of the workspace.
    scratch : Path
        A private folder for tables that are not kept.
    digests : mapping
        By kind of file, what its reading depends on besides the file: keys, time zone (`Keys.digest`).
    """

    def __init__(self, folder: Path | None, scratch: Path, digests: Mapping[str, str]) -> None:
        self._folder, self._scratch, self._digests = folder, scratch, digests
        self._sizes: Counter[int] = Counter()
        if folder is not None:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                self._sweep(folder)
            except OSError:
                self._folder = None  # the workspace may be read-only: everything is read, nothing kept

    @property
    def keeps(self) -> bool:
        """Whether results are kept."""
        return self._folder is not None

    def may_know(self, size: int) -> bool:
        """Whether anything of this size is kept; if not, the file need not be hashed before it is read."""
        return self._sizes[size] > 0

    def find(self, kind: str, sha256: Sequence[str], names: Sequence[str]) -> Entry | None:
        """What was read of files with these contents (and names, for those whose names say something), if it is whole.

        A result that is damaged is no result.
        """
        if self._folder is None:
            return None
        folder = self._folder / self._name(kind, sha256, names)
        try:
            sealed, _, text = (folder / _FACTS).read_text("utf-8").partition("\n")
            if sealed != _seal(text):
                return None
            facts = Facts(**json.loads(text))
            if any(sha256_of(folder / f"{table}.parquet") != digest for table, digest in facts.tables.items()):
                return None
        except (OSError, ValueError, TypeError):
            return None
        with suppress(OSError):  # the workspace may be read-only
            os.utime(folder)
        return Entry(folder, facts)

    def hold(self, entry: Entry) -> Entry:
        """The entry's tables under names of our own: they stay readable when the cache is cleared meanwhile."""
        if self._scratch in entry.folder.parents:
            return entry
        own = Path(tempfile.mkdtemp(prefix="held-", dir=self._scratch))
        for table in entry.facts.tables:
            source = entry.folder / f"{table}.parquet"
            try:
                os.link(source, own / source.name)
            except OSError:  # another file system
                shutil.copyfile(source, own / source.name)
        return Entry(own, entry.facts)

    def _name(self, kind: str, sha256: Sequence[str], names: Sequence[str]) -> str:
        files = sha256[0] if len(sha256) == 1 else hashlib.sha256(repr(tuple(sha256)).encode()).hexdigest()
        rest = hashlib.sha256(repr((kind, tuple(names), self._digests[kind])).encode()).hexdigest()[:16]
        return f"{reader_version()}-{kind}-{files}-{rest}"

    def begin(self) -> Path:
        """A new folder to write tables into."""
        if self._folder is not None:
            with suppress(OSError):
                return Path(tempfile.mkdtemp(prefix="new-", dir=self._folder))
        return Path(tempfile.mkdtemp(prefix="new-", dir=self._scratch))

    def keep(
        self, draft: Path, facts: Facts, kind: str, sha256: Sequence[str], names: Sequence[str], size: int
    ) -> Entry:
        """Keep the tables that were written into a folder of `begin`, all of them or none."""
        keeps = self._folder is not None and draft.parent == self._folder
        facts.tables = {f.stem: sha256_of(f) if keeps else "" for f in sorted(draft.glob("*.parquet"))}
        if self._folder is None or not keeps:
            return Entry(draft, facts)
        if (kept := self.find(kind, sha256, names)) is not None:  # another process was quicker
            shutil.rmtree(draft, ignore_errors=True)
            return kept
        target = self._folder / self._name(kind, sha256, names)
        text = json.dumps(vars(facts))
        try:
            (draft / _FACTS).write_text(f"{_seal(text)}\n{text}", "utf-8")
            (draft / f"size-{size}").touch()
            draft.rename(target)
        except OSError:  # the disk is full, or there is one already: another process's, or a damaged one
            if (kept := self.find(kind, sha256, names)) is None and target.exists():
                shutil.rmtree(target, ignore_errors=True)
                with suppress(OSError):
                    draft.rename(target)
                    return Entry(target, facts)
            return kept or Entry(draft, facts)
        return Entry(target, facts)

    def _sweep(self, folder: Path) -> None:
        """Remove what another reader left, what was not used for a month, and what a crash left unfinished."""
        now = time.time()
        for place in folder.iterdir():
            with suppress(FileNotFoundError):  # another process was quicker
                age = now - place.stat().st_mtime
                mine = place.name.startswith(reader_version())
                limit = 1 if place.name.startswith("new-") else _UNUSED_DAYS if mine else 0
                stale = age > limit * 86400
                if stale:
                    shutil.rmtree(place, ignore_errors=True)
                elif mine:
                    for mark in place.glob("size-*"):
                        size = mark.name.removeprefix("size-")
                        self._sizes[int(size) if size.isdecimal() else -1] += 1


def _seal(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def clear(root: Path) -> tuple[int, int]:
    """Remove the ingest cache of a workspace: how many results, how many bytes.

    Raises
    ------
    OutputError
        It cannot be removed.
    """
    folder = root / FOLDER
    if not folder.is_dir():
        return 0, 0
    results = [p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("new-")]
    size = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise OutputError(f"cannot be removed: {error.strerror}", file=str(error.filename or folder)) from None
    return len(results), size


def write_table(con: duckdb.DuckDBPyConnection, sql: str, path: Path) -> None:
    """Write a query's rows as Parquet."""
    con.execute(f"copy ({sql}) to {quoted(path)} (format parquet, compression lz4_raw)")


def quiet(con: duckdb.DuckDBPyConnection) -> None:
    """No progress bar of DuckDB's own: it would go to stdout, into what somebody parses."""
    with suppress(duckdb.Error):  # in a notebook without ipywidgets there is none to switch off
        con.execute("set enable_progress_bar = false")


def quoted(path: Path) -> str:
    """A path as an SQL literal."""
    return "'" + str(path).replace("'", "''") + "'"
