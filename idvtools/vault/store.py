"""The vault: evidence under its SHA-256, as it was received, and who may say when and from where it came.

On disk, in the workspace's ``evidence``::

    files/ab/ab12…           a file under the SHA-256 of its content (….sealed: encrypted)
    incoming/                files that are being received
    custody.jsonl, .pin      the custody log, its end pinned (`idvtools.vault.custody`)
    manifest.csv             the same for people, derived

The order that survives a crash at any moment: a file is complete in ``incoming`` under the name of its content, then
its line is in the log, then it is moved into ``files``, then the log's end is pinned. What a crash leaves in between
is valid, and finished by the next store.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from idvtools.errors import IdvError, VaultError
from idvtools.vault.content import Content
from idvtools.vault.custody import Entry, derived
from idvtools.vault.incoming import Incoming, places
from idvtools.vault.log import LOG, PIN, Log
from idvtools.vault.manifest import frame
from idvtools.vault.origin import Identity
from idvtools.vault.report import VaultReport
from idvtools.vault.sealing import check_seal_key
from idvtools.vault.verify import verify
from idvtools.vault.writing import Item, Writer

if TYPE_CHECKING:
    import pandas as pd


@dataclass(eq=False)
class _Request:
    """A call of `Vault.store` that waits for its turn."""

    items: tuple[Item, ...]
    entries: list[Entry] | None = None
    error: IdvError | None = None


class Vault:
    """The evidence of a workspace; threads and processes may share it.

    Parameters
    ----------
    folder : Path
        ``evidence`` of the workspace. Nothing is made before the first write.
    pin_key : bytes or callable, optional
        A secret of the workspace, or what gives it when it is needed: where there is a log, or something is stored.
        Without one the end of the log is pinned, but anybody could pin it anew.
    seal_key : bytes, optional
        32 bytes; with it files are encrypted before they touch the disk.
    durable : bool
        Whether a store waits until the disk has everything. Without, a power failure may cost the last files.

    Raises
    ------
    KeyFormatError
        `seal_key` is not 32 bytes.

    Examples
    --------
    >>> import tempfile
    >>> from datetime import UTC, datetime
    >>> from idvtools.vault import Origin
    >>> vault = Vault(Path(tempfile.mkdtemp()) / "evidence", pin_key=b"a secret", durable=False)
    >>> origin = Origin("dec", "zd1", "app", "evidence", "front.jpg", None, datetime(2026, 10, 1, tzinfo=UTC))
    >>> with vault.receive() as file:
    ...     file.write(b"\\xff\\xd8\\xff...")
    ...     [entry] = vault.store((file, origin))
    >>> entry.seq, entry.media_type, vault.has(origin.identity), vault.read(entry.sha256)[:3] == b"\\xff\\xd8\\xff"
    (1, 'image/jpeg', True, True)
    >>> vault.verify().ok
    True
    """

    def __init__(
        self,
        folder: Path,
        *,
        pin_key: bytes | Callable[[], bytes] | None = None,
        seal_key: bytes | None = None,
        durable: bool = True,
    ) -> None:
        self.folder = Path(folder)
        self._incoming = self.folder / "incoming"
        self._pin_key, self._durable = pin_key, durable
        self._seal_key = None if seal_key is None else check_seal_key(seal_key)
        self._log = Log(self.folder, self._key, durable=durable)
        self._writer = Writer(self.folder, self._log, durable=durable)
        self._turn = threading.RLock()
        self._read = False
        self._waiting: list[_Request] = []

    def _key(self) -> bytes | None:
        if callable(self._pin_key):
            self._pin_key = self._pin_key()
        return derived(self._pin_key)

    def __repr__(self) -> str:
        return f"Vault({str(self.folder)!r})"

    # Writing

    def receive(self) -> Incoming:
        """A file to be received; use it in a ``with`` block, `store` it inside.

        Raises
        ------
        OutputError
            The vault cannot be written.
        VaultError
            The vault is damaged: better told before anything is fetched.
        """
        self.tidy()
        return Incoming(self._incoming, f"{self.folder.name}/incoming", self._seal_key, durable=self._durable)

    def tidy(self) -> None:
        """Finish what a crash left half done, and remove what nobody receives any more; `receive` does so, too.

        Raises
        ------
        OutputError, VaultError
            As `receive`.
        """
        with self._turn:
            self._writer.tidy_up()

    def store(self, *items: Item) -> list[Entry]:
        """Store files for good: all of them or none.

        An identity that is there with the same content gives the entry that is there. With other content it gets
        another entry, and both are kept. The same content under two identities is one file and two entries.

        Parameters
        ----------
        items : tuple of Incoming and Origin
            What was received, and where it came from.

        Returns
        -------
        list of Entry
            One for each item.

        Raises
        ------
        OutputError
            The disk is full or not writable, or the lock is not to be had; nothing was stored.
        VaultError
            The vault is damaged.
        """
        for incoming, _ in items:
            incoming.finish()
        request = _Request(items)
        self._waiting.append(request)
        with self._turn:  # whoever has the turn stores for all who wait: the disk is waited for once
            if request.entries is None and request.error is None:
                waiting = self._waiting
                self._waiting = []
                self._commit_all([request, *(other for other in waiting if other is not request)])
        if request.error is not None:
            raise request.error
        assert request.entries is not None
        return request.entries

    def _commit_all(self, batch: list[_Request]) -> None:
        try:
            for request, entries in zip(batch, self._writer.commit([r.items for r in batch]), strict=True):
                request.entries = entries
        except IdvError as error:
            if len(batch) == 1:
                batch[0].error = error
                return
            for request in batch:  # one's trouble is not the others'
                self._commit_all([request])

    # Reading

    @contextmanager
    def _index(self) -> Iterator[Log]:
        with self._turn:
            self._log.refresh()
            yield self._log

    @contextmanager
    def _glance(self) -> Iterator[Log]:
        """The log without waiting for another thread's store, which waits for the disk: its files are not seen yet."""
        # Before the first look there is nothing to glance at.
        if not self._turn.acquire(blocking=not self._read):
            yield self._log
            return
        try:
            self._log.refresh()
            self._read = True
            yield self._log
        finally:
            self._turn.release()

    def find(self, *, vendor: str | None = None, op_id: str | None = None, call: str | None = None) -> list[Entry]:
        """Entries of a vendor, an operation, a call; in the order in which they were stored."""
        with self._glance() as log:
            entries = tuple(log.entries if op_id is None else log.of_operation(op_id))
            return [e for e in entries if vendor in (None, e.vendor) and call in (None, e.call)]

    def has(self, identity: Identity) -> bool:
        """Whether anything is stored for an identity (`Origin.identity`)."""
        with self._glance() as log:
            return bool(log.versions(identity))

    def entries(self) -> Sequence[Entry]:
        """All entries, in the order in which they were stored."""
        with self._index() as log:
            return tuple(log.entries)

    def op_ids(self) -> set[str]:
        """Operations that have a file."""
        with self._index() as log:
            return log.operations()

    def read(self, sha256: str) -> bytes:
        """A file as it was received.

        Raises
        ------
        VaultError
            There is none, it is not what was received any more, or it is sealed and there is no key.
        DecryptionError
            It is sealed under another key.
        """
        with self.open(sha256) as content:
            return content.read()

    def open(self, sha256: str) -> Content:
        """A file as it was received, piece by piece; errors as `read`, those about its content at its end."""
        with self._index() as log:
            entry = log.of_content(sha256)
        if entry is None:
            raise VaultError("there is no file with this SHA-256", file=self.folder.name)
        label = f"{self.folder.name}/{entry.path}"
        for place in places(self.folder, entry):
            try:
                return Content(place, entry, self._seal_key, label)
            except FileNotFoundError:
                continue
            except OSError as error:
                raise VaultError(f"cannot be read: {(error.strerror or '').lower()}", file=label) from None
        raise VaultError(f"is missing, though line {entry.seq} of {LOG} lists it", file=label)

    # Saying what there is

    def manifest(self) -> pd.DataFrame:
        """What is in the vault as a table; columns as in `idvtools.vault.manifest.frame`."""
        return frame(self.entries())

    def write_manifest(self) -> None:
        """Write ``manifest.csv`` anew.

        Raises
        ------
        OutputError
            The disk is full or not writable; the old one stays.
        """
        with self._turn:
            self._writer.write_manifest()

    def verify(self, head: str | None = None) -> VaultReport:
        """Check everything: the log, its pin, each file, and that there is nothing else; changes nothing.

        Parameters
        ----------
        head : str, optional
            The head that was noted earlier (`VaultReport.head`): it must still be in the chain. Only this shows that
            all of the vault was removed, or put back to an earlier state.

        Raises
        ------
        InputError
            `head` is no hash.
        """
        begun = any((self.folder / name).exists() for name in (LOG, PIN))
        return verify(self.folder, self._key() if begun else None, self._seal_key, head=head)
