"""Hostile files, read in a child process that is watched: memory, time, writes, exceptions.

``python tests/fuzz_evidence.py --each 1000`` injures a file of every kind 1,000 times and prints a line for each kind;
``--kinds csv,pdf``, ``--seed 7`` and ``--keep FOLDER`` (for the files that crashed or were slow) are as they sound.
``FILE…`` or ``--mutate KIND COUNT SEED [KEEP]`` is the child: it prints one JSON object.
"""

# ruff: noqa: PLC0415  # a child imports what it needs

from __future__ import annotations

import argparse
import gzip
import io
import json
import os
import random
import re
import resource
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

HEAD = ["交易日期", "摘要", "对方户名", "金额", "余额"]
ROWS = [HEAD, *[[f"2026-10-{d:02}", "转账", "张三", d * 1.5, 1000 + d] for d in range(1, 25)]]
# The heading's characters as other scripts have them.
_OTHER = {
    "cp932": str.maketrans("对户张额转账余", "対戸張額転帳余"),
    "big5": str.maketrans("对户张额转账余", "對戶張額轉賬餘"),
}
TEXT = "\n".join(",".join(map(str, row)) for row in ROWS) + "\n"


def csv(encoding: str = "gbk") -> bytes:
    return TEXT.translate(_OTHER.get(encoding, {})).encode(encoding)


def txt() -> bytes:
    lines = "中国银行电子回单\n户名：张三\n金额：1,234.50 元\n\n本回单不作为收款方发货依据。\n"
    return lines.encode("big5", "replace") * 5


def html() -> bytes:
    rows = "".join("<tr>" + "".join(f"<td colspan=1>{c}</td>" for c in row) + "</tr>" for row in ROWS)
    return f"<html><meta charset=utf-8><table border=1>{rows}</table></html>".encode()


def xml() -> bytes:
    cells = ("".join(f'<Cell><Data ss:Type="String">{c}</Data></Cell>' for c in row) for row in ROWS)
    rows = "".join(f"<Row>{row}</Row>" for row in cells)
    space = "urn:schemas-microsoft-com:office:spreadsheet"
    head = f'<?xml version="1.0"?><Workbook xmlns="{space}" xmlns:ss="{space}">'
    return f'{head}<Worksheet ss:Name="a"><Table>{rows}</Table></Worksheet></Workbook>'.encode()


def json_() -> bytes:
    rows = [dict(zip(HEAD, map(str, row), strict=True)) for row in ROWS[1:]]
    return json.dumps({"code": "0", "data": rows}).encode()


def xlsx() -> bytes:
    from openpyxl import Workbook

    book, out = Workbook(), io.BytesIO()
    for row in ROWS:
        book.active.append(row)
    book.save(out)
    return out.getvalue()


def office_encrypted() -> bytes:
    from msoffcrypto.format.ooxml import OOXMLFile

    out = io.BytesIO()
    OOXMLFile(io.BytesIO(xlsx())).encrypt("secret", out)
    return out.getvalue()


def xls() -> bytes:
    import xlwt

    book, out = xlwt.Workbook(), io.BytesIO()
    sheet = book.add_sheet("a")
    for i, row in enumerate(ROWS):
        for j, cell in enumerate(row):
            sheet.write(i, j, cell)
    book.save(out)
    return out.getvalue()


def biff5() -> bytes:
    """Records of Excel 5, without a container: a sheet of labels and numbers in code page 936."""
    records = bytearray()

    def add(kind: int, body: bytes) -> None:
        records.extend(struct.pack("<HH", kind, len(body)) + body)

    add(0x809, struct.pack("<HHHH", 0x500, 5, 0, 0))
    add(0x42, struct.pack("<H", 936))
    place = len(records) + 4
    add(0x85, struct.pack("<IHB", 0, 0, 1) + b"a")
    add(0x0A, b"")
    struct.pack_into("<I", records, place, len(records))
    add(0x809, struct.pack("<HHHH", 0x500, 16, 0, 0))
    for i, row in enumerate(ROWS):
        for j, cell in enumerate(row):
            if isinstance(cell, str):
                text = cell.encode("gbk")
                add(0x204, struct.pack("<HHHH", i, j, 0, len(text)) + text)
            else:
                add(0x203, struct.pack("<HHHd", i, j, 0, cell))
    add(0x0A, b"")
    return bytes(records)


def pdf() -> bytes:
    from reportlab.lib.pagesizes import A4
    from reportlab.platypus import SimpleDocTemplate, Table

    out = io.BytesIO()
    cells = [[str(c) for c in (i, "transfer", row[3], row[4])] for i, row in enumerate(ROWS)]
    table = Table(cells, style=[("GRID", (0, 0), (-1, -1), 1, "black")])
    SimpleDocTemplate(out, pagesize=A4, pageCompression=0).build([table])
    return out.getvalue()


def zip_() -> bytes:
    import pyzipper
    from evidence_zips import Item, make

    out = io.BytesIO()
    with pyzipper.AESZipFile(out, "w", compression=pyzipper.ZIP_DEFLATED) as made:
        made.writestr("a.csv", csv())
        made.writestr("in.zip", make(Item("b.csv", csv()), Item("账单.txt".encode("gbk"), txt(), password="secret")))
        made.setpassword(b"secret")
        made.setencryption(pyzipper.WZ_AES)
        made.writestr("c.json", json_())
    return out.getvalue()


def zipcrypto() -> bytes:
    from evidence_zips import Item, make

    return make(Item("a.csv", csv(), password="secret"), Item("b.json", json_(), method=0, password="secret"))


def zip_aes() -> bytes:
    import pyzipper

    out = io.BytesIO()
    with pyzipper.AESZipFile(out, "w", compression=pyzipper.ZIP_DEFLATED, encryption=pyzipper.WZ_AES) as made:
        made.setpassword(b"secret")
        made.writestr("a.csv", csv())
        made.writestr("b.xls", xls())
    return out.getvalue()


def png() -> bytes:
    return b"\x89PNG\r\n\x1a\n" + bytes(range(256))


def jpg() -> bytes:
    return b"\xff\xd8\xff\xe0\x00\x10JFIF\0" + bytes(range(256))


def gz() -> bytes:
    return gzip.compress(csv())


MAKERS: dict[str, Callable[[], bytes]] = {
    "csv": csv, "csv-utf-8": lambda: csv("utf-8-sig"), "csv-utf-16": lambda: csv("utf-16"),
    "csv-big5": lambda: csv("big5"), "csv-cp932": lambda: csv("cp932"), "txt": txt, "html": html, "xml": xml,
    "json": json_, "xlsx": xlsx, "office_encrypted": office_encrypted, "xls": xls, "biff5": biff5, "pdf": pdf,
    "zip": zip_, "zipcrypto": zipcrypto, "zip-aes": zip_aes, "png": png, "jpg": jpg, "gz": gz,
}  # fmt: skip
_EXTREMES = (0, 1, 0x7F, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF, (1 << 63) - 1, (1 << 64) - 1)
_NUMBER = re.compile(rb"\d+")


def mutated(data: bytes, dice: random.Random) -> bytes:
    """One to eight injuries; half of the workbooks have them inside, in a member that is packed again."""
    if data.startswith(b"PK") and dice.random() < 0.5 and (again := _inside(data, dice)):
        return again
    out = bytearray(data)
    for _ in range(dice.randint(1, 8)):
        _injure(out, dice)
    return bytes(out)


def _inside(data: bytes, dice: random.Random) -> bytes | None:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as whole, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        if any(member.flag_bits & 1 for member in whole.infolist()):
            return None
        chosen = dice.choice(whole.namelist())
        for name in whole.namelist():
            body = bytearray(whole.read(name))
            for _ in range(dice.randint(1, 8) if name == chosen else 0):
                _injure(body, dice)
            made.writestr(name, bytes(body))
    return out.getvalue()


def _injure(out: bytearray, dice: random.Random) -> None:
    """Bits and bytes, blocks cut out, doubled, swapped, copied elsewhere, numbers made extreme, the end cut off."""
    at = dice.randrange(len(out) or 1)
    length = min(dice.choice((1, 2, 4, 16, 256, 4096)), len(out) - at)
    other = dice.randrange(len(out) - length + 1)
    piece = bytes(out[at : at + length])
    match dice.randrange(10):
        case 0 | 1:
            out[at : at + 1] = bytes([(out[at] if out else 0) ^ 1 << dice.randrange(8)])
        case 2:
            del out[at : at + length]
        case 3:
            out[at:at] = piece * dice.choice((1, 3, 50))
        case 4:
            out[at : at + length] = dice.choice((b"\xff", b"\0", b"\x7f")) * length
        case 5:
            out[at : at + length] = dice.randbytes(length)
        case 6:
            out[at : at + length], out[other : other + length] = out[other : other + length], piece
        case 7:
            out[other : other + length] = piece
        case 8:
            _number(out, at, dice)
        case 9 if dice.random() < 0.3:
            del out[at:]


def _number(out: bytearray, at: int, dice: random.Random) -> None:
    """A number made extreme: where lengths are written in digits, those."""
    value = dice.choice(_EXTREMES)
    digits = _NUMBER.search(out, at) if dice.random() < 0.3 else None
    if digits:
        out[slice(*digits.span())] = str(value).encode()
        return
    width = dice.choice((1, 2, 4, 8))
    out[at : at + width] = (value & (1 << 8 * width) - 1).to_bytes(width, dice.choice(("little", "big")))


WRITES: list[str] = []
SLOW = 5.0
MEGABYTES, SECONDS = 500, 20  # the bars


def watch(scratch: str) -> None:
    """Note every file that is opened for writing, made, moved or removed outside `scratch`."""
    changing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
    makers = ("os.mkdir", "os.rename", "os.remove", "os.link", "os.symlink", "os.rmdir", "os.chmod", "os.truncate")

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if (event == "open" and isinstance(arguments[2], int) and arguments[2] & changing) or event in makers:
            path = os.fsdecode(arguments[0]) if isinstance(arguments[0], str | bytes) else ""
            if path and path != "/dev/null" and not os.path.abspath(path).startswith(scratch):
                WRITES.append(f"{event} {path}")
        elif event in ("socket.connect", "os.system") or (
            event == "subprocess.Popen" and arguments[0] != sys.executable
        ):
            WRITES.append(event)  # a Python of its own is how a reader contains what may crash

    sys.addaudithook(hook)


def read(name: str, data: bytes) -> tuple[str, float]:
    from idvtools.errors import EvidenceError
    from idvtools.evidence.reading import read_evidence

    start = time.monotonic()
    try:
        found = read_evidence(data, name=name, password="secret")
        json.dumps(found.to_dict(data=True))
        str(found)
        found._repr_html_()
        said = "read" + "".join(f"; {m.path}: {m.error}" for m in found.members if m.error)[:2000]
    except EvidenceError as error:
        said = f"refused: {error}"
    except BaseException as error:
        said = f"CRASHED: {type(error).__name__}: {error}"
    return said, time.monotonic() - start


def most_memory() -> int:
    """MB that this process held at most, and its largest child. Not ru_maxrss: that begins with the parent's."""
    status = Path("/proc/self/status").read_text()
    own = int(status.partition("VmHWM:")[2].split()[0])
    return (own + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) // 1024


def injured(kind: str, count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """The file as it is, `count` injured ones, and 25 that are cut off."""
    dice, whole = random.Random(f"{kind}{seed}"), MAKERS[kind]()
    yield f"{kind}-0", whole
    for i in range(1, count + 1):
        yield f"{kind}-{i}", mutated(whole, dice)
    for at in range(0, len(whole), max(1, len(whole) // 25)):
        yield f"{kind}-cut-{at}", whole[:at]


def child(arguments: list[str]) -> None:
    os.environ.pop("IDVTOOLS_DEBUG", None)
    resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
    keep = None
    if arguments[0] == "--mutate":
        files = list(injured(arguments[1], int(arguments[2]), int(arguments[3])))
        keep = Path(arguments[4]) if arguments[4:] else None
    else:
        files = [(Path(name).name, Path(name).read_bytes()) for name in arguments]
    watch(os.path.abspath(os.environ["TMPDIR"]))
    told = {name: read(name, data) for name, data in files}
    writes = list(WRITES)
    slow = [name for name, (_, seconds) in told.items() if seconds > SLOW]
    for name, data in files if keep else ():
        if keep and (name in slow or told[name][0].startswith("CRASHED")):
            (keep / name).write_bytes(data)
    answer = {
        "said": {name: said for name, (said, _) in told.items()},
        "slowest": max(seconds for _, seconds in told.values()),
        "slow": slow,
        "megabytes": most_memory(),
        "writes": writes,
    }
    print(json.dumps(answer))


def every_kind(arguments: list[str]) -> int:
    """A child for each kind, and a line of what it came to; 1 if one broke a bar."""
    wanted = argparse.ArgumentParser(prog="fuzz_evidence.py")
    wanted.add_argument("--each", type=int, required=True)
    wanted.add_argument("--seed", type=int, default=20261001)
    wanted.add_argument("--kinds", default=",".join(MAKERS))
    wanted.add_argument("--keep", default="")
    given = wanted.parse_args(arguments)
    broken = 0
    print(f"{'kind':18}{'files':>7}{'read':>7}{'refused':>9}{'crashed':>9}{'writes':>8}{'slowest s':>11}{'MB':>6}")
    for kind in given.kinds.split(","):
        with tempfile.TemporaryDirectory() as scratch:
            command = [sys.executable, __file__, "--mutate", kind, str(given.each), str(given.seed)]
            done = subprocess.run(
                [*command, *([os.path.abspath(given.keep)] if given.keep else [])],
                env={**os.environ, "TMPDIR": scratch},
                capture_output=True,
                check=False,
            )
        if done.returncode:
            print(f"{kind:18}DIED with {done.returncode}: {done.stderr.decode(errors='replace')[-300:]}", flush=True)
            broken = 1
            continue
        told = json.loads(done.stdout.splitlines()[-1])
        said = list(told["said"].values())
        counts = [sum(s.startswith(word) for s in said) for word in ("read", "refused", "CRASHED")]
        crashes, writes = counts[2], len(told["writes"])
        row = f"{kind:18}{len(said):7}{counts[0]:7}{counts[1]:9}{crashes:9}{writes:8}"
        print(f"{row}{told['slowest']:11.1f}{told['megabytes']:6}", flush=True)
        crashed = [f"  {name}: {words[:200]}" for name, words in told["said"].items() if words.startswith("CRASHED")]
        print(*crashed[:5], sep="\n", end="\n" * bool(crashed), flush=True)
        broken |= bool(crashes or writes or told["slowest"] >= SECONDS or told["megabytes"] >= MEGABYTES)
    return broken


if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parent)]
    if "--each" in sys.argv:
        sys.exit(every_kind(sys.argv[1:]))
    child(sys.argv[1:])
