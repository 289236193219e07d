"""Does the vendor accept what we send? Only calls that are free and only ask."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from idvtools.errors import (
    CredentialsExpiredError,
    CryptoError,
    IdvError,
    InputError,
    SignatureRefusedError,
    TemporaryError,
    VendorError,
)
from idvtools.privacy import scrub
from idvtools.pull.caller import Caller
from idvtools.pull.sessions import Sessions
from idvtools.pull.transport import Transport, new_session
from idvtools.vendors.base import Keys, Vendor
from idvtools.workspace.doctor.facts import Facts
from idvtools.workspace.doctor.model import About, Check
from idvtools.workspace.doctor.network import OFFLINE, ONLINE, Looks, is_plain
from idvtools.workspace.doctor.records import pullable
from idvtools.workspace.doctor.room import Room

_LONGEST_S = 20.0


def check_calls(room: Room, keys: Keys, facts: Facts | None, looks: Looks) -> list[Callable[[], list[Check]]]:
    """For each app the work that calls the vendor, to be done at the same time."""
    base = keys.settings.base_url
    jobs: list[Callable[[], list[Check]]] = []
    for app, about in room.apps.items():
        why = None
        if not base:
            why = "is not known: the vendor cannot be called without base_url", "add base_url to idvtools.toml"
        elif is_plain(base):
            why = "is not known: no call is made over plain http (base_url)", "write base_url with https"
        elif looks is None:
            why = OFFLINE, ONLINE
        elif (look := looks.get(base)) and (look.fault or (look.certificate and look.certificate.fault)):
            why = "is not known: the vendor is not reached", "see the lines on its host, then run it again"
        jobs.append(_Job(room, keys, facts, app, about, why))
    return jobs


class _Job:
    """The calls of one app."""

    def __init__(
        self, room: Room, keys: Keys, facts: Facts | None, app: str, about: About, why: tuple[str, str] | None
    ) -> None:
        self._room, self._keys, self._facts, self._app, self._about, self._why = room, keys, facts, app, about, why

    def __call__(self) -> list[Check]:
        # Each call is made once, and a new AES key is never fetched: it would end the one that everybody has.
        with new_session(_LONGEST_S) as session:
            send, sessions = Transport(session=session), Sessions(self._room.desk.folder / "keys")
            caller = Caller(self._room.declared, self._keys, send, sessions, attempts=1)
            return [*self._signature(caller, send, sessions), *self._sealed(caller)]

    def _signature(self, caller: Caller, send: Transport, sessions: Sessions) -> Iterator[Check]:
        declared, about = self._room.declared, self._about
        probe = declared.health.probe
        if probe is None and not any(c.needs_session for c in declared.calls):
            told = f"whether our signature is accepted shows only in real calls: {declared.health.why_not}"
            yield about.unknown("signature", told, "look at the answer to your next real call (`idvtools decode`)")
            return
        if self._why:
            yield about.unknown("signature", f"whether our signature is accepted {self._why[0]}", self._why[1])
            return
        if probe is None:
            yield from self._session(sessions, send)
            return
        arguments: dict[str, Any] = dict(probe.arguments(self._sites()))
        try:
            opened = caller.call(probe.call, app=self._app, **arguments)
        except IdvError as error:
            yield self._refused(error, probe.call, probe.passed)
            return
        yield about.ok("signature", f"the vendor accepts our signature ({probe.call})")
        if probe.closed:
            yield self._open_sites(probe.closed(opened), arguments)

    def _sites(self) -> list[str]:
        """The sites in use, else those that have a price."""
        seen = self._facts.asked.get(self._app) if self._facts else None
        if seen and seen.sites:
            return list(seen.sites)
        prices = self._keys.settings.prices
        return list(dict.fromkeys(p.site for p in prices if p.site != "*"))

    def _open_sites(self, closed: Sequence[str], arguments: Mapping[str, Any]) -> Check:
        count = len(arguments.get("sites", ()))
        if not closed:
            return self._about.ok("sites", f"all {count} site(s) that were asked about are open")
        names = ", ".join(sorted({scrub(site, 60) for site in closed}))
        told = f"{len(closed)} of {count} site(s) are closed now: {names}"
        return self._about.warning("sites", told, "do not offer them to users until they are open again")

    def _session(self, sessions: Sessions, send: Transport) -> Iterator[Check]:
        of = self._room.declared, self._keys, self._app
        before = sessions.stored(*of)
        try:
            now = sessions.get(*of, send)
        except IdvError as error:
            yield self._refused(error, "token and ticket", frozenset())
            return
        told = "the vendor gave us a token and a ticket; they stand in keys/ for all who call from this workspace"
        if before and before.made == now.made:
            told = "the vendor gave us the token and the ticket in keys/, and they are fresh: nothing was fetched"
        yield self._about.ok("signature", told)

    def _refused(self, error: IdvError, call: str, passed: frozenset[str]) -> Check:
        about, told = self._about, str(error.problems[0])
        code = error.code if isinstance(error, VendorError) else None
        if code is not None and code in passed:
            return about.ok("signature", f"the vendor accepts our signature ({call} answers with the code {code})")
        if isinstance(error, SignatureRefusedError | CredentialsExpiredError) or _is_auth(self._room.declared, code):
            advice = "compare app id and keys with what the vendor gave you; is the account of this very environment?"
            return about.failed("signature", f"the vendor refuses our keys: {told}", advice)
        if isinstance(error, InputError | CryptoError):
            return about.unknown("signature", f"no call can be made: {told}", "mend the settings")
        if isinstance(error, TemporaryError):
            return about.unknown("signature", f"the vendor cannot answer now: {told}", "run it again later")
        if code is None:
            return about.failed("signature", f"the answer is none of this vendor's: {told}", "is base_url right?")
        told = f"the answer does not tell whether our signature is accepted: {told}"
        return about.unknown("signature", told, "ask the vendor what the code means here")

    def _sealed(self, caller: Caller) -> Iterator[Check]:
        declared, about = self._room.declared, self._about
        if declared.health.sealed is None or declared.pulls is None or not len(self._keys.apps[self._app].ring):
            return
        told = "whether the platform still uses our newest AES key"
        if self._why:
            yield about.unknown("aes_accepted", f"{told} {self._why[0]}", self._why[1])
            return
        operation = pullable(self._room, self._facts, self._app)
        if operation is None:
            told += f" does not show: no operation of the last {declared.pulls.keep_days} days has files"
            yield about.unknown("aes_accepted", told, "run it again after the next successful operation")
            return
        files = next(f for f in declared.pulls.files if f.call == declared.health.sealed)
        try:
            arguments: dict[str, Any] = dict(files.arguments(operation.op_id))
            opened = caller.call(files.call, app=self._app, **arguments)
        except CredentialsExpiredError as error:
            advice = f"put the current key below [[vendors.{about.vendor}.apps.aes_keys]]"
            yield about.failed("aes_accepted", f"the platform uses another AES key: {error.problems[0]}", advice)
        except IdvError as error:
            yield about.unknown("aes_accepted", f"{told} does not show: {error.problems[0]}", "run it again later")
        else:
            yield about.ok("aes_accepted", f"the platform uses our AES key {opened.key_id or ''}".rstrip())


def _is_auth(declared: Vendor, code: str | None) -> bool:
    rows = [declared.tables[table].find(code) for table in declared.call_tables] if code is not None else []
    return any(row is not None and row.outcome == "auth_failed" for row in rows)
