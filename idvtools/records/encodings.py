"""Bytes of a log as text: UTF-8 strictly, then GB18030, and neither where it would be a wrong guess."""

from __future__ import annotations

import re
from collections import Counter

_SEQUENCE = re.compile(rb"[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")


def decode_line(line: bytes, *, utf8: bool = False) -> tuple[str | None, str]:
    """The text of a line and its encoding: ``ascii``, ``utf-8`` or ``gb18030``; None and an empty one if neither.

    Parameters
    ----------
    line : bytes
        Without its neighbours.
    utf8 : bool
        Whether the log is UTF-8 otherwise.

    Notes
    -----
    Nearly any bytes are some GB18030 text, so a UTF-8 line with a damaged character would be read as the wrong
    words. A line that is not UTF-8 is taken for GB18030 only where its bytes look less like UTF-8 than not: real
    GB18030 text hardly ever has UTF-8's sequences of three bytes, which all Chinese in UTF-8 is made of.

    Examples
    --------
    >>> decode_line("银行".encode("gb18030")), decode_line("银行".encode()[:-1], utf8=True)
    (('银行', 'gb18030'), (None, ''))
    """
    try:
        return line.decode("utf-8"), "ascii" if line.isascii() else "utf-8"
    except UnicodeDecodeError:
        pass
    whole = sum(len(found) for found in _SEQUENCE.findall(line))
    others = sum(byte > 127 for byte in line) - whole
    if whole > others or (utf8 and others < 4 and whole >= others):
        return None, ""
    if utf8 and others < 3 and whole == 0:
        return None, ""  # one broken character in a log of UTF-8
    try:
        return line.decode("gb18030"), "gb18030"
    except UnicodeDecodeError:
        return None, ""


def decode_lines(lines: list[bytes], *, utf8: bool = False) -> list[tuple[str | None, str]]:
    """`decode_line` of lines that stand together.

    Some words in GB18030 are valid UTF-8 by chance (通知, 联通): where the other lines are GB18030, so are these.

    Examples
    --------
    >>> decode_lines(["银行".encode("gb18030"), "通知".encode("gb18030")])
    [('银行', 'gb18030'), ('通知', 'gb18030')]
    """
    decoded = [decode_line(line, utf8=utf8) for line in lines]
    doubtful = [i for i, (_, name) in enumerate(decoded) if name == "utf-8" and not _SEQUENCE.search(lines[i])]
    names = Counter(name for _, name in decoded)
    if doubtful and names["gb18030"] > names["utf-8"] - len(doubtful):
        for i in doubtful:
            try:
                decoded[i] = lines[i].decode("gb18030"), "gb18030"
            except UnicodeDecodeError:
                continue
    return decoded
