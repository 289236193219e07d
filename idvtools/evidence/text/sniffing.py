"""Whether bytes are text, and what sort of text, from the first 64 KB. How it is really encoded is found out later."""

from __future__ import annotations

import codecs
import json
import re
from itertools import groupby

_SAMPLE = 1 << 16
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROL = bytes(set(range(32)) - {9, 10, 11, 12, 13, 26, 27})
_SPECKS = 1  # so many control characters may stand in a text of one line
_PLAIN = re.compile("[\t\r\n -~\u00a0-ÿͰ-ӿ‐-›■-◿、-ヿ一-鿿가-힣！-￮]")
_TAG = re.compile(r"<(?:[A-Za-z_][\w:.-]*(?:\s[^<>]*)?/?>|[A-Za-z_][\w:.-]*\s)")
_SKIPPED = re.compile(
    r"\s+|<!--.*?-->|<\?.*?\?>|<!\[.*?\]>|<!doctype(?!\s+html)[^>\[]*(?:\[.*?\]\s*)?>", re.DOTALL | re.I
)
_HTML = re.compile(
    r"<(?:!doctype\s+html|(?:html|head|body|table|meta|style|script|title|div|p|br|center|font|span|h[1-6]|tr|td|form)"
    r"(?=[\s>/]))",
    re.IGNORECASE,
)
_LATE = re.compile(r"^[ \t]*<(?:html|table)(?=[\s>])", re.MULTILINE | re.IGNORECASE)
_BEFORE = 2_000
_JSON_START = re.compile(r'\s*(?:\{\s*(?:"|\})|\[\s*(?:[\{\["\]]))')
_JSON_NUMBERS = re.compile(r"\s*\[\s*-?\d")


def text_of(data: bytes) -> str | None:
    """The first characters of a text, None for what is none.

    Only its ASCII characters are right for sure: that is enough to see tags, braces and delimiters.

    Examples
    --------
    >>> text_of("余额,1\\n".encode("utf-16-le")), text_of(bytes(range(32)))
    ('余额,1\\n', None)
    """
    for mark, name in _BOMS:
        if data.startswith(mark):
            return _decoded(data[len(mark) : _SAMPLE], name)
    sample = data[:_SAMPLE].rstrip(b"\0") if len(data) < _SAMPLE else data[:_SAMPLE]
    if not sample:
        return None if data else ""
    control = len(sample) - len(sample.translate(None, _CONTROL))
    if control <= 0.01 * len(sample) or (control <= _SPECKS and len(sample) > 8):
        try:
            return codecs.getincrementaldecoder("utf-8")().decode(sample)
        except UnicodeDecodeError:
            return sample.decode("latin-1")
    return _utf16(data[:_SAMPLE])


def _decoded(data: bytes, name: str) -> str:
    return codecs.getincrementaldecoder(name)("replace").decode(data)


def _utf16(sample: bytes) -> str | None:
    """UTF-16 without a mark: one byte order makes plain characters of it, the other nonsense."""
    best = max((_decoded(sample, name) for name in ("utf-16-le", "utf-16-be")), key=lambda t: len(_PLAIN.findall(t)))
    return best if best and len(_PLAIN.findall(best)) >= 0.97 * len(best) else None


def markup_of(text: str) -> str | None:
    """``html`` or ``xml`` where a text begins with a tag.

    Examples
    --------
    >>> markup_of('<?xml version="1.0"?><Document/>'), markup_of("<!-- bill --><TABLE border=1>"), markup_of("a<b")
    ('xml', 'html', None)
    >>> markup_of("Warning: no cache\\n<table><tr><td>1</table>")
    'html'
    """
    declared = text.lstrip("\ufeff \t\r\n").startswith("<?xml")
    at = 1 if text.startswith("\ufeff") else 0
    while skipped := _SKIPPED.match(text, at):
        at = skipped.end()
    if _HTML.match(text, at):
        return "html"
    if declared or _is_element(text, at):
        return "xml"
    return "html" if _has_late_page(text) else None


def _is_element(text: str, at: int) -> bool:
    """Whether an element stands at a place, and nothing but markup behind it: a cell of a csv may be a link."""
    opened = _TAG.match(text, at)
    if opened is None:
        return False
    name = re.split(r"[\s/>]", opened[0][1:], maxsplit=1)[0]
    closed = re.compile(rf"</{re.escape(name)}\s*>\s*").search(text, at)
    return closed is None or closed.end() == len(text) or text[closed.end()] == "<"


def _has_late_page(text: str) -> bool:
    """Whether a page begins on a line of its own below a few words: what a server said before it, or a banner."""
    late = _LATE.search(text, 0, _BEFORE)
    if late is None or is_delimited(text[: late.start()]):
        return False
    return re.search(r"<tr[\s>].*?<t[dh][\s>]", text[late.start() :], re.DOTALL | re.IGNORECASE) is not None


def is_json(text: str) -> bool:
    """Whether a text begins as JSON does; a log line in brackets does not.

    Examples
    --------
    >>> is_json('{"rows": ['), is_json("[2024-01-31] done"), is_json("[1, 2]")
    (True, False, True)
    """
    text = text.removeprefix("\ufeff")
    if _JSON_START.match(text):
        return True
    if not _JSON_NUMBERS.match(text):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def is_delimited(text: str) -> bool:
    """Whether lines of a text are divided into the same number of fields.

    Examples
    --------
    >>> is_delimited("title\\na\\tb\\n1\\t2\\n"), is_delimited("Dear all, hello.\\nWe write, as ever, to you.\\n")
    (True, False)
    """
    lines = [line for line in text.splitlines()[:400] if line.strip()]
    for delimiter in (",", "\t", ";", "|"):
        # In prose a comma has a space behind it; in a table hardly ever in every place.
        counts = [len(re.findall(re.escape(delimiter) + r"(?! \w)", line)) for line in lines]
        if len(lines) == 1 and counts[0] >= (1 if delimiter == "\t" else 2):
            return True
        if any(count and sum(1 for _ in run) > 1 for count, run in groupby(counts)):
            return True
        if len(lines) > 1 and sum(count > 1 for count in counts) * 2 > len(lines):
            return True
    return False
