"""The tables of the directory's SQLite file."""

from __future__ import annotations

VERSION = 8
"""Stands in the file as `PRAGMA user_version`; a greater number is a newer casd's file."""

_PEOPLE = (
    """CREATE VIRTUAL TABLE people USING fts5 (
    display_name, content = 'mailbox', content_rowid = 'id',
    tokenize = "unicode61 remove_diacritics 2", prefix = '1 2 3'
)""",
    """CREATE TRIGGER people_added AFTER INSERT ON mailbox BEGIN
    INSERT INTO people (rowid, display_name) VALUES (NEW.id, NEW.display_name);
END""",
    """CREATE TRIGGER people_removed AFTER DELETE ON mailbox BEGIN
    INSERT INTO people (people, rowid, display_name) VALUES ('delete', OLD.id, OLD.display_name);
END""",
    """CREATE TRIGGER people_renamed AFTER UPDATE OF display_name ON mailbox BEGIN
    INSERT INTO people (people, rowid, display_name) VALUES ('delete', OLD.id, OLD.display_name);
    INSERT INTO people (rowid, display_name) VALUES (NEW.id, NEW.display_name);
END""",
    "INSERT INTO people (people) VALUES ('rebuild')",
)
"""The words of names, by which people are looked up as fast among a hundred thousand as among ten."""

_ENTRY = """CREATE VIEW entry AS SELECT
    m.id, m.guid, m.upn, d.name AS database, m.display_name, m.legacy_dn, m.hidden,
    (SELECT written FROM address WHERE mailbox = m.id AND role = 'primary') AS address,
    (SELECT json_group_array(written) FROM address WHERE mailbox = m.id AND role = 'proxy') AS proxies,
    (SELECT json_group_object(protocol, enabled) FROM switch WHERE mailbox = m.id) AS switches,
    m.kind, m.details, m.address_book,
    (SELECT json_group_array(written) FROM (
        SELECT written FROM opened o JOIN address a ON a.mailbox = o.reader AND role = 'primary'
        WHERE o.mailbox = m.id ORDER BY normal
    )) AS open_for,
    (SELECT json_group_array(json_array(written, display_name, legacy_dn)) FROM (
        SELECT written, s.display_name, s.legacy_dn FROM opened o JOIN mailbox s ON s.id = o.mailbox
        JOIN address a ON a.mailbox = s.id AND role = 'primary' WHERE o.reader = m.id ORDER BY normal
    )) AS opens
FROM mailbox m JOIN database d ON d.id = m.database"""

_ORGANISATION = (
    """CREATE TABLE distribution_group (
    id INTEGER PRIMARY KEY,
    guid TEXT NOT NULL UNIQUE,
    normal TEXT NOT NULL UNIQUE,
    address TEXT NOT NULL,
    display_name TEXT NOT NULL,
    legacy_dn TEXT NOT NULL,
    hidden INTEGER NOT NULL,
    room_list INTEGER NOT NULL
)""",
    """CREATE TABLE member (
    distribution_group INTEGER NOT NULL REFERENCES distribution_group ON DELETE CASCADE,
    normal TEXT NOT NULL,
    written TEXT NOT NULL,
    PRIMARY KEY (distribution_group, normal)
) WITHOUT ROWID""",
    """CREATE TABLE partner (
    domain TEXT PRIMARY KEY,
    autodiscover TEXT NOT NULL,
    availability TEXT NOT NULL,
    trust TEXT NOT NULL
) WITHOUT ROWID""",
)
"""What lies beside the mailboxes: groups, and other organisations."""

_WIDER = (
    "ALTER TABLE server ADD COLUMN kind TEXT NOT NULL DEFAULT 'casd'",
    "ALTER TABLE mailbox ADD COLUMN kind TEXT NOT NULL DEFAULT 'user'",
    "ALTER TABLE mailbox ADD COLUMN details TEXT NOT NULL DEFAULT '{}'",
    *_ORGANISATION,
)

_BY_DN = "CREATE INDEX mailbox_legacy_dn ON mailbox (legacy_dn COLLATE NOCASE)"

_GENERATIONS = (
    """CREATE TABLE generation (
    sequence INTEGER PRIMARY KEY,
    taken INTEGER NOT NULL,
    checked INTEGER NOT NULL,
    announced INTEGER,
    oldest INTEGER NOT NULL,
    format INTEGER NOT NULL,
    books TEXT NOT NULL
)""",
    """CREATE TABLE listed (
    guid TEXT NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER,
    site TEXT NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (guid, since)
) WITHOUT ROWID""",
    "CREATE INDEX listed_until ON listed (until) WHERE until IS NOT NULL",
    """CREATE VIEW listing AS SELECT m.guid, s.name AS site, json_array(
    m.kind, (SELECT written FROM address WHERE mailbox = m.id AND role = 'primary'), m.display_name, m.legacy_dn,
    json((SELECT json_group_array(written) FROM (
        SELECT written FROM address WHERE mailbox = m.id AND role = 'proxy' ORDER BY normal
    ))), json(m.details)
) AS content
FROM mailbox m JOIN database d ON d.id = m.database JOIN server r ON r.id = d.active JOIN site s ON s.id = r.site
WHERE NOT m.hidden
UNION ALL SELECT guid, '', json_array(
    iif(room_list, 'rooms', 'group'), address, display_name, legacy_dn, json('[]'), json('{}')
) FROM distribution_group WHERE NOT hidden AND guid NOT IN (SELECT guid FROM mailbox WHERE NOT hidden)""",
)
"""What address books listed, from one generation up to another: `listing` is how it stands, `listed` how it stood.

Any front end makes the same files of it, today's as well as yesterday's. What is in an entry's content, and in which
order, is known to `casd.directory.sqlite_generations`.
"""

_BOOKS = (
    "ALTER TABLE mailbox ADD COLUMN address_book TEXT NOT NULL DEFAULT ''",
    "DROP VIEW entry",
    _ENTRY,
    *_GENERATIONS,
)

_OPENED = (
    """CREATE TABLE opened (
    mailbox INTEGER NOT NULL REFERENCES mailbox ON DELETE CASCADE,
    reader INTEGER NOT NULL REFERENCES mailbox ON DELETE CASCADE,
    PRIMARY KEY (reader, mailbox)
) WITHOUT ROWID""",
    "CREATE INDEX opened_mailbox ON opened (mailbox, reader)",
)
"""Which mailboxes are opened beside their own for which users: what their clients are told, not what they may."""

STEPS = {
    1: ("ALTER TABLE server ADD COLUMN proxy_protocol TEXT NOT NULL DEFAULT 'none'",),
    2: _PEOPLE,
    3: _WIDER,
    4: (_BY_DN,),
    5: _BOOKS,
    6: (*_OPENED, "DROP VIEW entry", _ENTRY),
    7: ("ALTER TABLE database ADD COLUMN address_book TEXT NOT NULL DEFAULT ''",),
}
"""The statements that make a file of each earlier version one of the next."""

# GUIDs are lower-case text, so that the sqlite3 shell shows what the logs show. `change` has one row, whose
# number grows in every writing transaction: that is how other processes see a change, and cheaply.
# `address` is the only index of addresses: role 'primary' or 'proxy' receives mail, 'login' is a UPN that does not.
_TABLES = """
CREATE TABLE change (number INTEGER NOT NULL);
CREATE TABLE organisation (name TEXT NOT NULL);
CREATE TABLE default_switch (protocol TEXT PRIMARY KEY, enabled INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE domain (name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE site (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    namespace TEXT NOT NULL,
    internal_url TEXT NOT NULL,
    external_url TEXT NOT NULL,
    redirect INTEGER NOT NULL
);
CREATE TABLE server (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    site INTEGER NOT NULL REFERENCES site,
    major INTEGER NOT NULL,
    minor INTEGER NOT NULL,
    tls_name TEXT NOT NULL,
    ca TEXT NOT NULL,
    pin TEXT NOT NULL,
    proxy_protocol TEXT NOT NULL,
    kind TEXT NOT NULL
);
CREATE TABLE endpoint (
    server INTEGER NOT NULL REFERENCES server ON DELETE CASCADE,
    protocol TEXT NOT NULL,
    host TEXT NOT NULL,
    port INTEGER NOT NULL,
    PRIMARY KEY (server, protocol)
) WITHOUT ROWID;
CREATE TABLE database (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    guid TEXT NOT NULL UNIQUE,
    active INTEGER NOT NULL REFERENCES server,
    epoch INTEGER NOT NULL,
    address_book TEXT NOT NULL
);
CREATE TABLE copy (
    database INTEGER NOT NULL REFERENCES database ON DELETE CASCADE,
    server INTEGER NOT NULL REFERENCES server,
    preference INTEGER NOT NULL,
    PRIMARY KEY (database, server)
) WITHOUT ROWID;
CREATE TABLE component (
    front TEXT NOT NULL COLLATE NOCASE,
    name TEXT NOT NULL COLLATE NOCASE,
    active INTEGER NOT NULL,
    PRIMARY KEY (front, name)
) WITHOUT ROWID;
CREATE TABLE mailbox (
    id INTEGER PRIMARY KEY,
    guid TEXT NOT NULL UNIQUE,
    upn TEXT NOT NULL,
    database INTEGER NOT NULL REFERENCES database,
    display_name TEXT NOT NULL,
    legacy_dn TEXT NOT NULL,
    hidden INTEGER NOT NULL,
    password TEXT,
    password_changed INTEGER,
    kind TEXT NOT NULL,
    details TEXT NOT NULL,
    address_book TEXT NOT NULL
);
CREATE INDEX mailbox_database ON mailbox (database);
CREATE TABLE address (
    normal TEXT PRIMARY KEY,
    mailbox INTEGER NOT NULL REFERENCES mailbox ON DELETE CASCADE,
    role TEXT NOT NULL,
    written TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX address_mailbox ON address (mailbox, role, written);
CREATE TABLE switch (
    mailbox INTEGER NOT NULL REFERENCES mailbox ON DELETE CASCADE,
    protocol TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    PRIMARY KEY (mailbox, protocol)
) WITHOUT ROWID;
INSERT INTO change VALUES (1);
INSERT INTO organisation VALUES ('');
"""

TABLES = _TABLES + ";\n".join((_ENTRY, _BY_DN, *_ORGANISATION, *_GENERATIONS, *_OPENED, *_PEOPLE)) + ";\n"
