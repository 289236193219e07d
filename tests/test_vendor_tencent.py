"""Tencent (seed 001, tencent.md): known answers both ways, tampering, the document's contradictions, decoding."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from vendor_bench import AT, JSON, WORDS, assert_hidden, forms, keys_of, known, received

from idvtools import errors
from idvtools.vendors.base import Keys, Stamp, read_exchange
from idvtools.vendors.tencent import VENDOR, check_signature, decrypt_data, encrypt_data, signature

VECTORS = known("tencent")
SIGNED, SEALED = VECTORS["signature"], VECTORS["data"]
SECRET, SIGNATURE, KEY = SIGNED["secret"], SIGNED["signature"], SEALED["key"].encode()
MODES = {"aes-256-ecb": SEALED["aes_256_ecb_b64"], "aes-256-cbc": SEALED["aes_256_cbc_zero_iv_b64"]}
HOST, PATH = "https://iauth-test.wecity.qq.com", "/new/cgi-bin/getdetectinfo.php"
TOKEN, ID_NO, NAME, PHONE = "7f3c1a52-0d6e-4b1c-9a55-2f0f1c6f7a10", "450111199401010017", "张三丰", "15912345678"
ADDRESS, VALIDATE = "广东省深圳市南山区一号", "validatedata-3344"
#: The seed's sample of what `info_type` 1 gives.
PERSON: dict[str, Any] = {
    "ID": ID_NO, "name": NAME, "phone": PHONE, "sex": "男", "nation": "汉", "ID_address": ADDRESS,
    "ID_birth": "19940101", "ID_authority": "南山公安局", "ID_valid_date": "2014.01.01-2034.01.01",
    "validatedata": VALIDATE, "yt_errorcode": 0, "yt_errormsg": "通过", "livestatus": 0, "livemsg": "OK",
    "comparestatus": 0, "comparemsg": "OK", "type": 0,
}  # fmt: skip
FILES = {
    "frontpic": (b"\xff\xd8\xff front of the card", "image/jpeg"), "backpic": (b"\x89PNG\r\n\x1a\n back", "image/png"),
    "videopic1": (b"BM first", "image/bmp"), "videopic2": (b"BM second", "image/bmp"),
    "videopic3": (b"nothing known", "application/octet-stream"), "video": (b"\0\0\0\x18ftypmp42 film", "video/mp4"),
}  # fmt: skip
CLEAR = (ID_NO, NAME, PHONE, ADDRESS, "南山公安局", "19940101")
SECRETS = (VALIDATE, SIGNATURE, SECRET, SEALED["key"])
RESULTS = {
    "0": "success", "601": "system_failed", "602": "rejected", "603": "rejected", "604": "rejected",
    "605": "system_failed", "606": "system_failed", "607": "capture_failed", "608": "capture_failed",
    "609": "capture_failed", "610": "capture_failed", "611": "capture_failed", "612": "capture_failed",
}  # fmt: skip
REFUSED, SIGNING, TEMPORARY = errors.RequestRefusedError, errors.SignatureRefusedError, errors.TemporaryError
GATEWAY: dict[str, tuple[str, type[errors.VendorError] | None]] = {
    "0": ("success", None), "1": ("rejected_input", REFUSED), "2": ("rejected_input", REFUSED),
    "3": ("auth_failed", SIGNING), "4": ("auth_failed", SIGNING), "5": ("rejected_input", REFUSED),
    "6": ("auth_failed", SIGNING), "7": ("auth_failed", REFUSED), "8": ("system_failed", TEMPORARY),
    "9": ("auth_failed", REFUSED), "10": ("system_failed", TEMPORARY), "11": ("rejected_input", REFUSED),
    "12": ("auth_failed", REFUSED), "13": ("rejected_input", REFUSED), "14": ("rejected_input", REFUSED),
}  # fmt: skip
Make = Callable[..., Keys]


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    def opened(cipher: str = "aes-256-ecb") -> Keys:
        secrets = {"secret_key": SECRET, "result_key": SEALED["key"]}
        return keys_of(tmp_path_factory.mktemp("ws"), "tencent", "4396", HOST, secrets, cipher=cipher)

    return opened


@pytest.fixture(scope="module")
def keys(make: Make) -> Keys:
    return make()


def seal(value: object, cipher: Any = "aes-256-ecb") -> str:
    return encrypt_data(json.dumps(value, default=str), KEY, cipher)


def log(data: object = PERSON, cipher: str = "aes-256-ecb", answer: object = 0, **asked: object) -> dict[str, Any]:
    """A logged call: our request and the answer, with `data` sealed."""
    response = {"errorcode": answer, "errormsg": "success"} | ({} if data is None else {"data": seal(data, cipher)})
    return {"request": {"token": TOKEN, "appid": "4396", "info_type": 1, **asked}, "response": response}


def http(body: object, kind: str = "application/json") -> dict[str, Any]:
    return {
        "method": "post",
        "url": HOST + PATH,
        "headers": {"Signature": SIGNATURE, "Content-Type": kind},
        "body": body,
    }


# ---- known answers


def test_every_key_of_the_known_answers_is_used() -> None:
    assert {k: set(v) for k, v in VECTORS.items()} == {
        "signature": {"note", "appid", "api_name", "t", "e", "secret", "signature"},
        "data": {"note", "key", "plain", "aes_256_ecb_b64", "aes_256_cbc_zero_iv_b64"},
    }


def test_the_known_signature_both_ways() -> None:
    assert signature(SIGNED["appid"], SIGNED["api_name"], SECRET, SIGNED["e"], SIGNED["t"]) == SIGNATURE
    assert check_signature(SIGNATURE, SECRET)
    assert base64.b64decode(SIGNATURE)[20:] == b"a=4396&m=getdetectinfo&t=1427786065&e=600"


@pytest.mark.parametrize("cipher", MODES)
def test_the_known_data_both_ways(cipher: Any) -> None:
    assert encrypt_data(SEALED["plain"], KEY, cipher) == MODES[cipher]
    assert decrypt_data(MODES[cipher], KEY, cipher) == json.loads(SEALED["plain"])


@pytest.mark.parametrize("breaks", [base64.encodebytes, lambda b: base64.encodebytes(b).replace(b"\n", b"\r\n")])
def test_line_breaks_inside_the_base64_of_data_are_dropped(breaks: Callable[[bytes], bytes], keys: Keys) -> None:
    """Seed 001 says base64(aes(data)) and no more; encoders that break lines occur (tencent.md +), so both are read."""
    text = breaks(base64.b64decode(MODES["aes-256-ecb"])).decode()
    assert text.count("\n") > 1
    assert decrypt_data(text, KEY) == json.loads(SEALED["plain"])
    got = VENDOR.decode({**log(), "response": {"errorcode": 0, "data": text}}, keys, reveal=True)
    assert (got.fields["user_name"], got.warnings) == ("张三", ())


# ---- tampering and properties


def test_no_changed_signature_passes(keys: Keys) -> None:
    """Any char of the text; any byte of MAC, appid, api name, timestamp and lifetime; also through a log."""
    texts = [SIGNATURE[:i] + ("A" if c != "A" else "B") + SIGNATURE[i + 1 :] for i, c in enumerate(SIGNATURE)]
    texts += [SIGNATURE[:i] for i in range(len(SIGNATURE))]
    raw = base64.b64decode(SIGNATURE)
    texts += [base64.b64encode(raw[:i] + bytes([b ^ 1]) + raw[i + 1 :]).decode() for i, b in enumerate(raw)]
    texts += [SIGNATURE + "A", SIGNATURE + "\n", SIGNATURE.replace("=", ""), base64.urlsafe_b64encode(raw).decode()[1:]]
    assert [t for t in texts if check_signature(t, SECRET)] == []
    for text in texts[:: len(texts) // 25]:
        logged = {**log(), "request": {**http(log()["request"]), "headers": {"signature": text}}}
        assert VENDOR.decode(logged, keys).check in (("failed",) if text else ("unchecked",))


def test_a_changed_appid_is_never_checked_as_ours(keys: Keys) -> None:
    for i in range(4):
        body = log()["request"] | {"appid": "4396"[:i] + "x" + "4396"[i + 1 :]}
        assert VENDOR.decode({**log(), "request": http(body)}, keys).check != "ok"


@given(st.dictionaries(st.text(), JSON), st.binary(min_size=32, max_size=32), st.sampled_from(sorted(MODES)))
def test_decrypting_undoes_encrypting(value: dict[str, Any], key: bytes, cipher: Any) -> None:
    assert decrypt_data(encrypt_data(json.dumps(value, ensure_ascii=False), key, cipher), key, cipher) == value


@given(WORDS, WORDS, WORDS, st.integers(1, 9**9), st.integers(0, 9**12))
def test_a_signature_holds_under_its_own_secret_only(a: str, b: str, appid: str, lifetime: int, now: int) -> None:
    assume(a != b)
    made = signature(appid, "getdetectinfo", a, lifetime, now)
    assert check_signature(made, a)
    assert not check_signature(made, b)


# ---- what the document contradicts


@pytest.mark.parametrize("code", RESULTS)
def test_result_codes_as_strings_and_as_integers(code: str, keys: Keys) -> None:
    """Seed 001: errCode of the redirect is a String, yt_errorcode an Int; chosen: one code, whatever its type."""
    body = {"token": TOKEN, "errCode": code}
    back = [logged for message in (body, {"extraData": body}) for _, logged in received(message)]
    for logged in [*back, {"token": TOKEN, "errCode": int(code)}]:
        got = VENDOR.decode(logged, keys)
        assert (got.call, got.op_id, got.code, got.outcome) == ("return", TOKEN, code, RESULTS[code])
        assert (got.check, got.direction) == ("unchecked", "in")
    for value in (code, int(code)):
        got = VENDOR.decode(log(PERSON | {"yt_errorcode": value}), keys)
        assert (got.call, got.op_id, got.code, got.outcome) == ("fetch", TOKEN, code, RESULTS[code])
    assert set(RESULTS) == {row.code for row in VENDOR.tables["result"].rows}


@pytest.mark.parametrize("code", GATEWAY)
def test_gateway_codes_as_strings_and_as_integers(code: str, keys: Keys) -> None:
    """Seed 001: errorcode is 0 in the sample and a String in the list of codes; chosen: one code."""
    outcome, error = GATEWAY[code]
    for value in (code, int(code)):
        logged = log(PERSON if code == "0" else None, answer=value)
        got = VENDOR.decode(logged, keys)
        assert (got.code, got.outcome) == (code, outcome)
        if error is None:
            assert VENDOR.answer("fetch", read_exchange(logged), keys).op_id == TOKEN
            continue
        with pytest.raises(errors.VendorError) as caught:
            VENDOR.answer("fetch", read_exchange(logged), keys)
        assert type(caught.value) is error
        assert (caught.value.code, caught.value.retry) == (code, "soon" if error is TEMPORARY else "never")
    assert set(GATEWAY) == {row.code for row in VENDOR.tables["gateway"].rows}


def test_a_call_that_went_well_says_nothing_on_the_person_while_its_data_is_closed() -> None:
    got = VENDOR.decode(log())
    assert (got.code, got.outcome, got.key_id) == ("0", "unknown", None)
    assert "result_key" in got.warnings[0]


@pytest.mark.parametrize("code", [99, "-1", None, True])
def test_a_code_of_no_edition_is_unknown_and_an_error(code: object, keys: Keys) -> None:
    assert VENDOR.decode(log(None, answer=code), keys).outcome == "unknown"
    with pytest.raises(errors.VendorError) as caught:
        VENDOR.answer("fetch", read_exchange(log(None, answer=code)), keys)
    assert isinstance(caught.value, errors.MalformedAnswerError) == (code in (None, True))


@pytest.mark.parametrize("info_type", [1, "1", 0, "0"])
def test_info_type_as_int_and_as_string(info_type: object, keys: Keys) -> None:
    """Seed 001: the type is Int, the text quotes "0" and "1"; chosen: logs may have either, ours sends the Int."""
    got = VENDOR.decode(log(info_type=info_type), keys)
    assert (got.fields["info_type"], got.outcome) == (info_type, "success")
    request = VENDOR.request("fetch", keys, token=TOKEN, info_type=info_type)
    assert json.loads(request.body or b"")["info_type"] == int(str(info_type))


@pytest.mark.parametrize("real", MODES)
@pytest.mark.parametrize("setting", MODES)
@pytest.mark.parametrize("asked", [None, 2, "2", 3, "3"])
def test_the_cipher_that_the_seed_does_not_name(asked: object, setting: str, real: str, make: Make) -> None:
    """Seed 001 says "aes" only; chosen: crypt_type (+), else the setting; if that is wrong, the other, with a word."""
    expected = setting if asked is None else {"2": "aes-256-cbc", "3": "aes-256-ecb"}[str(asked)]
    got = VENDOR.decode(log(cipher=real, **({} if asked is None else {"crypt_type": asked})), make(setting))
    assert (got.outcome, got.key_id, got.fields["result_code"]) == ("success", "result_key", 0)
    assert [real in text for text in got.warnings] == ([] if real == expected else [True])


def test_results_that_contradict_each_other(keys: Keys) -> None:
    """Seed 001 has three statuses in one result; chosen: the first that is not 0 decides, with a warning."""
    got = VENDOR.decode(log(PERSON | {"livestatus": 602, "comparestatus": "604"}), keys)
    assert (got.code, got.outcome) == ("602", "rejected")
    assert "livestatus and comparestatus" in got.warnings[0]


# ---- decoding


def all_forms() -> Iterator[tuple[str, Any]]:
    asked, answer = log()["request"], log()["response"]
    yield from forms(asked, answer, HOST + PATH, http(None)["headers"])
    yield "form", {"requested_at": AT, "request": urlencode(asked), "response": json.dumps(answer)}
    form = http(urlencode(asked), "application/x-www-form-urlencoded")
    yield "http, form", {"requested_at": AT, "request": form, "response": answer}


@pytest.mark.parametrize(("name", "logged"), list(all_forms()))
def test_every_form_of_a_log_gives_the_same_record(name: str, logged: Any, keys: Keys) -> None:
    got = VENDOR.decode(logged, keys)
    assert (got.vendor, got.call, got.op_id, got.outcome, got.code) == ("tencent", "fetch", TOKEN, "success", "0")
    assert (got.code_name_zh, got.key_id, got.warnings) == ("成功", "result_key", ())
    assert got.check == ("ok" if name.startswith("http") else "unchecked")
    assert str(got.at) == "2026-10-01 00:00:00+00:00"
    assert got.fields["id_no"] == "4501************17"
    assert (got.fields["user_name"], got.fields["phone"]) == ("张**", "159****5678")
    assert {got.fields[n] for n in ("address", "sex", "nation", "birthday", "id_authority", "id_valid")} == {"***"}
    assert_hidden((got, got.row()), *CLEAR, *SECRETS)
    clear = VENDOR.decode(logged, keys, reveal=True)
    assert [clear.fields[n] for n in ("id_no", "user_name", "phone", "address")] == [ID_NO, NAME, PHONE, ADDRESS]
    assert clear.fields["validate_data"] == "***"
    assert_hidden((clear, clear.row()), *SECRETS)


def test_buffers_become_attachments_and_stand_nowhere_else(keys: Keys) -> None:
    buffers = {name: base64.b64encode(content).decode() for name, (content, _) in FILES.items()}
    for reveal in (False, True):
        got = VENDOR.decode(log(PERSON | buffers, info_type=0), keys, reveal=reveal)
        assert {a.name: (a.media_type, a.size, a.sha256) for a in got.attachments} == {
            name: (kind, len(content), hashlib.sha256(content).hexdigest()) for name, (content, kind) in FILES.items()
        }
        assert [a.reveal() for a in got.attachments] == [content for content, _ in FILES.values()]
        assert not set(FILES) & (set(got.fields) | {path.rpartition(".")[2] for path in got.undeclared})
        assert_hidden((got, got.row()), *buffers.values(), *(repr(content)[2:-1] for content, _ in FILES.values()))
    got = VENDOR.decode(log(PERSON | {"video": "no Base64!", "frontpic": ""}), keys)
    assert (got.attachments, got.warnings) == ((), ("video is not Base64 text; it was left out",))


def test_an_undeclared_field_is_described_not_shown(keys: Keys) -> None:
    got = VENDOR.decode(log(PERSON | {"openid": "open-id-of-somebody", "more": {"sim2": [1]}}), keys)
    assert got.undeclared == {"data.openid": "<text, 19 characters>", "data.more.sim2": "<list, 1 items>"}
    assert_hidden(got, "open-id-of-somebody")


# ---- requests


def test_a_request_is_what_the_seed_shows(keys: Keys) -> None:
    request = VENDOR.request("fetch", keys, token=TOKEN, stamp=Stamp(1427786065999, ""))
    assert (request.method, request.url, request.params, request.files) == ("POST", HOST + PATH, (), ())
    headers = {k.lower(): v.partition(";")[0] for k, v in request.headers.items()}
    assert headers == {"content-type": "application/json", "signature": SIGNATURE}
    assert json.loads(request.body or b"") == {"token": TOKEN, "appid": "4396", "info_type": 1}
    assert_hidden(request, TOKEN, *SECRETS)
