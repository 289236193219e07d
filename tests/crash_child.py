"""Pulls in processes of their own, which may be killed: forked off one that imports everything only once.

Run as a program it takes a line of JSON a command: ``{"folder", "ops", "days", "epoch"}`` forks a pull and tells its
number; ``{"wait": number}`` tells how it ended.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Self

import idvtools as idv
from idvtools import vendors
from idvtools.crypto.rsa import load_private_key
from idvtools.pull.report import PullReport
from idvtools.sandbox.server.keypairs import private_pem
from idvtools.vendors.base import keys
from idvtools.workspace import pulling

_private_key = cache(load_private_key)
Days = Sequence[tuple[str, date]]


def pull(folder: str | Path, ops: Sequence[str], days: Days) -> PullReport:
    """A pull of operations and statements, without the half second in which the records are judged."""
    desk = idv.Workspace(folder)._desk
    opened, dec = desk.keys("dec"), vendors.get("dec")
    targets = [pulling._named(dec, opened, op, None) for op in ops]
    return pulling.pull_targets(desk, dec, opened, targets, days)


class Nursery:
    """The process that pulls are forked off; use it in a ``with`` block."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)

    def begin(self, folder: Path, ops: Sequence[str], days: Days, epoch: float) -> int:
        """A pull begins; its process."""
        told = {"folder": str(folder), "ops": ops, "days": [(a, d.isoformat()) for a, d in days], "epoch": int(epoch)}
        return self._ask(told)

    def end(self, pid: int) -> int:
        """How it ended: its exit status, -9 if it was killed."""
        return self._ask({"wait": pid})

    def _ask(self, command: dict[str, Any]) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


def _run(command: dict[str, Any]) -> None:
    status = 70
    try:
        os.environ["SOURCE_DATE_EPOCH"] = str(command["epoch"])
        days = [(app, date.fromisoformat(day)) for app, day in command["days"]]
        status = 0 if pull(command["folder"], command["ops"], days).complete else 3
    finally:
        os._exit(status)


def _serve() -> None:
    # A child that does nothing but open keys would be killed there nearly every time.
    vars(keys)["load_private_key"] = _private_key
    _private_key(private_pem("ours").encode())
    for line in sys.stdin:
        command = json.loads(line)
        if "wait" in command:
            told = os.waitstatus_to_exitcode(os.waitpid(command["wait"], 0)[1])
        elif not (told := os.fork()):
            _run(command)
        print(told, flush=True)


if __name__ == "__main__":
    _serve()
