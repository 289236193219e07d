"""The daily statement (日对账单): every operation of an app that began on a day, and what is charged for it."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from idvtools.sandbox.clockwork import DaIds
from idvtools.sandbox.plan import effective
from idvtools.sandbox.server.dec_operations import Operation

Mistake = Literal["charged_repeat", "missing", "changed_status", "not_ours"]

ZONE = ZoneInfo("Asia/Shanghai")
_COLUMNS = (
    "da_id", "biz_no", "app_id", "site", "access_way", "da_status", "da_sub_status", "json_result", "authorize_time",
    "charge_flag", "charge_package", "user_protocol_upload_flag", "create_time",
)  # fmt: skip
_MANY = 8
_HOUR = 3_600_000
#: Another status that the vendor tells, by the right one: what is charged stays the same.
_OTHERWISE = {"10": "44", "44": "10", "25": "20", "20": "25", "43": "41", "41": "43"}


@dataclass(frozen=True)
class Statement:
    """A statement file, and what is wrong with it: which kind of mistake, in which operation's row."""

    name: str
    content: bytes = field(repr=False)
    mistakes: tuple[tuple[Mistake, str], ...]


def day_bounds(day: date) -> tuple[int, int]:
    """First millisecond of a day in the vendor's zone, and of the day after."""
    first, last = (datetime(d.year, d.month, d.day, tzinfo=ZONE) for d in (day, day + timedelta(days=1)))
    return round(first.timestamp() * 1000), round(last.timestamp() * 1000)


def made_ms(day: date) -> int:
    """When the vendor writes the statement of a day: 03:30 on the next one."""
    return day_bounds(day)[1] + round(3.5 * _HOUR)


def ready_ms(day: date) -> int:
    """From when on it can be fetched: 04:00."""
    return day_bounds(day)[1] + 4 * _HOUR


def local_day(moment_ms: int) -> date:
    """The day of a moment in the vendor's zone."""
    return datetime.fromtimestamp(moment_ms / 1000, UTC).astimezone(ZONE).date()


def statement(
    operations: Iterable[Operation],
    app: str,
    day: date,
    agreed: Callable[[Operation], bool],
    rng: random.Random | None,
) -> Statement:
    """The statement of an app for a day; with `rng` it has mistakes.

    The first effective operation of a person and a site is charged (billing.md section 3); of an N-in-one its children
    are, never the parent.
    """
    first, last = day_bounds(day)
    ours = sorted((o for o in operations if o.app == app and first <= o.started_ms < last), key=_order)
    rows: list[list[str]] = []
    repeats: list[int] = []
    seen: set[tuple[str, str]] = set()
    for operation in ours:
        for one in (operation, *operation.children):
            state = one.state(made_ms(day))
            counts = effective(state.status) is True and not one.children
            key = (one.person.id_no, one.site)
            charged = counts and key not in seen
            if counts:
                seen.add(key)
                if not charged:
                    repeats.append(len(rows))
            rows.append(
                [
                    one.op_id, one.biz_no, app, one.site, "h5", str(state.status), str(state.sub_status),
                    str(state.json_result), _stamp(state.authorised_ms), _flag(charged), "N", _flag(agreed(one)),
                    _stamp(one.started_ms),
                ]
            )  # fmt: skip
    mistakes = _spoil(rows, repeats, app, day, rng) if rng else ()
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([_COLUMNS, *rows])
    return Statement(f"交易流水对账单_{app}_{day:%Y%m%d}.csv", text.getvalue().encode("utf-8"), mistakes)


def _order(operation: Operation) -> tuple[int, str]:
    return operation.started_ms, operation.op_id


def _spoil(
    rows: list[list[str]], repeats: list[int], app: str, day: date, rng: random.Random
) -> tuple[tuple[Mistake, str], ...]:
    """One mistake of each kind in a long file, one in a short one, none in one of a single row."""
    kinds: list[Mistake] = ["charged_repeat", "changed_status", "missing", "not_ours"]
    if len(rows) < _MANY:
        kinds = [rng.choice(kinds)] if len(rows) > 1 else []
    told: list[tuple[Mistake, str]] = []
    free = list(range(len(rows)))
    if "charged_repeat" in kinds and repeats:
        row = rows[rng.choice(repeats)]
        row[9] = "Y"
        told.append(("charged_repeat", row[0]))
        free.remove(rows.index(row))
    others = [i for i in free if rows[i][5] in _OTHERWISE]
    if "changed_status" in kinds and others:
        row = rows[rng.choice(others)]
        row[5] = _OTHERWISE[row[5]]
        told.append(("changed_status", row[0]))
        free.remove(rows.index(row))
    gone = rng.choice(free) if "missing" in kinds and free else None
    if "not_ours" in kinds:
        made = rng.randrange(day_bounds(day)[0], day_bounds(day)[1])
        op_id = DaIds(rng).make(app, made)
        rows.append(
            [
                op_id,
                f"x{made}",
                app,
                rows[0][3],
                "h5",
                "10",
                "0",
                "10",
                _stamp(made + 60_000),
                "Y",
                "N",
                "Y",
                _stamp(made),
            ]
        )
        told.append(("not_ours", op_id))
    if gone is not None:
        told.append(("missing", rows.pop(gone)[0]))
    return tuple(told)


def _flag(value: bool) -> str:
    return "Y" if value else "N"


def _stamp(moment_ms: int) -> str:
    if not moment_ms:
        return ""
    return f"{datetime.fromtimestamp(moment_ms / 1000, UTC).astimezone(ZONE):%Y-%m-%d %H:%M:%S}"
