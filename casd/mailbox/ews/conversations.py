"""FindConversation, GetConversationItems and ApplyConversationAction: mails that answer one another, as one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import tzinfo
from typing import Any

from casd.mailbox.ews import columns, finding, identifiers, places
from casd.mailbox.ews.answers import each
from casd.mailbox.ews.identifiers import Kind
from casd.mailbox.ews.reading import Renderer
from casd.mailbox.store.errors import NotFound
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.values import Flag, Folder, Importance, Item
from protocols.ews import responses, shapes, views
from protocols.ews.codecs import choice, parse_boolean, read_id, show_boolean, show_moment, write_id
from protocols.ews.errors import BadDocument, Refusal
from protocols.ews.markup import Child, Element, child, children, m, t, text
from protocols.ews.schema import grammar
from protocols.ews.values import Id

_OUT_OF_SIGHT = frozenset({"recoverableitemsdeletions"})
_FLAGS = {Flag.NONE: "NotFlagged", Flag.COMPLETE: "Complete", Flag.FLAGGED: "Flagged"}


def find_conversation(mailbox: MailboxStore, body: Element, _zone: tzinfo) -> Element:
    """Serve FindConversation: the latest first, whatever the order that is asked for."""
    view, folder = views.parse(body), places.needed(mailbox, body, "ParentFolderId")
    if not isinstance(view, views.Page) or view.backwards:
        raise Refusal("ErrorInvalidRequest", "Conversations are paged from the beginning.")
    found = mailbox.threads.find(folder.id, finding.aqs(views.query_string(body)), view.limit, view.offset)
    shown = [_conversation(mailbox, folder, name) for name in found.names]
    offset = m("IndexedOffset", str(view.offset + len(shown)))
    total = m("TotalConversationsInView", str(found.total))
    return responses.alone("FindConversation", m("Conversations", shown), total, offset)


def _conversation(mailbox: MailboxStore, folder: Folder, name: str) -> Element:
    everywhere = _items(mailbox, name)
    here = [item for item in everywhere if item.folder == folder.id]
    found = {
        "ConversationTopic": here[0].subject,
        "LastDeliveryTime": show_moment(here[-1].received),
        "GlobalLastDeliveryTime": show_moment(everywhere[-1].received),
        "LastModifiedTime": show_moment(max(item.modified for item in here)),
        "Preview": here[-1].preview,
        **_of(mailbox, here, ""),
        **_of(mailbox, everywhere, "Global"),
    }
    made = t("Conversation", t("ConversationId", Id=identifiers.encode(Kind.CONVERSATION, mailbox, name)))
    made.extend(_written(element, found[element]) for element in _ORDER if found.get(element) not in (None, "", []))
    return made


def _of(mailbox: MailboxStore, items: Sequence[Item], prefix: str) -> dict[str, Any]:
    """Return what is said of some mails of a conversation; `prefix` stands before the elements' names."""
    unread = [item for item in items if not item.read]
    told = {
        "UniqueRecipients": _unique(item.to for item in items),
        "UniqueUnreadSenders": _unique(item.sender for item in unread),
        "UniqueSenders": _unique(item.sender for item in items),
        "Categories": list(dict.fromkeys(word for item in items for word in item.categories)),
        "FlagStatus": _FLAGS[Flag(max(item.flag for item in items))],
        "HasAttachments": show_boolean(any(item.has_attachments for item in items)),
        "MessageCount": str(len(items)),
        "UnreadCount": str(len(unread)),
        "Size": str(sum(item.size for item in items)),
        "ItemClasses": list(dict.fromkeys(item.item_class for item in items)),
        "Importance": Importance(max(item.importance for item in items)).name.title(),
        "ItemIds": [identifiers.of_item(mailbox, item) for item in reversed(items)],
    }
    return {f"{prefix}{element}": value for element, value in told.items()}


def _unique(people: Iterable[str]) -> list[str]:
    named = (one.name or one.address for line in people for one in columns.addresses(line))
    return list(dict.fromkeys(named))


_ORDER = grammar.ROWS["Conversation"].children[1:]


def _written(element: str, value: Any) -> Element:
    if not isinstance(value, list):
        return t(element, value)
    inner = "ItemClass" if element.endswith("ItemClasses") else "String"
    return t(element, (write_id("ItemId", one) if isinstance(one, Id) else t(inner, one) for one in value))


def _items(mailbox: MailboxStore, name: str) -> list[Item]:
    """Return the mails of a conversation that its owner sees. Raises `NotFound`."""
    gone = {mailbox.folders.distinguished(one).id for one in _OUT_OF_SIGHT}
    if not (found := [item for item in mailbox.threads.items(name) if item.folder not in gone]):
        raise NotFound(f"no conversation {name}")
    return found


def _named(mailbox: MailboxStore, node: Element) -> str:
    if (identity := child(node, "ConversationId")) is None:
        raise BadDocument(f"The element '{node.tag}' needs a ConversationId.")
    return identifiers.decode(Kind.CONVERSATION, mailbox, read_id(identity).text)


def get_conversation_items(mailbox: MailboxStore, body: Element, _zone: tzinfo) -> Element:
    """Serve GetConversationItems."""
    renderer = Renderer(mailbox, shapes.parse(body, "ItemShape"))
    ignored = {places.folder_of(mailbox, node).id for node in children(body, "FoldersToIgnore")}
    newest_first = text(body, "SortOrder", "TreeOrderDescending").endswith("Descending")
    most = int(text(body, "MaxItemsToReturn", "100"))

    def get(node: Element) -> Sequence[Child]:
        name = _named(mailbox, node)
        items = [item for item in _items(mailbox, name) if item.folder not in ignored]
        shown = list(reversed(items))[:most] if newest_first else items[:most]
        nodes = t("ConversationNodes", (_node(renderer, item) for item in shown))
        identity = t("ConversationId", Id=identifiers.encode(Kind.CONVERSATION, mailbox, name))
        return [m("Conversation", identity, nodes)]

    return each("GetConversationItems", get, children(body, "Conversations"))


def _node(renderer: Renderer, item: Item) -> Element:
    parent = t("ParentInternetMessageId", f"<{item.in_reply_to}>") if item.in_reply_to else None
    return t(
        "ConversationNode",
        t("InternetMessageId", f"<{item.message_id}>"),
        parent,
        t("Items", renderer.element(item)),
    )


def apply_conversation_action(mailbox: MailboxStore, body: Element, _zone: tzinfo) -> Element:
    """Serve ApplyConversationAction: at once, and once; nothing is remembered for mails to come."""

    def apply(node: Element) -> Sequence[Child]:
        act = _ACTIONS.get(text(node, "Action"))
        if act is None:
            raise Refusal("ErrorInvalidOperation", "Mails to come are a matter of inbox rules.")
        context = places.target(mailbox, node, "ContextFolderId")
        for item in _items(mailbox, _named(mailbox, node)):
            if context is None or item.folder == context.id:
                act(mailbox, node, item)
        return []

    return each("ApplyConversationAction", apply, children(body, "ConversationActions"))


def _delete(mailbox: MailboxStore, node: Element, item: Item) -> None:
    mode = choice(*places.MODES).constant(text(node, "DeleteType", "MoveToDeletedItems"))
    mailbox.items.delete(item.id, places.MODES[mode])


def _copy(mailbox: MailboxStore, node: Element, item: Item) -> None:
    mailbox.admit(item.size)
    mailbox.items.copy(item.id, places.needed(mailbox, node, "DestinationFolderId").id)


def _set_read(mailbox: MailboxStore, node: Element, item: Item) -> None:
    mailbox.items.update(item.id, read=parse_boolean(text(node, "IsRead")))


def _flag(mailbox: MailboxStore, node: Element, item: Item) -> None:
    flag = child(node, "Flag")
    wanted = choice(*_FLAGS.values()).constant("" if flag is None else text(flag, "FlagStatus"))
    mailbox.items.update(item.id, flag=next(number for number, word in _FLAGS.items() if word == wanted))


_ACTIONS: Mapping[str, Callable[[MailboxStore, Element, Item], Any]] = {
    "Move": lambda mailbox, node, item: mailbox.items.move(
        item.id, places.needed(mailbox, node, "DestinationFolderId").id
    ),
    "Copy": _copy,
    "Delete": _delete,
    "SetReadState": _set_read,
    "Flag": _flag,
}
