"""The bytes of a file, unpacked, in pieces: bounded memory, hashed on the way, as much as there is of a damaged one."""

from __future__ import annotations

import codecs
import hashlib
import io
import os
import re
import zlib
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import IO, TypeVar

import pyarrow as pa

from idvtools.errors import RecordsError

T = TypeVar("T")
_BLOCK = 1 << 20
_STEP = 1 << 16  # pyarrow gives nothing of a read that comes upon damage
_GZ, _ZST = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_CONTROL = re.compile(rb"[\x00-\x08]")
_DAMAGED = "the {} file is cut off or damaged; fetch it again, or unpack what is left of it by hand"


class Stream:
    """A file that is read once, from beginning to end.

    Parameters
    ----------
    path : Path
        The file. It is read up to the size that it has when reading begins, so one that grows meanwhile is seen as it
        was then.
    name : str
        What errors call it.

    Attributes
    ----------
    sha256 : str
        Of what was read, as it lies on the disk; complete when the pieces are.
    encoding : str or None
        ``utf-16`` where the file says so itself; the pieces are UTF-8 then.
    grew : bool
        Whether there was more when reading ended.
    read : int
        Bytes of the disk that were read so far.
    positions : deque of int
        For each piece that was given out, the bytes read up to its end; who takes a piece takes its position, too.
    """

    encoding: str | None

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name, self.encoding, self.grew = path, name, None, False
        self.read = 0
        self.positions: deque[int] = deque()
        self._hash = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """SHA-256 of what was read."""
        return self._hash.hexdigest()

    def pieces(self, size: int) -> Iterator[bytes]:
        """The content in pieces of about `size` bytes.

        Raises
        ------
        RecordsError
            The file cannot be read, or is packed and damaged: after all pieces in front of the damage.
        """
        problem: RecordsError | None = None
        buffer = io.BytesIO()
        unpacked = self._as_utf8(self._unpacked())
        while True:
            try:
                block = next(unpacked, b"")
            except RecordsError as error:
                block, problem = b"", error
            buffer.write(block)
            if buffer.tell() >= size or not block:
                if piece := buffer.getvalue():
                    self.positions.append(self.read)
                    yield piece
                buffer = io.BytesIO()
            if not block:
                break
        if problem:
            raise problem

    def _blocks(self, stream: IO[bytes]) -> Iterator[bytes]:
        """What lies on the disk, up to the size at the beginning."""
        left = os.fstat(stream.fileno()).st_size
        while left and (block := stream.read(min(_BLOCK, left))):
            left -= len(block)
            self._hash.update(block)
            self.read += len(block)
            yield block
        self.grew = bool(stream.read(1))

    def _unpacked(self) -> Iterator[bytes]:
        try:
            with self.path.open("rb") as stream:
                blocks = self._blocks(stream)
                first = next(blocks, b"")
                name = self.name.lower()
                if first[:2] == _GZ:
                    yield from self._gz(first, blocks)
                elif first[:4] == _ZST:
                    yield from self._zst(first, blocks)
                elif name.endswith((".gz", ".zst")) and not _is_text(first):
                    raise RecordsError(_DAMAGED.format(name.rpartition(".")[2]), file=self.name)
                elif first:
                    yield first
                    yield from blocks
        except OSError as error:
            raise RecordsError(f"cannot be read: {error.strerror}", file=self.name) from None

    def _gz(self, block: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
        """All members of a gz; zero bytes may follow the last one, as tape and disk blocks leave them."""
        member = zlib.decompressobj(31)
        while True:
            try:
                out = member.decompress(block, _BLOCK)
            except zlib.error:
                break
            if out:
                yield out
            if member.eof:
                block = member.unused_data.lstrip(b"\0") or next(blocks, b"").lstrip(b"\0")
                member = zlib.decompressobj(31)
                if not block:
                    return
            elif not (block := member.unconsumed_tail) and not (block := next(blocks, b"")) and not out:
                break  # while something came out, more may be inside
        for _ in blocks:
            pass  # the hash is of the whole file
        raise RecordsError(_DAMAGED.format("gz"), file=self.name)

    def _zst(self, first: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
        raw, given = _Joined(first, blocks), 0
        try:
            with pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), "zstd") as stream:
                while piece := stream.read(_STEP):
                    given += len(piece)
                    yield piece
        except OSError:
            for _ in blocks:
                pass
        else:
            return
        if rest := self._zst_rest(given):
            yield rest
        raise RecordsError(_DAMAGED.format("zst"), file=self.name)

    def _zst_rest(self, given: int) -> bytes:
        """What lies between the last whole step and the damage, of a damaged file only: the file is read once more."""
        rest = io.BytesIO()
        with suppress(OSError), pa.CompressedInputStream(pa.OSFile(str(self.path)), "zstd") as stream:
            while given:
                given -= len(stream.read(min(given, _STEP)))
            while byte := stream.read(1):
                rest.write(byte)
        return rest.getvalue()

    def _as_utf8(self, content: Iterator[bytes]) -> Iterator[bytes]:
        first = next(content, b"")
        name = _UTF16.get(first[:2])
        head = first[: 1 << 12]
        # A broken line may begin so, too; a log in UTF-16 is ASCII for the most part, so every other byte is zero.
        if name is None or 4 * head.count(0) < len(head):
            yield first.removeprefix(codecs.BOM_UTF8)
            yield from content
            return
        self.encoding = "utf-16"
        decode = codecs.getincrementaldecoder(name)("strict").decode
        block, readable = first[2:], True
        while readable:
            last = not block
            try:
                text = decode(block, last).encode("utf-8")
            except UnicodeError:
                readable = False  # raised out here: the codec's error holds the text
            else:
                if last:
                    return
                yield text
                block = next(content, b"")
        for _ in content:
            pass
        raise RecordsError("the file begins as UTF-16 text, and is none further on", file=self.name)


def _is_text(block: bytes) -> bool:
    """Whether this is plain text: a browser may have unpacked what is called a gz."""
    if b"\n" not in block or _CONTROL.search(block):
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(block)
    except UnicodeDecodeError:
        return False
    return True


class _Joined(io.RawIOBase):
    """Blocks as a file, for pyarrow."""

    def __init__(self, first: bytes, blocks: Iterator[bytes]) -> None:
        self._left, self._blocks = first, blocks

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if not self._left:
            self._left = next(self._blocks, b"")
        piece, self._left = self._left[:size], self._left[size:]
        return piece


def ahead(items: Iterator[T]) -> Iterator[T]:
    """The same items, each made by another thread while the one before is used."""
    nothing = object()
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, items, nothing)
        while (item := coming.result()) is not nothing:
            coming = pool.submit(next, items, nothing)
            yield item  # type: ignore[misc]


def sha256_of(path: Path) -> str:
    """SHA-256 of a file as it lies on disk."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


__all__ = ["Stream", "ahead", "sha256_of"]
