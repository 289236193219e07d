"""From requests and reports to one row per operation (billing.md sections 1 and 2)."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from idvtools.ledger.clock import op_number, op_time
from idvtools.ledger.rules import STATUS_SOURCES, Rules, Trust
from idvtools.ledger.unique import split_repeats

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
        contradictory=ibis.literal(False),
    )


def unique_starts(requests: ir.Table) -> ir.Table:
    """Starts that were answered with an operation, one row each.

    The log may hold an exchange twice; the earliest row speaks, and `contradictory` tells where
    the rows say different things.
    """
    answered = requests.filter(requests.op_id.notnull())
    firsts, repeats = split_repeats(
        answered, "op_id", ["requested_ms", "app_id", "site", "subject", "biz_no"], ["file_id", "line"]
    )
    later = repeats.group_by("op_id").agg(
        told=ibis.struct(
            {
                "requested_ms": repeats.requested_ms.fill_null(0),
                "app_id": repeats.app_id.fill_null(""),
                "site": repeats.site.fill_null(""),
                "subject": repeats.subject.fill_null(""),
                "biz_no": repeats.biz_no.fill_null(""),
            }
        ).max()
    )
    joined = firsts.left_join(later, "op_id")
    told = joined.told
    same = (
        (told["requested_ms"] == joined.requested_ms.fill_null(0))
        & (told["app_id"] == joined.app_id.fill_null(""))
        & (told["site"] == joined.site.fill_null(""))
        & (told["subject"] == joined.subject.fill_null(""))
        & (told["biz_no"] == joined.biz_no.fill_null(""))
    )
    return joined.select(*firsts.columns, contradictory=told.notnull() & ~same)


def operations(starts: ir.Table, strangers: ir.Table, weighed: ir.Table, rules: Rules) -> ir.Table:
    """One row per operation: who, where, when, and with which status."""
    ours = starts.select(
        "op_id",
        "app_id",
        "biz_no",
        "site",
        "subject",
        "subject_state",
        "requested_ms",
        "file_id",
        "line",
        "contradictory",
        parent_op_id=ibis.null("string"),
        requested=ibis.literal(True),
    )
    everything = ours.union(strangers.select(*ours.columns))
    joined = everything.left_join(weighed, "op_id")
    number = op_number(joined.op_id, rules.ids)
    joined = joined.mutate(number=number).drop("op_id_right")
    da_ms = op_time(joined.number, rules.ids)
    app_of_id = ibis.ifelse(joined.number.notnull(), joined.op_id.substr(0, rules.ids.prefix), ibis.null("string"))
    source = ibis.cases(
        *[(joined.trust == int(t), STATUS_SOURCES[t]) for t in Trust], else_=ibis.null("string")
    )
    return joined.select(
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
        app_id=ibis.coalesce(joined.app_id, app_of_id),
        number=joined.number.fill_null(0),
        da_ms=da_ms,
        clock_ms=ibis.coalesce(joined.requested_ms, da_ms),
        clock_source=ibis.cases(
            (joined.requested_ms.notnull(), "request"), (joined.number.notnull(), "da_id"), else_=ibis.null("string")
        ),
        status_source=source,
        flag_conflict=joined.conflicting.fill_null(False),
        flag_stranger=~joined.requested,
        flag_contradictory=joined.contradictory,
        flag_unreadable=joined.subject_state == "unreadable",
    )
