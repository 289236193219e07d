"""What all vendors of the sandbox share: the clock, the keys of both sides, the seed, what was called."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from idvtools.sandbox.keys import Secrets
from idvtools.vendors.base import Keys


class Clock:
    """The sandbox's time: the real one, moved by as much as somebody said.

    Examples
    --------
    >>> clock = Clock()
    >>> before = clock.now_ms()
    >>> clock.advance(300)
    >>> 300_000 <= clock.now_ms() - before < 301_000
    True
    """

    def __init__(self) -> None:
        self._offset_ms = 0

    def now_ms(self) -> int:
        """Milliseconds since 1970 (UTC)."""
        return time.time_ns() // 1_000_000 + self._offset_ms

    def set(self, now_ms: int) -> None:
        """Make it another time; it goes on from there."""
        self._offset_ms += now_ms - self.now_ms()

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._offset_ms += round(seconds * 1000)


@dataclass
class World:
    """The state behind every endpoint.

    Parameters
    ----------
    seed : int
        Seed of every choice.
    clock : Clock
        The one time of all vendors.
    keys : mapping
        By vendor, the keys of our side, as the workspace's settings have them: the sandbox verifies with them.
    secrets : Secrets
        What only DEC has: its own private key.
    url : str
        Where the server listens, once it does.
    lock : lock
        Held while state changes: the server and a test in another thread share it.
    calls : Counter
        How often each ``vendor.call`` was asked for, and ``vendor.call:code`` answered.
    """

    seed: int
    clock: Clock
    keys: Mapping[str, Keys]
    secrets: Secrets = field(repr=False)
    url: str = ""
    lock: threading.RLock = field(default_factory=threading.RLock)
    calls: Counter[str] = field(default_factory=Counter)

    def rng(self, purpose: str) -> random.Random:
        """A source of choices for one purpose, the same for equal seeds."""
        return random.Random(f"{self.seed}/server/{purpose}")

    def count(self, vendor: str, call: str, code: object = None) -> None:
        """Count a call, and the code that it was answered with."""
        with self.lock:
            self.calls[f"{vendor}.{call}"] += 1
            if code is not None:
                self.calls[f"{vendor}.{call}:{code}"] += 1
