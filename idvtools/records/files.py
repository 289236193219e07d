"""Which files a workspace holds, and their bytes."""

from __future__ import annotations

import gzip
import hashlib
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from idvtools.errors import RecordsError

CHUNK_BYTES = 64 << 20
#: File name endings that each folder may hold.
ENDINGS: dict[str, tuple[str, ...]] = {
    "requests": (".jsonl", ".jsonl.gz", ".csv", ".csv.gz", ".parquet"),
    "callbacks": (".jsonl", ".jsonl.gz"),
    "polls": (".jsonl", ".jsonl.gz"),
    "statements": (".csv", ".csv.gz"),
}


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of the workspace: `name` is its path below the workspace, with forward slashes."""

    file_id: int
    name: str
    path: Path
    kind: str

    @property
    def gzipped(self) -> bool:
        """Whether the file is compressed."""
        return self.name.lower().endswith(".gz")

    @property
    def form(self) -> str:
        """``jsonl``, ``csv`` or ``parquet``."""
        return self.name.lower().removesuffix(".gz").rpartition(".")[2]


def discover(root: Path) -> tuple[list[SourceFile], list[str]]:
    """The input files of a workspace, ordered by name, and the names of files that are passed over.

    Hidden files are not mentioned; everything else in an input folder is read or named.
    """
    found: list[tuple[str, Path, str]] = []
    passed_over: list[str] = []
    for kind, endings in ENDINGS.items():
        folder = root / kind
        if not folder.is_dir():
            continue
        for path in _entries(folder, root):
            name = _shown(path.relative_to(root).as_posix())
            if any(part.startswith((".", "~$")) for part in path.relative_to(folder).parts):
                continue
            if path.is_dir():
                passed_over.append(f"{name}/ (a link to a folder: put the folder itself here)")
            elif path.exists() and not path.is_file():
                passed_over.append(f"{name} (not a plain file)")  # reading a pipe would never end
            elif name.lower().endswith(endings):
                found.append((name, path, kind))
            else:
                passed_over.append(name)
    return [SourceFile(i, name, path, kind) for i, (name, path, kind) in enumerate(sorted(found))], passed_over


def _entries(folder: Path, root: Path) -> list[Path]:
    """Everything below a folder but the folders themselves; links to folders are not followed."""

    def unreadable(error: OSError) -> None:
        name = _shown(os.path.relpath(error.filename or folder, root))
        raise RecordsError(f"cannot be read: {error.strerror}", file=name) from None

    return sorted(
        Path(base, name)
        for base, folders, files in os.walk(folder, onerror=unreadable)
        for name in (*files, *(f for f in folders if os.path.islink(os.path.join(base, f))))
    )


def _shown(name: str) -> str:
    """A file's name as text: one in another encoding than the system's (from a zip, often GBK) is decoded."""
    raw = os.fsencode(name)
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("utf-8", "backslashreplace")


def sha256_of(path: Path) -> str:
    """SHA-256 of a file as it lies on disk."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_all(source: SourceFile) -> bytes:
    """The whole (decompressed) file.

    Raises
    ------
    RecordsError
        The file cannot be read, or is a gz that is cut off or damaged.
    """
    return b"".join(read_chunks(source))


def read_chunks(source: SourceFile, size: int = CHUNK_BYTES) -> Iterator[bytes]:
    """The (decompressed) file in pieces of at most `size` bytes."""
    try:
        if source.gzipped and source.path.stat().st_size == 0:
            raise EOFError  # an empty file is no gz, though the gzip module takes it for one
        with gzip.open(source.path) if source.gzipped else source.path.open("rb") as stream:
            while piece := stream.read(size):
                yield piece
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise RecordsError(
            "the gz file is cut off or damaged; fetch it again, or unpack what is left of it by hand",
            file=source.name,
        ) from None
    except OSError as error:
        raise RecordsError(f"cannot be read: {error.strerror}", file=source.name) from None
