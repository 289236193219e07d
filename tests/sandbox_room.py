"""A running sandbox with a workspace of ours beside it, for tests of the server."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import requests

import idvtools as idv
from idvtools import vendors
from idvtools.errors import VendorError
from idvtools.pull import Caller, Sessions, Transport
from idvtools.sandbox.server import Sandbox
from idvtools.vendors.base import Keys, Stamp
from idvtools.vendors.dec import download_headers

APP, OTHER = "zd1uahd8", "de1jvbe1"
BANK, TAX, COMBO = "chrome-chiyubank-jyj", "chrome-govhk-tax", "chrome-hk-combo"
START: dict[str, Any] = {
    "site": BANK, "biz_no": "b1", "open_id": "o-1", "id_no": "999999199001010016", "user_name": "测试甲子",
    "user_claim": "face checked", "user_agent": "Mozilla/5.0 (synthetic)", "width": 390, "height": 844,
    "access_way": "h5",
}  # fmt: skip


@dataclass
class Room:
    """The server, and our side of DEC."""

    sandbox: Sandbox
    folder: Path
    keys: Keys
    caller: Caller

    @property
    def url(self) -> str:
        return self.sandbox.url

    def call(self, name: str, *, app: str = APP, **arguments: Any) -> Any:
        """The data of an answer, what is encrypted in it decrypted."""
        return self.caller.call(name, app=app, **arguments).trees["answer"]["data"]

    def code(self, name: str, *, app: str = APP, **arguments: Any) -> str:
        """The code that a call is answered with."""
        try:
            self.caller.call(name, app=app, **arguments)
        except VendorError as error:
            return error.code or type(error).__name__
        return "0"

    def start(self, *, app: str = APP, **more: Any) -> Any:
        return self.call("start", app=app, **{**START, **more})

    def request(self, name: str, *, app: str = APP, **arguments: Any) -> tuple[str, dict[str, str], bytes]:
        """URL, headers and body of a call, to be spoiled."""
        made = vendors.get("dec").request(name, self.keys, app=app, stamp=Stamp.now(), **arguments)
        assert made.body is not None
        return made.url, dict(made.headers), made.body

    def control(self, path: str, body: object = None, method: str = "POST") -> requests.Response:
        return requests.request(method, f"{self.url}/_control{path}", json=body, timeout=5)

    def reset(self) -> None:
        """Real time, and nothing that goes wrong."""
        sandbox = self.sandbox
        sandbox.clock.set(time.time_ns() // 1_000_000)
        sandbox.faults.clear()
        sandbox.limits.per_second = None
        sandbox.notify_to(None)
        sandbox.dec.refuse_running = sandbox.dec.mistakes = sandbox.dec.store.named_only = False
        sandbox.dec.closed_sites = set()
        sandbox.dec._outcomes.clear()

    def original(self, op: Any) -> tuple[str, dict[str, str]]:
        """A link to an original file, and the headers that it needs."""
        data = self.call("original_files", app=op.app, op_id=op.op_id)
        return data["fileUrl"][0], download_headers(data["fileUrl"][0], data["ext"]["fileKey"])


def at(sandbox: Sandbox, text: str) -> int:
    moment = round(datetime.fromisoformat(text + "+08:00").timestamp() * 1000)
    sandbox.clock.set(moment)
    return moment


@contextmanager
def room(seed: int = 7, *, renew_keys: bool = False, **options: Any) -> Iterator[Room]:
    with Sandbox(seed, **options) as sandbox, tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "ws"
        sandbox.write_workspace(folder)
        keys = idv.Workspace(folder).keys("dec")
        caller = Caller(
            vendors.get("dec"), keys, Transport(), Sessions(folder / "keys"), renew_keys=renew_keys, attempts=1
        )
        yield Room(sandbox, folder, keys, caller)
