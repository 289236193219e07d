"""Every error that idvtools raises on purpose, as one tree.

::

    IdvError
    ├── InputError              what the user gave cannot be used (exit status 2)
    │   ├── SettingsError       idvtools.toml or a key it names
    │   ├── WorkspaceError      a folder or file that should be there is not
    │   ├── RecordsError        a request log, callback log or statement cannot be trusted
    │   ├── NoDataError         nothing at all is known about the period
    │   └── OutputError         the place for the results cannot be used
    ├── CryptoError             a key, a cipher text or a signature is not what it should be
    │   ├── KeyFormatError      the key itself cannot be read
    │   └── DecryptionError     the text does not decrypt under this key
    └── ConservationError       rows or money got lost inside idvtools: a bug, never the user's fault

An error carries *where* (file, row, vendor) and *what to do*. It never carries an id number, a
name, a key or a token in clear: messages are built from positions and column names, not from values.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and where.

    Parameters
    ----------
    message : str
        What is wrong and what to do about it. Never a clear id, name, key or token.
    file : str, optional
        The file, as the user knows it (relative to the workspace).
    row : int, optional
        Line number in that file, counted from 1.
    vendor : str, optional
        The vendor the problem belongs to.

    Examples
    --------
    >>> str(Problem("column charge_flag is missing", file="statements/a.csv", row=1))
    'statements/a.csv:1: column charge_flag is missing'
    """

    message: str
    file: str | None = None
    row: int | None = None
    vendor: str | None = None

    def __str__(self) -> str:
        place = self.file or ""
        if self.file and self.row is not None:
            place += f":{self.row}"
        parts = [place] if place else ([self.vendor] if self.vendor else [])
        return ": ".join([*parts, " ".join(self.message.split())])


class IdvError(Exception):
    """Root of the tree; its text is one line per problem."""

    def __init__(
        self,
        problems: str | Problem | Iterable[Problem],
        *,
        file: str | None = None,
        row: int | None = None,
        vendor: str | None = None,
    ) -> None:
        if isinstance(problems, str):
            problems = [Problem(problems, file=file, row=row, vendor=vendor)]
        elif isinstance(problems, Problem):
            problems = [problems]
        self.problems: Sequence[Problem] = tuple(problems)
        super().__init__("\n".join(str(p) for p in self.problems))

    def __reduce__(self) -> tuple[type[IdvError], tuple[tuple[Problem, ...]]]:
        return type(self), (tuple(self.problems),)


class InputError(IdvError):
    """What the user gave cannot be used."""


class SettingsError(InputError):
    """``idvtools.toml``, or a secret it refers to, is not usable."""


class WorkspaceError(InputError):
    """A folder or file that a workspace needs is missing or unreadable."""


class RecordsError(InputError):
    """A log or a statement as a whole cannot be trusted."""


class NoDataError(InputError):
    """Nothing is known about the period that was asked for."""


class OutputError(InputError):
    """The place for the results cannot be used."""


class CryptoError(IdvError):
    """A key, a cipher text or a signature is not what it should be."""


class KeyFormatError(CryptoError):
    """The key cannot be read; the message says what was expected."""


class DecryptionError(CryptoError):
    """The text does not decrypt under this key."""


class ConservationError(IdvError):
    """A conservation law does not hold: a bug in idvtools, please report it."""
