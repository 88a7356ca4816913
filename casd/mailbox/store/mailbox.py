"""One mailbox of a mailbox database."""

from __future__ import annotations

from casd.mailbox.store.attachments import Attachments
from casd.mailbox.store.folders import Folders
from casd.mailbox.store.items import Items
from casd.mailbox.store.values import Item


class MailboxStore:
    """What is in one mailbox. Every method blocks and must run inside `MailboxDatabase.run`.

    Methods raise `casd.mailbox.store.errors.StoreError`s, always before anything is changed; so a caller may
    catch one and go on with the next item of a batch: the other items of that run are committed.
    """

    guid: str
    address: str
    display_name: str
    folders: Folders
    items: Items
    attachments: Attachments

    def deliver(self, mime: bytes) -> Item:
        """Put a received message into the inbox, unread, and tell watchers of new mail."""
        raise NotImplementedError
