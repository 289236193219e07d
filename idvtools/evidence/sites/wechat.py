"""Bills of WeChat Pay (微信支付): the CSV or xlsx with its totals above, and the PDF that proves payments.

Amounts have no sign; ``/`` (in the PDF 其他) is neither income nor spending.
"""

from idvtools.evidence.sites.declaring import Field, Layout

_MARKS = ("微信支付", "微信昵称", "微信昵稱", "wechat")
_ALSO = ("wechat", "wechatpay")

DATE = Field("date", "datetime", ("交易时间", "交易時間", "Transaction Time"))
TYPE = Field("type", "text", ("交易类型", "交易類型", "Transaction Type"))
COUNTERPARTY = Field("counterparty", "text", ("交易对方", "交易對方", "Counterparty"))
AMOUNT = Field("amount", "amount", ("金额(元)", "金額", "Amount"))
ORDER = Field("order", "text", ("交易单号", "交易單號", "Transaction ID"))
MERCHANT_ORDER = Field("merchant_order", "text", ("商户单号", "商戶單號", "Merchant ID"))

BILL = Layout(
    name="wechat-bill",
    title="WeChat Pay bill",
    marks=_MARKS,
    also=_ALSO,
    alone=True,
    exact=True,
    fields=(
        DATE,
        TYPE,
        COUNTERPARTY,
        Field("description", "text", ("商品", "商品说明", "Product")),
        Field("direction", "text", ("收/支", "In/Out")),
        AMOUNT,
        Field("method", "text", ("支付方式", "Payment Method")),
        Field("status", "text", ("当前状态", "當前狀態", "Status")),
        ORDER,
        MERCHANT_ORDER,
        Field("remark", "text", ("备注", "備註", "Remarks"), required=False),
    ),
    source="public files of double-entry-generator (2019 to 2024), CSV and xlsx",
)
PROOF = Layout(
    name="wechat-proof",
    title="WeChat Pay proof of payments",
    marks=_MARKS,
    also=_ALSO,
    exact=True,
    fields=(
        ORDER,
        DATE,
        TYPE,
        Field("direction", "text", ("收/支/其他",)),
        Field("method", "text", ("交易方式",)),
        AMOUNT,
        COUNTERPARTY,
        MERCHANT_ORDER,
    ),
    source="the PDF 微信支付交易明细证明; no public file is at hand: its columns are those that its users describe",
)
LAYOUTS = (BILL, PROOF)
