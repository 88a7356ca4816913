"""Items as their properties: what columns, what is kept beside, and what the content says."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from html import escape
from typing import Any

from attrs import asdict

from casd.mailbox.ews import columns, identifiers, kept, mail
from casd.mailbox.ews.identifiers import Kind
from casd.mailbox.ews.kinds import ELEMENTS, KINDS, Known
from casd.mailbox.store import kinds as formats
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.values import Attachment as Stored
from casd.mailbox.store.values import Item as Entry
from casd.mailbox.store.values import Kind as StoredKind
from protocols.ews import items
from protocols.ews.fields import ATTACHMENTS
from protocols.ews.markup import Element
from protocols.ews.paths import Path, Property
from protocols.ews.shapes import Shape
from protocols.ews.values import Address, Attachment, Body, Id, Item

_BODIES = (Property("item:Body"), Property("item:UniqueBody"), Property("item:NormalizedBody"))
_TEXT_BODY = Property("item:TextBody")
_SHOWN = frozenset({"text/calendar", "text/vcard"})


class Renderer:
    """Shows items of one mailbox in one shape."""

    def __init__(self, mailbox: MailboxStore, shape: Shape, *, finding: bool = False) -> None:
        self._mailbox = mailbox
        self._shape = shape
        self._wanted = {name: shape.wanted(name, finding=finding) for name in ELEMENTS}

    def show(self, item: Entry) -> Item:
        """Return the properties of an item that the shape wants."""
        known = KINDS[item.kind]
        return self._shaped(known.element, _properties(self._mailbox, item, known, self._wanted[known.element]))

    def element(self, item: Entry) -> Element:
        """Return an item as an element."""
        return items.write(self.show(item))

    def attached(self, content: bytes) -> Item:
        """Return an item that is attached to another, of which nothing but a MIME message is known."""
        return self._shaped(*_attached(content))

    def _shaped(self, name: str, found: Mapping[Path, Any]) -> Item:
        both = dict(found)
        if _BODIES[0] in found:
            both.update(dict.fromkeys(_BODIES, _body(found, self._shape.body)))
        return Item(name, {path: both[path] for path in self._wanted[name] if path in both})


def _properties(mailbox: MailboxStore, item: Entry, known: Known, wanted: Collection[Path]) -> dict[Path, Any]:
    """Return at least the wanted properties of an item, as far as it has them; its content is read at need."""
    found = {**_about(mailbox, item), **columns.read(asdict(item, recurse=False))}
    found |= {path: value for path in wanted if (value := kept.load(item.properties, path)) is not None}
    if Property(ATTACHMENTS) in wanted:
        found[Property(ATTACHMENTS)] = tuple(attachment(mailbox, one) for one in mailbox.attachments.of(item.id))
    if any(isinstance(path, Property) and path.uri in known.reads and path not in found for path in wanted):
        found |= known.read(mailbox.items.content(item.id))
    return found


def _about(mailbox: MailboxStore, item: Entry) -> dict[Path, Any]:
    owner = Address(mailbox.address, mailbox.display_name)
    from_me = columns.address(item.sender).address.casefold() == mailbox.address.casefold()
    received = None if item.draft or from_me else owner
    folder = Id(identifiers.encode(Kind.FOLDER, mailbox, item.folder))
    found: dict[str, Any] = {
        "item:ItemId": identifiers.of_item(mailbox, item),
        "item:ParentFolderId": folder,
        "item:IsSubmitted": False,
        "item:IsFromMe": from_me,
        "item:IsResend": False,
        "item:IsUnmodified": item.created == item.modified,
        "item:ReminderIsSet": False,
        "item:Culture": "en-US",
        "item:EffectiveRights": True,
        "item:LastModifiedName": mailbox.display_name,
        "item:IsAssociated": False,
        "item:InstanceKey": item.id.encode(),
        "message:ReceivedBy": received,
        "message:ReceivedRepresenting": received,
        "contacts:ContactSource": "Store",
    }
    if item.conversation:
        found["item:ConversationId"] = Id(identifiers.encode(Kind.CONVERSATION, mailbox, item.conversation))
    return {Property(uri): value for uri, value in found.items() if value is not None}


def _body(found: Mapping[Path, Any], wanted: str) -> Body:
    body: Body = found[_BODIES[0]]
    if wanted == "Text" and body.type == "HTML":
        text: Body = found[_TEXT_BODY]
        return text
    if wanted == "HTML" and body.type == "Text":
        return Body("HTML", f"<html><body><pre>{escape(body.text, quote=False)}</pre></body></html>")
    return body


def attachment(mailbox: MailboxStore, stored: Stored) -> Attachment:
    """Return an attachment without what it holds."""
    return Attachment(
        name=stored.name,
        id=identifiers.encode(Kind.ATTACHMENT, mailbox, stored.id),
        content_type=stored.content_type,
        content_id=stored.content_id,
        size=stored.size,
        inline=stored.inline,
        is_item=stored.content_type == "message/rfc822",
    )


def _attached(content: bytes) -> tuple[str, dict[Path, Any]]:
    message = mail.parse(content)
    payload = message.get_payload(decode=True)
    if message.get_content_type() in _SHOWN and isinstance(payload, bytes):
        return _inner(message.get_content_type(), payload)
    extract = formats.KINDS[StoredKind.MAIL].read(content)
    return "Message", {**columns.read({**extract.columns, **extract.defaults}), **mail.read(content)}


def _inner(content_type: str, content: bytes) -> tuple[str, dict[Path, Any]]:
    kind = StoredKind.CONTACT if content_type == "text/vcard" else StoredKind.APPOINTMENT
    if kind is StoredKind.APPOINTMENT and b"BEGIN:VTODO" in content:
        kind = StoredKind.TASK
    known, extract = KINDS[kind], formats.KINDS[kind].read(content)
    return known.element, {**columns.read({**extract.columns, **extract.defaults}), **known.read(content)}
