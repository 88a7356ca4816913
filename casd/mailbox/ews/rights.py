"""Effective rights: what whoever asks may do in a folder, or with an item."""

from __future__ import annotations

from collections.abc import Collection

from casd.mailbox.delegation import CHANGES, CREATES
from casd.mailbox.shared import SharedMailbox
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.values import Item
from protocols.ews.codecs import RIGHTS_ALL


def of(mailbox: MailboxStore, folder: str) -> Collection[str]:
    """Return the rights that somebody has in a folder which he can see: its owner all, others as they are let in."""
    if not isinstance(mailbox, SharedMailbox):
        return RIGHTS_ALL
    level = mailbox.folders.level(folder)
    found = {"Read": bool(level), "CreateContents": level in CREATES, "ViewPrivateItems": mailbox.items.private}
    found |= dict.fromkeys(("Modify", "Delete"), level in CHANGES)
    return {right for right, has in found.items() if has}


def of_item(mailbox: MailboxStore, item: Item) -> Collection[str]:
    """Return the rights that somebody has in an item which he can see."""
    if not isinstance(mailbox, SharedMailbox):
        return RIGHTS_ALL
    found = {"Modify": mailbox.items.edits(item), "Delete": mailbox.items.deletes(item)}
    return {*of(mailbox, item.folder)} - found.keys() | {right for right, has in found.items() if has}
