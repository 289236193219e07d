"""One page of a PDF as words and ruling lines with places: what every reader of pages gives.

Coordinates are in points, x to the right and y *down*, turned so that most of the text stands upright: a page that is
rotated (``/Rotate``) and a page whose text is drawn sideways come out the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field

#: Beyond this a coordinate is an accident (200 inches are the largest page that the format knows: 14,400 points).
FAR = 1e6


#: A box with y up: left, bottom, right, top.
Box = tuple[float, float, float, float]


@dataclass(slots=True)
class Word:
    """Characters that stand together: box, text, where each character begins and ends, whether a space precedes."""

    x0: float
    top: float
    x1: float
    bottom: float
    text: str
    chars: list[tuple[float, float, str]] = field(default_factory=list)
    spaced: bool = False

    @property
    def size(self) -> float:
        """Height of the box: near the font size."""
        return self.bottom - self.top

    @property
    def middle(self) -> tuple[float, float]:
        """Centre of the box."""
        return (self.x0 + self.x1) / 2, (self.top + self.bottom) / 2


@dataclass(frozen=True, slots=True)
class Rule:
    """A ruling line: its place on the other axis (y of a horizontal one), and from where to where it goes."""

    at: float
    start: float
    end: float


@dataclass(slots=True)
class Layer:
    """What stands on a page: upright words, ruling lines, and counts for the quality gate.

    ``aside`` holds words at another angle, by their quarter turns, slanted ones (stamps, watermarks) under None;
    ``top`` and ``height`` are the page's, ``turn`` the quarter turns that set it upright; ``notes`` counts those that
    readers put on it; ``unmapped`` counts those unknown characters that the font does not say itself.
    """

    words: list[Word] = field(default_factory=list)
    aside: dict[int | None, list[Word]] = field(default_factory=dict)
    across: list[Rule] = field(default_factory=list)
    down: list[Rule] = field(default_factory=list)
    top: float = 0.0
    height: float = 0.0
    turn: int = 0
    chars: int = 0
    unknown: int = 0
    unmapped: int = 0
    pictures: float = 0.0
    doubled: int = 0
    shapes: int = 0
    crowded: bool = False
    notes: int = 0
    sample: str = ""

    def sideways(self) -> list[tuple[tuple[float, float], Word]]:
        """The words that stand at another quarter turn than the page, each with the place of its middle on the page."""
        found = []
        for turn, words in self.aside.items():
            for word in words if turn is not None else ():
                x0, top, x1, bottom = turned(
                    self.turn, *turned_back(turn or 0, word.x0, word.top, word.x1, word.bottom)
                )
                found.append((((x0 + x1) / 2, (top + bottom) / 2), word))
        return found

    def set_page(self, box: Box) -> None:
        """Take the page's own box, after the words said which way up it is."""
        _, self.top, _, bottom = turned(self.turn, *box)
        self.height = max(bottom - self.top, 1.0)

    def draw(self, box: Box) -> None:
        """Take a thin shape, its box with y up, as a ruling line."""
        x0, top, x1, bottom = turned(self.turn, *box)
        if x1 - x0 >= bottom - top:
            if x1 - x0 > 0.5:
                self.across.append(Rule((top + bottom) / 2, x0, x1))
        elif bottom - top > 0.5:
            self.down.append(Rule((x0 + x1) / 2, top, bottom))


def turned(turn: int, x0: float, y0: float, x1: float, y1: float) -> tuple[float, float, float, float]:
    """A box with y up as a box with y down, after text at that quarter turn was set upright: x0, top, x1, bottom.

    Examples
    --------
    >>> turned(0, 10, 20, 30, 40), turned(1, 10, 20, 30, 40)
    ((10, -40, 30, -20), (20, 10, 40, 30))
    """
    if turn == 0:
        return x0, -y1, x1, -y0
    if turn == 1:
        return y0, x0, y1, x1
    if turn == 2:
        return -x1, y0, -x0, y1
    return -y1, -x1, -y0, -x0


def turned_back(turn: int, x0: float, top: float, x1: float, bottom: float) -> Box:
    """The inverse of `turned`: a box of upright text as it stands on the page, with y up.

    Examples
    --------
    >>> all(turned_back(turn, *turned(turn, 10, 20, 30, 40)) == (10, 20, 30, 40) for turn in range(4))
    True
    """
    if turn == 0:
        return x0, -bottom, x1, -top
    if turn == 1:
        return top, x0, bottom, x1
    if turn == 2:
        return -x1, top, -x0, bottom
    return -bottom, -x1, -top, -x0
