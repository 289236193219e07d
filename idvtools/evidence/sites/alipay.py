"""Bills of Alipay (支付宝): the app's CSV in two editions, the older one of the web, and the PDF that proves payments.

All are GB18030 with a preamble that prints how many rows there are and what they come to; amounts have no sign.
"""

from idvtools.evidence.sites.declaring import Field, Layout

_MARKS = ("支付宝", "支付寶", "alipay")
_ALSO = ("alipay", "qqmail-alipay_jyls")

DATE = Field("date", "datetime", ("交易时间", "交易時間", "Transaction Time"))
CATEGORY = Field("category", "text", ("交易分类", "交易分類", "Category"), required=False)
COUNTERPARTY = Field("counterparty", "text", ("交易对方", "交易對方", "Counterparty"))
ACCOUNT = Field("counterparty_account", "text", ("对方账号", "對方帳號", "Counterparty Account"), required=False)
DESCRIPTION = Field("description", "text", ("商品说明", "商品說明", "商品名称", "Description"))
DIRECTION = Field("direction", "text", ("收/支", "In/Out"))
AMOUNT = Field("amount", "amount", ("金额", "金額", "Amount"))
METHOD = Field("method", "text", ("收/付款方式", "Payment Method"), required=False)
STATUS = Field("status", "text", ("交易状态", "交易狀態", "Status"))
ORDER = Field("order", "text", ("交易订单号", "交易訂單號", "Order No"))
MERCHANT_ORDER = Field("merchant_order", "text", ("商家订单号", "商户订单号", "商家訂單號", "Merchant Order No"))
REMARK = Field("remark", "text", ("备注", "備註", "Remarks"), required=False)

BILL = Layout(
    name="alipay-bill",
    title="Alipay bill",
    marks=_MARKS,
    also=_ALSO,
    alone=True,
    exact=True,
    fields=(
        DATE,
        CATEGORY,
        COUNTERPARTY,
        ACCOUNT,
        DESCRIPTION,
        DIRECTION,
        AMOUNT,
        METHOD,
        STATUS,
        ORDER,
        MERCHANT_ORDER,
        REMARK,
    ),
    source="public files of double-entry-generator (2023)",
)
BILL_2021 = Layout(
    name="alipay-bill-2021",
    title="Alipay bill of 2021",
    marks=_MARKS,
    also=_ALSO,
    alone=True,
    exact=True,
    fields=(
        DIRECTION,
        COUNTERPARTY,
        ACCOUNT,
        DESCRIPTION,
        METHOD,
        AMOUNT,
        STATUS,
        CATEGORY,
        ORDER,
        MERCHANT_ORDER,
        DATE,
    ),
    source="the order in which double-entry-generator reads the app's bill since 2021",
)
WEB = Layout(
    name="alipay-web-bill",
    title="Alipay bill of the web",
    marks=_MARKS,
    also=_ALSO,
    alone=True,
    exact=True,
    fields=(
        Field("order", "text", ("交易号",)),
        MERCHANT_ORDER,
        Field("date", "datetime", ("交易创建时间",)),
        Field("paid", "datetime", ("付款时间",), required=False),
        Field("changed", "datetime", ("最近修改时间",), required=False),
        Field("source", "text", ("交易来源地",), required=False),
        Field("category", "text", ("类型",), required=False),
        COUNTERPARTY,
        Field("description", "text", ("商品名称",)),
        AMOUNT,
        Field("meant", "text", ("收/支",)),
        STATUS,
        Field("fee", "amount", ("服务费",), required=False),
        Field("refund", "amount", ("成功退款",), required=False),
        REMARK,
        Field("direction", "text", ("资金状态",)),  # what was paid; 收/支 counts what was cancelled too
    ),
    source="the fields that double-entry-generator reads of bills before 2021",
)
PROOF = Layout(
    name="alipay-proof",
    title="Alipay proof of payments",
    marks=_MARKS,
    also=_ALSO,
    exact=True,
    fields=(DIRECTION, COUNTERPARTY, DESCRIPTION, METHOD, AMOUNT, ORDER, MERCHANT_ORDER, DATE),
    source="the PDF 交易流水证明; no public file is at hand: its columns are those that its users describe",
)
LAYOUTS = (BILL, BILL_2021, WEB, PROOF)
