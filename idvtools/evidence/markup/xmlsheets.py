"""XML spreadsheets of 2003 (``Workbook/Worksheet/Table``), which many systems still write and call ``.xls``."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
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


class Sheets:
    """The sheets of a workbook, from their rows as a parser comes to the end of each.

    A row is taken out of the tree when the next one ends: the whole tree would take many times the memory of its cells.
    """

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._styles: dict[str, Shown] | None = None
        self._sheets: dict[etree._Element, _Sheet] = {}

    def row(self, node: etree._Element) -> None:
        """Read a row that has just ended, if it is one of a sheet, and let go of it."""
        if self.add(node):
            node.clear(keep_tail=True)
            before = node.getprevious()
            if before is not None and _local(before) == "Row":
                node.getparent().remove(before)

    def add(self, node: etree._Element) -> bool:
        """Read a row, and leave it where it is; False: it is none of a sheet."""
        table = node.getparent()
        sheet = table.getparent() if table is not None else None
        if sheet is None or _local(table) != "Table" or _local(sheet) != "Worksheet":
            return False
        book = node.getroottree().getroot()
        if _local(book) != "Workbook":
            return False
        if self._styles is None:  # they stand before all sheets
            self._styles = _styles(book)
        if sheet not in self._sheets:
            self._sheets[sheet] = _Sheet(self._styles, self._budget)
        self._sheets[sheet].row(node)
        return True

    def grids(self, root: etree._Element) -> tuple[Grid, ...]:
        """The sheets that hold something, in their order, when all has been parsed."""
        found = ((i, node, self._sheets.get(node)) for i, node in enumerate(root.iter("{*}Worksheet"), 1))
        grids = [sheet.grid(node, i) for i, node, sheet in found if sheet is not None]
        return tuple(grid for grid in grids if grid is not None)


def _local(node: etree._Element) -> str:
    return str(node.tag).rpartition("}")[2]


def _styles(book: etree._Element) -> dict[str, Shown]:
    return {
        style.get(_SS + "ID", ""): shown
        for style in book.iter("{*}Style")
        for node in style.iter("{*}NumberFormat")
        if (shown := format_of(node.get(_SS + "Format", "")))
    }


@dataclass(slots=True)
class _Sheet:
    """The rows of one sheet so far."""

    styles: dict[str, Shown]
    budget: Budget
    rows: list[list[Cell]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    facts: SheetFacts = field(default_factory=SheetFacts)
    taken: dict[int, set[int]] = field(default_factory=dict)
    at: int = 0

    def row(self, node: etree._Element) -> None:
        """Add a row."""
        budget, taken = self.budget, self.taken
        budget.tick()
        self.at = at = min(_whole(node.get(_SS + "Index"), self.at + 1), _MAX_HEIGHT)
        self.facts.hidden_rows += node.get(_SS + "Hidden") == "1"
        row: list[Cell] = []
        x = 0
        for cell in node.iterfind("{*}Cell"):
            x = min(_whole(cell.get(_SS + "Index"), x + 1) - 1, _MAX_WIDTH - 1)
            while x in taken.get(at, ()):
                x += 1
            budget.take_cells(max(x + 1 - len(row), 1))
            row.extend([None] * (x + 1 - len(row)))
            row[x] = _value(cell, self.styles, self.facts, (at - 1, x))
            across, down = _whole(cell.get(_SS + "MergeAcross"), 0), _whole(cell.get(_SS + "MergeDown"), 0)
            across, down = min(across, _MAX_WIDTH - 1 - x), min(down, 10_000)
            if across or down:
                budget.take_cells((across + 1) * (down + 1))
                row.extend([None] * (x + across + 1 - len(row)))
                self.spans.append((len(self.rows), x, len(self.rows) + down, x + across))
                for below in range(at + 1, at + down + 1):
                    taken.setdefault(below, set()).update(range(x, x + across + 1))
            x += across + 1
        row.extend([None] * (max(taken.get(at, {-1})) + 1 - len(row)))
        self.rows.append(row)
        self.numbers.append(at)

    def grid(self, sheet: etree._Element, position: int) -> Grid | None:
        """All of it; None where there is nothing."""
        if not any(cell is not None for row in self.rows for cell in row):
            return None
        facts = self.facts
        facts.hidden_columns = sum(n.get(_SS + "Hidden") == "1" for n in sheet.iterfind("{*}Table/{*}Column"))
        hidden = any(
            (n.text or "").startswith("SheetHidden") or (n.text or "") == "SheetVeryHidden"
            for n in sheet.iter("{*}Visible")
        )
        filled = fill(self.rows, self.spans, self.budget).warnings()
        said = (["the sheet is hidden"] if hidden else []) + facts.warnings() + filled
        name = sheet.get(_SS + "Name") or f"Sheet{position}"
        return Grid(name, f"sheet {position}", self.rows, self.numbers, tuple(said))


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
