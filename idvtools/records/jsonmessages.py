"""JSON messages out of log lines, by DuckDB's JSON reader.

One pass pulls all wanted fields as text; a line that is not JSON gives nulls, never an error.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

_MAX_TRIES = 200  # a line of nothing but braces must not cost its length squared
#: A text that says when, with the offset it was written with.
HAS_OFFSET = r":.*(Z|z|[+-]\d\d(:?\d\d)?)\s*$"  # after a time of day: a bare date ends in -05 too


def json_path(dotted: str) -> str:
    """JSON path of a dotted name.

    Examples
    --------
    >>> json_path("data.ext.daSubStatus")
    '$."data"."ext"."daSubStatus"'
    """
    return "$" + "".join(f'."{part}"' for part in dotted.split("."))


def extract(text: str, fields: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """SQL that pulls fields out of the JSON in column `text`.

    Returns
    -------
    expression, columns
        The expression gives a list (null where `text` is not JSON), `columns` maps each field to its
        place in the list, for a column named ``j``.
    """
    paths = ", ".join("'" + json_path(p).replace("'", "''") + "'" for p in fields.values())
    columns = {name: f"j[{i}]" for i, name in enumerate(fields, start=1)}
    return f"try(json_extract_string({text}, [{paths}]))", columns


def moment(text: str) -> str:
    """SQL for the moment (ms UTC) that ISO 8601 text in column `text` names; null if none.

    Text without an offset is read in the session's zone.
    """
    return plausible(f"epoch_ms(try_cast({text} as timestamptz))")


#: SQL for a line of a log that is text and not just a line's end.
NOT_BLANK = "line is not null and line not in ('', chr(10), chr(13) || chr(10))"
#: Moments that records can plausibly name (1990 to 2200, ms UTC); anything else is no moment.
_EARLIEST, _LATEST = 631_152_000_000, 7_258_118_400_000


def plausible(ms: str) -> str:
    """SQL for a moment that lies within two centuries of use, null for any other number."""
    return f"(case when {ms} between {_EARLIEST} and {_LATEST} then {ms} end)"


def whole(text: str, number: str | None = None) -> str:
    """SQL for the whole number that a text is, null for any other text: 10.5, 1e1 and 0x0A are none.

    `number` names a column with ``try_cast(text as bigint)``, where there is one already.
    """
    number = number or f"try_cast({text} as bigint)"
    return f"(case when {number}::varchar = {text} or regexp_full_match({text}, '\\s*-?[0-9]+\\s*') then {number} end)"


def embedded_objects(line: str) -> Iterable[str]:
    """The JSON objects, as text, that stand somewhere inside a line of text.

    Examples
    --------
    >>> list(embedded_objects('12:00 INFO got {"a": {"b": 1}} in 3 ms'))
    ['{"a": {"b": 1}}']
    """
    decoder = json.JSONDecoder()
    start = line.find("{")
    for _ in range(_MAX_TRIES):
        if start < 0:
            return
        try:
            _, end = decoder.raw_decode(line, start)
        except (ValueError, RecursionError):
            end = start + 1
        else:
            yield line[start:end]
        start = line.find("{", end)
