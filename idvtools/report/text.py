"""The field's terms in Chinese and English: columns, buckets, reasons, causes. One catalogue for all renderers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from idvtools.report.model import Lang

# What neither XML nor HTML may hold: C0 controls but TAB, LF, CR; lone surrogates; the two non-characters.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Text:
    """One thing said in both languages."""

    zh: str
    en: str

    def show(self, lang: Lang, sep: str = " ") -> str:
        """The text in `lang`; for ``both`` Chinese first, English behind `sep`.

        Examples
        --------
        >>> Text("差额", "Difference").show("both")
        '差额 Difference'
        >>> Text("SHA-256", "SHA-256").show("both")
        'SHA-256'
        """
        if lang == "zh" or (lang == "both" and self.zh == self.en):
            return self.zh
        return self.en if lang == "en" else f"{self.zh}{sep}{self.en}"


@dataclass(frozen=True, slots=True)
class Term:
    """A name of the field, and what it means in one sentence."""

    name: Text
    meaning: Text


def printable(text: str) -> str:
    """`text` with every character that XML and HTML forbid replaced by U+FFFD.

    Examples
    --------
    >>> printable("a" + chr(0) + "b")
    'a\ufffdb'
    """
    return _ILLEGAL.sub("\ufffd", text)


def text(catalogue: Mapping[str, Text], code: str) -> Text:
    """The text of `code`; a code that the catalogue lacks stands for itself."""
    return catalogue.get(code, Text(code, code))


def term(catalogue: Mapping[str, Term], code: str) -> Term:
    """The term of `code`; a code that the catalogue lacks stands for itself.

    Examples
    --------
    >>> term(BUCKETS, "overbilled").name.zh
    '多计'
    >>> term(CAUSES, "a_new_cause").name.en
    'a_new_cause'
    """
    found = catalogue.get(code)
    return found if found is not None else Term(Text(code, code), Text("", ""))


def _terms(*rows: tuple[str, str, str, str, str]) -> Mapping[str, Term]:
    return MappingProxyType({code: Term(Text(zh, en), Text(zh2, en2)) for code, zh, en, zh2, en2 in rows})


def texts(*rows: tuple[str, str, str]) -> Mapping[str, Text]:
    """A catalogue from rows of code, Chinese, English."""
    return MappingProxyType({code: Text(zh, en) for code, zh, en in rows})


#: Headings of the ledger's columns, and of `difference`, which the reports add.
COLUMNS: Final = texts(
    ("op_id", "操作号", "Operation id"),
    ("parent_op_id", "父操作号", "Parent operation"),
    ("app_id", "接入方 appId", "App id"),
    ("biz_no", "业务编号", "Business no."),
    ("site", "数据类型 site", "Data type (site)"),
    ("subject", "用户代号（去标识）", "User (pseudonym)"),
    ("day", "计费日", "Billing day"),
    ("clock", "发起时间", "Request time"),
    ("clock_source", "发起时间来源", "Request time from"),
    ("da_id_time", "操作号所含时间", "Time in the id"),
    ("status", "我方状态码", "Our status"),
    ("status_name", "我方状态名称", "Our status, name"),
    ("status_source", "状态来源", "Status from"),
    ("sub_status", "我方子状态", "Our sub-status"),
    ("final", "终态", "Final"),
    ("effective", "有效操作", "Effective"),
    ("json_result", "解析结果码", "Parse result"),
    ("authorized_at", "授权时间", "Authorised at"),
    ("flags", "标记", "Flags"),
    ("billable", "应计费", "Billable"),
    ("reason", "判定依据", "Reason"),
    ("winner_op_id", "当日已计费操作号", "Operation billed instead"),
    ("amount_ours", "我方应付", "Ours"),
    ("package_ours", "我方套餐扣减", "Package unit, ours"),
    ("statement_file", "对账单文件", "Statement file"),
    ("statement_line", "对账单行号", "Statement line"),
    ("vendor_status", "供应商状态码", "Vendor's status"),
    ("vendor_sub_status", "供应商子状态", "Vendor's sub-status"),
    ("vendor_charge", "供应商计费", "Charged by vendor"),
    ("vendor_package", "供应商套餐扣减", "Package unit, vendor"),
    ("vendor_create_time", "供应商创建时间", "Vendor's create time"),
    ("amount_vendor", "供应商应收", "Vendor's"),
    ("bucket", "核对结果", "Result"),
    ("severity", "级别", "Severity"),
    ("cause", "差异原因", "Cause"),
    ("differing_fields", "不符字段", "Fields that differ"),
    ("period_shift", "跨期", "Period shift"),
    ("source_file", "我方记录文件", "Our record, file"),
    ("source_line", "我方记录行号", "Our record, line"),
    ("difference", "差额（应收－应付）", "Difference (vendor − ours)"),
)

#: The nine buckets of billing.md section 5.
BUCKETS: Final = _terms(
    ("duplicate_in_statement", "对账单重复行", "Duplicate in statement",
     "同一操作号在对账单中再次出现；每个操作号只取首行参与核对，其余各行列于此。",
     "The same operation stands in the statement again; its first row is compared, every further row is listed here."),
    ("only_in_statement", "供应商单边", "Only in statement",
     "对账单列有此笔，我方无任何记录。", "The vendor lists it; we have no record of such an operation."),
    ("only_in_ours", "我方单边", "Only in our records",
     "我方有此笔，当日对账单已到，但对账单未列。",
     "We have it and that day's statement is there, but does not list it."),
    ("statement_missing", "对账单缺失", "Statement missing",
     "所属日期的对账单未到，暂不能核对；属覆盖问题，不计作差异。",
     "The statement of its day is not there, so it cannot be compared yet: a gap in coverage, not a break."),
    ("undecidable", "无法判定", "Undecidable",
     "现有资料不足以判定应否计费；供应商应收金额单列，不视为免费。",
     "Our records do not tell whether it is billable; what the vendor charges is shown apart, never taken as free."),
    ("overbilled", "多计", "Overbilled",
     "供应商已计费，按规则不应计费。", "The vendor charged it; by the rule it is free."),
    ("underbilled", "少计", "Underbilled",
     "供应商未计费，按规则应计费。", "The vendor did not charge it; by the rule it is billable."),
    ("fields_differ", "要素不符", "Fields differ",
     "计费结论一致，但状态、数据类型、接入方或业务编号等要素不同。",
     "Both sides agree on the charge, but not on status, data type, app or business number."),
    ("matched", "核对一致", "Matched", "双方计费结论与各要素均一致。",
     "Both sides agree on the charge and on every field."),
)  # fmt: skip

#: Why an operation is billable, is not, or cannot be decided (billing.md section 3).
REASONS: Final = _terms(
    ("first_effective", "当日首次有效", "First effective",
     "该用户当日在该数据类型下的首次有效操作，应计费。",
     "The user's first effective operation for this data type on this day: billed."),
    ("repeat_same_day", "当日重复", "Repeat on the same day",
     "同一接入方、用户、数据类型当日已有有效操作，本笔不再计费。",
     "The same app, user and data type already has an effective operation on this day: free."),
    ("ineffective_status", "无效操作", "Not effective",
     "最终状态按状态码表属无效操作，不计费。", "It ended in a status that the code table calls not effective: free."),
    ("has_children", "由子操作计费", "Billed by its children",
     "多合一操作，费用记在各子操作上，本笔不计费。", "An N-in-one operation; its child operations carry the charge."),
    ("billed_with_parent", "随父操作计费", "Billed with its parent",
     "多合一的子操作，费用已记在父操作上，本笔不计费。",
     "A child of an N-in-one operation; the parent carries the charge."),
    ("start_failed", "发起失败", "Start failed",
     "发起请求被拒，未产生操作，不计费。", "The start request was refused, so there was no operation: free."),
    ("not_final", "尚未结束", "Still running",
     "操作尚未到终态，之后仍可能变为有效。", "The operation has not ended and may still become effective."),
    ("no_status", "缺少状态", "No status",
     "没有收到任何状态通知或查询结果。", "No notification and no poll tells how the operation ended."),
    ("unknown_status", "状态码未知", "Unknown status code",
     "状态码不在码表内，是否有效无从得知。",
     "The code table does not list this status, so nobody can say whether it counts."),
    ("unknown_subject", "用户不明", "Unknown user",
     "缺少请求记录或证件号无法解密，无法判断是否重复。",
     "The request is missing or its id number cannot be decrypted, so repeats cannot be told."),
    ("unknown_day", "日期不明", "Unknown day",
     "没有发起时间，无法确定属于哪一计费日。", "There is no start time, so the billing day is not known."),
    ("earlier_undecided", "前一笔未定", "An earlier one is undecided",
     "当日更早的一笔尚无法判定；若其有效，本笔不计费。",
     "An earlier operation of the day is undecided; if that one counts, this one is free."),
)  # fmt: skip

#: Which other reading of the rule reproduces the vendor's charge (billing.md section 6).
CAUSES: Final = _terms(
    ("clock_create_time", "以创建时间定日", "Day by create time", "按对账单创建时间划分计费日。",
     "The statement's create time decides the day."),
    ("clock_da_id", "以操作号时间定日", "Day by the id's time", "按操作号所含时间划分计费日。",
     "The time inside the operation id decides the day."),
    ("clock_authorized", "以授权时间定日", "Day by authorisation", "按用户授权时间划分计费日。",
     "The time of authorisation decides the day."),
    ("timezone_utc", "以 UTC 定日", "Day in UTC", "按 UTC 而非本地时区划分计费日。", "Days are cut in UTC."),
    ("subject_normalised", "证件号归一", "Id numbers normalised", "证件号经归一（大小写、空格、15/18 位）后再比较。",
     "Id numbers are compared after normalising (case, blanks, 15 or 18 digits)."),
    ("subject_per_app_ignored", "跨接入方合并", "App id ignored", "去重时不区分接入方。",
     "Repeats are looked for across apps."),
    ("status_reported_by_vendor", "以对账单状态为准", "Statement's status", "采用对账单状态而非我方状态。",
     "The statement's status counts instead of ours."),
    ("status_table_edition", "码表版本不同", "Other code table", "采用另一版状态码表。",
     "Another edition of the status table is used."),
    ("no_day_window", "不分自然日", "No day window", "去重不限于同一自然日。",
     "Repeats are looked for beyond one day."),
    ("first_operation_only", "只看首笔", "First operation only", "由当日首笔（无论有效与否）决定是否计费。",
     "The day's very first operation decides, effective or not."),
    ("every_effective", "未去重", "No de-duplication", "每笔有效操作均计费。", "Every effective operation is charged."),
    ("unexplained", "原因不明", "Unexplained", "以上假设均不能解释。", "No assumption above explains it."),
)  # fmt: skip

SEVERITIES: Final = _terms(
    ("money", "涉及金额", "Money", "影响应收应付金额。", "A charge is at stake."),
    ("info", "仅提示", "Info", "不影响金额。", "No charge is at stake."),
)

#: The conservation laws, by the name under which a run states them.
LAWS: Final = texts(
    ("operations in = operations over all buckets", "我方操作笔数＝各类别笔数之和",
     "Operations read = operations over all results"),
    ("statement rows in = statement rows over all buckets", "对账单行数＝各类别行数之和",
     "Statement rows read = statement rows over all results"),
    ("vendor amount - our amount = differences over all buckets", "供应商应收－我方应付＝各类别差额之和",
     "Vendor charges − payable = differences over all results"),
)  # fmt: skip

#: What a run assumed (`Summary.assumptions`).
ASSUMPTIONS: Final = texts(
    ("clock", "计时依据", "Clock"),
    ("timezone", "时区", "Time zone"),
    ("key", "去重口径", "Key of a group"),
    ("status_table_edition", "状态码表版本", "Edition of the status table"),
    ("fallback_status", "缺状态时的替代", "Stand-in for a missing status"),
    ("n_in_one", "多合一计费方式", "Who is billed in an N-in-one"),
)
