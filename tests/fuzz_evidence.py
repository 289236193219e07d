"""A child process that reads hostile files, watched: ``python fuzz_evidence.py (FILE… | --mutate KIND COUNT SEED)``.

Prints one JSON object: what each file came to, the slowest, the memory, and every write outside the scratch folder.
"""

# ruff: noqa: PLC0415  # a child imports what it needs

from __future__ import annotations

import gzip
import io
import json
import os
import random
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HEAD = ["交易日期", "摘要", "对方户名", "金额", "余额"]
ROWS = [HEAD, *[[f"2026-10-{d:02}", "转账", "张三", d * 1.5, 1000 + d] for d in range(1, 25)]]
TEXT = "\n".join(",".join(map(str, row)) for row in ROWS) + "\n"


def csv() -> bytes:
    return TEXT.encode("gbk")


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


def pdf() -> bytes:
    from reportlab.lib.pagesizes import A4
    from reportlab.platypus import SimpleDocTemplate, Table

    out = io.BytesIO()
    cells = [[str(c) for c in (i, "transfer", row[3], row[4])] for i, row in enumerate(ROWS)]
    table = Table(cells, style=[("GRID", (0, 0), (-1, -1), 1, "black")])
    SimpleDocTemplate(out, pagesize=A4).build([table])
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


def png() -> bytes:
    return b"\x89PNG\r\n\x1a\n" + bytes(range(256))


def gz() -> bytes:
    return gzip.compress(csv())


MAKERS: dict[str, Callable[[], bytes]] = {
    "csv": csv, "txt": txt, "html": html, "xml": xml, "json": json_, "xlsx": xlsx, "office_encrypted": office_encrypted,
    "xls": xls, "pdf": pdf, "zip": zip_, "png": png, "gz": gz,
}  # fmt: skip


def mutated(data: bytes, dice: random.Random) -> bytes:
    """One to eight injuries: bits, bytes, pieces cut out, doubled, moved, numbers made huge, the end cut off."""
    out = bytearray(data)
    for _ in range(dice.randint(1, 8)):
        at = dice.randrange(len(out) or 1)
        length = min(dice.choice((1, 2, 4, 16, 256)), len(out) - at)
        match dice.randrange(7):
            case 0:
                out[at : at + 1] = bytes([dice.randrange(256)])
            case 1:
                del out[at : at + length]
            case 2:
                out[at:at] = out[at : at + length] * dice.choice((1, 3, 50))
            case 3:
                out[at : at + length] = dice.choice((b"\xff", b"\0", b"\x7f")) * length
            case 4:
                out[at : at + length] = dice.randbytes(length)
            case 5:
                other = dice.randrange(len(out) or 1)
                out[at : at + length] = out[other : other + length]
            case 6 if dice.random() < 0.3:
                del out[at:]
    return bytes(out)


WRITES: list[str] = []
SLOW = 5.0


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
    """MB that this process held at most. Not ru_maxrss: Linux lets that begin with what the parent held."""
    status = Path("/proc/self/status").read_text()
    own = int(status.partition("VmHWM:")[2].split()[0])
    return max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) // 1024


def main() -> None:
    sys.path[:0] = [str(Path(__file__).parent)]
    os.environ.pop("IDVTOOLS_DEBUG", None)
    resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
    if sys.argv[1] == "--mutate":
        kind, count, seed = sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
        dice, whole = random.Random(f"{kind}{seed}"), MAKERS[kind]()
        files = [(f"{kind}-{i}", mutated(whole, dice) if i else whole) for i in range(count + 1)]
        # Cut off at every so many bytes.
        files += [(f"{kind}-cut-{at}", whole[:at]) for at in range(0, len(whole), max(1, len(whole) // 25))]
    else:
        files = [(Path(name).name, Path(name).read_bytes()) for name in sys.argv[1:]]
    watch(os.path.abspath(os.environ["TMPDIR"]))
    told = {name: read(name, data) for name, data in files}
    print(
        json.dumps(
            {
                "said": {name: said for name, (said, _) in told.items()},
                "slowest": max(seconds for _, seconds in told.values()),
                "slow": [name for name, (_, seconds) in told.items() if seconds > SLOW],
                "megabytes": most_memory(),
                "writes": WRITES,
            }
        )
    )


if __name__ == "__main__":
    main()
