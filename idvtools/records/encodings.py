"""Bytes of a log as text: UTF-8 strictly, then GB18030, and neither where it would be a wrong guess."""

from __future__ import annotations

import re

_SEQUENCE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")


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
    GB18030 text hardly ever has the byte sequences of UTF-8 in it.

    Examples
    --------
    >>> decode_line("通知".encode("gb18030")), decode_line("通知".encode()[:-1], utf8=True)
    (('通知', 'gb18030'), (None, ''))
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
