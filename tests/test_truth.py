"""Synthetic months against the truth that was planted beside them: every row, every check, every reject."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import idvtools as idv
from idvtools.report.result import Reconciliation
from idvtools.sandbox import generate

SAMPLE = Path(__file__).parent.parent / "sample_data" / "2026-10"
#: Operations, seed and month of the workspaces that are made anew; the sample lies in the repository.
MADE = {"2026-02": (900, 11), "2028-01": (1700, 2024)}
VENDOR_ONLY = ("duplicate_in_statement", "only_in_statement")
MS = pa.timestamp("ms", tz="UTC")
MONEY = pa.decimal128(18, 2)
#: ``ledger.parquet`` as workspace.md section 3 has it. None: any whole number.
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
class Reconciled:
    """A workspace and what idvtools makes of it."""

    folder: Path
    month: str
    result: Reconciliation

    @property
    def rows(self) -> list[Line]:
        """The ledger's rows as plain Python, nulls as None."""
        return self.result.rows().to_pylist()

    def truth(self, name: str) -> list[Line]:
        """A file of the planted truth."""
        return [json.loads(line) for line in (self.folder / "truth" / f"{name}.jsonl").read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    found = {"2026-10": tmp_path_factory.mktemp("sample") / "ws"}
    shutil.copytree(SAMPLE, found["2026-10"])
    return found


@pytest.fixture(scope="module", params=["2026-10", *MADE])
def month(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Reconciled:
    return reconciled(request.param, tmp_path_factory.mktemp("truth") / "ws")


def reconciled(name: str, folder: Path) -> Reconciled:
    if name in MADE:
        operations, seed = MADE[name]
        generate(folder, operations=operations, seed=seed, month=name)
    else:
        shutil.copytree(SAMPLE, folder)
    shutil.copytree(folder / "truth", folder.parent / "truth")
    return Reconciled(folder, name, idv.Workspace(folder).reconcile("dec", month=name))


def is_ours(row: Line) -> bool:
    """Whether a ledger row is an operation, not a failed start and not the vendor's alone."""
    return row["reason"] != "start_failed" and row["bucket"] not in VENDOR_ONLY
