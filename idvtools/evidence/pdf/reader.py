"""PDF: text, tables and what the file says of itself, read by pdfium, page by page."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pypdfium2 as pdfium

from idvtools.errors import EvidenceError, PasswordError
from idvtools.evidence.limits import Budget, Limits
from idvtools.evidence.model import Found
from idvtools.evidence.pdf.chars import plain_text
from idvtools.evidence.pdf.doubt import Checked
from idvtools.evidence.pdf.fields import metadata_of, notes_on
from idvtools.evidence.pdf.guard import danger, pack, read_apart
from idvtools.evidence.pdf.open import PdfiumSource, loaded, opened
from idvtools.evidence.pdf.pages import UnreadableError, read_pages
from idvtools.evidence.pdf.second import plumbed, read_second

#: pdfium must not be entered by two threads at once, and says so.
_ONE_AT_A_TIME = threading.RLock()
#: A document is read again for the pages that are doubted if that took less than this share of the time that is left.
AGAIN = 0.25
_LOST = "it is damaged: its own list of its parts is wrong; they were looked for, and some may be missing"


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
        with garbled text, that could not be read, for which there was no time.

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
            return _read_anyhow(data, budget, passwords)
    except PasswordError as error:
        raise PasswordError(error.problems[0].message, file=name) from None
    except EvidenceError as error:
        raise EvidenceError(error.problems[0].message, file=name) from None


def _read_anyhow(data: bytes, budget: Budget, passwords: Sequence[str]) -> Found:
    """Read a PDF here or in a process apart, at first with pdfium, then with pdfplumber."""
    if danger(data, budget):
        return read_apart(data, budget, passwords)
    start, cells = time.monotonic(), budget.cells_left
    try:
        found, doubted = _read(data, budget, passwords)
    except UnreadableError as error:
        if b" obj" not in data:
            raise
        try:
            return read_apart(data, budget, passwords, second=True)
        except PasswordError:
            raise
        except EvidenceError:
            raise error from None
    now = time.monotonic()
    if not doubted or now - start > AGAIN * (budget.until - now):
        return found
    left, budget.cells_left = budget.cells_left, cells
    try:
        return read_apart(data, budget, passwords, share=0.9)
    except EvidenceError:  # time or memory: pdfium's reading is what there is
        budget.cells_left = left
        return found


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
        with _ONE_AT_A_TIME, opened(data, budget, passwords) as document:
            return [_drawn_text(document, index, budget) for index in range(len(document))]
    except UnreadableError:
        return read_pdf(data, name, budget, passwords).text.split("\f")
    except EvidenceError as error:
        raise type(error)(error.problems[0].message, file=name) from None


def _drawn_text(document: pdfium.PdfDocument, index: int, budget: Budget) -> str:
    budget.tick()
    try:
        with loaded(document, index) as (_, textpage):
            return plain_text(textpage).replace("\r\n", "\n")
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
        answer = pack(_read_twice(data, budget, order))
        answer["cells"] = order["cells"] - budget.cells_left
    except EvidenceError as error:
        answer = {"error": error.problems[0].message, "locked": isinstance(error, PasswordError)}
    except MemoryError:
        answer = {"error": "reading it takes too much memory", "locked": False}
    sys.stdout.buffer.write(json.dumps(answer).encode())


def _read_twice(data: bytes, budget: Budget, order: dict[str, Any]) -> Found:
    if not order["second"]:
        try:
            return _read(data, budget, order["passwords"], apart=True)[0]
        except UnreadableError as error:
            first = error
    else:
        first = None
    try:
        return read_second(data, budget, order["passwords"])
    except PasswordError:
        raise
    except EvidenceError as error:
        raise first or error from None


def _read(data: bytes, budget: Budget, passwords: Sequence[str], *, apart: bool = False) -> tuple[Found, int]:
    """Read with pdfium, and count the pages that it is not sure of: ``apart``, a second reader is asked about them."""
    try:
        return _read_as_it_is(data, budget, passwords, apart)
    except UnreadableError:
        if b"startxref" not in data:
            raise
        with contextlib.suppress(EvidenceError):  # without its directory, which may be wrong, pdfium looks for itself
            found, doubted = _read_as_it_is(data.replace(b"startxref", b"%%startxx"), budget, passwords, apart)
            return replace(found, warnings=(_LOST, *found.warnings)), doubted
        raise


def _read_as_it_is(data: bytes, budget: Budget, passwords: Sequence[str], apart: bool) -> tuple[Found, int]:
    with opened(data, budget, passwords) as document:
        count = len(document)
        first = PdfiumSource(document, count, metadata_of(document, count), notes_on(document, data))
        source = Checked(first, (lambda: plumbed(data, budget, passwords)) if apart else None)
        found = read_pages(source, budget)
        return found, source.doubted
