"""Names of members: what they were written in, when the archive does not say so."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from math import inf

from idvtools.evidence.archives.directory import Entry, crc_of, extra_field
from idvtools.evidence.text.characters import Language, cost

#: Encodings in which archivers write names, with the language that each is for, and what it costs on top.
_CANDIDATES: tuple[tuple[str, Language | None, float], ...] = (
    ("utf-8", "any", -12.0),  # bytes of other encodings seldom fit its pattern
    ("gb18030", "simplified", 0.0),
    ("gb18030", "traditional", 3.0),
    ("cp950", "traditional", 0.0),
    ("cp932", "japanese", 0.0),
    ("cp949", None, 0.0),
    ("cp437", "western", 0.0),
    ("cp1252", "western", 1.0),
)
#: Nats by which the choice must be ahead for nothing to be said.
_MARGIN = 4.0
_LONG, _LONGEST = 500, 1_000
_KOREAN = frozenset(
    "거래내역조회계좌명세서은행입출금신한국민우리하나농협기업카드이용대청구통장잔액날짜일자년월적요보는분받원송결제영수증세납부확인표파"
    "사본급여보험증권주식현황고객성번호전화가다의에을를로도지시아라정어상스해유과비공동프그램소득매입발신개설연말산"
)
# A character of two bytes alone within a Latin word is rather an accent and the letter behind it.
_ALONE = re.compile("(?<=[A-Za-z])[^\x00-\x7f](?=[A-Za-z.])|(?<![^\\W\\d])[^\x00-\x7f](?=[a-z]{3})")


def names_of(entries: Sequence[Entry]) -> tuple[list[str], str | None]:
    """A name for each member: as flagged, by the Unicode field, or weighed over all names; and a doubt about these.

    Chinese, Korean and Japanese archivers write names in the encoding of their Windows and set no flag. A short name
    fits several encodings; all of an archive's names together seldom do.
    """
    doubtful = [e.raw for e in entries if not e.raw.isascii() and _told(e) is None]
    encoding, runner_up = _weigh([raw for raw in doubtful if len(raw) <= _LONG][:_LONG])
    names = [_printed(told if (told := _told(e)) is not None else e.raw.decode(encoding, "replace")) for e in entries]
    if runner_up is None:
        return names, None
    count = len(doubtful)
    words = f"{count} names do not say" if count > 1 else "a name does not say"
    return names, f"{words} in which encoding: read as {encoding}, but {runner_up} fits almost as well"


def _told(entry: Entry) -> str | None:
    """The name where the archive says its encoding, and it is true."""
    field = extra_field(entry.extra, 0x7075)
    raw = entry.raw
    if len(field) > 5 and field[0] == 1 and int.from_bytes(field[1:5], "little") == crc_of(raw):
        raw = field[5:]
    elif not (entry.utf8 or raw.isascii()):
        return None
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None


def _weigh(names: Sequence[bytes]) -> tuple[str, str | None]:
    """The encoding in which all names together are likeliest, and another that is almost as likely.

    Examples
    --------
    >>> names = (("明细", "gbk"), ("明細表", "big5"), ("明細ファイル", "cp932"), ("거래내역", "euc-kr"), ("é", "cp437"))
    >>> [_weigh([name.encode(code)])[0] for name, code in names]
    ['gb18030', 'cp950', 'cp932', 'cp949', 'cp437']
    """
    ranked = sorted((_price(names, *candidate), i) for i, candidate in enumerate(_CANDIDATES))
    best, encoding = ranked[0][0], _CANDIDATES[ranked[0][1]][0]
    if not names or best == inf:
        return "cp437", None
    for price, i in ranked[1:]:
        other = _CANDIDATES[i][0]
        if price - best < _MARGIN and any(_decoded(raw, other) != _decoded(raw, encoding) for raw in names):
            return encoding, other
    return encoding, None


def _price(names: Sequence[bytes], encoding: str, language: Language | None, extra: float) -> float:
    """What it costs to explain the names as text of a language; None: Korean."""
    texts = [_decoded(raw, encoding) for raw in names]
    if None in texts:
        return inf
    text = "/".join(t for t in texts if t)
    price = sum(cost(c, language) if language else _korean(c) for c in text) + extra
    return price + 6.0 * len(_ALONE.findall(text)) * (language not in ("western", "any"))


def _korean(character: str) -> float:
    if "가" <= character <= "힣":
        return 6.0 if character in _KOREAN else 10.5
    return cost(character, "any") + 1.0


def _decoded(raw: bytes, encoding: str) -> str | None:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        return None


def _printed(name: str) -> str:
    """A name for eyes: slashes one way, letters whole (macOS parts them from their marks); no control characters."""
    whole = unicodedata.normalize("NFC", name[:_LONGEST].replace("\\", "/"))
    shown = "".join(c if c.isprintable() or c == " " else "�" for c in whole)  # marks of direction are not printable
    return shown or "(no name)"
