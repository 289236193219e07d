"""WestDex's side: the three-element check, and what it would charge (seed 004)."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha1
from types import MappingProxyType
from typing import Any

from Crypto.Cipher import AES
from Crypto.Util.Padding import pad, unpad
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from idvtools.sandbox.messages import compact
from idvtools.sandbox.server.wire import (
    SKEW_MS,
    RefusedError,
    answer,
    app_keys,
    choose,
    digits,
    json_object,
    strict_base64,
)
from idvtools.sandbox.server.world import World

_ID_NO = re.compile(r"[0-9]{17}[0-9X]")
_STAMP = re.compile(r"[0-9]{13}")
_PICTURES = (b"\xff\xd8\xff", b"BM", b"\x89PNG\r\n\x1a\n")
#: How the document lets success be told; which of them is used must not matter.
_SUCCESS = ("00000", "200", "0")
#: The seed lists no codes of failure: these are the sandbox's own, as in its logs.
_FAILURES = MappingProxyType(
    {
        "10001": ("参数错误", "bad parameter"),
        "10002": ("账号不存在", "unknown account"),
        "10003": ("时间戳错误", "bad timestamp"),
        "10004": ("人像质量过低", "low quality"),
        "10005": ("图片格式错误", "bad photo"),
        "10006": ("解密失败", "cannot decrypt"),
        "20003": ("余额不足", "insufficient balance"),
        "500": ("系统异常", "internal error"),
    }
)
_RESULTS = MappingProxyType({"01": "一致", "02": "不一致"})


@dataclass(frozen=True)
class _Verdict:
    code: str = "00000"
    result: str = "01"
    more: Mapping[str, Any] = field(default_factory=dict)


#: What becomes of a person whom nobody planted: the code that is answered, and the result behind it.
_WEIGHTS: Mapping[tuple[str, str], int] = MappingProxyType(
    {("00000", "01"): 60, ("200", "01"): 10, ("0", "01"): 10}
    | {("00000", "02"): 10, ("10004", ""): 5, ("20003", ""): 2, ("500", ""): 3}
)


class WestdexSide:
    """Endpoints of WestDex's.

    Parameters
    ----------
    world : World
        Clock, keys and seed. Checks that are charged are counted there as ``westdex.charged``.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._rng = world.rng("westdex/ids")
        self._planted: dict[str, _Verdict] = {}

    def routes(self) -> list[Route]:
        """The endpoints: the account and the code of the check in either of its names, below the seed's base or not."""
        return [
            Route(f"{base}/{{secret_id}}/{name}", self._check, methods=["POST"])
            for base in ("", "/api/invoke")
            for name in ("idCardThreeElements", "IVYZ9K2L")
        ]

    @property
    def charged(self) -> int:
        """How many checks were made and charged: those that went well, whatever their result."""
        with self._world.lock:
            return self._world.calls["westdex.charged"]

    def plant(self, id_no: str, code: str = "00000", result: str = "01", more: Mapping[str, Any] | None = None) -> None:
        """Say what a check of a person will be answered with.

        Parameters
        ----------
        id_no : str
            The person.
        code : str
            The code of the answer; success is ``00000``, ``200`` or ``0``.
        result : str
            What stands in the data of a success: ``01`` the same person, ``02`` another one.
        more : mapping, optional
            More fields of the data.
        """
        with self._world.lock:
            self._planted[id_no] = _Verdict(code, result, more or {})

    async def _check(self, request: Request) -> Response:
        raw = await request.body()
        code, data, key = "", "", b""
        try:
            account = request.path_params["secret_id"]
            app = app_keys(self._world, "westdex", account, "key")
            if app is None:
                raise RefusedError("10002")
            key = self._aes_key(app.text("key"))
            id_no, name = self._asked(request, json_object(raw), account, key)
            verdict = self._verdict(id_no, name)
            code = verdict.code
            if code not in _SUCCESS:
                raise RefusedError(code)
            data = _seal({"result": verdict.result, "message": _RESULTS.get(verdict.result, ""), **verdict.more}, key)
            self._world.count("westdex", "charged")
            reply: dict[str, object] = {"code": code, "message": "成功", "data": data, "error_code": None, "reason": ""}
        except RefusedError as refused:
            code = refused.code
            message, reason = _FAILURES.get(code, ("未知错误", "unknown error"))
            detail = _seal({"detail": refused.told or reason}, key) if key else ""
            number = int(code) if code.isdecimal() else code
            reply = {"code": code, "message": message, "data": detail, "error_code": number, "reason": reason}
        self._world.count("westdex", "check", code)
        with self._world.lock:
            reply["id"] = f"WD{digits(self._rng, 18)}"
        return answer(reply)

    def _aes_key(self, text: str) -> bytes:
        derivation = self._world.keys["westdex"].settings.derivation
        if derivation == "hex":
            return bytes.fromhex(text)
        # As Java's SHA1PRNG, seeded with the key, gives its first bytes (westdex.md).
        return text.encode() if derivation == "utf8" else sha1(sha1(text.encode()).digest()).digest()[:16]  # noqa: S324

    def _asked(self, request: Request, body: Mapping[str, Any] | None, account: str, key: bytes) -> tuple[str, str]:
        """Id number and name that are asked about, after all that the document demands."""
        data = body.get("data") if body else None
        if body is None or not isinstance(data, dict):
            raise RefusedError("10001", "body")
        if missing := next((n for n in ("timeStamp", "customNumber", "xM", "gMSFZHM") if not data.get(n)), None):
            raise RefusedError("10001", f"{missing} is missing")
        stamp = data["timeStamp"]
        if not isinstance(stamp, str) or request.query_params.getlist("timestamp") != [stamp]:
            raise RefusedError("10003", "timestamp of the URL and timeStamp differ")
        if not _STAMP.fullmatch(stamp) or abs(self._world.clock.now_ms() - int(stamp)) > SKEW_MS:
            raise RefusedError("10003", "too far from now")
        if data["customNumber"] != account:
            raise RefusedError("10001", "customNumber")
        name, id_no = _open(data["xM"], key), _open(data["gMSFZHM"], key)
        if name is None or id_no is None:
            raise RefusedError("10006")
        if not name.strip() or not _ID_NO.fullmatch(id_no):
            raise RefusedError("10001", "xM or gMSFZHM")
        photo = strict_base64(body.get("photoData"))
        if not photo or not photo.startswith(_PICTURES):
            raise RefusedError("10005")
        return id_no, name

    def _verdict(self, id_no: str, name: str) -> _Verdict:
        with self._world.lock:
            planted = self._planted.get(id_no)
        return planted or _Verdict(*choose(self._world, "westdex/verdict", (id_no, name), _WEIGHTS))


def _open(text: object, key: bytes) -> str | None:
    raw = strict_base64(text)
    if not raw or len(raw) % 16:
        return None
    try:
        return unpad(AES.new(key, AES.MODE_ECB).decrypt(raw), 16).decode("utf-8")
    except ValueError:
        return None


def _seal(value: object, key: bytes) -> str:
    return b64encode(AES.new(key, AES.MODE_ECB).encrypt(pad(compact(value).encode("utf-8"), 16))).decode("ascii")
