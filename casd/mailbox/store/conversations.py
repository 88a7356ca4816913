"""The mails of one mailbox by conversation."""

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
_MEMBERS = f"""
    {rows.SELECT_ITEM} WHERE item.folder = :folder AND item.kind = :kind AND item.conversation = :conversation
    ORDER BY item.received DESC, item.number DESC LIMIT 1000
"""
_TOTAL = """
    SELECT count(DISTINCT nullif(conversation, '')) + count(*) FILTER (WHERE conversation = '')
    FROM item INDEXED BY item_conversation WHERE folder = :folder AND kind = :kind
"""


@frozen
class Conversation:
    """The mails of one conversation in one folder, newest first."""

    items: tuple[Item, ...]


@frozen
class Conversations:
    """One page of conversations, those with the newest mail first. `total` counts all of the folder."""

    conversations: tuple[Conversation, ...]
    total: int
    offset: int


class Threads:
    """The conversations of a mailbox; `MailboxStore.threads`."""

    def __init__(self, journal: Journal, folders: Folders) -> None:
        self._connection = journal.connection
        self._folders = folders

    def find(self, folder: str, page: Page) -> Conversations:
        """Return one page of a folder's conversations. Raises `NotFound`."""
        within: dict[str, str | int] = {"folder": self._folders.get(folder).number, "kind": Kind.MAIL}
        (total,) = self._connection.execute(_TOTAL, within).fetchone()
        newest = self._items(_NEWEST, **within, limit=page.limit, offset=page.offset)
        return Conversations(tuple(self._whole(item, **within) for item in newest), total, page.offset)

    def _whole(self, newest: Item, **within: str | int) -> Conversation:
        if not newest.conversation:
            return Conversation((newest,))
        return Conversation(tuple(self._items(_MEMBERS, **within, conversation=newest.conversation)))

    def _items(self, query: str, **parameters: str | int) -> Iterator[Item]:
        return map(rows.item, self._connection.execute(query, parameters).fetchall())
