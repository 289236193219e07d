"""``reconciliation.html`` for people, and the fragment that a notebook shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from idvtools.report.excelrows import difference
from idvtools.report.extras import LISTED, Extras
from idvtools.report.figures import amounts, counts, total, warnings
from idvtools.report.labels import LABELS, left_out
from idvtools.report.method import method
from idvtools.report.model import Bucket, Lang, Summary
from idvtools.report.text import (
    ASSUMPTIONS,
    BUCKETS,
    CAUSES,
    COLUMNS,
    LAWS,
    REASONS,
    SEVERITIES,
    Term,
    Text,
    printable,
    term,
    text,
)

#: How many breaks, input files and missing files the page lists.
ROWS = 500

#: Which way a result points: the vendor has too much, too little, nobody knows, nothing compared, all well.
_TONES: Mapping[str, str] = MappingProxyType(
    {
        "duplicate_in_statement": "over",
        "only_in_statement": "over",
        "overbilled": "over",
        "only_in_ours": "under",
        "underbilled": "under",
        "undecidable": "open",
        "statement_missing": "gap",
        "fields_differ": "note",
        "matched": "good",
    }
)


def render_html(summary: Summary, breaks: pa.Table, extra: Extras, lang: Lang) -> str:
    """The report as one HTML page that needs nothing else: no script, no font, no address outside.

    Parameters
    ----------
    summary : Summary
        The finished run.
    breaks : pyarrow.Table
        Break rows in the ledger's columns. The page lists the first 500, those with money at stake
        first, otherwise in the order given, and says how many more ``breaks.csv`` has.
    extra : Extras
        Undecidable rows by reason, refused notifications, rejected lines.
    lang : str
        ``zh``, ``en`` or ``both``.

    Returns
    -------
    str
        The page; every text in it that came from a file is escaped.
    """
    shown = _first(breaks)
    refused = [
        {**row, "received_at": _wall(row["received_at"], ZoneInfo(summary.timezone))}
        for row in extra.refused.slice(0, LISTED).to_pylist()
    ]
    return _page(
        "reconciliation.html.j2",
        summary,
        lang,
        breaks=list(_break_rows(shown, summary.timezone)),
        break_total=breaks.num_rows,
        breaks_more=_cut_note(shown.num_rows, breaks.num_rows, "breaks.csv"),
        strip=_strip(summary.buckets),
        causes=[
            Ranked(term(CAUSES, name), int(cause["rows"]), Decimal(str(cause["difference"])))
            for name, cause in summary.causes.items()
        ],
        reasons=[Ranked(term(REASONS, name), rows, stake) for name, (rows, stake) in extra.reasons.items()],
        refused=refused,
        refused_more=_cut_note(len(refused), extra.refused.num_rows),
        rejects=extra.rejects[:LISTED],
        rejects_more=_cut_note(min(LISTED, len(extra.rejects)), len(extra.rejects) + extra.more_rejects),
        method=method(summary),
        laws=[(text(LAWS, law.name), law) for law in summary.laws],
        files_missing=summary.coverage.files_missing[:ROWS],
        files_missing_more=_cut_note(
            min(ROWS, len(summary.coverage.files_missing)), len(summary.coverage.files_missing), "summary.json"
        ),
        inputs=summary.inputs[:ROWS],
        inputs_more=_cut_note(min(ROWS, len(summary.inputs)), len(summary.inputs), "summary.json"),
    )


def summary_html(summary: Summary, lang: Lang) -> str:
    """The summary as a small fragment for ``_repr_html_``: inline styles only, no script.

    Colours are taken from the page around it, so it reads in a dark notebook too.

    Parameters
    ----------
    summary : Summary
        The finished run.
    lang : str
        ``zh``, ``en`` or ``both``.
    """
    return _page("summary.html.j2", summary, lang)


@dataclass(frozen=True, slots=True)
class Ranked:
    """A cause or a reason with its rows and the amount that hangs on it."""

    about: Term
    rows: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class BucketRow:
    """A bucket with what the page draws for it: its tone, and a bar left or right of zero in percent."""

    about: Term
    tone: str
    figures: Bucket
    bar: float


@dataclass(frozen=True, slots=True)
class Segment:
    """A bucket's part of the bar over all rows; left edge and width in percent."""

    about: Term
    tone: str
    rows: int
    left: float
    width: float


def _page(template: str, summary: Summary, lang: Lang, **more: Any) -> str:
    def say(text: str | Text) -> Markup:
        """Both languages as markup: the English part can be set smaller."""
        words = LABELS[text] if isinstance(text, str) else text
        if lang != "both" or words.zh == words.en:
            return escape(printable(words.show(lang)))
        return Markup('{}<span class="en" lang="en"> {}</span>').format(printable(words.zh), printable(words.en))

    def money(value: Decimal | None, sign: bool = False) -> str:
        if value is None or not summary.currency:
            return "—"
        return f"{value:+,.2f}" if sign and value else f"{value:,.2f}"

    environment = Environment(
        loader=PackageLoader("idvtools.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_clean,
    )
    return environment.get_template(template).render(
        s=summary,
        lang=lang,
        html_lang="en" if lang == "en" else "zh-CN",
        say=say,
        money=money,
        made=f"{_wall(summary.generated_at, ZoneInfo(summary.timezone))} ({summary.timezone})",
        warnings=warnings(summary),
        amounts=dict(amounts(summary)),
        counts=counts(summary),
        buckets=_bucket_rows(summary),
        total=total(summary.buckets),
        columns=COLUMNS,
        assumptions=[(text(ASSUMPTIONS, name), value) for name, value in summary.assumptions.items()],
        **more,
    )


def _clean(value: Any) -> Any:
    """Autoescaping lets control characters through; a page must not hold them."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _bucket_rows(summary: Summary) -> list[BucketRow]:
    longest = max((abs(b.difference) for b in summary.buckets.values()), default=Decimal(0)) or Decimal(1)
    rows = []
    for name, bucket in summary.buckets.items():
        bar = float(round(bucket.difference / longest * 50, 2))
        rows.append(BucketRow(term(BUCKETS, name), _TONES.get(name, "note"), bucket, bar))
    return rows


def _strip(buckets: Mapping[str, Bucket]) -> list[Segment]:
    """The bar over all rows, matched ones first."""
    every, left = sum(b.rows for b in buckets.values()), 0
    segments = []
    for name in reversed(list(buckets)):
        if rows := buckets[name].rows:
            start, width = round(100 * left / every, 3), round(100 * rows / every, 3)
            segments.append(Segment(term(BUCKETS, name), _TONES.get(name, "note"), rows, start, width))
            left += rows
    return segments


def _first(breaks: pa.Table) -> pa.Table:
    """The rows that the page lists: money first, else as given."""
    money = pc.fill_null(pc.equal(breaks["severity"], "money"), False)
    places = [pc.indices_nonzero(mask) for mask in (money, pc.invert(money))]
    return breaks.take(pa.concat_arrays(places)[:ROWS])


def _break_rows(breaks: pa.Table, zone: str) -> Iterator[dict[str, Any]]:
    shown, zone_info = breaks.append_column("difference", difference(breaks)), ZoneInfo(zone)
    for row in shown.to_pylist():
        wall = _wall(row["clock"], zone_info)
        day = row["day"].isoformat() if row["day"] else ""
        yield row | {
            "tone": _TONES.get(row["bucket"], "note"),
            "bucket": term(BUCKETS, row["bucket"] or "").name,
            "severity": None if row["severity"] == "money" else term(SEVERITIES, row["severity"] or "").name,
            "reason": term(REASONS, row["reason"] or "").name,
            "cause": _cause(row["cause"]),
            "day": day,
            "time": wall.removeprefix(f"{day} "),
            "charged": _yes_no(row["vendor_charge"]),
            "billable": _yes_no(row["billable"]),
        }


def _cause(code: str | None) -> Text | None:
    name = term(CAUSES, code).name if code else None
    return Text(f"差异原因：{name.zh}", f"cause: {name.en}") if name else None


def _wall(at: Any, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S") if at else ""


def _yes_no(value: bool | None) -> str:
    return "—" if value is None else "Y" if value else "N"


def _cut_note(shown: int, every: int, where: str = "") -> Text | None:
    if shown >= every:
        return None
    return left_out(shown, every, Text(f"见 {where}", f"stand in {where}") if where else Text("未列", "are not listed"))
