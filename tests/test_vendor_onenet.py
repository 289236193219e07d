"""OneNET (seed 003, onenet.md): known answers both ways, tampering, the document's contradictions, decoding."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, unquote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from vendor_bench import WORDS, assert_hidden, forms, keys_of, known, received

from idvtools import errors
from idvtools.crypto.digests import to_base64
from idvtools.vendors.base import Keys, Stamp, read_exchange
from idvtools.vendors.onenet import PUSH_ANSWER, VENDOR, authorization, check_authorization, is_allowed_move

VECTORS = known("onenet")
TOKENS: list[dict[str, Any]] = VECTORS["tokens"]
ACCESS_KEY, HEADER = TOKENS[1]["access_key_b64"], TOKENS[1]["authorization"]
HOST = "https://api.heclouds.com"
URL = HOST + "/real_name_reg/auth_url"
SEQ, OTHER_SEQ = "OneNET20200408231042000087", "OneNET20200404161716000047"
ID_NO, NAME, PHONE, ADDRESS = "500104199903302500", "六三", "15522223333", "重庆市大渡口区一号"
ASKED = {"user_id": 38453, "phone": PHONE, "callback_url": "http://api.heclouds.com/callback?secret=hush-callback"}
LINK = "http://127.0.0.1:9090/edcreg/standardWeChat/signTheCheck"
ANSWER = {
    "errno": 0,
    "error": "succ",
    "data": {"auth_url": f"{LINK}?requestSource=230030&param=hush-param&signature=hush-signature", "busi_seq": SEQ},
}
RESULT = {
    "auditStatus": "0", "transactionID": "23003020200404161716000047", "busiSeq": SEQ, "phone": PHONE,
    "responseTime": 1583570441871, "auditMessage": "认证成功",
}  # fmt: skip
PERSON = {
    "custName": NAME, "custCertNo": ID_NO, "custCertAddr": ADDRESS, "gender": "1", "nation": "汉",
    "birthday": 922752000000, "issuingAuthority": "双凤桥公安局", "certValidDate": 1583570441871,
    "certExpDate": 1899190041871, "createTime": 1583570441871, "modifyTime": 1583570441871, "busiSeq": SEQ,
    "channelId": "OneNET",
}  # fmt: skip
CLEAR = (ID_NO, NAME, PHONE, ADDRESS, "双凤桥公安局", "1999, 3, 30", "male")
SECRETS = (ACCESS_KEY, "hush-", TOKENS[1]["sign"], quote(TOKENS[1]["sign"], safe=""))
STATUSES = {"0": "success", "1": "pending", "2": "rejected", "3": "success", "4": "rejected"}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return keys_of(tmp_path_factory.mktemp("ws"), "onenet", "38453", HOST, {"access_key": ACCESS_KEY})


def push(second: str | None = "custInfo", person: dict[str, Any] | None = None, **result: object) -> dict[str, Any]:
    return {"auditResult": RESULT | result} | ({second: PERSON | (person or {})} if second else {})


def log(**answer: object) -> dict[str, Any]:
    return {"request": ASKED, "response": ANSWER | answer}


# ---- known answers


def test_every_key_of_the_known_answers_is_used() -> None:
    assert set(VECTORS) == {"note", "tokens"}
    assert [t["method"] for t in TOKENS] == ["md5", "sha1", "sha256"]
    used = {"method", "access_key_b64", "et", "res", "version", "sign", "authorization"}
    assert all(set(t) == used for t in TOKENS)


@pytest.mark.parametrize("token", TOKENS, ids=lambda t: t["method"])
def test_the_known_tokens_both_ways(token: dict[str, Any]) -> None:
    made = authorization(token["access_key_b64"], token["et"], token["method"], token["res"])
    assert made == token["authorization"]
    assert check_authorization(token["authorization"], token["access_key_b64"])
    parts = dict(part.split("=") for part in made.split("&"))
    assert (parts["version"], unquote(parts["sign"])) == (token["version"], token["sign"])


# ---- tampering and properties


@pytest.mark.parametrize("token", TOKENS, ids=lambda t: t["method"])
def test_no_changed_token_passes(token: dict[str, Any], keys: Keys) -> None:
    """Any char of the header: version, resource, expiry, method, signature, and the names; through a log, too."""
    given_ = token["authorization"]
    texts = [given_[:i] + ("x" if c != "x" else "y") + given_[i + 1 :] for i, c in enumerate(given_)]
    texts += [given_[:i] for i in range(len(given_))] + [given_ + "A", given_ + f"&et={token['et']}", given_ + "&res="]
    texts.append(given_.replace(f"et={token['et']}", f"et={token['et'] + 1}"))
    assert [t for t in texts if check_authorization(t, ACCESS_KEY)] == []
    for text in filter(None, texts[::9]):
        http = {"url": URL, "headers": {"Authorization": text}, "body": ASKED}
        assert VENDOR.decode({"request": http, "response": ANSWER}, keys).check == "failed"


METHODS = st.sampled_from(["md5", "sha1", "sha256"])


@given(WORDS, WORDS, st.integers(0, 9**12), METHODS, st.text(min_size=1))
def test_a_token_holds_under_its_own_key_only(a: str, b: str, until: int, method: Any, res: str) -> None:
    assume(a != b)
    made = authorization(a.encode(), until, method, res)
    assert made == authorization(to_base64(a.encode()), until, method, res)
    assert check_authorization(made, a.encode())
    assert not check_authorization(made, b.encode())


# ---- what the document contradicts


@pytest.mark.parametrize("second", ["custInfo", "auditInfo"])
def test_both_names_of_the_second_object(second: str, keys: Keys) -> None:
    """Seed 003: auditInfo in the table, custInfo in the sample; chosen: either is read, and nothing is left over."""
    got = VENDOR.decode(push(second), keys, reveal=True)
    assert (got.call, got.op_id, got.outcome, got.warnings) == ("push", SEQ, "success", ())
    assert (got.fields["user_name"], got.fields["id_no"]) == (NAME, ID_NO)
    assert got.undeclared == {}


def test_if_both_are_there_that_is_said(keys: Keys) -> None:
    got = VENDOR.decode({**push(), "auditInfo": PERSON | {"custName": "七四"}}, keys, reveal=True)
    assert got.fields["user_name"] == "七四"
    assert got.warnings == ("both auditInfo and custInfo are there; auditInfo was read",)
    assert_hidden(VENDOR.decode({**push(), "auditInfo": {"custName": "七四"}}, keys), "七四", *CLEAR)


def test_two_differing_busi_seq(keys: Keys) -> None:
    """Seed 003: they differ in its own sample; chosen: auditResult's is the operation, and the other one is shown."""
    got = VENDOR.decode(push(person={"busiSeq": OTHER_SEQ}), keys)
    assert (got.op_id, got.fields["busi_seq"], got.fields["person_busi_seq"]) == (SEQ, SEQ, OTHER_SEQ)
    assert got.warnings == ("the two busiSeq differ; the one of auditResult is the operation's",)
    alone = push(person={"busiSeq": OTHER_SEQ})
    del alone["auditResult"]["busiSeq"]
    assert VENDOR.decode(alone, keys).op_id == OTHER_SEQ


@pytest.mark.parametrize("unit", [1, 1000])
def test_times_in_seconds_or_milliseconds(unit: int, keys: Keys) -> None:
    """Seed 003: "Unix timestamp", 13 digits in the sample; chosen: told apart by magnitude, shown in UTC.

    What is a date in life (birthday, validity) is told as the date in China: midnight there is the day before in UTC.
    """
    times = {"birthday": 922723200, "certValidDate": 1583570441, "certExpDate": 1899190041, "createTime": 1583570441}
    sent = {name: seconds * unit for name, seconds in times.items()}
    got = VENDOR.decode(push(person=sent, responseTime=1583570441 * unit), keys, reveal=True).fields
    assert str(got["answered_at"]) == str(got["created_at"]) == "2020-03-07 08:40:41+00:00"
    assert (got["birthday"], got["id_valid_from"], got["id_valid_to"]) == ("1999-03-30", "2020-03-07", "2030-03-08")


BIRTHDAYS = [(1935, -1104537600), (1966, -99360000), (1968, -63158400), (1971, 31536000), (1973, 94694400)]


@pytest.mark.parametrize("unit", [1, 1000])
@pytest.mark.parametrize(("year", "seconds"), BIRTHDAYS)
def test_a_birthday_near_1970_in_either_unit(year: int, seconds: int, unit: int, keys: Keys) -> None:
    """Seed 003: birthday is a timestamp as well; in milliseconds that of someone born about 1970 has few digits."""
    sent = push(person={"birthday": seconds * unit}, responseTime=1583570441 * unit)
    got = VENDOR.decode(sent, keys, reveal=True)
    assert str(got.fields.get("birthday"))[:4] == str(year)


def test_user_id_is_an_int_that_logs_may_have_as_text(keys: Keys) -> None:
    """Seed 003: user_id is an int, the uid that names the app's keys; chosen: both are read, the int is sent."""
    for user_id in (38453, "38453"):
        http = {"url": URL, "headers": {"authorization": HEADER}, "body": ASKED | {"user_id": user_id}}
        assert VENDOR.decode({"request": http, "response": ANSWER}, keys).check == "ok"
    request = VENDOR.request("auth_url", keys, phone=PHONE, callback_url="http://x")
    assert json.loads(request.body or b"")["user_id"] == 38453
    with pytest.raises(errors.InputError, match="user_id"):
        VENDOR.request("auth_url", keys, phone=PHONE, callback_url="http://x", user_id=38454)


def test_allowed_moves() -> None:
    """Seed 003 lists five statuses; chosen (onenet.md): 1 to 0 or 2, 0 to 3 or 4, and no other; strings or ints."""
    allowed = {(a, b) for a in range(-1, 6) for b in range(-1, 6) if is_allowed_move(a, str(b))}
    assert allowed == {(1, 0), (1, 2), (0, 3), (0, 4)}
    assert not any(is_allowed_move(a, b) for a, b in [(None, "0"), ("0", None), (None, None), (True, 0), ([], {})])


@pytest.mark.parametrize("status", STATUSES)
def test_the_outcome_of_every_status(status: str, keys: Keys) -> None:
    """Seed 003: a string; chosen: an int is the same status."""
    for value in (status, int(status)):
        got = VENDOR.decode(push(auditStatus=value), keys)
        assert (got.code, got.outcome) == (status, STATUSES[status])
    assert set(STATUSES) == {row.code for row in VENDOR.tables["audit_status"].rows}


def test_the_outcome_of_every_error(keys: Keys) -> None:
    """Seed 003 lists 0 only; chosen: any other is a failure that the vendor has to explain, and is not sent again."""
    assert {row.code: row.outcome for row in VENDOR.tables["error"].rows} == {"0": "success"}
    for ok in (0, "0"):
        assert VENDOR.answer("auth_url", read_exchange(log(errno=ok)), keys).op_id == SEQ
    for code in (10, "10"):
        failed = {"request": ASKED, "response": {"errno": code, "error": f"no user with {PHONE}"}}
        got = VENDOR.decode(failed, keys)
        assert (got.code, got.outcome, got.op_id) == ("10", "business_failed", None)
        assert_hidden(got, PHONE)
        with pytest.raises(errors.VendorError) as caught:
            VENDOR.answer("auth_url", read_exchange(failed), keys)
        assert (caught.value.code, caught.value.retry) == ("10", "never")
        assert_hidden(caught.value, *CLEAR, *SECRETS)
    with pytest.raises(errors.MalformedAnswerError):
        VENDOR.answer("auth_url", read_exchange({"request": ASKED, "response": None}), keys)


# ---- decoding


@pytest.mark.parametrize(("name", "logged"), list(forms(ASKED, ANSWER, URL, {"Authorization": HEADER})))
def test_every_form_of_a_log_gives_the_same_record(name: str, logged: Any, keys: Keys) -> None:
    got = VENDOR.decode(logged, keys)
    assert (got.vendor, got.call, got.op_id, got.outcome, got.code) == ("onenet", "auth_url", SEQ, "success", "0")
    assert (got.check, got.warnings, got.undeclared) == ("ok" if name.startswith("http") else "unchecked", (), {})
    assert str(got.at) == "2026-10-01 00:00:00+00:00"
    for reveal, phone in ((False, "155****3333"), (True, PHONE)):
        got = VENDOR.decode(logged, keys, reveal=reveal)
        assert got.fields == {
            "user_id": 38453, "phone": phone, "callback_url": "http://api.heclouds.com/callback", "error_code": 0,
            "error_message": "succ", "busi_seq": SEQ, "auth_url": LINK,
        }  # fmt: skip
        assert_hidden((got, got.row()), *SECRETS)


@pytest.mark.parametrize(("name", "logged"), list(received(push())))
def test_every_form_of_a_push_gives_the_same_record(name: str, logged: Any, keys: Keys) -> None:
    got = VENDOR.decode(logged, keys)
    assert (got.call, got.direction, got.op_id, got.code, got.outcome) == ("push", "in", SEQ, "0", "success")
    assert (got.code_name_zh, got.check, got.warnings, got.undeclared) == ("认证通过", "unchecked", (), {})
    assert (got.at is not None) == name.startswith("received")
    assert got.fields["id_no"] == "5001************00"
    assert (got.fields["user_name"], got.fields["phone"]) == ("六*", "155****3333")
    assert {got.fields[n] for n in ("address", "gender", "nation", "birthday", "id_authority")} == {"***"}
    assert_hidden((got, got.row()), *CLEAR)
    clear = VENDOR.decode(logged, keys, reveal=True).fields
    assert [clear[n] for n in ("id_no", "user_name", "phone", "address")] == [ID_NO, NAME, PHONE, ADDRESS]
    assert (clear["gender"], clear["status"], clear["message"]) == ("male", "0", "认证成功")


def test_gender_is_0_female_1_male_and_nothing_is_guessed(keys: Keys) -> None:
    for value, word in (("0", "female"), (0, "female"), (1, "male"), ("7", "unknown (7)")):
        assert VENDOR.decode(push(person={"gender": value}), keys, reveal=True).fields["gender"] == word


def test_what_is_undeclared_is_described_not_shown(keys: Keys) -> None:
    got = VENDOR.decode({**push(person={"openid": "open-id-of-somebody"}), "extra": {"a": [NAME]}}, keys)
    assert got.undeclared == {"request.extra.a": "<list, 1 items>", "data.openid": "<text, 19 characters>"}
    assert_hidden(got, "open-id-of-somebody", *CLEAR)


# ---- requests


@pytest.mark.parametrize("token", TOKENS, ids=lambda t: t["method"])
def test_a_request_is_what_the_seed_shows(token: dict[str, Any], tmp_path: Any) -> None:
    keys = keys_of(tmp_path, "onenet", "38453", HOST, {"access_key": ACCESS_KEY}, method=token["method"])
    stamp = Stamp((token["et"] - 600) * 1000 + 999, "")
    request = VENDOR.request("auth_url", keys, phone=PHONE, callback_url=ASKED["callback_url"], stamp=stamp)
    assert (request.method, request.url, request.params, request.files) == ("POST", URL, (), ())
    assert {k: v.partition(";")[0] for k, v in request.headers.items()} == {
        "Content-Type": "application/json",
        "Authorization": token["authorization"],
    }
    assert json.loads(request.body or b"") == ASKED
    assert_hidden(request, PHONE, *SECRETS)


def test_what_we_answer_to_a_push() -> None:
    assert json.loads(PUSH_ANSWER) == {"errno": 0, "error": "succ"}
