"""Spreadsheets, ``.xls`` (Excel 5 to 2003) and ``.xlsx``, locked or not: every sheet a grid of cells as shown."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import openpyxl
from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from idvtools.errors import EvidenceError
from idvtools.evidence.biff import closed_up, made_safe, xls_facts
from idvtools.evidence.biff5 import in_code_page_1252
from idvtools.evidence.biff5 import texts as biff5_texts
from idvtools.evidence.cells import TOO_LONG, clean_row
from idvtools.evidence.container import contained
from idvtools.evidence.limits import Budget
from idvtools.evidence.merged import Span, fill
from idvtools.evidence.model import Cell, Found, Grid
from idvtools.evidence.office import Package, book_stream, open_package, unlock
from idvtools.evidence.ooxml import book_facts, long_numbers, sheet_facts
from idvtools.evidence.sheetfacts import Place, SheetFacts, address, column_of, shown_number
from idvtools.evidence.twins import same_rows

#: Cells of a rectangle that are laid out even if most are empty; beyond, only rows that hold something are.
_ROOMY = 1_000_000
_MOST_SCATTERED = 300_000
_MERGES = re.compile(rb"<mergeCell [^>]*ref=\"([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})\"")


def read_sheets(data: bytes, name: str, budget: Budget, passwords: Sequence[str] = ()) -> Found:
    """Read every sheet of a workbook that holds something, hidden ones too.

    Whole numbers come as int, others as Decimal of the 15 digits that a spreadsheet shows, days as date, moments as
    datetime, times of day as text; numbers whose format keeps leading zeros as text. Formulas: the result as saved.

    Raises
    ------
    PasswordError
        It is locked and no password opens it.
    EvidenceError
        It is damaged, no workbook, or beyond the limits.

    Examples
    --------
    >>> from idvtools.evidence.limits import Limits
    >>> book = openpyxl.Workbook()
    >>> book.active.append(["id", "amount"]); book.active.append(["0042", 0.3])
    >>> file = io.BytesIO(); book.save(file)
    >>> read_sheets(file.getvalue(), "a.xlsx", Budget(Limits())).grids[0].rows
    [['id', 'amount'], ['0042', Decimal('0.3')]]
    """
    opened = unlock(data, passwords, budget)
    locked = ("the workbook was locked; it was opened with a password",) if opened is not data else ()
    try:
        found = _xlsx(opened, budget) if opened.startswith(b"PK") else _xls(opened, budget)
    except RecursionError as error:
        raise EvidenceError("the workbook is nested too deeply") from error
    if not found.grids and not found.warnings:
        found = Found(metadata=found.metadata, warnings=("every sheet is empty",))
    twins = same_rows(found.grids, budget)
    return Found(
        grids=found.grids, encoding=found.encoding, metadata=found.metadata, warnings=(*locked, *found.warnings, *twins)
    )


@dataclass(slots=True)
class _Sheet:
    """A sheet as a library gives it: rows from its first one on, and where that one and its first column stand."""

    rows: list[list[Any]]
    top: int
    left: int
    spans: Sequence[Span]
    numbers: Sequence[int] | None = None


def _xlsx(data: bytes, budget: Budget) -> Found:
    package = open_package(data, budget)
    book = book_facts(package)
    warnings = list(book.warnings)
    grids: list[Grid] = []
    try:
        calamine = _guarded(lambda: CalamineWorkbook.from_object(package.zipped()))
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
        if calamine is not None and _compact(facts):
            budget.take_cells(facts.cells)
            sheet = _by_calamine(calamine, i - 1, budget)
        if sheet is None:
            slow = slow or _openpyxl(package, facts, budget)
            sheet = _by_openpyxl(slow, name, part, budget)
        grids += _grid(sheet, name, i, facts, hidden, budget, part)
    if not names:
        raise EvidenceError("the workbook lists no sheets")
    return Found(grids=tuple(grids), metadata=tuple(book.metadata), warnings=tuple(dict.fromkeys(warnings)))


def _compact(facts: SheetFacts) -> bool:
    return facts.height * facts.width <= max(_ROOMY, 5 * facts.cells)


def _by_calamine(book: CalamineWorkbook, index: int, budget: Budget) -> _Sheet | None:
    try:
        sheet = _guarded(lambda: book.get_sheet_by_index(index))
        if sheet.start is None:
            return _Sheet([], 0, 0, ())
        rows = _guarded(sheet.to_python)
        merged = _guarded(lambda: sheet.merged_cell_ranges) or []
    except EvidenceError:
        return None
    budget.tick()
    spans = [(top, left, bottom, right) for (top, left), (bottom, right) in merged]
    return _Sheet(rows, sheet.start[0], sheet.start[1], spans)


def _guarded(action: Callable[[], Any]) -> Any:
    """calamine's own errors, and the panics of the Rust below it, which are no `Exception`, as EvidenceError."""
    try:
        return action()
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:
        raise EvidenceError("the workbook is damaged: its sheets cannot be read") from error


def _openpyxl(package: Package, facts: SheetFacts, budget: Budget) -> Any:
    """The second reader, on parts without merges and rules, which it would lay out cell by cell."""
    budget.tick()
    if facts.cells > _MOST_SCATTERED and not _compact(facts):
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


def _by_openpyxl(book: Any, name: str, part: bytes, budget: Budget) -> _Sheet:
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
    return _Sheet(rows, 0, 0, spans, list(by_row))


def _xls(data: bytes, budget: Budget) -> Found:
    stream, beside = book_stream(data)
    facts = xls_facts(stream, budget)
    warnings = list(facts.warnings)
    if any("vba" in path.lower() for path in beside):
        warnings.append("the workbook carries macros; they were not run")
    stream_name = "Workbook" if facts.version == 8 else "Book"
    spread = [i for i, f in enumerate(facts.sheets) if not _compact(f)]
    rows_of: dict[int, list[int]] = {}
    for i in spread:
        stream, rows_of[i] = closed_up(stream, facts.records[i])
    names: list[str] = []
    texts: list[dict[Place, str]] = []
    encoding = None
    if facts.version == 5:
        names, texts, encoding = biff5_texts(stream, facts.starts, budget)
        stream = in_code_page_1252(stream)
    whole = contained(made_safe(stream, facts), name=stream_name)
    book = _guarded(lambda: CalamineWorkbook.from_object(io.BytesIO(whole)))
    grids: list[Grid] = []
    metadata = book.sheets_metadata
    for i, meta in enumerate(metadata, 1):
        if meta.typ is not SheetTypeEnum.WorkSheet:
            warnings.append(f"sheet {i} holds no cells (a chart or macros): not read")
            continue
        seen = facts.sheets[i - 1] if len(facts.sheets) == len(metadata) else SheetFacts()
        budget.take_cells(seen.cells)
        sheet = _by_calamine(book, i - 1, budget)
        if sheet is None:
            warnings.append(f"sheet {i} is damaged and was not read")
            continue
        if i <= len(texts):
            _set_texts(sheet, texts[i - 1])
        if i - 1 in rows_of:
            sheet.numbers, sheet.spans = rows_of[i - 1], ()
        grids += _grid(
            sheet,
            names[i - 1] if i <= len(names) else meta.name,
            i,
            seen,
            meta.visible is not SheetVisibleEnum.Visible,
            budget,
        )
    if not grids and any("damaged" in w for w in warnings):
        raise EvidenceError("the workbook is damaged: none of its sheets can be read")
    return Found(grids=tuple(grids), encoding=encoding, warnings=tuple(warnings))


def _set_texts(sheet: _Sheet, texts: dict[Place, str]) -> None:
    """Put texts in place of what calamine made of them."""
    for (row, column), text in texts.items():
        y, x = row - sheet.top, column - sheet.left
        if 0 <= y < len(sheet.rows) and 0 <= x < len(sheet.rows[y]):
            sheet.rows[y][x] = text


def _grid(
    sheet: _Sheet, name: str, number: int, facts: SheetFacts, hidden: bool, budget: Budget, part: bytes = b""
) -> list[Grid]:
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
        facts.digits = facts.digits or long_numbers(part)
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
