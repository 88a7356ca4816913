"""The tables of a mailbox database, one step for each version."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from casd.mailbox.store.errors import StoreError

_FIRST = """
CREATE TABLE mailbox (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    guid TEXT NOT NULL UNIQUE,
    address TEXT NOT NULL,
    display_name TEXT NOT NULL,
    change INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE folder (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    mailbox INTEGER NOT NULL REFERENCES mailbox ON DELETE CASCADE,
    parent INTEGER REFERENCES folder ON DELETE CASCADE,
    name TEXT NOT NULL,
    folder_class TEXT NOT NULL,
    distinguished TEXT NOT NULL DEFAULT '',
    change INTEGER NOT NULL,
    arrival INTEGER NOT NULL,
    total INTEGER NOT NULL DEFAULT 0,
    unread INTEGER NOT NULL DEFAULT 0,
    properties TEXT NOT NULL DEFAULT '{}'
) STRICT;
CREATE INDEX folder_parent ON folder (parent);
CREATE INDEX folder_change ON folder (mailbox, change);
CREATE UNIQUE INDEX folder_distinguished ON folder (mailbox, distinguished) WHERE distinguished <> '';

-- Times are whole seconds since 1970, UTC. `edited` is the change number of the last change of anything
-- but the read flag, `arrival` that of its coming into this folder.
CREATE TABLE item (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    mailbox INTEGER NOT NULL REFERENCES mailbox ON DELETE CASCADE,
    folder INTEGER NOT NULL REFERENCES folder ON DELETE CASCADE,
    kind TEXT NOT NULL,
    item_class TEXT NOT NULL,
    change INTEGER NOT NULL,
    edited INTEGER NOT NULL,
    arrival INTEGER NOT NULL,
    created INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    received INTEGER NOT NULL,
    size INTEGER NOT NULL,
    subject TEXT NOT NULL DEFAULT '',
    preview TEXT NOT NULL DEFAULT '',
    sender TEXT NOT NULL DEFAULT '',
    "to" TEXT NOT NULL DEFAULT '',
    cc TEXT NOT NULL DEFAULT '',
    bcc TEXT NOT NULL DEFAULT '',
    sent INTEGER,
    message_id TEXT NOT NULL DEFAULT '',
    in_reply_to TEXT NOT NULL DEFAULT '',
    "references" TEXT NOT NULL DEFAULT '',
    conversation TEXT NOT NULL DEFAULT '',
    uid TEXT NOT NULL DEFAULT '',
    start INTEGER,
    "end" INTEGER,
    all_day INTEGER NOT NULL DEFAULT 0,
    recurring INTEGER NOT NULL DEFAULT 0,
    location TEXT NOT NULL DEFAULT '',
    busy TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL DEFAULT '',
    percent INTEGER NOT NULL DEFAULT 0,
    file_as TEXT NOT NULL DEFAULT '',
    given_name TEXT NOT NULL DEFAULT '',
    surname TEXT NOT NULL DEFAULT '',
    company TEXT NOT NULL DEFAULT '',
    read INTEGER NOT NULL DEFAULT 0,
    draft INTEGER NOT NULL DEFAULT 0,
    importance INTEGER NOT NULL DEFAULT 1,
    sensitivity INTEGER NOT NULL DEFAULT 0,
    flag INTEGER NOT NULL DEFAULT 0,
    has_attachments INTEGER NOT NULL DEFAULT 0,
    categories TEXT NOT NULL DEFAULT '[]',
    properties TEXT NOT NULL DEFAULT '{}'
) STRICT;
CREATE INDEX item_received ON item (folder, received, number);
CREATE INDEX item_change ON item (folder, change);
CREATE INDEX item_message_id ON item (mailbox, message_id) WHERE message_id <> '';
CREATE INDEX item_uid ON item (mailbox, uid) WHERE uid <> '';

-- Apart from `item`, so that a listing reads no content.
CREATE TABLE content (
    item INTEGER PRIMARY KEY REFERENCES item ON DELETE CASCADE,
    bytes BLOB NOT NULL
) STRICT;

-- `part` is the place in MIME content, which then holds the bytes; NULL: `bytes` holds them.
CREATE TABLE attachment (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    item INTEGER NOT NULL REFERENCES item ON DELETE CASCADE,
    part INTEGER,
    name TEXT NOT NULL,
    content_type TEXT NOT NULL,
    size INTEGER NOT NULL,
    content_id TEXT NOT NULL,
    inline INTEGER NOT NULL,
    bytes BLOB
) STRICT;
CREATE INDEX attachment_item ON attachment (item);

-- What is no longer in a folder, for clients that synchronise. `folder` 0: `id` was a folder of the tree.
CREATE TABLE tombstone (
    mailbox INTEGER NOT NULL REFERENCES mailbox ON DELETE CASCADE,
    folder INTEGER NOT NULL,
    id TEXT NOT NULL,
    arrival INTEGER NOT NULL,
    change INTEGER NOT NULL
) STRICT;
CREATE INDEX tombstone_change ON tombstone (mailbox, folder, change);

-- `box` holds one word that names the mailbox, so that a search meets no other mailbox's rows.
CREATE VIRTUAL TABLE words USING fts5 (
    box, subject, sender, recipients, body, attachments, tokenize = "unicode61 remove_diacritics 2"
);

CREATE TRIGGER item_added AFTER INSERT ON item BEGIN
    UPDATE folder SET total = total + 1, unread = unread + (NEW.read = 0) WHERE number = NEW.folder;
END;
CREATE TRIGGER item_changed AFTER UPDATE OF folder, read ON item BEGIN
    UPDATE folder SET total = total - 1, unread = unread - (OLD.read = 0) WHERE number = OLD.folder;
    UPDATE folder SET total = total + 1, unread = unread + (NEW.read = 0) WHERE number = NEW.folder;
END;
CREATE TRIGGER item_removed AFTER DELETE ON item BEGIN
    UPDATE folder SET total = total - 1, unread = unread - (OLD.read = 0) WHERE number = OLD.folder;
    DELETE FROM words WHERE rowid = OLD.number;
END;
"""

_THREADS = """
CREATE INDEX item_thread ON item (mailbox, conversation, received) WHERE conversation <> '';
"""

STEPS = (_FIRST, _THREADS)
"""Step n brings a database from version n to version n + 1; what was released never changes."""


def open_database(file: Path) -> sqlite3.Connection:
    """Open a database, made or brought up to this version if need be; any one thread at a time may use it.

    What a commit has acknowledged is on the disk (synchronous = FULL). Raises `StoreError` for a newer version.
    """
    connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA cache_size = -32768")  # KiB
    connection.create_function("fold", 1, _fold, deterministic=True)
    try:
        _upgrade(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _upgrade(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(STEPS):
        raise StoreError(f"the database has version {version}, this casd knows up to {len(STEPS)}: upgrade casd")
    for number in range(version, len(STEPS)):
        connection.executescript(f"BEGIN;{STEPS[number]}PRAGMA user_version = {number + 1};COMMIT;")


def _fold(value: str | float | None) -> str | float | None:
    """Take letter case away from text as Unicode says; SQLite itself knows ASCII only."""
    return value.casefold() if isinstance(value, str) else value
