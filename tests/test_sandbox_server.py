"""DEC in the sandbox: each call right and wrong, by our own client; keys, agreements, children, statements, control."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest
import requests
from sandbox_room import APP, BANK, COMBO, OTHER, START, TAX, Room, room

from idvtools import vendors
from idvtools.crypto.aes import encrypt_text
from idvtools.vendors.base import Stamp
from idvtools.vendors.dec import da_id_time, decshash, sign_redirect

MINUTE = 60.0


def post(where: Room, url: str, headers: dict[str, str], body: bytes) -> dict[str, Any]:
    return requests.post(url, data=body, headers=headers, timeout=5).json()


def signed(where: Room, envelope: object, app: str = APP) -> dict[str, Any]:
    """Any envelope, properly signed."""
    body = json.dumps(envelope)
    headers = {"Content-Type": "application/json", "DECSHASH": decshash(body, where.keys.require(app).text("app_key"))}
    return post(where, where.url + "/api/das/get-da-status", headers, body.encode())


# ---- the envelope


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda h, b: (h | {"DECSHASH": "0" * 64}, b), -50005),
        (lambda h, b: ({k: v for k, v in h.items() if k != "DECSHASH"}, b), -50005),
        (lambda h, b: (h | {"DECSHASH": h["DECSHASH"].lower()}, b), -50005),
        (lambda h, b: (h, b.replace(b'"1.0.0"', b'"1.0.1"')), -50005),
        (lambda h, b: (h, b.replace(APP.encode(), b"zd1nobod")), -50005),
        (lambda h, b: (h, b[:-1]), -45031),
        (lambda h, b: (h, b"\xff"), -45031),
        (lambda h, b: (h, b"[]"), -50005),
    ],
)
def test_envelope_refused(dec: Room, spoil: Any, code: int) -> None:
    url, headers, body = dec.request("status", op_id="x")
    assert post(dec, url, *spoil(headers, body))["errorCode"] == code


def test_white_space_between_tokens_is_not_signed(dec: Room) -> None:
    url, headers, body = dec.request("status", op_id="x")
    assert post(dec, url, headers, json.dumps(json.loads(body), indent=2).encode())["errorCode"] == -43024


def test_nonce_only_once(dec: Room) -> None:
    sent = dec.request("status", op_id="x")
    assert [post(dec, *sent)["errorCode"] for _ in range(2)] == [-43024, -50005]


@pytest.mark.parametrize(
    ("nonce", "version", "arg", "code"),
    [
        ("short", "1.0.0", {}, -50005),
        ("-" * 32, "1.0.0", {}, -50005),
        (None, "1.0.0", {}, -50005),
        ("a" * 32, "2.0.0", {}, -45031),
        ("b" * 32, "1.0.0", [], -45031),
        ("c" * 32, "1.0.0", {}, -45031),
        ("d" * 32, "1.0.0", {"daId": 5}, -45031),
    ],
)
def test_signed_and_wrong(dec: Room, nonce: object, version: str, arg: object, code: int) -> None:
    assert signed(dec, {"v": version, "auth": {"appId": APP, "nonce": nonce}, "arg": arg})["errorCode"] == code


WEIRD = (None, True, -1, 10**400, 1.5, "", "x", "\ud800", "\0", [], [[]], [None], {}, {"a": []}, "9" * 5000)


def test_no_argument_breaks_it(dec: Room) -> None:
    """Every field of every call in many shapes: an answer each time, with a code that the table has."""
    makes: dict[str, dict[str, Any]] = {
        "update_aes_key": {}, "upload_agreement": {"id_no": "1", "site": BANK, "content": b"x", "file_name": "a"},
        "start": {**START, "child_sites": [BANK], "lang": "zh"}, "status": {"op_id": "x"},
        "original_files": {"op_id": "x"}, "parse_result": {"op_id": "x"}, "statement": {"date": "20261012"},
        "site_states": {"sites": [BANK]},
    }  # fmt: skip
    table = vendors.get("dec").tables["error"]
    app_key = dec.keys.require(OTHER).text("app_key")
    with requests.Session() as session:
        for name, arguments in makes.items():
            url, headers, body = dec.request(name, app=OTHER, **arguments)
            for field in json.loads(body)["arg"] or ["x"]:
                for value in WEIRD:
                    envelope = json.loads(body)
                    envelope["arg"][field] = value
                    envelope["auth"]["nonce"] = Stamp.now().nonce
                    text = json.dumps(envelope)
                    headers["DECSHASH"] = decshash(text, app_key)
                    got = session.post(url, data=text, headers=headers, timeout=5)
                    assert got.status_code == 200, (name, field)
                    assert table.find(str(got.json()["errorCode"])), (name, field)


def test_only_json_is_taken(dec: Room) -> None:
    url, headers, body = dec.request("status", op_id="x")
    got = requests.post(url, data=body, headers=headers | {"Content-Type": "text/plain"}, timeout=5)
    assert got.status_code == 415
    assert requests.get(url, timeout=5).status_code == 405
    assert requests.post(dec.url + "/api/das/nothing", timeout=5).status_code == 404


# ---- start


def test_start(dec: Room) -> None:
    got = dec.start()
    made = da_id_time(got["daId"])
    assert got["daId"].startswith(APP)
    assert made
    assert abs(made.timestamp() * 1000 - dec.sandbox.clock.now_ms()) < 2000
    operation = dec.sandbox.dec.find(got["daId"])
    assert operation
    assert (operation.person.name, operation.person.id_no) == (START["user_name"], START["id_no"])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"site": "chrome-nowhere"}, "-50002"),
        ({"site": COMBO}, "-50002"),
        ({"child_sites": [BANK]}, "-50002"),
        ({"site": COMBO, "child_sites": [BANK, "chrome-nowhere"]}, "-50002"),
        ({"id_no": "12345"}, "-45031"),
        ({"id_no": "999999201801010016"}, "-45030"),
        ({"width": 0}, "-45031"),
        ({"width": "wide"}, "-45031"),
        ({"user_agent": " "}, "-45031"),
        ({"access_way": "carrier pigeon"}, "-45031"),
    ],
)
def test_start_refused(dec: Room, change: dict[str, Any], code: str) -> None:
    assert dec.code("start", **{**START, **change}) == code


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("bizScenario", "special", -45031),
        ("bizNo", "b" * 61, -45031),
        ("bizNo", "b" * 60, 0),
        ("bizNo", None, -45031),
        ("userClaim", "字" * 43, -45031),  # 129 bytes
        ("userClaim", "字" * 42, 0),
        ("idNo", None, -45031),
        ("idNo", "in clear", -43037),
        ("userName", encrypt_text("x", bytes(16)), -43037),
        ("openId", "", -45031),
    ],
)
def test_start_fields_as_sent(dec: Room, name: str, value: object, code: int) -> None:
    """What our own client would not send."""
    url, headers, body = dec.request("start", **START)
    envelope = json.loads(body)
    envelope["arg"][name] = value
    text = json.dumps(envelope)
    headers["DECSHASH"] = decshash(text, dec.keys.require(APP).text("app_key"))
    assert post(dec, url, headers, text.encode())["errorCode"] == code


def test_start_with_the_outcome_that_was_asked_for(dec: Room) -> None:
    dec.sandbox.dec.next_outcomes([{"error": -48025}, {"status": 43, "sub_status": 60028, "instant": True}, "open"])
    assert dec.code("start", **START) == "-48025"
    failed, running = (dec.start()["daId"] for _ in range(2))
    state = dec.call("status", op_id=failed)
    assert (state["daStatus"], state["ext"]["daSubStatus"]) == (43, 60028)
    dec.sandbox.dec.refuse_running = True
    assert dec.code("start", **START) == "-45027"
    assert dec.code("start", **{**START, "id_no": "999999199002020028"}) == "0"
    assert dec.call("status", op_id=running)["daStatus"] in (-4, 0)


def test_closed_site(dec: Room) -> None:
    dec.sandbox.dec.closed_sites = {TAX}
    assert dec.code("start", **{**START, "site": TAX}) == "-48025"
    told = {s["site"]: s["status"] for s in dec.call("site_states", sites=[BANK, TAX, "chrome-nowhere"])}
    assert told == {BANK: "1", TAX: "0", "chrome-nowhere": "0"}


# ---- the way in


def test_entering_once(dec: Room) -> None:
    private = dec.keys.require(APP).private("private_key")
    link = dec.start()["redirectUrl"]
    assert requests.get(link, timeout=5).status_code == 403
    assert requests.get(link + "&sign=AAAA", timeout=5).status_code == 403
    assert requests.get(link.replace("site=", "site=x") + "&sign=AAAA", timeout=5).status_code == 404
    first, second = (requests.get(sign_redirect(link, private), timeout=5) for _ in range(2))
    assert (first.status_code, "entered" in first.text) == (200, True)
    assert (second.status_code, "used" in second.text) == (410, True)


def test_link_of_eight_minutes(dec: Room) -> None:
    link = sign_redirect(dec.start()["redirectUrl"], dec.keys.require(APP).private("private_key"))
    dec.sandbox.clock.advance(8 * MINUTE + 1)
    assert "expired" in requests.get(link, timeout=5).text


# ---- as time goes by


def test_life_of_an_operation(dec: Room) -> None:
    dec.sandbox.dec.next_outcomes([10])
    op = dec.start()["daId"]
    stages = dec.sandbox.dec.find(op).stages  # type: ignore[union-attr]
    seen, past = [], 0
    for stage in stages:
        dec.sandbox.clock.advance((stage.after_ms - past) / 1000 + 0.5)
        past = stage.after_ms + 500
        state = dec.call("status", op_id=op)
        seen.append(
            (
                state["daStatus"], state["jsonResult"], state["authorizedTs"] > 0,
                dec.code("original_files", op_id=op), dec.code("parse_result", op_id=op),
            )
        )  # fmt: skip
    assert seen == [
        (0, 5, False, "-44028", "-44028"),
        (5, 5, True, "-44062", "-44062"),
        (8, 5, True, "-44062", "-44062"),
        (10, 5, True, "0", "-44062"),
        (10, 10, True, "0", "0"),
    ]


@pytest.mark.parametrize(
    ("outcome", "original", "parsed"),
    [
        (41, "-44021", "-44021"),
        (20, "-44021", "-44021"),
        (0, "-44028", "-44028"),
        (5, "-44062", "-44062"),
        (9, "0", "-44001"),
        ({"status": 10, "json_result": 5}, "0", "-44001"),
        ({"status": 10, "json_result": 101}, "0", "-44001"),
        ({"status": 10, "json_result": 12}, "0", "0"),
    ],
)
def test_pulling(dec: Room, outcome: object, original: str, parsed: str) -> None:
    dec.sandbox.dec.next_outcomes([outcome])
    op = dec.start()["daId"]
    dec.sandbox.clock.advance(30 * MINUTE)
    assert (dec.code("original_files", op_id=op), dec.code("parse_result", op_id=op)) == (original, parsed)


def test_whose_operation(dec: Room) -> None:
    [op] = dec.sandbox.dec.plant(1)
    assert dec.code("status", op_id=op.op_id, app=OTHER) == "-43024"
    assert dec.code("original_files", op_id=op.op_id, app=OTHER) == "-44009"
    assert dec.code("parse_result", op_id=f"{APP}123") == "-44009"


def test_ten_days(dec: Room) -> None:
    now = dec.sandbox.clock.now_ms()
    [old] = dec.sandbox.dec.plant(1, at_ms=now - 10 * 86_400_000 - 1000)
    [young] = dec.sandbox.dec.plant(1, at_ms=now - 10 * 86_400_000 + 60_000)
    assert dec.code("original_files", op_id=old.op_id) == "-44009"
    assert dec.code("original_files", op_id=young.op_id) == "0"
    assert dec.call("status", op_id=old.op_id)["daStatus"] == 10


def test_agreement(dec: Room) -> None:
    [op] = dec.sandbox.dec.plant(1, needs_agreement=True)
    assert dec.code("original_files", op_id=op.op_id) == "-44017"
    wrong = {"id_no": op.person.id_no, "site": TAX, "content": b"%PDF-", "file_name": "a.pdf"}
    assert dec.call("upload_agreement", **wrong) == {"result": True}
    assert dec.code("parse_result", op_id=op.op_id) == "-44017"
    assert dec.call("upload_agreement", **{**wrong, "site": BANK}) == {"result": True}
    assert dec.code("original_files", op_id=op.op_id) == "0"


def test_agreement_refused(dec: Room) -> None:
    url, headers, body = dec.request("upload_agreement", id_no=START["id_no"], site=BANK, content=b"x", file_name="a")
    for change, code in (
        ({"files": []}, -45031),
        ({"files": [{"name": "a"}]}, -44050),
        ({"files": [{"name": "", "content": "x"}]}, -45031),
        ({"idNo": encrypt_text("x", bytes(16))}, -44050),
        ({"site": "x"}, -50002),
    ):
        envelope = json.loads(body)
        envelope["arg"] |= change
        envelope["auth"]["nonce"] = Stamp.now().nonce
        text = json.dumps(envelope)
        headers["DECSHASH"] = decshash(text, dec.keys.require(APP).text("app_key"))
        assert post(dec, url, headers, text.encode())["errorCode"] == code, change


def test_children(dec: Room) -> None:
    dec.sandbox.dec.next_outcomes([10])
    op = dec.start(site=COMBO, child_sites=[BANK, TAX])["daId"]
    dec.sandbox.clock.advance(30 * MINUTE)
    children = dec.call("status", op_id=op)["ext"]["childDaList"]
    assert [(c["daId"], c["site"]) for c in children] == [(f"{op}-0", BANK), (f"{op}-1", TAX)]
    assert int(children[0]["daStatus"]) == 10
    assert dec.call("status", op_id=f"{op}-0")["browsingSite"] == BANK
    [planted] = dec.sandbox.dec.plant(1, site=COMBO)
    assert len(dec.call("original_files", op_id=planted.op_id)["fileUrl"]) == 2
    assert dec.code("original_files", op_id=f"{planted.op_id}-1") == "0"


# ---- the AES key


def test_rotated_key_is_fetched_and_the_old_one_refused() -> None:
    with room() as once, room(renew_keys=True) as again:
        for where in (once, again):
            where.sandbox.dec.rotate(APP)
        assert once.code("start", **START) == "-43037"
        agreement = {"id_no": START["id_no"], "site": BANK, "content": b"x", "file_name": "a"}
        assert once.code("upload_agreement", **agreement) == "-44050"
        assert once.code("start", app=OTHER, **START) == "0"
        assert again.start()["daId"].startswith(APP)
        assert len(again.sandbox.dec.aes_keys[APP]) == 3


# ---- files


def test_content(dec: Room) -> None:
    """What the files hold: a table in a zip, a PDF in a zip, JSON of texts."""
    bank, tax = dec.sandbox.dec.plant(1)[0], dec.sandbox.dec.plant(1, site=TAX, size=20_000)[0]
    for op, head, name in ((bank, "集友银行".encode(), ".csv"), (tax, b"%PDF-1.4", ".pdf")):
        url, headers = dec.original(op)
        got = requests.get(url, headers=headers, timeout=5).content
        [member] = zipfile.ZipFile(io.BytesIO(got)).infolist()
        assert member.filename.endswith(name)
        assert zipfile.ZipFile(io.BytesIO(got)).read(member).startswith(head)
    assert 18_000 < len(got) < 22_000
    assert dec.call("original_files", op_id=tax.op_id)["ext"]["pdfPassword"] == [tax.person.id_no[-6:]]
