"""The embedded engine: DuckDB in this process."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from idvtools.ledger.columns import LEDGER_SCHEMA, dictionaries, finish
from idvtools.records.cache import quiet

_BATCH_ROWS = 122_880
#: Columns worth a dictionary in Parquet; in the others nearly every value is new.
_REPEATING = [
    n
    for n in LEDGER_SCHEMA.names
    if n
    not in {
        "op_id",
        "biz_no",
        "subject",
        "clock",
        "da_id_time",
        "authorized_at",
        "vendor_create_time",
        "source_line",
        "statement_line",
    }
]


class DuckEngine:
    """A private in-memory database; what does not fit is spilled to a private folder and removed.

    Only pseudonyms and cipher texts get in: clear id numbers never reach the database.

    Parameters
    ----------
    megabytes : int
        Memory of the whole process that is aimed at. The database gets half of it: the other half goes to Python, its
        libraries, the piece of a log that is being read and the pages that DuckDB doesn't count.
    """

    def __init__(self, megabytes: int = 2048) -> None:
        self._spill = Path(tempfile.mkdtemp(prefix="idvtools-"))
        self.scratch = self._spill / "read"
        self.scratch.mkdir()
        self.con = duckdb.connect(
            config={
                "memory_limit": f"{megabytes // 2}MB",
                "temp_directory": str(self._spill / "spill"),
                "allow_community_extensions": False,
            }
        )
        quiet(self.con)

    def fill(self, name: str, schema: pa.Schema, rows: Sequence[tuple[Any, ...]]) -> None:
        """Make a small table from Python values."""
        columns = list(zip(*rows, strict=True)) or [()] * len(schema)
        arrays = [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)]
        self.con.register("filled", pa.Table.from_arrays(arrays, schema=schema))
        self.con.execute(f'create or replace table "{name}" as from filled')
        self.con.unregister("filled")

    def run(self, steps: Sequence[tuple[str, str]]) -> None:
        """Work out queries into tables of their names."""
        for name, sql in steps:
            self.con.execute(f'create or replace table "{name}" as {sql}')

    def write_ledger(self, sql: str, file_names: list[str], status_names: Sequence[str]) -> Path:
        """Run the ledger's query and write it, batch by batch, as Parquet.

        Returns
        -------
        Path
            A file in the engine's own folder, with the columns of `LEDGER_SCHEMA` in order.
        """
        path = self._spill / "ledger.parquet"
        names = dictionaries(file_names, status_names)
        reader = self.con.sql(sql).to_arrow_reader(_BATCH_ROWS)
        schema = finish(pa.RecordBatch.from_pylist([], reader.schema), names).schema
        writer = pq.ParquetWriter(path, schema, store_schema=False, use_dictionary=_REPEATING)
        # One thread writes a batch while DuckDB works out the next one.
        with writer, ThreadPoolExecutor(1) as pool:
            last: Future[None] | None = None
            for batch in reader:
                if last is not None:
                    last.result()
                last = pool.submit(writer.write_batch, finish(batch, names))
            if last is not None:
                last.result()
        return path

    def query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows of a query."""
        return self.con.execute(sql, list(values)).fetchall()

    def close(self) -> None:
        """Give memory and files back."""
        self.con.close()
        shutil.rmtree(self._spill, ignore_errors=True)


def amount(value: Decimal | None) -> Decimal:
    """A sum, nothing counting as 0.00."""
    return Decimal("0.00") if value is None else value
