"""Ciphers, keys and digests: every mode both ways, columns against one by one, and what bad keys and texts are told."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from Crypto.Cipher import AES
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from idvtools.crypto import aes, canonical_json
from idvtools.crypto.aes import Mode, decrypt_bytes, decrypt_column, decrypt_text, encrypt_bytes, encrypt_text
from idvtools.crypto.digests import digest, fingerprint, mac, same
from idvtools.crypto.keyring import Keyring, TimedKey
from idvtools.crypto.rsa import (
    decrypt_pkcs1,
    encrypt_pkcs1,
    key_fingerprint,
    load_private_key,
    load_public_key,
    verify_sha256,
)
from idvtools.errors import CertificateExpiredError, CryptoError, DecryptionError, KeyFormatError

MODES = st.sampled_from(["ecb", "cbc"])
KEYS = st.sampled_from([16, 32]).flatmap(lambda n: st.binary(min_size=n, max_size=n))
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=60)
HUSH = "99999919900307123X"
PAIR = rsa.generate_private_key(65537, 2048)
OTHER = rsa.generate_private_key(65537, 2048)


# ---- AES


@given(st.binary(max_size=100), KEYS, MODES)
def test_bytes_come_back_in_every_mode(raw: bytes, key: bytes, mode: Mode) -> None:
    sealed = encrypt_bytes(raw, key, mode)
    assert decrypt_bytes(sealed, key, mode) == raw
    by_hand = AES.new(key, AES.MODE_ECB) if mode == "ecb" else AES.new(key, AES.MODE_CBC, iv=bytes(16))
    padding = 16 - len(raw) % 16
    assert sealed == by_hand.encrypt(raw + bytes([padding]) * padding)


@given(st.lists(st.one_of(TEXTS, st.none(), st.just("%%"), st.just("QUJD")), max_size=20), KEYS, MODES)
def test_a_column_is_what_its_values_are(texts: list[str | None], key: bytes, mode: Mode) -> None:
    """One cipher call for all gives what a call for each gives, wherever the bad ones stand."""
    marks = {"%%", "QUJD"}
    sealed = [t if t is None or t in marks else encrypt_text(t, key, mode) for t in texts]
    found = decrypt_column(sealed, key, mode)
    assert found.texts == [None if t in marks else t for t in texts]
    assert found.reasons == [{"%%": "not_base64", "QUJD": "wrong_length"}.get(t or "") for t in texts]


@pytest.mark.parametrize("mode", ["ecb", "cbc"])
def test_a_long_value_among_short_ones(mode: Mode) -> None:
    """In CBC each value begins with the zero IV again, whatever stood before it in the column."""
    key, texts = bytes(range(32)), ["x", "长" * 5000, "", "y" * 16, "z" * 15]
    assert decrypt_column([encrypt_text(t, key, mode) for t in texts], key, mode).texts == texts


@pytest.mark.parametrize(
    ("bad", "reason", "advice"),
    [
        (b"RTukZZStW/+4XiToo1WzXA==", "not_text", "text in Base64 is expected"),
        (12, "not_text", "text in Base64 is expected"),
        ("", "empty", "empty"),
        (" \n", "empty", "empty"),
        ("RTukZZStW/+4XiToo1WzX", "not_base64", "not Base64"),
        ("RTukZZStW/ 4XiToo1WzXA==", "not_base64", r"no \+ became a blank"),
        ("密文", "not_base64", "not Base64"),
        ("RTukZZStW/+4XiToo1Wz", "wrong_length", "16-byte blocks"),
        ("RTukZZStW/+4XiToo1WzXA==", "wrong_key", "check the key, and the cipher mode"),
    ],
)
def test_what_a_bad_text_is_told(bad: Any, reason: str, advice: str) -> None:
    key = b"k" * 16
    assert decrypt_column(["", bad], key).reasons[1] == reason
    with pytest.raises(DecryptionError, match=advice):
        decrypt_text(bad, key)


def test_none_alone_is_an_error_and_in_a_column_a_null() -> None:
    assert decrypt_column([None], b"k" * 16) == ([None], [None])
    with pytest.raises(DecryptionError):
        decrypt_text(None, b"k" * 16)  # type: ignore[arg-type]


def test_line_breaks_inside_the_base64_are_dropped() -> None:
    """Some encoders break lines after 76 characters (tencent.md)."""
    key, text = b"k" * 32, "长" * 100
    sealed = encrypt_text(text, key)
    broken = "\r\n".join(sealed[i : i + 76] for i in range(0, len(sealed), 76))
    assert decrypt_text(broken, key) == text


@pytest.mark.parametrize("key", [b"", b"k" * 15, b"k" * 24, b"k" * 33, "k" * 16, None])
@pytest.mark.parametrize(
    "use",
    [
        lambda key: encrypt_text(HUSH, key),
        lambda key: decrypt_text("QUJDRA==", key),
        lambda key: decrypt_column([], key),
        lambda key: encrypt_bytes(b"", key, "cbc"),
        lambda key: decrypt_bytes(bytes(16), key, "cbc"),
    ],
)
def test_what_a_bad_key_is_told(key: Any, use: Callable[[Any], object]) -> None:
    with pytest.raises(KeyFormatError, match="the AES key") as caught:
        use(key)
    assert HUSH not in str(caught.value)


@pytest.mark.parametrize("mode", ["gcm", "", None])
def test_there_are_two_modes(mode: Any) -> None:
    with pytest.raises(KeyFormatError, match="ecb or cbc"):
        encrypt_bytes(b"", b"k" * 16, mode)


@given(st.binary(min_size=1, max_size=64))
def test_whatever_the_bytes_decryption_fails_in_its_own_way(blob: bytes) -> None:
    for mode in ("ecb", "cbc"):
        try:
            plain = decrypt_bytes(blob, b"k" * 16, mode)  # a padding can fit by chance
        except DecryptionError:
            continue
        assert encrypt_bytes(plain, b"k" * 16, mode) == blob


def test_the_ring_says_which_key_read_what_and_why_the_rest_is_null() -> None:
    keys = [hashlib.sha256(str(i).encode()).digest()[:16] for i in range(3)]
    ring = Keyring([TimedKey(f"k{i}", i * 1000, key) for i, key in enumerate(keys)])
    texts = [encrypt_text("a", keys[0]), encrypt_text("b", keys[1]), encrypt_text("c", b"x" * 16), "??", None]
    found = ring.decrypt(texts, [500, 500, 500, None, 500])
    assert found.texts == ["a", "b", None, None, None]
    assert found.key_ids == ["k0", "k1", None, None, None]
    assert found.reasons == [None, None, "wrong_key", "not_base64", None]
    assert "k0" in repr(ring)
    assert keys[0].hex() not in repr(ring)


# ---- canonical JSON

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=400)
@given(st.lists(JSON, max_size=4) | st.dictionaries(st.text(), JSON, max_size=5), st.booleans(), st.booleans())
def test_the_fast_way_and_the_careful_way_agree(value: object, ascii_only: bool, spaced: bool) -> None:
    """A blank in front takes the careful way; nothing but the speed may differ."""
    text = json.dumps(value, ensure_ascii=ascii_only, separators=None if spaced else (",", ":"))
    canonical = canonical_json(text)
    assert canonical == canonical_json(" " + text)
    assert canonical_json(canonical) == canonical, "stable under parsing again"
    assert json.loads(canonical) == json.loads(text)


@pytest.mark.parametrize(
    "text", ["", "{", '{"a":1,}', "NaN", "[Infinity]", "{'a':1}", "\ufeff{}", "[" * 100_000, None, b"{}"]
)
def test_what_is_no_json_is_said(text: Any) -> None:
    with pytest.raises(CryptoError, match="JSON"):
        canonical_json(text)


def test_numbers_at_the_edge_of_64_bits() -> None:
    edges = "[9223372036854775807,9223372036854775808,-9223372036854775809,18446744073709551616,-0]"
    assert canonical_json(edges) == edges.replace("-0]", "0]")


# ---- digests


def test_hmacs_of_the_rfcs() -> None:
    """RFC 2202 and RFC 4231, test case 2."""
    key, message = b"Jefe", b"what do ya want for nothing?"
    assert mac("md5", key, message).hex() == "750c783e6ab0b503eaa86e310a5db738"
    assert mac("sha1", key, message).hex() == "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"
    assert mac("sha256", key, message).hex() == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"


@pytest.mark.parametrize(
    "arguments", [("sha512", b"k", b"m"), ("sha1", "k", b"m"), ("sha1", b"k", "m"), ("md5", None, b"")]
)
def test_a_digest_wants_bytes_and_a_method_that_it_knows(arguments: Any) -> None:
    with pytest.raises(CryptoError):
        mac(*arguments)
    if arguments[0] == "sha512":
        with pytest.raises(CryptoError):
            digest("sha512", b"m")  # type: ignore[arg-type]


def test_comparison_takes_any_text() -> None:
    assert same("签", "签")
    assert not same("\ud800", "a")
    assert not same("", "a")


# ---- RSA


def certificate(since: timedelta, until: timedelta, key: Any = PAIR) -> x509.Certificate:
    now, name = datetime.now(UTC), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "synthetic")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now + since)
        .not_valid_after(now + until)
        .sign(key, hashes.SHA256())
    )


DAY = timedelta(days=1)


def test_the_key_in_a_certificate() -> None:
    der = certificate(-DAY, DAY).public_bytes(Encoding.DER)
    for form in (
        der,
        base64.b64encode(der),
        base64.encodebytes(der),
        certificate(-DAY, DAY).public_bytes(Encoding.PEM),
    ):
        assert load_public_key(form).public_numbers() == PAIR.public_key().public_numbers()


@pytest.mark.parametrize(("since", "until"), [(-3 * DAY, -DAY), (DAY, 2 * DAY)])
def test_a_certificate_out_of_its_period(since: timedelta, until: timedelta) -> None:
    pem = certificate(since, until).public_bytes(Encoding.PEM)
    with pytest.raises(
        CertificateExpiredError, match=r"valid from 20..-..-.. to 20..-..-.. only.*openssl x509"
    ) as caught:
        load_public_key(pem)
    assert f"{datetime.now(UTC) + until:%Y-%m-%d}" in str(caught.value)
    middle = datetime.now(UTC) + (since + until) / 2
    assert load_public_key(pem, at=middle).key_size == 2048


def pem(key: Any, *, public: bool = False, password: bytes | None = None) -> bytes:
    if public:
        return bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    how = BestAvailableEncryption(password) if password else NoEncryption()
    return bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how))


def bare(data: bytes) -> bytes:
    """Base64 DER without the lines around it."""
    return b"".join(line for line in data.splitlines() if not line.startswith(b"-----"))


CURVE = ec.generate_private_key(ec.SECP256R1())


@pytest.mark.parametrize(
    ("load", "data", "words"),
    [
        (load_private_key, pem(PAIR, public=True), "this is a public key, our private key belongs here"),
        (load_private_key, bare(pem(PAIR, public=True)), "this is a public key, our private key belongs here"),
        (load_private_key, certificate(-DAY, DAY).public_bytes(Encoding.PEM), "this is a certificate"),
        (load_private_key, bare(certificate(-DAY, DAY).public_bytes(Encoding.PEM)), "this is a certificate"),
        (load_private_key, pem(PAIR, password=b"hush"), "protected by a password"),
        (load_private_key, pem(CURVE), "not an RSA key"),
        (load_private_key, pem(rsa.generate_private_key(65537, 1024))[:300], "not an RSA private key"),
        (load_private_key, b"", "not an RSA private key"),
        (load_private_key, None, "bytes"),
        (load_public_key, pem(PAIR), "this is a private key, a public key belongs here"),
        (load_public_key, bare(pem(PAIR)), "this is a private key, a public key belongs here"),
        (load_public_key, pem(CURVE, public=True), "not an RSA key"),
        (load_public_key, certificate(-DAY, DAY, CURVE).public_bytes(Encoding.PEM), "not an RSA key"),
        (
            load_public_key,
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "certificate cannot be read",
        ),
        (load_public_key, b"hush", "not an RSA public key"),
        (load_public_key, "text", "bytes"),
    ],
)
def test_what_a_wrong_key_file_is_told(load: Callable[[Any], object], data: Any, words: str) -> None:
    with pytest.raises(KeyFormatError, match=words) as caught:
        load(data)
    assert "hush" not in str(caught.value)


def test_a_toy_key_is_refused() -> None:
    """Too short to sign anything that counts; a public key of 512 bits, made elsewhere."""
    toy = (
        b"MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAMqf7ASm5khzNUsP/Ayw/yVlo/+SqcN1EjP2gm+rmbqfl8WAAFdZ3yW2ipKEz/8WS0ZMNT3q"
        b"aqXqE7gTxbYlFg8CAwEAAQ=="
    )
    with pytest.raises(KeyFormatError):
        load_public_key(toy)


def test_an_aes_key_that_rsa_wrapped() -> None:
    sealed = encrypt_pkcs1(b"sixteen bytes ok", PAIR.public_key())
    assert decrypt_pkcs1(sealed, PAIR, 16) == b"sixteen bytes ok"
    with pytest.raises(DecryptionError, match="not encrypted for this private key"):
        decrypt_pkcs1(sealed, PAIR, 32)


def test_the_wrong_private_key_is_noticed_every_time() -> None:
    """OpenSSL answers with random bytes of random length (implicit rejection); one in some hundred has 16 of them."""
    sealed = [encrypt_pkcs1(bytes([i]) * 16, PAIR.public_key()) for i in range(100)]
    for text in sealed:
        with pytest.raises(DecryptionError):
            decrypt_pkcs1(text, OTHER, 16)


@pytest.mark.parametrize("bad", ["", "AAAA", "no base64!", None, b"AAAA", base64.b64encode(b"\xff" * 256).decode()])
def test_what_a_bad_wrapped_key_is_told(bad: Any) -> None:
    with pytest.raises(DecryptionError):
        decrypt_pkcs1(bad, PAIR, 16)


@pytest.mark.parametrize("bad", ["", "AAAA", "no base64!", None, "签名"])
def test_a_signature_that_is_none_does_not_verify(bad: Any) -> None:
    assert not verify_sha256(b"message", bad, PAIR.public_key())


def test_a_pair_has_one_fingerprint_and_openssl_agrees() -> None:
    spki = PAIR.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert key_fingerprint(PAIR) == key_fingerprint(PAIR.public_key()) == hashlib.sha256(spki).hexdigest()[:16]
    assert key_fingerprint(OTHER) != key_fingerprint(PAIR)
    assert fingerprint(b"k" * 16) == hashlib.sha256(b"k" * 16).hexdigest()[:16]


def test_every_reason_has_advice() -> None:
    reasons = set(aes.Reason.__args__)  # type: ignore[attr-defined]
    assert set(aes._ADVICE) == reasons
