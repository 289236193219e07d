"""DEC, the notarised evidence platform (数据快递链 / 清洁环境取数).

Source: seed 000 (the platform's appendix) and dec.md. An operation (取证) is a ``daId``.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import datetime

from idvtools.crypto.canonical import canonical_json
from idvtools.crypto.rsa import verify_sha256
from idvtools.errors import CryptoError
from idvtools.ledger.rules import SnowflakeId
from idvtools.vendors.base import CheckKeys, CheckResult, Message, Vendor, load_status_table

_IDS = SnowflakeId(prefix=8, epoch_ms=1288834974657)


def decshash(body: str, app_key: str) -> str:
    """The DECSHASH header of a JSON body.

    HMAC-SHA256 over the canonical JSON followed by the appKey, with the appKey as the key, in
    upper-case hex (dec.md section 1).

    Parameters
    ----------
    body : str
        JSON text, in any key order.
    app_key : str
        The app's appKey (64 characters).

    Raises
    ------
    CryptoError
        `body` is not JSON.

    Examples
    --------
    >>> decshash('{"b": 1, "a": "x"}', "k" * 64) == decshash('{"a":"x","b":1}', "k" * 64)
    True
    """
    return _hash(canonical_json(body), app_key)


def _hash(canonical: str, app_key: str) -> str:
    key = app_key.encode("utf-8")
    return hmac.digest(key, canonical.encode("utf-8", "surrogatepass") + key, "sha256").hex().upper()


def da_id_time(da_id: str) -> datetime | None:
    """Time (UTC) that a daId's own Snowflake number carries, None for an id of another form.

    A child's suffix ``-k`` is not part of the number (dec.md section 6).

    Examples
    --------
    >>> da_id_time("zd1uahd81589468946623610880").isoformat()
    '2022-11-07T04:05:02.437000+00:00'
    >>> da_id_time("359713244643861591") is None
    True
    """
    return _IDS.time(da_id)


def check_notification(headers: Mapping[str, str], body: str, keys: CheckKeys) -> tuple[CheckResult, str]:
    """How far a notification is to be trusted (billing.md section 1).

    Parameters
    ----------
    headers : mapping
        Headers as received, names in lower case; empty for a bare body.
    body : str
        The raw body.
    keys : CheckKeys
        The appKey of the notification's app and the platform's public key, as far as known.

    Returns
    -------
    result : str
        ``ok``: DECSHASH and DECSSIGN both hold. ``hash_only``: DECSHASH holds, DECSSIGN is absent or no
        public key is set. ``failed``: one that could be checked does not hold, or the body is not
        JSON. ``unchecked``: nothing could be checked, or there is no DECSHASH to check.
    text : str
        The text that was checked: the canonical body where a hash was made, else `body`.

    Notes
    -----
    DECSSIGN signs the DECSHASH text. Without our appKey it says nothing on the body, so a signature
    that holds alone leaves the notification unchecked; one that does not hold refuses it all the same.
    """
    given, signature = headers.get("decshash", "").strip().upper(), headers.get("decssign", "").strip()
    if not given:
        return "unchecked", body
    text = body
    if keys.app_key is not None:
        try:
            text = canonical_json(body)
        except CryptoError:
            return "failed", body
        if not hmac.compare_digest(given.encode(), _hash(text, keys.app_key).encode()):
            return "failed", text
    signed = False
    if signature and keys.public_key is not None:
        if not verify_sha256(given.encode("utf-8"), signature, keys.public_key):
            return "failed", text
        signed = True
    if keys.app_key is None:
        return "unchecked", text
    return ("ok" if signed else "hash_only"), text


_EXT = {"sub_status": "ext.daSubStatus", "children": "ext.childDaList"}
_CHILD = {"op_id": "daId", "site": "site", "status": "daStatus", "sub_status": "daSubStatus"}

DEC = Vendor(
    name="dec",
    title_zh="数据快递链 (DEC)",
    title_en="DEC evidence platform",
    zone="Asia/Shanghai",
    statuses=load_status_table("dec_da_status.csv"),
    ids=_IDS,
    request=Message(
        {
            "app_id": "request.auth.appId",
            "biz_no": "request.arg.bizNo",
            "site": "request.arg.site",
            "access_way": "request.arg.accessWay",
            "id_no": "request.arg.idNo",
            "error_code": "response.errorCode",
            "op_id": "response.data.daId",
        }
    ),
    notification=Message(
        {
            "event": "func",
            "op_id": "data.daId",
            "app_id": "data.bizAppId",
            "biz_no": "data.bizNo",
            "site": "data.site",
            "status": "data.daStatus",
            "json_result": "data.jsonResult",
            "authorized_ms": "data.authorizedTs",
            **{k: f"data.{v}" for k, v in _EXT.items()},
        },
        _CHILD,
    ),
    poll=Message(
        {
            "op_id": "response.data.daId",
            "app_id": "response.data.appId",
            "biz_no": "response.data.bizNo",
            "site": "response.data.browsingSite",
            "status": "response.data.daStatus",
            "json_result": "response.data.jsonResult",
            "authorized_ms": "response.data.authorizedTs",
            **{k: f"response.data.{v}" for k, v in _EXT.items()},
        },
        _CHILD,
    ),
    check=check_notification,
    statement_columns={
        "op_id": "da_id",
        "biz_no": "biz_no",
        "app_id": "app_id",
        "site": "site",
        "access_way": "access_way",
        "status": "da_status",
        "sub_status": "da_sub_status",
        "json_result": "json_result",
        "authorized": "authorize_time",
        "charge": "charge_flag",
        "package": "charge_package",
        "protocol": "user_protocol_upload_flag",
        "created": "create_time",
    },
    statement_file=r"(?P<app>[0-9A-Za-z]{8})_(?P<day>20\d{6})(?!\d)",
    evidence_days=10,
)
