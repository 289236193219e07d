"""One thing goes wrong in a pull: it tells what, keeps nothing that is half or false, and the next run goes on.

Keys that are refused, links that expire, answers, files and statements that are none.
"""

from __future__ import annotations

import re
import secrets
import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from pull_room import APP, DAY, OTHER_APP, TEMPORARY, YESTERDAY, Room, only, states

from idvtools.crypto.aes import encrypt_text
from idvtools.sandbox.messages import compact
from idvtools.sandbox.server.store import Stored, stored


def serve(room: Room, change: Callable[[str, Stored | None], Stored | None]) -> None:
    """Let the store serve something else."""
    store = room.sandbox.dec.store
    find = store._find
    store._find = lambda path: change(path, find(path))
    store._kept.clear()


# ---- keys


def test_a_wrong_app_key_is_refused_once(room: Room) -> None:
    room.set("in_flight = 1")
    room.plant(5, ago=DAY)
    other = room.plant(app=OTHER_APP, ago=DAY)
    right = (room.folder / "keys" / f"app-key-{APP}.txt").read_text()
    (room.folder / "keys" / f"app-key-{APP}.txt").write_text("k" * 64)
    ran = room.run("--date", str(YESTERDAY), "--json")
    assert ran.status == 3
    assert sum(n for c, n in room.sandbox.world.calls.items() if c.endswith(":-50005")) == 1
    failed = [i for i in ran.json["items"] if i["state"] == "failed"]
    assert {i["app_id"] for i in failed} == {APP}
    assert len(failed) == 6, "five operations and the statement"
    assert len([i for i in failed if i["reason"].startswith("not tried")]) == 5
    assert ran.err.count("error: ") == 2, "what was not tried is one line"
    room.check(other)
    (room.folder / "keys" / f"app-key-{APP}.txt").write_text(right)
    assert room.pull(day=YESTERDAY).complete
    room.check(*room.operations)


def test_a_wrong_aes_key_of_ours(room: Room) -> None:
    """The links cannot be read: nothing comes, nothing is half there, and the reason is told."""
    op = room.plant()
    key = next((room.folder / "keys").glob(f"aes-*{APP}*"), None) or next((room.folder / "keys").glob("aes*"))
    for file in (room.folder / "keys").glob("aes*"):
        file.write_text(b64encode(bytes(16)).decode())
    assert key.exists()
    ran = room.run("--op", op.op_id)
    assert ran.status == 3
    assert re.search(r"error: original_files .*key", ran.err)
    assert room.entries() == []
    room.check_nothing_half_written()


def test_an_aes_key_that_was_rotated(room: Room) -> None:
    """Nobody fetches a key in passing: it would make the production system's old."""
    op = room.plant()
    room.sandbox.dec.rotate(APP)
    ran = room.run("--op", op.op_id)
    assert ran.status == 3
    assert "--renew-keys" in ran.err, "what to do about it"
    assert "update_aes_key" not in room.calls
    assert room.entries() == []
    renewed = room.run("--op", op.op_id, "--renew-keys")
    assert (renewed.status, renewed.err) == (0, "")
    assert room.calls["update_aes_key"] == 1
    room.check(op)
    later = room.plant()
    assert room.run("--op", later.op_id, "--renew-keys").status == 0
    assert room.calls["update_aes_key"] == 1, "the new key is kept"
    room.check(op, later)


# ---- links


@pytest.mark.parametrize("forever", [False, True])
def test_a_link_that_expires_on_the_way(forever: bool, room: Room) -> None:
    op = room.plant(files=3)
    link, made = room.sandbox.dec.store.link, []

    def slow(path: str, prefix: object) -> str:
        url = link(path, prefix)  # type: ignore[arg-type]
        made.append(path)
        if forever or len(made) == 2:
            url = re.sub(r"q-signature=\w+", "q-signature=" + "0" * 40, url)
        return url

    room.sandbox.dec.store.link = slow  # type: ignore[method-assign]
    report = room.pull(op)
    asked = room.calls["original_files"]
    assert asked == 2, "one new link, not more"
    if forever:
        assert only(report, "original_files").state == "failed"
        assert "not valid any more" in only(report, "original_files").reason
        room.sandbox.dec.store.link = link  # type: ignore[method-assign]
        assert room.pull(op).complete
    else:
        assert report.complete
        assert room.calls["store.get"] == 3 + 1 + 1, "what came the first time is not fetched again"
    room.check(op)


def test_links_that_are_five_minutes_old(room: Room) -> None:
    op = room.plant()
    links = room.sandbox.dec.original_links
    turns: list[int] = []

    def slow(operation: object) -> list[str]:
        found = links(operation)  # type: ignore[arg-type]
        if not turns:
            room.sandbox.clock.advance(301)
            turns.append(1)
        return found

    room.sandbox.dec.original_links = slow  # type: ignore[method-assign]
    assert room.pull(op).complete
    assert room.sandbox.world.calls["store.get:403"] == 1
    assert room.calls["original_files"] == 2
    room.check(op)


# ---- the store's answers


@pytest.mark.parametrize("kind", [*TEMPORARY[1:], "wrong_md5"])
def test_a_file_is_tried_again_after_a_temporary_fault(kind: str, room: Room) -> None:
    op = room.plant(size=200_000)
    room.sandbox.faults.set(rate=1, kinds=[kind], paths="^/store/", count=4, latency_s=0.01)  # type: ignore[list-item]
    report = room.pull(op)
    assert report.complete, report.items
    assert room.sandbox.faults.happened == {kind: 4}
    room.check(op)


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("html", "a page of HTML came"),
        ("redirect", "elsewhere.example.com, which file_hosts does not allow"),
        ("longer", "longer than 1048576 bytes"),
        ("500", "HTTP 500"),
        ("cut", "no connection, or it broke off"),
        ("truncate", "broke off"),
        ("wrong_md5", "MD5"),
    ],
)
def test_what_is_not_the_file_is_not_kept(kind: str, why: str, room: Room) -> None:
    room.set('largest_file = "1MB"')
    op = room.plant(files=2)
    room.sandbox.faults.set(rate=1, kinds=[kind], paths="original-1", latency_s=0.01)  # type: ignore[list-item]
    began = time.monotonic()
    ran = room.run("--op", op.op_id)
    assert time.monotonic() - began < 15
    assert ran.status == 3
    assert re.search(rf"error: original_files {op.op_id}: failed \(.*{why}", ran.err), ran.err
    assert ran.err.count("\n") == 1
    assert {(e.call, e.name) for e in room.entries()} == {
        ("original_files", "original-0.zip"), ("parse_result", "result.json"),
    }, "what came is kept"  # fmt: skip
    room.check_nothing_half_written()
    room.sandbox.faults.clear()
    before = room.calls["store.get"]
    assert room.run("--op", op.op_id).status == 0
    assert room.calls["store.get"] == before + 1
    room.check(op)


def test_bytes_after_the_announced_end_are_not_read(room: Room) -> None:
    op = room.plant()
    room.sandbox.faults.set(rate=1, kinds=["extra"], paths="^/store/")
    assert room.pull(op).complete
    room.check(op)


@pytest.mark.parametrize("status", [400, 403, 404])
def test_what_the_store_refuses(status: int, room: Room) -> None:
    op = room.plant()

    def refused(path: str, found: Stored | None) -> Stored | None:
        if status == 404 or found is None:
            return None
        return replace(found, sse=(b"AES256", b"another", b"key"))

    if status == 403:
        room.sandbox.dec.store._secret = secrets.token_bytes(32)
        room.sandbox.dec.store._sign = lambda *_: secrets.token_hex(20)  # type: ignore[method-assign]
    else:
        serve(room, refused)
    ran = room.run("--op", op.op_id)
    assert ran.status == 3
    assert f"HTTP {status}" in ran.err
    assert "q-sign" not in ran.err
    assert room.calls["store.get"] == (4 if status == 403 else 2), "a new link for 403 only"
    assert room.entries() == []
    room.check_nothing_half_written()


def test_a_file_that_is_announced_as_ten_gigabytes(room: Room) -> None:
    op = room.plant()
    serve(room, lambda _, found: found and replace(found, headers=((b"content-length", b"10000000000"),)))
    ran = room.run("--op", op.op_id)
    assert ran.status == 3
    assert "10000000000 bytes are announced, more than largest_file allows" in ran.err
    room.check_nothing_half_written()


@pytest.mark.parametrize(
    ("named", "kept"),
    [
        ("..%2f..%2f..%2fetc%2fpasswd", "passwd"),
        ("..%5c..%5cevil.zip", "evil.zip"),
        ("%2e%2e", None),
        ("a%00b%0ac%e2%80%aegpj.zip", "abcgpj.zip"),
        ("x" * 400 + ".zip", None),
        ("=cmd()", "=cmd()"),
    ],
)
def test_a_file_name_cannot_lead_out(named: str, kept: str | None, room: Room) -> None:
    op = room.plant()
    before = {p for p in room.folder.parent.rglob("*") if room.folder / "evidence" not in p.parents}
    link = room.sandbox.dec.store.link

    def odd(path: str, prefix: object) -> str:
        url = link(path, prefix)  # type: ignore[arg-type]
        return url.replace("original-0.zip", named) if "original-0" in url else url

    room.sandbox.dec.store.link = odd  # type: ignore[method-assign]
    room.sandbox.dec.store._answer = lambda *_: (200, stored(b"PK evidence", "application/zip", None))  # type: ignore[method-assign]
    assert room.pull(op).complete
    [entry] = [e for e in room.entries() if e.call == "original_files"]
    assert room.workspace.vault().read(entry.sha256) == b"PK evidence"
    assert "/" not in entry.name
    assert len(entry.name) <= 150
    if kept:
        assert entry.name == kept
    after = {p for p in room.folder.parent.rglob("*") if room.folder / "evidence" not in p.parents}
    assert {p.parent.name for p in after - before} == {"polls"} or after == before
    room.check_nothing_half_written()
    assert set(states(room.pull(op))) == {"present"}


def test_two_links_of_one_name(room: Room) -> None:
    op = room.plant()
    room.sandbox.dec.original_links = lambda o: [  # type: ignore[method-assign,assignment]
        room.sandbox.dec._link(o, f"{k}/evidence.zip") for k in (1, 2)
    ]
    key = room.sandbox.dec.file_key(op)
    serve(room, lambda path, found: found or stored(path.encode(), "application/zip", key))
    assert room.pull(op).complete
    found = {e.name: e.sha256 for e in room.entries() if e.call == "original_files"}
    assert len(found) == 2
    assert all(name.endswith("evidence.zip") for name in found)
    assert len(set(found.values())) == 2


# ---- the platform's answers


@pytest.mark.parametrize("kind", TEMPORARY)
def test_a_call_is_made_again_after_a_temporary_fault(kind: str, room: Room) -> None:
    op = room.plant()
    room.sandbox.faults.set(rate=1, kinds=[kind], paths="^/api/", count=4, latency_s=0.01)  # type: ignore[list-item]
    report = room.pull(op)
    assert report.complete, report.items
    room.check(op)


@pytest.mark.parametrize("kind", ["html", "redirect", "500", "cut", "truncate"])
def test_an_answer_that_is_none(kind: str, room: Room) -> None:
    op = room.plant()
    room.sandbox.faults.set(rate=1, kinds=[kind], paths="get-original", latency_s=0.01)  # type: ignore[list-item]
    ran = room.run("--op", op.op_id)
    assert ran.status == 3
    assert re.fullmatch(rf"error: original_files {op.op_id}: failed \(.+\)\n", ran.err), ran.err
    assert {e.call for e in room.entries()} == {"parse_result"}
    room.sandbox.faults.clear()
    assert room.run("--op", op.op_id).status == 0
    room.check(op)


def test_answers_that_are_not_what_the_document_says(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    op = room.plant()
    cipher = encrypt_text("no link", room.sandbox.dec.key(APP))
    links: list[object] = [7, [None], [{"a": 1}], [cipher], cipher, [[]]]
    answers: list[object] = ["x", [], {}, None, *({"fileUrl": value} for value in links)]
    for data in answers:

        def other(value: dict[str, Any], data: object = data) -> str:
            has_files = isinstance(value.get("data"), dict) and {"fileUrl", "jsonFileUrl"} & set(value["data"])
            return compact({**value, "data": data} if has_files else value)

        monkeypatch.setattr("idvtools.sandbox.server.dec.compact", other)
        item = only(room.pull(op), "original_files")
        assert item.state in ("failed", "waiting"), data
        assert item.reason
        assert room.entries() == [], data
    monkeypatch.undo()
    room.check_nothing_half_written()


# ---- statements


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"<!doctype html><p>maintenance</p>", "a page of HTML"),
        (b'{"errorCode": -1}', "not that of a statement"),
        (b"", "not that of a statement"),
        (b"a,b,c\n1,2,da_id\n", "not that of a statement"),
    ],
)
def test_a_statement_that_is_none(content: bytes, why: str, room: Room) -> None:
    room.plant(ago=DAY)
    find = room.sandbox.dec.store._find
    serve(room, lambda path, found: stored(content, "text/csv", None) if path.startswith("statements") else found)
    ran = room.run("--date", str(YESTERDAY), "--app", APP)
    assert ran.status == 3
    assert re.search(rf"error: statement {APP} {YESTERDAY}: failed \(.*{why}", ran.err), ran.err
    assert list((room.folder / "statements").iterdir()) == []
    assert room.workspace.vault().find(call="statement") == []
    room.sandbox.dec.store._find = find
    assert room.run("--date", str(YESTERDAY), "--app", APP).status == 0
    assert room.statement(APP, YESTERDAY).read_bytes() == room.sandbox.dec.statement(APP, YESTERDAY).content
    room.check(*room.operations)


def test_a_statement_whose_link_expired(room: Room) -> None:
    link = room.sandbox.dec.store.link
    turns: list[int] = []

    def slow(path: str, prefix: object) -> str:
        url = link(path, prefix)  # type: ignore[arg-type]
        if not turns:
            room.sandbox.clock.advance(301)
            turns.append(1)
        return url

    room.sandbox.dec.store.link = slow  # type: ignore[method-assign]
    assert room.pull(day=YESTERDAY, app=APP).complete
    assert room.calls["statement"] == 2
    assert room.statement(APP, YESTERDAY).exists()


# ---- answers that are not what was asked for


def test_links_in_another_order_after_a_failure(room: Room) -> None:
    """Both files are called evidence.zip; the first run gets one of them, the second run the other."""
    op = room.plant()
    order = [1, 2]
    room.sandbox.dec.original_links = lambda o: [  # type: ignore[method-assign,assignment]
        room.sandbox.dec._link(o, f"{k}/evidence.zip") for k in order
    ]
    key = room.sandbox.dec.file_key(op)
    missing = {"2/"}

    def found(path: str, there: Any) -> Any:
        if any(f"/{m}" in path for m in missing):
            return None
        return there or stored(path.encode(), "application/zip", key)

    serve(room, found)
    assert not room.pull(op).complete
    missing.clear()
    order.reverse()
    assert room.pull(op).complete
    contents = sorted(room.workspace.vault().read(e.sha256) for e in room.entries() if e.name.endswith("evidence.zip"))
    assert [c.decode().rsplit("/", 2)[1] for c in contents] == ["1", "2"]


@pytest.mark.parametrize("call", ["status", "original_files"])
def test_an_answer_about_another_operation(call: str, room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    op, other = room.plant(2)
    if call == "original_files":
        room.notify(op)
    real = room.sandbox.dec.find
    monkeypatch.setattr(room.sandbox.dec, "find", lambda op_id, app=None: real(other.op_id, app))
    report = room.pull(op)
    assert not report.complete
    assert any("about another operation" in i.reason for i in report.of("failed"))
    assert room.entries() == [] or all(e.op_id != op.op_id for e in room.entries())
    assert room.polls() == []


@pytest.mark.parametrize(
    "content",
    [b"da_id\n", b'{"errorCode":-1,"msg":"da_id"}', b"PK\x03\x04da_id,app_id\n", b"da_id,app_id,site\n1,2,3\n"],
)
def test_a_file_that_is_no_statement(content: bytes, room: Room) -> None:
    room.log_order()
    serve(room, lambda path, there: stored(content, "text/csv", None) if "statements/" in path else there)
    report = room.pull(day=YESTERDAY)
    assert {i.state for i in report.items if i.what == "statement"} == {"failed"}
    assert not room.statement(APP, YESTERDAY).exists()


def test_files_of_the_first_stage_come_before_the_others(room: Room) -> None:
    """第一阶段取证完成: what is there is fetched at once, and the operation stays open."""
    op = room.start({"status": 9, "instant": True})
    first = only(room.pull(op), "original_files")
    assert (first.state, first.files) == ("stored", 1)
    kept = room.workspace.vault
    assert [e.name for e in kept().entries()] == ["original-0.zip"]
    last = replace(op.stages[-1], status=10, json_result=11)
    object.__setattr__(op, "stages", (*op.stages[:-1], last))
    assert only(room.pull(op), "original_files").state == "stored"
    assert [e.name for e in kept().entries()] == ["original-0.zip", "original_files.answer.json"]


def test_links_that_differ_in_their_query_only(room: Room) -> None:
    """Some stores name the file in the query: each is fetched."""
    op = room.plant()
    link = room.sandbox.dec._link

    def links(operation: Any) -> list[str]:
        first = link(operation, "original-0.zip")
        room.sandbox.clock.advance(1)  # signed a second later, it is another query
        return [first, link(operation, "original-0.zip")]

    room.sandbox.dec.original_links = links  # type: ignore[method-assign]
    report = room.pull(op)
    assert report.complete, report.of("failed")
    assert only(report, "original_files").files == 2
