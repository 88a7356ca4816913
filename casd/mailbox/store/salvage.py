"""A new database of all that can be read of a damaged one."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from attrs import frozen

from casd.mailbox.store.connections import Connections
from casd.mailbox.store.reindexing import start, step
from casd.mailbox.store.replacing import remove

_UNNUMBERED = ("imported", "setting", "told")
_TABLES = ("mailbox", "folder", "item", "content", "attachment", *_UNNUMBERED)
"""What is copied, in the end what has no numbers; indexes of all kinds are made anew."""

_MOST = 1_000_000
"""Rows that are looked for where nothing says how many there were."""

_BLOCK = 100
"""Rows that are read at a time; where that fails, each by itself."""

_MENDED = (
    "DELETE FROM folder WHERE mailbox NOT IN (SELECT number FROM mailbox)",
    (
        "UPDATE folder SET parent = (SELECT number FROM folder AS top WHERE top.mailbox = folder.mailbox"
        " AND top.distinguished = 'msgfolderroot') WHERE parent NOT IN (SELECT number FROM folder)"
    ),
    (
        "UPDATE item SET folder = (SELECT number FROM folder WHERE folder.mailbox = item.mailbox"
        " AND distinguished = 'inbox') WHERE folder NOT IN (SELECT number FROM folder)"
    ),
    "DELETE FROM item WHERE folder IS NULL OR number NOT IN (SELECT item FROM content)",
    "DELETE FROM content WHERE item NOT IN (SELECT number FROM item)",
    "DELETE FROM attachment WHERE item NOT IN (SELECT number FROM item)",
    *(f"DELETE FROM {table} WHERE mailbox NOT IN (SELECT number FROM mailbox)" for table in _UNNUMBERED),  # noqa: S608
    (
        "UPDATE item SET size = (SELECT length(bytes) FROM content WHERE content.item = item.number) +"
        " (SELECT ifnull(sum(size), 0) FROM attachment WHERE attachment.item = item.number AND part IS NULL)"
    ),
    (
        "UPDATE folder SET total = (SELECT count(*) FROM item WHERE item.folder = folder.number),"
        " unread = (SELECT count(*) FROM item WHERE item.folder = folder.number AND read = 0)"
    ),
    (
        "UPDATE mailbox SET change ="
        " max(change, ifnull((SELECT max(change) FROM item WHERE item.mailbox = mailbox.number), 0)) + 1"
    ),
    "UPDATE mailbox SET forgotten = change",  # of what is lost nothing tells: clients synchronise anew
    "UPDATE mailbox SET size = (SELECT ifnull(sum(item.size), 0) FROM item WHERE item.mailbox = mailbox.number)",
)
"""What makes whole what has lost its other half: an item without its folder goes to the inbox."""


@frozen
class Salvaged:
    """What has come out of it: items, and rows that could not be read."""

    items: int
    lost: int


def salvage(old: Path, new: Path, total: Callable[[int], None], tell: Callable[[int], None]) -> Salvaged:
    """Make the file `new`; `total` and `tell` are told how many steps there are, and of each some."""
    remove(new)
    connections = Connections(new)
    try:
        with closing(sqlite3.connect(f"{old.absolute().as_uri()}?mode=ro", uri=True)) as damaged:
            lengths = {table: _last(damaged, table) for table in _TABLES}
            total(2 * sum(lengths.values()))
            connections.execute("PRAGMA foreign_keys = OFF")
            lost = 0
            for table, last in lengths.items():
                with connections.writing():
                    lost += _copy(damaged, connections, table, last)
                tell(last)
            with connections.writing():
                _keep_numbers(damaged, connections)
                for statement in _MENDED:
                    connections.execute(statement)
        connections.execute("PRAGMA foreign_keys = ON")
        items = _index(connections, tell)
    finally:
        connections.close()
    return Salvaged(items, lost)


def _keep_numbers(damaged: sqlite3.Connection, connections: Connections) -> None:
    """See that no number is used again, also of what was deleted."""
    for name, number in _rows_of(damaged, "SELECT name, seq FROM sqlite_sequence"):
        connections.execute("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", (number, name))


def _last(damaged: sqlite3.Connection, table: str) -> int:
    """Return the number of a table's last row, or what is not below it; 0: it has none, and is copied as a whole."""
    if table in _UNNUMBERED:
        return 0
    for query in (f"SELECT max(rowid) FROM {table}", "SELECT max(seq) FROM sqlite_sequence"):  # noqa: S608 - our names
        for (number,) in _rows_of(damaged, query):
            return int(number or 0)
    return _MOST


def _copy(damaged: sqlite3.Connection, connections: Connections, table: str, last: int) -> int:
    """Copy a table; return how many rows could not be read."""
    columns = _columns(damaged, connections, table)
    if not columns:  # a table that the earlier version did not have
        return 0
    names, marks = ", ".join(f'"{name}"' for name in columns), ", ".join("?" * len(columns))
    insert = f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})"  # noqa: S608 - our own names
    lost = 0
    for row in _rows(damaged, f"SELECT {names} FROM {table}", last):  # noqa: S608
        if row is None:
            lost += 1
        else:
            connections.execute(insert, row)
    return lost


def _columns(damaged: sqlite3.Connection, connections: Connections, table: str) -> list[str]:
    """Return the columns that both know: the old one may be of an earlier version."""
    before, after = ([row[1] for row in each.execute(f"PRAGMA table_info({table})")] for each in (damaged, connections))
    return [name for name in before if name in after and name != "place"]


def _rows(damaged: sqlite3.Connection, query: str, last: int) -> Iterator[tuple[object, ...] | None]:
    """Yield all rows that can be read, and None for each that cannot."""
    if not last:
        try:
            yield from damaged.execute(query)
        except sqlite3.DatabaseError:
            yield None
        return
    for first in range(0, last + 1, _BLOCK):
        try:
            yield from damaged.execute(f"{query} WHERE rowid BETWEEN ? AND ?", (first, first + _BLOCK - 1)).fetchall()
        except sqlite3.DatabaseError:
            yield from _singly(damaged, query, range(first, min(first + _BLOCK, last + 1)))


def _rows_of(damaged: sqlite3.Connection, query: str) -> list[tuple[Any, ...]]:
    try:
        return damaged.execute(query).fetchall()
    except sqlite3.DatabaseError:
        return []


def _singly(damaged: sqlite3.Connection, query: str, numbers: range) -> Iterator[tuple[object, ...] | None]:
    for number in numbers:
        try:
            yield from damaged.execute(f"{query} WHERE rowid = ?", (number,)).fetchall()
        except sqlite3.DatabaseError:
            yield None


def _index(connections: Connections, tell: Callable[[int], None]) -> int:
    """Give each item its place, and make the index of each mailbox."""
    with connections.writing():
        connections.execute("UPDATE item SET place = received * 16777216 + number % 16777216")
    done = 0
    for (mailbox,) in connections.execute("SELECT number FROM mailbox").fetchall():
        with connections.writing():
            start(connections, mailbox)
        some = 1
        while some:
            with connections.writing():
                some = step(connections, mailbox)
            tell(some)
            done += some
    return done
