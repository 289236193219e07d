# ruff: noqa: E501, PT017, DTZ001
"""HTML, XML and JSON: what calls itself Excel and is a page, spreadsheets in XML, answers of vendors."""

import json
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idvtools.errors import EvidenceError
from idvtools.evidence.limits import Budget, Limits
from idvtools.evidence.markup.readers import read_html, read_json, read_xml


def html(text, encoding="utf-8", **limits):
    return read_html(text if isinstance(text, bytes) else text.encode(encoding), "page", Budget(Limits(**limits)))


def xml(text, encoding="utf-8"):
    return read_xml(text if isinstance(text, bytes) else text.encode(encoding), "file", Budget(Limits()))


def js(value):
    data = value if isinstance(value, bytes) else (value if isinstance(value, str) else json.dumps(value)).encode()
    return read_json(data, "file", Budget(Limits()))


def sources(found):
    return {grid.source: [list(row) for row in grid.rows] for grid in found.grids}


# -- HTML -------------------------------------------------------------------------------------------------------------

TABLES = [
    # a table, what is read
    ("<table><tr><td>a<td>b<tr><td>1<td>2</table>", [["a", "b"], ["1", "2"]]),
    ("<table><tr><th colspan=2>a<th>b<tr><td>1<td>2<td>3</table>", [["a", "a", "b"], ["1", "2", "3"]]),
    ("<table><tr><th rowspan=2>a<th colspan=2>b<tr><td>x<td>y<tr><td>1<td>2<td>3</table>",
     [["a", "b", "b"], ["a", "x", "y"], ["1", "2", "3"]]),
    ("<table><tr><td colspan=3>Title<tr><td>a<td>b<td>c</table>", [["Title", None, None], ["a", "b", "c"]]),
    ("<table><tr><td>n<td>paid<tr><td>1<td rowspan=2>8.50<tr><td>2</table>", [["n", "paid"], ["1", "8.50"], ["2", None]]),
    ("<table><tr><td>n<td>day<tr><td>1<td rowspan=2>Monday<tr><td>2</table>", [["n", "day"], ["1", "Monday"], ["2", "Monday"]]),
    ("<table><tr><td rowspan=0>all<td>1<tr><td>2</table>", [["all", "1"], ["all", "2"]]),
    ("<table><tr><td>a<tr><td>1<td>2<td>3</table>", [["a"], ["1", "2", "3"]]),
    ("<table><td>a<td>b</table>", [["a", "b"]]),
    ("<table><tr><td>交易<br>时间<td>&nbsp;<td>  x \n y </table>", [["交易\n时间", None, "x y"]]),
    ("<table><tr><td>0012<script>alert(1)</script><style>td{}</style><td>&lt;b&gt;</table>", [["0012", "<b>"]]),
    ("<table><tr><td><font><b>1</b>,234</font>.50<td><input value=x><input type=hidden value=y></table>", [["1,234.50", "x"]]),
]  # fmt: skip


@pytest.mark.parametrize(("table", "expected"), TABLES)
def test_a_table_is_read_with_its_spans(table, expected):
    assert html(table).grids[0].rows == expected


def test_tables_for_layout_are_text():
    page = """<table><tr><td>Bank of <b>Somewhere</b></td></tr><tr><td>
      <table id=inner><tr><td>a<td>b<tr><td>1<td>2</table></td></tr></table><p>Page 1</p>"""
    found = html(page)
    assert [(g.name, g.rows) for g in found.grids] == [("inner", [["a", "b"], ["1", "2"]])]
    assert found.text == "Bank of Somewhere\nPage 1"


def test_a_table_with_a_table_in_a_cell_remains_a_table():
    page = "<table><tr><td>a<td>b<tr><td>1<td>2<tr><td>3<td><table><tr><td>x<td>y</table></table>"
    assert [g.rows for g in html(page).grids] == [[["a", "b"], ["1", "2"], ["3", None]], [["x", "y"]]]


EXCEL = """<html xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:x="urn:schemas-microsoft-com:office:excel">
<head><meta http-equiv=Content-Type content="text/html; charset={}"><title>t</title><!--[if gte mso 9]><xml><x:ExcelWorkbook>
<x:ExcelWorksheets><x:ExcelWorksheet><x:Name>{}</x:Name></x:ExcelWorksheet></x:ExcelWorksheets></x:ExcelWorkbook></xml><![endif]-->
<style>.x {{mso-number-format:"\\@";}}</style></head><body><table><tr><td class=x x:str>{}<td x:num="1.5">1.50
<tr style='display:none'><td>x<td>2</table></body></html>"""


@pytest.mark.parametrize(("declared", "encoding", "text"), [
    ("gb2312", "gb18030", "账户明细镕"), ("GBK", "gb18030", "帐户"), ("big5", "cp950", "帳戶明細"),
    ("utf-8", "utf-8", "账户"), ("shift_jis", "cp932", "口座①")])  # fmt: skip
def test_excel_pages_in_any_encoding(declared, encoding, text):
    found = html(EXCEL.format(declared, text, text), encoding)
    grid = found.grids[0]
    assert (found.encoding, grid.name, grid.rows) == (encoding, text, [[text, "1.50"], ["x", "2"]])
    assert (grid.warnings, found.warnings, found.metadata) == (("hidden rows, read too: 1",), (), (("title", "t"),))


def test_a_page_that_declares_the_wrong_encoding():
    found = html(EXCEL.format("gb2312", "账户明细", "账户明细余额"), "utf-8")
    assert found.grids[0].rows[0][0] == "账户明细余额"
    assert "declares another encoding" in found.warnings[0]


def test_utf_16_with_a_mark():
    assert html(EXCEL.format("unicode", "账", "账户"), "utf-16").grids[0].rows[0][0] == "账户"


def test_mhtml():
    mail = (
        "MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=XX\r\n\r\n--XX\r\nContent-Type: text/html; charset=gbk\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n<table><tr><td>=D5=CB=BB=A7<td>1</table>\r\n--XX\r\n"
        "Content-Type: image/png\r\n\r\nxx\r\n--XX--\r\n"
    )
    assert html(mail).grids[0].rows == [["账户", "1"]]


@pytest.mark.parametrize("page", [
    "<table>" + "<tr>" + "<td rowspan=65534 colspan=1000>x" * 500 + "</table>",
    "<table>" + "<tr><td rowspan=65534 colspan=1000>x" * 3000 + "</table>",
])  # fmt: skip
def test_spans_without_end_are_cheap(page):
    try:
        html(page, cells=2_000_000, seconds=5)
    except EvidenceError as error:
        assert "cells" in str(error)


@pytest.mark.parametrize(
    "page", ["<table><tr><td>" * 20_000, "<div>" * 100_000 + "x", "<b>" * 50_000 + "<table><tr><td>1"]
)
def test_nesting_without_end_does_no_harm(page):
    html(page)


@pytest.mark.parametrize("data", [b"", b"   ", b"\x00\x00", b"MIME-Version: 1.0\r\n\r\nx"])
def test_no_page(data):
    try:
        assert not html(data).grids
    except EvidenceError as error:
        assert "no page" in str(error)


# -- XML --------------------------------------------------------------------------------------------------------------

BOOK = """<?xml version="1.0" encoding="{}"?><?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">
<Styles><Style ss:ID="z"><NumberFormat ss:Format="00000"/></Style></Styles>
<Worksheet ss:Name="明细"><Table>
<Row><Cell ss:MergeDown="1"><Data ss:Type="String">编号</Data></Cell><Cell ss:MergeAcross="1"><Data ss:Type="String">金额</Data></Cell></Row>
<Row><Cell><Data ss:Type="String">收</Data></Cell><Cell><Data ss:Type="String">支</Data></Cell></Row>
<Row ss:Index="5"><Cell ss:StyleID="z"><Data ss:Type="Number">42</Data></Cell><Cell ss:Index="3"><Data ss:Type="Number">1234.50</Data></Cell></Row>
<Row><Cell><Data ss:Type="DateTime">2024-02-29T00:00:00.000</Data></Cell><Cell><Data ss:Type="DateTime">2024-02-29T13:05:07.000</Data></Cell>
<Cell><Data ss:Type="Error">#N/A</Data></Cell></Row>
<Row ss:Hidden="1"><Cell><Data ss:Type="Number">310115199001011234</Data></Cell><Cell><Data ss:Type="Number">0.30000000000000004</Data></Cell>
<Cell><Data ss:Type="Boolean">1</Data></Cell></Row>
</Table></Worksheet><Worksheet ss:Name="empty"><Table/></Worksheet></Workbook>"""


@pytest.mark.parametrize("encoding", ["utf-8", "gb2312", "utf-16"])
def test_a_spreadsheet_of_2003(encoding):
    grid = xml(BOOK.format(encoding), encoding).grids[0]
    assert (grid.name, grid.source, list(grid.numbers)) == ("明细", "sheet 1", [1, 2, 5, 6, 7])
    assert grid.rows == [
        ["编号", "金额", "金额"],
        ["编号", "收", "支"],
        ["00042", None, Decimal("1234.50")],
        [date(2024, 2, 29), datetime(2024, 2, 29, 13, 5, 7), None],
        ["310115199001011234", Decimal("0.3"), True],
    ]
    assert [w.partition(":")[0] for w in grid.warnings] == [
        "hidden rows, read too", "cells with an error (#N/A), read as empty", "merged cells, filled over their range"]  # fmt: skip


def test_repeated_elements_are_a_grid():
    text = """<resp xmlns="urn:x"><code>0</code><page no="1"/><rows>
      <row id="01"><payer><name>a</name></payer><sum>1.20</sum></row><row id="02"><sum>3</sum><note>x</note></row></rows></resp>"""
    assert sources(xml(text)) == {
        "$": [["code", "page.no"], ["0", "1"]],
        "rows.row": [["id", "payer.name", "sum", "note"], ["01", "a", "1.20", None], ["02", None, "3", "x"]],
    }


def test_xml_that_breaks_off_is_read_as_far_as_it_goes_and_said():
    found = xml("<a><r><x>1</x></r><r><x>2</x></r><r><x>3")
    assert sources(found)["r"][:3] == [["x"], ["1"], ["2"]]
    assert "damaged" in found.warnings[0]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("text", [
    '<!DOCTYPE a [<!ENTITY b "bb">]><a>&b;</a>',
    '<?xml version="1.0"?><!DOCTYPE a SYSTEM "file:///etc/passwd"><a>x</a>',
    '<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1/">%x;]><a/>',
])  # fmt: skip
def test_a_dtd_is_refused(text, encoding):
    with pytest.raises(EvidenceError, match="DTD"):
        xml(text, encoding)


def test_xhtml_is_a_page():
    page = '<?xml version="1.0"?><!DOCTYPE html PUBLIC "x" "y"><html xmlns="http://www.w3.org/1999/xhtml"><table><tr><td>a</td></tr></table></html>'
    assert xml(page).grids[0].rows == [["a"]]
    assert xml(page.partition("?>")[2].replace('<!DOCTYPE html PUBLIC "x" "y">', "")).grids[0].rows == [["a"]]


@pytest.mark.parametrize("text", ["", "hello", "<", "<a>" * 300, "<a>" * 100 + "</a>" * 100])
def test_what_is_no_xml(text):
    with pytest.raises(EvidenceError):
        xml(text)


# -- JSON -------------------------------------------------------------------------------------------------------------

JSONS = [
    # value, grids by source
    ([{"a": "1", "b": 2}, {"b": 3, "c": None}], {"$": [["a", "b", "c"], ["1", 2, None], [None, 3, None]]}),
    ([["a", "b"], ["1", 2]], {"$": [["a", "b"], ["1", 2]]}),
    (["x", "y"], {"$": [["value"], ["x"], ["y"]]}),
    ({"id": ["1", "2"], "n": [3, 4]}, {"$": [["id", "n"], ["1", 3], ["2", 4]]}),
    ({"a": {"b": {"c": "1"}}, "d": ["x", "y"], "e": [], "f": {}},
     {"$": [["a.b.c", "d", "e", "f"], ["1", '["x", "y"]', None, None]]}),
    ({"code": "0", "result": {"纳税人": "x", "明细": [{"税种": "a", "金额": "1.00"}, {"税种": "b"}], "list": [{"k": "v"}]}},
     {"$": [["code", "result.纳税人"], ["0", "x"]], "result.明细": [["税种", "金额"], ["a", "1.00"], ["b", None]],
      "result.list": [["k"], ["v"]]}),
    ([{"id": "1", "items": [{"n": "a"}, {"n": "b"}]}, {"id": "2", "items": [{"n": "c"}]}],
     {"$": [["id"], ["1"], ["2"]], "items": [["parent row", "n"], [1, "a"], [1, "b"], [2, "c"]]}),
    ({"data": '{"list": [{"id": "01"}]}'}, {"data.list": [["id"], ["01"]]}),
    ({}, {}),
    ([], {}),
]  # fmt: skip


@pytest.mark.parametrize(("value", "expected"), JSONS)
def test_json_as_grids(value, expected):
    assert sources(js(value)) == expected


@pytest.mark.parametrize(("text", "cell"), [
    ("0.10", Decimal("0.10")), ("123456789012345678901234567890", 123456789012345678901234567890),
    ("1e2", Decimal("1E+2")), ("0.1234567890123456789", Decimal("0.1234567890123456789")), ("true", True), ('"007"', "007")])  # fmt: skip
def test_numbers_are_exact(text, cell):
    read = js(f'[{{"a": {text}}}]').grids[0].rows[1][0]
    assert (read, type(read)) == (cell, type(cell))


def test_keys_that_stand_twice_are_both_kept():
    found = js('{"a": "1", "a": "2"}')
    assert sources(found) == {"$": [["a", "a (2)"], ["1", "2"]]}
    assert found.warnings == ("keys that stand twice in one object: 1; the second is named with (2)",)


@pytest.mark.parametrize("data", [b'\xef\xbb\xbf[{"a":"1"}]', '[{"a":"1"}]'.encode("utf-16"), b' \n[{"a":"1"}]\n'])
def test_json_with_a_mark(data):
    assert js(data).grids[0].rows == [["a"], ["1"]]


def test_json_in_gbk():
    found = js('[{"姓名": "张三丰", "金额": "1.00"}]'.encode("gbk"))
    assert (found.encoding, list(found.grids[0].rows[0])) == ("gb18030", ["姓名", "金额"])


def test_json_lines_end_at_line_feeds_only():
    found = js('{"id": "1", "t": "a\u2028b"}\r\n{"id": "2", "t": "c\x85d"}\n')
    assert found.grids[0].rows == [["id", "t"], ["1", "a\u2028b"], ["2", "c\x85d"]]


def test_json_lines():
    found = js('{"a": "1"}\n{"a": "2", "b": 3}\n\n{"a": "3"')
    assert found.grids[0].rows == [["a", "b"], ["1", None], ["2", 3]]
    assert found.warnings == ("lines that are no JSON, left out: 1, the first is line 4",)


@pytest.mark.parametrize(("text", "message"), [
    ('[{"a": NaN}]', "NaN"), ('{"a": -Infinity}', "Infinity"), ('{"a": "1"', "breaks off in line 1"), ("", "no JSON"),
    ("[" * 100_000, "deeply"), ("[" * 200 + "]" * 200, "deep"), ('{"a":' * 200 + "1" + "}" * 200, "deep"),
    ('[{"a": ' + "9" * 5000 + "}]", "digits")])  # fmt: skip
def test_json_that_is_refused(text, message):
    with pytest.raises(EvidenceError, match=message):
        js(text)


scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
nested = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=60, deadline=None)
@given(nested)
def test_any_json_is_read_or_refused(value):
    for grid in js(json.dumps(value)).grids:
        assert all(not isinstance(cell, dict | list) for row in grid.rows for cell in row)


@settings(max_examples=40, deadline=None)
@given(st.text(alphabet="<>/tabledrh =\"'&;!-[]123", max_size=200))
def test_any_text_is_a_page_or_refused(text):
    for read in (html, xml):
        try:
            read(text)
        except EvidenceError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("xml", "said"),
    [
        (b"<a " + b" ".join(b'k%d="1"' % i for i in range(50_000)) + b"/>", "attributes"),
        (b"<a>" + b"<b/>" * 1_300_000 + b"</a>", "elements"),
        (b"<html><table>" + b"<td>" * 1_000_000, "elements"),
    ],
)
def test_xml_of_too_many_parts_is_refused_before_it_costs_time_or_memory(xml, said):
    reader = read_html if xml.startswith(b"<html") else read_xml
    with pytest.raises(EvidenceError, match=said):
        reader(xml, "a.xml", Budget(Limits()))


def test_what_a_page_hides_within_a_cell_is_no_part_of_it():
    """Pages sort their tables by keys that nobody sees."""
    page = (
        b"<table><tr><th>day<th>sum<tr><td><span style='display:none'>01879</span>1 July 1879<td>5<b>.58</b>"
        b"<tr><td><i style='display: none;'>z !</i><td>6.<span style='display:none'>7000</span>65</table>"
    )
    grid = read_html(page, "a.html", Budget(Limits())).grids[0]
    assert grid.rows == [["day", "sum"], ["1 July 1879", "5.58"], [None, "6.65"]]
    assert grid.warnings == ("texts that the page hides within cells, left out: 3",)


def test_the_foot_of_a_table_is_its_last_row_wherever_it_stands():
    page = b"<table><tr><td><table><thead><tr><th>head</thead><tfoot><tr><td>foot</tfoot><tbody><tr><td>body</table></table>"
    assert read_html(page, "a.html", Budget(Limits())).grids[0].rows == [["head"], ["body"], ["foot"]]


def test_spans_across_and_down_at_once():
    page = (
        b"<table><tr><td>05<td colspan=2>06<td>08<td>09<tr><td rowspan=2>25<td>26<td colspan=2 rowspan=2>x<td>29"
        b"<tr><td>36<td>39<tr><td>45<td>46<td>47<td>48<td>49</table>"
    )
    rows = read_html(page, "a.html", Budget(Limits())).grids[0].rows
    assert [row[-1] for row in rows] == ["09", "29", "39", "49"]
    assert [row[1] for row in rows[1:]] == ["26", "36", "46"]
    assert rows[2][2:4] == ["x", "x"]


@pytest.mark.parametrize("span", [b"colspan=", b'colspan=""', b'colspan=""4""', b'colspan="foo"', b'colspan="-2"'])
def test_spans_that_make_no_sense_are_one(span):
    page = b"<table><tr><td>05</td><td " + span + b">06</td><td>08</td></tr></table>"
    assert read_html(page, "a.html", Budget(Limits())).grids[0].rows == [["05", "06", "08"]]


@pytest.mark.parametrize("text", ["[" + "[]," * 600_000 + "[]]", "[" + "1," * 2_600_000 + "1]"])
def test_json_of_too_many_values_is_refused_before_it_is_read(text):
    with pytest.raises(EvidenceError, match="too many"):
        read_json(text.encode(), "a.json", Budget(Limits()))
