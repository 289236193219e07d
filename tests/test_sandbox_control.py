"""The sandbox's control endpoint, and how the server starts and stops."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from datetime import UTC, datetime

import pytest
import requests
from sandbox_room import OTHER, START, TAX, Room

import idvtools as idv
from idvtools.errors import InputError
from idvtools.sandbox.server import Sandbox

# ---- control


def test_overview_and_calls(dec: Room) -> None:
    told = dec.control("", method="GET").json()
    assert told["seed"] == 7
    assert set(told["vendors"]) == {"dec", "tencent", "webank", "onenet", "westdex"}
    before = dec.control("/calls", method="GET").json()["calls"].get("dec.status:-43024", 0)
    dec.code("status", op_id="x")
    assert dec.control("/calls", method="GET").json()["calls"]["dec.status:-43024"] == before + 1


def test_clock(dec: Room) -> None:
    assert dec.control("/clock", {"now": "2026-12-01T00:00:00+08:00"}).json()["now"].startswith("2026-12-01T00:00:00")
    assert dec.control("/clock", {"advance_s": 3600}).json()["now"].startswith("2026-12-01T01:00:0")
    real = datetime.now(UTC)
    assert dec.control("/clock", {"now": round(real.timestamp() * 1000)}).ok


def test_control_of_dec(dec: Room) -> None:
    planted = dec.control("/dec/plant", {"count": 2, "site": TAX, "status": 43}).json()
    assert dec.call("status", op_id=planted["operations"][0])["daStatus"] == 43
    assert json.loads(planted["requests"][1])["response"]["data"]["daId"] == planted["operations"][1]
    assert dec.control("/dec/outcomes", {"next": [{"error": -45028}], "closed_sites": [TAX]}).ok
    assert dec.code("start", **START) == "-45028"
    assert dec.code("start", **{**START, "site": TAX}) == "-48025"
    before = len(dec.sandbox.dec.aes_keys[OTHER])
    assert dec.control("/dec/rotate", {"app": OTHER}).json()["keys"] == before + 1
    assert dec.code("start", app=OTHER, **START) == "-43037"


def test_limit(dec: Room) -> None:
    assert dec.control("/limit", {"per_second": 2}).ok
    codes = [dec.code("status", op_id="x") for _ in range(8)]
    assert "TemporaryError" in codes
    assert codes.count("-43024") in (2, 3, 4, 5, 6)
    url = dec.url + "/api/oauth2/access_token?app_id=x"
    assert 429 in [requests.get(url, timeout=5).status_code for _ in range(8)]
    assert dec.control("/limit", {"per_second": None}).ok


def test_kicked_out_at_webank(dec: Room) -> None:
    def fetched(**how: object) -> int:
        """How many tokens a pull fetches after somebody else has fetched one, or a ticket."""
        before = dec.sandbox.world.calls["webank.access_token"]
        if how:
            assert dec.control("/webank/kick-out", how).json() == {"app": "SYNWEB01"}
        file_id, hash_value = dec.sandbox.webank.files.plant("SYNWEB01", "a.jpg", b"\xff\xd8\xff")
        assert idv.Workspace(dec.folder).pull("webank", ops=[f"{file_id}:{hash_value}"]).complete
        return dec.sandbox.world.calls["webank.access_token"] - before

    assert fetched() == 1
    assert fetched() == 0
    assert fetched(app="SYNWEB01") == 1
    assert fetched(ticket_only=True) == 0, "the old ticket goes on for five minutes"


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/clock", {}, "now"),
        ("/clock", {"now": "yesterday"}, "now"),
        ("/clock", {"now": "2026-10-12T12:00:00"}, "now"),
        ("/clock", {"advance_s": "60"}, "advance_s"),
        ("/clock", {"advance_s": 1e300}, "advance_s"),
        ("/faults", {"rate": 2}, "rate"),
        ("/faults", {"kinds": ["typhoon"]}, "kinds"),
        ("/faults", {"kinds": [[]]}, "kinds"),
        ("/faults", {"paths": "("}, "paths"),
        ("/faults", {"speed": 1}, "speed"),
        ("/faults", {"count": -1}, "count"),
        ("/dec/plant", {"count": "three"}, "count"),
        ("/dec/plant", {"count": -1}, "count"),
        ("/dec/plant", {"count": True}, "count"),
        ("/dec/plant", {"app": "nobody"}, "app"),
        ("/dec/plant", {"site": "nowhere"}, "site"),
        ("/dec/plant", {"size": -1}, "size"),
        ("/dec/plant", {"files": 1000}, "files"),
        ("/dec/outcomes", {"next": ["rain"]}, "outcome"),
        ("/dec/outcomes", {"next": [{"state": 1}]}, "state"),
        ("/dec/outcomes", {"next": [{"error": -1}]}, "error"),
        ("/dec/outcomes", {"closed_sites": [1]}, "closed_sites"),
        ("/dec/rotate", {}, "app"),
        ("/notify", {}, "url"),
        ("/notify", {"url": "http://example.com/"}, "url"),
        ("/notify", {"url": None, "lost": 2}, "lost"),
        ("/notify", {"url": None, "retries": ["x"]}, "retries"),
        ("/limit", {"per_second": -1}, "per_second"),
        ("/limit", {}, "per_second"),
        ("/onenet/push", {"busi_seq": "x"}, ""),
        ("/webank/reverse", {"url": "http://127.0.0.1:1/"}, "trans_name"),
        ("/webank/reverse", {"url": "ftp://x/", "trans_name": "x", "plain": {}}, "url"),
        ("/webank/kick-out", {"app": "nobody"}, "app"),
        ("/webank/kick-out", {"ticket_only": 1}, "ticket_only"),
        ("/clock", [], "object"),
    ],
)
def test_control_refused(dec: Room, path: str, body: object, field: str) -> None:
    got = dec.control(path, body)
    assert got.status_code == 400, got.text
    assert field in got.json()["error"]


def test_control_is_not_for_pages_in_a_browser(dec: Room) -> None:
    url = dec.url + "/_control/clock"
    assert requests.post(url, data='{"advance_s": 1}', timeout=5).status_code == 400
    assert requests.post(url, json={"advance_s": 0}, headers={"Host": "evil.example.com"}, timeout=5).status_code == 403


def test_served_until_ctrl_c() -> None:
    script = (
        "from idvtools.sandbox.server import Sandbox; s = Sandbox(); print(s.bind(), flush=True); s.serve_forever()"
    )
    running = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert running.stdout
    url = running.stdout.readline().strip()
    assert requests.get(url + "/_control", timeout=5).json()["seed"] == 7
    running.send_signal(signal.SIGINT)
    assert running.communicate(timeout=10) == ("", "")
    assert running.returncode == 0


def test_a_port_that_is_taken(dec: Room) -> None:
    with pytest.raises(InputError):
        Sandbox(port=int(dec.url.rpartition(":")[2])).start()
