"""Where files are fetched from: hosts of an allow-list, https, and no address inside somebody's network."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any
from urllib.parse import urlsplit

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from idvtools.errors import LinkRefusedError

#: Object stores that the vendors use (seed 000 section 6, dec.md section 2).
STORES = ("*.myqcloud.com", "*.amazonaws.com", "*.amazonaws.com.cn")
#: Second levels below which strangers have domains.
_SHARED = frozenset({"ac", "co", "com", "edu", "gov", "net", "org"})


class Hosts:
    """Which links are followed.

    Parameters
    ----------
    base_url : str
        The platform's address: its host and the hosts of its own domain are allowed. If it is on this machine, so
        are all servers on this machine, and plain http.
    allowed : sequence of str
        More hosts (the setting ``file_hosts``): a name, ``*.domain``, or an address; an address that stands here may
        be a private one.

    Examples
    --------
    >>> hosts = Hosts("https://vdi.example.com", ["store.example.org"])
    >>> hosts.check("https://files.example.com/a.zip?sign=1")
    >>> hosts.check("https://evil.example.net/a.zip")
    Traceback (most recent call last):
    idvtools.errors.LinkRefusedError: the link leads to evil.example.net, which file_hosts does not allow
    >>> hosts.check("http://files.example.com/a.zip")
    Traceback (most recent call last):
    idvtools.errors.LinkRefusedError: the link to files.example.com is not https
    """

    def __init__(self, base_url: str, allowed: Sequence[str] = ()) -> None:
        host = _host(base_url)
        self._loopback = _is_loopback(host)
        self._exact = {host, *(_bare(a) for a in allowed if not a.startswith("*."))} - {""}
        self._below = tuple(a[1:].lower() for a in (*STORES, *allowed) if a.startswith("*."))
        if domain := _domain(host):
            self._below += (f".{domain}",)

    def check(self, url: str) -> None:
        """Refuse a link that is not to be followed.

        Raises
        ------
        LinkRefusedError
            Its scheme, its host or its address; the message names the host, never the path or the query.
        """
        try:
            parts = urlsplit(url)
            host, port, secret = _bare(parts.hostname or ""), parts.port, parts.username or parts.password
        except ValueError:
            host, secret = "", None
        if not host or secret is not None or parts.scheme not in ("http", "https"):
            raise LinkRefusedError("the link is not the address of a file")
        here = self._loopback and _is_loopback(host)
        if not here and host not in self._exact and not host.endswith(self._below):
            raise LinkRefusedError(f"the link leads to {_told(host)}, which file_hosts does not allow")
        if parts.scheme != "https" and not here:
            raise LinkRefusedError(f"the link to {_told(host)} is not https")
        if (address := _address(host)) is not None and not here and host not in self._exact and not address.is_global:
            raise LinkRefusedError(f"the link leads to the private address {address}")
        if not here and port not in (None, 443) and host not in self._exact:
            raise LinkRefusedError(f"the link to {_told(host)} names a port of its own")

    def check_peer(self, host: str, address: str) -> None:
        """Refuse the address that a host's name led to.

        Raises
        ------
        LinkRefusedError
            It is a private one (of a network, of this machine, of a cloud's own services).
        """
        host = _bare(host)
        found = ip_address(address.partition("%")[0])
        if isinstance(found, IPv6Address) and found.ipv4_mapped:
            found = found.ipv4_mapped
        if found.is_global and not found.is_multicast:
            return
        if (self._loopback and _is_loopback(host)) or (host in self._exact and _address(host) is not None):
            return
        raise LinkRefusedError(f"{_told(host)} leads to the private address {found}")


def guarded(hosts: Hosts, **options: Any) -> HTTPAdapter:
    """An adapter for `requests` that looks at the address of each connection before anything is sent.

    A look at the name alone would be too early: a name may lead to another address a moment later.
    Through a proxy it is the proxy that connects; then the check of the name is what there is.
    """

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return _checked(super()._new_conn(), self.host, hosts.check_peer)

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return _checked(super()._new_conn(), self.host, hosts.check_peer)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    class Guarded(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
            super().init_poolmanager(*args, **kwargs)
            self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}

    return Guarded(**options)


def _checked(sock: socket.socket, host: str, check: Callable[[str, str], None]) -> socket.socket:
    try:
        check(host, sock.getpeername()[0])
    except BaseException:
        sock.close()
        raise
    return sock


def _host(url: str) -> str:
    return _bare(urlsplit(url).hostname or "")


def _bare(host: str) -> str:
    """A host as it is compared: without the brackets of an address and without the dot at its end."""
    return host.lower().strip("[]").rstrip(".")


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _is_loopback(host: str) -> bool:
    address = _address(host)
    return host == "localhost" if address is None else address.is_loopback


def _domain(host: str) -> str | None:
    """The domain that a platform's host is in, if it is one that the platform alone has."""
    labels = host.split(".")[1:]
    if _address(host) is not None or len(labels) < 2:
        return None
    if len(labels) == 2 and len(labels[1]) == 2 and labels[0] in _SHARED:
        return None
    return ".".join(labels)


def _told(host: str) -> str:
    """A host, for people: it came from outside."""
    return "".join(c for c in host[:100] if c.isascii() and (c.isalnum() or c in ".-:_"))
