"""The directory in one SQLite file, as the front end reads it.

A look-up takes some tens of microseconds, less than handing it to a thread would, so it runs where it is asked.
In WAL mode a reader never waits for a writer.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from attrs import frozen
from zope.interface import implementer

from casd.config import key, secret
from casd.directory import sqlite_schema
from casd.directory.addresses import domain_of, normal_address, normal_domain
from casd.directory.sqlite_topology import read_topology
from casd.interfaces import IDirectory
from casd.model import DirectoryDown, Mailbox, Password, Topology

_PATIENCE = 0.05
"""Seconds to wait for a lock: one is held for moments only, while a file is checkpointed or recovered."""

_BY_LOGIN = "SELECT * FROM entry WHERE id = (SELECT mailbox FROM address WHERE normal = ?)"
_BY_ADDRESS = "SELECT * FROM entry WHERE id = (SELECT mailbox FROM address WHERE normal = ? AND role <> 'login')"
_BY_GUID = "SELECT * FROM entry WHERE guid = ?"


@frozen
class Settings:
    """Where the directory is."""

    file: Path = key(secret, doc="the SQLite file that casctl writes; it holds password hashes")


@implementer(IDirectory)
class Directory:
    """Look up mailboxes and topology in the file; every method raises `DirectoryDown` when it cannot be read."""

    def __init__(self, settings: Settings) -> None:
        self._file = settings.file
        self._connection: sqlite3.Connection | None = None
        self._opened: tuple[int, int] | None = None

    async def changed(self) -> int:
        """Return the number of the last change."""
        with self._open() as connection:
            return int(connection.execute("SELECT number FROM change").fetchone()[0])

    async def topology(self) -> Topology:
        """Return everything but the mailboxes, as of one moment."""
        with self._open() as connection:
            return read_topology(connection)

    async def by_login(self, login: str) -> Mailbox | None:
        """Return the mailbox whose UPN, primary or proxy address is `login`, or None."""
        return self._one(_BY_LOGIN, login)

    async def by_address(self, address: str) -> Mailbox | None:
        """Return the mailbox with this primary or proxy address, or None."""
        return self._one(_BY_ADDRESS, address)

    async def by_guid(self, guid: UUID, domain: str) -> Mailbox | None:
        """Return the mailbox with this GUID if an address of it is in `domain`, or None."""
        with self._open() as connection:
            row = connection.execute(_BY_GUID, (str(guid),)).fetchone()
        mailbox = row and mailbox_of(row)
        try:
            wanted = normal_domain(domain)
        except ValueError:
            return None
        return mailbox if mailbox and wanted in map(domain_of, (mailbox.address, *mailbox.proxy_addresses)) else None

    async def password(self, mailbox: Mailbox) -> Password | None:
        """Return what checks this user's password, or None when there is none."""
        with self._open() as connection:
            row = connection.execute(
                "SELECT password, password_changed FROM mailbox WHERE guid = ? AND password IS NOT NULL",
                (str(mailbox.guid),),
            ).fetchone()
        return Password(row[0], datetime.fromtimestamp(row[1], UTC)) if row else None

    def close(self) -> None:
        """Let go of the file; the next look-up opens it again."""
        if self._connection is not None:
            self._connection.close()
        self._connection = self._opened = None

    def _one(self, query: str, address: str) -> Mailbox | None:
        try:
            normal = normal_address(address)
            normal.encode()
        except ValueError:
            return None  # what cannot be an address is nobody's
        with self._open() as connection:
            row = connection.execute(query, (normal,)).fetchone()
        return row and mailbox_of(row)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            yield self._connect()
        except (OSError, sqlite3.Error) as error:
            self.close()
            raise DirectoryDown(f"{self._file}: {error}") from error

    def _connect(self) -> sqlite3.Connection:
        # An open connection would go on reading a file that was deleted or replaced by another.
        status = os.stat(self._file)  # noqa: PTH116 (asked at every look-up; Path.stat costs twice as much)
        if self._connection is None or self._opened != (status.st_dev, status.st_ino):
            self.close()
            self._connection = connect(self._file)
            self._opened = status.st_dev, status.st_ino
        return self._connection


def connect(file: Path) -> sqlite3.Connection:
    """Open a directory's file for reading; sqlite3.Error says what is wrong with it."""
    connection = sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=_PATIENCE, isolation_level=None)
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version != sqlite_schema.VERSION:
            raise sqlite3.DatabaseError(f"not a directory of this casd (version {version})")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def mailbox_of(row: tuple[Any, ...]) -> Mailbox:
    """Turn a row of the view `entry` into its value."""
    _, guid, upn, database, display_name, legacy_dn, hidden, address, proxies, switches = row
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
    )
