"""Blocks of lines that could be a table without ruling lines: the kinds of their columns, and their headings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from idvtools.evidence.pdf.page import Rule
from idvtools.evidence.pdf.text import AMOUNT, Line, Phrase, is_value, join_lines

_YEAR = re.compile(r"(?:FY ?)?(?:19|20)\d\d(?:[-/]\d{2,4})?年?")


@dataclass(slots=True)
class TextRow:
    """A line and its phrases."""

    line: Line
    phrases: list[Phrase]

    @property
    def is_seed(self) -> bool:
        """Whether it looks like a row of a table: several phrases, a value among them."""
        return len(self.phrases) >= 2 and any(p.is_value for p in self.phrases)

    @property
    def is_years(self) -> bool:
        """Whether its values are years and nothing else: headings of what stands under them."""
        values = [p for p in self.phrases if p.is_value]
        return len(values) >= 2 and all(map(_is_label, values))


@dataclass(slots=True)
class Block:
    """Lines of a page, and which of them are rows of one table (``seeds``).

    ``spans`` are its columns from left to right, ``value`` and ``amount`` say what they hold; ``head`` are its
    headings, ``start`` is the line where its rows begin, ``near`` how far the lines of one row stand apart, ``fences``
    where ruling lines go down.
    """

    rows: list[TextRow]
    first: int
    seeds: list[int]
    spans: list[list[float]] = field(default_factory=list)
    value: list[bool] = field(default_factory=list)
    amount: list[bool] = field(default_factory=list)
    head: list[list[str | None]] = field(default_factory=list)
    start: int = 0
    near: float = 0.0
    fences: Sequence[float] = ()


def _is_label(phrase: Phrase) -> bool:
    return not phrase.is_value or bool(_YEAR.fullmatch(phrase.text))


def find_kinds(block: Block, seeds: Sequence[TextRow]) -> None:
    """Which columns hold values, and which of them amounts."""
    texts: list[list[str]] = [[] for _ in block.spans]
    for row in seeds:
        for phrase in row.phrases:
            met = columns_met(block.spans, phrase.x0, phrase.x1)
            if len(met) == 1:
                texts[met[0]].append(phrase.text)
    block.value = [bool(t) and sum(map(is_value, t)) >= 0.7 * len(t) for t in texts]
    block.amount = [bool(t) and sum(bool(AMOUNT.fullmatch(x)) for x in t) >= 0.7 * len(t) for t in texts]


def columns_met(spans: list[list[float]], x0: float, x1: float) -> list[int]:
    """The columns that a box reaches into.

    Examples
    --------
    >>> columns_met([[0, 10], [20, 30], [40, 50]], 25, 45)
    [1, 2]
    """
    return [i for i, s in enumerate(spans) if min(s[1], x1) - max(s[0], x0) > 0.2]


def nearest_column(spans: list[list[float]], x0: float, x1: float) -> int:
    """The column that a box shares most with, or the nearest one."""
    return max(range(len(spans)), key=lambda i: (min(spans[i][1], x1) - max(spans[i][0], x0), -i))


def find_headings(block: Block, rules: Sequence[Rule], floor: int) -> int:
    """Find the lines of headings over the first seed; set them, columns that only they name, and where rows begin."""
    rows, first = block.rows, block.first
    block.start = first
    main = _main_heading(block, floor)
    if main is None:
        return 0
    low, high = main, main + 1
    rules = [r for r in rules if rows[main].line.top - 90 < r.at < rows[first].line.bottom]
    left, right = block.spans[0][0], block.spans[-1][1]
    wide = [r.at for r in rules if min(r.end, right) - max(r.start, left) > 0.5 * (right - left)]
    bars = [at for at in wide if rows[main].line.bottom - 1 <= at <= rows[first].line.top + 1]
    roofs = [at for at in wide if at <= rows[main].line.top + 1 and rows[main].line.top - at < 60]
    while low > floor:
        row, gap = rows[low - 1], rows[low].line.top - rows[low - 1].line.bottom
        roofed = bool(roofs) and row.line.top >= roofs[-1] - 1
        roofed = roofed or any(_group(block, p, row, rows[low].line.top, rules) for p in row.phrases)
        if not all(map(_is_label, row.phrases)) or not (
            roofed or (len(row.phrases) >= 2 and gap < 0.7 * row.line.size)
        ):
            break
        if not roofed and len(row.phrases) < 0.5 * len(rows[main].phrases):
            break
        low -= 1
    while high < first:
        row, gap = rows[high], rows[high].line.top - rows[high - 1].line.bottom
        barred = bool(bars) and row.line.bottom <= bars[0] + 1
        if not barred and (bars or len(row.phrases) < 2 or gap > 0.7 * row.line.size):
            break
        high += 1
    lines = [rows[i] for i in range(low, high)]
    _named(block, lines, rules)
    block.head = heading_rows(block, lines, rules)
    block.start = high
    return high - low


def _main_heading(block: Block, floor: int) -> int | None:
    """The line of headings nearest to the first row of values."""
    rows, first = block.rows, block.first
    below = rows[first].line
    for index in range(first - 1, max(first - 9, floor - 1), -1):
        row = rows[index]
        if below.top - row.line.bottom > 5 * max(row.line.size, 4.0) or (row.is_seed and not row.is_years):
            break
        labels = [p for p in row.phrases if _is_label(p)]
        wanted = max(2, (len(block.spans) + 1) // 2)
        if len(labels) == len(row.phrases) >= wanted and not any(p.text.endswith((":", "：")) for p in labels):
            fits = sum(len(columns_met(block.spans, p.x0, p.x1)) >= 1 for p in labels)
            if fits >= 0.5 * len(labels):
                return index
        below = row.line
    return None


def _named(block: Block, lines: Sequence[TextRow], rules: Sequence[Rule]) -> None:
    """Columns that only a heading names are added; one column under two headings is parted if its words allow it."""
    for row, below in zip(lines, [*lines[1:], None], strict=True):
        for phrase in row.phrases:
            if below is not None and _group(block, phrase, row, below.line.top, rules):
                continue
            if len(row.phrases) >= 2 and not columns_met(block.spans, phrase.x0, phrase.x1):
                block.spans.append([phrase.x0, phrase.x1])
                block.spans.sort()
        for left, right in zip(row.phrases, row.phrases[1:], strict=False):
            here, there = columns_met(block.spans, left.x0, left.x1), columns_met(block.spans, right.x0, right.x1)
            if len(here) == 1 and here == there:
                _part(block, here[0], left, right)
    find_kinds(block, [block.rows[i] for i in block.seeds])


def _part(block: Block, column: int, left: Phrase, right: Phrase) -> None:
    low, high = block.spans[column]
    words = [
        w for i in block.seeds for p in block.rows[i].phrases for w in p.words if low - 1 <= w.middle[0] <= high + 1
    ]
    for at in (right.x0 - 0.5, (left.x1 + right.x0) / 2, left.x1 + 0.5):
        cut = sum(w.x0 < at - 0.5 and w.x1 > at + 0.5 for w in words)
        one, two = [w for w in words if w.x1 <= at + 0.5], [w for w in words if w.x0 >= at - 0.5]
        if cut <= 0.05 * len(words) and one and two:
            block.spans[column : column + 1] = [[low, max(w.x1 for w in one)], [min(w.x0 for w in two), high]]
            return


def heading_rows(block: Block, lines: Sequence[TextRow], rules: Sequence[Rule] = ()) -> list[list[str | None]]:
    """Headings as one row; lines of it are joined, and a heading over a group of columns goes to each of them."""
    cells: list[list[str]] = [[] for _ in block.spans]
    for number, row in enumerate(lines):
        here: dict[int, str] = {}
        below = lines[number + 1].line.top if number + 1 < len(lines) else None
        for phrase in row.phrases:
            group = _group(block, phrase, row, below, rules) if below is not None else []
            if group:
                here.update({column: join_lines([here.get(column, ""), phrase.text]) for column in group})
                continue
            met = columns_met(block.spans, phrase.x0, phrase.x1)
            if len(met) > 1 and len(phrase.words) > 1:  # headings so near that no gap parts them
                for word in phrase.words:
                    near = nearest_column(block.spans, word.x0, word.x1)
                    here[near] = join_lines([here.get(near, ""), word.text])
                continue
            near = nearest_column(block.spans, phrase.x0, phrase.x1)
            here[near] = join_lines([here.get(near, ""), phrase.text])
        for column, text in here.items():
            cells[column].append(text)
    return [[join_lines(texts) or None for texts in cells]]


def _group(block: Block, phrase: Phrase, row: TextRow, below: float, rules: Sequence[Rule]) -> list[int]:
    """The columns that a heading stands over together: those over which the line under it goes."""
    for rule in rules:
        if not row.line.bottom - 2 <= rule.at <= below + 0.6 * row.line.size:
            continue
        start = max([rule.start, *(at for at in block.fences if at <= phrase.x0 + 1)])
        end = min([rule.end, *(at for at in block.fences if at >= phrase.x1 - 1)])
        columns = [i for i, (low, high) in enumerate(block.spans) if start - 3 < (low + high) / 2 < end + 3]
        over = start <= phrase.x0 + 1 and end >= phrase.x1 - 1
        if over and 2 <= len(columns) <= len(block.spans) - 1:
            return columns
    return []
