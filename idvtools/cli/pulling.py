"""Commands about evidence: pull, verify-vault."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from idvtools.cli.group import FOLDER, example, main, tell

if TYPE_CHECKING:
    from idvtools.pull.report import Item

_VENDOR = 3


@main.command("pull", epilog=example("idvtools pull my-workspace --vendor dec --date 2026-10-12"))
@click.argument("workspace", type=FOLDER)
@click.option("--vendor", required=True, help="Name of the vendor: dec, tencent or webank.")
@click.option("--date", "day", metavar="D", help="One day, YYYY-MM-DD, in the workspace's zone.")
@click.option("--month", help="Calendar month, YYYY-MM, in the workspace's zone.")
@click.option(
    "--op", "ops", multiple=True, metavar="ID", help="An operation (daId, token, FILE_ID:HASH_VALUE); may be repeated."
)
@click.option("--app", help="Which app asks, where the settings have several; with --date and --month: only this app.")
@click.option("--wait", is_flag=True, help="Poll operations that have just begun until they come to their end.")
@click.option(
    "--renew-keys", is_flag=True, help="Fetch a new AES key where ours is old; the old one ends for everybody."
)
@click.option("--json", "as_json", is_flag=True, help="Print the items as JSON; of what was there already, the number.")
@click.option("--progress/--no-progress", default=None, help="Show a bar on stderr (default: on a terminal).")
def pull_command(
    workspace: Path,
    vendor: str,
    day: str | None,
    month: str | None,
    ops: tuple[str, ...],
    app: str | None,
    wait: bool,
    renew_keys: bool,
    as_json: bool,
    progress: bool | None,
) -> int:
    """Fetch statements, states and evidence that the workspace has not yet; what runs out first comes first."""
    from idvtools.workspace import Workspace  # noqa: PLC0415

    count = _Count(sys.stderr.isatty() if progress is None else progress)
    room = Workspace(workspace, progress=progress)
    report = room.pull(vendor, month, day=day, ops=ops, app=app, wait=wait, renew_keys=renew_keys, tick=count)
    count.end()
    click.echo(report.to_json() if as_json else str(report))
    for item in report.of("failed", "lost", "waiting", "none"):
        click.echo(f"{'error' if item.state == 'failed' else 'note'}: {item}", err=True)
    return 0 if report.complete else _VENDOR


class _Count:
    """A bar of what was pulled, of unknown length."""

    def __init__(self, shown: bool) -> None:
        self._bar: Any = None
        if shown:
            from tqdm import tqdm  # noqa: PLC0415

            self._bar = tqdm(unit=" items", desc="pulling", leave=False)

    def __call__(self, item: Item) -> None:
        if self._bar is not None:
            self._bar.update(1)

    def end(self) -> None:
        if self._bar is not None:
            self._bar.close()


@main.command("verify-vault", epilog=example("idvtools verify-vault my-workspace"))
@click.argument("workspace", type=FOLDER)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def verify_vault_command(workspace: Path, as_json: bool) -> int:
    """Check the evidence vault: the custody log, its end, and the hash of every file."""
    from idvtools.workspace import Workspace  # noqa: PLC0415

    report = Workspace(workspace).vault().verify()
    click.echo(report.to_json() if as_json else str(report))
    return 0 if report.ok else tell(*map(str, report.problems))
