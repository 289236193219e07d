"""A pull among many faults, with nobody there, on a disk that is full: it ends, and the next run goes on."""

from __future__ import annotations

import logging
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pull_room import APP, DAY, OTHER_APP, TEMPORARY, TODAY, YESTERDAY, Room

from idvtools.pull import again

# ---- many faults, and nobody there


def test_a_fifth_of_all_requests_fails(room: Room) -> None:
    ops = room.plant(30, ago=DAY) + room.plant(10, ago=DAY, app=OTHER_APP, files=2) + room.plant(10, ago=DAY, status=44)
    for op in ops[::2]:
        room.notify(op)
    room.set("in_flight = 1")  # one after the other: the seed decides what happens to what, the same in every run
    room.sandbox.faults.set(rate=0.2, kinds=[*TEMPORARY, "wrong_md5"], latency_s=0.001)  # type: ignore[list-item]
    report = room.pull(day=YESTERDAY)
    assert report.complete, report.of("failed")
    assert sum(room.sandbox.faults.happened.values()) > 30
    room.check(*ops[:40])
    for app in (APP, OTHER_APP):
        assert room.statement(app, YESTERDAY).read_bytes() == room.sandbox.dec.statement(app, YESTERDAY).content


def test_a_fifth_of_all_requests_fails_in_parallel(room: Room) -> None:
    ops = room.plant(100)
    room.set("in_flight = 16")
    room.sandbox.faults.set(rate=0.2, kinds=[*TEMPORARY, "wrong_md5"], latency_s=0.001)  # type: ignore[list-item]
    assert room.pull().complete
    room.check(*ops)


def test_what_fails_time_after_time_is_tried_once_more_in_the_end(room: Room) -> None:
    ops = room.plant(3)
    room.set("in_flight = 1")
    room.sandbox.faults.set(rate=1.0, kinds=["503"], paths="get-original-files", count=again.ATTEMPTS)
    report = room.pull()
    assert report.complete, report.of("failed")
    assert len(report.of("stored")) == 6
    room.check(*ops)


def test_more_than_the_vendor_takes(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """429 with Retry-After: the pull slows down and completes."""
    monkeypatch.setattr(again, "_LONGEST_ASKED_S", 60.0)
    ops = room.plant(8)
    room.set("in_flight = 16")
    room.sandbox.limits.per_second = 4
    assert room.pull(*ops).complete
    assert sum(n for call, n in room.sandbox.world.calls.items() if call.endswith(":429")) > 0
    room.check(*ops)


def test_nobody_answers(room: Room, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "idvtools.pull")
    room.plant(100)
    room.sandbox.stop()
    began = time.monotonic()
    ran = room.run("--date", str(TODAY), "--json")
    assert time.monotonic() - began < 10
    assert ran.status == 3
    assert ran.json["counts"] == {"waiting": 2, "failed": 100}
    reasons = [i["reason"] for i in ran.json["items"] if i["state"] == "failed"]
    assert len([r for r in reasons if "nobody answers there" in r]) >= 75
    assert len([r for r in caplog.records if "no connection" in r.getMessage()]) <= 6 * (12 + 16)
    assert not (room.folder / "polls").exists() or not room.polls()
    room.check_nothing_half_written()


# ---- disks


@pytest.fixture
def small_disk(room: Room) -> Iterator[Path]:
    """A disk of 256 kB under evidence/."""
    place = room.folder / "evidence"
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)]
    if os.geteuid() or subprocess.run(mount, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_disk_that_is_full(room: Room, small_disk: Path) -> None:
    ops = room.plant(20, size=30_000, ago=DAY)
    ran = room.run("--date", str(YESTERDAY), "--json")
    assert ran.status == 3
    failed = [i for i in ran.json["items"] if i["state"] == "failed"]
    assert any("no space left" in i["reason"] for i in failed)
    assert any("nothing can be written any more" in i["reason"] for i in failed), "it is not tried again and again"
    kept = room.entries()
    assert kept
    room.check_nothing_half_written()
    subprocess.run(["mount", "-o", "remount,size=16m", str(small_disk)], check=True)
    assert room.run("--date", str(YESTERDAY)).status == 0
    room.check(*ops)
    assert {e.seq for e in kept} <= {e.seq for e in room.entries()}, "what was there stays"


_LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
from idvtools.cli import main
main(sys.argv[2:])
"""


def test_files_that_the_system_lets_nobody_write(room: Room) -> None:
    big, small = room.plant(size=200_000), room.plant()
    command = ["pull", str(room.folder), "--vendor", "dec", "--op", big.op_id, "--op", small.op_id]
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
    room.set("in_flight = 1")
    ran = subprocess.run(
        [sys.executable, "-c", _LIMITED, "100000", *command], capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 3, ran.stderr
    assert re.search(rf"error: original_files {big.op_id}: failed \(.*file too large", ran.stderr), ran.stderr
    assert "Traceback" not in ran.stderr
    room.check_nothing_half_written()
    assert room.run(*command[4:]).status == 0
    room.check(big, small)


@pytest.mark.parametrize("folder", ["evidence", "statements", "polls"])
def test_a_folder_that_cannot_be_written(folder: str, room: Room) -> None:
    """Also for root: a file stands in its place."""
    op = room.plant(ago=DAY)
    (room.folder / folder).rmdir()
    (room.folder / folder).write_text("in the way")
    ran = room.run("--date", str(YESTERDAY), "--app", APP)
    assert ran.status in (2, 3)
    assert re.search(rf"^error: .*{folder}", ran.err, re.MULTILINE), ran.err
    (room.folder / folder).unlink()
    assert room.run("--date", str(YESTERDAY), "--app", APP).status == 0
    room.check(op)
    assert room.statement(APP, YESTERDAY).exists()


def test_a_vault_that_is_damaged_is_not_written_to(room: Room) -> None:
    op, other = room.plant(2)
    room.pull(op)
    log = room.folder / "evidence" / "custody.jsonl"
    log.write_bytes(log.read_bytes().replace(b'"size":', b'"size": ', 1))
    held = log.read_bytes()
    ran = room.run("--op", other.op_id)
    assert ran.status in (2, 3)
    assert "custody.jsonl:1" in ran.err
    assert log.read_bytes() == held
