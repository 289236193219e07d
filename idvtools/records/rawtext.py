"""The raw text of single messages, fetched from their log again."""

from __future__ import annotations

import json
from itertools import islice

import numpy as np

from idvtools.records.csvlog import read_export
from idvtools.records.files import SourceFile
from idvtools.records.finding import Finder
from idvtools.records.lines import Reading, read_lines
from idvtools.records.rejects import Rejects

#: A message over several lines has no more than this.
_MOST_LINES = 5000


def raw_bodies(source: SourceFile, line: int, finder: Finder) -> list[str]:
    """The bodies of the messages that begin in a line of a log; none where there are none.

    Raises
    ------
    RecordsError
        The file cannot be read up to there.
    """
    if source.form in ("csv", "tsv"):
        return _of_export(source, line, finder)
    texts: list[str | None] = []
    for lines in read_lines(source.stream(), Reading(Rejects()), search_long=True):
        numbers = lines.table["number"].to_numpy()
        if numbers[-1] < line:
            continue
        if lines.of_long_line:
            return [t for part in lines.table["line"].to_pylist() for t in _bodies(finder, [part], [line])]
        first = int(np.searchsorted(numbers, line))
        rows = lines.table["line"].slice(first, _MOST_LINES - len(texts)).to_pylist()
        if not texts and (numbers[first] != line or (own := _bodies(finder, rows[:1], [line]))):
            return own if numbers[first] == line else []
        texts += [t or "\n" for t in rows]
        if len(texts) >= _MOST_LINES:
            break
    return _bodies(finder, texts, list(range(line, line + len(texts))))


def _of_export(source: SourceFile, line: int, finder: Finder) -> list[str]:
    for rows, _ in read_export(source.stream(), Reading(Rejects()), finder):
        numbers = rows["number"].to_pylist()
        if line in numbers:
            return _bodies(finder, [rows["line"][numbers.index(line)].as_py()], [line])
    return []


def _bodies(finder: Finder, texts: list[str | None], numbers: list[int]) -> list[str]:
    if not texts or texts[0] is None:
        return []
    searched = finder.search([t or "\n" for t in texts], numbers)
    found = [f for number, f in searched.found if number == numbers[0]]
    return [_body(f.text) if f.enveloped else f.text for f in islice(found, 1000)]


def _body(envelope: str) -> str:
    body = json.loads(envelope)["body"]
    return body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
