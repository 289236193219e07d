"""The published answers of vendor ``dec`` (``tests/vectors/dec.json``), also the other way round; and tampering."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import string
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from idvtools.crypto import canonical_json
from idvtools.crypto.aes import decrypt_column, decrypt_text, encrypt_text, load_aes_key
from idvtools.crypto.rsa import load_private_key, load_public_key, sign_sha256, verify_sha256
from idvtools.errors import KeyFormatError
from idvtools.vendors.base import CheckKeys
from idvtools.vendors.dec import VENDOR, check_notification, da_id_time, decshash

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "vectors" / "dec.json").read_text("utf-8"))
APP_KEY: str = VECTORS["app_key"]
HASHES: list[dict[str, str]] = VECTORS["decshash"]
PRIVATE = load_private_key(VECTORS["rsa_aes_key"]["private_key_pkcs8_b64"].encode())
KEYS = CheckKeys(APP_KEY, PRIVATE.public_key())
BODY = next(v["json"] for v in HASHES if '"func"' in v["json"])
EPOCH = 1288834974657


def test_every_kind_of_answer_is_used() -> None:
    """A kind that is added to the file must be added here."""
    assert set(VECTORS) == {"app_key", "decshash", "rsa_aes_key", "aes_field", "decssign", "sse_c", "da_id_clock"}
    assert len(HASHES) >= 6


# ---- DECSHASH


@pytest.mark.parametrize("vector", HASHES, ids=lambda v: v["json"][:24])
def test_decshash(vector: dict[str, str]) -> None:
    assert canonical_json(vector["json"]) == vector["canonical"]
    assert decshash(vector["json"], APP_KEY) == vector["decshash"]
    assert decshash(vector["canonical"], APP_KEY) == vector["decshash"]


@pytest.mark.parametrize("vector", HASHES, ids=lambda v: v["json"][:24])
def test_decshash_by_hand(vector: dict[str, str]) -> None:
    """HMAC-SHA256 over canonical text and appKey, keyed by the appKey, in upper-case hex."""
    message = (vector["canonical"] + APP_KEY).encode()
    assert hmac.new(APP_KEY.encode(), message, hashlib.sha256).hexdigest().upper() == vector["decshash"]
    assert decshash(vector["json"], APP_KEY.swapcase()) != vector["decshash"]


# ---- AES


def test_aes_field_both_ways() -> None:
    vector = VECTORS["aes_field"]
    key = load_aes_key(vector["key_b64"])
    assert decrypt_text(vector["encrypted_b64"], key) == vector["plain"]
    assert encrypt_text(vector["plain"], key) == vector["encrypted_b64"]
    assert decrypt_column([None, vector["encrypted_b64"]], key).texts == [None, vector["plain"]]


# ---- RSA


def private_forms() -> Iterator[tuple[str, bytes]]:
    """The published private key in every form that dec.md section 1 asks for."""
    yield "published", VECTORS["rsa_aes_key"]["private_key_pkcs8_b64"].encode()
    for name, form in (("pkcs8", PrivateFormat.PKCS8), ("pkcs1", PrivateFormat.TraditionalOpenSSL)):
        der = PRIVATE.private_bytes(Encoding.DER, form, NoEncryption())
        yield f"{name} PEM", PRIVATE.private_bytes(Encoding.PEM, form, NoEncryption())
        yield f"{name} Base64", base64.b64encode(der)
        yield f"{name} Base64 in lines", base64.encodebytes(der)
        yield f"{name} DER", der


def public_forms() -> Iterator[tuple[str, bytes]]:
    """The published public key in every form."""
    published = VECTORS["decssign"]["public_key_b64"].encode()
    key = serialization.load_der_public_key(base64.b64decode(published))
    yield "published", published
    for name, form in (("spki", PublicFormat.SubjectPublicKeyInfo), ("pkcs1", PublicFormat.PKCS1)):
        yield f"{name} PEM", key.public_bytes(Encoding.PEM, form)
        yield f"{name} Base64", base64.b64encode(key.public_bytes(Encoding.DER, form))
        yield f"{name} DER", key.public_bytes(Encoding.DER, form)


@pytest.mark.parametrize("data", [pytest.param(d, id=n) for n, d in private_forms()])
def test_update_aes_key_is_opened_by_our_private_key(data: bytes) -> None:
    vector = VECTORS["rsa_aes_key"]
    aes_key = base64.b64decode(vector["aes_key_b64"])
    key = load_private_key(data)
    assert key.decrypt(base64.b64decode(vector["encrypted_b64"]), PKCS1v15()) == aes_key
    assert key.decrypt(PRIVATE.public_key().encrypt(aes_key, PKCS1v15()), PKCS1v15()) == aes_key
    assert load_aes_key(vector["aes_key_b64"]) == aes_key


@pytest.mark.parametrize("data", [pytest.param(d, id=n) for n, d in public_forms()])
def test_decssign_holds_under_the_platforms_key(data: bytes) -> None:
    vector = VECTORS["decssign"]
    key = load_public_key(data)
    assert verify_sha256(vector["decshash"].encode(), vector["decssign"], key)
    assert not verify_sha256(vector["decshash"].lower().encode(), vector["decssign"], key)
    assert not verify_sha256(vector["decshash"].encode(), vector["decssign"], PRIVATE.public_key())


def test_signing_is_what_checking_accepts() -> None:
    message = VECTORS["decssign"]["decshash"].encode()
    signature = sign_sha256(message, PRIVATE)
    assert verify_sha256(message, signature, PRIVATE.public_key())
    assert sign_sha256(message, PRIVATE) == signature
    assert not verify_sha256(message + b" ", signature, PRIVATE.public_key())


def test_a_key_in_the_other_ones_place_is_refused() -> None:
    with pytest.raises(KeyFormatError):
        load_public_key(PRIVATE.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(KeyFormatError):
        load_private_key(VECTORS["decssign"]["public_key_b64"].encode())


def test_sse_c_md5_is_of_the_decoded_key() -> None:
    vector = VECTORS["sse_c"]
    digest = hashlib.md5(base64.b64decode(vector["file_key_b64"]), usedforsecurity=False).digest()
    assert base64.b64encode(digest).decode() == vector["md5_b64"]


# ---- the daId's clock


@pytest.mark.parametrize("vector", VECTORS["da_id_clock"], ids=lambda v: v["da_id"])
def test_da_id_clock(vector: dict[str, Any]) -> None:
    moment = da_id_time(vector["da_id"])
    if vector["utc_ms"] is None:
        assert moment is None
    else:
        assert moment is not None
        assert round(moment.timestamp() * 1000) == vector["utc_ms"]
        assert moment.utcoffset() is not None
        assert not moment.utcoffset()
        assert vector["da_id"][: VENDOR.books.ids.prefix] == vector["app_id"]


@given(
    ms=st.integers(EPOCH + (10**14 >> 22) + 1, EPOCH + (2**41) - 1),
    low=st.integers(0, 2**22 - 1),
    app=st.text(string.ascii_letters + string.digits, min_size=8, max_size=8),
    child=st.sampled_from(["", "-0", "-12"]),
)
def test_da_id_clock_the_other_way_round(ms: int, low: int, app: str, child: str) -> None:
    moment = da_id_time(f"{app}{(ms - EPOCH) << 22 | low}{child}")
    assert moment is not None
    assert round(moment.timestamp() * 1000) == ms


@pytest.mark.parametrize("change", [
    lambda i: i[:-6], lambda i: i + "1", lambda i: i + "-", lambda i: i + "-x", lambda i: i + "\n", lambda i: " " + i,
    lambda i: i[:8] + "_" + i[8:], lambda i: i[:8] + "9" * 19, lambda i: i[:-1] + "９", lambda _: "",
])  # fmt: skip
def test_an_id_of_another_form_has_no_clock(change: Callable[[str], str]) -> None:
    assert da_id_time("zd1uahd81589468946623610880") is not None
    assert da_id_time(change("zd1uahd81589468946623610880")) is None


# ---- how far a notification is to be trusted


def headers(body: str = BODY) -> dict[str, str]:
    """The headers that the platform would send with a body."""
    right = decshash(body, APP_KEY)
    return {"decshash": right, "decssign": sign_sha256(right.encode(), PRIVATE)}


def said(text: str) -> object:
    """What a JSON text says, None where it is none; 1 and 1.0 are not the same."""
    try:
        return json.loads(text, parse_float=lambda t: ("float", t), parse_int=lambda t: ("int", t))
    except ValueError:
        return None


def test_an_untouched_notification_is_proven() -> None:
    assert check_notification(headers(), BODY, KEYS)[0] == "ok"
    respaced = json.dumps(json.loads(BODY), indent=1, sort_keys=True)
    assert respaced != BODY
    assert check_notification(headers(), respaced, KEYS)[0] == "ok"


def test_any_character_of_the_body_replaced_fails() -> None:
    sent = headers()
    for place, right in enumerate(BODY):
        for wrong in string.printable + "你\u00a0":
            changed = BODY[:place] + wrong + BODY[place + 1 :]
            if wrong != right:
                assert check_notification(sent, changed, KEYS)[0] == "failed", (place, wrong)


def test_any_character_dropped_doubled_or_slipped_in_fails() -> None:
    """Unless the body says the very same with it: white space between tokens is not signed."""
    sent = headers()
    harmless = 0
    for place in range(len(BODY)):
        changes = [BODY[:place] + BODY[place + 1 :], *(BODY[:place] + c + BODY[place:] for c in '0 "\\{x,')]
        for changed in changes:
            same = said(changed) == said(BODY)
            harmless += same
            assert check_notification(sent, changed, KEYS)[0] == ("ok" if same else "failed"), changed
    assert harmless >= 20  # the spaces


def test_a_body_that_is_cut_anywhere_fails() -> None:
    assert {check_notification(headers(), BODY[:end], KEYS)[0] for end in range(len(BODY))} == {"failed"}


def test_any_character_of_the_decshash_replaced_fails() -> None:
    sent = headers()
    for place, right in enumerate(sent["decshash"]):
        for wrong in string.hexdigits.upper() + "Gg -Ａ":
            if wrong.upper() != right:
                changed = sent["decshash"][:place] + wrong + sent["decshash"][place + 1 :]
                assert check_notification({**sent, "decshash": changed}, BODY, KEYS)[0] == "failed", (place, wrong)


def test_any_character_of_the_decssign_replaced_fails() -> None:
    """Of its last character Base64 reads two bits only: another spelling of the same signature is the same."""
    sent = headers()
    signature = sent["decssign"]
    assert signature.endswith("==")
    last = len(signature) - 3
    for place, right in enumerate(signature):
        for wrong in "A9/+=-x":
            changed = signature[:place] + wrong + signature[place + 1 :]
            same = place == last and wrong not in "=-" and base64.b64decode(changed) == base64.b64decode(signature)
            if wrong != right and not same:
                assert check_notification({**sent, "decssign": changed}, BODY, KEYS)[0] == "failed", (place, wrong)


def test_headers_of_another_notification_fail() -> None:
    other = BODY.replace('"daStatus":20', '"daStatus":10')
    assert other != BODY
    assert check_notification(headers(other), other, KEYS)[0] == "ok"
    assert check_notification(headers(other), BODY, KEYS)[0] == "failed"
    mixed = {"decshash": headers()["decshash"], "decssign": headers(other)["decssign"]}
    assert check_notification(mixed, BODY, KEYS)[0] == "failed"


def test_what_is_taken_away_lowers_the_trust_and_never_proves() -> None:
    sent = headers()
    assert check_notification({}, BODY, KEYS)[0] == "unchecked"
    assert check_notification({"decssign": sent["decssign"]}, BODY, KEYS)[0] == "unchecked"
    assert check_notification({**sent, "decshash": ""}, BODY, KEYS)[0] == "unchecked"
    assert check_notification({"decshash": sent["decshash"]}, BODY, KEYS)[0] == "hash_only"
    assert check_notification({**sent, "decssign": ""}, BODY, KEYS)[0] == "hash_only"
    assert check_notification(sent, BODY, CheckKeys(APP_KEY, None))[0] == "hash_only"
    assert check_notification(sent, BODY, CheckKeys(None, None))[0] == "unchecked"
    assert check_notification(sent, BODY, CheckKeys(None, PRIVATE.public_key()))[0] == "unchecked"


def test_other_keys_fail() -> None:
    published = load_public_key(VECTORS["decssign"]["public_key_b64"].encode())
    assert check_notification(headers(), BODY, CheckKeys(APP_KEY, published))[0] == "failed"
    assert check_notification(headers(), BODY, CheckKeys(APP_KEY[::-1], PRIVATE.public_key()))[0] == "failed"


@given(st.text(), st.text(), st.text())
def test_rubbish_is_never_proven_and_never_an_error(body: str, decshash_: str, decssign: str) -> None:
    sent = {"decshash": decshash_, "decssign": decssign}
    wanted = "failed" if decshash_.strip() else "unchecked"
    assert check_notification(sent, body, KEYS)[0] == wanted
