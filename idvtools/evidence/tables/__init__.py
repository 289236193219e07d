"""From grids of cells to tables: header, footer, types, printed totals, balances."""
