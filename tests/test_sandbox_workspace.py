"""The workspace of a sandbox: used again where it fits, refused with a clear word where it does not. And the demo."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from pull_room import Ran, run
from sandbox_room import Room

from idvtools.cli import demo
from idvtools.errors import OutputError
from idvtools.pull.report import Item, PullReport
from idvtools.sandbox.customer import Application, Receiver
from idvtools.sandbox.server import Sandbox, westdex
from idvtools.workspace import Workspace


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    monkeypatch.setattr(Sandbox, "serve_forever", Sandbox.stop)
    return lambda *options: run("sandbox", *options)


def test_a_workspace_is_used_again(serve: Callable[..., Ran], tmp_path: Path) -> None:
    first = Sandbox(seed=3)
    port = first.bind().rpartition(":")[2]
    first.stop()
    options = ("--port", port, "--workspace", str(tmp_path / "ws"))
    assert serve("--seed", "3", *options).out.startswith("made ")
    (tmp_path / "ws" / "requests" / "start.jsonl").write_text("{}\n")
    before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")}
    assert serve("--seed", "3", *options).out.startswith(f"using {tmp_path / 'ws'}: idvtools pull ")
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")} == before
    for ran in (serve("--seed", "4", *options), serve("--seed", "3", "--port", "0", *options[2:])):
        assert ran.status == 2
        assert str(tmp_path / "ws") in ran.err
        assert "leave --workspace away, or choose another folder" in ran.err


def test_a_folder_that_cannot_be_made_is_named_as_it_was_given(serve: Callable[..., Ran], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ran = serve("--port", "0", "--workspace", str(tmp_path / "file" / "ws"))
    assert ran.status == 2
    assert f"{tmp_path / 'file' / 'ws'}: cannot be written: not a directory" in ran.err
    assert ".partial" not in ran.err


@pytest.mark.parametrize("command", ["sandbox", "demo", "generate x", "generate x --exchanges"])
def test_a_seed_is_no_negative_number(command: str) -> None:
    ran = run(*command.split(), "--seed", "-1")
    assert ran.status == 2
    assert "--seed" in ran.err


def test_plant_is_told_whole_and_limited(dec: Room) -> None:
    told = dec.control("", method="GET").json()["control"]["POST /_control/dec/plant"]
    for name in (
        "count", "app", "site", "status", "at_ms", "files", "size", "parsed", "sub_status", "needs_agreement", "notify",
    ):  # fmt: skip
        assert f'"{name}"' in told
    got = dec.control("/dec/plant", {"count": 10_001})
    assert (got.status_code, got.json()["error"]) == (400, "count must be between 0 and 10000")


def test_a_demo_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OutputError("the disk is full")

    monkeypatch.setattr(demo, "Application", fail)
    assert run("demo", "--out", str(tmp_path / "demo")).status == 2
    assert not (tmp_path / "demo").exists()


def test_the_demo_s_check_of_a_face_goes_well_with_any_seed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(westdex, "_WEIGHTS", {("20003", ""): 1})  # as it comes for the seed 5
    with Sandbox(5) as sandbox:
        sandbox.write_workspace(tmp_path / "ws")
        ws = Workspace(tmp_path / "ws")
        app = Application(ws.folder, ws.keys, sandbox.clock.now_ms, sandbox.clock.set, 5)
        with Receiver(ws.folder / "callbacks", app.now, ws.keys("webank").require(None).text("salt")) as heard:
            demo._others(sandbox, app, heard)
        assert sandbox.westdex.charged == 1


def test_the_demo_says_why_something_is_waiting() -> None:
    told: list[str] = []
    waiting = tuple(Item("statement", "waiting", "a", day=date(2026, 10, n), reason="later") for n in range(1, 8))
    demo._told("2026-10-01: ", PullReport("dec", waiting), told.append)
    assert told[:2] == ["pulled 2026-10-01: dec: 7 waiting; nothing new", "  statement a 2026-10-01: waiting (later)"]
    assert (len(told), told[-1]) == (7, "  and 2 more")
