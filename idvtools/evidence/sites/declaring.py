"""How a layout is declared: columns with headings, types and roles, and marks by which its files are known."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

from idvtools.evidence.model import ColumnType

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
