"""How hard a platform is asked: so many calls a second, so many at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Pace:
    """Spaces calls out, and lets only so many run at a time. Shared by all threads of a run.

    Parameters
    ----------
    per_second : float or None
        Calls a second; None: no limit.
    in_flight : int
        Calls at a time.

    Examples
    --------
    >>> pace = Pace(per_second=1000, in_flight=2)
    >>> with pace.turn():
    ...     "one call"
    'one call'
    """

    def __init__(self, per_second: float | None = None, in_flight: int = 8) -> None:
        self._gap = 1 / per_second if per_second else 0.0
        self._places = threading.BoundedSemaphore(in_flight)
        self._lock = threading.Lock()
        self._next = 0.0

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a place and for the time of the next call."""
        with self._places:
            self._wait()
            yield

    def _wait(self) -> None:
        if not self._gap:
            return
        with self._lock:
            due = max(self._next, time.monotonic())
            self._next = due + self._gap
        if (wait := due - time.monotonic()) > 0:
            time.sleep(wait)
