"""What the records, the statements and the vault say of how well it runs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from idvtools.errors import IdvError
from idvtools.ledger.rules import day_number
from idvtools.pull.puller import ready_at
from idvtools.vault import Vault
from idvtools.vendors.base import Keys
from idvtools.workspace.doctor.facts import Asked, Facts, Given, Heard
from idvtools.workspace.doctor.model import About, Check
from idvtools.workspace.doctor.room import Room

#: A notification should come within the time that an operation may take, and some more.
_SLACK = timedelta(minutes=40)
_SOON = timedelta(days=3)
_SMALL_FILES, _SMALL_BYTES = 5_000, 256 << 20
_STEPS = ("started", "with a final notification", "with files in the vault", "in a statement")


def check_aes(room: Room, keys: Keys, facts: Facts | None) -> Iterator[Check]:
    """Is there an AES key for now, and does it read what we logged last?"""
    for app, about in room.apps.items():
        own = [f for f in keys.facts if f.app == app and f.valid_from is not None]
        if not own:
            continue
        now_ms = round(room.now.timestamp() * 1000)
        current, newest = keys.apps[app].ring.at(now_ms), own[-1]
        assert newest.valid_from is not None
        since = room.time(newest.valid_from)
        if current is None:
            told = f"no AES key is valid now: the first one is from {since} on"
            yield about.failed("aes_key", told, "mend valid_from, or add the key that is in use now")
        elif newest.valid_from > room.now:
            told = f"{newest.name} is valid from {since} on, still to come; {current.key_id} is used until then"
            yield about.warning("aes_key", told, "mend valid_from if the platform has changed the key already")
        else:
            yield about.ok("aes_key", f"{newest.name} is the newest, valid since {since}")
        if facts is not None:
            yield _read_by(room, about, facts.asked.get(app), newest.name)


def _read_by(room: Room, about: About, asked: Asked | None, newest: str) -> Check:
    if asked is None or not asked.sealed or asked.newest_sealed is None:
        told = "whether the newest AES key reads our id numbers does not show: none is logged in encrypted form"
        return about.unknown("aes_key", told, "put our start requests into requests/")
    if asked.unreadable and asked.newest_unreadable == asked.newest_sealed:
        told = (
            f"no key reads the newest id numbers of our request log ({room.time(asked.newest_sealed)}); "
            f"{asked.unreadable} of {asked.sealed} are unreadable"
        )
        header = f"[[vendors.{about.vendor}.apps.aes_keys]]"
        return about.failed("aes_key", told, f"the key was changed: add the one that is in use now below {header}")
    if asked.unreadable:
        told = f"no key reads {asked.unreadable} of {asked.sealed} logged id numbers: a key lacks, or they are damaged"
        return about.warning("aes_key", told, f"add that time's key; {room.command('keys')} --usage tells when")
    told = f"{asked.newest_key} reads the newest id numbers of our request log (the newest is {newest})"
    return about.ok("aes_key", told)


def check_notifications(room: Room, facts: Facts) -> Iterator[Check]:
    """Do notifications arrive, and do they hold?"""
    callbacks = room.declared.callbacks
    if callbacks is None:
        return
    name = room.declared.name
    apps = room.apps if any(app for vendor, app in facts.heard if vendor == name) or room.declared.books else {}
    shown: list[tuple[str | None, About]] = [*apps.items()] or [(None, room.about)]
    for app, about in shown:
        found = facts.heard.get((name, app), Heard({}, None))
        every, failed = sum(found.checks.values()), found.checks.get("failed", 0)
        if not every:
            told = "no notification is in callbacks/"
            advice = "give the vendor the callback URL, log what comes as it comes, and put the logs into callbacks/"
            yield about.warning("notifications", told, advice)
            continue
        yield from _holding(room, about, found, every, failed, callbacks.headers)
        if found.newest is not None:
            yield _fresh(room, about, found.newest, facts.asked.get(app or ""))


def _holding(
    room: Room, about: About, found: Heard, every: int, failed: int, headers: tuple[str, ...]
) -> Iterator[Check]:
    if failed == every:
        told = f"all {every} notifications fail their check"
        advice = "our key for checking them is another one than the vendor's: compare them"
        yield about.failed("notifications", told, advice)
    elif failed:
        told = f"{failed} of {every} notifications ({failed / every:.1%}) fail their check and are left out"
        yield about.warning("notifications", told, f"look at them: {room.command('verify-log')}")
    if headers and not found.checks.get("ok"):
        told = f"none of {every} notifications holds the vendor's own signature ({headers[-1].upper()})"
        yield about.warning("notifications", told, "log the headers beside the body, and set the vendor's public key")
    elif headers:
        yield about.ok("notifications", f"{found.checks['ok']} of {every} notifications hold the vendor's signature")


def _fresh(room: Room, about: About, newest: datetime, asked: Asked | None) -> Check:
    told = f"the newest notification is of {room.time(newest)}"
    if asked is None or asked.newest is None:
        return about.ok("notifications", told)
    if asked.newest - newest > _SLACK:
        told += f", the newest request of {room.time(asked.newest)}: nothing has arrived for it"
        return about.warning("notifications", told, "does the callback URL answer, and is callbacks/ up to date?")
    return about.ok("notifications", f"{told}, the newest request of {room.time(asked.newest)}")


def due_day(room: Room) -> date | None:
    """The latest day whose statement should be there by now."""
    pulls = room.declared.pulls
    if pulls is None or pulls.statement is None:
        return None
    day = room.now.astimezone(ZoneInfo(room.declared.zone)).date() - timedelta(days=1)
    return day if ready_at(pulls, room.declared, day) <= room.now else day - timedelta(days=1)


def check_statements(room: Room, facts: Facts) -> Iterator[Check]:
    """Is the latest statement there?"""
    if (day := due_day(room)) is None:
        return
    for app, about in room.apps.items():
        if (app, day_number(day)) in facts.covered:
            yield about.ok("statement", f"the statement of {day} is there")
        else:
            yield about.warning("statement", f"the statement of {day} is missing", room.pull("--date", str(day)))


def check_flow(room: Room, facts: Facts) -> Iterator[Check]:
    """Has one operation come all the way?"""
    if room.declared.books is None:
        return
    for app, about in room.apps.items():
        steps = facts.steps.get(app)
        counts = (steps.started, steps.notified, steps.stored, steps.listed) if steps else (0, 0, 0, 0)
        if all(counts):
            yield about.ok("full_flow", f"{counts[-1]} operation(s) came all the way, from request to statement")
            continue
        reached = counts.index(0)
        lacking = _STEPS[reached]
        told = "".join(f"{count} {name}, of these " for name, count in zip(_STEPS, counts[:reached], strict=False))
        advice = {
            _STEPS[0]: "go through one operation, from the real entry to the end, and log it in requests/",
            _STEPS[1]: "log what the vendor sends to the callback URL, and put it into callbacks/",
            _STEPS[2]: _pull_files(room, facts, app),
            _STEPS[3]: room.pull("--date", str(due_day(room) or room.now.date())),
        }[lacking]
        yield about.warning("full_flow", f"no operation has come all the way: {told}none {lacking}", advice)


def _pull_files(room: Room, facts: Facts, app: str) -> str:
    if newest := pullable(room, facts, app):
        return _months(room, [newest])
    return f"soon after the next successful operation: {room.pull('--date', 'YYYY-MM-DD')}"


def check_agreements(room: Room, facts: Facts) -> Iterator[Check]:
    """Was an agreement uploaded for what is charged?"""
    for app, about in room.apps.items():
        if app not in facts.unagreed:
            continue
        every, without = facts.unagreed[app]
        if without:
            told = f"{without} of {every} charged operations have no uploaded agreement (flag N in the statements)"
            advice = "upload the signed agreement at every operation, before the user is done, even if it is used again"
            yield about.warning("agreements", told, advice)
        else:
            yield about.ok("agreements", f"all {every} charged operations have an uploaded agreement")


def check_files(room: Room, facts: Facts) -> Iterator[Check]:
    """Are files of operations about to be lost, or lost?"""
    pulls = room.declared.pulls
    if pulls is None or pulls.keep_days is None or room.declared.books is None:
        return
    keep = timedelta(days=pulls.keep_days)
    for app, about in room.apps.items():
        given = [g for g in facts.given if g.app == app]
        if not given:
            continue
        open_ones = [(g, keep - (room.now - g.began)) for g in given if not g.held and g.began is not None]
        lost = [g for g, left in open_ones if left <= timedelta(0)]
        soon = [g for g, left in open_ones if timedelta(0) < left < _SOON]
        if soon:
            told = f"files of {len(soon)} operation(s) are not in the vault and can be had for less than 3 days more"
            yield about.warning("files", told, _months(room, soon))
        if lost:
            told = (
                f"files of {len(lost)} operation(s) are not in the vault, and the vendor gave them for "
                f"{pulls.keep_days} days only"
            )
            yield about.warning("files", told, "pull every day (cron): " + room.pull("--month", "YYYY-MM"))
        if not soon and not lost:
            later = f", {len(open_ones)} are still to be pulled" if open_ones else ""
            yield about.ok("files", f"{sum(g.held for g in given)} of {len(given)} operations have their files{later}")


def _months(room: Room, given: list[Given]) -> str:
    zone = ZoneInfo(room.desk.settings.workspace.timezone)
    months = sorted({f"{g.began.astimezone(zone):%Y-%m}" for g in given if g.began})
    return "; ".join(room.pull("--month", m) for m in months)


def pullable(room: Room, facts: Facts | None, app: str) -> Given | None:
    """The newest operation of an app whose files can still be asked for."""
    pulls = room.declared.pulls
    if facts is None or pulls is None or pulls.keep_days is None:
        return None
    oldest = room.now - timedelta(days=pulls.keep_days)
    young = [g for g in facts.given if g.app == app and g.began is not None and g.began > oldest]
    return max(young, key=lambda g: g.began or datetime.min.replace(tzinfo=UTC), default=None)


def check_vault(vault: Vault, command: str) -> Iterator[Check]:
    """Is the vault what it was? A small one is read to the last byte, of a large one the log and its end."""
    about = About()
    try:
        entries = vault.entries()
        if len(entries) > _SMALL_FILES or sum(e.size for e in entries) > _SMALL_BYTES:
            told = f"{len(entries)} entries: the custody log and its end hold; the files were not read"
            yield about.ok("vault", told)
            return
        report = vault.verify()
    except IdvError as error:
        yield about.failed("vault", str(error.problems[0]), f"{command} tells more; restore the vault from a copy")
        return
    if report.ok and not report.entries:
        yield about.ok("vault", "there is nothing in the vault")
    elif report.ok:
        yield about.ok("vault", f"{report.entries} entries and {report.files} files are as they were stored")
    else:
        told = f"{len(report.problems)} problem(s), first {report.problems[0]}"
        yield about.failed("vault", told, f"{command} tells all; restore the vault from a copy")
