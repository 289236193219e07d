"""What a reader must know before trusting a figure."""

from __future__ import annotations

from collections.abc import Iterator

from idvtools.ledger.rules import Rules
from idvtools.records.intake import Intake
from idvtools.report.model import Caveat, Coverage
from idvtools.workspace.engine import DuckEngine

#: Notes that readers count, and what each means; `{n}` is the count.
_NOTES: dict[str, tuple[str, str]] = {
    "naive_time": (
        "{n} request time(s) carry no offset and were read in the workspace's zone",
        "{n} 条请求时间不带时区，按工作区时区解释",
    ),
    "unread_time": (
        "{n} request time(s) could not be read; the daId's own time stands in for them",
        "{n} 条请求时间无法识别，改用 daId 自带时间",
    ),
    "statement_time_unread": (
        "{n} statement row(s) have no readable create_time; the file's day stands in for it",
        "{n} 条对账单记录的 create_time 无法识别，改用文件日期",
    ),
    "statement_status_unread": (
        "{n} statement row(s) have a da_status that is not a number",
        "{n} 条对账单记录的 da_status 不是数字",
    ),
    "log_grew": (
        "{n} log(s) grew while they were read; what was written later is not part of this run",
        "{n} 个日志在读取过程中仍在增长，之后写入的内容不在本次结果内",
    ),
    "statement_copy": (
        "{n} statement file(s) are copies of another one and were left out",
        "{n} 个对账单文件是其他文件的副本，已忽略",
    ),
    "statement_column_missing": (
        "{n} spare column(s) are missing in statement files; nothing is decided by them",
        "对账单文件缺少 {n} 个不影响判定的列",
    ),
}


def caveats(intake: Intake, engine: DuckEngine, rules: Rules, coverage: Coverage, path: str) -> Iterator[Caveat]:
    """All caveats of a run, the gravest first.

    Parameters
    ----------
    path
        The written ledger, quoted for SQL.
    """
    yield from _checks(intake, engine)
    if rejected := sum(intake.rejected().values()):
        yield Caveat(
            f"{rejected} line(s) could not be read; they are listed in rejects.jsonl and counted nowhere else",
            f"{rejected} 行无法读取，已列入 rejects.jsonl，未计入任何结果",
        )
    if coverage.files_missing:
        days = len(coverage.days_missing)
        yield Caveat(
            f"statement files are missing: {len(coverage.files_missing)} file(s) on {days} day(s)",
            f"缺少对账单文件 {len(coverage.files_missing)} 个，涉及 {days} 天",
        )
    (row,) = engine.query(
        f"""select count(*) filter (reason = 'unknown_subject'), count(*) filter (op_id is not null and day is null
        and reason is not null), count(*) filter (flags like '%no_answer%'), count(*) filter (flags like
        '%contradictory_requests%'), count(*) filter ((billable and amount_ours is null) or (vendor_charge and not
        vendor_package and amount_vendor is null)), count(*) filter (period_shift),
        count(*) filter (flags like '%not_in_requests%' and parent_op_id is null) from read_parquet({path})"""
    )
    for count, en, zh in zip(row, _COUNTED_EN, _COUNTED_ZH, strict=True):
        if count:
            yield Caveat(en.format(n=count), zh.format(n=count))
    for name, (en, zh) in _NOTES.items():
        if count := intake.context.notes[name]:
            yield Caveat(en.format(n=count), zh.format(n=count))
    if intake.passed_over:
        names = ", ".join(intake.passed_over[:5]) + (" …" if len(intake.passed_over) > 5 else "")
        yield Caveat(f"files of an unknown kind were passed over: {names}", f"以下文件类型未知，未读取：{names}")


_COUNTED_EN = (
    "{n} operation(s) cannot be judged because nobody knows whose they are (no request, or no key fits)",
    "{n} operation(s) have no day at all; they are shown in every period that is asked for",
    "{n} start(s) were logged without an answer: the vendor may have begun an operation all the same",
    "{n} operation(s) stand in the request log more than once, with different values",
    "{n} row(s) have no price; they count as 0.00 in sums",
    "{n} row(s) belong to another period on one of the two sides (period_shift)",
    "{n} operation(s) are not in our request log",
)
_COUNTED_ZH = (
    "{n} 笔操作无法判定归属用户（无请求记录或密钥不符）",
    "{n} 笔操作没有任何日期，在每个期间都会出现",
    "{n} 次发起没有应答记录，供应商可能已创建操作",
    "{n} 笔操作在请求日志中出现多次且内容不一致",
    "{n} 行没有单价，合计时按 0.00 计",
    "{n} 行在双方的所属期间不同（period_shift）",
    "{n} 笔操作不在我方请求日志中",
)


def _checks(intake: Intake, engine: DuckEngine) -> Iterator[Caveat]:
    """Failed notification checks, loudest where all of an app fail."""
    rows = engine.query(
        """select coalesce(app_id, '?'), count(*) filter (check_result = 'failed'),
        count(*) filter (check_result in ('ok', 'hash_only')) from notifications group by 1 order by 1"""
    )
    for app_id, failed, held in rows:
        if failed and not held:
            yield Caveat(
                f"ALL {failed} checked notification(s) of app {app_id} FAILED their check: its app_key (or "
                "notify_public_key) is almost certainly wrong; its operations have no trusted status",
                f"应用 {app_id} 的全部 {failed} 条通知验签失败：app_key（或平台公钥）极可能配置错误，"
                "其操作没有可信状态",
            )
        elif failed:
            yield Caveat(
                f"{failed} notification(s) of app {app_id} failed their check and were ignored",
                f"应用 {app_id} 有 {failed} 条通知验签失败，已忽略",
            )
    unchecked, received = intake.notifications["unchecked"], intake.notifications["received"]
    if unchecked:
        yield Caveat(
            f"{unchecked} of {received} notifications could not be checked (no keys, or no headers): their "
            "statuses are unproven",
            f"{received} 条通知中有 {unchecked} 条无法验签（未配置密钥或无请求头），其状态未经证实",
        )
