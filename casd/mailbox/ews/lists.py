"""Distribution lists of one's own: the properties in a vCard of a group (RFC 6350 sections 6.1.4 and 6.6.5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

from casd.mailbox.ews import contacts
from casd.mailbox.store.contact import MAILTO
from protocols.ews.paths import Path, Property
from protocols.ews.values import Address

_MEMBERS = Property("distributionlist:Members")
_NAME = "X-NAME"
"""The parameter that holds a member's name, as a URI would: quoted, a name could end the line."""


def read(content: bytes) -> dict[Path, Any]:
    """Return the properties in a vCard of a group. Raises `BadContent`."""
    found = {path: value for path, value in contacts.read(content).items() if str(path) in READS}
    members = tuple(map(_member, contacts.parse(content).contents.get("member", ())))
    return {**found, **({_MEMBERS: members} if members else {})}


def write(content: bytes, changes: Mapping[Property, Any]) -> bytes:
    """Return a vCard of a group with some properties changed; None takes one away. Without a content it is new."""
    rest = {path: value for path, value in changes.items() if path != _MEMBERS}
    card = contacts.parse(contacts.write(content, rest))
    card.contents.pop("kind", None)
    card.add("kind").value = "group"
    if _MEMBERS in changes:
        card.contents.pop("member", None)
        for one in changes[_MEMBERS] or ():
            line = card.add("member")
            line.value = MAILTO + one.address
            line.params |= {_NAME: [quote(one.name)]} if one.name else {}
    return str(card.serialize()).encode("utf-8")


def _member(line: Any) -> Address:
    name = next(iter(line.params.get(_NAME, ())), "")
    return Address(line.value.removeprefix(MAILTO), unquote(name))


URIS = frozenset({"contacts:DisplayName", "calendar:UID", "item:Subject", "item:Body", str(_MEMBERS)})
"""Properties that such a vCard has a place for."""

READS = frozenset(
    {"contacts:DisplayName", "contacts:FileAs", "item:MimeContent", "item:Body", "item:TextBody", str(_MEMBERS)}
)
"""Properties that `read` knows."""
