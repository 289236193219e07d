"""The vendor's side: a daily statement for each app, in the encodings and time formats that one meets."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from datetime import date
from operator import attrgetter
from pathlib import Path

from idvtools.sandbox.clockwork import APPS, Calendar
from idvtools.sandbox.messages import iso
from idvtools.sandbox.plan import Plan, Row
from idvtools.sandbox.writer import save

_COLUMNS = (
    "da_id", "biz_no", "app_id", "site", "access_way", "da_status", "da_sub_status", "json_result", "authorize_time",
    "charge_flag", "charge_package", "user_protocol_upload_flag", "create_time",
)  # fmt: skip
_ENCODINGS = ("utf-8", "utf-8-sig", "gb18030")


def statement_name(app: str, day: date) -> str:
    """Path of a statement file below the workspace."""
    return f"statements/交易流水对账单_{app}_{day:%Y%m%d}.csv"


def write_statements(root: Path, plan: Plan, calendar: Calendar) -> None:
    """``statements/``: every app and day of the month but one, days without rows too."""
    files: dict[tuple[str, date], list[Row]] = defaultdict(list)
    for app in APPS:
        for day in calendar.days:
            files[app, day] = []
    for row in plan.rows:
        files[row.file_app, row.file_day].append(row)
    assert not files[calendar.missing], "a row was planted in the file that is to be missing"
    del files[calendar.missing]
    for (app, day), rows in sorted(files.items()):
        turn = day.toordinal() + APPS.index(app)
        encoding = _ENCODINGS[turn % 3]
        text = _csv(sorted(rows, key=attrgetter("created", "op_id")), calendar, turn // 3 % 3, crlf=turn % 3 > 0)
        save(root / statement_name(app, day), text.encode(encoding))


def _csv(rows: list[Row], calendar: Calendar, form: int, *, crlf: bool) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n" if crlf else "\n")
    writer.writerow(_COLUMNS)
    for row in rows:
        writer.writerow(
            [
                row.op_id, row.biz_no, row.app_id, row.site, "h5", row.status, row.sub_status, row.json_result,
                _stamp(calendar, row.authorized, form), _flag(row.charge), _flag(row.package), "Y",
                _stamp(calendar, row.created, form),
            ]
        )  # fmt: skip
    return text.getvalue()


def _flag(value: bool) -> str:
    return "Y" if value else "N"


def _stamp(calendar: Calendar, moment: int, form: int) -> str:
    """``yyyy-MM-dd HH:mm:ss`` in the zone, ISO 8601, or epoch milliseconds; "" or 0 for none."""
    if form == 2:
        return str(moment)
    if not moment:
        return ""
    return f"{calendar.local(moment):%Y-%m-%d %H:%M:%S}" if form == 0 else iso(calendar, moment)
