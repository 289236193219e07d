"""Workbooks of Excel 2007 and later (xlsx, xlsm): calamine reads them, openpyxl what it refuses."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable
from typing import Any

import openpyxl
from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from idvtools.errors import EvidenceError
from idvtools.evidence.books.ooxml import BookFacts, book_facts, sheet_facts, text_of_cells
from idvtools.evidence.books.parts import Package, open_package
from idvtools.evidence.books.sheetfacts import SheetFacts, column_of
from idvtools.evidence.books.sheetgrids import (
    LibrarySheet,
    by_calamine,
    compact,
    grids_of_sheet,
    guarded,
    not_too_many,
    take_text,
)
from idvtools.evidence.limits import Budget
from idvtools.evidence.model import Found, Grid

#: Cells that openpyxl is given at most: it needs half a kilobyte for each.
_MOST_SLOW = 300_000
_MERGES = re.compile(rb"<mergeCell [^>]*ref=\"([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})\"")


def read_xlsx(data: bytes, budget: Budget) -> Found:
    """Every sheet of an unlocked workbook that holds something."""
    package = open_package(data, budget)
    book = book_facts(package)
    warnings = list(book.warnings)
    if len(book.parts) > budget.limits.members:
        raise EvidenceError(f"the workbook lists more than {budget.limits.members} sheets")
    facts = {name: _facts(package, part, book, budget) for name, part in book.parts.items()}
    not_too_many(f for f in facts.values() if f is not None)
    zipped = package.zipped()
    package.parts.clear()  # a large sheet need not lie in memory twice
    grids: list[Grid] = []
    try:
        calamine = guarded(lambda: CalamineWorkbook.from_object(zipped))
        names = [
            (m.name, m.typ is SheetTypeEnum.WorkSheet, m.visible is not SheetVisibleEnum.Visible)
            for m in calamine.sheets_metadata
        ]
    except EvidenceError:
        calamine, names = None, [(n, True, False) for n in book.parts]
        warnings.append("the workbook is damaged; it was read the second, slower way")
    slow: _Slow | None = None
    for i, (name, cells, hidden) in enumerate(names, 1):
        seen = facts.get(name)
        if not cells or seen is None:
            warnings.append(f"sheet {i} holds no cells (a chart or macros), or is missing: not read")
            continue
        sheet = None
        if calamine is not None and compact(seen):
            budget.take_cells(seen.cells)
            sheet = by_calamine(calamine, i - 1, seen, budget)
        if sheet is None:
            slow = slow or _Slow(data, facts.values(), budget)
            sheet = slow.sheet(name, book.parts[name])
        grids += grids_of_sheet(sheet, name, i, seen, hidden, budget)
    if not names:
        raise EvidenceError("the workbook lists no sheets")
    return Found(grids=tuple(grids), metadata=tuple(book.metadata), warnings=tuple(dict.fromkeys(warnings)))


def _facts(package: Package, part: str, book: BookFacts, budget: Budget) -> SheetFacts | None:
    content = package.parts.get(part)
    take_text(text_of_cells(package, part), budget)
    return sheet_facts(content, book.styles, budget) if content else None


class _Slow:
    """The second reader, on parts without merges and rules, which it would lay out cell by cell."""

    def __init__(self, data: bytes, facts: Iterable[SheetFacts | None], budget: Budget) -> None:
        if sum(f.cells for f in facts if f is not None) > _MOST_SLOW:
            raise EvidenceError("the workbook is damaged, or its cells lie far apart, and too large for a slower way")
        self._budget = budget
        self._package = open_package(data, Budget(budget.limits))
        budget.tick()
        parts = {
            n: re.sub(rb"</(\w+:)?sheetData>.*", rb"</\1sheetData></\1worksheet>", p, flags=re.DOTALL)
            for n, p in self._package.parts.items()
        }
        try:
            self._book: Any = openpyxl.load_workbook(
                Package(parts, self._package.names).zipped(), data_only=True, keep_links=False
            )
        except (zipfile.BadZipFile, OSError) as error:
            raise EvidenceError("the workbook is damaged: its parts cannot be read") from error
        except Exception as error:
            raise EvidenceError("the workbook is damaged: it makes no sense to any reader") from error

    def sheet(self, name: str, part: str) -> LibrarySheet:
        """Only rows that hold something: cells may stand a million rows apart."""
        by_row: dict[int, dict[int, Any]] = {}
        sheet = self._book[name] if name in self._book.sheetnames else None
        for (row, column), cell in sorted(getattr(sheet, "_cells", {}).items()):
            if cell.value is not None and cell.data_type != "e":
                by_row.setdefault(row, {})[column - 1] = cell.value
        rows: list[list[Any]] = []
        for cells in by_row.values():
            width = max(cells) + 1
            self._budget.take_cells(width)
            rows.append([cells.get(x) for x in range(width)])
        merges = _MERGES.finditer(self._package.parts.get(part, b""))
        spans = [(int(m[2]) - 1, column_of(m[1]), int(m[4]) - 1, column_of(m[3])) for m in merges]
        return LibrarySheet(rows, 0, 0, spans, list(by_row))
