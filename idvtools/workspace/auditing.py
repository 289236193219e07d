"""Checking the evidence vault with its own two keys: no vendor's keys are needed, and nothing is made."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from idvtools.crypto.aes import load_aes_key
from idvtools.errors import CryptoError, SettingsError, WorkspaceError
from idvtools.settings import Secret, load_vault_keys
from idvtools.vault import VaultReport
from idvtools.vault.custody import derived
from idvtools.vault.verify import Lacking, verify


def verify_vault(folder: Path, head: str | None = None, environ: Mapping[str, str] | None = None) -> VaultReport:
    """Check a workspace's vault with what is there of ``[workspace]`` in its settings.

    Parameters
    ----------
    folder : Path
        The workspace: its ``idvtools.toml``, ``evidence`` and the two keys suffice.
    head : str, optional
        As for `Vault.verify`.
    environ : mapping, optional
        Where ``{env = …}`` secrets are looked up.

    Raises
    ------
    WorkspaceError
        There is no such folder.
    SettingsError
        There are no settings, or ``vault_key`` is no key. A key file that is missing does not stop the check.
    InputError
        `head` is no hash.
    """
    if not folder.is_dir():
        raise WorkspaceError("no such folder; `idvtools init` makes a workspace", file=str(folder))
    keys = load_vault_keys(folder, environ)
    sealing = None if keys.vault_key is None else seal_key(keys.vault_key, keys.row)
    lacking = Lacking(pin=keys.no_pseudonym_key, seal=keys.no_vault_key)
    return verify(folder / "evidence", derived(keys.pseudonym_key), sealing, head=head, lacking=lacking)


def seal_key(secret: Secret, row: int | None) -> bytes:
    """The key that ``vault_key`` refers to.

    Raises
    ------
    SettingsError
        It is not Base64 of 32 bytes.
    """
    key = None
    with suppress(CryptoError):
        key = load_aes_key(secret.reveal())
    if key is None or len(key) != 32:
        why = "must be Base64 of 32 bytes, as `openssl rand -base64 32` makes them"
        raise SettingsError(f"workspace.vault_key: {why}", file="idvtools.toml", row=row)
    return key
