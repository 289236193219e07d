"""A second try with pdfplumber at what pdfium refuses or is not sure of: slower, and lenient with what is damaged.

Only to be called in the process apart of `guard`, which ends it where a damaged file makes it run on.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from idvtools.errors import EvidenceError, PasswordError
from idvtools.evidence.limits import Budget
from idvtools.evidence.model import Found
from idvtools.evidence.pdf.page import FAR, Box, Layer
from idvtools.evidence.pdf.pages import read_pages
from idvtools.evidence.pdf.quality import is_unknown
from idvtools.evidence.pdf.rules import THIN
from idvtools.evidence.pdf.words import Writer, quarter

_SAID = "it is damaged; a second reader (pdfplumber) was used, which may miss or misplace text and reads no form fields"


def read_second(data: bytes, budget: Budget, passwords: Sequence[str]) -> Found:
    """Text and tables of a PDF as pdfplumber sees it.

    Raises
    ------
    PasswordError, EvidenceError
        As `pdf.read_pdf`.

    Examples
    --------
    >>> from idvtools.evidence.limits import Limits
    >>> read_second(b"no PDF", Budget(Limits()), ())
    Traceback (most recent call last):
    idvtools.errors.EvidenceError: this is no PDF, or it is damaged beyond reading
    """
    source = plumbed(data, budget, passwords)
    if source.count > budget.limits.pages:
        raise EvidenceError(f"it has {source.count} pages, more than {budget.limits.pages}")
    return read_pages(source, budget)


def plumbed(data: bytes, budget: Budget, passwords: Sequence[str]) -> Plumbed:
    """A document, open.

    Raises
    ------
    PasswordError, EvidenceError
        As `pdf.read_pdf`.
    """
    pages = _pages(data, budget, passwords)
    return Plumbed(pages, len(pages), (("pages", str(len(pages))),))


def _pages(data: bytes, budget: Budget, passwords: Sequence[str]) -> list[Any]:
    import pdfplumber  # noqa: PLC0415 - slow to import, and seldom needed
    from pdfminer.pdfdocument import PDFPasswordIncorrect  # noqa: PLC0415

    locked = False
    for password in (None, *passwords):
        budget.tick()
        try:
            pages = pdfplumber.open(io.BytesIO(data), password=password).pages
        except Exception as error:
            locked = locked or any(isinstance(e, PDFPasswordIncorrect) for e in (error, *error.args))
            continue
        if pages:
            return list(pages)
    if locked:
        raise PasswordError("it is locked, and none of the passwords opens it")
    raise EvidenceError("this is no PDF, or it is damaged beyond reading")


@dataclass(slots=True)
class Plumbed:
    """A document that pdfplumber opened, as `pdfpages.Source` wants it."""

    pages: list[Any]
    count: int
    metadata: tuple[tuple[str, str], ...]
    warnings: list[str] = field(default_factory=lambda: [_SAID])

    def layer(self, index: int, budget: Budget) -> Layer | None:
        """Words and lines of a page; None where pdfplumber cannot read it."""
        page, layer = self.pages[index], Layer()
        try:
            x0, top, x1, bottom = map(float, page.bbox)
            _words(page.chars, layer, bottom, budget)
            layer.set_page((x0, 0.0, x1, bottom - top))
            _rules(page, layer, bottom)
            page.close()
        except EvidenceError:
            raise
        except Exception:
            return None
        return layer


def _box(item: dict[str, Any], foot: float) -> Box | None:
    """The box of an object with y up from the foot of the page; None where it lies nowhere."""
    box = float(item["x0"]), foot - float(item["bottom"]), float(item["x1"]), foot - float(item["top"])
    return box if all(-FAR < at < FAR for at in box) else None


def _words(chars: Sequence[dict[str, Any]], layer: Layer, foot: float, budget: Budget) -> None:
    writer, space = Writer(layer), None
    sample: list[str] = []
    for number, char in enumerate(chars):
        if not number % 1000:
            budget.tick()
        text, box = str(char["text"]), _box(char, foot)
        if box is None or not text:
            continue
        if text.isspace():
            space = box
            continue
        if text.startswith("(cid:") or is_unknown(text[0]):
            layer.unknown += 1
            layer.unmapped += 1
            text = "\ufffd"
        a, b, *_ = char["matrix"]
        layer.chars += 1
        sample.append(text)
        writer.add(box[0], box[3], box[2], box[1], text, quarter(-math.atan2(b, a)), space)
        space = None
    writer.close()
    layer.sample = "".join(sample[:4000])


def _rules(page: Any, layer: Layer, foot: float) -> None:
    area = float(page.width * page.height) or 1.0
    layer.pictures = sum(float(i["width"] * i["height"]) for i in page.images) / area
    for item in [*page.lines, *page.rects]:
        layer.shapes += 1
        box = _box(item, foot)
        if box is None:
            continue
        x0, low, x1, up = box
        if min(x1 - x0, up - low) <= THIN:
            layer.draw(box)
        elif item["stroke"] or (x1 - x0) * (up - low) < 0.7 * area:
            for edge in ((x0, low, x0, up), (x1, low, x1, up), (x0, low, x1, low), (x0, up, x1, up)):
                layer.draw(edge)
