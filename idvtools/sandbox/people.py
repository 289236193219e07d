"""People who do not exist.

The first six digits of a resident id are a region; no region has the code 999999, so that no id
made here can be anybody's, although every check digit is right.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

REGION = "999999"

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_STEMS = "甲乙丙丁戊己庚辛壬癸"
_BRANCHES = "子丑寅卯辰巳午未申酉戌亥"
_BIRTHDAYS = 14_600  # forty years; has no factor in common with the step below, so ids never repeat
_STEP = 7919


@dataclass(frozen=True, slots=True)
class Person:
    """A synthetic person, with the ids our side would send."""

    number: int
    id_no: str
    name: str

    @property
    def user_id(self) -> str:
        """Our own id of the user."""
        return f"u{self.number:08d}"

    @property
    def open_id(self) -> str:
        """The user's openId."""
        return f"o-synthetic-{self.number:08d}"


def check_digit(first17: str) -> str:
    """Check digit of a resident id (GB 11643: ISO 7064, MOD 11-2).

    Examples
    --------
    >>> check_digit("99999919900101001")
    '6'
    """
    return _CHECKS[sum(int(c) * w for c, w in zip(first17, _WEIGHTS, strict=True)) % 11]


class Population:
    """Hands out people, each one once."""

    def __init__(self) -> None:
        self._count = 0

    def new(self, *, with_x: bool = False) -> Person:
        """The next person; with `with_x` the next whose id ends in X."""
        while True:
            number = self._count
            self._count += 1
            born = date(1960, 1, 1) + timedelta(days=number * _STEP % _BIRTHDAYS)
            first17 = f"{REGION}{born:%Y%m%d}{number // _BIRTHDAYS + 1:03d}"
            digit = check_digit(first17)
            if digit == "X" or not with_x:
                name = "测试" + _STEMS[number % 10] + _BRANCHES[number // 10 % 12]
                return Person(number, first17 + digit, name)
