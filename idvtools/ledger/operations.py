"""From requests and reports to one row per operation (billing.md sections 1 and 2)."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from idvtools.ledger.clock import op_number, op_time
from idvtools.ledger.columns import code
from idvtools.ledger.rules import STATUS_SOURCES, Rules, Trust
from idvtools.ledger.unique import repeats

_FINAL, _UNKNOWN, _RUNNING, _SILENT = 3, 2, 1, 0
_NEVER = -(1 << 62)  # an unknown moment of receipt is earlier than any known one


def weigh_reports(reports: ir.Table, rules: Rules) -> ir.Table:
    """The status of each operation that anybody reported on, by trust.

    Returns
    -------
    ir.Table
        One row per `op_id`: `status, trust, sub_status, json_result, authorized_ms, conflicting`.

    Notes
    -----
    A final status beats one that is not; between final ones trust, then the later received, then
    the larger code wins. An unknown code beats what is not final; of those the furthest wins.
    The parse result is taken from the reports of a success, a finished one (not 5) before the
    initial one: a success is reported twice, before and after parsing.
    """
    final = [s.code for s in rules.statuses if s.final]
    success = [s.code for s in rules.statuses if s.success]
    running = {s.code: s.progress for s in rules.statuses if not s.final}
    status = reports.status
    is_final = status.isin(final)
    weight = ibis.cases(
        (is_final, _FINAL * 1000),
        (status.isnull(), _SILENT),
        *[(status == code, _RUNNING * 1000 + progress * 10) for code, progress in running.items()],
        else_=_UNKNOWN * 1000,
    )
    received = reports.received_ms.fill_null(_NEVER)
    best = ibis.struct(
        {
            "weight": (weight + reports.trust).cast("int32"),
            "received": received,
            "status": status,
            "json_result": reports.json_result.fill_null(-1),
            "sub_status": reports.sub_status.fill_null(""),
        }
    )
    parsed = ibis.struct(
        {
            "done": (reports.json_result != 5).cast("int8"),
            "trust": reports.trust,
            "received": received,
            "json_result": reports.json_result,
        }
    )
    weighed = reports.group_by("op_id").agg(
        best=best.max(),
        parsed=parsed.max(where=status.isin(success) & reports.json_result.notnull()),
        lowest_final=status.min(where=is_final),
        highest_final=status.max(where=is_final),
        authorized_ms=reports.authorized_ms.nullif(0).max(),
    )
    won = weighed.best
    own_result = won["json_result"].nullif(-1)
    return weighed.select(
        "op_id",
        status=won["status"],
        trust=ibis.ifelse(won["status"].notnull(), won["weight"] % 10, ibis.null("int32")),
        sub_status=won["sub_status"].nullif(""),
        json_result=ibis.ifelse(
            won["status"].isin(success), ibis.coalesce(weighed.parsed["json_result"], own_result), own_result
        ),
        authorized_ms=weighed.authorized_ms,
        conflicting=(weighed.lowest_final != weighed.highest_final).fill_null(False),
    )


def unrequested(reports: ir.Table, starts: ir.Table) -> ir.Table:
    """Operations that only reports know: children of an N-in-one, and what the request log lacks.

    A child takes appId, bizNo, subject and clock from its parent's request.
    """
    strangers = reports.anti_join(starts, "op_id")
    described = strangers.group_by("op_id").agg(
        parent_op_id=strangers.parent_op_id.max(),
        best=ibis.struct(
            {
                "trust": strangers.trust,
                "received": strangers.received_ms.fill_null(_NEVER),
                "app_id": strangers.app_id.fill_null(""),
                "biz_no": strangers.biz_no.fill_null(""),
                "site": strangers.site.fill_null(""),
            }
        ).max(),
        place=ibis.struct({"file_id": strangers.file_id, "line": strangers.line}).min(),
    )
    parents = starts.select(
        parent_op_id="op_id",
        p_app_id="app_id",
        p_biz_no="biz_no",
        p_subject="subject",
        p_subject_state="subject_state",
        p_requested_ms="requested_ms",
    )
    joined = described.left_join(parents, "parent_op_id")
    return joined.select(
        "op_id",
        "parent_op_id",
        app_id=ibis.coalesce(joined.p_app_id, joined.best["app_id"].nullif("")),
        biz_no=ibis.coalesce(joined.p_biz_no, joined.best["biz_no"].nullif("")),
        site=joined.best["site"].nullif(""),
        subject=joined.p_subject,
        subject_state=ibis.coalesce(joined.p_subject_state, "missing"),
        requested_ms=joined.p_requested_ms,
        file_id=joined.place["file_id"],
        line=joined.place["line"],
        requested=joined.p_subject_state.notnull(),
    )


_START = ("requested_ms", "app_id", "site", "subject", "biz_no")


def repeated_starts(requests: ir.Table) -> ir.Table:
    """Rows of the request log that name an operation once more; the earliest row speaks for it."""
    return repeats(requests.filter(requests.op_id.notnull()), "op_id", _START, "row_no")


def unique_starts(requests: ir.Table, repeated: ir.Table) -> ir.Table:
    """Starts that were answered with an operation, one row each."""
    return requests.filter(requests.op_id.notnull()).anti_join(repeated, "row_no")


def contradictory_starts(requests: ir.Table, repeated: ir.Table) -> ir.Table:
    """Operations (`op_id`) whose rows in the request log say different things."""
    rows = requests.semi_join(repeated, "op_id")
    said = ibis.struct({c: rows[c].fill_null(0 if c in ("requested_ms", "subject") else "") for c in _START})
    told = rows.group_by("op_id").agg(low=said.min(), high=said.max())
    return told.filter(told.low != told.high).select("op_id")


def operations(
    starts: ir.Table, strangers: ir.Table, weighed: ir.Table, contradictory: ir.Table, rules: Rules
) -> ir.Table:
    """One row per operation: who, where, when, and with which status."""
    columns = (
        "op_id", "app_id", "biz_no", "site", "subject", "subject_state", "requested_ms", "file_id", "line",
    )  # fmt: skip
    ours = starts.select(*columns, parent_op_id=ibis.null("string"), requested=ibis.literal(True))
    rows = ours.union(strangers.select(*ours.columns))
    rows = rows.left_join(weighed, "op_id").drop("op_id_right")
    rows = rows.left_join(contradictory.select("op_id", contradicts=ibis.literal(True)), "op_id").drop("op_id_right")
    rows = rows.mutate(number=op_number(rows.op_id, rules.ids))
    da_ms = op_time(rows.number, rules.ids)
    app_of_id = ibis.ifelse(rows.number.notnull(), rows.op_id.substr(0, rules.ids.prefix), ibis.null("string"))
    return rows.select(
        "op_id",
        "parent_op_id",
        "biz_no",
        "site",
        "subject",
        "status",
        "sub_status",
        "json_result",
        "authorized_ms",
        "file_id",
        "line",
        app_id=ibis.coalesce(rows.app_id, app_of_id),
        number=rows.number.fill_null(0),
        da_ms=da_ms,
        clock_ms=ibis.coalesce(rows.requested_ms, da_ms),
        clock_source=ibis.cases(
            (rows.requested_ms.notnull(), code("clock_source", "request")),
            (rows.number.notnull(), code("clock_source", "da_id")),
            else_=ibis.null("int8"),
        ),
        status_source=ibis.cases(
            *[(rows.trust == int(t), code("status_source", STATUS_SOURCES[t])) for t in Trust], else_=ibis.null("int8")
        ),
        flag_conflict=rows.conflicting.fill_null(False),
        flag_stranger=~rows.requested,
        flag_contradictory=rows.contradicts.fill_null(False),
        flag_unreadable=rows.subject_state == "unreadable",
    )


def with_vendor_status(ops: ir.Table, primary: ir.Table) -> ir.Table:
    """Let the statement's status stand in where nobody reported one (``fallback_status = "statement"``)."""
    told = primary.filter(primary.status.notnull()).select("op_id", told_status="status")
    rows = ops.left_join(told, "op_id").drop("op_id_right")
    stands_in = rows.status.isnull() & rows.told_status.notnull()
    return rows.mutate(
        status=ibis.coalesce(rows.status, rows.told_status),
        status_source=ibis.ifelse(stands_in, code("status_source", "statement"), rows.status_source),
    ).drop("told_status")
