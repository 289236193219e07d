"""PDFs to text and tables: what a bank, a tax office and a shop print, cell for cell; then what is out to break it."""

from __future__ import annotations

import re

import pdf_samples as samples
import pytest
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from idvtools.errors import EvidenceError, PasswordError
from idvtools.evidence.limits import Budget, Limits
from idvtools.evidence.model import Found
from idvtools.evidence.pdf import pages as pdfpages
from idvtools.evidence.pdf.reader import read_pdf, read_text


def read(data: bytes, *passwords: str, **limits: float) -> Found:
    return read_pdf(data, "a.pdf", Budget(Limits(**limits)), passwords)  # type: ignore[arg-type]


def rows(found: Found, index: int = 0) -> list[list[object]]:
    return [list(row) for row in found.grids[index].rows]


# ------------------------------------------------------------------ what people print


@pytest.mark.parametrize(("repeat", "part"), [(True, False), (False, False), (True, True), (False, True)])
def test_a_statement_over_three_pages_is_one_table(repeat: bool, part: bool) -> None:
    found = read(samples.statement(repeat, part))
    assert len(found.grids) == 1
    grid = found.grids[0]
    head = ["日期 Date", "摘要 Description", "支出 Withdrawal", "存入 Deposit", "结余 Balance"]
    assert rows(found) == [head, *samples.statement_rows()]
    assert grid.source == "pages 1-3"
    assert grid.numbers == tuple(range(1, 11))
    assert any("headings, repeated on pages 2-3" in w for w in grid.warnings) is repeat
    assert any("parted by the page break" in w for w in grid.warnings) is part
    assert "Page 2 of 3" in found.text
    assert "Account No: 123-456789-001" in found.text
    assert dict(found.metadata)["title"] == "Statement"
    assert dict(found.metadata)["pages"] == "3"


def test_a_receipt_of_labels_and_values_is_text_and_no_table() -> None:
    found = read(samples.tax_receipt())
    assert found.grids == ()
    for label, value in samples.RECEIPT:
        assert f"{label} :  {value}" in found.text


@pytest.mark.parametrize("repeat", [True, False])
def test_a_ruled_table_over_pages(repeat: bool) -> None:
    found = read(samples.ruled(repeat))
    assert rows(found) == samples.RULED
    assert len(found.grids) == 1
    assert found.grids[0].source.startswith("pages 1-")


def test_merged_cells_and_lines_in_cells() -> None:
    found = read(samples.merged())
    assert rows(found) == [
        ["地区名称", "销售额", None],
        [None, "2023", "2024"],
        ["华东地区", "1.00", "2.00"],
        [None, "3.00", "4.00"],
        ["Long name", "5.00", "6.00"],
    ]
    assert found.grids[0].warnings == ("merged cells: 3 cells are covered; the text stands in the first of each",)


def test_horizontal_rules_only() -> None:
    assert rows(read(samples.banded())) == [
        ["Item", "Text", "Amount"],
        ["A1", "Cables", "10.00"],
        ["A2", "Switches and hubs", "20.50"],
        ["A3", "Racks", "30.00"],
    ]


def test_vertical_rules_only() -> None:
    assert rows(read(samples.column_ruled())) == [
        ["Date", "Text", "Amount"],
        ["2024-01-02", "Rent", "100.00"],
        ["2024-01-03", "Water", "20.00"],
        ["2024-01-04", "Tea", "3.50"],
    ]


@pytest.mark.parametrize("by_page", [True, False])
@pytest.mark.parametrize("quarter", [1, 2, 3])
def test_rotated_pages_and_text(quarter: int, by_page: bool) -> None:
    assert rows(read(samples.turned(quarter, by_page))) == samples.SMALL


def test_landscape() -> None:
    assert rows(read(samples.wide())) == samples.SMALL


@pytest.mark.parametrize("slanted", [True, False])
def test_a_watermark_stays_out_and_bold_is_not_doubled(slanted: bool) -> None:
    found = read(samples.stamped(slanted))
    assert rows(found) == samples.SMALL
    assert found.text.endswith("CONFIDENTIAL")
    assert any("watermark" in w for w in found.warnings)


def test_numbers_split_by_a_space_are_put_together() -> None:
    found = read(samples.split_numbers())
    assert rows(found) == samples.TOWNS
    assert found.grids[0].warnings == ("numbers split by a space were put together in 4 cells",)


def test_form_fields_stand_at_their_place() -> None:
    assert "Name of payer:  Chan Example" in read(samples.form()).text


def test_ticked_boxes_and_signatures_are_said() -> None:
    def draw(canvas: Canvas) -> None:
        for number, label in enumerate(("Salary", "Savings")):
            canvas.acroForm.checkbox(name=label, x=60, y=600 - 40 * number, size=12, checked=number == 1)
            samples.write(canvas, 74, 603 - 40 * number, label)

    data = samples.made(draw)
    assert read(data).text == "Salary\n[x] Savings"
    signed = re.sub(rb"/FT /Btn", b"/FT /Sig", data)
    assert read(signed).warnings == ("it has 2 digital signatures: not checked, and their seals are not read",)


def test_a_wrong_list_of_parts_is_made_anew() -> None:
    data = samples.one_page(samples.stream(b"BT /F 12 Tf 60 700 Td (text) Tj ET"))
    at = int(re.search(rb"startxref\n(\d+)", data)[1])  # type: ignore[index]
    page = at + len(b"xref\n0 6\n") + 20 * 3
    found = read(data[:page] + b"%010d" % (at - 9) + data[page + 10 :])
    assert found.text == "text"
    assert "its own list of its parts is wrong" in found.warnings[0]


def test_attachments_are_said() -> None:
    found = read(samples.attached())
    assert found.text == "see the file"
    assert found.warnings == ("1 file is attached to the PDF and not read",)


# ------------------------------------------------------------------ the gate


def test_pages_without_text_are_said() -> None:
    found = read(samples.scan())
    assert found.warnings == (
        "page 1: no text layer (a scan or a drawing); nothing of it can be read",
        "page 2: empty",
    )
    assert found.text == "\f\fCovering letter"


def test_garbled_text_is_left_out() -> None:
    found = read(samples.garbled())
    assert found.grids == ()
    assert found.text == ""
    assert found.warnings == ("page 1: text is garbled (100% unknown glyphs); it was left out",)


# ------------------------------------------------------------------ passwords


def locked(user: str) -> bytes:
    return samples.made(samples.small_table, encrypt=StandardEncryption(user, ownerPassword="owner", strength=128))


def test_a_password_opens_a_locked_file() -> None:
    data = locked("123456")
    assert rows(read(data, "wrong", "123456")) == samples.SMALL
    assert rows(read(data, "owner")) == samples.SMALL
    with pytest.raises(PasswordError, match=r"a\.pdf: it is locked, and none of the passwords opens it"):
        read(data, "654321")
    with pytest.raises(PasswordError, match="needs a password"):
        read(data)


def test_an_empty_password_needs_none() -> None:
    found = read(locked(""))
    assert rows(found) == samples.SMALL
    assert ("encrypted", "yes") in found.metadata


# ------------------------------------------------------------------ a second reader, and a time that is over


def test_a_file_that_pdfium_refuses_is_read_by_pdfplumber() -> None:
    broken = re.sub(rb"/Kids \[[^\]]*\]", b"/Kids [ ]", samples.ruled())
    found = read(broken)
    assert rows(found) == samples.RULED
    assert "second reader" in found.warnings[0]
    assert len(read_text(broken, "a.pdf", Budget(Limits()))) == 3


def test_what_neither_reads_is_said_once() -> None:
    with pytest.raises(EvidenceError, match=r"^a\.pdf: this is no PDF, or it is damaged beyond reading$"):
        read(b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n")


def test_pages_that_no_time_is_left_for_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdfpages, "READING", 0.0)
    found = read(samples.statement())
    assert found.warnings == ("pages 2-3: the time was over before they were read",)
    assert len(found.grids[0].rows) == 4
    assert "\f" not in found.text


def test_text_from_top_to_bottom_is_read_from_the_right() -> None:
    first, second = "春眠不觉晓处处闻啼鸟夜来风雨声", "花落知多少红豆生南国春来发几枝"

    def draw(canvas: Canvas) -> None:
        for x, column in ((300, first), (280, second)):
            for step, char in enumerate(column):
                samples.write(canvas, x, 700 - 12 * step, char, 12)

    assert read(samples.made(draw)).text == f"{first}\n{second}"


def test_a_bold_that_is_drawn_letter_by_letter_is_not_doubled() -> None:
    def draw(canvas: Canvas) -> None:
        for step, char in enumerate("Tall"):
            samples.write(canvas, 60 + 6 * step, 700, char)
            samples.write(canvas, 60.2 + 6 * step, 700, char)

    assert read(samples.made(draw)).text.replace(" ", "") == "Tall"


# ------------------------------------------------------------------ files that nobody here wrote
