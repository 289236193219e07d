"""Evidence: the one frozen result that notebook, terminal, JSON and export show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from idvtools.evidence.model import Check, Kind, Member, Table
from idvtools.evidence.showing import Shown

if TYPE_CHECKING:
    from idvtools.evidence.frames import EvidenceFrame


_ZEROS = 10_000  # no sum of money; 1E+999999999 written out would fill the memory
_ANY = 1 << 20  # a line of any length


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a file of evidence is and holds, and what could not be made sure of.

    Parameters
    ----------
    name : str
        The file's name.
    kind : Kind
        What it is, by its content; what a gzip file holds.
    sha256, size : str, int
        Of the file as it came.
    encoding : str or None
        How text was decoded; None where several members were in several ways (then `metadata` has them).
    members : tuple of Member
        Everything in an archive, folders, links and what could not be read included.
    parsed : tuple of Table
        The tables in the order of the file, as they were read; `source` begins with the member. `tables` are these as
        DataFrames.
    text : str
        Text that is not a table; that of several members is parted by form feeds.
    metadata : tuple of pairs
        What files say of themselves, encodings and their runners-up.
    warnings : tuple of str
        Of the file, its members and its tables, failed checks included.

    Examples
    --------
    >>> from idvtools.evidence.reading import read_evidence
    >>> read_evidence(b"", name="nothing.csv")
    Evidence('nothing.csv', empty, 0 bytes, 0 members, 0 tables, 1 warning)
    """

    name: str
    kind: Kind
    sha256: str
    size: int
    encoding: str | None = None
    members: tuple[Member, ...] = ()
    parsed: tuple[Table, ...] = ()
    text: str = field(default="", repr=False)
    metadata: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
    _frames: list[EvidenceFrame] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def tables(self) -> tuple[EvidenceFrame, ...]:
        """The tables as DataFrames: ids as ``string``, amounts as `decimal.Decimal`, dates as `datetime.date`.

        They are shown masked; ``.reveal()`` is a plain DataFrame. ``.about`` is the table in `parsed`.
        """
        from idvtools.evidence.frames import frame_of  # noqa: PLC0415  pandas is only paid for here

        if len(self._frames) < len(self.parsed):
            self._frames[:] = map(frame_of, self.parsed)
        return tuple(self._frames)

    @property
    def checks(self) -> tuple[Check, ...]:
        """The checks of all tables."""
        return tuple(check for table in self.parsed for check in table.checks)

    def show(self, *, reveal: bool = False, rows: int = 8) -> Shown:
        """A quick look for notebook and terminal: the first `rows` of each table; `reveal` shows it in clear."""
        return Shown(self, reveal=reveal, rows=rows)

    def reveal(self) -> Shown:
        """A quick look with personal data in clear."""
        return self.show(reveal=True)

    def export(self, path: str | Path, form: Literal["xlsx", "parquet"] = "xlsx", *, force: bool = False) -> Path:
        """Write the tables, in clear (`idvtools.evidence.export.export`)."""
        from idvtools.evidence.export import export  # noqa: PLC0415  openpyxl and pyarrow are only paid for here

        return export(self, Path(path), form, force=force)

    def to_dict(self, *, data: bool = False, mask: bool = False) -> dict[str, Any]:
        """The object of ``idvtools inspect --json`` without ``file`` (workspace.md section 5).

        Parameters
        ----------
        data : bool
            With every cell of every table.
        mask : bool
            With personal data masked in names, lines and messages, as far as they can be told; not together with
            `data`, whose cells are in clear.

        Returns
        -------
        dict
            ``kind``, ``sha256``, ``encoding``, ``members``, ``tables``, ``text_chars``, ``warnings``; all of it as JSON
            takes it: amounts as plain decimals in text, dates ISO.

        Raises
        ------
        ValueError
            Both are asked for.
        """
        if data and mask:
            raise ValueError("cells are in clear: give data or mask")
        shown = self.show()
        line = (lambda text: shown.line(text, _ANY)) if mask else str
        return {
            "kind": self.kind,
            "sha256": self.sha256,
            "encoding": self.encoding,
            "members": [
                {"path": line(m.path), "kind": m.kind, "size": m.size, "error": line(m.error) if m.error else None}
                for m in self.members
            ],
            "tables": [_table(table, line, data=data) for table in self.parsed],
            "text_chars": len(self.text),
            "warnings": [line(warning) for warning in self.warnings],
        }

    def __repr__(self) -> str:
        counts = (
            f"{len(items)} {word if len(items) == 1 else word + 's'}"
            for items, word in ((self.members, "member"), (self.parsed, "table"), (self.warnings, "warning"))
        )
        return f"Evidence({self.name!r}, {self.kind}, {self.size} bytes, {', '.join(counts)})"

    def _repr_html_(self) -> str:
        return self.show().html()


def _table(table: Table, line: Callable[[str], str], *, data: bool) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": line(table.name),
        "source": line(table.source),
        "header_row": table.header_row,
        "columns": [{"name": line(column.name), "type": column.type} for column in table.columns],
        "rows": len(table.rows),
        "checks": [{"name": line(check.name), "ok": check.ok, "detail": line(check.detail)} for check in table.checks],
        "preamble": [line(text) for text in table.preamble],
        "footer": [line(text) for text in table.footer],
    }
    if data:
        told["data"] = [[plain(cell) for cell in row] for row in table.rows]
    return told


def plain(cell: object) -> str | None:
    """A cell as text: amounts without exponents or separators, dates ISO, ids as they are.

    Examples
    --------
    >>> plain(Decimal("1234.50")), plain(Decimal("1E+3")), plain(date(2026, 10, 1)), plain(None)
    ('1234.50', '1000', '2026-10-01', None)
    """
    if cell is None:
        return None
    if isinstance(cell, Decimal):
        return format(cell, "f") if abs(cell.adjusted()) < _ZEROS else str(cell)
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell)
