"""Keys of the settings, ready for use."""

from __future__ import annotations

from idvtools.crypto.aes import load_aes_key
from idvtools.crypto.keyring import Keyring, TimedKey
from idvtools.crypto.rsa import load_public_key
from idvtools.errors import CryptoError, Problem, SettingsError
from idvtools.settings import VendorSettings
from idvtools.vendors.base import CheckKeys, Vendor


def load_keys(chosen: VendorSettings, declared: Vendor) -> tuple[dict[str, Keyring], dict[str, CheckKeys]]:
    """Keys ready for use; every key that cannot be read is named in one error."""
    problems: list[Problem] = []

    def told(place: str, error: CryptoError) -> None:
        problems.append(Problem(f"vendors.{declared.name}.{place}: {error}", file="idvtools.toml"))

    public = None
    if chosen.notify_public_key is not None:
        try:
            public = load_public_key(chosen.notify_public_key.reveal())
        except CryptoError as error:
            told("notify_public_key", error)
    keyrings: dict[str, Keyring] = {}
    check_keys: dict[str, CheckKeys] = {}
    for i, app in enumerate(chosen.apps):
        timed = []
        for k, key in enumerate(app.aes_keys):
            try:
                start = int(key.valid_from.timestamp() * 1000)
                timed.append(TimedKey(key.id, start, load_aes_key(key.key.reveal())))
            except CryptoError as error:
                told(f"apps[{i}].aes_keys[{k}].key", error)
        if timed:
            keyrings[app.id] = Keyring(timed)
        if app.app_key is not None or public is not None:
            text = None if app.app_key is None else app.app_key.reveal().decode("utf-8", "surrogateescape")
            check_keys[app.id] = CheckKeys(text, public)
    if problems:
        raise SettingsError(problems)
    return keyrings, check_keys
