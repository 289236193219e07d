"""The month a workspace is written for: its days, its special days, its key rotations, its ids.

Nothing here reads a clock: every moment is a number of milliseconds (UTC) within the month that was
asked for, or a few hours beyond it.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from itertools import pairwise
from typing import Literal
from zoneinfo import ZoneInfo

from idvtools.ledger.rules import Period

APPS = ("zd1uahd8", "de1jvbe1")
SITES = ("chrome-chiyubank-jyj", "chrome-govhk-tax")
COMBO_SITE = "chrome-hk-combo"
SNOWFLAKE_EPOCH = 1288834974657

RequestKind = Literal["jsonl", "csv", "parquet"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STRETCHES: tuple[tuple[int, RequestKind, str], ...] = (
    (1, "jsonl", "start-vdi-1.jsonl"),
    (7, "jsonl", "start-vdi-2.jsonl"),
    (13, "csv", "start-vdi-3-export.csv"),
    (16, "parquet", "start-vdi-4.parquet"),
    (20, "jsonl", "start-vdi-5.jsonl.gz"),
    (26, "jsonl", "start-vdi-6.jsonl"),
)
#: App, label, day of the month (-3: three days before the first), hour, minute, whether the settings know it.
_ROTATIONS = (
    (0, "a", -3, 2, 0, True),
    (0, "b", 9, 2, 0, True),
    (0, "c", 22, 2, 0, True),
    (1, "a", -3, 2, 30, True),
    (1, "b", 5, 2, 30, True),
    (1, "c", 18, 2, 30, True),
    (1, "lost", 24, 1, 30, False),
    (1, "d", 24, 23, 0, True),
)
_MISSING = (1, 11)
_LOST = (1, 24)


@dataclass(frozen=True, slots=True)
class KeySlot:
    """An AES key of an app: its id, from when (ms UTC) it is used, whether the settings list it."""

    app_id: str
    key_id: str
    valid_from: int
    listed: bool


@dataclass(frozen=True)
class Calendar:
    """A month in the vendor's zone.

    Parameters
    ----------
    month : str
        ``YYYY-MM``.

    Examples
    --------
    >>> calendar = Calendar("2026-10")
    >>> calendar.day_of(calendar.start(date(2026, 10, 3)) - 1)
    datetime.date(2026, 10, 2)
    """

    month: str

    @cached_property
    def zone(self) -> ZoneInfo:
        """The vendor's zone."""
        return ZoneInfo("Asia/Shanghai")

    @cached_property
    def days(self) -> list[date]:
        """Every day of the month."""
        return Period.month(self.month).days()

    @cached_property
    def _starts(self) -> tuple[list[int], list[date]]:
        days = [self.days[0] + timedelta(days=i) for i in range(-5, len(self.days) + 4)]
        return [_ms(datetime.combine(d, time(), self.zone)) for d in days], days

    def start(self, day: date) -> int:
        """The first millisecond of a day."""
        starts, days = self._starts
        return starts[(day - days[0]).days]

    def day_of(self, moment: int) -> date:
        """The day that a moment falls on."""
        starts, days = self._starts
        return days[bisect_right(starts, moment) - 1]

    def local(self, moment: int) -> datetime:
        """A moment as an aware time in the zone."""
        return (_EPOCH + timedelta(milliseconds=moment)).astimezone(self.zone)

    @property
    def missing(self) -> tuple[str, date]:
        """The app and the day whose statement file is absent."""
        return APPS[_MISSING[0]], self.days[_MISSING[1] - 1]

    @property
    def lost(self) -> tuple[str, date]:
        """The app and the day on which requests were encrypted with a key that is lost."""
        return APPS[_LOST[0]], self.days[_LOST[1] - 1]

    @property
    def tax_change(self) -> date:
        """First day of the tax site's second price."""
        return self.days[15]

    @cached_property
    def key_slots(self) -> dict[str, list[KeySlot]]:
        """The AES keys of each app, in order of use."""
        slots: dict[str, list[KeySlot]] = {app: [] for app in APPS}
        for app, label, day, hour, minute, listed in _ROTATIONS:
            when = self.days[0] + timedelta(days=day if day < 0 else day - 1)
            moment = _ms(datetime.combine(when, time(hour, minute), self.zone))
            slots[APPS[app]].append(KeySlot(APPS[app], f"{self.month}{label}", moment, listed))
        return slots

    def key_at(self, app_id: str, moment: int) -> str:
        """Id of the AES key that was in use."""
        return [s for s in self.key_slots[app_id] if s.valid_from <= moment][-1].key_id

    @cached_property
    def rotations(self) -> list[tuple[KeySlot, KeySlot]]:
        """Pairs of neighbouring keys, both known, with a rotation inside the month."""
        pairs = [p for slots in self.key_slots.values() for p in pairwise(slots)]
        return [(old, new) for old, new in pairs if old.listed and new.listed]

    def request_file(self, moment: int) -> tuple[RequestKind, str]:
        """The request log that a start-vdi request of that moment stands in."""
        number = max(1, (self.day_of(moment) - self.days[0]).days + 1)
        stretch = [s for s in _STRETCHES if s[0] <= number][-1]
        return stretch[1], stretch[2]

    def request_kind(self, day: date) -> RequestKind:
        """How the start-vdi requests of a day are logged."""
        return self.request_file(self.start(day))[0]


class DaIds:
    """Makes daIds: the app's id and a Snowflake number of the vendor's clock; never one twice."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._used: set[int] = set()

    def make(self, app_id: str, moment: int, tail: int | None = None) -> str:
        """A new daId made at `moment` (ms UTC); `tail` fixes the number's low bits."""
        number = (moment - SNOWFLAKE_EPOCH) << 22 | (self._rng.getrandbits(22) if tail is None else tail)
        while number in self._used:
            number += 1
        self._used.add(number)
        return f"{app_id}{number}"


def _ms(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)
