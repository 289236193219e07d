"""From one file to `Evidence`: what it is, what lies in it, its tables, the layout it fits."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any

from idvtools.errors import EvidenceError, PasswordError, Problem
from idvtools.evidence.archives.members import gunzip
from idvtools.evidence.archives.walk import Part, Walk, passwords_of
from idvtools.evidence.detect import detect, what_else
from idvtools.evidence.evidence import Evidence, plain
from idvtools.evidence.foreign import is_mail
from idvtools.evidence.limits import Budget, Limits
from idvtools.evidence.model import Column, Found, Grid, Kind, Member, Table

#: Who reads a kind: ``module:function`` with the signature ``(data, name, budget, passwords) -> Found``.
READERS: Mapping[Kind, str] = MappingProxyType(
    {
        "csv": "idvtools.evidence.text.delimited:read_delimited",
        "txt": "idvtools.evidence.text.delimited:read_delimited",
        "xls": "idvtools.evidence.books.sheets:read_sheets",
        "xlsx": "idvtools.evidence.books.sheets:read_sheets",
        "office_encrypted": "idvtools.evidence.books.sheets:read_sheets",
        "pdf": "idvtools.evidence.pdf.reader:read_pdf",
        "html": "idvtools.evidence.markup.readers:read_html",
        "xml": "idvtools.evidence.markup.readers:read_xml",
        "json": "idvtools.evidence.markup.readers:read_json",
    }
)
_TABLES = "idvtools.evidence.tables.grids:to_tables"
_WORKBOOKS = ("xls", "xlsx", "office_encrypted")
_SITES = "idvtools.evidence.sites:apply"
_LIMITS = Limits()
# What a small file may come to in all, however its archives multiply; bills and logs pack 5 to 30 times.
_FREE_BYTES, _BYTES_EACH = 32 << 20, 50
_FREE_CELLS, _CELLS_EACH = 2_000_000, 2
_FREE_MEMORY, _MEMORY_EACH = 380 << 20, 16
# Above so many bytes, a larger file has more time.
_FREE_SIZE, _SECONDS_EACH, _MOST_SECONDS = 24 << 20, 2 / (1 << 20), 300.0


def read_evidence(
    source: str | Path | bytes,
    *,
    password: str | Sequence[str] | None = None,
    site: str | None = None,
    kind: Kind | None = None,
    id_no: str | None = None,
    name: str | None = None,
    limits: Limits = _LIMITS,
) -> Evidence:
    """Read any file of evidence.

    Parameters
    ----------
    source : str, Path or bytes
        A file, or its content.
    password : str or sequence of str, optional
        Passwords to try, on archives, PDFs and workbooks: those of the notification among them.
    site : str, optional
        The known layout that it must fit; by default, whichever it fits.
    kind : Kind, optional
        What it is, where its content fits two kinds.
    id_no : str, optional
        The person's id number: its last 6 characters are tried as a password. It is not kept.
    name : str, optional
        What to call it in messages; by default the file's name.
    limits : Limits
        How much is read at most; by default the usual limits, in proportion to the file where it is small.

    Returns
    -------
    Evidence
        What could be read, and what could not: a damaged member does not hide the others.

    Raises
    ------
    PasswordError
        It is locked as a whole, and no password opens it.
    EvidenceError
        It cannot be read at all.

    Examples
    --------
    >>> evidence = read_evidence("日期,金额\\n2026-10-01,1.50\\n2026-10-02,20.00\\n".encode("gbk"), name="bill.csv")
    >>> evidence.kind, evidence.name
    ('csv', 'bill.csv')
    """
    shown = name or (Path(source).name if not isinstance(source, bytes) else "(bytes)")
    with _named(shown):
        data = source if isinstance(source, bytes) else _load(Path(source), limits)
        if len(data) > limits.file_bytes:
            raise EvidenceError(f"is larger than {limits.file_bytes >> 20} MB")
        budget = Budget(_in_proportion(len(data)) if limits is _LIMITS else limits)
        reading = _Reading(budget, passwords_of(password, id_no))
        with ThreadPoolExecutor(1) as pool:  # a large file is hashed while it is read
            sha256 = pool.submit(lambda: hashlib.sha256(data).hexdigest())
            top: Kind = reading.file(data, shown, kind)
            return reading.evidence(top, shown, sha256.result(), len(data), site)


def _in_proportion(size: int) -> Limits:
    """The usual limits: less memory for a small file, lest a bomb fill it, and more time for a large one."""
    return replace(
        _LIMITS,
        total_bytes=min(_LIMITS.total_bytes, max(_FREE_BYTES, _BYTES_EACH * size)),
        cells=min(_LIMITS.cells, max(_FREE_CELLS, _CELLS_EACH * size)),
        seconds=min(_MOST_SECONDS, _LIMITS.seconds + _SECONDS_EACH * max(0, size - _FREE_SIZE)),
        memory=min(_LIMITS.memory, max(_FREE_MEMORY, _MEMORY_EACH * size)),
    )


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Name the file in errors that don't."""
    try:
        yield
    except EvidenceError as error:
        named = [p if p.file else Problem(p.message, file=name, row=p.row, vendor=p.vendor) for p in error.problems]
        raise (PasswordError if isinstance(error, PasswordError) else EvidenceError)(named) from None


def _load(path: Path, limits: Limits) -> bytes:
    try:
        if path.is_dir():
            raise EvidenceError("is a folder; give a file")
        if not path.is_file():  # a pipe or a device has no end
            raise EvidenceError("is no file" if path.exists() else "there is no such file")
        if path.stat().st_size > limits.file_bytes:
            raise EvidenceError(f"is larger than {limits.file_bytes >> 20} MB")
        return path.read_bytes()
    except OSError as error:
        raise EvidenceError(f"cannot be read: {error.strerror or type(error).__name__}") from None
    except ValueError:  # a null character in the name
        raise EvidenceError("there is no such file") from None


@dataclass(slots=True)
class _Reading:
    """What has been found so far."""

    budget: Budget
    passwords: list[str]
    members: list[Member] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    metadata: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    encodings: list[str] = field(default_factory=list)

    def file(self, data: bytes, name: str, kind: Kind | None) -> Kind:
        """Read the file itself; its kind, a gzip's that of what it holds."""
        if data.startswith(b"\x1f\x8b\x08"):
            if kind is None:
                return self._gzip(data, name)
            data = gunzip(data, self.budget)
        if kind is not None and kind not in (*READERS, "zip", "png", "jpg"):
            raise EvidenceError(f"kind {kind} is nothing that a file can be read as")
        kind = kind or detect(data)
        if kind == "zip":
            self._archive(Walk(self.budget, list(self.passwords)).parts(data))
        elif kind == "unknown":
            raise EvidenceError(f"its kind is not known: {what_else(data)}")
        elif kind == "empty":
            self.warnings.append("the file is empty")
        else:
            self._one(data, kind, name, "")
        return kind

    def _gzip(self, data: bytes, name: str) -> Kind:
        parts = list(Walk(self.budget, list(self.passwords)).content(data, name, ()))
        head = parts[0].member
        if head.error and parts[0].data is None:
            raise EvidenceError(head.error)
        if head.kind == "unknown":
            raise EvidenceError(f"its kind is not known: {what_else(parts[0].data or b'')}")
        self._archive(iter(parts))
        return head.kind

    def _archive(self, parts: Iterator[Part]) -> None:
        locked = read = 0
        for part in parts:
            self.warnings += part.notes
            if not part.member.path:
                continue
            locked += part.locked
            member = part.member
            if part.data is not None:
                error, was_locked = self._member(part.data, member)
                locked += was_locked
                read += not was_locked
                member = replace(member, error=error) if error else member
            self.members.append(member)
        if locked and not read:
            words = "none of the passwords opens it" if self.passwords else "a password is needed"
            raise PasswordError(f"it is locked; {words}")
        if all(member.path.endswith("/") for member in self.members):
            self.warnings.append("the archive holds only folders" if self.members else "the archive is empty")

    def _member(self, data: bytes, member: Member) -> tuple[str | None, bool]:
        """Read a member: why it could not be read, and whether only a password is missing."""
        if member.kind == "unknown":
            self._warn(member.path, f"its kind is not known: {what_else(data)}")
        if member.kind in ("unknown", "empty"):
            return member.error, False
        try:
            self._one(data, member.kind, member.path.rpartition("!")[2].rpartition("/")[2], member.path)
        except PasswordError as error:
            return error.problems[0].message, True
        except EvidenceError as error:
            return error.problems[0].message, False
        return member.error, False

    def _one(self, data: bytes, kind: Kind, name: str, path: str) -> None:
        """Read one file that is no archive."""
        if kind in ("png", "jpg"):
            self._warn(path, "a picture; nothing in it is read")
            return
        self.budget.tick()
        read = _function(READERS[kind])
        if kind in ("csv", "txt"):
            if is_mail(data):
                self._warn(path, "a mail, given as it stands; what is attached to it is not read")
            _not_too_many_cells(data, self.budget)
        with _contained(f"reading it as {kind}"):
            found: Found = read(data, name, self.budget, tuple(self.passwords))
        tables, lines = self._tables(found, kind, path)
        self._keep(replace(found, text="\n".join((found.text, *lines)) if lines else found.text), tables, path)

    def _tables(self, found: Found, kind: Kind, path: str) -> tuple[list[Table], list[str]]:
        """The tables of a file, and the lines in which none was found; one that fails does not hide the others."""
        to_tables = _function(_TABLES)
        tables: list[Table] = []
        lines: list[str] = []
        failed: list[EvidenceError] = []
        for grid in found.grids:
            place = grid.source or grid.name
            try:
                with _contained("making tables of it"):
                    made = to_tables(grid, self.budget)
                    if not made and kind in _WORKBOOKS and (count := len(_cells(grid))):
                        made = [_as_it_stands(grid, self.budget)]
                        words = f"no table was found in it; its {count} rows are given as they stand"
                        self._warn(path, f"{place}: {words}")
            except EvidenceError as error:
                failed.append(error)
                self._warn(path, f"{place}: {error.problems[0].message}")
                continue
            tables += made
            if not made and (more := _cells(grid)):
                self._warn(path, f"{place}: no table was found in it; its {len(more)} lines are in the text")
                lines += more
        if failed and not tables:
            raise failed[0]
        return tables, lines

    def _keep(self, found: Found, tables: Sequence[Table], path: str) -> None:
        for table in tables:
            source = f"{path}: {table.source}" if path and table.source else path or table.source
            self.tables.append(replace(table, source=source))
        if found.text:
            self.texts.append(found.text)
        prefix = f"{path}: " if path else ""
        self.metadata += [(prefix + key, value) for key, value in found.metadata]
        if found.encoding:
            self.encodings.append(found.encoding)
            self.metadata.append((f"{prefix}encoding", found.encoding))
        if found.runner_up:
            self.metadata.append((f"{prefix}encoding, runner-up", found.runner_up))
        for warning in found.warnings:
            self._warn(path, warning)

    def _warn(self, path: str, words: str) -> None:
        self.warnings.append(f"{path}: {words}" if path else words)

    def evidence(self, kind: Kind, name: str, sha256: str, size: int, site: str | None) -> Evidence:
        """Everything found, held against the known layouts."""
        text = "\n\f\n".join(self.texts)
        tables = tuple(self.tables)
        try:
            with _contained("comparing it with the known layouts"):
                applied = _function(_SITES)(tables, text, tuple(self.members), site, self.budget)
            tables = tuple(applied.tables)
            self.warnings += applied.warnings
        except EvidenceError as error:  # what was read stays read
            self.warnings.append(f"neither known layouts nor all checks were tried: {error.problems[0].message}")
        for table in tables:
            self.warnings += _told(table)
        return Evidence(
            name=name,
            kind=kind,
            sha256=sha256,
            size=size,
            encoding=self.encodings[0] if len(set(self.encodings)) == 1 else None,
            members=tuple(self.members),
            parsed=tables,
            text=text,
            metadata=tuple(self.metadata),
            warnings=tuple(dict.fromkeys(self.warnings)),
        )


def _told(table: Table) -> Iterator[str]:
    """What a table could not be sure of, and the checks that it failed."""
    place = table.source or table.name
    for warning in table.warnings:
        yield f"{place}: {warning}"
    for check in table.checks:
        if check.ok is False and not any(check.detail and check.detail in warning for warning in table.warnings):
            yield f"{place}: check failed: {check.name}: {check.detail}"


def _as_it_stands(grid: Grid, budget: Budget) -> Table:
    """A grid in which no table was found, all of it as text: a sheet's cells are never only prose."""
    width = max(map(len, grid.rows))
    budget.take_cells(width * len(grid.rows))
    rows = [(*map(plain, row), *[None] * (width - len(row))) for row in grid.rows]
    columns = tuple(Column(f"column_{number}", "text") for number in range(1, width + 1))
    return Table(grid.name, grid.source, columns, rows, numbers=tuple(grid.numbers), warnings=grid.warnings)


def _not_too_many_cells(data: bytes, budget: Budget) -> None:
    """Refuse a text that a bomb unpacked to before it becomes millions of lines; a large file pays no count for it."""
    if budget.limits.cells >= _LIMITS.cells:
        return
    cells = data.count(b"\n") + data.count(b"\r") // 2 + max(map(data.count, (b",", b"\t", b";", b"|")))
    if cells > budget.cells_left:
        raise EvidenceError(f"holds more than {budget.limits.cells} cells")


def _cells(grid: Grid) -> list[str]:
    """The lines of a grid, cells parted by tabs."""
    lines = ("\t".join(plain(cell) or "" for cell in row) for row in grid.rows)
    return [line for line in lines if line.strip()]


def _function(place: str) -> Any:
    """The function at ``module:function``, imported where it is needed: most files need one reader."""
    module, _, name = place.partition(":")
    try:
        return getattr(import_module(module), name)
    except ModuleNotFoundError as error:
        raise EvidenceError(f"this needs the package {error.name}, which is not installed") from None


@contextmanager
def _contained(doing: str) -> Iterator[None]:
    """Turn what a library raises on a hostile file into an EvidenceError; its message may hold content of the file."""
    try:
        yield
    except EvidenceError:
        raise
    except ModuleNotFoundError as error:
        raise EvidenceError(f"this needs the package {error.name}, which is not installed") from None
    except BaseException as error:
        # A panic in a Rust library is no Exception in Python.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        if os.environ.get("IDVTOOLS_DEBUG"):
            raise
        raise EvidenceError(
            f"{doing} failed ({type(error).__name__}); the file is damaged, or not what it seems"
        ) from None
