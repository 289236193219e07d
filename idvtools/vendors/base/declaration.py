"""What a vendor is to the rest of the house: a declaration, checked when it is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

from idvtools.errors import (
    CredentialsExpiredError,
    InputError,
    MalformedAnswerError,
    RecordsError,
    SpendingRefusedError,
    TemporaryError,
    VendorError,
)
from idvtools.settings import VendorSettings
from idvtools.vendors.base.books import Books
from idvtools.vendors.base.callbacks import Callbacks
from idvtools.vendors.base.calls import NAME, Call, Draft, Unpacked
from idvtools.vendors.base.codes import Code, CodeTable, code_text, is_code
from idvtools.vendors.base.decoding import Decoded, describe
from idvtools.vendors.base.health import Health
from idvtools.vendors.base.keys import Keys
from idvtools.vendors.base.messages import TRY_AGAIN, Exchange, Request, Stamp, read_exchange
from idvtools.vendors.base.pulls import Pulls

#: Sends a request and gives the exchange back.
Send = Callable[[Request], Exchange]
#: ``ask(call, session, **arguments)`` makes a call and opens its answer.
Ask = Callable[..., Unpacked]


@dataclass(frozen=True)
class Vendor:
    """Declaration of one vendor: the whole of what the house knows of it.

    Parameters
    ----------
    name, title_zh, title_en
        Name in code and settings; names for people.
    zone : str
        IANA zone of times that the vendor writes without an offset.
    settings : type
        Shape of the vendor's table in ``idvtools.toml``.
    template : str
        That table with comments, for ``idvtools init``.
    tables : mapping
        Code tables by name.
    calls : tuple of Call
        Every kind of exchange.
    call_tables : tuple of str
        The tables that say how a call went, not what became of an operation: a code that they do not list is an
        error of the call.
    books : Books or None
        How its logs and statements are read for a reconciliation; None: it is not reconciled.
    callbacks : Callbacks or None
        How what it sends to us is read in bulk; None: it sends nothing.
    pulls : Pulls or None
        What can be pulled from it; None: nothing, for all that it says comes in answers and notifications.
    health : Health
        How to see whether an integration is well.
    renew : callable or None
        ``renew(ask, keys, app_id)`` fetches what a call needs besides keys (tokens, tickets), as (name -> text,
        seconds until it is to be renewed). A text named ``aes_key`` (Base64) joins the app's AES keys.
    repair : callable or None
        Mends the text of a logged line that its vendor's known faults make no JSON.
    explain : callable or None
        Rows on a code that stands in no table because it means several things (DEC's daSubStatus).

    Raises
    ------
    ValueError
        The declaration contradicts itself.
    """

    name: str
    title_zh: str
    title_en: str
    zone: str
    settings: type[VendorSettings]
    template: str
    tables: Mapping[str, CodeTable]
    calls: tuple[Call, ...]
    call_tables: tuple[str, ...]
    books: Books | None = None
    callbacks: Callbacks | None = None
    pulls: Pulls | None = None
    health: Health = field(default_factory=Health)
    renew: Callable[[Ask, Keys, str | None], tuple[Mapping[str, str], float]] | None = None
    repair: Callable[[str], str] | None = None
    explain: Callable[[object], tuple[Code, ...]] | None = None

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise ValueError(f"{self.name}: a vendor's name is lower case")
        ZoneInfo(self.zone)
        names = [c.name for c in self.calls]
        if not names or len(names) != len(set(names)):
            raise ValueError(f"{self.name}: calls must be there, each once")
        if f"[vendors.{self.name}]" not in self.template:
            raise ValueError(f"{self.name}: the template must hold the table [vendors.{self.name}]")
        if set(self.call_tables) - set(self.tables):
            raise ValueError(f"{self.name}: call_tables must be tables")
        if self.callbacks and self.callbacks.table not in (None, *self.tables):
            raise ValueError(f"{self.name}: the table of its callbacks must be one of its tables")
        self._check_calls(set(names))
        for table in self.tables.values():
            if any(c.error and c.outcome == "success" for c in table.rows):
                raise ValueError(f"{self.name}: a success in {table.name} is an error, too")

    def _check_calls(self, names: set[str]) -> None:
        """What is pulled with, and what is seen by, must be calls."""
        if self.pulls and not self.pulls.calls <= names:
            raise ValueError(f"{self.name}: what is pulled with must be calls")
        if not self.health.calls <= {c.name for c in self.calls if not c.costs_money and c.repeatable}:
            raise ValueError(f"{self.name}: health is seen by calls that only ask and are free")
        if self.health.sealed not in (None, *(f.call for f in (self.pulls.files if self.pulls else ()))):
            raise ValueError(f"{self.name}: the sealed answer must be one that leads to files")

    def call(self, name: str) -> Call:
        """A call by its name.

        Raises
        ------
        InputError
            There is none; the message lists those that there are.
        """
        for call in self.calls:
            if call.name == name:
                return call
        raise InputError(f"{self.name} has no call {name}; there are {', '.join(c.name for c in self.calls)}")

    def codes(self, code: object = None) -> list[tuple[str, Code]]:
        """Rows of all code tables with the name of the table, or those of one code.

        Examples
        --------
        >>> from idvtools import vendors
        >>> [(table, row.name_en) for table, row in vendors.get("tencent").codes(7)]
        [('gateway', 'not logged in')]
        """
        rows = [(name, row) for name, table in self.tables.items() for row in table.rows]
        if code is None:
            return rows
        found = [(name, row) for name, row in rows if row.code == code_text(code)]
        return found + [("explanation", row) for row in (self.explain(code) if self.explain else ())]

    def request(
        self,
        call: str,
        keys: Keys,
        *,
        app: str | None = None,
        session: Mapping[str, str] | None = None,
        stamp: Stamp | None = None,
        spend_money: bool = False,
        **arguments: object,
    ) -> Request:
        """A signed request, ready to be sent. Nothing is sent here.

        Parameters
        ----------
        call : str
            Name of the call.
        keys : Keys
            Of this vendor (`open_keys`).
        app : str, optional
            Which app calls; not needed where the settings have one only.
        session : mapping, optional
            What `renew` fetched.
        stamp : Stamp, optional
            Time and nonce; those of now if not given.
        spend_money : bool
            Must be True for a call that the vendor charges for.
        **arguments
            The call's fields, by our names.

        Raises
        ------
        InputError
            Arguments that are unknown, missing or too long.
        SpendingRefusedError
            The call costs money, and `spend_money` does not say that it may.
        SettingsError
            A key that the call needs is not in the settings.
        """
        chosen = self.call(call)
        if chosen.prepare is None:
            raise InputError(f"{self.name}.{call} is nothing that we send")
        if chosen.costs_money and spend_money is not True:
            raise SpendingRefusedError(
                f"each {call} costs money, so it is not sent by accident: pass spend_money=True to send it",
                vendor=self.name,
            )
        tree = chosen.arguments(arguments, self.name)
        draft = Draft(tree.get("request", {}), tree.get("params", {}), app, dict(session or {}))
        stamp = stamp or Stamp.now()
        return chosen.prepare(draft, keys.with_session(app, draft.session, stamp.now_ms), stamp)

    def answer(self, call: str, exchange: Exchange, keys: Keys) -> Unpacked:
        """The opened answer of a call that was made.

        Raises
        ------
        VendorError
            The vendor answered with an error; its type says whether to send the call again.
        """
        try:
            opened = self.call(call).unpack(exchange, keys)
        except RecursionError:
            raise MalformedAnswerError.answered("the answer is nested too deeply", vendor=self.name) from None
        status = exchange.response.status or 0
        if opened.code is None and (status >= 500 or status in TRY_AGAIN):
            raise TemporaryError.answered(f"the server cannot answer now (HTTP {status})", vendor=self.name)
        if opened.code is None and exchange.response.body is None and opened.trusted and not opened.attachments:
            what = "is not JSON" if (exchange.response.raw or b"").strip() else "is empty"
            where = f"{exchange.request.path}, HTTP {status}"
            raise MalformedAnswerError.answered(f"the answer {what} ({where})", vendor=self.name)
        if error := self.error(opened):
            raise error
        return opened

    def error(self, opened: Unpacked) -> VendorError | None:
        """The error that an opened answer stands for, None for none."""
        if not (opened.trusted and not opened.closed):
            return self._unusable(opened)
        if opened.table is None and opened.outcome is not None:
            return None  # a verdict of the business behind the call, which itself went well
        if opened.code is None or opened.table is None:
            return MalformedAnswerError.answered("the answer has no code that the document knows of", vendor=self.name)
        if row := self.tables[opened.table].find(opened.code):
            told = f"{row.name_zh} ({row.code}: {row.name_en})"
            return row.error.answered(told, vendor=self.name, code=row.code) if row.error else None
        if opened.table not in self.call_tables:
            return None  # an unknown status of an operation; the call itself went well
        # What is no code may be anything, a name for example.
        code = opened.code if is_code(opened.code) else None
        told = f"answered with {f'the code {code}' if code else 'a code'}, which no edition of its table lists"
        return VendorError.answered(told, vendor=self.name, code=code)

    def _unusable(self, opened: Unpacked) -> VendorError:
        if opened.trusted:
            why = "; ".join(opened.warnings)
            told = f"the answer cannot be read, for the AES key was rotated, or is not this app's: {why}"
            return CredentialsExpiredError.answered(told, vendor=self.name)
        why = "; ".join(opened.warnings)
        return MalformedAnswerError.answered(f"the answer cannot be trusted: {why}", vendor=self.name)

    def recognise(self, exchange: Exchange) -> Call | None:
        """Which call a logged exchange is, None where none claims it.

        Raises
        ------
        InputError
            Two calls claim it: order must not decide what it is.
        """
        found = [c for c in self.calls if c.claims(exchange)]
        if len(found) > 1:
            raise InputError(f"{self.name}: {' and '.join(c.name for c in found)} both claim this exchange")
        return found[0] if found else None

    def decode(self, logged: object, keys: Keys | None = None, *, reveal: bool = False) -> Decoded:
        """A logged exchange as a tidy record.

        Parameters
        ----------
        logged : object
            A request with its answer, or a message that was received: see `read_exchange` for the forms.
        keys : Keys, optional
            To check signatures and to decrypt; without them what is in clear is read.
        reveal : bool
            Show personal data in clear. Keys, tokens and signatures are never shown.

        Raises
        ------
        RecordsError
            `logged` is not an exchange with this vendor.
        """
        try:
            return self._decode(read_exchange(logged, self.repair), keys, reveal)
        except RecursionError:
            raise RecordsError("the exchange is nested too deeply to be one") from None

    def _decode(self, exchange: Exchange, keys: Keys | None, reveal: bool) -> Decoded:
        call = self.recognise(exchange)
        if call is None:
            raise RecordsError(
                f"this is no exchange with {self.name} that its document knows: "
                f"none of {', '.join(c.name for c in self.calls)}"
            )
        opened = call.unpack(exchange, keys)
        unread = exchange.response.text and exchange.response.body is None
        if unread and not (opened.warnings or opened.attachments):
            opened = replace(opened, warnings=("the answer is not JSON",))
        return describe(self.name, call, opened, self.tables, exchange.at, reveal=reveal)
