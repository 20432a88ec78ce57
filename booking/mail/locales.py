"""Dates and money in a language, for pages and mails: as the pages' scripts write them.

The forms come from the bundler, which asks for them in the locale of each language.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

Forms = Mapping[str, str]

TEXTS = Path(__file__).parents[2] / "static" / "dist" / "texts.json"
# ISO 4217: digits of the minor unit where they are not two.
MINOR_UNIT_DIGITS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF"), 0),
    **dict.fromkeys(("UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}


def forms_of(language: str) -> Forms:
    """Return the forms of a language, which are among its texts."""
    return _texts()[language]


@cache
def _texts() -> dict[str, dict[str, str]]:
    return msgspec.json.decode(TEXTS.read_bytes(), type=dict[str, dict[str, str]])


def money(amount: int, currency: str, forms: Forms) -> str:
    """Return an amount of minor units as text: `€1,234.50`, and 0 as what is free."""
    if amount == 0:
        return forms["free"]
    digits = MINOR_UNIT_DIGITS.get(currency, 2)
    whole, rest = divmod(amount, 10**digits)
    number = f"{whole:,}".replace(",", forms["money.group"])
    if digits:
        number += f"{forms['money.decimal']}{rest:0{digits}}"
    form = forms.get(f"money.{currency}", forms["money.other"])
    return form.format(amount=number, code=currency)


def local_time(moment: datetime, zone: str, forms: Forms) -> str:
    """Return a moment by a zone's clock: `Sunday 27 December 2026 at 19:00 GMT+1`."""
    local = moment.astimezone(ZoneInfo(zone))
    return forms["dates.pattern"].format(
        weekday=forms[f"dates.weekdays.{local.weekday()}"],
        day=local.day,
        month=forms[f"dates.months.{local.month - 1}"],
        year=local.year - 2000 + int(forms["dates.year2000"]),
        time=f"{local:%H:%M}",
        zone=_zone_name(local),
    )


def _zone_name(moment: datetime) -> str:
    """Return the offset of a moment's zone: "GMT+1", "GMT+5:30", "UTC".

    So do scripts: abbreviations differ by language, and some mean several zones.
    """
    minutes = (moment.utcoffset() or timedelta()) // timedelta(minutes=1)
    hours, rest = divmod(abs(minutes), 60)
    offset = f"{hours}:{rest:02}" if rest else f"{hours}"
    return f"GMT{'+' if minutes > 0 else '-'}{offset}" if minutes else "UTC"
