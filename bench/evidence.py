"""Measure how fast evidence is read, beside the plain library for each kind, in one run.

Every measurement is a process of its own, which tells its time without the imports; medians of at least three, the ways
in turn. ``idvtools`` is `read_evidence`: detection, limits, encodings, header and footer, types, checks, layouts. Where
one library is compared with another, ``reader`` is the part of ours that does just that work.
"""

from __future__ import annotations

import argparse
import datetime as dt
import random
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

_MIB = 1 << 20
_PASSWORD = "019990"  # noqa: S105  of a file made here


def rows(count: int) -> list[list[Any]]:
    """A synthetic statement, 12 columns."""
    draw = random.Random(7)
    day = dt.datetime(2026, 10, 1)  # noqa: DTZ001
    made = []
    for i in range(count):
        cents = draw.randrange(1, 5_000_000)
        made.append([
            (day + dt.timedelta(minutes=i)).isoformat(" "), f"{999990000000000000 + i}", f"样本商户{i % 977}",
            cents / 100, round(cents * 0.06) / 100, draw.randrange(1, 100), "人民币", f"A{draw.randrange(10**9):09}",
            "消费" if i % 3 else "退款", (cents + 12345) / 100, f"备注 {i % 53}", "成功",
        ])  # fmt: skip
    return made


NAMES = ["交易时间", "流水号", "对方户名", "金额", "手续费", "件数", "币种", "凭证号", "类型", "余额", "附言", "状态"]


def make(folder: Path, megabytes: int, sheet_rows: int, pages: int = 16, zipped: int = 20 * _MIB) -> None:
    """All files that are measured."""
    _make_books(folder, sheet_rows)
    _make_csv(folder / "text.csv", megabytes, [f"栏{place}" for place in range(len(NAMES))], _as_text)
    _make_csv(folder / "statement.csv", megabytes, NAMES, list)
    _make_pdf(folder / "report.pdf", pages)
    _make_zip(folder / "locked.zip", zipped)


def _make_books(folder: Path, count: int) -> None:
    import openpyxl  # noqa: PLC0415
    import xlwt  # noqa: PLC0415

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("明细")
    sheet.append(NAMES)
    for row in rows(count):
        sheet.append(row)
    book.save(folder / "statement.xlsx")
    old = xlwt.Workbook()
    page = old.add_sheet("明细")
    for at, row in enumerate([NAMES, *rows(min(count, 65_535))]):
        for column, cell in enumerate(row):
            page.write(at, column, cell)
    old.save(str(folder / "statement.xls"))


def _as_text(row: list[Any]) -> list[str]:
    """A row of ids and words only."""
    return [f"T{row[1]}-{place}" if place in (3, 4, 9) else str(cell) for place, cell in enumerate(row)]


def _make_csv(path: Path, megabytes: int, names: list[str], shape: Callable[[list[Any]], list[Any]]) -> None:
    block = "".join(",".join(map(str, shape(row))) + "\n" for row in rows(20_000)).encode()
    with path.open("wb") as out:
        out.write((",".join(names) + "\n").encode())
        for _ in range(max(1, megabytes * _MIB // len(block))):
            out.write(block)


def _make_pdf(path: Path, pages: int) -> None:
    """A ruled table over pages, as authorities publish them."""
    from reportlab.lib import colors  # noqa: PLC0415
    from reportlab.lib.pagesizes import A4, landscape  # noqa: PLC0415
    from reportlab.platypus import LongTable, SimpleDocTemplate, TableStyle  # noqa: PLC0415

    draw = random.Random(7)
    body = [["Notice date", "Effective", "Company", "City", "Employees", "Amount"]]
    for i in range(pages * 26):
        day = f"{i % 12 + 1:02}/{i % 28 + 1:02}/2026"
        body.append(
            [day, day, f"Sample Company {i} Ltd", f"Town {i % 40}", str(i), f"{draw.randrange(10**7) / 100:,.2f}"]
        )
    table = LongTable(body, repeatRows=1)
    table.setStyle(TableStyle([("GRID", (0, 0), (-1, -1), 0.5, colors.black)]))
    SimpleDocTemplate(str(path), pagesize=landscape(A4), invariant=1).build([table])


def _make_zip(path: Path, size: int) -> None:
    """Text in ZipCrypto, stored: what is measured is the cipher."""
    sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))
    from evidence_zips import Item  # noqa: PLC0415
    from evidence_zips import make as made  # noqa: PLC0415

    text = ("\n".join(",".join(map(str, row)) for row in rows(size // 100)) + "\n").encode()[:size]
    path.write_bytes(made(Item("statement.csv", text, method=0, password=_PASSWORD)))


def read_evidence(path: Path) -> int:
    """What users call: the number of rows."""
    import idvtools as idv  # noqa: PLC0415

    found = idv.read_evidence(path, password=_PASSWORD)
    return sum(len(table.rows) for table in found.parsed)


def _reader(module: str, name: str) -> Callable[[Path], int]:
    """A reader of ours alone: cells, without types, checks and layouts."""

    def read(path: Path) -> int:
        from importlib import import_module  # noqa: PLC0415

        from idvtools.evidence.limits import Budget, Limits  # noqa: PLC0415

        found = getattr(import_module(module), name)(path.read_bytes(), path.name, Budget(Limits(seconds=600)), ())
        return sum(len(grid.rows) for grid in found.grids)

    return read


def openpyxl_frame(path: Path) -> int:
    """pandas with openpyxl."""
    import pandas as pd  # noqa: PLC0415

    return len(pd.read_excel(path, engine="openpyxl"))


def xlrd_cells(path: Path) -> int:
    """xlrd, every row's values."""
    import xlrd  # noqa: PLC0415

    sheet = xlrd.open_workbook(path).sheet_by_index(0)
    return len([sheet.row_values(i) for i in range(sheet.nrows)]) - 1


def text_frame(path: Path) -> int:
    """pandas, all columns text."""
    import pandas as pd  # noqa: PLC0415

    return len(pd.read_csv(path, dtype=str))


def plumber_text(path: Path) -> int:
    """The text of every page by pdfplumber."""
    import pdfplumber  # noqa: PLC0415

    with pdfplumber.open(path) as pdf:
        return sum(len(page.extract_text()) for page in pdf.pages)


def pdfium_text(path: Path) -> int:
    """Our reader of text alone: what triage and the quality gate need."""
    from idvtools.evidence.limits import Budget, Limits  # noqa: PLC0415
    from idvtools.evidence.pdf.reader import read_text  # noqa: PLC0415

    return sum(map(len, read_text(path.read_bytes(), path.name, Budget(Limits(seconds=600)))))


def plumber_tables(path: Path) -> int:
    """The tables of every page by pdfplumber, as it comes."""
    import pdfplumber  # noqa: PLC0415

    with pdfplumber.open(path) as pdf:
        return sum(len(table) for page in pdf.pages for table in page.extract_tables())


def zipfile_bytes(path: Path) -> int:
    """The member by the standard library."""
    with zipfile.ZipFile(path) as archive:
        return len(archive.read("statement.csv", pwd=_PASSWORD.encode()))


def our_bytes(path: Path) -> int:
    """The member by our archive reader."""
    from idvtools.evidence.archives.walk import Walk  # noqa: PLC0415
    from idvtools.evidence.limits import Budget, Limits  # noqa: PLC0415

    walk = Walk(Budget(Limits(seconds=600)), [_PASSWORD])
    return sum(len(part.data or b"") for part in walk.parts(path.read_bytes()))


Way = Callable[[Path], int]
_BOOK: dict[str, Way] = {"idvtools": read_evidence, "reader": _reader("idvtools.evidence.books.sheets", "read_sheets")}
#: What is measured: file, goal, the plain way, and ours; the first of ours is held against the goal, if there is one.
MEASURES: dict[str, tuple[str, float | None, tuple[str, Way], dict[str, Way]]] = {
    "xlsx": ("statement.xlsx", 5.0, ("pandas + openpyxl", openpyxl_frame), _BOOK),
    "xls": ("statement.xls", 2.5, ("xlrd", xlrd_cells), _BOOK),
    "csv": ("text.csv", 3.0, ("pandas, dtype=str", text_frame), {"idvtools": read_evidence}),
    "csv, typed": ("statement.csv", None, ("pandas, dtype=str", text_frame), {"idvtools": read_evidence}),
    "pdf text": ("report.pdf", 12.0, ("pdfplumber", plumber_text), {"reader": pdfium_text}),
    "pdf tables": ("report.pdf", 2.0, ("pdfplumber", plumber_tables), {"idvtools": read_evidence}),
    "zipcrypto": ("locked.zip", 15.0, ("zipfile", zipfile_bytes), {"reader": our_bytes}),
}


def once(measure: str, way: str, path: Path) -> None:
    """One measurement, in a process of its own; a small file comes first, so that imports don't count."""
    _, _, plain, ours = MEASURES[measure]
    called = plain[1] if way == plain[0] else ours[way]
    called(path.parent / "small" / path.name)
    before = time.perf_counter()
    called(path)
    print(time.perf_counter() - before)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--megabytes", type=int, default=200, help="of the CSV")
    parser.add_argument("--rows", type=int, default=100_000, help="of the spreadsheet (xls: 65,535 at most)")
    parser.add_argument("--only", choices=MEASURES)
    parser.add_argument("--once", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.once:
        once(options.once[0], options.once[1], Path(options.once[2]))
        return
    with tempfile.TemporaryDirectory(prefix="bench-evidence-") as name:
        folder = Path(name)
        (folder / "small").mkdir()
        make(folder / "small", 0, 6_000, pages=1, zipped=1 << 10)
        make(folder, options.megabytes, options.rows)
        for measure, (file, goal, plain, ours) in MEASURES.items():
            if options.only in (None, measure):
                _measure(measure, folder / file, goal, [plain[0], *ours], max(3, options.runs))


def _measure(measure: str, path: Path, goal: float | None, ways: list[str], runs: int) -> None:
    times: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(runs):
        for way in ways:
            told = subprocess.run(
                [sys.executable, __file__, "--once", measure, way, str(path)],
                check=True,
                capture_output=True,
                text=True,
            )
            times[way].append(float(told.stdout))
    base = statistics.median(times[ways[0]])
    print(f"{measure}: {path.name}, {path.stat().st_size / _MIB:,.1f} MiB; medians of {runs}")
    print(f"  {ways[0]:18} {base:8.2f} s")
    for at, way in enumerate(ways[1:]):
        taken = statistics.median(times[way])
        print(
            f"  {way:18} {taken:8.2f} s  {base / taken:6.1f} times as fast"
            + (f"  (goal: {goal:g})" if at == 0 and goal else "")
        )


if __name__ == "__main__":
    main()
