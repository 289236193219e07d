"""The table of shared texts of a ``.xls`` (Excel 97 and later), which is cut into records wherever one was full."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Sequence

from idvtools.evidence.books.biff import records
from idvtools.evidence.limits import Budget

_SST, _CONTINUE = 0xFC, 0x3C
_WIDE, _PHONETIC, _RICH = 1, 4, 8


def shared_texts(stream: bytes, budget: Budget) -> list[str]:
    """All shared texts without their formats and readings (furigana); those before the damage where there is any.

    Examples
    --------
    >>> from idvtools.evidence.limits import Limits
    >>> text = bytes.fromhex("0200 01 2d4e8765")
    >>> table = bytes.fromhex("fc00 0f00 02000000 01000000") + text
    >>> shared_texts(bytes.fromhex("09080000") + table + bytes.fromhex("0a000000"), Budget(Limits()))
    ['中文']
    """
    parts: list[tuple[int, int]] = []
    for record, at, size in records(stream, 0):
        if (record == _SST and not parts) or (record == _CONTINUE and parts):
            parts.append((at, at + size))
        elif parts:
            break
    if not parts:
        return []
    texts: list[str] = []
    with contextlib.suppress(IndexError, struct.error):
        _read(stream, parts, struct.unpack_from("<I", stream, parts[0][0] + 4)[0], texts, budget)
    return texts


def _read(stream: bytes, parts: Sequence[tuple[int, int]], count: int, texts: list[str], budget: Budget) -> None:
    part, (at, end) = 0, parts[0]
    at += 8
    while len(texts) < count:
        if not len(texts) & 0xFFFF:
            budget.tick()
        if at >= end:
            part += 1
            at, end = parts[part]
        length, flags = stream[at] | stream[at + 1] << 8, stream[at + 2]
        at += 3
        behind = 0
        if flags & _RICH:
            behind, at = 4 * struct.unpack_from("<H", stream, at)[0], at + 2
        if flags & _PHONETIC:
            behind, at = behind + struct.unpack_from("<I", stream, at)[0], at + 4
        wide = flags & _WIDE
        stop = at + (length << wide)
        if stop <= end:
            text = stream[at:stop].decode("utf-16-le" if wide else "latin-1", "replace")
            at = stop
        else:
            text, part, at, end = _over(stream, parts, part, at, length, wide)
        while behind > end - at:
            behind -= end - at
            part += 1
            at, end = parts[part]
        at += behind
        texts.append(text)


def _over(
    stream: bytes, parts: Sequence[tuple[int, int]], part: int, at: int, length: int, wide: int
) -> tuple[str, int, int, int]:
    """A text that goes on in the next records, each of which tells anew how wide its characters are."""
    pieces = []
    end = parts[part][1]
    while True:
        some = min(length, (end - at) >> wide)
        pieces.append(stream[at : at + (some << wide)].decode("utf-16-le" if wide else "latin-1", "surrogatepass"))
        length, at = length - some, at + (some << wide)
        if not length:
            whole = "".join(pieces).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
            return whole, part, at, end
        part += 1
        at, end = parts[part]
        wide, at = stream[at] & _WIDE, at + 1
