"""Progress bars on stderr: on a terminal, in a notebook, or where asked for."""

from __future__ import annotations

import shutil
import sys
from typing import Any

from idvtools.records.context import Progress


def unheard(_stage: str) -> None:
    """Tell nobody of a stage."""


class Bar(Progress):
    """Bytes read, with rate and time left.

    Parameters
    ----------
    wanted : bool or None
        None: on a terminal and in a notebook.
    """

    def __init__(self, wanted: bool | None = None) -> None:
        self._shown = sys.stderr.isatty() or "ipykernel" in sys.modules if wanted is None else wanted
        self._delay = 0.0 if wanted else 0.4
        self._bar: Any = None

    def begin(self, total: int) -> None:
        """Show the bar."""
        if self._shown:
            from tqdm import tqdm  # noqa: PLC0415

            # tqdm takes a terminal of unknown size for one of no size.
            columns, rows = shutil.get_terminal_size()
            self._bar = tqdm(
                total=total,
                unit="B",
                unit_scale=True,
                unit_divisor=1024,
                desc="reading",
                leave=False,
                delay=self._delay,
                ncols=columns,
                nrows=rows,
            )

    def advance(self, done: int) -> None:
        """Bytes were read."""
        if self._bar is not None:
            self._bar.update(done)

    def end(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
