"""Commands to try it all without a vendor: sandbox, demo."""

from __future__ import annotations

import logging
from pathlib import Path

import click

from idvtools.cli.group import FOLDER, example, main
from idvtools.errors import InputError

_SEED = click.option(
    "--seed", type=click.IntRange(0), default=7, show_default=True, help="Seed of every key and every choice."
)


def _require_sandbox() -> None:
    try:
        import uvicorn  # noqa: F401, PLC0415  looked for before anything begins
    except ModuleNotFoundError:
        raise InputError("the sandbox needs a web server: pip install 'idvtools[sandbox]'") from None


@main.command("sandbox", epilog=example("idvtools sandbox --port 8765 --workspace /tmp/try"))
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="0: any that is free.")
@_SEED
@click.option("--workspace", type=FOLDER, help="Also write a workspace for it; one that is there is used again.")
def sandbox_command(port: int, seed: int, workspace: Path | None) -> None:
    """Serve all five vendors on this machine until Ctrl-C: synthetic, strict, with faults on request."""
    _require_sandbox()
    from idvtools.sandbox.server import Sandbox  # noqa: PLC0415

    logging.basicConfig(level=logging.WARNING)
    sandbox = Sandbox(seed, port)
    url = sandbox.bind()
    if workspace is not None:
        made = "using" if sandbox.has_workspace(workspace) else "made"
        if made == "made":
            sandbox.write_workspace(workspace)
        click.echo(f"{made} {workspace}: idvtools pull {workspace} --vendor dec --month YYYY-MM")
    click.echo(f"all five vendors at {url}; what can be set: {url}/_control; Ctrl-C ends it")
    sandbox.serve_forever()


@main.command("demo", epilog=example("idvtools demo --out /tmp/idvtools-demo"))
@click.option("--out", type=FOLDER, default="idvtools-demo", show_default=True, help="Folder for all that it makes.")
@_SEED
@click.option("--force", is_flag=True, help="Replace what an earlier demo made there.")
def demo_command(out: Path, seed: int, force: bool) -> None:
    """Try it all with nothing configured: vendors in a sandbox, callbacks, a pull, a reconciliation, the reports."""
    _require_sandbox()
    from idvtools.cli.demo import run_demo  # noqa: PLC0415

    run_demo(out, seed, force=force, say=click.echo)
