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
from fuzz_evidence import MAKERS, MEGABYTES, SECONDS, xlsx

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
