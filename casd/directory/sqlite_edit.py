"""The transactions in which the directory's SQLite file is made or changed."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from casd.directory.sqlite import connect
from casd.directory.sqlite_schema import TABLES, VERSION
from casd.model import DirectoryDown

_PATIENCE = 30.0
"""Seconds to wait for another writer to finish; an import commits far more often."""


class Mistake(Exception):
    """What was asked for cannot be; the text says why, and what to do about it."""


def create(file: Path, organisation: str) -> None:
    """Make an empty directory; `Mistake` if there is a file of this name."""
    new = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        os.close(os.open(new, os.O_CREAT | os.O_TRUNC, 0o600))
        _lay_tables(new, organisation)
        os.link(new, file)  # unlike rename, it spares a file that is there
        new.unlink()
    except FileExistsError:
        new.unlink()
        raise Mistake(f"{file} exists already: choose another [sqlite] file, or work with this one") from None
    except (OSError, sqlite3.Error) as error:
        raise DirectoryDown(f"{file}: {error}") from error


def _lay_tables(file: Path, organisation: str) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(f"BEGIN; {TABLES} PRAGMA user_version = {VERSION}; COMMIT")
        connection.execute("UPDATE organisation SET name = ?", (organisation,))


@contextmanager
def edit(file: Path) -> Iterator[sqlite3.Connection]:
    """Open one writing transaction: all of it happens and is seen as one change, or none of it.

    `DirectoryDown` if the file cannot be written.
    """
    try:
        with closing(connect(file, "rw", _PATIENCE)) as connection:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA cache_size = -65536")
            yield from _transaction(connection)
    except sqlite3.Error as error:
        raise DirectoryDown(f"{file}: {error}") from error


def _transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute("UPDATE change SET number = number + 1")
        yield connection
    except BaseException:
        connection.rollback()
        raise
    connection.commit()
