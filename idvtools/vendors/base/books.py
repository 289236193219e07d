"""How a vendor's logs and statements are read for a reconciliation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from idvtools.ledger.rules import SnowflakeId, StatusCode
from idvtools.vendors.base.codes import read_rows
from idvtools.vendors.base.keys import Keys

CheckResult = Literal["ok", "hash_only", "unchecked", "failed"]

#: Fields that a message about an operation can carry, in the ledger's names.
MESSAGE_FIELDS = (
    "event", "op_id", "app_id", "biz_no", "site", "status", "sub_status", "json_result", "authorized_ms", "children",
)  # fmt: skip
REQUEST_FIELDS = ("app_id", "biz_no", "site", "access_way", "id_no", "error_code", "op_id")
STATEMENT_FIELDS = (
    "op_id", "biz_no", "app_id", "site", "access_way", "status", "sub_status", "json_result", "authorized", "charge",
    "package", "protocol", "created",
)  # fmt: skip


def load_statuses(file: Path) -> tuple[StatusCode, ...]:
    """The status table that decides what is effective, from a code table with the columns for it."""
    return tuple(
        StatusCode(
            code=int(r["code"]),
            name_zh=r["name_zh"],
            name_en=r["name_en"],
            final=r["final"] == "Y",
            success=r["success"] == "Y",
            effective=r["effective"] == "Y",
            progress=int(r["progress"]),
            edition=r["edition"],
            source=r["source"],
        )
        for r in read_rows(file)
    )


@dataclass(frozen=True, slots=True)
class CheckKeys:
    """What a notification is checked with: our app's secret, the platform's public key."""

    app_key: str | None = field(default=None, repr=False)
    public_key: RSAPublicKey | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Message:
    """Where the fields of a JSON message stand (dotted paths below the message's root)."""

    fields: Mapping[str, str]
    child_fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Books:
    """Where everything stands that a reconciliation reads.

    Parameters
    ----------
    statuses, ids
        Code table and form of an operation's id.
    request, notification, poll : Message
        Where fields stand in the exchange we logged, in a notification's body, in a poll's exchange.
    check : callable
        ``check(headers, body, keys)`` tells how far a notification is to be trusted, and which text
        of the body was checked. Header names are lower case.
    check_keys : callable
        ``check_keys(keys)``: by app id, what a notification is checked with.
    statement_columns : mapping
        Our field -> column of the vendor's daily statement.
    statement_file : str
        Regular expression for a statement's file name with the groups ``app`` and ``day`` (yyyymmdd).
    evidence_days : int
        How many days evidence can be pulled after the operation.
    """

    statuses: tuple[StatusCode, ...]
    ids: SnowflakeId
    request: Message
    notification: Message
    poll: Message
    check: Callable[[Mapping[str, str], str, CheckKeys], tuple[CheckResult, str]]
    check_keys: Callable[[Keys], Mapping[str, CheckKeys]]
    statement_columns: Mapping[str, str]
    statement_file: str
    evidence_days: int

    def __post_init__(self) -> None:
        codes = [s.code for s in self.statuses]
        if len(codes) != len(set(codes)):
            raise ValueError("a code stands twice in the status table")
        for message, known in (
            (self.request, REQUEST_FIELDS),
            (self.notification, MESSAGE_FIELDS),
            (self.poll, MESSAGE_FIELDS),
        ):
            if unknown := set(message.fields) - set(known):
                raise ValueError(f"unknown message fields {sorted(unknown)}")
            if "op_id" not in message.fields:
                raise ValueError("a message must name its operation")
        if set(self.statement_columns) != set(STATEMENT_FIELDS):
            raise ValueError("statement_columns must name every field of a statement")
