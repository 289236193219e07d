"""One page of a PDF as words and ruling lines with places, read by pdfium.

Coordinates are in points, x to the right and y *down*, turned so that most of the text stands upright: a page that is
rotated (``/Rotate``) and a page whose text is drawn sideways come out the same. Nothing is rendered and no picture
decoded, so a page costs what its text costs.
"""

from __future__ import annotations

import ctypes
import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pypdfium2 as pdfium
from pypdfium2 import raw

from idvtools.evidence.limits import Budget
from idvtools.evidence.pdfquality import is_unknown

#: Beyond this a coordinate is an accident (200 inches are the largest page that the format knows: 14,400 points).
FAR = 1e6
#: Objects of a page that are looked at for lines; a page with more is a drawing.
OBJECTS = 60_000
#: A filled rectangle thinner than this is a ruling line, in points.
THIN = 3.0


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
    ``top`` and ``height`` are the page's, ``turn`` the quarter turns that set it upright.
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
    pictures: float = 0.0
    doubled: int = 0
    shapes: int = 0
    crowded: bool = False
    sample: str = ""


#: Zero-width space, byte order mark, soft hyphen.
_NO_WIDTH = "\u200b\ufeff\xad"
#: A box with y up: left, bottom, right, top.
_Box = tuple[float, float, float, float]
#: left, top (y up: the greater), right, bottom, text, angle, the box of the space that was drawn before it.
_Char = tuple[float, float, float, float, str, float, _Box | None]


def read_layer(page: pdfium.PdfPage, textpage: pdfium.PdfTextPage, budget: Budget, *, lines: bool = True) -> Layer:
    """Words and ruling lines of a page.

    Parameters
    ----------
    page, textpage : pypdfium2 objects
        The page, loaded.
    budget : Budget
        What is left of time; EvidenceError when it is over.
    lines : bool
        Whether ruling lines are wanted.

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
    chars = _characters(textpage, layer, budget)
    turn = layer.turn = _dominant(chars)
    box = turned(turn, *page.get_mediabox())
    layer.top, layer.height = box[1], max(box[3] - box[1], 1.0)
    _words(chars, turn, layer, budget)
    if lines:
        _lines(page, turn, layer, budget)
    return layer


def _characters(textpage: pdfium.PdfTextPage, layer: Layer, budget: Budget) -> list[_Char]:
    handle, box = textpage.raw, raw.FS_RECTF()
    place = ctypes.byref(box)
    get_box, get_code, get_angle = raw.FPDFText_GetLooseCharBox, raw.FPDFText_GetUnicode, raw.FPDFText_GetCharAngle
    unmapped, generated = raw.FPDFText_HasUnicodeMapError, raw.FPDFText_IsGenerated
    found: list[_Char] = []
    spaced: _Box | None = None
    sample: list[str] = []
    high = 0
    for index in range(textpage.count_chars()):
        if not index % 1000:
            budget.tick()
        code = get_code(handle, index)
        if 0xD800 <= code < 0xDC00:
            high = code
            continue
        text, high = (chr(code) if 0x20 < code < 0x7F else _decoded(code, high)), 0
        if text.isspace() or text in _NO_WIDTH:
            if text != "\xad" and not generated(handle, index):
                get_box(handle, index, place)
                spaced = (box.left, box.bottom, box.right, box.top)
            continue
        get_box(handle, index, place)
        x0, y1, x1, y0 = box.left, box.top, box.right, box.bottom
        if not (-FAR < x0 <= x1 < FAR and -FAR < y0 < y1 < FAR):
            continue
        if (not " " <= text <= "~" and is_unknown(text)) or unmapped(handle, index) == 1:
            layer.unknown += 1
        sample.append(text)
        found.append((x0, y1, x1, y0, text, get_angle(handle, index), spaced))
        spaced = None
    layer.chars = len(sample)
    layer.sample = "".join(sample[:4000])
    return found


def _decoded(code: int, high: int) -> str:
    """A code of pdfium as a character; ``high`` is the first half of a surrogate pair."""
    if 0xDC00 <= code < 0xE000:
        code = 0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00) if high else 0xFFFD
    if code == 2:  # pdfium's mark of a hyphen at the end of a line
        return "-"
    return chr(code) if code < 0x110000 else "\ufffd"


@dataclass(slots=True)
class _Drawn:
    """What was drawn where, to know again what is drawn twice (a poor man's bold, a shadow)."""

    seen: dict[tuple[str, int, int], tuple[float, float]] = field(default_factory=dict)

    def add(self, text: str, x: float, y: float, size: float) -> None:
        reach = 0.1 * max(size, 1.0)
        self.seen[text, int(x / reach), int(y / reach)] = (x, y)

    def has(self, text: str, x: float, y: float, size: float) -> bool:
        reach = 0.1 * max(size, 1.0)
        column, row = int(x / reach), int(y / reach)
        for dx in (-1, 0, 1):
            for dy in (-1, 0, 1):
                other = self.seen.get((text, column + dx, row + dy))
                if other and abs(other[0] - x) <= reach and abs(other[1] - y) <= reach:
                    return True
        return False


def _dominant(chars: list[_Char]) -> int:
    """The quarter turns in which most characters stand."""
    counted = Counter(turn for turn in (_quarter(c[5]) for c in chars) if turn is not None)
    return counted.most_common(1)[0][0] if counted else 0


def _quarter(angle: float) -> int | None:
    """Quarter turns against the clock of an angle, in radians with it; None for a slanted one (beyond 8 degrees)."""
    if not angle:
        return 0
    turns = -angle / (math.pi / 2)
    near = round(turns)
    return near % 4 if abs(turns - near) < 0.09 else None


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


def _words(chars: list[_Char], turn: int, layer: Layer, budget: Budget) -> None:
    """Characters, in the order of drawing, to words: a gap ends a word; a space only where there is room for one.

    Padding drawn as spaces under the digits of a neighbour is why a space alone decides nothing.
    """
    now: Word | None = None
    last_turn: int | None = -1
    drawn = _Drawn()
    for index, (left, up, right, low, text, angle, spaced) in enumerate(chars):
        if not index % 4000:
            budget.tick()
        at = _quarter(angle)
        if at is None:  # slanted: a stamp or watermark
            slanted = layer.aside.setdefault(None, [])
            if slanted and last_turn is None and spaced is None:
                slanted[-1].text += text
            else:
                slanted.append(Word(*turned(turn, left, low, right, up), text))
            last_turn, now = None, None
            continue
        x0, top, x1, bottom = turned(at, left, low, right, up)
        space = turned(at, *spaced) if spaced else None
        joins = now is not None and at == last_turn and _together(now, x0, top, x1, bottom, text, space)
        # only where a word begins can drawing start over; looking at every character would cost as much as all else
        if not joins and drawn.has(text, x0, bottom, bottom - top):
            layer.doubled += 1
            continue
        drawn.add(text, x0, bottom, bottom - top)
        if now is not None and joins:
            now.text += text
            now.x1 = max(now.x1, x1)
            now.top, now.bottom = min(now.top, top), max(now.bottom, bottom)
            now.chars.append((x0, x1, text))
        else:
            close = (
                space is not None
                and abs(space[2] - x0) < 0.3 * (bottom - top)
                and abs(space[3] - bottom) < bottom - top
            )
            now = Word(x0, top, x1, bottom, text, [(x0, x1, text)], close)
            (layer.words if at == turn else layer.aside.setdefault(at, [])).append(now)
        last_turn = at


def _together(word: Word, x0: float, top: float, x1: float, bottom: float, text: str, space: _Box | None) -> bool:
    size = min(word.size, bottom - top)
    if abs(bottom - word.bottom) > 0.45 * size or abs(top - word.top) > 0.6 * max(word.size, bottom - top):
        return False
    gap = x0 - word.x1
    if gap < -1.0 * size or (gap < -0.55 * size and x1 <= word.x1):
        return False
    if text == word.chars[-1][2] and abs(x0 - word.chars[-1][0]) <= 0.1 * size:
        return False
    if space is not None:
        # the boxes of a font that had to be replaced are too wide: then the space itself says whether it has room
        roomy = space[2] - space[0] > 0.12 * size and x0 > space[2] - 0.05 * size
        return gap < 0.07 * size and not roomy
    return gap < (0.4 if ord(text) > 0x2E7F and ord(word.text[-1]) > 0x2E7F else 0.19) * size


def _lines(page: pdfium.PdfPage, turn: int, layer: Layer, budget: Budget) -> None:
    box = page.get_mediabox()
    area = abs((box[2] - box[0]) * (box[3] - box[1])) or 1.0
    left = OBJECTS
    pending: list[tuple[Any, int, bool, tuple[float, ...], int]] = [
        (page.raw, raw.FPDFPage_CountObjects(page.raw), False, (1.0, 0.0, 0.0, 1.0, 0.0, 0.0), 0)
    ]
    while pending:
        holder, count, inner, matrix, depth = pending.pop()
        get = raw.FPDFFormObj_GetObject if inner else raw.FPDFPage_GetObject
        for index in range(min(count, left)):
            if not index % 500:
                budget.tick()
            item = get(holder, index)
            kind = raw.FPDFPageObj_GetType(item)
            if kind == raw.FPDF_PAGEOBJ_FORM and depth < 6:
                form = _matrix(item, matrix)
                pending.append((item, raw.FPDFFormObj_CountObjects(item), True, form, depth + 1))
            elif kind == raw.FPDF_PAGEOBJ_PATH:
                layer.shapes += 1
                _path(item, matrix, turn, layer, area)
            elif kind == raw.FPDF_PAGEOBJ_IMAGE:
                x0, y0, x1, y1 = _bounds(item, matrix)
                layer.pictures += max(0.0, (x1 - x0) * (y1 - y0)) / area
                if min(x1 - x0, y1 - y0) < THIN < max(x1 - x0, y1 - y0):  # some printers draw lines as pictures
                    _thin(turned(turn, x0, y0, x1, y1), layer)
        left -= count
        if left <= 0:
            layer.crowded = True
            layer.across.clear()
            layer.down.clear()
            return


def _matrix(item: Any, outer: tuple[float, ...]) -> tuple[float, ...]:
    own = raw.FS_MATRIX()
    if not raw.FPDFPageObj_GetMatrix(item, ctypes.byref(own)):
        return outer
    a, b, c, d, e, f = own.a, own.b, own.c, own.d, own.e, own.f
    p, q, r, s, t, u = outer
    return a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u


def _bounds(item: Any, m: tuple[float, ...]) -> tuple[float, float, float, float]:
    left, low, right, high = ctypes.c_float(), ctypes.c_float(), ctypes.c_float(), ctypes.c_float()
    raw.FPDFPageObj_GetBounds(item, left, low, right, high)
    corners = [
        (x * m[0] + y * m[2] + m[4], x * m[1] + y * m[3] + m[5])
        for x in (left.value, right.value)
        for y in (low.value, high.value)
    ]
    xs, ys = [c[0] for c in corners], [c[1] for c in corners]
    return min(xs), min(ys), max(xs), max(ys)


def _path(item: Any, m: tuple[float, ...], turn: int, layer: Layer, area: float) -> None:
    """Ruling lines of a path: a thin shape is one, a box is four, a stroke is one a segment."""
    x0, y0, x1, y1 = _bounds(item, m)
    if not (-FAR < x0 <= x1 < FAR and -FAR < y0 <= y1 < FAR):
        return
    wide, tall = x1 - x0, y1 - y0
    if min(wide, tall) <= THIN:
        _thin(turned(turn, x0, y0, x1, y1), layer)
        return
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    raw.FPDFPath_GetDrawMode(item, fill, stroke)
    if not fill.value and not stroke.value:
        return
    count = raw.FPDFPath_CountSegments(item)
    if count > 2000 or (fill.value and not stroke.value and wide * tall > 0.7 * area):  # the background of the page
        return
    segments = _segments(item, count)
    own = _matrix(item, m)
    for xa, ya, xb, yb in segments:
        ax, ay = xa * own[0] + ya * own[2] + own[4], xa * own[1] + ya * own[3] + own[5]
        bx, by = xb * own[0] + yb * own[2] + own[4], xb * own[1] + yb * own[3] + own[5]
        if abs(ax - bx) < 1.0 or abs(ay - by) < 1.0:
            _thin(turned(turn, min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)), layer)


def _segments(item: Any, count: int) -> list[tuple[float, float, float, float]]:
    """The straight lines of a path; none where it has a curve."""
    points: list[tuple[float, float]] = []
    segments: list[tuple[float, float, float, float]] = []
    px, py = ctypes.c_float(), ctypes.c_float()
    for index in range(count):
        segment = raw.FPDFPath_GetPathSegment(item, index)
        kind = raw.FPDFPathSegment_GetType(segment)
        if kind == raw.FPDF_SEGMENT_BEZIERTO:
            return []  # a curve: a logo, a chart, a rounded frame
        raw.FPDFPathSegment_GetPoint(segment, px, py)
        at = (px.value, py.value)
        if kind == raw.FPDF_SEGMENT_MOVETO:
            points = [at]
        else:
            segments.append((*points[-1], *at) if points else (*at, *at))
            points.append(at)
        if raw.FPDFPathSegment_GetClose(segment) and len(points) > 1:
            segments.append((*points[-1], *points[0]))
    return segments


def _thin(box: tuple[float, float, float, float], layer: Layer) -> None:
    x0, top, x1, bottom = box
    if x1 - x0 >= bottom - top:
        if x1 - x0 > 0.5:
            layer.across.append(Rule((top + bottom) / 2, x0, x1))
    elif bottom - top > 0.5:
        layer.down.append(Rule((x0 + x1) / 2, top, bottom))
