"""OneNET's side of the sandbox, called by our real clients over a real socket; and its pushes."""

from __future__ import annotations

import base64
import hmac
import json
import random
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from vendor_sides import Loopback, running

from idvtools import vendors
from idvtools.errors import InputError, VendorError
from idvtools.sandbox.server.onenet import RETRIES_S, OnenetSide
from idvtools.sandbox.server.wire import someone
from idvtools.vendors.base import Keys
from idvtools.vendors.onenet import PUSH_ANSWER, authorization


@pytest.fixture
def loopback(tmp_path: Path) -> Iterator[Loopback]:
    with running(tmp_path) as sides:
        yield sides


ONENET = {"phone": "10000000001", "callback_url": "https://we.example.com/onenet"}


def link(loopback: Loopback, phone: str = ONENET["phone"], keys: Keys | None = None) -> str:
    opened = loopback.caller("onenet", keys).call("auth_url", **{**ONENET, "phone": phone})
    assert (opened.code, opened.check) == ("0", "ok")
    assert opened.trees["answer"]["data"]["auth_url"].startswith(loopback.world.url)
    assert opened.op_id is not None
    return opened.op_id


@pytest.mark.parametrize("method", ["md5", "sha1", "sha256"])
def test_onenet_gives_links(method: str, loopback: Loopback) -> None:
    ours = loopback.world.keys["onenet"]
    keys = replace(ours, settings=ours.settings.model_copy(update={"method": method}))
    numbers = {link(loopback, keys=keys) for _ in range(3)}
    assert len(numbers) == 3
    assert all(n.startswith("OneNET20") and len(n) == 26 for n in numbers)
    assert loopback.world.calls["onenet.auth_url:0"] == 3


def test_onenet_refuses_another_key_and_a_token_that_is_over(loopback: Loopback) -> None:
    other = loopback.keys("onenet", {"onenet-access-key.b64": base64.b64encode(b"another key").decode()})
    for keys, seconds in ((other, 0), (None, 601)):
        loopback.world.clock.advance(seconds)
        with pytest.raises(VendorError, match="10403"):
            loopback.caller("onenet", keys).call("auth_url", **ONENET)
    loopback.world.clock.advance(-601)
    assert link(loopback)


@pytest.mark.parametrize(
    ("change", "http", "errno"),
    [
        ({"user_id": "90001"}, 200, 10001),
        ({"user_id": True}, 200, 10001),
        ({"user_id": None}, 200, 10001),
        ({"user_id": 90002}, 403, 10403),
        ({"phone": 10000000001}, 200, 10001),
        ({"phone": "100"}, 200, 10001),
        ({"callback_url": "we.example.com"}, 200, 10001),
        ({"callback_url": "http://[::1"}, 200, 10001),
        ({"callback_url": None}, 200, 10001),
        ({}, 200, 0),
    ],
)
def test_onenet_reads_bodies_strictly(change: dict[str, Any], http: int, errno: int, loopback: Loopback) -> None:
    body = {"user_id": 90001, **ONENET, **change}
    headers = {"Authorization": authorization(onenet_key(loopback), int(time.time()) + 600)}
    got = loopback.post("/real_name_reg/auth_url", body, **headers)
    assert (got["http"], got["errno"]) == (http, errno)


def onenet_key(loopback: Loopback) -> bytes:
    return loopback.world.keys["onenet"].require(None).blob("access_key")


def test_onenet_reads_authorizations_strictly(loopback: Loopback) -> None:
    key, soon = onenet_key(loopback), int(time.time()) + 600
    good = authorization(key, soon)
    raw = next(t for n in range(99) if "%2B" in (t := authorization(key, soon + n))).replace("%2B", "+")
    other = authorization(key, soon, res="products/1")
    old = f"{soon}\nsha1\nai-registration\n2018-10-30".encode()
    signed = urlencode({"sign": base64.b64encode(hmac.digest(key, old, "sha1"))})
    dated = f"version=2018-10-30&res=ai-registration&et={soon}&method=sha1&{signed}"
    for bad in ("", "x", good + "A", good + "&et=1", good.replace("2018-10-31", "2018-10-30"), raw, other, dated):
        got = loopback.post("/real_name_reg/auth_url", {"user_id": 90001, **ONENET}, Authorization=bad)
        assert (got["http"], got["errno"]) == (403, 10403), bad
    assert loopback.post("/real_name_reg/auth_url", b"[]", Authorization=good)["errno"] == 10001


def test_onenet_pushes_audits_as_the_document_lets_them_go(loopback: Loopback) -> None:
    number, side = link(loopback), loopback.onenet
    with pytest.raises(InputError, match="from nothing to 3"):
        side.push(number, "3")
    first = side.push(number, "1")
    assert (first.url, first) == (ONENET["callback_url"], side.push(number, "1")), "a retry is the same message"
    side.push(number, "0", person_key="auditInfo", seconds=True)
    last = side.push(number, "4", person_busi_seq="OneNET20200404161716000047")
    assert side.statuses(number) == ("1", "0", "4")
    for status in ("2", "1a", "", "9"):
        with pytest.raises(InputError):
            side.push(number, status)
    with pytest.raises(InputError, match="no link"):
        side.push("OneNET", "0")
    record = vendors.get("onenet").decode({"headers": dict(last.headers), "body": last.body.decode()}, reveal=True)
    assert (record.call, record.op_id, record.outcome) == ("push", number, "rejected")
    assert any("two busiSeq differ" in w for w in record.warnings)
    assert not any("not declared" in w for w in record.warnings)
    assert RETRIES_S == (3, 6, 12)


def test_onenet_goes_through_audits_by_the_seed_or_as_planted(loopback: Loopback) -> None:
    side, seen = loopback.onenet, set()
    for n in range(40):
        number = link(loopback, f"100000001{n:02d}")
        while side.next_push(number):
            pass
        seen.add(side.statuses(number))
    assert {("0",), ("1", "0"), ("2",)} <= seen
    assert side.open_audits() == []
    person = someone(random.Random(3))
    side.plant("10000000002", ["1", "2"], person)
    number = link(loopback, "10000000002")
    push = side.next_push(number)
    assert push is not None
    assert json.loads(push.body)["custInfo"]["custCertNo"] == person.id_no
    assert (side.open_audits(), person.id_no in repr(push)) == ([number], False)
    with pytest.raises(InputError, match="from 2 to 0"):
        side.plant("10000000002", ["2", "0"])


@pytest.mark.parametrize(
    ("status", "body", "accepted"),
    [
        (200, PUSH_ANSWER.encode(), True),
        (500, PUSH_ANSWER.encode(), False),
        (200, b'{"errno": "0", "error": "succ"}', False),
        (200, b'{"errno": false, "error": "succ"}', False),
        (200, b'{"errno": 0, "error": "success"}', False),
        (200, b"\xff", False),
    ],
)
def test_onenet_accepts_one_answer_only(status: int, body: bytes, accepted: bool) -> None:
    assert OnenetSide.is_accepted(status, body) is accepted
