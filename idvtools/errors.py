"""Every error that idvtools raises on purpose, as one tree.

::

    IdvError
    ├── InputError              what the user gave cannot be used (exit status 2)
    │   ├── SettingsError       idvtools.toml or a key it names
    │   ├── WorkspaceError      a folder or file that should be there is not
    │   ├── RecordsError        a request log, callback log or statement cannot be trusted
    │   ├── NoDataError         nothing at all is known about the period
    │   ├── OutputError         the place for the results cannot be used
    │   ├── VaultError          the evidence vault is damaged, or cannot be read
    │   ├── EvidenceError       a file of evidence cannot be read, or not within the limits
    │   │   └── PasswordError       it is locked, and none of the passwords opens it
    │   └── SpendingRefusedError    a call that costs money was not allowed in so many words
    ├── CryptoError             a key, a cipher text or a signature is not what it should be
    │   ├── KeyFormatError      the key itself cannot be read
    │   │   └── CertificateExpiredError   the certificate is not valid (any more)
    │   └── DecryptionError     the text does not decrypt under this key
    ├── VendorError             the vendor answered with an error, or not at all (exit status 3)
    │   ├── SignatureRefusedError       our signature or key is not accepted; check the keys
    │   ├── CredentialsExpiredError     a key, token or ticket was replaced; refresh it and try once more
    │   ├── TemporaryError              network, overload, time-out; try again soon
    │   ├── NotReadyError               there is nothing yet; ask again later
    │   ├── DataSourceUnavailableError  the source behind the vendor is down; try again later
    │   ├── RequestRefusedError         our input, path or permission; mend it
    │   ├── OperationFailedError        the operation failed for good
    │   ├── MalformedAnswerError        the answer is not what the vendor's document says
    │   ├── LinkRefusedError            the answer points to a place that nothing is fetched from
    │   ├── LinkExpiredError            the link of a file is not valid any more; ask for a new one
    │   └── DamagedFileError            what came is not the file that was announced
    └── ConservationError       rows or money got lost inside idvtools: a bug, never the user's fault

An error carries *where* (file, row, vendor) and *what to do*. It never carries an id number, a
name, a key or a token in clear: messages are built from positions and column names, not from values.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self


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


class VaultError(InputError):
    """The evidence vault is damaged, or cannot be read."""


class SpendingRefusedError(InputError):
    """A call that the vendor charges for was about to be made without the caller's explicit word."""


class EvidenceError(InputError):
    """A file of evidence cannot be read, or not within the limits."""


class PasswordError(EvidenceError):
    """A file is locked, and none of the passwords opens it."""


class CryptoError(IdvError):
    """A key, a cipher text or a signature is not what it should be."""


class KeyFormatError(CryptoError):
    """The key cannot be read; the message says what was expected."""


class DecryptionError(CryptoError):
    """The text does not decrypt under this key."""


class CertificateExpiredError(KeyFormatError):
    """The certificate is not valid at the time in question; the message has its period."""


#: Whether a call that failed may be sent again: never, once after its key, token or ticket was refreshed,
#: soon (seconds), or later (minutes to hours).
Retry = Literal["never", "once_refreshed", "soon", "later"]


class VendorError(IdvError):
    """The vendor answered with an error. `retry` says whether to send the call again, `code` what it answered."""

    retry: Retry = "never"
    code: str | None = None

    @classmethod
    def answered(cls, message: str, *, vendor: str, code: str | None = None) -> Self:
        """The error for a code that a vendor gave; `message` is the code table's, not free text of the answer.

        Examples
        --------
        >>> error = TemporaryError.answered("network", vendor="dec", code="-48007")
        >>> str(error), error.code, error.retry
        ('dec: network', '-48007', 'soon')
        """
        error = cls(message, vendor=vendor)
        error.code = code
        return error

    def __reduce__(self) -> Any:
        return (*super().__reduce__(), {"code": self.code})


class SignatureRefusedError(VendorError):
    """The vendor does not accept our signature or our key. Sending it again changes nothing: check the keys."""


class CredentialsExpiredError(VendorError):
    """A key, token or ticket was replaced or is too old: refresh it and send the call once more."""

    retry = "once_refreshed"


class TemporaryError(VendorError):
    """Network, overload or time-out: send the call again soon, but not before `after_s` seconds."""

    retry = "soon"
    after_s: float = 0.0

    @classmethod
    def pausing(cls, message: str, retry_after: str | None) -> Self:
        """The error for an answer with the header ``Retry-After``; only one in seconds is understood.

        Examples
        --------
        >>> TemporaryError.pausing("busy", "7").after_s, TemporaryError.pausing("busy", None).after_s
        (7.0, 0.0)
        """
        error = cls(message)
        if retry_after and retry_after.isascii() and retry_after.isdecimal() and len(retry_after) < 7:
            error.after_s = float(retry_after)
        return error


class NotReadyError(VendorError):
    """What was asked for is not there yet: ask again later."""

    retry = "later"


class DataSourceUnavailableError(VendorError):
    """The source behind the vendor is down: try again later."""

    retry = "later"


class RequestRefusedError(VendorError):
    """The vendor refuses the call for what is in it: input, site, path or permission."""


class OperationFailedError(VendorError):
    """The operation failed for good."""


class MalformedAnswerError(VendorError):
    """The answer is not what the vendor's document says."""


class LinkRefusedError(VendorError):
    """A link leads to a host, an address or a scheme that nothing is fetched from."""


class LinkExpiredError(VendorError):
    """The store refuses a presigned link (403): ask for a new one, once."""

    retry = "once_refreshed"


class DamagedFileError(VendorError):
    """Too long, another digest than announced, a page of HTML: not the file that was asked for."""


class ConservationError(IdvError):
    """A conservation law does not hold: a bug in idvtools, please report it."""
