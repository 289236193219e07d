"""Dates in the usual Chinese, Japanese and English forms; the order of day and month is decided for a column."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from itertools import pairwise
from typing import Literal

Order = Literal["YMD", "DMY", "MDY"]
Moment = date | datetime

_TIME = (
    r"(?:[T ,]*\s*(?P<half>上午|下午|AM|PM)?\s*(?P<h>\d{1,2})[:时時](?P<mi>\d{2})"
    r"(?:[:分](?P<s>\d{2})(?:[.,](?P<f>\d{1,6})\d*)?)?[秒分]?"
    r"\s*(?P<half2>AM|PM)?\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2})?)?"
)
_YMD = re.compile(
    rf"(?P<y>\d{{4}})\s*[-/.年]\s*(?P<m>\d{{1,2}})\s*[-/.月]\s*(?P<d>\d{{1,2}})\s*日?{_TIME}", re.IGNORECASE
)
_COMPACT = re.compile(rf"(?P<y>(?:19|20)\d\d)(?P<m>\d\d)(?P<d>\d\d)(?:(?P<packed>\d{{6}})|{_TIME})", re.IGNORECASE)
_XXY = re.compile(rf"(?P<a>\d{{1,2}})[-/.](?P<b>\d{{1,2}})[-/.](?P<y>\d{{4}}){_TIME}", re.IGNORECASE)
_SHORT = re.compile(rf"(?P<a>\d{{1,2}})(?P<sep>[-/.])(?P<b>\d{{1,2}})(?P=sep)(?P<c>\d{{2}}){_TIME}", re.IGNORECASE)
_NAMED = re.compile(
    rf"(?P<d>\d{{1,2}})(?:st|nd|rd|th)?[-/ .]*(?P<mon>[A-Za-z]{{3,9}})[-/ .,]*(?P<y>\d{{4}}|\d{{2}}){_TIME}",
    re.IGNORECASE,
)
_NAMED_FIRST = re.compile(
    rf"(?P<mon>[A-Za-z]{{3,9}})[-/ .]*(?P<d>\d{{1,2}})(?:st|nd|rd|th)?[-/ .,]+(?P<y>\d{{4}}){_TIME}", re.IGNORECASE
)
_ERA = re.compile(
    rf"(?P<era>令和|平成|昭和|民國|民国|[RHS])\s*(?P<y>\d{{1,3}}|元)\s*[年./-]\s*(?P<m>\d{{1,2}})\s*[月./-]\s*(?P<d>\d{{1,2}})\s*日?{_TIME}",
    re.IGNORECASE,
)
#: Taiwan counts years from 1911 on, often without a word for it: 113/10/05.
_ROC = re.compile(
    rf"(?P<y>1[0-4]\d)\s*[-/.年]\s*(?P<m>\d{{1,2}})\s*[-/.月]\s*(?P<d>\d{{1,2}})\s*日?{_TIME}", re.IGNORECASE
)
_ERAS = {"令和": 2018, "R": 2018, "平成": 1988, "H": 1988, "昭和": 1925, "S": 1925, "民國": 1911, "民国": 1911}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMES = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_NO_YEAR = re.compile(
    r"(?:0?[1-9]|1[0-2])[-/.月](?:0?[1-9]|[12]\d|3[01])日?|(?:0?[1-9]|[12]\d|3[01])[-/](?:0?[1-9]|1[0-2])"
)
#: A year outside is kept as printed, and said.
PLAUSIBLE = range(1900, 2101)


_DIGIT = re.compile(r"\d")
_USUAL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}:[0-9]{2})?")


def _usual(text: str, *, stamped: bool) -> Moment | None:
    try:
        return datetime.fromisoformat(text) if stamped else date.fromisoformat(text)
    except ValueError:
        return None


def without_year(text: str) -> bool:
    """Whether a cell is a day and a month only: no date, for nobody knows the year.

    Examples
    --------
    >>> without_year("12/29"), without_year("10月1日"), without_year("2026/10"), without_year("1.5")
    (True, True, False, False)
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    return "." not in plain and _NO_YEAR.fullmatch(plain) is not None


def readings(text: str) -> dict[Order, Moment]:
    """Every date that a cell can be, by the order that it would be written in; empty where it is none.

    Examples
    --------
    >>> readings("2026年10月1日")["YMD"], sorted(readings("01/10/2026")), sorted(readings("24/03/2025"))
    (datetime.date(2026, 10, 1), ['DMY', 'MDY'], ['DMY'])
    >>> readings("2026-02-30"), readings("令和8年10月1日")["DMY"], readings("115/10/01")["DMY"]
    ({}, datetime.date(2026, 10, 1), datetime.date(2026, 10, 1))
    """
    plain = (text if text.isascii() else unicodedata.normalize("NFKC", text)).strip()
    if len(plain) > 40 or not plain[:1].isalnum() or _DIGIT.search(plain) is None:
        return {}
    if (usual := _USUAL.fullmatch(plain)) is not None:  # most dates by far
        moment = _usual(plain, stamped=usual[1] is not None)
        return {} if moment is None else {"YMD": moment, "DMY": moment, "MDY": moment}
    for pattern in (_YMD, _COMPACT, _ERA, _ROC, _NAMED, _NAMED_FIRST):
        found = pattern.fullmatch(plain)
        if found is not None:
            moment = _moment(_year(found), _month(found), found["d"], found)
            return {} if moment is None else {"YMD": moment, "DMY": moment, "MDY": moment}
    found = _XXY.fullmatch(plain)
    tried: list[tuple[Order, int, str, str]] = []
    if found is not None:
        tried = [("DMY", int(found["y"]), found["b"], found["a"]), ("MDY", int(found["y"]), found["a"], found["b"])]
    else:
        found = _SHORT.fullmatch(plain)
        if found is not None:
            a, b, c = found["a"], found["b"], found["c"]
            tried = [("YMD", _century(a), b, c), ("DMY", _century(c), b, a), ("MDY", _century(c), a, b)]
    result: dict[Order, Moment] = {}
    for order, year, month, day in tried:
        moment = _moment(year, int(month), day, found) if found is not None else None
        if moment is not None:
            result[order] = moment
    return result


def order_of(
    cells: Mapping[str, Mapping[Order, Moment]], listed: Callable[[], Sequence[Mapping[Order, Moment]]]
) -> tuple[Order | None, bool]:
    """The one order in which a column's cells are dates, and whether others were possible.

    Where two orders fit all cells, the one in which they are sorted is taken; where they are in both, the one in which
    they are days of one month rather than one day of many months; else day before month (as in Hong Kong).

    Parameters
    ----------
    cells : mapping
        The readings of each different text.
    listed : callable
        The readings of all cells in their order; asked for only where two orders fit.

    Examples
    --------
    >>> def order(*texts):
    ...     return order_of({t: readings(t) for t in texts}, lambda: [readings(t) for t in texts])
    >>> order("01/10/2026", "24/10/2026"), order("01/10/2026"), order("13/10/2026", "10/13/2026")
    (('DMY', False), ('DMY', True), (None, False))
    """
    orders: tuple[Order, ...] = ("YMD", "DMY", "MDY")
    fitting = [o for o in orders if all(o in cell for cell in cells.values())]
    if len(fitting) < 2 or all(len({cell[o] for o in fitting}) == 1 for cell in cells.values()):
        return (fitting[0] if fitting else None), False
    everyone = listed()
    in_order = [o for o in fitting if len(everyone) > 2 and _sorted([str(cell[o]) for cell in everyone])]
    if len(in_order) == 1:
        return in_order[0], True
    spans = {o: _days(cells, o) for o in in_order}
    if in_order and max(spans.values()) > 8 * (shortest := min(spans.values())):
        return next(o for o in in_order if spans[o] == shortest), True
    return ("DMY" if "DMY" in fitting else fitting[0]), True


def _days(cells: Mapping[str, Mapping[Order, Moment]], order: Order) -> int:
    """Days from the first to the last."""
    days = [cell[order].toordinal() for cell in cells.values()]
    return max(days) - min(days)


def _sorted(texts: Sequence[str]) -> bool:
    pairs = list(pairwise(texts))
    return all(a <= b for a, b in pairs) or all(a >= b for a, b in pairs)


def _century(text: str) -> int:
    return int(text) + (2000 if int(text) < 70 else 1900)


def _year(found: re.Match[str]) -> int:
    groups = found.groupdict()
    if groups.get("era"):
        return _ERAS[found["era"].upper()] + (1 if found["y"] == "元" else int(found["y"]))
    if len(found["y"]) == 3:
        return int(found["y"]) + 1911
    return _century(found["y"]) if len(found["y"]) == 2 else int(found["y"])


def _month(found: re.Match[str]) -> int:
    name = found.groupdict().get("mon")
    if name is None:
        return int(found["m"])
    low = name.lower()
    if low in _NAMES or low in _MONTHS or low == "sept":
        return _MONTHS.index(low[:3]) + 1
    return 0


def _moment(year: int, month: int, day: str, found: re.Match[str]) -> Moment | None:
    try:
        return _at(date(year, month, int(day)), found)
    except (ValueError, OverflowError):
        return None


def _at(day: date, found: re.Match[str]) -> Moment:
    groups = found.groupdict()
    if groups.get("packed"):
        return datetime.combine(
            day, time(int(found["packed"][:2]), int(found["packed"][2:4]), int(found["packed"][4:]))
        )
    if groups.get("h") is None:
        return day
    hour, half = int(found["h"]), (found["half"] or found["half2"] or "").upper()
    if half in ("PM", "下午") and hour < 12:
        hour += 12
    elif half in ("AM", "上午") and hour == 12:
        hour = 0
    fraction = int((found["f"] or "0").ljust(6, "0"))
    clock = time(hour, int(found["mi"]), int(found["s"] or 0), fraction, tzinfo=_zone(found["zone"]))
    return datetime.combine(day, clock)


def _zone(text: str | None) -> timezone | None:
    if not text:
        return None
    if text.upper() in ("Z", "UTC", "GMT"):
        return UTC
    hours, minutes = int(text[1:3]), int(text[-2:])
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if text[0] == "-" else offset)
