"""The README stays true: its Python and commands run, every command and option is in it, links lead somewhere."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

import idvtools
from idvtools.cli import main
from idvtools.evidence.sites import LAYOUTS
from idvtools.ledger.columns import BUCKETS, REASONS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
PAGES = sorted(p for p in (*ROOT.glob("*.md"), *ROOT.glob("bench/*.md")))
NOTEBOOKS = sorted(ROOT.glob("notebooks/*.ipynb"))


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with nothing but a sample_data of its own in it, as the current one: commands write there."""
    shutil.copytree(ROOT / "sample_data", tmp_path / "sample_data", ignore=shutil.ignore_patterns(".idvtools"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_readme_has_examples() -> None:
    assert blocks("python")
    assert blocks("sh")


@pytest.mark.parametrize("number", range(len(blocks("python"))))
def test_python_blocks_run(number: int, elsewhere: Path) -> None:
    space: dict[str, Any] = {}
    exec(compile(blocks("python")[number], f"README.md, Python block {number + 1}", "exec"), space)
    # The figures that the README shows.
    shown = re.search(r"overbilled.*?Decimal\(\"(.+?)\"\)", README)
    assert shown
    if "result" in space:
        assert str(space["result"].summary.buckets["overbilled"].difference) == shown[1]
    else:
        assert len(space["ws"].vault().op_ids()) == len(space["operations"])


@pytest.mark.parametrize("line", [line for block in blocks("sh") for line in block.splitlines() if line])
def test_commands_run(line: str, elsewhere: Path) -> None:
    program, *arguments = shlex.split(line)
    assert program == "idvtools"
    outcome = CliRunner().invoke(main, arguments)
    assert outcome.exit_code == 0, outcome.output


@pytest.mark.parametrize("name", sorted(main.commands))
def test_every_command_and_option_is_in_the_readme(name: str) -> None:
    assert f"`idvtools {name}`" in README
    for parameter in main.commands[name].params:
        if isinstance(parameter, click.Option):
            longest = max(parameter.opts, key=len)
            assert re.search(rf"{longest}(?![\w-])", README), longest


def test_buckets_reasons_and_rooms_are_in_the_readme() -> None:
    for name in (*BUCKETS, *REASONS):
        assert f"`{name}`" in README
    house = README.partition("## The house")[2].partition("\n## ")[0]
    for path in Path(idvtools.__file__).parent.iterdir():
        if path.suffix == ".py" or (path / "__init__.py").is_file():
            assert f"  {path.name}" in house, path.name


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_links_to_files_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text("utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_the_changelog_tells_this_version() -> None:
    assert f"## [{idvtools.__version__}]" in (ROOT / "CHANGELOG.md").read_text("utf-8")


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda p: p.name)
def test_notebooks_are_kept_as_run_without_times(notebook: Path) -> None:
    content = json.loads(notebook.read_text("utf-8"))
    assert content["metadata"]["kernelspec"]["name"] == "python3"
    code = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    for cell in code:
        assert cell["metadata"] == {}
        assert not any(o["output_type"] == "error" or o.get("name") == "stderr" for o in cell["outputs"])


def test_every_layout_of_evidence_is_in_the_readme() -> None:
    assert not [name for name in LAYOUTS if f"`{name}`" not in README]
