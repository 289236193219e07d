"""Which rows at the end of a table, or between its rows, are no data: totals, notes, signatures."""

from __future__ import annotations

import re
from collections.abc import Sequence

from idvtools.evidence.tables.headers import Row, filled, is_value

_TOTAL = re.compile(
    r"(?:[^\d,，。]{0,8}?(?:合计|总计|小计|累计|合計|總計|小計|累計|总额|總額|共计|共計)[^\d,，。]{0,6}[:：]?.{0,30}|"
    r"(?:grand |sub[- ]?|page |running )?totals?(?: (?:amount|of page))?\s*[:：]?(?:\s*\([^)]*\))?)",
    re.IGNORECASE,
)
#: What a line of totals begins with; for whole columns at once, `is_total` then decides.
TOTAL_WORDS = (
    r"^[^\d,，。]{0,8}(?:合计|总计|小计|累计|合計|總計|小計|累計|总额|總額|共计|共計)"
    r"|^(?:grand |sub[- ]?|page |running )?total"
)
_NOTE = re.compile(
    r"^(?:[*※注註]|备注[:：]|note|共\s*\d+|以上|本(?:账单|对账单|明细)|页|第\s*\d+\s*页"
    r"|page \d+|打印|制表|end of|[-=*_—─]{4,})",
    re.I,
)


def is_total(row: Row) -> bool:
    """Whether a row is a line of totals: it begins with a word for that, and has figures or nothing besides.

    Examples
    --------
    >>> [is_total(r) for r in (("人民币合计", None, "1,234.56"), ("Total", "12.00"), ("2026-10-01", "Total Gas", "1"))]
    [True, True, False]
    """
    first = next((cell for cell in row[:4] if cell is not None), None)
    if not isinstance(first, str) or _TOTAL.fullmatch(first) is None:
        return False
    here = filled(row)
    return sum(not is_value(row[i]) for i in here[1:]) <= max(1, len(here) // 4)


def footer_start(rows: Sequence[Row], body: Sequence[int], width: int) -> int:
    """How many of the rows are data: those behind are totals, notes and the like."""
    end = len(body)
    while end > 0:
        row = rows[body[end - 1]]
        here = filled(row)
        if not (is_total(row) or _is_note(row, here, width)):
            break
        if len(here) == 1 and is_value(row[here[0]]) and any(filled(rows[at]) == here for at in body[: end - 1][-200:]):
            break  # rows of one value are usual in this table
        end -= 1
    # a note may stand before rows that look like data but belong to it: a total line ends a table for good
    return end


def _is_note(row: Row, here: Sequence[int], width: int) -> bool:
    """Whether a last row is a note: one cell in a table of several columns, or words that say so."""
    if width < 2:
        return False
    text = str(row[here[0]])
    if len(here) == 1:
        return width > 2 or (here[0] == 0 and not is_value(row[0]))
    if _NOTE.match(text) and len(here) <= max(2, width // 2) and not any(is_value(row[i]) for i in here[:1]):
        return True
    keyed = sum(isinstance(row[i], str) and re.search(r"[:：]", str(row[i])) is not None for i in here)
    return len(here) <= width // 2 and keyed * 2 >= len(here) and not is_value(row[here[0]])
