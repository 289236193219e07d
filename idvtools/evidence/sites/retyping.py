"""The types that a layout declares, given to the columns of a table as far as every cell can hold them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from idvtools.evidence.limits import Budget
from idvtools.evidence.model import Check, Table
from idvtools.evidence.sites.declaring import Field
from idvtools.evidence.sites.fitting import Fit
from idvtools.evidence.tables.chains import no_amounts
from idvtools.evidence.tables.printed import money

#: What a reader may have made of a column of text.
_READ_AS = {"integer": "numbers", "amount": "numbers", "date": "dates", "datetime": "dates"}


@dataclass(frozen=True, slots=True)
class _Ruling:
    """What becomes of a column: how its cells change, what fails, what is to be said."""

    change: Callable[[Any], Any] | None = None
    failed: str = ""
    warning: str = ""


def retype(table: Table, found: Fit, budget: Budget) -> Table:
    """Give the columns the types that the layout declares, as far as every cell can hold them; say where not.

    Examples
    --------
    >>> from idvtools.evidence.limits import Limits
    >>> from idvtools.evidence.model import Column
    >>> from idvtools.evidence.sites.declaring import Layout
    >>> from idvtools.evidence.sites.fitting import fit
    >>> fields = (Field("order", "text", ("Order",)), Field("amount", "amount", ("Sum",)))
    >>> layout = Layout(name="x", title="x", source="none", alone=True, fields=fields)
    >>> table = Table("", "", (Column("Order", "integer"), Column("Sum", "integer")), [(7, 12)])
    >>> made = retype(table, fit(layout, table, ""), Budget(Limits()))
    >>> made.rows, made.warnings
    ([('7', Decimal('12'))], ('column Order was read as numbers but should be text; zeros before them may be lost',))
    """
    columns = list(table.columns)
    checks, warnings = [], []
    change: dict[int, Callable[[Any], Any]] = {}
    for declared in found.layout.fields:
        place = found.places.get(declared.key)
        if place is None or columns[place].type in (declared.type, "empty"):
            continue
        ruling = _ruling(declared, table, place)
        if ruling.failed:
            checks.append(Check(f"type of {columns[place].name}", False, ruling.failed))
        if ruling.warning:
            warnings.append(ruling.warning)
        if ruling.change is not None:
            change[place] = ruling.change
            columns[place] = replace(columns[place], type=declared.type)
    return replace(
        table,
        columns=tuple(columns),
        rows=_changed(table, change, budget) if change else table.rows,
        checks=(*table.checks, *checks),
        warnings=(*table.warnings, *warnings),
    )


def _ruling(declared: Field, table: Table, place: int) -> _Ruling:
    name, was = table.columns[place].name, table.columns[place].type
    if declared.type == "text":
        said = _READ_AS[was]
        lost = "zeros before them may be lost" if said == "numbers" else "their form is lost"
        free = declared.key in ("time", "description")
        warning = "" if free else f"column {name} was read as {said} but should be text; {lost}"
        return _Ruling(_text if said == "numbers" else None, warning=warning)
    if declared.type == "amount":
        return _Ruling(money) if was == "integer" else _amounts(table, place)
    if declared.type in ("date", "datetime") and was not in ("date", "datetime"):
        return _Ruling(failed="not all cells are dates")
    return _Ruling()


def _amounts(table: Table, place: int) -> _Ruling:
    if no_amounts(table, place):
        return _Ruling(failed="its cells are no amounts")
    wrong = _wrong(table.column(place))
    if not wrong:
        return _Ruling(money)
    first = table.numbers[wrong[0]] if wrong[0] < len(table.numbers) else wrong[0] + 1
    return _Ruling(failed=f"{len(wrong)} cells are no amounts, first in row {first}")


def _changed(table: Table, change: dict[int, Callable[[Any], Any]], budget: Budget) -> list[tuple[Any, ...]]:
    """Make the rows anew, column by column."""
    columns = []
    for place in range(len(table.columns)):
        budget.tick()
        cells = table.column(place)
        columns.append([change[place](cell) for cell in cells] if place in change else cells)
    return list(zip(*columns, strict=True))


def _text(cell: Any) -> str | None:
    return f"{cell:f}" if isinstance(cell, Decimal) else None if cell is None else str(cell)


def _wrong(cells: Sequence[Any]) -> list[int]:
    """Rows whose cell would be lost as an amount: neither empty nor an amount without anything beside it."""
    lost = {c for c in set(cells) if c is not None and (money(c) is None or "(" in str(c)[1:])}
    return [r for r, cell in enumerate(cells) if cell in lost] if lost else []
