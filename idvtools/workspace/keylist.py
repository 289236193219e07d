"""The keys of a workspace, as far as they may be told about."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from idvtools import vendors
from idvtools.crypto.digests import fingerprint
from idvtools.crypto.keyring import KeyFact
from idvtools.errors import WorkspaceError
from idvtools.workspace.auditing import seal_key

if TYPE_CHECKING:
    from idvtools.workspace.front import Workspace

_COLUMNS = ("vendor", "app", "key", "kind", "fingerprint", "valid_from", "valid_to", "source")


@dataclass(frozen=True)
class KeyListing:
    """Rows of text, notes, and (if asked for) which key read what."""

    rows: tuple[Mapping[str, str | None], ...]
    notes: tuple[str, ...]
    usage: tuple[Mapping[str, object], ...]

    def __str__(self) -> str:
        parts = [_table(_COLUMNS, self.rows) if self.rows else "there are no keys in the settings"]
        if self.usage:
            parts.append(_table(tuple(self.usage[0]), self.usage))
        return "\n\n".join([*parts, *(f"note: {n}" for n in self.notes)])

    def to_json(self) -> str:
        """The same as one JSON object."""
        content = {"keys": self.rows, "usage": self.usage, "notes": self.notes}
        return json.dumps(content, ensure_ascii=False, indent=2, default=str)


def list_keys(workspace: Workspace, vendor: str | None, *, usage: bool) -> KeyListing:
    """What may be told about the keys of one vendor, or of all vendors in the settings and of the vault.

    Raises
    ------
    SettingsError
        A key that cannot be read, or a vendor that the settings do not have.
    """
    zone = ZoneInfo(workspace.settings.workspace.timezone)
    names = [vendor] if vendor else [n for n in vendors.names() if n in workspace.settings.vendors]
    rows: list[Mapping[str, str | None]] = []
    notes: list[str] = []
    used: list[Mapping[str, object]] = []
    if vendor is None and (sealing := workspace.settings.workspace.vault_key) is not None:
        key = seal_key(sealing, workspace.settings.row("workspace", "vault_key"))
        rows.append(_row(None, KeyFact(None, "vault_key", "AES-256", fingerprint(key), sealing.source), zone))
    for name in names:
        facts = workspace.keys(name).facts
        rows += [_row(name, fact, zone) for fact in facts]
        notes += _notes(name, facts)
        if usage and vendors.get(name).books is not None:
            try:
                used += _usage(workspace, name, zone)
            except WorkspaceError:
                notes.append(f"{name}: there are no request logs to read, so what the keys read is not told")
    return KeyListing(tuple(rows), tuple(notes), tuple(used))


def _usage(workspace: Workspace, vendor: str, zone: ZoneInfo) -> list[dict[str, object]]:
    table = workspace.key_usage(vendor)
    for column in ("first_at", "last_at"):
        table[column] = table[column].dt.tz_convert(zone).dt.strftime("%Y-%m-%d %H:%M:%S")
    table["key_id"] = table["key_id"].where(table["key_id"].notna(), "(no key reads them)")
    return [{"vendor": vendor, **{str(k): v for k, v in row.items()}} for row in table.to_dict("records")]


def _row(vendor: str | None, fact: KeyFact, zone: ZoneInfo) -> dict[str, str | None]:
    return {
        "vendor": vendor,
        "app": fact.app,
        "key": fact.name,
        "kind": fact.kind,
        "fingerprint": fact.fingerprint or None,
        "valid_from": _when(fact.valid_from, zone),
        "valid_to": _when(fact.valid_to, zone),
        "source": fact.source,
    }


def _when(moment: datetime | None, zone: ZoneInfo) -> str | None:
    return None if moment is None else moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S%z")


def _notes(vendor: str, facts: tuple[KeyFact, ...]) -> list[str]:
    """Mix-ups that two fingerprints give away."""
    ours = {f.fingerprint for f in facts if f.kind.startswith("RSA") and f.kind.endswith("private")}
    notes = [
        f"{vendor}: {f.name} is the public half of our own private key; the vendor's own key belongs there"
        for f in facts
        if f.kind.startswith("RSA") and f.kind.endswith("public") and f.fingerprint in ours
    ]
    seen: dict[str, KeyFact] = {}
    for fact in facts:
        if fact.kind.startswith("AES"):
            first = seen.setdefault(fact.fingerprint, fact)
            if first is not fact:
                notes.append(f"{vendor}: {fact.app} {fact.name} is the same key as {first.app} {first.name}")
    return notes


def _table(columns: tuple[str, ...], rows: tuple[Mapping[str, object], ...]) -> str:
    cells = [columns, *(tuple("-" if (v := r.get(c)) is None else str(v) for c in columns) for r in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in cells)
