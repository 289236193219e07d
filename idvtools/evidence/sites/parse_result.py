"""What a vendor parsed out of a statement: JSON records in which every value is a string."""

from idvtools.evidence.sites import bank_statement as bank
from idvtools.evidence.sites.declaring import Field, Layout

LAYOUT = Layout(
    name="vendor-parse-result",
    title="vendor's parse result",
    marks=("daId", "bizNo", "jsonResult", "parseResult", "解析结果"),
    also=("parse-result",),
    any_of=("debit", "credit", "amount"),
    fields=(
        Field("date", "date", (*bank.DATE, "tradeDate", "transDate", "transTime", "tradeTime", "transactionDateTime")),
        Field("time", "text", bank.TIME, required=False),
        Field("description", "text", (*bank.DESCRIPTION, "summary", "desc", "remark"), required=False),
        Field("debit", "amount", (*bank.DEBIT, "debitAmt", "payAmount", "outAmount", "expense"), required=False),
        Field("credit", "amount", (*bank.CREDIT, "creditAmt", "incomeAmount", "inAmount", "income"), required=False),
        Field("amount", "amount", (*bank.AMOUNT, "tradeAmount", "transAmount", "amt"), required=False),
        Field(
            "direction", "text", (*bank.DIRECTION, "incomeExpense", "inOut", "dcFlag", "tradeDirection"), required=False
        ),
        Field("currency", "text", (*bank.CURRENCY, "currencyCode"), required=False),
        Field("balance", "amount", (*bank.BALANCE, "bal", "accountBal"), required=False),
    ),
    source="the vendor's documents say that there is one, not which keys it has: keys here are a guess, and only the "
    "checks depend on them",
)

LAYOUTS = (LAYOUT,)
