"""Cells and lines of evidence for eyes: personal data masked by the column's name, and by the form of the value."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from idvtools.privacy import mask_column, mask_id, mask_name, mask_phone, scrub

_ID = re.compile(r"身份证|身分證|证件号|證件號|証件號|idno|idcard|idnumber|identity|passport|hkid|护照|護照")
_PHONE = re.compile(r"手机|手機|电话|電話|phone|mobile|tel$|telno")
_ACCOUNT = re.compile(r"账号|帐号|賬號|帳號|账户|帐户|賬戶|帳戶|户口号|戶口|卡号|卡號|account|acct|card|iban|shroff")
_NAME = re.compile(
    r"户名|戶名|姓名|名字|昵称|暱稱|收款人|付款人|收款方|付款方|对方$|對方$|交易对方|交易對方|交易方|持卡人|客户|客戶|纳税人|納稅人"
    r"|counterparty|payee|payer|taxpayer|customer|beneficiary|holder|nickname|username|realname|fullname|^name$"
)
_PLACE = re.compile(r"地址|住址|邮箱|郵箱|電郵|address|email")
_BY_NAME: tuple[tuple[re.Pattern[str], Callable[[str], str]], ...] = (
    (_ID, mask_id),
    (_PHONE, mask_phone),
    (_NAME, mask_name),
    (_PLACE, lambda _: "***"),
)
# A number of 9 digits or more is an account, with hyphens, or in groups as cards and Hong Kong accounts have them;
# other numbers with spaces between them are columns of figures.
_NUMBER = re.compile(
    r"(?<![\w.,])(?:(?=(?:\d-?){9})\d+(?:-\d+)*"
    r"|(?!(?:(?:19|20)\d\d ){3})\d{4}(?: \d{4}){3}(?: \d{1,3})?"
    r"|\d{3} \d{6} \d{3})(?![\d-]|[.,]\d)"
)
_DAY = re.compile(r"\d{4}-\d{1,2}-\d{1,2}(?:[ T]?\d{1,2})?|(?:19|20)\d{6}(?:[ T]?(?:\d{4}|\d{6}))?")


def mask_cell(column: str, value: Any, *, limit: int = 200) -> Any:
    """A cell, masked if its column or its form says that it is personal. Amounts and dates stay.

    Examples
    --------
    >>> mask_cell("交易对方", "张三丰"), mask_cell("Account No.", "012-345-6-789012"), mask_cell("金额", Decimal("1.5"))
    ('张**', '************9012', Decimal('1.5'))
    >>> mask_cell("备注", "转给 6222021234567890123"), mask_cell("日期", "2026-10-01 09:30:00")
    ('转给 ***', '2026-10-01 09:30:00')
    """
    if value is None or isinstance(value, Decimal | date | bool):
        return value
    known = mask_column(column, value)
    if known is not value:
        return known
    name = re.sub(r"[\W_]+", "", column).lower()
    text = str(value)
    for pattern, mask in _BY_NAME:
        if pattern.search(name):
            return mask(text)
    if _ACCOUNT.search(name) and sum(c.isdigit() for c in text) > 3:
        return _last_four(text)
    return mask_line(text, limit=limit) if isinstance(value, str) else value


def mask_line(text: str, *, limit: int = 200) -> str:
    """Free text without what looks personal.

    Examples
    --------
    >>> mask_line("姓名：张三 账户 123-456789-001, 2026-10-01 09:30 to 20261031")
    '姓名：*** 账户 **********-001, 2026-10-01 09:30 to 20261031'
    """
    return _NUMBER.sub(lambda m: m[0] if _DAY.fullmatch(m[0]) else _last_four(m[0]), scrub(text, limit))


def _last_four(text: str) -> str:
    return "*" * max(len(text) - 4, 4) + (text[-4:] if len(text) >= 8 else "")


def printable(text: str) -> str:
    """Text without what a terminal or a page would obey: escapes, and marks that turn the direction of reading.

    Examples
    --------
    >>> printable("a\\x1b[2Jb\\u202ec\\td")
    'a�[2Jb�c d'
    """
    return "".join(c if c.isprintable() else " " if c.isspace() else "�" for c in text)
