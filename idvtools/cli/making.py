"""Commands that make something to work with: init, generate."""

from __future__ import annotations

from pathlib import Path

import click

from idvtools.cli.group import FOLDER, example, main


@main.command("init", epilog=example("idvtools init my-workspace"))
@click.argument("folder", type=FOLDER)
def init_command(folder: Path) -> None:
    """Make a workspace: a commented settings file and the folders."""
    from idvtools.workspace import create  # noqa: PLC0415

    create(folder)
    click.echo(f"made {folder}: edit {folder / 'idvtools.toml'}, then put your files into its folders")


@main.command("generate", epilog=example("idvtools generate /tmp/month --operations 500 --seed 1 --month 2026-10"))
@click.argument("folder", type=FOLDER)
@click.option("--operations", type=click.IntRange(0), default=3000, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=7, show_default=True)
@click.option("--month", default="2026-10", show_default=True, help="Calendar month, YYYY-MM.")
@click.option(
    "--exchanges",
    is_flag=True,
    help="Write logged exchanges with all five vendors instead of a month (--operations and --month do not apply).",
)
@click.pass_context
def generate_command(
    context: click.Context, folder: Path, operations: int, seed: int, month: str, exchanges: bool
) -> None:
    """Write a synthetic workspace: a month with the planted truth beside it (truth/), or logged exchanges."""
    if exchanges:
        from idvtools.sandbox.exchanges import generate_exchanges  # noqa: PLC0415

        for name in ("operations", "month"):
            if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
                raise click.UsageError(f"--{name} does not apply to --exchanges", context)
        generate_exchanges(folder, seed=seed)
        log = folder / "logs" / "dec.jsonl"
        click.echo(f"made {folder}: everything in it is synthetic; idvtools decode {folder} {log} --vendor dec")
        return
    from idvtools.sandbox.month import generate  # noqa: PLC0415

    generate(folder, operations=operations, seed=seed, month=month)
    click.echo(f"made {folder}: everything in it is synthetic; reconcile it with --vendor dec --month {month}")
