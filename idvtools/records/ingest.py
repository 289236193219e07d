"""Files of a workspace as tables in DuckDB: from the ingest cache, or read and checked now."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from idvtools.errors import Problem, RecordsError
from idvtools.records import polls, rejects, requests, statements
from idvtools.records.cache import Cache, Entry, Facts, quoted, write_table
from idvtools.records.context import Context
from idvtools.records.csvlog import read_export
from idvtools.records.files import SourceFile
from idvtools.records.lines import Reading, read_lines
from idvtools.records.notifications import SCHEMA, NotificationReader
from idvtools.records.streams import Stream, ahead, sha256_of

#: The tables of each kind of file.
TABLES = {
    "callbacks": ("notifications",),
    "polls": ("polls",),
    "requests": ("requests", "request_extras"),
    "statements": ("statement", "statement_files"),
}
_NUMBERED = ("requests", "statement")  # these have a column `row_no`, made of file and line


@dataclass
class Ingest:
    """Reads files into a DuckDB connection.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        Gets the tables of `TABLES` and ``rejects``.
    cache : Cache
        Where results are kept.
    """

    con: duckdb.DuckDBPyConnection
    cache: Cache
    context: Context

    def __post_init__(self) -> None:
        self.sha256: dict[str, str] = {}
        self.cached: set[str] = set()
        self._notifications: list[tuple[Path, int]] = []
        self.con.execute("create table rejects (file_id integer, line bigint, reason varchar)")
        for tables in (polls.TABLE, requests.TABLES, statements.TABLES):
            self.con.execute(tables)

    def read(self, kind: str, sources: Sequence[SourceFile]) -> list[Problem]:
        """Read all files of a kind; what is wrong with files as a whole is given back, after all were looked at."""
        problems: list[Problem] = []
        groups = [list(sources)] if kind == "statements" else [[s] for s in sources]
        for group in groups:
            if not group:
                continue
            try:
                self._read_group(kind, group)
            except RecordsError as error:
                problems.extend(error.problems)
                self.context.rejects.items.clear()  # of a file that is refused as a whole no line is told
            except OSError as error:
                problems += RecordsError(f"cannot be read: {error.strerror}", file=group[0].name).problems
        return problems

    def _read_group(self, kind: str, group: list[SourceFile]) -> None:
        names = [_form(s) if kind in ("callbacks", "polls") else s.name for s in group]
        if kind == "callbacks" and not group[0].path.exists() and not group[0].path.is_symlink():
            self._vanished(group[0])
            return
        before = [_state(s.path) for s in group]
        size = sum(s[0] for s in before)
        digests = [sha256_of(s.path) for s in group] if self.cache.may_know(size) else []
        if digests and (entry := self._held(kind, digests, names)):
            self._attach(kind, group, digests, entry)
            self.cached.update(s.name for s in group)
            self.context.progress.advance(size)
            return
        self.con.execute(f"set timezone = '{self.context.timezone}'")
        notes = self.context.notes.copy()
        if kind == "callbacks":
            draft, facts, digest = self._read_callbacks(group[0])
            kept = self.cache.keep(draft, facts, kind, [digest], names, size)
            self._attach(kind, group, [digest], self.cache.hold(kept))
            return
        with ThreadPoolExecutor(1) as pool:
            hashing: Future[list[str]] | None = None
            if not digests:
                hashing = pool.submit(lambda: [sha256_of(s.path) for s in group])
            _READERS[kind](self.con, group, self.context)
            digests = digests or (hashing.result() if hashing else [])
        self.sha256.update(zip([s.name for s in group], digests, strict=True))
        self.context.progress.advance(size)
        found = self.context.rejects.drain({s.name: s.file_id for s in group})
        self.con.register("drained", found)
        self.con.execute("insert into rejects from drained")
        self.con.unregister("drained")
        if self.cache.keeps and [_state(s.path) for s in group] == before:
            self._keep(kind, group, digests, names, notes, found, size)

    def _held(self, kind: str, digests: list[str], names: list[str]) -> Entry | None:
        """What the cache knows, for us to keep; None where it was cleared this very moment."""
        entry = self.cache.find(kind, digests, names)
        try:
            return entry and self.cache.hold(entry)
        except OSError:
            return None

    def _vanished(self, source: SourceFile) -> None:
        """A log that was rotated away since its name was read: a reject, and the others are read."""
        self.con.execute("insert into rejects values (?, 1, 'the file is gone: was it rotated?')", [source.file_id])
        self.context.rows[source.name] += 1
        self.sha256[source.name] = ""

    # ---- cached

    def _attach(self, kind: str, group: list[SourceFile], digests: list[str], entry: Entry) -> None:
        """Make the tables of an entry part of the connection's."""
        base = group[0].file_id
        for source, digest, rows, encoding in zip(group, digests, entry.facts.rows, entry.facts.encodings, strict=True):
            self.sha256[source.name] = digest
            self.context.rows[source.name] += rows
            if encoding:
                self.context.encodings[source.name] = encoding
        self.context.notes.update(entry.facts.notes)
        if (path := entry.table("rejects")) is not None:
            self.con.execute(
                f"insert into rejects select file_id + {base}, line, reason from read_parquet({quoted(path)})"
            )
        for table in TABLES[kind]:
            path = entry.table(table)
            if path is None:
                continue
            if table == "notifications":
                self._notifications.append((path, base))
                continue
            number = f", (file_id + {base})::bigint << 40 | line as row_no" if table in _NUMBERED else ""
            self.con.execute(
                f"""insert into {table} by name select * replace ((file_id + {base})::integer as file_id){number}
                from read_parquet({quoted(path)})"""
            )

    def _keep(
        self,
        kind: str,
        group: list[SourceFile],
        digests: list[str],
        names: list[str],
        notes: Counter[str],
        found: pa.Table,
        size: int,
    ) -> None:
        base, last = group[0].file_id, group[-1].file_id
        draft = self.cache.begin()
        for table in TABLES[kind]:
            left_out = "file_id, row_no" if table in _NUMBERED else "file_id"
            write_table(
                self.con,
                f"""select * exclude ({left_out}), file_id - {base} as file_id from {table}
                where file_id between {base} and {last}""",
                draft / f"{table}.parquet",
            )
        place = found.schema.get_field_index("file_id")
        relative = pa.compute.subtract(found["file_id"], base).cast(pa.int32())
        pq.write_table(found.set_column(place, "file_id", relative), draft / "rejects.parquet")
        facts = Facts(
            rows=[self.context.rows[s.name] for s in group],
            encodings=[self.context.encodings.get(s.name, "") for s in group],
            notes=dict(self.context.notes - notes),
        )
        self.cache.keep(draft, facts, kind, digests, names, size)

    # ---- notifications

    def _read_callbacks(self, source: SourceFile) -> tuple[Path, Facts, str]:
        """Read a log piece by piece into Parquet; what is damaged is a reject, the rest is kept."""
        draft = self.cache.begin()
        try:
            return self._written(source, draft)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise

    def _written(self, source: SourceFile, draft: Path) -> tuple[Path, Facts, str]:
        stream = source.stream()
        reading = Reading(self.context.rejects)
        reader = NotificationReader(self.con, self.context.senders, self.context.keys, self.context.rejects)
        pieces = self._csv_pieces if source.form in ("csv", "tsv") else self._line_pieces
        rows, last_line, done = 0, 0, 0
        ids = {source.name: 0}
        writers = (
            pq.ParquetWriter(draft / "notifications.parquet", SCHEMA, compression="lz4"),
            pq.ParquetWriter(draft / "rejects.parquet", rejects.SCHEMA, compression="lz4"),
        )
        with writers[0], writers[1], ThreadPoolExecutor(1) as pool:  # one thread writes while the next piece is read
            waiting: list[Future[Any]] = []

            def write(messages: pa.Table) -> None:
                for job in waiting:
                    job.result()
                found = self.context.rejects.drain(ids)
                waiting[:] = [pool.submit(writers[0].write_table, messages)] if len(messages) else []
                if len(found):
                    waiting.append(pool.submit(writers[1].write_table, found))

            try:
                for piece in pieces(stream, reading, reader):
                    rows, last_line = rows + piece.lines, max(last_line, piece.last_line)
                    write(piece.messages)
                    self.context.progress.advance(piece.position - done)
                    done = piece.position
            except RecordsError as error:
                self.context.rejects.add(source.name, last_line + 1, "; ".join(p.message for p in error.problems))
                rows += 1
            write(reader.end(source.name))
            for job in waiting:
                job.result()
        if stream.grew:
            self.context.notes["log_grew"] += 1
        self.context.progress.advance(stream.read - done)
        encoding = stream.encoding or _encodings(reading)
        return draft, Facts(rows=[rows], encodings=[encoding]), stream.sha256

    def _line_pieces(self, stream: Stream, reading: Reading, reader: NotificationReader) -> Iterator[_Piece]:
        looked = ahead(map(reader.look, read_lines(stream, reading, search_long=True)))
        for verified in ahead(map(reader.verify, looked)):
            messages, count = reader.complete(verified, stream.name)
            lines = verified.lines
            yield _Piece(messages, count, lines.table["number"][-1].as_py(), lines.position)

    def _csv_pieces(self, stream: Stream, reading: Reading, reader: NotificationReader) -> Iterator[_Piece]:
        for bodies, count in read_export(stream, reading, reader.finder):
            number = bodies["number"][-1].as_py() if len(bodies) else 0
            yield _Piece(reader.bodies(bodies, stream.name), count, number, stream.read)

    def finish(self) -> None:
        """Show the notifications of all vendors as one view ``deliveries``, those of one as ``notifications``."""
        if not self._notifications:
            self.con.register("no_notifications", SCHEMA.empty_table())
            self.con.execute("create view deliveries as select *, 0::integer as file_id from no_notifications")
        else:
            self._show_deliveries()
        self.con.execute(
            f"create view notifications as select * from deliveries where vendor = '{self.context.vendor.name}'"
        )

    def _show_deliveries(self) -> None:
        self.con.execute("create table notification_files (filename varchar, file_id integer)")
        self.con.executemany(
            "insert into notification_files values (?, ?)", [(str(p), i) for p, i in self._notifications]
        )
        listed = ", ".join(quoted(p) for p, _ in self._notifications)
        self.con.execute(
            f"""create view deliveries as select n.* exclude (filename), f.file_id
            from read_parquet([{listed}], filename = true) n join notification_files f using (filename)"""
        )


class _Piece(NamedTuple):
    """Messages of a piece of a log, its lines, the number of the last one, and how far the disk was read for it."""

    messages: pa.Table
    lines: int
    last_line: int
    position: int


def _form(source: SourceFile) -> str:
    """What a log's name says of how it is to be read."""
    packed = [ending for ending in (".gz", ".zst") if source.name.lower().endswith(ending)]
    return " ".join(["rows" if source.form in ("csv", "tsv") else "lines", *packed])


def _encodings(reading: Reading) -> str:
    found = [name for name in ("utf-8", "gb18030") if reading.encodings[name]]
    return " + ".join(found) or "ascii"


def _state(path: Path) -> tuple[int, int, int]:
    """What changes when a file is written to."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns, status.st_ino


def _read_polls(con: duckdb.DuckDBPyConnection, sources: list[SourceFile], context: Context) -> None:
    for source in sources:
        polls.read_polls(con, source, context)


_READERS: dict[str, Callable[[duckdb.DuckDBPyConnection, list[SourceFile], Context], None]] = {
    "polls": _read_polls,
    "requests": requests.read_requests,
    "statements": statements.read_statements,
}
