"""The bill that WeChat Pay exports (微信支付账单明细): CSV or xlsx, a preamble with totals, ``/`` for neither way."""

from idvtools.evidence.sites.declaring import Field, Layout

LAYOUT = Layout(
    name="wechat-bill",
    title="WeChat Pay bill",
    marks=("微信支付", "微信昵称", "wechat"),
    also=("wechat", "wechatpay"),
    alone=True,
    fields=(
        Field("date", "datetime", ("交易时间", "交易時間", "Transaction Time")),
        Field("type", "text", ("交易类型", "交易類型", "Transaction Type")),
        Field("counterparty", "text", ("交易对方", "交易對方", "Counterparty")),
        Field("description", "text", ("商品", "商品说明", "Product")),
        Field("direction", "text", ("收/支", "In/Out")),
        Field("amount", "amount", ("金额(元)", "金額", "Amount")),
        Field("method", "text", ("支付方式", "Payment Method")),
        Field("status", "text", ("当前状态", "當前狀態", "Status")),
        Field("order", "text", ("交易单号", "交易單號", "Transaction ID")),
        Field("merchant_order", "text", ("商户单号", "商戶單號", "Merchant ID")),
        Field("remark", "text", ("备注", "備註", "Remarks"), required=False),
    ),
    source="public files of double-entry-generator (2019 to 2024), CSV and xlsx",
)
