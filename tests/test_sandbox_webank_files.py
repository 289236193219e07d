"""WeBank's side of the sandbox: files that go up and come down, and what it sends to us."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from vendor_sides import Loopback, running, session

from idvtools import vendors
from idvtools.errors import MalformedAnswerError, RequestRefusedError
from idvtools.vendors.webank import answer_reverse, check_reverse, sign

WEBANK = vendors.get("webank")


@pytest.fixture
def loopback(tmp_path: Path) -> Iterator[Loopback]:
    with running(tmp_path) as sides:
        yield sides


def send_file(loopback: Loopback, call: str, content: bytes, name: str) -> tuple[str, str]:
    arguments: dict[str, Any] = {"file_type": "002", "file_format": "jpg"}
    if call != "upload":
        arguments |= {"path": "biz/notify", "biz_content": {"ORDER": "测试"}}
    one: dict[str, Any] = {"file_name": name, "content": content}
    opened = loopback.caller("webank").call(
        call, **arguments, **({"files": [(name, content), ("b.png", b"b")]} if call == "upload_form" else one)
    )
    assert opened.code == "60840000"
    if call == "upload":
        found = opened.trees["data"]["FILE_LIST"]
        return found[0]["FILE_ID"], found[0]["HASH_VALUE"]
    found = opened.trees["answer"]["fileList"]
    assert [f["fileName"] for f in found] == ([name, "b.png"] if call == "upload_form" else [name])
    assert json.loads(loopback.webank.files.notices[-1] or "") == {"ORDER": "测试"}
    return found[0]["fileId"], found[0]["hashValue"]


@pytest.mark.parametrize("call", ["upload", "upload_json", "upload_form"])
@pytest.mark.parametrize("size", [1, 2_000_000])
def test_a_file_goes_up_and_comes_down(call: str, size: int, loopback: Loopback) -> None:
    content = hashlib.shake_256(b"a file").digest(size)
    file_id, hash_value = send_file(loopback, call, content, "营业执照 1.jpg")
    assert loopback.webank.files.content(file_id) == content
    wanted = {"file_id": file_id, "hash_value": hash_value}
    for kind in (None, "application/pdf"):
        opened = loopback.caller("webank").call("download", **wanted, content_type=kind)
        assert (opened.check, opened.attachments[0].reveal()) == ("ok", content)
    assert loopback.world.calls[f"webank.{call}:60840000"] == 1


def test_a_long_notice(loopback: Loopback) -> None:
    notice = {"ORDER": "甲" * 700_000}
    arguments = {"file_type": "002", "file_format": "jpg", "path": "biz", "files": [("a.jpg", b"a")]}
    loopback.caller("webank").call("upload_form", **arguments, biz_content=notice)
    assert json.loads(loopback.webank.files.notices[-1] or "") == notice


def test_a_file_that_is_not_what_its_hash_says(loopback: Loopback) -> None:
    file_id, hash_value = loopback.webank.files.plant("SYNWEB01", "a.jpg", b"content")
    caller = loopback.caller("webank")
    for wrong in ({"hash_value": "0" * 32}, {"file_id": "1"}, {"content_type": "no type"}):
        with pytest.raises(RequestRefusedError, match="60840002"):
            caller.call("download", **{"file_id": file_id, "hash_value": hash_value, **wrong})
    loopback.webank.files.damage(file_id)
    with pytest.raises(MalformedAnswerError, match="MD5"):
        caller.call("download", file_id=file_id, hash_value=hash_value)


def test_a_file_of_another_app(loopback: Loopback) -> None:
    file_id, hash_value = loopback.webank.files.plant("OTHER", "a.jpg", b"content")
    with pytest.raises(RequestRefusedError, match="60840002"):
        loopback.caller("webank").call("download", file_id=file_id, hash_value=hash_value)


@pytest.mark.parametrize(
    ("path", "version", "more", "sent"),
    [
        ("/api/s/up/upload", "1.0.0", {"fileType": "009"}, {"files": {"file": ("a.jpg", b"a")}}),
        ("/api/s/up/upload", "1.0.0", {"fileFormat": ""}, {"files": {"file": ("a.jpg", b"a")}}),
        ("/api/s/up/upload", "1.0.0", {}, {"files": {"file": ("a.jpg", b"")}}),
        ("/api/s/up/upload", "1.0.0", {}, {"files": {"other": ("a.jpg", b"a")}}),
        ("/api/s/up/upload", "1.0.0", {}, {"files": [("file", ("a.jpg", b"a")), ("file", ("b.jpg", b"b"))]}),
        ("/api/s/up/upload", "1.0.0", {}, {"data": b"a"}),
        ("/api/s/up/upload", "2.0.0", {}, {"files": {"file": ("a.jpg", b"a")}}),
        ("/api/s/up/upload", "1.0.0", {"type": "user"}, {"files": {"file": ("a.jpg", b"a")}}),
        ("/up/s/biz/uploadJson", "2.0.0", {}, {"json": {"file": "no base64", "fileName": "a"}}),
        ("/up/s/biz/uploadJson", "2.0.0", {}, {"json": {"file": "AAE="}}),
        ("/up/s/biz/uploadJson", "2.0.0", {}, {"json": {"file": "AAE=", "fileName": "a", "bizContent": {"A": 1}}}),
        ("/up/s/biz/uploadJson", "2.0.0", {}, {"json": {"file": "AAE=", "fileName": "a", "bizContent": "\ud800"}}),
        ("/up/s/biz/uploadJson", "2.0.0", {}, {"data": b"{"}),
        ("/up/s/biz/uploadForm", "2.0.0", {}, {"files": {"bizContent": (None, b"{}")}}),
        ("/up/s/biz/uploadForm", "2.0.0", {}, {"data": b"x", "headers": {"Content-Type": "multipart/form-data"}}),
    ],
)
def test_uploads_are_read_strictly(
    path: str, version: str, more: dict[str, str], sent: dict[str, Any], loopback: Loopback
) -> None:
    ticket, nonce = session(loopback)["ticket"], "n" * 32
    params = {"app_id": "SYNWEB01", "version": version, "nonce": nonce, "type": "sign"}
    params |= {"fileType": "001", "fileFormat": "jpg", **more}
    params["sign"] = sign(["SYNWEB01", version, nonce, params["type"]], ticket)
    got = requests.post(loopback.world.url + path, params=params, timeout=10, **sent)
    assert (got.status_code, got.json()["code"]) == (200, "60840002")


# ---- what WeBank sends to us


def test_a_notification_and_our_answer(loopback: Loopback) -> None:
    salt = loopback.world.keys["webank"].require(None).text("salt")
    plain = {"merchantno": "00000006", "USER_NAME": "测试 ~*𠮷", "LIST": [1, {"A": None}]}
    headers, body = loopback.webank.reverse("SynAccountNotify", plain)
    got = json.loads(body)
    seen = check_reverse(got, salt, now_ms=loopback.world.clock.now_ms())
    assert (seen.check, seen.plain, seen.answer_code) == ("ok", plain, "0000")
    assert "%7E*" in got["Plain"], "as Java writes them"
    again = json.loads(loopback.webank.reverse("SynAccountNotify", plain, seq_no=got["SeqNo"])[1])
    assert again["SeqNo"] == got["SeqNo"]
    record = WEBANK.decode({"headers": headers, "body": body.decode()}, loopback.world.keys["webank"])
    assert (record.call, record.check) == ("reverse", "ok")

    def checked(
        change: Callable[[dict[str, Any]], object] = lambda a: None, salt: str = salt, after_s: int = 0
    ) -> tuple[str | None, str]:
        stamp = str(loopback.world.clock.now_ms() + after_s * 1000)
        answer = json.loads(answer_reverse(got, salt, timestamp=stamp))
        change(answer)
        found = loopback.webank.check_answer(body, json.dumps(answer).encode())
        assert found.ok is (found.code is not None)
        return found.code, found.why

    assert checked() == ("0000", "")
    assert "signature" in checked(salt="another")[1]
    assert "signature" in checked(lambda a: a.update(Plain=a["Plain"] + "%20"))[1]
    assert "signature" in checked(lambda a: a.update(Signature="测" * 64))[1]
    assert "SeqNo" in checked(lambda a: a.update(SeqNo="1"))[1]
    assert "Timestamp" in checked(after_s=-301)[1]
    assert "fields" in checked(lambda a: a.pop("transName"))[1]
    assert not loopback.webank.check_answer(body, b"\xff").ok
