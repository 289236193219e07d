"""The sides of Tencent and WestDex in the sandbox, called by our real clients over a real socket."""

from __future__ import annotations

import base64
import hmac
import json
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from vendor_sides import Loopback, running

from idvtools import vendors
from idvtools.errors import (
    InputError,
    RequestRefusedError,
    SignatureRefusedError,
    SpendingRefusedError,
    TemporaryError,
    VendorError,
)
from idvtools.sandbox.exchanges.files import BMP, PNG, jpeg
from idvtools.sandbox.server.tencent import TencentSide
from idvtools.sandbox.server.wire import someone
from idvtools.vendors.base import Keys, Unpacked
from idvtools.vendors.tencent import signature
from idvtools.vendors.westdex import open_data


@pytest.fixture
def loopback(tmp_path: Path) -> Iterator[Loopback]:
    with running(tmp_path) as sides:
        yield sides


# ---- Tencent


def fetch(loopback: Loopback, token: str, keys: Keys | None = None, **more: Any) -> Unpacked:
    return loopback.caller("tencent", keys).call("fetch", token=token, **more)


@pytest.mark.parametrize(
    ("code", "outcome"), [("0", "success"), ("604", "rejected"), ("612", "capture_failed"), ("606", "system_failed")]
)
@pytest.mark.parametrize("crypt", [{}, {"crypt_type": 2}, {"crypt_type": 3}])
def test_tencent_tells_the_result_of_a_token(
    code: str, outcome: str, crypt: dict[str, int], loopback: Loopback
) -> None:
    person = someone(random.Random(1))
    token = loopback.tencent.plant(code=code, person=person)
    opened = fetch(loopback, token, info_type=1, **crypt)
    assert (opened.op_id, opened.code, opened.check, opened.warnings, opened.attachments) == (token, code, "ok", (), ())
    assert vendors.get("tencent").tables["result"].find(opened.code).outcome == outcome
    assert (opened.trees["data"]["name"], opened.trees["data"]["ID"]) == (person.name, person.id_no)
    assert loopback.world.calls["tencent.fetch:0"] == 1


def test_tencent_gives_files_of_megabytes_with_info_type_0_or_none(loopback: Loopback) -> None:
    video = b"\0\0\0\x14ftypisom" + random.Random(1).randbytes(2_000_000)
    token = loopback.tencent.plant(files={"video": video})
    opened = fetch(loopback, token, info_type=0)
    assert {a.name for a in opened.attachments} == {
        "frontpic", "backpic", "videopic1", "videopic2", "videopic3", "video",
    }  # fmt: skip
    assert next(a for a in opened.attachments if a.name == "video").reveal() == video
    assert "video" not in opened.trees["data"]
    bare = tencent_post(loopback, {"token": token, "appid": "9001"})
    assert len(bare["data"]) > 2_000_000, "without info_type: all of it (seed 001)"


def test_tencent_gives_each_token_the_same_result_again(loopback: Loopback) -> None:
    tokens = [f"0000000{n:x}-0000-4000-8000-000000000000" for n in range(16)]
    first = [fetch(loopback, t).code for t in tokens]
    assert first == [loopback.tencent.code(t) for t in tokens]
    assert first == [TencentSide(loopback.world).code(t) for t in tokens], "by the seed, not by the order"
    assert len(set(first)) > 2


@pytest.mark.parametrize(
    ("change", "error", "code"),
    [
        ({"tencent-secret-key.txt": "another secret"}, SignatureRefusedError, "6"),
        ({"tencent-result-key.txt": "r" * 32}, None, None),
    ],
)
def test_tencent_with_a_wrong_key(
    change: dict[str, str], error: type[VendorError] | None, code: str | None, loopback: Loopback
) -> None:
    keys, token = loopback.keys("tencent", change), loopback.tencent.plant()
    if error:
        with pytest.raises(error) as caught:
            fetch(loopback, token, keys)
        assert caught.value.code == code
    else:
        opened = fetch(loopback, token, keys)
        assert "data" not in opened.trees
        assert any("could not be read" in w for w in opened.warnings)


@pytest.mark.parametrize("seconds", [601, -301])
def test_tencent_refuses_a_signature_of_another_time(seconds: int, loopback: Loopback) -> None:
    loopback.world.clock.advance(seconds)
    with pytest.raises(SignatureRefusedError, match="data signature error"):
        fetch(loopback, loopback.tencent.plant())
    loopback.world.clock.advance(-seconds + 290)
    assert fetch(loopback, loopback.tencent.plant()).code == "0"


def test_tencent_refuses_a_token_that_is_over_or_none_or_planted_to_fail(loopback: Loopback) -> None:
    token = loopback.tencent.plant(expires_in_s=60)
    assert fetch(loopback, token).code == "0"
    loopback.world.clock.advance(61)
    for bad, error, code in (
        (token, RequestRefusedError, "12"),
        ("no token", RequestRefusedError, "2"),
        ("测试", RequestRefusedError, "2"),
        (loopback.tencent.plant(code="8"), TemporaryError, "8"),
        (loopback.tencent.plant(code="3"), SignatureRefusedError, "3"),
    ):
        with pytest.raises(error) as caught:
            fetch(loopback, bad)
        assert caught.value.code == code
    with pytest.raises(InputError):
        loopback.tencent.plant("no token")


def tencent_post(loopback: Loopback, body: object) -> dict[str, Any]:
    """The answer to a call with a right signature, whatever the body."""
    return loopback.post("/new/cgi-bin/getdetectinfo.php", body, signature=tencent_signature(loopback))


def tencent_signature(loopback: Loopback, *, app: str = "9001", api: str = "getdetectinfo") -> str:
    secret = loopback.world.keys["tencent"].require(None).text("secret_key")
    return signature(app, api, secret, 600, int(time.time()))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"appid": "9001"}, 1),
        ({"token": "", "appid": "9001"}, 1),
        ({"token": 7, "appid": "9001"}, 2),
        ({"token": "{t}", "appid": 9001}, 2),
        ({"token": "{t}", "appid": "9001", "info_type": 2}, 2),
        ({"token": "{t}", "appid": "9001", "info_type": True}, 2),
        ({"token": "{t}", "appid": "9001", "info_type": [1]}, 2),
        ({"token": "{t}", "appid": "9001", "crypt_type": 1}, 2),
        ({"token": "{t}", "appid": "9002"}, 5),
        ([1], 11),
        (b"\xff\xfe", 11),
        ("[" * 100_000, 11),
        ({"token": "{t}", "appid": "9001", "info_type": "1"}, 0),
        ({"token": "\ud800", "appid": "9001"}, 2),
    ],
)
def test_tencent_reads_bodies_strictly(body: Any, code: int, loopback: Loopback) -> None:
    token = loopback.tencent.plant()
    if isinstance(body, dict) and body.get("token") == "{t}":
        body = {**body, "token": token}
    got = tencent_post(loopback, body)
    assert (got["http"], got["errorcode"]) == (200, code)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (lambda good: None, 4),
        (lambda good: "no base64!", 6),
        (lambda good: good[:-4], 6),
        (lambda good: good.replace("+", "-").replace("/", "_") + "=", 6),
        (lambda good: base64.b64encode(hmac.digest(b"", b"a=9001", "sha1") + b"a=9001").decode(), 6),
    ],
)
def test_tencent_reads_signatures_strictly(given: Callable[[str], str | None], code: int, loopback: Loopback) -> None:
    header = given(tencent_signature(loopback))
    headers = {} if header is None else {"signature": header}
    body = {"token": loopback.tencent.plant(), "appid": "9001"}
    assert loopback.post("/new/cgi-bin/getdetectinfo.php", body, **headers)["errorcode"] == code


@pytest.mark.parametrize(("sign_with", "code"), [({"app": "9002"}, 3), ({"api": "auth"}, 9), ({}, 0)])
def test_tencent_takes_forms_and_knows_its_apps_and_calls(
    sign_with: dict[str, str], code: int, loopback: Loopback
) -> None:
    form = urlencode({"token": loopback.tencent.plant(), "appid": "9001", "info_type": "1"})
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    headers["signature"] = tencent_signature(loopback, **sign_with)
    assert loopback.post("/new/cgi-bin/getdetectinfo.php", form, **headers)["errorcode"] == code


# ---- WestDex

PERSON = {"user_name": "测试甲子·𠮷", "id_no": "99999919900307123X"}
FACE = jpeg("face")


def check(loopback: Loopback, keys: Keys | None = None, photo: bytes = FACE, **more: Any) -> Unpacked:
    arguments = {**PERSON, "photo": photo, "spend_money": True, **more}
    return loopback.caller("westdex", keys).call("check", **arguments)


@pytest.mark.parametrize("code", ["00000", "200", "0"])
@pytest.mark.parametrize("result", ["01", "02"])
def test_westdex_checks_and_charges(code: str, result: str, loopback: Loopback) -> None:
    loopback.westdex.plant(PERSON["id_no"], code, result)
    for n, photo in enumerate((jpeg("face"), PNG, BMP, jpeg("face") + bytes(2_000_000)), start=1):
        opened = check(loopback, photo=photo)
        assert (opened.code, opened.trees["data"]["answer"]["result"], opened.warnings) == (code, result, ())
        assert loopback.westdex.charged == n
    assert loopback.world.calls[f"westdex.check:{code}"] == 4


def test_westdex_is_not_called_without_the_word(loopback: Loopback) -> None:
    for word in (False, 1, "yes"):
        with pytest.raises(SpendingRefusedError):
            check(loopback, spend_money=word)
    assert not loopback.sent
    assert not loopback.world.calls


@pytest.mark.parametrize("code", ["10004", "20003", "500", "99999"])
def test_westdex_fails_as_planted_and_charges_nothing(code: str, loopback: Loopback) -> None:
    loopback.westdex.plant(PERSON["id_no"], code)
    with pytest.raises(VendorError) as caught:
        check(loopback)
    assert (caught.value.code, loopback.westdex.charged) == (code, 0)


def test_westdex_cannot_read_what_another_key_or_derivation_made(loopback: Loopback) -> None:
    other = loopback.keys("westdex", {"westdex-key.txt": "0" * 32})
    ours = loopback.world.keys["westdex"]
    derived = replace(ours, settings=ours.settings.model_copy(update={"derivation": "utf8"}))
    for keys in (other, derived):
        with pytest.raises(VendorError) as caught:
            check(loopback, keys)
        assert caught.value.code == "10006"
    assert loopback.westdex.charged == 0


@pytest.mark.parametrize("seconds", [301, -301])
def test_westdex_refuses_other_times(seconds: int, loopback: Loopback) -> None:
    loopback.world.clock.advance(seconds)
    with pytest.raises(VendorError, match="10003"):
        check(loopback)


@pytest.mark.parametrize(
    ("change", "more", "code"),
    [
        ({}, {"photoData": "data:image/png;base64," + base64.b64encode(PNG).decode()}, "10005"),
        ({}, {"photoData": base64.b64encode(b"GIF89a").decode()}, "10005"),
        ({}, {"photoData": None}, "10005"),
        ({"timeStamp": "1713421668375"}, {}, "10003"),
        ({"timeStamp": 1713421668375}, {}, "10003"),
        ({"customNumber": "900002"}, {}, "10001"),
        ({"xM": ""}, {}, "10001"),
        ({"xM": "fU4B3fR3Dw+UkHNkFsHIjA=="}, {}, "10006"),
        ({"gMSFZHM": 7}, {}, "10006"),
        ({}, {"data": []}, "10001"),
    ],
)
def test_westdex_reads_bodies_strictly(
    change: dict[str, Any], more: dict[str, Any], code: str, loopback: Loopback
) -> None:
    keys, vendor = loopback.world.keys["westdex"], vendors.get("westdex")
    request = vendor.request("check", keys, spend_money=True, photo=PNG, **PERSON)
    body = json.loads(request.body or b"")
    body = {**body, "data": {**body["data"], **change}, **more}
    path = f"/900001/idCardThreeElements?{urlencode(request.params)}"
    got = loopback.post(path, body)
    assert (got["http"], got["code"], loopback.westdex.charged) == (200, code, 0)
    assert set(open_data(got["data"], keys.require(None).text("key"))) == {"detail"}, "sealed on failure as well"


def test_westdex_knows_its_accounts_and_both_names_of_the_check(loopback: Loopback) -> None:
    loopback.westdex.plant(PERSON["id_no"])
    vendor = vendors.get("westdex")
    request = vendor.request("check", loopback.world.keys["westdex"], spend_money=True, photo=PNG, **PERSON)
    query, body = urlencode(request.params), request.body or b""
    assert loopback.post(f"/900001/IVYZ9K2L?{query}", body)["code"] == "00000"
    assert loopback.post(f"/api/invoke/900001/idCardThreeElements?{query}", body)["code"] == "00000"
    assert loopback.post(f"/900002/IVYZ9K2L?{query}", body)["code"] == "10002"
    assert loopback.post(f"/900001/IVYZ9K2L?{query}&timestamp=1", body)["code"] == "10003"


def test_westdex_answers_a_person_always_alike(loopback: Loopback) -> None:
    def code(id_no: str) -> str | None:
        try:
            return check(loopback, id_no=id_no).code
        except VendorError as error:
            return error.code

    people = [someone(random.Random(n)).id_no for n in range(30)]
    first = [code(p) for p in people]
    assert [code(p) for p in reversed(people)][::-1] == first
    assert len(set(first)) > 2
