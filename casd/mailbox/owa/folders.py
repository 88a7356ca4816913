"""What web mail asks of folders."""

from __future__ import annotations

from typing import Any

from casd.mailbox.owa.arguments import Arguments, BadArgument
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.values import DeleteMode, Folder


def find_folder(mailbox: MailboxStore, _arguments: Arguments) -> Any:
    """Return every mail folder, parents first, with whose mailbox it is."""
    return {
        "mailbox": {"address": mailbox.address, "name": mailbox.display_name},
        "folders": [_shape(folder) for folder in mail_folders(mailbox)],
    }


def create_folder(mailbox: MailboxStore, arguments: Arguments) -> Any:
    """Make a folder below another one, or at the top."""
    parent = arguments.text("parent", "") or mailbox.folders.distinguished("msgfolderroot").id
    return _shape(mailbox.folders.create(parent, _name(arguments)))


def update_folder(mailbox: MailboxStore, arguments: Arguments) -> Any:
    """Rename a folder."""
    return _shape(mailbox.folders.update(arguments.text("folder"), name=_name(arguments)))


def delete_folder(mailbox: MailboxStore, arguments: Arguments) -> Any:
    """Move a folder to Deleted Items, or out of sight when it is there already."""
    mailbox.folders.delete(arguments.text("folder"), DeleteMode.DELETED_ITEMS)
    return {}


def empty_folder(mailbox: MailboxStore, arguments: Arguments) -> Any:
    """Delete the messages of a folder: move them to Deleted Items, or out of sight when they are there already."""
    mailbox.empty(arguments.text("folder"), DeleteMode.DELETED_ITEMS)
    return {}


def mail_folders(mailbox: MailboxStore) -> list[Folder]:
    """Return the visible folders that hold mail, parents first."""
    root = mailbox.folders.distinguished("msgfolderroot")
    folders = mailbox.folders.children(root.id, deep=True)
    return [folder for folder in folders if (folder.folder_class or "IPF.Note").startswith("IPF.Note")]


def _name(arguments: Arguments) -> str:
    name = " ".join(arguments.text("name").split())
    if not 0 < len(name) <= 255:
        raise BadArgument("A folder's name has 1 to 255 characters.")
    return name


def _shape(folder: Folder) -> dict[str, Any]:
    return {
        "id": folder.id,
        "parent": folder.parent,
        "name": folder.name,
        "distinguished": folder.distinguished,
        "total": folder.total,
        "unread": folder.unread,
    }
