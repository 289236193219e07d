"""Workbooks: xlsx and BIFF8."""

from __future__ import annotations

from datetime import date, datetime

from making import sheets, xls, xlsx
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from truths import Case, table


def books(case: Case) -> None:
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
        table("日期:d|金额 支出:a|金额 收入:a", "2026-01-05|10.55|1.25", "2026-01-06|20.25|2.75", header=2),
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
        {"rows": 2, "columns_named": {"金额": "amount"}, "data": [["a", "0.3"], ["b", "1.15"]]},
    )
    case("empty-sheet.xlsx", xlsx(sheets(空=[], 明细=[head, *rows])), "xlsx", table(cols, *truth, name="明细"))


PARTS = (books,)
