"""A bank statement of any bank: date, description, debit and credit or amount, balance."""

from idvtools.evidence.sites.declaring import Field, Layout

DATE = (
    "交易日期", "交易日", "日期", "发生日期", "记账日期", "记账日", "入账日期", "入账日", "起息日",
    "發生日期", "記賬日期", "記帳日期", "入帳日期", "入賬日期", "交易時間", "交易时间", "交易日期时间", "交易日期時間",
    "Transaction Date", "Date", "Trans Date", "Txn Date", "Posting Date", "Post Date", "Booking Date", "Value Date",
    "Date of transaction", "日付", "取引日", "お取引日",
    "取扱日", "取引年月日", "年月日", "Buchungstag", "账务日期", "賬務日期", "帳務日期", "帳務日",
)  # fmt: skip
DESCRIPTION = (
    "摘要", "交易摘要", "交易说明", "说明", "交易描述", "描述", "附言", "交易详情", "用途", "交易内容", "业务摘要",
    "交易說明", "說明", "交易詳情", "交易內容", "賬項說明", "Description", "Transaction Description",
    "Particulars", "Details", "Transaction Details", "Narrative", "Narration", "Memo", "Remarks", "摘要内容",
    "お取引内容", "取引内容", "お取り扱い内容",
    "交易名称", "交易类型", "業務摘要", "帳務摘要", "Transaction Type",
)  # fmt: skip
DEBIT = (
    "支出", "支出金额", "借方金额", "借方发生额", "借方", "支取",
    "支取金额", "记账金额(支出)", "交易金额(支出)", "转出金额", "付款金额", "提取",
    "支出金額", "借方金額", "借方發生額", "支取金額", "轉出金額", "提取金額", "提款", "提款金額", "提款金额", "支帳",
    "Debit", "Debits", "Debit Amount", "Withdrawal", "Withdrawals", "Withdrawal Amount", "Money Out", "Paid Out",
    "Amount Debited", "支払い金額", "お支払金額", "お支払い金額", "出金", "出金額",
    "お引出し", "お引出し金額", "引出金額", "引出し", "お引き出し", "払出金額",
)  # fmt: skip
CREDIT = (
    "收入", "收入金额", "贷方金额", "贷方发生额", "贷方", "存入",
    "存入金额", "记账金额(收入)", "交易金额(收入)", "转入金额", "收款金额",
    "收入金額", "貸方金額", "貸方發生額", "貸方", "存入金額", "轉入金額", "存款",
    "存款金額", "存款金额", "入帳", "入账金额",
    "Credit", "Credits", "Credit Amount", "Deposit", "Deposits", "Deposit Amount", "Money In", "Paid In",
    "Amount Credited", "預かり金額", "お預り金額", "お預かり金額", "入金", "入金額",
    "お預入れ", "お預入れ金額", "預入金額", "預入れ", "お預け入れ", "預入額",
)  # fmt: skip
BALANCE = (
    "余额", "账户余额", "帐户余额", "结余", "当前余额", "交易后余额", "账面余额", "联机余额", "本次余额",
    "餘額", "戶口結餘", "結餘", "賬戶餘額", "帳戶餘額", "戶口餘額", "賬面結餘", "帳面結餘",
    "Balance", "Running Balance", "Account Balance", "Ledger Balance", "Balance After", "差引残高", "残高",
    "お取引後残高", "現在残高", "本次餘額", "交易後餘額", "Available Balance", "Closing Balance",
)  # fmt: skip
CURRENCY = (
    "币种", "货币", "币别", "记账币种", "交易币种", "幣種", "貨幣", "幣別",
    "Currency", "Billing Currency", "Account Currency", "Ccy", "通貨",
)  # fmt: skip
AMOUNT = (
    "金额", "交易金额", "发生额", "人民币金额", "金額", "交易金額", "發生額",
    "Amount", "Transaction Amount", "Billing Amount", "Txn Amount",
)  # fmt: skip
DIRECTION = (
    "收/支", "收支", "收支类型", "借贷标志", "借贷", "借/贷", "借贷方向", "收支類型", "借貸標誌", "借貸", "借/貸",
    "DR/CR", "CR/DR", "D/C", "Debit/Credit", "Debit Credit Indicator",
)  # fmt: skip
TIME = ("时间", "交易时刻", "時間", "Time", "Transaction Time", "记账时间")

LAYOUT = Layout(
    name="bank-statement",
    title="bank statement",
    generic=True,
    any_of=("debit", "credit", "amount"),
    fields=(
        Field("date", "date", DATE),
        Field("time", "text", TIME, required=False),
        Field("description", "text", DESCRIPTION, required=False),
        Field("debit", "amount", DEBIT, required=False),
        Field("credit", "amount", CREDIT, required=False),
        Field("amount", "amount", AMOUNT, required=False),
        Field("direction", "text", DIRECTION, required=False),
        Field("currency", "text", CURRENCY, required=False),
        Field("balance", "amount", BALANCE),
    ),
    source="headings of public statements of Chinese, Hong Kong and Japanese banks",
)

LAYOUTS = (LAYOUT,)
