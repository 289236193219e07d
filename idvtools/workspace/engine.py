"""The embedded engine: DuckDB in this process, reached through Ibis."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq

from idvtools.ledger.columns import LEDGER_SCHEMA, finish

_SQL_TYPES = {"string": "varchar", "int32": "integer", "int64": "bigint"}
_BATCH_ROWS = 122_880


class DuckEngine:
    """A private in-memory database; what does not fit is spilled to a private folder and removed.

    Only pseudonyms and cipher texts get in: clear id numbers never reach the database.
    """

    def __init__(self) -> None:
        self._spill = Path(tempfile.mkdtemp(prefix="idvtools-"))
        self.con = duckdb.connect(
            config={"memory_limit": os.environ.get("IDVTOOLS_MEMORY", "2GB"), "temp_directory": str(self._spill / "spill"), "allow_community_extensions": False}
        )
        self._ibis = ibis.duckdb.from_connection(self.con)

    def table(self, name: str) -> ir.Table:
        """A table that stands in the database."""
        return self._ibis.table(name)

    def keep(self, name: str, table: ir.Table) -> ir.Table:
        """Work `table` out now and keep it under `name`."""
        self.con.execute(f'create or replace table "kept_{name}" as {self._ibis.compile(table)}')
        return self._ibis.table(f"kept_{name}")

    def rows(self, table: ir.Table) -> list[tuple[Any, ...]]:
        """The rows of a small table."""
        return self.con.execute(self._ibis.compile(table)).fetchall()

    def small(self, name: str, schema: Mapping[str, str], rows: Sequence[tuple[Any, ...]]) -> ir.Table:
        """A small table from Python values."""
        columns = ", ".join(f'"{c}" {_SQL_TYPES.get(kind, kind)}' for c, kind in schema.items())
        self.con.execute(f'create or replace table "small_{name}" ({columns})')
        if rows:
            self.con.executemany(f'insert into "small_{name}" values ({", ".join("?" * len(schema))})', rows)
        return self._ibis.table(f"small_{name}")

    def write_ledger(self, table: ir.Table, file_names: list[str]) -> Path:
        """Run the ledger's expression and write it, batch by batch, as Parquet.

        Returns
        -------
        Path
            A file in the engine's own folder, with the columns of `LEDGER_SCHEMA` in order.
        """
        path = self._spill / "ledger.parquet"
        names = pa.array(file_names, pa.string())
        reader = self.con.sql(self._ibis.compile(table)).to_arrow_reader(_BATCH_ROWS)
        schema = finish(pa.RecordBatch.from_pylist([], reader.schema), names).schema
        with pq.ParquetWriter(path, schema, store_schema=False, compression="snappy") as writer:
            for batch in reader:
                writer.write_batch(finish(batch, names))
        return path

    def read_ledger(self, path: Path, where: str = "true") -> pa.Table:
        """Rows of a written ledger in its order, in the contract's types."""
        table = self.con.sql(f"select * from read_parquet({quoted(path)}) where {where}").to_arrow_table()
        return table.cast(LEDGER_SCHEMA)

    def query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows of a query."""
        return self.con.execute(sql, list(values)).fetchall()

    def close(self) -> None:
        """Give memory and files back."""
        self.con.close()
        shutil.rmtree(self._spill, ignore_errors=True)


def quoted(path: Path) -> str:
    """A path as an SQL literal."""
    return "'" + str(path).replace("'", "''") + "'"


def amount(value: Decimal | None) -> Decimal:
    """A sum, nothing counting as 0.00."""
    return Decimal("0.00") if value is None else value
