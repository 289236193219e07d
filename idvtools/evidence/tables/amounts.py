"""Amounts as banks print them, read exactly; the decimal mark is decided for a column, not for a cell."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Mark = Literal[".", ","]

_CURRENCY = (
    r"(?:HK\$|US\$|NT\$|CN¥|JP¥|RMB¥?|CNY|CNH|HKD|USD|EUR|JPY|GBP|TWD|MOP|SGD|AUD|CAD|CHF|KRW|"
    r"人民币|人民幣|港币|港幣|美元|日元|港元|[¥$€£₩円元圆圓]|\\(?=\d))"
)
#: A sign that several currencies have says less than a code.
_CODES = (
    ("CNY", ("CNY", "CNH", "RMB", "RMB¥", "CN¥", "人民币", "人民幣")),
    ("HKD", ("HKD", "HK$", "港币", "港幣", "港元")),
    ("USD", ("USD", "US$", "美元")),
    ("JPY", ("JPY", "JP¥", "日元", "円")),
    ("TWD", ("TWD", "NT$")),
    ("EUR", ("EUR", "€")),
    ("GBP", ("GBP", "£")),
)
_SIGN = r"[-+−–△▲]"
# in Japan the backslash of a code page is printed as a yen sign
_SHAPE = re.compile(
    rf"(?P<open>\()?\s*(?P<s1>{_SIGN})?\s*(?P<c1>{_CURRENCY})?\s*(?P<s2>{_SIGN})?\s*(?P<open2>\()?"
    rf"(?P<number>\d[\d.,'’\u00a0 ]*|[.,]\d+)"
    rf"(?P<close2>\))?\s*(?P<c2>{_CURRENCY})?\s*(?P<close>\))?\s*(?P<s3>[-+−])?\s*(?P<side>CR|DR|借|贷|貸)?\.?",
    re.IGNORECASE,
)
#: Banks print an asterisk before an amount, lest a digit be added; without groups or decimals it may be a mask.
_STARRED = re.compile(r"\*{1,12}\s?(?=[¥\\$]?-?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.\d\d)$)")
_SIDE_FIRST = re.compile(r"(?P<side>CR|DR|借|贷|貸)\s*(?P<rest>.*)", re.IGNORECASE)
_NOTE = re.compile(r"(?P<amount>.*\d.*?)\s*\((?P<note>[^()]*[^\d.,()\s][^()]*)\)")
_USUAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_DIGIT = re.compile(r"\d")
#: No amount is printed longer, with all that may stand beside it; the patterns take too long over a longer text.
_LONGEST = 80
_NEGATIVE = "-−–△▲"
_POINT = re.compile(r"(?:\d{1,3}(?:[,'’ ]\d{3})+|\d{1,2}(?:,\d\d)+,\d{3}|\d+)?(?:\.\d+)?|\d+\.")
_COMMA = re.compile(r"(?:\d{1,3}(?:[.'’ ]\d{3})+|\d+)?(?:,\d+)?|\d+,")


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount: its value, what stood beside it, and whether it looks like money (not like a count)."""

    value: Decimal
    note: str | None = None
    money: bool = False
    side: str | None = None
    currency: str | None = None


def parse_amount(text: str, mark: Mark = ".") -> Amount | None:
    """An amount from a cell's text, exactly; None where it is none. DR and 借 are money out, hence negative.

    Examples
    --------
    >>> [str(parse_amount(t).value) for t in ("1,234.56", "（５００）", "-NT$130", "¥28.16", "12.50-", "△3", "5.00DR")]
    ['1234.56', '-500', '-130', '28.16', '-12.50', '-3', '-5.00']
    >>> str(parse_amount("*1,000").value), parse_amount("*1000")
    ('1000', None)
    >>> parse_amount("131.77(已退款89.84)").note, str(parse_amount("1.234,50", ",").value)
    ('已退款89.84', '1234.50')
    >>> parse_amount("2026-10-01"), parse_amount("12.5%"), parse_amount("1E5")
    (None, None, None)
    """
    if len(text) > _LONGEST:
        return None
    if mark == "." and (usual := _USUAL.fullmatch(text)) is not None:  # most amounts by far
        return Amount(_signed(text), money=usual[1] is not None)
    plain = (text if text.isascii() else unicodedata.normalize("NFKC", text)).strip()
    if _DIGIT.search(plain) is None:
        return None
    if plain[0] == "*":
        plain = _STARRED.sub("", plain)
    note = None
    found = _SHAPE.fullmatch(plain)
    if found is None:
        noted = _NOTE.fullmatch(plain)
        if noted is not None:
            note, plain = noted["note"].strip(), noted["amount"].strip()
            found = _SHAPE.fullmatch(plain)
    side = None
    if found is None:
        first = _SIDE_FIRST.fullmatch(plain)
        if first is None:
            return None
        side, found = first["side"], _SHAPE.fullmatch(first["rest"])
        if found is None or found["side"]:
            return None
    return _built(found, note, side or found["side"], mark)


def _built(found: re.Match[str], note: str | None, side: str | None, mark: Mark) -> Amount | None:
    opened, closed = bool(found["open"]) + bool(found["open2"]), bool(found["close"]) + bool(found["close2"])
    signs = [s for s in (found["s1"], found["s2"], found["s3"]) if s]
    if (
        opened != closed
        or opened > 1
        or len(signs) + opened > 1
        or (found["c1"] and found["c2"] and len(found["c2"]) > 1)
    ):
        return None
    digits = _number(found["number"].strip(), mark)
    if digits is None:
        return None
    owed = side is not None and side.upper() in ("DR", "借")
    value = _signed("-" + digits if opened or owed or (signs and signs[0] in _NEGATIVE) else digits)
    money = bool(found["c1"] or found["c2"] or side or opened or note or "." in digits or (signs and signs[0] in "△▲"))
    return Amount(value, note, money, side, _currency(found["c1"] or found["c2"]))


def _currency(text: str | None) -> str | None:
    if text is None:
        return None
    return next((code for code, words in _CODES if text.upper() in words), text.upper())


def _signed(digits: str) -> Decimal:
    """The amount with all its digits (arithmetic would round it); no zero is negative."""
    value = Decimal(digits)
    return value if value else value.copy_abs()


def _number(text: str, mark: Mark) -> str | None:
    """The digits with a point for the decimal mark, or None where the groups are not groups."""
    text = text.replace("\u00a0", " ").replace("\u202f", " ")
    if (_POINT if mark == "." else _COMMA).fullmatch(text) is None or not any(c.isdigit() for c in text):
        return None
    thousands = ",'’ " if mark == "." else ".'’ "
    for sign in thousands:
        text = text.replace(sign, "")
    return text.replace(",", ".").rstrip(".")


_SURE_COMMA = re.compile(
    r"(?<!\d)(?:\d*,\d{1,2}|\d*,\d{4,}|0,\d+|\d{4,},\d+|\d{1,3}(?:\.\d{3})+,\d+|\d{1,3}(?:\.\d{3}){2,})(?!\d)"
)
_SURE_POINT = re.compile(
    r"(?<!\d)(?:\d*\.\d{1,2}|\d*\.\d{4,}|0\.\d+|\d{4,}\.\d+|\d{1,3}(?:,\d{3})+\.\d*|\d{1,3}(?:,\d{3}){2,})(?!\d)"
)


_NUMBER = re.compile(r"[\d.,]+")


def decimal_mark(texts: Iterable[str]) -> tuple[Mark, bool]:
    """The decimal mark of a column, and whether the cells contradict each other.

    "1,234" alone is a thousand and some, "1.234" alone has three decimals; one cell that is clear decides for all.

    Examples
    --------
    >>> decimal_mark(["1,234", "2,50"]), decimal_mark(["1,234", "2.50"]), decimal_mark(["1,50", "2.50"])
    ((',', False), ('.', False), ('.', True))
    """
    comma = point = 0
    for text in texts:
        if text.isdecimal():
            continue
        number = _NUMBER.search(text if text.isascii() else unicodedata.normalize("NFKC", text))
        if number is None:
            continue
        comma += _SURE_COMMA.fullmatch(number[0]) is not None
        point += _SURE_POINT.fullmatch(number[0]) is not None
    return ("," if comma and not point else "."), bool(comma and point)


def refund_of(amount: Amount) -> Decimal | None:
    """What the note beside an amount says was paid back.

    Examples
    --------
    >>> refund_of(parse_amount("131.77(已退款89.84)")), refund_of(parse_amount("5.00(已全额退款)"))
    (Decimal('89.84'), Decimal('5.00'))
    """
    if not amount.note or not re.search(r"退|refund", amount.note, re.IGNORECASE):
        return None
    figures = re.search(r"\d[\d,]*(?:\.\d+)?", amount.note)
    if figures is not None:
        return Decimal(figures[0].replace(",", ""))
    return abs(amount.value) if re.search(r"全|full", amount.note, re.IGNORECASE) else None
