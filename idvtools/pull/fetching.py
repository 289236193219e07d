"""From the answer of a call to files in the vault."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from idvtools.errors import DamagedFileError, IdvError
from idvtools.pull.caller import Answer
from idvtools.pull.downloads import Downloader, Link, place
from idvtools.vault import Incoming, Origin, Vault
from idvtools.vendors.base import Attachment, FileCall, PulledLink, StatementCall


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came of an answer: files of now, their bytes, files in all, and what went wrong."""

    files: int = 0
    size: int = 0
    found: int = 0
    error: IdvError | None = None


class Fetcher:
    """Brings the files of answers into the vault.

    Parameters
    ----------
    vendor : str
        Its name.
    settings : VendorSettings
        The vendor's settings.
    downloads : Downloader
        Fetches links.
    vault : Vault
        Where files go.
    """

    def __init__(self, vendor: str, settings: Any, downloads: Downloader, vault: Vault) -> None:
        self._vendor, self._settings, self._downloads, self._vault = vendor, settings, downloads, vault

    def complete(self, files: FileCall, op_id: str) -> bool:
        """Whether all files that a call leads to are in the vault."""
        if files.keep_answer:
            return self._vault.has((self._vendor, op_id, files.call, _answer_name(files.call)))
        return bool(self._vault.find(vendor=self._vendor, op_id=op_id, call=files.call))

    def held(self, call: str, name: str) -> bool:
        """Whether a statement is in the vault."""
        return self._vault.has((self._vendor, None, call, name))

    def read(self, call: str, name: str) -> bytes:
        """A statement in the vault."""
        entries = [e for e in self._vault.find(vendor=self._vendor, call=call) if e.name == name]
        return self._vault.read(entries[-1].sha256)

    def fetch(self, files: FileCall, op_id: str, app_id: str | None, answer: Answer) -> Fetched:
        """Fetch the files of an operation and store them together; what came is stored where something failed, too."""
        at = datetime.now(UTC)

        def origin(name: str, url: str | None = None) -> Origin:
            return Origin(self._vendor, op_id, app_id, files.call, name, url, at)

        with ExitStack() as stack:
            ready: list[tuple[Incoming, Origin]] = []
            links: Sequence[PulledLink] = []
            error: IdvError | None = None
            if files.links is not None:
                links = files.links(answer.opened, self._settings)
                for link, name in zip(links, _names(links, op_id), strict=True):
                    of = origin(name, place(link.url))
                    if self._vault.has(of.identity):
                        continue
                    incoming = stack.enter_context(self._vault.receive())
                    try:
                        self._downloads.fetch(Link(link.url, link.headers, name), incoming)
                    except IdvError as problem:
                        error = error or problem
                        continue
                    ready.append((incoming, of))
            else:
                for file in answer.opened.attachments:
                    ready.append((_received(stack, self._vault, file.reveal()), origin(_file_name(file))))
            count, size = len(ready), sum(i.size for i, _ in ready)
            found = len(links) + len(answer.opened.attachments)
            if files.keep_answer and error is None and (found or files.links is None):
                if not self.complete(files, op_id):  # another pull may have been quicker
                    # The answer comes last: where it is, everything that it names is.
                    kept = _received(stack, self._vault, answer.received)
                    ready.append((kept, origin(_answer_name(files.call))))
                found += 1
            if ready:
                self._vault.store(*ready)
            return Fetched(count, size, found, error)

    def statement(self, call: StatementCall, name: str, app: str, answer: Answer) -> Fetched:
        """Fetch a statement."""
        (link,) = call.links(answer.opened, self._settings)
        with self._vault.receive() as incoming:
            sink = _Beginning(incoming)
            try:
                self._downloads.fetch(Link(link.url, link.headers, name), sink)
            except IdvError as error:
                return Fetched(error=error)
            if call.header.encode() not in sink.begin.partition(b"\n")[0]:
                return Fetched(error=DamagedFileError(f"{place(link.url)}: its first line is not that of a statement"))
            origin = Origin(self._vendor, None, app, call.call, name, place(link.url), datetime.now(UTC))
            self._vault.store((incoming, origin))
            return Fetched(1, incoming.size, 1)


class _Beginning:
    """A sink that remembers how the file begins."""

    def __init__(self, incoming: Incoming) -> None:
        self._incoming = incoming
        self.begin = b""

    def write(self, piece: bytes) -> None:
        if len(self.begin) < 512:
            self.begin += piece[:512]
        self._incoming.write(piece)

    @property
    def md5(self) -> str:
        return self._incoming.md5

    def restart(self) -> None:
        self.begin = b""
        self._incoming.restart()


def _received(stack: ExitStack, vault: Vault, content: bytes) -> Incoming:
    incoming = stack.enter_context(vault.receive())
    incoming.write(content)
    return incoming


def _answer_name(call: str) -> str:
    return f"{call}.answer.json"


def _file_name(file: Attachment) -> str:
    return f"{file.name}.{file.media_type.rpartition('/')[2]}"


def _names(links: Sequence[PulledLink], op_id: str) -> list[str]:
    """What the files are called: as in their links, which stay the same when they are asked for again."""
    names: list[str] = []
    for number, link in enumerate(links):
        name = unquote(urlsplit(link.url).path).replace("\\", "/").rstrip("/").rpartition("/")[2]
        name = name if name not in ("", ".", "..") else f"{op_id}-file-{number + 1}"
        names.append(name if name not in names else f"{number + 1}-{name}")
    return names
