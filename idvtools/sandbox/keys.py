"""Synthetic keys and secrets, all of them from the seed: equal arguments give equal keys.

That is what makes them worthless as secrets, and every private file says so.
"""

from __future__ import annotations

import base64
import random
import string
from dataclasses import dataclass, field

from Crypto.PublicKey import RSA
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from idvtools.crypto.rsa import load_private_key
from idvtools.sandbox.clockwork import APPS, Calendar

_MARK = "SYNTHETIC TEST KEY, derived from a public seed. Never use it for anything real.\n"


@dataclass(frozen=True)
class Secrets:
    """The keys of both sides. `aes` maps (appId, key id) to key bytes, the lost key included."""

    app_keys: dict[str, str] = field(repr=False)
    aes: dict[tuple[str, str], bytes] = field(repr=False)
    platform_key: RSAPrivateKey = field(repr=False)
    files: dict[str, str] = field(repr=False)


def make_secrets(calendar: Calendar, seed: int) -> Secrets:
    """All keys of a workspace; `files` is what belongs into its ``keys`` folder."""
    rng = random.Random(f"{seed}/{calendar.month}/keys")
    app_keys = {app: "".join(rng.choices(string.ascii_letters + string.digits, k=64)) for app in APPS}
    aes = {(s.app_id, s.key_id): rng.randbytes(16) for slots in calendar.key_slots.values() for s in slots}
    pseudonym = rng.randbytes(32).hex()
    platform = RSA.generate(2048, randfunc=rng.randbytes)
    ours = RSA.generate(2048, randfunc=rng.randbytes)
    files = {
        "keys/README.txt": _MARK,
        "keys/pseudonym.key": pseudonym + "\n",
        "keys/notify_public_key.pem": platform.public_key().export_key().decode("ascii") + "\n",
        "keys/rsa_private_key_pkcs8.pem": _MARK + ours.export_key(pkcs=8).decode("ascii") + "\n",
    }
    for app, app_key in app_keys.items():
        files[f"keys/app-key-{app}.txt"] = app_key + "\n"
    for slots in calendar.key_slots.values():
        for slot in slots:
            if slot.listed:
                text = base64.b64encode(aes[slot.app_id, slot.key_id]).decode("ascii")
                files[aes_file(slot.app_id, slot.key_id)] = text + "\n"
    return Secrets(app_keys, aes, load_private_key(platform.export_key(pkcs=8)), files)


def aes_file(app_id: str, key_id: str) -> str:
    """Where an AES key stands in the workspace."""
    return f"keys/aes-{app_id}-{key_id}.b64"
