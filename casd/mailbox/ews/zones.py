"""Time zones, by the names that Windows, hence EWS, has for them and by those of the IANA."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tzlocal.windows_tz import tz_win, win_tz

NAMES = tuple(sorted(win_tz))
"""The names that Windows has (CLDR, windowsZones.xml)."""


def find(name: str) -> tzinfo | None:
    """Return the time zone of this name, of either kind; None if it is not known."""
    olson = win_tz.get(name, name)
    if olson in {"UTC", "Etc/UTC", "Etc/GMT"}:
        return UTC
    try:
        return ZoneInfo(olson)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def key(zone: tzinfo | None) -> str:
    """Return the name that the IANA has for a time zone."""
    return str(getattr(zone, "key", "UTC"))


def windows(zone: tzinfo | None) -> str:
    """Return the name that Windows has for a time zone; UTC for one that it does not have."""
    return tz_win.get(key(zone), "UTC")


def settle(moment: datetime, zone: tzinfo) -> datetime:
    """Return a moment in UTC; one without an offset is of this time zone."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
