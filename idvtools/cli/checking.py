"""The command that looks at everything: doctor."""

from __future__ import annotations

from pathlib import Path

import click

from idvtools.cli.group import FOLDER, example, main
from idvtools.errors import SettingsError

_OURS, _OUTSIDE = 2, 3


@main.command("doctor", epilog=example("idvtools doctor my-workspace --callback-url https://callback.example.com/dec"))
@click.argument("workspace", type=FOLDER)
@click.option("--vendor", help="Only this vendor; default: every vendor in the settings.")
@click.option("--json", "as_json", is_flag=True, help="Print every check as JSON.")
@click.option("--offline", is_flag=True, help="Look at nothing but the workspace.")
@click.option("--callback-url", metavar="URL", help="Where notifications go: name and certificate are looked at.")
def doctor_command(workspace: Path, vendor: str | None, as_json: bool, offline: bool, callback_url: str | None) -> int:
    """Go through the go-live checklist as far as a program can: settings, keys, network, notifications, statements.

    Nothing is changed at the vendor: calls are free and only ask, and no key is fetched. Exit status 2: something of
    our own failed; 3: only something at the vendor or on the way to it.
    """
    from idvtools.workspace import Workspace  # noqa: PLC0415
    from idvtools.workspace.doctor import unusable  # noqa: PLC0415

    try:
        room = Workspace(workspace)
    except SettingsError as error:
        if not (workspace / "idvtools.toml").is_file():
            raise
        found = unusable(error)
    else:
        found = room.doctor(vendor, offline=offline, callback_url=callback_url)
    click.echo(found.to_json() if as_json else str(found))
    failed = found.of("failed")
    if not failed:
        return 0
    return _OURS if any(check.ours for check in failed) else _OUTSIDE
