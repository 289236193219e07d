"""Text: encodings, delimiters and quotes, what stands around a table, types of cells."""
# ruff: noqa: E501  tables of cases are read as tables

from __future__ import annotations

from collections.abc import Sequence

from truths import HANT, HANT_T, PEOPLE, PEOPLE_T, Case, table


def encodings(case: Case) -> None:
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


def forms(case: Case) -> None:
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


def surroundings(case: Case) -> None:
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


def types(case: Case) -> None:
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
        table("日期:d|支出:a|收入:a", "2026-01-05|10.50|", "2026-01-06||20.25", "2026-01-07||30.75"),
        warnings=["read as empty"],
    )


PARTS = (
    encodings,
    forms,
    surroundings,
    types,
)
