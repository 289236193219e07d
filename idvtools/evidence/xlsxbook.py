"""Workbooks of Excel 2007 and later (xlsx, xlsm): calamine reads them, openpyxl what it refuses."""

from __future__ import annotations

import re
import zipfile
from typing import Any

import openpyxl
from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from idvtools.errors import EvidenceError
from idvtools.evidence.limits import Budget
from idvtools.evidence.model import Found, Grid
from idvtools.evidence.office import Package, open_package
from idvtools.evidence.ooxml import book_facts, sheet_facts
from idvtools.evidence.sheetfacts import SheetFacts, column_of
from idvtools.evidence.sheetgrids import LibrarySheet, by_calamine, compact, grids_of_sheet, guarded

_MOST_SCATTERED = 300_000
_MERGES = re.compile(rb"<mergeCell [^>]*ref=\"([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})\"")


def read_xlsx(data: bytes, budget: Budget) -> Found:
    """Every sheet of an unlocked workbook that holds something."""
    package = open_package(data, budget)
    book = book_facts(package)
    warnings = list(book.warnings)
    grids: list[Grid] = []
    try:
        calamine = guarded(lambda: CalamineWorkbook.from_object(package.zipped()))
        names = [
            (m.name, m.typ is SheetTypeEnum.WorkSheet, m.visible is not SheetVisibleEnum.Visible)
            for m in calamine.sheets_metadata
        ]
    except EvidenceError:
        calamine, names = None, [(n, True, False) for n in book.parts]
        warnings.append("the workbook is damaged; it was read the second, slower way")
    slow: Any = None
    for i, (name, cells, hidden) in enumerate(names, 1):
        part = package.parts.get(book.parts.get(name, ""), b"")
        if not cells or not part:
            warnings.append(f"sheet {i} holds no cells (a chart or macros), or is missing: not read")
            continue
        facts = sheet_facts(part, book.styles, budget)
        sheet = None
        if calamine is not None and compact(facts):
            budget.take_cells(facts.cells)
            sheet = by_calamine(calamine, i - 1, budget)
        if sheet is None:
            slow = slow or _openpyxl(package, facts, budget)
            sheet = _by_openpyxl(slow, name, part, budget)
        grids += grids_of_sheet(sheet, name, i, facts, hidden, budget, part)
    if not names:
        raise EvidenceError("the workbook lists no sheets")
    return Found(grids=tuple(grids), metadata=tuple(book.metadata), warnings=tuple(dict.fromkeys(warnings)))


def _openpyxl(package: Package, facts: SheetFacts, budget: Budget) -> Any:
    """The second reader, on parts without merges and rules, which it would lay out cell by cell."""
    budget.tick()
    if facts.cells > _MOST_SCATTERED and not compact(facts):
        raise EvidenceError("a sheet's cells are scattered too far to lay them out")
    parts = {
        n: re.sub(rb"</(\w+:)?sheetData>.*", rb"</\1sheetData></\1worksheet>", p, flags=re.DOTALL)
        for n, p in package.parts.items()
    }
    try:
        return openpyxl.load_workbook(Package(parts, package.names).zipped(), data_only=True, keep_links=False)
    except (zipfile.BadZipFile, OSError) as error:
        raise EvidenceError("the workbook is damaged: its parts cannot be read") from error
    except Exception as error:
        raise EvidenceError("the workbook is damaged: it makes no sense to any reader") from error


def _by_openpyxl(book: Any, name: str, part: bytes, budget: Budget) -> LibrarySheet:
    """Only rows that hold something: cells may stand a million rows apart."""
    by_row: dict[int, dict[int, Any]] = {}
    sheet = book[name] if name in book.sheetnames else None
    for (row, column), cell in sorted(getattr(sheet, "_cells", {}).items()):
        if cell.value is not None and cell.data_type != "e":
            by_row.setdefault(row, {})[column - 1] = cell.value
    rows: list[list[Any]] = []
    for cells in by_row.values():
        width = max(cells) + 1
        budget.take_cells(width)
        rows.append([cells.get(x) for x in range(width)])
    spans = [(int(m[2]) - 1, column_of(m[1]), int(m[4]) - 1, column_of(m[3])) for m in _MERGES.finditer(part)]
    return LibrarySheet(rows, 0, 0, spans, list(by_row))
