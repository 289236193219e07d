"""Measure ciphers, signatures and decoding on one core, beside the plain way, in one run. Nothing fails on time."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import random
import statistics
import time
from collections.abc import Callable

from Crypto.Cipher import AES
from Crypto.Hash import SHA256
from Crypto.PublicKey import RSA
from Crypto.Signature import pkcs1_15
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from idvtools import vendors
from idvtools.crypto.aes import decrypt_column, encrypt_text
from idvtools.crypto.rsa import sign_sha256
from idvtools.vendors.base import CheckKeys
from idvtools.vendors.dec import check_notification, decshash

RUNS = 5
_RANDOM = random.Random(7)


def measure(count: int, work: Callable[[], object]) -> float:
    """Values a second, the median of `RUNS`."""
    rates = []
    for _ in range(RUNS):
        start = time.perf_counter()
        work()
        rates.append(count / (time.perf_counter() - start))
    return statistics.median(rates)


def line(what: str, rate: float, plain: float | None = None, goal: int | None = None) -> None:
    """One line of the table."""
    ratio = f"{rate / plain:6.1f} x the plain way ({plain:,.0f})" if plain else ""
    aim = f"goal {goal:,}: {'met' if rate >= goal else 'MISSED'}" if goal else ""
    print(f"{what:<44} {rate:>12,.0f} a second   {aim:<22} {ratio}")


def columns() -> None:
    """Encrypted id numbers under one key, as a column and one by one."""
    key = _RANDOM.randbytes(16)
    ids = [f"999999{_RANDOM.randrange(10**11):011d}X" for _ in range(200_000)]

    def one_by_one(texts: list[str]) -> list[str]:
        clear = []
        for text in texts:
            plain = AES.new(key, AES.MODE_ECB).decrypt(base64.b64decode(text))
            clear.append(plain[: -plain[-1]].decode())
        return clear

    for mode in ("ecb", "cbc"):
        sealed = [encrypt_text(i, key, mode) for i in ids]
        assert decrypt_column(sealed, key, mode).texts == ids
        rate = measure(len(ids), lambda sealed=sealed, mode=mode: decrypt_column(sealed, key, mode))
        plain = measure(20_000, lambda sealed=sealed: one_by_one(sealed[:20_000])) if mode == "ecb" else None
        line(f"column decryption, AES-128-{mode.upper()}", rate, plain, 400_000)


def notification(number: int) -> str:
    """A notification as the platform sends it."""
    da_id = f"zd1uahd8{1589468946623610880 + number}"
    store = "https://store.example.com"
    data = {
        "bizAppId": "zd1uahd8",
        "daId": da_id,
        "bizNo": str(1667793902434 + number),
        "site": "chrome-govhk-tax",
        "daStatus": 10,
        "fileUrlList": [f"{store}/{da_id}_7e124dc1ada11b91527e6e6961acc97a-0.pdf?sign=q-sign-algorithm%3Dsha1"],
        "jsonResult": 10,
        "authorizedTs": 1667793902999 + number,
        "ext": {
            "userId": "u",
            "fileKey": base64.b64encode(_RANDOM.randbytes(32)).decode(),
            "pdfPassword": [],
            "daSubStatus": 0,
            "childDaList": [],
        },
    }
    body = {"func": "daFileParsed", "v": "2.0.0", "auth": {"nonce": _RANDOM.randbytes(16).hex()}, "data": data}
    return json.dumps(body, ensure_ascii=False)


def signatures() -> None:
    """DECSHASH and DECSSIGN of notifications."""
    app_key = "k" * 64
    private = rsa.generate_private_key(65537, 2048)
    public = private.public_key()
    bodies = [notification(i) for i in range(20_000)]
    hashes = [{"decshash": decshash(b, app_key)} for b in bodies]

    def plain_hash() -> None:
        for body in bodies:
            text = json.dumps(json.loads(body), sort_keys=True, ensure_ascii=False, separators=(",", ":")) + app_key
            hmac.new(app_key.encode(), text.encode(), hashlib.sha256).hexdigest().upper()

    def check(keys: CheckKeys, headers: list[dict[str, str]], expected: str) -> None:
        for sent, body in zip(headers, bodies, strict=False):
            if check_notification(sent, body, keys)[0] != expected:
                raise AssertionError

    keys = CheckKeys(app_key, None)
    rate = measure(len(bodies), lambda: check(keys, hashes, "hash_only"))
    line("notifications, DECSHASH", rate, measure(len(bodies), plain_hash), 80_000)

    signed = [{**h, "decssign": sign_sha256(h["decshash"].encode(), private)} for h in hashes[:4000]]
    both = CheckKeys(app_key, public)
    rate = measure(len(signed), lambda: check(both, signed, "ok"))
    known = RSA.import_key(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))

    def plain_sign() -> None:
        for sent in signed[:1000]:
            digest = SHA256.new(sent["decshash"].encode())
            pkcs1_15.new(known).verify(digest, base64.b64decode(sent["decssign"]))

    line("notifications, DECSHASH and DECSSIGN", rate, measure(1000, plain_sign), 20_000)


def decoding() -> None:
    """A notification as a tidy, masked record."""
    dec = vendors.get("dec")
    logged = [
        json.dumps({"received_at": "2026-10-01T08:00:00+08:00", "headers": {}, "body": notification(i)})
        for i in range(2000)
    ]
    line("decode: notifications to records", measure(len(logged), lambda: [dec.decode(entry) for entry in logged]))


if __name__ == "__main__":
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    columns()
    signatures()
    decoding()
