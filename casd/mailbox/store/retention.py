"""What was deleted stays in the recoverable items for some days, and is then forgotten."""

from __future__ import annotations

from casd.mailbox.store.database import MailboxDatabase
from casd.mailbox.store.values import DeleteMode

AT_ONCE = 100
"""Items of one transaction."""

_ITEMS = """
    SELECT item.id, mailbox.guid, mailbox.address, mailbox.display_name
    FROM item JOIN mailbox ON mailbox.number = item.mailbox WHERE item.deleted < ? ORDER BY item.deleted LIMIT ?
"""
_FOLDERS = """
    SELECT folder.id, mailbox.guid, mailbox.address, mailbox.display_name
    FROM folder JOIN mailbox ON mailbox.number = folder.mailbox WHERE folder.deleted < ? LIMIT 1
"""


def purge(database: MailboxDatabase, before: int) -> int:
    """Forget some of what was deleted before a time, in seconds since 1970; return how much. Blocks."""
    found = database.connections.execute(_ITEMS, (before, AT_ONCE)).fetchall()
    for item, *mailbox in found:
        database.mailbox(*mailbox).items.delete(item, DeleteMode.HARD)
    folders = [] if found else database.connections.execute(_FOLDERS, (before,)).fetchall()
    for folder, *mailbox in folders:
        database.mailbox(*mailbox).folders.delete(folder, DeleteMode.HARD)
    return len(found) + len(folders)
