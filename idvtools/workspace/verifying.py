"""What ``verify-log`` prints: the callback logs in a screen of text."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import Any

from idvtools.privacy import scrub
from idvtools.workspace.callbacklog import CallbackLog

_LISTED = 5


def print_log(log: CallbackLog) -> str:
    """The report for people."""
    return "\n".join(_report(log))


def _report(log: CallbackLog) -> Iterator[str]:
    found, files = log.summary, log.files
    checks = ", ".join(f"{name} {count}" for name, count in found.checks.items())
    yield f"callback logs: {len(files)} file(s), {found.lines} lines, {found.rejects} of them could not be read"
    encodings = files["encoding"].value_counts()
    yield "encodings: " + (", ".join(f"{name} {count}" for name, count in sorted(encodings.items())) or "none")
    yield f"notifications: {found.notifications} ({_by_vendor(log)})"
    yield f"checks: {checks}"
    yield f"repeats: {found.duplicates} delivered again, {found.retried} event(s) of them at another moment"
    busy = log.head("busy_hours", 3)
    for row in busy[busy["retried"] > 1].to_dict("records"):
        yield f"  {row['hour']}  {row['retried']} of {row['events']} events had to be sent again"
    yield f"operations: {found.operations}, without a final word {found.without_final}"
    for row in log.head("gaps", _LISTED).to_dict("records"):
        yield f"  {_shown(row['op_id'])}  {_last(row)}"
    yield from _more(found.without_final)
    if found.requests_known:
        yield f"unknown operations: {found.unknown_operations}, not in our request log"
        yield from (f"  {_shown(op_id)}" for op_id in log.strangers(_LISTED))
        yield from _more(found.unknown_operations)
    else:
        yield "unknown operations: there is no request log to compare with"
    yield f"clock: {found.before_created} operation(s) heard of before they were created"
    if found.checks["failed"]:
        yield f"FORGED or damaged: {found.checks['failed']} notification(s) whose check failed"
        for row in log.head("forged", _LISTED).to_dict("records"):
            yield f"  {row['file']}:{row['line']}  {row['vendor']} {_shown(row['kind'])} {_shown(row['op_id'])}"
        yield from _more(found.checks["failed"])
    for row in log.reject_reasons.to_dict("records"):
        yield f"not read: {row['lines']} x {row['reason']} (first: {row['file']}:{row['line']})"


def _by_vendor(log: CallbackLog) -> str:
    counts = log.vendors
    return ", ".join(f"{name} {count}" for name, count in counts.items()) or "none"


def _last(row: Mapping[Hashable, Any]) -> str:
    heard = f"last notified: {row['last_status']}" if _is_there(row["last_status"]) else "notified without a status"
    said = heard if _is_there(row["last_notified_at"]) or _is_there(row["last_status"]) else "never heard of"
    polled = "never polled" if not row["polls"] else f"last polled: {row['last_poll_status']}"
    return f"{said}; {polled}"


def _shown(value: object) -> str:
    """What anybody may have sent: no id numbers, no control characters, and not for pages."""
    return "".join(c if c.isprintable() else "\ufffd" for c in scrub(str(value), 80))


def _is_there(value: object) -> bool:
    return value is not None and str(value) not in ("<NA>", "NaT")


def _more(count: int) -> Iterator[str]:
    if count > _LISTED:
        yield f"  … and {count - _LISTED} more"
