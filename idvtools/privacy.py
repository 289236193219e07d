"""Masks for people's data, and keyed pseudonyms.

A mask is for eyes: it shows that something stood there. A pseudonym is for joins: the same person
has the same one within a workspace, and without the workspace's key nobody gets back.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from idvtools.errors import InputError

_MASK = "***"


def mask_id(value: str) -> str:
    """An id number with its first 4 and last 2 characters; a short one is masked whole.

    Examples
    --------
    >>> mask_id("110101199001011234"), mask_id("A123456(7)")
    ('1101************34', '**********')
    """
    return _keep(value, 4, 2, shortest=15)


def mask_name(value: str) -> str:
    """A person's name with its first character.

    Examples
    --------
    >>> mask_name("张三丰"), mask_name("李")
    ('张**', '*')
    """
    return _keep(value, 1, 0, shortest=2)


def mask_phone(value: str) -> str:
    """A telephone number with its first 3 and last 4 characters; a short one is masked whole.

    Examples
    --------
    >>> mask_phone("13812345678"), mask_phone("91234567")
    ('138****5678', '********')
    """
    return _keep(value, 3, 4, shortest=11)


def _keep(value: str, head: int, tail: int, *, shortest: int) -> str:
    if len(value) < shortest:
        return "*" * len(value)
    return value[:head] + "*" * (len(value) - head - tail) + value[len(value) - tail :]


def _whole(_: str) -> str:
    return _MASK


def _spellings(names: str) -> frozenset[str]:
    """Each snake_case name as it is and run together (``user_name``, ``username``)."""
    return frozenset(form for name in names.split() for form in (name, name.replace("_", "")))


_ID_COLUMNS = _spellings(
    "id_no id_card id_card_no id_number cert_no certificate_no identity_no passport passport_no bank_card bank_card_no "
    "证件号 证件号码 身份证 身份证号 身份证号码 银行卡号"
)
_NAME_COLUMNS = _spellings("user_name name real_name full_name customer_name cust_name 姓名 用户姓名 客户姓名 户名")
_PHONE_COLUMNS = _spellings("phone phone_no phone_number mobile mobile_no mobile_phone tel telephone 手机 手机号 手机号码 电话")
_OTHER_COLUMNS = _spellings("open_id union_id user_id user_claim email e_mail address birthday 邮箱 地址 住址")
_SECRETS = _spellings(
    "file_key pdf_password password passwd pwd sign signature dec_sign token access_token refresh_token secret app_secret "
    "secret_key app_key access_key api_key aes_key private_key ticket authorization cookie customer_key"
)

_MASKS: dict[str, Callable[[str], str]] = {
    **dict.fromkeys(_OTHER_COLUMNS, _whole),
    **dict.fromkeys(_PHONE_COLUMNS, mask_phone),
    **dict.fromkeys(_NAME_COLUMNS, mask_name),
    **dict.fromkeys(_ID_COLUMNS, mask_id),
}

#: Names of columns (lower case) that hold personal data.
PERSONAL_COLUMNS: frozenset[str] = frozenset(_MASKS)


def mask_column(name: str, value: object) -> object:
    """The value of a column, masked if the column's name says that it is personal.

    Parameters
    ----------
    name : str
        The column, in any case.
    value : object
        A cell. None and NaN stay; a number in a personal column is masked as its text.

    Examples
    --------
    >>> mask_column("userName", "张三"), mask_column("da_status", 10), mask_column("phone", None)
    ('张*', 10, None)
    """
    mask = _MASKS.get(name.strip().lower())
    if mask is None or value is None or value != value:
        return value
    return mask(str(value))


# ---- free text -------------------------------------------------------------------------------------------

_ALNUM = r"[^\W_]"
# A run of 15 digits or more, in any script's digits: id numbers of 15 and 18 digits, bank cards. \d is Unicode here.
_NUMBER = re.compile(
    r"(?<![\dA-Za-z])(?P<app>(?=[0-9]*[A-Za-z])[0-9A-Za-z]{8})(?P<flake>[0-9]{15,19})(?:-[0-9]+)?(?![\dA-Za-z])"
    r"|\d{15,}[XxＸｘ]?"
    r"|(?<!\d)\d{6}[ -]\d{8}[ -]\d{3}[\dXxＸｘ](?!\d)"
)
_MOBILE = re.compile(r"(?<!\d)(?:\+?[8８][6６][ -]?|[0０])?[1１][3-9３-９]\d[ -]?\d{4}[ -]?\d{4}(?!\d)")
_HKID = re.compile(
    r"(?<![A-Za-z0-9])(?:[A-Z]{1,2}\d{6}[0-9A]|[A-Za-z]{1,2}\d{6} ?[(（][0-9Aa][)）])(?![A-Za-z0-9])"
)
_EMAIL = re.compile(r"[\w.+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+")
# A query runs on over \u0026 (an escaped &), and ends at a quote, escaped or not.
_QUERY = re.compile(r"""\?[\w.~%-]+=(?:[^\s"'<>\\]|\\+(?!["'\\]))*""")

_KEYS = "|".join(
    sorted(map(re.escape, PERSONAL_COLUMNS | _SECRETS | {"id_no_clear"}), key=len, reverse=True)
).replace("_", "[_-]?")
# "key": in JSON, also in JSON inside a JSON string (\"key\":), and in the repr of a dict.
_QUOTED_KEY = re.compile(rf"""(?P<esc>\\*)(?P<q>["'])(?:x-[a-z-]+-)?(?:{_KEYS})(?P=esc)(?P=q)\s*:\s*""", re.I)
_BARE_KEY = re.compile(
    rf"""(?<![\w"'\\])(?P<key>(?:{_KEYS})\s*[=:]\s*)(?:(?:Bearer|Basic)\s+)?"""
    r"""(?:[^\s,;&|(){}<>\[\]"'\\]+)(?:[ ][A-Z][A-Za-z.'-]*(?![\w]*[=:]))*""",
    re.I,
)
_QUOTE = re.compile(r"""(\\*)(["'])""")
_SCALAR = re.compile(r"[^\s,}\]\"'\\]+")
