"""Scenarios: who pays once and who pays twice; midnight; keys that rotate or get lost."""

from __future__ import annotations

from dataclasses import replace

from idvtools.sandbox.clockwork import APPS, SITES
from idvtools.sandbox.dice import HOUR, next_day
from idvtools.sandbox.stage import Scenario, Stage

__all__ = ["REPEATS"]


def _repeat_same_day(s: Stage, turn: int) -> None:
    """The first effective operation of the day is billed; what follows is free, effective or not."""
    first = s.start()
    s.billed(first, s.effective())
    second = s.again(first)
    s.repeat(second, s.effective(), first)
    if turn % 2:
        s.repeat(s.again(second), s.effective(), first)


def _repeat_other_app(s: Stage, turn: int) -> None:
    """The same person, site and day in two apps: billed in both."""
    first = s.start(app=APPS[turn % 2], day=s.day(*APPS))
    s.billed(first, s.effective())
    s.billed(s.again(first, app=APPS[1 - turn % 2]), s.effective())


def _repeat_other_site(s: Stage, turn: int) -> None:
    """The same person, app and day at two sites: billed at both."""
    first = s.start(site=SITES[turn % 2])
    s.billed(first, s.effective())
    s.billed(s.again(first, site=SITES[1 - turn % 2]), s.effective())


def _repeat_next_day(s: Stage, turn: int) -> None:
    """A new day, a new charge."""
    app = s.app()
    day = s.day(app, span=1)
    first = s.start(app=app, day=day)
    s.billed(first, s.effective())
    s.billed(s.again(first, at=s.moment(next_day(day))), s.effective())


def _ineffective_then_effective(s: Stage, turn: int) -> None:
    """What does not count does not use up the day: the first *effective* operation is billed."""
    first = s.start()
    s.wasted(first, s.ineffective())
    second = s.again(first)
    if turn % 3 == 2:
        s.wasted(second, s.ineffective())
        second = s.again(second)
    s.billed(second, s.effective())


def _effective_then_ineffective(s: Stage, turn: int) -> None:
    """An ineffective operation after the billed one is free because it is ineffective."""
    first = s.start()
    s.billed(first, s.effective())
    s.wasted(s.again(first), s.ineffective())


def _long_series(s: Stage, turn: int) -> None:
    """Ineffective, billed, repeat, ineffective: one charge."""
    first = s.start()
    s.wasted(first, s.ineffective())
    second = s.again(first)
    s.billed(second, s.effective())
    third = s.again(second)
    s.repeat(third, s.effective(), second)
    s.wasted(s.again(third), s.ineffective())


def _tie_same_millisecond(s: Stage, turn: int) -> None:
    """Two requests in one millisecond of our clock: the smaller Snowflake number comes first."""
    app = s.app()
    at, lag = s.moment(s.day(app)), s.rng.randint(5, 60)
    site, person = s.rng.choice(SITES), s.person()
    low = s.rng.randrange(1 << 20)
    tails = (low, low + 1 + s.rng.randrange(1 << 20))
    # Every other time the later of the two was written down first.
    made = [s.start(app=app, site=site, person=person, at=at, lag=lag, tail=t) for t in tails[:: -1 if turn % 2 else 1]]
    winner, loser = made[:: -1 if turn % 2 else 1]
    s.billed(winner, s.effective())
    s.repeat(loser, s.effective(), winner)


def _clock_beats_snowflake(s: Stage, turn: int) -> None:
    """The first request got the later daId: our clock decides, not the vendor's."""
    app = s.app()
    at = s.moment(s.day(app))
    first = s.start(app=app, at=at, lag=60)
    second = s.start(app=app, site=first.site, person=first.person, at=at + s.rng.randint(1, 20), lag=5)
    s.billed(first, s.effective())
    s.repeat(second, s.effective(), first)


def _id_with_x(s: Stage, turn: int) -> None:
    """An id that ends in X, twice the same day: one charge."""
    first = s.start(person=s.person(with_x=True))
    s.billed(first, s.effective())
    s.repeat(s.again(first), s.effective(), first)


def _id_case_differs(s: Stage, turn: int) -> None:
    """The same id sent with X and with x: two subjects, as sent; both are billed."""
    first = s.start(person=s.person(with_x=True))
    s.billed(first, s.effective())
    second = s.again(first)
    second.person = replace(first.person, id_no=first.person.id_no.lower())
    s.billed(second, s.effective())


def _pair_across_midnight(s: Stage, turn: int) -> None:
    """Seconds before and seconds after local midnight: two days, two charges."""
    app = s.app()
    midnight = s.calendar.start(next_day(s.day(app, span=1)))
    first = s.start(app=app, at=midnight - s.rng.randrange(200, 5000))
    s.billed(first, s.effective())
    s.billed(s.again(first, at=midnight + s.rng.randrange(0, 5000)), s.effective())


def _before_midnight(s: Stage) -> tuple[str, int, int]:
    """An app, a moment just before midnight, and a lag that carries the daId over it."""
    app = s.app()
    short = s.rng.randint(2, 50)
    return app, s.calendar.start(next_day(s.day(app, span=1))) - short, s.rng.randint(max(5, short), 60)


def _vendor_clock_next_day(s: Stage, turn: int) -> None:
    """Our clock says 23:59:59.9, the vendor's 00:00:00: the row stands in the next day's file, and matches."""
    app, at, lag = _before_midnight(s)
    s.billed(s.start(app=app, at=at, lag=lag), s.effective())


def _vendor_clock_next_day_charged(s: Stage, turn: int) -> None:
    """By our clock a repeat of the old day, by the vendor's the first of the new one: overbilled."""
    app, at, lag = _before_midnight(s)
    first = s.start(app=app, at=at - s.rng.randrange(HOUR, 9 * HOUR))
    s.billed(first, s.effective())
    second = s.start(app=app, site=first.site, person=first.person, at=at, lag=lag)
    status = s.effective()
    s.finish(second, status)
    s.row(second, status, charge=True)
    s.expect(
        second, status, False, "repeat_same_day", winner=first, bucket="overbilled", vendor_rule="clock_create_time"
    )


def _vendor_clock_next_day_freed(s: Stage, turn: int) -> None:
    """By our clock two days, by the vendor's one: the second is billable, the vendor frees it."""
    app, at, lag = _before_midnight(s)
    first = s.start(app=app, at=at, lag=lag)
    s.billed(first, s.effective())
    second = s.again(first, at=at + s.rng.randrange(7 * HOUR, 18 * HOUR))
    status = s.effective()
    s.finish(second, status)
    s.row(second, status, charge=False)
    s.expect(second, status, True, "first_effective", bucket="underbilled", vendor_rule="clock_create_time")


def _price_change_at_midnight(s: Stage, turn: int) -> None:
    """The last milliseconds before a new price by our clock, the first under it by the vendor's.

    Each side prices its own day, so that the amounts of this matched pair differ.
    """
    short = s.rng.randint(2, 50)
    midnight = s.calendar.start(s.calendar.tax_change)
    s.billed(s.start(site=SITES[1], at=midnight - short, lag=s.rng.randint(max(5, short), 60)), s.effective())


def _period_edge(s: Stage, turn: int, midnight: int) -> None:
    short = s.rng.randint(2, 50)
    operation = s.start(at=midnight - short, lag=s.rng.randint(max(5, short), 60))
    s.billed(operation, s.effective())
    assert operation.expected is not None
    operation.expected.period_shift = True


def _period_edge_end(s: Stage, turn: int) -> None:
    """The month's last milliseconds by our clock, the next month by the vendor's: period_shift."""
    _period_edge(s, turn, s.calendar.start(next_day(s.calendar.days[-1])))


def _period_edge_start(s: Stage, turn: int) -> None:
    """The month before by our clock, this month by the vendor's: period_shift."""
    _period_edge(s, turn, s.calendar.start(s.calendar.days[0]))


def _rotation_old_key(s: Stage, turn: int) -> None:
    """Seconds after a rotation a request still went out under the old key; its repeat under the new one."""
    old, new = s.rng.choice(s.calendar.rotations)
    first = s.start(app=new.app_id, at=new.valid_from + s.rng.randrange(200, 20_000))
    first.key_id = old.key_id
    s.billed(first, s.effective())
    second = s.again(first, at=first.requested + s.rng.randrange(4 * HOUR, 15 * HOUR))
    s.repeat(second, s.effective(), first)


def _rotation_new_key(s: Stage, turn: int) -> None:
    """Seconds before a rotation a request already went out under the new key."""
    _, new = s.rng.choice(s.calendar.rotations)
    first = s.start(app=new.app_id, at=new.valid_from - s.rng.randrange(200, 5000))
    first.key_id = new.key_id
    s.billed(first, s.effective())
    second = s.again(first, at=first.requested + s.rng.randrange(4 * HOUR, 15 * HOUR))
    s.repeat(second, s.effective(), first)


def _lost_key_effective(s: Stage, turn: int) -> None:
    """No key that we have opens the id: who it was is unknown, so the charge cannot be judged."""
    app, day = s.calendar.lost
    operation = s.start(app=app, at=s.moment(day, 3, 22))
    status = s.effective()
    s.finish(operation, status)
    s.row(operation, status, charge=turn % 4 != 3)
    s.expect(operation, status, None, "unknown_subject", bucket="undecidable")


def _lost_key_ineffective(s: Stage, turn: int) -> None:
    """The id cannot be opened, but an ineffective operation is free whoever it was."""
    app, day = s.calendar.lost
    s.wasted(s.start(app=app, at=s.moment(day, 3, 22)), s.ineffective())


REPEATS = (
    Scenario("repeat_same_day", _repeat_same_day, 3),
    Scenario("repeat_other_app", _repeat_other_app, 2),
    Scenario("repeat_other_site", _repeat_other_site, 2),
    Scenario("repeat_next_day", _repeat_next_day, 2),
    Scenario("ineffective_then_effective", _ineffective_then_effective, 3),
    Scenario("effective_then_ineffective", _effective_then_ineffective, 2),
    Scenario("long_series", _long_series, 4),
    Scenario("tie_same_millisecond", _tie_same_millisecond, 2),
    Scenario("clock_beats_snowflake", _clock_beats_snowflake, 2),
    Scenario("id_with_x", _id_with_x, 2),
    Scenario("id_case_differs", _id_case_differs, 2),
    Scenario("pair_across_midnight", _pair_across_midnight, 2),
    Scenario("vendor_clock_next_day", _vendor_clock_next_day, 1),
    Scenario("vendor_clock_next_day_charged", _vendor_clock_next_day_charged, 2),
    Scenario("vendor_clock_next_day_freed", _vendor_clock_next_day_freed, 2),
    Scenario("price_change_at_midnight", _price_change_at_midnight, 1),
    Scenario("period_edge_end", _period_edge_end, 1),
    Scenario("period_edge_start", _period_edge_start, 1),
    Scenario("rotation_old_key", _rotation_old_key, 2),
    Scenario("rotation_new_key", _rotation_new_key, 2),
    Scenario("lost_key_effective", _lost_key_effective, 1),
    Scenario("lost_key_ineffective", _lost_key_ineffective, 1),
)
