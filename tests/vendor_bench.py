"""What the tests of single vendors share: keys from a settings file, the forms of logs, looking for what must hide."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from idvtools import vendors
from idvtools.settings import load
from idvtools.vendors.base import Keys, open_keys

#: JSON values without numbers that have a point, which we read as Decimals.
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
#: Keys and ids. Without NUL: HMAC fills its key with it.
WORDS = st.text("abcXYZ0189-", min_size=1)
AT = "2026-10-01T08:00:00+08:00"


def known(vendor: str) -> dict[str, Any]:
    """The published answers of a vendor."""
    return json.loads((Path(__file__).parent / "vectors" / f"{vendor}.json").read_text("utf-8"))


def keys_of(folder: Path, vendor: str, app: str, url: str, secrets: Mapping[str, str], **settings: str) -> Keys:
    """Keys of one app, by way of ``idvtools.toml`` and the environment."""
    lines = [f"[vendors.{vendor}]", *(f'{k} = "{v}"' for k, v in {"base_url": url, **settings}.items())]
    lines += [f'[[vendors.{vendor}.apps]]\nid = "{app}"', *(f'{k} = {{env = "{k}"}}' for k in secrets)]
    (folder / "idvtools.toml").write_text("\n".join(lines))
    return open_keys(load(folder, secrets, shapes=vendors.shapes()).vendor(vendor), vendor)


def forms(request: Any, answer: Any, url: str, headers: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    """One exchange in every form that `read_exchange` accepts; the names of those with headers begin with "http"."""
    whole = {"requested_at": AT, "request": request, "response": answer}
    asked, got = json.dumps(request), json.dumps(answer)
    yield "objects", whole
    yield "JSON strings", {"requested_at": AT, "request": asked, "response": got}
    yield "one text", json.dumps(whole, ensure_ascii=False)
    yield "bytes with a mark", b"\xef\xbb\xbf" + json.dumps(whole).encode()
    http = {"method": "post", "url": url, "headers": headers}
    yield "http, objects", {**whole, "request": {**http, "body": request}, "response": {"status": 200, "body": answer}}
    yield "http, strings", {**whole, "request": {**http, "body": asked}, "response": {"status": 200, "body": got}}


def received(message: Any) -> Iterator[tuple[str, Any]]:
    """A message that the vendor sent to us, in every form."""
    text = json.dumps(message, ensure_ascii=False)
    yield "bare body", message
    yield "bare text", text
    yield "bytes", text.encode()
    yield "received", {"received_at": AT, "headers": {"X-Real-IP": "10.0.0.1"}, "body": message}
    yield "received, text", {"received_at": AT, "headers": {}, "body": text}
    yield "request only", {"request": message}


def assert_hidden(shown: object, *clear: str) -> None:
    """None of the clear texts stands in what is shown."""
    found = [text for text in clear for view in (repr(shown), str(shown)) if text in view]
    assert not found
