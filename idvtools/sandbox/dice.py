"""Choices: days, moments, people, codes. All of them come from one seeded generator."""

from __future__ import annotations

import random
from datetime import date, timedelta

from idvtools.sandbox.clockwork import APPS, Calendar, RequestKind
from idvtools.sandbox.people import Person, Population
from idvtools.sandbox.plan import EFFECTIVE_FINAL, INEFFECTIVE_FINAL, Operation

MINUTE = 60_000
HOUR = 60 * MINUTE
_SUB_STATUSES = {41: (80020, 81530, 81531, 81532), 43: (60026, 60028, 100500), 44: (81535, 100099, 100503)}


class Dice:
    """Makes the choices that a scenario leaves open."""

    def __init__(self, calendar: Calendar, rng: random.Random) -> None:
        self.calendar = calendar
        self.rng = rng
        self._people = Population()
        self._serial = 0
        self._biz = 0
        self._free: dict[tuple[tuple[str, ...], int, RequestKind | None, int], list[date]] = {}

    def serial(self) -> int:
        """The next running number; it keeps every order stable."""
        self._serial += 1
        return self._serial

    def day(self, *apps: str, span: int = 0, kind: RequestKind | None = None, spare: int = 0) -> date:
        """A day on which nothing special happens to these apps, nor on the `span` days after it.

        `kind` asks for a day whose requests are logged that way; `spare` for so many days left in the month.
        """
        key = (apps, span, kind, spare)
        if key not in self._free:
            days, special = self.calendar.days, (self.calendar.missing, self.calendar.lost)
            self._free[key] = [
                day
                for i, day in enumerate(days[: len(days) - max(span, spare)])
                if not any((app, days[i + k]) in special for app in apps for k in range(span + 1))
                and kind in (None, self.calendar.request_kind(day))
            ]
        return self.rng.choice(self._free[key])

    def moment(self, day: date, first: float = 7, last: float = 19) -> int:
        """A millisecond of a day between two hours of it."""
        return self.calendar.start(day) + self.rng.randrange(int(first * HOUR), int(last * HOUR))

    def person(self, *, with_x: bool = False) -> Person:
        """Somebody nobody has seen before."""
        return self._people.new(with_x=with_x)

    def app(self) -> str:
        """One of our apps."""
        return self.rng.choice(APPS)

    def effective(self) -> int:
        """A final status that counts; most often success."""
        return 10 if self.rng.random() < 0.6 else self.rng.choice(EFFECTIVE_FINAL)

    def ineffective(self) -> int:
        """A final status that does not count."""
        return self.rng.choice(INEFFECTIVE_FINAL)

    def biz_no(self, moment: int) -> str:
        """The next business number."""
        self._biz += 1
        return f"b{self.calendar.local(moment):%Y%m%d}{self._biz:06d}"


def sub_status(operation: Operation, status: int) -> int:
    """The daSubStatus that both sides give for this operation in this status."""
    codes = _SUB_STATUSES.get(status, (0,))
    return codes[operation.serial % len(codes)]


def json_result(operation: Operation, status: int) -> int:
    """The jsonResult that both sides give for this operation in this status, in the end."""
    return 5 if status != 10 else {0: 11, 1: 12}.get(operation.serial % 25, 10)


def authorized(operation: Operation, status: int) -> int:
    """When the user authorised (ms UTC), 0 where it never came to that."""
    return operation.made + 20_000 + operation.serial % 60 * 1000 if status in (5, 8, 9, 10, 13, 15) else 0


def next_day(day: date) -> date:
    """The day after."""
    return day + timedelta(days=1)
