"""No id number, name, key or token of the input stands in anything that is written, shown or raised."""

from __future__ import annotations

import json
import pickle
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from front_door import (
    AES_KEY,
    AES_TEXT,
    APP,
    APP_KEY,
    OPS,
    PEOPLE,
    PSEUDONYM_KEY,
    SITE,
    Bench,
    Op,
    clock,
    found_in,
    lines,
    run,
    statement_name,
)

import idvtools as idv
from idvtools.crypto.aes import encrypt_text

ID_NO, NAME = PEOPLE[0]
TOKEN = "eyJhbGciOiJIUzI1NiJ9.c2VjcmV0LXRva2Vu.QmFzZTY0c2ln"
PHONE = "13812345678"
FILE_KEY = "c3VwZXItc2VjcmV0LWZpbGUta2V5LTAwMDAwMDAwMDA="
PRIVATE = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj"
SECRETS = [
    *[text for person in PEOPLE for text in person],
    APP_KEY,
    AES_TEXT,
    AES_KEY.decode(),
    PSEUDONYM_KEY,
    TOKEN,
    PHONE,
    FILE_KEY,
    PRIVATE,
    "open-id-of-somebody",
    "John Smith",
]

#: What applications really write into logs; none of it is a message.
BROKEN = [
    f'{{"userName":"{NAME}","idNo":"{ID_NO}"',
    f'{{"userName":"{NAME}',
    f'{{"idNo":"{ID_NO}',
    f'{{"user":"{NAME}","cert":"{ID_NO}"}}',
    f"2026-10-05 09:00 ERROR start failed for {NAME} ({ID_NO}), {PHONE}",
    f"2026-10-05,{APP},{NAME},{ID_NO},h5",
    f"姓名 {NAME} 身份证 {ID_NO} 手机{PHONE}",
    f"客户{NAME}，证件{ID_NO}",
    f"user={NAME} id={ID_NO} token={TOKEN}",
    f"<name>{NAME}</name><id>{ID_NO}</id>",
    f'["{NAME}","{ID_NO}","{PHONE}"]',
    f"{APP}{ID_NO}9",
    "x" * 250 + ID_NO,
    f"Authorization: Bearer {TOKEN}",
    f"token {TOKEN}",
    f"X-Api-Token:{TOKEN}",
    f'{{"jwt":"{TOKEN}","fileKey":"{FILE_KEY}"}}',
    f"fileKey is {FILE_KEY}",
    f"new AES key {AES_TEXT}",
    f'{{"data":{{"aeskey":"{AES_TEXT}"}}}}',
    f"appKey {APP_KEY}",
    f"-----BEGIN PRIVATE KEY----- {PRIVATE}",
    "John Smith called",
    NAME,
    ID_NO,
]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "ws").make()


def test_the_search_finds_what_is_there(bench: Bench) -> None:
    """A search that finds nothing anywhere proves nothing."""
    result = bench.reconcile("--ledger-csv").done()
    pseudonym = next(r["subject"] for r in result.ledger)
    places = " ".join(found_in(result, [pseudonym, OPS[0].op_id]))
    assert "ledger.parquet/rows" in places
    assert "ledger.csv" in places
    assert found_in(run("explain", str(bench.folder), OPS[0].op_id), [pseudonym])


def test_good_rows_of_every_kind(bench: Bench) -> None:
    op = Op(clock(8, 9), 1, 31)
    header = "requested_at,app_id,biz_no,site,access_way,error_code,da_id,{},userName,mobile,remark"
    tail = f"{PEOPLE[1][1]},{PHONE},{TOKEN}"
    row = f"2026-10-08T09:00:00+08:00,{APP},b8,{SITE},h5,0"
    bench.write("requests/clear.csv", lines([header.format("id_no"), f"{row},{op.op_id},{PEOPLE[1][0]},{tail}"]))
    cipher = encrypt_text(PEOPLE[2][0], AES_KEY)
    bench.write("requests/sent.csv", lines([header.format("id_no_enc"), f"{row},{op.op_id}1,{cipher},{tail}"]))
    ext = {"fileKey": FILE_KEY, "pdfPassword": [ID_NO[-6:] + "-secret", TOKEN], "userId": NAME}
    bench.write("callbacks/x.jsonl", lines([op.callback(op.body(ext=ext))]))
    assert not found_in(bench.reconcile("--ledger-csv", "--progress").done(), [*SECRETS, ID_NO[-6:] + "-secret"])
    assert not found_in(run("explain", str(bench.folder), op.op_id).done(), SECRETS)


def test_broken_lines_of_every_kind(bench: Bench) -> None:
    for folder in ("requests", "callbacks", "polls"):
        bench.write(f"{folder}/x.jsonl", lines(BROKEN))
    shell = {"received_at": "2026-10-05T10:00:00+08:00", "headers": {"DECSHASH": TOKEN}}
    envelopes = [shell | {"body": body} for body in BROKEN]
    bench.write("callbacks/y.jsonl", lines(envelopes))
    bench.write("requests/x.csv", lines(["requested_at,app_id,site,da_id,id_no", *BROKEN[6:8], f"{ID_NO},{NAME}"]))
    result = bench.reconcile().done()
    assert len(result.rejects) >= 3 * len(BROKEN)
    assert all({"file", "line", "reason"} <= set(r) for r in result.rejects)
    assert not found_in(result, SECRETS)
    strict = bench.reconcile("--strict")
    assert strict.status == 2
    assert not found_in(strict, SECRETS)


def cut_message(bench: Bench) -> None:
    text = json.dumps(OPS[0].callback(OPS[0].body(ext={"fileKey": FILE_KEY, "userId": NAME})), ensure_ascii=False)
    bench.write("callbacks/x.jsonl", lines([text[: -i * 9] for i in range(1, 40)]))


def bad_status(bench: Bench) -> None:
    body = OPS[0].body(daStatus=ID_NO, ext={"fileKey": FILE_KEY, "userName": NAME, "remark": f"{NAME} {TOKEN}"})
    bench.write("callbacks/x.jsonl", lines([OPS[0].callback(body)]))


def person_in_place_of_a_time(bench: Bench) -> None:
    bench.write("requests/x.jsonl", lines([{**OPS[0].request(), "requested_at": f"{NAME} {ID_NO}"}]))
    bench.write(statement_name(7), lines([bench.read(statement_name(6)).splitlines()[0]]))


def no_header(bench: Bench) -> None:
    bench.write("requests/x.csv", f"2026-10-05,{APP},{NAME},{ID_NO},{TOKEN}\n")


def header_twice(bench: Bench) -> None:
    bench.write("requests/x.csv", f"{NAME},{ID_NO},{ID_NO},{NAME}\n")


def people_in_a_statement_header(bench: Bench) -> None:
    bench.write(statement_name(7), f"{NAME},{ID_NO},charge_flag_{ID_NO}\n")


def broken_quote(bench: Bench) -> None:
    bench.write("requests/x.csv", f'requested_at,app_id,site,da_id,id_no\n"{NAME},{ID_NO}\n')


def key_as_setting(bench: Bench) -> None:
    bench.change("idvtools.toml", '{file = "keys/aes.b64"}', f'"{AES_TEXT}"')


def key_as_path(bench: Bench) -> None:
    bench.change("idvtools.toml", "keys/app.txt", APP_KEY)


def key_as_variable(bench: Bench) -> None:
    bench.change("idvtools.toml", '{file = "keys/app.txt"}', f'{{env = "{APP_KEY}"}}')


def key_as_unknown_key(bench: Bench) -> None:
    bench.change("idvtools.toml", 'app_key = {file = "keys/app.txt"}', f'app_kye = "{APP_KEY}"')


def wrong_keys(bench: Bench) -> None:
    bench.write("keys/notify.pem", f"-----BEGIN PRIVATE KEY-----\n{PRIVATE}\n-----END PRIVATE KEY-----\n")
    bench.write("keys/aes.b64", APP_KEY)


def spoiled_parquet_cell(bench: Bench) -> None:
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    columns = {"requested_at": NAME, "app_id": APP, "site": SITE, "da_id": OPS[0].op_id}
    table = {k: pa.array([v]) for k, v in columns.items()} | {"id_no": pa.array([[ID_NO]])}
    pq.write_table(pa.table(table), bench.path("requests/x.parquet"))


@pytest.mark.parametrize(
    "spoil",
    [
        cut_message,
        bad_status,
        person_in_place_of_a_time,
        no_header,
        header_twice,
        people_in_a_statement_header,
        broken_quote,
        key_as_setting,
        key_as_path,
        key_as_variable,
        key_as_unknown_key,
        wrong_keys,
        spoiled_parquet_cell,
    ],
)
def test_no_message_quotes_the_input(bench: Bench, spoil: Callable[[Bench], None]) -> None:
    spoil(bench)
    for options in ((), ("--strict",)):
        result = bench.reconcile(*options)
        assert result.status in (0, 2)
        assert not found_in(result, SECRETS)


def test_reprs_and_errors_in_python(bench: Bench) -> None:
    workspace = idv.Workspace(bench.folder)
    result = workspace.reconcile("dec", month="2026-10")
    shown = [
        repr(workspace),
        repr(workspace.settings),
        repr(vars(workspace)),
        repr(result),
        repr(result.summary),
        str(result.extras),
        result._repr_html_(),
        result.ledger.to_string(),
        repr(result.explain(OPS[0].op_id)),
        str(result.explain(OPS[0].op_id)),
        workspace.requests("dec").to_string(),
        workspace.callbacks("dec").to_string(),
        workspace.statement("dec").to_string(),
    ]
    assert not [secret for secret in SECRETS for text in shown if secret in text]
    with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
        pickle.dumps(workspace)


def test_a_traceback_with_locals_of_an_error_shows_no_key(bench: Bench) -> None:
    """Notebooks print tracebacks; error reporters add the local variables."""
    bench.write(statement_name(7), b"")
    with pytest.raises(idv.IdvError) as caught:
        idv.Workspace(bench.folder).reconcile("dec", month="2026-10")
    told = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    text = "".join(told.format()) + repr(caught.value) + repr(caught.value.problems)
    assert not [secret for secret in SECRETS if secret in text]
