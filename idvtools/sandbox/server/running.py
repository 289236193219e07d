"""All five vendors on loopback: one seeded server at one port."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import uvicorn

from idvtools.errors import InputError
from idvtools.sandbox.server.app import build
from idvtools.sandbox.server.configured import first_keys, is_workspace, make_secrets, open_world_keys, write_workspace
from idvtools.sandbox.server.dec_platform import Dec
from idvtools.sandbox.server.faults import Faults, Limits, Protocol
from idvtools.sandbox.server.notices import Manner, Notices
from idvtools.sandbox.server.onenet import RETRIES_S, OnenetSide
from idvtools.sandbox.server.sender import Accept, Delivery, Sender
from idvtools.sandbox.server.tencent import TencentSide
from idvtools.sandbox.server.webank import WebankSide
from idvtools.sandbox.server.westdex import WestdexSide
from idvtools.sandbox.server.world import Clock, World

_HOST = "127.0.0.1"
_START_S = 10.0


class Sandbox:
    """The five vendors, as a server of this process that nobody outside of this machine can reach.

    Parameters
    ----------
    seed : int
        Seed of every key and every choice: equal seeds and equal calls, equal answers.
    port : int
        Where it listens on 127.0.0.1; 0: wherever there is room.
    mistakes : bool
        Whether DEC's daily statements have a few.

    Attributes
    ----------
    clock : Clock
        The vendors' time: the real one until it is moved.
    world : World
        What all vendors share.
    dec : Dec
        DEC's inside: `Dec.plant`, `Dec.next_outcomes`, `Dec.rotate`, `Dec.request_lines`.
    tencent, webank, onenet, westdex
        The insides of the other four.
    faults : Faults
        `Faults.set` and `Faults.clear`.
    limits : Limits
        `Limits.per_second`: None, or how many requests an app may make.

    Raises
    ------
    InputError
        The port cannot be used.

    Examples
    --------
    >>> import requests
    >>> with Sandbox(seed=7) as sandbox:
    ...     requests.get(sandbox.url + "/_control", timeout=5).json()["seed"]
    7
    """

    def __init__(self, seed: int = 7, port: int = 0, *, mistakes: bool = True) -> None:
        self.clock = Clock()
        secrets = make_secrets(seed)
        aes = first_keys(secrets)
        self.world = World(seed, self.clock, open_world_keys(secrets, aes), secrets)
        self.faults = Faults(self.world.rng("faults"))
        self.limits = Limits()
        self.dec = Dec(self.world, aes)
        self.dec.mistakes = mistakes
        self.tencent = TencentSide(self.world)
        self.webank = WebankSide(self.world)
        self.onenet = OnenetSide(self.world)
        self.westdex = WestdexSide(self.world)
        self._sender = Sender(self.clock.now_ms)
        self._notices = Notices(self.dec, self._sender)
        self._port = port
        self._server: uvicorn.Server | None = None
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None

    def __repr__(self) -> str:
        return f"Sandbox({self.url or 'not started'})"

    @property
    def url(self) -> str:
        """Its address, without a slash at the end; empty before it has started."""
        return self.world.url

    def __enter__(self) -> Sandbox:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start in a thread of its own; it is ready when this returns."""
        server = self._make()
        self._thread = threading.Thread(target=server.run, args=([self._socket],), name="idvtools-sandbox", daemon=True)
        self._thread.start()
        until = time.monotonic() + _START_S
        while not server.started:
            if not self._thread.is_alive() or time.monotonic() > until:
                raise InputError("the sandbox did not start")
            time.sleep(0.002)

    def stop(self) -> None:
        """Stop, and wait until it has."""
        self.faults.stopping.set()
        self._sender.close()
        if self._server:
            self._server.should_exit = True
        if self._thread:
            self._thread.join(_START_S)
        if self._socket:
            self._socket.close()

    def serve_forever(self) -> None:
        """Serve in this thread until Ctrl-C."""
        server = self._make()
        try:
            server.run([self._socket] if self._socket else None)
        except KeyboardInterrupt:
            pass
        finally:
            self.stop()

    def bind(self) -> str:
        """Take the port, so that `url` is known before `serve_forever`; the address."""
        if self._socket is None:
            # asyncio turns off Nagle's algorithm, which costs 40 ms an answer, only where the protocol is named.
            listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listening.bind((_HOST, self._port))
                listening.listen(512)
            except (OSError, OverflowError):
                listening.close()
                raise InputError(f"port {self._port} cannot be used; choose another one") from None
            self._socket = listening
            self.world.url = f"http://{_HOST}:{self._socket.getsockname()[1]}"
        return self.url

    def write_workspace(self, folder: str | Path) -> None:
        """Write a workspace for this server: settings of all five vendors, keys, empty folders.

        Raises
        ------
        OutputError
            `folder` is a file, or not empty.
        """
        self.bind()
        write_workspace(Path(folder), self.url, self.world.secrets, self.dec.aes_keys)

    def has_workspace(self, folder: str | Path) -> bool:
        """Whether a folder is a workspace for this server already: with its address and its keys.

        Raises
        ------
        OutputError
            `folder` holds something else.
        """
        self.bind()
        return is_workspace(Path(folder), self.url, self.world.secrets, self.dec.aes_keys)

    def notify_to(self, url: str | None, **manner: Any) -> None:
        """Where DEC's notifications go (None: nowhere), and in which `Manner`. Raises ValueError."""
        self._notices.to(url, Manner(**manner))

    def send(
        self,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        accept: Accept = lambda status, _: status == 200,
        retries: Sequence[float] = RETRIES_S,
    ) -> Delivery:
        """Send any message as a vendor would (OneNET's pushes, WeBank's reverse notifications); see `Sender.send`."""
        return self._sender.send(url, headers, body, accept, retries)

    def settle(self, *, late: bool = False) -> bool:
        """Wait until every message that is due has been sent (with `late` every one); whether it was in 30 seconds."""
        return self._sender.settle(late=late)

    def push_onenet(self, busi_seq: str | None = None, retries: Sequence[float] = RETRIES_S) -> list[Delivery]:
        """Push the next status of a OneNET audit, or of every open one, to the address that its start named.

        Raises
        ------
        InputError
            There is no such audit.
        ValueError
            The address is neither https nor on this machine.
        """
        pushes = [self.onenet.next_push(n) for n in ([busi_seq] if busi_seq else self.onenet.open_audits())]
        return [self.send(p.url, p.headers, p.body, self.onenet.is_accepted, retries) for p in pushes if p]

    def reverse_webank(
        self, url: str, trans_name: str, plain: Mapping[str, Any], retries: Sequence[float] = RETRIES_S
    ) -> Delivery:
        """Send a reverse notification of WeBank's; it is accepted by an answer that is signed, too.

        Raises
        ------
        ValueError
            `url` is neither https nor on this machine.
        """
        headers, body = self.webank.reverse(trans_name, plain)
        return self.send(url, headers, body, lambda _, got: self.webank.check_answer(body, got).ok, retries)

    def _make(self) -> uvicorn.Server:
        if self._server:
            raise InputError("a sandbox starts once; make another one")
        self.bind()
        config = uvicorn.Config(
            build(self), http=Protocol, ws="none", loop="asyncio", lifespan="off", access_log=False, log_config=None,
            log_level="warning", server_header=False, timeout_graceful_shutdown=1, timeout_keep_alive=30,
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        return self._server
