"""DEC: published answers through its calls, requests as the document shows them, answers, what must not be forged."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from idvtools import vendors
from idvtools.crypto.aes import decrypt_bytes, decrypt_text
from idvtools.crypto.rsa import encrypt_pkcs1, load_private_key, verify_sha256
from idvtools.errors import (
    CredentialsExpiredError,
    DataSourceUnavailableError,
    DecryptionError,
    InputError,
    KeyFormatError,
    MalformedAnswerError,
    NotReadyError,
    OperationFailedError,
    RequestRefusedError,
    SettingsError,
    SignatureRefusedError,
    TemporaryError,
    VendorError,
)
from idvtools.settings import load
from idvtools.vendors.base import Keys, Stamp, open_keys, read_exchange
from idvtools.vendors.dec import VENDOR, download_headers, new_aes_key, sign_redirect, store_prefix

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "vectors" / "dec.json").read_text("utf-8"))
PRIVATE_TEXT: str = VECTORS["rsa_aes_key"]["private_key_pkcs8_b64"]
PRIVATE = load_private_key(PRIVATE_TEXT.encode())
PUBLIC = PRIVATE.public_key()
FILE_KEY: str = VECTORS["sse_c"]["file_key_b64"]
APP, APP_KEY = "zd1uahd8", VECTORS["app_key"]
OP = "zd1uahd81589468946623610880"
ID_NO, NAME, OPEN_ID = "99999919900307123X", "张三", "open-id-of-somebody"
#: Before k2's time k1 is the key, which is the published one.
K1, K2 = base64.b64decode(VECTORS["aes_field"]["key_b64"]), hashlib.sha256(b"k2 of a test").digest()[:16]
BEFORE, AFTER = Stamp(1772000000000, "b" * 16 + "B2" * 8), Stamp(1790000000000, "a1" * 16)  # Feb and Sep 2026
TOML = f"""
[vendors.dec]
base_url = "https://vdi.example.com"
notify_public_key = {{file = "platform.pem"}}
[[vendors.dec.apps]]
id = "{APP}"
app_key = {{env = "APP_KEY"}}
private_key = {{file = "ours.b64"}}
[[vendors.dec.apps.aes_keys]]
id = "k1"
valid_from = 2026-01-01T00:00:00+08:00
key = {{file = "k1.b64"}}
[[vendors.dec.apps.aes_keys]]
id = "k2"
valid_from = 2026-06-01T00:00:00+08:00
key = {{file = "k2.b64"}}
"""


def keys_of(folder: Path, toml: str = TOML, **files: bytes) -> Keys:
    """Keys of a workspace; the platform signs with the key pair that is ours, too."""
    spki = base64.b64encode(_spki())
    content = {"ours.b64": PRIVATE_TEXT.encode(), "platform.pem": spki, "k1.b64": _b64(K1), "k2.b64": _b64(K2)}
    for name, data in {**content, **{n.replace("_", "."): d for n, d in files.items()}}.items():
        (folder / name).write_bytes(data)
    (folder / "idvtools.toml").write_text(toml, encoding="utf-8")
    return open_keys(load(folder, {"APP_KEY": APP_KEY}, shapes=vendors.shapes()).vendor("dec"), "dec")


def _spki() -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415

    return PUBLIC.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _b64(raw: bytes) -> bytes:
    return base64.b64encode(raw)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return keys_of(tmp_path_factory.mktemp("dec"))


# ---- the published answers that test_vectors.py leaves to the calls


def test_the_published_aes_key_is_unwrapped_and_wrapped() -> None:
    vector = VECTORS["rsa_aes_key"]
    aes_key = base64.b64decode(vector["aes_key_b64"])
    assert new_aes_key(vector["encrypted_b64"], PRIVATE) == aes_key
    for key in (aes_key, K2):
        wrapped = encrypt_pkcs1(key, PUBLIC)
        assert new_aes_key(wrapped, PRIVATE) == key
        assert wrapped != encrypt_pkcs1(key, PUBLIC)


@pytest.mark.parametrize("change", [
    lambda t: t[:-4], lambda t: t[:-1], lambda _: "", lambda _: "   ", lambda _: None, lambda t: t.encode(),
    lambda t: "A" + t[1:], lambda t: "!" + t[1:], lambda t: t * 2, lambda _: encrypt_pkcs1(b"too short", PUBLIC),
    lambda _: encrypt_pkcs1(bytes(32), PUBLIC),
])  # fmt: skip
def test_an_aes_key_that_is_not_whole_is_refused_and_not_shown(change: Callable[[str], Any]) -> None:
    sent = change(VECTORS["rsa_aes_key"]["encrypted_b64"])
    with pytest.raises(DecryptionError) as caught:
        new_aes_key(sent, PRIVATE)
    assert VECTORS["rsa_aes_key"]["aes_key_b64"] not in str(caught.value)


SEEDS_URL = (
    "https://evidence-file-1308262583.cos.ap-guangzhou.myqcloud.com/de1uahd81493120767678877696_qqmail-alipay_jyls-0.pdf"
    "?sign=q-sign-algorithm%3Dsha1%26q-sign-time%3D1646480278%3B1646480878%26q-header-list%3Dhost%3Bx-cos-server-side-"
    "encryption-customer-algorithm%3Bx-cos-server-side-encryption-customer-key%3Bx-cos-server-side-encryption-customer-"
    "key-md5%26q-url-param-list%3D%26q-signature%3D7e752832991291f92df05edb949f56a3f99c2d2d"
)


@pytest.mark.parametrize(("url", "store", "prefix"), [
    (SEEDS_URL, "auto", "x-cos"),
    (SEEDS_URL.replace("myqcloud.com", "example.com"), "auto", "x-cos"),  # its q-header-list names x-cos-…
    ("https://s3.example.com/a?q-header-list=host%3Bx-cos-server-side-encryption-customer-key", "auto", "x-cos"),
    ("https://B.COS.AP-GUANGZHOU.MYQCLOUD.COM/a.pdf", "auto", "x-cos"),
    ("https://s3.example.com/a.pdf?X-Amz-Signature=0", "auto", "x-amz"),
    ("https://myqcloud.com.example.com/x-cos-/a.pdf", "auto", "x-amz"),
    ("https://notmyqcloud.com/a.pdf", "auto", "x-amz"),
    (SEEDS_URL, "x-amz", "x-amz"),
    ("https://s3.example.com/a.pdf", "x-cos", "x-cos"),
])  # fmt: skip
def test_download_headers_are_x_cos_or_x_amz(url: str, store: Any, prefix: str) -> None:
    """x-cos in seed 000 section 6, x-amz in the guide (dec.md section 2): the link decides, a setting forces."""
    assert download_headers(url, FILE_KEY, store) == {
        f"{prefix}-server-side-encryption-customer-algorithm": "AES256",
        f"{prefix}-server-side-encryption-customer-key": FILE_KEY,
        f"{prefix}-server-side-encryption-customer-key-MD5": VECTORS["sse_c"]["md5_b64"],
    }
    assert download_headers(url, None, store) == download_headers(url, "", store) == {}
    if store == "auto":
        assert store_prefix(url) == prefix


@pytest.mark.parametrize("key", [FILE_KEY[:-1], FILE_KEY[:-4], "!" + FILE_KEY[1:], FILE_KEY.encode(), 7, " "])
def test_a_file_key_that_is_not_whole_is_refused_and_not_shown(key: Any) -> None:
    with pytest.raises(KeyFormatError) as caught:
        download_headers(SEEDS_URL, key)
    assert FILE_KEY[1:20] not in str(caught.value)


# ---- requests

START = {
    "site": "chrome-govhk-tax", "biz_no": "1667793902434", "open_id": "this is test string", "id_no": ID_NO,
    "user_name": NAME, "user_claim": "我同意", "access_way": "h5", "user_agent": "UA/1.0",
    "width": 375, "height": 812, "child_sites": ["a", "b"],
    "lang": "zh",
}  # fmt: skip
PDF = b"%PDF-1.7 agreement of somebody"
#: Of each call: our arguments, its path, its arg in clear.
CALLS: dict[str, tuple[dict[str, Any], str, dict[str, Any]]] = {
    "update_aes_key": ({}, "/api/das/update-aes-key", {}),
    "upload_agreement": (
        {"id_no": ID_NO, "site": "tax", "content": PDF, "file_name": "a.pdf"}, "/api/das/upload-user-protocol-x",
        {"idNo": ID_NO, "site": "tax", "files": [{"name": "a.pdf", "content": PDF}]},
    ),
    "start": (START, "/api/das/start-vdi-x", {
        "bizScenario": "general", "site": "chrome-govhk-tax", "bizNo": "1667793902434",
        "openId": "this is test string", "idNo": ID_NO, "userName": NAME, "userClaim": "我同意", "ua": "UA/1.0",
        "width": 375, "height": 812,
        "accessWay": "h5", "ext": {"childSites": ["a", "b"], "lang": "zh"},
    }),
    "status": ({"op_id": OP}, "/api/das/get-da-status", {"daId": OP}),
    "original_files": ({"op_id": OP}, "/api/efp/get-original-files-x", {"daId": OP}),
    "parse_result": ({"op_id": OP}, "/api/efp/get-parse-result-x", {"daId": OP}),
    "statement": ({"date": "20260930"}, "/api/efp/get-recon-file", {"date": "20260930"}),
    "site_states": ({"sites": ["tax"]}, "/api/config/get-sites-state", {"sites": ["tax"]}),
}  # fmt: skip


@pytest.mark.parametrize(("stamp", "key"), [(BEFORE, K1), (AFTER, K2)], ids=["k1", "k2"])
@pytest.mark.parametrize("call", CALLS)
def test_requests_are_what_the_document_shows(call: str, stamp: Stamp, key: bytes, keys: Keys) -> None:
    arguments, path, arg = CALLS[call]
    made = VENDOR.request(call, keys, stamp=stamp, **arguments)
    assert (made.method, made.url, made.params) == ("POST", "https://vdi.example.com" + path, ())
    sent = json.loads(made.body)
    assert sent.pop("v") == "1.0.0"
    assert sent.pop("auth") == {"appId": APP, "nonce": stamp.nonce}
    for name in {"idNo", "openId", "userName"} & set(sent["arg"]):
        sent["arg"][name] = decrypt_text(sent["arg"][name], key)
    for file in sent["arg"].get("files", []):
        file["content"] = decrypt_bytes(base64.b64decode(file["content"]), key)
    assert sent == {"arg": arg}
    assert made.headers["Content-Type"].startswith("application/json")
    by_hand = json.dumps(json.loads(made.body), sort_keys=True, separators=(",", ":"), ensure_ascii=False) + APP_KEY
    assert made.headers["DECSHASH"] == hmac.digest(APP_KEY.encode(), by_hand.encode(), "sha256").hex().upper()
    assert not any(s in repr(made) for s in (ID_NO, NAME, stamp.nonce, made.headers["DECSHASH"]))


def test_the_published_aes_field_is_what_a_start_request_holds(keys: Keys) -> None:
    made = VENDOR.request("start", keys, stamp=BEFORE, **START)
    assert json.loads(made.body)["arg"]["openId"] == VECTORS["aes_field"]["encrypted_b64"]
    log = {"requested_at": "2026-02-25T14:13:20+08:00", "request": json.loads(made.body), "response": {"errorCode": 0}}
    seen = VENDOR.decode(log, keys, reveal=True)
    assert (seen.fields["open_id"], seen.key_id) == (VECTORS["aes_field"]["plain"], "k1")


def test_each_stamp_has_a_nonce_of_its_own(keys: Keys) -> None:
    nonces = {json.loads(VENDOR.request("status", keys, op_id=OP).body)["auth"]["nonce"] for _ in range(50)}
    assert len(nonces) == 50
    assert all(len(n) == 32 and set(n) <= set(string.ascii_letters + string.digits) for n in nonces)


def test_a_key_fetched_a_moment_ago_is_used(keys: Keys) -> None:
    fresh = bytes(range(16))
    made = VENDOR.request("start", keys, stamp=AFTER, session={"aes_key": _b64(fresh).decode()}, **START)
    assert decrypt_text(json.loads(made.body)["arg"]["idNo"], fresh) == ID_NO


def test_no_key_of_the_time_is_said_and_nothing_goes_out_in_clear(keys: Keys) -> None:
    with pytest.raises(SettingsError, match="aes_keys: no key is valid now"):
        VENDOR.request("start", keys, stamp=Stamp(1, "n" * 32), **START)


@pytest.mark.parametrize("name", ["id_no", "open_id", "user_name"])
@pytest.mark.parametrize("value", [199003071234567890, ["199003071234567890"], {"no": "199003071234567890"}])
def test_what_must_be_encrypted_is_encrypted_or_refused_whatever_its_type(name: str, value: Any, keys: Keys) -> None:
    """An id number out of a DataFrame is often an integer: it must never leave in clear."""
    try:
        made = VENDOR.request("start", keys, stamp=AFTER, **{**START, name: value})
    except InputError:
        return
    wire = {"id_no": "idNo", "open_id": "openId", "user_name": "userName"}[name]
    sent = json.loads(made.body)["arg"][wire]
    assert isinstance(sent, str)
    assert decrypt_text(sent, K2) == str(value)


@pytest.mark.parametrize(("name", "longest"), [("user_claim", 128), ("biz_no", 60)])
def test_lengths_are_counted_in_bytes(name: str, longest: int, keys: Keys) -> None:
    for text in ("x" * longest, "好" * (longest // 3)):
        VENDOR.request("start", keys, stamp=AFTER, **{**START, name: text})
    for text in ("x" * (longest + 1), "好" * (longest // 3 + 1)):
        with pytest.raises(InputError, match=f"{name}: longer than {longest} bytes"):
            VENDOR.request("start", keys, stamp=AFTER, **{**START, name: text})


@pytest.mark.parametrize("name", ["site", "biz_no", "open_id", "id_no", "user_name", "access_way"])
def test_what_is_missing_is_named(name: str, keys: Keys) -> None:
    for value in (None, ""):
        with pytest.raises(InputError, match=f"{name}: is missing") as caught:
            VENDOR.request("start", keys, stamp=AFTER, **{**START, name: value, "colour": "red"})
        assert "colour: there is no such argument" in str(caught.value)
        assert ID_NO not in str(caught.value)


@pytest.mark.parametrize("url", ["https://vdi.example.com/h5?vcode=a+b%2Bc&lang=zh", "https://vdi.example.com/h5"])
def test_the_redirect_link_is_signed_by_our_key(url: str) -> None:
    """dec.md section 1: appended as ``&sign=``; the guide's example has the Base64 as it is, + and / included."""
    link = sign_redirect(url, PRIVATE)
    before, _, signature = link.rpartition("&sign=")
    assert before == url
    assert re.fullmatch(r"[A-Za-z0-9+/]{342}==", signature)
    assert verify_sha256(url.encode(), signature, PUBLIC)
    assert not verify_sha256((url + "x").encode(), signature, PUBLIC)


# ---- answers

NEVER, REFRESHED, SOON, LATER = "never", "once_refreshed", "soon", "later"
CODES: dict[int, tuple[type[VendorError], str]] = {
    -50005: (SignatureRefusedError, NEVER),
    -50002: (RequestRefusedError, NEVER),
    -48007: (TemporaryError, SOON),
    -43037: (CredentialsExpiredError, REFRESHED),
    -44050: (CredentialsExpiredError, REFRESHED),
    -48025: (DataSourceUnavailableError, LATER),
    # dec.md lists these before "-48025 DataSourceUnavailable"; what they mean is the guide's table of start errors.
    **dict.fromkeys((-45001, -45004), (TemporaryError, SOON)),
    **dict.fromkeys((-45027, -45032), (NotReadyError, LATER)),
    **dict.fromkeys((-45028, -45030, -45031), (RequestRefusedError, NEVER)),
    **dict.fromkeys((-43024, -44009, -44028, -44017, -44062, -44001), (NotReadyError, LATER)),
    -44021: (OperationFailedError, NEVER),
}


def answered(code: object, data: object = None) -> Any:
    return read_exchange({
        "request": {"v": "1.0.0", "auth": {"appId": APP}, "arg": {"daId": OP}},
        "response": {"errorCode": code, "errorMessage": f"for {NAME}", "data": data},
    })  # fmt: skip


def test_every_error_of_the_document_is_in_the_table() -> None:
    assert {str(code) for code in CODES} | {"0"} == {row.code for row in VENDOR.tables["error"].rows}


@pytest.mark.parametrize("code", CODES)
def test_each_error_has_its_type_and_says_whether_to_retry(code: int, keys: Keys) -> None:
    """The two NO_DB_RECORD of dec.md (-43024 of the status call, -44009 of another) mean the same."""
    for written in (code, str(code)):
        with pytest.raises(VendorError) as caught:
            VENDOR.answer("status", answered(written), keys)
        assert (type(caught.value), caught.value.retry, caught.value.code) == (*CODES[code], str(code))
        assert NAME not in str(caught.value)


@pytest.mark.parametrize("code", [0, "0"])
@pytest.mark.parametrize("status", [10, "10", 44, 101, -4, 12345])
def test_a_success_is_no_error_whatever_became_of_the_operation(code: object, status: object, keys: Keys) -> None:
    """Not even a status that no edition lists: the call itself went well."""
    assert VENDOR.answer("status", answered(code, {"daId": OP, "daStatus": status}), keys).code == str(status)
    assert VENDOR.answer("start", answered(code, {"daId": OP}), keys).op_id == OP


def test_an_error_that_no_edition_lists_is_kept_and_not_guessed(keys: Keys) -> None:
    with pytest.raises(VendorError, match="-49999") as caught:
        VENDOR.answer("start", answered(-49999), keys)
    assert (type(caught.value), caught.value.retry, caught.value.code) == (VendorError, "never", "-49999")
    for nothing in (None, True, [], {}):
        with pytest.raises(MalformedAnswerError):
            VENDOR.answer("start", answered(nothing), keys)
