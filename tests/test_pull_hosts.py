"""Where links may lead: the names that are allowed, the addresses that names lead to, and what a redirect may do.

A forged notification, or an answer of a platform that was taken over, names the places. Nothing must be sent there.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from raw_servers import http, raw, to

from idvtools.errors import DamagedFileError, IdvError, LinkRefusedError, RequestRefusedError, TemporaryError
from idvtools.pull import Transport
from idvtools.pull.downloads import Downloader, Link
from idvtools.pull.hosts import Hosts
from idvtools.vendors.base import Request

BASE = "https://vdi.example.com"
HERE = "http://127.0.0.1:1"
HUSH = "hush-hush-this-is-secret"
KEY = {"x-cos-server-side-encryption-customer-key": HUSH}


class Kept:
    """A sink in memory."""

    md5 = ""

    def __init__(self) -> None:
        self.content = b""

    def write(self, piece: bytes) -> None:
        self.content += piece

    def restart(self) -> None:
        self.content = b""


def fetch(hosts: Hosts, url: str, **options: Any) -> bytes:
    sink = Kept()
    Downloader(hosts, **{"attempts": 1} | options).fetch(Link(url, KEY), sink)
    return sink.content


def refusal(hosts: Hosts, url: str, kind: type[IdvError] = LinkRefusedError) -> str:
    with pytest.raises(kind) as caught:
        fetch(hosts, url)
    assert HUSH not in str(caught.value)
    assert "sign=" not in str(caught.value)
    assert str(caught.value).isprintable()
    return str(caught.value)


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def leads(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Lets names lead to an address of this machine or elsewhere; whoever looks another one up finds nothing."""

    def install(**names: tuple[str, int]) -> None:
        def look_up(host: str, *_: object, **__: object) -> list[Any]:
            if host not in names and host.replace(".", "_") not in names:
                raise socket.gaierror(socket.EAI_NONAME, "no such name")
            address = names.get(host) or names[host.replace(".", "_")]
            family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
            return [(family, socket.SOCK_STREAM, 6, "", address)]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)

    return install


# ---- names


@pytest.mark.parametrize(
    "url",
    [
        "https://vdi.example.com/a.pdf?sign=1",
        "https://files.example.com/a.pdf",
        "https://example-1250000000.cos.ap-guangzhou.myqcloud.com/zd1/a%20b.zip?q-sign-algorithm=sha1",
        "https://bucket.s3.cn-north-1.amazonaws.com.cn/a",
        "https://bucket.s3.amazonaws.com/a",
        "https://FILES.Example.COM/a",
        "HTTPS://files.example.com:443/a",
        "https://files.example.com./a",
        "https://my_bucket.s3.amazonaws.com/a",
        "https://xn--fiqs8s.example.com/a",
        "https://store.example.org/a",
        "https://store.example.org:8443/a",
        "https://a.b.shop.example.net/a",
        "https://10.1.2.3/a",
        "https://files.example.com/张三 a.pdf",
    ],
)
def test_links_that_are_followed(url: str) -> None:
    Hosts(BASE, ["store.example.org", "*.shop.example.net", "10.1.2.3"]).check(url)


NOT_ALLOWED, NO_ADDRESS = "which file_hosts does not allow", "names no host that can be meant"
SCHEME, USER = "neither https nor http", "holds a user name"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://evil.net/a", NOT_ALLOWED),
        ("https://evilmyqcloud.com/a", NOT_ALLOWED),
        ("https://myqcloud.com.evil.net/a", NOT_ALLOWED),
        ("https://myqcloud.com/a", NOT_ALLOWED),
        ("https://x.myqcloud.com@evil.net/a", USER),
        ("https://vdi.example.com@evil.net/a", USER),
        ("https://user:pw@vdi.example.com/a", USER),
        ("https://@vdi.example.com/a", USER),
        ("https://evilexample.com/a", NOT_ALLOWED),
        ("https://example.com/a", NOT_ALLOWED),
        ("https://evil.net/.example.com/a", NOT_ALLOWED),
        ("https://evil.net?.example.com/a", NOT_ALLOWED),
        ("https://evil.net#.example.com/a", NOT_ALLOWED),
        ("https://evil.net;.example.com/a", NO_ADDRESS),
        ("https://evil.net\\.example.com/a", NO_ADDRESS),
        ("https://evil.net\\@vdi.example.com/a", USER),
        ("https://evil.net\t.example.com/a", NO_ADDRESS),
        ("https://evil.net\r\n.example.com/a", NO_ADDRESS),
        ("https://evil.net\x00.example.com/a", NO_ADDRESS),
        ("https://evil.net%2f.example.com/a", NO_ADDRESS),
        ("https://evil.net%00.example.com/a", NO_ADDRESS),
        ("https://files%2eexample.com/a", NO_ADDRESS),
        ("https://evil.net\uff0f.example.com/a", NO_ADDRESS),
        ("https://evil.net\u3002example.com/a", NO_ADDRESS),
        ("https://f\u0456les.example.com/a", NO_ADDRESS),
        ("https://[v1.example.com]/a", NO_ADDRESS),
        ("https://.example.com/a", NO_ADDRESS),
        ("https://a..example.com/a", NO_ADDRESS),
        ("https://files.example.com/\x1b[2J", NO_ADDRESS),
        ("http://vdi.example.com/a", "is not https"),
        ("http://x.myqcloud.com/a", "is not https"),
        ("https://files.example.com:22/a", "a port of its own"),
        ("https://files.example.com:99999/a", NO_ADDRESS),
        ("https://files.example.com:x/a", NO_ADDRESS),
        ("https://[::1/a", NO_ADDRESS),
        ("ftp://vdi.example.com/a", SCHEME),
        ("file:///etc/passwd", NO_ADDRESS),
        ("file://vdi.example.com/etc/passwd", SCHEME),
        ("gopher://vdi.example.com/a", SCHEME),
        ("data:text/plain,x", NO_ADDRESS),
        ("javascript:alert(1)", NO_ADDRESS),
        ("//vdi.example.com/a", SCHEME),
        ("vdi.example.com/a", NO_ADDRESS),
        ("https:///a", NO_ADDRESS),
        ("https:vdi.example.com", NO_ADDRESS),
        ("", NO_ADDRESS),
    ],
)
def test_links_that_are_not_followed(url: str, why: str) -> None:
    with pytest.raises(LinkRefusedError) as caught:
        Hosts(BASE).check(url)
    assert why in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "localhost", "0.0.0.0", "10.0.0.1", "169.254.169.254", "100.100.100.200", "192.168.0.1"),
        *(
            "[::1]",
            "[::]",
            "[::ffff:127.0.0.1]",
            "[::ffff:a9fe:a9fe]",
            "[fe80::1]",
            "[fd00::1]",
            "[64:ff9b::a9fe:a9fe]",
        ),
        *("2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "127.0.0.1.", "metadata", "metadata.internal"),
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_addresses_in_any_spelling(scheme: str, host: str) -> None:
    with pytest.raises(LinkRefusedError):
        Hosts(BASE).check(f"{scheme}://{host}/latest/meta-data?sign=1")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "localhost", "LOCALHOST", "localhost.", "[::1]"])
def test_a_platform_on_this_machine_has_files_on_this_machine(host: str) -> None:
    Hosts(HERE).check(f"http://{host}:8080/a")


@pytest.mark.parametrize(
    "host",
    [
        *("10.0.0.1", "169.254.169.254", "0.0.0.0", "192.168.1.1", "[::ffff:127.0.0.1]", "[fe80::1]", "evil.net"),
        *(
            "localhost.evil.net",
            "127.0.0.1.evil.net",
            "2130706433",
            "0x7f000001",
            "0177.0.0.1",
            "127.1",
            "017700000001",
        ),
    ],
)
def test_and_nowhere_else(host: str) -> None:
    with pytest.raises(LinkRefusedError):
        Hosts(HERE).check(f"http://{host}:8080/a")


@pytest.mark.parametrize(
    ("base", "stranger"),
    [
        ("https://vdi.com.cn", "https://evil.com.cn/a"),
        ("https://vdi.co.uk", "https://evil.co.uk/a"),
        ("https://vdi.com", "https://evil.com/a"),
        ("https://localhost.com", "http://localhost/a"),
        ("https://203.0.113.5", "https://9.0.113.5/a"),
        ("https://com", "https://evil.com/a"),
    ],
)
def test_a_platform_does_not_own_its_registry(base: str, stranger: str) -> None:
    with pytest.raises(LinkRefusedError):
        Hosts(base).check(stranger)


# ---- addresses that names lead to


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
        *("224.0.0.1", "255.255.255.255", "198.18.0.1", "::1", "::", "fe80::1%eth0", "fc00::1", "fec0::1", "ff02::1"),
        *("::ffff:10.0.0.1", "::10.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:a9fe:a9fe::1", "2001:db8::1"),
    ],
)
def test_a_name_that_leads_inside(address: str) -> None:
    hosts = Hosts(BASE, ["store.example.org", "10.9.9.9"])
    for host in ("vdi.example.com", "files.example.com", "store.example.org", "x.myqcloud.com"):
        with pytest.raises(LinkRefusedError, match="private address"):
            hosts.check_peer(host, address)


@pytest.mark.parametrize("address", ["1.1.1.1", "119.28.1.1", "2402:4e00::1", "64:ff9b::101:101", "::ffff:1.1.1.1"])
def test_a_name_that_leads_outside(address: str) -> None:
    Hosts(BASE).check_peer("files.example.com", address)
    with pytest.raises(LinkRefusedError, match="does not allow"):
        Hosts(BASE).check_peer("evil.net", address)


def test_an_address_in_the_settings_may_be_a_private_one() -> None:
    hosts = Hosts("https://10.0.0.5", ["10.1.2.3", "fd00::3"])
    for host in ("10.0.0.5", "10.1.2.3", "[fd00::3]"):
        hosts.check(f"https://{host}/a")
        hosts.check_peer(host, host.strip("[]"))
    with pytest.raises(LinkRefusedError):
        hosts.check("https://10.0.0.6/a")


def test_localhost_is_this_machine() -> None:
    Hosts(HERE).check_peer("localhost", "127.0.0.1")
    Hosts(HERE).check_peer("localhost", "::1")
    with pytest.raises(LinkRefusedError):
        Hosts(HERE).check_peer("localhost", "10.0.0.1")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_nothing_is_sent_where_a_name_leads_inside(
    scheme: str, leads: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with raw(http()) as inside:
        leads(files_example_com=("127.0.0.1", inside.port))
        hosts = Hosts(BASE)
        if scheme == "http":  # the name is refused before; let it pass to see the second wall alone
            monkeypatch.setattr(hosts, "check", lambda _: None)
        told = refusal(hosts, f"{scheme}://files.example.com/a.zip?sign={HUSH}")
    assert told == "files.example.com leads to the private address 127.0.0.1"
    assert inside.connections == 1, "or this test shows nothing"
    assert not inside.seen, "not a byte of a request"


def test_what_one_library_reads_otherwise_than_another_is_stopped_twice(
    leads: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """urllib reads ``https://a\\.b`` as the host ``a\\.b``, the HTTP library as ``a``."""
    with raw(http()) as evil:
        leads(evil_net=("127.0.0.1", evil.port))
        hosts = Hosts(BASE)
        monkeypatch.setattr(hosts, "check", lambda _: None)
        assert "evil.net, which file_hosts does not allow" in refusal(hosts, "https://evil.net\\.example.com/a?sign=1")
    assert not evil.seen


def test_a_name_that_leads_nowhere_is_temporary(leads: Callable[..., None]) -> None:
    leads()
    assert "no connection" in refusal(Hosts(BASE), "https://files.example.com/a?sign=1", TemporaryError)


# ---- redirects


def test_a_redirect_within_a_host_keeps_the_key() -> None:
    with raw(to("/b?sign=2"), http("200 OK", b"content")) as store:
        assert fetch(Hosts(HERE), store.url + "/a") == b"content"
    assert store.headers("x-cos-server-side-encryption-customer-key") == [HUSH, HUSH]
    assert store.seen[1].startswith(b"GET /b?sign=2 ")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2"])
@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_the_key_does_not_go_to_another_port_or_host(status: str, host: str) -> None:
    with raw(http("200 OK", b"content"), host=host) as other, raw(to(other.url + "/b", status)) as store:
        assert fetch(Hosts(HERE), store.url + "/a") == b"content"
    assert store.headers("x-cos-server-side-encryption-customer-key") == [HUSH]
    assert len(other.seen) == 1
    assert HUSH.encode() not in other.seen[0]
    for name in ("Authorization", "Cookie", "Referer"):
        assert other.headers(name) == [""]


def test_the_key_stays_away_also_on_the_way_back() -> None:
    answers: list[bytes] = [b"", http("200 OK", b"content")]
    with raw(lambda c, _: c.sendall(answers.pop(0))) as store, raw(to(store.url + "/c")) as other:
        answers[0] = to(other.url + "/b")
        assert fetch(Hosts(HERE), store.url + "/a") == b"content"
    assert store.headers("x-cos-server-side-encryption-customer-key") == [HUSH, ""]


@pytest.mark.parametrize(
    "target",
    [
        *("file:///etc/passwd", "ftp://127.0.0.1/a", "http://169.254.169.254/latest/meta-data?sign=1", "//10.0.0.1/a"),
        *("http://0.0.0.0/", "http://2130706433/", "http://[::ffff:127.0.0.1]/", "https://evil.net/a", "//["),
        *("http://user:pw@127.0.0.1/", "http://127.0.0.1:99999/", "http://[fe80::1]/", "javascript:1"),
        *("http://evil.net\\.127.0.0.1/", "/\x1b[2J"),
    ],
)
def test_a_redirect_to_where_nothing_is_fetched(target: str) -> None:
    with raw(to(target)) as store:
        refusal(Hosts(HERE), store.url + "/a?sign=1")
    assert len(store.seen) == 1


@pytest.mark.parametrize("target", ["/a", "", "?x=1", "./a/../a"])
def test_a_redirect_in_circles(target: str) -> None:
    with raw(to(target)) as store:
        assert "again and again" in refusal(Hosts(HERE), store.url + "/a?sign=1", DamagedFileError)
    assert len(store.seen) == 4


def test_a_redirect_to_nowhere() -> None:
    with raw(http("302 Found")) as store:
        assert "HTTP 302" in refusal(Hosts(HERE), store.url + "/a?sign=1", RequestRefusedError)


def test_a_redirect_to_a_name_that_leads_inside(leads: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    with raw(http("200 OK", b"secret of the network")) as inside, raw(to("https://files.example.com/x")) as store:
        leads(**{"127_0_0_1": ("127.0.0.1", store.port), "files_example_com": ("127.0.0.1", inside.port)})
        told = refusal(Hosts(HERE, ["files.example.com"]), store.url + "/a?sign=1")
    assert "private address 127.0.0.1" in told
    assert inside.connections == 1
    assert not inside.seen


# ---- TLS, proxies, .netrc, cookies


@pytest.fixture(scope="module")
def self_signed(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    file: Path = tmp_path_factory.mktemp("tls") / "both.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM) + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def test_a_certificate_that_nobody_vouches_for(self_signed: ssl.SSLContext) -> None:
    with raw(http("200 OK", b"content"), tls=self_signed) as store:
        url = store.url.replace("127.0.0.1", "localhost")
        assert "certificate" in refusal(Hosts(HERE), url + "/a?sign=1", TemporaryError)
        with pytest.raises(TemporaryError, match="certificate") as caught:
            Transport()(Request("GET", url, (("sign", HUSH),), {"key": HUSH}))
    assert HUSH not in str(caught.value)
    assert store.connections >= 2
    assert not store.seen, "not a byte before the certificate holds"


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with raw(http("200 OK", b"through the proxy")) as server:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
            monkeypatch.setenv(name, server.url)
        yield server


def test_through_a_proxy_names_are_looked_at_all_the_same(proxy: Any) -> None:
    for url in ("https://evil.net/a", "http://169.254.169.254/a", "https://evil.net\\.example.com/a", "http://[::1]/a"):
        refusal(Hosts(BASE), url)
    assert not proxy.connections
    assert fetch(Hosts(HERE), "http://127.0.0.2:9/a") == b"through the proxy"
    assert proxy.seen[0].startswith(b"GET http://127.0.0.2:9/a ")


def test_what_goes_through_a_proxy_in_tls_is_not_the_proxys_business(proxy: Any) -> None:
    refusal(Hosts(BASE), f"https://files.example.com/a?sign={HUSH}", TemporaryError)
    assert proxy.seen
    assert all(s.startswith(b"CONNECT files.example.com:443 ") and HUSH.encode() not in s for s in proxy.seen)


def test_a_redirect_that_a_proxy_brings(monkeypatch: pytest.MonkeyPatch) -> None:
    with raw(to("http://169.254.169.254/latest")) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        assert "169.254.169.254" in refusal(Hosts(HERE), "http://127.0.0.2:9/a?sign=1")
    assert len(proxy.seen) == 1


def test_no_netrc_and_no_cookies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\ndefault login a password b\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    cookie = "Set-Cookie: session=1; Path=/"
    with raw(http("302 Found", b"", "Location: /b", cookie), http("200 OK", b"1", cookie)) as store:
        downloader, sink = Downloader(Hosts(HERE)), Kept()
        for name in "ab":
            downloader.fetch(Link(f"{store.url}/{name}"), sink)
    assert len(store.seen) == 3
    assert store.headers("Authorization") == store.headers("Cookie") == [""] * 3


def test_ipv6_on_this_machine() -> None:
    try:
        with raw(http("200 OK", b"content"), host="::1") as store:
            assert fetch(Hosts(HERE), store.url + "/a") == b"content"
    except OSError:
        pytest.skip("there is no IPv6 here")
