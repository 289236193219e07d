"""Keys of a vendor's apps, opened from the settings, each checked by its kind; and what may be told about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NoReturn, TypeVar, cast

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from idvtools.crypto.aes import check_aes_key, decode_base64, load_aes_key
from idvtools.crypto.digests import fingerprint, mac
from idvtools.crypto.keyring import KeyFact, Keyring, TimedKey
from idvtools.crypto.rsa import key_fingerprint, load_private_key, load_public_key
from idvtools.errors import CryptoError, KeyFormatError, Problem, SettingsError
from idvtools.settings import AesKeySettings, Secret, SettingsTable, VendorSettings
from idvtools.settings.places import Path, dotted

K = TypeVar("K")
_FILE = "idvtools.toml"


@dataclass(frozen=True)
class AppKeys:
    """Keys of one app (or, with the id None, of the vendor as a whole), by the names of their settings."""

    app_id: str | None
    place: str
    _opened: Mapping[str, object] = field(default_factory=dict, repr=False)
    ring: Keyring = field(default_factory=lambda: Keyring(()))

    def text(self, name: str) -> str:
        """A secret text. Raises SettingsError where it is not set."""
        return self._get(name, str)

    def blob(self, name: str) -> bytes:
        """Bytes of a key. Raises SettingsError where it is not set."""
        return self._get(name, bytes)

    def private(self, name: str) -> RSAPrivateKey:
        """An RSA private key. Raises SettingsError where it is not set."""
        return self._get(name, RSAPrivateKey)

    def public(self, name: str) -> RSAPublicKey:
        """An RSA public key. Raises SettingsError where it is not set."""
        return self._get(name, RSAPublicKey)

    def __reduce__(self) -> NoReturn:
        raise TypeError("opened keys are not pickled")

    def has(self, name: str) -> bool:
        """Whether the key is set."""
        return name in self._opened

    def texts(self) -> Iterator[tuple[str, str]]:
        """The secret texts, by the names of their settings."""
        return ((name, value) for name, value in self._opened.items() if isinstance(value, str))

    def _get(self, name: str, kind: Callable[..., K]) -> K:  # abstract classes are no type[K]
        value = self._opened.get(name)
        if not isinstance(value, cast(type, kind)):
            raise SettingsError(f"{self.place}.{name} is not set; this needs it", file=_FILE)
        return cast(K, value)


@dataclass(frozen=True)
class Keys:
    """All keys of a vendor.

    Parameters
    ----------
    settings : VendorSettings
        Where they come from, and the vendor's other settings.
    apps : mapping
        Keys by app id.
    shared : AppKeys
        Keys of the vendor as a whole.
    facts : tuple of KeyFact
        One for each key, in the order of the settings.
    """

    settings: Any = field(repr=False)
    apps: Mapping[str, AppKeys]
    shared: AppKeys
    facts: tuple[KeyFact, ...] = ()

    def app(self, app_id: str | None) -> AppKeys | None:
        """Keys of an app; of the only one where the message does not name any."""
        if app_id is None and len(self.apps) == 1:
            return next(iter(self.apps.values()))
        return self.apps.get(app_id) if isinstance(app_id, str) else None

    def address(self, name: str = "base_url") -> str:
        """The address of the platform. Raises SettingsError where it is not set."""
        found = getattr(self.settings, name)
        if not found:
            place = self.shared.place
            raise SettingsError(f'{place}.{name} is not set: add {name} = "https://…"', file=_FILE)
        return str(found)

    def with_session(self, app_id: str | None, session: Mapping[str, str], from_ms: int) -> Keys:
        """The same keys and, if the session holds one, an AES key of the app that is valid from a moment on."""
        if "aes_key" not in session:
            return self
        app = self.require(app_id)
        ring = app.ring.with_key(TimedKey("fetched", from_ms, load_aes_key(session["aes_key"])))
        return replace(self, apps={**self.apps, str(app.app_id): replace(app, ring=ring)})

    def digest(self, secret: bytes) -> str:
        """A keyed digest of all keys: another one when any of them changes, and no way back to them."""
        told = [(f.app, f.name, f.kind, f.fingerprint, str(f.valid_from)) for f in self.facts]
        texts = [
            (keys.app_id, name, value) for keys in (self.shared, *self.apps.values()) for name, value in keys.texts()
        ]
        return mac("sha256", secret, repr((told, texts)).encode("utf-8", "surrogatepass")).hex()

    def require(self, app_id: str | None) -> AppKeys:
        """Keys of an app, for a call.

        Raises
        ------
        SettingsError
            There is no such app, or several to choose from.
        """
        if found := self.app(app_id):
            return found
        known = ", ".join(self.apps) or "none"
        raise SettingsError(f"name one of the apps in the settings; there are: {known}", file=_FILE)


def open_keys(settings: VendorSettings, vendor: str, row: Callable[..., int | None] | None = None) -> Keys:
    """Every key that the settings of a vendor name, opened.

    Parameters
    ----------
    settings, vendor
        The vendor's table, and its name.
    row : callable, optional
        ``row(*path)`` gives the line of a setting, for errors (`Settings.row`).

    Raises
    ------
    SettingsError
        Each key that is not what belongs in its place, all in one error.
    """
    problems: list[tuple[Path, str]] = []
    facts: list[KeyFact] = []
    at: Path = ("vendors", vendor)
    shared = _open(settings, None, at, facts, problems)
    apps = {a.id: _open(a, a.id, (*at, "apps", i), facts, problems) for i, a in enumerate(settings.apps)}
    if problems:
        raise SettingsError(
            Problem(f"{dotted(place)}: {why}", file=_FILE, row=row(*place) if row else None) for place, why in problems
        )
    return Keys(settings, apps, shared, tuple(facts))


def _open(
    table: SettingsTable, app: str | None, place: Path, facts: list[KeyFact], problems: list[tuple[Path, str]]
) -> AppKeys:
    opened: dict[str, object] = {}
    timed: list[TimedKey] = []
    for name, value, kind in _secrets(table):
        try:
            opened[name], fact = _LOADERS[kind](value.reveal())
        except CryptoError as error:
            problems.append(((*place, name), str(error)))
            continue
        facts.append(KeyFact(app, name, *fact, value.source))
    for name, keys in _timed(table):
        until = [*(k.valid_from for k in keys[1:]), None]
        for i, (key, end) in enumerate(zip(keys, until, strict=True)):
            try:
                raw = load_aes_key(key.key.reveal())
            except CryptoError as error:
                problems.append(((*place, name, i, "key"), str(error)))
                continue
            timed.append(TimedKey(key.id, _ms(key.valid_from), raw))
            facts.append(
                KeyFact(app, f"{name} {key.id}", _aes(raw), fingerprint(raw), key.key.source, key.valid_from, end)
            )
    return AppKeys(app, dotted(place), opened, Keyring(timed))


def _secrets(table: SettingsTable) -> Iterator[tuple[str, Secret, str]]:
    for name, info in type(table).model_fields.items():
        value, extra = getattr(table, name), info.json_schema_extra
        if isinstance(value, Secret) and isinstance(extra, dict):
            yield name, value, str(extra["key"])


def _timed(table: SettingsTable) -> Iterator[tuple[str, tuple[AesKeySettings, ...]]]:
    for name in type(table).model_fields:
        value = getattr(table, name)
        if isinstance(value, tuple) and value and all(isinstance(v, AesKeySettings) for v in value):
            yield name, value


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _aes(key: bytes) -> str:
    return f"AES-{8 * len(key)}"


Opened = tuple[object, tuple[str, str]]


def _text(content: bytes) -> Opened:
    # No fingerprint: somebody may have thought the text up, and a digest of it could be guessed back.
    text = content.decode("utf-8", "surrogateescape")
    return text, (f"secret text, {len(text)} characters", "")


def _text32(content: bytes) -> Opened:
    # Made by the vendor, not thought up by a person: it may have a fingerprint.
    if len(content) != 32:
        raise KeyFormatError(f"a key of 32 characters is expected, this has {len(content)}")
    return check_aes_key(content), (_aes(content), fingerprint(content))


def _base64(content: bytes) -> Opened:
    try:
        raw = decode_base64(content.decode("ascii", "replace"))
    except CryptoError:
        raise KeyFormatError("the key is not Base64 text: copy it whole, as the vendor shows it") from None
    return raw, (f"key, {len(raw)} bytes", fingerprint(raw))


def _base64_aes(content: bytes) -> Opened:
    raw = load_aes_key(content)
    return raw, (_aes(raw), fingerprint(raw))


def _private(content: bytes) -> Opened:
    key = load_private_key(content)
    return key, (f"RSA-{key.key_size} private", key_fingerprint(key))


def _public(content: bytes) -> Opened:
    key = load_public_key(content)
    return key, (f"RSA-{key.key_size} public", key_fingerprint(key))


_LOADERS: Mapping[str, Callable[[bytes], Opened]] = {
    "text": _text,
    "text32": _text32,
    "base64": _base64,
    "aes": _base64_aes,
    "rsa_private": _private,
    "rsa_public": _public,
}
