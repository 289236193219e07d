"""The object store: presigned links that live five minutes, customer keys (SSE-C), errors as XML (dec.md section 2)."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import quote, unquote
from xml.sax.saxutils import escape

from starlette.types import Receive, Scope, Send

from idvtools.sandbox.server.world import World

Prefix = Literal["x-cos", "x-amz"]

ROOT = "/store/"
LINK_SECONDS = 300
_KEPT_BYTES = 64 << 20
_SSE_CODES = ("InvalidEncryptionAlgorithm", "InvalidKey", "InvalidKeyMD5")
_SSE = "-server-side-encryption-customer-"


@dataclass(frozen=True, slots=True)
class Stored:
    """A file in the store, with what answers and checks need of it, worked out once."""

    body: bytes = field(repr=False)
    headers: tuple[tuple[bytes, bytes], ...] = field(repr=False)
    sse: tuple[bytes, bytes, bytes] | None = field(repr=False)


def stored(body: bytes, kind: str, file_key: bytes | None) -> Stored:
    """A file for the store; with a `file_key` of 32 bytes it is encrypted by it."""
    headers = (
        (b"content-type", kind.encode("ascii")),
        (b"content-length", str(len(body)).encode("ascii")),
        (b"content-md5", b64encode(_md5(body))),
        (b"etag", b'"%b"' % hashlib.sha256(body).hexdigest()[:32].encode("ascii")),
    )
    sse = None if file_key is None else (b"AES256", b64encode(file_key), b64encode(_md5(file_key)))
    return Stored(body, headers, sse)


def _md5(raw: bytes) -> bytes:
    return hashlib.md5(raw, usedforsecurity=False).digest()


class ObjectStore:
    """An ASGI application for everything under ``/store/``.

    Parameters
    ----------
    world : World
        Clock, address and seed.
    find : callable
        Makes the file at a path below ``/store/``, None where there is none.
    named_only : bool
        Whether a link takes headers of the prefix only that its ``q-header-list`` names; else of either.
    """

    def __init__(self, world: World, find: Callable[[str], Stored | None]) -> None:
        self.named_only = False
        self._world = world
        self._find = find
        self._secret = world.rng("store").randbytes(32)
        self._kept: OrderedDict[str, Stored] = OrderedDict()
        self._bytes = 0

    def link(self, path: str, prefix: Prefix | None) -> str:
        """A presigned link to a path below ``/store/``; `prefix` for a file with a customer key."""
        now = self._world.clock.now_ms() // 1000
        named = ["host"] + ([f"{prefix}{_SSE}{part}" for part in ("algorithm", "key", "key-md5")] if prefix else [])
        period = f"{now};{now + LINK_SECONDS}"
        query = (
            f"q-sign-algorithm=sha1&q-ak=AKIDSYNTHETIC&q-sign-time={period}&q-key-time={period}"
            f"&q-header-list={';'.join(named)}&q-url-param-list="
        )
        whole = ROOT + path
        return f"{self._world.url}{quote(whole)}?{query}&q-signature={self._sign(whole, query)}"

    async def __call__(self, scope: Scope, _: Receive, send: Send) -> None:
        """Answer a GET (or HEAD)."""
        method, path = scope["method"], scope["path"]
        status, found = self._answer(path, scope) if method in ("GET", "HEAD") else (405, "MethodNotAllowed")
        self._world.count("store", "get", status)
        if isinstance(found, Stored):
            headers, body = list(found.headers), found.body
        else:
            body = _xml(found, path)
            headers = [(b"content-type", b"application/xml"), (b"content-length", str(len(body)).encode("ascii"))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})

    def _answer(self, path: str, scope: Scope) -> tuple[int, Stored | str]:
        query, _, signature = unquote(scope["query_string"].decode("latin-1")).rpartition("&q-signature=")
        if not query:
            return 403, "AccessDenied"
        if not hmac.compare_digest(signature.encode("utf-8"), self._sign(path, query).encode("ascii")):
            return 403, "SignatureDoesNotMatch"
        now = self._world.clock.now_ms()
        since, until = query.partition("&q-sign-time=")[2].partition("&")[0].split(";")
        if not int(since) * 1000 <= now + 999 or now >= int(until) * 1000:
            return 403, "RequestExpired"
        found = self._get(path[len(ROOT) :])
        if found is None:
            return 404, "NoSuchKey"
        prefix: Prefix | None = None
        if self.named_only:
            prefix = "x-cos" if "x-cos-" in query else "x-amz"
        problem = _check_sse(found.sse, scope["headers"], prefix)
        return (400, problem) if problem else (200, found)

    def _get(self, path: str) -> Stored | None:
        if path in self._kept:
            self._kept.move_to_end(path)
            return self._kept[path]
        found = self._find(path)
        if found is not None and found.sse is not None:  # a statement may change, an operation's files do not
            self._kept[path] = found
            self._bytes += len(found.body)
            while self._bytes > _KEPT_BYTES and len(self._kept) > 1:
                self._bytes -= len(self._kept.popitem(last=False)[1].body)
        return found

    def _sign(self, path: str, query: str) -> str:
        return hmac.digest(self._secret, f"{path}\n{query}".encode("utf-8", "surrogateescape"), "sha1").hex()


def _check_sse(
    expected: tuple[bytes, bytes, bytes] | None, headers: list[tuple[bytes, bytes]], prefix: Prefix | None
) -> str | None:
    """The code of what is wrong with the customer-key headers, None where they fit."""
    given: dict[bytes, bytes] = {}
    for name, value in headers:
        start, found, part = name.partition(_SSE.encode("ascii"))
        if found and start in ((b"x-cos", b"x-amz") if prefix is None else (prefix.encode("ascii"),)):
            given[part] = value
    if expected is None:
        return "InvalidRequest" if given else None
    if not given:
        return "MissingSecurityHeader"
    got = (given.get(b"algorithm"), given.get(b"key"), given.get(b"key-md5"))
    for code, has, wanted in zip(_SSE_CODES, got, expected, strict=True):
        if has is None or not hmac.compare_digest(has, wanted):
            return code
    return None


_MESSAGES = {
    "AccessDenied": "Access Denied.",
    "SignatureDoesNotMatch": "The Signature you specified is invalid.",
    "RequestExpired": "Request has expired",
    "NoSuchKey": "The specified key does not exist.",
    "MethodNotAllowed": "The specified method is not allowed against this resource.",
    "InvalidRequest": "The object is not encrypted with a customer key.",
    "MissingSecurityHeader": "The object is encrypted with a customer key; its headers are missing.",
    "InvalidEncryptionAlgorithm": "The customer algorithm must be AES256.",
    "InvalidKey": "The customer key does not fit.",
    "InvalidKeyMD5": "The MD5 of the customer key does not fit.",
}


def _xml(code: str, path: str) -> bytes:
    shown = "AccessDenied" if code == "RequestExpired" else "InvalidArgument" if code.startswith("InvalidK") else code
    return (
        "<?xml version='1.0' encoding='utf-8' ?>\n"
        f"<Error><Code>{shown}</Code><Message>{_MESSAGES[code]}</Message>"
        f"<Resource>{escape(path)}</Resource><RequestId>SYNTHETIC</RequestId></Error>"
    ).encode("utf-8", "surrogateescape")
