"""The ledger against the brute-force reference, on random months; and what must not matter for it.

The reference (``tests/reference``) is written from the specification alone and imports nothing from idvtools.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Hashable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from reference import oracle, random_month, variants
from reference.model import Month

SEEDS = range(240)
ZONES = [
    ("Asia/Shanghai", "2026-10"),
    ("America/New_York", "2026-11"),  # a day of 25 hours
    ("Asia/Shanghai", "2026-10"),
    ("Asia/Kathmandu", "2026-10"),
    ("America/New_York", "2026-10"),
    ("Africa/Cairo", "2026-10"),  # the clock goes back at midnight
    ("Australia/Sydney", "2026-10"),  # a day of 23 hours
    ("UTC", "2026-02"),
]
FIELDS = [
    "status", "from_statement", "effective", "day", "billable", "reason", "winner_op_id", "bucket", "amount_ours",
    "amount_vendor", "severity", "period_shift",
]  # fmt: skip
Row = dict[Hashable, Any]
STATEMENT_ONLY = ["duplicate_in_statement", "only_in_statement"]
# Where a line stands is the only thing that shuffling, copying and cutting files may change.
SOURCE_COLUMNS = ["statement_file", "statement_line", "source_file", "source_line"]


def options(seed: int) -> dict[str, Any]:
    """Choose a seed's options, so that all of them meet each other over the seeds."""
    rng = random.Random(f"options {seed}")
    timezone, month = ZONES[seed % len(ZONES)]
    return {
        "timezone": timezone,
        "month": month,
        "fallback_status": rng.choice(["none", "statement"]),
        "n_in_one": rng.choice(["auto", "auto", "children", "parent"]),
        "prices": rng.choice(["site", "site", "star", "gaps", "none"]),
        "keys": rng.random() < 0.85,
        "public_key": rng.random() < 0.9,
        "unlisted_app": rng.random() < 0.2,
    }


def name(seed: int) -> str:
    """Name a case by its seed and options."""
    chosen = options(seed)
    switches = [key for key in ("keys", "public_key") if not chosen[key]]
    parts = [chosen["timezone"].split("/")[-1], chosen["month"], chosen["fallback_status"], chosen["n_in_one"]]
    parts += [chosen["prices"], *(f"no_{switch}" for switch in switches)]
    return "-".join([str(seed), *parts, *(["unlisted_app"] if chosen["unlisted_app"] else [])])


def reconciled(folder: Path, month: Month) -> pd.DataFrame:
    """Run the product."""
    import idvtools as idv  # noqa: PLC0415 - the reference and the making of months must not see the product

    ledger: pd.DataFrame = idv.Workspace(folder).reconcile("dec", month=month.label).ledger
    return ledger


# --- both sides in one form -------------------------------------------------------------------------------------------


def plain(field: str, value: Any) -> Any:
    """Give a cell of the ledger as plain Python, whatever the column's type."""
    if value is None or pd.isna(value):
        return False if field == "period_shift" else None
    if field == "day":
        return pd.Timestamp(value).date()
    if field.startswith("amount"):
        return Decimal(str(value)).quantize(Decimal("0.01"))
    if field == "status":
        return int(value)
    if field in ("effective", "billable", "period_shift"):
        return bool(value)
    return str(value)


def got_operation(row: Row) -> dict[str, Any]:
    """Read the compared fields of one ledger row."""
    row = {**row, "from_statement": row["status_source"]}
    fields = {field: plain(field, row[field]) for field in FIELDS}
    return {**fields, "from_statement": fields["from_statement"] == "statement"}


def wanted_operation(verdict: oracle.Verdict) -> dict[str, Any]:
    """Read the compared fields of one verdict."""
    return {
        field: verdict.status_source == "statement" if field == "from_statement" else getattr(verdict, field)
        for field in FIELDS
    }


def got_statement_line(row: Row) -> oracle.StatementVerdict:
    """Read a ledger row that only the statement has; our side of it must be empty."""
    ours = ["status", "day", "billable", "reason", "clock", "amount_ours"]
    filled = [field for field in ours if not pd.isna(row[field])]
    assert not filled, f"{row['op_id']} is only in the statement, but has {filled}"
    amount = plain("amount_vendor", row["amount_vendor"])
    created = round(pd.Timestamp(row["vendor_create_time"]).timestamp() * 1000)
    return oracle.StatementVerdict(row["op_id"], row["bucket"], amount, row["severity"], created)


def got_start_failure(row: Row) -> date | None:
    """Read the day of a start that failed."""
    assert plain("op_id", row["op_id"]) is None
    assert plain("bucket", row["bucket"]) is None
    assert plain("severity", row["severity"]) is None
    assert plain("billable", row["billable"]) is False
    assert plain("amount_ours", row["amount_ours"]) == oracle.FREE
    day: date | None = plain("day", row["day"])
    return day


def differences(month: Month, ledger: pd.DataFrame) -> list[tuple[str, str, Any, Any]]:
    """Compare every row; give (op_id, field, expected, got) of all that differs."""
    wanted = oracle.judge(month)
    rows = ledger.to_dict("records")
    found: list[tuple[str, str, Any, Any]] = []

    failures = Counter(got_start_failure(row) for row in rows if row["reason"] == "start_failed")
    for day in failures.keys() | wanted.start_failures.keys():
        if failures[day] != wanted.start_failures[day]:
            found.append((f"start failures of {day}", "rows", wanted.start_failures[day], failures[day]))

    alone = Counter(got_statement_line(row) for row in rows if row["bucket"] in STATEMENT_ONLY)
    for line in alone.keys() | wanted.statement.keys():
        if alone[line] != wanted.statement[line]:
            found.append((line.op_id, f"{line.bucket} rows {line}", wanted.statement[line], alone[line]))

    ours = [row for row in rows if row["reason"] != "start_failed" and row["bucket"] not in STATEMENT_ONLY]
    times = Counter(row["op_id"] for row in ours)
    for op_id in times.keys() | wanted.operations.keys():
        if times[op_id] != (op_id in wanted.operations):
            found.append((op_id, "rows", int(op_id in wanted.operations), times[op_id]))
    for row in ours:
        if row["op_id"] in wanted.operations:
            expected, got = wanted_operation(wanted.operations[row["op_id"]]), got_operation(row)
            found += [
                (row["op_id"], field, expected[field], got[field]) for field in FIELDS if expected[field] != got[field]
            ]
    return sorted(found, key=str)


def assert_agrees(month: Month, ledger: pd.DataFrame) -> None:
    """Fail with a readable table if the product and the reference differ."""
    found = differences(month, ledger)
    lines = [f"{op_id:<32} {field:<14} {expected!s:<24} {got!s}" for op_id, field, expected, got in found[:40]]
    head = f"{'op_id':<32} {'field':<14} {'expected':<24} got"
    counted = dict(Counter(field.split(" ")[0] for _, field, _, _ in found))
    assert not found, "\n".join([f"seed {month.seed}: {len(found)} differences {counted}", head, *lines])


# --- the tests --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS, ids=name)
def test_every_row_is_as_the_reference_says(seed: int, tmp_path: Path) -> None:
    month = random_month.make(seed, **options(seed))
    assert_agrees(month, reconciled(random_month.write(month, tmp_path / "ws"), month))


def comparable(ledger: pd.DataFrame) -> pd.DataFrame:
    """Give the ledger as text without the source columns, in an order of its own."""

    def text_of(cell: Any) -> str:
        return "" if pd.api.types.is_scalar(cell) and pd.isna(cell) else str(cell)

    text = ledger.drop(columns=SOURCE_COLUMNS).astype("object").map(text_of)
    return text.sort_values(list(text.columns), ignore_index=True)


@pytest.mark.parametrize("variant", variants.VARIANTS)
@pytest.mark.parametrize("seed", range(1000, 1016), ids=name)
def test_order_copies_and_cuts_change_nothing(seed: int, variant: str, tmp_path: Path) -> None:
    month = random_month.make(seed, **{**options(seed), "operations": 150})
    before = comparable(reconciled(random_month.write(month, tmp_path / "before"), month))
    changed = random_month.write(month, tmp_path / "after")
    variants.VARIANTS[variant](changed, random.Random(seed))
    after = reconciled(changed, month)
    assert_agrees(month, after)
    pd.testing.assert_frame_equal(before, comparable(after))


@pytest.mark.parametrize("seed", range(2000, 2016), ids=name)
def test_one_operation_less_changes_only_its_group(seed: int, tmp_path: Path) -> None:
    month = random_month.make(seed, **{**options(seed), "operations": 150})
    verdicts = oracle.judge(month).operations
    families = {op_id.split("-")[0] for op_id in [*verdicts, *(row.da_id for row in month.rows)] if "-" in op_id}
    single = sorted(
        op_id for op_id, verdict in verdicts.items() if verdict.group and op_id.split("-")[0] not in families
    )
    gone = random.Random(seed).choice([op_id for op_id in single if verdicts[op_id].reason == "first_effective"])
    touched = [op_id for op_id, verdict in verdicts.items() if verdict.group == verdicts[gone].group]

    less = variants.without(month, gone)
    before = reconciled(random_month.write(month, tmp_path / "before"), month)
    after = reconciled(random_month.write(less, tmp_path / "after"), less)
    assert gone not in set(after["op_id"])
    assert_agrees(less, after)
    rest_before, rest_after = (comparable(ledger[~ledger["op_id"].isin(touched)]) for ledger in (before, after))
    pd.testing.assert_frame_equal(rest_before, rest_after)


def test_running_twice_gives_the_same_ledger(tmp_path: Path) -> None:
    month = random_month.make(7, **options(7))
    folder = random_month.write(month, tmp_path / "ws")
    pd.testing.assert_frame_equal(reconciled(folder, month), reconciled(folder, month))
