"""Calls to a vendor: signed, sent, opened; renewed and repeated once where the vendor's document says so."""

from __future__ import annotations

from typing import Any

from idvtools.errors import CredentialsExpiredError
from idvtools.pull.sessions import Session, Sessions
from idvtools.vendors.base import Keys, Stamp, Unpacked, Vendor
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

    def __init__(self, vendor: Vendor, keys: Keys, send: Send, sessions: Sessions) -> None:
        self._vendor = vendor
        self._keys = keys
        self._send = send
        self._sessions = sessions

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
            Arguments that the call does not take.
        """
        session = None
        if self._vendor.call(name).needs_session:
            session = self._sessions.get(self._vendor, self._keys, app, self._send)
        try:
            return self._once(name, app, session, spend_money, arguments)
        except CredentialsExpiredError:
            if session is None:
                raise
        session = self._sessions.renew(session, self._vendor, self._keys, app, self._send)
        return self._once(name, app, session, spend_money, arguments)

    def _once(
        self, name: str, app: str | None, session: Session | None, spend_money: bool, arguments: dict[str, Any]
    ) -> Unpacked:
        request = self._vendor.request(
            name,
            self._keys,
            app=app,
            session=session.values if session else None,
            stamp=Stamp.now(),
            spend_money=spend_money,
            **arguments,
        )
        return self._vendor.answer(name, self._send(request), self._keys)
