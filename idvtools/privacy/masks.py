"""Masks for people's data in columns whose names say what stands in them."""

from __future__ import annotations

import math
from collections.abc import Callable

#: What stands in place of a value that is masked whole.
MASK = "***"
_MISSING = ("NAType", "NaTType")  # pandas, by name: comparing its NA with anything raises


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
    return MASK


def _spellings(names: str) -> frozenset[str]:
    """Each snake_case name as it is and run together (``user_name``, ``username``)."""
    return frozenset(form for name in names.split() for form in (name, name.replace("_", "")))


#: Names of fields that hold personal data: id numbers, people, telephones, and what is masked whole.
IDS = (
    "id_no id_card id_card_no id_number cert_no cust_cert_no certificate_no identity_no passport passport_no bank_card "
    "bank_card_no "
    "证件号 证件号码 身份证 身份证号 身份证号码 银行卡号"
)
NAMES = "user_name name real_name full_name customer_name cust_name 姓名 用户姓名 客户姓名 户名"
PHONES = "phone phone_no phone_number mobile mobile_no mobile_phone tel telephone 手机 手机号 手机号码 电话"
OTHERS = "open_id union_id user_id user_claim e_mail address cust_cert_addr birthday 邮箱 地址 住址"

_MASKS: dict[str, Callable[[str], str]] = {
    **dict.fromkeys(_spellings(OTHERS), _whole),
    **dict.fromkeys(_spellings(PHONES), mask_phone),
    **dict.fromkeys(_spellings(NAMES), mask_name),
    **dict.fromkeys(_spellings(IDS), mask_id),
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
        A cell. None, NaN, NA and NaT stay; a number in a personal column is masked as its text.

    Examples
    --------
    >>> mask_column("userName", "张三"), mask_column("da_status", 10), mask_column("phone", None)
    ('张*', 10, None)
    """
    mask = _MASKS.get(name.strip().lower())
    missing = value is None or (isinstance(value, float) and math.isnan(value)) or type(value).__name__ in _MISSING
    return value if mask is None or missing else mask(str(value))
