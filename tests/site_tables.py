"""Small statements, and what is made of them when they are held against the known layouts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from idvtools.evidence import sites
from idvtools.evidence.limits import Budget, Limits
from idvtools.evidence.model import Column, Member, Table

BANKS = {
    "hans": ("交易日期", "摘要", "支出", "存入", "余额"),
    "hant": ("交易日期", "說明", "支出", "存入", "結餘"),
    "en": ("Transaction Date", "Description", "Withdrawal", "Deposit", "Balance"),
}
ROWS = (
    (date(2026, 1, 5), "a", None, Decimal("100.00"), Decimal("1100.00")),
    (date(2026, 1, 6), "b", Decimal("30.50"), None, Decimal("1069.50")),
    (date(2026, 1, 7), "c", Decimal("9.50"), None, Decimal("1060.00")),
    (date(2026, 1, 8), "d", None, Decimal("0.25"), Decimal("1060.25")),
)
TYPES = ("date", "text", "amount", "amount", "amount")


def applied(
    tables: Sequence[Table], text: str, members: Sequence[Member], site: str | None, **more: Any
) -> sites.Applied:
    return sites.apply(tables, text, members, site, Budget(Limits()), **more)


def bank(names: Sequence[str] = BANKS["hans"], rows: Sequence[tuple[Any, ...]] = ROWS, **more: Any) -> Table:
    columns = tuple(Column(n, t) for n, t in zip(names, TYPES, strict=False))  # type: ignore[arg-type]
    return Table("t", "", columns, rows, 1, tuple(range(2, 2 + len(rows))), **more)


def one(table: Table, site: str | None = None, text: str = "", path: str = "") -> Table:
    members = [Member(path, "csv", 1)] if path else []
    return applied([table], text, members, site).tables[0]


def outcome(table: Table) -> dict[str, bool | None]:
    return {check.name: check.ok for check in table.checks}
