"""``idvtools verify-vault``: what it needs, what it makes (nothing), what it says of an emptied vault and of keys."""

from __future__ import annotations

import json
import shutil
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pull_room import Ran, run

import idvtools as idv
from idvtools.errors import InputError, SettingsError
from idvtools.vault import Origin

AT = datetime(2026, 10, 1, tzinfo=UTC)
SEALED = '[workspace]\nvault_key = {file = "keys/vault.key"}\n'
GENESIS = "0" * 64


def make(folder: Path, settings: str = "", files: int = 3) -> Path:
    (folder / "keys").mkdir(parents=True)
    (folder / "keys" / "vault.key").write_text(b64encode(bytes(range(32))).decode())
    (folder / "idvtools.toml").write_text(settings)
    add(folder, *range(files))
    return folder


def add(folder: Path, *numbers: int) -> None:
    vault = idv.Workspace(folder).vault()
    for number in numbers:
        with vault.receive() as file:
            file.write(f"evidence {number}".encode())
            vault.store((file, Origin("dec", f"zd{number}", "app", "evidence", "a.jpg", None, AT)))


def check(folder: Path, *options: str) -> Ran:
    return run("verify-vault", str(folder), *options)


@pytest.fixture
def ws(tmp_path: Path) -> Path:
    return make(tmp_path / "ws")


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    return make(tmp_path / "sealed", SEALED)


# ---- an emptied vault, and the head that somebody noted


@pytest.mark.parametrize("gone", [True, False])
def test_a_vault_that_is_removed_whole_is_noticed_with_the_noted_head(ws: Path, gone: bool) -> None:
    head = json.loads(check(ws, "--json").out)["head"]
    shutil.rmtree(ws / "evidence")
    if not gone:
        (ws / "evidence").mkdir()
    ran = check(ws)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.endswith("there is nothing in the vault\n")
    assert json.loads(check(ws, "--json").out)["entries"] == 0
    assert not list((ws / "evidence").rglob("*"))
    noted = check(ws, "--head", head)
    assert noted.status == 2
    assert "the noted head is not in it" in noted.err


def test_the_noted_head_may_be_an_earlier_one(ws: Path) -> None:
    vault = idv.Workspace(ws).vault()
    head = vault.verify().head
    assert "nothing came since" in check(ws, "--head", head).out
    add(ws, 7, 8)
    ran = check(ws, "--head", head.upper())
    assert (ran.status, ran.err) == (0, "")
    assert "2 entries came since" in ran.out
    assert vault.verify(head=GENESIS).notes == ("custody.jsonl: the noted head is in it; 5 entries came since",)
    assert not vault.verify(head="1" * 64).ok
    with pytest.raises(InputError, match="64 hex digits"):
        vault.verify(head="abc")
    assert check(ws, "--head", "abc").status == 2


def test_a_vault_that_is_put_back_with_its_pin_is_noticed(ws: Path) -> None:
    shutil.copytree(ws / "evidence", ws / "before")
    add(ws, 9)
    head = idv.Workspace(ws).vault().verify().head
    shutil.rmtree(ws / "evidence")
    (ws / "before").rename(ws / "evidence")
    assert check(ws).status == 0
    assert check(ws, "--head", head).status == 2


# ---- keys


def test_a_missing_pseudonym_key_is_a_problem_and_none_is_made(ws: Path) -> None:
    (ws / "keys" / "pseudonym.key").unlink()
    ran = check(ws)
    assert ran.status == 2
    told = "keys/pseudonym.key is missing: restore it; the seal of the pin cannot be checked"
    assert ran.err == f"error: {told}\n"
    assert "NOT CHECKED IN FULL: 1 problem(s)" in ran.out
    for use in (
        lambda: idv.Workspace(ws).vault().manifest(),
        lambda: idv.Workspace(ws).requests("dec"),
        lambda: idv.Workspace(ws).callback_log(),
        lambda: add(ws, 9),
    ):
        (ws / "idvtools.toml").write_text("[vendors.dec]\n")
        for name in ("requests", "callbacks"):
            (ws / name).mkdir(exist_ok=True)
        with pytest.raises(SettingsError, match=r"pseudonym\.key is missing: restore it"):
            use()
    assert not (ws / "keys" / "pseudonym.key").exists()


def test_reading_a_vault_makes_no_key(tmp_path: Path) -> None:
    ws = make(tmp_path / "ws", files=0)
    vault = idv.Workspace(ws).vault()
    assert vault.manifest().empty
    assert vault.op_ids() == set()
    assert vault.verify().ok
    assert check(ws).status == 0
    assert [p.name for p in (ws / "keys").iterdir()] == ["vault.key"]
    add(ws, 1)
    assert (ws / "keys" / "pseudonym.key").exists()
    assert check(ws).status == 0


def test_no_vendor_s_key_is_needed(ws: Path) -> None:
    app = '[[vendors.dec.apps]]\nid = "a"\napp_key = {file = "keys/none.txt"}\nprivate_key = {env = "NOT_SET"}\n'
    (ws / "idvtools.toml").write_text("[vendors.dec]\n" + app)
    with pytest.raises(SettingsError):
        idv.Workspace(ws)
    assert check(ws).status == 0


def test_what_is_no_workspace_has_no_vault(tmp_path: Path) -> None:
    assert check(tmp_path / "none").status == 2
    assert "there is no idvtools.toml" in check(tmp_path).err


def test_a_lost_vault_key_does_not_stop_the_check(sealed: Path) -> None:
    (sealed / "keys" / "vault.key").unlink()
    ran = check(sealed)
    assert (ran.status, ran.err) == (0, "")
    assert "note: keys/vault.key is missing: sealed files were not opened" in ran.out
    assert "checked: stored bytes only" in ran.out
    file = next((sealed / "evidence" / "files").rglob("*.sealed"))
    file.chmod(0o600)
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    assert "was changed" in check(sealed).err


def test_a_wrong_vault_key_is_no_damage(sealed: Path) -> None:
    (sealed / "keys" / "vault.key").write_text(b64encode(bytes(32)).decode())
    ran = check(sealed)
    assert ran.status == 2
    assert ran.err.startswith("error: vault_key is a wrong key: 3 of 3 sealed files do not open with it; they are as")
    assert "DAMAGED" not in ran.out
    assert "checked: stored bytes only (wrong seal key)" in ran.out


def test_a_vault_key_that_is_none_is_told_with_its_line(sealed: Path) -> None:
    (sealed / "keys" / "vault.key").write_text("c2hvcnQ=")
    for ran in (check(sealed), run("keys", str(sealed))):
        assert ran.status == 2
        assert ran.err.startswith("error: idvtools.toml:2: workspace.vault_key: must be Base64 of 32 bytes")


def test_the_vault_s_key_is_listed(sealed: Path) -> None:
    assert "vault_key  AES-256  630dcd2966c43366" in run("keys", str(sealed)).out
    [row] = json.loads(run("keys", str(sealed), "--json").out)["keys"]
    assert (row["vendor"], row["source"]) == (None, "file=keys/vault.key")


# ---- problems are told once


def test_each_problem_is_told_once_and_not_without_end(ws: Path) -> None:
    for number in range(60):
        (ws / "evidence" / "files" / f"stranger-{number:02}").touch()
    ran = check(ws)
    assert ran.status == 2
    assert ran.out.endswith("DAMAGED: 60 problem(s)\n")
    lines = ran.err.splitlines()
    assert lines[0] == "error: evidence/files/stranger-00: is not in the custody log"
    assert lines[49:] == ["error: evidence/files/stranger-49: is not in the custody log", "error: and 10 more"]
    told = json.loads(check(ws, "--json").out)
    assert (len(told["problems"]), told["damaged"]) == (60, True)


def test_nothing_hides_in_the_lock(ws: Path) -> None:
    (ws / "evidence" / ".lock").write_text("hidden")
    assert "evidence/.lock: is not empty" in check(ws).err


def test_the_length_of_an_unfinished_line_is_told(ws: Path) -> None:
    with (ws / "evidence" / "custody.jsonl").open("ab") as file:
        file.write(b"x" * 1234)
    assert "was not written to its end (1,234 bytes)" in check(ws).out


def test_an_unfinished_line_behind_lines_that_cannot_be_read(ws: Path) -> None:
    log = ws / "evidence" / "custody.jsonl"
    log.write_bytes(b"x\ny\nunfinished")
    assert "custody.jsonl:3: was changed: it does not end with its line" in check(ws).err
