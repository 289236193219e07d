"""Any file of evidence: what it is, what it holds, tables that can be trusted.

>>> from idvtools.evidence import read_evidence
>>> read_evidence(b"", name="bill.csv").warnings
('the file is empty',)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from idvtools.evidence.evidence import Evidence
    from idvtools.evidence.limits import Limits
    from idvtools.evidence.reading import read_evidence

__all__ = ["Evidence", "Limits", "read_evidence"]

_HOMES = {"Evidence": "evidence", "Limits": "limits", "read_evidence": "reading"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'idvtools.evidence' has no attribute {name!r}")
    return getattr(import_module(f"idvtools.evidence.{_HOMES[name]}"), name)
