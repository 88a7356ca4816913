"""The tree of folders of one mailbox."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from casd.mailbox.store.values import Changes, DeleteMode, Folder


class Folders:
    """The folders of a mailbox; `MailboxStore.folders`.

    Default folders are found by their distinguished names: root, msgfolderroot (the visible top, child of
    root), then below msgfolderroot inbox, sentitems, drafts, deleteditems, outbox, junkemail, calendar, contacts,
    tasks, notes, journal; below root recoverableitemsroot with its child recoverableitemsdeletions.
    """

    def get(self, folder: str) -> Folder:
        """Return the folder with this id, or raise `NotFound`."""
        raise NotImplementedError

    def distinguished(self, name: str) -> Folder:
        """Return a default folder by its distinguished name (any case), or raise `NotFound`."""
        raise NotImplementedError

    def children(self, folder: str, *, deep: bool = False) -> tuple[Folder, ...]:
        """Return the folders below this one, by name; with `deep` those below them too, parents first."""
        raise NotImplementedError

    def create(
        self, parent: str, name: str, folder_class: str = "IPF.Note", properties: Mapping[str, Any] | None = None
    ) -> Folder:
        """Make a folder. Raises `NotFound` (the parent) and `FolderExists`."""
        raise NotImplementedError

    def update(
        self,
        folder: str,
        *,
        name: str | None = None,
        folder_class: str | None = None,
        properties: Mapping[str, Any] | None = None,
    ) -> Folder:
        """Rename a folder or set its properties (merged; None removes a key). Raises `FolderExists`, `NotAllowed`."""
        raise NotImplementedError

    def move(self, folder: str, parent: str) -> Folder:
        """Put a folder with all that is in it below another parent. Raises `FolderExists`, `NotAllowed`."""
        raise NotImplementedError

    def delete(self, folder: str, mode: DeleteMode) -> None:
        """Delete a folder with all that is in it. Raises `NotAllowed` for a default folder."""
        raise NotImplementedError

    def empty(self, folder: str, mode: DeleteMode, *, subfolders: bool = False) -> None:
        """Delete all items of a folder; with `subfolders` the folders below it too."""
        raise NotImplementedError

    def changes(self, state: str = "", limit: int = 512) -> Changes:
        """Return what happened to the tree of folders since `state` (empty: all folders). Raises `BadState`."""
        raise NotImplementedError
