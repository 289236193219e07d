"""Calls that may not be repeated, keys that may not be fetched in passing, and what a log of HTTP shows."""

from __future__ import annotations

import json
import logging
import pickle
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import webank_server
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from idvtools import vendors
from idvtools.crypto.aes import decrypt_text
from idvtools.crypto.rsa import encrypt_pkcs1
from idvtools.errors import (
    CredentialsExpiredError,
    InputError,
    SpendingRefusedError,
    TemporaryError,
    VendorError,
)
from idvtools.pull import Caller, Sessions, Transport
from idvtools.settings import load
from idvtools.vendors.base import Exchange, Keys, Request, open_keys, read_exchange

OURS = rsa.generate_private_key(65537, 2048)
OLD, NEW = b"o" * 16, b"n" * 16
PHOTO = b"BM" + bytes(40)
PERSON = {"user_name": "测试甲子", "id_no": "99999919900307123X"}


def keys_of(folder: Path, vendor: str, toml: str, **files: bytes) -> Keys:
    for name, content in files.items():
        (folder / name).write_bytes(content)
    (folder / "idvtools.toml").write_text(toml)
    return open_keys(load(folder, shapes=vendors.shapes()).vendor(vendor), vendor)


@pytest.fixture
def dec(tmp_path: Path) -> Keys:
    return keys_of(
        tmp_path,
        "dec",
        '[vendors.dec]\nbase_url = "https://vdi.example.com"\n[[vendors.dec.apps]]\nid = "zd1uahd8"\n'
        'app_key = {file = "app"}\nprivate_key = {file = "pem"}\n[[vendors.dec.apps.aes_keys]]\nid = "old"\n'
        'valid_from = 2026-01-01T00:00:00Z\nkey = {file = "aes"}\n',
        app=b"k" * 64,
        aes=b64encode(OLD),
        pem=OURS.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )


class Platform:
    """DEC after a rotation: what is not encrypted with the new key is refused."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.key = NEW

    def __call__(self, request: Request) -> Exchange:
        self.paths.append(request.url.rpartition("/")[2])
        sent = json.loads(request.body or b"")
        answer: dict[str, Any] = {"errorCode": 0, "errorMessage": "OK"}
        if request.url.endswith("update-aes-key"):
            answer["data"] = {"aeskey": encrypt_pkcs1(self.key, OURS.public_key())}
        else:
            try:
                assert decrypt_text(sent["arg"]["idNo"], self.key) == PERSON["id_no"]
                answer["data"] = {"result": True}
            except Exception:
                answer = {"errorCode": -43037, "errorMessage": "AES_DECRYPT_EXCEPTION", "data": None}
        return read_exchange({"request": {"url": request.url, "headers": {}, "body": sent}, "response": answer})


def upload(caller: Caller) -> str | None:
    return caller.call("upload_agreement", id_no=PERSON["id_no"], site="tax", content=b"%PDF").code


def test_a_rotated_key_is_fetched_where_that_is_asked_for_and_the_call_repeated_once(dec: Keys, tmp_path: Path) -> None:
    """dec.md section 1: -43037, refresh the key and retry once."""
    platform, sessions = Platform(), Sessions(tmp_path / "keys")
    vendor = vendors.get("dec")
    assert upload(Caller(vendor, dec, platform, sessions, renew_keys=True)) == "0"
    assert platform.paths == ["upload-user-protocol-x", "update-aes-key", "upload-user-protocol-x"]
    assert upload(Caller(vendor, dec, platform, sessions, renew_keys=True)) == "0"
    assert platform.paths[3:] == ["upload-user-protocol-x"], "the fetched key is kept for the next one"


def test_a_key_is_not_fetched_in_passing(dec: Keys, tmp_path: Path) -> None:
    """A fetch would take the key from under the production system."""
    platform = Platform()
    with pytest.raises(CredentialsExpiredError) as caught:
        upload(Caller(vendors.get("dec"), dec, platform, Sessions(tmp_path / "keys")))
    assert caught.value.retry == "once_refreshed"
    assert platform.paths == ["upload-user-protocol-x"]


def westdex(folder: Path, send: Callable[[Request], Exchange]) -> Caller:
    toml = (
        '[vendors.westdex]\nbase_url = "https://westdex.example.com/api"\n'
        '[[vendors.westdex.apps]]\nid = "449159"\nkey = {file = "key"}\n'
    )
    keys = keys_of(folder, "westdex", toml, key=b"121a1e41fc1690dd6b90afbcacd80cf4")
    return Caller(vendors.get("westdex"), keys, send, Sessions(folder / "keys"))


def test_money_is_spent_on_the_callers_word_only(tmp_path: Path) -> None:
    sent: list[Request] = []

    def send(request: Request) -> Exchange:
        sent.append(request)
        raise TemporaryError("POST https://westdex.example.com: no answer within 60 s")

    caller = westdex(tmp_path, send)
    for word in ({}, {"spend_money": False}, {"spend_money": 1}, {"spend_money": "yes"}):
        with pytest.raises(SpendingRefusedError, match="spend_money=True"):
            caller.call("check", photo=PHOTO, **PERSON, **word)
    assert not sent
    with pytest.raises(VendorError, match="may have been made and charged") as caught:
        caller.call("check", photo=PHOTO, spend_money=True, **PERSON)
    assert (type(caught.value), caught.value.retry) == (VendorError, "never"), "no invitation to pay twice"
    assert len(sent) == 1

    def overloaded(request: Request) -> Exchange:
        answer = {"status": 503, "headers": {}, "body": {"message": "overloaded"}}
        return read_exchange({"request": {"url": request.url}, "response": answer})

    with pytest.raises(VendorError, match=r"503.*may have been made and charged"):
        westdex(tmp_path, overloaded).call("check", photo=PHOTO, spend_money=True, **PERSON)


@pytest.mark.parametrize(("call", "more"), [("access_token", {}), ("api_ticket", {"type": "sign,user"})])
def test_nobody_kicks_out_the_shared_session(call: str, more: dict[str, str], tmp_path: Path) -> None:
    """Seed 002 section 4.6: fetching anew makes the token and ticket of all others worthless."""
    keys = keys_of(tmp_path, "webank", '[vendors.webank]\n[[vendors.webank.apps]]\nid = "a"\n')

    def send(request: Request) -> Exchange:
        raise AssertionError(request)

    with pytest.raises(InputError, match="kick out"):
        Caller(vendors.get("webank"), keys, send, Sessions(tmp_path)).call(call, **more)


@pytest.mark.parametrize(("status", "body"), [(502, {"message": "bad gateway"}), (429, {"message": "slow down"})])
def test_a_server_that_cannot_answer_now_may_be_asked_again(
    status: int, body: object, dec: Keys, tmp_path: Path
) -> None:
    def send(request: Request) -> Exchange:
        return read_exchange(
            {"request": {"url": request.url}, "response": {"status": status, "headers": {}, "body": body}}
        )

    with pytest.raises(TemporaryError, match=str(status)) as caught:
        Caller(vendors.get("dec"), dec, send, Sessions(tmp_path)).call("status", op_id="zd1uahd81589468946623610880")
    assert caught.value.retry == "soon"


def test_a_log_of_http_shows_no_query(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with webank_server.running() as platform, caplog.at_level(logging.DEBUG):
        toml = (
            f'[vendors.webank]\nbase_url = "{platform.url}"\n'
            f'[[vendors.webank.apps]]\nid = "{webank_server.APP_ID}"\nsecret = {{file = "secret"}}\n'
        )
        keys = keys_of(tmp_path, "webank", toml, secret=webank_server.SECRET.encode())
        caller = Caller(vendors.get("webank"), keys, Transport(), Sessions(tmp_path / "keys"))
        assert caller.call("business", path="yh", service_code="1", body={"A": "1"}).outcome == "success"
    assert "/api/oauth2/access_token" in caplog.text
    for secret in (webank_server.SECRET, webank_server.SECRET.replace(" ", "+"), platform.token, platform.ticket):
        assert secret not in caplog.text


def test_a_netrc_does_not_put_its_own_authorization_over_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    seen: list[str | None] = []
    with webank_server.running() as platform:
        transport = Transport()
        hook = transport._session.hooks["response"]
        hook.append(lambda response, *_, **__: seen.append(response.request.headers.get("Authorization")))
        url = platform.url + "/api/oauth2/access_token"
        params = tuple({"app_id": "a", "secret": "s", "grant_type": "x"}.items())
        transport(Request("GET", url, params, {"Authorization": "version=2018-10-31&sign=ours"}))
    assert seen == ["version=2018-10-31&sign=ours"]


def test_opened_keys_are_not_pickled(dec: Keys) -> None:
    for held in (dec, dec.apps["zd1uahd8"], dec.apps["zd1uahd8"].ring):
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(held)
        assert OLD.decode() not in repr(held)
