"""`idvtools demo`: three days with the sandbox, from the first call to the report."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from idvtools.errors import OutputError
from idvtools.pull.report import PullReport
from idvtools.sandbox.customer import Application, Receiver
from idvtools.sandbox.people import Population
from idvtools.sandbox.server import Sandbox
from idvtools.workspace import Workspace

_MADE = ".idvtools-demo"
_DAYS = 3
_NOTES = 5


def run_demo(out: Path, seed: int, *, force: bool, say: Callable[[str], object]) -> None:
    """Play the customer of a sandbox for three days, pull, reconcile, write the reports.

    Raises
    ------
    OutputError
        `out` is in the way.
    """
    _make_room(out, force)
    try:
        _play(out, seed, say)
    except BaseException:
        shutil.rmtree(out, ignore_errors=True)  # half of it helps nobody, and would be in the way of the next
        raise


def _play(out: Path, seed: int, say: Callable[[str], object]) -> None:
    began = time.monotonic()
    with Sandbox(seed) as sandbox:
        folder = out / "workspace"
        sandbox.write_workspace(folder)
        say(f"sandbox: five vendors at {sandbox.url}; workspace: {folder}")
        ws = Workspace(folder, progress=False)
        today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
        # The last of these days has a statement whatever the hour is.
        days = [today - timedelta(days=_DAYS + 1 - n) for n in range(_DAYS)]
        real_ms = sandbox.clock.now_ms()

        def move(moment_ms: int) -> None:
            sandbox.clock.set(moment_ms)
            sandbox.settle()

        app = Application(folder, ws.keys, sandbox.clock.now_ms, move, seed)
        salt = ws.keys("webank").require(None).text("salt")
        with Receiver(folder / "callbacks", app.now, salt) as receiver:
            sandbox.notify_to(receiver.url("dec"))
            started = sum(app.spend_day(day) for day in days)
            move(real_ms + round((time.monotonic() - began) * 1000))
            others = _others(sandbox, app, receiver)
            sandbox.settle(late=True)
        _pull(ws, days, others, say, started)
    _report(ws, days, out, say)
    say(f"all of it took {time.monotonic() - began:.0f} s; everything is synthetic")


def _make_room(out: Path, force: bool) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        if not (force and (out / _MADE).is_file()):
            why = "is not empty; choose another folder" + ("" if force else ", or --force if an earlier demo made it")
            raise OutputError(why, file=str(out))
        shutil.rmtree(out)
    out.mkdir(parents=True, exist_ok=True)
    (out / _MADE).touch()


def _others(sandbox: Sandbox, app: Application, receiver: Receiver) -> dict[str, str]:
    """A customer at each of the other vendors; what there is to pull, by vendor."""
    busi_seq = app.register(receiver.url("onenet"))
    while pushed := sandbox.push_onenet(busi_seq):
        pushed[0].wait()
    told = {"merchantno": "00000006", "req_nbr": "demo1"}
    sandbox.reverse_webank(receiver.url("webank"), "DemoAccountNotify", told).wait()
    person = Population().new()
    sandbox.westdex.plant(person.id_no)  # by chance the account would have no money left, for some seeds
    app.check_face(person)
    return {"tencent": sandbox.tencent.plant(), "webank": app.upload()}


def _pull(ws: Workspace, days: list[date], others: dict[str, str], say: Callable[[str], object], started: int) -> None:
    log = ws.callback_log().summary
    say(f"{started} operations at DEC in {len(days)} days; {log.notifications} notifications of three vendors received")
    for day in days:
        _told(f"{day}: ", ws.pull("dec", day=day), say)
    for vendor, op in others.items():
        _told("", ws.pull(vendor, ops=[op]), say)
    say(str(ws.vault().verify()))


def _told(of: str, report: PullReport, say: Callable[[str], object]) -> None:
    """A pull, and why something did not come: a line each, a few at most."""
    say(f"pulled {of}{report}")
    missed = report.of("waiting", "lost", "failed")
    for item in missed[:_NOTES]:
        say(f"  {item}")
    if len(missed) > _NOTES:
        say(f"  and {len(missed) - _NOTES} more")


def _report(ws: Workspace, days: list[date], out: Path, say: Callable[[str], object]) -> None:
    result = ws.reconcile("dec", first=days[0], last=days[-1])
    target = out / "report"
    result.write(target)
    told = ", ".join(f"{name} {b.rows}" for name, b in result.summary.buckets.items() if b.rows)
    say(f"reconciled {days[0]} to {days[-1]}: {told}")
    say(f"report: {target / 'reconciliation.html'} (and .xlsx beside it)")
