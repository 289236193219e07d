"""Settings and keys of the synthetic workspace with exchanges: all five vendors."""

from __future__ import annotations

import random
import string
from base64 import b64encode

from idvtools.sandbox.clockwork import Calendar
from idvtools.sandbox.configured import settings_text
from idvtools.sandbox.keys import Secrets

#: After DEC, whose settings and keys are those of a synthetic month.
_OTHERS = """
[vendors.tencent]
base_url = "https://iauth.example.com"

[[vendors.tencent.apps]]
id = "9001"
secret_key = {file = "keys/tencent-secret-key.txt"}
result_key = {file = "keys/tencent-result-key.txt"}

[vendors.webank]
base_url = "https://capapi.example.com"
files_url = "https://capup.example.com"

[[vendors.webank.apps]]
id = "SYNWEB01"
secret = {file = "keys/webank-secret.txt"}
salt = {file = "keys/webank-salt.txt"}

[vendors.onenet]
base_url = "https://onenet.example.com"

[[vendors.onenet.apps]]
id = "90001"
access_key = {file = "keys/onenet-access-key.b64"}

[vendors.westdex]
base_url = "https://westdex.example.com/api/invoke"

[[vendors.westdex.apps]]
id = "900001"
key = {file = "keys/westdex-key.txt"}
"""


def settings(calendar: Calendar) -> str:
    """``idvtools.toml``."""
    return settings_text(calendar) + _OTHERS


def key_files(calendar: Calendar, secrets: Secrets, seed: int) -> dict[str, str]:
    """What belongs into ``keys/``, by path."""
    rng = random.Random(f"{seed}/{calendar.month}/exchanges/keys")

    def text(length: int) -> str:
        return "".join(rng.choices(string.ascii_letters + string.digits, k=length))

    return {
        **secrets.files,
        "keys/tencent-secret-key.txt": text(40) + "\n",
        "keys/tencent-result-key.txt": text(32) + "\n",
        "keys/webank-secret.txt": text(64) + "\n",
        "keys/webank-salt.txt": text(24) + "\n",
        "keys/onenet-access-key.b64": b64encode(rng.randbytes(32)).decode() + "\n",
        "keys/westdex-key.txt": rng.randbytes(16).hex() + "\n",
    }
