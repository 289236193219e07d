"""Tables without lines, or with horizontal ones only: columns by what stands under each other, rows by their values."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise

from idvtools.evidence.limits import Budget
from idvtools.evidence.pdf.heads import (
    Block,
    TextRow,
    columns_met,
    find_headings,
    find_kinds,
    heading_rows,
    nearest_column,
)
from idvtools.evidence.pdf.page import Rule
from idvtools.evidence.pdf.rows import body_rows
from idvtools.evidence.pdf.tables import PageTable
from idvtools.evidence.pdf.text import Line, Phrase, phrases_of

#: How many times the height of a line the next one may stand off and still belong to the block.
FAR_OFF = 7.0


def column_tables(
    lines: Sequence[Line],
    rules: Sequence[Rule],
    budget: Budget,
    *,
    carried: PageTable | None = None,
    barriers: Collection[float] = (),
    fences: Sequence[float] = (),
) -> list[PageTable]:
    """Tables among lines of text.

    Parameters
    ----------
    lines : sequence of Line
        From top to bottom, without what stands in ruled tables or at the head and foot of every page.
    rules : sequence of Rule
        Horizontal lines that belong to no ruled table.
    budget : Budget
        What is left of time and cells.
    carried : PageTable, optional
        The table that the page before ended with: the first one here is read in its columns if it fits.
    barriers : collection of float
        Places that no table reaches over: the tops of ruled tables.
    fences : sequence of float
        Where ruling lines go down between columns.

    Examples
    --------
    >>> from idvtools.evidence.limits import Limits
    >>> from idvtools.evidence.pdf.page import Word
    >>> from idvtools.evidence.pdf.text import lines_of
    >>> words = [Word(0, 0, 20, 9, "Date"), Word(60, 0, 90, 9, "Text"), Word(150, 0, 190, 9, "Amount"),
    ...          Word(0, 20, 40, 29, "03/01"), Word(60, 20, 80, 29, "Fee"), Word(170, 20, 190, 29, "5.00"),
    ...          Word(60, 30, 80, 39, "urgent")]
    >>> column_tables(lines_of(words), [], Budget(Limits()))[0].rows
    [['Date', 'Text', 'Amount'], ['03/01', 'Fee urgent', '5.00']]
    """
    rows = [TextRow(line, phrases_of(line.words, fences)) for line in lines]
    rows = [row for row in rows if row.phrases and not _is_drawn_line(row)]
    found: list[PageTable] = []
    done = 0
    for block in _blocks(rows, barriers, fences, budget):
        if block.seeds[0] < done:
            continue
        table, end = _table(block, rules, budget, carried if not found else None, done)
        if table is not None:
            found.append(table)
            done = end
    return found


def _is_drawn_line(row: TextRow) -> bool:
    """Whether it is a line made of dashes."""
    return all(not any(c.isalnum() for c in p.text) and len(p.text) > 3 for p in row.phrases)


def _blocks(rows: list[TextRow], barriers: Collection[float], fences: Sequence[float], budget: Budget) -> list[Block]:
    """Seeds gathered as long as they stand under each other and nothing parts them."""
    blocks: list[Block] = []
    for index, row in enumerate(rows):
        if not row.is_seed:
            continue
        budget.tick()
        block = blocks[-1] if blocks else None
        if block is not None and _goes_on(block, index, row, rows, barriers):
            block.seeds.append(index)
            for phrase in row.phrases:
                _spread(block.spans, phrase.x0, phrase.x1)
        else:
            blocks.append(Block(rows, index, [index], [[p.x0, p.x1] for p in row.phrases], fences=fences))
    return blocks


def _spread(spans: list[list[float]], x0: float, x1: float) -> None:
    met = [s for s in spans if s[0] < x1 and x0 < s[1]]
    if not met:
        spans.append([x0, x1])
    elif len(met) == 1:
        met[0][0], met[0][1] = min(met[0][0], x0), max(met[0][1], x1)


def _goes_on(block: Block, index: int, row: TextRow, rows: list[TextRow], barriers: Collection[float]) -> bool:
    before = rows[block.seeds[-1]]
    if any(before.line.bottom <= at <= row.line.bottom for at in barriers):
        return False
    between = rows[block.seeds[-1] + 1 : index]
    for other in between:
        if len(other.phrases) >= 3 and len(other.phrases) >= len(block.spans) - 1 and len(block.seeds) > 1:
            labels = sum(not any(c.isdigit() for c in p.text) for p in other.phrases)
            if labels == len(other.phrases) and _widely(other, block):
                return False  # the headings of another table
    last = before.line.bottom
    for other in [*between, row]:
        if other.line.top - last > FAR_OFF * max(row.line.size, 4.0):
            return False
        last = other.line.bottom
    fits = sum(any(s[0] < p.x1 and p.x0 < s[1] for s in block.spans) for p in row.phrases)
    # a row may fill columns that no row before it did, and leave others empty
    return fits >= 0.6 * min(len(row.phrases), len(block.spans))


def _widely(row: TextRow, block: Block) -> bool:
    """Whether a line without values fills most columns: headings, not a wrapped cell."""
    met = sum(any(s[0] < p.x1 and p.x0 < s[1] for p in row.phrases) for s in block.spans)
    return met >= 0.7 * len(block.spans)


def _table(
    block: Block, rules: Sequence[Rule], budget: Budget, carried: PageTable | None, floor: int
) -> tuple[PageTable | None, int]:
    budget.tick()
    rows = block.rows
    if len(block.seeds) > 2 and rows[block.first].is_years and not any(rows[i].is_years for i in block.seeds[1:]):
        del block.seeds[0]
        block.first = block.seeds[0]
    seeds = [rows[i] for i in block.seeds]
    if sum(map(_is_prose, rows[block.first : block.seeds[-1] + 1])) > len(seeds):
        return None, 0
    block.spans = _columns(_in_columns(seeds), len(seeds))
    find_kinds(block, seeds)
    own_head = find_headings(block, rules, floor)
    block.near = carried.near if carried is not None else 0.0
    fitted = _fitted(block, seeds, carried) if carried is not None else None
    if carried is not None and fitted is not None and (not own_head or len(block.spans) != len(fitted)):
        edges = [[low, high] for low, high in pairwise(carried.edges)]
        before = len(edges) != len(block.spans)
        block.spans = edges
        find_kinds(block, seeds)
        if own_head and before:
            block.head = heading_rows(block, [rows[i] for i in range(block.start - own_head, block.start)], rules)
    elif carried is not None:
        carried = None
    if not own_head and carried is not None:
        block.start = _prefix(block, floor)
    if not own_head and carried is None and not _is_table(block, seeds):
        return None, 0
    if own_head and not _is_named(block, seeds):
        return None, 0
    body, end = body_rows(block, rules, budget)
    top = rows[max(block.start - own_head, 0)].line.top
    table = PageTable(
        top,
        rows[end - 1].line.bottom,
        _edges(block.spans),
        [*block.head, *body],
        False,
        len(block.head),
        near=block.near,
    )
    budget.take_cells(len(table.rows) * len(block.spans))
    return table, end


def _edges(spans: list[list[float]]) -> list[float]:
    middles = [(a[1] + b[0]) / 2 for a, b in pairwise(spans)]
    return [spans[0][0], *middles, spans[-1][1]]


def _in_columns(seeds: Sequence[TextRow]) -> list[Phrase]:
    """Phrases of rows but for labels such as "Total of all" where the other rows begin with a date or a number."""
    dated = len(seeds) >= 3 and sum(row.phrases[0].is_value for row in seeds) >= 0.7 * len(seeds)
    return [p for row in seeds for p in row.phrases if not dated or p is not row.phrases[0] or p.is_value]


def _columns(phrases: Sequence[Phrase], count: int) -> list[list[float]]:
    """Where columns are: what phrases cover, but for the few that reach over into the next column."""
    allowed = 0 if count < 8 else max(1, int(0.04 * count))
    events = sorted([(p.x0, 1) for p in phrases] + [(p.x1, -1) for p in phrases])
    spans: list[list[float]] = []
    depth, start = 0, None
    for at, step in events:
        depth += step
        if depth > allowed and start is None:
            start = at
        elif depth <= allowed and start is not None:
            if at > start:
                spans.append([start, at])
            start = None
    for phrase in phrases:  # a column that only few rows fill
        if not any(s[0] < phrase.x1 and phrase.x0 < s[1] for s in spans):
            spans.append([phrase.x0, phrase.x1])
    spans.sort()
    joined: list[list[float]] = []
    for span in spans:
        if joined and span[0] <= joined[-1][1] + 0.5:
            joined[-1][1] = max(joined[-1][1], span[1])
        else:
            joined.append(span)
    return joined


def _fitted(block: Block, seeds: Sequence[TextRow], carried: PageTable) -> list[float] | None:
    """The borders of the table before, if what stands here goes into its columns."""
    edges = carried.edges
    if len(edges) < 3 or carried.ruled:
        return None
    inner = edges[1:-1]
    crossing = sum(any(p.x0 + 1 < at < p.x1 - 1 for at in inner) for row in seeds for p in row.phrases if p.is_value)
    total = sum(p.is_value for row in seeds for p in row.phrases)
    away = sum(p.x1 < edges[0] - 12 or p.x0 > edges[-1] + 25 for row in seeds for p in row.phrases)
    doubled = sum(
        len({nearest_column([[a, b] for a, b in pairwise(edges)], p.x0, p.x1) for p in row.phrases}) < len(row.phrases)
        for row in seeds
    )
    return edges if not away and crossing <= 0.1 * total and doubled <= 0.2 * len(seeds) else None


def _prefix(block: Block, floor: int) -> int:
    """Where rows begin when the page goes on with a table: a cell that the page break parted may stand first."""
    rows, start = block.rows, block.first
    while start > floor:
        row = rows[start - 1]
        gap = rows[start].line.top - row.line.bottom
        if len(row.phrases) > 2 or gap > 1.2 * row.line.size or any(p.is_value for p in row.phrases):
            break
        if any(
            len(columns_met(block.spans, p.x0, p.x1)) != 1 or columns_met(block.spans, p.x0, p.x1) == [0]
            for p in row.phrases
        ):
            break
        start -= 1
    return start


def _is_table(block: Block, seeds: Sequence[TextRow]) -> bool:
    """Whether seeds without headings are a table, and not labels with values beside them."""
    labels = sum(any(p.text.endswith((":", "：")) for p in row.phrases) for row in seeds)
    if labels >= 0.4 * len(seeds):
        return False
    if len(block.spans) == 2:
        return len(seeds) >= 4 and block.amount[1]
    full = sum(len(row.phrases) >= 3 for row in seeds)
    if _are_numbered(seeds) and full < 0.8 * len(seeds):
        return False
    return full >= 2 and any(block.value)


def _is_prose(row: TextRow) -> bool:
    """Whether a line is part of texts that stand beside each other, as in a newspaper."""
    return sum(len(p.text) > 30 and not p.is_value for p in row.phrases) >= 2


def _are_numbered(seeds: Sequence[TextRow]) -> bool:
    """Whether the only values are numbers that count the lines."""
    values = [p for row in seeds for p in row.phrases if p.is_value]
    firsts = [row.phrases[0].text for row in seeds]
    return len(values) == len(firsts) == sum(text.isdigit() and len(text) < 4 for text in firsts)


def _is_named(block: Block, seeds: Sequence[TextRow]) -> bool:
    """Whether headings name what stands under them, and not only happen to stand above."""
    named = sum(cell is not None for cell in block.head[0]) / len(block.spans)
    if len(block.spans) < 3 or named < (0.8 if len(seeds) < 3 else 0.5):
        return _is_table(block, seeds)
    return True
