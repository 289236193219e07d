"""Records of a delimited text: quoted line breaks, quotes that never end, any line ends, with their lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from idvtools.evidence.limits import Budget

#: Lines that one quoted cell may span; beyond, the quote is taken for a stray one.
_SPAN = 60
#: Lines with quotes among them that are tried; and stray quotes in a file, after which no more are.
_TRIES, _STRAYS = 8, 500
_LINE = re.compile(r"\r\n|\r|\n")
_BLANKS = " \t\u3000\u00a0"


@dataclass(slots=True)
class Records:
    """The records of a text and the line that each starts in; `stray` has the lines of quotes that never end."""

    rows: list[list[str]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    stray: list[int] = field(default_factory=list)


def split_lines(text: str) -> list[str]:
    r"""Lines by CR, LF or CRLF, all in one file; other separators (form feed, U+2028) are no line ends.

    Examples
    --------
    >>> split_lines("a\rb\nc\r\nd\n")
    ['a', 'b', 'c', 'd']
    """
    if "\r" not in text:
        lines = text.split("\n")
    elif "\r" not in (plain := text.replace("\r\n", "\n")):
        lines = plain.split("\n")
    else:
        lines = plain.replace("\r", "\n").split("\n")
    if lines and not lines[-1]:
        lines.pop()
    return lines


def split_record(line: str, delimiter: str) -> list[str] | None:
    """Fields of one record; None if a quote is still open at its end.

    A quote opens a field only where the field begins, and closes it only before a delimiter: others are characters.

    Examples
    --------
    >>> split_record('a,"b,c" ,d"e', ",")
    ['a', 'b,c', 'd"e']
    >>> split_record('a,"b', ",") is None
    True
    """
    if '"' not in line:
        return line.split(delimiter)
    fields: list[str] = []
    at, end = 0, len(line)
    while True:
        start = at
        while start < end and line[start] in _BLANKS and line[start] != delimiter:
            start += 1
        if start < end and line[start] == '"':
            closed = _closing(line, start + 1, delimiter)
            if closed is None:
                return None
            stop, after = closed
            fields.append(line[start + 1 : stop].replace('""', '"'))
            at = after
        else:
            stop = line.find(delimiter, at)
            stop = end if stop < 0 else stop
            fields.append(line[at:stop])
            at = stop
        if at >= end:
            return fields
        at += 1  # the delimiter
        if at >= end:
            fields.append("")
            return fields


def _closing(line: str, at: int, delimiter: str) -> tuple[int, int] | None:
    """Where the quote that closes a field stands, and where the field ends."""
    end = len(line)
    while True:
        quote = line.find('"', at)
        if quote < 0:
            return None
        if line.startswith('"', quote + 1):
            at = quote + 2
            # three quotes at a field's end: a doubled one and the closing one
            continue
        after = quote + 1
        while after < end and line[after] in _BLANKS and line[after] != delimiter:
            after += 1
        if after >= end or line[after] == delimiter or line[after] == "\n":
            return quote, after
        at = quote + 1


def split_records(lines: Sequence[str], delimiter: str, expected: int, budget: Budget) -> Records:
    """All records of the lines. `expected` is how many fields most have: it tells a stray quote from a line break.

    Examples
    --------
    >>> from idvtools.evidence.limits import Limits
    >>> found = split_records(['a,"b', 'c",d', '"e,f,g', 'h,i,j'], ",", 3, Budget(Limits()))
    >>> found.rows, found.numbers, found.stray
    ([['a', 'b\\nc', 'd'], ['"e', 'f', 'g'], ['h', 'i', 'j']], [1, 3, 4], [3])
    """
    found = Records()
    at = 0
    while at < len(lines):
        if not at & 1023:
            budget.tick()
        line = lines[at]
        fields = split_record(line, delimiter)
        taken = 1
        if fields is None and len(found.stray) > _STRAYS:
            fields = line.split(delimiter)
            found.stray.append(at + 1)
        elif fields is None:
            fields, taken = _over_lines(lines, at, delimiter, expected, budget)
            if taken == 1:
                found.stray.append(at + 1)
        found.rows.append(fields)
        found.numbers.append(at + 1)
        at += taken
    return found


def _over_lines(lines: Sequence[str], at: int, delimiter: str, expected: int, budget: Budget) -> tuple[list[str], int]:
    """A record that goes on in the next lines, or this line as it stands if that makes better sense."""
    literal = lines[at].split(delimiter)
    joined = lines[at]
    budget.tick()
    tries = 0
    for span in range(1, min(_SPAN, len(lines) - at)):
        following = lines[at + span]
        joined += "\n" + following
        if '"' not in following:
            continue
        tries += 1
        fields = split_record(joined, delimiter)
        if fields is not None:
            if len(fields) != expected and len(literal) == expected:
                break
            return fields, span + 1
        if len(joined) > 1 << 20 or tries == _TRIES:
            break
    return literal, 1
