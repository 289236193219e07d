"""Where in a grid a table begins: the row whose cells are names, over rows whose cells are values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import zip_longest

from idvtools.evidence.model import Cell
from idvtools.evidence.tables.amounts import parse_amount
from idvtools.evidence.tables.columns import NOTHING, as_text
from idvtools.evidence.tables.dates import readings, without_year
from idvtools.evidence.tables.naming import names_date, names_id, names_money

Row = Sequence[Cell]

#: Rows in which the header of a table is looked for.
_REACH = 80
_KEY_VALUE = re.compile(r"[:：]\s*\S|[:：]$")
_RULE = re.compile(r"[-=_*—─]{6,}")
_LONG = 60
#: By how much a later row must look more like a header than an earlier one of as many cells.
_AHEAD = 0.3


@dataclass(frozen=True, slots=True)
class Header:
    """The rows of a header (from, and up to before); names by column; none of both where there is no header."""

    start: int
    end: int
    names: tuple[str | None, ...]


def filled(row: Row) -> list[int]:
    """Columns in which something stands."""
    return [i for i, cell in enumerate(row) if cell is not None]


def is_value(cell: Cell) -> bool:
    """Whether a cell is an amount, a date, a number, a sign for nothing: no name of a column.

    Examples
    --------
    >>> [is_value(c) for c in ("2026-10-01", "¥3.00", "12/29", "5,93 €", "-", "金额", "Q1")]
    [True, True, True, True, True, False, False]
    """
    if cell is None:
        return False
    if not isinstance(cell, str):
        return isinstance(cell, (int, float, Decimal, date))
    if cell in NOTHING:
        return True
    if not any(c.isdigit() for c in cell) or len(cell) > 40:
        return False
    amount = parse_amount(cell) or parse_amount(cell, ",")
    return amount is not None or bool(readings(cell)) or without_year(cell) or _code(cell)


def _is_year(cell: Cell) -> bool:
    """Years are names of columns in many a table of statistics."""
    return re.fullmatch(r"(?:19|20)\d\d(?:-\d\d)?", str(cell)) is not None


def _code(cell: str) -> bool:
    return sum(c.isdigit() for c in cell) >= max(5, len(cell) * 0.6)


def is_label(cell: Cell) -> bool:
    """Whether a cell can be the name of a column."""
    return isinstance(cell, str) and len(cell) <= _LONG and not is_value(cell) and not _KEY_VALUE.search(cell)


def find_header(rows: Sequence[Row], start: int = 0) -> Header | None:
    """The header of the first table from `start` on; with no rows of its own where a table has none; None if no table.

    Examples
    --------
    >>> rows = [("账单",), ("日期", "金额"), ("2026-10-01", "1.00"), ("2026-10-02", "2.00")]
    >>> find_header(rows)
    Header(start=1, end=2, names=('日期', '金额'))
    >>> find_header(rows[2:])
    Header(start=0, end=0, names=(None, None))
    """
    best: tuple[float, int] | None = None
    pair: tuple[float, int] | None = None
    looked = 0
    wide = any(len(filled(row)) > 1 for row in rows[start:])
    for at in range(start, len(rows)):
        if not any(cell is not None for cell in rows[at]):
            continue
        looked += 1
        score = _score(rows, at, wide)
        size = len(filled(rows[at]))
        if size == 2 and score > (pair[0] + _AHEAD if pair else 0.0):
            pair = (score, at)
        elif size != 2 and score > (best[0] + (_AHEAD if size <= len(filled(rows[best[1]])) else 0.0) if best else 0.0):
            best = (score, at)
        if looked > _REACH:
            break
    if pair is not None and (best is None or _before(rows, pair, best)):
        best = pair
    if best is None:
        return _headerless(rows, start)
    at = best[1]
    first = _first_body(rows, start, at)
    if first is not None:
        return Header(first, first, (None,) * max(len(rows[first]), 1))
    return _spanning(rows, start, at)


def _before(rows: Sequence[Row], pair: tuple[float, int], best: tuple[float, int]) -> bool:
    """Whether a row of two cells is rather the header than one of more: not if it is a label with its value."""
    if pair[1] > best[1]:
        return pair[0] > best[0] + _AHEAD
    labelled = best[1] - pair[1] <= 12 and len(filled(rows[best[1]])) >= 4
    return pair[0] > best[0] and not labelled


def _below(rows: Sequence[Row], at: int, count: int = 6) -> list[Row]:
    """The next rows that are not blank; a blank one ends them once there are some."""
    found: list[Row] = []
    for row in rows[at + 1 : at + 1 + 3 * count]:
        if any(cell is not None for cell in row):
            found.append(row)
        elif found:
            break
        if len(found) == count:
            break
    return found


def _score(rows: Sequence[Row], at: int, wide: bool) -> float:  # noqa: PLR0911  # a reason a line
    """How much a row looks like a header, 0 for not at all."""
    row, here = rows[at], filled(rows[at])
    below = _below(rows, at)
    labels = sum(is_label(row[i]) for i in here)
    years = sum(1 for i in here if _is_year(row[i]))
    over_years = _over_years(row, here)
    if labels + years < 0.8 * len(here) or (wide and len(here) == 1):
        return 0.0
    different = {str(row[i]) for i in here}  # the name of a year may span several columns
    if labels < max(0.4 * len(different), 1) and not over_years:
        return 0.0
    if any(is_value(row[i]) and row[i] not in NOTHING and not _is_year(row[i]) for i in here):
        return 0.0
    if below and all(list(r) == list(row) for r in below):  # a list in which nothing differs
        return 0.0
    if not below:  # a header over nothing: an empty statement
        known = sum(_known(str(row[i])) for i in here)
        return 0.4 if known >= 2 and len(here) >= 3 else 0.0
    sizes = sorted(len(filled(r)) for r in below)
    typical = sizes[len(sizes) // 2]
    if typical < 2 <= len(here) or typical > len(here) + 1 + len(here) // 3:
        return 0.0
    if typical < len(here) * 0.3 and {len(r) for r in below} != {len(row)}:  # many columns, most of them empty
        return 0.0
    typed = sum(any(i < len(r) and is_value(r[i]) for r in below) for i in here)
    contrast = typed / len(here)
    distinct = len(different) / len(here)
    known_share = sum(_known(str(row[i])) for i in here) / len(here)
    likeness = min(len(here), typical) / max(len(here), typical)
    return 0.2 + likeness + 1.5 * contrast + 0.5 * distinct + known_share


def _over_years(row: Row, here: Sequence[int]) -> bool:
    """Whether a row names years, in order, and at most the column before them: no data would."""
    years = [str(row[i]) for i in here if _is_year(row[i])]
    return len(years) >= 2 and len(here) - len(years) <= 1 and years in (sorted(set(years)), sorted(set(years))[::-1])


def _known(name: str) -> bool:
    return names_date(name) or names_money(name) or names_id(name)


def _first_body(rows: Sequence[Row], start: int, header: int) -> int | None:
    """The first row of values before what looks like a header: then that one is data, and there is no header.

    Only rows of the same kind count: values in the columns where the rows behind the header have values as well.
    """
    typed = {i for r in _below(rows, header) for i in filled(r) if is_value(r[i])}
    size = len(filled(rows[header]))
    run: list[int] = []
    for at in range(start, header):
        here = filled(rows[at])
        same = {i for i in here if is_value(rows[at][i])}
        if len(here) >= max(2, size - 1) and typed and len(same & typed) >= max(1, 0.6 * len(typed)):
            run.append(at)
    return run[0] if len(run) >= 2 else None


def _headerless(rows: Sequence[Row], start: int) -> Header | None:
    """Rows of values without names: at least two alike, one below the other."""
    for at in range(start, min(len(rows), start + _REACH)):
        here = filled(rows[at])
        values = {i for i in here if is_value(rows[at][i])}
        if not values or (len(here) < 2 and len(rows[at]) > 1):
            continue
        below = _below(rows, at, 3)
        typed = [{i for i in filled(r) if is_value(r[i])} for r in below]
        alike = any(len(values & others) >= 0.6 * len(values) for others in typed)
        if (
            alike
            or (len(typed) > 1 and all(others and others <= values for others in typed))
            or (not below and len(here) >= 3 and len(values) >= 2)
        ):
            return Header(at, at, (None,) * len(rows[at]))
    return None


def _spanning(rows: Sequence[Row], start: int, at: int) -> Header:
    """The header with a second line above or below it, where cells are merged over groups of columns."""
    row, width = rows[at], max(len(rows[at]), 1)
    names = [None if cell is None else _name(str(cell)) for cell in row]
    if at > start and _is_group_row(rows[at - 1], row):
        names = _joined(rows[at - 1], names, width)
        if not _numbers_columns(rows, at):
            return Header(at - 1, at + 1, tuple(names))
        return Header(at - 1, at + 2, tuple(_below_each(names, rows[at + 1])))
    if at + 2 < len(rows) and (_is_second_row(row, rows[at + 1], rows[at + 2]) or _numbers_columns(rows, at)):
        lower = rows[at + 1]
        if _numbers_columns(rows, at):
            return Header(at, at + 2, tuple(_below_each(names, lower)))
        joined = _joined(row, [None if c is None else _name(as_text(c)) for c in lower], max(width, len(lower)))
        return Header(at, at + 2, tuple(joined))
    return Header(at, at + 1, tuple(names))


def _is_group_row(upper: Row, lower: Row) -> bool:
    """Whether the row above names groups of columns: each over a run of them, or a name that spans both lines."""
    above = filled(upper)
    if (
        len(above) < 2
        or not all(is_label(upper[i]) for i in above)
        or len(above) > len(filled(lower)) + len(upper) // 2
    ):
        return False
    if any(_RULE.search(str(upper[i])) for i in above):
        return False
    gaps = [i for i in range(above[0], len(lower)) if i >= len(upper) or upper[i] is None]
    repeated = len({upper[i] for i in above}) < len(above)
    return repeated or (
        any(lower[i] is not None for i in gaps) and any(i < len(lower) and lower[i] is not None for i in above)
    )


def _is_second_row(upper: Row, lower: Row, first: Row) -> bool:
    """Whether the row below has the names under merged cells: labels only, where the data below has values."""
    below = filled(lower)
    if not below or len(below) >= len(filled(upper)) + 2 or not all(is_label(lower[i]) for i in below):
        return False
    under = [i for i in below if i < len(first) and is_value(first[i])]
    missing = [
        i for i in below if i >= len(upper) or upper[i] is None or upper[i] in upper[:i] or upper[i] in upper[i + 1 :]
    ]
    return bool(under) and len(missing) >= 1 and len(under) >= 0.5 * len(below)


def _below_each(names: Sequence[str | None], lower: Row) -> list[str | None]:
    """Names with what stands below each."""
    return [
        " ".join(part for part in (name, None if cell is None else _name(as_text(cell))) if part) or None
        for name, cell in zip_longest(names, lower)
    ]


def _numbers_columns(rows: Sequence[Row], at: int) -> bool:
    """Whether the second line names by numbers: labels stand where no row below has any, and small numbers besides."""
    below = [row for row in rows[at + 2 : at + 20] if filled(row)]  # some leave every other row blank
    lower = rows[at + 1] if at + 1 < len(rows) else ()
    here = filled(lower)
    labels = [i for i in here if is_label(lower[i])]
    if len(labels) < 2 or len(labels) == len(here) or len(below) < 4 or len(here) < 0.8 * len(filled(rows[at])):
        return False
    if not all(i in labels or re.fullmatch(r"\d{1,2}", as_text(lower[i])) for i in here):
        return False
    return all(i < len(r) and is_value(r[i]) for r in below for i in labels)


def _joined(upper: Row, lower: Sequence[str | None], width: int) -> list[str | None]:
    """Names of two lines: the upper one of a group goes on to the right, over the columns that have a lower one."""
    names: list[str | None] = []
    group: str | None = None
    for i in range(width):
        top = upper[i] if i < len(upper) else None
        low = lower[i] if i < len(lower) else None
        if top is not None:
            group = _name(str(top))
        elif low is None:
            group = None
        names.append(" ".join(dict.fromkeys(p for p in (group, low) if p)) or None)
    return names


def _name(text: str) -> str:
    return " ".join(text.split())


def unique(names: Sequence[str | None]) -> list[str]:
    """Names that differ, none of them empty.

    Examples
    --------
    >>> unique(["金额", None, "金额"])
    ['金额', 'column_2', '金额_2']
    """
    printed = {n for n in names if n}
    result: dict[str, None] = {}
    numbers: dict[str, int] = {}
    for i, name in enumerate(names, 1):
        own = wanted = name or f"column_{i}"
        while wanted in result or (wanted != name and wanted in printed):
            numbers[own] = numbers.get(own, 1) + 1
            wanted = f"{own}_{numbers[own]}"
        result[wanted] = None
    return list(result)
