"""Acme checks (a vendor that does not exist): the file that `test_sixth_vendor` adds."""

from __future__ import annotations

from idvtools.crypto.digests import mac, same
from idvtools.settings import AppSettings, SecretField, VendorSettings, key_field
from idvtools.vendors.base import (
    Call,
    Draft,
    Exchange,
    Field,
    Keys,
    Request,
    Stamp,
    Unpacked,
    Vendor,
    code_text,
    dump_json,
    tables,
)


class AcmeApp(AppSettings):
    """One account."""

    secret: SecretField | None = key_field("text")


class AcmeSettings(VendorSettings):
    """``[vendors.acme]``."""

    apps: tuple[AcmeApp, ...] = ()


def sign(body: str, secret: str) -> str:
    """HMAC-MD5 of the body, in hex."""
    return mac("md5", secret.encode(), body.encode()).hex()


def _prepare(draft: Draft, keys: Keys, stamp: Stamp) -> Request:
    body = dump_json({"ts": stamp.seconds, **draft.body})
    headers = {"X-Sign": sign(body, keys.require(draft.app).text("secret"))}
    return Request("POST", keys.address() + "/check", headers=headers, body=body.encode())


def _unpack(exchange: Exchange, keys: Keys | None) -> Unpacked:
    answer, given = exchange.response.fields, exchange.request.headers.get("x-sign")
    app = keys.app(None) if keys else None
    check = "unchecked"
    if given and app and exchange.request.text:
        check = "ok" if same(given, sign(exchange.request.text, app.text("secret"))) else "failed"
    return Unpacked(
        {"request": exchange.request.fields, "answer": answer},
        op_id=code_text(answer.get("no")),
        code=code_text(answer.get("rc")),
        table="code",
        check=check,
    )


VENDOR = Vendor(
    name="acme",
    title_zh="艾可米核验",
    title_en="Acme checks",
    zone="Asia/Tokyo",
    settings=AcmeSettings,
    template='#[vendors.acme]\n#base_url = "https://acme.example.com"\n',
    tables=tables("acme", ["code"]),
    call_tables=("code",),
    calls=(
        Call(
            "check",
            "核验",
            "check",
            lambda exchange: exchange.request.path.endswith("/check"),
            _unpack,
            (Field("user_name", "request.who", "name", required=True), Field("rc", "answer.rc")),
            _prepare,
        ),
    ),
)
