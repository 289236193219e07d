"""OneNET real-name registration (中国移动 OneNET 实名认证).

Source: seed 003 and onenet.md; the token from the platform's public document (+). An operation is a ``busiSeq``.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, cast
from urllib.parse import parse_qs, quote
from zoneinfo import ZoneInfo

from idvtools.crypto.aes import decode_base64
from idvtools.crypto.digests import Method, mac, same, to_base64
from idvtools.errors import CryptoError, KeyFormatError, SettingsError
from idvtools.settings import AppSettings, SecretField, VendorSettings, key_field
from idvtools.vendors.base import (
    Call,
    Callbacks,
    CheckResult,
    Draft,
    Exchange,
    Field,
    Health,
    Keys,
    Message,
    Request,
    Stamp,
    Unpacked,
    Vendor,
    at_path,
    code_text,
    dump_json,
    moment,
    tables,
)

_PATH = "/real_name_reg/auth_url"
_VERSION = "2018-10-31"
#: What we must answer to a push, or it is sent again after 3, 6 and 12 seconds (seed 003).
PUSH_ANSWER = '{"errno": 0, "error": "succ"}'
#: The table of the seed names the second object of a push so, its sample otherwise.
_PERSON = ("auditInfo", "custInfo")
#: Fields of the person that are times in the message, and days in life.
_DATES = ("birthday", "certValidDate", "certExpDate")
_ZONE = ZoneInfo("Asia/Shanghai")
_GENDERS = MappingProxyType({"0": "female", "1": "male"})
_MOVES = MappingProxyType({"1": ("0", "2"), "0": ("3", "4")})


class OnenetApp(AppSettings):
    """One account; `id` is the user's uid on the platform."""

    access_key: SecretField | None = key_field("base64")


class OnenetSettings(VendorSettings):
    """``[vendors.onenet]``."""

    method: Method = "sha1"
    token_seconds: int = 600
    apps: tuple[OnenetApp, ...] = ()


def authorization(
    access_key: str | bytes, expires_at: int, method: Method = "sha1", res: str = "ai-registration"
) -> str:
    """The token for the header ``Authorization`` (onenet.md).

    Parameters
    ----------
    access_key : str or bytes
        The access key, Base64 as the platform shows it, or already decoded.
    expires_at : int
        Unix time in seconds until which the token is valid.
    method : str
        ``md5``, ``sha1`` or ``sha256``.
    res : str
        The resource; real-name registration has one only.

    Raises
    ------
    KeyFormatError
        The access key is not Base64, or empty.
    CryptoError
        Another method.

    Examples
    --------
    >>> authorization("b25lbmV0LWFjY2Vzcy1rZXktZm9yLXRlc3Rz", 1595385530)[-48:]
    '&method=sha1&sign=3fHkM7QE3J2GIeokGtjQkwxPrlw%3D'
    """
    if not (code_text(expires_at) or "").isdecimal():
        raise CryptoError("the time until which a token is valid is a whole number of seconds")
    if not isinstance(res, str):
        raise CryptoError("the resource must be text")
    sign = _sign(_key(access_key), expires_at, method, res)
    values = {"version": _VERSION, "res": res, "et": str(expires_at), "method": method, "sign": sign}
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in values.items())


def _key(access_key: str | bytes) -> bytes:
    if isinstance(access_key, str):
        try:
            access_key = decode_base64(access_key)
        except CryptoError:
            access_key = b""
    if not isinstance(access_key, bytes) or not access_key:
        raise KeyFormatError("the access key is not Base64 text: copy it whole, as the platform shows it")
    return access_key


def _sign(key: bytes, expires_at: int | str, method: Method, res: str, version: str = _VERSION) -> str:
    return to_base64(mac(method, key, f"{expires_at}\n{method}\n{res}\n{version}".encode("utf-8", "surrogatepass")))


def check_authorization(given: str, access_key: str | bytes) -> bool:
    """Whether a token was made with an access key; whether it is still valid is another question.

    Examples
    --------
    >>> key = "b25lbmV0LWFjY2Vzcy1rZXktZm9yLXRlc3Rz"
    >>> check_authorization(authorization(key, 1), key), check_authorization(authorization(key, 1) + "A", key)
    (True, False)
    """
    if not isinstance(given, str):
        return False
    got = {name: values[0] for name, values in parse_qs(given, keep_blank_values=True).items() if len(values) == 1}
    if set(got) != {"version", "res", "et", "method", "sign"} or got["method"] not in ("md5", "sha1", "sha256"):
        return False
    method = cast(Method, got["method"])
    return same(got["sign"], _sign(_key(access_key), got["et"], method, got["res"], got["version"]))


def is_allowed_move(before: object, after: object) -> bool:
    """Whether an audit may go from one status to another: 1 to 0 or 2, 0 to 3 or 4 (seed 003).

    Examples
    --------
    >>> is_allowed_move("0", 4), is_allowed_move("2", "0")
    (True, False)
    """
    return code_text(after) in _MOVES.get(code_text(before) or "", ())


def _prepare(draft: Draft, keys: Keys, stamp: Stamp) -> Request:
    app, settings = keys.require(draft.app), keys.settings
    if not (app.app_id or "").isdecimal():
        raise SettingsError(
            f"{app.place}.id: the uid of the user on the platform, a whole number", file="idvtools.toml"
        )
    token = authorization(app.blob("access_key"), stamp.seconds + settings.token_seconds, settings.method)
    return Request(
        "POST",
        keys.address() + _PATH,
        headers={"Content-Type": "application/json; charset=utf-8", "Authorization": token},
        body=dump_json({"user_id": int(app.app_id or ""), **draft.body}).encode("utf-8"),
    )


def _unpack(exchange: Exchange, keys: Keys | None) -> Unpacked:
    request, answer = dict(exchange.request.fields), dict(exchange.response.fields)
    app = keys.app(code_text(request.get("user_id"))) if keys else None
    given = exchange.request.headers.get("authorization")
    check: CheckResult = "unchecked"
    if given and app is not None and app.has("access_key"):
        check = "ok" if check_authorization(given.strip(), app.blob("access_key")) else "failed"
    code = code_text(answer.get("errno"))
    return Unpacked(
        {"request": request, "answer": answer},
        op_id=code_text(at_path(answer, "data.busi_seq")),
        code=code,
        table="error",
        outcome="business_failed" if code not in ("0", None) else None,
        check=check,
    )


def _unpack_push(exchange: Exchange, _: Keys | None) -> Unpacked:
    body = exchange.request.fields
    result, person, warnings = body.get("auditResult"), _person(body), []
    op_id, other = code_text(at_path(result, "busiSeq")), code_text(at_path(person, "busiSeq"))
    if op_id and other and op_id != other:
        warnings.append("the two busiSeq differ; the one of auditResult is the operation's")
    if all(isinstance(body.get(name), dict) for name in _PERSON):
        warnings.append("both auditInfo and custInfo are there; auditInfo was read")
    gender = code_text(person.get("gender"))
    if gender is not None:
        person["gender"] = _GENDERS.get(gender, f"unknown ({gender})")
    # Midnight in China is the day before in UTC: what is a date there is told as one.
    for name in _DATES:
        if day := moment(person.get(name), like=at_path(result, "responseTime") or None):
            person[name] = day.astimezone(_ZONE).date().isoformat()
    # A push has no signature at all: its `check` is "unchecked" for ever.
    trees: dict[str, Any] = {"request": {k: v for k, v in body.items() if k not in _PERSON}, "data": person}
    return Unpacked(
        trees,
        op_id=op_id or other,
        code=code_text(at_path(result, "auditStatus")),
        table="audit_status",
        warnings=tuple(warnings),
    )


def _person(body: Mapping[str, Any]) -> dict[str, Any]:
    return next((dict(body[name]) for name in _PERSON if isinstance(body.get(name), dict)), {})


def _is_push(exchange: Exchange) -> bool:
    return isinstance(exchange.request.fields.get("auditResult"), dict)


def _is_auth_url(exchange: Exchange) -> bool:
    if exchange.request.path:
        return exchange.request.path.endswith(_PATH)
    return not _is_push(exchange) and ("errno" in exchange.response.fields or "callback_url" in exchange.request.fields)


VENDOR = Vendor(
    name="onenet",
    title_zh="OneNET实名认证",
    title_en="OneNET real-name registration",
    zone=_ZONE.key,
    settings=OnenetSettings,
    template="""\
# OneNET real-name registration (中国移动 OneNET 实名认证).
#[vendors.onenet]
#base_url = "https://onenet.example.com"
# Digest of our tokens: "md5", "sha1" or "sha256"; and how long each is valid, in seconds.
#method = "sha1"
#token_seconds = 600

#[[vendors.onenet.apps]]
# The uid on the platform.
#id = "38453"
# The access key, Base64 as the platform shows it.
#access_key = {env = "ONENET_ACCESS_KEY"}
""",
    tables=tables("onenet", ["audit_status", "error"]),
    call_tables=("error",),
    callbacks=Callbacks(
        message=Message(
            {
                "op_id": ("auditResult.busiSeq", "auditInfo.busiSeq", "custInfo.busiSeq"),
                "status": "auditResult.auditStatus",
            }
        ),
        marker="auditResult",
        kind="push",
        same=("op_id", "status"),
        table="audit_status",
    ),
    health=Health(
        needed=("access_key",), why_not="the only call makes a link for a person, and its document lists no error codes"
    ),
    calls=(
        Call(
            "auth_url",
            "获取实名认证服务URL",
            "link for the user",
            _is_auth_url,
            _unpack,
            (
                Field("user_id", "request.user_id"),
                Field("phone", "request.phone", "phone", required=True),
                Field("callback_url", "request.callback_url", "url", required=True),
                Field("error_code", "answer.errno"),
                Field("error_message", "answer.error", "note"),
                Field("busi_seq", "answer.data.busi_seq"),
                Field("auth_url", "answer.data.auth_url", "url"),
            ),
            _prepare,
            inputs=(
                Field("phone", "request.phone", "phone", required=True),
                Field("callback_url", "request.callback_url", "url", required=True),
            ),
        ),
        Call(
            "push",
            "实名认证结果推送",
            "result push",
            _is_push,
            _unpack_push,
            (
                Field("status", "request.auditResult.auditStatus"),
                Field("transaction_id", "request.auditResult.transactionID"),
                Field("busi_seq", "request.auditResult.busiSeq"),
                Field("phone", "request.auditResult.phone", "phone"),
                Field("answered_at", "request.auditResult.responseTime", "time"),
                Field("message", "request.auditResult.auditMessage", "note"),
                Field("user_name", "data.custName", "name"),
                Field("id_no", "data.custCertNo", "id"),
                Field("address", "data.custCertAddr", "personal"),
                Field("gender", "data.gender", "personal"),
                Field("nation", "data.nation", "personal"),
                Field("birthday", "data.birthday", "personal"),
                Field("id_authority", "data.issuingAuthority", "personal"),
                Field("id_valid_from", "data.certValidDate", "personal"),
                Field("id_valid_to", "data.certExpDate", "personal"),
                Field("created_at", "data.createTime", "time"),
                Field("modified_at", "data.modifyTime", "time"),
                Field("person_busi_seq", "data.busiSeq"),
                Field("channel_id", "data.channelId"),
            ),
            direction="in",
        ),
    ),
)
