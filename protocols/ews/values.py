"""What a property of an item or a folder can be, beyond text, numbers and times."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from attrs import frozen

from protocols.ews.paths import Path


@frozen
class Address:
    """A person or a mailbox (EmailAddressType)."""

    address: str
    name: str = ""


@frozen
class Attendee:
    """Somebody invited; `response` is a word of ResponseTypeType, `answered` when it came."""

    mailbox: Address
    response: str = "Unknown"
    answered: datetime | None = None


@frozen
class Body:
    """The text of an item; `type` is HTML or Text."""

    type: str
    text: str


@frozen
class Header:
    """One header field of a message (InternetHeaderType)."""

    name: str
    value: str


@frozen
class Id:
    """An opaque identifier with the key of the version that is meant."""

    text: str
    change_key: str = ""


@frozen
class Distinguished:
    """A default folder by its name; `mailbox` is the address of its owner, empty for the caller."""

    name: str
    mailbox: str = ""


@frozen
class Search:
    """What a search folder looks for: a Restriction (as XML) in these folders, with `deep` in those below them too."""

    restriction: str
    folders: tuple[Id | Distinguished, ...]
    deep: bool = False


@frozen
class Happening:
    """One occurrence of a series (OccurrenceInfoType). `original` is where the rule puts it."""

    id: Id
    start: datetime
    end: datetime
    original: datetime


@frozen
class Attachment:
    """An attachment. `content` of a file, `item` of an attached item, both None when only announced.

    `root` is the item that holds it, given when its change key has changed by the operation.
    """

    name: str
    id: str = ""
    root: Id | None = None
    content_type: str = ""
    content_id: str = ""
    size: int | None = None
    modified: datetime | None = None
    inline: bool = False
    is_item: bool = False
    content: bytes | None = None
    item: Item | None = None


@frozen
class Item:
    """An item or a folder: its element's name (`Message`, `Folder`, ...), and its properties by path."""

    element: str
    properties: Mapping[Path, Any]
