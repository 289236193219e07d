"""How much of a file is read: what is beyond is an error, not an accident."""

from __future__ import annotations

import ctypes
import os
import time
from dataclasses import dataclass, field

from idvtools.errors import EvidenceError

_EVERY = 0.02  # seconds between two looks at the memory: a look takes some 10 microseconds
_STATM = "/proc/self/statm"
_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one reading. All members of all archives count together.

    Parameters
    ----------
    file_bytes : int
        Bytes of the file, and of each member.
    total_bytes : int
        Bytes of all members, unpacked.
    ratio : int
        How many times a member may be larger unpacked (from 1 MB on).
    members, depth : int
        Members in all; archives within archives.
    cells : int
        Cells of all tables.
    pages : int
        Pages of a PDF.
    seconds : float
        Time that it may take.
    memory : int
        Bytes by which the process may grow meanwhile, as far as the system tells.
    """

    file_bytes: int = 512 << 20
    total_bytes: int = 256 << 20
    ratio: int = 200
    members: int = 2_000
    depth: int = 4
    cells: int = 20_000_000
    pages: int = 2_000
    seconds: float = 15.0
    memory: int = 6 << 30


@dataclass(slots=True)
class Budget:
    """What is left of the limits during one reading."""

    limits: Limits
    until: float = field(init=False)
    bytes_left: int = field(init=False)
    members_left: int = field(init=False)
    cells_left: int = field(init=False)
    _look: float = field(init=False, default=0.0)
    _before: int = field(init=False)

    def __post_init__(self) -> None:
        self._before = resident()
        self.until = time.monotonic() + self.limits.seconds
        self.bytes_left = self.limits.total_bytes
        self.members_left = self.limits.members
        self.cells_left = self.limits.cells

    def tick(self) -> None:
        """Raise EvidenceError if time or memory is used up; to be called in every loop that a file can make long."""
        now = time.monotonic()
        if now > self.until:
            raise EvidenceError(f"reading took longer than {self.limits.seconds:g} s; it was given up")
        if now > self._look:
            self._look = now + _EVERY
            if resident() - self._before > self.limits.memory and self._after_giving_back() > self.limits.memory:
                raise EvidenceError(f"reading took more than {self.limits.memory >> 20} MB of memory; it was given up")

    def _after_giving_back(self) -> int:
        """How much it grew, without what was freed already: C libraries keep that for themselves."""
        start = time.monotonic()
        give_back()
        now = time.monotonic()
        self._look = now + 10 * (now - start) + _EVERY  # it takes its time: hardly more than a tenth of all
        return resident() - self._before

    def take_bytes(self, count: int) -> None:
        """Take unpacked bytes, or raise EvidenceError."""
        self.bytes_left -= count
        if self.bytes_left < 0:
            raise EvidenceError(f"unpacks to more than {self.limits.total_bytes >> 20} MB")

    def take_member(self) -> None:
        """Take a member, or raise EvidenceError."""
        self.members_left -= 1
        if self.members_left < 0:
            raise EvidenceError(f"holds more than {self.limits.members} files")

    def take_cells(self, count: int) -> None:
        """Take cells, or raise EvidenceError."""
        self.cells_left -= count
        if self.cells_left < 0:
            raise EvidenceError(f"holds more than {self.limits.cells} cells")
        self.tick()


def resident() -> int:
    """Bytes of memory that this process holds; 0 where the system does not tell (only Linux does, at no cost)."""
    try:
        with open(_STATM, "rb") as told:
            return int(told.read().split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        return 0


def give_back() -> None:
    """Give memory that was freed back to the system, where the C library can (glibc does it on demand only)."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None
    if trim is not None:
        trim(0)
