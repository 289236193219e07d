"""Canonical JSON: the text that Jackson writes with ``ORDER_MAP_ENTRIES_BY_KEYS``.

A signature over JSON is only as good as the canonical text under it, so this module follows
Jackson to the letter: keys sorted by UTF-16 code unit at every level, no white space between
tokens, non-ASCII text as it is, control characters as ``\\u001F`` in upper case, doubles as
Java's ``Double.toString`` prints them, integers of any size, the last of several equal keys.

Source: dec.md section 1 (the platform's reference code).
"""

from __future__ import annotations

import json
import math
import re
from decimal import Decimal
from typing import Any

import orjson

from idvtools.errors import CryptoError

_SHORT = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
#: A float or a number of 19 digits and more, or what may be one inside a string.
_NOT_PLAIN = re.compile(r"[:\[,]\s*+-?[0-9]++(?:[.eE]|(?<=[0-9]{19}))")
#: The same and more, for a regular expression without look-behind: astral characters, and escapes by number.
_MAY_DIFFER = r"[:\[,]\s*-?[0-9]+[.eE]|[:\[,]\s*-?[0-9]{19}|\\u|[\x{10000}-\x{10FFFF}]"
_ESCAPE = re.compile(r'["\\\x00-\x1f]')


class _Number(str):
    """A number that is already in its canonical text."""


def canonical_json(text: str) -> str:
    """Return `text` (one JSON value) in Jackson's sorted form.

    Parameters
    ----------
    text : str
        JSON as received. White space between tokens is dropped, inside strings it stays.

    Returns
    -------
    str
        The canonical text.

    Raises
    ------
    CryptoError
        `text` is not JSON (NaN, comments and single quotes are not), or is nested too deeply.

    Examples
    --------
    >>> canonical_json('{"b": 1.0, "a": [1e3, "\\u4f60"]}')
    '{"a":[1000.0,"你"],"b":1.0}'
    """
    return canonical_bytes(text).decode("utf-8", "surrogatepass")


def canonical_bytes(text: str) -> bytes:
    """`canonical_json` as UTF-8, which is what signatures are made of (lone surrogates as Java never sends them).

    Raises
    ------
    CryptoError
        As `canonical_json`.

    Examples
    --------
    >>> canonical_bytes('[1, 2]')
    b'[1,2]'
    """
    if not isinstance(text, str):
        raise CryptoError("JSON text is expected: decode the bytes first")
    # Without escapes, floats, long integers and astral characters orjson's text is Jackson's: it sorts by UTF-8,
    # which is the order of UTF-16 below the astral planes, and the control characters that the two write
    # differently need an escape to get in. That is nearly every message, and four times as fast.
    astral = not text.isascii() and max(text) > "\uffff"
    if text[:1] in "{[" and not ("\\" in text and "\\u" in text) and not astral and not _NOT_PLAIN.search(text):
        try:
            return orjson.dumps(orjson.loads(text), option=orjson.OPT_SORT_KEYS)
        except (ValueError, TypeError):
            pass  # not JSON, or nested too deeply for orjson: the careful way decides
    parts: list[str] = []
    readable = True
    try:
        value = json.loads(text, parse_float=_double, parse_int=_integer, parse_constant=_no_constant)
        _write(value, parts)
    except (ValueError, TypeError, RecursionError):
        readable = False
    if not readable:  # raised out here, for json's error holds the whole text
        raise CryptoError("the text is not JSON that can be put in canonical form")
    return "".join(parts).encode("utf-8", "surrogatepass")


def canonical_column(texts: Any) -> list[bytes | None]:
    """`canonical_bytes` of each text of a column; null where a text is null or no JSON.

    Parameters
    ----------
    texts : pyarrow.Array or pyarrow.ChunkedArray
        JSON texts.

    Examples
    --------
    >>> import pyarrow as pa
    >>> canonical_column(pa.array(['{"b": 1, "a": 2.50}', "{", None]))
    [b'{"a":2.5,"b":1}', None, None]
    """
    import pyarrow as pa  # noqa: PLC0415  one text should not cost its import
    import pyarrow.compute as pc  # noqa: PLC0415

    careful = pc.fill_null(pc.match_substring_regex(texts, _MAY_DIFFER), False)
    found: list[bytes | None] = []
    # As bytes: nobody looks at the characters, and orjson reads and writes UTF-8.
    raw = texts.cast(pa.large_binary()).to_pylist()
    for text, slow in zip(raw, careful.to_pylist(), strict=True):
        if slow or not text or text[0] not in b"{[":
            found.append(None if text is None else _carefully(text))
            continue
        try:
            found.append(orjson.dumps(orjson.loads(text), option=orjson.OPT_SORT_KEYS))
        except (ValueError, TypeError):  # no JSON, or nested too deeply for orjson
            found.append(_carefully(text))
    return found


def _carefully(text: bytes) -> bytes | None:
    try:
        return canonical_bytes(text.decode("utf-8"))
    except CryptoError:
        return None


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _integer(digits: str) -> _Number:
    return _Number("0" if digits == "-0" else digits)


def _double(digits: str) -> _Number:
    return _Number(java_double(float(digits)))


def java_double(value: float) -> str:
    """Text of a double as ``Double.toString`` gives it (Jackson quotes what is not finite).

    Examples
    --------
    >>> [java_double(x) for x in (0.1, 1e7, 123456.0, 1e-4, -0.0)]
    ['0.1', '1.0E7', '123456.0', '1.0E-4', '-0.0']
    """
    if math.isinf(value):
        return '"Infinity"' if value > 0 else '"-Infinity"'
    if value == 0:
        return "-0.0" if math.copysign(1, value) < 0 else "0.0"
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(exponent, int)
    text = "".join(map(str, digits))
    point = len(text) + exponent  # the decimal point stands after this many digits
    if 1e-3 <= abs(value) < 1e7:
        if point <= 0:
            text = "0." + "0" * -point + text
        elif point >= len(text):
            text = text + "0" * (point - len(text)) + ".0"
        else:
            text = text[:point] + "." + text[point:]
    else:
        text = f"{text[0]}.{text[1:] or '0'}E{point - 1}"
    return ("-" if sign else "") + text


def _utf16(item: tuple[str, Any]) -> bytes:
    return item[0].encode("utf-16-be", "surrogatepass")


def _string(text: str) -> str:
    return '"' + _ESCAPE.sub(lambda m: _SHORT.get(m[0]) or f"\\u{ord(m[0]):04X}", text) + '"'


def _write(value: Any, parts: list[str]) -> None:
    if isinstance(value, _Number):
        parts.append(value)
    elif isinstance(value, str):
        parts.append(_string(value))
    elif isinstance(value, dict):
        parts.append("{")
        for i, (key, item) in enumerate(sorted(value.items(), key=_utf16)):
            parts.append(("," if i else "") + _string(key) + ":")
            _write(item, parts)
        parts.append("}")
    elif isinstance(value, list):
        parts.append("[")
        for i, item in enumerate(value):
            if i:
                parts.append(",")
            _write(item, parts)
        parts.append("]")
    else:
        parts.append({None: "null", True: "true", False: "false"}[value])
