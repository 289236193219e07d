"""Our side's files: request logs, callback logs, polls. Every order is fixed, every byte comes from the plan."""

from __future__ import annotations

import csv
import gzip
import io
from collections import defaultdict
from collections.abc import Iterable
from operator import attrgetter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from idvtools.crypto.aes import encrypt_text
from idvtools.sandbox.clockwork import Calendar
from idvtools.sandbox.keys import Secrets
from idvtools.sandbox.messages import compact, exchange, iso, iso_utc, notification, poll_answer
from idvtools.sandbox.plan import CHECKS, Noise, Notice, Operation, Plan, StartFailure

_PACKED_DAYS = 12
_CSV_COLUMNS = (
    "requested_at", "app_id", "biz_no", "site", "access_way", "error_code", "da_id", "id_no", "channel",
)  # fmt: skip


def save(path: Path, data: bytes | str) -> None:
    """Write a file; a name that ends in ``.gz`` is packed without a time inside."""
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = data.encode("utf-8") if isinstance(data, str) else data
    path.write_bytes(gzip.compress(raw, 6, mtime=0) if path.suffix == ".gz" else raw)


def lines_of(values: Iterable[Any]) -> str:
    """JSON, one value a line."""
    return "".join(compact(v) + "\n" for v in values)


def write_requests(root: Path, plan: Plan, calendar: Calendar, secrets: Secrets) -> None:
    """``requests/``: JSON lines with envelopes, a clear CSV export, a Parquet file."""
    files: dict[tuple[str, str], list[Operation | StartFailure]] = defaultdict(list)
    for operation in plan.operations:
        if operation.logged:
            files[calendar.request_file(operation.requested)].extend([operation] * operation.copies)
    for failure in plan.failures:
        files[calendar.request_file(failure.requested)].append(failure)
    for (kind, name), starts in sorted(files.items()):
        starts.sort(key=attrgetter("requested", "serial"))
        path = root / "requests" / name
        if kind == "csv":
            save(path, _request_csv(starts, calendar))
        elif kind == "parquet":
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(_request_table(starts, secrets), path, compression="zstd")
        else:
            stamp = iso_utc if name == "start-vdi-2.jsonl" else iso
            save(path, lines_of({"requested_at": stamp(calendar, s.requested), **exchange(s, secrets)} for s in starts))


def _answer(start: Operation | StartFailure) -> tuple[int, str | None]:
    return (0, start.op_id) if isinstance(start, Operation) else (start.error_code, None)


def _request_csv(starts: list[Operation | StartFailure], calendar: Calendar) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_CSV_COLUMNS)
    for start in starts:
        timed = isinstance(start, StartFailure) or start.clock_logged
        code, da_id = _answer(start)
        writer.writerow(
            [
                iso(calendar, start.requested) if timed else "",
                start.app_id, start.biz_no, start.site, "h5", code, da_id or "", start.person.id_no, "export",
            ]
        )  # fmt: skip
    return text.getvalue()


def _request_table(starts: list[Operation | StartFailure], secrets: Secrets) -> pa.Table:
    answers = [_answer(s) for s in starts]
    text = pa.string()
    return pa.table(
        {
            "requested_at": pa.array([s.requested for s in starts], pa.timestamp("ms", tz="UTC")),
            "app_id": pa.array([s.app_id for s in starts], text),
            "biz_no": pa.array([s.biz_no for s in starts], text),
            "site": pa.array([s.site for s in starts], text),
            "access_way": pa.array(["h5"] * len(starts), text),
            "error_code": pa.array([code for code, _ in answers], pa.int64()),
            "da_id": pa.array([da_id for _, da_id in answers], text),
            "id_no_enc": pa.array(
                [encrypt_text(s.person.id_no, secrets.aes[s.app_id, s.key_id]) for s in starts], text
            ),
        }
    )


def write_callbacks(
    root: Path, plan: Plan, calendar: Calendar, secrets: Secrets
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """``callbacks/``: a file a day, one of bare bodies, one of application log lines.

    Returns
    -------
    notifications, rejects
        Where each notification and each unreadable line stands, for the truth.
    """
    files: dict[str, list[Notice | Noise]] = defaultdict(list)
    entries: list[Notice | Noise] = [*plan.notices, *plan.noise]
    for entry in entries:
        files[_callback_file(entry, calendar)].append(entry)
    notifications: list[dict[str, Any]] = []
    rejects: list[dict[str, Any]] = []
    for name in sorted(files):
        lines = []
        for number, entry in enumerate(sorted(files[name], key=attrgetter("received", "serial")), start=1):
            place = {"file": name, "line": number}
            if isinstance(entry, Noise):
                lines.append(entry.data)
                rejects.append(place)
            else:
                lines.append(_callback_line(entry, calendar, secrets).encode("utf-8"))
                notifications.append({**place, "op_id": entry.report.op_id, "check": CHECKS[entry.manner]})
        save(root / name, b"".join(line + b"\n" for line in lines))
    return notifications, rejects


def _callback_file(entry: Notice | Noise, calendar: Calendar) -> str:
    if entry.place == "bare":
        return "callbacks/bare-bodies.jsonl"
    if entry.place == "log":
        return "callbacks/application-log.jsonl"
    day = calendar.day_of(entry.received)
    packed = ".gz" if (day - calendar.days[0]).days < _PACKED_DAYS else ""
    return f"callbacks/notify-{day:%Y%m%d}.jsonl{packed}"


def _callback_line(notice: Notice, calendar: Calendar, secrets: Secrets) -> str:
    headers, body = notification(notice, secrets)
    line = body
    if headers:
        if calendar.day_of(notice.received).day % 4 == 0:  # some proxies write header names in lower case
            headers = {name.lower(): value for name, value in headers.items()}
        line = compact({"received_at": iso(calendar, notice.received), "headers": headers, "body": body})
    if notice.place != "log":
        return line
    return log_line(calendar, notice.received, f"notification {line} handled in {notice.serial % 40 + 3} ms")


def log_line(calendar: Calendar, moment: int, message: str) -> str:
    """A line as logback writes it."""
    stamp = calendar.local(moment)
    thread = f"nio-8080-exec-{moment % 10}"
    return f"{stamp:%Y-%m-%d %H:%M:%S}.{moment % 1000:03d}  INFO 1 --- [{thread}] c.e.notify.DecController : {message}"


def write_polls(root: Path, plan: Plan, calendar: Calendar) -> None:
    """``polls/``: our own get-da-status answers, a file for each half of the month."""
    halves: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for poll in sorted(plan.polls, key=attrgetter("polled", "serial")):
        half = 1 if calendar.day_of(poll.polled) < calendar.tax_change else 2
        entry = {"polled_at": iso(calendar, poll.polled), "response": poll_answer(poll)}
        halves[f"polls/get-da-status-{half}.jsonl"].append(entry)
    for name, values in sorted(halves.items()):
        save(root / name, lines_of(values))
