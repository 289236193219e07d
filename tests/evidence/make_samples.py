"""Write sample_data/evidence: `python tests/evidence/make_samples.py` from the root; the same bytes each time.

Nobody in it exists: names say 测试, numbers begin with 999999, names of banks say 样本.
"""
# ruff: noqa: E501  tables of cases are read as tables

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from making import Entry, encrypted, jpg, pdf, png, sheets, xls, xlsx, zipped
from pages import Page, Sheet, drawn

#: Synthetic identity numbers; the passwords are their last 6 characters.
HKID, IDNO = "A9999990", "999999199001019990"
HEADINGS = {
    "zh-hans": ("交易日期", "摘要", "币种", "支出", "存入", "余额"),
    "zh-hant": ("交易日期", "說明", "貨幣", "支出", "存入", "結餘"),
    "en": ("Transaction Date", "Description", "Currency", "Withdrawal", "Deposit", "Balance"),
}
TITLES = {
    "zh-hans": ("集友银行（样本）账户交易记录", "账户号码：999999-0001-234", "户名：测试 甲", "总支出", "总存入"),
    "zh-hant": ("集友銀行（樣本）戶口交易記錄", "戶口號碼：999999-0001-234", "戶名：測試 甲", "總支出", "總存入"),
    "en": (
        "Chiyu Bank (SAMPLE) Account Transactions",
        "Account No: 999999-0001-234",
        "Name: TEST 测试",
        "Total withdrawals",
        "Total deposits",
    ),
}
#: What happens on an account, in three languages, and which way the money goes.
HAPPENS = (
    ("转账 测试乙", "轉賬 測試乙", "TRANSFER TEST B", -1),
    ("ATM 样本", "ATM 樣本", "ATM SAMPLE", -1),
    ("薪金 测试公司", "薪金 測試公司", "SALARY TEST CO", 1),
    ("自动转账 样本电力", "自動轉賬 樣本電力", "AUTOPAY SAMPLE POWER", -1),
    ("八达通增值 样本", "八達通增值 樣本", "OCTOPUS ADD VALUE SAMPLE", -1),
    ("利息", "利息", "INTEREST", 1),
)


def movements(
    count: int, start: str = "12000.00", language: int = 0
) -> list[tuple[date, str, Decimal, Decimal, Decimal]]:
    """Day, words, out, in, balance; made by arithmetic so that they never change."""
    balance, rows = Decimal(start), []
    for i in range(count):
        happens = HAPPENS[i % len(HAPPENS)]
        value = (
            Decimal((i * 7919 + 12345) % 150000 + 101) / 100,
            Decimal(i % 4 + 1) * 500,
            Decimal("18000.00"),
            Decimal((i * 613) % 30000 + 12000) / 100,
            Decimal(250),
            Decimal(i % 90 + 7) / 100,
        )[i % len(HAPPENS)].quantize(Decimal("0.01"))
        out, into = (Decimal(0), value) if happens[3] > 0 else (value, Decimal(0))
        balance += into - out
        rows.append((date(2026, 7, 1) + timedelta(days=i * 2), happens[language], out, into, balance))  # type: ignore[arg-type]
    return rows


def shown(value: Decimal) -> str:
    return f"{value:,.2f}" if value else ""


def lines(rows: Sequence[Sequence[object]], delimiter: str = ",") -> str:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return out.getvalue()


def chiyu(language: str) -> bytes:
    title, account, name, out_word, in_word = TITLES[language]
    rows = movements(24, language=list(HEADINGS).index(language))
    out, into = sum((r[2] for r in rows), Decimal(0)), sum((r[3] for r in rows), Decimal(0))
    body = [[d.strftime("%d/%m/%Y"), w, "HKD", shown(o), shown(i), f"{b:,.2f}"] for d, w, o, i, b in reversed(rows)]
    head = [[title], [account], [name], []]
    foot = [[], [f"{out_word}: {out:,.2f}"], [f"{in_word}: {into:,.2f}"]]
    text = lines([*head, HEADINGS[language], *body, *foot])
    return text.encode("utf-8-sig" if language == "en" else "gb18030" if language == "zh-hans" else "big5")


def receipt() -> bytes:
    lines = [
        ("納稅人姓名 Name of Taxpayer", "CHAN, TEST 測試"),
        ("收款帳號 Shroff Account Number", "9-9999990-26-1"),
        ("稅單號碼 Charge Number", "9-9999990-26-1-A"),
        ("稅項 Type of Tax", "薪俸稅 Salaries Tax 2025/26"),
        ("繳款金額 Amount Paid", "HK$23,456.00"),
        ("付款日期 Payment Date", "15 January 2026"),
        ("付款方法 Payment Method", "繳費靈 PPS （樣本 SAMPLE）"),
    ]

    def page(sheet: Sheet) -> None:
        sheet.middle(800, "香港特別行政區政府 稅務局 （樣本 SAMPLE）", 13)
        sheet.middle(781, "INLAND REVENUE DEPARTMENT, HKSAR (SAMPLE)", 11)
        sheet.rule(768)
        sheet.middle(742, "電子收據 Electronic Payment Acknowledgement (e-Receipt)", 12)
        for n, (label, value) in enumerate(lines):
            sheet.at(70, 700 - 26 * n, label)
            sheet.at(320, 700 - 26 * n, value)
        sheet.rule(700 - 26 * len(lines))
        sheet.at(70, 480, "本收據由電腦編印，無須簽署。This receipt is computer-generated and needs no signature.", 9)

    return drawn([page], password=HKID[-6:], font="MSung-Light")


def alipay() -> bytes:
    rows = [
        (
            "2026-10-28 12:01:33",
            "餐饮美食",
            "测试餐厅",
            "tes***@example.com",
            "套餐 样本",
            "支出",
            "35.50",
            "样本银行储蓄卡(9999)",
            "交易成功",
        ),
        ("2026-10-27 08:15:02", "交通出行", "测试地铁", "/", "乘车码", "支出", "4.00", "余额宝", "交易成功"),
        (
            "2026-10-26 20:44:59",
            "转账红包",
            "测试 乙",
            "999***@example.com",
            "转账",
            "收入",
            "200.00",
            "余额",
            "交易成功",
        ),
        (
            "2026-10-25 09:00:00",
            "投资理财",
            "测试基金（样本）",
            "/",
            "买入",
            "不计收支",
            "1000.00",
            "余额宝",
            "交易成功",
        ),
        (
            "2026-10-24 19:30:11",
            "日用百货",
            "测试超市",
            "/",
            "日用品 样本",
            "支出",
            "128.90",
            "样本银行信用卡(9998)",
            "交易成功",
        ),
    ]
    head = ["-" * 84, "导出信息：", "姓名：测试甲", "支付宝账户：test@example.com", "起始时间：[2026-10-01 00:00:00]    终止时间：[2026-10-31 23:59:59]",
            "导出交易类型：[全部]", "导出时间：[2026-10-31 10:00:00]", "共5笔记录", "收入：1笔 200.00元", "支出：3笔 168.40元", "不计收支：1笔 1000.00元", "",
            "特别提示：", "1.样本数据，人物与号码均为虚构；", "", "-" * 24 + "支付宝（样本）  电子客户回单" + "-" * 24]  # fmt: skip
    names = "交易时间,交易分类,交易对方,对方账号,商品说明,收/支,金额,收/付款方式,交易状态,交易订单号,商家订单号,备注,"
    body = [",".join((*row, f"99999920261028{i:014d}\t", f"T999999{i:06d}\t", "", "")) for i, row in enumerate(rows)]
    return "\r\n".join([*head, names, *body, ""]).encode("gb18030")


def wechat() -> bytes:
    head = [["微信支付账单明细"], ["微信昵称：[测试甲]"], ["起始时间：[2026-10-01 00:00:00] 终止时间：[2026-10-31 23:59:59]"], ["导出类型：[全部]"],
            ["导出时间：[2026-10-31 10:00:00]"], [], ["共4笔记录"], ["收入：1笔 88.00元"], ["支出：2笔 41.60元"], ["中性交易：1笔 500.00元"], ["注："],
            ["1. 样本数据，人物与号码均为虚构"], [], ["----------------------微信支付账单明细列表--------------------"]]  # fmt: skip
    names = [
        "交易时间",
        "交易类型",
        "交易对方",
        "商品",
        "收/支",
        "金额(元)",
        "支付方式",
        "当前状态",
        "交易单号",
        "商户单号",
        "备注",
    ]
    body = [
        ["2026-10-20 12:00:00", "商户消费", "测试面馆", "午餐", "支出", "¥28.60", "零钱", "支付成功", "9999990000000000000000000001", "T99999901", "/"],
        ["2026-10-19 08:30:00", "微信红包", "测试乙", "/", "收入", "¥88.00", "/", "已存入零钱", "9999990000000000000000000002", "/", "/"],
        ["2026-10-18 21:10:05", "扫二维码付款", "测试小店", "收款方备注:二维码收款", "支出", "¥13.00", "零钱通", "已转账", "9999990000000000000000000003", "T99999903", "/"],
        ["2026-10-17 10:00:00", "零钱提现", "样本银行(9999)", "/", "/", "¥500.00", "样本银行", "提现已到账", "9999990000000000000000000004", "/", "服务费¥0.50"],
    ]  # fmt: skip
    return xlsx(sheets(微信支付账单=[*head, names, *body]))


def statement() -> list[list[object]]:
    return [[d, w, float(o) if o else None, float(i) if i else None, float(b)] for d, w, o, i, b in movements(40)]


BANK = ("交易日期", "摘要", "借方金额", "贷方金额", "余额")
BANK_HEAD = [["测试银行（样本）个人账户明细"], ["户名：测试 甲", "账号：9999990001112223334"], ["币种：人民币"]]


def bank_text(delimiter: str) -> str:
    body = [[d.isoformat(), w, shown(o), shown(i), f"{b:,.2f}"] for d, w, o, i, b in movements(40)]
    return lines([*BANK_HEAD, [], BANK, *body], delimiter)


def bank_html() -> bytes:
    rows = [[d.isoformat(), w, shown(o), shown(i), f"{b:,.2f}"] for d, w, o, i, b in movements(40)]
    cells = "".join("<tr>" + "".join(f"<td>{c}</td>" for c in row) + "</tr>\n" for row in [BANK, *rows])
    return f"<html><head><meta charset=gb2312><title>样本</title></head><body><table border=1>\n{cells}</table></body></html>".encode(
        "gb18030"
    )


def bank_pdf() -> bytes:
    rows = [[d.isoformat(), w, shown(o), shown(i), f"{b:,.2f}"] for d, w, o, i, b in movements(40)]
    out, into = (sum((r[k] for r in movements(40)), Decimal(0)) for k in (2, 3))  # type: ignore[misc]
    parts = rows[:25], rows[25:]

    def page(number: int) -> Page:
        def draw(sheet: Sheet) -> None:
            sheet.middle(800, "测试银行（样本）个人账户明细", 14)
            sheet.at(50, 772, "户名：测试 甲    账号：9999990001112223334    币种：人民币", 9)
            below = sheet.table(758, [list(BANK), *parts[number - 1]], (80, 175, 80, 80, 85), figures=(2, 3, 4))
            if number == len(parts):
                sheet.at(50, below - 20, f"总支出：{out:,.2f}    总存入：{into:,.2f}    共 {len(rows)} 笔", 9)
            sheet.middle(40, f"第 {number} 页 共 {len(parts)} 页    本明细仅供样本展示", 8)

        return draw

    return drawn([page(n) for n in (1, 2)])


def hong_kong_pdf() -> bytes:
    """A statement in English: days as 01 Jul 2026, no rules, the balance brought forward first."""
    rows = [
        (d.strftime("%d %b %Y"), w, shown(o), shown(i), f"{b:,.2f}") for d, w, o, i, b in movements(18, "8000.00", 2)
    ]

    def page(sheet: Sheet) -> None:
        sheet.at(50, 800, "SAMPLE BANK (HONG KONG) LIMITED", 14)
        sheet.at(50, 780, "STATEMENT OF ACCOUNT", 11)
        sheet.at(50, 755, "TEST PERSON A", 9)
        sheet.at(360, 755, "Account number   999-999999-001", 9)
        sheet.rule(742)
        for x, text in (
            (50, "Date"),
            (125, "Transaction details"),
            (318, "Withdrawal"),
            (408, "Deposit"),
            (494, "Balance"),
        ):
            sheet.at(x, 728, text, 9)
        sheet.rule(722)
        lines = [("01 Jul 2026", "BALANCE B/F", "", "", "8,000.00"), *rows]
        for n, (day, words, out, into, balance) in enumerate(lines):
            y = 706 - 17 * n
            sheet.at(50, y, day, 9)
            sheet.at(125, y, words, 9)
            for x, text in ((365, out), (445, into), (530, balance)):
                sheet.ends_at(x, y, text, 9)
        sheet.rule(700 - 17 * len(lines))
        sheet.at(50, 60, "This is a sample. No such account exists.", 8)

    return drawn([page])


def bank_xml() -> bytes:
    names = ("date", "description", "debit", "credit", "balance")
    rows = [(d.isoformat(), w, shown(o), shown(i), f"{b:.2f}") for d, w, o, i, b in movements(12)]
    body = "".join(
        "  <transaction>" + "".join(f"<{n}>{c}</{n}>" for n, c in zip(names, row, strict=True)) + "</transaction>\n"
        for row in rows
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<statement bank="样本银行">\n{body}</statement>\n'.encode()


def parse_result() -> bytes:
    rows = [
        {
            "transactionDate": d.isoformat(),
            "description": w,
            "withdrawal": shown(o),
            "deposit": shown(i),
            "balance": f"{b:.2f}",
        }
        for d, w, o, i, b in movements(8)
    ]
    answer = {
        "daId": "zd1uahd899999900000000000001",
        "bizNo": "999999-test-1",
        "site": "chrome-chiyubank-jyj",
        "transactions": rows,
    }
    return json.dumps(answer, ensure_ascii=False, indent=1).encode()


def samples() -> dict[str, bytes]:
    """Every sample by its name."""
    chiyus = {name: chiyu(name) for name in HEADINGS}
    locked = alipay()
    inner = zipped(Entry("明细.csv", bank_text(",").encode()))
    return {
        "chiyu-zh-hans.zip": zipped(Entry("集友银行流水.csv".encode("gbk"), chiyus["zh-hans"])),
        "chiyu-zh-hant.zip": zipped(Entry("集友銀行流水.csv".encode("big5"), chiyus["zh-hant"])),
        "chiyu-en.zip": zipped(Entry("chiyu_transactions.csv", chiyus["en"])),
        "govhk-tax-receipt.zip": zipped(Entry("e-receipt.pdf", receipt())),
        "alipay.csv": locked,
        "alipay-zipcrypto.zip": zipped(Entry("支付宝交易明细.csv".encode("gbk"), locked, IDNO[-6:].encode())),
        "alipay-aes.zip": zipped(Entry("支付宝交易明细.csv".encode("gbk"), locked, IDNO[-6:].encode(), aes=True)),
        "wechat.xlsx": wechat(),
        "bank.xls": xls(明细=[*BANK_HEAD, [], BANK, *statement()]),
        "bank.xlsx": xlsx(sheets(明细=[*BANK_HEAD, [], BANK, *statement()])),
        "bank.pdf": bank_pdf(),
        "bank-hong-kong.pdf": hong_kong_pdf(),
        "locked-bank.xlsx": encrypted(xlsx(sheets(明细=[*BANK_HEAD, [], BANK, *statement()])), IDNO[-6:]),
        "bank.xml": bank_xml(),
        "scanned.pdf": pdf([[png(300, 400)]]),
        "bank-is-html.xls": bank_html(),
        "bank-is-tsv.xls": bank_text("\t").encode("gb18030"),
        "nested.zip": zipped(Entry("样本/内层.zip", inner), Entry("说明.txt", "样本：内层压缩包。".encode())),
        "parse-result.json": parse_result(),
        "note.txt": "样本说明\r\n\r\n本文件为虚构的测试文本，不含表格。\r\n".encode("gb18030"),
        "picture.png": png(),
        "picture.jpg": jpg(),
    }


def main() -> None:
    folder = Path("sample_data/evidence")
    folder.mkdir(parents=True, exist_ok=True)
    made = samples()
    for name, data in made.items():
        (folder / name).write_bytes(data)
    sys.stdout.write(f"{len(made)} files, {sum(map(len, made.values()))} bytes\n")


if __name__ == "__main__":
    main()
