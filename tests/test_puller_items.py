"""The items of a pull that waits: each thing once, in its last state."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from pull_room import Room, opened_room, states

from idvtools.pull import puller


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    with opened_room(tmp_path, monkeypatch) as room:
        yield room


def test_an_operation_that_was_waited_for_is_told_of_once(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    op = room.plant(ago=timedelta(minutes=10))
    room.at(op, 1_000)
    monkeypatch.setattr(puller, "time", SimpleNamespace(sleep=lambda s: room.later(seconds=s)))
    report = room.pull(op, wait=True)
    assert states(report) == {"polled": 1, "stored": 2}
    assert sorted(i.what for i in report.items) == ["original_files", "parse_result", "status"]
    assert [i.files for i in report.of("stored")] == [1, 1]


def test_one_that_does_not_end_is_waiting_once(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    op = room.plant(status=5, ago=timedelta(minutes=18))
    monkeypatch.setattr(puller, "time", SimpleNamespace(sleep=lambda s: room.later(seconds=s)))
    report = room.pull(op, wait=True)
    assert [(i.what, i.state) for i in report.items] == [("status", "waiting")]
    assert room.calls["status"] > 2
