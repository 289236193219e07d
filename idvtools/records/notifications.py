"""Messages that vendors sent to us, out of whatever a back end logged, as one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from idvtools.records.cache import quiet
from idvtools.records.checking import (
    HALF,
    SURROGATE,
    Body,
    Checker,
    as_bodies,
    bare_bodies,
    halved,
    table_of_bodies,
    without_surrogates,
)
from idvtools.records.finding import BROKEN, NOTHING, TIMES, Finder, Found
from idvtools.records.jsonmessages import extract, instant
from idvtools.records.lines import Lines
from idvtools.records.messages import (
    COLUMNS,
    ENVELOPE,
    NO_STATUS,
    NOT_JSON,
    SEALED,
    reasons,
    select_messages,
)
from idvtools.records.rejects import Rejects
from idvtools.vendors.base import Callbacks, CheckResult, Keys, Vendor

#: The table of notifications; times in ms since 1970, `logged_ms` where only the log tells when.
SCHEMA = pa.schema(
    [
        ("vendor", pa.string()),
        *((name, pa.int64() if kind == "bigint" else pa.string()) for name, kind in COLUMNS.items()),
        ("received_ms", pa.int64()),
        ("logged_ms", pa.int64()),
        ("check_result", pa.string()),
        ("line", pa.int64()),
    ]
)
_LINES = pa.schema([("number", pa.int64()), ("line", pa.large_string())])
_BLANK = r"^\s*$"


class Looked(NamedTuple):
    """Lines, what the first look found in them, and whose the bodies in our own envelopes are."""

    lines: Lines
    read: pa.Table
    bodies: pa.Table
    owners: pa.Table


class Verified(NamedTuple):
    """Lines, what the first look found in them, the checked bodies, and those that are no message of anybody."""

    lines: Lines
    read: pa.Table
    checked: pa.Table
    strangers: pa.Table


class NotificationReader:
    """Turns lines of a log, or rows of an export, into rows of `SCHEMA`.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        Does the reading of JSON; its time zone is that of times that were written without an offset.
    declared : sequence of Vendor
        Those whose messages are looked for; all must have callbacks.
    keys : mapping
        Keys by the vendor's name; a vendor without any is read unchecked.
    rejects : Rejects
        What cannot be read.
    """

    def __init__(
        self, con: duckdb.DuckDBPyConnection, declared: Sequence[Vendor], keys: Mapping[str, Keys], rejects: Rejects
    ) -> None:
        self._ahead = con.cursor()
        quiet(self._ahead)
        self._con, self._declared, self._rejects = con, tuple(declared), rejects
        self._callbacks: list[Callbacks] = [v.callbacks for v in declared if v.callbacks]
        self.finder = Finder(declared)
        self._names = pa.array([v.name for v in declared], pa.string())
        self._kept: tuple[list[str], list[int]] = ([], [])
        #: The long line that is being read, and whether there was a message in it.
        self._long: tuple[int, bool] | None = None
        self._places = [
            (c.message, c.marker, None if "event" in c.message.fields else c.kind, c.answer) for c in self._callbacks
        ]
        self._checker = Checker(self._declared, self._places, keys)
        self._sealed = [i for i, c in enumerate(self._callbacks) if c.check and not c.headers]
        self._first_look = select_messages(
            "log_lines", self._places, sealed=self._sealed, where="line is not null", envelopes=True
        )
        self._reasons = [reasons(c.message) for c in self._callbacks]

    # ---- lines of a log

    def look(self, lines: Lines) -> Looked:
        """First step: what kind of line each is. The three steps may run in three threads, each piece in turn."""
        self._ahead.register("log_lines", lines.table)
        read = self._ahead.sql(self._first_look).to_arrow_table()
        self._ahead.unregister("log_lines")
        opened = read.filter(pc.fill_null(pc.equal(read["fault"], ENVELOPE), False))
        bodies = opened.select(["number", "received_at", "headers", "body"])
        nothing = pa.nulls(len(bodies), pa.string())
        bodies = bodies.append_column("logged_at", nothing if lines.of_long_line else self._logged(bodies, lines.table))
        bodies = as_bodies(bodies.rename_columns(["number", "received_at", "headers", "line", "logged_at"]))
        nobody = pa.table({"vendor_no": pa.array([], pa.int32())})
        return Looked(lines, read, bodies, self._checker.owners(self._ahead, bodies) if len(bodies) else nobody)

    def _logged(self, bodies: pa.Table, table: pa.Table) -> pa.Array:
        """When our own envelopes were logged, of those that do not tell when they were received."""
        untold = pc.is_null(bodies["received_at"])
        if not pc.any(untold).as_py():
            return pa.nulls(len(bodies), pa.string())
        places = _places(bodies["number"], table)
        texts = pc.if_else(untold, table["line"].take(places), None)
        expression, at = extract("line", {name: name for name in TIMES})
        self._ahead.register("untold", pa.table({"line": texts, "place": np.arange(len(bodies))}))
        told = self._ahead.sql(
            f"""select coalesce({", ".join(at.values())}) as logged_at
            from (select place, {expression} as j from untold) order by place"""
        ).to_arrow_table()
        self._ahead.unregister("untold")
        return told["logged_at"]

    def verify(self, looked: Looked) -> Verified:
        """Second step: check signatures."""
        return Verified(looked.lines, looked.read, *self._checker.verified(looked.bodies, looked.owners))

    def complete(self, verified: Verified, name: str) -> tuple[pa.Table, int]:
        """Third step: the messages, and how many lines there were, blank ones left out."""
        lines = verified.lines
        number = lines.table["number"][0].as_py()
        if self._long is not None and not (lines.of_long_line and self._long[0] == number):
            self._end_long(name)
        if lines.of_long_line:
            found = self._read_long(verified, name)
            self._long = (number, len(found) > 0 or (self._long is not None and self._long[1]))
            return found, 0
        rows, blanks = self._read(lines.table, verified, name)
        return rows, len(lines.table) - blanks

    def end(self, name: str) -> pa.Table:
        """What was still waiting for its end."""
        self._end_long(name)
        texts, numbers = self._kept
        self._kept = ([], [])
        return _concat(self._searched(texts, numbers, name, more=False))

    def _read(self, table: pa.Table, verified: Verified, name: str) -> tuple[pa.Table, int]:
        read, left = verified.read, verified.strangers
        faults = read["fault"]
        if faults.null_count == len(read):
            return self._with_kept([self._finished(read, "unchecked")], name), 0
        parts = [self._finished(read.filter(pc.is_null(faults)), "unchecked"), *self._opened(verified.checked, name)]
        places = _places(left["number"], table)
        again = [pa.table({"number": left["number"], "line": table["line"].take(places)})]
        faulty = read.filter(pc.fill_null(pc.not_equal(faults, ENVELOPE), False))
        faulty = faulty.select(["number", "fault", "line", "vendor_no"])
        blank = pc.match_substring_regex(faulty["line"], _BLANK)
        blanks = pc.sum(blank).as_py() or 0
        faulty = faulty.filter(pc.invert(blank)) if blanks else faulty
        fault = faulty["fault"]
        self._reject(faulty.filter(pc.equal(fault, NO_STATUS)), name)
        sealed = faulty.filter(pc.equal(fault, SEALED))
        if len(sealed):
            parts += self._bodies(bare_bodies(sealed), name)
        others = pc.invert(pc.is_in(fault, value_set=pa.array([NO_STATUS, SEALED], fault.type)))
        again.append(faulty.filter(others).select(["number", "line"]).cast(_LINES))
        rest = pa.concat_tables([t.cast(_LINES) for t in again]).sort_by("number")
        return _concat(parts + self._search_blocks(rest, table, name)), blanks

    def _read_long(self, verified: Verified, name: str) -> pa.Table:
        """Messages among the objects of one long line; what is none of them is passed over."""
        read = verified.read
        parts = [self._finished(read.filter(pc.is_null(read["fault"])), "unchecked")]
        parts += self._opened(verified.checked, name)
        others = read.filter(pc.is_valid(read["line"]))["line"].to_pylist()
        number = verified.lines.table["number"][0].as_py()
        for text in others + verified.strangers["line"].to_pylist():
            parts += self._found(self.finder.search([text], [number]).found, name)
        return _concat(parts)

    def _end_long(self, name: str) -> None:
        """A long line without any message is a reject."""
        if self._long is not None and not self._long[1]:
            self._rejects.add(name, self._long[0], NOTHING)
        self._long = None

    def _with_kept(self, parts: list[pa.Table], name: str) -> pa.Table:
        if self._kept[0]:
            parts.append(self.end(name))
        return _concat(parts)

    # ---- what is no message by itself

    def _search_blocks(self, rest: pa.Table, table: pa.Table, name: str) -> list[pa.Table]:
        """Look into lines that follow each other without a readable one between."""
        if not len(rest):
            return self._searched(*self._take_kept([], []), name, more=False) if self._kept[0] else []
        found: list[tuple[int, Found]] = []
        numbers = rest["number"].to_numpy()
        texts = rest["line"].to_pylist()
        first, last = table["number"][0].as_py(), table["number"][-1].as_py()
        cuts = np.flatnonzero(np.diff(numbers) > 1) + 1  # a blank line may be one of the numbers between
        blocks = self._join_over_blanks(np.split(np.arange(len(numbers)), cuts), numbers, table)
        for k, block in enumerate(blocks):
            lines, places = [texts[i] for i in block], [int(numbers[i]) for i in block]
            if k == 0:
                if self._kept[0] and not self._only_blank(first, places[0] - 1, table):
                    found += self._sought(*self._take_kept([], []), name, more=False)
                lines, places = self._take_kept(lines, places)
            more = k == len(blocks) - 1 and self._only_blank(places[-1] + 1, last, table)
            found += self._sought(lines, places, name, more=more)
        return self._found(found, name)

    def _take_kept(self, lines: list[str], places: list[int]) -> tuple[list[str], list[int]]:
        kept, self._kept = self._kept, ([], [])
        return kept[0] + lines, kept[1] + places

    def _only_blank(self, begin: int, end: int, table: pa.Table) -> bool:
        """Whether the lines of these numbers, both included, are blank."""
        if begin > end:
            return True
        first, last = np.searchsorted(table["number"].to_numpy(), [begin, end + 1])
        lines = table["line"].slice(first, last - first)
        blank = pc.fill_null(pc.match_substring_regex(lines, _BLANK), False)
        return bool(pc.all(blank, min_count=0).as_py())

    def _join_over_blanks(self, blocks: list[np.ndarray], numbers: np.ndarray, table: pa.Table) -> list[np.ndarray]:
        if len(blocks) > 2000:  # a log in which every other line is readable has no objects over several lines
            return blocks
        joined = [blocks[0]]
        for block in blocks[1:]:
            before, after = int(numbers[joined[-1][-1]]), int(numbers[block[0]])
            if after - before <= 3 and self._only_blank(before + 1, after - 1, table):
                joined[-1] = np.concatenate([joined[-1], block])
            else:
                joined.append(block)
        return joined

    def _searched(self, lines: list[str], places: list[int], name: str, *, more: bool) -> list[pa.Table]:
        return self._found(self._sought(lines, places, name, more=more), name)

    def _sought(self, lines: list[str], places: list[int], name: str, *, more: bool) -> list[tuple[int, Found]]:
        if not more and not any(hint in line for line in lines for hint in self.finder.hints):
            for place in places:
                self._rejects.add(name, place, NOTHING)
            return []
        result = self.finder.search(lines, places, more=more)
        for place, reason in result.rejected:
            self._rejects.add(name, place, reason)
        self._kept = result.kept
        return result.found

    def _found(self, found: list[tuple[int, Found]], name: str) -> list[pa.Table]:
        parts: list[pa.Table] = []
        bodies: list[Body] = [(n, f.received_at, f.logged_at, f.headers, f.text) for n, f in found if not f.enveloped]
        envelopes = [(n, f) for n, f in found if f.enveloped and not HALF.search(f.text)]
        bodies += [halved(n, f) for n, f in found if f.enveloped and HALF.search(f.text)]
        if bodies:
            parts += self._bodies(table_of_bodies(bodies), name)
        if envelopes:
            table = pa.table(
                {
                    "number": pa.array([n for n, _ in envelopes], pa.int64()),
                    "line": pa.array([f.text for _, f in envelopes], pa.large_string()),
                    "around_at": pa.array([f.received_at for _, f in envelopes], pa.string()),
                    "logged_at": pa.array([f.logged_at for _, f in envelopes], pa.string()),
                }
            )
            parts += self._envelopes(table, name)
        return parts

    # ---- envelopes and bodies

    def _envelopes(self, table: pa.Table, name: str) -> list[pa.Table]:
        """Open our own envelopes, found inside something else."""
        expression, at = extract("line", {"received_at": "received_at", "headers": "headers", "body": "body"})
        self._con.register("envelopes", table)
        opened = self._con.sql(
            f"""select number, coalesce({at["received_at"]}, around_at) as received_at,
            case when coalesce({at["received_at"]}, around_at) is null then logged_at end as logged_at,
            {at["headers"]} as headers, {at["body"]} as line from
            (select number, around_at, logged_at, {expression} as j from envelopes)"""
        ).to_arrow_table()
        self._con.unregister("envelopes")
        return self._bodies(opened, name)

    def _bodies(self, table: pa.Table, name: str) -> list[pa.Table]:
        rows, left = self._checked(table, name)
        if len(left):  # a lone surrogate is valid in JSON, and nothing that DuckDB takes; its hash cannot be told
            lone = pc.fill_null(pc.match_substring_regex(left["line"], SURROGATE), False)
            repaired = [without_surrogates(t) for t in left.filter(lone)["line"].to_pylist()]
            again = left.filter(lone).drop_columns(["headers", "line"])
            again = again.append_column("headers", pa.nulls(len(again), pa.large_string()))
            more, left_again = self._checked(again.append_column("line", pa.array(repaired, pa.large_string())), name)
            rows, left = rows + more, pa.concat_tables([left.filter(pc.invert(lone)), left_again])
        for number, text in zip(left["number"].to_pylist(), left["line"].to_pylist(), strict=True):
            self._rejects.add(name, number, BROKEN if self.finder.may_hold(text or "") else NOTHING)
        return rows

    def bodies(self, table: pa.Table, name: str) -> pa.Table:
        """Messages of an export: columns `number, received_at, logged_at, headers` (JSON), `line` (the body)."""
        rows, left = self._checked(table, name)
        again: list[Body] = []
        for row in left.to_pylist():
            result = self.finder.search([row["line"] or ""], [row["number"]])
            for number, reason in result.rejected:
                self._rejects.add(name, number, reason)
            rows += self._found([(n, f) for n, f in result.found if f.enveloped], name)
            again += [
                (n, row["received_at"], f.logged_at, row["headers"] or f.headers, f.text)
                for n, f in result.found
                if not f.enveloped
            ]
        return _concat(rows + (self._bodies(table_of_bodies(again), name) if again else []))

    def _checked(self, table: pa.Table, name: str) -> tuple[list[pa.Table], pa.Table]:
        """Check bodies and read what was checked; those that are no message of anybody are given back."""
        table = as_bodies(table)
        checked, strangers = self._checker.verified(table, self._checker.owners(self._con, table))
        return self._opened(checked, name), strangers

    def _opened(self, checked: pa.Table, name: str) -> list[pa.Table]:
        """The messages in checked bodies."""
        if not len(checked):
            return []
        self._con.register("checked", checked)
        sql = select_messages("checked", self._places, carried=("received_at", "logged_at", "check_result"))
        read = self._con.sql(
            f"""select * exclude (received_at, logged_at), {instant("received_at")} as received_ms,
            {instant("logged_at")} as logged_ms from ({sql})"""
        ).to_arrow_table()
        self._con.unregister("checked")
        good = pc.is_null(read["fault"])
        self._reject(read.filter(pc.invert(good)), name)
        return [self._finished(read.filter(good), None)]

    # ---- columns

    def _finished(self, read: pa.Table, check: CheckResult | None) -> pa.Table:
        columns = {"vendor": self._names.take(read["vendor_no"].combine_chunks())}
        for name in SCHEMA.names[1:]:
            place = "number" if name == "line" else name
            if place in read.column_names:
                columns[name] = read[place]
            elif name == "check_result":
                columns[name] = pa.repeat(pa.scalar(check), len(read))
            else:
                columns[name] = pa.nulls(len(read), SCHEMA.field(name).type)
        return pa.table(columns).cast(SCHEMA)

    def _reject(self, faulty: pa.Table, name: str) -> None:
        columns = [faulty[c].to_pylist() for c in ("number", "fault", "vendor_no")]
        for number, fault, vendor in zip(*columns, strict=True):
            known = self._reasons[vendor or 0]
            reason = known[fault] if vendor is not None or fault == NOT_JSON else NOTHING
            self._rejects.add(name, number, reason)


def _places(numbers: pa.ChunkedArray, table: pa.Table) -> pa.Array:
    """Where the lines of these numbers stand in a table of lines."""
    return pa.array(np.searchsorted(table["number"].to_numpy(), numbers.to_numpy()))


def _concat(parts: list[pa.Table]) -> pa.Table:
    return pa.concat_tables(parts) if parts else SCHEMA.empty_table()
