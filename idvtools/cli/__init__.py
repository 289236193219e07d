"""The command line: each command a few lines over the workspace."""

from idvtools.cli import making, pulling, records, vendors
from idvtools.cli.group import main

__all__ = ["main", "making", "pulling", "records", "vendors"]
