"""The ledger's plan in DuckDB's SQL.

Apart from the engine, because Ibis takes a moment to load and to translate: both happen while the
records are read.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import ibis.expr.types as ir
from ibis.backends.sql.compilers import DuckDBCompiler

from idvtools.ledger.clock import offsets
from idvtools.ledger.compute import COMPLETE, COVERED, PRICES, coverage_rows, plan
from idvtools.ledger.pricing import price_rows
from idvtools.ledger.rules import Period, Rules
from idvtools.workspace.engine import DuckEngine

#: How far around the period the zone's offsets are worked out at first; data beyond it need another plan.
_AROUND = timedelta(days=400)


@dataclass(frozen=True)
class CompiledPlan:
    """A plan in DuckDB's SQL, and the span of moments (ms) that its zone offsets cover."""

    steps: tuple[tuple[str, str], ...]
    priced: str
    counts: str
    span: str
    ledger: str
    low: int
    high: int


def compile_plan(rules: Rules, period: Period, low: int | None = None, high: int | None = None) -> CompiledPlan:
    """Plan and translate. Needs no data."""
    first = datetime(period.first.year, period.first.month, period.first.day, tzinfo=UTC)
    last = datetime(period.last.year, period.last.month, period.last.day, tzinfo=UTC)
    low = int((first - _AROUND).timestamp() * 1000) if low is None else low
    high = int((last + _AROUND).timestamp() * 1000) if high is None else high
    return _compiled(replace(rules, prices=()), period, low, high)  # prices are data: no plan depends on them


@lru_cache(maxsize=64)
def _compiled(rules: Rules, period: Period, low: int, high: int) -> CompiledPlan:
    made = plan(rules, period, offsets(rules.timezone, low, high))
    return CompiledPlan(
        steps=tuple((name, _sql(table)) for name, table in made.steps),
        priced=_sql(made.priced),
        counts=_sql(made.counts),
        span=_sql(made.span),
        ledger=_sql(made.ledger),
        low=low,
        high=high,
    )


def _sql(table: ir.Table) -> str:
    # The translator alone: Ibis's DuckDB backend around it would cost its import and a connection.
    text: str = DuckDBCompiler().to_sqlglot(table).sql("duckdb")
    return text


def prepare(
    engine: DuckEngine, compiled: CompiledPlan, rules: Rules, period: Period, covered: frozenset[tuple[str, int]]
) -> tuple[CompiledPlan, tuple[int, int]]:
    """Run a plan up to the ledger.

    Returns
    -------
    compiled : CompiledPlan
        The plan to go on with: another one where the data reach beyond the span of the first.
    counted : (int, int)
        Operations and statement rows of the period.
    """
    engine.run(compiled.steps)
    ((low, high),) = engine.query(compiled.span)
    if low is not None and not (compiled.low <= low and high <= compiled.high):
        compiled = compile_plan(rules, period, min(low, compiled.low), max(high, compiled.high))
    there, whole = coverage_rows(covered, period)
    engine.fill(COVERED.get_name(), COVERED.schema().to_pyarrow(), there)
    engine.fill(COMPLETE.get_name(), COMPLETE.schema().to_pyarrow(), whole)
    wanted = [(site, day) for site, day in engine.query(compiled.priced)] if rules.prices else []
    engine.fill(PRICES.get_name(), PRICES.schema().to_pyarrow(), price_rows(rules.prices, wanted))
    ((ours, theirs),) = engine.query(compiled.counts)
    return compiled, (ours or 0, theirs or 0)
