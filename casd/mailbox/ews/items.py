"""The operations on items that are there: get, move, copy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import tzinfo

from casd.mailbox.ews import identifiers, kinds, places
from casd.mailbox.ews.answers import each
from casd.mailbox.ews.reading import Renderer
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.values import Item
from protocols.ews import items, shapes
from protocols.ews.markup import Child, Element, children, m
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


def move_item(mailbox: MailboxStore, body: Element, _zone: tzinfo) -> Element:
    """Serve MoveItem."""
    return _put("MoveItem", mailbox, body, mailbox.items.move)


def copy_item(mailbox: MailboxStore, body: Element, _zone: tzinfo) -> Element:
    """Serve CopyItem."""
    return _put("CopyItem", mailbox, body, mailbox.items.copy)


def _put(operation: str, mailbox: MailboxStore, body: Element, do: Callable[[str, str], Item]) -> Element:
    def put(node: Element) -> Sequence[Child]:
        target = places.needed(mailbox, body, "ToFolderId")
        return [m("Items", reference(mailbox, do(places.item_of(mailbox, node).id, target.id)))]

    return each(operation, put, children(body, "ItemIds"))
