"""Renderers of a finished reconciliation; each is imported by whoever needs it."""
