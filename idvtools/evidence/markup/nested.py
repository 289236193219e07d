"""Nested values (JSON, XML) laid out as grids: each list of objects is one, its place in the file is its source."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from idvtools.errors import EvidenceError
from idvtools.evidence.limits import Budget
from idvtools.evidence.model import Cell, Grid

#: Levels of nesting that are followed; more is an attack or a tree, no table.
MAX_DEPTH = 64


@dataclass(slots=True)
class _Records:
    """Rows of one source: the keys in order of first appearance, and a mapping for each row."""

    keys: dict[str, None] = field(default_factory=dict)
    rows: list[Mapping[str, Cell]] = field(default_factory=list)


def grids_of(value: Any, name: str, budget: Budget) -> tuple[Grid, ...]:
    """Lay out a nested value.

    An object is a row; objects within it add columns with dotted names; a list of objects is a grid of its own, whose
    column ``parent row`` says which row it belongs to where that is one of many; a list of lists is taken as it is.

    Examples
    --------
    >>> from idvtools.evidence.limits import Limits
    >>> value = {"code": "0", "data": {"list": [{"id": "01"}, {"id": "02", "n": {"a": 1}}]}}
    >>> for grid in grids_of(value, "x", Budget(Limits())): print(grid.source, grid.rows)
    $ [['code'], ['0']]
    data.list [['id', 'n.a'], ['01', None], ['02', 1]]
    """
    layout = _Layout(budget)
    layout.place(value, "", None, 0)
    grids = []
    for source, records in layout.found.items():
        keys = list(records.keys)
        budget.take_cells(len(keys) * (len(records.rows) + 1))
        rows: list[Sequence[Cell]] = [keys, *([row.get(key) for key in keys] for row in records.rows)]
        grids.append(Grid(source.rpartition(".")[2] or name, source or "$", rows))
    grids += [Grid(source.rpartition(".")[2] or name, source or "$", rows) for source, rows in layout.matrices.items()]
    return tuple(grids)


class _Layout:
    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.found: dict[str, _Records] = {}
        self.matrices: dict[str, list[Sequence[Cell]]] = {}

    def place(self, value: Any, path: str, parent: int | None, depth: int) -> None:
        """Lay out a value that is no cell of a row."""
        self.budget.tick()
        if depth > MAX_DEPTH:
            raise EvidenceError(f"it is nested deeper than {MAX_DEPTH} levels")
        if isinstance(value, dict):
            columns = _columns(value)
            if columns:
                self.matrices.setdefault(path, []).extend(columns)
            else:
                self._record(value, path, parent, depth)
        elif isinstance(value, list):
            self._list(value, path, parent, depth)
        else:
            self._record({"value": value}, path, parent, depth)

    def _list(self, values: list[Any], path: str, parent: int | None, depth: int) -> None:
        if values and all(isinstance(v, list) for v in values) and all(is_cell(c) for v in values for c in v):
            self.budget.take_cells(sum(map(len, values)))
            self.matrices.setdefault(path, []).extend([_cell(c) for c in v] for v in values)
            return
        for value in values:
            if isinstance(value, list):
                self._list_within(value, path, parent, depth + 1)
            else:
                self._record(value if isinstance(value, dict) else {"value": value}, path, parent, depth + 1)

    def _list_within(self, value: list[Any], path: str, parent: int | None, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise EvidenceError(f"it is nested deeper than {MAX_DEPTH} levels")
        self._list(value, path, parent, depth)

    def _record(self, value: dict[str, Any], path: str, parent: int | None, depth: int) -> None:
        self.budget.tick()
        records = self.found.setdefault(path, _Records())
        row: dict[str, Cell] = {} if parent is None else {"parent row": parent}
        later: list[tuple[str, Any]] = []
        for key, cell in self._flat(value, "", depth):
            if isinstance(cell, list | dict):
                later.append((key, cell))
            else:
                row[key] = _cell(cell)
        if row:
            records.keys.update(dict.fromkeys(row))
            records.rows.append(row)
        number = len(records.rows) if path or parent is not None or depth else None
        for key, cell in later:
            self.place(cell, f"{path}.{key}" if path else key, number, depth + 1)
        if not records.rows:
            del self.found[path]

    def _flat(self, value: dict[str, Any], prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
        if depth > MAX_DEPTH:
            raise EvidenceError(f"it is nested deeper than {MAX_DEPTH} levels")
        for key, cell in value.items():
            if isinstance(cell, dict) and cell and not _columns(cell):
                yield from self._flat(cell, f"{prefix}{key}.", depth + 1)
            elif isinstance(cell, list) and cell and all(map(is_cell, cell)):
                yield prefix + key, _text_of(cell)
            elif isinstance(cell, dict | list) and not cell:
                yield prefix + key, None
            else:
                yield prefix + key, cell


def _columns(value: dict[str, Any]) -> list[list[Cell]] | None:
    """The rows of an object that holds columns: lists of cells, all of one length."""
    lists = list(value.values())
    if len(lists) < 2 or not all(isinstance(v, list) and len(v) > 1 for v in lists) or len({len(v) for v in lists}) > 1:
        return None
    if not all(is_cell(c) for v in lists for c in v):
        return None
    return [list(value), *([_cell(v[i]) for v in lists] for i in range(len(lists[0])))]


def is_cell(value: Any) -> bool:
    """Whether it is no object and no list."""
    return not isinstance(value, dict | list)


def _cell(value: Any) -> Cell:
    return value if isinstance(value, str | int | Decimal | date) or value is None else str(value)


def _text_of(values: list[Any]) -> str:
    """A list of plain values in one cell, as the file has it."""
    return json.dumps(values, ensure_ascii=False, default=str)
