"""The command that opens any file of evidence: inspect."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

import click

from idvtools.cli.group import FOLDER, example, main, tell
from idvtools.errors import EvidenceError
from idvtools.evidence.model import Kind

_UNREADABLE = 2
_ASK = "-"
_STDERR = 2
_KINDS = [kind for kind in get_args(Kind) if kind not in ("empty", "unknown")]


@main.command("inspect", epilog=example("idvtools inspect bill.zip --password 01123X --export xlsx --out bill.xlsx"))
@click.argument("file", type=FOLDER)
@click.option(
    "--password",
    "passwords",
    multiple=True,
    metavar="P",
    help="A password to try; may be given several times. A hyphen: ask for it, so that no history keeps it.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object; in clear with --data or --reveal.")
@click.option("--data", is_flag=True, help="With --json: every cell of every table.")
@click.option("--kind", type=click.Choice(_KINDS), help="What the file is, where it fits two kinds.")
@click.option("--site", metavar="NAME", help="The known layout that it must fit, such as alipay-bill.")
@click.option("--export", "form", type=click.Choice(["xlsx", "parquet"]), help="Write the tables, in clear, to --out.")
@click.option("--out", type=FOLDER, help="File for --export; a folder for parquet of several tables.")
@click.option("--force", is_flag=True, help="Replace the file of --out.")
@click.option("--reveal", is_flag=True, help="Show personal data in clear.")
def inspect_command(
    file: Path,
    passwords: tuple[str, ...],
    as_json: bool,
    data: bool,
    kind: Any,
    site: str | None,
    form: Any,
    out: Path | None,
    force: bool,
    reveal: bool,
) -> int:
    """Say what a file of evidence is and what it holds: members, tables, checks, and what is not sure.

    What is shown is masked; --reveal, --data and --export give it in clear. Exit status 2: the file cannot be read at
    all.
    """
    from idvtools.evidence.reading import read_evidence  # noqa: PLC0415  start-up time of --help

    if (form is None) != (out is None):
        raise click.UsageError("--export and --out go together")
    if data and not as_json:
        raise click.UsageError("--data goes with --json")
    given = [_asked() if each == _ASK else each for each in passwords]
    try:
        with _quiet():
            found = read_evidence(file, password=given, site=site, kind=kind)
    except EvidenceError as error:
        if not as_json:
            return tell(*map(str, error.problems))
        refused = {"file": str(file), "kind": _kind(file), "error": "; ".join(map(str, error.problems))}
        click.echo(json.dumps(refused, ensure_ascii=False))
        return _UNREADABLE
    if out is not None:
        written = found.export(out, form, force=force)
        click.echo(f"written: {written}", err=True)
    if as_json:
        told = found.to_dict(data=data, mask=not (data or reveal))
        click.echo(json.dumps({"file": str(file), **told}, ensure_ascii=False))
    else:
        click.echo(str(found.show(reveal=reveal)))
    return 0


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep from the terminal what compiled libraries print of a damaged file before they give it up."""
    if os.environ.get("IDVTOOLS_DEBUG"):
        yield
        return
    sys.stderr.flush()
    kept, nowhere = os.dup(_STDERR), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, _STDERR)
        yield
    finally:
        os.dup2(kept, _STDERR)
        os.close(kept)
        os.close(nowhere)


def _asked() -> str:
    """A password from the terminal, unseen, or a line of what is piped in."""
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, err=True))
    return sys.stdin.readline().rstrip("\r\n")


def _kind(file: Path) -> str:
    """The kind of a file that could not be read, as far as it can be told."""
    from idvtools.evidence.detect import likely  # noqa: PLC0415
    from idvtools.evidence.limits import Limits  # noqa: PLC0415

    try:
        if file.is_file() and file.stat().st_size <= Limits().file_bytes:
            return likely(file.read_bytes())
    except (OSError, ValueError):
        pass
    return "unknown"
