"""Whole synthetic workspaces from a seed, with the truth beside them."""

from idvtools.sandbox.month import Planted, generate

__all__ = ["Planted", "generate"]
