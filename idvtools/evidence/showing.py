"""A quick look at evidence, for a notebook and for a terminal. What vendors wrote is hostile: all of it is escaped."""

from __future__ import annotations

import re
import shutil
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

from idvtools.evidence.masking import mask_cell, mask_line, names_in, printable
from idvtools.evidence.model import Check, Table

if TYPE_CHECKING:
    from idvtools.evidence.evidence import Evidence

_MEMBERS, _TABLES, _WARNINGS, _LINES = 40, 20, 40, 12
_WIDE, _TEXT = 40, 800
#: How a failed check looks.
RED = "color:#c62828;font-weight:600"
_CELL = "text-align:left;padding:1px 8px;border-bottom:1px solid #8884;white-space:nowrap"
_RIGHT = _CELL.replace("left", "right", 1)
_MARK = {True: "ok", False: "FAILED", None: "not checked"}


@dataclass(frozen=True, slots=True)
class Shown:
    """Evidence as it is shown: masked, unless `reveal`.

    Parameters
    ----------
    evidence : Evidence
        What is shown.
    reveal : bool
        In clear.
    rows : int
        How many of each table.
    width : int
        Columns of the terminal; 0: as many as it has. A table that is wider is shown with a line for each column.
    """

    evidence: Evidence
    reveal: bool = False
    rows: int = 8
    width: int = 0
    _names: re.Pattern[str] | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        known = None if self.reveal else names_in(self.evidence.parsed[:_TABLES], self.evidence.text)
        object.__setattr__(self, "_names", known)

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return self.html()

    def html(self) -> str:
        """A fragment with inline styles only; colours of the page around it, failed checks in red."""
        return f'<div style="max-width:100%;overflow-x:auto">{"".join(self._blocks())}</div>'

    def _cell(self, table: Table, index: int, row: tuple[Any, ...]) -> str:
        value = row[index] if index < len(row) else None
        if value is None:
            return ""
        column = table.columns[index].name
        shown = str(value if self.reveal else mask_cell(column, value, limit=_WIDE * 2))
        return printable(shown if len(shown) <= _WIDE else shown[: _WIDE - 1] + "…")

    def line(self, text: str, limit: int = 300) -> str:
        """A line that a vendor wrote, or that names what a vendor wrote."""
        if self.reveal:
            return printable(text[:limit])
        masked = mask_line(text, limit=limit)
        return printable(self._names.sub("***", masked) if self._names else masked)

    def _title(self) -> str:
        e = self.evidence
        encoding = f", {e.encoding}" if e.encoding else ""
        return f"{self.line(e.name)}: {e.kind}{encoding}, {e.size:,} bytes, sha256 {e.sha256[:16]}…"

    def _members(self) -> Iterator[tuple[str, str | None]]:
        for member in self.evidence.members[:_MEMBERS]:
            error = self.line(member.error) if member.error else None
            yield f"{self.line(member.path)}  {member.kind}  {member.size:,} bytes", error
        if (more := len(self.evidence.members) - _MEMBERS) > 0:
            yield f"… {more} more", None

    def _headline(self, table: Table) -> str:
        place = f" ({self.line(table.source)})" if table.source and table.source != table.name else ""
        layout = f", {table.layout}" if table.layout else ""
        size = f"{_counted(len(table.rows), 'row')} × {_counted(len(table.columns), 'column')}"
        return f"{self.line(table.name)}{place}: {size}{layout}"

    def _check(self, check: Check) -> str:
        return f"{_MARK[check.ok]}: {self.line(check.name)}: {self.line(check.detail)}"

    def _text(self) -> str:
        head = self.evidence.text[:_TEXT]
        shown = "\n".join(self.line(line) for line in head.splitlines()[:_LINES] if line.strip())
        return shown + (" …" if len(self.evidence.text) > _TEXT else "")

    def _lines(self) -> Iterator[str]:
        e = self.evidence
        yield self._title()
        for member, error in self._members():
            yield f"  {member}" + (f"  ! {error}" if error else "")
        for table in e.parsed[:_TABLES]:
            yield ""
            yield self._headline(table)
            yield from (f"  > {self.line(line)}" for line in table.preamble[:_LINES])
            yield from self._grid(table)
            yield from (f"  < {self.line(line)}" for line in table.footer[:_LINES])
            yield from (f"  {self._check(check)}" for check in table.checks)
        if (more := len(e.parsed) - _TABLES) > 0:
            yield f"… {_counted(more, 'more table')}"
        if e.text:
            yield ""
            yield f"text, {_counted(len(e.text), 'character')}:"
            yield from (f"  {line}" for line in self._text().splitlines())
        if e.warnings:
            yield ""
            yield from (f"warning: {self.line(warning)}" for warning in e.warnings[:_WARNINGS])
        if (more := len(e.warnings) - _WARNINGS) > 0:
            yield f"… {_counted(more, 'more warning')}"

    def _grid(self, table: Table) -> Iterator[str]:
        """The first rows; a wide table turned, as many of them as the terminal has room for."""
        width = self.width or shutil.get_terminal_size((100, 24)).columns
        names = [f"{self.line(c.name, _WIDE)} [{c.type}]" for c in table.columns]
        rows = [[self._cell(table, i, row) for i in range(len(names))] for row in table.rows[: self.rows]]
        sizes = [max(map(_columns, cells)) for cells in zip(names, *rows, strict=True)]
        if 2 + sum(sizes) + 3 * (len(sizes) - 1) <= width:
            for cells in (names, *rows):
                yield f"  {' | '.join(map(_fitted, cells, sizes))}".rstrip()
            if (more := len(table.rows) - len(rows)) > 0:
                yield f"  … {_counted(more, 'more row')}"
            return
        margin = min(max(map(_columns, names)), width // 2)
        room = [max((_columns(cell) for cell in cells), default=0) + 3 for cells in rows]
        shown = 0
        while shown < len(rows) and 2 + margin + sum(room[: shown + 1]) <= width:
            shown += 1
        for i, name in enumerate(names):
            cells = [_fitted(row[i], size - 3) for row, size in zip(rows[: max(shown, 1)], room, strict=False)]
            yield _fitted(f"  {_fitted(name, margin)} | {' | '.join(cells)}", width).rstrip()
        if (more := len(table.rows) - max(shown, 1)) > 0:
            yield f"  … {_counted(more, 'more row')} (each row is a column here: the table is wide)"

    def _blocks(self) -> Iterator[str]:
        e = self.evidence
        yield f"<p><b>{escape(self._title())}</b></p>"
        if e.members:
            items = (
                f"<li>{escape(member)}" + (f' <span style="{RED}">{escape(error)}</span>' if error else "") + "</li>"
                for member, error in self._members()
            )
            yield f"<details><summary>{_counted(len(e.members), 'member')}</summary><ul>{''.join(items)}</ul></details>"
        for table in e.parsed[:_TABLES]:
            yield from self._table(table)
        if (more := len(e.parsed) - _TABLES) > 0:
            yield f"<p>… {_counted(more, 'more table')}</p>"
        if e.text:
            summary = f"<summary>text, {_counted(len(e.text), 'character')}</summary>"
            yield f"<details>{summary}<pre>{escape(self._text())}</pre></details>"
        if e.warnings:
            items = (f"<li>{escape(self.line(warning))}</li>" for warning in e.warnings[:_WARNINGS])
            yield f"<p>{_counted(len(e.warnings), 'warning')}</p><ul>{''.join(items)}</ul>"

    def _table(self, table: Table) -> Iterator[str]:
        yield f"<p>{escape(self._headline(table))}</p>"
        if table.preamble:
            yield f"<p>{'<br>'.join(escape(self.line(line)) for line in table.preamble[:_LINES])}</p>"
        head = "".join(
            f'<th style="{_CELL}" title="{escape(c.type)}">{escape(self.line(c.name))}</th>' for c in table.columns
        )
        yield f'<table style="border-collapse:collapse"><thead><tr>{head}</tr></thead><tbody>'
        styles = [_RIGHT if c.type in ("amount", "integer") else _CELL for c in table.columns]
        for row in table.rows[: self.rows]:
            cells = (f'<td style="{style}">{escape(self._cell(table, i, row))}</td>' for i, style in enumerate(styles))
            yield f"<tr>{''.join(cells)}</tr>"
        yield "</tbody></table>"
        if len(table.rows) > self.rows:
            yield f"<p>… {_counted(len(table.rows) - self.rows, 'more row')}</p>"
        if table.footer:
            yield f"<p>{'<br>'.join(escape(self.line(line)) for line in table.footer[:_LINES])}</p>"
        for check in table.checks:
            style = f' style="{RED}"' if check.ok is False else ""
            yield f"<p{style}>{escape(self._check(check))}</p>"


def _counted(count: int, word: str) -> str:
    """A number with what it counts.

    Examples
    --------
    >>> _counted(1, "row"), _counted(1200, "row")
    ('1 row', '1,200 rows')
    """
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def _columns(text: str) -> int:
    """How many columns of a terminal a text takes: a Chinese character two."""
    return sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in text)


def _fitted(text: str, width: int) -> str:
    """A text cut or filled to a width.

    Examples
    --------
    >>> _fitted("金额", 6) + "|", _fitted("交易金额", 6) + "|"
    ('金额  |', '交易… |')
    """
    if _columns(text) > width:
        while text and _columns(text) > width - 1:
            text = text[:-1]
        text += "…"
    return text + " " * (width - _columns(text))
