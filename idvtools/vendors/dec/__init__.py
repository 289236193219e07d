"""DEC, the notarised evidence platform (数据快递链 / 清洁环境取数).

Source: seed 000 (the platform's appendix) and dec.md. An operation (取证) is a ``daId``.
"""

from idvtools.crypto.digests import to_base64
from idvtools.vendors.base import Ask, Code, Keys, Vendor, at_path, tables
from idvtools.vendors.dec.books import BOOKS, CALLBACKS, da_id_time
from idvtools.vendors.dec.calls import CALLS
from idvtools.vendors.dec.health import HEALTH
from idvtools.vendors.dec.pulls import PULLS
from idvtools.vendors.dec.settings import TEMPLATE, DecSettings
from idvtools.vendors.dec.signing import (
    NOTIFICATION_ANSWER,
    check_notification,
    decshash,
    download_headers,
    new_aes_key,
    sign_redirect,
    store_prefix,
)
from idvtools.vendors.dec.substatus import SubStatus, explain_sub_status, sub_statuses

__all__ = [
    "NOTIFICATION_ANSWER",
    "VENDOR",
    "SubStatus",
    "check_notification",
    "da_id_time",
    "decshash",
    "download_headers",
    "explain_sub_status",
    "new_aes_key",
    "sign_redirect",
    "store_prefix",
    "sub_statuses",
]

#: A key that was fetched stays until the next rotation, and nobody knows when that is.
_FOR_GOOD = 10 * 365 * 86400.0


def _renew(ask: Ask, keys: Keys, app: str | None) -> tuple[dict[str, str], float]:
    """Fetch a new AES key (dec.md section 1, update-aes-key)."""
    opened = ask("update_aes_key", {})
    aeskey = at_path(opened.trees["answer"], "data.aeskey")
    return {"aes_key": to_base64(new_aes_key(aeskey, keys.require(app).private("private_key")))}, _FOR_GOOD


def _explain(code: object) -> tuple[Code, ...]:
    return tuple(
        Code(
            code=str(s.first) if s.first == s.last else f"{s.first}-{s.last}",
            name_zh=f"{s.name_zh}（{s.advice_zh}）" if s.advice_zh else s.name_zh,
            name_en=f"{s.name_en} ({s.advice_en})" if s.advice_en else s.name_en,
            outcome=None,
            error=None,
            edition=s.edition,
            source=s.source,
            note=f"daSubStatus beside daStatus {s.da_status}, {s.family_en}{f', {s.site_en}' if s.site_en else ''}",
        )
        for s in explain_sub_status(None, code)
    )


VENDOR = Vendor(
    name="dec",
    title_zh="数据快递链 (DEC)",
    title_en="DEC evidence platform",
    zone="Asia/Shanghai",
    settings=DecSettings,
    template=TEMPLATE,
    tables=tables("dec", ["da_status", "error", "json_result", "access_way", "site"]),
    call_tables=("error",),
    calls=CALLS,
    books=BOOKS,
    callbacks=CALLBACKS,
    pulls=PULLS,
    health=HEALTH,
    renew=_renew,
    explain=_explain,
)
