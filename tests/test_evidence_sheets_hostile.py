# ruff: noqa: E501, PT017
"""Workbooks that lie, are locked, old, cut off or too large: an error in plain words, or what is there; in little memory."""

import contextlib
import io
import random
import re
import struct
import zipfile
from datetime import date
from decimal import Decimal

import msoffcrypto.format.ooxml
import pytest
from book_samples import SHEET, one_cell, raw_sheet, read, rewritten, xls, xlsx
from evidence_locked import WAYS, locked_xls

from idvtools.errors import EvidenceError, PasswordError
from idvtools.evidence.books.container import contained
from idvtools.evidence.books.office import book_stream

# -- sizes ------------------------------------------------------------------------------------------------------------

FAR = (
    b'<dimension ref="A1:XFD1048576"/><sheetData><row r="1"><c r="A1"><v>1</v></c></row>'
    b'<row r="1048576"><c r="B1048576"><v>2</v></c><c r="XFD1048576"><v>3</v></c></row></sheetData>'
)


def test_three_cells_far_apart_are_cheap():
    grid = read(raw_sheet(SHEET % FAR), seconds=5).grids[0]
    assert list(grid.numbers) == [1, 1048576]
    assert [grid.rows[0][0], grid.rows[1][1], grid.rows[1][16383]] == [1, 2, 3]


def test_declared_dimensions_cost_nothing():
    near = (
        SHEET
        % b'<dimension ref="A1:XFD1048576"/><sheetData><row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="A1048576" s="0"/></row></sheetData>'
    )
    assert read(raw_sheet(near), seconds=5).grids[0].rows[0] == [1]


@pytest.mark.parametrize("merge", [b"A1:XFD1048576", b"A1:A1048576"])
def test_a_merge_over_everything_is_cheap(merge):
    cells = FAR.replace(
        b"</sheetData>", b'</sheetData><mergeCells count="1"><mergeCell ref="' + merge + b'"/></mergeCells>'
    )
    assert read(raw_sheet(SHEET % cells), seconds=5).grids[0].rows[0][0] == 1


def test_cells_far_apart_in_xls():
    def fill(book):
        sheet = book.add_sheet("a")
        for row, column in ((0, 0), (65535, 255), (40000, 3)):
            sheet.write(row, column, row)

    grid = read(xls(fill), seconds=5).grids[0]
    assert list(grid.numbers) == [1, 40001, 65536]
    assert [grid.rows[0][0], grid.rows[1][3], grid.rows[2][255]] == [0, 40000, 65535]


@pytest.mark.parametrize("record", [0x200, 0xFC])
def test_sizes_that_an_xls_only_declares_are_not_believed(record):
    stream = bytearray(book_stream(xls(lambda b: b.add_sheet("a").write(0, 0, "x")))[0])
    at = 0
    while struct.unpack_from("<H", stream, at)[0] != record:
        at += 4 + struct.unpack_from("<H", stream, at + 2)[0]
    struct.pack_into("<II", stream, at + 4, 0x7FFFFFFF, 0x7FFFFFFF) if record == 0xFC else struct.pack_into(
        "<IIHH", stream, at + 4, 0, 0xFFFFFFFE, 0, 0xFFFE)  # fmt: skip
    try:
        assert read(contained(bytes(stream), name="Workbook")).grids[0].rows == [["x"]]
    except EvidenceError:
        assert record == 0xFC


def test_too_many_cells_are_an_error():
    data = xlsx(lambda b: [b.active.append([1] * 10) for _ in range(100)])
    with pytest.raises(EvidenceError, match="more than 500 cells"):
        read(data, cells=500)


def test_too_many_bytes_and_too_tight_a_part_are_errors():
    data = raw_sheet(SHEET % (b"<sheetData>" + b" " * 3_000_000 + b"</sheetData>"))
    with pytest.raises(EvidenceError, match="200 times"):
        read(data)
    with pytest.raises(EvidenceError, match="unpacks to more than 1 MB"):
        read(data, ratio=10_000, total_bytes=1 << 20)


# -- BIFF5 ------------------------------------------------------------------------------------------------------------


def biff5():
    """Excel 5: no shared strings, one byte a character in the code page (936)."""

    def record(number, content):
        return struct.pack("<HH", number, len(content)) + content

    def text(value, code="gbk"):
        raw = value.encode(code)
        return struct.pack("<H", len(raw)) + raw

    bof = struct.pack("<HHHH", 0x500, 5, 0x0BBB, 1996)
    name = "明细".encode("gbk")
    head = record(0x809, bof) + record(0x42, struct.pack("<H", 936)) + record(0x22, struct.pack("<H", 0))
    head += b"".join(record(0xE0, struct.pack("<HH12x", 0, n)) for n in (0, 14))  # General, a date
    bound = 4 + 6 + 1 + len(name)
    start = len(head) + bound + 4
    head += record(0x85, struct.pack("<IBBB", start, 0, 0, len(name)) + name) + record(0x0A, b"")
    sheet = record(0x809, struct.pack("<HHHH", 0x500, 0x10, 0x0BBB, 1996))
    sheet += record(0x200, struct.pack("<HHHHH", 0, 2, 0, 3, 0))
    sheet += record(0x204, struct.pack("<HHH", 0, 0, 0) + text("账号"))
    sheet += record(0x204, struct.pack("<HHH", 0, 1, 0) + text("金额"))
    sheet += record(0x204, struct.pack("<HHH", 1, 0, 0) + text("0012"))
    sheet += record(0x203, struct.pack("<HHHd", 1, 1, 0, 1234.5))
    sheet += record(0x203, struct.pack("<HHHd", 1, 2, 1, 45000.0))
    return head + sheet + record(0x0A, b"")


def test_a_last_record_that_is_cut_off_reserves_no_memory():
    whole = biff5()[:-4]
    far = (
        struct.pack("<HHHHHH", 0x204, 2066, 0xBD00, 0xD2BB, 0, 2000) + b"text"
    )  # a cell far out, in a record cut short
    assert len(read(whole + far).grids[0].rows) == 2


@pytest.mark.parametrize("wrap", [lambda s: s, lambda s: contained(s, name="Book")])
def test_excel_5_with_and_without_a_container(wrap):
    found = read(wrap(biff5()))
    grid = found.grids[0]
    assert (grid.name, found.encoding) == ("明细", "gb18030")
    assert grid.rows == [["账号", "金额", None], ["0012", Decimal("1234.5"), date(2023, 3, 15)]]


def test_excel_5_with_the_wrong_code_page():
    wrong = biff5().replace(struct.pack("<HHH", 0x42, 2, 936), struct.pack("<HHH", 0x42, 2, 1252))
    assert read(wrong).grids[0].rows[0] == ["账号", "金额", None]


# -- locks ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def locked():
    target = io.BytesIO()
    msoffcrypto.format.ooxml.OOXMLFile(io.BytesIO(one_cell("open"))).encrypt("geheim", target)
    return target.getvalue()


def test_a_password_opens_a_locked_book(locked):
    found = read(locked, ["wrong", "geheim"])
    assert found.grids[0].rows == [["open"]]
    assert found.warnings == ("the workbook was locked; it was opened with a password",)


def test_the_password_that_office_itself_uses_needs_not_be_given():
    target = io.BytesIO()
    msoffcrypto.format.ooxml.OOXMLFile(io.BytesIO(one_cell("open"))).encrypt("VelvetSweatshop", target)
    assert read(target.getvalue()).grids[0].rows == [["open"]]


@pytest.mark.parametrize("passwords", [(), ("wrong",), ("", "密码")])
def test_without_the_right_password_it_is_an_error(locked, passwords):
    with pytest.raises(PasswordError, match="locked"):
        read(locked, passwords)


def test_a_lock_that_takes_hours_is_refused(locked):
    with pytest.raises(EvidenceError, match="more work"):
        read(locked.replace(b'spinCount="100000" ', b'spinCount="99999999"'), ["x"])


# -- hostile ----------------------------------------------------------------------------------------------------------

BOMB = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/styles.xml", "docProps/core.xml"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused(part, encoding):
    def change(xml):
        return (BOMB + re.sub(rb"^<\?xml[^>]*\?>", b"", xml)).decode().encode(encoding)

    with pytest.raises(EvidenceError, match="entities"):
        read(rewritten(one_cell(1), part, change))


@pytest.mark.parametrize(
    ("part", "old", "new"),
    [
        ("xl/sharedStrings.xml", rb'uniqueCount="\d+"', b'uniqueCount="4000000000"'),
        ("xl/styles.xml", rb'<cellXfs count="\d+"', b'<cellXfs count="4000000000"'),
        ("xl/worksheets/sheet1.xml", rb'ref="A1[^"]*"', b'ref="A1:XFD1048576"'),
    ],
)
def test_sizes_that_an_xlsx_only_declares_are_not_believed(part, old, new):
    assert read(rewritten(one_cell("a"), part, lambda p: re.sub(old, new, p))).grids[0].rows == [["a"]]


@pytest.mark.parametrize("kind", ["xlsx", "xls"])
def test_cut_off_anywhere_is_an_error_or_a_grid_but_no_crash(kind):
    data = one_cell("a") if kind == "xlsx" else xls(lambda b: b.add_sheet("a").write(0, 0, "x"))
    for end in range(0, len(data), max(len(data) // 60, 1)):
        try:
            read(data[:end])
        except EvidenceError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize(
    "data", [b"", b"PK", b"PK\x03\x04" + b"x" * 100, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" * 80, b"hello"]
)
def test_no_workbook_is_an_error(data):
    with pytest.raises(EvidenceError, match=r"(?:is no|the) workbook"):
        read(data)


# -- files from outside -----------------------------------------------------------------------------------------------


def test_what_macos_puts_beside_the_parts_is_no_part():
    data = io.BytesIO(xlsx(lambda book: book.active.append(["a", "b"])))
    with zipfile.ZipFile(data, "a") as archive:
        archive.writestr("__MACOSX/xl/worksheets/._sheet1.xml", b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        ")
    assert read(data.getvalue()).grids[0].rows == [["a", "b"]]


def test_a_part_that_is_longer_than_it_declares_is_damaged():
    """The second reader must not unpack more than the first one counted."""
    data = bytearray(xlsx(lambda book: [book.active.append([i, "x" * 40]) for i in range(3_000)]))
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as archive:
        info = archive.getinfo("xl/worksheets/sheet1.xml")
    whole = struct.pack("<III", info.CRC, info.compress_size, info.file_size)
    assert info.file_size > 1 << 16
    for at in [m.start() for m in re.finditer(re.escape(whole), data)]:
        data[at + 8 : at + 12] = struct.pack("<I", info.file_size - 100)
    with pytest.raises(EvidenceError, match="damaged"):
        read(bytes(data))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("password", ["geheim", "VelvetSweatshop"])
def test_old_locks_open_with_the_right_password_only(way, password):
    data = locked_xls(
        xls(lambda book: [book.add_sheet(n).write(3, 1, f"{n} 中文") for n in ("一", "b")]), way, password
    )
    clear = io.BytesIO()
    book = msoffcrypto.OfficeFile(io.BytesIO(data))  # the library that is known to open such files agrees
    book.load_key(password=password)
    book.decrypt(clear)
    found = read(data, ["wrong", password, "x" * 40, "密码"])
    assert [(g.name, g.rows) for g in found.grids] == [("一", [["一 中文"]]), ("b", [["b 中文"]])]
    if password == "geheim":
        for wrong in ([], ["x" * 40], ["密码", "Geheim"]):
            with pytest.raises(PasswordError):
                read(data, wrong)


ROWS = b'<sheetData><row r="1"><c r="A1"><v>1</v></c></row>%s</sheetData>'
FURTHER = {
    "cells of two columns": b'<row r="999999"><c r="XFC999999"><v>2</v></c></row>',
    "small letters": b'<row r="999999"><c r="xfc999999"><v>2</v></c></row>',
    "prefixed cells": b'<row r="999999"><x:c xmlns:x="%s" r="XFC999999"><x:v>2</x:v></x:c></row>'
    % SHEET.split(b'"')[1],
    "a row beyond all rows": b'<row r="4000000000"><c><v>2</v></c></row>',
    "a cell beyond all rows": b'<row r="9"><c r="A4000000000"><v>2</v></c></row>',
    "newlines for spaces": b'<row\nr="999999"><c\nr="XFC999999"><v>2</v></c></row>',
}


@pytest.mark.parametrize("rows", FURTHER.values(), ids=FURTHER)
def test_however_a_far_cell_is_written_what_lies_between_is_not_laid_out(rows):
    """The library would reserve hundreds of gigabytes, and the process would be gone."""
    with contextlib.suppress(EvidenceError):
        assert read(raw_sheet(SHEET % (ROWS % rows)), seconds=5).grids[0].rows[0][0] == 1


def test_a_long_text_that_every_cell_shares_is_not_copied_for_each():
    text = "".join(random.Random(3).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=32_000))
    rows = b"".join(b'<row r="%d"><c r="A%d" t="s"><v>0</v></c></row>' % (y, y) for y in range(1, 5_001))
    new = raw_sheet(SHEET % (b"<sheetData>%s</sheetData>" % rows))
    table = SHEET.replace(b"worksheet", b"sst") % (b"<si><t>%s</t></si>" % text.encode())
    with zipfile.ZipFile(file := io.BytesIO(new), "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/sharedStrings.xml", table)
    old = xls(lambda book: [sheet := book.add_sheet("s"), *(sheet.write(y, 0, text) for y in range(5_000))])
    for data in (old, file.getvalue()):
        with pytest.raises(EvidenceError, match="texts"):
            read(data)


def test_more_cells_than_memory_holds_are_refused_before_they_are_read():
    rows = b"".join(b'<row r="%d">%s</row>' % (y, b'<c r="A%d"/>' % y * 30) for y in range(1, 100_002))
    with pytest.raises(EvidenceError, match="3000000 cells"):
        read(raw_sheet(SHEET % (b"<sheetData>%s</sheetData>" % rows)), ratio=10_000)


def test_a_cell_in_a_column_that_no_sheet_has_is_not_reached_for():
    data = bytearray(xls(lambda book: [s := book.add_sheet("s"), *(s.write(y, 1, y + 0.123) for y in range(100))]))
    stream = bytearray(book_stream(bytes(data))[0])
    at = stream.index(b"\x03\x02\x0e\x00") + 4
    struct.pack_into("<H", stream, at + 2, 50_000)
    with pytest.raises(EvidenceError, match="too far apart"):
        read(contained(bytes(stream), name="Workbook"))
