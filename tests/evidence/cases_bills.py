"""Bills of wallets and shops as they are exported: totals above, ids that are followed by tabs, refunds within cells."""
# ruff: noqa: E501  tables of cases are read as tables

from __future__ import annotations

from making import pdf
from truths import Case, table

ORDER = "20261028999999000000000000{0:02d}"


def alipay(case: Case) -> None:
    preamble = ["-" * 84, "导出信息：", "姓名：测试甲", "共4笔记录", "收入：1笔 200.00元", "支出：2笔 1,039.50元", "不计收支：1笔 1000.00元", "", "特别提示：", "1.样本数据，人物与号码均为虚构；", "", "-" * 24 + "支付宝（样本）  电子客户回单" + "-" * 24]  # fmt: skip
    rows = [
        (
            "2026-10-28 12:01:33",
            "餐饮美食",
            "测试餐厅",
            "/",
            "套餐, 双人",
            "支出",
            "1035.50",
            "样本银行(9999)",
            "交易成功",
        ),
        (
            "2026-10-27 08:15:02",
            "交通出行",
            "测试地铁",
            "tes***@example.com",
            "乘车码",
            "支出",
            "4.00",
            "余额宝",
            "交易成功",
        ),
        ("2026-10-26 20:44:59", "转账红包", "测试乙", "/", "转账", "收入", "200.00", "余额", "交易成功"),
        ("2026-10-25 09:00:00", "投资理财", "测试基金", "/", "买入", "不计收支", "1000.00", "余额宝", "交易成功"),
    ]
    checks = {
        "row count": True,
        "row count 支出": True,
        "total 支出": True,
        "row count 收入": True,
        "total 收入": True,
        "row count 不计收支": True,
        "total 不计收支": True,
    }
    names = (
        "交易时间",
        "交易分类",
        "交易对方",
        "对方账号",
        "商品说明",
        "收/支",
        "金额",
        "收/付款方式",
        "交易状态",
        "交易订单号",
        "商家订单号",
        "备注",
    )
    for name, kept in (("alipay-bill.csv", names), ("alipay-bill-2021.csv", ("收/支", "交易对方", "对方账号", "商品说明", "收/付款方式", "金额", "交易状态", "交易分类", "交易订单号", "商家订单号", "交易时间"))):  # fmt: skip
        full = [
            dict(zip(names, (*row, ORDER.format(n), f"T9999{n:04d}", ""), strict=True)) for n, row in enumerate(rows)
        ]
        lines = [
            ",".join(f'"{r[k]}"' if "," in r[k] else f"{r[k]}\t" if "订单号" in k else r[k].ljust(20) for k in kept)
            + ","
            for r in full
        ]
        truth = [
            [
                r[k].replace(" ", "T") if k == "交易时间" else None if r[k] in ("", "/") and k == "备注" else r[k]
                for k in kept
            ]
            for r in full
        ]
        kinds = {"交易时间": "datetime", "金额": "amount", "交易订单号": "text", "商家订单号": "text"}
        case(name, "\r\n".join([*preamble, ",".join(k.ljust(16) for k in kept) + ",", *lines, ""]), "csv",
             {"rows": 4, "header_row": 13, "columns_named": kinds, "data_starts": truth, "checks": checks, "layout": name.removesuffix(".csv")}, encoding="gb18030")  # fmt: skip
    web = "交易号                  ,商家订单号               ,交易创建时间              ,付款时间                ,最近修改时间              ,交易来源地     ,类型              ,交易对方            ,商品名称                ,金额（元）   ,收/支     ,交易状态    ,服务费（元）   ,成功退款（元）  ,备注                  ,资金状态     ,"
    lines = [f"{ORDER.format(n)}\t,T9999{n:04d}\t,{row[0]} ,{row[0]} ,{row[0]} ,其他（包括阿里巴巴和外部商家）,即时到账交易          ,{row[2]}            ,{row[1]}            ,{row[6]}   ,{way}        ,{row[8]}    ,0.00     ,0.00     ,                    ,{state}         ," for n, (row, way, state) in enumerate(zip(rows, ("支出", "支出", "收入", ""), ("已支出", "已支出", "已收入", "资金转移"), strict=True))]  # fmt: skip
    case("alipay-web-bill.csv", "\r\n".join(["支付宝交易记录明细查询", "账号:[test@example.com]", "起始日期:[2026-10-01 00:00:00]    终止日期:[2026-10-31 00:00:00]", "-" * 35 + "交易记录明细列表" + "-" * 35, web, *lines, "-" * 80, "共4笔记录", "已收入:1笔,200.00元", "待收入:0笔,0.00元", "已支出:2笔,1039.50元", "待支出:0笔,0.00元", "导出时间:[2026-10-31 10:00:00]    用户:测试甲", ""]), "csv",
         {"rows": 4, "header_row": 5, "columns_named": {"交易创建时间": "datetime", "金额（元）": "amount", "交易号": "text"}, "checks": {"row count": True}, "layout": "alipay-web-bill",
          "data_starts": [[ORDER.format(n), f"T9999{n:04d}", rows[n][0].replace(" ", "T")] for n in range(4)]}, encoding="gb18030")  # fmt: skip


def wechat(case: Case) -> None:
    comma = "," * 10
    pre = [
        "微信支付账单明细" + comma,
        "微信昵称：[测试甲]" + comma,
        "起始时间：[2026-10-01 00:00:00] 终止时间：[2026-10-31 23:59:59]" + comma,
        comma,
        "共4笔记录" + comma,
        "收入：1笔 88.00元" + comma,
        "支出：2笔 1,041.60元" + comma,
        "中性交易：1笔 500.00元" + comma,
        "注：" + comma,
        "1. 样本数据" + comma,
        comma,
        "----------------------微信支付账单明细列表--------------------" + comma,
    ]
    rows = [
        "2026-10-20 12:00:00|商户消费|测试面馆|午餐, 两份|支出|¥1028.60|零钱|支付成功|4200009999990000000000000001|T99999901|/",
        "2026-10-19 08:30:00|微信红包|测试乙|/|收入|¥88.00|/|已存入零钱|4200009999990000000000000002|/|/",
        "2026-10-18 21:10:05|扫二维码付款|测试小店|收款方备注:二维码收款|支出|¥13.00|零钱通|已转账|4200009999990000000000000003|T99999903|/",
        "2026-10-17 10:00:00|零钱提现|样本银行(9999)|/|/|¥500.00|样本银行|提现已到账|4200009999990000000000000004|/|服务费¥0.50",
    ]
    lines = [
        ",".join(f'"{c}"' if "," in c else c + "\t" if i in (8, 9) else c for i, c in enumerate(row.split("|")))
        for row in rows
    ]
    case("wechat-bill.csv", "\n".join([*pre, "交易时间,交易类型,交易对方,商品,收/支,金额(元),支付方式,当前状态,交易单号,商户单号,备注", *lines, ""]), "csv",
         {"rows": 4, "header_row": 13, "layout": "wechat-bill", "columns_named": {"交易时间": "datetime", "金额(元)": "amount", "交易单号": "text"},
          "checks": {"row count": True, "row count 支出": True, "total 支出": True, "row count 收入": True, "total 收入": True, "row count 中性交易": True, "total 中性交易": True},
          "data_starts": [[row.split("|")[0].replace(" ", "T"), *row.split("|")[1:3]] for row in rows]}, encoding="utf-8-sig")  # fmt: skip


def shops(case: Case) -> None:
    lines = ["2026-10-28 12:01:33\t,测试商城,T-99,131.77(已退款89.84),样本银行(9999),交易成功,支出,日用百货,99999900000000001\t,M1\t,", "2026-10-27 08:15:02\t,测试商城,T-98,10.20,样本银行(9999),交易成功,支出,日用百货,99999900000000002\t,M2\t,",
             "2026-10-26 20:44:59\t,测试商城,T-97,468.32(已全额退款),样本银行(9999),退款成功,不计收支,日用百货,99999900000000003\t,M3\t,"]  # fmt: skip
    case("refunds-in-cells.csv", "\n".join(["导出信息：", "京东账号名：测试甲", "共：3笔记录", "支出：2笔(含1笔部分退款)，52.13元", "收入：0笔，0.00元", "不计收支：1笔(含1笔全额退款)，0.00元", "", "交易时间,商户名称,交易说明,金额,收/付款方式,交易状态,收/支,交易分类,交易订单号,商家订单号,备注", *lines, ""]), "csv",
         {"rows": 3, "header_row": 8, "columns_named": {"交易时间": "datetime", "金额": "amount", "交易订单号": "text"}, "checks": {"row count": True, "row count 支出": True, "total 支出": True, "row count 不计收支": True},
          "data_starts": [["2026-10-28T12:01:33", "测试商城", "T-99", "131.77"], ["2026-10-27T08:15:02", "测试商城", "T-98", "10.20"], ["2026-10-26T20:44:59", "测试商城", "T-97", "468.32"]]}, encoding="utf-8-sig")  # fmt: skip
    lines = [
        '2026-10-28 20:35:13,2026-10-28 20:35:25,支付,测试茶（样本店） 订单详情,支出,样本月付,¥22.30,¥21.17,"26102811100401670006000394\t","0_2204430449361044\t",/',
        '2026-10-27 07:04:17,2026-10-27 07:04:18,退款,【样本】蛋挞6只,收入,样本银行信用卡(9999),¥20.00,¥20.00,"2610270181541103443\t","4981008581243837847A\t",/',
    ]
    case("two-amounts.csv", "\n".join(["美团交易账单明细（样本）", "起始时间：[2026-10-01] 终止时间：[2026-10-31]", '""', "共：2笔记录", "支出：1笔 21.17元", "收入：1笔 20.00元", '""', "【样本交易账单明细列表】", "交易创建时间,交易成功时间,交易类型,订单标题,收/支,支付方式,订单金额,实付金额,交易单号,商家单号,备注", *lines, ""]), "csv",
         {"rows": 2, "header_row": 9, "columns_named": {"交易创建时间": "datetime", "订单金额": "amount", "实付金额": "amount", "交易单号": "text"}, "checks": {"row count": True, "row count 支出": True, "row count 收入": True, "total 支出": True, "total 收入": True}})  # fmt: skip
    case("amounts-with-currency.csv", "交易日期,记账日期,交易说明,交易币种/金额,入账币种/金额\n2026-10-10,2026-10-11,退货 样本,CNY 123.18,CNY 123.18\n2026-10-29,2026-10-29,信用卡还款 测试,CNY 1666.60,CNY 1666.60\n", "csv",
         table("交易日期:d|记账日期:d|交易说明:t|交易币种/金额:a|入账币种/金额:a", "2026-10-10|2026-10-11|退货 样本|123.18|123.18", "2026-10-29|2026-10-29|信用卡还款 测试|1666.60|1666.60"))  # fmt: skip


def proofs(case: Case) -> None:
    """The PDFs by which people prove what they paid: narrow columns, so that ids and times go over two lines."""
    head = ["交易单号", "交易时间", "交易类型", "收/支/其他", "交易方式", "金额(元)", "交易对方", "商户单号"]
    rows = [
        (
            "420000999920261001000000000001",
            "2026-10-20 12:00:00",
            "商户消费",
            "支出",
            "零钱",
            "1028.60",
            "测试面馆",
            "T9999990120261020",
        ),
        ("420000999920261001000000000002", "2026-10-19 08:30:00", "微信红包", "收入", "/", "88.00", "测试乙", "/"),
        (
            "420000999920261001000000000003",
            "2026-10-17 10:00:00",
            "零钱提现",
            "其他",
            "样本银行",
            "500.00",
            "样本银行(9999)",
            "/",
        ),
    ]
    shown = [[r[0][:16] + "\n" + r[0][16:], r[1].replace(" ", "\n"), *r[2:]] for r in rows]
    case("wechat-proof.pdf", pdf([["微信支付交易明细证明（样本）", "兹证明：测试甲，微信号 test，交易明细如下：", [head, *shown], "说明：样本数据"]], middle=True), "pdf",
         {"rows": 3, "layout": "wechat-proof", "columns_named": {"交易单号": "text", "交易时间": "datetime", "金额(元)": "amount"}, "data_starts": [[r[0], r[1].replace(" ", "T"), *r[2:4]] for r in rows]})  # fmt: skip
    head = ["收/支", "交易对方", "商品说明", "收/付款方式", "金额", "交易订单号", "商家订单号", "交易时间"]
    bills = [
        (
            "支出",
            "测试餐厅",
            "套餐",
            "样本银行(9999)",
            "1035.50",
            "2026102899999900000000000001",
            "T99990001",
            "2026-10-28 12:01:33",
        ),
        ("收入", "测试乙", "转账", "余额", "200.00", "2026102899999900000000000002", "", "2026-10-26 20:44:59"),
        (
            "不计收支",
            "测试基金",
            "买入",
            "余额宝",
            "1000.00",
            "2026102899999900000000000003",
            "T99990003",
            "2026-10-25 09:00:00",
        ),
    ]
    shown = [[*r[:5], r[5][:16] + "\n" + r[5][16:], r[6], r[7].replace(" ", "\n")] for r in bills]
    case("alipay-proof.pdf", pdf([["支付宝交易流水证明（样本）", "编号：99999920261031", "共计3笔交易", [head, *shown]]], middle=True), "pdf",
         {"rows": 3, "layout": "alipay-proof", "columns_named": {"交易订单号": "text", "交易时间": "datetime", "金额": "amount"}, "data_starts": [list(r[:6]) for r in bills], "checks": {"row count": True}})  # fmt: skip


PARTS = (alipay, wechat, shops, proofs)
