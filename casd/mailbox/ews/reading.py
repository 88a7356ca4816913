"""Items as their properties: what columns, what is kept beside, and what the content says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from html import escape
from typing import Any

from casd.mailbox.ews import appointments, columns, identifiers, kept, kinds, mail, rights, series
from casd.mailbox.ews.identifiers import Kind
from casd.mailbox.ews.kinds import ELEMENTS, KINDS, SHOWN, Known
from casd.mailbox.ews.occurrences import Occurrence
from casd.mailbox.ews.soundness import sound
from casd.mailbox.store import kinds as formats
from casd.mailbox.store.errors import BadContent
from casd.mailbox.store.extract import Part
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.values import Attachment as Stored
from casd.mailbox.store.values import Item as Entry
from casd.mailbox.store.values import Kind as StoredKind
from protocols.ews import items
from protocols.ews.errors import Refusal
from protocols.ews.fields import ATTACHMENTS
from protocols.ews.markup import Element
from protocols.ews.paths import Extended, Path, Property
from protocols.ews.shapes import Shape
from protocols.ews.values import Address, Attachment, Body, Id, Item

_BODIES = (Property("item:Body"), Property("item:UniqueBody"), Property("item:NormalizedBody"))
_TEXT_BODY = Property("item:TextBody")
_SHOWN = frozenset({"text/calendar", "text/vcard"})


class Renderer:
    """Shows items of one mailbox in one shape."""

    def __init__(self, mailbox: MailboxStore, shape: Shape, *, finding: bool = False) -> None:
        self.mailbox = mailbox
        self._shape = shape
        self._wanted = {name: shape.wanted(name, finding=finding) for name in SHOWN}
        self._worth_reading = frozenset(shape.additional) if finding else None

    def show(self, item: Entry, occurrence: Occurrence | None = None) -> Item:
        """Return the properties of an item, or of one occurrence of it, that the shape wants.

        When finding, the contents of many items are read only for what the client has named.
        """
        known = kinds.known(item)
        wanted = self._wanted[known.element]
        if occurrence is not None:
            return self._shaped(known.element, sound(_happening)(self.mailbox, item, wanted, occurrence))
        found = {path: value for path in wanted if (value := _said(item, path)) is not None}
        if any(self._needs_content(known, path, found) for path in wanted):
            found |= self._read(item, known)
        return self._shaped(known.element, _around(self.mailbox, item, wanted) | found)

    def _read(self, item: Entry, known: Known) -> dict[Path, Any]:
        """Return what the content says; among many one that cannot be read says nothing."""
        try:
            found = known.read(self.mailbox.items.content(item.id))
            return appointments.seen_by(self.mailbox.address, found)
        except BadContent:
            if self._worth_reading is not None:
                return {}
            raise Refusal("ErrorItemCorrupt") from None

    def _needs_content(self, known: Known, path: Path, found: Mapping[Path, Any]) -> bool:
        if isinstance(path, Extended) or path in found or path.uri not in known.reads:
            return False
        return self._worth_reading is None or path in self._worth_reading

    def element(self, item: Entry, occurrence: Occurrence | None = None) -> Element:
        """Return an item, or one occurrence of it, as an element."""
        return items.write(self.show(item, occurrence))

    def attached(self, content: bytes, name: str) -> Item:
        """Return the item that an attachment of this name is, of which nothing but a MIME message is known."""
        element, found = _attached(self.mailbox, content, name)
        return self._shaped(element, found)

    def _shaped(self, name: str, found: Mapping[Path, Any]) -> Item:
        both = dict(found)
        if _BODIES[0] in found:
            both.update(dict.fromkeys(_BODIES, _body(found, self._shape.body)))
        return Item(name, {path: both[path] for path in self._wanted[name] if path in both})


def _happening(mailbox: MailboxStore, item: Entry, wanted: Iterable[Path], occurrence: Occurrence) -> dict[Path, Any]:
    """Return the properties of an occurrence: those of the series, but for when it is and what its exception says."""
    found = _around(mailbox, item, wanted)
    found |= {path: value for path in wanted if (value := _said(item, path)) is not None}
    said = appointments.read(mailbox.items.content(item.id), occurrence.component)
    found |= appointments.seen_by(mailbox.address, said)
    own = occurrence.component
    if own is not None:
        found |= appointments.own(own)
    times = {
        "item:ItemId": identifiers.of_occurrence(mailbox, item, occurrence.original),
        "calendar:Start": occurrence.start,
        "calendar:End": occurrence.end,
        "calendar:OriginalStart": occurrence.original,
        "calendar:RecurrenceId": occurrence.original,
        "calendar:IsRecurring": True,
        "calendar:CalendarItemType": "Occurrence" if own is None else "Exception",
        "calendar:Recurrence": None,
    }
    return found | {Property(uri): value for uri, value in times.items()}


def _said(item: Entry, path: Path) -> Any:
    """Return a property of an item as far as it is known without its content."""
    if item.properties and (value := kept.load(item.properties, path)) is not None:
        return value
    if isinstance(path, Extended):
        return None
    return columns.value(partial(getattr, item), path.uri)


def _around(mailbox: MailboxStore, item: Entry, wanted: Iterable[Path]) -> dict[Path, Any]:
    """Return the properties that follow from where an item is and whose it is."""
    known = ((path, _ABOUT[path.uri]) for path in wanted if isinstance(path, Property) and path.uri in _ABOUT)
    return {path: value for path, say in known if (value := say(mailbox, item)) is not None}


def _from_me(mailbox: MailboxStore, item: Entry) -> bool:
    return columns.address(item.sender).address.casefold() == mailbox.address.casefold()


def _receiver(mailbox: MailboxStore, item: Entry) -> Address | None:
    if item.draft or _from_me(mailbox, item):
        return None
    return Address(mailbox.address, mailbox.display_name)


def _folder(mailbox: MailboxStore, item: Entry) -> Id:
    return Id(identifiers.encode(Kind.FOLDER, mailbox, item.folder))


def _conversation(mailbox: MailboxStore, item: Entry) -> Id | None:
    return Id(identifiers.encode(Kind.CONVERSATION, mailbox, item.conversation)) if item.conversation else None


def _attachments(mailbox: MailboxStore, item: Entry) -> tuple[Attachment, ...]:
    return tuple(attachment(mailbox, one) for one in mailbox.attachments.of(item.id))


_ABOUT: Mapping[str, Callable[[MailboxStore, Entry], Any]] = {
    ATTACHMENTS: _attachments,
    "item:ItemId": identifiers.of_item,
    "item:ParentFolderId": _folder,
    "item:IsSubmitted": lambda _mailbox, _item: False,
    "item:IsFromMe": _from_me,
    "item:IsResend": lambda _mailbox, _item: False,
    "item:IsUnmodified": lambda _mailbox, item: item.created == item.modified,
    "item:ReminderIsSet": lambda _mailbox, _item: False,
    "item:Culture": lambda _mailbox, _item: "en-US",
    "item:EffectiveRights": rights.of_item,
    "item:LastModifiedName": lambda mailbox, _item: mailbox.display_name,
    "item:IsAssociated": lambda _mailbox, _item: False,
    "item:InstanceKey": lambda _mailbox, item: item.id.encode(),
    "item:ConversationId": _conversation,
    "message:ReceivedBy": _receiver,
    "message:ReceivedRepresenting": _receiver,
    "contacts:ContactSource": lambda _mailbox, _item: "Store",
    **series.ABOUT,
}
"""What is said of an item when neither a column nor its content says it."""


def _body(found: Mapping[Path, Any], wanted: str) -> Body:
    body: Body = found[_BODIES[0]]
    if wanted == "Text" and body.type == "HTML":
        text: Body = found[_TEXT_BODY]
        return text
    if wanted == "HTML" and body.type == "Text":
        return Body("HTML", f"<html><body><pre>{escape(body.text, quote=False)}</pre></body></html>")
    return body


def attachment(mailbox: MailboxStore, stored: Stored | Part, name: str = "") -> Attachment:
    """Return an attachment without what it holds. The store's own have a name; others are given one."""
    return Attachment(
        name=stored.name,
        id=identifiers.encode(Kind.ATTACHMENT, mailbox, stored.id if isinstance(stored, Stored) else name),
        content_type=stored.content_type,
        content_id=stored.content_id,
        size=stored.size,
        inline=stored.inline,
        is_item=stored.content_type == "message/rfc822",
    )


def _attached(mailbox: MailboxStore, content: bytes, name: str) -> tuple[str, dict[Path, Any]]:
    message = mail.parse(content)
    payload = message.get_payload(decode=True)
    if message.get_content_type() in _SHOWN and isinstance(payload, bytes):
        return _inner(message.get_content_type(), payload)
    extract = formats.KINDS[StoredKind.MAIL].read(content)
    inner = tuple(attachment(mailbox, part, f"{name}/{part.index}") for part in extract.parts)
    found = columns.read({**extract.columns, **extract.defaults}) | mail.read(content)
    return "Message", found | ({Property(ATTACHMENTS): inner} if inner else {})


def _inner(content_type: str, content: bytes) -> tuple[str, dict[Path, Any]]:
    kind = StoredKind.CONTACT if content_type == "text/vcard" else StoredKind.APPOINTMENT
    if kind is StoredKind.APPOINTMENT and b"BEGIN:VTODO" in content:
        kind = StoredKind.TASK
    extract = formats.KINDS[kind].read(content)
    known = ELEMENTS["DistributionList"] if "item_class" in extract.columns else KINDS[kind]
    return known.element, {**columns.read({**extract.columns, **extract.defaults}), **known.read(content)}
