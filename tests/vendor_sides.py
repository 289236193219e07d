"""The sides of four vendors in the sandbox, listening on loopback, with our real clients: for tests of them."""

from __future__ import annotations

import json
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import requests
import uvicorn
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from idvtools import vendors
from idvtools.pull import Caller, Sessions, Transport
from idvtools.sandbox.clockwork import Calendar
from idvtools.sandbox.exchanges.configured import key_files, settings
from idvtools.sandbox.keys import Secrets, make_secrets
from idvtools.sandbox.server.onenet import OnenetSide
from idvtools.sandbox.server.tencent import TencentSide
from idvtools.sandbox.server.webank import WebankSide
from idvtools.sandbox.server.westdex import WestdexSide
from idvtools.sandbox.server.world import Clock, World
from idvtools.settings import load
from idvtools.vendors.base import Exchange, Keys, Request, Stamp, Unpacked, open_keys

NAMES = ("tencent", "webank", "onenet", "westdex")
CALENDAR = Calendar("2026-10")


@cache
def _secrets() -> Secrets:
    return make_secrets(CALENDAR, 7)


@dataclass
class Loopback:
    """The four sides, listening, and a client for each."""

    world: World
    folder: Path
    tencent: TencentSide
    webank: WebankSide
    onenet: OnenetSide
    westdex: WestdexSide
    sent: list[Request] = field(default_factory=list)

    def keys(self, vendor: str, files: dict[str, str]) -> Keys:
        """Keys of ours, with another content of some key files."""
        folder = self.folder
        if files:
            folder = Path(shutil.copytree(self.folder, self.folder.parent / "other"))
            for name, content in files.items():
                (folder / "keys" / name).write_text(content)
        return open_keys(load(folder, {}, shapes=vendors.shapes()).vendor(vendor), vendor)

    def caller(self, vendor: str, keys: Keys | None = None, sessions: Path | None = None) -> Caller:
        keys = keys or self.world.keys[vendor]
        return Caller(vendors.get(vendor), keys, self.send, Sessions(sessions or self.folder / "sessions"), attempts=1)

    def send(self, request: Request) -> Exchange:
        self.sent.append(request)
        return Transport()(request)

    def post(self, path: str, body: object, **headers: str) -> dict[str, Any]:
        raw = body if isinstance(body, bytes | str) else json.dumps(body)
        got = requests.post(self.world.url + path, data=raw, headers=headers, timeout=10)
        return {"http": got.status_code, **got.json()}


class _Server:
    """One socket for all tests of a process: what stands behind it changes from test to test."""

    def __init__(self) -> None:
        self.app: Starlette | None = None
        listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(self, log_level="error", lifespan="off"))
        threading.Thread(target=server.run, args=([listening],), daemon=True).start()
        while not server.started:
            time.sleep(0.005)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.app is not None
        await self.app(scope, receive, send)


_server = cache(_Server)


@contextmanager
def running(root: Path) -> Iterator[Loopback]:
    """The four sides, listening, with a workspace in `root`."""
    server, secrets, folder = _server(), _secrets(), root / "ws"
    text = settings(CALENDAR).replace("https://westdex.example.com/api/invoke", server.url)
    for host in ("iauth", "capapi", "capup", "onenet"):
        text = text.replace(f"https://{host}.example.com", server.url)
    for name, content in {**key_files(CALENDAR, secrets, 7), "idvtools.toml": text}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    known = load(folder, {}, shapes=vendors.shapes())
    world = World(7, Clock(), {n: open_keys(known.vendor(n), n) for n in NAMES}, secrets, server.url)
    sides = (TencentSide(world), WebankSide(world), OnenetSide(world), WestdexSide(world))
    server.app = Starlette(routes=[route for side in sides for route in side.routes()])
    try:
        yield Loopback(world, folder, *sides)
    finally:
        server.app = None


def session(loopback: Loopback) -> dict[str, str]:
    """A token and a ticket of our own making, as `Sessions` fetches them."""
    keys, vendor = loopback.world.keys["webank"], vendors.get("webank")

    def ask(call: str, values: Any, **arguments: Any) -> Unpacked:
        request = vendor.request(call, keys, session=values, stamp=Stamp.now(), **arguments)
        return vendor.answer(call, loopback.send(request), keys)

    assert vendor.renew is not None
    return dict(vendor.renew(ask, keys, None)[0])
