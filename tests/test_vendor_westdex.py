"""WestDex (seed 004, westdex.md): known answers both ways, the three derivations, money, contradictions, decoding."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from vendor_bench import JSON, assert_hidden, forms, keys_of, known

from idvtools import errors
from idvtools.vendors.base import Keys, Stamp, read_exchange
from idvtools.vendors.westdex import DERIVATIONS, VENDOR, aes_key, decrypt, encrypt, find_derivation, open_data
from idvtools.vendors.westdex import seal_data as seal

VECTORS = known("westdex")
KEY: str = VECTORS["key"]
SAMPLES: dict[str, str] = VECTORS["seed_samples"]
KNOWN = [(d, plain, sealed) for d in DERIVATIONS for plain, sealed in VECTORS[d]["enc"].items()]
NAME, ID_NO, RESULT = VECTORS["hex"]["enc"]
HOST, MS = "https://apimaster.westdex.com.cn/api/invoke", "1713421668375"
URL = f"{HOST}/449159/idCardThreeElements"
#: The seed's own beginning of a photo, a BMP.
PHOTO = base64.b64decode("Qk3OlwAAAAAAADYAAAAoAAAAZgAAAH4AAAABABgAAA==")
SUCCESS = ("00000", "200", "0", 200, 0)
CLEAR, SECRETS = (NAME, ID_NO), (KEY, VECTORS["sha1prng"]["aes_key_hex"])
Make = Callable[..., Keys]


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    def opened(derivation: str = "sha1prng") -> Keys:
        folder = tmp_path_factory.mktemp("ws")
        return keys_of(folder, "westdex", "449159", HOST, {"key": KEY}, derivation=derivation)

    return opened


@pytest.fixture(scope="module")
def keys(make: Make) -> Keys:
    return make()


def asked(derivation: Any = "sha1prng", photo: object = None, **data: object) -> dict[str, Any]:
    sealed = {"xM": encrypt(NAME, KEY, derivation), "gMSFZHM": encrypt(ID_NO, KEY, derivation)}
    photo = base64.b64encode(PHOTO).decode() if photo is None else photo
    return {"data": {"timeStamp": MS, "customNumber": "449159", **sealed, **data}, "photoData": photo}


def answer(code: object = "00000", data: str = RESULT, derivation: Any = "sha1prng", **more: object) -> dict[str, Any]:
    sealed = seal(data, KEY, derivation)
    return {"code": code, "message": "成功", "data": sealed, "id": "R-1", "error_code": None, "reason": "", **more}


def log(**more: Any) -> dict[str, Any]:
    return {"request": asked(), "response": answer(**more)}


# ---- known answers


def test_every_key_of_the_known_answers_is_used() -> None:
    assert set(VECTORS) == {"key", *DERIVATIONS, "seed_samples"}
    assert set(VECTORS["sha1prng"]) == {"note", "aes_key_hex", "enc"}
    assert set(VECTORS["hex"]) == set(VECTORS["utf8"]) == {"enc"}
    assert all(list(VECTORS[d]["enc"]) == [NAME, ID_NO, RESULT] for d in DERIVATIONS)
    assert set(SAMPLES) == {"note", "xM", "gMSFZHM"}


@pytest.mark.parametrize(("derivation", "plain", "sealed"), KNOWN)
def test_the_known_answers_both_ways(derivation: Any, plain: str, sealed: str) -> None:
    assert encrypt(plain, KEY, derivation) == seal(plain, KEY, derivation) == sealed
    assert decrypt(sealed, KEY, derivation) == plain
    if plain == RESULT:
        assert open_data(sealed, KEY, derivation) == json.loads(RESULT)
        assert find_derivation(sealed, KEY) == derivation


def test_the_known_key_is_the_one_of_java() -> None:
    assert aes_key(KEY).hex().upper() == VECTORS["sha1prng"]["aes_key_hex"]
    assert aes_key(KEY, "hex") == bytes.fromhex(KEY)
    assert aes_key(KEY, "utf8") == KEY.encode()


# ---- tampering and properties


@pytest.mark.parametrize(("derivation", "plain", "sealed"), KNOWN)
def test_no_changed_ciphertext_reads_as_the_original(derivation: Any, plain: str, sealed: str) -> None:
    raw = base64.b64decode(sealed)
    for i in range(len(raw)):
        for bad in (raw[:i] + bytes([raw[i] ^ 1]) + raw[i + 1 :], raw[:i]):
            try:
                assert decrypt(base64.b64encode(bad).decode(), KEY, derivation) != plain
            except errors.DecryptionError as error:
                assert_hidden(error, *CLEAR, *SECRETS)


#: Keys that suit all three derivations, and texts as they stand in messages: control characters prove a wrong key.
HEX_KEYS = st.text("0123456789abcdefABCDEF", min_size=32, max_size=32)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))  # line breaks and other control characters, too


@given(TEXTS, JSON, HEX_KEYS, st.sampled_from(DERIVATIONS))
def test_decrypting_undoes_encrypting(text: str, value: Any, key: str, derivation: Any) -> None:
    assert decrypt(encrypt(text, key, derivation), key, derivation) == text
    assert open_data(seal(json.dumps(value, ensure_ascii=False), key, derivation), key, derivation) == value


@given(st.text(min_size=1), st.text(min_size=1))
def test_sha1prng_takes_any_key_and_another_key_gives_another_text(a: str, b: str) -> None:
    assume(a != b)
    assert decrypt(encrypt(ID_NO, a), a) == ID_NO
    assert encrypt(ID_NO, a) != encrypt(ID_NO, b)


# ---- what the document contradicts


@pytest.mark.parametrize("field", ["xM", "gMSFZHM"])
def test_the_seeds_samples_decrypt_under_no_derivation(field: str, keys: Keys) -> None:
    """Seed 004 gives key, clear texts and ciphertexts that do not belong together; chosen: a setting, and no guess."""
    assert find_derivation(SAMPLES[field], KEY) is None
    for derivation in DERIVATIONS:
        assert encrypt({"xM": NAME, "gMSFZHM": ID_NO}[field], KEY, derivation) != SAMPLES[field]
        with pytest.raises(errors.DecryptionError, match="check the key"):
            decrypt(SAMPLES[field], KEY, derivation)
    got = VENDOR.decode({"request": asked(**{field: SAMPLES[field]}), "response": answer()}, keys)
    assert got.outcome == "success"
    assert f"{field} could not be read" in got.warnings[0]
    assert_hidden(got, SAMPLES[field])


@pytest.mark.parametrize("code", SUCCESS)
def test_the_success_codes(code: object, keys: Keys) -> None:
    """Seed 004 lists three strings; chosen: each may come as an int as well (westdex.md)."""
    got = VENDOR.decode(log(code=code), keys)
    assert (got.op_id, got.code, got.outcome) == ("R-1", str(code), "success")
    opened = VENDOR.answer("check", read_exchange(log(code=code)), keys)
    assert opened.trees["data"]["answer"] == json.loads(RESULT)
    assert {(row.code, row.outcome) for row in VENDOR.tables["code"].rows} == {(str(c), "success") for c in SUCCESS}


@pytest.mark.parametrize("code", ["10001", 10001, "0000", "000000", "2000", -1, 500])
def test_every_other_code_fails_and_its_data_is_read_as_well(code: object, keys: Keys) -> None:
    """Seed 004: the data of a failure is "encrypted error data"; chosen: opened like any other; code, reason kept."""
    more = {"error_code": 10001, "reason": "认证失败", "message": f"no record of {ID_NO}"}
    logged = log(code=code, data='{"message": "参数错误"}', **more)
    got = VENDOR.decode(logged, keys, reveal=True)
    assert (got.code, got.outcome, got.warnings) == (str(code), "vendor_failed", ())
    assert (got.fields["result_message"], got.fields["reason"], got.fields["error_code"]) == (
        "参数错误", "认证失败", 10001,
    )  # fmt: skip
    assert_hidden(VENDOR.decode(logged, keys), *CLEAR)
    with pytest.raises(errors.VendorError) as caught:
        VENDOR.answer("check", read_exchange(logged), keys)
    assert (caught.value.code, caught.value.retry) == (str(code), "never")
    assert_hidden(caught.value, *CLEAR, *SECRETS)


def test_no_code_is_no_outcome(keys: Keys) -> None:
    for response in (None, {"message": "x"}, "<html>502</html>"):
        logged = {"request": asked(), "response": response}
        assert VENDOR.decode(logged, keys).outcome == "unknown"
        with pytest.raises(errors.MalformedAnswerError):
            VENDOR.answer("check", read_exchange(logged), keys)


@pytest.mark.parametrize(
    ("query", "body", "warned"), [(MS, MS, 0), (MS, int(MS), 0), ("1713421668376", MS, 1), (MS, None, 1)]
)
def test_the_timestamp_of_the_url_against_that_of_the_body(query: str, body: object, warned: int, keys: Keys) -> None:
    """Seed 004: the two must be the same (in its Apifox steps they are made apart); chosen: a warning, no refusal."""
    http = {"url": f"{URL}?timestamp={query}", "body": asked(timeStamp=body)}
    got = VENDOR.decode({"request": http, "response": answer()}, keys)
    assert got.outcome == "success"
    assert ["timestamp" in text for text in got.warnings] == [True] * warned


@pytest.mark.parametrize("setting", DERIVATIONS)
@pytest.mark.parametrize("real", DERIVATIONS)
def test_a_wrong_derivation_is_named_and_everything_still_opens(real: str, setting: str, make: Make) -> None:
    logged = {"request": asked(real), "response": answer(derivation=real)}
    got = VENDOR.decode(logged, make(setting), reveal=True)
    assert [got.fields[n] for n in ("user_name", "id_no", "result", "result_message")] == [NAME, ID_NO, "01", "一致"]
    assert got.key_id == f"key ({real})"
    assert [f'set derivation = "{real}"' in text for text in got.warnings] == ([] if real == setting else [True])


# ---- decoding


@pytest.mark.parametrize(("name", "logged"), list(forms(asked(), answer(), f"{URL}?timestamp={MS}", {})))
def test_every_form_of_a_log_gives_the_same_record(name: str, logged: Any, keys: Keys) -> None:
    sealed = [asked()["data"]["xM"], asked()["data"]["gMSFZHM"], answer()["data"], asked()["photoData"]]
    for reveal, name_, id_no in ((False, "张*", "1101************34"), (True, NAME, ID_NO)):
        got = VENDOR.decode(logged, keys, reveal=reveal)
        assert (got.vendor, got.call, got.op_id, got.outcome, got.code) == (
            "westdex", "check", "R-1", "success", "00000",
        )  # fmt: skip
        assert (got.check, got.key_id, got.warnings) == ("unchecked", "key (sha1prng)", ())
        assert (str(got.at), str(got.fields["sent_at"])) == (
            "2026-10-01 00:00:00+00:00", "2024-04-18 06:27:48.375000+00:00",
        )  # fmt: skip
        assert (got.fields["user_name"], got.fields["id_no"], got.undeclared) == (name_, id_no, {})
        (photo,) = got.attachments
        assert (photo.name, photo.media_type, photo.size, photo.sha256, photo.reveal()) == (
            "photo", "image/bmp", len(PHOTO), hashlib.sha256(PHOTO).hexdigest(), PHOTO,
        )  # fmt: skip
        assert_hidden((got, got.row()), *SECRETS, *sealed)
    assert_hidden(VENDOR.decode(logged, keys), NAME, ID_NO)


def test_without_a_key_nothing_sealed_is_shown() -> None:
    got = VENDOR.decode(log())
    assert (got.outcome, got.key_id) == ("success", None)
    assert "no key" in got.warnings[0]
    assert_hidden((got, got.row()), *CLEAR, asked()["data"]["xM"], answer()["data"], asked()["photoData"])


@pytest.mark.parametrize(
    ("photo", "found", "words"),
    [
        ("data:image/bmp;base64," + base64.b64encode(PHOTO).decode(), 1, "prefix"),
        ("no Base64!", 0, "not Base64"),
        (7, 0, "not Base64"),
    ],
)
def test_a_photo_that_is_not_as_the_seed_asks_is_reported(photo: object, found: int, words: str, keys: Keys) -> None:
    got = VENDOR.decode({"request": asked(photo=photo), "response": answer()}, keys)
    assert len(got.attachments) == found
    assert words in got.warnings[0]


def test_an_undeclared_field_is_described_not_shown(keys: Keys) -> None:
    data = {"result": "01", "remark": f"{NAME} lives here"}
    got = VENDOR.decode(
        {"request": asked(openid="open-id-of-somebody"), "response": answer(data=json.dumps(data))}, keys
    )
    assert got.undeclared == {
        "request.data.openid": "<text, 19 characters>",
        "data.answer.remark": "<text, 13 characters>",
    }
    assert_hidden(got, "open-id-of-somebody", "lives here", *CLEAR)


# ---- requests

WHO = {"user_name": NAME, "id_no": ID_NO}


@pytest.mark.parametrize("derivation", DERIVATIONS)
def test_a_request_is_what_the_seed_shows(derivation: str, make: Make) -> None:
    stamp = Stamp(int(MS), "")
    request = VENDOR.request("check", make(derivation), spend_money=True, stamp=stamp, photo=PHOTO, **WHO)
    assert (request.method, request.url, request.params) == ("POST", URL, (("timestamp", MS),))
    assert {k: v.partition(";")[0] for k, v in request.headers.items()} == {"Content-Type": "application/json"}
    assert json.loads(request.body or b"") == asked(derivation)
    assert (request.timeout, request.files) == (60, ())
    assert_hidden(request, *CLEAR, *SECRETS, asked(derivation)["data"]["xM"])


@pytest.mark.parametrize("word", [False, None, 1, "yes"])
def test_no_money_is_spent_without_the_word(word: Any, keys: Keys) -> None:
    for given_ in ({}, {"spend_money": word}):
        with pytest.raises(errors.SpendingRefusedError, match="spend_money=True") as caught:
            VENDOR.request("check", keys, photo=PHOTO, **WHO, **given_)
        assert_hidden(caught.value, *CLEAR, *SECRETS)
    assert VENDOR.decode(log(), keys).outcome == "success", "reading costs nothing"


@pytest.mark.parametrize("photo", [b"\xff\xd8\xff rest", b"\x89PNG\r\n\x1a\n rest", PHOTO])
def test_photos_that_are_accepted(photo: bytes, keys: Keys) -> None:
    request = VENDOR.request("check", keys, photo=photo, spend_money=True, **WHO)
    assert base64.b64decode(json.loads(request.body or b"")["photoData"]) == photo


@pytest.mark.parametrize("photo", [b"", b"GIF89a", b"%PDF-1.7", b"data:image/jpeg;base64,/9j/", b"RIFF....WEBP"])
def test_a_photo_that_is_no_jpg_bmp_or_png_is_refused(photo: bytes, keys: Keys) -> None:
    with pytest.raises(errors.InputError, match="photo: only JPG, BMP and PNG") as caught:
        VENDOR.request("check", keys, photo=photo, spend_money=True, **WHO)
    assert_hidden(caught.value, *CLEAR, *SECRETS)
