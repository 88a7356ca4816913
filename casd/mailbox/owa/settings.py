"""A person's settings of web mail, kept with the mailbox, so that every browser has the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from casd.mailbox.owa.arguments import Arguments, BadArgument
from casd.mailbox.owa.sanitise import clean
from casd.mailbox.store.mailbox import MailboxStore

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
    return {"settings": settings(mailbox)}


def settings(mailbox: MailboxStore) -> dict[str, Any]:
    """Return all settings, the defaults where nothing was chosen."""
    return {**DEFAULTS, **_kept(mailbox)}


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
