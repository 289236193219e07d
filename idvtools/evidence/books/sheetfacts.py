"""What a quick reader leaves out of a sheet: how far its cells reach, formats that matter, what is hidden, errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from types import MappingProxyType

#: Turns a number into the text that is shown: a format of zeros keeps them.
Shown = Callable[[int], str]
#: Row and column, from 0.
Place = tuple[int, int]

#: Formats that a file need not spell out; 27 to 36 and 50 to 58 are dates in the editions for East Asia alone.
BUILT_IN: Mapping[int, str] = MappingProxyType(
    dict.fromkeys([14, 15, 16, 17, 22, *range(27, 32), 36, *range(50, 59)], "yyyy-mm-dd")
    | dict.fromkeys([18, 19, 20, 21, 32, 33, 34, 35, 45, 47], "hh:mm:ss")
    | {46: "[h]:mm:ss", 49: "@"}
)
_LITERAL = re.compile(r'"([^"]*)"|\\(.)|\[[^\]]*\]|_.|\*.')


@dataclass(slots=True)
class SheetFacts:
    """Facts of one sheet.

    Parameters
    ----------
    cells : int
        Cells that hold something, at most.
    height, width : int
        How far they reach, at most.
    shown : dict
        Numbers that are shown otherwise: where, and how.
    errors : dict
        Error values by name, how many; `first_error` is the first one's place.
    uncalculated : int
        Formulas of which the file does not hold the result.
    hidden_rows, hidden_columns : int
        How many are hidden and hold cells.
    digits : mapping
        Numbers of more than 15 digits as they are written, where they are written out.
    """

    cells: int = 0
    height: int = 0
    width: int = 0
    shown: dict[Place, Shown] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)
    first_error: Place | None = None
    uncalculated: int = 0
    hidden_rows: int = 0
    hidden_columns: int = 0
    digits: Mapping[Place, str] = field(default_factory=dict)

    def error(self, name: str, place: Place) -> None:
        """Count an error value."""
        self.errors[name] = self.errors.get(name, 0) + 1
        if self.first_error is None:
            self.first_error = place

    def warnings(self) -> list[str]:
        """What of it a user must know."""
        said = []
        if self.hidden_rows:
            said.append(f"hidden rows, read too: {self.hidden_rows}")
        if self.hidden_columns:
            said.append(f"hidden columns, read too: {self.hidden_columns}")
        if self.errors:
            names = ", ".join(sorted(self.errors))
            first = f", the first in {address(self.first_error)}" if self.first_error else ""
            said.append(f"cells with an error ({names}), read as empty: {sum(self.errors.values())}{first}")
        if self.uncalculated:
            said.append(f"formulas without a result in the file (never calculated), read as empty: {self.uncalculated}")
        return said


def address(place: Place) -> str:
    """Where a cell is, as spreadsheets write it.

    Examples
    --------
    >>> address((6, 1)), address((0, 27))
    ('B7', 'AB1')
    """
    row, column = place
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row + 1}"


def column_of(letters: str | bytes) -> int:
    """The column of its letters, from 0.

    Examples
    --------
    >>> column_of("A"), column_of(b"XFD")
    (0, 16383)
    """
    number = 0
    for code in letters if isinstance(letters, bytes) else letters.encode():
        number = number * 26 + code - 64
    return number - 1


def format_of(code: str) -> Shown | None:
    """How a number format shows whole numbers where the digits themselves would lose something; None elsewhere.

    Examples
    --------
    >>> format_of("00000")(123), format_of("@")(7), format_of('000-0000')(1234)
    ('00123', '7', '000-1234')
    >>> format_of("0.00") is None, format_of("0") is None, format_of("#,##0") is None
    (True, True, True)
    """
    section = code.partition(";")[0].strip()
    if section == "@":
        return str
    bare = _LITERAL.sub(lambda m: "\x00" + (m[1] or m[2] or "") + "\x00", section)
    picture = bare.replace("\x00", "")
    if picture.strip("0- /()") or _has_digit_literals(bare) or picture.count("0") < 2:
        return None
    return partial(_into_zeros, picture)


def is_moment(code: str) -> bool | None:
    """Whether a number format shows a date or a time of day; None where it shows a span of time, or that is not sure.

    Examples
    --------
    >>> [is_moment(c) for c in ("yyyy/m/d h:mm", 'yyyy"年"m"月"', "#,##0.00;[Red]-0.00", "0.00E+00", "[h]:mm")]
    [True, True, False, False, None]
    """
    section = code.partition(";")[0]
    if re.search(r"\[[hms]+\]", section, re.IGNORECASE):
        return None
    picture = _LITERAL.sub("", section).lower()
    if picture.strip() == "general":
        return False
    moment = re.search("[ymdhs]", picture) is not None
    return None if moment and re.search("[0#?]", picture.replace(".0", "").replace(".00", "")) else moment


def _has_digit_literals(bare: str) -> bool:
    """Zeros that are quoted are no places for digits."""
    return any("0" in part for part in bare.split("\x00")[1::2])


def _into_zeros(picture: str, number: int) -> str:
    digits = str(abs(number)).rjust(picture.count("0"), "0")
    places = picture.count("0")
    head, tail = digits[: len(digits) - places + 1], list(digits[len(digits) - places + 1 :])
    text, first = "", True
    for character in picture:
        if character != "0":
            text += character
        elif first:
            text, first = text + head, False
        else:
            text += tail.pop(0)
    return ("-" if number < 0 else "") + text


def shown_number(value: int | float | Decimal, shown: Shown) -> str | None:
    """The text for a number, None where it has decimals and its format of zeros does not tell."""
    if isinstance(value, int):
        return shown(value)
    return str(value) if shown is str else None
