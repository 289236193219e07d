"""What the notifications of all vendors say together: repeats, operations, final words, strangers.

Everything here is SQL over the tables of `Ingest`; `sighted_ms` is when a message was received, or else when the log
says that it was written.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from idvtools.ledger.frame import to_pandas
from idvtools.records.messages import COLUMNS
from idvtools.records.reports import TRUST_OF_CHECK
from idvtools.vendors.base import Vendor

if TYPE_CHECKING:
    import pandas as pd

#: The tidy table of notifications.
TIDY = (
    "received_at", "vendor", "kind", "op_id", "app_id", "biz_no", "site", "status", "sub_status", "json_result",
    "authorized_at", "outcome", "trust", "check", "retry", "logged_at", "file", "line",
)  # fmt: skip


def prepare(con: duckdb.DuckDBPyConnection, senders: Sequence[Vendor]) -> None:
    """Make the tables that the queries of this module need.

    ``codes``: outcome of each status, by vendor. ``told``: the notifications with `sighted_ms`, `retry`, `forged`, and
    `several`: whether more was said of the same operation.
    """
    con.execute("create table codes (vendor varchar, status bigint, outcome varchar)")
    con.execute("create table senders (vendor varchar, listed boolean)")
    rows = []
    for sender in senders:
        table = sender.callbacks.table if sender.callbacks else None
        con.execute("insert into senders values (?, ?)", [sender.name, table is not None])
        if table is not None:
            rows += [(sender.name, c.code, c.outcome or "unknown") for c in sender.tables[table].rows]
    if rows:
        con.executemany("insert into codes values (?, try_cast(? as bigint), ?)", rows)
    same = ", ".join(identity(senders))
    con.execute(
        f"""create view told as
        with sighted as (select *, check_result = 'failed' as forged, coalesce(received_ms, logged_ms) as sighted_ms
            from deliveries),
        several as (select vendor, coalesce(delivery, op_id) as of_one from deliveries group by all having count(*) > 1)
        select *, 0::bigint as retry, false as several from sighted
        anti join several on sighted.vendor = several.vendor and coalesce(delivery, op_id) = of_one
        union all
        select *, row_number() over (partition by vendor, forged, {same}
            order by sighted_ms nulls last, file_id, line) - 1 as retry, true as several
        from sighted semi join several on sighted.vendor = several.vendor and coalesce(delivery, op_id) = of_one"""
    )


def identity(senders: Sequence[Vendor]) -> list[str]:
    """SQL for what two deliveries of one event have in common: each column, null for vendors that leave it out."""
    expressions = []
    for name in COLUMNS:
        having = [f"'{s.name}'" for s in senders if s.callbacks and name in s.callbacks.same]
        if len(having) == len(senders):
            expressions.append(name)
        elif having:
            expressions.append(f"case when vendor in ({', '.join(having)}) then {name} end")
    return expressions


def tidy(
    con: duckdb.DuckDBPyConnection, names: Sequence[str], where: str = "true", limit: int | None = None
) -> pd.DataFrame:
    """Notifications as a DataFrame with the columns of `TIDY`, in the order of files and lines.

    Parameters
    ----------
    names
        Names of the files, by file id.
    where
        SQL on the columns of ``told``.
    limit
        Most rows.
    """
    trust = " ".join(f"when '{check}' then '{level.name.lower()}'" for check, level in TRUST_OF_CHECK.items())
    table = con.sql(
        f"""select make_timestamptz(received_ms * 1000) as received_at, vendor, event as kind, op_id, app_id, biz_no,
        site, told.status, sub_status, json_result, make_timestamptz(nullif(authorized_ms, 0) * 1000) as authorized_at,
        case when forged then 'unknown' when listed then coalesce(codes.outcome, 'unknown') end as outcome,
        case check_result {trust} else 'none' end as trust, check_result as "check", retry,
        make_timestamptz(logged_ms * 1000) as logged_at, file_id as file, line
        from told join senders using (vendor)
        left join codes on codes.vendor = told.vendor and codes.status = told.status
        where {where} order by file_id, line, op_id {"" if limit is None else f"limit {limit}"}"""
    ).to_arrow_table()
    return frame(table, names)


def frame(table: pa.Table, names: Sequence[str]) -> pd.DataFrame:
    """A result as a DataFrame: times in UTC and milliseconds, a column `file` of file ids as names."""
    for i, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            table = table.set_column(i, field.name, table[i].cast(pa.timestamp("ms", tz="UTC")))
        elif field.name == "file":
            table = table.set_column(i, "file", pa.array(names, pa.string()).take(table[i].combine_chunks()))
    return to_pandas(table)
