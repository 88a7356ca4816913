"""The conversations of one mailbox: mails that answer one another, whatever folders they are in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from attrs import frozen

from casd.mailbox.store import rows, sql
from casd.mailbox.store.finding import understood
from casd.mailbox.store.folders import Folders
from casd.mailbox.store.journal import Journal
from casd.mailbox.store.query import Filter
from casd.mailbox.store.values import Item


@frozen
class FoundThreads:
    """One page of conversations, by `Item.conversation`; `total` counts all that match."""

    names: tuple[str, ...]
    total: int


class Threads:
    """The conversations of a mailbox; `MailboxStore.threads`."""

    def __init__(self, journal: Journal, folders: Folders) -> None:
        self._now = journal.now
        self._mailbox = journal.mailbox
        self._connection = journal.connection
        self._folders = folders

    def find(self, folder: str, where: Filter | None, limit: int, offset: int = 0) -> FoundThreads:
        """Return the conversations of which something in this folder matches, the latest first. Raises `NotFound`."""
        meant = understood(where, datetime.fromtimestamp(self._now(), UTC))
        test, parameters = ("TRUE", ()) if meant is None else sql.where(meant, self._mailbox)
        home = self._folders.get(folder).number
        condition = f"item.folder = {home} AND item.conversation <> '' AND ({test})"
        counted = f"SELECT count(DISTINCT conversation) FROM item WHERE {condition}"  # noqa: S608 - our own names
        found = self._connection.execute(
            f"SELECT conversation FROM item WHERE {condition} GROUP BY conversation"  # noqa: S608
            " ORDER BY max(received) DESC, max(number) DESC LIMIT ? OFFSET ?",
            (*parameters, limit, offset),
        )
        names = tuple(row[0] for row in found)
        return FoundThreads(names, self._connection.execute(counted, parameters).fetchone()[0])

    def items(self, name: str) -> Sequence[Item]:
        """Return the mails of a conversation, in whatever folders, the oldest first; none if there is no such one."""
        found = self._connection.execute(
            f"{rows.SELECT_ITEM} WHERE item.mailbox = ? AND item.conversation = ? ORDER BY item.received, item.number",
            (self._mailbox, name),
        )
        return tuple(map(rows.item, found))
