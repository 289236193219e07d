"""RSA keys from whatever they come in, SHA256withRSA, PKCS#1 v1.5 decryption.

Two libraries, one reason each. `cryptography` loads keys and checks signatures: it verifies an
RSA-2048 signature about five times faster than pycryptodome, and a month has a million of them.
`pycryptodome` decrypts: under a wrong key OpenSSL, and so `cryptography`, answers with random bytes
of random length (implicit rejection), where pycryptodome says that the padding is wrong.
"""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime

from Crypto.Cipher import PKCS1_v1_5
from Crypto.PublicKey import RSA
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from idvtools.crypto.aes import decode_base64
from idvtools.crypto.digests import fingerprint
from idvtools.errors import CertificateExpiredError, CryptoError, DecryptionError, KeyFormatError

_SHORTEST = 1024  # bits; anything shorter is a toy, and factored on a laptop


def _pem_or_der(data: object) -> tuple[bytes, bool]:
    if not isinstance(data, bytes):
        raise KeyFormatError("a key is read from bytes: the content of its file")
    if b"-----BEGIN" in data:
        return data, True
    try:
        return base64.b64decode(b"".join(data.split()), validate=True), False
    except binascii.Error:
        return data, False


def load_public_key(data: bytes, *, at: datetime | None = None) -> RSAPublicKey:
    """An RSA public key from PEM, bare Base64 DER or DER: SPKI, PKCS#1, or a certificate.

    Parameters
    ----------
    data : bytes
        Content of the file.
    at : datetime, optional
        When a certificate must be valid; now if not given.

    Raises
    ------
    CertificateExpiredError
        The certificate is not valid at that time.
    KeyFormatError
        Not an RSA public key; a private key in its place is named as such.

    Examples
    --------
    >>> from cryptography.hazmat.primitives.asymmetric import rsa
    >>> pair = rsa.generate_private_key(65537, 2048)
    >>> form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    >>> load_public_key(pair.public_key().public_bytes(*form)).key_size
    2048
    """
    raw, pem = _pem_or_der(data)
    if b"PRIVATE KEY" in raw or (not pem and _is_private(raw)):
        raise KeyFormatError("this is a private key, a public key belongs here")
    if certificate := _certificate(raw, pem):
        return _from_certificate(certificate, at or datetime.now(UTC))
    try:
        key = serialization.load_pem_public_key(raw) if pem else serialization.load_der_public_key(raw)
    except (ValueError, UnsupportedAlgorithm):
        raise KeyFormatError("not an RSA public key or certificate in PEM or Base64 DER form") from None
    return _rsa_public(key)


def _rsa_public(key: object) -> RSAPublicKey:
    if not isinstance(key, RSAPublicKey):
        raise KeyFormatError("this public key is not an RSA key")
    if key.key_size < _SHORTEST:
        raise KeyFormatError(f"this RSA key has {key.key_size} bits, {_SHORTEST} at least are expected")
    return key


def _is_private(der: bytes) -> bool:
    try:
        serialization.load_der_private_key(der, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return True


def _certificate(raw: bytes, pem: bool) -> x509.Certificate | None:
    if pem and b"-----BEGIN CERTIFICATE-----" not in raw:
        return None
    try:
        return x509.load_pem_x509_certificate(raw) if pem else x509.load_der_x509_certificate(raw)
    except ValueError:
        if pem:
            raise KeyFormatError("this certificate cannot be read: fetch the file again") from None
        return None


def _from_certificate(certificate: x509.Certificate, at: datetime) -> RSAPublicKey:
    since, until = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not since <= at <= until:
        raise CertificateExpiredError(
            f"this certificate is valid from {since:%Y-%m-%d} to {until:%Y-%m-%d} only: ask for the current one; to "
            "check old signatures, give the bare public key that is in it (openssl x509 -pubkey -noout -in FILE)"
        )
    try:
        return _rsa_public(certificate.public_key())
    except (ValueError, UnsupportedAlgorithm):
        raise KeyFormatError("the key in this certificate is not an RSA key") from None


def load_private_key(data: bytes) -> RSAPrivateKey:
    """An RSA private key from PEM, bare Base64 DER or DER (PKCS#8 or PKCS#1), not encrypted.

    Raises
    ------
    KeyFormatError
        Not an RSA private key; a public key or a certificate in its place is named as such.

    Examples
    --------
    >>> load_private_key(b"-----BEGIN PUBLIC KEY-----")
    Traceback (most recent call last):
    idvtools.errors.KeyFormatError: this is a public key, our private key belongs here
    """
    raw, pem = _pem_or_der(data)
    if b"PUBLIC KEY" in raw or (not pem and _is_public(raw)):
        raise KeyFormatError("this is a public key, our private key belongs here")
    if _certificate(raw, pem):
        raise KeyFormatError("this is a certificate, our private key belongs here")
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
    if key.key_size < _SHORTEST:
        raise KeyFormatError(f"this RSA key has {key.key_size} bits, {_SHORTEST} at least are expected")
    return key


def _is_public(der: bytes) -> bool:
    try:
        serialization.load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm):
        return False
    return True


def sign_sha256(message: bytes, key: RSAPrivateKey) -> str:
    """SHA256withRSA signature of `message`, as Base64 text.

    Raises
    ------
    KeyFormatError
        `key` is not a private key.
    CryptoError
        Text where bytes belong.

    Examples
    --------
    >>> from cryptography.hazmat.primitives.asymmetric import rsa
    >>> pair = rsa.generate_private_key(65537, 2048)
    >>> signature = sign_sha256(b"message", pair)
    >>> verify_sha256(b"message", signature, pair.public_key()), verify_sha256(b"other", signature, pair.public_key())
    (True, False)
    """
    if not isinstance(key, RSAPrivateKey):
        raise KeyFormatError("our RSA private key belongs here, opened by load_private_key")
    if not isinstance(message, bytes):
        raise CryptoError("bytes are signed: encode the text first")
    return base64.b64encode(key.sign(message, PKCS1v15(), hashes.SHA256())).decode("ascii")


def verify_sha256(message: bytes, signature: str, key: RSAPublicKey) -> bool:
    """Whether `signature` (Base64) is a SHA256withRSA signature of `message`.

    Raises
    ------
    KeyFormatError
        `key` is not a public key.
    """
    if not isinstance(key, RSAPublicKey):
        raise KeyFormatError("an RSA public key belongs here, opened by load_public_key")
    try:
        key.verify(base64.b64decode(signature, validate=True), message, PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def decrypt_pkcs1(cipher_text: str, key: RSAPrivateKey, length: int) -> bytes:
    """Decrypt a Base64 text of RSA PKCS#1 v1.5 whose content has `length` bytes.

    Raises
    ------
    DecryptionError
        Wrong Base64, wrong length, or encrypted for another key.

    Examples
    --------
    >>> from cryptography.hazmat.primitives.asymmetric import rsa
    >>> pair = rsa.generate_private_key(65537, 2048)
    >>> decrypt_pkcs1(encrypt_pkcs1(b"sixteen bytes ok", pair.public_key()), pair, 16)
    b'sixteen bytes ok'
    """
    blob = decode_base64(cipher_text)
    if len(blob) != (key.key_size + 7) // 8:
        raise DecryptionError(
            f"the decoded text has {len(blob)} bytes, a text encrypted for this key has {(key.key_size + 7) // 8}: "
            "it is cut, or meant for another key"
        )
    der = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    try:
        plain: bytes | None = PKCS1_v1_5.new(RSA.import_key(der)).decrypt(blob, None, expected_pt_len=length)
    except ValueError:
        plain = None
    if plain is None or len(plain) != length:
        raise DecryptionError("the text was not encrypted for this private key, or does not hold what is expected")
    return plain


def encrypt_pkcs1(plain: bytes, key: RSAPublicKey) -> str:
    """Encrypt a few bytes with RSA PKCS#1 v1.5, as Base64 text (what the platform does with a new AES key)."""
    return base64.b64encode(key.encrypt(plain, PKCS1v15())).decode("ascii")


def key_fingerprint(key: RSAPublicKey | RSAPrivateKey) -> str:
    """Fingerprint of the key pair: a private key has the one of its public key.

    ``openssl pkey -pubin -in FILE -outform der | sha256sum`` begins with it.
    """
    public = key.public_key() if isinstance(key, RSAPrivateKey) else key
    return fingerprint(public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo))
