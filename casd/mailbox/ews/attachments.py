"""The operations on attachments: create, get, delete."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

from attrs import evolve

from casd.mailbox.ews import identifiers, places, reading, writing
from casd.mailbox.ews.answers import each
from casd.mailbox.ews.identifiers import Kind
from casd.mailbox.ews.reading import Renderer
from casd.mailbox.store import mime
from casd.mailbox.store.errors import NotFound
from casd.mailbox.store.kinds import KINDS as FORMATS
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.values import Kind as StoredKind
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
        part, data = writing.packed(wanted, zone)
        mailbox.admit(len(data))
        added = writing.add(mailbox, item, part, data)
        root = identifiers.of_item(mailbox, mailbox.items.get(item.id))
        return [_listed(evolve(reading.attachment(mailbox, added), root=root))]

    return each("CreateAttachment", create, children(body, "Attachments"))


def get_attachment(mailbox: MailboxStore, body: Element, _zone: tzinfo) -> Element:
    """Serve GetAttachment."""
    renderer = Renderer(mailbox, shapes.parse(body, "AttachmentShape"))

    def get(node: Element) -> Sequence[Child]:
        shown, content, name = _held(mailbox, node)
        if shown.is_item:
            return [_listed(evolve(shown, item=renderer.attached(content, name)))]
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
        raise Refusal("ErrorInvalidAttachmentId") from None


def _held(mailbox: MailboxStore, node: Element) -> tuple[Attachment, bytes, str]:
    """Return an attachment with what it holds and its name: what the store calls it, or where in such a one it is."""
    whole = identifiers.decode(Kind.ATTACHMENT, mailbox, node.get("Id", ""))
    name, *places = whole.split("/")
    try:
        shown = reading.attachment(mailbox, mailbox.attachments.get(name))
        content = mailbox.attachments.content(name)
        for place in places:
            part = next(part for part in FORMATS[StoredKind.MAIL].read(content).parts if str(part.index) == place)
            shown, content = reading.attachment(mailbox, part, whole), mime.part_content(content, part.index)
    except (NotFound, StopIteration):
        raise Refusal("ErrorInvalidAttachmentId") from None
    return shown, content, whole


def _listed(attachment: Attachment) -> Element:
    return m("Attachments", attachments.write(attachment, items.write))
