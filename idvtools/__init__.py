"""idvtools: what did we really use, what may the vendor charge, and what proves it?

>>> import idvtools as idv
>>> result = idv.Workspace("sample_data/2026-10").reconcile("dec", month="2026-10")
>>> result.summary.vendor
'dec'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Evidence", "IdvError", "Reconciliation", "Workspace", "__version__", "read_evidence", "vendors"]

if TYPE_CHECKING:
    from idvtools import vendors
    from idvtools.errors import IdvError
    from idvtools.evidence.evidence import Evidence
    from idvtools.evidence.reading import read_evidence
    from idvtools.report.result import Reconciliation
    from idvtools.workspace import Workspace

_HOMES = {
    "Evidence": "idvtools.evidence.evidence",
    "IdvError": "idvtools.errors",
    "Reconciliation": "idvtools.report.result",
    "Workspace": "idvtools.workspace",
    "read_evidence": "idvtools.evidence.reading",
}


def __getattr__(name: str) -> Any:
    if name == "vendors":
        return import_module("idvtools.vendors")
    if name not in _HOMES:
        raise AttributeError(f"module 'idvtools' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
