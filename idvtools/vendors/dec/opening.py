"""Logged exchanges with DEC and its notifications, opened: checked, decrypted, explained."""

from __future__ import annotations

import copy
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from idvtools.crypto.digests import same
from idvtools.errors import CryptoError
from idvtools.vendors.base import (
    AppKeys,
    CheckResult,
    Exchange,
    Field,
    Keys,
    Unpacked,
    at_path,
    code_text,
    dump_json,
    token,
    with_path,
)
from idvtools.vendors.dec.signing import check_keys, check_notification, decshash
from idvtools.vendors.dec.substatus import explain_sub_status


def opener(fields: tuple[Field, ...]) -> Callable[[Exchange, Keys | None], Unpacked]:
    """Opens an exchange of our own: envelope, encrypted fields, error code or status."""

    def unpack(exchange: Exchange, keys: Keys | None) -> Unpacked:
        request, answer = copy.deepcopy(dict(exchange.request.fields)), copy.deepcopy(dict(exchange.response.fields))
        trees = {"request": request, "answer": answer}
        app = keys.app(at_path(request, "auth.appId") or at_path(answer, "data.appId")) if keys else None
        key_id, warnings, unread = _open_fields(trees, fields, app, exchange.at_ms)
        error = code_text(answer.get("errorCode"))
        status = code_text(at_path(answer, "data.daStatus"))
        code, table = (status, "da_status") if status is not None and error in (None, "0") else (error, "error")
        return Unpacked(
            trees,
            op_id=code_text(at_path(answer, "data.daId")) or code_text(at_path(request, "arg.daId")),
            code=code,
            table=table,
            check=_check_own(exchange, app),
            key_id=key_id,
            derived=_derived(answer.get("data")),
            warnings=tuple(warnings),
            trusted=not any(where == "answer" and reason != "wrong_key" for where, reason in unread),
            closed=any(where == "answer" for where, _ in unread),
        )

    return unpack


def _open_fields(
    trees: dict[str, Any], fields: tuple[Field, ...], app: AppKeys | None, at_ms: int | None
) -> tuple[str | None, list[str], list[tuple[str, str]]]:
    """Decrypt in place what is encrypted by itself; what cannot be read becomes null, with a warning.

    Last come what could not be read, ``request`` or ``answer``, and why.
    """
    places = [(f, value) for f in fields if f.cipher and (value := at_path(trees, f.path)) not in (None, "", [])]
    texts = [t for _, value in places for t in (value if isinstance(value, list) else [value])]
    if not texts:
        return None, [], []
    if app is None or not len(app.ring):
        for f, _ in places:
            with_path(trees, f.path, None)
        unread = [(f.path.partition(".")[0], "wrong_key") for f, _ in places]
        return None, ["encrypted fields were not read: there is no AES key for this app"], unread
    read = app.ring.decrypt(texts, [at_ms] * len(texts))
    clear = iter(zip(read.texts, read.reasons, strict=True))
    warnings: list[str] = []
    unread = []
    for f, value in places:
        found = [next(clear) for _ in (value if isinstance(value, list) else [value])]
        with_path(trees, f.path, [t for t, _ in found] if isinstance(value, list) else found[0][0])
        failed = [str(reason) for text, reason in found if text is None]
        warnings += [f"{f.name} could not be decrypted ({reason})" for reason in failed]
        unread += [(f.path.partition(".")[0], reason) for reason in failed]
    return ", ".join(dict.fromkeys(k for k in read.key_ids if k)) or None, warnings, unread


def _check_own(exchange: Exchange, app: AppKeys | None) -> CheckResult:
    given, text = exchange.request.headers.get("decshash"), exchange.request.text
    if not given or text is None or app is None or not app.has("app_key"):
        return "unchecked"
    try:
        return "ok" if same(given.strip().upper(), decshash(text, app.text("app_key"))) else "failed"
    except CryptoError:
        return "failed"


def _or(value: object, otherwise: str) -> str:
    return token(value) or otherwise


def _states(data: object) -> str | None:
    """What ``get-sites-state`` answers: a list of sites with 1 (open) or 0."""
    told = [
        f"{_or(s.get('site'), '?')}: {_or(s.get('status'), '?')}"
        for s in (data if isinstance(data, list) else [])
        if isinstance(s, dict)
    ]
    return ", ".join(told) or None


def _derived(data: object) -> dict[str, object]:
    """Names that explain what stands in the data, and the children on one line."""
    status, sub = at_path(data, "daStatus"), at_path(data, "ext.daSubStatus")
    rows = explain_sub_status(status, sub)
    children = at_path(data, "ext.childDaList")
    told = [
        f"{_or(c.get('daId'), '?')}: {_or(c.get('daStatus'), '?')}/{_or(c.get('daSubStatus'), '-')}"
        for c in (children if isinstance(children, list) else [])
        if isinstance(c, dict)
    ]
    return {
        "children": ", ".join(told) or None,
        "site_states": _states(data),
        "sub_status_name_zh": " / ".join(dict.fromkeys(s.name_zh for s in rows)) or None,
        "sub_status_name_en": " / ".join(dict.fromkeys(s.name_en for s in rows)) or None,
        "advice_zh": " / ".join(dict.fromkeys(s.advice_zh for s in rows if s.advice_zh)) or None,
        "advice_en": " / ".join(dict.fromkeys(s.advice_en for s in rows if s.advice_en)) or None,
    }


def open_notification(exchange: Exchange, keys: Keys | None) -> Unpacked:
    """Opens a notification: how far it is to be trusted, and what it says."""
    body = exchange.request.fields
    data = body.get("data")
    op_id = code_text(at_path(data, "daId"))
    named = at_path(data, "bizAppId") or (op_id[:8] if isinstance(op_id, str) else None)
    app = keys.app(named) if keys and named else None
    check: CheckResult = "unchecked"
    if keys is not None and exchange.request.headers:
        known = check_keys(keys, app)
        # A body that was logged as an object has lost its spelling only, and the hash is over the canonical form.
        with suppress(ValueError):  # a number beyond all doubles, which no platform sends
            text = exchange.request.text or dump_json(body, float)
            check, _ = check_notification(exchange.request.headers, text, known)
    return Unpacked(
        {"request": dict(body)},
        op_id=op_id,
        code=code_text(at_path(data, "daStatus")),
        table="da_status",
        check=check,
        derived=_derived(data),
    )


def open_redirect(exchange: Exchange, _: Keys | None) -> Unpacked:
    """Opens the link that takes the user back to us: nobody signed it, and the guide calls it unreliable."""
    params = dict(exchange.request.params)
    return Unpacked(
        {"params": params},
        op_id=code_text(params.get("daId")),
        code=code_text(params.get("daStatus")),
        table="da_status",
        warnings=("this is the front end's word, which is not reliable; a notification or a status call decides",),
    )
