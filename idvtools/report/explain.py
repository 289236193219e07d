"""Why one operation is billed, not billed or undecidable: one screen, with file and line of each piece."""

from __future__ import annotations

import html
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow.compute as pc
import pyarrow.parquet as pq

from idvtools.errors import InputError
from idvtools.ledger.columns import LEDGER_SCHEMA
from idvtools.privacy import scrub
from idvtools.report.model import Lang, Summary, money
from idvtools.report.text import BUCKETS, REASONS, Text, term

_LISTED = 8
_PIECES = 6  # with the group they fill one screen

_VERDICTS = {
    True: Text("应计费", "BILLED"),
    False: Text("不计费", "NOT BILLED"),
    None: Text("无法判定", "UNDECIDABLE"),
}


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of evidence on an operation: what it is, when (UTC), what it says, where it stands."""

    kind: str
    when: datetime | None
    says: str
    file: str
    line: int


@dataclass(frozen=True)
class Explanation:
    """The answer for one operation; prints as text, shows as HTML in a notebook.

    `row` is its line of the ledger, `group` the operations that compete with it, in order of time.
    """

    row: dict[str, Any]
    group: tuple[dict[str, Any], ...]
    pieces: tuple[Piece, ...]
    timezone: str
    currency: str | None
    lang: Lang

    @property
    def verdict(self) -> bool | None:
        """The verdict: billed, not billed, or None where it cannot be decided."""
        value: bool | None = self.row["billable"]
        return value

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _repr_html_(self) -> str:
        return f"<pre style='line-height:1.35'>{html.escape(str(self))}</pre>"

    def _wall(self, when: datetime | None) -> str:
        if when is None:
            return "-" * 23
        return when.astimezone(ZoneInfo(self.timezone)).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]

    def _lines(self) -> list[str]:
        row, say = self.row, self.lang
        lines = [
            f"{row['op_id'] or '-'}   {row['app_id'] or '?'} / {row['site'] or '?'} / bizNo {row['biz_no'] or '-'}"
        ]
        if row["reason"] is None:
            lines.append(Text("仅在对账单中", "ONLY IN THE STATEMENT").show(say))
        else:
            verdict = _VERDICTS[row["billable"]].show(say)
            lines.append(f"=> {verdict}: {row['reason']}")
            lines.append(f"   {term(REASONS, row['reason']).meaning.show(say, chr(10) + '   ')}")
        if row["winner_op_id"]:
            lines.append(Text("   当日计费的操作：", "   billed instead: ").show(say) + row["winner_op_id"])
        lines += ["", *self._facts(), "", Text("证据", "evidence").show(say) + f"  ({self.timezone})"]
        width = max((len(p.kind) for p in self.pieces), default=0)
        told = self._told()
        for piece, places in told[:_PIECES]:
            more = (
                Text(f" 及另 {len(places) - 2} 处", f" and {len(places) - 2} more").show(say) if len(places) > 2 else ""
            )
            times = f"  (x{len(places)})" if len(places) > 1 else ""
            lines.append(f"  {self._wall(piece.when)}  {piece.kind:<{width}}  {piece.says}{times}")
            lines.append(f"  {'':23}  {'':<{width}}  {', '.join(places[:2])}{more}")
        if len(told) > _PIECES:
            rest = len(told) - _PIECES
            lines.append("  … " + Text(f"另有 {rest} 项", f"{rest} more").show(say))
        if self.group:
            lines += ["", *self._group_lines()]
        return lines

    def _told(self) -> list[tuple[Piece, list[str]]]:
        """Pieces that say the same thing as one, at the time of the first, with all their places."""
        folded: dict[tuple[str, str], tuple[Piece, list[str]]] = {}
        for piece in self.pieces:
            folded.setdefault((piece.kind, piece.says), (piece, []))[1].append(f"{piece.file}:{piece.line}")
        return list(folded.values())

    def _facts(self) -> list[str]:
        row, say = self.row, self.lang
        unit = f" {self.currency}" if self.currency else ""
        status = "-" if row["status"] is None else f"{row['status']} {row['status_name'] or '?'}"
        yes = {True: "Y", False: "N", None: "?"}
        ours = "-" if row["amount_ours"] is None else money(row["amount_ours"]) + unit
        theirs = "-" if row["amount_vendor"] is None else money(row["amount_vendor"]) + unit
        pairs = [
            (Text("人员", "subject"), row["subject"] or Text("未知", "unknown").show(say)),
            (
                Text("时间", "clock"),
                f"{self._wall(row['clock'])}  ({row['clock_source'] or '-'})  day {row['day'] or '?'}",
            ),
            (Text("状态", "status"), f"{status}  effective {yes[row['effective']]}  ({row['status_source'] or '-'})"),
            (Text("金额", "amounts"), f"ours {ours}  vendor {theirs}"),
        ]
        if row["bucket"]:
            pairs.append((Text("归类", "bucket"), f"{row['bucket']}  {term(BUCKETS, row['bucket']).name.zh}"))
        if row["differing_fields"]:
            pairs.append((Text("差异", "differs"), row["differing_fields"]))
        if row["flags"]:
            pairs.append((Text("标记", "flags"), row["flags"]))
        return [f"  {label.show(say):<14} {value}" for label, value in pairs]

    def _group_lines(self) -> list[str]:
        title = Text("同一 appId + 用户 + site + 日的操作", "operations of the same appId + person + site + day")
        lines = [title.show(self.lang)]
        place = next((i for i, r in enumerate(self.group) if r["op_id"] == self.row["op_id"]), 0)
        start = max(0, min(place - _LISTED // 2, len(self.group) - _LISTED))
        if start:
            lines.append(f"  … {start} earlier")
        for row in self.group[start : start + _LISTED]:
            mark = ">" if row["op_id"] == self.row["op_id"] else " "
            status = "-" if row["status"] is None else row["status"]
            effective = {True: "effective", False: "ineffective", None: "effective ?"}[row["effective"]]
            verdict = {True: "billed", False: "free", None: "undecided"}[row["billable"]]
            lines.append(
                f" {mark}{self._wall(row['clock'])}  {row['op_id']}  {status!s:>4} {effective:<11}  {verdict}"
                f" ({row['reason']})"
            )
        if (rest := len(self.group) - start - _LISTED) > 0:
            lines.append(f"  … {rest} later")
        return lines


def explain(ledger: Path, op_id: str, pieces: list[Piece], summary: Summary, lang: Lang) -> Explanation:
    """Explain one operation of a written ledger.

    Raises
    ------
    InputError
        The ledger has no such operation.
    """
    rows = pq.read_table(ledger, filters=[("op_id", "=", op_id)]).cast(LEDGER_SCHEMA).to_pylist()
    if not rows:
        raise InputError(
            f"no operation {scrub(op_id, 60)!r} between {summary.period_from} and {summary.period_to}: neither our "
            "records nor the statement know it; check the id, and that it is a daId and not a bizNo"
        )
    row = min(rows, key=lambda r: r["bucket"] == "duplicate_in_statement")
    group: list[dict[str, Any]] = []
    key = ("app_id", "subject", "site", "day")
    if all(row[c] is not None for c in key) and row["reason"] not in ("has_children", "billed_with_parent"):
        table = pq.read_table(ledger, filters=[(c, "=", row[c]) for c in key]).cast(LEDGER_SCHEMA)
        table = table.filter(pc.is_valid(table["op_id"]))
        group = [r for r in table.to_pylist() if r["reason"] not in ("has_children", "billed_with_parent", None)]
    return Explanation(row, tuple(group), tuple(pieces), summary.timezone, summary.currency, lang)
