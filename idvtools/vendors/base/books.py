"""How a vendor's logs and statements are read for a reconciliation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from idvtools.ledger.rules import SnowflakeId, StatusCode
from idvtools.vendors.base.codes import read_rows

CheckResult = Literal["ok", "hash_only", "unchecked", "failed"]

#: Fields that a message about an operation can carry, in the ledger's names; `delivery` is the vendor's own number of
#: a message that stays the same when it is sent again.
MESSAGE_FIELDS = (
    "event", "op_id", "app_id", "biz_no", "site", "status", "sub_status", "json_result", "authorized_ms", "children",
    "delivery",
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
    """Where the fields of a JSON message stand: dotted paths below its root, several where a field has several."""

    fields: Mapping[str, str | tuple[str, ...]]
    child_fields: Mapping[str, str] = field(default_factory=dict)

    def path(self, name: str) -> str:
        """Where a field stands; the first place where it has several."""
        paths = self.fields[name]
        return paths if isinstance(paths, str) else paths[0]


@dataclass(frozen=True)
class Books:
    """Where everything stands that a reconciliation reads.

    Parameters
    ----------
    statuses, ids
        Code table and form of an operation's id.
    request, poll : Message
        Where fields stand in the exchange we logged, in a poll's exchange. What the vendor sends to us is declared
        by its `Callbacks`.
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
    poll: Message
    statement_columns: Mapping[str, str]
    statement_file: str
    evidence_days: int

    def __post_init__(self) -> None:
        codes = [s.code for s in self.statuses]
        if len(codes) != len(set(codes)):
            raise ValueError("a code stands twice in the status table")
        for message, known in (
            (self.request, REQUEST_FIELDS),
            (self.poll, MESSAGE_FIELDS),
        ):
            if unknown := set(message.fields) - set(known):
                raise ValueError(f"unknown message fields {sorted(unknown)}")
            if "op_id" not in message.fields:
                raise ValueError("a message must name its operation")
        if set(self.statement_columns) != set(STATEMENT_FIELDS):
            raise ValueError("statement_columns must name every field of a statement")
