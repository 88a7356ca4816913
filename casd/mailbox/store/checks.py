"""What must hold in a mailbox database that is sound: each check by itself, so that progress can be told."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from functools import partial

from attrs import frozen

from casd.mailbox.store.index import table

_SHOWN = 10
"""Problems of one kind that are told: thousands say no more."""


@frozen
class Check:
    """One check; `run` yields what is wrong. `words`: it is about the index of words, which can be made anew."""

    name: str
    run: Callable[[], Iterator[str]]
    words: bool = False


def checks(connection: sqlite3.Connection, *, deep: bool = False) -> list[Check]:
    """Return all checks of a database; `deep` ones read the whole index, and nobody can write meanwhile."""
    mailboxes = connection.execute("SELECT number, address FROM mailbox ORDER BY number").fetchall()
    tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name"
    found = [
        Check(f"table {name}", partial(_pages, connection, name)) for (name,) in connection.execute(tables).fetchall()
    ]
    found += [Check(name, partial(_none, connection, name, query)) for name, query in _QUERIES.items()]
    for number, address in mailboxes:
        found.append(Check(f"words of {address}", partial(_words, connection, number), words=True))
        if deep:
            found.append(Check(f"index of {address}", partial(_index, connection, number), words=True))
    return found


_QUERIES = {
    "references between tables": 'SELECT "table", rowid, parent FROM pragma_foreign_key_check',
    "an item belongs to its folder's mailbox": (
        "SELECT item.id FROM item JOIN folder ON folder.number = item.folder WHERE item.mailbox <> folder.mailbox"
    ),
    "an item has content": "SELECT id FROM item WHERE NOT EXISTS (SELECT 1 FROM content WHERE item = item.number)",
    "an item has its size": (
        "SELECT id FROM item JOIN content ON content.item = item.number WHERE item.size <> length(content.bytes)"
        " + (SELECT ifnull(sum(size), 0) FROM attachment WHERE attachment.item = item.number AND part IS NULL)"
    ),
    "a folder knows how many items it holds": (
        "SELECT folder.id, folder.total, folder.unread FROM folder LEFT JOIN (SELECT folder, count(*) AS total,"
        " sum(read = 0) AS unread FROM item GROUP BY folder) AS held ON held.folder = folder.number"
        " WHERE folder.total <> ifnull(held.total, 0) OR folder.unread <> ifnull(held.unread, 0)"
    ),
    "a mailbox knows how large it is": (
        "SELECT address, size FROM mailbox WHERE size <>"
        " (SELECT ifnull(sum(item.size), 0) FROM item WHERE item.mailbox = mailbox.number)"
    ),
    "no change is younger than its mailbox": (
        "SELECT item.id FROM item JOIN mailbox ON mailbox.number = item.mailbox WHERE item.change > mailbox.change"
    ),
}
"""What there must be none of."""


def _pages(connection: sqlite3.Connection, name: str) -> Iterator[str]:
    for (line,) in connection.execute(f"PRAGMA integrity_check('{name}')"):
        if line != "ok":
            yield str(line)


def _none(connection: sqlite3.Connection, name: str, query: str) -> Iterator[str]:
    for row in connection.execute(f"{query} LIMIT {_SHOWN}"):
        yield f"{name}: not so with {', '.join(map(str, row))}"


def _words(connection: sqlite3.Connection, mailbox: int) -> Iterator[str]:
    """Each item has its row, with its own subject, and there is no other row."""
    rows = f"{table(mailbox)}_content"  # FTS5's own table of what it indexes: c0 is the first column
    query = (
        f"SELECT item.id FROM item LEFT JOIN {rows} AS row ON row.id = item.place"  # noqa: S608 - a number
        f" WHERE item.mailbox = {mailbox} AND row.c0 IS NOT item.subject LIMIT {_SHOWN}"
    )
    for (item,) in connection.execute(query):
        yield f"the index lacks item {item}"
    query = (
        f"SELECT id FROM {rows} WHERE NOT EXISTS"  # noqa: S608 - a number
        f" (SELECT 1 FROM item WHERE mailbox = {mailbox} AND place = {rows}.id) LIMIT {_SHOWN}"
    )
    for (place,) in connection.execute(query):
        yield f"the index has a row {place} of no item"


def _index(connection: sqlite3.Connection, mailbox: int) -> Iterator[str]:
    words = table(mailbox)
    try:
        connection.execute(f"INSERT INTO {words}({words}) VALUES ('integrity-check')")  # noqa: S608 - a number
    except sqlite3.DatabaseError as error:
        yield f"the index does not agree with its rows: {error}"
