"""Where each piece of evidence on an operation stands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from idvtools.records.intake import Intake
from idvtools.report.explain import Piece

_CHECKS = {
    "ok": "DECSHASH and DECSSIGN hold",
    "hash_only": "DECSHASH holds, no DECSSIGN checked",
    "unchecked": "not checked",
    "failed": "CHECK FAILED, ignored",
    "poll": "our own poll",
}


def _moment(ms: int | None) -> datetime | None:
    return None if ms is None else datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)


def trace(intake: Intake, op_id: str) -> list[Piece]:
    """All pieces of evidence on an operation, in order of time.

    Notifications that failed their check are among them, marked as ignored. A child's pieces are its
    parent's messages that name it.
    """
    con, names = intake.con, intake.file_names()
    family = op_id.rpartition("-")[0] or op_id
    pieces: list[Piece] = []

    def add(kind: str, ms: int | None, says: str, file_id: int, line: int) -> None:
        pieces.append(Piece(kind, _moment(ms), says, names[file_id], line))

    for ms, state, way, file_id, line in con.execute(
        "select requested_ms, subject_state, access_way, file_id, line from requests where op_id in (?, ?)",
        [op_id, family],
    ).fetchall():
        add("request", ms, f"start-vdi, accessWay {way or '-'}, idNo {state}", file_id, line)
    for table, kind in (("notifications", "notification"), ("polls", "poll")):
        for event, status, sub, result, ms, check, file_id, line in con.execute(
            f"""select event, status, sub_status, json_result, received_ms, check_result, file_id, line from {table}
            where op_id = ?""",
            [op_id],
        ).fetchall():
            says = f"{event + ' ' if event else ''}daStatus {status}" + (f"/{sub}" if sub else "")
            says += "" if result is None else f" jsonResult {result}"
            add(kind, ms, f"{says}; {_CHECKS[check]}", file_id, line)
    for status, sub, ms, file_id, line in con.execute(
        "select status, sub_status, received_ms, file_id, line from children where op_id = ?", [op_id]
    ).fetchall():
        add("named in parent", ms, f"daStatus {status}" + (f"/{sub}" if sub else ""), file_id, line)
    for ms, status, charge, package, file_id, line in con.execute(
        "select created_ms, status, charge, package, file_id, line from statement where op_id = ?", [op_id]
    ).fetchall():
        says = f"da_status {status}, charge_flag {'Y' if charge else 'N'}, charge_package {'Y' if package else 'N'}"
        add("statement", ms, says, file_id, line)
    latest = datetime.max.replace(tzinfo=UTC)
    return sorted(pieces, key=lambda p: (p.when or latest, p.kind, p.file, p.line))
