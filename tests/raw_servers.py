"""Servers on this machine that answer byte by byte as a test says, and know what was sent to them."""

from __future__ import annotations

import re
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

#: What is written, and what tells that the test is over.
Live = Callable[[socket.socket, threading.Event], None]
Answer = bytes | Live


@dataclass
class Raw:
    """A server: where it listens, and the requests as they came; `connections` counts also those without a byte."""

    url: str
    port: int
    seen: list[bytes] = field(default_factory=list)
    connections: int = 0

    def headers(self, name: str) -> list[str]:
        """The values of a header, a request each; "" where it did not come."""
        found = [re.search(rf"^{name}: (.*)\r$".encode(), s, re.IGNORECASE | re.MULTILINE) for s in self.seen]
        return [f[1].decode() if f else "" for f in found]


def http(status: str = "200 OK", body: bytes = b"", *headers: str, length: int | None = None) -> bytes:
    """A whole answer; `length` is announced instead of the true one."""
    told = len(body) if length is None else length
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {told}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def bare(body: bytes, *headers: str) -> bytes:
    """An answer with these headers only."""
    return "\r\n".join(["HTTP/1.1 200 OK", *headers, "", ""]).encode() + body


def to(target: str, status: str = "302 Found") -> bytes:
    """A redirect."""
    return http(status, b"", f"Location: {target}")


def drip(begin: bytes, piece: bytes = b"x", every_s: float = 0.05) -> Live:
    """Begins at once, and goes on piece by piece without an end."""

    def write(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(begin)
        while not over.wait(every_s):
            connection.sendall(piece)

    return write


def flood(begin: bytes, piece: bytes = b"x" * 65536) -> Live:
    """Sends without an end, as fast as it can."""
    return drip(begin, piece, 0)


@contextmanager
def raw(*answers: Answer, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> Iterator[Raw]:
    """Answers each connection with the next of `answers` (the last one again and again), and closes it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, 0), family=family)
    port = listener.getsockname()[1]
    name = f"[{host}]" if ":" in host else host
    server = Raw(f"{'https' if tls else 'http'}://{name}:{port}", port)
    over = threading.Event()
    answering: list[threading.Thread] = []  # filled by `thread`, complete when it has ended

    def answer(connection: socket.socket, number: int) -> None:
        with connection, suppress(OSError):
            connection.settimeout(5)
            wrapped = tls.wrap_socket(connection, server_side=True) if tls else connection
            with wrapped:
                if not (got := _request(wrapped)):
                    return
                server.seen.append(got)
                told = answers[min(number, len(answers) - 1)]
                if callable(told):
                    told(wrapped, over)
                else:
                    wrapped.sendall(told)

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            number = server.connections
            server.connections += 1
            answering.append(threading.Thread(target=answer, args=(connection, number), daemon=True))
            answering[-1].start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        over.set()
        while select.select([listener], [], [], 0)[0]:  # who came is counted
            time.sleep(0.001)
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)
        for each in answering:
            each.join(5)


def _request(connection: socket.socket) -> bytes:
    got = b""
    while b"\r\n\r\n" not in got:
        if not (piece := connection.recv(65536)):
            return got
        got += piece
    head, _, body = got.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
    while length and len(body) < int(length[1]) and (piece := connection.recv(65536)):
        body += piece
    return head + b"\r\n\r\n" + body
