"""PDF: text, tables and what the file says of itself, read by pdfium, page by page."""

from __future__ import annotations

import contextlib
import ctypes
import json
import re
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median

import pypdfium2 as pdfium
from pypdfium2 import raw

from idvtools.errors import EvidenceError, PasswordError
from idvtools.evidence.limits import Budget, Limits
from idvtools.evidence.model import Found
from idvtools.evidence.pdfcolumns import column_tables
from idvtools.evidence.pdffields import form_fields, metadata_of, notes_on
from idvtools.evidence.pdfguard import danger, pack, read_apart
from idvtools.evidence.pdfheads import AMOUNT
from idvtools.evidence.pdfjoin import Joiner
from idvtools.evidence.pdfpage import Layer, Word, read_layer
from idvtools.evidence.pdfquality import judge, page_list
from idvtools.evidence.pdftables import PageTable, lattices, ruled_table
from idvtools.evidence.pdftext import Line, lines_of, phrases_of, text_of

#: pdfium must not be entered by two threads at once, and says so.
_ONE_AT_A_TIME = threading.RLock()
_PAGE_NUMBER = re.compile(
    r"(?:page|seite|p\.|第)\s*:?\s*\d+\s*(?:页|頁)?\s*(?:(?:of|von|/|,|，|共|out of)\s*){0,2}\d*\s*(?:页|頁)?"
    r"|\d+\s*(?:/|of|von)\s*\d+|[-–—]\s*\d+\s*[-–—]|\d{1,4}",
    re.IGNORECASE,
)


_CATALOG = re.compile(rb"\b(\d{1,8}) 0 obj\s{0,9}<<[^<>]{0,400}/Type\s{0,9}/Catalog\b")


@dataclass(slots=True)
class _Sheet:
    number: int
    layer: Layer
    lines: list[Line]
    keys: set[tuple[str, int]]
    usable: bool


@dataclass(slots=True)
class _Reading:
    joiner: Joiner = field(default_factory=Joiner)
    texts: list[str] = field(default_factory=list)
    said: dict[str, list[int]] = field(default_factory=dict)

    def say(self, what: str, page: int) -> None:
        self.said.setdefault(what, []).append(page)


def read_pdf(data: bytes, name: str, budget: Budget, passwords: Sequence[str] = ()) -> Found:
    """Text and tables of a PDF.

    Parameters
    ----------
    data : bytes
        The file.
    name : str
        Its name, for messages.
    budget : Budget
        What is left of pages, cells and time.
    passwords : sequence of str
        Tried in turn where an empty one does not open it.

    Returns
    -------
    Found
        A grid for each table, one grid for a table over several pages; the text of all pages, a form feed between
        them; title, author, producer, dates and the number of pages. Warnings name pages: those without a text layer,
        with garbled text, that could not be read.

    Raises
    ------
    PasswordError
        None of the passwords opens it.
    EvidenceError
        It is no PDF, damaged beyond reading, or beyond the limits.

    Examples
    --------
    >>> read_pdf(b"no PDF", "a.pdf", Budget(Limits()))
    Traceback (most recent call last):
    idvtools.errors.EvidenceError: a.pdf: this is no PDF, or it is damaged beyond reading
    """
    try:
        with _ONE_AT_A_TIME:
            return read_apart(data, budget, passwords) if danger(data, budget) else _read(data, budget, passwords)
    except PasswordError as error:
        raise PasswordError(error.problems[0].message, file=name) from None
    except EvidenceError as error:
        raise EvidenceError(error.problems[0].message, file=name) from None


def read_text(data: bytes, name: str, budget: Budget, passwords: Sequence[str] = ()) -> list[str]:
    """The bare text of each page in the order in which it is drawn: quick, for search and triage; no tables.

    Raises
    ------
    PasswordError, EvidenceError
        As `read_pdf`.

    Examples
    --------
    >>> read_text(b"no PDF", "a.pdf", Budget(Limits()))
    Traceback (most recent call last):
    idvtools.errors.EvidenceError: a.pdf: this is no PDF, or it is damaged beyond reading
    """
    if danger(data, budget):
        return read_pdf(data, name, budget, passwords).text.split("\f")
    try:
        with _ONE_AT_A_TIME, _opened(data, budget, passwords) as document:
            return [_drawn_text(document, index, budget) for index in range(len(document))]
    except EvidenceError as error:
        raise type(error)(error.problems[0].message, file=name) from None


def _drawn_text(document: pdfium.PdfDocument, index: int, budget: Budget) -> str:
    budget.tick()
    try:
        with _page(document, index) as (_, textpage):
            return str(textpage.get_text_range()).replace("\r\n", "\n").replace("\x02", "-")
    except pdfium.PdfiumError:
        return ""


def serve() -> None:
    """Read one PDF from standard input and answer on standard output: the process apart of `pdfguard`."""
    order = json.loads(sys.stdin.buffer.readline())
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415 - not on Windows, where only the time is held

        resource.setrlimit(resource.RLIMIT_AS, (order["memory"], order["memory"]))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    data = sys.stdin.buffer.read()
    budget = Budget(Limits(seconds=order["seconds"], cells=order["cells"], pages=order["pages"]))
    try:
        answer = pack(_read(data, budget, order["passwords"]))
        answer["cells"] = order["cells"] - budget.cells_left
    except EvidenceError as error:
        answer = {"error": error.problems[0].message, "locked": isinstance(error, PasswordError)}
    except MemoryError:
        answer = {"error": "reading it takes too much memory", "locked": False}
    sys.stdout.buffer.write(json.dumps(answer).encode())


def _read(data: bytes, budget: Budget, passwords: Sequence[str]) -> Found:
    reading = _Reading()
    with _opened(data, budget, passwords) as document:
        count = len(document)
        metadata = metadata_of(document, count)
        notes = notes_on(document, data)
        before: _Sheet | None = None
        now: _Sheet | None = None
        for index in range(count):
            after = _sheet(document, index, reading, budget)
            if now is not None:
                _take(now, before, after, reading, budget)
            before, now = now, after
        if now is not None:
            _take(now, before, None, reading, budget)
    failed = reading.said.get("could not be read", [])
    if len(failed) == count:
        raise EvidenceError("none of its pages can be read: the PDF is damaged")
    notes += [f"{page_list(pages)}: {what}" for what, pages in reading.said.items()]
    return Found(reading.joiner.grids(), "\f".join(reading.texts), metadata=metadata, warnings=tuple(notes))


@contextlib.contextmanager
def _opened(data: bytes, budget: Budget, passwords: Sequence[str]) -> Iterator[pdfium.PdfDocument]:
    document = _open(data, budget, passwords)
    try:
        count = len(document)
        if not count:
            raise EvidenceError("the PDF has no pages, or is damaged")
        if count > budget.limits.pages:
            raise EvidenceError(f"it has {count} pages, more than {budget.limits.pages}")
        with contextlib.suppress(pdfium.PdfiumError), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a form in XFA is read as far as it is a plain one
            if document.get_formtype() != raw.FORMTYPE_NONE:
                document.init_forms()
        yield document
    finally:
        document.close()


def _open(data: bytes, budget: Budget, passwords: Sequence[str]) -> pdfium.PdfDocument:
    locked = False
    for password in (None, *passwords):
        budget.tick()
        try:
            return pdfium.PdfDocument(data, password=password)
        except pdfium.PdfiumError as error:
            if getattr(error, "err_code", None) != raw.FPDF_ERR_PASSWORD:
                break
            locked = True
        except (ValueError, TypeError):  # a password with a NUL in it
            continue
    if locked:
        raise PasswordError(
            "it is locked, and " + ("none of the passwords opens it" if passwords else "needs a password")
        )
    root = _CATALOG.search(data)
    if root is not None:  # cut off before its directory: said where the catalogue is, pdfium finds the rest
        with contextlib.suppress(pdfium.PdfiumError):
            return pdfium.PdfDocument(data + b"\ntrailer<</Root %s 0 R>>\n%%%%EOF\n" % root.group(1))
    raise EvidenceError("this is no PDF, or it is damaged beyond reading")


@contextlib.contextmanager
def _page(document: pdfium.PdfDocument, index: int) -> Iterator[tuple[pdfium.PdfPage, pdfium.PdfTextPage]]:
    page = document[index]
    try:
        textpage = page.get_textpage()
        try:
            yield page, textpage
        finally:
            textpage.close()
    finally:
        page.close()


def _sheet(document: pdfium.PdfDocument, index: int, reading: _Reading, budget: Budget) -> _Sheet | None:
    budget.tick()
    number = index + 1
    try:
        with _page(document, index) as (page, textpage):
            layer = read_layer(page, textpage, budget)
            notes = form_fields(document, page, layer)
    except (pdfium.PdfiumError, ctypes.ArgumentError, ValueError, OverflowError):
        reading.say("could not be read", number)
        reading.texts.append("")
        return None
    if notes:
        reading.say("notes that readers put on it are not read", number)
    quality, share = judge(layer.chars, layer.unknown, layer.sample, layer.pictures, layer.shapes)
    if quality == "scan":
        reading.say("no text layer (a scan or a drawing); nothing of it can be read", number)
    elif quality == "empty" and not layer.words:
        reading.say("empty", number)
    elif quality == "garbled":
        reading.say(f"text is garbled ({share:.0%} unknown glyphs); it was left out", number)
    elif quality == "doubtful":
        reading.say(f"{max(share, 0.01):.0%} of the characters are unknown glyphs", number)
    elif layer.pictures > 0.5 and layer.chars < 200:
        reading.say("mostly a picture; what stands in the picture is not read", number)
    if layer.crowded:
        reading.say("too many lines drawn to find ruled tables among them", number)
    usable = quality in ("good", "doubtful") or bool(layer.words and quality != "garbled")
    _set_stamps_aside(layer)
    lines = lines_of(layer.words) if usable else []
    keys = {_line_key(line) for line in lines}
    return _Sheet(number, layer, lines, keys, usable)


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


def _line_key(line: Line) -> tuple[str, int]:
    return re.sub(r"\d+", "#", "".join(w.text for w in line.words)), round(line.top / 3)


def _take(sheet: _Sheet | None, before: _Sheet | None, after: _Sheet | None, reading: _Reading, budget: Budget) -> None:
    if sheet is None:
        return
    if not sheet.usable:
        reading.texts.append("")
        reading.joiner.add(sheet.number, [], [])
        return
    layer = sheet.layer
    found, loose = lattices(layer, budget)
    words: list[Word] = [word for line in sheet.lines for word in line.words]
    tables: list[PageTable] = []
    for lattice in found:
        table, words = ruled_table(lattice, words, budget)
        if table is not None:
            tables.append(table)
    lines = [line for line in lines_of(words) if not _is_margin(line, sheet, before, after)]
    barriers = [table.top for table in tables]
    tables += column_tables(lines, loose, budget, carried=reading.joiner.carried, barriers=barriers)
    tables.sort(key=lambda table: table.top)
    reading.joiner.add(sheet.number, tables, [(line.top, text_of(line)) for line in lines])
    stamps = layer.aside.get(None, [])
    if stamps:
        reading.say(
            "a stamp or watermark was kept out of the tables; it stands at the end of the page's text", sheet.number
        )
    rest = [" ".join(word.text for word in stamps)] if stamps else []
    for turn in sorted(t for t in layer.aside if t is not None):
        rest += [text_of(line) for line in lines_of(layer.aside[turn])]
    reading.texts.append("\n".join([*(text_of(line) for line in sheet.lines), *rest]))


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
