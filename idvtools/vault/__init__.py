"""The evidence vault: files as they were received, a custody log that shows tampering, encryption at rest."""

from idvtools.errors import VaultError
from idvtools.vault.content import Content
from idvtools.vault.custody import Entry
from idvtools.vault.incoming import Incoming
from idvtools.vault.origin import Identity, Origin
from idvtools.vault.report import VaultReport
from idvtools.vault.store import Vault

__all__ = ["Content", "Entry", "Identity", "Incoming", "Origin", "Vault", "VaultError", "VaultReport"]
