"""idvtools.toml -> frozen, validated settings; every problem at once; secrets by reference.

`load` is the only way in. The shape of the file: workspace.md section 1; what the values mean: billing.md.
"""

from idvtools.settings.loading import load
from idvtools.settings.model import (
    AesKeys,
    AesKeySettings,
    AppSettings,
    PriceSettings,
    ReconciledSettings,
    SecretField,
    Settings,
    SettingsTable,
    Shapes,
    VendorSettings,
    WorkspaceSettings,
    check_url,
    key_field,
)
from idvtools.settings.secrets import Secret
from idvtools.settings.template import TEMPLATE
from idvtools.settings.vaultkeys import VaultKeys, load_vault_keys

__all__ = [
    "TEMPLATE",
    "AesKeySettings",
    "AesKeys",
    "AppSettings",
    "PriceSettings",
    "ReconciledSettings",
    "Secret",
    "SecretField",
    "Settings",
    "SettingsTable",
    "Shapes",
    "VaultKeys",
    "VendorSettings",
    "WorkspaceSettings",
    "check_url",
    "key_field",
    "load",
    "load_vault_keys",
]
