"""Tables of a page of HTML: spans filled, tables for layout told from tables for data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from idvtools.evidence.books.merged import Span, fill
from idvtools.evidence.limits import Budget
from idvtools.evidence.model import Cell, Grid

_DROPPED = frozenset({"script", "style", "noscript", "template", "head", "object", "xml"})
_BREAKS = frozenset(
    {"br", "p", "div", "li", "tr", "table", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "ul", "ol", "pre", "option"}
)
_SPACES = re.compile(r"[\r\n\t\f ]+")
_HIDDEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_MAX_COLSPAN = 1000
_MAX_WIDTH = 16_384


@dataclass(slots=True)
class _Cell:
    text: str | None
    colspan: int
    rowspan: int
    heading: bool
    nests: bool


@dataclass(slots=True)
class _Rows:
    rows: list[list[_Cell]] = field(default_factory=list)
    hidden: int = 0
    unseen: int = 0

    def warnings(self) -> list[str]:
        """What of it nobody sees on the page."""
        said = [f"hidden rows, read too: {self.hidden}"] if self.hidden else []
        if self.unseen:
            said.append(f"texts that the page hides within cells, left out: {self.unseen}")
        return said

    def is_data(self) -> bool:
        """A table with tables in it is one for layout, unless two rows of it hold two cells of their own."""
        if not any(cell.nests for row in self.rows for cell in row):
            return any(cell.text for row in self.rows for cell in row)
        own = sum(sum(bool(c.text) and not c.nests for c in row) > 1 for row in self.rows)
        return own > 1


def tables(root: etree._Element, name: str, budget: Budget) -> tuple[tuple[Grid, ...], str]:
    """The tables of a page in order, and the text outside them.

    Examples
    --------
    >>> from idvtools.evidence.limits import Limits
    >>> page = etree.HTML("<p>May</p><table><tr><th colspan=2>Sum<th>Id<tr><td>1<td>2<td>007</table>")
    >>> grids, text = tables(page, "a.htm", Budget(Limits()))
    >>> grids[0].rows, text
    ([['Sum', 'Sum', 'Id'], ['1', '2', '007']], 'May')
    """
    grids: list[Grid] = []
    data: set[etree._Element] = set()
    for table in list(root.iter("table")):
        budget.tick()
        found = _read(table, budget)
        if not found.is_data():
            continue
        data.add(table)
        rows, warnings = _lay_out(found, budget)
        grids.append(Grid(_name(table) or name, f"table {len(grids) + 1}", rows, (), warnings))
    return tuple(grids), _text(root, budget, data)


def _name(table: etree._Element) -> str:
    caption = table.find("caption")
    text = _squeeze("".join(caption.itertext())) if caption is not None else ""
    return (text or table.get("id") or "")[:100]


def _read(table: etree._Element, budget: Budget) -> _Rows:
    found = _Rows()
    current: list[_Cell] | None = None
    done: etree._Element | None = None
    plain = table.find(".//table") is None
    for node, section in _own(table):
        if node.tag == "tr":
            budget.tick()
            if done is not None and current and any(cell.text for cell in current):
                done.getparent().remove(done)  # a tree takes far more memory than its cells; `_text` skips this table
            done = node if plain else None
            current = []
            found.rows.append(current)
            found.hidden += bool(_HIDDEN.search(node.get("style", "")))
            continue
        if current is None or (node.getparent() is not None and node.getparent().tag != "tr" and not current):
            current = []
            found.rows.append(current)
        text, nests, unseen = _cell_text(node, budget)
        found.unseen += unseen
        across, down = _span(node.get("colspan"), _MAX_COLSPAN), _span(node.get("rowspan"), 65_534, zero=65_534)
        current.append(_Cell(text or None, across, down, node.tag == "th" or section == "thead", nests))
    return found


def _cell_text(node: etree._Element, budget: Budget) -> tuple[str, bool, int]:
    """What a cell shows, whether there are tables in it, and how many texts in it nobody sees."""
    if not len(node):
        text = node.text or ""
        return text if text.isalnum() else _squeeze(_plain(text)), False, 0
    tables_within = set(node.iterdescendants("table"))
    unseen = {n for n in node.iterdescendants() if _HIDDEN.search(n.get("style", ""))}
    count = sum(any(part.strip() for part in n.itertext()) for n in unseen)
    return _text(node, budget, tables_within | unseen), bool(tables_within), count


def _own(table: etree._Element) -> Iterator[tuple[etree._Element, str]]:
    """Rows and cells of a table, the foot last wherever it stands; not those of tables within."""
    stack = [(child, str(table.tag)) for child in sorted(table, key=lambda child: child.tag == "tfoot")]
    stack.reverse()
    while stack:
        node, section = stack.pop()
        if not isinstance(node.tag, str) or node.tag in _DROPPED:
            continue
        if node.tag in ("td", "th"):
            yield node, section
            continue
        if node.tag == "table":
            continue
        if node.tag == "tr":
            yield node, section
        inner = node.tag if node.tag in ("thead", "tbody", "tfoot") else section
        stack.extend((child, inner) for child in reversed(node))


def _span(text: str | None, most: int, *, zero: int = 1) -> int:
    if text is None:
        return 1
    match = re.match(r"\s*(\d{1,9})", text or "1")
    number = int(match[1]) if match else 1
    return min(number or zero, most)


def _lay_out(found: _Rows, budget: Budget) -> tuple[list[list[Cell]], tuple[str, ...]]:
    height = len(found.rows)
    rows: list[list[Cell]] = [[] for _ in range(height)]
    taken: list[set[int]] = [set() for _ in range(height)]
    spans: list[Span] = []
    headings: set[tuple[int, int]] = set()
    too_wide = 0
    for y, cells in enumerate(found.rows):
        budget.take_cells(len(cells))
        for x, cell in _placed(cells, taken[y]):
            if x + cell.colspan > _MAX_WIDTH:
                too_wide += 1
                break
            bottom = min(y + cell.rowspan, height) - 1
            _put(rows[y], x, cell.text, cell.colspan)
            if cell.rowspan > 1 or cell.colspan > 1:
                budget.take_cells((bottom - y + 1) * cell.colspan)
                spans.append((y, x, bottom, x + cell.colspan - 1))
                headings.update([(y, x)] * cell.heading)
            for below in taken[y + 1 : bottom + 1]:
                below.update(range(x, x + cell.colspan))
    for y, places in enumerate(taken):
        if places:
            rows[y].extend([None] * (max(places) + 1 - len(rows[y])))
    said = fill(rows, spans, budget, frozenset(headings)).warnings()
    said = [w for w in said if "once" in w]  # spans in HTML are the rule; only what was not filled is news
    said += found.warnings()
    if too_wide:
        said.append(f"rows of more than {_MAX_WIDTH} columns, cut off there: {too_wide}")
    return [row for row in rows if row], tuple(said)


def _placed(cells: list[_Cell], taken: set[int]) -> Iterator[tuple[int, _Cell]]:
    """Each cell of a row with its column: the first one that no cell from above reaches into."""
    x = 0
    for cell in cells:
        while x in taken:
            x += 1
        yield x, cell
        x += cell.colspan


def _put(row: list[Cell], x: int, text: str | None, colspan: int) -> None:
    row.extend([None] * (x + colspan - len(row)))
    row[x] = text


def _text(root: etree._Element, budget: Budget, without: set[etree._Element]) -> str:
    """The text of a node, a line for each block, without scripts, styles and the nodes given. No recursion."""
    pieces: list[str] = []
    stack: list[etree._Element | str] = [root]
    count = 0
    while stack:
        node = stack.pop()
        count += 1
        if not count & 0x3FF:
            budget.tick()
        if isinstance(node, str):
            pieces.append(node)
            continue
        if not isinstance(node.tag, str) or node.tag in _DROPPED or node in without:
            pieces.append("\n" if node in without and node.tag == "table" else "")
            continue
        if node.tag in _BREAKS:
            pieces.append("\n")
            stack.append("\n")
        elif node.tag in ("td", "th") and node is not root:
            stack.append(" ")
        if node.tag == "input" and node.get("type", "text").lower() in ("text", "number"):
            pieces.append(node.get("value", ""))
        inner: list[etree._Element | str] = [_plain(node.text)] if node.text else []
        for child in node:
            inner.append(child)
            if child.tail:
                inner.append(_plain(child.tail))
        stack.extend(reversed(inner))
    lines = (_squeeze(line) for line in "".join(pieces).split("\n"))
    return "\n".join(line for line in lines if line)


def _plain(text: str) -> str:
    """Line breaks of the source are spaces."""
    return _SPACES.sub(" ", text)


def _squeeze(text: str) -> str:
    return (
        " ".join(text.replace("\xa0", " ").split(" ")).strip()
        if "  " not in text
        else re.sub(r"[ \xa0\t\r\n]+", " ", text).strip()
    )
