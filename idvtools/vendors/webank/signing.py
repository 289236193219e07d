"""WeBank's signatures: of our calls, of its calls to us, of files (seed 002 sections 4.3.1, 4.5, 5.3)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote_plus, unquote_plus

from idvtools.crypto.digests import digest, same
from idvtools.errors import CryptoError
from idvtools.vendors.base import CheckResult, dump_json, parse_json

#: The warning for a signature of the length that the seed's samples have.
LEGACY = "the signature has the legacy length of 32 digits: not verifiable as specified (SHA256 has 64)"
_HEX = re.compile(r"[0-9a-f]+")


def sign(values: Sequence[str | None], ticket: str) -> str:
    """Signature of a call (seed 002 section 4.3.1).

    The values that are not null and the ticket, sorted as Java sorts strings (by UTF-16 code unit), joined,
    SHA-1, in upper-case hex.

    Parameters
    ----------
    values : sequence of str or None
        app_id, version, nonce, type, and the body exactly as it is sent; order does not matter.
    ticket : str
        The sign ticket.

    Raises
    ------
    CryptoError
        A value or the ticket is not text, or the ticket is empty.

    Examples
    --------
    >>> sign(["TIDA0001", "userID19959248596551", "kHoSxvLZGxSoFsjxlbzEoUzh5PAnTU7T", "1.0.0"],
    ...      "XO99Qfxlti9iTVgHAjwvJdAZKN3nMuUhrsPdPlPVKlcyS50N6tlLnfuFBPIucaMS")
    '4AE72E6FBC2E9E1282922B013D1B4C2CBD38C4BD'
    """
    if not isinstance(ticket, str) or not ticket:
        raise CryptoError("the ticket must be text, and not empty: fetch one first")
    if isinstance(values, str | bytes) or not isinstance(values, Sequence):
        raise CryptoError("the values that are signed must be a list of texts")
    parts = [v for v in values if v is not None]
    if not all(isinstance(v, str) for v in parts):
        raise CryptoError("every value that is signed must be text")
    ordered = sorted([*parts, ticket], key=lambda v: v.encode("utf-16-be", "surrogatepass"))
    return digest("sha1", "".join(ordered).encode("utf-8", "surrogatepass")).hex().upper()


def file_hash(content: bytes) -> str:
    """The ``hashValue`` of a file: its MD5 in lower-case hex.

    Examples
    --------
    >>> file_hash(b"")
    'd41d8cd98f00b204e9800998ecf8427e'
    """
    return digest("md5", content).hex()


def check_file(content: bytes, hash_value: str) -> bool:
    """Whether a file is the one that `hash_value` names.

    Examples
    --------
    >>> check_file(b"", "D41D8CD98F00B204E9800998ECF8427E"), check_file(b"x", "D41D8CD98F00B204E9800998ECF8427E")
    (True, False)
    """
    return isinstance(hash_value, str) and same(hash_value.strip().lower(), file_hash(content))


# ---- what WeBank sends to us


class Reverse(NamedTuple):
    """A message of WeBank's to us (or our answer to one), checked.

    ``answer_code`` is what we have to answer with: ``0000`` ok, ``0001`` malformed, ``0002`` a field is missing,
    ``0010`` the signature does not hold, ``0012`` too old, ``0103`` the Plain is not JSON.
    """

    check: CheckResult
    plain: dict[str, Any] | None
    answer_code: str
    warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Reverse(check={self.check!r}, answer_code={self.answer_code!r}, warnings={self.warnings!r})"


def sign_plain(plain: str, salt: str, timestamp: str) -> str:
    """Signature of a Plain: SHA256(Plain + salt + Timestamp), in lower-case hex (seed 002 section 5.3).

    Raises
    ------
    CryptoError
        One of them is not text, or the salt is empty.

    Examples
    --------
    >>> sign_plain("%7B%22merchantno%22%3A%2200000006%22%7D", "s4lt", "1519700632680")[:16]
    'b6515b10b9df090a'
    """
    if not all(isinstance(v, str) for v in (plain, salt, timestamp)) or not salt:
        raise CryptoError("Plain, salt and Timestamp must be text, and the salt not empty")
    return digest("sha256", f"{plain}{salt}{timestamp}".encode("utf-8", "surrogatepass")).hex()


def encode_plain(value: Mapping[str, Any]) -> str:
    """A Plain: JSON, URL-encoded as Java's URLEncoder does it.

    Examples
    --------
    >>> encode_plain({"merchantno": "00000006"}), encode_plain({"a": "x y*~"})
    ('%7B%22merchantno%22%3A%2200000006%22%7D', '%7B%22a%22%3A%22x+y*%7E%22%7D')
    """
    try:
        text = dump_json(value)
        text.encode("utf-8")
    except (TypeError, ValueError, RecursionError):
        text = ""
    if not isinstance(value, Mapping) or not text:
        raise CryptoError("a Plain is an object that JSON can hold")
    return quote_plus(text, safe="*").replace("~", "%7E")


def check_reverse(
    body: Mapping[str, Any], salt: str | None, *, now_ms: int | None = None, max_age_s: int = 300
) -> Reverse:
    """Verify and open a message of WeBank's.

    Parameters
    ----------
    body : mapping
        ``Plain, Signature, Timestamp, transName, SeqNo`` as received.
    salt : str or None
        The salt that WeBank gave us; None: nothing can be checked.
    now_ms : int, optional
        When it arrived (ms since 1970): a Timestamp more than `max_age_s` away from it is answered with 0012.

    Notes
    -----
    The seed's sample signatures have 32 digits, as an MD5 has, while its text and its code say SHA256. SHA256 is
    what is verified; a signature of 32 digits is unchecked with a warning, and never valid.

    Examples
    --------
    >>> plain = encode_plain({"merchantno": "00000006"})
    >>> body = {"Plain": plain, "Signature": sign_plain(plain, "s4lt", "1519700632680"), "Timestamp": "1519700632680"}
    >>> check_reverse(body, "s4lt").check, check_reverse(body, "other").answer_code
    ('ok', '0010')
    """
    if not isinstance(body, Mapping):
        return Reverse("unchecked", None, "0001")
    parts = [body.get(name) for name in ("Plain", "Signature", "Timestamp")]
    texts = [str(p) if isinstance(p, int) and not isinstance(p, bool) else p for p in parts]
    if not all(isinstance(t, str) and t for t in texts):
        return Reverse("unchecked", None, "0002" if any(t in (None, "") for t in texts) else "0001")
    plain, signature, timestamp = (str(t) for t in texts)
    value = _open(plain)
    if (check := _check(plain, signature.strip().lower(), timestamp, salt))[0] != "ok":
        return Reverse(check[0], value, "0010", check[1])
    if value is None:
        return Reverse("ok", None, "0103", ("the Plain is signed, but is not URL-encoded JSON",))
    readable = timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 15
    if now_ms is not None and (not readable or abs(now_ms - int(timestamp)) > max_age_s * 1000):
        return Reverse("ok", value, "0012", ("the Timestamp is too far from the time of arrival",))
    return Reverse("ok", value, "0000")


def _check(plain: str, signature: str, timestamp: str, salt: str | None) -> tuple[CheckResult, tuple[str, ...]]:
    if len(signature) == 32 and _HEX.fullmatch(signature):
        return "unchecked", (LEGACY,)
    if salt is None:
        return "unchecked", ("the signature was not checked: there is no salt for this app",)
    return ("ok" if same(signature, sign_plain(plain, salt, timestamp)) else "failed"), ()


def answer_reverse(
    received: Mapping[str, Any], salt: str, *, code: str = "0000", text: str = "系统处理成功", timestamp: str
) -> str:
    """Our signed answer to a message of WeBank's, as the JSON text to send (seed 002 section 5.4).

    Examples
    --------
    >>> answer = parse_json(answer_reverse({"transName": "T", "SeqNo": "1"}, "s4lt", timestamp="1519700632680"))
    >>> check_reverse(answer, "s4lt").plain
    {'CODE': '0000', 'DESC': '系统处理成功'}
    """
    plain = encode_plain({"CODE": code, "DESC": text})
    return dump_json(
        {
            "Plain": plain,
            "Signature": sign_plain(plain, salt, timestamp),
            "Timestamp": timestamp,
            "transName": received.get("transName"),
            "SeqNo": received.get("SeqNo"),
        }
    )


def _open(plain: str) -> dict[str, Any] | None:
    try:
        value = parse_json(unquote_plus(plain, errors="strict"))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
