"""The ingest cache: never a stale answer, never clear personal data, and nothing that stops a run."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from callback_room import SECRETS, SUMMARY, A, B, Room, X, at, push, unsigned
from front_door import AES_KEY, AES_TEXT, APP_KEY, OPS, PEOPLE, PSEUDONYM_KEY, Bench, envelope, lines, run

import idvtools as idv
from idvtools.records import cache
from idvtools.sandbox import generate
from idvtools.workspace.callbacklog import CallbackLog

CACHE = ".idvtools/cache"
NEW_KEY = "another-app-key-" * 4
TABLES = ("table", "events", "retries", "busy_hours", "gaps", "skew", "forged", "unknown", "rejects")
WRITTEN = ("summary.json", "ledger.parquet", "breaks.csv", "rejects.jsonl", "reconciliation.html")


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path / "ws").make()


@pytest.fixture(autouse=True)
def _now_is_fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1793500000")


def read(folder: Path, *, cache: bool = True) -> CallbackLog:
    return idv.Workspace(folder, cache=cache).callback_log()


def shown(log: CallbackLog) -> dict[str, str]:
    """Everything that a log says, as text."""
    found = {name: getattr(log, name).to_csv() for name in TABLES}
    return found | {"summary": log.summary.to_json(), "files": log.files.drop(columns="cached").to_csv()}


def cached(log: CallbackLog) -> list[str]:
    return log.files.loc[log.files["cached"], "file"].tolist()


def same_as_anew(folder: Path) -> CallbackLog:
    """Assert that the cache changes nothing, of the callbacks or of a reconciliation; give the log."""
    log = read(folder)
    assert shown(log) == shown(read(folder, cache=False))
    outputs = []
    for use in (True, False):
        ws = idv.Workspace(folder, cache=use)
        result = ws.reconcile("dec", month="2026-10")
        outputs.append(
            (result.summary, result.ledger.to_csv(), ws.requests("dec").to_csv(), ws.statement("dec").to_csv())
        )
    assert outputs[0] == outputs[1]
    return log


def entries(folder: Path) -> list[Path]:
    return sorted(p for p in (folder / CACHE).iterdir() if p.is_dir())


# ---- a warm run is a cold one


def bytes_of(folder: Path, out: Path, *options: str) -> dict[str, bytes]:
    month = ("--vendor", "dec", "--month", "2026-10", "--out", str(out))
    run("reconcile", str(folder), *month, *options, out=out).done()
    return {name: (out / name).read_bytes() for name in WRITTEN if (out / name).exists()}


def test_a_warm_run_writes_the_same_bytes(tmp_path: Path) -> None:
    folder = generate(tmp_path / "ws", operations=300, seed=3).folder
    anew = bytes_of(folder, tmp_path / "anew", "--no-cache")
    assert not (folder / ".idvtools").exists()
    cold, warm = bytes_of(folder, tmp_path / "cold"), bytes_of(folder, tmp_path / "warm")
    assert set(anew) == set(WRITTEN)
    for name in WRITTEN:
        assert cold[name] == anew[name], name
        assert warm[name] == anew[name], name


def test_a_warm_log_says_the_same(tmp_path: Path) -> None:
    folder = generate(tmp_path / "ws", operations=300, seed=4).folder
    anew, cold, warm = read(folder, cache=False), read(folder), read(folder)
    assert (cached(anew), cached(cold), cached(warm)) == ([], [], warm.files["file"].tolist())
    assert len(warm.files) > 0
    assert shown(cold) == shown(anew)
    assert shown(warm) == shown(anew)
    for name in ("table", "gaps", "events"):
        pd.testing.assert_frame_equal(getattr(warm, name), getattr(anew, name))


def test_what_a_reconciliation_read_a_log_need_not_read(room: Room) -> None:
    room.reconcile().done()
    log = read(room.folder)
    assert cached(log) == ["callbacks/a.jsonl", "callbacks/b.jsonl"]
    assert json.loads(log.summary.to_json()) == SUMMARY


def test_rejects_are_the_same_out_of_the_cache(room: Room) -> None:
    room.write("requests/x.jsonl", "nothing\n{\n")
    room.write("polls/x.jsonl", "{}\n")
    first, second, anew = room.reconcile(), room.reconcile(), room.reconcile("--no-cache")
    assert len(first.rejects) == 5
    assert first.rejects == second.rejects == anew.rejects
    assert first.warnings == second.warnings == anew.warnings


# ---- never stale


def test_an_appended_file_is_read_anew(room: Room) -> None:
    read(room.folder)
    with room.path("callbacks/b.jsonl").open("a") as stream:
        stream.write(lines([envelope(X.body(daStatus=30), at(X, 99))]))
    log = read(room.folder)
    assert cached(log) == ["callbacks/a.jsonl"]
    assert log.summary.notifications == SUMMARY["notifications"] + 1
    same_as_anew(room.folder)


def test_a_file_of_the_same_size_and_time_is_another_file(room: Room) -> None:
    path = room.path("callbacks/a.jsonl")
    read(room.folder)
    before = path.stat()
    path.write_bytes(path.read_bytes().replace(b'\\"daStatus\\": 77', b'\\"daStatus\\": 20').replace(b"77", b"20"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    log = read(room.folder)
    assert cached(log) == ["callbacks/b.jsonl"]
    assert 20 in log.table["status"].tolist()
    assert log.summary.without_final == SUMMARY["without_final"] - 1
    same_as_anew(room.folder)


@pytest.mark.parametrize("name", ["requests/start.jsonl", "polls/polls.jsonl"])
def test_other_logs_of_the_same_size_and_time_are_read_anew(room: Room, name: str) -> None:
    path = room.path(name)
    same_as_anew(room.folder)
    before = path.stat()
    path.write_bytes(path.read_bytes().replace(B.op_id.encode(), X.op_id.encode()))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    same_as_anew(room.folder)


def test_a_statement_of_the_same_size_and_time_is_read_anew(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "ws").make()
    assert bench.reconcile().buckets() == {"matched": 3}
    path = next(p for p in bench.path("statements").iterdir() if OPS[2].op_id in p.read_text("utf-8"))
    before = path.stat()
    path.write_text(path.read_text("utf-8").replace(",N,N,Y,", ",Y,N,Y,"), "utf-8")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    assert bench.reconcile().buckets() == bench.reconcile("--no-cache").buckets() != {"matched": 3}


def test_two_files_that_change_places(room: Room) -> None:
    first, second = room.path("callbacks/a.jsonl"), room.path("callbacks/b.jsonl")
    read(room.folder)
    one, other = first.read_bytes(), second.read_bytes()
    first.write_bytes(other)
    second.write_bytes(one)
    log = same_as_anew(room.folder)
    assert log.table["file"].iloc[0] == "callbacks/a.jsonl"
    assert log.table["op_id"].iloc[0] == A.op_id
    assert log.files["lines"].tolist() == [15, 9]


def test_a_renamed_file_carries_its_new_name(room: Room) -> None:
    read(room.folder)
    room.path("callbacks/a.jsonl").rename(room.path("callbacks/z.log"))
    log = same_as_anew(room.folder)
    assert log.files["file"].tolist() == ["callbacks/b.jsonl", "callbacks/z.log"]
    assert cached(log) == ["callbacks/b.jsonl", "callbacks/z.log"]  # its content is known


EXPORT = f'id,create_time,body\n1,2026-10-05 09:05:00,"{A.body().replace(chr(34), chr(34) * 2)}"\n'
RENAMES = [("t.csv", "t.log"), ("t.log", "t.csv"), ("t.log", "t.log.gz"), ("t.tsv", "t.csv"), ("t.csv", "t.csv.zst")]


@pytest.mark.parametrize(("before", "after"), RENAMES)
def test_a_name_that_says_another_form_is_read_by_it(room: Room, before: str, after: str) -> None:
    room.write(f"callbacks/{before}", EXPORT.encode())
    read(room.folder)
    room.path(f"callbacks/{before}").rename(room.path(f"callbacks/{after}"))
    assert shown(read(room.folder)) == shown(read(room.folder, cache=False))


@pytest.mark.parametrize("kind", ["polls", "requests", "callbacks"])
def test_plain_text_that_is_called_packed_is_read(room: Room, kind: str) -> None:
    path = sorted(room.path(kind).iterdir())[0]
    before = shown(read(room.folder))
    path.rename(path.with_name(path.name + ".gz"))
    assert shown(read(room.folder, cache=False)) == shown(read(room.folder))
    assert read(room.folder).summary == read(room.folder, cache=False).summary
    assert before


def test_another_app_key(room: Room) -> None:
    assert read(room.folder).summary.checks["ok"] == 11
    room.write("keys/app.txt", NEW_KEY)
    assert same_as_anew(room.folder).summary.checks == {"ok": 3, "hash_only": 0, "unchecked": 7, "failed": 12}
    room.write("keys/app.txt", APP_KEY)
    assert cached(read(room.folder)) == ["callbacks/a.jsonl", "callbacks/b.jsonl"]


def test_no_key_any_more(room: Room) -> None:
    read(room.folder)
    room.change("idvtools.toml", 'notify_public_key = {file = "keys/notify.pem"}\n', "")
    assert same_as_anew(room.folder).summary.checks["ok"] == 3  # WeBank's
    room.change("idvtools.toml", 'salt = {file = "keys/salt.txt"}\n', "")
    assert same_as_anew(room.folder).summary.checks["ok"] == 0


def test_another_salt(room: Room) -> None:
    read(room.folder)
    room.write("keys/salt.txt", "another-salt-of-ours")
    assert same_as_anew(room.folder).summary.checks["failed"] == 6


def test_another_zone(room: Room) -> None:
    room.write("callbacks/naive.log", lines([envelope(X.body(daStatus=30)) | {"received_at": "2026-10-05T17:00:00"}]))
    first = read(room.folder).table.set_index("file").loc["callbacks/naive.log", "received_at"]
    room.change("idvtools.toml", '"Asia/Shanghai"', '"UTC"')
    second = same_as_anew(room.folder).table.set_index("file").loc["callbacks/naive.log", "received_at"]
    assert second - first == pd.Timedelta(hours=8)


@pytest.mark.parametrize(
    ("name", "content"), [("keys/pseudonym.key", "77ab" * 16), ("keys/aes.b64", "YW5vdGhlci1zaXh0ZWVuIQ==")]
)
def test_other_keys_of_ids(room: Room, name: str, content: str) -> None:
    before = idv.Workspace(room.folder).requests("dec")["subject"].tolist()
    room.write(name, content)
    after = idv.Workspace(room.folder).requests("dec")["subject"].tolist()
    assert len(before) == len(after) == 7
    assert not set(before) & set(after)
    same_as_anew(room.folder)


def test_a_key_that_begins_later(room: Room) -> None:
    before = idv.Workspace(room.folder).requests("dec")["subject"].notna().sum()
    room.change("idvtools.toml", "2026-09-28T02:00:00+08:00", "2026-10-05T12:30:00+08:00")
    after = idv.Workspace(room.folder).requests("dec")["subject"].notna().sum()
    assert (before, after) == (7, idv.Workspace(room.folder, cache=False).requests("dec")["subject"].notna().sum())
    same_as_anew(room.folder)


def test_a_file_that_went_away_is_forgotten(room: Room) -> None:
    read(room.folder)
    room.path("callbacks/b.jsonl").unlink()
    assert same_as_anew(room.folder).summary.lines == 9


def test_every_room_that_decides_what_is_read_is_there() -> None:
    """A room under another name would no longer count: what an older reader left would be taken for this one's."""
    root = Path(idv.__file__).parent
    assert [room for room in cache._ROOMS if not list((root / room).rglob("*.py"))] == []


# ---- a cache that is damaged


def damage(path: Path, how: str) -> None:
    data = path.read_bytes()
    if how == "delete":
        path.unlink()
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "truncate":
        path.write_bytes(data[: len(data) // 2])
    elif how == "flip":
        middle = len(data) // 2
        path.write_bytes(data[:middle] + bytes([data[middle] ^ 0x5A]) + data[middle + 1 :])
    else:
        path.write_bytes(b"\x00\xff" * 50)


@pytest.mark.parametrize("how", ["delete", "empty", "truncate", "flip", "garbage"])
@pytest.mark.parametrize("pattern", ["*.parquet", "facts.json"])
def test_what_is_damaged_is_read_anew(room: Room, how: str, pattern: str) -> None:
    truth = shown(read(room.folder))
    files = list(room.path(CACHE).rglob(pattern))
    assert len(files) >= 4
    for file in files:
        damage(file, how)
    assert shown(read(room.folder)) == truth
    again = read(room.folder)
    assert shown(again) == truth
    assert cached(again) == ["callbacks/a.jsonl", "callbacks/b.jsonl"]  # it was mended
    same_as_anew(room.folder)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (r'("rows": \[)\d+', r"\g<1>7"),
        ('"utf-8"', '"utf-9"'),
        (r'"notifications": "\w+", ?', ""),
        ('"notes"', '"nopes"'),
    ],
)
def test_a_wrong_word_in_the_facts_is_noticed(room: Room, right: str, wrong: str) -> None:
    truth = shown(read(room.folder))
    changed = 0
    for file in room.path(CACHE).rglob("facts.json"):
        text = file.read_text("utf-8")
        file.write_text(re.sub(right, wrong, text), "utf-8")
        changed += file.read_text("utf-8") != text
    assert changed >= 2
    assert shown(read(room.folder)) == truth
    assert shown(read(room.folder)) == truth


@pytest.mark.parametrize(
    "facts",
    ["[]", "{}", "null", '{"rows": 3}', '{"rows": [], "encodings": [], "notes": {}, "tables": {}}',
     '{"rows": [1, 2, 3], "encodings": ["", "", ""], "notes": {"x": "y"}, "tables": {"../../x": "0"}}', '{"other": 1}'],
)  # fmt: skip
def test_facts_of_another_shape_are_no_facts(room: Room, facts: str) -> None:
    truth = shown(read(room.folder))
    for file in room.path(CACHE).rglob("facts.json"):
        file.write_text(facts)
    assert shown(read(room.folder)) == truth


def test_strange_things_in_the_cache_stop_nothing(room: Room) -> None:
    truth = shown(read(room.folder))
    (first, *_) = entries(room.folder)
    (first / "size-of-a-cat").touch()
    (first / "folder").mkdir()
    room.path(f"{CACHE}/.DS_Store").write_text("x")
    room.path(f"{CACHE}/link").symlink_to("/nowhere")
    assert shown(read(room.folder)) == truth


def test_what_another_reader_left_is_removed_and_not_used(room: Room) -> None:
    truth = shown(read(room.folder))
    for entry in entries(room.folder):
        name = "0123456789abcdef" + entry.name[16:]
        shutil.copytree(entry, entry.with_name(name))
    log = read(room.folder)
    assert shown(log) == truth
    assert not [p for p in entries(room.folder) if p.name.startswith("0123456789abcdef")]


# ---- a cache that cannot be written


def test_a_workspace_that_cannot_be_written_to(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    truth = shown(read(room.folder, cache=False))
    refuse(monkeypatch, "mkdir")
    assert shown(read(room.folder)) == truth
    assert not room.path(".idvtools").exists()


def test_a_cache_that_became_read_only(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """A workspace that was archived, or is mounted read-only, cache included; a new log came beside it."""
    truth = shown(read(room.folder))
    refuse(monkeypatch, "utime", "mkdtemp", "rename", "rmtree")
    assert shown(read(room.folder)) == truth
    room.write("callbacks/c.log", lines([envelope(X.body(daStatus=30), at(X, 99))]))
    assert read(room.folder).summary.notifications == SUMMARY["notifications"] + 1
    assert room.reconcile().done().summary["notifications"]["received"] == 12 + 1


def test_a_disk_that_is_full(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    truth = shown(read(room.folder, cache=False))
    refuse(monkeypatch, "write_text")
    assert shown(read(room.folder)) == truth


def refuse(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Let the system refuse to write below ``.idvtools``; tests run as root, whom permissions don't stop."""

    def guard(function: Callable[..., Any], place: int | str) -> Callable[..., Any]:
        def guarded(*args: Any, **kwargs: Any) -> Any:
            target = kwargs.get(place) if isinstance(place, str) else args[place]
            if ".idvtools" in str(target):
                raise PermissionError(13, "Permission denied", str(target))
            return function(*args, **kwargs)

        return guarded

    rmtree = shutil.rmtree

    def keep_tree(path: Any, ignore_errors: bool = False, **more: Any) -> None:
        if ".idvtools" not in str(path):
            rmtree(path, ignore_errors=ignore_errors, **more)
        elif not ignore_errors:
            raise PermissionError(13, "Permission denied", str(path))

    patches: dict[str, tuple[Any, str, Any]] = {
        "mkdir": (Path, "mkdir", guard(Path.mkdir, 0)),
        "write_text": (Path, "write_text", guard(Path.write_text, 0)),
        "rename": (Path, "rename", guard(Path.rename, 0)),
        "utime": (os, "utime", guard(os.utime, 0)),
        "mkdtemp": (tempfile, "mkdtemp", guard(tempfile.mkdtemp, "dir")),
        "rmtree": (shutil, "rmtree", keep_tree),
    }
    for name in names:
        monkeypatch.setattr(*patches[name])


def test_a_file_in_the_place_of_the_cache(room: Room) -> None:
    room.write(".idvtools", "a file")
    assert json.loads(read(room.folder).summary.to_json()) == SUMMARY


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not stop root")
def test_a_workspace_with_no_permission_to_write(room: Room) -> None:
    room.folder.chmod(0o500)
    try:
        assert json.loads(read(room.folder).summary.to_json()) == SUMMARY
    finally:
        room.folder.chmod(0o700)


# ---- several at once


def test_processes_at_once_agree(room: Room) -> None:
    for name in "cdef":
        room.write(f"callbacks/{name}.log", lines([envelope(A.body(), at(A, s)) for s in range(20)]))
    truth = read(room.folder).summary.to_json()
    command = [sys.executable, "-c", "from idvtools.cli import main; main()", "verify-log", str(room.folder), "--json"]
    for _ in range(4):
        shutil.rmtree(room.path(CACHE))
        running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(4)]
        for process in running:
            out, err = process.communicate(timeout=120)
            assert (process.returncode, out.decode().strip(), err.decode()) == (0, truth, "")
    assert not list(room.path(CACHE).glob("new-*"))
    assert len(cached(read(room.folder))) == 6


def test_a_log_in_hand_is_whole_when_the_cache_is_cleared(room: Room) -> None:
    """Tables are worked out when they are asked for: in a notebook long after the files were read."""
    truth = shown(read(room.folder, cache=False))
    cold, warm = read(room.folder), read(room.folder)
    assert run("cache", "clear", str(room.folder)).status == 0
    assert shown(cold) == truth
    assert shown(warm) == truth


def test_a_log_in_hand_is_whole_when_another_run_keeps_the_same(room: Room) -> None:
    truth = shown(read(room.folder, cache=False))
    log = read(room.folder)
    for entry in entries(room.folder):
        (entry / "facts.json").unlink()
        (entry / "notifications.parquet").unlink(missing_ok=True)
    read(room.folder)
    assert shown(log) == truth


def test_a_run_does_not_replace_what_another_has_just_kept(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two cold runs: the slower one must leave the whole result of the quicker one where it is, somebody reads it."""
    read(room.folder)
    before = {p.name: (p / "facts.json").stat().st_ino for p in entries(room.folder)}
    monkeypatch.setattr(cache.Cache, "may_know", lambda self, size: False)  # it began before there was anything
    assert json.loads(read(room.folder).summary.to_json()) == SUMMARY
    assert {p.name: (p / "facts.json").stat().st_ino for p in entries(room.folder)} == before


def test_a_place_that_goes_while_the_cache_is_swept_costs_the_others_nothing(room: Room) -> None:
    read(room.folder)
    (room.folder / CACHE / "new-gone").symlink_to("nowhere")  # named in the folder, and not there when it is looked at
    files = len(read(room.folder, cache=False).files)
    assert len(cached(read(room.folder))) == files


def test_explain_works_after_the_cache_is_cleared(room: Room) -> None:
    result = idv.Workspace(room.folder).reconcile("dec", month="2026-10")
    truth = str(idv.Workspace(room.folder, cache=False).reconcile("dec", month="2026-10").explain(A.op_id))
    assert run("cache", "clear", str(room.folder)).status == 0
    assert str(result.explain(A.op_id)) == truth


# ---- nobody's data


def test_nothing_clear_is_kept(room: Room) -> None:
    id_no, name = PEOPLE[2]
    room.write("callbacks/bad.log", lines([f'{{"data": {{"userName": "{name}", "idNo": "{id_no}"', f"Plain {id_no}"]))
    room.write(
        "requests/more.csv",
        "requested_at,app_id,biz_no,site,access_way,error_code,da_id,id_no,user_name,phone,remark\n"
        f"2026-10-05T16:00:00+08:00,zd1uahd8,b,s,h5,0,{X.op_id},{id_no},{name},13812345678,call 13812345678\n",
    )
    room.write("callbacks/unsigned.log", lines([unsigned(envelope(B.body())), push("B7", 0, at(B, 5))]))
    room.reconcile().done()
    read(room.folder)
    needles = [*SECRETS, AES_TEXT, AES_KEY.decode(), PSEUDONYM_KEY, "open-id-of-somebody", "q-sign-algorithm"]
    seen = {}
    for path in room.path(".idvtools").rglob("*"):
        assert not [s for s in needles if s in path.name]
        if path.is_file():
            data = path.read_bytes()
            seen[path] = data.decode("utf-8", "replace")
            assert not [s for s in needles if s.encode() in data or s.encode("gb18030") in data], path
            if path.suffix == ".parquet":
                table = pq.read_table(path)
                seen[path] = f"{table.to_pylist()} {table.schema.metadata} {table.column_names}"
                assert not [s for s in needles if s in seen[path]], path
    whole = "".join(seen.values())
    assert A.op_id in whole  # the scan sees what is there
    assert "B7" in whole
    assert X.op_id in whole
    assert len(seen) > 12


# ---- how long it is kept


def aged(folder: Path, days: float) -> None:
    then = time.time() - days * 86400
    for entry in entries(folder):
        os.utime(entry, (then, then))


@pytest.mark.parametrize(("days", "stays"), [(29, True), (31, False)])
def test_what_was_not_used_for_30_days_is_removed(room: Room, days: float, stays: bool) -> None:
    read(room.folder)
    before = set(entries(room.folder))
    room.write("callbacks/a.jsonl", lines([envelope(A.body(), at(A, 1))]))
    room.path("callbacks/b.jsonl").unlink()
    aged(room.folder, days)
    read(room.folder)
    gone = before - set(entries(room.folder))
    assert bool(gone) != stays


def test_what_is_used_stays(room: Room) -> None:
    read(room.folder)
    aged(room.folder, 20)
    read(room.folder)
    assert all(time.time() - e.stat().st_mtime < 3600 for e in entries(room.folder))


def test_what_a_crash_left_is_removed_after_a_day(room: Room) -> None:
    read(room.folder)
    for name, days in (("new-old", 2.0), ("new-young", 0.1)):
        room.path(f"{CACHE}/{name}").mkdir()
        then = time.time() - days * 86400
        os.utime(room.path(f"{CACHE}/{name}"), (then, then))
    read(room.folder)
    assert [p.name for p in entries(room.folder) if p.name.startswith("new-")] == ["new-young"]


def test_a_run_that_fails_leaves_no_draft(room: Room) -> None:
    room.write("polls/cut.jsonl.gz", b"\x1f\x8b\x08nothing")
    with pytest.raises(idv.errors.RecordsError):
        read(room.folder)
    assert not list(room.path(CACHE).glob("new-*"))


def test_init_keeps_the_cache_out_of_version_control(tmp_path: Path) -> None:
    assert run("init", str(tmp_path / "new")).status == 0
    assert ".idvtools/" in (tmp_path / "new/.gitignore").read_text().splitlines()
