"""WestDex three-element check with a face image (西部数据 身份认证三要素, IVYZ9K2L / idCardThreeElements).

Source: seed 004 and westdex.md. An operation is the ``id`` of an answer. The seed's two sample ciphertexts decrypt
under no known derivation of its sample key ("only a format example", it says itself), so the derivation is a setting.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Literal, get_args

from idvtools.crypto.aes import check_aes_key, decode_base64, decrypt_bytes, decrypt_text, encrypt_text
from idvtools.crypto.digests import digest, to_base64
from idvtools.errors import CryptoError, DecryptionError, InputError, KeyFormatError
from idvtools.settings import AppSettings, SecretField, VendorSettings, key_field
from idvtools.vendors.base import (
    AppKeys,
    Attachment,
    Call,
    Draft,
    Exchange,
    Field,
    Health,
    Keys,
    Request,
    Stamp,
    Unpacked,
    Vendor,
    at_path,
    attachment,
    code_text,
    dump_json,
    parse_json,
    tables,
)
from idvtools.vendors.base.fields import media_type

Derivation = Literal["sha1prng", "hex", "utf8"]
DERIVATIONS: tuple[Derivation, ...] = get_args(Derivation)
_API = "idCardThreeElements"
_PHOTOS = ("image/jpeg", "image/bmp", "image/png")


class WestdexApp(AppSettings):
    """One account; `id` is the secret_id."""

    key: SecretField | None = key_field("text")


class WestdexSettings(VendorSettings):
    """``[vendors.westdex]``."""

    derivation: Derivation = "sha1prng"
    apps: tuple[WestdexApp, ...] = ()


def aes_key(key: str, derivation: Derivation = "sha1prng") -> bytes:
    """The AES key made of the account's key text (westdex.md).

    Parameters
    ----------
    key : str
        The key as the vendor gave it.
    derivation : str
        ``sha1prng``: as Java's ``SecureRandom.getInstance("SHA1PRNG")`` seeded with the key makes it, the first 16
        bytes of SHA1(SHA1(key)). ``hex``: the decoded hex digits. ``utf8``: the key's bytes.

    Raises
    ------
    KeyFormatError
        The key does not suit the derivation.

    Examples
    --------
    >>> aes_key("121a1e41fc1690dd6b90afbcacd80cf4").hex().upper()
    '3C4137029466EE921C0BA4BF15A72E17'
    """
    if not isinstance(key, str) or not key:
        raise KeyFormatError("the key must be text, and not empty")
    raw = key.encode("utf-8", "surrogatepass")
    if derivation == "sha1prng":
        return digest("sha1", digest("sha1", raw))[:16]
    if derivation == "hex":
        try:
            return check_aes_key(bytes.fromhex(key))
        except (ValueError, KeyFormatError):
            raise KeyFormatError("for the derivation hex the key must be 32 or 64 hex digits") from None
    if derivation == "utf8":
        try:
            return check_aes_key(raw)
        except KeyFormatError:
            raise KeyFormatError("for the derivation utf8 the key must have 16 or 32 characters") from None
    raise KeyFormatError(f"the derivation must be one of {', '.join(DERIVATIONS)}")


def encrypt(text: str, key: str, derivation: Derivation = "sha1prng") -> str:
    """Base64 of a text, encrypted with AES in ECB mode (seed 004, encryption).

    Examples
    --------
    >>> encrypt("张三", "121a1e41fc1690dd6b90afbcacd80cf4")
    'cTQKHMOrDhlF9kQ0LxcWzQ=='
    """
    return encrypt_text(text, aes_key(key, derivation))


def decrypt(text: str, key: str, derivation: Derivation = "sha1prng") -> str:
    """The clear text of `encrypt`.

    Raises
    ------
    DecryptionError
        Wrong Base64, wrong length, wrong key or derivation.
    KeyFormatError
        The key does not suit the derivation.

    Examples
    --------
    >>> decrypt("HkZS4D6cz/dgZjjINtoHoQ==", "121a1e41fc1690dd6b90afbcacd80cf4", "hex")
    '张三'
    """
    plain = decrypt_bytes(decode_base64(text), aes_key(key, derivation))
    clear: str | None = None
    with suppress(UnicodeDecodeError):
        clear = plain.decode("utf-8")
    if clear is None:
        raise DecryptionError("the text does not decrypt under this key: check the key, and the derivation")
    return clear


def open_data(data: str, key: str, derivation: Derivation = "sha1prng") -> Any:
    """The JSON value in the ``data`` of an answer.

    Raises
    ------
    DecryptionError
        It does not decrypt to JSON.

    Examples
    --------
    >>> open_data(seal_data('{"result": "01"}', "any key"), "any key")
    {'result': '01'}
    """
    plain = decrypt_bytes(decode_base64(data), aes_key(key, derivation))
    with suppress(ValueError, RecursionError):
        return parse_json(plain.decode("utf-8"))
    # Raised out here: the parser's error holds the clear text.
    raise DecryptionError("the data does not decrypt to JSON: check the key, and the setting derivation")


def seal_data(text: str, key: str, derivation: Derivation = "sha1prng") -> str:
    """The ``data`` of an answer, as the vendor makes it."""
    return encrypt_text(text, aes_key(key, derivation))


def find_derivation(data: str, key: str) -> Derivation | None:
    """Which derivation decrypts the ``data`` of one answer to JSON; None if none does.

    Raises
    ------
    DecryptionError
        `data` is no ciphertext at all: not Base64, or cut. No derivation would help.

    Examples
    --------
    >>> key = "121a1e41fc1690dd6b90afbcacd80cf4"
    >>> find_derivation(seal_data('{"result": "01"}', key, "utf8"), key)
    'utf8'
    >>> find_derivation("qL3GFeI7JO8txKDT25hjuXe5IhnGJ00Jg8+YYbnQ6wg=", key) is None  # the seed's sample
    True
    """
    aes_key(key)
    if len(decode_base64(data)) % 16:
        raise DecryptionError("the data is not a whole number of 16-byte blocks: it is cut, or not encrypted with AES")
    for derivation in DERIVATIONS:
        try:
            # A bare number is JSON as well, and may come of chance; answers are objects or lists.
            if isinstance(open_data(data, key, derivation), dict | list):
                return derivation
        except CryptoError:
            continue
    return None


def _prepare(draft: Draft, keys: Keys, stamp: Stamp) -> Request:
    app, settings = keys.require(draft.app), keys.settings
    photo = draft.params["photo"]
    if media_type(photo) not in _PHOTOS:
        raise InputError("photo: only JPG, BMP and PNG are accepted (seed 004), this is something else")
    key, now = app.text("key"), str(stamp.now_ms)
    data = {
        "timeStamp": now,
        "customNumber": app.app_id,
        "xM": encrypt(draft.params["user_name"], key, settings.derivation),
        "gMSFZHM": encrypt(draft.params["id_no"], key, settings.derivation),
    }
    return Request(
        "POST",
        f"{keys.address()}/{app.app_id}/{_API}",
        params=(("timestamp", now),),
        headers={"Content-Type": "application/json; charset=utf-8"},
        body=dump_json({"data": data, "photoData": to_base64(photo)}).encode("utf-8"),
        timeout=60,
    )


def _unpack(exchange: Exchange, keys: Keys | None) -> Unpacked:
    request, answer = dict(exchange.request.fields), dict(exchange.response.fields)
    sent = dict(request["data"]) if isinstance(request.get("data"), dict) else {}
    app = keys.app(code_text(sent.get("customNumber"))) if keys else None
    warnings: list[str] = []
    stamp = code_text(sent.get("timeStamp"))
    if exchange.request.params.get("timestamp", stamp) != stamp:
        warnings.append("timestamp of the URL and timeStamp of the body differ; the vendor asks for the same")
    sealed = {name: sent.pop(name) for name in ("xM", "gMSFZHM") if sent.get(name)}
    if isinstance(answer.get("data"), str) and (text := answer.pop("data")):
        sealed["data"] = text
    opened, key_id = _open(sealed, app, keys, warnings)
    photo = request.pop("photoData", None)
    # Only what was opened: with `data` taken out of the request its clear parts go along under "request".
    trees: dict[str, Any] = {"request": {**request, "data": sent}, "answer": answer}
    if "data" in opened:
        trees["data"] = {"answer": opened.pop("data"), **opened}
    elif opened:
        trees["data"] = opened
    code = code_text(answer.get("code"))
    return Unpacked(
        trees,
        op_id=code_text(answer.get("id")),
        code=code,
        table="code",
        outcome=None if code is None or VENDOR.tables["code"].find(code) else "vendor_failed",
        key_id=key_id,
        attachments=tuple(_photo(photo, warnings)),
        warnings=tuple(warnings),
    )


def _open(
    sealed: Mapping[str, Any], app: AppKeys | None, keys: Keys | None, warnings: list[str]
) -> tuple[dict[str, Any], str | None]:
    if not sealed:
        return {}, None
    if app is None or keys is None or not app.has("key"):
        warnings.append("encrypted parts were not read: there is no key for this account")
        return {}, None
    key, derivation = app.text("key"), keys.settings.derivation
    if "data" in sealed:
        try:
            found = find_derivation(sealed["data"], key)
        except CryptoError:
            found = None
        if found not in (None, derivation):
            warnings.append(
                f'the answer decrypts with the derivation {found}, not with {derivation}: set derivation = "{found}"'
            )
            derivation = found
    opened: dict[str, Any] = {}
    for name, text in sealed.items():
        try:
            # A name or a number has no control characters; an accident of a wrong key nearly always has.
            opened[name] = (
                open_data(text, key, derivation) if name == "data" else decrypt_text(text, aes_key(key, derivation))
            )
        except CryptoError as error:
            warnings.append(f"{name} could not be read: {error}")
    return opened, f"key ({derivation})" if opened else None


def _photo(photo: object, warnings: list[str]) -> list[Attachment]:
    if photo in (None, ""):
        return []
    if isinstance(photo, str) and photo.startswith("data:"):
        warnings.append("photoData has a data: prefix; the vendor asks for bare Base64")
        photo = photo.partition(",")[2]
    try:
        return [attachment("photo", decode_base64(photo))]
    except CryptoError:
        warnings.append("photoData is not Base64 text; it was left out")
        return []


def _claims(exchange: Exchange) -> bool:
    if exchange.request.path:
        return exchange.request.path.endswith(f"/{_API}")
    asked, got = exchange.request.fields, exchange.response.fields
    return at_path(asked, "data.gMSFZHM") is not None or ("code" in got and "error_code" in got)


VENDOR = Vendor(
    name="westdex",
    title_zh="西部数据 身份认证三要素",
    title_en="WestDex three-element check with face image",
    zone="Asia/Shanghai",
    settings=WestdexSettings,
    template="""\
# WestDex three-element check (西部数据 身份认证三要素). Each call costs money.
#[vendors.westdex]
#base_url = "https://westdex.example.com/api/invoke"
# How the AES key is made of the key: "sha1prng" (the usual way in Java), "hex" or "utf8".
#derivation = "sha1prng"

#[[vendors.westdex.apps]]
# The secret_id.
#id = "449159"
#key = {env = "WESTDEX_KEY"}
""",
    tables=tables("westdex", ["code"]),
    call_tables=("code",),
    health=Health(needed=("key",), why_not="the only call costs money"),
    calls=(
        Call(
            "check",
            "三要素核验",
            "three-element check",
            _claims,
            _unpack,
            (
                Field("user_name", "data.xM", "name"),
                Field("id_no", "data.gMSFZHM", "id"),
                Field("app_id", "request.data.customNumber"),
                Field("sent_at", "request.data.timeStamp", "time"),
                Field("answer_code", "answer.code"),
                Field("message", "answer.message", "note"),
                Field("id", "answer.id"),
                Field("error_code", "answer.error_code"),
                Field("reason", "answer.reason", "note"),
                Field("result", "data.answer.result"),
                Field("result_message", "data.answer.message", "note"),
            ),
            _prepare,
            costs_money=True,
            inputs=(
                Field("user_name", "params.user_name", "name", required=True),
                Field("id_no", "params.id_no", "id", required=True),
                Field("photo", "params.photo", "buffer", required=True),
            ),
        ),
    ),
)
