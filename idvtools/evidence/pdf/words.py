"""Characters of a page, in the order in which they are drawn, to words and to the way up of the page."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise

from idvtools.evidence.pdf.page import Box, Layer, Word, turned

#: A gap wider than this many times the height of the text ends a word.
GAP = 0.19


@dataclass(slots=True)
class Writer:
    """Takes characters one by one and fills a layer with words at the end.

    A gap ends a word; a space does so only where there is room for one: padding drawn as spaces under the digits of a
    neighbour is why a space alone decides nothing.

    Parameters
    ----------
    layer : Layer
        What is filled.
    groups : dict
        Words by their quarter turns, slanted ones under None, where they still have y up.
    word : Word or None
        The word that the last character went into.
    at : int or None
        The quarter turns of that word.

    Examples
    --------
    >>> writer = Writer(Layer())
    >>> for x, char in ((0, "A"), (5, "B"), (30, "C")):
    ...     writer.add(x, 10, x + 5, 0, char, 0, None)
    >>> writer.close()
    >>> [word.text for word in writer.layer.words]
    ['AB', 'C']
    """

    layer: Layer
    groups: dict[int | None, list[Word]] = field(default_factory=dict)
    word: Word | None = None
    at: int | None = 0

    def add(
        self, left: float, up: float, right: float, low: float, text: str, at: int | None, space: Box | None
    ) -> None:
        """Take a character: its box with y up, its quarter turns, the box of the space that was drawn before it."""
        group = self.groups.setdefault(at, [])
        if at is None:  # slanted: a stamp or watermark
            if group and self.at is None and space is None:
                group[-1].text += text
            else:
                group.append(Word(left, low, right, up, text))
            self.word, self.at = None, None
            return
        x0, top, x1, bottom = turned(at, left, low, right, up)
        gap = turned(at, *space) if space else None
        word = self.word if at == self.at else None
        if word is not None and not text.isalnum() and _is_low(word, x0, top, bottom):
            top, bottom = word.top, word.bottom
        if word is not None and (x0, x1) == word.chars[-1][:2] and bottom == word.bottom:
            word.text += text  # one glyph that stands for two letters: "ff", "LA"
            word.chars.append((x0, x1, text))
            return
        if word is not None and _again(word, x0, bottom, text):
            self.layer.doubled += 1
            return
        if word is not None and _together(word, x0, top, x1, bottom, text, gap):
            word.text += text
            word.x1 = max(word.x1, x1)
            word.top, word.bottom = min(word.top, top), max(word.bottom, bottom)
            word.chars.append((x0, x1, text))
            return
        size = bottom - top
        close = gap is not None and abs(gap[2] - x0) < 0.3 * size and abs(gap[3] - bottom) < size
        self.word, self.at = Word(x0, top, x1, bottom, text, [(x0, x1, text)], close), at
        group.append(self.word)

    def close(self) -> None:
        """Fill the layer: what stands as most of the text does into its words, the rest aside."""
        slanted = self.groups.pop(None, [])
        for at, words in self.groups.items():
            self.groups[at] = _once(words, self.layer)
        _stand_up(self.groups)
        counted = {at: sum(len(word.text) for word in words) for at, words in self.groups.items()}
        turn = max(counted, key=lambda at: counted[at]) if counted else 0
        self.layer.turn = turn or 0
        self.layer.words = self.groups.pop(turn, [])
        self.layer.aside = {at: words for at, words in self.groups.items() if words}
        for word in slanted:
            word.x0, word.top, word.x1, word.bottom = turned(self.layer.turn, word.x0, word.top, word.x1, word.bottom)
        if slanted:
            self.layer.aside[None] = slanted


def quarter(angle: float) -> int | None:
    """Quarter turns against the clock of an angle, in radians with it; None for a slanted one (beyond 8 degrees).

    Examples
    --------
    >>> quarter(0.0), quarter(-math.pi / 2), quarter(0.5)
    (0, 1, None)
    """
    if not angle:
        return 0
    turns = -angle / (math.pi / 2)
    near = round(turns)
    return near % 4 if abs(turns - near) < 0.09 else None


def _is_low(word: Word, x0: float, top: float, bottom: float) -> bool:
    """Whether a mark stands in a word, but its font has no height: its box is its ink only."""
    inside = word.top < top < bottom < word.bottom + 1 and bottom - top < 0.5 * word.size
    return inside and -0.2 * word.size < x0 - word.x1 < word.size


def _again(word: Word, x0: float, bottom: float, text: str) -> bool:
    """Whether a character is the last one of the word, drawn a second time (a poor man's bold, a shadow)."""
    last = word.chars[-1]
    if text != last[2]:
        return False
    reach = 0.1 * max(word.size, 1.0)
    return abs(x0 - last[0]) <= reach and abs(bottom - word.bottom) <= reach


def _together(word: Word, x0: float, top: float, x1: float, bottom: float, text: str, space: Box | None) -> bool:
    tall, own = word.bottom - word.top, bottom - top
    size = tall if tall < own else own
    if not -0.45 * size <= bottom - word.bottom <= 0.45 * size or abs(top - word.top) > 0.6 * (tall + own - size):
        return False
    gap = x0 - word.x1
    if gap < -1.0 * size or (gap < -0.55 * size and x1 <= word.x1):
        return False
    if space is not None:
        # the boxes of a font that had to be replaced are too wide: then the space itself says whether it has room
        roomy = space[2] - space[0] > 0.12 * size and x0 > space[2] - 0.05 * size
        return gap < 0.07 * size and not roomy
    return gap < (0.4 if text > "\u2e7f" and word.text[-1] > "\u2e7f" else GAP) * size


def _once(words: list[Word], layer: Layer) -> list[Word]:
    """Words without those that are drawn a second time at the same place."""
    kept: list[Word] = []
    seen: dict[str, dict[tuple[int, int], tuple[float, float]]] = {}
    for word in words:
        reach = 0.1 * max(word.size, 1.0)
        column, row = int(word.x0 / reach), int(word.bottom / reach)
        places = seen.setdefault(word.text, {})
        if places and any(
            other is not None and abs(other[0] - word.x0) <= reach and abs(other[1] - word.bottom) <= reach
            for dx in (-1, 0, 1)
            for dy in (-1, 0, 1)
            for other in (places.get((column + dx, row + dy)),)
        ):
            layer.doubled += len(word.text)
            continue
        places[column, row] = (word.x0, word.bottom)
        kept.append(word)
    return kept


def _stand_up(groups: dict[int | None, list[Word]]) -> None:
    """Chinese or Japanese written from top to bottom, in columns from the right: the same as text turned three times.

    Its characters come one under the other without a gap. Where most of a page is so, its columns become lines.
    """
    words = groups.get(0, [])
    below = [
        here.text[0] > "\u2e7f"
        and abs(here.middle[0] - last.middle[0]) < 0.35 * here.size
        and -0.5 * here.size < here.top - last.bottom < 0.3 * here.size
        and len(here.text) <= 2
        for last, here in pairwise(words)
    ]
    if len(below) < 20 or sum(below) < 0.6 * len(words):
        return
    columns: list[Word] = []
    for word, goes_on in zip(words, [False, *below], strict=True):
        x0, top, x1, bottom = word.top, -word.x1, word.bottom, -word.x0
        if goes_on:
            last = columns[-1]
            last.text, last.x1 = last.text + word.text, max(last.x1, x1)
            last.top, last.bottom = min(last.top, top), max(last.bottom, bottom)
            last.chars.append((x0, x1, word.text))
        else:
            columns.append(Word(x0, top, x1, bottom, word.text, [(x0, x1, word.text)]))
    groups[3] = [*groups.get(3, []), *columns]
    groups[0] = []
