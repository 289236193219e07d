"""The computation from three input tables to the ledger, as expressions that any engine can run.

Nothing here executes by itself: the `Engine` that the caller hands in keeps intermediate tables and
fetches the few numbers that the next step needs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import ibis
import ibis.expr.types as ir

from idvtools.ledger.clock import day_number, day_of, offsets
from idvtools.ledger.columns import MONEY, TYPES
from idvtools.ledger.inputs import Inputs
from idvtools.ledger.matching import (
    bucket_of,
    differing_fields,
    match,
    repeated_rows,
    severity_of,
    with_file_missing,
)
from idvtools.ledger.operations import (
    contradictory_starts,
    operations,
    repeated_starts,
    unique_starts,
    unrequested,
    weigh_reports,
    with_vendor_status,
)
from idvtools.ledger.pricing import price_rows
from idvtools.ledger.rules import Period, Rules
from idvtools.ledger.verdict import decide, effective_of, with_excluded

_ORDER = (
    "day", "app_id", "site", "clock", "op_id", "bucket", "statement_file", "statement_line", "source_file",
    "source_line",
)  # fmt: skip


class Engine(Protocol):
    """What the ledger asks of an engine."""

    def keep(self, name: str, table: ir.Table) -> ir.Table:
        """Work `table` out now and keep it under `name`."""

    def rows(self, table: ir.Table) -> list[tuple[Any, ...]]:
        """The rows of a small table."""

    def small(self, name: str, schema: Mapping[str, str], rows: Sequence[tuple[Any, ...]]) -> ir.Table:
        """A small table from Python values."""


@dataclass(frozen=True)
class LedgerTables:
    """What is to be worked out.

    `ledger` has the columns of `columns.LEDGER_SCHEMA`, ordered, with integers for moments (``clock`` … in
    ms), days and files. `rows_ours` and `rows_vendor` count the operations and the statement rows that
    belong to the period, apart from the join that puts them into buckets.
    """

    ledger: ir.Table
    rows_ours: int
    rows_vendor: int


def reconcile(inputs: Inputs, rules: Rules, period: Period, engine: Engine) -> LedgerTables:
    """Express the ledger of a period.

    Parameters
    ----------
    inputs : Inputs
        Requests, reports, statement rows, and which statement files there are.
    rules : Rules
        Code table, zone, settings.
    period : Period
        Days asked for, both included.
    engine : Engine
        Runs the expressions.
    """
    repeated = engine.keep("repeated_starts", repeated_starts(inputs.requests))
    starts = unique_starts(inputs.requests, repeated)
    strangers = engine.keep("strangers", unrequested(inputs.reports, starts))
    aside = engine.keep("aside", repeated_rows(inputs.statement))
    primary = inputs.statement.anti_join(aside, "row_no")

    contradictory = contradictory_starts(inputs.requests, repeated)
    ops = operations(starts, strangers, weigh_reports(inputs.reports, rules), contradictory, rules)
    if rules.fallback_status == "statement":
        ops = with_vendor_status(ops, primary)
    ops = engine.keep("ops", ops.mutate(effective=effective_of(ops.status, rules)))

    zone = _zone_offsets(ops, inputs, rules, engine)
    day_in_period = _within(period)
    ops = ops.mutate(day=day_of(ops.clock_ms, zone), da_day=day_of(ops.da_ms, zone))
    primary, aside = (
        t.mutate(create_day=ibis.coalesce(day_of(t.created_ms, zone), t.file_day)) for t in (primary, aside)
    )
    aside = aside.filter(day_in_period(aside.create_day))

    listed = inputs.statement.filter(inputs.statement.parent_op_id.notnull()).select(family="parent_op_id")
    judged = decide(with_excluded(ops, listed, rules), rules)
    matched = match(judged, primary)
    matched = matched.mutate(
        in_ours=(matched.ours & day_in_period(matched.day)).fill_null(False),
        in_theirs=(matched.theirs & day_in_period(matched.v_create_day)).fill_null(False),
    )
    matched = matched.filter(matched.in_ours | matched.in_theirs)
    prices = _prices(ops, primary, aside, rules, engine)
    ledger = _as_ledger(with_file_missing(matched, *_coverage(inputs, period, engine)), prices, rules).union(
        _set_aside(aside, prices), _start_failures(inputs.requests, zone, day_in_period)
    )
    ledger = ledger.order_by([ledger[c].asc(nulls_first=False) for c in _ORDER])
    rows_ours, rows_vendor = _count(ops, primary, aside, day_in_period, engine)
    return LedgerTables(ledger=ledger, rows_ours=rows_ours, rows_vendor=rows_vendor)


def _within(period: Period) -> Callable[[ir.IntegerValue], ir.BooleanValue]:
    """Whether a day lies in the period; what has no day is in every period."""
    first, last = day_number(period.first), day_number(period.last)

    def test(day: ir.IntegerValue) -> ir.BooleanValue:
        return day.isnull() | day.between(first, last)

    return test


def _count(
    ops: ir.Table,
    primary: ir.Table,
    aside: ir.Table,
    day_in_period: Callable[[ir.IntegerValue], ir.BooleanValue],
    engine: Engine,
) -> tuple[int, int]:
    """Operations and statement rows of the period: those within it, and what they are matched with."""
    inside, outside = ops.filter(day_in_period(ops.day)), ops.filter(~day_in_period(ops.day))
    listed, elsewhere = primary.filter(day_in_period(primary.create_day)), primary.filter(~day_in_period(primary.create_day))
    counts = [inside, outside.semi_join(listed, "op_id"), listed, elsewhere.semi_join(inside, "op_id"), aside]
    (values,) = engine.rows(
        ibis.union(*[t.aggregate(n=t.count(), part=ibis.literal(i)) for i, t in enumerate(counts)]).aggregate(
            **{f"n{i}": ibis._.n.sum(where=ibis._.part == i) for i in range(len(counts))}
        )
    )
    return values[0] + values[1], values[2] + values[3] + values[4]


def _zone_offsets(ops: ir.Table, inputs: Inputs, rules: Rules, engine: Engine) -> list[tuple[int, int]]:
    moments = ops.aggregate(
        low=ibis.least(ops.clock_ms.min(), ops.da_ms.min()), high=ibis.greatest(ops.clock_ms.max(), ops.da_ms.max())
    )
    created = inputs.statement.created_ms
    rows = engine.rows(moments) + engine.rows(inputs.statement.aggregate(low=created.min(), high=created.max()))
    failed = inputs.requests.requested_ms
    rows += engine.rows(inputs.requests.aggregate(low=failed.min(), high=failed.max()))
    known = [value for row in rows for value in row if value is not None] or [0]
    return offsets(rules.timezone, min(known), max(known))


def _coverage(inputs: Inputs, period: Period, engine: Engine) -> tuple[ir.Table, ir.Table]:
    days = {day_number(d) for d in period.days()}
    there: dict[str, set[int]] = {}
    for app_id, day in sorted(inputs.covered):
        there.setdefault(app_id, set()).add(day)
    covered = engine.small("covered", {"app_id": "string", "day": "int32"}, sorted(inputs.covered))
    complete = [(app_id,) for app_id, has in there.items() if days <= has]
    return covered, engine.small("complete", {"app_id": "string"}, complete)


def _prices(ops: ir.Table, primary: ir.Table, aside: ir.Table, rules: Rules, engine: Engine) -> ir.Table:
    wanted: list[tuple[str, int]] = []
    if rules.prices:
        pairs = ibis.union(
            ops.select("site", "day").distinct(),
            primary.select("site", day="create_day").distinct(),
            aside.select("site", day="create_day").distinct(),
            distinct=True,
        )
        wanted = [(site, day) for site, day in engine.rows(pairs) if site is not None and day is not None]
    return engine.small("prices", {"site": "string", "day": "int32", "price": MONEY}, price_rows(rules.prices, wanted))


def _zero() -> ir.DecimalScalar:
    return ibis.literal(0).cast(MONEY)


def _vendor_amount(charge: ir.BooleanValue, package: ir.BooleanValue, price: ir.DecimalValue) -> ir.DecimalValue:
    """Charged and no package: the price; charged from a package, or not charged: nothing."""
    return ibis.cases((charge & ~package, price), (charge.notnull(), _zero()), else_=ibis.null(MONEY))


def _as_ledger(rows: ir.Table, prices: ir.Table, rules: Rules) -> ir.Table:
    """Rows of either side, matched and judged, in the ledger's columns."""
    own = prices.select("site", "day", price_ours="price")
    theirs = prices.select(v_site="site", v_create_day="day", price_vendor="price")
    rows = rows.left_join(own, ["site", "day"]).drop("site_right", "day_right")
    rows = rows.left_join(theirs, ["v_site", "v_create_day"]).drop("v_site_right", "v_create_day_right")
    rows = rows.mutate(differing_fields=differing_fields(rows))
    rows = rows.mutate(bucket=bucket_of(rows))
    taken = (rows.v_charge & rows.v_package).fill_null(False)
    package_ours = rows.billable.fill_null(False) & taken
    names = {s.code: s.name_zh for s in rules.statuses}
    flags = ibis.literal("")
    for condition, flag in (
        (rows.flag_conflict, "conflicting_final"),
        (rows.flag_contradictory, "contradictory_requests"),
        (rows.flag_stranger, "not_in_requests"),
        (rows.flag_unreadable, "subject_unreadable"),
    ):
        flags = flags.concat(ibis.ifelse(condition.fill_null(False), f";{flag}", ""))
    return _finish(
        rows.select(
            op_id=ibis.coalesce(rows.op_id, rows.v_op_id),
            parent_op_id=ibis.ifelse(rows.ours, rows.parent_op_id, rows.v_parent_op_id),
            app_id=ibis.ifelse(rows.ours, rows.app_id, rows.v_app_id),
            biz_no=ibis.ifelse(rows.ours, rows.biz_no, rows.v_biz_no),
            site=ibis.ifelse(rows.ours, rows.site, rows.v_site),
            subject=rows.subject,
            day=rows.day,
            clock=rows.clock_ms,
            clock_source=rows.clock_source,
            da_id_time=rows.da_ms,
            status=rows.status,
            status_name=rows.status.cases(*names.items(), else_=ibis.null("string")),
            status_source=rows.status_source,
            sub_status=rows.sub_status,
            final=rows.status.cases(*[(s.code, s.final) for s in rules.statuses], else_=ibis.null("boolean")),
            effective=rows.effective,
            json_result=rows.json_result,
            authorized_at=rows.authorized_ms,
            flags=flags.substr(1),
            billable=rows.billable,
            reason=rows.reason,
            winner_op_id=rows.winner_op_id,
            amount_ours=ibis.cases(
                (package_ours | ~rows.billable, _zero()), (rows.billable, rows.price_ours), else_=ibis.null(MONEY)
            ),
            package_ours=ibis.ifelse(rows.ours, package_ours, ibis.null("boolean")),
            statement_file=rows.v_file_id,
            statement_line=rows.v_line,
            vendor_status=rows.v_status,
            vendor_sub_status=rows.v_sub_status,
            vendor_charge=rows.v_charge,
            vendor_package=rows.v_package,
            vendor_create_time=rows.v_created_ms,
            amount_vendor=_vendor_amount(rows.v_charge, rows.v_package, rows.price_vendor),
            bucket=rows.bucket,
            differing_fields=rows.differing_fields,
            period_shift=rows.ours & rows.theirs & (rows.in_ours != rows.in_theirs),
            source_file=rows.file_id,
            source_line=rows.line,
        )
    )


def _set_aside(rows: ir.Table, prices: ir.Table) -> ir.Table:
    """Statement rows that were set aside, in the ledger's columns."""
    priced = rows.left_join(prices.select("site", create_day="day", price_vendor="price"), ["site", "create_day"])
    return _finish(
        priced.select(
            op_id=priced.op_id,
            parent_op_id=priced.parent_op_id,
            app_id=priced.app_id,
            biz_no=priced.biz_no,
            site=priced.site,
            statement_file=priced.file_id,
            statement_line=priced.line,
            vendor_status=priced.status,
            vendor_sub_status=priced.sub_status,
            vendor_charge=priced.charge,
            vendor_package=priced.package,
            vendor_create_time=priced.created_ms,
            amount_vendor=_vendor_amount(priced.charge, priced.package, priced.price_vendor),
            bucket=ibis.literal("duplicate_in_statement"),
            period_shift=ibis.literal(False),
        )
    )


def _start_failures(
    requests: ir.Table,
    zone: list[tuple[int, int]],
    day_in_period: Callable[[ir.IntegerValue], ir.BooleanValue],
) -> ir.Table:
    """Starts without an operation: never billable, in no bucket, each exchange once."""
    failed = requests.filter(requests.op_id.isnull())
    said = ["app_id", "biz_no", "site", "subject", "requested_ms", "error_code"]
    once = failed.group_by(said).agg(
        place=ibis.struct({"file_id": failed.file_id, "line": failed.line}).min(),
        subject_state=failed.subject_state.max(),
    )
    once = once.mutate(day=day_of(once.requested_ms, zone))
    once = once.filter(day_in_period(once.day))
    return _finish(
        once.select(
            app_id=once.app_id,
            biz_no=once.biz_no,
            site=once.site,
            subject=once.subject,
            day=once.day,
            clock=once.requested_ms,
            clock_source=ibis.ifelse(once.requested_ms.notnull(), "request", ibis.null("string")),
            flags=ibis.cases(
                (once.error_code.isnull(), "no_answer"), (once.subject_state == "unreadable", "subject_unreadable"), else_=""
            ),
            billable=ibis.literal(False),
            reason=ibis.literal("start_failed"),
            amount_ours=_zero(),
            package_ours=ibis.literal(False),
            source_file=once.place["file_id"],
            source_line=once.place["line"],
        )
    )


def _finish(rows: ir.Table) -> ir.Table:
    """All columns of the ledger, those not given as nulls, and the severity."""
    have = set(rows.columns)
    full = rows.select(
        **{name: rows[name].cast(kind) if name in have else ibis.null(kind) for name, kind in TYPES.items()}
    )
    return full.mutate(severity=severity_of(full)).select(*TYPES)
