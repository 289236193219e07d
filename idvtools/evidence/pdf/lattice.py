"""Ruling lines of a page to lattices: the borders of columns and rows, and which slots between them are one cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from idvtools.evidence.limits import Budget
from idvtools.evidence.pdf.page import Layer, Rule

#: Lines nearer than this are one, in points; line ends nearer than this to another line meet it.
SNAP, MEET = 2.2, 3.0
#: A page with more crossings to look at than this is a drawing.
CROSSINGS = 4_000_000


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


def owners(lattice: Lattice, xs: list[float], ys: list[float], budget: Budget) -> list[list[tuple[int, int]]]:
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
