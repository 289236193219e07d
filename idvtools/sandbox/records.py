"""Scenarios: N-in-one operations, what our own logs lack or hold twice, starts that failed."""

from __future__ import annotations

from idvtools.sandbox.clockwork import COMBO_SITE, SITES
from idvtools.sandbox.dice import MINUTE, sub_status
from idvtools.sandbox.plan import Child, Operation
from idvtools.sandbox.stage import Scenario, Stage

__all__ = ["RECORDS"]

_START_ERRORS = (
    (-48025, "DataSourceUnavailable"),
    (-48007, "NetworkTemporary"),
    (-43037, "AES_DECRYPT_EXCEPTION"),
    (-50005, "SignInvalid"),
    (-45001, "StartFailed"),
    (-50002, "SiteInvalid"),
)


def _family(
    s: Stage,
    parent: Operation,
    statuses: tuple[int, ...],
    *,
    as_text: bool,
    polled: bool = False,
) -> list[Operation]:
    """Children of a parent that ended with 10, listed in its final report."""
    kids = [s.child(parent, k, SITES[k]) for k in range(len(statuses))]
    listed = [
        Child(kid.op_id, kid.site, status, sub_status(kid, status), as_text)
        for kid, status in zip(kids, statuses, strict=True)
    ]
    if polled:
        s.poll(parent, 10, children=listed)
    else:
        s.notify(parent, 10, children=listed)
    return kids


def _combo(s: Stage) -> Operation:
    parent = s.start(site=COMBO_SITE)
    parent.child_sites = SITES
    return parent


def _children(s: Stage, *, as_text: bool, listed: bool, polled: bool = False, second: int) -> None:
    """The statement lists the children: they carry the charge, the parent none."""
    parent = _combo(s)
    kids = _family(s, parent, (10, second), as_text=as_text, polled=polled)
    if listed:
        s.row(parent, 10, charge=False)
    s.expect(parent, 10, False, "has_children", bucket="matched" if listed else "only_in_ours")
    s.row(kids[0], 10, charge=True)
    s.expect(kids[0], 10, True, "first_effective")
    good = second != 41
    s.row(kids[1], second, charge=good)
    s.expect(kids[1], second, good, "first_effective" if good else "ineffective_status")


def _children_billed(s: Stage, turn: int) -> None:
    """Children and parent stand in the statement; the children's numbers are numbers."""
    _children(s, as_text=False, listed=True, second=(10, 44, 41)[turn % 3])


def _children_as_text(s: Stage, turn: int) -> None:
    """The children's numbers arrive as strings."""
    _children(s, as_text=True, listed=True, second=(44, 41, 10)[turn % 3])


def _children_parent_not_listed(s: Stage, turn: int) -> None:
    """The statement lists the children alone; the parent is only in ours, with nothing at stake."""
    _children(s, as_text=bool(turn % 2), listed=False, second=(41, 10, 44)[turn % 3])


def _children_polled(s: Stage, turn: int) -> None:
    """The children are known from a poll."""
    _children(s, as_text=bool(turn % 2), listed=True, polled=True, second=(10, 41)[turn % 2])


def _parent_billed(s: Stage, turn: int) -> None:
    """The statement lists the parent alone: it carries the charge, its children none."""
    parent = _combo(s)
    second = (10, 44, 41)[turn % 3]
    kids = _family(s, parent, (10, second), as_text=bool(turn % 2))
    s.row(parent, 10, charge=True)
    s.expect(parent, 10, True, "first_effective")
    for kid, status in zip(kids, (10, second), strict=True):
        s.expect(kid, status, False, "billed_with_parent", bucket="only_in_ours")


def _parent_billed_twice(s: Stage, turn: int) -> None:
    """Two N-in-ones a day, charged by the parent: the second parent is a repeat."""
    first = _combo(s)
    for parent in (first, s.again(first)):
        parent.child_sites = SITES
        kids = _family(s, parent, (10,), as_text=False)
        s.row(parent, 10, charge=parent is first)
        if parent is first:
            s.expect(parent, 10, True, "first_effective")
        else:
            s.expect(parent, 10, False, "repeat_same_day", winner=first)
        s.expect(kids[0], 10, False, "billed_with_parent", bucket="only_in_ours")


def _child_repeats_single(s: Stage, turn: int) -> None:
    """A single operation in the morning, the same site as a child later: the child is the repeat."""
    single = s.start(site=SITES[0])
    s.billed(single, s.effective())
    parent = s.again(single, site=COMBO_SITE)
    parent.child_sites = SITES
    kids = _family(s, parent, (10, 10), as_text=bool(turn % 2))
    s.row(parent, 10, charge=False)
    s.expect(parent, 10, False, "has_children")
    s.row(kids[0], 10, charge=False)
    s.expect(kids[0], 10, False, "repeat_same_day", winner=single)
    s.row(kids[1], 10, charge=True)
    s.expect(kids[1], 10, True, "first_effective")


def _start_failure(s: Stage, turn: int) -> None:
    """The start is answered with an error, the next try works and is billed."""
    app = s.app()
    day = s.day(app)
    person, site, at = s.person(), s.rng.choice(SITES), s.moment(day)
    for i in range(1 + turn % 2):
        error = _START_ERRORS[(turn + i) % len(_START_ERRORS)]
        s.start_fails(person, app=app, site=site, at=at + i * MINUTE, error=error)
    s.billed(s.start(app=app, site=site, person=person, at=at + 3 * MINUTE), s.effective())


def _start_failure_alone(s: Stage, turn: int) -> None:
    """The start is answered with an error, and that was that."""
    app = s.app()
    error = _START_ERRORS[turn % len(_START_ERRORS)]
    s.start_fails(s.person(), app=app, site=s.rng.choice(SITES), at=s.moment(s.day(app)), error=error)


def _not_in_requests(s: Stage, turn: int) -> None:
    """Known from a report alone: whose it was is unknown."""
    operation = s.start()
    operation.logged = False
    status = s.effective()
    if turn % 3 == 0:
        s.finish(operation, status)
    elif turn % 3 == 1:
        s.poll(operation, status)
    else:
        s.notify(operation, 8)
        s.row(operation, 8, charge=False)
        s.expect(operation, 8, None, "not_final", bucket="undecidable")
        return
    s.row(operation, status, charge=True)
    s.expect(operation, status, None, "unknown_subject", bucket="undecidable")


def _not_in_requests_ineffective(s: Stage, turn: int) -> None:
    """Known from a report alone, but ineffective: free whoever it was."""
    operation = s.start()
    operation.logged = False
    s.wasted(operation, s.ineffective())


def _clock_missing(s: Stage, turn: int) -> None:
    """The export lacks the request's time: the daId's own time stands in."""
    app = s.app()
    first = s.start(app=app, day=s.day(app, kind="csv"))
    second = s.again(first)
    (second if turn % 2 else first).clock_logged = False
    s.billed(first, s.effective())
    s.repeat(second, s.effective(), first)


def _day_unknown(s: Stage, turn: int) -> None:
    """No time in the export and a daId of another form: the day is unknown."""
    app = s.app()
    operation = s.start(app=app, day=s.day(app, kind="csv"))
    operation.clock_logged = False
    operation.op_id = f"{app}T{operation.serial:09d}"
    if turn % 3 == 2:
        s.wasted(operation, s.ineffective())
    else:
        status = s.effective()
        s.finish(operation, status)
        s.row(operation, status, charge=True)
        s.expect(operation, status, None, "unknown_day", bucket="undecidable")
    assert operation.expected is not None
    operation.expected.day = None


def _request_logged_twice(s: Stage, turn: int) -> None:
    """The same exchange stands in the request log twice: it is one operation."""
    operation = s.start()
    operation.copies = 2
    s.billed(operation, s.effective())


def _biz_no_not_ascii(s: Stage, turn: int) -> None:
    """A business number with Chinese characters, also in statements in GB18030."""
    operation = s.start()
    operation.biz_no += "-测试"
    s.billed(operation, s.effective())


RECORDS = (
    Scenario("children_billed", _children_billed, 3),
    Scenario("children_as_text", _children_as_text, 3),
    Scenario("children_parent_not_listed", _children_parent_not_listed, 3),
    Scenario("children_polled", _children_polled, 3),
    Scenario("parent_billed", _parent_billed, 3),
    Scenario("parent_billed_twice", _parent_billed_twice, 4),
    Scenario("child_repeats_single", _child_repeats_single, 4),
    Scenario("start_failure_then_success", _start_failure, 1),
    Scenario("start_failure_alone", _start_failure_alone, 0),
    Scenario("not_in_requests", _not_in_requests, 1),
    Scenario("not_in_requests_ineffective", _not_in_requests_ineffective, 1),
    Scenario("clock_missing", _clock_missing, 2),
    Scenario("day_unknown", _day_unknown, 1),
    Scenario("request_logged_twice", _request_logged_twice, 1),
    Scenario("biz_no_not_ascii", _biz_no_not_ascii, 1),
)
