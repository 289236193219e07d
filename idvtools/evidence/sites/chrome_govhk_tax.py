"""The e-receipt of the Hong Kong Inland Revenue Department (香港個稅 e-receipt), one PDF in a zip: labels and values.

The first digit of the shroff account number tells the tax. The department's page on electronic receipts names four,
the only ones that e-receipts are issued for: 9 salaries tax, 7 property tax of solely owned properties, 3 profits tax
of sole proprietorships, 6 personal assessment. It names no other; one that is not among them is said to be unknown,
not guessed. Shroff account numbers have 11 digits, sometimes followed by ``A`` (the government's page on paying by
telephone).

No public copy of a receipt was found: the labels are those of the department's forms, in both languages.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from idvtools.evidence.model import Check, Column, Table
from idvtools.evidence.sites.declaring import TextLayout
from idvtools.evidence.tables.printed import money

NAME = "chrome-govhk-tax"
#: First digit of the shroff account number -> tax; all that the department names.
TAXES: Mapping[str, str] = {
    "9": "Salaries Tax",
    "7": "Property Tax (solely owned property)",
    "3": "Profits Tax (sole proprietorship)",
    "6": "Personal Assessment",
}
_NAMED = {
    "9": r"salaries\s+tax|薪俸[稅税]",
    "7": r"property\s+tax|物[業业][稅税]",
    "3": r"profits\s+tax|利得[稅税]",
    "6": r"personal\s+assessment|[個个]人入息[課课][稅税]",
}
_OFFICE = re.compile(r"inland\s+revenue|[稅税][務务]局", re.IGNORECASE)
_RECEIPT = re.compile(
    r"e-?receipt|electronic\s+(?:payment|receipt)|收[據据]|acknowledge?ment|^[^\n]{0,50}\breceipt\W{0,3}$",
    re.IGNORECASE | re.MULTILINE,
)
_GAP = r"[\s:：#.()（）/|No號号碼码]*?"
_NUMBER = r"(?:[號号][碼码]?|[編编][號号碼码])"
_LABELS: Mapping[str, str] = {
    "taxpayer": r"(?:name\s+of\s+taxpayer|taxpayer(?:'s)?\s+name|taxpayer|[納纳][稅税]人(?:姓名|名[稱称])?"
    r"|(?<![^\n])[^\S\n]*(?:name|姓名)(?=\s*(?:姓名|name)?\s*[:：\n]))",
    "shroff account number": r"(?:shroff\s+account\s+(?:number|no\.?)"
    rf"|(?:收款|[繳缴][款稅税])[帳賬账](?:[戶户目])?{_NUMBER}|收款[帳賬账][號号戶户])",
    "charge number": rf"(?:charge\s+(?:number|no\.?)|(?:[徵征]收|[稅税][單单]|[評评課课繳缴][稅税]){_NUMBER})",
    "amount": r"(?:(?:payment\s+)?amount(?:\s+(?:paid|received|of\s+payment))?"
    r"|(?:已?[繳缴](?:[款付納纳稅税])?|付款|[實实]收|收款|交易)?(?:金[額额]|款[額额]))",
    "payment date": r"(?:(?:payment\s+date|transaction\s+date|date\s+of\s+(?:payment|receipt)|date\s+paid)"
    r"|(?:付款|[繳缴][款付納纳稅税]|收款|交易)日期)",
}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DATES = (
    re.compile(r"(?P<y>\d{4})\s*[-/.年]\s*(?P<m>\d{1,2})\s*[-/.月]\s*(?P<d>\d{1,2})"),
    re.compile(r"(?P<d>\d{1,2})\s*[-/. ]\s*(?P<n>[A-Za-z]{3})[a-z]*\.?\s*[-/., ]\s*(?P<y>\d{4})"),
    re.compile(r"(?P<d>\d{1,2})\s*[-/.]\s*(?P<m>\d{1,2})\s*[-/.]\s*(?P<y>\d{4})"),  # Hong Kong: day first
)
_VALUES: Mapping[str, re.Pattern[str]] = {
    "taxpayer": re.compile(r"[^\n]*\S"),
    "shroff account number": re.compile(r"\d(?:-?\d){10}(?!\d)-?A?|\d[\d-]{6,}A?"),
    "charge number": re.compile(r"[0-9A-Z](?=[^\n]*\d)[0-9A-Z/\-]{4,}"),
    "amount": re.compile(r"(?:HK\$|HKD|\$|港[幣币])?\s*\d[\d,]*(?:\.\d+)?"),
    "payment date": re.compile("|".join(re.sub(r"\?P<\w>", "?:", p.pattern) for p in _DATES)),
}
_COLUMNS = (
    Column("taxpayer", "text"),
    Column("shroff account number", "text"),
    Column("tax type", "text"),
    Column("charge number", "text"),
    Column("amount", "amount"),
    Column("payment date", "date"),
)


def tax_type(shroff: str | None) -> str | None:
    """Tell the tax by the prefix of a shroff account number; None if nothing is known of the prefix.

    Examples
    --------
    >>> tax_type("9-9999990-12-3"), tax_type("12345678901")
    ('Salaries Tax', None)
    """
    return TAXES.get((shroff or " ")[0])


def receipts(text: str, chosen: bool = False) -> Table | None:
    """Read the receipts in the text of a PDF, one row each; None if there is none.

    Parameters
    ----------
    text : str
        Text of all pages.
    chosen : bool
        The user says that it is one: two labels are enough, without the department's name.

    Returns
    -------
    Table or None
        With a check that every label was found, that the numbers have their form, and that the tax which is printed
        is the one that the prefix means.
    """
    if not chosen and not (_OFFICE.search(text) and _RECEIPT.search(text)):
        return None
    rows, blocks = [], _blocks(text)
    for block in blocks:
        row = {label: _value(block, label) for label in _LABELS}
        own = chosen or row["shroff account number"] or row["charge number"]  # amounts and days are anybody's
        if own and sum(v is not None for v in row.values()) >= 2:
            rows.append((row, block))
    if not rows:
        return None
    cells = [
        (
            r["taxpayer"],
            s := r["shroff account number"],
            tax_type(s),
            r["charge number"],
            _money(r["amount"]),
            _date(r["payment date"]),
        )
        for r, _ in rows
    ]
    return Table(
        "e-receipt",
        "text",
        _COLUMNS,
        cells,
        checks=_checks(cells, [block for _, block in rows]),
        warnings=_warnings(cells),
        layout=NAME,
    )


def _blocks(text: str) -> list[str]:
    """Split where a label that was there comes again with another value: several receipts in one text."""
    starts = [
        m.start()
        for m in re.finditer(_LABELS["shroff account number"] + _GAP + r"[^\d\n]{0,40}\n?[^\d\n]{0,20}\d", text, re.I)
    ]
    if len(starts) < 2:
        return [text]
    names = [m.start() for m in re.finditer(r"^[^\S\n]*" + _LABELS["taxpayer"], text, re.I | re.M)]
    cuts = names if len(names) >= len(starts) else starts
    return [text[a:b] for a, b in zip(cuts, [*cuts[1:], len(text)], strict=True)]


def _value(text: str, label: str) -> str | None:
    """Find the value beside a label, or on the next line; a label may stand in both languages."""
    for found in re.finditer(_LABELS[label], text, re.IGNORECASE):
        rest = text[found.end() : found.end() + 200]
        again = re.match(rf"{_GAP}{_LABELS[label]}", rest, re.IGNORECASE)
        lines = [line for line in rest[again.end() if again else 0 :].split("\n")[:3] if line.strip(" \t:：()（）/|")]
        for line in lines[:2]:
            plain = re.sub(rf"^[\s:：()（）/|]*(?:{_LABELS[label]})?[\s:：()（）/|]*", "", line, flags=re.IGNORECASE)
            value = _VALUES[label].search(plain)
            if value and not (label == "taxpayer" and any(re.match(p, plain, re.IGNORECASE) for p in _LABELS.values())):
                return _own(value[0].strip()) if label == "taxpayer" else value[0].strip()
    return None


def _own(value: str) -> str:
    """Leave off what the same line says under other labels."""
    others = (re.search(rf"\s(?={pattern})", value, re.IGNORECASE) for pattern in _LABELS.values())
    return value[: min((found.start() for found in others if found), default=len(value))].strip()


def _money(value: str | None) -> Decimal | None:
    return None if value is None else money(value)


def _date(value: str | None) -> date | None:
    for pattern in _DATES if value else ():
        if found := pattern.search(value or ""):
            parts = found.groupdict()
            name = (parts.get("n") or "").lower()
            month = int(parts["m"]) if parts.get("m") else _MONTHS.index(name) + 1 if name in _MONTHS else 0
            try:
                return date(int(parts["y"]), month, int(parts["d"]))
            except ValueError:
                return None
    return None


def _checks(cells: Sequence[tuple[Any, ...]], blocks: Sequence[str]) -> tuple[Check, ...]:
    lacking = {
        c.name for row in cells for c, v in zip(_COLUMNS, row, strict=True) if v is None and c.name != "tax type"
    }
    said = f"not found: {', '.join(c.name for c in _COLUMNS if c.name in lacking)} (has the form changed?)"
    wrong = sum(not re.fullmatch(r"\d{11}A?", (row[1] or "").replace("-", "")) for row in cells)
    checks = [
        Check("labels", not lacking, said if lacking else f"all found; receipts: {len(cells)}"),
        Check(
            "shroff account number", not wrong, f"{wrong} of {len(cells)} are not 11 digits" if wrong else "11 digits"
        ),
    ]
    told = [[d for d, p in _NAMED.items() if re.search(p, block, re.IGNORECASE)] for block in blocks]
    pairs = [(row[1][0], digits[0]) for row, digits in zip(cells, told, strict=True) if row[1] and len(digits) == 1]
    if pairs:
        fits = all(a == b for a, b in pairs)
        checks.append(
            Check("tax type", fits, "the tax printed is " + ("" if fits else "not ") + "the one that the prefix means")
        )
    else:
        checks.append(Check("tax type", None, "no single tax is printed to compare the prefix with"))
    return tuple(checks)


def _warnings(cells: Sequence[tuple[Any, ...]]) -> tuple[str, ...]:
    unknown = sorted({row[1][0] for row in cells if row[1] and row[2] is None})
    return tuple(f"which tax a shroff account number with prefix {digit} is for is not known" for digit in unknown)


LAYOUTS = (
    TextLayout(
        name=NAME,
        title="e-receipt of the Hong Kong Inland Revenue Department",
        source="the vendor names the site and the form (one PDF in a zip); labels are those of the department's forms",
        read=receipts,
    ),
)
