"""The callback log as evidence: what it says, how often, how far it can be trusted, and what is missing in it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from idvtools.errors import InputError
from idvtools.privacy import scrub
from idvtools.records.deliveries import frame, identity, tidy
from idvtools.records.finding import Finder
from idvtools.records.intake import Intake
from idvtools.records.rawtext import raw_bodies

if TYPE_CHECKING:
    import pandas as pd

CHECKS = ("ok", "hash_only", "unchecked", "failed")
_FINAL = """(not senders.listed or codes.outcome not in ('pending', 'unknown'))"""


@dataclass(frozen=True)
class LogSummary:
    """The figures of ``verify-log``.

    Parameters
    ----------
    lines, rejects : int
        Lines of the callback logs that are not blank (rows of an export), and those that could not be read.
    notifications, duplicates : int
        Messages in them; those that had been delivered before, forged ones left out.
    checks : dict
        How many of the notifications hold (``ok``, ``hash_only``), were ``unchecked``, or ``failed``.
    operations, without_final : int
        Operations that our requests or an accepted notification name; those that no accepted notification ended.
    unknown_operations : int
        Operations that the vendor notified us of and that our request log does not know.
    retried : int
        Events that the vendor had to send again, at another moment.
    before_created : int
        Notifications received before the moment that the operation's id carries: somebody's clock is wrong.
    requests_known : bool
        Whether there is a request log; without one no operation is called unknown.
    """

    lines: int
    notifications: int
    rejects: int
    duplicates: int
    checks: dict[str, int]
    operations: int
    without_final: int
    unknown_operations: int
    retried: int
    before_created: int
    requests_known: bool

    def to_json(self) -> str:
        """The JSON text that ``verify-log --json`` prints."""
        return json.dumps(vars(self), ensure_ascii=False)


@dataclass(frozen=True, eq=False)
class CallbackLog:
    """What the callback logs of a workspace say; tables are worked out when they are asked for.

    A notification whose check failed is in `table` and in `forged`, and counts for nothing else.

    Examples
    --------
    >>> import idvtools as idv
    >>> log = idv.Workspace("sample_data/2026-10").callback_log()
    >>> log.summary.notifications == len(log.table) == sum(log.summary.checks.values())
    True
    >>> log.timeline(log.gaps.op_id.iloc[0]).columns.tolist()
    ['at', 'what', 'status', 'sub_status', 'check', 'retry', 'file', 'line']
    """

    intake: Intake = field(repr=False)
    folder: Path

    @cached_property
    def _names(self) -> list[str]:
        return self.intake.file_names()

    def _frame(self, sql: str, *values: object) -> pd.DataFrame:
        return frame(self.intake.con.sql(sql, params=list(values) or None).to_arrow_table(), self._names)

    def _one(self, sql: str) -> tuple[Any, ...]:
        (row,) = self.intake.con.execute(sql).fetchall()
        return tuple(row)

    @cached_property
    def _zone(self) -> str:
        return self.intake.context.timezone

    @cached_property
    def _known(self) -> str:
        """SQL for the operations that are not strangers: ours, and children of ours."""
        return """(select op_id from requests where op_id is not null)"""

    @cached_property
    def table(self) -> pd.DataFrame:
        """Every notification, in the order of files and lines.

        Columns
        -------
        received_at, logged_at : datetime, UTC
            When we received it; when the log says that the line was written, for messages inside other text.
        vendor, kind, op_id, app_id, biz_no, site : text
            Whose it is, what kind of message (DEC's ``func``, WeBank's ``transName``), which operation.
        status, sub_status, json_result, authorized_at, outcome
            What it says; `outcome` is the canonical one, ``unknown`` for what nobody lists and what is forged.
        trust, check : text
            ``signed``, ``hash_only``, ``unchecked`` or ``none``; ``ok``, ``hash_only``, ``unchecked`` or ``failed``.
        retry : int
            0 for the first delivery of an event, then 1, 2 …
        file, line
            Where it stands; a message on several lines stands where it begins.
        """
        return tidy(self.intake.con, self._names)

    @cached_property
    def vendors(self) -> dict[str, int]:
        """How many notifications each vendor sent."""
        rows = self.intake.con.execute("select vendor, count(*) from deliveries group by 1 order by 1").fetchall()
        return dict(rows)

    @cached_property
    def forged(self) -> pd.DataFrame:
        """Notifications whose check failed; columns as `table`."""
        return tidy(self.intake.con, self._names, "forged")

    @cached_property
    def unknown(self) -> pd.DataFrame:
        """Accepted notifications of operations that our request log does not know; columns as `table`."""
        return tidy(self.intake.con, self._names, f"not forged and {self._strange}")

    @property
    def _strange(self) -> str:
        vendor = self.intake.context.vendor.name
        if not self._one("select count(*) from requests where op_id is not null")[0]:
            return "false"
        return f"""told.vendor = '{vendor}' and told.op_id not in {self._known}
            and regexp_extract(told.op_id, '^(.+?)(-[0-9]+)?$', 1) not in {self._known}"""

    @cached_property
    def events(self) -> pd.DataFrame:
        """What was said, each thing once: `vendor, kind, op_id, status, sub_status, check, times, first_at, last_at`.

        And `file`, `line` of the first delivery. Ordered by the first moment. Forged ones are left out.
        """
        return self._frame(
            f"select * exclude (moments) from ({self._events()}) order by first_at nulls last, file, line"
        )

    def _events(self, where: str = "true") -> str:
        same = ", ".join(identity(self.intake.context.senders))
        first = "struct_pack(ms := coalesce(sighted_ms, 9000000000000), f := file_id, l := line)"
        return f"""select vendor, any_value(event) as kind, any_value(op_id) as op_id, any_value(status) as status,
            any_value(sub_status) as sub_status, arg_min(check_result, {first}) as "check", count(*) as times,
            count(distinct sighted_ms) as moments, make_timestamptz(min(sighted_ms) * 1000) as first_at,
            make_timestamptz(max(sighted_ms) * 1000) as last_at, min({first}).f as file, min({first}).l as line
            from told where not forged and {where} group by vendor, {same}"""

    @cached_property
    def retries(self) -> pd.DataFrame:
        """Events that were delivered at several moments: the vendor did not get our answer, or not in time.

        Columns `vendor, kind, op_id, status, times, first_at, last_at, seconds` (from the first to the last delivery),
        `file`, `line`; the longest first. Copies of one delivery (the same moment) are no retries.
        """
        return self._frame(
            f"""select vendor, kind, op_id, status, times, first_at, last_at,
            epoch_ms(last_at)::double / 1000 - epoch_ms(first_at)::double / 1000 as seconds, file, line
            from ({self._events("several")}) where moments > 1 order by seconds desc, first_at, file, line"""
        )

    @cached_property
    def busy_hours(self) -> pd.DataFrame:
        """Hours (in the workspace's zone) in which events had to be sent again: `hour, events, retried, share`.

        Many of them in few hours suggest that our endpoint was slow or down then.
        """
        return self._frame(
            f"""select strftime(date_trunc('hour', timezone('{self._zone}', first_at)), '%Y-%m-%d %H:00') as hour,
            count(*) as events, count(*) filter (moments > 1) as retried,
            round(count(*) filter (moments > 1) / count(*), 4) as share
            from ({self._events()}) where first_at is not null group by hour having retried > 0
            order by retried desc, hour"""
        )

    @cached_property
    def gaps(self) -> pd.DataFrame:
        """Operations that no accepted notification ended, with the last that is known of them.

        Columns `vendor, op_id, app_id, site, requested_at, last_status, last_notified_at` (of a notification that was
        not the final word), `polls, last_poll_status, last_polled_at`. Ordered by the time of the request.
        """
        vendor = self.intake.context.vendor.name
        return self._frame(
            f"""with open as ({self._operations} where not final),
            asked as (select op_id, min(requested_ms) as ms, any_value(app_id) as app_id, any_value(site) as site
                from requests where op_id is not null group by op_id),
            heard as (select vendor, op_id, any_value(app_id) as app_id, any_value(site) as site,
                arg_max(status, coalesce(sighted_ms, 0)) as status, max(sighted_ms) as ms
                from told where not forged group by all),
            polled as (select '{vendor}' as vendor, op_id, count(*) as polls,
                arg_max(status, coalesce(received_ms, 0)) as status, max(received_ms) as ms from polls group by op_id)
            select vendor, op_id, coalesce(asked.app_id, heard.app_id) as app_id,
            coalesce(asked.site, heard.site) as site, make_timestamptz(asked.ms * 1000) as requested_at,
            heard.status as last_status, make_timestamptz(heard.ms * 1000) as last_notified_at,
            coalesce(polls, 0) as polls, polled.status as last_poll_status,
            make_timestamptz(polled.ms * 1000) as last_polled_at
            from open left join heard using (vendor, op_id) left join polled using (vendor, op_id)
            left join asked on asked.op_id = open.op_id and open.vendor = '{vendor}'
            order by requested_at nulls last, last_notified_at nulls last, op_id"""
        )

    @property
    def _operations(self) -> str:
        """SQL for every operation, `vendor, op_id, final`, without a where."""
        vendor = self.intake.context.vendor.name
        return f"""select * from (select vendor, op_id, coalesce(bool_or(final), false) as final from (
            select told.vendor, told.op_id, {_FINAL} as final from told join senders using (vendor)
            left join codes on codes.vendor = told.vendor and codes.status = told.status where not forged
            union all select '{vendor}', op_id, false from requests where op_id is not null) group by all)"""

    @cached_property
    def skew(self) -> pd.DataFrame:
        """How long after its id's own time each operation was first heard of, by app and day.

        Columns `vendor, app_id, day` (in the workspace's zone, by the time of receipt), `operations, before_created`
        (received before the id's time: our clock is behind, or the vendor's ahead), `min_seconds, median_seconds,
        max_seconds`.
        """
        ids = self.intake.context.books.ids
        vendor = self.intake.context.vendor.name
        number = f"try_cast(regexp_extract(op_id, '^.{{{ids.prefix}}}([0-9]+)', 1) as bigint)"
        return self._frame(
            f"""with own as (select app_id, op_id, sighted_ms,
                case when regexp_matches(op_id, '{ids.pattern}') then ({number} >> 22) + {ids.epoch_ms} end as made
                from told where not forged and vendor = '{vendor}' and sighted_ms is not null),
            delays as (select any_value(app_id) as app_id, min(sighted_ms) as ms,
                (min(sighted_ms) - any_value(made)) / 1000.0 as seconds from own where made is not null group by op_id)
            select '{vendor}' as vendor, app_id,
            strftime(timezone('{self._zone}', make_timestamptz(ms * 1000)), '%Y-%m-%d') as day,
            count(*) as operations, count(*) filter (seconds < 0) as before_created,
            min(seconds)::double as min_seconds, median(seconds)::double as median_seconds,
            max(seconds)::double as max_seconds from delays group by all order by all"""
        )

    @cached_property
    def rejects(self) -> pd.DataFrame:
        """Lines that could not be read: `file, line, reason`."""
        kinds = {s.file_id for s in self.intake.sources if s.kind == "callbacks"}
        listed = ", ".join(map(str, kinds)) or "-1"
        return self._frame(
            f"select file_id as file, line, reason from rejects where file_id in ({listed}) order by all"
        )

    @cached_property
    def files(self) -> pd.DataFrame:
        """The callback logs: `file, encoding, lines, notifications, rejects, sha256, cached`.

        `encoding` is ``ascii``, ``utf-8``, ``gb18030``, ``utf-8 + gb18030`` (line by line) or ``utf-16``; `cached`
        tells whether the file was read in an earlier run.
        """
        import pandas as pd  # noqa: PLC0415

        counted = dict(self.intake.con.execute("select file_id, count(*) from deliveries group by 1").fetchall())
        rejected, context = self.intake.rejected(), self.intake.context
        return pd.DataFrame(
            [
                {
                    "file": s.name,
                    "encoding": context.encodings.get(s.name, ""),
                    "lines": context.rows[s.name],
                    "notifications": counted.get(s.file_id, 0),
                    "rejects": rejected.get(s.name, 0),
                    "sha256": self.intake.sha256[s.name],
                    "cached": s.name in self.intake.cached,
                }
                for s in self.intake.sources
                if s.kind == "callbacks"
            ],
            columns=["file", "encoding", "lines", "notifications", "rejects", "sha256", "cached"],
        )

    @cached_property
    def summary(self) -> LogSummary:
        """The figures of ``verify-log``."""
        checks = dict(self.intake.con.execute("select check_result, count(*) from deliveries group by 1").fetchall())
        duplicates, retried = self._one(
            f"""select coalesce(sum(times - 1), 0)::bigint, count(*) filter (moments > 1)
            from ({self._events("several")})"""
        )
        operations, open_ones = self._one(f"select count(*), count(*) filter (not final) from ({self._operations})")
        (strangers,) = self._one(f"select count(distinct op_id) from told where not forged and {self._strange}")
        early = int(self.skew["before_created"].sum())
        logs = self.files
        return LogSummary(
            lines=int(logs["lines"].sum()),
            notifications=sum(checks.values()),
            rejects=int(logs["rejects"].sum()),
            duplicates=duplicates,
            checks={name: checks.get(name, 0) for name in CHECKS},
            operations=operations,
            without_final=open_ones,
            unknown_operations=strangers,
            retried=retried,
            before_created=early,
            requests_known=bool(self._one("select count(*) from requests where op_id is not null")[0]),
        )

    def timeline(self, op_id: str) -> pd.DataFrame:
        """All that is known of an operation, in order of time: our request, notifications, polls.

        Columns `at` (UTC), `what` (``request``, ``notification daFailed``, ``poll``), `status, sub_status, check,
        retry, file, line`. Notifications whose check failed are among them.
        """
        return self._frame(
            """select make_timestamptz(ms * 1000) as at, what, status, sub_status, "check", retry, file, line from (
            select requested_ms as ms, 'request' as what, null::bigint as status, null::varchar as sub_status,
            null::varchar as "check", null::bigint as retry, file_id as file, line from requests where op_id = $1
            union all select sighted_ms, concat_ws(' ', 'notification', event), status, sub_status, check_result, retry,
            file_id, line from told where op_id = $1
            union all select received_ms, 'poll', status, sub_status, null, null, file_id, line from polls
            where op_id = $1) order by ms nulls last, file, line""",
            op_id,
        )

    def raw(self, file: str, line: int, *, reveal: bool = False) -> list[str]:
        """The raw bodies of the messages that begin in a line, as they were received.

        Parameters
        ----------
        file, line
            As in `table`.
        reveal : bool
            Without it names, numbers, keys and the queries of links are masked; with it the text is shown as it is,
            keys of files included.

        Raises
        ------
        InputError
            There is no such file, or the line holds no message.
        """
        source = next((s for s in self.intake.sources if s.name == file and s.kind == "callbacks"), None)
        if source is None:
            raise InputError(f"{file} is none of the callback logs")
        bodies = raw_bodies(source, line, Finder(self.intake.context.senders))
        if not bodies:
            raise InputError("there is no notification in this line", file=file, row=line)
        return bodies if reveal else [scrub(body, 4 * len(body) + 100) for body in bodies]
