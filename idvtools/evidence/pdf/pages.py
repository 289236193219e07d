"""Pages of a PDF, one after the other, to text and tables: the same for whichever library gave their words."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median
from typing import Protocol

from idvtools.errors import EvidenceError
from idvtools.evidence.limits import Budget
from idvtools.evidence.model import Found
from idvtools.evidence.pdf.columns import column_tables
from idvtools.evidence.pdf.join import Joiner
from idvtools.evidence.pdf.lattice import lattices
from idvtools.evidence.pdf.page import Layer, Word
from idvtools.evidence.pdf.quality import judge, page_list
from idvtools.evidence.pdf.tables import PageTable, crown, framed, ruled_table
from idvtools.evidence.pdf.text import AMOUNT, Line, lines_of, phrases_of, text_of

#: Share of the time that is left which pages may take; making typed tables of them takes the rest.
READING = 0.75
_PAGE_NUMBER = re.compile(
    r"(?:page|seite|p\.|第)\s*:?\s*\d+\s*(?:页|頁)?\s*(?:(?:of|von|/|,|，|共|out of)\s*){0,2}\d*\s*(?:页|頁)?"
    r"|\d+\s*(?:/|of|von)\s*\d+|[-–—]\s*\d+\s*[-–—]|\d{1,4}",
    re.IGNORECASE,
)


class UnreadableError(EvidenceError):
    """pdfium makes nothing of a file; a second reader may."""


class Source(Protocol):
    """A document that is open, whichever library opened it."""

    @property
    def count(self) -> int:
        """How many pages it has."""

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        """What it says of itself."""

    @property
    def warnings(self) -> list[str]:
        """What is to be said of it as a whole."""

    def layer(self, index: int, budget: Budget) -> Layer | None:
        """What stands on a page; None where it cannot be read."""


@dataclass(slots=True)
class _Sheet:
    number: int
    layer: Layer
    lines: list[Line]
    keys: set[tuple[str, int]]
    usable: bool


def read_pages(source: Source, budget: Budget) -> Found:
    """All pages of a document: a grid for each table, their text, and what was to be said of them.

    Where the time runs out, what was read is given, and the pages that were not are named.

    Raises
    ------
    UnreadableError
        None of its pages can be read.
    EvidenceError
        The first one alone takes longer than there is time.
    """
    reading = _Reading(budget)
    until = time.monotonic() + READING * (budget.until - time.monotonic())
    before: _Sheet | None = None
    now: _Sheet | None = None
    taken = 0
    for index in range(source.count):
        if index and time.monotonic() > until:
            reading.said["the time was over before they were read"] = list(range(index + 1, source.count + 1))
            break
        taken = index + 1
        after = reading.sheet(index + 1, source.layer(index, budget))
        if now is not None:
            reading.take(now, before, after)
        before, now = now, after
    if now is not None:
        reading.take(now, before, None)
    if len(reading.said.get("could not be read", [])) == source.count:
        raise UnreadableError("none of its pages can be read: the PDF is damaged")
    notes = [*source.warnings, *(f"{page_list(pages)}: {what}" for what, pages in reading.said.items())]
    text = "\f".join(reading.texts.get(page, "") for page in range(1, taken + 1))
    return Found(reading.joiner.grids(), text, metadata=source.metadata, warnings=tuple(notes))


@dataclass(slots=True)
class _Reading:
    """What was found on the pages so far."""

    budget: Budget
    joiner: Joiner = field(default_factory=Joiner)
    texts: dict[int, str] = field(default_factory=dict)
    said: dict[str, list[int]] = field(default_factory=dict)

    def say(self, what: str, page: int) -> None:
        self.said.setdefault(what, []).append(page)

    def sheet(self, number: int, layer: Layer | None) -> _Sheet | None:
        """A page as lines, and what its text is worth."""
        if layer is None:
            self.say("could not be read", number)
            return None
        quality = self._judge(number, layer)
        usable = quality in ("good", "doubtful") or bool(layer.words and quality != "garbled")
        _set_stamps_aside(layer)
        lines = lines_of(layer.words) if usable else []
        return _Sheet(number, layer, lines, {_line_key(line) for line in lines}, usable)

    def _judge(self, number: int, layer: Layer) -> str:
        quality, share = judge(layer.chars, layer.unknown, layer.sample, layer.pictures, layer.shapes)
        if quality == "scan":
            self.say("no text layer (a scan or a drawing); nothing of it can be read", number)
        elif quality == "empty" and not layer.words:
            self.say("empty", number)
        elif quality == "garbled":
            self.say(f"text is garbled ({share:.0%} unknown glyphs); it was left out", number)
        elif quality == "doubtful":
            self.say(f"{max(share, 0.01):.0%} of the characters are unknown glyphs", number)
        elif layer.pictures > 0.5 and layer.chars < 200:
            self.say("mostly a picture; what stands in the picture is not read", number)
        if layer.crowded:
            self.say("too many lines drawn to find ruled tables among them", number)
        if layer.notes:
            self.say("notes that readers put on it are not read", number)
        return quality

    def take(self, sheet: _Sheet, before: _Sheet | None, after: _Sheet | None) -> None:
        """Tables and text of a page, seen beside its neighbours."""
        if not sheet.usable:
            self.joiner.add(sheet.number, [], [])
            return
        layer, budget = sheet.layer, self.budget
        found, loose = lattices(layer, budget)
        words: list[Word] = [word for line in sheet.lines for word in line.words]
        tables: list[PageTable] = []
        heads: list[PageTable] = []
        sideways = layer.sideways() if found else []
        for lattice in found:
            inside, words = framed(lattice, words)
            if inside:
                tables += column_tables(
                    lines_of(inside),
                    lattice.across,
                    budget,
                    carried=None if tables else self.joiner.carried,
                    fences=lattice.xs,
                )
                continue
            before_it = words
            table, words = ruled_table(lattice, words, budget, sideways)
            if table is not None and table.is_head:
                heads.append(table)
                words = before_it
            elif table is not None:
                tables.append(table)
            elif len(words) < len(before_it):
                self.say("lines go through words: a form or a drawing, read as text only", sheet.number)
        lines = [line for line in lines_of(words) if not _is_margin(line, sheet, before, after)]
        for table in tables:
            crown(table, max((at for at in lines if at.bottom <= table.top + 2), key=_bottom, default=None))
        barriers = [table.top for table in tables]
        tables += column_tables(lines, loose, budget, carried=self.joiner.carried, barriers=barriers)
        tables += [head for head in heads if not any(t.top < head.bottom < t.bottom for t in tables)]
        tables.sort(key=lambda table: table.top)
        self.joiner.add(sheet.number, tables, [(line.top, text_of(line)) for line in lines])
        self.texts[sheet.number] = "\n".join([*(text_of(line) for line in sheet.lines), *self._aside(sheet)])

    def _aside(self, sheet: _Sheet) -> Iterator[str]:
        """The text that does not stand as the page does."""
        aside = sheet.layer.aside
        if stamps := aside.get(None, []):
            self.say(
                "a stamp or watermark was kept out of the tables; it stands at the end of the page's text",
                sheet.number,
            )
            yield " ".join(word.text for word in stamps)
        for turn in sorted(t for t in aside if t is not None):
            yield from (text_of(line) for line in lines_of(aside[turn]))


def _set_stamps_aside(layer: Layer) -> None:
    """Large words that lie across others are a stamp or watermark, also when they stand upright."""
    if len(layer.words) < 6:
        return
    usual = median(word.size for word in layer.words)
    large = [word for word in layer.words if word.size > 1.9 * usual]
    for word in large[:200]:
        under = sum(
            min(word.x1, w.x1) - max(word.x0, w.x0) > 1
            and min(word.bottom, w.bottom) - max(word.top, w.top) > 0.4 * w.size
            for w in layer.words
            if w is not word and w.size <= 1.9 * usual
        )
        if under >= 2:
            layer.words.remove(word)
            layer.aside.setdefault(None, []).append(word)


def _bottom(line: Line) -> float:
    return line.bottom


def _line_key(line: Line) -> tuple[str, int]:
    return re.sub(r"\d+", "#", "".join(w.text for w in line.words)), round(line.top / 3)


def _is_margin(line: Line, sheet: _Sheet, before: _Sheet | None, after: _Sheet | None) -> bool:
    """Whether a line is the head or foot of the page: a page number, or what the next page repeats at that place."""
    place = (line.top - sheet.layer.top) / sheet.layer.height
    text = "".join(w.text for w in line.words)
    if (place > 0.88 or place < 0.12) and _PAGE_NUMBER.fullmatch(text):
        return True
    key, at = _line_key(line)
    again = any(
        other is not None and any((key, at + step) in other.keys for step in (-1, 0, 1)) for other in (before, after)
    )
    phrases = phrases_of(line.words)
    if not again or any(AMOUNT.fullmatch(p.text) for p in phrases):
        return False
    return place > 0.85 or (place < 0.08 and len(phrases) < 3)
