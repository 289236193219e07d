"""What the records of a workspace say, in the few figures that the checklist asks for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from idvtools.errors import IdvError
from idvtools.records.csvfile import read_csv
from idvtools.records.files import SourceFile
from idvtools.records.intake import Intake
from idvtools.records.rejects import Rejects
from idvtools.vault import Vault
from idvtools.vendors.base import Books

#: How many sites the platform is asked about at most.
_SITES = 50


@dataclass(frozen=True, slots=True)
class Asked:
    """Our requests of one app: operations, the newest request, and who reads their id numbers."""

    operations: int
    newest: datetime | None
    sites: tuple[str, ...]
    sealed: int
    unreadable: int
    newest_sealed: datetime | None
    newest_unreadable: datetime | None
    newest_key: str | None


@dataclass(frozen=True, slots=True)
class Heard:
    """Notifications: how many have which check, and the newest that was accepted."""

    checks: Mapping[str, int]
    newest: datetime | None


@dataclass(frozen=True, slots=True)
class Steps:
    """How far operations came: started, with a final notification, with files in the vault, in a statement; each
    number counts those of the one before."""

    started: int = 0
    notified: int = 0
    stored: int = 0
    listed: int = 0


@dataclass(frozen=True, slots=True)
class Given:
    """An operation that has files for us."""

    op_id: str
    app: str | None
    began: datetime | None
    held: bool


@dataclass(frozen=True)
class Facts:
    """Everything together; what is by app has the app's id as key, notifications also None (no app named)."""

    rows: int
    rejected: int
    asked: Mapping[str, Asked] = field(default_factory=dict)
    heard: Mapping[tuple[str, str | None], Heard] = field(default_factory=dict)
    steps: Mapping[str, Steps] = field(default_factory=dict)
    given: tuple[Given, ...] = ()
    covered: frozenset[tuple[str, int]] = frozenset()
    unagreed: Mapping[str, tuple[int, int]] = field(default_factory=dict)


def held_operations(vault: Vault, names: list[str], books: Books, parent: Callable[[str], str]) -> set[str]:
    """Operations that have a file in the vault, or one in its folder whose name begins with their id."""
    form = re.compile(rf"({books.ids.pattern[1:-1]})(?![0-9A-Za-z-])", re.ASCII)
    found = {match[1] for match in map(form.match, names) if match}
    with suppress(IdvError):  # a damaged vault has a check of its own
        found |= vault.op_ids()
    return {parent(op_id) for op_id in found}


def collect(intake: Intake, held: set[str], parent: Callable[[str], str]) -> Facts:
    """The figures of one vendor that is reconciled."""
    con, books = intake.con, intake.context.books
    con.register("doctor_held", pa.table({"op_id": pa.array(sorted(held), pa.string())}))
    return Facts(
        rows=sum(intake.context.rows.values()),
        rejected=sum(intake.rejected().values()),
        asked=_asked(con),
        heard=heard(con),
        steps=_steps(con, books),
        given=_given(con, books, held, parent),
        covered=intake.covered,
        unagreed=_unagreed([s for s in intake.sources if s.kind == "statements"], books),
    )


def heard(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, str | None], Heard]:
    """Notifications of all vendors, by vendor and app."""
    rows = con.execute(
        """select vendor, app_id, check_result, count(*), max(coalesce(received_ms, logged_ms))
        from deliveries group by all"""
    ).fetchall()
    found: dict[tuple[str, str | None], Heard] = {}
    for vendor, app, check, count, newest in rows:
        before = found.get((vendor, app), Heard({}, None))
        moments = [before.newest, _moment(newest) if check != "failed" else None]
        found[(vendor, app)] = Heard({**before.checks, check: count}, max((m for m in moments if m), default=None))
    return found


def _asked(con: duckdb.DuckDBPyConnection) -> dict[str, Asked]:
    sites: dict[str, list[str]] = {}
    for app, site in con.execute(
        """select app_id, site from requests where op_id is not null and site is not null
        group by all order by max(requested_ms) desc nulls last, site"""
    ).fetchall():
        if len(sites.setdefault(app, [])) < _SITES:
            sites[app].append(site)
    rows = con.execute(
        """select app_id, count(distinct op_id), max(requested_ms),
        count(*) filter (subject_state in ('decrypted', 'unreadable')), count(*) filter (subject_state = 'unreadable'),
        max(requested_ms) filter (subject_state in ('decrypted', 'unreadable')),
        max(requested_ms) filter (subject_state = 'unreadable'),
        arg_max(subject_key, requested_ms) filter (subject_state = 'decrypted')
        from requests where app_id is not null group by app_id"""
    ).fetchall()
    return {
        app: Asked(count, _moment(newest), tuple(sites.get(app, ())), sealed, dark, _moment(last), _moment(blind), key)
        for app, count, newest, sealed, dark, last, blind, key in rows
    }


def _steps(con: duckdb.DuckDBPyConnection, books: Books) -> dict[str, Steps]:
    final = ", ".join(str(s.code) for s in books.statuses if s.final)
    rows = con.execute(
        f"""with ours as (select distinct app_id, op_id from requests where op_id is not null and app_id is not null),
        each as (select app_id,
            op_id in (select op_id from notifications where check_result <> 'failed' and op_id is not null
                and status in ({final})) as told,
            op_id in (select op_id from doctor_held) as held,
            op_id in (select coalesce(parent_op_id, op_id) from statement) as listed from ours)
        select app_id, count(*), count(*) filter (told), count(*) filter (told and held),
        count(*) filter (told and held and listed) from each group by app_id"""
    ).fetchall()
    return {app: Steps(*counts) for app, *counts in rows}


def _given(
    con: duckdb.DuckDBPyConnection, books: Books, held: set[str], parent: Callable[[str], str]
) -> tuple[Given, ...]:
    success = ", ".join(str(s.code) for s in books.statuses if s.success)
    rows = con.execute(
        f"""select told.op_id, any_value(coalesce(told.app_id, requests.app_id)), min(requested_ms)
        from reports told left join requests on requests.op_id = told.op_id
        where told.op_id is not null and told.status in ({success})
        and coalesce(told.parent_op_id, told.op_id) in (select op_id from reports where authorized_ms > 0)
        group by told.op_id"""
    ).fetchall()
    found: dict[str, Given] = {}
    for op_id, app, requested in rows:
        whole = parent(op_id)
        own = books.ids.time(whole) or _moment(requested)
        found.setdefault(whole, Given(whole, app, own, whole in held))
    return tuple(found.values())


def _unagreed(sources: list[SourceFile], books: Books) -> dict[str, tuple[int, int]]:
    """Charged rows of the statements by app, and how many of them had no agreement uploaded."""
    names = [books.statement_columns[f] for f in ("app_id", "op_id", "charge", "protocol")]
    tables = []
    for source in sources:
        table = read_csv(source, Rejects(), names).columns
        if set(names) <= set(table.column_names):
            tables.append(table.select(names))
    if not tables:
        return {}
    app, op_id, charge, protocol = (pa.concat_tables(tables).column(n).combine_chunks() for n in names)
    charged = pc.equal(pc.ascii_upper(pc.utf8_trim_whitespace(charge)), "Y")
    missing = pc.equal(pc.ascii_upper(pc.utf8_trim_whitespace(protocol)), "N")
    rows = pa.table({"app": app, "op": op_id, "charged": charged, "missing": missing})
    rows = rows.filter(pc.fill_null(rows["charged"], False))
    with duckdb.connect() as con:
        con.register("charged_rows", rows)
        counts = con.execute(
            """select app, count(distinct op), count(distinct op) filter (missing) from charged_rows
            where app is not null group by app"""
        ).fetchall()
    return {a: (every, without) for a, every, without in counts}


def _moment(ms: int | None) -> datetime | None:
    return None if ms is None else datetime.fromtimestamp(ms / 1000, UTC)
