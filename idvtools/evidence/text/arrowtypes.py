"""What the columns of a large table are: decided by a sample, then held against every cell; the same as `columns`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from idvtools.evidence.tables.columns import NOTHING, lost_digits, no_tick, rule, shaped_like_id
from idvtools.evidence.tables.naming import names_id
from idvtools.evidence.text.arrowrows import ArrowColumn, exact, stamp

_SAMPLE, _PLACES = 320, 40
#: Cells up to which all different ones are looked at.
_SMALL = 2_000
_WHOLE = r"^[-+]?(?:0|[1-9]\d{0,14})$"
_PLAIN = r"^[-+]?(?:0|[1-9]\d{0,14})(?:\.\d{1,12})?$"
_MONEY = r"^[-+]?[¥￥$]?(?:0|[1-9]\d{0,2}(?:,\d{3}){0,4}|[1-9]\d{0,14})(?:\.\d{1,12})?$"
_STAMP = r"^\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d$"


@dataclass(frozen=True, slots=True)
class Typed:
    """A column with its type, what is to be said about it, and how many cells stand for nothing."""

    column: ArrowColumn
    warnings: tuple[str, ...] = ()
    nothing: int = 0


def typed(
    name: str, cells: pa.ChunkedArray, numbers: Sequence[int], tick: Callable[[], None] = no_tick
) -> Typed | None:
    """A column's type and values; None where only the exact way can tell.

    Parameters
    ----------
    name : str
        As printed.
    cells : ChunkedArray of string
        Clean cells; null where nothing stands.
    numbers : sequence of int
        Where each row stands.
    tick : callable
        Raises when the time is over.

    Examples
    --------
    >>> found = typed("金额", pa.chunked_array([["1.50", None, "-2.00"]]), [1, 2, 3])
    >>> found.column.type, found.column.values()
    ('amount', [Decimal('1.50'), None, Decimal('-2.00')])
    """
    if cells.null_count == len(cells):
        return Typed(ArrowColumn("empty", cells))
    if names_id(name):
        return _text(name, cells, numbers)
    sample = _sample(cells)
    counts = Counter(text for text in sample if text is not None)
    if len(cells) <= _SMALL or len(counts) < 0.3 * (len(sample) - sample.count(None)):
        return _by_different(name, cells, numbers, tick)
    guess = rule(name, counts, lambda: sample, ())
    if guess.type == "text" and not guess.warnings and _stays(name, counts, cells):
        return _text(name, cells, numbers)
    sure = None if guess.warnings else _held(guess.type, cells)
    return sure or _by_different(name, cells, numbers, tick)


def _sample(cells: pa.ChunkedArray) -> list[str | None]:
    """Cells from the start, and a few at a time from places all over the column."""
    found: list[str | None] = cells.slice(0, 80).to_pylist()
    for start in range(0, len(cells), max(len(cells) // _PLACES, 1)):
        found += cells.slice(start, _SAMPLE // _PLACES).to_pylist()
    return found


def _text(name: str, cells: pa.ChunkedArray, numbers: Sequence[int]) -> Typed:
    column = ArrowColumn("text", cells)
    if not pc.any(pc.match_substring(cells, "+")).as_py():
        return Typed(column)
    return Typed(column, lost_digits(name, {t for t in pc.unique(cells).to_pylist() if t}, cells.to_pylist, numbers))


def _stays(name: str, counts: Counter[str], cells: pa.ChunkedArray) -> bool:
    """Whether a column that is text by its sample is text by all of its cells."""
    real = {text: n for text, n in counts.items() if text not in NOTHING}
    if not real:
        return False
    if not shaped_like_id(name, real) or any(len(t) > 15 or t[0] == "0" for t in real):
        return True  # what does not fit in the sample does not fit
    lengths = pc.min_max(pc.binary_length(cells)).as_py()
    return lengths["min"] == lengths["max"] and _all(cells, r"^[0-9]+$")  # digits of one length


def _held(kind: str, cells: pa.ChunkedArray) -> Typed | None:
    """The column by the type of its sample, if every cell fits without a doubt."""
    if kind == "integer" and _all(cells, _WHOLE):
        return Typed(ArrowColumn("integer", cells, int))
    if kind == "amount" and _all(cells, _PLAIN):
        return Typed(ArrowColumn("amount", cells, exact))
    if kind == "amount" and _all(cells, _MONEY) and _one_currency(cells):
        return Typed(ArrowColumn("amount", pc.replace_substring_regex(cells, "[,¥￥$]", ""), exact))
    if kind == "datetime" and _all(cells, _STAMP) and _possible(cells):
        return Typed(ArrowColumn("datetime", cells, stamp))
    return None


def _all(cells: pa.ChunkedArray, pattern: str) -> bool:
    return bool(pc.all(pc.match_substring_regex(cells, pattern)).as_py())


def _one_currency(cells: pa.ChunkedArray) -> bool:
    """Whether all cells with a sign have the same one: several are kept in a column of their own."""
    return not all(pc.any(pc.match_substring_regex(cells, sign)).as_py() for sign in ("[¥￥]", r"\$"))


def _possible(cells: pa.ChunkedArray) -> bool:
    """Whether all stamps are possible, of a plausible year."""
    first, last = pc.min_max(cells).as_py().values()
    if not "1900" <= first[:4] <= last[:4] <= "2100":
        return False
    try:
        pc.cast(cells, pa.timestamp("s"))
    except pa.ArrowInvalid:
        return False
    return True


def _by_different(name: str, cells: pa.ChunkedArray, numbers: Sequence[int], tick: Callable[[], None]) -> Typed | None:
    """A column decided exactly, by each of its different cells."""
    found = pc.value_counts(cells)
    counts = dict(zip(found.field("values").to_pylist(), found.field("counts").to_pylist(), strict=True))
    counts.pop(None, None)
    ruling = rule(name, counts, cells.to_pylist, numbers, tick)
    if ruling.refunds or ruling.currencies:
        return None
    if ruling.type == "text":
        return Typed(ArrowColumn("text", cells), ruling.warnings)
    convert: Callable[[str], Any] = ruling.values.get
    nothing = sum(n for text, n in counts.items() if text in NOTHING)
    return Typed(ArrowColumn(ruling.type, cells, convert), ruling.warnings, nothing)
