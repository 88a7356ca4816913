"""The tables of a mailbox database, one step for each version."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
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

WORDS = """
CREATE VIRTUAL TABLE {table} USING fts5 (
    subject, sender, recipients, body, attachments,
    tokenize = "unicode61 remove_diacritics 2", prefix = '1 2 3', columnsize = 0
)
"""
"""The full-text index of one mailbox. What it costs to search one does not depend on the others."""

_SEARCH = """
DROP TRIGGER item_removed;
CREATE TRIGGER item_removed AFTER DELETE ON item BEGIN
    UPDATE folder SET total = total - 1, unread = unread - (OLD.read = 0) WHERE number = OLD.folder;
END;

-- `place` is the item's row in its mailbox's index: 24 bits of its number below the time at which it was received.
-- So the index yields what is newest first, and a search need not find everything to show the first page.
ALTER TABLE item ADD COLUMN place INTEGER;
UPDATE item SET place = received * 16777216 + number % 16777216;
CREATE UNIQUE INDEX item_place ON item (mailbox, place, folder, received, kind, read, flag, has_attachments);

-- Lists and counts by what people filter by read this index only.
DROP INDEX item_received;
CREATE INDEX item_received ON item (folder, received, number, kind, read, flag, has_attachments);

-- Most folders hold mail only, and are asked for mail only: what is no mail is counted, and taken off.
CREATE INDEX item_no_mail ON item (folder) WHERE kind <> 'mail';

-- Items with attachments whose texts are not in the index yet.
CREATE TABLE unread_attachments (item INTEGER PRIMARY KEY REFERENCES item ON DELETE CASCADE) STRICT;

-- Mailboxes whose index is made anew, and the number up to which their items are in the new one.
CREATE TABLE reindexed (mailbox INTEGER PRIMARY KEY REFERENCES mailbox ON DELETE CASCADE, item INTEGER NOT NULL) STRICT;

-- When something came into the recoverable items, from where it is forgotten some days later.
ALTER TABLE item ADD COLUMN deleted INTEGER;
CREATE INDEX item_deleted ON item (deleted) WHERE deleted IS NOT NULL;
ALTER TABLE folder ADD COLUMN deleted INTEGER;
UPDATE item SET deleted = CAST(strftime('%s', 'now') AS INTEGER)
WHERE folder IN (SELECT number FROM folder WHERE distinguished = 'recoverableitemsdeletions');
UPDATE folder SET deleted = CAST(strftime('%s', 'now') AS INTEGER)
WHERE parent IN (SELECT number FROM folder WHERE distinguished = 'recoverableitemsdeletions');

-- Digests of what was imported, so that an import that was interrupted can be repeated.
CREATE TABLE imported (
    mailbox INTEGER NOT NULL REFERENCES mailbox ON DELETE CASCADE, digest BLOB NOT NULL, PRIMARY KEY (mailbox, digest)
) STRICT, WITHOUT ROWID;
"""


def _give_each_its_words(connection: sqlite3.Connection) -> None:
    """Move the words into an index for each mailbox; the first version read no attachments, which are read soon."""
    for (mailbox,) in connection.execute("SELECT number FROM mailbox").fetchall():
        connection.execute(WORDS.format(table=f"words_{mailbox}"))
        connection.execute(
            f"INSERT INTO words_{mailbox} (rowid, subject, sender, recipients, body, attachments)"  # noqa: S608
            " SELECT item.place, words.subject, words.sender, words.recipients, words.body, words.attachments"
            " FROM item JOIN words ON words.rowid = item.number WHERE item.mailbox = ? ORDER BY item.place",
            (mailbox,),
        )
    connection.execute("DROP TABLE words")
    attached = "SELECT DISTINCT item FROM attachment WHERE part IS NOT NULL"
    connection.execute(f"INSERT INTO unread_attachments (item) {attached}")


_SETTINGS = """
-- What the owner of a mailbox has settled; `value` is JSON.
CREATE TABLE setting (
    mailbox INTEGER NOT NULL REFERENCES mailbox ON DELETE CASCADE,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (mailbox, name)
) STRICT, WITHOUT ROWID;

-- Who was told that the owner is away, since he said so last.
CREATE TABLE told (
    mailbox INTEGER NOT NULL REFERENCES mailbox ON DELETE CASCADE,
    address TEXT NOT NULL,
    PRIMARY KEY (mailbox, address)
) STRICT, WITHOUT ROWID;

-- The bytes of all items of a mailbox, so that its quota costs no count.
ALTER TABLE mailbox ADD COLUMN size INTEGER NOT NULL DEFAULT 0;
UPDATE mailbox SET size = (SELECT ifnull(sum(item.size), 0) FROM item WHERE item.mailbox = mailbox.number);
CREATE TRIGGER mailbox_grows AFTER INSERT ON item BEGIN
    UPDATE mailbox SET size = size + NEW.size WHERE number = NEW.mailbox;
END;
CREATE TRIGGER mailbox_changes AFTER UPDATE OF size ON item BEGIN
    UPDATE mailbox SET size = size + NEW.size - OLD.size WHERE number = NEW.mailbox;
END;
CREATE TRIGGER mailbox_shrinks AFTER DELETE ON item BEGIN
    UPDATE mailbox SET size = size - OLD.size WHERE number = OLD.mailbox;
END;
"""

_CONVERSATIONS = """
CREATE INDEX item_conversation ON item (folder, conversation, received, kind);
"""

_THREADS = """
CREATE INDEX item_thread ON item (mailbox, conversation, received) WHERE conversation <> '';
"""

_BOUNDS = """
-- How often it was tried to read an item's attachments: what fails each time is left.
ALTER TABLE unread_attachments ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;
CREATE INDEX unread_least_tried ON unread_attachments (tries, item DESC);

-- When it left the folder; up to which change that may be forgotten, so that an older client begins anew.
ALTER TABLE tombstone ADD COLUMN buried INTEGER NOT NULL DEFAULT 0;
UPDATE tombstone SET buried = CAST(strftime('%s', 'now') AS INTEGER);
CREATE INDEX tombstone_buried ON tombstone (buried);
ALTER TABLE mailbox ADD COLUMN forgotten INTEGER NOT NULL DEFAULT 0;

-- When it was imported.
ALTER TABLE imported ADD COLUMN noted INTEGER NOT NULL DEFAULT 0;
UPDATE imported SET noted = CAST(strftime('%s', 'now') AS INTEGER);
CREATE INDEX imported_noted ON imported (noted);
"""

_BESIDE = """
-- What is attached beside a content counts in its item's size, and so in its mailbox's.
UPDATE item SET size = size + (SELECT sum(size) FROM attachment WHERE item = item.number AND part IS NULL)
WHERE number IN (SELECT item FROM attachment WHERE part IS NULL);

-- When somebody was told.
ALTER TABLE told ADD COLUMN noted INTEGER NOT NULL DEFAULT 0;
UPDATE told SET noted = CAST(strftime('%s', 'now') AS INTEGER);
CREATE INDEX told_noted ON told (noted);
"""

_CREATORS = """
-- Who put it there: an address in lower case, empty for the owner, and for all that was there before.
ALTER TABLE item ADD COLUMN creator TEXT NOT NULL DEFAULT '';
"""

STEPS = (_FIRST, _SEARCH, _SETTINGS, _CONVERSATIONS, _THREADS, _BOUNDS, _BESIDE, _CREATORS)
"""Step n brings a database from version n to version n + 1; what was released never changes."""

_AFTER: Mapping[str, Callable[[sqlite3.Connection], None]] = {_SEARCH: _give_each_its_words}
"""What SQL alone cannot do, by step."""


_PATIENCE = 60.0
"""Seconds for which a write waits for the operator's tools, which may look deep into an index."""


def open_database(file: Path) -> sqlite3.Connection:
    """Open a database, made or brought up to this version if need be; any one thread at a time may use it.

    What a commit has acknowledged is on the disk (synchronous = FULL). Raises `StoreError` for a newer version.
    """
    connection = sqlite3.connect(file, _PATIENCE, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    _prepare(connection)
    try:
        _upgrade(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def open_reader(file: Path) -> sqlite3.Connection:
    """Open a database that is mounted here for reading only; any one thread at a time may use it."""
    uri = f"{file.absolute().as_uri()}?mode=ro"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
    _prepare(connection)
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA cache_size = -32768")  # KiB
    connection.create_function("fold", 1, _fold, deterministic=True)


def _upgrade(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(STEPS):
        raise StoreError(f"the database has version {version}, this casd knows up to {len(STEPS)}: upgrade casd")
    for number, step in list(enumerate(STEPS))[version:]:
        connection.executescript(f"BEGIN;{step}")
        if step in _AFTER:
            _AFTER[step](connection)
        connection.execute(f"PRAGMA user_version = {number + 1}")
        connection.execute("COMMIT")


def _fold(value: str | float | None) -> str | float | None:
    """Take letter case away from text as Unicode says; SQLite itself knows ASCII only."""
    return value.casefold() if isinstance(value, str) else value
