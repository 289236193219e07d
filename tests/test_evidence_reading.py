"""From a file to Evidence: what is kept, what is said, what is shown, printed and exported."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import openpyxl
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from evidence_zips import CSV, Item, make

import idvtools as idv
from idvtools.cli import main
from idvtools.errors import EvidenceError, OutputError, PasswordError
from idvtools.evidence import limits, reading
from idvtools.evidence.evidence import Evidence, plain
from idvtools.evidence.masking import mask_cell, mask_line
from idvtools.evidence.model import Check, Column, Found, Grid, Member, Table
from idvtools.evidence.showing import Shown, _columns
from idvtools.evidence.sites import Applied

ID_NO, PERSON, CARD, PHONE = "110101199001011234", "张三丰", "6222021234567890123", "13812345678"
EVIL = "<script>alert(1)</script>"
HALF_PAST_NINE = datetime(2026, 10, 1, 9, 30)  # noqa: DTZ001  as a bill prints it: of no zone

TABLE = Table(
    name="交易明细",
    source="sheet 1",
    columns=(
        Column("交易日期", "date"),
        Column("对方户名", "text"),
        Column("卡号", "text"),
        Column("备注", "text"),
        Column("金额", "amount"),
        Column("笔数", "integer"),
        Column("时间", "datetime"),
    ),
    rows=(
        (date(2026, 10, 1), PERSON, CARD, EVIL, Decimal("1234.50"), 3, HALF_PAST_NINE),
        (date(2026, 10, 2), PERSON, CARD, f"=cmd|' /C calc'!A0 {PHONE}", Decimal("-0.10"), None, None),
        (None, None, None, "@SUM(1)", Decimal("12345678901234567.89"), 4, None),
    ),
    header_row=4,
    numbers=(5, 6, 7),
    preamble=(f"户名：{PERSON} 证件号码：{ID_NO}",),
    footer=("合计 1,234.40",),
    checks=(Check("row count", True, "3 of 3"), Check("total", False, f"printed 1234.40, counted 1234.41 {EVIL}")),
    warnings=("two dates could be read either way",),
)
EVIDENCE = Evidence(
    name="bill.xls",
    kind="xls",
    sha256="ab" * 32,
    size=1234,
    members=(Member("a\x1b[2J.csv", "csv", 5, "it is damaged"),),
    parsed=(TABLE,),
    text=f"身份证 {ID_NO}\n{EVIL}",
    warnings=(f"warned of {EVIL}",),
)


def inspect(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["inspect", *map(str, arguments)])


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """A reader of csv and a maker of tables that say what they are told to."""
    says: list[Any] = []

    def read(data: bytes, name: str, budget: Any, passwords: Any = ()) -> Found:
        said = says[0] if says else Found((Grid(name, "", [["a"], ["1"]]),), encoding="utf-8", runner_up="gb18030")
        if isinstance(said, BaseException):
            raise said
        return said

    module = ModuleType("made_up")
    module.read = read  # type: ignore[attr-defined]
    module.to_tables = lambda grid, budget: [Table(grid.name, grid.source, TABLE.columns[1:2], [("x",)])]  # type: ignore[attr-defined]
    module.apply = lambda tables, text, members, site, budget: Applied(tuple(tables), ())  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "made_up", module)
    monkeypatch.setattr(reading, "READERS", {**reading.READERS, "csv": "made_up:read"})
    monkeypatch.setattr(reading, "_TABLES", "made_up:to_tables")
    monkeypatch.setattr(reading, "_SITES", "made_up:apply")
    return says


def test_where_a_table_comes_from(reader: list[Any]) -> None:
    found = idv.read_evidence(make(Item("in.zip", make(Item("d/a.csv", CSV))), Item("b.csv", CSV)), name="x.zip")
    assert [(t.name, t.source) for t in found.parsed] == [("a.csv", "in.zip!d/a.csv"), ("b.csv", "b.csv")]
    assert found.encoding == "utf-8"
    assert ("b.csv: encoding, runner-up", "gb18030") in found.metadata
    assert [list(frame.columns) for frame in found.tables] == [["对方户名"]] * 2


def test_a_reader_that_fails_is_no_crash(reader: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    panic = type("PanicException", (BaseException,), {})
    for raised in (ValueError(ID_NO), RecursionError(), MemoryError(), panic("called unwrap"), KeyError(ID_NO)):
        reader[:] = [raised]
        with pytest.raises(EvidenceError) as refused:
            idv.read_evidence(CSV, name="a.csv")
        assert str(refused.value).startswith("a.csv: reading it as csv failed")
        assert ID_NO not in str(refused.value)
        assert refused.value.__cause__ is None
    reader[:] = [KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        idv.read_evidence(CSV)
    reader[:] = [EvidenceError("is damaged")]
    assert idv.read_evidence(make(Item("a.csv", CSV))).members[0].error == "is damaged"
    reader[:] = [PasswordError("is locked")]
    with pytest.raises(PasswordError):
        idv.read_evidence(make(Item("a.csv", CSV)))
    reader[:] = [ModuleNotFoundError("x", name="python_calamine")]
    with pytest.raises(EvidenceError, match="needs the package python_calamine"):
        idv.read_evidence(CSV)


def test_what_fails_later_does_not_hide_what_was_read(reader: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    made_up = sys.modules["made_up"]
    reader[:] = [Found((Grid("a", "sheet 1", [["x"]]), Grid("b", "sheet 2", [["y"]]), Grid("c", "sheet 3", [["z"]])))]

    def to_tables(grid: Grid, budget: Any) -> list[Table]:
        if grid.name == "b":
            raise EvidenceError("took too long")
        return [Table(grid.name, grid.source, TABLE.columns[1:2], [("x",)])]

    monkeypatch.setattr(made_up, "to_tables", to_tables)
    found = idv.read_evidence(CSV)
    assert [table.source for table in found.parsed] == ["sheet 1", "sheet 3"]
    assert found.warnings == ("sheet 2: took too long",)
    monkeypatch.setattr(made_up, "apply", lambda *_: 1 / 0)
    found = idv.read_evidence(CSV)
    assert len(found.parsed) == 2
    assert any(warning.startswith("neither known layouts nor all checks were tried: ") for warning in found.warnings)
    reader[:] = [Found((Grid("b", "", [["y"]]),))]
    with pytest.raises(EvidenceError, match="took too long"):
        idv.read_evidence(CSV)


def test_time_that_is_over_does_not_hide_what_was_read(reader: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(limits.time, "monotonic", lambda: clock[0])
    read = sys.modules["made_up"].read

    def slow(*given: Any) -> Found:
        clock[0] += 9
        found: Found = read(*given)
        return found

    monkeypatch.setattr(sys.modules["made_up"], "read", slow)
    found = idv.read_evidence(make(*[Item(f"{i}.csv", CSV) for i in range(4)]))
    assert [table.source for table in found.parsed] == ["0.csv", "1.csv"]
    assert [(m.error or "")[:32] for m in found.members] == ["", "", *["reading took longer than 15 s; i"] * 2]


def test_sources(tmp_path: Path, reader: list[Any]) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(CSV)
    by_path, by_text, by_bytes = idv.read_evidence(path), idv.read_evidence(str(path)), idv.read_evidence(CSV)
    assert by_path == by_text
    assert by_path.sha256 == by_bytes.sha256
    for bad, words in ((tmp_path, "is a folder"), (tmp_path / "no", "no such file"), ("/dev/zero", "is no file")):
        with pytest.raises(EvidenceError, match=words):
            idv.read_evidence(bad)
    with pytest.raises(EvidenceError, match="no such file"):
        idv.read_evidence("a\0b")
    with pytest.raises(EvidenceError, match="RAR"):
        idv.read_evidence(b"Rar!\x1a\x07\x00" + bytes(40))
    assert idv.read_evidence(b"\x89PNG\r\n\x1a\n").warnings == ("a picture; nothing in it is read",)
    assert idv.read_evidence(b"").kind == "empty"


def test_memory_is_watched_and_large_files_have_more_of_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    held = [100]
    monkeypatch.setattr(limits, "resident", lambda: held[0])
    budget = limits.Budget(limits.Limits(memory=1 << 20))
    budget.tick()
    held[0] += 2 << 20
    budget._look = 0.0
    with pytest.raises(EvidenceError, match="took more than 1 MB of memory"):
        budget.tick()
    small, large = reading._in_proportion(1000), reading._in_proportion(100 << 20)
    assert (small.seconds, small.memory >> 20) == (15, 380)
    assert large.seconds > 100
    assert large.memory > 1 << 30


def test_numbers_that_would_fill_the_memory() -> None:
    with pytest.raises(EvidenceError, match="more than 1000 digits"):
        idv.read_evidence(b'[{"a": 1e999999999}, {"a": 2}]')
    assert plain(Decimal("1E+999999999")) == "1E+999999999"


def test_failed_checks_and_warnings_of_tables_reach_the_top(reader: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["made_up"], "to_tables", lambda grid, budget: [TABLE])
    warnings = idv.read_evidence(make(Item("a.csv", CSV))).warnings
    assert "a.csv: sheet 1: two dates could be read either way" in warnings
    assert any(w.startswith("a.csv: sheet 1: check failed: total: printed 1234.40") for w in warnings)


def test_shown_is_masked_and_escaped() -> None:
    for shown in (EVIDENCE._repr_html_(), str(EVIDENCE.show())):
        for secret in (ID_NO, PERSON, CARD, PHONE):
            assert secret not in shown
        assert "1234.50" in shown
        assert "\x1b" not in shown
    page = EVIDENCE._repr_html_()
    assert "<script" not in page
    assert 'color:#c62828;font-weight:600">FAILED: total' in page
    assert 'color:#c62828;font-weight:600">ok' not in page
    assert "FAILED: total" in str(EVIDENCE.show())
    assert len(repr(EVIDENCE)) < 100
    assert PERSON not in repr(EVIDENCE.tables[0].about)


def test_what_is_computed_of_a_table_is_masked_too() -> None:
    frame = EVIDENCE.tables[0]
    grouped = frame.groupby(["对方户名", "笔数"], dropna=False)[["金额"]].sum()
    crossed = frame.pivot_table(index="笔数", columns="对方户名", values="金额", aggfunc="sum", dropna=False)
    for made in (frame, frame.T, grouped, crossed, frame.describe(), frame["对方户名"].value_counts()):
        for shown in (repr(made), getattr(made, "_repr_html_", str)()):
            assert PERSON not in shown
    assert "*\n" not in repr(frame["对方户名"].describe()).partition("top")[0], "how many there are is no name"


def test_revealed_is_in_clear_and_escaped() -> None:
    for shown in (EVIDENCE.reveal()._repr_html_(), str(EVIDENCE.show(reveal=True))):
        for secret in (ID_NO, PERSON, CARD, PHONE):
            assert secret in shown
    assert "<script" not in EVIDENCE.reveal().html()


@pytest.mark.parametrize(
    ("column", "value", "shown"),
    [
        ("Payer's ID No.", ID_NO, "1101************34"),
        ("姓名", PERSON, "张**"),
        ("收/付款人", "李四", "李*"),
        ("对方名称", PERSON, "张**"),
        ("交易对手", PERSON, "张**"),
        ("对手账号", CARD, "***************0123"),
        ("お名前", "山田太郎", "山***"),
        ("Recipient", "Joe Doe", "J******"),
        ("对方账号", CARD, "***************0123"),
        ("Account", "012345678", "*****5678"),
        ("Account type", "Savings", "Savings"),
        ("手机号码", PHONE, "138****5678"),
        ("remark", f"call {PHONE}", "call ***"),
        ("remark", "A123456(7)", "***"),
        ("remark", "to 012-345-6-789012", "to ************9012"),
        ("remark", "2012 2011 2010 2009 total 454 295 11 90 212", "2012 2011 2010 2009 total 454 295 11 90 212"),
        ("remark", "card 6222 0212 3456 7890", "card ***************7890"),
        ("商户单号", "2026100122001", "*********2001"),
        ("备注", "2026-10-01 09:30:00", "2026-10-01 09:30:00"),
        ("备注", "20261001 093000", "20261001 093000"),
        ("账户余额", Decimal("123456789.12"), Decimal("123456789.12")),
        ("备注", None, None),
    ],
)
def test_masks(column: str, value: Any, shown: Any) -> None:
    assert mask_cell(column, value) == shown


def test_masked_lines() -> None:
    for label in ("户名", "微信昵称"):
        assert PERSON not in mask_line(f"{label}：[{PERSON}]")
    assert mask_line("起始时间：[2026-10-01 00:00:00]") == "起始时间：[2026-10-01 00:00:00]"


def test_json_is_the_contract(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = EVIDENCE.to_dict(data=True)
    assert list(told) == ["kind", "sha256", "encoding", "members", "tables", "text_chars", "warnings"]
    table = told["tables"][0]
    assert list(table) == ["name", "source", "header_row", "columns", "rows", "checks", "preamble", "footer", "data"]
    assert table["rows"] == 3
    assert table["data"][0] == ["2026-10-01", PERSON, CARD, EVIL, "1234.50", "3", "2026-10-01T09:30:00"]
    assert table["data"][2][4] == "12345678901234567.89"
    assert "data" not in EVIDENCE.to_dict()["tables"][0]
    json.dumps(told)


def test_inspect(tmp_path: Path, reader: list[Any]) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(make(Item("a.csv", CSV, password="p"), Item("b.csv", CSV)))
    done = inspect(path, "--json", "--password", "no", "--password", "p", "--data")
    assert done.exit_code == 0
    told = json.loads(done.stdout)
    assert list(told)[:4] == ["file", "kind", "sha256", "encoding"]
    assert told["members"][0] == {"path": "a.csv", "kind": "csv", "size": len(CSV), "error": None}
    assert told["tables"][0]["data"] == [["x"]]
    assert "a.csv" in inspect(path).stdout


PRIVATE = f"""客户姓名：李四  账号：{CARD}
日期,对方户名,金额
2026-10-01,{PERSON},1.50
2026-10-02,{PERSON},2.00
合计,,3.50
"""


def test_inspect_masks_unless_asked(tmp_path: Path) -> None:
    path = tmp_path / "bill.zip"
    path.write_bytes(make(Item(f"流水_李四_{PERSON}.csv", PRIVATE.encode("gbk")), Item(f"{ID_NO}.csv", CSV)))
    for arguments in ((), ("--json",)):
        shown = inspect(path, *arguments).stdout
        assert not [secret for secret in ("李四", PERSON, CARD, ID_NO) if secret in shown]
        assert "对方户名" in shown
    for arguments in (("--reveal",), ("--json", "--reveal"), ("--json", "--data")):
        shown = inspect(path, *arguments).stdout
        assert not [secret for secret in ("李四", CARD, ID_NO) if secret not in shown]
    told = json.loads(inspect(path, "--json", "--data").stdout)
    assert told["tables"][0]["data"][0] == ["2026-10-01", PERSON, "1.50"]
    assert inspect(path, "--data").exit_code == 2
    with pytest.raises(ValueError, match="in clear"):
        EVIDENCE.to_dict(data=True, mask=True)


def test_inspect_keeps_a_library_quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any) -> None:
    def noisy(*given: Any, **more: Any) -> Evidence:
        os.write(2, b"thread panicked")
        raise EvidenceError("is damaged")

    monkeypatch.setattr(reading, "read_evidence", noisy)
    assert inspect(tmp_path / "a.xls").exit_code == 2
    assert "panicked" not in capfd.readouterr().err
    os.write(2, b"still there")
    assert capfd.readouterr().err == "still there"


def test_inspect_asks_for_a_password(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(make(Item("a.csv", CSV, password="p 1")))
    asked = CliRunner().invoke(main, ["inspect", str(path), "--json", "--password", "-"], input="p 1\n")
    assert (asked.exit_code, json.loads(asked.stdout)["members"][0]["error"]) == (0, None)


def test_a_table_wider_than_the_terminal_is_turned() -> None:
    lines = str(Shown(EVIDENCE, width=60)).splitlines()
    assert not [line for line in lines if line.startswith("  交易日期 [date] |") and len(line) > 60]
    turned = [line for line in lines if " | " in line]
    assert len(turned) == len(TABLE.columns)
    assert any("more rows (each row is a column here" in line for line in lines)
    wide = str(Shown(EVIDENCE, width=500)).splitlines()
    grid = [line for line in wide if " | " in line]
    assert len(grid) == 1 + len(TABLE.rows)
    assert len({_columns(line[: line.index(" | ")]) for line in grid}) == 1  # columns stand below their names


def test_inspect_of_what_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "x.bin"
    path.write_bytes(b"7z\xbc\xaf\x27\x1c" + bytes(40))
    done = inspect(path, "--json")
    told = json.loads(done.stdout)
    assert done.exit_code == 2
    assert list(told) == ["file", "kind", "error"]
    assert (told["kind"], "7z" in told["error"]) == ("unknown", True)
    done = inspect(path)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("error: x.bin: ")
    for arguments in ((tmp_path / "none", "--json"), (tmp_path, "--json")):
        assert inspect(*arguments).exit_code == 2
    assert inspect(path, "--export", "xlsx").exit_code == 2


def test_xlsx_obeys_nothing_and_keeps_ids(tmp_path: Path) -> None:
    out = EVIDENCE.export(tmp_path / "out.xlsx")
    sheet = openpyxl.load_workbook(out)["交易明细"]
    rows = list(sheet.iter_rows())
    assert [c.value for c in rows[0]] == [c.name for c in TABLE.columns]
    assert {c.data_type for row in rows for c in row} <= {"s", "n", "d"}
    assert rows[1][2].value == CARD
    assert rows[2][3].value == TABLE.rows[1][3]
    assert str(rows[2][3].value).startswith("=cmd")
    assert [row[3].quotePrefix for row in rows[2:4]] == [True, True], "text also when somebody edits it"
    assert rows[3][3].value == "@SUM(1)"
    assert rows[1][4].value == 1234.5
    assert rows[3][4].value == "12345678901234567.89", "more digits than a spreadsheet keeps"
    with pytest.raises(OutputError, match="exists"):
        EVIDENCE.export(out)
    EVIDENCE.export(out, force=True)
    assert [p.name for p in tmp_path.iterdir()] == ["out.xlsx"]


def test_parquet_keeps_types(tmp_path: Path) -> None:
    one = pq.read_table(EVIDENCE.export(tmp_path / "one.parquet", "parquet"))
    assert [str(f.type) for f in one.schema] == [
        "date32[day]", "string", "string", "string", "decimal128(38, 2)", "int64", "timestamp[us]",
    ]  # fmt: skip
    assert one.column("金额").to_pylist() == [row[4] for row in TABLE.rows]
    two = replace(EVIDENCE, parsed=(TABLE, TABLE))
    folder = two.export(tmp_path / "two", "parquet")
    assert sorted(p.name for p in folder.iterdir()) == ["01-交易明细.parquet", "02-交易明细.parquet"]
    assert len(openpyxl.load_workbook(two.export(tmp_path / "two.xlsx")).sheetnames) == 2
    with pytest.raises(EvidenceError, match="no table"):
        idv.read_evidence(b"").export(tmp_path / "x.xlsx")
    long = idv.read_evidence(f"id,text\n1,{'x' * 40_000}\n2,b\n".encode())
    with pytest.raises(EvidenceError, match="more than 32,767 characters"):
        long.export(tmp_path / "x.xlsx")
    assert pq.read_table(long.export(tmp_path / "long.parquet", "parquet")).column("text")[0].as_py() == "x" * 40_000
    assert not (tmp_path / "x.xlsx").exists()
