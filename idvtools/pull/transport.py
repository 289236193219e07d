"""Sends a request and brings the whole exchange back, over one HTTP session."""

from __future__ import annotations

import logging
import time
import uuid
from contextlib import nullcontext
from datetime import UTC, datetime
from http.cookiejar import DefaultCookiePolicy
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from idvtools.errors import InputError, MalformedAnswerError, TemporaryError
from idvtools.pull.hosts import guarded
from idvtools.pull.pace import Pace
from idvtools.vendors.base import Exchange, Http, Request, parse_json
from idvtools.vendors.base.messages import TRY_AGAIN

CONNECT_S = 10.0
#: Seconds that an answer, or a file, may take in all.
LONGEST_S = 900.0
LOG = logging.getLogger("idvtools.pull")
NO_TLS = "no safe connection: TLS failed (is its certificate valid, and is it the host's own?)"


class _NoQuery(logging.Filter):
    """Takes the query out of what urllib3 logs: that is where secrets, tokens and signatures stand."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep every record, without queries."""
        if isinstance(record.args, tuple):
            record.args = tuple(a.partition("?")[0] if isinstance(a, str) else a for a in record.args)
        return True


class _Session(requests.Session):
    """Looks into the environment (proxies, certificates) once for each server, not once for each call; and without
    redirects: where one is not followed, `requests` still reads all of its body into memory.
    """

    def __init__(self) -> None:
        super().__init__()
        self._environment: dict[tuple[str, str], Any] = {}

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        server = urlsplit(url)[:2]
        if server not in self._environment:
            self._environment[server] = super().merge_environment_settings(url, {}, None, None, None)
        return {**self._environment[server], "stream": stream}

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        return None


_NO_QUERY = _NoQuery()
_CHUNK = 1 << 16


class Transport:
    """One HTTP session. Instances are callable: they are what `Vendor.renew` and `Caller` call ``send``.

    Parameters
    ----------
    largest : int
        Bytes that an answer may have; a longer one is refused while it arrives.
    session : requests.Session, optional
        A session with settings of its own (a proxy, a client certificate).
    pace : Pace, optional
        How many calls a second and at a time; no limit if not given.

    Raises
    ------
    InputError
        The address is neither https nor on this machine.
    TemporaryError
        No connection, or no answer in time, or the server's own failure (5xx).
    MalformedAnswerError
        A redirect, an answer too long, or something that is no answer of a vendor's.

    Notes
    -----
    Redirects are not followed: a signature, a key or a token must not go where a vendor's answer points to.
    No error and no log of the HTTP library shows the query, the headers or the body, for that is where secrets stand.
    Each call has an id of its own (``X-Request-Id``); the logger ``idvtools.pull`` tells it with method, host, path,
    status, bytes and time, and nothing else.
    """

    def __init__(
        self, *, largest: int = 64 << 20, session: requests.Session | None = None, pace: Pace | None = None
    ) -> None:
        self._largest = largest
        self._session = session or new_session()
        self._pace = pace
        without_queries()

    def __call__(self, request: Request) -> Exchange:
        """Send a request."""
        require_safe(request.url)
        with self._pace.turn() if self._pace else nullcontext():
            return self._send(request)

    def _send(self, request: Request) -> Exchange:
        number, began = uuid.uuid4().hex, time.monotonic()
        try:
            with self._session.request(
                request.method,
                request.url,
                params=list(request.params),
                headers={"X-Request-Id": number, **request.headers},
                data=request.body,
                files=[(n, (name or None, content)) for n, name, content in request.files] or None,
                auth=lambda prepared: prepared,  # a .netrc would put its own Authorization over ours
                timeout=(CONNECT_S, request.timeout),
                allow_redirects=False,
                stream=True,
            ) as response:
                raw = self._read(response, request)
                told = (number, _place(request), response.status_code, len(raw), time.monotonic() - began)
                LOG.info("%s %s: HTTP %d, %d bytes, %.3f s", *told)
                return _exchange(request, response, raw)
        except requests.Timeout:
            why = f"no answer within {request.timeout:g} s"
        except requests.exceptions.SSLError:
            why = NO_TLS
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
            why = "no connection, or it broke off"
        except (requests.RequestException, HTTPError, ValueError):  # a chunk of -5 bytes is a ValueError
            why = "the exchange failed"
        LOG.info("%s %s: %s", number, _place(request), why)
        # Outside of the handlers: the errors of requests hold the URL with its query.
        raise TemporaryError(f"{_place(request)}: {why}")

    def _read(self, response: requests.Response, request: Request) -> bytes:
        pieces, size = [], 0
        for piece in response.iter_content(_CHUNK):
            size += len(piece)
            if size > self._largest:
                raise MalformedAnswerError(f"{_place(request)}: the answer is longer than {self._largest} bytes")
            pieces.append(piece)
        return b"".join(pieces)


def without_queries() -> None:
    """Take queries out of what the HTTP library logs. The same filter twice is there once."""
    for name in ("urllib3.connectionpool", "urllib3.connection", "urllib3.util.retry"):
        logging.getLogger(name).addFilter(_NO_QUERY)


def new_session(longest_s: float = LONGEST_S) -> requests.Session:
    """A session without cookies: nothing that one answer sets goes along with the next call."""
    session = _Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, guarded(longest_s=longest_s))
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return session


def require_safe(url: str) -> None:
    """Refuse an address that is neither https nor on this machine. Raises InputError."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        loopback = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if parts.scheme != "https" and not (parts.scheme == "http" and loopback):
        raise InputError("base_url must be https; plain http is for a server on this machine only")


def _place(request: Request) -> str:
    parts = urlsplit(request.url)
    return f"{request.method} {parts.scheme}://{parts.netloc}{parts.path}"


def _exchange(request: Request, response: requests.Response, raw: bytes) -> Exchange:
    headers = {name.lower(): value for name, value in response.headers.items()}
    body, text = _body(raw)
    if body is None and response.is_redirect:
        raise MalformedAnswerError(f"{_place(request)}: answered with a redirect, which is not followed")
    if body is None and (response.status_code >= 500 or response.status_code in TRY_AGAIN):
        why = f"{_place(request)}: the server cannot answer now (HTTP {response.status_code})"
        raise TemporaryError.pausing(why, headers.get("retry-after"))
    if body is None and response.status_code >= 400:
        raise MalformedAnswerError(f"{_place(request)}: HTTP {response.status_code} without an answer in JSON")
    sent, sent_text = _body(request.body or b"")
    return Exchange(
        Http(
            method=request.method,
            url=request.url,
            params=dict(request.params),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=sent,
            text=sent_text,
        ),
        Http(headers=headers, status=response.status_code, body=body, text=text, raw=raw),
        datetime.now(UTC),
    )


def _body(raw: bytes) -> tuple[Any, str | None]:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None, None
    try:
        return parse_json(text), text
    except (ValueError, RecursionError):
        return None, text
