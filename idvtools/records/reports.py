"""Reports on a status, from the vendor's notifications and our own polls, as a reconciliation wants them."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from idvtools.ledger.rules import Trust
from idvtools.records.context import Context
from idvtools.records.jsonmessages import extract, whole
from idvtools.vendors.base import CheckResult

TRUST_OF_CHECK: dict[CheckResult, Trust] = {
    "ok": Trust.SIGNED,
    "hash_only": Trust.HASH_ONLY,
    "unchecked": Trust.UNCHECKED,
}


def settle_reports(con: duckdb.DuckDBPyConnection, context: Context) -> None:
    """Show accepted notifications of the vendor, polls and the children they name as one table ``reports``."""
    fields = "event, op_id, app_id, biz_no, site, status, sub_status, json_result, authorized_ms, children, received_ms"
    trust = " ".join(f"when '{check}' then {int(level)}" for check, level in TRUST_OF_CHECK.items())
    accepted = f"""select {fields}, file_id, line, (case check_result {trust} end)::tinyint as trust
        from notifications where check_result <> 'failed'
        union all select {fields}, file_id, line, {int(Trust.POLL)}::tinyint from polls"""
    child = context.books.poll.child_fields or {
        "op_id": "op_id",
        "site": "site",
        "status": "s",
        "sub_status": "b",
    }
    expression, place = extract("child", child)
    con.execute(
        f"""create table children as
        with each as (
            select *, unnest(try(from_json(children, '["JSON"]'))) as child from ({accepted})
            where children is not null),
        named as (select * exclude (child), {expression} as j from each)
        select {place["op_id"]} as op_id, op_id as parent_op_id, app_id, biz_no, {place["site"]} as site,
        {whole(place["status"])} as status, nullif({place["sub_status"]}, '') as sub_status,
        null::bigint as json_result, null::bigint as authorized_ms, received_ms, trust, file_id, line
        from named where coalesce({place["op_id"]}, '') <> ''"""
    )
    con.execute(
        f"""create view reports as select op_id,
        case when contains(op_id, '-') then nullif(regexp_extract(op_id, '^(.+)-[0-9]+$', 1), '') end as parent_op_id,
        app_id, biz_no, site, status, sub_status, json_result, authorized_ms, received_ms, trust, file_id, line
        from ({accepted}) union all from children"""
    )


def notification_counts(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """How many notifications were received, refused, unchecked, repeated (summary.json)."""
    ((received, failed, unchecked, accepted),) = con.execute(
        """select count(*), count(*) filter (check_result = 'failed'), count(*) filter (check_result = 'unchecked'),
        count(*) filter (check_result <> 'failed') from notifications"""
    ).fetchall()
    # Only operations that were reported more than once can have repeated events.
    ((repeated, events),) = con.execute(
        """with several as (select op_id from notifications where check_result <> 'failed'
        group by 1 having count(*) > 1),
        told as (select op_id, event, status, sub_status, json_result, authorized_ms, children, count(*) as n
        from notifications semi join several using (op_id) where check_result <> 'failed' group by all)
        select coalesce(sum(n), 0), count(*) from told"""
    ).fetchall()
    return {
        "received": received,
        "accepted": accepted,
        "duplicates": int(repeated) - events,
        "failed_check": failed,
        "unchecked": unchecked,
    }


def refused(con: duckdb.DuckDBPyConnection) -> pa.Table:
    """Notifications that failed their check, with their place."""
    table = con.sql(
        """select received_ms, op_id, app_id, event, file_id, line from notifications where check_result = 'failed'
        order by file_id, line"""
    ).to_arrow_table()
    stamp = pc.cast(table["received_ms"], pa.timestamp("ms", tz="UTC"))
    return table.set_column(0, "received_at", stamp)
