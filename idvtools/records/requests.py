"""Our start requests: JSON lines with the vendor's envelopes, CSV or Parquet with columns."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from idvtools.errors import Problem, RecordsError
from idvtools.privacy import PERSONAL_COLUMNS, mask_column, scrub
from idvtools.records.context import Context
from idvtools.records.csvfile import read_csv, shown
from idvtools.records.files import SourceFile
from idvtools.records.jsonmessages import HAS_OFFSET, NOT_BLANK, extract, moment, plausible, whole
from idvtools.records.lines import Reading, read_lines

#: Columns of a CSV or Parquet request log; one of the last two must be there.
COLUMNS = ("requested_at", "app_id", "biz_no", "site", "access_way", "error_code", "da_id")
ID_COLUMNS = ("id_no", "id_no_enc")
_MUST = ("requested_at", "app_id", "site", "da_id")
_TEXT_IDS = ("app_id", "biz_no", "da_id", "id_no", "id_no_enc")
#: What Excel makes of a long number when it saves it as CSV.
SPREADSHEET_NUMBER = r"^\s*[0-9]([.,][0-9]+)?E\+[0-9]{2,3}\s*$"
_BATCH = 1_000_000
#: A look before `scrub`, which costs more: a long number, a mobile number, an address.
_MAY_BE_PERSONAL = r"[0-9]{15}|1[3-9][0-9]{9}|@"
_LINE = "#line"  # our own column for the place of a row; nobody names a column so
_SCAN = 65_536  # rows that one thread of DuckDB takes at a time

TABLES = """create table requests (row_no bigint, op_id varchar, app_id varchar, biz_no varchar, site varchar,
    access_way varchar, error_code bigint, subject bigint, subject_state varchar,
    subject_key varchar, requested_ms bigint, file_id integer, line bigint);
    create table request_extras (file_id integer, line bigint, extra varchar)"""


def refuse_spreadsheet_numbers(table: pa.Table, names: tuple[str, ...], lines: pa.Array, source: SourceFile) -> None:
    """Refuse a file whose ids a spreadsheet has turned into numbers: their digits are gone.

    Raises
    ------
    RecordsError
        Names file, row and column.
    """
    for name in names:
        if name not in table.column_names:
            continue
        column = _text(table, name, source)
        if not pc.any(pc.match_substring(column, "+")).as_py():
            continue
        spoiled = pc.match_substring_regex(column, SPREADSHEET_NUMBER, ignore_case=True)
        if pc.any(spoiled).as_py():
            row = lines[pc.index(spoiled, True).as_py()].as_py()
            raise RecordsError(
                f"column {name}: a spreadsheet turned ids into numbers such as 2.1E+18, their digits are lost; "
                "export the file again with this column as text",
                file=source.name,
                row=row,
            )


def read_requests(con: duckdb.DuckDBPyConnection, sources: list[SourceFile], context: Context) -> None:
    """Read request logs into the table ``requests`` (`ledger.inputs.REQUESTS`).

    Raises
    ------
    RecordsError
        Files that cannot be trusted as a whole; all files are looked at first.
    """
    con.execute(f"set timezone = '{context.timezone}'")
    readers = {"jsonl": _from_lines, "csv": _from_csv, "parquet": _from_parquet}
    problems: list[Problem] = []
    for source in sources:
        try:
            for piece in readers[source.form](con, source, context):
                _insert(con, piece, source, context)
        except RecordsError as error:
            problems.extend(error.problems)
    if problems:
        raise RecordsError(problems)


def _from_lines(con: duckdb.DuckDBPyConnection, source: SourceFile, context: Context) -> Iterator[pa.Table]:
    request = context.books.request
    fields = {
        "requested_at": "requested_at",
        "envelope": "request",
        **{name: request.path(name) for name in request.fields if name != "id_no"},
        "id_no_enc": request.path("id_no"),
    }
    expression, place = extract("line", fields)
    columns = ", ".join(f"{sql} as {name}" for name, sql in place.items())
    for lines, *_ in read_lines(source.stream(), Reading(context.rejects)):
        con.register("log_lines", lines)
        read = con.sql(
            f"""select number as "{_LINE}", j is not null as is_json, {columns},
            j is null and trim(line, E' \\t\\r\\n') = '' as blank
            from (select number, line, {expression} as j from log_lines where {NOT_BLANK})"""
        ).to_arrow_table()
        con.unregister("log_lines")
        read = read.filter(pc.invert(read["blank"]))
        context.count(source, len(read) + lines["line"].null_count)
        good = pc.and_(read["is_json"], pc.is_valid(read["envelope"]))
        for row in read.filter(pc.invert(good)).select([_LINE, "is_json"]).to_pylist():
            reason = "no request envelope in this line" if row["is_json"] else "the line is not JSON"
            context.rejects.add(source.name, row[_LINE], reason)
        yield read.filter(good).drop_columns(["is_json", "blank", "envelope"]).rename_columns({"op_id": "da_id"})


def _from_csv(con: duckdb.DuckDBPyConnection, source: SourceFile, context: Context) -> Iterator[pa.Table]:
    before = len(context.rejects.items)
    file = read_csv(source, context.rejects)
    context.count(source, len(file.columns) + len(context.rejects.items) - before)
    _check_columns(file.header, source)
    refuse_spreadsheet_numbers(file.columns, _TEXT_IDS, file.lines, source)
    yield file.columns.append_column(_LINE, file.lines)


def _from_parquet(con: duckdb.DuckDBPyConnection, source: SourceFile, context: Context) -> Iterator[pa.Table]:
    try:
        file = pq.ParquetFile(source.path)
        _check_columns(file.schema_arrow.names, source)
        for field in file.schema_arrow:
            if field.name in _TEXT_IDS and (pa.types.is_floating(field.type) or pa.types.is_decimal(field.type)):
                raise RecordsError(
                    f"column {field.name} holds {field.type} numbers, the digits of its ids are lost; "
                    "export it as text",
                    file=source.name,
                )
        number = 1
        for batch in file.iter_batches(_BATCH):
            table = pa.Table.from_batches([batch])
            lines = pa.array(np.arange(number, number + len(table), dtype=np.int64))
            context.count(source, len(table))
            refuse_spreadsheet_numbers(table, _TEXT_IDS, lines, source)
            yield table.append_column(_LINE, lines)
            number += len(table)
    except (pa.ArrowException, OSError):
        raise RecordsError("not a readable Parquet file; fetch or export it again", file=source.name) from None


def _check_columns(names: list[str], source: SourceFile) -> None:
    missing = [n for n in _MUST if n not in names]
    if not set(ID_COLUMNS) & set(names):
        missing.append("id_no (clear) or id_no_enc (as sent)")
    if missing:
        raise RecordsError(f"missing column {', '.join(missing)}; found: {shown(names)}", file=source.name, row=1)
    if repeated := sorted({n for n in names if n and names.count(n) > 1}):
        raise RecordsError(f"the column {shown(repeated)} stands there more than once", file=source.name, row=1)


def _text(table: pa.Table, name: str, source: SourceFile) -> pa.ChunkedArray:
    if name not in table.column_names:
        return pa.chunked_array([pa.nulls(len(table), pa.string())])
    column = table[name]
    if pa.types.is_dictionary(column.type):
        column = pa.chunked_array([c.dictionary_decode() for c in column.chunks], column.type.value_type)
    try:
        return column.cast(pa.string())
    except pa.ArrowException:
        raise RecordsError(
            f"column {shown([name])} holds {column.type}, which is no text; export it as text", file=source.name
        ) from None


def trimmed(column: str) -> str:
    """SQL for a text without blanks and tabs around it, null where nothing is left."""
    edge = " or ".join(
        f"{test}({column}, {blank})" for test in ("starts_with", "ends_with") for blank in ("' '", "chr(9)")
    )
    inner = f"nullif(trim({column}, ' ' || chr(9)), '')"
    return f"case when {column} = '' then null when {edge} then {inner} else {column} end"


def _insert(con: duckdb.DuckDBPyConnection, table: pa.Table, source: SourceFile, context: Context) -> None:
    texts = {n: _text(table, n, source) for n in ("app_id", "biz_no", "site", "access_way", "error_code", "da_id")}
    stamp = table["requested_at"]
    is_time = pa.types.is_timestamp(stamp.type)
    stamp = stamp if is_time else _text(table, "requested_at", source)
    when = plausible("epoch_ms(requested_at::timestamptz)") if is_time else moment("requested_at")
    raw = pa.table({**texts, "number": table[_LINE], "requested_at": stamp})
    subjects, states, key_ids = _subjects(
        con, raw, when, _text(table, "id_no", source), _text(table, "id_no_enc", source), context
    )
    raw = raw.append_column("subject", subjects).append_column("subject_state", states)
    raw = raw.append_column("subject_key", key_ids)
    con.register("raw_requests", pa.Table.from_batches(raw.combine_chunks().to_batches(_SCAN), raw.schema))
    con.execute(
        f"""insert into requests select {source.file_id}::bigint << 40 | number, {trimmed("da_id")},
        {trimmed("app_id")}, nullif(biz_no, ''), {trimmed("site")}, access_way,
        {whole("error_code")}, subject, subject_state, subject_key, {when}, {source.file_id}, number
        from raw_requests"""
    )
    _note_times(con, is_time, stamp, context)
    con.unregister("raw_requests")
    extras = [n for n in table.column_names if n.strip() and n not in (*COLUMNS, *ID_COLUMNS, _LINE)]
    if extras:
        _keep_extras(con, table, extras, source)


def _keep_extras(con: duckdb.DuckDBPyConnection, table: pa.Table, extras: list[str], source: SourceFile) -> None:
    """Columns of the user's own, for `Workspace.requests`; what is personal by name or by form is kept masked."""
    kept = table.select([_LINE])
    for name in extras:
        column = _text(table, name, source)
        if name.strip().lower() in PERSONAL_COLUMNS:
            column = pa.chunked_array([pa.array([mask_column(name, v) for v in column.to_pylist()], pa.string())])
        elif pc.any(pc.match_substring_regex(column, _MAY_BE_PERSONAL)).as_py():
            masked = [v if v is None else scrub(v, len(v) + 1) for v in column.to_pylist()]
            column = pa.chunked_array([pa.array(masked, pa.string())])
        kept = kept.append_column(name, column)
    con.register("raw_extras", kept)
    pairs = ", ".join(f"'{_quoted(n)}', \"{n.replace(chr(34), chr(34) * 2)}\"" for n in extras)
    con.execute(
        f'insert into request_extras select {source.file_id}, "{_LINE}", json_object({pairs})::varchar from raw_extras'
    )
    con.unregister("raw_extras")


def _quoted(text: str) -> str:
    return text.replace("'", "''")


def _note_times(con: duckdb.DuckDBPyConnection, is_time: bool, stamp: pa.ChunkedArray, context: Context) -> None:
    """Count times without an offset, and times that could not be read."""
    if is_time:
        context.notes["naive_time"] += len(stamp) - stamp.null_count if stamp.type.tz is None else 0
        return
    ((naive, unread),) = con.execute(
        f"""select count(*) filter (ms is not null and not regexp_matches(requested_at, '{HAS_OFFSET}')),
        count(*) filter (ms is null and trim(requested_at) <> '')
        from (select requested_at, {moment("requested_at")} as ms from raw_requests)"""
    ).fetchall()
    context.notes["naive_time"] += naive
    context.notes["unread_time"] += unread


def _subjects(
    con: duckdb.DuckDBPyConnection,
    raw: pa.Table,
    when: str,
    clear: pa.ChunkedArray,
    cipher: pa.ChunkedArray,
    context: Context,
) -> tuple[pa.Array, pa.Array, pa.Array]:
    """Pseudonyms of the people, how each was read, and by which key."""
    key_ids = pa.nulls(len(raw), pa.string())
    if cipher.null_count == len(cipher) and clear.null_count == 0 and not pc.any(pc.equal(clear, "")).as_py():
        column = clear.combine_chunks()
        return context.pseudonyms.numbers(column), pa.repeat("clear", len(column)), key_ids
    has_clear = pc.fill_null(pc.not_equal(clear, ""), False)
    has_cipher = pc.and_not(pc.fill_null(pc.not_equal(cipher, ""), False), has_clear)
    values = pc.if_else(has_clear, clear, pa.scalar(None, pa.string()))
    if pc.any(has_cipher).as_py():
        found, key_ids = _decrypt(con, raw, when, pc.if_else(has_cipher, cipher, pa.scalar(None, pa.string())), context)
        values = pc.coalesce(values, pa.chunked_array([found]))
    states = pc.case_when(
        pc.make_struct(has_clear, pc.and_(has_cipher, pc.is_valid(values)), has_cipher),
        "clear",
        "decrypted",
        "unreadable",
        "missing",
    )
    return context.pseudonyms.numbers(values.combine_chunks()), states, key_ids


def _decrypt(
    con: duckdb.DuckDBPyConnection, raw: pa.Table, when: str, cipher: pa.ChunkedArray, context: Context
) -> tuple[pa.Array, pa.Array]:
    """Clear ids and the key that read each, by the keys of each app; the ids stay in memory and reach no table."""
    con.register("raw_moments", raw.select(["requested_at", "da_id", "app_id"]))
    read = con.sql(
        f"select {when} as ms, {trimmed('da_id')} as op_id, {trimmed('app_id')} as app_id from raw_moments"
    ).to_arrow_table()
    con.unregister("raw_moments")
    texts = cipher.to_pylist()
    moments = read["ms"].to_pylist()
    for i in np.flatnonzero(pc.is_null(read["ms"]).to_numpy()):
        op_id = read["op_id"][i].as_py()
        made = context.books.ids.time(op_id) if op_id else None
        moments[i] = None if made is None else round(made.timestamp() * 1000)
    apps = read["app_id"].combine_chunks().dictionary_encode()
    codes = apps.indices.fill_null(-1).to_numpy()
    clear: list[str | None] = [None] * len(texts)
    key_ids: list[str | None] = [None] * len(texts)
    for code, app_id in enumerate(apps.dictionary.to_pylist()):
        ring = context.keyrings.get(app_id)
        if not ring:
            continue
        rows = np.flatnonzero(codes == code)
        read = ring.decrypt([texts[i] for i in rows], [moments[i] for i in rows])
        for i, text, key_id in zip(rows, read.texts, read.key_ids, strict=True):
            clear[i], key_ids[i] = text or None, key_id
    return pa.array(clear, pa.string()), pa.array(key_ids, pa.string())
