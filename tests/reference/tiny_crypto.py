"""The few ciphers that a written workspace needs, straight from dec.md section 1."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from functools import cache

from Crypto.Cipher import AES
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa


def encrypt(text: str, key: bytes) -> str:
    """Encrypt a field: Base64 of AES-128-ECB with PKCS#7 padding."""
    data = text.encode()
    missing = 16 - len(data) % 16
    return base64.b64encode(AES.new(key, AES.MODE_ECB).encrypt(data + bytes([missing]) * missing)).decode()


def decshash(message: dict[str, object], app_key: str) -> str:
    """Give the DECSHASH of a message that holds no float and no character beyond the basic plane."""
    canonical = json.dumps(message, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hmac.new(app_key.encode(), (canonical + app_key).encode(), hashlib.sha256).hexdigest().upper()


@cache
def platform_key() -> rsa.RSAPrivateKey:
    """Make the platform's key pair, once a process: a 2048-bit key takes its time."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def decssign(text: str) -> str:
    """Sign a DECSHASH as the platform does."""
    return base64.b64encode(platform_key().sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()


def public_pem() -> bytes:
    """Give the platform's public key."""
    return (
        platform_key()
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


def private_pem() -> bytes:
    """Give a private key for the settings; nothing in a month is encrypted with it."""
    return platform_key().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
