"""CreateItem: new items, saved, sent, or both."""

from __future__ import annotations

from datetime import tzinfo
from email.utils import make_msgid
from typing import Any
from uuid import uuid4

from attrs import frozen

from casd.mailbox.call import Call
from casd.mailbox.ews import mail, meetings, places, replies, sending, writing
from casd.mailbox.ews.answers import refusal
from casd.mailbox.ews.kinds import ELEMENTS, Known
from casd.mailbox.ews.meetings import Policy
from casd.mailbox.ews.reading import Renderer
from casd.mailbox.ews.sending import Done
from casd.mailbox.outgoing import Outgoing
from casd.mailbox.store.errors import StoreError
from casd.mailbox.store.kinds import KINDS as FORMATS
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.values import Fields, Folder, Item, Kind
from protocols.ews import items, responses
from protocols.ews.codecs import choice
from protocols.ews.errors import Refusal
from protocols.ews.fields import ATTACHMENTS
from protocols.ews.markup import Element, children, local, m
from protocols.ews.paths import Property
from protocols.ews.shapes import Shape
from protocols.ews.values import Address
from protocols.ews.values import Item as Wanted

_OPERATION = "CreateItem"
_DISPOSITION = choice("", "SaveOnly", "SendOnly", "SendAndSaveCopy")
_ATTACHMENTS = Property(ATTACHMENTS)


@frozen
class _Creation:
    """The creation of items as one request wants it."""

    mailbox: MailboxStore
    body: Element
    zone: tzinfo
    disposition: str
    policy: Policy | None

    def all(self) -> list[Done]:
        """Create the items, each for itself."""
        return [self._attempt(node) for node in children(self.body, "Items")]

    def _attempt(self, node: Element) -> Done:
        try:
            with self.mailbox.journal.whole():  # what is refused leaves nothing behind
                return self._any(node)
        except (StoreError, Refusal) as error:
            return Done(responses.error(_OPERATION, refusal(error)))

    def _any(self, node: Element) -> Done:
        if local(node) in meetings.ANSWERS:
            return meetings.answer(self.mailbox, node, self.zone, self.disposition or "SaveOnly")
        wanted = items.read(node)
        return self._one(replies.message(self.mailbox, wanted) if replies.is_response(wanted) else wanted)

    def _one(self, wanted: Wanted) -> Done:
        known = ELEMENTS.get(wanted.element)
        if known is None:
            raise Refusal("ErrorInvalidRequest", f"A {wanted.element} is not an item.")
        if known.kind is Kind.MAIL and not self.disposition:
            raise Refusal("ErrorMessageDispositionRequired")
        sends = known.kind is Kind.MAIL and self.disposition != "SaveOnly"
        content, fields = writing.begin(known, wanted, _defaults(known, self.mailbox), self.zone)
        if sends:
            sending.check(self.mailbox, content)
        classed: Fields = {"item_class": known.item_class} if known.item_class else {}
        draft = {"read": True, "draft": known.kind is Kind.MAIL} | classed | fields
        made = draft | ({"read": True, "draft": False} if sends else {})
        folder = self._folder(known, sends=sends)
        item = self._save(folder, known, content, made, wanted)
        if sends:
            return Done(responses.success(_OPERATION, m("Items")), item)
        letters: list[Outgoing] = []
        if known.kind is Kind.APPOINTMENT:
            told = meetings.required(self.policy, "ErrorSendMeetingInvitationsRequired")
            item, letters = meetings.created(self.mailbox, item, told)
        return Done(self._saved(item, wanted), letters=tuple(letters))

    def _folder(self, known: Known, *, sends: bool) -> Folder:
        """Return where an item goes: what is sent without a copy waits in the outbox."""
        if sends and self.disposition == "SendOnly":
            return self.mailbox.folders.distinguished("outbox")
        said = places.target(self.mailbox, self.body, "SavedItemFolderId")
        return said or self.mailbox.folders.distinguished("sentitems" if sends else known.home)

    def _save(self, folder: Folder, known: Known, content: bytes, fields: Fields, wanted: Wanted) -> Item:
        parts = [writing.packed(one, self.zone) for one in wanted.properties.get(_ATTACHMENTS, ())]
        self.mailbox.admit(len(content) + sum(len(data) for _, data in parts))
        if parts and FORMATS[known.kind].mime:
            return self.mailbox.items.create(folder.id, known.kind, mail.write(content, {}, parts), **fields)
        item = self.mailbox.items.create(folder.id, known.kind, content, **fields)
        for part, data in parts:
            writing.add(self.mailbox, item, part, data)
        return self.mailbox.items.get(item.id)

    def _saved(self, item: Item, wanted: Wanted) -> Element:
        shape = Shape(additional=(_ATTACHMENTS,) if _ATTACHMENTS in wanted.properties else ())
        return responses.success(_OPERATION, m("Items", Renderer(self.mailbox, shape).element(item)))


async def create_item(call: Call, body: Element, zone: tzinfo) -> Element:
    """Serve CreateItem: all items are saved in one transaction, then those to be sent go out one by one."""
    disposition = _DISPOSITION.constant(body.get("MessageDisposition", ""))
    policy = meetings.policy(body, "SendMeetingInvitations")
    made = await call.database.run(_Creation(call.mailbox, body, zone, disposition, policy).all)
    return await sending.answer(call, _OPERATION, made, keep=disposition == "SendAndSaveCopy")


def _defaults(known: Known, mailbox: MailboxStore) -> dict[Property, Any]:
    """Return what a new item has where the client says nothing."""
    owner, now = Address(mailbox.address, mailbox.display_name), mailbox.now
    if known.kind in {Kind.MAIL, Kind.NOTE}:
        identifier = make_msgid(domain=mailbox.address.rpartition("@")[2])
        found: dict[str, Any] = {"message:From": owner, "message:InternetMessageId": identifier}
        found["item:DateTimeSent"] = now
    else:
        found = {"calendar:UID": str(uuid4()), "calendar:DateTimeStamp": now}
        found |= {"calendar:Organizer": owner, "calendar:LegacyFreeBusyStatus": "Busy"}
    return {Property(uri): value for uri, value in found.items() if uri in known.uris}
