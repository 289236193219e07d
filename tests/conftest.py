"""What several test files share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sandbox_room import Room, room


@pytest.fixture(scope="module")
def shared() -> Iterator[Room]:
    with room(mistakes=False) as found:
        yield found


@pytest.fixture
def dec(shared: Room) -> Iterator[Room]:
    """The sandbox that most tests of a file share; what one of them switches on is off for the next."""
    yield shared
    shared.reset()
