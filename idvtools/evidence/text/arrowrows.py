"""Rows that lie in Arrow's columns: a cell becomes a Python value when it is asked for; what nobody reads is free."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, overload

import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from idvtools.evidence.limits import Budget
from idvtools.evidence.model import Cell, ColumnType, Grid, Table, series

if TYPE_CHECKING:
    import pandas as pd

    from idvtools.evidence.model import Column

_BATCH = 20_000
#: Digits of amounts that can be added up by the million in 64 bits.
_DIGITS, _DECIMALS = 13, 4
Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class ArrowColumn:
    """A column as text, and what makes a value of a cell: None where it stays text."""

    type: ColumnType
    cells: pa.ChunkedArray = field(repr=False)
    convert: Callable[[str], Any] | None = None

    def values(self, start: int = 0, count: int | None = None) -> list[Any]:
        """The cells from one row on, as values."""
        cells: list[str | None] = self.cells.slice(start, count).to_pylist()
        convert = self.convert
        if convert is None:
            return cells
        return [None if cell is None else convert(cell) for cell in cells]


def exact(text: str) -> Decimal:
    """A plain amount; no zero is negative.

    Examples
    --------
    >>> exact("-0.00"), exact("+1.50")
    (Decimal('0.00'), Decimal('1.50'))
    """
    value = Decimal(text)
    return value if value else value.copy_abs()


def stamp(text: str) -> datetime:
    """A date and time of the usual form."""
    return datetime.fromisoformat(text)


def _units(cells: pa.ChunkedArray) -> tuple[Array, Array, int] | None:
    if pc.any(pc.starts_with(cells, "+")).as_py():
        cells = pc.utf8_ltrim(cells, characters="+")
    lengths, point = pc.binary_length(cells), pc.find_substring(cells, ".")
    decimals = pc.if_else(pc.less(point, 0), 0, pc.subtract(pc.subtract(lengths, point), 1))
    fewest, scale = (value or 0 for value in pc.min_max(decimals).as_py().values())
    if scale > _DECIMALS or (pc.max(lengths).as_py() or 0) > _DIGITS:
        return None
    if fewest == scale:
        whole = pc.cast(pc.replace_substring(cells, ".", "", max_replacements=1), pa.int64())
    else:
        factor = pa.scalar(10**scale, pa.decimal128(_DECIMALS + 1, 0))
        whole = pc.multiply(pc.cast(cells, pa.decimal128(_DIGITS + _DECIMALS, scale)), factor)
        whole = pc.cast(whole, pa.int64(), safe=False)
    return pc.fill_null(whole, 0).to_numpy(), cells.is_valid().to_numpy(), scale


class LargeRows(Sequence[tuple[Any, ...]]):
    """Rows over Arrow columns."""

    def __init__(self, columns: Sequence[ArrowColumn], count: int) -> None:
        self.columns = tuple(columns)
        self._count = count
        self._codes: dict[int, tuple[list[Any], Array]] = {}
        self._units: dict[int, tuple[Array, Array, int] | None] = {}

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, at: int) -> tuple[Any, ...]: ...
    @overload
    def __getitem__(self, at: slice) -> list[tuple[Any, ...]]: ...
    def __getitem__(self, at: int | slice) -> Any:
        if isinstance(at, slice):
            start, stop, step = at.indices(len(self))
            return [self[i] for i in range(start, stop, step)] if step != 1 else self._made(start, max(stop - start, 0))
        at = at + len(self) if at < 0 else at
        if not 0 <= at < len(self):
            raise IndexError(at)
        return self._made(at, 1)[0]

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        for start in range(0, len(self), _BATCH):
            yield from self._made(start, _BATCH)

    def _made(self, start: int, count: int) -> list[tuple[Any, ...]]:
        return list(zip(*(column.values(start, count) for column in self.columns), strict=True))

    def column(self, place: int) -> list[Any]:
        """The cells of one column as values."""
        return self.columns[place].values()

    def counts(self, place: int, most: int) -> Counter[str | None] | None:
        """How often each text stands in a column; None where more than `most` are different."""
        cells = self.columns[place].cells
        if pc.count_distinct(cells.slice(0, 50 * most)).as_py() > most + 1:
            return None
        found = pc.value_counts(cells)
        if len(found) > most + 1:
            return None
        return Counter({item["values"]: item["counts"] for item in found.to_pylist()})

    def coded(self, place: int) -> tuple[list[Any], Array]:
        """The different values of a column (of times: the days), and which of them stands in each row."""
        if place not in self._codes:
            column = self.columns[place]
            if column.convert is stamp:  # hardly two stamps are equal
                column = ArrowColumn("date", pc.utf8_slice_codeunits(column.cells, 0, 10), date.fromisoformat)
            # a null is a word like the others
            coded = pc.dictionary_encode(column.cells, null_encoding="encode").combine_chunks()
            words = ArrowColumn(column.type, pa.chunked_array([coded.dictionary]), column.convert).values()
            self._codes[place] = words, coded.indices.to_numpy(zero_copy_only=False)
        return self._codes[place]

    def units(self, place: int) -> tuple[Array, Array, int] | None:
        """Amounts as whole numbers of their smallest part, where one stands, and its decimals; None if too large."""
        if place not in self._units:
            column = self.columns[place]
            self._units[place] = _units(column.cells) if column.convert in (int, exact) else None
        return self._units[place]

    def to_pandas(self, columns: Sequence[Column]) -> pd.DataFrame:
        """A DataFrame: text without a copy, the other columns made now."""
        import pandas as pd  # noqa: PLC0415

        made = {}
        for column, held in zip(columns, self.columns, strict=True):
            text = held.convert is None and column.type in ("text", "empty")
            made[column.name] = (
                pd.Series(pd.array(held.cells, dtype="string")) if text else series(held.values(), column.type)
            )
        return pd.DataFrame(made)


class LargeGridRows(Sequence[tuple[Cell, ...]]):
    """The rows of a large grid: those before the data and behind it as they are, the data in Arrow.

    `table` is the table that they make.
    """

    def __init__(
        self, head: Sequence[tuple[Cell, ...]], body: LargeRows, tail: Sequence[tuple[Cell, ...]], table: Table
    ) -> None:
        self.head, self.body, self.tail = head, body, tail
        self.table = table

    def __len__(self) -> int:
        return len(self.head) + len(self.body) + len(self.tail)

    @overload
    def __getitem__(self, at: int) -> tuple[Cell, ...]: ...
    @overload
    def __getitem__(self, at: slice) -> list[tuple[Cell, ...]]: ...
    def __getitem__(self, at: int | slice) -> Any:
        if isinstance(at, slice):
            return [self[i] for i in range(*at.indices(len(self)))]
        at = at + len(self) if at < 0 else at
        head, body = len(self.head), len(self.body)
        if at < head:
            return self.head[at]
        return self.body[at - head] if at < head + body else self.tail[at - head - body]

    def __iter__(self) -> Iterator[tuple[Cell, ...]]:
        yield from self.head
        yield from self.body
        yield from self.tail

    def to_table(self, grid: Grid, budget: Budget) -> Table:
        """The table; `tables` asks for it before it looks at each row."""
        return self.table
