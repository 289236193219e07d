"""Opened exchanges as tidy records and DataFrames, masked unless the caller asks otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from idvtools.vendors.base.books import CheckResult
from idvtools.vendors.base.calls import HEAD, Call, Direction, Unpacked, outcome_of
from idvtools.vendors.base.codes import CodeTable, Outcome, is_code
from idvtools.vendors.base.fields import Attachment, Field, shown, undeclared
from idvtools.vendors.base.messages import at_path

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Decoded:
    """A logged exchange as a tidy record.

    Parameters
    ----------
    vendor, call, direction : str
        Whose it is, which call, and who called whom.
    at : datetime or None
        Time of the log, UTC.
    op_id : str or None
        The operation.
    outcome : str
        Canonical outcome, ``unknown`` for a code that no edition of the vendor's document lists.
    code, code_name_zh, code_name_en : str or None
        The code that decides, and its names.
    check : str
        ``ok``, ``hash_only``, ``unchecked`` or ``failed``: whether the signature holds.
    key_id : str or None
        Which key read the encrypted part.
    fields : mapping
        Our name of each field -> its value: times as datetimes (UTC), personal data masked unless revealed,
        secrets never shown.
    attachments : tuple of Attachment
        Files that stood inside the message.
    undeclared : mapping
        What stands in the message without being in the vendor's document: described by its size, shown if revealed.
    warnings : tuple of str
        Contradictions, and what could not be read.
    """

    vendor: str
    call: str
    direction: Direction
    at: datetime | None
    op_id: str | None
    outcome: Outcome
    code: str | None
    code_name_zh: str | None
    code_name_en: str | None
    check: CheckResult
    key_id: str | None
    fields: Mapping[str, object]
    attachments: tuple[Attachment, ...] = ()
    undeclared: Mapping[str, object] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def row(self) -> dict[str, object]:
        """The record as one flat row: `HEAD`, then the fields."""
        head = {name: getattr(self, name) for name in HEAD}
        head["attachments"] = ", ".join(f"{a.name} ({a.media_type}, {a.size} bytes)" for a in self.attachments) or None
        head["undeclared"] = "; ".join(f"{path}: {value}" for path, value in self.undeclared.items()) or None
        head["warnings"] = "; ".join(self.warnings) or None
        return {**head, **self.fields}


def describe(
    vendor: str,
    call: Call,
    opened: Unpacked,
    tables: Mapping[str, CodeTable],
    at: datetime | None,
    *,
    reveal: bool = False,
) -> Decoded:
    """The record of an opened exchange; a field that is not there is not in it."""
    found = [(f, value) for f in call.fields if (value := at_path(opened.trees, f.path)) is not None]
    fields = {f.name: shown(value, f.kind, reveal=reveal) for f, value in found if f.kind != "buffer"}
    if not reveal:
        people = _people(found)
        fields |= {
            f.name: _without(fields[f.name], people)
            for f, value in found
            if f.kind == "note" and isinstance(value, str)
        }
    outcome, warnings = outcome_of(opened, tables), opened.warnings
    if call.direction == "in" and opened.check == "failed":
        # Anybody may have sent it: what it claims must not be counted.
        outcome, warnings = (
            "unknown",
            (*warnings, "the signature does not hold: what this message says is not to be trusted"),
        )
    row = tables[opened.table].find(opened.code) if opened.table else None
    code = opened.code
    if code is not None and row is None and not is_code(code):
        # What is no code may be anything, a name for example.
        code, warnings = None, (*warnings, "what stands in the place of the code is none")
    return Decoded(
        vendor=vendor,
        call=call.name,
        direction=call.direction,
        at=at,
        op_id=None if opened.op_id is None else str(shown(opened.op_id, "plain", reveal=reveal)),
        outcome=outcome,
        code=code,
        code_name_zh=row.name_zh or None if row else None,
        code_name_en=row.name_en if row else None,
        check=opened.check,
        key_id=opened.key_id,
        fields={**fields, **{k: v for k, v in opened.derived.items() if v is not None}},
        attachments=opened.attachments,
        undeclared=undeclared(opened.trees, call.fields, reveal=reveal),
        warnings=warnings,
    )


def _people(found: Sequence[tuple[Field, Any]]) -> list[str]:
    """What the message itself says of a person, in clear: it may stand once more in the vendor's free text."""
    kinds = ("id", "name", "phone", "personal")
    texts = {value for f, value in found if f.kind in kinds and isinstance(value, str) and len(value) > 1}
    return sorted(texts, key=len, reverse=True)


def _without(text: object, people: Sequence[str]) -> object:
    for value in people:
        text = str(text).replace(value, "***")
    return text


def to_frame(rows: Iterable[Mapping[str, object]]) -> pd.DataFrame:
    """Records as a table, one row each; columns: `HEAD`, then every field that any record has.

    Ids and codes are text, `at` is a timestamp in UTC; a cell is missing where a record has no such field.
    """
    import pandas as pd  # noqa: PLC0415  decoding one exchange should not cost its import

    records = list(rows)
    names = dict.fromkeys(HEAD)
    for record in records:
        names |= dict.fromkeys(record)
    cells = [[record.get(n) for n in names] for record in records]
    frame = pd.DataFrame(cells, columns=list(names), dtype=object)
    frame["at"] = pd.to_datetime(frame["at"], utc=True)
    return frame
