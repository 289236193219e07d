"""Notifications out of a live table: `records.from_sql` and `Workspace.read_sql`."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import sys
import traceback
import uuid
import warnings
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
import sqlalchemy as sa
from callback_room import (
    FIRST,
    ONENET_AT,
    SECOND,
    SECRETS,
    WEBANK_AT,
    A,
    B,
    C,
    G,
    Room,
    X,
    at,
    forged,
    push,
    reverse,
    unsigned,
)
from front_door import PEOPLE, envelope

import idvtools as idv
from idvtools.errors import IdvError, InputError, RecordsError
from idvtools.records import from_sql
from idvtools.records.rejects import Reject

ALL = "select received_at, headers, body from inbox order by id"
PASSWORD = "pa55-w0rd-0f-the-db"

ITEMS = [item for item, told in FIRST + SECOND if told]


@pytest.fixture(params=["sqlite", "duckdb"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"{request.param}:///{tmp_path / 'app.db'}"


def load(url: str, columns: str, rows: Sequence[Sequence[Any]]) -> str:
    """Make a table ``inbox`` and give the URL back."""
    kind, _, path = url.partition(":///")
    names = [c.split()[0] for c in columns.split(",")]
    marks = ", ".join("?" * len(names))
    con: Any = sqlite3.connect(path) if kind == "sqlite" else duckdb.connect(path)
    con.execute(f"create table inbox ({columns})")
    if rows:
        con.executemany(f"insert into inbox values ({marks})", [tuple(r) for r in rows])
    if kind == "sqlite":
        con.commit()
    con.close()
    return url


def as_row(number: int, item: Any) -> tuple[int, str | None, str | None, str]:
    if isinstance(item, str):
        return number, None, None, item
    return number, item["received_at"], json.dumps(item["headers"]), item["body"]


def inbox(url: str, items: Sequence[Any] = ITEMS) -> str:
    columns = "id integer, received_at varchar, headers varchar, body varchar"
    return load(url, columns, [as_row(i, item) for i, item in enumerate(items, 1)])


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Room:
    return Room(tmp_path_factory.mktemp("room") / "ws").make()


@pytest.fixture(scope="module")
def ws(room: Room) -> idv.Workspace:
    return idv.Workspace(room.folder, cache=False)


def utc(when: datetime) -> pd.Timestamp:
    return pd.Timestamp(when).tz_convert("UTC")


# ---- the same as a log


def test_a_table_says_what_the_log_says(url: str, ws: idv.Workspace) -> None:
    frame = ws.read_sql(inbox(url), ALL)
    table = ws.callbacks()
    pd.testing.assert_frame_equal(frame.drop(columns=["file", "line"]), table.drop(columns=["file", "line"]))
    assert frame.columns.tolist() == table.columns.tolist()
    assert set(frame["file"]) == {"sql"}
    assert frame["line"].tolist() == list(range(1, len(ITEMS) + 1))
    assert frame["line"].dtype == pd.Int64Dtype()


@pytest.mark.parametrize("chunk_rows", [1, 2, 7, 22, 23, 1000])
def test_chunks_do_not_matter(url: str, ws: idv.Workspace, chunk_rows: int) -> None:
    inbox(url)
    pd.testing.assert_frame_equal(ws.read_sql(url, ALL, chunk_rows=chunk_rows), ws.read_sql(url, ALL))


def test_vendors_of_a_table(url: str, ws: idv.Workspace) -> None:
    items = [push("B1", 0, ONENET_AT), push("B1", 0, ONENET_AT + timedelta(seconds=3)), reverse("auth", "1", WEBANK_AT)]
    items.append(reverse("auth", "2", WEBANK_AT, salt="another-salt"))
    frame = ws.read_sql(inbox(url, items), ALL)
    assert frame["vendor"].tolist() == ["onenet", "onenet", "webank", "webank"]
    assert frame["op_id"].tolist() == ["B1", "B1", "W001", "W001"]
    assert frame["retry"].tolist() == [0, 1, 0, 0]
    assert frame["check"].tolist() == ["unchecked", "unchecked", "ok", "failed"]


def test_without_keys_nothing_is_checked(url: str) -> None:
    frame = from_sql(inbox(url), ALL)
    assert set(frame["check"]) == {"unchecked"}
    assert set(frame["trust"]) == {"unchecked"}
    assert len(frame) == len(ITEMS)


def test_keys_may_be_given_by_vendor(url: str, ws: idv.Workspace) -> None:
    frame = from_sql(inbox(url), ALL, keys={"dec": ws.keys("dec")})
    assert frame["check"].value_counts().to_dict() == {"ok": 8, "hash_only": 1, "failed": 2, "unchecked": 11}


def test_an_empty_table(url: str, ws: idv.Workspace) -> None:
    frame = ws.read_sql(inbox(url, []), ALL)
    assert frame.empty
    assert frame.dtypes.astype(str).to_dict() == ws.callbacks().dtypes.astype(str).to_dict()


def test_nobody_of_the_table_is_in_the_frame(url: str, ws: idv.Workspace) -> None:
    text = ws.read_sql(inbox(url), ALL).to_csv()
    assert A.op_id in text
    assert not [s for s in SECRETS if s in text]


# ---- forms of columns


def test_headers_in_columns_of_their_own(url: str, ws: idv.Workspace) -> None:
    items = [envelope(A.body(), at(A, 1)), unsigned(envelope(B.body(), at(B, 1))), forged(envelope(C.body(), at(C, 1)))]
    rows = [(i["body"], i["headers"]["DECSHASH"], i["headers"].get("DECSSIGN"), i["received_at"]) for i in items]
    load(url, "payload varchar, decshash varchar, decssign varchar, create_time varchar", rows)
    frame = ws.read_sql(url, "select * from inbox")
    assert frame["check"].tolist() == ["ok", "hash_only", "failed"]
    assert frame["received_at"].tolist() == [utc(at(op, 1)) for op in (A, B, C)]
    renamed = "select payload as BODY, decshash as DECSHASH, decssign as http_decssign, create_time from inbox"
    assert ws.read_sql(url, renamed)["check"].tolist() == ["ok", "hash_only", "failed"]


def test_headers_as_lists_and_in_any_case(url: str, ws: idv.Workspace) -> None:
    item = envelope(A.body(), at(A, 1))
    mark, sign = item["headers"].values()
    forms = [{"DecsHash": [mark], "DecsSign": [sign]}, {"decshash": mark, "decssign": sign, "host": "h"}]
    frame = ws.read_sql(inbox(url, [item | {"headers": form} for form in forms]), ALL)
    assert frame["check"].tolist() == ["ok", "ok"]


def test_a_json_column_of_duckdb(tmp_path: Path, ws: idv.Workspace) -> None:
    item = envelope(A.body(), at(A, 1))
    url = f"duckdb:///{tmp_path / 'j.db'}"
    load(url, "headers json, body json", [(json.dumps(item["headers"]), item["body"])])
    assert ws.read_sql(url, "select headers, body from inbox")["check"].tolist() == ["ok"]


def test_a_struct_column_of_duckdb(tmp_path: Path) -> None:
    """What the driver gives as a dict is read as the object that it is."""
    url = load(f"duckdb:///{tmp_path / 'j.db'}", "id integer", [(1,)])
    query = f"select {{'data': {{'daId': '{A.op_id}', 'daStatus': 10}}}} as body from inbox"
    assert from_sql(url, query)[["op_id", "status"]].values.tolist() == [[A.op_id, 10]]


def test_bodies_as_bytes(url: str, ws: idv.Workspace) -> None:
    item = envelope(A.body(bizNo="业务编号"), at(A, 1))
    old = envelope(B.body(bizNo="业务编号零零一"), at(B, 1))
    rows = [
        (1, item["received_at"], json.dumps(item["headers"]).encode(), item["body"].encode()),
        (2, old["received_at"], json.dumps(old["headers"]).encode(), old["body"].encode("gb18030")),
    ]
    load(url, "id integer, received_at varchar, headers blob, body blob", rows)
    frame = ws.read_sql(url, ALL)
    assert frame["check"].tolist() == ["ok", "ok"]
    assert frame["biz_no"].tolist() == ["业务编号", "业务编号零零一"]


def test_bytes_that_are_no_text_are_a_reject(url: str) -> None:
    load(url, "id integer, body blob", [(1, b"\xff\xfe\xfa" + A.body().encode()[:9] + b"\x80"), (2, A.body().encode())])
    rejects: list[Reject] = []
    frame = from_sql(url, "select body from inbox order by id", rejects=rejects)
    assert frame["line"].tolist() == [2]
    assert [r.line for r in rejects] == [1]


def test_times_naive_aware_and_as_numbers(tmp_path: Path) -> None:
    moment = datetime(2026, 10, 5, 1, 0, 0, 250_000, tzinfo=UTC)
    query = (
        "select 1 as n, timestamp '2026-10-05 09:00:00.250' as received_at, body from inbox union all "
        "select 2, timestamp '2026-10-05 01:00:00.250', body from inbox order by n"
    )
    url = load(f"duckdb:///{tmp_path / 't.db'}", "body varchar", [(A.body(),)])
    assert from_sql(url, query)["received_at"].tolist() == [utc(moment), utc(moment - timedelta(hours=8))]
    zoned = from_sql(url, query, timezone="UTC")["received_at"].tolist()
    assert zoned == [utc(moment + timedelta(hours=8)), utc(moment)]
    for form in ("1791162000250", "1791162000250::double", "'2026-10-05T01:00:00.250Z'", "'2026/10/05 09:00:00.25'"):
        found = from_sql(url, f"select ({form}) as received_at, body from inbox".replace("::double", ""))
        assert found["received_at"].tolist() == [utc(moment)], form


def test_times_with_a_zone_of_duckdb(tmp_path: Path) -> None:
    pytest.importorskip("pytz", reason="duckdb gives a timestamptz only where pytz is installed")
    url = load(f"duckdb:///{tmp_path / 't.db'}", "body varchar", [(A.body(),)])
    found = from_sql(url, "select timestamptz '2026-10-05 09:00:00+08' as received_at, body from inbox")
    assert found["received_at"].tolist() == [utc(A.when)]


def test_aware_times_out_of_sqlalchemy(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the drivers of Postgres and MySQL give them: datetime objects, with and without a zone, and dicts of JSON."""
    from idvtools.records import sql  # noqa: PLC0415

    aware = A.when.astimezone(UTC)
    rows = [
        (aware, json.loads(A.body())),
        (A.when.replace(tzinfo=None), B.body()),
        (None, memoryview(G.body().encode())),
    ]
    monkeypatch.setattr(sql, "_chunks", lambda *_: iter([(["received_at", "body"], rows)]))
    frame = from_sql(url, "select 1")
    assert frame["received_at"].tolist()[:2] == [utc(A.when)] * 2
    assert pd.isna(frame["received_at"].iloc[2])
    assert frame["op_id"].tolist() == [A.op_id, B.op_id, G.op_id]


def test_nulls(url: str, ws: idv.Workspace) -> None:
    rows = [(1, None, None, A.body()), (2, None, None, None), (3, "", "", A.body()), (4, "soon", "{", A.body())]
    load(url, "id integer, received_at varchar, headers varchar, body varchar", rows)
    rejects: list[Reject] = []
    frame = ws.read_sql(url, ALL, rejects=rejects)
    assert frame["line"].tolist() == [1, 3, 4]
    assert frame["received_at"].isna().all()
    assert frame["check"].tolist() == ["unchecked"] * 3
    assert [(r.file, r.line) for r in rejects] == [("sql", 2)]


# ---- parameters and rejects


def test_parameters_are_bound_and_not_pasted(url: str, ws: idv.Workspace) -> None:
    inbox(url)
    query = "select received_at, headers, body from inbox where body like :part and id >= :first order by id"
    assert ws.read_sql(url, query, parameters={"part": f"%{A.op_id}%", "first": 2})["op_id"].tolist() == [A.op_id] * 2
    assert ws.read_sql(url, query, parameters={"part": "x' or '1'='1", "first": 0}).empty


def test_rows_without_a_notification_are_a_warning_or_a_list(url: str) -> None:
    id_no, name = PEOPLE[0]
    items: list[Any] = [
        A.body(),
        f"{name} {id_no}",
        B.body(),
        f'{{"data": {{"daId": "{id_no}',
        C.body(),
        "",
        '{"a": 1}',
    ]
    inbox(url, items)
    for chunk_rows in (1, 2, 50):
        with pytest.warns(UserWarning, match="4 of 7 rows hold no notification, the first is row 2:") as warned:
            told = from_sql(url, ALL, chunk_rows=chunk_rows)
        assert told["line"].tolist() == [1, 3, 5]
        assert [w.filename for w in warned] == [__file__]
        assert not [w for w in warned if name in str(w.message) or id_no in str(w.message)]
        rejects: list[Reject] = []
        frame = from_sql(url, ALL, rejects=rejects, chunk_rows=chunk_rows)
        assert frame["line"].tolist() == [1, 3, 5]
        assert [r.line for r in rejects] == [2, 4, 6, 7]
        assert {r.file for r in rejects} == {"sql"}
        assert not [r for r in rejects if name in r.reason or id_no in r.reason]


def test_the_first_bad_row_is_the_first(url: str) -> None:
    inbox(url, ['{"data": {"daId": "zd1', "nothing", A.body()])
    with pytest.warns(UserWarning, match="the first is row 1"):
        from_sql(url, ALL)
    rejects: list[Reject] = []
    from_sql(url, ALL, rejects=rejects)
    assert [r.line for r in rejects] == [1, 2]


def test_a_list_of_rejects_keeps_what_it_had(url: str) -> None:
    rejects = [Reject("mine", 1, "before")]
    from_sql(inbox(url, ["x", A.body()]), ALL, rejects=rejects)
    assert [r.file for r in rejects] == ["mine", "sql"]


@pytest.mark.parametrize(
    "query",
    [
        "delete from inbox",
        "drop table inbox",
        "insert into inbox (id) values (99)",
        "select 1; commit; drop table inbox",
    ],
)
def test_a_query_changes_nothing(url: str, query: str) -> None:
    inbox(url)
    with contextlib.suppress(IdvError):
        assert from_sql(url, query).empty
    assert len(from_sql(url, ALL)) == len(ITEMS)


# ---- what goes wrong


def said(error: BaseException) -> str:
    """All that a notebook would show of an error."""
    return "".join(traceback.format_exception(error)) + repr(error)


@pytest.mark.parametrize(
    "bad",
    ["", "nothing", "http://host/db", f"mysterysql://u:{PASSWORD}@h/db", f"postgresql://u:{PASSWORD}@h:port/db",
     f"postgresql+nodriver://u:{PASSWORD}@h/db", f"u:{PASSWORD}@h/db"],
)  # fmt: skip
def test_a_bad_url_is_an_input_error_that_does_not_show_it(bad: str) -> None:
    with pytest.raises(InputError) as raised:
        from_sql(bad, ALL)
    assert PASSWORD not in said(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("bad", ["", "nothing", f"u:{PASSWORD}@h/db"])
def test_a_bad_url_is_called_so(bad: str) -> None:
    with pytest.raises(InputError, match="URL"):
        from_sql(bad, ALL)


@pytest.mark.parametrize("option", ["foo=bar", "timeout=soon"])
def test_an_option_that_the_driver_does_not_know(tmp_path: Path, option: str) -> None:
    shown = ""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            from_sql(f"sqlite:///{tmp_path / 'x.db'}?{option}&password={PASSWORD}", "select 1")
        except InputError as error:
            shown = said(error)
    assert shown or warned
    assert not [text for text in [shown, *(str(w.message) for w in warned)] if PASSWORD in text]


def test_a_missing_driver_says_what_to_do() -> None:
    pytest.importorskip("sqlalchemy")
    with pytest.raises(InputError, match="not installed") as raised:
        from_sql(f"oracle+cx_oracle://u:{PASSWORD}@127.0.0.1/db", "select 1")
    assert PASSWORD not in said(raised.value)


def test_without_sqlalchemy_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(InputError, match=r"idvtools\[sql\]"):
        from_sql(f"sqlite:///{PASSWORD}", "select 1")


@pytest.mark.parametrize("bad", ["selekt 1", "select body from nowhere", "select 1; selekt 2", ""])
def test_bad_sql_is_one_line_with_the_databases_own_words(url: str, bad: str) -> None:
    inbox(url)
    with pytest.raises(InputError) as raised:
        from_sql(url, bad)
    assert len(str(raised.value).splitlines()) == 1
    if "nowhere" in bad:
        assert "nowhere" in str(raised.value)


def test_a_missing_parameter_is_named(url: str) -> None:
    with pytest.raises(InputError, match="first"):
        from_sql(inbox(url), "select body from inbox where id = :first")


def test_a_database_that_is_not_there(tmp_path: Path) -> None:
    for kind in ("sqlite", "duckdb"):
        with pytest.raises(RecordsError, match="the database refuses"):
            from_sql(f"{kind}:///{tmp_path / 'no/such/folder/x.db'}", "select 1")


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"this is no database at all, but long enough to be read as a page" * 100)
    for kind in ("sqlite", "duckdb"):
        with pytest.raises(RecordsError, match="the database refuses"):
            from_sql(f"{kind}:///{tmp_path / 'x.db'}", "select body from inbox")


@pytest.mark.parametrize(
    "words",
    ["connection to postgresql://bob:{0}@db/app failed", "password={0} is wrong", "no login for bob:{0}@10.0.0.1",
     "('bob', '{0}')", "auth failed for bob using {0}"],
)  # fmt: skip
def test_the_password_of_the_url_is_never_shown(monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    """Whatever the driver says of a login that failed."""

    class Engine:
        def connect(self) -> None:
            raise sa.exc.OperationalError("select 1", {"p": PASSWORD}, Exception(words.format(PASSWORD)))

        def dispose(self) -> None:
            pass

    monkeypatch.setattr(sa, "create_engine", lambda *_, **__: Engine())
    with pytest.raises(RecordsError, match="the database refuses") as raised:
        from_sql(f"postgresql://bob:{PASSWORD}@db/app", "select 1")
    assert PASSWORD not in said(raised.value)
    assert raised.value.__context__ is None


def test_a_password_with_escapes_is_not_shown_in_clear_either(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise sa.exc.OperationalError("", {}, Exception("no login with s3cr3t/w@rd today"))

    monkeypatch.setattr(sa, "create_engine", refuse)
    with pytest.raises(RecordsError) as raised:
        from_sql("postgresql://bob:s3cr3t%2Fw%40rd@db/app", "select 1")
    assert "s3cr3t/w@rd" not in said(raised.value)


def test_an_error_of_the_database_holds_nobody(tmp_path: Path) -> None:
    id_no, name = PEOPLE[0]
    url = load(f"duckdb:///{tmp_path / 'x.db'}", "v varchar", [(id_no + name,)])
    with pytest.raises(RecordsError) as raised:
        from_sql(url, "select cast(v as integer) as body from inbox")
    assert id_no not in said(raised.value)
    assert id_no[:17] not in said(raised.value)


@pytest.mark.parametrize("chunk_rows", [0, -1])
def test_a_chunk_of_no_rows_loses_nothing(url: str, chunk_rows: int) -> None:
    inbox(url)
    with contextlib.suppress(InputError):
        assert len(from_sql(url, ALL, chunk_rows=chunk_rows)) == len(ITEMS)


@pytest.mark.parametrize("zone", ["Mars/Base", "", "UTC'; drop table x; --"])
def test_a_zone_that_is_none(url: str, zone: str) -> None:
    with pytest.raises(InputError):
        from_sql(inbox(url), ALL, timezone=zone)


def test_an_error_half_way_is_an_error(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a frame of what came before."""
    inbox(url)
    first = sa.engine.Result.partitions

    def breaking(self: Any, size: int | None = None) -> Any:
        yield next(iter(first(self, size)))
        raise sa.exc.OperationalError("", {}, Exception("server closed the connection"))

    monkeypatch.setattr(sa.engine.Result, "partitions", breaking)
    monkeypatch.setattr(sa.engine.CursorResult, "partitions", breaking, raising=False)
    with pytest.raises(RecordsError, match="server closed the connection"):
        from_sql(url, ALL, chunk_rows=3)


def test_the_connection_is_given_back(url: str) -> None:
    inbox(url)
    from_sql(url, ALL)
    with pytest.raises(IdvError):
        from_sql(url, "select * from nowhere")
    con: Any = sqlite3.connect(url.partition(":///")[2]) if url.startswith("sqlite") else duckdb.connect(url[10:])
    con.execute("create table free (x integer)")
    con.close()


def test_read_sql_uses_the_zone_and_keys_of_the_workspace(tmp_path: Path) -> None:
    made = Room(tmp_path / "ws").make()
    made.change("idvtools.toml", '"Asia/Shanghai"', '"UTC"')
    item = envelope(A.body()) | {"received_at": "2026-10-05 01:00:00"}
    url = inbox(f"sqlite:///{tmp_path / 'x.db'}", [item])
    frame = idv.Workspace(made.folder).read_sql(url, ALL)
    assert frame["received_at"].tolist() == [utc(A.when)]
    assert frame["check"].tolist() == ["ok"]
    assert not (made.folder / ".idvtools").exists()


# ---- Postgres, where one is running


POSTGRES = os.environ.get("IDVTOOLS_TEST_POSTGRES", "")


@pytest.mark.skipif(not POSTGRES, reason="set IDVTOOLS_TEST_POSTGRES to the URL of a Postgres that may be written to")
def test_postgres_says_what_the_log_says(ws: idv.Workspace) -> None:
    name = f"idvtools_{uuid.uuid4().hex[:12]}"
    engine = sa.create_engine(POSTGRES)
    kinds = "id integer, received_at timestamptz, headers jsonb, body text"
    insert = f"insert into {name} values (:id, :at, cast(:headers as jsonb), :body)"
    with engine.begin() as con:
        con.execute(sa.text(f"create table {name} ({kinds})"))
        for i, item in enumerate(ITEMS, 1):
            number, when, headers, body = as_row(i, item)
            con.execute(sa.text(insert), {"id": number, "at": when, "headers": headers, "body": body})
    try:
        query = f"select received_at, headers, body from {name} where id > :after order by id"
        frame = ws.read_sql(POSTGRES, query, parameters={"after": 0}, chunk_rows=5)
        drop = ["file", "line"]
        pd.testing.assert_frame_equal(frame.drop(columns=drop), ws.callbacks().drop(columns=drop))
    finally:
        with engine.begin() as con:
            con.execute(sa.text(f"drop table {name}"))
        engine.dispose()


@pytest.mark.skipif(not POSTGRES, reason="set IDVTOOLS_TEST_POSTGRES to the URL of a Postgres that may be written to")
def test_postgres_does_not_show_a_wrong_password() -> None:
    wrong = sa.make_url(POSTGRES).set(password=PASSWORD).render_as_string(hide_password=False)
    with pytest.raises(RecordsError) as raised:
        from_sql(wrong, "select body from a_table_that_is_not_there")
    assert PASSWORD not in said(raised.value)


def test_x_is_a_stranger_here_too(url: str, ws: idv.Workspace) -> None:
    """A table tells no strangers: it has the notification like any other."""
    assert ws.read_sql(inbox(url, [envelope(X.body(), at(X, 1))]), ALL)["op_id"].tolist() == [X.op_id]
