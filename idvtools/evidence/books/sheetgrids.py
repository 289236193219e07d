"""Sheets as the libraries give them, made into grids: cells as they are shown, and what is to be said of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any

from python_calamine import CalamineWorkbook

from idvtools.errors import EvidenceError
from idvtools.evidence.books.cells import TOO_LONG, clean_row
from idvtools.evidence.books.largesheets import LargeSheet, large_sheet
from idvtools.evidence.books.merged import Span, fill
from idvtools.evidence.books.sheetfacts import SheetFacts, address, shown_number
from idvtools.evidence.limits import Budget
from idvtools.evidence.model import Cell, Grid

#: Rows from which a sheet is read by column.
LARGE = 5_000
#: Cells of a rectangle that are laid out even if most are empty; beyond, only rows that hold something are.
_ROOMY = 250_000
_MOST_TEXT = 128 << 20
_MOST_CELLS = 3_000_000


@dataclass(slots=True)
class LibrarySheet:
    """A sheet as a library gives it: rows from its first one on, and where that one and its first column stand."""

    rows: list[list[Any]]
    top: int
    left: int
    spans: Sequence[Span]
    numbers: Sequence[int] | None = None
    large: LargeSheet | None = None


def compact(facts: SheetFacts) -> bool:
    """Whether the cells of a sheet stand close enough to lay out the rectangle that holds them."""
    return facts.height * facts.width <= max(_ROOMY, 5 * facts.cells)


def not_too_many(sheets: Iterable[SheetFacts]) -> None:
    """Refuse more cells than fit into memory with the tables made of them."""
    if sum(facts.cells for facts in sheets) > _MOST_CELLS:
        raise EvidenceError(f"the workbook holds more than {_MOST_CELLS} cells; ask for the data as csv")


def take_text(size: int, budget: Budget) -> None:
    """Refuse texts that are there once, but come to too much when each cell that shares them has its own."""
    if size > _MOST_TEXT:
        raise EvidenceError(f"the texts of a sheet come to more than {_MOST_TEXT >> 20} MB")
    budget.tick()


def by_calamine(book: CalamineWorkbook, index: int, facts: SheetFacts, budget: Budget) -> LibrarySheet | None:
    """A sheet as calamine reads it, by column where it is large and plain; None where it cannot be read."""
    try:
        sheet = guarded(lambda: book.get_sheet_by_index(index))
        if sheet.start is None:
            return LibrarySheet([], 0, 0, ())
        merged = guarded(lambda: sheet.merged_cell_ranges) or []
        if sheet.height >= LARGE and not facts.shown and not merged:
            large = guarded(lambda: large_sheet(islice(sheet.iter_rows(), sheet.start[0], None), clean_row, budget))
            if large is not None:
                return LibrarySheet([], sheet.start[0], sheet.start[1], (), large=large)
        rows = guarded(sheet.to_python)
    except EvidenceError:
        return None
    budget.tick()
    spans = [(top, left, bottom, right) for (top, left), (bottom, right) in merged]
    return LibrarySheet(rows, sheet.start[0], sheet.start[1], spans)


def guarded(action: Callable[[], Any]) -> Any:
    """calamine's own errors, and the panics of the Rust below it, which are no `Exception`, as EvidenceError."""
    try:
        return action()
    except (KeyboardInterrupt, SystemExit, MemoryError, EvidenceError):
        raise
    except BaseException as error:
        raise EvidenceError("the workbook is damaged: its sheets cannot be read") from error


def grids_of_sheet(
    sheet: LibrarySheet, name: str, number: int, facts: SheetFacts, hidden: bool, budget: Budget
) -> list[Grid]:
    """The grid of a sheet; none where it is empty."""
    if sheet.large is not None:
        said = (["the sheet is hidden"] if hidden else []) + facts.warnings()
        places = range(sheet.top + 1, sheet.top + 1 + len(sheet.large))
        return [Grid(name, f"sheet {number}", sheet.large, places, tuple(said))]
    rows: list[list[Cell]] = []
    long: list[float] = []
    for i, row in enumerate(sheet.rows):
        if not i & 0xFFF:
            budget.tick()
        rows.append(clean_row(row, long))
    if not any(cell is not None for row in rows for cell in row):
        return []
    numbers = sheet.numbers or range(sheet.top + 1, sheet.top + 1 + len(rows))
    index = {number: i for i, number in enumerate(numbers)}
    warnings = ["the sheet is hidden"] if hidden else []
    _as_shown(rows, facts, index, sheet.left)
    warnings += facts.warnings()
    whole = sheet.rows if sheet.numbers else ()  # openpyxl gives whole numbers as int already
    if long or any(type(v) is int and abs(v) >= TOO_LONG for row in whole for v in row):
        warnings += _too_long(rows, facts, numbers, index, sheet.left)
    spans = [
        (
            index[top + 1],
            left - sheet.left,
            min(index[top + 1] + bottom - top, len(rows) - 1) if sheet.numbers is None else index[top + 1],
            right - sheet.left,
        )
        for top, left, bottom, right in sheet.spans
        if top + 1 in index
    ]
    warnings += fill(rows, spans, budget).warnings()
    return [Grid(name, f"sheet {number}", rows, numbers, tuple(warnings))]


def _as_shown(rows: list[list[Cell]], facts: SheetFacts, index: dict[int, int], left: int) -> None:
    for (y, x), shown in facts.shown.items():
        i = index.get(y + 1)
        if i is None or not 0 <= x - left < len(rows[i]):
            continue
        value = rows[i][x - left]
        if isinstance(value, int | Decimal) and not isinstance(value, bool) and -TOO_LONG < value < TOO_LONG:
            text = shown_number(value, shown)
            if text is not None:
                rows[i][x - left] = text


def _too_long(
    rows: list[list[Cell]], facts: SheetFacts, numbers: Sequence[int], index: dict[int, int], left: int
) -> list[str]:
    """Numbers of 16 digits and more: ids, as a rule, of which Excel has lost the last digits."""
    written = {(index[y + 1], x - left): text for (y, x), text in facts.digits.items() if y + 1 in index}
    lost = kept = 0
    first = ""
    for i, row in enumerate(rows):
        for x, value in enumerate(row):
            if not isinstance(value, int) or -TOO_LONG < value < TOO_LONG:
                continue
            if (i, x) in written and not written[i, x].endswith("000"):
                row[x], kept = written[i, x], kept + 1
            else:
                row[x], lost = f"{Decimal(f'{float(value):.15g}'):f}", lost + 1
                first = first or address((numbers[i] - 1, x + left))
    said = []
    if lost:
        said.append(
            f"numbers of more than 15 digits: {lost}, the first in {first}; the file itself has lost their last digits"
        )
    if kept:
        said.append(
            f"numbers of more than 15 digits: {kept}; read as they are written, Excel would lose their last digits"
        )
    return said
