"""Tencent real-name verification (腾讯实名核身小程序).

Source: seed 001 and tencent.md; what only other editions of the vendor's documents say is marked (+).
An operation is a ``token``.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal, get_args

from idvtools.crypto.aes import Mode, check_aes_key, decode_base64, decrypt_bytes, encrypt_text
from idvtools.crypto.digests import mac, same, to_base64
from idvtools.errors import CryptoError, DecryptionError, KeyFormatError
from idvtools.settings import AppSettings, SecretField, VendorSettings, key_field
from idvtools.vendors.base import (
    AppKeys,
    Attachment,
    Call,
    CheckResult,
    Draft,
    Exchange,
    Field,
    FileCall,
    Health,
    Keys,
    Probe,
    Pulls,
    Request,
    Stamp,
    Unpacked,
    Vendor,
    code_text,
    dump_json,
    parse_json,
    split_buffers,
    tables,
)

Cipher = Literal["aes-256-ecb", "aes-256-cbc"]
_PATH = "/new/cgi-bin/getdetectinfo.php"
_API = "getdetectinfo"
#: Fields of the data that are files in Base64: only with `info_type` 0.
BUFFERS = MappingProxyType(
    {name: name for name in ("frontpic", "backpic", "videopic1", "videopic2", "videopic3", "video")}
)
#: What decides, in this order: the first that is not 0.
_RESULTS = ("yt_errorcode", "livestatus", "comparestatus")
#: `crypt_type` of a request (+) and the cipher that it asks for.
_CRYPT_TYPES: Mapping[str, Cipher] = MappingProxyType({"2": "aes-256-cbc", "3": "aes-256-ecb"})


class TencentApp(AppSettings):
    """One appid; `secret_key` signs, `result_key` (32 characters) decrypts results."""

    secret_key: SecretField | None = key_field("text")
    result_key: SecretField | None = key_field("text32")


class TencentSettings(VendorSettings):
    """``[vendors.tencent]``."""

    cipher: Cipher = "aes-256-ecb"
    signature_seconds: int = 600
    apps: tuple[TencentApp, ...] = ()


def signature(appid: str, api_name: str, secret: str, expires_in: int, now: int) -> str:
    """The signature header of a call (seed 001, signature algorithm).

    ``Base64(HMAC-SHA1(secret, original) + original)`` with
    ``original = "a={appid}&m={api_name}&t={now}&e={expires_in}"``, in standard Base64.

    Parameters
    ----------
    appid, api_name, secret : str
        The app, the call (``getdetectinfo``) and the app's secret key.
    expires_in : int
        Seconds that the signature is valid.
    now : int
        Unix time in seconds.

    Raises
    ------
    CryptoError
        A part is empty: the vendor's own reference code refuses that as well.

    Examples
    --------
    >>> signature("4396", "getdetectinfo", "not a real secret", 600, 1427786065)[-40:]
    'ZXRlY3RpbmZvJnQ9MTQyNzc4NjA2NSZlPTYwMA=='
    """
    if not (appid and api_name and secret and expires_in):
        raise CryptoError("a signature needs appid, api name, secret and lifetime")
    if not all((code_text(number) or "").isdecimal() for number in (expires_in, now)):
        raise CryptoError("lifetime and time of a signature are whole numbers of seconds")
    original = f"a={appid}&m={api_name}&t={now}&e={expires_in}".encode("utf-8", "surrogatepass")
    return to_base64(mac("sha1", _secret(secret), original) + original)


def _secret(secret: str) -> bytes:
    if not isinstance(secret, str):
        raise CryptoError("the secret key must be text")
    return secret.encode("utf-8", "surrogatepass")


def check_signature(given: str, secret: str) -> bool:
    """Whether a signature header was made with `secret`; whether it is still valid is another question.

    Examples
    --------
    >>> check_signature(signature("4396", "getdetectinfo", "s", 600, 1427786065), "s"), check_signature("AAAA", "s")
    (True, False)
    """
    try:
        raw = decode_base64(given)
    except DecryptionError:
        return False
    expected = to_base64(mac("sha1", _secret(secret), raw[20:]) + raw[20:])
    # The text as it is, not its bytes: Base64 has several spellings of the same bytes.
    return len(raw) > 20 and same(given, expected)


def encrypt_data(text: str, key: bytes, cipher: Cipher = "aes-256-ecb") -> str:
    """The ``data`` of an answer, as the vendor makes it (`decrypt_data` is the way back)."""
    return encrypt_text(text, _key(key), _mode(cipher))


def decrypt_data(data: str, key: bytes, cipher: Cipher = "aes-256-ecb") -> dict[str, Any]:
    """The JSON object in the ``data`` of an answer; line breaks in its Base64 are dropped (+).

    Raises
    ------
    DecryptionError
        Wrong Base64, wrong length, wrong key or cipher; the message says which.

    Examples
    --------
    >>> key = b"0123456789abcdef0123456789abcdef"
    >>> decrypt_data(encrypt_data('{"yt_errorcode": 0}', key, "aes-256-cbc"), key, "aes-256-cbc")
    {'yt_errorcode': 0}
    """
    plain = decrypt_bytes(decode_base64(data), _key(key), _mode(cipher))
    try:
        value = parse_json(plain.decode("utf-8"))
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise DecryptionError("the data does not decrypt to JSON: check the result key, and the setting cipher")
    return value


def _mode(cipher: Cipher) -> Mode:
    if cipher not in get_args(Cipher):
        raise KeyFormatError(f"the cipher must be one of {', '.join(get_args(Cipher))}")
    return "cbc" if cipher == "aes-256-cbc" else "ecb"


def _key(key: bytes) -> bytes:
    if len(check_aes_key(key)) != 32:
        raise KeyFormatError(f"the result key has {len(key)} bytes, 32 are expected")
    return key


def split_result(data: Mapping[str, Any]) -> tuple[dict[str, Any], list[Attachment], list[str]]:
    """A result without its images and video, those as files, and what could not be decoded.

    Examples
    --------
    >>> rest, files, damaged = split_result({"yt_errorcode": 0, "frontpic": "Qk0xMjM0"})
    >>> rest, [(f.name, f.media_type, f.size) for f in files], damaged
    ({'yt_errorcode': 0}, [('frontpic', 'image/bmp', 6)], [])
    """
    rest = dict(data)
    files, warnings = split_buffers(rest, BUFFERS)
    return rest, files, warnings


def _prepare(draft: Draft, keys: Keys, stamp: Stamp) -> Request:
    app, settings = keys.require(draft.app), keys.settings
    assert app.app_id is not None
    numbers: dict[str, int] = {n: int(draft.body[n]) for n in ("info_type", "crypt_type") if n in draft.body}
    body = dump_json({"token": draft.body["token"], "appid": app.app_id, **{"info_type": 1, **numbers}})
    sign = signature(app.app_id, _API, app.text("secret_key"), settings.signature_seconds, stamp.seconds)
    return Request(
        "POST",
        keys.address() + _PATH,
        headers={"Content-Type": "application/json; charset=utf-8", "signature": sign},
        body=body.encode("utf-8"),
        timeout=60,
    )


def _unpack(exchange: Exchange, keys: Keys | None) -> Unpacked:
    request, answer = dict(exchange.request.fields), dict(exchange.response.fields)
    app = keys.app(code_text(request.get("appid"))) if keys else None
    trees: dict[str, Any] = {"request": request, "answer": answer}
    code, table = code_text(answer.get("errorcode")), "gateway"
    warnings: list[str] = []
    files: list[Attachment] = []
    key_id = None
    sealed = answer.pop("data", None)
    if sealed:
        cipher = _CRYPT_TYPES.get(code_text(request.get("crypt_type")) or "") or (
            keys.settings.cipher if keys else "aes-256-ecb"
        )
        if app is None or not app.has("result_key"):
            warnings.append("the data was not read: there is no result_key for this app")
        else:
            try:
                data, files, damaged = split_result(_open(sealed, app, cipher, warnings))
                warnings += damaged
                trees["data"], key_id = data, "result_key"
                code, table = _verdict(data, warnings)
            except CryptoError as error:
                warnings.append(f"the data could not be read: {error}")
    return Unpacked(
        trees,
        op_id=code_text(request.get("token")),
        code=code,
        table=table,
        # A call that went well says nothing on the person as long as its data is closed.
        outcome="unknown" if code == "0" and table == "gateway" else None,
        check=_check(exchange, app),
        key_id=key_id,
        attachments=tuple(files),
        warnings=tuple(warnings),
    )


def _open(sealed: object, app: AppKeys, cipher: Cipher, warnings: list[str]) -> dict[str, Any]:
    """The data with the cipher that was asked for, else with the other: the seed does not name it."""
    if not isinstance(sealed, str):
        raise DecryptionError("data is not text")
    key = app.blob("result_key")
    try:
        return decrypt_data(sealed, key, cipher)
    except DecryptionError as error:
        other: Cipher = "aes-256-ecb" if cipher == "aes-256-cbc" else "aes-256-cbc"
        try:
            data = decrypt_data(sealed, key, other)
        except DecryptionError:
            raise error from None
        warnings.append(f'the data is encrypted with {other}, not with {cipher}: set cipher = "{other}"')
        return data


def _verdict(data: Mapping[str, Any], warnings: list[str]) -> tuple[str | None, str]:
    codes = {name: code_text(data[name]) for name in _RESULTS if data.get(name) is not None}
    failed = {name: code for name, code in codes.items() if code != "0"}
    if codes.get("yt_errorcode") == "0" and failed:
        warnings.append(f"yt_errorcode is 0, but {' and '.join(failed)} not")
    return next(iter(failed.values()), codes.get("yt_errorcode")), "result"


def _check(exchange: Exchange, app: AppKeys | None) -> CheckResult:
    given = exchange.request.headers.get("signature")
    if not given or app is None or not app.has("secret_key"):
        return "unchecked"
    if not check_signature(given.strip(), app.text("secret_key")):
        return "failed"
    # Signed for another appid with the same secret: the signature holds, but not for this call.
    return "ok" if decode_base64(given.strip())[20:].startswith(f"a={app.app_id}&".encode()) else "failed"


def _unpack_return(exchange: Exchange, _: Keys | None) -> Unpacked:
    body = exchange.request.fields
    inner = body.get("extraData")
    extra: Mapping[str, Any] = inner if isinstance(inner, dict) else body
    return Unpacked(
        {"request": extra}, op_id=code_text(extra.get("token")), code=code_text(extra.get("errCode")), table="result"
    )


def _is_return(exchange: Exchange) -> bool:
    body = exchange.request.fields
    return "errCode" in body or (isinstance(body.get("extraData"), dict) and "errCode" in body["extraData"])


def _is_fetch(exchange: Exchange) -> bool:
    if exchange.request.path:
        return exchange.request.path.endswith(_PATH.rpartition("/")[2])
    return not _is_return(exchange) and ("errorcode" in exchange.response.fields or "token" in exchange.request.fields)


_TABLES = tables("tencent", ["result", "gateway"])

VENDOR = Vendor(
    name="tencent",
    title_zh="腾讯实名核身",
    title_en="Tencent real-name verification",
    zone="Asia/Shanghai",
    settings=TencentSettings,
    template="""\
# Tencent real-name verification (腾讯实名核身).
#[vendors.tencent]
#base_url = "https://iauth.example.com"
# The cipher of results where the request does not name one: "aes-256-ecb" or "aes-256-cbc".
#cipher = "aes-256-ecb"
# Seconds that a signature of ours is valid.
#signature_seconds = 600

#[[vendors.tencent.apps]]
#id = "4396"
# Signs our calls.
#secret_key = {env = "TENCENT_SECRET_KEY"}
# Decrypts results: 32 characters, used as they are.
#result_key = {env = "TENCENT_RESULT_KEY"}
""",
    tables=_TABLES,
    call_tables=("gateway",),
    # Whatever became of the person, the result is evidence: with images and video.
    pulls=Pulls((FileCall("fetch", lambda token: {"token": token, "info_type": 0}, lambda _: True),)),
    health=Health(
        needed=("secret_key", "result_key"),
        # A run that nobody had: "wrong parameter", "not logged in" and "token expired" are about it, not about us.
        probe=Probe(
            "fetch",
            lambda _: {"token": "00000000-0000-0000-0000-000000000000", "info_type": 1},
            frozenset({"2", "7", "12", *(row.code for row in _TABLES["result"].rows)}),
        ),
    ),
    calls=(
        Call(
            "fetch",
            "实名信息拉取",
            "fetch a result",
            _is_fetch,
            _unpack,
            (
                Field("token", "request.token", required=True),
                Field("app_id", "request.appid"),
                Field("info_type", "request.info_type"),
                Field("crypt_type", "request.crypt_type"),
                Field("error_code", "answer.errorcode"),
                Field("error_message", "answer.errormsg", "note"),
                Field("id_no", "data.ID", "id"),
                Field("user_name", "data.name", "name"),
                Field("phone", "data.phone", "phone"),
                Field("sex", "data.sex", "personal"),
                Field("nation", "data.nation", "personal"),
                Field("address", "data.ID_address", "personal"),
                Field("birthday", "data.ID_birth", "personal"),
                Field("id_authority", "data.ID_authority", "personal"),
                Field("id_valid", "data.ID_valid_date", "personal"),
                Field("validate_data", "data.validatedata", "secret"),
                Field("result_code", "data.yt_errorcode"),
                Field("result_message", "data.yt_errormsg", "note"),
                Field("live_status", "data.livestatus"),
                Field("live_message", "data.livemsg", "note"),
                Field("compare_status", "data.comparestatus"),
                Field("compare_message", "data.comparemsg", "note"),
                Field("type", "data.type"),
                Field("similarity", "data.sim"),
            ),
            _prepare,
            repeatable=True,
            inputs=(
                Field("token", "request.token", "name", required=True),
                Field("info_type", "request.info_type", form="[01]"),
                Field("crypt_type", "request.crypt_type", form="[23]"),
            ),
        ),
        Call(
            "return",
            "小程序出口",
            "the user comes back",
            _is_return,
            _unpack_return,
            (Field("token", "request.token"), Field("result_code", "request.errCode")),
            direction="in",
        ),
    ),
)
