"""Canonical JSON to the letter, and that what the ledger reads is what was signed."""

from __future__ import annotations

import json
import random
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from cases.reading import read_cases
from cases.story import Operation
from cases.writing import APP_KEYS, write_workspace
from hypothesis import given
from hypothesis import strategies as st
from reference import tiny_crypto

import idvtools as idv
from idvtools.crypto import canonical_json
from idvtools.errors import CryptoError
from idvtools.vendors.base import CheckKeys
from idvtools.vendors.dec import check_notification, decshash

# ---- known answers: Jackson's ORDER_MAP_ENTRIES_BY_KEYS


@pytest.mark.parametrize(("text", "canonical"), [
    # keys sort by UTF-16 code unit: a character beyond the basic plane begins with D800..DBFF, before E000..FFFF
    (
        '{"\\uffff":1,"\\ue000":2,"𠮷":3,"😀":4,"\\ud7ff":5,"z":6}',
        '{"z":6,"\ud7ff":5,"😀":4,"𠮷":3,"\ue000":2,"\uffff":1}',
    ),
    ('{"\\ud83d\\ude00":1,"\\uff21":2}', '{"😀":1,"Ａ":2}'),
    ('{"b":{"😀":[{"Ａ":1,"😀":2}],"Ａ":0},"a":1}', '{"a":1,"b":{"😀":[{"😀":2,"Ａ":1}],"Ａ":0}}'),
    ('{"a":1,"aa":2,"A":3,"":4,"a b":5,"10":6,"9":7}', '{"":4,"10":6,"9":7,"A":3,"a":1,"a b":5,"aa":2}'),
    # of equal keys the last one holds, at every level, however it is written
    ('{"a":1,"b":2,"a":3}', '{"a":3,"b":2}'),
    ('{"x":{"k":1,"k":{"k":2,"k":3}}}', '{"x":{"k":{"k":3}}}'),
    ('{"data":1,"d\\u0061ta":2}', '{"data":2}'),
    # control characters: the short forms, else \\u in upper case; everything else stands as it is
    (r'"\u0000\u0001\u001f\u000b\u001B"', r'"\u0000\u0001\u001F\u000B\u001B"'),
    (r'"\u0008\u000c\u000a\u000d\u0009\u0022\u005c"', r'"\b\f\n\r\t\"\\"'),
    (r'{"\u001e":1,"\n":2}', r'{"\n":2,"\u001E":1}'),
    (r'"\/ \u007f \u0080 \u2028 \u4F60\u597d"', '"/ \x7f \x80 \u2028 你好"'),
    # white space between tokens goes, inside strings it stays
    (' { "a" : [ 1 ,\t2 , { } , [ ] ] ,\r\n "b" : "  x  " } ', '{"a":[1,2,{},[]],"b":"  x  "}'),
    # scalars; integers of any size
    ("null", "null"), ("[true,false,null]", "[true,false,null]"), ('""', '""'),
    ("9223372036854775807", "9223372036854775807"), ("9223372036854775808", "9223372036854775808"),
    ("-9223372036854775809", "-9223372036854775809"), ("1" * 40, "1" * 40), ("-" + "9" * 400, "-" + "9" * 400),
    ('{"n":18446744073709551616,"d":1.5}', '{"d":1.5,"n":18446744073709551616}'),
])  # fmt: skip
def test_canonical_text(text: str, canonical: str) -> None:
    assert canonical_json(text) == canonical


@pytest.mark.parametrize(("number", "java"), [
    ("1.0", "1.0"), ("1.50", "1.5"), ("-2.5", "-2.5"), ("0.0", "0.0"), ("-0.0", "-0.0"), ("0.1", "0.1"),
    ("1e2", "100.0"), ("100.00", "100.0"), ("1E+2", "100.0"), ("123456.0", "123456.0"), ("1234567.125", "1234567.125"),
    ("9999999.0", "9999999.0"), ("9999999.999", "9999999.999"), ("1e7", "1.0E7"), ("10000000.0", "1.0E7"),
    ("12345678.9", "1.23456789E7"), ("-1e7", "-1.0E7"), ("1e22", "1.0E22"), ("1e23", "1.0E23"),
    ("123456789012345680000.0", "1.2345678901234568E20"), ("1e100", "1.0E100"),
    ("1.7976931348623157e308", "1.7976931348623157E308"),
    ("0.001", "0.001"), ("0.00123", "0.00123"), ("1e-3", "0.001"), ("0.0001", "1.0E-4"), ("0.000999", "9.99E-4"),
    ("-1e-4", "-1.0E-4"), ("1.5e-10", "1.5E-10"), ("2.2250738585072014e-308", "2.2250738585072014E-308"),
    ("0.30000000000000004", "0.30000000000000004"), ("3.141592653589793238", "3.141592653589793"),
])  # fmt: skip
def test_doubles_print_as_java_prints_them(number: str, java: str) -> None:
    assert canonical_json(number) == java
    assert canonical_json(f'{{"b":[{number}],"a":0}}') == f'{{"a":0,"b":[{java}]}}'


@pytest.mark.parametrize("text", [
    "", " ", "{", '{"a":1', '{"a":1,}', "[1,]", "{'a':1}", "{a:1}", '{"a":NaN}', "Infinity", "-Infinity", "01", "+1",
    ".5", "1.", '"\x01"', '"\n"', '"unclosed', '{"a":1}{"b":2}', '{"a":1} x', "// c\n1", "nul", '{"a" 1}', '"\\x41"',
    '"\\u12"', "\ufeff{}", "[" * 200_000, '{"a":' * 100_000 + "1" + "}" * 100_000,
], ids=lambda text: repr(text[:12]))  # fmt: skip
def test_what_is_not_json_is_refused_with_our_own_error(text: str) -> None:
    with pytest.raises(CryptoError):
        canonical_json(text)
    with pytest.raises(CryptoError):
        decshash(text, "k" * 64)
    assert check_notification({"decshash": "0" * 64}, text, CheckKeys("k" * 64, None))[0] == "failed"


# ---- properties

NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
SPECIAL = st.sampled_from('aAz\x00\x1f"\\/你😀\ue000\uffff')
TEXTS = st.text(st.characters(exclude_categories=["Cs"]) | SPECIAL, max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=5),
    max_leaves=20,
)


def shuffled(value: Any, rng: random.Random) -> Any:
    """The same value with every object's keys in another order."""
    if isinstance(value, dict):
        keys = rng.sample(list(value), len(value))
        return {key: shuffled(value[key], rng) for key in keys}
    return [shuffled(item, rng) for item in value] if isinstance(value, list) else value


@given(VALUES, st.randoms(use_true_random=False), st.booleans(), st.sampled_from([None, 1]))
def test_order_of_keys_spaces_and_escapes_do_not_matter(
    value: Any, rng: random.Random, ascii_only: bool, indent: int | None
) -> None:
    canonical = canonical_json(json.dumps(value))
    assert canonical_json(json.dumps(shuffled(value, rng), ensure_ascii=ascii_only, indent=indent)) == canonical


@given(VALUES)
def test_canonical_text_is_stable_and_keeps_the_value(value: Any) -> None:
    canonical = canonical_json(json.dumps(value))
    assert canonical_json(canonical) == canonical
    assert json.loads(canonical) == value


@given(VALUES)
def test_keys_are_sorted_by_utf16_at_every_level(value: Any) -> None:
    def check(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        units = [key.encode("utf-16-be") for key, _ in pairs]
        assert units == sorted(units)
        return dict(pairs)

    json.loads(canonical_json(json.dumps(value)), object_pairs_hook=check)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_double_keeps_its_value_and_has_javas_form(value: float) -> None:
    java = canonical_json(repr(value))
    assert float(java) == value
    assert re.fullmatch(r"-?(0|[1-9]\d*)\.\d+|-?[1-9]\.\d+E-?[1-9]\d*", java)
    assert not re.search(r"\d\.\d+0$|\d\.\d+0E", java)  # no needless zero but the one behind the point
    plain = value == 0 or 1e-3 <= abs(value) < 1e7
    assert ("E" not in java) is plain


@given(st.integers())
def test_an_integer_is_kept_to_the_last_digit(value: int) -> None:
    assert canonical_json(str(value)) == str(value)


def test_an_integer_longer_than_python_reads_is_kept() -> None:
    digits = "7" * (sys.get_int_max_str_digits() + 1)
    assert canonical_json(f'{{"b":1,"a":{digits}}}') == f'{{"a":{digits},"b":1}}'


# ---- what is read is what was signed

TABLE = """
## Signed and forged

| op | sent        | person | we received | statement says |
| -- | ----------- | ------ | ----------- | -------------- |
{rows}

| op | billable | reason | winner | bucket | ours | vendor | severity |
| -- | -------- | ------ | ------ | ------ | ---- | ------ | -------- |
| a  | -        | -      | -      | -      | -    | -      | -        |
"""
FORGED = {"daStatus": 10, "jsonResult": 10}
#: How a forged part gets into a signed body on a status of 41, and what the ledger must take from it.
TRICKS = {
    "untouched": ("{signed}", 41),
    "forged data in front": ('{{"data":{forged},{signed_inside}}}', 41),
    "forged data in front, escaped": ('{{"d\\u0061ta":{forged},{signed_inside}}}', 41),
    "forged status in front": ('{{"v":"2.0.0","func":"daFailed","data":{{"daStatus":10,{data_inside}}}}}', 41),
    "forged data behind": ('{{{signed_inside},"data":{forged}}}', None),
    "forged data behind, escaped": ('{{{signed_inside},"d\\u0061ta":{forged}}}', None),
    "forged status behind": ('{{"v":"2.0.0","func":"daFailed","data":{{{data_inside},"daStatus":10}}}}', None),
}


def tricked(op: Operation, trick: str) -> str:
    """A log line with the true headers of a signed 41, and a body that somebody has added to."""
    data = {"bizAppId": op.app_id, "daId": op.op_id, "bizNo": op.biz_no, "site": op.site, "daStatus": 41}
    message: dict[str, object] = {"v": "2.0.0", "func": "daFailed", "data": data}
    signed = json.dumps(message)
    inside, data_inside = signed[1:-1], json.dumps(data)[1:-1]
    forged = json.dumps({**data, **FORGED})
    body = TRICKS[trick][0].format(signed=signed, signed_inside=inside, data_inside=data_inside, forged=forged)
    right = tiny_crypto.decshash(message, APP_KEYS[op.app_id])
    headers = {"DECSHASH": right, "DECSSIGN": tiny_crypto.decssign(right)}
    return json.dumps({"received_at": "2026-10-05T10:05:00+08:00", "headers": headers, "body": body})


def test_the_ledger_reads_what_was_signed(tmp_path: Path) -> None:
    rows = "\n".join(f"| {name} | 10-05 10:00 | p{name} | - | 41 free |" for name in "abcdefg")
    (tmp_path / "forged.md").write_text(TABLE.format(rows=rows), "utf-8")
    cases = read_cases(tmp_path)
    folder = write_workspace(tmp_path / "ws", cases)
    lines = [tricked(op, trick) for trick, op in zip(TRICKS, cases[0].operations, strict=True)]
    ids = {trick: str(op.op_id) for trick, op in zip(TRICKS, cases[0].operations, strict=True)}
    (folder / "callbacks" / "log.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    workspace = idv.Workspace(folder)
    ledger = workspace.reconcile("dec", month="2026-10").ledger.set_index("op_id")
    # A trick that works would show the forged 10; one that is refused leaves no status at all.
    told = ledger["status"].astype(object).where(ledger["status"].notna(), None)
    wanted_status = {trick: wanted for trick, (_, wanted) in TRICKS.items()}
    assert {trick: told[op_id] for trick, op_id in ids.items()} == wanted_status
    checks = workspace.callbacks("dec").set_index("op_id")["check"]
    assert {trick: checks[op_id] for trick, op_id in ids.items()} == {
        trick: "failed" if wanted is None else "ok" for trick, (_, wanted) in TRICKS.items()
    }
