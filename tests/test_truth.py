"""Synthetic months against the truth that was planted beside them: every row, every check, every reject."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import idvtools as idv
from idvtools.report.result import Reconciliation
from idvtools.sandbox import generate

SAMPLE = Path(__file__).parent.parent / "sample_data" / "2026-10"
#: Operations and seed of the months that are made anew; the sample lies in the repository.
MADE = {"2026-02": (900, 11), "2028-01": (1700, 2024)}
TRUTHS = ("operations", "statement_only", "start_failures", "notifications", "rejects")
VENDOR_ONLY = ("duplicate_in_statement", "only_in_statement")
FIELD_NAMES = ("da_status", "site", "app_id", "biz_no", "da_sub_status", "json_result")
COMPARED = (
    "status", "effective", "day", "billable", "reason", "winner_op_id", "bucket", "amount_ours", "amount_vendor",
    "parent_op_id",
)  # fmt: skip
MS = pa.timestamp("ms", tz="UTC")
MONEY = pa.decimal128(18, 2)
#: ``ledger.parquet`` as workspace.md section 3 has it; None is any whole number.
CONTRACT: dict[str, pa.DataType | None] = {
    "op_id": pa.string(), "parent_op_id": pa.string(), "app_id": pa.string(), "biz_no": pa.string(),
    "site": pa.string(), "subject": pa.string(), "day": pa.date32(), "clock": MS, "clock_source": pa.string(),
    "da_id_time": MS, "status": None, "status_name": pa.string(), "status_source": pa.string(),
    "sub_status": pa.string(), "final": pa.bool_(), "effective": pa.bool_(), "json_result": None,
    "authorized_at": MS, "flags": pa.string(), "billable": pa.bool_(), "reason": pa.string(),
    "winner_op_id": pa.string(), "amount_ours": MONEY, "package_ours": pa.bool_(), "statement_file": pa.string(),
    "statement_line": None, "vendor_status": None, "vendor_sub_status": pa.string(), "vendor_charge": pa.bool_(),
    "vendor_package": pa.bool_(), "vendor_create_time": MS, "amount_vendor": MONEY, "bucket": pa.string(),
    "severity": pa.string(), "cause": pa.string(), "differing_fields": pa.string(), "period_shift": pa.bool_(),
    "source_file": pa.string(), "source_line": None,
}  # fmt: skip
Line = dict[str, Any]


@dataclass(frozen=True)
class Month:
    """A workspace without its truth, the truth, and what idvtools makes of the workspace."""

    name: str
    folder: Path
    truth: dict[str, list[Line]]
    phenomena: dict[str, int]
    result: Reconciliation

    @cached_property
    def rows(self) -> list[Line]:
        """The ledger's rows as plain Python, nulls as None."""
        rows: list[Line] = self.result.rows().to_pylist()
        return rows

    @cached_property
    def ours(self) -> list[Line]:
        """The rows that are operations, not the vendor's rows alone and not failed starts."""
        return [r for r in self.rows if r["reason"] != "start_failed" and r["bucket"] not in VENDOR_ONLY]


@pytest.fixture(scope="module", params=["2026-10", *MADE])
def month(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Month:
    name, folder = request.param, tmp_path_factory.mktemp("truth") / "ws"
    if name in MADE:
        operations, seed = MADE[name]
        generate(folder, operations=operations, seed=seed, month=name)
    else:
        shutil.copytree(SAMPLE, folder)
    planted = folder / "truth"
    truth = {t: [json.loads(line) for line in (planted / f"{t}.jsonl").read_text("utf-8").splitlines()] for t in TRUTHS}
    phenomena = json.loads((planted / "phenomena.json").read_text("utf-8"))
    shutil.rmtree(planted)  # nobody is to copy from it
    return Month(name, folder, truth, phenomena, idv.Workspace(folder).reconcile("dec", month=name))


def in_truths_words(row: Line) -> Line:
    """The compared cells of a ledger row as the truth writes them."""
    cells = {name: row[name] for name in COMPARED}
    return {k: str(v) if isinstance(v, (Decimal, date)) else v for k, v in cells.items()}


def report(differences: list[tuple[Any, ...]]) -> str:
    return "\n".join([f"{len(differences)} differences", *(" | ".join(map(str, d)) for d in differences[:25])])


# ---- every row


def test_each_operation_stands_in_the_ledger_once(month: Month) -> None:
    planted = [line["op_id"] for line in month.truth["operations"]]
    assert Counter(row["op_id"] for row in month.ours) == Counter(planted)
    assert len(planted) == len(set(planted)) == MADE.get(month.name, (3000, 0))[0]


def test_every_operation_is_judged_as_planted(month: Month) -> None:
    got = {row["op_id"]: in_truths_words(row) for row in month.ours}
    found = [
        (line["scenario"], line["op_id"], name, f"planted {line.get(name)}", f"got {got[line['op_id']][name]}")
        for line in month.truth["operations"]
        for name in COMPARED
        if line.get(name) != got[line["op_id"]][name]
    ]
    assert not found, report(found)


def test_every_period_shift_and_difference_is_named(month: Month) -> None:
    got = {row["op_id"]: row for row in month.ours}
    found: list[tuple[Any, ...]] = []
    for line in month.truth["operations"]:
        row = got[line["op_id"]]
        if line.get("period_shift", False) is not bool(row["period_shift"]):
            found.append((line["scenario"], line["op_id"], "period_shift", row["period_shift"]))
        told = row["differing_fields"] or ""
        named = {name for name in FIELD_NAMES if re.search(rf"(?<![a-z_]){name}(?![a-z_])", told)}
        if row["bucket"] in ("matched", "fields_differ") and named != set(line.get("differing_fields", [])):
            found.append((line["scenario"], line["op_id"], line.get("differing_fields"), told))
    assert not found, report(found)


def test_every_row_of_the_vendor_alone_is_as_planted(month: Month) -> None:
    columns = ("op_id", "bucket", "amount_ours", "amount_vendor")
    got = Counter(
        (*(None if row[c] is None else str(row[c]) for c in columns), row["statement_file"])
        for row in month.rows
        if row["bucket"] in VENDOR_ONLY
    )
    # Which of two equal rows in two files is the first one is nobody's truth: the file counts where there is one.
    twice = {line["op_id"] for line in month.truth["statement_only"] if line["bucket"] == VENDOR_ONLY[0]}
    planted = Counter((*(line[c] for c in columns), line["file"]) for line in month.truth["statement_only"])
    assert without_file(got, twice) == without_file(planted, twice)
    assert planted.total() > 0


def without_file(rows: Counter[tuple[Any, ...]], of: set[str]) -> Counter[tuple[Any, ...]]:
    found: Counter[tuple[Any, ...]] = Counter()
    for row, times in rows.items():
        found[row[:-1] if row[0] in of else row] += times
    return found


def test_every_start_failure_is_as_planted(month: Month) -> None:
    failed = [row for row in month.rows if row["reason"] == "start_failed"]
    got = Counter((r["app_id"], r["biz_no"], r["site"], r["clock"], r["source_file"]) for r in failed)
    planted = Counter(
        (f["app_id"], f["biz_no"], f["site"], datetime.fromisoformat(f["requested_at"]).astimezone(UTC), f["file"])
        for f in month.truth["start_failures"]
    )
    assert got == planted
    assert month.result.summary.start_failures == planted.total() > 0
    cells = {(row["op_id"], row["bucket"], row["billable"], row["amount_ours"]) for row in failed}
    assert cells == {(None, None, False, Decimal("0.00"))}


def test_every_notification_is_checked_as_planted(month: Month) -> None:
    table = idv.Workspace(month.folder).callbacks("dec")
    got = {(n["file"], n["line"]): (n["op_id"], n["check"]) for n in table.to_dict("records")}
    assert len(got) == len(table)
    planted = {(n["file"], n["line"]): (n["op_id"], n["check"]) for n in month.truth["notifications"]}
    found = [
        (place, f"planted {planted.get(place)}", f"got {got.get(place)}")
        for place in planted.keys() | got.keys()
        if planted.get(place) != got.get(place)
    ]
    assert not found, report(found)
    checks = Counter(check for _, check in planted.values())
    assert set(checks) == {"ok", "hash_only", "unchecked", "failed"}
    counted = month.result.summary.notifications
    assert counted.received == len(planted)
    assert (counted.failed_check, counted.unchecked) == (checks["failed"], checks["unchecked"])
    assert counted.accepted == counted.received - counted.failed_check


def test_every_unreadable_line_is_rejected_and_no_other(month: Month) -> None:
    got = [(line["file"], line["line"]) for line in month.result.reject_lines.to_pylist()]
    assert sorted(got) == sorted((line["file"], line["line"]) for line in month.truth["rejects"])
    assert sum(file.rejected for file in month.result.summary.inputs) == len(got) > 0
    assert all(line["reason"] for line in month.result.reject_lines.to_pylist())


# ---- the laws, worked out apart from idvtools


def statement_lines(folder: Path) -> int:
    """Data rows of all statement files, counted without idvtools."""
    total = 0
    for path in (folder / "statements").iterdir():
        raw = path.read_bytes()
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = raw.decode("gb18030")
        total += sum(1 for _ in csv.DictReader(text.splitlines()))
    return total


def test_both_conservation_laws_hold_and_are_printed(month: Month, tmp_path: Path) -> None:
    summary = month.result.summary
    lines = [*month.truth["operations"], *month.truth["statement_only"]]
    ours, theirs = (
        sum((Decimal(line[side]) for line in lines if line[side] is not None), Decimal(0))
        for side in ("amount_ours", "amount_vendor")
    )
    rows_ours, rows_vendor = len(month.truth["operations"]), statement_lines(month.folder)
    expected = [str(rows_ours), str(rows_vendor), f"{theirs - ours:.2f}"]
    assert [(law.left, law.right, law.holds) for law in summary.laws] == [(text, text, True) for text in expected]
    assert (summary.ours.amount, summary.statement.amount, summary.difference) == (ours, theirs, theirs - ours)

    # The same from what is printed: every row of either side in one bucket, the buckets' differences in sum.
    printed = json.loads(month.result.to_json())
    assert [law["left"] for law in printed["laws"]] == expected
    buckets = printed["buckets"]
    assert sum(b["rows"] for n, b in buckets.items() if n not in VENDOR_ONLY) == printed["operations"] == rows_ours
    listed = Counter(row["bucket"] for row in month.rows if row["vendor_charge"] is not None)
    assert listed.total() == printed["statement"]["rows"] == rows_vendor
    assert Counter(row["bucket"] for row in month.rows if row["bucket"]) == {n: b["rows"] for n, b in buckets.items()}
    assert f"{sum(Decimal(b['difference']) for b in buckets.values()):.2f}" == printed["difference"]["amount"]
    html = month.result.to_html(tmp_path / "r.html", "en").read_text("utf-8")
    for law in summary.laws:
        assert re.search(rf">{re.escape(law.left)}</td>\s*<td[^>]*>{re.escape(law.right)}</td>", html), law


def test_undecided_amount_is_what_the_vendor_charges_on_undecided_rows(month: Month) -> None:
    stake = [line["amount_vendor"] for line in month.truth["operations"] if line["billable"] is None]
    assert month.result.summary.undecided_amount == sum(Decimal(amount) for amount in stake if amount is not None)
    assert month.result.summary.ours.undecidable == len(stake)


# ---- ledger.parquet


def test_running_twice_gives_the_same_bytes(month: Month, tmp_path: Path) -> None:
    written = (month.result.write(tmp_path / "out") / "ledger.parquet").read_bytes()
    again = idv.Workspace(month.folder).reconcile("dec", month=month.name)
    assert again.ledger_file.read_bytes() == written


@pytest.mark.parametrize("month", ["2026-02"], indirect=True)
def test_another_process_gives_the_same_bytes(month: Month, tmp_path: Path) -> None:
    """With another hash seed, in another zone, from another folder, and with memory that is not clean.

    glibc fills fresh memory with the complement of MALLOC_PERTURB_: what a writer leaves unwritten in the file shows.
    """
    script = (
        "import shutil, sys, idvtools; folder, month, to = sys.argv[1:]; "
        "result = idvtools.Workspace(folder).reconcile('dec', month=month); shutil.copy(result.ledger_file, to)"
    )
    command = [sys.executable, "-c", script, os.path.relpath(month.folder, tmp_path), month.name, "second.parquet"]
    memory = {"ARROW_DEFAULT_MEMORY_POOL": "system", "MALLOC_PERTURB_": "113"}
    environ = {**os.environ, **memory, "PYTHONHASHSEED": "1", "TZ": "America/New_York", "LC_ALL": "C"}
    subprocess.run(command, check=True, env=environ, cwd=tmp_path, capture_output=True)
    assert (tmp_path / "second.parquet").read_bytes() == month.result.ledger_file.read_bytes()


def test_rows_stand_by_day_app_site_clock_and_id_nulls_last(month: Month) -> None:
    order = ("day", "app_id", "site", "clock", "op_id")
    keys = [tuple((row[c] is None, "" if row[c] is None else row[c]) for c in order) for row in month.rows]
    assert keys == sorted(keys)
    days = [row["day"] for row in month.rows]
    assert None in days
    assert days[0] is not None


def test_columns_and_types_are_those_of_the_contract(month: Month, tmp_path: Path) -> None:
    path = month.result.write(tmp_path / "out") / "ledger.parquet"
    schema = pq.read_schema(path)
    assert schema.names == list(CONTRACT)
    for field in schema:
        wanted = CONTRACT[field.name]
        assert pa.types.is_integer(field.type) if wanted is None else field.type == wanted, field
    # as another program sees it
    described = duckdb.execute("describe select * from read_parquet(?)", [str(path)]).fetchall()
    kind = {row[0]: row[1] for row in described}
    assert {kind[c] for c in ("op_id", "winner_op_id", "subject", "source_file", "differing_fields")} == {"VARCHAR"}
    assert {kind[c] for c in ("amount_ours", "amount_vendor")} == {"DECIMAL(18,2)"}
    assert {kind[c] for c in ("billable", "effective")} == {"BOOLEAN"}
    assert (kind["day"], kind["clock"]) == ("DATE", "TIMESTAMP WITH TIME ZONE")
    ledger = month.result.ledger
    assert list(ledger.columns) == list(CONTRACT)
    assert {str(ledger[c].dtype) for c in ("billable", "effective")} == {"boolean"}
    assert {type(a) for a in ledger["amount_ours"].dropna()} == {Decimal}


def test_nobody_can_be_read_from_the_ledger(month: Month) -> None:
    """The made-up id numbers all begin with 999999; a subject is 16 hex digits."""
    assert {bool(re.fullmatch("[0-9a-f]{16}", r["subject"])) for r in month.rows if r["subject"]} == {True}
    assert not any("999999" in str(row["subject"]) + str(row["flags"]) for row in month.rows)


# ---- the sample


def test_the_sample_holds_every_phenomenon_ten_times() -> None:
    phenomena: dict[str, int] = json.loads((SAMPLE / "truth" / "phenomena.json").read_text("utf-8"))
    assert {name: times for name, times in phenomena.items() if times < 10} == {}
    assert len(phenomena) >= 60
    planted = [json.loads(line) for line in (SAMPLE / "truth" / "operations.jsonl").read_text("utf-8").splitlines()]
    assert {line["scenario"] for line in planted} <= set(phenomena)
