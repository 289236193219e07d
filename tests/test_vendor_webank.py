"""WeBank: published answers both ways, signatures that must break, requests, answers, reverse notifications, logs."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import string
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from idvtools import vendors
from idvtools.errors import (
    InputError,
)
from idvtools.settings import load
from idvtools.vendors.base import Keys, Stamp, open_keys
from idvtools.vendors.webank import (
    LEGACY,
    VENDOR,
    answer_reverse,
    check_file,
    check_reverse,
    encode_plain,
    file_hash,
    sign,
    sign_plain,
)

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "vectors" / "webank.json").read_text("utf-8"))
APP, SECRET, SALT, TICKET = "wxhiw5xt6q4qtmwcrn", "app-secret-of-ours", "salt-of-ours", "ticket-of-today"
STAMP = Stamp(1790000000000, "489c60c97daef599efd10cfda46860a1")
ID_NO, NAME, PHONE, OPEN_ID = "99999919900307123X", "张三", "13812345678", "open-id-of-somebody"
TOML = f"""
[vendors.webank]
base_url = "https://capapi.example.com"
files_url = "https://capup.example.com"
[[vendors.webank.apps]]
id = "{APP}"
secret = {{env = "SECRET"}}
salt = {{env = "SALT"}}
"""


def keys_of(folder: Path, toml: str = TOML) -> Keys:
    (folder / "idvtools.toml").write_text(toml, encoding="utf-8")
    found = load(folder, {"SECRET": SECRET, "SALT": SALT}, shapes=vendors.shapes())
    return open_keys(found.vendor("webank"), "webank")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return keys_of(tmp_path_factory.mktemp("webank"))


# ---- signatures of our calls


@pytest.mark.parametrize("vector", VECTORS["sign"], ids=lambda v: v["note"])
def test_published_signatures_in_any_order_with_nulls_dropped(vector: dict[str, Any]) -> None:
    values = vector["values"]
    parts = sorted([*(v for v in values if v is not None), vector["ticket"]])
    assert hashlib.sha1("".join(parts).encode()).hexdigest().upper() == vector["sign"]
    for order in itertools.permutations(values):
        assert sign(order, vector["ticket"]) == vector["sign"]
    assert sign([*values, None, None], vector["ticket"]) == vector["sign"]
    assert sign([*values, ""], vector["ticket"]) == vector["sign"]  # empty is not null, but adds nothing


@pytest.mark.parametrize("vector", VECTORS["sign"], ids=lambda v: v["note"])
def test_any_character_of_what_is_signed_changes_the_signature(vector: dict[str, Any]) -> None:
    values = [v for v in vector["values"] if v is not None]
    texts = [*values, vector["ticket"]]
    for which, text in enumerate(texts):
        for place in range(len(text)):
            changed = [*texts]
            changed[which] = text[:place] + ("x" if text[place] != "x" else "y") + text[place + 1 :]
            assert sign(changed[:-1], changed[-1]) != vector["sign"], (which, place)


def test_values_are_sorted_by_utf_16_code_unit_as_java_does() -> None:
    astral, halfwidth = "\U00020bb7", "\uffdc"
    assert sorted([astral, halfwidth]) == [halfwidth, astral]  # Python's order, by code point
    wanted = hashlib.sha1(f"a{astral}{halfwidth}".encode()).hexdigest().upper()
    assert sign([halfwidth, astral], "a") == sign([astral, halfwidth], "a") == wanted


def test_the_worked_example_of_seed_002_section_4_4() -> None:
    """The joined text is the seed's. Its signature (07DC5F50…) is not tested: no reading of the body gives it.

    The seed prints the body three times with letters that differ (``oAUZp5LGZWCXKP1k7m8N16TK1aC8``,
    ``0AUZp5…``, ``wx_OPEN_ID``), and the blanks between its tokens are the printer's.
    """
    body = '{"REQUEST_TIME": "20190829163531", "SERVICE_CODE": "10002", "WX_OPEN_ID": "oAUZp5LGZWCXKP1k7m8N16TK1aC8"}'
    ticket = "58b8ea10e5487b88e555feec27fb48201fd788c05b2d424234537b73c7282b70"
    joined = f"2.0.0489c60c97daef599efd10cfda46860a1{ticket}{APP}{body}"
    found = sign([APP, "2.0.0", STAMP.nonce, None, body], ticket)
    assert found == hashlib.sha1(joined.encode()).hexdigest().upper()
    assert len(found) == 40
    assert set(found) <= set("0123456789ABCDEF")


# ---- what WeBank sends to us

REVERSE: dict[str, str] = VECTORS["reverse"]
BODY = {
    "Plain": REVERSE["plain"], "Signature": REVERSE["signature"], "Timestamp": REVERSE["timestamp"],
    "transName": "TLMerchantQuery", "SeqNo": "1519700632680112122",
}  # fmt: skip


def test_published_reverse_signature_both_ways() -> None:
    assert sign_plain(REVERSE["plain"], REVERSE["salt"], REVERSE["timestamp"]) == REVERSE["signature"]
    assert encode_plain({"merchantno": "00000006"}) == REVERSE["plain"]
    got = check_reverse(BODY, REVERSE["salt"], now_ms=int(REVERSE["timestamp"]))
    assert got == ("ok", {"merchantno": "00000006"}, "0000", ())
    assert check_reverse({**BODY, "Timestamp": int(REVERSE["timestamp"])}, REVERSE["salt"]).check == "ok"


@pytest.mark.parametrize("name", ["Plain", "Signature", "Timestamp"])
def test_any_byte_of_a_reverse_notification_changed_dropped_or_added_fails(name: str) -> None:
    right = BODY[name]
    for place in range(len(right)):
        wrong = [right[:place] + c + right[place + 1 :] for c in string.printable if c != right[place]]
        for changed in [*wrong, right[:place] + right[place + 1 :], right[:place] + "0" + right[place:]]:
            if changed.lower() != right:  # B6 is b6: the digits are the same
                got = check_reverse({**BODY, name: changed}, REVERSE["salt"])
                assert (got.check, got.answer_code) == ("failed", "0010"), changed
    assert check_reverse(BODY, REVERSE["salt"] + "x").check == "failed"


@pytest.mark.parametrize(("code", "change", "now_ms"), [
    ("0000", {}, 1519700632680),
    ("0000", {}, 1519700632680 + 300_000),
    ("0001", {"Plain": {"merchantno": "00000006"}}, None),
    ("0001", {"Signature": ["x"]}, None),
    ("0002", {"Plain": None}, None),
    ("0002", {"Signature": ""}, None),
    ("0002", {"Timestamp": None}, None),
    ("0010", {"Signature": "0" * 64}, None),
    ("0012", {}, 1519700632680 + 300_001),
    ("0012", {}, 1519700632680 - 300_001),
    ("0103", {"Plain": "not%20JSON", "Signature": sign_plain("not%20JSON", "s4lt", "1519700632680")}, None),
    ("0103", {"Plain": "%FF", "Signature": sign_plain("%FF", "s4lt", "1519700632680")}, None),
])  # fmt: skip
def test_what_we_must_answer_to_a_reverse_notification(code: str, change: dict[str, Any], now_ms: int | None) -> None:
    """The codes of seed 002 section 5.5."""
    assert check_reverse({**BODY, **change}, "s4lt", now_ms=now_ms).answer_code == code
    assert VENDOR.tables["reverse"].find(code) is not None


def test_our_answers_are_signed_and_name_what_they_answer() -> None:
    answer = json.loads(answer_reverse(BODY, SALT, code="0010", text="签名验证失败", timestamp="1519700632681"))
    assert (answer["transName"], answer["SeqNo"]) == ("TLMerchantQuery", "1519700632680112122")
    got = check_reverse(answer, SALT)
    assert (got.check, got.plain) == ("ok", {"CODE": "0010", "DESC": "签名验证失败"})
    assert answer["Plain"] == quote('{"CODE":"0010","DESC":"签名验证失败"}', safe="")
    for name in ("Plain", "Signature", "Timestamp"):
        assert check_reverse({**answer, name: answer[name][:-1] + "~"}, SALT).check == "failed"


def test_a_signature_of_32_digits_is_never_valid(keys: Keys) -> None:
    """Seed 002 section 5.5: both sample signatures have 32 digits (an MD5), text and code say SHA256 (64)."""
    plain = "%7B%22merchantno%22%3A%2200000006%22%2C%22product_cd%22%3A%22230001%22%2C%22req_nbr%22%3A%22tbt001%22%7D"
    asked = {**BODY, "Plain": plain, "Signature": "1cb54c406c06033967b4790bc31c6e60"}
    answered = {
        **BODY, "Signature": "e89021df529e09eb8cbd0f99e64c5bc9",
        "Plain": encode_plain({"CODE": "60840000", "DESC": "系统处理成功"}),
    }  # fmt: skip
    # even what a right MD5 would be
    for signature in (asked["Signature"], hashlib.md5(f"{plain}{SALT}{asked['Timestamp']}".encode()).hexdigest()):
        got = check_reverse({**asked, "Signature": signature}, SALT)
        assert (got.check, got.answer_code, got.warnings) == ("unchecked", "0010", (LEGACY,))
    seen = VENDOR.decode({"request": asked, "response": answered}, keys)
    assert (seen.check, seen.fields["answer_check"], seen.warnings) == ("unchecked", "unchecked", (LEGACY,))
    assert (seen.fields["merchant_no"], seen.fields["request_no"]) == ("00000006", "tbt001")
    # the sample answer says 60840000 in the place where the text says 0000
    assert (seen.code, seen.outcome) == ("60840000", "success")


def test_a_file_is_the_one_that_its_md5_names() -> None:
    content = b"\x89PNG\r\n\x1a\n" + bytes(range(60))
    right = hashlib.md5(content).hexdigest()
    assert file_hash(content) == right
    assert check_file(content, right)
    assert check_file(content, right.upper())
    for place in range(len(content)):
        assert not check_file(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :], right)
    for place in range(32):
        assert not check_file(content, right[:place] + ("0" if right[place] != "0" else "1") + right[place + 1 :])


# ---- requests

CONTENT = b"%PDF-1.7 of somebody"
TYPED: dict[str, Any] = {"file_type": "001", "file_format": "png"}
FILE = {**TYPED, "file_name": "a.png", "content": CONTENT}
SAMPLE = {
    "REQUEST_TIME": "20190829163531", "SERVICE_CODE": "10002", "WX_OPEN_ID": OPEN_ID, "ID_NO": ID_NO,
    "USER_NAME": NAME, "MOBILE": PHONE, "MERCHANT_ID": "260125411000001",
}  # fmt: skip
SESSION = {"access_token": "token-of-today", "ticket": TICKET}
V2, V1 = {"version": "2.0.0"}, {"version": "1.0.0", "type": "sign"}
FILE_TYPE = {"fileType": "001", "fileFormat": "png"}
REQUESTS: dict[str, tuple[dict[str, Any], str, dict[str, str], bool]] = {  # arguments, method and URL, query, signed
    "access_token": (
        {}, "GET https://capapi.example.com/api/oauth2/access_token",
        {"app_id": APP, "secret": SECRET, "grant_type": "client_credential", **V2}, False,
    ),
    "api_ticket": (
        {"type": "sign"}, "GET https://capapi.example.com/api/oauth2/api_ticket",
        {"app_id": APP, "access_token": "token-of-today", "type": "sign", **V2}, False,
    ),
    "business": (
        {"path": "yh", "service_code": "10002", "body": SAMPLE}, "POST https://capapi.example.com/api/s/yh/10002",
        {"app_id": APP, **V2}, True,
    ),
    "upload": (FILE, "POST https://capup.example.com/api/s/up/upload", {"app_id": APP, **V1, **FILE_TYPE}, True),
    "download": (
        {"file_id": "97", "hash_value": "028f", "content_type": "image/png"},
        "GET https://capup.example.com/api/s/up/download",
        {"app_id": APP, **V1, "fileId": "97", "hashValue": "028f", "contentType": "image/png"}, True,
    ),
    "upload_json": (
        {**FILE, "path": "biz"}, "POST https://capup.example.com/up/s/biz/uploadJson",
        {"app_id": APP, **V2, "type": "sign", **FILE_TYPE}, True,
    ),
    "upload_form": (
        {**TYPED, "files": [("a.png", CONTENT), ("b.png", b"second")], "path": "biz", "biz_content": {"A": 1}},
        "POST https://capup.example.com/up/s/biz/uploadForm",
        {"app_id": APP, **V2, "type": "sign", **FILE_TYPE}, True,
    ),
}  # fmt: skip


def test_every_call_that_we_make_has_its_request_here() -> None:
    assert set(REQUESTS) == {c.name for c in VENDOR.calls if c.direction == "out"}


@pytest.mark.parametrize("call", REQUESTS)
def test_requests_have_the_documents_url_query_and_signature(call: str, keys: Keys) -> None:
    arguments, target, query, signed = REQUESTS[call]
    made = VENDOR.request(call, keys, session=SESSION, stamp=STAMP, **arguments)
    sent = dict(made.params)
    assert f"{made.method} {made.url}" == target
    assert len(sent) == len(made.params)
    if signed:
        assert sent.pop("nonce") == STAMP.nonce
        parts = [APP, sent["version"], STAMP.nonce, sent.get("type"), TICKET]
        if call == "business":
            assert json.loads(made.body) == SAMPLE
            parts.append(made.body.decode())
        joined = "".join(sorted(p for p in parts if p is not None))
        assert sent.pop("sign") == hashlib.sha1(joined.encode()).hexdigest().upper()
    assert sent == query
    assert not any(s in repr(made) for s in (SECRET, TICKET, STAMP.nonce, ID_NO, NAME, "token-of-today"))


def test_a_business_body_goes_out_to_the_byte_as_it_was_given(keys: Keys) -> None:
    text = '{ "b": 1.50,\n "a" : "你好 😀" }'
    made = VENDOR.request("business", keys, session=SESSION, stamp=STAMP, path="yh", service_code="1", body=text)
    assert made.body == text.encode()
    typed = VENDOR.request(
        "business", keys, session=SESSION, stamp=STAMP, path="yh", service_code="1", body=text, type="t"
    )
    assert dict(typed.params)["sign"] == sign([APP, "2.0.0", STAMP.nonce, "t", text], TICKET)


@pytest.mark.parametrize("call", ["upload", "upload_json", "upload_form"])
def test_the_file_is_sent_but_not_signed(call: str, keys: Keys) -> None:
    """Seed 002 section 4.5: the content of a file takes no part in the signature."""
    arguments = REQUESTS[call][0]
    made = VENDOR.request(call, keys, session=SESSION, stamp=STAMP, **arguments)
    changed = {"files": [("c.png", b"other")]} if call == "upload_form" else {"content": b"other"}
    other = VENDOR.request(call, keys, session=SESSION, stamp=STAMP, **{**arguments, **changed})
    assert dict(made.params)["sign"] == dict(other.params)["sign"]
    if call == "upload_json":
        assert json.loads(made.body) == {"file": base64.b64encode(CONTENT).decode(), "fileName": "a.png"}
    else:
        assert made.files[0] == ("file", "a.png", CONTENT)
        rest = [("file", "b.png", b"second"), ("bizContent", "", b'{"A":1}')] if call == "upload_form" else []
        assert list(made.files[1:]) == rest, "several files go in one form (seed 002 section 4.5.3)"


def test_a_user_ticket_needs_user_and_merchant(keys: Keys) -> None:
    """Seed 002 section 4.2; the merchant's id is spelt mechant_id there."""
    user = {"USER_ID": "u1", "USER_NAME": NAME}
    made = VENDOR.request(
        "api_ticket", keys, session=SESSION, stamp=STAMP, type="sign,user", user_data=user, merchant_id="m1"
    )
    sent = dict(made.params)
    assert (json.loads(sent["user_data"]), sent["mechant_id"], sent["type"]) == (user, "m1", "sign,user")
    for given_ in ({}, {"user_data": user}, {"merchant_id": "m1"}):
        with pytest.raises(InputError, match="user_data"):
            VENDOR.request("api_ticket", keys, session=SESSION, stamp=STAMP, type="user", **given_)
