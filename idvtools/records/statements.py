"""The vendor's daily statements (日对账单)."""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Mapping
from datetime import date

import duckdb
import pyarrow as pa

from idvtools.errors import Problem, RecordsError
from idvtools.ledger.rules import day_number
from idvtools.records.context import Context
from idvtools.records.csvfile import CsvTable, read_csv, shown
from idvtools.records.files import SourceFile
from idvtools.records.jsonmessages import plausible, whole
from idvtools.records.requests import refuse_spreadsheet_numbers, trimmed

TABLES = """create table statement (row_no bigint, op_id varchar, parent_op_id varchar, biz_no varchar, app_id varchar,
    site varchar, status bigint, sub_status varchar, json_result bigint, authorized_ms bigint, charge boolean,
    package boolean, created_ms bigint, file_day integer, file_id integer, line bigint,
    fault tinyint, status_unread boolean);
    create table statement_files (file_id integer, app_id varchar, file_day integer, rows bigint)"""
#: Fields that nothing is decided by: a statement without them is read all the same.
_SPARE = ("access_way", "protocol", "authorized")
#: Why a row cannot be used, by the number in its column `fault`.
_FAULTS = {1: ("op_id", "is empty"), 2: ("charge", "is neither Y nor N"), 3: ("package", "is neither Y nor N")}
_IDS = ("op_id", "biz_no", "app_id")
_VALUES = "op_id, biz_no, app_id, site, status, sub_status, json_result, charge, package"
#: Pairs of files of one app and day: how many operations they share, how many with different values.
_OVERLAPS = f"""with told as (
        select distinct op_id, coalesce(app_id, '') as app, file_day as day, file_id, hash({_VALUES}) as what
        from statement where file_day is not null),
    several as (select app, day from told group by all having count(distinct file_id) > 1),
    mine as (select told.* from told semi join several using (app, day)),
    size as (select file_id, count(distinct op_id) as n from mine group by 1)
    select a.file_id, b.file_id, count(distinct a.op_id), count(distinct a.op_id) filter (a.what <> b.what),
        least(any_value(x.n), any_value(y.n))
    from mine a join mine b on a.op_id = b.op_id and a.app = b.app and a.day = b.day and a.file_id < b.file_id
    join size x on x.file_id = a.file_id join size y on y.file_id = b.file_id
    group by 1, 2 order by 1, 2"""


def file_label(name: str, pattern: str) -> tuple[str | None, date | None]:
    """App and day that a statement's file name tells, as far as it tells them.

    Examples
    --------
    >>> file_label("交易流水对账单_de1y1kdr_20220801.csv", r"(?P<app>[0-9A-Za-z]{8})_(?P<day>20\\d{6})(?!\\d)")
    ('de1y1kdr', datetime.date(2022, 8, 1))
    """
    stem = name.rpartition("/")[2]
    match = re.search(pattern, stem)
    app = match["app"] if match else None
    days = [match["day"]] if match else re.findall(r"(?<!\d)20\d{2}-?\d{2}-?\d{2}(?!\d)", stem)
    try:
        day = date.fromisoformat(days[0].replace("-", "")) if len(days) == 1 else None
    except ValueError:
        day = None
    return app, day


def read_statements(con: duckdb.DuckDBPyConnection, sources: list[SourceFile], context: Context) -> None:
    """Read all statements into ``statement`` and ``statement_files``.

    Raises
    ------
    RecordsError
        A column is missing or renamed; ids were spoiled by a spreadsheet; two statements of one app
        and day say different things about one operation. All files are looked at first.
    """
    problems: list[Problem] = []
    groups: dict[tuple[str, ...], list[tuple[SourceFile, CsvTable]]] = defaultdict(list)
    wanted = set(context.books.statement_columns.values())
    for source in sources:
        before = len(context.rejects.items)
        try:
            file = read_csv(source, context.rejects, wanted)
            names = _columns(file.header, source, context)
            ids = tuple(names[f] for f in _IDS)
            refuse_spreadsheet_numbers(file.columns, ids, file.lines, source)
        except RecordsError as error:
            problems.extend(error.problems)
            continue
        context.count(source, len(file.columns) + len(context.rejects.items) - before)
        groups[tuple(sorted(names))].append((source, file))
    if problems:
        raise RecordsError(problems)
    con.execute(f"set timezone = '{context.vendor.zone}'")
    for fields, files in groups.items():
        _insert(con, fields, files, context)


def _columns(found: list[str], source: SourceFile, context: Context) -> Mapping[str, str]:
    """Our field -> the file's column; spare ones may be missing."""
    wanted = context.books.statement_columns
    problems = []
    for field, column in wanted.items():
        if column in found:
            continue
        if field in _SPARE:
            context.notes["statement_column_missing"] += 1
            continue
        extra = [c for c in found if c not in wanted.values()]
        near = difflib.get_close_matches(column, extra, 1, 0.5)
        hint = f"; was it renamed to {shown(near)}?" if near else ""
        problems.append(Problem(f"column {column} is missing{hint}", file=source.name, row=1))
    if problems:
        raise RecordsError(problems)
    return {f: c for f, c in wanted.items() if c in found}


def _time(column: str) -> str:
    """Epoch milliseconds or seconds, ISO 8601, or the vendor's local time; 0 and empty are none."""
    return f"""case when {column} is null or {column} = '0' then null
        when strlen({column}) < 15 and regexp_full_match({column}, '[0-9]{{9,14}}')
        then case when strlen({column}) < 12 then {column}::bigint * 1000 else {column}::bigint end
        else epoch_ms(try_cast({column} as timestamptz)) end"""


def _flag(column: str) -> str:
    """Y or N as it should be, at once; anything else trimmed and in upper case."""
    return f"case when {column} in ('Y', 'N') then {column} else upper({trimmed(column)}) end"


def _insert(
    con: duckdb.DuckDBPyConnection, fields: tuple[str, ...], files: list[tuple[SourceFile, CsvTable]], context: Context
) -> None:
    wanted = context.books.statement_columns
    tables, labels = [], []
    for source, file in files:
        app, day = file_label(source.name, context.books.statement_file)
        number = None if day is None else day_number(day)
        labels.append((source.file_id, app, number, len(file.columns)))
        table = pa.table({f: file.columns[wanted[f]] for f in fields})
        size = len(table)
        tables.append(
            table.append_column("line", file.lines)
            .append_column("file_id", pa.repeat(pa.scalar(source.file_id, pa.int32()), size))
            .append_column("file_day", pa.repeat(pa.scalar(number, pa.int32()), size))
        )
    rows = pa.concat_tables(tables)
    for spare in _SPARE:
        if spare not in rows.column_names:
            rows = rows.append_column(spare, pa.nulls(len(rows), pa.string()))
    con.executemany("insert into statement_files values (?, ?, ?, ?)", labels)
    con.register("raw_statement", pa.Table.from_batches(rows.to_batches(max_chunksize=32_768), rows.schema))
    con.execute(
        f"""insert into statement select file_id::bigint << 40 | line, id,
        case when contains(id, '-') then nullif(regexp_extract(id, '^(.+)-[0-9]+$', 1), '') end,
        {trimmed("biz_no")}, {trimmed("app_id")}, {trimmed("site")},
        {whole("status", "status_number")}, {trimmed("sub_status")},
        {whole("json_result", "result_number")}, {plausible("authorized_ms")}, charge_flag = 'Y', package_flag = 'Y',
        {plausible("created_ms")}, file_day, file_id, line,
        case when id is null then 1 when charge_flag is null or charge_flag not in ('Y', 'N') then 2
        when package_flag not in ('Y', 'N') then 3 end,
        {whole("status", "status_number")} is null and {trimmed("status")} is not null
        from (select *, {trimmed("op_id")} as id, try_cast(status as bigint) as status_number,
        try_cast(json_result as bigint) as result_number, {_time("created")} as created_ms,
        {_time("authorized")} as authorized_ms,
        {_flag("charge")} as charge_flag, {_flag("package")} as package_flag from raw_statement)"""
    )
    con.unregister("raw_statement")
    ids = ", ".join(str(s.file_id) for s, _ in files)
    ((faults, times, statuses),) = con.execute(
        f"""select count(fault), count(*) filter (created_ms is null and fault is null),
        count(*) filter (status_unread and fault is null) from statement where file_id in ({ids})"""
    ).fetchall()
    context.notes["statement_time_unread"] += times
    context.notes["statement_status_unread"] += statuses
    if not faults:
        return
    names = {s.file_id: s.name for s, _ in files}
    for file_id, line, fault in con.execute(
        "select file_id, line, fault from statement where fault is not null order by all"
    ).fetchall():
        field, what = _FAULTS[fault]
        context.rejects.add(names[file_id], line, f"{wanted[field]} {what}")
    con.execute("delete from statement where fault is not null")


def settle_statements(con: duckdb.DuckDBPyConnection, sources: list[SourceFile], context: Context) -> None:
    """Leave copies of a statement out, refuse contradicting ones.

    A file with the very rows of another one is a copy. Two files of one app and day that share more than
    half of the smaller one's operations are two tellings of one statement: they disagree, and nobody but
    the user can say which one holds. Files that share less are parts of one statement.
    """
    names = {s.file_id: s.name for s in sources}
    # Only files of equal length can be copies, only files of one day can contradict each other: a tidy month
    # has few of the first and none of the second.
    alike = con.execute(
        "select file_id from statement_files where rows > 0 qualify count(*) over (partition by rows) > 1"
    ).fetchall()
    prints = con.execute(
        f"""select file_id, count(*), sum(hash({_VALUES}, created_ms)::hugeint), bit_xor(hash({_VALUES}, created_ms, 1))
        from statement where file_id in ({", ".join(str(f) for (f,) in alike) or "-1"}) group by file_id"""
    ).fetchall()
    seen: dict[tuple[int, ...], int] = {}
    copies = []
    for file_id, *fingerprint in sorted(prints, key=lambda p: names[p[0]]):
        first = seen.setdefault(tuple(fingerprint), file_id)
        if first != file_id:
            copies.append((file_id, first))
    if copies:
        context.notes["statement_copy"] += len(copies)
        left_out = ", ".join(str(c) for c, _ in copies)
        con.execute(f"delete from statement where file_id in ({left_out})")
        con.execute(f"delete from statement_files where file_id in ({left_out})")
    problems = []
    same_day = con.execute(
        """select 1 from statement_files where file_day is not null group by file_day, app_id having count(*) > 1
        union all select 1 from statement_files where app_id is null and file_day is not null limit 1"""
    ).fetchall()
    for a, b, shared, different, smaller in con.execute(_OVERLAPS).fetchall() if same_day else ():
        if 2 * shared <= smaller:
            continue  # parts of one statement, in which the vendor repeats some rows
        if different:
            what = f"{different} of {shared} operations that stand in both have different values in them"
        else:
            what = f"{shared} operations stand in both, yet neither is a copy of the other"
        problems.append(
            Problem(
                f"disagrees with {names[b]}, of the same app and day: {what}; keep the one that holds", file=names[a]
            )
        )
    if problems:
        raise RecordsError(problems)


def coverage(
    con: duckdb.DuckDBPyConnection, zone_days: Mapping[int, list[tuple[str, int]]]
) -> set[tuple[str | None, int]]:
    """Which ``(app, day number)`` have a statement file: by the file's name, else by its content."""
    covered: set[tuple[str | None, int]] = set()
    for file_id, app, day, _ in con.execute("select * from statement_files").fetchall():
        content = zone_days.get(file_id, [])
        apps: set[str | None] = {app} if app is not None else {a for a, _ in content} or {None}
        if day is not None:
            covered |= {(a, day) for a in apps}
        else:
            covered |= {(a if app is None else app, d) for a, d in content}
    return covered
