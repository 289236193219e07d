"""The one ASGI application: control, object store, the five vendors' routes, faults around them."""

from __future__ import annotations

import logging
import traceback
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from starlette.responses import PlainTextResponse
from starlette.routing import Router
from starlette.types import ASGIApp, Receive, Scope, Send

from idvtools.sandbox.server import control, dec
from idvtools.sandbox.server.faults import Faulty
from idvtools.sandbox.server.store import ROOT

if TYPE_CHECKING:
    from idvtools.sandbox.server.running import Sandbox

_LOG = logging.getLogger("idvtools.sandbox")


def build(sandbox: Sandbox) -> ASGIApp:
    """The application of a sandbox."""
    routes = dec.routes(sandbox.dec, sandbox.limits)
    for side in (sandbox.tencent, sandbox.webank, sandbox.onenet, sandbox.westdex):
        routes += side.routes()
    vendors, store = Router(routes), sandbox.dec.store

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        app: ASGIApp = store if scope["path"].startswith(ROOT) else vendors
        # Of DEC's calls the body tells whose they are: its endpoints count themselves.
        if app is vendors and not scope["path"].startswith(dec.PATHS) and sandbox.limits.exceeded(_caller(scope)):
            app = PlainTextResponse("too many requests", 429, {"Retry-After": "1"})
        await app(scope, receive, send)

    controls, faulty = Router(control.routes(sandbox)), Faulty(answer, sandbox.faults)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        app: ASGIApp = controls if scope["path"].startswith("/_control") else faulty
        try:
            await app(scope, receive, send)
        except Exception as error:
            # Where, and of which type; the message may hold what was sent.
            where = traceback.extract_tb(error.__traceback__)[-1]
            _LOG.error("%s at %s:%s in %s", type(error).__name__, where.filename, where.lineno, scope["path"])
            await _failed(send)

    return application


def _caller(scope: Scope) -> str:
    """Whose a request is, as far as the query tells; else the endpoint stands for it."""
    query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
    return query.get("app_id") or query.get("appid") or str(scope["path"])


async def _failed(send: Send) -> None:
    body = b"internal error of the sandbox"
    headers = [(b"content-length", str(len(body)).encode("ascii"))]
    await send({"type": "http.response.start", "status": 500, "headers": headers})
    await send({"type": "http.response.body", "body": body})
