"""WeBank open platform (微众银行开放平台).

Source: seed 002 and webank.md. An operation is a business request, a ``BizSeqNo`` (ours: ``ConsumerSeqNo``).
"""

import re
from typing import Annotated

from pydantic import AfterValidator

from idvtools.errors import InputError
from idvtools.settings import AppSettings, SecretField, VendorSettings, check_url, key_field
from idvtools.vendors.base import Callbacks, FileCall, Health, Message, Pulls, Vendor, tables
from idvtools.vendors.webank.building import RENEW_AFTER_S, renew
from idvtools.vendors.webank.calls import CALLS
from idvtools.vendors.webank.opening import open_deliveries, repair
from idvtools.vendors.webank.signing import (
    LEGACY,
    Reverse,
    answer_reverse,
    check_file,
    check_reverse,
    encode_plain,
    file_hash,
    sign,
    sign_plain,
)

__all__ = [
    "LEGACY",
    "RENEW_AFTER_S",
    "VENDOR",
    "Reverse",
    "answer_reverse",
    "check_file",
    "check_reverse",
    "encode_plain",
    "file_hash",
    "renew",
    "repair",
    "sign",
    "sign_plain",
]


class WebankApp(AppSettings):
    """One app_id; `salt` is for what WeBank sends to us."""

    secret: SecretField | None = key_field("text")
    salt: SecretField | None = key_field("text")


class WebankSettings(VendorSettings):
    """``[vendors.webank]``."""

    files_url: Annotated[str, AfterValidator(check_url)] | None = None
    business_success: tuple[str, ...] = ()
    apps: tuple[WebankApp, ...] = ()


def _file(file: str) -> dict[str, object]:
    """A file is asked for by its id and its hashValue (seed 002 section 4.5), written ``FILE_ID:HASH``."""
    file_id, colon, hash_value = file.partition(":")
    if not (file_id and colon and re.fullmatch(r"[0-9A-Fa-f]{32}", hash_value)):
        raise InputError("a file of webank is named FILE_ID:HASH_VALUE, as the answer to its upload has them")
    return {"file_id": file_id, "hash_value": hash_value}


VENDOR = Vendor(
    name="webank",
    title_zh="微众银行开放平台",
    title_en="WeBank open platform",
    zone="Asia/Shanghai",
    settings=WebankSettings,
    template="""\
# WeBank open platform (微众银行开放平台).
#[vendors.webank]
#base_url = "https://capapi.example.com"
# Files have a host of their own.
#files_url = "https://capup.example.com"
# Business codes that mean success; without this line those that end in 0000.
#business_success = ["66590000"]

#[[vendors.webank.apps]]
# The app_id.
#id = "wxhiw5xt6q4qtmwcrn"
#secret = {env = "WEBANK_SECRET"}
# Checks what WeBank sends to us, and signs our answers.
#salt = {env = "WEBANK_SALT"}
""",
    tables=tables("webank", ["platform", "reverse", "file_type"]),
    call_tables=("platform",),
    calls=CALLS,
    callbacks=Callbacks(
        message=Message({"event": "kind", "op_id": "op_id", "delivery": "delivery"}),
        marker="Plain",
        check=open_deliveries,
        same=("event", "delivery"),
    ),
    pulls=Pulls((FileCall("download", _file, lambda _: True, keep_answer=False),)),
    health=Health(needed=("secret",), addresses=("base_url", "files_url")),
    renew=renew,
    repair=repair,
)
