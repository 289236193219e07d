"""Calls that are sent again, and those that never are; how hard a platform is asked; what a log of it shows."""

from __future__ import annotations

import json
import logging
import threading
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import webank_server
from raw_servers import Answer, Raw, drip, http, raw
from test_pull_caller import PERSON, PHOTO, keys_of

from idvtools import vendors
from idvtools.errors import IdvError, RequestRefusedError, TemporaryError, VendorError
from idvtools.pull import Caller, Sessions, Transport
from idvtools.pull import pace as pacing
from idvtools.pull.again import retrying
from idvtools.pull.pace import Pace
from idvtools.vendors.base import Exchange, Request

OP = "zd1uahd81589468946623610880"
APP_KEY, AES = b"k" * 64, b"a" * 16
BUSY = json.dumps({"errorCode": -48007, "errorMessage": "NETWORK_ERROR", "data": None}).encode()
BEGUN = json.dumps({"errorCode": 0, "errorMessage": "OK", "data": {"daId": OP, "redirectUrl": "https://x"}}).encode()
STATE = json.dumps({"errorCode": 0, "errorMessage": "OK", "data": {"daId": OP, "daStatus": 0}}).encode()
START = {
    **PERSON,
    **{"site": "tax", "biz_no": "b1", "open_id": "测试", "user_claim": "c", "user_agent": "u"},
    **{"width": "1", "height": "2", "access_way": "h5"},
}


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    told: list[float] = []
    monkeypatch.setattr("tenacity.nap.time", SimpleNamespace(sleep=told.append))
    return told


def dec(folder: Path, url: str, send: Transport | None = None, **options: Any) -> Caller:
    toml = (
        f'[vendors.dec]\nbase_url = "{url}"\n[[vendors.dec.apps]]\nid = "zd1uahd8"\napp_key = {{file = "app"}}\n'
        '[[vendors.dec.apps.aes_keys]]\nid = "k"\nvalid_from = 2026-01-01T00:00:00Z\nkey = {file = "aes"}\n'
    )
    keys = keys_of(folder, "dec", toml, app=APP_KEY, aes=b64encode(AES))
    return Caller(vendors.get("dec"), keys, send or Transport(), Sessions(folder / "keys"), **options)


def westdex(folder: Path, url: str) -> Caller:
    toml = f'[vendors.westdex]\nbase_url = "{url}"\n[[vendors.westdex.apps]]\nid = "449159"\nkey = {{file = "key"}}\n'
    keys = keys_of(folder, "westdex", toml, key=b"121a1e41fc1690dd6b90afbcacd80cf4")
    return Caller(vendors.get("westdex"), keys, Transport(), Sessions(folder / "keys"))


def nonces(server: Raw) -> list[str]:
    return [json.loads(s.partition(b"\r\n\r\n")[2])["auth"]["nonce"] for s in server.seen]


# ---- what is sent again


def test_a_question_is_asked_again_and_signed_anew(tmp_path: Path, pauses: list[float]) -> None:
    answers = (
        b"",
        http("503 X", b"<html>"),
        http("429 X", b"", "Retry-After: 30"),
        http("200 OK", BUSY),
        http(body=STATE),
    )
    with raw(*answers) as platform:
        assert dec(tmp_path, platform.url).call("status", op_id=OP).code == "0"
    assert len(platform.seen) == 5
    assert len(set(nonces(platform))) == 5
    assert len(set(platform.headers("DECSHASH"))) == 5
    assert len(set(platform.headers("X-Request-Id"))) == 5
    assert len(pauses) == 4
    assert pauses[2] == 30


@pytest.mark.parametrize("attempts", [1, 3, 6])
def test_not_for_ever(tmp_path: Path, pauses: list[float], attempts: int) -> None:
    with raw(http("503 X")) as platform, pytest.raises(TemporaryError, match="HTTP 503"):
        dec(tmp_path, platform.url, attempts=attempts).call("status", op_id=OP)
    assert (len(platform.seen), len(pauses)) == (attempts, attempts - 1)


@pytest.mark.parametrize("status", ["400 X", "403 X", "404 X", "302 X"])
def test_what_is_not_temporary_is_not_repeated(status: str, tmp_path: Path) -> None:
    with raw(http(status, b"<html>")) as platform, pytest.raises(IdvError):
        dec(tmp_path, platform.url).call("status", op_id=OP)
    assert len(platform.seen) == 1


@pytest.mark.parametrize(
    "answer",
    [b"", http("503 X"), http("429 X", b"", "Retry-After: 1"), http("200 OK", BEGUN, length=9999), b"HTTP/1.1 2"],
    ids=["closed", "503", "429", "cut", "cut at once"],
)
def test_an_operation_is_not_begun_twice_where_nobody_knows_whether_it_was(answer: Answer, tmp_path: Path) -> None:
    with raw(answer) as platform, pytest.raises(IdvError) as caught:
        dec(tmp_path, platform.url).call("start", **START)
    assert len(platform.seen) == 1
    assert caught.value.__context__ is None
    for secret in (*PERSON.values(), APP_KEY.decode(), *nonces(platform)):
        assert secret not in str(caught.value)


def test_silence_is_no_reason_to_begin_it_twice(tmp_path: Path) -> None:
    caller = dec(tmp_path, "http://127.0.0.1")
    tries: list[Request] = []

    def hasty(request: Request) -> Exchange:
        tries.append(request)
        return Transport()(Request("POST", server.url, body=request.body, timeout=0.2))

    caller._send = hasty
    with raw(drip(b"", every_s=5)) as server, pytest.raises(TemporaryError, match=r"no answer within 0\.2 s"):
        caller.call("start", **START)
    assert len(tries) == len(server.seen) == 1


def test_it_is_where_the_vendor_says_that_nothing_was_begun(tmp_path: Path) -> None:
    """dec.md section 1: -48007, send it again."""
    with raw(http(body=BUSY), http(body=BUSY), http(body=BEGUN)) as platform:
        assert dec(tmp_path, platform.url).call("start", **START).code == "0"
    assert len(set(nonces(platform))) == len(platform.seen) == 3


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        http("503 X"),
        http("503 X", b'{"code": 503}'),
        http("429 X", b"{}", "Retry-After: 1"),
        http("200 OK", b"<a>"),
    ],
)
def test_what_costs_money_is_never_sent_twice(answer: Answer, tmp_path: Path, pauses: list[float]) -> None:
    with raw(answer) as platform, pytest.raises(VendorError) as caught:
        westdex(tmp_path, platform.url).call("check", photo=PHOTO, spend_money=True, **PERSON)
    assert len(platform.seen) == 1
    assert not pauses
    assert caught.value.retry == "never"
    for secret in (*PERSON.values(), "121a1e41fc1690dd6b90afbcacd80cf4"):
        assert secret not in str(caught.value)


def test_pauses_grow_and_differ(pauses: list[float]) -> None:
    def fail() -> None:
        raise TemporaryError("x")

    for _ in range(20):
        with pytest.raises(TemporaryError):
            retrying(attempts=10)(fail)
    for number in range(9):
        nth = pauses[number::9]
        assert len(set(nth)) == 20, "two programs that fail together do not come back together"
        assert 0 <= min(nth) <= max(nth) <= min(0.25 * 2**number, 20)


def test_other_errors_end_it_at_once(pauses: list[float]) -> None:
    def fail() -> None:
        raise RequestRefusedError("x")

    with pytest.raises(RequestRefusedError):
        retrying()(fail)
    with pytest.raises(TemporaryError):
        retrying(lambda _: False)(lambda: (_ for _ in ()).throw(TemporaryError("x")))
    assert not pauses


# ---- sessions


class Losing:
    """Loses the first answer of each kind on its way back: the platform has done its part."""

    def __init__(self, *kinds: str) -> None:
        self.left = set(kinds)
        self.send = Transport()

    def __call__(self, request: Request) -> Exchange:
        exchange = self.send(request)
        if (kind := request.url.rpartition("/")[2]) in self.left:
            self.left.remove(kind)
            raise TemporaryError("the answer got lost")
        return exchange


@pytest.mark.parametrize("threads", [1, 8])
def test_a_session_is_fetched_though_answers_get_lost(tmp_path: Path, threads: int) -> None:
    with webank_server.running() as platform:
        toml = (
            f'[vendors.webank]\nbase_url = "{platform.url}"\n[[vendors.webank.apps]]\n'
            f'id = "{webank_server.APP_ID}"\nsecret = {{file = "secret"}}\n'
        )
        keys = keys_of(tmp_path, "webank", toml, secret=webank_server.SECRET.encode())
        caller = Caller(vendors.get("webank"), keys, Losing("access_token", "api_ticket"), Sessions(tmp_path / "keys"))

        def call(_: int) -> str | None:
            return caller.call("business", path="yh", service_code="1", body={"A": "1"}).outcome

        with ThreadPoolExecutor(threads) as pool:
            assert list(pool.map(call, range(8))) == ["success"] * 8
    assert platform.calls == {"access_token": 2, "api_ticket": 2, "1": 8}


# ---- pace


def test_calls_are_spaced_out(monkeypatch: pytest.MonkeyPatch) -> None:
    now, starts = [100.0], []

    def sleep(seconds: float) -> None:
        now[0] += seconds

    monkeypatch.setattr(pacing, "time", SimpleNamespace(monotonic=lambda: now[0], sleep=sleep))
    pace = Pace(per_second=10)
    for pause in (0, 0, 0, 5, 0, 0, 0.03, 0):
        now[0] += pause
        with pace.turn():
            starts.append(round(now[0], 6))
    assert starts == [100, 100.1, 100.2, 105.2, 105.3, 105.4, 105.5, 105.6], "a rest is not made up for by a burst"


def test_threads_wait_for_turns_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(pacing, "time", SimpleNamespace(monotonic=lambda: 100.0, sleep=waits.append))
    pace = Pace(per_second=10, in_flight=8)

    def one(_: int) -> None:
        with pace.turn():
            pass

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(32)))
    assert sorted(round(w, 6) for w in waits) == [round(n / 10, 6) for n in range(1, 32)]


def test_a_place_is_given_back_whatever_happens() -> None:
    pace = Pace(in_flight=1)
    for _ in range(3):
        with pytest.raises(ValueError, match="x"), pace.turn():
            raise ValueError("x")


@contextmanager
def counting() -> Iterator[tuple[str, list[int]]]:
    """A platform that answers when three calls are there, or nobody else has come for a while."""
    counts, lock = [0, 0], threading.Lock()
    full = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            with lock:
                counts[0] += 1
                counts[1] = max(counts)
                if counts[0] >= 3:
                    full.set()
            full.wait(5)
            with lock:
                counts[0] -= 1
            self.wfile.write(http(body=STATE))

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", counts
        server.shutdown()


def test_never_more_in_flight_than_allowed(tmp_path: Path) -> None:
    with counting() as (url, counts), ThreadPoolExecutor(12) as pool:
        caller = dec(tmp_path, url, Transport(pace=Pace(in_flight=3)))
        assert all(a.code == "0" for a in pool.map(lambda _: caller.call("status", op_id=OP), range(36)))
    assert counts == [0, 3]


def test_who_waits_for_the_next_attempt_takes_nobodys_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pace = Pace(in_flight=1)
    free: list[bool] = []

    def sleep(_: float) -> None:
        free.append(pace._places.acquire(blocking=False))
        pace._places.release()

    monkeypatch.setattr("tenacity.nap.time", SimpleNamespace(sleep=sleep))
    with raw(http("503 X"), http(body=STATE)) as platform:
        dec(tmp_path, platform.url, Transport(pace=pace)).call("status", op_id=OP)
    assert free == [True]


# ---- logs


def test_a_log_tells_which_call_it_was_and_nothing_of_what_was_in_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    busy = http("503 X", b"", "Set-Cookie: session=cookie-of-theirs")
    with caplog.at_level(logging.DEBUG), raw(b"", busy, http(body=STATE)) as platform:
        dec(tmp_path, platform.url).call("status", op_id=OP)
    with caplog.at_level(logging.DEBUG), raw(http(body=BEGUN)) as other:
        dec(tmp_path, other.url).call("start", **START)
    ours = [r.getMessage() for r in caplog.records if r.name == "idvtools.pull"]
    numbers = [*platform.headers("X-Request-Id"), *other.headers("X-Request-Id")]
    assert [m.split()[0] for m in ours] == numbers
    assert [m.partition(": ")[2].split(", ")[0] for m in ours] == [
        *("no connection", "HTTP 503", "HTTP 200", "HTTP 200")
    ]
    hashes = [*platform.headers("DECSHASH"), *other.headers("DECSHASH")]
    assert len(set(hashes)) == 4
    secrets = [*PERSON.values(), *nonces(platform), *nonces(other), *hashes, APP_KEY.decode(), b64encode(AES).decode()]
    for secret in (*secrets, "cookie-of-theirs", OP):
        assert secret not in caplog.text
    assert platform.headers("Cookie") == ["", "", ""]
