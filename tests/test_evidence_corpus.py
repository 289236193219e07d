"""Public files that nobody here wrote: every fact that the corpus's manifest states, asked of the front door.

The files are read in place and not copied: ``IDVTOOLS_CORPUS`` names their folder, else ``../shared/corpus`` beside
the project.
"""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from idvtools.cli import main
from idvtools.errors import EvidenceError, PasswordError
from idvtools.evidence.detect import detect
from idvtools.evidence.evidence import Evidence
from idvtools.evidence.model import Table
from idvtools.evidence.reading import read_evidence

CORPUS = Path(os.environ.get("IDVTOOLS_CORPUS") or Path(__file__).parents[2] / "shared" / "corpus")
pytestmark = pytest.mark.skipif(
    not (CORPUS / "MANIFEST.tsv").is_file(),
    reason="the public corpus is not here: its files are not ours to copy; IDVTOOLS_CORPUS names its folder",
)
D = Decimal
PASSWORDS = {"richart_zipcrypto.zip": "password", "agile.xlsx": "Password1234_", "aes256r6.pdf": "usersecret"}
UNREADABLE = {"truncated.zip", "xmlbomb.xlsx"}


@cache
def read(file: str) -> Evidence:
    return read_evidence(CORPUS / file, password=PASSWORDS.get(Path(file).name))


def column(table: Table, name: str) -> list[Any]:
    place = [c.name for c in table.columns].index(name)
    return [row[place] for row in table.rows]


def kind_of(table: Table, name: str) -> str:
    return next(c.type for c in table.columns if c.name == name)


def total(values: list[Any]) -> Decimal:
    return sum((D(v) for v in values if v is not None), D(0))


def by(table: Table, key: str, amount: str) -> dict[Any, tuple[int, Decimal]]:
    rows = list(zip(column(table, key), column(table, amount), strict=True))
    return {k: (sum(a == k for a, _ in rows), total([v for a, v in rows if a == k])) for k, _ in rows}


def outcome(table: Table) -> dict[str, bool | None]:
    return {check.name: check.ok for check in table.checks}


def test_every_file_of_the_manifest_is_asked_for() -> None:
    with (CORPUS / "MANIFEST.tsv").open(encoding="utf-8", newline="") as lines:
        listed = {row["file"] for row in csv.DictReader(lines, delimiter="\t")}
    source = Path(__file__).read_text(encoding="utf-8")
    assert not [file for file in sorted(listed) if f'"{file}"' not in source]


# ------------------------------------------------------------------ csv


def test_alipay() -> None:
    found = read("csv/alipay_gb18030.csv")
    (table,) = found.parsed
    assert (found.kind, found.encoding) == ("csv", "gb18030")
    assert (len(table.columns), table.columns[-1].type, len(table.rows)) == (13, "empty", 10)
    assert table.columns[-1].name == "column_13", "unnamed in the file"
    groups = {"支出": (5, D("211.64")), "不计收支": (4, D("247.37")), "收入": (1, D("222228.50"))}
    assert by(table, "收/支", "金额") == groups
    assert total(column(table, "金额")) == D("222687.51")
    # Declared: 66 rows, 1 / 63 / 2 of the three kinds.
    counts = ("row count", "row count 收入", "row count 支出", "row count 不计收支")
    assert [outcome(table)[name] for name in counts] == [False, True, False, False]
    assert next(c.detail for c in table.checks if c.name == "row count") == "66 printed, 10 read"
    assert any("66 printed, 10 read" in warning for warning in found.warnings)
    assert all(isinstance(v, str) and v == v.strip() for v in column(table, "交易订单号"))
    assert table.header_row == 25
    assert any("66笔" in line for line in table.preamble)


def test_wechat() -> None:
    (table,) = read("csv/wechat_utf8.csv").parsed
    assert (len(table.columns), len(table.rows), table.header_row) == (11, 27, 17)
    groups = {"支出": (11, D("2904.53")), "收入": (5, D("28.49")), "/": (11, D("26100.89"))}
    assert by(table, "收/支", "金额(元)") == groups
    assert outcome(table)["row count"] is False
    ids = column(table, "交易单号")
    assert "4200000069201710299246843141" in ids
    raw = (CORPUS / "csv/wechat_utf8.csv").read_text(encoding="utf-8")
    assert all(isinstance(i, str) and i in raw and i == i.strip() for i in ids)
    assert sorted(map(len, ids))[-1] >= 28


def test_jd() -> None:
    found = read("csv/jd_utf8bom.csv")
    (table,) = found.parsed
    assert (found.encoding, len(table.rows), table.header_row) == ("utf-8-sig", 26, 22)
    assert by(table, "收/支", "金额") == {"支出": (16, D("2277.70")), "不计收支": (10, D("1601.52"))}
    names = [c.name for c in table.columns]
    assert (names[:2], names[9:11]) == (["交易时间", "商户名称"], ["商家订单号", "备注"])
    refunds = by(table, "收/支", "金额_refund")["支出"][1]
    assert D("2277.70") - refunds == D("1648.43")
    said = {check.name: (check.ok, check.detail) for check in table.checks}
    assert said["row count"] == (True, "26 printed, 26 read")
    assert said["total 支出"] == (True, "1648.43 printed, 2277.70 read, 1648.43 net of refunds")


def test_icbc() -> None:
    (table,) = read("csv/icbc_debit_v2.csv").parsed
    assert (len(table.columns), len(table.rows), table.header_row) == (15, 11, 7)
    assert not [c.name for c in table.columns if c.name.startswith("column_")]
    assert total(column(table, "记账金额(收入)")) == D("2841.74")
    assert total(column(table, "记账金额(支出)")) == D("4241.08")
    assert table.footer == ("人民币合计 1,234.56 9,876.54",)
    assert outcome(table)["printed total 记账金额(收入)"] is False
    assert outcome(table)["printed total 记账金额(支出)"] is False
    assert kind_of(table, "余额") == "text", "it cannot be parsed"
    assert not [cell for row in table.rows for cell in row if isinstance(cell, str) and cell != cell.strip()]


def test_hsbc() -> None:
    (table,) = read("csv/hsbchk_debit.csv").parsed
    assert (len(table.columns), len(table.rows)) == (6, 10)
    assert by(table, "Billing currency", "Billing amount") == {"HKD": (9, D("9478.95")), "CNY": (1, D("12500.00"))}
    assert column(table, "Balance currency")[-1] == "HKD"
    assert column(table, "Date") == sorted(column(table, "Date"), reverse=True), "newest first"
    # As printed, the rows in CNY left out: the chain breaks once.
    detail = next(c.detail for c in table.checks if c.name == "balance chain HKD")
    assert detail.startswith("breaks once before row 7: 16422.66 missing (newest first")


def test_cmb() -> None:
    found = read("csv/cmb_credit.csv")
    (table,) = found.parsed
    assert (len(table.columns), len(table.rows), len(table.preamble)) == (6, 6, 1)
    assert total(column(table, "人民币金额")) == D("7675.98")
    assert column(table, "交易日").count(None) == 3
    assert [v for v in column(table, "交易日") if v] == ["01/02", "01/03", "01/05"], "no year is made up"
    assert D("-3.90") in column(table, "交易地金额")
    assert any("without a year" in warning for warning in found.warnings)
    assert any("(CN)" in warning for warning in found.warnings)
    assert column(table, "卡号末四位") == ["1234"] * 6


def test_mufg() -> None:
    found = read("csv/mufg_cp932.csv")
    (table,) = found.parsed
    assert (found.encoding, len(table.columns), len(table.rows)) == ("cp932", 9, 4)
    assert total(column(table, "支払い金額")) == 59260
    assert total(column(table, "預かり金額")) == 30000
    assert column(table, "日付")[0] == date(2018, 10, 1)
    assert dict(found.metadata)["encoding, runner-up"] in ("gb18030", "cp949")


def test_govuk() -> None:
    found = read("csv/govuk_utf16le.csv")
    (table,) = found.parsed
    assert (found.encoding, len(table.columns), len(table.rows)) == ("utf-16-le", 19, 327)
    assert len(set(column(table, "Organisation_code"))) == 327
    kinds = column(table, "Organisation_classification")
    assert (kinds.count("Independent Hospitals"), kinds.count("NHS Facilities")) == (207, 120)
    assert total(column(table, "All_admissions_including_place_of_safety_detentions")) == 478640


# ------------------------------------------------------------------ workbooks, real and pretended


def test_text_named_xls() -> None:
    found = read("xls/text_gbk_tsv_named.xls")
    (table,) = found.parsed
    assert (found.kind, found.encoding) == ("csv", "gb18030")
    assert (len([c for c in table.columns if not c.name.startswith("column_")]), len(table.rows)) == (25, 13)
    assert total(column(table, "清算金额")) == D("234438.160")
    assert "799999" in column(table, "证券代码")
    assert not [c for row in table.rows for c in row if isinstance(c, str) and set(c) & set('="')]
    assert not [c.name for c in table.columns if set(c.name) & set('="')]


def test_ccb() -> None:
    found = read("xls/ccb_biff8.xls")
    (table,) = found.parsed
    assert (found.kind, len(table.columns), len(table.rows), table.header_row) == ("xls", 11, 6, 6)
    assert (total(column(table, "支出")), total(column(table, "收入"))) == (D("703.26"), 0)
    assert table.name == "交易明细_1546_20250101_20250620.xls", "as long as a sheet's name may be"
    assert table.footer
    assert not [c for row in table.rows for c in row if isinstance(c, str) and c != c.strip()]
    breaks = [
        (b, spent, before - spent - b)
        for (before, b), spent in zip(pairwise(column(table, "账户余额")), column(table, "支出")[1:], strict=True)
        if before - spent != b
    ]
    assert [(spent, missing) for _, spent, missing in breaks] == [(D("515.02"), D("46.00"))]
    detail = next(c.detail for c in table.checks if c.name == "balance chain")
    assert detail == "breaks once before row 10: 46.00 missing (oldest first, 5 balances)"
    assert D("515.02") in table.rows[10 - table.numbers[0]]


def test_wechat_twice() -> None:
    found = read("xls/wechat.xlsx")
    assert (found.kind, len(found.parsed)) == ("xlsx", 2)
    for table in found.parsed:
        assert (len(table.rows), total(column(table, "金额(元)"))) == (27, D("29033.91"))
        ids = column(table, "交易单号")
        assert all(isinstance(i, str) and i.isalnum() for i in ids)
        assert max(map(len, ids)) >= 28
        assert "e" not in "".join(ids).lower() or set(ids) == set(column(found.parsed[0], "交易单号"))
    assert any("not to be added up" in warning for warning in found.warnings)


def test_1904() -> None:
    # "Same cells as date1904.xlsx" of the same public repository, whose tests state them.
    (table,) = read("xls/date1904.xls").parsed
    assert [tuple(map(str, row)) for row in table.rows] == [
        ("2021-01-01", "15"),
        ("2021-01-02", "16"),
        ("255:10:10", "17"),
    ]


# ------------------------------------------------------------------ html, pdf


def test_undp() -> None:
    # The manifest says "last row Marshall Islands 51 / 26"; the file has one more behind it, Korea DPR 45 / 33, which
    # is the 199th: 200 rows are right.
    found = read("html/undp_excel_export.html")
    main_table = found.parsed[0]
    assert (found.kind, main_table.name, len(main_table.rows), len(main_table.columns)) == ("html", "MainTable", 199, 6)
    assert {len(row) for row in main_table.rows} == {6}
    assert main_table.rows[-2] == (None, "Marshall Islands", 51, None, 26, None), "two dots are nothing"
    assert main_table.rows[-1] == (None, "Korea (Democratic People's Rep. of)", 45, None, 33, None)
    head = " ".join((*main_table.preamble, *(c.name for c in main_table.columns)))
    assert all(word in head for word in ("HDI Rank", "Country", "1990", "2010"))
    for place in ("table 1", "table 2", "table 3"):
        assert any(t.source == place for t in found.parsed) or any(w.startswith(place) for w in found.warnings)


def test_land_use() -> None:
    tables = read("pdf/cn_landuse_table.pdf").parsed
    # As printed 8x5, 11x8, 2x3 with the rows of the headings.
    assert [(len(t.rows), len(t.columns)) for t in tables] == [(6, 5), (9, 8), (1, 3)]
    assert tables[1].name.startswith("表 7.6")
    (row,) = [row for row in tables[0].rows if row[:2] == ("一级公路", "六") and str(row[2]) == "1.3333"]
    assert len(row) == 5


def test_warn_report() -> None:
    found = read("pdf/warn_report_16p.pdf")
    notices, summary = found.parsed
    assert dict(found.metadata)["pages"] == "16"
    assert (len(notices.rows), [c.type for c in notices.columns[:3]]) == (633, ["date"] * 3)
    assert all(isinstance(row[i], date) for row in notices.rows for i in range(3))
    assert [row[1] for row in notices.rows if "Georgia-Pacific Gypsum" in row[3]] == [date(5016, 5, 15)]
    assert any("implausible year" in warning for warning in found.warnings)
    assert "Abbott Vascular" in column(notices, "Company")
    employees = {i: row[5] for i, row in enumerate(notices.rows)}
    assert sum(employees.values()) == 53_515
    kept = [i for i, row in enumerate(notices.rows) if "(CANCELLED)**" not in row[3]]
    assert (len(kept), sum(employees[i] for i in kept)) == (632, 53_454)
    assert any(line.startswith("Total 632 53,454") for line in summary.footer)
    assert outcome(summary)["printed total Notices"] is outcome(summary)["printed total Employees Affected"] is True


def test_invoice() -> None:
    found = read("pdf/invoice_qualityhosting.pdf")
    table = found.parsed[0]
    items = [row for row in table.rows if row[0] is not None]
    assert [row[0] for row in items] == list(range(1, 8))
    prices = [row[-1] for row in items]
    assert (prices.count(D("3.89")), prices.count(D("5.39")), sum(prices)) == (2, 5, D("34.73"))
    flat = re.sub(r"\s+", " ", found.text)
    assert "Rechnungsnr. 30064443" in flat
    assert "Rechnungsdatum 7. Mai 2014" in flat
    everything = flat + " ".join(str(cell) for t in found.parsed for row in t.rows for cell in row)
    assert "34,73" in everything or "34.73" in everything


# ------------------------------------------------------------------ locked


def test_zipcrypto() -> None:
    found = read("enc/richart_zipcrypto.zip")
    assert [(m.path, m.kind, m.error) for m in found.members] == [("test_statement.xls", "xls", None)]
    card, account = found.parsed
    assert (card.name, column(card, "金額")) == ("信用卡明細", [-130, -358])
    assert (account.name, column(account, "金額")) == ("帳戶明細", [-100, 700])
    for wrong in (None, "wrong"):
        with pytest.raises(PasswordError, match=r"^richart_zipcrypto\.zip: it is locked"):
            read_evidence(CORPUS / "enc" / "richart_zipcrypto.zip", password=wrong)


def test_agile() -> None:
    found = read("enc/agile.xlsx")
    assert (found.kind, [t.name for t in found.parsed]) == ("office_encrypted", ["Sheet1"])
    assert [tuple(row) for row in found.parsed[0].rows] == [("lorem", "ipsum")]
    for wrong in (None, "password1234_"):
        with pytest.raises(PasswordError, match=r"^agile\.xlsx: "):
            read_evidence(CORPUS / "enc/agile.xlsx", password=wrong)


@pytest.mark.parametrize("password", ["usersecret", "ownersecret", ["wrong", "usersecret"]])
def test_pdf_of_aes_256(password: Any) -> None:
    assert read_evidence(CORPUS / "enc/aes256r6.pdf", password=password).text == "Hello World"


def test_pdf_with_a_wrong_password() -> None:
    assert read("enc/aes256r6.pdf").text == "Hello World"
    with pytest.raises(PasswordError, match=r"^aes256r6\.pdf: "):
        read_evidence(CORPUS / "enc/aes256r6.pdf", password="nobody")


# ------------------------------------------------------------------ hostile


def test_symlinks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    members = read("hostile/symlinks.zip").members
    assert len(members) == 21
    assert sum("symbolic link" in (m.error or "") for m in members) == 9
    assert not list(tmp_path.iterdir())


def test_crc_errors() -> None:
    members = {m.path: m for m in read("hostile/crc_errors.zip").members}
    assert {path: m.size for path, m in members.items() if m.error is None} == {"storedok": 10240, "deflateok": 43133}
    assert {"storedcrcerror", "deflatecrcerror", "deflatezliberror", "cryptok"} == {
        p for p, m in members.items() if m.error
    }
    assert "locked" in (members["cryptok"].error or "")
    assert all("damaged" in (members[name].error or "") for name in members if name.endswith("error"))


@pytest.mark.parametrize("file", ["hostile/truncated.zip", "hostile/xmlbomb.xlsx"])
def test_what_cannot_be_read(file: str) -> None:
    with pytest.raises(EvidenceError, match=f"^{Path(file).name}: ") as refused:
        read_evidence(CORPUS / file)
    assert "entities" in str(refused.value) or "cut off" in str(refused.value)


def test_malformed_pdf() -> None:
    assert dict(read("hostile/malformed_932.pdf").metadata)["pages"] == "1"


# ------------------------------------------------------------------ all of them


def files() -> Iterator[Path]:
    return (file for file in sorted(CORPUS.glob("*/*.*")) if file.is_file())


def test_kinds() -> None:
    odd = {"text_gbk_tsv_named.xls": "csv", "agile.xlsx": "office_encrypted"}
    for file in files():
        assert detect(file.read_bytes()) == odd.get(file.name, file.suffix[1:]), file.name


@pytest.mark.parametrize(
    "file", ["csv/alipay_gb18030.csv", "xls/ccb_biff8.xls", "enc/richart_zipcrypto.zip", "html/undp_excel_export.html"]
)
def test_the_command_says_what_the_library_says(file: str) -> None:
    path = CORPUS / file
    given = ["--password", PASSWORDS[path.name]] if path.name in PASSWORDS else []
    done = CliRunner().invoke(main, ["inspect", str(path), "--json", "--data", *given])
    assert done.exit_code == 0
    told = json.loads(done.output)
    assert told == {"file": str(path), **read(file).to_dict(data=True)}
    for table in told["tables"]:
        assert len(table["data"]) == table["rows"]
        for place, described in enumerate(table["columns"]):
            cells = [row[place] for row in table["data"] if row[place] is not None]
            if described["type"] in ("amount", "integer"):
                assert all(re.fullmatch(r"-?\d+(\.\d+)?", cell) for cell in cells)
            elif described["type"] in ("date", "datetime"):
                assert all(datetime.fromisoformat(cell) for cell in cells)


def test_the_command_on_what_cannot_be_read() -> None:
    for name in UNREADABLE:
        path = CORPUS / "hostile" / name
        done = CliRunner().invoke(main, ["inspect", str(path), "--json"])
        told = json.loads(done.output)
        assert (done.exit_code, sorted(told)) == (2, ["error", "file", "kind"])
        assert name in told["error"]
