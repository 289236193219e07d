"""Messages to us in whatever a back end logged: wrapped in other JSON, in text, over several lines, escaped."""

from __future__ import annotations

import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any, NamedTuple

from idvtools.records.embedded import Object, find_objects, plain_spellings
from idvtools.vendors.base import Vendor, at_path

_DEPTH = 12
#: A block of text with an object that does not end is kept for the lines that follow up to this many characters.
_MOST_KEPT = 16 << 20
_TIMES = (
    "received_at", "@timestamp", "time_iso8601", "timestamp", "time", "ts", "datetime", "logged_at", "log_time",
    "asctime", "date",
)  # fmt: skip
_MONTHS = {
    m: i for i, m in enumerate(["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], 1)
}
_STAMP = re.compile(
    r"(?<![0-9])(?:"
    r"(?P<date>20\d\d[-/]\d\d[-/]\d\d)[ T](?P<time>\d\d:\d\d:\d\d(?:[.,]\d{1,9})?)\s?(?P<zone>Z|[+-]\d\d:?\d\d(?!\d))?"
    r"|(?P<day>\d\d)/(?P<month>[A-Z][a-z]{2})/(?P<year>20\d\d):(?P<clock>\d\d:\d\d:\d\d) (?P<offset>[+-]\d{4})"
    r")"
)
_EPOCH = re.compile(r"1\d{9}(?:\d{3})?(?:\.\d+)?")


class Found(NamedTuple):
    """A message: the body's text, or our envelope's, where `enveloped`.

    `logged_at` is when the log says that it was written (ISO 8601), `headers` are those that stood beside it (JSON).
    """

    text: str
    enveloped: bool
    logged_at: str | None = None
    headers: str | None = None


@dataclass
class Searched:
    """What a block of lines held: messages with the number of the line that each begins in, and lines without any."""

    found: list[tuple[int, Found]]
    rejected: list[tuple[int, str]]
    kept: tuple[list[str], list[int]]


class Finder:
    """Finds the messages of vendors.

    Parameters
    ----------
    declared : sequence of Vendor
        Those that send something.
    """

    def __init__(self, declared: Sequence[Vendor]) -> None:
        callbacks = [v.callbacks for v in declared if v.callbacks]
        self._markers = tuple(c.marker for c in callbacks)
        self.headers = frozenset(h for c in callbacks for h in c.headers)
        #: A text without any of these words holds no message, however it is escaped.
        self.hints = tuple(m.rpartition(".")[2] for m in self._markers)

    def is_message(self, value: Mapping[str, Any]) -> bool:
        """Whether a JSON object is the body of a message of any vendor."""
        return any(at_path(value, marker) not in (None, "") for marker in self._markers)

    def may_hold(self, text: str) -> bool:
        """Whether it is worth while to look into a text."""
        return any(hint in text for hint in self.hints)

    def unwrap(self, value: Any, text: str | None = None, depth: int = 0) -> Iterator[Found]:
        """The messages that are, or stand somewhere in, a JSON value; `text` is the value's own, where it is known."""
        if depth > _DEPTH:
            return
        if isinstance(value, str):
            if self.may_hold(value):
                yield from self._in_text(value, depth)
        elif isinstance(value, list):
            for item in value:
                yield from self.unwrap(item, None, depth + 1)
        elif isinstance(value, dict):
            message, envelope = self.is_message(value), self._is_envelope(value)
            if message or envelope:
                yield Found(text or _dump(value), enveloped=not message)
            else:
                yield from self._unwrap_fields(value, depth)

    def _unwrap_fields(self, value: Mapping[str, Any], depth: int) -> Iterator[Found]:
        at, headers = _time_in(value), self._headers_in(value)
        for item in value.values():
            for found in self.unwrap(item, None, depth + 1):
                beside = None if found.enveloped else headers
                yield found._replace(logged_at=found.logged_at or at, headers=found.headers or beside)

    def _is_envelope(self, value: Mapping[str, Any]) -> bool:
        body = value.get("body")
        if isinstance(body, str) and self.may_hold(body):
            try:
                body = json.loads(body)
            except (ValueError, RecursionError):
                return False
        return isinstance(body, dict) and self.is_message(body)

    def _headers_in(self, value: Mapping[str, Any]) -> str | None:
        """Headers with signatures beside a body: in an object of their own, or as fields of the log (nginx)."""
        for place in (value, *(v for v in value.values() if isinstance(v, dict))):
            plain = {header_name(k): v for k, v in place.items()}
            if self.headers & plain.keys():
                return json.dumps({h: plain[h] for h in self.headers & plain.keys()})
        return None

    def _in_text(self, text: str, depth: int) -> Iterator[Found]:
        anything = False
        for candidate in (text, *plain_spellings(text)):
            for item in find_objects(candidate):
                if isinstance(item, Object):
                    for found in self.unwrap(item.value, candidate[item.begin : item.end], depth + 1):
                        anything = True
                        yield found._replace(logged_at=found.logged_at or time_of_line(candidate[: item.begin]))
            if anything:
                return

    def search(self, lines: Sequence[str], numbers: Sequence[int], *, more: bool = False) -> Searched:
        """All messages in lines that follow each other.

        Parameters
        ----------
        lines, numbers
            The lines, with their ends, and their numbers.
        more : bool
            Whether lines follow: an object that does not end here is kept for them.
        """
        text = "".join(lines)
        begins = [0, *accumulate(map(len, lines))]
        result = Searched([], [], ([], []))
        read, parsed = [False] * len(lines), [False] * len(lines)
        before = 0
        for item in find_objects(text, more=more) if more or self.may_hold(text) else ():
            begin, end = (item, item + 1) if isinstance(item, int) else (item.begin, item.end)
            first, last = bisect_right(begins, begin) - 1, bisect_left(begins, end)
            if isinstance(item, int):
                if begins[-1] - begins[first] <= _MOST_KEPT and not read[first]:
                    result.kept = (list(lines[first:]), list(numbers[first:]))
                    read[first:] = [True] * (len(lines) - first)
                break
            messages = list(self.unwrap(item.value, text[begin:end]))
            (read if messages else parsed)[first:last] = [True] * (last - first)
            if messages:
                at = None if messages[0].logged_at else time_of_line(text[max(before, begin - 1000) : begin])
                result.found += [(numbers[first], m._replace(logged_at=m.logged_at or at)) for m in messages]
            before = end
        for i, (line, number) in enumerate(zip(lines, numbers, strict=True)):
            if not read[i]:
                self._search_line(line, number, result, parsed=parsed[i])
        return result

    def _search_line(self, line: str, number: int, result: Searched, *, parsed: bool) -> None:
        """A line that has no message in it as it stands: it may be escaped."""
        hinted = self.may_hold(line)
        messages = list(self._in_text(line, 0)) if hinted else []
        result.found += [(number, m) for m in messages]
        if not messages:
            result.rejected.append((number, (NO_ID if parsed else BROKEN) if hinted else NOTHING))


NOTHING = "no notification in this line"
NO_ID = "no operation id in the JSON of this line"
BROKEN = "what looks like a notification in this line cannot be read: broken, cut off, or escaped in an unknown way"


def _dump(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)


def header_name(name: str) -> str:
    """A header's name as nginx and other logs spell it, in the one spelling of this house."""
    return name.lower().removeprefix("http_").replace("_", "-")


def _time_in(value: Mapping[str, Any]) -> str | None:
    for name in _TIMES:
        stamp = value.get(name)
        if isinstance(stamp, str) and (at := time_of_line(stamp)):
            return at
        if not isinstance(stamp, bool) and (found := _EPOCH.fullmatch(str(stamp))):
            number = float(found[0])
            return datetime.fromtimestamp(number / 1000 if number > 1e11 else number, UTC).isoformat()
    return None


def time_of_line(text: str) -> str | None:
    """The first moment in the last line of a text, or else the last one before it, as ISO 8601.

    Examples
    --------
    >>> time_of_line("2026-10-01 08:00:00,123 INFO got "), time_of_line("10.0.0.1 [01/Oct/2026:08:00:00 +0800] ")
    ('2026-10-01T08:00:00.123', '2026-10-01T08:00:00+08:00')
    """
    start = text.rfind("\n") + 1
    found = _STAMP.search(text, start)
    for earlier in _STAMP.finditer(text, 0, start) if found is None else ():
        found = earlier
    if found is None:
        return None
    if found["date"]:
        zone = found["zone"] or ""
        if len(zone) == 5:
            zone = f"{zone[:3]}:{zone[3:]}"
        return f"{found['date'].replace('/', '-')}T{found['time'].replace(',', '.')}{zone}"
    month = _MONTHS.get(found["month"])
    if month is None:
        return None
    offset = found["offset"]
    return f"{found['year']}-{month:02d}-{found['day']}T{found['clock']}{offset[:3]}:{offset[3:]}"
