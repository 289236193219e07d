"""Scenarios: what the vendor's statement gets wrong, leaves out or adds; and the ordinary month around it all."""

from __future__ import annotations

from dataclasses import replace

from idvtools.sandbox.clockwork import APPS, SITES
from idvtools.sandbox.dice import HOUR, next_day, sub_status
from idvtools.sandbox.plan import Operation
from idvtools.sandbox.stage import Scenario, Stage

__all__ = ["DISPUTES", "ordinary"]


def ordinary(s: Stage) -> None:
    """One operation of an ordinary day: reported, in the statement, judged alike by both sides."""
    app = s.app()
    operation = s.start(app=app, at=s.moment(s.day(app), 6, 23))
    if operation.serial % 25 == 0:
        operation.biz_no += "-测试"
    if s.rng.random() < 0.85:
        s.billed(operation, s.effective())
    else:
        s.wasted(operation, s.ineffective())


def _statement_day_missing(s: Stage, turn: int) -> None:
    """The statement file of this app and day is absent: no break, a gap in coverage."""
    app, day = s.calendar.missing
    operation = s.start(app=app, day=day)
    if turn % 4 == 3:
        s.expect(operation, None, None, "no_status", bucket="statement_missing")
        return
    status = s.ineffective() if turn % 4 == 1 else s.effective()
    s.finish(operation, status)
    if turn % 4 == 1:
        s.expect(operation, status, False, "ineffective_status", bucket="statement_missing")
        return
    s.expect(operation, status, True, "first_effective", bucket="statement_missing")
    if turn % 4 == 2:
        second = s.again(operation)
        status = s.effective()
        s.finish(second, status)
        s.expect(second, status, False, "repeat_same_day", winner=operation, bucket="statement_missing")


def _duplicate_row(s: Stage, turn: int) -> None:
    """A row stands in the statement twice, in one file or in the next day's as well."""
    app = s.app()
    operation = s.start(app=app, day=s.day(app, span=1))
    if turn % 3 == 2:
        s.wasted(operation, s.ineffective())
    else:
        s.billed(operation, s.effective())
    assert operation.row is not None
    copy = replace(operation.row, bucket="duplicate_in_statement")
    if turn % 2:
        copy.file_day = next_day(copy.file_day)
    s.plan.rows.append(copy)


def _row_missing(s: Stage, turn: int) -> None:
    """A billable operation that the statement lacks: only in ours, money at stake."""
    operation = s.start()
    status = s.effective()
    s.finish(operation, status)
    s.expect(operation, status, True, "first_effective", bucket="only_in_ours")


def _row_missing_free(s: Stage, turn: int) -> None:
    """A free operation that the statement lacks: only in ours, for information."""
    first = s.start()
    if turn % 2:
        s.billed(first, s.effective())
        second = s.again(first)
        status = s.effective()
        s.finish(second, status)
        s.expect(second, status, False, "repeat_same_day", winner=first, bucket="only_in_ours")
    else:
        status = s.ineffective()
        s.finish(first, status)
        s.expect(first, status, False, "ineffective_status", bucket="only_in_ours")


def _row_missing_undecided(s: Stage, turn: int) -> None:
    """Neither a report nor a row: only in ours, undecided."""
    operation = s.start()
    if turn % 2:
        s.notify(operation, 5)
        s.expect(operation, 5, None, "not_final", bucket="only_in_ours")
    else:
        s.expect(operation, None, None, "no_status", bucket="only_in_ours")


def _only_in_statement(s: Stage, turn: int) -> None:
    """The vendor charges an operation that we never had."""
    s.stranger(charge=True, status=s.effective())


def _only_in_statement_free(s: Stage, turn: int) -> None:
    """The vendor lists an operation that we never had, without a charge."""
    s.stranger(charge=False, status=s.ineffective())


def _package_billable(s: Stage, turn: int) -> None:
    """A billable operation out of a prepaid package: nothing to pay on either side."""
    operation = s.start()
    status = s.effective()
    s.finish(operation, status)
    s.row(operation, status, charge=True, package=True)
    s.expect(operation, status, True, "first_effective")


def _package_overbilled(s: Stage, turn: int) -> None:
    """A unit of the package is taken for an operation that is free."""
    first = s.start()
    s.billed(first, s.effective())
    second = s.again(first)
    status = s.effective()
    s.finish(second, status)
    s.row(second, status, charge=True, package=True)
    s.expect(second, status, False, "repeat_same_day", winner=first, bucket="overbilled", vendor_rule="every_effective")


def _overcharge(s: Stage, first: Operation, second: Operation, rule: str) -> None:
    """Both are charged, although the second is a repeat."""
    s.billed(first, s.effective())
    status = s.effective()
    s.finish(second, status)
    s.row(second, status, charge=True)
    s.expect(second, status, False, "repeat_same_day", winner=first, bucket="overbilled", vendor_rule=rule)


def _undercharge(s: Stage, operation: Operation, rule: str) -> None:
    """A billable operation that the vendor does not charge."""
    status = s.effective()
    s.finish(operation, status)
    s.row(operation, status, charge=False)
    s.expect(operation, status, True, "first_effective", bucket="underbilled", vendor_rule=rule)


def _repeat_charged(s: Stage, turn: int) -> None:
    """The vendor charges the repeat as well."""
    first = s.start()
    _overcharge(s, first, s.again(first), "every_effective")


def _ineffective_charged(s: Stage, turn: int) -> None:
    """The vendor charges an operation that does not count."""
    operation = s.start()
    status = s.ineffective()
    s.finish(operation, status)
    s.row(operation, status, charge=True)
    s.expect(operation, status, False, "ineffective_status", bucket="overbilled", vendor_rule="wrong_flag")


def _billable_freed(s: Stage, turn: int) -> None:
    """The vendor does not charge a billable operation."""
    _undercharge(s, s.start(), "wrong_flag")


def _vendor_counts_utc_days(s: Stage, turn: int) -> None:
    """The vendor's day is UTC's: 07:30 and 10:00 are two of its days, 10:00 and the next 07:00 are one."""
    app = s.app()
    day = s.day(app, span=1)
    if turn % 2:
        first = s.start(app=app, at=s.moment(day, 10, 20))
        s.billed(first, s.effective())
        _undercharge(s, s.again(first, at=s.moment(next_day(day), 6, 7.9)), "timezone_utc")
    else:
        first = s.start(app=app, at=s.moment(day, 6, 7.9))
        _overcharge(s, first, s.again(first, at=first.requested + s.rng.randrange(2 * HOUR, 9 * HOUR)), "timezone_utc")


def _vendor_ignores_case(s: Stage, turn: int) -> None:
    """The vendor takes X and x for one person and frees the second."""
    first = s.start(person=s.person(with_x=True))
    s.billed(first, s.effective())
    second = s.again(first)
    second.person = replace(first.person, id_no=first.person.id_no.lower())
    _undercharge(s, second, "subject_normalised")


def _vendor_ignores_app(s: Stage, turn: int) -> None:
    """The vendor frees the second app's operation of the day."""
    first = s.start(app=APPS[turn % 2], day=s.day(*APPS))
    s.billed(first, s.effective())
    _undercharge(s, s.again(first, app=APPS[1 - turn % 2]), "subject_per_app_ignored")


def _vendor_first_operation_only(s: Stage, turn: int) -> None:
    """The vendor lets an ineffective operation use up the day."""
    first = s.start()
    s.wasted(first, s.ineffective())
    _undercharge(s, s.again(first), "first_operation_only")


def _differ(s: Stage, turn: int, field: str) -> None:
    """The charge agrees, one field does not."""
    operation = s.start()
    status = {"da_sub_status": 44, "json_result": 10}.get(field, s.effective())
    s.finish(operation, status)
    row = s.row(operation, status, charge=True)
    if field == "da_status":
        row.status = 25 if status == 24 else 24
    elif field == "site":
        row.site = SITES[1 - SITES.index(operation.site)]
    elif field == "biz_no":
        row.biz_no = s.biz_no(operation.requested)
    elif field == "app_id":
        row.app_id = APPS[1 - APPS.index(operation.app_id)]
    elif field == "da_sub_status":
        row.sub_status = 100503 if sub_status(operation, 44) == 81535 else 81535
    else:
        row.json_result = 12 if row.json_result == 10 else 10
    s.expect(operation, status, True, "first_effective", bucket="fields_differ", differing=(field,))


def _differ_da_status(s: Stage, turn: int) -> None:
    _differ(s, turn, "da_status")


def _differ_site(s: Stage, turn: int) -> None:
    _differ(s, turn, "site")


def _differ_biz_no(s: Stage, turn: int) -> None:
    _differ(s, turn, "biz_no")


def _differ_app_id(s: Stage, turn: int) -> None:
    _differ(s, turn, "app_id")


def _differ_sub_status(s: Stage, turn: int) -> None:
    _differ(s, turn, "da_sub_status")


def _differ_json_result(s: Stage, turn: int) -> None:
    _differ(s, turn, "json_result")


DISPUTES = (
    Scenario("statement_day_missing", _statement_day_missing, 2),
    Scenario("duplicate_row", _duplicate_row, 1),
    Scenario("row_missing", _row_missing, 1),
    Scenario("row_missing_free", _row_missing_free, 2),
    Scenario("row_missing_undecided", _row_missing_undecided, 1),
    Scenario("only_in_statement", _only_in_statement, 0),
    Scenario("only_in_statement_free", _only_in_statement_free, 0),
    Scenario("package_billable", _package_billable, 1),
    Scenario("package_overbilled", _package_overbilled, 2),
    Scenario("repeat_charged", _repeat_charged, 2),
    Scenario("ineffective_charged", _ineffective_charged, 1),
    Scenario("billable_freed", _billable_freed, 1),
    Scenario("vendor_counts_utc_days", _vendor_counts_utc_days, 2),
    Scenario("vendor_ignores_case", _vendor_ignores_case, 2),
    Scenario("vendor_ignores_app", _vendor_ignores_app, 2),
    Scenario("vendor_first_operation_only", _vendor_first_operation_only, 2),
    Scenario("differ_da_status", _differ_da_status, 1),
    Scenario("differ_site", _differ_site, 1),
    Scenario("differ_biz_no", _differ_biz_no, 1),
    Scenario("differ_app_id", _differ_app_id, 1),
    Scenario("differ_sub_status", _differ_sub_status, 1),
    Scenario("differ_json_result", _differ_json_result, 1),
)
