"""Periods: from what the user asked for, and from what the records span."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime

from idvtools.errors import InputError, NoDataError
from idvtools.ledger.rules import Period, day_number
from idvtools.records.intake import Intake, data_span


def now() -> datetime:
    """The time, or the one that SOURCE_DATE_EPOCH fixes."""
    fixed = os.environ.get("SOURCE_DATE_EPOCH")
    if fixed is None:
        return datetime.now(UTC)
    try:
        return datetime.fromtimestamp(int(fixed), UTC)
    except (ValueError, OverflowError, OSError):
        raise InputError("SOURCE_DATE_EPOCH is no number of seconds since 1970") from None


def period_of(month: str | None, first: date | str | None, last: date | str | None) -> Period:
    """A month, or the days from the first to the last."""
    if (month is None) == (first is None and last is None):
        raise InputError("give either a month, or the first and the last day")
    if month is not None:
        return Period.month(month)
    if first is None or last is None:
        raise InputError("a period needs both its first and its last day")
    try:
        return Period(*(d if isinstance(d, date) else datetime.strptime(d, "%Y-%m-%d").date() for d in (first, last)))  # noqa: DTZ007
    except ValueError:
        raise InputError("a day is written YYYY-MM-DD, for example 2026-10-01") from None


def whole_span(intake: Intake, zone: str) -> Period:
    """All days that the records name."""
    span = data_span(intake.con, intake.context.books.ids, zone)
    if span is None:
        raise NoDataError("the workspace holds no operation and no statement row")
    return Period(*span)


def require_data(intake: Intake, period: Period, zone: str) -> None:
    """A month that nothing is known about is a slip of the keyboard, not a month of zeros."""
    days = {day_number(d) for d in period.days()}
    if any(day in days for _, day in intake.covered):
        return
    span = data_span(intake.con, intake.context.books.ids, zone)
    if span is None:
        raise NoDataError(f"no data for {period}: the workspace holds no operation and no statement row")
    if span[1] < period.first or period.last < span[0]:
        raise NoDataError(f"no data for {period}: the workspace's records span {span[0]} to {span[1]}")
