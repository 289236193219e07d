"""What DEC checks before it does anything: envelope, appId, DECSHASH, nonce, fields, encryption (dec.md section 1)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from idvtools import vendors
from idvtools.crypto.aes import decode_base64, decrypt_bytes, decrypt_text
from idvtools.crypto.digests import same
from idvtools.errors import CryptoError
from idvtools.sandbox.server.world import World
from idvtools.vendors.base import parse_json
from idvtools.vendors.dec import decshash

_NONCE = re.compile(r"[0-9A-Za-z]{32}")
_ID_NO = re.compile(r"[0-9]{15}|[0-9]{17}[0-9Xx]")
_ADULT = 18
#: The table has no code for a bad field in general; this one's name says what it is for, the message says more.
BAD_FIELD = -45031
SIGN_INVALID = -50005
SITE_INVALID = -50002

_NAMES = {
    -43024: "NO_DB_RECORD",
    -43037: "AES_DECRYPT_EXCEPTION",
    -44001: "PARSE_FAILED",
    -44009: "NO_DB_RECORD",
    -44017: "NOT_RECEIVED_USER_PROTOCOL_EXCEPTION",
    -44021: "DA_FAILED_EXCEPTION",
    -44028: "DA_NOT_AUTHORIZED_EXCEPTION",
    -44050: "AES_DECRYPT_EXCEPTION",
    -44062: "DA_IN_PROGRESS_EXCEPTION",
    -45001: "StartLockVMError",
    -45004: "StartVMError",
    -45027: "ExistingDownloadingDaTask",
    -45028: "IdNoDailyRequestError",
    -45030: "StartParamIdNoLessError",
    -45031: "StartParamError",
    -45032: "IdNoCurrentRequestError",
    -48007: "ExternalLBError",
    -48025: "DataSourceUnavailable",
    -50002: "SiteInvalid",
    -50005: "SignInvalid",
}


class RefusedError(Exception):
    """The call is answered with an error; `told` names the field or the reason, never a value."""

    def __init__(self, code: int, told: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.message = _NAMES[code] + (f": {told}" if told else "")


def is_text(value: object) -> bool:
    """Whether a value is text, whole characters only: half of one could not be answered with."""
    try:
        return isinstance(value, str) and bool(value.encode("utf-8") or True)
    except UnicodeEncodeError:
        return False


@dataclass(frozen=True)
class Asked:
    """A call that was made by one of our apps, its signature checked."""

    app: str
    arg: Mapping[str, Any] = field(repr=False)

    def text(self, name: str, most: int | None = None) -> str:
        """A text that must be there, of `most` characters."""
        value: Any = self.arg.get(name)
        if not is_text(value) or not value.strip():
            raise RefusedError(BAD_FIELD, f"{name} must be text, and not empty")
        if most is not None and len(value) > most:
            raise RefusedError(BAD_FIELD, f"{name} has more than {most} characters")
        return str(value)

    def number(self, name: str) -> int:
        """A whole number above 0 that must be there; as text, too."""
        value = self.arg.get(name)
        if isinstance(value, str) and value.isascii() and value.isdigit():
            value = int(value[:9])
        if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
            raise RefusedError(BAD_FIELD, f"{name} must be a whole number above 0")
        return value

    def opened(self, name: str, key: bytes, code: int) -> str:
        """A text that must be there, encrypted with the key; `code` is the error where it is not."""
        return open_text(self.text(name), key, code)


def read(world: World, raw: bytes, given: str | None, nonces: set[tuple[str, str]]) -> Asked:
    """Check the envelope of a call (dec.md section 1).

    Raises
    ------
    RefusedError
        The signature does not hold, the nonce was used before, or the envelope is none.
    """
    try:
        text = raw.decode("utf-8")
        body = parse_json(text)
    except (ValueError, RecursionError):
        raise RefusedError(BAD_FIELD, "the body is not JSON in UTF-8") from None
    auth = body.get("auth") if isinstance(body, dict) else None
    app = auth.get("appId") if isinstance(auth, dict) else None
    known = world.keys["dec"].apps.get(app) if isinstance(app, str) else None
    if known is None or not isinstance(app, str) or not isinstance(auth, dict):
        raise RefusedError(SIGN_INVALID, "unknown appId")
    try:
        holds = given is not None and same(given, decshash(text, known.text("app_key")))
    except CryptoError:
        holds = False
    if not holds:
        raise RefusedError(SIGN_INVALID, "DECSHASH does not hold" if given else "no DECSHASH")
    nonce = auth.get("nonce")
    if not isinstance(nonce, str) or not _NONCE.fullmatch(nonce):
        raise RefusedError(SIGN_INVALID, "nonce must have 32 letters and digits")
    with world.lock:
        if (app, nonce) in nonces:
            raise RefusedError(SIGN_INVALID, "nonce was used before")
        nonces.add((app, nonce))
    if body.get("v") != "1.0.0":
        raise RefusedError(BAD_FIELD, "v must be 1.0.0")
    arg = body.get("arg")
    if not isinstance(arg, dict):
        raise RefusedError(BAD_FIELD, "arg must be an object")
    return Asked(app, arg)


def open_text(sealed: str, key: bytes, code: int) -> str:
    """An encrypted text. A wrong key now and then gives something, but no text that a person would write."""
    try:
        text = decrypt_text(sealed, key)
    except CryptoError:
        raise RefusedError(code) from None
    if not text or any(unicodedata.category(c) == "Cc" for c in text):
        raise RefusedError(code)
    return text


def open_content(sealed: object, key: bytes, code: int) -> bytes:
    """The content of an encrypted file."""
    try:
        return decrypt_bytes(decode_base64(sealed), key)
    except CryptoError:
        raise RefusedError(code) from None


def check_id_no(id_no: str, year: int) -> None:
    """An id number as the platform takes it, of somebody of full age."""
    if not _ID_NO.fullmatch(id_no):
        raise RefusedError(BAD_FIELD, "idNo is no id number")
    born = int(id_no[6:10]) if len(id_no) == 18 else 1900 + int(id_no[6:8])
    if year - born < _ADULT:
        raise RefusedError(-45030)


def check_access_way(asked: Asked) -> None:
    """One of the ways that the table lists."""
    if vendors.get("dec").tables["access_way"].find(asked.text("accessWay")) is None:
        raise RefusedError(BAD_FIELD, "accessWay is none of the table's")
