"""A sandbox that listens, a workspace beside it, and what both know of each other: for the tests of pulls.

The time is fixed at NOW on both sides; `Room.later` moves both.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

import idvtools as idv
from idvtools.cli import main
from idvtools.crypto.rsa import load_private_key
from idvtools.pull import again
from idvtools.pull.report import Item, PullReport, State
from idvtools.sandbox.clockwork import APPS, SITES
from idvtools.sandbox.people import Population
from idvtools.sandbox.server import Sandbox
from idvtools.sandbox.server.dec_operations import Operation, outcome_of
from idvtools.vault import Entry
from idvtools.vendors.base import keys

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 10, 20, 12, tzinfo=ZONE)
TODAY, YESTERDAY = date(2026, 10, 20), date(2026, 10, 19)
APP, OTHER_APP = APPS
DAY = timedelta(days=1)
#: Faults after which the same request may be sent again, and what is served then is right.
TEMPORARY = ["latency", "500", "502", "503", "429", "cut", "truncate"]
STATEMENT_HEADER = b"da_id,"

Trust = Literal["signed", "hash_only", "unchecked", "forged"]


@dataclass(frozen=True)
class Ran:
    """What a user sees of a command."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Room:
    sandbox: Sandbox
    folder: Path
    operations: list[Operation] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    epoch: float = NOW.timestamp()

    # ---- the other side

    def plant(self, count: int = 1, *, log: bool = True, ago: timedelta = timedelta(hours=1), **how: Any) -> Any:
        """Operations that began a while ago; with `log` they stand in our request log. One is given, or a list."""
        begun = self.epoch * 1000 - ago / timedelta(milliseconds=1)
        planted = self.sandbox.dec.plant(count=count, at_ms=round(begun), **how)
        if log:
            self._log(planted)
        return planted[0] if count == 1 else planted

    def _log(self, operations: list[Operation]) -> None:
        self.operations += operations
        with (self.folder / "requests" / "start.jsonl").open("ab") as file:
            file.write(b"".join(line + b"\n" for line in self.sandbox.dec.request_lines(operations)))

    def notify(self, operation: Operation, trust: Trust = "signed", *, after_ms: int | None = None) -> None:
        """A notification of what holds now (or did so long after the start), as it stands in our log."""
        moment = self.sandbox.clock.now_ms() if after_ms is None else operation.started_ms + after_ms
        made, body = self.sandbox._notices._signed(operation, moment, "n" * 32)
        headers = dict(made)
        if trust == "hash_only":
            del headers["DECSSIGN"]
        elif trust == "unchecked":
            headers = {}
        elif trust == "forged":
            headers["DECSHASH"] = "0" * 64
        line = {"received_at": NOW.isoformat(), "headers": headers, "body": body.decode()}
        with (self.folder / "callbacks" / "log.jsonl").open("a") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")

    def later(self, **by: float) -> None:
        """Time passes on both sides."""
        seconds = timedelta(**by).total_seconds()
        self.epoch += seconds
        os.environ["SOURCE_DATE_EPOCH"] = str(round(self.epoch))
        self.sandbox.clock.advance(seconds)

    @property
    def calls(self) -> dict[str, int]:
        """How often DEC's calls and the store were asked, whatever was answered."""
        with self.sandbox.world.lock:
            counted = Counter(self.sandbox.world.calls)
        return {name.removeprefix("dec."): n for name, n in counted.items() if ":" not in name and n}

    def fresh_calls(self, pull: Any) -> dict[str, int]:
        """The calls that something made."""
        before = Counter(self.calls)
        pull()
        return dict(Counter(self.calls) - before)

    def log_order(self) -> None:
        """From now on `asked` holds each operation that the server looks up, and `paths` each request, in order."""
        find, draw = self.sandbox.dec.find, self.sandbox.faults.draw

        def told(op_id: object, app: str | None = None) -> Operation | None:
            self.asked.append(str(op_id))
            return find(op_id, app)

        def drawn(path: str) -> Any:
            self.paths.append(path)
            return draw(path)

        self.sandbox.dec.find = told  # type: ignore[method-assign]
        self.sandbox.faults.draw = drawn  # type: ignore[method-assign]
        self.sandbox.faults.set(rate=0)

    def start(self, outcome: object) -> Operation:
        """An operation that begins now and goes as it is told to; it stands in our request log."""
        dec = self.sandbox.dec
        person = Population().new()
        begun = dec.start(APP, SITES[0], f"s{len(self.operations)}", person, person.open_id, outcome_of(outcome), ())
        self._log([begun])
        return begun

    def at(self, operation: Operation, after_ms: int) -> None:
        """Let it be so long after the start of an operation, for the other side only."""
        self.sandbox.clock.set(operation.started_ms + after_ms)

    # ---- our side

    @property
    def workspace(self) -> idv.Workspace:
        return idv.Workspace(self.folder)

    def set(self, line: str, table: str = "[vendors.dec]") -> None:
        """Put a setting into a table, in the place of one of the same name there."""
        path, name = self.folder / "idvtools.toml", line.partition(" ")[0]
        head, found, tail = path.read_text().partition(table + "\n")
        own, bracket, rest = tail.partition("\n[")
        kept = [old for old in own.splitlines() if not old.startswith(name + " ")]
        path.write_text(head + found + "\n".join([line, *kept]) + "\n" + bracket + rest)

    def pull(self, *ops: Operation | str, **how: Any) -> PullReport:
        """A pull of operations; of today where nothing is named."""
        named = [o if isinstance(o, str) else o.op_id for o in ops]
        if not named and not {"day", "month"} & set(how):
            how["day"] = TODAY
        return self.workspace.pull("dec", ops=named, **how)

    def run(self, *args: str, vendor: str = "dec") -> Ran:
        """``idvtools pull`` as a user runs it."""
        return run("pull", str(self.folder), "--vendor", vendor, *args)

    # ---- what came of it

    def files(self, *operations: Operation) -> dict[tuple[str, str, str], bytes]:
        """What the other side serves of operations now: (operation, call, name) and content."""
        served = {}
        now = self.sandbox.clock.now_ms()
        for o in operations:
            names = [f"original-{k}.zip" for k in range(len(self.sandbox.dec.original_links(o)))]
            found = [("original_files", name) for name in names]
            if o.state(now).json_result in (10, 13):
                found.append(("parse_result", "result.json"))
            for call, name in found:
                stored = self.sandbox.dec._file(f"{o.app}/{o.op_id}/{name}")
                assert stored is not None
                served[o.op_id, call, name] = stored.body
        return served

    def entries(self, vendor: str = "dec") -> list[Entry]:
        """What is in the vault of operations, answers left out."""
        found = self.workspace.vault().find(vendor=vendor)
        return [e for e in found if e.op_id is not None and not e.name.endswith(".answer.json")]

    def check(self, *operations: Operation, answers: bool = True) -> None:
        """Everything of these operations is in the vault, once, as it was served; nothing else; the vault is valid."""
        vault = self.workspace.vault()
        report = vault.verify()
        assert report.ok, report
        served, entries = self.files(*operations), self.entries()
        assert Counter((e.op_id, e.call, e.name) for e in entries) == Counter(served.keys())
        for e in entries:
            assert e.op_id is not None
            assert vault.read(e.sha256) == served[e.op_id, e.call, e.name]
        if answers:
            kept = Counter((e.op_id, e.call) for e in vault.find(vendor="dec") if e.name.endswith(".answer.json"))
            assert kept == Counter({(op_id, call): 1 for op_id, call, _ in served})
        self.check_nothing_half_written()

    def check_nothing_half_written(self) -> None:
        """No part, nothing aside, no file of the vault that the log does not list."""
        assert not [p for p in self.folder.rglob("*") if p.name.startswith(".pull-")]
        incoming = self.folder / "evidence" / "incoming"
        assert not (list(incoming.iterdir()) if incoming.is_dir() else [])
        report = self.workspace.vault().verify()
        assert report.ok, report

    def statement(self, app: str, day: date) -> Path:
        return self.folder / "statements" / f"交易流水对账单_{app}_{day:%Y%m%d}.csv"

    def polls(self) -> list[dict[str, Any]]:
        """Lines of all poll logs."""
        files = sorted((self.folder / "polls").glob("*.jsonl"))
        return [json.loads(line) for f in files for line in f.read_text().splitlines()]


#: To open an RSA key takes longer than all else that a test does with a file.
_private_key = cache(load_private_key)


@contextmanager
def opened_room(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    """A sandbox at NOW, a workspace of its own, no pauses between tries, as many calls a second as there are."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(round(NOW.timestamp())))
    monkeypatch.setattr(keys, "load_private_key", _private_key)
    without_pauses(monkeypatch)
    sandbox = Sandbox(seed=7)
    sandbox.start()
    try:
        sandbox.clock.set(round(NOW.timestamp() * 1000))
        sandbox.write_workspace(root / "ws")
        room = Room(sandbox, root / "ws")
        room.set("requests_per_second = 10000")
        yield room
    finally:  # it need not be waited for
        threading.Thread(target=sandbox.stop, daemon=True).start()


def run(*args: str) -> Ran:
    """The command line in this process; an exception that gets out is a traceback to a user."""
    result = CliRunner().invoke(main, list(args), prog_name="idvtools")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert "Traceback" not in result.stderr
    return Ran(result.exit_code, result.stdout, result.stderr)


def states(report: PullReport, what: str | None = None) -> dict[State, int]:
    """How many items of a call are in each state."""
    return dict(Counter(i.state for i in report.items if what in (None, i.what)))


def only(report: PullReport, what: str) -> Item:
    """The one item of a call."""
    (item,) = [i for i in report.items if i.what == what]
    return item


def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again at once."""
    monkeypatch.setattr(again, "_backoff", lambda _: 0.0)
    monkeypatch.setattr(again, "_LONGEST_ASKED_S", 0.0)


def secrets_of(room: Room, operations: Sequence[Operation]) -> list[str]:
    """What may be shown nowhere: keys, and what the operations tell of people."""
    keys = [p.read_text().strip() for p in (room.folder / "keys").iterdir() if p.suffix in (".txt", ".b64", ".key")]
    pem = (room.folder / "keys" / "rsa_private_key_pkcs8.pem").read_text().splitlines()[1]
    people = [t for o in operations for t in (o.person.id_no, o.person.name, o.open_id)]
    links = ["q-signature", "q-sign-time", "q-ak", "AKIDSYNTHETIC"]
    return [t for t in (*keys, pem, *people, *links) if len(t) > 2 and not t.startswith("Synthetic")]


def told_in(folder: Path, names: Iterable[str], needles: Iterable[str]) -> list[str]:
    """Where any needle stands in files of a workspace."""
    texts = {name: (folder / name).read_bytes() for name in names}
    return [f"{needle} in {name}" for name, text in texts.items() for needle in needles if needle.encode() in text]


def logged(caplog: pytest.LogCaptureFixture) -> str:
    """All that was logged, with what the log's formatter would make of it."""
    return "\n".join(r.getMessage() for r in caplog.records) + "".join(str(r.args) for r in caplog.records)


def hear_everything(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
