"""The connections of a mailbox database: the one that writes, and readers beside it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import local
from typing import Any

from casd.mailbox.store.errors import StoreError
from casd.mailbox.store.schema import open_database, open_reader


class Connections:
    """Whoever executes something here does so on the reader that its thread has taken, else on the writer.

    So the parts of a mailbox need not know whether they run beside the writer; a reader refuses to change anything.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._writer = open_database(file)
        self._idle: SimpleQueue[sqlite3.Connection] = SimpleQueue()
        self._here = local()

    def execute(self, statement: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> sqlite3.Cursor:
        """Execute one statement."""
        connection: sqlite3.Connection = getattr(self._here, "reader", self._writer)
        return connection.execute(statement, parameters)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Make a transaction of what this thread does meanwhile; an exception rolls it back."""
        self._writer.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._writer.execute("COMMIT")
        except BaseException:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            raise

    @contextmanager
    def step(self) -> Iterator[None]:
        """Within a transaction, roll back what this thread does meanwhile if it raises, and no more than that."""
        if not self._writer.in_transaction:  # else a savepoint would begin one of its own
            raise StoreError("the transaction was rolled back by what was done before")
        self._writer.execute("SAVEPOINT step")
        try:
            yield
        except BaseException:
            if self._writer.in_transaction:  # SQLite itself rolls all of it back when the disk is full, for example
                self._writer.execute("ROLLBACK TO step")
                self._writer.execute("RELEASE step")
            raise
        self._writer.execute("RELEASE step")

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Have this thread see one committed state, whatever is written meanwhile."""
        reader = self._take()
        self._here.reader = reader
        try:
            reader.execute("BEGIN")
            yield
        finally:
            del self._here.reader
            reader.rollback()
            self._idle.put(reader)

    def close(self) -> None:
        """Close all; no reader may be in use."""
        while not self._idle.empty():
            self._idle.get().close()
        self._writer.close()

    def _take(self) -> sqlite3.Connection:
        try:
            return self._idle.get_nowait()
        except Empty:
            return open_reader(self._file)
