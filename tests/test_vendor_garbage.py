"""Tencent, OneNET and WestDex: logs with anything in any place decode or are refused, and show nothing in clear."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
import test_vendor_onenet as onenet
import test_vendor_tencent as tencent
import test_vendor_westdex as westdex
from hypothesis import given
from hypothesis import strategies as st
from test_vendor_bad_calls import APPS, HIDDEN, HOST, MODULES
from vendor_bench import AT, assert_hidden, keys_of

from idvtools.errors import IdvError, RecordsError, VendorError
from idvtools.vendors.base import Decoded, Keys, Vendor, read_exchange
from idvtools.vendors.westdex import seal_data


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Keys]:
    return {v: keys_of(tmp_path_factory.mktemp(v), v, app, HOST, secrets) for v, (app, secrets) in APPS.items()}


@pytest.mark.parametrize("vendor", MODULES)
@pytest.mark.parametrize(
    "logged",
    [None, 5, True, [], [{}], "", "[]", "{", b"\xff\xfe", {}, {"a": 1}, "[" * 99999, '{"a":' * 99999, {"request": []}],
)  # fmt: skip
def test_what_is_no_exchange_is_refused(vendor: str, logged: Any, keys: dict[str, Keys]) -> None:
    with pytest.raises(RecordsError):
        MODULES[vendor].VENDOR.decode(logged, keys[vendor])


def nested(depth: int, kind: str) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value] if kind == "list" else {"a": value}
    return value


def samples() -> dict[str, tuple[Vendor, Callable[[Any], Any], dict[str, Any]]]:
    """By name: the vendor, how to seal what its exchange holds, and an exchange with everything in clear."""

    def seal_tencent(logged: Any) -> Any:
        response = logged.get("response") if isinstance(logged, dict) else None
        if isinstance(response, dict) and isinstance(response.get("data"), dict):
            response = {**response, "data": tencent.seal(response["data"])}
            return {**logged, "response": response}
        return logged

    def seal_westdex(logged: Any) -> Any:
        response = logged.get("response") if isinstance(logged, dict) else None
        if isinstance(response, dict) and isinstance(response.get("data"), dict):
            sealed = seal_data(json.dumps(response["data"], default=str), westdex.KEY)
            return {**logged, "response": {**response, "data": sealed}}
        return logged

    def wrapped(asked: Any, answer: Any, url: str, headers: dict[str, str]) -> dict[str, Any]:
        http = {"method": "POST", "url": url, "params": {}, "headers": headers, "body": asked}
        return {"requested_at": AT, "request": http, "response": answer}

    asked, answer = tencent.log()["request"], tencent.log()["response"] | {"data": tencent.PERSON}
    headers = {"signature": tencent.SIGNATURE}
    return {
        "tencent": (tencent.VENDOR, seal_tencent, wrapped(asked, answer, tencent.HOST + tencent.PATH, headers)),
        "tencent, bare": (tencent.VENDOR, seal_tencent, {"request": asked, "response": answer}),
        "tencent return": (tencent.VENDOR, seal_tencent, {"extraData": {"token": tencent.TOKEN, "errCode": "602"}}),
        "onenet": (
            onenet.VENDOR, lambda x: x,
            wrapped(onenet.ASKED, onenet.ANSWER, onenet.URL, {"Authorization": onenet.HEADER}),
        ),
        "onenet, bare": (onenet.VENDOR, lambda x: x, onenet.log()),
        "onenet push": (onenet.VENDOR, lambda x: x, onenet.push()),
        "westdex": (
            westdex.VENDOR, seal_westdex,
            wrapped(westdex.asked(), westdex.answer() | {"data": {"result": "01"}}, f"{westdex.URL}?timestamp=1", {}),
        ),
        "westdex, bare": (westdex.VENDOR, seal_westdex, westdex.log()),
    }  # fmt: skip


SAMPLES = samples()


def places(tree: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from places(value, (*path, key))


def replaced(tree: Any, path: tuple[str, ...], value: Any) -> Any:
    if not path:
        return value
    if not isinstance(tree, dict):
        return tree
    return {k: replaced(v, path[1:], value) if k == path[0] else v for k, v in tree.items()}


def decoded_or_refused(name: str, logged: Any, keys: dict[str, Keys]) -> Decoded | None:
    """Decode what a sample became, check what holds for every record, and let typed errors pass."""
    vendor, seal, _ = SAMPLES[name]
    try:
        logged = seal(logged)
    except RecursionError:
        return None  # nobody can have sent that as text
    try:
        got = vendor.decode(logged, keys[vendor.name])
    except IdvError as error:
        assert_hidden(error, *HIDDEN)
        return None
    assert got.op_id is None or isinstance(got.op_id, str), "an operation is named by text"
    assert got.code is None or isinstance(got.code, str)
    assert_hidden((got, got.row()), *HIDDEN)
    call = vendor.recognise(read_exchange(logged))
    if call is not None and call.direction == "out":
        try:
            vendor.answer(call.name, read_exchange(logged), keys[vendor.name])
        except VendorError as error:
            assert_hidden(error, *HIDDEN)
    return got


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=20)
    | st.sampled_from(
        [Decimal("0.5"), Decimal("-0"), 10**30, "", "0", "2", "A" * 24, "http://[", "a=b&c=%ff", "{", "[]"]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("name", SAMPLES)
@given(data=st.data())
def test_any_json_in_any_place_decodes_or_is_refused(name: str, keys: dict[str, Keys], data: st.DataObject) -> None:
    logged = SAMPLES[name][2]
    for path in data.draw(st.lists(st.sampled_from(list(places(logged))), min_size=1, max_size=3)):
        logged = replaced(logged, path, data.draw(JUNK))
    decoded_or_refused(name, logged, keys)


TROUBLE: dict[str, Any] = {
    "nan": float("nan"), "infinity": float("inf"), "1E+5000": Decimal("1E+5000"),
    "year 1": "0001-01-01T00:00:00+08:00", "broken URL": "http://[bad/idCardThreeElements", "true": True,
    "half a character": "\ud83d", "list": ["x"], "object": {"x": "y"}, "600 lists": nested(600, "list"),
    "600 objects": nested(600, "dict"), "3000 lists": nested(3000, "list"), "3000 objects": nested(3000, "dict"),
}  # fmt: skip


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("kind", TROUBLE)
def test_known_troublemakers_in_every_place(name: str, kind: str, keys: dict[str, Keys]) -> None:
    """Each alone, in every field of a valid exchange: all failures in one message."""
    failures = {}
    for path in places(SAMPLES[name][2]):
        logged = replaced(SAMPLES[name][2], path, TROUBLE[kind])
        try:
            decoded_or_refused(name, logged, keys)
        except Exception as error:
            failures[".".join(path) or "all"] = f"{type(error).__name__}: {str(error)[:80]}"
    assert failures == {}


@pytest.mark.parametrize("name", SAMPLES)
def test_every_field_may_be_missing(name: str, keys: dict[str, Keys]) -> None:
    """Deleted, not null: what is left is decoded or refused."""

    def without(tree: Any, path: tuple[str, ...]) -> Any:
        if len(path) > 1:
            return {k: without(v, path[1:]) if k == path[0] else v for k, v in tree.items()}
        return {k: v for k, v in tree.items() if k != path[0]}

    found = [decoded_or_refused(name, without(SAMPLES[name][2], p), keys) for p in places(SAMPLES[name][2]) if p]
    assert any(found), "most fields are not what makes it an exchange"
