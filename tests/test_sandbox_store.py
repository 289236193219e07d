"""The sandbox's object store and its faults: links, customer keys, and everything that goes wrong on the way."""

from __future__ import annotations

import hashlib
import logging
import random
import time
from base64 import b64encode
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
import requests
from sandbox_room import APP, OTHER, Room, room

from idvtools.crypto.aes import decrypt_text
from idvtools.sandbox.server.dec_statement import local_day
from idvtools.sandbox.server.faults import KINDS, Faults
from idvtools.vendors.dec import download_headers, store_prefix

SSE = "-server-side-encryption-customer-"


def get(url: str, headers: dict[str, str] | None = None, **more: Any) -> requests.Response:
    return requests.get(url, headers=headers, timeout=5, allow_redirects=False, **more)


# ---- links and keys


@pytest.mark.parametrize(("app", "prefix"), [(APP, "x-cos"), (OTHER, "x-amz")])
def test_download(dec: Room, app: str, prefix: str) -> None:
    [op] = dec.sandbox.dec.plant(1, app=app)
    url, headers = dec.original(op)
    assert store_prefix(url) == prefix
    got = get(url, headers)
    assert got.status_code == 200
    assert got.headers["Content-MD5"] == b64encode(hashlib.md5(got.content).digest()).decode()
    assert int(got.headers["Content-Length"]) == len(got.content)
    assert get(url, headers).content == got.content
    assert requests.head(url, headers=headers, timeout=5).headers["Content-Length"] == str(len(got.content))
    assert requests.post(url, headers=headers, timeout=5).status_code == 405


def test_either_prefix_unless_strict(dec: Room) -> None:
    [op] = dec.sandbox.dec.plant(1)
    url, headers = dec.original(op)
    other = {n.replace("x-cos", "x-amz"): v for n, v in headers.items()}
    assert get(url, other).status_code == 200
    dec.sandbox.dec.store.named_only = True
    assert (get(url, other).status_code, get(url, headers).status_code) == (400, 200)


@pytest.mark.parametrize(
    ("part", "value", "code"),
    [
        ("algorithm", "AES128", "InvalidEncryptionAlgorithm"),
        ("algorithm", None, "InvalidEncryptionAlgorithm"),
        ("key", b64encode(bytes(32)).decode(), "InvalidArgument"),
        ("key", "?", "InvalidArgument"),
        ("key-MD5", b64encode(bytes(16)).decode(), "InvalidArgument"),
        ("key-MD5", None, "InvalidArgument"),
    ],
)
def test_customer_key_refused(dec: Room, part: str, value: str | None, code: str) -> None:
    [op] = dec.sandbox.dec.plant(1)
    url, headers = dec.original(op)
    headers[f"x-cos{SSE}{part}"] = value or ""
    got = get(url, {n: v for n, v in headers.items() if v})
    assert got.status_code == 400
    assert f"<Code>{code}</Code>" in got.text


def test_no_customer_key(dec: Room) -> None:
    [op] = dec.sandbox.dec.plant(1)
    url, headers = dec.original(op)
    assert "MissingSecurityHeader" in get(url).text
    day = local_day(dec.sandbox.clock.now_ms()) - timedelta(days=2)
    plain = dec.sandbox.dec.statement_link(APP, day)
    assert get(plain).status_code == 200
    assert "InvalidRequest" in get(plain, headers).text
    assert get(dec.sandbox.dec.statement_link(APP, day + timedelta(days=2))).status_code == 404


def test_five_minutes(dec: Room) -> None:
    [op] = dec.sandbox.dec.plant(1)
    url, headers = dec.original(op)
    dec.sandbox.clock.advance(298)
    assert get(url, headers).status_code == 200
    dec.sandbox.clock.advance(3)
    got = get(url, headers)
    assert (got.status_code, "expired" in got.text) == (403, True)
    assert get(*dec.original(op)).status_code == 200


def test_links_are_signed(dec: Room) -> None:
    first, second = dec.sandbox.dec.plant(2)
    url, headers = dec.original(first)
    for spoilt in (
        url[:-1] + ("0" if url[-1] != "0" else "1"),
        url.replace(first.op_id, second.op_id),
        url.replace("q-sign-time=1", "q-sign-time=2"),
        url.partition("?")[0],
        url + "&x=1",
        url.replace("&q-signature=", "&q-signature=é"),
    ):
        assert get(spoilt, headers).status_code == 403, spoilt
    assert get(url.replace(";", "%3B"), headers).status_code == 200


@pytest.mark.parametrize("name", ["original-1.zip", "original--1.zip", "original-².zip", "../x", "nothing"])
def test_nothing_there(dec: Room, name: str) -> None:
    [op] = dec.sandbox.dec.plant(1)
    assert get(dec.sandbox.dec.store.link(f"{APP}/{op.op_id}/{name}", "x-cos")).status_code in (403, 404)


def test_links_and_key_come_encrypted(dec: Room) -> None:
    [op] = dec.sandbox.dec.plant(1, files=3)
    url, headers, body = dec.request("original_files", op_id=op.op_id)
    data = requests.post(url, data=body, headers=headers, timeout=5).json()["data"]
    key = dec.sandbox.dec.key(APP)
    links = [decrypt_text(link, key) for link in data["fileUrl"]]
    assert len({get(u, download_headers(u, decrypt_text(data["ext"]["fileKey"], key))).content for u in links}) == 3


@pytest.mark.parametrize("size", [50_000, 2_000_000])
def test_size(dec: Room, size: int) -> None:
    first, second = dec.sandbox.dec.plant(2, size=size)
    one, two = (get(*dec.original(op)).content for op in (first, second))
    assert abs(len(one) - size) < size * 0.1
    assert one != two


# ---- faults


def test_each_kind(dec: Room, caplog: pytest.LogCaptureFixture) -> None:
    [op] = dec.sandbox.dec.plant(1, size=300_000)
    url, headers = dec.original(op)
    true = get(url, headers)

    def once(kind: Any, **more: Any) -> requests.Response:
        dec.sandbox.faults.set(rate=1, kinds=[kind], count=1, **more)
        return get(url, headers)

    for status in ("500", "502", "503", "429"):
        got = once(status)
        assert got.status_code == int(status)
        assert ("Retry-After" in got.headers) == (status in ("503", "429"))
    assert once("latency", latency_s=0.1).elapsed.total_seconds() >= 0.1
    assert once("wrong_md5").headers["Content-MD5"] != true.headers["Content-MD5"]
    assert once("html").text.startswith("<!doctype html>")
    got = once("redirect")
    assert (got.status_code, got.headers["Location"]) == (302, "https://elsewhere.example.com/")
    with pytest.raises(requests.ConnectionError):
        once("cut")
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        once("truncate")
    assert len(once("extra").content) == len(true.content)
    dec.sandbox.faults.set(rate=1, kinds=["longer"], count=1)
    with get(url, headers, stream=True) as got:
        pieces = got.iter_content(1 << 16)
        assert sum(len(next(pieces)) for _ in range(40)) > 2 * len(true.content)
    assert get(url, headers).content == true.content  # the count is used up
    assert not [
        r for r in caplog.records if r.levelno >= logging.WARNING and r.name.startswith(("uvicorn", "idvtools"))
    ]


def test_faults_on_calls_and_where(dec: Room) -> None:
    dec.sandbox.faults.set(rate=1, kinds=["cut"], paths="^/api/das/get-da")
    assert dec.code("status", op_id="x") == "TemporaryError"
    assert dec.code("site_states", sites=["x"]) == "0"
    assert dec.control("", method="GET").json()["faults"] == {"cut": 1}
    assert dec.control("/faults", method="DELETE").json() == {"happened": {"cut": 1}}
    assert dec.code("status", op_id="x") == "-43024"


def test_control_never_fails(dec: Room) -> None:
    assert dec.control("/faults", {"rate": 1, "kinds": list(KINDS)}).ok
    assert all(dec.control("", method="GET").ok for _ in range(20))


def test_rate_by_the_seed() -> None:
    def drawn(seed: int) -> list[object]:
        faults = Faults(random.Random(seed))
        faults.set(rate=0.2, kinds=["500", "cut"])
        return [faults.draw("/x") for _ in range(1000)]

    assert drawn(1) == drawn(1) != drawn(2)
    assert 150 < sum(n for kind, n in Counter(drawn(1)).items() if kind) < 250


def test_stops_while_something_goes_on_for_ever() -> None:
    with room() as dec:
        [op] = dec.sandbox.dec.plant(1)
        url, headers = dec.original(op)
        dec.sandbox.faults.set(rate=1, kinds=["longer"])
        hanging = get(url, headers, stream=True)
        next(hanging.iter_content(1000))
        began = time.monotonic()
    assert time.monotonic() - began < 8, "the answer alone would have gone on for 20 s"
    hanging.close()
