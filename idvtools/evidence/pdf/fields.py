"""What a PDF holds beside its pages: form fields and typed text, what it says of itself, files attached to it."""

from __future__ import annotations

import ctypes
import re
from typing import Any

import pypdfium2 as pdfium
from pypdfium2 import raw

from idvtools.evidence.pdf.page import Layer, Word, turned

_WHEN = re.compile(r"(?:D:)?(\d{4})(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\d{2})?([Zz+-])?(\d{2})?'?(\d{2})?")
_NAMES = (
    ("Title", "title"), ("Author", "author"), ("Subject", "subject"), ("Keywords", "keywords"), ("Creator", "creator"),
    ("Producer", "producer"), ("CreationDate", "created"), ("ModDate", "modified"),
)  # fmt: skip
#: What stands for a box or button of a form that is ticked.
TICKED = "[x]"


def form_fields(document: pdfium.PdfDocument, page: pdfium.PdfPage, layer: Layer) -> int:
    """Values of form fields, and text that was typed onto the page, as words at their places; how many notes it has.

    A box or button that is ticked is ``[x]``.

    Examples
    --------
    >>> document = pdfium.PdfDocument.new()
    >>> form_fields(document, document.new_page(200, 100), Layer())
    0
    """
    notes = 0
    form = getattr(document, "formenv", None)
    for index in range(min(raw.FPDFPage_GetAnnotCount(page.raw), 5000)):
        note = raw.FPDFPage_GetAnnot(page.raw, index)
        if not note:
            continue
        kind = raw.FPDFAnnot_GetSubtype(note)
        text = ""
        if kind == raw.FPDF_ANNOT_WIDGET and form is not None:
            field = raw.FPDFAnnot_GetFormFieldType(form.raw, note)
            if field in (raw.FPDF_FORMFIELD_TEXTFIELD, raw.FPDF_FORMFIELD_COMBOBOX, raw.FPDF_FORMFIELD_LISTBOX):
                text = _wide(raw.FPDFAnnot_GetFormFieldValue, form.raw, note)
            elif field in (raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON):
                text = TICKED if raw.FPDFAnnot_IsChecked(form.raw, note) else ""
        elif kind == raw.FPDF_ANNOT_FREETEXT:
            text = _wide(raw.FPDFAnnot_GetStringValue, note, b"Contents")
        elif kind == raw.FPDF_ANNOT_TEXT:
            notes += 1
        place = raw.FS_RECTF()
        if text.strip() and raw.FPDFAnnot_GetRect(note, ctypes.byref(place)):
            x0, top, x1, bottom = turned(layer.turn, place.left, place.bottom, place.right, place.top)
            if text == TICKED:
                layer.words.append(Word(x0, top, x1 - 0.15 * (x1 - x0), bottom, text))
            else:
                _typed(layer, text, x0, top, bottom)
            layer.chars += len(text)
            layer.sample += text[:200]
        raw.FPDFPage_CloseAnnot(note)
    return notes


def _typed(layer: Layer, text: str, left: float, top: float, bottom: float) -> None:
    """Words of a typed text; no font says how wide they are, so they are set as an ordinary one would."""
    lines = text.split("\r" if "\n" not in text else "\n")[:200]
    height = min((bottom - top) / len(lines), 12.0)
    middle = (top + bottom - height * (len(lines) - 1)) / 2
    for number, line in enumerate(lines):
        x0, y = left + 1, middle + number * height
        for part in line.split()[:500]:
            x1 = x0 + height * sum(1.0 if char > "\u2e7f" else 0.5 for char in part)
            layer.words.append(Word(x0, y - height / 2, x1, y + height / 2, part))
            x0 = x1 + 0.3 * height


def _wide(ask: Any, *arguments: Any) -> str:
    """A text that pdfium writes into a buffer."""
    size = ask(*arguments, None, 0)
    if not 2 < size < 1 << 20:
        return ""
    buffer = (ctypes.c_ushort * (size // 2 + 1))()
    ask(*arguments, buffer, size)
    return bytes(buffer)[: size - 2].decode("utf-16-le", "replace")


def metadata_of(document: pdfium.PdfDocument, count: int) -> tuple[tuple[str, str], ...]:
    """What a document says of itself: title, author, dates as ISO writes them, the number of pages.

    Examples
    --------
    >>> metadata_of(pdfium.PdfDocument.new(), 0)[-1]
    ('pages', '0')
    """
    found = []
    for key, name in _NAMES:
        value = _wide(raw.FPDF_GetMetaText, document.raw, key.encode())
        value = " ".join("".join(c if c.isprintable() else " " for c in value).split())[:300]
        if value:
            found.append((name, _when(value) if name in ("created", "modified") else value))
    found.append(("pages", str(count)))
    if raw.FPDF_GetSecurityHandlerRevision(document.raw) > 0:
        found.append(("encrypted", "yes"))
    return tuple(found)


def _when(value: str) -> str:
    """A PDF date as ISO writes it, as far as it goes; what is no date as it stands."""
    match = _WHEN.match(value)
    if match is None:
        return value
    year, month, day, hour, minute, second, zone, off, off_minute = match.groups()
    text = "-".join(part for part in (year, month, day) if part)
    if hour and day:
        text += f"T{hour}:{minute or '00'}:{second or '00'}"
        if zone:
            text += "+00:00" if zone in "Zz" else f"{zone}{off or '00'}:{off_minute or '00'}"
    return text


def notes_on(document: pdfium.PdfDocument, data: bytes) -> list[str]:
    """What is to be said of a file as a whole: attachments, signatures, an end that is missing.

    Examples
    --------
    >>> notes_on(pdfium.PdfDocument.new(), b"%PDF-1.7 ... %%EOF")
    []
    """
    notes = []
    attached = raw.FPDFDoc_GetAttachmentCount(document.raw)
    if attached > 0:
        notes.append(f"{attached} {'files are' if attached > 1 else 'file is'} attached to the PDF and not read")
    signed = raw.FPDF_GetSignatureCount(document.raw)
    if signed > 0:
        what = (
            "signatures: not checked, and their seals are" if signed > 1 else "signature: not checked, and its seal is"
        )
        notes.append(f"it has {signed} digital {what} not read")
    if b"%%EOF" not in data[-2048:]:
        notes.append("the file ends without its end mark: it may be cut off, and pages may be missing")
    return notes
