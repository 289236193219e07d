"""The custody log on disk and its index in memory: only what was added since is read, whoever added it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from idvtools.errors import Problem, VaultError
from idvtools.vault.custody import GENESIS, Entry, Line, Pin, compose, is_ours, parse
from idvtools.vault.disk import FILE_MODE, write_all, write_file
from idvtools.vault.origin import Identity, Origin

LOG, PIN = "custody.jsonl", "custody.pin"


class Follower:
    """Reads lines in order and tells where the chain breaks; the end of a transaction makes its entries count."""

    def __init__(self, pin: Pin, key: bytes | None, *, seq: int = 0, head: str = GENESIS) -> None:
        self._pin, self._key = pin, key
        self.seq, self.head = seq, head
        self.line: Line | None = None  # the last one, if it can be read
        self.open: list[Line] = []  # of a transaction that isn't complete yet

    def follow(self, raw: bytes) -> Sequence[Line]:
        """Take a whole line; gives the lines of the transaction that it completes.

        Raises
        ------
        ValueError
            It was changed, or it doesn't follow on the one before. The next line is then expected to follow on it.
        """
        expected, self.line = self.seq + 1, None
        try:
            self.line = line = parse(raw)
        except ValueError:
            self.seq, self.head, self.open = expected, "", []
            raise
        follows = line.entry.seq == expected and (line.prev == self.head or not self.head)
        in_turn = line.item == len(self.open) + 1 and all(line.items == other.items for other in self.open)
        self.seq, self.head = line.entry.seq, line.entry.hash
        if not follows:
            self.open = []
            raise ValueError("does not follow on the line before: a line is missing, was added or was moved")
        if not in_turn or line.item > line.items:
            self.open = []
            raise ValueError("is not the next of its transaction")
        if line.entry.seq > self._pin.seq and self._key is not None and not is_ours(line, self._key):
            raise ValueError("stands after the pin and was not written with the pin key")
        if line.entry.seq == self._pin.seq and line.entry.hash != self._pin.hash:
            raise ValueError("is not the line that the pin holds")
        self.open.append(line)
        if line.item < line.items:
            return ()
        whole, self.open = self.open, []
        return whole


def read_pin(folder: Path, key: bytes | None) -> Pin | None:
    """The pin, None where there is none.

    Raises
    ------
    ValueError
        It is damaged or forged.
    """
    try:
        return Pin.read((folder / PIN).read_bytes(), key)
    except FileNotFoundError:
        return None


class Log:
    """The entries of a vault.

    Parameters
    ----------
    folder : Path
        The vault.
    key : callable
        Gives the key as `idvtools.vault.custody.derived` gave it, or None; asked when the key is needed.
    durable : bool
        Whether to wait for the disk.
    """

    def __init__(self, folder: Path, key: Callable[[], bytes | None], *, durable: bool) -> None:
        self._folder, self._ask_key, self._durable = folder, key, durable
        self._forget()

    def _forget(self) -> None:
        self.entries: list[Entry] = []
        self.pin = Pin()
        self._pin_raw: bytes | None = None
        self._offset = 0
        self._by_identity: dict[Identity, list[Entry]] = {}
        self._by_operation: dict[str | None, list[Entry]] = {}
        self._by_content: dict[str, Entry] = {}

    @property
    def _key(self) -> bytes | None:
        return self._ask_key()

    @property
    def head(self) -> str:
        """Hash of the last line."""
        return self.entries[-1].hash if self.entries else GENESIS

    @property
    def unpinned(self) -> Sequence[Entry]:
        """Entries that a crash kept from being pinned."""
        return self.entries[self.pin.seq :]

    def operations(self) -> set[str]:
        """Operations that have a file."""
        return {op_id for op_id in self._by_operation if op_id is not None}

    def versions(self, identity: Identity) -> Sequence[Entry]:
        """All that was stored for an identity, in order."""
        return self._by_identity.get(identity, ())

    def of_operation(self, op_id: str) -> Sequence[Entry]:
        """All that was stored for an operation, in order."""
        return self._by_operation.get(op_id, ())

    def of_content(self, sha256: str) -> Entry | None:
        """The first entry with this content."""
        return self._by_content.get(sha256)

    def refresh(self) -> None:
        """Read what was added since; works without the lock, for the log only grows.

        Raises
        ------
        VaultError
            The log or its pin is damaged, or cannot be read.
        """
        for attempt in range(3):  # somebody who makes the vault, or takes back what did not fit, may confuse a reader
            try:
                self._read_on()
                return
            except OSError as error:
                raise self._error(LOG, f"cannot be read: {(error.strerror or 'unreadable').lower()}") from None
            except VaultError:
                self._forget()
                if attempt == 2:
                    raise

    def _read_on(self) -> None:
        """The pin is read first: a log that grows meanwhile only reaches beyond it."""
        try:
            raw = (self._folder / PIN).read_bytes()
        except FileNotFoundError:
            raw = None
        if raw is not None and raw != self._pin_raw:
            try:
                self.pin = Pin.read(raw, self._key)
            except ValueError as error:
                raise self._error(PIN, str(error)) from None
        size = self.size()
        if size < self._offset:
            raise self._error(LOG, "is shorter than it was: lines are missing at the end")
        if size > self._offset:
            self._read_lines()
        if raw is None:
            if size:
                raise self._error(PIN, "is missing, though there is a log")
            self.pin = Pin()
        self._pin_raw = raw
        last = self.pin.seq
        if last > len(self.entries):
            raise self._error(LOG, f"ends before line {last}, which the pin holds: lines are missing at the end")
        if last and self.entries[last - 1].hash != self.pin.hash:
            raise self._error(LOG, "is not the line that the pin holds", last)

    def _read_lines(self) -> None:
        follower = Follower(self.pin, self._key, seq=len(self.entries), head=self.head)
        first = len(self.entries) + 1
        with (self._folder / LOG).open("rb") as file:
            file.seek(self._offset)
            for row, raw in enumerate(file, first):
                if not raw.endswith(b"\n"):
                    return  # cut off, or being written: the pin tells whether it counted
                try:
                    lines = follower.follow(raw)
                except ValueError as error:
                    raise self._error(LOG, str(error), row) from None
                self._add(lines)

    def _add(self, lines: Sequence[Line]) -> None:
        for line in lines:
            entry = line.entry
            self.entries.append(entry)
            self._by_identity.setdefault(entry.identity, []).append(entry)
            self._by_operation.setdefault(entry.op_id, []).append(entry)
            self._by_content.setdefault(entry.sha256, entry)
        self._offset += sum(len(line.raw) for line in lines)

    def size(self) -> int:
        """Bytes of the log."""
        try:
            return (self._folder / LOG).stat().st_size
        except FileNotFoundError:
            return 0

    def _error(self, name: str, message: str, row: int | None = None) -> VaultError:
        return VaultError(Problem(message, file=f"{self._folder.name}/{name}", row=row))

    def prepare(self) -> None:
        """Under the lock, before anything is added: read on, pin an empty log, cut off what a crash left half done.

        Raises
        ------
        VaultError
            The log is damaged, or was pinned with a key that isn't given.
        """
        self.refresh()
        if self._key is None and self.pin.mac is not None:
            raise self._error(PIN, "was made with a pin key: storing needs it")
        if self._pin_raw is None:
            self.place_pin(self.pin_draft(0, GENESIS))
        if self.size() > self._offset:
            os.truncate(self._folder / LOG, self._offset)

    def draft(self) -> Draft:
        """Lines to be, after those that are there."""
        return Draft(self, self._key)

    def append(self, draft: Draft) -> None:
        """Add lines, all of them or none, and wait for the disk."""
        fd = os.open(self._folder / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), FILE_MODE)
        try:
            try:
                write_all(fd, b"".join(line.raw for line in draft.lines))
                if self._durable:
                    os.fsync(fd)
            except BaseException:
                os.ftruncate(fd, self._offset)
                raise
        finally:
            os.close(fd)
        self._add(draft.lines)

    def pin_draft(self, seq: int, head: str) -> Pin:
        """A pin written beside the one that holds, so that nothing but a rename is left to do."""
        pin = Pin.of(seq, head, self._key)
        write_file(self._pin_part, iter([pin.to_bytes()]), durable=self._durable)
        return pin

    def place_pin(self, pin: Pin) -> None:
        """Let a pin hold that `pin_draft` wrote."""
        os.replace(self._pin_part, self._folder / PIN)
        self.pin, self._pin_raw = pin, pin.to_bytes()

    def drop_pin(self) -> None:
        """Leave a pin that `pin_draft` wrote."""
        with suppress(OSError):
            self._pin_part.unlink(missing_ok=True)

    @property
    def _pin_part(self) -> Path:
        return self._folder / "incoming" / f"{PIN}.part"


class Draft:
    """Lines that will be appended together, with an index of their own."""

    def __init__(self, log: Log, key: bytes | None) -> None:
        self._log, self._key = log, key
        self._found: dict[tuple[Identity, str], Entry] = {}
        self.lines: list[Line] = []

    def find(self, identity: Identity, sha256: str) -> Entry | None:
        """The entry of an identity with this content, among what is stored and what will be."""
        stored = (entry for entry in self._log.versions(identity) if entry.sha256 == sha256)
        return next(stored, None) or self._found.get((identity, sha256))

    def get(self, identity: Identity, sha256: str) -> Entry:
        """As `find`, of what must be among them."""
        found = self.find(identity, sha256)
        assert found is not None
        return found

    def add(self, items: Sequence[tuple[Origin, dict[str, Any]]]) -> None:
        """Lines of one transaction."""
        for number, (origin, content) in enumerate(items, 1):
            prev = self.lines[-1].entry.hash if self.lines else self._log.head
            place = (len(self._log.entries) + len(self.lines) + 1, number, len(items))
            line = compose(origin, content, prev, place, datetime.now(UTC), self._key)
            self.lines.append(line)
            self._found[origin.identity, line.entry.sha256] = line.entry
