"""The command line: its group, how errors are told, what several commands share."""

from __future__ import annotations

import io
import os
import sys
import threading
from pathlib import Path
from typing import Any, NoReturn

import click

from idvtools import __version__
from idvtools.errors import CryptoError, IdvError, InputError, VendorError

FOLDER = click.Path(path_type=Path)
_INTERRUPTED = 130
BUG = 70  # sysexits.h: internal software error; no status of the contract says that


def example(text: str) -> str:
    """The example at the end of a command's help."""
    return f"\b\nExample:\n  {text}"


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
            tell(*map(str, error.problems))
            status = status_of(error)
        except OSError as error:
            status = tell(f"{error.filename or 'the disk'}: {error.strerror or type(error).__name__}")
        except Exception as error:
            # What an unexpected error says may hold a value out of somebody's file.
            if os.environ.get("IDVTOOLS_DEBUG"):
                raise
            tell(f"a bug in idvtools ({type(error).__name__}), please report it; IDVTOOLS_DEBUG=1 shows where")
            status = BUG
        if status == _INTERRUPTED and not (args or kwargs) and threading.active_count() > 1:
            # Somebody wants to leave now; the interpreter would wait for every thread that still fetches something.
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(_INTERRUPTED)
        sys.exit(status if isinstance(status, int) else 0)


def status_of(error: IdvError) -> int:
    """2: what the user gave; 3: a vendor or the network; anything else is a bug."""
    if isinstance(error, VendorError):
        return 3
    return 2 if isinstance(error, InputError | CryptoError) else BUG


def _stopped(error: BaseException) -> int:
    """What click says of a command line, and Ctrl-C."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.format_message(), err=True)
        return 2
    if isinstance(error, click.UsageError):
        where = error.ctx.command_path if error.ctx else "idvtools"
        return tell(f"{error.format_message()} (see: {where} --help)")
    if isinstance(error, click.ClickException):
        return tell(error.format_message())
    click.echo("stopped", err=True)
    return _INTERRUPTED


def tell(*problems: str) -> int:
    """Tell problems on stderr, a line each; the exit status for what the user gave."""
    for problem in problems:
        click.echo(f"error: {' '.join(problem.split())}", err=True)
    return 2


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="idvtools")
def main() -> None:
    """What did we really use, what may the vendor charge, and what proves it?"""
