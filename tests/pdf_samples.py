"""PDFs of the project's own, drawn when they are asked for: one for each thing that a reader must get right."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Sequence

from PIL import Image
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import SimpleDocTemplate, Table, TableStyle

CHINESE = "STSong-Light"
pdfmetrics.registerFont(UnicodeCIDFont(CHINESE))

Draw = Callable[[Canvas], None]
Row = Sequence[str | None]


def made(*pages: Draw, size: tuple[float, float] = A4, **kwargs: object) -> bytes:
    """A PDF of pages drawn one after the other."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=size, invariant=1, **kwargs)
    canvas.setTitle("Statement")
    for page in pages:
        page(canvas)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def write(canvas: Canvas, x: float, y: float, text: str, size: float = 9, right: bool = False) -> None:
    """One piece of text, in the Chinese font where it needs one."""
    canvas.setFont("Helvetica" if text.isascii() else CHINESE, size)
    (canvas.drawRightString if right else canvas.drawString)(x, y, text)


def row(canvas: Canvas, y: float, cells: Row, places: Sequence[tuple[float, bool]], size: float = 9) -> None:
    """Cells at their places: (x, whether x is the right end)."""
    for cell, (x, right) in zip(cells, places, strict=True):
        if cell:
            write(canvas, x, y, cell, size, right)


STATEMENT_PLACES = ((40, False), (100, False), (370, True), (450, True), (550, True))
STATEMENT_HEAD = ("Date", "Description", "Withdrawal", "Deposit", "Balance")
STATEMENT_ROWS: list[list[str | None]] = [
    ["01/03/2024", "BALANCE B/F", None, None, "10,000.00"],
    ["02/03/2024", "ATM WITHDRAWAL CENTRAL BRANCH", "500.00", None, "9,500.00"],
    ["04/03/2024", "FPS TRANSFER FROM GOLDEN TRADING", None, "12,345.67", "21,845.67"],
    ["05/03/2024", "AUTOPAY ELECTRICITY", "1,045.60", None, "20,800.07"],
    ["11/03/2024", "转账 服务费", "25.00", None, "20,775.07"],
    ["15/03/2024", "SALARY", None, "30,000.00", "50,775.07"],
    ["18/03/2024", "CHEQUE 001234", "8,000.00", None, "42,775.07"],
    ["22/03/2024", "CREDIT CARD PAYMENT", "3,210.99", None, "39,564.08"],
    ["28/03/2024", "INTEREST", None, "1.23", "39,565.31"],
]
STATEMENT_MORE = {2: "REF 20240304-7781", 7: "AUTOMATIC, CARD ENDING 8842"}


def statement(repeat_head: bool = True, part_row: bool = False) -> bytes:
    """A bank statement over three pages, columns without lines, long descriptions on a second line."""

    def page(number: int) -> Draw:
        def draw(canvas: Canvas) -> None:
            write(canvas, 40, 800, "HARBOUR BANK", 14)
            write(canvas, 40, 780, "Account No: 123-456789-001")
            write(canvas, 400, 780, "Statement date: 31/03/2024")
            y = 740.0
            if repeat_head or number == 1:
                row(canvas, y, ("日期", "摘要", "支出", "存入", "结余"), STATEMENT_PLACES)
                y -= 11
                row(canvas, y, STATEMENT_HEAD, STATEMENT_PLACES)
                y -= 20
            if part_row and number == 2:
                write(canvas, 100, y, STATEMENT_MORE[2])
                y -= 18
            for index in range(number * 3 - 3, number * 3):
                row(canvas, y, STATEMENT_ROWS[index], STATEMENT_PLACES)
                if index in STATEMENT_MORE and not (part_row and index == 2):
                    y -= 11
                    write(canvas, 100, y, STATEMENT_MORE[index])
                y -= 18
            write(canvas, 40, 60, "Harbour Bank Limited. Please examine this statement at once.", 7)
            write(canvas, 300, 40, f"Page {number} of 3", 7)

        return draw

    return made(page(1), page(2), page(3))


def statement_rows() -> list[list[str | None]]:
    """What the statement holds."""
    rows = [list(r) for r in STATEMENT_ROWS]
    for index, more in STATEMENT_MORE.items():
        rows[index][1] = f"{rows[index][1]} {more}"
    return rows


RECEIPT = (
    ("納稅人姓名 Name of Taxpayer", "GOLDEN EXAMPLE LIMITED"),
    ("繳款帳號 Shroff Account No.", "2-1234567890-1"),
    ("繳稅單編號 Charge No.", "6-0012345-24-8"),
    ("稅款類別 Tax Type", "利得稅 Profits Tax"),
    ("繳款金額 Amount Paid", "HK$12,345.00"),
    ("繳款日期 Payment Date", "15/01/2024"),
)


def tax_receipt() -> bytes:
    """One page of labels and values in Chinese and English."""

    def draw(canvas: Canvas) -> None:
        write(canvas, 180, 780, "電子收據 e-Receipt", 16)
        for index, (label, value) in enumerate(RECEIPT):
            write(canvas, 60, 720 - 24 * index, f"{label} :")
            write(canvas, 260, 720 - 24 * index, value)

    return made(draw)


def platypus(
    rows: Sequence[Row], style: Sequence[tuple[object, ...]], size: tuple[float, float] = A4, **kwargs: object
) -> bytes:
    """A table that reportlab lays out, over as many pages as it needs."""
    out = io.BytesIO()
    table = Table([["" if c is None else c for c in r] for r in rows], **kwargs)
    table.setStyle(TableStyle([("FONTNAME", (0, 0), (-1, -1), CHINESE), ("FONTSIZE", (0, 0), (-1, -1), 9), *style]))
    SimpleDocTemplate(out, pagesize=size, invariant=1).build([table])
    return out.getvalue()


RULED: list[list[str | None]] = [
    ["No.", "Company", "Amount"],
    *[[str(n), f"Company {n} Limited", f"{n * 1234 / 100:,.2f}"] for n in range(1, 91)],
]
GRID = ("GRID", (0, 0), (-1, -1), 0.5, colors.black)


def ruled(repeat: bool = True) -> bytes:
    """A ruled table over three pages."""
    return platypus(RULED, [GRID], repeatRows=1 if repeat else 0, colWidths=[50, 200, 100])


def merged() -> bytes:
    """Merged cells, and cells of several lines in Chinese and English."""
    return platypus(
        [
            ["地区\n名称", "销售额", None],
            [None, "2023", "2024"],
            ["华东\n地区", "1.00", "2.00"],
            [None, "3.00", "4.00"],
            ["Long\nname", "5.00", "6.00"],
        ],
        [GRID, ("SPAN", (0, 0), (0, 1)), ("SPAN", (1, 0), (2, 0)), ("SPAN", (0, 2), (0, 3))],
    )


def banded() -> bytes:
    """Horizontal rules only, between all rows; the second row has two lines in its text."""
    return platypus(
        [
            ["Item", "Text", "Amount"],
            ["A1", "Cables", "10.00"],
            ["A2", "Switches\nand hubs", "20.50"],
            ["A3", "Racks", "30.00"],
        ],
        [
            ("LINEBELOW", (0, 0), (-1, -1), 0.5, colors.black),
            ("LINEABOVE", (0, 0), (-1, 0), 0.5, colors.black),
            ("ALIGN", (2, 0), (2, -1), "RIGHT"),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ],
        colWidths=[60, 200, 100],
    )


def column_ruled() -> bytes:
    """Vertical lines and a box, but no lines between rows."""
    return platypus(
        [
            ["Date", "Text", "Amount"],
            ["2024-01-02", "Rent", "100.00"],
            ["2024-01-03", "Water", "20.00"],
            ["2024-01-04", "Tea", "3.50"],
        ],
        [
            ("BOX", (0, 0), (-1, -1), 0.5, colors.black),
            ("LINEBELOW", (0, 0), (-1, 0), 0.5, colors.black),
            ("LINEAFTER", (0, 0), (-1, -1), 0.5, colors.black),
        ],
        colWidths=[80, 200, 100],
    )


def small_table(canvas: Canvas, left: float = 60, top: float = 700) -> None:
    """Three rows of three cells, ruled."""
    for index, cells in enumerate(SMALL):
        row(canvas, top - 20 * index, cells, ((left + 4, False), (left + 104, False), (left + 290, True)))
    canvas.grid([left, left + 100, left + 200, left + 300], [top + 14 - 20 * i for i in range(len(SMALL) + 1)])


SMALL: list[list[str | None]] = [["Code", "Name", "Sum"], ["a-1", "甲公司", "1,000.00"], ["b-2", "Tea shop", "250.50"]]


def turned(quarter: int, by_page: bool) -> bytes:
    """A table on a page that is rotated with it, or drawn sideways on an upright page."""

    def draw(canvas: Canvas) -> None:
        width, height = A4
        if by_page:
            canvas.setPageRotation(90 * quarter)
        if quarter == 1:
            canvas.translate(width, 0)
        elif quarter == 2:
            canvas.translate(width, height)
        elif quarter == 3:
            canvas.translate(0, height)
        canvas.rotate(90 * quarter)
        small_table(canvas, top=500)

    return made(draw)


def stamped(slanted: bool) -> bytes:
    """A watermark across a table, and every word drawn twice for boldness."""

    def draw(canvas: Canvas) -> None:
        small_table(canvas)
        canvas.saveState()
        canvas.translate(0.3, 0)
        for index, cells in enumerate(SMALL):
            row(canvas, 700 - 20 * index, cells, ((64, False), (164, False), (350, True)))
        canvas.restoreState()
        canvas.setFillGray(0.8)
        canvas.setFont("Helvetica-Bold", 40)
        canvas.translate(60, 660)
        if slanted:
            canvas.rotate(30)
        canvas.drawString(0, 0, "CONFIDENTIAL")

    return made(draw)


TOWNS: list[list[str | None]] = [
    ["Town", "People", "Budget"],
    ["Arras", "180116", "1234,50"],
    ["Lens", "95201", "98,00"],
    ["Douai", "7", "12345,10"],
]


def split_numbers() -> bytes:
    """Numbers with spaces between the thousands, as French and German papers print them."""

    def draw(canvas: Canvas) -> None:
        places = ((60, False), (300, True), (420, True))
        for index, cells in enumerate(
            (
                ("Town", "People", "Budget"),
                ("Arras", "180 116", "1 234,50"),
                ("Lens", "95 201", "98,00"),
                ("Douai", "7", "12 345,10"),
            )
        ):
            row(canvas, 700 - 16 * index, cells, places)

    return made(draw)


def form() -> bytes:
    """A form with a field that was filled in."""

    def draw(canvas: Canvas) -> None:
        write(canvas, 60, 700, "Name of payer:")
        canvas.acroForm.textfield(name="payer", value="Chan Example", x=160, y=694, width=200, height=16)

    return made(draw)


def scan() -> bytes:
    """A page with a picture, an empty page, and a page with text."""

    def picture(canvas: Canvas) -> None:
        canvas.drawImage(ImageReader(Image.new("L", (40, 60), 200)), 0, 0, *A4)

    def nothing(canvas: Canvas) -> None:
        canvas.setTitle("scan")

    return made(picture, nothing, lambda canvas: write(canvas, 60, 700, "Covering letter"))


def raw_pdf(objects: Sequence[bytes], root: int = 1, tail: bytes = b"") -> bytes:
    """A PDF from the bodies of its objects, numbered from 1."""
    out = b"%PDF-1.7\n"
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + b"trailer\n<</Size %d/Root %d 0 R%s>>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        root,
        tail,
        start,
    )


def stream(body: bytes, entries: bytes = b"", packed: bool = False) -> bytes:
    """A stream object."""
    if packed:
        body, entries = zlib.compress(body, 9), entries + b"/Filter/FlateDecode"
    return b"<<%s/Length %d>>\nstream\n%s\nendstream" % (entries, len(body), body)


def one_page(content: bytes, *more: bytes, resources: bytes = b"/Font<</F 4 0 R>>", page: bytes = b"") -> bytes:
    """A PDF of one page; object 4 is the first of ``more``, 5 the content."""
    first, *rest = more or (b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",)
    return raw_pdf(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 5 0 R/Resources<<%s>>%s>>" % (resources, page),
            first,
            content,
            *rest,
        ]
    )


def garbled() -> bytes:
    """Text whose font says that every letter is a private character."""
    pairs = b"\n".join(b"<%02x> <%04x>" % (code, 0xE000 + code) for code in range(32, 127))
    mapping = (
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapType 2 def\n"
        b"1 begincodespacerange <00> <ff> endcodespacerange\n95 beginbfchar\n%s\nendbfchar\nendcmap end end" % pairs
    )
    lines = b"".join(
        b"BT /F 10 Tf 60 %d Td (A%d) Tj 150 0 Td (b) Tj 150 0 Td (5.00) Tj ET\n" % (700 - 20 * i, i) for i in range(6)
    )
    return one_page(stream(lines), b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 6 0 R>>", stream(mapping))


def unsaid(text: str) -> bytes:
    """Text whose font says of its glyphs no more than that their numbers are those of Unicode, and that by a name."""
    lines = b"".join(
        b"BT /F 10 Tf 60 %d Td <%s> Tj ET\n" % (700 - 20 * i, line.encode("utf-16-be").hex().encode())
        for i, line in enumerate(text.splitlines())
    )
    return one_page(
        stream(lines),
        b"<</Type/Font/Subtype/Type0/BaseFont/A/Encoding/Identity-H/DescendantFonts[6 0 R]/ToUnicode/Identity-H>>",
        b"<</Type/Font/Subtype/CIDFontType2/BaseFont/A/DW 500/FontDescriptor 7 0 R"
        b"/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>>>",
        b"<</Type/FontDescriptor/FontName/A/Flags 4/FontBBox[0 -200 1000 900]/Ascent 900/Descent -200/ItalicAngle 0"
        b"/CapHeight 700/StemV 80>>",
    )


def attached() -> bytes:
    """A PDF with a file in it."""
    return raw_pdf(
        [
            b"<</Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles<</Names[(a.csv) 5 0 R]>>>>>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F 7 0 R>>>>>>",
            stream(b"BT /F 12 Tf 60 700 Td (see the file) Tj ET"),
            b"<</Type/Filespec/F(a.csv)/EF<</F 6 0 R>>>>",
            stream(b"a,b\n1,2\n", b"/Type/EmbeddedFile"),
            b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        ]
    )


def wide() -> bytes:
    """A ruled table on a landscape page."""
    return made(small_table_landscape, size=landscape(A4))


def small_table_landscape(canvas: Canvas) -> None:
    """The small table, where a landscape page has room for it."""
    small_table(canvas, left=300, top=400)
