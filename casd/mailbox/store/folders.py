"""The tree of folders of one mailbox."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import chain, count
from secrets import token_hex
from typing import Any

from casd.mailbox.store import rows, sync
from casd.mailbox.store.errors import FolderExists, NotAllowed, NotFound
from casd.mailbox.store.index import Index
from casd.mailbox.store.journal import Journal
from casd.mailbox.store.values import Changes, DeleteMode, EventKind, Folder

DEFAULTS = (
    # distinguished name, distinguished name of the parent, name, class
    ("root", "", "root", "IPF"),
    ("msgfolderroot", "root", "Top of Information Store", "IPF"),
    ("inbox", "msgfolderroot", "Inbox", "IPF.Note"),
    ("sentitems", "msgfolderroot", "Sent Items", "IPF.Note"),
    ("drafts", "msgfolderroot", "Drafts", "IPF.Note"),
    ("deleteditems", "msgfolderroot", "Deleted Items", "IPF.Note"),
    ("outbox", "msgfolderroot", "Outbox", "IPF.Note"),
    ("junkemail", "msgfolderroot", "Junk Email", "IPF.Note"),
    ("calendar", "msgfolderroot", "Calendar", "IPF.Appointment"),
    ("contacts", "msgfolderroot", "Contacts", "IPF.Contact"),
    ("tasks", "msgfolderroot", "Tasks", "IPF.Task"),
    ("notes", "msgfolderroot", "Notes", "IPF.StickyNote"),
    ("journal", "msgfolderroot", "Journal", "IPF.Journal"),
    ("recoverableitemsroot", "root", "Recoverable Items", "IPF"),
    ("recoverableitemsdeletions", "recoverableitemsroot", "Deletions", "IPF"),
    ("searchfolders", "root", "Finder", "IPF"),
    ("archiveroot", "", "Archive", "IPF"),
    ("archivemsgfolderroot", "archiveroot", "Top of Information Store", "IPF"),
)

_BELOW = """
    WITH RECURSIVE below (number, depth) AS (
        SELECT number, 1 FROM folder WHERE parent = ?
        UNION ALL SELECT folder.number, depth + 1 FROM folder JOIN below ON folder.parent = below.number
    )
"""


class Folders:
    """The folders of a mailbox; `MailboxStore.folders`.

    Default folders are found by their distinguished names: root, msgfolderroot (the visible top, child of
    root), then below msgfolderroot inbox, sentitems, drafts, deleteditems, outbox, junkemail, calendar, contacts,
    tasks, notes, journal; below root searchfolders, and recoverableitemsroot with its child
    recoverableitemsdeletions. The archive is a tree of its own: archiveroot with its child archivemsgfolderroot.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._connection = journal.connection
        self._index = Index(journal.connection, journal.mailbox)

    def get(self, folder: str) -> Folder:
        """Return the folder with this id, or raise `NotFound`."""
        return self._one("folder.id = ?", folder)

    def distinguished(self, name: str) -> Folder:
        """Return a default folder by its distinguished name (any case), or raise `NotFound`."""
        if not name:
            raise NotFound("a folder without a name")
        return self._one("folder.distinguished = ?", name.lower())

    def children(self, folder: str, *, deep: bool = False) -> tuple[Folder, ...]:
        """Return the folders below this one, by name; with `deep` those below them too, parents first."""
        depth = "" if deep else " WHERE depth = 1"
        found = self._connection.execute(
            f"{_BELOW} {rows.SELECT_FOLDER} JOIN below ON below.number = folder.number{depth}"
            " ORDER BY depth, fold(folder.name)",
            (self.get(folder).number,),
        )
        return tuple(map(rows.folder, found))

    def holding(self, name: str) -> tuple[Folder, ...]:
        """Return the folders that have a property of this name."""
        condition = "folder.mailbox = ? AND EXISTS (SELECT 1 FROM json_each(folder.properties) WHERE key = ?)"
        found = self._connection.execute(f"{rows.SELECT_FOLDER} WHERE {condition}", (self._journal.mailbox, name))
        return tuple(map(rows.folder, found))

    def size(self, folder: str) -> int:
        """Return the bytes of all items in this folder (not in those below). Raises `NotFound`."""
        query = "SELECT ifnull(sum(size), 0) FROM item WHERE folder = ?"
        return int(self._connection.execute(query, (self.get(folder).number,)).fetchone()[0])

    def create(
        self, parent: str, name: str, folder_class: str = "IPF.Note", properties: Mapping[str, Any] | None = None
    ) -> Folder:
        """Make a folder. Raises `NotFound` (the parent) and `FolderExists`."""
        above = self.get(parent)
        self._check_name(above, name)
        folder = self._insert(above.number, name, folder_class, properties=json.dumps(properties or {}))
        self._journal.tell(EventKind.CREATED, folder.change, folder.id, folder.parent)
        return folder

    def create_defaults(self) -> None:
        """Make the default folders that a mailbox does not have."""
        known = "SELECT distinguished, number FROM folder WHERE mailbox = ? AND distinguished <> ''"
        numbers: dict[str, int] = dict(self._connection.execute(known, (self._journal.mailbox,)).fetchall())
        for distinguished, parent, name, folder_class in DEFAULTS:
            if distinguished not in numbers:
                folder = self._insert(numbers.get(parent), name, folder_class, distinguished=distinguished)
                numbers[distinguished] = folder.number

    def update(
        self,
        folder: str,
        *,
        name: str | None = None,
        folder_class: str | None = None,
        properties: Mapping[str, Any] | None = None,
    ) -> Folder:
        """Rename a folder or set its properties (merged; None removes a key). Raises `FolderExists`, `NotAllowed`."""
        old = self.get(folder)
        values: dict[str, Any] = {}
        if name is not None and name != old.name:
            self._check_free(old)
            self._check_name(self.get(old.parent), name, but=old.id)
            values["name"] = name
        if folder_class is not None:
            values["folder_class"] = folder_class
        if properties:
            values["properties"] = json.dumps(rows.merged(old.properties, properties))
        return self._change(old, values, EventKind.MODIFIED)

    def move(self, folder: str, parent: str) -> Folder:
        """Put a folder with all that is in it below another parent. Raises `FolderExists`, `NotAllowed`."""
        old, above = self.get(folder), self.get(parent)
        self._check_free(old)
        if above.id == old.id or any(above.id == below.id for below in self.children(folder, deep=True)):
            raise NotAllowed(f"{old.name} cannot be put below itself")
        self._check_name(above, old.name, but=old.id)
        return self._change(old, {"parent": above.number, "deleted": None}, EventKind.MOVED)

    def delete(self, folder: str, mode: DeleteMode) -> None:
        """Delete a folder with all that is in it. Raises `NotAllowed` for a default folder.

        What is in Deleted Items already goes on to the recoverable items, and what is there is forgotten.
        """
        old = self.get(folder)
        self._check_free(old)
        if any(below.distinguished for below in self.children(folder, deep=True)):
            raise NotAllowed(f"{old.name} holds a default folder")
        target = self.bin(self.get(old.parent), mode)
        if target is None:
            self._forget(old)
        else:
            deleted = self._journal.now() if target.keeps_deleted else None
            values = {"parent": target.number, "name": self._free_name(target, old.name), "deleted": deleted}
            self._change(old, values, EventKind.MOVED)

    def bin(self, folder: Folder, mode: DeleteMode) -> Folder | None:
        """Return where something of this folder goes when it is deleted; None: it is forgotten."""
        above = self._names_above(folder)
        if mode is DeleteMode.DELETED_ITEMS and not above & {"deleteditems", "recoverableitemsroot"}:
            return self.distinguished("deleteditems")
        if mode is not DeleteMode.HARD and "recoverableitemsroot" not in above:
            return self.distinguished("recoverableitemsdeletions")
        return None

    def changes(self, state: str = "", limit: int = 512) -> Changes:
        """Return what happened to the tree of folders since `state` (empty: all folders). Raises `BadState`."""
        return sync.changes(self._journal, None, state, limit)

    def _one(self, condition: str, value: str) -> Folder:
        found = self._connection.execute(
            f"{rows.SELECT_FOLDER} WHERE {condition} AND folder.mailbox = ?", (value, self._journal.mailbox)
        ).fetchone()
        if found is None:
            raise NotFound(f"no folder {value}")
        return rows.folder(found)

    def _insert(self, parent: int | None, name: str, folder_class: str, **values: str) -> Folder:
        change = self._journal.advance()
        values |= {"id": token_hex(16), "name": name, "folder_class": folder_class}
        numbers = {"mailbox": self._journal.mailbox, "parent": parent, "change": change, "arrival": change}
        rows.insert(self._connection, "folder", {**values, **numbers})
        return self.get(values["id"])

    def _change(self, old: Folder, values: Mapping[str, Any], kind: EventKind) -> Folder:
        if not values:
            return old
        rows.update(self._connection, "folder", old.number, {**values, "change": self._journal.advance()})
        new = self.get(old.id)
        moved = old.parent if kind is EventKind.MOVED else ""
        self._journal.tell(kind, new.change, new.id, new.parent, old_folder=moved)
        return new

    def _forget(self, old: Folder) -> None:
        for folder in (old, *self.children(old.id, deep=True)):
            change = self._journal.advance()
            self._journal.bury(0, folder.id, 0, change)
            self._journal.tell(EventKind.DELETED, change, folder.id, folder.parent)
            self._index.forget("folder = ?", folder.number)
            self._connection.execute("DELETE FROM tombstone WHERE folder = ?", (folder.number,))
        self._connection.execute("DELETE FROM folder WHERE number = ?", (old.number,))

    def _names_above(self, folder: Folder) -> set[str]:
        names = {folder.distinguished}
        while folder.parent:
            folder = self.get(folder.parent)
            names.add(folder.distinguished)
        return names

    def _check_free(self, folder: Folder) -> None:
        if folder.distinguished:
            raise NotAllowed(f"{folder.name} is a default folder")

    def _check_name(self, parent: Folder, name: str, but: str = "") -> None:
        if not name:
            raise NotAllowed("a folder needs a name")
        if any(child.name.casefold() == name.casefold() and child.id != but for child in self.children(parent.id)):
            raise FolderExists(f"{parent.name} has a folder {name}")

    def _free_name(self, parent: Folder, name: str) -> str:
        taken = {child.name.casefold() for child in self.children(parent.id)}
        names = chain((name,), (f"{name} ({number})" for number in count(2)))
        return next(free for free in names if free.casefold() not in taken)
