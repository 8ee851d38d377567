"""Places by name: the country of a position, found offline by its time zone.

A zone that several countries share names none of them. Does not belong here: reading positions (`position`).
"""

from __future__ import annotations

from functools import cache

import pytz
import tzfpy


def country_code(latitude: float, longitude: float) -> str | None:
    """ISO 3166-1 alpha-2 code of the country at a WGS 84 position; `None` at sea and where several share the zone."""
    return _codes().get(tzfpy.get_tz(longitude, latitude))


def country(latitude: float, longitude: float) -> str | None:
    """English short name of the country at a WGS 84 position, where its code is known."""
    code = country_code(latitude, longitude)
    return pytz.country_names[code] if code else None


@cache
def _codes() -> dict[str, str]:
    codes: dict[str, set[str]] = {}
    for code, zones in pytz.country_timezones.items():
        for zone in zones:
            codes.setdefault(zone, set()).add(code)
    return {zone: found.pop() for zone, found in codes.items() if len(found) == 1}
