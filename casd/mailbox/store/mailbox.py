"""One mailbox of a mailbox database."""

from __future__ import annotations

from typing import Unpack

from casd.mailbox.store import rows
from casd.mailbox.store.attachments import Attachments
from casd.mailbox.store.entries import Entries
from casd.mailbox.store.errors import QuotaExceeded
from casd.mailbox.store.folders import Folders
from casd.mailbox.store.items import Items
from casd.mailbox.store.journal import Journal
from casd.mailbox.store.query import Page
from casd.mailbox.store.quota import UNLIMITED
from casd.mailbox.store.settings import Settings
from casd.mailbox.store.values import DeleteMode, EventKind, Fields, Item, Kind


class MailboxStore:
    """What is in one mailbox. Every method blocks and must run inside `MailboxDatabase.run`.

    Methods raise `casd.mailbox.store.errors.StoreError`s, always before anything is changed; so a caller may
    catch one and go on with the next item of a batch: the other items of that run are committed.
    """

    def __init__(self, journal: Journal, address: str, display_name: str) -> None:
        self.guid = journal.guid
        self.address = address
        self.display_name = display_name
        entries = Entries(journal)
        self.folders = Folders(journal)
        self.items = Items(journal, self.folders, entries)
        self.attachments = Attachments(journal, entries)
        self.settings = Settings(journal)
        self.quota = UNLIMITED
        self._journal = journal

    @classmethod
    def open(cls, journal: Journal, address: str, display_name: str) -> MailboxStore:
        """Open the mailbox that a journal belongs to, its default folders made if it has none."""
        store = cls(journal, address, display_name)
        values = {"address": address, "display_name": display_name}
        rows.update(journal.connection, "mailbox", journal.mailbox, values)
        if journal.position() == 0:
            store.folders.create_defaults()
        return store

    def deliver(self, mime: bytes, **fields: Unpack[Fields]) -> Item:
        """Put a received message into the inbox, unread, and tell watchers of new mail."""
        inbox = self.folders.distinguished("inbox")
        item = self.items.create(inbox.id, Kind.MAIL, mime, **fields)
        self._journal.tell(EventKind.NEW_MAIL, item.change, inbox.id, inbox.parent, item=item.id)
        return item

    @property
    def journal(self) -> Journal:
        """What all parts of the mailbox write to, for another view of it."""
        return self._journal

    def admit(self, size: int) -> None:
        """Raise `QuotaExceeded` when there is no room for so many bytes more."""
        if self.quota.receive is not None and self.settings.size() + size > self.quota.receive:
            raise QuotaExceeded("the mailbox is full")

    def empty(self, folder: str, mode: DeleteMode, *, subfolders: bool = False) -> None:
        """Delete all items of a folder; with `subfolders` the folders below it too. Raises `NotFound`, `NotAllowed`."""
        if subfolders:
            for child in self.folders.children(folder):
                self.folders.delete(child.id, mode)
        for item in self.items.find([folder], page=Page(limit=-1)).items:
            self.items.delete(item.id, mode)
