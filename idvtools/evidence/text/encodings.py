"""From bytes to text: candidates for the encoding, weighed by how likely the text is that each gives.

A fixed order of attempts is not enough: Big5 and Shift-JIS bytes often decode as GB18030 without error, into nonsense.
So every candidate decodes the same bytes, and pays for every character what it costs in the language the encoding is
for (`characters`). The same bytes are explained each time, hence the sums can be compared. The cheapest wins.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from idvtools.evidence.text.characters import Language, cost

#: Bytes that are looked at (from the start, the middle and the end) to choose; the choice then decodes all of them.
_SAMPLE = 96 << 10
#: Nats by which the winner must be ahead for nothing to be said; three are odds of twenty to one.
_MARGIN = 6.0
_BROKEN = "\N{REPLACEMENT CHARACTER}".encode()
#: No word mixes Latin and Cyrillic letters, or has capitals behind small ones.
_MIXED = re.compile("[A-Za-z][Ѐ-ӿ]|[Ѐ-ӿ][A-Za-z]|[а-я][А-Я]")
_LETTERS = re.compile("[A-Za-z]")
_PIECE, _LARGE = 256 << 10, 4 << 20
#: Three bytes in the pattern of UTF-8 are no accident; two may be a Chinese character in GBK ("学习").
_THREE_BYTES = re.compile(rb"[\xe0-\xf4][\x80-\xbf]{2}")
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le", "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be", "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8-sig", "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "utf-16-be"),
    (b"\x84\x31\x95\x33", "gb18030", "gb18030"),
)
_ESCAPES = ((b"\x1b$)C", "iso2022_kr"), (b"\x1b$B", "iso2022_jp_2"), (b"\x1b$@", "iso2022_jp_2"))
#: Each candidate with the languages whose mixture its text is, and what each costs on top.
_CANDIDATES: tuple[tuple[str, tuple[tuple[Language, float], ...]], ...] = (
    ("utf-8", (("any", 0.0),)),
    ("gb18030", (("simplified", 0.0), ("traditional", 3.0))),
    ("cp950", (("traditional", 0.0),)),
    ("big5hkscs", (("traditional", 0.5),)),
    ("cp932", (("japanese", 0.0),)),
    ("euc_jp", (("japanese", 1.5),)),
    ("cp949", (("korean", 3.0),)),
    ("utf-16-le", (("any", 0.0),)),
    ("utf-16-be", (("any", 0.0),)),
    ("cp1252", (("western", 0.0),)),
    ("cp1251", (("cyrillic", 3.0),)),
    ("latin-1", (("western", 0.2),)),
)


@dataclass(frozen=True, slots=True)
class Recoded:
    """Text in UTF-8, and how sure its encoding was.

    Parameters
    ----------
    data : bytes
        Without a byte order mark. Bytes that are UTF-8 already are not copied.
    encoding : str
        Python's name of the codec; ``ascii`` is told as ``utf-8``.
    runner_up : str or None
        The encoding that it would have been otherwise; None where nothing else is thinkable.
    warnings : tuple of str
        What was doubtful.
    """

    data: bytes = field(repr=False)
    encoding: str
    runner_up: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decoded:
    """The same with the text as a string."""

    text: str = field(repr=False)
    encoding: str
    runner_up: str | None = None
    warnings: tuple[str, ...] = ()


def decode(data: bytes) -> Decoded:
    """Decode the bytes of a text file: by its BOM, as strict UTF-8, or as the likeliest of the candidates.

    Examples
    --------
    >>> decode("帳戶餘額".encode("cp950")).encoding, decode("账户余额".encode("gb18030")).encoding
    ('cp950', 'gb18030')
    >>> decode("日付,摘要,差引残高".encode("cp932")).runner_up is not None
    True
    """
    found = recode(data)
    return Decoded(found.data.decode("utf-8"), found.encoding, found.runner_up, found.warnings)


def recode(data: bytes) -> Recoded:
    """As `decode`, for large files, of which nobody wants a string.

    Examples
    --------
    >>> recode("余额".encode("utf-16")).data.decode("utf-8")
    '余额'
    """
    for mark, name, codec in _BOMS:
        if data.startswith(mark):
            return _finish(data[len(mark) :], codec, name, None, ())
    if b"\x00" not in data:
        if data.isascii():
            return _escaped(data) or Recoded(data, "utf-8")
        if not _cut_off(data) and _is_utf8(data) and _THREE_BYTES.search(data) is not None:
            return Recoded(data, "utf-8", _ranking(data)[1][0] if len(data) <= _SAMPLE else "gb18030")
    ranking = _ranking(data)
    (codec, best), (second, next_best) = ranking[0], ranking[1]
    warnings = []
    if next_best - best < _MARGIN and _differ(_sample(data), codec, second):
        warnings.append(f"the encoding is not certain: {codec}, but {second} fits almost as well")
    elif codec in ("cp1252", "latin-1") and _foreign(_sample(data)):
        warnings.append(f"the encoding is not certain: as {codec} most letters are accented, as in no language")
    elif codec == "cp1251" and not _russian(_sample(data)):
        warnings.append("the encoding is not certain: as cp1251 it has other letters than Cyrillic texts mostly have")
    return _finish(data, codec, codec, second, tuple(warnings))


def _russian(data: bytes) -> bool:
    """Whether the letters are mostly those that Russian and Bulgarian are made of; Greek and Hebrew have others."""
    letters = [c for c in data.decode("cp1251", "replace").lower() if "а" <= c <= "я"]
    return len(letters) < 100 or sum(c in "оеаинт" for c in letters) >= 0.4 * len(letters)


def _escaped(data: bytes) -> Recoded | None:
    """Japanese or Korean in seven bits, as in mails: what tells it are its escape sequences."""
    for sign, codec in _ESCAPES:
        if sign in data[:_SAMPLE]:
            try:
                data[:_SAMPLE].decode(codec)
            except UnicodeDecodeError as error:
                if error.start < len(data[:_SAMPLE]) - 8:
                    continue
            return _finish(data, codec, codec, None, ())
    return None


def _foreign(data: bytes) -> bool:
    """Whether most letters of a text are none of ASCII's: in Western languages hardly one in ten is."""
    text = data.decode("latin-1")
    high = sum(character >= "\xc0" for character in text)
    return high > len(_LETTERS.findall(text))


def _is_utf8(data: bytes) -> bool:
    """Whether the bytes are UTF-8, but for half a character at the end."""
    if _LARGE < len(data) < 2**31:
        import pyarrow as pa  # noqa: PLC0415  # twice as fast, and needed for large texts anyway

        whole = data[: len(data) - left] if (left := _cut_off(data)) else data
        ends = pa.array([0, len(whole)], pa.int32()).buffers()[1]
        try:
            pa.Array.from_buffers(pa.string(), 1, [None, ends, pa.py_buffer(whole)]).validate(full=True)
        except pa.ArrowInvalid:
            return False
        return True
    try:
        for _ in _pieces(data, codecs.getincrementaldecoder("utf-8")()):
            pass
    except UnicodeDecodeError:
        return False
    return True


def _pieces(data: bytes, decoder: codecs.IncrementalDecoder) -> Iterator[str]:
    """The text in pieces that fit a processor's cache."""
    view = memoryview(data)
    for start in range(0, len(data), _PIECE):
        yield decoder.decode(view[start : start + _PIECE], final=False)


def _ranking(data: bytes) -> list[tuple[str, float]]:
    sample = _sample(data)
    ranked = sorted((_weigh(sample, codec, languages), i, codec) for i, (codec, languages) in enumerate(_CANDIDATES))
    # latin-1 and cp1252, or cp950 and its Hong Kong extension, usually give the same text: no second opinion
    names = [(codec, price) for price, _, codec in ranked]
    rest = [(c, p) for c, p in names[1:] if _differ(sample, names[0][0], c)]
    return [names[0], *(rest or names[1:])]


def _sample(data: bytes) -> bytes:
    if len(data) <= _SAMPLE:
        return data
    third = _SAMPLE // 3 & ~3
    middle, end = len(data) // 2 & ~3, (len(data) - third) & ~3
    pieces = [data[:third], data[middle : middle + third], data[end:]]
    for i in (1, 2):  # from a line's start, lest a character be cut in two; with UTF-16 the newline has two bytes
        at = pieces[i].find(b"\n")
        if at >= 0 and b"\x00" not in pieces[i]:
            pieces[i] = pieces[i][at + 1 :]
    for i in (0, 1):
        at = pieces[i].rfind(b"\n")
        if at >= 0 and b"\x00" not in pieces[i]:
            pieces[i] = pieces[i][: at + 1]
    return b"".join(pieces)


def _weigh(data: bytes, codec: str, languages: tuple[tuple[Language, float], ...]) -> float:
    """What it costs to explain the bytes as text of the languages in this encoding."""
    text, tail = _decode(data, codec)
    counts = Counter(text)
    if codec == "latin-1" and any("\x80" <= c < "\xa0" for c in counts):
        return float("inf")
    price = min(sum(n * cost(c, language) for c, n in counts.items()) + extra for language, extra in languages)
    if len(languages) > 1:  # a mixture: each character by the language where it is cheaper, at a price for mixing
        mixed = sum(n * min(cost(c, lang) + 0.6 * extra for lang, extra in languages) for c, n in counts.items())
        price = min(price, mixed + 2.0)
    if tail:
        price += 18.0
    if codec.startswith("utf-16") and b"\x00" not in data:
        price += 6.0  # a line's end would have one
    if codec == "utf-8" and not tail and "\ufffd" not in counts:
        price -= 4.0  # bytes of other encodings seldom fit its pattern
    if codec == "cp932":
        price -= _runs_of_half_kana(text)
    if codec == "cp1251":
        price += 6.0 * len(_MIXED.findall(text))
    return price


def _runs_of_half_kana(text: str) -> float:
    """Half-width kana come in words: one that follows another is likelier; a lone one is what other encodings leave."""
    follows = lone = 0
    before = False
    run = 0
    for character in text:
        here = "\uff61" <= character <= "\uff9f"
        if here:
            follows += before
            run += 1
        elif run:
            lone += run < 3
            run = 0
        before = here
    return 2.4 * follows - 4.0 * lone


def _decode(data: bytes, codec: str) -> tuple[str, int]:
    """The text, and how many bytes at the end are half a character."""
    decoder = codecs.getincrementaldecoder(codec)("replace")
    text = decoder.decode(data)
    left = decoder.getstate()[0]
    return text, len(left)


def _differ(data: bytes, one: str, other: str) -> bool:
    return _decode(data, one)[0] != _decode(data, other)[0]


def _finish(data: bytes, codec: str, name: str, second: str | None, warnings: tuple[str, ...]) -> Recoded:
    said = list(warnings)
    if codec == "utf-8" and _is_utf8(data):
        left = _cut_off(data)
        plain = data[: len(data) - left] if left else data
    else:
        decoder = codecs.getincrementaldecoder(codec)("replace")
        plain = b"".join(piece.encode("utf-8") for piece in _pieces(data, decoder))
        left = len(decoder.getstate()[0])
    if left:
        said.append(f"the last {left} bytes are half a character: the file seems to be cut off")
    broken = plain.count(_BROKEN)
    if broken and broken > data.count("\ufffd".encode(codec, "ignore") or b"\xff\xff\xff\xff"):
        line = plain.count(b"\n", 0, plain.find(_BROKEN)) + 1
        said.append(
            f"{broken} places are not valid {name}, the first in line {line}: shown as \N{REPLACEMENT CHARACTER}"
        )
    return Recoded(plain, name, second, tuple(said))


def _cut_off(data: bytes) -> int:
    """How many bytes at the end are half a character of UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    decoder.decode(data[-8:])
    return len(decoder.getstate()[0])
