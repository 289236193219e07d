"""What every reader of a run shares: the vendor, the keys, the zone, rejects and counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from idvtools.crypto.keyring import Keyring
from idvtools.privacy import Pseudonyms
from idvtools.records.files import SourceFile
from idvtools.records.rejects import Rejects
from idvtools.vendors.base import Books, Keys, Vendor


class Progress:
    """Told how far reading is; this one tells nobody."""

    def begin(self, total: int) -> None:
        """So many bytes are to be read."""

    def advance(self, done: int) -> None:
        """So many more were read."""

    def end(self) -> None:
        """Reading is over."""


@dataclass(frozen=True)
class Context:
    """Shared by the readers of one run.

    Parameters
    ----------
    vendor : Vendor
        Whose requests, polls and statements are read.
    senders : tuple of Vendor
        Whose notifications are looked for.
    timezone : str
        Zone of the workspace, for times of ours that were written without an offset.
    pseudonyms : Pseudonyms
        Makes the subject of an operation out of an id number.
    keys : mapping
        Keys by the vendor's name, of every sender and of the vendor itself.
    progress : Progress
        Told of bytes that have been read.
    rejects : Rejects
        What could not be read.
    rows : Counter
        Rows read, by file name.
    notes : Counter
        Things worth a caveat, by their name (``naive_time`` …).
    encodings : dict
        Encodings found in a log, by file name.
    """

    vendor: Vendor
    senders: tuple[Vendor, ...]
    timezone: str
    pseudonyms: Pseudonyms
    keys: Mapping[str, Keys]
    progress: Progress = field(default_factory=Progress)
    rejects: Rejects = field(default_factory=Rejects)
    rows: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    encodings: dict[str, str] = field(default_factory=dict)

    @property
    def books(self) -> Books:
        """Where everything stands that is read."""
        assert self.vendor.books is not None  # `Workspace` refuses vendors without books
        return self.vendor.books

    @property
    def keyrings(self) -> dict[str, Keyring]:
        """AES keys of the vendor, by app id."""
        return {app_id: app.ring for app_id, app in self.keys[self.vendor.name].apps.items() if len(app.ring)}

    def digests(self, secret: bytes) -> dict[str, str]:
        """By kind of file, what its reading depends on besides the file: zone, vendors, keys (as keyed digests)."""
        keys = {name: own.digest(secret) for name, own in self.keys.items()}
        vendor = self.vendor.name
        return {
            "callbacks": self.timezone + "".join(s.name + keys[s.name] for s in self.senders),
            "polls": self.timezone + vendor,
            "requests": self.timezone + vendor + keys[vendor],
            "statements": self.vendor.zone + vendor,
        }

    def count(self, source: SourceFile, rows: int) -> None:
        """Count rows read from a file."""
        self.rows[source.name] += rows
