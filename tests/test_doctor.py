"""The go-live checklist of a workspace alone: what is well, what is not, what to do, and that nothing is given away."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from datetime import datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from doctor_room import APP, SAMPLE, ZONE, change, doctor, look, one, set_time, states
from front_door import HEADER, OPS, PEOPLE, Bench, lines, run, statement_name

from idvtools.crypto.rsa import load_private_key
from idvtools.workspace.doctor import Check


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """A copy of the sample month, as a careful user keeps it."""
    folder = tmp_path / "month"
    shutil.copytree(SAMPLE, folder, ignore=shutil.ignore_patterns(".idvtools", "truth"))
    (folder / "keys").chmod(0o700)
    return folder


@pytest.fixture
def bare(sample: Path) -> Path:
    """Its settings and keys, without the records."""
    for folder in ("requests", "callbacks", "polls", "statements"):
        shutil.rmtree(sample / folder)
        (sample / folder).mkdir()
    return sample


# ---- the workspace alone


def test_a_month_offline(sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("--offline, and somebody goes out")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    set_time(monkeypatch, datetime(2026, 11, 12, 12, tzinfo=ZONE))
    got = doctor(sample, "--offline")
    assert got.status == 0, got.stdout + got.stderr
    shown = got.stdout.splitlines()
    assert shown[0].startswith("ok            idvtools.toml loads: 1 vendor(s) (dec), 2 app(s) [配置]")
    missing = shown.index(f"warning       dec {APP}: the statement of 2026-11-11 is missing [日对账单]")
    assert shown[missing + 1].strip() == f"-> idvtools pull {sample} --vendor dec --date 2026-11-11"
    assert "fail their check and are left out [收通知]" in got.stdout
    assert shown[-1].endswith("cannot check")
    assert "failed " not in got.stdout


def test_json_says_the_same(bare: Path) -> None:
    told = json.loads(doctor(bare, "--offline", "--json").stdout)
    assert told["ok"] is True
    assert sum(told["counts"].values()) == len(told["checks"])
    assert {"name", "state", "told", "advice", "vendor", "app", "term"} == set(told["checks"][0])
    assert {c["state"] for c in told["checks"]} <= {"ok", "warning", "failed", "cannot check"}
    assert all(c["advice"] for c in told["checks"] if c["state"] != "ok")
    assert all(c["term"] for c in told["checks"])


def test_a_fresh_workspace_gets_advice_and_nothing_is_made_in_it(tmp_path: Path) -> None:
    assert run("init", str(tmp_path / "new")).status == 0
    before = sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*"))
    got = doctor(tmp_path / "new")
    assert got.status == 2
    assert "failed        dec: there is no app [配置]\n              -> add [[vendors.dec.apps]]" in got.stdout
    assert 'add base_url = "https://…" below [vendors.dec]' in got.stdout
    assert sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*")) == before


def test_an_app_before_its_first_operation(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "b", ops=()).make()
    for folder in ("requests", "callbacks", "statements"):
        for path in bench.path(folder).iterdir():
            path.unlink()
    found = look(bench.folder, offline=True)
    assert one(found, "full_flow").told == "no operation has come all the way: none started"
    assert "private_key is not set" in found.find("keys", APP)[0].told
    assert [c.state for c in found.find("aes_key")] == ["ok", "cannot check"]


def test_settings_that_do_not_load_are_told_as_checks(bare: Path) -> None:
    change(bare / "idvtools.toml", 'n_in_one = "auto"', 'n_in_one = "some"\nbase_ulr = "x"')
    got = doctor(bare, "--json")
    assert got.status == 2
    checks = json.loads(got.stdout)["checks"]
    assert [(c["name"], c["state"]) for c in checks] == [("settings", "failed")] * 2
    assert "did you mean base_url?" in got.stdout


def test_what_is_no_workspace_is_an_error(tmp_path: Path) -> None:
    assert doctor(tmp_path).refused("idvtools init")
    assert doctor(tmp_path / "none").refused("no such folder")


def test_an_unknown_vendor_and_a_url_that_is_none(bare: Path) -> None:
    assert doctor(bare, "--offline", "--vendor", "acme").refused("unknown vendor")
    assert doctor(bare, "--offline", "--vendor", "westdex").refused("no settings for this vendor")
    assert doctor(bare, "--offline", "--callback-url", "nonsense").refused("callback URL")


def test_a_key_that_is_none(bare: Path) -> None:
    (bare / "keys" / "rsa_private_key_pkcs8.pem").write_text("not a key, but a secret of ours")
    got = doctor(bare, "--offline")
    assert got.status == 2
    assert "vendors.dec.apps[0].private_key" in got.stdout
    assert "secret of ours" not in got.stdout


def test_mix_ups_of_keys(bare: Path) -> None:
    keys = bare / "keys"
    ours = load_private_key((keys / "rsa_private_key_pkcs8.pem").read_bytes()).public_key()
    pem = ours.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (keys / "rsa_public_key.pem").write_bytes(pem)
    found = look(bare, offline=True)
    assert "ok" in states(found, "key_pair", APP)
    (keys / "rsa_public_key.pem").unlink()
    (keys / "notify_public_key.pem").write_bytes(pem)
    (keys / f"app-key-{APP}.txt").write_text("too short")
    other = rsa.generate_private_key(65537, 1024).public_key()
    (keys / "given.pem").write_bytes(other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    found = look(bare, offline=True)
    assert "public half of our own private key" in one(found, "notify_key").told
    assert one(found, "notify_key").state == "failed"
    assert [c.told for c in found.find("keys", APP)] == ["app_key has 9 characters, 64 are expected"]
    assert "warning" in states(found, "key_pair", APP)
    assert doctor(bare, "--offline").status == 2


def test_a_private_key_of_another_length(bare: Path) -> None:
    key = rsa.generate_private_key(65537, 1024)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (bare / "keys" / "rsa_private_key_pkcs8.pem").write_bytes(pem)
    assert "1024 bits, 2048 are expected" in look(bare, offline=True).find("key_pair", APP)[0].told


def test_who_may_read_the_keys(bare: Path) -> None:
    (bare / "keys").chmod(0o700)
    for file in (bare / "keys").iterdir():
        file.chmod(0o600)  # git keeps no such thing
    assert one(look(bare, offline=True), "permissions").state == "ok"
    (bare / "keys" / f"app-key-{APP}.txt").chmod(0o644)
    check = one(look(bare, offline=True), "permissions")
    assert check.state == "warning"
    assert f"keys/app-key-{APP}.txt" in check.told


@pytest.mark.skipif(shutil.which("git") is None, reason="no git")
def test_keys_and_git(bare: Path) -> None:
    def git(*arguments: str) -> None:
        subprocess.run(["git", "-C", str(bare), *arguments], check=True, capture_output=True)

    git("init", "-q")
    assert "git does not ignore" in one(look(bare, offline=True), "git").told
    (bare / ".gitignore").write_text("keys/\n")
    assert one(look(bare, offline=True), "git").state == "ok"
    git("add", "-f", f"keys/app-key-{APP}.txt")
    check = one(look(bare, offline=True), "git")
    assert (check.state, check.told) == ("warning", "1 key file(s) are in version control already")


# ---- the records


@pytest.mark.parametrize(
    ("now", "day", "state"),
    [
        ("2026-10-20T04:30:00+08:00", "2026-10-19", "ok"),
        ("2026-10-20T03:30:00+08:00", "2026-10-18", "ok"),
        ("2026-11-03T12:00:00+08:00", "2026-11-02", "warning"),
    ],
)
@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York"])
def test_the_statement_that_is_due(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, now: str, day: str, state: str, zone: str
) -> None:
    bench = Bench(tmp_path / "b").make()
    bench.change("idvtools.toml", "Asia/Shanghai", zone)  # the vendor's own zone decides
    set_time(monkeypatch, datetime.fromisoformat(now))
    check = one(look(bench.folder, offline=True), "statement", APP)
    assert check.state == state
    assert day in check.told


@pytest.mark.parametrize(
    ("day", "told"),
    [
        (10, "0 of 2 operations have their files, 2 are still to be pulled"),
        (14, "files of 2 operation(s) are not in the vault and can be had for less than 3 days more"),
        (20, "files of 2 operation(s) are not in the vault, and the vendor gave them for 10 days only"),
    ],
)
def test_files_that_run_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, day: int, told: str) -> None:
    bench = Bench(tmp_path / "b").make()
    set_time(monkeypatch, datetime(2026, 10, day, 8, tzinfo=ZONE))
    check = one(look(bench.folder, offline=True), "files", APP)
    assert check.told == told
    if day == 14:
        assert check.advice == f"idvtools pull {bench.folder} --vendor dec --month 2026-10"


def test_agreements_that_were_not_uploaded(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "b").make()
    assert one(look(bench.folder, offline=True), "agreements", APP).state == "ok"
    bench.write(statement_name(5), lines([HEADER, OPS[0].statement_row(user_protocol_upload_flag="N")]))
    check = one(look(bench.folder, offline=True), "agreements", APP)
    assert check.state == "warning"
    assert check.told.startswith("1 of 1 charged operations")


def test_notifications_that_all_fail(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "b").make()
    found = look(bench.folder, offline=True)
    assert "failed" not in states(found, "notifications")
    bench.write("keys/app.txt", "another key of ours")
    check = look(bench.folder, offline=True).find("notifications")[0]
    assert (check.state, check.told) == ("failed", "all 3 notifications fail their check")


def test_notifications_that_have_stopped(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "b").make()
    kept = bench.read("callbacks/notify.jsonl").splitlines(keepends=True)[0]
    bench.write("callbacks/notify.jsonl", kept)
    check = look(bench.folder, offline=True).find("notifications")[-1]
    assert check.state == "warning"
    assert "nothing has arrived for it" in check.told


def test_a_record_that_cannot_be_read(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "b").make()
    bench.change(statement_name(5), "charge_flag", "charged")
    got = doctor(bench.folder, "--offline")
    assert got.status == 2
    assert "column charge_flag is missing" in got.stdout


def test_missing_folders(sample: Path) -> None:
    shutil.rmtree(sample / "requests")
    got = doctor(sample, "--offline")
    assert got.status == 0
    assert "folder requests/ is missing" in got.stdout


@pytest.mark.parametrize(
    ("key", "since", "state"), [("2026-10c", "2099-01-01", "warning"), ("*", "2099-01-01", "failed")]
)
def test_an_aes_key_of_the_future(bare: Path, key: str, since: str, state: str) -> None:
    path = bare / "idvtools.toml"
    rows, current = path.read_text("utf-8").splitlines(), ""
    for number, line in enumerate(rows):
        current = line.partition("=")[2].strip(' "') if line.startswith("id =") else current
        if line.startswith("valid_from = 2026-") and "T" in line and key in ("*", current):
            rows[number] = f"valid_from = {since}T02:{number // 60:02d}:{number % 60:02d}+08:00"
    path.write_text("\n".join(rows), "utf-8")
    assert look(bare, offline=True).find("aes_key", APP)[0].state == state


@pytest.mark.parametrize(
    ("url", "state"),
    [
        ("http://callback.example.com/x", "failed"),
        ("https://10.0.0.5/x", "failed"),
        ("https://gateway/x", "failed"),
        ("https://callback.example.com/x", "cannot check"),
    ],
)
def test_callback_urls_offline(bare: Path, url: str, state: str) -> None:
    found = look(bare, offline=True, callback_url=url)
    assert one(found, "callback").state == state
    assert doctor(bare, "--offline", "--callback-url", url).status == (3 if state == "failed" else 0)


# ---- what must not happen


def test_hostile_text_does_not_steer_the_terminal() -> None:
    check = Check("sites", "warning", "a\x1b[31mb\nc", "d\re", "dec", None, "站点")
    assert str(check) == "warning       dec: a�[31mb c [站点]\n              -> d e"


def test_people_of_a_bench_are_nowhere(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "b").make()
    bench.write("requests/junk.jsonl", f'{{"idNo": "{PEOPLE[0][0]}", "userName": "{PEOPLE[0][1]}"}}\n')
    got = doctor(bench.folder, "--offline").stdout + doctor(bench.folder, "--offline", "--json").stdout
    for id_no, name in PEOPLE:
        assert id_no not in got
        assert name not in got
