"""Every call of DEC (dec.md section 1): how it is built, recognised and read."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from idvtools.crypto.aes import encrypt_bytes, encrypt_text
from idvtools.crypto.digests import to_base64
from idvtools.errors import SettingsError
from idvtools.vendors.base import AppKeys, Call, Draft, Exchange, Field, Keys, Request, Stamp, at_path, dump_json
from idvtools.vendors.dec.opening import open_notification, open_redirect, opener
from idvtools.vendors.dec.signing import decshash


def _envelope(
    path: str, fields: tuple[Field, ...], fixed: Mapping[str, str]
) -> Callable[[Draft, Keys, Stamp], Request]:
    """Builds a signed request to a path; fields that the document encrypts are encrypted with the key of the time."""
    sealed_names = [f.path.rpartition(".")[2] for f in fields if f.cipher and f.path.startswith("request.arg.")]

    def prepare(draft: Draft, keys: Keys, stamp: Stamp) -> Request:
        app = keys.require(draft.app)
        arg: dict[str, Any] = {**fixed, **copy.deepcopy(draft.body.get("arg", {}))}
        for name in sealed_names:
            if arg.get(name) is not None:
                arg[name] = encrypt_text(arg[name], _current(app, stamp))
        if "content" in draft.params:
            sealed = to_base64(encrypt_bytes(draft.params["content"], _current(app, stamp)))
            arg["files"] = [{"name": draft.params.get("file_name") or "agreement.pdf", "content": sealed}]
        body = dump_json({"v": "1.0.0", "auth": {"appId": app.app_id, "nonce": stamp.nonce}, "arg": arg})
        return Request(
            "POST",
            keys.address() + path,
            headers={
                "Content-Type": "application/json; charset=utf-8",
                "DECSHASH": decshash(body, app.text("app_key")),
            },
            body=body.encode("utf-8"),
        )

    return prepare


def _current(app: AppKeys, stamp: Stamp) -> bytes:
    key = app.ring.at(stamp.now_ms)
    if key is None:
        raise SettingsError(f"{app.place}.aes_keys: no key is valid now; add the current one", file="idvtools.toml")
    return key.key


def _looks(path: str, arg: str | None = None, data: str | None = None) -> Callable[[Exchange], bool]:
    """By the path where it was logged, else by what stands in the request or in the answer."""

    def claims(exchange: Exchange) -> bool:
        if exchange.request.path:
            return exchange.request.path.endswith(path)
        asked, got = at_path(exchange.request.fields, "arg"), at_path(exchange.response.fields, "data")
        in_arg = arg is not None and isinstance(asked, dict) and arg in asked
        if data == "fileUrl" and isinstance(asked, dict) and "date" in asked:
            return False  # a daily statement
        return in_arg or (data is not None and isinstance(got, dict) and data in got)

    return claims


def _nothing_said(exchange: Exchange) -> bool:
    """An operation was asked about, and the answer does not show in which way."""
    asked, got = at_path(exchange.request.fields, "arg"), at_path(exchange.response.fields, "data")
    return (
        not exchange.request.path
        and isinstance(asked, dict)
        and set(asked) <= {"daId"}
        and "errorCode" in exchange.response.fields
        and not got
    )


_APP = Field("app_id", "request.auth.appId")
_ERROR = (Field("error_code", "answer.errorCode"), Field("error_message", "answer.errorMessage", "note"))
_VERSION = (Field("version", "request.v"), Field("nonce", "request.auth.nonce", "secret"))


def _fields(*own: Field) -> tuple[Field, ...]:
    return (_APP, *own, *_ERROR, *_VERSION)


_OP_ID = Field("asked_op_id", "request.arg.daId")
_GIVE_OP_ID = (Field("op_id", "request.arg.daId", required=True),)
_STATE = (
    Field("status", "answer.data.daStatus"),
    Field("sub_status", "answer.data.ext.daSubStatus"),
    Field("json_result", "answer.data.jsonResult"),
    Field("cert_result", "answer.data.certResult"),
    Field("authorized_at", "answer.data.authorizedTs", "time"),
    Field("site", "answer.data.browsingSite"),
    Field("biz_no", "answer.data.bizNo"),
    Field("answered_op_id", "answer.data.daId"),
    Field("answered_app_id", "answer.data.appId"),
    Field("file_key", "answer.data.ext.fileKey", "secret"),
    Field("child_list", "answer.data.ext.childDaList", "secret"),
)


def _call(
    name: str,
    titles: tuple[str, str],
    path: str,
    claims: Callable[[Exchange], bool],
    *own: Field,
    fixed: Mapping[str, str] | None = None,
    inputs: tuple[Field, ...] | None = None,
    again: tuple[str, ...] | None = None,
) -> Call:
    fields = _fields(*own)
    given = tuple(f for f in (inputs or own) if f.path.startswith(("request.", "params.")))
    prepare = _envelope(path, fields, fixed or {})
    return Call(
        name,
        *titles,
        claims,
        opener(fields),
        fields,
        prepare,
        inputs=given,
        repeatable=again is None,
        again=again or (),
    )


CALLS = (
    _call(
        "update_aes_key",
        ("更新AES密钥", "new AES key"),
        "/api/das/update-aes-key",
        _looks("/api/das/update-aes-key", data="aeskey"),
        Field("aes_key", "answer.data.aeskey", "secret"),
        again=(),
    ),
    _call(
        "upload_agreement",
        ("上传用户协议", "upload the signed agreement"),
        "/api/das/upload-user-protocol-x",
        _looks("/api/das/upload-user-protocol-x", arg="files"),
        Field("id_no", "request.arg.idNo", "id", cipher=True, required=True),
        Field("site", "request.arg.site", required=True),
        Field("files", "request.arg.files", "secret"),
        Field("result", "answer.data.result"),
        inputs=(
            Field("id_no", "request.arg.idNo", "id", cipher=True, required=True),
            Field("site", "request.arg.site", required=True),
            Field("file_name", "params.file_name", "name"),
            Field("content", "params.content", "buffer", required=True),
        ),
    ),
    _call(
        "start",
        ("发起取数", "start"),
        "/api/das/start-vdi-x",
        _looks("/api/das/start-vdi-x", arg="bizNo", data="redirectUrl"),
        Field("biz_scenario", "request.arg.bizScenario"),
        Field("site", "request.arg.site", required=True),
        Field("biz_no", "request.arg.bizNo", required=True, most=60),
        Field("open_id", "request.arg.openId", "personal", cipher=True, required=True),
        Field("id_no", "request.arg.idNo", "id", cipher=True, required=True),
        Field("user_name", "request.arg.userName", "name", cipher=True, required=True),
        Field("user_claim", "request.arg.userClaim", "personal", required=True, most=128),
        Field("user_agent", "request.arg.ua", required=True),
        Field("width", "request.arg.width", required=True),
        Field("height", "request.arg.height", required=True),
        Field("access_way", "request.arg.accessWay", required=True),
        Field("attach", "request.arg.ext.attach", "personal", most=128),
        Field("url_attach", "request.arg.ext.urlattach", "personal"),
        Field("child_sites", "request.arg.ext.childSites"),
        Field("lang", "request.arg.ext.lang"),
        Field("answered_op_id", "answer.data.daId"),
        Field("redirect_url", "answer.data.redirectUrl", "url"),
        fixed={"bizScenario": "general"},
        again=("-48007", "-45001", "-45004"),
    ),
    _call(
        "status",
        ("查询状态", "status"),
        "/api/das/get-da-status",
        _looks("/api/das/get-da-status", data="daStatus"),
        _OP_ID,
        *_STATE,
        inputs=_GIVE_OP_ID,
    ),
    _call(
        "original_files",
        ("拉取原文", "original files"),
        "/api/efp/get-original-files-x",
        _looks("/api/efp/get-original-files-x", data="fileUrl"),
        _OP_ID,
        Field("file_urls", "answer.data.fileUrl", "url", cipher=True),
        Field("file_key", "answer.data.ext.fileKey", "secret", cipher=True),
        Field("pdf_passwords", "answer.data.ext.pdfPassword", "secret", cipher=True),
        Field("site", "answer.data.site"),
        Field("biz_no", "answer.data.bizNo"),
        Field("answered_op_id", "answer.data.daId"),
        inputs=_GIVE_OP_ID,
    ),
    _call(
        "parse_result",
        ("拉取解析结果", "parse result"),
        "/api/efp/get-parse-result-x",
        _looks("/api/efp/get-parse-result-x", data="jsonFileUrl"),
        _OP_ID,
        Field("file_urls", "answer.data.jsonFileUrl", "url", cipher=True),
        Field("file_key", "answer.data.ext.fileKey", "secret", cipher=True),
        Field("json_result", "answer.data.jsonResult"),
        Field("site", "answer.data.site"),
        Field("biz_no", "answer.data.bizNo"),
        Field("answered_op_id", "answer.data.daId"),
        inputs=_GIVE_OP_ID,
    ),
    _call(
        "statement",
        ("日对账单", "daily statement"),
        "/api/efp/get-recon-file",
        _looks("/api/efp/get-recon-file", arg="date"),
        Field("date", "request.arg.date", required=True, form="20[0-9]{6}"),
        Field("file_url", "answer.data.fileUrl", "url"),
    ),
    _call(
        "site_states",
        ("数据源状态", "site states"),
        "/api/config/get-sites-state",
        _looks("/api/config/get-sites-state", arg="sites"),
        Field("sites", "request.arg.sites", required=True),
        Field("state_list", "answer.data", "secret"),
    ),
    Call(
        "about_operation",
        "关于某笔取证的请求",
        "a call about an operation that does not show which",
        _nothing_said,
        opener(_fields(_OP_ID)),
        _fields(_OP_ID),
    ),
    Call(
        "notification",
        "通知",
        "notification",
        lambda exchange: "func" in exchange.request.fields and isinstance(exchange.request.fields.get("data"), dict),
        open_notification,
        (
            Field("event", "request.func"),
            Field("app_id", "request.data.bizAppId"),
            Field("biz_no", "request.data.bizNo"),
            Field("site", "request.data.site"),
            Field("status", "request.data.daStatus"),
            Field("sub_status", "request.data.ext.daSubStatus"),
            Field("json_result", "request.data.jsonResult"),
            Field("authorized_at", "request.data.authorizedTs", "time"),
            Field("user_id", "request.data.ext.userId", "personal"),
            Field("file_urls", "request.data.fileUrlList", "url"),
            Field("file_key", "request.data.ext.fileKey", "secret"),
            Field("pdf_passwords", "request.data.ext.pdfPassword", "secret"),
            Field("notified_op_id", "request.data.daId"),
            Field("child_list", "request.data.ext.childDaList", "secret"),
            Field("nonce", "request.auth.nonce", "secret"),
            Field("version", "request.v"),
        ),
        direction="in",
    ),
    Call(
        "redirect",
        "前端跳回",
        "the user comes back",
        lambda exchange: {"daId", "daStatus"} <= set(exchange.request.params),
        open_redirect,
        (
            Field("biz_no", "params.bizNo"),
            Field("site", "params.site"),
            Field("status", "params.daStatus"),
            Field("returned_op_id", "params.daId"),
            Field("attach_url", "params.attach_url", "personal"),
            Field("front_end_status", "params.status"),
        ),
        direction="in",
    ),
)
