"""The computation from three input tables to the ledger, as expressions that any engine can run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from idvtools.ledger.clock import day_of
from idvtools.ledger.columns import MONEY
from idvtools.ledger.inputs import REPORTS, REQUESTS, STATEMENT
from idvtools.ledger.matching import match, repeated_rows, with_file_missing
from idvtools.ledger.operations import (
    contradictory_starts,
    operations,
    repeated_starts,
    unique_starts,
    unrequested,
    weigh_reports,
    with_vendor_status,
)
from idvtools.ledger.rows import as_ledger, complete, set_aside_as_ledger, start_failures
from idvtools.ledger.rules import Period, Rules, day_number
from idvtools.ledger.verdict import decide, effective_of, with_excluded

_ORDER = ("day", "app_id", "site", "clock", "op_id")


@dataclass(frozen=True)
class Plan:
    """The ledger of a period, as expressions over named tables.

    Nothing in a plan has run, or needs data to be made: an engine runs the `steps` one after the other,
    each into a table of its name, fills the small tables, then runs `ledger`.

    Parameters
    ----------
    steps : tuple of (str, ir.Table)
        Tables to work out and keep, in this order.
    priced : ir.Table
        Pairs ``site, day`` whose price is asked for (`pricing.price_rows` answers, into `PRICES`).
    counts : ir.Table
        One row ``ours, theirs``: operations and statement rows of the period, counted apart from the join that
        puts them into buckets.
    span : ir.Table
        One row ``low, high``: the earliest and the latest moment (ms) in the data. The zone's offsets
        that the plan was made with must cover it.
    ledger : ir.Table
        Columns of `columns.LEDGER_SCHEMA` in order, with integers for moments (ms), days and files.
    """

    steps: tuple[tuple[str, ir.Table], ...]
    priced: ir.Table
    counts: ir.Table
    span: ir.Table
    ledger: ir.Table


#: Small tables that the caller fills between the steps and the ledger: `COVERED` and `COMPLETE` from the
#: statement files (`coverage_rows`), `PRICES` from the settings.
COVERED = ibis.table({"app_id": "string", "day": "int32"}, name="covered")
COMPLETE = ibis.table({"app_id": "string"}, name="complete")
PRICES = ibis.table({"site": "string", "day": "int32", "price": MONEY}, name="prices")


def coverage_rows(
    covered: frozenset[tuple[str, int]], period: Period
) -> tuple[list[tuple[str, int]], list[tuple[str]]]:
    """Rows of `COVERED` and `COMPLETE`: the statement files that are there, and the apps that lack none."""
    days = {day_number(d) for d in period.days()}
    there: dict[str, set[int]] = {}
    for app_id, day in covered:
        there.setdefault(app_id, set()).add(day)
    return sorted(covered), [(app_id,) for app_id, has in sorted(there.items()) if days <= has]


def plan(rules: Rules, period: Period, zone: Sequence[tuple[int, int]]) -> Plan:
    """Express the ledger of a period.

    Parameters
    ----------
    rules : Rules
        Code table, zone, settings.
    period : Period
        Days asked for, both included.
    zone : sequence of (int, int)
        Offsets of the zone (`clock.offsets`) over the span of the data.
    """
    requests = ibis.table(REQUESTS, name="requests")
    reports = ibis.table(REPORTS, name="reports")
    statement = ibis.table(STATEMENT, name="statement")
    steps: list[tuple[str, ir.Table]] = []

    def keep(name: str, table: ir.Table) -> ir.Table:
        steps.append((name, table))
        return ibis.table(table.schema(), name=name)

    repeated = keep("repeated_starts", repeated_starts(requests))
    starts = unique_starts(requests, repeated)
    strangers = keep("strangers", unrequested(reports, starts))
    aside = keep("set_aside", repeated_rows(statement))
    primary = statement.anti_join(aside, "row_no")

    contradictory = contradictory_starts(requests, repeated)
    ops = operations(starts, strangers, weigh_reports(reports, rules), contradictory, rules)
    if rules.fallback_status == "statement":
        ops = with_vendor_status(ops, primary)
    ops = keep("operations", ops.mutate(effective=effective_of(ops.status, rules)))

    day_in_period = _within(period)
    ops = ops.mutate(day=day_of(ops.clock_ms, zone), da_day=day_of(ops.da_ms, zone))
    primary, aside = (
        t.mutate(create_day=ibis.coalesce(day_of(t.created_ms, zone), t.file_day)) for t in (primary, aside)
    )
    aside = aside.filter(day_in_period(aside.create_day))

    listed = statement.filter(statement.parent_op_id.notnull()).select(family="parent_op_id")
    judged = decide(with_excluded(ops, listed, rules), rules)
    matched = match(judged, primary)
    matched = matched.mutate(
        in_ours=(matched.ours & day_in_period(matched.day)).fill_null(False),
        in_theirs=(matched.theirs & day_in_period(matched.v_create_day)).fill_null(False),
    )
    matched = matched.filter(matched.in_ours | matched.in_theirs)
    ledger = as_ledger(with_file_missing(matched, COVERED, COMPLETE), PRICES).union(
        set_aside_as_ledger(aside, PRICES), start_failures(requests, zone, day_in_period)
    )
    # Only repeated statement rows and failed starts can be alike in the order of the contract: their place decides.
    place = ibis.coalesce(
        (ledger.statement_file.cast("int64") << 40) + ledger.statement_line,
        (ledger.source_file.cast("int64") << 40) + ledger.source_line,
    )
    ledger = ledger.order_by([*[ledger[c].asc(nulls_first=False) for c in _ORDER], place])
    return Plan(
        steps=tuple(steps),
        priced=_priced(ops, primary, aside),
        counts=_counts(ops, primary, aside, day_in_period),
        span=_span(ops, statement, requests),
        ledger=complete(ledger, rules),
    )


def _within(period: Period) -> Callable[[ir.IntegerValue], ir.BooleanValue]:
    """Whether a day lies in the period; what has no day is in every period."""
    first, last = day_number(period.first), day_number(period.last)

    def test(day: ir.IntegerValue) -> ir.BooleanValue:
        return day.isnull() | day.between(first, last)

    return test


def _counts(
    ops: ir.Table, primary: ir.Table, aside: ir.Table, day_in_period: Callable[[ir.IntegerValue], ir.BooleanValue]
) -> ir.Table:
    """Operations and statement rows of the period: those within it, and what they are matched with."""
    inside, outside = ops.filter(day_in_period(ops.day)), ops.filter(~day_in_period(ops.day))
    listed, elsewhere = (
        primary.filter(day_in_period(primary.create_day)),
        primary.filter(~day_in_period(primary.create_day)),
    )
    sides = [
        (0, inside),
        (0, outside.semi_join(listed, "op_id")),
        (1, listed),
        (1, elsewhere.semi_join(inside, "op_id")),
        (1, aside),
    ]
    parts = ibis.union(*[t.aggregate(n=t.count(), side=ibis.literal(side)) for side, t in sides])
    return parts.aggregate(ours=parts.n.sum(where=parts.side == 0), theirs=parts.n.sum(where=parts.side == 1))


def _span(ops: ir.Table, statement: ir.Table, requests: ir.Table) -> ir.Table:
    moments = [ops.clock_ms, ops.da_ms, statement.created_ms, requests.requested_ms]
    tables = [ops, ops, statement, requests]
    ends = ibis.union(*[t.aggregate(low=m.min(), high=m.max()) for t, m in zip(tables, moments, strict=True)])
    return ends.aggregate(low=ends.low.min(), high=ends.high.max())


def _priced(ops: ir.Table, primary: ir.Table, aside: ir.Table) -> ir.Table:
    pairs = ibis.union(
        ops.select("site", "day").distinct(),
        primary.select("site", day="create_day").distinct(),
        aside.select("site", day="create_day").distinct(),
        distinct=True,
    )
    return pairs.filter(pairs.site.notnull() & pairs.day.notnull())
