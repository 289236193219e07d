"""The summary of a reconciliation: one frozen object, read by every renderer."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

Lang = Literal["zh", "en", "both"]


@dataclass(frozen=True, slots=True)
class InputFile:
    """One file that was read: path below the workspace, rows read, rows rejected, SHA-256."""

    path: str
    rows: int
    rejected: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Ours:
    """Our side: billable operations, undecidable ones, package units, amount."""

    billable: int
    undecidable: int
    packages: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class VendorSide:
    """The statement's side: rows, rows charged, package units, amount."""

    rows: int
    charged: int
    packages: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Bucket:
    """One bucket: rows of either side, amounts, and ``vendor - ours``."""

    rows: int
    amount_ours: Decimal
    amount_vendor: Decimal
    difference: Decimal


@dataclass(frozen=True, slots=True)
class Coverage:
    """Statement files: days asked for, days on which an active app's file is missing."""

    days_expected: int
    days_missing: tuple[date, ...]
    files_missing: tuple[tuple[str, date], ...]


@dataclass(frozen=True, slots=True)
class Notifications:
    """Notifications of the whole log.

    ``received = accepted + failed_check``; `duplicates` (an event that was accepted before) and
    `unchecked` (nothing to check it with) are among the accepted ones.
    """

    received: int
    accepted: int
    duplicates: int
    failed_check: int
    unchecked: int


@dataclass(frozen=True, slots=True)
class EvidenceState:
    """Billed, authorised successes: ``needed = present + due_soon + lost``."""

    needed: int
    present: int
    due_soon: int
    lost: int


@dataclass(frozen=True, slots=True)
class Caveat:
    """Something a reader must know before trusting a figure; said in both languages."""

    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class Law:
    """A conservation law as checked: both sides, and whether it holds (always, or the run stops)."""

    name: str
    left: str
    right: str
    holds: bool


@dataclass(frozen=True, slots=True)
class Summary:
    """What ``summary.json`` says (workspace.md section 3). Amounts are in `currency`."""

    vendor: str
    period_from: date
    period_to: date
    timezone: str
    generated_at: datetime
    tool_version: str
    currency: str | None
    inputs: tuple[InputFile, ...]
    operations: int
    start_failures: int
    ours: Ours
    statement: VendorSide
    difference: Decimal
    undecided_amount: Decimal
    buckets: dict[str, Bucket]
    coverage: Coverage
    notifications: Notifications
    evidence: EvidenceState
    laws: tuple[Law, ...]
    caveats: tuple[Caveat, ...]
    assumptions: dict[str, str]
    causes: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The summary as plain JSON values; amounts are strings with two decimals."""
        return {
            "vendor": self.vendor,
            "period": {"from": self.period_from.isoformat(), "to": self.period_to.isoformat()},
            "timezone": self.timezone,
            "generated_at": self.generated_at.isoformat(timespec="seconds"),
            "tool_version": self.tool_version,
            "currency": self.currency,
            "inputs": [
                {"path": f.path, "rows": f.rows, "rejected": f.rejected, "sha256": f.sha256} for f in self.inputs
            ],
            "operations": self.operations,
            "start_failures": self.start_failures,
            "ours": {
                "billable": self.ours.billable,
                "undecidable": self.ours.undecidable,
                "packages": self.ours.packages,
                "amount": money(self.ours.amount),
            },
            "statement": {
                "rows": self.statement.rows,
                "charged": self.statement.charged,
                "packages": self.statement.packages,
                "amount": money(self.statement.amount),
            },
            "difference": {"amount": money(self.difference)},
            "undecided_amount": money(self.undecided_amount),
            "buckets": {
                name: {
                    "rows": b.rows,
                    "amount_ours": money(b.amount_ours),
                    "amount_vendor": money(b.amount_vendor),
                    "difference": money(b.difference),
                }
                for name, b in self.buckets.items()
            },
            "causes": self.causes,
            "coverage": {
                "days_expected": self.coverage.days_expected,
                "days_missing": [d.isoformat() for d in self.coverage.days_missing],
                "files_missing": [{"app_id": a, "day": d.isoformat()} for a, d in self.coverage.files_missing],
            },
            "notifications": {
                "received": self.notifications.received,
                "accepted": self.notifications.accepted,
                "duplicates": self.notifications.duplicates,
                "failed_check": self.notifications.failed_check,
                "unchecked": self.notifications.unchecked,
            },
            "evidence": {
                "needed": self.evidence.needed,
                "present": self.evidence.present,
                "due_soon": self.evidence.due_soon,
                "lost": self.evidence.lost,
            },
            "laws": [{"name": w.name, "left": w.left, "right": w.right, "holds": w.holds} for w in self.laws],
            "caveats": [c.en for c in self.caveats],
            "assumptions": dict(self.assumptions),
        }


def money(amount: Decimal) -> str:
    """An amount as text with two decimals.

    Examples
    --------
    >>> money(Decimal("3"))
    '3.00'
    """
    return f"{amount:.2f}"
