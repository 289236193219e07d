"""The callback log as evidence: what it says, how often, how far it can be trusted, and what is missing in it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from idvtools.errors import InputError
from idvtools.privacy import scrub
from idvtools.records.deliveries import frame, tidy
from idvtools.records.finding import Finder
from idvtools.records.intake import Intake
from idvtools.records.questions import Questions
from idvtools.records.rawtext import raw_bodies

if TYPE_CHECKING:
    import pandas as pd

CHECKS = ("ok", "hash_only", "unchecked", "failed")
Table = Literal["forged", "unknown", "retries", "busy_hours", "gaps", "rejects"]


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
        Operations that were heard of before the moment that their id carries: somebody's clock is wrong.
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

    @cached_property
    def _ask(self) -> Questions:
        context = self.intake.context
        return Questions(context.senders, context.vendor.name, context.books.ids, context.timezone)

    def _frame(self, sql: str, *values: object, limit: int | None = None) -> pd.DataFrame:
        if limit is not None:
            sql = f"select * from ({sql}) limit {limit}"
        return frame(self.intake.con.sql(sql, params=list(values) or None).to_arrow_table(), self._names)

    def _one(self, sql: str) -> tuple[Any, ...]:
        (row,) = self.intake.con.execute(sql).fetchall()
        return tuple(row)

    @cached_property
    def _requests_known(self) -> bool:
        return bool(self._one("select count(*) from requests where op_id is not null")[0])

    @cached_property
    def _strange(self) -> str:
        return self._ask.unknown() if self._requests_known else "false"

    def strangers(self, most: int | None = None) -> list[str]:
        """Ids of the operations that our request log does not know, in order."""
        limit = "" if most is None else f"limit {most}"
        rows = self.intake.con.execute(f"select distinct op_id from told where {self._strange} order by 1 {limit}")
        return [op_id for (op_id,) in rows.fetchall()]

    @cached_property
    def _rejects(self) -> str:
        files = ", ".join(str(s.file_id) for s in self.intake.sources if s.kind == "callbacks") or "-1"
        return f"select file_id as file, line, reason from rejects where file_id in ({files}) order by all"

    def head(self, table: Table, rows: int = 5) -> pd.DataFrame:
        """The first rows of a table, for logs whose tables would not fit in memory.

        Parameters
        ----------
        table : str
            ``forged``, ``unknown``, ``retries``, ``busy_hours``, ``gaps`` or ``rejects``.
        rows : int
            How many.
        """
        if table in ("forged", "unknown"):
            where = "forged" if table == "forged" else self._strange
            return tidy(self.intake.con, self._names, where, limit=rows)
        if table not in get_args(Table):
            raise InputError(f"there is no table {table} to look into")
        sql = self._rejects if table == "rejects" else getattr(self._ask, table)()
        return self._frame(sql, limit=rows)

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
        return tidy(self.intake.con, self._names, self._strange)

    @cached_property
    def events(self) -> pd.DataFrame:
        """What was said, each thing once: `vendor, kind, op_id, status, sub_status, check, times, first_at, last_at`.

        And `file`, `line` of the first delivery. Ordered by the first moment. Forged ones are left out.
        """
        sql = f"select * exclude (moments) from ({self._ask.events()}) order by first_at nulls last, file, line"
        return self._frame(sql)

    @cached_property
    def retries(self) -> pd.DataFrame:
        """Events that were delivered at several moments: the vendor did not get our answer, or not in time.

        Columns `vendor, kind, op_id, status, times, first_at, last_at, seconds` (from the first to the last delivery),
        `file`, `line`; the longest first. Copies of one delivery (the same moment) are no retries.
        """
        return self._frame(self._ask.retries())

    @cached_property
    def busy_hours(self) -> pd.DataFrame:
        """Hours (in the workspace's zone) in which events had to be sent again: `hour, events, retried, share`.

        Many of them in few hours suggest that our endpoint was slow or down then.
        """
        return self._frame(self._ask.busy_hours())

    @cached_property
    def gaps(self) -> pd.DataFrame:
        """Operations that no accepted notification ended, with the last that is known of them.

        Columns `vendor, op_id, app_id, site, requested_at, last_status, last_notified_at` (of a notification that was
        not the final word), `polls, last_poll_status, last_polled_at`. Ordered by the time of the request.
        """
        return self._frame(self._ask.gaps())

    @cached_property
    def skew(self) -> pd.DataFrame:
        """How long after its id's own time each operation was first heard of, by app and day.

        Columns `vendor, app_id, day` (in the workspace's zone, by the time of receipt), `operations, before_created`
        (received before the id's time: our clock is behind, or the vendor's ahead), `min_seconds, median_seconds,
        max_seconds`.
        """
        return self._frame(self._ask.skew())

    @cached_property
    def rejects(self) -> pd.DataFrame:
        """Lines that could not be read: `file, line, reason`."""
        return self._frame(self._rejects)

    @cached_property
    def reject_reasons(self) -> pd.DataFrame:
        """Why lines could not be read: `reason, lines, file, line` (of the first one), the most frequent first."""
        first = "min(struct_pack(f := file, l := line))"
        return self._frame(
            f"""select reason, count(*) as lines, {first}.f as file, {first}.l as line from ({self._rejects})
            group by reason order by lines desc, reason"""
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
            from ({self._ask.events("several")})"""
        )
        operations, open_ones = self._one(
            f"select count(*), count(*) filter (not final) from ({self._ask.operations()})"
        )
        (strangers,) = self._one(f"select count(distinct op_id) from told where {self._strange}")
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
            requests_known=self._requests_known,
        )

    def timeline(self, op_id: str) -> pd.DataFrame:
        """All that is known of an operation, in order of time: our request, notifications, polls.

        Columns `at` (UTC), `what` (``request``, ``notification daFailed``, ``poll``), `status, sub_status, check,
        retry, file, line`. Notifications whose check failed are among them.
        """
        return self._frame(self._ask.timeline(), op_id)

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
