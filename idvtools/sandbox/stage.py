"""The stage that scenarios are played on: start an operation, report on it, charge it, say what must come out.

A scenario writes what happened on both sides, and *states* the verdict; nothing here works one out.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from idvtools.sandbox.clockwork import SITES, Calendar, DaIds
from idvtools.sandbox.dice import MINUTE, Dice, authorized, json_result, sub_status
from idvtools.sandbox.people import Person
from idvtools.sandbox.plan import (
    Child,
    Expected,
    Manner,
    Notice,
    Operation,
    Place,
    Plan,
    Poll,
    Report,
    Row,
    StartFailure,
    effective,
)


@dataclass(frozen=True, slots=True)
class Scenario:
    """Plants one small group of operations; `size` is the most it plants, `turn` picks a variant."""

    name: str
    plant: Callable[[Stage, int], None]
    size: int


class Stage(Dice):
    """Collects a `Plan`; what a scenario does not say is left to the dice."""

    def __init__(self, calendar: Calendar, rng: random.Random) -> None:
        super().__init__(calendar, rng)
        self.plan = Plan()
        self.scenario = ""
        self._ids = DaIds(rng)

    # ---- what happened

    def start(
        self,
        *,
        app: str | None = None,
        site: str | None = None,
        person: Person | None = None,
        at: int | None = None,
        day: date | None = None,
        lag: int | None = None,
        tail: int | None = None,
    ) -> Operation:
        """A start-vdi request that was answered; the vendor's clock is `lag` ms (5..60) ahead of ours."""
        app = app or self.app()
        requested = at if at is not None else self.moment(day or self.day(app))
        made = requested + (lag if lag is not None else self.rng.randint(5, 60))
        operation = Operation(
            serial=self.serial(),
            op_id=self._ids.make(app, made, tail),
            scenario=self.scenario,
            person=person or self.person(),
            app_id=app,
            site=site or self.rng.choice(SITES),
            biz_no=self.biz_no(requested),
            requested=requested,
            made=made,
            key_id=self.calendar.key_at(app, requested),
        )
        self.plan.operations.append(operation)
        return operation

    def again(
        self, first: Operation, *, app: str | None = None, site: str | None = None, at: int | None = None
    ) -> Operation:
        """The same person once more, some minutes later unless `at` says when."""
        later = first.requested + self.rng.randrange(3 * MINUTE, 50 * MINUTE)
        return self.start(
            app=app or first.app_id, site=site or first.site, person=first.person, at=later if at is None else at
        )

    def child(self, parent: Operation, number: int, site: str) -> Operation:
        """A child of an N-in-one: person, clock, app and business number are its parent's."""
        operation = Operation(
            serial=self.serial(),
            op_id=f"{parent.op_id}-{number}",
            scenario=self.scenario,
            person=parent.person,
            app_id=parent.app_id,
            site=site,
            biz_no=parent.biz_no,
            requested=parent.requested,
            made=parent.made,
            key_id=parent.key_id,
            logged=False,
            parent=parent,
        )
        self.plan.operations.append(operation)
        return operation

    def start_fails(self, person: Person, *, app: str, site: str, at: int, error: tuple[int, str]) -> None:
        """A start-vdi request that was answered with an error."""
        self.plan.failures.append(
            StartFailure(
                self.serial(), self.scenario, person, app, site, self.biz_no(at), at,
                self.calendar.key_at(app, at), *error,
            )
        )  # fmt: skip

    def notify(
        self,
        operation: Operation,
        status: int,
        *,
        manner: Manner = "signed",
        place: Place | None = None,
        at: int | None = None,
        json_result: int | None = None,
        children: Sequence[Child] = (),
        claims: int | None = None,
    ) -> Notice:
        """A notification arrives, a few minutes after the start unless `at` says when."""
        serial = self.serial()
        if place is None:
            ways: tuple[Place, ...] = (
                ("bare", "bare", "log", "daily") if manner == "bare" else ("daily",) * 16 + ("log",)
            )
            place = ways[serial % len(ways)]
        received = at if at is not None else operation.made + self.rng.randrange(90_000, 900_000)
        nonce = f"{self.rng.getrandbits(128):032x}"
        report = self._report(operation, status, json_result, children)
        notice = Notice(serial, received, report, manner, place, nonce, claims)
        self.plan.notices.append(notice)
        return notice

    def retry(self, notice: Notice, at: int) -> None:
        """The platform sends the same notification once more."""
        again = Notice(self.serial(), at, notice.report, notice.manner, notice.place, notice.nonce, notice.claims)
        self.plan.notices.append(again)

    def poll(self, operation: Operation, status: int, *, at: int | None = None, children: Sequence[Child] = ()) -> None:
        """We ask get-da-status ourselves."""
        polled = at if at is not None else operation.made + 20 * MINUTE + self.rng.randrange(MINUTE)
        self.plan.polls.append(Poll(self.serial(), polled, self._report(operation, status, None, children)))

    def finish(self, operation: Operation, status: int, *, at: int | None = None) -> None:
        """The notifications that an operation of this final status usually gives: signed, now and then bare."""
        received = at if at is not None else operation.made + self.rng.randrange(90_000, 900_000)
        manner: Manner = "bare" if operation.serial % 40 == 1 else "signed"
        if operation.serial % 12 == 0:
            self.notify(operation, 5, at=received - 30_000)
        if status == 10 and operation.serial % 5 < 2:
            self.notify(operation, 10, manner=manner, at=received, json_result=5)
            received += self.rng.randrange(15_000, 200_000)
        self.notify(operation, status, manner=manner, at=received)

    def row(
        self,
        operation: Operation,
        status: int,
        *,
        charge: bool,
        package: bool = False,
        site: str | None = None,
    ) -> Row:
        """The operation's row in the statement; the vendor's clock is the daId's."""
        row = Row(
            op_id=operation.op_id,
            biz_no=operation.biz_no,
            app_id=operation.app_id,
            site=site or operation.site,
            status=status,
            sub_status=sub_status(operation, status),
            json_result=json_result(operation, status),
            authorized=authorized(operation, status),
            charge=charge,
            package=package,
            created=operation.made,
            file_app=operation.app_id,
            file_day=self.calendar.day_of(operation.made),
            scenario=self.scenario,
        )
        operation.row = row
        self.plan.rows.append(row)
        return row

    def stranger(self, *, charge: bool, status: int) -> Row:
        """A row of the statement whose operation we do not have."""
        operation = self.start()
        self.plan.operations.pop()
        row = self.row(operation, status, charge=charge)
        row.bucket = "only_in_statement"
        return row

    # ---- what must come out

    def expect(
        self,
        operation: Operation,
        status: int | None,
        billable: bool | None,
        reason: str,
        *,
        winner: Operation | None = None,
        bucket: str = "matched",
        differing: tuple[str, ...] = (),
        vendor_rule: str | None = None,
    ) -> None:
        """State the verdict on an operation.

        `vendor_rule` names what the vendor did instead of the published rule, where it did.
        """
        ours = operation if operation.parent is None else operation.parent
        moment = ours.requested if ours.logged and ours.clock_logged else ours.made
        operation.expected = Expected(
            status=status,
            effective=effective(status),
            day=self.calendar.day_of(moment),
            billable=billable,
            reason=reason,
            winner=winner.op_id if winner else None,
            bucket=bucket,
            period_shift=False,
            differing=differing,
            vendor_rule=vendor_rule,
        )

    def billed(self, operation: Operation, status: int) -> None:
        """An ordinary first effective operation: reported, charged, matched."""
        self.finish(operation, status)
        self.row(operation, status, charge=True)
        self.expect(operation, status, True, "first_effective")

    def repeat(self, operation: Operation, status: int, winner: Operation | None) -> None:
        """An ordinary effective repeat: reported, not charged, matched."""
        self.finish(operation, status)
        self.row(operation, status, charge=False)
        self.expect(operation, status, False, "repeat_same_day", winner=winner)

    def wasted(self, operation: Operation, status: int) -> None:
        """An ordinary operation that does not count: reported, not charged, matched."""
        self.finish(operation, status)
        self.row(operation, status, charge=False)
        self.expect(operation, status, False, "ineffective_status")

    def seen(self, name: str, times: int = 1) -> None:
        """Count a phenomenon."""
        self.plan.phenomena[name] = self.plan.phenomena.get(name, 0) + times

    def _report(self, operation: Operation, status: int, parsed: int | None, children: Sequence[Child]) -> Report:
        return Report(
            op_id=operation.op_id,
            app_id=operation.app_id,
            biz_no=operation.biz_no,
            site=operation.site,
            user_id=operation.person.user_id,
            status=status,
            sub_status=sub_status(operation, status),
            json_result=json_result(operation, status) if parsed is None else parsed,
            authorized=authorized(operation, status),
            children=tuple(children),
        )
