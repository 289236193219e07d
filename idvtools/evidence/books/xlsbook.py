"""Workbooks of Excel 5 to 2003 (xls): large plain sheets by column, the others by calamine."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from idvtools.errors import EvidenceError
from idvtools.evidence.books.biff import Listed, XlsFacts, closed_up, made_safe, xls_facts
from idvtools.evidence.books.biff5 import in_code_page_1252
from idvtools.evidence.books.biff5 import texts as biff5_texts
from idvtools.evidence.books.biffcolumns import PlainSheet, plain_sheet
from idvtools.evidence.books.biffstrings import shared_texts
from idvtools.evidence.books.container import contained
from idvtools.evidence.books.office import book_stream
from idvtools.evidence.books.sheetfacts import Place, SheetFacts
from idvtools.evidence.books.sheetgrids import (
    LARGE,
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

_SHARED_TEXT = 0xFD
#: Columns of the widest sheet of any Excel; cells, most of them empty, of a sheet whose empty rows are left out.
_WIDEST, _MOST_SPREAD = 16_384, 3_000_000
#: Cells below which shared texts, 32,767 characters each at most, cannot come to much.
_FEW = 2_000


def read_xls(data: bytes, budget: Budget) -> Found:
    """Every sheet of an unlocked workbook that holds something."""
    stream, beside = book_stream(data)
    facts = xls_facts(stream, budget)
    not_too_many(facts.sheets)
    warnings = list(facts.warnings)
    if any("vba" in path.lower() for path in beside):
        warnings.append("the workbook carries macros; they were not run")
    plain = _plain_sheets(stream, facts, budget)
    whole = plain and len(plain) == sum(f.cells > 0 for f in facts.sheets)
    library = None if whole else _by_library(stream, facts, budget)
    grids: list[Grid] = []
    for i, listed in enumerate(library.listed if library else facts.listed):
        source = f"sheet {i + 1}"
        if not listed.holds_cells:
            warnings.append(f"{source} holds no cells (a chart or macros): not read")
            continue
        seen = facts.sheets[i] if i < len(facts.sheets) else SheetFacts()
        if i in plain:
            grids.append(plain[i].grid(listed.name, source, [*_hidden(listed.hidden), *seen.warnings()]))
            continue
        sheet = library.sheet(i, seen) if library else LibrarySheet([], 0, 0, ())
        if sheet is None:
            warnings.append(f"{source} is damaged and was not read")
            continue
        grids += grids_of_sheet(sheet, listed.name, i + 1, seen, listed.hidden, budget)
    if not grids and any("damaged" in w for w in warnings):
        raise EvidenceError("the workbook is damaged: none of its sheets can be read")
    return Found(grids=tuple(grids), encoding=library.encoding if library else None, warnings=tuple(warnings))


def _hidden(hidden: bool) -> list[str]:
    return ["the sheet is hidden"] if hidden else []


def _plain_sheets(stream: bytes, facts: XlsFacts, budget: Budget) -> dict[int, PlainSheet]:
    """The large plain sheets, by their place among the sheets."""
    shared = [found.of(_SHARED_TEXT, least=10) for found in facts.records]
    if facts.version != 8 or (sum(map(len, shared)) < _FEW and all(f.height < LARGE for f in facts.sheets)):
        return {}
    texts = shared_texts(stream, budget)
    lengths = np.array([*map(len, texts), 0], np.int64)
    for found, which in zip(facts.records, shared, strict=True):
        index = np.minimum(found.u16(which, 6) | found.u16(which, 8) << 16, len(texts))
        take_text(int(lengths[index].sum()), budget)
    sheets = {}
    for i, f in enumerate(facts.sheets):
        if f.height >= LARGE and compact(f):
            sheet = plain_sheet(stream, facts, i, texts, budget)
            if sheet is not None:
                budget.take_cells(f.cells)
                sheets[i] = sheet
    return sheets


@dataclass(slots=True)
class _Library:
    """The workbook as calamine reads it, texts of Excel 5 put right, rows that stand far apart moved together."""

    book: CalamineWorkbook
    listed: Sequence[Listed]
    budget: Budget
    texts: Sequence[dict[Place, str]] = ()
    rows_of: dict[int, list[int]] = field(default_factory=dict)
    encoding: str | None = None

    def sheet(self, i: int, facts: SheetFacts) -> LibrarySheet | None:
        """A sheet, None where it is damaged."""
        self.budget.take_cells(facts.cells)
        sheet = by_calamine(self.book, i, facts, self.budget)
        if sheet is not None and i < len(self.texts):
            _set_texts(sheet, self.texts[i])
        if sheet is not None and i in self.rows_of:
            sheet.numbers, sheet.spans = self.rows_of[i], ()
        return sheet


def _by_library(stream: bytes, facts: XlsFacts, budget: Budget) -> _Library:
    rows_of: dict[int, list[int]] = {}
    for i in [i for i, f in enumerate(facts.sheets) if not compact(f)]:
        stream, rows_of[i] = closed_up(stream, facts.records[i])
        width = facts.sheets[i].width
        if width > _WIDEST or len(rows_of[i]) * width > _MOST_SPREAD:
            raise EvidenceError(f"the cells of sheet {i + 1} lie too far apart to lay them out")
    names: list[str] = []
    texts: list[dict[Place, str]] = []
    encoding = None
    if facts.version == 5:
        names, texts, encoding = biff5_texts(stream, facts.starts, budget)
        stream = in_code_page_1252(stream)
    whole = contained(made_safe(stream, facts), name="Workbook" if facts.version == 8 else "Book")
    book = guarded(lambda: CalamineWorkbook.from_object(io.BytesIO(whole)))
    listed = [
        Listed(
            names[i] if i < len(names) else meta.name,
            meta.typ is SheetTypeEnum.WorkSheet,
            meta.visible is not SheetVisibleEnum.Visible,
        )
        for i, meta in enumerate(book.sheets_metadata)
    ]
    return _Library(book, listed, budget, texts, rows_of, encoding)


def _set_texts(sheet: LibrarySheet, texts: dict[Place, str]) -> None:
    """Put texts in place of what calamine made of them."""
    for (row, column), text in texts.items():
        y, x = row - sheet.top, column - sheet.left
        if 0 <= y < len(sheet.rows) and 0 <= x < len(sheet.rows[y]):
            sheet.rows[y][x] = text
