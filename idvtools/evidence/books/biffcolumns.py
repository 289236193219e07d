"""Large plain sheets of a ``.xls`` (Excel 97 and later), taken from their records by column, without a cell at a time.

Only sheets of numbers, dates and shared texts; one that holds anything else (formulas, errors, merged cells, texts of
its own) is left to the library.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from math import isnan
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from idvtools.evidence.books.biff import XlsFacts
from idvtools.evidence.books.biffstarts import Numbers, Records
from idvtools.evidence.books.cells import number, other
from idvtools.evidence.books.largesheets import HEAD, LargeColumn, LargeSheet, no_blanks, too_long
from idvtools.evidence.books.sheetfacts import is_moment
from idvtools.evidence.limits import Budget
from idvtools.evidence.model import Cell, Grid
from idvtools.evidence.tables.headers import find_header
from idvtools.evidence.tables.naming import clean

_TEXT, _NUMBER, _RK, _MULRK = 0xFD, 0x203, 0x27E, 0xBD
#: Formula, boolean or error, text of its own (plain, rich), string of a formula, shared formulas, merged cells.
_NOT_PLAIN = (0x06, 0x205, 0x204, 0xD6, 0x207, 0x4BC, 0x221, 0xE5)
_MOST_EMPTY = 4
#: Serial days that mean the same in every program: from March 1900 to the end of 9999.
_DAYS = (61, 2_958_465)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PlainSheet:
    """A sheet by column, and where its first row stands."""

    rows: LargeSheet
    top: int

    def grid(self, name: str, source: str, warnings: Sequence[str]) -> Grid:
        """The sheet as a grid."""
        return Grid(name, source, self.rows, range(self.top + 1, self.top + 1 + len(self.rows)), tuple(warnings))


def plain_sheet(stream: bytes, facts: XlsFacts, which: int, texts: Sequence[str], budget: Budget) -> PlainSheet | None:  # noqa: PLR0911  # a return a reason
    """A sheet by column; None where it is not plain, or has no header."""
    found = facts.records[which]
    if facts.version != 8 or facts.sheets[which].shown or np.isin(found.kinds, _NOT_PLAIN).any():
        return None
    shared = found.of(_TEXT, least=10)
    numbers = _numbers(found)
    rows = np.concatenate([found.u16(shared, 0), numbers.row])
    columns = np.concatenate([found.u16(shared, 2), numbers.column])
    moments = _moments(facts.codes, numbers.style)
    if not len(rows) or moments is None or not np.isfinite(numbers.value).all():
        return None
    top, left = int(rows.min()), int(columns.min())
    shape = (int(columns.max()) - left + 1, int(rows.max()) - top + 1)
    if shape[0] * shape[1] > _MOST_EMPTY * len(rows):
        return None
    budget.tick()
    index = np.full(shape, -1, np.int32)
    index[columns[: len(shared)] - left, rows[: len(shared)] - top] = found.u16(shared, 6) | found.u16(shared, 8) << 16
    if int(index.max()) >= len(texts):
        return None
    value = np.full(shape, np.nan)
    value[numbers.column - left, numbers.row - top] = numbers.value
    dated = np.zeros(shape, bool)
    dated[numbers.column - left, numbers.row - top] = moments
    if (~np.isnan(value) & (index >= 0)).any():  # a cell that stands twice
        return None
    head, start = _head(index, value, dated, texts, _day(facts))
    if start is None:
        return None
    pool, made = pa.array(texts, pa.string()), []
    for x in range(shape[0]):
        column = _column(index[x, start:], value[x, start:], dated[x, start:], pool, _day(facts))
        if column is None or too_long(column):
            return None
        made.append(column)
    return PlainSheet(LargeSheet(head[:start], made), top)


@dataclass(frozen=True, slots=True)
class _Numbers:
    row: Numbers
    column: Numbers
    style: Numbers
    value: Floats


def _numbers(found: Records) -> _Numbers:
    """All numbers of a sheet: as they are, shortened, and several shortened ones side by side."""
    whole, short, several = found.of(_NUMBER, least=14), found.of(_RK, least=10), found.of(_MULRK, least=12)
    counts = (found.sizes[several] - 6) // 6
    nth = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    inner = np.repeat(found.at[several], counts) + 4 + 6 * nth
    places = np.concatenate([found.at[whole], found.at[short]])
    bits = found.data[found.at[whole][:, None] + np.arange(6, 14)].view("<f8").ravel()
    rk = np.concatenate([found.at[short] + 6, inner + 2])
    data = found.data
    return _Numbers(
        np.concatenate([_two(data, places), np.repeat(found.u16(several, 0), counts)]),
        np.concatenate([_two(data, places + 2), np.repeat(found.u16(several, 2), counts) + nth]),
        np.concatenate([_two(data, places + 4), _two(data, inner)]),
        np.concatenate([bits, _shortened(_two(data, rk) | _two(data, rk + 2) << 16)]),
    )


def _two(data: npt.NDArray[np.uint8], at: Numbers) -> Numbers:
    return data[at].astype(np.int64) | data[at + 1].astype(np.int64) << 8


def _shortened(rk: Numbers) -> Floats:
    """Numbers of 30 bits: whole, or the upper part of a float; both perhaps in hundredths."""
    upper = ((rk & 0xFFFFFFFC) << 32).view(np.float64)
    whole = (rk.astype(np.int32) >> 2).astype(np.float64)
    value = np.where(rk & 2, whole, upper)
    return np.where(rk & 1, value / 100, value)


def _moments(codes: Sequence[str], styles: Numbers) -> npt.NDArray[np.bool_] | None:
    """Which numbers are shown as dates or times; None where that is not certain."""
    if not len(styles):
        return np.zeros(0, bool)
    if int(styles.max()) >= len(codes):
        return None
    known = np.array([{True: 1, False: 0, None: 2}[is_moment(code)] for code in codes], np.uint8)[styles]
    return None if (known == 2).any() else known == 1


def _day(facts: XlsFacts) -> Callable[[float], Cell]:
    first = datetime.combine(date(1904, 1, 1) if facts.since_1904 else date(1899, 12, 30), time())

    def moment(serial: float) -> Cell:
        exact = other(first + timedelta(milliseconds=round(serial * 86_400_000)))
        return exact.date() if isinstance(exact, datetime) and serial == int(serial) else exact

    return moment


def _head(
    index: npt.NDArray[np.int32],
    value: Floats,
    dated: npt.NDArray[np.bool_],
    texts: Sequence[str],
    day: Callable[[float], Cell],
) -> tuple[list[list[Cell]], int | None]:
    """The first rows as cells, and how many of them come before the data."""
    rows: list[list[Cell]] = []
    for y in range(min(HEAD, index.shape[1])):
        row: list[Cell] = []
        for text, figure, moment in zip(index[:, y].tolist(), value[:, y].tolist(), dated[:, y].tolist(), strict=True):
            if text >= 0:
                row.append(texts[text] or None)
            elif isnan(figure):
                row.append(None)
            elif moment and not _DAYS[0] <= figure < _DAYS[1]:
                return [], None
            else:
                row.append(day(figure) if moment else number(figure))
        rows.append(row)
    header = find_header([tuple(clean(c) if isinstance(c, str) else c for c in row) for row in rows])
    if header is None or header.end == header.start or header.end >= len(rows):
        return rows, None
    return rows, header.end


def _column(
    index: npt.NDArray[np.int32],
    value: Floats,
    dated: npt.NDArray[np.bool_],
    pool: pa.Array,
    day: Callable[[float], Cell],
) -> LargeColumn | None:
    """The cells of a column; None where they are of several sorts."""
    empty = np.isnan(value)
    if empty.all():
        cells = pool.take(pa.array(index, mask=index < 0))
        return LargeColumn(cells if cells.null_count == len(cells) else no_blanks(cells))
    if (index >= 0).any() or ((dated != ~empty).any() and dated.any()):
        return None
    cells = pa.array(value, mask=empty)
    if not dated.any():
        return LargeColumn(cells, number)
    days = value[~empty]
    if days.min() < _DAYS[0] or days.max() >= _DAYS[1]:
        return None
    whole = bool((days == np.floor(days)).all())
    if whole:
        return LargeColumn(cells, day, "date")
    return LargeColumn(cells, lambda v: _with_time(day(v)), "datetime")


def _with_time(moment: Any) -> Any:
    return moment if isinstance(moment, datetime) else datetime.combine(moment, time())
