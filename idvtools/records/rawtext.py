"""The raw text of single messages, fetched from their log again."""

from __future__ import annotations

import json
from itertools import islice

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
    if line < 1:
        return []
    if source.form in ("csv", "tsv"):
        for rows, _ in read_export(source.stream(), Reading(Rejects()), finder):
            numbers = rows["number"].to_pylist()
            if line in numbers:
                return _bodies(finder, [rows["line"][numbers.index(line)].as_py()], [line])
        return []
    texts: list[str] = []
    for lines in read_lines(source.stream(), Reading(Rejects()), search_long=True):
        numbers = lines.table["number"]
        last = numbers[-1].as_py()
        if last < line:
            continue
        if lines.of_long_line:
            return [t for part in lines.table["line"].to_pylist() for t in _bodies(finder, [part], [line])]
        first = numbers[0].as_py()
        rows = lines.table["line"].slice(max(line - first, 0), _MOST_LINES - len(texts)).to_pylist()
        if not texts and rows[0] is not None and (own := _bodies(finder, rows[:1], [line])):
            return own
        texts += [t or "\n" for t in rows]
        if len(texts) >= _MOST_LINES:
            break
    return _bodies(finder, texts, list(range(line, line + len(texts))))


def _bodies(finder: Finder, texts: list[str], numbers: list[int]) -> list[str]:
    found = [f for number, f in finder.search(texts, numbers).found if number == numbers[0]]
    return [_body(f.text) if f.enveloped else f.text for f in islice(found, 1000)] if texts else []


def _body(envelope: str) -> str:
    body = json.loads(envelope)["body"]
    return body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
