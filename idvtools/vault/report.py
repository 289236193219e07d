"""What a check of the vault found."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal

from idvtools.errors import Problem

Checked = Literal["full", "stored bytes only (no seal key)", "stored bytes only (wrong seal key)"]
_LISTED = 50


@dataclass(frozen=True, slots=True)
class VaultReport:
    """What `Vault.verify` found; its text is what ``idvtools verify-vault`` prints.

    Parameters
    ----------
    entries, files, bytes : int
        Lines of the custody log, distinct files that they list, and bytes of these as received.
    head : str
        Hash of the last line: written down elsewhere, it proves later that nothing was put back.
    problems : tuple of Problem
        What is damaged, with file and line; keys that are missing or wrong.
    damaged : bool
        Whether any of the problems is about the vault, and not about keys alone.
    notes : tuple of str
        What is no damage: unfinished downloads, what a crash left for the next store to finish.
    checked : str
        ``full``, or ``stored bytes only (…)`` where sealed files could not be opened.
    """

    entries: int
    files: int
    bytes: int
    head: str
    problems: tuple[Problem, ...]
    damaged: bool
    notes: tuple[str, ...]
    checked: Checked

    @property
    def ok(self) -> bool:
        """Whether there is no problem."""
        return not self.problems

    def told(self) -> str:
        """Everything but the problems, of which there is the number."""
        lines = [
            f"evidence vault: {self.entries} entries in the custody log, {self.files} files, {self.bytes:,} bytes",
            f"head of the log: {self.head}",
            f"checked: {self.checked}",
            *(f"note: {note}" for note in self.notes),
        ]
        if not self.ok:
            what = "DAMAGED" if self.damaged else "NOT CHECKED IN FULL"
            lines.append(f"{what}: {len(self.problems)} problem(s)")
        else:
            lines.append("ok: everything is as it was stored" if self.entries else "there is nothing in the vault")
        return "\n".join(lines)

    def listed(self) -> list[str]:
        """The first problems, a line each, and how many more there are."""
        lines = [str(problem) for problem in self.problems[:_LISTED]]
        if len(self.problems) > _LISTED:
            lines.append(f"and {len(self.problems) - _LISTED} more")
        return lines

    def __str__(self) -> str:
        return "\n".join([self.told(), *(f"  {line}" for line in self.listed())])

    def to_json(self) -> str:
        """The JSON text that ``verify-vault --json`` prints."""
        return json.dumps({"ok": self.ok} | asdict(self), ensure_ascii=False)
