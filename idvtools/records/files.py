"""Which files a workspace holds, and their bytes."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from idvtools.errors import RecordsError
from idvtools.records.streams import Stream

CHUNK_BYTES = 24 << 20
_PACKED = r"(\.gz|\.zst)?"
#: What the names of files in each folder look like. Logs of a back end have all kinds of names, rotated ones too.
NAMES: dict[str, re.Pattern[str]] = {
    folder: re.compile(form + "$", re.IGNORECASE)
    for folder, form in {
        "requests": rf"\.((jsonl|csv){_PACKED}|parquet)",
        "callbacks": rf"\.(jsonl|ndjson|json|log|txt|out|sql|csv|tsv)([._-][0-9][0-9T._-]*)?{_PACKED}",
        "polls": rf"\.jsonl{_PACKED}",
        "statements": rf"\.csv{_PACKED}",
    }.items()
}
FOLDERS = tuple(NAMES)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of the workspace: `name` is its path below the workspace, with forward slashes."""

    file_id: int
    name: str
    path: Path
    kind: str

    @property
    def form(self) -> str:
        """``jsonl``, ``csv``, ``parquet`` …: the name's ending, but for what a rotation or a packer put behind it."""
        name = self.name.lower().removesuffix(".gz").removesuffix(".zst")
        return re.sub(r"[._-][0-9][0-9t._-]*$", "", name).rpartition(".")[2] if "." in name else ""

    def stream(self) -> Stream:
        """The file, to be read once."""
        return Stream(self.path, self.name)


def discover(root: Path) -> tuple[list[SourceFile], list[str]]:
    """The input files of a workspace, ordered by name, and the names of files that are passed over.

    Hidden files are not mentioned; everything else in an input folder is read or named.
    """
    found: list[tuple[str, Path, str]] = []
    passed_over: list[str] = []
    for kind, form in NAMES.items():
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
            elif form.search(name):
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


def read_all(source: SourceFile) -> bytes:
    """The whole (unpacked) file.

    Raises
    ------
    RecordsError
        The file cannot be read, or is packed and cut off or damaged.
    """
    return b"".join(source.stream().pieces(CHUNK_BYTES))
