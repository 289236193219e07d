"""Matching with the statement, the nine buckets, amounts (billing.md sections 4 and 5)."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from idvtools.ledger.columns import code
from idvtools.ledger.unique import repeats

_VENDOR = (
    "parent_op_id", "biz_no", "app_id", "site", "status", "sub_status", "json_result", "charge",
    "package", "created_ms", "create_day", "file_id", "line",
)  # fmt: skip
#: What decides which of several statement rows with one id is the first: never where it stands.
_CONTENT = (
    "created_ms", "charge", "package", "status", "sub_status", "json_result", "authorized_ms", "site", "app_id",
    "biz_no",
)  # fmt: skip


def repeated_rows(statement: ir.Table) -> ir.Table:
    """Statement rows that list an operation once more."""
    return repeats(statement, "op_id", _CONTENT, "row_no")


def match(operations: ir.Table, primary: ir.Table) -> ir.Table:
    """One-to-one on the id; the vendor's columns come with the prefix ``v_``."""
    vendor = primary.select(v_op_id="op_id", **{f"v_{c}": c for c in _VENDOR})
    # Without the view Ibis would work out columns of `operations` behind the outer join, where rows of the
    # statement alone have nulls to work with: its joins are one chain.
    operations = operations.view()
    joined = operations.outer_join(vendor, operations.op_id == vendor.v_op_id)
    return joined.mutate(ours=joined.op_id.notnull(), theirs=joined.v_op_id.notnull())


def differing_fields(rows: ir.Table) -> ir.StringValue:
    """Fields that do not agree, each with both values; null where all agree."""
    pairs = [
        ("da_status", rows.status, rows.v_status, False),
        ("site", rows.site, rows.v_site, False),
        ("app_id", rows.app_id, rows.v_app_id, False),
        ("biz_no", rows.biz_no, rows.v_biz_no, False),
        ("da_sub_status", rows.sub_status, rows.v_sub_status, True),
        ("json_result", rows.json_result, rows.v_json_result, True),
    ]
    both = rows.ours & rows.theirs
    differs = {name: (a != b).fill_null(False) if known else ~a.identical_to(b) for name, a, b, known in pairs}
    any_differs = ibis.literal(False)
    text: ir.StringValue = ibis.literal("")
    for name, ours, theirs, _ in pairs:
        any_differs = any_differs | differs[name]
        told = (
            ibis.literal(f"; {name}: ours ")
            .concat(ours.cast("string").fill_null("-"))
            .concat(", vendor ")
            .concat(theirs.cast("string").fill_null("-"))
        )
        text = text.concat(ibis.ifelse(differs[name], told, ""))
    return ibis.ifelse(both & any_differs, text.substr(2), ibis.null("string"))


def bucket_of(rows: ir.Table) -> ir.IntegerValue:
    """The first bucket that fits a matched row (duplicates were set aside before)."""
    charged = rows.v_charge.fill_null(False)
    return ibis.cases(
        (~rows.ours, code("bucket", "only_in_statement")),
        (~rows.theirs & ~rows.file_missing, code("bucket", "only_in_ours")),
        (~rows.theirs, code("bucket", "statement_missing")),
        (rows.billable.isnull(), code("bucket", "undecidable")),
        (charged & ~rows.billable, code("bucket", "overbilled")),
        (~charged & rows.billable, code("bucket", "underbilled")),
        (rows.differing_fields.notnull(), code("bucket", "fields_differ")),
        else_=code("bucket", "matched"),
    )


def severity_of(rows: ir.Table) -> ir.IntegerValue:
    """``money`` where a charge is at stake, else ``info``."""
    charged = rows.vendor_charge.fill_null(False)

    def among(*buckets: str) -> ir.BooleanValue:
        return rows.bucket.isin([code("bucket", b) for b in buckets])

    at_stake = ibis.cases(
        (among("overbilled", "underbilled"), True),
        (among("only_in_ours", "statement_missing"), rows.billable.fill_null(False)),
        (among("duplicate_in_statement", "only_in_statement", "undecidable"), charged),
        else_=False,
    )
    severity = ibis.ifelse(at_stake, code("severity", "money"), code("severity", "info"))
    return ibis.ifelse(rows.bucket.isnull(), ibis.null("int8"), severity)


def with_file_missing(rows: ir.Table, covered: ir.Table, complete: ir.Table) -> ir.Table:
    """Add `file_missing`: no file for the day of an operation, by our clock or by its own time.

    Parameters
    ----------
    rows
        Operations that no statement row matches.
    covered
        `app_id, day` of the statement files that are there.
    complete
        `app_id` of apps whose files are there for every day of the period: an operation without
        any day could stand in each of them.
    """
    by_clock = covered.select("app_id", "day", clock_there=ibis.literal(True))
    by_id = covered.select("app_id", da_day="day", id_there=ibis.literal(True))
    joined = rows.left_join(by_clock, ["app_id", "day"]).drop("app_id_right", "day_right")
    joined = joined.left_join(by_id, ["app_id", "da_day"]).drop("app_id_right", "da_day_right")
    joined = joined.left_join(complete.select("app_id", all_there=ibis.literal(True)), "app_id").drop("app_id_right")
    dayless = joined.day.isnull() & joined.da_day.isnull()
    missing = (
        (joined.day.notnull() & joined.clock_there.isnull())
        | (joined.da_day.notnull() & joined.id_there.isnull())
        | (dayless & joined.all_there.isnull())
    )
    return joined.mutate(file_missing=missing).drop("clock_there", "id_there", "all_there")
