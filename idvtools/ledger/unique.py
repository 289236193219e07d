"""Reduce to a unique key before anything is joined."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir


def repeats(table: ir.Table, key: str, order: Sequence[str], row_id: str) -> ir.Table:
    """The rows of `table` beyond the first of each key.

    Only rows whose key repeats are sorted, so that a table without repeats costs one grouping.

    Parameters
    ----------
    table, key
        Rows with a null key must have been filtered out.
    order : sequence of str
        Columns that decide which row is the first; nulls come last.
    row_id : str
        Column that names a row; the last word in the order.
    """
    several = table.group_by(key).agg(copies=table.count())
    rows = table.semi_join(several.filter(several.copies > 1), key)
    rank = ibis.row_number().over(
        group_by=key, order_by=[rows[c].asc(nulls_first=False) for c in dict.fromkeys([*order, row_id])]
    )
    later = rows.mutate(rank=rank)
    return later.filter(later["rank"] > 0).drop("rank")
