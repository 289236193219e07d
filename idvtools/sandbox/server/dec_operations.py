"""The life of an operation (取证): stages by time after its start, and what holds at a moment. No clock is read."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from idvtools.sandbox.people import Person

MINUTE = 60_000
#: Errors that a start may be answered with when somebody asks for it.
START_ERRORS = (-45001, -45004, -45027, -45028, -45030, -45031, -45032, -48007, -48025, -50002)
#: daStatus before the first stage: the user has not agreed yet.
BEFORE = -4
_SUB = {41: (80020, 81530, 81531, 81532), 43: (60026, 60028, 100500), 44: (81535, 100099, 100503)}
_FINAL = (10, 13, 14, 15, 20, 21, 22, 24, 25, 30, 41, 42, 43, 44, 92, 94, 100, 101)
_UNPARSED = 5


@dataclass(frozen=True, slots=True)
class Stage:
    """From `after_ms` after the start on, this holds."""

    after_ms: int
    status: int
    sub_status: int = 0
    json_result: int = _UNPARSED


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an operation is to go.

    Parameters
    ----------
    status : int
        daStatus in the end; one that is not final stays.
    json_result : int
        jsonResult in the end, where `status` is 10.
    sub_status : int or None
        daSubStatus; None: one that goes with the status.
    error : int or None
        The start is refused with this error instead.
    needs_agreement : bool
        Files are given out only after the user's signed agreement has been uploaded.
    files, size : int
        Original files; about so many bytes each.
    instant : bool
        Everything happens at once.
    """

    status: int = 10
    json_result: int = 10
    sub_status: int | None = None
    error: int | None = None
    needs_agreement: bool = False
    files: int = 1
    size: int | None = None
    instant: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """What the platform would say of an operation."""

    status: int
    sub_status: int
    json_result: int
    authorised_ms: int

    @property
    def final(self) -> bool:
        """Whether the status stays."""
        return self.status in _FINAL


@dataclass(frozen=True)
class Operation:
    """One evidence-taking run.

    Parameters
    ----------
    serial : int
        Running number: with the seed it decides every choice.
    op_id, app, site, biz_no : str
        As the statement has them.
    person : Person
        Who it is about, in clear: synthetic.
    open_id : str
        As it was sent.
    started_ms : int
        When the start arrived (ms UTC).
    stages : tuple of Stage
        In order of time.
    authorised_after_ms : int or None
        When the user authorised; None: never.
    """

    serial: int
    op_id: str
    app: str
    site: str
    biz_no: str
    person: Person = field(repr=False)
    open_id: str = field(repr=False)
    started_ms: int
    stages: tuple[Stage, ...] = field(repr=False)
    authorised_after_ms: int | None = field(repr=False)
    outcome: Outcome = field(repr=False)
    redirect_url: str = field(default="", repr=False)
    children: tuple[Operation, ...] = field(default=(), repr=False)
    parent: Operation | None = field(default=None, repr=False, compare=False)

    def state(self, now_ms: int) -> State:
        """What holds at a moment."""
        after = now_ms - self.started_ms
        stage = next((s for s in reversed(self.stages) if s.after_ms <= after), Stage(0, BEFORE))
        told = self.authorised_after_ms is not None and self.authorised_after_ms <= after
        authorised = self.started_ms + (self.authorised_after_ms or 0) if told else 0
        return State(stage.status, stage.sub_status, stage.json_result, authorised)

    def moments(self) -> Iterator[int]:
        """When the platform notifies (ms UTC): authorised, first stage, taken, parsed, failed."""
        for stage in self.stages:
            if stage.status in (5, 9, *_FINAL):
                yield self.started_ms + stage.after_ms


def draw(rng: random.Random) -> Outcome:
    """An outcome as in real life: seven of ten go well."""
    turn = rng.random()
    for limit, outcome in _SHARES:
        if turn < limit:
            return outcome
    return Outcome(0)


#: Cumulative shares. What is left over never gets beyond the start.
_SHARES = (
    (0.70, Outcome()),
    (0.72, Outcome(json_result=11)),
    (0.74, Outcome(json_result=12)),
    (0.76, Outcome(json_result=101)),
    (0.81, Outcome(43)),
    (0.86, Outcome(44)),
    (0.90, Outcome(41)),
    (0.93, Outcome(20)),
    (0.97, Outcome(25)),
    (0.985, Outcome(5)),
)


def timeline(
    outcome: Outcome, rng: random.Random, within_ms: int | None = None
) -> tuple[tuple[Stage, ...], int | None]:
    """The stages of an operation, and when its user authorises; with `within_ms` all is over by then."""
    authorised = rng.randrange(20_000, 80_000)
    taken = authorised + rng.randrange(20_000, 120_000)
    parsed = taken + rng.randrange(15_000, 200_000)
    sub = outcome.sub_status
    if sub is None:
        sub = rng.choice(_SUB.get(outcome.status, (0,)))
    stages, told = _stages(outcome, sub, authorised, taken, parsed)
    if within_ms is not None or outcome.instant:
        most, longest = within_ms or 0, max((s.after_ms for s in stages), default=0)
        scale = min(1.0, most / longest) if longest else 1.0
        stages = [Stage(int(s.after_ms * scale), s.status, s.sub_status, s.json_result) for s in stages]
        told = None if told is None else int(told * scale)
    return tuple(stages), told


def _stages(outcome: Outcome, sub: int, authorised: int, taken: int, parsed: int) -> tuple[list[Stage], int | None]:
    status = outcome.status
    opened = Stage(authorised // 3, 0)
    if status in (BEFORE, 0, 4):
        return [Stage(authorised // 3, status)], None
    if status in (20, 21, 22, 24, 25, 92, 94):  # the user never got as far
        wait = {20: 15 * MINUTE, 21: 8 * MINUTE, 22: 8 * MINUTE}.get(status, taken)
        return [opened, Stage(wait, status, sub)], None
    loading = [opened, Stage(authorised, 5)]
    if status == 5:
        return loading, authorised
    if status != 10:
        return [*loading, Stage(taken, status, sub, _UNPARSED)], authorised
    loading.append(Stage(taken - 5_000, 8))
    if outcome.json_result == 100:  # failed, to be tried again
        return [*loading, Stage(taken, 10), Stage(parsed, 10, sub, 100)], authorised
    end = [Stage(parsed, 10, sub, outcome.json_result)] if outcome.json_result != _UNPARSED else []
    return [*loading, Stage(taken, 10, sub), *end], authorised


def outcome_of(value: object) -> Outcome:
    """An outcome as somebody writes it: an `Outcome`, a daStatus, the word ``open``, or a mapping of the fields.

    Raises
    ------
    ValueError
        None of these, or a value that does not fit; the message names the field.

    Examples
    --------
    >>> outcome_of(43).status, outcome_of({"error": -48025}).error, outcome_of("open").status
    (43, -48025, 5)
    """
    if isinstance(value, Outcome):
        return _possible(value)
    if value == "open":
        return Outcome(5)
    if isinstance(value, int) and not isinstance(value, bool):
        return outcome_of({"status": value})
    if not isinstance(value, Mapping):
        raise ValueError("an outcome is a daStatus, the word open, or an object")
    known: dict[str, Any] = {}
    for name, item in value.items():
        kind = {"needs_agreement": bool, "instant": bool}.get(name, int)
        if name not in Outcome.__dataclass_fields__:
            raise ValueError(f"{name} is no field of an outcome")
        if type(item) is not kind:
            raise ValueError(f"{name} must be {'true or false' if kind is bool else 'a whole number'}")
        known[name] = item
    return _possible(Outcome(**known))


def _possible(outcome: Outcome) -> Outcome:
    if outcome.error is not None and outcome.error not in START_ERRORS:
        raise ValueError(f"error must be one of {', '.join(map(str, START_ERRORS))}")
    if not 0 <= outcome.files <= 50:
        raise ValueError("files must be between 0 and 50")
    if outcome.size is not None and not 0 <= outcome.size <= 64 << 20:
        raise ValueError("size must be between 0 and 67108864")
    return outcome
