"""Archives: names, passwords, damage."""
# ruff: noqa: E501  tables of cases are read as tables

from __future__ import annotations

from datetime import date

from making import Entry, sheets, xlsx, zipped
from truths import HANT, HANT_T, PEOPLE, PEOPLE_T, Case, member, table


def archives(case: Case) -> None:
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


PARTS = (archives,)
