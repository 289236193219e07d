"""JSON objects that stand somewhere in text: inside a line, over several lines, escaped in one of the usual ways."""

from __future__ import annotations

import ast
import html
import json
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import unquote_plus

_MAX_TRIES = 200  # a line of nothing but braces must not cost its length squared
#: An object longer than this is none: nobody notifies of sixteen million characters.
LONGEST = 16 << 20
_OPENS = re.compile(r'\{\s*["}]')
_DECODER = json.JSONDecoder()


class Object(NamedTuple):
    """A JSON object and where it stands in the text."""

    begin: int
    end: int
    value: dict[str, Any]


def find_objects(text: str, *, more: bool = False) -> Iterator[Object | int]:
    """The JSON objects of a text, outermost ones only, in order.

    Parameters
    ----------
    more : bool
        Whether the text goes on behind its end. Then an object that has begun and may end there is the last thing
        that is given, as the number of its first character.

    Examples
    --------
    >>> [o.value for o in find_objects('12:00 INFO got {"a": {"b": 1}} in 3 ms, {"c": ')]
    [{'a': {'b': 1}}]
    >>> list(find_objects('{"c": ', more=True))
    [0]
    """
    at, tries = 0, 0
    left = max(LONGEST, 8 * len(text))  # characters that may be read in vain
    while opening := _OPENS.search(text, at):
        begin = opening.start()
        cut = False
        try:
            value, at = _DECODER.raw_decode(text, begin)
        except json.JSONDecodeError as error:
            left -= error.pos - begin
            cut = more and (error.pos >= len(text) - 5 or error.msg.startswith("Unterminated"))
        except (ValueError, RecursionError):
            pass
        else:
            tries = 0
            yield Object(begin, at, value)
            continue
        if cut and len(text) - begin <= LONGEST:
            yield begin
            return
        at, tries = begin + 1, tries + 1
        if left < 0:
            return
        if tries >= _MAX_TRIES:
            line_end = text.find("\n", at)
            at, tries = (len(text) if line_end < 0 else line_end), 0
    if more and (last := text.rfind("{", max(at, len(text) - 64))) >= 0 and not text[last + 1 :].strip():
        yield last


class LongLine:
    """A line too long to be held, as its bytes come: the objects in it."""

    def __init__(self, decode: Callable[[bytes], str | None]) -> None:
        self._decode, self._bytes, self._text = decode, b"", ""

    def feed(self, data: bytes, *, last: bool = False) -> list[str]:
        """The objects that are complete now, as text."""
        data = self._bytes + data
        # A quote is no part of any other character, in UTF-8 and in GB18030.
        cut = len(data) if last else data.rfind(b'"') + 1
        if not cut and len(data) <= LONGEST:
            self._bytes = data
            return []
        self._bytes = data[cut:] if cut else b""
        text = self._text + (self._decode(data[:cut]) or "")
        self._text = ""
        found = []
        for item in find_objects(text, more=not last):
            if isinstance(item, int):
                self._text = text[item:]
            else:
                found.append(text[item.begin : item.end])
        return found


# ---- escaped in one of the usual ways

_HEX = re.compile(rb"\\x([0-9A-Fa-f]{2})")
_BACKSLASHED = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.))", re.DOTALL)
_SHORT = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_BYTES = re.compile(r"""\bb'(?:[^'\\]|\\.)*'|\bb"(?:[^"\\]|\\.)*\"""")
_PIECE = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[{}]""")
_LITERAL = 1 << 20
_MAX_SEARCHED = 4 << 20


def _hex_escapes(text: str) -> str:
    """nginx's ``\\x22``, of bytes."""
    raw = _HEX.sub(lambda m: bytes([int(m[1], 16)]), text.encode("utf-8", "surrogatepass"))
    for encoding in ("utf-8", "gb18030"):
        with suppress(UnicodeDecodeError):
            return raw.decode(encoding)
    return text


def _backslashes(text: str) -> str:
    """One level of JSON's own escapes: text that was put into a string."""
    plain = _BACKSLASHED.sub(lambda m: chr(int(m[1], 16)) if m[1] else _SHORT.get(m[2], m[2]), text)
    return whole_characters(plain)


def whole_characters(text: str) -> str:
    """Two escapes may be one character between them; half of one cannot be kept."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _python_bytes(text: str) -> str:
    """``b'…'`` as Python prints it."""
    parts = []
    for found in islice((f for f in _BYTES.finditer(text) if "{" in f[0]), _MAX_TRIES):
        with suppress(ValueError, SyntaxError, MemoryError, UnicodeDecodeError):
            parts.append(_literal(found[0]).decode("utf-8"))
    return "\n".join(parts)


def _literal(text: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of escapes that Python does not know
        return ast.literal_eval(text)


def _bytes(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8")
    raise TypeError


def _python_dicts(text: str) -> str:
    """``{'a': 1}`` as Python prints it, as JSON."""
    parts: list[str] = []
    at, left = 0, _MAX_SEARCHED
    while (begin := text.find("{'", at)) >= 0 and len(parts) < _MAX_TRIES and left > 0:
        at, level, deepest, reached = begin + 1, 0, 0, begin + 1
        for piece in _PIECE.finditer(text, begin, begin + _LITERAL):
            reached = piece.end()
            level += {"{": 1, "}": -1}.get(piece[0], 0)
            deepest = max(deepest, level)
            if level == 0:
                at = piece.end()
                break
        left -= reached - begin
        if level or deepest > 50:
            continue
        with suppress(ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
            shown = json.dumps(_literal(text[begin:at]), ensure_ascii=False, default=_bytes)
            parts.append(whole_characters(shown))
    return "\n".join(parts)


#: How to see that text is escaped in some way, and how to undo it; several may have been used one upon the other.
_SPELLINGS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("\\x22", _hex_escapes),
    ("{'", _python_dicts),  # before b'…': of a dict with bytes in it the other fields count too
    ("b'", _python_bytes),
    ('b"', _python_bytes),
    ('{""', lambda text: text.replace('""', '"')),
    ("&quot;", html.unescape),
    ("&#34;", html.unescape),
    ("&#x22;", html.unescape),
    ("%22", unquote_plus),
    ("%2522", unquote_plus),
    ('\\"', _backslashes),
)


def plain_spellings(text: str, most: int = 12) -> Iterator[str]:
    """The text as it may have been before it was escaped.

    nginx (``\\x22``), a JSON string (``\\"``), CSV (``""``), HTML, URL-encoding, and Python's ``b'…'`` and dicts.

    Examples
    --------
    >>> list(plain_spellings('body={\\\\x22a\\\\x22:1}'))
    ['body={"a":1}']
    >>> list(plain_spellings("got {'a': None}"))
    ['{"a": null}']
    """
    texts = [text]
    for spelled in texts:
        for sign, undo in _SPELLINGS:
            if sign in spelled and (plain := undo(spelled)) and plain not in texts:
                texts.append(plain)
                yield plain
                if len(texts) > most:
                    return
