"""A person's settings of web mail, kept with the mailbox, so that every browser has the same."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from casd.mailbox import hours
from casd.mailbox.ews import zones
from casd.mailbox.owa.arguments import Arguments, BadArgument
from casd.mailbox.owa.sanitise import clean
from casd.mailbox.store.mailbox import MailboxStore
from protocols.ews.working_hours import DAYS, Period

LANGUAGES = ("", "de", "en", "fr")
"""Empty: as the browser asks."""

COLOURS = ("red", "orange", "yellow", "green", "teal", "blue", "purple", "grey")
_FIRST = ("red", "orange", "green", "blue", "purple")
_THEMES = ("", "light", "dark")
_NAME = "owa"
_MAX_SIGNATURE = 64 * 1024
_MAX_CATEGORIES = 100

DEFAULTS: Mapping[str, Any] = {
    "language": "",
    "zone": "",
    "theme": "",
    "signature": "",
    "conversations": True,
    "firstDay": 1,
    "categories": [
        {"name": name.capitalize(), "colour": name} for name in ("red", "orange", "green", "blue", "purple")
    ],
}


def get_settings(mailbox: MailboxStore, _arguments: Arguments) -> Any:
    """Return all settings, with whose they are, and how full the mailbox is."""
    return {
        "mailbox": {"address": mailbox.address, "name": mailbox.display_name},
        "settings": settings(mailbox),
        "storage": {"size": mailbox.settings.size(), "limit": mailbox.quota.send or mailbox.quota.receive},
    }


def update_settings(mailbox: MailboxStore, arguments: Arguments) -> Any:
    """Set those that are named."""
    changed = {name: read(arguments) for name, read in _READERS.items() if arguments.has(name)}
    mailbox.settings.put(_NAME, {**_kept(mailbox), **changed})
    if arguments.has("hours"):
        hours.save(mailbox, *_hours(arguments.part("hours")))
    return {"settings": settings(mailbox)}


def settings(mailbox: MailboxStore) -> dict[str, Any]:
    """Return all settings, the defaults where nothing was chosen."""
    return {**DEFAULTS, **_kept(mailbox), "hours": _working(*hours.load(mailbox))}


def _working(period: Period, zone: tzinfo | None) -> dict[str, Any]:
    start, end = (f"{minutes // 60:02}:{minutes % 60:02}" for minutes in (period.start, period.end))
    return {"days": period.days, "start": start, "end": end, "zone": zones.key(zone) if zone else ""}


def _hours(arguments: Arguments) -> tuple[Period, tzinfo]:
    wanted = arguments.texts("days", len(DAYS))
    start, end = (_minutes(arguments.text(name)) for name in ("start", "end"))
    if not wanted or not set(wanted) <= set(DAYS):
        raise BadArgument("Working hours are on one day of the week at least.")
    if start >= end:
        raise BadArgument("Working hours end after they begin.")
    if (zone := zones.find(arguments.text("zone"))) is None:
        raise BadArgument("Working hours are by the clock of a time zone.")
    return Period(tuple(day for day in DAYS if day in wanted), start, end), zone


def _minutes(text: str) -> int:
    try:
        clock = time.fromisoformat(text)
    except ValueError:
        raise BadArgument(f"{text} is no time of the day.") from None
    return clock.hour * 60 + clock.minute


def _kept(mailbox: MailboxStore) -> dict[str, Any]:
    return mailbox.settings.get(_NAME) or {}


def _one_of(arguments: Arguments, name: str, choices: tuple[str, ...]) -> str:
    value = arguments.text(name)
    if value not in choices:
        raise BadArgument(f"{name} must be one of {', '.join(filter(None, choices))}.")
    return value


def _zone(arguments: Arguments) -> str:
    name = arguments.text("zone")
    try:
        return name and ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadArgument(f"There is no time zone {name}.") from None


def _signature(arguments: Arguments) -> str:
    markup = arguments.text("signature")
    if len(markup) > _MAX_SIGNATURE:
        raise BadArgument("The signature is too long.")
    return clean(markup, remote=True).html


def _categories(arguments: Arguments) -> list[dict[str, str]]:
    return [_category(each) for each in arguments.objects("categories", _MAX_CATEGORIES)]


def _category(arguments: Arguments) -> dict[str, str]:
    name = " ".join(arguments.text("name").split())
    if not 0 < len(name) <= 255:
        raise BadArgument("A category's name has 1 to 255 characters.")
    return {"name": name, "colour": _one_of(arguments, "colour", COLOURS)}


_READERS = {
    "language": lambda arguments: _one_of(arguments, "language", LANGUAGES),
    "zone": _zone,
    "theme": lambda arguments: _one_of(arguments, "theme", _THEMES),
    "signature": _signature,
    "conversations": lambda arguments: arguments.flag("conversations"),
    "firstDay": lambda arguments: arguments.number("firstDay", 6),
    "categories": _categories,
}
