"""What could not be read: kept with its place and reason, never with clear personal data."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Reject:
    """A line or row that could not be read."""

    file: str
    line: int
    reason: str


@dataclass
class Rejects:
    """Rejects of one run, in the order they were found."""

    items: list[Reject] = field(default_factory=list)
    by_file: Counter[str] = field(default_factory=Counter)

    def add(self, file: str, line: int, reason: str) -> None:
        """Note a reject by its place and reason.

        What the line said is not kept: in a line that cannot be read nothing tells which words are a name
        or a key.
        """
        self.items.append(Reject(file, line, reason))
        self.by_file[file] += 1

    def sorted(self) -> list[Reject]:
        """All rejects by file and line."""
        return sorted(self.items, key=lambda r: (r.file, r.line, r.reason))
