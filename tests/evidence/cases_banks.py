"""Statements as banks of the mainland, Hong Kong, Taiwan and Japan export them: the layouts are theirs, nobody exists."""
# ruff: noqa: E501  tables of cases are read as tables

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from making import Entry, encrypted, pdf, sheets, xlsx, zipped
from truths import Case, member, table

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


def printed(case: Case) -> None:
    """Statements in PDF: over several pages, with the balance that each page takes over from the last."""
    flows = [(1 + n % 28, f"样本消费{n:02d}" if n % 3 else f"测试入账{n:02d}", f"{(n * 37 % 900) + 0.25:.2f}" if n % 3 == 0 else f"-{(n * 53 % 700) + 0.50:.2f}") for n in range(60)]  # fmt: skip
    rows = [
        [
            f"2026-10-{d:02d}" if n < 28 else f"2026-11-{d:02d}" if n < 56 else f"2026-12-{d:02d}",
            w,
            commas(o),
            commas(i),
            commas(b),
        ]
        for n, (d, w, _, o, i, b) in enumerate(chain(flows))
    ]
    truth = [[r[0], r[1], *(c.replace(",", "") or None for c in r[2:])] for r in rows]
    head, title = ["交易日期", "摘要", "支出", "收入", "余额"], "测试银行（样本）账户明细"
    foot = "第{0}页 共3页"
    parts = rows[:22], rows[22:44], rows[44:]
    case("bank-three-pages.pdf", pdf([[title, "账号：9999990001112223334", [head, *part], foot.format(n)] for n, part in enumerate(parts, 1)], widths=(80, 130, 80, 80, 90)), "pdf",
         {"rows": 60, "columns": [{"name": n, "type": t} for n, t in zip(head, ("date", "text", "amount", "amount", "amount"), strict=True)], "data": truth, "checks": {"balance chain": True}, "layout": "bank-statement"})  # fmt: skip
    hant = ["日期", "摘要", "支出", "存入", "結餘"]
    pages, last = [], commas(START)
    for n, part in enumerate(parts):
        brought = ["", "承前結餘", "", "", last]
        last = part[-1][4]
        pages.append(
            [
                "樣本銀行 月結單",
                [
                    hant,
                    brought,
                    *([r[0], r[1].replace("样", "樣").replace("测试入账", "測試入賬"), *r[2:]] for r in part),
                    ["", "轉下頁" if n < 2 else "期末結餘", "", "", last],
                ],
            ]
        )
    case("bank-carried-forward.pdf", pdf(pages, font="MSung-Light", widths=(80, 130, 80, 80, 90)), "pdf", {"columns_named": {"支出": "amount", "存入": "amount", "結餘": "amount"}, "checks": {"balance chain": True}})  # fmt: skip
    english = [["Date", "Description", "Withdrawals", "Deposits", "Balance (HKD)"], ["01 Oct 2026", "BALANCE B/F", "", "", commas(START)], *([f"{d:02d} Oct 2026", w, commas(o), commas(i), commas(b)] for d, w, _, o, i, b in chain([(d, f"SAMPLE {n}", a) for n, (d, _, a) in enumerate(FLOWS)]))]  # fmt: skip
    case("bank-hk-english.pdf", pdf([["SAMPLE BANK (HONG KONG)", "STATEMENT OF ACCOUNT", english, "Total withdrawals: HKD 1,195.25", "Total deposits: HKD 5,000.27"]], font="MSung-Light"), "pdf",
         {"rows": 6, "columns_named": {"Date": "date", "Withdrawals": "amount", "Balance (HKD)": "amount"}, "checks": {"balance chain": True, "total withdrawals": True, "total deposits": True}, "data_ends": [[commas(START).replace(",", "")], *[[b] for *_, b in chain()]]})  # fmt: skip
    lines = [f"2026-10-{d:02d},{w},{o},{i},{b}" for d, w, _, o, i, b in chain()]
    text = "\r\n".join(["交易日期,摘要,支出,收入,余额", *lines, ""]).encode("gb18030")
    inner = zipped(
        Entry("十月/账户明细.csv".encode("gbk"), text, b"019990", aes=True),
        Entry("说明.txt".encode("gbk"), "样本说明，没有表格。".encode("gb18030")),
    )
    case("bank-nested-gbk-names.zip", zipped(Entry("测试银行（样本）/流水明细.zip".encode("gbk"), inner)), "zip",
         table("交易日期:d|摘要:t|支出:a|收入:a|余额:a", *[f"2026-10-{d:02d}|{w}|{o}|{i}|{b}" for d, w, _, o, i, b in chain()], checks={"balance chain": True}),
         password="019990", members=[member("测试银行（样本）/流水明细.zip", "zip"), member("测试银行（样本）/流水明细.zip!十月/账户明细.csv"), member("测试银行（样本）/流水明细.zip!说明.txt", "txt")])  # fmt: skip


def taxes(case: Case) -> None:
    demand = [(150, 800, "INLAND REVENUE DEPARTMENT 稅務局（樣本 SAMPLE）"), (110, 775, "NOTICE OF ASSESSMENT AND DEMAND FOR TAX 評稅及繳納稅款通知書"), (60, 740, "Name 姓名: CHAN, TEST 測試"), (60, 720, "Shroff Account No. 收款帳號: 9-9999990-26-1"), (60, 700, "Charge No. 稅單號碼: 9-9999990-26-1-A"), (60, 680, "Due Date 繳稅日期: 15 January 2026"), (60, 660, "Tax Payable 應繳稅款: HK$23,456.00")]  # fmt: skip
    case(
        "tax-demand.pdf",
        pdf([demand], font="MSung-Light"),
        "pdf",
        tables_none=True,
        text_has=["NOTICE OF ASSESSMENT", "評稅及繳納稅款通知書", "23,456.00"],
    )
    names = [
        "Name of Taxpayer",
        "Shroff Account Number",
        "Charge Number",
        "Type of Tax",
        "Payment Amount",
        "Payment Date",
    ]
    values = ["CHAN, TEST", "79999990261", "7-9999990-26-1", "Property Tax 2025/26", "HK$1,234.00", "05/10/2026"]
    lines = [(60, 740 - 22 * n, f"{name} : {value}") for n, (name, value) in enumerate(zip(names, values, strict=True))]
    case("tax-receipt-english.pdf", pdf([[(150, 800, "INLAND REVENUE DEPARTMENT (SAMPLE)"), (180, 775, "e-RECEIPT"), *lines]]), "pdf",
         {"rows": 1, "layout": "chrome-govhk-tax", "data": [["CHAN, TEST", "79999990261", "Property Tax (solely owned property)", "7-9999990-26-1", "1234.00", "2026-10-05"]], "checks": {"labels": True, "tax type": True}})  # fmt: skip


PARTS = (mainland, elsewhere, printed, taxes)
