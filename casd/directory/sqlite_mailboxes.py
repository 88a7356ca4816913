"""The mailboxes as they stand in the directory's SQLite file."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from casd.directory.addresses import normal_address
from casd.model import Mailbox, Opened, Password, Recipient

_BY_LOGIN = "SELECT * FROM entry WHERE id = (SELECT mailbox FROM address WHERE normal = ?)"
_BY_ADDRESS = "SELECT * FROM entry WHERE id = (SELECT mailbox FROM address WHERE normal = ? AND role <> 'login')"
_BY_GUID = "SELECT * FROM entry WHERE guid = ?"
_BY_DN = """
SELECT entry.* FROM entry WHERE legacy_dn = ? COLLATE NOCASE AND legacy_dn <> '' LIMIT 1
"""
_ALL = """
SELECT entry.* FROM address CROSS JOIN entry ON entry.id = address.mailbox
WHERE role = 'primary' AND (:database IS NULL OR database = :database COLLATE NOCASE) ORDER BY normal
"""
_FIND = """
SELECT entry.* FROM entry JOIN mailbox ON mailbox.id = entry.id WHERE NOT mailbox.hidden AND mailbox.id IN (
    SELECT * FROM (SELECT rowid FROM people WHERE people MATCH :names LIMIT 1000)
    UNION SELECT * FROM (
        SELECT mailbox FROM address WHERE normal >= :address AND normal < :beyond AND role <> 'login' LIMIT 1000
    )
) ORDER BY mailbox.display_name COLLATE NOCASE, mailbox.id LIMIT :limit
"""
_PASSWORD = "SELECT password, password_changed FROM mailbox WHERE guid = ? AND password IS NOT NULL"  # noqa: S105


def by_login(connection: sqlite3.Connection, login: str) -> Mailbox | None:
    """Return the mailbox whose UPN, primary or proxy address is `login`, or None."""
    return _by_name(connection, _BY_LOGIN, login)


def by_address(connection: sqlite3.Connection, address: str) -> Mailbox | None:
    """Return the mailbox with this primary or proxy address, or None."""
    return _by_name(connection, _BY_ADDRESS, address)


def by_guid(connection: sqlite3.Connection, guid: UUID) -> Mailbox | None:
    """Return the mailbox with this GUID, or None."""
    row = connection.execute(_BY_GUID, (str(guid),)).fetchone()
    return _mailbox(row) if row else None


def by_legacy_dn(connection: sqlite3.Connection, legacy_dn: str) -> Mailbox | None:
    """Return the mailbox with this legacyExchangeDN, or None."""
    row = connection.execute(_BY_DN, (legacy_dn,)).fetchone()
    return _mailbox(row) if row else None


def find(connection: sqlite3.Connection, words: str, limit: int) -> tuple[Mailbox, ...]:
    """Return mailboxes that are not hidden, whose names have words, or an address, that begin so; by name."""
    names = " ".join(f'"{word}" *' for word in re.findall(r"\w+", words)) or '""'
    address = words.strip().lower()
    parameters = {"names": names, "address": address, "beyond": address + "\U0010ffff", "limit": limit}
    return tuple(map(_mailbox, connection.execute(_FIND, parameters))) if address else ()


def all_mailboxes(connection: sqlite3.Connection, database: str | None = None) -> Iterator[Mailbox]:
    """Yield every mailbox, or those of one database, in the order of their addresses."""
    return map(_mailbox, connection.execute(_ALL, {"database": database}))


def password_of(connection: sqlite3.Connection, guid: UUID) -> Password | None:
    """Return what checks the password of this mailbox's user, or None when there is none."""
    row = connection.execute(_PASSWORD, (str(guid),)).fetchone()
    return Password(row[0], datetime.fromtimestamp(row[1], UTC)) if row else None


def _by_name(connection: sqlite3.Connection, query: str, name: str) -> Mailbox | None:
    try:
        normal = normal_address(name)
        normal.encode()
    except ValueError:
        return None  # what cannot be an address is nobody's
    row = connection.execute(query, (normal,)).fetchone()
    return _mailbox(row) if row else None


def _mailbox(row: tuple[Any, ...]) -> Mailbox:
    _, guid, upn, database, display_name, legacy_dn, hidden, address, proxies, switches, kind, details, book, *more = (
        row
    )
    open_for, opens = map(json.loads, more)
    return Mailbox(
        guid=UUID(guid),
        address=address,
        upn=upn,
        database=database,
        display_name=display_name,
        proxy_addresses=tuple(json.loads(proxies)),
        legacy_dn=legacy_dn,
        hidden=bool(hidden),
        switches={protocol: bool(enabled) for protocol, enabled in json.loads(switches).items()},
        kind=Recipient(kind),
        details=json.loads(details),
        address_book=book,
        open_for=tuple(open_for),
        opens=tuple(Opened(*one) for one in opens),
    )
