"""Commands over what a workspace holds: reconcile, explain, verify-log, cache."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from idvtools.cli.group import FOLDER, example, main
from idvtools.errors import InputError


@main.command(
    "reconcile",
    epilog=example("idvtools reconcile sample_data/2026-10 --vendor dec --month 2026-10 --out out/october"),
)
@click.argument("workspace", type=FOLDER)
@click.option("--vendor", required=True, help="Name of the vendor; this version reconciles dec.")
@click.option("--month", help="Calendar month, YYYY-MM, in the workspace's zone.")
@click.option("--from", "first", metavar="D", help="First day, YYYY-MM-DD, instead of --month.")
@click.option("--to", "last", metavar="D", help="Last day, included.")
@click.option("--out", "out", type=FOLDER, required=True, help="Folder for the results; it must be new or empty.")
@click.option("--engine", type=click.Choice(["duckdb", "spark"]), default="duckdb", show_default=True)
@click.option(
    "--lang",
    type=click.Choice(["zh", "en", "both"]),
    default="both",
    show_default=True,
    help="Language of the reports.",
)
@click.option("--check", is_flag=True, help="Exit with status 1 if there are breaks.")
@click.option("--strict", is_flag=True, help="Make lines that cannot be read an error.")
@click.option("--force", is_flag=True, help="Replace the results in a folder that is not empty; other files stay.")
@click.option("--no-cache", is_flag=True, help="Read every file anew, and keep nothing of it.")
@click.option("--ledger-csv", is_flag=True, help="Write ledger.csv too.")
@click.option("--progress/--no-progress", default=None, help="Show stages on stderr (default: on a terminal).")
def reconcile_command(
    workspace: Path,
    vendor: str,
    month: str | None,
    first: str | None,
    last: str | None,
    out: Path,
    engine: str,
    lang: Any,
    check: bool,
    strict: bool,
    force: bool,
    no_cache: bool,
    ledger_csv: bool,
    progress: bool | None,
) -> int:
    """Judge every operation of a period and compare it with the vendor's statements."""
    from idvtools.report.outputs import check_folder  # noqa: PLC0415  start-up time of --help
    from idvtools.workspace import Workspace  # noqa: PLC0415

    if engine == "spark":
        raise InputError("--engine spark is not part of this version; use duckdb")
    source = Workspace(workspace, cache=not no_cache, progress=progress)
    source.check_output(out)
    check_folder(out, force=force)
    show = _progress(progress)
    result = source.reconcile(vendor, month, first=first, last=last, strict=strict, progress=show)
    show("writing")
    result.write(out, lang=lang, force=force, ledger_csv=ledger_csv)
    show("")
    summary = result.summary
    for caveat in summary.caveats:
        click.echo(f"warning: {caveat.zh if lang == 'zh' else caveat.en}", err=True)
    click.echo(_closing(summary))
    click.echo(f"report: {out / 'reconciliation.html'}")
    from idvtools.ledger.columns import BREAKS  # noqa: PLC0415

    return 1 if check and any(summary.buckets[b].rows for b in BREAKS) else 0


def _progress(wanted: bool | None) -> Callable[[str], None]:
    shown = sys.stderr.isatty() if wanted is None else wanted

    def show(text: str) -> None:
        if shown:
            click.echo(
                f"\r\033[K{text}{' …' if text else ''}" if sys.stderr.isatty() else text,
                err=True,
                nl=not sys.stderr.isatty(),
            )

    return show


def _closing(summary: Any) -> str:
    from idvtools.report.model import money  # noqa: PLC0415

    buckets = ", ".join(f"{name} {b.rows}" for name, b in summary.buckets.items() if b.rows)
    unit = summary.currency or "(no price set)"
    return (
        f"{summary.vendor} {summary.period_from}..{summary.period_to}: {summary.operations} operations, "
        f"{summary.ours.billable} billable, {summary.ours.undecidable} undecidable\n"
        f"ours {money(summary.ours.amount)}, vendor {money(summary.statement.amount)}, "
        f"difference {money(summary.difference)} {unit}\n"
        f"buckets: {buckets or 'none'}"
    )


@main.command("explain", epilog=example("idvtools explain sample_data/2026-10 zd1uahd82105553328377232722"))
@click.argument("workspace", type=FOLDER)
@click.argument("daid")
@click.option("--vendor", default="dec", show_default=True, help="Name of the vendor.")
@click.option("--lang", type=click.Choice(["zh", "en", "both"]), default="both", show_default=True)
def explain_command(workspace: Path, daid: str, vendor: str, lang: Any) -> None:
    """Tell why an operation is billed, not billed or undecidable, with the evidence."""
    from idvtools.workspace import Workspace  # noqa: PLC0415

    click.echo(str(Workspace(workspace).explain(vendor, daid, lang=lang)))


@main.command("verify-log", epilog=example("idvtools verify-log sample_data/2026-10"))
@click.argument("workspace", type=FOLDER)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
@click.option("--check", is_flag=True, help="Exit with status 1 if a notification is forged: if a check failed.")
@click.option("--no-cache", is_flag=True, help="Read every file anew, and keep nothing of it.")
@click.option("--progress/--no-progress", default=None, help="Show a bar on stderr (default: on a terminal).")
def verify_log_command(workspace: Path, as_json: bool, check: bool, no_cache: bool, progress: bool | None) -> int:
    """Check the callback logs: signatures, repeats, gaps, strangers, clocks."""
    from idvtools.workspace import Workspace  # noqa: PLC0415
    from idvtools.workspace.verifying import print_log  # noqa: PLC0415

    log = Workspace(workspace, cache=not no_cache, progress=progress).callback_log()
    click.echo(log.summary.to_json() if as_json else print_log(log))
    return 1 if check and log.summary.checks["failed"] else 0


@main.group("cache", epilog=example("idvtools cache clear sample_data/2026-10"))
def cache_group() -> None:
    """Keep or forget what was read of a workspace's files."""


@cache_group.command("clear", epilog=example("idvtools cache clear sample_data/2026-10"))
@click.argument("workspace", type=FOLDER)
def cache_clear_command(workspace: Path) -> None:
    """Remove the ingest cache of a workspace; the next run reads every file anew."""
    from idvtools.records.cache import clear  # noqa: PLC0415

    if not workspace.is_dir():
        raise InputError("no such folder", file=str(workspace))
    results, size = clear(workspace)
    click.echo(f"removed {results} result(s), {size / 2**20:.1f} MB")
