"""The truth beside a workspace, and the page that says that all of it is made up."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from operator import attrgetter
from pathlib import Path
from typing import Any

from idvtools.sandbox.clockwork import Calendar
from idvtools.sandbox.configured import price
from idvtools.sandbox.messages import iso
from idvtools.sandbox.plan import Operation, Plan, Row
from idvtools.sandbox.statements import statement_name
from idvtools.sandbox.writer import lines_of, save

_ZERO = Decimal("0.00")


def write_truth(
    root: Path,
    plan: Plan,
    calendar: Calendar,
    notifications: list[dict[str, Any]],
    rejects: list[dict[str, Any]],
) -> None:
    """``truth/``: what was planted, one line an operation, row, failed start, notification, unreadable line."""
    ours = sorted(plan.operations, key=attrgetter("requested", "op_id"))
    others = sorted((r for r in plan.rows if r.bucket), key=attrgetter("created", "op_id"))
    failures = sorted(plan.failures, key=attrgetter("requested", "serial"))
    folder = root / "truth"
    save(folder / "operations.jsonl", lines_of(_operation(o, calendar) for o in ours))
    save(
        folder / "statement_only.jsonl",
        lines_of(
            {
                "op_id": r.op_id,
                "scenario": r.scenario,
                "bucket": r.bucket,
                "file": statement_name(r.file_app, r.file_day),
                "amount_ours": None,
                "amount_vendor": str(vendor_amount(r, calendar)),
            }
            for r in others
        ),
    )
    save(
        folder / "start_failures.jsonl",
        lines_of(
            {
                "scenario": f.scenario,
                "app_id": f.app_id,
                "biz_no": f.biz_no,
                "site": f.site,
                "requested_at": iso(calendar, f.requested),
                "error_code": f.error_code,
                "file": "requests/" + calendar.request_file(f.requested)[1],
            }
            for f in failures
        ),
    )
    save(folder / "notifications.jsonl", lines_of(notifications))
    save(folder / "rejects.jsonl", lines_of(rejects))
    counts = ",\n".join(f'  "{name}": {count}' for name, count in sorted(plan.phenomena.items()))
    save(folder / "phenomena.json", "{\n" + counts + "\n}\n" if counts else "{}\n")


def vendor_amount(row: Row, calendar: Calendar) -> Decimal:
    """What a statement row charges: the price of its own site and day, 0 from a package or without a charge."""
    return price(calendar, row.site, calendar.day_of(row.created)) if row.charge and not row.package else _ZERO


def _our_amount(operation: Operation, calendar: Calendar) -> Decimal | None:
    expected = operation.expected
    assert expected is not None
    if expected.billable is None:
        return None
    if not expected.billable or (operation.row and operation.row.charge and operation.row.package):
        return _ZERO
    assert expected.day is not None
    return price(calendar, operation.site, expected.day)


def _operation(operation: Operation, calendar: Calendar) -> dict[str, Any]:
    expected = operation.expected
    assert expected is not None, f"scenario {operation.scenario} states no verdict"
    ours = _our_amount(operation, calendar)
    line: dict[str, Any] = {
        "op_id": operation.op_id,
        "scenario": operation.scenario,
        "status": expected.status,
        "effective": expected.effective,
        "day": expected.day.isoformat() if expected.day else None,
        "billable": expected.billable,
        "reason": expected.reason,
        "winner_op_id": expected.winner,
        "bucket": expected.bucket,
        "amount_ours": None if ours is None else str(ours),
        "amount_vendor": str(vendor_amount(operation.row, calendar)) if operation.row else None,
    }
    if operation.parent:
        line["parent_op_id"] = operation.parent.op_id
    if expected.period_shift:
        line["period_shift"] = True
    if expected.differing:
        line["differing_fields"] = list(expected.differing)
    if expected.vendor_rule:
        line["vendor_rule"] = expected.vendor_rule
    return line


def readme(month: str, operations: int, seed: int, phenomena: Mapping[str, int]) -> str:
    """The workspace's README.md."""
    rows = "".join(f"| `{name}` | {count} |\n" for name, count in sorted(phenomena.items()))
    return _README.format(month=month, operations=operations, seed=seed, rows=rows)


_README = """# A synthetic workspace: {month}

**Everything here is made up. 本目录全部为合成数据，不涉及任何真实个人、机构或密钥。**
No person in it exists (every id number begins with 999999, a region that no real id has; every name with 测试), no
operation took place, every key is derived from a public seed and protects nothing, every URL is under example.com.

Made by

    idvtools generate DIR --operations {operations} --seed {seed} --month {month}

that is `idvtools.sandbox.generate(folder, operations={operations}, seed={seed}, month="{month}")`. The same arguments
give the same bytes, file by file. No clock is read.

## What is in it

- `idvtools.toml`, `keys/`: settings of vendor `dec` with two apps, rotated AES keys (one of them is lost on purpose),
  two sites' prices, one of which changes on the 16th.
- `requests/`: start-vdi as JSON lines with encrypted fields (one file packed), as a clear CSV export, as Parquet.
- `callbacks/`: notifications, a file a day (the first days packed), a file of bare bodies, a file of application log
  lines; retries, forgeries and unreadable lines among them. `polls/`: our own status calls.
- `statements/`: the vendor's file of each app and day, in UTF-8, UTF-8 with BOM and GB18030, with three ways to write a
  time. One app's file of one day is absent on purpose.
- `truth/`: what was planted, not what idvtools computes. idvtools does not read it.

## The truth

People are fresh in every group, so that what happens in one group cannot change another. Each group was written by a
scenario that states its verdict in advance; `truth/phenomena.json` counts them.

- `operations.jsonl`, one line an operation: `op_id, scenario, status, effective, day, billable, reason, winner_op_id,
  bucket, amount_ours, amount_vendor`, and where it applies `parent_op_id, period_shift, differing_fields, vendor_rule`
  (what the vendor did instead of the published rule).
- `statement_only.jsonl`: rows of the statement that are duplicates or belong to no operation of ours.
- `start_failures.jsonl`: starts that were answered with an error.
- `notifications.jsonl`: where each notification stands and what checking it must say. `rejects.jsonl`: where the
  unreadable lines stand.

## Phenomena

| phenomenon | times |
| --- | --- |
{rows}"""
