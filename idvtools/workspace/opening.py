"""The evidence files of an operation, opened with the passwords that the workspace knows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import pyarrow.compute as pc

from idvtools import vendors
from idvtools.errors import EvidenceError, IdvError, NoDataError
from idvtools.evidence import Evidence, read_evidence
from idvtools.evidence.detect import likely
from idvtools.records.files import discover
from idvtools.records.lines import Reading, read_lines
from idvtools.records.rejects import Rejects
from idvtools.vault.custody import Entry
from idvtools.vendors.base import Keys, Vendor, read_exchange
from idvtools.workspace.desk import Desk


def open_evidence(desk: Desk, op_id: str, vendor: str, password: str | Sequence[str] | None) -> tuple[Evidence, ...]:
    """See `Workspace.evidence`."""
    declared = vendors.get(vendor)
    vault, keys = desk.vault(), desk.keys_if_any(vendor)
    held = vault.find(vendor=vendor, op_id=op_id)
    if not held and declared.pulls is not None:
        held = vault.find(vendor=vendor, op_id=declared.pulls.parent(op_id))
    answers = [e for e in held if _is_answer(declared, e)]
    files = list({e.sha256: e for e in held if e not in answers}.values())
    if not files:
        why = "the vault holds no file of this operation; `idvtools pull WORKSPACE --op …` fetches what the vendor has"
        raise NoDataError(why, vendor=vendor)
    given = [password] if isinstance(password, str) else list(password or ())
    passwords = [*given, *(p for e in answers for p in _passwords(declared, keys, e, vault.read(e.sha256)))]
    person = _id_number(desk, declared, keys, held[0].op_id or op_id)
    return tuple(_opened(entry, vault.read(entry.sha256), passwords, person) for entry in files)


def _opened(entry: Entry, data: bytes, passwords: Sequence[str], person: str | None) -> Evidence:
    """A file of the vault; one that cannot be read says why, and does not hide the others."""
    try:
        return read_evidence(data, name=entry.name, password=passwords, id_no=person)
    except EvidenceError as error:
        why = tuple(p.message for p in error.problems)
        return Evidence(entry.name, likely(data), hashlib.sha256(data).hexdigest(), len(data), warnings=why)


def _is_answer(declared: Vendor, entry: Entry) -> bool:
    """Whether it is the answer that named the files, kept beside them."""
    calls = declared.pulls.files if declared.pulls else ()
    return any(f.call == entry.call and f.keep_answer and entry.name == f.answer_name for f in calls)


def _passwords(declared: Vendor, keys: Keys, entry: Entry, received: bytes) -> list[str]:
    """The passwords in an answer; none where our keys do not read it any more."""
    assert declared.pulls is not None
    asked = {"request": {"auth": {"appId": entry.app_id}}, "response": {"body": received.decode("utf-8", "replace")}}
    try:
        return declared.pulls.passwords(declared.answer(entry.call, read_exchange(asked), keys))
    except IdvError:
        return []


def _id_number(desk: Desk, declared: Vendor, keys: Keys, op_id: str) -> str | None:
    """The person's id number, from the line of our request log that began the operation."""
    for line in _lines_about(desk, op_id):
        try:
            fields = declared.decode(line, keys, reveal=True).fields
        except IdvError:
            continue
        if isinstance(found := fields.get("id_no"), str):
            return found
    return None


def _lines_about(desk: Desk, op_id: str) -> Iterator[str]:
    for source in discover(desk.folder)[0]:
        if source.kind != "requests" or source.form != "jsonl":
            continue
        for lines, *_ in read_lines(source.stream(), Reading(Rejects())):
            yield from (
                line for line in lines["line"].filter(pc.match_substring(lines["line"], op_id)).to_pylist() if line
            )
