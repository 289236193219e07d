"""Scenarios: reports that contradict each other, and reports that are not to be believed."""

from __future__ import annotations

from idvtools.sandbox.dice import HOUR, MINUTE
from idvtools.sandbox.plan import Manner
from idvtools.sandbox.stage import Scenario, Stage

__all__ = ["TRUST"]


def _signed_over_hash_only(s: Stage, turn: int) -> None:
    """Signed 10 against a later hash-only 44: the signed one is believed."""
    operation = s.start()
    notice = s.notify(operation, 10)
    s.notify(operation, 44, manner="hash_only", at=notice.received + MINUTE)
    s.row(operation, 10, charge=True)
    s.expect(operation, 10, True, "first_effective")


def _poll_over_unchecked(s: Stage, turn: int) -> None:
    """A poll says 41, a bare body 10: not effective, so that the next operation is the billed one."""
    first = s.start()
    s.poll(first, 41)
    s.notify(first, 10, manner="bare", json_result=5)
    s.row(first, 41, charge=False)
    s.expect(first, 41, False, "ineffective_status")
    s.billed(s.again(first), s.effective())


def _signed_over_poll(s: Stage, turn: int) -> None:
    """Signed 10 against a poll's 30: the signed one is believed."""
    first = s.start()
    s.notify(first, 10)
    s.poll(first, 30)
    s.row(first, 10, charge=True)
    s.expect(first, 10, True, "first_effective")
    s.repeat(s.again(first), s.effective(), first)


def _poll_over_hash_only(s: Stage, turn: int) -> None:
    """A poll says 43, a hash-only notification 20: the poll is believed."""
    operation = s.start()
    s.notify(operation, 20, manner="hash_only")
    s.poll(operation, 43)
    s.row(operation, 43, charge=False)
    s.expect(operation, 43, False, "ineffective_status")


def _conflict_later_received(s: Stage, turn: int) -> None:
    """Two signed finals: the later received stands."""
    operation = s.start()
    before, after = ((10, 13), (41, 10), (20, 44))[turn % 3]
    notice = s.notify(operation, before, json_result=5)
    s.notify(operation, after, at=notice.received + s.rng.randrange(MINUTE, HOUR))
    if after == 13:
        s.row(operation, after, charge=False)
        s.expect(operation, after, False, "ineffective_status")
    else:
        s.row(operation, after, charge=True)
        s.expect(operation, after, True, "first_effective")


def _conflict_larger_code(s: Stage, turn: int) -> None:
    """Two signed finals in the same millisecond: the larger code stands."""
    operation = s.start()
    notice = s.notify(operation, 44 if turn % 2 else 20)
    s.notify(operation, 20 if turn % 2 else 44, at=notice.received)
    s.row(operation, 44, charge=True)
    s.expect(operation, 44, True, "first_effective")


def _final_beats_trust(s: Stage, turn: int) -> None:
    """A signed 8 and a bare 10: the final status stands, whatever the trust."""
    operation = s.start()
    s.notify(operation, 8)
    s.notify(operation, 10, manner="bare" if turn % 2 else "hash_only")
    s.row(operation, 10, charge=True)
    s.expect(operation, 10, True, "first_effective")


def _refused(s: Stage, turn: int, manner: Manner) -> None:
    """A refused 10 beside a true 41 (or beside nothing): it is no report at all."""
    first = s.start()
    s.notify(first, 41 if manner == "tampered" else 10, manner=manner, place="daily", claims=10)
    if turn % 3 == 2:
        s.row(first, 41, charge=False)
        s.expect(first, None, None, "no_status", bucket="undecidable")
        second = s.again(first)
        status = s.effective()
        s.finish(second, status)
        s.row(second, status, charge=True)
        s.expect(second, status, None, "earlier_undecided", bucket="undecidable")
    else:
        s.wasted(first, 41)
        s.billed(s.again(first), s.effective())


def _forged_hash(s: Stage, turn: int) -> None:
    """Wrong DECSHASH, claiming success."""
    _refused(s, turn, "wrong_hash")


def _tampered_body(s: Stage, turn: int) -> None:
    """True headers over a body whose status was changed to 10 afterwards."""
    _refused(s, turn, "tampered")


def _forged_signature(s: Stage, turn: int) -> None:
    """The right DECSHASH with a wrong DECSSIGN."""
    _refused(s, turn, "wrong_sign")


def _forged_unknown_operation(s: Stage, turn: int) -> None:
    """A refused notification on an operation that never was: it does not become one."""
    operation = s.start()
    s.plan.operations.pop()
    s.notify(operation, 10, manner="wrong_hash" if turn % 2 else "wrong_sign", place="daily")


def _hash_only(s: Stage, turn: int) -> None:
    """A right DECSHASH without a DECSSIGN is a report."""
    operation = s.start()
    status = s.effective()
    s.notify(operation, status, manner="hash_only")
    s.row(operation, status, charge=True)
    s.expect(operation, status, True, "first_effective")


def _bare_body(s: Stage, turn: int) -> None:
    """A bare body, unchecked, is a report where nothing better is known."""
    operation = s.start()
    status = s.effective()
    s.notify(operation, status, manner="bare")
    s.row(operation, status, charge=True)
    s.expect(operation, status, True, "first_effective")


TRUST = (
    Scenario("conflict_signed_over_hash_only", _signed_over_hash_only, 1),
    Scenario("conflict_poll_over_unchecked", _poll_over_unchecked, 2),
    Scenario("conflict_signed_over_poll", _signed_over_poll, 2),
    Scenario("conflict_poll_over_hash_only", _poll_over_hash_only, 1),
    Scenario("conflict_later_received", _conflict_later_received, 1),
    Scenario("conflict_larger_code", _conflict_larger_code, 1),
    Scenario("final_beats_trust", _final_beats_trust, 1),
    Scenario("forged_hash", _forged_hash, 2),
    Scenario("tampered_body", _tampered_body, 2),
    Scenario("forged_signature", _forged_signature, 2),
    Scenario("forged_unknown_operation", _forged_unknown_operation, 0),
    Scenario("hash_only", _hash_only, 1),
    Scenario("bare_body", _bare_body, 1),
)
