"""Unit prices by site and day, rounded once (billing.md section 4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from idvtools.ledger.rules import Price

#: Currencies whose smallest unit is not a hundredth (ISO 4217).
_NO_CENTS = frozenset(
    ["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"]
)


def round_amount(amount: Decimal, currency: str) -> Decimal:
    """Round half-up to the currency's cents.

    Examples
    --------
    >>> round_amount(Decimal("2.755"), "CNY")
    Decimal('2.76')
    """
    return amount.quantize(Decimal(1) if currency in _NO_CENTS else Decimal("0.01"), ROUND_HALF_UP)


def unit_price(prices: Sequence[Price], site: str | None, day: date) -> Decimal | None:
    """Rounded price of one operation of `site` on `day`, None where no price is set.

    A price of the site itself beats ``*``; of several that are valid the latest `valid_from` holds.

    Examples
    --------
    >>> both = [Price("*", Decimal("3"), "CNY", date(2026, 1, 1)), Price("tax", Decimal("2"), "CNY", date(2026, 7, 1))]
    >>> unit_price(both, "tax", date(2026, 6, 30)), unit_price(both, "tax", date(2026, 7, 1))
    (Decimal('3.00'), Decimal('2.00'))
    """
    valid = [
        p for p in prices if p.site in (site, "*") and p.valid_from <= day and (p.valid_to is None or day <= p.valid_to)
    ]
    if not valid:
        return None
    best = max(valid, key=lambda p: (p.site != "*", p.valid_from))
    return round_amount(best.unit_price, best.currency)


def price_rows(prices: Sequence[Price], wanted: Iterable[tuple[str, int]]) -> list[tuple[str, int, Decimal]]:
    """The prices of the pairs of site and day number that occur, for a join."""
    rows = []
    for site, number in wanted:
        amount = unit_price(prices, site, date(1970, 1, 1) + timedelta(days=number))
        if amount is not None:
            rows.append((site, number, amount))
    return rows
