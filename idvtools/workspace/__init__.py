"""The front door: from a folder to a Reconciliation."""

from idvtools.workspace.front import Workspace
from idvtools.workspace.making import create

__all__ = ["Workspace", "create"]
