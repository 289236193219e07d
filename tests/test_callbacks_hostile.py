"""Callback logs made to break the reader: endless lines, bombs, deep nesting, files that change, many files.

What holds for each: it ends soon, in bounded memory, the good lines around are read, the bad one is named.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from front_door import run
from fuzz_callbacks import workspace

import idvtools as idv
from idvtools.records import intake
from idvtools.records.streams import Stream

MB = 1 << 20
LONG = int(os.environ.get("HOSTILE_MB", "40"))
TOO_LONG = "the line is longer than 16 MB"
NOTHING = "no notification in this line"
LOG = "callbacks/a.log"


def good(number: int = 1) -> str:
    data = {"bizAppId": "zd1uahd8", "daId": f"zd1uahd8{number}", "daStatus": 10}
    return json.dumps({"func": "daFileParsed", "data": data})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return workspace(tmp_path / "ws")


def write(folder: Path, content: str | bytes, name: str = "a.log") -> None:
    (folder / "callbacks" / name).write_bytes(content.encode() if isinstance(content, str) else content)


def read(folder: Path, *, cache: bool = False) -> Any:
    return idv.Workspace(folder, cache=cache).callback_log()


def rows(log: Any) -> list[tuple[int, str]]:
    return [(int(n), o.removeprefix("zd1uahd8")) for n, o in zip(log.table["line"], log.table["op_id"], strict=True)]


def rejects(log: Any) -> list[tuple[int, str]]:
    return list(zip(log.rejects["line"].tolist(), log.rejects["reason"].tolist(), strict=True))


def verified(folder: Path) -> dict[str, Any]:
    """What the command line says, and that it says it well."""
    shown = run("verify-log", str(folder), "--no-cache")
    assert (shown.status, shown.errors) == (0, []), shown.stderr
    result: dict[str, Any] = json.loads(run("verify-log", str(folder), "--json", "--no-cache").stdout)
    assert f"notifications: {result['notifications']} " in shown.stdout
    return result


# ---- in bounded memory, measured in a process of its own

_MEASURED = """
import json, resource, sys, time
import idvtools as idv
begin = time.time()
log = idv.Workspace(sys.argv[1], cache=False).callback_log()
lines = log.table["line"]
print(json.dumps({
    "lines": log.summary.lines, "notifications": len(lines), "first": int(lines.min()), "last": int(lines.max()),
    "rejects": log.rejects[["line", "reason"]].head(5).values.tolist(), "rejected": len(log.rejects),
    "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "seconds": time.time() - begin,
}))
"""


def measured(folder: Path) -> dict[str, Any]:
    done = subprocess.run([sys.executable, "-c", _MEASURED, str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    result: dict[str, Any] = json.loads(done.stdout)
    print({k: result[k] for k in ("mb", "seconds", "lines", "notifications", "rejected")})
    assert result["mb"] < 2048, result
    return result


def _fill(piece: bytes) -> Callable[[int], Iterator[bytes]]:
    block = piece * (4 * MB // len(piece))
    return lambda size: (block for _ in range(size // len(block)))


#: Long ones, so that what is measured is the reading and not the table of millions of rows.
_MANY = b",".join(good(7).replace("{", '{"pad": "' + "x" * 2000 + '", ', 1).encode() for _ in range(1000))
LONG_LINES: dict[str, tuple[bytes, bytes, bytes]] = {
    "one word": (b"", b"x", b""),
    "a text that does not end": (b'{"a":"', b"x", b""),
    "an object that holds one long text": (b'{"a":"', b"x", b'"}'),
    "objects that do not end": (b"", b'{"a":', b""),
    "blanks": (b"{", b" ", b"}"),
    "braces": (b"", b"{", b""),
    "zero bytes": (b"", b"\0", b""),
    "quotes escaped": (b'"daId', b'\\"', b'"'),
    "numbers": (b'{"data":{"daId":', b"9", b"}}"),
}


@pytest.mark.parametrize("kind", LONG_LINES)
def test_an_endless_line_between_good_ones(kind: str, folder: Path) -> None:
    head, piece, tail = LONG_LINES[kind]
    with (folder / LOG).open("wb") as stream:
        stream.write(good(1).encode() + b"\n" + head)
        stream.writelines(_fill(piece)(LONG * MB))
        stream.write(tail + b"\n" + good(2).encode() + b"\n")
    result = measured(folder)
    assert (result["lines"], result["notifications"], result["first"], result["last"]) == (3, 2, 1, 3)
    assert result["rejects"] in ([[2, TOO_LONG]], [[2, NOTHING]])


def test_an_endless_line_of_good_objects(folder: Path) -> None:
    count = LONG * MB // len(_MANY)
    with (folder / LOG).open("wb") as stream:
        stream.write(good(1).encode() + b"\n[" + _MANY)
        for _ in range(count):
            stream.write(b"," + _MANY)
        stream.write(b"]\n" + good(2).encode() + b"\n")
    result = measured(folder)
    assert (result["lines"], result["notifications"], result["rejects"]) == (3, 2 + 1000 * (count + 1), [])
    assert (result["first"], result["last"]) == (1, 3)


def test_objects_of_an_endless_line_count_once_and_strangers_among_them_for_nothing(folder: Path) -> None:
    """A body that is no message of anybody does not bring another one of its line again."""
    stranger = json.dumps({"received_at": "2026-10-05T09:00:00Z", "headers": {}, "body": "nothing of ours"})
    mine = json.dumps({"received_at": "2026-10-05T09:00:00Z", "headers": {}, "body": good(3)})
    filler = json.dumps("x" * 17 * MB)
    write(folder, f"{good(1)}\n[{mine},{stranger},{stranger},{filler},{good(4)},{stranger}]\n{good(2)}\n")
    log = read(folder)
    assert sorted(rows(log)) == [(1, "1"), (2, "3"), (2, "4"), (3, "2")]


@pytest.mark.parametrize("byte", [b"\0", b"\n", b" \n", b"x"])
def test_a_packed_bomb(byte: bytes, folder: Path) -> None:
    with gzip.open(folder / "callbacks/a.log.gz", "wb", compresslevel=1) as stream:
        stream.write(good(1).encode() + b"\n")
        for block in _fill(byte)((LONG if byte != b" \n" else max(LONG // 40, 1)) * MB):
            stream.write(block)
        stream.write(b"\n" + good(2).encode() + b"\n")
    result = measured(folder)
    assert result["notifications"] == 2
    assert (result["lines"], result["rejected"]) == ((2, 0) if b"\n" in byte else (3, 1))


def test_many_lines_of_junk(folder: Path) -> None:
    write(folder, (good(1) + "\n") + "junk 1\n" * 300_000 + good(2) + "\n")
    result = measured(folder)
    assert (result["lines"], result["notifications"], result["rejected"]) == (300_002, 2, 300_000)


def test_an_export_with_a_quote_that_does_not_close_above_many_rows(folder: Path) -> None:
    row = f'2,"{good(2).replace(chr(34), chr(34) * 2)}"\n'
    write(folder, 'id,body\n1,"abc\n' + "1,x\n" * 60_000 + row, "a.csv")
    log = read(folder)
    assert [op for _, op in rows(log)] == ["2"]


# ---- traps that make a line cost its length squared


G = good(8)
_QUOTED = {
    "{": "{", '{"': '{"', "{'": "{'", '\\"': '\\"', '"{""': '"{""', "%22": "%22", "\\x22": "\\x22", "&quot;": "&quot;",
    "b'": "b'", 'b"': 'b"', "{}": "{}", '{"":': '{"":', '{"":[': '{"":[', "{'a':": "{'a':", "{'':''}": "{'':''}",
    "b'\\": "b'\\", '{"a":"x",': '{"a":"x",', "a message without its end": G[:-1], "escapes": '{\\"data\\":{\\"daId',
    "dicts": "{'data':{'daId':'a'}} ", "everything": '\\"\\x22%22&quot;{""b\'{\'', "objects": '{"a":"daId"}',
    "% signs": "%", "& signs": "&", "\\": "\\", "words": "daId ", "unicode": "\\u0022", "[": "[", '{"a":{': '{"a":{',
}  # fmt: skip
_TRAPS: dict[str, Callable[[int], str]] = {
    **{name: lambda n, piece=piece: "daId " + piece * (n // len(piece)) for name, piece in _QUOTED.items()},
    "a list in many objects": lambda n: "daId " + '{"":[' * 180 + "0," * (n // 2),
    "a list in too many objects": lambda n: "daId " + '{"a":' * 900 + "[" + "1," * (n // 2),
    "a text that does not end in many": lambda n: "daId " + '{"a":"x",' * 5000 + '"' + "x" * n,
    "Python texts that do not end": lambda n: "daId " + "{'" * 190 + "a" * n,
    "blanks behind braces": lambda n: "daId " + ("{" + " " * 1000) * (n // 1000),
}  # fmt: skip


@pytest.mark.parametrize("trap", _TRAPS)
def test_a_trap_costs_its_neighbours_nothing(trap: str, folder: Path) -> None:
    write(folder, f"{good(1)}\n{_TRAPS[trap](int(float(os.environ.get('HOSTILE_TRAP_MB', '0.05')) * MB))}\n{good(2)}\n")
    log = read(folder)
    assert {(1, "1"), (3, "2")} <= set(rows(log))
    assert log.summary.lines == 3


def test_escapes_within_escapes_do_not_multiply(folder: Path) -> None:
    """Text in text in text, each with the signs of every escape: not all spellings of all are looked into."""
    text = "daId"
    for _ in range(9):
        text = 'daId %22 &quot; \\x22 {"" ' + json.dumps({"a": text})
    write(folder, f"{good(1)}\n{text}\n{good(2)}\n")
    log = read(folder)
    assert rows(log) == [(1, "1"), (3, "2")]
    assert [n for n, _ in rejects(log)] == [2]


# ---- single bad lines

DEEP = 100_000
_BAD: dict[str, bytes] = {
    "zero bytes": b"\0" * 100,
    "a zero byte in a message": good(5).encode().replace(b"daStatus", b"da\0Status")[:-3],
    "objects 100,000 deep": b'{"daId":' * DEEP + b"1" + b"}" * DEEP,
    "lists 100,000 deep": b'{"daId":' + b"[" * DEEP + b"]" * DEEP + b"}",
    "a message 100,000 deep": b'{"data":' * DEEP + b'{"data":{"daId":"a"}}' + b"}" * DEEP,
    "a status beyond 64 bits": b'{"data":{"daId":"a","daStatus":18446744073709551616000}}',
    "a status of 5,000 digits": b'{"data":{"daId":"a","daStatus":' + b"9" * 5000 + b"}}",
    "a status without end": b'{"data":{"daId":"a","daStatus":1e999}}',
    "a message in a log with a status beyond 64 bits": b'INFO {"data":{"daId":"a","daStatus":99999999999999999999}} x',
    "invalid UTF-8": '{"data":{"daId":"a","site":"浏览器"}}'.encode().replace("览".encode(), b"\xe8\xa7"),
    "half a character in an id": rb'{"data":{"daId":""}} \ud800',
}  # fmt: skip


@pytest.mark.parametrize("kind", _BAD)
def test_a_bad_line_is_named_and_the_rest_is_kept(kind: str, folder: Path) -> None:
    write(folder, good(1).encode() + b"\n" + _BAD[kind] + b"\n" + good(2).encode() + b"\n")
    log = read(folder)
    assert rows(log) == [(1, "1"), (3, "2")]
    assert [n for n, _ in rejects(log)] == [2]
    assert log.summary.lines == 3
    assert (verified(folder)["lines"], verified(folder)["rejects"]) == (3, 1)


_WHOLE = json.dumps(good(5))
_ODD: dict[str, str] = {
    "headers that are no JSON": f'{{"received_at":"x","headers":"{{broken 欧阳若曦","body":{_WHOLE}}}',
    "headers with half a character": f'{{"h":{{"DECSHASH":"\\ud800"}},"p":{good(5)}}}',
    "headers with a list": f'{{"headers":["a"],"body":{_WHOLE}}}',
    "headers with numbers": f'{{"headers":{{"DECSHASH":17,"DECSSIGN":null}},"body":{_WHOLE}}}',
    "half a character beside it": good(5).replace('"func"', '"x":"\\ud800","func"').join(['{"p":', "}"]),
    "half a character in a text": json.dumps({"m": good(5).replace('"func"', '"x":"\ud800","func"')}),
    "half a character in Python": "INFO {'x': '\\ud800', 'data': {'daId': 'zd1uahd85', 'daStatus': 10}}",
    "a moment far away": f'{{"time":99999999999999999999,"p":{good(5)}}}',
    "zero bytes around": f"\0\0{good(5)}\0",
}  # fmt: skip


@pytest.mark.parametrize("kind", _ODD)
def test_what_is_odd_about_a_line_does_not_cost_its_message(kind: str, folder: Path) -> None:
    write(folder, f"{good(1)}\n{_ODD[kind]}\n{good(2)}\n")
    log = read(folder)
    assert rows(log) == [(1, "1"), (2, "5"), (3, "2")]
    assert rejects(log) == []
    assert verified(folder)["notifications"] == 3


def test_headers_of_an_export_that_are_no_json(folder: Path) -> None:
    body = good(5).replace('"', '""')
    write(folder, f'id,headers,body\n1,{{broken,"{body}"\n2,"{{""DECSHASH"":""\\ud800""}}","{body}"\n', "a.csv")
    log = read(folder)
    assert rows(log) == [(2, "5"), (3, "5")]


# ---- packed files


def _packed(form: str, content: bytes) -> bytes:
    if form == "gz":
        return gzip.compress(content)
    sink = io.BytesIO()
    with pa.CompressedOutputStream(pa.PythonFile(sink, mode="w"), "zstd") as stream:
        stream.write(content)
        stream.flush()
        return sink.getvalue()


@pytest.mark.parametrize("form", ["gz", "zst"])
def test_a_packed_file_cut_in_half_is_read_as_far_as_it_goes(form: str, folder: Path) -> None:
    content = "".join(f"{good(int.from_bytes(os.urandom(6)))}\n" for n in range(40_000)).encode()
    packed = _packed(form, content)
    write(folder, packed[: len(packed) // 2], f"a.log.{form}")
    write(folder, good(2) + "\n", "b.log")
    log = read(folder)
    found = rows(log)
    assert 10_000 < len(found) < 30_000
    assert [n for n, _ in found] == [*range(1, len(found)), 1]
    named = [(n, r) for n, r in rejects(log) if "cut off or damaged" in r]
    assert len(named) == 1
    assert named[0][0] >= len(found) - 1
    assert len(rejects(log)) <= 2  # the line that was cut, and the file
    assert log.summary.lines == len(found) + len(rejects(log))
    assert verified(folder)["notifications"] == len(found)


@pytest.mark.parametrize("form", ["gz", "zst"])
@pytest.mark.parametrize("length", [0, 1, 3, 10, 17])
def test_hardly_anything_of_a_packed_file(form: str, length: int, folder: Path) -> None:
    write(folder, _packed(form, (good(1) + "\n").encode())[:length], f"a.log.{form}")
    write(folder, good(2) + "\n", "b.log")
    log = read(folder)
    assert rows(log) == [(1, "2")]
    *cut, (number, reason) = rejects(log)
    assert "cut off or damaged" in reason
    assert [n for n, _ in cut] == list(range(1, number))  # what came out of it is no whole line


# ---- files that are none, and files that change


def test_a_folder_where_a_file_belongs(folder: Path) -> None:
    (folder / "callbacks" / "a.log").mkdir()
    write(folder, good(2) + "\n", "a.log/b.log")
    assert rows(read(folder)) == [(1, "2")]
    assert verified(folder)["notifications"] == 1


def test_an_unreadable_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest is kept, and the file named. Tests may run as root: the system's answer is made by hand."""
    write(folder, good(1) + "\n", "a.log")
    write(folder, good(2) + "\n", "b.log")
    opened = Path.open

    def refuse(self: Path, *args: Any, **options: Any) -> Any:
        if self.name == "a.log":
            raise PermissionError(13, "Permission denied")
        return opened(self, *args, **options)

    monkeypatch.setattr(Path, "open", refuse)
    log = read(folder)
    assert rows(log) == [(1, "2")]
    assert rejects(log) == [(1, "cannot be read: Permission denied")]
    assert log.rejects["file"].tolist() == [LOG]
    assert verified(folder)["rejects"] == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read(folder: Path) -> None:
    write(folder, good(1) + "\n", "a.log")
    write(folder, good(2) + "\n", "b.log")
    (folder / LOG).chmod(0)
    assert rows(read(folder)) == [(1, "2")]


def test_a_file_that_is_gone_when_it_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rotated away after its name was read: the others are read all the same."""
    write(folder, good(1) + "\n")
    write(folder, good(2) + "\n", "b.log")
    found = intake.discover(folder)
    (folder / LOG).unlink()
    monkeypatch.setattr(intake, "discover", lambda _: found)
    log = read(folder)
    assert rows(log) == [(1, "2")]
    assert len(rejects(log)) == 1


def test_a_file_that_grows_while_it_is_read(folder: Path) -> None:
    """What is there at the beginning is read; the next run sees the rest, the cache notwithstanding."""
    count = 200_000
    write(folder, "".join(f"{good(n)}\n" for n in range(count)))
    stop = threading.Event()

    def grow() -> None:
        with (folder / LOG).open("ab") as stream:
            while not stop.is_set():
                stream.write((good(7) + "\n").encode())
                stream.flush()
                time.sleep(0.001)

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        first = read(folder, cache=True)
    finally:
        stop.set()
        writer.join()
    seen = len(first.table)
    assert seen >= count
    assert len(rejects(first)) <= 1  # the last line may have been half written
    full = (folder / LOG).read_bytes().count(b"\n")
    assert full > seen
    second = read(folder, cache=True)
    assert (len(second.table), rejects(second)) == (full, [])
    assert second.files["cached"].tolist() == [False]
    third = read(folder, cache=True)
    assert (len(third.table), third.files["cached"].tolist()) == (full, [True])


def test_a_file_that_is_replaced_while_it_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cache knows what was read by what was read, not by what lies there afterwards."""
    write(folder, "".join(f"{good(n)}\n" for n in range(1000)))
    pieces = Stream.pieces

    def swap(self: Stream, size: int) -> Iterator[bytes]:
        for i, piece in enumerate(pieces(self, size)):
            if i == 0 and self.path.name == "a.log":
                write(folder, "".join(f"{good(5000 + n)}\n" for n in range(1000)), "new.tmp")
                (folder / "callbacks" / "new.tmp").replace(self.path)
            yield piece

    monkeypatch.setattr(Stream, "pieces", swap)
    first = read(folder, cache=True)
    assert {op for _, op in rows(first)} == {str(n) for n in range(1000)}
    monkeypatch.undo()
    second = read(folder, cache=True)
    assert {op for _, op in rows(second)} == {str(5000 + n) for n in range(1000)}
    assert second.files["cached"].tolist() == [False]


def test_a_file_that_is_written_anew_in_place_while_it_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mixture may be read, but it is never kept as what the new file says."""
    size = 60_000
    write(folder, "".join(f"{good(100_000 + n)}\n" for n in range(size)))
    pieces = Stream.pieces

    def rewrite(self: Stream, size_: int) -> Iterator[bytes]:
        for i, piece in enumerate(pieces(self, 1 << 20)):
            if i == 0:
                write(folder, "".join(f"{good(500_000 + n)}\n" for n in range(size)))
            yield piece

    monkeypatch.setattr(Stream, "pieces", rewrite)
    read(folder, cache=True)
    monkeypatch.undo()
    assert {op for _, op in rows(read(folder, cache=True))} == {str(500_000 + n) for n in range(size)}


def test_the_same_file_under_two_names_and_a_link(folder: Path) -> None:
    for name in ("a.log", "b.log"):
        write(folder, f"{good(1)}\nbroken daId\n{good(2)}\n", name)
    (folder / "callbacks" / "c.log").symlink_to(folder / "callbacks" / "a.log")
    for cache in (False, True, True):
        log = read(folder, cache=cache)
        names = [f"callbacks/{n}.log" for n in "abc"]
        assert log.table["file"].tolist() == [n for n in names for _ in range(2)]
        assert log.rejects["file"].tolist() == names
        assert (log.summary.notifications, log.summary.duplicates, log.summary.lines) == (6, 4, 9)
    assert log.files["cached"].tolist() == [True] * 3


def test_a_link_to_a_folder_and_a_pipe_are_passed_over(folder: Path) -> None:
    write(folder, good(1) + "\n")
    (folder / "callbacks" / "loop").symlink_to(folder / "callbacks")
    os.mkfifo(folder / "callbacks" / "pipe.log")
    log = read(folder)
    assert rows(log) == [(1, "1")]
    assert len(log.intake.passed_over) == 2


def test_many_small_files(folder: Path) -> None:
    count = int(os.environ.get("HOSTILE_FILES", "60"))
    for n in range(count):
        write(folder, good(n) + "\n", f"{n:05d}.log")
    cold = read(folder, cache=True)
    assert (len(cold.table), cold.summary.lines, len(rejects(cold))) == (count, count, 0)
    assert [op for _, op in rows(cold)] == [str(n) for n in range(count)]
    warm = read(folder, cache=True)
    assert warm.files["cached"].all()
    assert len(warm.table) == count
