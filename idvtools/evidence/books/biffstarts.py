"""Where the records of a ``.xls`` begin: found many at once, for a walk from one to the next takes longer than reading.

What looks like a record is found anywhere in the bytes; whatever begins where another of them ends is one in truth.
Only what stands between such chains is walked through record by record.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from idvtools.evidence.limits import Budget

Numbers = npt.NDArray[np.int64]

_BOF, _EOF = 0x809, 0x0A
_WINDOW = 4 << 20
_PAIR = struct.Struct("<HH")
#: Record and size of nearly all that a sheet holds: text, short number, number, blank, row.
_USUAL = (0xA00FD, 0xA027E, 0xE0203, 0x60201, 0x100208)
#: Several numbers, or blanks, side by side: the size tells how many.
_SEVERAL = (0xBD, 0xBE)


def starts(stream: bytes, start: int, budget: Budget) -> tuple[Numbers, bool]:
    """Where the records from a BOF to its EOF begin, and whether the EOF is there.

    Examples
    --------
    >>> from idvtools.evidence.limits import Limits
    >>> stream = bytes.fromhex("09080000" "fd000a00 03000100 0f00 00000000" "0a000000" "ffff")
    >>> starts(stream, 0, Budget(Limits()))
    (array([ 0,  4, 18]), True)
    """
    found: list[Numbers] = []
    depth, position, end = 0, start, len(stream) - 4
    while position <= end:
        budget.tick()
        window = min(position + _WINDOW, len(stream))
        begins, ends, breaks = _chains(stream, position, window)
        single: list[int] = []
        while position <= end and position < window:
            i = int(begins.searchsorted(position))
            if i < len(begins) and begins[i] == position:
                last = breaks[bisect_right(breaks, i)]
                found += [np.array(single, np.int64), begins[i:last]]
                single, position = [], int(ends[last - 1])
                continue
            record, size = _PAIR.unpack_from(stream, position)
            if position + 4 + size > len(stream):
                return np.concatenate([*found, np.array(single, np.int64)]), False
            single.append(position)
            position += 4 + size
            depth += (record == _BOF) - (record == _EOF)
            if depth <= 0 and record in (_BOF, _EOF):
                return np.concatenate([*found, np.array(single, np.int64)]), True
        found.append(np.array(single, np.int64))
    return np.concatenate([np.zeros(0, np.int64), *found]), False


def _chains(stream: bytes, start: int, stop: int) -> tuple[Numbers, Numbers, list[int]]:
    """What looks like a usual record: where it begins and ends, and before which of them each chain ends."""
    window = np.frombuffer(stream, np.uint8, stop - start, start)
    found = []
    for shift in range(4):
        words = np.frombuffer(window[shift:], "<u4", (len(window) - shift) // 4)
        usual = np.zeros(len(words), bool)
        for word in _USUAL:
            usual |= words == word
        low = words & 0xFFFF
        usual |= ((low == _SEVERAL[0]) | (low == _SEVERAL[1])) & (words < 0x6000000)
        found.append(np.flatnonzero(usual) * 4 + shift)
    begins = np.sort(np.concatenate(found), kind="stable")  # four sorted lists: merged, not sorted
    sizes = window[begins + 2].astype(np.int64) + window[begins + 3].astype(np.int64) * 256
    ends = begins + 4 + sizes
    inside = ends + start <= len(stream)
    begins, ends = begins[inside], ends[inside]
    breaks = np.flatnonzero(np.append(begins[1:] != ends[:-1], True)) + 1
    return begins + start, ends + start, breaks.tolist()


@dataclass(frozen=True, slots=True)
class Records:
    """The records of a sheet: the bytes that they lie in, and of each its kind, where its content begins, its size."""

    data: npt.NDArray[np.uint8] = field(repr=False)
    kinds: Numbers
    at: Numbers
    sizes: Numbers

    def of(self, *kinds: int, least: int) -> Numbers:
        """Which records are of these kinds and at least this large."""
        return np.flatnonzero(np.isin(self.kinds, kinds) & (self.sizes >= least))

    def places(self, kind: int, *, least: int) -> list[tuple[int, int]]:
        """Where the content of the records of a kind begins, and its size."""
        which = self.of(kind, least=least)
        return list(zip(self.at[which].tolist(), self.sizes[which].tolist(), strict=True))

    def u16(self, which: Numbers, place: int) -> Numbers:
        """The number in two bytes of each record's content."""
        return _u16(self.data, self.at[which] + place)


def sheet_records(stream: bytes, start: int, budget: Budget) -> Records:
    """The records of the sheet that begins there; a last one that is cut off is left out."""
    data = np.frombuffer(stream, np.uint8)
    begins, _ = starts(stream, start, budget)
    return Records(data, _u16(data, begins), begins + 4, _u16(data, begins + 2))


def _u16(data: npt.NDArray[np.uint8], at: Numbers) -> Numbers:
    return data[at].astype(np.int64) | (data[at + 1].astype(np.int64) << 8)
