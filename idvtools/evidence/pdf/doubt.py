"""Pages whose text pdfium is not sure of: a second reader is asked, and believed where what it reads makes sense.

Fonts that do not say what their glyphs mean are read by guess. pdfium owns up to a guess, but it guesses right more
often than not; where the second reader comes to the same text, or to one without a doubt, the page need not be left
out. The second reader is slow, so that only such pages go to it, in the process apart and within a share of the time.
"""

from __future__ import annotations

import contextlib
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import FrameType

from idvtools.evidence.limits import Budget
from idvtools.evidence.pdf.open import PdfiumSource
from idvtools.evidence.pdf.page import Layer
from idvtools.evidence.pdf.pages import Source
from idvtools.evidence.pdf.quality import DOUBTFUL, is_plausible, judge, page_list, rare_share

#: Share of the time that is left which the second reader may take.
ASKING = 0.35
#: Share of the characters from which two readers read the same.
SAME = 0.98
_SAME = "some fonts do not say what their glyphs mean; a second reader (pdfplumber) reads the same text"
_OTHER = (
    "a second reader (pdfplumber) was used, as some fonts do not say what their glyphs mean; check some of its text"
)
_RARE = "many of its characters are rare ones; the text may be wrong"


class _OverError(BaseException):
    """The time of the second reader is over; no ``except Exception`` of its own may hold this up."""


def is_doubted(layer: Layer) -> bool:
    """Whether the text of a page may be wrong in a way that another reader could know better.

    Private characters that a font means to be such (ticks, bullets) are no reason.

    Examples
    --------
    >>> is_doubted(Layer(chars=100, unmapped=50)), is_doubted(Layer(chars=100, unknown=50))
    (True, False)
    >>> is_doubted(Layer(chars=4, sample="公司˖黎")), is_doubted(Layer(chars=4, sample="公司：黎"))
    (True, False)
    """
    return layer.chars > 0 and (layer.unmapped >= DOUBTFUL * layer.chars or rare_share(layer.sample) > 0)


@dataclass(slots=True)
class Checked:
    """A document that pdfium opened, the pages that it is not sure of read by a second reader as well.

    Parameters
    ----------
    first : PdfiumSource
        The document.
    second : callable, optional
        Opens the same with the second reader; without it, pages are only counted.
    doubted : int
        How many pages pdfium is not sure of.
    """

    first: PdfiumSource
    second: Callable[[], Source] | None = None
    said: dict[str, list[int]] = field(default_factory=dict)
    doubted: int = 0
    _opened: Source | None = None
    _until: float | None = None

    @property
    def count(self) -> int:
        """How many pages it has."""
        return self.first.count

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        """What it says of itself."""
        return self.first.metadata

    @property
    def warnings(self) -> list[str]:
        """What is to be said of it as a whole, and of the pages that were doubted."""
        return [*self.first.warnings, *(f"{page_list(pages)}: {what}" for what, pages in self.said.items())]

    def layer(self, index: int, budget: Budget) -> Layer | None:
        """What stands on a page, as the reader has it that knows better."""
        layer = self.first.layer(index, budget)
        if layer is None or not is_doubted(layer):
            return layer
        self.doubted += 1
        if self.second is None:
            return layer
        other = self._ask(index, budget)
        if other is None or not _is_better(other, layer):
            if layer.unmapped < DOUBTFUL * layer.chars:
                self.said.setdefault(_RARE, []).append(index + 1)
            return layer
        if _is_same(other, layer):
            if layer.unmapped >= DOUBTFUL * layer.chars:
                self.said.setdefault(_SAME, []).append(index + 1)
            layer.unknown -= layer.unmapped
            return layer
        self.said.setdefault(_OTHER, []).append(index + 1)
        self.first.fields(index, other)
        return other

    def _ask(self, index: int, budget: Budget) -> Layer | None:
        now = time.monotonic()
        if self._until is None:
            self._until = now + ASKING * (budget.until - now)
        if now >= self._until or self.second is None:
            return None
        try:
            with _alarm(self._until - now):
                if self._opened is None:
                    self._opened = self.second()
                return self._opened.layer(index, budget) if self._opened.count == self.first.count else None
        except _OverError:
            return None
        except Exception:  # whatever it stumbles over, pdfium's reading stands
            self._until = now
            return None


@contextlib.contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """Break off what runs on; where the system has no such alarm, the process apart is ended."""
    if not hasattr(signal, "setitimer"):
        yield
        return
    before = signal.signal(signal.SIGALRM, _over)
    signal.setitimer(signal.ITIMER_REAL, seconds, 0.5)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _over(_number: int, _frame: FrameType | None) -> None:
    raise _OverError


def _is_better(other: Layer, layer: Layer) -> bool:
    quality, share = judge(other.chars, other.unknown, other.sample, 0.0, 0)
    _, doubt = judge(layer.chars, layer.unknown, layer.sample, 0.0, 0)
    if quality == "garbled" or other.chars < 0.8 * layer.chars or not is_plausible(other.sample):
        return False
    return share + rare_share(other.sample) < 0.5 * (doubt + rare_share(layer.sample))


def _is_same(other: Layer, layer: Layer) -> bool:
    one, two = (Counter(char for word in it.words for char in word.text) for it in (other, layer))
    return (one & two).total() >= SAME * max(one.total(), two.total())
