"""Cells of a spreadsheet as they are shown: whole numbers whole, decimals exact, times of day as text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from math import isfinite
from typing import Any

from idvtools.evidence.model import Cell

#: From here on a spreadsheet's number does not hold every digit.
TOO_LONG = 10**15
_NEARLY = 10_000  # microseconds by which a stored time may miss its second: days are stored as decimals


def clean_row(row: Sequence[Any], long: list[float] | None = None) -> list[Cell]:
    """A row of cells as the model wants it; numbers that are too long to be exact are put into the list as well.

    Examples
    --------
    >>> clean_row(["", "a", 3.0, 0.1 + 0.2, time(9, 5), timedelta(hours=30), True])
    [None, 'a', 3, Decimal('0.3'), '09:05:00', '30:00:00', True]
    """
    return [
        (v or None)
        if (kind := type(v)) is str
        else number(v, long)
        if kind is float
        else v
        if kind in _AS_IT_IS
        else other(v)
        for v in row
    ]


_AS_IT_IS = frozenset({int, bool, date, type(None)})


def number(value: float, long: list[float] | None = None) -> int | Decimal | None:
    """A number to the 15 digits that spreadsheets show; None where it is none.

    Examples
    --------
    >>> number(1234.5600000000001), number(1e3), number(float("nan"))
    (Decimal('1234.56'), 1000, None)
    """
    if -TOO_LONG < value < TOO_LONG:
        return int(value) if value.is_integer() else Decimal("%.15g" % value)  # noqa: UP031  twice as fast as format()
    if not isfinite(value):
        return None
    if long is not None:
        long.append(value)
    return int(value)


def other(value: Any) -> Cell:
    """Moments to the full second where they nearly are; times of day and spans as text."""
    if isinstance(value, datetime):
        if value.microsecond and (value.microsecond < _NEARLY or value.microsecond > 1_000_000 - _NEARLY):
            return (
                (value + timedelta(microseconds=500_000)).replace(microsecond=0)
                if value.year < 9999
                else value.replace(microsecond=0)
            )
        return value
    if isinstance(value, time):
        return value.isoformat("auto" if value.microsecond else "seconds")
    if isinstance(value, timedelta):
        seconds = round(value.total_seconds())
        minutes, second = divmod(abs(seconds), 60)
        return f"{'-' if seconds < 0 else ''}{minutes // 60:02d}:{minutes % 60:02d}:{second:02d}"
    return value if isinstance(value, str | int | Decimal | date) or value is None else str(value)
