"""Kinds of tables in PDFs, cell for cell: frames, groups of columns, headings on their side, cells of several lines."""

from __future__ import annotations

import pdf_samples as samples
from pdf_samples import GRID, row, write
from reportlab.pdfgen.canvas import Canvas

from idvtools.evidence.limits import Budget, Limits
from idvtools.evidence.pdf.page import Layer
from idvtools.evidence.pdf.reader import read_pdf
from idvtools.evidence.pdf.words import Writer


def tables(data: bytes) -> list[list[list[object]]]:
    found = read_pdf(data, "a.pdf", Budget(Limits()))
    return [[list(cells) for cells in grid.rows] for grid in found.grids]


def test_lines_that_frame_groups_of_columns_are_no_cells() -> None:
    places = ((64, False), (250, True), (300, True), (390, True), (450, True))

    def draw(canvas: Canvas) -> None:
        canvas.lines([(60, 720, 460, 720), (60, 690, 460, 690), (200, 705, 460, 705), (60, 600, 460, 600)])
        canvas.lines([(200, 600, 200, 720), (330, 600, 330, 720)])
        write(canvas, 250, 708, "Men")
        write(canvas, 380, 708, "Women")
        row(canvas, 694, ("Town", "2023", "2024", "Total", "Young"), places)
        for index in range(5):
            cells = (f"Town {index} . . . . . .", f"{index},100", f"{index}.5", f"{index},200", f"{index}.7")
            row(canvas, 675 - 15 * index, cells, places)

    (table,) = tables(samples.made(draw))
    assert table[0] == ["Town", "Men 2023", "Men 2024", "Women Total", "Women Young"]
    assert table[1:3] == [["Town 0", "0,100", "0.5", "0,200", "0.7"], ["Town 1", "1,100", "1.5", "1,200", "1.7"]]
    assert len(table) == 6


def test_headings_on_their_side_stand_in_their_cells() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.grid([40, 140, 170, 200], [700, 620, 600, 580])
        write(canvas, 44, 640, "Place")
        for x, heading in ((158, "By mail"), (188, "In person")):
            canvas.saveState()
            canvas.translate(x, 625)
            canvas.rotate(90)
            write(canvas, 0, 0, heading)
            canvas.restoreState()
        for y, cells in ((605, ("North", "12", "34")), (585, ("South", "7", "8"))):
            row(canvas, y, cells, ((44, False), (165, True), (195, True)))

    assert tables(samples.made(draw)) == [
        [["Place", "By mail", "In person"], ["North", "12", "34"], ["South", "7", "8"]]
    ]


def test_ids_dates_and_names_that_go_on_in_a_second_line_make_no_row() -> None:
    drawn = [
        ["Order", "Time", "Kind", "Amount", "Shop"],
        *[
            [f"42000020{n}2024\n0315123456", f"2024-03-0{n}\n12:33:44", "Buy", f"{n}.10", "Tea\nshop"]
            for n in range(1, 5)
        ],
    ]
    (table,) = tables(samples.platypus(drawn, [GRID]))
    assert table[1] == ["4200002012024" + "0315123456", "2024-03-01 12:33:44", "Buy", "1.10", "Tea shop"]
    assert len(table) == 5


def test_rows_that_only_vertical_lines_divide() -> None:
    drawn = [["Date", "Text", "Out", "In"], ["01/02\n02/02\n03/02", "Rent\nPay\nTea", "900.00\n\n3.50", "\n2,000.00\n"]]
    (table,) = tables(samples.platypus(drawn, [GRID]))
    assert table[1:] == [
        ["01/02", "Rent", "900.00", None],
        ["02/02", "Pay", None, "2,000.00"],
        ["03/02", "Tea", "3.50", None],
    ]


def test_headings_and_rows_in_one_band() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.grid([40, 170, 240, 330], [700, 620, 600])
        lines = (
            (688, ("项目名称", "数量", "金额")),
            (672, ("*服务*核验", "10", "943.40")),
            (658, ("*服务*接口", "1", "471.70")),
            (606, ("合计", None, "1415.10")),
        )
        for y, cells in lines:
            row(canvas, y, cells, ((44, False), (235, True), (325, True)))

    (table,) = tables(samples.made(draw))
    assert table == [
        ["项目名称", "数量", "金额"],
        ["*服务*核验", "10", "943.40"],
        ["*服务*接口", "1", "471.70"],
        ["合计", None, "1415.10"],
    ]


def test_words_that_lines_go_through_are_a_drawing() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.grid([40, 100, 160, 220], [700, 660, 620, 580])
        for y in (670, 630, 590):
            write(canvas, 60, y, "Abstract_Model_of_a_Network_of_Rivers")

    found = read_pdf(samples.made(draw), "a.pdf", Budget(Limits()))
    assert found.grids == ()
    assert found.warnings == ("page 1: lines go through words: a form or a drawing, read as text only",)


def test_a_sign_of_money_at_the_left_of_its_cell_is_no_column() -> None:
    def draw(canvas: Canvas) -> None:
        row(canvas, 700, ("Name", "Base", "All in"), ((60, False), (200, False), (330, False)))
        for index, name in enumerate(("Adams", "Baker", "Clark")):
            cells = (name, "$", f"{index + 1},000.00", "$", f"{index + 2},000.00")
            row(canvas, 684 - 14 * index, cells, ((60, False), (200, False), (290, True), (330, False), (420, True)))

    (table,) = tables(samples.made(draw))
    assert table[:2] == [["Name", "Base", "All in"], ["Adams", "$ 1,000.00", "$ 2,000.00"]]


def test_a_point_without_height_stays_in_its_number() -> None:
    writer = Writer(Layer())
    for left, up, right, low, char in ((0, 10, 5, 0, "1"), (5.4, 3, 6.3, 2, "."), (6.7, 10, 11, 0, "5")):
        writer.add(left, up, right, low, char, 0, None)
    writer.close()
    assert [word.text for word in writer.layer.words] == ["1.5"]


def test_a_frame_with_round_corners_is_a_border() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.roundRect(40, 600, 300, 60, 8)
        canvas.lines([(40, 620, 340, 620), (40, 640, 340, 640), (140, 600, 140, 660), (240, 600, 240, 660)])
        for y, cells in ((645, ("Item", "Kind", "Rank")), (625, ("Cup", "Gift", "A")), (605, ("Ring", "Jewel", "B"))):
            row(canvas, y, cells, ((54, False), (150, False), (250, False)))

    assert tables(samples.made(draw)) == [[["Item", "Kind", "Rank"], ["Cup", "Gift", "A"], ["Ring", "Jewel", "B"]]]


def test_a_label_of_a_total_does_not_join_two_columns() -> None:
    drawn = [
        ("Date", "Text", "Amount", "Balance"),
        ("Jan 3", "Payroll", "$2,000.00", "$5,000.00"),
        ("Jan 14", "Rent", "150.00", "5,150.00"),
        ("Jan 31", "Interest", "0.12", "5,150.12"),
        ("Total of what came in and went", None, "$2,150.12", None),
    ]

    def draw(canvas: Canvas) -> None:
        for index, cells in enumerate(drawn):
            row(canvas, 700 - 13 * index, cells, ((40, False), (110, False), (450, True), (550, True)))

    assert tables(samples.made(draw)) == [[list(cells) for cells in drawn]]


def test_a_first_row_with_few_cells_does_not_part_the_table() -> None:
    drawn = [
        ("Date", "Text", "Out", "In", "Balance"),
        (None, "Brought forward", None, None, "800.00"),
        ("09 Mar 2024", "Salary", None, "500.00", "1,300.00"),
        ("10 Mar 2024", "Water", "20.00", None, "1,280.00"),
    ]

    def draw(canvas: Canvas) -> None:
        for index, cells in enumerate(drawn):
            row(canvas, 700 - 13 * index, cells, ((40, False), (120, False), (380, True), (460, True), (540, True)))

    assert tables(samples.made(draw)) == [[list(cells) for cells in drawn]]


def test_one_glyph_for_two_letters_is_both() -> None:
    writer = Writer(Layer())
    for left, right, char in ((0, 5, "o"), (5, 12, "f"), (5, 12, "f"), (12, 14, "i"), (14, 24, "L"), (14, 24, "A")):
        writer.add(left, 10, right, 0, char, 0, None)
    writer.close()
    assert [word.text for word in writer.layer.words] == ["offiLA"]


def test_a_body_without_walls_has_the_columns_of_the_headings_over_it() -> None:
    places = ((44, False), (250, False), (390, True), (495, True))

    def draw(canvas: Canvas) -> None:
        canvas.grid([40, 240, 320, 400, 500], [700, 680])
        canvas.rect(40, 580, 460, 100)
        row(canvas, 686, ("Item", "Number", "Price", "Amount"), ((120, False), (260, False), (370, True), (470, True)))
        row(canvas, 650, ("Notice in the paper", None, None, "45.93"), places)
        row(canvas, 625, ("Copy", "1", "0.75", "0.75"), places)
        row(canvas, 600, ("Copy on paper", "2", "3.50", "7.00"), places)

    assert tables(samples.made(draw)) == [
        [
            ["Item", "Number", "Price", "Amount"],
            ["Notice in the paper", None, None, "45.93"],
            ["Copy", "1", "0.75", "0.75"],
            ["Copy on paper", "2", "3.50", "7.00"],
        ]
    ]


def test_a_note_under_headings_stays_one_cell() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.grid([40, 240, 320, 400, 500], [700, 680])
        canvas.rect(40, 580, 460, 100)
        row(canvas, 686, ("Item", "Number", "Price", "Amount"), ((120, False), (260, False), (370, True), (470, True)))
        write(canvas, 44, 650, "A text that goes on over the columns of the headings, as far as 2024")
        write(canvas, 44, 639, "and further in a second line.")

    ((head, note),) = tables(samples.made(draw))
    assert head == ["Item", "Number", "Price", "Amount"]
    assert note[1:] == [None, None, None]


def test_a_label_and_its_value_in_a_merged_cell_stand_in_their_columns() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.lines([(40, y, 500, y) for y in (700, 680, 660, 640)])
        canvas.lines([(x, 640, x, 700) for x in (40, 500)])
        canvas.line(400, 640, 400, 660)
        for y, cells in (
            (686, ("Room for a night", "Rs 1939")),
            (666, ("Tax", "12.00")),
            (646, ("Total", "1951.00")),
        ):
            row(canvas, y, cells, ((44, False), (495, True)))

    assert tables(samples.made(draw)) == [[["Room for a night", "Rs 1939"], ["Tax", "12.00"], ["Total", "1951.00"]]]


def test_headings_in_a_box_are_those_of_what_stands_under_them() -> None:
    places = ((44, False), (250, False), (390, True), (495, True))

    def draw(canvas: Canvas) -> None:
        canvas.grid([40, 240, 320, 400, 500], [700, 680])
        row(canvas, 686, ("Item", "Quantity", "Rate", "Amount"), ((44, False), (250, False), (390, True), (495, True)))
        row(canvas, 660, ("Service A", "12", "$10.00", "$120.00"), places)
        write(canvas, 44, 648, "Repair")
        row(canvas, 620, ("Service B", "5", "$1.50", "$7.50"), places)

    assert tables(samples.made(draw)) == [
        [
            ["Item", "Quantity", "Rate", "Amount"],
            ["Service A Repair", "12", "$10.00", "$120.00"],
            ["Service B", "5", "$1.50", "$7.50"],
        ]
    ]


def test_headings_right_above_the_lines_of_a_table_are_its_own() -> None:
    places = ((44, False), (390, True), (495, True))

    def draw(canvas: Canvas) -> None:
        row(canvas, 706, ("DESCRIPTION", "RATE", "AMOUNT"), places)
        canvas.grid([40, 240, 400, 500], [700, 680, 660])
        row(canvas, 686, ("Room", "10.00", "20.00"), places)
        row(canvas, 666, ("Tax", "1.00", "2.00"), places)

    assert tables(samples.made(draw)) == [
        [["DESCRIPTION", "RATE", "AMOUNT"], ["Room", "10.00", "20.00"], ["Tax", "1.00", "2.00"]]
    ]
