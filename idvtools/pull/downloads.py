"""Files behind presigned links: fetched from allowed hosts only, whole or not at all."""

from __future__ import annotations

import base64
import logging
import re
import time
import uuid
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError

from idvtools.crypto.digests import same
from idvtools.errors import (
    DamagedFileError,
    LinkExpiredError,
    LinkRefusedError,
    RequestRefusedError,
    TemporaryError,
    VendorError,
)
from idvtools.privacy import scrub
from idvtools.pull.again import ATTEMPTS, retrying
from idvtools.pull.hosts import Hosts, guarded
from idvtools.pull.transport import CONNECT_S, LOG, LONGEST_S, NO_TLS, new_session, without_queries
from idvtools.vendors.base.messages import TRY_AGAIN

_CHUNK = 1 << 16
_AGENT = requests.utils.default_user_agent()
_PORTS = {"http": 80, "https": 443}
_READ_S = 30.0
_REDIRECTS = 3
#: Bytes in which a page of HTML shows that it is one.
_BEGIN = 512
_LONGEST_PATH = 200
#: What a server of files says of an error: a short code of an object store, and nothing else of its page.
_STORE_CODE = re.compile(rb"<Code>([A-Za-z]{1,40})</Code>")
#: Its comments are taken or left as they are (``(?>…)``): a file that is all comments would keep it busy for years.
_HTML = re.compile(rb"\s*+(?>(?:<!--.*?-->\s*+)*)<(!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)
_MAY_BE_HTML = (".html", ".htm", ".xls", ".mht", ".mhtml", ".xhtml", ".xml")


class Sink(Protocol):
    """Where the bytes of a file go."""

    def write(self, piece: bytes, /) -> object:
        """Take the next piece."""

    @property
    def md5(self) -> str:
        """MD5 of all pieces, in hex."""

    def restart(self) -> None:
        """Forget all pieces: the file comes anew."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a file: `headers` (a customer's key) go to its own host only.

    Parameters
    ----------
    url : str
        With its query, which is a secret as long as it is valid.
    headers : mapping
        What the store needs to open the file.
    name : str
        What the file is called.
    """

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    name: str = ""


class Downloader:
    """Fetches files.

    Parameters
    ----------
    hosts : Hosts
        Where from.
    largest : int
        Bytes of the largest file; a longer one is refused while it arrives.
    connections : int
        How many threads share it.
    attempts : int
        How often a file is tried in all, where something temporary fails.
    longest_s : float
        Seconds that one file may take, each time that it is tried.

    Examples
    --------
    >>> Downloader(Hosts("https://vdi.example.com"))
    Downloader(…)
    """

    def __init__(
        self,
        hosts: Hosts,
        *,
        largest: int = 200 << 20,
        connections: int = 8,
        attempts: int = ATTEMPTS,
        longest_s: float = LONGEST_S,
    ) -> None:
        self._hosts = hosts
        self._largest = largest
        self._again = retrying(attempts=attempts)
        self._longest_s = longest_s
        self._session = new_session()
        for scheme in ("http://", "https://"):
            adapter = guarded(hosts, longest_s=longest_s, pool_connections=8, pool_maxsize=connections)
            self._session.mount(scheme, adapter)
        without_queries()

    def __repr__(self) -> str:
        return "Downloader(…)"

    def fetch(self, link: Link, sink: Sink) -> None:
        """Fetch a file into a sink.

        Raises
        ------
        LinkRefusedError
            The link, or where it redirects to, is not a place to fetch from. Nothing was sent there.
        LinkExpiredError
            403: it is too old, or its signature does not hold. Ask the vendor for a new one.
        RequestRefusedError
            400 or 404 or the like.
        DamagedFileError
            Too long, too slow, another MD5 than announced, or a page of HTML.
        TemporaryError
            No connection, cut off, or the server's own failure, time after time.
        """
        self._hosts.check(link.url)

        def once() -> None:
            sink.restart()
            self._once(link, sink)

        self._again(once)

    def _once(self, link: Link, sink: Sink) -> None:
        url, headers, until = link.url, dict(link.headers), time.monotonic() + self._longest_s
        for _ in range(_REDIRECTS + 1):
            with closing(self._get(url, headers, until)) as response:
                if not response.is_redirect:
                    self._take(response, url, sink, until)
                    return
                target = _target(url, response)
            try:
                self._hosts.check(target)
            except LinkRefusedError as error:
                raise LinkRefusedError(f"{place(url)} redirects, and {error}") from None
            if _origin(target) != _origin(url):
                headers = {}  # the key of the file is not the business of another host
            url = target
        raise DamagedFileError(f"{place(url)}: redirected again and again")

    def _get(self, url: str, headers: Mapping[str, str], until: float) -> requests.Response:
        number, refused = uuid.uuid4().hex, None
        told = {"User-Agent": _AGENT, "Accept-Encoding": "identity", "X-Request-Id": number, **headers}
        session = self._session
        try:
            # Prepared by itself: what the session would add (cookies, a .netrc) has no business here.
            request = requests.Request("GET", url, headers=told).prepare()
            settings = session.merge_environment_settings(url, {}, True, None, None)
            response = session.send(request, timeout=(CONNECT_S, _READ_S), allow_redirects=False, **settings)
        except LinkRefusedError as error:
            refused, why = error, ""
        except requests.Timeout:
            why = f"no answer within {_READ_S:g} s"
        except requests.exceptions.SSLError:
            why = NO_TLS
        except requests.ConnectionError:
            why = "no connection, or it broke off"
        except (requests.RequestException, ValueError):
            why = "the exchange failed"
        else:
            if LOG.isEnabledFor(logging.INFO):
                LOG.info("%s GET %s: HTTP %d", number, place(url), response.status_code)
            return response
        if refused is not None:
            raise refused
        LOG.info("%s GET %s: %s", number, place(url), why)
        self._require_time(url, until)
        raise TemporaryError(f"{place(url)}: {why}")

    def _take(self, response: requests.Response, url: str, sink: Sink, until: float) -> None:
        where = place(url)
        if response.status_code != 200:
            raise _refusal(response, where)
        announced = _announced(response)
        if announced is not None and announced > self._largest:
            raise DamagedFileError(f"{where}: {announced} bytes are announced, more than largest_file allows")
        why = ""
        try:
            size = self._pour(response, url, sink, until)
        except (requests.RequestException, HTTPError, ValueError) as error:  # fewer bytes than announced are among them
            stalled = any(isinstance(cause, ReadTimeoutError) for cause in error.args)
            why = f"no more bytes within {_READ_S:g} s" if stalled else "it broke off"
        if why:
            self._require_time(url, until)
            raise TemporaryError(f"{where}: {why}")
        if "content-encoding" in response.headers:
            return  # length and MD5 are those of other bytes
        if announced is not None and size != announced:
            raise TemporaryError(f"{where}: {size} bytes came, {announced} were announced")
        if not size and announced is None and "transfer-encoding" not in response.headers:
            raise TemporaryError(f"{where}: nothing came, and nothing tells that the file is empty")
        digest = response.headers.get("content-md5")
        if digest and not same(_hex(digest), sink.md5):
            raise TemporaryError(f"{where}: the MD5 is not the announced one")

    def _pour(self, response: requests.Response, url: str, sink: Sink, until: float) -> int:
        size, begin = 0, b""
        for piece in response.iter_content(_CHUNK):
            size += len(piece)
            if size > self._largest:
                raise DamagedFileError(f"{place(url)}: longer than {self._largest} bytes (largest_file)")
            self._require_time(url, until)
            if len(begin) < _BEGIN:
                begin += piece[:_BEGIN]
                _require_no_page(begin, response, url)
            sink.write(piece)
        return size

    def _require_time(self, url: str, until: float) -> None:
        if time.monotonic() > until:
            raise DamagedFileError(f"{place(url)}: not complete after {self._longest_s:g} s")


def place(url: str) -> str:
    """A link without its query and without what might be a person's number, for messages and logs.

    Examples
    --------
    >>> place("https://files.example.com/110101199003074514/a.zip?sign=1")
    'https://files.example.com/***/a.zip'
    """
    parts = urlsplit(url)
    path = "".join(c if c.isprintable() else "?" for c in parts.path[:_LONGEST_PATH])
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{scrub(path)}"


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)


def _target(url: str, response: requests.Response) -> str:
    """Where a redirect leads."""
    try:
        return urljoin(url, response.headers["location"])
    except ValueError:
        pass
    raise LinkRefusedError(f"{place(url)}: redirected to what is no address")


def _announced(response: requests.Response) -> int | None:
    """How long the server says that the body is."""
    told = response.headers.get("content-length", "")
    return int(told[:20]) if told.isascii() and told.isdecimal() else None


def _refusal(response: requests.Response, where: str) -> VendorError:
    status = response.status_code
    try:
        begin = response.raw.read(2048, decode_content=True) or b""
    except Exception:  # whatever is wrong with the text of an error, its status tells enough
        begin = b""
    found = _STORE_CODE.search(begin)
    why = f"{where}: HTTP {status}{f' ({found[1].decode()})' if found else ''}"
    if status >= 500 or status in TRY_AGAIN:
        return TemporaryError.pausing(why, response.headers.get("retry-after"))
    if status in (401, 403):
        return LinkExpiredError(f"{why}: the link is not valid any more, or was never")
    told = {
        400: ": the store does not take the request; for an encrypted file, look at fileKey and object_store",
        404: ": there is no such file",
    }
    return RequestRefusedError(why + told.get(status, ""))


def _require_no_page(first: bytes, response: requests.Response, url: str) -> None:
    """A gate or a login page answers 200 and HTML; some evidence is HTML, too, and is called so."""
    if urlsplit(url).path.lower().endswith(_MAY_BE_HTML):
        return
    told = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    text = first.removeprefix(b"\xef\xbb\xbf")
    if _HTML.match(text) or (told == "text/html" and text.lstrip().startswith(b"<")):
        raise DamagedFileError(f"{place(url)}: a page of HTML came instead of the file" + _page(told))


def _page(told: str) -> str:
    return "" if told in ("", "text/html") else f" (announced as {re.sub(r'[^a-z0-9/+.-]', '', told)[:40]})"


def _hex(digest: str) -> str:
    """Base64 (as in Content-MD5) or hex, as hex."""
    text = digest.strip()
    if re.fullmatch(r"[0-9A-Fa-f]{32}", text):
        return text.lower()
    try:
        return base64.b64decode(text, validate=True).hex()
    except ValueError:
        return ""
