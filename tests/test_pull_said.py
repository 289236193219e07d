"""What ``idvtools pull`` says of what did not come, and at Ctrl-C."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pull_room import Ran, run

from idvtools.pull.report import Item, PullReport
from idvtools.workspace import Workspace

STOPPING = "stopping: what is being fetched is finished first; a second Ctrl-C ends it now"


@pytest.fixture
def pulled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """The command, with a pull that finds these items."""
    (tmp_path / "idvtools.toml").touch()

    def command(*items: Item, options: tuple[str, ...] = (), stopped: bool = False) -> Ran:
        def pull(self: Workspace, *_: Any, tick: Callable[[Item], object], **options: Any) -> PullReport:
            for item in items:
                tick(item)
            if stopped:
                signal.raise_signal(signal.SIGINT)
                raise KeyboardInterrupt  # where the handler ran inside of a callback that lets nothing out
            return PullReport("dec", items)

        monkeypatch.setattr(Workspace, "pull", pull)
        return run("pull", str(tmp_path), "--vendor", "dec", "--date", "2026-10-01", *options)

    return command


def test_items_are_told_in_order(pulled: Callable[..., Ran]) -> None:
    days = [date(2026, 10, n) for n in (2, 1)]
    items = [Item("statement", "waiting", app, day=d, reason="later") for app in ("b", "a") for d in days]
    ran = pulled(*items, Item("status", "failed", "a", "zd2", reason="no"), Item("status", "failed", "a", "zd1"))
    assert ran.status == 3
    assert ran.err.splitlines() == [
        "error: status zd1: failed",
        "error: status zd2: failed (no)",
        "note: statement a 2026-10-01: waiting (later)",
        "note: statement a 2026-10-02: waiting (later)",
        "note: statement b 2026-10-01: waiting (later)",
        "note: statement b 2026-10-02: waiting (later)",
    ]


def test_a_crowd_is_summed_up(pulled: Callable[..., Ran]) -> None:
    failed = [Item("status", "failed", "a", f"zd{n:02}", reason="time-out") for n in range(30)]
    untried = [Item("status", "failed", "a", f"zd{n}", reason="not tried: nobody answers") for n in range(31, 99)]
    lost = [Item("files", "lost", "a", f"zd{n:02}") for n in range(21)]
    lines = pulled(*untried, *failed, *lost).err.splitlines()
    assert len(lines) == 20 + 1 + 1 + 20 + 1
    assert lines[20:22] == [
        "error: and 10 more failed (--json lists them all)",
        "error: 68 failed (not tried: nobody answers)",
    ]
    assert lines[-1] == "note: and 1 more lost (--json lists them all)"


def test_the_bar_of_pulling_begins_with_the_first_item(pulled: Callable[..., Ran]) -> None:
    assert "pulling" not in pulled(options=("--progress",)).err
    assert "pulling" in pulled(Item("status", "polled"), options=("--progress",)).err


@pytest.fixture
def heeding() -> Iterator[None]:
    """Ctrl-C is heeded, also where the tests run in the background of a shell, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeding")
def test_ctrl_c_is_answered_at_once_and_what_came_is_told(pulled: Callable[..., Ran]) -> None:
    before = signal.getsignal(signal.SIGINT)
    ran = pulled(Item("files", "stored", files=3), Item("status", "polled"), stopped=True)
    assert (ran.status, ran.out) == (130, "")
    assert ran.err.splitlines() == [
        STOPPING,
        "stopped: 1 stored, 3 new file(s); run it again, and it goes on from there",
    ]
    assert signal.getsignal(signal.SIGINT) is before


def test_a_second_ctrl_c_ends_it(tmp_path: Path) -> None:
    (tmp_path / "idvtools.toml").touch()
    script = """
import signal, time
from idvtools.cli import main
from idvtools.workspace import Workspace
def pull(*_, **__):
    try:
        signal.raise_signal(signal.SIGINT)
    except KeyboardInterrupt:
        signal.raise_signal(signal.SIGINT)
        print("went on")
Workspace.pull = pull
signal.signal(signal.SIGINT, signal.default_int_handler)
main()
"""
    arguments = ["pull", str(tmp_path), "--vendor", "dec", "--date", "2026-10-01"]
    ran = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert (ran.returncode, ran.stdout) == (130, "")
    assert ran.stderr.count("stopping") == 1
