"""What the cells of a column are: ids and account numbers stay text, money becomes Decimal, dates become dates.

A column gets a type only if every cell fits it. Where nearly all do, the column stays text, and the cells that don't
fit are named: one impossible date is a thing to look at, not a reason to guess.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from idvtools.evidence.model import Cell, ColumnType
from idvtools.evidence.tables.amounts import Amount, Mark, decimal_mark, parse_amount, refund_of
from idvtools.evidence.tables.dates import PLAUSIBLE, Moment, Order, order_of, readings, without_year
from idvtools.evidence.tables.naming import names_date, names_id, names_money, names_period

#: What stands for "nothing" in a column of amounts or dates; in a column of text it stays.
NOTHING = frozenset(
    (  # noqa: SIM905  # a line each would be half a page
        "/ - -- --- – − — —— － ／ .. ... … N/A n/a #N/A NA na nil NIL null NULL None none NaN nan \\N "
        "无 無 空 不适用 不適用 なし"
    ).split()
)
#: Share of cells that must fit before those that don't are worth a word.
_NEARLY = 0.8
#: As a date is written, possible or not.
_DATE_LIKE = re.compile(r"\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?|\d{1,2}([-/])\d{1,2}\1\d{4}")
_SHORTENED = re.compile(r"\d\.\d{2,}[Ee]\+\d\d")
_MONTH = re.compile(r"(?:19|20)\d\d\.(?:0[1-9]|1[0-2])")


#: Longer texts are no amount and no date; looking closer at them takes too long.
_LONGEST = 80


@dataclass(frozen=True, slots=True)
class Decision:
    """A column's type, its cells by that type, and what is to be said about it."""

    type: ColumnType
    cells: list[Any] = field(repr=False)
    warnings: tuple[str, ...] = ()
    refunds: list[Decimal | None] | None = field(default=None, repr=False)
    currencies: list[str | None] | None = field(default=None, repr=False)
    nothing: int = 0


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the different texts of a column are: its type, their values by that type (none where they stay text)."""

    type: ColumnType
    values: Mapping[str, Any] = field(default_factory=dict, repr=False)
    warnings: tuple[str, ...] = ()
    refunds: Mapping[str, Decimal] = field(default_factory=dict, repr=False)
    currencies: Mapping[str, str] = field(default_factory=dict, repr=False)


#: The cells of a column in their order: asked for only where something is to be said about their places.
Ordered = Callable[[], Sequence[str | None]]


def no_tick() -> None:
    """For those who have all the time."""


def decide(name: str, values: Sequence[Cell], numbers: Sequence[int], tick: Callable[[], None] = no_tick) -> Decision:
    """Type of a column, and its cells by that type.

    Parameters
    ----------
    name : str
        As printed; a name like 卡号 or ``Account No`` keeps the column text.
    values : sequence of Cell
        Cleaned text, or what a spreadsheet holds.
    numbers : sequence of int
        Where each row stands, for the warnings.
    tick : callable
        Raises when the time is over.

    Examples
    --------
    >>> decide("Balance", ["1,234.50", "/", "(3)"], [1, 2, 3]).cells
    [Decimal('1234.50'), None, Decimal('-3')]
    >>> decide("Date", ["01/10/2026", "24/10/2026"], [1, 2]).cells[0]
    datetime.date(2026, 10, 1)
    >>> decide("Order no", ["0012", "13"], [1, 2]).type
    'text'
    """
    kinds = {type(v) for v in values} - {type(None)}
    if not kinds:
        return Decision("empty", list(values))
    texts: list[Any] = list(values)
    lost: tuple[str, ...] = ()
    if kinds != {str}:
        typed = None if str in kinds else _of_spreadsheet(name, values)
        if typed is not None:
            return typed
        texts = [None if v is None else as_text(v) for v in values]
        lost = _floats_lost(name, values, numbers)
    counts = Counter(texts)
    del counts[None]
    ruling = rule(name, counts, lambda: texts, numbers, tick)
    if ruling.type == "text":
        return Decision("text", texts, (*lost, *ruling.warnings))
    refunds = [ruling.refunds.get(t) for t in texts] if ruling.refunds else None
    nothing = sum(n for t, n in counts.items() if t in NOTHING)
    currencies = [ruling.currencies.get(t) for t in texts] if ruling.currencies else None
    return Decision(ruling.type, [*map(ruling.values.get, texts)], ruling.warnings, refunds, currencies, nothing)


def rule(
    name: str, counts: Mapping[str, int], texts: Ordered, numbers: Sequence[int], tick: Callable[[], None] = no_tick
) -> Ruling:
    """What the texts of a column are, by how often each different one stands there.

    Examples
    --------
    >>> ruling = rule("Amount", {"1.50": 2, "-": 1}, lambda: ["1.50", "-", "1.50"], [])
    >>> ruling.type, ruling.values
    ('amount', {'1.50': Decimal('1.50')})
    """
    real = {text: n for text, n in counts.items() if text not in NOTHING}
    if not real or names_id(name) or shaped_like_id(name, real):
        return Ruling("text", warnings=lost_digits(name, real, texts, numbers))
    return (
        _as_dates(name, real, texts, numbers, tick)
        or _as_amounts(name, real, texts, numbers, tick)
        or Ruling("text", warnings=lost_digits(name, real, texts, numbers))
    )


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


def _floats_lost(name: str, values: Sequence[Cell], numbers: Sequence[int]) -> tuple[str, ...]:
    """A spreadsheet keeps 15 digits of a number: a longer id in a number cell has lost its end."""
    return _lost(name, [i for i, v in enumerate(values) if isinstance(v, float) and abs(v) >= 1e15], numbers)


def lost_digits(name: str, real: Collection[str], texts: Ordered, numbers: Sequence[int]) -> tuple[str, ...]:
    """The same where a spreadsheet has saved them as text.

    Examples
    --------
    >>> lost_digits("卡号", ["6.22202E+15"], lambda: [None, "6.22202E+15"], [1, 2])
    ('column 卡号: 1 long numbers have lost digits in a spreadsheet (row 2)',)
    """
    short = {t for t in real if "+" in t and _SHORTENED.fullmatch(t) is not None}
    return _lost(name, _at(short, texts), numbers) if short else ()


def _lost(name: str, rows: Sequence[int], numbers: Sequence[int]) -> tuple[str, ...]:
    if not rows:
        return ()
    return (f"column {name}: {len(rows)} long numbers have lost digits in a spreadsheet ({places(rows, numbers)})",)


def _at(which: Set[str], texts: Ordered) -> list[int]:
    """Rows in which one of these texts stands."""
    return [i for i, t in enumerate(texts()) if t in which]


def shaped_like_id(name: str, texts: Mapping[str, int]) -> bool:
    """Digits that are no quantity: zeros in front, more than 15, or all of one length; each text with its count.

    Examples
    --------
    >>> [shaped_like_id("x", t) for t in ({"622202": 1, "622303": 1}, {"622202": 1, "12": 1}, {"007": 1})]
    [True, False, True]
    """
    if any(len(t) > 15 and t.isdecimal() for t in texts):
        return True
    zeros = any(t[0] == "0" and len(t) > 1 and t.isdecimal() for t in texts)
    if not all(t.isdecimal() and t.isascii() for t in texts):
        return zeros and not names_money(name)
    if names_money(name) or compact_dates(name, texts):
        return False
    lengths = {len(t) for t in texts}
    return zeros or (len(lengths) == 1 and max(lengths) >= (6 if sum(texts.values()) > 1 else 10))


def compact_dates(name: str, texts: Mapping[str, int]) -> bool:
    """Eight or fourteen digits that are dates: by the name of the column, or because years near ours can't be chance.

    Examples
    --------
    >>> compact_dates("交收日期", {"20230212": 1}), compact_dates("x", {"20230212": 1, "20261399": 1})
    (True, False)
    """
    if any(len(t) not in (8, 14) for t in texts):
        return False
    found = {t: readings(t).get("YMD") for t in texts}
    fit, total = sum(n for t, n in texts.items() if found[t] is not None), sum(texts.values())
    if names_date(name):
        return fit >= _NEARLY * total
    return fit == total > 1 and all(m is not None and 1970 <= m.year <= 2060 for m in found.values())


def _as_dates(
    name: str, real: Mapping[str, int], texts: Ordered, numbers: Sequence[int], tick: Callable[[], None]
) -> Ruling | None:
    """The column as dates; as text with a word about it where only nearly all cells are; None where it is none."""
    total = sum(real.values())
    known: dict[str, Mapping[Order, Moment]] = {}
    misfits = 0
    for i, (text, count) in enumerate(real.items()):
        if not i & 4095:
            tick()
        known[text] = found = readings(text) if len(text) <= _LONGEST else {}
        misfits += 0 if found else count
        if misfits > (1 - _NEARLY) * total:
            if not names_money(name) and all(map(without_year, real)):
                return Ruling("text", warnings=(f"column {name}: dates without a year stay text",))
            if not all(map(_DATE_LIKE.fullmatch, real)) or not (names_date(name) or any(map(readings, real))):
                return None
            known, misfits = {t: readings(t) for t in real}, sum(n for t, n in real.items() if not readings(t))
            break
    if all(t.isdecimal() for t in real) and not compact_dates(name, real):
        return None
    if misfits:
        where = places(_at({t for t in real if not known[t]}, texts), numbers)
        said = f"{misfits} of {total} cells are no possible date ({where}): kept as text"
        return Ruling("text", warnings=(f"column {name}: {said}",))
    order, doubtful = order_of(known, lambda: [known[t] for t in texts() if t in known])
    if order is None:
        return Ruling("text", warnings=(f"column {name}: no one order of day and month fits all: kept as text",))
    return _dated(name, {t: known[t][order] for t in real}, real, texts, numbers, order if doubtful else None)


def _dated(  # what a column is, and how sure
    name: str,
    found: dict[str, Moment],
    real: Mapping[str, int],
    texts: Ordered,
    numbers: Sequence[int],
    doubtful: Order | None,
) -> Ruling:
    warnings = []
    if doubtful:
        shown = {"DMY": "day first", "MDY": "month first", "YMD": "year first"}[doubtful]
        warnings.append(f"column {name}: the order of day and month is not certain; read as {shown}")
    strange = _at({t for t, moment in found.items() if moment.year not in PLAUSIBLE}, texts)
    if strange:
        where = places(strange, numbers)
        warnings.append(f"column {name}: {len(strange)} dates have an implausible year ({where}): kept as printed")
    total, timed = sum(real.values()), sum(n for t, n in real.items() if isinstance(found[t], datetime))
    if not timed:
        return Ruling("date", found, tuple(warnings))
    if timed < total:
        without = f"{total - timed} of {total} cells have no time of day: read as midnight"
        warnings.append(f"column {name}: {without}")
    moments = {t: m if isinstance(m, datetime) else datetime.combine(m, time()) for t, m in found.items()}
    zoned = sum(n for t, n in real.items() if moments[t].tzinfo is not None)
    if 0 < zoned < total:
        warnings.append(f"column {name}: {zoned} of {total} times have a zone, the others none")
    return Ruling("datetime", moments, tuple(warnings))


def _as_amounts(
    name: str, real: Mapping[str, int], texts: Ordered, numbers: Sequence[int], tick: Callable[[], None]
) -> Ruling | None:
    """The column as amounts or integers; as text with a word about it where only nearly all cells are."""
    total = sum(real.values())
    fitting = _amounts(real, total, tick, starred=names_money(name))
    if fitting is None or (names_period(name) and all(map(_MONTH.fullmatch, real))):
        return None
    known, mark, torn = fitting
    odd = sum(count for text, count in real.items() if text not in known)
    if odd:
        said = f"{odd} of {total} cells are no amount"
        if torn:
            said = "commas and points are both used for decimals"
        where = places(_at(real.keys() - known.keys(), texts), numbers)
        return Ruling("text", warnings=(f"column {name}: {said} ({where}): kept as text",))
    money = names_money(name) or mark == "," or any(a.money for a in known.values())
    if not money and all(a.value == int(a.value) for a in known.values()):
        return Ruling("integer", {t: int(a.value) for t, a in known.items()})
    refunds = {t: paid for t, a in known.items() if (paid := refund_of(a)) is not None}
    values = {t: a.value for t, a in known.items()}
    about = _about(name, known, real, texts, numbers)
    currencies = {t: a.currency for t, a in known.items() if a.currency}
    different = sorted({*currencies.values()})
    if len(different) == 1:
        currencies = {}
        if different[0].isascii() and different[0].isalpha():  # a code; that ¥ stands there goes without saying
            about = (*about, f"column {name}: the amounts are in {different[0]}")
    return Ruling("amount", values, about, refunds, currencies)


def _amounts(
    real: Mapping[str, int], total: int, tick: Callable[[], None], *, starred: bool
) -> tuple[dict[str, Amount], Mark, bool] | None:
    """The texts that are amounts, by the column's decimal mark; None where too few are.

    In a column of money an asterisk stands before an amount lest a digit be added; elsewhere it may be a mask.
    """
    known: dict[str, Amount] = {}
    commas: list[str] = []
    odd = 0
    for i, (text, count) in enumerate(real.items()):
        if not i & 4095:
            tick()
        amount = parse_amount(text.lstrip("*＊") if starred else text)
        if amount is not None:
            known[text] = amount
        elif "," in text and parse_amount(text, ",") is not None:
            commas.append(text)
        else:
            odd += count
            if total - odd < max(_NEARLY * total, 2):
                return None
    mark, torn = decimal_mark([*known, *commas])
    if mark == ",":
        known = {t: amount for t in (*known, *commas) if (amount := parse_amount(t, mark)) is not None}
    enough = sum(real[text] for text in known) >= max(_NEARLY * total, 2)
    return (known, mark, torn) if enough or len(known) == len(real) else None


def _about(
    name: str, known: Mapping[str, Amount], real: Mapping[str, int], texts: Ordered, numbers: Sequence[int]
) -> tuple[str, ...]:
    """What amounts had beside them."""
    noted: dict[str, set[str]] = {}
    for text, amount in known.items():
        if amount.note:
            short = re.fullmatch(r"[A-Z]{2,3}", amount.note) is not None
            label = "a refund" if refund_of(amount) is not None else (f"({amount.note})" if short else "a remark")
            noted.setdefault(label, set()).add(text)
    warnings = [
        f"column {name}: {len(rows)} amounts have {label} behind them ({places(rows, numbers)})"
        for label, which in noted.items()
        if (rows := _at(which, texts))
    ]
    sides = sum(n for t, n in real.items() if known[t].side)
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
