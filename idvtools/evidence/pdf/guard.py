"""Which PDFs could run away inside pdfium, and reading those in a process of their own that can be ended.

pdfium cannot be interrupted while it takes in a page, and unpacks up to a gigabyte. What an ordinary file holds it
reads in milliseconds, so only a file that shows a way to blow up is read apart: that costs some 0.2 s, once.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import zlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

from idvtools.errors import EvidenceError, PasswordError
from idvtools.evidence.limits import Budget
from idvtools.evidence.model import Found, Grid

#: Bytes that one stream, and all together, may unpack to in this process.
STREAM, STREAMS = 3 << 20, 16 << 20
#: Memory of the process apart, in bytes, for a file of no size.
MEMORY = 420 << 20
_STREAM = re.compile(rb"stream\r?\n")
_REFERENCES = re.compile(rb"\[(?:\s*\d{1,9}\s+\d{1,5}\s+R){20,}\s*\]")
_REFERENCE = re.compile(rb"\d+\s+\d+\s+R")
_TWICE = re.compile(rb"/Filter\s*(?:\[[^\]]*(?:/Fl\w*|/LZW\w*)[^\]]*(?:/Fl|/LZW)|\d)")
_DRAWS = re.compile(rb"\bDo\b")
_CODE = "import json,sys;sys.path[:0]=json.loads(sys.argv[1]);from idvtools.evidence.pdf.reader import serve;serve()"


def danger(data: bytes, budget: Budget) -> str | None:
    """Why a PDF should be read apart, or None.

    Examples
    --------
    >>> from idvtools.evidence.limits import Limits
    >>> danger(b"%PDF-1.4 1 0 obj<<>>stream\\nBT ET\\nendstream", Budget(Limits())) is None
    True
    >>> danger(b"<</Filter/FlateDecode>>stream\\n" + zlib.compress(bytes(9 << 20)), Budget(Limits()))
    'a stream unpacks to much'
    """
    if b"/Encrypt" in data:
        return "its streams are encrypted"
    if b"/LZW" in data or b"/RunLength" in data or _TWICE.search(data):
        return "it packs streams in unusual ways"
    return _repeats(data) or _in_streams(data, budget)


def _in_streams(data: bytes, budget: Budget) -> str | None:
    total, type3 = 0, b"/Type3" in data
    for count, match in enumerate(_STREAM.finditer(data)):
        if not count % 200:
            budget.tick()
        if count > 50_000:
            return "it has very many streams"
        begin = match.end()
        head = data[max(0, begin - 700) : begin]
        head = head[head.rfind(b" obj") + 1 :]
        if b"/Fl" in head:
            body = _unpacked(data, begin)
        else:
            stop = data.find(b"endstream", begin)
            body = data[begin : min(begin + STREAM + 1, stop if stop >= 0 else len(data))]
        total += len(body)
        if len(body) > STREAM or total > STREAMS:
            return "a stream unpacks to much" if b"/Fl" in head else "a stream is very long"
        type3 = type3 or b"/Type3" in body
        why = _in_body(head, body, type3)
        if why:
            return why
    return None


def _in_body(head: bytes, body: bytes, type3: bool) -> str | None:
    if (b"/Form" in head or type3) and len(_DRAWS.findall(body)) > 1:
        return "drawings in it are made of drawings"
    if b"/ObjStm" not in head:
        return None
    return "it packs streams in unusual ways" if _TWICE.search(body) else _repeats(body)


def _unpacked(data: bytes, begin: int) -> bytes:
    try:
        return zlib.decompressobj().decompress(memoryview(data)[begin : begin + (STREAM << 1)], STREAM + 1)
    except zlib.error:
        return b""


def _repeats(text: bytes) -> str | None:
    for match in _REFERENCES.finditer(text):
        if Counter(_REFERENCE.findall(match.group())).most_common(1)[0][1] > 20:
            return "it refers to the same thing again and again"
    return None


def read_apart(
    data: bytes, budget: Budget, passwords: Sequence[str], *, second: bool = False, share: float = 1.0
) -> Found:
    """Read a PDF in a process of its own, ended when the time is over or the memory spent.

    Parameters
    ----------
    data, budget, passwords
        As `reader.read_pdf`.
    second : bool
        Whether by pdfplumber alone.
    share : float
        How much of the time that is left it may take.

    Raises
    ------
    EvidenceError, PasswordError
        As reading it here would; and where the process does not come to an end by itself.
    """
    remaining = max(share * (budget.until - time.monotonic()), 0.1)
    order = {
        "passwords": list(passwords),
        "second": second,
        "seconds": remaining,
        "cells": budget.cells_left,
        "pages": budget.limits.pages,
        "memory": max(MEMORY, (300 << 20) + 2 * len(data)),
    }
    command = [sys.executable, "-c", _CODE, json.dumps([p for p in sys.path if p])]
    try:
        done = subprocess.run(  # noqa: S603
            command, input=json.dumps(order).encode() + b"\n" + data, capture_output=True, timeout=remaining + 0.5,
            check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise EvidenceError(f"reading took longer than {budget.limits.seconds:g} s; it was given up") from None
    except OSError:
        raise EvidenceError("the PDF could not be read in a process of its own, which it needs") from None
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        raise EvidenceError("the PDF is built so that reading it takes too much memory, or is damaged") from None
    if "error" in answer:
        raise (PasswordError if answer["locked"] else EvidenceError)(answer["error"])
    budget.take_cells(answer["cells"])
    return unpack(answer)


def pack(found: Found) -> dict[str, Any]:
    """What was found as JSON.

    Examples
    --------
    >>> unpack(pack(Found(text="a"))) == Found(text="a")
    True
    """
    return {
        "grids": [
            [g.name, g.source, [list(r) for r in g.rows], list(g.numbers), list(g.warnings)] for g in found.grids
        ],
        "text": found.text,
        "metadata": [list(pair) for pair in found.metadata],
        "warnings": list(found.warnings),
    }


def unpack(answer: dict[str, Any]) -> Found:
    """JSON as what was found: the inverse of `pack`.

    Examples
    --------
    >>> unpack(pack(Found(grids=(Grid("t", "page 1", [["a", None]], (1,)),)))).grids[0].rows
    [['a', None]]
    """
    return Found(
        grids=tuple(Grid(name, source, rows, tuple(n), tuple(w)) for name, source, rows, n, w in answer["grids"]),
        text=answer["text"],
        metadata=tuple((key, value) for key, value in answer["metadata"]),
        warnings=tuple(answer["warnings"]),
    )
