"""Masks, the scrubbing of free text, and pseudonyms."""

from __future__ import annotations

import hashlib
import hmac
import pickle
import re
from datetime import date

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from idvtools.errors import InputError
from idvtools.privacy import PERSONAL_COLUMNS, Pseudonyms, mask_column, mask_id, mask_name, mask_phone, scrub

KEY = b"0123456789abcdef-workspace-key"


@pytest.mark.parametrize(
    ("mask", "value", "masked"),
    [
        (mask_id, "110101199001011234", "1101************34"),
        (mask_id, "11010519491231002X", "1101************2X"),
        (mask_id, "110101900101123", "1101*********23"),
        (mask_id, "A123456(7)", "**********"),  # short: nothing is kept
        (mask_id, "", ""),
        (mask_name, "张三丰", "张**"),
        (mask_name, "张三", "张*"),
        (mask_name, "李", "*"),
        (mask_name, "", ""),
        (mask_phone, "13812345678", "138****5678"),
        (mask_phone, "+86 13812345678", "+86********5678"),
        (mask_phone, "91234567", "********"),
    ],
)
def test_masks(mask, value, masked):
    assert mask(value) == masked


@pytest.mark.parametrize(
    ("column", "value", "masked"),
    [
        ("user_name", "张三", "张*"),
        ("userName", "张三", "张*"),
        ("ID_NO", "110101199001011234", "1101************34"),
        ("身份证号", "110101199001011234", "1101************34"),
        ("phone", 13812345678, "138****5678"),
        ("openid", "oABC", "***"),
        ("phone", None, None),
        ("da_status", 10, 10),
        ("da_id", "zd1uahd81589468946623610880", "zd1uahd81589468946623610880"),
        ("id_no_enc", "RTukZZStW==", "RTukZZStW=="),
    ],
)
def test_mask_column(column, value, masked):
    assert mask_column(column, value) == masked


def test_mask_column_leaves_what_is_missing():
    assert str(mask_column("name", float("nan"))) == "nan"
    assert mask_column("name", pd.NA) is pd.NA
    assert mask_column("name", pd.NaT) is pd.NaT


def test_personal_columns_are_lower_case_in_both_spellings():
    expected = {"user_name", "username", "name", "phone", "id_no", "idno", "open_id", "openid"}
    assert expected <= PERSONAL_COLUMNS
    assert all(name == name.lower() for name in PERSONAL_COLUMNS)
    assert not {"da_id", "app_id", "biz_no", "site", "subject"} & PERSONAL_COLUMNS


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        # id numbers
        ("no 110101199001011234.", "no ***."),
        ("no 11010519491231002x", "no ***"),
        ("１１０１０５１９４９１２３１００２Ｘ", "***"),
        ("110101900101123", "***"),
        ("110101 19900101 1234", "***"),
        ("110101-19900101-123X", "***"),
        ("userIdNo110101199001011234", "userIdNo***"),  # 8 characters before it, and yet no daId
        ("cardNo110101199001011234", "cardNo***"),
        ("20261001110101199001011234", "***"),  # a date before it: no appId is all digits
        ("6222020200112233445", "***"),  # a bank card
        # telephones, HKID, e-mail
        ("tel 13812345678", "tel ***"),
        ("tel１３８１２３４５６７８", "tel***"),
        ("+86 138 1234 5678", "***"),
        ("8613812345678", "***"),
        ("013812345678", "***"),
        ("138-1234-5678", "***"),
        ("HKID A123456(7)", "HKID ***"),
        ("AB987654A", "***"),
        ("a123456（3）", "***"),
        ("to li.si+x@mail.example.com", "to ***"),
        ("110101199001011234@qq.com", "***"),
        # JSON, JSON in JSON, repr, key=value
        ('{"userName":"张三","site":"x"}', '{"userName":"***","site":"x"}'),
        ('{"name" : "a\\"b", "n": 1}', '{"name" : "***", "n": 1}'),
        ('{"name":"a\\\\","idNo":"X"}', '{"name":"***","idNo":"***"}'),
        ('{"phone":91234567,"openId":null}', '{"phone":"***","openId":null}'),
        ('{"pdfPassword":["12","3]4"],"n":1}', '{"pdfPassword":["***"],"n":1}'),
        ('{"pdfPassword":[["12"],["3"', '{"pdfPassword":["***"]'),
        ('{"user_id":"u","fileKey":"k"}', '{"user_id":"***","fileKey":"***"}'),
        ('{"token":"t","secret":"s"}', '{"token":"***","secret":"***"}'),
        ('{"data":{"aeskey":"k=="}}', '{"data":{"aeskey":"***"}}'),
        ('{"DECSHASH":"AB12","DECSSIGN":"c2ln=="}', '{"DECSHASH":"AB12","DECSSIGN":"***"}'),
        (r'"body":"{\"userName\":\"张\\\"三\",\"site\":\"x\"}"', r'"body":"{\"userName\":\"***\",\"site\":\"x\"}"'),
        (r'"body":"{\"userName\":\"张三"}', r'"body":"{\"userName\":\"***"}'),
        ('{"userName":"张', '{"userName":"***'),  # cut
        ("{'userName': '张三', 'n': None}", "{'userName': '***', 'n': None}"),
        ("{'name': None}", "{'name': None}"),
        ("User(userName=John Smith, idNo=A123456(7), site=x)", "User(userName=***, idNo=***, site=x)"),
        ("客户姓名：张三，状态：正常", "客户姓名：***，状态：正常"),
        (r"a\nname=张三", r"a\nname=***"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("x-cos-server-side-encryption-customer-key: a2V5", "x-cos-server-side-encryption-customer-key: ***"),
        # presigned links
        ("GET https://b.example/o.zip?sign=q-ak&x=1 200", "GET https://b.example/o.zip?… 200"),
        ('{"fileUrl":"https://b.example/o?sign=a\\u0026t=1","n":1}', '{"fileUrl":"https://b.example/o?…","n":1}'),
        (r'"{\"u\":\"https://b.example/o?sign=a\"}"', r'"{\"u\":\"https://b.example/o?…\"}"'),
    ],
)
def test_scrub_masks(text, scrubbed):
    assert scrub(text) == scrubbed


@pytest.mark.parametrize(
    "text",
    [
        "zd1uahd81589468946623610880",
        "zd1uahd81589468946623610880-0",
        '{"daId":"zd1uahd8158946894662361"}',
        "交易_zd1uahd81589468946623610880，done",
        '{"authorizedTs":1667793902434,"bizNo":"1667793902434"}',
        "2026-10-01T10:00:00.123456+08:00",
        "20261001T100000Z",
        "交易流水对账单_de1y1kdr_20220801.csv:17",
        '{"daStatus":10,"jsonResult":13,"site":"chrome-govhk-tax","accessWay":"h5"}',
        '{"name":{"first":1}}',
        "RTukZZStW/+4XiToo1WzXIRDSPC3w2ceVco/vPcwYFs=",
        "why? nobody knows",
        "",
    ],
)
def test_scrub_keeps(text):
    assert scrub(text) == text


def test_scrub_is_bounded():
    assert scrub("x" * 300) == "x" * 300
    assert scrub("x" * 301) == "x" * 299 + "…"
    assert scrub("x " * 5_000_000, limit=10) == "x x x x x…"
    # A number that the limit cuts must not come out as the harmless beginning of one.
    assert "1101" not in scrub("文" * 295 + "110101199001011234")
    assert "1101" not in scrub("13812345678 " * 199 + "9999110101199001011234")


# ---- properties

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_DIGITS = st.sampled_from(["0123456789", "０１２３４５６７８９"])


@st.composite
def id_numbers(draw) -> str:
    """18 digits as the standard makes them (GB 11643), ASCII or full width."""
    region = draw(st.sampled_from(["110101", "440305", "650102", "810000"]))
    born = draw(st.dates(date(1920, 1, 1), date(2026, 1, 1)))
    body = f"{region}{born:%Y%m%d}{draw(st.integers(0, 999)):03d}"
    check = "10X98765432"[sum(int(d) * w for d, w in zip(body, _WEIGHTS, strict=True)) % 11]
    return (body + check).translate(str.maketrans("0123456789", draw(_DIGITS)))


_QUOTES = [
    '"',
    "\\",
    "'",
    ":",
    "=",
    " ",
    "{",
    "[",
    "]",
    '"name":',
    '\\"idNo\\":\\"',
    "null",
    "***",
    "…",
    "姓名",
    "Bearer ",
    "，",
]
_SHAPES = [
    "sign=",
    "?a=",
    "@",
    "a.b",
    "1",
    "X",
    "-0",
    "13812345678",
    "zd1uahd8",
    "1589468946623610880",
    "A123456(7)",
    "Li Si",
]
_FRAGMENTS = st.sampled_from(_QUOTES + _SHAPES)
texts = st.one_of(st.text(), st.lists(st.one_of(_FRAGMENTS, st.text(max_size=3)), max_size=12).map("".join))


def _reads_as_da_id(text: str, at: int) -> bool:
    """The one exception: digits glued on both sides so that the whole is a daId of 19 digits to the letter."""
    return any(
        m.start() < at < m.end()
        for m in re.finditer(r"(?<![\dA-Za-z])(?=\d*[A-Za-z])[0-9A-Za-z]{8}[0-9]{19}(?![\dA-Za-z])", text)
    )


@given(texts, id_numbers(), texts)
@example("idNumber", "110101199001011237", "")
@example("cardNo", "110101199001011237", "")
@example("5", "110101199001011237", "5")
def test_no_id_number_survives_whatever_is_around_it(before, number, after):
    text = before + number + after
    assume(not _reads_as_da_id(text, len(before) + 1))
    assert number not in scrub(text, limit=10_000)
    assert number not in scrub(text)


@given(texts, st.integers(1, 400))
@example("zd1uahdx1381234567890123456", 20)  # the cut leaves what looks like a mobile number
@example('"name":"x"', 9)
def test_scrubbing_twice_changes_nothing(text, limit):
    once = scrub(text, limit)
    assert len(once) <= limit
    assert scrub(once, limit) == once


@given(
    st.from_regex(r"[a-z]{2}[0-9a-z]{6}", fullmatch=True),
    st.integers(1_550_000_000_000, 2_800_000_000_000),
    st.integers(0, (1 << 22) - 1),
    st.sampled_from(["", "-0", "-12"]),
    st.sampled_from(['"daId":"{}"', "{}", "[{}]", "da {} ok", "id={},", "取证{}完成", "a_{}.pdf"]),
)
def test_da_ids_survive(app, made_ms, sequence, child, around):
    da_id = f"{app}{((made_ms - 1288834974657) << 22) + sequence}{child}"
    assert scrub(around.format(da_id)) == around.format(da_id)


@given(st.datetimes(), st.integers(10**12, 1_999_999_999_999))
def test_times_survive(time, epoch_ms):
    text = f'{time.isoformat()} {time.isoformat()}+08:00 {{"ts":{epoch_ms},"s":"{epoch_ms}"}}'
    assert scrub(text) == text


# ---- pseudonyms


@given(st.binary(min_size=1, max_size=200), st.text())
def test_a_pseudonym_is_a_cut_hmac(key, value):
    assert Pseudonyms(key).of(value) == hmac.digest(key, value.encode(), hashlib.sha256).hex()[:16]


def test_a_pseudonym_takes_the_text_as_it_is():
    people = Pseudonyms(KEY)
    assert len({people.of(v) for v in ("11010519491231002X", "11010519491231002x", " 11010519491231002X", "")}) == 4
    assert people.of("\ud800")  # broken text from JSON has one, too


@pytest.mark.parametrize(
    "values",
    [
        pa.array(["b", None, "a", "b"]),
        pa.array(["b", None, "a", "b"], pa.large_string()),
        pa.array(["b", None, "a", "b"], pa.string_view()),
        pa.array(["b", None, "a", "b"]).dictionary_encode(),
        pa.DictionaryArray.from_arrays(pa.array([0, 1, 2, 0]), pa.array(["b", None, "a"])),
        pa.chunked_array([["b", None], ["a", "b"]]),
        pa.chunked_array([pa.array(["b", None]).dictionary_encode(), pa.array(["a", "b"]).dictionary_encode()]),
        pa.array(["x", "b", None, "a", "b", "y"]).slice(1, 4),
    ],
    ids=["string", "large", "view", "dictionary", "null in dictionary", "chunks", "dictionary chunks", "slice"],
)
def test_pseudonyms_of_a_column(values):
    people = Pseudonyms(KEY)
    column = people.column(values)
    assert column.type == pa.string()
    assert column.to_pylist() == [people.of("b"), None, people.of("a"), people.of("b")]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pa.array([], pa.string()), []),
        (pa.chunked_array([], pa.string()), []),
        (pa.array([None, None], pa.string()), [None, None]),
        (pa.nulls(2), [None, None]),
    ],
)
def test_pseudonyms_of_nothing(values, expected):
    column = Pseudonyms(KEY).column(values)
    assert (column.type, column.to_pylist()) == (pa.string(), expected)


def test_pseudonyms_refuse_numbers_and_an_empty_key():
    with pytest.raises(TypeError, match="not of double"):
        Pseudonyms(KEY).column(pa.array([1.5]))
    with pytest.raises(InputError, match="empty"):
        Pseudonyms(b"")


def test_the_key_does_not_show():
    people = Pseudonyms(KEY)
    assert repr(people) == str(people) == "Pseudonyms(…)"
    with pytest.raises(TypeError):
        pickle.dumps(people)
