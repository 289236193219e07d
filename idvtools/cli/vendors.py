"""Commands about vendors: keys, decode, codes."""

from __future__ import annotations

from pathlib import Path

import click

from idvtools.cli.group import FOLDER, example, main
from idvtools.errors import InputError, RecordsError


@main.command("keys", epilog=example("idvtools keys sample_data/2026-10 --usage"))
@click.argument("workspace", type=FOLDER)
@click.option("--vendor", help="One vendor only; default: every vendor of the settings.")
@click.option("--usage", is_flag=True, help="Read the request logs: which key read how many id numbers, and when.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def keys_command(workspace: Path, vendor: str | None, usage: bool, as_json: bool) -> None:
    """Show the keys of the settings: kind, period and fingerprint. Never a key itself."""
    from idvtools.workspace import Workspace  # noqa: PLC0415
    from idvtools.workspace.keylist import list_keys  # noqa: PLC0415

    listing = list_keys(Workspace(workspace), vendor, usage=usage)
    click.echo(listing.to_json() if as_json else str(listing))


@main.command(
    "decode",
    epilog=example("idvtools decode sample_data/exchanges sample_data/exchanges/logs/onenet.jsonl --vendor onenet"),
)
@click.argument("workspace", type=FOLDER)
@click.argument("log", type=FOLDER)
@click.option("--vendor", required=True, help="Whose exchanges they are.")
@click.option("--reveal", is_flag=True, help="Show personal data in clear. Keys and tokens are never shown.")
@click.option("--csv", "csv_file", type=FOLDER, help="Write a CSV file instead of printing.")
def decode_command(workspace: Path, log: Path, vendor: str, reveal: bool, csv_file: Path | None) -> None:
    """Decrypt and check logged exchanges with any vendor: one record each, masked."""
    from idvtools.workspace import Workspace  # noqa: PLC0415
    from idvtools.workspace.showing import count_records, print_records, unread, write_records  # noqa: PLC0415

    frame = Workspace(workspace).decode_log(vendor, log, reveal=reveal)
    told = unread(frame)
    if told and frame["problem"].notna().all():
        raise RecordsError(told)
    if csv_file is None:
        click.echo(print_records(frame))
    else:
        write_records(frame, csv_file)
        click.echo(f"{count_records(frame)}\nwritten: {csv_file}")
    if told:
        click.echo(f"warning: {told}", err=True)


@main.command("codes", epilog=example("idvtools codes webank 60841018"))
@click.argument("vendor")
@click.argument("code", required=False)
def codes_command(vendor: str, code: str | None) -> None:
    """Tell what a vendor's codes mean: outcome, whether to retry, names, edition and source; or one code."""
    from idvtools import vendors  # noqa: PLC0415
    from idvtools.workspace.showing import print_codes  # noqa: PLC0415

    found = vendors.get(vendor).codes(code)
    if not found:
        raise InputError(f"no edition of the documents of {vendor} lists this code")
    click.echo(print_codes(found))
