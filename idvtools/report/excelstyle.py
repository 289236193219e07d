"""What the workbook's cells look like, and a sheet that grows row by row."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Literal, NamedTuple

from openpyxl import Workbook
from openpyxl.cell import Cell as CellObject
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.worksheet.page import PageMargins

from idvtools.report.excelrows import cut, letters
from idvtools.report.text import printable

Look = Literal[
    "text", "label", "count", "money", "day", "time",
    "body", "strong", "note", "mono", "number", "amount", "total", "total_number", "total_amount",
    "title", "section", "head", "head_right", "code", "red", "red_head", "ok",
]  # fmt: skip
Value = str | int | Decimal | date | datetime | None
Cell = tuple[Value, Look]


class _Look(NamedTuple):
    font: Font
    number_format: str = "@"  # a text stays a text, also after somebody has edited the cell
    right: bool = False
    wrap: bool = False
    fill: PatternFill | None = None
    border: Border | None = None


_INK = Font(name="Arial", size=10, color="FF1F2933")
_BOLD = Font(name="Arial", size=10, bold=True, color="FF1F2933")
_MUTED = Font(name="Arial", size=9, color="FF52606D")
_SMALL = Font(name="Consolas", size=9, color="FF52606D")
_RED = "FFB42318"
_GREEN = "FF067647"
_GREY_FILL = PatternFill("solid", fgColor="FFEEF1F4")
_PINK_FILL = PatternFill("solid", fgColor="FFFEF3F2")
_LINE = Side(style="thin", color="FF9AA5B1")

_LOOKS: Mapping[Look, _Look] = MappingProxyType(
    {
        # the breaks sheet, one look for each kind of column
        "text": _Look(_INK),
        "label": _Look(_INK),
        "count": _Look(_INK, "0", right=True),
        "money": _Look(_INK, "0.00", right=True),
        "day": _Look(_INK, "yyyy-mm-dd"),
        "time": _Look(_INK, "yyyy-mm-dd hh:mm:ss"),
        # the other sheets
        "body": _Look(_INK, wrap=True),
        "strong": _Look(_BOLD, wrap=True),
        "note": _Look(_MUTED, wrap=True),
        "mono": _Look(_SMALL),
        "number": _Look(_INK, "#,##0", right=True),
        "amount": _Look(_INK, "#,##0.00", right=True),
        "total": _Look(_BOLD, wrap=True, border=Border(top=_LINE)),
        "total_number": _Look(_BOLD, "#,##0", right=True, border=Border(top=_LINE)),
        "total_amount": _Look(_BOLD, "#,##0.00", right=True, border=Border(top=_LINE)),
        "title": _Look(Font(name="Arial", size=16, bold=True, color="FF1F2933")),
        "section": _Look(Font(name="Arial", size=12, bold=True, color="FF1F2933")),
        "head": _Look(_BOLD, wrap=True, fill=_GREY_FILL, border=Border(bottom=_LINE)),
        "head_right": _Look(_BOLD, right=True, wrap=True, fill=_GREY_FILL, border=Border(bottom=_LINE)),
        "code": _Look(_SMALL),
        "red": _Look(Font(name="Arial", size=10, color=_RED), wrap=True, fill=_PINK_FILL),
        "red_head": _Look(Font(name="Arial", size=10, bold=True, color=_RED), fill=_PINK_FILL),
        "ok": _Look(Font(name="Arial", size=10, color=_GREEN), wrap=True),
    }
)


class Sheet:
    """A write-only sheet; widths first, then rows from the top.

    Parameters
    ----------
    book : Workbook
        A write-only workbook.
    title : str
        Name of the sheet.
    widths : sequence of int
        Width of each column, in characters.
    pages : int
        How many pages high it is printed, 0 for as many as it takes.
    """

    def __init__(self, book: Workbook, title: str, widths: Sequence[int], pages: int = 0) -> None:
        self.sheet = book.create_sheet(title)
        self.widths = widths
        self.rows = 0
        for place, width in enumerate(widths):
            self.sheet.column_dimensions[letters(place)].width = width
        self.sheet.sheet_view.showGridLines = False
        self.sheet.page_setup.orientation = "landscape"
        self.sheet.page_setup.paperSize = 9  # A4
        self.sheet.page_setup.fitToHeight = pages
        self.sheet.page_margins = PageMargins(0.4, 0.4, 0.5, 0.5)
        self.sheet.sheet_properties.pageSetUpPr.fitToPage = True

    def cell(self, value: Value, look: Look) -> CellObject:
        """A cell; text is a text cell whatever it begins with."""
        style = _LOOKS[look]
        cell = WriteOnlyCell(self.sheet)
        cell.value = literal(cut(printable(value))) if isinstance(value, str) else value
        if isinstance(value, str):
            cell.data_type = "s"
        cell.number_format = "@" if isinstance(value, str) else style.number_format
        cell.font = style.font
        side = "right" if style.right else "left"
        cell.alignment = Alignment(horizontal=side, vertical="center", indent=1, wrap_text=style.wrap)
        if style.fill is not None:
            cell.fill = style.fill
        if style.border is not None:
            cell.border = style.border
        return cell

    def add(self, *cells: Cell | None, height: float | None = None) -> None:
        """Append a row; unless given, its height follows from the texts that wrap."""
        self.rows += 1
        lines = max((_lines(*c, width) for c, width in zip(cells, self.widths, strict=False) if c), default=1)
        self.sheet.row_dimensions[self.rows].height = height or 13.5 * lines + 3
        self.sheet.append([self.cell(*c) if c is not None else None for c in cells])

    def wide(self, value: str, look: Look) -> None:
        """Append a row with one text over all columns."""
        lines = _lines(value, look, sum(self.widths))
        self.add((value, look), *[("", look)] * (len(self.widths) - 1), height=13.5 * lines + 3)
        self.sheet.merged_cells.add(f"A{self.rows}:{letters(len(self.widths) - 1)}{self.rows}")

    def gap(self) -> None:
        """Append an empty row."""
        self.add(None)

    def section(self, title: str) -> None:
        """Append an empty row and a section's title."""
        self.gap()
        self.add((title, "section"), height=22)


def literal(text: str) -> str:
    """`text` so that a spreadsheet shows it as it is: there ``_x0041_`` would stand for the letter A.

    Examples
    --------
    >>> literal("a_x"), literal("_x0041_")
    ('a_x', '_x005F_x0041_')
    """
    return re.sub("_(?=x[0-9A-Fa-f]{4}_)", "_x005F_", text)


def display_width(text: str) -> int:
    """How many narrow characters wide a text is.

    Examples
    --------
    >>> display_width("差额 ok")
    7
    """
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _lines(value: Value, look: Look, width: int) -> int:
    if not isinstance(value, str) or not _LOOKS[look].wrap:
        return 1
    room = max(int(width * 1.1) - 2, 1)  # a width counts digits of the default font; text is a little narrower
    return sum(max(1, -(-display_width(line) // room)) for line in value.split("\n"))
