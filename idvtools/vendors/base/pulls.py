"""What can be pulled from a vendor: statements by day, states and files of operations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from idvtools.vendors.base.calls import Unpacked


@dataclass(frozen=True, slots=True)
class PulledLink:
    """A link that an answer holds: the headers that its store needs go with it."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class OpState:
    """What is known of an operation when its files are to be pulled.

    Parameters
    ----------
    status, json_result : str or None
        As the vendor numbers them.
    success : bool
        Whether its status is a success for good.
    authorized : bool
        Whether the user agreed that files are given to us.
    partial : bool
        Whether some of its files are there, and others may follow.
    """

    status: str | None = None
    json_result: str | None = None
    success: bool = False
    authorized: bool = False
    partial: bool = False


@dataclass(frozen=True)
class FileCall:
    """A call that leads to files of an operation.

    Parameters
    ----------
    call : str
        Its name.
    arguments : callable
        The call's arguments from the operation's id; raises InputError where it is no such id.
    wanted : callable
        Whether there are such files, or will be, in this state.
    links : callable or None
        ``links(opened, settings)``: where the files are; None: they are the attachments of the answer.
    keep_answer : bool
        Whether the answer itself, as it was received, is evidence too. It is stored last: where it is, all files are.
    """

    call: str
    arguments: Callable[[str], Mapping[str, object]]
    wanted: Callable[[OpState], bool]
    links: Callable[[Unpacked, Any], list[PulledLink]] | None = None
    keep_answer: bool = True

    @property
    def answer_name(self) -> str:
        """The name under which the answer is stored."""
        return f"{self.call}.answer.json"


@dataclass(frozen=True)
class StatementCall:
    """The call for a statement of one app and day.

    Parameters
    ----------
    call : str
        Its name.
    arguments : callable
        The call's arguments from the day.
    links : callable
        ``links(opened, settings)``: where the file is.
    file_name : callable
        ``file_name(app, day)``, as the vendor names its files.
    ready : timedelta
        How long after the end of the day (in the vendor's zone) it can be had.
    columns : frozenset of str
        Columns that its first line names, if it is one.
    """

    call: str
    arguments: Callable[[date], Mapping[str, object]]
    links: Callable[[Unpacked, Any], list[PulledLink]]
    file_name: Callable[[str, date], str]
    ready: timedelta
    columns: frozenset[str]


@dataclass(frozen=True)
class Pulls:
    """What can be pulled from a vendor, and how long.

    Parameters
    ----------
    files : tuple of FileCall
        Calls for the files of an operation.
    status : str or None
        The call that asks how an operation stands; it takes ``op_id``.
    state : callable or None
        ``state(opened)``: status and json_result in its answer, and whether the user authorised.
    statement : StatementCall or None
        The vendor's daily statement.
    partial : frozenset of str
        States in which some files can be had already.
    keep_days : int or None
        How long after an operation the vendor gives its files; None: nobody says.
    poll_for : timedelta
        How long after its beginning an operation may still change, so that it is asked about again.
    about : callable
        The operation that an answer says it is about; None: it does not say.
    parent : callable
        The operation whose files hold those of this one.
    passwords : callable
        The passwords of its files that an answer of one of `files` holds.
    """

    files: tuple[FileCall, ...]
    status: str | None = None
    state: Callable[[Unpacked], tuple[str | None, str | None, bool]] | None = None
    statement: StatementCall | None = None
    partial: frozenset[str] = frozenset()
    keep_days: int | None = None
    poll_for: timedelta = timedelta(minutes=20)
    about: Callable[[Unpacked], str | None] = lambda _: None
    parent: Callable[[str], str] = str
    passwords: Callable[[Unpacked], list[str]] = lambda _: []

    @property
    def calls(self) -> frozenset[str]:
        """Every call that is made to pull."""
        statement = self.statement.call if self.statement else None
        return frozenset(c for c in (*(f.call for f in self.files), self.status, statement) if c)
