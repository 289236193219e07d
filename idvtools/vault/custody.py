"""One line of the custody log, and the pin that holds the log's end.

A line is JSON with sorted keys: what was stored, where it came from, the hash of the line before, and its own.
Whoever changes, adds, leaves out or moves a line breaks the chain there. A chain alone doesn't tell that its end
was cut off: the pin does, which is rewritten after each line, under a key. What no vault can tell by itself is that
all of it was put back to an earlier state, pin included: write down the head (`VaultReport.head`) somewhere else.

``hash`` is the SHA-256 of the line without ``hash``; ``mac`` is HMAC-SHA256 of the line without both, under a key
derived from the pin key (null without one): lines after the pin, which a crash leaves, must be the vault's own.
``item`` of ``items`` tells the lines of one transaction: they hold together or not at all.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple, Self

import orjson

from idvtools.vault.origin import Identity, Origin

#: What stands before the first line.
GENESIS = "0" * 64

_HEX = re.compile("[0-9a-f]{64}")
_ORIGIN = ("vendor", "op_id", "app_id", "call", "name", "url", "fetched_at", "note")
_TEXT: tuple[str, ...] = ("at", "event", "vendor", "call", "name", "fetched_at", "media_type")
_NUMBERS = ("seq", "size", "item", "items")
_HASHES = ("sha256", "stored_sha256", "prev", "hash")
_MAYBE = ("op_id", "app_id", "url", "note", "mac")
_FIELDS = frozenset(_TEXT + _NUMBERS + _HASHES + _MAYBE)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the custody log: a file that was stored.

    Parameters
    ----------
    seq : int
        Its number, from 1: the line of ``custody.jsonl``.
    at, fetched_at : datetime
        When it was stored, and fetched; UTC.
    vendor, op_id, app_id, call, name, url, note
        Where it came from (`Origin`).
    size, sha256
        The file as it was received.
    stored_sha256 : str
        Of the bytes on disk.
    media_type : str
        What it is by its content.
    hash : str
        Of the line.
    """

    seq: int
    at: datetime
    vendor: str
    op_id: str | None
    app_id: str | None
    call: str
    name: str
    url: str | None
    fetched_at: datetime
    note: str | None
    size: int
    sha256: str
    stored_sha256: str
    media_type: str
    hash: str = field(repr=False)

    @property
    def identity(self) -> Identity:
        """What the file is, whenever it is fetched."""
        return self.vendor, self.op_id, self.call, self.name

    @property
    def sealed(self) -> bool:
        """Whether it is encrypted on disk."""
        return self.stored_sha256 != self.sha256

    @property
    def path(self) -> str:
        """Where it is, relative to the vault."""
        return file_path(self.sha256, sealed=self.sealed)


def file_path(sha256: str, *, sealed: bool) -> str:
    """Where a file with this content is, relative to the vault."""
    return f"files/{sha256[:2]}/{sha256}{'.sealed' if sealed else ''}"


class Line(NamedTuple):
    """A line that was read: its entry, and what places it in the log."""

    entry: Entry
    prev: str
    item: int
    items: int
    raw: bytes


def derived(key: bytes | None) -> bytes | None:
    """The key that pins, from a key that may serve other purposes, too."""
    return None if key is None else hmac.digest(key, b"idvtools custody pin", "sha256")


def compose(
    origin: Origin, content: dict[str, Any], prev: str, place: tuple[int, int, int], at: datetime, key: bytes | None
) -> Line:
    """The line of a file that is being stored.

    Parameters
    ----------
    origin : Origin
        Where it came from.
    content : dict
        ``size``, ``sha256``, ``stored_sha256``, ``media_type``.
    prev : str
        Hash of the line before.
    place : tuple of int
        ``seq``, ``item``, ``items``.
    at : datetime
        Now, in UTC.
    key : bytes, optional
        As `derived` gave it.
    """
    fields = {name: getattr(origin, name) for name in _ORIGIN} | content
    fields |= dict(zip(("seq", "item", "items"), place, strict=True)) | {"event": "stored", "prev": prev}
    fields |= {"at": _iso(at), "fetched_at": _iso(origin.fetched_at)}
    fields["mac"] = None if key is None else _mac(key, _canonical(fields))
    fields["hash"] = hashlib.sha256(_canonical(fields)).hexdigest()
    return Line(_entry(fields), prev, place[1], place[2], _canonical(fields) + b"\n")


def parse(raw: bytes) -> Line:
    """Read a whole line.

    Raises
    ------
    ValueError
        It is not what was written; the text says why.
    """
    try:
        fields = orjson.loads(raw)
    except ValueError:
        fields = None
    if not isinstance(fields, dict) or not _FIELDS.issuperset(fields) or len(fields) != len(_FIELDS):
        raise ValueError("is not a line that the vault writes")
    if not _is_typed(fields) or _canonical(fields) + b"\n" != raw:
        raise ValueError("was changed: it is not in the form that the vault writes")
    said = fields.pop("hash")
    if hashlib.sha256(_canonical(fields)).hexdigest() != said:
        raise ValueError("was changed: its hash does not hold")
    fields["hash"] = said
    try:
        return Line(_entry(fields), fields["prev"], fields["item"], fields["items"], raw)
    except (ValueError, OverflowError):
        raise ValueError("holds a time that is none") from None


def is_ours(line: Line, key: bytes) -> bool:
    """Whether a line was written by somebody who has the pin key."""
    fields = orjson.loads(line.raw)
    said = fields.pop("mac")
    del fields["hash"]
    return said is not None and hmac.compare_digest(said, _mac(key, _canonical(fields)))


@dataclass(frozen=True, slots=True)
class Pin:
    """The end of the log: number and hash of the last line, under a key."""

    seq: int = 0
    hash: str = GENESIS
    mac: str | None = None

    @classmethod
    def of(cls, seq: int, head: str, key: bytes | None) -> Self:
        """The pin of a log that ends so."""
        return cls(seq, head, None if key is None else _mac(key, f"{seq}\n{head}".encode()))

    def to_bytes(self) -> bytes:
        """What the file holds."""
        return _canonical({"seq": self.seq, "hash": self.hash, "mac": self.mac}) + b"\n"

    @classmethod
    def read(cls, raw: bytes, key: bytes | None) -> Self:
        """The pin in a file's bytes; without a key its mac is not looked at.

        Raises
        ------
        ValueError
            It is not what was written; the text says why.
        """
        try:
            fields = orjson.loads(raw)
            pin = cls(fields["seq"], fields["hash"], fields["mac"])
        except (ValueError, TypeError, KeyError):
            raise ValueError("is not a pin") from None
        if (
            type(pin.seq) is not int
            or pin.seq < 0
            or not is_hash(pin.hash)
            or not (pin.mac is None or is_hash(pin.mac))
            or pin.to_bytes() != raw
        ):
            raise ValueError("was changed")
        if key is not None:
            if pin.mac is None:
                raise ValueError("bears no seal: it was made without the pin key, or forged")
            if not hmac.compare_digest(pin.mac, cls.of(pin.seq, pin.hash, key).mac or ""):
                raise ValueError("was forged, or the pin key is another one than the vault was made with")
        return pin


def _entry(fields: dict[str, Any]) -> Entry:
    return Entry(
        seq=fields["seq"],
        at=_time(fields["at"]),
        vendor=fields["vendor"],
        op_id=fields["op_id"],
        app_id=fields["app_id"],
        call=fields["call"],
        name=fields["name"],
        url=fields["url"],
        fetched_at=_time(fields["fetched_at"]),
        note=fields["note"],
        size=fields["size"],
        sha256=fields["sha256"],
        stored_sha256=fields["stored_sha256"],
        media_type=fields["media_type"],
        hash=fields["hash"],
    )


def _is_typed(fields: dict[str, Any]) -> bool:
    return (
        all(type(fields[name]) is str for name in _TEXT)
        and all(type(fields[name]) is int and fields[name] >= 0 for name in _NUMBERS)
        and all(is_hash(fields[name]) for name in _HASHES)
        and all(fields[name] is None or type(fields[name]) is str for name in _MAYBE)
        and (fields["mac"] is None or is_hash(fields["mac"]))
        and fields["event"] == "stored"
    )


def is_hash(value: object) -> bool:
    """Whether something is a SHA-256 as the log writes it."""
    return type(value) is str and _HEX.fullmatch(value) is not None


def _mac(key: bytes, message: bytes) -> str:
    return hmac.digest(key, message, "sha256").hex()


def _canonical(fields: dict[str, Any]) -> bytes:
    return orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("no zone")
    return moment.astimezone(UTC)
