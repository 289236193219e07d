"""Everything that goes wrong between two machines, by the seed: slow, cut, damaged, refused."""

from __future__ import annotations

import asyncio
import random
import re
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

Kind = Literal[
    "latency", "500", "502", "503", "429", "cut", "truncate", "wrong_md5", "html", "longer", "extra", "redirect"
]
KINDS: tuple[Kind, ...] = get_args(Kind)

_TRANSPORT = "idvtools.transport"
_HTML = "<!doctype html><title>maintenance</title><p>系统维护中，请稍后再试。</p>".encode()
_ELSEWHERE = b"https://elsewhere.example.com/"
_LONGEST_S = 20.0
_TICK_S = 0.05
_PIECE = 1 << 15


@dataclass(frozen=True)
class Plan:
    """Which faults there are.

    Parameters
    ----------
    rate : float
        Share of the requests that one happens to.
    kinds : tuple of Kind
        Which, each as likely as the next.
    paths : str
        A regular expression that is searched for in the path.
    count : int or None
        How many in all; None: without end.
    latency_s : float
        How long a slow answer takes.
    """

    rate: float = 0.2
    kinds: tuple[Kind, ...] = ("latency", "500", "503", "cut", "truncate")
    paths: str = ""
    count: int | None = None
    latency_s: float = 0.2

    def __post_init__(self) -> None:
        if not 0 <= self.rate <= 1:
            raise ValueError("rate must be between 0 and 1")
        if not self.kinds or any(k not in KINDS for k in self.kinds):
            raise ValueError(f"kinds must be some of {', '.join(KINDS)}")
        if self.count is not None and self.count < 0:
            raise ValueError("count must not be negative")
        if not 0 <= self.latency_s <= 600:
            raise ValueError("latency_s must be between 0 and 600")
        try:
            re.compile(self.paths)
        except re.error:
            raise ValueError("paths must be a regular expression") from None


@dataclass
class Faults:
    """The switch: `set` a plan, `clear` it. `happened` counts by kind."""

    rng: random.Random
    plan: Plan | None = None
    happened: dict[str, int] = field(default_factory=dict)
    stopping: threading.Event = field(default_factory=threading.Event)
    _left: int | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def set(
        self,
        rate: float = 0.2,
        kinds: Sequence[Kind] = Plan.kinds,
        paths: str = "",
        count: int | None = None,
        latency_s: float = 0.2,
    ) -> None:
        """From now on (see `Plan`); replaces the plan before. Raises ValueError."""
        plan = Plan(rate, tuple(kinds), paths, count, latency_s)
        with self._lock:
            self.plan, self._left, self.happened = plan, count, {}

    def clear(self) -> None:
        """No more of them."""
        with self._lock:
            self.plan = None

    def draw(self, path: str) -> tuple[Kind, float] | None:
        """What happens to a request to a path, and how long a slow one takes."""
        plan = self.plan
        if plan is None or not re.search(plan.paths, path):
            return None
        with self._lock:
            if self._left == 0 or self.rng.random() >= plan.rate:
                return None
            kind = self.rng.choice(plan.kinds)
            self._left = None if self._left is None else self._left - 1
            self.happened[kind] = self.happened.get(kind, 0) + 1
        return kind, plan.latency_s


class Limits:
    """So many requests a second for each app; none unless somebody says so."""

    def __init__(self) -> None:
        self.per_second: int | None = None
        self._seen: dict[str, tuple[int, int]] = {}

    def exceeded(self, key: str) -> bool:
        """Whether this request is one too many."""
        if self.per_second is None:
            return False
        second = int(time.monotonic())
        at, count = self._seen.get(key, (second, 0))
        count = count + 1 if at == second else 1
        self._seen[key] = (second, count)
        return count > self.per_second


class Protocol(HttpToolsProtocol):
    """The server's HTTP, with a hand on the connection: a fault must be able to cut it."""

    def on_message_begin(self) -> None:
        """Put the connection where an application finds it."""
        super().on_message_begin()
        self.scope["extensions"] = {_TRANSPORT: {"it": self.transport}}


class Faulty:
    """ASGI middleware: now and then something happens to an answer. Never to the control endpoint."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or fail to."""
        found = self._faults.draw(scope["path"]) if self._faults.plan else None
        if found is None:
            await self._app(scope, receive, send)
            return
        kind, latency_s = found
        match kind:
            case "latency":
                until = time.monotonic() + latency_s
                while (left := until - time.monotonic()) > 0 and not self._faults.stopping.is_set():
                    await asyncio.sleep(min(left, _TICK_S))
                await self._app(scope, receive, send)
            case "500" | "502" | "503" | "429":
                headers = [(b"retry-after", b"1")] if kind in ("429", "503") else []
                await _answer(send, int(kind), b"sandbox fault", headers)
            case "html":
                await _answer(send, 200, _HTML, [(b"content-type", b"text/html; charset=utf-8")])
            case "redirect":
                await _answer(send, 302, b"", [(b"location", _ELSEWHERE)])
            case "cut":
                await _hang_up(scope)
            case _:
                await self._damaged(kind, scope, receive, send)

    async def _damaged(self, kind: Kind, scope: Scope, receive: Receive, send: Send) -> None:
        """A true answer, damaged on its way."""
        start, body = await self._true_answer(scope, receive)
        headers = [(n, v) for n, v in start["headers"] if n != b"content-length"]
        if kind == "wrong_md5":
            headers = [(n, v) for n, v in headers if n != b"content-md5"]
            await _answer(send, start["status"], body, [*headers, (b"content-md5", b"AAAAAAAAAAAAAAAAAAAAAA==")])
            return
        if kind == "longer":
            await send({**start, "headers": headers})
            await self._endless(scope, send, body)
        else:
            announced = (b"content-length", str(len(body)).encode("ascii"))
            await send({**start, "headers": [*headers, announced]})
            sent = body[: len(body) // 2] if kind == "truncate" else body
            await send({"type": "http.response.body", "body": sent, "more_body": True})
            if kind == "extra":
                _transport(scope).write(b"and more than was announced " * 64)
        await _hang_up(scope)

    async def _endless(self, scope: Scope, send: Send, body: bytes) -> None:
        """The answer, and then more of it, until the client has had enough."""
        transport, until = _transport(scope), time.monotonic() + _LONGEST_S
        piece = body if len(body) >= _PIECE else body + b" " * _PIECE
        while not (transport.is_closing() or self._faults.stopping.is_set() or time.monotonic() > until):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            await asyncio.sleep(0.0005)

    async def _true_answer(self, scope: Scope, receive: Receive) -> tuple[dict[str, Any], bytes]:
        start: dict[str, Any] = {"type": "http.response.start", "status": 500, "headers": []}
        pieces: list[bytes] = []

        async def catch(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                pieces.append(message.get("body", b""))

        await self._app(scope, receive, catch)
        return start, b"".join(pieces)


async def _answer(send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    length = (b"content-length", str(len(body)).encode("ascii"))
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})


def _transport(scope: Scope) -> asyncio.Transport:
    found: asyncio.Transport = scope["extensions"][_TRANSPORT]["it"]
    return found


async def _hang_up(scope: Scope) -> None:
    """Close the connection, and wait until the server has noticed: it would answer for us otherwise."""
    transport = _transport(scope)
    transport.close()
    until = time.monotonic() + _LONGEST_S
    while transport.get_write_buffer_size() and time.monotonic() < until:
        await asyncio.sleep(_TICK_S / 10)
    await asyncio.sleep(_TICK_S / 10)
