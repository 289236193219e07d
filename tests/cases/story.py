"""What a case says, as plain values. Moments are milliseconds since 1970 in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
EPOCH = 1288834974657  # dec.md section 6
APPS = {"A": "zd1uahd8", "B": "de1jvbe1"}
SITES = {"bank": "chrome-chiyubank-jyj", "tax": "chrome-govhk-tax", "pension": "chrome-pension"}
#: The keys that both apps use, and the moment from which each holds (Shanghai time).
KEYS = {"1": "2026-09-28T02:00:00+08:00", "2": "2026-10-09T02:00:00+08:00", "3": "2026-10-20T02:00:00+08:00"}
DEFAULTS = {
    "timezone": "Asia/Shanghai", "fallback_status": "none", "n_in_one": "auto", "prices": "all", "alone": "",
}  # fmt: skip

How = Literal["signed", "poll", "hash only", "unchecked", "forged", "tampered", "bad signature"]
Settings = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Report:
    """A notification or a poll on a status."""

    how: How
    status: int
    sub_status: str
    json_result: int
    at: int


@dataclass(frozen=True)
class Row:
    """A row of the vendor's statement; it stands in the file of its operation's app and of the day of `created`."""

    status: int
    charge: bool
    package: bool
    created: int
    site: str
    app_id: str
    biz_no: str
    sub_status: str
    json_result: str
    file_app: str

    @property
    def file(self) -> tuple[str, date]:
        """The app and day of the file."""
        return self.file_app, shanghai_day(self.created)


@dataclass(frozen=True)
class Operation:
    """One operation; `sent` None: our log has no time, `op_id` None: the start failed."""

    name: str
    op_id: str | None
    app_id: str
    site: str
    biz_no: str
    id_no: str
    key: str
    logged: bool
    sent: int | None
    error: int
    parent: str | None
    reports: tuple[Report, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Case:
    """A named case: what happened, and what the ledger must say (cells as they are written)."""

    name: str
    place: str
    story: str
    settings: Settings
    missing: frozenset[tuple[str, date]]
    warnings: tuple[str, ...]
    figures: tuple[tuple[str, str], ...]
    operations: tuple[Operation, ...]
    expected: tuple[dict[str, str], ...]

    @property
    def slug(self) -> str:
        """The name as a test's id."""
        return "_".join("".join(c if c.isalnum() else " " for c in self.name.lower()).split())

    def __repr__(self) -> str:
        return f"<{self.name}>"


def milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970, exactly."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def shanghai(moment: int) -> datetime:
    """A moment on Shanghai's clocks."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=moment)).astimezone(SHANGHAI)


def shanghai_day(moment: int) -> date:
    """The day that a moment is on in Shanghai."""
    return shanghai(moment).date()
