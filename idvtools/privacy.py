"""Masks for people's data, and keyed pseudonyms.

A mask is for eyes: it shows that something stood there. A pseudonym is for joins: the same person
has the same one within a workspace, and without the workspace's key nobody gets back.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from idvtools.errors import InputError

_MASK = "***"
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
    return _MASK


def _spellings(names: str) -> frozenset[str]:
    """Each snake_case name as it is and run together (``user_name``, ``username``)."""
    return frozenset(form for name in names.split() for form in (name, name.replace("_", "")))


_IDS = (
    "id_no id_card id_card_no id_number cert_no cust_cert_no certificate_no identity_no passport passport_no bank_card "
    "bank_card_no "
    "证件号 证件号码 身份证 身份证号 身份证号码 银行卡号"
)
_NAMES = "user_name name real_name full_name customer_name cust_name 姓名 用户姓名 客户姓名 户名"
_PHONES = "phone phone_no phone_number mobile mobile_no mobile_phone tel telephone 手机 手机号 手机号码 电话"
_OTHERS = "open_id union_id user_id user_claim e_mail address cust_cert_addr birthday 邮箱 地址 住址"
_SECRETS = (
    "file_key pdf_password password passwd pwd sign signature decssign token access_token refresh_token secret "
    "app_secret secret_key app_key access_key api_key aes_key private_key ticket authorization cookie customer_key"
)

_MASKS: dict[str, Callable[[str], str]] = {
    **dict.fromkeys(_spellings(_OTHERS), _whole),
    **dict.fromkeys(_spellings(_PHONES), mask_phone),
    **dict.fromkeys(_spellings(_NAMES), mask_name),
    **dict.fromkeys(_spellings(_IDS), mask_id),
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


# Free text. A run of 15 digits or more, in any script's digits (\d is Unicode here), is an id number of 15 or 18
# digits, a bank card, or both run together; only a whole daId is spared.
_NUMBER = re.compile(
    r"(?<![\dA-Za-z])(?=[0-9]*[A-Za-z])(?P<app>[0-9A-Za-z]{8})(?P<flake>[0-9]{15,19})(?:-[0-9]+)?(?![\dA-Za-z])"
    r"|\d{15,}[XxＸｘ]?"
    r"|(?<!\d)\d{6}[ -]\d{8}[ -]\d{3}[\dXxＸｘ](?!\d)"
)
_MOBILE = re.compile(r"(?<!\d)(?:\+?[8８][6６][ -]?|[0０])?[1１][3-9３-９]\d[ -]?\d{4}[ -]?\d{4}(?!\d)")
_HKID = re.compile(r"(?<![A-Za-z0-9])(?:[A-Z]{1,2}\d{6}[0-9A]|[A-Za-z]{1,2}\d{6} ?[(（][0-9Aa][)）])(?![A-Za-z0-9])")
_EMAIL = re.compile(r"[\w.+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+")
# A query runs on over \u0026 (an escaped &), and ends at a quote, escaped or not.
_QUERY = re.compile(r"""\?[\w.~%-]+=(?:[^\s"'<>\\]|\\+(?!["'\\]))*""")
_ENCODED = re.compile(r"%7B(?:[\w.*~+-]|%[0-9A-Fa-f]{2}){8,}", re.IGNORECASE)
_KEYS = frozenset(f"{_IDS} {_NAMES} {_PHONES} {_OTHERS} {_SECRETS}".replace("_", "").split())
_CHINESE_KEYS = tuple(key for key in _KEYS if not key.isascii())
# "key": in JSON, in JSON inside a JSON string (\"key\":) and in a dict's repr; key=value, key: value and 姓名：张三.
_KEY = re.compile(
    r"""(?:(?P<esc>\\*)(?P<q>["'])(?P<quoted>[\w-]{2,60})(?P=esc)(?P=q)"""
    r"""|(?<![A-Za-z0-9_-])(?P<bare>[A-Za-z0-9_-]{2,60}|[一-鿿]{2,60}))\s*[:=：]\s*"""
)
# A value without quotes: a scheme goes along with its token, capitalised words with the one before (John Smith).
_BARE = re.compile(
    r"""(?P<scheme>(?i:Bearer|Basic)\s+)?"""
    r"""[^\s,;&|(){}<>\[\]"'\\，；]+(?:\([0-9A]\))?(?:[ ][A-Z][A-Za-z.'-]*(?![A-Za-z0-9_-]*\s?[=:]))*"""
)
_QUOTE = re.compile(r"""(\\*)(["'])""")
_ARRAY_TOKEN = re.compile(r"""(\\*)(["'])|[\[\]]""")
_NOTHING = ("null", "true", "false", "None", "True", "False")


def scrub(text: str, limit: int = 300) -> str:
    """Free text (a log line, JSON) without what looks personal or secret, for reject records and messages.

    Masked: id numbers (15 or 18 digits, X and full-width digits included), HKIDs, mobile numbers, e-mail
    addresses, queries of URLs, and the values of keys such as ``userName``, ``idNo``, ``fileKey``, ``sign``
    in JSON, in JSON inside JSON strings and as ``key=value``. Kept: daIds, epoch times of 13 digits, ISO times.

    Parameters
    ----------
    text : str
        Any text; it need not be whole or valid.
    limit : int
        Most characters of the result (1 at least); longer text ends in ``…``.

    Notes
    -----
    What looks like 8 characters of appId + a Snowflake number is a daId, unless the number has fewer than
    19 digits and there is a region and a birth date in it: then it is an id number glued to a word.
    Scrubbing twice changes nothing.

    Examples
    --------
    >>> scrub('{"daId":"zd1uahd81589468946623610880","userName":"张三"} of 13812345678')
    '{"daId":"zd1uahd81589468946623610880","userName":"***"} of ***'
    """
    if len(text) > 8 * limit:  # a line may have megabytes; don't cut a number into what no longer looks like one
        text = re.sub(r"\w{1,40}\Z", "", text[: 8 * limit]) + "…"
    for _ in range(8):  # cutting can bring a new look-alike about: on until nothing changes
        before, text = text, _cut(_mask(text), limit)
        if text == before:
            break
    return text


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: max(limit - 1, 0)] + "…"


def _mask(text: str) -> str:
    if "%" in text:
        text = _ENCODED.sub(_mask_encoded, text)
    text = "".join(_mask_values(text))
    text = _QUERY.sub("?…", text)
    text = _EMAIL.sub(_MASK, text)
    text = _NUMBER.sub(_mask_number, text)
    return _MOBILE.sub(_MASK, _HKID.sub(_MASK, text))


def _mask_encoded(match: re.Match[str]) -> str:
    """JSON that was URL-encoded (WeBank's Plain): nothing in it looks like itself."""
    plain = unquote_plus(match[0])
    masked = _mask(plain) if plain != match[0] else plain
    return match[0] if masked == plain else quote_plus(masked, safe="*")


def _mask_number(match: re.Match[str]) -> str:
    flake = match["flake"]
    if flake is None:
        return _MASK
    if len(flake) == 19:  # every daId since 2018; only an older one can be cardNo + an id number
        return match[0]
    word = (match["app"] + flake).rstrip("0123456789")
    digits = (match["app"] + flake)[len(word) :]
    glued = any(_has_birth_date(digits[i : i + 18]) for i in range(len(digits) - 17))
    return word + _MASK if glued else match[0]


def _has_birth_date(number: str) -> bool:
    """Whether 18 digits have a province and a date of the last or this century where an id number has them."""
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    return 1900 <= born.year < 2100 and 11 <= int(number[:2]) <= 91


def _mask_values(text: str) -> Iterator[str]:
    """The pieces of `text`, with the values of known keys masked."""
    at = 0
    while key := _KEY.search(text, at):
        yield text[at : key.end()]
        at = key.end()
        if not _is_known(key["quoted"] or key["bare"], after_backslash=text[key.start() - 1 : key.start()] == "\\"):
            continue
        quote = (key["esc"] or "") + (key["q"] or "")
        if opening := _QUOTE.match(text, at):
            at, closing = _string_end(text, opening)
            yield opening[0] + _MASK + closing
        elif text.startswith("[", at):
            at = _array_end(text, at)
            yield f"[{quote}{_MASK}{quote}]"
        elif (bare := _BARE.match(text, at)) and bare[0] not in _NOTHING:
            at = bare.end()
            yield (bare["scheme"] or "") + quote + _MASK + quote
    yield text[at:]


def _is_known(name: str, *, after_backslash: bool) -> bool:
    """Whether a key's value is masked. The n of an escaped line break may stand in front of the key."""
    key = re.sub("[_-]", "", name).lower()
    known = key in _KEYS or key.endswith(("customerkey", *_CHINESE_KEYS))
    return known or (after_backslash and key[1:] in _KEYS)


def _string_end(text: str, opening: re.Match[str]) -> tuple[int, str]:
    """Where the string that `opening` begins ends, and its closing quote (empty: it is cut).

    In JSON inside n JSON strings a quote is written with 2**n - 1 backslashes, one within a string there
    with 2**(n+1) - 1, and each backslash in front of it adds 2**(n+1).
    """
    depth = len(opening[1])
    for quote in _QUOTE.finditer(text, opening.end()):
        if quote[2] == opening[2]:
            if len(quote[1]) % (2 * depth + 2) == depth:
                return quote.end(), opening[0]
            if len(quote[1]) < depth:  # the string around it ends first
                return quote.start(), ""
    return len(text), ""


def _array_end(text: str, at: int) -> int:
    level = 0
    while token := _ARRAY_TOKEN.search(text, at):
        at = token.end()
        if token[2]:
            at, _ = _string_end(text, token)
        else:
            level += 1 if token[0] == "[" else -1
            if level == 0:
                return at
    return len(text)


def as_hex(numbers: Any) -> Any:
    """Pseudonyms as text: the 16 hex digits of each 64-bit number.

    Parameters
    ----------
    numbers : pyarrow.Int64Array
        As `Pseudonyms.numbers` gives them; nulls stay null.

    Returns
    -------
    pyarrow.StringArray

    Examples
    --------
    >>> import pyarrow as pa
    >>> as_hex(pa.array([255, None, -1])).to_pylist()
    ['00000000000000ff', None, 'ffffffffffffffff']
    """
    import numpy as np  # noqa: PLC0415  masks and `scrub` shouldn't cost its import
    import pyarrow as pa  # noqa: PLC0415

    digits = numbers.fill_null(0).to_numpy().astype(">i8").tobytes().hex().encode("ascii")
    offsets = pa.py_buffer(np.arange(0, 16 * len(numbers) + 1, 16, dtype=np.int32))
    text = pa.StringArray.from_buffers(len(numbers), offsets, pa.py_buffer(digits))
    return text if numbers.null_count == 0 else pa.compute.if_else(numbers.is_valid(), text, None)


class Pseudonyms:
    """Keyed pseudonyms: the first 16 hex digits of HMAC-SHA256 (billing.md section 2).

    Parameters
    ----------
    key : bytes
        The workspace's pseudonym key (`idvtools.settings.Settings.pseudonym_key`).

    Examples
    --------
    >>> people = Pseudonyms(b"sixteen chars or more")
    >>> len(people.of("110101199001011234")), people.of("a") == people.of("a"), people
    (16, True, Pseudonyms(…))
    """

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        if not key:
            raise InputError("the pseudonym key is empty: anybody could compute the pseudonyms")
        # RFC 2104 by hand: the two keyed states are made once and copied, twice as fast as hmac.digest.
        block = (hashlib.sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
        self._inner = hashlib.sha256(bytes(b ^ 0x36 for b in block))
        self._outer = hashlib.sha256(bytes(b ^ 0x5C for b in block))

    def of(self, value: str) -> str:
        """Pseudonym of one text, exactly as it is: nothing is trimmed or normalised."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(value.encode("utf-8", "surrogatepass"))
        outer.update(inner.digest())
        return outer.hexdigest()[:16]

    def column(self, values: Any) -> Any:
        """Pseudonyms of a column; each distinct text is computed once, nulls stay null.

        Parameters
        ----------
        values : pyarrow.Array or pyarrow.ChunkedArray
            Text (string, large_string, string_view), plain or dictionary encoded, or of type null.

        Returns
        -------
        pyarrow.StringArray
            As long as `values`, in the same order.

        Raises
        ------
        TypeError
            `values` is not text: an id that has been a number is damaged already.

        Examples
        --------
        >>> import pyarrow as pa
        >>> Pseudonyms(b"sixteen chars or more").column(pa.array(["a", None, "a"])).null_count
        1
        """
        import pyarrow as pa  # noqa: PLC0415  masks and `scrub` shouldn't cost its import

        if isinstance(values, pa.ChunkedArray):
            chunks = [self.column(chunk) for chunk in values.unify_dictionaries().chunks]
            return pa.concat_arrays(chunks) if chunks else pa.array([], pa.string())
        if pa.types.is_null(values.type):
            return pa.nulls(len(values), pa.string())
        encoded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
        kind = encoded.type.value_type
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)):
            raise TypeError(f"pseudonyms are made of text, not of {kind}")
        names = [None if text is None else self.of(text) for text in encoded.dictionary.to_pylist()]
        return pa.array(names, pa.string()).take(encoded.indices)

    def numbers(self, values: Any) -> Any:
        """Pseudonyms of a column as signed 64-bit numbers, which `as_hex` turns into the text of `of`.

        Parameters
        ----------
        values : pyarrow.StringArray
            Nulls stay null; each distinct text is computed once.

        Returns
        -------
        pyarrow.Int64Array

        Examples
        --------
        >>> import pyarrow as pa
        >>> people = Pseudonyms(b"sixteen chars or more")
        >>> as_hex(people.numbers(pa.array(["a"])))[0].as_py() == people.of("a")
        True
        """
        import numpy as np  # noqa: PLC0415
        import pyarrow as pa  # noqa: PLC0415

        encoded = values.dictionary_encode()
        new_inner, new_outer = self._inner.copy, self._outer.copy
        digests = []
        for value in encoded.dictionary.to_pylist():
            inner, outer = new_inner(), new_outer()
            inner.update(value.encode("utf-8", "surrogatepass"))
            outer.update(inner.digest())
            digests.append(outer.digest()[:8])
        numbers = np.frombuffer(b"".join(digests), dtype=">i8").astype(np.int64)
        return pa.array(numbers).take(encoded.indices)

    def __repr__(self) -> str:
        return "Pseudonyms(…)"
