"""How the figures came about, in words that both accounts departments can hold each other to."""

from __future__ import annotations

from dataclasses import dataclass

from idvtools.report.model import Summary
from idvtools.report.text import BUCKETS, Text


@dataclass(frozen=True, slots=True)
class Section:
    """One paragraph group of the method: a title and its sentences."""

    title: Text
    lines: tuple[Text, ...]


def method(summary: Summary) -> tuple[Section, ...]:
    """The method section (billing.md sections 1 to 5), with this run's period, zone and counts.

    Parameters
    ----------
    summary : Summary
        The finished run.

    Returns
    -------
    tuple of Section
        In the order in which they are read.
    """
    return (_counted(summary), _rule(summary), _undecided(), _trust(), _buckets(), _laws(), _money(summary))


def _counted(s: Summary) -> Section:
    return Section(
        Text("统计范围", "What was counted"),
        (
            Text(
                f"账期 {s.period_from} 至 {s.period_to}（含首尾两日，{s.timezone}）。",
                f"The period is {s.period_from} to {s.period_to}, both days included, in {s.timezone}.",
            ),
            Text(
                f"我方操作 {s.operations:,} 笔，另有发起失败 {s.start_failures:,} 笔（永不计费）；"
                f"对账单 {s.statement.rows:,} 行，其中供应商已计费 {s.statement.charged:,} 行。",
                f"{s.operations:,} operations of ours, and {s.start_failures:,} starts that failed (never billed); "
                f"{s.statement.rows:,} statement rows, of which the vendor charged {s.statement.charged:,}.",
            ),
            Text(
                "凡见于请求日志、未被拒的通知或状态查询者，即为我方操作。多合一的子操作各为一笔。",
                "An operation is ours if it stands in the request log, in a notification that was not refused, or in a "
                "poll. A child of an N-in-one is an operation of its own.",
            ),
        ),
    )


def _rule(s: Summary) -> Section:
    return Section(
        Text("计费规则", "The billing rule"),
        (
            Text(
                "同一接入方（appId）、同一用户（证件号 idNo）、同一数据类型（site），在同一自然日内只计首次有效操作；"
                "其余操作不论是否有效，一律不计费。",
                "The first effective operation per appId + idNo + site per day is billed; every other one, effective "
                "or not, is free.",
            ),
            Text(
                f"自然日按我方发出 start-vdi 请求的时间、以 {s.timezone} 时区划分；"
                "缺请求时间时取操作号所含时间，并予注明。",
                f"The day is that of our start-vdi request, in {s.timezone}; where it is missing, the time inside the "
                "operation id stands in and the row says so.",
            ),
            Text(
                "证件号按请求中的原文比较，不作归一；报告只列代号，不含证件号。",
                "The idNo is compared exactly as sent. Reports carry a pseudonym only, never the number.",
            ),
            Text("子状态（daSubStatus）不影响计费。", "The sub-status (daSubStatus) never decides."),
        ),
    )


def _undecided() -> Section:
    return Section(
        Text("三值判定", "Three-valued logic"),
        (
            Text(
                "是否有效、应否计费各有三种结论：是、否、无法判定。缺状态、状态码未知、尚未到终态者为无法判定，绝不当作不计费。",
                "Effective and billable are each yes, no or undecidable. No status, an unknown code or an operation "
                "still running is undecidable, and is never turned into “not billed”.",
            ),
            Text(
                "有效且当日此前无有效或未定操作：应计费。此前已有有效操作：不计费。此前有未定操作：无法判定。",
                "Effective with nothing effective or undecided before it that day: billed. After an effective one: "
                "free. After an undecided one: undecidable.",
            ),
        ),
    )


def _trust() -> Section:
    return Section(
        Text("状态采信次序", "Which report of a status is believed"),
        (
            Text(
                "由高到低：签名与摘要均相符的通知；我方状态查询；仅摘要相符的通知；未验签的通知；前端跳转参数。",
                "Highest first: a notification whose hash and signature both hold; our own status poll; a notification "
                "whose hash holds; an unchecked notification; the front-end redirect.",
            ),
            Text(
                "终态优先于非终态；两个终态不同时，取可信者，再取后到者。验签不符的通知一律不采信，仅计数列示。",
                "A final status beats one that is not final; of two final ones the more trusted wins, then the later. "
                "A notification that fails its check is counted and listed, and otherwise ignored.",
            ),
        ),
    )


def _buckets() -> Section:
    names = [term.name for term in BUCKETS.values()]
    return Section(
        Text("归类次序", "Order of the results"),
        (
            Text(
                "对账单先剔除重复行，再按操作号一对一核对。双方每一行只归入下列第一个符合的类别：",
                "Repeated statement rows are set aside, then both sides are joined one to one on the operation id. "
                "Every row of either side lands in exactly one result, the first that fits:",
            ),
            Text(" → ".join(name.zh for name in names), " → ".join(name.en for name in names)),
        ),
    )


def _laws() -> Section:
    return Section(
        Text("两条勾稽关系", "Two conservation laws"),
        (
            Text("笔数：每一方的输入笔数等于各类别笔数之和。",
                 "Rows: on each side, the rows read equal the rows over all results."),
            Text(
                "金额：供应商应收减我方应付，等于各类别差额之和，分毫不差。",
                "Money: what the vendor charges minus what is payable equals the sum of the results' differences, "
                "to the cent.",
            ),
            Text("每次运行均由程序核验；任一不成立即中止，不出报告。",
                 "Both are checked on every run; if one does not hold, the run stops and there is no report."),
        ),
    )  # fmt: skip


def _money(s: Summary) -> Section:
    unit = s.currency or "—"
    return Section(
        Text("金额", "Money"),
        (
            Text(
                f"币种 {unit}。单价按数据类型与计费日取自设置，逐行四舍五入到分后相加，合计不再取整；全程十进制计算。",
                f"Currency {unit}. The unit price is that of the data type and the day. Each row is rounded half-up to "
                "cents once, then summed, so a sum is exact; decimal arithmetic throughout.",
            ),
            Text(
                "计费标志为 N 者为 0；由套餐扣减者金额为 0，另计套餐 1 次。"
                "无法判定者无我方金额，求和按 0 计，供应商应收单列。",
                "A row that is not charged is 0; one taken from a package is 0 and one package unit. An undecidable "
                "row has no amount of ours: it counts 0 in sums, and what the vendor charges on it is shown apart.",
            ),
        ),
    )
