"""What the cells of a column are: ids and account numbers stay text, money becomes Decimal, dates become dates.

A column gets a type only if every cell fits it. Where nearly all do, the column stays text, and the cells that don't
fit are named: one impossible date is a thing to look at, not a reason to guess.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from idvtools.evidence.amounts import Amount, decimal_mark, parse_amount, refund_of
from idvtools.evidence.dates import PLAUSIBLE, Moment, Order, order_of, readings, without_year
from idvtools.evidence.model import Cell, ColumnType
from idvtools.evidence.naming import names_date, names_id, names_money

#: What stands for "nothing" in a column of amounts or dates; in a column of text it stays.
NOTHING = frozenset(
    [
        "/",
        "-",
        "--",
        "---",
        "..",
        "...",
        "…",
        "N/A",
        "n/a",
        "#N/A",
        "NA",
        "na",
        "nil",
        "NIL",
        "null",
        "NULL",
        "None",
        "none",
        "NaN",
        "nan",
        "\\N",
        "—",
        "——",
        "－",
        "／",
        "无",
        "無",
        "空",
        "不适用",
        "不適用",
        "なし",
    ]
)
#: Share of cells that must fit before those that don't are worth a word.
_NEARLY = 0.8


@dataclass(frozen=True, slots=True)
class Decision:
    """A column's type, its cells by that type, and what is to be said about it."""

    type: ColumnType
    cells: list[Any] = field(repr=False)
    warnings: tuple[str, ...] = ()
    refunds: list[Decimal | None] | None = field(default=None, repr=False)


def decide(name: str, values: Sequence[Cell], numbers: Sequence[int]) -> Decision:
    """Type of a column, and its cells by that type.

    Parameters
    ----------
    name : str
        As printed; a name like 卡号 or ``Account No`` keeps the column text.
    values : sequence of Cell
        Cleaned text, or what a spreadsheet holds.
    numbers : sequence of int
        Where each row stands, for the warnings.

    Examples
    --------
    >>> decide("Balance", ["1,234.50", "/", "(3)"], [1, 2, 3]).cells
    [Decimal('1234.50'), None, Decimal('-3')]
    >>> decide("Date", ["01/10/2026", "24/10/2026"], [1, 2]).cells[0]
    datetime.date(2026, 10, 1)
    >>> decide("Order no", ["0012", "13"], [1, 2]).type
    'text'
    """
    filled = [v for v in values if v is not None]
    if not filled:
        return Decision("empty", list(values))
    if not any(isinstance(v, str) for v in filled):
        typed = _of_spreadsheet(name, values)
        if typed is not None:
            return typed
    texts = [None if v is None else as_text(v) for v in values]
    kept = Decision("text", list(texts), _digits_lost(name, values, numbers))
    real = [t for t in texts if t is not None and t not in NOTHING]
    if not real or names_id(name) or _shaped_like_id(name, real):
        return kept
    return _as_dates(name, texts, real, numbers) or _as_amounts(name, texts, real, numbers) or kept


def as_text(value: Cell) -> str:  # noqa: PLR0911  # a case a type
    """A cell as it would be printed: whole floats without a point, dates in ISO's form.

    Examples
    --------
    >>> as_text(28.16), as_text(130.0), as_text(date(2026, 10, 1))
    ('28.16', '130', '2026-10-01')
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        if not math.isfinite(value):
            return repr(value)
        return str(int(value)) if value.is_integer() else format(Decimal(repr(value)), "f")
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return value.isoformat() if isinstance(value, date) else str(value)


def _of_spreadsheet(name: str, values: Sequence[Any]) -> Decision | None:
    """Cells that a spreadsheet has typed keep their type; floats become the decimal that they show."""
    kinds = {type(v) for v in values if v is not None}
    if kinds == {date}:
        return Decision("date", list(values))
    if kinds <= {date, datetime}:
        moments = [v if v is None or isinstance(v, datetime) else datetime.combine(v, time()) for v in values]
        return Decision("datetime", moments)
    if not kinds <= {int, float, Decimal} or names_id(name):
        return None
    if any(isinstance(v, float) and not math.isfinite(v) for v in values):
        return None
    if not names_money(name) and all(v is None or v == int(v) for v in values):
        return Decision("integer", [None if v is None else int(v) for v in values])
    return Decision("amount", [None if v is None else Decimal(as_text(v)) for v in values])


def _digits_lost(name: str, values: Sequence[Cell], numbers: Sequence[int]) -> tuple[str, ...]:
    """A spreadsheet keeps 15 digits of a number: a longer id in a number cell has lost its end."""
    lost = [
        i
        for i, v in enumerate(values)
        if (isinstance(v, float) and abs(v) >= 1e15)
        or (isinstance(v, str) and "+" in v and re.fullmatch(r"\d\.\d{2,}[Ee]\+\d\d", v) is not None)
    ]
    if not lost:
        return ()
    return (f"column {name}: {len(lost)} long numbers have lost digits in a spreadsheet ({places(lost, numbers)})",)


def _shaped_like_id(name: str, texts: Sequence[str]) -> bool:
    """Digits that are no quantity: zeros in front, more than 15, or all of one length."""
    if any(len(t) > 15 and t.isdecimal() for t in texts):
        return True
    zeros = any(len(t) > 1 and t[0] == "0" and t.isdecimal() for t in texts)
    if not all(t.isdecimal() and t.isascii() for t in texts):
        return zeros and not names_money(name)
    if names_money(name) or compact_dates(name, texts):
        return False
    lengths = {len(t) for t in texts}
    return zeros or (len(lengths) == 1 and max(lengths) >= (6 if len(texts) > 1 else 10))


def compact_dates(name: str, texts: Sequence[str]) -> bool:
    """Eight or fourteen digits that are dates: by the name of the column, or because years near ours can't be chance.

    Examples
    --------
    >>> compact_dates("交收日期", ["20230212"]), compact_dates("x", ["20230212", "20261399"])
    (True, False)
    """
    if {len(t) for t in texts} - {8, 14}:
        return False
    found = [readings(t).get("YMD") for t in texts]
    fit = sum(m is not None for m in found)
    if names_date(name):
        return fit >= _NEARLY * len(texts)
    return fit == len(texts) > 1 and all(m is not None and 1970 <= m.year <= 2060 for m in found)


def _as_dates(name: str, texts: Sequence[str | None], real: Sequence[str], numbers: Sequence[int]) -> Decision | None:  # noqa: PLR0911
    """The column as dates; as text with a word about it where only nearly all cells are; None where it is none."""
    if not any(c.isdigit() for t in real[:20] for c in t):
        return None
    known: Mapping[str, Mapping[Order, Moment]] = {text: readings(text) for text in set(real)}
    fit = sum(bool(known[t]) for t in real)
    if fit == 0 or fit < _NEARLY * len(real):
        if all(without_year(t) for t in real) and not names_money(name):
            return Decision("text", list(texts), (f"column {name}: dates without a year stay text",))
        return None
    if all(t.isdecimal() for t in real) and not compact_dates(name, real):
        return None
    odd = [i for i, t in enumerate(texts) if t is not None and t not in NOTHING and not known[t]]
    if odd:
        said = f"{len(odd)} of {len(real)} cells are no possible date ({places(odd, numbers)}): kept as text"
        return Decision("text", list(texts), (f"column {name}: {said}",))
    order, doubtful = order_of([known[t] for t in real])
    if order is None:
        return Decision("text", list(texts), (f"column {name}: no one order of day and month fits all: kept as text",))
    moments = [None if t is None or t in NOTHING else known[t][order] for t in texts]
    return _dated(name, moments, numbers, order if doubtful else None)


def _dated(name: str, cells: list[Moment | None], numbers: Sequence[int], doubtful: Order | None) -> Decision:
    warnings = []
    if doubtful:
        shown = {"DMY": "day first", "MDY": "month first", "YMD": "year first"}[doubtful]
        warnings.append(f"column {name}: the order of day and month is not certain; read as {shown}")
    strange = [i for i, c in enumerate(cells) if c is not None and c.year not in PLAUSIBLE]
    if strange:
        where = places(strange, numbers)
        warnings.append(f"column {name}: {len(strange)} dates have an implausible year ({where}): kept as printed")
    timed = [isinstance(c, datetime) for c in cells if c is not None]
    if not any(timed):
        return Decision("date", list(cells), tuple(warnings))
    if not all(timed):
        without = f"{timed.count(False)} of {len(timed)} cells have no time of day: read as midnight"
        warnings.append(f"column {name}: {without}")
    moments = [c if c is None or isinstance(c, datetime) else datetime.combine(c, time()) for c in cells]
    zoned = Counter(m.tzinfo is not None for m in moments if m is not None)
    if len(zoned) > 1:
        warnings.append(f"column {name}: {zoned[True]} of {sum(zoned.values())} times have a zone, the others none")
    return Decision("datetime", list(moments), tuple(warnings))


def _as_amounts(name: str, texts: Sequence[str | None], real: Sequence[str], numbers: Sequence[int]) -> Decision | None:
    """The column as amounts or integers; as text with a word about it where only nearly all cells are."""
    if not any(c.isdigit() for t in real[:50] for c in t):
        return None
    mark, torn = decimal_mark(set(real))
    known = {text: parse_amount(text, mark) for text in set(real)}
    odd = [i for i, t in enumerate(texts) if t is not None and t not in NOTHING and known[t] is None]
    if odd:
        if len(real) - len(odd) < max(_NEARLY * len(real), 2):
            return None
        said = f"{len(odd)} of {len(real)} cells are no amount"
        if torn:
            said = "commas and points are both used for decimals"
        return Decision("text", list(texts), (f"column {name}: {said} ({places(odd, numbers)}): kept as text",))
    amounts = [None if t is None or t in NOTHING else known[t] for t in texts]
    money = names_money(name) or mark == "," or any(a is not None and a.money for a in amounts)
    if not money and all(a is None or a.value == int(a.value) for a in amounts):
        return Decision("integer", [None if a is None else int(a.value) for a in amounts])
    refunds = [None if a is None else refund_of(a) for a in amounts]
    return Decision(
        "amount",
        [None if a is None else a.value for a in amounts],
        _about(name, amounts, numbers),
        refunds if any(r is not None for r in refunds) else None,
    )


def _about(name: str, amounts: Sequence[Amount | None], numbers: Sequence[int]) -> tuple[str, ...]:
    """What amounts had beside them."""
    noted: dict[str, list[int]] = {}
    for i, amount in enumerate(amounts):
        if amount is not None and amount.note:
            short = re.fullmatch(r"[A-Z]{2,3}", amount.note) is not None
            label = "a refund" if refund_of(amount) is not None else (f"({amount.note})" if short else "a remark")
            noted.setdefault(label, []).append(i)
    warnings = [
        f"column {name}: {len(rows)} amounts have {label} behind them ({places(rows, numbers)})"
        for label, rows in noted.items()
    ]
    sides = sum(a is not None and bool(a.side) for a in amounts)
    if sides:
        warnings.append(f"column {name}: {sides} amounts are marked CR/DR (贷/借): debits are read as negative")
    return tuple(warnings)


def places(rows: Sequence[int], numbers: Sequence[int]) -> str:
    """Where rows stand, the first few: ``rows 3, 7, 12 …``.

    Examples
    --------
    >>> places([0, 2], [10, 11, 12]), places([1], [])
    ('rows 10, 12', 'row 2')
    """
    shown = ", ".join(str(numbers[i] if i < len(numbers) else i + 1) for i in rows[:5])
    return f"row{'s' if len(rows) > 1 else ''} {shown}{' …' if len(rows) > 5 else ''}"
