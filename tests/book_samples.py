"""Workbooks for tests, made cell by cell or from raw XML."""

import io
import zipfile

import openpyxl
import xlwt

from idvtools.evidence.books.sheets import read_sheets
from idvtools.evidence.limits import Budget, Limits


def read(data, passwords=(), **limits):
    return read_sheets(data, "book", Budget(Limits(**limits)), passwords)


def xlsx(fill, epoch=None):
    book = openpyxl.Workbook()
    if epoch:
        book.epoch = epoch
    fill(book)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def one_cell(value, number_format=None):
    def fill(book):
        cell = book.active.cell(1, 1, value)
        if number_format:
            cell.number_format = number_format

    return xlsx(fill)


def rewritten(data, part, change):
    """The xlsx with one part changed."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(old.read(name)) if name == part else old.read(name))
    return target.getvalue()


def raw_sheet(xml):
    """An xlsx whose first sheet is the XML given."""
    return rewritten(one_cell(1), "xl/worksheets/sheet1.xml", lambda _: xml)


SHEET = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">%s</worksheet>'


def xls(fill, **options):
    book = xlwt.Workbook(**options)
    fill(book)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()
