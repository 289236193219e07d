"""Does the network let us through: names, connections, certificates, the clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from urllib.parse import urlsplit

from idvtools.pull.hosts import STORES
from idvtools.pull.reach import Certificate, Look
from idvtools.workspace.doctor.model import About, Check
from idvtools.workspace.doctor.room import Room

OFFLINE = "was not tried (--offline)"
ONLINE = "run it again without --offline"
_EXPIRES_SOON = timedelta(days=30)
_CLOCK_WARN_S, _CLOCK_FAIL_S = 60, 300
Looks = dict[str, Look] | None


def addresses(room: Room) -> dict[str, str]:
    """The addresses of the platform that are set, and single hosts that files come from."""
    settings = room.desk.settings.vendor(room.declared.name)
    found = {name: getattr(settings, name, None) for name in room.declared.health.addresses}
    for host in settings.file_hosts:
        if not host.startswith("*."):
            found[f"file_hosts {host}"] = f"https://[{host.strip('[]')}]" if ":" in host else f"https://{host}"
    return {name: url for name, url in found.items() if url}


def is_plain(url: str) -> bool:
    """Whether calls to an address would go over the network unprotected, so that none is made."""
    return urlsplit(url).scheme != "https" and not _is_loopback(urlsplit(url).hostname or "")


def check_hosts(room: Room, looks: Looks) -> Iterator[Check]:
    """Names, connections, certificates, the clock. `looks` is None offline."""
    about, found = room.about, addresses(room)
    for name in room.declared.health.addresses:
        if name not in found:
            told, place = f"{name} is not set", f"[vendors.{about.vendor}] in idvtools.toml"
            yield about.warning("settings", told, f'add {name} = "https://…" below {place}')
    for name, url in found.items():
        if is_plain(url):
            told = f"{name} is plain http: keys and people's data would go in clear, so no call is made"
            yield about.failed("settings", told, "write it with https")
        elif looks is None:
            yield about.unknown("host", f"{name}: whether it is reachable {OFFLINE}", ONLINE)
        else:
            yield from _host(about, name, looks[url])
    if looks is None and "base_url" in found:
        yield about.unknown("clock", f"our clock beside the vendor's: {OFFLINE}", ONLINE)
    elif looks is not None and (look := looks.get(found.get("base_url", ""))) is not None:
        yield _clock(about, look)
    yield from _stores(room)


def _host(about: About, name: str, look: Look) -> Iterator[Check]:
    place = f"{name} ({look.host}:{look.port})"
    if look.proxied:
        told = f"{place}: calls go through this machine's proxy, so nothing was tried past it"
        yield about.unknown("host", told, "the signed call below shows whether the proxy lets it through")
    elif look.fault:
        advice = "open the network for this name and port, and see that the setting is right"
        yield about.failed("host", f"{place}: {look.fault}", advice)
    else:
        yield about.ok("host", f"{place} answers")
    if look.certificate:
        advice = "no call is made like this: is another server or an intercepting proxy in between?"
        yield check_certificate(about, "certificate", place, look.certificate, advice)


def check_certificate(about: About, item: str, place: str, found: Certificate, advice: str) -> Check:
    """Is a certificate trusted, and for how long?"""
    left = found.until - datetime.now(UTC)
    if found.fault:
        return about.failed(item, f"{place}: its certificate {found.fault}", advice)
    if left < _EXPIRES_SOON:
        told = f"{place}: its certificate expires in {left.days} day(s), on {found.until:%Y-%m-%d}"
        return about.warning(item, told, "see that it is renewed in time")
    return about.ok(item, f"{place}: its certificate is valid until {found.until:%Y-%m-%d}")


def _clock(about: About, look: Look) -> Check:
    ahead = look.ahead_s
    if ahead is None:
        return about.unknown("clock", "the vendor's server did not tell its time", "see that NTP runs on this machine")
    seconds = abs(round(ahead))
    told = f"our clock is {seconds} s {'ahead of' if ahead > 0 else 'behind'} the vendor's server"
    advice = "set the clock (NTP): signatures carry a time, and the bill follows days"
    if seconds > _CLOCK_FAIL_S:
        return about.failed("clock", told, advice)
    if seconds > _CLOCK_WARN_S:
        return about.warning("clock", told, advice)
    return about.ok("clock", told if seconds > 1 else "our clock agrees with the vendor's server")


def _stores(room: Room) -> Iterator[Check]:
    pulls = room.declared.pulls
    if pulls is None or not (pulls.statement or any(f.links for f in pulls.files)):
        return
    own = [h for h in room.desk.settings.vendor(room.declared.name).file_hosts if h.startswith("*.")]
    told = f"files come from hosts that only their links name ({', '.join((*STORES, *own))})"
    yield room.about.unknown("file_hosts", told, "open the network for the object-store names that the vendor gave you")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
