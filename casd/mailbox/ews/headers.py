"""The headers of a message, as a client sets them: functions that change a message; None takes a header away."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from email.errors import HeaderParseError
from email.header import Header as RawHeader
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from protocols.ews.errors import Refusal
from protocols.ews.values import Address

_BREAKS = re.compile(r"[\r\n\t\0]+")
_LONGEST = 900
"""Characters that stand in one line: a message has at most 998 in one (RFC 5322 section 2.1.1)."""


def _set(name: str, value: str | None) -> Callable[[EmailMessage], None]:
    def change(message: EmailMessage) -> None:
        del message[name]
        if value is not None:
            message.set_raw(name, _line(name, _BREAKS.sub(" ", value)))

    return change


def _line(name: str, value: str) -> str:
    """Return a text as a header holds it: the library's own way to fold one adds blanks."""
    plain = value.isascii() and value.isprintable() and "=?" not in value and value == value.strip()
    if plain and len(value) < _LONGEST:
        return value
    return RawHeader(value, "utf-8", header_name=name).encode(linesep="\r\n")


def identifiers(name: str) -> Callable[[EmailMessage, str | None], None]:
    """Return what sets a header of message identifiers, one a line: the library would break long ones apart."""

    def change(message: EmailMessage, value: str | None) -> None:
        del message[name]
        if words := (value or "").encode("ascii", "replace").decode().split():
            message.set_raw(name, "\r\n ".join(word[:_LONGEST] for word in words))

    return change


def text(name: str, words: Mapping[str, str | None] | None = None) -> Callable[[EmailMessage, Any], None]:
    """Return what sets a header of text, or of the word that `words` has for a value."""
    return lambda message, value: _set(name, words[value] if words and value is not None else value)(message)


def address(value: Address) -> HeaderAddress:
    """Return somebody as a header names him. Raises `Refusal` for an address that no header can carry."""
    try:
        return HeaderAddress(" ".join(value.name.split()), addr_spec=value.address.strip())
    except (HeaderParseError, ValueError, IndexError) as error:
        raise Refusal("ErrorInvalidRecipients", f"'{value.address}' is not an address.") from error


def person(name: str) -> Callable[[EmailMessage, Any], None]:
    """Return what sets a header of one person."""
    return lambda message, value: people(name)(message, None if value is None else (value,))


def people(name: str) -> Callable[[EmailMessage, Any], None]:
    """Return what sets a header of people."""

    def change(message: EmailMessage, persons: tuple[Address, ...] | None) -> None:
        del message[name]
        if persons:
            message[name] = [address(one) for one in persons]

    return change


def receipt(name: str) -> Callable[[EmailMessage, Any], None]:
    """Return what asks for a receipt to the author (RFC 8098 section 2.1), or no longer."""
    return lambda message, wanted: _set(name, str(message["From"] or "") if wanted else None)(message)


def date(message: EmailMessage, value: Any) -> None:
    """Set the Date."""
    _set("Date", None if value is None else format_datetime(value))(message)
