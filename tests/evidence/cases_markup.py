"""HTML, JSON and XML, names that lie, and what people meet that no rule of a format foresees."""
# ruff: noqa: E501  tables of cases are read as tables

from __future__ import annotations

import json
from datetime import date

from making import Entry, png, sheets, xlsx, zipped
from truths import PEOPLE, PEOPLE_T, Case, table


def markup(case: Case) -> None:
    cells = "<tr><th>日期<th>摘要<th>金额</tr><tr><td>2026-01-05<td>测试<td>10.50</tr><tr><td>2026-01-06<td>样本<td>1,220.25</tr>"
    truth = {
        k: v
        for k, v in table("日期:d|摘要:t|金额:a", "2026-01-05|测试|10.50", "2026-01-06|样本|1220.25").items()
        if k != "header_row"
    }
    case(
        "plain.html",
        f"<!doctype html><html><meta charset=utf-8><body><p>测试</p><table>{cells}</table></body></html>",
        "html",
        truth,
    )
    case(
        "gbk.html",
        f"<html><head><meta charset=gb2312></head><body><table>{cells}</table></body></html>".encode("gb18030"),
        "html",
        truth,
        encoding="gb18030",
    )
    case("html-named.xls", f"<html><body><table border=1>{cells}</table></body></html>", "html", truth)
    case("tsv-named.xls", PEOPLE.replace(",", "\t").encode("gb18030"), "csv", PEOPLE_T, encoding="gb18030")
    case("csv-named.pdf", PEOPLE, "csv", PEOPLE_T)
    spans = "<tr><td colspan=3>测试报表</td></tr><tr><td rowspan=2>2026-01-05</td><td>甲</td><td>1.50</td></tr><tr><td>乙</td><td>2.25</td></tr>"
    case("spans.html", f"<html><body><table><tr><th>日期<th>名称<th>金额</tr>{spans.split('</tr>', 1)[1]}</table></body></html>", "html",
         {"rows": 2, "data_ends": [["甲", "1.50"], ["乙", "2.25"]]})  # fmt: skip
    case(
        "two-tables.html",
        f"<html><body><table id=one>{cells}</table><table id=two>{cells}</table></body></html>",
        "html",
        truth,
        truth,
    )
    records = [
        {"日期": "2026-01-05", "摘要": "测试", "金额": "10.50"},
        {"日期": "2026-01-06", "摘要": "样本", "金额": "1220.25"},
    ]
    case("records.json", json.dumps(records, ensure_ascii=False), "json", truth)
    case(
        "records-within.json",
        json.dumps({"code": "0", "data": {"list": records}}, ensure_ascii=False),
        "json",
        {"rows": 1, "data": [["0"]]},
        truth,
    )
    case("numbers.json", '[{"id": "007", "amount": 0.1}, {"id": "008", "amount": 12345678901234.56}]', "json",
         {"rows": 2, "data": [["007", "0.1"], ["008", "12345678901234.56"]]})  # fmt: skip
    case("lines.json", "\n".join(json.dumps(r, ensure_ascii=False) for r in records) + "\n", "json", truth)
    case("records.xml", "<?xml version='1.0' encoding='utf-8'?><list>" + "".join(f"<row><date>{r['日期']}</date><text>{r['摘要']}</text><amount>{r['金额']}</amount></row>" for r in records) + "</list>", "xml",
         {"rows": 2, "data": [["2026-01-05", "测试", "10.50"], ["2026-01-06", "样本", "1220.25"]]})  # fmt: skip
    case("note.txt", "样本说明\n\n本文件为虚构的测试文本，不含表格。\n第二段也没有表格。\n", "txt", tables_none=True)
    case("picture.png", png(), "png", tables_none=True)
    case("empty.csv", b"", "empty", tables_none=True)


def odd(case: Case) -> None:
    """What people meet and no rule of a format foresees."""
    plain = table("Date:d|Text:t|Amount:a", "2026-01-05|alpha|1.50", "2026-01-06|beta|2.25")
    text = "Date,Text,Amount\n2026-01-05,alpha,1.50\n2026-01-06,beta,2.25\n"
    case("called.docx", text, "csv", plain)
    case(
        "null-bytes.csv",
        (text + "2026-01-07,gamma,3.75\n" * 100).replace("alpha", "al\0pha"),
        "csv",
        {"rows": 102, "header_row": 1},
        warnings=["null|control|NUL"],
    )
    case("one-bad-byte.csv", text.replace("alpha", "测试甲乙丙丁戊").encode().replace("丙".encode(), b"\xe4\xb8", 1), "csv",
         {"rows": 2, "header_row": 1}, warnings=["not valid|decod"])  # fmt: skip
    case("bom-only.csv", b"\xef\xbb\xbf", "empty", tables_none=True)
    case("spaces-only.csv", b"  \r\n\r\n  ", "empty", tables_none=True)
    case(
        "ambiguous-dates.csv",
        "Date,Text\n01/02/2026,a\n03/04/2026,b\n05/06/2026,c\n",
        "csv",
        {"rows": 3, "header_row": 1},
        warnings=["day|order|month"],
    )
    case("header-repeated.csv", text + text.split("\n", 1)[0] + "\n2026-01-07,gamma,3.75\n", "csv",
         table("Date:d|Text:t|Amount:a", "2026-01-05|alpha|1.50", "2026-01-06|beta|2.25", "2026-01-07|gamma|3.75"), warnings=["header"])  # fmt: skip
    case(
        "open-quote.csv", 'Date,Text,Amount\n2026-01-05,"alpha,1.50\n2026-01-06,beta,2.25\n', "csv", warnings=["quote"]
    )
    case("quotes-inside.csv", 'Date,Text,Amount\n2026-01-05,5" disk,1.50\n2026-01-06,say "hi" now,2.25\n', "csv",
         table("Date:d|Text:t|Amount:a", '2026-01-05|5" disk|1.50', '2026-01-06|say "hi" now|2.25'))  # fmt: skip
    case("no-header.csv", "2026-01-05,alpha,1.50\n2026-01-06,beta,2.25\n2026-01-07,gamma,3.75\n", "csv",
         {"rows": 3, "header_row": None, "data": [["2026-01-05", "alpha", "1.50"], ["2026-01-06", "beta", "2.25"], ["2026-01-07", "gamma", "3.75"]]})  # fmt: skip
    case("hkid.csv", "身份证号,HKID,手机\n999999199001019990,A999999(0),13900000000\n99999919900101999X,B999999(1),13900000001\n", "csv",
         table("身份证号:t|HKID:t|手机:t", "999999199001019990|A999999(0)|13900000000", "99999919900101999X|B999999(1)|13900000001"))  # fmt: skip
    case(
        "scientific.csv",
        "订单号,金额\n4.2E+27,1.50\n4.3E+27,2.25\n",
        "csv",
        table("订单号:t|金额:a", "4.2E+27|1.50", "4.3E+27|2.25"),
    )
    wide = "|".join(f"c{i}:i" for i in range(60))
    case("sixty-columns.csv", "\n".join([",".join(f"c{i}" for i in range(60)), *(",".join(str(r * 100 + i) for i in range(60)) for r in (1, 2, 3))]) + "\n", "csv",
         table(wide, *["|".join(str(r * 100 + i) for i in range(60)) for r in (1, 2, 3)]))  # fmt: skip
    case("two-blocks.xlsx", xlsx(sheets(明细=[["日期", "金额"], [date(2026, 1, 5), 1.25], [date(2026, 1, 6), 2.75], [], [], ["编号", "名称"], ["000123", "甲"], ["000124", "乙"]])), "xlsx",
         table("日期:d|金额:a", "2026-01-05|1.25", "2026-01-06|2.75"), table("编号:t|名称:t", "000123|甲", "000124|乙", header=6))  # fmt: skip
    case(
        "amounts-as-text.xlsx",
        xlsx(sheets(明细=[["日期", "金额"], ["2026-01-05", "¥1,234.50"], ["2026-01-06", "(2.75)"]])),
        "xlsx",
        table("日期:d|金额:a", "2026-01-05|1234.50", "2026-01-06|-2.75"),
    )
    case("nested.html", "<html><body><table><tr><td><table><tr><th>日期<th>金额</tr><tr><td>2026-01-05<td>1.25</tr><tr><td>2026-01-06<td>2.75</tr></table></td></tr></table></body></html>", "html",
         {k: v for k, v in table("日期:d|金额:a", "2026-01-05|1.25", "2026-01-06|2.75").items() if k != "header_row"})  # fmt: skip
    case(
        "script.html",
        "<html><body><script>var x='<table><tr><td>no</td></tr></table>'</script><style>td{}</style><p>正文测试</p></body></html>",
        "html",
        tables_none=True,
        text_has=["正文测试"],
    )
    case(
        "locked-zip-in.zip",
        zipped(Entry("inner.zip", zipped(Entry("a.csv", PEOPLE.encode(), b"019990", aes=True)))),
        "zip",
        PEOPLE_T,
        password="019990",
    )


PARTS = (
    markup,
    odd,
)
