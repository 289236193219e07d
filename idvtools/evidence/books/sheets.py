"""Spreadsheets, ``.xls`` (Excel 5 to 2003) and ``.xlsx``, locked or not: every sheet a grid of cells as shown."""

from __future__ import annotations

from collections.abc import Sequence

from idvtools.errors import EvidenceError
from idvtools.evidence.books.office import unlock
from idvtools.evidence.books.twins import same_rows
from idvtools.evidence.books.xlsbook import read_xls
from idvtools.evidence.books.xlsxbook import read_xlsx
from idvtools.evidence.limits import Budget
from idvtools.evidence.model import Found


def read_sheets(data: bytes, name: str, budget: Budget, passwords: Sequence[str] = ()) -> Found:
    """Read every sheet of a workbook that holds something, hidden ones too.

    Whole numbers come as int, others as Decimal of the 15 digits that a spreadsheet shows, days as date, moments as
    datetime, times of day as text; numbers whose format keeps leading zeros as text. Formulas: the result as saved.

    Raises
    ------
    PasswordError
        It is locked and no password opens it.
    EvidenceError
        It is damaged, no workbook, or beyond the limits.

    Examples
    --------
    >>> import io, openpyxl
    >>> from idvtools.evidence.limits import Limits
    >>> book = openpyxl.Workbook()
    >>> book.active.append(["id", "amount"]); book.active.append(["0042", 0.3])
    >>> file = io.BytesIO(); book.save(file)
    >>> read_sheets(file.getvalue(), "a.xlsx", Budget(Limits())).grids[0].rows
    [['id', 'amount'], ['0042', Decimal('0.3')]]
    """
    opened = unlock(data, passwords, budget)
    locked = ("the workbook was locked; it was opened with a password",) if opened is not data else ()
    try:
        found = read_xlsx(opened, budget) if opened.startswith(b"PK") else read_xls(opened, budget)
    except RecursionError as error:
        raise EvidenceError("the workbook is nested too deeply") from error
    if not found.grids and not found.warnings:
        found = Found(metadata=found.metadata, warnings=("every sheet is empty",))
    twins = same_rows(found.grids, budget)
    return Found(
        grids=found.grids, encoding=found.encoding, metadata=found.metadata, warnings=(*locked, *found.warnings, *twins)
    )
