"""How the messages that a vendor sends to us are recognised, checked and read, a column at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from idvtools.vendors.base.books import MESSAGE_FIELDS, CheckResult, Message
from idvtools.vendors.base.keys import Keys


class Deliveries(NamedTuple):
    """Messages as they arrived, column by column.

    `headers` has a column for each header that the vendor declares (empty text where a message has none); then the
    bodies (a pyarrow.LargeStringArray), and the app and the operation that they name.
    """

    headers: Mapping[str, Sequence[str]]
    bodies: Any
    app_ids: Sequence[str | None]
    op_ids: Sequence[str | None]


class Verdicts(NamedTuple):
    """How far each message is to be trusted, and the text (UTF-8) to read: what was checked, or what was wrapped in it.

    None: the body itself.
    """

    results: list[CheckResult]
    texts: list[bytes | None]


Check = Callable[[Deliveries, Keys], Verdicts]


@dataclass(frozen=True)
class Callbacks:
    """Declaration of what a vendor sends to us.

    Parameters
    ----------
    message : Message
        Where the fields stand, in the body or in the text that `check` gives.
    marker : str
        A dotted path that every such body has, and no body of another vendor.
    check : callable or None
        Gives a `Verdicts` for `Deliveries`; None: the vendor does not sign.
    headers : tuple of str
        The headers that hold a signature; a message without any of them is not given to `check`. Empty: the
        signature stands in the body, and `check` sees (and opens) every message.
    answer : str or None
        A dotted path that answers to our own calls have, and no message: logs hold both.
    kind : str
        Kind of a message that does not tell its own.
    same : tuple of str
        Fields that two deliveries of one event have in common.
    table : str or None
        Code table of the status; a status that it does not list, or lists as pending, is no final word. None: any
        message is the final word.
    """

    message: Message
    marker: str
    check: Check | None = None
    headers: tuple[str, ...] = ()
    kind: str = "notification"
    answer: str | None = None
    same: tuple[str, ...] = field(default=MESSAGE_FIELDS)
    table: str | None = None

    def __post_init__(self) -> None:
        if unknown := (set(self.message.fields) | set(self.same)) - set(MESSAGE_FIELDS):
            raise ValueError(f"unknown message fields {sorted(unknown)}")
        if "op_id" not in self.message.fields:
            raise ValueError("a message must name its operation")
        if any(h != h.lower() for h in self.headers):
            raise ValueError("names of headers are lower case here")
