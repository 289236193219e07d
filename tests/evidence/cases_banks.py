"""Statements as banks of the mainland, Hong Kong, Taiwan and Japan export them: the layouts are theirs, nobody exists."""
# ruff: noqa: E501  tables of cases are read as tables

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from making import encrypted, sheets, xlsx
from truths import Case, table

#: Day of October 2026, words, amount: out is negative.
FLOWS = (
    (1, "测试公司工资", "5000.00"),
    (2, "样本超市", "-128.90"),
    (5, "转账 测试乙", "-1000.00"),
    (9, "样本电力", "-66.35"),
    (21, "结息", "0.27"),
)
START = "12345.68"


def chain(
    flows: Sequence[tuple[int, str, str]] = FLOWS, start: str = START
) -> list[tuple[int, str, str, str, str, str]]:
    """Day, words, signed amount, out, in, balance after it; oldest first."""
    balance, rows = Decimal(start), []
    for day, words, amount in flows:
        balance += Decimal(amount)
        out, into = ("", amount) if Decimal(amount) > 0 else (amount[1:], "")
        rows.append((day, words, amount, out, into, f"{balance:.2f}"))
    return rows


def commas(amount: str) -> str:
    return f"{Decimal(amount):,.2f}" if amount else ""


def mainland(case: Case) -> None:
    newest = chain()[::-1]
    head = "交易日期,摘要,交易场所,钞/汇,记账金额(收入),记账金额(支出),记账币种,余额,对方户名"
    lines = [f'2026-10-{d:02d}     \t,"{w}          \t","手机银行       \t",钞        \t,"{commas(i):20}\t","{commas(o):20}\t",人民币         \t,"{commas(b):20}\t","测试        \t",' for d, w, _, o, i, b in newest]  # fmt: skip
    total_in, total_out = "5,000.27", "1,195.25"
    case("bank-icbc.csv", "\r\n".join(["明细查询文件下载", "", '卡号: 9999****9999,"卡别名: 样本"', "", "子账户序号: 00000,子账户类别: 活期", "", head, *lines, "", f'人民币合计,,,,"{total_in}          \t","{total_out}          \t",', ""]), "csv",
         {"rows": 5, "header_row": 7, "columns_named": {"交易日期": "date", "记账金额(收入)": "amount", "记账金额(支出)": "amount", "余额": "amount"},
          "data_starts": [[f"2026-10-{d:02d}", w, "手机银行", "钞", i or None, o or None, "人民币", b, "测试"] for d, w, _, o, i, b in newest],
          "checks": {"printed total 记账金额(收入)": True, "printed total 记账金额(支出)": True, "balance chain": True}},
         encoding="gb18030")  # fmt: skip
    lines = [f'{n},{w},人民币元,钞,202610{d:02d},"{commas(a)}","{commas(b)}",测试网点,9999990001***0001/测试' for n, (d, w, a, _, _, b) in enumerate(chain(), 1)]  # fmt: skip
    case("bank-ccb.csv", "\r\n".join(["序号,摘要,币别,钞汇,交易日期,交易金额,账户余额,交易地点/附言,对方账号与户名", *lines, ""]), "csv",
         table("序号:t|摘要:t|币别:t|钞汇:t|交易日期:d|交易金额:a|账户余额:a|交易地点/附言:t|对方账号与户名:t",
               *[f"{n}|{w}|人民币元|钞|2026-10-{d:02d}|{a}|{b}|测试网点|9999990001***0001/测试" for n, (d, w, a, _, _, b) in enumerate(chain(), 1)], checks={"balance chain": True}),
         encoding="gb18030")  # fmt: skip
    lines = [f'2026-10-{d:02d},12:0{n}:59,人民币,"{commas(a)}","{commas(b)}",网上快捷支付,手机银行,-------------------,{w},测试,6226******9999,-------------------,9999' for n, (d, w, a, _, _, b) in enumerate(newest)]  # fmt: skip
    case("bank-boc.csv", "\n".join(["中国银行交易流水明细单（样本）", "记账日期,记账时间,币别,金额,余额,交易名称,渠道,网点名称,附言,对方账户名,对方卡号/账号,对方开户行,借记卡号", *lines]), "csv",
         {"rows": 5, "header_row": 2, "columns_named": {"记账日期": "date", "金额": "amount", "余额": "amount", "借记卡号": "text"}, "checks": {"balance chain": True},
          "data_starts": [[f"2026-10-{d:02d}", f"12:0{n}:59", "人民币", a, b] for n, (d, _, a, _, _, b) in enumerate(newest)]})  # fmt: skip
    lines = [
        f'"\t202610{d:02d}","\t10:00:0{n}","{i}","{o}","{b}","网联收款","{w}"'
        for n, (d, w, _, o, i, b) in enumerate(newest)
    ]
    case("bank-cmb.csv", "\r\n".join(["# 招商银行交易记录（样本）", "# 导出时间: [2026-10-31 10:00:00]", "# 账    号: [一卡通:9999********9999 测试]", "# 币    种: [人民币]", "",
          '"交易日期","交易时间","收入","支出","余额","交易类型","交易备注"', *lines, "# 收入合计: 2 笔，共 5,000.27 元", "# 支出合计: 3 笔，共 1,195.25 元", ""]), "csv",
         table("交易日期:d|交易时间:t|收入:a|支出:a|余额:a|交易类型:t|交易备注:t", *[f"2026-10-{d:02d}|10:00:0{n}|{i}|{o}|{b}|网联收款|{w}" for n, (d, w, _, o, i, b) in enumerate(newest)], header=6,
               checks={"balance chain": True, "total 收入": True, "total 支出": True, "row count 收入": True, "row count 支出": True}),
         encoding="gb18030")  # fmt: skip
    lines = [f"202610{d:02d},{'' if n == 4 else '09300' + str(n)},{w},{a if a[0] == '-' else '+' + a},{b},{'--' if n == 4 else '测试'},36939669{n},电子商务,"for n, (d, w, a, _, _, b) in enumerate(chain())]  # fmt: skip
    case("bank-abc.csv", "\n".join(["交易日期,交易时间,交易摘要,交易金额,本次余额,对手信息,日 志 号,交易渠道,交易附言", *lines]), "csv",
         {"rows": 5, "header_row": 1, "columns_named": {"交易日期": "date", "交易金额": "amount", "本次余额": "amount", "日 志 号": "text"}, "checks": {"balance chain": True},
          "data_starts": [[f"2026-10-{d:02d}"] for d, *_ in chain()]})  # fmt: skip
    lines = [f"{n},2026-10-{d:02d},00:00:0{n},{w},{'贷 Cr' if i else '借 Dr'},{i or o},{b},9999990001110002,测试,网络支付," for n, (d, w, _, o, i, b) in enumerate(chain(), 1)]  # fmt: skip
    case("bank-bocom.csv", "\n".join(["序号,交易日期,交易时间,交易类型,借贷,交易金额,余额,对方账号,对方户名,交易地点,摘要", *lines]), "csv",
         {"rows": 5, "header_row": 1, "columns_named": {"交易日期": "date", "交易金额": "amount", "余额": "amount", "对方账号": "text"}, "checks": {"balance chain": True}})  # fmt: skip
    lines = [[f"2026-10-{d:02d}", w, o, i, commas(b)] for d, w, _, o, i, b in chain()]
    book = xlsx(
        sheets(
            明细=[
                ["测试银行（样本）账户明细"],
                ["账号：9999990001112223334"],
                ["交易日期", "摘要", "支出", "收入", "余额"],
                *lines,
            ]
        )
    )
    case("bank-locked.xlsx", encrypted(book, "999990"), "office_encrypted",
         table("交易日期:d|摘要:t|支出:a|收入:a|余额:a", *[f"2026-10-{d:02d}|{w}|{o}|{i}|{b}" for d, w, _, o, i, b in chain()], header=3, checks={"balance chain": True}),
         password="999990")  # fmt: skip


def elsewhere(case: Case) -> None:
    hant = ("測試公司薪資轉入帳戶", "樣本超市消費扣款", "轉帳予測試商戶乙", "樣本電力公司電費", "存款利息入帳")
    rows = [(d, w, o, i, b) for (d, _, _, o, i, b), w in zip(chain(), hant, strict=True)]
    case("bank-taiwan-roc-years.csv", "\r\n".join(["帳號：,999999000111,幣別：,新臺幣", "查詢期間：113/10/01~113/10/31", "交易日期,摘要,支出金額,存入金額,帳戶餘額,備註",
          *[f'113/10/{d:02d},{w},"{commas(o)}","{commas(i)}","{commas(b)}",無' for d, w, o, i, b in rows], ""]), "csv",
         table("交易日期:d|摘要:t|支出金額:a|存入金額:a|帳戶餘額:a|備註:t", *[f"2024-10-{d:02d}|{w}|{o}|{i}|{b}|無" for d, w, o, i, b in rows], header=3, checks={"balance chain": True}),
         encoding="cp950")  # fmt: skip
    kana = ("給料振込　テスト商事", "サンプルストア利用", "振込　テスト　タロウ", "サンプル電力", "利息")
    yen = chain(((1, "", "250000"), (2, "", "-12890"), (5, "", "-100000"), (9, "", "-6635"), (21, "", "27")), "1234568")
    rows = [(d, w, o, i, b[:-3]) for (d, _, _, o, i, b), w in zip(yen, kana, strict=True)]
    for name, day in (("令和8年10月{0}日", "kanji"), ("R8.10.{0:02d}", "letter")):
        case(f"bank-japan-era-{day}.csv", "\r\n".join(["お取引日,お取引内容,お引出し金額,お預入れ金額,差引残高", *[f'{name.format(d)},{w},"{o and format(int(o), ",")}","{i and format(int(i), ",")}","{int(b):,}"' for d, w, o, i, b in rows], ""]), "csv",
             {"rows": 5, "header_row": 1, "columns_named": {"お取引日": "date"}, "data": [[f"2026-10-{d:02d}", w, o or None, i or None, b] for d, w, o, i, b in rows], "checks": {"balance chain": True}},
             encoding="cp932")  # fmt: skip
    english = ("SALARY TEST CO", "SAMPLE MARKET", "TRANSFER TEST B", "SAMPLE POWER", "INTEREST")
    rows = [(d, w, o, i, b) for (d, _, _, o, i, b), w in zip(chain(), english, strict=True)]
    case("bank-hk-english.csv", "\r\n".join(['Account Number:,"999-999999-001"', "Statement Date:,31 Oct 2026", "", "Date,Transaction Details,Deposit,Withdrawal,Balance", f'01 Oct 2026,B/F BALANCE,,,"{commas(START)} CR"',
          *[f'{d:02d} Oct 2026,{w},"{commas(i)}","{commas(o)}","{commas(b)} CR"' for d, w, o, i, b in rows], ""]), "csv",
         table("Date:d|Transaction Details:t|Deposit:a|Withdrawal:a|Balance:a", f"2026-10-01|B/F BALANCE|||{START}", *[f"2026-10-{d:02d}|{w}|{i}|{o}|{b}" for d, w, o, i, b in rows], header=4, checks={"balance chain": True}))  # fmt: skip
    both = [(d, w, a, "HKD", b) for d, w, a, _, _, b in chain()] + [
        (22, "ONLINE TRANSFER", "-500.00", "CNY", "4500.00"),
        (23, "ONLINE TRANSFER", "500.00", "CNY", "5000.00"),
    ]
    case("bank-hk-two-currencies.csv", "\r\n".join(["Date,Description,Billing amount,Billing currency,Balance,Balance currency", *[f'{d:02d}/10/2026,{w},"{commas(a)}"\t,{c},"{commas(b)}",{c} ' for d, w, a, c, b in both[::-1]], ""]), "csv",
         table("Date:d|Description:t|Billing amount:a|Billing currency:t|Balance:a|Balance currency:t", *[f"2026-10-{d:02d}|{w}|{a}|{c}|{b}|{c}" for d, w, a, c, b in both[::-1]], checks={"balance chain HKD": True, "balance chain CNY": True}))  # fmt: skip


PARTS = (mainland, elsewhere)
