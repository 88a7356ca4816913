"""Moments and time zones as web mail's page writes them."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

from casd.mailbox.ews import zones
from casd.mailbox.owa.arguments import Arguments, BadArgument


def zone_of(arguments: Arguments) -> tzinfo:
    """Return the time zone in which a request says times."""
    found = zones.find(arguments.text("zone", "UTC") or "UTC")
    if found is None:
        raise BadArgument("There is no such time zone.")
    return found


def moment_of(arguments: Arguments, name: str) -> datetime:
    """Return a moment that a request names."""
    return parsed(arguments.text(name))


def original_of(arguments: Arguments) -> datetime | None:
    """Return where its series puts the occurrence that a request means; None for a whole appointment."""
    text = arguments.optional_text("original")
    return parsed(text) if text else None


def parsed(text: str) -> datetime:
    """Read a moment."""
    moment = wall(text)
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)


def wall(text: str) -> datetime:
    """Read a day or a time, by the clock of no zone unless it names one."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise BadArgument(f"{text} is no time.") from None
