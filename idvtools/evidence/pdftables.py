"""Tables with ruling lines: lines to a lattice, the lattice to cells, merged ones among them, and words into cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from idvtools.evidence.limits import Budget
from idvtools.evidence.pdfpage import Layer, Rule, Word
from idvtools.evidence.pdftext import join_lines, join_words, lines_of, phrases_of

#: Lines nearer than this are one, in points; line ends nearer than this to another line meet it.
SNAP, MEET = 2.2, 3.0
#: A page with more crossings to look at than this is a drawing.
CROSSINGS = 4_000_000


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


@dataclass(slots=True)
class Lattice:
    """Ruling lines that hang together, as borders of columns and rows."""

    xs: list[float]
    ys: list[float]
    across: list[Rule]
    down: list[Rule]


def merged_rules(rules: Sequence[Rule], shortest: float) -> list[Rule]:
    """Lines that lie on each other or go on in each other made one; shorter ones left out.

    Examples
    --------
    >>> merged_rules([Rule(10, 0, 50), Rule(10.5, 51, 100), Rule(30, 0, 2)], 5)
    [Rule(at=10.25, start=0, end=100)]
    """
    kept: list[Rule] = []
    for group in _groups(sorted(rules, key=lambda r: r.at)):
        at = sum(r.at for r in group) / len(group)
        start, end = None, 0.0
        for rule in sorted(group, key=lambda r: r.start):
            if start is None:
                start, end = rule.start, rule.end
            elif rule.start <= end + MEET:
                end = max(end, rule.end)
            else:
                kept.append(Rule(at, start, end))
                start, end = rule.start, rule.end
        if start is not None:
            kept.append(Rule(at, start, end))
    return [rule for rule in kept if rule.end - rule.start >= shortest]


def _groups(rules: Sequence[Rule]) -> list[list[Rule]]:
    groups: list[list[Rule]] = []
    for rule in rules:
        if groups and rule.at - groups[-1][-1].at <= SNAP and rule.at - groups[-1][0].at <= 2 * SNAP:
            groups[-1].append(rule)
        else:
            groups.append([rule])
    return groups


def lattices(layer: Layer, budget: Budget) -> tuple[list[Lattice], list[Rule]]:
    """The lattices of a page, and the horizontal lines that belong to none."""
    across = merged_rules(layer.across, 8.0)
    down = merged_rules(layer.down, 5.0)
    if len(across) * len(down) > CROSSINGS:
        layer.crowded = True
        return [], []
    found, loose = [], []
    for rows, columns in _hanging_together(across, down, budget):
        xs, ys = _places(columns), _places(rows)
        if len(xs) >= 2 and len(ys) >= 2 and (len(xs) - 1) * (len(ys) - 1) >= 2:
            found.append(Lattice(xs, ys, rows, columns))
        else:
            loose += rows
    found.sort(key=lambda lattice: (lattice.ys[0], lattice.xs[0]))
    return found, sorted(loose, key=lambda r: r.at)


def _hanging_together(across: list[Rule], down: list[Rule], budget: Budget) -> list[tuple[list[Rule], list[Rule]]]:
    """Lines that meet, or meet lines that meet."""
    parent = list(range(len(across) + len(down)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    for row, rule in enumerate(across):
        budget.tick()
        for column, other in enumerate(down):
            if rule.start - MEET <= other.at <= rule.end + MEET and other.start - MEET <= rule.at <= other.end + MEET:
                parent[root(row)] = root(len(across) + column)
    members: dict[int, tuple[list[Rule], list[Rule]]] = {}
    for row, rule in enumerate(across):
        members.setdefault(root(row), ([], []))[0].append(rule)
    for column, rule in enumerate(down):
        members.setdefault(root(len(across) + column), ([], []))[1].append(rule)
    return list(members.values())


def _places(rules: Sequence[Rule]) -> list[float]:
    places: list[float] = []
    for rule in sorted(rules, key=lambda r: r.at):
        if not places or rule.at - places[-1] > MEET:
            places.append(rule.at)
    return places


def ruled_table(lattice: Lattice, words: Sequence[Word], budget: Budget) -> tuple[PageTable | None, list[Word]]:
    """A lattice filled with words, and the words that it does not hold. None where it is no table.

    The text of a merged cell stands in its first row and column, the rest of it is None.
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
    owner = _owners(lattice, xs, ys, budget)
    held: dict[tuple[int, int], list[Word]] = {}
    for word in inside:
        for part in _parted(word, xs, ys, owner):
            x, y = part.middle
            held.setdefault(owner[_slot(ys, y)][_slot(xs, x)], []).append(part)
    texts = [[None] * columns for _ in range(rows)]  # type: list[list[str | None]]
    bands: list[list[list[str | None]]] = []
    for row in range(rows):
        budget.tick()
        split = _split_band(row, columns, owner, held, xs)
        if split:
            bands.append(split)
            continue
        for column in range(columns):
            parts = held.get((row, column))
            if parts and owner[row][column] == (row, column):
                texts[row][column] = join_lines([join_words(line.words) for line in lines_of(parts)])
        bands.append([texts[row]])
    merged = sum(owner[r][c] != (r, c) for r in range(rows) for c in range(columns))
    table = PageTable(ys[0], ys[-1], list(xs), [row for band in bands for row in band], merged=merged)
    return _trimmed(table, ys), outside


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
    for index in range(len(places) - 2, 0, -1):
        if at >= places[index]:
            return index
    return 0


def _owners(lattice: Lattice, xs: list[float], ys: list[float], budget: Budget) -> list[list[tuple[int, int]]]:
    """For every slot of the lattice the slot at whose place its cell begins: neighbours without a wall are one."""
    rows, columns = len(ys) - 1, len(xs) - 1
    down: dict[int, list[Rule]] = {}
    across: dict[int, list[Rule]] = {}
    for rule in lattice.down:
        down.setdefault(min(range(len(xs)), key=lambda i: abs(xs[i] - rule.at)), []).append(rule)
    for rule in lattice.across:
        across.setdefault(min(range(len(ys)), key=lambda i: abs(ys[i] - rule.at)), []).append(rule)

    def wall(rules: list[Rule], low: float, high: float) -> bool:
        middle = (low + high) / 2
        return any(rule.start - 1 <= middle <= rule.end + 1 for rule in rules)

    owner = [[(r, c) for c in range(columns)] for r in range(rows)]
    for r in range(rows):
        budget.tick()
        for c in range(columns):
            if c and not wall(down.get(c, []), ys[r], ys[r + 1]):
                owner[r][c] = owner[r][c - 1]
            elif r and not wall(across.get(r, []), xs[c], xs[c + 1]):
                owner[r][c] = owner[r - 1][c]
    _only_rectangles(owner)
    return owner


def _only_rectangles(owner: list[list[tuple[int, int]]]) -> None:
    """What hangs together must be a rectangle; anything else is left as single slots."""
    spans: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for r, slots_of_row in enumerate(owner):
        for c, begin in enumerate(slots_of_row):
            spans.setdefault(begin, []).append((r, c))
    for (top, left), slots in spans.items():
        if len(slots) > 1:
            high, wide = max(s[0] for s in slots) - top + 1, max(s[1] for s in slots) - left + 1
            if high * wide != len(slots) or min(s[1] for s in slots) < left:
                for r, c in slots:
                    owner[r][c] = (r, c)


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
    """Rows of a band that only vertical lines divide; empty where the band is one row.

    It is several rows if in two columns, or in one with at least three lines, every line is a value of its own.
    """
    if any(owner[row][c] != (row, c) for c in range(columns)):
        return []
    words = [word for c in range(columns) for word in held.get((row, c), [])]
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
    full = [len(flags) for flags in alone if len(flags) > 1 and sum(flags) >= 0.8 * len(flags) and sum(flags) >= 2]
    if not (len(full) >= 2 or any(count >= 3 for count in full)):
        return []
    value = [len(flags) > 1 and sum(flags) >= 0.8 * len(flags) for flags in alone]
    rows: list[list[str | None]] = []
    for texts in cells:
        if rows and not any(texts[c] and value[c] for c in range(columns)) and not (texts[0] and rows[-1][0]):
            for c in range(columns):
                if texts[c]:
                    rows[-1][c] = join_lines([rows[-1][c] or "", texts[c]])
        else:
            rows.append([text or None for text in texts])
    return rows


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
