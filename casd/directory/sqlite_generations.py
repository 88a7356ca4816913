"""The generations of address books in the directory's SQLite file: what they listed, from when, until when."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

import attrs

from casd.model import AddressBook, Generation, Listed
from casd.oab_book import is_due

_MOST = 200
"""Generations that are kept at most, however often an operator asks for one."""

_LAY_OUT = """
CREATE TEMP TABLE present (guid TEXT PRIMARY KEY, site TEXT NOT NULL, content TEXT NOT NULL) WITHOUT ROWID
"""
_FILL = "INSERT INTO temp.present SELECT guid, iif(?, site, ''), content FROM listing"
_END = """
UPDATE listed SET until = :next WHERE until IS NULL AND NOT EXISTS (
    SELECT 1 FROM temp.present p WHERE p.guid = listed.guid AND p.site = listed.site AND p.content = listed.content
)
"""
_BEGIN = """
INSERT INTO listed SELECT p.guid, :next, NULL, p.site, p.content FROM temp.present p
WHERE NOT EXISTS (SELECT 1 FROM listed WHERE listed.guid = p.guid AND until IS NULL)
"""
_LISTED = """
SELECT guid, since, until, site, content FROM listed
WHERE since <= :last AND (until IS NULL OR until > :first) ORDER BY guid, since
"""


def all_of(connection: sqlite3.Connection) -> tuple[Generation, ...]:
    """Return every generation, the newest last."""
    query = "SELECT sequence, taken, checked, announced, oldest, format, books FROM generation ORDER BY sequence"
    return tuple(
        Generation(sequence, taken, checked, announced, oldest, form, _books(books))
        for sequence, taken, checked, announced, oldest, form, books in connection.execute(query)
    )


def record(
    connection: sqlite3.Connection,
    books: Sequence[AddressBook],
    now: int,
    interval: float,
    keep: float,
    form: int,
    *,
    force: bool,
) -> bool:
    """Record a generation if it is time and something has changed; all of it in one transaction.

    What is listed now is gathered before others have to wait, and again only if it has changed meanwhile.
    """
    sites = any(book.sites for book in books)
    connection.execute(_LAY_OUT)
    connection.execute("BEGIN")
    if force or _due(all_of(connection), books, now, interval):
        connection.execute(_FILL, (sites,))
    gathered = _changes(connection)
    connection.commit()
    connection.execute("BEGIN IMMEDIATE")
    known = all_of(connection)
    last = known[-1] if known else None
    if not (force or _due(known, books, now, interval)):
        connection.rollback()  # somebody else was here first
        return False
    if _changes(connection) != gathered:
        connection.execute("DELETE FROM temp.present")
        connection.execute(_FILL, (sites,))
    following = last.sequence + 1 if last else 1
    ended = connection.execute(_END, {"next": following}).rowcount
    begun = connection.execute(_BEGIN, {"next": following}).rowcount
    changed = not last or bool(ended or begun) or last.books != tuple(books) or last.format != form
    # One of the future would be told of when its time has come: another takes its place.
    if new := changed or (last is not None and last.taken - now >= interval):
        oldest = _oldest([*known, following], now - keep)
        row = (following, now, now, oldest, form, json.dumps([attrs.asdict(book) for book in books], default=str))
        connection.execute("INSERT INTO generation VALUES (?, ?, ?, NULL, ?, ?, ?)", row)
        _forget(connection, last.oldest if last else oldest)  # clients know the last one's files for a while yet
    else:
        connection.execute("UPDATE generation SET checked = ? WHERE sequence = ?", (now, last.sequence if last else 0))
    _tell(connection)
    connection.commit()
    return new


def _due(known: Sequence[Generation], books: Sequence[AddressBook], now: int, interval: float) -> bool:
    return not known or is_due(known[-1], books, now, interval)


def _changes(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT number FROM change").fetchone()[0])


def announce(connection: sqlite3.Connection, sequence: int, at: int) -> None:
    """Have clients told of a generation from `at` on, unless that was said before."""
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("UPDATE generation SET announced = ? WHERE sequence = ? AND announced IS NULL", (at, sequence))
    _tell(connection)
    connection.commit()


def listed(connection: sqlite3.Connection, first: int, last: int) -> Iterator[Listed]:
    """Yield every entry of any generation from `first` to `last`, in the order of GUIDs, then in time."""
    for guid, since, until, site, content in connection.execute(_LISTED, {"first": first, "last": last}):
        kind, address, name, legacy_dn, proxies, details = json.loads(content)
        yield Listed(guid, since, until, site, kind, address, name, legacy_dn, tuple(proxies), details)


def _oldest(known: Sequence[Any], before: float) -> int:
    """Return the first generation that is kept beside a new one, which stands last: a number."""
    *earlier, new = known
    kept = [each.sequence for each in earlier[:-1] if each.taken >= before]
    kept += [each.sequence for each in earlier[-1:]]
    return int(max(kept[0], new - _MOST) if kept else new)


def _forget(connection: sqlite3.Connection, oldest: int) -> None:
    connection.execute("DELETE FROM generation WHERE sequence < ?", (oldest,))
    connection.execute("DELETE FROM listed WHERE until <= ?", (oldest,))


def _tell(connection: sqlite3.Connection) -> None:
    """Have front ends notice."""
    connection.execute("UPDATE change SET number = number + 1")


@lru_cache(4)  # as a rule all generations have the same
def _books(text: str) -> tuple[AddressBook, ...]:
    conditions = ("domains", "sites", "addresses")
    return tuple(
        AddressBook(book["name"], UUID(book["guid"]), book["title"], *(tuple(book[each]) for each in conditions))
        for book in json.loads(text)
    )
