"""Our own polls of a status."""

from __future__ import annotations

import duckdb
import pyarrow.compute as pc

from idvtools.records.context import Context
from idvtools.records.files import SourceFile
from idvtools.records.jsonmessages import NOT_BLANK, moment
from idvtools.records.lines import Reading, read_lines
from idvtools.records.messages import COLUMNS, reasons, select_messages

_FIELDS = ", ".join(COLUMNS)
TABLE = f"""create table polls ({", ".join(f"{n} {k}" for n, k in COLUMNS.items())}, received_ms bigint,
    check_result varchar, line bigint, file_id integer)"""


def read_polls(con: duckdb.DuckDBPyConnection, source: SourceFile, context: Context) -> None:
    """Read a log of polls into the table ``polls``.

    Raises
    ------
    RecordsError
        The file cannot be read to its end.
    """
    message = context.books.poll
    why = reasons(message)
    sql = select_messages(
        "log_lines",
        [(message, message.path("op_id"), None, None)],
        carried=("""try(json_extract_string(line, '$."polled_at"')) as polled_at""",),
        where=NOT_BLANK,
    )
    for lines in read_lines(source.stream(), Reading(context.rejects)):
        con.register("log_lines", lines.table)
        read = con.sql(
            f"select * exclude (polled_at), {moment('polled_at')} as received_ms, 'poll' as check_result from ({sql})"
        ).to_arrow_table()
        con.unregister("log_lines")
        faulty = read.filter(pc.is_valid(read["fault"])).select(["number", "fault", "line"])
        blank = pc.match_substring_regex(faulty["line"], r"^\s*$")
        faulty = faulty.filter(pc.invert(blank))
        context.count(source, len(read) - (pc.sum(blank).as_py() or 0) + lines.table["line"].null_count)
        for row in faulty.select(["number", "fault"]).to_pylist():
            context.rejects.add(source.name, row["number"], why[row["fault"]])
        con.register("read_polls", read.filter(pc.is_null(read["fault"])))
        con.execute(
            f"insert into polls select {_FIELDS}, received_ms, check_result, number, {source.file_id} from read_polls"
        )
        con.unregister("read_polls")
