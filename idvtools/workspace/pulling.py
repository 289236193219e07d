"""What a workspace still has to pull: from its records to targets, and the room around one pull."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import duckdb

from idvtools import vendors
from idvtools.errors import InputError, NoDataError, OutputError, Problem, SettingsError, VaultError
from idvtools.ledger.rules import Period
from idvtools.pull.caller import Caller
from idvtools.pull.downloads import Downloader
from idvtools.pull.fetching import Fetcher
from idvtools.pull.hosts import Hosts
from idvtools.pull.pace import Pace
from idvtools.pull.polls import PollLog
from idvtools.pull.puller import Puller, Target
from idvtools.pull.report import Item, PullReport
from idvtools.pull.sessions import Sessions
from idvtools.pull.statements import sweep
from idvtools.pull.transport import Transport, require_safe
from idvtools.records.files import discover
from idvtools.records.statements import file_label
from idvtools.vault import Vault
from idvtools.vendors.base import Keys, OpState, Vendor, token
from idvtools.workspace.desk import Desk
from idvtools.workspace.periods import now, period_of
from idvtools.workspace.progress import unheard

#: Whose word on a status is enough to fetch files: the vendor's, signed, or to our own question. After anything else
#: the vendor is asked first.
_TRUSTED = ("notification_signed", "notification_hash_only", "poll")


def pull(
    desk: Desk,
    vendor: str,
    month: str | None = None,
    *,
    day: date | str | None = None,
    ops: Sequence[str] = (),
    app: str | None = None,
    wait: bool = False,
    renew_keys: bool = False,
    tick: Callable[[Item], object] = lambda _: None,
) -> PullReport:
    """See `Workspace.pull`."""
    declared = vendors.get(vendor)
    if sum(given is not None and given != () for given in (month, day, tuple(ops))) != 1:
        raise InputError("name what to pull: a month, a day, or operations")
    if declared.pulls is None:
        raise InputError(f"there is nothing to pull from {vendor}: all that it says comes in its answers and pushes")
    if not ops and declared.books is None:
        raise InputError(f"{vendor} lists no operations by day: name them (--op)")
    keys, notes = desk.keys(vendor), list[str]()
    if app is not None:
        keys.require(app)
    if ops:
        targets = [_named(declared, keys, op, app) for op in dict.fromkeys(ops)]
        days: list[tuple[str, date]] = []
    else:
        period = period_of(month, day, day)
        known = [t for t in _known(desk, declared, period) if app in (None, t.app_id)]
        strange = sorted({t.app_id or "" for t in known} - set(keys.apps))
        notes += [f"operations of {a} are left out: the settings do not know this app" for a in strange]
        targets = [t for t in known if t.app_id in keys.apps]
        days = _statements(desk, declared, keys, period, app)
        if not known:
            notes.append("requests/ names no operation to pull in this period: only statements were asked for")
    _check(declared, keys, targets, days)
    report = pull_targets(desk, declared, keys, targets, days, wait=wait, renew_keys=renew_keys, tick=tick)
    return replace(report, notes=tuple(notes))


def _check(declared: Vendor, keys: Keys, targets: Sequence[Target], days: Sequence[tuple[str, date]]) -> None:
    """All that the settings lack for these calls, before anything is asked: one call of each kind is built."""
    assert declared.pulls is not None
    try:
        require_safe(keys.address())
    except InputError as error:
        raise SettingsError(f"vendors.{declared.name}.base_url: {error}", file="idvtools.toml") from None
    calls: dict[tuple[str, str | None], Mapping[str, object]] = {}
    for target in targets:
        for files in declared.pulls.files:
            calls.setdefault((files.call, target.app_id), files.arguments(target.op_id))
    if statement := declared.pulls.statement:
        for of, day in days:
            calls.setdefault((statement.call, of), statement.arguments(day))
    problems: dict[str, Problem] = {}
    for (call, app), arguments in calls.items():
        if not declared.call(call).needs_session:
            try:
                declared.request(call, keys, app=app, **arguments)  # type: ignore[arg-type]
            except InputError as error:
                problems |= {str(p): p for p in error.problems}
    if problems:
        raise InputError(problems.values())


def pull_targets(
    desk: Desk,
    declared: Vendor,
    keys: Keys,
    targets: Iterable[Target],
    days: Sequence[tuple[str, date]],
    *,
    wait: bool = False,
    renew_keys: bool = False,
    tick: Callable[[Item], object] = lambda _: None,
) -> PullReport:
    """Pull operations, and statements by app and day, into a workspace."""
    vault = desk.vault()
    vault.entries()  # what is there is known, and that it is sound, before anything is asked for
    with suppress(OutputError):  # told where something is to be written
        vault.tidy()
    sweep(desk.folder / "statements")
    report = _puller(desk, declared, keys, vault, wait, renew_keys).run(targets, days, tick)
    if report.of("stored") or any(i.files for i in report.items):  # some of a call's files may have come
        with suppress(OutputError, VaultError):  # it is derived: what came is safe without it
            vault.write_manifest()
    return report


def _puller(desk: Desk, declared: Vendor, keys: Keys, vault: Vault, wait: bool, renew_keys: bool) -> Puller:
    settings = keys.settings
    sessions = Sessions(desk.folder / "keys")
    send = Transport(pace=Pace(settings.requests_per_second, settings.in_flight))
    downloads = Downloader(
        Hosts(keys.address(), settings.file_hosts), largest=settings.largest_bytes, connections=settings.in_flight
    )
    return Puller(
        declared,
        Caller(declared, keys, send, sessions, renew_keys=renew_keys),
        Fetcher(declared.name, settings, downloads, vault),
        PollLog(desk.folder / "polls", now()),
        desk.folder / "statements",
        workers=settings.in_flight,
        now=now,
        patience=wait,
    )


def _named(declared: Vendor, keys: Keys, op: str, app: str | None) -> Target:
    """An operation that the user named; its id may tell its app."""
    assert declared.pulls is not None
    begun = declared.books.ids.time(op) if declared.books else None
    if app is None and declared.books is not None:
        if begun is None:
            what = token(op) or "what is named"
            form = f"{declared.books.ids.prefix} characters of appId, then digits"
            raise InputError(f"{what}: no operation of {declared.name} has this form ({form})")
        app = op[: declared.books.ids.prefix]
    keys.require(app)
    for files in declared.pulls.files:
        files.arguments(op)  # refuses what is no such id, before anything is asked
    return Target(op, app, begun, None, named=True)


def _known(desk: Desk, declared: Vendor, period: Period) -> Iterator[Target]:
    """Operations of ours that began in a period, but for those of which all is known and nothing is to be had."""
    assert declared.pulls is not None
    try:
        # The whole of the records: what a day's operation became may stand in the log of another day.
        result = desk.run(declared.name, None, strict=False, progress=unheard, ours_only=True)
    except NoDataError:
        return
    keep = timedelta.max if declared.pulls.keep_days is None else timedelta(days=declared.pulls.keep_days)
    successes = [s.code for s in declared.books.statuses if s.success] if declared.books else []
    with duckdb.connect() as con:
        con.sql("set timezone = 'UTC'")
        rows = con.execute(
            """select op_id, app_id, epoch_ms(coalesce(da_id_time, clock)), status, final, json_result,
            authorized_at is not null, status_source from read_parquet($file)
            where source_file is not null and op_id is not null and day between $first and $last""",
            {"file": str(result.ledger_file), "first": period.first, "last": period.last},
        ).fetchall()
    for op_id, app_id, began_ms, status, final, json_result, authorized, source in rows:
        began = None if began_ms is None else datetime.fromtimestamp(began_ms / 1000, ZoneInfo("UTC"))
        success = status in successes
        trusted = source in _TRUSTED
        if trusted and final and not success:
            continue
        # What our last poll found open is asked about again as long as files could follow from it.
        if source == "poll" and not final and began is not None and now() - began > keep:
            continue
        state = None
        if trusted and final and authorized:
            state = OpState(str(status), None if json_result is None else str(json_result), success, authorized)
        yield Target(op_id, app_id, began, state)


def _statements(desk: Desk, declared: Vendor, keys: Keys, period: Period, app: str | None) -> list[tuple[str, date]]:
    """The statements of a period that the workspace has not, up to today."""
    if declared.pulls is None or declared.pulls.statement is None or declared.books is None:
        return []
    form = declared.books.statement_file
    held = {file_label(s.name, form) for s in discover(desk.folder)[0] if s.kind == "statements"}
    today = now().astimezone(ZoneInfo(declared.zone)).date()
    apps = [a for a in keys.apps if app in (None, a)]
    return [(a, d) for d in period.days() if d <= today for a in apps if (a, d) not in held]
