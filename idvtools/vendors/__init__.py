"""The vendors, one file (or, for a large one, one folder) each; `base` is what they are made of.

A new vendor is a new file here that defines ``VENDOR``, with its code tables in ``codes/``; nothing but the sandbox
knows it by name.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from idvtools.errors import InputError
from idvtools.settings import TEMPLATE, Shapes
from idvtools.vendors.base import Vendor

__all__ = ["get", "names", "shapes", "template"]


def names() -> tuple[str, ...]:
    """Names of all vendors, in order of the alphabet.

    Examples
    --------
    >>> names()
    ('dec', 'onenet', 'tencent', 'webank', 'westdex')
    """
    return tuple(sorted(m.name for m in iter_modules(__path__) if m.name != "base"))


def get(name: str) -> Vendor:
    """The declaration of a vendor.

    Raises
    ------
    InputError
        There is no such vendor; the message lists those that there are.

    Examples
    --------
    >>> get("tencent").title_zh
    '腾讯实名核身'
    """
    if name not in names():
        raise InputError(f"unknown vendor {name!r}; this version knows: {', '.join(names())}")
    vendor: Vendor = import_module(f"{__name__}.{name}").VENDOR
    return vendor


def shapes() -> Shapes:
    """What each vendor's table in ``idvtools.toml`` looks like (for `idvtools.settings.load`)."""
    return {name: get(name).settings for name in names()}


def template() -> str:
    """The settings file that ``idvtools init`` writes: valid as it stands, every vendor with its examples."""
    return TEMPLATE + "".join("\n" + get(name).template for name in names())
