"""A small finished run, made by hand, for the tests of the renderers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from idvtools.ledger.columns import LEDGER_SCHEMA
from idvtools.report.extras import REFUSED_SCHEMA, Extras
from idvtools.report.model import (
    Bucket,
    Caveat,
    Coverage,
    EvidenceState,
    InputFile,
    Law,
    Notifications,
    Ours,
    Summary,
    VendorSide,
)

OP = "zd1uahd81589468946623610880"
DIGITS = "358971324464386159112345678"  # 27 digits: any float on the way would ruin them
HOSTILE = [
    "<script>alert(1)</script>",
    '=HYPERLINK("http://evil.example","click")',
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\tcmd",
    "\r=1",
    "＝1+1",
    "a\x01b\x1fc",
    "_x0041__x000D_",
    "]]> & \"q\" 'a'",
    "{{ 7 * 7 }}",
    DIGITS,
    "1E5",
    "#N/A",
    "TRUE",
]


def bucket(rows: int, ours: str, vendor: str) -> Bucket:
    return Bucket(rows, Decimal(ours), Decimal(vendor), Decimal(vendor) - Decimal(ours))


def summary(**changes: Any) -> Summary:
    """Vendor 42.00, ours 36.00, difference 6.00: 3.00 overbilled, -3.00 underbilled, 6.00 undecided."""
    run = Summary(
        vendor="dec",
        period_from=date(2026, 10, 1),
        period_to=date(2026, 10, 31),
        timezone="Asia/Shanghai",
        generated_at=datetime(2026, 11, 2, 1, 30, 5, tzinfo=UTC),
        tool_version="0.1.0",
        currency="CNY",
        inputs=(InputFile("statements/交易流水对账单_zd1uahd8_20261001.csv", 17, 1, "ab" * 32),),
        operations=17,
        start_failures=2,
        ours=Ours(12, 2, 1, Decimal("36.00")),
        statement=VendorSide(17, 14, 1, Decimal("42.00")),
        difference=Decimal("6.00"),
        undecided_amount=Decimal("6.00"),
        buckets={
            "duplicate_in_statement": bucket(0, "0.00", "0.00"),
            "only_in_statement": bucket(0, "0.00", "0.00"),
            "only_in_ours": bucket(0, "0.00", "0.00"),
            "statement_missing": bucket(0, "0.00", "0.00"),
            "undecidable": bucket(2, "0.00", "6.00"),
            "overbilled": bucket(1, "0.00", "3.00"),
            "underbilled": bucket(1, "3.00", "0.00"),
            "fields_differ": bucket(1, "3.00", "3.00"),
            "matched": bucket(12, "30.00", "30.00"),
        },
        coverage=Coverage(31, (date(2026, 10, 17),), (("zd1uahd8", date(2026, 10, 17)),)),
        notifications=Notifications(40, 39, 3, 1, 5),
        evidence=EvidenceState(10, 7, 2, 1),
        laws=(Law("money", "6.00", "6.00", True),),
        caveats=(Caveat("no statement on 2026-10-17 <b>", "10 月 17 日缺对账单 <b>"),),
        assumptions={"clock": "request", "key": "app_id, subject, site, day"},
        causes={"clock_create_time": {"rows": 1, "difference": "3.00"}},
    )
    return replace(run, **changes)


def ledger_row(**values: Any) -> dict[str, Any]:
    """One overbilled row of the ledger; `values` replace its columns."""
    row = dict.fromkeys(LEDGER_SCHEMA.names)
    at = datetime(2026, 9, 30, 16, 0, 0, 123000, tzinfo=UTC)  # the first of October in Shanghai
    row |= {
        "op_id": OP,
        "app_id": "zd1uahd8",
        "biz_no": "0012",
        "site": "chrome-govhk-tax",
        "subject": "00e1234567890123",
        "day": date(2026, 10, 1),
        "clock": at,
        "status": 20,
        "vendor_status": -4,
        "final": True,
        "billable": False,
        "vendor_charge": True,
        "reason": "repeat_same_day",
        "amount_ours": Decimal("0.00"),
        "amount_vendor": Decimal("3.00"),
        "statement_file": "statements/a.csv",
        "statement_line": 7,
        "bucket": "overbilled",
        "severity": "money",
        "period_shift": False,
        "source_file": "requests/a.jsonl",
        "source_line": 3,
    }
    return row | values


def breaks(*rows: dict[str, Any]) -> pa.Table:
    """A table as a run gives it: file names dictionary-encoded."""
    table = pa.Table.from_pylist(list(rows), schema=LEDGER_SCHEMA)
    for name in ("statement_file", "source_file"):
        table = table.set_column(table.column_names.index(name), name, table[name].dictionary_encode())
    return table


def hostile_breaks() -> pa.Table:
    """One row for each hostile text, in every text column that a vendor can write."""
    columns = ("op_id", "biz_no", "site", "status_name", "sub_status", "differing_fields", "statement_file", "cause")
    return breaks(*(ledger_row(**dict.fromkeys(columns, text)) for text in HOSTILE))


def extras() -> Extras:
    refused = {
        "received_at": datetime(2026, 10, 2, 16, 30, tzinfo=UTC),
        "op_id": DIGITS,
        "app_id": "zd1uahd8",
        "event": "<img src=x>",
        "file": "callbacks/a.jsonl",
        "line": 9,
    }
    return Extras(
        reasons={"no_status": (1, Decimal("3.00")), "unknown_status": (1, Decimal("3.00"))},
        refused=pa.Table.from_pylist([refused], schema=REFUSED_SCHEMA),
        rejects=[("callbacks/a.jsonl", 12, "=not JSON")],
    )
