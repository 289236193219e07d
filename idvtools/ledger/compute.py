"""The computation from three input tables to the ledger, as expressions that any engine can run.

Nothing here executes by itself: the `Engine` that the caller hands in keeps intermediate tables and
fetches the few numbers that the next step needs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import ibis
import ibis.expr.types as ir

from idvtools.ledger.clock import day_number, day_of, offsets
from idvtools.ledger.columns import BREAKS
from idvtools.ledger.inputs import Inputs
from idvtools.ledger.matching import (
    bucket_of,
    differing_fields,
    match,
    severity_of,
    split_statement,
    with_file_missing,
)
from idvtools.ledger.operations import operations, unique_starts, unrequested, weigh_reports
from idvtools.ledger.pricing import price_rows
from idvtools.ledger.rules import Period, Rules
from idvtools.ledger.verdict import decide, effective_of, with_excluded

_MONEY = "decimal(18, 2)"


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
    """What was worked out.

    `ledger` has the columns of `columns.LEDGER_SCHEMA` with integers for moments (``clock`` … in
    ms), days and files; `primary` and `duplicates` are the statement's rows as reduced; `operations`
    counts every operation and `rows` every statement row that belongs to the period, counted before
    anything was joined into buckets.
    """

    ledger: ir.Table
    rows_ours: int
    rows_vendor: int


def reconcile(inputs: Inputs, rules: Rules, period: Period, engine: Engine) -> LedgerTables:
    """Work out the ledger of a period.

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
    first, last = day_number(period.first), day_number(period.last)
    starts = engine.keep("starts", unique_starts(inputs.requests))
    strangers = engine.keep("strangers", unrequested(inputs.reports, starts))
    ops = engine.keep("ops", operations(starts, strangers, weigh_reports(inputs.reports, rules), rules))
    zone = _zone_offsets(ops, inputs, rules, engine)

    statement = inputs.statement.mutate(
        create_day=ibis.coalesce(day_of(inputs.statement.created_ms, zone), inputs.statement.file_day)
    )
    primary, duplicates = split_statement(statement)
    duplicates = engine.keep("duplicates", duplicates)
    primary = statement.anti_join(duplicates, "row_no")

    in_period = _between("day", first, last)
    ops = ops.mutate(day=day_of(ops.clock_ms, zone), da_day=day_of(ops.da_ms, zone))
    matched = match(ops, primary)
    matched = matched.mutate(
        in_ours=(matched.ours & in_period(matched.day)).fill_null(False),
        in_theirs=(matched.theirs & in_period(matched.v_create_day)).fill_null(False),
    )
    if rules.fallback_status == "statement":
        stands_in = matched.ours & matched.status.isnull() & matched.v_status.notnull()
        matched = matched.mutate(
            status=ibis.coalesce(matched.status, ibis.ifelse(matched.ours, matched.v_status, ibis.null("int64"))),
            status_source=ibis.ifelse(stands_in, "statement", matched.status_source),
        )
    matched = engine.keep("matched", matched.mutate(effective=effective_of(matched.status, rules)))

    ours = matched.filter(matched.ours)
    listed = statement.filter(statement.parent_op_id.notnull()).select(family="parent_op_id").distinct()
    judged = decide(with_excluded(ours, listed, rules), rules)
    judged = judged.filter(judged.in_ours | judged.in_theirs)
    lonely = with_file_missing(
        judged.filter(~judged.theirs), *_coverage(inputs, period, engine)
    ).select(*judged.columns, "file_missing")
    paired = judged.filter(judged.theirs).mutate(file_missing=ibis.literal(False))
    only_theirs = matched.filter(~matched.ours & matched.in_theirs)
    only_theirs = only_theirs.mutate(
        excluded=ibis.null("string"),
        billable=ibis.null("boolean"),
        reason=ibis.null("string"),
        winner_op_id=ibis.null("string"),
        file_missing=ibis.literal(False),
    )
    everything = paired.union(lonely.select(*paired.columns), only_theirs.select(*paired.columns))

    set_aside = duplicates.filter(in_period(duplicates.create_day))
    prices = _prices(matched, duplicates, rules, engine)
    ledger = _as_ledger(everything, prices, rules).union(
        _duplicate_rows(set_aside, prices), _start_failures(inputs.requests, zone, rules, in_period)
    )
    order = ["day", "app_id", "site", "clock", "op_id", "bucket", "statement_file", "statement_line", "source_file", "source_line"]
    kept = engine.keep("ledger", ledger.order_by([ledger[c].asc(nulls_first=False) for c in order]))

    concerned = matched.in_ours | matched.in_theirs
    ((rows_ours, rows_primary),) = engine.rows(
        matched.aggregate(
            ours=(matched.ours & concerned).cast("int64").sum().fill_null(0),
            theirs=(matched.theirs & concerned).cast("int64").sum().fill_null(0),
        )
    )
    ((rows_aside,),) = engine.rows(set_aside.aggregate(n=set_aside.count()))
    return LedgerTables(ledger=kept, rows_ours=rows_ours, rows_vendor=rows_primary + rows_aside)


def _between(_: str, first: int, last: int) -> Any:
    def test(day: ir.IntegerValue) -> ir.BooleanValue:
        return day.isnull() | day.between(first, last)

    return test


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


def _prices(matched: ir.Table, duplicates: ir.Table, rules: Rules, engine: Engine) -> ir.Table:
    pairs = (
        matched.select("site", day="day")
        .union(
            matched.select(site="v_site", day="v_create_day"), duplicates.select("site", day="create_day"), distinct=True
        )
        .distinct()
    )
    wanted = [r for r in engine.rows(pairs.filter(pairs.site.notnull() & pairs.day.notnull()))] if rules.prices else []
    return engine.small("prices", {"site": "string", "day": "int32", "price": _MONEY}, price_rows(rules.prices, wanted))


def _zero() -> ir.DecimalScalar:
    return ibis.literal(0).cast(_MONEY)


def _vendor_amount(charge: ir.BooleanValue, package: ir.BooleanValue, price: ir.DecimalValue) -> ir.DecimalValue:
    """Charged and no package: the price; charged from a package, or not charged: nothing."""
    return ibis.cases((charge & ~package, price), (charge.notnull(), _zero()), else_=ibis.null(_MONEY))


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
                (package_ours | ~rows.billable, _zero()), (rows.billable, rows.price_ours), else_=ibis.null(_MONEY)
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


def _duplicate_rows(rows: ir.Table, prices: ir.Table) -> ir.Table:
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


def _start_failures(requests: ir.Table, zone: list[tuple[int, int]], rules: Rules, in_period: Any) -> ir.Table:
    """Starts without an operation: never billable, in no bucket, each exchange once."""
    failed = requests.filter(requests.op_id.isnull())
    said = ["app_id", "biz_no", "site", "subject", "requested_ms", "error_code"]
    once = failed.group_by(said).agg(
        place=ibis.struct({"file_id": failed.file_id, "line": failed.line}).min(),
        subject_state=failed.subject_state.max(),
    )
    once = once.mutate(day=day_of(once.requested_ms, zone))
    once = once.filter(in_period(once.day))
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


_TYPES = {
    "op_id": "string", "parent_op_id": "string", "app_id": "string", "biz_no": "string", "site": "string",
    "subject": "string", "day": "int32", "clock": "int64", "clock_source": "string", "da_id_time": "int64",
    "status": "int64", "status_name": "string", "status_source": "string", "sub_status": "string", "final": "boolean",
    "effective": "boolean", "json_result": "int64", "authorized_at": "int64", "flags": "string", "billable": "boolean",
    "reason": "string", "winner_op_id": "string", "amount_ours": _MONEY, "package_ours": "boolean",
    "statement_file": "int32", "statement_line": "int64", "vendor_status": "int64", "vendor_sub_status": "string",
    "vendor_charge": "boolean", "vendor_package": "boolean", "vendor_create_time": "int64", "amount_vendor": _MONEY,
    "bucket": "string", "severity": "string", "cause": "string", "differing_fields": "string",
    "period_shift": "boolean", "source_file": "int32", "source_line": "int64",
}  # fmt: skip


def _finish(rows: ir.Table) -> ir.Table:
    """All columns of the ledger, those not given as nulls, and the severity."""
    have = set(rows.columns)
    full = rows.select(
        **{name: rows[name].cast(kind) if name in have else ibis.null(kind) for name, kind in _TYPES.items()}
    )
    return full.mutate(severity=severity_of(full)).select(*_TYPES)


assert set(BREAKS) <= {"duplicate_in_statement", "only_in_statement", "only_in_ours", "overbilled", "underbilled", "fields_differ"}
