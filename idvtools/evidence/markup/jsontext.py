"""JSON and JSON lines as grids: numbers exact, no key lost, nothing that is not JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Never

from idvtools.errors import EvidenceError
from idvtools.evidence.limits import Budget
from idvtools.evidence.markup.nested import grids_of
from idvtools.evidence.model import Found
from idvtools.evidence.text.encodings import decode

_MOST_DIGITS = 1000  # also before the point: 1e999999999 is a GB of zeros
#: Objects and lists, and values, that fit into memory with the table made of them.
_MOST_LISTS, _MOST_VALUES = 600_000, 2_500_000


def read_json(data: bytes, name: str, budget: Budget, passwords: Sequence[str] = ()) -> Found:
    """Read JSON, or JSON lines.

    Strings remain strings, whole numbers are exact, others Decimal. JSON within a string is opened where it is an
    object or a list of objects.

    Raises
    ------
    EvidenceError
        It is no JSON, holds NaN, or is nested too deeply.

    Examples
    --------
    >>> from idvtools.evidence.limits import Limits
    >>> text = b'[{"id": "007", "n": 0.10}, {"id": "008", "m": 12345678901234567890}]'
    >>> read_json(text, "a.json", Budget(Limits())).grids[0].rows
    [['id', 'n', 'm'], ['007', Decimal('0.10'), None], ['008', None, 12345678901234567890]]
    """
    decoded = decode(data)
    reader = _Reader(budget)
    budget.tick()
    value = reader.read(decoded.text)
    grids = grids_of(value, name, budget)
    warnings = [*decoded.warnings, *reader.warnings()]
    return Found(grids=grids, encoding=decoded.encoding, runner_up=decoded.runner_up, warnings=tuple(warnings))


class _Reader:
    """One reading of JSON, and what is odd in it."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.twice = self.opened = self.bad_lines = self.first_bad = 0

    def read(self, text: str) -> Any:
        """The value of a text, or of its lines in a list."""
        text = text.removeprefix("\ufeff").strip("\x00 \t\r\n")
        if text.count("{") + text.count("[") > _MOST_LISTS or text.count(",") > _MOST_VALUES:
            raise EvidenceError("it holds too many lists or values; ask for the data as csv or xlsx")
        try:
            return self._open_strings(self._loads(text), 0)
        except json.JSONDecodeError as error:
            lines = self._lines(text)
            if lines is None:
                raise EvidenceError(
                    f"it is no JSON: it ends or breaks off in line {error.lineno}, column {error.colno}"
                ) from error
            return self._open_strings(lines, 0)

    def warnings(self) -> list[str]:
        """What a user must know."""
        said = []
        if self.twice:
            said.append(f"keys that stand twice in one object: {self.twice}; the second is named with (2)")
        if self.bad_lines:
            said.append(f"lines that are no JSON, left out: {self.bad_lines}, the first is line {self.first_bad}")
        if self.opened:
            said.append(f"texts that hold JSON themselves, opened: {self.opened}")
        return said

    def _loads(self, text: str) -> Any:
        try:
            return json.loads(
                text, parse_float=_decimal, parse_int=_whole, parse_constant=_refuse, object_pairs_hook=self._pairs
            )
        except RecursionError as error:
            raise EvidenceError("it is nested too deeply") from error

    def _pairs(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        if len(result) < len(pairs):
            result = {}
            counts: dict[str, int] = {}
            for key, value in pairs:
                counts[key] = seen = counts.get(key, 0) + 1
                unique = key if seen == 1 else f"{key} ({seen})"
                self.twice += seen > 1
                result[unique] = value
        return result

    def _lines(self, text: str) -> list[Any] | None:
        values = []
        for number, line in enumerate(re.split(r"\r\n|\r|\n", text), 1):  # the other ends of lines may stand in texts
            self.budget.tick()
            if not line.strip():
                continue
            try:
                values.append(self._loads(line.strip()))
            except json.JSONDecodeError:
                self.bad_lines += 1
                self.first_bad = self.first_bad or number
        objects = sum(isinstance(v, dict | list) for v in values)
        if objects < 2 or objects < len(values) or self.bad_lines > objects // 10 + 1:
            self.bad_lines = 0
            return None
        return values

    def _open_strings(self, value: Any, depth: int) -> Any:
        if depth > 100:
            raise EvidenceError("it is nested too deeply")
        if isinstance(value, dict | list):  # changed where it stands: a copy would take as much memory again
            self.budget.tick()
            for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
                if isinstance(inner, str | dict | list):
                    value[key] = self._open_strings(inner, depth + 1)
            return value
        if (
            isinstance(value, str)
            and len(value) > 5
            and value.lstrip()[:1] in ("{", "[")
            and value.rstrip()[-1:] in ("}", "]")
        ):
            try:
                inner = self._loads(value)
            except (json.JSONDecodeError, EvidenceError):
                return value
            if inner and (
                isinstance(inner, dict) or (isinstance(inner, list) and all(isinstance(v, dict) for v in inner))
            ):
                self.opened += 1
                return self._open_strings(inner, depth + 20)
        return value


def _refuse(name: str) -> Never:
    raise EvidenceError(f"it holds {name}, which is no number")


def _decimal(text: str) -> Decimal:
    if len(text) > _MOST_DIGITS or abs((value := Decimal(text)).adjusted()) > _MOST_DIGITS:
        raise EvidenceError(f"it holds a number of more than {_MOST_DIGITS} digits")
    return value


def _whole(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise EvidenceError(f"it holds a number of more than {_MOST_DIGITS} digits")
    return int(text)
