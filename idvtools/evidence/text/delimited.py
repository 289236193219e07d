"""Delimited and fixed-width text: how its fields are separated is found from the content, never from the name."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from idvtools.evidence.limits import Budget
from idvtools.evidence.model import Found, Grid
from idvtools.evidence.tables.dates import readings
from idvtools.evidence.tables.grids import MOST_COLUMNS
from idvtools.evidence.tables.naming import PADDING, CleanRows, clean
from idvtools.evidence.text.encodings import recode
from idvtools.evidence.text.quoting import Records, split_lines, split_record, split_records

_DELIMITERS = (",", "\t", ";", "|", "\x01", "^", "；", "，", "｜")
#: Lines looked at to find the delimiter.
_LOOK = 400
#: And characters: a line may be as long as a file.
_CHARACTERS = 2 << 20
#: Of the lines of a fixed-width table.
_WIDEST = 2_000
_CELLS = 2_000  # of a row are enough to see what its cells are like
#: From here on the text goes through Arrow, see `fast`.
LARGE = 2 << 20
#: Four words in a row, of small letters: a sentence.
_WORDS = re.compile(r"[^\W\d_A-Z]{2} [^\W\d_A-Z]+ [^\W\d_A-Z]+ [^\W\d_A-Z]+")
#: An id that an export keeps from being read as a number.
_QUOTED = re.compile(r"'\w+'")


def read_delimited(data: bytes, name: str, budget: Budget, passwords: Sequence[str] = ()) -> Found:
    r"""Read csv, tsv, other delimited or fixed-width text; text that is no table comes back as text.

    Parameters
    ----------
    data : bytes
        The file.
    name : str
        Its name, for the grid; not used to decide anything.
    budget : Budget
        Cells and time.
    passwords : sequence of str
        Not used: text has none.

    Returns
    -------
    Found
        One grid with the lines' numbers, or only ``text``; the encoding and its runner-up.

    Raises
    ------
    EvidenceError
        When the limits are exceeded.

    Examples
    --------
    >>> from idvtools.evidence.limits import Limits
    >>> found = read_delimited("姓名;金额\n王五;=\"1,50\"\t\n".encode("gb18030"), "a.csv", Budget(Limits()))
    >>> found.grids[0].rows, found.encoding
    ([('姓名', '金额'), ('王五', '1,50')], 'gb18030')
    """
    decoded = recode(data)
    warnings = list(decoded.warnings)
    plain = decoded.data
    if plain.endswith(b"\x1a"):  # the end-of-file sign of DOS
        plain = plain.rstrip(b"\x1a")
    if b"\0" in plain:
        nuls = plain.count(b"\0")
        plain = plain.replace(b"\0", b"")
        warnings.append(f"{nuls} NUL characters were taken out")
    said = Found(encoding=decoded.encoding, runner_up=decoded.runner_up, warnings=tuple(warnings))
    if len(plain) > LARGE:
        from idvtools.evidence.text.fast import read_large  # noqa: PLC0415  # pyarrow is needed for large files only

        budget.tick()
        grid = read_large(plain, name, budget)
        if grid is not None:
            return replace(said, grids=(grid,))
    text = plain.decode("utf-8")
    lines = split_lines(text)
    budget.tick()
    delimiter, expected = find_delimiter(looked_at(lines))
    if delimiter is None:
        return _undelimited(lines, text, name, budget, said)
    longest = max(lines, key=len)
    # a line as long as a file is not cut into millions of fields only to see that it is no table
    vast = len(longest) > _CHARACTERS and longest.count(delimiter) > 10 * MOST_COLUMNS
    records = Records() if vast else split_records(lines, delimiter, expected, budget)
    if vast or max(map(len, records.rows)) > MOST_COLUMNS:
        said = replace(said, warnings=(*said.warnings, f"a row has more than {MOST_COLUMNS} fields: that is no table"))
        return replace(said, text=text)
    cleaned = cleaned_rows(records.rows, budget)
    notes = (*stray_quotes(records), *cleaned.notes())
    return replace(said, grids=(Grid(name, "", cleaned.rows, tuple(records.numbers), notes),))


def stray_quotes(records: Records) -> tuple[str, ...]:
    """What is to be said of quotes that never end."""
    if not records.stray:
        return ()
    count, first = len(records.stray), records.stray[0]
    return (f"{count} lines have a quote that never ends, the first is line {first}: read as they stand",)


def find_delimiter(lines: Sequence[str]) -> tuple[str | None, int]:
    """The delimiter, and how many fields most records have; None where the text is no delimited table.

    It is the one that cuts the most lines into the same number of fields, as far as fields look like cells.

    Examples
    --------
    >>> find_delimiter(["a;b;c", "1,5;2;3", "2,5;4;5"]), find_delimiter(["One, two.", "And more", "of it"])
    ((';', 3), (None, 0))
    """
    look = _some(lines)
    best: tuple[float, str | None, int] = (0.0, None, 0)
    for delimiter in _DELIMITERS:
        holding = [line for line in look if delimiter in line]
        if not holding:
            continue
        cut = [record for line in holding if (record := split_record(line, delimiter)) is not None]
        if not cut:  # every line has an open quote
            cut = [line.split(delimiter) for line in holding]
        score, fields = _score(cut, len(look), delimiter)
        score *= 1 - 0.8 * (1 - len(cut) / len(holding))
        if score > best[0]:
            best = (score, delimiter, fields)
    return best[1], best[2]


def _some(lines: Sequence[str]) -> list[str]:
    """The lines that hold something, no more than what can be cut into fields by each delimiter."""
    look: list[str] = []
    left = _CHARACTERS
    for line in lines:
        if line.strip():
            look.append(line[:left])
            left -= len(line)
            if left <= 0:
                break
    return look


def looked_at(lines: Sequence[str]) -> Sequence[str]:
    """The lines by which the delimiter is chosen: those at the start and some from the middle."""
    return lines if len(lines) <= _LOOK else [*lines[: _LOOK // 2], *lines[len(lines) // 2 :][: _LOOK // 2]]


def _score(  # noqa: PLR0911  # a reason a line
    cut: Sequence[Sequence[str]], lines: int, delimiter: str
) -> tuple[float, int]:
    """How much cut lines look like a table; 0 if they don't."""
    counts = Counter(len(fields) for fields in cut)
    # rows with a field more or less (a trailing delimiter, "more fields than names") still belong to the table
    fields, _ = max(counts.items(), key=lambda item: item[1] * (item[0] - 1) ** 0.5)
    near = sum(n for size, n in counts.items() if abs(size - fields) <= (1 if fields > 2 else 0))
    if near < 2 and not (near == 1 and lines == 1 and fields > 2):
        return 0.0, 0
    table = [row[:_CELLS] for row in cut if abs(len(row) - fields) <= 1]
    wordy = sum(1 for row in table for cell in row if len(cell) > 120 or _WORDS.search(cell))
    if fields < 4:
        # prose has commas too: few fields must be short, on most lines, and hold figures or stand in every line
        share = near / lines
        if share < (0.6 if delimiter in "\t|;" else 0.75) and not (share >= 0.3 and _figures(table) > 0.3):
            return 0.0, 0
        named = counts[fields] == lines > 2 and all(re.fullmatch(r"[\w()/-]+(?: [\w()/-]+)?", c) for c in table[0])
        if wordy > 0.3 * len(table) and _figures(table) < 0.2 and not named:
            return 0.0, 0
        if sum(cell[:1] == " " and cell[1:2].isalpha() for row in table for cell in row[1:]) > 0.5 * len(table):
            return 0.0, 0
        gaps = sum(re.search(r"\S {2,}\S", cell) is not None for row in table for cell in row)
        if delimiter == "," and gaps > 0.5 * len(table):  # the comma of thousands in a fixed-width table
            return 0.0, 0
    if delimiter in "，；" and _figures(table) < 0.2:
        return 0.0, 0
    if wordy > 0.3 * len(table) * fields and _figures(table) < 0.1:  # an enumeration in prose
        return 0.0, 0
    # what another delimiter separates comes out as cells that begin with it
    torn = sum(cell[:1] in ",;|\t" and cell[:1] != "" for row in table for cell in row) / (len(table) * fields)
    consistency = counts[fields] / sum(counts.values())
    return (1 - torn) ** 4 * near / lines * consistency * (fields - 1) ** 0.5 / (
        1 + wordy / (len(table) * fields)
    ), fields


def _figures(table: Sequence[Sequence[str]]) -> float:
    """The share of cells that are figures or dates."""
    cells = [cell.strip(' \t"=') for row in table for cell in row]
    return sum(_figure(cell) for cell in cells) / max(len(cells), 1)


def _figure(cell: str) -> bool:
    return bool(re.fullmatch(r"[-+(¥$￥]*\d[\d,.'/: -]*\)?%?", cell)) or bool(cell[:1].isdigit() and readings(cell))


@dataclass(slots=True)
class Cleaned:
    """Rows of clean cells, and how many cells had what taken off; `ticked` is the sign that forces text."""

    rows: CleanRows
    padded: int = 0
    formulas: int = 0
    quoted: int = 0
    ticked: str | None = None

    def notes(self) -> tuple[str, ...]:
        """What is to be said of it."""
        notes = []
        if self.padded:
            notes.append(f"{self.padded} cells had spaces or tabs around them, which were taken off")
        if self.formulas:
            notes.append(f'{self.formulas} cells were formulas of the form ="…"; the text in the quotes was taken')
        if self.quoted:
            notes.append(f"{self.quoted} cells were in single quotes, which were taken off")
        if self.ticked:
            notes.append(f"cells begin with {self.ticked} to force text; it was taken off")
        return tuple(notes)


def cleaned_rows(rows: Sequence[Sequence[str]], budget: Budget) -> Cleaned:
    """Cells without padding, formula quoting and the apostrophe that forces text."""
    cleaned = Cleaned(CleanRows(), ticked=_ticked(rows))
    ticked = cleaned.ticked or "="
    for start in range(0, len(rows), 256):
        some = rows[start : start + 256]
        budget.take_cells(sum(map(len, some)))
        for row in some:
            new = [cell.strip(PADDING) for cell in row]
            if new != row:
                cleaned.padded += sum(b is not a and b not in (a, "") for a, b in zip(row, new, strict=True))
            for i, cell in enumerate(new):
                if cell[:1] == "=" and (value := clean(cell)) != cell:
                    cleaned.formulas += 1
                    cleaned.padded -= cell is not row[i] and cell != row[i]
                    new[i] = value or ""
                elif cell[:1] == "'" and _QUOTED.fullmatch(cell):
                    cleaned.quoted += 1
                    new[i] = cell[1:-1]
                elif cell[:1] == ticked:
                    new[i] = cell[1:].strip() if ticked != "=" else cell
            cleaned.rows.append(tuple([cell or None for cell in new]))
    return cleaned


def _ticked(rows: Sequence[Sequence[str]]) -> str | None:
    """The sign that an export puts before every cell to keep a spreadsheet from reading it as a number."""
    some = [cell for row in rows[1:60] for cell in row if cell.strip()]
    for sign in "`'":
        marked = [c for c in some if c.lstrip().startswith(sign) and sign not in c.strip()[1:]]
        if (
            marked
            and len(marked) >= 0.1 * len(some)
            and all(c.strip()[1:2].isalnum() or len(c.strip()) == 1 for c in marked[:50])
        ):
            return sign
    return None


def _undelimited(lines: Sequence[str], text: str, name: str, budget: Budget, said: Found) -> Found:
    """Fixed width, a single column of figures or ids, or no table."""
    rows = fixed_width(lines, budget) or one_column(lines)
    if rows is None:
        return replace(said, text=text)
    cleaned = cleaned_rows(rows, budget)
    cleaned.padded = 0  # it is what a fixed width consists of
    return replace(said, grids=(Grid(name, "", cleaned.rows, tuple(range(1, len(rows) + 1)), cleaned.notes()),))


def one_column(lines: Sequence[str]) -> list[list[str]] | None:
    """Rows of a single column of figures or ids, under a name or not; None where the text is none.

    Examples
    --------
    >>> one_column(["id", "A-1", "A-2"]), one_column(["Dear all,", "we write", "to you"])
    ([['id'], ['A-1'], ['A-2']], None)
    """
    filled = [line.strip() for line in lines if line.strip()]
    body = filled[1:]
    if len(body) < 2 or any(len(line) > 64 or " " in line for line in body[:_LOOK]):
        return None
    if sum(
        any(c.isdigit() for c in line) and re.fullmatch(r"[\w.@:/+-]+", line) is not None for line in body
    ) < 0.9 * len(body):
        return None
    return [[line] for line in lines]


def fixed_width(lines: Sequence[str], budget: Budget) -> list[list[str]] | None:
    """Rows of a fixed-width table, cut where most of its lines have blanks; None where the text is none.

    Wide characters count as two columns, as the terminal that printed it counts.

    Examples
    --------
    >>> from idvtools.evidence.limits import Limits
    >>> text = ["日期        摘要      金额", "2026-10-01  工资   1,000.00", "2026-10-02  房租    -500.00"]
    >>> text.append("2026-10-03  水费      -5.00")
    >>> fixed_width(text, Budget(Limits()))[1]
    ['2026-10-01', '工资', '1,000.00']
    """
    look = looked_at(lines)
    wide = [_spread(line.expandtabs(8)) for line in look if len(line) <= _WIDEST]
    body = [line for line in wide if len(re.split(r"\s{2,}", line.replace("\0", "").strip())) >= 2]
    figures = [line for line in body if any(_figure(part) for part in line.replace("\0", "").split())]
    if len(figures) < 3 or len(body) < 0.5 * sum(bool(line.strip()) for line in wide):
        return None
    width = max(len(line) for line in figures)
    if width > _WIDEST:
        return None
    blank = [sum(i >= len(line) or line[i] == " " for line in figures) >= 0.97 * len(figures) for i in range(width)]
    gutters = [
        m for m in re.finditer("1{2,}", "".join("1" if b else "0" for b in blank)) if m.start() > 0 and m.end() < width
    ]
    if not gutters:
        return None
    inside = set(body)
    rows = []
    for i, line in enumerate(lines):
        if not i & 255:
            budget.tick()
        if len(line) > _WIDEST:  # a paragraph
            rows.append([line.strip()])
            continue
        spread = _spread(line.expandtabs(8))
        fits = spread in inside or len(re.split(r"\s{2,}", line.strip())) >= 2
        rows.append(_cut(spread, gutters) if fits else [line.strip()])
    return rows


def _spread(line: str) -> str:
    """A line in which each character stands in its column: behind a wide one there is a NUL."""
    if line.isascii():
        return line
    return "".join(c + "\0" if unicodedata.east_asian_width(c) in "WF" else c for c in line)


def _cut(line: str, gutters: Sequence[re.Match[str]]) -> list[str]:
    """A line cut in each gutter, at a blank where there is one (a long cell may reach into it)."""
    cuts = [0]
    for gutter in gutters:
        at = max((i for i in range(gutter.start(), gutter.end()) if line[i : i + 1] in (" ", "")), default=-1)
        if at < 0:  # a cell runs over the gutter: the next blanks end it
            after = line.find("  ", gutter.end())
            at = after if after >= 0 else len(line)
        cuts.append(max(at, cuts[-1]))
    pieces = [line[a:b] for a, b in zip(cuts, [*cuts[1:], len(line)], strict=True)]
    return [piece.replace("\0", "").strip() for piece in pieces]
