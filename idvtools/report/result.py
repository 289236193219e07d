"""Reconciliation: the one frozen result that every renderer reads."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from idvtools.ledger.columns import BREAKS, LEDGER_SCHEMA
from idvtools.ledger.frame import to_pandas
from idvtools.report.explain import Explanation, Piece, explain
from idvtools.report.extras import Extras
from idvtools.report.model import Lang, Summary

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Reconciliation:
    """A reconciled period of one vendor.

    Parameters
    ----------
    summary : Summary
        The figures of ``summary.json``.
    ledger_file : Path
        The ledger as Parquet, in the columns and the order of ``ledger.parquet``.
    extras : Extras
        Reasons, refused notifications and rejects for the reports.
    reject_lines : pyarrow.Table
        Lines of ``rejects.jsonl``: `file, line, reason`.

    Examples
    --------
    >>> import idvtools as idv
    >>> result = idv.Workspace("sample_data/2026-10").reconcile("dec", month="2026-10")
    >>> result.summary.buckets["overbilled"].rows == (result.ledger.bucket == "overbilled").sum()
    True
    """

    summary: Summary
    ledger_file: Path
    extras: Extras = field(repr=False)
    reject_lines: pa.Table = field(repr=False)
    trace: Callable[[str], list[Piece]] = field(repr=False)

    def rows(self, buckets: tuple[str, ...] | None = None) -> pa.Table:
        """The ledger, or its rows in some buckets, as an Arrow table in the contract's types."""
        if buckets is None:
            return pq.read_table(self.ledger_file).cast(LEDGER_SCHEMA)
        # DuckDB reads the other columns of wanted rows only; Arrow's filter reads them all.
        with duckdb.connect() as con:
            wanted = con.sql("from read_parquet($file) where bucket in $buckets", params=self._query(buckets))
            return wanted.to_arrow_table().cast(LEDGER_SCHEMA)

    def _query(self, buckets: tuple[str, ...]) -> dict[str, Any]:
        return {"file": str(self.ledger_file), "buckets": list(buckets)}

    @cached_property
    def ledger(self) -> pd.DataFrame:
        """One row per operation or statement row (workspace.md section 3).

        Ids are text, times UTC in milliseconds, `day` a date, amounts `decimal.Decimal`, `effective`
        and `billable` nullable booleans. Subjects are pseudonyms.
        """
        return to_pandas(self.rows())

    @cached_property
    def breaks(self) -> pd.DataFrame:
        """The ledger's rows where we and the vendor differ."""
        return to_pandas(self.rows(BREAKS))

    def explain(self, op_id: str, lang: Lang = "both") -> Explanation:
        """Why an operation is billed, not billed or undecidable, with the evidence.

        Raises
        ------
        InputError
            Neither our records nor the statement know the operation in this period.
        """
        return explain(self.ledger_file, op_id, self.trace(op_id), self.summary, lang)

    def to_excel(self, path: str | Path, lang: Lang = "both") -> Path:
        """Write ``reconciliation.xlsx``."""
        from idvtools.report.excel import write_excel  # noqa: PLC0415  openpyxl is only paid for here

        target = Path(path)
        write_excel(target, self.summary, self.rows(BREAKS), self.extras, lang)
        return target

    def to_html(self, path: str | Path, lang: Lang = "both") -> Path:
        """Write ``reconciliation.html``."""
        from idvtools.report.html import render_html  # noqa: PLC0415  jinja2 is only paid for here

        target = Path(path)
        target.write_text(render_html(self.summary, self.rows(BREAKS), self.extras, lang), "utf-8")
        return target

    def write(self, folder: str | Path, *, lang: Lang = "both", force: bool = False, ledger_csv: bool = False) -> Path:
        """Write all outputs into `folder`; they appear complete or not at all.

        Raises
        ------
        OutputError
            The folder holds something and `force` is not given, or cannot be written.
        """
        from idvtools.report.outputs import write_outputs  # noqa: PLC0415

        return write_outputs(self, Path(folder), lang=lang, force=force, ledger_csv=ledger_csv)

    def to_json(self) -> str:
        """The text of ``summary.json``."""
        return json.dumps(self.summary.to_dict(), ensure_ascii=False, indent=2) + "\n"

    def _repr_html_(self) -> str:
        from idvtools.report.html import summary_html  # noqa: PLC0415

        return summary_html(self.summary, "both")
