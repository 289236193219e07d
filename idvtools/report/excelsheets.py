"""The small sheets of the workbook: summary, results, method, refused records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from zoneinfo import ZoneInfo

import pyarrow as pa
from openpyxl import Workbook

from idvtools.report.excelstyle import Cell, Look, Sheet
from idvtools.report.extras import LISTED, Extras
from idvtools.report.figures import amounts, counts, total, warnings
from idvtools.report.labels import LABELS, left_out
from idvtools.report.method import method
from idvtools.report.model import Bucket, Lang, Summary
from idvtools.report.text import ASSUMPTIONS, BUCKETS, CAUSES, COLUMNS, LAWS, REASONS, Term, Text, term, text

#: How many input files the method sheet lists.
INPUTS_LISTED = 2_000


class _Writer:
    """What every sheet needs: the words in one language, and amounts that may not exist."""

    def __init__(self, summary: Summary, lang: Lang) -> None:
        self.summary = summary
        self.lang = lang

    def say(self, label: str, sep: str = " ") -> str:
        return LABELS[label].show(self.lang, sep)

    def stacked(self, text: Text) -> str:
        return text.show(self.lang, "\n")

    def money(self, label: str) -> str:
        unit = f" ({self.summary.currency})" if self.summary.currency else ""
        return self.say(label, "\n") + unit

    def amount(self, value: Decimal, look: Look = "amount") -> Cell:
        """An amount, or a dash where no unit price is set."""
        return (value, look) if self.summary.currency else ("—", look)


def add_summary(book: Workbook, summary: Summary, lang: Lang) -> None:
    """The first sheet: what has to be pulled today, caveats, amounts, counts."""
    w, s = _Writer(summary, lang), summary
    sheet = Sheet(book, w.say("summary"), (46, 20, 66), pages=1 if len(s.coverage.files_missing) < 20 else 0)
    sheet.add((f"{w.say('title')} · {s.vendor}", "title"), height=28)
    made = s.generated_at.astimezone(ZoneInfo(s.timezone)).strftime("%Y-%m-%d %H:%M:%S")
    sheet.wide(f"{w.say('period')} {s.period_from} — {s.period_to} ({s.timezone})", "body")
    sheet.wide(f"{w.say('generated')} {made} · idvtools {s.tool_version}", "note")
    if s.caveats or s.evidence.due_soon or s.evidence.lost or not s.currency:
        sheet.gap()
        sheet.wide(w.say("caveats"), "red_head")
        for line in warnings(s):
            sheet.wide(f"• {line.show(lang)}", "red")
    sheet.section(w.money("amounts").replace("\n", " "))
    sheet.add((w.say("item"), "head"), (w.say("amount"), "head_right"), (w.say("note"), "head"))
    for name, value in amounts(s):
        note = w.stacked(LABELS[f"{name}_note"])
        looks: tuple[Look, Look] = ("total", "total_amount") if name == "difference" else ("body", "amount")
        sheet.add((w.say(name), looks[0]), w.amount(value, looks[1]), (note, "note"))
    for title, rows in counts(s):
        sheet.section(w.say(title))
        for name, number in rows:
            sheet.add((w.say(name), "body"), (number, "number"))
    if s.coverage.files_missing:
        sheet.section(w.say("files_missing"))
        for app_id, day in s.coverage.files_missing:
            sheet.add((app_id, "body"), (day, "day"))


def add_buckets(book: Workbook, summary: Summary, extra: Extras, lang: Lang) -> None:
    """The results: one row a bucket, and their total; below, causes and what could not be decided."""
    w = _Writer(summary, lang)
    sheet = Sheet(book, w.say("buckets"), (36, 12, 18, 18, 24, 78, 28), pages=1)
    sheet.add((w.say("buckets"), "title"), height=28)
    heads: list[Cell] = [(w.money(name), "head_right") for name in ("amount_vendor", "amount_ours", "difference")]
    sheet.add(
        (w.say("buckets"), "head"), (w.say("rows", "\n"), "head_right"), *heads,
        (w.say("meaning"), "head"), ("code", "head"),
    )  # fmt: skip
    for name, bucket in summary.buckets.items():
        about = term(BUCKETS, name)
        sheet.add(
            (about.name.show(lang), "body"), *_figures(w, bucket, "number", "amount"),
            (w.stacked(about.meaning), "note"), (name, "code"),
        )  # fmt: skip
    sums = total(summary.buckets)
    good = sums.difference == summary.difference
    sheet.add(
        (w.say("total"), "total"), *_figures(w, sums, "total_number", "total_amount"),
        (w.say("total_ok" if good else "total_bad"), "ok" if good else "red"),
    )  # fmt: skip
    if summary.causes:
        rows = [(n, int(c["rows"]), Decimal(str(c["difference"]))) for n, c in summary.causes.items()]
        _ranked(sheet, w, ("causes", "difference"), CAUSES, rows)
    if extra.reasons:
        _ranked(sheet, w, ("reasons", "amount_vendor"), REASONS, [(n, r, a) for n, (r, a) in extra.reasons.items()])


def _figures(w: _Writer, b: Bucket, number: Look, amount: Look) -> list[Cell]:
    return [(b.rows, number), *(w.amount(value, amount) for value in (b.amount_vendor, b.amount_ours, b.difference))]


def _ranked(
    sheet: Sheet,
    w: _Writer,
    labels: tuple[str, str],
    catalogue: Mapping[str, Term],
    rows: Sequence[tuple[str, int, Decimal]],
) -> None:
    title, label = labels
    sheet.section(w.say(title))

    def under(amount: Cell, empty: Cell | None) -> list[Cell | None]:
        """The amount in the column that has the same heading in the table above."""
        return [empty, empty, amount] if label == "difference" else [amount, empty, empty]

    sheet.add(
        (w.say("item"), "head"), (w.say("rows", "\n"), "head_right"),
        *under((w.money(label), "head_right"), ("", "head")), (w.say("meaning"), "head"), ("code", "head"),
    )  # fmt: skip
    for name, number, value in rows:
        about = term(catalogue, name)
        sheet.add(
            (about.name.show(w.lang), "body"), (number, "number"),
            *under(w.amount(value), None), (w.stacked(about.meaning), "note"), (name, "code"),
        )  # fmt: skip


def add_method(book: Workbook, summary: Summary, lang: Lang) -> None:
    """Rules, laws, assumptions, and every input file with its SHA-256."""
    w = _Writer(summary, lang)
    sheet = Sheet(book, w.say("method"), (30, 96, 14, 14, 70))
    sheet.add((w.say("method"), "title"), height=28)
    for section in method(summary):
        sheet.gap()
        for place, line in enumerate(section.lines):
            title = section.title.show(lang) if place == 0 else ""
            sheet.add((title, "strong"), (w.stacked(line), "body"))
    sheet.section(w.say("laws"))
    sheet.add((w.say("holds"), "head"), (w.say("law"), "head"), *_heads(w, "left", "right"), ("", "head"))
    for law in summary.laws:
        mark: Cell = ("✓", "ok") if law.holds else ("✗", "red")
        sheet.add(mark, (text(LAWS, law.name).show(lang), "body"), (law.left, "amount"), (law.right, "amount"))
    sheet.section(w.say("assumptions"))
    for name, value in summary.assumptions.items():
        sheet.add((text(ASSUMPTIONS, name).show(lang), "body"), (value, "body"))
    sheet.section(w.say("inputs"))
    sheet.add(("", "head"), (w.say("file"), "head"), *_heads(w, "file_rows", "rejected"), ("SHA-256", "head"))
    for file in summary.inputs[:INPUTS_LISTED]:
        sheet.add(None, (file.path, "body"), (file.rows, "number"), (file.rejected, "number"), (file.sha256, "mono"))
    if len(summary.inputs) > INPUTS_LISTED:
        rest = left_out(INPUTS_LISTED, len(summary.inputs), Text("见 summary.json", "stand in summary.json"))
        sheet.add(None, (rest.show(lang), "note"))


def _heads(w: _Writer, *labels: str) -> list[Cell]:
    return [(w.say(label), "head_right") for label in labels]


def add_refused(book: Workbook, summary: Summary, extra: Extras, lang: Lang) -> None:
    """Notifications that failed their check and lines that could not be read; no sheet where there are none."""
    if not extra.refused.num_rows and not extra.rejects:
        return
    w = _Writer(summary, lang)
    sheet = Sheet(book, w.say("refused_sheet"), (24, 34, 14, 24, 50, 10))
    sheet.add((w.say("refused_sheet"), "title"), height=28)
    if extra.refused.num_rows:
        sheet.section(w.say("refused"))
        zoned = f"{w.say('received_at')} ({summary.timezone})"
        heads = [zoned, *(COLUMNS[n].show(lang) for n in ("op_id", "app_id")), w.say("event"), w.say("file")]
        sheet.add(*((head, "head") for head in heads), (w.say("line"), "head_right"))
        for row in extra.refused.slice(0, LISTED).to_pylist():
            at = row["received_at"]
            wall = at.astimezone(ZoneInfo(summary.timezone)).replace(tzinfo=None) if at else None
            texts: list[Cell] = [(row[name], "text") for name in ("op_id", "app_id", "event", "file")]
            sheet.add((wall, "time"), *texts, (row["line"], "count"))
        _more(sheet, extra.refused.num_rows, lang)
    if extra.rejects:
        sheet.section(w.say("rejects"))
        sheet.add((w.say("file"), "head"), ("", "head"), (w.say("line"), "head_right"), (w.say("why"), "head"))
        for file, line, reason in extra.rejects[:LISTED]:
            sheet.add((file, "text"), None, (line, "count"), (reason, "text"))
        _more(sheet, len(extra.rejects) + extra.more_rejects, lang)


def _more(sheet: Sheet, total_rows: int, lang: Lang) -> None:
    if total_rows > LISTED:
        rest = left_out(LISTED, total_rows, Text("未列", "are not listed"))
        sheet.add((rest.show(lang), "text"))


def breaks_note(breaks: pa.Table, shown: int, lang: Lang) -> str:
    """The line above the breaks that says how many there are, and where the rest stand."""
    if breaks.num_rows == 0:
        return LABELS["no_breaks"].show(lang)
    if breaks.num_rows <= shown:
        return Text(f"共 {breaks.num_rows:,} 笔差异", f"{breaks.num_rows:,} breaks").show(lang, " · ")
    rest = Text("见 breaks.csv（含全部）", "stand in breaks.csv, which has them all")
    return left_out(shown, breaks.num_rows, rest).show(lang)
