"""Opening a PDF with pdfium: passwords, an end that is missing, a page at a time."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pypdfium2 as pdfium
from pypdfium2 import raw

from idvtools.errors import EvidenceError, PasswordError
from idvtools.evidence.limits import Budget
from idvtools.evidence.pdf.chars import read_layer
from idvtools.evidence.pdf.fields import form_fields
from idvtools.evidence.pdf.page import Layer
from idvtools.evidence.pdf.pages import UnreadableError

_CATALOG = re.compile(rb"\b(\d{1,8}) 0 obj\s{0,9}<<[^<>]{0,400}/Type\s{0,9}/Catalog\b")


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Without what pypdfium2 has to say: a form in XFA is read as far as it is a plain one."""
    log = logging.getLogger("pypdfium2._helpers.document")
    before, log.disabled = log.disabled, True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.disabled = before


@contextlib.contextmanager
def opened(data: bytes, budget: Budget, passwords: Sequence[str]) -> Iterator[pdfium.PdfDocument]:
    """A document, open; closed again at the end.

    Raises
    ------
    PasswordError, EvidenceError
        As `pdf.read_pdf`.
    """
    document = _open(data, budget, passwords)
    try:
        count = len(document)
        if not count:
            raise UnreadableError("the PDF has no pages, or is damaged")
        if count > budget.limits.pages:
            raise EvidenceError(f"it has {count} pages, more than {budget.limits.pages}")
        with contextlib.suppress(pdfium.PdfiumError), _silent():
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
    raise UnreadableError("this is no PDF, or it is damaged beyond reading")


@contextlib.contextmanager
def loaded(document: pdfium.PdfDocument, index: int) -> Iterator[tuple[pdfium.PdfPage, pdfium.PdfTextPage]]:
    """A page and its text; closed again at the end."""
    page = document[index]
    try:
        textpage = page.get_textpage()
        try:
            yield page, textpage
        finally:
            textpage.close()
    finally:
        page.close()


@dataclass(slots=True)
class PdfiumSource:
    """A document that pdfium opened, as `pdfpages.Source` wants it."""

    document: pdfium.PdfDocument
    count: int
    metadata: tuple[tuple[str, str], ...]
    warnings: list[str]

    def layer(self, index: int, budget: Budget) -> Layer | None:
        """Words and lines of a page; None where pdfium cannot read it."""
        try:
            with loaded(self.document, index) as (page, textpage):
                layer = read_layer(page, textpage, budget)
                layer.notes = form_fields(self.document, page, layer)
        except (pdfium.PdfiumError, ctypes.ArgumentError, ValueError, OverflowError):
            return None
        return layer

    def fields(self, index: int, layer: Layer) -> None:
        """Put what is filled into the form of a page onto it, as another reader has it."""
        with contextlib.suppress(pdfium.PdfiumError, ValueError), loaded(self.document, index) as (page, _):
            layer.notes = form_fields(self.document, page, layer)
