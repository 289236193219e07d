"""The questions that are asked of callback logs, in SQL over the tables that `deliveries.prepare` made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from idvtools.ledger.rules import SnowflakeId
from idvtools.records.deliveries import identity
from idvtools.vendors.base import Vendor

#: A notification is the final word where its status is listed and not pending, or its vendor has no statuses.
_FINAL = "(not senders.listed or codes.outcome not in ('pending', 'unknown'))"


@dataclass(frozen=True)
class Questions:
    """SQL for each question.

    Parameters
    ----------
    senders : sequence of Vendor
        Those whose notifications were read.
    vendor : str
        The one whose requests and polls were read.
    ids : SnowflakeId
        Form of its operations' ids.
    zone : str
        IANA zone of the workspace.
    """

    senders: Sequence[Vendor]
    vendor: str
    ids: SnowflakeId
    zone: str

    def events(self, where: str = "true") -> str:
        """What was said, each thing once; `moments` is at how many of them."""
        same = ", ".join(identity(self.senders))
        first = "struct_pack(ms := coalesce(sighted_ms, 9000000000000), f := file_id, l := line)"
        return f"""select vendor, any_value(event) as kind, any_value(op_id) as op_id, any_value(status) as status,
            any_value(sub_status) as sub_status, arg_min(check_result, {first}) as "check", count(*) as times,
            count(distinct sighted_ms) as moments, make_timestamptz(min(sighted_ms) * 1000) as first_at,
            make_timestamptz(max(sighted_ms) * 1000) as last_at, min({first}).f as file, min({first}).l as line
            from told where not forged and {where} group by vendor, {same}"""

    def retries(self) -> str:
        """Events that were delivered at several moments."""
        return f"""select vendor, kind, op_id, status, times, first_at, last_at,
            (epoch_ms(last_at) - epoch_ms(first_at)) / 1000.0::double as seconds, file, line
            from ({self.events("several")}) where moments > 1 order by seconds desc, first_at, file, line"""

    def busy_hours(self) -> str:
        """Hours in which events had to be sent again."""
        return f"""select strftime(date_trunc('hour', timezone('{self.zone}', first_at)), '%Y-%m-%d %H:00') as hour,
            count(*) as events, count(*) filter (moments > 1) as retried,
            round(count(*) filter (moments > 1) / count(*), 4) as share
            from ({self.events()}) where first_at is not null group by hour having retried > 0
            order by retried desc, hour"""

    def operations(self) -> str:
        """Every operation, and whether it got a final word."""
        return f"""select vendor, op_id, coalesce(bool_or(final), false) as final from (
            select told.vendor, told.op_id, {_FINAL} as final from told join senders using (vendor)
            left join codes on codes.vendor = told.vendor and codes.status = told.status where not forged
            union all select '{self.vendor}', op_id, false from requests where op_id is not null) group by all"""

    def gaps(self) -> str:
        """Operations without a final word, with the last that is known of them."""
        latest = (
            "struct_pack(ms := coalesce({}, 0), s := status)"  # where times are equal, the order of lines is chance
        )
        return f"""with open as (select * from ({self.operations()}) where not final),
            asked as (select op_id, min(requested_ms) as ms, any_value(app_id) as app_id, any_value(site) as site
                from requests where op_id is not null group by op_id),
            heard as (select vendor, op_id, any_value(app_id) as app_id, any_value(site) as site,
                arg_max(status, {latest.format("sighted_ms")}) as status, max(sighted_ms) as ms
                from told where not forged group by all),
            polled as (select '{self.vendor}' as vendor, op_id, count(*) as polls,
                arg_max(status, {latest.format("received_ms")}) as status, max(received_ms) as ms
                from polls group by op_id)
            select vendor, op_id, coalesce(asked.app_id, heard.app_id) as app_id,
            coalesce(asked.site, heard.site) as site, make_timestamptz(asked.ms * 1000) as requested_at,
            heard.status as last_status, make_timestamptz(heard.ms * 1000) as last_notified_at,
            coalesce(polls, 0) as polls, polled.status as last_poll_status,
            make_timestamptz(polled.ms * 1000) as last_polled_at
            from open left join heard using (vendor, op_id) left join polled using (vendor, op_id)
            left join asked on asked.op_id = open.op_id and open.vendor = '{self.vendor}'
            order by requested_at nulls last, last_notified_at nulls last, op_id"""

    def skew(self) -> str:
        """How long after its id's own time each operation was first heard of, by app and day."""
        number = f"try_cast(regexp_extract(op_id, '^.{{{self.ids.prefix}}}([0-9]+)', 1) as bigint)"
        return f"""with own as (select app_id, op_id, sighted_ms,
                case when regexp_matches(op_id, '{self.ids.pattern}') then ({number} >> 22) + {self.ids.epoch_ms} end
                as made from told where not forged and vendor = '{self.vendor}' and sighted_ms is not null),
            delays as (select any_value(app_id) as app_id, min(sighted_ms) as ms,
                (min(sighted_ms) - any_value(made)) / 1000.0 as seconds from own where made is not null group by op_id)
            select '{self.vendor}' as vendor, app_id,
            strftime(timezone('{self.zone}', make_timestamptz(ms * 1000)), '%Y-%m-%d') as day,
            count(*) as operations, count(*) filter (seconds < 0) as before_created,
            min(seconds)::double as min_seconds, median(seconds)::double as median_seconds,
            max(seconds)::double as max_seconds from delays group by all order by all"""

    def unknown(self) -> str:
        """Condition on ``told``: accepted, of an operation that is neither in our requests nor the child of one."""
        ours = "(select op_id from requests where op_id is not null)"
        return f"""not forged and told.vendor = '{self.vendor}' and told.op_id not in {ours}
            and regexp_extract(told.op_id, '^(.+?)(-[0-9]+)?$', 1) not in {ours}"""

    @staticmethod
    def timeline() -> str:
        """All that is known of operation ``$1``."""
        return """select make_timestamptz(ms * 1000) as at, what, status, sub_status, "check", retry, file, line from (
            select requested_ms as ms, 'request' as what, null::bigint as status, null::varchar as sub_status,
            null::varchar as "check", null::bigint as retry, file_id as file, line from requests where op_id = $1
            union all select sighted_ms, concat_ws(' ', 'notification', event), status, sub_status, check_result, retry,
            file_id, line from told where op_id = $1
            union all select received_ms, 'poll', status, sub_status, null, null, file_id, line from polls
            where op_id = $1) order by ms nulls last, file, line"""
