"""Tokens and tickets that are global to an account: fetched once, shared by every thread and process.

Fetching anew kicks out the old ones (seed 002 section 4.6), so two programs that each fetch their own would
take the ground from under each other. The file is the one truth; a lock beside it lets one fetch at a time.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from filelock import FileLock, Timeout

from idvtools.crypto.digests import fingerprint
from idvtools.errors import InputError, OutputError, TemporaryError
from idvtools.pull.again import retrying
from idvtools.vendors.base import Keys, Stamp, Unpacked, Vendor
from idvtools.vendors.base.declaration import Send

_WAIT_S = 90.0


@dataclass(frozen=True, slots=True)
class Session:
    """What `Vendor.renew` fetched. `made` tells one fetch from the next."""

    values: Mapping[str, str] = field(repr=False)
    fetched_at: float
    renew_after_s: float
    made: str

    def __reduce__(self) -> NoReturn:
        raise TypeError("a session is not pickled: it stands in its file")

    def is_fresh(self, now: float) -> bool:
        """Whether it needs no renewal yet; one from the future (a clock was set back) does."""
        return 0 <= now - self.fetched_at < self.renew_after_s


class Sessions:
    """The sessions of a workspace, in files of its ``keys`` folder (mode 0600).

    Parameters
    ----------
    folder : Path
        Where the files are; made if it is missing.
    clock : callable
        Seconds since 1970.

    Examples
    --------
    >>> import tempfile
    >>> Sessions(Path(tempfile.mkdtemp()))
    Sessions(…)
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._clock = clock

    def __repr__(self) -> str:
        return "Sessions(…)"

    def get(self, vendor: Vendor, keys: Keys, app: str | None, send: Send) -> Session:
        """The session of an account, fetched if there is none or if it is due.

        Raises
        ------
        VendorError
            The vendor does not give one.
        TemporaryError
            Another process is fetching, and does not come to an end.
        """
        path = self._path(vendor, keys, app)
        if (found := _load(path)) and found.is_fresh(self._clock()):
            return found
        with self._locked(path):
            if (found := _load(path)) and found.is_fresh(self._clock()):
                return found
            return self._fetch(path, vendor, keys, app, send)

    def stored(self, vendor: Vendor, keys: Keys, app: str | None) -> Session | None:
        """The session of an account as far as there is one; nothing is fetched."""
        return _load(self._path(vendor, keys, app))

    def renew(self, stale: Session | None, vendor: Vendor, keys: Keys, app: str | None, send: Send) -> Session:
        """A session other than `stale`, which the vendor no longer accepts (None: there was none).

        Somebody else may have fetched one meanwhile; it is taken then, for a fetch would kick it out.
        """
        path = self._path(vendor, keys, app)
        with self._locked(path):
            found = _load(path)
            if found and (stale is None or found.made != stale.made) and found.is_fresh(self._clock()):
                return found
            return self._fetch(path, vendor, keys, app, send)

    def _fetch(self, path: Path, vendor: Vendor, keys: Keys, app: str | None, send: Send) -> Session:
        if vendor.renew is None:
            raise InputError(f"{vendor.name} has no sessions")
        # The time before the fetch: what is fetched now must not look younger than it is.
        fetched_at = self._clock()

        def ask(call: str, session: Mapping[str, str], **arguments: Any) -> Unpacked:
            def once() -> Unpacked:
                request = vendor.request(call, keys, app=app, session=session, stamp=Stamp.now(), **arguments)
                return vendor.answer(call, send(request), keys)

            # What an answer that got lost held is nobody's, so it does no harm to ask again.
            return retrying()(once)

        values, renew_after_s = vendor.renew(ask, keys, app)
        session = Session(dict(values), fetched_at, renew_after_s, secrets.token_hex(8))
        if (before := _load(path)) and "aes_key" in before.values:
            # What came meanwhile is encrypted with it, and it may stand nowhere else.
            _store(path.with_name(f"{path.stem}-{before.made}.json"), before)
        _store(path, session)
        return session

    def _path(self, vendor: Vendor, keys: Keys, app: str | None) -> Path:
        app_id = keys.require(app).app_id or ""
        # The test system and the real one have the same app_id; different ids must not fall on one file name.
        place = fingerprint(f"{keys.settings.base_url}\n{app_id}".encode())
        return self._folder / f"session-{vendor.name}-{re.sub(r'[^0-9A-Za-z]', '_', app_id)[:40]}-{place}.json"

    def _locked(self, path: Path) -> _Lock:
        return _Lock(path)


class _Lock:
    """The lock beside a session's file; errors are the house's."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = FileLock(path.with_suffix(".lock"), timeout=_WAIT_S, mode=0o600)

    def __enter__(self) -> None:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock.acquire()
        except Timeout:
            raise TemporaryError("another process is fetching a session and does not come to an end") from None
        except OSError as error:
            why = f"a session cannot be kept here: {(error.strerror or 'unwritable').lower()}"
            raise OutputError(why, file=str(self._path.parent)) from None

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def _load(path: Path) -> Session | None:
    """The stored session; None where there is none, or none that can be read (it is fetched anew then)."""
    try:
        stored = json.loads(path.read_bytes())
        values = {str(k): str(v) for k, v in stored["values"].items()}
        return Session(values, float(stored["fetched_at"]), float(stored["renew_after_s"]), str(stored["made"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _store(path: Path, session: Session) -> None:
    content = {
        "values": dict(session.values),
        "fetched_at": session.fetched_at,
        "renew_after_s": session.renew_after_s,
        "made": session.made,
    }
    try:
        handle, temporary = tempfile.mkstemp(prefix=".session-", dir=path.parent)  # mode 0600
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(content, file)
            os.replace(temporary, path)
        except OSError:
            os.unlink(temporary)
            raise
    except OSError as error:
        why = f"a session cannot be kept here: {(error.strerror or 'unwritable').lower()}"
        raise OutputError(why, file=str(path.parent)) from None
