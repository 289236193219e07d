"""Titles, headings and short labels of the reports, in Chinese and English."""

from __future__ import annotations

from typing import Final

from idvtools.report.text import Text, texts

#: Titles, headings and short labels.
LABELS: Final = texts(
    ("title", "对账报告", "Reconciliation report"),
    ("summary", "汇总", "Summary"),
    ("buckets", "核对结果", "Results"),
    ("breaks", "差异明细", "Breaks"),
    ("method", "口径与方法", "Method"),
    ("refused_sheet", "未采信记录", "Refused"),
    ("vendor", "供应商", "Vendor"),
    ("period", "账期", "Period"),
    ("timezone", "时区", "Time zone"),
    ("generated", "生成时间", "Generated"),
    ("version", "程序版本", "Program version"),
    ("caveats", "重要提示", "Read before using the figures"),
    ("item", "项目", "Item"),
    ("amount", "金额", "Amount"),
    ("value", "数值", "Value"),
    ("note", "说明", "Note"),
    ("amounts", "金额", "Amounts"),
    ("amount_vendor", "供应商应收", "Vendor charges"),
    ("amount_vendor_note", "按对账单计费标志与单价", "by the statement's charge flags and the unit prices"),
    ("amount_ours", "我方应付", "Payable by our records"),
    ("amount_ours_note", "按计费规则与单价核算", "by the billing rule and the unit prices"),
    ("difference", "差额（应收－应付）", "Difference (vendor − ours)"),
    ("difference_note", "正数为供应商多收，负数为少收", "positive: the vendor charges more; negative: less"),
    ("break_amount", "其中：差异明细", "of which breaks"),
    ("break_amount_note", "六类差异的差额之和", "the six kinds of breaks together"),
    ("missing_amount", "其中：对账单缺失，未核对", "of which not compared (no statement)"),
    ("missing_amount_note", "对账单到齐后再核对", "to be compared once the statement is there"),
    ("undecided", "其中：无法判定", "of which undecidable"),
    ("undecided_note", "供应商已收而我方资料不足以判定的金额",
     "charged by the vendor where our records cannot tell"),
    ("no_price", "未设单价，无法计算金额", "no unit price is set, so there are no amounts"),
    ("counts", "笔数", "Counts"),
    ("operations", "我方操作", "Our operations"),
    ("start_failures", "发起失败（不计费）", "Failed starts (never billed)"),
    ("billable", "应计费", "Billable"),
    ("undecidable", "无法判定", "Undecidable"),
    ("packages_ours", "套餐扣减，我方", "Package units, ours"),
    ("statement_rows", "对账单行数", "Statement rows"),
    ("charged", "供应商已计费", "Charged by the vendor"),
    ("packages_vendor", "套餐扣减，供应商", "Package units, vendor"),
    ("break_rows", "差异笔数", "Breaks"),
    ("coverage", "对账单覆盖", "Statement coverage"),
    ("days_expected", "账期天数", "Days in the period"),
    ("days_missing", "缺对账单的天数", "Days without a statement"),
    ("files_missing", "缺失的对账单文件", "Statement files missing"),
    ("notifications", "状态通知", "Notifications"),
    ("received", "收到", "Received"),
    ("accepted", "采信", "Accepted"),
    ("duplicates", "其中：重复", "of these, duplicates"),
    ("unchecked", "其中：未验签", "of these, unchecked"),
    ("failed_check", "验签不符，不采信", "Check failed, ignored"),
    ("notifications_coverage", "通知与覆盖", "Notifications and coverage"),
    ("difference_short", "差额", "Difference"),
    ("evidence", "证据留存", "Evidence"),
    ("needed", "应留存", "Needed"),
    ("present", "已入库", "In the vault"),
    ("due_soon", "待拉取", "To be pulled"),
    ("lost", "已逾期，无法拉取", "Lost, past the time limit"),
    ("pull_today", "份证据须尽快拉取，逾期将无法取得", "evidence files to pull now, before their time limit"),
    (
        "lost_today",
        "份证据不在 evidence/ 中，且已过供应商保留期限",
        "evidence files are not in evidence/ and past the vendor's time limit",
    ),
    ("rows", "笔数", "Rows"),
    ("share", "各类笔数占比", "Share of rows"),
    ("meaning", "说明", "Meaning"),
    ("total", "合计", "Total"),
    ("total_ok", "与汇总差额勾稽相符", "The total equals the difference in the summary"),
    ("total_bad", "与汇总差额不符", "The total does not equal the difference in the summary"),
    ("causes", "差异原因", "Causes"),
    ("causes_note", "逐一改变一项假设后与供应商一致的笔数与金额",
     "breaks that vanish when this one assumption is changed"),
    ("reasons", "无法判定的原因", "Undecidable, by reason"),
    ("no_breaks", "本期无差异。", "No breaks in this period."),
    ("no_undecidable", "本期没有无法判定的操作。", "Nothing is undecidable in this period."),
    ("refused", "验签不符的通知", "Notifications that failed their check"),
    ("rejects", "无法读取的行", "Lines that could not be read"),
    ("received_at", "收到时间", "Received"),
    ("event", "事件", "Event"),
    ("file", "文件", "File"),
    ("line", "行号", "Line"),
    ("why", "原因", "Reason"),
    ("laws", "勾稽核验", "Conservation laws"),
    ("law", "勾稽关系", "Law"),
    ("left", "左侧", "Left side"),
    ("right", "右侧", "Right side"),
    ("holds", "相符", "Holds"),
    ("assumptions", "本次采用的口径", "Assumptions of this run"),
    ("inputs", "输入文件", "Input files"),
    ("file_rows", "行数", "Rows"),
    ("rejected", "未能读取", "Rejected"),
    ("operation", "操作", "Operation"),
    ("when", "计费日 / 发起时间", "Billing day / request time"),
    ("app_site", "接入方 / 数据类型", "App / data type"),
    ("statuses", "状态：我方 → 供应商", "Status: ours → vendor"),
    ("charges", "应计费 → 已计费", "Billable → charged"),
    ("detail", "依据与原因", "Reason and cause"),
    ("statement_place", "对账单位置", "Place in the statement"),
    ("billed_instead", "已计费", "billed"),
)  # fmt: skip


def left_out(shown: int, total: int, rest: Text) -> Text:
    """The line under a list that was cut: how many rows it shows, and where the `rest` stand.

    Examples
    --------
    >>> left_out(500, 1234, Text("见 breaks.csv", "stand in breaks.csv")).en
    '500 of 1,234 rows are shown; the other 734 stand in breaks.csv.'
    """
    more = total - shown
    return Text(
        f"共 {total:,} 行，此处列 {shown:,} 行；其余 {more:,} 行{rest.zh}。",
        f"{shown:,} of {total:,} rows are shown; the other {more:,} {rest.en}.",
    )
