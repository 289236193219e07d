"""DEC's endpoints (dec.md section 1): eight calls, and the page that a user enters by."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Any
from urllib.parse import unquote
from zlib import crc32

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from idvtools.crypto.aes import encrypt_text
from idvtools.crypto.rsa import encrypt_pkcs1, verify_sha256
from idvtools.sandbox.clockwork import COMBO_SITE, SITES
from idvtools.sandbox.messages import compact
from idvtools.sandbox.people import Person
from idvtools.sandbox.server.dec_checks import (
    BAD_FIELD,
    SITE_INVALID,
    Asked,
    RefusedError,
    check_access_way,
    check_id_no,
    is_text,
    open_content,
    read,
)
from idvtools.sandbox.server.dec_operations import Operation, State
from idvtools.sandbox.server.dec_platform import Dec
from idvtools.sandbox.server.dec_statement import ZONE, local_day, ready_ms
from idvtools.sandbox.server.faults import Limits

#: Where its calls are.
PATHS = ("/api/das/", "/api/efp/", "/api/config/", "/vdi.html")
_MINUTE = 60_000
_LINK_MS = 8 * _MINUTE
_DAYS_10 = 10 * 24 * 60 * _MINUTE
_NO_RECORD_STATUS, _NO_RECORD_FILES = -43024, -44009
_OLD_KEY_START, _OLD_KEY_UPLOAD = -43037, -44050


def routes(dec: Dec, limits: Limits) -> list[Route]:
    """The routes of the platform."""
    desk = _Desk(dec)
    calls: dict[str, Callable[[Asked], Any]] = {
        "/api/das/update-aes-key": desk.update_aes_key,
        "/api/das/upload-user-protocol-x": desk.upload_agreement,
        "/api/das/start-vdi-x": desk.start,
        "/api/das/get-da-status": desk.status,
        "/api/efp/get-original-files-x": desk.original_files,
        "/api/efp/get-parse-result-x": desk.parse_result,
        "/api/efp/get-recon-file": desk.statement,
        "/api/config/get-sites-state": desk.site_states,
    }
    nonces: set[tuple[str, str]] = set()
    found = [Route(path, _endpoint(dec, limits, nonces, call), methods=["POST"]) for path, call in calls.items()]
    return [*found, Route("/vdi.html", desk.enter, methods=["GET"])]


def _endpoint(
    dec: Dec, limits: Limits, nonces: set[tuple[str, str]], call: Callable[[Asked], Any]
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return Response("application/json is expected", 415)
        code, message, data = 0, "OK", None
        try:
            asked = read(dec.world, await request.body(), request.headers.get("decshash"), nonces)
            if limits.exceeded(f"dec/{asked.app}"):
                dec.world.count("dec", call.__name__, "429")
                return Response("too many requests", 429, {"Retry-After": "1"})
            data = call(asked)
        except RefusedError as refused:
            code, message = refused.code, refused.message
        dec.world.count("dec", call.__name__, code)
        body = compact({"errorCode": code, "errorMessage": message, "data": data})
        return Response(body, media_type="application/json; charset=utf-8")

    return endpoint


class _Desk:
    """One method a call: from what was asked to the answer's data."""

    def __init__(self, dec: Dec) -> None:
        self._dec = dec
        self._world = dec.world

    def update_aes_key(self, asked: Asked) -> dict[str, str]:
        """A new AES key, for our private key only; the old one is refused from now on."""
        public = self._world.keys["dec"].require(asked.app).private("private_key").public_key()
        return {"aeskey": encrypt_pkcs1(self._dec.rotate(asked.app), public)}

    def upload_agreement(self, asked: Asked) -> dict[str, bool]:
        """The user's signed agreement."""
        site = self._site(asked)
        key = self._dec.key(asked.app)
        id_no = asked.opened("idNo", key, _OLD_KEY_UPLOAD)
        files = asked.arg.get("files")
        if not isinstance(files, list) or not files or not all(isinstance(f, dict) for f in files):
            raise RefusedError(BAD_FIELD, "files must be a list of name and content, and not empty")
        for file in files:
            if not isinstance(file.get("name"), str) or not file["name"]:
                raise RefusedError(BAD_FIELD, "each file must have a name")
            if not open_content(file.get("content"), key, _OLD_KEY_UPLOAD):
                raise RefusedError(BAD_FIELD, "a file is empty")
        self._dec.agree(asked.app, id_no, site)
        return {"result": True}

    def start(self, asked: Asked) -> dict[str, str]:
        """A new operation."""
        if asked.text("bizScenario") != "general":
            raise RefusedError(BAD_FIELD, "bizScenario must be general")
        site, children = self._site(asked), self._children(asked)
        biz_no = asked.text("bizNo", 60)
        if len(asked.text("userClaim").encode("utf-8", "surrogatepass")) > 128:
            raise RefusedError(BAD_FIELD, "userClaim has more than 128 bytes")
        asked.text("ua")
        asked.number("width")
        asked.number("height")
        check_access_way(asked)
        key = self._dec.key(asked.app)
        id_no, name, open_id = (asked.opened(n, key, _OLD_KEY_START) for n in ("idNo", "userName", "openId"))
        check_id_no(id_no, local_day(self._world.clock.now_ms()).year)
        if self._dec.closed_sites & {site, *children}:
            raise RefusedError(-48025)
        with self._world.lock:
            if self._dec.refuse_running and self._dec.running(asked.app, id_no):
                raise RefusedError(-45027)
            outcome = self._dec.next_outcome()
            if outcome.error is not None:
                raise RefusedError(outcome.error)
            person = Person(crc32(open_id.encode("utf-8")) % 100_000_000, id_no, name)
            begun = self._dec.start(asked.app, site, biz_no, person, open_id, outcome, children)
        return {"daId": begun.op_id, "redirectUrl": begun.redirect_url}

    def status(self, asked: Asked) -> dict[str, Any]:
        """What became of an operation."""
        operation = self._dec.find(asked.text("daId"), asked.app)
        if operation is None:
            raise RefusedError(_NO_RECORD_STATUS)
        now = self._world.clock.now_ms()
        state = operation.state(now)
        return {
            "daId": operation.op_id, "daStatus": state.status, "appId": operation.app,
            "browsingSite": operation.site, "bizNo": operation.biz_no, "jsonResult": state.json_result,
            "certResult": 0, "authorizedTs": state.authorised_ms,
            "ext": {"daSubStatus": state.sub_status, "childDaList": child_list(operation, now), "fileKey": ""},
        }  # fmt: skip

    def original_files(self, asked: Asked) -> dict[str, Any]:
        """Links to the original files, their key and passwords: encrypted."""
        operation, _ = self._pullable(asked)
        key = self._dec.key(asked.app)
        links, passwords = self._dec.original_links(operation), self._dec.passwords(operation)
        return {
            "daId": operation.op_id, "bizNo": operation.biz_no, "site": operation.site,
            "fileUrl": [encrypt_text(link, key) for link in links],
            "ext": {"fileKey": self._file_key(operation), "pdfPassword": [encrypt_text(p, key) for p in passwords]},
        }  # fmt: skip

    def parse_result(self, asked: Asked) -> dict[str, Any]:
        """Links to the parse result and its key: encrypted."""
        operation, state = self._pullable(asked)
        if state.json_result in (100, 101):
            raise RefusedError(-44001)
        if state.json_result == 5:  # parsing failed for good where nothing more is to come
            raise RefusedError(-44001 if operation.stages[-1].json_result == 5 else -44062)
        key = self._dec.key(asked.app)
        links = self._dec.parsed_links(operation, state.json_result)
        return {
            "daId": operation.op_id, "bizNo": operation.biz_no, "site": operation.site,
            "jsonResult": state.json_result, "jsonFileUrl": [encrypt_text(link, key) for link in links],
            "ext": {"fileKey": self._file_key(operation)},
        }  # fmt: skip

    def statement(self, asked: Asked) -> dict[str, str]:
        """A link to the statement of a past day, from 04:00 of the next one on."""
        day, now = _day(asked.text("date")), self._world.clock.now_ms()
        if day >= local_day(now):
            raise RefusedError(BAD_FIELD, "date must be a past day")
        if now < ready_ms(day):
            raise RefusedError(_NO_RECORD_FILES, "the statement is not there yet")
        return {"fileUrl": self._dec.statement_link(asked.app, day)}

    def site_states(self, asked: Asked) -> list[dict[str, str]]:
        """Which sites are up."""
        sites = asked.arg.get("sites")
        if not isinstance(sites, list) or not sites or not all(map(is_text, sites)):
            raise RefusedError(BAD_FIELD, "sites must be a list of texts, and not empty")
        up = {*SITES, COMBO_SITE} - self._dec.closed_sites
        return [
            {"status": "1" if s in up else "0", "site": s, "description": "ok" if s in up else "维护中"} for s in sites
        ]

    async def enter(self, request: Request) -> Response:
        """The page that a user enters the environment by: once, within eight minutes, with our signature."""
        # The Base64 stands in the link as it is: a query parser would make spaces of its plus signs.
        query, _, sign = request.scope["query_string"].decode("latin-1").partition("&sign=")
        url = f"{self._world.url}{request.url.path}?{query}"
        operation = self._dec.find(request.query_params.get("daId"))
        if operation is None or url != operation.redirect_url:
            return self._page(404, "no such link")
        public = self._world.keys["dec"].require(operation.app).private("private_key").public_key()
        if not verify_sha256(url.encode(), unquote(sign), public):
            return self._page(403, "sign does not hold")
        if self._world.clock.now_ms() - operation.started_ms > _LINK_MS:
            return self._page(410, "the link has expired")
        if not self._dec.enter(operation.op_id):
            return self._page(410, "the link has been used")
        return self._page(200, "entered")

    def _page(self, status: int, text: str) -> Response:
        self._world.count("dec", "enter", status)
        return HTMLResponse(f"<!doctype html><title>sandbox</title><p>{text}</p>", status)

    def _site(self, asked: Asked) -> str:
        site = asked.text("site")
        if site not in (*SITES, COMBO_SITE):
            raise RefusedError(SITE_INVALID)
        return site

    @staticmethod
    def _children(asked: Asked) -> list[str]:
        ext = asked.arg.get("ext") or {}
        sites = ext.get("childSites") if isinstance(ext, dict) else None
        if sites and not (isinstance(sites, list) and all(isinstance(s, str) and s in SITES for s in sites)):
            raise RefusedError(SITE_INVALID, "childSites")
        if bool(sites) != (asked.arg["site"] == COMBO_SITE):
            raise RefusedError(SITE_INVALID, "childSites and the site do not go together")
        return sites or []

    def _pullable(self, asked: Asked) -> tuple[Operation, State]:
        """The operation whose files are asked for, if it has any that may be pulled."""
        operation = self._dec.find(asked.text("daId"), asked.app)
        now = self._world.clock.now_ms()
        if operation is None or now - operation.started_ms > _DAYS_10:
            raise RefusedError(_NO_RECORD_FILES)
        state = operation.state(now)
        if state.status not in (9, 10) and state.final:
            raise RefusedError(-44021)
        if not state.authorised_ms:
            raise RefusedError(-44028)
        if state.status not in (9, 10):
            raise RefusedError(-44062)
        if not self._dec.agreed(operation):
            raise RefusedError(-44017)
        return operation, state

    def _file_key(self, operation: Operation) -> str:
        clear = b64encode(self._dec.file_key(operation)).decode("ascii")
        return encrypt_text(clear, self._dec.key(operation.app))


def child_list(operation: Operation, now_ms: int) -> list[dict[str, object]]:
    """The children of an N-in-one; every other one's numbers are texts, as they are in life."""
    told: list[dict[str, object]] = []
    for child in operation.children:
        state = child.state(now_ms)
        numbers = {"daStatus": state.status, "daSubStatus": state.sub_status}
        as_sent = {k: str(v) for k, v in numbers.items()} if operation.serial % 2 else numbers
        told.append({"daId": child.op_id, "site": child.site, **as_sent})
    return told


def _day(text: str) -> date:
    try:
        if len(text) == 8:
            return datetime.strptime(text, "%Y%m%d").replace(tzinfo=ZONE).date()
    except ValueError:
        pass
    raise RefusedError(BAD_FIELD, "date must be a day as yyyymmdd")
