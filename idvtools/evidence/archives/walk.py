"""Archives within archives, member by member, in memory: no name in an archive ever becomes a path on the disk."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from idvtools.errors import EvidenceError, PasswordError
from idvtools.evidence.archives.directory import Entry, read_directory
from idvtools.evidence.archives.members import gunzip, unpack
from idvtools.evidence.archives.names import names_of
from idvtools.evidence.detect import detect
from idvtools.evidence.limits import Budget
from idvtools.evidence.model import Kind, Member

_OUTSIDE = re.compile(r"^(?:[/~]|[A-Za-z]:)|(?:^|/)\.\.(?:/|$)")


@dataclass(frozen=True, slots=True)
class Part:
    """A member and its bytes; `data` None where it could not be had, or is a folder, a link, an archive (its members
    follow). `locked`: only a password is missing. `notes` go into the warnings."""

    member: Member
    data: bytes | None = field(default=None, repr=False)
    locked: bool = False
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class Walk:
    """One walk through an archive and those within it.

    Parameters
    ----------
    budget : Budget
        Counts bytes and members of all of them.
    passwords : list of str
        Tried in order; one that opened something is tried first from then on.
    """

    budget: Budget
    passwords: list[str]

    def parts(self, data: bytes, prefix: str = "", inside: tuple[bytes, ...] = ()) -> Iterator[Part]:
        """Every member of a zip in its order, an archive's members after it.

        Raises
        ------
        EvidenceError
            The archive as a whole cannot be read; before the first part.
        """
        inside = (*inside, hashlib.sha256(data).digest())
        directory = read_directory(data, self.budget)
        seen: Counter[str] = Counter()
        names, doubt = names_of(directory.entries)
        for entry, name in zip(directory.entries, names, strict=True):
            try:
                self.budget.take_member()
            except EvidenceError as over:
                yield _note(prefix, f"{over.problems[0].message}; the rest was not read")
                return
            seen[name] += 1
            path = prefix + (name if seen[name] == 1 else f"{name} ({seen[name]})")
            yield from self._member(data, entry, path, seen[name] > 1, inside)
        if doubt:
            yield _note(prefix, doubt)
        if not directory.whole:
            yield _note(
                prefix, "the archive is cut off or damaged (it has no directory): members were looked for one by one"
            )
        if directory.more:
            yield _note(prefix, f"the archive's directory names {directory.more} more members, which were not read")

    def _member(self, data: bytes, entry: Entry, path: str, again: bool, inside: tuple[bytes, ...]) -> Iterator[Part]:
        if entry.folder:
            yield Part(Member(path, "empty", 0))
            return
        if entry.link:
            yield Part(Member(path, "unknown", entry.size, "a symbolic link; it is not followed"))
            return
        try:
            content, opened_by = unpack(data, entry, self.passwords, self.budget)
        except EvidenceError as error:
            words = error.problems[0].message
            yield Part(Member(path, "unknown", entry.size, words), locked=isinstance(error, PasswordError))
            return
        if opened_by is not None:
            self.passwords.sort(key=lambda p: p != opened_by)
        said = ["its name leads out of the archive; it was read in memory only"] if _OUTSIDE.search(path) else []
        if again:
            said.append("the archive has this name more than once; each was read")
        notes = (f"{path}: {entry.doubt}",) if entry.doubt else ()
        yield from self.content(content, path, inside, "; ".join(said) or None, notes)

    def content(
        self, data: bytes, path: str, inside: tuple[bytes, ...], error: str | None = None, notes: tuple[str, ...] = ()
    ) -> Iterator[Part]:
        """A file as a part; an archive with its members after it."""
        if data.startswith(b"\x1f\x8b\x08"):
            yield from self._gzip(data, path, inside, error, notes)
            return
        kind: Kind = "unknown"
        try:
            kind = detect(data)
        except EvidenceError as refused:
            yield Part(Member(path, kind, len(data), refused.problems[0].message), notes=notes)
            return
        if kind != "zip":
            yield Part(Member(path, kind, len(data), error), data, notes=notes)
            return
        if hashlib.sha256(data).digest() in inside:
            error = "the archive contains itself; it is not opened again"
        elif len(inside) >= self.budget.limits.depth:
            error = f"it lies deeper than {self.budget.limits.depth} archives; it is not opened"
        else:
            parts = self.parts(data, f"{path}!", inside)
            try:
                first = next(parts, None)
            except EvidenceError as refused:
                yield Part(Member(path, kind, len(data), refused.problems[0].message), notes=notes)
                return
            yield Part(Member(path, kind, len(data), error), notes=notes)
            if first is not None:
                yield first
            yield from parts
            return
        yield Part(Member(path, kind, len(data), error), notes=notes)

    def _gzip(
        self, data: bytes, path: str, inside: tuple[bytes, ...], error: str | None, notes: tuple[str, ...]
    ) -> Iterator[Part]:
        """What one gzip file holds: its name without ``.gz``."""
        name = path.rpartition("!")[2].rpartition("/")[2]
        inner = f"{path}!{name[:-3] if name.lower().endswith('.gz') else name}"
        try:
            content = gunzip(data, self.budget)
            if content.startswith(b"\x1f\x8b\x08"):
                raise EvidenceError("gzip within gzip; it is not opened")
        except EvidenceError as refused:
            yield Part(Member(path, "unknown", len(data), refused.problems[0].message), notes=notes)
            return
        yield from self.content(content, inner, inside, error, notes)


def _note(prefix: str, words: str) -> Part:
    """A part that is no member, only something to say of the archive."""
    return Part(Member("", "unknown", 0), notes=(f"{prefix.rstrip('!')}: {words}" if prefix else words,))


def passwords_of(given: str | Sequence[str] | None, id_no: str | None) -> list[str]:
    """The passwords to try: the given ones, and what vendors make of an id number, its last 6 characters.

    Examples
    --------
    >>> passwords_of("s3cret", "11010119900101123x")
    ['s3cret', '01123X', '01123x']
    """
    wanted = [given] if isinstance(given, str) else list(given or ())
    if id_no and len(last := id_no.strip()[-6:]) == 6:
        wanted += [last.upper(), last.lower()]
    return list(dict.fromkeys(p for p in wanted if p))
