"""Write tests/evidence/files: each exercises one thing, and what should be read of it stands beside it.

`python tests/evidence/make_files.py` from the root; the same bytes each time. What is expected is written here from
what was put in, never from what a reader made of it. Only what is certain is expected: a key that is absent is not
compared (see test_evidence_golden.py).
"""
# ruff: noqa: E501  tables of cases are read as tables

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from openpyxl.utils.datetime import CALENDAR_MAC_1904

sys.path.insert(0, str(Path(__file__).parent))
from making import Entry, pdf, png, sheets, xls, xlsx, zipped

FILES = Path(__file__).parent / "files"
Truth = dict[str, Any]
made: dict[str, tuple[bytes, Truth]] = {}


def table(columns: str, *data: str | Sequence[str | None], header: int | None = 1, **more: Any) -> Truth:
    """Tell a table: ``name:type`` columns and rows, parted by ``|``; an empty cell is null."""
    names = [c.rpartition(":") for c in columns.split("|")]
    rows = [[c or None for c in row.split("|")] if isinstance(row, str) else list(row) for row in data]
    return {
        **more,
        "header_row": header,
        "columns": [
            {
                "name": n,
                "type": {"t": "text", "a": "amount", "i": "integer", "d": "date", "m": "datetime", "e": "empty"}[t],
            }
            for n, _, t in names
        ],
        "rows": len(rows),
        "data": rows,
    }


def case(name: str, data: bytes | str, kind: str, *tables: Truth, encoding: str = "utf-8", **more: Any) -> None:
    """Add a file and its truth."""
    truth: Truth = {"kind": kind, "tables": list(tables), **more}
    if kind in ("csv", "txt") or encoding != "utf-8":
        truth["encoding"] = encoding
    assert name not in made, name
    made[name] = (data.encode(encoding) if isinstance(data, str) else data, truth)


def member(path: str, kind: str = "csv", error: bool = False, **more: Any) -> Truth:
    """Tell a member; ``error`` true: something is said to be wrong with it."""
    return {"path": path, "kind": kind, "error": error, **more}


PEOPLE = "日期,摘要,金额\n2026-01-05,测试转账,120.50\n2026-01-06,样本消费,-35.00\n2026-01-31,测试利息,1.25\n"
PEOPLE_T = table(
    "日期:d|摘要:t|金额:a", "2026-01-05|测试转账|120.50", "2026-01-06|样本消费|-35.00", "2026-01-31|测试利息|1.25"
)
HANT = "日期,說明,金額\n2026-01-05,轉賬予測試商戶,120.50\n2026-01-06,樣本銀行收費及利息調整,-35.00\n2026-01-31,測試公司薪金入賬,1.25\n"
HANT_T = table(
    "日期:d|說明:t|金額:a",
    "2026-01-05|轉賬予測試商戶|120.50",
    "2026-01-06|樣本銀行收費及利息調整|-35.00",
    "2026-01-31|測試公司薪金入賬|1.25",
)


def encodings() -> None:
    case("utf8.csv", PEOPLE, "csv", PEOPLE_T, warnings=[])
    case("utf8-bom.csv", PEOPLE, "csv", PEOPLE_T, encoding="utf-8-sig", warnings=[])
    case("gb18030.csv", PEOPLE, "csv", PEOPLE_T, encoding="gb18030")
    rare = PEOPLE.replace("测试转账", "测试𠮷𡃁")
    case("gb18030-four-bytes.csv", rare, "csv", table("日期:d|摘要:t|金额:a", "2026-01-05|测试𠮷𡃁|120.50", "2026-01-06|样本消费|-35.00", "2026-01-31|测试利息|1.25"), encoding="gb18030")  # fmt: skip
    case("big5.csv", HANT, "csv", HANT_T, encoding="cp950")
    case("cp932.csv", "日付,摘要,金額\n2026/01/05,テスト商店カード利用,1200.50\n2026/01/06,サンプル銀行からの振込,3500.25\n", "csv",
         table("日付:d|摘要:t|金額:a", "2026-01-05|テスト商店カード利用|1200.50", "2026-01-06|サンプル銀行からの振込|3500.25"), encoding="cp932")  # fmt: skip
    half = "日付,摘要,金額\n2026/01/05,ﾌﾘｺﾐ ﾃｽﾄｼﾖｳﾃﾝ,1200.50\n2026/01/06,ｶ-ﾄﾞ ｻﾝﾌﾟﾙ,3500.25\n2026/01/07,預金利息の入金です,3500.25\n"
    case("cp932-half-width.csv", half, "csv", table("日付:d|摘要:t|金額:a", "2026-01-05|ﾌﾘｺﾐ ﾃｽﾄｼﾖｳﾃﾝ|1200.50", "2026-01-06|ｶ-ﾄﾞ ｻﾝﾌﾟﾙ|3500.25", "2026-01-07|預金利息の入金です|3500.25"), encoding="cp932")  # fmt: skip
    case("utf16le-bom.csv", b"\xff\xfe" + PEOPLE.encode("utf-16-le"), "csv", PEOPLE_T, encoding="utf-16-le")
    case("utf16be-bom.csv", b"\xfe\xff" + PEOPLE.encode("utf-16-be"), "csv", PEOPLE_T, encoding="utf-16-be")
    case("utf16le-no-bom.csv", PEOPLE, "csv", PEOPLE_T, encoding="utf-16-le")
    german = "Datum;Verwendungszweck;Betrag\n05.01.2026;Müller Bäckerei Prüfung;-3,50\n16.01.2026;Gehalt für Jänner;2.500,00\n31.01.2026;Gebühr größer;-1,25\n"
    german_t = table("Datum:d|Verwendungszweck:t|Betrag:a", "2026-01-05|Müller Bäckerei Prüfung|-3.50", "2026-01-16|Gehalt für Jänner|2500.00", "2026-01-31|Gebühr größer|-1.25")  # fmt: skip
    case("latin1-decimal-comma.csv", german, "csv", german_t, encoding="latin-1")
    case("utf8-decimal-comma.csv", german, "csv", german_t)


def forms() -> None:
    plain = table("Date:d|Text:t|Amount:a", "2026-01-05|alpha|1.50", "2026-01-06|beta|2.25")
    rows = [["Date", "Text", "Amount"], ["2026-01-05", "alpha", "1.50"], ["2026-01-06", "beta", "2.25"]]
    for name, mark in (("tab", "\t"), ("pipe", "|"), ("semicolon", ";")):
        case(f"delimiter-{name}.csv", "\n".join(mark.join(r) for r in rows) + "\n", "csv", plain)
    case(
        "sep-line.csv", "sep=;\r\n" + "\r\n".join(";".join(r) for r in rows) + "\r\n", "csv", {**plain, "header_row": 2}
    )
    case("line-ends-cr.csv", "\r".join(",".join(r) for r in rows) + "\r", "csv", plain)
    case("line-ends-mixed.csv", "Date,Text,Amount\r\n2026-01-05,alpha,1.50\n2026-01-06,beta,2.25\r\n", "csv", plain)
    case("no-last-line-end.csv", "\n".join(",".join(r) for r in rows), "csv", plain)
    case("quoted-commas.csv", 'Date,Text,Amount\n2026-01-05,"a, b","1,200.50"\n2026-01-06,"say ""hi""",2.25\n', "csv",
         table("Date:d|Text:t|Amount:a", "2026-01-05|a, b|1200.50", '2026-01-06|say "hi"|2.25'))  # fmt: skip
    case("quoted-line-break.csv", 'Date,Text,Amount\n2026-01-05,"line one\nline two",1.50\n2026-01-06,beta,2.25\n', "csv",
         table("Date:d|Text:t|Amount:a", ["2026-01-05", "line one\nline two", "1.50"], "2026-01-06|beta|2.25"))  # fmt: skip
    case("trailing-delimiter.csv", "Date,Text,Amount,\n2026-01-05,alpha,1.50,\n2026-01-06,beta,2.25,\n", "csv",
         {"rows": 2, "header_row": 1, "data_starts": [["2026-01-05", "alpha", "1.50"], ["2026-01-06", "beta", "2.25"]]})  # fmt: skip
    case("more-fields-than-names.csv", "Date,Text,Amount\n2026-01-05,alpha,1.50,extra\n2026-01-06,beta,2.25,more\n", "csv",
         {"rows": 2, "header_row": 1, "data_starts": [["2026-01-05", "alpha", "1.50", "extra"], ["2026-01-06", "beta", "2.25", "more"]]}, warnings=["name"])  # fmt: skip
    case("fewer-fields.csv", "Date,Text,Amount,Remark\n2026-01-05,alpha,1.50,x\n2026-01-06,beta,2.25\n2026-01-07,gamma,3.25,y\n", "csv",
         table("Date:d|Text:t|Amount:a|Remark:t", "2026-01-05|alpha|1.50|x", "2026-01-06|beta|2.25|", "2026-01-07|gamma|3.25|y"))  # fmt: skip
    case("blank-lines.csv", "Date,Text,Amount\n\n2026-01-05,alpha,1.50\n\n2026-01-06,beta,2.25\n\n\n", "csv", plain)
    case(
        "padded-cells.csv",
        "Date      ,Text    ,Amount  \n2026-01-05\t,alpha   ,  1.50  \n2026-01-06\t,beta    ,  2.25  \n",
        "csv",
        plain,
    )
    case("formula-cells.csv", '="代码"\t="名称"\t="金额"\n="007001"\t="测试一号"\t10.50\n="007002"\t="测试二号"\t20.75\n', "csv",
         table("代码:t|名称:t|金额:a", "007001|测试一号|10.50", "007002|测试二号|20.75"), encoding="gb18030")  # fmt: skip
    case("duplicate-names.csv", "Date,Amount,Amount\n2026-01-05,1.50,9.75\n2026-01-06,2.25,8.75\n", "csv",
         {"rows": 2, "header_row": 1, "data": [["2026-01-05", "1.50", "9.75"], ["2026-01-06", "2.25", "8.75"]], "distinct_names": True})  # fmt: skip
    case("header-only.csv", "Date,Text,Amount\n", "csv", {"rows": 0})


def surroundings() -> None:
    body = "交易日期,摘要,金额\n2026-01-05,测试,10.50\n2026-01-06,样本,20.25\n"
    cols, rows = "交易日期:d|摘要:t|金额:a", ("2026-01-05|测试|10.50", "2026-01-06|样本|20.25")
    case(
        "preamble.csv",
        "测试银行账户明细\n户名：测试甲\n\n" + body,
        "csv",
        table(cols, *rows, header=4, preamble=["测试银行账户明细", "户名：测试甲"], footer=[]),
    )
    case("preamble-with-commas.csv", "账号,9999990001,币种,人民币\n起始日期,20260101,终止日期,20260131\n" + body, "csv",
         table(cols, *rows, header=3, preamble=["账号 9999990001 币种 人民币", "起始日期 20260101 终止日期 20260131"]))  # fmt: skip
    case("preamble-banner.csv", "-" * 40 + "\n导出信息：\n共2笔记录\n" + "-" * 10 + "明细列表" + "-" * 10 + "\n" + body, "csv",
         table(cols, *rows, header=5, checks={"row count": True}))  # fmt: skip
    case("footer-note.csv", body + "\n以上数据仅供参考,,\n", "csv", table(cols, *rows, footer=["以上数据仅供参考"]))
    case(
        "footer-total.csv",
        body + "合计,,30.75\n",
        "csv",
        table(cols, *rows, footer=["合计 30.75"], checks={"printed total 金额": True}),
    )
    case(
        "footer-total-wrong.csv",
        body + "合计,,99.99\n",
        "csv",
        table(cols, *rows, checks={"printed total 金额": False}),
    )
    case("count-wrong.csv", "共5笔记录\n" + body, "csv", table(cols, *rows, header=2, checks={"row count": False}))
    bank = "日期,摘要,支出,收入,余额\n"
    chain = ["2026-01-05,测试,,100.00,1100.00", "2026-01-06,样本,30.50,,1069.50", "2026-01-07,测试,9.50,,1060.00"]
    bank_cols = "日期:d|摘要:t|支出:a|收入:a|余额:a"
    truth = ["2026-01-05|测试||100.00|1100.00", "2026-01-06|样本|30.50||1069.50", "2026-01-07|测试|9.50||1060.00"]
    case(
        "bank-chain.csv",
        bank + "\n".join(chain) + "\n",
        "csv",
        table(bank_cols, *truth, checks={"balance chain": True}),
    )
    case(
        "bank-chain-newest-first.csv",
        bank + "\n".join(chain[::-1]) + "\n",
        "csv",
        table(bank_cols, *truth[::-1], checks={"balance chain": True}),
    )
    case("bank-chain-broken.csv", bank + "\n".join(chain).replace("1069.50", "1060.50") + "\n", "csv",
         table(bank_cols, truth[0], truth[1].replace("1069.50", "1060.50"), truth[2], checks={"balance chain": False}))  # fmt: skip


def types() -> None:
    def amounts(name: str, cells: Sequence[str], truth: Sequence[str], encoding: str = "utf-8") -> None:
        quoted = "".join(f'{i},"{c}"\n' for i, c in enumerate(cells, 101))
        data = [[str(i), t] for i, t in enumerate(truth, 101)]
        case(
            f"amount-{name}.csv",
            "No,金额\n" + quoted,
            "csv",
            {"rows": len(data), "columns_named": {"金额": "amount"}, "data": data, "header_row": 1},
            encoding=encoding,
        )

    amounts(
        "thousands", ["1,234.50", "12,345,678.90", "-1,000.00", "5.25"], ["1234.50", "12345678.90", "-1000.00", "5.25"]
    )
    amounts("full-width", ["１，２３４．５０", "－３５．００", "７．２５"], ["1234.50", "-35.00", "7.25"])
    amounts("parentheses", ["(1,234.50)", "35.00", "(7.25)"], ["-1234.50", "35.00", "-7.25"])
    amounts("triangle", ["△1,234.50", "35.00", "▲7.25"], ["-1234.50", "35.00", "-7.25"])
    amounts("cr-dr", ["1,234.50 DR", "35.00 CR", "7.25 DR"], ["-1234.50", "35.00", "-7.25"])
    amounts("currency", ["¥1,234.50", "￥35.00", "-¥7.25"], ["1234.50", "35.00", "-7.25"])
    amounts("hkd", ["HK$1,234.50", "HK$35.00", "HKD 7.25"], ["1234.50", "35.00", "7.25"])
    amounts("exact", ["0.10", "0.20", "99999999999999999.99"], ["0.10", "0.20", "99999999999999999.99"])
    case("ids.csv", "订单号,账号,编号,金额\n4200002168202406076349888061,9999990001112223,000123,1.50\n4200002168202406076349888062,9999990001112224,000124,2.25\n", "csv",
         table("订单号:t|账号:t|编号:t|金额:a", "4200002168202406076349888061|9999990001112223|000123|1.50", "4200002168202406076349888062|9999990001112224|000124|2.25"))  # fmt: skip
    case("ids-with-tab.csv", "交易单号,金额\n3985734\t,1.50\n9999990000000000000000000001\t,2.25\n", "csv",
         table("交易单号:t|金额:a", "3985734|1.50", "9999990000000000000000000001|2.25"))  # fmt: skip

    def dates(name: str, cells: Sequence[str], truth: Sequence[str], kind: str = "date") -> None:
        lines = "".join(f"{c},x{i}\n" for i, c in enumerate(cells))
        data = [[t, f"x{i}"] for i, t in enumerate(truth)]
        case(
            f"date-{name}.csv",
            "Date,Text\n" + lines,
            "csv",
            {"rows": len(data), "columns_named": {"Date": kind}, "data": data, "header_row": 1},
        )

    three = ["2026-01-05", "2026-01-06", "2026-01-31"]
    dates("chinese", ["2026年1月5日", "2026年1月6日", "2026年1月31日"], three)
    dates("slashes", ["2026/1/5", "2026/1/6", "2026/1/31"], three)
    dates("compact", ["20260105", "20260106", "20260131"], three)
    dates("day-first", ["05/01/2026", "06/01/2026", "31/01/2026"], three)
    dates("month-first", ["01/05/2026", "01/06/2026", "01/31/2026"], three)
    dates("english", ["5 Jan 2026", "6 Jan 2026", "31 Jan 2026"], three)
    dates("english-hyphen", ["05-Jan-26", "06-Jan-26", "31-Jan-26"], three)
    dates("dots", ["05.01.2026", "06.01.2026", "31.01.2026"], three)
    dates(
        "time",
        ["2026-01-05 10:00:01", "2026-01-31 23:59:59"],
        ["2026-01-05T10:00:01", "2026-01-31T23:59:59"],
        "datetime",
    )
    case("date-impossible.csv", "Date,Text\n2026-01-05,a\n2026-02-30,b\n2026-01-31,c\n", "csv",
         {"rows": 3, "data": [["2026-01-05", "a"], ["2026-02-30", "b"], ["2026-01-31", "c"]], "columns_named": {"Date": "text"}})  # fmt: skip
    case(
        "placeholders.csv",
        "日期,支出,收入\n2026-01-05,10.50,-\n2026-01-06,-,20.25\n2026-01-07,,30.75\n",
        "csv",
        {"rows": 3, "header_row": 1},
    )


def books() -> None:
    head, rows = ["日期", "摘要", "金额"], [[date(2026, 1, 5), "测试", 10.55], [date(2026, 1, 6), "样本", -20.25]]
    cols, truth = "日期:d|摘要:t|金额:a", ("2026-01-05|测试|10.55", "2026-01-06|样本|-20.25")
    case("plain.xlsx", xlsx(sheets(明细=[head, *rows])), "xlsx", table(cols, *truth, name="明细"))
    case("plain.xls", xls(明细=[head, *rows]), "xls", table(cols, *truth, name="明细"))
    pre = [["测试银行"], ["户名：", "测试甲"], []]
    case(
        "preamble.xlsx",
        xlsx(sheets(明细=[*pre, head, *rows])),
        "xlsx",
        table(cols, *truth, header=4, preamble=["测试银行", "户名： 测试甲"]),
    )
    case(
        "preamble.xls",
        xls(明细=[*pre, head, *rows, ["以上数据仅供参考"]]),
        "xls",
        table(cols, *truth, header=4, preamble=["测试银行", "户名： 测试甲"], footer=["以上数据仅供参考"]),
    )
    book = sheets(明细=[head, *rows], 隐藏=[head, *rows[:1]])
    book["隐藏"].sheet_state = "hidden"
    case(
        "hidden-sheet.xlsx",
        xlsx(book),
        "xlsx",
        table(cols, *truth, name="明细"),
        table(cols, truth[0], name="隐藏"),
        warnings=["hidden"],
    )
    case(
        "same-bill-twice.xlsx",
        xlsx(sheets(一=[head, *rows], 二=[head, *rows])),
        "xlsx",
        table(cols, *truth, name="一"),
        table(cols, *truth, name="二"),
        warnings=["same"],
    )
    book = sheets(明细=[head])
    book.epoch = CALENDAR_MAC_1904
    for row in rows:
        book["明细"].append(row)
    case("epoch1904.xlsx", xlsx(book), "xlsx", table(cols, *truth))
    book = sheets(
        明细=[
            ["日期", "金额", None],
            [None, "支出", "收入"],
            [date(2026, 1, 5), 10.55, 1.25],
            [date(2026, 1, 6), 20.25, 2.75],
        ]
    )
    book["明细"].merge_cells("B1:C1")
    book["明细"].merge_cells("A1:A2")
    case(
        "merged-header.xlsx",
        xlsx(book),
        "xlsx",
        {"rows": 2, "data": [["2026-01-05", "10.55", "1.25"], ["2026-01-06", "20.25", "2.75"]]},
    )
    ids = [
        ["订单号", "编号", "金额"],
        ["9999990000000000000000000001", "000123", 1.25],
        ["9999990000000000000000000002", "000124", 2.75],
    ]
    case(
        "ids.xlsx",
        xlsx(sheets(明细=ids)),
        "xlsx",
        table(
            "订单号:t|编号:t|金额:a",
            "9999990000000000000000000001|000123|1.25",
            "9999990000000000000000000002|000124|2.75",
        ),
    )
    moments = [["交易时间", "金额"], [datetime(2026, 1, 5, 10, 0, 1), 1.25], [datetime(2026, 1, 31, 23, 59, 59), 2.75]]  # noqa: DTZ001
    moments_t = table("交易时间:m|金额:a", "2026-01-05T10:00:01|1.25", "2026-01-31T23:59:59|2.75")
    case("moments.xlsx", xlsx(sheets(明细=moments)), "xlsx", moments_t)
    case("moments.xls", xls(明细=moments), "xls", moments_t)
    case(
        "float-noise.xlsx",
        xlsx(sheets(明细=[["No", "金额"], ["a", 0.1 + 0.2], ["b", 1.15]])),
        "xlsx",
        {"rows": 2, "columns_named": {"金额": "amount"}},
    )
    case("empty-sheet.xlsx", xlsx(sheets(空=[], 明细=[head, *rows])), "xlsx", table(cols, *truth, name="明细"))


def pages() -> None:
    head = ["日期", "摘要", "金额"]
    rows = [
        ["2026-01-05", "测试转账", "10.55"],
        ["2026-01-06", "样本消费", "-20.25"],
        ["2026-01-07", "测试利息", "1,234.50"],
    ]
    cols = "日期:d|摘要:t|金额:a"
    truth = ["2026-01-05|测试转账|10.55", "2026-01-06|样本消费|-20.25", "2026-01-07|测试利息|1234.50"]
    for_pdf = {k: v for k, v in table(cols, *truth).items() if k != "header_row"}
    case("ruled.pdf", pdf([["测试银行账户明细", [head, *rows]]]), "pdf", for_pdf)
    case("rotated.pdf", pdf([["测试银行账户明细", [head, *rows]]], rotate=90), "pdf", for_pdf)
    many = [[f"2026-01-{i:02d}", f"测试{i:02d}", f"{i}.25"] for i in range(1, 29)]
    many_t = {k: v for k, v in table(cols, *["|".join(r) for r in many]).items() if k != "header_row"}
    case("over-two-pages.pdf", pdf([["测试银行", [head, *many[:20]]], [[head, *many[20:]]]]), "pdf", many_t)
    case("over-two-pages-header-once.pdf", pdf([["测试银行", [head, *many[:20]]], [many[20:]]]), "pdf", many_t)
    places = [(50, 760, "Date"), (200, 760, "Description"), (400, 760, "Amount")]
    for i, row in enumerate(
        [
            ["2026-01-05", "alpha one", "10.55"],
            ["2026-01-06", "beta two", "-20.25"],
            ["2026-01-07", "gamma", "1,234.50"],
        ]
    ):
        places += [(x, 740 - 18 * i, t) for x, t in zip((50, 200, 400), row, strict=True)]
    case("unruled.pdf", pdf([places]), "pdf", text_has=["alpha one", "1,234.50"])
    case(
        "text.pdf",
        pdf([["香港樣本收據", "付款日期 2026-01-15"]], font="MSung-Light"),
        "pdf",
        tables_none=True,
        text_has=["香港樣本收據", "2026-01-15"],
    )
    case("locked.pdf", pdf([["测试锁定文件", [head, *rows]]], password="999990"), "pdf", for_pdf, password="999990")
    case("blank-page.pdf", pdf([[]]), "pdf", warnings=["empty|no text"])
    case("picture-page.pdf", pdf([[png(300, 200)]]), "pdf", warnings=["picture|no text"])
    case(
        "picture-among-pages.pdf",
        pdf([["测试银行账户明细", [head, *rows]], [png(300, 200)]]),
        "pdf",
        for_pdf,
        warnings=["page 2"],
    )
    case("two-tables.pdf", pdf([["一", [head, *rows], "二", [["编号", "名称"], ["000123", "测试甲"], ["000124", "测试乙"]]]]), "pdf",
         for_pdf, {"rows": 2, "data": [["000123", "测试甲"], ["000124", "测试乙"]]})  # fmt: skip
    wrapped = [head, ["2026-01-05", "测试转账\n第二行", "10.55"], ["2026-01-06", "样本消费", "-20.25"]]
    case(
        "line-break-in-cell.pdf", pdf([["测试银行", wrapped]]), "pdf", {"rows": 2, "columns_named": {"金额": "amount"}}
    )
    case("called.csv", pdf([["测试银行账户明细", [head, *rows]]]), "pdf", for_pdf)


def archives() -> None:
    data = PEOPLE.encode()
    case("plain.zip", zipped(Entry("a.csv", data)), "zip", PEOPLE_T, members=[member("a.csv", size=len(data))])
    case("names-utf8.zip", zipped(Entry("明细.csv", data)), "zip", PEOPLE_T, members=[member("明细.csv")])
    case(
        "names-gbk.zip",
        zipped(Entry("测试银行流水明细.csv".encode("gbk"), data)),
        "zip",
        PEOPLE_T,
        members=[member("测试银行流水明细.csv")],
    )
    case(
        "names-big5.zip",
        zipped(Entry("測試銀行戶口交易記錄.csv".encode("big5"), HANT.encode("big5"))),
        "zip",
        HANT_T,
        members=[member("測試銀行戶口交易記錄.csv")],
    )
    case(
        "names-sjis.zip",
        zipped(Entry("サンプル銀行の明細です.csv".encode("cp932"), data)),
        "zip",
        PEOPLE_T,
        members=[member("サンプル銀行の明細です.csv")],
    )
    case(
        "zipcrypto.zip",
        zipped(Entry("a.csv", data, b"019990")),
        "zip",
        PEOPLE_T,
        password="019990",
        members=[member("a.csv")],
    )
    case(
        "zipcrypto-stored.zip",
        zipped(Entry("a.csv", data, b"019990", stored=True)),
        "zip",
        PEOPLE_T,
        password="019990",
        members=[member("a.csv")],
    )
    case(
        "aes.zip",
        zipped(Entry("a.csv", data, b"019990", aes=True)),
        "zip",
        PEOPLE_T,
        password="019990",
        members=[member("a.csv")],
    )
    case(
        "aes-names-gbk.zip",
        zipped(Entry("测试银行流水.csv".encode("gbk"), data, b"019990", aes=True)),
        "zip",
        PEOPLE_T,
        password="019990",
        members=[member("测试银行流水.csv")],
    )
    inner = zipped(Entry("in/a.csv", data))
    case(
        "nested.zip",
        zipped(Entry("outer.zip", inner)),
        "zip",
        PEOPLE_T,
        members=[member("outer.zip", "zip"), member("outer.zip!in/a.csv")],
    )
    case(
        "bad-member.zip",
        zipped(Entry("bad.csv", data, broken=True), Entry("good.csv", data)),
        "zip",
        PEOPLE_T,
        members=[member("bad.csv", error=True), member("good.csv")],
        kinds_free=True,
    )
    case(
        "locked-and-open.zip",
        zipped(Entry("locked.csv", data, b"secret"), Entry("open.csv", data)),
        "zip",
        PEOPLE_T,
        members=[member("locked.csv", error=True), member("open.csv")],
        kinds_free=True,
    )
    case(
        "symlink.zip",
        zipped(Entry("link.csv", b"/etc/passwd", mode=0o120777), Entry("a.csv", data)),
        "zip",
        PEOPLE_T,
        members=[member("link.csv", error=True), member("a.csv")],
        kinds_free=True,
    )
    case(
        "slip.zip",
        zipped(Entry("../../evil.csv", data)),
        "zip",
        members=[member("../../evil.csv", error=None)],
        kinds_free=True,
        tables_free=True,
    )
    case(
        "duplicate-names.zip",
        zipped(Entry("a.csv", data), Entry("a.csv", HANT.encode())),
        "zip",
        PEOPLE_T,
        HANT_T,
        warnings=["same name|more than once|twice|duplicate"],
    )
    case(
        "folders.zip", zipped(Entry("dir/", b"", stored=True, mode=0o40755), Entry("dir/a.csv", data)), "zip", PEOPLE_T
    )
    case("called.xlsx", zipped(Entry("a.csv", data)), "zip", PEOPLE_T)
    case("book-in.zip", zipped(Entry("a.xlsx", xlsx(sheets(明细=[["日期", "金额"], [date(2026, 1, 5), 1.25], [date(2026, 1, 6), 2.75]])))), "zip",
         table("日期:d|金额:a", "2026-01-05|1.25", "2026-01-06|2.75"), members=[member("a.xlsx", "xlsx")])  # fmt: skip


def markup() -> None:
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


def odd() -> None:
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


def main() -> None:
    for part in (encodings, forms, surroundings, types, books, pages, archives, markup, odd):
        part()
    shutil.rmtree(FILES, ignore_errors=True)
    FILES.mkdir(parents=True)
    for name, (data, truth) in made.items():
        (FILES / name).write_bytes(data)
        (FILES / f"{name}.expected.json").write_text(json.dumps(truth, ensure_ascii=False, indent=1) + "\n", "utf-8")
    sys.stdout.write(f"{len(made)} files, {sum(len(d) for d, _ in made.values())} bytes\n")


if __name__ == "__main__":
    main()
