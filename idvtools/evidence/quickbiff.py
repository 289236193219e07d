"""The plain cells of a ``.xls``, taken many at once: walking record by record takes ten times as long as reading.

Nearly all of a sheet is records of a few kinds and fixed sizes. Runs of them are passed over by one pattern, and
their places found by others, which may also find bytes that only look like a record: cells too many, never too few.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from idvtools.evidence.sheetfacts import SheetFacts, Shown

#: From the start of a record: text of the table of texts, blank, number, short number, and rows that are not hidden.
RUN = re.compile(
    rb"(?s:\xfd\x00\x0a\x00.{10}|\x7e\x02\x0a\x00.{10}|\x03\x02\x0e\x00.{14}|\x01\x02\x06\x00.{6}"
    rb"|\x08\x02\x10\x00.{12}[\x00-\x1f\x40-\x5f\x80-\x9f\xc0-\xdf].{3})++"
)
# What follows the number and size of a record is only looked at, lest it hide the next one.
_TEXT = re.compile(rb"(?s)\xfd\x00\x0a\x00(?=(.{6}))")
_NUMBERS = (re.compile(rb"(?s)\x03\x02\x0e\x00(?=(.{6}))"), re.compile(rb"(?s)\x7e\x02\x0a\x00(?=(.{6}))"))


def plain_cells(sheet: bytes, styles: dict[int, Shown], facts: SheetFacts) -> None:
    """Count the plain cells of a sheet, note how far they reach, and which numbers are shown otherwise.

    Examples
    --------
    >>> facts = SheetFacts()
    >>> plain_cells(bytes.fromhex("fd000a00" "0300" "0100" "0f00" "00000000"), {}, facts)
    >>> facts.cells, facts.height, facts.width
    (1, 4, 2)
    """
    numbers = _places(sheet, *_NUMBERS)
    for places in (_places(sheet, _TEXT), numbers):
        if len(places):
            facts.cells += len(places)
            facts.height = max(facts.height, int(places[:, 0].max()) + 1)
            facts.width = max(facts.width, int(places[:, 1].max()) + 1)
    if styles:
        for row, column, xf in numbers[np.isin(numbers[:, 2], list(styles))].tolist():
            facts.shown[row, column] = styles[xf]


def _places(sheet: bytes, *patterns: re.Pattern[bytes]) -> npt.NDArray[np.uint16]:
    """Row, column and XF of the records that the patterns find."""
    found = b"".join([b"".join(pattern.findall(sheet)) for pattern in patterns])
    return np.frombuffer(found, "<u2").reshape(-1, 3)
