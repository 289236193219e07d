"""What could not be read: kept with its place and reason, never with clear personal data."""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa

#: Rejects as a table; `file_id` is the number of the file in the workspace.
SCHEMA = pa.schema([("file_id", pa.int32()), ("line", pa.int64()), ("reason", pa.string())])


@dataclass(frozen=True, slots=True)
class Reject:
    """A line or row that could not be read."""

    file: str
    line: int
    reason: str


@dataclass
class Rejects:
    """Rejects in the order they were found."""

    items: list[Reject] = field(default_factory=list)

    def add(self, file: str, line: int, reason: str) -> None:
        """Note a reject by its place and reason.

        What the line said is not kept: in a line that cannot be read nothing tells which words are a name
        or a key.
        """
        if not self.items or (self.items[-1].line, self.items[-1].file) != (line, file):  # one reason will do
            self.items.append(Reject(file, line, reason))

    def drain(self, file_ids: dict[str, int]) -> pa.Table:
        """What was found so far, as a table, and forget it."""
        items, self.items = self.items, []
        return pa.Table.from_arrays(
            [
                pa.array([file_ids[r.file] for r in items], pa.int32()),
                pa.array([r.line for r in items], pa.int64()),
                pa.array([r.reason for r in items], pa.string()),
            ],
            schema=SCHEMA,
        )
