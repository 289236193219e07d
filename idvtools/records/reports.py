"""Reports on a status: the vendor's notifications and our own polls."""

from __future__ import annotations

import json

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from idvtools.errors import Problem, RecordsError
from idvtools.ledger.rules import Trust
from idvtools.records.context import Context
from idvtools.records.files import SourceFile
from idvtools.records.jsonmessages import NOT_BLANK, embedded_objects, extract, moment, plausible, whole
from idvtools.records.lines import read_lines
from idvtools.vendors.base import CheckResult, Message

TRUST_OF_CHECK: dict[CheckResult, Trust] = {
    "ok": Trust.SIGNED,
    "hash_only": Trust.HASH_ONLY,
    "unchecked": Trust.UNCHECKED,
}

_TABLES = """
create table notifications (event varchar, op_id varchar, app_id varchar, biz_no varchar, site varchar, status bigint,
    sub_status varchar, json_result bigint, authorized_ms bigint, children varchar, received_ms bigint,
    check_result varchar, file_id integer, line bigint, fault tinyint, text varchar);
create table polls (event varchar, op_id varchar, app_id varchar, biz_no varchar, site varchar, status bigint,
    sub_status varchar, json_result bigint, authorized_ms bigint, children varchar, received_ms bigint,
    check_result varchar, file_id integer, line bigint, fault tinyint, text varchar);
"""
#: Why a line could not be read into a table at once, by the number in its column `fault`.
_NOT_JSON, _NO_OPERATION, _NO_STATUS, _ENVELOPE = 1, 2, 3, 4


def read_reports(con: duckdb.DuckDBPyConnection, sources: list[SourceFile], context: Context) -> None:
    """Read callbacks and polls into the tables ``notifications`` and ``polls``.

    Raises
    ------
    RecordsError
        Files that cannot be trusted as a whole; all files are looked at first.
    """
    con.execute(_TABLES)
    con.execute(f"set timezone = '{context.timezone}'")
    problems: list[Problem] = []
    for source in sources:
        try:
            for lines in read_lines(source, context.rejects):
                context.count(source, lines["line"].null_count)
                con.register("log_lines", lines)
                (_callbacks if source.kind == "callbacks" else _polls)(con, source, context)
                con.unregister("log_lines")
        except RecordsError as error:
            problems.extend(error.problems)
    if problems:
        raise RecordsError(problems)


def _polls(con: duckdb.DuckDBPyConnection, source: SourceFile, context: Context) -> None:
    faulty = _messages(con, "log_lines", "polls", context.books.poll, "polled_at", source, context)
    _reject(_without_blank(faulty, source, context), context.books.poll, source, context)


def _callbacks(con: duckdb.DuckDBPyConnection, source: SourceFile, context: Context) -> None:
    """Read each line in its form: our envelope (with ``body``), a bare body, or text with either inside."""
    message = context.books.notification
    faulty = _messages(con, "log_lines", "notifications", message, None, source, context)
    if not len(faulty):
        return
    faulty = _without_blank(faulty, source, context)
    readable = pc.equal(faulty["fault"], _NO_STATUS)
    _reject(faulty.filter(readable), message, source, context)
    enveloped = pc.equal(faulty["fault"], _ENVELOPE)
    bodies, found = _unpack(faulty.filter(pc.invert(pc.or_(enveloped, readable))), source, context)
    envelopes = pa.concat_tables([faulty.filter(enveloped).select(["line", "number"]).cast(found.schema), found])
    if len(bodies):
        con.register("bodies", bodies)
        _reject(_messages(con, "bodies", "notifications", message, None, source, context), message, source, context)
        con.unregister("bodies")
    if len(envelopes):
        _checked(con, envelopes, source, context)


def _without_blank(faulty: pa.Table, source: SourceFile, context: Context) -> pa.Table:
    """Leave out lines of white space; they count as nothing."""
    blank = pc.fill_null(pc.equal(pc.utf8_trim_whitespace(faulty["line"]), ""), False)
    context.count(source, -(pc.sum(blank).as_py() or 0))
    return faulty.filter(pc.invert(blank))


def _unpack(lines: pa.Table, source: SourceFile, context: Context) -> tuple[pa.Table, pa.Table]:
    """All messages inside other text: bare bodies, and our envelopes."""
    schema = pa.schema([("line", pa.string()), ("number", pa.int64())])
    bodies: list[tuple[str, int]] = []
    envelopes: list[tuple[str, int]] = []
    parts = context.books.notification.fields["op_id"].split(".")
    for line, number in zip(lines["line"].to_pylist(), lines["number"].to_pylist(), strict=True):
        before = len(bodies) + len(envelopes)
        for text in embedded_objects(line):
            value = json.loads(text)
            if "body" in value:
                envelopes.append((text, number))
                continue
            for part in parts:
                value = value.get(part) if isinstance(value, dict) else None
            if value is not None:
                bodies.append((text, number))
        if len(bodies) + len(envelopes) == before:
            context.rejects.add(source.name, number, "no notification in this line")
    as_table = [
        pa.table({"line": [t for t, _ in found], "number": [n for _, n in found]}, schema=schema)
        for found in (bodies, envelopes)
    ]
    return as_table[0], as_table[1]


def _checked(con: duckdb.DuckDBPyConnection, envelopes: pa.Table, source: SourceFile, context: Context) -> None:
    """Open our envelopes, check signatures, then read the bodies."""
    fields = context.books.notification.fields
    expression, place = extract("line", {"received_at": "received_at", "headers": "headers", "body": "body"})
    inner, inner_place = extract("body", {"app_id": fields["app_id"], "op_id": fields["op_id"]})
    con.register("envelopes", envelopes)
    opened = con.sql(
        f"""select number, received_at, headers, body, {inner_place["app_id"]} as app_id,
        {inner_place["op_id"]} as op_id
        from (select *, {inner} as j from (select number, {", ".join(f"{v} as {k}" for k, v in place.items())}
        from (select number, {expression} as j from envelopes)))"""
    ).to_arrow_table()
    con.unregister("envelopes")
    bodies = opened["body"].to_pylist()
    results: list[str] = []
    for i, (headers, app_id, op_id) in enumerate(
        zip(opened["headers"].to_pylist(), opened["app_id"].to_pylist(), opened["op_id"].to_pylist(), strict=True)
    ):
        keys = context.keys_for(app_id, op_id)
        if bodies[i] is None or keys is None:
            results.append("unchecked")
        else:
            result, text = context.books.check(_headers(headers), bodies[i], keys)
            results.append(result)
            # What is read must be what was signed: of two equal keys the canonical text keeps the signed one.
            bodies[i] = text
    table = opened.select(["number", "received_at"]).append_column("line", pa.array(bodies, pa.string()))
    con.register("checked", table.append_column("check_result", pa.array(results, pa.string())))
    message = context.books.notification
    _reject(
        _messages(con, "checked", "notifications", message, "received_at", source, context), message, source, context
    )
    con.unregister("checked")


def _headers(text: str | None) -> dict[str, str]:
    try:
        headers = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {}
    if not isinstance(headers, dict):
        return {}
    return {str(k).lower(): str(v[0] if isinstance(v, list) and v else v) for k, v in headers.items()}


def _messages(
    con: duckdb.DuckDBPyConnection,
    table: str,
    into: str,
    message: Message,
    stamp: str | None,
    source: SourceFile,
    context: Context,
) -> pa.Table:
    """Read messages (JSON text in column `line` of `table`) into notifications or polls.

    Parameters
    ----------
    table
        ``log_lines`` are lines of a file, counted as its rows; other tables hold what was inside them.
    stamp
        The field or column with the time of receipt; where `table` has no such column it is looked up
        in the JSON itself.

    Returns
    -------
    pa.Table
        What is no such message: `number, fault, line`.
    """
    have = {row[0] for row in con.execute(f"describe {table}").fetchall()}
    fields = dict(message.fields) | {"envelope": "body"}
    if stamp is not None and stamp not in have:
        fields[stamp] = stamp
    expression, place = extract("line", fields)
    carried = "".join(f"{c}, " for c in (stamp, "check_result") if c in have)
    columns = {f: place.get(f, "null::varchar") for f in _FIELDS}
    for number in ("status", "json_result"):
        columns[number] = whole(columns[number])
    columns["authorized_ms"] = plausible(f"try_cast({columns['authorized_ms']} as bigint)")
    for text in ("app_id", "biz_no", "site", "sub_status"):
        columns[text] = f"nullif({columns[text]}, '')"
    when = moment(stamp if stamp in have else place[stamp]) if stamp else "null::bigint"
    check = "check_result" if "check_result" in have else f"'{'unchecked' if into == 'notifications' else 'poll'}'"
    fault = f"""case when j is null then {_NOT_JSON}
        when {place["envelope"]} is not null and {place["op_id"]} is null then {_ENVELOPE}
        when coalesce({place["op_id"]}, '') = '' then {_NO_OPERATION}
        when {place["status"]} is not null and {columns["status"]} is null then {_NO_STATUS} end"""
    lines = table == "log_lines"
    ((rows,),) = con.execute(
        f"""insert into {into} select {", ".join(columns.values())}, {when}, {check}, {source.file_id}, number,
        {fault} as fault, case when fault is not null then line end
        from (select number, line, {carried}{expression} as j from {table} {"where " + NOT_BLANK if lines else ""})"""
    ).fetchall()
    context.count(source, rows if lines else 0)
    faulty = con.sql(f"select line as number, fault, text as line from {into} where fault is not null").to_arrow_table()
    if len(faulty):
        con.execute(f"delete from {into} where fault is not null")
    return faulty


def _reject(faulty: pa.Table, message: Message, source: SourceFile, context: Context) -> None:
    reasons = {
        _NOT_JSON: "the message is not JSON",
        _NO_OPERATION: f"no operation id ({message.fields['op_id']}) in this message",
        _ENVELOPE: f"no operation id ({message.fields['op_id']}) in this message",
        _NO_STATUS: f"the status ({message.fields['status']}) is not a whole number",
    }
    for row in faulty.to_pylist():
        context.rejects.add(source.name, row["number"], reasons[row["fault"]])


_FIELDS = (
    "event", "op_id", "app_id", "biz_no", "site", "status", "sub_status", "json_result", "authorized_ms", "children",
)  # fmt: skip


def settle_reports(con: duckdb.DuckDBPyConnection, context: Context) -> None:
    """Show accepted notifications, polls and the children they name as one table ``reports``."""
    trust = " ".join(f"when '{check}' then {int(level)}" for check, level in TRUST_OF_CHECK.items())
    accepted = f"""select *, (case check_result {trust} else {int(Trust.POLL)} end)::tinyint as trust from notifications
        where check_result <> 'failed' union all select *, {int(Trust.POLL)}::tinyint from polls"""
    child = context.books.notification.child_fields or {
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
