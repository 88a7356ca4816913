"""A mailbox as somebody sees it whom its owner lets in: the folders that are open to him, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from casd.mailbox import delegation, permissions
from casd.mailbox.delegation import CHANGES, CREATES, EDITS_OWN, READS, Delegate
from casd.mailbox.store.attachments import Attachments
from casd.mailbox.store.entries import Entries
from casd.mailbox.store.errors import Forbidden, NotFound
from casd.mailbox.store.folders import Folders
from casd.mailbox.store.items import Items
from casd.mailbox.store.journal import Journal
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.query import NEWEST_FIRST, And, Compare, Filter, Operator, Order, Page
from casd.mailbox.store.values import DeleteMode, Fields, Folder, Found, Item, Kind

_TOPS = frozenset({"root", "msgfolderroot"})
"""Folders that may be seen, so that those below are found, but not looked into."""

_PRIVATE = 2
_FIRST_PAGE = Page()


def shared_mailbox(owner: MailboxStore, user: str) -> MailboxStore | None:
    """Return a mailbox as another user may see it; None for whoever is let into nothing and is no delegate."""
    delegate, levels = delegation.find(delegation.load(owner), user), permissions.levels(owner, user)
    if delegate is None and not levels:
        return None
    return SharedMailbox(owner, user.casefold(), delegate, levels)


class SharedMailbox(MailboxStore):
    """The mailbox of `owner` for another, by his address in lower case; maybe he is no delegate.

    Raises `Forbidden` for what he may see but not do.
    """

    folders: SharedFolders
    items: SharedItems

    def __init__(self, owner: MailboxStore, user: str, delegate: Delegate | None, levels: Mapping[str, str]) -> None:
        self.delegate = delegate
        journal = owner.journal.by(user)
        super().__init__(journal, owner.address, owner.display_name)
        self.quota = owner.quota
        entries = Entries(journal)
        folders = SharedFolders(journal, levels)
        self.folders = folders
        self.items = SharedItems(journal, folders, entries, private=delegate is not None and delegate.private)
        self.attachments = SharedAttachments(journal, entries, self.items)

    def deliver(self, mime: bytes, **fields: Unpack[Fields]) -> Item:
        """Refuse: the owner's inbox fills in other ways."""
        raise Forbidden("a delegate delivers no mail")


class SharedFolders(Folders):
    """The folders that are open to another; `levels` by their ids."""

    def __init__(self, journal: Journal, levels: Mapping[str, str]) -> None:
        super().__init__(journal)
        self._levels = levels

    def level(self, folder: str) -> str:
        """Return what somebody may do in the folder with this id, empty for nothing."""
        return self._levels.get(folder, "")

    def check(self, folder: Folder, levels: frozenset[str]) -> None:
        """Raise `Forbidden` unless the folder is open at one of these levels."""
        if self.level(folder.id) not in levels:
            raise Forbidden(f"{folder.name} is not open for this")

    def get(self, folder: str) -> Folder:
        """Return a folder that is open, or raise `NotFound`."""
        return self._seen(super().get(folder))

    def distinguished(self, name: str) -> Folder:
        """Return a default folder that is open, or raise `Forbidden`."""
        found = super().distinguished(name)
        if found.distinguished not in _TOPS:
            self.check(found, READS)
        return found

    def children(self, folder: str, *, deep: bool = False) -> tuple[Folder, ...]:
        """Return the folders below this one that are open."""
        return tuple(one for one in super().children(folder, deep=deep) if self._open(one))

    def bin(self, _folder: Folder, _mode: DeleteMode) -> Folder:
        """Return where the owner finds again what a delegate has deleted."""
        return super().distinguished("recoverableitemsdeletions")

    def create(self, *_args: Any, **_more: Any) -> Folder:
        """Refuse."""
        raise Forbidden("a delegate makes no folders")

    def update(self, *_args: Any, **_more: Any) -> Folder:
        """Refuse."""
        raise Forbidden("a delegate changes no folders")

    def move(self, *_args: Any, **_more: Any) -> Folder:
        """Refuse."""
        raise Forbidden("a delegate moves no folders")

    def delete(self, *_args: Any, **_more: Any) -> None:
        """Refuse."""
        raise Forbidden("a delegate deletes no folders")

    def changes(self, *_args: Any, **_more: Any) -> Any:
        """Refuse."""
        raise Forbidden("a delegate does not follow the tree of folders")

    def _open(self, folder: Folder) -> bool:
        return folder.distinguished in _TOPS or self.level(folder.id) in READS

    def _seen(self, folder: Folder) -> Folder:
        if not self._open(folder):
            raise NotFound(f"no folder {folder.id}")
        return folder


class SharedItems(Items):
    """The items in folders that are open to a delegate; what is private only if he may see that."""

    def __init__(self, journal: Journal, folders: SharedFolders, entries: Entries, *, private: bool) -> None:
        super().__init__(journal, folders, entries)
        self._shared = folders
        self.private = private
        self._made: set[str] = set()

    def get(self, item: str) -> Item:
        """Return an item of an open folder, or raise `NotFound`."""
        found = super().get(item)
        self._shared.check(self._shared.get(found.folder), READS)
        if found.sensitivity >= _PRIVATE and not self.private:
            raise NotFound(f"no item {item}")
        return found

    def text(self, item: str) -> str:
        """Return the text of an item that can be seen."""
        return super().text(self.get(item).id)

    def marked(self, _text: str, _items: Sequence[str]) -> Any:
        """Refuse: words of what is closed would be told of."""
        raise Forbidden("a delegate is shown no hits")

    def suggestions(self, _text: str) -> Any:
        """Refuse: they are taken from the whole mailbox."""
        raise Forbidden("a delegate is suggested nothing")

    def find(
        self,
        folders: Sequence[str],
        where: Filter | None = None,
        order: Sequence[Order] = NEWEST_FIRST,
        page: Page = _FIRST_PAGE,
    ) -> Found:
        """Return what matches in folders that are open."""
        for folder in folders:
            self._shared.check(self._shared.get(folder), READS)
        if self.private:
            return super().find(folders, where, order, page)
        public = Compare("sensitivity", Operator.LESS, _PRIVATE)
        return super().find(folders, And((public, *([where] if where else []))), order, page)

    def with_uid(self, uid: str) -> tuple[Item, ...]:
        """Return what has this UID and can be seen."""
        return tuple(item for item in super().with_uid(uid) if self._visible(item))

    def create(self, folder: str, kind: Kind, content: bytes, **fields: Unpack[Fields]) -> Item:
        """Put a new item into a folder that takes it."""
        self._shared.check(self._shared.get(folder), CREATES)
        made = super().create(folder, kind, content, **fields)
        self._made.add(made.id)
        return made

    def update(
        self, item: str, content: bytes | None = None, *, change_key: str | None = None, **fields: Unpack[Fields]
    ) -> Item:
        """Change an item of a folder that allows it; what is just being made may be finished."""
        if item not in self._made and not self.edits(self.get(item)):
            raise Forbidden(f"{item} is not open for changes")
        return super().update(item, content, change_key=change_key, **fields)

    def move(self, item: str, folder: str) -> Item:
        """Put an item into another folder, if both allow it."""
        self._check_deleting(item)
        self._shared.check(self._shared.get(folder), CREATES)
        return super().move(item, folder)

    def copy(self, item: str, folder: str) -> Item:
        """Put a copy into a folder that takes it."""
        self.get(item)
        self._shared.check(self._shared.get(folder), CREATES)
        return super().copy(item, folder)

    def delete(self, item: str, _mode: DeleteMode) -> None:
        """Delete an item of a folder that allows it; it goes where the owner finds it again."""
        self._check_deleting(item)
        super().delete(item, DeleteMode.SOFT)

    def changes(self, folder: str, state: str = "", limit: int = 512) -> Any:
        """Refuse: what has been private would be told of."""
        raise Forbidden("a delegate does not synchronise")

    def edits(self, item: Item) -> bool:
        """Say whether an item may be changed: any, or what one has put there."""
        return self._shared.level(item.folder) in (EDITS_OWN if self._is_own(item) else CHANGES)

    def deletes(self, item: Item) -> bool:
        """Say whether an item may be taken away."""
        return self._shared.level(item.folder) in (CREATES if self._is_own(item) else CHANGES)

    def _is_own(self, item: Item) -> bool:
        return item.creator == self._journal.creator

    def _check_deleting(self, item: str) -> None:
        if not self.deletes(self.get(item)):
            raise Forbidden(f"{item} is not open for being taken away")

    def _visible(self, item: Item) -> bool:
        try:
            return self.get(item.id) is not None
        except (NotFound, Forbidden):
            return False


class SharedAttachments(Attachments):
    """The attachments of items that a delegate may see, or change."""

    def __init__(self, journal: Journal, entries: Entries, items: SharedItems) -> None:
        super().__init__(journal, entries)
        self._items = items

    def of(self, item: str) -> Any:
        """Return the attachments of an item that can be seen."""
        self._items.get(item)
        return super().of(item)

    def get(self, attachment: str) -> Any:
        """Return an attachment of an item that can be seen."""
        found = super().get(attachment)
        self._items.get(found.item)
        return found

    def add(self, item: str, *args: Any, **more: Any) -> Any:
        """Attach something to an item that may be changed."""
        self._items.update(item)
        return super().add(item, *args, **more)

    def remove(self, attachment: str) -> Any:
        """Remove an attachment of an item that may be changed."""
        self._items.update(self.get(attachment).item)
        return super().remove(attachment)
