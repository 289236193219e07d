"""What a vendor's file knows of how to see whether an integration is well (``idvtools doctor``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from idvtools.vendors.base.calls import Unpacked


@dataclass(frozen=True)
class Probe:
    """A signed call that is free, changes nothing and shows whether our signature is accepted.

    Parameters
    ----------
    call : str
        Its name.
    arguments : callable
        The call's arguments from the sites that are in use.
    passed : frozenset of str
        Codes of errors that come only after the signature was accepted.
    closed : callable or None
        ``closed(opened)``: the sites that the answer calls closed.
    """

    call: str
    arguments: Callable[[Sequence[str]], Mapping[str, object]]
    passed: frozenset[str] = frozenset()
    closed: Callable[[Unpacked], Sequence[str]] | None = None


@dataclass(frozen=True, slots=True)
class ByHand:
    """An item of the vendor's checklist that only people can see to."""

    name: str
    term: str
    told: str
    advice: str


@dataclass(frozen=True)
class Health:
    """How to see whether we and a vendor understand each other.

    Parameters
    ----------
    needed : tuple of str
        Settings of an app without which nothing works.
    lengths : mapping
        How many characters a secret text has, by its setting.
    rsa_bits : int or None
        The length that our RSA keys must have; the vendor has their public halves.
    addresses : tuple of str
        Settings that hold addresses of the platform.
    probe : Probe or None
        Shows that our signature is accepted; None: there is no such call (a vendor with tokens needs none).
    why_not : str
        Why there is no such call.
    sealed : str or None
        One of the vendor's `FileCall`, whose answer is encrypted with the app's AES key.
    by_hand : tuple of ByHand
        What only people can see to.
    """

    needed: tuple[str, ...] = ()
    lengths: Mapping[str, int] = field(default_factory=dict)
    rsa_bits: int | None = None
    addresses: tuple[str, ...] = ("base_url",)
    probe: Probe | None = None
    why_not: str = "the vendor's document has no call that is free and changes nothing"
    sealed: str | None = None
    by_hand: tuple[ByHand, ...] = ()

    @property
    def calls(self) -> frozenset[str]:
        """Every call that is made to see."""
        return frozenset(c for c in (self.probe.call if self.probe else None, self.sealed) if c)
