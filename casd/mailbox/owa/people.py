"""Who a message is from and to."""

from __future__ import annotations

import re
from collections.abc import Iterable
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses
from typing import Any

from attrs import asdict, frozen

from casd.mailbox.owa.arguments import Arguments, BadArgument

_ADDRESS = re.compile(r"[^\s@<>\"(),:;\[\]\\]+@[^\s@<>\"(),:;\[\]\\]+")


@frozen
class Person:
    """A mail address, with the name that belongs to it if it is known."""

    name: str
    address: str


def shape(people: Iterable[Person]) -> list[dict[str, Any]]:
    """Return people as JSON."""
    return [asdict(person) for person in people]


def given(arguments: Iterable[Arguments]) -> tuple[Person, ...]:
    """Read people from a request; `BadArgument` for what is no address."""
    people = tuple(Person(_line(each.text("name", "")), each.text("address").strip()) for each in arguments)
    for person in people:
        if not _ADDRESS.fullmatch(person.address) or not person.address.isascii():
            raise BadArgument(f"{person.address} is not a mail address.")
    return people


def headers(mime: bytes) -> Message:
    """Return the header of a message."""
    return message_from_bytes(mime.partition(b"\r\n\r\n")[0] + b"\r\n\r\n")


def named(message: Message, header: str) -> tuple[Person, ...]:
    """Return the people in a header, decoded."""
    values = [" ".join(str(value).split()) for value in message.get_all(header, [])]
    pairs = getaddresses(values)
    return tuple(Person(_decoded(name), address) for name, address in pairs if name or address)


def listed(display: str) -> tuple[Person, ...]:
    """Return the people in an item's `sender`, `to`, `cc` or `bcc`."""
    pieces = (re.fullmatch(r"(?:(.*) )?<([^<>]*)>|(.*)", piece, re.DOTALL) for piece in display.split("; ") if piece)
    return tuple(Person(match[1] or "", match[2] or match[3] or "") for match in pieces if match)


def _decoded(text: str) -> str:
    try:
        return _line(str(make_header(decode_header(text))))
    except (HeaderParseError, LookupError, UnicodeError, ValueError):
        return text


def _line(text: str) -> str:
    return " ".join(text.split())
