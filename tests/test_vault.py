"""The evidence vault: what was received stays as it was, and whoever touches it is noticed."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import threading
import time
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idvtools.errors import DecryptionError, InputError, KeyFormatError, OutputError, VaultError
from idvtools.vault import Entry, Origin, Vault
from idvtools.vault.media import media_type
from idvtools.vault.sealing import Sealer, unseal

PIN_KEY, SEAL_KEY = b"the workspace's secret", bytes(range(32))
AT = datetime(2026, 10, 1, 8, 30, tzinfo=UTC)


def origin(
    op_id: str | None = "zd1", name: str = "front.jpg", call: str = "evidence", note: str | None = None
) -> Origin:
    return Origin("dec", op_id, "app", call, name, "https://oss.example/a/b?sign=SECRET", AT, note)


def put(vault: Vault, content: bytes, where: Origin | None = None) -> Entry:
    with vault.receive() as file:
        for start in range(0, len(content), 7000):
            file.write(content[start : start + 7000])
        (entry,) = vault.store((file, where or origin()))
    return entry


def open_vault(folder: Path, seal_key: bytes | None = None, pin_key: bytes | None = PIN_KEY) -> Vault:
    return Vault(folder, pin_key=pin_key, seal_key=seal_key, durable=False)


def filled(folder: Path, seal_key: bytes | None = None) -> Vault:
    vault = open_vault(folder, seal_key)
    for number in range(6):
        put(vault, f"evidence {number} ".encode() * 300, origin(f"zd{number}", note=f"page {number}"))
    vault.write_manifest()
    return vault


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "evidence"


# What it is for


@pytest.mark.parametrize("seal_key", [None, SEAL_KEY])
def test_what_was_received_comes_back(folder: Path, seal_key: bytes | None) -> None:
    vault = open_vault(folder, seal_key)
    assert not folder.exists(), "nothing is made before the first write"
    assert vault.entries() == ()
    assert vault.verify().ok
    assert not vault.has(origin().identity)
    content = b"%PDF-1.7 " + os.urandom(300_000)
    entry = put(vault, content)
    assert vault.read(entry.sha256) == content
    with vault.open(entry.sha256) as reader:
        assert reader.read(9) == b"%PDF-1.7 "
        assert b"".join(reader) == content[9:]
    assert (entry.seq, entry.size, entry.sha256) == (1, len(content), hashlib.sha256(content).hexdigest())
    assert (entry.media_type, entry.sealed, entry.url) == (
        "application/pdf",
        seal_key is not None,
        "https://oss.example/a/b",
    )
    stored = (folder / entry.path).read_bytes()
    assert hashlib.sha256(stored).hexdigest() == entry.stored_sha256
    assert (stored == content) is (seal_key is None)
    again = open_vault(folder, seal_key)
    assert list(again.entries()) == [entry]
    assert again.has(origin().identity)
    assert again.op_ids() == {"zd1"}
    report = again.verify()
    assert (report.ok, report.entries, report.files, report.bytes, report.notes) == (True, 1, 1, len(content), ())
    assert report.checked == "full"
    assert "ok" in str(report)
    assert json.loads(report.to_json())["head"] == entry.hash


def test_sealed_content_never_touches_the_disk_in_clear(folder: Path) -> None:
    vault = open_vault(folder, SEAL_KEY)
    with vault.receive() as file:
        file.write(b"a clear word" * 20_000)
        (part,) = (folder / "incoming").iterdir()
        assert part.stat().st_mode & 0o777 == 0o600
        assert b"clear" not in part.read_bytes()
        assert part.stat().st_size > 100_000
        vault.store((file, origin()))
    assert not any(b"clear" in path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_nobody_else_may_look_into_it(folder: Path) -> None:
    filled(folder)
    modes = {p.relative_to(folder).as_posix(): p.stat().st_mode & 0o077 for p in (folder, *folder.rglob("*"))}
    assert set(modes.values()) == {0}, modes


def test_a_file_that_is_not_stored_is_gone(folder: Path) -> None:
    vault = open_vault(folder)
    with suppress(RuntimeError), vault.receive() as file:
        file.write(b"half")
        raise RuntimeError
    with vault.receive() as file:
        file.write(b"announced otherwise")
        assert file.md5 == hashlib.md5(b"announced otherwise").hexdigest()
        assert file.size == 19
    assert list((folder / "incoming").iterdir()) == []
    with pytest.raises(OutputError, match="with block"):
        vault.store((file, origin()))
    assert vault.entries() == ()
    assert vault.verify().ok


def test_same_identity_and_content_is_one_entry_other_content_a_version(folder: Path) -> None:
    vault = open_vault(folder)
    first, again, other = put(vault, b"one"), put(vault, b"one"), put(vault, b"two")
    assert first == again
    assert other.seq == 2
    assert len(vault.entries()) == 2
    assert [vault.read(e.sha256) for e in vault.find(op_id="zd1")] == [b"one", b"two"]
    elsewhere = put(vault, b"one", origin("zd2"))
    assert elsewhere.path == first.path
    assert vault.verify().files == 2
    assert [e.seq for e in vault.find(vendor="dec", call="evidence")] == [1, 2, 3]
    assert vault.find(vendor="webank") == []


def test_threads_that_look_first_see_what_is_there(folder: Path) -> None:
    filled(folder)
    for _ in range(20):
        vault, start = open_vault(folder), threading.Barrier(8)

        def look(number: int, vault: Vault = vault, start: threading.Barrier = start) -> bool:
            start.wait()
            return bool(vault.find(op_id=f"zd{number % 6}"))

        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(look, range(8)))


def test_several_files_are_one_transaction(folder: Path) -> None:
    vault = open_vault(folder)
    with ExitStack() as stack:
        files = [stack.enter_context(vault.receive()) for _ in range(3)]
        for file, text in zip(files, (b"a", b"b", b"a"), strict=True):
            file.write(text)
        entries = vault.store(*((f, origin("zd1", name)) for f, name in zip(files, "xyz", strict=True)))
        assert vault.store((files[0], origin("zd1", "x"))) == entries[:1]
    assert [e.seq for e in entries] == [1, 2, 3]
    assert vault.verify().files == 2
    lines = (folder / "custody.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "custody.jsonl").write_bytes(b"".join(lines[:2]))
    assert not vault.verify().ok


def test_the_log_can_be_checked_by_anybody(folder: Path) -> None:
    filled(folder)
    prev = "0" * 64
    for number, line in enumerate((folder / "custody.jsonl").read_text("utf-8").splitlines(), 1):
        fields = json.loads(line)
        said = fields.pop("hash")
        text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert (fields["seq"], fields["prev"], fields["event"]) == (number, prev, "stored")
        assert hashlib.sha256(text.encode()).hexdigest() == said
        prev = said
    assert json.loads((folder / "custody.pin").read_bytes())["hash"] == prev


def test_the_manifest_is_a_table_and_a_harmless_csv(folder: Path) -> None:
    vault = filled(folder)
    put(vault, b"x", Origin("dec", None, None, "statement", '=cmd()|a,"b".csv', None, AT, "call 13812345678"))
    table = vault.manifest()
    assert table["seq"].tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert str(table["at"].dtype) == "datetime64[us, UTC]"
    assert table["op_id"].isna().tolist() == [False] * 6 + [True]
    assert table["sealed"].dtype == bool
    assert table["note"].iloc[-1] == "call ***"
    report = vault.verify()
    assert report.ok
    assert "lacks the last 1" in report.notes[0]
    vault.write_manifest()
    raw = (folder / "manifest.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    assert vault.verify().notes == ()
    read = pd.read_csv(io.BytesIO(raw), dtype=str)
    assert read["name"].iloc[-1].startswith("'=cmd()")
    assert read["fetched_at"].iloc[0] == "2026-10-01T08:30:00.000000Z"
    assert open_vault(folder.parent / "none").manifest().columns.tolist() == table.columns.tolist()


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\evil.exe", "evil.exe"),
        ("/", "unnamed"),
        ("..", "unnamed"),
        ("", "unnamed"),
        ("a\r\nb\0c\u2028d\u202efdp.jpg", "abcdfdp.jpg"),
        ("身份证正面.jpg", "身份证正面.jpg"),
        ("a:b?.pdf", "a_b_.pdf"),
        ("CON", "_CON"),
        ("half\ud800.pdf", "half.pdf"),
    ],
)
def test_names_are_harmless(folder: Path, name: str, kept: str) -> None:
    vault = open_vault(folder)
    assert put(vault, b"x", origin(name=name)).name == kept
    assert vault.verify().ok


@pytest.mark.parametrize(
    "url",
    [
        "https://me:pw@h.example/p?token=pw#pw",
        "//me:pw@h.example/p#pw",
        "me:pw@h.example/p?pw",
        "http:\\\\me:pw@h.example/p",
    ],
)
def test_urls_lose_what_grants_access(url: str) -> None:
    kept = Origin("dec", "zd1", None, "evidence", "a", url, AT).url
    assert kept is not None
    assert "pw" not in kept
    assert "h.example/p" in kept


def test_an_origin_that_would_not_be_itself_is_refused() -> None:
    with pytest.raises(InputError, match="zone"):
        Origin("dec", "zd1", None, "evidence", "a", None, datetime(2026, 10, 1))  # noqa: DTZ001
    with pytest.raises(InputError, match="longer"):
        origin("z" * 201)
    with pytest.raises(InputError, match="empty"):
        origin(" ")
    east = Origin("dec", "zd1", None, "evidence", "a", None, AT.astimezone(timezone(timedelta(hours=8))))
    assert east.fetched_at.isoformat() == "2026-10-01T08:30:00+00:00"
    assert origin(name="x" * 400 + "1.pdf").name != origin(name="x" * 400 + "2.pdf").name


# Tampering


def log_lines(folder: Path) -> list[bytes]:
    return (folder / "custody.jsonl").read_bytes().splitlines(keepends=True)


def write_lines(folder: Path, lines: list[bytes]) -> None:
    (folder / "custody.jsonl").write_bytes(b"".join(lines))


def some_file(folder: Path) -> Path:
    return min((folder / "files").rglob("*/*"))


def flip(path: Path, at: int) -> None:
    raw = bytearray(path.read_bytes())
    raw[at] ^= 1
    path.write_bytes(raw)


def changed_field(folder: Path) -> None:
    lines = log_lines(folder)
    lines[2] = lines[2].replace(b'"page 2"', b'"page 7"')
    write_lines(folder, lines)


def rehashed_field(folder: Path) -> None:
    lines = log_lines(folder)
    fields = json.loads(lines[2]) | {"note": "page 7"}
    del fields["hash"]
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"))
    fields["hash"] = hashlib.sha256(text.encode()).hexdigest()
    lines[2] = json.dumps(fields, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    write_lines(folder, lines)


def swapped(folder: Path) -> None:
    lines = log_lines(folder)
    lines[1], lines[2] = lines[2], lines[1]
    write_lines(folder, lines)


def forged_pin(folder: Path) -> None:
    """The whole vault made anew by somebody without the key, with other evidence."""
    shutil.rmtree(folder)
    put(open_vault(folder, pin_key=b"another key"), b"forged")


def added_entry(folder: Path) -> None:
    """A line that continues the chain, with its file, written without the key."""
    copy = folder.parent / "copy"
    shutil.copytree(folder, copy)
    pin = (copy / "custody.pin").read_bytes()
    fields = json.loads(pin) | {"mac": None}
    (copy / "custody.pin").write_bytes(json.dumps(fields, sort_keys=True, separators=(",", ":")).encode() + b"\n")
    put(open_vault(copy, pin_key=None), b"forged")
    shutil.rmtree(folder)
    copy.rename(folder)
    (folder / "custody.pin").write_bytes(pin)


TAMPERINGS: list[tuple[str, Callable[[Path], object], str, str]] = [
    ("changed byte", lambda f: flip(some_file(f), 5), "files/", "was changed"),
    ("missing file", lambda f: some_file(f).unlink(), "files/", "is missing"),
    ("emptied file", lambda f: some_file(f).write_bytes(b""), "files/", "was changed"),
    ("extra file", lambda f: (f / "files" / "aa.txt").write_bytes(b""), "files/aa.txt", "not in the custody log"),
    ("extra at the top", lambda f: (f / "note.txt").write_bytes(b""), "note.txt", "not in the custody log"),
    ("extra in incoming", lambda f: (f / "incoming" / "x").write_bytes(b""), "incoming/x", "not in the custody log"),
    ("last line removed", lambda f: write_lines(f, log_lines(f)[:-1]), "custody.jsonl:6", "missing at the end"),
    ("middle line removed", lambda f: write_lines(f, log_lines(f)[:2] + log_lines(f)[3:]), "custody.jsonl:3", "follow"),
    ("lines swapped", swapped, "custody.jsonl:2", "follow"),
    ("line twice", lambda f: write_lines(f, log_lines(f) + log_lines(f)[-1:]), "custody.jsonl:7", "follow"),
    ("line of junk", lambda f: write_lines(f, [*log_lines(f), b"{}\n"]), "custody.jsonl:7", "not a line"),
    ("changed field", changed_field, "custody.jsonl:3", "was changed"),
    ("changed field, hashed anew", rehashed_field, "custody.jsonl:4", "follow"),
    ("log cut", lambda f: os.truncate(f / "custody.jsonl", 1500), "custody.jsonl:", "which the pin holds"),
    ("log emptied", lambda f: write_lines(f, []), "custody.jsonl:1", "which the pin holds"),
    ("log removed", lambda f: (f / "custody.jsonl").unlink(), "custody.jsonl:1", "which the pin holds"),
    (
        "line end changed",
        lambda f: write_lines(f, [*log_lines(f)[:-1], log_lines(f)[-1][:-1] + b" "]),
        "custody.jsonl:6",
        "end",
    ),
    (
        "blank in a line",
        lambda f: write_lines(f, [b" " + log_lines(f)[0], *log_lines(f)[1:]]),
        "custody.jsonl:1",
        "form",
    ),
    ("pin removed", lambda f: (f / "custody.pin").unlink(), "custody.pin", "is missing"),
    ("pin emptied", lambda f: (f / "custody.pin").write_bytes(b""), "custody.pin", "not a pin"),
    ("blank after the pin", lambda f: (f / "custody.pin").open("ab").write(b" "), "custody.pin", "was changed"),
    ("pinned with another key", forged_pin, "custody.pin", "another one"),
    ("added without the key", added_entry, "custody.jsonl:7", "not written with the pin key"),
    ("manifest changed", lambda f: flip(f / "manifest.csv", 400), "manifest.csv:2", "differs"),
    ("manifest cut", lambda f: os.truncate(f / "manifest.csv", 400), "manifest.csv:2", "differs"),
    ("manifest emptied", lambda f: os.truncate(f / "manifest.csv", 0), "manifest.csv:1", "differs"),
    ("manifest longer", lambda f: (f / "manifest.csv").open("ab").write(b"x\r\n"), "manifest.csv:8", "more than"),
]


@pytest.mark.parametrize("seal_key", [None, SEAL_KEY], ids=["clear", "sealed"])
@pytest.mark.parametrize(("tamper", "place", "why"), [t[1:] for t in TAMPERINGS], ids=[t[0] for t in TAMPERINGS])
def test_tampering_is_found_with_file_and_line(
    folder: Path, tamper: Callable[[Path], object], place: str, why: str, seal_key: bytes | None
) -> None:
    filled(folder, seal_key)
    tamper(folder)
    report = open_vault(folder, seal_key).verify()
    assert any(str(p).startswith(f"evidence/{place}") and why in str(p) for p in report.problems), str(report)
    assert "DAMAGED" in str(report)
    assert not json.loads(report.to_json())["ok"]


def test_a_link_in_place_of_a_file_is_found(folder: Path) -> None:
    filled(folder)
    path = some_file(folder)
    path.rename(folder.parent / "elsewhere")
    path.symlink_to(folder.parent / "elsewhere")
    assert "is a link" in str(open_vault(folder).verify())


@pytest.mark.parametrize(
    "name", ["last line removed", "log emptied", "changed field", "pin removed", "pinned with another key"]
)
def test_a_damaged_vault_is_not_written_on(folder: Path, name: str) -> None:
    filled(folder)
    next(t[1] for t in TAMPERINGS if t[0] == name)(folder)
    vault = open_vault(folder)
    with pytest.raises(VaultError, match=r"evidence/custody\.(pin|jsonl)"):
        put(vault, b"more")
    with pytest.raises(VaultError):
        vault.find(op_id="zd1")


def test_a_line_that_goes_while_the_vault_is_open_is_missed(folder: Path) -> None:
    vault = filled(folder)
    write_lines(folder, log_lines(folder)[:-1])
    with pytest.raises(VaultError, match="missing at the end"):
        put(vault, b"more")


def test_keys_matter(folder: Path) -> None:
    entry = put(open_vault(folder, SEAL_KEY), b"secret" * 50_000)
    wrong = open_vault(folder, bytes(32))
    with pytest.raises(DecryptionError, match="does not open under this seal key"):
        wrong.read(entry.sha256)
    report = wrong.verify()
    assert (report.ok, report.damaged) == (False, False)
    assert "vault_key is a wrong key: 1 of 1 sealed" in str(report)
    without = open_vault(folder)
    with pytest.raises(VaultError, match="the seal key is needed"):
        without.read(entry.sha256)
    assert without.verify().ok
    assert without.verify().checked == "stored bytes only (no seal key)"
    flip(folder / entry.path, 90_000)
    for vault in (wrong, without, open_vault(folder, SEAL_KEY)):
        assert "was changed" in str(vault.verify())
    with pytest.raises(VaultError, match="was changed"):
        open_vault(folder, SEAL_KEY).read(entry.sha256)
    with pytest.raises(VaultError, match="was made with a pin key"):
        put(open_vault(folder, pin_key=None), b"more")
    assert "was not checked" in str(open_vault(folder, pin_key=None).verify())
    with pytest.raises(KeyFormatError, match="32 bytes"):
        open_vault(folder, b"short")


def test_reading_notices_a_changed_file(folder: Path) -> None:
    vault = filled(folder)
    entry = vault.entries()[0]
    flip(folder / entry.path, 100)
    with pytest.raises(VaultError, match=f"evidence/{entry.path}: was changed"):
        vault.read(entry.sha256)
    (folder / entry.path).unlink()
    with pytest.raises(VaultError, match="is missing, though line 1"):
        vault.read(entry.sha256)
    with pytest.raises(VaultError, match="no file with this SHA-256"):
        vault.read("../../etc/passwd")


def test_a_missing_file_comes_back_when_it_is_received_again(folder: Path) -> None:
    vault = open_vault(folder)
    entry = put(vault, b"one")
    (folder / entry.path).unlink()
    assert put(vault, b"one") == entry
    assert vault.verify().ok
    sealed = put(open_vault(folder, SEAL_KEY), b"two")
    (folder / sealed.path).unlink()
    with pytest.raises(VaultError, match="no copy can replace a sealed file"):
        put(open_vault(folder, SEAL_KEY), b"two")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_changed_byte_is_noticed(whole: Path, data: st.DataObject) -> None:
    paths = sorted(p for p in whole.rglob("*") if p.is_file() and p.name != ".lock")
    path = data.draw(st.sampled_from(paths))
    raw = path.read_bytes()
    at = data.draw(st.integers(0, len(raw) - 1) | st.sampled_from([0, len(raw) - 1]))
    value = data.draw(st.integers(0, 255).filter(lambda v: v != raw[at]))
    path.write_bytes(raw[:at] + bytes([value]) + raw[at + 1 :])
    try:
        assert not open_vault(whole, SEAL_KEY).verify().ok, (path.name, at, value)
    finally:
        path.write_bytes(raw)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "evidence"
    for number, seal_key in enumerate((None, SEAL_KEY)):
        put(open_vault(folder, seal_key), b"evidence %d" % number, origin(f"zd{number}"))
    open_vault(folder).write_manifest()
    assert open_vault(folder, SEAL_KEY).verify().ok
    return folder


# Sealing


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 3 * 65_536])
def test_sealing_holds_every_frame(size: int) -> None:
    clear = os.urandom(size)
    sealer = Sealer(SEAL_KEY)
    raw = b"".join([sealer.update(clear[at : at + 10_000]) for at in range(0, size, 10_000)]) + sealer.finish()
    head, frames = raw[:47], [raw[at : at + 65_552] for at in range(47, len(raw), 65_552)]
    assert b"".join(unseal([raw[:3], raw[3:]], SEAL_KEY)) == clear
    damaged = [
        raw[:-1],
        raw + b"\0",
        raw[:20],
        b"",
        bytes([raw[0] ^ 1]) + raw[1:],
        raw[:10] + bytes([raw[10] ^ 1]) + raw[11:],
    ]
    damaged += [head + b"".join(frames[:-1])]
    if len(frames) > 1:
        damaged += [head + frames[-1] + b"".join(frames[1:-1]) + frames[0], head + b"".join(frames[1:])]
        damaged += [head + frames[0] + b"".join(frames)]
    for other in damaged:
        with pytest.raises(DecryptionError):
            list(unseal([other], SEAL_KEY))


# Crashes


def storing(folder: Path, seed: int, out: int) -> None:
    """A child that stores until it is killed, and says what was stored."""
    dice = random.Random(seed)
    vault = Vault(folder, pin_key=PIN_KEY, seal_key=SEAL_KEY if seed % 2 else None, durable=seed % 3 == 0)
    for number in range(10_000):
        with ExitStack() as stack:
            items = []
            for part in range(dice.choice((1, 1, 3))):
                file = stack.enter_context(vault.receive())
                file.write(dice.randbytes(dice.choice((10, 5_000, 100_000))))
                items.append((file, origin(f"{seed}-{number}", f"{part}.jpg")))
            vault.store(*items)
        os.write(out, b"".join(b"%d-%d %s\n" % (seed, number, o.name.encode()) for _, o in items))
        if number % 5 == 4:
            vault.write_manifest()


def test_kill_at_any_moment_loses_nothing(folder: Path) -> None:
    dice = random.Random(7)
    told: list[str] = []
    noted = 0
    for seed in range(120):
        if seed >= 30 and len(told) > 30 and noted:
            break
        read, write = os.pipe()
        child = os.fork()
        if child == 0:  # pragma: no cover
            os.close(read)
            with suppress(BaseException):
                storing(folder, seed, write)
            os._exit(1)
        os.close(write)
        time.sleep(dice.uniform(0.005, 0.08) * (1 + seed / 30))  # on a busy machine a child comes less far
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), "the child failed by itself"
        with os.fdopen(read) as pipe:
            told += [line for line in pipe.read().split("\n")[:-1] if line]
        report = Vault(folder, pin_key=PIN_KEY, seal_key=SEAL_KEY).verify()
        assert report.ok, str(report)
        noted += any("unfinished" in note or "after it" in note for note in report.notes)
    vault = open_vault(folder, SEAL_KEY)
    put(vault, b"the next one")
    vault.write_manifest()
    report = vault.verify()
    clear_note = [note for note in report.notes if "not sealed" not in note]
    assert (report.ok, clear_note, list((folder / "incoming").iterdir())) == (True, [], []), str(report)
    stored = [f"{e.op_id} {e.name}" for e in vault.entries()]
    assert len(stored) == len(set(stored))
    assert set(told) <= set(stored)
    assert len(told) > 30, "the kills came too early"
    assert noted, "the kills came at the wrong moments"
    by_operation: dict[str | None, int] = {}
    for entry in vault.entries():
        by_operation[entry.op_id] = by_operation.get(entry.op_id, 0) + 1
    assert set(by_operation.values()) <= {1, 3}, "a transaction was torn"


#: How often a store does it at least, so that none of its failures is left out.
MUST = {"write": 3, "fsync": 3, "replace": 1, "rename": 1, "mkdir": 1, "open": 4}


@pytest.mark.parametrize("step", MUST)
def test_whatever_the_disk_refuses_the_vault_stays_whole(
    folder: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each call of each kind fails once, writes after the half of their bytes."""
    real = getattr(os, step)
    put(Vault(folder, pin_key=PIN_KEY), b"before")
    refused: list[str] = []
    for turn in range(1, 20):
        calls = 0

        def refuse(*args: object, turn: int = turn, **options: object) -> object:
            nonlocal calls
            calls += 1
            if calls != turn:
                return real(*args, **options)
            if step == "write":
                real(args[0], bytes(args[1])[: len(args[1]) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        vault = Vault(folder, pin_key=PIN_KEY)
        with monkeypatch.context() as patch:
            patch.setattr(os, step, refuse)
            try:
                put(vault, b"content %d" % turn, origin(f"zd{turn}"))
            except OutputError as error:
                refused.append(str(error))
        report = Vault(folder, pin_key=PIN_KEY).verify()
        assert report.ok, str(report)
        entry = put(vault, b"content %d" % turn, origin(f"zd{turn}"))
        assert vault.read(entry.sha256) == b"content %d" % turn
        report = vault.verify()
        assert (report.ok, report.notes, report.entries) == (True, (), turn + 1), str(report)
        if calls < turn:
            break
    assert all("no space left" in text and "evidence" in text for text in refused)
    assert len(refused) >= MUST[step], refused


@pytest.mark.parametrize("first", [True, False], ids=["first store", "later store"])
@pytest.mark.parametrize("step", MUST)
def test_a_process_that_dies_at_any_step_leaves_a_vault(tmp_path: Path, step: str, first: bool) -> None:
    """A child ends without a word just before, or just after, each call of each kind in a store of two files."""
    survived, notes = 0, set[str]()
    for turn in range(2, 40):
        folder = tmp_path / str(turn) / "evidence"
        other = open_vault(folder, SEAL_KEY)  # it tidied up before the crash, and goes on after it
        if not first:
            put(other, b"before", origin("before"))
        child = os.fork()
        if child == 0:  # pragma: no cover
            dying(folder, step, turn)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert code in (0, 9), "the child failed by itself"
        report = Vault(folder, pin_key=PIN_KEY, seal_key=SEAL_KEY).verify()
        assert report.ok, (turn, str(report))
        notes.update(note.partition(":")[0] for note in report.notes if "unfinished" not in note)
        entries = [e for e in other.entries() if e.op_id == "both"]
        assert len(entries) == 2 if code == 0 else len(entries) in (0, 2)
        assert all(other.read(e.sha256) == e.name.encode() * 99 for e in entries)
        put(other, b"after", origin("after"))
        survived += code == 0
        report = open_vault(folder, SEAL_KEY).verify()
        assert report.ok, (turn, str(report))
        assert not entries or report.notes == (), report.notes
        if code == 0:
            break
    assert survived == 1
    assert step != "replace" or notes == {"custody.pin", "incoming"}


def dying(folder: Path, step: str, turn: int) -> None:  # pragma: no cover
    real, calls = getattr(os, step), 0

    def die(*args: object, **options: object) -> object:
        nonlocal calls
        calls += 1
        if calls == turn // 2 and turn % 2 == 0:
            os._exit(9)
        result = real(*args, **options)
        if calls == turn // 2:
            os._exit(9)
        return result

    with suppress(BaseException), ExitStack() as stack:
        vault = Vault(folder, pin_key=PIN_KEY, seal_key=SEAL_KEY)
        setattr(os, step, die)
        files = [stack.enter_context(vault.receive()) for _ in "ab"]
        for file, name in zip(files, "ab", strict=True):
            file.write(name.encode() * 99)
        vault.store(*((file, origin("both", name)) for file, name in zip(files, "ab", strict=True)))
        os._exit(0)
    os._exit(1)


def test_readers_are_not_confused_by_lines_that_are_taken_back(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer, reader = Vault(folder, pin_key=PIN_KEY), open_vault(folder)
    put(writer, b"one")
    real, seen = os.fsync, []

    def fail_on_log(fd: int) -> None:
        if os.readlink(f"/proc/self/fd/{fd}").endswith("custody.jsonl"):
            seen.append(len(reader.entries()))
            raise OSError(errno.EIO, "the disk is gone")
        real(fd)

    monkeypatch.setattr(os, "fsync", fail_on_log)
    with pytest.raises(OutputError, match="the disk is gone"):
        put(writer, b"two", origin("zd2"))
    monkeypatch.undo()
    assert (seen, len(reader.entries()), len(writer.entries())) == ([2], 1, 1)
    assert put(reader, b"two", origin("zd2")).seq == 2
    assert writer.verify().notes == ()


def test_a_full_disk(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], check=False).returncode:
        pytest.skip("no right to mount a small disk")
    try:
        vault = Vault(disk / "evidence", pin_key=PIN_KEY)
        stored: list[Entry] = []
        for size in (200_000, 20_000, 3_000, 100):
            with pytest.raises(OutputError, match=r"evidence/.*no space left"):
                stored.extend(put(vault, os.urandom(size), origin(f"{size}-{number}")) for number in range(500))
            report = vault.verify()
            assert (report.ok, report.notes, report.entries) == (True, (), len(stored)), str(report)
        assert all(len(vault.read(e.sha256)) == e.size for e in stored)
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_torn_last_line_is_a_note_and_is_cut_off(folder: Path) -> None:
    vault = filled(folder)
    log = folder / "custody.jsonl"
    size = log.stat().st_size
    with log.open("ab") as file:
        file.write(log_lines(folder)[-1][:-20])
    report = vault.verify()
    assert report.ok
    assert any("not written to its end" in note for note in report.notes)
    assert len(open_vault(folder).entries()) == 6
    put(vault, b"more")
    report = vault.verify()
    assert report.ok
    assert report.entries == 7
    assert log.stat().st_size > size


def test_what_a_dead_writer_left_is_removed_a_live_one_s_is_not(folder: Path) -> None:
    vault = filled(folder)
    dead = folder / "incoming" / "dead.part"
    dead.write_bytes(b"half")
    with vault.receive() as alive:
        alive.write(b"whole")
        report = vault.verify()
        assert report.ok
        assert report.notes == ("incoming: 2 unfinished download(s)",)
        put(open_vault(folder), b"another process's")
        assert not dead.exists()
        vault.store((alive, origin("alive")))
    stuck = vault.receive()
    with stuck:
        old = time.time() - 90_000
        os.utime(stuck.path, (old, old))
        put(open_vault(folder), b"a third one's")
        assert not stuck.path.exists()
    assert vault.verify().ok
    assert vault.verify().entries == 9


def test_folders_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "evidence").write_text("a file where the folder should be")
    with pytest.raises(OutputError, match="evidence"):
        put(open_vault(tmp_path / "evidence"), b"x")
    deep = tmp_path / "x"
    deep.mkdir()
    deep.chmod(0o500)
    child = os.fork()
    if child == 0:  # pragma: no cover
        code = 1
        with suppress(BaseException):
            if os.geteuid() == 0:
                os.setuid(65_534)
            try:
                put(open_vault(deep / "evidence"), b"x")
            except (OutputError, PermissionError):
                code = 0
        os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


# Many at once


def crowd(folder: Path, number: int) -> None:
    vault = open_vault(folder)

    def one(i: int) -> None:
        put(vault, b"shared %d" % i, origin(f"shared-{i}"))
        put(vault, b"own %d %d" % (number, i), origin(f"own-{number}-{i}"))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, range(40)))
    vault.write_manifest()


def test_processes_and_threads_share_a_vault(folder: Path) -> None:
    context = multiprocessing.get_context("fork")
    children = [context.Process(target=crowd, args=(folder, number)) for number in range(4)]
    for child in children:
        child.start()
    reader = open_vault(folder)
    while any(child.is_alive() for child in children):
        report = reader.verify()
        assert report.ok, str(report)
        assert all(reader.has(entry.identity) for entry in reader.entries()[-5:])
        time.sleep(0.02)
    for child in children:
        child.join()
        assert child.exitcode == 0
    report = reader.verify()
    assert (report.ok, report.notes, report.entries, report.files) == (True, (), 200, 200), str(report)


def test_one_caller_s_trouble_is_not_the_others(folder: Path) -> None:
    vault = open_vault(folder)
    put(vault, b"first")
    results: list[object] = []

    def store(number: int) -> None:
        with vault.receive() as file:
            file.write(b"content %d" % number)
            file.finish()
            if number == 3:
                file.path.unlink()
            barrier.wait()
            try:
                results.extend(vault.store((file, origin(f"zd{number}"))))
            except OutputError as error:
                results.append(error)

    barrier = threading.Barrier(8)
    threads = [threading.Thread(target=store, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(r, OutputError) for r in results) == 1
    assert len(results) == 8
    assert vault.verify().ok
    assert vault.verify().entries == 8


# Media types


def zipped(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, os.urandom(2000))
    return out.getvalue()


def workbook() -> bytes:
    out = io.BytesIO()
    openpyxl.Workbook().save(out)
    return out.getvalue()


def ole(stream: str) -> bytes:
    name = stream.encode("utf-16-le")
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + name.ljust(64, b"\0") + bytes([len(name) + 2, 0])


SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n....", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"BM" + (60).to_bytes(4, "little") + bytes(60), "image/bmp"),
        (b"BM is how this text begins", "text/plain"),
        (b"\0\0\0\x18ftypisom", "video/mp4"),
        (b"\n%PDF-1.4", "application/pdf"),
        (zipped("a.jpg", "b/c.pdf"), "application/zip"),
        (zipped("word/document.xml"), WORD),
        (zipped("OFD.xml", "Doc_0/Document.xml"), "application/ofd"),
        (zipped("notes/xl/workbook.xml.txt"), "application/zip"),
        (workbook(), SHEET),
        (ole("Workbook"), "application/vnd.ms-excel"),
        (ole("EncryptedPackage"), "application/x-ole-storage"),
        (b'{"code": "0"}', "application/json"),
        (b'[{"a": 1}, null]', "application/json"),
        (b'{"a": 1}\n{"a": 2}\n', "application/x-ndjson"),
        (b"[not json", "text/plain"),
        (b"<!DOCTYPE html><html>", "text/html"),
        (b"\xef\xbb\xbf<html lang='zh'>", "text/html"),
        (b"<?xml version='1.0'?><a/>", "application/xml"),
        (b"<Error><Code>AccessDenied</Code></Error>", "application/xml"),
        ("订单号,费用\n1,0.5\n2,0.5\n".encode("gb18030"), "text/csv"),
        ("\ufeff订单号\t费用\n1\t0.5\n".encode("utf-16-le"), "text/csv"),
        (b'a;b\n"x;y";2\n', "text/csv"),
        ("一段话，没有表格".encode(), "text/plain"),
        (b"\0\x01\x02\x03", "application/octet-stream"),
        (b"", "application/x-empty"),
    ],
)
def test_media_types(folder: Path, content: bytes, kind: str) -> None:
    assert put(open_vault(folder), content).media_type == kind


def test_media_types_of_long_files(folder: Path) -> None:
    vault = open_vault(folder)
    assert put(vault, zipped(*(f"xl/media/{n}.png" for n in range(100)), "xl/workbook.xml")).media_type == SHEET
    assert put(vault, ("身份,一\n" * 40_000).encode(), origin("b")).media_type == "text/csv"
    assert put(vault, b'{"rows": [' + b'"x",' * 50_000 + b"1]}", origin("c")).media_type == "application/json"


@given(st.binary(max_size=300))
def test_media_types_of_anything(raw: bytes) -> None:
    assert "/" in media_type(raw)
    assert "/" in media_type(b"PK\x03\x04" + raw, raw)


def test_the_manifest_shows_nobodys_number(folder: Path) -> None:
    vault = open_vault(folder)
    where = Origin(
        "dec", "zd1", "app", "files", "110101199003074514.zip", "https://x.example/110101199003074514.zip", AT
    )
    put(vault, b"PK", where)
    vault.write_manifest()
    assert "110101199003074514" not in vault.manifest().to_csv()
    assert b"110101199003074514" not in (vault.folder / "manifest.csv").read_bytes()
    assert vault.verify().ok
