"""What a workspace will hold, before it is written: plain records, and the truth beside them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from idvtools.sandbox.people import Person

#: How a notification was received, or what is wrong with it.
Manner = Literal["signed", "hash_only", "bare", "wrong_hash", "tampered", "wrong_sign"]
#: The kind of file that a notification stands in.
Place = Literal["daily", "log", "bare"]

#: What checking such a notification must say.
CHECKS: dict[Manner, str] = {
    "signed": "ok",
    "hash_only": "hash_only",
    "bare": "unchecked",
    "wrong_hash": "failed",
    "tampered": "failed",
    "wrong_sign": "failed",
}

# By hand from seed 000 section 3.1, so that the truth does not lean on the table that the ledger reads.
EFFECTIVE_FINAL = (10, 20, 21, 24, 25, 44)
INEFFECTIVE_FINAL = (13, 15, 30, 41, 43, 94)
NOT_FINAL = (-4, 0, 5, 8)
UNLISTED = (77, 63, 110, 7)


def effective(status: int | None) -> bool | None:
    """Whether a status counts as an effective operation; None where that is open.

    Examples
    --------
    >>> [effective(s) for s in (10, 41, 9, 5, 77, None)]
    [True, False, True, None, None, None]
    """
    if status in EFFECTIVE_FINAL or status == 9:
        return True
    return False if status in INEFFECTIVE_FINAL else None


@dataclass(slots=True)
class Expected:
    """The verdict that was planted for an operation."""

    status: int | None
    effective: bool | None
    day: date | None
    billable: bool | None
    reason: str
    winner: str | None
    bucket: str
    period_shift: bool
    differing: tuple[str, ...]
    vendor_rule: str | None


@dataclass(slots=True)
class Operation:
    """One evidence-taking run. Moments are ms UTC.

    `requested` is our clock, `made` the vendor's (the daId's). `logged`: it stands in the request log;
    `clock_logged`: with its clock; `copies`: how often. `key_id`: the AES key it was encrypted with.
    """

    serial: int
    op_id: str
    scenario: str
    person: Person
    app_id: str
    site: str
    biz_no: str
    requested: int
    made: int
    key_id: str
    logged: bool = True
    clock_logged: bool = True
    copies: int = 1
    child_sites: tuple[str, ...] = ()
    parent: Operation | None = None
    row: Row | None = None
    expected: Expected | None = None


@dataclass(slots=True)
class Child:
    """A child of an N-in-one as a message lists it; `as_text`: its numbers stand there as strings."""

    op_id: str
    site: str
    status: int
    sub_status: int
    as_text: bool


@dataclass(slots=True)
class Report:
    """What a notification or a poll says about an operation."""

    op_id: str
    app_id: str
    biz_no: str
    site: str
    user_id: str
    status: int
    sub_status: int
    json_result: int
    authorized: int
    children: tuple[Child, ...]


@dataclass(slots=True)
class Notice:
    """A notification as it came in. `claims`: the status written over the one that was hashed (tampering)."""

    serial: int
    received: int
    report: Report
    manner: Manner
    place: Place
    nonce: str
    claims: int | None = None


@dataclass(slots=True)
class Poll:
    """An answer to get-da-status."""

    serial: int
    polled: int
    report: Report


@dataclass(slots=True)
class Row:
    """A row of the daily statement; `file_day` is the day of the file it stands in."""

    op_id: str
    biz_no: str
    app_id: str
    site: str
    status: int
    sub_status: int
    json_result: int
    authorized: int
    charge: bool
    package: bool
    created: int
    file_app: str
    file_day: date
    scenario: str
    bucket: str | None = None  # only for rows that are no operation's: why


@dataclass(slots=True)
class StartFailure:
    """A start-vdi request that was answered with an error."""

    serial: int
    scenario: str
    person: Person
    app_id: str
    site: str
    biz_no: str
    requested: int
    key_id: str
    error_code: int
    error_message: str


@dataclass(slots=True)
class Noise:
    """A line of a callback log that is no notification."""

    serial: int
    received: int
    place: Place
    data: bytes


@dataclass(slots=True)
class Plan:
    """Everything that will be written."""

    operations: list[Operation] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    polls: list[Poll] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    failures: list[StartFailure] = field(default_factory=list)
    noise: list[Noise] = field(default_factory=list)
    phenomena: dict[str, int] = field(default_factory=dict)
