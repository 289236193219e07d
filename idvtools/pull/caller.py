"""Calls to a vendor: signed, sent, opened; renewed and repeated once where the vendor's document says so."""

from __future__ import annotations

from typing import Any

from idvtools.errors import CredentialsExpiredError, InputError, TemporaryError, VendorError
from idvtools.pull.sessions import Session, Sessions
from idvtools.vendors.base import Call, Keys, Stamp, Unpacked, Vendor
from idvtools.vendors.base.declaration import Send


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

    def __init__(self, vendor: Vendor, keys: Keys, send: Send, sessions: Sessions, *, renew_keys: bool = False) -> None:
        self._vendor = vendor
        self._keys = keys
        self._send = send
        self._sessions = sessions
        self._renew_keys = renew_keys and vendor.renew is not None

    def __repr__(self) -> str:
        return f"Caller({self._vendor.name})"

    def call(self, name: str, *, app: str | None = None, spend_money: bool = False, **arguments: object) -> Unpacked:
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
        Unpacked
            The opened exchange, not masked.

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
        try:
            return self._once(call, app, session, spend_money, arguments)
        except CredentialsExpiredError:
            if not (call.needs_session or self._renew_keys):
                raise
        session = self._sessions.renew(session, self._vendor, self._keys, app, self._send)
        return self._once(call, app, session, spend_money, arguments)

    def _once(
        self, call: Call, app: str | None, session: Session | None, spend_money: bool, arguments: dict[str, Any]
    ) -> Unpacked:
        values = session.values if session else {}
        keys = self._keys.with_session(app, values, round(session.fetched_at * 1000) if session else 0)
        request = self._vendor.request(
            call.name, self._keys, app=app, session=values, stamp=Stamp.now(), spend_money=spend_money, **arguments
        )
        try:
            return self._vendor.answer(call.name, self._send(request), keys)
        except TemporaryError as error:
            if not call.costs_money:
                raise
            why = str(error)
        # "Try again soon" would be an invitation to pay twice.
        raise VendorError(f"{why}; the call may have been made and charged: look for it at the vendor first")
