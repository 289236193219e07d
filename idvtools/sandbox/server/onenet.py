"""OneNET's side: links to a registration page, audits, and the pushes that tell of them (seed 003)."""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from idvtools.errors import InputError
from idvtools.sandbox.messages import compact
from idvtools.sandbox.people import Person
from idvtools.sandbox.server.wire import (
    Push,
    RefusedError,
    address,
    answer,
    app_keys,
    choose,
    digits,
    json_object,
    local,
    someone,
)
from idvtools.sandbox.server.world import World

#: Seconds after which a push that we did not answer rightly is sent again.
RETRIES_S = (3, 6, 12)
#: The table of the seed names the person's object one way, its sample the other.
PersonKey = Literal["custInfo", "auditInfo"]
_MESSAGES = MappingProxyType(
    {"0": "认证成功", "1": "待审核", "2": "认证不通过", "3": "二次稽查通过", "4": "二次稽查不通过"}
)
_MOVES: Mapping[str | None, str] = MappingProxyType({None: "012", "1": "02", "0": "34"})
#: What becomes of a telephone number that nobody planted.
_WEIGHTS: Mapping[tuple[str, ...], int] = MappingProxyType(
    {("0",): 50, ("1", "0"): 20, ("2",): 10, ("1", "2"): 8, ("1",): 5, ("0", "3"): 4, ("0", "4"): 3}
)
_PHONE = re.compile(r"1[0-9]{10}")
_ET = re.compile(r"[0-9]{1,12}")
#: The seed lists no codes of errors: these are the sandbox's own, as in its logs.
_BAD_PARAMETER, _NOT_AUTHORISED = "10001", "10403"


@dataclass
class _Audit:
    phone: str = field(repr=False)
    callback_url: str = field(repr=False)
    plan: tuple[str, ...]
    person: Person = field(repr=False)
    statuses: list[str] = field(default_factory=list)
    bodies: dict[str, bytes] = field(default_factory=dict, repr=False)


class OnenetSide:
    """Endpoints of OneNET's, and its pushes.

    Parameters
    ----------
    world : World
        Clock, keys and seed.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._rng = world.rng("onenet/numbers")
        self._plans: dict[str, tuple[tuple[str, ...], Person | None]] = {}
        self._audits: dict[str, _Audit] = {}

    def routes(self) -> list[Route]:
        """The endpoints, at the paths of seed 003."""
        return [Route("/real_name_reg/auth_url", self._auth_url, methods=["POST"])]

    def plant(self, phone: str, statuses: Sequence[str], person: Person | None = None) -> None:
        """Say how audits of a telephone number will go, from the next link on.

        Raises
        ------
        InputError
            The document does not allow the moves.
        """
        for before, after in zip([None, *statuses], statuses, strict=False):
            _check_move(before, after)
        with self._world.lock:
            self._plans[phone] = (tuple(statuses), person)

    def statuses(self, busi_seq: str) -> tuple[str, ...]:
        """The statuses of an audit that were pushed so far, in order."""
        return tuple(self._audit(busi_seq).statuses)

    def open_audits(self) -> list[str]:
        """The numbers of the audits that `next_push` has something to tell of, the oldest first."""
        with self._world.lock:
            return [number for number, audit in self._audits.items() if len(audit.statuses) < len(audit.plan)]

    def next_push(self, busi_seq: str) -> Push | None:
        """The push of the next status that was planted or comes of the seed; None after the last one."""
        with self._world.lock:
            audit = self._audit(busi_seq)
            done = len(audit.statuses)
            return self.push(busi_seq, audit.plan[done]) if done < len(audit.plan) else None

    def push(
        self,
        busi_seq: str,
        status: str,
        *,
        person_key: PersonKey = "custInfo",
        seconds: bool = False,
        message: str | None = None,
        person_busi_seq: str | None = None,
    ) -> Push:
        """The push of a status, in the shape of the seed's sample; once more the same for a status that was pushed.

        Parameters
        ----------
        busi_seq : str
            The number that `auth_url` answered with.
        status : str
            ``0`` to ``4``.
        person_key : str
            How the object of the person is called.
        seconds : bool
            Whether times are in seconds rather than in milliseconds.
        message : str, optional
            The auditMessage.
        person_busi_seq : str, optional
            Another busiSeq in the person's object, as in the sample.

        Raises
        ------
        InputError
            There is no such number, or the document does not allow the move (1 to 0 or 2, 0 to 3 or 4).
        """
        with self._world.lock:
            audit = self._audit(busi_seq)
            if status not in audit.bodies:
                _check_move(audit.statuses[-1] if audit.statuses else None, status)
                unit = 1000 if seconds else 1
                now = self._world.clock.now_ms() // unit
                result = {
                    "auditStatus": status, "transactionID": digits(self._rng, 26), "busiSeq": busi_seq,
                    "phone": audit.phone, "responseTime": now, "auditMessage": message or _MESSAGES[status],
                }  # fmt: skip
                person = {**_person(audit.person, unit), "createTime": now, "modifyTime": now}
                person |= {"busiSeq": person_busi_seq or busi_seq, "channelId": "OneNET"}
                audit.bodies[status] = compact({"auditResult": result, person_key: person}).encode("utf-8")
                audit.statuses.append(status)
            return Push(audit.callback_url, {"Content-Type": "application/json"}, audit.bodies[status])

    @staticmethod
    def is_accepted(status: int, body: bytes) -> bool:
        """Whether our answer to a push is the one that ends its retries.

        Examples
        --------
        >>> OnenetSide.is_accepted(200, b'{"errno": 0, "error": "succ"}'), OnenetSide.is_accepted(200, b"ok")
        (True, False)
        """
        got = json_object(body) or {}
        return status == 200 and type(got.get("errno")) is int and (got["errno"], got.get("error")) == (0, "succ")

    def _audit(self, busi_seq: str) -> _Audit:
        with self._world.lock:
            found = self._audits.get(busi_seq)
        if found is None:
            raise InputError("no link was given with this busi_seq")
        return found

    async def _auth_url(self, request: Request) -> Response:
        raw, status = await request.body(), 200
        try:
            reply: dict[str, Any] = {"errno": 0, "error": "succ", "data": self._link(request, raw)}
        except RefusedError as refused:
            status = 403 if refused.code == _NOT_AUTHORISED else 200
            reply = {"errno": int(refused.code), "error": refused.told}
        self._world.count("onenet", "auth_url", reply["errno"])
        return answer(reply, status)

    def _link(self, request: Request, raw: bytes) -> dict[str, str]:
        given = request.headers.get("authorization", "")
        body = json_object(raw)
        uid = body.get("user_id") if body else None
        self._authorise(given, str(uid) if type(uid) is int else None)
        if body is None:
            raise RefusedError(_BAD_PARAMETER, "invalid parameter: body")
        if type(uid) is not int:
            raise RefusedError(_BAD_PARAMETER, "invalid parameter: user_id")
        phone, url = body.get("phone"), body.get("callback_url")
        if not isinstance(phone, str) or not _PHONE.fullmatch(phone):
            raise RefusedError(_BAD_PARAMETER, "invalid parameter: phone")
        if not isinstance(url, str) or not _is_url(url):
            raise RefusedError(_BAD_PARAMETER, "invalid parameter: callback_url")
        return self._new(phone, url)

    def _new(self, phone: str, callback_url: str) -> dict[str, str]:
        world = self._world
        with world.lock:
            while (number := f"OneNET{local(world.clock.now_ms())}{digits(self._rng, 6)}") in self._audits:
                pass
            plan, person = self._plans.get(phone) or (choose(world, "onenet/plan", phone, _WEIGHTS), None)
            person = person or someone(world.rng(f"onenet/person/{phone}"))
            self._audits[number] = _Audit(phone, callback_url, plan, person)
            page = f"param={self._rng.randbytes(60).hex()}&signature={self._rng.randbytes(32).hex()}"
        return {"busi_seq": number, "auth_url": f"{world.url}/real_name_reg/page?{page}"}

    def _authorise(self, given: str, uid: str | None) -> None:
        """The token of the platform: with the key of the app, for its resource, not over yet (onenet.md).

        A body without a readable user_id is refused for that only if the token is that of some app.
        """
        keys = self._world.keys.get("onenet")
        wanted = [uid] if uid is not None else [*(keys.apps if keys else ())]
        apps = [app for name in wanted if (app := app_keys(self._world, "onenet", name, "access_key"))]
        if not any(self._holds(given, app.blob("access_key")) for app in apps):
            raise RefusedError(_NOT_AUTHORISED, "auth failed")

    def _holds(self, given: str, key: bytes) -> bool:
        pairs = parse_qsl(given, keep_blank_values=True)
        got = dict(pairs)
        if len(pairs) != 5 or set(got) != {"version", "res", "et", "method", "sign"}:
            return False
        if (got["version"], got["res"]) != ("2018-10-31", "ai-registration") or not _ET.fullmatch(got["et"]):
            return False
        if got["method"] not in ("md5", "sha1", "sha256"):
            return False
        text = "\n".join((got["et"], got["method"], got["res"], got["version"]))
        sign = hmac.new(key, text.encode(), getattr(hashlib, got["method"])).digest()
        fits = hmac.compare_digest(b64encode(sign), got["sign"].encode("utf-8", "replace"))
        return fits and self._world.clock.now_ms() < int(got["et"]) * 1000


def _check_move(before: str | None, after: str) -> None:
    if len(after) != 1 or after not in _MOVES.get(before, ""):
        raise InputError(f"an audit does not go from {before or 'nothing'} to {after}")


def _person(person: Person, unit: int) -> dict[str, Any]:
    born = datetime.strptime(person.id_no[6:14], "%Y%m%d").replace(tzinfo=UTC)
    return {
        "custName": person.name,
        "custCertNo": person.id_no,
        "custCertAddr": address(person),
        "gender": str(int(person.id_no[16]) % 2),
        "nation": "汉",
        "birthday": int(born.timestamp() * 1000) // unit,
        "issuingAuthority": "样例市公安局",
        "certValidDate": 1577836800000 // unit,
        "certExpDate": 2208988800000 // unit,
    }


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False
