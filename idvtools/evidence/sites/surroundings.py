"""The lines around the only table of a text: where a PDF prints how many rows there are, and what they come to."""

from __future__ import annotations

import re
from collections.abc import Sequence

from idvtools.evidence.model import Table

#: How many lines above and below are looked at.
_LINES = 60
_SPACE = re.compile(r"[\s,]+")


def outside(text: str, tables: Sequence[Table]) -> tuple[str, ...]:
    """Give the lines before the headings and after the last row; none where it is not certain which these are.

    Examples
    --------
    >>> from idvtools.evidence.model import Column
    >>> table = Table("", "page 1", (Column("Day", "text"), Column("Sum", "text")), [("Mo", "1,234.50")])
    >>> outside("Total: 1 entries\\nDay Sum\\nMo 1,234.50\\nTotal debits 7.00", [table])
    ('Total: 1 entries', 'Total debits 7.00')
    """
    if len(tables) != 1 or not tables[0].rows or tables[0].preamble or tables[0].footer:
        return ()
    lines = [line for line in text.splitlines() if line.strip()]
    plain = [_plain(line) for line in lines]
    heads = [_plain(column.name) for column in tables[0].columns]
    last = [_plain(str(cell)) for cell in reversed(tables[0].rows[-1]) if cell is not None]
    first = next((i for i, line in enumerate(plain) if all(head in line for head in heads)), None)
    end = next((i for cell in last for i in reversed(range(len(plain))) if cell in plain[i]), None)
    if first is None or end is None or end <= first:
        return ()
    return (*lines[max(0, first - _LINES) : first], *lines[end + 1 : end + 1 + _LINES])


def _plain(text: str) -> str:
    return _SPACE.sub("", text).lower()
