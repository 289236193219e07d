"""The records of a ``.xls`` (BIFF5 and 8), looked through for what a quick reader does not report."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from idvtools.errors import EvidenceError
from idvtools.evidence.limits import Budget
from idvtools.evidence.quickbiff import RUN, plain_cells
from idvtools.evidence.sheetfacts import SheetFacts, Shown, format_of

_BOF, _EOF, _BOUNDSHEET, _FORMAT, _XF, _SUPBOOK, _EXTERN = 0x809, 0x0A, 0x85, 0x41E, 0xE0, 0x1AE, 0x16
_ROW, _COLINFO, _DIMENSIONS, _SST, _CONTINUE = 0x208, 0x7D, 0x200, 0xFC, 0x3C
_NUMBER, _RK, _FORMULA, _BOOLERR, _MULRK = 0x203, 0x27E, 0x06, 0x205, 0xBD
#: Records of one cell that holds something: row, column, XF stand first.
_CELLS = frozenset({_NUMBER, _RK, _FORMULA, _BOOLERR, 0x204, 0xFD, 0xD6})
_ERRORS = {0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A"}
_PAIR, _TRIPLE = struct.Struct("<HH"), struct.Struct("<HHH")


@dataclass(slots=True)
class XlsFacts:
    """Facts of a ``.xls``: each sheet by its place among the sheets, and what the book carries."""

    version: int = 8
    sheets: list[SheetFacts] = field(default_factory=list)
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
    if not is_biff5_or_8(stream):
        raise EvidenceError("a workbook older than Excel 5 (1993), or damaged; save it as xlsx")
    facts = XlsFacts(version=8 if stream[4:6] == b"\x00\x06" else 5)
    codes: dict[int, Shown | None] = {49: str}
    formats: list[int] = []
    links = 0
    for record, at, size in records(stream, 0):
        if record == _BOUNDSHEET and size >= 6:
            facts.starts.append(struct.unpack_from("<I", stream, at)[0])
        elif record == _FORMAT and size >= 3:
            number = struct.unpack_from("<H", stream, at)[0]
            codes[number] = format_of(_format(stream[at + 2 : at + size], facts.version))
        elif record == _XF and size >= 4:
            formats.append(struct.unpack_from("<H", stream, at + 2)[0])
        else:
            links += _links(stream, record, at, size)
    if links:
        facts.warnings.append(f"links to {links} other files: what they gave is as old as the last saving")
    styles = {i: shown for i, number in enumerate(formats) if (shown := codes.get(number))}
    for start in facts.starts:
        facts.sheets.append(_sheet(stream, start, styles, budget, facts.dimensions))
    return facts


def _links(stream: bytes, record: int, at: int, size: int) -> bool:
    """Whether a record names another file (SUPBOOK in BIFF8, EXTERNSHEET in BIFF5)."""
    if record == _SUPBOOK and size >= 4:
        return stream[at + 2 : at + 4] not in (b"\x01\x04", b"\x01\x3a")
    return record == _EXTERN and size > 2 and stream[4:6] == b"\x00\x05" and stream[at + 1] not in (2, 3, 4)


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
) -> SheetFacts:
    """Facts of one sheet: runs of plain records at once, the others one by one."""
    facts = SheetFacts()
    hidden_columns: list[tuple[int, int]] = []
    position = start
    depth = count = 0
    while position + 4 <= len(stream):
        run = RUN.match(stream, position)
        if run:
            position = run.end()
            continue
        record, size = _PAIR.unpack_from(stream, position)
        at, position = position + 4, position + 4 + size
        count += 1
        if not count & 0xFFF:
            budget.tick()
        if position > len(stream):
            break
        if record in (_BOF, _EOF):
            depth += 1 if record == _BOF else -1
            if depth <= 0:
                break
        elif record == _DIMENSIONS:
            dimensions.append((at, size))
        else:
            _one(stream, record, at, size, styles, facts, hidden_columns)
    plain_cells(stream[start:position], styles, facts)
    budget.tick()
    facts.hidden_columns = sum(max(0, min(last, facts.width - 1) - first + 1) for first, last in hidden_columns)
    return facts


def _one(
    stream: bytes,
    record: int,
    at: int,
    size: int,
    styles: dict[int, Shown],
    facts: SheetFacts,
    hidden_columns: list[tuple[int, int]],
) -> None:
    if record == _ROW and size >= 16:
        facts.hidden_rows += bool(stream[at + 12] & 0x20)
    elif record in _CELLS and size >= 6:
        row, column, xf = _TRIPLE.unpack_from(stream, at)
        facts.cells += 1
        facts.height, facts.width = max(facts.height, row + 1), max(facts.width, column + 1)
        if record in (_BOOLERR, _FORMULA):
            _error(stream, record, at, size, facts)
        elif xf in styles and record in (_NUMBER, _RK):
            facts.shown[row, column] = styles[xf]
    elif record == _MULRK and size >= 12:
        row, last = _several(stream, at, size, styles, facts)
        facts.height, facts.width = max(facts.height, row + 1), max(facts.width, last + 1)
    elif record == _COLINFO and size >= 10 and stream[at + 8] & 1:
        hidden_columns.append(_PAIR.unpack_from(stream, at))


def _several(stream: bytes, at: int, size: int, styles: dict[int, Shown], facts: SheetFacts) -> tuple[int, int]:
    """Numbers side by side in one record: row and last column."""
    row, column = _PAIR.unpack_from(stream, at)
    count = (size - 6) // 6
    facts.cells += count
    for i in range(count if styles else 0):
        shown = styles.get(struct.unpack_from("<H", stream, at + 4 + 6 * i)[0])
        if shown:
            facts.shown[row, column + i] = shown
    return row, column + count - 1


def _error(stream: bytes, record: int, at: int, size: int, facts: SheetFacts) -> None:
    if record == _BOOLERR:
        code = stream[at + 6] if size >= 8 and stream[at + 7] else None
    else:
        result = stream[at + 6 : at + 14]
        facts.uncalculated += result[6:] in (b"\xf0\xff", b"\xf8\xff", b"\xf8\x7f")  # no number: never calculated
        code = result[2] if len(result) == 8 and result[6:] == b"\xff\xff" and result[0] == 2 else None
    if code is not None:
        row, column = _PAIR.unpack_from(stream, at)
        facts.error(_ERRORS.get(code, "#ERROR"), (row, column))


def made_safe(stream: bytes, facts: XlsFacts) -> bytes:
    """The records with sizes that are only declared, which readers reserve memory for, cut down to what can be."""
    safe = bytearray(stream)
    tables = [(record, at, size) for record, at, size in records(stream, 0) if record in (_SST, _CONTINUE)]
    most = sum(size for _, _, size in tables) // 3
    for record, at, size in tables:
        if record == _SST and size >= 8:
            struct.pack_into("<I", safe, at + 4, min(struct.unpack_from("<I", stream, at + 4)[0], most))
    for at, size in facts.dimensions:
        safe[at : at + size] = bytes(size)
    return bytes(safe)


def closed_up(stream: bytes, start: int) -> tuple[bytes, list[int]]:
    """The records with the rows of one sheet moved together, and where each row stood (from 1): for cells far apart."""
    places = [
        (record, at)
        for record, at, size in records(stream, start)
        if (record in _CELLS and size >= 6) or (record == _MULRK and size >= 12) or record in (0xBE, 0x201)
    ]
    rows = sorted({struct.unpack_from("<H", stream, at)[0] for record, at in places if record not in (0xBE, 0x201)})
    index = {row: i for i, row in enumerate(rows)}
    moved = bytearray(stream)
    for _record, at in places:
        row = struct.unpack_from("<H", stream, at)[0]
        struct.pack_into("<H", moved, at, index.get(row, 0))
    return bytes(moved), [row + 1 for row in rows]
