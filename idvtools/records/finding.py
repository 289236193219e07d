"""Messages to us in whatever a back end logged: wrapped in other JSON, in text, over several lines, escaped."""

from __future__ import annotations

import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate, chain
from typing import Any, NamedTuple

from idvtools.records.embedded import Object, find_objects, plain_spellings, whole_characters
from idvtools.vendors.base import Vendor, at_path

_DEPTH = 12
#: A block of text with an object that does not end is kept for the lines that follow up to this many characters.
_MOST_KEPT = 16 << 20
TIMES = (
    "@timestamp", "time_iso8601", "timestamp", "time", "ts", "datetime", "logged_at", "log_time",
    "asctime", "date", "timeMillis", "msec", "__time__", "__TIMESTAMP__",
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
_OFFSET = re.compile(r"T.*(?:Z|[+-]\d\d:?\d\d)$")
#: A text without an opening brace, however it is escaped, or a name in quotes merely mentions a message.
_BRACE = re.compile(r'\{|%(?:25)*7[Bb]|&#(?:123|[xX]7[Bb]);|\\x7[Bb]|\\u007[Bb]|"\s*:')


class Found(NamedTuple):
    """A message: the body's text, or our envelope's, where `enveloped`.

    `logged_at` is when the log says that it was written (ISO 8601), `headers` are those that stood beside it (JSON),
    `received_at` is what a field of that name around it says.
    """

    text: str
    enveloped: bool
    logged_at: str | None = None
    headers: str | None = None
    received_at: str | None = None


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
        self._answers = tuple(c.answer for c in callbacks)
        self.headers = frozenset(h for c in callbacks for h in c.headers)
        #: Characters that may be looked at for one line: text escaped in text must not cost its length squared.
        self._left = 0
        #: A text without any of these words holds no message, however it is escaped.
        self.hints = tuple(m.rpartition(".")[2] for m in self._markers)

    def is_message(self, value: Mapping[str, Any]) -> bool:
        """Whether a JSON object is the body of a message of any vendor."""
        return any(
            at_path(value, marker) not in (None, "") and (answer is None or at_path(value, answer) is None)
            for marker, answer in zip(self._markers, self._answers, strict=True)
        )

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
                at = _time_in(value) if envelope and not message and not value.get("received_at") else None
                yield Found(whole_characters(text or _dump(value)), enveloped=not message, logged_at=at)
            else:
                yield from self._unwrap_fields(value, depth)

    def _unwrap_fields(self, value: Mapping[str, Any], depth: int) -> Iterator[Found]:
        at, headers, received = _time_in(value), self._headers_in(value), value.get("received_at")
        told = str(received) if isinstance(received, str | int | float) and not isinstance(received, bool) else None
        for item in value.values():
            for found in self.unwrap(item, None, depth + 1):
                beside = None if found.enveloped else headers
                yield found._replace(
                    logged_at=_surer(found.logged_at, at),
                    headers=found.headers or beside,
                    received_at=found.received_at or told,
                )

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
        for candidate in chain([text], plain_spellings(text)):
            self._left -= len(candidate)
            if self._left < 0:
                return
            for found in self._in_candidate(candidate, depth):
                anything = True
                yield found._replace(logged_at=found.logged_at or _time_in_front(text))
            if anything:
                return

    def _in_candidate(self, text: str, depth: int) -> Iterator[Found]:
        before, headers = 0, None
        for item in find_objects(text):
            if not isinstance(item, Object):
                continue
            messages = list(self.unwrap(item.value, text[item.begin : item.end], depth + 1))
            for found in messages:
                at = found.logged_at or time_of_line(text[before : item.begin]) or time_of_line(text[: item.begin])
                yield found._replace(logged_at=at, headers=found.headers or (None if found.enveloped else headers))
            before, headers = item.end, None if messages else self._headers_in(item.value)

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
        self._left = 32 * len(text) + (1 << 16)
        begins = [0, *accumulate(map(len, lines))]
        result = Searched([], [], ([], []))
        read, parsed = [False] * len(lines), [False] * len(lines)
        before, on_line, front, headers = 0, -1, (0, 0), None
        for item in find_objects(text, more=more) if more or self.may_hold(text) else ():
            begin, end = (item, item + 1) if isinstance(item, int) else (item.begin, item.end)
            first, last = bisect_right(begins, begin) - 1, bisect_left(begins, end)
            if isinstance(item, int):
                if begins[-1] - begins[first] <= _MOST_KEPT and not read[first]:
                    result.kept = (list(lines[first:]), list(numbers[first:]))
                    read[first:] = [True] * (len(lines) - first)
                break
            messages = list(self.unwrap(item.value, text[begin:end]))
            if first != on_line:
                # What stands in front of the first object of a line is said of all of them.
                on_line, front, headers = first, (max(before, begin - 1000), begin), None
            if messages:
                read[first:last] = [True] * (last - first)
                at = time_of_line(text[max(before, begin - 1000) : begin]) or time_of_line(text[front[0] : front[1]])
                result.found += [
                    (
                        numbers[first],
                        m._replace(
                            logged_at=m.logged_at or at, headers=m.headers or (None if m.enveloped else headers)
                        ),
                    )
                    for m in messages
                ]
            elif not parsed[first] and text[end : end + 1] not in ("}", "]") and self._is_whole(item.value):
                parsed[first:last] = [True] * (last - first)
            headers = None if messages else self._headers_in(item.value)
            before = end
        for i, (line, number) in enumerate(zip(lines, numbers, strict=True)):
            if not read[i]:
                self._search_line(line, number, result, parsed=parsed[i])
        return result

    def _is_whole(self, value: Any) -> bool:
        """Whether an object without a message has our words in it, and none of them inside of cut-off text."""
        if isinstance(value, str):
            return not (self.may_hold(value) and _BRACE.search(value))
        if isinstance(value, dict):
            names = any(hint in value for hint in self.hints) or any(self.may_hold(str(v)) for v in value.values())
            return names and all(self._is_whole(v) for v in value.values() if isinstance(v, str))
        return True

    def _search_line(self, line: str, number: int, result: Searched, *, parsed: bool) -> None:
        """A line that has no message in it as it stands: it may be escaped."""
        self._left = 32 * len(line) + (1 << 16)
        hinted = self.may_hold(line) and _BRACE.search(line) is not None
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


def looks_packed(text: str) -> bool:
    """Whether an object may stand in a text, however it is escaped."""
    return _BRACE.search(text) is not None


def _time_in_front(text: str) -> str | None:
    brace = text.find("{")
    return time_of_line(text[:brace]) if brace > 0 else None


def _surer(inner: str | None, outer: str | None) -> str | None:
    """Of two moments the inner one, unless only the outer one tells its zone: containers' clocks are in UTC."""
    if inner and outer and _OFFSET.search(outer) and not _OFFSET.search(inner):
        return outer
    return inner or outer


def _time_in(value: Mapping[str, Any]) -> str | None:
    clock = value.get("instant")
    if isinstance(clock, dict) and _EPOCH.fullmatch(str(clock.get("epochSecond"))):  # log4j2
        nano = clock.get("nanoOfSecond")
        ms = nano // 1_000_000 if isinstance(nano, int) and 0 <= nano < 1_000_000_000 else 0
        return datetime.fromtimestamp(int(clock["epochSecond"]) + ms / 1000, UTC).isoformat()
    for name in TIMES:
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
