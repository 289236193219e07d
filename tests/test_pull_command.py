"""What ``idvtools pull`` says and leaves behind, what it never shows, and what other vendors give."""

from __future__ import annotations

import json
import time
from base64 import b64encode

import pytest
from pull_room import APP, DAY, STATEMENT_HEADER, YESTERDAY, Room, hear_everything, logged, run, secrets_of, told_in

import idvtools as idv
from idvtools.errors import InputError
from idvtools.sandbox.clockwork import SITES
from idvtools.sandbox.server.dec_operations import Operation

# ---- the vault


def test_a_vault_that_is_sealed_shows_nothing(room: Room) -> None:
    key = b64encode(bytes(range(32))).decode()
    (room.folder / "keys" / "vault.key").write_text(key)
    room.set('vault_key = {file = "keys/vault.key"}', "[workspace]")
    op = room.plant(2, ago=DAY)
    room.pull(day=YESTERDAY, app=APP)
    room.check(*op)
    needles = [v[:40] for v in room.files(*op).values()] + [o.person.name.encode() for o in op] + [STATEMENT_HEADER]
    written = [p for p in (room.folder / "evidence").rglob("*") if p.is_file()]
    assert len([p for p in written if p.suffix == ".sealed"]) == 2 * 4 + 1
    assert not [(p, n) for p in written for n in needles if n in p.read_bytes()]
    assert all(e.sealed for e in room.workspace.vault().entries())


def test_a_manifest_is_written_for_people(room: Room) -> None:
    op = room.plant()
    room.pull()
    text = (room.folder / "evidence" / "manifest.csv").read_bytes().decode("utf-8-sig")
    assert text.count(op.op_id) >= 4
    assert run("verify-vault", str(room.folder)).status == 0


# ---- the command


def test_the_command_says_what_it_did(room: Room) -> None:
    op = room.plant()
    ran = room.run("--op", op.op_id)
    assert ran.status == 0
    assert ran.out.startswith("dec: 2 stored, 1 polled; 2 new file(s)")
    assert ran.err == ""
    assert room.run("--op", op.op_id).out == "dec: 2 present; nothing new\n"
    shown = room.run("--date", "2026-10-20", "--progress")
    assert shown.status == 0
    assert "note: statement" in shown.err
    assert run("verify-vault", str(room.folder)).status == 0


def test_the_command_speaks_json(room: Room) -> None:
    op = room.plant()
    ran = room.run("--date", "2026-10-20", "--json")
    told = ran.json
    assert (ran.status, list(told)) == (0, ["vendor", "counts", "files", "bytes", "items", "notes"])
    assert told["vendor"] == "dec"
    assert told["counts"] == {"stored": 2, "polled": 1, "waiting": 2}
    assert told["files"] == 2
    assert told["bytes"] == sum(i["size"] for i in told["items"]) > 500
    names = ["what", "state", "app_id", "op_id", "day", "reason", "files", "size", "temporary"]
    assert all(list(i) == names for i in told["items"])
    assert {(i["what"], i["op_id"], i["day"]) for i in told["items"]} == {
        *[(what, op.op_id, None) for what in ("status", "original_files", "parse_result")],
        ("statement", None, "2026-10-20"),
    }
    again = room.run("--date", "2026-10-20", "--json").json
    assert again["counts"] == {"present": 2, "waiting": 2}
    assert [i["what"] for i in again["items"]] == ["statement", "statement"], "what was there is counted only"


def test_items_are_told_when_they_are_done(room: Room) -> None:
    room.plant(3)
    told: list[object] = []
    report = room.pull(tick=told.append)
    assert told == list(report.items)


def test_no_secret_is_shown_or_kept(room: Room, caplog: pytest.LogCaptureFixture) -> None:
    hear_everything(caplog)
    ops: list[Operation] = [*room.plant(2), room.plant(site=SITES[1]), room.plant(status=44), room.plant(ago=DAY)]
    room.sandbox.faults.set(rate=0.3, kinds=["html", "500", "wrong_md5", "redirect", "truncate"], paths="/store/")
    ran = [room.run("--month", "2026-10", "--json")]
    room.sandbox.faults.clear()
    ran += [room.run("--month", "2026-10", "--progress"), room.run("--op", ops[0].op_id)]
    needles = secrets_of(room, ops)
    assert len(needles) > 15
    shown = "".join(r.out + r.err for r in ran) + logged(caplog)
    assert "HTTP 200" in shown
    assert [n for n in needles if n in shown] == []
    assert told_in(room.folder, ["evidence/custody.jsonl", "evidence/manifest.csv"], needles) == []
    people = [t for o in ops for t in (o.person.id_no, o.person.name, o.open_id)]
    polls = [str(p.relative_to(room.folder)) for p in (room.folder / "polls").glob("*")]
    assert polls
    assert told_in(room.folder, polls, people) == []
    assert not [p for p in room.folder.rglob("*") if any(n in p.name for n in needles)]


# ---- other vendors


@pytest.fixture
def today(room: Room) -> Room:
    """Tencent's signatures hold the time of the day on which they are made."""
    room.sandbox.clock.set(round(time.time() * 1000))
    return room


def test_a_result_of_tencents(today: Room) -> None:
    room = today
    video = b"\0\0\0\x14ftypisom" + bytes(500_000)
    token = room.sandbox.tencent.plant(files={"video": video})
    ran = room.run("--op", token, vendor="tencent")
    assert (ran.status, ran.err) == (0, "")
    vault = room.workspace.vault()
    found = {e.name: vault.read(e.sha256) for e in vault.find(vendor="tencent", op_id=token, call="fetch")}
    assert set(found) == {
        "frontpic.jpeg", "backpic.jpeg", "videopic1.png", "videopic2.png", "videopic3.jpeg", "video.mp4",
        "fetch.answer.json",
    }  # fmt: skip
    assert found["video.mp4"] == video
    assert json.loads(found["fetch.answer.json"])["errorcode"] == 0, "as it was received"
    assert room.run("--op", token, vendor="tencent").out == "tencent: 1 present; nothing new\n"
    assert room.sandbox.world.calls["tencent.fetch"] == 1
    room.check_nothing_half_written()


@pytest.mark.parametrize(("code", "status", "state"), [("604", 0, "stored"), ("12", 3, "failed"), ("3", 3, "failed")])
def test_what_tencent_does_not_give(code: str, status: int, state: str, today: Room) -> None:
    room = today
    token = room.sandbox.tencent.plant(code=code)
    ran = room.run("--op", token, "--json", vendor="tencent")
    assert ran.status == status
    assert ran.json["counts"] == {state: 1}
    assert idv.Workspace(room.folder).vault().verify().ok


def test_a_file_of_webanks(room: Room) -> None:
    file_id, hash_value = room.sandbox.webank.files.plant("SYNWEB01", "a.jpg", b"\xff\xd8\xff\xe0 a picture")
    ran = room.run("--op", f"{file_id}:{hash_value}", vendor="webank")
    assert (ran.status, ran.err) == (0, "")
    vault = room.workspace.vault()
    [entry] = vault.find(vendor="webank")
    assert vault.read(entry.sha256) == b"\xff\xd8\xff\xe0 a picture"
    assert entry.op_id == f"{file_id}:{hash_value}"
    again = room.run("--op", f"{file_id}:{hash_value}", vendor="webank")
    assert again.out == "webank: 1 present; nothing new\n"
    room.check_nothing_half_written()


def test_files_of_webanks_that_are_not_what_was_uploaded(room: Room) -> None:
    files = room.sandbox.webank.files
    good, other = files.plant("SYNWEB01", "a.jpg", b"one"), files.plant("SYNWEB01", "b.jpg", b"two")
    files.damage(other[0])
    wrong = f"{good[0]}:{other[1]}", ":".join(other)
    ran = room.run("--op", wrong[0], "--op", wrong[1], "--op", ":".join(good), vendor="webank")
    assert ran.status == 3
    assert ran.out.startswith("webank: 1 stored, 2 failed")
    assert [e.op_id for e in room.workspace.vault().find(vendor="webank")] == [":".join(good)]
    for bad in ("x", "1:2", f"{good[0]}:", ":" + good[1], f"{good[0]}:{good[1]}0"):
        ran = room.run("--op", bad, vendor="webank")
        assert ran.status == 2
        assert "FILE_ID:HASH_VALUE" in ran.err


def test_the_front_door_refuses_what_the_command_refuses(room: Room) -> None:
    with pytest.raises(InputError, match="name what to pull"):
        room.workspace.pull("dec")
    with pytest.raises(InputError, match="name what to pull"):
        room.workspace.pull("dec", "2026-10", ops=["x"])
    with pytest.raises(InputError, match="nothing to pull"):
        room.workspace.pull("westdex", ops=["x"])
