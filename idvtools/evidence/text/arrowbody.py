"""The lines of a large delimited text as Arrow's columns of text; rows of another length are put in their places."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from idvtools.evidence.text.quoting import split_record

#: Rows of another length, beyond which the text is read the exact way.
_ODD = 2_000
_BLOCK, _VAST = 4 << 20, 64 << 20


@dataclass(frozen=True, slots=True)
class Body:
    """The data in Arrow: rows of `fields` fields, and those few that have another number (`odd`)."""

    table: pa.Table
    fields: int
    odd: list[int]

    def longer(self, width: int) -> int:
        """How many rows have more fields than this."""
        usual = self.table.num_rows - len(self.odd)
        return (usual if self.fields > width else 0) + sum(fields > width for fields in self.odd)


def read_body(data: pa.Buffer, delimiter: str, width: int, *, quoted: bool) -> Body | None:
    """The lines as columns of text; None where too many rows have another number of fields than the first.

    Parameters
    ----------
    data : Buffer
        Whole lines, in UTF-8.
    delimiter : str
        One character of ASCII.
    width : int
        Fields that most rows have.
    quoted : bool
        Whether there is a quote among them.

    Examples
    --------
    >>> read_body(pa.py_buffer(b"1,2\\n3,4,5\\n6,7\\n"), ",", 2, quoted=False).table.to_pylist()[1]
    {'0': '3', '1': '4', '2': '5'}
    """
    odd: list[tuple[int, str]] = []
    table = _arrow(data, delimiter, width, odd, quoted=quoted, threads=True)
    if table is None or not odd:
        return None if table is None else Body(table, width, [])
    odd.clear()  # only one thread at a time knows at which row it is
    table = _arrow(data, delimiter, width, odd, quoted=quoted, threads=False)
    rows = [fields for _, text in odd if (fields := split_record(text, delimiter)) is not None]
    if table is None or len(rows) < len(odd):
        return None
    widest = max(width, *map(len, rows))
    usual = table.num_rows
    for i in range(width, widest):
        table = table.append_column(str(i), pa.array([""]).take(pa.array(np.zeros(usual, np.int64))))
    names = [str(i) for i in range(widest)]
    more = {name: pa.array([row[i] if i < len(row) else "" for row in rows]) for i, name in enumerate(names)}
    places = np.array([number - 1 for number, _ in odd])
    order = np.zeros(usual + len(odd), np.int64)
    order[places] = usual + np.arange(len(odd))
    order[np.delete(np.arange(len(order)), places)] = np.arange(usual)
    return Body(pa.concat_tables([table, pa.table(more)]).take(pa.array(order)), width, [len(row) for row in rows])


def _arrow(  # a text, how it is divided, and how it is read
    data: pa.Buffer, delimiter: str, width: int, odd: list[tuple[int, str]], *, quoted: bool, threads: bool
) -> pa.Table | None:
    """The rows with the usual number of fields; the others are put into `odd`, with their number and text."""

    def seen(row: pacsv.InvalidRow) -> str:
        odd.append((row.number or 0, row.text))
        return "skip" if len(odd) <= _ODD else "error"

    names = [str(i) for i in range(width)]
    size = _BLOCK if data.size < _VAST else 4 * _BLOCK
    try:
        return pacsv.read_csv(
            data,
            read_options=pacsv.ReadOptions(column_names=names, block_size=size, use_threads=threads),
            parse_options=pacsv.ParseOptions(
                delimiter=delimiter,
                quote_char='"' if quoted else False,
                newlines_in_values=quoted,
                ignore_empty_lines=False,
                invalid_row_handler=seen,
            ),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False, check_utf8=False
            ),
        )
    except pa.ArrowInvalid:
        return None
