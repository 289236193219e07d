"""Is the vault what it was? Every line, every file and nothing besides, without writing or locking anything.

What is listed is read in the order opposite to writing (files, manifest, pin, log), so that a vault which grows
meanwhile is not called damaged.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from idvtools.errors import DecryptionError, InputError, Problem, VaultError
from idvtools.vault.content import clear_pieces, stored_pieces
from idvtools.vault.custody import GENESIS, Entry, Pin, is_hash
from idvtools.vault.incoming import places, ready_prefix
from idvtools.vault.log import LOG, PIN, Follower, read_pin
from idvtools.vault.manifest import MANIFEST, csv_rows
from idvtools.vault.report import Checked, VaultReport

_LOCKED = "locked"
_LOCK = ".lock"
_OWN = (LOG, PIN, MANIFEST, _LOCK)


def verify(
    folder: Path, key: bytes | None, seal_key: bytes | None, *, head: str | None = None, lacking: Lacking | None = None
) -> VaultReport:
    """Check a vault.

    Parameters
    ----------
    folder : Path
        The vault; a missing one is empty.
    key : bytes, optional
        As `idvtools.vault.custody.derived` gave it; without it the pin's seal is not checked.
    seal_key : bytes, optional
        Without it sealed files are compared as they are stored.
    head : str, optional
        The head that was noted earlier (`VaultReport.head`): it must be in the chain.
    lacking : Lacking, optional
        Keys that belong to the vault and were not to be had.

    Raises
    ------
    InputError
        `head` is no hash.
    """
    if head is not None and not is_hash(head := head.strip().lower()):
        raise InputError("the noted head must be the 64 hex digits that verify-vault printed")
    check = _Check(folder, key, seal_key, lacking or Lacking())
    present = dict(check.walk(folder, ""))
    with check.opened(MANIFEST, plain=present.get(MANIFEST, False)) as manifest:
        check.lines(head)
        check.manifest(manifest)
    check.contents(present)
    check.others(present)
    return check.report()


@dataclass(frozen=True, slots=True)
class Lacking:
    """Why keys are not to be had that belong to the vault: of its pin, of its sealed files."""

    pin: str | None = None
    seal: str | None = None


class _Check:
    def __init__(self, folder: Path, key: bytes | None, seal_key: bytes | None, lacking: Lacking) -> None:
        self._folder, self._key, self._seal_key, self._lacking = folder, key, seal_key, lacking
        self._problems: list[Problem] = []
        self._of_keys: list[Problem] = []
        self._notes: list[str] = []
        self._entries: list[Entry] = []
        self._files: dict[str, Entry] = {}
        self._head = GENESIS
        self._locked_out = False

    def report(self) -> VaultReport:
        checked: Checked = "full"
        if self._locked_out:
            checked = "stored bytes only (wrong seal key)"
        elif self._seal_key is None and any(entry.sealed for entry in self._files.values()):
            checked = "stored bytes only (no seal key)"
        return VaultReport(
            entries=len(self._entries),
            files=len(self._files),
            bytes=sum(entry.size for entry in self._files.values()),
            head=self._head,
            problems=(*self._problems, *self._of_keys),
            damaged=bool(self._problems),
            notes=tuple(self._notes),
            checked=checked,
        )

    def _problem(self, name: str, message: str, row: int | None = None) -> None:
        self._problems.append(Problem(message, file=f"{self._folder.name}/{name}", row=row))

    def walk(self, folder: Path, prefix: str) -> Iterator[tuple[str, bool]]:
        """Everything that isn't a folder: its path, and whether it is a plain file (not a link, not a device)."""
        try:
            with os.scandir(folder) as places:
                found = sorted((place.name, place.stat(follow_symlinks=False).st_mode) for place in places)
        except FileNotFoundError:
            return
        except OSError as error:
            self._problem(prefix.rstrip("/") or ".", f"cannot be listed: {(error.strerror or '').lower()}")
            return
        for name, mode in found:
            if stat.S_ISDIR(mode):
                yield from self.walk(folder / name, f"{prefix}{name}/")
            else:
                yield prefix + name, stat.S_ISREG(mode)

    def lines(self, noted: str | None) -> None:
        """The pin, the chain, the head that was noted, and what they say is there."""
        key, pin = self._key, None
        try:
            pin = read_pin(self._folder, key)
        except (ValueError, OSError) as error:
            known = isinstance(error, ValueError)
            self._problem(PIN, str(error) if known else "cannot be read")
            pin, key = Pin(), None
        follower = Follower(pin or Pin(), key)
        try:
            with (self._folder / LOG).open("rb") as file:
                rows, rest = self._follow(file, follower)
        except FileNotFoundError:
            rows, rest = 0, b""
        except OSError as error:
            self._problem(LOG, f"cannot be read: {(error.strerror or '').lower()}")
            return
        if pin is not None and self._lacking.pin:
            self._of_keys.append(Problem(f"{self._lacking.pin}: restore it; the seal of the pin cannot be checked"))
        self._end(pin, follower, rows, rest)
        if noted is not None:
            self._noted(noted)
        for entry in self._entries:
            self._files.setdefault(entry.path, entry)

    def _follow(self, file: BinaryIO, follower: Follower) -> tuple[int, bytes]:
        """The entries of whole lines; gives how many lines there are, and what stands after the last of them."""
        row = 0
        for row, raw in enumerate(file, 1):
            if not raw.endswith(b"\n"):
                return row - 1, raw
            try:
                follower.follow(raw)
            except ValueError as error:
                self._problem(LOG, str(error), row)
            if follower.line:
                self._entries.append(follower.line.entry)
        return row, b""

    def _end(self, pin: Pin | None, follower: Follower, rows: int, rest: bytes) -> None:
        """Does the log end where the pin says?"""
        half = len(follower.open)
        if (half or rest) and (pin is None or rows - half >= pin.seq):
            size = sum(len(line.raw) for line in follower.open) + len(rest)
            why = f"the last line was not written to its end ({size:,} bytes); the next store cuts it off"
            self._notes.append(f"{LOG}: {why}")
            del self._entries[len(self._entries) - half :]
        elif rest:
            self._problem(LOG, "was changed: it does not end with its line", rows + 1)
        if pin is None:
            if self._entries or rest:
                self._problem(PIN, "is missing, though there is a log")
        elif follower.seq < pin.seq:
            why = f"ends before line {pin.seq}, which the pin holds: lines are missing at the end"
            self._problem(LOG, why, follower.seq + 1)
        elif pin.mac is None and pin.seq and self._key is None:
            self._notes.append(f"{PIN}: made without a key, so anybody could have pinned another end")
        elif pin.mac is not None and self._key is None and not self._lacking.pin:
            self._notes.append(f"{PIN}: its seal was not checked (no pin key)")
        self._head = self._entries[-1].hash if self._entries else GENESIS
        if pin is not None and not self._problems and len(self._entries) > pin.seq:
            late = len(self._entries) - pin.seq
            self._notes.append(f"{PIN}: {late} entries after it (being stored, or a crash); the next store pins them")

    def _noted(self, noted: str) -> None:
        """Is the head that somebody noted in the chain?"""
        known = {GENESIS: 0} | {entry.hash: number for number, entry in enumerate(self._entries, 1)}
        if noted not in known:
            why = "the noted head is not in it: the log was put back, replaced or removed since the head was noted"
            self._problem(LOG, why)
            return
        since = len(self._entries) - known[noted]
        came = f"{since} entries came since" if since else "nothing came since"
        self._notes.append(f"{LOG}: the noted head is in it; {came}")

    @contextmanager
    def opened(self, name: str, *, plain: bool) -> Iterator[BinaryIO | None]:
        """A file that need not be there."""
        try:
            file = (self._folder / name).open("rb") if plain else None
        except OSError:
            file = None
        try:
            yield file
        finally:
            if file:
                file.close()

    def manifest(self, file: BinaryIO | None) -> None:
        """It may lack the latest entries, and must be right otherwise."""
        if file is None:
            return
        said = -1  # the header isn't an entry
        for row, expected in enumerate(csv_rows(self._entries), 1):
            found = file.read(len(expected))
            if found != expected:
                if found or row == 1:
                    self._problem(MANIFEST, "differs from the custody log; write it anew", row)
                    return
                break
            said += 1
        if file.read(1):
            self._problem(MANIFEST, "says more than the custody log; write it anew", said + 2)
        elif said < len(self._entries):
            self._notes.append(f"{MANIFEST}: lacks the last {len(self._entries) - said} entries")

    def contents(self, present: dict[str, bool]) -> None:
        """Each file that the log lists; hashing lets other threads go on."""
        jobs = [(path, entry, present.get(path, True)) for path, entry in self._files.items()]
        locked_out: list[str] = []
        with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
            for job, why in zip(jobs, pool.map(lambda job: self._content(*job), jobs), strict=True):
                if why == _LOCKED:
                    locked_out.append(job[0])
                elif why:
                    self._problem(job[0], why)
        if locked_out:
            self._locked_out = True
            sealed = sum(entry.sealed for entry in self._files.values())
            why = f"{len(locked_out)} of {sealed} sealed files do not open with it; they are as they were stored"
            self._of_keys.append(Problem(f"vault_key is a wrong key: {why}"))
        if self._lacking.seal:
            self._notes.append(f"{self._lacking.seal}: sealed files were not opened")
        clear = sum(not entry.sealed for entry in self._files.values())
        if clear and self._seal_key is not None:
            self._notes.append(f"files: {clear} are not sealed; they were stored without a seal key")

    def _content(self, path: str, entry: Entry, plain: bool) -> str | None:
        if not plain:
            return "is a link or a device, not a file"
        for place in places(self._folder, entry):
            try:
                with place.open("rb") as file:
                    if entry.sealed and self._seal_key is None:
                        pieces = stored_pieces(file, entry, path)
                    else:
                        pieces = clear_pieces(file, entry, self._seal_key, path)
                    for _ in pieces:
                        pass
                return None
            except FileNotFoundError:
                continue
            except OSError as error:
                return f"cannot be read: {(error.strerror or '').lower()}"
            except VaultError as error:
                return error.problems[0].message
            except DecryptionError:
                return _LOCKED
        return f"is missing, though line {entry.seq} of {LOG} lists it"

    def _size(self, path: str) -> int:
        try:
            return (self._folder / path).stat().st_size
        except OSError:
            return 0

    def others(self, present: dict[str, bool]) -> None:
        """What is there and not listed."""
        waiting = {ready_prefix(entry) for path, entry in self._files.items() if path not in present}
        unfinished = moving = 0
        for path, plain in present.items():
            if path in self._files or (path in _OWN and plain):
                if path == _LOCK and self._size(path):
                    self._problem(path, "is not empty, and nothing is ever written into it")
                continue
            folder, _, name = path.rpartition("/")
            stem, _, kind = name.rpartition(".")
            if plain and folder == "incoming" and kind in ("part", "ready"):
                still = (self._folder / path).exists()
                listed = kind == "ready" and stem.rpartition(".")[0] + "." in waiting
                moving += still and listed
                unfinished += still and not listed
            elif os.path.lexists(self._folder / path):
                self._problem(path, "is not in the custody log")
        if moving:
            self._notes.append(f"incoming: {moving} complete file(s), listed and valid; the next store moves them")
        if unfinished:
            self._notes.append(f"incoming: {unfinished} unfinished download(s)")
