"""The workspace that belongs to a running sandbox: settings of all five vendors, synthetic keys, empty folders."""

from __future__ import annotations

import random
import string
import tempfile
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from idvtools import vendors
from idvtools.crypto.keyring import TimedKey
from idvtools.errors import OutputError
from idvtools.sandbox.clockwork import APPS, SITES, Calendar
from idvtools.sandbox.exchanges.configured import key_files
from idvtools.sandbox.keys import Secrets, aes_file
from idvtools.sandbox.placing import placed
from idvtools.sandbox.server.keypairs import private_key, private_pem, public_pem
from idvtools.sandbox.writer import save
from idvtools.settings import load
from idvtools.vendors.base import Keys, open_keys

#: The AES keys of each DEC app, oldest first.
AesKeys = Mapping[str, Sequence[TimedKey]]

_SETTINGS = "idvtools.toml"
FOLDERS = ("requests", "callbacks", "polls", "statements", "evidence")
_ZONE = ZoneInfo("Asia/Shanghai")
#: The first AES keys are older than any time that somebody may set the clock to.
_SINCE = datetime(2020, 1, 1, tzinfo=_ZONE)
#: Names the sequence that the keys of the other vendors are drawn from.
_KEYS_OF = Calendar("2026-10")
_HEAD = """\
# Settings for the sandbox at {url}: everything in it is synthetic, and its keys protect nothing.
[workspace]
timezone = "Asia/Shanghai"
pseudonym_key = {{file = "keys/pseudonym.key"}}

[vendors.dec]
base_url = "{url}"
notify_public_key = {{file = "keys/notify_public_key.pem"}}
fallback_status = "none"
n_in_one = "auto"
"""
_APP = """
[[vendors.dec.apps]]
id = "{app}"
app_key = {{file = "keys/app-key-{app}.txt"}}
private_key = {{file = "keys/rsa_private_key_pkcs8.pem"}}
"""
_AES = """
[[vendors.dec.apps.aes_keys]]
id = "{key_id}"
valid_from = {since}
key = {{file = "{file}"}}
"""
_PRICE = """
[[vendors.dec.prices]]
site = "{site}"
unit_price = "{unit}"
currency = "CNY"
valid_from = 2020-01-01
"""
_OTHERS = """
[vendors.tencent]
base_url = "{url}"

[[vendors.tencent.apps]]
id = "9001"
secret_key = {{file = "keys/tencent-secret-key.txt"}}
result_key = {{file = "keys/tencent-result-key.txt"}}

[vendors.webank]
base_url = "{url}"
files_url = "{url}"

[[vendors.webank.apps]]
id = "SYNWEB01"
secret = {{file = "keys/webank-secret.txt"}}
salt = {{file = "keys/webank-salt.txt"}}

[vendors.onenet]
base_url = "{url}"

[[vendors.onenet.apps]]
id = "90001"
access_key = {{file = "keys/onenet-access-key.b64"}}

[vendors.westdex]
base_url = "{url}/api/invoke"

[[vendors.westdex.apps]]
id = "900001"
key = {{file = "keys/westdex-key.txt"}}
"""


def make_secrets(seed: int) -> Secrets:
    """The secrets of both sides of DEC, and all files that belong into ``keys/`` but the AES keys."""
    rng = random.Random(f"{seed}/server/keys")
    app_keys = {app: "".join(rng.choices(string.ascii_letters + string.digits, k=64)) for app in APPS}
    aes = {(app, "sandbox-1"): rng.randbytes(16) for app in APPS}
    files = {
        "keys/README.txt": "Synthetic keys of a sandbox. They protect nothing.\n",
        "keys/pseudonym.key": rng.randbytes(32).hex() + "\n",
        "keys/notify_public_key.pem": public_pem("platform"),
        "keys/rsa_private_key_pkcs8.pem": private_pem("ours"),
        **{f"keys/app-key-{app}.txt": app_key + "\n" for app, app_key in app_keys.items()},
    }
    secrets = Secrets(app_keys, aes, private_key("platform"), files)
    return Secrets(app_keys, aes, private_key("platform"), key_files(_KEYS_OF, secrets, seed))


def first_keys(secrets: Secrets) -> dict[str, list[TimedKey]]:
    """The AES keys that the apps have before any is rotated."""
    since = round(_SINCE.timestamp() * 1000)
    return {app: [TimedKey(key_id, since, key)] for (app, key_id), key in secrets.aes.items()}


def settings_text(url: str, aes: AesKeys) -> str:
    """``idvtools.toml`` for a sandbox that listens at `url`."""
    parts = [_HEAD.format(url=url)]
    for app, keys in aes.items():
        parts.append(_APP.format(app=app))
        for key in keys:
            since = datetime.fromtimestamp(key.valid_from_ms / 1000, UTC).astimezone(_ZONE)
            file = aes_file(app, key.key_id)
            parts.append(_AES.format(key_id=key.key_id, since=since.isoformat(timespec="milliseconds"), file=file))
    parts += [_PRICE.format(site="*", unit="3.00"), _PRICE.format(site=SITES[1], unit="2.50")]
    return "".join([*parts, _OTHERS.format(url=url)])


def write_workspace(folder: Path, url: str, secrets: Secrets, aes: AesKeys) -> None:
    """Write the workspace; it appears complete or not at all.

    Raises
    ------
    OutputError
        `folder` is in the way: a file, or not empty.
    """
    with placed(folder) as aside:
        _write(aside, url, secrets, aes)


def is_workspace(folder: Path, url: str, secrets: Secrets, aes: AesKeys) -> bool:
    """Whether `write_workspace` would write the settings and keys that a folder has; False where it is free.

    Raises
    ------
    OutputError
        The folder holds something else.
    """
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return False
    try:
        if all((folder / name).read_bytes() == text.encode() for name, text in _files(url, secrets, aes).items()):
            return True
    except OSError:
        pass
    why = f"is no workspace of this sandbox at {url} (another seed or port, or something else); leave --workspace away"
    raise OutputError(f"{why}, or choose another folder", file=str(folder))


def open_world_keys(secrets: Secrets, aes: AesKeys) -> dict[str, Keys]:
    """The keys of every vendor, opened as a workspace opens them."""
    with tempfile.TemporaryDirectory(prefix="idvtools-sandbox-") as scratch:
        root = Path(scratch)
        _write(root, "http://127.0.0.1", secrets, aes)
        known = load(root, {}, shapes=vendors.shapes())
        return {name: open_keys(known.vendor(name), name) for name in known.vendors}


def _files(url: str, secrets: Secrets, aes: AesKeys) -> dict[str, str]:
    files = {_SETTINGS: settings_text(url, aes), **secrets.files}
    for app, keys in aes.items():
        files |= {aes_file(app, k.key_id): b64encode(k.key).decode("ascii") + "\n" for k in keys}
    return files


def _write(root: Path, url: str, secrets: Secrets, aes: AesKeys) -> None:
    for name, text in _files(url, secrets, aes).items():
        save(root / name, text)
        if name != _SETTINGS:
            (root / name).chmod(0o600)
    (root / "keys").chmod(0o700)
    for name in FOLDERS:
        (root / name).mkdir()
