"""What should be read of a file, told in few words: tables, members, and a collection of files with their truths."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Truth = dict[str, Any]
#: Adds a file and its truth: name, content, kind, tables, and whatever else is certain (see test_evidence_golden.py).
Case = Callable[..., None]


class Cases(dict[str, tuple[bytes, Truth]]):
    """Files by name, each with its truth."""

    def add(
        self, name: str, data: bytes | str, kind: str, *tables: Truth, encoding: str = "utf-8", **more: Any
    ) -> None:
        """Add a file and its truth."""
        truth: Truth = {"kind": kind, "tables": list(tables), **more}
        if kind in ("csv", "txt") or encoding != "utf-8":
            truth["encoding"] = encoding
        if name in self:
            raise ValueError(f"{name} is there twice")
        self[name] = (data.encode(encoding) if isinstance(data, str) else data, truth)


def table(columns: str, *data: str | Sequence[str | None], header: int | None = 1, **more: Any) -> Truth:
    """Tell a table: ``name:type`` columns and rows, parted by ``|``; an empty cell is null."""
    names = [c.rpartition(":") for c in columns.split("|")]
    rows = [[c or None for c in row.split("|")] if isinstance(row, str) else list(row) for row in data]
    return {
        **more,
        "header_row": header,
        "columns": [
            {
                "name": n,
                "type": {"t": "text", "a": "amount", "i": "integer", "d": "date", "m": "datetime", "e": "empty"}[t],
            }
            for n, _, t in names
        ],
        "rows": len(rows),
        "data": rows,
    }


def member(path: str, kind: str = "csv", error: bool = False, **more: Any) -> Truth:
    """Tell a member; ``error`` true: something is said to be wrong with it."""
    return {"path": path, "kind": kind, "error": error, **more}


def placeless(truth: Truth) -> Truth:
    """A table of which nobody can say in which row its header stands: of a page, or of markup."""
    return {key: value for key, value in truth.items() if key != "header_row"}


PEOPLE = "日期,摘要,金额\n2026-01-05,测试转账,120.50\n2026-01-06,样本消费,-35.00\n2026-01-31,测试利息,1.25\n"
PEOPLE_T = table(
    "日期:d|摘要:t|金额:a", "2026-01-05|测试转账|120.50", "2026-01-06|样本消费|-35.00", "2026-01-31|测试利息|1.25"
)
HANT = (
    "日期,說明,金額\n2026-01-05,轉賬予測試商戶,120.50\n"
    "2026-01-06,樣本銀行收費及利息調整,-35.00\n2026-01-31,測試公司薪金入賬,1.25\n"
)
HANT_T = table(
    "日期:d|說明:t|金額:a",
    "2026-01-05|轉賬予測試商戶|120.50",
    "2026-01-06|樣本銀行收費及利息調整|-35.00",
    "2026-01-31|測試公司薪金入賬|1.25",
)
