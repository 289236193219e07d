"""One kind of exchange with a vendor: how to build it, how to recognise it, how to open it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from idvtools.errors import InputError
from idvtools.vendors.base.books import CheckResult
from idvtools.vendors.base.codes import CodeTable, Outcome, code_text
from idvtools.vendors.base.fields import Attachment, Field
from idvtools.vendors.base.keys import Keys
from idvtools.vendors.base.messages import Exchange, Request, Stamp, dump_json, with_path

#: ``out``: we call the vendor. ``in``: the vendor calls us, or sends the user back to us.
Direction = Literal["out", "in"]
_ROOTS = ("params", "request", "answer", "data")
#: What every record has; the fields of a call are named otherwise.
HEAD = (
    "vendor", "call", "direction", "at", "op_id", "outcome", "code", "code_name_zh", "code_name_en", "check", "key_id",
    "attachments", "undeclared", "warnings",
)  # fmt: skip
NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A logged exchange, opened by its vendor's file: verified, decrypted, not masked yet.

    Parameters
    ----------
    trees : mapping
        ``params`` of the URL, ``request`` and ``answer`` as JSON objects, ``data``: what was encrypted or wrapped
        in them, opened.
    op_id : str or None
        The operation.
    code, table : str or None
        The code that decides, and the code table that it is of.
    outcome : str or None
        Only where it is not the code's own.
    check : str
        What the signature says: see `CheckResult`. Of our own calls: whether our signature holds.
    key_id : str or None
        Which key read the encrypted part.
    derived : mapping
        More fields that may be shown as they are (a name of a status, advice).
    attachments, warnings : tuple
        Files taken out; what the reader should know, in plain words without values.
    trusted : bool
        False where the answer itself is not what was asked for (a file with another digest).
    closed : bool
        Whether a part of the answer is encrypted with a key that we do not have.
    """

    trees: Mapping[str, Any] = field(repr=False)
    op_id: str | None = None
    code: str | None = None
    table: str | None = None
    outcome: Outcome | None = None
    check: CheckResult = "unchecked"
    key_id: str | None = None
    derived: Mapping[str, object] = field(default_factory=dict)
    attachments: tuple[Attachment, ...] = ()
    warnings: tuple[str, ...] = ()
    trusted: bool = True
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """What a request is built from: the caller's arguments in the vendor's shape, and what `renew` fetched."""

    body: dict[str, Any] = field(repr=False)
    params: Mapping[str, Any] = field(repr=False)
    app: str | None = None
    session: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Call:
    """One kind of exchange with a vendor.

    Parameters
    ----------
    name, title_zh, title_en
        Name in code; names for people.
    claims : callable
        Whether a logged exchange is one of this kind. Two claims on one exchange are an error.
    unpack : callable
        Opens a logged exchange; with no keys, as far as that goes.
    fields : tuple of Field
        What stands where, in request, answer and opened data.
    prepare : callable or None
        Builds and signs the request; None for what the vendor sends to us.
    direction : str
        Who calls whom.
    costs_money : bool
        Whether each call is charged; such a call is refused unless the caller says that it may be.
    inputs : tuple of Field or None
        What the caller gives, below ``request`` and ``params``; None: every field that stands there.
    needs_session : bool
        Whether it needs what the vendor's `renew` fetches.
    repeatable : bool
        Whether it only asks, or does nothing more when it comes twice: it may be sent again where nobody knows what
        became of it.
    again : tuple of str
        Codes of which the vendor's document says that nothing was done and the call may be sent again.
    renews : callable or None
        Whether a call with these arguments takes the ground from under everybody's session; `Caller` refuses it.
    """

    name: str
    title_zh: str
    title_en: str
    claims: Callable[[Exchange], bool]
    unpack: Callable[[Exchange, Keys | None], Unpacked]
    fields: tuple[Field, ...] = ()
    prepare: Callable[[Draft, Keys, Stamp], Request] | None = None
    direction: Direction = "out"
    costs_money: bool = False
    inputs: tuple[Field, ...] | None = None
    needs_session: bool = False
    repeatable: bool = False
    again: tuple[str, ...] = ()
    renews: Callable[[Mapping[str, Any]], bool] | None = None

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise ValueError(f"{self.name}: a call's name is lower case")
        for fields in (self.fields, self.inputs or ()):
            names = [f.name for f in fields]
            if fields is self.fields and (taken := set(names) & set(HEAD)):
                raise ValueError(f"{self.name}: {', '.join(sorted(taken))} is what every record has; name it otherwise")
            if len(names) != len(set(names)):
                raise ValueError(f"{self.name}: a field stands twice")
        for f in (*self.fields, *(self.inputs or ())):
            if f.path.partition(".")[0] not in _ROOTS:
                raise ValueError(f"{self.name}.{f.name}: a path begins with {', '.join(_ROOTS)}")
        if self.repeatable and self.costs_money:
            raise ValueError(f"{self.name}: what costs money is not sent twice")
        if self.prepare is not None and self.direction == "in":
            raise ValueError(f"{self.name}: we prepare what goes out, and only that")

    def arguments(self, given: Mapping[str, Any], vendor: str) -> dict[str, Any]:
        """What the caller names, in the vendor's own shape: a tree for the body and one for the URL.

        Raises
        ------
        InputError
            Every argument that is unknown, missing, too long or of a wrong kind. Values are not shown.
        """
        inputs = self.fields if self.inputs is None else self.inputs
        known = {f.name: f for f in inputs if f.path.startswith(("request.", "params."))}
        problems = [f"{n}: there is no such argument; there are {', '.join(known)}" for n in given if n not in known]
        problems += [f"{f.name}: is missing" for f in known.values() if f.required and given.get(f.name) in (None, "")]
        tree: dict[str, Any] = {}
        for name, f in known.items():
            value = given.get(name)
            if value is None:
                continue
            if why := _refused(f, value):
                problems.append(f"{name}: {why}")
            with_path(tree, f.path, value)
        if problems:
            raise InputError(f"{vendor}.{self.name}: " + "; ".join(problems))
        return tree


def _refused(f: Field, value: object) -> str | None:
    """Why a value cannot be sent in a field, without the value."""
    why = None
    if f.kind == "buffer":
        why = None if isinstance(value, bytes) else "give bytes"
    elif f.kind == "files":
        why = None if _are_files(value) else "give a list of pairs, the name and the bytes of each file"
    elif isinstance(value, bytes | float) or (_must_be_text(f) and not isinstance(value, str)):
        why = f"give text, not {type(value).__name__}"
    elif f.most is not None and len(str(value).encode("utf-8", "surrogatepass")) > f.most:
        why = f"longer than {f.most} bytes"
    elif f.form is not None and not re.fullmatch(f.form, code_text(value) or "", re.ASCII):
        why = f"is not what the vendor takes here ({f.form})"
    elif not _sendable(value):
        why = "is not what JSON can hold (text, whole numbers, lists, objects)"
    return why


def _are_files(value: object) -> bool:
    return isinstance(value, list | tuple) and all(
        isinstance(v, tuple) and len(v) == 2 and isinstance(v[0], str) and isinstance(v[1], bytes) for v in value
    )


def _must_be_text(f: Field) -> bool:
    """An id that has been a number is damaged; what is encrypted must not slip through in clear."""
    return f.cipher or f.kind in ("id", "name", "phone", "url")


def _sendable(value: object) -> bool:
    try:
        dump_json(value).encode("utf-8")
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def outcome_of(opened: Unpacked, tables: Mapping[str, CodeTable]) -> Outcome:
    """The canonical outcome of an opened exchange; ``unknown`` for a code that no edition lists."""
    if opened.outcome is not None:
        return opened.outcome
    row = tables[opened.table].find(opened.code) if opened.table else None
    return row.outcome if row and row.outcome else "unknown"
