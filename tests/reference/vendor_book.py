"""The vendor's own book of a month: daily statements, mostly right."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from .model import StatementRow, local_day, statement_name
from .scene import DAY, SECOND, Scene, Truth, sub_status
from .status import effectiveness

SHANGHAI = "Asia/Shanghai"


def statement(scene: Scene, truths: list[Truth]) -> tuple[tuple[StatementRow, ...], frozenset[tuple[str, date]]]:
    """Write the book: its rows, each in a file, and the files that there are."""
    booked = _booked(scene, truths)
    charged = _charged(scene, booked)
    rows = [_row(scene, truth, truth.da_id in charged) for truth in booked if scene.chance(0.95)]
    rows += [_row(scene, scene.truth(10_000 + n), scene.chance(0.6)) for n in range(len(truths) // 30)]
    rows += [_again(scene, row) for row in rows if scene.chance(0.05)]
    files = _files(scene, rows)
    return _placed(scene, [row for row in rows if (row.file_app, row.file_day) in files]), frozenset(files)


def _booked(scene: Scene, truths: list[Truth]) -> list[Truth]:
    """Choose what the vendor lists of each N-in-one: the parent, its children, both or neither."""
    booked = []
    for truth in truths:
        listed = scene.rng.choice(["parent", "children", "both", "neither"]) if truth.children else "parent"
        if listed in ("parent", "both"):
            booked.append(truth)
        if listed in ("children", "both"):
            booked += [child for child in truth.children if scene.chance(0.9)]
    return booked


def _charged(scene: Scene, booked: list[Truth]) -> set[str]:
    """Charge the first effective one a day, and err now and then."""
    seen, charged = set(), set()
    for truth in sorted(booked, key=lambda truth: truth.sent_at):
        key = (truth.app_id, truth.person, truth.site, local_day(truth.sent_at, scene.timezone))
        right = effectiveness(truth.status) is True and key not in seen
        if right:
            seen.add(key)
        if right != scene.chance(0.05):
            charged.add(truth.da_id)
    return charged


def _row(scene: Scene, truth: Truth, charge: bool) -> StatementRow:
    rng = scene.rng
    created = truth.created_at + rng.choices([0, DAY, -DAY, 31 * DAY, -31 * DAY], [95, 1.5, 1.5, 1, 1])[0]
    row = StatementRow(
        da_id=truth.da_id, biz_no=truth.biz_no, app_id=truth.app_id, site=truth.site, da_status=truth.status,
        sub_status=rng.choice(["", sub_status(truth.da_id, truth.status)]),
        json_result=rng.choice(["", "5" if truth.status != 10 else str(truth.json_result)]),
        authorize_time=truth.authorized_ts, charge=charge, package=scene.chance(0.1), create_time=created,
        time_format=rng.choice(["text", "iso", "ms"]), file_app=truth.app_id, file_day=local_day(created, SHANGHAI),
    )  # fmt: skip
    row = _wrong_field(scene, row) if scene.chance(0.12) else row
    row = _timed(row, row.create_time)
    return replace(row, file_day=row.file_day + timedelta(days=1)) if scene.chance(0.03) else row


def _wrong_field(scene: Scene, row: StatementRow) -> StatementRow:
    """Let one column say something else."""
    wrong = scene.rng.choice(["da_status", "site", "biz_no", "no biz_no", "app_id", "sub_status", "json_result"])
    if wrong == "da_status":
        row = replace(row, da_status=scene.status())
    elif wrong == "site":
        row = replace(row, site=scene.rng.choice([*scene.sites, "chrome-unknown"]))
    elif wrong == "biz_no":
        row = replace(row, biz_no="0" + row.biz_no)
    elif wrong == "no biz_no":
        row = replace(row, biz_no="")
    elif wrong == "app_id":
        row = replace(row, app_id=scene.rng.choice([*scene.app_ids, "zz9zz9zz"]))
    elif wrong == "sub_status":
        row = replace(row, sub_status="80020")
    else:
        row = replace(row, json_result=scene.rng.choice(["12", "101"]))
    return row


def _timed(row: StatementRow, created: int) -> StatementRow:
    """Set a row's time, as exact as its format can write it."""
    exact = created // SECOND * SECOND if row.time_format == "text" else created
    authorized = row.authorize_time // SECOND * SECOND
    return replace(row, create_time=exact, authorize_time=authorized, file_day=local_day(exact, SHANGHAI))


def _again(scene: Scene, row: StatementRow) -> StatementRow:
    """List a row twice: the very same once more, or another one of a different time."""
    if scene.chance(0.5):
        return row
    shift = scene.rng.choice([SECOND, -SECOND, 5000, DAY, -DAY, 31 * DAY])
    return _timed(replace(row, charge=scene.chance(0.5), da_status=scene.status()), row.create_time + shift)


def _files(scene: Scene, rows: list[StatementRow]) -> set[tuple[str, date]]:
    """Decide which files there are: those with rows, perhaps one for every day; of one application some are lost."""
    around = [scene.days[0] - timedelta(days=1), *scene.days, scene.days[-1] + timedelta(days=1)]
    days = around if scene.chance(0.5) else sorted(set(scene.active))
    files = {(app_id, day) for app_id in scene.app_ids for day in days}
    files |= {(row.file_app, row.file_day) for row in rows}
    if scene.chance(0.8):
        app_id = scene.rng.choice(scene.app_ids)
        files -= {(app_id, day) for day in scene.rng.sample(sorted(set(scene.active)), 2)}
    return files


def _placed(scene: Scene, rows: list[StatementRow]) -> tuple[StatementRow, ...]:
    """Give every row its line, in no order."""
    scene.rng.shuffle(rows)
    lines: dict[str, int] = {}
    placed = []
    for row in rows:
        name = statement_name(row.file_app, row.file_day)
        lines[name] = lines.get(name, 1) + 1
        placed.append(replace(row, file=name, line=lines[name]))
    return tuple(placed)
