"""Can a vendor reach the address that its notifications go to? Nothing is sent there."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from idvtools.privacy import scrub
from idvtools.pull.reach import Certificate, Look
from idvtools.workspace.doctor.model import About, Check
from idvtools.workspace.doctor.network import OFFLINE, ONLINE, check_certificate


def check_callback(url: str | None, look: Look | None) -> Iterator[Check]:
    """Can a vendor call us? `look` is None offline."""
    about = About()
    if url is None:
        told = "the callback URL is not known here"
        yield about.unknown("callback", told, "give it: idvtools doctor WORKSPACE --callback-url https://…")
        return
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https":
        yield about.failed(
            "callback", "the callback URL is not https", "put it behind https: people's data comes there"
        )
        return
    if not _is_public_name(host):
        told = f"{scrub(host, 80)} is no public name: no vendor reaches it"
        yield about.failed("callback", told, "use a name or an address that the vendor's servers reach")
    elif look is None:
        yield about.unknown("callback", f"whether {scrub(host, 80)} is reachable {OFFLINE}", ONLINE)
    elif look.fault or look.proxied:
        why = look.fault or "calls from this machine go through a proxy"
        yield about.unknown("callback", f"{look.host} is not seen from here: {why}", "try it from outside")
    elif not any(ip_address(a.partition("%")[0]).is_global for a in look.addresses):
        told = f"from here {look.host} leads to a private address"
        yield about.warning("callback", told, "see that it leads to a public one where the vendor is")
    else:
        yield about.ok("callback", f"{look.host}:{look.port} answers; a POST to it was not tried")
    if look is not None and look.certificate:
        yield _ours(about, look, look.certificate)


def _ours(about: About, look: Look, found: Certificate) -> Check:
    place = f"{look.host}:{look.port}"
    if found.unknown:
        told = f"{place}: its certificate {found.fault} (SHA-256 {found.sha256[:16]}…)"
        advice = "give the certificate to the vendor, who checks it, or use one of a public authority"
        return about.warning("callback_certificate", told, advice)
    return check_certificate(about, "callback_certificate", place, found, "the vendor's calls fail like this: renew it")


def _is_public_name(host: str) -> bool:
    try:
        return ip_address(host).is_global
    except ValueError:
        return "." in host.strip(".") and not host.lower().rstrip(".").endswith((".local", ".internal", ".localhost"))
