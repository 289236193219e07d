"""Scenarios: reports that are missing, late, repeated, not final, or in a code that nobody knows."""

from __future__ import annotations

from idvtools.sandbox.dice import HOUR, MINUTE
from idvtools.sandbox.plan import NOT_FINAL, UNLISTED
from idvtools.sandbox.stage import Scenario, Stage

__all__ = ["REPORTS"]


def _duplicate_notification(s: Stage, turn: int) -> None:
    """The platform retries: the same notification two or three times is still one."""
    operation = s.start()
    status = s.effective()
    notice = s.notify(operation, status)
    for i in range(1 + turn % 2):
        s.retry(notice, notice.received + (1 + i) * s.rng.randrange(30_000, 60_000))
    s.row(operation, status, charge=True)
    s.expect(operation, status, True, "first_effective")


def _missing_notification(s: Stage, turn: int) -> None:
    """No report ever came: no status, nothing to judge by, whatever the statement says."""
    operation = s.start()
    if turn % 3:
        s.row(operation, s.effective(), charge=True)
    else:
        s.row(operation, s.ineffective(), charge=False)
    s.expect(operation, None, None, "no_status", bucket="undecidable")


def _missing_notification_repeat(s: Stage, turn: int) -> None:
    """No report on an operation after the billed one: free either way; only the status differs."""
    first = s.start()
    s.billed(first, s.effective())
    second = s.again(first)
    s.row(second, s.effective(), charge=False)
    s.expect(second, None, False, "repeat_same_day", winner=first, bucket="fields_differ", differing=("da_status",))


def _missing_notification_first(s: Stage, turn: int) -> None:
    """No report on the first: the second hangs on it; a third is free, but after which one is open."""
    first = s.start()
    s.row(first, s.effective(), charge=True)
    s.expect(first, None, None, "no_status", bucket="undecidable")
    second = s.again(first)
    status = s.effective()
    s.finish(second, status)
    s.row(second, status, charge=False)
    s.expect(second, status, None, "earlier_undecided", bucket="undecidable")
    s.repeat(s.again(second), s.effective(), None)


def _late_notification(s: Stage, turn: int) -> None:
    """The final report arrives days after the first, non-final one."""
    app = s.app()
    operation = s.start(app=app, day=s.day(app, spare=5))
    status = s.effective()
    s.notify(operation, 5)
    s.notify(operation, status, at=operation.made + s.rng.randrange(30 * HOUR, 80 * HOUR))
    s.row(operation, status, charge=True)
    s.expect(operation, status, True, "first_effective")


def _out_of_order_notification(s: Stage, turn: int) -> None:
    """The final report arrives first, non-final ones after it: the final one stands."""
    operation = s.start()
    status = s.effective()
    notice = s.notify(operation, status)
    for i, progress in enumerate((8, 5)[: 1 + turn % 2], 1):
        s.notify(operation, progress, at=notice.received + i * s.rng.randrange(MINUTE, 5 * MINUTE))
    s.row(operation, status, charge=True)
    s.expect(operation, status, True, "first_effective")


def _poll_cures_missing(s: Stage, turn: int) -> None:
    """No notification, but our own poll knows the status."""
    operation = s.start()
    if turn % 2:
        s.poll(operation, 8, at=operation.made + 5 * MINUTE)
    status = s.effective()
    s.poll(operation, status)
    s.row(operation, status, charge=True)
    s.expect(operation, status, True, "first_effective")


def _unknown_code(s: Stage, turn: int) -> None:
    """A code that no edition lists is never guessed; beside non-final ones it stands."""
    operation = s.start()
    status = UNLISTED[turn % len(UNLISTED)]
    if turn % 2:
        s.notify(operation, 5)
    s.notify(operation, status)
    s.row(operation, status, charge=turn % 4 < 2)
    s.expect(operation, status, None, "unknown_status", bucket="undecidable")


def _unknown_code_with_final(s: Stage, turn: int) -> None:
    """An unlisted code counts only where no final one is known."""
    operation = s.start()
    status = s.effective()
    notice = s.notify(operation, status)
    s.notify(operation, UNLISTED[turn % len(UNLISTED)], at=notice.received + MINUTE * (1 - 2 * (turn % 2)))
    s.row(operation, status, charge=True)
    s.expect(operation, status, True, "first_effective")


def _unknown_code_repeat(s: Stage, turn: int) -> None:
    """An unlisted code after the billed operation: free either way."""
    first = s.start()
    s.billed(first, s.effective())
    second = s.again(first)
    s.notify(second, 77)
    s.row(second, 77, charge=False)
    s.expect(second, 77, False, "repeat_same_day", winner=first)


def _non_final_only(s: Stage, turn: int) -> None:
    """Still running as far as we know: it may yet become effective. The furthest status stands."""
    operation = s.start()
    status = NOT_FINAL[-1 - turn % len(NOT_FINAL)]
    if status == 8:
        s.notify(operation, 8)
        s.notify(operation, 5, manner="hash_only")
    elif status == 5:
        s.notify(operation, 5)
    else:
        s.poll(operation, status)
    if turn % 2:
        s.row(operation, 10, charge=True)
    else:
        s.row(operation, status, charge=False)
    s.expect(operation, status, None, "not_final", bucket="undecidable")


def _non_final_then_final(s: Stage, turn: int) -> None:
    """The ordinary course: 5, 8, then the end."""
    operation = s.start()
    status = s.effective()
    notice = s.notify(operation, 5)
    s.notify(operation, 8, at=notice.received + MINUTE)
    s.notify(operation, status, at=notice.received + 3 * MINUTE)
    s.row(operation, status, charge=True)
    s.expect(operation, status, True, "first_effective")


def _non_final_first(s: Stage, turn: int) -> None:
    """The first is still running: whether the second is billed hangs on it."""
    first = s.start()
    s.notify(first, 8)
    s.row(first, 8, charge=False)
    s.expect(first, 8, None, "not_final", bucket="undecidable")
    second = s.again(first)
    status = s.effective()
    s.finish(second, status)
    s.row(second, status, charge=True)
    s.expect(second, status, None, "earlier_undecided", bucket="undecidable")


def _non_final_repeat(s: Stage, turn: int) -> None:
    """Still running, but after the billed one: free however it ends."""
    first = s.start()
    s.billed(first, s.effective())
    second = s.again(first)
    s.notify(second, 5)
    s.row(second, 5, charge=False)
    s.expect(second, 5, False, "repeat_same_day", winner=first)


def _status_nine(s: Stage, turn: int) -> None:
    """9 is not final but counts already; a later final one replaces it."""
    operation = s.start()
    notice = s.notify(operation, 9)
    if turn % 3 == 0:
        s.row(operation, 9, charge=True)
        s.expect(operation, 9, True, "first_effective")
    elif turn % 3 == 1:
        row = s.row(operation, 10, charge=True)
        row.json_result = 5
        s.expect(operation, 9, True, "first_effective", bucket="fields_differ", differing=("da_status",))
    else:
        s.notify(operation, 13, at=notice.received + 5 * MINUTE)
        s.row(operation, 13, charge=False)
        s.expect(operation, 13, False, "ineffective_status")


def _status_nine_then_repeat(s: Stage, turn: int) -> None:
    """9 uses up the day."""
    first = s.start()
    s.notify(first, 9)
    s.row(first, 9, charge=True)
    s.expect(first, 9, True, "first_effective")
    s.repeat(s.again(first), s.effective(), first)


REPORTS = (
    Scenario("duplicate_notification", _duplicate_notification, 1),
    Scenario("missing_notification", _missing_notification, 1),
    Scenario("missing_notification_repeat", _missing_notification_repeat, 2),
    Scenario("missing_notification_first", _missing_notification_first, 3),
    Scenario("late_notification", _late_notification, 1),
    Scenario("out_of_order_notification", _out_of_order_notification, 1),
    Scenario("poll_cures_missing", _poll_cures_missing, 1),
    Scenario("unknown_code", _unknown_code, 1),
    Scenario("unknown_code_with_final", _unknown_code_with_final, 1),
    Scenario("unknown_code_repeat", _unknown_code_repeat, 2),
    Scenario("non_final_only", _non_final_only, 1),
    Scenario("non_final_then_final", _non_final_then_final, 1),
    Scenario("non_final_first", _non_final_first, 2),
    Scenario("non_final_repeat", _non_final_repeat, 2),
    Scenario("status_nine", _status_nine, 1),
    Scenario("status_nine_then_repeat", _status_nine_then_repeat, 2),
)
