"""What tests of the doctor share: asking it, and changing a workspace."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from front_door import Run, run

import idvtools as idv
from idvtools.workspace.doctor import Check, Diagnosis

SAMPLE = Path(__file__).parents[1] / "sample_data" / "2026-10"
ZONE = ZoneInfo("Asia/Shanghai")
APP = "zd1uahd8"


def doctor(folder: Path, *options: str) -> Run:
    return run("doctor", str(folder), *options)


def look(folder: Path, vendor: str | None = None, **options: Any) -> Diagnosis:
    return idv.Workspace(folder).doctor(vendor, **options)


def one(found: Diagnosis, name: str, app: str | None = None) -> Check:
    (check,) = found.find(name, app)
    return check


def states(found: Diagnosis, name: str, app: str | None = None) -> list[str]:
    return [c.state for c in found.find(name, app)]


def set_time(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(round(moment.timestamp())))


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
