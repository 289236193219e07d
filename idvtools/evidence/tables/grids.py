"""From a grid of cells to tables: what is around them, their names, their types, what they can be checked by."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from idvtools.errors import EvidenceError
from idvtools.evidence.limits import Budget
from idvtools.evidence.model import Cell, Column, Grid, Table
from idvtools.evidence.tables.columns import as_text, decide
from idvtools.evidence.tables.footers import footer_start, is_total
from idvtools.evidence.tables.headers import Header, Row, filled, find_header, is_label, is_value, unique
from idvtools.evidence.tables.naming import CleanRows, clean
from idvtools.evidence.tables.selfchecks import self_checks

#: No sheet has more columns; a row with more is no row.
MOST_COLUMNS = 16_384
NO_HEADER = "the table has no header; its columns are numbered"
_PLACEHOLDER = re.compile(r"(?:Column|列|Unnamed: ?)\d+")


def to_tables(grid: Grid, budget: Budget) -> list[Table]:
    """The tables in a grid, typed, each with what stands before and after it; empty where there is none.

    Parameters
    ----------
    grid : Grid
        As a reader gives it.
    budget : Budget
        Time.

    Returns
    -------
    list of Table
        In their order. Total lines are in the `footer`, not in the rows.

    Examples
    --------
    >>> from idvtools.evidence.limits import Limits
    >>> rows = [("账单",), ("日期", "金额"), ("2026-10-01", "1.50"), ("2026-10-02", "2.00"), ("合计", "3.50")]
    >>> table, = to_tables(Grid("a.csv", "", rows), Budget(Limits()))
    >>> table.columns, table.rows[0], table.preamble, table.footer
    ((Column(name='日期', type='date'), Column(name='金额', type='amount')),
     (datetime.date(2026, 10, 1), Decimal('1.50')), ('账单',), ('合计 3.50',))
    >>> [(c.name, c.ok) for c in table.checks]
    [('printed total 金额', True)]
    """
    large = getattr(grid.rows, "to_table", None)
    if large is not None:  # large files make their table by columns
        table = large(grid, budget)
        if table is not None:
            return [table]
    rows = grid.rows if isinstance(grid.rows, CleanRows) else [_cleaned(r, i, budget) for i, r in enumerate(grid.rows)]
    if max(map(len, rows), default=0) > MOST_COLUMNS:
        raise EvidenceError(f"a row has more than {MOST_COLUMNS} cells: that is no table")
    numbers = list(grid.numbers) or list(range(1, len(rows) + 1))
    tables: list[Table] = []
    start = 0
    while start < len(rows):
        cut = _cut(rows, start, budget)
        if cut is None:
            break
        tables.append(_table(grid, rows, numbers, cut, f"table {len(tables) + 1}" if tables else "", budget))
        start = cut.stop
    if tables and start < len(rows):
        rest = tuple(line for row in rows[start:] if (line := joined(row)))
        if rest:
            last = tables[-1]
            tables[-1] = Table(**{**_fields(last), "footer": (*last.footer, *rest)})
    return tables


def _fields(table: Table) -> dict[str, Any]:
    return {name: getattr(table, name) for name in Table.__slots__}


def _cleaned(row: Row, i: int, budget: Budget) -> tuple[Cell, ...]:
    if not i & 511:
        budget.tick()
    return tuple(clean(cell) if isinstance(cell, str) else cell for cell in row)


def joined(row: Row) -> str:
    """A row as a line of text."""
    return " ".join(as_text(cell) for cell in row if cell is not None)


@dataclass(slots=True)
class _Cut:
    """Where a table lies in the rows of a grid."""

    start: int
    header: Header
    body: list[int] = field(default_factory=list)
    footer: list[int] = field(default_factory=list)
    sections: dict[int, str] = field(default_factory=dict)
    repeated: int = 0
    stop: int = 0


def _cut(rows: Sequence[Row], start: int, budget: Budget) -> _Cut | None:
    """Find the next table: its header, the rows that are data, those that are totals, titles and repeated headers."""
    header = find_header(rows, start)
    if header is None:
        return None
    cut = _Cut(start, header)
    named = [name for name in header.names if name]
    heading = [tuple(rows[i]) for i in range(header.start, header.end)]
    at, blank = header.end, False
    firsts = {next((cell for cell in line if cell is not None), None) for line in heading}
    while at < len(rows):
        if not at & 255:
            budget.tick()
        row = rows[at]
        count = len(row) - row.count(None)
        if not count:
            blank = True
            at += 1
            continue
        if named and row[0] in firsts | {None} and same(row, heading):
            cut.repeated += 1
        elif (blank or count < 2) and named:
            other = next_header(rows, at, rows[header.end - 1], [rows[b] for b in cut.body[-5:]])
            if other is not None and other <= at + 3:
                break
            cut.body.append(at)
        else:
            cut.body.append(at)
        blank = False
        at += 1
    cut.stop = at
    last = footer_start(rows, cut.body, len(named) or len(header.names))
    cut.footer = cut.body[last:]
    cut.body = cut.body[:last]
    _sections(rows, cut, len(named))
    return cut


def same(row: Row, heading: Sequence[Row]) -> bool:
    """Whether a row repeats the header (or a line of it), as at the top of each page."""
    own = [cell for cell in row if cell is not None]
    return len(own) > 1 and any(own == [cell for cell in line if cell is not None] for line in heading)


def next_header(rows: Sequence[Row], at: int, header: Row, above: Sequence[Row]) -> int | None:
    """Where the next table's header stands, if one of these four rows is one, after a blank row or a title.

    `header` is the header of the table before, `above` are its last rows.
    """
    for i in range(at, min(at + 4, len(rows))):
        here = filled(rows[i])
        if len(here) < 2:
            continue
        if not all(is_label(rows[i][c]) for c in here) or same(rows[i], [header]):
            return None
        below = [r for r in rows[i + 1 : i + 4] if filled(r)]
        typed = [c for c in here if any(c < len(r) and is_value(r[c]) for r in below)]
        typed_above = any(c < len(r) and is_value(r[c]) for r in above for c in here)
        fits = below and len(filled(below[0])) >= 0.5 * len(here)
        alone = i > 0 and (not filled(rows[i - 1]) or len(filled(rows[i - 1])) == 1)
        return i if typed and fits and alone and (typed_above or not above) and len(typed) * 4 >= len(here) else None
    return None


def _sections(rows: Sequence[Row], cut: _Cut, width: int) -> None:
    """Take lines with one cell between the data for titles of what follows, and lines of totals out of the data."""
    kept: list[int] = []
    title: str | None = None
    for n, at in enumerate(cut.body):
        row = rows[at]
        if width > 2 and is_total(row):
            cut.footer.append(at)
            continue
        alone = row[0] is not None and len(row) - row.count(None) == 1
        follows = alone and n + 1 < len(cut.body) and len(filled(rows[cut.body[n + 1]])) >= max(2, width // 2)
        if width > 2 and alone and is_label(row[0]) and follows:
            title = str(rows[at][0])
            continue
        kept.append(at)
        if title is not None:
            cut.sections[at] = title
    cut.body = kept
    cut.footer.sort()


def _table(grid: Grid, rows: Sequence[Row], numbers: Sequence[int], cut: _Cut, source: str, budget: Budget) -> Table:
    header, warnings = cut.header, list(grid.warnings)
    names, extra = _names(rows, cut)
    warnings += extra
    if not any(header.names):
        warnings.append(NO_HEADER)
    if cut.repeated:
        warnings.append(f"{cut.repeated} repeated header lines inside the table were left out")
    places = [numbers[at] if at < len(numbers) else at + 1 for at in cut.body]
    columns: list[Column] = []
    cells: list[list[Any]] = []
    refunds: list[tuple[str, list[Decimal | None]]] = []
    currencies: list[tuple[str, list[str | None]]] = []
    nothing = 0
    for i, name in enumerate(names):
        budget.tick()
        values = [rows[at][i] if i < len(rows[at]) else None for at in cut.body]
        decision = decide(name, values, places, budget.tick)
        columns.append(Column(name, decision.type))
        cells.append(decision.cells)
        warnings += decision.warnings
        nothing += decision.nothing
        if decision.refunds is not None:
            refunds.append((name, decision.refunds))
        if decision.currencies is not None:
            currencies.append((name, decision.currencies))
    if nothing:
        warnings.append(nothing_read(nothing))
    for name, paid_back in refunds:
        columns.append(Column(f"{name}_refund", "amount"))
        cells.append(paid_back)
        warnings.append(f"column {name}: refunds in brackets are kept in the column {name}_refund")
    for name, codes in currencies:
        columns.append(Column(f"{name}_currency", "text"))
        cells.append(codes)
        warnings.append(f"column {name}: amounts are in several currencies, kept in the column {name}_currency")
    if cut.sections:
        columns.append(Column("section" if "section" not in names else "section_2", "text"))
        cells.append([cut.sections.get(at) for at in cut.body])
        warnings.append(f"{len(set(cut.sections.values()))} titles between the rows are kept in the column section")
    table = Table(
        name=grid.name,
        source=", ".join(part for part in (grid.source, source) if part),
        columns=tuple(columns),
        rows=list(zip(*cells, strict=True)) if cut.body else [],
        header_row=numbers[header.end - 1] if header.end > header.start else None,
        numbers=tuple(places),
        preamble=lines_of(rows, range(cut.start, header.start)),
        footer=lines_of(rows, cut.footer),
        warnings=tuple(dict.fromkeys(warnings)),
    )
    above = [bisect_left(cut.body, at) for at in cut.footer]
    return table.with_checks(*self_checks(table, [rows[at] for at in cut.footer], above))


def nothing_read(count: int) -> str:
    """What is said of cells that stand for nothing."""
    return f"{count} cells such as - or / in columns of amounts or dates are read as empty"


def lines_of(rows: Sequence[Row], which: Sequence[int]) -> tuple[str, ...]:
    """Rows as lines of text, those left out that are empty or that a spreadsheet made up."""
    lines = [rows[at] for at in which]
    if lines and len(filled(lines[0])) > 2 and all(_PLACEHOLDER.fullmatch(str(c)) for c in lines[0] if c is not None):
        lines = lines[1:]  # names that a spreadsheet made up
    return tuple(line for row in lines if (line := joined(row)))


def _names(rows: Sequence[Row], cut: _Cut) -> tuple[list[str], tuple[str, ...]]:
    own = len(cut.header.names)
    more = [at for at in cut.body if len(rows[at]) > own]
    used = max((i + 1 for at in more for i in filled(rows[at]) if i >= own), default=0)
    over = sum(any(cell is not None for cell in rows[at][own:]) for at in more) if used else 0
    return names_for(cut.header.names, len(more), used, over)


def names_for(names: Sequence[str | None], longer: int, used: int, over: int) -> tuple[list[str], tuple[str, ...]]:
    """Names for all columns; what is to be said where rows have more fields than the header.

    Parameters
    ----------
    names : sequence of str or None
        The header's.
    longer : int
        Rows with more fields.
    used : int
        The last column in which one of them has something, from 1; 0: there is none.
    over : int
        Rows that have something there.

    Examples
    --------
    >>> names_for(["日期", "金额"], 2, 3, 1)[0]
    ['日期', '金额', 'column_3']
    """
    if not longer or not names:
        return unique(names), ()
    if used <= len(names):
        return unique(names), (f"{longer} rows have more fields than the header has names; they are empty",)
    said = f"{over} rows have more fields than the header has names; the columns without a name are numbered"
    return unique([*names, *([None] * (used - len(names)))]), (said,) if any(names) else ()
