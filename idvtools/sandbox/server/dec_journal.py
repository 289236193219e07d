"""Our own log of the starts that the sandbox has, as workspace.md section 1 wants it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime

from idvtools.crypto.aes import encrypt_text
from idvtools.sandbox.messages import compact
from idvtools.sandbox.server.configured import AesKeys
from idvtools.sandbox.server.dec_operations import Operation
from idvtools.sandbox.server.dec_statement import ZONE


def request_lines(operations: Iterable[Operation], aes: AesKeys) -> list[bytes]:
    """One JSON line for each operation's start.

    Personal fields are encrypted with the AES key that the app had at the time. Of children there is no start.
    """
    return [compact(_exchange(o, _key_at(aes, o))).encode("utf-8") for o in operations if o.parent is None]


def _key_at(aes: AesKeys, operation: Operation) -> bytes:
    keys = aes[operation.app]
    return next((k.key for k in reversed(keys) if k.valid_from_ms <= operation.started_ms), keys[0].key)


def _exchange(operation: Operation, key: bytes) -> dict[str, object]:
    arg: dict[str, object] = {
        "bizScenario": "general",
        "site": operation.site,
        "bizNo": operation.biz_no,
        "openId": encrypt_text(operation.open_id, key),
        "idNo": encrypt_text(operation.person.id_no, key),
        "userName": encrypt_text(operation.person.name, key),
        "userClaim": "face checked",
        "ua": "Mozilla/5.0 (synthetic)",
        "width": 390,
        "height": 844,
        "accessWay": "h5",
    }
    if operation.children:
        arg["ext"] = {"childSites": [c.site for c in operation.children]}
    nonce = hashlib.md5(operation.op_id.encode(), usedforsecurity=False).hexdigest()
    data = {"daId": operation.op_id, "redirectUrl": operation.redirect_url}
    moment = datetime.fromtimestamp(operation.started_ms / 1000, UTC).astimezone(ZONE)
    return {
        "requested_at": moment.isoformat(timespec="milliseconds"),
        "request": {"v": "1.0.0", "auth": {"appId": operation.app, "nonce": nonce}, "arg": arg},
        "response": {"errorCode": 0, "errorMessage": "OK", "data": data},
    }
