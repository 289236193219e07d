"""How a layout is declared: columns with headings, types and roles, and marks by which its files are known.

A new layout is one new file in this folder, with a tuple ``LAYOUTS`` in it; nothing else names it. A document whose
columns stand otherwise in another edition is another `Layout` in the same tuple. A document that is no table is a
`TextLayout`.

>>> taxi = Layout(
...     name="taxi-receipts",
...     title="taxi receipts",
...     marks=("样本出租", "sample taxi"),
...     fields=(
...         Field("date", "date", ("日期", "Date")),
...         Field("order", "text", ("单号", "Receipt No")),
...         Field("amount", "amount", ("金额", "Fare")),
...         Field("remark", "text", ("备注", "Remark"), required=False),
...     ),
...     source="the company's own sample of 2026",
... )
>>> LAYOUTS = (taxi,)

What `read_evidence` then makes of a file of it: ids are text, whatever they look like, and what differs is said.

>>> from idvtools.evidence.model import Column, Table
>>> from idvtools.evidence.limits import Budget, Limits
>>> from idvtools.evidence.sites import apply
>>> names = (("Date", "date"), ("Receipt No", "integer"), ("Fare", "amount"), ("Tip", "amount"))
>>> found = Table("Sample Taxi 2026", "", tuple(Column(*name) for name in names), ())
>>> (table,) = apply([found], "", (), None, Budget(Limits()), layouts={"taxi-receipts": taxi}).tables
>>> table.layout, table.columns[1], table.warnings[-1]
('taxi-receipts', Column(name='Receipt No', type='text'), 'taxi receipts: column Tip is new')
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field

from idvtools.evidence.model import ColumnType, Table

#: What a column is for the checks; other keys are free.
ROLES = frozenset({"date", "time", "description", "amount", "debit", "credit", "balance", "direction", "currency"})
_UNIT = re.compile(r"\((?:元|人民币|人民幣|港币|港幣|rmb|cny|hkd|hk\$|usd|us\$|本币|单位:?元)\)")


def plain(heading: str) -> str:
    """Reduce a heading to what it is compared by: no width, case, spaces, separators or unit.

    Examples
    --------
    >>> plain("金 额（元）"), plain("Transaction  Date"), plain("transactionDate"), plain("余额_2")
    ('金额', 'transactiondate', 'transactiondate', '余额2')
    """
    text = _UNIT.sub("", unicodedata.normalize("NFKC", heading).lower())
    return re.sub(r"[\s_\-.:*#]+", "", text)


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a layout.

    Parameters
    ----------
    key : str
        What it is; one of `ROLES` takes part in the checks.
    type : ColumnType
        What its cells should be. ``text`` keeps ids as they stand.
    names : tuple of str
        Headings in any script; the first is the one named in messages.
    required : bool
        Without it the layout does not fit.
    """

    key: str
    type: ColumnType
    names: tuple[str, ...]
    required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A known layout of a table, checked when it is made.

    Parameters
    ----------
    name : str
        Its name; ``site=`` chooses it.
    title : str
        What it is, in plain English.
    fields : tuple of Field
        Columns.
    marks : tuple of str
        Words of which one stands around the table, in its name or in the path of the file.
    also : tuple of str
        Other values of ``site=`` that mean it.
    any_of : tuple of str
        Keys of which one must be there.
    alone : bool
        All headings together are enough, without a mark.
    exact : bool
        Its files have all of these columns, in this order: one that is missing, required or not, or that stands
        elsewhere is said.
    generic : bool
        Gives way to any layout that is more definite, and says nothing where it nearly fits.
    source : str
        Where the layout is known from, and how sure that is.

    Raises
    ------
    ValueError
        The declaration contradicts itself.

    Examples
    --------
    >>> Layout(name="x", title="X", source="none", fields=(Field("a", "text", ("A",)), Field("b", "text", ("a",))))
    Traceback (most recent call last):
    ValueError: layout x: heading 'a' stands for both a and b
    """

    name: str
    title: str
    fields: tuple[Field, ...]
    source: str
    marks: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    alone: bool = False
    exact: bool = False
    generic: bool = False
    by_heading: dict[str, tuple[Field, int]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_heading", by_heading(self.name, self.fields))
        keys = {f.key for f in self.fields}
        for wrong, said in (
            (not re.fullmatch(r"[a-z][a-z0-9-]*", self.name), "its name is not lower-case-with-hyphens"),
            (len(keys) < len(self.fields), "a key comes twice"),
            (not any(f.required for f in self.fields), "no column is required"),
            (not keys.issuperset(self.any_of), "any_of names a column that is not declared"),
            (not self.generic and not self.alone and not self.marks, "nothing tells its files from others"),
            (
                any(f.type not in ("amount", "integer") for f in self.fields if f.key in _MONEY),
                "an amount is not exact",
            ),
        ):
            if wrong:
                raise ValueError(f"layout {self.name}: {said}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TextLayout:
    """A known document that is no table: labels and values in its text.

    Parameters
    ----------
    name, title, source : str
        As `Layout` has them.
    read : callable
        Makes a table of the text, checked, with `Table.layout` its name; None if the text is something else. It is
        also told whether the user says that this is what the text is.
    """

    name: str
    title: str
    source: str
    read: Callable[[str, bool], Table | None]


_MONEY = frozenset({"amount", "debit", "credit", "balance"})


def by_heading(layout: str, fields: tuple[Field, ...]) -> dict[str, tuple[Field, int]]:
    """Find fields by heading; the number is the heading's rank, where several columns could be one field."""
    found: dict[str, tuple[Field, int]] = {}
    for column in fields:
        if not column.names:
            raise ValueError(f"layout {layout}: column {column.key} has no heading")
        for rank, heading in enumerate(column.names):
            other = found.setdefault(plain(heading), (column, rank))[0]
            if other is not column:
                raise ValueError(f"layout {layout}: heading {heading!r} stands for both {other.key} and {column.key}")
    return found
