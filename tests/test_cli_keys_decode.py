"""`idvtools keys` as a user meets it, and what `keys` and `decode` say of a wrong key (more: test_cli_decode)."""

from __future__ import annotations

import base64
import binascii
import csv
import gzip
import hashlib
import io
import json
import shutil
import subprocess
import tomllib
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from front_door import run

SAMPLE = Path(__file__).parents[1] / "sample_data"
MONTH, EXCHANGES = SAMPLE / "2026-10", SAMPLE / "exchanges"
VENDORS = ("dec", "onenet", "tencent", "webank", "westdex")
SETTINGS = tomllib.loads((MONTH / "idvtools.toml").read_text("utf-8"))
APPS = SETTINGS["vendors"]["dec"]["apps"]


@pytest.fixture
def ws(tmp_path: Path) -> Path:
    shutil.copytree(EXCHANGES, tmp_path / "ws")
    return tmp_path / "ws"


def listed(folder: Path, *options: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(run("keys", str(folder), "--json", *options).done().stdout)
    return content


def csv_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


def secrets_of(folder: Path) -> list[str]:
    """Every text that stands in a key file, and the same key in hex."""
    found = []
    for path in (p for p in (folder / "keys").iterdir() if p.name not in ("README.txt", "notify_public_key.pem")):
        text = path.read_text().strip()
        found += [line for line in text.splitlines() if not line.startswith("-----")]
        if path.suffix == ".b64":
            found.append(base64.b64decode(text).hex())
    assert len(found) > 20
    return found


def key_pem(private: Path) -> Any:
    return serialization.load_pem_private_key(private.read_bytes(), None)


def public_pem(private: Path) -> bytes:
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    content: bytes = key_pem(private).public_key().public_bytes(serialization.Encoding.PEM, spki)
    return content


# ---- keys: what it shows


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Europe/Lisbon", "America/St_Johns"])
def test_periods_are_those_of_the_settings_in_the_zone_of_the_workspace(tmp_path: Path, zone: str) -> None:
    shutil.copytree(MONTH / "keys", tmp_path / "keys")
    text = (MONTH / "idvtools.toml").read_text("utf-8")
    (tmp_path / "idvtools.toml").write_text(text.replace("Asia/Shanghai", zone), "utf-8")
    rows = {(r["app"], r["key"]): r for r in listed(tmp_path)["keys"]}
    for app in APPS:
        starts = [k["valid_from"] for k in app["aes_keys"]]
        assert starts == sorted(starts)
        for key, end in zip(app["aes_keys"], [*starts[1:], None], strict=True):
            row = rows[app["id"], f"aes_keys {key['id']}"]
            for shown, moment in ((row["valid_from"], key["valid_from"]), (row["valid_to"], end)):
                local = moment and moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S%z")
                assert shown == local
            assert row["source"] == f"file={key['key']['file']}"
            assert row["kind"] == "AES-128"


def test_fingerprints_are_those_of_sha256_and_openssl() -> None:
    rows = {(r["app"], r["key"]): r["fingerprint"] for r in listed(EXCHANGES)["keys"]}
    for app in APPS:
        for key in app["aes_keys"]:
            raw = base64.b64decode((EXCHANGES / key["key"]["file"]).read_text())
            assert rows[app["id"], f"aes_keys {key['id']}"] == hashlib.sha256(raw).hexdigest()[:16]
        assert rows[app["id"], "app_key"] is None
    for name, options in (("private_key", ()), ("notify_public_key", ("-pubin",))):
        file = {"private_key": "rsa_private_key_pkcs8.pem"}.get(name, "notify_public_key.pem")
        spki = subprocess.run(
            ["openssl", "pkey", *options, "-pubout", "-outform", "der", "-in", EXCHANGES / "keys" / file],
            capture_output=True,
            check=True,
        ).stdout
        shown = {f for (_, key), f in rows.items() if key == name}
        assert shown == {hashlib.sha256(spki).hexdigest()[:16]}
    as_it_is = (EXCHANGES / "keys/tencent-result-key.txt").read_text().strip()  # characters, not Base64
    assert rows["9001", "result_key"] == hashlib.sha256(as_it_is.encode()).hexdigest()[:16]
    for app, key in (("9001", "secret_key"), ("SYNWEB01", "secret"), ("SYNWEB01", "salt"), ("900001", "key")):
        assert rows[app, key] is None


def test_json_and_text_say_the_same_and_one_vendor_is_one_vendor() -> None:
    content = listed(EXCHANGES)
    assert set(content) == {"keys", "usage", "notes"}
    fields = ["vendor", "app", "key", "kind", "fingerprint", "valid_from", "valid_to", "source"]
    assert all(list(row) == fields for row in content["keys"])
    assert sorted({r["vendor"] for r in content["keys"]}) == sorted(VENDORS)
    assert content["usage"] == []
    assert content["notes"] == []
    header, *table = run("keys", str(EXCHANGES)).done().stdout.splitlines()
    assert header.split() == fields
    assert [line.split()[0] for line in table] == [row["vendor"] for row in content["keys"]]
    for vendor in VENDORS:
        assert listed(EXCHANGES, "--vendor", vendor)["keys"] == [r for r in content["keys"] if r["vendor"] == vendor]


def test_keys_of_unknown_vendors_and_of_those_without_settings() -> None:
    run("keys", str(EXCHANGES), "--vendor", "nobody").refused("unknown vendor 'nobody'", *VENDORS)
    run("keys", str(MONTH), "--vendor", "onenet").refused("idvtools.toml", "vendors.onenet", "no settings")
    assert {r["vendor"] for r in listed(MONTH)["keys"]} == {"dec"}


def requests_of_the_sample() -> Iterator[tuple[str, str]]:
    """App and idNo of each request, read without idvtools."""
    for path in sorted((MONTH / "requests").iterdir()):
        if path.suffix == ".parquet":
            yield from ((r["app_id"], r["id_no_enc"]) for r in pq.read_table(path).to_pylist())
        elif path.suffix == ".csv":
            yield from ((r["app_id"], r["id_no"]) for r in csv_of(path))
        else:
            data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            for line in data.split(b"\n"):
                try:
                    sent = json.loads(line)["request"]
                    yield sent["auth"]["appId"], sent["arg"]["idNo"]
                except (ValueError, KeyError, TypeError):
                    continue


def reads(key: bytes, text: str) -> bool:
    """Whether a key turns the text into an id number."""
    try:
        sealed = base64.b64decode(text, validate=True)
        plain = Cipher(algorithms.AES(key), modes.ECB()).decryptor().update(sealed)
    except (ValueError, binascii.Error):
        return False
    return len(plain) % 16 == 0 and plain[:-1].rstrip(plain[-1:])[:6] == b"999999" and 0 < plain[-1] <= 16


def test_usage_is_what_an_own_count_finds() -> None:
    keys = {
        (a["id"], k["id"]): base64.b64decode((MONTH / k["key"]["file"]).read_text())
        for a in APPS
        for k in a["aes_keys"]
    }
    counts: Counter[tuple[str, str]] = Counter()
    for app, text in requests_of_the_sample():
        if not app or not text or text.startswith("999999"):
            continue
        fitting = [name for (owner, name), key in keys.items() if owner == app and reads(key, text)]
        assert len(fitting) <= 1
        counts[app, fitting[0] if fitting else "(no key reads them)"] += 1
    usage = listed(MONTH, "--usage")["usage"]
    assert {(u["app_id"], u["key_id"]): u["values"] for u in usage} == dict(counts)
    assert sum(counts.values()) > 2000
    for u in usage:
        assert u["first_at"] <= u["last_at"]
    plain = run("keys", str(MONTH), "--usage").done().stdout
    assert all(f"{u['key_id']}" in plain and f"  {u['values']}  " in plain for u in usage)


@pytest.mark.parametrize("options", [(), ("--json",), ("--usage",), ("--usage", "--json")])
def test_no_key_is_shown(options: tuple[str, ...]) -> None:
    for folder in (MONTH, EXCHANGES):
        shown = run("keys", str(folder), *options).done()
        assert not [s for s in secrets_of(folder) if s in shown.stdout + shown.stderr]
        assert "999999" not in shown.stdout


def test_notes_tell_of_our_own_key_and_of_a_key_that_stands_twice(ws: Path) -> None:
    keys = ws / "keys"
    (keys / "notify_public_key.pem").write_bytes(public_pem(keys / "rsa_private_key_pkcs8.pem"))
    shutil.copy(keys / "aes-zd1uahd8-2026-10a.b64", keys / "aes-zd1uahd8-2026-10c.b64")
    own, twice = listed(ws)["notes"]
    assert "notify_public_key is the public half of our own private key" in own
    assert "zd1uahd8 aes_keys 2026-10c is the same key as zd1uahd8 aes_keys 2026-10a" in twice
    assert f"note: {twice}" in run("keys", str(ws)).done().stdout.splitlines()


# ---- keys: what it refuses


def expired(private: Path) -> bytes:
    key, name = key_pem(private), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")])
    start = datetime(2020, 1, 1, tzinfo=UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(start).not_valid_after(start + timedelta(days=1))
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


RSA, NOTIFY, AES = "rsa_private_key_pkcs8.pem", "notify_public_key.pem", "aes-zd1uahd8-2026-10b.b64"
PUBLIC_PLACE, AES_PLACE = "vendors.dec.notify_public_key", "vendors.dec.apps[0].aes_keys[1].key"
WRONG = [
    (RSA, NOTIFY, lambda c: c, ("vendors.dec.apps[0].private_key", "this is a public key")),
    (NOTIFY, RSA, lambda c: c, (PUBLIC_PLACE, "this is a private key")),
    (NOTIFY, NOTIFY, cut, (PUBLIC_PLACE, "not an RSA public key")),
    (AES, AES, lambda c: c[:10], (AES_PLACE,)),
    (AES, AES, lambda c: c[:16], (AES_PLACE, "12 bytes")),
    (AES, AES, lambda _: base64.b64encode(bytes(range(24))), (AES_PLACE, "24 bytes")),
    (AES, AES, lambda _: b"\n", (AES_PLACE, "empty")),
    ("tencent-result-key.txt",) * 2 + (lambda c: c.strip()[:31], ("vendors.tencent.apps[0].result_key", "has 31")),
    ("onenet-access-key.b64",) * 2 + (lambda c: c.strip()[:-2] + b"!", ("vendors.onenet.apps[0].access_key", "Base64")),
]


@pytest.mark.parametrize(("file", "source", "change", "words"), WRONG, ids=range(len(WRONG)))
@pytest.mark.parametrize("command", ["keys", "decode"])
def test_a_wrong_key_is_2_and_told_with_its_place(
    ws: Path, command: str, file: str, source: str, change: Any, words: tuple[str, ...]
) -> None:
    (ws / "keys" / file).write_bytes(change((ws / "keys" / source).read_bytes()))
    kept = secrets_of(EXCHANGES)
    vendor = words[0].split(".")[1]
    more = () if command == "keys" else (str(ws / f"logs/{vendor}.jsonl"), "--vendor", vendor)
    result = run(command, str(ws), *more)
    result.refused("idvtools.toml", *words)
    assert not [s for s in kept if s in result.stderr]


def test_an_expired_certificate_is_2(ws: Path) -> None:
    keys = ws / "keys"
    (keys / NOTIFY).write_bytes(expired(keys / RSA))
    run("keys", str(ws)).refused("idvtools.toml", PUBLIC_PLACE, "certificate", "2020-01-02")


def test_every_wrong_key_is_told_at_once_and_a_missing_file_with_its_line(ws: Path) -> None:
    (ws / "keys/webank-salt.txt").unlink()
    (ws / "keys/onenet-access-key.b64").unlink()
    result = run("keys", str(ws)).refused("keys/webank-salt.txt", "keys/onenet-access-key.b64")
    assert len(result.errors) == 2
    lines = (ws / "idvtools.toml").read_text("utf-8").splitlines()
    for error in result.errors:
        number = int(error.split(":")[2])
        assert "keys/" in lines[number - 1]
    shutil.copytree(EXCHANGES / "keys", ws / "keys", dirs_exist_ok=True)
    (ws / "keys" / AES).write_text("AAAA")
    (ws / "keys" / NOTIFY).write_text("nonsense")
    assert len(run("keys", str(ws)).refused(PUBLIC_PLACE, AES_PLACE).errors) == 2


def test_a_wrong_key_is_told_with_the_line_of_the_settings(ws: Path) -> None:
    (ws / "keys" / AES).write_text("AAAA")
    (error,) = run("keys", str(ws)).refused(AES_PLACE).errors
    lines = (ws / "idvtools.toml").read_text("utf-8").splitlines()
    place = next(n for n, line in enumerate(lines, 1) if AES in line)
    assert error.startswith(f"error: idvtools.toml:{place}: ")
