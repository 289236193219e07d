"""Tencent's side: results of runs of the mini program, sealed, to whoever signs rightly (seed 001)."""

from __future__ import annotations

import hmac
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl

from Crypto.Cipher import AES
from Crypto.Util.Padding import pad
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from idvtools.errors import InputError
from idvtools.sandbox.exchanges.files import MP4, PNG, jpeg
from idvtools.sandbox.exchanges.journal import phone
from idvtools.sandbox.messages import compact
from idvtools.sandbox.people import Person
from idvtools.sandbox.server.wire import (
    SKEW_MS,
    RefusedError,
    address,
    answer,
    app_keys,
    choose,
    json_object,
    media_type,
    someone,
    strict_base64,
    told,
)
from idvtools.sandbox.server.world import World
from idvtools.vendors.base import AppKeys

_ORIGINAL = re.compile(rb"a=(?P<a>[^&=]+)&m=(?P<m>[^&=]+)&t=(?P<t>[0-9]{1,12})&e=(?P<e>[0-9]{1,9})")
_TOKEN = re.compile(r"\{?[0-9A-Za-z]{8}(-[0-9A-Za-z]{4}){3}-[0-9A-Za-z]{12}\}?", re.ASCII)
_CODE = re.compile(r"[0-9]{1,6}", re.ASCII)
#: What becomes of a token that nobody planted.
_WEIGHTS = MappingProxyType(
    {"0": 60, "602": 6, "603": 4, "604": 6, "607": 3, "608": 2, "609": 2, "610": 3, "611": 2, "612": 2}
    | {"601": 4, "605": 3, "606": 3}
)
_COMPARED = ("603", "604")
_ENGINE = ("601", "605", "606")


@dataclass(frozen=True)
class _Run:
    code: str
    person: Person = field(repr=False)
    until_ms: int | None = None
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    more: Mapping[str, Any] = field(default_factory=dict, repr=False)


class TencentSide:
    """Endpoints of Tencent's.

    A token of the right form that nobody planted is answered, too: its result and its person come of the seed
    and the token.

    Parameters
    ----------
    world : World
        Clock, keys and seed.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._runs: dict[str, _Run] = {}
        self._tokens = world.rng("tencent/tokens")

    def routes(self) -> list[Route]:
        """The endpoints, at the paths of seed 001."""
        return [Route("/new/cgi-bin/getdetectinfo.php", self._fetch, methods=["POST"])]

    def plant(
        self,
        token: str | None = None,
        code: str = "0",
        *,
        person: Person | None = None,
        files: Mapping[str, bytes] | None = None,
        more: Mapping[str, Any] | None = None,
        expires_in_s: float | None = None,
    ) -> str:
        """Let a user have come to the end of the mini program.

        Parameters
        ----------
        token : str, optional
            The run; a new one if not given.
        code : str
            Its result (``601`` and more), or a gateway code (``1`` to ``14``) that a fetch of it is refused with.
        person : Person, optional
            Who it was.
        files : mapping, optional
            ``frontpic, backpic, videopic1..3, video`` in the place of the small ones that every run has.
        more : mapping, optional
            Fields of the data in the place of the usual ones.
        expires_in_s : float, optional
            From when on the token is refused with 12 (token expired).

        Returns
        -------
        str
            The token.

        Raises
        ------
        InputError
            The token has not the form of one, or `code` is none.
        """
        world = self._world
        with world.lock:
            if token is None:
                text = self._tokens.randbytes(16).hex()
                token = "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
            if not _TOKEN.fullmatch(token) or not _CODE.fullmatch(code):
                raise InputError("a token is 8-4-4-4-12 letters and digits, a code is a number")
            until = None if expires_in_s is None else world.clock.now_ms() + round(expires_in_s * 1000)
            self._runs[token] = _Run(code, person or self._person(token), until, files or {}, more or {})
        return token

    def code(self, token: str) -> str:
        """The result that a token has, or will have: the user comes back with it as ``errCode``."""
        return self._run(token).code

    def _person(self, token: str) -> Person:
        return someone(self._world.rng(f"tencent/person/{token}"))

    def _run(self, token: str) -> _Run:
        planted = self._runs.get(token)
        return planted or _Run(choose(self._world, "tencent/code", token, _WEIGHTS), self._person(token))

    async def _fetch(self, request: Request) -> Response:
        raw = await request.body()
        try:
            app = self._signed(request.headers.get("signature", ""))
            reply = {"errorcode": 0, "errormsg": "success", "data": self._result(_body(request, raw), app)}
        except RefusedError as refused:
            text = refused.told or told("tencent", "gateway", refused.code, chinese=False)
            reply = {"errorcode": int(refused.code), "errormsg": text}
        self._world.count("tencent", "fetch", reply["errorcode"])
        return answer(reply)

    def _signed(self, given: str) -> AppKeys:
        """The app that signed: ``Base64(HMAC-SHA1(secret, original) + original)``.

        The document has no code for a signature that is too old or from the future: it is 6, like a wrong one.
        """
        if not given:
            raise RefusedError("4")
        raw = strict_base64(given)
        found = _ORIGINAL.fullmatch(raw[20:]) if raw else None
        if raw is None or found is None:
            raise RefusedError("6")
        app = app_keys(self._world, "tencent", found["a"].decode("utf-8", "replace"), "secret_key", "result_key")
        if app is None:
            raise RefusedError("3")
        if not hmac.compare_digest(hmac.digest(app.text("secret_key").encode(), raw[20:], "sha1"), raw[:20]):
            raise RefusedError("6")
        if found["m"] != b"getdetectinfo":
            raise RefusedError("9")
        now, made, lasts = self._world.clock.now_ms(), int(found["t"]) * 1000, int(found["e"]) * 1000
        if not made - SKEW_MS <= now < made + lasts:
            raise RefusedError("6")
        return app

    def _result(self, asked: Mapping[str, Any], app: AppKeys) -> str:
        if any(asked.get(name) in (None, "") for name in ("token", "appid")):
            raise RefusedError("1")
        token, kind, crypt = asked["token"], _number(asked, "info_type"), _number(asked, "crypt_type")
        if not isinstance(token, str) or not _TOKEN.fullmatch(token) or not isinstance(asked["appid"], str):
            raise RefusedError("2")
        if kind not in (None, "0", "1") or crypt not in (None, "2", "3"):
            raise RefusedError("2")
        if asked["appid"] != app.app_id:
            raise RefusedError("5")
        run = self._run(token)
        if run.until_ms is not None and self._world.clock.now_ms() >= run.until_ms:
            raise RefusedError("12")
        if run.code != "0" and int(run.code) < 100:
            raise RefusedError(run.code)
        data = {**_data(run), **({} if kind == "1" else _buffers(run)), **run.more}
        return self._sealed(compact(data).encode("utf-8"), app.blob("result_key"), crypt)

    def _sealed(self, plain: bytes, key: bytes, crypt: str | None) -> str:
        default = "2" if self._world.keys["tencent"].settings.cipher == "aes-256-cbc" else "3"
        # CBC with an IV of zeros is the vendor's own choice (tencent.md).
        cbc = (crypt or default) == "2"
        cipher: Any = AES.new(key, AES.MODE_CBC, iv=bytes(16)) if cbc else AES.new(key, AES.MODE_ECB)
        return b64encode(cipher.encrypt(pad(plain, 16))).decode("ascii")


def _body(request: Request, raw: bytes) -> Mapping[str, Any]:
    if media_type(request) == "application/x-www-form-urlencoded":
        try:
            return dict(parse_qsl(raw.decode("utf-8"), keep_blank_values=True, errors="strict"))
        except ValueError:
            raise RefusedError("11") from None
    if (body := json_object(raw)) is None:
        raise RefusedError("11")
    return body


def _number(asked: Mapping[str, Any], name: str) -> str | None:
    """A number or its digits, which the document writes both; None where it is not given."""
    value = asked.get(name)
    if value is None:
        return None
    return str(value) if isinstance(value, int | str) and not isinstance(value, bool) else "?"


def _data(run: _Run) -> dict[str, Any]:
    person, code = run.person, int(run.code)
    text = "通过" if code == 0 else told("tencent", "result", run.code)
    compared, engine = run.code in _COMPARED, run.code in _ENGINE
    live = 0 if compared or engine else code
    return {
        "ID": person.id_no,
        "name": person.name,
        "phone": phone(person),
        "sex": "女" if int(person.id_no[16]) % 2 == 0 else "男",
        "nation": "汉",
        "ID_address": address(person),
        "ID_birth": person.id_no[6:14],
        "ID_authority": "样例市公安局",
        "ID_valid_date": "2020.01.01-2040.01.01",
        "validatedata": f"{person.number:04d}",
        "yt_errorcode": code,
        "yt_errormsg": text,
        "livestatus": live,
        "livemsg": text if live else "OK",
        "comparestatus": code if compared else 0,
        "comparemsg": text if compared else "OK",
        "type": 0,
    }


def _buffers(run: _Run) -> dict[str, str]:
    files = {"frontpic": jpeg("front"), "backpic": jpeg("back"), "videopic1": PNG, "videopic2": PNG}
    files |= {"videopic3": jpeg("still"), "video": MP4, **run.files}
    return {name: b64encode(content).decode("ascii") for name, content in files.items()}
