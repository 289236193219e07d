"""Checks at WestDex: three ways to say success, failures with encrypted data, keys made in another way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from idvtools.sandbox.exchanges.files import BMP, PNG, jpeg
from idvtools.sandbox.exchanges.journal import Journal
from idvtools.sandbox.messages import compact
from idvtools.vendors.base import Request
from idvtools.vendors.westdex import DERIVATIONS, Derivation, seal_data

_SAME = {"result": "01", "message": "一致"}
_OTHER = {"result": "02", "message": "不一致"}


def write(journal: Journal) -> None:
    """Plant the exchanges."""
    key = journal.keys.require(None).text("key")

    def request(photo: bytes, derivation: Derivation = "sha1prng") -> Request:
        person, settings = journal.people.new(), journal.keys.settings.model_copy(update={"derivation": derivation})
        keys = replace(journal.keys, settings=settings)
        return journal.request("check", keys=keys, user_name=person.name, id_no=person.id_no, photo=photo)

    def answer(code: object, message: str, data: str, error_code: object = 0, reason: str = "") -> dict[str, Any]:
        head = {"code": code, "message": message, "data": data, "id": f"WD{journal.digits(18)}"}
        return {**head, "error_code": error_code, "reason": reason}

    def sealed(data: object, derivation: Derivation = "sha1prng", text: str = key) -> str:
        return seal_data(compact(data), text, derivation)

    def check(reply: object, photo: bytes = jpeg("face"), *, status: int = 200) -> None:
        journal.sent(request(photo), reply, status=status)

    for code, data, photo in (("00000", _SAME, jpeg("face")), (200, _SAME, PNG), ("0", _OTHER, BMP), (0, _SAME, PNG)):
        check(answer(code, "成功", sealed(data)), photo)
    details = {"detail": "photo quality 12, below 40"}
    check(answer("10004", "人像质量过低", sealed(details), 10004, "low quality"))
    check(answer(10001, "参数错误", sealed({"detail": "xM"}), "10001", "xM is missing"))
    check(answer("20003", "余额不足", "", 20003, "insufficient balance"))
    check(answer("500", "系统异常", "not encrypted", 500, "internal error"))
    journal.line(b'{"requested_at":"2026-10-12T10:0')
    for derivation in DERIVATIONS:
        journal.sent(request(PNG, derivation), answer("00000", "成功", sealed(_SAME, derivation)))
    check(answer("00000", "成功", sealed(_SAME, "sha1prng", "the key of somebody else")))
    check(answer("00000", "成功", sealed([_SAME, _OTHER])))
    check(answer("00000", "成功", sealed(_SAME)[:-8]))
    late = request(PNG)
    journal.sent(
        replace(late, params=(("timestamp", str(journal.now_ms - 90_000)),)), answer("00000", "成功", sealed(_SAME))
    )
    prefixed = request(PNG)
    assert prefixed.body is not None
    body = prefixed.body.replace(b'"photoData":"', b'"photoData":"data:image/png;base64,')
    journal.sent(replace(prefixed, body=body), answer("10005", "图片格式错误", sealed(details), 10005, "bad photo"))
    # Without URL and headers, as a proxy kept it.
    bare = request(jpeg("face"))
    assert bare.body is not None
    journal.line({"request": bare.body.decode(), "response": compact(answer("00000", "成功", sealed(_OTHER)))})
    check("<html><body>504 Gateway Time-out</body></html>", status=504)
