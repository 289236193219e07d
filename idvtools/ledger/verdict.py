"""The verdict in Kleene's three-valued logic (billing.md section 3)."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from idvtools.ledger.columns import code
from idvtools.ledger.rules import Rules

#: A group; its key is a tuple, never a joined text.
GROUP = ("app_id", "subject", "site", "day")


def effective_of(status: ir.IntegerValue, rules: Rules) -> ir.BooleanValue:
    """Three-valued `effective` of a status: null for none, for an unknown code, for a running one."""
    yes = [s.code for s in rules.statuses if s.counts is True]
    no = [s.code for s in rules.statuses if s.counts is False]
    return ibis.cases((status.isin(yes), True), (status.isin(no), False), else_=ibis.null("boolean"))


def with_excluded(rows: ir.Table, listed_parents: ir.Table, rules: Rules) -> ir.Table:
    """Add `excluded`: has_children, billed_with_parent or null (billing.md section 1, N-in-one).

    Parameters
    ----------
    rows
        Operations with `op_id` and `parent_op_id`.
    listed_parents
        Column `family`: parents of children that the statement lists.
    """
    children = rows.filter(rows.parent_op_id.notnull())
    known = children.select(family=children.parent_op_id).distinct()
    families = known.union(listed_parents.select("family"), distinct=True)
    listed = listed_parents.select("family", listed=ibis.literal(True)).distinct()
    families = families.left_join(listed, "family").select("family", listed=ibis._.listed.fill_null(False))
    per_child: ir.BooleanValue = {
        "auto": families.listed,
        "children": ibis.literal(True),
        "parent": ibis.literal(False),
    }[rules.n_in_one]
    families = families.select("family", by_child=per_child)
    family = ibis.coalesce(rows.parent_op_id, rows.op_id)
    joined = rows.mutate(family=family).left_join(families, "family")
    excluded = ibis.cases(
        (joined.by_child.isnull(), ibis.null("int8")),
        (joined.by_child & joined.parent_op_id.isnull(), code("reason", "has_children")),
        (~joined.by_child & joined.parent_op_id.notnull(), code("reason", "billed_with_parent")),
        else_=ibis.null("int8"),
    )
    return joined.select(*rows.columns, excluded=excluded)


def decide(rows: ir.Table, rules: Rules) -> ir.Table:
    """Add `billable`, `reason` and `winner_op_id` to operations.

    Parameters
    ----------
    rows
        `op_id, app_id, subject, site, day, clock_ms, number, status, effective, excluded`.

    Notes
    -----
    Two minima a group say it all: the first effective operation and the first undecided one.
    An operation has an effective one before it if the group's first effective is earlier.
    """
    keyed = rows.app_id.notnull() & rows.subject.notnull() & rows.site.notnull() & rows.day.notnull()
    members = rows.filter(rows.excluded.isnull() & (rows.effective.isnull() | rows.effective) & keyed)
    member_order = ibis.struct({"clock": members.clock_ms, "number": members.number, "op_id": members.op_id})
    groups = members.group_by(list(GROUP)).agg(
        first_yes=member_order.min(where=members.effective),
        first_open=member_order.min(where=members.effective.isnull()),
    )
    joined = rows.left_join(groups, list(GROUP))
    order = ibis.struct({"clock": joined.clock_ms, "number": joined.number, "op_id": joined.op_id})
    after_yes = (joined.first_yes < order).fill_null(False)
    after_open = (joined.first_open < order).fill_null(False)
    yes = joined.effective.fill_null(False)
    whose = joined.subject.notnull() & joined.app_id.notnull() & joined.site.notnull()
    known = whose & joined.day.notnull()
    codes = [s.code for s in rules.statuses]
    reason = ibis.cases(
        (joined.excluded.notnull(), joined.excluded),
        (~joined.effective.fill_null(True), code("reason", "ineffective_status")),
        (after_yes, code("reason", "repeat_same_day")),
        (joined.status.isnull(), code("reason", "no_status")),
        (joined.status.notin(codes), code("reason", "unknown_status")),
        (joined.effective.isnull(), code("reason", "not_final")),
        (~whose, code("reason", "unknown_subject")),
        (joined.day.isnull(), code("reason", "unknown_day")),
        (after_open, code("reason", "earlier_undecided")),
        else_=code("reason", "first_effective"),
    )
    billable = ibis.cases(
        (joined.excluded.notnull() | ~joined.effective.fill_null(True) | after_yes, False),
        (yes & ~after_open & known, True),
        else_=ibis.null("boolean"),
    )
    decided = joined.first_open.isnull() | (joined.first_yes < joined.first_open)
    winner = ibis.ifelse(
        joined.excluded.isnull() & joined.effective.fill_null(True) & after_yes & decided.fill_null(False),
        joined.first_yes["op_id"],
        ibis.null("string"),
    )
    return joined.select(*rows.columns, billable=billable, reason=reason, winner_op_id=winner)
