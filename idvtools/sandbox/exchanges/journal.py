"""A log of exchanges, written as an application would write it."""

from __future__ import annotations

import json
import random
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from idvtools.sandbox.clockwork import Calendar
from idvtools.sandbox.messages import compact, iso
from idvtools.sandbox.people import Person, Population
from idvtools.vendors.base import Keys, Request, Stamp, Vendor

_JSON = {"Content-Type": "application/json; charset=utf-8"}
_LETTERS = string.ascii_letters + string.digits


@dataclass
class Journal:
    """Collects the lines of one vendor's log; every moment and nonce comes from the seed.

    Parameters
    ----------
    vendor, keys
        Whose exchanges they are, and the keys of the settings: requests are really signed.
    calendar : Calendar
        For local times.
    rng : random.Random
        Every choice.
    people : Population
        Who takes part.
    now_ms : int
        The clock (ms since 1970); each entry moves it on.
    as_text : bool
        Whether bodies are logged as the text that they were, or as JSON values.
    """

    vendor: Vendor
    keys: Keys
    calendar: Calendar
    rng: random.Random
    people: Population
    now_ms: int
    as_text: bool = True
    lines: list[bytes] = field(default_factory=list)

    def request(self, call: str, *, keys: Keys | None = None, **arguments: Any) -> Request:
        """A real request of ours, a few seconds after the last entry; `keys` if it is made with other ones."""
        self.wait(self.rng.randint(2_000, 40_000))
        stamp = Stamp(self.now_ms, "".join(self.rng.choices(_LETTERS, k=32)))
        return self.vendor.request(call, keys or self.keys, stamp=stamp, spend_money=True, **arguments)

    def call(self, call: str, answer: object, *, status: int = 200, **arguments: Any) -> None:
        """A request of ours, and what the vendor answered: text as it is, anything else as JSON."""
        self.sent(self.request(call, **arguments), answer, status=status)

    def sent(
        self, request: Request, answer: object, *, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        """Log a request with its answer."""
        url = f"{request.url}?{urlencode(request.params)}" if request.params else request.url
        body: object = None if request.body is None else self._body(request.body.decode("utf-8"))
        if request.files:
            body = f"<multipart/form-data, {len(request.files)} part(s)>"
        self.line(
            {
                "requested_at": iso(self.calendar, self.now_ms),
                "request": {"method": request.method, "url": url, "headers": dict(request.headers), "body": body},
                "response": {
                    "status": status,
                    "headers": dict(headers or _JSON),
                    "body": self._body(answer if isinstance(answer, str) or answer is None else compact(answer)),
                },
            }
        )

    def received(
        self, body: str, headers: Mapping[str, str] | None = None, *, answer: str | None = None, wait_ms: int = 9_000
    ) -> None:
        """Log a message of the vendor's, with our answer if that is logged, too."""
        self.wait(wait_ms)
        moment, got = iso(self.calendar, self.now_ms), {**_JSON, **(headers or {})}
        if answer is None:
            self.line({"received_at": moment, "headers": got, "body": self._body(body)})
            return
        request = {"method": "POST", "url": "https://we.example.com/notify", "headers": got, "body": self._body(body)}
        response = {"status": 200, "headers": dict(_JSON), "body": self._body(answer)}
        self.line({"received_at": moment, "request": request, "response": response})

    def line(self, entry: object) -> None:
        """One more line: bytes as they are, anything else as JSON."""
        self.lines.append(entry if isinstance(entry, bytes) else compact(entry).encode("utf-8"))

    def wait(self, milliseconds: int) -> None:
        """Let time pass."""
        self.now_ms += milliseconds

    def token(self, length: int = 24) -> str:
        """Letters and digits that nobody could guess, were the seed not public."""
        return "".join(self.rng.choices(_LETTERS, k=length))

    def secret(self, length: int = 40) -> str:
        """A secret of the vendor's; it begins with SECRET, so that it is easily found where it must not be."""
        return "SECRET" + self.token(length - 6)

    def digits(self, count: int) -> str:
        """A number as the vendors make them."""
        return "".join(self.rng.choices(string.digits, k=count))

    def _body(self, text: str | None) -> object:
        if text is None or self.as_text:
            return text
        try:
            return json.loads(text)
        except ValueError:
            return text


def phone(person: Person) -> str:
    """A telephone number that nobody has: none begins with 100."""
    return f"1000000{person.number:04d}"
