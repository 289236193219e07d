"""Secrets by reference: read once, shown never.

A settings file names a file or an environment variable; the content lives in an object that gives it
away only to an explicit `reveal()`, so that a repr, a log line or a notebook can't.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

from idvtools.errors import SettingsError

_LARGEST = 1 << 20  # a key is a few kB; more is the wrong file
_SHORTEST_PSEUDONYM_KEY = 16
_REFERENCE = '{file = "keys/…"} or {env = "…"}'
# What is longer than a name of a variable, or has the form of a key, is not echoed: it may be the secret itself.
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,59}", re.A)
_KEY_ITSELF = re.compile(
    r"-----|\n|^(?:[A-Za-z0-9+/]{22}==|[A-Za-z0-9+/]{43}=|[A-Za-z0-9+=]{32,}|[A-Za-z0-9+/=]{64,})$"
)
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK}


class UnusableError(Exception):
    """Why a secret cannot be used: its place, never its content. Does not leave this package."""


class Secret:
    """Content of a key file or variable, revealed on request only.

    Two secrets are equal only if they are the same object, and a secret refuses to be pickled.

    Parameters
    ----------
    source : str
        Where it came from, for people: ``file=keys/x.b64`` or ``env=NAME``.
    content : bytes
        The secret itself.

    Examples
    --------
    >>> key = Secret("env=DEC_APP_KEY", b"k" * 64)
    >>> key, f"{key}", len(key.reveal())
    (Secret(env=DEC_APP_KEY), 'Secret(env=DEC_APP_KEY)', 64)
    """

    __slots__ = ("_content", "source")

    source: str
    _content: bytes

    def __init__(self, source: str, content: bytes) -> None:
        object.__setattr__(self, "source", source)
        object.__setattr__(self, "_content", content)

    def reveal(self) -> bytes:
        """The content in clear. Hand it to a cipher; don't print, log or store it."""
        return self._content

    def __repr__(self) -> str:
        return f"Secret({self.source})"

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a Secret is frozen")

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled: reveal() it where it is used")


@dataclass(frozen=True, slots=True)
class Sources:
    """Where references are looked up: the workspace's folder and an environment."""

    folder: Path
    environ: Mapping[str, str]

    def read(self, reference: object) -> Secret:
        """Resolve one ``{file = …}`` or ``{env = …}``.

        Raises
        ------
        UnusableError
            The reference is none, or nothing usable is there.
        """
        kind, name = parse_reference(reference)
        return self.read_file(name) if kind == "file" else self.read_env(name)

    def read_file(self, name: str) -> Secret:
        """Content of a key file; `name` as in the settings (relative to the folder, or absolute)."""
        return Secret(f"file={name}", _read(self.folder / name, name))

    def read_env(self, name: str) -> Secret:
        """Content of an environment variable."""
        value = self.environ.get(name)
        if value is None:
            raise UnusableError(f"the environment variable {name} is not set")
        content = value.strip().encode("utf-8", "surrogateescape")
        if not content:
            raise UnusableError(f"the environment variable {name} is empty")
        return Secret(f"env={name}", content)


class PseudonymKey:
    """The workspace's pseudonym key: a secret that is made on first use where its file is missing.

    Reading the settings makes nothing, so that a run that ends in a problem has written nothing.
    """

    __slots__ = ("_found", "_path", "source")

    def __init__(self, reference: object, sources: Sources) -> None:
        kind, name = parse_reference(reference)
        self.source = f"{kind}={name}"
        self._path = sources.folder / name if kind == "file" else None
        self._found: Secret | None = None
        try:
            self._found = _long_enough(sources.read(reference))
        except UnusableError as problem:
            if self._path is None or not isinstance(problem.__cause__, FileNotFoundError):
                raise

    @property
    def missing(self) -> str | None:
        """Name of the key's file where there is none (any more), so that `reveal` would make one."""
        if self._found is not None or self._path is None or self._path.exists():
            return None
        return self.source.partition("=")[2]

    def reveal(self) -> bytes:
        """The key in clear; makes the file (32 random bytes as hex text, mode 0600) if there is none.

        Raises
        ------
        SettingsError
            The file cannot be made or read.
        """
        if self._found is not None or self._path is None:
            assert self._found is not None
            return self._found.reveal()
        name = self.source.partition("=")[2]
        try:
            if not self._path.exists():
                _create(self._path)
            return _long_enough(Secret(self.source, _read(self._path, name))).reveal()
        except OSError as error:
            why = f"{name} cannot be made ({_reason(error)}); make the file yourself, or name another place"
        except UnusableError as problem:
            why = str(problem)
        raise SettingsError(f"workspace.pseudonym_key: {why}", file="idvtools.toml")

    def __repr__(self) -> str:
        return f"PseudonymKey({self.source})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a PseudonymKey is not pickled: reveal() it where it is used")


def parse_reference(reference: object) -> tuple[str, str]:
    """Kind (``file`` or ``env``) and name of a reference; a secret in its place is not echoed.

    Examples
    --------
    >>> parse_reference({"file": "keys/a.pem"})
    ('file', 'keys/a.pem')
    """
    if not isinstance(reference, Mapping):
        raise UnusableError(f"secrets only by reference: write {_REFERENCE}, never the secret itself")
    known: dict[str, Any] = {str(k): v for k, v in reference.items()}
    for key in known:
        if key not in ("file", "env"):
            near = get_close_matches(key.lower(), ("file", "env"), 1)
            hint = f"did you mean {near[0]}?" if near else f"write {_REFERENCE}"
            raise UnusableError(f"unknown key {key[:20]} in a reference to a secret: {hint}")
    if len(known) != 1:
        raise UnusableError(f"a reference to a secret has exactly one key: write {_REFERENCE}")
    [(kind, name)] = known.items()
    if not isinstance(name, str) or not name.strip():
        what = "path of a file" if kind == "file" else "name of an environment variable"
        raise UnusableError(f"{kind} must be the {what}, as text in quotes")
    if kind == "env" and not _VARIABLE.fullmatch(name):
        raise UnusableError("env must be the name of an environment variable (letters, digits and _), not its value")
    if kind == "file" and (_KEY_ITSELF.search(name) or "\0" in name):
        raise UnusableError("file must be the path of a key file; this looks like the key itself")
    return kind, name


def _read(path: Path, name: str) -> bytes:
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            raise UnusableError(f"{name} is a folder, a key file belongs here")
        if not stat.S_ISREG(found.st_mode):
            raise UnusableError(f"{name} is not a plain file")  # a pipe would block, a device never end
        if found.st_size > _LARGEST:
            raise UnusableError(f"{name} has {found.st_size} bytes, too many for a key: is it the right file?")
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise UnusableError(f"there is no file {name}") from error
    except (OSError, ValueError) as error:
        raise UnusableError(f"{name} cannot be read ({_reason(error)})") from error
    content = _strip(content)
    if not content:
        raise UnusableError(f"{name} is empty")
    return content


def _strip(content: bytes) -> bytes:
    """Without white space and byte order mark around it, if it is text: a DER key may well end in a 0x0A."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content
    return text.strip().encode("utf-8")


def _long_enough(secret: Secret) -> Secret:
    if len(secret.reveal().decode("utf-8", "replace")) < _SHORTEST_PSEUDONYM_KEY:
        name = secret.source.partition("=")[2]
        raise UnusableError(
            f"the pseudonym key in {name} is too short: {_SHORTEST_PSEUDONYM_KEY} characters at least, or others "
            "can guess id numbers from pseudonyms"
        )
    return secret


def _create(path: Path) -> None:
    """Write a fresh key, whole or not at all, and never over a key that another process made meanwhile."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = secrets.token_hex(32).encode("ascii") + b"\n"
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            pass
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            with contextlib.suppress(FileExistsError):  # a file system without hard links
                _create_exclusively(path, text)
    finally:
        os.unlink(temporary)


def _create_exclusively(path: Path, text: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(text)


def _reason(error: Exception) -> str:
    return (error.strerror or "unreadable").lower() if isinstance(error, OSError) else "unreadable"
