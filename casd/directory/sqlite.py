"""The directory in one SQLite file, as a front end asks it.

A look-up takes some tens of microseconds, less than handing it to a thread would, so it runs where it is asked.
In WAL mode a reader never waits for a writer.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import UUID

from attrs import frozen
from zope.interface import implementer

from casd.config import key, secret
from casd.directory import sqlite_generations
from casd.directory import sqlite_groups as groups
from casd.directory import sqlite_mailboxes as mailboxes
from casd.directory.addresses import domain_of, normal_domain
from casd.directory.sqlite_schema import STEPS, VERSION
from casd.directory.sqlite_topology import read_topology
from casd.interfaces import IDirectory, IGenerations
from casd.model import AddressBook, DirectoryDown, Generation, Group, Listed, Mailbox, Password, Topology

_PATIENCE = 0.05
"""Seconds to wait for a lock: one is held for moments only, while a file is checkpointed or recovered."""


@frozen
class Settings:
    """Where the directory is."""

    file: Path = key(secret, doc="the SQLite file that casctl writes; it holds password hashes")


_WRITING = 30.0
"""Seconds to wait for another writer."""


@implementer(IDirectory, IGenerations)
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
        with self._open() as connection:
            return mailboxes.by_login(connection, login)

    async def by_address(self, address: str) -> Mailbox | None:
        """Return the mailbox with this primary or proxy address, or None."""
        with self._open() as connection:
            return mailboxes.by_address(connection, address)

    async def by_guid(self, guid: UUID, domain: str) -> Mailbox | None:
        """Return the mailbox with this GUID if an address of it is in `domain`, or None."""
        with self._open() as connection:
            mailbox = mailboxes.by_guid(connection, guid)
        return mailbox if mailbox and _is_in(mailbox, domain) else None

    async def by_legacy_dn(self, legacy_dn: str) -> Mailbox | None:
        """Return the mailbox with this legacyExchangeDN, or None."""
        with self._open() as connection:
            return mailboxes.by_legacy_dn(connection, legacy_dn)

    async def find(self, words: str, limit: int) -> tuple[Mailbox, ...]:
        """Return mailboxes that are not hidden, a word of whose names or addresses begins so; by name."""
        with self._open() as connection:
            return mailboxes.find(connection, words, limit)

    async def group(self, address: str) -> Group | None:
        """Return the group with this address, or None."""
        with self._open() as connection:
            return groups.by_address(connection, address)

    async def find_groups(self, words: str, limit: int) -> tuple[Group, ...]:
        """Return groups that are not hidden, a word of whose names or addresses begins so; by name."""
        with self._open() as connection:
            return groups.find(connection, words, limit)

    async def room_lists(self) -> tuple[Group, ...]:
        """Return every group that is a room list; by name."""
        with self._open() as connection:
            return groups.room_lists(connection)

    async def password(self, mailbox: Mailbox) -> Password | None:
        """Return what checks the password of this mailbox's user, or None when there is none."""
        with self._open() as connection:
            return mailboxes.password_of(connection, mailbox.guid)

    # IGenerations

    async def generations(self) -> tuple[Generation, ...]:
        """Return each generation of address books that is kept, the newest last."""
        with self._open() as connection:
            return sqlite_generations.all_of(connection)

    def record(
        self, books: Sequence[AddressBook], now: int, interval: float, keep: float, form: int, *, force: bool = False
    ) -> bool:
        """Record a generation if it is time and something has changed; say whether that was done."""
        with self._write() as connection:
            return sqlite_generations.record(connection, books, now, interval, keep, form, force=force)

    def announce(self, sequence: int, at: int) -> None:
        """Have clients told of a generation from `at` on, unless somebody has said so before."""
        with self._write() as connection:
            sqlite_generations.announce(connection, sequence, at)

    def listed(self, first: int, last: int) -> Iterator[Listed]:
        """Yield every entry of any generation from `first` to `last`, in the order of GUIDs, then in time."""
        with self._open() as connection:
            yield from sqlite_generations.listed(connection, first, last)

    def close(self) -> None:
        """Let go of the file; the next look-up opens it again."""
        if self._connection is not None:
            self._connection.close()
        self._connection = self._opened = None

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            yield self._connect()
        except (OSError, sqlite3.Error) as error:
            self.close()
            raise DirectoryDown(f"{self._file}: {error}") from error

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(connect(self._file, "rw", _WRITING)) as connection:
                yield connection
        except (OSError, sqlite3.Error) as error:
            raise DirectoryDown(f"{self._file}: {error}") from error

    def _connect(self) -> sqlite3.Connection:
        # An open connection would go on reading a file that was deleted or replaced by another.
        status = os.stat(self._file)  # noqa: PTH116 (asked at every look-up; Path.stat costs twice as much)
        if self._connection is None or self._opened != (status.st_dev, status.st_ino):
            self.close()
            self._connection = connect(self._file, "ro", _PATIENCE)
            self._opened = status.st_dev, status.st_ino
        return self._connection


def connect(file: Path, mode: str, patience: float) -> sqlite3.Connection:
    """Open a directory's file to read ("ro") or to write ("rw"); sqlite3.Error says what is wrong with it.

    A file of an earlier casd is brought up to date first.
    """
    connection = _open(file, mode, patience)
    try:
        version = _version(connection)
        if version in STEPS:
            _bring_up_to_date(file, patience)
        elif version != VERSION:
            raise sqlite3.DatabaseError(f"not a directory of this casd (its version is {version}, ours {VERSION})")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _open(file: Path, mode: str, patience: float) -> sqlite3.Connection:
    where = f"{file.absolute().as_uri()}?mode={mode}"
    return sqlite3.connect(where, uri=True, timeout=patience, isolation_level=None)


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _bring_up_to_date(file: Path, patience: float) -> None:
    with closing(_open(file, "rw", patience)) as connection:
        connection.execute("BEGIN IMMEDIATE")  # another process may have done it before
        for version in range(_version(connection), VERSION):
            for statement in STEPS[version]:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")


def _is_in(mailbox: Mailbox, domain: str) -> bool:
    try:
        return normal_domain(domain) in map(domain_of, (mailbox.address, *mailbox.proxy_addresses))
    except ValueError:
        return False
