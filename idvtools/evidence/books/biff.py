"""The records of a ``.xls`` (BIFF5 and 8), looked through for what a quick reader does not report."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from idvtools.errors import EvidenceError
from idvtools.evidence.books.biffstarts import Records, sheet_records
from idvtools.evidence.books.sheetfacts import BUILT_IN, SheetFacts, Shown, format_of
from idvtools.evidence.limits import Budget

_BOF, _EOF, _BOUNDSHEET, _FORMAT, _XF, _SUPBOOK, _EXTERN = 0x809, 0x0A, 0x85, 0x41E, 0xE0, 0x1AE, 0x16
_ROW, _COLINFO, _DIMENSIONS, _SST, _CONTINUE = 0x208, 0x7D, 0x200, 0xFC, 0x3C
_NUMBER, _RK, _FORMULA, _BOOLERR, _MULRK, _DATEMODE = 0x203, 0x27E, 0x06, 0x205, 0xBD, 0x22
#: Records of one cell that holds something: row, column, XF stand first.
_CELLS = frozenset({_NUMBER, _RK, _FORMULA, _BOOLERR, 0x204, 0xFD, 0xD6})
_ERRORS = {0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A"}
_PAIR = struct.Struct("<HH")


@dataclass(frozen=True, slots=True)
class Listed:
    """How a workbook lists a sheet."""

    name: str
    holds_cells: bool
    hidden: bool


@dataclass(slots=True)
class XlsFacts:
    """Facts of a ``.xls``: each sheet by its place among the sheets, and what the book carries.

    ``codes`` holds the number format of each style (XF).
    """

    version: int = 8
    sheets: list[SheetFacts] = field(default_factory=list)
    records: list[Records] = field(default_factory=list, repr=False)
    listed: list[Listed] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    since_1904: bool = False
    starts: list[int] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    dimensions: list[tuple[int, int]] = field(default_factory=list)


def is_biff5_or_8(stream: bytes) -> bool:
    """Whether the records begin as those of Excel 5 to 2003 do; older ones hold one sheet and nothing around it."""
    return stream[:2] == b"\x09\x08" and stream[4:6] in (b"\x00\x06", b"\x00\x05")


def xls_facts(stream: bytes, budget: Budget) -> XlsFacts:
    """Walk through the records of the workbook and of each sheet.

    Raises
    ------
    EvidenceError
        It is no workbook, or older than Excel 5.
    """
    if stream[:1] != b"\x09":  # every workbook begins so, of any age
        raise EvidenceError("it is no workbook, or damaged beyond reading")
    if not is_biff5_or_8(stream):
        raise EvidenceError("a workbook older than Excel 5 (1993), or damaged; save it as xlsx")
    facts = XlsFacts(version=8 if stream[4:6] == b"\x00\x06" else 5)
    codes = dict(BUILT_IN)
    formats: list[int] = []
    links = 0
    for record, at, size in records(stream, 0):
        if record == _BOUNDSHEET and size >= 8:
            facts.starts.append(struct.unpack_from("<I", stream, at)[0])
            facts.listed.append(_listed(stream[at + 4 : at + size], facts.version))
        elif record == _FORMAT and size >= 3:
            number = struct.unpack_from("<H", stream, at)[0]
            codes[number] = _format(stream[at + 2 : at + size], facts.version)
        elif record == _XF and size >= 4:
            formats.append(struct.unpack_from("<H", stream, at + 2)[0])
        elif record == _DATEMODE and size >= 2:
            facts.since_1904 = stream[at] == 1
        else:
            links += _links(stream, record, at, size)
    if links:
        facts.warnings.append(f"links to {links} other files: what they gave is as old as the last saving")
    facts.codes = [codes.get(number, "") for number in formats]
    styles = {i: shown for i, code in enumerate(facts.codes) if (shown := format_of(code))}
    for start in facts.starts:
        sheet, found = _sheet(stream, start, styles, budget, facts.dimensions)
        facts.sheets.append(sheet)
        facts.records.append(found)
    return facts


def _links(stream: bytes, record: int, at: int, size: int) -> bool:
    """Whether a record names another file (SUPBOOK in BIFF8, EXTERNSHEET in BIFF5)."""
    if record == _SUPBOOK and size >= 4:
        return stream[at + 2 : at + 4] not in (b"\x01\x04", b"\x01\x3a")
    return record == _EXTERN and size > 2 and stream[4:6] == b"\x00\x05" and stream[at + 1] not in (2, 3, 4)


def _listed(data: bytes, version: int) -> Listed:
    wide = version == 8 and data[3:4] == b"\x01"
    name = data[3 + (version == 8) :].decode("utf-16-le" if wide else "latin-1", "replace")
    return Listed(name, data[1] == 0, data[0] & 3 != 0)


def _format(data: bytes, version: int) -> str:
    if version == 5:
        return data[1 : 1 + data[0]].decode("latin-1")
    wide = len(data) > 2 and data[2] & 1
    return data[3:].decode("utf-16-le" if wide else "latin-1", "replace")


def records(stream: bytes, start: int) -> Iterator[tuple[int, int, int]]:
    """Record, where its content starts, its size: to the EOF that belongs to the BOF at the start."""
    unpack, end = _PAIR.unpack_from, len(stream) - 4
    depth = 0
    while start <= end:
        record, size = unpack(stream, start)
        if start + 4 + size > len(stream):
            return
        yield record, start + 4, size
        start += 4 + size
        if record == _BOF:
            depth += 1
        elif record == _EOF:
            depth -= 1
            if depth <= 0:
                return


def _sheet(
    stream: bytes, start: int, styles: dict[int, Shown], budget: Budget, dimensions: list[tuple[int, int]]
) -> tuple[SheetFacts, Records]:
    """Facts of one sheet, from all of its records at once; only those of rare kinds are looked at one by one."""
    found = sheet_records(stream, start, budget)
    facts = SheetFacts()
    cells = found.of(*_CELLS, least=6)
    row, column, xf = (found.u16(cells, place) for place in (0, 2, 4))
    facts.cells = len(cells)
    if len(cells):
        facts.height, facts.width = int(row.max()) + 1, int(column.max()) + 1
    numbers = np.isin(found.kinds[cells], (_NUMBER, _RK)) & np.isin(xf, list(styles))
    for y, x, style in zip(row[numbers].tolist(), column[numbers].tolist(), xf[numbers].tolist(), strict=True):
        facts.shown[y, x] = styles[style]
    several = found.of(_MULRK, least=12)
    if len(several):
        counts = (found.sizes[several] - 6) // 6
        facts.cells += int(counts.sum())
        facts.height = max(facts.height, int(found.u16(several, 0).max()) + 1)
        facts.width = max(facts.width, int((found.u16(several, 2) + counts).max()))
    for at, size in found.places(_MULRK, least=12) if styles else ():
        _several(stream, at, size, styles, facts)
    _errors(found, facts)
    rows = found.of(_ROW, least=16)
    facts.hidden_rows = int(np.count_nonzero(found.data[found.at[rows] + 12] & 0x20))
    for at, _ in found.places(_COLINFO, least=10):
        first, last = _PAIR.unpack_from(stream, at)
        facts.hidden_columns += max(0, min(last, facts.width - 1) - first + 1) if stream[at + 8] & 1 else 0
    dimensions += found.places(_DIMENSIONS, least=0)
    budget.tick()
    return facts, found


def _several(stream: bytes, at: int, size: int, styles: dict[int, Shown], facts: SheetFacts) -> None:
    """Numbers side by side in one record."""
    row, column = _PAIR.unpack_from(stream, at)
    for i in range((size - 6) // 6):
        shown = styles.get(struct.unpack_from("<H", stream, at + 4 + 6 * i)[0])
        if shown:
            facts.shown[row, column + i] = shown


def _errors(found: Records, facts: SheetFacts) -> None:
    """Error values, and formulas that were never calculated: their result is no number."""
    values = found.of(_BOOLERR, least=8)
    values = values[found.data[found.at[values] + 7] != 0]
    formulas = found.of(_FORMULA, least=14)
    ends = found.u16(formulas, 12)
    facts.uncalculated = int(np.isin(ends, (0xFFF0, 0xFFF8, 0x7FF8)).sum())
    formulas = formulas[(ends == 0xFFFF) & (found.data[found.at[formulas] + 6] == 2)]
    wrong = np.sort(np.concatenate([values, formulas]))
    names = found.data[found.at[wrong] + np.where(found.kinds[wrong] == _FORMULA, 8, 6)]
    for row, column, name in zip(
        found.u16(wrong, 0).tolist(), found.u16(wrong, 2).tolist(), names.tolist(), strict=True
    ):
        facts.error(_ERRORS.get(name, "#ERROR"), (row, column))


def made_safe(stream: bytes, facts: XlsFacts) -> bytes:
    """The records with sizes that are only declared, which readers reserve memory for, cut down to what can be.

    A last record that is cut off is made the end: what its cell's place says was never looked at.
    """
    safe = bytearray(stream)
    tables = [(record, at, size) for record, at, size in records(stream, 0) if record in (_SST, _CONTINUE)]
    most = sum(size for _, _, size in tables) // 3
    for record, at, size in tables:
        if record == _SST and size >= 8:
            struct.pack_into("<I", safe, at + 4, min(struct.unpack_from("<I", stream, at + 4)[0], most))
    for at, size in facts.dimensions:
        safe[at : at + size] = bytes(size)
    last = max((at + size for _, at, size in records(stream, 0)), default=0)
    ends = [int(found.at[-1] + found.sizes[-1]) for found in facts.records if len(found.at)]
    for end in (last, *ends):  # a record that is cut off becomes whole once the container has filled up its last sector
        if end + 4 <= len(stream) and end + 4 + _PAIR.unpack_from(stream, end)[1] > len(stream):
            _PAIR.pack_into(safe, end, _EOF, 0)
    return bytes(safe)


def closed_up(stream: bytes, found: Records) -> tuple[bytes, list[int]]:
    """The records with the rows of one sheet moved together, and where each row stood (from 1): for cells far apart."""
    cells = np.concatenate([found.of(*_CELLS, least=6), found.of(_MULRK, least=12)])
    blanks = found.of(0xBE, 0x201, least=2)
    rows = np.unique(found.u16(cells, 0))
    moved = np.frombuffer(bytearray(stream), np.uint8)
    for some in (cells, blanks):
        old, at = found.u16(some, 0), found.at[some]
        new = np.searchsorted(rows, old)
        new[~np.isin(old, rows)] = 0
        moved[at], moved[at + 1] = new & 0xFF, new >> 8
    return moved.tobytes(), (rows + 1).tolist()
