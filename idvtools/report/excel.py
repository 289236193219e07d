"""``reconciliation.xlsx``: the workbook for the finance department."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pyarrow as pa
from openpyxl import Workbook
from openpyxl.formatting.rule import Rule
from openpyxl.styles import Font, PatternFill
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.writer.excel import ExcelWriter

from idvtools.report.excelrows import COLUMNS, LABELLED, MAX_ROWS, PRINTED, Column, Kind, letters, row_chunks
from idvtools.report.excelsheets import add_buckets, add_method, add_refused, add_summary, breaks_note
from idvtools.report.excelstyle import Cell, Sheet, display_width
from idvtools.report.extras import Extras
from idvtools.report.labels import LABELS
from idvtools.report.model import Lang, Summary
from idvtools.report.text import COLUMNS as HEADINGS
from idvtools.report.text import SEVERITIES

_BREAKS_SHEET = "xl/worksheets/sheet3.xml"
_KINDS: tuple[Kind, ...] = ("text", "label", "count", "money", "day", "time")


def write_excel(path: Path, summary: Summary, breaks: pa.Table, extra: Extras, lang: Lang) -> None:
    """Write the workbook: summary, results, breaks, method, and refused records where there are any.

    Ids are text cells, amounts numbers with two decimals, days and times real dates in the summary's
    zone. No cell is ever a formula. The same input gives the same bytes.

    Parameters
    ----------
    path : Path
        The file; an existing one is replaced.
    summary : Summary
        The finished run.
    breaks : pyarrow.Table
        Break rows in the ledger's columns, in the order to be shown. Beyond the first million only
        their number is told: ``breaks.csv`` has them all.
    extra : Extras
        Undecidable rows by reason, refused notifications, rejected lines.
    lang : str
        ``zh``, ``en`` or ``both``.
    """
    book = Workbook(write_only=True)
    made = summary.generated_at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    book.properties.created = book.properties.modified = made
    book.properties.creator = f"idvtools {summary.tool_version}"
    book.properties.title = f"{LABELS['title'].show(lang)} {summary.vendor} {summary.period_from} {summary.period_to}"
    add_summary(book, summary, lang)
    add_buckets(book, summary, extra, lang)
    rows = _add_breaks(book, summary, breaks, lang)
    add_method(book, summary, lang)
    add_refused(book, summary, extra, lang)
    with _Archive(path, rows) as archive:
        ExcelWriter(book, archive).write_data()


class _Archive(ZipFile):
    """A zip without a clock, that puts the break rows into their sheet on the way in."""

    def __init__(self, path: Path, rows: Callable[[], Iterator[memoryview]]) -> None:
        super().__init__(path, "w", ZIP_DEFLATED)
        self._break_rows = rows

    def writestr(self, zinfo_or_arcname: str | ZipInfo, data: Any, *_: Any, **__: Any) -> None:
        name = zinfo_or_arcname if isinstance(zinfo_or_arcname, str) else zinfo_or_arcname.filename
        super().writestr(_entry(name), data)

    def write(self, filename: Any, arcname: Any = None, *_: Any, **__: Any) -> None:
        source = Path(filename)
        if arcname == _BREAKS_SHEET:
            self._insert(source)
        entry = _entry(arcname)
        entry.file_size = source.stat().st_size  # tells whether the part needs the 64-bit form
        with source.open("rb") as part, self.open(entry, "w") as target:
            while block := part.read(1 << 20):
                target.write(block)

    def _insert(self, sheet: Path) -> None:
        """Rewrite the sheet's file, so far only headings, with the break rows in it."""
        head, end, tail = sheet.read_bytes().rpartition(b"</sheetData>")
        last = letters(len(COLUMNS) - 1)
        # Without this a spreadsheet marks every id of digits with a warning triangle.
        ignored = f'<ignoredErrors><ignoredError sqref="A1:{last}1048576" numberStoredAsText="1"/></ignoredErrors>'
        with sheet.open("wb") as out:
            out.write(head)
            out.writelines(self._break_rows())
            out.write(end + tail.replace(b"</worksheet>", ignored.encode() + b"</worksheet>"))


def _entry(name: str) -> ZipInfo:
    entry = ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    entry.compress_type = ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    entry.create_system = 3
    return entry


def _add_breaks(book: Workbook, summary: Summary, breaks: pa.Table, lang: Lang) -> Callable[[], Iterator[memoryview]]:
    """Headings, filter and colours of the breaks sheet; returns what makes its rows."""
    sheet = Sheet(book, LABELS["breaks"].show(lang), [_width(column, lang) for column in COLUMNS])
    top = 4  # title, note, column codes, headings; rows follow
    last = letters(len(COLUMNS) - 1)
    end = top + min(breaks.num_rows, MAX_ROWS)
    sheet.sheet.freeze_panes = f"D{top + 1}"
    sheet.sheet.auto_filter.ref = f"A{top}:{last}{end}"
    sheet.sheet.print_title_rows = f"{top}:{top}"
    sheet.sheet.print_area = f"A1:{letters(PRINTED - 1)}{end}"
    if end > top:
        area = f"A{top + 1}:B{end}"
        for code, colour, fill in (("money", "FFB42318", "FFFEF3F2"), ("info", "FF6B7785", None)):
            look = DifferentialStyle(Font(color=colour), fill=PatternFill("solid", bgColor=fill) if fill else None)
            formula = f'$B{top + 1}="{SEVERITIES[code].name.show(lang)}"'
            sheet.sheet.conditional_formatting.add(area, Rule("expression", formula=[formula], dxf=look))
    sheet.add((LABELS["breaks"].show(lang), "title"), height=28)
    sheet.add((breaks_note(breaks, MAX_ROWS, lang), "label"))
    sheet.add(*((column.name, "code") for column in COLUMNS))
    sheet.add(*(_heading(column.name, column.kind, summary, lang) for column in COLUMNS))
    styles = {kind: sheet.cell(None, kind).style_id for kind in _KINDS}
    return lambda: row_chunks(breaks, top + 1, styles, summary.timezone, lang)


def _width(column: Column, lang: Lang) -> int:
    """The column's width, more where its labels need it."""
    labels = [label.name.show(lang) for label in LABELLED.get(column.name, {}).values()]
    return max(column.width, *(display_width(label) + 3 for label in labels)) if labels else column.width


def _heading(name: str, kind: Kind, summary: Summary, lang: Lang) -> Cell:
    text = HEADINGS[name].show(lang, "\n")
    if kind == "time":
        text += f"\n({summary.timezone})"
    if kind == "money" and summary.currency:
        text += f"\n({summary.currency})"
    return text, "head_right" if kind in ("money", "count") else "head"
