"""DECSHASH and DECSSIGN, redirect links, new AES keys, headers of downloads (dec.md sections 1 to 3)."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from hmac import compare_digest
from typing import Literal
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from idvtools.crypto.aes import check_aes_key, decode_base64
from idvtools.crypto.canonical import canonical_bytes, canonical_column
from idvtools.crypto.digests import Mac, digest, same, to_base64
from idvtools.crypto.rsa import decrypt_pkcs1, sign_sha256, verify_sha256
from idvtools.errors import CryptoError, KeyFormatError
from idvtools.vendors.base import AppKeys, CheckKeys, CheckResult, Deliveries, Keys, Verdicts

#: What we must answer to a notification, to the byte, or the platform sends it again (dec.md section 3).
NOTIFICATION_ANSWER = '{"errorCode":0,"errorMessage":"OK"}'


def decshash(body: str, app_key: str) -> str:
    """The DECSHASH header of a JSON body.

    HMAC-SHA256 over the canonical JSON followed by the appKey, with the appKey as the key, in
    upper-case hex (dec.md section 1).

    Parameters
    ----------
    body : str
        JSON text, in any key order.
    app_key : str
        The app's appKey (64 characters).

    Raises
    ------
    CryptoError
        `body` is not JSON.

    Examples
    --------
    >>> decshash('{"b": 1, "a": "x"}', "k" * 64) == decshash('{"a":"x","b":1}', "k" * 64)
    True
    """
    if not isinstance(app_key, str) or not app_key:
        raise CryptoError("the appKey must be text, and not empty")
    return _hash(canonical_bytes(body), app_key)


def _hash(canonical: bytes, app_key: str) -> str:
    key = app_key.encode("utf-8", "surrogatepass")
    return hmac.digest(key, canonical + key, "sha256").hex().upper()


def check_keys(keys: Keys, app: AppKeys | None) -> CheckKeys:
    """What a notification of an app is checked with, as far as the settings know it."""
    public = keys.shared.public("notify_public_key") if keys.shared.has("notify_public_key") else None
    return CheckKeys(app.text("app_key") if app and app.has("app_key") else None, public)


def check_notification(headers: Mapping[str, str], body: str, keys: CheckKeys) -> tuple[CheckResult, str]:
    """How far a notification is to be trusted (billing.md section 1).

    Parameters
    ----------
    headers : mapping
        Headers as received, names in lower case; empty for a bare body.
    body : str
        The raw body.
    keys : CheckKeys
        The appKey of the notification's app and the platform's public key, as far as known.

    Returns
    -------
    result : str
        ``ok``: DECSHASH and DECSSIGN both hold. ``hash_only``: DECSHASH holds, DECSSIGN is absent or no
        public key is set. ``failed``: one that could be checked does not hold, or the body is not
        JSON. ``unchecked``: nothing could be checked, or there is no DECSHASH to check.
    text : str
        The text that was checked: the canonical body where a hash was made, else `body`.

    Notes
    -----
    DECSSIGN signs the DECSHASH text. Without our appKey it says nothing on the body, so a signature
    that holds alone leaves the notification unchecked; one that does not hold refuses it all the same.

    Examples
    --------
    >>> body, key = '{"func": "daFailed"}', "k" * 64
    >>> check_notification({"decshash": decshash(body, key)}, body, CheckKeys(key))
    ('hash_only', '{"func":"daFailed"}')
    >>> check_notification({"decshash": decshash(body, key)}, body.replace("F", "f"), CheckKeys(key))[0]
    'failed'
    """
    given, signature = headers.get("decshash"), headers.get("decssign")
    if not isinstance(given, str) or not (given := given.strip().upper()):
        return "unchecked", body
    signature = signature.strip() if isinstance(signature, str) else ""
    text = body
    if keys.app_key is not None:
        try:
            canonical = canonical_bytes(body)
        except CryptoError:
            return "failed", body
        text = canonical.decode("utf-8", "surrogatepass")
        if not same(given, _hash(canonical, keys.app_key)):
            return "failed", text
    signed = False
    if signature and keys.public_key is not None:
        if not verify_sha256(given.encode("utf-8", "surrogatepass"), signature, keys.public_key):
            return "failed", text
        signed = True
    if keys.app_key is None:
        return "unchecked", text
    return ("ok" if signed else "hash_only"), text


def check_deliveries(deliveries: Deliveries, keys: Keys) -> Verdicts:
    """`check_notification` of a column of notifications, several times as fast; signatures on all cores.

    A notification is checked with the keys of the app that it names, or else that its daId begins with.
    """
    # An app that the settings do not know, or know nothing of, cannot be checked at all.
    opened = {app_id: check_keys(keys, app) for app_id, app in keys.apps.items()}
    known = {app_id: own.app_key for app_id, own in opened.items() if own.app_key is not None or own.public_key}
    secrets = {app: text.encode("utf-8", "surrogatepass") for app, text in known.items() if text is not None}
    macs = {app: Mac(secret).hex for app, secret in secrets.items()}
    public = check_keys(keys, None).public_key
    results: list[CheckResult] = []
    texts: list[bytes | None] = []
    to_verify: list[tuple[int, bytes, str]] = []
    columns = (
        deliveries.headers["decshash"],
        deliveries.headers["decssign"],
        deliveries.app_ids,
        deliveries.op_ids,
        canonical_column(deliveries.bodies),
    )
    for i, (logged, signature, app_id, op_id, hashed) in enumerate(zip(*columns, strict=True)):
        given = logged.strip().upper()
        app = app_id if app_id in known else (op_id or "")[:8]
        result: CheckResult = "unchecked"
        text = None
        if given and app in macs:
            text, result = hashed, "failed"
            if hashed is not None and given.isascii() and compare_digest(macs[app](hashed, secrets[app]), given):
                result = "hash_only"
        if signature and given and app in known and public is not None and result != "failed":
            to_verify.append((i, given.encode("utf-8", "surrogatepass"), signature.strip()))
        results.append(result)
        texts.append(text)
    if public is not None:
        for i, holds in _verify_all(to_verify, public):
            results[i] = "failed" if not holds else "ok" if results[i] == "hash_only" else results[i]
    return Verdicts(results, texts)


def _verify_all(signed: list[tuple[int, bytes, str]], key: RSAPublicKey) -> Iterator[tuple[int, bool]]:
    """Each signature by its number; OpenSSL lets other threads run meanwhile."""

    def verify(part: list[tuple[int, bytes, str]]) -> list[tuple[int, bool]]:
        return [(i, verify_sha256(message, signature, key)) for i, message, signature in part]

    step = 512
    parts = [signed[i : i + step] for i in range(0, len(signed), step)]
    with ThreadPoolExecutor() as pool:
        for part in pool.map(verify, parts):
            yield from part


def new_aes_key(aeskey: str, private_key: RSAPrivateKey) -> bytes:
    """The AES key that ``update-aes-key`` answered with (dec.md section 1).

    Raises
    ------
    DecryptionError
        The text is not Base64, cut, or was encrypted for another key pair.

    Examples
    --------
    >>> from cryptography.hazmat.primitives.asymmetric import rsa
    >>> from idvtools.crypto.rsa import encrypt_pkcs1
    >>> pair = rsa.generate_private_key(65537, 2048)
    >>> new_aes_key(encrypt_pkcs1(bytes(16), pair.public_key()), pair) == bytes(16)
    True
    """
    if not isinstance(private_key, RSAPrivateKey):
        raise KeyFormatError("our RSA private key belongs here, opened by load_private_key")
    return check_aes_key(decrypt_pkcs1(aeskey, private_key, 16))


def sign_redirect(redirect_url: str, private_key: RSAPrivateKey) -> str:
    """The link that takes the user into the environment: `redirect_url` with ``&sign=`` (dec.md section 1).

    The signature is over the link as it was answered, and its Base64 is appended as it is, ``+`` and ``/`` included:
    so does the example of the platform's guide, and its page reads the query in its own way. The link lives 8 minutes.

    Raises
    ------
    KeyFormatError
        `private_key` is not a private key.
    CryptoError
        The link is not text.

    Examples
    --------
    >>> from cryptography.hazmat.primitives.asymmetric import rsa
    >>> link = "https://vdi.example.com/vdi.html?daId=zd1uahd8"
    >>> sign_redirect(link, rsa.generate_private_key(65537, 2048)).startswith(link + "&sign=")
    True
    """
    if not isinstance(redirect_url, str):
        raise CryptoError("the link that is signed must be text")
    signature = sign_sha256(redirect_url.encode("utf-8", "surrogatepass"), private_key)
    return f"{redirect_url}&sign={signature}"


def store_prefix(url: str) -> Literal["x-cos", "x-amz"]:
    """How the object store behind a presigned link calls its own headers (seed 000 section 6, dec.md section 2).

    Examples
    --------
    >>> store_prefix("https://b.cos.ap-guangzhou.myqcloud.com/a.pdf"), store_prefix("https://s3.example.com/a.pdf")
    ('x-cos', 'x-amz')
    """
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
    except ValueError:
        parts = None
    if parts is None:
        raise CryptoError("the link of a file must be a URL")
    host = (parts.hostname or "").lower()
    # The seed's own example has the whole query percent-encoded once more, inside sign=.
    query = parse_qs(parts.query)
    signed = " ".join(query.get("q-header-list", []) + query.get("sign", [])).lower()
    return "x-cos" if host.endswith(".myqcloud.com") or "x-cos-" in signed else "x-amz"


def download_headers(
    url: str, file_key: str | None, store: Literal["auto", "x-cos", "x-amz"] = "auto"
) -> dict[str, str]:
    """Headers that a presigned link needs: three of SSE-C where the file has a key, none where it has not.

    Parameters
    ----------
    url : str
        The link.
    file_key : str or None
        ``fileKey`` in clear, Base64 of 32 bytes.
    store : str
        The setting ``object_store``: which prefix the headers have.

    Raises
    ------
    KeyFormatError
        `file_key` is not Base64 of 32 bytes.

    Examples
    --------
    >>> sorted(download_headers("https://s3.example.com/a", "Nx1socBWUxPg8nceCqmANSzl6zJ0+IKwtgJPaMbv4CY="))[2]
    'x-amz-server-side-encryption-customer-key-MD5'
    >>> download_headers("https://s3.example.com/a", None)
    {}
    """
    if store not in ("auto", "x-cos", "x-amz"):
        raise KeyFormatError("the object store's headers begin with x-cos or x-amz; auto chooses by the link")
    if not file_key:
        return {}
    try:
        raw = decode_base64(file_key)
    except CryptoError:
        raw = b""
    if len(raw) != 32:
        raise KeyFormatError("the fileKey is not Base64 of 32 bytes: is it still encrypted, or cut?")
    name = f"{store_prefix(url) if store == 'auto' else store}-server-side-encryption-customer-"
    return {
        f"{name}algorithm": "AES256",
        f"{name}key": base64.b64encode(raw).decode("ascii"),
        f"{name}key-MD5": to_base64(digest("md5", raw)),
    }
