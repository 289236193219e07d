"""What the vendors' endpoints have in common: reading a request, answering it, choosing by the seed."""

from __future__ import annotations

import json
import random
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from idvtools import vendors
from idvtools.sandbox.messages import compact
from idvtools.sandbox.people import REGION, Person, check_digit
from idvtools.sandbox.server.world import World
from idvtools.vendors.base import AppKeys

T = TypeVar("T")
_ZONE = ZoneInfo("Asia/Shanghai")
_STEMS = "甲乙丙丁戊己庚辛壬癸"
_BRANCHES = "子丑寅卯辰巳午未申酉戌亥"
#: How far ahead of ours the clock of the other side may be.
SKEW_MS = 300_000
JSON_TYPE = "application/json; charset=utf-8"


class RefusedError(Exception):
    """The call is answered with a code of the vendor's; `told` stands in the place of the table's text."""

    def __init__(self, code: str, told: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.told = told


class Push(NamedTuple):
    """A message of a vendor's to us, ready to be sent."""

    url: str
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"Push({len(self.body)} bytes)"


def app_keys(world: World, vendor: str, app_id: object, *needed: str) -> AppKeys | None:
    """The keys of an app of ours; None where the vendor does not know it, or not all the keys that it needs."""
    keys = world.keys.get(vendor)
    app = keys.apps.get(app_id) if keys and isinstance(app_id, str) else None
    return app if app and all(app.has(name) for name in needed) else None


def json_object(raw: bytes) -> dict[str, Any] | None:
    """The JSON object that a body holds; None for anything else.

    Examples
    --------
    >>> json_object(b'{"a": 1}'), json_object(b"[1]"), json_object(b'{"a": NaN}'), json_object(bytes([0xFF]))
    ({'a': 1}, None, None, None)
    """
    try:
        value = json.loads(raw.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def media_type(request: Request) -> str:
    """What the request says its body is, without parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def answer(value: object, status: int = 200) -> Response:
    """An answer in JSON."""
    return Response(compact(value).encode("utf-8", "replace"), status, headers={"Content-Type": JSON_TYPE})


def strict_base64(text: object) -> bytes | None:
    """The bytes of a standard Base64 text in its one right spelling; None for anything else.

    Examples
    --------
    >>> strict_base64("AAE="), strict_base64("AAF="), strict_base64("A-E="), strict_base64("AAE=\\n"), strict_base64(7)
    (b'\\x00\\x01', None, None, None, None)
    """
    if not isinstance(text, str):
        return None
    try:
        raw = b64decode(text, validate=True)
    except ValueError:
        return None
    return raw if b64encode(raw).decode("ascii") == text else None


@cache
def told(vendor: str, table: str, code: str, *, chinese: bool = True) -> str:
    """What the vendor's table says about a code; the empty text for a code that it does not list."""
    row = vendors.get(vendor).tables[table].find(code)
    return "" if row is None else row.name_zh if chinese else row.name_en


def choose(world: World, purpose: str, who: object, weights: Mapping[T, int]) -> T:
    """One of several outcomes, always the same for the same person or token and the same seed."""
    # ascii: a text from outside may hold what no encoding takes.
    return world.rng(f"{purpose}/{who!a}").choices([*weights], [*weights.values()])[0]


def someone(rng: random.Random) -> Person:
    """A person who does not exist (see `idvtools.sandbox.people`).

    Examples
    --------
    >>> someone(random.Random(1)).id_no[:6]
    '999999'
    """
    number = rng.randrange(10_000)
    born = date(1960, 1, 1) + timedelta(days=rng.randrange(14_600))
    first17 = f"{REGION}{born:%Y%m%d}{rng.randrange(1, 1000):03d}"
    name = "测试" + rng.choice(_STEMS) + rng.choice(_BRANCHES)
    return Person(number, first17 + check_digit(first17), name)


def digits(rng: random.Random, count: int) -> str:
    """A number as the vendors make them."""
    return "".join(rng.choices("0123456789", k=count))


def local(now_ms: int) -> str:
    """A moment as ``yyyyMMddHHmmss`` in China.

    Examples
    --------
    >>> local(1516178421000)
    '20180117164021'
    """
    return f"{datetime.fromtimestamp(now_ms / 1000, _ZONE):%Y%m%d%H%M%S}"


def address(person: Person) -> str:
    """Where nobody lives."""
    return f"合成省样例市虚构路{person.number}号"
