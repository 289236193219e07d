"""Random small months: ``make`` one in memory, ``write`` it as a workspace."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal

from .model import Fallback, Month, NInOne, Price, Settings
from .scene import Scene
from .telling import failed_start, log_start, notices, polls
from .vendor_book import statement
from .writer import write

__all__ = ["Prices", "make", "write"]

Prices = Literal["none", "star", "site", "gaps"]


def make(
    seed: int,
    *,
    timezone: str = "Asia/Shanghai",
    fallback_status: Fallback = "none",
    n_in_one: NInOne = "auto",
    prices: Prices = "site",
    keys: bool = True,
    public_key: bool = True,
    unlisted_app: bool = False,
    operations: int | None = None,
    month: str = "2026-10",
) -> Month:
    """Make a month of 100 to 500 operations among few people, sites and days.

    Parameters
    ----------
    seed
        The same seed and options give the same month.
    keys
        False: neither appKeys nor the public key are configured, so that every notification is unchecked.
    public_key
        False: the appKeys are configured, the platform's public key is not.
    unlisted_app
        True: one application is missing from the settings altogether.
    """
    scene = Scene(seed, timezone, month, app_keys=keys, unlisted_app=unlisted_app)
    rng = scene.rng
    count = operations if operations is not None else rng.choice([100, 150, 200, 300, 500])
    truths = [scene.truth(number) for number in range(count)]
    starts = [log_start(scene, truth) for truth in truths if scene.chance(0.93)]
    starts += [start for start in starts if scene.chance(0.01)]
    starts += [failed_start(scene, 20_000 + number) for number in range(count // 25)]
    rng.shuffle(starts)
    told = [notice for truth in truths for notice in notices(scene, truth)]
    rng.shuffle(told)
    asked = [poll for truth in truths for poll in polls(scene, truth)]
    rng.shuffle(asked)
    rows, files = statement(scene, truths)
    settings = Settings(timezone, fallback_status, n_in_one, price_list(prices, scene), scene.apps, keys and public_key)
    return Month(seed, month, settings, tuple(starts), tuple(told), tuple(asked), rows, files)


def price_list(kind: Prices, scene: Scene) -> tuple[Price, ...]:
    """Make the settings' prices; some have three decimals, so that rounding shows."""
    new_year = date(scene.days[0].year, 1, 1)
    middle = sorted(scene.active)[len(scene.active) // 2]
    before, after, later = (middle + timedelta(days=days) for days in (-1, 1, 6))
    one, other = scene.sites[:2]
    if kind == "none":
        return ()
    if kind == "star":
        return (Price("*", "3.00", new_year),)
    if kind == "gaps":
        return (Price(one, "1.005", middle), Price(other, "7", new_year, before))
    return (
        Price("*", "2.345", new_year),
        Price("*", "2.5", middle),
        Price(one, "4.10", new_year, before),
        Price(one, "5.005", middle),
        Price(one, "0.125", after, after),
        Price(other, "9.99", middle, later),
    )
