"""The command line: each command a few lines over the workspace."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import click

from idvtools import __version__
from idvtools.errors import CryptoError, IdvError, InputError, RecordsError, VendorError

_FOLDER = click.Path(path_type=Path)


def _example(text: str) -> str:
    return f"\b\nExample:\n  {text}"


_BUG = 70  # sysexits.h: internal software error; no status of the contract says that


class _Group(click.Group):
    """Errors on stderr, one line per problem, no traceback; exit status 2 for what the user gave."""

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):  # a terminal without Chinese must not end a run
                stream.reconfigure(errors="backslashreplace")
        try:
            status = super().main(*args, **{"prog_name": "idvtools", **kwargs, "standalone_mode": False})
        except (click.ClickException, click.Abort, KeyboardInterrupt) as error:
            status = _stopped(error)
        except IdvError as error:
            _tell(*map(str, error.problems))
            status = _status(error)
        except OSError as error:
            status = _tell(f"{error.filename or 'the disk'}: {error.strerror or type(error).__name__}")
        except Exception as error:
            # What an unexpected error says may hold a value out of somebody's file.
            if os.environ.get("IDVTOOLS_DEBUG"):
                raise
            _tell(f"a bug in idvtools ({type(error).__name__}), please report it; IDVTOOLS_DEBUG=1 shows where")
            status = _BUG
        sys.exit(status if isinstance(status, int) else 0)


def _status(error: IdvError) -> int:
    """2: what the user gave; 3: a vendor or the network; anything else is a bug."""
    if isinstance(error, VendorError):
        return 3
    return 2 if isinstance(error, InputError | CryptoError) else _BUG


def _stopped(error: BaseException) -> int:
    """What click says of a command line, and Ctrl-C."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.format_message(), err=True)
        return 2
    if isinstance(error, click.UsageError):
        where = error.ctx.command_path if error.ctx else "idvtools"
        return _tell(f"{error.format_message()} (see: {where} --help)")
    if isinstance(error, click.ClickException):
        return _tell(error.format_message())
    click.echo("stopped", err=True)
    return 130


def _tell(*problems: str) -> int:
    for problem in problems:
        click.echo(f"error: {' '.join(problem.split())}", err=True)
    return 2


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="idvtools")
def main() -> None:
    """What did we really use, what may the vendor charge, and what proves it?"""


@main.command(
    "reconcile",
    epilog=_example("idvtools reconcile sample_data/2026-10 --vendor dec --month 2026-10 --out out/october"),
)
@click.argument("workspace", type=_FOLDER)
@click.option("--vendor", required=True, help="Name of the vendor; this version reconciles dec.")
@click.option("--month", help="Calendar month, YYYY-MM, in the workspace's zone.")
@click.option("--from", "first", metavar="D", help="First day, YYYY-MM-DD, instead of --month.")
@click.option("--to", "last", metavar="D", help="Last day, included.")
@click.option("--out", "out", type=_FOLDER, required=True, help="Folder for the results; it must be new or empty.")
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


@main.command("explain", epilog=_example("idvtools explain sample_data/2026-10 zd1uahd82105553328377232722"))
@click.argument("workspace", type=_FOLDER)
@click.argument("daid")
@click.option("--vendor", default="dec", show_default=True, help="Name of the vendor.")
@click.option("--lang", type=click.Choice(["zh", "en", "both"]), default="both", show_default=True)
def explain_command(workspace: Path, daid: str, vendor: str, lang: Any) -> None:
    """Tell why an operation is billed, not billed or undecidable, with the evidence."""
    from idvtools.workspace import Workspace  # noqa: PLC0415

    click.echo(str(Workspace(workspace).explain(vendor, daid, lang=lang)))


@main.command("verify-log", epilog=_example("idvtools verify-log sample_data/2026-10"))
@click.argument("workspace", type=_FOLDER)
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


@main.group("cache", epilog=_example("idvtools cache clear sample_data/2026-10"))
def cache_group() -> None:
    """Keep or forget what was read of a workspace's files."""


@cache_group.command("clear", epilog=_example("idvtools cache clear sample_data/2026-10"))
@click.argument("workspace", type=_FOLDER)
def cache_clear_command(workspace: Path) -> None:
    """Remove the ingest cache of a workspace; the next run reads every file anew."""
    from idvtools.records.cache import clear  # noqa: PLC0415

    if not workspace.is_dir():
        raise InputError("no such folder", file=str(workspace))
    results, size = clear(workspace)
    click.echo(f"removed {results} result(s), {size / 2**20:.1f} MB")


@main.command("init", epilog=_example("idvtools init my-workspace"))
@click.argument("folder", type=_FOLDER)
def init_command(folder: Path) -> None:
    """Make a workspace: a commented settings file and the folders."""
    from idvtools.workspace import create  # noqa: PLC0415

    create(folder)
    click.echo(f"made {folder}: edit {folder / 'idvtools.toml'}, then put your files into its folders")


@main.command("generate", epilog=_example("idvtools generate /tmp/month --operations 500 --seed 1 --month 2026-10"))
@click.argument("folder", type=_FOLDER)
@click.option("--operations", type=click.IntRange(0), default=3000, show_default=True)
@click.option("--seed", type=int, default=7, show_default=True)
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


@main.command("keys", epilog=_example("idvtools keys sample_data/2026-10 --usage"))
@click.argument("workspace", type=_FOLDER)
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
    epilog=_example("idvtools decode sample_data/exchanges sample_data/exchanges/logs/onenet.jsonl --vendor onenet"),
)
@click.argument("workspace", type=_FOLDER)
@click.argument("log", type=_FOLDER)
@click.option("--vendor", required=True, help="Whose exchanges they are.")
@click.option("--reveal", is_flag=True, help="Show personal data in clear. Keys and tokens are never shown.")
@click.option("--csv", "csv_file", type=_FOLDER, help="Write a CSV file instead of printing.")
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


@main.command("codes", epilog=_example("idvtools codes webank 60841018"))
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
