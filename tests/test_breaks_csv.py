"""breaks.csv: programs read back what went in; a spreadsheet finds no formula."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_cases import DIGITS, HOSTILE, OP, breaks, hostile_breaks, ledger_row

from idvtools.ledger.columns import LEDGER_SCHEMA
from idvtools.report.csvout import write_csv

RISKY = tuple("=+-@\t\r＝＋－＠")


def neutral(text: str | None) -> str:
    return "" if text is None else f"'{text}" if text.startswith(RISKY) else text


def written(path: Path, table: pa.Table) -> list[dict[str, str]]:
    write_csv(path, table)
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_a_row_as_people_and_programs_read_it(tmp_path):
    [row] = written(tmp_path / "b.csv", breaks(ledger_row(period_shift=None)))
    assert list(row) == LEDGER_SCHEMA.names
    shown = {name: value for name, value in row.items() if value}
    assert shown == {
        "op_id": OP,
        "app_id": "zd1uahd8",
        "biz_no": "0012",
        "site": "chrome-govhk-tax",
        "subject": "00e1234567890123",
        "day": "2026-10-01",
        "clock": "2026-09-30T16:00:00.123Z",
        "status": "20",
        "final": "Y",
        "billable": "N",
        "reason": "repeat_same_day",
        "amount_ours": "0.00",
        "statement_file": "statements/a.csv",
        "statement_line": "7",
        "vendor_status": "-4",  # a number, not a text: it stays a number
        "vendor_charge": "Y",
        "amount_vendor": "3.00",
        "bucket": "overbilled",
        "severity": "money",
        "source_file": "requests/a.jsonl",
        "source_line": "3",
    }


def test_bytes_bom_header_and_line_ends(tmp_path):
    path = tmp_path / "b.csv"
    write_csv(path, breaks(ledger_row(), ledger_row()))
    data = path.read_bytes()
    assert data.startswith(b"\xef\xbb\xbfop_id,parent_op_id,app_id,")
    assert data.count(b"\r\n") == data.count(b"\n") == 3
    assert data.endswith(b"\r\n")
    write_csv(path, breaks())
    assert path.read_bytes().count(b"\r\n") == 1


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_kept_and_never_a_formula(tmp_path, text):
    rows = written(tmp_path / "b.csv", hostile_breaks())
    row = rows[HOSTILE.index(text)]
    for column in ("op_id", "biz_no", "differing_fields", "statement_file"):
        assert row[column] == neutral(text)
        assert not row[column].startswith(RISKY)


def test_pandas_reads_the_ids_back(tmp_path):
    path = tmp_path / "b.csv"
    write_csv(path, breaks(ledger_row(op_id=DIGITS), ledger_row(op_id="NA", biz_no='a,b\r\n"c"')))
    frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    assert frame["op_id"].tolist() == [DIGITS, "NA"]
    assert frame["biz_no"].tolist() == ["0012", 'a,b\r\n"c"']


def test_large_and_negative_amounts_are_plain_decimals(tmp_path):
    rows = written(
        tmp_path / "b.csv", breaks(ledger_row(amount_vendor=Decimal("-9999999999999999.99"), day=date(1, 1, 1)))
    )
    assert rows[0]["amount_vendor"] == "-9999999999999999.99"
    assert rows[0]["day"] == "0001-01-01"


def test_chunks_slices_and_dictionaries_make_no_difference(tmp_path):
    table = breaks(*(ledger_row(op_id=str(i), statement_file=f"s/{i % 3},{i % 2}.csv") for i in range(50)))
    pieces = pa.concat_tables([table.slice(i * 7, 7) for i in range(8)])
    whole = written(tmp_path / "b.csv", table)
    assert written(tmp_path / "b.csv", pieces) == whole
    assert [r["statement_file"] for r in whole[:3]] == ["s/0,0.csv", "s/1,1.csv", "s/2,0.csv"]
    assert written(tmp_path / "b.csv", table.slice(20, 5)) == whole[20:25]


@given(st.lists(st.none() | st.text(), min_size=1, max_size=20))
def test_any_text_comes_back(tmp_path_factory, texts):
    table = breaks(*(ledger_row(biz_no=text, source_file=text) for text in texts))
    rows = written(tmp_path_factory.mktemp("csv") / "b.csv", table)
    assert [row["biz_no"] for row in rows] == [neutral(text) for text in texts]
    assert [row["source_file"] for row in rows] == [neutral(text) for text in texts]
