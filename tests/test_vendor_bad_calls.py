"""Tencent, OneNET and WestDex: functions and requests with wrong keys, texts and arguments; always a typed error."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import test_vendor_onenet as onenet
import test_vendor_tencent as tencent
import test_vendor_westdex as westdex
from vendor_bench import assert_hidden, keys_of

from idvtools.errors import CryptoError, DecryptionError, IdvError, InputError, KeyFormatError, SettingsError
from idvtools.vendors.base import Keys
from idvtools.vendors.onenet import authorization, check_authorization
from idvtools.vendors.tencent import check_signature, decrypt_data, encrypt_data, signature
from idvtools.vendors.westdex import aes_key, decrypt, encrypt, find_derivation, open_data, seal_data

MODULES = {"tencent": tencent, "onenet": onenet, "westdex": westdex}
HOST = "https://vendor.example.com"
APPS: Mapping[str, tuple[str, dict[str, str]]] = {
    "tencent": ("4396", {"secret_key": tencent.SECRET, "result_key": tencent.SEALED["key"]}),
    "onenet": ("38453", {"access_key": onenet.ACCESS_KEY}),
    "westdex": ("449159", {"key": westdex.KEY}),
}
HIDDEN = tuple(text for m in MODULES.values() for text in (*m.CLEAR, *m.SECRETS))


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Keys]:
    return {v: keys_of(tmp_path_factory.mktemp(v), v, app, HOST, secrets) for v, (app, secrets) in APPS.items()}


# ---- functions

SEALED, KEY = tencent.MODES["aes-256-ecb"], tencent.KEY
ENC, TEXT = westdex.VECTORS["hex"]["enc"][westdex.RESULT], westdex.KEY
ACCESS = onenet.ACCESS_KEY
SIGN = tencent.SIGNATURE
BAD: dict[str, tuple[Callable[[], object], type[IdvError], str]] = {
    "tencent: data None": (lambda: decrypt_data(None, KEY), DecryptionError, "text"),
    "tencent: data bytes": (lambda: decrypt_data(SEALED.encode(), KEY), DecryptionError, "text"),
    "tencent: data empty": (lambda: decrypt_data(" ", KEY), DecryptionError, "empty"),
    "tencent: data cut": (lambda: decrypt_data(SEALED[:-8], KEY), DecryptionError, "cut"),
    "tencent: data not Base64": (lambda: decrypt_data("张三!", KEY), DecryptionError, "Base64"),
    "tencent: other key": (lambda: decrypt_data(SEALED, b"x" * 32), DecryptionError, "key"),
    "tencent: other mode": (lambda: decrypt_data(tencent.MODES["aes-256-cbc"], KEY), DecryptionError, "cipher"),
    "tencent: no object": (lambda: decrypt_data(encrypt_data("[1]", KEY), KEY), DecryptionError, "JSON"),
    "tencent: key cut": (lambda: decrypt_data(SEALED, KEY[:31]), KeyFormatError, "31 bytes"),
    "tencent: key of AES-128": (lambda: encrypt_data("{}", KEY[:16]), KeyFormatError, "32"),
    "tencent: key text": (lambda: decrypt_data(SEALED, KEY.decode()), KeyFormatError, "bytes"),
    "tencent: key None": (lambda: encrypt_data("{}", None), KeyFormatError, "bytes"),
    "tencent: cipher unknown": (lambda: encrypt_data("{}", KEY, "des"), CryptoError, "aes-256-"),
    "tencent: clear None": (lambda: encrypt_data(None, KEY), CryptoError, "text"),
    "tencent: clear bytes": (lambda: encrypt_data(b"{}", KEY), CryptoError, "text"),
    "tencent: clear half a character": (lambda: encrypt_data("\ud83d", KEY), CryptoError, "text"),
    "tencent: appid empty": (lambda: signature("", "m", "s", 1, 1), CryptoError, "appid"),
    "tencent: secret bytes": (lambda: signature("1", "m", b"s", 1, 1), CryptoError, "text"),
    "tencent: secret None": (lambda: check_signature(SIGN, None), CryptoError, "text"),
    "tencent: time None": (lambda: signature("1", "m", "s", 1, None), CryptoError, "time|number"),
    "onenet: key None": (lambda: authorization(None, 1), KeyFormatError, "access key"),
    "onenet: key empty": (lambda: authorization("", 1), KeyFormatError, "access key"),
    "onenet: key not Base64": (lambda: authorization(ACCESS[:-1] + "!", 1), KeyFormatError, "Base64"),
    "onenet: key cut": (lambda: authorization(ACCESS[:-1], 1), KeyFormatError, "Base64"),
    "onenet: checked with no key": (lambda: check_authorization(onenet.HEADER, b""), KeyFormatError, "access key"),
    "onenet: method unknown": (lambda: authorization(ACCESS, 1, "sha512"), CryptoError, "sha256"),
    "onenet: method None": (lambda: authorization(ACCESS, 1, None), CryptoError, "sha256"),
    "onenet: time None": (lambda: authorization(ACCESS, None), CryptoError, "time|number"),
    "onenet: resource None": (lambda: authorization(ACCESS, 1, res=None), CryptoError, "text"),
    "westdex: data None": (lambda: open_data(None, TEXT), DecryptionError, "text"),
    "westdex: data bytes": (lambda: decrypt(ENC.encode(), TEXT), DecryptionError, "text"),
    "westdex: data empty": (lambda: decrypt("", TEXT), DecryptionError, "empty"),
    "westdex: text None": (lambda: decrypt(None, TEXT), DecryptionError, "decrypt|text"),
    "westdex: data cut": (lambda: open_data(ENC[:-4], TEXT, "hex"), DecryptionError, "cut"),
    "westdex: nothing to find": (lambda: find_derivation("", TEXT), DecryptionError, "empty"),
    "westdex: found in what is cut": (lambda: find_derivation(ENC[:-4], TEXT), DecryptionError, "cut"),
    "westdex: found in bytes": (lambda: find_derivation(ENC.encode(), TEXT), DecryptionError, "text"),
    "westdex: not Base64": (lambda: find_derivation("张三!", TEXT), DecryptionError, "Base64"),
    "westdex: found with no key": (lambda: find_derivation(ENC, ""), KeyFormatError, "key"),
    "westdex: found with key None": (lambda: find_derivation(ENC, None), KeyFormatError, "key"),
    "westdex: other derivation": (lambda: open_data(ENC, TEXT, "utf8"), DecryptionError, "check the key"),
    "westdex: no JSON": (lambda: open_data(encrypt("张三", TEXT), TEXT), DecryptionError, "JSON"),
    "westdex: key bytes": (lambda: aes_key(TEXT.encode()), KeyFormatError, "text"),
    "westdex: key None": (lambda: encrypt("x", None), KeyFormatError, "text"),
    "westdex: key no hex": (lambda: aes_key(TEXT[:-1] + "g", "hex"), KeyFormatError, "hex digits"),
    "westdex: key half a hex": (lambda: aes_key(TEXT[:16], "hex"), KeyFormatError, "32 or 64"),
    "westdex: key too long": (lambda: aes_key(TEXT + "0", "utf8"), KeyFormatError, "32 characters"),
    "westdex: derivation unknown": (lambda: aes_key(TEXT, "md5"), KeyFormatError, "sha1prng, hex, utf8"),
    "westdex: clear bytes": (lambda: encrypt(b"x", TEXT), CryptoError, "text"),
    "westdex: sealed None": (lambda: seal_data(None, TEXT), CryptoError, "text"),
    "westdex: clear half a character": (lambda: encrypt("\ud83d", TEXT), CryptoError, "text"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_a_typed_error_that_says_what_to_check(name: str) -> None:
    call, kind, words = BAD[name]
    with pytest.raises(kind, match=words) as caught:
        call()
    assert_hidden(caught.value, *HIDDEN)


@pytest.mark.parametrize("cipher", tencent.MODES)
def test_no_changed_data_of_tencent_reads_as_the_original(cipher: Any) -> None:
    raw, clear = base64.b64decode(tencent.MODES[cipher]), json.loads(tencent.SEALED["plain"])
    for i in range(len(raw)):
        for bad in (raw[:i] + bytes([raw[i] ^ 1]) + raw[i + 1 :], raw[:i]):
            try:
                assert decrypt_data(base64.b64encode(bad).decode(), KEY, cipher) != clear
            except DecryptionError as error:
                assert_hidden(error, *HIDDEN)


@pytest.mark.parametrize("bad", [None, b"AAAA", "", "A", "===", 5, "签名", "version=1", [], "\ud800"])
def test_what_is_no_signature_does_not_check(bad: Any) -> None:
    assert not check_signature(bad, tencent.SECRET)
    assert not check_authorization(bad, ACCESS)


# ---- settings and arguments


@pytest.mark.parametrize(
    ("vendor", "key", "value", "words"),
    [
        ("tencent", "result_key", tencent.SEALED["key"][:-1], "32 characters is expected, this has 31"),
        ("tencent", "result_key", "证" * 32, "32 characters"),
        ("onenet", "access_key", ACCESS + "!", "Base64"),
    ],
)
def test_a_key_that_is_none_is_named_with_its_place(
    vendor: str, key: str, value: str, words: str, tmp_path: Any
) -> None:
    app, secrets = APPS[vendor]
    with pytest.raises(SettingsError, match=rf"vendors\.{vendor}\.apps\[0\]\.{key}: .*{words}") as caught:
        keys_of(tmp_path, vendor, app, HOST, {**secrets, key: value})
    assert_hidden(caught.value, value, *HIDDEN)


GOOD: dict[str, tuple[str, dict[str, Any]]] = {
    "tencent": ("fetch", {"token": tencent.TOKEN}),
    "onenet": ("auth_url", {"phone": onenet.PHONE, "callback_url": "http://x"}),
    "westdex": ("check", {"photo": westdex.PHOTO, "spend_money": True, **westdex.WHO}),
}


def arguments() -> Iterator[tuple[str, dict[str, Any], str]]:
    for vendor, (_, good) in GOOD.items():
        yield vendor, {**good, "nmae": westdex.NAME}, "nmae: there is no such argument"
        yield vendor, {**good, "app": "9999"}, "name one of the apps in the settings; there are: "
        for name in sorted(set(good) - {"spend_money"}):
            yield vendor, {k: v for k, v in good.items() if k != name}, f"{name}: is missing"
            for bad in ("\ud83d", [westdex.NAME], {"a": westdex.NAME}, b"bytes" if name != "photo" else "text", 1.5):
                yield vendor, {**good, name: bad}, name
    for name in westdex.WHO:
        yield "westdex", {**GOOD["westdex"][1], name: 110101199001011234}, name


@pytest.mark.parametrize(("vendor", "given_", "words"), list(arguments()))
def test_a_wrong_argument_is_named_and_its_value_is_not(
    vendor: str, given_: dict[str, Any], words: str, keys: dict[str, Keys]
) -> None:
    with pytest.raises(InputError, match=words) as caught:
        MODULES[vendor].VENDOR.request(GOOD[vendor][0], keys[vendor], **given_)
    assert_hidden(caught.value, *HIDDEN)
