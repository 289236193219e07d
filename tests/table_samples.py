"""Text and grids made into tables, and what tests ask of them."""

from decimal import Decimal

from idvtools.evidence.limits import Budget, Limits
from idvtools.evidence.model import Cell, Grid, Table
from idvtools.evidence.tables.grids import to_tables
from idvtools.evidence.text.delimited import read_delimited

D = Decimal


def budget() -> Budget:
    return Budget(Limits())


def tables(*rows: tuple[Cell, ...]) -> list[Table]:
    return to_tables(Grid("a.csv", "", rows), budget())


def read(text: str | bytes, name: str = "a.csv") -> Table:
    found = read_delimited(text.encode() if isinstance(text, str) else text, name, budget())
    (table,) = to_tables(found.grids[0], budget())
    return table


def types(table: Table) -> dict[str, str]:
    return {c.name: c.type for c in table.columns}


def column(table: Table, name: str) -> list[object]:
    at = [c.name for c in table.columns].index(name)
    return [row[at] for row in table.rows]


def total(cells: list[object]) -> Decimal:
    return sum((D(str(c)) for c in cells if c is not None), D(0))
