"""Logged exchanges with WeBank, opened (seed 002 chapters 4 and 5)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from idvtools.crypto.aes import decode_base64
from idvtools.errors import CryptoError
from idvtools.vendors.base import (
    CheckResult,
    Deliveries,
    Exchange,
    Keys,
    Outcome,
    Unpacked,
    Verdicts,
    at_path,
    attachment,
    code_text,
    dump_json,
    parse_json,
    token,
)
from idvtools.vendors.webank.signing import check_file, check_reverse

_PLATFORM_OK = ("60850000", "60840000")
_LOST_BACKSLASHES = re.compile(r'"jsonData"\s*:\s*"(?=\s*\{)')
_LOST = "the inner quotes of jsonData had lost their backslashes"
_ZONE = ZoneInfo("Asia/Shanghai")


def repair(text: str) -> str:
    """JSON text with the backslashes that inner quotes of jsonData lost, as in the seed's example (section 4.3).

    The string becomes the object that it should have held; everything else stays as it is.

    Examples
    --------
    >>> repair('{"code":"60840000","jsonData":"{"CODE":"66590000"}"}')
    '{"code":"60840000","jsonData":{"CODE":"66590000"}}'
    """
    pieces, at = [], 0
    for found in _LOST_BACKSLASHES.finditer(text):
        begin = text.index("{", found.end())
        try:
            _, end = json.JSONDecoder().raw_decode(text, begin)
        except (ValueError, RecursionError):
            continue
        rest = text[end:].lstrip()
        if rest.startswith('"'):
            pieces += [text[at : found.end() - 1], text[begin:end]]
            at = len(text) - len(rest) + 1
    return "".join([*pieces, text[at:]])


def _answer(exchange: Exchange) -> tuple[dict[str, Any], list[str]]:
    answer = exchange.response.fields
    if answer or not exchange.response.text:
        return dict(answer), [_LOST] if exchange.repaired else []
    try:
        value = parse_json(repair(exchange.response.text))
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict):
        return value, [_LOST]
    return {}, ["the answer is not JSON"]


def _business_data(answer: dict[str, Any], warnings: list[str]) -> dict[str, Any]:
    """The jsonData, which is a string with JSON in it, or (some logs) the object itself."""
    value = answer.pop("jsonData", None)
    if isinstance(value, str) and value.strip():
        try:
            value = parse_json(value)
        except (ValueError, RecursionError):
            warnings.append("jsonData is not JSON")
            value = None
    return dict(value) if isinstance(value, dict) else {}


def _outcome(code: str | None, data: Mapping[str, Any], keys: Keys | None) -> Outcome | None:
    """None where the platform's code decides, else what the business code says (webank.md, canonical outcome)."""
    if code is not None and code not in _PLATFORM_OK:
        return "auth_failed" if code.startswith("6085") and not code.endswith("6999") else None
    business = code_text(data.get("CODE"))
    if business is None:
        return None
    listed = keys.settings.business_success if keys else ()
    # An upload's CODE is the platform's own (section 4.5.1).
    well = business in (*listed, "60840000") if listed else business.endswith("0000")
    return "success" if well else "business_failed"


def open_answer(exchange: Exchange, keys: Keys | None) -> Unpacked:
    """An answer of the platform, with the business data in its jsonData."""
    answer, warnings = _answer(exchange)
    data = _business_data(answer, warnings)
    code = code_text(answer.get("code"))
    outcome, business = _outcome(code, data, keys), code_text(data.get("CODE"))
    if code == "60840000" and outcome is None and kind_of(exchange) == "business":
        warnings.append("the platform accepted the call, but there is no business CODE in jsonData")
        outcome = "unknown"
    # The seed's sample writes ConsumerseqNo, its text and its table ConsumerSeqNo.
    if "ConsumerseqNo" in answer:
        answer.setdefault("ConsumerSeqNo", answer.pop("ConsumerseqNo"))
    files = data.get("FILE_LIST", answer.get("fileList"))
    return Unpacked(
        {
            "params": dict(exchange.request.params),
            "request": dict(exchange.request.fields),
            "answer": answer,
            "data": data,
        },
        op_id=code_text(answer.get("BizSeqNo")),
        # The platform took the call, the business refused it: its own code is the one that counts.
        code=business if outcome == "business_failed" else code,
        table=None if outcome == "business_failed" else "platform",
        outcome=outcome,
        derived={"processed_at": _compact_time(answer.get("transactionTime")), "files": _file_list(files)},
        warnings=tuple(warnings),
    )


def _compact_time(value: object) -> datetime | None:
    """``yyyyMMddHHmmss`` in the bank's zone, as UTC."""
    try:
        return datetime.strptime(str(value), "%Y%m%d%H%M%S").replace(tzinfo=_ZONE).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _file_list(files: object) -> str | None:
    found = [f for f in (files if isinstance(files, list) else []) if isinstance(f, dict)]
    ids = [token(f.get("FILE_ID") or f.get("fileId")) or "?" for f in found]
    hashes = [token(f.get("HASH_VALUE") or f.get("hashValue")) or "?" for f in found]
    return ", ".join(f"{i} (MD5 {h})" for i, h in zip(ids, hashes, strict=True)) or None


def open_download(exchange: Exchange, keys: Keys | None) -> Unpacked:
    """A failure comes as JSON, a success as the file; its MD5 must be the hashValue that was asked for."""
    response, params = exchange.response, dict(exchange.request.params)
    kind = response.headers.get("content-type", "")
    if response.raw is not None and check_file(response.raw, params.get("hashValue", "")):
        return _downloaded(params, response.raw, "ok")
    if isinstance(response.body, dict) and "code" in response.body:
        return open_answer(exchange, keys)
    if response.raw is not None:
        why = ("the MD5 of the file is not the hashValue that was asked for",)
        return replace(_downloaded(params, response.raw, "failed"), code=None, trusted=False, warnings=why)
    if response.status == 200 and kind and "json" not in kind:
        return Unpacked({"params": params}, None, "60840000", "platform", warnings=("the file itself was not logged",))
    return open_answer(exchange, keys)


def _downloaded(params: dict[str, Any], content: bytes, check: CheckResult) -> Unpacked:
    files = (attachment("file", content),)
    return Unpacked({"params": params}, None, "60840000", "platform", check=check, attachments=files)


def open_upload_json(exchange: Exchange, keys: Keys | None) -> Unpacked:
    """An upload whose file stands in the body."""
    opened = open_answer(exchange, keys)
    request = dict(opened.trees["request"])
    content = request.pop("file", None)
    try:
        files = (attachment("file", decode_base64(content)),) if content else ()
    except CryptoError:
        files = ()
    trees = {**opened.trees, "request": request}
    return Unpacked(
        trees, opened.op_id, opened.code, opened.table, opened.outcome, derived=opened.derived, attachments=files,
        warnings=opened.warnings,
    )  # fmt: skip


def open_reverse(exchange: Exchange, keys: Keys | None) -> Unpacked:
    """A message of WeBank's to us, with our answer where it was logged."""
    body, answered = exchange.request.fields, exchange.response.fields
    # A message does not name its app: whichever salt fits is the right one.
    salts: list[str | None] = [a.text("salt") for a in keys.apps.values() if a.has("salt")] if keys else []
    salt = next((s for s in salts if check_reverse(body, s).check == "ok"), salts[0] if salts else None)
    got, said = check_reverse(body, salt), check_reverse(answered, salt) if answered else None
    code = code_text(said.plain.get("CODE")) if said and said.plain else None
    return Unpacked(
        {"request": dict(body), "answer": dict(answered), "data": got.plain or {}},
        op_id=code_text(at_path(got.plain, "BIZ_SEQ_NO")) or code_text(body.get("SeqNo")),
        code=code,
        table="reverse",
        check=got.check,
        derived={"answer_check": said.check if said else None},
        warnings=got.warnings,
    )


def open_deliveries(deliveries: Deliveries, keys: Keys) -> Verdicts:
    """Messages of WeBank's, checked and opened: JSON with what the records read of them, and nothing else."""
    salts = [a.text("salt") for a in keys.apps.values() if a.has("salt")]
    opened = [_delivery(body, salts) for body in deliveries.bodies.to_pylist()]
    return Verdicts([check for check, _ in opened], [text for _, text in opened])


def _delivery(text: str, salts: Sequence[str]) -> tuple[CheckResult, bytes | None]:
    try:
        body = parse_json(text)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        return "unchecked", None
    seen = [check_reverse(body, salt) for salt in (*salts, *([] if salts else [None]))]
    got = next((s for s in seen if s.check == "ok"), seen[0])
    number = code_text(body.get("SeqNo"))
    op_id = code_text(at_path(got.plain, "BIZ_SEQ_NO")) or number
    told = {"Plain": True, "op_id": op_id, "kind": body.get("transName"), "delivery": number}
    return got.check, dump_json(told).encode("utf-8", "replace")


_PATHS = (
    (r"/api/oauth2/access_token$", "access_token"),
    (r"/api/oauth2/api_ticket$", "api_ticket"),
    (r"/api/s/up/upload$", "upload"),
    (r"/api/s/up/download$", "download"),
    (r"/uploadJson$", "upload_json"),
    (r"/uploadForm$", "upload_form"),
    (r"/api/s/[^/]+/", "business"),
)


def kind_of(exchange: Exchange) -> str | None:
    """Which call an exchange is: by the path where it was logged, else by what stands in it."""
    if "Plain" in exchange.request.fields:
        return "reverse"
    if exchange.request.path:
        return next((name for form, name in _PATHS if re.search(form, exchange.request.path)), None)
    got, params = exchange.response.fields, exchange.request.params
    code = code_text(got.get("code")) or ""
    by_content = (
        ("access_token", "access_token" in got or "grant_type" in params),
        ("api_ticket", "tickets" in got or "access_token" in params),
        ("upload_form", "fileList" in got),
        ("upload", "FILE_LIST" in str(got.get("jsonData", ""))),
        ("access_token", code.startswith("6085")),  # an error of the credentials' stage, of either call
        ("business", bool({"BizSeqNo", "jsonData"} & set(got)) or code.startswith("6084")),
        ("business", '"jsonData"' in (exchange.response.text or "")),
    )
    return next((name for name, fits in by_content if fits), None)
