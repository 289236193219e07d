"""What the sandbox sends to us: DEC's notifications, OneNET's pushes, WeBank's reverse notifications."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests
from sandbox_room import APP, BANK, COMBO, TAX, Room

import idvtools as idv
from idvtools import vendors
from idvtools.pull import Caller, Sessions, Transport
from idvtools.sandbox.server.sender import Sender
from idvtools.vendors.base import CheckKeys
from idvtools.vendors.dec import NOTIFICATION_ANSWER, check_notification, download_headers

EXACT = NOTIFICATION_ANSWER.encode()
ALL = {"duplicates": 0, "late": 0, "lost": 0, "retries": [0.01, 0.02]}


@dataclass
class Receiver:
    """Our end: keeps what arrives, answers what is next in `answers`, else `answer`."""

    url: str
    answer: bytes = EXACT
    answers: list[bytes] = field(default_factory=list)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def wait(self, count: int, timeout_s: float = 3.0) -> list[Any]:
        until = time.monotonic() + timeout_s
        while len(self.got) < count and time.monotonic() < until:
            time.sleep(0.01)
        return [json.loads(body) for _, body in self.got]


@contextmanager
def receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            end.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
            answer = end.answers.pop(0) if end.answers else end.answer
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    end = Receiver(f"http://127.0.0.1:{server.server_address[1]}/notify")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield end
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_notified_as_it_goes_on(dec: Room) -> None:
    with receiver() as end:
        dec.sandbox.notify_to(end.url, **ALL)
        dec.sandbox.dec.next_outcomes([10, 43])
        good, bad = dec.start()["daId"], dec.start()["daId"]
        dec.sandbox.clock.advance(1800)
        told = end.wait(5)
        seen = [(t["data"]["daId"], t["func"], t["data"]["daStatus"], t["data"]["jsonResult"]) for t in told]
        assert [s[1:] for s in seen if s[0] == good] == [
            ("daUserAuthorized", 5, 5), ("daUserAuthorized", 10, 5), ("daFileParsed", 10, 10),
        ]  # fmt: skip
        assert [s[1:] for s in seen if s[0] == bad] == [("daUserAuthorized", 5, 5), ("daFailed", 43, 5)]
        parsed = next(t["data"] for t in told if t["func"] == "daFileParsed")
        [url] = parsed["fileUrlList"]
        assert requests.get(url, headers=download_headers(url, parsed["ext"]["fileKey"]), timeout=5).ok
        shared_keys = dec.keys.shared.public("notify_public_key")
        keys = CheckKeys(dec.keys.require(APP).text("app_key"), shared_keys)
        assert {check_notification(h, b.decode(), keys)[0] for h, b in end.got} == {"ok"}


def test_again_until_the_answer_is_exact(dec: Room) -> None:
    with receiver() as end:
        end.answers = [b'{"errorCode": 0, "errorMessage": "OK"}', b""]
        dec.sandbox.notify_to(end.url, **ALL)
        dec.sandbox.dec.plant(1, status=43, notify=True)
        told = end.wait(4)
        assert [t["func"] for t in told] == ["daUserAuthorized", "daFailed"] * 2
        first, second, *again = [body for _, body in end.got]
        assert again == [first, second]


def test_twice_late_lost(dec: Room) -> None:
    with receiver() as end:
        dec.sandbox.notify_to(end.url, duplicates=1, late=0, lost=0, delay_s=0.02)
        dec.sandbox.dec.plant(2, notify=True)
        nonces = [t["auth"]["nonce"] for t in end.wait(12)]
        assert (len(nonces), len(set(nonces))) == (12, 6)
    with receiver() as end:
        dec.sandbox.notify_to(end.url, duplicates=0, late=0, lost=1)
        dec.sandbox.dec.plant(2, notify=True)
        time.sleep(0.1)
        assert end.got == []
        dec.sandbox.notify_to(end.url, duplicates=0, late=0.5, lost=0, delay_s=0.1)
        dec.sandbox.dec.plant(10, notify=True)
        told = [(t["data"]["daId"], t["data"]["jsonResult"], t["data"]["daStatus"]) for t in end.wait(30)]
        by_op = {op: [t[1:] for t in told if t[0] == op] for op, *_ in told}
        assert len(by_op) == 10
        assert {tuple(sorted(v)) for v in by_op.values()} == {((5, 5), (5, 10), (10, 10))}
        assert len({tuple(v) for v in by_op.values()}) > 1


def test_children_are_listed(dec: Room) -> None:
    with receiver() as end:
        dec.sandbox.notify_to(end.url, **ALL)
        [op] = dec.sandbox.dec.plant(1, site=COMBO, notify=True)
        last = end.wait(3)[-1]["data"]
        assert [(c["daId"], c["site"]) for c in last["ext"]["childDaList"]] == [
            (f"{op.op_id}-0", BANK), (f"{op.op_id}-1", TAX),
        ]  # fmt: skip
        assert len(last["fileUrlList"]) == 2


def test_our_own_reader_takes_them(dec: Room) -> None:
    with receiver() as end:
        dec.sandbox.notify_to(end.url, **ALL)
        ops = dec.sandbox.dec.plant(3, notify=True)
        end.wait(9)
        lines = [
            json.dumps({"received_at": "2026-10-12T12:00:00+08:00", "headers": h, "body": b.decode()})
            for h, b in end.got
        ]
    (dec.folder / "callbacks" / "notify.jsonl").write_text("\n".join(lines) + "\n")
    found = idv.Workspace(dec.folder).callbacks("dec")
    assert set(found["check"]) == {"ok"}
    assert set(found["op_id"]) == {o.op_id for o in ops}


@pytest.mark.parametrize(
    "url", ["http://example.com/", "ftp://127.0.0.1/", "file:///etc/passwd", "//x", "", "http://[", 5]
)
def test_nowhere_else(dec: Room, url: Any) -> None:
    with pytest.raises(ValueError, match="url"):
        dec.sandbox.notify_to(url)
    with pytest.raises(ValueError, match="url"):
        dec.sandbox.send(url, {}, b"")


def test_any_message(dec: Room) -> None:
    with receiver() as end:
        end.answers = [b"no", b"no"]
        sent = dec.sandbox.send(end.url, {"X-A": "1"}, b"{}", lambda s, b: b == EXACT, [0.01, 0.01])
        assert sent.wait(3)
        assert (sent.attempts, end.got[0][0]["x-a"]) == ([200, 200, 200], "1")
        end.answer = b"no"
        sent = dec.sandbox.send(end.url, {}, b"{}", lambda s, b: b == EXACT, [0.01])
        assert not sent.wait(3)
        assert (sent.done, len(sent.attempts)) == (True, 2)
    sent = dec.sandbox.send(end.url, {}, b"{}", retries=[0.01])
    assert not sent.wait(3)
    assert sent.attempts == [0, 0]


def test_what_fails_in_the_sender_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    sender, done = Sender(lambda: 0), threading.Event()
    sender.after(0, lambda: 1 // 0)  # type: ignore[arg-type,return-value]
    sender.after(0.01, done.set)
    assert done.wait(3)
    assert "ZeroDivisionError" in caplog.text
    sender.close()
    sender.after(0, done.clear)
    assert done.is_set()


def test_onenet_and_webank(dec: Room) -> None:
    with receiver() as end:
        end.answer = b'{"errno": 0, "error": "succ"}'
        keys = idv.Workspace(dec.folder).keys("onenet")
        caller = Caller(vendors.get("onenet"), keys, Transport(), Sessions(dec.folder / "keys"), attempts=1)
        caller.call("auth_url", phone="10000000001", callback_url=end.url)
        assert dec.control("/onenet/push", {"retries": [0.01]}).json() == {"sent": 1}
        assert end.wait(1)[0]["auditResult"]["phone"] == "10000000001"
        assert dec.control(
            "/webank/reverse", {"url": end.url, "trans_name": "t", "plain": {"A": "1"}, "retries": []}
        ).ok
        assert end.wait(2)[1]["transName"] == "t"
