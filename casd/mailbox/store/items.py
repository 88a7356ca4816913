"""The items of one mailbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Unpack, cast

from casd.mailbox.store import finding, kql, parts, rows, sync
from casd.mailbox.store.entries import Entries
from casd.mailbox.store.errors import Conflict
from casd.mailbox.store.folders import Folders
from casd.mailbox.store.journal import Journal
from casd.mailbox.store.marking import Marks, marks
from casd.mailbox.store.query import NEWEST_FIRST, Filter, Order, Page
from casd.mailbox.store.suggesting import Suggestions, suggest
from casd.mailbox.store.values import Changes, DeleteMode, EventKind, Fields, Found, Item, Kind

_FIRST_PAGE = Page()


class Items:
    """The items of a mailbox; `MailboxStore.items`."""

    def __init__(self, journal: Journal, folders: Folders, entries: Entries) -> None:
        self._journal = journal
        self._connection = journal.connection
        self._folders = folders
        self._entries = entries

    def get(self, item: str) -> Item:
        """Return the item with this id, or raise `NotFound`."""
        return self._entries.get(item)

    def content(self, item: str) -> bytes:
        """Return the whole content of an item: MIME, iCalendar or vCard, with its attachments if it is MIME."""
        return parts.content(self._connection, self.get(item).number)

    def length(self, item: str) -> int:
        """Return how many bytes the content of an item has: its size without what is attached beside it."""
        return parts.length(self._connection, self.get(item).number)

    def text(self, item: str) -> str:
        """Return the plain text of an item's body, as it was indexed for search."""
        return self._entries.text(item)

    def find(
        self,
        folders: Sequence[str],
        where: Filter | None = None,
        order: Sequence[Order] = NEWEST_FIRST,
        page: Page = _FIRST_PAGE,
    ) -> Found:
        """Return one page of what matches in these folders (not in those below). Raises `NotFound`, `BadQuery`."""
        within = [self._folders.get(folder) for folder in folders]
        inside = f"item.folder IN ({', '.join(str(folder.number) for folder in within)})"
        place = finding.Where(self._journal.mailbox, inside, sum(folder.total for folder in within))
        meant = finding.understood(where, self._now())
        return finding.find(self._connection, place, meant, order, page)

    def marked(self, text: str, items: Sequence[str]) -> dict[str, Marks]:
        """Return where the words of a search stand in some of the items that it found, by id."""
        meant = kql.parse(text, self._now(), UTC)
        return marks(self._connection, self._journal.mailbox, meant, items)

    def suggestions(self, text: str) -> Suggestions:
        """Return people and subjects that begin with what somebody has typed."""
        return suggest(self._connection, self._journal.mailbox, text)

    def with_uid(self, uid: str) -> tuple[Item, ...]:
        """Return what has this UID, oldest first; whatever its kind and its folder."""
        condition = "item.mailbox = ? AND item.uid = ? AND item.uid <> '' ORDER BY item.number"
        found = self._connection.execute(f"{rows.SELECT_ITEM} WHERE {condition}", (self._journal.mailbox, uid))
        return tuple(map(rows.item, found))

    def create(self, folder: str, kind: Kind, content: bytes, **fields: Unpack[Fields]) -> Item:
        """Put a new item into a folder. Raises `NotFound` and `BadContent`.

        The item class follows from the kind if not set: IPM.Note, IPM.Appointment, IPM.Task, IPM.Contact,
        IPM.StickyNote.
        """
        home = self._folders.get(folder)
        item = self._entries.create(home, kind, content, cast("Mapping[str, Any]", fields))
        self._journal.tell(EventKind.CREATED, item.change, home.id, home.parent, item=item.id)
        return item

    def update(
        self, item: str, content: bytes | None = None, *, change_key: str | None = None, **fields: Unpack[Fields]
    ) -> Item:
        """Set fields of an item, replace its content (same kind), or both.

        Raises `Conflict` when `change_key` is given and not the item's own, `NotFound`, `BadContent`.
        """
        old = self.get(item)
        if change_key is not None and change_key != old.change_key:
            raise Conflict(f"{item} has changed")
        values = dict(cast("Mapping[str, Any]", fields))
        if "properties" in values:
            values["properties"] = rows.merged(old.properties, values["properties"])
        values = {name: value for name, value in values.items() if value != getattr(old, name)}
        if content is not None:
            return self._entries.rewrite(old, content, values)
        return self._entries.change(old, values) if values else old

    def move(self, item: str, folder: str) -> Item:
        """Put an item into another folder; its id stays. Raises `NotFound`."""
        old, home = self.get(item), self._folders.get(folder)
        if old.folder == home.id:
            return old
        new = self._entries.move(old, home)
        self._journal.tell(
            EventKind.MOVED, new.change, home.id, home.parent, item=item, old_folder=old.folder, old_item=item
        )
        return new

    def copy(self, item: str, folder: str) -> Item:
        """Put a copy with an id of its own into a folder. Raises `NotFound`."""
        old, home = self.get(item), self._folders.get(folder)
        new = self._entries.copy(old, home)
        self._journal.tell(
            EventKind.COPIED, new.change, home.id, home.parent, item=new.id, old_folder=old.folder, old_item=item
        )
        return new

    def delete(self, item: str, mode: DeleteMode) -> None:
        """Delete an item: move it to Deleted Items or to the recoverable items, or forget it. Raises `NotFound`.

        What is in Deleted Items already goes on to the recoverable items, and what is there is forgotten.
        """
        old = self.get(item)
        home = self._folders.get(old.folder)
        target = self._folders.bin(home, mode)
        if target is not None and target.distinguished == "deleteditems":
            self.move(item, target.id)
            return
        change = self._entries.move(old, target).change if target else self._entries.forget(old)
        self._journal.tell(EventKind.DELETED, change, home.id, home.parent, item=item)

    def changes(self, folder: str, state: str = "", limit: int = 512) -> Changes:
        """Return what happened to a folder's items since `state` (empty: all items). Raises `NotFound`, `BadState`."""
        return sync.changes(self._journal, self._folders.get(folder).number, state, limit)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._journal.now(), UTC)
