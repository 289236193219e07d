"""Cells and lines of evidence for eyes: personal data masked by the column's name, and by the form of the value."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from numbers import Integral
from typing import TYPE_CHECKING, Any

from idvtools.privacy import mask_column, mask_id, mask_name, mask_phone, scrub

if TYPE_CHECKING:
    from idvtools.evidence.model import Table

_ID = re.compile(r"身份证|身分證|证件号|證件號|証件號|idno|idcard|idnumber|identity|passport|hkid|护照|護照")
_PHONE = re.compile(r"手机|手機|电话|電話|phone|mobile|tel$|telno")
_ACCOUNT = re.compile(r"账号|帐号|賬號|帳號|账户|帐户|賬戶|帳戶|户口号|戶口|卡号|卡號|account|acct|card|iban|shroff")
_NAME = re.compile(
    r"户名|戶名|姓名|名字|昵称|暱稱|收款人|付款人|收款方(?!式)|付款方(?!式)|对方$|對方$|交易对方|交易對方|交易方|持卡人|客户|客戶|纳税人|納稅人"
    r"|对方名称|對方名稱|对手(?:名称|方)?$|對手(?:名稱|方)?$|经办人|經辦人|法定代表人|法人(?:代表|姓名)?$|联系人|聯絡人|聯繫人|签名|簽名"
    r"|氏名|名前|名義|recipient|sender|remitter"
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
# What a label tells to be a name; a name may be parted ("张 三", "CHAN TAI MAN").
_LABELLED = re.compile(
    r"((?:户名|戶名|姓名|昵称|暱稱|名称|名稱|持卡人|客户|客戶|开户人|開戶人|纳税人|納稅人|收款人|付款人|氏名|名義人?"
    r"|(?:(?:account|taxpayer|customer|holder|cardholder|beneficiary|payee|payer|full)[ _]?)?name"
    r"|taxpayer|(?:account|card) ?holder|payee|payer|beneficiary)\s{0,3}[：:]\s{0,3})"
    r"([^\s：:，,;；|]{1,60}(?:[ \u3000](?:[一-鿿](?![一-鿿])|(?-i:[A-Z])[A-Za-z.'-]*(?![A-Za-z]*\s?[：:=]))){0,4})",
    re.IGNORECASE,
)
_SURNAMES = (
    "王李张張刘劉陈陳杨楊黄黃赵趙吴吳周徐孙孫马馬朱胡郭何高林罗羅郑鄭梁谢謝宋唐许許韩韓冯馮邓鄧曹彭曾肖蕭萧田董袁潘于余叶葉蒋蔣杜苏蘇魏程吕呂丁任沈"
    "姚卢盧姜崔钟鍾谭譚陆陸汪范石廖贾賈夏韦韋付方白邹鄒孟熊秦邱江尹薛闫段雷侯龙龍史陶黎贺賀顾顧毛郝龚龔邵万萬钱錢严嚴覃武戴莫孔向汤湯欧歐区區"
)
# A name in the cell beside its label, or some spaces behind it; the lookahead keeps headings that begin like a name.
_BESIDE = re.compile(
    r"((?:户名|戶名|姓名|持卡人|开户人|開戶人|纳税人|納稅人|客户名称|客戶名稱)[ \t\u3000]{1,9})"
    rf"(?!余[额額]|方[式向])[{_SURNAMES}][一-鿿]{{1,3}}(?![一-鿿])"
    r"|((?i:(?:account|customer|taxpayer|holder|full) name|name of (?:the )?(?:account holder|taxpayer|customer))"
    r"[ \t\u3000]{1,9})[A-Z][A-Z'-]+(?:,? [A-Z][A-Z'-]*){1,4}(?: ?[一-鿿]{2,4})?(?!\w)"
)
_SMALL = 10_000  # a number below tells nobody: how often a name comes, say
_KNOWN_ROWS, _KNOWN_TEXT, _KNOWN = 200, 20_000, 400
_DAY = re.compile(r"\d{4}-\d{1,2}-\d{1,2}(?:[ T]?\d{1,2})?|(?:19|20)\d{6}(?:[ T]?(?:\d{4}|\d{6}))?")


def mask_cell(column: str, value: Any, *, limit: int = 200) -> Any:
    """A cell, masked if its column or its form says that it is personal. Amounts, dates and small numbers stay.

    Examples
    --------
    >>> mask_cell("交易对方", "张三丰"), mask_cell("Account No.", "012-345-6-789012"), mask_cell("金额", Decimal("1.5"))
    ('张**', '************9012', Decimal('1.5'))
    >>> mask_cell("备注", "转给 6222021234567890123"), mask_cell("日期", "2026-10-01 09:30:00")
    ('转给 ***', '2026-10-01 09:30:00')
    >>> mask_cell("收/付款方式", "余额宝"), mask_cell("付款方", "张三丰")
    ('余额宝', '张**')
    """
    if (
        value is None
        or isinstance(value, Decimal | date | bool)
        or (isinstance(value, Integral) and -_SMALL < int(value) < _SMALL)
    ):
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
    >>> mask_line("户名 张三 币种 人民币"), mask_line("Name of Taxpayer  CHAN, TAI MAN"), mask_line("户名 余额")
    ('户名 *** 币种 人民币', 'Name of Taxpayer  ***', '户名 余额')
    """
    if len(text) <= _KNOWN_TEXT:
        text = _BESIDE.sub(r"\1\2***", _LABELLED.sub(r"\1***", text))
    return _NUMBER.sub(lambda m: m[0] if _DAY.fullmatch(m[0]) else _last_four(m[0]), scrub(text, limit))


def names_in(tables: Iterable[Table], text: str) -> re.Pattern[str] | None:
    """Names of persons that labels and columns tell, to be masked wherever else they stand: in a path, in a remark.

    Examples
    --------
    >>> names_in([], "户名：张三  币种：人民币").sub("***", "工资流水_张三.csv")
    '工资流水_***.csv'
    >>> names_in([], "户名 张三  币种 人民币").sub("***", "工资流水_张三.csv")
    '工资流水_***.csv'
    """
    found: set[str] = set()
    lines = [text[:_KNOWN_TEXT]]
    for table in tables:
        lines += [line[:_KNOWN_TEXT] for line in (*table.preamble, *table.footer)]
        for place, column in enumerate(table.columns):
            if _NAME.search(re.sub(r"[\W_]+", "", column.name).lower()):
                cells = (row[place] for row in table.rows[:_KNOWN_ROWS] if place < len(row))
                found |= {cell for cell in cells if isinstance(cell, str) and _is_person(cell)}
    for line in lines:
        told = [match[2].strip("[]【】()（）") for match in _LABELLED.finditer(line)]
        told += [match[0][len(match[1] or match[2]) :] for match in _BESIDE.finditer(line)]
        found |= {name for name in told if len(name) > 1 and "*" not in name}
    wanted = sorted(found, key=lambda name: (-len(name), name))[:_KNOWN]
    return re.compile("|".join(map(re.escape, wanted))) if wanted else None


def _is_person(text: str) -> bool:
    """Whether a cell is a person's name rather than a shop's: by a Chinese surname, or two Latin words.

    Examples
    --------
    >>> [_is_person(text) for text in ("张三", "CHAN, Tai Man", "CHAN, TAI MAN 陳大文", "便利店", "Shop")]
    [True, True, True, False, False]
    """
    if re.fullmatch(r"[一-鿿]{2,4}", text):
        return text[0] in _SURNAMES
    return re.fullmatch(r"[A-Z][A-Za-z'-]+(?:,? [A-Z][A-Za-z'.-]*){1,3}(?: ?[一-鿿]{2,4})?", text) is not None


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
