"""The command line as a user meets it: exit status, messages, files."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from front_door import OPS, Bench, Op, Run, clock, csv_rows, lines, run, statement_name

import idvtools as idv
from idvtools.cli import main
from idvtools.ledger.columns import BREAKS
from idvtools.report.result import Reconciliation
from idvtools.sandbox import generate

ROOT = Path(__file__).parents[1]
COMMANDS = sorted(main.commands)
WRITTEN = {"summary.json", "ledger.parquet", "breaks.csv", "reconciliation.xlsx", "reconciliation.html"}
ONE_SCREEN = 40
DEC = ("--vendor", "dec")
MONTH = (*DEC, "--month", "2026-10")


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(tmp_path_factory.mktemp("cli") / "ws", operations=60, seed=1).folder


@pytest.fixture(scope="module")
def agreed(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A workspace in which everybody agrees; tests only read it."""
    return Bench(tmp_path_factory.mktemp("agreed") / "ws").make()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "ws").make()


def shell(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
    """A real process, as started from a shell."""
    return subprocess.run(
        [sys.executable, "-c", "from idvtools.cli import main; main()", *args],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, **env},
        timeout=120,
        check=False,
    )


# ---- reconcile: what it writes and says


def test_reconcile_writes_everything_and_says_the_figures(synthetic: Path, tmp_path: Path) -> None:
    done = shell("reconcile", str(synthetic), *MONTH, "--out", str(tmp_path / "out"))
    assert done.returncode == 0
    assert {p.name for p in (tmp_path / "out").iterdir()} == WRITTEN | {"rejects.jsonl"}
    summary = json.loads((tmp_path / "out/summary.json").read_text("utf-8"))
    assert f"{summary['operations']} operations, {summary['ours']['billable']} billable" in done.stdout
    for amount in (summary["ours"]["amount"], summary["statement"]["amount"], summary["difference"]["amount"]):
        assert amount in done.stdout
    assert "reconciliation.html" in done.stdout
    assert "Traceback" not in done.stderr
    assert all(line.startswith("warning: ") for line in done.stderr.splitlines())  # no progress off a terminal
    assert [p.name for p in tmp_path.iterdir()] == ["out"]  # nothing is left beside it


def test_summary_has_every_key_of_the_contract(synthetic: Path, tmp_path: Path) -> None:
    result = run("reconcile", str(synthetic), *MONTH, "--out", str(tmp_path / "o"), out=tmp_path / "o").done()
    summary = result.summary
    assert {
        "vendor", "period", "timezone", "generated_at", "tool_version", "inputs", "operations", "ours", "statement",
        "difference", "undecided_amount", "buckets", "causes", "coverage", "notifications", "evidence", "caveats",
        "assumptions",
    } <= set(summary)  # fmt: skip
    assert summary["period"] == {"from": "2026-10-01", "to": "2026-10-31"}
    assert set(summary["inputs"][0]) >= {"path", "rows", "rejected", "sha256"}
    assert set(summary["coverage"]) >= {"days_expected", "days_missing"}
    assert set(summary["notifications"]) >= {"received", "accepted", "duplicates", "failed_check", "unchecked"}
    money = [summary["ours"]["amount"], summary["statement"]["amount"], summary["undecided_amount"]]
    assert all(re.fullmatch(r"-?\d+\.\d\d", text) for text in money)
    in_breaks = sum(summary["buckets"][name]["rows"] for name in BREAKS)
    assert len(csv_rows((tmp_path / "o/breaks.csv").read_text("utf-8"))) == in_breaks


def test_check_is_0_without_breaks(bench: Bench) -> None:
    result = bench.reconcile("--check").done()
    assert result.buckets() == {"matched": 3}
    assert not result.stderr


def test_check_is_1_with_breaks_and_writes_all_the_same(bench: Bench) -> None:
    bench.write(statement_name(6), lines([bench.read(statement_name(6)).splitlines()[0]]))
    result = bench.reconcile("--check")
    assert result.status == 1
    assert not result.errors
    assert result.buckets()["only_in_ours"] == 1
    assert bench.reconcile().status == 0  # breaks are no error unless asked


def test_undecidable_and_missing_statements_are_no_breaks(bench: Bench) -> None:
    bench.path(statement_name(6)).unlink()
    result = bench.reconcile("--check").done()
    assert result.buckets() == {"matched": 2, "statement_missing": 1}


def test_days_instead_of_a_month(agreed: Bench) -> None:
    result = agreed.reconcile("--from", "2026-10-05", "--to", "2026-10-05", month=None).done()
    assert result.summary["operations"] == 2
    assert result.summary["period"] == {"from": "2026-10-05", "to": "2026-10-05"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "give either a month, or the first and the last day"),
        (("--month", "2026-10", "--from", "2026-10-01", "--to", "2026-10-02"), "give either a month"),
        (("--from", "2026-10-01"), "needs both"),
        (("--to", "2026-10-01"), "needs both"),
        (("--from", "2026-10-05", "--to", "2026-10-04"), "ends (2026-10-04) before it begins"),
        (("--from", "yesterday", "--to", "2026-10-04"), "YYYY-MM-DD"),
        (("--from", "2026-02-29", "--to", "2026-03-04"), "YYYY-MM-DD"),
        (("--month", "2026-13"), "YYYY-MM"),
        (("--month", "2026-1"), "YYYY-MM"),
        (("--month", "october"), "YYYY-MM"),
        (("--month", "２０２６-10"), "YYYY-MM"),
        (("--month", "2026-10\n"), "YYYY-MM"),
        (("--month", "9999-12"), "after 2199"),
        (("--month", "2026-10", "--engine", "spark"), "spark is not part of this version"),
        (("--month", "2026-10", "--engine", "sqlite"), "is not one of"),
        (("--month", "2026-10", "--lang", "fr"), "is not one of"),
        (("--month", "2026-10", "--nonsense"), "--nonsense"),
    ],
)
def test_a_slip_of_the_keyboard_is_one_line_and_2(agreed: Bench, options: tuple[str, ...], words: str) -> None:
    result = agreed.reconcile(*options, month=None).refused(words)
    assert len(result.errors) == 1


def test_ages_of_days_are_refused_at_once(agreed: Bench) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import resource; resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))\n"
         "from idvtools.cli import main; main()", "reconcile", str(agreed.folder), *DEC,
         "--from", "0001-01-01", "--to", "9999-12-31", "--out", str(agreed.folder.parent / "ages")],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_unknown_vendor_lists_the_known_ones(agreed: Bench, tmp_path: Path) -> None:
    result = run("reconcile", str(agreed.folder), "--vendor", "dce", "--month", "2026-10", "--out", str(tmp_path / "o"))
    assert result.refused("unknown vendor 'dce'", "dec")


@pytest.mark.parametrize("lang", ["zh", "en", "both"])
def test_reports_in_the_language_that_was_asked_for(bench: Bench, lang: str) -> None:
    bench.path(statement_name(6)).unlink()
    result = bench.reconcile("--lang", lang).done()
    assert result.out is not None
    page = (result.out / "reconciliation.html").read_text("utf-8")
    assert ("核对一致" in page) == (lang != "en")
    assert ("statement files are missing" in page) == (lang != "zh")
    assert ("缺少对账单" in result.stderr) == (lang == "zh")


def test_strict_names_each_line_that_cannot_be_read(bench: Bench) -> None:
    bench.write("callbacks/x.jsonl", "nothing at all\n")
    bench.write("requests/x.jsonl", "\n\n{\n")
    result = bench.reconcile("--strict").refused("callbacks/x.jsonl:1: ", "requests/x.jsonl:3: ")
    assert len(result.errors) == 2
    assert bench.reconcile().done().warnings


def test_progress_goes_to_stderr_when_asked(agreed: Bench) -> None:
    result = agreed.reconcile("--progress").done()
    assert "reading" in result.stderr
    assert "reading" not in result.stdout
    assert "reading" not in agreed.reconcile("--no-progress").done().stderr


def test_ledger_csv_on_request(agreed: Bench) -> None:
    result = agreed.reconcile("--ledger-csv").done()
    assert result.out is not None
    assert len(csv_rows((result.out / "ledger.csv").read_text("utf-8"))) == 3
    assert len({row["op_id"] for row in result.ledger}) == 3


# ---- reconcile: where it may write


def test_a_folder_that_holds_something_is_refused_without_force(bench: Bench) -> None:
    out = bench.folder.parent / "out1"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    result = bench.reconcile()
    assert (result.status, len(result.errors)) == (2, 1)
    assert "--force" in result.stderr
    assert [p.name for p in out.iterdir()] == ["mine.txt"]


def test_force_replaces_results_and_keeps_what_is_not_ours(bench: Bench) -> None:
    out = bench.folder.parent / "out1"
    (out / "notes").mkdir(parents=True)
    (out / "notes/a.txt").write_text("mine")
    for name in ("summary.json", "rejects.jsonl", "ledger.csv"):
        (out / name).write_text("old")
    bench.reconcile("--force").done()
    assert {p.name for p in out.iterdir()} == WRITTEN | {"notes"}  # no rejects.jsonl of an older run
    assert (out / "notes/a.txt").read_text() == "mine"
    assert json.loads((out / "summary.json").read_text("utf-8"))["operations"] == 3
    assert {p.name for p in bench.folder.parent.iterdir()} == {"ws", "out1"}


def test_an_empty_folder_is_fine(bench: Bench) -> None:
    (bench.folder.parent / "out1").mkdir()
    bench.reconcile().done()


def test_a_link_to_a_folder_stays_a_link(bench: Bench) -> None:
    real, out = bench.folder.parent / "real", bench.folder.parent / "out1"
    real.mkdir()
    (real / "mine.txt").write_text("mine")
    out.symlink_to(real)
    bench.reconcile("--force").done()
    assert out.is_symlink()
    assert {p.name for p in real.iterdir()} == WRITTEN | {"mine.txt"}


@pytest.mark.parametrize(
    "where", ["", "..", "requests", "requests/out", "statements/../callbacks", "keys/x", "evidence"]
)
@pytest.mark.parametrize("force", [(), ("--force",)])
def test_never_over_the_workspace(agreed: Bench, where: str, force: tuple[str, ...]) -> None:
    before = sorted(agreed.folder.rglob("*"))
    result = run("reconcile", str(agreed.folder), *MONTH, "--out", str(agreed.folder / where), *force)
    result.refused("workspace's own folders")
    assert sorted(agreed.folder.rglob("*")) == before


def test_never_over_the_workspace_through_a_link(agreed: Bench, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(agreed.folder / "requests")
    run("reconcile", str(agreed.folder), *MONTH, "--out", str(tmp_path / "link"), "--force").refused("own folders")
    assert (agreed.folder / "requests/start.jsonl").exists()


@pytest.mark.parametrize("name", ["file", "file/below", "n" * 300, "/dev/null/x", "/proc/nope"])
def test_a_place_that_cannot_be_written(agreed: Bench, tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("x")
    result = run("reconcile", str(agreed.folder), *MONTH, "--out", str(tmp_path / name), "--force").refused()
    assert len(result.errors) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_the_current_folder_is_not_pulled_away(agreed: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run("reconcile", str(agreed.folder), *MONTH, "--out", ".").refused("inside it")
    assert not list(tmp_path.iterdir())


def test_a_full_disk_leaves_nothing_half_written(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Reconciliation) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Reconciliation, "to_json", full)
    bench.reconcile().refused("No space left on device")
    assert [p.name for p in bench.folder.parent.iterdir()] == ["ws"]


def test_a_full_disk_leaves_the_older_results_alone(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.reconcile().done()
    bench.outs = 0
    before = {p.name: p.read_bytes() for p in (bench.folder.parent / "out1").iterdir()}

    def full(self: Reconciliation) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Reconciliation, "to_json", full)
    assert bench.reconcile("--force").status == 2
    assert {p.name: p.read_bytes() for p in (bench.folder.parent / "out1").iterdir()} == before


def test_a_killed_run_leaves_no_results_folder(bench: Bench) -> None:
    """The process dies (kill -9) at the last moment of writing."""
    code = (
        "import os\nfrom idvtools.report.result import Reconciliation\n"
        "Reconciliation.to_json = lambda self: os.kill(os.getpid(), 9)\nfrom idvtools.cli import main; main()"
    )
    out = bench.folder.parent / "out"
    args = ["reconcile", str(bench.folder), *MONTH, "--out", str(out)]
    assert subprocess.run([sys.executable, "-c", code, *args], check=False, timeout=120).returncode == -9
    assert not out.exists()
    run(*args, out=out).done()


def test_reading_writes_nothing_into_the_workspace_but_its_cache(bench: Bench) -> None:
    def state() -> dict[str, bytes]:
        files = (p for p in bench.folder.rglob("*") if p.is_file())
        return {str(p): p.read_bytes() for p in files if ".idvtools" not in p.parts}

    before = state()
    bench.reconcile().done()
    run("explain", str(bench.folder), OPS[0].op_id).done()
    assert state() == before


# ---- explain


def explained(bench: Bench, op_id: str, *options: str) -> Run:
    return run("explain", str(bench.folder), op_id, *options).done()


def test_explain_names_file_and_line_of_every_piece(bench: Bench) -> None:
    bench.write("polls/p.jsonl", lines([{"polled_at": clock(5, 11).isoformat(), "response": poll(OPS[0])}]))
    text = explained(bench, OPS[0].op_id).stdout
    for place in ("requests/start.jsonl:1", "callbacks/notify.jsonl:1", "polls/p.jsonl:1", f"{statement_name(5)}:2"):
        assert place in text
    assert "BILLED: first_effective" in text
    assert "3.00 CNY" in text
    assert len(text.splitlines()) <= ONE_SCREEN


def poll(op: Op) -> dict[str, object]:
    data = {"daId": op.op_id, "appId": "zd1uahd8", "browsingSite": op.site, "bizNo": op.biz_no, "daStatus": op.status}
    return {"errorCode": 0, "errorMessage": "OK", "data": data}


def test_explain_fits_a_screen_however_often_the_platform_retried(bench: Bench) -> None:
    bench.write("callbacks/again.jsonl", lines([OPS[0].callback()] * 60))
    assert len(explained(bench, OPS[0].op_id).stdout.splitlines()) <= ONE_SCREEN


def test_explain_fits_a_screen_for_every_operation(synthetic: Path) -> None:
    result = idv.Workspace(synthetic).reconcile("dec", month="2026-10")
    for op_id in sorted({r["op_id"] for r in result.rows().select(["op_id"]).to_pylist() if r["op_id"]}):
        assert len(str(result.explain(op_id)).splitlines()) <= ONE_SCREEN, op_id


def test_explain_an_operation_that_only_a_notification_knows(bench: Bench) -> None:
    late = Op(clock(20).replace(month=12), number=9)
    bench.write("callbacks/late.jsonl", lines([late.callback()]))
    assert "callbacks/late.jsonl:1" in explained(bench, late.op_id).stdout


def test_explain_survives_a_time_that_no_calendar_holds(bench: Bench) -> None:
    bench.write("callbacks/x.jsonl", lines([OPS[0].callback(OPS[0].body(authorizedTs=2**63 - 1))]))
    assert "first_effective" in explained(bench, OPS[0].op_id).stdout


@pytest.mark.parametrize("op_id", ["nope", "", "b001", "zd'1", "a\nb", "x" * 3000])
def test_explain_an_unknown_id(agreed: Bench, op_id: str) -> None:
    result = run("explain", str(agreed.folder), op_id).refused("no operation")
    assert len(result.errors) == 1


def test_explain_in_one_language(agreed: Bench) -> None:
    english = explained(agreed, OPS[0].op_id, "--lang", "en").stdout
    assert "evidence" in english
    assert "证据" not in english


# ---- init, generate


def test_init_makes_a_workspace_that_loads(tmp_path: Path) -> None:
    made = run("init", str(tmp_path / "new")).done()
    assert "idvtools.toml" in made.stdout
    folders = {p.name for p in (tmp_path / "new").iterdir() if p.is_dir()}
    assert folders == {"requests", "callbacks", "polls", "statements", "evidence", "keys"}
    tomllib.loads((tmp_path / "new/idvtools.toml").read_text("utf-8"))
    idv.Workspace(tmp_path / "new")
    empty = run("reconcile", str(tmp_path / "new"), *MONTH, "--out", str(tmp_path / "o"))
    empty.refused("no data for 2026-10-01..2026-10-31")


def test_a_second_init_is_refused(tmp_path: Path) -> None:
    run("init", str(tmp_path)).done()
    (tmp_path / "idvtools.toml").write_text("# mine\n")
    run("init", str(tmp_path)).refused("there is a workspace already")
    assert (tmp_path / "idvtools.toml").read_text() == "# mine\n"


def test_init_where_no_folder_can_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    run("init", str(tmp_path / "file")).refused("file")
    run("init", str(tmp_path / ("n" * 300))).refused("too long")


def test_generate_makes_a_workspace_and_says_how_to_use_it(tmp_path: Path) -> None:
    made = run("generate", str(tmp_path / "g"), "--operations", "20", "--seed", "4").done()
    assert "--vendor dec --month 2026-10" in made.stdout
    run("reconcile", str(tmp_path / "g"), *MONTH, "--out", str(tmp_path / "o")).done()
    run("generate", str(tmp_path / "g"), "--operations", "20").refused("not empty")


@pytest.mark.parametrize("options", [("--operations", "-1"), ("--month", "2026-13"), ("--seed", "x")])
def test_generate_refuses_nonsense(tmp_path: Path, options: tuple[str, str]) -> None:
    assert len(run("generate", str(tmp_path / "g"), *options).refused().errors) == 1
    assert not list(tmp_path.iterdir())


# ---- the front door itself


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_an_example(command: str) -> None:
    text = run(command, "--help").done().stdout
    assert "Example:" in text
    assert f"idvtools {command} " in text
    assert main.commands[command].help
    for option in main.commands[command].params:
        if isinstance(option, click.Option) and not option.hidden:
            assert any(name in text for name in option.opts)


def test_examples_parse() -> None:
    for name, command in main.commands.items():
        example = (command.epilog or "").rpartition("idvtools ")[2].split()
        assert example[0] == name
        command.make_context(name, example[1:])


def test_usage_errors_name_the_help() -> None:
    assert run("reconcil").refused("No such command 'reconcil'", "idvtools --help").errors
    assert run("reconcile").refused("WORKSPACE", "idvtools reconcile --help").errors
    assert run("explain", "x").refused("idvtools explain --help").errors


def test_no_command_shows_the_help() -> None:
    result = run()
    assert result.status == 2
    assert result.stderr.startswith("Usage: idvtools ")


def test_version() -> None:
    assert run("--version").done().stdout == f"idvtools, version {idv.__version__}\n"


def test_import_is_light() -> None:
    code = (
        "import sys, idvtools, idvtools.cli\n"
        "heavy = {'pandas', 'duckdb', 'ibis', 'numpy', 'pyarrow', 'openpyxl', 'jinja2', 'IPython'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_terminal_without_chinese(agreed: Bench) -> None:
    done = shell("explain", str(agreed.folder), OPS[0].op_id, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert done.returncode == 0
    assert "first_effective" in done.stdout


def test_a_clock_that_is_none(agreed: Bench) -> None:
    result = CliRunner().invoke(
        main,
        ["reconcile", str(agreed.folder), *MONTH, "--out", str(agreed.folder.parent / "epoch")],
        env={"SOURCE_DATE_EPOCH": "today"},
    )
    assert result.exit_code == 2
    assert "SOURCE_DATE_EPOCH" in result.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_the_readme_mentions_every_command(command: str) -> None:
    assert re.search(rf"\bidvtools {command}\b", (ROOT / "README.md").read_text("utf-8"))


def test_the_readme_mentions_no_command_that_is_not_there() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    code = "\n".join(block or inline for block, inline in re.findall(r"```\w*\n(.*?)```|`([^`\n]+)`", text, re.S))
    told = set(re.findall(r"^idvtools ([a-z][a-z-]+)", code, re.M))
    assert told
    assert told <= set(COMMANDS)
