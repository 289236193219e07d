"""Tables with ruling lines: words into the cells of a lattice, merged cells and bands of several rows among them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from idvtools.evidence.limits import Budget
from idvtools.evidence.pdf.lattice import Lattice, owners
from idvtools.evidence.pdf.page import Word
from idvtools.evidence.pdf.text import AMOUNT, Line, is_value, join_lines, join_words, lines_of, phrases_of

#: Share of words that lines may cut in two; more are cut in a drawing.
CUT = 0.03


@dataclass(slots=True)
class PageTable:
    """A table of one page: where it stands, its rows of text, and how it came about.

    ``edges`` are the borders of its columns from left to right, ``ruled`` whether lines draw them; ``head`` counts the
    rows that are headings for sure; ``near`` is how far the lines of one row stand apart at most.
    """

    top: float
    bottom: float
    edges: list[float]
    rows: list[list[str | None]]
    ruled: bool = True
    head: int = 0
    merged: int = 0
    near: float = 0.0

    @property
    def is_head(self) -> bool:
        """Whether it is one row of labels in a box: the headings of what stands under it without lines."""
        return self.ruled and len(self.rows) == 1 and len(self.edges) > 3 and not any(map(_may_be_value, self.rows[0]))


def crown(table: PageTable, above: Line | None) -> None:
    """Give a table with lines the headings that stand right above it, outside its lines; in place.

    Only where its first row is one of values, and the headings stand in most of its columns, one in each.

    Examples
    --------
    >>> table = PageTable(20, 40, [0, 50, 99], [["Fee", "5.00"], ["Tax", "0.50"]])
    >>> crown(table, Line([Word(5, 5, 30, 15, "Item"), Word(60, 5, 90, 15, "Amount")], 5, 15))
    >>> table.rows[0]
    ['Item', 'Amount']
    """
    if above is None or not table.ruled or len(table.rows) < 2 or table.top - above.bottom > 2.5 * above.size:
        return
    if not any(cell and is_value(cell) for cell in table.rows[0]):
        return
    phrases, inner = phrases_of(above.words), table.edges[1:-1]
    if any(p.is_value or p.text.endswith((":", "：")) for p in phrases) or phrases[0].x0 < table.edges[0] - 2:
        return
    places = [bisect_right(inner, (p.x0 + p.x1) / 2) for p in phrases]
    crossed = any(p.x0 + 1 < x < p.x1 - 1 for p in phrases for x in inner) or phrases[-1].x1 > table.edges[-1] + 2
    if crossed or len(set(places)) < len(places) or len(places) < max(2, 0.6 * (len(table.edges) - 1)):
        return
    cells = dict(zip(places, (p.text for p in phrases), strict=True))
    table.rows.insert(0, [cells.get(column) for column in range(len(table.edges) - 1)])
    table.top = above.top


def _may_be_value(cell: str | None) -> bool:
    return cell is None or is_value(cell)


def framed(lattice: Lattice, words: Sequence[Word]) -> tuple[list[Word], list[Word]]:
    """The words in a lattice that only frames groups of columns, and the others; none inside where it draws cells.

    In a frame several values stand beside each other, line after line.
    """
    left = min(lattice.xs[0], *(rule.start for rule in lattice.across)) - 1
    right = max(lattice.xs[-1], *(rule.end for rule in lattice.across)) + 1
    inside: list[Word] = []
    outside: list[Word] = []
    slots: dict[tuple[int, int], list[Word]] = {}
    for word in words:
        x, y = word.middle
        within = left <= x <= right and lattice.ys[0] - 1 <= y <= lattice.ys[-1] + 1
        (inside if within else outside).append(word)
        if within:
            slots.setdefault((_slot(lattice.ys, y), _slot(lattice.xs, x)), []).append(word)
    for held in slots.values():
        if len(held) < 6:
            continue
        lines = [phrases_of(line.words) for line in lines_of(held)]
        beside = sum(sum(phrase.is_value for phrase in phrases) >= 2 for phrases in lines)
        if beside >= 3 and beside >= 0.6 * len(lines):
            return inside, outside
    return [], list(words)


def ruled_table(
    lattice: Lattice,
    words: Sequence[Word],
    budget: Budget,
    sideways: Sequence[tuple[tuple[float, float], Word]] = (),
) -> tuple[PageTable | None, list[Word]]:
    """A lattice filled with words, and the words that it does not hold. None where it is no table; then it holds no
    words either, but where its lines go through them: that is a drawing, and what stands in it stands in no table.

    The text of a merged cell stands in its first row and column, the rest of it is None. Words that stand ``sideways``
    (`Layer.sideways`) are the text of cells that hold nothing else: headings of narrow columns.
    """
    xs, ys = _widened(lattice, words), lattice.ys
    inside: list[Word] = []
    outside: list[Word] = []
    for word in words:
        x, y = word.middle
        (inside if xs[0] - 1 <= x <= xs[-1] + 1 and ys[0] - 1 <= y <= ys[-1] + 1 else outside).append(word)
    rows, columns = len(ys) - 1, len(xs) - 1
    if columns < 2 or not inside:
        return None, list(words)
    budget.take_cells(rows * columns)
    owner = owners(lattice, xs, ys, budget)
    _part_merged(owner, xs, ys, inside)
    held: dict[tuple[int, int], list[Word]] = {}
    cut = 0
    for word in inside:
        parts = _parted(word, xs, ys, owner)
        cut += len(parts) - 1 if any(len(part.text) > 1 for part in parts) else 0
        for part in parts:
            x, y = part.middle
            held.setdefault(owner[_slot(ys, y)][_slot(xs, x)], []).append(part)
    if cut > max(2, CUT * len(inside)):
        return None, outside
    beside = _beside(sideways, xs, ys, owner)
    texts = [[None] * columns for _ in range(rows)]  # type: list[list[str | None]]
    bands: list[list[list[str | None]]] = []
    for row in range(rows):
        budget.tick()
        split = _split_band(row, columns, owner, held, xs)
        if split:
            bands.append(split)
            continue
        for column in range(columns):
            standing = held.get((row, column)) or beside.get((row, column))
            if standing and owner[row][column] == (row, column):
                texts[row][column] = _text(standing)
        bands.append([texts[row]])
    merged = sum(owner[r][c] != (r, c) for r in range(rows) for c in range(columns))
    table = _trimmed(PageTable(ys[0], ys[-1], list(xs), [row for band in bands for row in band], merged=merged), ys)
    return table, outside if table is not None else list(words)


def _text(words: Sequence[Word]) -> str:
    if len(words) == 1:
        return words[0].text
    return join_lines([join_words(line.words) for line in lines_of(words)])


def _part_merged(owner: list[list[tuple[int, int]]], xs: list[float], ys: list[float], words: Sequence[Word]) -> None:
    """Part cells that go over several columns without a wall, where labels and values stand in their columns; in place.

    Every line must be parted so, or most of them where the columns have headings right above.
    """
    rows, columns = len(owner), len(xs) - 1
    held: dict[tuple[int, int], list[Word]] = {}
    for word in words:
        row, column = _slot(ys, word.middle[1]), _slot(xs, word.middle[0])
        if owner[row][column][0] == row:
            held.setdefault(owner[row][column], []).append(word)
    for (row, first), inside in held.items():
        wide = [c for c in range(columns) if owner[row][c] == (row, first)]
        if len(wide) < 2 or (row + 1 < rows and owner[row + 1][first] == (row, first)):
            continue
        lines = [phrases_of(line.words) for line in lines_of(inside)]
        walls = [xs[c] for c in wide[1:]]
        if any(p.x0 + 1 < x < p.x1 - 1 for line in lines for p in line for x in walls):
            continue
        parted = sum(
            line[-1].is_value and len({bisect_right(walls, (p.x0 + p.x1) / 2) for p in line}) > 1 for line in lines
        )
        headed = len(wide) > 2 and row > 0 and len({owner[row - 1][c] for c in wide}) == len(wide)
        if parted == len(lines) or (headed and parted >= max(2, 0.6 * len(lines))):
            for c in wide:
                owner[row][c] = (row, c)


def _beside(
    sideways: Sequence[tuple[tuple[float, float], Word]],
    xs: list[float],
    ys: list[float],
    owner: list[list[tuple[int, int]]],
) -> dict[tuple[int, int], list[Word]]:
    """The words that stand sideways, by the cells that they stand in."""
    held: dict[tuple[int, int], list[Word]] = {}
    for (x, y), word in sideways:
        if xs[0] < x < xs[-1] and ys[0] < y < ys[-1]:
            held.setdefault(owner[_slot(ys, y)][_slot(xs, x)], []).append(word)
    return held


def _widened(lattice: Lattice, words: Sequence[Word]) -> list[float]:
    """Column borders; a table that is open at its sides gets them where its horizontal lines end."""
    xs, top, bottom = list(lattice.xs), lattice.ys[0], lattice.ys[-1]
    left = min(rule.start for rule in lattice.across)
    right = max(rule.end for rule in lattice.across)
    rows = [w for w in words if top < w.middle[1] < bottom]
    if left < xs[0] - 8 and any(left - 1 <= w.middle[0] < xs[0] for w in rows):
        xs.insert(0, left)
    if right > xs[-1] + 8 and any(xs[-1] < w.middle[0] <= right + 1 for w in rows):
        xs.append(right)
    return xs


def _slot(places: Sequence[float], at: float) -> int:
    return bisect_right(places, at, 1, max(len(places) - 1, 1)) - 1


def _parted(word: Word, xs: list[float], ys: list[float], owner: list[list[tuple[int, int]]]) -> list[Word]:
    """A word cut where a column border goes through between two of its characters."""
    row = owner[_slot(ys, word.middle[1])]
    first, last = _slot(xs, word.x0 + 1), _slot(xs, word.x1 - 1)
    if first == last or row[first] == row[last] or len(word.chars) < 2:
        return [word]
    parts: list[Word] = []
    at: tuple[int, int] | None = None
    for x0, x1, text in word.chars:
        here = row[_slot(xs, (x0 + x1) / 2)]
        if here == at:
            part = parts[-1]
            part.text, part.x1 = part.text + text, max(part.x1, x1)
            part.chars.append((x0, x1, text))
        else:
            parts.append(Word(x0, word.top, x1, word.bottom, text, [(x0, x1, text)]))
            at = here
    # a letter that only overlaps the border stays with its word
    overhang = min(word.x1 - xs[last], xs[first + 1] - word.x0)
    return parts if overhang > 0.35 * word.size else [word]


def _split_band(
    row: int,
    columns: int,
    owner: list[list[tuple[int, int]]],
    held: dict[tuple[int, int], list[Word]],
    xs: list[float],
) -> list[list[str | None]]:
    """Rows of a band that only vertical lines divide; empty where the band is one row."""
    if any(owner[row][c] != (row, c) for c in range(columns)):
        return []
    words = [word for c in range(columns) for word in held.get((row, c), [])]
    if not words or max(word.top for word in words) < min(word.bottom for word in words):
        return []  # one line, without looking closer
    lines = lines_of(words)
    if len(lines) < 2:
        return []
    cells = [
        [join_words([w for w in line.words if _slot(xs, w.middle[0]) == c]) for c in range(columns)] for line in lines
    ]
    alone = [
        [all(p.is_value for p in phrases_of([w for w in line.words if _slot(xs, w.middle[0]) == c])) for line, texts in
         zip(lines, cells, strict=True) if texts[c]]
        for c in range(columns)
    ]  # fmt: skip
    # headings may stand in the band: what is said of the lines of a column is said of those below
    below = [flags[1:] if len(flags) > 1 and not flags[0] else flags for flags in alone]
    held_in = [[texts[c] for texts in cells if texts[c]][-len(below[c]) :] for c in range(columns)]
    if not _several(held_in, below, max(map(len, below))):
        return []
    value = [len(flags) > 1 and sum(flags) >= 0.8 * len(flags) for flags in below]
    rows: list[list[str | None]] = []
    for texts in cells:
        if rows and not any(texts[c] and value[c] for c in range(columns)) and not (texts[0] and rows[-1][0]):
            for c in range(columns):
                if texts[c]:
                    rows[-1][c] = join_lines([rows[-1][c] or "", texts[c]])
        else:
            rows.append([text or None for text in texts])
    return rows


def _several(texts: list[list[str]], alone: list[list[bool]], lines: int) -> bool:
    """Whether the lines of a band are rows of their own, and not cells that go on in a second line.

    An amount never goes on in a second line: where there are amounts, they say it. Elsewhere most columns must have
    something in nearly every line, values among them; ids, dates and names that are broken differ in their lines.
    """
    filled = [column for column in texts if column]
    amounts = [len(c) for c in filled if sum(bool(AMOUNT.fullmatch(text)) for text in c) >= 0.8 * len(c)]
    if amounts:
        most = max(amounts)
        return most >= 2 and sum(len(column) >= 0.6 * most for column in filled) >= 2
    full = [len(flags) >= 0.8 * lines for flags in alone]
    values = sum(f and sum(flags) >= 0.8 * len(flags) for f, flags in zip(full, alone, strict=True))
    return sum(full) >= 0.7 * len(filled) and values >= (1 if lines >= 3 else 2)


def _trimmed(table: PageTable, ys: list[float]) -> PageTable | None:
    """Without columns and rows that hold nothing and are too narrow to hold anything."""
    columns = len(table.edges) - 1
    empty = [
        c
        for c in range(columns)
        if all(row[c] is None for row in table.rows) and table.edges[c + 1] - table.edges[c] < 6
    ]
    if empty:
        keep = [c for c in range(columns) if c not in empty]
        table.rows = [[row[c] for c in keep] for row in table.rows]
        table.edges = [table.edges[c] for c in keep] + [table.edges[-1]]
    if len(table.rows) == len(ys) - 1:
        table.rows = [
            row for row, low, high in zip(table.rows, ys, ys[1:], strict=False) if any(row) or high - low >= 5
        ]
    filled = sum(any(row[c] for row in table.rows) for c in range(len(table.edges) - 1))
    return table if filled >= 2 or (len(table.rows) > 2 and filled) else None
