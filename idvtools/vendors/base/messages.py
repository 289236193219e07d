"""Requests, answers and logged exchanges, without a network and without a vendor."""

from __future__ import annotations

import json
import re
import secrets
import string
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from idvtools.errors import RecordsError

#: HTTP statuses besides 5xx after which a call may be sent again.
TRY_AGAIN = (408, 425, 429)
_HTTP_KEYS = frozenset({"method", "url", "headers", "body", "status", "params", "reason", "elapsed_ms"})
_TIMES = ("requested_at", "received_at", "polled_at", "at", "time", "timestamp")
_LETTERS = string.ascii_letters + string.digits
_FORM = re.compile(r"[\w.%+-]+=[^\s{}\"]*", re.A)


@dataclass(frozen=True, slots=True)
class Stamp:
    """What makes each call new: the time and a random text of 32 letters and digits.

    Examples
    --------
    >>> len(Stamp.now().nonce)
    32
    """

    now_ms: int
    nonce: str = field(repr=False)

    @classmethod
    def now(cls) -> Stamp:
        """The stamp of a call that is made now."""
        return cls(time.time_ns() // 1_000_000, "".join(secrets.choice(_LETTERS) for _ in range(32)))

    @property
    def seconds(self) -> int:
        """The time in whole seconds since 1970."""
        return self.now_ms // 1000


@dataclass(frozen=True, slots=True)
class Request:
    """A call, ready to be sent. Its repr shows method and path only: the rest holds secrets.

    Parameters
    ----------
    method, url : str
        `url` without the query.
    params : tuple of pairs
        The query, in order, not encoded yet.
    headers : mapping
        Header names as the vendor writes them.
    body : bytes or None
        The body, exactly as it was signed.
    files : tuple of triples
        Parts of a multipart form: field, file name, content.
    timeout : float
        Seconds that the vendor's document asks to wait.
    """

    method: str
    url: str
    params: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    files: tuple[tuple[str, str, bytes], ...] = field(default=(), repr=False)
    timeout: float = 30.0


@dataclass(frozen=True, slots=True)
class Http:
    """One direction of a logged exchange, as far as it was logged.

    Parameters
    ----------
    body : object
        The JSON value of the body, or the fields of a form; None where there is none or it cannot be read.
    text : str or None
        The body's text, where the log has text.
    raw : bytes or None
        The body's bytes, where they are known.
    """

    method: str | None = None
    url: str | None = field(default=None, repr=False)
    params: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    status: int | None = None
    body: Any = field(default=None, repr=False)
    text: str | None = field(default=None, repr=False)
    raw: bytes | None = field(default=None, repr=False)

    @property
    def path(self) -> str:
        """The path of the URL, empty where none was logged."""
        return urlsplit(self.url).path if self.url else ""

    @property
    def fields(self) -> Mapping[str, Any]:
        """The body if it is a JSON object, else nothing."""
        return self.body if isinstance(self.body, dict) else {}


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and the answer to it, of either direction.

    `at` is the time of the log (UTC) if it has one; `repaired` tells that the text was no JSON before it was mended.
    """

    request: Http
    response: Http
    at: datetime | None = None
    repaired: bool = False

    @property
    def at_ms(self) -> int | None:
        """The time in ms since 1970."""
        return None if self.at is None else round(self.at.timestamp() * 1000)


def parse_json(text: str) -> Any:
    """A JSON value; numbers with a point are Decimals, so that none changes. Raises ValueError."""
    return json.loads(text, parse_float=Decimal, parse_constant=_no_constant)


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def dump_json(value: object, decimals: type[str] | type[float] = str) -> str:
    """Compact JSON text, non-ASCII as it is.

    Decimals become text, as vendors want amounts; with `decimals` float the doubles that they were read from, as the
    other side hashed them.

    Examples
    --------
    >>> dump_json({"a": Decimal("1.50")}), dump_json({"a": Decimal("1.50")}, float)
    ('{"a":"1.50"}', '{"a":1.5}')
    """

    def other(item: object) -> object:
        if isinstance(item, Decimal) and item.is_finite():
            return decimals(item)
        raise TypeError(type(item).__name__)

    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=other)


def read_exchange(logged: object, repair: Callable[[str], str] | None = None) -> Exchange:
    """A logged exchange in any of the forms that logs have.

    ``{"requested_at", "request", "response"}``, where request and response are the vendor's envelopes or
    ``{"method", "url", "headers", "body", "status"}``; ``{"received_at", "headers", "body"}`` of a message that
    the vendor sent to us; or the bare body of one. Each JSON value may stand as text, too. `repair` mends text that
    is not JSON.

    Raises
    ------
    RecordsError
        Neither of them.

    Examples
    --------
    >>> seen = read_exchange({"requested_at": "2026-10-01T08:00:00+08:00", "request": {"v": "1.0.0"}, "response": None})
    >>> seen.request.body, seen.at.isoformat()
    ({'v': '1.0.0'}, '2026-10-01T00:00:00+00:00')
    """
    if isinstance(logged, Exchange):
        return logged
    repaired = False
    if isinstance(logged, bytes):
        logged = _decoded(logged)
    if isinstance(logged, str):
        logged, repaired = _parse(logged, repair)
    if not isinstance(logged, dict):
        raise RecordsError("an exchange is a JSON object: a request and its response, or a message that was received")
    at = next((t for key in _TIMES if (t := _time(logged.get(key))) is not None), None)
    if "request" in logged or "response" in logged:
        return Exchange(_http(logged.get("request")), _http(logged.get("response")), at, repaired)
    if "url" in logged or ("body" in logged and ("headers" in logged or at is not None)):
        return Exchange(_http({"headers": {}, **logged}), Http(), at, repaired)
    return Exchange(Http(body=logged), Http(), None, repaired)


def _decoded(raw: bytes) -> str:
    text = None
    with suppress(UnicodeDecodeError):
        text = raw.decode("utf-8-sig")
    if text is None:  # raised out here: the codec's error holds the bytes
        raise RecordsError("the exchange is not UTF-8 text")
    return text


def _parse(text: str, repair: Callable[[str], str] | None) -> tuple[Any, bool]:
    for repaired in (False, True) if repair else (False,):
        try:
            return parse_json(repair(text) if repair and repaired else text), repaired
        except (ValueError, RecursionError):
            continue
    raise RecordsError("the exchange is not JSON")


def _http(logged: object) -> Http:
    if isinstance(logged, str):  # the description of a message as text, rather than its body
        with suppress(ValueError, RecursionError):
            value = parse_json(logged)
            if isinstance(value, dict) and _is_http(value):
                logged = value
    if not isinstance(logged, dict) or not _is_http(logged):
        body, text = _body(logged, {})
        return Http(body=body, text=text)
    headers = _headers(logged.get("headers"))
    body, text = _body(logged.get("body"), headers)
    url = logged.get("url")
    if isinstance(url, str):
        try:
            urlsplit(url)
        except ValueError:
            url = None
    params = {str(k): str(v) for k, v in _dict(logged.get("params")).items()}
    if isinstance(url, str):
        params = {**dict(parse_qsl(urlsplit(url).query, keep_blank_values=True)), **params}
    method, status = logged.get("method"), logged.get("status")
    return Http(
        method=method.upper() if isinstance(method, str) else None,
        url=url if isinstance(url, str) else None,
        params=MappingProxyType(params),
        headers=MappingProxyType(headers),
        status=status if isinstance(status, int) and not isinstance(status, bool) else None,
        body=body,
        text=text,
    )


def _is_http(logged: Mapping[str, Any]) -> bool:
    """Whether an object describes a message, or is one (a vendor's envelope)."""
    names = set(logged)
    return "url" in names or {"body", "headers"} <= names or (bool(names & {"body", "headers"}) and names <= _HTTP_KEYS)


def _headers(logged: object) -> dict[str, str]:
    """Headers as Python logs them, as Go, Node and servlets do (lists of values), or as HAR does (name and value)."""
    if isinstance(logged, list):
        logged = {h["name"]: h.get("value") for h in logged if isinstance(h, dict) and isinstance(h.get("name"), str)}
    return {
        str(name).lower(): ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        for name, value in _dict(logged).items()
    }


def _dict(value: object) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}


def _body(value: object, headers: Mapping[str, str]) -> tuple[Any, str | None]:
    if not isinstance(value, str):
        return value, None
    try:
        return parse_json(value), value
    except (ValueError, RecursionError):
        pass
    if "x-www-form-urlencoded" in headers.get("content-type", "") or _FORM.fullmatch(value):
        return dict(parse_qsl(value, keep_blank_values=True)), value
    return None, value


def _time(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    try:
        return moment.astimezone(UTC) if moment.tzinfo else None
    except OverflowError:  # within a day of the calendar's ends
        return None


def at_path(tree: object, path: str) -> Any:
    """The value at a dotted path, None where it is not.

    Examples
    --------
    >>> at_path({"a": {"b": [1]}}, "a.b"), at_path({"a": 1}, "a.b")
    ([1], None)
    """
    for part in path.split("."):
        if not isinstance(tree, dict):
            return None
        tree = tree.get(part)
    return tree


def with_path(tree: dict[str, Any], path: str, value: object) -> None:
    """Set the value at a dotted path, making the objects on the way."""
    *parents, last = path.split(".")
    for part in parents:
        tree = tree.setdefault(part, {})
    tree[last] = value
