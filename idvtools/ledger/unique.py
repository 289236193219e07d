"""Reduce to a unique key before anything is joined."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir


def split_repeats(table: ir.Table, key: str, order: Sequence[str], row_id: Sequence[str]) -> tuple[ir.Table, ir.Table]:
    """Split `table` into the first row of each key and the rows beyond it.

    Only rows whose key repeats are sorted, so that a table without repeats costs one grouping.

    Parameters
    ----------
    table, key
        Rows with a null key are neither first nor repeated: they must be filtered before.
    order : sequence of str
        Columns that decide which row is the first; nulls come last.
    row_id : sequence of str
        Columns that together name a row; they are the last word in the order.

    Returns
    -------
    firsts, repeats
    """
    repeated = table.group_by(key).agg(copies=table.count())
    repeated = repeated.filter(repeated.copies > 1)
    rows = table.semi_join(repeated, key)
    rank = ibis.row_number().over(
        group_by=key, order_by=[rows[c].asc(nulls_first=False) for c in dict.fromkeys([*order, *row_id])]
    )
    later = rows.mutate(rank=rank)
    later = later.filter(later["rank"] > 0).drop("rank")
    return table.anti_join(later, list(row_id)), later
