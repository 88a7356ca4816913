"""The attachments of the items of one mailbox."""

from __future__ import annotations

from casd.mailbox.store.values import Attachment, Item


class Attachments:
    """The attachments of a mailbox's items; `MailboxStore.attachments`.

    A mail's attachments are parts of its MIME content, which is rewritten when one is added or removed.
    """

    def of(self, item: str) -> tuple[Attachment, ...]:
        """Return an item's attachments in their order. Raises `NotFound`."""
        raise NotImplementedError

    def get(self, attachment: str) -> Attachment:
        """Return the attachment with this id, or raise `NotFound`."""
        raise NotImplementedError

    def content(self, attachment: str) -> bytes:
        """Return an attachment's decoded content. Raises `NotFound`."""
        raise NotImplementedError

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
        raise NotImplementedError

    def remove(self, attachment: str) -> Item:
        """Remove an attachment and return the item as it is now. Raises `NotFound`."""
        raise NotImplementedError
