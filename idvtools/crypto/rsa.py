"""RSA keys from whatever they come in, SHA256withRSA, PKCS#1 v1.5.

`cryptography` does this room's work: it verifies an RSA-2048 signature about five times faster
than pycryptodome, and a month has a million of them.
"""

from __future__ import annotations

import base64
import binascii

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from idvtools.errors import KeyFormatError


def _pem_or_der(data: bytes) -> tuple[bytes, bool]:
    if b"-----BEGIN" in data:
        return data, True
    try:
        return base64.b64decode(b"".join(data.split()), validate=True), False
    except binascii.Error:
        return data, False


def load_public_key(data: bytes) -> RSAPublicKey:
    """An RSA public key from PEM, bare Base64 DER or DER (SPKI or PKCS#1).

    Raises
    ------
    KeyFormatError
        Not an RSA public key; a private key in its place is named as such.
    """
    raw, pem = _pem_or_der(data)
    if b"PRIVATE KEY" in raw:
        raise KeyFormatError("this is a private key, the platform's public key belongs here")
    try:
        key = serialization.load_pem_public_key(raw) if pem else serialization.load_der_public_key(raw)
    except (ValueError, UnsupportedAlgorithm):
        raise KeyFormatError("not an RSA public key in PEM or Base64 DER form") from None
    if not isinstance(key, RSAPublicKey):
        raise KeyFormatError("this public key is not an RSA key")
    return key


def load_private_key(data: bytes) -> RSAPrivateKey:
    """An RSA private key from PEM, bare Base64 DER or DER (PKCS#8 or PKCS#1), not encrypted.

    Raises
    ------
    KeyFormatError
        Not an RSA private key; a public key in its place is named as such.
    """
    raw, pem = _pem_or_der(data)
    if b"PUBLIC KEY" in raw:
        raise KeyFormatError("this is a public key, our private key belongs here")
    try:
        key = (
            serialization.load_pem_private_key(raw, password=None)
            if pem
            else serialization.load_der_private_key(raw, password=None)
        )
    except TypeError:
        raise KeyFormatError("this private key is protected by a password") from None
    except (ValueError, UnsupportedAlgorithm):
        raise KeyFormatError("not an RSA private key in PEM or Base64 DER form") from None
    if not isinstance(key, RSAPrivateKey):
        raise KeyFormatError("this private key is not an RSA key")
    return key


def sign_sha256(message: bytes, key: RSAPrivateKey) -> str:
    """SHA256withRSA signature of `message`, as Base64 text."""
    return base64.b64encode(key.sign(message, PKCS1v15(), hashes.SHA256())).decode("ascii")


def verify_sha256(message: bytes, signature: str, key: RSAPublicKey) -> bool:
    """Whether `signature` (Base64) is a SHA256withRSA signature of `message`."""
    try:
        key.verify(base64.b64decode(signature, validate=True), message, PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True
