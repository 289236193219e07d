"""The gate that says "no text layer" or "text is garbled" instead of handing on rubbish."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import Literal

#: Share of unknown characters from which a page is not read, and from which it is read with a warning.
GARBLED, DOUBTFUL = 0.2, 0.01
#: So few unknown characters on a page with little else are bullets or ticks.
_FEW = 4
#: What a page's text is worth.
Quality = Literal["good", "doubtful", "garbled", "scan", "empty"]
#: Scripts that no statement is written in; glyph numbers taken for characters fall into them.
_UNLIKELY = (
    (0x0250, 0x02AF), (0x0530, 0x058F), (0x0700, 0x0DFF), (0x0F00, 0x10FF), (0x1200, 0x1DFF), (0x2800, 0x2E7F),
    (0x3400, 0x4DBF), (0xA000, 0xABFF), (0xFB00, 0xFDFF),
)  # fmt: skip
_IDEOGRAPH = re.compile("[\u3400-\u9fff\uf900-\ufaff]")
#: Signs of pronunciation beside Chinese: glyph numbers taken for characters.
_BESIDE = re.compile("(?<=[\u3400-\u9fff])[\u0250-\u02ff]|[\u0250-\u02ff](?=[\u3400-\u9fff])")
_LATIN = re.compile("[a-z]")


def is_unknown(char: str) -> bool:
    """Whether a character says nothing: private use, control, unassigned, the replacement character.

    Examples
    --------
    >>> [is_unknown(c) for c in ("A", "公", "\\ufffd", "\\ue012", "\\x03")]
    [False, False, True, True, True]
    """
    return (char > "~" and unicodedata.category(char) in ("Co", "Cn", "Cs", "Cc")) or char == "\ufffd" or char < " "


def odd_share(sample: str) -> float:
    """Share of characters of scripts that do not go together: 0 unless at least three such scripts are mixed.

    Examples
    --------
    >>> odd_share("Balance 结余 1,234.50"), odd_share("ሴᐁꀀ㐂䊣ᚠ⠿")
    (0.0, 1.0)
    """
    blocks = [block for block in (_block(char) for char in sample) if block is not None]
    return len(blocks) / len(sample) if len(set(blocks)) >= 3 else 0.0


def _block(char: str) -> int | None:
    code = ord(char)
    if code < 0x250:
        return None
    return next((low for low, high in _UNLIKELY if low <= code <= high), None)


def rare_share(sample: str) -> float:
    """Share of Chinese characters that are seldom written; 0 where they are few: a name has one or two.

    Examples
    --------
    >>> rare_share("购买方：黎荣"), rare_share("购买方：黎䶮"), rare_share("哾㦓"), rare_share("张三˖李四")
    (0.0, 0.0, 1.0, 0.25)
    """
    found = Counter(_IDEOGRAPH.findall(sample))
    rare = sum(count for char, count in found.items() if not _is_common(char)) + len(_BESIDE.findall(sample))
    share = rare / (found.total() or 1)
    return share if share > 0.05 and (rare >= 2 or share >= 0.25) else 0.0


@lru_cache(maxsize=8192)
def _is_common(char: str) -> bool:
    """Whether a standard has a Chinese character among those in use: GB 2312, the first level of Big5 or of JIS."""
    for name, first, last in (("gb2312", 0xB0A1, 0xF7FE), ("big5", 0xA440, 0xC67E), ("shift_jis", 0x889F, 0x9872)):
        code = int.from_bytes(char.encode(name, "ignore"))
        if first <= code <= last:
            return True
    return False


def is_plausible(sample: str) -> bool:
    """Whether letters can be words: Latin ones have vowels among them, Chinese ones are in use.

    Examples
    --------
    >>> is_plausible("BookedandinterestdateTextAmountinEUR"), is_plausible("购买方：黎荣"), is_plausible("1,406.50")
    (True, True, True)
    >>> is_plausible("%RRNHGDQGLQWHUHVWGDWH7H[W$PRXQWLQ(85"), is_plausible("哾㦓˖哾㦓哾㦓")
    (False, False)
    """
    letters = _LATIN.findall(unicodedata.normalize("NFD", sample).lower())
    vowels = sum(letter in "aeiouy" for letter in letters)
    if len(letters) >= 20 and not 0.25 <= vowels / len(letters) <= 0.65:
        return False
    return rare_share(sample) < 0.15


def judge(chars: int, unknown: int, sample: str, pictures: float, shapes: int) -> tuple[Quality, float]:
    """What the text of a page is worth, and the share of its characters that are unknown.

    Parameters
    ----------
    chars, unknown : int
        Characters on the page; those among them without a meaning.
    sample : str
        The first characters.
    pictures : float
        Share of the page that pictures cover.
    shapes : int
        Paths drawn on it: text turned into curves leaves many.

    Examples
    --------
    >>> judge(100, 87, "x" * 100, 0.0, 0)
    ('garbled', 0.87)
    >>> judge(0, 0, "", 1.0, 0)[0], judge(0, 0, "", 0.0, 0)[0]
    ('scan', 'empty')
    >>> judge(9, 2, "EXHIBIT B", 0.0, 0)[0]
    'doubtful'
    """
    if not chars:
        return ("scan" if pictures > 0.05 or shapes > 100 else "empty"), 0.0
    share = max(unknown / chars, odd_share(sample))
    if share >= GARBLED and (share * chars >= _FEW or share > 0.5):
        return "garbled", share
    return ("doubtful" if share >= DOUBTFUL else "good"), share


def page_list(numbers: Iterable[int]) -> str:
    """Page numbers as a person writes them.

    Examples
    --------
    >>> page_list([3]), page_list([1, 2, 3, 7])
    ('page 3', 'pages 1-3, 7')
    """
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and runs[-1][-1] == number - 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    shown = ", ".join("-".join(str(n) for n in run) for run in runs)
    many = len(runs) > 1 or (runs and len(runs[0]) > 1)
    return f"{'pages' if many else 'page'} {shown}"
