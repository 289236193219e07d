"""Is the vault what it was? Every line, every file and nothing besides, without writing or locking anything.

What is listed is read in the order opposite to writing (files, manifest, pin, log), so that a vault which grows
meanwhile is not called damaged.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from idvtools.errors import DecryptionError, Problem, VaultError
from idvtools.vault.content import clear_pieces, stored_pieces
from idvtools.vault.custody import GENESIS, Entry, Pin
from idvtools.vault.incoming import places, ready_prefix
from idvtools.vault.log import LOG, PIN, Follower, read_pin
from idvtools.vault.manifest import MANIFEST, csv_rows

Checked = Literal["full", "stored bytes only (no seal key)"]
_LISTED = 50
_LOCKED = "locked"
_OWN = (LOG, PIN, MANIFEST, ".lock")


@dataclass(frozen=True, slots=True)
class VaultReport:
    """What `Vault.verify` found; its text is what ``idvtools verify-vault`` prints.

    Parameters
    ----------
    entries, files, bytes : int
        Lines of the custody log, distinct files that they list, and bytes of these as received.
    head : str
        Hash of the last line: written down elsewhere, it proves later that nothing was put back.
    problems : tuple of Problem
        What is damaged, with file and line.
    notes : tuple of str
        What is no damage: unfinished downloads, what a crash left for the next store to finish.
    checked : str
        ``full``, or ``stored bytes only (no seal key)`` where sealed files could not be opened.
    """

    entries: int
    files: int
    bytes: int
    head: str
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]
    checked: Checked

    @property
    def ok(self) -> bool:
        """Whether nothing is damaged."""
        return not self.problems

    def __str__(self) -> str:
        lines = [
            f"evidence vault: {self.entries} entries in the custody log, {self.files} files, {self.bytes:,} bytes",
            f"head of the log: {self.head}",
            f"checked: {self.checked}",
            *(f"note: {note}" for note in self.notes),
        ]
        if self.ok:
            return "\n".join([*lines, "ok: everything is as it was stored"])
        lines.append(f"DAMAGED: {len(self.problems)} problem(s)")
        lines += [f"  {problem}" for problem in self.problems[:_LISTED]]
        if len(self.problems) > _LISTED:
            lines.append(f"  … and {len(self.problems) - _LISTED} more")
        return "\n".join(lines)

    def to_json(self) -> str:
        """The JSON text that ``verify-vault --json`` prints."""
        return json.dumps({"ok": self.ok} | asdict(self), ensure_ascii=False)


def verify(folder: Path, key: bytes | None, seal_key: bytes | None) -> VaultReport:
    """Check a vault.

    Parameters
    ----------
    folder : Path
        The vault; a missing one is empty.
    key : bytes, optional
        As `idvtools.vault.custody.derived` gave it; without it the pin's seal is not checked.
    seal_key : bytes, optional
        Without it sealed files are compared as they are stored.
    """
    check = _Check(folder, key, seal_key)
    present = dict(check.walk(folder, ""))
    with check.opened(MANIFEST, plain=present.get(MANIFEST, False)) as manifest:
        check.lines()
        check.manifest(manifest)
    check.contents(present)
    check.others(present)
    return check.report()


class _Check:
    def __init__(self, folder: Path, key: bytes | None, seal_key: bytes | None) -> None:
        self._folder, self._key, self._seal_key = folder, key, seal_key
        self._problems: list[Problem] = []
        self._notes: list[str] = []
        self._entries: list[Entry] = []
        self._files: dict[str, Entry] = {}
        self._head = GENESIS

    def report(self) -> VaultReport:
        sealed = any(entry.sealed for entry in self._files.values())
        return VaultReport(
            entries=len(self._entries),
            files=len(self._files),
            bytes=sum(entry.size for entry in self._files.values()),
            head=self._head,
            problems=tuple(self._problems),
            notes=tuple(self._notes),
            checked="stored bytes only (no seal key)" if sealed and self._seal_key is None else "full",
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

    def lines(self) -> None:
        """The pin, the chain, and what they say is there."""
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
                rest = self._follow(file, follower)
        except FileNotFoundError:
            rest = b""
        except OSError as error:
            self._problem(LOG, f"cannot be read: {(error.strerror or '').lower()}")
            return
        self._end(pin, follower, rest)
        for entry in self._entries:
            self._files.setdefault(entry.path, entry)

    def _follow(self, file: BinaryIO, follower: Follower) -> bytes:
        """The entries of whole lines; gives what stands after the last of them."""
        for row, raw in enumerate(file, 1):
            if not raw.endswith(b"\n"):
                return raw
            try:
                follower.follow(raw)
            except ValueError as error:
                self._problem(LOG, str(error), row)
            if follower.line:
                self._entries.append(follower.line.entry)
        return b""

    def _end(self, pin: Pin | None, follower: Follower, rest: bytes) -> None:
        """Does the log end where the pin says?"""
        half = len(follower.open)
        whole = len(self._entries) - half
        if (half or rest) and (pin is None or whole >= pin.seq):
            self._notes.append(f"{LOG}: the last line was not written to its end; the next store cuts it off")
            del self._entries[whole:]
        elif rest:
            self._problem(LOG, "was changed: it does not end with its line", whole + half + 1)
        if pin is None:
            if self._entries or rest:
                self._problem(PIN, "is missing, though there is a log")
        elif follower.seq < pin.seq:
            why = f"ends before line {pin.seq}, which the pin holds: lines are missing at the end"
            self._problem(LOG, why, follower.seq + 1)
        elif pin.mac is None and pin.seq and self._key is None:
            self._notes.append(f"{PIN}: made without a key, so anybody could have pinned another end")
        elif pin.mac is not None and self._key is None:
            self._notes.append(f"{PIN}: its seal was not checked (no pin key)")
        self._head = self._entries[-1].hash if self._entries else GENESIS
        if pin is not None and not self._problems and len(self._entries) > pin.seq:
            late = len(self._entries) - pin.seq
            self._notes.append(f"{PIN}: {late} entries after it (being stored, or a crash); the next store pins them")

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
            others = f" (and {len(locked_out) - 1} more)" if len(locked_out) > 1 else ""
            self._problem(locked_out[0], f"does not open under this seal key{others}")
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

    def others(self, present: dict[str, bool]) -> None:
        """What is there and not listed."""
        waiting = {ready_prefix(entry) for path, entry in self._files.items() if path not in present}
        unfinished = moving = 0
        for path, plain in present.items():
            if path in self._files or (path in _OWN and plain):
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
