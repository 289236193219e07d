"""Names of members: what they were written in, when the archive does not say so."""

from __future__ import annotations

from collections.abc import Sequence

from idvtools.evidence.zipdirectory import Entry, crc_of, extra_field

#: Encoding, the repertoire of its everyday characters, and where in that they stand (first byte).
_CANDIDATES = (
    ("gb18030", "gb2312", range(0xB0, 0xD8)),
    ("cp950", "big5", range(0xA4, 0xC7)),
    ("cp932", "shift_jis", range(0x88, 0x98)),
)


def names_of(entries: Sequence[Entry]) -> list[str]:
    """A name for each member: as flagged, by the Unicode field, or weighed over all names together.

    Chinese and Japanese archivers write names in the encoding of their Windows and set no flag. A short name
    fits several encodings; all of an archive's names together seldom do.
    """
    doubtful = [e.raw for e in entries if not e.raw.isascii() and _told(e) is None]
    encoding = _weigh(doubtful)
    return [_printed(told if (told := _told(e)) is not None else e.raw.decode(encoding, "replace")) for e in entries]


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


def _weigh(names: Sequence[bytes]) -> str:
    """The encoding in which most characters of all names are everyday ones.

    Examples
    --------
    >>> names = (("明细", "gbk"), ("明細表", "big5"), ("明細ファイル", "cp932"), ("明细", "utf-8"), ("é", "cp437"))
    >>> [_weigh([name.encode(code)]) for name, code in names]
    ['gb18030', 'cp950', 'cp932', 'utf-8', 'cp437']
    """
    if all(_fits(raw, "utf-8") for raw in names):
        return "utf-8"
    scores = {}
    for encoding, repertoire, everyday in _CANDIDATES:
        if all(_fits(raw, encoding) for raw in names):
            text = "".join(raw.decode(encoding) for raw in names)
            wide = [c for c in text if not c.isascii()]
            scores[encoding] = sum(_worth(c, repertoire, everyday) for c in wide) / max(len(wide), 1)
    best = max(scores, key=lambda name: scores[name], default="cp437")
    return best if scores.get(best, 0) > 0.25 else "cp437"


def _fits(raw: bytes, encoding: str) -> bool:
    try:
        raw.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _worth(char: str, repertoire: str, everyday: range) -> float:
    """1 for an everyday character of the script, less for one that stands there seldom."""
    try:
        raw = char.encode(repertoire)
    except UnicodeEncodeError:
        return 0
    if repertoire == "shift_jis" and "ぁ" <= char <= "ヾ":
        return 1
    if char in "（）《》、—・【】":
        return 1
    if len(raw) != 2:
        return -0.5 if "｡" <= char <= "ﾟ" else 0  # half-width kana: what Chinese bytes look like in Shift-JIS
    return 1 if raw[0] in everyday else 0.3


def _printed(name: str) -> str:
    """A name for eyes: slashes one way; no control characters, nor marks that turn the direction of reading."""
    shown = "".join(c if c.isprintable() or c == " " else "�" for c in name.replace("\\", "/"))
    return shown[:1000] or "(no name)"
