"""What the sandbox sends to us: a queue of messages, sent again until they are accepted or nobody tries any more."""

from __future__ import annotations

import heapq
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit

import requests

#: Whether an answer, by its HTTP status and body, says that the message has arrived.
Accept = Callable[[int, bytes], bool]
#: Makes a message when it is due: its headers and its body.
Make = Callable[[], tuple[Mapping[str, str], bytes]]

_TIMEOUT_S = 5.0
_TICK_S = 0.02
_MOST_ANSWER = 1 << 16
_LOG = logging.getLogger("idvtools.sandbox")


def check_target(url: str) -> str:
    """An address that may be sent to: https, or plain http on this machine. Raises ValueError.

    Examples
    --------
    >>> check_target("http://127.0.0.1:8080/notify")
    'http://127.0.0.1:8080/notify'
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except (ValueError, AttributeError):
        raise ValueError("url must be an address") from None
    try:
        loopback = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and loopback)):
        raise ValueError("url must be https, or plain http on this machine")
    return url


@dataclass
class Delivery:
    """One message on its way. `attempts` holds the HTTP status of each try, 0 where there was no answer."""

    url: str = field(repr=False)
    attempts: list[int] = field(default_factory=list)
    accepted: bool = False
    _done: threading.Event = field(default_factory=threading.Event, repr=False)

    @property
    def done(self) -> bool:
        """Whether nothing more will be tried."""
        return self._done.is_set()

    def wait(self, timeout_s: float = 10.0) -> bool:
        """Wait until it is done; whether it was accepted."""
        self._done.wait(timeout_s)
        return self.accepted


@dataclass(order=True)
class _Job:
    due: float
    number: int
    run: Callable[[], None] = field(compare=False)


class Sender:
    """Sends in one thread, in the order in which messages are due.

    Parameters
    ----------
    now_ms : callable
        The sandbox's time, for messages that are due at a moment of it.
    """

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._real: list[_Job] = []
        self._sandbox: list[_Job] = []
        self._number = 0
        self._wake = threading.Condition()
        self._stopping = False
        self._busy = False
        self._thread: threading.Thread | None = None
        self._session = requests.Session()
        self._session.trust_env = False

    def send(
        self,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        accept: Accept = lambda status, _: status == 200,
        retries: Sequence[float] = (),
    ) -> Delivery:
        """Send a message; as long as it is not accepted, again after each of `retries` (seconds).

        Raises
        ------
        ValueError
            `url` is neither https nor on this machine.
        """
        return self.post(url, lambda: (headers, body), accept, retries)

    def post(self, url: str, make: Make, accept: Accept, retries: Sequence[float], *, after_s: float = 0.0) -> Delivery:
        """The same with a message that is made when it is first sent, `after_s` seconds from now."""
        delivery = Delivery(check_target(url))
        made: list[tuple[Mapping[str, str], bytes]] = []
        left = list(retries)

        def attempt() -> None:
            if not made:
                made.append(make())
            status, answer = self._post(url, *made[0])
            delivery.attempts.append(status)
            delivery.accepted = bool(status) and accept(status, answer)
            if delivery.accepted or not left:
                delivery._done.set()
            else:
                self.after(left.pop(0), attempt)

        self.after(after_s, attempt)
        return delivery

    def after(self, seconds: float, run: Callable[[], None]) -> None:
        """Run something in the sender's thread, in real time."""
        self._push(self._real, time.monotonic() + seconds, run)

    def at(self, moment_ms: int, run: Callable[[], None]) -> None:
        """Run something in the sender's thread when the sandbox's time has come."""
        self._push(self._sandbox, moment_ms, run)

    def close(self) -> None:
        """Stop; what has not been sent is not sent any more."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        if self._thread:
            self._thread.join(2 * _TIMEOUT_S)
        self._session.close()

    def settle(self, *, late: bool = False, timeout_s: float = 30.0) -> bool:
        """Wait until all that is due has been sent, with `late` what is due later in real time, too; whether it was."""
        until = time.monotonic() + timeout_s
        with self._wake:
            while self._busy or self._has_work(late):
                if self._stopping or time.monotonic() > until:
                    return False
                self._wake.wait(_TICK_S)
        return True

    def _has_work(self, late: bool) -> bool:
        real = bool(self._real) and (late or self._real[0].due <= time.monotonic())
        return real or (bool(self._sandbox) and self._sandbox[0].due <= self._now_ms())

    def _push(self, heap: list[_Job], due: float, run: Callable[[], None]) -> None:
        with self._wake:
            if self._stopping:
                return
            self._number += 1
            heapq.heappush(heap, _Job(due, self._number, run))
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="idvtools-sandbox-sender", daemon=True)
                self._thread.start()
            self._wake.notify()

    def _work(self) -> None:
        while (job := self._next()) is not None:
            try:
                job.run()
            except Exception as error:
                _LOG.error("a message of the sandbox was not sent: %s", type(error).__name__)
            finally:
                with self._wake:
                    self._busy = False
                    self._wake.notify_all()

    def _next(self) -> _Job | None:
        with self._wake:
            while not self._stopping:
                if self._sandbox and self._sandbox[0].due <= self._now_ms():
                    self._busy = True
                    return heapq.heappop(self._sandbox)
                wait = self._real[0].due - time.monotonic() if self._real else None
                if wait is not None and wait <= 0:
                    self._busy = True
                    return heapq.heappop(self._real)
                if self._sandbox:  # its time may be moved: look again soon
                    wait = _TICK_S if wait is None else min(wait, _TICK_S)
                self._wake.wait(wait)
        return None

    def _post(self, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        try:
            with self._session.post(
                url, data=body, headers=dict(headers), timeout=_TIMEOUT_S, allow_redirects=False, stream=True
            ) as answer:
                return answer.status_code, answer.raw.read(_MOST_ANSWER, decode_content=True)
        except (requests.RequestException, OSError, ValueError):
            return 0, b""
