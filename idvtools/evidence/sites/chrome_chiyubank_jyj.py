"""Transactions of Chiyu Banking (集友銀行流水), one CSV in a zip; headings simplified, traditional or English."""

from idvtools.evidence.sites import bank_statement as bank
from idvtools.evidence.sites.declaring import Field, Layout

REFERENCE = ("参考编号", "交易编号", "參考編號", "交易編號", "Reference", "Reference No")

LAYOUT = Layout(
    name="chrome-chiyubank-jyj",
    title="Chiyu Bank transactions",
    marks=("集友", "chiyu"),
    any_of=("debit", "credit", "amount"),
    fields=(
        Field("date", "date", bank.DATE),
        Field("time", "text", bank.TIME, required=False),
        Field("description", "text", bank.DESCRIPTION),
        Field("currency", "text", bank.CURRENCY, required=False),
        Field("debit", "amount", bank.DEBIT, required=False),
        Field("credit", "amount", bank.CREDIT, required=False),
        Field("amount", "amount", bank.AMOUNT, required=False),
        Field("direction", "text", bank.DIRECTION, required=False),
        Field("balance", "amount", bank.BALANCE),
        Field("reference", "text", REFERENCE, required=False),
    ),
    source="the vendor names the site and the form (one CSV in a zip); no public file shows its headings: these are "
    "those of other Hong Kong banks here: a file with others is told as nearly fitting",
)

LAYOUTS = (LAYOUT,)
