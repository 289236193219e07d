"""The command line: each command a few lines over the workspace."""

from idvtools.cli import checking, inspecting, making, playing, pulling, records, vendors
from idvtools.cli.group import main

__all__ = ["checking", "inspecting", "main", "making", "playing", "pulling", "records", "vendors"]
