"""A whole synthetic workspace, from a seed."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from idvtools.errors import InputError
from idvtools.sandbox.clockwork import Calendar
from idvtools.sandbox.configured import settings_text
from idvtools.sandbox.disputes import DISPUTES, ordinary
from idvtools.sandbox.keys import make_secrets
from idvtools.sandbox.messages import iso
from idvtools.sandbox.placing import placed
from idvtools.sandbox.plan import Noise, Place, Plan
from idvtools.sandbox.records import RECORDS
from idvtools.sandbox.repeats import REPEATS
from idvtools.sandbox.reports import REPORTS
from idvtools.sandbox.stage import Scenario, Stage
from idvtools.sandbox.statements import write_statements
from idvtools.sandbox.trust import TRUST
from idvtools.sandbox.truth import readme, write_truth
from idvtools.sandbox.writer import log_line, save, write_callbacks, write_polls, write_requests

SCENARIOS: tuple[Scenario, ...] = (*REPEATS, *REPORTS, *TRUST, *RECORDS, *DISPUTES)

#: One planting of each scenario for so many operations: 11 of each in 3,000.
_OPERATIONS_A_TURN = 273
_PRIVATE = 0o600


@dataclass(frozen=True)
class Planted:
    """What `generate` wrote: the folder, how much of everything, phenomenon -> how often."""

    folder: Path
    operations: int
    start_failures: int
    statement_rows: int
    statement_only: int
    notifications: int
    rejects: int
    phenomena: Mapping[str, int]


def generate(
    folder: Path, *, operations: int = 3000, seed: int = 7, month: str = "2026-10", overwrite: bool = False
) -> Planted:
    """Write a synthetic workspace of vendor ``dec`` with the truth beside it.

    Equal arguments give equal bytes, whatever the folder and the day.

    Parameters
    ----------
    folder : Path
        Where to; it must not exist, or be empty. It appears complete or not at all.
    operations : int
        How many operations of ours, children of N-in-ones included; failed starts come on top.
    seed : int
        Seed of every choice and key.
    month : str
        Calendar month ``YYYY-MM`` in Asia/Shanghai.
    overwrite : bool
        Replace a workspace that this function wrote before; nothing else is ever replaced.

    Returns
    -------
    Planted

    Raises
    ------
    InputError
        `operations` is negative, or `month` is no month.
    OutputError
        `folder` is in the way.

    Examples
    --------
    >>> import tempfile
    >>> planted = generate(Path(tempfile.mkdtemp()) / "ws", operations=50)
    >>> planted.operations, (planted.folder / "idvtools.toml").is_file()
    (50, True)
    """
    if operations < 0:
        raise InputError("the number of operations must not be negative")
    calendar = Calendar(month)
    calendar.days  # noqa: B018 - a month that is none is refused before anything else happens
    folder = Path(folder)
    with placed(folder, replaceable="truth/phenomena.json" if overwrite else None) as aside:
        return _write(aside, folder, play(calendar, operations, seed), calendar, seed)


def play(calendar: Calendar, operations: int, seed: int) -> Plan:
    """Plant the scenarios in turns, as far as there is room, and fill up with ordinary operations."""
    rng = random.Random(f"{seed}/{calendar.month}/plan")
    stage = Stage(calendar, rng)
    plan = stage.plan
    for turn in range(math.ceil(operations / _OPERATIONS_A_TURN)):
        for scenario in SCENARIOS:
            before = len(plan.operations)
            if scenario.size > operations - before:
                continue
            stage.scenario = scenario.name
            scenario.plant(stage, turn)
            stage.seen(scenario.name)
            assert len(plan.operations) - before <= scenario.size, scenario.name
        _noise(stage, turn)
    stage.scenario = "ordinary"
    while len(plan.operations) < operations:
        ordinary(stage)
        stage.seen("ordinary")
    return plan


def _noise(stage: Stage, turn: int) -> None:
    """An unreadable line in a callback log."""
    received = stage.moment(stage.rng.choice(stage.calendar.days), 0, 24)
    kinds: tuple[tuple[Place, bytes], ...] = (
        ("daily", f'{{"received_at":"{iso(stage.calendar, received)}","headers":{{"DECSHASH":"3F'.encode()),
        ("log", log_line(stage.calendar, received, "connection reset by peer").encode()),
        ("daily", b"\xff\xfe\xff not text at all \xff"),
        ("log", b"\tat com.example.notify.DecController.handle(DecController.java:42)"),
        ("daily", b'{"ping":1}'),
    )
    place, data = kinds[turn % len(kinds)]
    stage.plan.noise.append(Noise(stage.serial(), received, place, data))
    stage.seen("unreadable_line")


def _write(root: Path, folder: Path, plan: Plan, calendar: Calendar, seed: int) -> Planted:
    secrets = make_secrets(calendar, seed)
    for name in ("requests", "callbacks", "polls", "statements", "keys"):
        (root / name).mkdir(parents=True)
    save(root / "idvtools.toml", settings_text(calendar))
    save(root / "README.md", readme(calendar.month, len(plan.operations), seed, plan.phenomena))
    for name, text in secrets.files.items():
        save(root / name, text)
        if "public" not in name:
            (root / name).chmod(_PRIVATE)
    write_requests(root, plan, calendar, secrets)
    notifications, rejects = write_callbacks(root, plan, calendar, secrets)
    write_polls(root, plan, calendar)
    write_statements(root, plan, calendar)
    write_truth(root, plan, calendar, notifications, rejects)
    return Planted(
        folder=folder,
        operations=len(plan.operations),
        start_failures=len(plan.failures),
        statement_rows=len(plan.rows),
        statement_only=sum(r.bucket is not None for r in plan.rows),
        notifications=len(notifications),
        rejects=len(rejects),
        phenomena=dict(sorted(plan.phenomena.items())),
    )
