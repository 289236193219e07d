"""XML spreadsheets of 2003 (``Workbook/Worksheet/Table``), which many systems still write and call ``.xls``."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal, InvalidOperation

from lxml import etree

from idvtools.evidence.books.cells import TOO_LONG, number
from idvtools.evidence.books.merged import Span, fill
from idvtools.evidence.books.sheetfacts import SheetFacts, Shown, format_of, shown_number
from idvtools.evidence.limits import Budget
from idvtools.evidence.model import Cell, Grid

_SS = "{urn:schemas-microsoft-com:office:spreadsheet}"
_MAX_WIDTH, _MAX_HEIGHT = 16_384, 1_048_576


def sheets_of(root: etree._Element, budget: Budget) -> tuple[Grid, ...]:
    """The sheets of a workbook that hold something."""
    styles = {
        style.get(_SS + "ID", ""): shown
        for style in root.iter("{*}Style")
        for node in style.iter("{*}NumberFormat")
        if (shown := format_of(node.get(_SS + "Format", "")))
    }
    grids = [_sheet(sheet, i, styles, budget) for i, sheet in enumerate(root.iter("{*}Worksheet"), 1)]
    return tuple(grid for grid in grids if grid is not None)


def _sheet(sheet: etree._Element, position: int, styles: dict[str, Shown], budget: Budget) -> Grid | None:
    rows: list[list[Cell]] = []
    numbers: list[int] = []
    spans: list[Span] = []
    facts = SheetFacts()
    taken: dict[int, set[int]] = {}
    at = 0
    for node in sheet.iterfind("{*}Table/{*}Row"):
        budget.tick()
        at = min(_whole(node.get(_SS + "Index"), at + 1), _MAX_HEIGHT)
        facts.hidden_rows += node.get(_SS + "Hidden") == "1"
        row: list[Cell] = []
        x = 0
        for cell in node.iterfind("{*}Cell"):
            x = min(_whole(cell.get(_SS + "Index"), x + 1) - 1, _MAX_WIDTH - 1)
            while x in taken.get(at, ()):
                x += 1
            budget.take_cells(max(x + 1 - len(row), 1))
            row.extend([None] * (x + 1 - len(row)))
            row[x] = _value(cell, styles, facts, (at - 1, x))
            across, down = _whole(cell.get(_SS + "MergeAcross"), 0), _whole(cell.get(_SS + "MergeDown"), 0)
            across, down = min(across, _MAX_WIDTH - 1 - x), min(down, 10_000)
            if across or down:
                budget.take_cells((across + 1) * (down + 1))
                row.extend([None] * (x + across + 1 - len(row)))
                spans.append((len(rows), x, len(rows) + down, x + across))
                for below in range(at + 1, at + down + 1):
                    taken.setdefault(below, set()).update(range(x, x + across + 1))
            x += across + 1
        row.extend([None] * (max(taken.get(at, {-1})) + 1 - len(row)))
        rows.append(row)
        numbers.append(at)
    if not any(cell is not None for row in rows for cell in row):
        return None
    facts.hidden_columns = sum(n.get(_SS + "Hidden") == "1" for n in sheet.iterfind("{*}Table/{*}Column"))
    hidden = any(
        (n.text or "").startswith("SheetHidden") or (n.text or "") == "SheetVeryHidden"
        for n in sheet.iter("{*}Visible")
    )
    said = (["the sheet is hidden"] if hidden else []) + facts.warnings() + fill(rows, spans, budget).warnings()
    return Grid(sheet.get(_SS + "Name") or f"Sheet{position}", f"sheet {position}", rows, numbers, tuple(said))


def _value(cell: etree._Element, styles: dict[str, Shown], facts: SheetFacts, place: tuple[int, int]) -> Cell:
    data = cell.find("{*}Data")
    text = "".join(data.itertext()) if data is not None else ""
    if data is None or not text:
        facts.uncalculated += bool(cell.get(_SS + "Formula"))
        return None
    kind = data.get(_SS + "Type", "String")
    if kind == "Error":
        facts.error(text[:20], place)
        return None
    if kind == "Boolean":
        return text.strip() in ("1", "true")
    if kind == "DateTime":
        return _moment(text)
    if kind == "Number":
        return _number(text.strip(), styles.get(cell.get(_SS + "StyleID", "")))
    return text


def _moment(text: str) -> Cell:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return text
    if moment.year == 1899:  # a time of day
        return moment.time().isoformat("seconds")
    return moment.date() if not (moment.hour or moment.minute or moment.second or moment.microsecond) else moment


def _number(text: str, shown: Shown | None) -> Cell:
    if re.fullmatch(r"-?\d{1,40}", text):
        whole = int(text)
        if abs(whole) >= TOO_LONG:
            return text
        return shown(whole) if shown else whole
    try:
        value = Decimal(text)
    except InvalidOperation:
        return text
    if not value.is_finite() or abs(value.adjusted()) > 300:
        return text
    if len(value.as_tuple().digits) > 15:
        return number(float(value))
    plain: int | Decimal = int(value) if value == value.to_integral_value() and value.adjusted() < 15 else value
    return (shown_number(plain, shown) if shown else None) or plain


def _whole(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isascii() and text.isdecimal() and 0 < len(text) < 8 and int(text) else otherwise
