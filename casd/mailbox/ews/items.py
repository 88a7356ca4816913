"""The operations on items that are there: get, move, copy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import tzinfo

from casd.mailbox.ews import identifiers, kinds, places
from casd.mailbox.ews.answers import each
from casd.mailbox.ews.reading import Renderer
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.query import Compare, Operator, Page
from casd.mailbox.store.values import Item
from protocols.ews import items, shapes
from protocols.ews.codecs import parse_boolean
from protocols.ews.markup import Child, Element, children, m, text
from protocols.ews.paths import Property
from protocols.ews.values import Item as Shown

_ID = Property("item:ItemId")


def reference(mailbox: MailboxStore, item: Item) -> Element:
    """Return an item as an element that says nothing but its id."""
    return items.write(Shown(kinds.known(item).element, {_ID: identifiers.of_item(mailbox, item)}))


def get_item(mailbox: MailboxStore, body: Element, _zone: tzinfo) -> Element:
    """Serve GetItem."""
    renderer = Renderer(mailbox, shapes.parse(body, "ItemShape"))

    def get(node: Element) -> Sequence[Child]:
        return [m("Items", renderer.element(*places.happening_of(mailbox, node)))]

    return each("GetItem", get, children(body, "ItemIds"))


def mark_all_items_as_read(mailbox: MailboxStore, body: Element, _zone: tzinfo) -> Element:
    """Serve MarkAllItemsAsRead, or as unread."""
    read = parse_boolean(text(body, "ReadFlag"))

    def mark(node: Element) -> Sequence[Child]:
        other = Compare("read", Operator.EQUAL, not read)
        for item in mailbox.items.find([places.folder_of(mailbox, node).id], other, (), Page(limit=-1)).items:
            mailbox.items.update(item.id, read=read)
        return []

    return each("MarkAllItemsAsRead", mark, children(body, "FolderIds"))


def mark_as_junk(mailbox: MailboxStore, body: Element, _zone: tzinfo) -> Element:
    """Serve MarkAsJunk: the items go to Junk Email, or back to the inbox; no list of senders is kept."""
    junk, moves = (parse_boolean(body.get(name, "")) for name in ("IsJunk", "MoveItem"))

    def mark(node: Element) -> Sequence[Child]:
        item = places.item_of(mailbox, node)
        if not moves:
            return []
        target = mailbox.folders.distinguished("junkemail" if junk else "inbox")
        moved = identifiers.of_item(mailbox, mailbox.items.move(item.id, target.id))
        return [m("MovedItemId", Id=moved.text, ChangeKey=moved.change_key)]

    return each("MarkAsJunk", mark, children(body, "ItemIds"))


def move_item(mailbox: MailboxStore, body: Element, _zone: tzinfo) -> Element:
    """Serve MoveItem."""
    return _put("MoveItem", mailbox, body, mailbox.items.move)


def copy_item(mailbox: MailboxStore, body: Element, _zone: tzinfo) -> Element:
    """Serve CopyItem."""

    def copy(item: str, folder: str) -> Item:
        mailbox.admit(mailbox.items.get(item).size)
        return mailbox.items.copy(item, folder)

    return _put("CopyItem", mailbox, body, copy)


def _put(operation: str, mailbox: MailboxStore, body: Element, do: Callable[[str, str], Item]) -> Element:
    def put(node: Element) -> Sequence[Child]:
        target = places.needed(mailbox, body, "ToFolderId")
        return [m("Items", reference(mailbox, do(places.item_of(mailbox, node).id, target.id)))]

    return each(operation, put, children(body, "ItemIds"))
