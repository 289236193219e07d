"""Files that want to do harm, each in a child process that is watched: memory, time, writes, exceptions.

The mutations are few here; ``python tests/fuzz_evidence.py --each 1000`` makes as many as the bar asks for.
"""

from __future__ import annotations

import io
import json
import os
import random
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest
from evidence_zips import CSV, Item, make, quine
from fuzz_evidence import MAKERS, MEGABYTES, SECONDS, xls, xlsx
from lxml import etree

from idvtools.errors import EvidenceError
from idvtools.evidence import reading
from idvtools.evidence.limits import Budget, Limits
from idvtools.evidence.markup import readers
from idvtools.evidence.markup.htmltables import tables
from idvtools.evidence.text import delimited
from idvtools.evidence.text.delimited import fixed_width

MUTATIONS = 30
ROOT = Path(__file__).parents[1]


def child(scratch: Path, *arguments: str | Path) -> dict[str, Any]:
    """What a watched process made of files; nothing that is asked of every file may be broken."""
    scratch.mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("fuzz_evidence.py"), *map(str, arguments)],
        env={**os.environ, "TMPDIR": str(scratch), "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=scratch,
        check=False,
        capture_output=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert not [f"{name}: {said}" for name, said in told["said"].items() if said.startswith("CRASHED")]
    assert not told["writes"]
    assert told["slowest"] < SECONDS
    assert told["megabytes"] < MEGABYTES
    return told


def one(tmp_path: Path, name: str, data: bytes) -> str:
    path = tmp_path / name
    path.write_bytes(data)
    said: str = child(tmp_path / "scratch", path)["said"][name]
    assert not list((tmp_path / "scratch").iterdir())
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([name, "scratch"])
    return said


def deflated(data: bytes, times: int) -> bytes:
    """`data` over and over as one deflate stream, without holding it."""
    deflater, out = zlib.compressobj(9, zlib.DEFLATED, -15), bytearray()
    for _ in range(times):
        out += deflater.compress(data)
    return bytes(out + deflater.flush())


@pytest.mark.parametrize("fill", [b"\0", b" ", b"1,2\n"], ids=["zeros", "blanks", "rows"])
def test_flat_bomb(tmp_path: Path, fill: bytes) -> None:
    bomb = deflated(fill * ((1 << 20) // len(fill)), 600)
    said = one(tmp_path, "flat.zip", make(Item("bomb.csv", b"", packed=bomb, size=600 << 20), Item("a.csv", CSV)))
    assert said.startswith(("read; bomb.csv: it unpacks to more than", "read; bomb.csv: unpacks to more than"))
    assert "a.csv" not in said


def test_bomb_that_keeps_under_the_ratio(tmp_path: Path) -> None:
    inner = make(*[Item(f"{i}.bin", b"\0" * (1 << 20)) for i in range(150)])
    said = one(tmp_path, "many.zip", make(Item("in.zip", inner), Item("again.zip", inner + b" ")))
    assert "unpacks to more than" in said


def test_nested_bomb(tmp_path: Path) -> None:
    data = make(Item("bomb.bin", b"", packed=deflated(bytes(1 << 20), 300)))
    for depth in range(5):
        data = make(*[Item(f"{depth}-{i}.zip", data) for i in range(10)])
    said = one(tmp_path, "nested.zip", data)
    assert said.startswith("read; ")
    assert "deeper than 4" in said


def test_overlapping_bomb(tmp_path: Path) -> None:
    body = Item("0", b"", packed=deflated(bytes(1 << 20), 20), size=20 << 20)
    said = one(
        tmp_path, "overlap.zip", make(body, *[Item(str(i), body.data, packed=b"", at=0) for i in range(1, 5000)])
    )
    assert "overlaps another member" in said


def test_zip_slip_symlinks_and_quine(tmp_path: Path) -> None:
    slip = make(
        Item("../../evil.csv", CSV), Item("/tmp/evil.csv", CSV), Item("..\\..\\wrong.csv", CSV),
        Item("l", b"..", mode=0o120777), Item("l/evil.csv", CSV),
    )  # fmt: skip
    said = one(tmp_path, "slip.zip", slip)
    assert said.count("leads out of the archive") == 3
    assert said.count("not followed") == 1
    assert "deeper than 4" in child(tmp_path / "scratch", _written(tmp_path, "quine.zip", quine()))["said"]["quine.zip"]


def _written(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def test_xml_bombs_in_a_workbook(tmp_path: Path) -> None:
    laughs = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 10))
    bomb = f'<?xml version="1.0"?><!DOCTYPE sst [<!ENTITY a0 "ha">{laughs}]><sst><si><t>&a9;</t></si></sst>'.encode()
    outside = b'<!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]><sst><si><t>&x;</t></si></sst>'
    rows = "".join(f'<row r="{i}"><c t="s"><v>0</v></c></row>' for i in range(1, 5))
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    sheet = f'<worksheet xmlns="{space}"><sheetData>{rows}</sheetData></worksheet>'.encode()
    for name, shared in (("laughs.xlsx", bomb), ("outside.xlsx", outside)):
        path = _written(tmp_path, name, _book({"xl/sharedStrings.xml": shared, "xl/worksheets/sheet1.xml": sheet}))
        said = child(tmp_path / "scratch", path)["said"][name]
        assert "root:" not in said


def test_deflate_bomb_in_a_workbook(tmp_path: Path) -> None:
    rows = b"<row><c><v>1</v></c></row>" * 40_000
    head = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    one(tmp_path, "rows.xlsx", _book({"xl/worksheets/sheet1.xml": head + rows * 200}))


def _book(parts: dict[str, bytes]) -> bytes:
    """A workbook with some of its parts replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(xlsx())) as whole, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name in whole.namelist():
            made.writestr(name, parts.get(name, whole.read(name)))
        for name in parts.keys() - set(whole.namelist()):
            made.writestr(name, parts[name])
    return out.getvalue()


def pdf(*objects: bytes, trailer: bytes = b"") -> bytes:
    """A PDF by hand; ``XREF`` in the trailer is where its own table stands."""
    out, places = bytearray(b"%PDF-1.7\n"), []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer\n<</Size %d/Root 1 0 R%b>>" % (len(places) + 1, trailer.replace(b"XREF", b"%d" % len(out)))
    end += b"\nstartxref\n%d\n%%%%EOF\n" % len(out)
    return bytes(out) + b"xref\n0 %d\n0000000000 65535 f \n%b%b" % (len(places) + 1, table, end)


def content(data: bytes, more: bytes = b"") -> bytes:
    return b"<</Length %d%b>>stream\n%b\nendstream" % (len(data), more, data)


def loops() -> dict[str, bytes]:
    """Files that lead a reader round in circles, down without end, or far out; none is large."""
    catalog, pages = b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[%b]/Count 9>>"
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R/Resources<</XObject<</X 5 0 R>>>>>>"
    form = b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 5 0 R>>>>"
    sheet = b'<Worksheet ss:Name="a"><Table><Row ss:Index="1000000"><Cell ss:Index="16000" ss:MergeDown="99999"/></Row>'
    space = b"urn:schemas-microsoft-com:office:spreadsheet"
    book, bomb = xls(), zlib.compress(b" " * (200 << 20))
    at = 512 * (1 + int.from_bytes(book[76:80], "little"))  # the first sector of its allocation table
    return {
        "pages.pdf": pdf(catalog, pages % b"2 0 R 3 0 R", page, content(b"")),
        "tables.pdf": pdf(catalog, pages % b"3 0 R", page, content(b""), trailer=b"/Prev XREF"),
        "forms.pdf": pdf(catalog, pages % b"3 0 R", page, content(b"/X Do"), content(b"/X Do /X Do", form)),
        "bomb.pdf": pdf(catalog, pages % b"3 0 R", page, content(bomb, b"/Filter/FlateDecode")),
        "chain.xls": book[:at] + b"\1\0\0\0" * 128 + book[at + 512 :],
        "self.xls": book[:at] + b"".join(i.to_bytes(4, "little") for i in range(128)) + book[at + 512 :],
        "far.xml": b'<Workbook xmlns="%b" xmlns:ss="%b">%b</Table></Worksheet></Workbook>' % (space, space, sheet),
        "deep.xml": b"<a>" * 100_000,
        "deep.json": b"[" * 200_000,
        "zeros.json": b'[{"a": 1e999999999}, {"a": -1e999999999}]',
        "deep.html": b"<table><tr><td>" * 5_000,
        "wide.html": b"<table>" + b"<tr><td colspan=1000000000 rowspan=1000000000>a" * 500,
        "quotes.csv": b"a,b\n" + b'"' * 1_000_001,
        "commas.csv": b"," * 2_000_000,
        "label.csv": "户名：,".encode() * 50_000,
        "mail.txt": b"From: a\nMIME-Version: 1.0\n" + b"x:" * 5_000_000,
    }


def test_loops_and_depths(tmp_path: Path) -> None:
    made = {name: _written(tmp_path, name, data) for name, data in loops().items()}
    pdfs = [
        path for name, path in made.items() if name.endswith(".pdf")
    ]  # read in a process of their own: memory adds up
    said = child(tmp_path / "scratch", *pdfs)["said"]
    said |= child(tmp_path / "scratch", *(path for path in made.values() if path not in pdfs))["said"]
    assert set(said) == set(made)
    assert {name for name in said if said[name].startswith("refused")} >= {"deep.xml", "deep.json", "zeros.json"}


@pytest.mark.parametrize("kind", MAKERS)
def test_mutations(tmp_path: Path, kind: str) -> None:
    # Office's encryption hashes 100,000 times for each try: slow on purpose.
    count = MUTATIONS if kind != "office_encrypted" else MUTATIONS // 5
    said = child(tmp_path, "--mutate", kind, str(count), "20261001")["said"]
    assert said[f"{kind}-0"] == "read", "the file without an injury"


def test_rows_that_multiply_within_the_ratio(tmp_path: Path) -> None:
    dice = random.Random(1)
    rows = b"".join(b"%d,2\n" % dice.randrange(10) + b"1,2\n" * 80 for _ in range(90_000))
    data = make(Item("rows.csv", rows), Item("a.csv", CSV))
    assert 100 < len(rows) / len(data) < 200
    said = one(tmp_path, "rows.zip", data)
    assert said == "read; rows.csv: holds more than 2000000 cells"


def test_limits_keep_a_file_of_up_to_24_mb_within_the_bars() -> None:
    for size in (0, 1 << 20, 14 << 20, 24 << 20):
        limits = reading._in_proportion(size)
        assert limits.memory + size < (MEGABYTES - 60) << 20, "about 45 MB are Python's and the library's own"
        assert limits.seconds < SECONDS
    assert reading._in_proportion(200 << 20).memory > 3 << 30, "a large csv lies in Arrow"


def test_many_nodes_are_counted_before_a_tree_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "_MOST_NODES", 20)
    monkeypatch.setattr(readers.etree, "fromstring", lambda *_: pytest.fail("a tree was made"))
    for text in ("<table>" + "<tr><td a=1 b=2>x" * 6, '<a><r x="1" y="2"/>' + '<r x="1" y="2"/>' * 6 + "</a>"):
        with pytest.raises(EvidenceError, match="more than 20 elements and attributes"):
            reading.read_evidence(text.encode())


def test_a_page_lets_go_of_the_rows_that_it_has_read() -> None:
    rows = "<tr><td>sum<td>3</tfoot><tr><td>a<td>1<tr><td><td><tr><td>b<td>2"
    root = etree.HTML(f"<p>above<table><tfoot>{rows}</table>below")
    (grid,), text = tables(root, "a", Budget(Limits()))
    assert grid.rows == [["a", "1"], [None, None], ["b", "2"], ["sum", "3"]]
    assert text == "above\nbelow"
    assert len(list(root.iter("tr"))) == 2, "one without a text, and the last"


def test_a_long_line_is_not_spread_to_find_columns() -> None:
    table = [f"2026-10-{day:02}  转账   {day}.50" for day in range(1, 20)]
    found = fixed_width([*table, "字" * 3_000], Budget(Limits()))
    assert found is not None
    assert found[0] == ["2026-10-01", "转账", "1.50"]
    assert found[-1] == ["字" * 3_000]
    assert fixed_width(["字" * 3_000], Budget(Limits())) is None


SPACE = "urn:schemas-microsoft-com:office:spreadsheet"
BOOK = f'<Workbook xmlns="{SPACE}" xmlns:ss="{SPACE}">%s</Workbook>'
ROW = '<Row><Cell><Data ss:Type="String">%s</Data></Cell><Cell><Data ss:Type="Number">%d</Data></Cell></Row>'


def test_rows_of_an_xml_workbook_are_read_while_it_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "_MOST_NODES", 20)
    monkeypatch.setattr(readers, "_PIECE", 100)
    sheets = "".join(
        f'<Worksheet ss:Name="{name}"><Table>{"".join(ROW % (name, i) for i in range(20))}'
        '<Column ss:Hidden="1"/></Table></Worksheet>'
        for name in "ab"
    )
    found = readers.read_xml((BOOK % sheets).encode(), "x", Budget(Limits()))
    assert [(grid.name, grid.source) for grid in found.grids] == [("a", "sheet 1"), ("b", "sheet 2")]
    for grid in found.grids:
        assert grid.rows == [[grid.name, i] for i in range(20)]
        assert grid.warnings == ("hidden columns, read too: 1",)
    root, _, _ = readers._xml(readers.declared_text((BOOK % sheets).encode()), Budget(Limits()))
    assert len(list(root.iter("{*}Row"))) == 2
    assert not list(root.iter("{*}Cell"))


def test_a_damaged_xml_workbook_keeps_the_row_that_it_breaks_off_in() -> None:
    whole = BOOK % f'<Worksheet ss:Name="a"><Table>{ROW % ("a", 1)}{ROW % ("b", 2)}</Table></Worksheet>'
    found = readers.read_xml(whole[: whole.index("2</Data>")].encode(), "x", Budget(Limits()))
    assert found.grids[0].rows == [["a", 1], ["b", None]]
    assert "breaks off" in found.warnings[0]
    unended = BOOK % "".join(f'<Worksheet ss:Name="{name}"><Table>{ROW % (name, 1)}' for name in "ab")
    assert [grid.rows for grid in readers.read_xml(unended.encode(), "x", Budget(Limits())).grids] == [
        [["a", 1]], [["b", 1]]
    ]  # fmt: skip


def test_xml_with_a_prefix_that_it_never_declares_is_read() -> None:
    found = readers.read_xml(b'<a><x:r x:i="1">u</x:r><x:r x:i="2">v</x:r></a>', "x", Budget(Limits()))
    assert found.grids[0].rows[1:] == [["1", "u"], ["2", "v"]]


def test_a_line_as_long_as_a_file_is_cut_into_few_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "_CHARACTERS", 1_000)
    seen: list[int] = []
    split = delimited.split_record
    monkeypatch.setattr(delimited, "split_record", lambda line, by: seen.append(len(line)) or split(line, by))
    delimited.find_delimiter(["1,2,3"] * 10 + ["1," * 5_000] * 3)
    assert sum(seen) <= 1_000


def test_the_parts_of_a_saved_page_take_time_from_the_budget() -> None:
    mail = b"MIME-Version: 1.0\nContent-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/html\n\n<p>x\n"
    assert readers.read_html(mail, "a", Budget(Limits())).text == "x"
    budget = Budget(Limits(seconds=-1))
    with pytest.raises(EvidenceError, match="took longer"):
        readers._page_of_mail(mail, budget)
