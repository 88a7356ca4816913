"""What web mail asks of conversations."""

from __future__ import annotations

from typing import Any

from casd.mailbox.owa.arguments import Arguments
from casd.mailbox.owa.folders import mail_folders
from casd.mailbox.owa.items import MAX_PAGE, row
from casd.mailbox.store.conversations import Conversation
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.query import Compare, Operator, Order, Page
from casd.mailbox.store.values import Item

MAX_SHOWN = 200
"""Messages of one conversation that are shown: the newest."""

_ASIDE = frozenset({"deleteditems", "junkemail", "outbox"})


def find_conversation(mailbox: MailboxStore, arguments: Arguments) -> Any:
    """Return a page of a folder's conversations, as `find_item` does: a row is the newest message and how many."""
    page = Page(arguments.number("limit", MAX_PAGE, 50), arguments.number("offset", 2**31, 0))
    found = mailbox.conversations.find(arguments.text("folder"), page)
    return {"total": found.total, "offset": found.offset, "items": [_row(each) for each in found.conversations]}


def get_conversation(mailbox: MailboxStore, arguments: Arguments) -> Any:
    """Return all messages of the conversation that a message belongs to, oldest first, from wherever they are.

    What was thrown away is part of it only when seen from there.
    """
    item = mailbox.items.get(arguments.text("id"))
    return {"items": [row(each) for each in reversed(_members(mailbox, item))]}


def _members(mailbox: MailboxStore, item: Item) -> tuple[Item, ...]:
    if not item.conversation:
        return (item,)
    folders = [each.id for each in mail_folders(mailbox) if each.distinguished not in _ASIDE or each.id == item.folder]
    where = Compare("conversation", Operator.EQUAL, item.conversation)
    return mailbox.items.find(folders, where, (Order("received", descending=True),), Page(MAX_SHOWN)).items


def _row(conversation: Conversation) -> dict[str, Any]:
    items = conversation.items
    rows = [row(item) for item in items]
    senders: dict[str, Any] = {}
    for person in (person for each in rows for person in each["sender"]):
        senders.setdefault(person["address"].lower(), person)
    return {
        **rows[0],
        "ids": conversation.ids,
        "count": len(conversation.ids),
        "sender": list(senders.values()),
        "read": conversation.read,
        "flagged": any(each["flagged"] for each in rows),
        "hasAttachments": any(item.has_attachments for item in items),
        "categories": sorted({name for item in items for name in item.categories}),
    }
