"""Lines of a block to rows of cells, once its columns are known: which line begins a row, which goes on with it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from idvtools.evidence.limits import Budget
from idvtools.evidence.pdf.heads import Block, TextRow, columns_met, nearest_column
from idvtools.evidence.pdf.page import Rule
from idvtools.evidence.pdf.text import is_value, join_lines

_TIME = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?")


def body_rows(block: Block, rules: Sequence[Rule], budget: Budget) -> tuple[list[list[str | None]], int]:
    """Rows of cells from where the rows begin, and the line where they end."""
    rows = block.rows
    seeds = set(block.seeds)
    last = max(seeds)
    left, right = block.spans[0][0], block.spans[-1][1]
    bars = [r.at for r in rules if min(r.end, right) - max(r.start, left) > 0.6 * (right - left)]
    starts = [_starts(block, rows[i], i in seeds) for i in range(block.start, len(rows))]
    gaps = [
        rows[i].line.top - rows[i - 1].line.bottom
        for i in range(block.start + 1, last + 1)
        if not starts[i - block.start]
    ]
    near = max(max(gaps, default=0.35 * rows[last].line.size) * 1.25 + 0.5, block.near)
    block.near = near
    out: list[list[list[str]]] = []
    bottoms: list[float] = []
    ahead: list[list[list[str]]] = []
    end = block.start
    for index in range(block.start, len(rows)):
        budget.tick()
        row = rows[index]
        begins = starts[index - block.start] and index <= last
        cells = _cells(block, row)
        above = row.line.top - rows[index - 1].line.bottom if index else 0.0
        barred = bool(out) and any(bottoms[-1] - 1 <= at <= row.line.top + 1 for at in bars)
        if index > last and (barred or above > near or not _inside(block, row) or starts[index - block.start]):
            break
        following = rows[index + 1].line.top - row.line.bottom if index < last else 1e9
        if begins:
            out.append(cells)
            if ahead:
                for extra in reversed(ahead):
                    out[-1] = [a + b for a, b in zip(extra, out[-1], strict=True)]
                ahead = []
        elif (index < last and starts[index + 1 - block.start] and following < 0.6 * above and out) or (
            barred and index < last and following < 1.5 * row.line.size
        ):
            ahead.append(cells)  # nearer to the row below it
        elif out and not barred and above <= max(near, 2.5 * row.line.size):
            out[-1] = [a + b for a, b in zip(out[-1], cells, strict=True)]
        else:
            out.append(cells)
        bottoms.append(row.line.bottom)
        end = index + 1
    return [[join_lines(texts) or None for texts in row] for row in out], end


def _inside(block: Block, row: TextRow) -> bool:
    """Whether every phrase of a line stands in one column of text."""
    for phrase in row.phrases:
        met = columns_met(block.spans, phrase.x0, phrase.x1)
        if len(met) != 1 or (block.value[met[0]] and not _TIME.fullmatch(phrase.text)):
            return False
    return True


def _starts(block: Block, row: TextRow, seed: bool) -> bool:
    """Whether a line begins a row: it has an amount or a date where those stand, or fills the first column."""
    amounts = any(block.amount)
    for phrase in row.phrases:
        column = nearest_column(block.spans, phrase.x0, phrase.x1)
        if block.amount[column] and phrase.is_value:
            return True
        if block.value[column] and phrase.is_value and not amounts:
            return True
        if (
            block.value[column]
            and not block.amount[column]
            and phrase.is_value
            and column == 0
            and not _TIME.fullmatch(phrase.text)
            and len(phrase.text) < 24
        ):
            return True
    if not row.phrases:
        return False
    first = columns_met(block.spans, row.phrases[0].x0, row.phrases[0].x1)
    if first[:1] == [0] and block.value[0] and not row.phrases[0].is_value:
        return True  # "Total", or the name of a section, where dates or numbers stand
    return seed and not amounts


def _cells(block: Block, row: TextRow) -> list[list[str]]:
    cells: list[list[str]] = [[] for _ in block.spans]
    for phrase in row.phrases:
        met = columns_met(block.spans, phrase.x0, phrase.x1)
        parts = [(nearest_column(block.spans, phrase.x0, phrase.x1), phrase.text)]
        if len(met) > 1:
            split: dict[int, list[str]] = {}
            for word in phrase.words:
                split.setdefault(nearest_column(block.spans, word.x0, word.x1), []).append(word.text)
            texts = {column: join_lines(words) for column, words in split.items()}
            if all(is_value(text) for column, text in texts.items() if block.value[column]):
                parts = list(texts.items())
            else:  # it reaches over into the next column: it stays where it begins
                parts = [(met[0], phrase.text)]
        for column, text in parts:
            cells[column] = [" ".join([*cells[column], text])] if cells[column] else [text]
    return cells
