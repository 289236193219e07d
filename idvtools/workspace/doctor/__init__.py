"""The go-live checklist (seed 000 section 10), as far as a program can check it: `diagnose`."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from idvtools import vendors
from idvtools.errors import IdvError, InputError, SettingsError, WorkspaceError
from idvtools.pull.reach import look_at
from idvtools.records.files import discover
from idvtools.workspace.desk import Desk
from idvtools.workspace.doctor.callback import check_callback
from idvtools.workspace.doctor.calls import check_calls
from idvtools.workspace.doctor.facts import Facts, collect, heard, held_operations
from idvtools.workspace.doctor.keys import check_disk, check_fetched, check_keys
from idvtools.workspace.doctor.model import OUTSIDE, STATES, About, Check, Diagnosis, State
from idvtools.workspace.doctor.network import addresses, check_hosts, is_plain
from idvtools.workspace.doctor.records import (
    check_aes,
    check_agreements,
    check_files,
    check_flow,
    check_notifications,
    check_statements,
    check_vault,
)
from idvtools.workspace.doctor.room import Room
from idvtools.workspace.periods import now

__all__ = ["OUTSIDE", "STATES", "Check", "Diagnosis", "State", "diagnose", "unusable"]


def diagnose(
    desk: Desk, vendor: str | None = None, *, offline: bool = False, callback_url: str | None = None
) -> Diagnosis:
    """See `Workspace.doctor`."""
    if callback_url is not None:
        _require_url(callback_url)
    names = [n for n in vendors.names() if n in desk.settings.vendors]
    if vendor is not None:
        desk.settings.vendor(vendors.get(vendor).name)
        names = [vendor]
    checks = [_settings(desk)]
    rooms = [_room(desk, name, checks) for name in names]
    files = _files(desk)
    looks = None if offline else look_at(u for r in rooms for u in addresses(r).values() if not is_plain(u))
    seen = _seen(rooms, files, checks)
    checks += check_disk(desk, [f for r in rooms if r.keys for f in r.keys.facts])
    jobs = [job for room, facts in seen if room.keys for job in check_calls(room, room.keys, facts, looks)]
    with ThreadPoolExecutor(8) as pool:
        called = [check for found in pool.map(lambda job: job(), jobs) for check in found]
    for room, facts in seen:
        checks += _of_vendor(room, facts)
        checks += check_hosts(room, looks)
        checks += [c for c in called if c.vendor == room.declared.name]
        by_hand = room.declared.health.by_hand
        checks += [Check(i.name, "cannot check", i.told, i.advice, room.declared.name, None, i.term) for i in by_hand]
    checks += _callback(callback_url, offline)
    checks += _vault(desk)
    return Diagnosis(tuple(checks))


def unusable(error: SettingsError) -> Diagnosis:
    """What can be said where the settings do not load: each problem, and nothing besides."""
    advice = "mend it in idvtools.toml; everything else is checked after that"
    return Diagnosis(tuple(About(p.vendor).failed("settings", str(p), advice) for p in error.problems))


def _settings(desk: Desk) -> Check:
    found = desk.settings.vendors
    if not found:
        return About().failed("settings", "no vendor is in idvtools.toml", "take the comments off what you have")
    apps = sum(len(v.apps) for v in found.values())
    return About().ok("settings", f"idvtools.toml loads: {len(found)} vendor(s) ({', '.join(found)}), {apps} app(s)")


def _room(desk: Desk, name: str, checks: list[Check]) -> Room:
    keys = None
    try:
        keys = desk.keys(name)
    except SettingsError as error:
        checks += [About(name).failed("keys", str(p), "put the right key there") for p in error.problems]
    return Room(desk, vendors.get(name), keys, now())


def _files(desk: Desk) -> bool:
    """Whether there are any records: an empty workspace is not read, and nothing is made in it."""
    try:
        return bool(discover(desk.folder)[0])
    except IdvError:
        return True  # reading tells why


def _seen(rooms: list[Room], files: bool, checks: list[Check]) -> list[tuple[Room, Facts | None]]:
    """What the records say of each vendor. The callback logs are read once for all."""
    found: dict[str, Facts | None] = {}
    shared: Facts | None = None
    for room in sorted(rooms, key=lambda r: r.declared.books is None):
        name = room.declared.name
        if room.declared.books is None and shared is not None:
            found[name] = Facts(0, 0, heard=shared.heard)
        else:
            found[name] = _facts(room, files, checks)
            shared = shared or found[name]
    return [(room, found[room.declared.name]) for room in rooms]


def _facts(room: Room, files: bool, checks: list[Check]) -> Facts | None:
    """What the records say; None where they cannot be read."""
    if not files:
        return Facts(0, 0)
    parent = room.declared.pulls.parent if room.declared.pulls else str
    try:
        if room.declared.books is not None:
            held = held_operations(room.desk.vault(), _evidence(room.desk), room.declared.books, parent)
            facts = room.desk.read(room.declared.name, lambda intake: collect(intake, held, parent))
        elif room.declared.callbacks is not None and (room.desk.folder / "callbacks").is_dir():
            log = room.desk.callback_log()
            facts = Facts(0, 0, heard=heard(log.intake.con))
        else:
            return Facts(0, 0)
    except WorkspaceError as error:
        advice = "make the folders (`idvtools init` makes all of them) and put the logs there"
        checks += [room.about.warning("records", str(p), advice) for p in error.problems]
        return None
    except IdvError as error:
        advice = "mend it: what the logs say is not checked as long as they are not read"
        checks += [room.about.failed("records", str(p), advice) for p in error.problems[:10]]
        return None
    if facts.rejected:
        told = f"{facts.rejected} line(s) of the records could not be read"
        checks.append(room.about.warning("records", told, "`idvtools reconcile` lists them in rejects.jsonl"))
    return facts


def _of_vendor(room: Room, facts: Facts | None) -> Iterator[Check]:
    if room.keys is not None:
        yield from check_keys(room, room.keys)
        yield from check_aes(room, room.keys, facts)
        yield from check_fetched(room, room.keys)
    if facts is None:
        return
    yield from check_notifications(room, facts)
    yield from check_flow(room, facts)
    yield from check_statements(room, facts)
    yield from check_agreements(room, facts)
    yield from check_files(room, facts)


def _callback(url: str | None, offline: bool) -> Iterable[Check]:
    look = None
    if url is not None and not offline and urlsplit(url).scheme == "https":
        look = look_at([url], ask_time=False)[url]
    return check_callback(url, look)


def _require_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # a port that is no number shows only here
        usable = parts.scheme in ("https", "http") and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable:
        raise InputError("the callback URL must be an address such as https://callback.example.com/notify")


def _evidence(desk: Desk) -> list[str]:
    folder = desk.folder / "evidence"
    return [p.name for p in folder.rglob("*") if p.is_file()] if folder.is_dir() else []


def _vault(desk: Desk) -> Iterator[Check]:
    if not _evidence(desk):
        return  # nothing was pulled yet; whether something should have been is told elsewhere
    try:
        vault = desk.vault()
    except SettingsError as error:
        yield About().failed("vault", str(error.problems[0]), "mend the setting vault_key")
        return
    yield from check_vault(vault, shlex.join(["idvtools", "verify-vault", str(desk.folder)]))
