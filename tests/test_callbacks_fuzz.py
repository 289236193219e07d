"""Damaged callback logs: a small run of `fuzz_callbacks`, which says what must hold."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from fuzz_callbacks import Written, fuzzed, good_lines, run

from idvtools.records import embedded, lines


def _files(seed: int, count: int = 5000) -> list[Written]:
    rng = random.Random(seed)
    pool = good_lines(rng, 1000)
    return [fuzzed(rng, pool, count, f"f{i}.log") for i in range(2)]


@pytest.mark.parametrize("seed", [1, 2])
def test_damaged_lines_raise_nothing_and_cost_nobody_else(tmp_path: Path, seed: int) -> None:
    found, told = run(tmp_path / "ws", _files(seed))
    assert not found, "\n".join([told, *found[:10]])


def test_where_a_piece_of_the_file_ends_makes_no_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines.read_lines, "__defaults__", (20_000,))
    found, told = run(tmp_path / "ws", _files(3))
    assert not found, "\n".join([told, *found[:10]])


def test_lines_that_are_too_long_to_be_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line counts as long from 600 bytes on here: of most of them the objects are read one by one."""
    monkeypatch.setattr(lines.read_lines, "__defaults__", (20_000,))
    for module in (lines, embedded):
        monkeypatch.setattr(module, "LONGEST", 600)
    files = _files(4, 2000)
    for written in files:  # of a long line only objects that stand in it unescaped are read
        of_long = [(at, op_id) for at, op_id in written.expected if len(written.lines[at - 1]) >= 590]
        for place in of_long:
            if written.expected[place][1] not in ("bare", "envelope of an object", "array", "log4j"):
                del written.expected[place]
    found, told = run(tmp_path / "ws", files)
    found = [f for f in found if "rejects [" not in f]
    assert not found, "\n".join([told, *found[:10]])
