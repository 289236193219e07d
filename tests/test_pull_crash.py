"""A pull is killed at any moment, again and again: nothing is damaged, and in the end each file is there once."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator

import crash_child
import pytest
from crash_child import Nursery
from pull_room import APP, NOW, OTHER_APP, YESTERDAY, Room, states

KILLS, WORKSPACES = 50, 5
DAYS = [(APP, YESTERDAY), (OTHER_APP, YESTERDAY)]


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery() as nursery:
        yield nursery


def check_after_a_crash(room: Room) -> None:
    """Whatever is there is whole."""
    report = room.workspace.vault().verify()
    assert report.ok, report
    room.polls()  # every line is one
    for app, day in DAYS:
        if (file := room.statement(app, day)).exists():
            assert file.read_bytes() == room.sandbox.dec.statement(app, day).content


def test_fifty_kills(room: Room, nursery: Nursery) -> None:
    rng = random.Random(20261020)
    ops = [*room.plant(40), *room.plant(10, app=OTHER_APP, files=3), *room.plant(10, size=100_000)]
    ids, fresh, kills, finished = [o.op_id for o in ops], room.folder, 0, 0
    for number in range(WORKSPACES):
        room.folder = fresh.with_name(f"ws{number}")
        shutil.copytree(fresh, room.folder)
        room.set(f"in_flight = {rng.choice((1, 4, 16))}")
        while kills < KILLS * (number + 1) // WORKSPACES:
            pid = nursery.begin(room.folder, ids, DAYS, room.epoch)
            time.sleep(rng.uniform(0.02, 0.4))
            os.kill(pid, signal.SIGKILL)
            status = nursery.end(pid)
            kills += status == -9
            finished += status == 0
            assert status in (0, -9)
            check_after_a_crash(room)
            if status == 0:  # nothing is left to be killed in
                finish(room, ids)
                shutil.rmtree(room.folder)
                shutil.copytree(fresh, room.folder)
        finish(room, ids)
    assert kills == KILLS
    assert finished < KILLS, "most are killed while there is something to do"


def finish(room: Room, ids: list[str]) -> None:
    """Let it come to its end: everything once, as it was served, and nothing besides."""
    assert crash_child.pull(room.folder, ids, DAYS).complete
    room.check(*room.operations)
    served = Counter(e.identity for e in room.workspace.vault().entries())
    assert set(served.values()) == {1}
    assert all(room.statement(app, day).exists() for app, day in DAYS)
    before = room.calls
    report = crash_child.pull(room.folder, ids, DAYS)
    assert set(states(report)) == {"present"}
    assert room.calls == before
    assert {json.dumps(p)[:12] for p in room.polls()} == {'{"polled_at"'}


def test_two_pulls_at_once(room: Room, nursery: Nursery) -> None:
    ops = room.plant(40)
    children = [nursery.begin(room.folder, [o.op_id for o in ops], DAYS, room.epoch) for _ in range(3)]
    assert [nursery.end(pid) for pid in children] == [0, 0, 0]
    room.check(*ops, answers=False)  # of an answer that two got at the same moment both are kept: they differ
    for app, day in DAYS:
        content = room.statement(app, day).read_bytes()
        assert content == room.sandbox.dec.statement(app, day).content
        [entry] = [e for e in room.workspace.vault().find(call="statement") if e.app_id == app]
        assert entry.sha256 == hashlib.sha256(content).hexdigest()
    again = crash_child.pull(room.folder, [o.op_id for o in ops], DAYS)
    assert set(states(again)) == {"present"}, again.of("stored")


#: A shell that runs the tests in the background lets its children ignore Ctrl-C.
_COMMAND = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from idvtools.cli import main
main()
"""


def test_the_command_is_stopped(room: Room) -> None:
    """Ctrl-C: it ends soon, says so, leaves no half file, and the next run goes on."""
    ops = room.plant(30)
    room.sandbox.faults.set(rate=1, kinds=["latency"], latency_s=0.1)
    named = [text for o in ops for text in ("--op", o.op_id)]
    child = subprocess.Popen(
        [sys.executable, "-c", _COMMAND, "pull", str(room.folder), "--vendor", "dec", *named],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while room.calls.get("original_files", 0) < 5:
        time.sleep(0.01)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=10)
    assert (child.returncode, out) == (130, "")
    assert [line.partition(":")[0] for line in err.splitlines()] == ["stopping", "stopped"], err
    assert len(room.entries()) < 60
    room.check_nothing_half_written()
    room.sandbox.faults.clear()
    assert room.run(*named).status == 0
    room.check(*ops)


def test_what_a_crash_left_aside_is_swept_away_in_time(room: Room) -> None:
    old, young = (room.folder / "statements" / f".pull-{name}" for name in ("old", "young"))
    for file in (old, young):
        file.write_bytes(b"da_id,half a li")
    os.utime(old, (time.time() - 7200,) * 2)
    assert room.pull(day=YESTERDAY).complete
    assert (old.exists(), young.exists()) == (False, True), "another pull may be writing the young one"
    assert room.workspace.reconcile("dec", first=YESTERDAY, last=NOW.date()).summary.statement.rows == 0
