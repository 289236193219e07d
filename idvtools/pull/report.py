"""What a pull did: one item for each thing that was to be fetched."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args

#: ``stored``: fetched now. ``present``: was there. ``polled``: the vendor told the state. ``waiting``: not there yet,
#: ask again later. ``none``: the vendor has no such file for good. ``lost``: the vendor no longer gives it.
#: ``failed``: something went wrong.
State = Literal["stored", "present", "polled", "waiting", "none", "lost", "failed"]
STATES: tuple[State, ...] = get_args(State)


@dataclass(frozen=True, slots=True)
class Item:
    """A statement, the state of an operation, or the files that one call leads to.

    Parameters
    ----------
    what : str
        Name of the call.
    state : str
        See `State`.
    app_id, op_id, day
        Of what.
    reason : str
        Why it is not there; never a value of an answer.
    files, size : int
        Files that were stored now, and their bytes.
    temporary : bool
        Whether it failed for something that may be over by now.
    """

    what: str
    state: State
    app_id: str | None = None
    op_id: str | None = None
    day: date | None = None
    reason: str = ""
    files: int = 0
    size: int = 0
    temporary: bool = False

    def __str__(self) -> str:
        of = self.op_id or " ".join(str(v) for v in (self.app_id, self.day) if v)
        return f"{self.what} {of}: {self.state}" + (f" ({self.reason})" if self.reason else "")


@dataclass(frozen=True)
class PullReport:
    """All items of a pull; `notes` tell what was not asked for, and why.

    Examples
    --------
    >>> report = PullReport("dec", (Item("statement", "waiting", "zd1uahd8", day=date(2026, 10, 1)),))
    >>> print(report)
    dec: 1 waiting; nothing new
    >>> report.complete
    True
    """

    vendor: str
    items: tuple[Item, ...]
    notes: tuple[str, ...] = ()

    def of(self, *states: State) -> list[Item]:
        """The items in these states."""
        return [i for i in self.items if i.state in states]

    @property
    def counts(self) -> dict[State, int]:
        """How many items are in each state, those in none left out."""
        found = Counter(i.state for i in self.items)
        return {s: found[s] for s in STATES if found[s]}

    @property
    def complete(self) -> bool:
        """Whether nothing went wrong; something may still be waited for, or lost already."""
        return not self.of("failed")

    def __str__(self) -> str:
        files, size = sum(i.files for i in self.items), sum(i.size for i in self.items)
        told = ", ".join(f"{n} {s}" for s, n in self.counts.items()) or "nothing to pull"
        return f"{self.vendor}: {told}; " + (f"{files} new file(s), {size / 1e6:.1f} MB" if files else "nothing new")

    def to_json(self) -> str:
        """``vendor, counts, files, bytes, items[{what, state, app_id, op_id, day, reason, files, size, temporary}]``;
        items that were there already are counted only."""
        told = [
            {**{n: getattr(i, n) for n in i.__slots__}, "day": str(i.day) if i.day else None}
            for i in self.items
            if i.state != "present"
        ]
        content = {
            "vendor": self.vendor,
            "counts": self.counts,
            "files": sum(i.files for i in self.items),
            "bytes": sum(i.size for i in self.items),
            "items": told,
            "notes": self.notes,
        }
        return json.dumps(content, ensure_ascii=False, indent=2)
