"""WeBank's calls, built and signed; tokens and tickets fetched (seed 002 chapter 4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from idvtools.crypto.digests import to_base64
from idvtools.errors import InputError, MalformedAnswerError
from idvtools.vendors.base import Ask, Draft, Keys, Request, Stamp, Unpacked, dump_json
from idvtools.vendors.webank.signing import sign

#: Token and ticket are fetched anew after this many seconds, well within their 3600 (seed 002 sections 4.2 and 4.6).
RENEW_AFTER_S = 1200.0


def token(draft: Draft, keys: Keys, _: Stamp) -> Request:
    """GET access_token (section 4.1)."""
    app = keys.require(draft.app)
    params = {
        "app_id": str(app.app_id), "secret": app.text("secret"), "grant_type": "client_credential", "version": "2.0.0",
    }  # fmt: skip
    return Request("GET", keys.address() + "/api/oauth2/access_token", tuple(params.items()))


def ticket(draft: Draft, keys: Keys, _: Stamp) -> Request:
    """GET api_ticket (section 4.2)."""
    app, kinds = keys.require(draft.app), str(draft.params["type"])
    params = {
        "app_id": str(app.app_id), "access_token": _session(draft, "access_token"), "type": kinds, "version": "2.0.0",
    }  # fmt: skip
    if "user" in kinds.split(","):
        user, merchant = draft.params.get("user_data"), draft.params.get("merchant_id")
        text = user if isinstance(user, str) else dump_json(user)
        if '"USER_ID"' not in text or not merchant:
            raise InputError("a ticket of the type user needs user_data (with USER_ID) and merchant_id")
        params |= {"user_data": text, "mechant_id": str(merchant)}
    return Request("GET", keys.address() + "/api/oauth2/api_ticket", tuple(params.items()))


def _session(draft: Draft, name: str) -> str:
    if name not in draft.session:
        raise InputError(f"this call needs the {name} of a session: let `idvtools.pull` make it, or pass session=")
    return draft.session[name]


def _signed(
    draft: Draft, keys: Keys, stamp: Stamp, *, version: str, kind: str | None, body: str | None, more: Mapping[str, Any]
) -> tuple[tuple[str, str], ...]:
    """The query of a signed call. What is in `more`, and files, take no part in the signature."""
    app_id = str(keys.require(draft.app).app_id)
    signature = sign([app_id, version, stamp.nonce, kind, body], _session(draft, "ticket"))
    query = {"app_id": app_id, "nonce": stamp.nonce, "sign": signature, "version": version, "type": kind, **more}
    return tuple((name, str(value)) for name, value in query.items() if value is not None)


def business(draft: Draft, keys: Keys, stamp: Stamp) -> Request:
    """A signed business request (section 4.3); its body is signed exactly as it is sent."""
    given = draft.params["body"]
    body = given if isinstance(given, str) else dump_json(given)
    return Request(
        "POST",
        f"{keys.address()}/api/s/{_segment(draft, 'path')}/{_segment(draft, 'service_code')}",
        _signed(draft, keys, stamp, version="2.0.0", kind=draft.params.get("type"), body=body, more={}),
        {"Content-Type": "application/json; charset=utf-8"},
        body.encode("utf-8"),
    )


def _segment(draft: Draft, name: str) -> str:
    text = str(draft.params[name])
    if not re.fullmatch(r"[\w-]+(/[\w-]+)*", text, re.ASCII):
        raise InputError(f"{name}: only letters, digits, _ and - are possible in a path")
    return text


def _file_query(draft: Draft) -> dict[str, Any]:
    return {"fileType": draft.params["file_type"], "fileFormat": draft.params["file_format"]}


def upload(draft: Draft, keys: Keys, stamp: Stamp) -> Request:
    """Upload of a file, which is not signed (section 4.5.1)."""
    return Request(
        "POST",
        keys.address("files_url") + "/api/s/up/upload",
        _signed(draft, keys, stamp, version="1.0.0", kind="sign", body=None, more=_file_query(draft)),
        files=(("file", str(draft.params["file_name"]), draft.params["content"]),),
        timeout=120,
    )


def download(draft: Draft, keys: Keys, stamp: Stamp) -> Request:
    """Download of a file (section 4.5.2)."""
    more = {"fileId": draft.params["file_id"], "hashValue": draft.params["hash_value"]}
    more["contentType"] = draft.params.get("content_type")
    query = _signed(draft, keys, stamp, version="1.0.0", kind="sign", body=None, more=more)
    return Request("GET", keys.address("files_url") + "/api/s/up/download", query, timeout=120)


def _notify_upload(draft: Draft, keys: Keys, stamp: Stamp) -> tuple[str, tuple[tuple[str, str], ...]]:
    url = f"{keys.address('files_url')}/up/s/{_segment(draft, 'path')}"
    return url, _signed(draft, keys, stamp, version="2.0.0", kind="sign", body=None, more=_file_query(draft))


def _content(draft: Draft) -> str | None:
    given = draft.params.get("biz_content")
    return given if given is None or isinstance(given, str) else dump_json(given)


def upload_json(draft: Draft, keys: Keys, stamp: Stamp) -> Request:
    """Upload with notice, one file in Base64 (section 4.5.3)."""
    url, query = _notify_upload(draft, keys, stamp)
    body = {"file": to_base64(draft.params["content"]), "fileName": draft.params["file_name"]}
    if (content := _content(draft)) is not None:
        body["bizContent"] = content
    headers = {"Content-Type": "application/json; charset=utf-8"}
    return Request("POST", url + "/uploadJson", query, headers, dump_json(body).encode("utf-8"), timeout=120)


def upload_form(draft: Draft, keys: Keys, stamp: Stamp) -> Request:
    """Upload with notice, as a form (section 4.5.3)."""
    url, query = _notify_upload(draft, keys, stamp)
    files = [("file", name, content) for name, content in draft.params["files"]]
    if (content := _content(draft)) is not None:
        files.append(("bizContent", "", content.encode("utf-8")))
    return Request("POST", url + "/uploadForm", query, files=tuple(files), timeout=120)


def renew(ask: Ask, keys: Keys, app: str | None) -> tuple[dict[str, str], float]:
    """Fetch a token and a sign ticket, in this order: a new token makes every older ticket worthless.

    Raises
    ------
    VendorError
        Either answer is an error, or holds no token or ticket.
    """
    session = {"access_token": _fetched(ask("access_token", {}), "access_token")}
    session["ticket"] = _fetched(ask("api_ticket", session, type="sign"), "tickets", "ticket", "value")
    return session, RENEW_AFTER_S


def _fetched(opened: Unpacked, *names: str) -> str:
    found = next((v for name in names if (v := _ticket_value(opened.trees["answer"], name))), None)
    if not found:
        raise MalformedAnswerError.answered(f"the answer holds no {names[0]}", vendor="webank")
    return found


def renews(arguments: Mapping[str, Any]) -> bool:
    """Whether a fetch of a ticket takes the place of the one that everybody signs with."""
    return "sign" in str(arguments.get("type")).split(",")


def _ticket_value(answer: Mapping[str, Any], name: str) -> str | None:
    """A token or ticket, which stands in the answer itself or in a list of tickets."""
    value = answer.get(name)
    if isinstance(value, list):
        value = next((t for t in value if isinstance(t, dict)), None)
    if isinstance(value, dict):
        value = value.get("value")
    return value if isinstance(value, str) and value else None
