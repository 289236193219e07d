"""What is printed in a file about its own rows: amounts as people write them, numbers of rows, totals, balances."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from idvtools.evidence.tables.amounts import parse_amount

#: Which way money goes; ``neutral`` is what Chinese wallets count as neither (不计收支, 中性交易, "/").
Way = Literal["in", "out", "neutral"]

_IN = (
    "收入",
    "存入",
    "贷方",
    "貸方",
    "贷",
    "貸",
    "转入",
    "轉入",
    "入账",
    "入賬",
    "credit",
    "cr",
    "deposit",
    "in",
    "c",
    "+",
)
_OUT = (
    "支出",
    "支取",
    "借方",
    "借",
    "转出",
    "轉出",
    "出账",
    "出賬",
    "提取",
    "debit",
    "dr",
    "withdrawal",
    "out",
    "d",
    "-",
)
_NEUTRAL = ("不计收支", "不計收支", "中性交易", "其他", "/", "neutral")
#: No amount is printed longer, with all that may stand beside it; parsing a longer text takes too long.
_LONGEST = 80
_REFUND = re.compile(r"已退款?\D*(?P<part>\d[\d,.]*)|(?P<all>已全[额額]退款)")
_COUNT = re.compile(
    r"(?:共计?|共計|(?<![入出方取])合[计計]|[总總](?:笔|筆)[数數]|交易(?:笔|筆)[数數]|[总總]共)\s*[:：]?\s*(?P<n>\d[\d,]{0,12})\s*(?:笔|筆|条|條)"
    r"|(?:总笔数|總筆數|交易笔数|交易筆數|记录数|記錄數)\s*[:：]\s*(?P<m>\d[\d,]{0,12})"
    r"|(?:number of |total |no\. of )?(?:transactions|records|entries)\s*[:：]\s*(?P<e>\d[\d,]{0,12})",
    re.IGNORECASE,
)
_GROUP = re.compile(
    r"(?P<label>[^\d\s:：,，;；()（）#]{1,10})\s*[:：]\s*(?P<n>\d[\d,]{0,12})\s*[笔筆](?:[(（][^)）]*[)）])?[\s,，]*共?\s*"
    r"(?P<amount>-?\d{1,3}(?:[ ,]\d{3}){1,9}(?:\.\d{1,12})?(?!\d)|-?\d{1,30}(?:\.\d{1,12})?)\s*元?"
)
_PLAIN = re.compile(r"^已|[合总總][计計]$")
_WAY_TOTAL = re.compile(
    r"(?:[总總合][计計]?|total)\s*(?P<label>收入|支出|存入|支取|提取|借方|贷方|貸方|deposits?|withdrawals?|credits?|debits?)"
    r"(?:[总總]?[额額]|金[额額]|\s*amount)?\s*[:：]?\s*(?P<money>[^:：]{0,6}?-?\d[\d,]{0,30}(?:\.\d{1,12})?)"
    r"|(?P<label2>收入|支出|存入|支取|提取|借方|贷方|貸方)(?:[总總合][计計额額]|[总總]金[额額])\s*[:：]?\s*(?P<money2>[^:：\d]{0,6}-?\d[\d,]{0,30}(?:\.\d{1,12})?)(?![\d,]*\s*[笔筆])",
    re.IGNORECASE,
)
_OPENING = re.compile(
    r"(?:期初余额|期初餘額|承前(?:结余|結餘|余额|餘額)|上期(?:余额|餘額|结余|結餘)|opening balance)\s*[:：]?\s*(.+)",
    re.I,
)
_CLOSING = re.compile(r"(?:期末余额|期末餘額|本期(?:余额|餘額|结余|結餘)|closing balance)\s*[:：]?\s*(.+)", re.I)
_TOTAL_LINE = re.compile(r"合[计計]|总[计额]|總[計額]|\btotals?\b", re.IGNORECASE)
_FIGURES = re.compile(
    r"(?<![\w.*-])-?\d{1,3}(?:,\d{3}){1,9}(?:\.\d{1,12})?(?![\w*])|(?<![\w.*-])-?\d{1,27}(?:\.\d{1,12})?(?![\w*-])"
)


@dataclass(frozen=True, slots=True)
class Printed:
    """What a file prints about its own rows.

    Parameters
    ----------
    count : int or None
        How many rows it says it holds.
    groups : tuple of (label, count or None, total)
        What it says of income, spending and the rest.
    opening, closing : Decimal or None
        Balance before the first and after the last row.
    totals : tuple of tuples of Decimal
        The figures of lines like 合计, in order.
    """

    count: int | None = None
    groups: tuple[tuple[str, int | None, Decimal], ...] = ()
    opening: Decimal | None = None
    closing: Decimal | None = None
    totals: tuple[tuple[Decimal, ...], ...] = ()


def money(cell: Any, *, net: bool = False) -> Decimal | None:
    """Read an amount exactly; None if it is none. `net` leaves off what the same cell says was refunded.

    Examples
    --------
    >>> money("¥1,234.50"), money("(12.00)"), money("35.00 DR"), money("-")
    (Decimal('1234.50'), Decimal('-12.00'), Decimal('-35.00'), None)
    >>> money("131.77(已退款89.84)"), money("131.77(已退款89.84)", net=True)
    (Decimal('131.77'), Decimal('41.93'))
    """
    if isinstance(cell, Decimal):
        return cell
    if isinstance(cell, int) and not isinstance(cell, bool):
        return Decimal(cell)
    if isinstance(cell, float):  # its shortest text is what the file showed
        return Decimal(repr(cell)) if math.isfinite(cell) else None
    found = parse_amount(cell) if isinstance(cell, str) and len(cell) <= _LONGEST else None
    if found is None:
        return None
    refund = _REFUND.search(found.note or "") if net else None
    if refund is None:
        return found.value
    part = parse_amount(refund["part"]) if refund["part"] else None
    return Decimal(0) if refund["all"] else found.value - part.value if part else found.value


def way(cell: Any) -> Way | None:
    """Tell which way money goes, from a word such as 支出, DR or "/".

    Examples
    --------
    >>> way("支出"), way("贷 Cr"), way("不计收支"), way("已支出"), way("?")
    ('out', 'in', 'neutral', 'out', None)
    """
    word = unicodedata.normalize("NFKC", str(cell or "")).strip().lower().removeprefix("已")
    for meaning, words in (("neutral", _NEUTRAL), ("in", _IN), ("out", _OUT)):
        if word in words or (meaning != "neutral" and word.rstrip("s总額额金合计計") in words):
            return meaning  # type: ignore[return-value]
    parts = word.split()
    if 1 < len(parts) <= 3:  # in two languages: 贷 Cr
        ways = {way(part) for part in parts}
        return ways.pop() if len(ways) == 1 else None
    return None


def printed(lines: Iterable[str]) -> Printed:
    """Collect what the lines around a table say about its rows.

    Examples
    --------
    >>> found = printed(["共26笔记录", "支出：16笔(含4笔部分退款)，1648.43元"])
    >>> found.count, found.groups
    (26, (('支出', 16, Decimal('1648.43')),))
    """
    count, opening, closing = None, None, None
    groups: list[tuple[str, int | None, Decimal]] = []
    totals = []
    for line in lines:
        text = unicodedata.normalize("NFKC", line)
        if found := _COUNT.search(text):
            count = int((found["n"] or found["m"] or found["e"]).replace(",", "")) if count is None else count
        own = [
            (_PLAIN.sub("", g["label"]), int(g["n"].replace(",", "")), Decimal(re.sub("[ ,]", "", g["amount"])))
            for g in _GROUP.finditer(text)
        ]
        own = [g for g in own if way(g[0])]
        groups += own
        for total in () if own else _WAY_TOTAL.finditer(text):
            value = money((total["money"] or total["money2"]).strip(" :"))
            if value is not None:
                groups.append((total["label"] or total["label2"], None, value))
                own.append(groups[-1])  # type: ignore[arg-type]
        for pattern in (_OPENING, _CLOSING):
            value = money(found[1].strip().split("  ")[0]) if (found := pattern.search(text)) else None
            opening = value if value is not None and pattern is _OPENING else opening
            closing = value if value is not None and pattern is _CLOSING else closing
        if not own and _TOTAL_LINE.search(text) and (figures := _FIGURES.findall(text)):
            totals.append(tuple(Decimal(figure.replace(",", "")) for figure in figures))
    return Printed(count, tuple(groups), opening, closing, tuple(totals))
