"""Pages of PDF."""
# ruff: noqa: E501  tables of cases are read as tables

from __future__ import annotations

from making import pdf, png
from truths import Case, placeless, table


def pages(case: Case) -> None:
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
    case("unruled.pdf", pdf([places]), "pdf", placeless(table("Date:d|Description:t|Amount:a", "2026-01-05|alpha one|10.55", "2026-01-06|beta two|-20.25", "2026-01-07|gamma|1234.50")), text_has=["alpha one", "1,234.50"])  # fmt: skip
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
         for_pdf, placeless(table("编号:t|名称:t", "000123|测试甲", "000124|测试乙")))  # fmt: skip
    wrapped = [head, ["2026-01-05", "测试转账\n第二行", "10.55"], ["2026-01-06", "样本消费", "-20.25"]]
    case(
        "line-break-in-cell.pdf",
        pdf([["测试银行", wrapped]]),
        "pdf",
        {
            "rows": 2,
            "columns_named": {"日期": "date", "金额": "amount"},
            "data": [["2026-01-05", "测试转账第二行", "10.55"], ["2026-01-06", "样本消费", "-20.25"]],
        },
    )
    case("called.csv", pdf([["测试银行账户明细", [head, *rows]]]), "pdf", for_pdf)


PARTS = (pages,)
