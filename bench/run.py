"""Measure a month side by side in one run: plain SQL, pandas, idvtools. Time never fails it, wrong buckets do."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
from month import MONTH, write_month

_HERE = Path(__file__).resolve().parent
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # getrusage(2): bytes on macOS, KiB on Linux


@dataclass
class Program:
    """One way to reconcile the month, and what it took so far."""

    name: str
    command: Callable[[Path], Sequence[str]]
    buckets_of: Callable[[Path], dict[str, int]]
    seconds: list[float] = field(default_factory=list)
    rss: list[int] = field(default_factory=list)
    buckets: list[dict[str, int]] = field(default_factory=list)

    def run(self, folder: Path) -> None:
        """Run it once in a process of its own; `folder` is new and empty."""
        seconds, rss = _measure(self.command(folder), folder / "log.txt")
        self.seconds.append(seconds)
        self.rss.append(rss)
        self.buckets.append(self.buckets_of(folder))


def _measure(command: Sequence[str], log: Path) -> tuple[float, int]:
    """Wall time in seconds and peak resident memory in bytes of a child process."""
    with log.open("wb") as out:
        start = time.perf_counter()
        child = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{' '.join(command)} ended with {child.returncode}:\n{log.read_text('utf-8', 'replace')[-3000:]}")
    return seconds, usage.ru_maxrss * _RSS_UNIT


def _parquet_buckets(folder: Path) -> dict[str, int]:
    rows = duckdb.sql(f"select bucket, count(*) from '{folder}/out.parquet' group by 1").fetchall()
    return dict(sorted(rows))


def _idvtools_buckets(folder: Path) -> dict[str, int]:
    summary = json.loads((folder / "out/summary.json").read_text("utf-8"))
    return {name: bucket["rows"] for name, bucket in sorted(summary["buckets"].items()) if bucket["rows"]}


def _programs(workspace: Path) -> list[Program]:
    def script(name: str) -> Callable[[Path], Sequence[str]]:
        return lambda folder: [sys.executable, str(_HERE / name), str(workspace), str(folder / "out.parquet")]

    def idvtools(folder: Path) -> Sequence[str]:
        return [
            *_IDVTOOLS,
            "reconcile",
            str(workspace),
            "--vendor",
            "dec",
            "--month",
            MONTH,
            "--out",
            str(folder / "out"),
        ]

    return [
        Program("floor (SQL)", script("floor_duckdb.py"), _parquet_buckets),
        Program("baseline (pandas)", script("baseline_pandas.py"), _parquet_buckets),
        Program("idvtools reconcile", idvtools, _idvtools_buckets),
    ]


_IDVTOOLS = (sys.executable, "-c", "from idvtools.cli import main; main()")
_STARTS = {
    "python -c pass": (sys.executable, "-c", "pass"),
    "import idvtools": (sys.executable, "-c", "import idvtools"),
    "idvtools --help": (*_IDVTOOLS, "--help"),
}


def _report(programs: list[Program], starts: dict[str, float]) -> None:
    floor, baseline = (statistics.median(p.seconds) for p in programs[:2])
    print(f"\n{'':20}{'median':>9}{'min':>9}{'max':>9}{'/ floor':>9}{'/ pandas':>9}{'peak RSS':>11}")
    for program in programs:
        middle = statistics.median(program.seconds)
        print(
            f"{program.name:20}{middle:8.2f}s{min(program.seconds):8.2f}s{max(program.seconds):8.2f}s"
            f"{middle / floor:9.2f}{middle / baseline:9.2f}{max(program.rss) / 2**20:8.0f} MB"
        )
    print("\nstart-up, median")
    for name, seconds in starts.items():
        print(f"  {name:18}{seconds * 1000:6.0f} ms")


def _check(programs: list[Program]) -> bool:
    """Whether all runs of all programs put the same number of rows in each bucket; prints the counts."""
    wanted = programs[0].buckets[0]
    print("\nbuckets:", ", ".join(f"{name} {rows:,}" for name, rows in wanted.items()))
    different = [(p.name, b) for p in programs for b in p.buckets if b != wanted]
    for name, buckets in different:
        print(f"DIFFERENT in {name}: {buckets}")
    if not different:
        print("the same in every run of every program")
    return not different


def main() -> int:
    """Generate, run alternately, print; 1 where buckets differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--operations", type=int, default=1_000_000, help="size of the month (default: 1,000,000)")
    parser.add_argument(
        "--runs", type=int, default=3, help="runs of each program, 3 or more for a fair median (default: 3)"
    )
    parser.add_argument(
        "--workdir", type=Path, help="where to work, and to leave everything (default: a temporary folder)"
    )
    options = parser.parse_args()
    if options.operations < 1 or options.runs < 1:
        parser.error("--operations and --runs must be at least 1")
    with tempfile.TemporaryDirectory(prefix="idvtools-bench-") as scratch:
        work = Path(scratch)
        if options.workdir is not None:
            options.workdir.mkdir(parents=True, exist_ok=True)
            work = Path(tempfile.mkdtemp(prefix="bench-", dir=options.workdir.resolve()))
        workspace = work / "workspace"
        print(f"writing a month of {options.operations:,} operations ...", flush=True)
        write_month(workspace, options.operations)
        programs = _programs(workspace)
        for i in range(options.runs):
            for k, program in enumerate(programs):
                folder = work / f"run-{i + 1}-{k + 1}"
                folder.mkdir()
                program.run(folder)
                print(f"run {i + 1}  {program.name:20}{program.seconds[-1]:8.2f}s", flush=True)
        starts = {
            name: statistics.median(_measure(command, work / "log.txt")[0] for _ in range(max(options.runs, 5)))
            for name, command in _STARTS.items()
        }
        _report(programs, starts)
        return 0 if _check(programs) else 1


if __name__ == "__main__":
    sys.exit(main())
