"""How far a server can be reached: name, connection, TLS, its certificate, its clock. Nothing of ours is sent to it."""

from __future__ import annotations

import http.client
import io
import os
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from requests.utils import DEFAULT_CA_BUNDLE_PATH, get_environ_proxies, select_proxy

PATIENCE_S = 5.0
_HEAD_MOST = 1 << 16
_AT_ONCE = 16
#: What OpenSSL says of a certificate (X509_V_ERR_…), in our own words.
_FAULTS: Mapping[int, str] = {
    9: "is not valid yet",
    10: "has expired",
    18: "is self-signed",
    19: "is signed by an authority that is not known here",
    20: "is signed by an authority that is not known here",
    21: "is sent without the certificates between it and its authority",
    62: "is for another name",
    64: "is for another address",
}


@dataclass(frozen=True, slots=True)
class Certificate:
    """A server's certificate: its period (UTC), its SHA-256, and what is wrong with it."""

    since: datetime
    until: datetime
    sha256: str
    fault: str | None = None

    @property
    def unknown(self) -> bool:
        """Whether nothing is wrong but that nobody here knows who signed it."""
        return self.fault in (_FAULTS[18], _FAULTS[19])


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen of a server.

    Parameters
    ----------
    host, port
        Which one.
    addresses : tuple of str
        Where its name leads to.
    fault : str or None
        Why nobody was reached.
    proxied : bool
        Whether calls go through a proxy, so that nothing was tried.
    certificate : Certificate or None
        Its certificate, for https.
    ahead_s : float or None
        How far this machine's clock is ahead of the server's, where the server told its time.
    """

    host: str
    port: int
    addresses: tuple[str, ...] = ()
    fault: str | None = None
    proxied: bool = False
    certificate: Certificate | None = None
    ahead_s: float | None = None


def look_at(urls: Iterable[str], *, ask_time: bool = True) -> dict[str, Look]:
    """Look at several servers at a time.

    Parameters
    ----------
    urls : iterable of str
        Addresses, http or https; only their hosts are asked.
    ask_time : bool
        Whether to send ``HEAD /`` for the server's time; else nothing but a TLS handshake is made.
    """
    wanted = list(dict.fromkeys(urls))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return dict(zip(wanted, pool.map(lambda url: _look(url, ask_time), wanted), strict=True))


class _UnreachedError(Exception):
    pass


def _look(url: str, ask_time: bool) -> Look:
    parts = urlsplit(url)
    host, tls = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if tls else 80)
    if select_proxy(url, get_environ_proxies(url)):
        return Look(host, port, proxied=True)
    addresses: tuple[str, ...] = ()
    try:
        addresses = _resolve(host, port)
        with _connected(addresses, port) as plain:
            if not tls:
                return Look(host, port, addresses, ahead_s=_ahead(plain, host) if ask_time else None)
            try:
                with _trusting().wrap_socket(plain, server_hostname=host) as secure:
                    certificate = _certificate(secure, None)
                    return Look(
                        host, port, addresses, certificate=certificate,
                        ahead_s=_ahead(secure, host) if ask_time else None,
                    )  # fmt: skip
            except ssl.SSLCertVerificationError as error:
                code = error.verify_code
        with _connected(addresses, port) as plain, _blind().wrap_socket(plain, server_hostname=host) as secure:
            return Look(host, port, addresses, certificate=_certificate(secure, code))
    except _UnreachedError as error:
        fault = str(error)
    except ssl.SSLError:
        fault = "it does not speak TLS there"
    except (OSError, ValueError):
        fault = "the connection broke off"
    return Look(host, port, addresses, fault)


def _resolve(host: str, port: int) -> tuple[str, ...]:
    """The addresses of a name. The system's resolver knows no patience, so it has a thread of its own."""
    found: list[str] = []
    done = threading.Event()

    def ask() -> None:
        try:
            found.extend(str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError):
            pass
        finally:
            done.set()

    threading.Thread(target=ask, daemon=True, name="idvtools-resolve").start()
    if not done.wait(PATIENCE_S):
        raise _UnreachedError("its name was not resolved in time")
    if not found:
        raise _UnreachedError("its name is not known (DNS)")
    return tuple(dict.fromkeys(found))


def _connected(addresses: tuple[str, ...], port: int) -> socket.socket:
    until = time.monotonic() + PATIENCE_S
    refused = False
    for address in addresses[:4]:
        if (left := until - time.monotonic()) <= 0:
            break
        try:
            found = socket.create_connection((address, port), left)
        except ConnectionRefusedError:
            refused = True
        except OSError:
            continue
        else:
            found.settimeout(PATIENCE_S)
            return found
    raise _UnreachedError("the connection is refused" if refused else f"no connection within {PATIENCE_S:g} s")


def _trusting() -> ssl.SSLContext:
    """Trusts whom calls trust: the same certificates as the HTTP library, or those that its variables name."""
    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or DEFAULT_CA_BUNDLE_PATH
    if Path(bundle).is_dir():
        return ssl.create_default_context(capath=bundle)
    return ssl.create_default_context(cafile=bundle)


def _blind() -> ssl.SSLContext:
    """Looks at any certificate; nothing is sent over such a connection."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _certificate(secure: ssl.SSLSocket, code: int | None) -> Certificate | None:
    raw = secure.getpeercert(binary_form=True)
    if not raw:
        return None
    found = x509.load_der_x509_certificate(raw)
    since, until, now = found.not_valid_before_utc, found.not_valid_after_utc, datetime.now(UTC)
    fault = None
    if code is not None:
        fault = _FAULTS.get(code, "is not trusted here")
        if until < now:
            fault = _FAULTS[10]
        elif since > now:
            fault = _FAULTS[9]
    return Certificate(since, until, found.fingerprint(SHA256()).hex(), fault)


def _ahead(connection: socket.socket, host: str) -> float | None:
    """Our time minus the server's, from the Date of its answer; an answer out of a cache is as old as its Age says."""
    try:
        name = f"[{host}]" if ":" in host else host.encode("idna").decode("ascii")
        sent = time.time()
        request = f"HEAD / HTTP/1.1\r\nHost: {name}\r\nUser-Agent: idvtools\r\nConnection: close\r\n\r\n"
        connection.sendall(request.encode("ascii"))
        data = b""
        while b"\r\n\r\n" not in data and len(data) < _HEAD_MOST and time.time() - sent < PATIENCE_S:
            if not (piece := connection.recv(4096)):
                break
            data += piece
        midway = (sent + time.time()) / 2
        status, _, rest = data.partition(b"\r\n")
        if not status.startswith(b"HTTP/"):
            return None
        headers = http.client.parse_headers(io.BytesIO(rest))
        told = parsedate_to_datetime(headers["Date"]).timestamp()
        age = headers.get("Age", "0").strip()
        return midway - told - (int(age) if age.isdecimal() and len(age) < 8 else 0) - 0.5
    except (OSError, ValueError, TypeError, KeyError, http.client.HTTPException):
        return None
