"""Where files are fetched from: hosts of an allow-list, https, and no address inside somebody's network."""

from __future__ import annotations

import io
import re
import socket
import time
from collections.abc import Sequence
from http.client import HTTPResponse
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, ProxyManager
from urllib3.connection import HTTPConnection, HTTPSConnection

from idvtools.errors import LinkRefusedError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

#: Object stores that the vendors use (seed 000 section 6, dec.md section 2).
STORES = ("*.myqcloud.com", "*.amazonaws.com", "*.amazonaws.com.cn")
#: Letters of a second level that a registry may have given to everybody.
_SHORT = 3
#: A host as it stands in DNS. Whatever else stands there (a backslash, an escape, a letter that becomes a dot) is read
#: in one way by one library and in another way by the next.
_NAME = re.compile(r"(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
#: The addresses of IPv6 that are somebody's in the internet, and those that stand for one of IPv4 behind a gateway.
_UNICAST, _NAT64 = IPv6Network("2000::/3"), IPv6Network("64:ff9b::/96")


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
            host, port = _bare(parts.hostname or ""), parts.port
        except ValueError:
            host = ""
        plain = _address(host) or (_NAME.fullmatch(host) and "[" not in parts.netloc)
        if host and parts.scheme not in ("http", "https"):
            raise LinkRefusedError("the link is neither https nor http")
        if host and "@" in parts.netloc:
            raise LinkRefusedError("the link holds a user name or a password")
        if not plain or _CONTROL.search(url):
            raise LinkRefusedError("the link names no host that can be meant")
        self._require_allowed(host)
        here = self._is_here(host)
        if parts.scheme != "https" and not here:
            raise LinkRefusedError(f"the link to {_told(host)} is not https")
        if not here and port not in (None, 443) and host not in self._exact:
            raise LinkRefusedError(f"the link to {_told(host)} names a port of its own")

    def check_peer(self, host: str, address: str) -> None:
        """Refuse the address that a host's name led to.

        Raises
        ------
        LinkRefusedError
            It is a private one (of a network, of this machine, of a cloud's own services), or the host is not one
            that is allowed.
        """
        host = _bare(host)
        self._require_allowed(host)
        found = ip_address(address.partition("%")[0])
        if _is_public(found) or (self._is_here(host) and found.is_loopback):
            return
        if host in self._exact and _address(host) is not None:
            return
        raise LinkRefusedError(f"{_told(host)} leads to the private address {found}")

    def _is_here(self, host: str) -> bool:
        return self._loopback and _is_loopback(host)

    def _require_allowed(self, host: str) -> None:
        if not self._is_here(host) and host not in self._exact and not host.endswith(self._below):
            raise LinkRefusedError(f"the link leads to {_told(host)}, which file_hosts does not allow")


def guarded(hosts: Hosts | None = None, *, longest_s: float, **options: Any) -> HTTPAdapter:
    """An adapter for `requests` that looks at the address of each connection before anything is sent.

    A look at the name alone would be too early: a name may lead to another address a moment later.
    Through a proxy it is the proxy that connects; then the check of the name is what there is.

    An answer may take `longest_s` seconds: the time-out of `requests` is for each piece, and a server that sends a
    byte now and then never runs into it.
    """

    class Timely(HTTPResponse):
        def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
            super().__init__(sock, *args, **kwargs)
            self.fp.close()
            self.fp = io.BufferedReader(_Until(sock, time.monotonic() + longest_s))

    class Plain(HTTPConnection):
        response_class = Timely

        def _new_conn(self) -> socket.socket:
            return _checked(super()._new_conn(), self, hosts)

    class Secure(HTTPSConnection):
        response_class = Timely

        def _new_conn(self) -> socket.socket:
            return _checked(super()._new_conn(), self, hosts)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    pools = {"http": PlainPool, "https": SecurePool}

    class Guarded(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
            super().init_poolmanager(*args, **kwargs)
            self.poolmanager.pool_classes_by_scheme = pools

        def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
            manager = super().proxy_manager_for(*args, **kwargs)
            if type(manager) is ProxyManager:  # one of SOCKS has connections of its own
                manager.pool_classes_by_scheme = pools
            return manager

    return Guarded(**options)


class _Until(io.RawIOBase):
    """What a socket receives, up to a time."""

    def __init__(self, sock: socket.socket, until: float) -> None:
        self._source = sock.makefile("rb", buffering=0)
        self._until = until

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int | None:
        if time.monotonic() > self._until:
            raise TimeoutError("timed out")
        return self._source.readinto(buffer)

    def close(self) -> None:
        self._source.close()
        super().close()


def _checked(sock: socket.socket, connection: HTTPConnection, hosts: Hosts | None) -> socket.socket:
    try:
        if hosts is not None and connection.proxy is None:
            hosts.check_peer(connection.host, sock.getpeername()[0])
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


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is one of the internet's, also where it stands for another one."""
    if isinstance(address, IPv4Address):
        return address.is_global and not address.is_multicast
    within = IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else address.ipv4_mapped or address.sixtofour
    return _is_public(within) if within else address.is_global and address in _UNICAST


def _domain(host: str) -> str | None:
    """The domain that a platform's host is in, if it is one that the platform alone has."""
    labels = host.split(".")[1:]
    if _address(host) is not None or len(labels) < 2:
        return None
    # Strangers have domains below com.cn and bj.cn. Where in doubt, file_hosts can say more.
    if len(labels) == 2 and len(labels[1]) == 2 and len(labels[0]) <= _SHORT:
        return None
    return ".".join(labels)


def _told(host: str) -> str:
    """A host, for people: it came from outside."""
    return "".join(c for c in host[:100] if c.isascii() and (c.isalnum() or c in ".-:_"))
