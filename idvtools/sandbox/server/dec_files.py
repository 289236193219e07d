"""What an operation brings home: bank transactions, a tax receipt, the parsed result. Made up, all from the seed."""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache

from idvtools.sandbox.clockwork import SITES
from idvtools.sandbox.server.dec_operations import Operation
from idvtools.sandbox.server.dec_receipt import receipt

_FEW = 24
_ROW_BYTES = 41
_COLUMNS = ("交易日期", "摘要", "支出", "收入", "余额", "币种")
_NAMES = ("transactionDate", "summary", "debit", "credit", "balance", "currency")
_WORDS = ("工资", "转账", "水电费", "超市消费", "利息", "理财赎回", "取款", "餐饮", "还款", "话费")
_FIRST_DAY = date(2025, 1, 2)
_WHEN = (2026, 1, 1, 0, 0, 0)


def original(operation: Operation, number: int, seed: int) -> tuple[bytes, str]:
    """An original file as a zip, and its name.

    The rows of big files are the same for all operations, and not packed: thousands of them are made for a load test.
    """
    size = operation.outcome.size
    tail = f"{operation.op_id}-{number}"
    if operation.site == SITES[1]:
        name, content = f"e-receipt-{tail}.pdf", receipt(operation, number, size or 0, _taxes(operation))
    else:
        name, content = f"statement-{tail}.csv", _bank(operation, number, seed).encode("utf-8")
    return _zip(name, content, packed=size is None), f"original-{number}.zip"


def parsed(operation: Operation, seed: int) -> bytes:
    """The parse result: JSON whose values are texts."""
    if operation.site == SITES[1]:
        rows = [dict(zip(("yearOfAssessment", "taxPaid", "currency"), r, strict=True)) for r in _taxes(operation)]
    else:
        rows = [dict(zip(_NAMES, r, strict=True)) for r in _rows(seed, operation.serial % 50, _FEW)]
    value = {
        "daId": operation.op_id,
        "site": operation.site,
        "userName": operation.person.name,
        "count": str(len(rows)),
        "list": rows,
    }
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def _bank(operation: Operation, number: int, seed: int) -> str:
    size = operation.outcome.size
    head = (
        "集友银行 交易流水（合成数据）\n"
        f"户名,{operation.person.name}\n账号,***-{operation.serial % 10_000:04d}-{number}\n编号,{operation.op_id}\n"
    )
    if size is None:
        return head + _text(_rows(seed, operation.serial % 50, _FEW))
    return head + _big(seed, max(1, size // _ROW_BYTES))


@lru_cache(maxsize=8)
def _big(seed: int, count: int) -> str:
    return _text(_rows(seed, 0, count))


def _text(rows: Sequence[Sequence[str]]) -> str:
    return "".join(",".join(row) + "\n" for row in (_COLUMNS, *rows))


@lru_cache(maxsize=64)
def _rows(seed: int, turn: int, count: int) -> tuple[tuple[str, ...], ...]:
    """Transactions whose balances follow from one another."""
    rng = random.Random(f"{seed}/server/bank/{turn}")
    day, cents, rows = _FIRST_DAY, rng.randrange(500_000, 9_000_000), []
    for _ in range(count):
        day += timedelta(days=rng.randrange(2) if count > 1000 else rng.randrange(4))
        amount = rng.randrange(100, 300_000)
        spent = rng.random() < 0.6 and amount < cents
        cents += -amount if spent else amount
        text = f"{amount / 100:.2f}"
        paid = (text, "") if spent else ("", text)
        rows.append((f"{day:%Y-%m-%d}", rng.choice(_WORDS), *paid, f"{cents / 100:.2f}", "HKD"))
    return tuple(rows)


def _taxes(operation: Operation) -> list[tuple[str, str, str]]:
    rng = random.Random(operation.serial)
    return [(f"{y}/{y % 100 + 1:02d}", f"{rng.randrange(100_000, 5_000_000) / 100:.2f}", "HKD") for y in (2023, 2024)]


def _zip(name: str, content: bytes, *, packed: bool) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo(name, _WHEN)
        info.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
        archive.writestr(info, content)
    return out.getvalue()
