"""The go-live checklist against the sandbox and servers of our own: hosts, certificates, clocks, signatures, keys."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from doctor_room import APP, ZONE, doctor, look, one, states

import idvtools as idv
from idvtools.crypto.rsa import sign_sha256
from idvtools.sandbox.server import Sandbox
from idvtools.vendors.dec import decshash

TENCENT = """\
[vendors.tencent]
base_url = "{url}"

[[vendors.tencent.apps]]
id = "9001"
secret_key = {{file = "keys/secret.txt"}}
result_key = {{file = "keys/result.txt"}}
"""


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
    assert "no call is made over plain http (base_url)" in got.stdout
    assert "without base_url" not in got.stdout
    assert "add base_url" not in got.stdout


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
