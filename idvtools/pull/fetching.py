"""From the answer of a call to files in the vault."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from idvtools.errors import DamagedFileError, IdvError, MalformedAnswerError, OutputError
from idvtools.pull.caller import Answer
from idvtools.pull.downloads import Downloader, Link, place
from idvtools.vault import Incoming, Origin, Vault
from idvtools.vendors.base import Attachment, FileCall, PulledLink, StatementCall

#: Files of one operation: more are no operation's.
_MOST_FILES = 1000
#: Files that are open, and stored, at a time.
_AT_A_TIME = 16
_BEGIN = 4096


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
            return self._vault.has((self._vendor, op_id, files.call, files.answer_name))
        return bool(self._vault.find(vendor=self._vendor, op_id=op_id, call=files.call))

    def held(self, call: str, name: str) -> bool:
        """Whether a statement is in the vault."""
        return self._vault.has((self._vendor, None, call, name))

    def read(self, call: str, name: str) -> bytes:
        """A statement in the vault."""
        entries = [e for e in self._vault.find(vendor=self._vendor, call=call) if e.name == name]
        return self._vault.read(entries[-1].sha256)

    def fetch(
        self, files: FileCall, op_id: str, app_id: str | None, answer: Answer, *, partial: bool = False
    ) -> Fetched:
        """Fetch the files of an operation and store them; what came is stored where something failed, too.

        With `partial` more files may follow, so that the operation does not count as complete.
        """
        at = datetime.now(UTC)

        def origin(name: str, url: str | None = None) -> Origin:
            return Origin(self._vendor, op_id, app_id, files.call, name, url, at)

        # The answer comes last: where it is, everything that it names is. Another pull may have been quicker.
        last: list[tuple[bytes, Origin]] = []
        if files.keep_answer and not partial and not self.complete(files, op_id):
            last = [(answer.received, origin(files.answer_name))]
        if files.links is None:
            contents = [(a.reveal(), origin(_file_name(a))) for a in answer.opened.attachments]
            return replace(self._keep(contents + last), files=len(contents), found=len(contents) + len(last))
        links = files.links(answer.opened, self._settings)
        if len(links) > _MOST_FILES:
            raise MalformedAnswerError.answered(f"the answer names {len(links)} files", vendor=self._vendor)
        return replace(self._follow(links, origin, last), found=len(links)) if links else Fetched()

    def _follow(
        self, links: Sequence[PulledLink], origin: Callable[[str, str], Origin], last: Sequence[tuple[bytes, Origin]]
    ) -> Fetched:
        """Fetch links that the vault has no file of, and store them, some at a time; if all came, `last` as well."""
        wanted = self._wanted(list({link.url: link for link in links}.values()), origin)
        done = Fetched()
        for start in range(0, max(1, len(wanted)), _AT_A_TIME):
            is_end = start + _AT_A_TIME >= len(wanted)
            done = self._fetch_some(wanted[start : start + _AT_A_TIME], done, last if is_end else ())
            if isinstance(done.error, OutputError):
                break
        return done

    def _wanted(
        self, links: Sequence[PulledLink], origin: Callable[[str, str], Origin]
    ) -> list[tuple[PulledLink, Origin]]:
        """The links that the vault has no file of, each with a name of its own.

        A presigned link is another one each time, but without its query it is the file's. Where one answer has several
        that differ in their query only, nobody knows which is which: all are fetched.
        """
        found = [(link, origin(_name(link.url), link.url)) for link in links]
        alike = Counter(of.url for _, of in found)
        there = self._vault.find(vendor=self._vendor, op_id=found[0][1].op_id, call=found[0][1].call)
        held, names = {e.url for e in there}, {e.name for e in there}
        wanted = []
        for number, (link, of) in enumerate(found, 1):
            if alike[of.url] > 1:
                wanted.append((link, origin(f"{number}-{of.name}", link.url)))
            elif of.url not in held:
                path = hashlib.sha256((of.url or "").encode()).hexdigest()
                named = of if of.name not in names else origin(f"{path[:8]}-{of.name}", link.url)
                names.add(named.name)
                wanted.append((link, named))
        return wanted

    def _fetch_some(
        self, wanted: Sequence[tuple[PulledLink, Origin]], done: Fetched, last: Sequence[tuple[bytes, Origin]]
    ) -> Fetched:
        with ExitStack() as stack:
            ready: list[tuple[Incoming, Origin]] = []
            error = done.error
            for link, of in wanted:
                incoming = stack.enter_context(self._vault.receive())
                try:
                    self._downloads.fetch(Link(link.url, link.headers, of.name), incoming)
                except OutputError as problem:
                    error = problem
                    break
                except IdvError as problem:
                    error = error or problem
                else:
                    ready.append((incoming, of))
            count, size = len(ready), sum(i.size for i, _ in ready)
            if error is None:
                ready += self._received(stack, last)
            if ready:
                self._vault.store(*ready)
            return Fetched(done.files + count, done.size + size, error=error)

    def _received(self, stack: ExitStack, contents: Sequence[tuple[bytes, Origin]]) -> list[tuple[Incoming, Origin]]:
        ready = []
        for content, of in contents:
            incoming = stack.enter_context(self._vault.receive())
            incoming.write(content)
            ready.append((incoming, of))
        return ready

    def _keep(self, contents: Sequence[tuple[bytes, Origin]]) -> Fetched:
        with ExitStack() as stack:
            ready = self._received(stack, contents)
            if ready:
                self._vault.store(*ready)
            return Fetched(len(ready), sum(i.size for i, _ in ready))

    def statement(self, call: StatementCall, name: str, app: str, answer: Answer) -> Fetched:
        """Fetch a statement."""
        (link,) = call.links(answer.opened, self._settings)
        with self._vault.receive() as incoming:
            sink = _Beginning(incoming)
            try:
                self._downloads.fetch(Link(link.url, link.headers, name), sink)
            except IdvError as error:
                return Fetched(error=error)
            if not call.columns <= _columns(sink.begin):
                return Fetched(error=DamagedFileError(f"{place(link.url)}: its first line is not that of a statement"))
            origin = Origin(self._vendor, None, app, call.call, name, link.url, datetime.now(UTC))
            self._vault.store((incoming, origin))
            return Fetched(1, incoming.size, 1)


class _Beginning:
    """A sink that remembers how the file begins."""

    def __init__(self, incoming: Incoming) -> None:
        self._incoming = incoming
        self.begin = b""

    def write(self, piece: bytes) -> None:
        if len(self.begin) < _BEGIN:
            self.begin += piece[:_BEGIN]
        self._incoming.write(piece)

    @property
    def md5(self) -> str:
        return self._incoming.md5

    def restart(self) -> None:
        self.begin = b""
        self._incoming.restart()


def _columns(begin: bytes) -> frozenset[str]:
    """The names in the first line of a CSV file."""
    line = begin.removeprefix(b"\xef\xbb\xbf").partition(b"\n")[0].decode("ascii", "replace")
    return frozenset(name.strip(" \t\r\"'") for name in re.split("[,;\t]", line))


def _file_name(file: Attachment) -> str:
    return f"{file.name}.{file.media_type.rpartition('/')[2]}"


def _name(url: str) -> str:
    """What a file is called: as in its link."""
    name = unquote(urlsplit(url).path).replace("\\", "/").rstrip("/").rpartition("/")[2]
    return name if name not in ("", ".", "..") else "file"
