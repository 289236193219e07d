"""HTML, XML and JSON as grids: pages that call themselves Excel, XML spreadsheets, lists of records."""

from __future__ import annotations

import email.policy
import re
from collections.abc import Sequence
from dataclasses import replace
from email.feedparser import BytesFeedParser
from types import MappingProxyType
from typing import Any

from lxml import etree

from idvtools.errors import EvidenceError
from idvtools.evidence.books.parts import refuse_dtd
from idvtools.evidence.limits import Budget
from idvtools.evidence.markup.htmltables import tables
from idvtools.evidence.markup.jsontext import read_json
from idvtools.evidence.markup.nested import MAX_DEPTH, grids_of
from idvtools.evidence.markup.xmlsheets import Sheets
from idvtools.evidence.model import Found, Grid
from idvtools.evidence.tables.declared import declared_text
from idvtools.evidence.text.encodings import Decoded

__all__ = ["read_html", "read_json", "read_xml"]

_MAIL = re.compile(
    rb"\s*(?:mime-version|from|subject|date|content-type|x-[a-z-]+|snapshot-content-location):", re.IGNORECASE
)
_SHEET_NAME = re.compile(r"<x:ExcelWorksheet>\s*<x:Name>([^<]{1,100})</x:Name>")
#: Elements and attributes of a tree, of which each takes a quarter of a kilobyte; of HTML, so many elements.
_MOST_NODES, _MOST_TAGS = 1_300_000, 1_000_000
_SAFE = MappingProxyType(
    {
        "resolve_entities": False,
        "no_network": True,
        "huge_tree": False,
        "encoding": "utf-8",
        "remove_comments": True,
        "remove_pis": True,
    }
)
#: Bytes that are parsed at a time.
_PIECE = 64 << 10
#: To list the attributes of an element takes time by their square.
_MOST_ATTRIBUTES = 2_000
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


def read_html(data: bytes, name: str, budget: Budget, passwords: Sequence[str] = ()) -> Found:
    """Read the tables and the text of a page, or of a page saved with all that belongs to it (MHTML).

    Cells are text as it stands. Tables that only lay out others are part of the text.

    Raises
    ------
    EvidenceError
        There is no page in it.

    Examples
    --------
    >>> from idvtools.evidence.limits import Limits
    >>> page = "<meta charset=gb2312><table><tr><td>账号<td>0012</table>".encode("gbk")
    >>> found = read_html(page, "a.xls", Budget(Limits()))
    >>> found.grids[0].rows, found.encoding
    ([['账号', '0012']], 'gb18030')
    """
    warnings: list[str] = []
    if _MAIL.match(data[:200]):
        data = _page_of_mail(data, budget)
        warnings.append("a page saved with its pictures (MHTML); only the page was read")
    decoded = declared_text(data)
    budget.tick()
    if decoded.text.count("<") - decoded.text.count("</") > _MOST_TAGS:
        raise EvidenceError(f"the page holds more than {_MOST_TAGS} elements; ask for the data as csv or xlsx")
    _not_too_many_nodes(decoded.text)
    head = decoded.text[:65_536]
    root, decoded = _html(decoded.text), replace(decoded, text="")  # the text is in the tree now
    if root is None:
        raise EvidenceError("there is no page in the file")
    grids, text = tables(root, name, budget)
    sheets = _SHEET_NAME.findall(head)
    if len(sheets) == len(grids) == 1:
        grids = (Grid(sheets[0].strip(), grids[0].source, grids[0].rows, (), grids[0].warnings),)
    if "<frameset" in head.lower():
        warnings.append("the page only frames others, which are not in the file (a workbook saved as several pages)")
    title = root.findtext(".//title")
    metadata = (("title", " ".join(title.split())[:200]),) if title and title.strip() else ()
    return Found(grids, text, decoded.encoding, decoded.runner_up, metadata, (*warnings, *decoded.warnings))


def _not_too_many_nodes(markup: str) -> None:
    """Refuse before a tree is made: what is counted here may stand in texts too, but seldom does."""
    nodes = markup.count("<") - markup.count("</") + markup.count("=")
    if nodes > _MOST_NODES:
        raise EvidenceError(
            f"it holds more than {_MOST_NODES} elements and attributes; ask for the data as csv or xlsx"
        )


def _html(text: str) -> etree._Element | None:
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False, remove_comments=True, remove_pis=True)
    plain = _UNPRINTABLE.sub(" ", text).encode("utf-8", "replace")
    if not plain.strip():
        return None
    try:
        return etree.fromstring(plain, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None


def _page_of_mail(data: bytes, budget: Budget) -> bytes:
    parser = BytesFeedParser(policy=email.policy.default)
    try:
        for start in range(0, len(data), _PIECE):  # its parts may be as many as its lines
            parser.feed(data[start : start + _PIECE])
            budget.tick()
        for part in parser.close().walk():
            budget.tick()
            payload: Any = part.get_payload(decode=True) if part.get_content_type() == "text/html" else None
            if payload:
                charset = part.get_content_charset()
                mark = f'<meta charset="{charset}">'.encode("ascii", "ignore") if charset else b""
                return mark + bytes(payload) if b"charset" not in payload[:4096] else bytes(payload)
    except EvidenceError:
        raise
    except Exception as error:  # email's parser stumbles in many ways over damaged headers
        raise EvidenceError("the saved page is damaged: its parts cannot be told") from error
    raise EvidenceError("there is no page in the saved file")


def read_xml(data: bytes, name: str, budget: Budget, passwords: Sequence[str] = ()) -> Found:
    """Read an XML spreadsheet of 2003, a page of XHTML, or records in repeated elements.

    Raises
    ------
    EvidenceError
        It is no XML, declares a DTD, or is nested too deeply.

    Examples
    --------
    >>> from idvtools.evidence.limits import Limits
    >>> xml = b'<bill><no>7</no><row id="01"><sum>1.20</sum></row><row id="02"><sum>3</sum></row></bill>'
    >>> for grid in read_xml(xml, "a.xml", Budget(Limits())).grids: print(grid.source, grid.rows)
    $ [['no'], ['7']]
    row [['id', 'sum'], ['01', '1.20'], ['02', '3']]
    """
    decoded = declared_text(data)
    if re.match(r"\s*(?:<!--.*?-->\s*)*<!DOCTYPE\s+html", decoded.text[:4096], re.IGNORECASE | re.DOTALL):
        return read_html(data, name, budget)
    root, sheets, warnings = _xml(decoded, budget)
    what = root.tag.rpartition("}")[2]
    if what.lower() == "html":
        return read_html(data, name, budget)
    if what == "Workbook" and root.find("{*}Worksheet") is not None:
        grids = sheets.grids(root)
    else:
        grids = grids_of(_value(root, budget, 0), name, budget)
    return Found(grids, "", decoded.encoding, decoded.runner_up, (), (*warnings, *decoded.warnings))


def _xml(decoded: Decoded, budget: Budget) -> tuple[etree._Element, Sheets, tuple[str, ...]]:
    """The tree, what its rows hold if it is a workbook, and what is wrong with it."""
    if "Worksheet" not in decoded.text:
        _not_too_many_nodes(decoded.text)
    plain = refuse_dtd(decoded.text.strip("\x00 \t\r\n\ufeff").encode("utf-8", "replace"))
    budget.tick()
    sheets = Sheets(budget)
    parser = etree.XMLPullParser(events=("end",), tag="{*}Row", **_SAFE)
    try:
        for start in range(0, len(plain), _PIECE):
            parser.feed(plain[start : start + _PIECE])
            for _, row in parser.read_events():
                sheets.row(row)
            budget.tick()
        return parser.close(), sheets, ()
    except (etree.XMLSyntaxError, ValueError):
        _not_too_many_nodes(decoded.text)
        return _damaged(plain, budget)


def _damaged(plain: bytes, budget: Budget) -> tuple[etree._Element, Sheets, tuple[str, ...]]:
    """The same of what breaks off or is wrong: with rows that never end, hence from the whole tree."""
    parser = etree.XMLParser(recover=True, **_SAFE)
    try:
        root = etree.fromstring(plain, parser)
    except (etree.XMLSyntaxError, ValueError):
        root = None
    if root is None:
        raise EvidenceError("it is no XML, or damaged")
    sheets = Sheets(budget)
    for row in root.iter("{*}Row"):  # a sheet that never ends has the next one in it
        sheets.add(row)
    said = f"the XML is damaged (it breaks off or is wrong near line {_line(parser)}): rows may be missing"
    return root, sheets, (said,)


def _line(parser: etree.XMLParser) -> int:
    entries = list(parser.error_log)
    return entries[0].line if entries else 1


def _value(node: etree._Element, budget: Budget, depth: int) -> Any:
    """An element as nested values: attributes and children by name, repeated ones in a list, text alone as text."""
    budget.tick()
    if depth > MAX_DEPTH:
        raise EvidenceError(f"it is nested deeper than {MAX_DEPTH} levels")
    attributes = node.attrib
    if not len(node) and not attributes:
        return (node.text or "").strip() or None
    if len(attributes) > _MOST_ATTRIBUTES:
        raise EvidenceError(f"an element of it has more than {_MOST_ATTRIBUTES} attributes")
    text = " ".join(part.strip() for part in [node.text or "", *(child.tail or "" for child in node)] if part.strip())
    own = ((key, value) for key, value in attributes.items() if not key.endswith("}schemaLocation"))
    fields: dict[str, Any] = {key.rpartition("}")[2]: value for key, value in own}
    if not len(node) and not fields:
        return text or None
    groups: dict[str, list[Any]] = {}
    while (child := next(iter(node), None)) is not None:
        if isinstance(child.tag, str):
            name = child.tag.rpartition("}")[2]
            groups.setdefault(name, []).append(_value(child, budget, depth + 1))
        node.remove(child)  # tree and values together would take twice the memory
    for key, values in groups.items():
        unique = key if key not in fields else f"{key} (element)"
        fields[unique] = values[0] if len(values) == 1 else values
    if text:
        fields["text" if "text" not in fields else "text (element)"] = text
    return fields
