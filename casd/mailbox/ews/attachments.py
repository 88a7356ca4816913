"""The operations on attachments: create, get, delete."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

from attrs import evolve

from casd.mailbox.ews import identifiers, places, reading, writing
from casd.mailbox.ews.answers import each
from casd.mailbox.ews.identifiers import Kind
from casd.mailbox.ews.reading import Renderer
from casd.mailbox.store.errors import NotFound
from casd.mailbox.store.mailbox import MailboxStore
from protocols.ews import attachments, items, shapes
from protocols.ews.errors import BadDocument, Refusal
from protocols.ews.markup import Child, Element, child, children, m
from protocols.ews.values import Attachment


def create_attachment(mailbox: MailboxStore, body: Element, zone: tzinfo) -> Element:
    """Serve CreateAttachment."""
    if (parent := child(body, "ParentItemId")) is None:
        raise BadDocument("The required element 'ParentItemId' is missing.")

    def create(node: Element) -> Sequence[Child]:
        item, wanted = places.item_of(mailbox, parent), attachments.read(node, items.read)
        added = writing.add(mailbox, item, *writing.packed(wanted, zone))
        root = identifiers.of_item(mailbox, mailbox.items.get(item.id))
        return [_listed(evolve(reading.attachment(mailbox, added), root=root))]

    return each("CreateAttachment", create, children(body, "Attachments"))


def get_attachment(mailbox: MailboxStore, body: Element, _zone: tzinfo) -> Element:
    """Serve GetAttachment."""
    renderer = Renderer(mailbox, shapes.parse(body, "AttachmentShape"))

    def get(node: Element) -> Sequence[Child]:
        name = _name(mailbox, node)
        found, content = mailbox.attachments.get(name), mailbox.attachments.content(name)
        shown = reading.attachment(mailbox, found)
        if shown.is_item:
            return [_listed(evolve(shown, item=renderer.attached(content)))]
        return [_listed(evolve(shown, content=content))]

    return each("GetAttachment", get, children(body, "AttachmentIds"))


def delete_attachment(mailbox: MailboxStore, body: Element, _zone: tzinfo) -> Element:
    """Serve DeleteAttachment."""

    def delete(node: Element) -> Sequence[Child]:
        root = identifiers.of_item(mailbox, mailbox.attachments.remove(_name(mailbox, node)))
        return [m("RootItemId", RootItemId=root.text, RootItemChangeKey=root.change_key)]

    return each("DeleteAttachment", delete, children(body, "AttachmentIds"))


def _name(mailbox: MailboxStore, node: Element) -> str:
    """Return what the store calls an attachment. Raises `Refusal` if it is not there."""
    name = identifiers.decode(Kind.ATTACHMENT, mailbox, node.get("Id", ""))
    try:
        return mailbox.attachments.get(name).id
    except NotFound:
        raise Refusal("ErrorItemNotFound") from None


def _listed(attachment: Attachment) -> Element:
    return m("Attachments", attachments.write(attachment, items.write))
