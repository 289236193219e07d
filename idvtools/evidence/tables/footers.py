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
#: What sums below a bill are called besides; such a row ends a table if cells are empty that no other row leaves so.
_SUM = re.compile(
    r"(?:grand |sub[- ]?|net |page |gross |invoice |overall )?totals?(?: [^\d,;|]{1,40})?(?: \d{1,2}(?:[.,]\d+)?\s?%)?"
    r"|(?:untaxed|taxable|net|gross|tax|vat|gst|total|amount|balance)"
    r" (?:amount|total|base|due|payable|excl[a-z.]*|incl[a-z.]*)"
    r"|(?:vat|gst|hst|mwst|ust|tva|iva|ptu|sales tax|taxes?)\.?"
    r"(?: [^\d,;|]{1,20})?\s*\(?(?:\d{1,2}(?:[.,]\d+)?\s?%)?\)?"
    r"|(?:gesamt|zwischen)?summe|gesamtbetrag|nettobetrag|bruttobetrag|netto|brutto|totaal|totale?|importe total"
    r"|税额|稅額|消費税|小計|合計金額|应付|應付|实付|實付|价税合计|價稅合計",
    re.IGNORECASE,
)
#: Rows above that say which cells are usually filled, and the share of them that must be.
_ABOVE, _USUAL = 200, 0.8
#: No page number is so long.
_DATE_LONG = 6
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
        before = str(rows[body[end - 2]][0]) if end > 1 and rows[body[end - 2]] else ""
        if not (is_total(row) or _is_note(row, here, width, before) or _is_sum(rows, body[: end - 1], row, here)):
            break
        if len(here) == 1 and is_value(row[here[0]]) and any(filled(rows[at]) == here for at in body[: end - 1][-200:]):
            break  # rows of one value are usual in this table
        end -= 1
    # a note may stand before rows that look like data but belong to it: a total line ends a table for good
    return end


def _is_sum(rows: Sequence[Row], above: Sequence[int], row: Row, here: Sequence[int]) -> bool:
    """Whether a last row is a sum by its words, the only ones in it, and leaves cells empty that others fill."""
    words = [i for i in here if not is_value(row[i])]
    if words != here[:1] or len(here) < 2 or _SUM.fullmatch(str(row[here[0]]).rstrip(" :：")) is None:
        return False
    near = [rows[at] for at in above[-_ABOVE:]]
    near = [r for r in near if len(filled(r)) > len(here)]
    return any(
        sum(i < len(r) and r[i] is not None for r in near) >= max(1, _USUAL * len(near))
        for i in range(len(row))
        if row[i] is None
    )


def _shape(text: str) -> str:
    return re.sub(r"\d", "9", text) if text[:1].isdigit() else ""


def _is_note(row: Row, here: Sequence[int], width: int, before: str) -> bool:
    """Whether a last row is a note: one cell in a table of several columns, or words that say so."""
    if width < 2:
        return False
    text = str(row[here[0]])
    if len(here) == 1 and here[0] == 0 and len(text) >= _DATE_LONG and _shape(text) == _shape(before) != "":
        return False  # a date or an id, as in the rows above: a row that was cut off
    if len(here) == 1:
        return width > 2 or (here[0] == 0 and not is_value(row[0]))
    if _NOTE.match(text) and len(here) <= max(2, width // 2) and not any(is_value(row[i]) for i in here[:1]):
        return True
    keyed = sum(isinstance(row[i], str) and re.search(r"[:：]", str(row[i])) is not None for i in here)
    return len(here) <= width // 2 and keyed * 2 >= len(here) and not is_value(row[here[0]])
