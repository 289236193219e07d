"""Commands about evidence: pull, verify-vault."""

from __future__ import annotations

import signal
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from idvtools.cli.group import FOLDER, example, main, tell

if TYPE_CHECKING:
    from types import FrameType

    from idvtools.pull.report import Item, PullReport, State

_VENDOR, _STOPPED = 3, 130
_LISTED = 20
_NOT_TRIED = "not tried"


@main.command("pull", epilog=example("idvtools pull my-workspace --vendor dec --date 2026-10-12"))
@click.argument("workspace", type=FOLDER)
@click.option("--vendor", required=True, help="Name of the vendor: dec, tencent or webank.")
@click.option("--date", "day", metavar="D", help="One day, YYYY-MM-DD, in the workspace's zone.")
@click.option("--month", help="Calendar month, YYYY-MM, in the workspace's zone.")
@click.option(
    "--op", "ops", multiple=True, metavar="ID", help="An operation (daId, token, FILE_ID:HASH_VALUE); may be repeated."
)
@click.option("--app", help="Which app asks, where the settings have several; with --date and --month: only this app.")
@click.option("--wait", is_flag=True, help="Poll operations that have just begun until they come to their end.")
@click.option(
    "--renew-keys", is_flag=True, help="Fetch a new AES key where ours is old; the old one ends for everybody."
)
@click.option("--json", "as_json", is_flag=True, help="Print the items as JSON; of what was there already, the number.")
@click.option("--progress/--no-progress", default=None, help="Show a bar on stderr (default: on a terminal).")
def pull_command(
    workspace: Path,
    vendor: str,
    day: str | None,
    month: str | None,
    ops: tuple[str, ...],
    app: str | None,
    wait: bool,
    renew_keys: bool,
    as_json: bool,
    progress: bool | None,
) -> int:
    """Fetch statements, states and evidence that the workspace has not yet; what runs out first comes first."""
    from idvtools.workspace import Workspace  # noqa: PLC0415

    count = _Count(sys.stderr.isatty() if progress is None else progress)
    room = Workspace(workspace, progress=progress)
    try:
        with _announced_stop(count):
            report = room.pull(vendor, month, day=day, ops=ops, app=app, wait=wait, renew_keys=renew_keys, tick=count)
    except KeyboardInterrupt:
        count.end()
        click.echo(count.told(), err=True)
        return _STOPPED
    finally:
        count.end()
    click.echo(report.to_json() if as_json else str(report))
    for line in _lines(report):
        click.echo(line, err=True)
    return 0 if report.complete else _VENDOR


def _lines(report: PullReport) -> Iterator[str]:
    """What did not come, state by state: a line each for the first of them, one for all that were not even tried."""
    yield from (f"note: {told}" for told in report.notes)
    states: tuple[State, ...] = ("failed", "lost", "waiting", "none")
    for state in states:
        kind = "error" if state == "failed" else "note"
        items = sorted(report.of(state), key=lambda i: (i.app_id or "", i.day or date.min, i.op_id or "", i.what))
        tried = [item for item in items if not item.reason.startswith(_NOT_TRIED)]
        for item in tried[:_LISTED]:
            yield f"{kind}: {item}"
        if len(tried) > _LISTED:
            yield f"{kind}: and {len(tried) - _LISTED} more {state} (--json lists them all)"
        for reason, number in Counter(i.reason for i in items if i.reason.startswith(_NOT_TRIED)).items():
            yield f"{kind}: {number} {state} ({reason})"


@contextmanager
def _announced_stop(count: _Count) -> Iterator[None]:
    """Say at the first Ctrl-C what happens now; the second one is nobody's to wait for."""
    before = signal.getsignal(signal.SIGINT)
    main_thread = threading.current_thread() is threading.main_thread()  # only there do signals arrive
    if before in (None, signal.SIG_IGN) or not main_thread:
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, before)
        count.end()
        told = "stopping: what is being fetched is finished first; a second Ctrl-C ends it now"
        click.echo(told, err=True)
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class _Count:
    """What was pulled, and a bar of it that begins with the first item: after the bar of reading."""

    def __init__(self, shown: bool) -> None:
        self._bar: Any = None
        self._shown = shown
        self._stored = self._files = 0

    def __call__(self, item: Item) -> None:
        self._stored += item.state == "stored"
        self._files += item.files
        if self._shown and self._bar is None:
            from tqdm import tqdm  # noqa: PLC0415

            self._bar = tqdm(unit=" items", desc="pulling", leave=False)
        if self._bar is not None:
            self._bar.update(1)

    def told(self) -> str:
        """What came, of a pull that was stopped."""
        return f"stopped: {self._stored} stored, {self._files} new file(s); run it again, and it goes on from there"

    def end(self) -> None:
        """Take the bar away."""
        self._shown = False
        if self._bar is not None:
            self._bar.close()
            self._bar = None


@main.command("verify-vault", epilog=example("idvtools verify-vault my-workspace"))
@click.argument("workspace", type=FOLDER)
@click.option("--head", metavar="HASH", help="The head that you noted earlier: it must still be in the custody log.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def verify_vault_command(workspace: Path, head: str | None, as_json: bool) -> int:
    """Check the evidence vault: the custody log, its end, and the hash of every file; no vendor's keys are needed."""
    from idvtools.workspace.auditing import verify_vault  # noqa: PLC0415

    report = verify_vault(workspace, head)
    click.echo(report.to_json() if as_json else report.told())
    return 0 if report.ok else tell(*report.listed())
