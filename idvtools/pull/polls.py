"""Answers to our own polls, kept as the workspace keeps them: one line each in ``polls/``."""

from __future__ import annotations

import os
import threading
from datetime import datetime
from pathlib import Path

from idvtools.errors import OutputError


class PollLog:
    """A file of its own for each pull, made when the first answer comes (workspace.md section 1).

    Parameters
    ----------
    folder : Path
        ``polls`` of the workspace.
    now : datetime
        Begin of the pull; the file is called by it.

    Examples
    --------
    >>> import tempfile
    >>> from datetime import UTC
    >>> log = PollLog(Path(tempfile.mkdtemp()), datetime(2026, 10, 1, tzinfo=UTC))
    >>> log.add(datetime(2026, 10, 1, tzinfo=UTC), b'{"errorCode": 0}')
    >>> log.path.read_text()
    '{"polled_at":"2026-10-01T00:00:00.000+00:00","response":{"errorCode": 0}}\\n'
    """

    def __init__(self, folder: Path, now: datetime) -> None:
        self.path = folder / f"pulled-{now:%Y%m%dT%H%M%S}-{os.getpid()}.jsonl"
        self._lock = threading.Lock()

    def add(self, at: datetime, received: bytes) -> None:
        """Keep an answer: it is written whole, in one write, and before anything is done with it.

        Raises
        ------
        OutputError
            It cannot be written.
        """
        # In JSON a line ends between tokens only: what is said stays as it was said.
        text = received.decode("utf-8-sig").replace("\n", " ").replace("\r", " ").strip()
        line = f'{{"polled_at":"{at.isoformat(timespec="milliseconds")}","response":{text}}}\n'.encode()
        try:
            with self._lock:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
                try:
                    size = os.fstat(handle).st_size
                    if os.write(handle, line) != len(line):
                        os.ftruncate(handle, size)  # the disk is full: half a line would be a damaged one
                        raise OSError(28, "No space left on device")
                finally:
                    os.close(handle)
        except OSError as error:
            why = f"the answer cannot be kept: {(error.strerror or 'unwritable').lower()}"
            raise OutputError(why, file=str(self.path)) from None
