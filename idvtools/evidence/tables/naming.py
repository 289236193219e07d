"""What a column's name says of its cells: ids and account numbers, money, dates."""

from __future__ import annotations

import re

from idvtools.evidence.model import Cell

_MONEY = re.compile(
    r"金额|金額|余额|餘額|結餘|结余|残高|收入|支出|借方|贷方|貸方|存入|取出|利息|手续费|手續費|费用|費用|价|價|税额|稅額"
    r"|[额額费費](?:\(|（|$)"
    r"|(?<![a-z])(?:amount|amt|balance|debit|credit|price|fee|fees|cost|paid|payment|withdrawals?|deposits?"
    r"|gross|net|tax|salary|money)(?![a-z])",
    re.IGNORECASE,
)
_ID_PARTS = re.compile(
    r"卡号|卡號|账号|帐号|賬號|帳號|流水|单号|單號|证件|證件|编号|編號|号码|號碼|代码|代碼|代号|凭证|憑證|批次号|番号|电话|電話"
    r"|手机|手機|尾号|邮编|邮政编码|身份证|身份證|编码|編碼|账户$|帐户$|賬戶$|帳戶$|户口号|戶口號"
)
_ID_WORDS = frozenset(
    [
        "id",
        "ids",
        "no",
        "nr",
        "number",
        "code",
        "codes",
        "account",
        "acct",
        "card",
        "phone",
        "mobile",
        "tel",
        "telephone",
        "zip",
        "postcode",
        "postal",
        "ref",
        "reference",
        "iban",
        "serial",
        "sn",
        "swift",
        "bic",
        "passport",
        "uuid",
        "guid",
        "sku",
        "isin",
        "ssn",
        "ein",
        "token",
        "key",
        "imei",
        "idno",
        "cardno",
        "orderno",
    ]
)
_PERIOD = re.compile(r"所属期|所屬期|期间|期間|年月|月份|[账賬帐]期|(?<![a-z])(?:period|month)(?![a-z])", re.IGNORECASE)
_ID_ENDS = re.compile(r"[号號码碼]$|番号$")
_DATE = re.compile(
    r"日期|时间|時間|日付|年月日|日$|(?<![a-z])(?:date|time|day|datetime|timestamp)(?![a-z])", re.IGNORECASE
)


def names_period(name: str) -> bool:
    """Whether a column's name says that it holds months or other periods.

    Examples
    --------
    >>> [names_period(n) for n in ("税款所属期", "Period", "Monthly fee", "金额")]
    [True, True, False, False]
    """
    return _PERIOD.search(name) is not None


def names_id(name: str) -> bool:
    """Whether a column's name says that it holds ids, codes or account numbers, not quantities.

    Examples
    --------
    >>> [names_id(n) for n in ("交易订单号", "Account No.", "accountNo", "卡号末四位", "对方账户")]
    [True, True, True, True, True]
    >>> [names_id(n) for n in ("账户余额", "No. Of Employees", "Total_number_of_SCTs", "Account balance", "交易日期")]
    [False, False, False, False, False]
    """
    if names_date(name) and not _ID_ENDS.search(name):
        return False
    words = [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)]
    if names_money(name):
        return bool(_ID_ENDS.search(name)) or (bool(words) and words[-1] in _ID_WORDS)
    by_word = any(word in _ID_WORDS and words[i + 1 : i + 2] != ["of"] for i, word in enumerate(words))
    return by_word or bool(_ID_PARTS.search(name)) or bool(_ID_ENDS.search(name))


def names_money(name: str) -> bool:
    """Whether a column's name says that it holds amounts of money.

    Examples
    --------
    >>> [names_money(n) for n in ("金额(元)", "Closing balance", "netto", "费别")]
    [True, True, False, False]
    """
    return _MONEY.search(re.sub(r"[_\s]+", " ", name)) is not None


def names_date(name: str) -> bool:
    """Whether a column's name says that it holds dates or times.

    Examples
    --------
    >>> names_date("记账日"), names_date("Value date"), names_date("Update")
    (True, True, False)
    """
    return _DATE.search(name.replace("_", " ")) is not None


#: What stands around cells and means nothing.
PADDING = " \t\r\n\f\v\u00a0\u3000\ufeff\u200b"


class CleanRows(list[tuple[Cell, ...]]):
    """Rows whose cells are clean already."""


def clean(text: str) -> str | None:
    """A cell without the padding and the quoting that exports put around it; None if nothing is left.

    Examples
    --------
    >>> clean(" HKD \\t"), clean('="799999"'), clean("　")
    ('HKD', '799999', None)
    """
    if text.isalnum():
        return text
    text = text.strip(PADDING)
    if text.startswith('="') and text.endswith('"') and len(text) >= 3:
        text = text[2:-1].replace('""', '"').strip(" \t\u00a0\u3000")
    return text or None
