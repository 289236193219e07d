"""The figures that every renderer shows, in one order and under one name."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from idvtools.ledger.columns import BREAKS
from idvtools.report.labels import LABELS
from idvtools.report.model import Bucket, Summary
from idvtools.report.text import Text


def warnings(summary: Summary) -> list[Text]:
    """What a reader must know before any figure: evidence that runs out first, then the caveats."""
    lines = []
    for name, number in (("pull_today", summary.evidence.due_soon), ("lost_today", summary.evidence.lost)):
        if number:
            lines.append(Text(f"{number:,} {LABELS[name].zh}", f"{number:,} {LABELS[name].en}"))
    if not summary.currency:
        lines.append(LABELS["no_price"])
    return lines + [Text(caveat.zh, caveat.en) for caveat in summary.caveats]


def amounts(summary: Summary) -> tuple[tuple[str, Decimal], ...]:
    """The amounts, by label: vendor, ours, difference, and what the difference is made of."""
    missing = summary.buckets.get("statement_missing")
    return (
        ("amount_vendor", summary.statement.amount),
        ("amount_ours", summary.ours.amount),
        ("difference", summary.difference),
        ("break_amount", sum((b.difference for n, b in summary.buckets.items() if n in BREAKS), Decimal("0.00"))),
        ("undecided", summary.undecided_amount),
        ("missing_amount", missing.difference if missing else Decimal("0.00")),
    )


def counts(summary: Summary) -> tuple[tuple[str, tuple[tuple[str, int], ...]], ...]:
    """The counts, by label of the group and of the count."""
    s, n, e = summary, summary.notifications, summary.evidence
    breaks = sum(bucket.rows for name, bucket in s.buckets.items() if name in BREAKS)
    return (
        (
            "counts",
            (
                ("operations", s.operations),
                ("billable", s.ours.billable),
                ("undecidable", s.ours.undecidable),
                ("start_failures", s.start_failures),
                ("packages_ours", s.ours.packages),
                ("statement_rows", s.statement.rows),
                ("charged", s.statement.charged),
                ("packages_vendor", s.statement.packages),
                ("break_rows", breaks),
            ),
        ),
        (
            "coverage",
            (
                ("days_expected", s.coverage.days_expected),
                ("days_missing", len(s.coverage.days_missing)),
                ("files_missing", len(s.coverage.files_missing)),
            ),
        ),
        (
            "notifications",
            (
                ("received", n.received),
                ("accepted", n.accepted),
                ("duplicates", n.duplicates),
                ("unchecked", n.unchecked),
                ("failed_check", n.failed_check),
            ),
        ),
        (
            "evidence",
            (("needed", e.needed), ("present", e.present), ("due_soon", e.due_soon), ("lost", e.lost)),
        ),
    )


def total(buckets: Mapping[str, Bucket]) -> Bucket:
    """All buckets together: the totals row."""
    every = buckets.values()
    return Bucket(
        sum(b.rows for b in every),
        sum((b.amount_ours for b in every), Decimal("0.00")),
        sum((b.amount_vendor for b in every), Decimal("0.00")),
        sum((b.difference for b in every), Decimal("0.00")),
    )
