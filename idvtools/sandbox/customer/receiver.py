"""Where the vendors' notifications arrive: a server of ours on loopback, which logs and answers them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

from idvtools.sandbox.messages import compact
from idvtools.vendors.base import parse_json
from idvtools.vendors.dec import NOTIFICATION_ANSWER
from idvtools.vendors.onenet import PUSH_ANSWER
from idvtools.vendors.webank import answer_reverse

_LARGEST = 1 << 20
_HEADERS = ("DECSHASH", "DECSSIGN", "Content-Type")


class Receiver:
    """Receives on ``/dec``, ``/onenet`` and ``/webank``; each notification is a line of ``callbacks/`` before it is
    answered.

    Parameters
    ----------
    folder : Path
        ``callbacks`` of a workspace.
    now : callable
        The time as it is logged: ISO 8601 with an offset.
    salt : str
        Signs our answers to WeBank.

    Examples
    --------
    >>> import tempfile, requests
    >>> with Receiver(Path(tempfile.mkdtemp()), lambda: "2026-10-01T00:00:00Z", "a salt") as receiver:
    ...     requests.post(receiver.url("dec"), data=b'{"func": "daFailed"}', timeout=5).text
    '{"errorCode":0,"errorMessage":"OK"}'
    """

    def __init__(self, folder: Path, now: Callable[[], str], salt: str) -> None:
        self._folder, self._now, self._salt = folder, now, salt
        self._lock = threading.Lock()
        self._server: ThreadingHTTPServer | None = None

    def __enter__(self) -> Receiver:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()

    def url(self, vendor: str) -> str:
        """Where a vendor's notifications go."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_port}/{vendor}"

    def take(self, vendor: str, headers: dict[str, str], body: bytes) -> bytes:
        """Log a notification and give the answer that the vendor waits for."""
        line = {"received_at": self._now(), "headers": headers, "body": body.decode("utf-8")}
        with self._lock, (self._folder / f"{vendor}.jsonl").open("ab") as log:
            log.write(compact(line).encode() + b"\n")
        if vendor == "webank":
            received = parse_json(body.decode("utf-8"))
            return answer_reverse(received, self._salt, timestamp=str(received["Timestamp"])).encode()
        return (NOTIFICATION_ANSWER if vendor == "dec" else PUSH_ANSWER).encode()


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            size = self.headers.get("Content-Length", "")
            vendor = self.path.strip("/")
            if vendor not in ("dec", "onenet", "webank") or not size.isdecimal() or int(size) > _LARGEST:
                self._say(404, b"")
                return
            body = self.rfile.read(int(size))
            headers = {name: self.headers[name] for name in _HEADERS if name in self.headers}
            try:
                self._say(200, receiver.take(vendor, headers, body))
            except (ValueError, KeyError, TypeError):
                self._say(400, b"")

        def _say(self, status: int, answer: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
