"""What a client sets on an item: sorted into its content, its columns, and what is kept beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import tzinfo
from typing import Any, cast

from attrs import frozen

from casd.mailbox.ews import kept, mail
from casd.mailbox.ews.columns import COLUMNS, KEPT
from casd.mailbox.ews.kinds import ELEMENTS, KINDS, Known
from casd.mailbox.store.extract import Part
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.values import Attachment as Stored
from casd.mailbox.store.values import Fields, Kind
from casd.mailbox.store.values import Item as Entry
from protocols.ews.errors import Refusal
from protocols.ews.fields import ATTACHMENTS
from protocols.ews.paths import Path, Property
from protocols.ews.values import Attachment, Item

_MIME = Property("item:MimeContent")
_ATTACHMENTS = Property(ATTACHMENTS)
_ANGULAR = re.compile(r"<[!-~]{1,900}>(?: <[!-~]{1,900}>)*")
_CONTENT_TYPES = {
    **dict.fromkeys(("CalendarItem", "Task"), "text/calendar"),
    **dict.fromkeys(("Contact", "DistributionList"), "text/vcard"),
}


@frozen
class Sorted:
    """Changes by where they go. `content`: into the content, `fields`: what the store's methods take."""

    content: Mapping[Property, Any]
    fields: Fields


_SERVERS = frozenset({"item:DateTimeSent", "calendar:DateTimeStamp"})
"""Properties that have a place in the content, which only the server fills."""


def sort(known: Known, changes: Mapping[Path, Any]) -> Sorted:
    """Sort a client's changes (None: take away).

    Raises `Refusal` (ErrorInvalidPropertySet) for what no client may set.
    """
    content: dict[Property, Any] = {}
    fields: dict[str, Any] = {}
    properties: dict[str, Any] = {}
    for path, value in changes.items():
        placed = False
        if isinstance(path, Property) and path.uri in known.uris - _SERVERS:
            content[path], placed = value, True
        if isinstance(path, Property) and path.uri in KEPT:
            fields[COLUMNS[path.uri].field], placed = _column(path.uri, value), True
        if isinstance(path, Property) and path.uri in kept.VERBATIM:
            properties[str(path)] = value if value and _ANGULAR.fullmatch(value) is None else None
        if known.kind is Kind.CONTACT and path == kept.SUBJECT:
            properties[str(path)] = value
        if not placed and kept.keeps(path):
            properties[str(path)], placed = None if value is None else kept.dump(path, value), True
        if not placed:
            raise Refusal("ErrorInvalidPropertyDelete" if value is None else "ErrorInvalidPropertySet", path=path)
    return Sorted(content, cast("Fields", fields | ({"properties": properties} if properties else {})))


def of_occurrence(changes: Mapping[Path, Any], shown: Mapping[Path, Any]) -> dict[Property, Any]:
    """Return what a client changes of one occurrence, of which `shown` is what it sees.

    Raises `Refusal` when something would differ that only a whole series has.
    """
    known, found = KINDS[Kind.APPOINTMENT], dict[Property, Any]()
    for path, value in changes.items():
        if isinstance(path, Property) and path.uri in known.uris - _SERVERS:
            found[path] = value
        elif (value or None) != (shown.get(path) or None):
            raise Refusal("ErrorInvalidPropertySet", path=path)
    return found


_UNSET: Mapping[str, Any] = {
    "item:Categories": (),
    "item:Flag": "NotFlagged",
    "item:Importance": "Normal",
    "item:Sensitivity": "Normal",
    "message:IsRead": False,
}


def _column(uri: str, value: Any) -> Any:
    if value is None and uri not in _UNSET:
        raise Refusal("ErrorInvalidPropertyDelete", path=Property(uri))
    return COLUMNS[uri].keep(_UNSET[uri] if value is None else value)


def begin(known: Known, wanted: Item, defaults: Mapping[Property, Any], zone: tzinfo) -> tuple[bytes, Fields]:
    """Return the content and the fields of a new item; `defaults` are what it has where the client says nothing.

    What the client gives as MIME is taken as it stands, and has no defaults.
    """
    mime = wanted.properties.get(_MIME, b"")
    said = {path: value for path, value in wanted.properties.items() if path not in (_MIME, _ATTACHMENTS)}
    placed = sort(known, said)
    content = placed.content if mime else {**defaults, **placed.content}
    return known.write(mime, content, zone) if content else mime, placed.fields


def packed(attachment: Attachment, zone: tzinfo) -> tuple[Part, bytes]:
    """Return an attachment as the store takes it, with what it holds; an item becomes a MIME message.

    Raises `Refusal` when it holds nothing (ErrorRequiredPropertyMissing) or no item.
    """
    data, content_type = _held(attachment, zone)
    return Part(0, attachment.name, content_type, len(data), attachment.content_id, attachment.inline), data


def add(mailbox: MailboxStore, item: Entry, part: Part, data: bytes) -> Stored:
    """Attach something to an item of the store."""
    attach = mailbox.attachments.add
    return attach(item.id, part.name, part.content_type, data, content_id=part.content_id, inline=part.inline)


def _held(attachment: Attachment, zone: tzinfo) -> tuple[bytes, str]:
    if attachment.item is not None:
        return _message(attachment.item, zone), "message/rfc822"
    if attachment.content is None:
        raise Refusal("ErrorRequiredPropertyMissing", "An attachment needs a Content.")
    return attachment.content, attachment.content_type or "application/octet-stream"


def _message(item: Item, zone: tzinfo) -> bytes:
    if item.element not in ELEMENTS:
        raise Refusal("ErrorInvalidRequest", f"A {item.element} cannot be attached.")
    known = ELEMENTS[item.element]
    parts = [packed(one, zone) for one in item.properties.get(_ATTACHMENTS, ())]
    content, _ = begin(known, Item(item.element, _writable(known, item.properties)), {}, zone)
    if (content_type := _CONTENT_TYPES.get(item.element)) is not None:
        return f"MIME-Version: 1.0\r\nContent-Type: {content_type}; charset=utf-8\r\n\r\n".encode() + content
    return mail.write(content, {}, parts) if parts else content


def _writable(known: Known, properties: Mapping[Path, Any]) -> dict[Path, Any]:
    """Leave out what only a mailbox keeps: an attached item is its content."""
    uris = known.uris | {_MIME.uri}
    return {path: value for path, value in properties.items() if isinstance(path, Property) and path.uri in uris}
