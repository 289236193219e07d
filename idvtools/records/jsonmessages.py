"""JSON messages out of log lines, by DuckDB's JSON reader.

One pass pulls all wanted fields as text; a line that is not JSON gives nulls, never an error.
"""

from __future__ import annotations

from collections.abc import Mapping

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


def extract(text: str, fields: Mapping[str, str], column: str = "j") -> tuple[str, dict[str, str]]:
    """SQL that pulls fields out of the JSON in column `text`.

    Returns
    -------
    expression, columns
        The expression gives a list (null where `text` is not JSON), `columns` maps each field to its
        place in the list, for a column of the name `column`.
    """
    paths = ", ".join("'" + json_path(p).replace("'", "''") + "'" for p in fields.values())
    columns = {name: f"{column}[{i}]" for i, name in enumerate(fields, start=1)}
    return f"try(json_extract_string({text}, [{paths}]))", columns


def moment(text: str) -> str:
    """SQL for the moment (ms UTC) that ISO 8601 text in column `text` names; null if none.

    Text without an offset is read in the session's zone.
    """
    return plausible(f"epoch_ms(coalesce(try_cast({text} as timestamptz), {_spaced(text)}))")


def instant(text: str) -> str:
    """As `moment`, of a time that may have been written as a Unix time in seconds or milliseconds."""
    seconds = f"""case when regexp_full_match({text}, '1[0-9]{{9}}(\\.[0-9]+)?')
        then round(try_cast({text} as decimal(28, 9)) * 1000)::bigint
        when regexp_full_match({text}, '1[0-9]{{12}}') then try_cast({text} as bigint) end"""
    return plausible(f"coalesce(epoch_ms(try_cast({text} as timestamptz)), epoch_ms({_spaced(text)}), {seconds})")


def _spaced(text: str) -> str:
    """SQL for a time with a space in front of its offset."""
    return f"""case when {text} like '% %:%' then try_cast(
        regexp_replace({text}, '\\s+([+-][0-9]{{2}}:?[0-9]{{2}})\\s*$', '\\1') as timestamptz) end"""


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
