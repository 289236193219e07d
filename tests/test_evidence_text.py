"""Text of any encoding and any delimiter: what it decodes to, how it is cut into rows, and what is said about it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idvtools.errors import EvidenceError
from idvtools.evidence.limits import Budget, Limits
from idvtools.evidence.model import Found
from idvtools.evidence.text.delimited import read_delimited
from idvtools.evidence.text.encodings import decode
from idvtools.evidence.text.quoting import split_lines


def read(data: bytes | str, encoding: str = "utf-8") -> Found:
    return read_delimited(data.encode(encoding) if isinstance(data, str) else data, "a.csv", Budget(Limits()))


def rows(data: bytes | str, encoding: str = "utf-8") -> list[tuple[object, ...]]:
    (grid,) = read(data, encoding).grids
    return [tuple(row) for row in grid.rows]


SIMPLIFIED = [
    "交易时间,交易对方,金额\n2026-10-01,张三,12.50\n",
    "账户明细",
    "姓名,身份证号码",
    "收入：1笔 222228.50元",
    "学习",
    "中国建设银行",
]
TRADITIONAL = [
    "交易日期,摘要,支出,收入,餘額\n",
    "帳戶結單",
    "陳大文,13800000000",
    "許功蓋",
    "香港上海匯豐銀行",
    "九龍灣",
]
JAPANESE = [
    "日付,摘要,支払い金額,預かり金額,差引残高\n",
    "振込,ヤマダタロウ",
    "口座振替３",
    "ありがとうございました",
    "ﾌﾘｺﾐ ﾔﾏﾀﾞ,1000",
]
WESTERN = ["Café,für €5,Größe\n", "Señor Muñoz", "£5.00,naïve\n"]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [(t, e) for t in SIMPLIFIED for e in ("gb18030", "utf-8", "utf-8-sig", "utf-16")]
    + [(t, e) for t in TRADITIONAL for e in ("cp950", "utf-8", "utf-16")]
    + [(t, e) for t in JAPANESE for e in ("cp932", "utf-8", "utf-16")]
    + [(t, e) for t in WESTERN for e in ("cp1252", "utf-8")]
    + [
        (SIMPLIFIED[0], "utf-16-le"),
        (TRADITIONAL[0], "utf-16-be"),
        ("a,b\n1,2\n", "utf-16-le"),
        ("帳戶明細，交易", "gb18030"),
        ("滙豐銀行,帳戶結單", "big5hkscs"),
    ],
)
def test_each_encoding_of_each_language_decodes_to_what_was_written(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)).text == text


PHRASES = {
    "gb18030": [
        "交易",
        "账户",
        "余额",
        "支出",
        "收入",
        "对方户名",
        "摘要",
        "手续费",
        "工商银行",
        "2026-10-01",
        "1,234.56",
        "张伟",
        "刘洋",
        "退款",
        "微信支付",
        "备注",
        "成功",
        "人民币",
    ],
    "cp950": [
        "交易",
        "帳戶",
        "餘額",
        "支出",
        "收入",
        "對方戶名",
        "摘要",
        "手續費",
        "匯豐銀行",
        "2026-10-01",
        "1,234.56",
        "陳志明",
        "黃家輝",
        "退款",
        "轉賬",
        "備註",
        "成功",
        "港幣",
    ],
    "cp932": [
        "日付",
        "口座",
        "残高",
        "支払い",
        "入金",
        "振込",
        "お取り扱い",
        "手数料",
        "三菱銀行",
        "2026-10-01",
        "1,234",
        "田中",
        "ヤマダ",
        "カード",
        "給与",
        "備考",
        "メモ",
        "円",
    ],
}


@given(data=st.data(), encoding=st.sampled_from(sorted(PHRASES)))
@settings(max_examples=150, deadline=None)
def test_a_bill_of_a_few_words_is_decoded_right_in_every_encoding(data: st.DataObject, encoding: str) -> None:
    words = data.draw(st.lists(st.sampled_from(PHRASES[encoding]), min_size=6, max_size=40))
    text = ",".join(words) + "\n"
    for codec in (encoding, "utf-8", "utf-16"):
        decoded = decode(text.encode(codec))
        assert decoded.text == text or any("not certain" in w for w in decoded.warnings), (codec, decoded.encoding)


def test_the_choice_and_the_runner_up_are_told() -> None:
    decoded = decode(JAPANESE[0].encode("cp932"))
    assert (decoded.encoding, decoded.runner_up is not None) == ("cp932", True)
    assert decode(b"plain,ascii\n").runner_up is None


def test_half_a_character_at_the_end_is_said_and_the_rest_read() -> None:
    for encoding in ("gb18030", "utf-8", "cp950"):
        whole = ("帳戶結單明細，交易日期，餘額" * 3).encode(encoding)
        decoded = decode(whole[:-1])
        assert decoded.text.startswith("帳戶結單")
        assert any("cut off" in w for w in decoded.warnings), encoding


def test_a_broken_character_in_the_middle_is_said_with_its_line() -> None:
    data = ("姓名,金额\n" * 5).encode("gb18030") + b"\xc1,1\n" + ("交易明细,2\n" * 5).encode("gb18030")
    decoded = decode(data)
    assert decoded.encoding == "gb18030"
    assert any("line 6" in w for w in decoded.warnings)


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_bytes_decode_to_some_text_and_read_without_a_crash(data: bytes) -> None:
    decode(data)
    read(data)


CELLS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"), exclude_characters="\ufeff\u200b"), max_size=12
)


@given(
    table=st.integers(2, 5).flatmap(
        lambda w: st.lists(st.lists(CELLS, min_size=w, max_size=w), min_size=2, max_size=6)
    ),
    delimiter=st.sampled_from(",;\t|"),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
)
@settings(max_examples=120, deadline=None)
def test_quoted_cells_come_back_as_written(table: list[list[str]], delimiter: str, end: str) -> None:
    head = delimiter.join(f'"name {i}"' for i in range(len(table[0])))
    body = [delimiter.join('"' + f"x{cell}x".replace('"', '""') + '"' for cell in row) for row in table]
    found = rows("\ufeff" + end.join([head, *body]) + end)  # with a mark: two bytes alone may be GBK as well
    assert found[1:] == [tuple(f"x{cell}x" for cell in row) for row in table]


@given(st.lists(st.sampled_from(["\n", "\r\n", "\r"]), min_size=4, max_size=4))
def test_line_ends_may_change_within_a_file(ends: list[str]) -> None:
    lines = ["a,b", "1,2", "3,4", "5,6"]
    text = "".join(line + end for line, end in zip(lines, ends, strict=True))
    assert split_lines(text) == lines
    (grid,) = read(text).grids
    assert list(grid.numbers) == [1, 2, 3, 4]


def test_a_quoted_line_break_stays_in_its_cell_and_numbers_stay_the_lines() -> None:
    (grid,) = read('id,note,amount\n1,"two\nlines",3\n2,plain,4\n').grids
    assert grid.rows[1] == ("1", "two\nlines", "3")
    assert list(grid.numbers) == [1, 2, 4]


def test_a_quote_that_never_ends_does_not_swallow_the_file() -> None:
    (grid,) = read("id,note,amount\n" + '1,"open,3\n' + "".join(f"{i},plain,4\n" for i in range(2, 200))).grids
    assert len(grid.rows) == 200
    assert grid.rows[1] == ("1", '"open', "3")
    assert any("line 2" in w for w in grid.warnings)


def test_quotes_within_text_are_text() -> None:
    assert rows('a,b,c\n1,点击底部"多多视频","/"\n2,x,y\n')[1] == ("1", '点击底部"多多视频"', "/")


def test_formula_cells_padding_and_forced_text_are_taken_off_and_said() -> None:
    found = read('="代码"\t="金额"\t\n="000001"\t 1.50 \t\n="799999"\t2.00\t\n', "gb18030")
    (grid,) = found.grids
    assert grid.rows[1][:2] == ("000001", "1.50")
    assert any("formulas" in w for w in grid.warnings)
    assert any("spaces" in w for w in grid.warnings)
    assert rows("时间,单号,金额\n`2026-10-01,`0012,`1.00\n`2026-10-02,`0013,`2.00\n")[1] == (
        "2026-10-01",
        "0012",
        "1.00",
    )


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_the_delimiter_is_found_after_a_preamble_with_others(delimiter: str) -> None:
    lines = ["Statement; for: A, B and C", "", delimiter.join(["Date", "Text", "Amount"])]
    lines += [
        delimiter.join([f"2026-10-0{i}", "rent, power; water" if delimiter not in ",;" else "rent", "1.50"])
        for i in range(1, 6)
    ]
    assert rows("\n".join(lines))[-1][::2] == ("2026-10-05", "1.50")


def test_fixed_width_text_becomes_columns_also_with_wide_characters() -> None:
    lines = [
        "日期        摘要          金额",
        *(f"2026-10-0{i}  工资{'收入' * (i % 2)}{'    ' * (1 - i % 2)}  {i},000.00" for i in range(1, 6)),
    ]
    assert rows("\n".join(lines), "gb18030")[1] == ("2026-10-01", "工资收入", "1,000.00")


@pytest.mark.parametrize(
    "prose",
    [
        "Dear customer,\n\nthank you for your letter, which we have read.\nWe will write again.\n\nYours, the bank\n",
        "本函仅供参考。\n如有疑问，请致电客服。\n谢谢。\n",
        "hello\n",
        "",
    ],
)
def test_a_text_that_is_no_table_comes_back_as_text(prose: str) -> None:
    found = read(prose)
    assert not found.grids
    assert found.text == prose


def test_nul_characters_are_taken_out_and_said() -> None:
    found = read(b"a,b\n1\x00,2\n3,4\n")
    assert found.grids[0].rows[1] == ("1", "2")
    assert any("NUL" in w for w in found.warnings)


def test_more_cells_than_allowed_is_an_error_in_plain_english() -> None:
    with pytest.raises(EvidenceError, match="cells"):
        read_delimited(b"a,b\n" + b"1,2\n" * 100, "a.csv", Budget(Limits(cells=50)))


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("日付,摘要,出金,入金,残高\n2026/1/2,給与,,300000,320000\n2026/1/3,電気料金,8000,,312000\n", "euc_jp"),
        ("日付,摘要,出金,入金,残高\n2026/1/2,給与,,300000,320000\n2026/1/3,電気料金,8000,,312000\n", "cp932"),
        ("거래일자,적요,출금액,입금액,잔액\n2026-01-02,급여,0,2000000,2500000\n", "cp949"),
        ("Дата;Описание;Сумма\n02.01.2026;Зарплата;2000,50\n", "cp1251"),
        ("交易日期,摘要,支出金額,存入金額,帳戶餘額\n113/01/02,薪資,,50000,52000\n", "cp950"),
        ("记账日期,摘要,支出,收入,余额\n20260102,工资,,5000.00,5200.00\n", "gb18030"),
        ("Datum;Empfänger;Betrag\n02.01.2026;Bäckerei Müller;-3,50\n", "cp1252"),
        ("거래일자,적요,잔액\n2026-01-02,급여,2500000\n", "utf-16-le"),
    ],
)
def test_three_lines_are_enough_to_tell_an_encoding(text: str, encoding: str) -> None:
    found = decode(text.encode(encoding))
    assert (found.encoding, found.text, found.warnings) == (encoding, text, ())


def test_seven_bits_with_escape_sequences_are_japanese_or_korean() -> None:
    for text, encoding in (("日付,残高\n", "iso2022_jp"), ("거래일자,잔액\n", "iso2022_kr")):
        assert decode(text.encode(encoding)).text == text
    assert decode(b"a,\x1b$\n").encoding == "utf-8"


def test_a_column_of_sentences_under_plain_names_is_a_table_and_a_letter_is_none() -> None:
    lines = ["code,meaning", "A,the one that came with the letter", "B,what they sent us back later", "C,x"]
    assert [len(row) for row in rows("\n".join(lines))] == [2] * 4
    letter = "Dear Sir,thank you\nwe have seen it in May,and all of us liked it\nso please come,as we said we would\n"
    assert not read(letter).grids


def test_other_alphabets_are_not_taken_for_russian_without_a_word() -> None:
    greek = "ημερομηνία;περιγραφή;υπόλοιπο;κίνηση λογαριασμού ταμιευτηρίου και στοιχεία για τον πελάτη της τράπεζας\n"
    assert any("not certain" in w for w in decode((greek * 2).encode("cp1253")).warnings)
    russian = "дата;описание;остаток;движение по счёту клиента банка и прочие сведения о вкладе за отчётный период\n"
    assert decode((russian * 2).encode("cp1251")).warnings == ()
