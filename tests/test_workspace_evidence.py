"""`Workspace.evidence`: files of the vault are opened with what the workspace knows."""

from __future__ import annotations

import base64
from datetime import timedelta
from decimal import Decimal

import pytest
from pull_room import Room

import idvtools as idv
from idvtools.errors import NoDataError
from idvtools.evidence import Evidence
from idvtools.sandbox.clockwork import COMBO_SITE, SITES
from idvtools.sandbox.server.dec_platform import Dec
from idvtools.workspace.opening import _opened


def layouts(files: tuple[Evidence, ...]) -> list[str | None]:
    return [about.layout for file in files for about in file.parsed]


def test_a_bank_statement(room: Room) -> None:
    operation = room.plant()
    room.pull(operation)
    original, parsed = room.workspace.evidence(operation.op_id)
    assert (original.kind, parsed.kind) == ("zip", "json")
    assert layouts((original,)) == ["chrome-chiyubank-jyj"]
    assert all(check.ok for check in original.checks)
    assert sum(filter(None, original.tables[0]["支出"]), Decimal(0)) > 0


def test_a_tax_receipt_is_locked_and_the_answer_holds_its_password(room: Room) -> None:
    operation = room.plant(site=SITES[1], log=False)  # no request log: the id number is known to nobody
    room.pull(operation)
    receipt = room.workspace.evidence(operation.op_id)[0]
    assert layouts((receipt,)) == ["chrome-govhk-tax"]
    assert receipt.tables[0].loc[0, "tax type"] == "Salaries Tax"


def test_without_a_password_in_the_answer_the_id_number_helps(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """The convention: the last 6 characters; the number comes, encrypted, from our request log."""
    monkeypatch.setattr(Dec, "passwords", lambda *_: [])
    operation = room.plant(site=SITES[1])
    room.pull(operation)
    receipt = room.workspace.evidence(operation.op_id)[0]
    assert layouts((receipt,)) == ["chrome-govhk-tax"]


def test_a_file_that_stays_locked_does_not_hide_the_others(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Dec, "passwords", lambda *_: [])
    operation = room.plant(site=SITES[1], log=False)
    room.pull(operation)
    receipt, parsed = room.workspace.evidence(operation.op_id)
    assert [w for w in receipt.warnings if "locked" in w]
    assert not receipt.tables
    assert parsed.tables
    opened = room.workspace.evidence(operation.op_id, password=operation.person.id_no[-6:])
    assert layouts(opened[:1]) == ["chrome-govhk-tax"]


def test_a_file_of_two_kinds_does_not_hide_the_others(room: Room) -> None:
    operation = room.plant()
    room.pull(operation)
    entry = room.workspace.vault().find(vendor="dec", op_id=operation.op_id)[0]
    both = _opened(entry, b"%PDF-1.4 endobj" + b"PK\x05\x06" + bytes(18), [], None)
    assert both.kind == "unknown"
    assert "two readers claim it" in both.warnings[0]


def test_several_sites_in_one(room: Room) -> None:
    operation = room.plant(site=COMBO_SITE)
    room.pull(operation)
    assert {"chrome-chiyubank-jyj", "chrome-govhk-tax"} <= set(layouts(room.workspace.evidence(operation.op_id)))


def test_an_encrypted_vault(room: Room) -> None:
    (room.folder / "keys" / "vault.key").write_text(base64.b64encode(bytes(32)).decode())
    toml = room.folder / "idvtools.toml"
    toml.write_text(toml.read_text().replace("[workspace]\n", '[workspace]\nvault_key = {file = "keys/vault.key"}\n'))
    operation = room.plant()
    idv.Workspace(room.folder, progress=False).pull("dec", ops=[operation.op_id])
    files = idv.Workspace(room.folder, progress=False).evidence(operation.op_id)
    assert layouts(files[:1]) == ["chrome-chiyubank-jyj"]


def test_nothing_there(room: Room) -> None:
    operation = room.plant(ago=timedelta(minutes=5))
    with pytest.raises(NoDataError, match="holds no file of this operation"):
        room.workspace.evidence(operation.op_id)
