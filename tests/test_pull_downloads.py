"""What comes from a link is the whole file, or an error that tells what to do; nothing that comes does harm."""

from __future__ import annotations

import base64
import gzip
import hashlib
import logging
import socket
import threading
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from raw_servers import Answer, Raw, bare, drip, flood, http, raw, to

from idvtools.errors import (
    DamagedFileError,
    IdvError,
    LinkExpiredError,
    MalformedAnswerError,
    RequestRefusedError,
    TemporaryError,
)
from idvtools.pull import Transport, again, downloads
from idvtools.pull.downloads import Downloader, Link
from idvtools.pull.hosts import Hosts
from idvtools.pull.transport import new_session
from idvtools.vault import Incoming, Vault
from idvtools.vendors.base import Request

HUSH = "hush-hush-this-is-secret"
KEY = {"x-cos-server-side-encryption-customer-key": HUSH}
FILE = b"%PDF-1.7\n" + bytes(range(256)) * 20
MD5 = hashlib.md5(FILE)
OTHER_MD5 = "0" * 32


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Nobody waits before the next attempt; how long it would have been."""
    told: list[float] = []
    monkeypatch.setattr("tenacity.nap.time", SimpleNamespace(sleep=told.append))
    monkeypatch.setattr(again, "_backoff", lambda _: 0.0)
    return told


@pytest.fixture
def incoming(tmp_path: Path) -> Iterator[Incoming]:
    with Vault(tmp_path / "evidence", durable=False).receive() as opened:
        yield opened


def fetch(server: Raw, incoming: Incoming, path: str = "/f/a.pdf", **options: Any) -> bytes:
    """The bytes on disk."""
    hosts = Hosts("http://127.0.0.1")
    Downloader(hosts, **{"attempts": 1} | options).fetch(Link(f"{server.url}{path}?sign={HUSH}", KEY), incoming)
    return written(incoming)


def written(incoming: Incoming) -> bytes:
    content = incoming.path.read_bytes()
    assert incoming.size == len(content)
    assert incoming.sha256 == hashlib.sha256(content).hexdigest()
    return content


def failure(answer: Answer, incoming: Incoming, path: str = "/f/a.pdf", **options: Any) -> IdvError:
    with raw(answer) as server, pytest.raises(IdvError) as caught:
        fetch(server, incoming, path, **options)
    assert f"{server.url}{path}" in str(caught.value)
    shown, error = "", caught.value
    while error is not None:  # what a notebook prints under "During handling of …"
        shown, error = shown + f"{error!s}{error!r}{vars(error)}", error.__context__
    assert HUSH not in shown
    return caught.value


# ---- whole files


@pytest.mark.parametrize(
    ("answer", "content"),
    [
        (http("200 OK", FILE), FILE),
        (http("200 OK", b""), b""),
        (http("200 OK", FILE, f"Content-MD5: {base64.b64encode(MD5.digest()).decode()}"), FILE),
        (http("200 OK", FILE, f"Content-MD5: {MD5.hexdigest().upper()}"), FILE),
        (bare(FILE), FILE),
        (bare(b"5\r\nhello\r\n0\r\n\r\n", "Transfer-Encoding: chunked"), b"hello"),
        (bare(b"0\r\n\r\n", "Transfer-Encoding: chunked"), b""),
        (http("200 OK", gzip.compress(FILE), "Content-Encoding: gzip"), FILE),
        (http("200 OK", FILE, f"Content-Length: {len(FILE)}"), FILE),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + http("200 OK", FILE), FILE),
        (http("200 OK", FILE + b"and more", length=len(FILE)), FILE),
        (http("200 OK", b"<htmlish, but no page", "Content-Type: application/pdf"), b"<htmlish, but no page"),
    ],
    ids=[
        *("length", "empty", "md5", "md5 in hex", "up to the end", "chunks", "no chunk", "gzip", "length twice"),
        *("continue", "more than announced", "not a page"),
    ],
)
def test_a_whole_file(answer: bytes, content: bytes, incoming: Incoming) -> None:
    with raw(answer) as server:
        assert fetch(server, incoming) == content
    assert server.headers("x-cos-server-side-encryption-customer-key") == [HUSH]
    assert server.headers("Accept-Encoding") == ["identity"]


def test_the_md5_of_a_compressed_file_is_that_of_what_is_sent(incoming: Incoming) -> None:
    packed = gzip.compress(FILE)
    told = base64.b64encode(hashlib.md5(packed).digest()).decode()
    with raw(http("200 OK", packed, "Content-Encoding: gzip", f"Content-MD5: {told}")) as server:
        assert fetch(server, incoming) == FILE


# ---- refusals


COS = b'<?xml version="1.0"?><Error><Code>%s</Code><Message>hush-hush-this-is-secret</Message></Error>'


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        ("403 Forbidden", COS % b"AccessDenied", LinkExpiredError, "HTTP 403 (AccessDenied): the link is not valid"),
        ("403 Forbidden", b"<html>" * 9000, LinkExpiredError, "HTTP 403: the link is not valid"),
        ("401 Unauthorized", b"", LinkExpiredError, "HTTP 401"),
        ("400 Bad Request", COS % b"InvalidRequest", RequestRefusedError, "look at fileKey and object_store"),
        ("404 Not Found", COS % b"NoSuchKey", RequestRefusedError, "HTTP 404 (NoSuchKey): there is no such file"),
        ("404 Not Found", COS % b"No\x1b[2JSuch", RequestRefusedError, "HTTP 404: there"),
        ("410 Gone", b"", RequestRefusedError, "HTTP 410"),
        ("204 No Content", b"", RequestRefusedError, "HTTP 204"),
        ("206 Partial Content", FILE, RequestRefusedError, "HTTP 206"),
        ("304 Not Modified", b"", RequestRefusedError, "HTTP 304"),
        ("500 Oops", COS % b"InternalError", TemporaryError, "HTTP 500 (InternalError)"),
        ("503 Slow Down", COS % b"SlowDown", TemporaryError, "HTTP 503 (SlowDown)"),
        ("429 Too Many", b"", TemporaryError, "HTTP 429"),
        ("408 Timeout", b"", TemporaryError, "HTTP 408"),
        ("999 What", b"", TemporaryError, "HTTP 999"),
    ],
)
def test_refused(status: str, body: bytes, kind: type[IdvError], words: str, incoming: Incoming) -> None:
    error = failure(http(status, body), incoming)
    assert type(error) is kind
    assert words in str(error)
    assert "hush" not in str(error)
    assert str(error).isprintable()
    assert written(incoming) == b""


@pytest.mark.parametrize("status", ["403", "404", "400", "500"])
def test_an_error_with_a_body_that_is_a_bomb_or_broken(status: str, incoming: Incoming) -> None:
    for body in (gzip.compress(bytes(50 << 20)), b"no gzip"):
        assert f"HTTP {status}" in str(failure(http(status + " X", body, "Content-Encoding: gzip"), incoming))
    assert f"HTTP {status}" in str(failure(http(status + " X", b"cut", length=1000), incoming))


# ---- not the file


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (b"", TemporaryError, "no connection, or it broke off"),
        (b"not http at all\r\n\r\n", TemporaryError, "no connection, or it broke off"),
        (b"HTTP/1.1 200 OK\r\nContent-Len", TemporaryError, "nothing came"),
        (bare(b""), TemporaryError, "nothing came"),
        (http("200 OK", length=5000), TemporaryError, "it broke off"),
        (http("200 OK", FILE, length=len(FILE) + 1), TemporaryError, "it broke off"),
        (bare(b"5\r\nhel", "Transfer-Encoding: chunked"), TemporaryError, "it broke off"),
        (bare(b"5\r\nhello\r\n", "Transfer-Encoding: chunked"), TemporaryError, "it broke off"),
        (bare(b"zz\r\nhello\r\n0\r\n\r\n", "Transfer-Encoding: chunked"), TemporaryError, "it broke off"),
        (bare(b"-5\r\nhello\r\n0\r\n\r\n", "Transfer-Encoding: chunked"), TemporaryError, "it broke off"),
        (http("200 OK", b"no gzip", "Content-Encoding: gzip"), TemporaryError, "it broke off"),
        (http("200 OK", gzip.compress(FILE)[:-900], "Content-Encoding: gzip", length=900), TemporaryError, "broke off"),
        (http("200 OK", FILE, "Content-Length: 7"), TemporaryError, "the exchange failed"),
        (bare(b"x", "Content-Length: " + "9" * 5000), DamagedFileError, "bytes are announced, more than largest_file"),
        (http("200 OK", FILE, "X: " + "x" * 70_000), TemporaryError, "no connection, or it broke off"),
        (http("200 OK", FILE, *(f"X-{n}: 1" for n in range(200))), TemporaryError, "no connection, or it broke off"),
        (http("200 OK", FILE, f"Content-MD5: {OTHER_MD5}"), TemporaryError, "the MD5 is not the announced one"),
        (http("200 OK", FILE, "Content-MD5: %%%"), TemporaryError, "the MD5 is not the announced one"),
    ],
    ids=[
        *("closed", "no HTTP", "cut in the headers", "cut after the headers", "no body", "a byte less"),
        *("cut chunk", "no last chunk", "no chunk size", "negative chunk", "no gzip", "cut gzip", "two lengths"),
        *("a number of 5000 digits", "a long header", "200 headers", "MD5", "no MD5"),
    ],
)
def test_not_the_whole_file(answer: bytes, kind: type[IdvError], words: str, incoming: Incoming) -> None:
    error = failure(answer, incoming)
    assert type(error) is kind
    assert words in str(error)


PAGE = b"<!DOCTYPE html><html><body>Please log in</body></html>"


@pytest.mark.parametrize(
    "body",
    [
        *(PAGE, b"\xef\xbb\xbf \r\n" + PAGE, b"<HTML><HEAD>", b"<!-- a --> <!-- b -->\n<html lang='zh'>", b"<body>"),
        b"<!doctype\nhtml>",
    ],
)
@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "application/pdf", "application/octet-stream", ""])
def test_a_page_instead_of_the_file(body: bytes, kind: str, incoming: Incoming) -> None:
    answer = http("200 OK", body, *([f"Content-Type: {kind}"] if kind else []))
    error = failure(answer, incoming)
    assert type(error) is DamagedFileError
    assert "a page of HTML came instead of the file" in str(error)
    assert ("announced as" in str(error)) == kind.startswith("app")
    assert written(incoming) == b"", "nothing of it is kept"


@pytest.mark.parametrize(
    "begin", [b"<script>location='/login'</script>", b"<meta charset=utf-8>", b"<title>WAF</title>"]
)
def test_a_page_that_says_so_itself(begin: bytes, incoming: Incoming) -> None:
    error = failure(http("200 OK", begin, "Content-Type: text/html"), incoming)
    assert type(error) is DamagedFileError


def test_a_page_that_comes_in_single_bytes(incoming: Incoming) -> None:
    pieces = b"".join(b"1\r\n%c\r\n" % b for b in PAGE)
    assert "page of HTML" in str(failure(bare(pieces + b"0\r\n\r\n", "Transfer-Encoding: chunked"), incoming))


@pytest.mark.parametrize("path", ["/e/page.html", "/e/Page.HTM", "/e/report.xls", "/e/a%20b.mht"])
def test_evidence_may_be_a_page(path: str, incoming: Incoming) -> None:
    with raw(http("200 OK", PAGE, "Content-Type: text/html")) as server:
        assert fetch(server, incoming, path) == PAGE


def test_a_file_that_is_all_comments_does_not_keep_anybody_busy(incoming: Incoming) -> None:
    """A pattern that tries every way to divide them would need 2**70 steps."""
    content = b"<!---->" * 70 + b"x"
    with raw(http("200 OK", content)) as server:
        assert fetch(server, incoming) == content


# ---- too much, too slow


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (http("200 OK", length=10 << 30), "10737418240 bytes are announced"),
        (flood(bare(b"")), "longer than 50000 bytes"),
        (flood(bare(b"", "Transfer-Encoding: chunked"), b"10000\r\n" + b"x" * 65536 + b"\r\n"), "longer than 50000"),
        (http("200 OK", gzip.compress(bytes(40 << 20)), "Content-Encoding: gzip"), "longer than 50000 bytes"),
    ],
    ids=["announced", "to the end", "chunks", "gzip bomb"],
)
def test_much_more_than_a_file_may_have(answer: Answer, words: str, incoming: Incoming) -> None:
    tracemalloc.start()
    try:
        error = failure(answer, incoming, largest=50_000)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
    assert type(error) is DamagedFileError
    assert words in str(error)
    assert incoming.size <= 50_000


def test_the_largest_file_is_still_one(incoming: Incoming) -> None:
    with raw(bare(FILE)) as server:
        assert fetch(server, incoming, largest=len(FILE)) == FILE
    assert "longer than" in str(failure(bare(FILE), incoming, largest=len(FILE) - 1))


def test_the_endless_body_of_a_redirect_is_not_read(incoming: Incoming) -> None:
    """The HTTP library reads it whole before it tells that there is a redirect, asked to follow it or not."""
    begin = b"HTTP/1.1 302 Found\r\nLocation: http://10.0.0.1/\r\n\r\n"
    sent = threading.Event()

    def write(connection: socket.socket, over: threading.Event) -> None:
        with pytest.raises(OSError, match=r"."):
            connection.sendall(begin + bytes(40 << 20))
        sent.set()

    with raw(write) as server, pytest.raises(IdvError, match=r"leads to 10\.0\.0\.1"):
        fetch(server, incoming)
    assert sent.wait(5)
    with raw(flood(begin)) as server, pytest.raises(MalformedAnswerError, match=r"redirect|longer"):
        Transport(largest=1000)(Request("GET", server.url + "/api"))


SLOW = [
    (drip(b"", b"H"), "status line"),
    (drip(b"HTTP/1.1 200 OK\r\nX: "), "header"),
    (drip(b"HTTP/1.1 200 OK\r\n", b"X: 1\r\n"), "headers"),
    (drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), "continue"),
    (drip(http("200 OK", length=5000)), "length"),
    (drip(bare(b"")), "to the end"),
    (drip(bare(b"", "Transfer-Encoding: chunked"), b"1\r\nx\r\n"), "chunks"),
    (drip(bare(b"ffff\r\n", "Transfer-Encoding: chunked")), "one chunk"),
    (drip(bare(b"1;", "Transfer-Encoding: chunked")), "chunk size"),
]


@pytest.mark.parametrize("answer", [a for a, _ in SLOW], ids=[i for _, i in SLOW])
def test_a_slow_drip_ends(answer: Answer, incoming: Incoming) -> None:
    """Each byte comes in time, and the file never."""
    error = failure(answer, incoming, longest_s=0.4, attempts=6)
    assert type(error) is DamagedFileError, "it is not tried again"
    assert "not complete after 0.4 s" in str(error)


@pytest.mark.parametrize("answer", [SLOW[1][0], SLOW[4][0], SLOW[7][0]], ids=["header", "length", "one chunk"])
def test_a_slow_drip_of_an_answer_ends(answer: Answer) -> None:
    with raw(answer) as server, pytest.raises(TemporaryError, match=r"broke off|no answer"):
        Transport(session=new_session(0.4))(Request("GET", server.url + "/api"))


@pytest.mark.parametrize(
    ("begin", "words"), [(b"", "no answer within 0.2 s"), (http(length=9), "no more bytes within 0.2 s")]
)
def test_silence_ends(begin: bytes, words: str, incoming: Incoming, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "_READ_S", 0.2)
    error = failure(drip(begin, every_s=5), incoming)
    assert type(error) is TemporaryError
    assert words in str(error)


# ---- again


def test_after_a_failed_attempt_only_the_good_one_is_in_the_file(incoming: Incoming, pauses: list[float]) -> None:
    bad = [
        http("200 OK", b"y" * 9000, length=10_000),
        http("200 OK", b"z" * 9000, f"Content-MD5: {OTHER_MD5}"),
        bare(b"5\r\nhello\r\nzz", "Transfer-Encoding: chunked"),
        http("503 Slow Down", b"w" * 9000),
        b"",
    ]
    with raw(*bad, http("200 OK", FILE)) as server:
        assert fetch(server, incoming, attempts=6) == FILE
    assert incoming.md5 == MD5.hexdigest()
    assert len(server.seen) == 6
    assert len(pauses) == 5
    numbers = server.headers("X-Request-Id")
    assert len(set(numbers)) == 6, "an id for each"


@pytest.mark.parametrize(
    ("answer", "times"),
    [
        (http("500 X"), 6),
        (http("429 X"), 6),
        (http("200 OK", FILE, length=10_000), 6),
        (http("403 X"), 1),
        (http("404 X"), 1),
        (http("400 X"), 1),
        (http("200 OK", PAGE), 1),
        (http("200 OK", length=10 << 30), 1),
        (to("http://10.0.0.1/"), 1),
    ],
)
def test_how_often(answer: bytes, times: int, incoming: Incoming, pauses: list[float]) -> None:
    with raw(answer) as server, pytest.raises(IdvError):
        fetch(server, incoming, attempts=6)
    assert len(server.seen) == times
    assert len(pauses) == times - 1


@pytest.mark.parametrize(
    ("told", "paused"),
    [("7", 7), ("0", 0), ("60", 60), ("61", 60), ("999999", 60), ("9" * 400, 0), ("-5", 0), ("1e9", 0), ("soon", 0)],
)
def test_a_server_may_ask_for_a_pause(told: str, paused: float, incoming: Incoming, pauses: list[float]) -> None:
    with raw(http("503 X", b"", f"Retry-After: {told}"), http("200 OK", FILE)) as server:
        assert fetch(server, incoming, attempts=2) == FILE
    assert pauses == [paused]


def test_each_attempt_begins_with_the_key_and_the_first_link(incoming: Incoming) -> None:
    with raw(http("503 X"), http("200 OK", FILE)) as other, raw(to(other.url + "/b")) as store:
        assert fetch(store, incoming, attempts=2) == FILE
    assert store.headers("x-cos-server-side-encryption-customer-key") == [HUSH, HUSH]
    assert other.headers("x-cos-server-side-encryption-customer-key") == ["", ""]


def test_threads_share_a_downloader(tmp_path: Path) -> None:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            content = self.path.encode() * 5000
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    vault = Vault(tmp_path / "evidence", durable=False)
    downloader = Downloader(Hosts("http://127.0.0.1"), connections=4)

    def one(number: int) -> bool:
        with vault.receive() as sink:
            downloader.fetch(Link(f"http://127.0.0.1:{server.server_port}/{number}"), sink)
            return written(sink) == b"/%d" % number * 5000

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(one, range(40)))
        downloader._session.close()
        server.shutdown()


# ---- logs


def test_a_log_of_downloads_tells_which_and_no_secret(incoming: Incoming, caplog: pytest.LogCaptureFixture) -> None:
    with (
        caplog.at_level(logging.DEBUG),
        raw(http("200 OK", FILE)) as other,
        raw(to(f"/b?sign={HUSH}"), b"", to(f"{other.url}/c?sign={HUSH}")) as store,
    ):
        fetch(store, incoming, attempts=3)
    for server in (store, other):
        for number, line in zip(server.headers("X-Request-Id"), server.seen, strict=True):
            path = line.split()[1].decode().partition("?")[0]
            assert f"{number} GET {server.url}{path}: " in caplog.text
    assert "HTTP 302" in caplog.text
    assert "broke off" in caplog.text
    assert HUSH not in caplog.text


def test_a_log_of_malformed_headers_shows_no_query(incoming: Incoming, caplog: pytest.LogCaptureFixture) -> None:
    """urllib3 warns of them with the whole link."""
    with caplog.at_level(logging.DEBUG), raw(http("200 OK", FILE, "no colon here", "A: 1")) as server:
        Downloader(Hosts("http://127.0.0.1")).fetch(Link(f"{server.url}/a?sign={HUSH}"), incoming)
        Transport()._session.get(server.url + f"/api?sign={HUSH}")
    assert "Failed to parse headers" in caplog.text
    assert HUSH not in caplog.text
