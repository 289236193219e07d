"""The front door: from a folder to a Reconciliation."""

from idvtools.workspace.front import Workspace, create

__all__ = ["Workspace", "create"]
