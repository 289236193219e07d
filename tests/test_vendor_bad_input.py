"""Bad input at DEC's and WeBank's doors: an error of the house that says what to check and shows no secret."""

from __future__ import annotations

import base64
import copy
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import test_vendor_dec as d
import test_vendor_dec_logs as dl
import test_vendor_webank as w
import test_vendor_webank_logs as wl
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from idvtools.errors import CryptoError, IdvError, InputError, RecordsError, SettingsError
from idvtools.vendors import dec, webank
from idvtools.vendors.base import CheckKeys, Keys

PEM, DER = Encoding.PEM, Encoding.DER
PKCS8, PKCS1, SPKI = PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL, PublicFormat.SubjectPublicKeyInfo
EC, DSA = ec.generate_private_key(ec.SECP256R1()), dsa.generate_private_key(1024)
WORD = b"a-password"


VENDORS = {"dec": dec.VENDOR, "webank": webank.VENDOR}


@cache
def with_every_key() -> dict[str, Keys]:
    with TemporaryDirectory() as folder:
        return {"dec": d.keys_of(Path(folder)), "webank": w.keys_of(Path(folder))}


@pytest.fixture(name="both")
def fixture_both() -> dict[str, Keys]:
    return with_every_key()


# ---- key files


def certificate(since: int, until: int, key: Any = d.PRIVATE) -> bytes:
    """A certificate of a key, valid between two days counted from now."""
    name, now = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "platform")]), datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now + timedelta(since)).not_valid_after(now + timedelta(until))
    return made.sign(key, hashes.SHA256()).public_bytes(PEM)


def secret(key: Any, form: PrivateFormat = PKCS8, encoding: Encoding = PEM, word: bytes | None = None) -> bytes:
    return key.private_bytes(encoding, form, BestAvailableEncryption(word) if word else NoEncryption())


OURS = secret(d.PRIVATE)
NO_PRIVATE = {
    "public key, SPKI": (d.PUBLIC.public_bytes(PEM, SPKI), "this is a public key, our private key belongs here"),
    "public key, Base64": (base64.b64encode(d.PUBLIC.public_bytes(DER, SPKI)), "this is a public key"),
    "public key, PKCS#1": (d.PUBLIC.public_bytes(PEM, PublicFormat.PKCS1), "this is a public key"),
    "certificate": (certificate(-1, 1), "this is a certificate, our private key belongs here"),
    "password, PKCS#8": (secret(d.PRIVATE, word=WORD), "protected by a password"),
    "password, PKCS#1": (secret(d.PRIVATE, PKCS1, word=WORD), "protected by a password"),
    "password, DER": (secret(d.PRIVATE, encoding=DER, word=WORD), "protected by a password"),
    "DSA": (secret(DSA), "not an RSA key"),
    "EC": (secret(EC, PKCS1), "not an RSA key"),
    "cut": (OURS[: len(OURS) // 2], "not an RSA private key"),
    "Base64 cut": (d.PRIVATE_TEXT[:-40].encode(), "not an RSA private key"),
    "text": ("我的密钥".encode(), "not an RSA private key"),
}
NO_PUBLIC = {
    "private key": (OURS, "this is a private key, a public key belongs here"),
    "private key, Base64": (d.PRIVATE_TEXT.encode(), "this is a private key"),
    "expired": (certificate(-9, -2), "this certificate is valid from .* only: ask for the current one"),
    "not valid yet": (certificate(2, 9), "this certificate is valid from .* only"),
    "certificate cut": (certificate(-1, 1)[:200], "certificate cannot be read|not an RSA public key"),
    "EC": (EC.public_key().public_bytes(PEM, SPKI), "not an RSA key"),
    "DSA": (DSA.public_key().public_bytes(DER, SPKI), "not an RSA key"),
    "certificate of an EC key": (certificate(-1, 1, EC), "not an RSA key"),
    "text": (b"not a key", "not an RSA public key"),
}


def refused(folder: Path, name: str, content: bytes, says: str) -> None:
    with pytest.raises(SettingsError, match=says) as caught:
        d.keys_of(folder, **{name.replace(".", "_"): content})
    message = str(caught.value)
    assert message.startswith("idvtools.toml")
    assert not any(x[:24] in message for x in content.decode("latin-1").split("\n") if len(x) > 8 and "-----" not in x)


@pytest.mark.parametrize("what", NO_PRIVATE)
def test_what_is_no_private_key_of_ours_is_named(what: str, tmp_path: Path) -> None:
    refused(
        tmp_path, "ours.b64", NO_PRIVATE[what][0], r"vendors\.dec\.apps\[0\]\.private_key: .*" + NO_PRIVATE[what][1]
    )


@pytest.mark.parametrize("what", NO_PUBLIC)
def test_what_is_no_public_key_of_the_platform_is_named(what: str, tmp_path: Path) -> None:
    refused(tmp_path, "platform.pem", NO_PUBLIC[what][0], r"vendors\.dec\.notify_public_key: .*" + NO_PUBLIC[what][1])


@pytest.mark.parametrize("content", [b"AAAA", b"!!!", d.PRIVATE_TEXT.encode(), OURS, base64.b64encode(bytes(24))])
def test_what_is_no_aes_key_is_named(content: bytes, tmp_path: Path) -> None:
    refused(tmp_path, "k1.b64", content, r"vendors\.dec\.apps\[0\]\.aes_keys\[0\]\.key: the AES key ")


@pytest.mark.parametrize("name", ["ours.b64", "platform.pem", "k1.b64"])
def test_an_empty_key_file_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=name):
        d.keys_of(tmp_path, **{name.replace(".", "_"): b""})


def test_a_certificate_that_is_valid_does(tmp_path: Path) -> None:
    assert dec.VENDOR.decode(dl.notified(), d.keys_of(tmp_path, platform_pem=certificate(-1, 1))).check == "ok"


# ---- functions

PLAIN = webank.encode_plain({"a": 1})
CALLS: dict[str, Callable[[Any], object]] = {
    "decshash body": lambda bad: dec.decshash(bad, d.APP_KEY),
    "decshash appKey": lambda bad: dec.decshash("{}", bad),
    "new_aes_key text": lambda bad: dec.new_aes_key(bad, d.PRIVATE),
    "new_aes_key key": lambda bad: dec.new_aes_key(d.VECTORS["rsa_aes_key"]["encrypted_b64"], bad),
    "sign_redirect link": lambda bad: dec.sign_redirect(bad, d.PRIVATE),
    "sign_redirect key": lambda bad: dec.sign_redirect("https://vdi.example.com/?v=1", bad),
    "sign values": lambda bad: webank.sign(bad, "ticket"),
    "sign value": lambda bad: webank.sign([w.APP, [bad]], "ticket"),
    "sign ticket": lambda bad: webank.sign([w.APP], bad),
    "sign_plain Plain": lambda bad: webank.sign_plain(bad, w.SALT, "1"),
    "sign_plain salt": lambda bad: webank.sign_plain(PLAIN, bad, "1"),
    "sign_plain timestamp": lambda bad: webank.sign_plain(PLAIN, w.SALT, bad),
    "answer_reverse salt": lambda bad: webank.answer_reverse({"SeqNo": "1"}, bad, timestamp="1"),
    "file_hash": lambda bad: webank.file_hash(None if isinstance(bad, bytes) else bad),
    "encode_plain": lambda bad: webank.encode_plain({"a": bad} if bad else bad),
}
NOTHING = {"None": None, "bytes": b"bytes", "empty": ""}
#: There is nothing wrong with an empty text here.
MAY_BE_EMPTY = ("sign_redirect link", "sign values", "sign_plain Plain", "sign_plain timestamp", "encode_plain")


@pytest.mark.parametrize("bad", NOTHING)
@pytest.mark.parametrize("call", CALLS)
def test_none_bytes_and_empty_are_refused_by_name(call: str, bad: str) -> None:
    """Nothing may be signed with a salt "None" or a text "b'…'" that nobody gave."""
    if bad != "empty" or call not in MAY_BE_EMPTY:
        with pytest.raises(IdvError) as caught:
            CALLS[call](NOTHING[bad])
        assert w.SALT not in str(caught.value)


def test_a_public_key_where_a_private_one_belongs() -> None:
    for call in ("new_aes_key key", "sign_redirect key"):
        with pytest.raises(CryptoError, match="private key"):
            CALLS[call](d.PUBLIC)


def test_a_link_that_is_none_is_an_error_of_the_house() -> None:
    with pytest.raises(IdvError):
        dec.download_headers("https://[store/a.pdf", d.FILE_KEY)
    with pytest.raises(IdvError):
        dec.download_headers(None, d.FILE_KEY)  # type: ignore[arg-type]


@pytest.mark.parametrize("bad", [None, b"x", "", "x", 7])
def test_what_is_checked_and_is_nothing_does_not_hold(bad: Any) -> None:
    assert webank.check_file(b"content", bad) is False
    assert webank.check_reverse({**w.BODY, "Signature": bad}, "s4lt").check != "ok"
    assert webank.check_reverse(bad, "s4lt").answer_code == "0001"
    assert dec.check_notification({"decshash": bad}, "{}", CheckKeys(d.APP_KEY, d.PUBLIC))[0] in ("failed", "unchecked")
    assert dec.check_notification({"decshash": "0" * 64}, bad, CheckKeys(d.APP_KEY, d.PUBLIC))[0] == "failed"


def test_a_timestamp_without_end_is_too_old() -> None:
    long = "9" * 5000
    signed = {"Plain": PLAIN, "Signature": webank.sign_plain(PLAIN, w.SALT, long), "Timestamp": long}
    assert webank.check_reverse(signed, w.SALT, now_ms=1519700632680).answer_code == "0012"


# ---- requests


@pytest.mark.parametrize("bad", [b"bytes", 1.5, {1}, "\ud800"], ids=["bytes", "float", "set", "half a character"])
@pytest.mark.parametrize("name", ["site", "id_no", "child_sites"])
def test_arguments_that_cannot_be_sent_are_refused(name: str, bad: Any, both: dict[str, Keys]) -> None:
    with pytest.raises(InputError) as caught:
        dec.VENDOR.request("start", both["dec"], stamp=d.AFTER, **{**d.START, name: bad})
    assert d.ID_NO not in str(caught.value)


@pytest.mark.parametrize("bad", [b"{}", {"A": b"x"}, {"A": {1}}, {"A": float("nan")}, "\ud800", {"A": "\ud800"}])
def test_bodies_that_are_no_json_are_refused(bad: Any, both: dict[str, Keys]) -> None:
    with pytest.raises(InputError):
        webank.VENDOR.request(
            "business", both["webank"], session=w.SESSION, stamp=w.STAMP, path="yh", service_code="1", body=bad
        )


def test_amounts_as_decimals_are_sent_as_they_are(both: dict[str, Keys]) -> None:
    amount = {"path": "yh", "service_code": "1", "body": {"AMT": Decimal("1.10")}}
    made = webank.VENDOR.request("business", both["webank"], session=w.SESSION, **amount)
    assert made.body in (b'{"AMT":1.10}', b'{"AMT":"1.10"}')


@pytest.mark.parametrize(
    ("name", "bad"), [("path", "../x"), ("service_code", "1?x=1"), ("path", "a b"), ("path", "行")]
)
def test_a_path_stays_a_path(name: str, bad: str, both: dict[str, Keys]) -> None:
    given_ = {"path": "yh", "service_code": "1", "body": {}, name: bad}
    with pytest.raises(InputError, match=name):
        webank.VENDOR.request("business", both["webank"], session=w.SESSION, **given_)


def test_what_is_not_set_is_named(tmp_path: Path) -> None:
    for name, toml in (
        ("base_url", d.TOML.replace("base_url", "# base_url")),
        ("app_key", d.TOML.replace("app_key", "#")),
    ):
        keys = d.keys_of(tmp_path, toml)
        with pytest.raises(SettingsError, match=name):
            dec.VENDOR.request("status", keys, op_id=d.OP)
    with pytest.raises(InputError, match="ticket"):
        webank.VENDOR.request("download", w.keys_of(tmp_path), file_id="1", hash_value="2")
    with pytest.raises(InputError, match="there are"):
        dec.VENDOR.request("stop", keys)
    with pytest.raises(InputError, match="nothing that we send"):
        dec.VENDOR.request("notification", keys)
    with pytest.raises(SettingsError, match="zd1uahd8"):
        dec.VENDOR.request("status", keys, app="zd1other", op_id=d.OP)


# ---- logs


@pytest.mark.parametrize("vendor", [dec.VENDOR, webank.VENDOR], ids=["dec", "webank"])
@pytest.mark.parametrize("log", [None, b"\xff", b"", "", "{", "[]", "7", 7, [], {}, {"a": 1}, "x" * 99, "[" * 99999])
def test_what_is_no_exchange_is_said_without_its_text(vendor: Any, log: Any) -> None:
    with pytest.raises(RecordsError) as caught:
        vendor.decode(log)
    assert "xxxx" not in str(caught.value)


def nested(depth: int) -> Any:
    tree: Any = 1
    for _ in range(depth):
        tree = {"a": tree}
    return tree


#: Values that programs stumble over, each possible in JSON.
NASTY = [
    "9" * 5000, Decimal("1E+5000"), Decimal("-1E+400"), Decimal("0.5"), 10**300, "http://[x", "\ud800", "０", {"a": 1},
    ["x"], [[]], [None], "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", nested(900), True, -1, "", None,
]  # fmt: skip
JSON = st.sampled_from(NASTY) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


def places(tree: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    for key in tree if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ():
        yield from places(tree[key], (*at, key))


def replaced(tree: Any, at: tuple[Any, ...], value: Any) -> Any:
    if not at:
        return value
    changed = copy.copy(tree)
    changed[at[0]] = replaced(tree[at[0]], at[1:], value)
    return changed


def exchanges(both: dict[str, Keys]) -> dict[str, list[Any]]:
    """Valid exchanges of every call, as objects."""
    keys = both["dec"]
    decs = [dl.logged(call, form, keys) for call in dl.ANSWERS for form in ("bare objects", "framed")]
    webanks = [wl.logged(call, "objects", both["webank"]) for call in wl.ANSWERS]
    bare = [{"request": {}, "response": answer[0]} for answer in wl.ANSWERS.values()]
    return {
        "dec": [*decs, dl.NOTIFIED, dl.notified(dl.NOTIFIED)],
        "webank": [*webanks, *bare, w.BODY, {"request": w.BODY, "response": w.BODY}],
    }


def surprise(name: str, log: Any, keys: Keys | None) -> str | None:
    """What decoding raises that is no error of the house, None for nothing."""
    try:
        seen = VENDORS[name].decode(log, keys)
        assert seen.op_id is None or isinstance(seen.op_id, str)
        seen.row()
    except IdvError as error:
        return "an id in clear" if d.ID_NO in str(error) else None
    except Exception as error:
        return f"{type(error).__name__}: {error}"[:70]
    return None


@pytest.mark.parametrize("name", VENDORS)
def test_every_nasty_value_in_every_place_is_read_or_refused(name: str, both: dict[str, Keys]) -> None:
    broken: dict[str, str] = {}
    for log in exchanges(both)[name]:
        for at in places(log):
            for value in NASTY:
                if found := surprise(name, replaced(log, at, value), both[name]):
                    broken.setdefault(found, f"{at} = {str(value)[:40]!r}")
    assert not broken


@settings(max_examples=150, deadline=None)
@given(name=st.sampled_from(sorted(VENDORS)), with_keys=st.booleans(), data=st.data())
def test_any_value_in_any_place_is_read_or_refused(name: str, with_keys: bool, data: st.DataObject) -> None:
    keys = with_every_key()
    log = data.draw(st.sampled_from(exchanges(keys)[name]))
    for _ in range(data.draw(st.integers(1, 3))):
        log = replaced(log, data.draw(st.sampled_from(list(places(log)))), data.draw(JSON))
    assert surprise(name, log, keys[name] if with_keys else None) is None


def test_an_operation_that_is_no_text_is_no_operation(both: dict[str, Keys]) -> None:
    """Else what stands in its place would be shown unmasked."""
    odd = {"name": d.NAME}
    for log in (
        {"func": "x", "data": {"daId": odd}},
        {"request": {"arg": {"daId": odd}}, "response": {"errorCode": 0}},
    ):
        assert d.NAME not in repr(dec.VENDOR.decode(log, both["dec"]))
