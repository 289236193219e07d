"""What the ledger is told: code table, zone, and the settings that decide. It knows no vendor by name."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import IntEnum
from functools import cached_property
from typing import Literal

from idvtools.errors import InputError

_FIRST_YEAR, _LAST_YEAR = 1990, 2199

FallbackStatus = Literal["none", "statement"]
NInOne = Literal["auto", "children", "parent"]


class Trust(IntEnum):
    """How far a report on a status is believed, least first (billing.md section 1)."""

    REDIRECT = 1
    UNCHECKED = 2
    HASH_ONLY = 3
    POLL = 4
    SIGNED = 5


#: What the ledger's `status_source` says for each trust.
STATUS_SOURCES: dict[Trust, str] = {
    Trust.REDIRECT: "redirect",
    Trust.UNCHECKED: "notification_unchecked",
    Trust.HASH_ONLY: "notification_hash_only",
    Trust.POLL: "poll",
    Trust.SIGNED: "notification_signed",
}


@dataclass(frozen=True, slots=True)
class StatusCode:
    """One row of a vendor's status table.

    `progress` ranks the codes that are not final, the furthest highest; it is 0 for final ones.
    `effective` is the table's own Y/N; what it means before an operation has ended is a rule of
    the ledger (`counts`).
    """

    code: int
    name_zh: str
    name_en: str
    final: bool
    success: bool
    effective: bool
    progress: int
    edition: str
    source: str

    @property
    def counts(self) -> bool | None:
        """Three-valued `effective`: None for a code that may still become effective.

        A code that is not final but already effective (first stage done) stays effective.
        """
        return self.effective if self.final or self.effective else None


@dataclass(frozen=True, slots=True)
class SnowflakeId:
    """The form of a vendor's operation id: app id, decimal Snowflake number, perhaps ``-k`` for a child.

    The number tells when the vendor made it: ``(number >> 22) + epoch_ms`` (dec.md section 6).
    """

    prefix: int
    epoch_ms: int
    min_digits: int = 15
    max_digits: int = 19

    @property
    def pattern(self) -> str:
        """Regular expression (RE2) for the whole id."""
        return rf"^[0-9A-Za-z]{{{self.prefix}}}[0-9]{{{self.min_digits},{self.max_digits}}}(-[0-9]+)?$"

    def time(self, op_id: str) -> datetime | None:
        """UTC time the id was made, None where the id does not fit the form.

        Examples
        --------
        >>> SnowflakeId(8, 1288834974657).time("zd1uahd81589468946623610880").isoformat()
        '2022-11-07T04:05:02.437000+00:00'
        """
        if not re.fullmatch(self.pattern[1:-1], op_id, re.ASCII):
            return None
        number = int(op_id[self.prefix :].partition("-")[0])
        if number >= 1 << 63:
            return None
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=(number >> 22) + self.epoch_ms)


def day_number(day: date) -> int:
    """Days since 1970-01-01.

    Examples
    --------
    >>> day_number(date(1970, 1, 2))
    1
    """
    return day.toordinal() - date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Price:
    """A unit price of one site (or ``*``) from one day on, until `valid_to` (that day included)."""

    site: str
    unit_price: Decimal
    currency: str
    valid_from: date
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class Period:
    """The days asked for, both included, in the workspace's zone."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise InputError(f"the period ends ({self.last}) before it begins ({self.first})")
        if self.first.year < _FIRST_YEAR or self.last.year > _LAST_YEAR:
            raise InputError(f"no records are of a day before {_FIRST_YEAR} or after {_LAST_YEAR}")

    @classmethod
    def month(cls, text: str) -> Period:
        """Period of a calendar month.

        Examples
        --------
        >>> Period.month("2026-02").last
        datetime.date(2026, 2, 28)
        """
        match = re.fullmatch(r"(\d{4})-(\d{2})", text, re.ASCII)
        if not match or not (1 <= int(match[2]) <= 12 and int(match[1]) >= 1970):
            raise InputError("a month is written YYYY-MM, for example 2026-10")
        year, month = int(match[1]), int(match[2])
        return cls(date(year, month, 1), date(year, month, monthrange(year, month)[1]))

    def days(self) -> list[date]:
        """Every day of the period, in order."""
        return [self.first + timedelta(days=i) for i in range((self.last - self.first).days + 1)]

    def __str__(self) -> str:
        return f"{self.first}..{self.last}"


@dataclass(frozen=True)
class Rules:
    """Everything that decides a verdict and an amount."""

    statuses: tuple[StatusCode, ...]
    ids: SnowflakeId
    timezone: str = "Asia/Shanghai"
    fallback_status: FallbackStatus = "none"
    n_in_one: NInOne = "auto"
    prices: tuple[Price, ...] = ()

    @cached_property
    def status_names(self) -> tuple[str, ...]:
        """The names that statuses have, each once: a Parquet dictionary with equal entries is not sound."""
        return tuple(dict.fromkeys(s.name_zh for s in self.statuses))

    @property
    def currency(self) -> str | None:
        """The one currency of all prices, None without prices."""
        return self.prices[0].currency if self.prices else None
