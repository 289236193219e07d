"""Where in the text of a TOML file a setting stands.

A parser that keeps positions would be one more dependency; a problem only needs a line that a person
can go to, so this scans table headers and ``key =`` lines and falls back to the nearest table above.
The text has to be valid TOML (`tomllib` has read it before).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

#: A dotted path with indices: ``("vendors", "dec", "apps", 0, "id")``.
Path = tuple[str | int, ...]

# Strings and comments are tokens of their own, so that brackets and "key =" inside them don't count.
_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|\#[^\n]*"
    r"|[][{}\n]",
    re.S,
)
_PART = re.compile(r"""\s*("(?:\\.|[^"\\\n])*"|'[^'\n]*'|[A-Za-z0-9_-]+)\s*""")
_BARE = re.compile(r"[A-Za-z0-9_-]{1,60}")


class Places:
    """Lines of the settings in a TOML text.

    Examples
    --------
    >>> places = Places('[vendors.dec]\\nn_in_one = "auto"\\n[[vendors.dec.apps]]\\nid = "a"\\n[[vendors.dec.apps]]\\n')
    >>> places.row(("vendors", "dec", "n_in_one")), places.row(("vendors", "dec", "apps", 0, "id"))
    (2, 4)
    >>> places.row(("vendors", "dec", "apps", 1, "id")), places.row(("workspace", "timezone"))
    (5, None)
    """

    def __init__(self, text: str) -> None:
        self._rows: dict[Path, int] = {}
        self._last: dict[Path, int] = {}  # index of the element that an array of tables is at
        table: Path = ()
        for row, statement in _statements(text):
            if statement.startswith("["):
                array = statement.startswith("[[")
                table = self._header(_key(statement.lstrip("[")), array=array)
                self._note(table, row)
            else:
                self._note(table + _key(statement), row)

    def row(self, path: Path) -> int | None:
        """Line (from 1) of a setting, else of the nearest table around it, else None."""
        for end in range(len(path), 0, -1):
            if path[:end] in self._rows:
                return self._rows[path[:end]]
        return None

    def _note(self, path: Path, row: int) -> None:
        for end in range(1, len(path) + 1):
            self._rows.setdefault(path[:end], row)

    def _header(self, parts: tuple[str, ...], *, array: bool) -> Path:
        path: Path = ()
        for i, part in enumerate(parts):
            path += (part,)
            if array and i == len(parts) - 1:
                self._last[path] = self._last.get(path, -1) + 1
            if path in self._last:
                path += (self._last[path],)
        return path


def dotted(path: Path) -> str:
    """Text of a path, as people write it.

    Examples
    --------
    >>> dotted(("vendors", "dec", "apps", 0, "app_key")), dotted(("vendors", "a b"))
    ('vendors.dec.apps[0].app_key', 'vendors."a b"')
    """
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            name = part if _BARE.fullmatch(part) else '"' + (part[:60] + "…" if len(part) > 60 else part) + '"'
            text += f".{name}" if text else name
    return text


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Each header or ``key = value`` (however many lines the value takes) with the row it begins on."""
    depth = start = 0
    row = next_row = 1
    for token in _TOKEN.finditer(text + "\n"):
        next_row += token[0].count("\n")
        if token[0] in ("[", "{"):
            depth += 1
        elif token[0] in ("]", "}"):
            depth -= 1
        elif token[0] == "\n" and depth == 0:
            statement = text[start : token.start()].strip()
            if statement and not statement.startswith("#"):
                yield row, statement
            start, row = token.end(), next_row


def _key(text: str) -> tuple[str, ...]:
    """Parts of the dotted key at the beginning of `text`."""
    parts: list[str] = []
    at = 0
    while part := _PART.match(text, at):
        token = part[1]
        parts.append(str(tomllib.loads(f"k = {token}")["k"]) if token[0] in "\"'" else token)
        at = part.end()
        if text[at : at + 1] != ".":
            break
        at += 1
    return tuple(parts)
