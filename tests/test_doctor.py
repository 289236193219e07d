"""The go-live checklist as a user sees it: what is well, what is not, what to do, and that nothing is given away."""

from __future__ import annotations

import json
import shutil
import socket
import ssl
import subprocess
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID
from front_door import HEADER, OPS, PEOPLE, Bench, Run, lines, run, statement_name

import idvtools as idv
from idvtools.crypto.rsa import load_private_key, sign_sha256
from idvtools.sandbox.server import Sandbox
from idvtools.vendors.dec import decshash
from idvtools.workspace.doctor import Check, Diagnosis

SAMPLE = Path(__file__).parents[1] / "sample_data" / "2026-10"
ZONE = ZoneInfo("Asia/Shanghai")
APP = "zd1uahd8"
TENCENT = """\
[vendors.tencent]
base_url = "{url}"

[[vendors.tencent.apps]]
id = "9001"
secret_key = {{file = "keys/secret.txt"}}
result_key = {{file = "keys/result.txt"}}
"""


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


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[tuple[Sandbox, Path]]:
    with Sandbox(seed=7, mistakes=False) as running:
        running.write_workspace(tmp_path / "w")
        yield running, tmp_path / "w"


@pytest.fixture
def tencent(tmp_path: Path) -> Path:
    """A workspace of one vendor; its base_url is to be filled in."""
    (tmp_path / "t" / "keys").mkdir(parents=True, mode=0o700)
    for name in ("secret", "result"):
        (tmp_path / "t" / "keys" / f"{name}.txt").write_text(name[0] * 32)
        (tmp_path / "t" / "keys" / f"{name}.txt").chmod(0o600)
    return tmp_path / "t"


def doctor(folder: Path, *options: str) -> Run:
    return run("doctor", str(folder), *options)


def look(folder: Path, vendor: str | None = None, **options: Any) -> Diagnosis:
    return idv.Workspace(folder).doctor(vendor, **options)


def one(found: Diagnosis, name: str, app: str | None = None) -> Check:
    (check,) = found.find(name, app)
    return check


def states(found: Diagnosis, name: str, app: str | None = None) -> list[str]:
    return [c.state for c in found.find(name, app)]


def set_time(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(round(moment.timestamp())))


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


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


# ---- against the sandbox


def signed(running: Sandbox, operation: Any) -> str:
    """A final notification of an operation, as our log holds it."""
    secrets = running.world.secrets
    now = running.clock.now_ms()
    data = {
        "bizAppId": operation.app, "daId": operation.op_id, "bizNo": operation.biz_no, "site": operation.site,
        "daStatus": 10, "jsonResult": 10, "authorizedTs": now, "fileUrlList": [], "ext": {"daSubStatus": 0},
    }  # fmt: skip
    body = json.dumps({"func": "daFileParsed", "v": "2.0.0", "auth": {"nonce": "n" * 32}, "data": data})
    mark = decshash(body, secrets.app_keys[operation.app])
    headers = {"DECSHASH": mark, "DECSSIGN": sign_sha256(mark.encode(), secrets.platform_key)}
    received = datetime.fromtimestamp(operation.started_ms / 1000 + 300, UTC).isoformat()
    return json.dumps({"received_at": received, "headers": headers, "body": body}) + "\n"


def lived_in(running: Sandbox, folder: Path, at: datetime, count: int = 2) -> list[Any]:
    """Operations with everything that our side would have logged of them."""
    operations = running.dec.plant(count=count, at_ms=round(at.timestamp() * 1000))
    (folder / "requests" / "start.jsonl").write_bytes(b"\n".join(running.dec.request_lines(operations)) + b"\n")
    (folder / "callbacks" / "notify.jsonl").write_text("".join(signed(running, o) for o in operations), "utf-8")
    return operations


def calls_made(running: Sandbox) -> dict[str, Any]:
    told: dict[str, Any] = requests.get(running.url + "/_control/calls", timeout=5).json()["calls"]
    return told


def test_all_vendors_accept_us_and_nothing_is_changed_or_paid(sandbox: tuple[Sandbox, Path]) -> None:
    running, folder = sandbox
    found = look(folder)
    assert {(c.vendor, c.app, c.state) for c in found.find("signature")} == {
        ("dec", APP, "ok"),
        ("dec", "de1jvbe1", "ok"),
        ("tencent", "9001", "ok"),
        ("webank", "SYNWEB01", "ok"),
        ("onenet", "90001", "cannot check"),
        ("westdex", "900001", "cannot check"),
    }
    assert set(states(found, "clock")) == {"ok"}
    assert set(states(found, "host")) == {"ok"}
    assert found.ok
    made = calls_made(running)
    assert {name for name in made if ":" not in name} == {
        "dec.site_states",
        "tencent.fetch",
        "webank.access_token",
        "webank.api_ticket",
    }
    again = look(folder, "webank")
    assert "nothing was fetched" in one(again, "signature").told
    assert calls_made(running) == made  # nobody's ticket was made void


def test_one_operation_all_the_way(sandbox: tuple[Sandbox, Path]) -> None:
    running, folder = sandbox
    yesterday = datetime.now(ZONE).replace(hour=12) - timedelta(days=2)
    operations = lived_in(running, folder, yesterday)
    check = one(look(folder, "dec"), "full_flow", APP)
    told = "no operation has come all the way: 2 started, of these 2 with a final notification, of these none "
    assert (check.state, check.told) == ("warning", told + "with files in the vault")
    ws = idv.Workspace(folder)
    ws.pull("dec", day=yesterday.date())
    found = ws.doctor("dec")
    assert one(found, "full_flow", APP).told == "2 operation(s) came all the way, from request to statement"
    assert one(found, "files", APP).told == "2 of 2 operations have their files"
    assert one(found, "aes_accepted", APP).state == "ok"
    assert one(found, "vault").state == "ok"
    everything = str(found) + found.to_json()
    for operation in operations:
        assert operation.person.id_no not in everything
        assert operation.person.name not in everything
    for path in (folder / "keys").iterdir():
        text = path.read_text("utf-8").strip()
        assert path.name.startswith("README") or text not in everything


def test_a_damaged_vault(sandbox: tuple[Sandbox, Path]) -> None:
    running, folder = sandbox
    at = datetime.now(ZONE) - timedelta(hours=2)
    operations = lived_in(running, folder, at, 1)
    ws = idv.Workspace(folder)
    ws.pull("dec", ops=[o.op_id for o in operations])
    next(p for p in (folder / "evidence" / "files").rglob("*") if p.is_file()).write_bytes(b"something else")
    got = doctor(folder, "--offline")
    assert got.status == 2
    assert "idvtools verify-vault" in got.stdout


def test_closed_sites(sandbox: tuple[Sandbox, Path]) -> None:
    running, folder = sandbox
    lived_in(running, folder, datetime.now(ZONE) - timedelta(hours=2), 1)
    running.dec.closed_sites.add("chrome-chiyubank-jyj")
    check = one(look(folder, "dec"), "sites", APP)
    assert (check.state, check.told) == ("warning", "1 of 1 site(s) are closed now: chrome-chiyubank-jyj")


def test_an_aes_key_that_was_replaced(sandbox: tuple[Sandbox, Path]) -> None:
    running, folder = sandbox
    lived_in(running, folder, datetime.now(ZONE) - timedelta(hours=2), 1)
    fresh = running.dec.rotate(APP)
    got = doctor(folder, "--vendor", "dec")
    assert got.status == 3
    assert f"failed        dec {APP}: the platform uses another AES key" in got.stdout
    assert b64encode(fresh).decode() not in got.stdout
    # As soon as one id number was logged under the new key, it shows in our own log as well.
    later = running.dec.plant(count=1, at_ms=running.clock.now_ms() + 1)
    with (folder / "requests" / "start.jsonl").open("ab") as log:
        log.write(b"\n".join(running.dec.request_lines(later)) + b"\n")
    got = doctor(folder, "--vendor", "dec", "--offline")
    assert got.status == 2
    assert "no key reads the newest id numbers of our request log" in got.stdout


def test_wrong_keys_are_refused(sandbox: tuple[Sandbox, Path]) -> None:
    _, folder = sandbox
    (folder / "keys" / f"app-key-{APP}.txt").write_text("x" * 64)
    (folder / "keys" / "tencent-secret-key.txt").write_text("y" * 32)
    (folder / "keys" / "webank-secret.txt").write_text("z" * 32)
    got = doctor(folder)
    assert got.status == 3
    found = look(folder)
    assert {(c.vendor, c.app) for c in found.find("signature") if c.state == "failed"} == {
        ("dec", APP),
        ("tencent", "9001"),
        ("webank", "SYNWEB01"),
    }
    assert "x" * 64 not in got.stdout


def test_a_vendor_in_trouble_is_no_verdict_on_our_keys(sandbox: tuple[Sandbox, Path]) -> None:
    running, folder = sandbox
    running.faults.set(1.0, ["503"], "/api/config/.*")
    check = one(look(folder, "dec"), "signature", APP)
    assert check.state == "cannot check"
    assert "cannot answer now" in check.told


# ---- servers of our own


class _Handler(BaseHTTPRequestHandler):
    ahead = timedelta(0)
    asked: list[str]

    def do_HEAD(self) -> None:
        self.asked.append(f"{self.command} {self.path}")
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        self.asked.append(f"{self.command} {self.path}")
        answer = b'{"errorcode": 6, "errormsg": "data signature error"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def date_time_string(self, timestamp: float | None = None) -> str:
        return (datetime.now(UTC) + self.ahead).strftime("%a, %d %b %Y %H:%M:%S GMT")

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def server(ahead: timedelta = timedelta(0), context: ssl.SSLContext | None = None) -> Iterator[tuple[str, list[str]]]:
    """A server on this machine whose clock may be off; gives its address and what it was asked."""
    handler = type("Handler", (_Handler,), {"ahead": ahead, "asked": []})
    found = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if context:
        found.socket = context.wrap_socket(found.socket, server_side=True)
    thread = threading.Thread(target=found.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"{'https' if context else 'http'}://127.0.0.1:{found.server_port}", handler.asked
    finally:
        found.shutdown()
        found.server_close()


def certificate(folder: Path, days: int = 365, address: str = "127.0.0.1") -> tuple[Path, ssl.SSLContext]:
    """A self-signed certificate that ends in so many days, and a server's context with it."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test")])
    until = datetime.now(UTC) + timedelta(days=days, hours=1)
    built = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(until - timedelta(days=800)).not_valid_after(until)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = built.public_bytes(Encoding.PEM)
    (folder / "cert.pem").write_bytes(pem)
    (folder / "both.pem").write_bytes(pem + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "both.pem")
    return folder / "cert.pem", context


@pytest.mark.parametrize(("minutes", "state"), [(0, "ok"), (-2, "warning"), (60, "failed"), (-60, "failed")])
def test_a_clock_that_is_off(tencent: Path, minutes: int, state: str) -> None:
    with server(timedelta(minutes=minutes)) as (url, _):
        (tencent / "idvtools.toml").write_text(TENCENT.format(url=url))
        found = look(tencent)
        assert one(found, "clock").state == state
        if minutes == 60:
            assert one(found, "clock").told.startswith("our clock is 3600 s behind")
            assert doctor(tencent).status == 3
    assert one(found, "signature").state == "failed"  # this server answers "data signature error" to all


@pytest.mark.parametrize(
    ("trusted", "days", "address", "state", "told"),
    [
        (False, 365, "127.0.0.1", "failed", "is self-signed"),
        (True, 365, "127.0.0.1", "ok", "is valid until"),
        (True, 10, "127.0.0.1", "warning", "expires in 10 day(s)"),
        (True, -10, "127.0.0.1", "failed", "has expired"),
        (False, -10, "127.0.0.1", "failed", "has expired"),
        (True, 365, "127.0.0.9", "failed", "is for another address"),
    ],
)
def test_certificates(
    tencent: Path, monkeypatch: pytest.MonkeyPatch, trusted: bool, days: int, address: str, state: str, told: str
) -> None:
    path, context = certificate(tencent, days, address)
    if trusted:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(path))
    with server(context=context) as (url, asked):
        (tencent / "idvtools.toml").write_text(TENCENT.format(url=url))
        found = look(tencent)
    check = one(found, "certificate")
    assert (check.state, told in check.told) == (state, True), check
    if state == "failed":
        assert one(found, "signature").state == "cannot check"
        assert not asked  # nothing is sent to whoever that is


def test_nobody_there(tencent: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    (tencent / "idvtools.toml").write_text(TENCENT.format(url=f"http://127.0.0.1:{port}"))
    found = look(tencent)
    assert "the connection is refused" in one(found, "host").told
    assert one(found, "signature").state == "cannot check"
    assert doctor(tencent).status == 3


def test_single_hosts_of_files_are_looked_at_and_wildcards_are_not(tencent: Path) -> None:
    with server() as (url, _):
        hosts = 'file_hosts = ["127.0.0.1", "::1", "*.files.example.com"]\n\n[['
        (tencent / "idvtools.toml").write_text(TENCENT.format(url=url).replace("[[", hosts, 1))
        found = look(tencent)
    told = [(c.told.partition(" (")[0], c.state) for c in found.find("host")]
    assert told == [("base_url", "ok"), ("file_hosts 127.0.0.1", "failed"), ("file_hosts ::1", "failed")]


def test_plain_http_over_the_network_is_not_tried(tencent: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: pytest.fail("somebody goes out"))
    (tencent / "idvtools.toml").write_text(TENCENT.format(url="http://iauth.example.com"))
    got = doctor(tencent)
    assert got.status == 2
    assert "base_url is plain http" in got.stdout


def test_a_proxy_in_between(tencent: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    resolve = socket.getaddrinfo

    def only_here(host: Any, *rest: Any, **options: Any) -> Any:
        assert host == "127.0.0.1", "somebody goes past the proxy"
        return resolve(host, *rest, **options)

    monkeypatch.setattr(socket, "getaddrinfo", only_here)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    (tencent / "idvtools.toml").write_text(TENCENT.format(url="https://iauth.example.com"))
    found = look(tencent)
    assert (one(found, "host").state, one(found, "signature").state) == ("cannot check", "cannot check")
    assert "proxy" in one(found, "host").told


@pytest.mark.parametrize(("days", "state", "told"), [(365, "warning", "self-signed"), (-10, "failed", "expired")])
def test_the_callback_url(tencent: Path, days: int, state: str, told: str) -> None:
    _, context = certificate(tencent, days)
    with server() as (url, _), server(context=context) as (callback, asked):
        (tencent / "idvtools.toml").write_text(TENCENT.format(url=url))
        found = look(tencent, callback_url=callback + "/notify")
    assert one(found, "callback").state == "failed"  # no vendor reaches 127.0.0.1
    check = one(found, "callback_certificate")
    assert (check.state, told in check.told) == (state, True)
    assert not asked


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
