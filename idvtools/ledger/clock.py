"""Times as integers: milliseconds since 1970 in UTC, days since 1970 in a zone.

An engine's own time zones differ from the next engine's; integers do not. A zone becomes the few
moments at which its offset changes, so that a day is one addition and one division everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.types as ir

from idvtools.ledger.rules import SnowflakeId

DAY_MS = 86_400_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SCAN = timedelta(days=7)


def _offset_ms(zone: ZoneInfo, moment: datetime) -> int:
    offset = moment.astimezone(zone).utcoffset()
    assert offset is not None
    return round(offset.total_seconds() * 1000)


def offsets(timezone: str, low_ms: int, high_ms: int) -> list[tuple[int, int]]:
    """Offsets of an IANA zone between two moments.

    Returns
    -------
    list of (int, int)
        ``(from_ms, offset_ms)``: the offset that holds from that moment on; the first one holds from
        `low_ms` on.

    Examples
    --------
    >>> offsets("Asia/Shanghai", 1790784000000, 1793462400000)
    [(1790784000000, 28800000)]
    """
    zone = ZoneInfo(timezone)
    moment, end = _EPOCH + timedelta(milliseconds=low_ms), _EPOCH + timedelta(milliseconds=high_ms)
    found = [(low_ms, _offset_ms(zone, moment))]
    while moment < end:
        after = min(moment + _SCAN, end)
        if _offset_ms(zone, after) != found[-1][1]:
            low, high = moment, after
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) / 2
                if _offset_ms(zone, middle) == found[-1][1]:
                    low = middle
                else:
                    high = middle
            change = round((high - _EPOCH).total_seconds())  # zones change on whole seconds
            while _offset_ms(zone, _EPOCH + timedelta(seconds=change - 1)) != found[-1][1]:
                change -= 1
            found.append((change * 1000, _offset_ms(zone, _EPOCH + timedelta(seconds=change))))
            after = max(after, _EPOCH + timedelta(seconds=change))
        moment = after
    return found


def day_of(ms: ir.IntegerValue, zone_offsets: Sequence[tuple[int, int]]) -> ir.IntegerValue:
    """Day number, in the zone, of a moment; null for null."""
    offset: ir.IntegerValue | int = zone_offsets[0][1]
    if len(zone_offsets) > 1:
        branches = [(ms >= start, value) for start, value in reversed(zone_offsets[1:])]
        offset = ibis.cases(*branches, else_=zone_offsets[0][1])
    return ((ms + offset).cast("int64") // DAY_MS).cast("int32")


def op_number(op_id: ir.StringValue, ids: SnowflakeId) -> ir.IntegerValue:
    """The Snowflake number in an operation's id, null where the id does not fit the form."""
    digits = op_id.substr(ids.prefix).re_extract("^[0-9]+", 0)
    return ibis.ifelse(op_id.re_search(ids.pattern), digits.try_cast("int64"), ibis.null("int64"))


def op_time(number: ir.IntegerValue, ids: SnowflakeId) -> ir.IntegerValue:
    """The moment (ms, UTC) that a Snowflake number carries."""
    return (number >> 22) + ids.epoch_ms
