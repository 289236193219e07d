"""The one way in which a vault changes: under the lock, in the order that a crash cannot hurt."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from idvtools.errors import OutputError, VaultError
from idvtools.vault.custody import Entry, file_path
from idvtools.vault.disk import FILE_MODE, make_folder, refusals, write_file
from idvtools.vault.incoming import Incoming, is_abandoned, ready_prefix
from idvtools.vault.log import LOG, Draft, Log
from idvtools.vault.manifest import MANIFEST, csv_rows
from idvtools.vault.origin import Identity, Origin

Item = tuple[Incoming, Origin]
_WAIT_S = 90.0
_TIDY_EVERY_S = 60.0


class Writer:
    """Writes into a vault; one thread at a time (`Vault` sees to that) and, by the lock, one process.

    Parameters
    ----------
    folder : Path
        The vault.
    log : Log
        Its custody log.
    durable : bool
        Whether to wait for the disk.
    """

    def __init__(self, folder: Path, log: Log, *, durable: bool) -> None:
        self._folder, self._log, self._durable = folder, log, durable
        self._incoming = folder / "incoming"
        self._lock = FileLock(folder / ".lock", timeout=_WAIT_S, mode=FILE_MODE, poll_interval=0.002)
        self._tidied = float("-inf")
        self._made: set[str] = set()

    def commit(self, requests: Sequence[Sequence[Item]]) -> list[list[Entry]]:
        """Store what several callers bring: all of it or nothing, but each caller's files are a transaction.

        Raises
        ------
        OutputError
            The disk is full or not writable, or the lock is not to be had.
        VaultError
            The vault is damaged.
        """
        with self._locked():
            self._log.prepare()
            if self._log.unpinned or self._is_untidy:
                self._tidy()
            draft = self._log.draft()
            fresh: dict[str, Incoming] = {}
            for items in requests:
                self._plan(items, draft, fresh)
            if draft.lines or fresh or self._log.unpinned:
                self._write(draft, fresh)
            return [[draft.get(origin.identity, incoming.sha256) for incoming, origin in items] for items in requests]

    def tidy_up(self) -> None:
        """Finish what a crash left, and make room; once in a while, and only where there is a vault."""
        if self._is_untidy and self._folder.exists():
            with self._locked():
                self._log.prepare()
                self._tidy()

    def write_manifest(self) -> None:
        """Write ``manifest.csv`` anew, or leave the old one."""
        with self._locked():
            self._log.prepare()
            part = self._incoming / f"{MANIFEST}.part"
            with refusals(f"{self._folder.name}/{MANIFEST}"):
                write_file(part, csv_rows(self._log.entries), durable=self._durable)
                os.replace(part, self._folder / MANIFEST)

    def _plan(self, items: Sequence[Item], draft: Draft, fresh: dict[str, Incoming]) -> None:
        """The lines that a request needs, and what has to be moved in for them."""
        new: dict[tuple[Identity, str], tuple[Origin, dict[str, Any]]] = {}
        for incoming, origin in items:
            content = self._content(incoming, fresh)
            if draft.find(origin.identity, incoming.sha256) is None:
                new.setdefault((origin.identity, incoming.sha256), (origin, content))
        draft.add(list(new.values()))

    def _content(self, incoming: Incoming, fresh: dict[str, Incoming]) -> dict[str, Any]:
        sha256 = incoming.sha256
        known = self._log.of_content(sha256)
        if known is None or not (self._folder / known.path).is_file():
            if known is not None and incoming.stored_sha256 != known.stored_sha256:
                why = f"is missing, though line {known.seq} of {LOG} lists it; no copy can replace a sealed file"
                raise VaultError(why, file=f"{self._folder.name}/{known.path}")
            source: Incoming | Entry = fresh.setdefault(sha256, incoming)
        else:
            source = known
        return {name: getattr(source, name) for name in ("size", "sha256", "stored_sha256", "media_type")}

    def _write(self, draft: Draft, fresh: dict[str, Incoming]) -> None:
        name, start = self._folder.name, self._log.size()
        last = draft.lines[-1].entry if draft.lines else self._log.entries[-1]
        targets = [
            (incoming, file_path(sha256, sealed=incoming.stored_sha256 != sha256)) for sha256, incoming in fresh.items()
        ]
        try:
            with refusals(f"{name}/incoming"):
                pin = self._log.pin_draft(last.seq, last.hash)
                for incoming, target in targets:
                    incoming.path.stat()  # the with block may have ended
                    self._make_shard(target)
                    incoming.kept = True
            if draft.lines:
                with refusals(f"{name}/{LOG}"):
                    self._log.append(draft)
        except BaseException:
            if self._log.size() == start:  # otherwise the lines count, and with them the files
                self._log.drop_pin()
                for incoming, _ in targets:
                    incoming.kept = False
            raise
        for incoming, target in targets:
            try:
                os.replace(incoming.path, self._folder / target)
            except OSError:  # it is valid where it is
                self._made.clear()
                self._tidied = float("-inf")
        with refusals(f"{name}/incoming"):
            self._log.place_pin(pin)

    def _make_shard(self, target: str) -> None:
        shard = (self._folder / target).parent
        if shard.name not in self._made:
            make_folder(shard)
            self._made.add(shard.name)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            with refusals(f"{self._folder.name}/.lock"):
                if not self._incoming.is_dir():
                    make_folder(self._incoming)
                self._lock.acquire()
        except Timeout:
            raise OutputError("another process holds the vault and does not let go", file=self._folder.name) from None
        try:
            with refusals(self._folder.name):
                yield
        finally:
            self._lock.release()

    @property
    def _is_untidy(self) -> bool:
        return time.monotonic() - self._tidied > _TIDY_EVERY_S

    def _tidy(self) -> None:
        """Finish what a crash left in ``incoming``, and remove what nobody is writing any more; under the lock."""
        for place in self._incoming.iterdir():
            entry = self._log.of_content(place.name.partition(".")[0])
            listed = entry is not None and place.suffix == ".ready" and place.name.startswith(ready_prefix(entry))
            with suppress(OSError):
                if entry and listed and not (self._folder / entry.path).exists():
                    self._made.clear()
                    self._make_shard(entry.path)
                    os.replace(place, self._folder / entry.path)
                elif place.suffix in (".part", ".ready"):
                    is_abandoned(place, remove=True)
        self._tidied = time.monotonic()
