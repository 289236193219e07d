"""Tokens and tickets (seed 002 sections 4.2, 4.6) over real HTTP: fetched once for all, renewed in time, one retry."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import webank_server
from webank_server import APP_ID, SECRET, Platform

import idvtools as idv
from idvtools import vendors
from idvtools.errors import CredentialsExpiredError, InputError, RequestRefusedError, VendorError
from idvtools.pull import Caller, Sessions, Transport

BODY = {"ID_NO": "99999919900307123X", "PRODUCT_CODE": "290001"}


@pytest.fixture
def platform() -> Iterator[Platform]:
    with webank_server.running() as platform:
        yield platform


@pytest.fixture
def folder(platform: Platform, tmp_path: Path) -> Path:
    (tmp_path / "idvtools.toml").write_text(
        f'[vendors.webank]\nbase_url = "{platform.url}"\n'
        f'[[vendors.webank.apps]]\nid = "{APP_ID}"\nsecret = {{env = "WEBANK_SECRET"}}\n'
    )
    return tmp_path


def caller(folder: Path, clock: Callable[[], float] | None = None, secret: str = SECRET) -> Caller:
    ws = idv.Workspace(folder, environ={"WEBANK_SECRET": secret})
    sessions = Sessions(folder / "keys") if clock is None else Sessions(folder / "keys", clock)
    return Caller(vendors.get("webank"), ws.keys("webank"), Transport(), sessions)


def business(client: Caller) -> str | None:
    return client.call("business", path="yh", service_code="10002", body=BODY).outcome


def test_one_token_and_one_ticket_serve_many_calls(folder: Path, platform: Platform) -> None:
    client = caller(folder)
    assert [business(client) for _ in range(5)] == ["success"] * 5
    assert platform.calls == {"access_token": 1, "api_ticket": 1, "10002": 5}
    assert business(caller(folder)) == "success", "another client of the same workspace takes what is there"
    assert platform.calls["access_token"] == 1


def test_threads_do_not_kick_each_other_out(folder: Path, platform: Platform) -> None:
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda _: business(caller(folder)), range(24)))
    assert outcomes == ["success"] * 24
    assert platform.calls["access_token"] == platform.calls["api_ticket"] == 1


def test_processes_do_not_kick_each_other_out(folder: Path, platform: Platform) -> None:
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); from pathlib import Path\n"
        "from test_pull_sessions import business, caller\n"
        "print([business(caller(Path(sys.argv[2]))) for _ in range(3)])"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(Path(__file__).parent), str(folder)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    assert [p.communicate(timeout=60)[0].strip() for p in running] == [str(["success"] * 3)] * 4
    assert platform.calls["access_token"] == platform.calls["api_ticket"] == 1


def test_it_is_renewed_every_twenty_minutes(folder: Path, platform: Platform) -> None:
    now = [1_000_000.0]
    client = caller(folder, lambda: now[0])
    for minutes, fetched in ((0, 1), (19.9, 1), (20, 2), (39.9, 2), (40, 3)):
        now[0] = 1_000_000.0 + 60 * minutes
        assert business(client) == "success"
        assert platform.calls["access_token"] == platform.calls["api_ticket"] == fetched, minutes
    now[0] = 1_000_000.0
    business(client)
    assert platform.calls["access_token"] == 4, "a session from the future is not trusted: a clock was set back"


@pytest.mark.parametrize("code", ["60841017", "60841018"])
def test_a_refused_ticket_is_renewed_and_the_call_repeated_once(folder: Path, platform: Platform, code: str) -> None:
    client = caller(folder)
    business(client)
    platform.refuse, platform.code = 1, code
    assert business(client) == "success"
    assert platform.calls == {"access_token": 2, "api_ticket": 2, "10002": 3}


@pytest.mark.parametrize("code", ["60841017", "60841018"])
def test_it_is_repeated_once_and_no_more(folder: Path, platform: Platform, code: str) -> None:
    client = caller(folder)
    platform.refuse, platform.code = 100, code
    with pytest.raises(CredentialsExpiredError) as caught:
        business(client)
    assert (caught.value.code, caught.value.retry) == (code, "once_refreshed")
    assert platform.calls == {"access_token": 2, "api_ticket": 2, "10002": 2}


def test_somebody_elses_token_in_between_costs_one_renewal(folder: Path, platform: Platform, tmp_path: Path) -> None:
    """Another system fetched a token: ours is dead. Whoever notices first renews, the other takes what it got."""
    first, second = caller(folder), caller(folder)
    business(first)
    platform.token = platform.ticket = "somebody else's"
    assert [business(first), business(second)] == ["success", "success"]
    assert platform.calls["access_token"] == 2


def test_the_session_is_for_the_owner_only_and_holds_no_secret(folder: Path, platform: Platform) -> None:
    business(caller(folder))
    [file] = (folder / "keys").glob("session-webank-*.json")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert SECRET not in file.read_text()
    assert platform.ticket in file.read_text()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"values": 1}', '{"values": {}, "fetched_at": "x"}'])
def test_a_damaged_session_is_fetched_anew(folder: Path, platform: Platform, content: str) -> None:
    client = caller(folder)
    business(client)
    [file] = (folder / "keys").glob("session-webank-*.json")
    file.write_text(content)
    assert business(client) == "success"
    assert platform.calls["access_token"] == 2
    assert json.loads(file.read_text())["values"]["ticket"] == platform.ticket


def test_wrong_credentials_are_said_and_nothing_is_kept(folder: Path, platform: Platform) -> None:
    with pytest.raises(RequestRefusedError) as caught:
        business(caller(folder, secret="not the secret of the platform"))
    assert (caught.value.code, caught.value.retry) == ("60851009", "never")
    assert "not the secret" not in str(caught.value)
    assert not list((folder / "keys").glob("session-*.json"))


def test_an_unknown_code_is_an_error_that_is_not_repeated(folder: Path, platform: Platform) -> None:
    client = caller(folder)
    platform.refuse, platform.code = 1, "60849998"
    with pytest.raises(VendorError, match="60849998") as caught:
        business(client)
    assert caught.value.retry == "never"
    assert platform.calls["10002"] == 1


def test_what_is_wrong_with_the_call_is_said_before_anything_is_sent(folder: Path, platform: Platform) -> None:
    with pytest.raises(InputError, match="body: is missing"):
        caller(folder).call("business", path="yh", service_code="10002")
    assert platform.calls["10002"] == 0
