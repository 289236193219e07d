"""Bodies of messages with the headers that came with them: whose each is, and how far it is to be trusted."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

import duckdb
import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from idvtools.records.embedded import whole_characters
from idvtools.records.finding import Found, header_name
from idvtools.records.jsonmessages import extract
from idvtools.records.messages import Place, select_owners
from idvtools.vendors.base import CheckResult, Deliveries, Keys, Vendor

#: Bodies as a table; `line` is the body, `headers` are JSON.
BODIES = pa.schema(
    [
        ("number", pa.int64()),
        ("received_at", pa.string()),
        ("logged_at", pa.string()),
        ("headers", pa.large_string()),
        ("line", pa.large_string()),
    ]
)
#: A row of it.
Body = tuple[int, str | None, str | None, str | None, str]
_OBJECT = r"^\s*\{"
#: Messages that are checked at once: more would leave the memory that was used for those before.
_CHECKED = 8192
SURROGATE = r"\\u[dD][89a-fA-F]"
HALF = re.compile(SURROGATE)
_SURROGATES = re.compile(
    r"\\\\|(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)


class Checker:
    """Tells whose bodies are, and checks them.

    Parameters
    ----------
    declared : sequence of Vendor
        Those whose messages are looked for; all have callbacks.
    places : sequence of Place
        Where the fields of each stand.
    keys : mapping
        Keys by the vendor's name.
    """

    def __init__(self, declared: Sequence[Vendor], places: Sequence[Place], keys: Mapping[str, Keys]) -> None:
        self._declared, self._places, self._keys = declared, places, keys
        self._callbacks = [v.callbacks for v in declared if v.callbacks]

    def owners(self, con: duckdb.DuckDBPyConnection, table: pa.Table) -> pa.Table:
        """Whose each body is, and the headers that may hold a signature; in the order of `table`."""
        names = sorted({h for c in self._callbacks for h in c.headers})
        spellings = {f"{n}.{i}": form for n in names for i, form in enumerate((n.upper(), n, n.title()))}
        expression, at = extract("headers", spellings, column="h")
        found = "".join(
            f", coalesce({', '.join(at[f'{n}.{i}'] for i in range(3))}, '') as \"header_{n}\"" for n in names
        )
        places = pa.array(np.arange(len(table), dtype=np.int64))
        headers = pc.if_else(pc.match_substring_regex(table["headers"], _OBJECT), table["headers"], None)
        lines = table.select(["line"]).append_column("place", places).append_column("headers", headers)
        con.register("bodies", lines)
        seen = con.sql(
            select_owners(f"(select *, {expression} as h from bodies)", self._places, found)
        ).to_arrow_table()
        con.unregister("bodies")
        return seen.take(pc.sort_indices(seen["place"])) if len(seen) else seen

    def verified(self, table: pa.Table, seen: pa.Table) -> tuple[pa.Table, pa.Table]:
        """Bodies with `check_result`, and those that are no message of anybody."""
        unknown = pc.is_null(seen["vendor_no"])
        left = table.filter(unknown)
        if len(left):
            known = pc.invert(unknown)
            table, seen = table.filter(known), seen.filter(known)
        results = self._check(seen, table)
        opened = table.drop_columns(["headers"])
        if results is None:
            return opened.append_column("check_result", pa.repeat(pa.scalar("unchecked"), len(table))), left
        checks, bodies = results
        opened = opened.drop_columns(["line"]).append_column("line", bodies)
        return opened.append_column("check_result", pa.array(checks, pa.string())), left

    def _check(self, seen: pa.Table, table: pa.Table) -> tuple[list[CheckResult], pa.Array] | None:
        """How far each is to be trusted, and the texts to read; None if there is nothing to check."""
        vendors = seen["vendor_no"].to_numpy()
        results: list[CheckResult] = ["unchecked"] * len(vendors)
        texts: list[bytes | None] = [None] * len(vendors)
        bodies = table["line"].combine_chunks() if len(table) else pa.array([], pa.large_string())
        checked = False
        for number, (vendor, callbacks) in enumerate(zip(self._declared, self._callbacks, strict=True)):
            rows = np.flatnonzero(vendors == number)
            keys = self._keys[vendor.name]
            if not len(rows) or callbacks.check is None or (callbacks.headers and not keys.facts):
                continue
            checked = True
            headers = self._headers(seen, table, callbacks.headers)
            if headers:
                given = [np.array([bool(text) for text in column]) for column in headers.values()]
                rows = rows[np.any(given, axis=0)[rows]]
            columns = [seen["app_id"].to_pylist(), seen["op_id"].to_pylist(), *headers.values()]
            own = bodies
            if len(rows) < len(vendors):
                own = bodies.take(pa.array(rows))
                columns = [[column[i] for i in rows.tolist()] for column in columns]
            for begin in range(0, len(rows), _CHECKED):
                app_ids, op_ids, *named = (column[begin : begin + _CHECKED] for column in columns)
                told = dict(zip(headers, named, strict=True))
                part = Deliveries(told, own.slice(begin, _CHECKED), app_ids, op_ids)
                verdicts = callbacks.check(part, keys)
                for i, result, text in zip(rows[begin : begin + _CHECKED].tolist(), *verdicts, strict=True):
                    results[i], texts[i] = result, text
        if not checked:
            return None
        return results, pc.coalesce(pa.array(texts, pa.large_binary()).cast(pa.large_string()), bodies)

    def _headers(self, seen: pa.Table, table: pa.Table, names: tuple[str, ...]) -> dict[str, list[str]]:
        """The columns of these headers, in whichever spelling they were logged."""
        if not names:
            return {}
        found = {name: seen[f"header_{name}"].to_pylist() for name in names}
        text = table["headers"]
        again = np.zeros(len(table), dtype=bool)
        for name in names:
            known = seen[f"header_{name}"]
            missed = pc.and_(pc.equal(known, ""), pc.match_substring(text, name, ignore_case=True))
            again |= pc.fill_null(pc.or_(missed, pc.starts_with(known, "[")), False).to_numpy(zero_copy_only=False)
        for i in np.flatnonzero(again).tolist():
            headers = read_headers(table["headers"][i].as_py())
            for name in names:
                found[name][i] = headers.get(name, "")
        return found


def as_bodies(table: pa.Table) -> pa.Table:
    """A table in the columns of `BODIES`, in one piece."""
    return table.select(BODIES.names).cast(BODIES).combine_chunks()


def table_of_bodies(rows: list[Body]) -> pa.Table:
    """Rows as a table."""
    columns = list(zip(*rows, strict=True))
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, BODIES, strict=True)], schema=BODIES)


def bare_bodies(lines: pa.Table) -> pa.Table:
    """Lines that are bodies, without anything beside them."""
    nothing = pa.nulls(len(lines), pa.string())
    columns = [
        lines["number"],
        nothing,
        nothing,
        nothing.cast(pa.large_string()),
        lines["line"].cast(pa.large_string()),
    ]
    return pa.table(columns, schema=BODIES)


def halved(number: int, found: Found) -> Body:
    """The body of an envelope with half a character in it, which DuckDB does not take; its hash cannot be told."""
    envelope = json.loads(found.text)
    body, at = envelope["body"], envelope.get("received_at")
    text = body if isinstance(body, str) else json.dumps(body)
    received = at if isinstance(at, str) else found.received_at
    return number, received and whole_characters(received), found.logged_at, None, whole_characters(text)


def without_surrogates(text: str) -> str:
    """JSON without halves of characters."""
    return _SURROGATES.sub(lambda m: m[0] if m[1] or m[0] == "\\\\" else "\ufffd", text)


def read_headers(text: str) -> dict[str, str]:
    """Headers as a back end logs them, names in lower case; lists of values give the first one.

    Examples
    --------
    >>> read_headers('{"DECSHASH": ["AB"], "Host": "h"}')
    {'decshash': 'AB', 'host': 'h'}
    """
    try:
        headers = orjson.loads(text)
    except ValueError:
        try:
            headers = json.loads(text)
        except (ValueError, RecursionError):
            return {}
    values = {
        header_name(name): value[0] if isinstance(value, list) and value else value for name, value in _pairs(headers)
    }
    return {name: value for name, value in values.items() if isinstance(value, str)}


def _pairs(headers: object) -> list[tuple[str, object]]:
    """Names and values: of an object, pairs (ASGI), objects with name and value (HAR), a flat list (Node)."""
    if isinstance(headers, dict):
        return list(headers.items())
    if not isinstance(headers, list):
        return []
    if all(isinstance(h, str) for h in headers):
        return list(zip(headers[::2], headers[1::2], strict=False))
    pairs = [(h.get("name"), h.get("value")) if isinstance(h, dict) else h for h in headers]
    return [(p[0], p[1]) for p in pairs if isinstance(p, tuple | list) and len(p) == 2 and isinstance(p[0], str)]
