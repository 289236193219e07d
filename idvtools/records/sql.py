"""Notifications out of a live table, through SQLAlchemy."""

from __future__ import annotations

import json
import re
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus
from zoneinfo import available_timezones

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from idvtools import vendors
from idvtools.errors import InputError, RecordsError
from idvtools.privacy import scrub
from idvtools.records.cache import quoted
from idvtools.records.csvlog import Row, body_of_row, table_of_rows
from idvtools.records.deliveries import prepare, tidy
from idvtools.records.encodings import decode_line
from idvtools.records.finding import NOTHING
from idvtools.records.notifications import SCHEMA, NotificationReader
from idvtools.records.rejects import Reject, Rejects
from idvtools.vendors.base import Keys, open_keys

if TYPE_CHECKING:
    import pandas as pd


def from_sql(
    url: str,
    query: str,
    *,
    keys: Mapping[str, Keys] | None = None,
    timezone: str = "Asia/Shanghai",
    parameters: Mapping[str, object] | None = None,
    chunk_rows: int = 50_000,
    rejects: list[Reject] | None = None,
) -> pd.DataFrame:
    """Notifications that a back end keeps in a database table.

    The body is the column with a message in it, whatever its name; the time is the column called ``received_at``,
    ``create_time`` or the like; headers are a column ``headers`` with JSON, or columns called like the headers
    (``decshash``). Rows are fetched and checked in chunks, so the table may be larger than memory; the DataFrame has
    only what is known of each notification, not its body.

    Parameters
    ----------
    url : str
        SQLAlchemy URL, for example ``sqlite:///app.db``, ``duckdb:///app.duckdb``, ``postgresql+psycopg://…``. It is
        shown nowhere: it may hold a password.
    query : str
        A ``select``; ``:name`` stands for a parameter.
    keys : mapping, optional
        Keys by the vendor's name (`Workspace.keys`); without them signatures stay unchecked.
    timezone : str
        IANA zone of times without an offset.
    parameters : mapping, optional
        Values of the query's parameters.
    chunk_rows : int
        Rows fetched at once.
    rejects : list, optional
        Gets the rows in which no notification was found; a row's number, from 1, is its line. Not given: a warning
        tells how many there were, and which was the first.

    Returns
    -------
    DataFrame
        Columns as `Workspace.callbacks` has them; `file` is ``sql``, `line` the number of the row.

    Raises
    ------
    InputError
        SQLAlchemy, or what it needs for this kind of database, is not installed.
    RecordsError
        The database refuses.

    Warns
    -----
    UserWarning
        Rows hold no notification, and `rejects` is not given. What stands in them is not shown.

    Examples
    --------
    >>> frame = from_sql("sqlite://", "select '2026-10-01T08:00:00+08:00' as received_at, '{\\"data\\": {\\"daId\\": "
    ...     "\\"zd1uahd81589468946623610880\\", \\"daStatus\\": 10}}' as body")
    >>> frame[["op_id", "status", "check"]].values.tolist()
    [['zd1uahd81589468946623610880', 10, 'unchecked']]
    """
    senders = [v for v in map(vendors.get, vendors.names()) if v.callbacks]
    opened = {s.name: (keys or {}).get(s.name) or open_keys(s.settings(), s.name) for s in senders}
    if chunk_rows < 1:
        raise InputError("chunk_rows must be 1 or more")
    if timezone not in available_timezones():
        raise InputError("timezone is no IANA zone, such as Asia/Shanghai")
    if not _READS.match(query) or _is_several(query):
        raise InputError("the query must be a select: nothing else is run on your database")
    found = Rejects()
    with tempfile.TemporaryDirectory(prefix="idvtools-") as scratch, duckdb.connect() as con:
        con.execute(f"set timezone = '{timezone}'")
        reader = NotificationReader(con, senders, opened, found)
        path = Path(scratch) / "deliveries.parquet"
        with pq.ParquetWriter(path, SCHEMA) as writer:
            number = 0
            for names, rows in _chunks(url, query, parameters or {}, chunk_rows):
                writer.write_table(_read(reader, names, rows, number, found))
                number += len(rows)
        found.items.sort(key=lambda reject: reject.line)
        if rejects is not None:
            rejects += found.items
        elif found.items:
            first = found.items[0]
            warnings.warn(
                f"{len(found.items)} of {number} rows hold no notification, the first is row {first.line}: "
                f"{first.reason}; pass a list as rejects to get them all",
                stacklevel=2,
            )
        con.execute(f"create view deliveries as select *, 0 as file_id from read_parquet({quoted(path)})")
        prepare(con, senders)
        return tidy(con, ["sql"])


def _read(
    reader: NotificationReader, names: list[str], rows: Sequence[Sequence[Any]], number: int, found: Rejects
) -> pa.Table:
    bodies: list[Row] = []
    for place, row in enumerate(rows, number + 1):
        cells = [_text(value) for value in row]
        if (body := body_of_row(place, cells, names, " ".join(cells), reader.finder)) is not None:
            bodies.append(body)
        else:
            found.add("sql", place, NOTHING)
    return reader.bodies(table_of_rows(bodies), "sql")


#: A query that reads, comments in front of it left aside.
_READS = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/|\()*(?:select|with|values|table|from)\b", re.IGNORECASE | re.DOTALL)


def _is_several(query: str) -> bool:
    """Whether there is more behind a semicolon: some drivers would run that as well."""
    from sqlglot import TokenType, tokenize  # noqa: PLC0415
    from sqlglot.errors import SqlglotError  # noqa: PLC0415

    try:
        kinds = [token.token_type for token in tokenize(query, dialect="postgres")]
    except SqlglotError:
        return ";" in query
    while kinds and kinds[-1] == TokenType.SEMICOLON:
        kinds.pop()
    return TokenType.SEMICOLON in kinds


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return decode_line(bytes(value))[0] or ""
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return value.isoformat() if isinstance(value, date) else str(value)


def _chunks(
    url: str, query: str, parameters: Mapping[str, object], size: int
) -> Iterator[tuple[list[str], Sequence[Sequence[Any]]]]:
    try:
        import sqlalchemy as sa  # noqa: PLC0415  an optional package
        from sqlalchemy import exc  # noqa: PLC0415
    except ImportError:
        raise InputError("reading a database needs SQLAlchemy: pip install 'idvtools[sql]'") from None
    why, driver, secret = "", False, _password(url, sa)
    try:
        engine = sa.create_engine(url)
        try:
            with engine.connect() as connection:
                streaming = connection.execution_options(stream_results=True, yield_per=size)
                result = streaming.execute(sa.text(query), dict(parameters))
                names = [str(name).strip().lower() for name in tuple(result.keys())]
                for part in result.partitions(size):
                    yield names, part
        finally:
            engine.dispose()
    except (ImportError, exc.NoSuchModuleError):
        driver = True
    except exc.StatementError as error:  # DBAPIError is one
        why = _told(error.orig or type(error).__name__, secret)
    except (exc.SQLAlchemyError, ValueError, TypeError) as error:
        why = type(error).__name__
    # raised out here: SQLAlchemy's errors hold the URL and the parameters
    if driver:
        raise InputError("the package for this kind of database is not installed (see SQLAlchemy's list of dialects)")
    if why:
        raise RecordsError(f"the database refuses: {why}", file="sql")


def _password(url: str, sa: Any) -> str:
    """The password in a URL.

    Raises
    ------
    InputError
        It is no URL of SQLAlchemy's.
    """
    try:
        return str(sa.make_url(url).password or "")
    except (sa.exc.ArgumentError, ValueError):
        pass  # raised out here: the error holds the URL
    raise InputError("this is no SQLAlchemy URL, such as sqlite:///app.db")


def _told(error: object, secret: str) -> str:
    """What a driver says, without the password in any spelling."""
    text = " ".join(str(error).split())
    for form in {secret, quote(secret, safe=""), quote_plus(secret)} - {""}:
        text = text.replace(form, "***")
    return scrub(text, 200)
