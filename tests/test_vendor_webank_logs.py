"""WeBank: logged exchanges decoded in every form, answers and their errors, bad input."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from test_vendor_webank import (
    CONTENT,
    ID_NO,
    NAME,
    OPEN_ID,
    PHONE,
    REQUESTS,
    SALT,
    SECRET,
    SESSION,
    STAMP,
    TICKET,
    TOML,
    keys,
    keys_of,
)

from idvtools.errors import (
    CredentialsExpiredError,
    MalformedAnswerError,
    RequestRefusedError,
    TemporaryError,
    VendorError,
)
from idvtools.vendors.base import Exchange, Http, Keys, read_exchange
from idvtools.vendors.webank import (
    VENDOR,
    answer_reverse,
    encode_plain,
    repair,
    sign_plain,
)

__all__ = ["keys"]  # the fixture

#: The answer of seed 002 section 4.3, as printed: the inner quotes have no backslashes.
LOST = (
    '{"BizSeqNo":"23584462869882334698177803729161","ConsumerseqNo":"20170911100904727419000550615401",'
    '"transactionTime":"20151022044027","code":"60840000","msg":"系统处理成功",'
    '"jsonData":"{"CODE":"66590000","DESC":"交易成功"}"}'
)
BUSINESS = {**json.loads(repair(LOST)), "jsonData": '{"CODE":"66590000","DESC":"交易成功"}'}
DONE = "2015-10-21T20:40:27+00:00"  # 20151022044027 in Shanghai
FILES = [{"HASH_VALUE": "028f15759359930c726a85a15c64eb72", "FILE_ID": "9700", "FILE_NAME": "of-somebody.tar.gz"}]
UPLOADED = {  # seed 002 section 4.5.1
    "msg": "系统处理成功", "BizSeqNo": "1910280FH06207170022153392801372", "code": "60840000",
    "jsonData": json.dumps({"CODE": "60840000", "FILE_LIST": FILES, "DESC": "系统处理成功"}),
}  # fmt: skip
LISTED = {
    "code": "60840000", "msg": "系统处理成功",
    "fileList": [{"fileName": "of-somebody.png", "fileId": "9700", "hashValue": "028f"}],
}  # fmt: skip
TOKEN = {  # seed 002 section 4.1
    "msg": "系统处理成功", "access_token": "token-of-today", "code": "60850000", "expire_time": "1516178421000",
    "expire_in": "3600", "transactionTime": "20180117154021",
}  # fmt: skip
TICKETS = {
    "code": "60850000", "msg": "系统处理成功", "transactionTime": "20180117154021",
    "tickets": [{"value": TICKET, "expire_in": "3600", "expire_time": "1516178421000"}],
}  # fmt: skip
REFUSED = {"code": "60840002", "msg": "未满足接口输入要求"}
#: Of each call: what was answered, and of the record op_id, outcome, code, some of the fields.
ANSWERS: dict[str, tuple[dict[str, Any], str | None, str, str, dict[str, object]]] = {
    "access_token": (TOKEN, None, "success", "60850000", {"access_token": "***", "expires_in": "3600"}),
    "api_ticket": (TICKETS, None, "success", "60850000", {"tickets": ["***"], "transaction_time": "20180117154021"}),
    "business": (BUSINESS, BUSINESS["BizSeqNo"], "success", "60840000", {
        "business_code": "66590000", "business_message": "交易成功", "id_no": "9999************3X", "user_name": "张*",
        "phone": "138****5678", "open_id": "***", "consumer_seq_no": "20170911100904727419000550615401",
    }),
    "upload": (UPLOADED, UPLOADED["BizSeqNo"], "success", "60840000", {
        "files": "9700 (MD5 028f15759359930c726a85a15c64eb72)", "file_list": ["***"], "file_type": "001",
    }),
    "download": (REFUSED, None, "rejected_input", "60840002", {"file_id": "97", "hash_value": "028f"}),
    "upload_json": (LISTED, None, "success", "60840000", {"files": "9700 (MD5 028f)", "uploaded": ["***"]}),
    "upload_form": (LISTED, None, "success", "60840000", {"files": "9700 (MD5 028f)", "uploaded": ["***"]}),
}  # fmt: skip
FORMS = ("objects", "texts", "whole text", "whole bytes", "an Exchange")
HIDDEN = [SECRET, SALT, TICKET, SESSION["access_token"], STAMP.nonce]
PERSONAL = [ID_NO, NAME, PHONE, OPEN_ID]


def logged(call: str, form: str, keys: Keys, answer: object = None) -> object:
    """A call as an application would log it, together with its answer."""
    made = VENDOR.request(call, keys, session=SESSION, stamp=STAMP, **REQUESTS[call][0])
    answer = ANSWERS[call][0] if answer is None else answer
    body = json.loads(made.body) if made.body else None
    text = form != "objects"
    log = {
        "requested_at": "2026-10-01T08:00:00+08:00",
        "request": {
            "method": made.method, "url": f"{made.url}?{urlencode(made.params)}", "headers": dict(made.headers),
            "body": json.dumps(body) if text and body else body,
        },
        "response": {"status": 200, "headers": {}, "body": json.dumps(answer) if text else answer},
    }  # fmt: skip
    if form == "an Exchange":
        return read_exchange(log)
    whole = json.dumps(log, ensure_ascii=False)
    return {"whole text": whole, "whole bytes": whole.encode()}.get(form, log)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("call", ANSWERS)
def test_every_call_is_decoded_in_every_form_of_log(call: str, form: str, keys: Keys) -> None:
    _, op_id, outcome, code, fields = ANSWERS[call]
    for reveal in (False, True):
        seen = VENDOR.decode(logged(call, form, keys), keys, reveal=reveal)
        assert (seen.call, seen.direction, seen.op_id, seen.outcome, seen.code) == (call, "out", op_id, outcome, code)
        assert seen.at.isoformat() == "2026-10-01T00:00:00+00:00"
        assert (seen.check, seen.key_id, seen.warnings) == ("unchecked", None, ())
        if not reveal:
            assert fields.items() <= seen.fields.items()
        shown = repr(seen) + str(seen.row())
        sent = dict(VENDOR.request(call, keys, session=SESSION, stamp=STAMP, **REQUESTS[call][0]).params)
        for secret in [*HIDDEN, sent.get("sign", SALT), "of-somebody.", *([] if reveal else PERSONAL)]:
            assert secret not in shown, secret
    if call == "business":
        assert seen.fields["processed_at"].isoformat() == DONE
        revealed = [seen.fields[name] for name in ("id_no", "user_name", "phone", "open_id")]
        assert revealed == PERSONAL


@pytest.mark.parametrize("call", ["access_token", "api_ticket", "business", "upload", "upload_form"])
def test_calls_without_a_url_are_known_by_what_they_say(call: str) -> None:
    """Logs of bare envelopes: a multipart body and a URL are often not logged."""
    answer, op_id, outcome, code, _ = ANSWERS[call]
    for log in ({"request": None, "response": answer}, {"request": None, "response": json.dumps(answer)}):
        seen = VENDOR.decode(log)
        assert (seen.call, seen.op_id, seen.outcome, seen.code) == (call, op_id, outcome, code)


def test_what_the_document_does_not_declare_is_described_and_not_shown(keys: Keys) -> None:
    seen = VENDOR.decode(logged("business", "objects", keys, {**BUSINESS, "extra": NAME}), keys)
    assert seen.undeclared == {"request.MERCHANT_ID": "<text, 15 characters>", "answer.extra": "<text, 2 characters>"}


def test_a_ticket_is_hidden_wherever_it_stands(keys: Keys) -> None:
    """`renew` reads a ticket from tickets, ticket or value (the seed's answer is missing): so must hiding."""
    for name in ("ticket", "value"):
        answer = {"code": "60850000", name: TICKET}
        seen = VENDOR.decode(logged("api_ticket", "objects", keys, answer), keys, reveal=True)
        assert TICKET not in repr(seen), name


# ---- contradictions of the seed


@pytest.mark.parametrize("log", [
    {"request": None, "response": LOST},
    {"request": None, "response": {"status": 200, "headers": {}, "body": LOST}},
    f'{{"requested_at":"2026-10-01T08:00:00+08:00","request":{{"ID_NO":"{ID_NO}"}},"response":{LOST}}}',
    f'{{"request":null,"response":{{"status":200,"body":{LOST}}}}}'.encode(),
    {"request": None, "response": BUSINESS},
    {"request": None, "response": {**BUSINESS, "jsonData": json.loads(BUSINESS["jsonData"])}},
], ids=["body text", "body text in a frame", "line", "line of bytes", "string", "object"])  # fmt: skip
def test_json_data_is_read_however_it_was_logged(log: object) -> None:
    """Seed 002 section 4.3: jsonData is a string with JSON in it, but the sample's inner quotes lost their backslashes.

    And it writes ConsumerseqNo where its text and its table write ConsumerSeqNo.
    """
    seen = VENDOR.decode(log)
    assert (seen.call, seen.code, seen.outcome) == ("business", "60840000", "success")
    assert seen.op_id == "23584462869882334698177803729161"
    assert (seen.fields["business_code"], seen.fields["business_message"]) == ("66590000", "交易成功")
    assert seen.fields["consumer_seq_no"] == "20170911100904727419000550615401"
    assert seen.fields["processed_at"].isoformat() == DONE
    assert seen.undeclared == {}
    lost = LOST in (log if isinstance(log, str) else log.decode() if isinstance(log, bytes) else str(log))
    assert [w for w in seen.warnings if "backslashes" in w] == list(seen.warnings)
    assert len(seen.warnings) == lost


def test_repair_leaves_what_is_right_alone() -> None:
    right = json.dumps(BUSINESS, ensure_ascii=False)
    assert repair(right) == right
    for text in ("", "{}", '"jsonData":"{', '{"jsonData":"{]}"}', '{"jsonData":"{}'):
        assert repair(text) == text


def test_both_spellings_of_consumer_seq_no() -> None:
    """Seed 002: ConsumerseqNo in the sample of section 4.3, ConsumerSeqNo in its notes."""
    for name in ("ConsumerseqNo", "ConsumerSeqNo"):
        seen = VENDOR.decode({"request": None, "response": {"BizSeqNo": "1", "code": "60840000", name: "2"}})
        assert (seen.fields["consumer_seq_no"], seen.undeclared) == ("2", {})


def test_the_business_code_decides_once_the_platform_is_well(tmp_path: Any) -> None:
    """Seed 002 section 4.3 note 3.1; which business codes are successes can be set."""
    listed = keys_of(tmp_path, TOML.replace("[[", 'business_success = ["66590001"]\n[[', 1))

    def outcome(json_data: object, keys: Keys | None = None) -> str:
        return VENDOR.decode({"request": None, "response": {**BUSINESS, "jsonData": json_data}}, keys).outcome

    assert [outcome({"CODE": c}) for c in ("66590000", "0000", "66590001")] == ["success"] * 2 + ["business_failed"]
    assert [outcome({"CODE": c}, listed) for c in ("66590000", "66590001")] == ["business_failed", "success"]
    for nothing in (None, "", "{}", "not JSON", [], 1):
        assert outcome(nothing) == "unknown"


def test_an_upload_is_well_whatever_codes_the_business_has(tmp_path: Any) -> None:
    """Seed 002 section 4.5.1: the upload's jsonData carries the platform's own 60840000, not a business code."""
    listed = keys_of(tmp_path, TOML.replace("[[", 'business_success = ["66590000"]\n[[', 1))
    assert VENDOR.decode(logged("upload", "objects", listed), listed).outcome == "success"


# ---- answers

NEVER, REFRESHED, SOON = "never", "once_refreshed", "soon"
CODES: dict[str, tuple[type[VendorError], str, str] | tuple[None, str, str]] = {  # error, retry, outcome
    "60850000": (None, "", "success"),
    "60840000": (None, "", "unknown"),  # there is no jsonData in this answer
    "60856999": (TemporaryError, SOON, "system_failed"),
    "60846999": (TemporaryError, SOON, "system_failed"),
    "60840003": (TemporaryError, SOON, "system_failed"),
    "60851001": (RequestRefusedError, NEVER, "auth_failed"),
    "60851007": (RequestRefusedError, NEVER, "auth_failed"),
    "60851009": (RequestRefusedError, NEVER, "auth_failed"),
    "60851002": (CredentialsExpiredError, REFRESHED, "auth_failed"),
    "60851003": (CredentialsExpiredError, REFRESHED, "auth_failed"),
    "60851004": (CredentialsExpiredError, REFRESHED, "auth_failed"),
    "60851005": (CredentialsExpiredError, REFRESHED, "auth_failed"),
    "60851010": (CredentialsExpiredError, REFRESHED, "auth_failed"),
    "60841017": (CredentialsExpiredError, REFRESHED, "auth_failed"),
    "60841018": (CredentialsExpiredError, REFRESHED, "auth_failed"),
    "60840110": (RequestRefusedError, NEVER, "auth_failed"),
    "60840002": (RequestRefusedError, NEVER, "rejected_input"),
}


def test_every_code_of_the_platform_is_in_the_table() -> None:
    assert set(CODES) == {row.code for row in VENDOR.tables["platform"].rows}


@pytest.mark.parametrize("code", CODES)
def test_each_code_is_its_error_and_its_outcome(code: str, keys: Keys) -> None:
    error, retry, outcome = CODES[code]
    exchange = read_exchange(logged("business", "objects", keys, {"code": code, "msg": f"for {NAME}"}))
    assert VENDOR.decode(exchange, keys).outcome == outcome
    if error is None:
        assert VENDOR.answer("business", exchange, keys).code == code
        return
    with pytest.raises(VendorError) as caught:
        VENDOR.answer("business", exchange, keys)
    assert (type(caught.value), caught.value.retry, caught.value.code) == (error, retry, code)
    assert code in str(caught.value)
    assert NAME not in str(caught.value)


def test_a_code_that_no_edition_lists_is_an_error_and_never_guessed(keys: Keys) -> None:
    exchange = read_exchange({"request": None, "response": {"code": "60849876"}})
    with pytest.raises(VendorError, match="60849876") as caught:
        VENDOR.answer("business", exchange, keys)
    assert (type(caught.value), caught.value.retry) == (VendorError, "never")
    with pytest.raises(MalformedAnswerError):
        VENDOR.answer("business", read_exchange({"request": None, "response": "<html>"}), keys)


def test_a_downloaded_file_is_checked_by_its_md5(keys: Keys) -> None:
    """Seed 002 section 4.5.2: a success is the file itself, a failure is JSON."""

    def got(raw: bytes, kind: str, body: object = None) -> Exchange:
        asked = Http("GET", "https://x/api/s/up/download", {"hashValue": hashlib.md5(CONTENT).hexdigest()})
        return Exchange(asked, Http(headers={"content-type": kind}, status=200, raw=raw, body=body))

    opened = VENDOR.answer("download", got(CONTENT, "image/jpeg"), keys)
    assert (opened.check, opened.attachments[0].reveal()) == ("ok", CONTENT)
    assert opened.attachments[0].media_type == "application/pdf"
    for place in range(len(CONTENT)):
        changed = got(CONTENT[:place] + b"\0" + CONTENT[place + 1 :], "image/jpeg")
        assert VENDOR.decode(changed, keys).check == "failed"
        with pytest.raises(MalformedAnswerError):
            VENDOR.answer("download", changed, keys)
    with pytest.raises(RequestRefusedError):
        VENDOR.answer("download", got(b"{}", "application/json;charset=UTF-8", REFUSED), keys)


# ---- reverse notifications in logs


@pytest.mark.parametrize("form", ["bare", "bare text", "framed", "framed text", "with our answer"])
def test_a_reverse_notification_is_decoded_in_every_form(form: str, keys: Keys) -> None:
    plain = encode_plain({"merchantno": "6", "ID_NO": ID_NO, "USER_NAME": NAME, "MOBILE": PHONE, "BIZ_SEQ_NO": "77"})
    body = {
        "Plain": plain, "Signature": sign_plain(plain, SALT, "1519700632680"), "Timestamp": "1519700632680",
        "transName": "T", "SeqNo": "1",
    }  # fmt: skip
    framed = {"received_at": "2026-10-01T08:00:00+08:00", "headers": {"Content-Type": "application/json"}, "body": body}
    answer = json.loads(answer_reverse(body, SALT, timestamp="1519700632680"))
    log = {
        "bare": body, "bare text": json.dumps(body), "framed": framed,
        "framed text": json.dumps({**framed, "body": json.dumps(body)}),
        "with our answer": {"request": body, "response": answer},
    }[form]  # fmt: skip
    seen = VENDOR.decode(log, keys)
    assert (seen.call, seen.direction, seen.check, seen.op_id) == ("reverse", "in", "ok", "77")
    fields = {n: seen.fields[n] for n in ("trans_name", "seq_no", "id_no", "user_name", "phone", "merchant_no")}
    assert list(fields.values()) == ["T", "1", "9999************3X", "张*", "138****5678", "6"]
    if form == "with our answer":
        assert (seen.code, seen.outcome, seen.fields["answer_check"]) == ("0000", "success", "ok")
    shown = repr(seen) + repr(VENDOR.decode(log, keys, reveal=True))
    assert not any(s in shown for s in (body["Signature"], answer["Signature"], plain, SALT))
    assert VENDOR.decode(log, keys, reveal=True).fields["id_no"] == ID_NO
    assert VENDOR.decode(log).check == "unchecked"


def test_what_is_no_id_in_a_list_of_files_is_not_shown(keys: Keys) -> None:
    """A derived line is shown as it is, so only ids and hashes may get into it."""
    answer = {"code": "60840000", "transactionTime": "00010101000000", "fileList": [{"fileId": {"name": NAME}}, {}]}
    seen = VENDOR.decode({"response": answer}, keys)
    assert seen.fields["files"] == "? (MD5 ?), ? (MD5 ?)"
    assert "processed_at" not in seen.fields, "a time before the calendar begins in UTC"
    assert NAME not in repr(seen)
