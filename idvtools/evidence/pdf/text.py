"""Words of a page to lines, lines to text: Chinese without a space, English with one, a broken number in one piece."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from idvtools.evidence.pdf.page import Word

#: A gap wider than this many times the height of the text parts two phrases.
PHRASE = 0.62
_SIGNS = "(（△▲+\\-−–－"
_MONEY = r"(?:HK\$|US\$|NT\$|S\$|[A-Z]{2,3}\$?|[AC]\$|R[sp]\.?|[¥￥$€£₹₩₫฿₱]|人民币|港币|港幣)"
_AFTER = r"(?:[)）+\-−]|CR|DR|Cr|Dr|借|贷|%|元|円|圆|€|£|EUR|USD|HKD|CNY|RMB|zł|kr)"
_MONTH = (
    r"(?i:(?:jan|feb|fév|m[aä]r|apr|avr|jun|jui|jul|aug|aoû|sep|o[ck]t|nov|de[czs]|déc)[a-zûé]{0,7}|ma[iy](?![a-z]))\.?"
)
#: A number as a cell holds it, an amount among them; a date or a time. Either makes a cell a "value".
NUMBER = re.compile(
    rf"[{_SIGNS}]?\s?{_MONEY}?\s?[+\-−]?(?:\d{{1,3}}(?:[,.' ’\u00a0]\d{{3}})+|\d+)?(?:[.,]\d+)?\s?{_AFTER}?"
)
#: An amount: a number with decimals or thousands, or with a currency beside it.
AMOUNT = re.compile(
    rf"[{_SIGNS}]?\s?{_MONEY}?\s?[+\-−]?"
    rf"(?:\d{{1,3}}(?:[,.' ’\u00a0]?\d{{3}})*[.,]\d{{1,4}}|\d{{1,3}}(?:,\d{{3}})+)\s?{_AFTER}?"
    rf"|[{_SIGNS}]?\s?[¥￥$€£₹]\s?\d+[)）]?|[{_SIGNS}]?\d+\s?[元円圆€]"
)
DATE = re.compile(
    rf"(?:\d{{1,4}}[-/.年]\s?\d{{1,2}}(?:[-/.月]\s?\d{{1,4}}日?|月)?"
    rf"|\d{{1,2}}\.?[ -]?{_MONTH}(?:[ -]?,?\d{{2,4}})?|{_MONTH}[ -]\d{{1,2}}(?:,? \d{{4}})?|\d{{8}})"
    r"(?:[ T]?\d{1,2}:\d{2}(?::\d{2})?)?|\d{1,2}:\d{2}(?::\d{2})?(?: ?[AP]M)?"
)
_SPLIT_NUMBER = re.compile(r"[(+-]? ?\d{1,3}(?:[ \u00a0]\d{3})+(?:[.,]\d{1,4})?\)?|[(+-] [\d.,]+\)?")
_LOOSE_NUMBER = re.compile(r"[(+-]?[\d .,/:-]+\)?")
_LEADERS = re.compile(r"(?:\s?[.·…．]){4,}\s*$")
_SIGN = frozenset("$¥￥€£₹")
#: How many letters and digits without a space are an id, and no word or amount.
_LONG = 9


@dataclass(slots=True)
class Line:
    """Words on one line of the page, from left to right."""

    words: list[Word] = field(default_factory=list)
    top: float = 0.0
    bottom: float = 0.0

    @property
    def size(self) -> float:
        """Height of the line."""
        return self.bottom - self.top


@dataclass(slots=True)
class Phrase:
    """Words of a line that no wide gap parts: what stands in one cell of a table without lines."""

    x0: float
    x1: float
    text: str
    words: list[Word]

    @property
    def is_value(self) -> bool:
        """Whether it is a number, an amount, a date or a time."""
        return is_value(self.text)


def is_value(text: str) -> bool:
    """Whether a text is a number, an amount, a date or a time.

    Examples
    --------
    >>> [is_value(t) for t in ("1,234.50", "1 234,50", "(12.00)", "HK$ 5", "2024-01-31", "31 Jan 2024", "2024年1月3日")]
    [True, True, True, True, True, True, True]
    >>> [is_value(t) for t in ("12,50 €", "−3.00", "3. März 2024", "Jan 31", "1,234円", "Rs. 20,000", "1:49 PM")]
    [True, True, True, True, True, True, True]
    >>> [is_value(t) for t in ("Total", "Seite 1", "-", "No. 5", "12 Main")]
    [False, False, False, False, False]
    """
    text = text.strip()
    if len(text) > 40 or not any("0" <= c <= "9" or "０" <= c <= "９" for c in text):
        return False
    return bool(NUMBER.fullmatch(text) or DATE.fullmatch(text))


def is_cjk(char: str) -> bool:
    """Whether a character is written without spaces around it (Chinese, Japanese, full-width forms).

    Examples
    --------
    >>> [is_cjk(c) for c in "公a（1"]
    [True, False, True, False]
    """
    return (
        "\u2e80" <= char <= "\ua4cf"
        or "\uf900" <= char <= "\ufaff"
        or "\ufe30" <= char <= "\uffef"
        or char > "\U0001ffff"
    )


def lines_of(words: Iterable[Word]) -> list[Line]:
    """Words gathered into lines from top to bottom; words that stand together although drawn apart are made one.

    Examples
    --------
    >>> words = [Word(40, 10, 60, 20, "b"), Word(0, 11, 20, 21, "a"), Word(0, 30, 9, 40, "c")]
    >>> [text_of(line) for line in lines_of(words)]
    ['a  b', 'c']
    """
    lines: list[Line] = []
    for word in sorted(words, key=lambda w: ((w.top + w.bottom) / 2, w.x0)):
        middle = (word.top + word.bottom) / 2
        for line in reversed(lines[-3:]):
            shared = min(line.bottom, word.bottom) - max(line.top, word.top)
            if shared > 0.55 * min(line.size, word.size) and line.top - 1 < middle < line.bottom + 1:
                line.words.append(word)
                if word.size <= 1.5 * line.size:
                    line.top, line.bottom = min(line.top, word.top), max(line.bottom, word.bottom)
                break
        else:
            lines.append(Line([word], word.top, word.bottom))
    for line in lines:
        line.words = _mended(sorted(line.words, key=lambda w: w.x0))
    lines.sort(key=lambda line: line.top)
    return lines


def _mended(words: list[Word]) -> list[Word]:
    kept: list[Word] = []
    for word in words:
        last = kept[-1] if kept else None
        size = min(word.size, last.size) if last else 0.0
        if (
            last
            and not word.spaced
            and -0.2 * size < word.x0 - last.x1 < 0.06 * size
            and abs(word.bottom - last.bottom) < 0.3 * size
        ):
            kept[-1] = Word(
                last.x0, min(last.top, word.top), max(last.x1, word.x1), max(last.bottom, word.bottom),
                last.text + word.text, last.chars + word.chars, last.spaced,
            )  # fmt: skip
        else:
            kept.append(word)
    return kept


def phrases_of(words: Sequence[Word], fences: Sequence[float] = ()) -> list[Phrase]:
    """The words of a line, parted where a wide gap stands, or a ruling line goes down (``fences``).

    Examples
    --------
    >>> line = [Word(0, 0, 20, 10, "Bank"), Word(23, 0, 40, 10, "fee"), Word(60, 0, 80, 10, "5.00")]
    >>> [p.text for p in phrases_of(line)]
    ['Bank fee', '5.00']
    """
    groups: list[list[Word]] = []
    for word in words:
        last = groups[-1][-1] if groups else None
        near = last is not None and word.x0 - last.x1 < PHRASE * max(min(word.size, last.size), 3.0)
        # a sign of money at the left border of a cell belongs to the amount at its right border
        near = near or (last is not None and last.text in _SIGN and len(groups[-1]) == 1 and is_value(word.text))
        if near and last is not None and not any(last.x1 - 1 < at < word.x0 + 1 for at in fences):
            groups[-1].append(word)
        else:
            groups.append([word])
    return [Phrase(g[0].x0, max(w.x1 for w in g), join_words(g), g) for g in groups]


def join_words(words: Sequence[Word]) -> str:
    """Words of one line as text: Chinese characters that are spread over the width of a cell are one word.

    Examples
    --------
    >>> join_words([Word(0, 0, 10, 10, "日"), Word(30, 0, 40, 10, "期"), Word(45, 0, 60, 10, "Date")])
    '日期 Date'
    """
    text = ""
    last: Word | None = None
    for word in words:
        if last is not None:
            spread = len(word.text) == 1 and len(last.text) == 1  # "日    期", spread over the width of its cell
            chinese = is_cjk(text[-1]) and is_cjk(word.text[0])
            text += "" if chinese and spread else " "
        text += word.text
        last = word
    return text


def join_lines(lines: Sequence[str]) -> str:
    """Lines of one cell as one text.

    Chinese goes on without a space, English with one. A number or an id that was broken for want of room is put
    together: after ``- / . ,`` before a digit, and where long tokens of digits and letters meet.

    Examples
    --------
    >>> join_lines(["公路技术", "等级"]), join_lines(["Layoff", "Permanent"]), join_lines(["2024-01-", "31"])
    ('公路技术等级', 'Layoff Permanent', '2024-01-31')
    >>> join_lines(["622202123456", "7890123"]), join_lines(["2024-01-31", "10:15:00"]), join_lines(["6217**", "**12"])
    ('6222021234567890123', '2024-01-31 10:15:00', '6217****12')
    """
    text = ""
    for line in lines:
        if not line:
            continue
        if not text:
            text = line
            continue
        head = line.split(" ", 1)[0]
        tail = text.rsplit(" ", 1)[-1]
        broken = _is_broken(tail, head)
        text += line if broken or (is_cjk(text[-1]) and is_cjk(line[0])) else " " + line
    return text


def _is_broken(tail: str, head: str) -> bool:
    """Whether the end of a line and the head of the next are one number or id, parted for want of room."""
    if tail[-1] in "-/.," and len(tail) > 1 and tail[-2].isdigit() and head[0].isdigit():
        return True
    if tail[-1] == "*" and (head[0] == "*" or head.isdigit()):  # an account that is masked
        return True
    if not (tail.isascii() and tail.isalnum() and head.isascii() and head.isalnum() and head[-1].isdigit()):
        return False
    digits = any(char.isdigit() for char in tail)
    return digits and (len(tail) >= _LONG or (len(head) >= _LONG and not tail.isdigit()))


def text_of(line: Line) -> str:
    """A line as text; two spaces where a wide gap stands.

    Examples
    --------
    >>> text_of(Line([Word(0, 0, 20, 10, "Total"), Word(80, 0, 99, 10, "5")]))
    'Total  5'
    """
    return "  ".join(phrase.text for phrase in phrases_of(line.words))


def unsplit(text: str) -> str:
    """A number that spaces split, in one piece; any other text as it stands.

    Examples
    --------
    >>> unsplit("180 116"), unsplit("1 234,50"), unsplit("- 50.00"), unsplit("12 Main St"), unsplit("1 2 3")
    ('180116', '1234,50', '-50.00', '12 Main St', '1 2 3')
    """
    return re.sub(r"[ \u00a0\u202f\u2009]", "", text) if _SPLIT_NUMBER.fullmatch(text) else text


def without_leaders(text: str) -> str:
    """A label without the row of dots that leads from it to its value.

    Examples
    --------
    >>> [without_leaders(text) for text in ("Rent . . . . . .", "Tea.....", "etc.", "....")]
    ['Rent', 'Tea', 'etc.', '....']
    """
    return _LEADERS.sub("", text) or text


def mend_numbers(rows: list[list[str | None]]) -> int:
    """Put numbers together that spaces split, in columns where numbers stand; in place. How many cells it changed.

    Examples
    --------
    >>> rows = [["Town", "People"], ["A", "180 116"], ["B", "95 201"], ["Line 5", None], ["C", "7"]]
    >>> mend_numbers(rows), rows[1], rows[3]
    (2, ['A', '180116'], ['Line 5', None])
    """
    changed = 0
    for column in range(max(map(len, rows), default=0)):
        cells = [(row, row[column]) for row in rows if column < len(row) and row[column]]
        squeezed = [unsplit(cell or "") for _, cell in cells]
        if 2 * sum(bool(NUMBER.fullmatch(text)) for text in squeezed) < len(cells):
            continue
        for (row, cell), tightened in zip(cells, squeezed, strict=True):
            text = tightened
            if text == cell and cell and " " in cell and _LOOSE_NUMBER.fullmatch(cell):
                tight = cell.replace(" ", "")
                # "1 ,234.50": a space beside a mark; anything else could be two numbers
                text = tight if re.search(r" [.,]|[.,] ", cell) and NUMBER.fullmatch(tight) else text
            if text != cell:
                row[column] = text
                changed += 1
    return changed
