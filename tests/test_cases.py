"""The cases of ``tests/cases``: written as workspaces, reconciled, compared. Each fails under its own name."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import reduce
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from cases.reading import read_cases
from cases.story import APPS, DEFAULTS, SITES, Case, Settings, shanghai_day
from cases.writing import write_workspace

import idvtools as idv

CASES = read_cases(Path(__file__).parent / "cases")
WORKSPACES: dict[Settings, list[Case]] = defaultdict(list)
for _case in CASES:
    WORKSPACES[_case.settings].append(_case)

BUCKETS = {
    "duplicate_in_statement", "only_in_statement", "only_in_ours", "statement_missing", "undecidable", "overbilled",
    "underbilled", "fields_differ", "matched",
}  # fmt: skip
REASONS = {
    "first_effective", "repeat_same_day", "ineffective_status", "has_children", "billed_with_parent", "start_failed",
    "not_final", "no_status", "unknown_status", "unknown_subject", "unknown_day", "earlier_undecided",
}  # fmt: skip
VENDOR_ONLY = {"duplicate_in_statement", "only_in_statement"}
FIELD_NAMES = ("da_status", "site", "app_id", "biz_no", "da_sub_status", "json_result")
THREE = {True: "yes", False: "no", None: "unknown"}


@dataclass(frozen=True)
class Run:
    """A reconciled workspace: ledger rows by operation (or by bizNo for a failed start), and the summary."""

    rows: dict[str, list[dict[str, Any]]]
    summary: dict[str, Any]


Reconcile = Callable[[Settings], Run]


@pytest.fixture(scope="module")
def reconciled(tmp_path_factory: pytest.TempPathFactory) -> Reconcile:
    """Reconcile the workspace of some settings, once."""
    runs: dict[Settings, Run] = {}

    def run(settings: Settings) -> Run:
        if settings not in runs:
            folder = write_workspace(tmp_path_factory.mktemp("cases") / "ws", WORKSPACES[settings])
            result = idv.Workspace(folder).reconcile("dec", month="2026-10")
            rows = defaultdict(list)
            for row in result.ledger.to_dict("records"):
                rows[row["biz_no"] if pd.isna(row["op_id"]) else row["op_id"]].append(row)
            runs[settings] = Run(dict(rows), result.summary.to_dict())
        return runs[settings]

    return run


def workspace_name(settings: Settings) -> str:
    return ", ".join(f"{k} = {v}" for k, v in settings if v != DEFAULTS[k]) or "default"


# --- a ledger row in the words of the cases ---------------------------------------------------------------------------


def text(value: Any) -> str:
    return "-" if value is None or pd.isna(value) else str(value)


def three(value: Any) -> str:
    return THREE[None if pd.isna(value) else bool(value)]


def spoken(row: dict[str, Any], names: dict[str, str]) -> dict[str, str]:
    """The row as a case would write it; `names` are the case's names of its operations."""
    theirs_only = row["bucket"] in VENDOR_ONLY
    told = text(row["differing_fields"])
    return {
        "billable": "-" if theirs_only else three(row["billable"]),
        "reason": text(row["reason"]),
        "winner": names.get(text(row["winner_op_id"]), text(row["winner_op_id"])),
        "bucket": text(row["bucket"]),
        "ours": text(row["amount_ours"]),
        "vendor": text(row["amount_vendor"]),
        "severity": text(row["severity"]),
        "status": text(row["status"]),
        "source": text(row["status_source"]),
        "effective": "-" if theirs_only else three(row["effective"]),
        "day": text(row["day"]),
        "flags": " ".join(f for f in ("conflicting_final", "not_in_requests") if f in text(row["flags"])) or "-",
        "differs": told,
        "shift": "yes" if three(row["period_shift"]) == "yes" else "no",
        "package": three(row["package_ours"]),
    }


def agrees(column: str, wanted: str, got: str, biz_no: str) -> bool:
    """Whether a cell is as it should be. A difference must name its field and both values, and no other field."""
    if column != "differs" or wanted == "-":
        return wanted == got
    field, *values = wanted.split()
    real = {**SITES, **APPS, "own": biz_no}
    named = {name for name in FIELD_NAMES if re.search(rf"(?<![a-z_]){name}(?![a-z_])", got)}
    return named == {field} and all(real.get(value, value) in got for value in values)


def compare(case: Case, rows: dict[str, list[dict[str, Any]]]) -> list[str]:
    """All differences between a case and its ledger rows, in words."""
    names = {op.op_id: op.name for op in case.operations if op.op_id}
    found = []
    for op in case.operations:
        ledger = [spoken(row, names) for row in rows.get(op.op_id or op.biz_no, [])]
        wanted = [row for row in case.expected if row["op"] == op.name and not row["bucket"].startswith("(")]
        ledger.sort(key=lambda row: row["bucket"] in VENDOR_ONLY)
        if len(ledger) != len(wanted):
            buckets = [row["bucket"] for row in ledger]
            found.append(f"{op.name}: {len(wanted)} ledger rows expected, got {len(ledger)} {buckets}")
            continue
        for should, got in zip(wanted, ledger, strict=True):
            found += [
                f"{op.name}: {column} should be {cell}, is {got[column]}"
                for column, cell in should.items()
                if column != "op" and not agrees(column, cell, got[column], op.biz_no)
            ]
    return found


# --- the tests --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=[case.slug for case in CASES])
def test_case(case: Case, reconciled: Reconcile) -> None:
    run = reconciled(case.settings)
    found = compare(case, run.rows)
    for path, wanted in case.figures:
        got = reduce(lambda value, key: value[key], path.split("."), run.summary)
        found += [] if str(got) == wanted else [f"summary: {path} should be {wanted}, is {got}"]
    for words in case.warnings:
        if not any(words in caveat for caveat in run.summary["caveats"]):
            found.append(f"no caveat says {words!r}: {run.summary['caveats']}")
    assert not found, f"{case.name} (tests/cases/{case.place})\n  " + "\n  ".join(found)


def totals(cases: Iterable[Case]) -> dict[str, Any]:
    """The figures of the summary, added up from what the cases expect."""
    told = [(case, row) for case in cases for row in case.expected]
    rows = [row for _, row in told if not row["bucket"].startswith("(") and row["bucket"] != "-"]
    ours = [row for row in rows if row["bucket"] not in VENDOR_ONLY]
    reports = [report for case in cases for op in case.operations for report in op.reports if op.parent is None]
    notices = [report for report in reports if report.how != "poll"]

    def amount(column: str, chosen: list[dict[str, str]]) -> Decimal:
        return sum((Decimal(row[column]) for row in chosen if row[column] != "-"), Decimal("0.00"))

    counted = Counter(row["bucket"] for row in rows)
    return {
        "operations": len(ours),
        "start_failures": sum(row["reason"] == "start_failed" for _, row in told),
        "billable": sum(row["billable"] == "yes" for row in ours),
        "undecidable": sum(row["billable"] == "unknown" for row in ours),
        "amount_ours": str(amount("ours", rows)),
        "amount_vendor": str(amount("vendor", rows)),
        "difference": str(amount("vendor", rows) - amount("ours", rows)),
        "undecided_amount": str(amount("vendor", [row for row in ours if row["billable"] == "unknown"])),
        "buckets": {name: counted[name] for name in sorted(BUCKETS)},
        "received": len(notices),
        "failed_check": sum(report.how in ("forged", "tampered", "bad signature") for report in notices),
    }


@pytest.mark.parametrize("settings", WORKSPACES, ids=workspace_name)
def test_the_summary_is_the_sum_of_the_cases(settings: Settings, reconciled: Reconcile) -> None:
    summary = reconciled(settings).summary
    got = {
        "operations": summary["operations"],
        "start_failures": summary["start_failures"],
        "billable": summary["ours"]["billable"],
        "undecidable": summary["ours"]["undecidable"],
        "amount_ours": summary["ours"]["amount"],
        "amount_vendor": summary["statement"]["amount"],
        "difference": summary["difference"]["amount"],
        "undecided_amount": summary["undecided_amount"],
        "buckets": {name: summary["buckets"][name]["rows"] for name in sorted(BUCKETS)},
        "received": summary["notifications"]["received"],
        "failed_check": summary["notifications"]["failed_check"],
    }
    assert got == totals(WORKSPACES[settings])


@pytest.mark.parametrize("settings", WORKSPACES, ids=workspace_name)
def test_the_ledger_holds_nothing_but_the_cases(settings: Settings, reconciled: Reconcile) -> None:
    cases = WORKSPACES[settings]
    known = {op.op_id or op.biz_no for case in cases for op in case.operations}
    assert set(reconciled(settings).rows) <= known


def test_the_table_is_whole() -> None:
    """At least 45 cases, each with a name of its own; every bucket and every reason occurs."""
    assert len(CASES) >= 45
    assert [name for name, times in Counter(case.slug for case in CASES).items() if times > 1] == []
    expected = [row for case in CASES for row in case.expected]
    assert {row["bucket"] for row in expected} - {"-"} >= BUCKETS
    assert {row["reason"] for row in expected} - {"-"} == REASONS
    for case in CASES:
        assert {row["op"] for row in case.expected} == {op.name for op in case.operations}, case.name


def test_no_case_is_in_the_way_of_another() -> None:
    """A missing file must not hide another case's rows, nor an id number lead to another case's person."""
    people: dict[str, str] = {}
    for case in CASES:
        for op in case.operations:
            assert people.setdefault(op.id_no, case.name) == case.name
            days = [] if op.sent is None else [shanghai_day(op.sent)]
            for neighbour in (other for other in WORKSPACES[case.settings] if other is not case):
                assert not {(op.app_id, day) for day in days} & (neighbour.missing - case.missing), case.name
            assert all(abs(shanghai_day(report.at) - day) < timedelta(days=40) for report in op.reports for day in days)
