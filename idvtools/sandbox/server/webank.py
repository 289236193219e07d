"""WeBank's side: credentials, business requests, and the notifications that it sends (seed 002).

Its tokens and signatures: `webank_access`; its files: `webank_files`.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import quote_plus, unquote_plus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from idvtools.errors import InputError
from idvtools.sandbox.messages import compact
from idvtools.sandbox.server.webank_access import Access, envelope, query_of, reply
from idvtools.sandbox.server.webank_files import Files
from idvtools.sandbox.server.wire import (
    JSON_TYPE,
    SKEW_MS,
    RefusedError,
    app_keys,
    choose,
    digits,
    json_object,
    media_type,
)
from idvtools.sandbox.server.world import World

_SEGMENTS = re.compile(r"[\w-]+(/[\w-]+)+", re.ASCII)
#: Codes of a business behind the platform are agreed with it; these are the ones of the sandbox's logs.
_BUSINESS = MappingProxyType(
    {"66590000": "交易成功", "66591203": "证件号与姓名不符", "66591204": "人像比对不通过", "66591001": "处理中"}
)
#: What a message holds may be no text that UTF-8 takes.
_ANY = ("utf-8", "replace")
#: What becomes of a person whom nobody planted.
_WEIGHTS = MappingProxyType({"66590000": 80, "66591203": 8, "66591204": 4, "66591001": 4, "60840003": 4})


class Checked(NamedTuple):
    """Our answer to a notification, as WeBank reads it: whether it holds, our CODE, what is wrong."""

    ok: bool
    code: str | None
    why: str = ""


class WebankSide:
    """Endpoints of WeBank's, and its notifications.

    Parameters
    ----------
    world : World
        Clock, keys and seed.

    Attributes
    ----------
    files : Files
        What was uploaded, and ways to plant and to damage a file.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._access = Access(world)
        self._rng = world.rng("webank/numbers")
        self._planted: dict[str, tuple[str, str]] = {}
        self.files = Files(world, self._access)

    def routes(self) -> list[Route]:
        """The endpoints, at the paths of seed 002; whatever else is below ``/api/s`` is no legal path."""
        return [
            Route("/api/oauth2/access_token", self._access_token, methods=["GET"]),
            Route("/api/oauth2/api_ticket", self._api_ticket, methods=["GET"]),
            *self.files.routes(),
            Route("/api/s/{path:path}", self._business, methods=["GET", "POST", "PUT", "DELETE"]),
        ]

    # ---- what a test or a person may do

    def plant(self, id_no: str, code: str = "66590000", text: str | None = None) -> None:
        """Say what business requests on a person (ID_NO, else USER_ID) will be answered with.

        Parameters
        ----------
        id_no : str
            The person.
        code : str
            A business CODE, or a code of the platform's that is not its success.
        text : str, optional
            What it means.
        """
        with self._world.lock:
            self._planted[id_no] = (code, _BUSINESS.get(code, "") if text is None else text)

    def kick_out(self, app_id: str | None = None, *, token: bool = True) -> None:
        """Do what another program of ours does to this one: fetch a token and a ticket, or only a ticket."""
        self._access.kick_out(self._app(app_id), token=token)

    def reverse(
        self, trans_name: str, plain: Mapping[str, Any], *, app_id: str | None = None, seq_no: str | None = None
    ) -> tuple[dict[str, str], bytes]:
        """A notification to us, signed with the salt (5.3): its headers and its body.

        Parameters
        ----------
        trans_name : str
            Which interface it is.
        plain : mapping
            What it tells.
        app_id : str, optional
            The app whose salt signs; not needed where there is one only.
        seq_no : str, optional
            That of an earlier one, which is sent again.
        """
        stamp = str(self._world.clock.now_ms())
        with self._world.lock:
            number = seq_no or stamp + digits(self._rng, 9)
        # As Java's URLEncoder does it.
        text = quote_plus(compact(plain), safe="*").replace("~", "%7E")
        body = {"Plain": text, "Signature": self._sign(text, stamp, app_id), "Timestamp": stamp}
        return {"Content-Type": JSON_TYPE}, compact({**body, "transName": trans_name, "SeqNo": number}).encode("utf-8")

    def check_answer(self, sent: bytes, answered: bytes, *, app_id: str | None = None) -> Checked:
        """What WeBank makes of our answer to a notification: signed likewise, for the same message (5.4)."""
        asked, got = json_object(sent) or {}, json_object(answered) or {}
        names = ("Plain", "Signature", "Timestamp", "transName", "SeqNo")
        if not all(isinstance(got.get(name), str) and got[name] for name in names):
            return Checked(False, None, "no JSON object with all the fields, as texts")
        stamp = got["Timestamp"]
        fits = hmac.compare_digest(self._sign(got["Plain"], stamp, app_id).encode(), got["Signature"].encode(*_ANY))
        near = re.fullmatch("[0-9]{13}", stamp) and abs(int(stamp) - self._world.clock.now_ms()) <= SKEW_MS
        code = (json_object(unquote_plus(got["Plain"]).encode(*_ANY)) or {}).get("CODE")
        problems = (
            ("the signature does not hold", not fits),
            ("transName or SeqNo is another one", any(got[n] != asked.get(n) for n in ("transName", "SeqNo"))),
            ("the Timestamp is too far from now", not near),
            ("the Plain has no CODE", not isinstance(code, str)),
        )
        why = next((text for text, wrong in problems if wrong), "")
        return Checked(not why, None if why else code, why)

    def _sign(self, plain: str, stamp: str, app_id: str | None) -> str:
        app = app_keys(self._world, "webank", self._app(app_id), "salt")
        if app is None:
            raise InputError("there is no salt for this app")
        return hashlib.sha256((plain + app.text("salt") + stamp).encode(*_ANY)).hexdigest()

    def _app(self, app_id: str | None) -> str:
        keys = self._world.keys.get("webank")
        if app_id is None and (keys is None or len(keys.apps) != 1):
            raise InputError("say which app: the settings of webank do not have exactly one")
        return app_id or next(iter(keys.apps if keys else ()))

    # ---- the endpoints

    async def _access_token(self, request: Request) -> Response:
        def token() -> dict[str, str]:
            return self._access.token(query_of(request, "60851007"))

        return reply(self._world, "access_token", token, "60850000")

    async def _api_ticket(self, request: Request) -> Response:
        def tickets() -> dict[str, Any]:
            return {"tickets": self._access.tickets(query_of(request, "60851007"))}

        return reply(self._world, "api_ticket", tickets, "60850000")

    async def _business(self, request: Request) -> Response:
        raw = await request.body()

        def done() -> dict[str, str]:
            if request.method != "POST" or not _SEGMENTS.fullmatch(request.path_params["path"]):
                raise RefusedError("60840110")
            try:
                text = raw.decode("utf-8")
            except ValueError:
                raise RefusedError("60840002") from None
            self._access.check(query_of(request, "60840002"), "2.0.0", text)
            body = json_object(raw)
            if body is None or media_type(request) != "application/json":
                raise RefusedError("60840002")
            code, told = self._verdict(body)
            return {"jsonData": compact({"CODE": code, "DESC": told})}

        head = envelope(self._world, self._rng)
        return reply(self._world, "business", done, "60840000", head)

    def _verdict(self, body: Mapping[str, Any]) -> tuple[str, str]:
        """What the business behind the platform says of a person; a body without one is well."""
        who = body.get("ID_NO") or body.get("USER_ID")
        with self._world.lock:
            planted = self._planted.get(who) if isinstance(who, str) else None
        code = planted[0] if planted else choose(self._world, "webank/verdict", who, _WEIGHTS) if who else "66590000"
        if code.startswith("6084"):
            raise RefusedError(code)
        return planted or (code, _BUSINESS[code])
