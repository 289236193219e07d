# ruff: noqa: E501, DTZ001
"""Spreadsheets: every cell as it is shown, every oddity said, nothing that makes a program burst."""

import io
import re
import zipfile
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest
import xlwt
from book_samples import SHEET, one_cell, raw_sheet, read, rewritten, xls, xlsx
from openpyxl.utils.datetime import CALENDAR_MAC_1904

# -- cells ------------------------------------------------------------------------------------------------------------

CELLS = [
    # what is stored, its number format, what is read
    (123, "00000", "00123"),
    (12345, "00000", "12345"),
    (1234567, "000-0000", "123-4567"),
    (123, '"No."0000', 123),  # a literal in front is decoration, but zeros with letters are not known
    (42, "@", "42"),
    (0.5, "@", "0.5"),
    (100.0, "General", 100),
    (0.1 + 0.2, "General", Decimal("0.3")),
    (1234.56, "#,##0.00", Decimal("1234.56")),
    (1234.5, '"¥"#,##0.00', Decimal("1234.5")),
    (0.15, "0%", Decimal("0.15")),
    (20240229, "0", 20240229),
    (True, "General", True),
    (date(2024, 2, 29), "yyyy-mm-dd", date(2024, 2, 29)),
    (datetime(2024, 2, 29, 13, 5, 7), "yyyy-mm-dd hh:mm:ss", datetime(2024, 2, 29, 13, 5, 7)),
    (45000, 'yyyy"年"m"月"d"日"', date(2023, 3, 15)),
    (45000, "[$-804]d/m", date(2023, 3, 15)),
    (45000.25, "yyyy-mm-dd", datetime(2023, 3, 15, 6)),
    (12, '0"days"', 12),
    (time(9, 5), "hh:mm", "09:05:00"),
    (timedelta(hours=30), "[hh]:mm:ss", "30:00:00"),
    ("00123", "General", "00123"),
    ("310115199001011234", "@", "310115199001011234"),
    ("  padded\t", "General", "  padded\t"),
    ("汉字\nline", "General", "汉字\nline"),
]


@pytest.mark.parametrize(("value", "number_format", "expected"), CELLS)
def test_a_cell_is_read_as_it_is_shown(value, number_format, expected):
    cell = read(one_cell(value, number_format)).grids[0].rows[0][0]
    assert (cell, type(cell)) == (expected, type(expected))


@pytest.mark.parametrize(("value", "number_format", "expected"), [c for c in CELLS if not isinstance(c[0], str)])
def test_the_same_cell_in_xls(value, number_format, expected):
    def fill(book):
        book.add_sheet("a").write(0, 0, value if not isinstance(value, timedelta) else value.total_seconds() / 86400,
                                  xlwt.easyxf(num_format_str=number_format))  # fmt: skip

    cell = read(xls(fill)).grids[0].rows[0][0]
    assert (cell, type(cell)) == (expected, type(expected))


@pytest.mark.parametrize("epoch", [None, CALENDAR_MAC_1904])
def test_dates_are_right_in_both_epochs(epoch):
    days = [date(1904, 3, 1), date(2000, 2, 29), date(2021, 1, 1), date(2099, 12, 31)]
    data = xlsx(lambda b: [b.active.append([day]) for day in days], epoch)
    assert [row[0] for row in read(data).grids[0].rows] == days


def test_ids_beyond_15_digits_are_said_and_kept_where_the_file_has_them():
    lost = SHEET % b'<sheetData><row r="1"><c r="A1"><v>3.10115199001011E+17</v></c></row></sheetData>'
    grid = read(raw_sheet(lost)).grids[0]
    assert grid.rows == [["310115199001011000"]]
    assert grid.warnings == (
        "numbers of more than 15 digits: 1, the first in A1; the file itself has lost their last digits",
    )
    written = SHEET % b'<sheetData><row r="1"><c r="A1"><v>310115199001011234</v></c></row></sheetData>'
    grid = read(raw_sheet(written)).grids[0]
    assert grid.rows == [["310115199001011234"]]
    assert "read as they are written" in grid.warnings[0]


def test_errors_and_formulas_without_results_are_empty_and_said():
    def fill(book):
        book.active.append(["a", "b"])
        book.active.append(["#N/A", "=1+1"])
        book.active.append(["#DIV/0!", 7])

    grid = read(xlsx(fill)).grids[0]
    assert grid.rows == [["a", "b"], [None, None], [None, 7]]
    assert grid.warnings == (
        "cells with an error (#DIV/0!, #N/A), read as empty: 2, the first in A2",
        "formulas without a result in the file (never calculated), read as empty: 1",
    )


def test_errors_and_formulas_in_xls():
    def fill(book):
        sheet = book.add_sheet("a")
        sheet.write(0, 0, "x")
        sheet.row(1).set_cell_error(0, 0x2A)
        sheet.write(2, 0, xlwt.Formula("1+1"))
        sheet.write(3, 0, 5)

    # xlwt leaves an empty text as the result; others leave what is no number
    grid = read(xls(fill).replace(bytes.fromhex("030000000000ffff"), bytes.fromhex("030000000000f0ff"))).grids[0]
    assert [row[0] for row in grid.rows] == ["x", None, None, 5]
    assert any("#N/A" in w for w in grid.warnings)
    assert any("without a result" in w for w in grid.warnings)


# -- sheets -----------------------------------------------------------------------------------------------------------


def test_hidden_sheets_rows_and_columns_are_read_and_said():
    def fill(book):
        book.active.append(["a", "b", "c"])
        book.active.append([1, 2, 3])
        book.active.row_dimensions[2].hidden = True
        book.active.column_dimensions["B"].hidden = True
        secret = book.create_sheet("Secret")
        secret.append(["x"])
        secret.sheet_state = "veryHidden"
        book.create_sheet("Empty")

    found = read(xlsx(fill))
    assert [g.name for g in found.grids] == ["Sheet", "Secret"]
    assert found.grids[0].warnings == ("hidden rows, read too: 1", "hidden columns, read too: 1")
    assert found.grids[1].warnings == ("the sheet is hidden",)


def test_hidden_things_in_xls():
    def fill(book):
        sheet = book.add_sheet("a")
        sheet.write(0, 0, "x")
        sheet.write(1, 1, "y")
        sheet.row(1).hidden = True
        sheet.col(1).hidden = True
        other = book.add_sheet("b")
        other.write(0, 0, "z")
        other.visibility = 1

    found = read(xls(fill))
    assert found.grids[0].warnings == ("hidden rows, read too: 1", "hidden columns, read too: 1")
    assert found.grids[1].warnings == ("the sheet is hidden",)


MERGES = [
    # rows, merged ranges, what is read
    ([["2023", None, "note"], ["in", "out", "x"]], ["A1:B1"], [["2023", "2023", "note"], ["in", "out", "x"]]),
    ([["id", "sum", None], [None, "in", "out"]], ["A1:A2", "B1:C1"], [["id", "sum", "sum"], ["id", "in", "out"]]),
    ([["Statement", None, None], ["a", "b", "c"]], ["A1:C1"], [["Statement", None, None], ["a", "b", "c"]]),
    ([["order", "item"], ["2024010100000001", "x"], [None, "y"]], ["A2:A3"],
     [["order", "item"], ["2024010100000001", "x"], ["2024010100000001", "y"]]),
    ([["paid", "item"], [88.5, "x"], [None, "y"]], ["A2:A3"], [["paid", "item"], [Decimal("88.5"), "x"], [None, "y"]]),
    ([["paid", "item"], ["¥88.50", "x"], [None, "y"]], ["A2:A3"], [["paid", "item"], ["¥88.50", "x"], [None, "y"]]),
    ([[2023, None, 2024], ["in", "out", "in"]], ["A1:B1"], [[2023, 2023, 2024], ["in", "out", "in"]]),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "ranges", "expected"), MERGES)
def test_merged_cells_are_filled_unless_money_would_count_twice(rows, ranges, expected):
    def fill(book):
        for row in rows:
            book.active.append(row)
        for area in ranges:
            book.active.merge_cells(area)

    assert read(xlsx(fill)).grids[0].rows == expected


def test_a_number_in_merged_cells_is_said():
    def fill(book):
        book.active.append([88.5, "x"])
        book.active.append([None, "y"])
        book.active.merge_cells("A1:A2")

    assert "stands once" in read(xlsx(fill)).grids[0].warnings[0]


def test_rows_keep_their_numbers():
    grid = read(xlsx(lambda b: (b.active.cell(5, 3, "a"), b.active.cell(7, 4, "b")))).grids[0]
    assert (list(grid.numbers), grid.rows) == ([5, 6, 7], [["a", None], [None, None], [None, "b"]])


def test_two_sheets_with_the_same_bill_are_said():
    def fill(book):
        book.active.append(["Column1", "Column2", "Column3", "Column4"])
        other = book.create_sheet("other")
        for sheet, money, day in ((book.active, "¥{}.50", "2024-01-{:02}"), (other, None, None)):
            sheet.append(["no", "paid", "on", "to"])
            for i in range(1, 9):
                paid = money.format(i) if money else i + 0.5
                sheet.append([f"900{i}\t", paid, day.format(i) if day else date(2024, 1, i), "shop"])
        book.create_sheet("third").append(["no", 1, 2, 3])

    found = read(xlsx(fill))
    assert found.warnings == ("sheet 1 and sheet 2 hold the same 8 rows: one table twice, not to be added up",)


def test_different_sheets_are_not_called_the_same():
    def fill(book):
        for month in (1, 2):
            sheet = book.create_sheet(f"m{month}")
            sheet.append(["no", "paid", "on"])
            for i in range(1, 9):
                sheet.append([f"{month}00{i}", i, date(2024, month, i)])

    assert read(xlsx(fill)).warnings == ()


def test_links_and_macros_are_said():
    data = one_cell("x")
    target = io.BytesIO(data)
    with zipfile.ZipFile(target, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"x")
        archive.writestr("xl/externalLinks/externalLink1.xml", b"<externalLink/>")
    assert [w.partition(";")[0].partition(":")[0] for w in read(target.getvalue()).warnings] == [
        "links to 1 other files", "the workbook carries macros"]  # fmt: skip


def test_an_empty_workbook_says_so():
    assert read(one_cell(None)).warnings == ("every sheet is empty",)


# -- other writers ----------------------------------------------------------------------------------------------------


def test_cells_without_places_and_with_prefixes():
    plain = (
        SHEET
        % b'<sheetData><row><c t="str"><v>a</v></c><c><v>1</v></c></row><row><c/><c t="e"><v>#N/A</v></c></row></sheetData>'
    )
    grid = read(raw_sheet(plain)).grids[0]
    assert grid.rows[0] == ["a", 1]
    assert any("#N/A" in w for w in grid.warnings)
    prefixed = plain.replace(b"<worksheet xmlns=", b"<x:worksheet xmlns:x=").replace(b"</worksheet", b"</x:worksheet")
    prefixed = re.sub(rb"<(/?)(sheetData|row|c|v)\b", rb"<\1x:\2", prefixed)
    assert read(raw_sheet(prefixed)).grids[0].rows[0] == ["a", 1]


def test_strict_ooxml_is_read():
    data = one_cell(7)
    for part in ("xl/workbook.xml", "xl/worksheets/sheet1.xml"):
        data = rewritten(data, part, lambda p: p.replace(
            b"http://schemas.openxmlformats.org/spreadsheetml/2006/main", b"http://purl.oclc.org/ooxml/spreadsheetml/main"))  # fmt: skip
    assert read(data).grids[0].rows == [[7]]


def test_what_the_first_reader_refuses_the_second_reads():
    sheet = (
        SHEET
        % b'<sheetData><row r="1"><c r="A1" t="zz"><v>7</v></c><c r="B1" t="inlineStr"><is><t>x</t></is></c></row></sheetData>'
    )
    assert read(raw_sheet(sheet)).grids[0].rows[0][1] == "x"
