"""DEC: logged exchanges and notifications decoded in every form, key rotation, contradictions, tampering."""

from __future__ import annotations

import json
from typing import Any

import pytest
from test_vendor_dec import (
    AFTER,
    APP,
    APP_KEY,
    BEFORE,
    CALLS,
    FILE_KEY,
    ID_NO,
    K2,
    NAME,
    OP,
    OPEN_ID,
    PRIVATE,
    START,
    VECTORS,
    keys,
    keys_of,
)

from idvtools.crypto.aes import encrypt_text
from idvtools.crypto.rsa import sign_sha256
from idvtools.errors import RecordsError
from idvtools.vendors.base import Keys, read_exchange, to_frame
from idvtools.vendors.dec import NOTIFICATION_ANSWER, VENDOR, decshash

__all__ = ["keys"]  # the fixture

URL = "https://store.example.com/{}?sign=presigned-secret"
SECRETS = [
    APP_KEY, AFTER.nonce, BEFORE.nonce, FILE_KEY, "pdf-password", "presigned-secret", "vcode-secret",
    VECTORS["rsa_aes_key"]["encrypted_b64"], VECTORS["aes_field"]["key_b64"],
]  # fmt: skip
PERSONAL = [ID_NO, NAME, OPEN_ID, "我同意"]
ABOUT = {"daId": OP, "bizNo": "1667793902434", "site": "tax"}


def sealed(text: str, key: bytes = K2) -> str:
    return encrypt_text(text, key)


#: Of each call: the data answered; of the record op_id, outcome, code, key_id and some of the fields.
ANSWERS: dict[str, tuple[Any, str | None, str, str, str | None, dict[str, object]]] = {
    "update_aes_key": (
        {"aeskey": VECTORS["rsa_aes_key"]["encrypted_b64"]}, None, "success", "0", None, {"aes_key": "***"},
    ),
    "upload_agreement": ({"result": True}, None, "success", "0", "k2", {"id_no": "9999************3X", "result": True}),
    "start": ({"daId": OP, "redirectUrl": "https://vdi.example.com/h5?vcode=vcode-secret"}, OP, "success", "0", "k2", {
        "id_no": "9999************3X", "user_name": "张*", "open_id": "***", "user_claim": "***", "access_way": "h5",
        "redirect_url": "https://vdi.example.com/h5", "nonce": "***", "biz_no": "1667793902434", "app_id": APP,
    }),
    "status": (
        {
            "daId": OP, "daStatus": 44, "appId": APP, "browsingSite": "tax", "bizNo": "1667793902434", "jsonResult": 5,
            "certResult": 0, "authorizedTs": 1667793944000, "ext": {"daSubStatus": 100099, "fileKey": FILE_KEY},
        },
        OP, "business_failed", "44", None,
        {"status": 44, "sub_status": 100099, "sub_status_name_zh": "非本人", "site": "tax", "file_key": "***"},
    ),
    "original_files": (
        {
            **ABOUT, "fileUrl": [sealed(URL.format("a.pdf")), sealed(URL.format("b.pdf"))],
            "ext": {"fileKey": sealed(FILE_KEY), "pdfPassword": [sealed("pdf-password")]},
        },
        OP, "success", "0", "k2",
        {"file_urls": ["https://store.example.com/a.pdf", "https://store.example.com/b.pdf"], "file_key": "***",
         "pdf_passwords": ["***"]},
    ),
    "parse_result": (
        {
            **ABOUT, "jsonResult": 10, "jsonFileUrl": [sealed(URL.format("a.json"))],
            "ext": {"fileKey": sealed(FILE_KEY)},
        },
        OP, "success", "0", "k2", {"file_urls": ["https://store.example.com/a.json"], "json_result": 10},
    ),
    "statement": (
        {"fileUrl": URL.format("s.csv")}, None, "success", "0", None,
        {"date": "20260930", "file_url": "https://store.example.com/s.csv"},
    ),
    "site_states": (
        [{"status": "1", "site": "tax", "description": "ok"}], None, "success", "0", None,
        {"sites": ["tax"], "site_states": "tax: 1"},
    ),
}  # fmt: skip
FORMS = ("bare objects", "bare texts", "framed", "framed texts", "whole text", "whole bytes", "an Exchange")


def logged(call: str, form: str, keys: Keys, answer: dict[str, Any] | None = None) -> Any:
    """A call as an application would log it, together with its answer."""
    given = {**CALLS[call][0], **({"open_id": OPEN_ID} if call == "start" else {})}
    made = VENDOR.request(call, keys, stamp=AFTER, **given)
    answer = answer or {"errorCode": 0, "errorMessage": "OK", "data": ANSWERS[call][0]}
    sides: list[Any] = [json.loads(made.body), answer]
    if form not in ("bare objects", "framed"):
        sides = [made.body.decode(), json.dumps(answer, ensure_ascii=False)]
    if not form.startswith("bare"):
        headers = {"decshash" if form == "framed" else "DECSHASH": made.headers["DECSHASH"]}
        sides = [
            {"method": "POST", "url": made.url, "headers": headers, "body": sides[0]},
            {"status": 200, "body": sides[1]},
        ]  # fmt: skip
    log = {"requested_at": "2026-10-01T08:00:00+08:00", "request": sides[0], "response": sides[1]}
    if form == "an Exchange":
        return read_exchange(log)
    whole = json.dumps(log)
    return {"whole text": whole, "whole bytes": whole.encode()}.get(form, log)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("call", ANSWERS)
def test_every_call_is_decoded_in_every_form_of_log(call: str, form: str, keys: Keys) -> None:
    _, op_id, outcome, code, key_id, fields = ANSWERS[call]
    for reveal in (False, True):
        seen = VENDOR.decode(logged(call, form, keys), keys, reveal=reveal)
        assert (seen.call, seen.direction, seen.op_id, seen.outcome, seen.code) == (call, "out", op_id, outcome, code)
        assert (seen.key_id, seen.warnings, seen.undeclared) == (key_id, (), {})
        assert seen.at.isoformat() == "2026-10-01T00:00:00+00:00"
        if not reveal:
            assert fields.items() <= seen.fields.items()
        shown = repr(seen) + str(seen.row())
        for text in [*SECRETS, decshash(json.dumps({}), APP_KEY), *([] if reveal else PERSONAL)]:
            assert text not in shown, text
        if form in ("framed texts", "whole text", "whole bytes", "an Exchange"):
            assert seen.check == "ok"
        elif form != "framed":
            assert seen.check == "unchecked"
    if call == "start":
        assert [seen.fields[n] for n in ("id_no", "user_name", "open_id", "user_claim")] == PERSONAL


def test_a_table_of_records_has_a_row_each(keys: Keys) -> None:
    frame = to_frame(VENDOR.decode(logged(call, "framed texts", keys), keys).row() for call in ANSWERS)
    assert list(frame["call"]) == list(ANSWERS)
    assert frame.loc[frame["call"] == "status", "code"].item() == "44"
    assert str(frame["at"].dtype).endswith("UTC]")


def test_an_error_about_an_operation_that_does_not_show_the_call(keys: Keys) -> None:
    log = {"request": {"auth": {"appId": APP}, "arg": {"daId": OP}}, "response": {"errorCode": -44028, "data": None}}
    seen = VENDOR.decode(log, keys)
    assert (seen.call, seen.op_id, seen.code, seen.outcome) == ("about_operation", OP, "-44028", "pending")
    assert seen.code_name_zh == "用户未授权"


def test_what_the_document_does_not_declare_is_described_and_not_shown(keys: Keys) -> None:
    seen = VENDOR.decode(logged("status", "framed", keys, {"errorCode": 0, "data": {"name": NAME, "n": [1, 2]}}), keys)
    assert seen.undeclared == {"answer.data.name": "<text, 2 characters>", "answer.data.n": "<list, 2 items>"}


# ---- keys


def test_a_request_under_the_key_before_is_read_and_the_key_is_named(keys: Keys) -> None:
    """A request logged just after the change of keys may still be under the old one (billing.md section 9)."""
    old = VENDOR.request("start", keys, stamp=BEFORE, **{**START, "open_id": OPEN_ID})
    for at, key_id in (("2026-06-01T00:00:01+08:00", "k1"), ("2026-02-25T14:13:20+08:00", "k1"), (None, "k1")):
        log = {"requested_at": at, "request": json.loads(old.body), "response": {"errorCode": 0}}
        seen = VENDOR.decode(log, keys, reveal=True)
        assert (seen.key_id, seen.fields["id_no"], seen.warnings) == (key_id, ID_NO, ())
    mixed = json.loads(old.body)
    mixed["arg"]["idNo"] = sealed(ID_NO, K2)
    assert VENDOR.decode({"request": mixed, "response": {"errorCode": 0}}, keys).key_id in ("k1, k2", "k2, k1")


def test_without_a_key_that_fits_the_fields_are_missing_and_a_warning_says_so(tmp_path: Any, keys: Keys) -> None:
    log = logged("start", "bare objects", keys)
    bare = keys_of(tmp_path, f'[vendors.dec]\n[[vendors.dec.apps]]\nid = "{APP}"\n')
    for none in (None, bare):
        seen = VENDOR.decode(log, none)
        assert not {"id_no", "user_name", "open_id"} & set(seen.fields)
        assert (seen.key_id, seen.op_id) == (None, OP)
        assert seen.warnings == ("encrypted fields were not read: there is no AES key for this app",)
    log["request"]["arg"]["idNo"] = sealed(ID_NO, bytes(range(16)))
    seen = VENDOR.decode(log, keys)
    assert "id_no" not in seen.fields
    assert seen.warnings == ("id_no could not be decrypted (wrong_key)",)
    assert seen.fields["user_name"] == "张*"


@pytest.mark.parametrize("broken", ["", "!", "abc", "QUJD", 7, ["x"], {"a": 1}, None])
def test_one_broken_field_does_not_spoil_the_others(broken: Any, keys: Keys) -> None:
    log = logged("start", "bare objects", keys)
    log["request"]["arg"]["idNo"] = broken
    seen = VENDOR.decode(log, keys)
    assert (seen.fields["user_name"], seen.key_id, seen.fields.get("id_no") or None) in (
        ("张*", "k2", None), ("张*", "k2", [None]),
    )  # fmt: skip
    assert bool(seen.warnings) == (broken not in ("", None))


# ---- notifications

EXT = {"userId": OPEN_ID, "fileKey": FILE_KEY, "pdfPassword": ["pdf-password"], "daSubStatus": 100510}
NOTIFIED = {
    "v": "2.0.0", "func": "daFailed", "auth": {"nonce": AFTER.nonce},
    "data": {
        "bizAppId": APP, "daId": OP, "bizNo": "1667793902434", "site": "tax", "daStatus": 44, "jsonResult": 5,
        "fileUrlList": [URL.format("a.pdf")], "authorizedTs": 1667793944000, "ext": EXT,
    },
}  # fmt: skip


BODY = json.dumps(NOTIFIED)


def notified(body: dict[str, Any] | str = BODY, **headers: str) -> dict[str, Any]:
    """A notification as logged, with the headers that the platform would send."""
    right = decshash(body if isinstance(body, str) else json.dumps(body), APP_KEY)
    sent = {"DECSHASH": right, "DECSSIGN": sign_sha256(right.encode(), PRIVATE), **headers}
    return {"received_at": "2026-10-01T08:00:00+08:00", "headers": sent, "body": body}


@pytest.mark.parametrize(("log", "check"), [
    (NOTIFIED, "unchecked"),
    (json.dumps(NOTIFIED), "unchecked"),
    (notified(), "ok"),
    (notified(NOTIFIED), "ok"),
    (json.dumps(notified()).encode(), "ok"),
    (notified(DECSSIGN=""), "hash_only"),
    (notified(DECSHASH="0" * 64), "failed"),
    ({"request": notified(), "response": NOTIFICATION_ANSWER}, None),
], ids=["bare", "bare text", "text body", "object body", "bytes", "hash only", "forged", "answered"])  # fmt: skip
def test_notifications_in_every_form(log: Any, check: str | None, keys: Keys) -> None:
    if check is None:  # request and response frames hold no time of their own
        log["request"] = {k: v for k, v in log["request"].items() if k != "received_at"}
        check = "ok"
    seen = VENDOR.decode(log, keys)
    outcome = "unknown" if check == "failed" else "business_failed"  # what a forger claims is not counted
    assert (seen.call, seen.direction, seen.op_id, seen.outcome, seen.code, seen.check) == (
        "notification", "in", OP, outcome, "44", check,
    )  # fmt: skip
    assert (seen.fields["event"], seen.fields["file_urls"]) == ("daFailed", ["https://store.example.com/a.pdf"])
    assert seen.fields["sub_status_name_zh"] == "用户无驾驶证，或交管12123APP数据有误"
    assert seen.fields["authorized_at"].isoformat() == "2022-11-07T04:05:44+00:00"
    assert seen.fields["user_id"] == "***"
    revealed = VENDOR.decode(log, keys, reveal=True)
    assert revealed.fields["user_id"] == OPEN_ID
    for text in SECRETS:
        assert text not in repr(seen) + repr(revealed)
    assert (seen.undeclared, bool(seen.warnings)) == ({}, check == "failed")


def test_our_answer_to_a_notification_is_exact() -> None:
    assert NOTIFICATION_ANSWER == '{"errorCode":0,"errorMessage":"OK"}'


# ---- tampering


def changes(text: str) -> list[str]:
    """Every character replaced, and every one dropped."""
    replaced = [text[:i] + ("0" if c != "0" else "1") + text[i + 1 :] for i, c in enumerate(text)]
    return [*replaced, *(text[:i] + text[i + 1 :] for i in range(len(text)))]


def outside_of_strings(text: str) -> list[int]:
    """Places of the blanks between tokens, which are not signed."""
    return [i for i, c in enumerate(text) if c == " " and text[:i].count('"') % 2 == 0]


def test_a_notification_with_any_byte_changed_is_not_trusted(keys: Keys) -> None:
    whole = notified()
    harmless = {BODY[:i] + BODY[i + 1 :] for i in outside_of_strings(BODY)}
    for body in changes(BODY):
        try:
            check = VENDOR.decode({**whole, "body": body}, keys).check
        except RecordsError:  # it is no notification any more
            continue
        assert check in (("ok",) if body in harmless else ("failed", "unchecked")), body
        if check == "unchecked":  # only where another app is named: there is no key to check it with
            assert f'"bizAppId": "{APP}"' not in body
    for name in ("DECSHASH", "DECSSIGN"):
        for value in changes(whole["headers"][name].rstrip("=")[:-1]):
            forged = {**whole, "headers": {**whole["headers"], name: value}}
            assert VENDOR.decode(forged, keys).check == "failed", (name, value)


def test_a_request_of_ours_with_any_byte_changed_does_not_hold(keys: Keys) -> None:
    log = logged("status", "framed texts", keys)
    right = dict(log["request"])
    assert VENDOR.decode(log, keys).check == "ok"
    for body in changes(right["body"]):
        seen = VENDOR.decode({**log, "request": {**right, "body": body}}, keys)
        assert seen.check != "ok", body
    for value in changes(right["headers"]["DECSHASH"]):
        seen = VENDOR.decode({**log, "request": {**right, "headers": {"DECSHASH": value}}}, keys)
        assert seen.check == "failed", value


# ---- contradictions of the seed


@pytest.mark.parametrize(("status", "outcome", "effective", "final"), [
    (101, "system_failed", True, True), ("101", "system_failed", True, True), (100, "system_failed", False, True),
    (13, "system_failed", False, True), (-60000, "system_failed", False, True), (102, "unknown", None, None),
    (9, "pending", True, False), ("-4", "pending", False, False),
])  # fmt: skip
def test_the_row_of_the_status_table_decides_not_the_range_in_the_remark(
    status: int | str, outcome: str, effective: bool | None, final: bool | None, keys: Keys
) -> None:
    """Seed 000 section 3.1: its remark puts the failed final states in [13,100], its table lists 101 and -60000."""
    seen = VENDOR.decode(logged("status", "framed", keys, {"errorCode": 0, "data": {"daStatus": status}}), keys)
    assert (seen.outcome, seen.code) == (outcome, str(status))
    row = next((s for s in VENDOR.books.statuses if s.code == int(status)), None)
    assert (row.effective if row else None, row.final if row else None) == (effective, final)
    if outcome == "unknown":
        assert seen.code_name_en is None


def test_a_notification_logged_as_an_object_with_a_fraction_in_it_is_not_taken_for_forged(keys: Keys) -> None:
    """Reading keeps 1.50 as it is written; the platform hashed the double that it stands for."""
    body = json.dumps({**NOTIFIED, "score": 0}).replace('"score": 0', '"score": 1.50')
    headers = json.dumps({"DECSHASH": decshash(body, APP_KEY)})
    as_object = f'{{"received_at": "2026-10-01T08:00:00+08:00", "headers": {headers}, "body": {body}}}'
    assert VENDOR.decode(as_object, keys).check == "hash_only"
    assert VENDOR.decode(as_object.replace("1.50", "1.51"), keys).check == "failed"


def test_what_no_document_knows_is_told_by_size_and_shown_when_asked_for(keys: Keys) -> None:
    """Two names of another script stay two; in a table, too."""
    body = {**NOTIFIED, "结果": "一致", "说明": "无", "13812345678": 1}
    masked, revealed = VENDOR.decode(body, keys), VENDOR.decode(body, keys, reveal=True)
    assert list(masked.undeclared.values()) == ["<text, 2 characters>", "<text, 1 characters>", "<int>"]
    assert not any(word in str(masked.row()) for word in ("结果", "一致", "13812345678"))
    assert revealed.undeclared["request.结果"] == "一致"
    assert "request.说明: 无" in str(revealed.row()["undeclared"])
