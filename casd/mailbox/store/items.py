"""The items of one mailbox."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

from casd.mailbox.store.query import NEWEST_FIRST, Filter, Order, Page
from casd.mailbox.store.values import Changes, DeleteMode, Fields, Found, Item, Kind


class Items:
    """The items of a mailbox; `MailboxStore.items`."""

    def get(self, item: str) -> Item:
        """Return the item with this id, or raise `NotFound`."""
        raise NotImplementedError

    def content(self, item: str) -> bytes:
        """Return the whole content of an item: MIME, iCalendar or vCard, with its attachments if it is MIME."""
        raise NotImplementedError

    def text(self, item: str) -> str:
        """Return the plain text of an item's body, as it was indexed for search."""
        raise NotImplementedError

    def find(
        self,
        folders: Sequence[str],
        where: Filter | None = None,
        order: Sequence[Order] = NEWEST_FIRST,
        page: Page = Page(),  # noqa: B008 - a frozen value
    ) -> Found:
        """Return one page of what matches in these folders (not in those below). Raises `NotFound`, `BadQuery`."""
        raise NotImplementedError

    def create(self, folder: str, kind: Kind, content: bytes, **fields: Unpack[Fields]) -> Item:
        """Put a new item into a folder. Raises `NotFound` and `BadContent`.

        The item class follows from the kind if not set: IPM.Note, IPM.Appointment, IPM.Task, IPM.Contact, IPM.StickyNote.
        """
        raise NotImplementedError

    def update(
        self, item: str, content: bytes | None = None, *, change_key: str | None = None, **fields: Unpack[Fields]
    ) -> Item:
        """Set fields of an item, replace its content (same kind), or both.

        Raises `Conflict` when `change_key` is given and not the item's own, `NotFound`, `BadContent`.
        """
        raise NotImplementedError

    def move(self, item: str, folder: str) -> Item:
        """Put an item into another folder; its id stays. Raises `NotFound`."""
        raise NotImplementedError

    def copy(self, item: str, folder: str) -> Item:
        """Put a copy with an id of its own into a folder. Raises `NotFound`."""
        raise NotImplementedError

    def delete(self, item: str, mode: DeleteMode) -> None:
        """Delete an item: move it to Deleted Items or to the recoverable items, or forget it. Raises `NotFound`."""
        raise NotImplementedError

    def changes(self, folder: str, state: str = "", limit: int = 512) -> Changes:
        """Return what happened to a folder's items since `state` (empty: all items). Raises `NotFound`, `BadState`."""
        raise NotImplementedError
