"""What every reader of a run shares: the vendor, the keys, the zone, rejects and counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from idvtools.crypto.keyring import Keyring
from idvtools.privacy import Pseudonyms
from idvtools.records.files import SourceFile
from idvtools.records.rejects import Rejects
from idvtools.vendors.base import Books, CheckKeys, Vendor


@dataclass(frozen=True)
class Context:
    """Shared by the readers of one run.

    Parameters
    ----------
    vendor : Vendor
        Where fields stand, how a notification is checked.
    timezone : str
        Zone of the workspace, for times of ours that were written without an offset.
    pseudonyms : Pseudonyms
        Makes the subject of an operation out of an id number.
    keyrings : mapping
        AES keys by app id.
    check_keys : mapping
        Keys to check notifications with, by app id.
    rejects : Rejects
        What could not be read.
    rows : Counter
        Rows read, by file name.
    notes : Counter
        Things worth a caveat, by their name (``naive_time`` …).
    """

    vendor: Vendor
    timezone: str
    pseudonyms: Pseudonyms
    keyrings: Mapping[str, Keyring]
    check_keys: Mapping[str, CheckKeys]
    rejects: Rejects = field(default_factory=Rejects)
    rows: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)

    @property
    def books(self) -> Books:
        """Where everything stands that is read."""
        assert self.vendor.books is not None  # `Workspace` refuses vendors without books
        return self.vendor.books

    def count(self, source: SourceFile, rows: int) -> None:
        """Count rows read from a file."""
        self.rows[source.name] += rows

    def keys_for(self, app_id: str | None, op_id: str | None) -> CheckKeys | None:
        """Keys to check a notification with: of the app it names, else of the app its operation's id names."""
        named = self.check_keys.get(app_id or "")
        return named or self.check_keys.get((op_id or "")[: self.books.ids.prefix])
