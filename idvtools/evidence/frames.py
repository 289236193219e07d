"""Tables of evidence as DataFrames that don't show people by accident."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape
from typing import Any

import pandas as pd

from idvtools.evidence.masking import mask_cell, mask_line, printable
from idvtools.evidence.model import Table
from idvtools.evidence.showing import RED

_LIMIT = 80


class EvidenceFrame(pd.DataFrame):
    """A table of a file, in clear for computing, masked where it is shown.

    It is a `pandas.DataFrame` in all else; what is selected from it is masked as well. `about` is the `Table` that it
    was made from, with source, preamble, footer, checks and warnings; it stays that of the file, whatever is selected.

    Examples
    --------
    >>> from idvtools.evidence import read_evidence
    >>> frame = read_evidence("户名,金额\\n测试甲,1.50\\n测试乙,20.00\\n".encode("gbk"), name="bill.csv").tables[0]
    >>> frame
        户名     金额
    0  测**   1.50
    1  测**  20.00
    >>> frame["金额"].sum(), frame.reveal().loc[0, "户名"]
    (Decimal('21.50'), '测试甲')
    """

    _metadata = ["about"]  # noqa: RUF012  pandas asks for a list here
    about: Table | None = None

    @property
    def _constructor(self) -> Callable[..., EvidenceFrame]:
        return EvidenceFrame

    @property
    def _constructor_sliced(self) -> Callable[..., EvidenceColumn]:
        return EvidenceColumn

    def reveal(self) -> pd.DataFrame:
        """The same in clear, as a plain DataFrame."""
        return pd.DataFrame(self)

    def value_counts(self, *given: Any, **named: Any) -> EvidenceColumn:
        """As pandas has it: the labels are people, and masked where they are shown."""
        return EvidenceColumn(super().value_counts(*given, **named))

    def describe(self, *given: Any, **named: Any) -> EvidenceFrame:  # type: ignore[misc]  # final for checkers only
        """As pandas has it, masked where it is shown: it names the commonest cell."""
        return EvidenceFrame(super().describe(*given, **named))

    def __repr__(self) -> str:
        return repr(_masked(self.reveal()))

    def _repr_html_(self) -> str:
        told = "".join(f"<p>{line}</p>" for line in self._said())
        return told + str(
            _masked(self.reveal()).to_html(border=0, show_dimensions=True, max_rows=pd.get_option("display.min_rows"))
        )

    def _said(self) -> list[str]:
        """What is wrong with the table, in red: failed checks, and what the reader could not be sure of."""
        if self.about is None:
            return []
        failed = [f"check failed: {c.name}: {c.detail}" for c in self.about.checks if c.ok is False]
        said = [*failed, *(w for w in self.about.warnings if not any(w in check for check in failed))]
        return [f'<span style="{RED}">{escape(printable(mask_line(line, limit=300)))}</span>' for line in said]


class EvidenceColumn(pd.Series):
    """A column or a row of an `EvidenceFrame`: in clear for computing, masked where it is shown."""

    @property
    def _constructor(self) -> Callable[..., EvidenceColumn]:
        return EvidenceColumn

    @property
    def _constructor_expanddim(self) -> Callable[..., EvidenceFrame]:
        return EvidenceFrame

    def reveal(self) -> pd.Series:
        """The same in clear, as a plain Series."""
        return pd.Series(self)

    def value_counts(self, *given: Any, **named: Any) -> EvidenceColumn:
        """As pandas has it: the labels are people, and masked where they are shown."""
        return EvidenceColumn(super().value_counts(*given, **named))

    def describe(self, *given: Any, **named: Any) -> EvidenceColumn:  # type: ignore[misc]  # final for checkers only
        """As pandas has it, masked where it is shown: it names the commonest cell."""
        return EvidenceColumn(super().describe(*given, **named))

    def __repr__(self) -> str:
        shown = _masked(self.reveal().to_frame()).iloc[:, 0]
        shown.name = self.name
        return repr(shown)


def frame_of(table: Table) -> EvidenceFrame:
    """The table as an `EvidenceFrame`."""
    frame = EvidenceFrame(table.to_pandas())
    frame.about = table
    return frame


def _masked(frame: pd.DataFrame) -> pd.DataFrame:
    """A copy for eyes: only those rows are filled that pandas will show."""
    labels = frame.index.tolist()
    filled = _shown(len(frame))
    columns: dict[int, list[Any]] = {i: [""] * len(labels) for i in range(len(frame.columns))}
    for i, name in enumerate(frame.columns):
        column = frame.iloc[:, i]
        for row in filled:
            columns[i][row] = _cell(name, labels[row], column.iloc[row])
    shown = pd.DataFrame(columns, index=frame.index, dtype=object)
    shown.columns = frame.columns if set(frame.columns.names) == {None} else _labels(frame.columns)
    if not isinstance(frame.index, pd.RangeIndex):
        shown.index = _labels(frame.index)
    return shown


def _labels(index: pd.Index) -> pd.Index:
    """Labels for eyes: what a table is grouped by may be people."""
    if isinstance(index, pd.MultiIndex):
        levels = [_labels(index.get_level_values(i)) for i in range(index.nlevels)]
        return pd.MultiIndex.from_arrays(levels, names=index.names)
    shown = [_cell(index.name, None, label) for label in index.tolist()]
    masked: pd.Index = pd.Index(shown, name=index.name, dtype=object)
    return masked


def _shown(count: int) -> Iterable[int]:
    """The numbers of the rows that pandas shows of so many."""
    most = pd.get_option("display.max_rows") or count
    if count <= most:
        return range(count)
    half = min(most, pd.get_option("display.min_rows") or most) // 2 + 1
    return [*range(half), *range(count - half, count)]


def _cell(column: object, row: object, value: Any) -> Any:
    """A value for eyes, by the name of its column; of a table on its side by that of its row."""
    if value is None or value is pd.NA:
        return ""
    shown = mask_cell(str(column), value, limit=_LIMIT)
    if isinstance(row, str):
        shown = mask_cell(row, shown, limit=_LIMIT)
    return printable(shown) if isinstance(shown, str) else shown
