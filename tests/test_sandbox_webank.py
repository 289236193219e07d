"""WeBank's side of the sandbox, called by our real clients over a real socket: who kicks out whom."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from vendor_sides import Loopback, running, session

from idvtools import vendors
from idvtools.errors import CredentialsExpiredError, RequestRefusedError, TemporaryError
from idvtools.pull import Caller, Sessions
from idvtools.vendors.base import Unpacked
from idvtools.vendors.webank import sign

WEBANK = vendors.get("webank")
BODY = {"ID_NO": "999999199003071234", "USER_NAME": "测试甲子·𠮷"}


@pytest.fixture
def loopback(tmp_path: Path) -> Iterator[Loopback]:
    with running(tmp_path) as sides:
        yield sides


def business(loopback: Loopback, caller: Caller | None = None, **fields: Any) -> Unpacked:
    caller = caller or loopback.caller("webank")
    return caller.call("business", path="yh", service_code="10002", body={**BODY, **fields})


def signed(loopback: Loopback, ticket: dict[str, str], **changes: Any) -> str:
    """The code of a business request that is signed with a ticket."""
    request = WEBANK.request("business", loopback.world.keys["webank"], session=ticket, path="yh", service_code="1",
                             body={"A": "1"})  # fmt: skip
    params = {**dict(request.params), **changes}
    got = requests.post(request.url, params=params, data=request.body, headers=dict(request.headers), timeout=10)
    assert got.status_code == 200
    return str(got.json()["code"])


@pytest.fixture
def planted(loopback: Loopback) -> Loopback:
    loopback.webank.plant(BODY["ID_NO"])
    return loopback


# ---- tokens and tickets


def test_one_token_for_all_threads(planted: Loopback) -> None:
    with ThreadPoolExecutor(20) as pool:
        opened = list(pool.map(lambda n: business(planted, REQUEST_TIME=str(n)), range(60)))
    assert {o.outcome for o in opened} == {"success"}
    assert len({o.op_id for o in opened}) == 60
    calls = planted.world.calls
    assert (calls["webank.access_token"], calls["webank.api_ticket"], calls["webank.business:60840000"]) == (1, 1, 60)


@pytest.mark.parametrize(
    ("token", "code"), [(True, "60841018"), (False, None)], ids=["somebody's new token", "somebody's new ticket"]
)
def test_a_session_that_was_kicked_out_is_renewed_once(token: bool, code: str | None, planted: Loopback) -> None:
    """Seed 002 sections 4.6 and 6.1: a new token ends the ticket at once, a new ticket after five minutes."""
    caller, calls = planted.caller("webank"), planted.world.calls
    business(planted, caller)
    planted.webank.kick_out(token=token)
    assert business(planted, caller).outcome == "success"
    assert (calls["webank.access_token"], calls["webank.business:60841018"]) == ((2, 1) if token else (1, 0))
    planted.webank.kick_out(token=False)
    planted.world.clock.advance(301)
    assert business(planted, caller).outcome == "success"
    assert calls["webank.access_token"] == (3 if token else 2)


def test_a_session_that_is_over_is_renewed_once(planted: Loopback) -> None:
    caller, calls = planted.caller("webank"), planted.world.calls
    business(planted, caller)
    planted.world.clock.advance(3601)
    assert business(planted, caller).outcome == "success"
    assert (calls["webank.business:60841017"], calls["webank.access_token"]) == (1, 2)


def test_a_ticket_goes_as_long_as_the_document_says(loopback: Loopback) -> None:
    clock = loopback.world.clock
    mine = session(loopback)
    assert signed(loopback, mine) == "60840000"
    loopback.webank.kick_out(token=False)
    clock.advance(295)
    assert signed(loopback, mine) == "60840000", "five minutes more"
    clock.advance(10)
    assert signed(loopback, mine) == "60841017"
    new = session(loopback)
    clock.advance(3590)
    assert signed(loopback, new) == "60840000"
    clock.advance(20)
    assert signed(loopback, new) == "60841017"
    newest = session(loopback)
    assert signed(loopback, new) in ("60841017", "60841018")
    assert signed(loopback, newest) == "60840000"
    loopback.webank.kick_out()
    assert signed(loopback, newest) == "60841018", "there is a ticket, but another one"


def test_the_grace_of_a_ticket_does_not_make_it_last_longer(loopback: Loopback) -> None:
    mine = session(loopback)
    loopback.world.clock.advance(3590)
    loopback.webank.kick_out(token=False)
    loopback.world.clock.advance(20)
    assert signed(loopback, mine) == "60841017"


def test_a_new_token_ends_a_ticket_in_its_grace(loopback: Loopback) -> None:
    mine = session(loopback)
    loopback.webank.kick_out(token=False)
    loopback.webank.kick_out()
    assert signed(loopback, mine) == "60841018"


def token_query(loopback: Loopback, **changes: Any) -> dict[str, str]:
    secret = loopback.world.keys["webank"].require(None).text("secret")
    good = {"app_id": "SYNWEB01", "secret": secret, "grant_type": "client_credential", "version": "2.0.0"}
    return {k: v for k, v in {**good, **changes}.items() if v is not None}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, "60850000"),
        ({"app_id": "nobody"}, "60851009"),
        ({"app_id": None}, "60851009"),
        ({"secret": "wrong"}, "60851007"),
        ({"secret": "测试\ud800".encode("utf-8", "replace").decode()}, "60851007"),
        ({"secret": None}, "60851007"),
        ({"grant_type": "password"}, "60851007"),
        ({"version": "1.0.0"}, "60851007"),
        ({"version": ["2.0.0", "2.0.0"]}, "60851007"),
    ],
)
def test_tokens_are_given_strictly(changes: dict[str, Any], code: str, loopback: Loopback) -> None:
    url = loopback.world.url + "/api/oauth2/access_token"
    got = requests.get(url, params=token_query(loopback, **changes), timeout=10).json()
    assert (got["code"], "access_token" in got) == (code, code == "60850000")
    if code == "60850000":
        assert (got["expire_in"], got["msg"]) == ("3600", "系统处理成功")
        assert abs(int(got["expire_time"]) - time.time() * 1000 - 3_600_000) < 10_000
        assert len(got["transactionTime"]) == 14


def test_a_wrong_secret_reaches_the_caller(loopback: Loopback) -> None:
    keys = loopback.keys("webank", {"webank-secret.txt": "another secret"})
    with pytest.raises(RequestRefusedError, match="60851007"):
        business(loopback, loopback.caller("webank", keys))
    assert loopback.world.calls["webank.business"] == 0


USER = json.dumps({"USER_ID": "u00000001", "USER_NAME": "测试甲子"}, ensure_ascii=False)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, "60850000"),
        ({"access_token": "wrong"}, "60851002"),
        ({"access_token": None}, "60851002"),
        ({"type": "login"}, "60851001"),
        ({"type": None}, "60851001"),
        ({"type": "sign,"}, "60851001"),
        ({"type": "sign,sign"}, "60851001"),
        ({"type": "user"}, "60851007"),
        ({"type": "user", "user_data": USER}, "60851007"),
        ({"type": "user", "user_data": '{"USER_ID": 7}', "mechant_id": "1"}, "60851007"),
        ({"type": "user", "user_data": USER, "mechant_id": "1"}, "60850000"),
        ({"app_id": "nobody"}, "60851009"),
    ],
)
def test_tickets_are_given_strictly(changes: dict[str, Any], code: str, loopback: Loopback) -> None:
    good = {"app_id": "SYNWEB01", "access_token": session(loopback)["access_token"], "type": "sign", "version": "2.0.0"}
    params = {k: v for k, v in {**good, **changes}.items() if v is not None}
    got = requests.get(loopback.world.url + "/api/oauth2/api_ticket", params=params, timeout=10).json()
    assert got["code"] == code


def test_tickets_follow_their_token(loopback: Loopback) -> None:
    old = session(loopback)
    caller = loopback.caller("webank")
    business(loopback, caller, ID_NO="")  # fetches a token of its own
    keys = loopback.world.keys["webank"]
    for wait, code in ((0, "60851002"), (3601, "60851004")):
        mine = old if not wait else session(loopback)
        loopback.world.clock.advance(wait)
        request = WEBANK.request("api_ticket", keys, session=mine, type="sign")
        with pytest.raises(CredentialsExpiredError, match=code):
            WEBANK.answer("api_ticket", loopback.send(request), keys)


def test_a_user_ticket_goes_once_and_for_five_minutes(loopback: Loopback) -> None:
    caller = loopback.caller("webank")
    arguments: dict[str, Any] = {"type": "user", "user_data": json.loads(USER), "merchant_id": "00000006"}

    def ticket() -> dict[str, str]:
        tickets = caller.call("api_ticket", **arguments).trees["answer"]["tickets"]
        assert [t["expire_in"] for t in tickets] == ["300"]
        return {"ticket": tickets[0]["value"]}

    first, second, third = ticket(), ticket(), ticket()
    assert [signed(loopback, first) for _ in range(2)] == ["60840000", "60841017"]
    assert signed(loopback, third) == "60840000", "each has its own"
    loopback.world.clock.advance(301)
    assert signed(loopback, second) == "60841017"


def test_several_types_come_in_their_order(loopback: Loopback) -> None:
    mine = session(loopback)
    request = WEBANK.request("api_ticket", loopback.world.keys["webank"], session=mine, type="user,sign",
                             user_data=USER, merchant_id="1")  # fmt: skip
    tickets = loopback.send(request).response.fields["tickets"]
    assert [t["expire_in"] for t in tickets] == ["300", "3600"]


# ---- business requests


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, "60840000"),
        ({"app_id": None}, "60840002"),
        ({"app_id": "nobody"}, "60851009"),
        ({"nonce": "short"}, "60840002"),
        ({"nonce": "n" * 32}, "60841018"),
        ({"sign": None}, "60840002"),
        ({"sign": "0" * 40}, "60841018"),
        ({"sign": "测"}, "60841018"),
        ({"version": "1.0.0"}, "60840002"),
        ({"type": "sign"}, "60841018"),
        ({"type": ["", ""]}, "60840002"),
    ],
)
def test_requests_are_checked_strictly(changes: dict[str, Any], code: str, loopback: Loopback) -> None:
    mine = session(loopback)
    assert signed(loopback, mine, **changes) == code
    assert loopback.world.calls[f"webank.business:{code}"] == 1


def test_without_any_ticket(loopback: Loopback) -> None:
    assert signed(loopback, {"ticket": "t"}) == "60841017"


@pytest.mark.parametrize("kind", [None, "sign", "同步", ""])
def test_what_is_signed_is_what_is_sent(kind: str | None, planted: Loopback) -> None:
    body = json.dumps({**BODY, "NOTE": "𠮷 \uffee \\ é", "BIG": "甲" * 700_000}, ensure_ascii=False, indent=1)
    opened = planted.caller("webank").call("business", path="a/b_c", service_code="S-1", body=body, type=kind)
    assert (opened.outcome, opened.op_id) == ("success", opened.trees["answer"]["BizSeqNo"])


@pytest.mark.parametrize(("body", "kind"), [(b"[1]", "application/json"), (b"\xff", "application/json"),
                                            (b"{}", "text/plain"), (b"", "application/json")])  # fmt: skip
def test_bodies_that_are_no_json(body: bytes, kind: str, loopback: Loopback) -> None:
    ticket, nonce = session(loopback)["ticket"], "n" * 32
    text = body.decode("utf-8", "replace")
    params = {"app_id": "SYNWEB01", "version": "2.0.0", "nonce": nonce}
    params["sign"] = sign(["SYNWEB01", "2.0.0", nonce, text], ticket)
    url = loopback.world.url + "/api/s/yh/1"
    got = requests.post(url, params=params, data=body, headers={"Content-Type": kind}, timeout=10).json()
    assert got["code"] == "60840002"


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "yh/1"), ("POST", "yh"), ("POST", "yh/%E6%B5%8B"), ("PUT", "a/b")]
)
def test_paths_that_are_not_legal(method: str, path: str, loopback: Loopback) -> None:
    assert requests.request(method, f"{loopback.world.url}/api/s/{path}", timeout=10).json()["code"] == "60840110"


def test_a_person_is_answered_as_planted_or_by_the_seed(loopback: Loopback) -> None:
    caller = loopback.caller("webank")
    loopback.webank.plant("A", "66591203")
    opened = business(loopback, caller, ID_NO="A")
    assert (opened.outcome, opened.code) == ("business_failed", "66591203")
    loopback.webank.plant("B", "60840003")
    with pytest.raises(TemporaryError, match="60840003"):
        business(loopback, caller, ID_NO="B")

    def outcome(n: int) -> str | None:
        try:
            return business(loopback, caller, ID_NO=f"99999919900101{n:03d}X").code
        except TemporaryError as error:
            return error.code

    seen = [outcome(n) for n in range(60)]
    assert seen == [outcome(n) for n in range(60)]
    assert {"60840000", "66591203", "60840003"} <= set(seen)
    assert business(loopback, caller, ID_NO="\ud7ff", USER_ID="u").code


def test_sessions_of_another_folder_and_ours_take_the_ground_from_under_each_other_and_recover(
    planted: Loopback, tmp_path: Path
) -> None:
    one, other = planted.caller("webank"), planted.caller("webank", sessions=tmp_path / "elsewhere")
    assert [business(planted, c).outcome for c in (one, other, one, other)] == ["success"] * 4
    assert planted.world.calls["webank.access_token"] == 4
    assert Sessions(tmp_path / "elsewhere").stored(WEBANK, planted.world.keys["webank"], None) is not None
