"""The two keys of the evidence vault alone: whoever checks a vault needs no vendor's keys, and makes none."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from idvtools.errors import SettingsError
from idvtools.settings.loading import FILE, parse, read
from idvtools.settings.model import WorkspaceSettings, kind_of
from idvtools.settings.places import Places
from idvtools.settings.secrets import PseudonymKey, Secret, Sources, UnusableError, parse_reference


@dataclass(frozen=True)
class VaultKeys:
    """What ``[workspace]`` says of the vault's keys; where one is not to be had, why.

    Parameters
    ----------
    pseudonym_key, vault_key : bytes, Secret or None
        The keys; None: not to be had, or (`vault_key`) not set.
    no_pseudonym_key, no_vault_key : str or None
        Why a key that is set is not to be had.
    row : int or None
        Line of ``vault_key`` in the settings file.
    """

    pseudonym_key: bytes | None
    vault_key: Secret | None
    no_pseudonym_key: str | None
    no_vault_key: str | None
    row: int | None


def load_vault_keys(folder: Path, environ: Mapping[str, str] | None = None) -> VaultKeys:
    """Read the vault's keys and nothing else of a workspace's settings. Makes nothing.

    Parameters
    ----------
    folder, environ
        As for `idvtools.settings.load`.

    Raises
    ------
    SettingsError
        There is no settings file, it is not TOML, or a key does not stand there by reference.
    """
    text = read(folder)
    table = parse(text).get("workspace", {})
    if not isinstance(table, dict):
        raise SettingsError(f"workspace: must be a table, not {kind_of(table)}", file=FILE)
    sources = Sources(folder, os.environ if environ is None else environ)
    places = Places(text)
    found: dict[str, Secret | PseudonymKey] = {}
    lacking: dict[str, str] = {}
    for name in ("pseudonym_key", "vault_key"):
        reference = table.get(name, WorkspaceSettings.model_fields[name].default)
        if reference is None:
            continue
        try:
            parse_reference(reference)
        except UnusableError as problem:
            raise SettingsError(
                f"workspace.{name}: {problem}", file=FILE, row=places.row(("workspace", name))
            ) from None
        try:
            found[name] = PseudonymKey(reference, sources) if name == "pseudonym_key" else sources.read(reference)
        except UnusableError as problem:
            gone = isinstance(problem.__cause__, FileNotFoundError)
            lacking[name] = f"{parse_reference(reference)[1]} is missing" if gone else str(problem)
    key, sealing = found.get("pseudonym_key"), found.get("vault_key")
    if isinstance(key, PseudonymKey) and key.missing:
        lacking["pseudonym_key"] = f"{key.missing} is missing"
        key = None
    return VaultKeys(
        key.reveal() if key is not None else None,
        sealing if isinstance(sealing, Secret) else None,
        lacking.get("pseudonym_key"),
        lacking.get("vault_key"),
        places.row(("workspace", "vault_key")),
    )
