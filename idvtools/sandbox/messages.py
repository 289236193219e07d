"""The platform's messages, as they go over the wire: envelopes, notifications, signatures."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from typing import Any

from idvtools.crypto.aes import encrypt_text
from idvtools.crypto.rsa import sign_sha256
from idvtools.sandbox.clockwork import Calendar
from idvtools.sandbox.keys import Secrets
from idvtools.sandbox.people import Person
from idvtools.sandbox.plan import Notice, Operation, Poll, Report, StartFailure
from idvtools.vendors.dec import decshash


def compact(value: Any) -> str:
    """JSON without white space, as most systems log it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def iso(calendar: Calendar, moment: int) -> str:
    """A moment with the zone's offset, to the millisecond."""
    return calendar.local(moment).isoformat(timespec="milliseconds")


def iso_utc(calendar: Calendar, moment: int) -> str:
    """A moment in UTC, with a Z."""
    stamp = calendar.local(moment)
    return (stamp - (stamp.utcoffset() or stamp - stamp)).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def encrypted(person: Person, key: bytes) -> dict[str, str]:
    """The fields that a start-vdi request carries encrypted."""
    return {
        "openId": encrypt_text(person.open_id, key),
        "idNo": encrypt_text(person.id_no, key),
        "userName": encrypt_text(person.name, key),
    }


def exchange(start: Operation | StartFailure, secrets: Secrets) -> dict[str, Any]:
    """A start-vdi request and its answer."""
    arg: dict[str, Any] = {
        "bizScenario": "general",
        "site": start.site,
        "bizNo": start.biz_no,
        **encrypted(start.person, secrets.aes[start.app_id, start.key_id]),
        "accessWay": "h5",
        "width": 390,
        "height": 844,
    }
    if isinstance(start, Operation):
        if start.child_sites:
            arg["ext"] = {"childSites": list(start.child_sites)}
        url = f"https://vdi.example.com/e/{start.op_id}"
        answer: dict[str, Any] = {
            "errorCode": 0,
            "errorMessage": "OK",
            "data": {"daId": start.op_id, "redirectUrl": url},
        }
    else:
        answer = {"errorCode": start.error_code, "errorMessage": start.error_message, "data": None}
    nonce = hashlib.md5(f"{start.app_id}/{start.serial}".encode(), usedforsecurity=False).hexdigest()
    request = {"v": "1.0.0", "auth": {"appId": start.app_id, "nonce": nonce}, "arg": arg}
    return {"request": request, "response": answer}


def poll_answer(poll: Poll) -> dict[str, Any]:
    """The answer to get-da-status."""
    report = poll.report
    data = {
        "daId": report.op_id,
        "daStatus": report.status,
        "appId": report.app_id,
        "browsingSite": report.site,
        "bizNo": report.biz_no,
        "jsonResult": report.json_result,
        "certResult": 0,
        "authorizedTs": report.authorized,
        "ext": {"daSubStatus": report.sub_status, "childDaList": _children(report), "fileKey": ""},
    }
    return {"errorCode": 0, "errorMessage": "OK", "data": data}


def notification(notice: Notice, secrets: Secrets) -> tuple[dict[str, str], str]:
    """Headers (none for a bare body) and body of a notification, forged where it is to be."""
    report = notice.report
    body = _body(notice, report.status)
    if notice.manner == "bare":
        return {}, body
    headers = {"DECSHASH": decshash(body, secrets.app_keys[report.app_id])}
    if notice.manner == "wrong_hash":
        headers["DECSHASH"] = hashlib.sha256(notice.nonce.encode()).hexdigest().upper()
    if notice.manner in ("signed", "tampered"):
        headers["DECSSIGN"] = sign_sha256(headers["DECSHASH"].encode(), secrets.platform_key)
    elif notice.manner != "hash_only":
        headers["DECSSIGN"] = b64encode(hashlib.shake_256(notice.nonce.encode()).digest(256)).decode("ascii")
    if notice.manner == "tampered":
        assert notice.claims is not None
        assert notice.claims != report.status
        body = _body(notice, notice.claims)
    return headers, body


def _body(notice: Notice, status: int) -> str:
    report = notice.report
    if status == 10 and report.json_result != 5:
        func = "daFileParsed"
    else:
        func = "daUserAuthorized" if status in (5, 8, 9, 10) else "daFailed"
    ext: dict[str, Any] = {"userId": report.user_id, "fileKey": "", "daSubStatus": report.sub_status}
    if report.children:
        ext["childDaList"] = _children(report)
    value = {
        "func": func,
        "v": "2.0.0",
        "auth": {"nonce": notice.nonce},
        "data": {
            "bizAppId": report.app_id,
            "daId": report.op_id,
            "bizNo": report.biz_no,
            "site": report.site,
            "daStatus": status,
            "fileUrlList": [f"https://files.example.com/{report.op_id}.zip"] if status == 10 else [],
            "jsonResult": report.json_result,
            "authorizedTs": report.authorized,
            "ext": ext,
        },
    }
    # White space between tokens is no part of what is hashed: every third body has some.
    return json.dumps(value, ensure_ascii=False) if int(notice.nonce[0], 16) % 3 == 0 else compact(value)


def _children(report: Report) -> list[dict[str, Any]]:
    return [
        {
            "daId": c.op_id,
            "site": c.site,
            "daStatus": str(c.status) if c.as_text else c.status,
            "daSubStatus": str(c.sub_status) if c.as_text else c.sub_status,
        }
        for c in report.children
    ]
