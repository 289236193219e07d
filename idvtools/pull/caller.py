"""Calls to a vendor: signed, sent, opened; renewed and repeated once where the vendor's document says so."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from idvtools.errors import CredentialsExpiredError, InputError, TemporaryError, VendorError
from idvtools.pull.again import ATTEMPTS, Again, retrying
from idvtools.pull.sessions import Session, Sessions
from idvtools.vendors.base import Call, Keys, Stamp, Unpacked, Vendor
from idvtools.vendors.base.declaration import Send


@dataclass(frozen=True, slots=True)
class Answer:
    """What a vendor answered: opened, and the bytes as they were received."""

    opened: Unpacked
    received: bytes = field(repr=False)


class Caller:
    """Calls one vendor.

    Parameters
    ----------
    vendor : Vendor
        Its declaration.
    keys : Keys
        Its keys (`Workspace.keys`).
    send : callable
        Sends a request: a `Transport`, or anything that takes its place.
    sessions : Sessions
        Where tokens and tickets are kept, for vendors that have them.
    renew_keys : bool
        Whether a call that is refused because a *key* was rotated may fetch a new one (DEC: -43037, -44050). A fetch
        makes the key of everybody else old, the production system's too, so it happens only where it is asked for.
        The new key stands in the session's file until it is put into the settings.
    attempts : int
        How often a call is sent in all, where it fails for something temporary and may be sent again: where it only
        asks, or where the vendor's document says of its answer to try again. Each time it is signed anew.

    Examples
    --------
    >>> import idvtools as idv
    >>> from pathlib import Path
    >>> from idvtools import vendors
    >>> from idvtools.pull import Caller, Sessions, Transport
    >>> ws = idv.Workspace("sample_data/2026-10")
    >>> caller = Caller(vendors.get("dec"), ws.keys("dec"), Transport(), Sessions(ws.folder / "keys"))
    >>> caller
    Caller(dec)
    """

    def __init__(
        self,
        vendor: Vendor,
        keys: Keys,
        send: Send,
        sessions: Sessions,
        *,
        renew_keys: bool = False,
        attempts: int = ATTEMPTS,
    ) -> None:
        self._vendor = vendor
        self._keys = keys
        self._send = send
        self._sessions = sessions
        self._renew_keys = renew_keys and vendor.renew is not None
        self._attempts = attempts

    def __repr__(self) -> str:
        return f"Caller({self._vendor.name})"

    def call(self, name: str, *, app: str | None = None, spend_money: bool = False, **arguments: object) -> Unpacked:
        """Make a call and open its answer: `ask` without what was received."""
        return self.ask(name, app=app, spend_money=spend_money, **arguments).opened

    def ask(self, name: str, *, app: str | None = None, spend_money: bool = False, **arguments: object) -> Answer:
        """Make a call and open its answer.

        Parameters
        ----------
        name : str
            Name of the call.
        app : str, optional
            Which app calls; not needed where the settings have one only.
        spend_money : bool
            Must be True for a call that the vendor charges for.
        **arguments
            The call's own, by our names.

        Returns
        -------
        Answer
            The opened exchange, not masked, and the answer as it was received.

        Raises
        ------
        VendorError
            The vendor answered with an error, after one renewal of the session where that may help.
        InputError
            Arguments that the call does not take, or a call that would kick out the session that all share.
        """
        call = self._vendor.call(name)
        if call.renews is not None and call.renews(arguments):
            raise InputError(f"{name}: sessions fetch it; a fetch beside them would kick out what all others use")
        session = None
        if call.needs_session:
            session = self._sessions.get(self._vendor, self._keys, app, self._send)
        elif self._renew_keys:
            session = self._sessions.stored(self._vendor, self._keys, app)
        again = self._again(call)
        try:
            return again(self._once, call, app, session, spend_money, arguments)
        except CredentialsExpiredError:
            if not (call.needs_session or self._renew_keys):
                raise
        session = self._sessions.renew(session, self._vendor, self._keys, app, self._send)
        return again(self._once, call, app, session, spend_money, arguments)

    def _again(self, call: Call) -> Again:
        # Without an answer nobody knows whether the call was carried out.
        return retrying(lambda e: call.repeatable or e.code in call.again, attempts=self._attempts)

    def _once(
        self, call: Call, app: str | None, session: Session | None, spend_money: bool, arguments: dict[str, Any]
    ) -> Answer:
        values = session.values if session else {}
        keys = self._keys.with_session(app, values, round(session.fetched_at * 1000) if session else 0)
        request = self._vendor.request(
            call.name, self._keys, app=app, session=values, stamp=Stamp.now(), spend_money=spend_money, **arguments
        )
        try:
            exchange = self._send(request)
            return Answer(self._vendor.answer(call.name, exchange, keys), exchange.response.raw or b"")
        except TemporaryError as error:
            if not call.costs_money:
                raise
            why = str(error)
        # "Try again soon" would be an invitation to pay twice.
        raise VendorError(f"{why}; the call may have been made and charged: look for it at the vendor first")
