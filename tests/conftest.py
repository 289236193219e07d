"""What several test files share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pull_room
import pytest
from sandbox_room import Room, room


@pytest.fixture(name="room")
def pull_room_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pull_room.Room]:
    """A workspace and the sandbox that it pulls from."""
    with pull_room.opened_room(tmp_path, monkeypatch) as opened:
        yield opened


@pytest.fixture(scope="module")
def shared() -> Iterator[Room]:
    with room(mistakes=False) as found:
        yield found


@pytest.fixture
def dec(shared: Room) -> Iterator[Room]:
    """The sandbox that most tests of a file share; what one of them switches on is off for the next."""
    yield shared
    shared.reset()
