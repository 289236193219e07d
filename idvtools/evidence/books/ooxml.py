"""The parts of an xlsx that a quick reader does not report: looked through as bytes, without building a tree."""

from __future__ import annotations

import io
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from lxml import etree

from idvtools.errors import EvidenceError
from idvtools.evidence.books.parts import Package, small_tree
from idvtools.evidence.books.sheetfacts import Place, SheetFacts, Shown, column_of, format_of
from idvtools.evidence.limits import Budget

_BUILT_IN_TEXT = 49
#: Where a cell is taken to stand if what it says of its place makes no sense: too far to lay out what lies between.
_NOWHERE = 10**9
_REL = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
# A cell as Excel, openpyxl and nearly all others write it: its place first. Others are looked at one by one.
_UNUSUAL = re.compile(rb'<c(?! r="[A-Z]{1,3}[1-9]\d{0,6}"[ />])[\s/>]')
_SHARED = re.compile(rb"""\bt\s*=\s*["']s["'][^>]*>\s*(?:<[^v<>]*>\s*)*<(?:\w+:)?v[^>]*>\s*(\d{1,9})\s*<""")
_SHARED_END = re.compile(rb"</(?:\w+:)?si\s*>|<(?:\w+:)?si\s*/>")
_MUCH_TEXT = 32 << 20
_PREFIXED = re.compile(rb"<\w+:(?:c|row|sheetData)[\s/>]")
_ROW = re.compile(rb'<row [^>]*?\br="(\d{1,9})"')
_HIDDEN_ROW = re.compile(rb'<row [^>]*\bhidden="(?:1|true)"[^>]*(?<!/)>')
_HIDDEN_COLUMN = re.compile(rb'<col [^>]*\bhidden="(?:1|true)"[^>]*>')
_ERROR = re.compile(rb'<c r="([A-Z]+)(\d+)"[^>]*\bt="e"[^>]*>(?:<f[^>]*/>|<f[^>]*>[^<]*</f>)?<v>([^<]{1,20})</v>')
_UNCALCULATED = re.compile(rb"(?:</f>|<f\b[^>]*/>)\s*(?:<v>\s*</v>|<v\s*/>)?\s*</c>")
_LONG_VALUE = re.compile(rb"<v>-?\d{16}")
_LONG = re.compile(
    rb'<c r="([A-Z]+)(\d+)"(?![^>]*\bt="(?!n"))[^>]*>(?:<f[^>]*/>|<f[^>]*>[^<]*</f>)?<v>(-?\d{16,40})</v>'
)


@dataclass(slots=True)
class BookFacts:
    """Facts of a workbook: which part each sheet is in, styles whose numbers are text, and what the book carries."""

    parts: dict[str, str] = field(default_factory=dict)
    styles: dict[int, Shown] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    metadata: list[tuple[str, str]] = field(default_factory=list)


def book_facts(package: Package) -> BookFacts:
    """Read workbook, relations and styles.

    Raises
    ------
    EvidenceError
        There is no workbook in the zip.
    """
    by_name = {name.lower(): name for name in package.parts}
    home = by_name.get("xl/workbook.xml") or next(
        (n for n in package.parts if n.lower().endswith("workbook.xml")), None
    )
    if home is None:
        if any(n.endswith("workbook.bin") for n in package.names):
            raise EvidenceError("a binary workbook (xlsb); save it as xlsx")
        raise EvidenceError("there is no workbook in the zip")
    facts = BookFacts(warnings=list(package.warnings))
    folder, file = posixpath.split(home)
    targets = _targets(package.parts.get(f"{folder}/_rels/{file}.rels".lstrip("/"), b""), folder)
    tree = small_tree(package.parts[home])
    for sheet in () if tree is None else tree.iter("{*}sheet"):
        part = by_name.get(targets.get(sheet.get(_REL, ""), "").lower())
        if part:
            facts.parts[sheet.get("name", "")] = part
    styles = next((by_name[n] for n in by_name if n.endswith("/styles.xml")), None)
    if styles:
        facts.styles = _styles(package.parts[styles])
    _carried(facts, package)
    return facts


def _targets(rels: bytes, folder: str) -> dict[str, str]:
    tree = small_tree(rels) if rels else None
    found = {}
    for relation in () if tree is None else tree.iter("{*}Relationship"):
        target = relation.get("Target", "").replace("\\", "/")
        path = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
        found[relation.get("Id", "")] = path
    return found


def _styles(part: bytes) -> dict[int, Shown]:
    tree = small_tree(part)
    if tree is None:
        return {}
    codes = {n.get("numFmtId"): n.get("formatCode", "") for n in tree.iter("{*}numFmt")}
    codes[str(_BUILT_IN_TEXT)] = "@"
    found = {}
    for formats in tree.iter("{*}cellXfs"):
        for i, xf in enumerate(formats.iterchildren("{*}xf")):
            shown = format_of(codes.get(xf.get("numFmtId"), ""))
            if shown:
                found[i] = shown
    return found


def _carried(facts: BookFacts, package: Package) -> None:
    links = [n for n in package.names if n.startswith("xl/externallinks/") and n.endswith(".xml")]
    if links:
        facts.warnings.append(f"links to {len(links)} other files: what they gave is as old as the last saving")
    if any(n.endswith("vbaproject.bin") for n in package.names):
        facts.warnings.append("the workbook carries macros; they were not run")
    if any(n.startswith("xl/macrosheets/") for n in package.names):
        facts.warnings.append("the workbook carries sheets of macros; they were not run")
    core = next((p for n, p in package.parts.items() if n.lower() == "docprops/core.xml"), None)
    tree = small_tree(core) if core else None
    for name in ("title", "creator", "created", "modified"):
        for node in () if tree is None else tree.iter("{*}" + name):
            if node.text and node.text.strip():
                facts.metadata.append((name, node.text.strip()[:200]))


def sheet_facts(part: bytes, styles: dict[int, Shown], budget: Budget) -> SheetFacts:
    """Look through a sheet: by searching its bytes where they are written as usual, node by node elsewhere."""
    budget.tick()
    start = part.find(b"worksheet", 0, 4096)
    facts = SheetFacts(cells=part.count(b"<c "), width=702)
    facts.height = max(map(int, _ROW.findall(part)), default=0)
    # one search for the usual case: every cell is where its row says, none beyond column ZZ
    odd = re.compile(rb'<c(?! r="[A-Z]{1,2}(?!(?:%s)")[1-9]\d{0,6}"[ />])[\s/>]' % _greater(facts.height))
    usual = part[start - 1 : start] == b"<" and not _PREFIXED.search(part)
    if not usual or (odd.search(part) and _UNUSUAL.search(part)):
        return _node_by_node(part, styles, budget)
    budget.tick()
    if odd.search(part) or facts.height * facts.width > max(1_000_000, 5 * facts.cells):
        facts.height = _height(part, facts.height)
        facts.width = _width(part, facts.height)
    budget.tick()
    if styles:
        _formats(part, styles, facts)
    if b' t="e"' in part:
        for letters, row, name in _ERROR.findall(part):
            facts.error(name.decode("ascii", "replace"), (int(row) - 1, column_of(letters)))
    if _LONG_VALUE.search(part):
        facts.digits = _long_numbers(part)
    if b"<f" in part:
        facts.uncalculated = sum(1 for _ in _UNCALCULATED.finditer(part))
    if b" hidden=" in part:
        facts.hidden_rows = sum(1 for _ in _HIDDEN_ROW.finditer(part))
        facts.hidden_columns = _hidden_columns(_HIDDEN_COLUMN.findall(part), facts.width)
    budget.tick()
    return facts


def text_of_cells(package: Package, sheet: str) -> int:
    """How much text the cells of a sheet hold, in bytes at most: shared texts count in each cell that has them."""
    table = next((p for n, p in package.parts.items() if n.lower().endswith("sharedstrings.xml")), b"")
    part = package.parts.get(sheet, b"")
    ends = np.array([0, *(m.end() for m in _SHARED_END.finditer(table))], np.int64)
    lengths = np.diff(ends)
    most = int(lengths.max()) if len(lengths) else 0
    if part.count(b"<c") * most <= _MUCH_TEXT:
        return 0
    index = np.array([int(i) for i in _SHARED.findall(part)], np.int64)
    return int(lengths[index[index < len(lengths)]].sum())


def _long_numbers(part: bytes) -> dict[Place, str]:
    """Numbers of more than 15 digits that are written out: the file knows more than Excel would show."""
    return {(int(row) - 1, column_of(letters)): digits.decode() for letters, row, digits in _LONG.findall(part)}


def _height(part: bytes, rows: int) -> int:
    beyond = re.compile(rb'<c r="[A-Z]+(?:' + _greater(rows) + rb')"')
    if not beyond.search(part):
        return rows
    return max(int(m[1]) for m in re.finditer(rb'<c r="[A-Z]+(\d+)"(?:[^>]*[^/>])?>', part)) if b"<c " in part else rows


def _greater(number: int) -> bytes:
    """A pattern for the numbers greater than one.

    Examples
    --------
    >>> [n for n in range(300) if re.fullmatch(_greater(198), str(n).encode())][:2]
    [199, 200]
    """
    digits = str(number)
    choices = [rf"\d{{{len(digits) + 1},}}"]
    for i, digit in enumerate(digits):
        if digit != "9":
            choices.append(rf"{digits[:i]}[{int(digit) + 1}-9]\d{{{len(digits) - i - 1}}}")
    return "|".join(choices).encode()


def _width(part: bytes, height: int) -> int:
    """An upper bound is enough where it is small; else each column that occurs is looked at."""
    for letters, width in ((3, 16_384), (2, 702)):
        if re.search(rb'<c r="[A-Z]{%d}\d' % letters, part):
            if width * height <= 1_000_000:
                return width
            return (
                max(
                    map(column_of, {m[1] for m in re.finditer(rb'<c r="([A-Z]+)\d+"(?:[^>]*[^/>])?>', part)}), default=0
                )
                + 1
            )
    return 26


def _formats(part: bytes, styles: dict[int, Shown], facts: SheetFacts) -> None:
    chosen = b"|".join(str(i).encode() for i in styles)
    pattern = rb'<c r="([A-Z]+)(\d+)"(?: t="n")? s="(' + chosen + rb')"(?: t="n")?(?: \w+="\d+")*>'
    for match in re.finditer(pattern, part):
        facts.shown[int(match[2]) - 1, column_of(match[1])] = styles[int(match[3])]


def _hidden_columns(tags: list[bytes], width: int) -> int:
    count = 0
    for tag in tags:
        ends = [re.search(rb'\b%s="(\d{1,6})"' % name, tag) for name in (b"min", b"max")]
        if ends[0] and ends[1]:
            count += max(0, min(int(ends[1][1]), width) - int(ends[0][1]) + 1)
    return count


def _node_by_node(part: bytes, styles: dict[int, Shown], budget: Budget) -> SheetFacts:
    """For sheets of the few writers that leave out places or prefix every tag: slower, but by the rules."""
    facts = SheetFacts()
    digits: dict[Place, str] = {}
    row = column = -1
    hidden: list[bytes] = []
    for event, node in _nodes(part):
        tag = etree.QName(node).localname
        if event == "start":
            if tag == "row":
                row, column = _whole(node.get("r"), row + 2) - 1, -1
                facts.hidden_rows += node.get("hidden") in ("1", "true")
            elif tag == "col" and node.get("hidden") in ("1", "true"):
                hidden.append(b'min="%d" max="%d"' % (_whole(node.get("min"), 1), _whole(node.get("max"), 1)))
            continue
        if tag == "row":
            node.clear()
            budget.tick()
        if tag != "c":
            continue
        row, column = _place(node.get("r"), row, column)
        if len(node):
            _look(node, (row, column), styles, facts, digits)
    facts.digits = digits
    facts.hidden_columns = _hidden_columns(hidden, facts.width)
    return facts


def _look(
    node: etree._Element, place: Place, styles: dict[int, Shown], facts: SheetFacts, digits: dict[Place, str]
) -> None:
    """What is to be known of one cell that holds something."""
    facts.cells += 1
    facts.height, facts.width = max(facts.height, place[0] + 1), max(facts.width, place[1] + 1)
    value = node.findtext("{*}v")
    kind = node.get("t", "n")
    if kind == "e" and value:
        facts.error(value[:20], place)
    elif kind == "n":
        shown = styles.get(_whole(node.get("s"), -1))
        if shown:
            facts.shown[place] = shown
        if value and re.fullmatch(r"-?\d{16,40}", value):
            digits[place] = value
    if not value and node.find("{*}f") is not None:
        facts.uncalculated += 1


def _nodes(part: bytes) -> Iterator[tuple[str, etree._Element]]:
    try:
        yield from etree.iterparse(io.BytesIO(part), events=("start", "end"), tag=("{*}row", "{*}c", "{*}col"),
                                   resolve_entities=False, no_network=True, huge_tree=False)  # fmt: skip
    except etree.XMLSyntaxError as error:
        raise EvidenceError("a sheet of the workbook is damaged: its XML ends or breaks off") from error


def _place(reference: str | None, row: int, column: int) -> Place:
    match = re.fullmatch(r"([A-Za-z]{1,3})(\d{1,7})", reference or "")
    if match:
        return int(match[2]) - 1, column_of(match[1].upper())
    return (_NOWHERE, 0) if reference else (max(row, 0), column + 1)


def _whole(text: str | None, otherwise: int) -> int:
    if not text or not text.isascii() or not text.isdecimal():
        return otherwise
    return int(text) if len(text) < 10 else _NOWHERE
