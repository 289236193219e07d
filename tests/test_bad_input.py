"""Broken, hostile and half-missing input: what is refused, what is set aside and counted, what goes on.

Each refusal is status 2 and names the file; nothing is written. Nothing that can be read is lost on the way.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from front_door import (
    AES_TEXT,
    APP,
    HEADER,
    OPS,
    PEOPLE,
    SITE,
    Bench,
    Op,
    clock,
    csv_rows,
    da_id,
    envelope,
    lines,
    run,
    statement_name,
)

from idvtools.sandbox import generate

DAY7 = statement_name(7)
ID_NO = PEOPLE[0][0]
NEW = Op(clock(7, 8), 0, 9, biz_no="b900")
MORE = [Op(clock(7, 9, minute), 0, 20 + minute) for minute in range(40)]
EXTRA = "callbacks/x.jsonl"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "ws").make()


def statement(*rows: str) -> str:
    return lines([HEADER, *rows])


def request_row(**changes: str | None) -> dict[str, str]:
    row = {
        "requested_at": "2026-10-07T08:00:00.000+08:00",
        "app_id": APP,
        "biz_no": "b900",
        "site": SITE,
        "access_way": "h5",
        "error_code": "0",
        "da_id": NEW.op_id,
        "id_no": ID_NO,
    }
    return {k: v for k, v in {**row, **changes}.items() if v is not None}


def request_csv(*rows: dict[str, str]) -> str:
    return lines([",".join(rows[0]), *[",".join(r.values()) for r in rows]])


# ---- folders and settings


def test_no_such_workspace(tmp_path: Path) -> None:
    for name in ("nope", "n" * 300):
        result = run("reconcile", str(tmp_path / name), "--vendor", "dec", "--month", "2026-10", "--out", "o")
        assert len(result.refused().errors) == 1
    (tmp_path / "file").write_text("x")
    run("explain", str(tmp_path / "file"), "x").refused("no such folder")


def test_a_folder_without_settings(tmp_path: Path) -> None:
    run("explain", str(tmp_path), "x").refused("there is no idvtools.toml", "idvtools init")


def test_missing_folders_are_named_all_at_once(bench: Bench) -> None:
    for name in ("requests", "callbacks", "statements"):
        shutil.rmtree(bench.path(name))
    bench.write("requests", "a file is no folder")
    result = bench.reconcile().refused("requests/", "callbacks/", "statements/")
    assert len(result.errors) == 3


def test_every_problem_of_the_settings_with_its_line(bench: Bench) -> None:
    text = bench.read("idvtools.toml")
    text = text.replace('timezone = "Asia/Shanghai"', 'timezone = "Asia/Shanghay"\ncolour = "red"')
    text = text.replace("keys/app.txt", "keys/nowhere.txt").replace('{file = "keys/aes.b64"}', '{env = "IDV_NOT_SET"}')
    bench.write("idvtools.toml", text)
    result = bench.reconcile().refused("colour", "timezone", "keys/nowhere.txt", "IDV_NOT_SET")
    assert len(result.errors) == 4
    assert all(e.startswith("error: idvtools.toml:") for e in result.errors)


def test_keys_that_cannot_be_read_are_named_all_at_once(bench: Bench) -> None:
    bench.write("keys/aes.b64", "not/a+key!")
    bench.write("keys/notify.pem", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")
    result = bench.reconcile().refused("notify_public_key", "aes_keys[0].key")
    assert len(result.errors) == 2
    assert "not/a+key" not in result.stderr


def test_the_private_key_in_place_of_the_public_one_is_not_shown(bench: Bench) -> None:
    bench.write("keys/notify.pem", AES_TEXT)
    assert AES_TEXT not in bench.reconcile().refused("notify_public_key").stderr


def test_a_wrong_app_key_is_loud_and_decides_nothing(bench: Bench) -> None:
    bench.write("keys/app.txt", "Z" * 64)
    result = bench.reconcile("--check").done()  # nothing is billed or freed by notifications that do not hold
    assert "ALL 3" in result.warnings[0]
    assert "app_key" in result.warnings[0]
    assert "ALL 3" in str(result.summary["caveats"][0])
    assert result.buckets() == {"undecidable": 3}
    assert result.summary["notifications"]["failed_check"] == 3
    assert result.summary["ours"]["billable"] == 0


def test_a_wrong_aes_key_leaves_the_person_unknown(bench: Bench) -> None:
    bench.write("keys/aes.b64", "AAAAAAAAAAAAAAAAAAAAAA==")
    result = bench.reconcile().done()
    assert result.buckets()["undecidable"] == 2  # the third is ineffective, whoever it was
    assert {r["reason"] for r in result.ledger} == {"unknown_subject", "ineffective_status"}


# ---- statements


@pytest.mark.parametrize("column", ["da_id", "charge_flag", "create_time", "site", "da_status"])
def test_a_statement_without_a_column(bench: Bench, column: str) -> None:
    at = HEADER.split(",").index(column)
    rows = [",".join(c for i, c in enumerate(row.split(",")) if i != at) for row in (HEADER, NEW.statement_row())]
    bench.write(DAY7, lines(rows))
    bench.reconcile().refused(f"{DAY7}:1: ", column)


def test_a_renamed_column_is_guessed_and_still_refused(bench: Bench) -> None:
    bench.write(DAY7, lines([HEADER.replace("charge_flag", "chargeflag"), NEW.statement_row()]))
    bench.reconcile().refused("charge_flag is missing", "renamed to chargeflag?")


def test_a_column_twice(bench: Bench) -> None:
    bench.write(DAY7, lines([HEADER + ",site", NEW.statement_row() + ",x"]))
    bench.reconcile().refused(DAY7, "site", "more than once")


def test_a_spare_column_may_be_missing(bench: Bench) -> None:
    at = HEADER.split(",").index("access_way")
    rows = [",".join(c for i, c in enumerate(row.split(",")) if i != at) for row in (HEADER, NEW.statement_row())]
    bench.write(DAY7, lines(rows))
    result = bench.reconcile().done()
    assert result.buckets()["only_in_statement"] == 1
    assert any("spare column" in w for w in result.warnings)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", b'""\n', b",,,\n", b" \n,\n"])
def test_an_empty_statement_is_refused(bench: Bench, content: bytes) -> None:
    bench.write(DAY7, content)
    bench.reconcile().refused(DAY7)


def test_all_bad_statements_are_named_at_once(bench: Bench) -> None:
    bench.write(DAY7, b"")
    bench.write(statement_name(8), b"\xff\xff\x80")
    bench.write(statement_name(9), "da_id\n")
    result = bench.reconcile().refused(DAY7, statement_name(8), statement_name(9))
    assert len({e.split(":")[1] for e in result.errors}) == 3


def test_a_month_of_headers_is_a_month_of_zeros(bench: Bench) -> None:
    for name in ("requests/start.jsonl", "callbacks/notify.jsonl"):
        bench.write(name, "")
    for day in range(1, 32):
        bench.write(statement_name(day), statement())
    result = bench.reconcile("--check").done()
    summary = result.summary
    assert (summary["operations"], summary["ours"]["amount"], summary["difference"]["amount"]) == (0, "0.00", "0.00")
    assert summary["coverage"]["days_missing"] == []
    assert result.buckets() == {}
    assert result.ledger == []


def test_a_month_that_nobody_knows_anything_about(bench: Bench) -> None:
    bench.reconcile(month="2026-08").refused("no data for 2026-08-01..2026-08-31", "2026-10-05 to 2026-10-06")


def test_data_of_notifications_alone_is_data(bench: Bench) -> None:
    shutil.rmtree(bench.path("statements"))
    bench.path("statements").mkdir()
    bench.write("requests/start.jsonl", "")
    assert bench.reconcile().done().summary["operations"] == 3


@pytest.mark.parametrize("changes", [{"charge_flag": "N"}, {"da_status": "43"}, {"biz_no": "other"}])
def test_two_statements_of_a_day_that_disagree(bench: Bench, changes: dict[str, str]) -> None:
    other = f"statements/again_{APP}_20261005.csv"
    bench.write(other, statement(OPS[0].statement_row(**changes), OPS[1].statement_row()))
    bench.reconcile().refused(other, statement_name(5), "disagrees")


def test_an_exact_copy_of_a_statement_is_left_out(bench: Bench) -> None:
    bench.write(f"statements/copy_{APP}_20261005.csv", bench.read(statement_name(5)))
    result = bench.reconcile("--check").done()
    assert result.buckets() == {"matched": 3}
    assert any("copies" in w for w in result.warnings)


def test_a_copy_under_another_day_does_not_stand_in_for_that_day(bench: Bench) -> None:
    """The file of the 6th was never fetched; somebody saved the 5th's under its name."""
    bench.write(statement_name(6), bench.read(statement_name(5)))
    assert bench.reconcile().done().buckets() == {"matched": 2, "statement_missing": 1}


@pytest.mark.parametrize(
    "row",
    [
        NEW.statement_row(site='"' + SITE),  # opens and never closes
        NEW.statement_row(site='"a"b'),
        NEW.statement_row(create_time='"2026-10-07 08:00:00'),
        NEW.statement_row(da_id='"' + NEW.op_id),
    ],
    ids=["in the middle", "text after it", "last cell", "first cell"],
)
def test_broken_quotes_name_their_row(bench: Bench, row: str) -> None:
    bench.write(DAY7, statement(MORE[0].statement_row(), row, MORE[1].statement_row()))
    bench.reconcile().refused(f"{DAY7}:3: ", "quot")


def test_a_quote_within_a_cell_is_text(bench: Bench) -> None:
    bench.write(DAY7, statement(NEW.statement_row(site='a"b'), MORE[0].statement_row(site='"c,""d"')))
    sites = {r["site"] for r in bench.reconcile().done().ledger}
    assert {'a"b', 'c,"d'} <= sites


def test_ragged_rows_are_set_aside_and_counted(bench: Bench) -> None:
    bench.write(DAY7, statement(NEW.statement_row() + ",1", "a,b", "", MORE[0].statement_row()))
    result = bench.reconcile().done()
    assert result.rows_of(DAY7) == (3, 2)
    assert [(r["file"], r["line"]) for r in result.rejects] == [(DAY7, 2), (DAY7, 3)]
    assert result.buckets()["only_in_statement"] == 1
    (placed,) = [r for r in result.ledger if r["op_id"] == MORE[0].op_id]
    assert placed["statement_line"] == 5


def test_rows_without_an_id_or_a_clear_charge_are_set_aside(bench: Bench) -> None:
    bad = [{"charge_flag": "X"}, {"charge_flag": ""}, {"charge_package": "?"}, {"da_id": ""}, {"da_id": "  "}]
    bench.write(DAY7, statement(*[NEW.statement_row(**b) for b in bad], NEW.statement_row(charge_flag=" y ")))
    result = bench.reconcile().done()
    assert result.rows_of(DAY7) == (6, 5)
    assert ["charge_flag" in r["reason"] for r in result.rejects] == [True, True, False, False, False]
    assert result.summary["statement"]["rows"] == 4


@pytest.mark.parametrize("text", ["", "soon", "2026-13-45", "infinity", "-infinity", "99999999999999999999"])
def test_an_unreadable_create_time_leaves_the_day_to_the_file(bench: Bench, text: str) -> None:
    bench.write(DAY7, statement(NEW.statement_row(create_time=text)))
    result = bench.reconcile().done()
    assert any("create_time" in w for w in result.warnings)
    assert result.summary["statement"]["rows"] == 4


@pytest.mark.parametrize(
    "text", ["250000-01-01 00:00:00", "9999-12-31 23:59:59", "0001-01-01 00:00:00", "99999999999999"]
)
def test_times_that_no_calendar_holds(bench: Bench, text: str) -> None:
    bench.write(DAY7, statement(NEW.statement_row(create_time=text), MORE[0].statement_row(authorize_time=text)))
    bench.write("requests/x.jsonl", lines([{**MORE[1].request(), "requested_at": text.replace(" ", "T") + "+08:00"}]))
    bench.write(EXTRA, lines([{**MORE[2].callback(), "received_at": text}]))
    assert bench.reconcile().done().summary["statement"]["rows"] >= 4


@pytest.mark.parametrize("stamp", [2**63 - 1, -(2**63), 253402300800000, 10**17])
def test_authorized_at_a_time_that_no_calendar_holds(bench: Bench, stamp: int) -> None:
    bench.write(EXTRA, lines([MORE[0].callback(MORE[0].body(authorizedTs=stamp))]))
    result = bench.reconcile().done()
    assert [r for r in result.ledger if r["op_id"] == MORE[0].op_id]


@pytest.mark.parametrize("encoding", ["utf-16-le", "latin-1", "big5"])
def test_a_statement_in_another_encoding_is_refused(bench: Bench, encoding: str) -> None:
    text = {"utf-16-le": "銀行", "latin-1": "é ÿ", "big5": "銀行\u3105"}[encoding]
    bench.write(DAY7, statement(NEW.statement_row(site=text)).encode(encoding))
    result = bench.reconcile()
    if encoding == "big5" and result.status == 0:
        pytest.skip("these bytes are GB18030 text too; nobody can tell")
    result.refused(DAY7)


def test_a_statement_that_says_it_is_utf_16_is_read(bench: Bench) -> None:
    bench.write(DAY7, statement(NEW.statement_row(site="集友银行")).encode("utf-16"))
    assert "集友银行" in {r["site"] for r in bench.reconcile().done().ledger}


def test_a_gb18030_statement_is_read(bench: Bench) -> None:
    bench.write(DAY7, statement(NEW.statement_row(site="集友银行")).encode("gb18030"))
    assert "集友银行" in {r["site"] for r in bench.reconcile().done().ledger}


@pytest.mark.parametrize(
    ("text", "number"),
    [("10", 10), (" 10 ", 10), ("-4", -4), ("10.5", None), ("abc", None), ("true", None), ("1e1", None)],
)
def test_a_status_is_a_whole_number_or_none_at_all(bench: Bench, text: str, number: int | None) -> None:
    bench.write(DAY7, statement(NEW.statement_row(da_status=text)))
    result = bench.reconcile().done()
    (row,) = [r for r in result.ledger if r["op_id"] == NEW.op_id]
    assert row["vendor_status"] == number
    assert any("da_status" in w for w in result.warnings) == (number is None)


# ---- ids that a spreadsheet has spoiled


@pytest.mark.parametrize("column", ["biz_no", "da_id", "id_no", "id_no_enc", "app_id"])
@pytest.mark.parametrize(
    "spoiled", ["2.10533E+18", "2E+18", "1.10101199003077E+17", "1.1e+17", "1.10101E+017", " 1.1E+17 "]
)
def test_spoiled_ids_in_a_request_csv(bench: Bench, column: str, spoiled: str) -> None:
    good = request_row(id_no=None, id_no_enc="AAAA") if column == "id_no_enc" else request_row()
    bench.write("requests/export.csv", request_csv(good, good | {column: spoiled}))
    bench.reconcile().refused("requests/export.csv:3: ", f"column {column}")


@pytest.mark.parametrize("column", ["biz_no", "da_id", "app_id"])
def test_spoiled_ids_in_a_statement(bench: Bench, column: str) -> None:
    bench.write(DAY7, statement(NEW.statement_row(), MORE[0].statement_row(**{column: "2.10533E+18"})))
    bench.reconcile().refused(f"{DAY7}:3: ", f"column {column}")


def parquet(bench: Bench, **columns: Any) -> str:
    table = {k: pa.array([v]) for k, v in request_row().items()} | columns
    pq.write_table(pa.table(table), bench.path("requests/p.parquet"))
    return "requests/p.parquet"


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("id_no", pa.array([1.10101199003077e17])),
        ("biz_no", pa.array([1.7e12], pa.float32())),
        ("da_id", pa.array([2.1e18])),
        ("id_no", pa.array(["1.10101E+17"])),
        ("id_no", pa.array(["1.10101E+17"], pa.large_string())),
        ("id_no", pa.array(["1.10101E+17"]).dictionary_encode()),
    ],
)
def test_spoiled_ids_in_parquet(bench: Bench, column: str, values: pa.Array) -> None:
    name = parquet(bench, **{column: values})
    bench.reconcile().refused(name, f"column {column}")


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("da_id", pa.array([["a", "b"]])),
        ("da_id", pa.array([{"a": 1}])),
        ("id_no", pa.array([b"\xff\xfe"])),
        ("requested_at", pa.array([["x"]])),
    ],
)
def test_parquet_columns_that_are_no_text(bench: Bench, column: str, values: pa.Array) -> None:
    name = parquet(bench, **{column: values})
    bench.reconcile().refused(name, column)


def test_parquet_with_whole_number_ids_and_zoned_times_is_read(bench: Bench) -> None:
    stamp = pa.array([NEW.when], pa.timestamp("us", "UTC"))
    parquet(bench, id_no=pa.array([440305197801018893]), biz_no=pa.array([900]), requested_at=stamp)
    (row,) = [r for r in bench.reconcile().done().ledger if r["op_id"] == NEW.op_id]
    assert (row["biz_no"], row["day"], row["clock_source"]) == ("900", date(2026, 10, 7), "request")


def broken(bench: Bench, change: Callable[[bytes], bytes]) -> str:
    table = {k: pa.array([v] * 5000) for k, v in request_row().items()}
    path = bench.path("requests/p.parquet")
    pq.write_table(pa.table(table), path)
    path.write_bytes(change(path.read_bytes()))
    return "requests/p.parquet"


@pytest.mark.parametrize(
    "change",
    [
        lambda data: b"",
        lambda data: b"PAR1 not parquet PAR1",
        lambda data: b"requested_at,app_id\n",
        lambda data: data[:-20],
        lambda data: data[:40] + b"\x99" * 260 + data[300:],
    ],
    ids=["empty", "magic only", "csv", "cut", "spoiled page"],
)
def test_parquet_that_is_not(bench: Bench, change: Callable[[bytes], bytes]) -> None:
    name = broken(bench, change)
    bench.reconcile().refused(name)


def test_parquet_with_a_column_twice(bench: Bench) -> None:
    table = pa.table({k: pa.array([v]) for k, v in request_row().items()}).append_column("da_id", pa.array(["x"]))
    pq.write_table(table, bench.path("requests/p.parquet"))
    bench.reconcile().refused("requests/p.parquet", "da_id")


# ---- request logs


def test_a_request_csv_without_its_columns_names_them_all(bench: Bench) -> None:
    bench.write("requests/e.csv", request_csv(request_row(da_id=None, site=None, id_no=None)))
    bench.reconcile().refused("requests/e.csv:1: ", "da_id", "site", "id_no")


def test_a_request_csv_without_a_header_does_not_show_its_people(bench: Bench) -> None:
    bench.write("requests/e.csv", lines([",".join(request_row().values())]))
    assert ID_NO not in bench.reconcile().refused("requests/e.csv:1: ").stderr


def test_a_header_with_a_person_in_it_twice_does_not_show_it(bench: Bench) -> None:
    bench.write("requests/e.csv", f"{ID_NO},{ID_NO}\n")
    assert ID_NO not in bench.reconcile().refused("requests/e.csv:1: ").stderr


@pytest.mark.parametrize(
    "name", ["number", "line", "file_id", "row_no", "subject", "", "extra", 'a"b', "a'b", "has_time", "DA_ID"]
)
def test_extra_columns_of_any_name_are_kept(bench: Bench, name: str) -> None:
    cell = '"' + name.replace('"', '""') + '"'
    row = request_row()
    bench.write("requests/e.csv", lines([",".join([*row, cell]), ",".join([*row.values(), "17"])]))
    (found,) = [r for r in bench.reconcile().done().ledger if r["op_id"] == NEW.op_id]
    assert (found["source_line"], found["biz_no"], found["subject"] is not None) == (2, "b900", True)


def test_naive_times_are_read_in_the_workspaces_zone_and_told(bench: Bench) -> None:
    times = ["2026-10-07T08:00:00", "2026-10-07 08:00:00", "2026-10-07"]
    rows = [request_row(requested_at=t, da_id=op.op_id) for t, op in zip(times, MORE, strict=False)]
    bench.write("requests/e.csv", request_csv(*rows))
    result = bench.reconcile().done()
    assert any(w.startswith("warning: 3 request time(s) carry no offset") for w in result.warnings)
    assert {r["day"] for r in result.ledger if r["op_id"] in {o.op_id for o in MORE[:3]}} == {date(2026, 10, 7)}


def test_unreadable_times_are_told_and_the_id_stands_in(bench: Bench) -> None:
    bench.write("requests/e.csv", request_csv(request_row(requested_at="yesterday")))
    result = bench.reconcile().done()
    assert any("could not be read" in w for w in result.warnings)
    (row,) = [r for r in result.ledger if r["op_id"] == NEW.op_id]
    assert row["clock_source"] == "da_id"


# ---- packed and odd files


def damaged_gz(kind: str, records: list[Any]) -> bytes:
    whole = gzip.compress(lines(records).encode())
    spoiled = whole[:60] + bytes(b ^ 0x55 for b in whole[60:90]) + whole[90:]
    content = {"cut": whole[:-200], "garbage": b"\x01" * 99, "spoiled": spoiled, "empty": b"", "trailing": whole + b"x"}
    return content[kind]


@pytest.mark.parametrize("folder", ["requests", "polls"])
@pytest.mark.parametrize("kind", ["cut", "garbage", "spoiled", "empty", "trailing"])
def test_a_gz_that_is_cut_or_damaged(bench: Bench, folder: str, kind: str) -> None:
    name = f"{folder}/a.jsonl.gz"
    bench.write(name, damaged_gz(kind, [op.request() for op in MORE]))
    bench.reconcile().refused(name)


@pytest.mark.parametrize("kind", ["cut", "garbage", "spoiled", "empty", "trailing"])
def test_of_a_callback_log_that_is_damaged_the_rest_is_kept(bench: Bench, kind: str) -> None:
    name = "callbacks/a.jsonl.gz"
    bench.write(name, damaged_gz(kind, [op.callback() for op in MORE]))
    result = bench.reconcile().done()
    (told,) = [r for r in result.rejects if r["file"] == name and "damaged" in r["reason"]]
    read, _ = result.rows_of(name)
    assert told["line"] == read  # the place where it ends, behind every line that could be read
    if kind == "trailing":
        assert read == len(MORE) + 1


def test_all_bad_files_are_named_at_once(bench: Bench) -> None:
    names = [f"{folder}/{name}.jsonl.gz" for folder in ("requests", "polls") for name in "ab"]
    for name in names:
        bench.write(name, b"garbage")
    bench.write(DAY7, b"")
    bench.reconcile().refused(*names, DAY7)


def test_a_folder_named_like_a_file(bench: Bench) -> None:
    bench.write("callbacks/a.jsonl/b.jsonl", lines([NEW.callback()]))
    bench.path("requests/e.csv").mkdir()
    assert bench.reconcile().done().rows_of("callbacks/a.jsonl/b.jsonl") == (1, 0)


def test_a_link_that_leads_nowhere_or_to_itself(bench: Bench) -> None:
    bench.path("requests/loop.jsonl").symlink_to("loop.jsonl")
    bench.path("callbacks/gone.jsonl").symlink_to("nowhere.jsonl")
    bench.reconcile().refused("requests/loop.jsonl", "callbacks/gone.jsonl")


def test_a_link_to_a_folder_is_not_followed_but_told(bench: Bench) -> None:
    bench.path("requests/up").symlink_to("..")
    result = bench.reconcile().done()
    assert any("requests/up/" in w for w in result.warnings)
    assert result.buckets() == {"matched": 3}


def test_a_pipe_does_not_hang_the_run(bench: Bench) -> None:
    os.mkfifo(bench.path("callbacks/pipe.jsonl"))
    assert any("callbacks/pipe.jsonl" in w for w in bench.reconcile().done().warnings)


def test_files_of_another_kind_are_told(bench: Bench) -> None:
    for name in ("requests/log.txt", "statements/a.xlsx", "callbacks/.hidden", "statements/~$a.xlsx"):
        bench.write(name, "x")
    (told,) = bench.reconcile().done().warnings
    assert "requests/log.txt" in told
    assert "statements/a.xlsx" in told
    assert "hidden" not in told
    assert "~$" not in told


@pytest.mark.skipif(os.geteuid() == 0, reason="root can read anything")
@pytest.mark.parametrize("name", ["requests/start.jsonl", "callbacks/notify.jsonl", DAY7, "requests"])
def test_a_file_that_may_not_be_read(bench: Bench, name: str) -> None:
    bench.path(name).chmod(0)
    try:
        bench.reconcile().refused(name)
    finally:
        bench.path(name).chmod(0o700)


def test_a_file_name_from_a_chinese_zip(bench: Bench) -> None:
    name = os.fsencode(bench.path("statements")) + b"/" + f"对账单_{APP}_20261007.csv".encode("gbk")
    bench.path(DAY7).unlink()
    Path(os.fsdecode(name)).write_text(statement(NEW.statement_row()), "utf-8")
    result = bench.reconcile().done()
    assert result.rows_of(f"statements/对账单_{APP}_20261007.csv") == (1, 0)
    assert result.summary["coverage"]["days_missing"] == []


# ---- lines of a log


def accepted(bench: Bench, *items: Any) -> set[int]:
    """Write the items as lines; places in MORE of the operations that got into the ledger."""
    bench.write(EXTRA, lines(items))
    known = {r["op_id"] for r in bench.reconcile().done().ledger}
    return {i for i, op in enumerate(MORE) if op.op_id in known}


def test_crlf_and_a_byte_order_mark(bench: Bench) -> None:
    text = "\ufeff" + lines([MORE[0].callback(), "", MORE[1].body(), "INFO got " + json.dumps(MORE[2].callback())])
    bench.write(EXTRA, text.replace("\n", "\r\n"))
    bench.write("requests/x.jsonl", ("\ufeff" + lines([MORE[3].request(), MORE[4].request()])).replace("\n", "\r\n"))
    result = bench.reconcile().done()
    assert not result.rejects
    assert result.rows_of(EXTRA) == (3, 0)
    assert result.rows_of("requests/x.jsonl") == (2, 0)
    assert len(result.ledger) == 8


@pytest.mark.parametrize("folder", ["requests", "callbacks", "polls"])
@pytest.mark.parametrize(
    "line",
    [
        b"x",
        b"{",
        b"7",
        b"null",
        b"[]",
        b'""',
        b"\0\0\0",
        b'{"a":"\0"}',
        b"\xff\xfe\x00",
        b'{"a":"\xff"}',
        b'{"' * 200_000,
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b"x" * 5_000_000,
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a":"\\ud800"}',
        b'{"request": null, "response": null, "body": null}',
    ],
    ids=lambda line: repr(line[:9]),
)
def test_every_line_that_cannot_be_read_is_counted_once(bench: Bench, folder: str, line: bytes) -> None:
    name = f"{folder}/x.jsonl"
    bench.write(name, b"\n  \n" + line + b"\n\r\n" + line)  # the last one without an end of line
    result = bench.reconcile().done()
    assert [(r["file"], r["line"]) for r in result.rejects] == [(name, 3), (name, 5)]
    assert result.rows_of(name) == (2, 2)
    assert result.buckets() == {"matched": 3}


@pytest.mark.parametrize(
    "body", ["", " ", "x", "7", "null", 7, None, True, [], {}, "[]", '{"data":{}}', '{"data":{"daId":""}}']
)
def test_an_envelope_without_a_message_is_counted(bench: Bench, body: Any) -> None:
    bench.write(EXTRA, lines([{**MORE[0].callback(), "body": body}]))
    result = bench.reconcile().done()
    assert result.rows_of(EXTRA) == (1, 1)


def test_statuses_that_are_no_whole_number_are_set_aside(bench: Bench) -> None:
    bad = ["abc", 10.5, "10.5", True, 2**64, -(2**70), "1e1", "0x0A", "1_0", "１０", [10], {"a": 10}]
    assert accepted(bench, *[op.callback(op.body(daStatus=s)) for op, s in zip(MORE, bad, strict=False)]) == set()
    assert bench.reconcile().done().rows_of(EXTRA) == (len(bad), len(bad))


def test_a_status_as_text_is_read(bench: Bench) -> None:
    good: list[Any] = [10, "10", None, 2**62]
    items = [op.callback(op.body(daStatus=s)) for op, s in zip(MORE, good, strict=False)]
    assert accepted(bench, *items) == {0, 1, 2, 3}


@pytest.mark.parametrize("app_key", [True, False], ids=["checked", "unchecked"])
def test_deep_nesting_never_ends_a_run(bench: Bench, app_key: bool) -> None:
    deep = "[" * 3000 + "]" * 3000
    body = MORE[0].body()[:-1] + f',"z":{deep}' + "}"
    headers = json.dumps({**MORE[1].callback(), "headers": "H"}).replace('"H"', '{"DECSHASH":' + deep + "}")
    bench.write(EXTRA, lines([envelope(body), headers, body, "INFO " + body]))
    bench.write("requests/x.jsonl", json.dumps(MORE[3].request())[:-1] + f',"z":{deep}' + "}\n")
    if not app_key:
        bench.change("idvtools.toml", 'app_key = {file = "keys/app.txt"}\n', "")
    assert bench.reconcile().done().rows_of(EXTRA)[0] == 4


@pytest.mark.parametrize(
    "headers", [None, 5, "x", [], {"DECSHASH": None}, {"DECSHASH": [["x"]]}, {"DECSHASH": "é\ud800"}]
)
def test_odd_headers(bench: Bench, headers: Any) -> None:
    bench.write(EXTRA, json.dumps({**OPS[0].callback(), "headers": headers}) + "\n")
    assert bench.reconcile().done().rows_of(EXTRA)[0] == 1


def test_several_notifications_in_a_line_are_all_read_or_the_line_is_told(bench: Bench) -> None:
    several = [
        [MORE[0].callback(), MORE[1].callback()],
        " ".join(json.dumps(op.callback()) for op in MORE[2:4]),
        "got " + MORE[4].body() + " and " + MORE[5].body(),
    ]
    bench.write(EXTRA, lines(several))
    result = bench.reconcile().done()
    known = {r["op_id"] for r in result.ledger}
    told = {r["line"] for r in result.rejects}
    for line, pair in enumerate((MORE[0:2], MORE[2:4], MORE[4:6]), start=1):
        assert line in told or all(op.op_id in known for op in pair), f"line {line} lost a notification"


def test_a_huge_list_of_children(bench: Bench) -> None:
    op = MORE[0]
    children = [{"daId": f"{op.op_id}-{i}", "site": SITE, "daStatus": "10", "daSubStatus": "0"} for i in range(20_000)]
    bench.write(EXTRA, lines([op.callback(op.body(ext={"childDaList": children}))]))
    assert bench.reconcile().done().buckets()["only_in_ours"] == 20_001


def test_odd_lists_of_children(bench: Bench) -> None:
    odd: list[Any] = ["x", {"a": 1}, [1, "a", None, []], [{"daId": 5}], [{"daId": MORE[5].op_id}], [{"daStatus": 10}]]
    items = [op.callback(op.body(ext={"childDaList": o})) for op, o in zip(MORE, odd, strict=False)]
    assert accepted(bench, *items) == {0, 1, 2, 3, 4, 5}


def test_an_id_of_any_form(bench: Bench) -> None:
    odd = ["-0", "x" * 50_000, "银行", "a b", "'; drop table requests; --", "\u0000a", f"{OPS[0].op_id}-0"]
    odd.append(da_id(clock(8)) + "9" * 9)
    bench.write(EXTRA, lines([MORE[0].callback(MORE[0].body(daId=o)) for o in odd]))
    result = bench.reconcile().done()
    rows, rejected = result.rows_of(EXTRA)
    assert rows == len(odd)
    assert len({r["op_id"] for r in result.ledger} - {op.op_id for op in OPS}) == rows - rejected


# ---- every row is counted


def test_rows_read_and_rejected_add_up_for_every_file(tmp_path: Path) -> None:
    """`rows` counts every line with something in it, rejected ones included; a CSV's header is none."""
    folder = generate(tmp_path / "ws", operations=300, seed=5).folder
    bench = Bench(folder)
    noise = b"\n  \nnot a message\n\xff\xff\n{\n"
    for name in ("requests/start-vdi-1.jsonl", "callbacks/application-log.jsonl", "polls/get-da-status-2.jsonl"):
        with bench.path(name).open("ab") as log:
            log.write(noise)
    for path in sorted(bench.path("statements").iterdir())[:3]:
        with path.open("ab") as table:
            table.write(b"\na,b\n" + MORE[0].statement_row(charge_flag="?").encode() + b"\n")
    with bench.path("requests/start-vdi-3-export.csv").open("ab") as table:
        table.write(b"\na,b\n")
    result = bench.reconcile().done()
    for entry in result.summary["inputs"]:
        path = bench.path(entry["path"])
        assert entry["rows"] == rows_in(path), entry["path"]
        assert entry["rejected"] == sum(r["file"] == entry["path"] for r in result.rejects), entry["path"]
        assert len({(r["file"], r["line"]) for r in result.rejects}) == len(result.rejects)
        assert 0 <= entry["rejected"] <= entry["rows"], entry["path"]


def rows_in(path: Path) -> int:
    if path.suffix == ".parquet":
        found: int = pq.read_metadata(path).num_rows
        return found
    data = path.read_bytes()
    text = gzip.decompress(data) if path.suffix == ".gz" else data
    full = [line for line in text.removeprefix(b"\xef\xbb\xbf").split(b"\n") if line.strip()]
    return len(full) - (".csv" in path.name)


# ---- hostile text of the vendor

HOSTILE = [
    "<script>alert(1)</script>",
    '"=HYPERLINK(""http://evil.example"",""x"")"',
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1",
    "＝1+1",
    "a'onmouseover=alert(1)",
    "</style><img src=x onerror=alert(1)>",
    "{{7*7}}{% raw %}",
    "]]><!--",
    "_x0041_",
]


def test_hostile_text_reaches_no_report_as_code(bench: Bench) -> None:
    rows = [Op(clock(7, 9, i), 0, 20 + i, biz_no=text, site=text).statement_row() for i, text in enumerate(HOSTILE)]
    bench.write(DAY7, statement(*rows))
    told = [op.callback(op.body(site=t, bizNo=t)) for op, t in zip(MORE[20:], HOSTILE, strict=False)]
    bench.write(EXTRA, lines(told))
    result = bench.reconcile("--ledger-csv").done()
    assert result.out is not None
    for name in ("breaks.csv", "ledger.csv"):
        cells = [c for row in csv_rows((result.out / name).read_text("utf-8")) for c in row.values() if c]
        assert any("HYPERLINK" in c for c in cells)
        for cell in cells:
            assert cell[0] not in "=@\t\r＝＋－＠", cell
            assert cell[0] not in "+-" or cell[1:].replace(".", "").isdigit(), cell
    page = (result.out / "reconciliation.html").read_text("utf-8")
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "{{7*7}}" in page
    book = openpyxl.load_workbook(result.out / "reconciliation.xlsx")
    cells = [c for sheet in book for row in sheet.iter_rows() for c in row]
    assert not [c for c in cells if c.data_type == "f" and "HYPERLINK" in str(c.value).upper()]
    assert not [c for c in cells if c.data_type == "f" and str(c.value) in ("=1+1", "+1+1", "-1+1")]
    with zipfile.ZipFile(result.out / "reconciliation.xlsx") as pack:
        assert not [n for n in pack.namelist() if "evil.example" in pack.read(n).decode("utf-8") and ".rels" in n]


@pytest.mark.parametrize("text", ["=2+2", "-5", "@x", "+1"])
def test_a_business_number_like_a_formula_stays_itself_in_the_ledger(bench: Bench, text: str) -> None:
    bench.write(DAY7, statement(NEW.statement_row(biz_no=text)))
    assert text in {r["biz_no"] for r in bench.reconcile().done().ledger}
