"""``/_control``: time, faults, operations, keys, notifications, limits. JSON in, JSON out."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from idvtools.errors import InputError
from idvtools.sandbox.server.dec_statement import ZONE
from idvtools.sandbox.server.faults import KINDS

if TYPE_CHECKING:
    from idvtools.sandbox.server.running import Sandbox

Body = dict[str, Any]
_WHAT = {
    "GET /_control": "what there is",
    "POST /_control/clock": '{"now": ISO 8601 with offset, or ms since 1970} or {"advance_s": seconds}',
    "POST /_control/faults": '{"rate", "kinds": [], "paths": regular expression, "count", "latency_s"}',
    "DELETE /_control/faults": "no more faults",
    "POST /_control/dec/plant": '{"count": at most 10000, "app", "site", "status", "at_ms", "files", "size", "parsed",'
    ' "sub_status", "needs_agreement", "notify"}; gives "requests": lines for requests/',
    "POST /_control/dec/outcomes": '{"next": [daStatus, "open", or {"status", "json_result", "error", …}],'
    ' "refuse_running": bool, "closed_sites": [], "mistakes": bool}',
    "POST /_control/dec/rotate": '{"app"}: a new AES key',
    "POST /_control/onenet/push": '{"busi_seq": one, or every open audit; "retries": []}',
    "POST /_control/webank/reverse": '{"url", "trans_name", "plain": {}, "retries": []}',
    "POST /_control/webank/kick-out": '{"app", "ticket_only": bool}: somebody else fetches a token, or a ticket',
    "POST /_control/notify": '{"url": address or null, "retries": [], "duplicates", "late", "lost", "delay_s"}',
    "POST /_control/limit": '{"per_second": number or null}',
    "GET /_control/calls": "how often each call was made, and with which codes",
}
_PLANT = {
    "count": int, "app": str, "site": str, "status": int, "at_ms": int, "files": int, "size": int, "parsed": bool,
    "sub_status": int, "needs_agreement": bool, "notify": bool,
}  # fmt: skip
#: The answer holds a line of each.
_MOST_PLANTED = 10_000
_FAULTS = {"rate": float, "kinds": list, "paths": str, "count": int, "latency_s": float}
_NOTIFY = {"url": str, "retries": list, "duplicates": float, "late": float, "lost": float, "delay_s": float}
_KIND_NAMES = {
    int: "a whole number",
    float: "a number",
    str: "text",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}
_LATEST_MS = 4_102_444_800_000


def routes(sandbox: Sandbox) -> list[Route]:
    """The routes of the control endpoint."""
    desk = _Desk(sandbox)
    posts = {
        "clock": desk.clock,
        "faults": desk.faults,
        "dec/plant": desk.plant,
        "dec/outcomes": desk.outcomes,
        "dec/rotate": desk.rotate,
        "onenet/push": desk.push_onenet,
        "webank/reverse": desk.reverse_webank,
        "webank/kick-out": desk.kick_out,
        "notify": desk.notify,
        "limit": desk.limit,
    }
    found = [Route(f"/_control/{path}", _endpoint(handle), methods=["POST"]) for path, handle in posts.items()]
    return [
        Route("/_control", _endpoint(desk.overview), methods=["GET"]),
        Route("/_control/calls", _endpoint(desk.calls), methods=["GET"]),
        Route("/_control/faults", _endpoint(desk.no_faults), methods=["DELETE"]),
        *found,
    ]


def _endpoint(handle: Callable[[Body], Body]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        if not _is_local(request.headers.get("host", "")):  # a page in a browser, by a name that leads here
            return JSONResponse({"error": "Host must be an address of this machine"}, 403)
        try:
            return JSONResponse(handle(await _body(request)))
        except (ValueError, InputError) as error:
            return JSONResponse({"error": str(error)}, 400)

    return endpoint


def _is_local(host: str) -> bool:
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    try:
        return name == "localhost" or ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


async def _body(request: Request) -> Body:
    raw = await request.body()
    if request.method != "POST" or not raw:
        return {}
    # A page in a browser can send a form or plain text to any address, but not this.
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise ValueError("Content-Type must be application/json")
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        raise ValueError("the body is not JSON") from None
    if not isinstance(found, dict):
        raise ValueError("the body must be a JSON object")
    return found


def _checked(body: Body, kinds: Mapping[str, type], nullable: tuple[str, ...] = ()) -> Body:
    """The fields of a body, each of its kind. Raises ValueError with the field's name."""
    for name, value in body.items():
        if name not in kinds:
            raise ValueError(f"{name} is not known here; there are {', '.join(kinds)}")
        if value is None and name in nullable:
            continue
        wanted = (int, float) if kinds[name] is float else kinds[name]
        if not isinstance(value, wanted) or (isinstance(value, bool) and kinds[name] is not bool):
            raise ValueError(f"{name} must be {_KIND_NAMES[kinds[name]]}")
    return body


def _with_retries(body: Body) -> Body:
    """A copy of a body; its retries are seconds. Raises ValueError."""
    if not all(type(s) in (int, float) and 0 <= s <= 3600 for s in body.get("retries", [])):
        raise ValueError("retries must be a list of seconds between 0 and 3600")
    return dict(body)


class _Desk:
    """One method a command."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def overview(self, _: Body) -> Body:
        """What there is."""
        sandbox = self._sandbox
        sites = sandbox.dec.closed_sites
        return {
            "seed": sandbox.world.seed,
            "now": self._now(),
            "vendors": sorted(sandbox.world.keys),
            "apps": {name: list(keys.apps) for name, keys in sandbox.world.keys.items()},
            "faults": None if sandbox.faults.plan is None else sandbox.faults.happened,
            "fault_kinds": list(KINDS),
            "closed_sites": sorted(sites),
            "per_second": sandbox.limits.per_second,
            "control": _WHAT,
        }

    def calls(self, _: Body) -> Body:
        """How often each call was made."""
        with self._sandbox.world.lock:
            return {"calls": dict(sorted(self._sandbox.world.calls.items()))}

    def clock(self, body: Body) -> Body:
        """Move the time."""
        if set(body) == {"advance_s"}:
            seconds = _checked(body, {"advance_s": float})["advance_s"]
            if not abs(seconds) <= 10 * 365 * 86400:
                raise ValueError("advance_s is too far")
            self._sandbox.clock.advance(seconds)
        elif set(body) == {"now"}:
            self._sandbox.clock.set(_moment(body["now"]))
        else:
            raise ValueError("give one of now and advance_s")
        return {"now": self._now()}

    def faults(self, body: Body) -> Body:
        """Turn faults on."""
        self._sandbox.faults.set(**_checked(body, _FAULTS, ("count",)))
        return {"faults": body}

    def no_faults(self, _: Body) -> Body:
        """Turn faults off."""
        happened = self._sandbox.faults.happened
        self._sandbox.faults.clear()
        return {"happened": happened}

    def plant(self, body: Body) -> Body:
        """Operations as if they had been started a while ago."""
        chosen = _checked(body, _PLANT, ("at_ms", "size", "sub_status"))
        if not 0 <= chosen.get("count", 0) <= _MOST_PLANTED:
            raise ValueError(f"count must be between 0 and {_MOST_PLANTED}")
        planted = self._sandbox.dec.plant(**chosen)
        lines = self._sandbox.dec.request_lines(planted)
        return {"operations": [o.op_id for o in planted], "requests": [line.decode("utf-8") for line in lines]}

    def outcomes(self, body: Body) -> Body:
        """How the next operations go."""
        kinds = {"next": list, "refuse_running": bool, "closed_sites": list, "mistakes": bool}
        dec, chosen = self._sandbox.dec, _checked(body, kinds)
        if not all(isinstance(s, str) for s in chosen.get("closed_sites", [])):
            raise ValueError("closed_sites must be a list of texts")
        dec.next_outcomes(chosen.get("next", []))
        dec.refuse_running = chosen.get("refuse_running", dec.refuse_running)
        dec.closed_sites = set(chosen.get("closed_sites", dec.closed_sites))
        dec.mistakes = chosen.get("mistakes", dec.mistakes)
        return {"outcomes": body}

    def rotate(self, body: Body) -> Body:
        """A new AES key for an app; it is not told, `update-aes-key` gives another one to whoever asks."""
        app = str(_checked(body, {"app": str}).get("app", ""))
        if app not in self._sandbox.dec.aes_keys:
            raise ValueError(f"app must be one of {', '.join(self._sandbox.dec.aes_keys)}")
        self._sandbox.dec.rotate(app)
        return {"app": app, "keys": len(self._sandbox.dec.aes_keys[app])}

    def notify(self, body: Body) -> Body:
        """Where DEC's notifications go."""
        if "url" not in body:
            raise ValueError("url is missing; null for none")
        chosen = _with_retries(_checked(body, _NOTIFY, ("url",)))
        self._sandbox.notify_to(chosen.pop("url"), **chosen)
        return {"notify": body["url"]}

    def push_onenet(self, body: Body) -> Body:
        """Push the next status of OneNET's audits."""
        chosen = _with_retries(_checked(body, {"busi_seq": str, "retries": list}))
        return {"sent": len(self._sandbox.push_onenet(**chosen))}

    def reverse_webank(self, body: Body) -> Body:
        """Send a reverse notification of WeBank's."""
        kinds = {"url": str, "trans_name": str, "plain": dict, "retries": list}
        chosen = _with_retries(_checked(body, kinds))
        for name in ("url", "trans_name", "plain"):
            if name not in chosen:
                raise ValueError(f"{name} is missing")
        self._sandbox.reverse_webank(**chosen)
        return {"sent": 1}

    def kick_out(self, body: Body) -> Body:
        """End WeBank's token and tickets that are in use, as another program of ours does by fetching its own."""
        chosen = _checked(body, {"app": str, "ticket_only": bool})
        known = self._sandbox.world.keys["webank"].apps
        app = chosen.get("app", next(iter(known)))
        if app not in known:
            raise ValueError(f"app must be one of {', '.join(known)}")
        self._sandbox.webank.kick_out(app, token=not chosen.get("ticket_only", False))
        return {"app": app}

    def limit(self, body: Body) -> Body:
        """How many requests an app may make in a second."""
        if "per_second" not in body:
            raise ValueError("per_second is missing; null for no limit")
        wanted = _checked(body, {"per_second": int}, ("per_second",))["per_second"]
        if wanted is not None and wanted < 0:
            raise ValueError("per_second must not be negative")
        self._sandbox.limits.per_second = wanted
        return {"per_second": wanted}

    def _now(self) -> str:
        moment = datetime.fromtimestamp(self._sandbox.clock.now_ms() / 1000, UTC)
        return moment.astimezone(ZONE).isoformat(timespec="milliseconds")


def _moment(value: object) -> int:
    """A moment in ms, from ISO 8601 with an offset or ms."""
    found: int | None = None
    if isinstance(value, int) and not isinstance(value, bool):
        found = value
    elif isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
            found = round(moment.timestamp() * 1000) if moment.tzinfo else None
        except (ValueError, OverflowError):
            found = None
    if found is None or not 1_577_836_800_000 <= found <= _LATEST_MS:
        raise ValueError("now must be ISO 8601 with an offset, or ms since 1970, between 2020 and 2100")
    return found
