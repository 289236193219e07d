"""``[vendors.dec]``: the shape of DEC's settings, and their text for ``idvtools init``."""

from __future__ import annotations

from typing import Literal

from idvtools.settings import AesKeys, AppSettings, ReconciledSettings, SecretField, key_field


class DecApp(AppSettings):
    """One appId and its keys."""

    app_key: SecretField | None = key_field("text")
    private_key: SecretField | None = key_field("rsa_private")
    aes_keys: AesKeys = ()


class DecSettings(ReconciledSettings):
    """``[vendors.dec]``."""

    notify_public_key: SecretField | None = key_field("rsa_public")
    object_store: Literal["auto", "x-cos", "x-amz"] = "auto"
    apps: tuple[DecApp, ...] = ()


TEMPLATE = """\
# DEC, the notarised evidence platform (数据快递链).
[vendors.dec]
# Needed to pull from the platform.
#base_url = "https://vdi.example.com"
# Hosts that files are fetched from, besides the platform's own domain, *.myqcloud.com and *.amazonaws.com.
#file_hosts = ["files.example.com"]
# How hard the platform is asked: calls a second, calls and files at a time; the largest file that is fetched.
#requests_per_second = 20
#in_flight = 8
#largest_file = "200MB"
# The platform's public key: checks the signatures (DECSSIGN) of notifications.
#notify_public_key = {file = "keys/notify_public_key.pem"}
# May the statement's own da_status stand in where nothing else tells the status? "none" or "statement".
fallback_status = "none"
# Which part of an N-in-one operation is billed: "auto" (children where the statement lists them), "children", "parent".
n_in_one = "auto"

# One table for each appId; each has keys of its own.
#[[vendors.dec.apps]]
#id = "zd1uahd8"
# The appKey (64 characters): checks DECSHASH, signs our calls.
#app_key = {env = "DEC_APP_KEY_ZD1UAHD8"}
# Our RSA private key: enters the environment, unwraps new AES keys.
#private_key = {file = "keys/rsa_private_key_pkcs8.pem"}

# One table for each AES key (Base64) that this app has had; keep old ones, they read old logs.
#[[vendors.dec.apps.aes_keys]]
#id = "2026-10a"
#valid_from = 2026-09-28T02:00:00+08:00
#key = {file = "keys/aes-2026-10a.b64"}

# Prices: site "*" stands for every site without a price of its own. Prices are quoted, dates are not.
#[[vendors.dec.prices]]
#site = "*"
#unit_price = "3.00"
#currency = "CNY"
#valid_from = 2026-01-01
# The last day, if the price has one.
#valid_to = 2026-12-31
"""
