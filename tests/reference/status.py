"""What an operation's status is: the code table, each report's trust, which report wins (billing.md section 1)."""

from __future__ import annotations

from dataclasses import dataclass

from .model import Notice, Settings

SIGNED, POLLED, HASHED, UNCHECKED = 4, 3, 2, 1
SOURCE = {SIGNED: "signed", POLLED: "poll", HASHED: "hash_only", UNCHECKED: "unchecked"}

# code: (final, effective), the union of all editions (dec.md section 4)
CODES: dict[int, tuple[bool, bool]] = {
    -4: (False, False), 0: (False, False), 4: (False, False), 5: (False, False), 8: (False, False), 9: (False, True),
    10: (True, True), 13: (True, False), 14: (True, True), 15: (True, False), 20: (True, True), 21: (True, True),
    22: (True, False), 24: (True, True), 25: (True, True), 30: (True, False), 41: (True, False), 42: (True, True),
    43: (True, False), 44: (True, True), 50: (True, False), 51: (True, False), 60: (True, False), 61: (True, False),
    62: (True, False), 92: (True, False), 94: (True, False), 100: (True, False), 101: (True, True),
    -60000: (True, False),
}  # fmt: skip
PROGRESS = [-4, 0, 4, 5, 8, 9]


@dataclass(frozen=True)
class Report:
    """One thing said about one operation's status; ``json_result`` None: this report carries none."""

    status: int
    sub_status: str
    json_result: int | None
    trust: int
    received_at: int | None

    @property
    def weight(self) -> tuple[int, float]:
        """Order reports by trust, then by time of arrival; one without a time came first."""
        return self.trust, float("-inf") if self.received_at is None else self.received_at


def trust(notice: Notice, settings: Settings) -> int | None:
    """Weigh a notification; None where a check that can be made fails, so that it is no report at all."""
    if notice.bare or notice.proof == "none" or settings.app_key(notice.app_id) is None:
        return UNCHECKED
    if notice.proof == "bad_hash":
        return None
    if notice.proof == "hash_only" or not settings.public_key:
        return HASHED
    return SIGNED if notice.proof == "signed" else None


def is_final(status: int) -> bool:
    """Tell whether the table calls a code final; an unknown one is not."""
    return status in CODES and CODES[status][0]


def winning_report(reports: list[Report]) -> Report | None:
    """Choose the report that says the operation's status."""
    finals = [r for r in reports if is_final(r.status)]
    unknown = [r for r in reports if r.status not in CODES]
    running = [r for r in reports if r.status in PROGRESS]
    if finals or unknown:
        return max(finals or unknown, key=lambda r: (*r.weight, r.status))
    if running:
        return max(running, key=lambda r: (PROGRESS.index(r.status), *r.weight))
    return None


def settled_json_result(reports: list[Report], winner: Report | None) -> int | None:
    """Give the operation's jsonResult: 5 is only the initial value, so any other one of a success report beats it."""
    if winner is None:
        return None
    if winner.status != 10:
        return winner.json_result
    said = [r for r in reports if r.status == 10 and r.json_result is not None]
    if not said:
        return None
    return max(said, key=lambda r: (r.json_result != 5, *r.weight)).json_result


def effectiveness(status: int | None) -> bool | None:
    """Give the table's Y/N; None for no status, an unknown code, and a running one other than 9."""
    if status is None or status not in CODES:
        return None
    final, effective = CODES[status]
    return effective if final or status == 9 else None
