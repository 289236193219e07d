"""What the network does to a call: named by kind, without the query, the headers or the body in any message."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from idvtools.errors import IdvError, InputError, MalformedAnswerError, TemporaryError
from idvtools.pull import Transport
from idvtools.vendors.base import Request

HUSH = "hush-hush-this-is-secret"


@contextmanager
def server(answer: bytes, *, silent: bool = False) -> Iterator[tuple[str, list[bytes]]]:
    """Answers every connection with these bytes and closes it; gives its address and what it was sent."""
    listener = socket.create_server(("127.0.0.1", 0))
    seen: list[bytes] = []
    stop = threading.Event()

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                got = connection.recv(65536)
                while not got.endswith(b'"}'):  # head and body may come one after the other
                    got += connection.recv(65536)
                seen.append(got)
                if silent:
                    stop.wait(5)
                connection.sendall(answer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", seen
    finally:
        stop.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def http(status: str, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def request(url: str, timeout: float = 5) -> Request:
    body = f'{{"x": "{HUSH}"}}'.encode()
    return Request("POST", url + "/api", (("sign", HUSH),), {"DECSHASH": HUSH}, body, timeout=timeout)


def failure(answer: bytes, **options: int) -> IdvError:
    with server(answer) as (url, _), pytest.raises(IdvError) as caught:
        Transport(**options)(request(url))
    assert HUSH not in str(caught.value)
    assert caught.value.__context__ is None, "the errors of requests hold the URL with its query"
    return caught.value


def test_a_request_arrives_as_it_was_signed() -> None:
    with server(http("200 OK", '{"name": "张三", "n": 1.10}'.encode())) as (url, seen):
        exchange = Transport()(request(url))
    head, _, body = seen[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /api?sign=" + HUSH.encode())
    assert b"DECSHASH: " + HUSH.encode() in head
    assert body == f'{{"x": "{HUSH}"}}'.encode()
    assert str(exchange.response.body["n"]) == "1.10", "digits stay as they were sent"
    assert exchange.response.status == 200
    assert exchange.at is not None
    assert HUSH not in repr(exchange)


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (http("500 Oops", b"<html>"), TemporaryError, "HTTP 500"),
        (http("404 Not Found", b"<html>"), MalformedAnswerError, "HTTP 404"),
        (http("302 Found", b"", f"Location: http://elsewhere.example.com/{HUSH}"), MalformedAnswerError, "redirect"),
        (b"", TemporaryError, "no connection, or it broke off"),
        (http("200 OK", b'{"a": 1}')[:-4], TemporaryError, "no connection, or it broke off"),
        (b"not http at all\r\n\r\n", TemporaryError, "no connection, or it broke off"),
    ],
    ids=["5xx", "4xx", "redirect", "closed", "cut", "no HTTP"],
)
def test_failures(answer: bytes, kind: type[IdvError], words: str) -> None:
    error = failure(answer)
    assert type(error) is kind
    assert words in str(error)
    assert "POST http://127.0.0.1:" in str(error)


def test_an_error_in_json_is_the_vendors_to_explain() -> None:
    with server(http("500 Oops", b'{"errorCode": -1}')) as (url, _):
        assert Transport()(request(url)).response.body == {"errorCode": -1}


def test_an_endless_answer_is_cut_off() -> None:
    assert "longer than 1000 bytes" in str(failure(http("200 OK", b"x" * 100_000), largest=1000))


def test_silence_ends() -> None:
    with server(b"", silent=True) as (url, _), pytest.raises(TemporaryError, match=r"no answer within 0\.3 s"):
        Transport()(request(url, timeout=0.3))


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(TemporaryError, match="no connection") as caught:
        Transport()(request(f"http://127.0.0.1:{port}"))
    assert caught.value.retry == "soon"


@pytest.mark.parametrize(
    "url", ["http://example.com", "ftp://127.0.0.1", "http://127.0.0.1.example.com", "file:///etc"]
)
def test_secrets_do_not_go_out_in_clear(url: str) -> None:
    with pytest.raises(InputError, match="https"):
        Transport()(request(url))
