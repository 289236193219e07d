"""The settings file of a synthetic workspace, and the prices that it states."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from idvtools.sandbox.clockwork import APPS, SITES, Calendar
from idvtools.sandbox.keys import aes_file

TAX_SITE = SITES[1]
_EVERY_SITE = "3.00"
_TAX_BEFORE = "2.50"
_TAX_AFTER = "2.755"


def price(calendar: Calendar, site: str, day: date) -> Decimal:
    """What one operation costs, rounded half-up to cents.

    Examples
    --------
    >>> [str(price(Calendar("2026-10"), TAX_SITE, date(2026, 10, d))) for d in (15, 16)]
    ['2.50', '2.76']
    """
    text = _EVERY_SITE if site != TAX_SITE else _TAX_BEFORE if day < calendar.tax_change else _TAX_AFTER
    return Decimal(text).quantize(Decimal("0.01"), ROUND_HALF_UP)


def settings_text(calendar: Calendar) -> str:
    """``idvtools.toml`` as workspace.md section 1 has it."""
    # The last milliseconds of the month before are priced too, also in January.
    since = (calendar.days[0] - timedelta(days=1)).replace(month=1, day=1)
    change = calendar.tax_change
    parts = [
        "# A synthetic workspace: nobody in it exists. See README.md.\n"
        "[workspace]\n"
        'timezone = "Asia/Shanghai"\n'
        'pseudonym_key = {file = "keys/pseudonym.key"}\n'
        "\n[vendors.dec]\n"
        'base_url = "https://vdi.example.com"\n'
        'notify_public_key = {file = "keys/notify_public_key.pem"}\n'
        'fallback_status = "none"\n'
        'n_in_one = "auto"\n'
    ]
    for app in APPS:
        parts.append(
            "\n[[vendors.dec.apps]]\n"
            f'id = "{app}"\n'
            f'app_key = {{file = "keys/app-key-{app}.txt"}}\n'
            'private_key = {file = "keys/rsa_private_key_pkcs8.pem"}\n'
        )
        for slot in calendar.key_slots[app]:
            if slot.listed:
                parts.append(
                    "\n[[vendors.dec.apps.aes_keys]]\n"
                    f'id = "{slot.key_id}"\n'
                    f"valid_from = {calendar.local(slot.valid_from).isoformat()}\n"
                    f'key = {{file = "{aes_file(app, slot.key_id)}"}}\n'
                )
    for site, unit, first, last in (
        ("*", _EVERY_SITE, since, None),
        (TAX_SITE, _TAX_BEFORE, since, change - timedelta(days=1)),
        (TAX_SITE, _TAX_AFTER, change, None),
    ):
        parts.append(
            "\n[[vendors.dec.prices]]\n"
            f'site = "{site}"\nunit_price = "{unit}"\ncurrency = "CNY"\nvalid_from = {first}\n'
            + (f"valid_to = {last}\n" if last else "")
        )
    return "".join(parts)
