"""What the ledger must say for a month, worked out by brute force from spec/billing.md."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from . import status as st
from .model import Month, Notice, Poll, Price, StatementRow, local_day
from .status import Report

EPOCH = 1288834974657
FREE = Decimal("0.00")


@dataclass
class Operation:
    """One evidence-taking run as our own records know it."""

    op_id: str
    app_id: str
    biz_no: str
    site: str
    subject: str | None
    clock: int | None
    parent: str | None = None
    reports: list[Report] = field(default_factory=list)
    status: int | None = None
    status_source: str | None = None
    sub_status: str | None = None
    json_result: int | None = None
    effective: bool | None = None
    day: date | None = None
    excluded: str | None = None
    billable: bool | None = None
    reason: str = ""
    winner: str | None = None

    @property
    def group(self) -> tuple[str, str, str, date] | None:
        """Give what the platform counts by; None while a part of it is unknown or n_in_one keeps it out."""
        if self.excluded or self.subject is None or self.day is None:
            return None
        return self.app_id, self.subject, self.site, self.day


@dataclass(frozen=True)
class Verdict:
    """One operation's row of the ledger."""

    status: int | None
    status_source: str | None
    effective: bool | None
    day: date | None
    billable: bool | None
    reason: str
    winner_op_id: str | None
    bucket: str
    amount_ours: Decimal | None
    amount_vendor: Decimal | None
    severity: str
    period_shift: bool
    group: tuple[str, str, str, date] | None


@dataclass(frozen=True)
class StatementVerdict:
    """The ledger's row for a statement line that no operation of ours is joined to."""

    op_id: str
    bucket: str
    amount_vendor: Decimal | None
    severity: str
    create_time: int


@dataclass(frozen=True)
class Judgement:
    """Everything that the ledger must hold; start failures by day (None: no clock)."""

    operations: dict[str, Verdict]
    statement: Counter[StatementVerdict]
    start_failures: Counter[date | None]


def judge(month: Month) -> Judgement:
    """Work out the whole month."""
    operations = collect_operations(month)
    kept, duplicates = reduce_statement(month.rows)
    settle_statuses(operations, kept, month)
    settle_days(operations, month)
    apply_n_in_one(operations, month)
    bill(operations)

    period = set(month.days)
    verdicts: dict[str, Verdict] = {}
    for op in operations.values():
        row = kept.get(op.op_id)
        row_inside = row is not None and statement_day(row, month) in period
        op_inside = op.day is None or op.day in period
        if op_inside or row_inside:
            shifted = row is not None and row_inside != op_inside
            verdicts[op.op_id] = verdict(op, row, shifted, month)

    alone: Counter[StatementVerdict] = Counter()
    unmatched = [(row, "only_in_statement") for row in kept.values() if row.da_id not in operations]
    for row, bucket in unmatched + [(row, "duplicate_in_statement") for row in duplicates]:
        if statement_day(row, month) in period:
            severity = "money" if row.charge else "info"
            alone[StatementVerdict(row.da_id, bucket, vendor_amount(row, month), severity, row.create_time)] += 1

    failures: Counter[date | None] = Counter()
    for start in month.starts:
        if start.error_code != 0:
            day = None if start.requested_at is None else local_day(start.requested_at, month.settings.timezone)
            if day is None or day in period:
                failures[day] += 1
    return Judgement(verdicts, alone, failures)


# --- operations -------------------------------------------------------------------------------------------------------


def collect_operations(month: Month) -> dict[str, Operation]:
    """List the operations that are ours, each with the reports on it."""
    operations: dict[str, Operation] = {}
    for start in month.starts:
        if start.da_id is not None:
            clock = start.requested_at if start.requested_at is not None else snowflake_time(start.da_id)
            operations[start.da_id] = Operation(
                start.da_id, start.app_id, start.biz_no, start.site, start.subject, clock
            )
    for notice in month.notices:
        weight = st.trust(notice, month.settings)
        if weight is not None:
            add_report(operations, notice, weight, notice.received_at)
    for poll in month.polls:
        add_report(operations, poll, st.POLLED, poll.polled_at)
    return operations


def add_report(operations: dict[str, Operation], told: Notice | Poll, weight: int, received_at: int | None) -> None:
    """Note what a notification or a poll says, about its operation and about that one's children."""
    parent = operations.get(told.da_id)
    if parent is None:
        parent = Operation(told.da_id, told.app_id, told.biz_no, told.site, None, snowflake_time(told.da_id))
        operations[told.da_id] = parent
    parent.reports.append(Report(told.status, told.sub_status, told.json_result, weight, received_at))
    for child in told.children:
        if child.da_id not in operations:
            operations[child.da_id] = Operation(
                child.da_id, parent.app_id, parent.biz_no, child.site, parent.subject, parent.clock, parent.op_id
            )
        operations[child.da_id].reports.append(Report(child.status, child.sub_status, None, weight, received_at))


def snowflake(op_id: str) -> int | None:
    """Read the number inside a daId; None where the id does not have that form."""
    form = re.fullmatch(r"[0-9A-Za-z]{8}([0-9]{15,19})(-[0-9]+)?", op_id)
    if form is None or int(form[1]) >= 2**63:
        return None
    return int(form[1])


def snowflake_time(op_id: str) -> int | None:
    """Give the instant that a daId was made at."""
    number = snowflake(op_id)
    return None if number is None else (number >> 22) + EPOCH


def settle_statuses(operations: dict[str, Operation], kept: dict[str, StatementRow], month: Month) -> None:
    """Give each operation its status, from our own reports or, where the settings say so, from the vendor's book."""
    for op in operations.values():
        winner = st.winning_report(op.reports)
        if winner is not None:
            op.status, op.sub_status = winner.status, winner.sub_status
            op.status_source = st.SOURCE[winner.trust]
            op.json_result = st.settled_json_result(op.reports, winner)
        elif month.settings.fallback_status == "statement" and op.op_id in kept:
            op.status, op.status_source = kept[op.op_id].da_status, "statement"
        op.effective = st.effectiveness(op.status)


def settle_days(operations: dict[str, Operation], month: Month) -> None:
    """Put each operation on its calendar day."""
    for op in operations.values():
        if op.clock is not None:
            op.day = local_day(op.clock, month.settings.timezone)


def apply_n_in_one(operations: dict[str, Operation], month: Month) -> None:
    """Take out of the groups whichever of parent and children does not carry the charge."""
    suffixed = [re.fullmatch(r"(.+)-[0-9]+", row.da_id) for row in month.rows]
    listed = {match[1] for match in suffixed if match is not None}
    for op in operations.values():
        children = [other for other in operations.values() if other.parent == op.op_id]
        if not children and op.op_id not in listed:
            continue
        mode = month.settings.n_in_one
        if mode == "auto":
            mode = "children" if op.op_id in listed else "parent"
        if mode == "children":
            op.excluded = "has_children"
        else:
            for child in children:
                child.excluded = "billed_with_parent"


# --- the verdict ------------------------------------------------------------------------------------------------------


def bill(operations: dict[str, Operation]) -> None:
    """Decide every operation, group by group, in three-valued logic."""
    groups: dict[tuple[str, str, str, date], list[Operation]] = {}
    for op in operations.values():
        if op.group is not None:
            groups.setdefault(op.group, []).append(op)
        else:
            decide_alone(op)
    for group in groups.values():
        group.sort(key=lambda op: (op.clock, snowflake(op.op_id) or 0, op.op_id))
        for place, op in enumerate(group):
            decide_in_group(op, [earlier.effective for earlier in group[:place]])
        billed = [op.op_id for op in group if op.billable]
        assert len(billed) <= 1, billed
        for op in group:
            if op.reason == "repeat_same_day":
                op.winner = billed[0] if billed else None


def decide_alone(op: Operation) -> None:
    """Decide an operation that stands in no group."""
    if op.excluded is not None:
        op.billable, op.reason = False, op.excluded
    elif op.effective is False:
        op.billable, op.reason = False, "ineffective_status"
    elif op.effective is None:
        op.billable, op.reason = None, open_status_reason(op)
    else:
        op.billable, op.reason = None, "unknown_subject" if op.subject is None else "unknown_day"


def decide_in_group(op: Operation, before: list[bool | None]) -> None:
    """Decide by the operation's own effect and by those before it."""
    if op.effective is False:
        op.billable, op.reason = False, "ineffective_status"
    elif True in before:
        op.billable, op.reason = False, "repeat_same_day"
    elif op.effective is None:
        op.billable, op.reason = None, open_status_reason(op)
    elif None in before:
        op.billable, op.reason = None, "earlier_undecided"
    else:
        op.billable, op.reason = True, "first_effective"


def open_status_reason(op: Operation) -> str:
    """Say why it is not known whether an operation is effective."""
    if op.status is None:
        return "no_status"
    return "not_final" if op.status in st.CODES else "unknown_status"


# --- the statement ----------------------------------------------------------------------------------------------------


def reduce_statement(rows: tuple[StatementRow, ...]) -> tuple[dict[str, StatementRow], list[StatementRow]]:
    """Keep the first row of each daId and set the others aside."""
    kept: dict[str, StatementRow] = {}
    duplicates = []
    for row in sorted(rows, key=lambda row: (row.create_time, row.content())):
        if row.da_id in kept:
            duplicates.append(row)
        else:
            kept[row.da_id] = row
    return kept, duplicates


def statement_day(row: StatementRow, month: Month) -> date:
    """Give the day that a statement row belongs to."""
    return local_day(row.create_time, month.settings.timezone)


def unit_price(site: str, day: date | None, prices: tuple[Price, ...]) -> Decimal | None:
    """Find a site's price on a day, in cents."""
    if day is None:
        return None
    valid = [p for p in prices if p.valid_from <= day and (p.valid_to is None or day <= p.valid_to)]
    candidates = [p for p in valid if p.site == site] or [p for p in valid if p.site == "*"]
    if not candidates:
        return None
    latest = max(candidates, key=lambda p: p.valid_from)
    return Decimal(latest.unit_price).quantize(Decimal("0.01"), ROUND_HALF_UP)


def vendor_amount(row: StatementRow, month: Month) -> Decimal | None:
    """Give what the vendor asks for a row."""
    if not row.charge or row.package:
        return FREE
    return unit_price(row.site, statement_day(row, month), month.settings.prices)


def our_amount(op: Operation, row: StatementRow | None, month: Month) -> Decimal | None:
    """Give what we think an operation costs."""
    if op.billable is None:
        return None
    if not op.billable or (row is not None and row.charge and row.package):
        return FREE
    return unit_price(op.site, op.day, month.settings.prices)


def verdict(op: Operation, row: StatementRow | None, shifted: bool, month: Month) -> Verdict:
    """Match an operation with its statement row and put the pair into its bucket."""
    if row is None:
        bucket = "statement_missing" if file_is_missing(op, month) else "only_in_ours"
        money = op.billable is True
    elif op.billable is None:
        bucket, money = "undecidable", row.charge
    elif op.billable != row.charge:
        bucket, money = ("overbilled" if row.charge else "underbilled"), True
    else:
        bucket, money = ("fields_differ" if fields_differ(op, row) else "matched"), False
    return Verdict(
        status=op.status,
        status_source=op.status_source,
        effective=op.effective,
        day=op.day,
        billable=op.billable,
        reason=op.reason,
        winner_op_id=op.winner,
        bucket=bucket,
        amount_ours=our_amount(op, row, month),
        amount_vendor=None if row is None else vendor_amount(row, month),
        severity="money" if money else "info",
        period_shift=shifted,
        group=op.group,
    )


def file_is_missing(op: Operation, month: Month) -> bool:
    """Tell whether a statement file that could hold the operation is absent."""
    instants = [op.clock, snowflake_time(op.op_id)]
    days = {local_day(instant, month.settings.timezone) for instant in instants if instant is not None}
    return any((op.app_id, day) not in month.files for day in days or month.days)


def fields_differ(op: Operation, row: StatementRow) -> bool:
    """Tell whether anything but the charge disagrees."""
    outright = (op.status, op.site, op.app_id, op.biz_no) != (row.da_status, row.site, row.app_id, row.biz_no)
    sub_status = bool(op.sub_status) and bool(row.sub_status) and op.sub_status != row.sub_status
    json_result = op.json_result is not None and bool(row.json_result) and str(op.json_result) != row.json_result
    return outright or sub_status or json_result
