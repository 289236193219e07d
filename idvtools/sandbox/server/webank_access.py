"""WeBank's tokens and tickets, and the signatures made with them (seed 002 sections 4.1 to 4.3, 4.6, 6.1)."""

from __future__ import annotations

import hashlib
import hmac
import random
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import Response

from idvtools.sandbox.server.wire import RefusedError, answer, app_keys, digits, json_object, local, told
from idvtools.sandbox.server.world import World

Kind = Literal["sign", "user"]
_LIFE_MS: Mapping[str, int] = {"sign": 3_600_000, "user": 300_000}
#: How long the ticket before the last one goes on.
_GRACE_MS = 300_000
_KEPT_MS = 3_600_000
_NONCE = re.compile(r"[0-9A-Za-z]{32}", re.ASCII)


@dataclass
class _Ticket:
    kind: str
    value: str = field(repr=False)
    until_ms: int


@dataclass
class _Account:
    token: str = field(default="", repr=False)
    until_ms: int = 0
    tickets: list[_Ticket] = field(default_factory=list)


class Access:
    """Who may call: one token an app_id, and the tickets that come of it.

    A new token takes the old one and every ticket that came of it with it; a new sign ticket lets the one before go
    on for five minutes. What is asked of here is done under the world's lock.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._rng = world.rng("webank/secrets")
        self._accounts: dict[str, _Account] = {}

    def token(self, query: Mapping[str, str]) -> dict[str, str]:
        """Fetch a token (4.1). Raises RefusedError."""
        app_id = self._credentials(query)
        app = app_keys(self._world, "webank", app_id, "secret")
        assert app is not None
        if query.get("grant_type") != "client_credential":
            raise RefusedError("60851007")
        if not hmac.compare_digest(query.get("secret", "").encode(), app.text("secret").encode()):
            raise RefusedError("60851007")
        with self._world.lock:
            account = self._accounts[app_id] = _Account(self._secret(), self._now() + _LIFE_MS["sign"])
            return {"access_token": account.token, "expire_time": str(account.until_ms), "expire_in": "3600"}

    def tickets(self, query: Mapping[str, str]) -> list[dict[str, str]]:
        """Fetch tickets of one or several types, in their order (4.2). Raises RefusedError."""
        app_id = self._credentials(query)
        with self._world.lock:
            account = self._accounts.get(app_id) or _Account()
            given = query.get("access_token", "").encode()
            if not account.token or not hmac.compare_digest(given, account.token.encode()):
                raise RefusedError("60851002")
            if self._now() >= account.until_ms:
                raise RefusedError("60851004")
            kinds = query.get("type", "").split(",")
            if not all(kind in _LIFE_MS for kind in kinds) or len(kinds) != len(set(kinds)):
                raise RefusedError("60851001")
            if "user" in kinds and not _names_a_user(query):
                raise RefusedError("60851007")
            return [self._ticket(account, kind) for kind in kinds]

    def check(self, query: Mapping[str, str], version: str, body: str | None = None, kind: str | None = None) -> str:
        """The app_id that signed a call: all of the query's values, the body and a ticket that goes (4.3.1).

        Raises
        ------
        RefusedError
            60840002 (a parameter is missing or wrong), 60851009 (app_id), 60841017 (no ticket, or over),
            60841018 (signed with another ticket).
        """
        if not all(query.get(name) for name in ("app_id", "nonce", "sign", "version")):
            raise RefusedError("60840002")
        if app_keys(self._world, "webank", query["app_id"], "secret") is None:
            raise RefusedError("60851009")
        if query["version"] != version or not _NONCE.fullmatch(query["nonce"]):
            raise RefusedError("60840002")
        if kind is not None and query.get("type") != kind:
            raise RefusedError("60840002")
        values = [query["app_id"], version, query["nonce"], query.get("type"), body]
        with self._world.lock:
            self._check_ticket(query["app_id"], [v for v in values if v is not None], query["sign"])
        return query["app_id"]

    def kick_out(self, app_id: str, *, token: bool = True) -> None:
        """Do what another program of ours does to this one: fetch a token and a ticket, or only a ticket."""
        with self._world.lock:
            account = self._accounts.get(app_id)
            if token or account is None:
                account = self._accounts[app_id] = _Account(self._secret(), self._now() + _LIFE_MS["sign"])
            self._ticket(account, "sign")

    def _check_ticket(self, app_id: str, values: list[str], sign: str) -> None:
        tickets, now = self._accounts.get(app_id, _Account()).tickets, self._now()
        live = [t for t in tickets if now < t.until_ms]
        if used := _signer(live, values, sign):
            if used.kind == "user":  # goes once
                used.until_ms = now
            return
        over = _signer((t for t in tickets if now >= t.until_ms), values, sign)
        raise RefusedError("60841017" if over or not live else "60841018")

    def _credentials(self, query: Mapping[str, str]) -> str:
        app_id = query.get("app_id", "")
        if app_keys(self._world, "webank", app_id, "secret") is None:
            raise RefusedError("60851009")
        if query.get("version") != "2.0.0":
            raise RefusedError("60851007")
        return app_id

    def _ticket(self, account: _Account, kind: str) -> dict[str, str]:
        now, life = self._now(), _LIFE_MS[kind]
        account.tickets = [t for t in account.tickets if now < t.until_ms + _KEPT_MS]
        for old in account.tickets:
            if kind == "sign" == old.kind:
                old.until_ms = min(old.until_ms, now + _GRACE_MS)
        new = _Ticket(kind, self._secret(), now + life)
        account.tickets.append(new)
        return {"value": new.value, "expire_in": str(life // 1000), "expire_time": str(new.until_ms)}

    def _secret(self) -> str:
        return self._rng.randbytes(32).hex()

    def _now(self) -> int:
        return self._world.clock.now_ms()


def envelope(world: World, rng: random.Random) -> dict[str, str]:
    """What every answer to a signed call begins with: numbers to ask the bank about it."""
    with world.lock:
        return {"BizSeqNo": digits(rng, 32), "ConsumerSeqNo": digits(rng, 32)}


def reply(
    world: World, call: str, make: Callable[[], Mapping[str, Any]], good: str, head: Mapping[str, str] | None = None
) -> Response:
    """The answer with what `make` makes, or with the code that it refuses with; the call is counted."""
    code, text = good, ""
    more: Mapping[str, Any] = {}
    try:
        more = make()
    except RefusedError as refused:
        code, text = refused.code, refused.told
    world.count("webank", call, code)
    message = text or told("webank", "platform", code)
    when = {"transactionTime": local(world.clock.now_ms())}
    return answer({**(head or {}), **when, "code": code, "msg": message, **more})


def query_of(request: Request, refusal: str) -> dict[str, str]:
    """The query, in which a name may stand once only."""
    pairs = request.query_params.multi_items()
    if len(dict(pairs)) != len(pairs):
        raise RefusedError(refusal)
    return dict(pairs)


def _names_a_user(query: Mapping[str, str]) -> bool:
    user = json_object(query.get("user_data", "").encode("utf-8", "replace")) or {}
    return isinstance(user.get("USER_ID"), str) and bool(user["USER_ID"]) and bool(query.get("mechant_id"))


def _signer(tickets: Iterable[_Ticket], values: list[str], sign: str) -> _Ticket | None:
    """The ticket that a signature was made with."""
    given = sign.encode("utf-8", "replace")
    return next((t for t in tickets if hmac.compare_digest(_signature(values, t.value).encode(), given)), None)


def _signature(values: list[str], ticket: str) -> str:
    # Java compares strings by UTF-16 code units.
    ordered = sorted([*values, ticket], key=lambda text: text.encode("utf-16-be"))
    return hashlib.sha1("".join(ordered).encode("utf-8"), usedforsecurity=False).hexdigest().upper()
