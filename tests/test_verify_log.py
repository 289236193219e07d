"""``idvtools verify-log`` and ``idvtools cache clear`` as a user meets them: text, JSON, exit status, streams."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from callback_room import FIRST, SECOND, SECRETS, SUMMARY, A, B, C, F, Room, X, at, forged
from front_door import PEOPLE, Run, envelope, lines, run

from idvtools.sandbox import generate

KEYS = {
    "lines", "notifications", "rejects", "duplicates", "checks", "operations", "without_final", "unknown_operations",
}  # fmt: skip
CHECKS = ["ok", "hash_only", "unchecked", "failed"]
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path / "ws").make()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Room:
    """Tests only read it."""
    return Room(tmp_path_factory.mktemp("shared") / "ws").make()


def verify(room: Room, *options: str) -> Run:
    return run("verify-log", str(room.folder), *options)


def figures(room: Room, *options: str) -> dict[str, Any]:
    done = verify(room, "--json", *options)
    assert done.status == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def no_leak(done: Run, *more: str) -> None:
    assert not [s for s in (*SECRETS, *more) if s in done.stdout + done.stderr]


# ---- json


def test_json_is_one_object_with_the_keys_of_the_contract(shared: Room) -> None:
    done = verify(shared, "--json", "--no-cache")
    assert done.stdout.count("\n") == 1
    found = json.loads(done.stdout)
    assert set(found) >= KEYS
    assert list(found["checks"]) == CHECKS
    assert all(type(found[k]) is int for k in KEYS - {"checks"})
    assert all(type(v) is int for v in found["checks"].values())
    assert not done.stderr
    assert found == SUMMARY


def test_json_fits_a_month_with_planted_truth(tmp_path: Path) -> None:
    planted = generate(tmp_path / "ws", operations=120, seed=5)
    done = run("verify-log", str(planted.folder), "--json")
    found = json.loads(done.stdout)
    assert found["notifications"] == sum(found["checks"].values())
    assert found["notifications"] + found["rejects"] >= found["lines"]
    assert found["duplicates"] <= found["notifications"] - found["checks"]["failed"]
    assert 0 < found["without_final"] <= found["operations"]
    out = tmp_path / "out"
    month = ("--vendor", "dec", "--month", "2026-10", "--out", str(out))
    counted = run("reconcile", str(planted.folder), *month, out=out).done().summary["notifications"]
    assert (found["notifications"], found["duplicates"]) == (counted["received"], counted["duplicates"])
    assert (found["checks"]["failed"], found["checks"]["unchecked"]) == (counted["failed_check"], counted["unchecked"])


def test_json_of_an_empty_folder(tmp_path: Path) -> None:
    found = figures(Room(tmp_path / "ws", logs={}).make())
    assert (found["lines"], found["notifications"], found["rejects"]) == (0, 0, 0)
    assert (found["operations"], found["without_final"]) == (7, 7)


# ---- text


def test_text_is_a_screen_with_the_figures(shared: Room) -> None:
    done = verify(shared, "--no-cache")
    assert done.status == 0
    text = done.stdout
    assert len(text.splitlines()) <= 40
    assert max(map(len, text.splitlines())) <= 160
    for words in (
        "2 file(s), 24 lines, 2 ",
        "notifications: 22",
        "dec 12",
        "onenet 5",
        "webank 5",
        "ok 11, hash_only 1, unchecked 7, failed 3",
        "repeats: 4 ",
        "operations: 14",
        "without a final word 6",
        "unknown operations: 1",
        "callbacks/a.jsonl:3",
        "callbacks/a.jsonl:5",
        "callbacks/b.jsonl:14",
        "callbacks/a.jsonl:4",
    ):
        assert words in text, words
    for op_id in (B.op_id, C.op_id, F.op_id, X.op_id):
        assert op_id in text
    assert A.op_id not in text  # nothing is wrong with it
    assert not done.stderr


def test_text_tells_what_was_last_said_of_a_gap(shared: Room) -> None:
    rows = {line.split()[0]: line for line in verify(shared, "--no-cache").stdout.splitlines() if line.startswith("  ")}
    assert "9" in rows[B.op_id].removeprefix(f"  {B.op_id}")
    assert "never heard of" in rows[C.op_id]
    assert "never polled" in rows[C.op_id]
    assert "polled: 10" in rows[F.op_id]


def test_long_lists_are_cut_and_say_how_much_more(tmp_path: Path) -> None:
    strangers = [type(X)(at(X, 60 * i), 0, i) for i in range(9)]
    bad = [forged(envelope(A.body(), at(A, i))) for i in range(12)]
    items = [envelope(op.body(), at(op, 30)) for op in strangers]
    text = verify(Room(tmp_path / "ws", logs={"x.log": items + bad}).make(), "--no-cache").stdout
    assert "unknown operations: 9" in text
    assert sum(op.op_id in text for op in strangers) == 5
    assert "4 more" in text
    assert text.count("callbacks/x.log:") == 5
    assert "7 more" in text


def test_text_without_a_request_log_calls_nobody_unknown(room: Room) -> None:
    room.path("requests/start.jsonl").unlink()
    text = verify(room).stdout
    assert "no request log" in text
    assert "unknown operations: 0" not in text


def test_text_of_nothing(tmp_path: Path) -> None:
    done = verify(Room(tmp_path / "ws", ops=(), logs={}).make())
    assert done.status == 0
    assert "0 file(s)" in done.stdout
    assert not CONTROL.search(done.stdout)


# ---- exit status


def test_check_is_1_when_one_is_forged(shared: Room) -> None:
    assert verify(shared, "--check", "--no-cache").status == 1
    done = verify(shared, "--check", "--json", "--no-cache")
    assert done.status == 1
    assert json.loads(done.stdout) == SUMMARY
    assert verify(shared, "--no-cache").status == 0


def test_check_is_0_when_none_is_forged(tmp_path: Path) -> None:
    good = [i for i, told in FIRST + SECOND if told is None or told[1] != "failed"]
    made = Room(tmp_path / "ws", logs={"a.jsonl": good}).make()
    assert verify(made, "--check").status == 0
    assert verify(made, "--check").status == 0  # out of the cache too
    made.write("callbacks/b.jsonl", lines([forged(envelope(C.body()))]))
    assert verify(made, "--check").status == 1


def test_a_workspace_without_callbacks_is_one_line_and_2(room: Room) -> None:
    for path in room.path("callbacks").iterdir():
        path.unlink()
    room.path("callbacks").rmdir()
    for options in ((), ("--json",), ("--check",)):
        done = verify(room, *options).refused("callbacks/")
        assert len(done.errors) == 1


@pytest.mark.parametrize("name", ["nowhere", "idvtools.toml"])
def test_what_is_no_workspace_is_one_line_and_2(room: Room, name: str) -> None:
    assert len(run("verify-log", str(room.path(name))).refused(name).errors) == 1


def test_a_damaged_log_is_read_as_far_as_it_goes(room: Room) -> None:
    import gzip  # noqa: PLC0415

    packed = gzip.compress(lines([envelope(X.body(), at(X, s)) for s in range(500)]).encode())
    room.write("callbacks/cut.log.gz", packed[: len(packed) // 2])
    room.write("callbacks/none.log.gz", b"")
    found = figures(room)
    assert found["notifications"] > SUMMARY["notifications"]
    assert found["rejects"] >= SUMMARY["rejects"] + 1
    assert "cut off or damaged" in verify(room).stdout


def test_a_directory_or_a_pipe_where_a_log_belongs_stops_nothing(room: Room) -> None:
    room.path("callbacks/folder.jsonl").mkdir()
    os.mkfifo(room.path("callbacks/pipe.jsonl"))
    assert figures(room) == SUMMARY


# ---- the cache


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() else b"" for p in folder.rglob("*")}


def test_no_cache_leaves_nothing_behind(room: Room) -> None:
    before = tree(room.folder)
    verify(room, "--no-cache")
    verify(room, "--no-cache", "--json")
    room.reconcile("--no-cache").done()
    assert tree(room.folder) == before


def test_no_cache_reads_anew_and_leaves_a_cache_alone(room: Room) -> None:
    assert figures(room) == SUMMARY
    before = tree(room.folder)
    assert figures(room, "--no-cache") == SUMMARY
    assert tree(room.folder) == before


def test_a_run_writes_into_its_cache_only(room: Room) -> None:
    before = tree(room.folder)
    verify(room)
    after = tree(room.folder)
    assert {k: v for k, v in after.items() if not k.startswith(".idvtools")} == before
    assert [name for name in after if name.startswith(".idvtools/cache/")]
    assert not [name for name in after if "new-" in name]


def test_no_temporary_file_stays(room: Room, tmp_path: Path) -> None:
    place = tmp_path / "temp"
    place.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", "from idvtools.cli import main; main()", "verify-log", str(room.folder), "--json"],
        capture_output=True,
        text=True,
        env={**os.environ, "TMPDIR": str(place)},
        timeout=120,
        check=True,
    )
    assert json.loads(done.stdout) == SUMMARY
    assert list(place.iterdir()) == []


def test_cache_clear_removes_it_and_the_next_run_is_the_same(room: Room) -> None:
    cold = verify(room).stdout
    assert verify(room).stdout == cold
    done = run("cache", "clear", str(room.folder))
    assert done.status == 0
    assert re.match(r"removed [1-9]\d* result", done.stdout)
    assert not room.path(".idvtools/cache").exists()
    assert "removed 0 result" in run("cache", "clear", str(room.folder)).stdout
    assert verify(room).stdout == cold
    assert room.path("callbacks/a.jsonl").is_file()


def test_cache_clear_of_nothing_is_2(tmp_path: Path) -> None:
    assert len(run("cache", "clear", str(tmp_path / "none")).refused("no such folder").errors) == 1
    assert run("cache", "clear").status == 2


def test_cache_clear_needs_no_readable_settings(room: Room) -> None:
    verify(room)
    room.write("idvtools.toml", "this is = = no toml")
    assert run("cache", "clear", str(room.folder)).status == 0
    assert not room.path(".idvtools/cache").exists()


# ---- progress


def test_progress_is_a_bar_on_stderr_when_asked(shared: Room) -> None:
    done = verify(shared, "--progress", "--no-cache", "--json")
    assert json.loads(done.stdout) == SUMMARY
    assert "reading" in done.stderr
    assert "%" in done.stderr


@pytest.mark.parametrize("options", [(), ("--no-progress",)])
def test_no_progress_off_a_terminal(shared: Room, options: tuple[str, ...]) -> None:
    assert not verify(shared, "--no-cache", *options).stderr


def test_progress_of_a_long_log_ends_at_its_size(tmp_path: Path) -> None:
    made = Room(tmp_path / "ws", logs={}).make()
    made.write("callbacks/long.log", lines([envelope(A.body(), at(A, s)) for s in range(60)] * 700))
    done = verify(made, "--progress", "--no-cache", "--json")
    assert json.loads(done.stdout)["notifications"] == 42_000
    assert "reading" in done.stderr
    shown = [int(p) for p in re.findall(r"(\d+)%", done.stderr)]
    assert shown == sorted(shown)
    assert shown[-1] <= 100
    assert re.search(r"[kM]?B/s", done.stderr)
    assert "reading" not in done.stdout


def on_terminal(*args: str) -> tuple[bytes, bytes]:
    """Run with stderr on a terminal: what came on stdout, what on the terminal."""
    master, slave = pty.openpty()
    command = [sys.executable, "-c", "from idvtools.cli import main; main()", *args]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=slave) as process:
        os.close(slave)
        seen = b""
        while select.select([master], [], [], 60)[0]:
            try:
                piece = os.read(master, 65536)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            seen += piece
        out = process.stdout.read() if process.stdout else b""
    os.close(master)
    return out, seen


def test_a_terminal_gets_a_bar_unless_told_not_to(tmp_path: Path) -> None:
    made = Room(tmp_path / "ws", logs={}).make()
    made.write("callbacks/long.log", lines([envelope(A.body(), at(A, s)) for s in range(60)] * 1400))
    out, seen = on_terminal("verify-log", str(made.folder), "--no-cache", "--json")
    assert json.loads(out)["notifications"] == 84_000
    assert b"reading" in seen
    made.write("callbacks/long.log", "")
    out, seen = on_terminal("verify-log", str(made.folder), "--no-cache", "--json", "--no-progress")
    assert json.loads(out)["notifications"] == 0
    assert not seen


# ---- nobody's data, nobody's tricks


@pytest.mark.parametrize("options", [(), ("--json",), ("--check",), ("--progress",), ("--no-cache",)])
def test_nothing_clear_is_said(shared: Room, options: tuple[str, ...]) -> None:
    no_leak(verify(shared, *options))


def test_nothing_clear_is_said_of_broken_lines(room: Room) -> None:
    id_no, name = PEOPLE[0]
    broken = [
        f'{{"data": {{"daId": "zd1", "daStatus": "ten", "userName": "{name}", "idNo": "{id_no}"}}}}',
        f'{{"data": {{"daId": "zd1", "userName": "{name}", "idNo": "{id_no}',
        f'{{"auditResult": {{"auditStatus": "0"}}, "custInfo": {{"custName": "{name}", "custCertNo": "{id_no}"}}}}',
        f"Plain {name} {id_no}",
        f'{{"daId": "{name}{id_no}"}}',
    ]
    room.write("callbacks/broken.log", lines(broken))
    for options in ((), ("--json",)):
        no_leak(verify(room, *options))
    assert figures(room)["rejects"] >= SUMMARY["rejects"] + 4


def test_an_id_number_in_the_place_of_an_operation_is_not_shown(room: Room) -> None:
    """Whoever can reach our endpoint decides what stands there."""
    id_no, _ = PEOPLE[1]
    bad = json.loads(X.body(daId=id_no)) | {"func": f"daFailed {id_no}"}
    room.write("callbacks/bad.log", lines([json.dumps(bad), forged(envelope(json.dumps(bad)))]))
    no_leak(verify(room))


@pytest.mark.parametrize("trick", ["\x1b[2J\x1b]0;owned\x07", "x\nFORGED or damaged: 0", "a\rb", "\u202e01", "\x9b31m"])
def test_what_a_stranger_sends_does_not_reach_the_terminal_as_it_is(room: Room, trick: str) -> None:
    bad = json.loads(X.body(daId=X.op_id + trick)) | {"func": "daFailed" + trick}
    room.write("callbacks/bad.log", lines([json.dumps(bad), forged(envelope(json.dumps(bad)))]))
    done = verify(room)
    assert done.status == 0
    assert not CONTROL.search(done.stdout.replace("\n", ""))
    assert trick not in done.stdout
    assert len([line for line in done.stdout.splitlines() if line.startswith("FORGED")]) == 1


def test_a_very_long_name_does_not_fill_the_screen(room: Room) -> None:
    bad = json.loads(X.body(daId=X.op_id + "9" * 5000))
    room.write("callbacks/bad.log", lines([forged(envelope(json.dumps(bad))), json.dumps(bad)]))
    assert max(map(len, verify(room).stdout.splitlines())) <= 400


def test_help_shows_an_example() -> None:
    for args in (("verify-log",), ("cache", "clear")):
        done = run(*args, "--help")
        assert done.status == 0
        assert f"idvtools {' '.join(args)} " in done.stdout.split("Example:")[1]
