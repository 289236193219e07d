"""Bytes in, bytes out: ciphers, signatures, canonical JSON, the keyring. Knows no vendor."""

from idvtools.crypto.canonical import canonical_json

__all__ = ["canonical_json"]
