"""One mailbox of a mailbox database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Unpack

from casd.mailbox.store import rows
from casd.mailbox.store.attachments import Attachments
from casd.mailbox.store.conversations import Conversations
from casd.mailbox.store.entries import Entries
from casd.mailbox.store.errors import QuotaExceeded
from casd.mailbox.store.folders import Folders
from casd.mailbox.store.imports import Imports
from casd.mailbox.store.index import Index
from casd.mailbox.store.items import Items
from casd.mailbox.store.journal import Journal
from casd.mailbox.store.query import Page
from casd.mailbox.store.quota import UNLIMITED
from casd.mailbox.store.settings import Settings
from casd.mailbox.store.threads import Threads
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
        self.imports = Imports(journal)
        self.settings = Settings(journal)
        self.quota = UNLIMITED
        self.journal = journal
        self.threads = Threads(journal, self.folders)
        self.conversations = Conversations(journal, self.folders)

    @classmethod
    def open(cls, journal: Journal, address: str, display_name: str) -> MailboxStore:
        """Open the mailbox that a journal belongs to, the default folders made that it does not have."""
        store = cls(journal, address, display_name)
        values = {"address": address, "display_name": display_name}
        rows.update(journal.connection, "mailbox", journal.mailbox, values)
        new = journal.position() == 0
        store.folders.create_defaults()
        if new:
            Index(journal.connection, journal.mailbox).create()
        return store

    @property
    def position(self) -> int:
        """The number of the last change."""
        return self.journal.position()

    @property
    def now(self) -> datetime:
        """The time by this mailbox' clock, in whole seconds, UTC."""
        return datetime.fromtimestamp(self.journal.now(), UTC)

    def deliver(self, mime: bytes, **fields: Unpack[Fields]) -> Item:
        """Put a received message into the inbox, unread, and tell watchers of new mail."""
        inbox = self.folders.distinguished("inbox")
        item = self.items.create(inbox.id, Kind.MAIL, mime, **fields)
        self.journal.tell(EventKind.NEW_MAIL, item.change, inbox.id, inbox.parent, item=item.id)
        return item

    def admit(self, size: int, before: int = 0) -> None:
        """Raise `QuotaExceeded` when there is no room for so many bytes in place of those before, which are fewer."""
        more = size - before
        if self.quota.receive is not None and more > 0 and self.settings.size() + more > self.quota.receive:
            raise QuotaExceeded("the mailbox is full")

    def check_sending(self) -> None:
        """Raise `QuotaExceeded` when the mailbox is so full that its owner may send nothing."""
        if self.quota.send is not None and self.settings.size() >= self.quota.send:
            raise QuotaExceeded("the mailbox is too full to send from it")

    def empty(self, folder: str, mode: DeleteMode, *, subfolders: bool = False) -> None:
        """Delete all items of a folder; with `subfolders` the folders below it too. Raises `NotFound`, `NotAllowed`."""
        with self.journal.whole():
            for child in self.folders.children(folder) if subfolders else ():
                self.folders.delete(child.id, mode)
            for item in self.items.find([folder], page=Page(limit=-1)).items:
                self.items.delete(item.id, mode)
