"""What a database forgets after its time: deleted items, and notes of what was deleted, imported or told."""

from __future__ import annotations

from casd.mailbox.store.database import MailboxDatabase
from casd.mailbox.store.values import DeleteMode

AT_ONCE = 100
"""Items of one transaction."""

NOTES_AT_ONCE = 5000
"""Notes of one transaction."""

REMEMBERED = 90 * 86400.0
"""Seconds for which notes are kept: a client that was away for longer synchronises anew."""

_ITEMS = """
    SELECT item.id, mailbox.guid, mailbox.address, mailbox.display_name
    FROM item JOIN mailbox ON mailbox.number = item.mailbox WHERE item.deleted < ? ORDER BY item.deleted LIMIT ?
"""
_FOLDERS = """
    SELECT folder.id, mailbox.guid, mailbox.address, mailbox.display_name
    FROM folder JOIN mailbox ON mailbox.number = folder.mailbox WHERE folder.deleted < ? LIMIT 1
"""
_TOMBSTONES = """
    DELETE FROM tombstone WHERE rowid IN (SELECT rowid FROM tombstone WHERE buried < ? LIMIT ?)
    RETURNING mailbox, change
"""
_OTHERS = (("imported", "digest"), ("told", "address"))
"""Tables of notes, each with what names one beside its mailbox."""


def purge(database: MailboxDatabase, before: int) -> int:
    """Forget some of what was deleted before a time, in seconds since 1970; return how much. Blocks."""
    found = database.connections.execute(_ITEMS, (before, AT_ONCE)).fetchall()
    for item, *mailbox in found:
        database.mailbox(*mailbox).items.delete(item, DeleteMode.HARD)
    folders = [] if found else database.connections.execute(_FOLDERS, (before,)).fetchall()
    for folder, *mailbox in folders:
        database.mailbox(*mailbox).folders.delete(folder, DeleteMode.HARD)
    return len(found) + len(folders)


def forget(database: MailboxDatabase, before: int) -> int:
    """Forget some notes that were made before a time, in seconds since 1970; return how many. Blocks.

    A mailbox knows up to which change its notes of deletions may be gone.
    """
    execute = database.connections.execute
    gone = execute(_TOMBSTONES, (before, NOTES_AT_ONCE)).fetchall()
    changes: dict[int, int] = {}
    for mailbox, change in gone:
        changes[mailbox] = max(change, changes.get(mailbox, 0))
    for mailbox, change in changes.items():
        execute("UPDATE mailbox SET forgotten = max(forgotten, ?) WHERE number = ?", (change, mailbox))
    return len(gone) + sum(_forget_others(database, table, name, before) for table, name in _OTHERS)


def _forget_others(database: MailboxDatabase, table: str, name: str, before: int) -> int:
    execute = database.connections.execute
    query = f"SELECT mailbox, {name} FROM {table} WHERE noted < ? LIMIT ?"  # noqa: S608 - our own names
    found = execute(query, (before, NOTES_AT_ONCE)).fetchall()
    for note in found:  # each by its whole key, for which SQLite does not use a list of pairs
        execute(f"DELETE FROM {table} WHERE mailbox = ? AND {name} = ?", note)  # noqa: S608
    return len(found)
