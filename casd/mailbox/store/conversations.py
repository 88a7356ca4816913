"""The mails of one folder by conversation, as a list shows them."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from casd.mailbox.store import rows
from casd.mailbox.store.folders import Folders
from casd.mailbox.store.journal import Journal
from casd.mailbox.store.query import Page
from casd.mailbox.store.values import Item, Kind

# A mail without a conversation is one of its own.
_NEWEST = f"""
    {rows.SELECT_ITEM} WHERE item.folder = :folder AND item.kind = :kind AND (item.conversation = '' OR NOT EXISTS (
        SELECT 1 FROM item AS later WHERE later.folder = :folder AND later.conversation = item.conversation
        AND later.kind = :kind AND (later.received, later.number) > (item.received, item.number)
    )) ORDER BY item.received DESC, item.number DESC LIMIT :limit OFFSET :offset
"""  # noqa: S608 - our own names
_MEMBERS = (
    "FROM item INDEXED BY item_conversation WHERE folder = :folder AND conversation = :conversation AND kind = :kind"
)
_NEWEST_MEMBERS = f"""
    {rows.SELECT_ITEM} WHERE item.number IN (SELECT number {_MEMBERS} ORDER BY received DESC, number DESC LIMIT :limit)
    ORDER BY item.received DESC, item.number DESC
"""
_ALL_MEMBERS = f"SELECT id, read {_MEMBERS} ORDER BY received DESC, number DESC"
_ALL = "FROM item INDEXED BY item_conversation WHERE folder = :folder AND kind = :kind AND conversation"
_TOTAL = f"""
    SELECT (SELECT count(*) FROM (SELECT DISTINCT conversation {_ALL} > '')) + (SELECT count(*) {_ALL} = '')
"""  # noqa: S608 - our own names

LOOKED_AT = 20
"""Mails of a conversation that a listing looks into: the newest say enough."""


@frozen
class Conversation:
    """The mails of one conversation in one folder, newest first: `ids` of all, the newest as `items`."""

    ids: tuple[str, ...]
    read: bool
    items: tuple[Item, ...]


@frozen
class ConversationPage:
    """One page of conversations, those with the newest mail first. `total` counts all of the folder."""

    conversations: tuple[Conversation, ...]
    total: int
    offset: int


class Conversations:
    """The conversations of a mailbox's folders; `MailboxStore.conversations`."""

    def __init__(self, journal: Journal, folders: Folders) -> None:
        self._connection = journal.connection
        self._folders = folders

    def find(self, folder: str, page: Page) -> ConversationPage:
        """Return one page of a folder's conversations. Raises `NotFound`."""
        within: dict[str, str | int] = {"folder": self._folders.get(folder).number, "kind": Kind.MAIL}
        (total,) = self._connection.execute(_TOTAL, within).fetchone()
        newest = self._items(_NEWEST, **within, limit=page.limit, offset=page.offset)
        return ConversationPage(tuple(self._whole(item, **within) for item in newest), total, page.offset)

    def _whole(self, newest: Item, **within: str | int) -> Conversation:
        if not newest.conversation:
            return Conversation((newest.id,), newest.read, (newest,))
        within["conversation"] = newest.conversation
        members = self._connection.execute(_ALL_MEMBERS, within).fetchall()
        items = self._items(_NEWEST_MEMBERS, **within, limit=LOOKED_AT) if len(members) > 1 else (newest,)
        return Conversation(tuple(row[0] for row in members), all(row[1] for row in members), tuple(items))

    def _items(self, query: str, **parameters: str | int) -> Iterator[Item]:
        return map(rows.item, self._connection.execute(query, parameters).fetchall())
