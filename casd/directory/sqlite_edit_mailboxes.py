"""Changes of the mailboxes in the directory's SQLite file.

Each works inside `sqlite_edit.edit` and raises `Mistake` for what cannot be; whoever catches one to go on in
the same transaction does so around a savepoint.
"""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime
from uuid import UUID

from casd.directory.addresses import check_address
from casd.directory.sqlite_edit import Mistake
from casd.directory.sqlite_mailboxes import by_address
from casd.model import DETAILS, Group, Mailbox

_PUT = """
INSERT INTO mailbox (guid, upn, database, display_name, legacy_dn, hidden, kind, details, address_book)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (guid) DO UPDATE SET upn = excluded.upn, database = excluded.database,
    display_name = excluded.display_name, legacy_dn = excluded.legacy_dn, hidden = excluded.hidden,
    kind = excluded.kind, details = excluded.details, address_book = excluded.address_book
RETURNING id
"""
_HOLDER = """
SELECT written FROM address JOIN mailbox m ON m.id = mailbox
WHERE role = 'primary' AND m.id = (SELECT mailbox FROM address WHERE normal = ?)
"""


def put_mailbox(connection: sqlite3.Connection, mailbox: Mailbox) -> None:
    """Add a mailbox or replace the one with its GUID; the password stays as it is."""
    _check_text(mailbox)
    if unknown := set(mailbox.details) - set(DETAILS):
        raise Mistake(f"{', '.join(sorted(unknown))} is no detail: there are {', '.join(DETAILS)}")
    addresses = _addresses(connection, mailbox)
    row = connection.execute("SELECT id FROM database WHERE name = ?", (mailbox.database,)).fetchone()
    if row is None:
        raise Mistake(f"there is no database {mailbox.database}: see casctl database list")
    details = json.dumps({word: mailbox.details[word] for word in DETAILS if mailbox.details.get(word)})
    values = (
        *(str(mailbox.guid), mailbox.upn, row[0], mailbox.display_name, mailbox.legacy_dn, mailbox.hidden),
        *(mailbox.kind.value, details, mailbox.address_book),
    )
    (number,) = connection.execute(_PUT, values).fetchone()
    connection.execute("DELETE FROM address WHERE mailbox = ?", (number,))
    for normal, (role, written) in addresses.items():
        _put_address(connection, normal, number, role, written)
    connection.execute("DELETE FROM switch WHERE mailbox = ?", (number,))
    connection.executemany(
        "INSERT INTO switch VALUES (?, ?, ?)", [(number, *each) for each in mailbox.switches.items()]
    )
    _put_readers(connection, number, mailbox)


def _put_readers(connection: sqlite3.Connection, number: int, mailbox: Mailbox) -> None:
    connection.execute("DELETE FROM opened WHERE mailbox = ?", (number,))
    for address in mailbox.open_for:
        reader = by_address(connection, address)
        if reader is None or reader.guid == mailbox.guid:
            raise Mistake(f"{mailbox.address} is opened for users with mailboxes of their own, not for {address}")
        connection.execute(
            "INSERT INTO opened SELECT ?, id FROM mailbox WHERE guid = ? ON CONFLICT DO NOTHING",
            (number, str(reader.guid)),
        )


def set_password(connection: sqlite3.Connection, guid: UUID, encoded: str | None, changed: datetime) -> None:
    """Store the argon2id string of a password; None lets nobody sign in by password."""
    if encoded is not None and not encoded.startswith("$argon2id$"):
        raise Mistake("a password hash must be an argon2id string, $argon2id$v=19$m=...")
    connection.execute(
        "UPDATE mailbox SET password = ?, password_changed = ? WHERE guid = ?",
        (encoded, int(changed.timestamp()), str(guid)),
    )


def remove_mailbox(connection: sqlite3.Connection, guid: UUID) -> None:
    """Remove a mailbox from the directory; its content in the database is not touched."""
    connection.execute("DELETE FROM mailbox WHERE guid = ?", (str(guid),))


def default_legacy_dn(organisation: str, new: Mailbox | Group) -> str:
    """Return the legacyExchangeDN that a new mailbox or group gets, in the form that clients know."""
    unit = "ou=Exchange Administrative Group (FYDIBOHF23SPDLT)"
    local = new.address.rpartition("@")[0]
    return f"/o={organisation}/{unit}/cn=Recipients/cn={new.guid.hex}-{local}"


def _check_text(mailbox: Mailbox) -> None:
    for text in (
        *(mailbox.upn, mailbox.display_name, mailbox.legacy_dn, mailbox.address_book),
        *(*mailbox.switches, *mailbox.details.values()),
    ):
        if not text.isprintable():
            raise Mistake(f"{text!r} holds a character that cannot be printed")


def _addresses(connection: sqlite3.Connection, mailbox: Mailbox) -> dict[str, tuple[str, str]]:
    """Return normal form -> (role, as written) of everything this mailbox is found by."""
    found: dict[str, tuple[str, str]] = {}
    try:
        found[check_address(mailbox.address)] = ("primary", mailbox.address)
        for address in mailbox.proxy_addresses:
            found.setdefault(check_address(address), ("proxy", address))
        for domain, normal in {normal.rpartition("@")[2]: normal for normal in found}.items():
            _check_accepted(connection, domain, normal)
        found.setdefault(check_address(mailbox.upn), ("login", mailbox.upn))
    except ValueError as error:
        raise Mistake(str(error)) from None
    return found


def _check_accepted(connection: sqlite3.Connection, domain: str, normal: str) -> None:
    if connection.execute("SELECT 1 FROM domain WHERE name = ?", (domain,)).fetchone() is None:
        raise Mistake(f"{domain} is not an accepted domain: casctl domain add {domain}, or correct {normal}")


def _put_address(connection: sqlite3.Connection, normal: str, number: int, role: str, written: str) -> None:
    if group := connection.execute("SELECT address FROM distribution_group WHERE normal = ?", (normal,)).fetchone():
        raise Mistake(f"{written} is taken by the group {group[0]}: remove it first")
    try:
        connection.execute("INSERT INTO address VALUES (?, ?, ?, ?)", (normal, number, role, written))
    except sqlite3.IntegrityError:
        (holder,) = connection.execute(_HOLDER, (normal,)).fetchone()
        raise Mistake(f"{written} is taken by {holder}: remove it there first") from None
