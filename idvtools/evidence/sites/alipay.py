"""The bill that Alipay exports (支付宝 交易明细): GB18030 CSV, a preamble with totals, amounts unsigned."""

from idvtools.evidence.sites.declaring import Field, Layout

LAYOUT = Layout(
    name="alipay-bill",
    title="Alipay bill",
    marks=("支付宝", "支付寶", "alipay"),
    also=("alipay", "qqmail-alipay_jyls"),
    alone=True,
    fields=(
        Field("date", "datetime", ("交易时间", "交易创建时间", "付款时间", "交易時間", "Transaction Time")),
        Field("category", "text", ("交易分类", "类型", "交易分類", "Category"), required=False),
        Field("counterparty", "text", ("交易对方", "交易對方", "Counterparty")),
        Field("counterparty_account", "text", ("对方账号", "對方帳號", "Counterparty Account"), required=False),
        Field("description", "text", ("商品说明", "商品名称", "商品說明", "Description")),
        Field("direction", "text", ("收/支", "资金状态", "In/Out")),
        Field("amount", "amount", ("金额", "金額", "Amount")),
        Field("method", "text", ("收/付款方式", "支付方式", "Payment Method"), required=False),
        Field("status", "text", ("交易状态", "交易狀態", "Status")),
        Field("order", "text", ("交易订单号", "交易号", "交易訂單號", "Order No")),
        Field("merchant_order", "text", ("商家订单号", "商户订单号", "商家訂單號", "Merchant Order No")),
        Field("remark", "text", ("备注", "備註", "Remarks"), required=False),
    ),
    source="public files of double-entry-generator (2023); older exports have 交易号 and 商家订单号 first",
)
