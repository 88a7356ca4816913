"""The attachments of the items of one mailbox."""

from __future__ import annotations

from typing import Any

from casd.mailbox.store import mime, parts, rows
from casd.mailbox.store.entries import Entries
from casd.mailbox.store.errors import NotFound
from casd.mailbox.store.extract import Part
from casd.mailbox.store.journal import Journal
from casd.mailbox.store.kinds import KINDS
from casd.mailbox.store.values import Attachment, Item


class Attachments:
    """The attachments of a mailbox's items; `MailboxStore.attachments`.

    A mail's attachments are parts of its MIME content, which is rewritten when one is added or removed.
    """

    def __init__(self, journal: Journal, entries: Entries) -> None:
        self._mailbox = journal.mailbox
        self._connection = journal.connection
        self._entries = entries

    def of(self, item: str) -> tuple[Attachment, ...]:
        """Return an item's attachments in their order. Raises `NotFound`."""
        self._entries.get(item)
        query = f"{rows.SELECT_ATTACHMENT} WHERE item.id = ? ORDER BY attachment.number"
        return tuple(map(rows.attachment, self._connection.execute(query, (item,))))

    def get(self, attachment: str) -> Attachment:
        """Return the attachment with this id, or raise `NotFound`."""
        query = f"{rows.SELECT_ATTACHMENT} WHERE attachment.id = ? AND item.mailbox = ?"
        found = self._connection.execute(query, (attachment, self._mailbox)).fetchone()
        if found is None:
            raise NotFound(f"no attachment {attachment}")
        return rows.attachment(found)

    def content(self, attachment: str) -> bytes:
        """Return an attachment's decoded content. Raises `NotFound`."""
        item, place, data = self._place(attachment)
        return bytes(data) if place is None else mime.part_content(parts.content(self._connection, item.number), place)

    def add(
        self,
        item: str,
        name: str,
        content_type: str,
        content: bytes,
        *,
        content_id: str = "",
        inline: bool = False,
    ) -> Attachment:
        """Attach something to an item, which gets a new change key. Raises `NotFound`."""
        old = self._entries.get(item)
        part = Part(0, name, content_type, len(content), content_id, inline)
        if not KINDS[old.kind].mime:
            added = parts.attach(self._connection, old.number, part, content)
            values = {"has_attachments": old.has_attachments or not inline, "size": old.size + len(content)}
            self._entries.change(old, values)
            return self.get(added)
        whole = parts.content(self._connection, old.number)
        self._entries.rewrite(old, mime.with_part(whole, part, content), {})
        return self.of(item)[-1]

    def remove(self, attachment: str) -> Item:
        """Remove an attachment and return the item as it is now. Raises `NotFound`."""
        item, place, data = self._place(attachment)
        self._connection.execute("DELETE FROM attachment WHERE id = ?", (attachment,))
        if place is not None:
            whole = parts.content(self._connection, item.number)
            return self._entries.rewrite(item, mime.without_part(whole, place), {})
        listed = any(not left.inline for left in self.of(item.id))
        return self._entries.change(item, {"has_attachments": listed, "size": item.size - len(data)})

    def _place(self, attachment: str) -> tuple[Item, int | None, Any]:
        """Return the item, the place in its MIME content, and what stands beside the content."""
        item = self._entries.get(self.get(attachment).item)
        query = "SELECT part, bytes FROM attachment WHERE id = ?"
        place, data = self._connection.execute(query, (attachment,)).fetchone()
        return item, place, data
