"""Everything a workspace's records say, read once into typed tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa

from idvtools.errors import Problem, RecordsError, WorkspaceError
from idvtools.ledger.rules import SnowflakeId
from idvtools.records.cache import Cache
from idvtools.records.context import Context
from idvtools.records.deliveries import prepare
from idvtools.records.files import SourceFile, discover
from idvtools.records.ingest import Ingest
from idvtools.records.reports import notification_counts, refused, settle_reports
from idvtools.records.statements import coverage, settle_statements

_NEEDED = {
    "requests": "our start-vdi log (*.jsonl, *.csv, *.parquet)",
    "callbacks": "notifications as received (*.jsonl, *.log, *.csv …)",
    "statements": "the vendor's daily statements (*.csv)",
}


@dataclass(frozen=True)
class Intake:
    """What was read.

    The DuckDB connection holds the tables ``requests``, ``reports``, ``statement``, ``notifications`` (of all
    vendors), ``polls`` and ``rejects``; `covered` are the ``(app_id, day number)`` that have a statement file,
    `cached` the files that came from the ingest cache.
    """

    con: duckdb.DuckDBPyConnection
    sources: tuple[SourceFile, ...]
    passed_over: tuple[str, ...]
    sha256: dict[str, str]
    cached: frozenset[str]
    covered: frozenset[tuple[str, int]]
    notifications: dict[str, int]
    refused: pa.Table
    context: Context

    def rejected(self) -> dict[str, int]:
        """How many lines of each file could not be read, by the file's name."""
        names = self.file_names()
        counted = self.con.execute("select file_id, count(*) from rejects group by 1").fetchall()
        return {names[file_id]: count for file_id, count in counted}

    def rejects(self, limit: int | None = None) -> pa.Table:
        """What could not be read, in order: `file, line, reason`."""
        table = self.con.sql(
            f"select file_id, line, reason from rejects order by all {'' if limit is None else f'limit {limit}'}"
        ).to_arrow_table()
        names = pa.array(self.file_names(), pa.string()).take(table["file_id"].combine_chunks())
        return table.set_column(0, "file", names)

    def file_names(self) -> list[str]:
        """Names of the files, by file id."""
        return [s.name for s in self.sources]


def read_workspace(
    root: Path, context: Context, con: duckdb.DuckDBPyConnection, cache: Cache, *, ours_only: bool = False
) -> Intake:
    """Read the records of a workspace, each file once: what the cache knows is not read again.

    With `ours_only` the statements are left out, and no folder need be there: what is known without the vendor's books.

    Raises
    ------
    WorkspaceError
        A folder that is needed is missing.
    RecordsError
        A file as a whole cannot be trusted; all files are looked at before.
    """
    missing = [f"folder {name}/ is missing: {what}" for name, what in _NEEDED.items() if not (root / name).is_dir()]
    if missing and not ours_only:
        raise WorkspaceError(WorkspaceError(m, file=root.name).problems[0] for m in missing)
    sources, passed_over = discover(root)
    if ours_only:
        sources = [s for s in sources if s.kind != "statements"]
    ingest = _ingest(con, cache, context, sources, ("callbacks", "polls", "statements", "requests"))
    settle_reports(con, context)
    settle_statements(con, [s for s in sources if s.kind == "statements"], context)
    return _intake(ingest, sources, passed_over, context, _covered(con, context), notification_counts(con))


def read_log(root: Path, context: Context, con: duckdb.DuckDBPyConnection, cache: Cache) -> Intake:
    """Read what a workspace knows of notifications: the callback logs, and our requests and polls beside them.

    Raises
    ------
    WorkspaceError
        There is no folder ``callbacks``.
    RecordsError
        A file as a whole cannot be trusted; all files are looked at before.
    """
    if not (root / "callbacks").is_dir():
        raise WorkspaceError(f"folder callbacks/ is missing: {_NEEDED['callbacks']}", file=root.name)
    found, passed_over = discover(root)
    sources = [s for s in found if s.kind != "statements"]
    ingest = _ingest(con, cache, context, sources, ("callbacks", "polls", "requests"))
    prepare(con, context.senders)
    return _intake(ingest, sources, passed_over, context)


def _ingest(
    con: duckdb.DuckDBPyConnection,
    cache: Cache,
    context: Context,
    sources: Sequence[SourceFile],
    kinds: Sequence[str],
) -> Ingest:
    con.execute("set preserve_insertion_order = false")  # rows carry their file and line
    ingest = Ingest(con, cache, context)
    problems: list[Problem] = []
    context.progress.begin(sum(s.path.stat().st_size for s in sources if s.path.exists()))
    try:
        # DuckDB and Arrow use all cores for one log at a time; reading several at once was measured to be slower.
        for kind in kinds:
            problems += ingest.read(kind, [s for s in sources if s.kind == kind])
    finally:
        context.progress.end()
    if problems:
        raise RecordsError(sorted(problems, key=str))
    ingest.finish()
    con.execute("set preserve_insertion_order = true")
    return ingest


def _intake(
    ingest: Ingest,
    sources: Sequence[SourceFile],
    passed_over: Sequence[str],
    context: Context,
    covered: Iterable[tuple[str, int]] = (),
    notifications: Mapping[str, int] | None = None,
) -> Intake:
    return Intake(
        con=ingest.con,
        sources=tuple(sources),
        passed_over=tuple(passed_over),
        sha256=ingest.sha256,
        cached=frozenset(ingest.cached),
        covered=frozenset(covered),
        notifications=dict(notifications or {}),
        refused=refused(ingest.con),
        context=context,
    )


def _covered(con: duckdb.DuckDBPyConnection, context: Context) -> set[tuple[str, int]]:
    zone = context.vendor.zone
    content: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for file_id, app_id, day in con.execute(
        f"""select distinct file_id, app_id, datediff('day', date '1970-01-01',
        timezone('{zone}', make_timestamptz(created_ms * 1000))::date) from statement where created_ms is not null
        and file_id in (select file_id from statement_files where app_id is null or file_day is null)"""
    ).fetchall():
        if app_id is not None:
            content[file_id].append((app_id, day))
    found = coverage(con, content)
    apps = {a for a, _ in found if a is not None} | set(context.keys[context.vendor.name].apps)
    apps |= {a for (a,) in con.execute("select distinct app_id from requests where app_id is not null").fetchall()}
    return {(app, day) for a, day in found for app in ([a] if a is not None else apps)}


def data_span(con: duckdb.DuckDBPyConnection, ids: SnowflakeId, zone: str) -> tuple[date, date] | None:
    """First and last day that any record names, None where nothing does.

    An operation that no request tells the time of has its id's own.
    """
    local = f"timezone('{zone}', make_timestamptz({{}} * 1000))::date"
    number = f"try_cast(regexp_extract(op_id, '^.{{{ids.prefix}}}([0-9]+)', 1) as bigint)"
    own = f"case when regexp_matches(op_id, '{ids.pattern}') then ({number} >> 22) + {ids.epoch_ms} end"
    ((first, last),) = con.execute(
        f"""select {local.format("min(ms)")}, {local.format("max(ms)")} from (
        select coalesce(requested_ms, {own}) as ms from requests union all select created_ms from statement
        union all select {own} from reports)"""
    ).fetchall()
    return None if first is None else (first, last)
