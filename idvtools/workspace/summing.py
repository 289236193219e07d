"""From the written ledger to the summary; both conservation laws are checked here, on every run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa

from idvtools.errors import ConservationError
from idvtools.ledger.columns import BUCKETS
from idvtools.ledger.rules import Period, Rules
from idvtools.records.cache import quoted
from idvtools.records.intake import Intake
from idvtools.report.extras import LISTED, Extras
from idvtools.report.model import (
    Bucket,
    Coverage,
    EvidenceState,
    InputFile,
    Law,
    Notifications,
    Ours,
    Summary,
    VendorSide,
    money,
)
from idvtools.vendors.base import Books
from idvtools.workspace.caveats import caveats
from idvtools.workspace.engine import DuckEngine, amount

#: Operations that have a file in the vault.
_HELD = pa.schema([("op_id", pa.string())])
_SUMS = """select bucket, count(*), sum(amount_ours), sum(amount_vendor), count(*) filter (billable),
    count(*) filter (billable is null and reason is not null), count(*) filter (package_ours),
    count(*) filter (vendor_charge is not null), count(*) filter (vendor_charge),
    count(*) filter (vendor_charge and vendor_package), count(*) filter (reason is not null),
    sum(amount_vendor) filter (reason is not null and billable is null)
    from read_parquet({path}) group by bucket"""


def summarise(
    engine: DuckEngine,
    path: Path,
    intake: Intake,
    rules: Rules,
    vendor: str,
    books: Books,
    period: Period,
    counted: tuple[int, int],
    evidence_names: list[str],
    now: datetime,
    version: str,
) -> Summary:
    """Summarise a written ledger.

    Parameters
    ----------
    counted : (int, int)
        Operations and statement rows of the period, counted before they were matched.
    evidence_names : list of str
        Names of the files in the vault.

    Raises
    ------
    ConservationError
        A row or an amount got lost on the way: a bug.
    """
    file = quoted(path)
    sums = {row[0]: row[1:] for row in engine.query(_SUMS.format(path=file))}
    buckets = {}
    for name in BUCKETS:
        rows, ours, theirs = sums[name][:3] if name in sums else (0, None, None)
        buckets[name] = Bucket(rows, amount(ours), amount(theirs), amount(theirs) - amount(ours))
    inside = [s for name, s in sums.items() if name is not None]
    failures = sums.get(None, (0,))[0]
    billable, undecidable, packages, listed, charged, taken, judged = (sum(s[i] for s in inside) for i in range(3, 10))
    ours_total = sum((amount(s[1]) for s in inside), Decimal("0.00"))
    vendor_total = sum((amount(s[2]) for s in inside), Decimal("0.00"))
    laws = _laws(buckets, counted, (judged, listed), ours_total, vendor_total)
    coverage = _coverage(engine, intake, period, file)
    return Summary(
        vendor=vendor,
        period_from=period.first,
        period_to=period.last,
        timezone=rules.timezone,
        generated_at=now,
        tool_version=version,
        currency=rules.currency,
        inputs=_inputs(intake),
        operations=counted[0],
        start_failures=failures,
        ours=Ours(billable, undecidable, packages, ours_total),
        statement=VendorSide(counted[1], charged, taken, vendor_total),
        difference=vendor_total - ours_total,
        undecided_amount=sum((amount(s[10]) for s in inside), Decimal("0.00")),
        buckets=buckets,
        coverage=coverage,
        notifications=Notifications(**intake.notifications),
        evidence=_evidence(engine, rules, books, evidence_names, now, file),
        laws=laws,
        caveats=tuple(caveats(intake, engine, rules, coverage, file)),
        assumptions={
            "clock": "request, else da_id",
            "timezone": rules.timezone,
            "key": "app_id + subject + site + day",
            "status_table_edition": "all",
            "fallback_status": rules.fallback_status,
            "n_in_one": rules.n_in_one,
        },
    )


def _laws(
    buckets: Mapping[str, Bucket],
    counted: tuple[int, int],
    placed: tuple[int, int],
    ours: Decimal,
    theirs: Decimal,
) -> tuple[Law, ...]:
    difference = sum((b.difference for b in buckets.values()), Decimal("0.00"))
    pairs = [
        ("operations in = operations over all buckets", counted[0], placed[0]),
        ("statement rows in = statement rows over all buckets", counted[1], placed[1]),
        ("vendor amount - our amount = differences over all buckets", theirs - ours, difference),
    ]
    laws = tuple(
        Law(
            name, money(a) if isinstance(a, Decimal) else str(a), money(b) if isinstance(b, Decimal) else str(b), a == b
        )
        for name, a, b in pairs
    )
    for law in laws:
        if not law.holds:
            raise ConservationError(
                f"{law.name}: {law.left} is not {law.right}; this is a bug in idvtools, nothing was written"
            )
    return laws


def _inputs(intake: Intake) -> tuple[InputFile, ...]:
    context, rejected = intake.context, intake.rejected()
    return tuple(
        InputFile(s.name, context.rows[s.name], rejected.get(s.name, 0), intake.sha256[s.name]) for s in intake.sources
    )


def _coverage(engine: DuckEngine, intake: Intake, period: Period, file: str) -> Coverage:
    """Files that an app with anything in the period should have, and has not."""
    days = period.days()
    apps = [a for (a,) in engine.query(f"select distinct app_id from read_parquet({file}) where app_id is not null")]
    zero = date(1970, 1, 1)
    missing = sorted((day, app) for app in apps for day in days if (app, (day - zero).days) not in intake.covered)
    return Coverage(
        days_expected=len(days),
        days_missing=tuple(sorted({day for day, _ in missing})),
        files_missing=tuple((app, day) for day, app in missing),
    )


def _evidence(
    engine: DuckEngine, rules: Rules, books: Books, names: list[str], now: datetime, file: str
) -> EvidenceState:
    """Billed, authorised successes: present in the vault, still to be pulled, or lost.

    A file of the vault belongs to an operation if its name begins with the operation's id, as the
    vendor's own file names do (seed 000, section 6).
    """
    form = re.compile(rf"({books.ids.pattern[1:-1]})(?![0-9A-Za-z-])", re.ASCII)
    held = sorted({match[1] for match in map(form.match, names) if match})
    engine.fill("held", _HELD, [(op_id,) for op_id in held])
    codes = ", ".join(str(s.code) for s in rules.statuses if s.success)
    limit = int((now - timedelta(days=books.evidence_days)).timestamp() * 1000)
    ((needed, present, due),) = engine.query(
        f"""select count(*), count(*) filter (here), count(*) filter (not here and ms >= ?) from (
        select op_id in (select op_id from held) as here, epoch_ms(coalesce(clock, authorized_at)) as ms
        from read_parquet({file}) where billable and authorized_at is not null and status in ({codes}))""",
        limit,
    )
    return EvidenceState(needed, present, due, needed - present - due)


def extras(engine: DuckEngine, path: Path, intake: Intake) -> Extras:
    """What the reports list beside the breaks."""
    rows = engine.query(
        f"""select reason, count(*), sum(amount_vendor) from read_parquet({quoted(path)})
        where billable is null and reason is not null group by reason order by 2 desc, 1"""
    )
    table, listed = intake.refused, intake.rejects(LISTED)
    file = pa.DictionaryArray.from_arrays(
        table["file_id"].combine_chunks().cast(pa.int32()), pa.array(intake.file_names(), pa.string())
    )
    return Extras(
        reasons={reason: (count, amount(stake)) for reason, count, stake in rows},
        refused=table.select(["received_at", "op_id", "app_id", "event"])
        .append_column("file", file.cast(pa.string()))
        .append_column("line", table["line"]),
        rejects=[(r["file"], r["line"], r["reason"]) for r in listed.to_pylist()],
        more_rejects=sum(intake.rejected().values()) - len(listed),
    )
