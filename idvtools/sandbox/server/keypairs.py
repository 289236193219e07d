"""The two RSA key pairs of the sandbox, always the same: ours and the platform's.

A search for primes takes longer than the whole server to start, so it was done once, and how far the primes are
from where the search began is written down here. Anybody can compute these keys: they protect nothing.
"""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPrivateNumbers,
    RSAPublicNumbers,
    rsa_crt_dmp1,
    rsa_crt_dmq1,
    rsa_crt_iqmp,
)
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

Side = Literal["platform", "ours"]

_EXPONENT = 65537
#: Odd numbers between the start of the search and the prime, for p and q.
_STEPS: dict[Side, tuple[int, int]] = {"platform": (554, 93), "ours": (218, 25)}
_MARK = "SYNTHETIC TEST KEY, known to everybody. Never use it for anything real.\n"


@cache
def private_key(side: Side) -> RSAPrivateKey:
    """The private key of a side.

    Examples
    --------
    >>> private_key("ours").key_size
    2048
    """
    p, q = (_start(side, half) + 2 * steps for half, steps in zip("pq", _STEPS[side], strict=True))
    d = pow(_EXPONENT, -1, (p - 1) * (q - 1))
    numbers = RSAPublicNumbers(_EXPONENT, p * q)
    return RSAPrivateNumbers(p, q, d, rsa_crt_dmp1(d, p), rsa_crt_dmq1(d, q), rsa_crt_iqmp(p, q), numbers).private_key()


def private_pem(side: Side) -> str:
    """The private key as PEM (PKCS#8), under a line that says what it is worth."""
    key = private_key(side).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return _MARK + key.decode("ascii")


def public_pem(side: Side) -> str:
    """The public key as PEM."""
    key = private_key(side).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return key.decode("ascii")


def _start(side: Side, half: str) -> int:
    digest = hashlib.shake_256(f"idvtools sandbox: synthetic, {side} {half}".encode()).digest(128)
    return int.from_bytes(digest) | 3 << 1022 | 1
