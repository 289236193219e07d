"""Free text without what looks personal or secret."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from urllib.parse import quote_plus, unquote_plus

from idvtools.privacy.masks import IDS, MASK, NAMES, OTHERS, PHONES

_SECRETS = (
    "file_key pdf_password password passwd pwd sign signature decssign token access_token refresh_token secret "
    "app_secret secret_key app_key access_key api_key aes_key private_key ticket authorization cookie customer_key"
)

# A run of 15 digits or more, in any script's digits (\d is Unicode here), is an id number of 15 or 18
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
_KEYS = frozenset(f"{IDS} {NAMES} {PHONES} {OTHERS} {_SECRETS}".replace("_", "").split())
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
    text = _EMAIL.sub(MASK, text)
    text = _NUMBER.sub(_mask_number, text)
    return _MOBILE.sub(MASK, _HKID.sub(MASK, text))


def _mask_encoded(match: re.Match[str]) -> str:
    """JSON that was URL-encoded (WeBank's Plain): nothing in it looks like itself."""
    plain = unquote_plus(match[0])
    masked = _mask(plain) if plain != match[0] else plain
    return match[0] if masked == plain else quote_plus(masked, safe="*")


def _mask_number(match: re.Match[str]) -> str:
    flake = match["flake"]
    if flake is None:
        return MASK
    if len(flake) == 19:  # every daId since 2018; only an older one can be cardNo + an id number
        return match[0]
    word = (match["app"] + flake).rstrip("0123456789")
    digits = (match["app"] + flake)[len(word) :]
    glued = any(_has_birth_date(digits[i : i + 18]) for i in range(len(digits) - 17))
    return word + MASK if glued else match[0]


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
            yield opening[0] + MASK + closing
        elif text.startswith("[", at):
            at = _array_end(text, at)
            yield f"[{quote}{MASK}{quote}]"
        elif (bare := _BARE.match(text, at)) and bare[0] not in _NOTHING:
            at = bare.end()
            yield (bare["scheme"] or "") + quote + MASK + quote
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
