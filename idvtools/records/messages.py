"""JSON messages about operations as columns, in SQL: the vendor's notifications and our own polls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from idvtools.records.jsonmessages import extract, plausible, whole
from idvtools.vendors.base import Message

#: Columns of a message, in the order of the tables.
COLUMNS: dict[str, str] = {
    "event": "varchar", "op_id": "varchar", "app_id": "varchar", "biz_no": "varchar", "site": "varchar",
    "status": "bigint", "sub_status": "varchar", "json_result": "bigint", "authorized_ms": "bigint",
    "children": "varchar", "delivery": "varchar",
}  # fmt: skip
#: Of a vendor: where fields stand, the path that only its messages have, the kind of those that tell none, the path
#: that only answers to our own calls have.
Place = tuple[Message, str, str | None, str | None]
#: Why a text could not be read into the table, by the number in its column `fault`.
NOT_JSON, NO_MESSAGE, NO_OPERATION, NO_STATUS, ENVELOPE, SEALED = 1, 2, 3, 4, 5, 6


def select_messages(
    table: str,
    callbacks: Sequence[Place],
    *,
    sealed: Sequence[int] = (),
    carried: Sequence[str] = (),
    where: str = "true",
    envelopes: bool = False,
) -> str:
    """SQL that reads the JSON in column `line` of a table.

    Parameters
    ----------
    table
        Has the columns `number` and `line`, and those that are `carried` along.
    callbacks
        For each vendor where fields stand, the path that only its messages have, and the kind of those that tell none.
    sealed
        Vendors whose messages are to be opened first.
    envelopes
        Open our own envelopes: `body, received_at, headers` (null for everything else).

    Returns
    -------
    str
        Gives `vendor_no`, the fields by `COLUMNS`, `fault` (null: read), `line` (where there is a fault other than
        an opened envelope), `number`, and what was carried.
    """
    fields: dict[str, str] = {"#envelope": "body"}
    if envelopes:
        fields |= {"#received_at": "received_at", "#headers": "headers"}
    places: list[dict[str, list[str]]] = []
    for i, (message, marker, _, answer) in enumerate(callbacks):
        fields[f"#{i}"] = marker
        if answer:
            fields[f"#{i}.answer"] = answer
        places.append({})
        for name, paths in message.fields.items():
            places[i][name] = [f"{i}.{path}" for path in ((paths,) if isinstance(paths, str) else paths)]
            fields |= {place: place.partition(".")[2] for place in places[i][name]}
    expression, at = extract("line", fields)

    def pick(name: str) -> str:
        found = {i: ", ".join(at[p] for p in place[name]) for i, place in enumerate(places) if name in place}
        cases = " ".join(f"when {i} then coalesce({listed}, null)" for i, listed in found.items())
        return f"case vendor_no {cases} end" if cases else "null::varchar"

    texts = {name: pick(name) for name in COLUMNS}
    # Of the children only what is declared: anything may stand beside it.
    shapes = " ".join(f"when {i} then {_known(m)}" for i, (m, *_) in enumerate(callbacks) if m.child_fields)
    children = f"case when children is not null then case vendor_no {shapes} end end" if shapes else "null::varchar"
    kinds = " ".join(f"when {i} then '{kind}'" for i, (_, _, kind, _) in enumerate(callbacks) if kind)
    kind = f"coalesce(event, case vendor_no {kinds} end)" if kinds else "event"
    sealed_ones = ", ".join(map(str, sealed)) or "-1"
    taken = "".join(f", {c}" for c in carried)
    kept = "".join(f", {c.rpartition(' as ')[2]}" for c in carried)
    opened = ""
    if envelopes:
        opened = "".join(
            f""", case when fault = {ENVELOPE} then {at["#" + place]} end as {name}"""
            for place, name in (("envelope", "body"), ("received_at", "received_at"), ("headers", "headers"))
        )
    return f"""select * exclude (j, read_line),
        case when fault is not null {f"and fault <> {ENVELOPE}" if envelopes else ""} then read_line end as line{opened}
        from (select vendor_no, {kind} as event, op_id, nullif(app_id, '') as app_id, nullif(biz_no, '') as biz_no,
        nullif(site, '') as site, {whole("status")} as status, nullif(sub_status, '') as sub_status,
        {whole("json_result")} as json_result, {plausible("try_cast(authorized_ms as bigint)")} as authorized_ms,
        {children} as children, delivery,
        case when j is null then {NOT_JSON} when vendor_no is null and {at["#envelope"]} is not null then {ENVELOPE}
        when vendor_no is null then {NO_MESSAGE} when vendor_no in ({sealed_ones}) then {SEALED}
        when coalesce(trim(op_id), '') = '' or op_id[1] in ('{{', '[') or op_id in ('true', 'false') then {NO_OPERATION}
        when status is not null and {whole("status")} is null then {NO_STATUS} end as fault,
        line as read_line, j, number{kept}
        from (select *, {", ".join(f"{sql} as {name}" for name, sql in texts.items())}
        from (select *, {_vendor(callbacks, at)} as vendor_no
        from (select number, line{taken}, {expression} as j from {table} where {where}))))"""


def select_owners(table: str, callbacks: Sequence[Place], more: str = "") -> str:
    """SQL that tells whose message the JSON in column `line` is: `place, vendor_no, app_id, op_id`.

    `more` is SQL for further columns.
    """
    fields: dict[str, str] = {}
    picks: dict[str, list[str]] = {"app_id": [], "op_id": []}
    for i, (message, marker, _, answer) in enumerate(callbacks):
        fields[f"#{i}"] = marker
        if answer:
            fields[f"#{i}.answer"] = answer
        for name, cases in picks.items():
            if name in message.fields:
                fields[f"{i}.{name}"] = message.path(name)
                cases.append(f"when {i} then {{{i}.{name}}}")
    expression, at = extract("line", fields)
    texts = []
    for name, cases in picks.items():
        sql = " ".join(c[: c.index("{")] + at[c[c.index("{") + 1 : -1]] for c in cases)
        texts.append(f"case vendor_no {sql} end as {name}" if cases else f"null::varchar as {name}")
    return f"""select place, vendor_no, {", ".join(texts)}{more}
        from (select *, {_vendor(callbacks, at)} as vendor_no
        from (select *, {expression} as j from {table}))"""


def _vendor(callbacks: Sequence[Place], at: Mapping[str, str]) -> str:
    cases = " ".join(
        f"when nullif({at[f'#{i}']}, '') is not null"
        + (f" and {at[f'#{i}.answer']} is null" if f"#{i}.answer" in at else "")
        + f" then {i}"
        for i in range(len(callbacks))
    )
    return f"case {cases} end"


def _known(message: Message) -> str:
    shape = ", ".join(f'"{name}": "VARCHAR"' for name in message.child_fields.values())
    return f"try(to_json(json_transform(children, '[{{{shape}}}]'))::varchar)"


def reasons(message: Message) -> Mapping[int, str]:
    """What a fault means, for the list of rejects."""
    status = message.path("status") if "status" in message.fields else "-"
    return {
        NOT_JSON: "the message is not JSON",
        NO_MESSAGE: f"no operation id ({message.path('op_id')}) in this message",
        NO_OPERATION: f"no operation id ({message.path('op_id')}) in this message",
        ENVELOPE: f"no operation id ({message.path('op_id')}) in this message",
        NO_STATUS: f"the status ({status}) is not a whole number",
    }
