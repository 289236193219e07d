"""What a reconciliation reads of DEC: where fields stand, how statements are written, what a daId tells."""

from __future__ import annotations

from datetime import datetime

from idvtools.ledger.rules import SnowflakeId
from idvtools.vendors.base import Books, Callbacks, Message, load_statuses
from idvtools.vendors.base.codes import FOLDER
from idvtools.vendors.dec.signing import check_deliveries

_IDS = SnowflakeId(prefix=8, epoch_ms=1288834974657)


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
    return _IDS.time(da_id) if isinstance(da_id, str) else None


_EXT = {"sub_status": "ext.daSubStatus", "children": "ext.childDaList"}
_CHILD = {"op_id": "daId", "site": "site", "status": "daStatus", "sub_status": "daSubStatus"}


BOOKS = Books(
    statuses=load_statuses(FOLDER / "dec_da_status.csv"),
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

CALLBACKS = Callbacks(
    message=Message(
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
    marker="data.daId",
    answer="errorCode",
    check=check_deliveries,
    headers=("decshash", "decssign"),
    table="da_status",
)
