"""The vendors, one file each. `get` finds one by its name."""

from __future__ import annotations

from idvtools.errors import InputError
from idvtools.vendors.base import Vendor
from idvtools.vendors.dec import DEC

__all__ = ["VENDORS", "get"]

VENDORS: dict[str, Vendor] = {v.name: v for v in (DEC,)}


def get(name: str) -> Vendor:
    """The declaration of a vendor.

    Raises
    ------
    InputError
        There is no such vendor; the message lists those that there are.
    """
    try:
        return VENDORS[name]
    except KeyError:
        raise InputError(f"unknown vendor {name!r}; this version reconciles: {', '.join(VENDORS)}") from None
