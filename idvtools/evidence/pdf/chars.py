"""The characters of a page as pdfium has them, to words.

This is where the time of reading a PDF goes, so pdfium is asked for as little as possible: for all characters at once,
for the box of each, and for angle and faults of the font only where they can have changed.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import pypdfium2 as pdfium
from pypdfium2 import raw

from idvtools.evidence.limits import Budget
from idvtools.evidence.pdf.page import FAR, Box, Layer
from idvtools.evidence.pdf.quality import is_unknown
from idvtools.evidence.pdf.rules import read_rules
from idvtools.evidence.pdf.words import GAP, Writer, quarter

#: Zero-width space, byte order mark, soft hyphen; and nothing at all.
_NO_WIDTH = ("\u200b", "\ufeff", "\xad", "")
#: How many boxes are taken from pdfium before Python looks at them.
_CHUNK = 2048
# pdfium's own function, told that places are plain numbers: half of the price of a call is wrapping them
_BOX_OF = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)(
    ctypes.cast(raw.FPDFText_GetLooseCharBox, ctypes.c_void_p).value or 0
)


def read_layer(page: pdfium.PdfPage, textpage: pdfium.PdfTextPage, budget: Budget) -> Layer:
    """Words and ruling lines of a page.

    Parameters
    ----------
    page, textpage : pypdfium2 objects
        The page, loaded.
    budget : Budget
        What is left of time; EvidenceError when it is over.

    Returns
    -------
    Layer
        Upright words in the order in which they are drawn; ruling lines as they are drawn.

    Examples
    --------
    >>> from idvtools.evidence.limits import Limits
    >>> page = pdfium.PdfDocument.new().new_page(200, 100)
    >>> read_layer(page, page.get_textpage(), Budget(Limits())).words
    []
    """
    layer = Layer()
    _read_words(textpage, layer, budget)
    layer.set_page(page.get_mediabox())
    read_rules(page, layer, budget)
    return layer


@dataclass(slots=True)
class _Asked:
    """What pdfium said of the piece of text that is being read: characters of one piece have boxes of one height."""

    textpage: pdfium.PdfTextPage
    layer: Layer
    up: float = math.nan
    low: float = math.nan
    at: int | None = 0
    fine: set[str] = field(default_factory=set)
    known: dict[float, set[str]] = field(default_factory=dict)

    def ask(self, index: int, text: str, up: float, low: float) -> str:
        """Ask for the angle of a character, and whether its font says what it means; what to write for it."""
        if up != self.up or low != self.low:
            self.at = quarter(raw.FPDFText_GetCharAngle(self.textpage.raw, index))
            self.fine = self.known.setdefault(round(up - low, 3), set())
            self.up, self.low = up, low
        if text in self.fine:
            return text
        odd = not " " <= text <= "~" and is_unknown(text)
        unmapped = raw.FPDFText_HasUnicodeMapError(self.textpage.raw, index) == 1
        if odd or unmapped:
            self.layer.unknown += 1
            self.layer.unmapped += unmapped or text < " "
            return "\ufffd" if text < " " else text
        self.fine.add(text)
        return text


def _read_words(textpage: pdfium.PdfTextPage, layer: Layer, budget: Budget) -> None:
    writer, asked = Writer(layer), _Asked(textpage, layer)
    texts = _texts(textpage, textpage.count_chars())
    space: Box | None = None
    for index, (left, up, right, low) in enumerate(_boxes(textpage, len(texts), budget)):
        text = texts[index]
        if text.isspace() or text in _NO_WIDTH:
            if text and text != "\xad" and not raw.FPDFText_IsGenerated(textpage.raw, index):
                space = (left, low, right, up)
            continue
        if not (-FAR < left <= right < FAR and -FAR < low < up < FAR):
            continue
        if up != asked.up or low != asked.low or text not in asked.fine:
            text = asked.ask(index, text, up, low)
        layer.chars += 1
        word = writer.word
        if space is None and asked.at == 0 == writer.at and word and word.bottom == -low and word.top == -up:
            gap, size = left - word.x1, up - low
            if -0.1 * size < gap < GAP * size and right > word.x1:  # most characters: the next one of their word
                word.text += text
                word.x1 = right
                word.chars.append((left, right, text))
                continue
        writer.add(left, up, right, low, text, asked.at, space)
        space = None
    writer.close()
    layer.sample = "".join(text for text in texts[:8000] if text > " ")[:4000]


def _boxes(textpage: pdfium.PdfTextPage, count: int, budget: Budget) -> Iterator[tuple[float, ...]]:
    """Left, upper, right and lower border of every character."""
    handle = ctypes.cast(textpage.raw, ctypes.c_void_p).value
    room = (ctypes.c_float * (4 * _CHUNK))()
    first = ctypes.addressof(room)
    for begin in range(0, count, _CHUNK):
        budget.tick()
        size = min(_CHUNK, count - begin)
        for offset in range(size):
            _BOX_OF(handle, begin + offset, first + 16 * offset)
        numbers = iter(room[: 4 * size])
        yield from zip(numbers, numbers, numbers, numbers, strict=True)


def plain_text(textpage: pdfium.PdfTextPage) -> str:
    """The text of a page as pdfium has it, with hyphens for its marks of a word that a line's end parts."""
    return str(textpage.get_text_range()).replace("\x02", "-").replace("\ufffe", "-")


def _texts(textpage: pdfium.PdfTextPage, count: int) -> str | list[str]:
    """The text of every character; "" for the first half of a pair."""
    text = plain_text(textpage) if count else ""
    if len(text) == count:
        return text
    found: list[str] = []
    high = 0
    for index in range(count):
        code = raw.FPDFText_GetUnicode(textpage.raw, index)
        if 0xD800 <= code < 0xDC00:
            high = code
            found.append("")
            continue
        if 0xDC00 <= code < 0xE000:
            code = 0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00) if high else 0xFFFD
        high = 0
        found.append("-" if code in (2, 0xFFFE) else chr(code) if code < 0x110000 else "\ufffd")
    return found
