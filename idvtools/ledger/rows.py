"""Rows of either side in the ledger's columns, with their amounts (billing.md section 4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import ibis
import ibis.expr.types as ir

from idvtools.ledger.clock import day_of
from idvtools.ledger.columns import FLAGS, MONEY, TYPES, code
from idvtools.ledger.matching import bucket_of, differing_fields, severity_of
from idvtools.ledger.rules import Rules

_DERIVED = frozenset({"status_name", "final", "severity", "cause"})


def _zero() -> ir.DecimalScalar:
    return ibis.literal(0).cast(MONEY)


def _flags(**raised: ir.BooleanValue) -> ir.IntegerValue:
    """The number of a set of flags (`columns.NAMES`)."""
    number: ir.IntegerValue = ibis.literal(0, "int8")
    for flag, condition in raised.items():
        number = number + ibis.ifelse(condition.fill_null(False), 1 << FLAGS.index(flag), 0)
    return number


def _vendor_amount(charge: ir.BooleanValue, package: ir.BooleanValue, price: ir.DecimalValue) -> ir.DecimalValue:
    """Charged and no package: the price; charged from a package, or not charged: nothing."""
    return ibis.cases((charge & ~package, price), (charge.notnull(), _zero()), else_=ibis.null(MONEY))


def as_ledger(rows: ir.Table, prices: ir.Table) -> ir.Table:
    """Rows of either side, matched and judged, in the ledger's columns."""
    own = prices.select("site", "day", price_ours="price")
    theirs = prices.select(v_site="site", v_create_day="day", price_vendor="price")
    rows = rows.left_join(own, ["site", "day"]).drop("site_right", "day_right")
    rows = rows.left_join(theirs, ["v_site", "v_create_day"]).drop("v_site_right", "v_create_day_right")
    rows = rows.mutate(differing_fields=differing_fields(rows))
    rows = rows.mutate(bucket=bucket_of(rows))
    taken = (rows.v_charge & rows.v_package).fill_null(False)
    package_ours = rows.billable.fill_null(False) & taken
    flags = _flags(
        conflicting_final=rows.flag_conflict,
        contradictory_requests=rows.flag_contradictory,
        not_in_requests=rows.flag_stranger,
        subject_unreadable=rows.flag_unreadable,
    )
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
            status_source=rows.status_source,
            sub_status=rows.sub_status,
            effective=rows.effective,
            json_result=rows.json_result,
            authorized_at=rows.authorized_ms,
            flags=flags,
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


def set_aside_as_ledger(rows: ir.Table, prices: ir.Table) -> ir.Table:
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
            bucket=ibis.literal(code("bucket", "duplicate_in_statement")),
            flags=_flags(),
            period_shift=ibis.literal(False),
        )
    )


def start_failures(
    requests: ir.Table,
    zone: Sequence[tuple[int, int]],
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
            clock_source=ibis.ifelse(once.requested_ms.notnull(), code("clock_source", "request"), ibis.null("int8")),
            flags=_flags(no_answer=once.error_code.isnull(), subject_unreadable=once.subject_state == "unreadable"),
            billable=ibis.literal(False),
            reason=ibis.literal(code("reason", "start_failed")),
            amount_ours=_zero(),
            package_ours=ibis.literal(False),
            source_file=once.place["file_id"],
            source_line=once.place["line"],
        )
    )


def _finish(rows: ir.Table) -> ir.Table:
    """The ledger's own columns, those not given as nulls; what follows from them comes in `complete`."""
    have = set(rows.columns)
    return rows.select(
        **{
            name: rows[name].cast(kind) if name in have else ibis.null(kind)
            for name, kind in TYPES.items()
            if name not in _DERIVED
        }
    )


def complete(ledger: ir.Table, rules: Rules) -> ir.Table:
    """Add the columns that follow from others. They come last, so that they need not be sorted."""
    status = ledger.status
    return ledger.select(
        *[
            {
                "status_name": lambda: status.cases(
                    *[(s.code, rules.status_names.index(s.name_zh)) for s in rules.statuses], else_=ibis.null("int8")
                ),
                "final": lambda: status.cases(*[(s.code, s.final) for s in rules.statuses], else_=ibis.null("boolean")),
                "severity": lambda: severity_of(ledger),
                "cause": lambda: ibis.null("string"),
            }[name]().name(name)
            if name in _DERIVED
            else ledger[name]
            for name in TYPES
        ]
    )
