"""When a pull had better stop."""

from __future__ import annotations

import threading

from idvtools.errors import IdvError, OutputError, SignatureRefusedError, TemporaryError

#: Failures in a row after which nobody is there.
_GIVE_UP = 12


class Stop:
    """Whether it makes sense to go on: not without space, not with keys that are refused, not when nobody is there."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._why: dict[str | None, str] = {}
        self._in_a_row = 0

    def now(self, why: str) -> None:
        """Stop everything."""
        with self._lock:
            self._why.setdefault("*", why)

    @property
    def is_set(self) -> bool:
        """Whether everything was stopped."""
        return "*" in self._why

    def check(self, app: str | None) -> None:
        """Raise NotTriedError if nothing more is to be asked for an app."""
        with self._lock:
            why = self._why.get("*") or self._why.get(app)
        if why:
            raise NotTriedError(f"not tried: {why}")

    def failed(self, error: IdvError, app: str | None) -> None:
        """Take note of a failure."""
        if isinstance(error, NotTriedError):
            return
        with self._lock:
            if isinstance(error, OutputError):
                self._why.setdefault("*", "nothing can be written any more")
            if isinstance(error, SignatureRefusedError):
                self._why.setdefault(app, "the vendor refuses this app's keys")
            if isinstance(error, TemporaryError):
                self._in_a_row += 1
                if self._in_a_row >= _GIVE_UP:
                    self._why.setdefault("*", "nobody answers there; run it again later")

    def well(self) -> None:
        """Take note of something that went well."""
        with self._lock:
            self._in_a_row = 0


class NotTriedError(IdvError):
    """It was not tried, for a reason that was told before."""
