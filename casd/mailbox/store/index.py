"""The full-text index of one mailbox: a row of words for each item."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from casd.mailbox.store import rows
from casd.mailbox.store.connections import Connections
from casd.mailbox.store.extract import Extract
from casd.mailbox.store.schema import WORDS
from casd.mailbox.store.texts import kind_of
from casd.mailbox.store.values import Item

COLUMNS = ("subject", "sender", "recipients", "body", "attachments")

_BITS = 24
"""Of an item's number, in the place of its row."""


def table(mailbox: int) -> str:
    """Return the name of a mailbox' index."""
    return f"words_{mailbox}"


def new_table(mailbox: int) -> str:
    """Return the name of the index that is being made in place of it."""
    return f"new_words_{mailbox}"


def first_place(received: datetime) -> int:
    """Return the place of the first item that was received at a time."""
    return rows.seconds(received) << _BITS


class Index:
    """What changes the index. While a new one is made, what is in both changes in both."""

    def __init__(self, connection: Connections, mailbox: int) -> None:
        self._connection = connection
        self._mailbox = mailbox

    def create(self) -> None:
        """Make the index of a new mailbox."""
        self._connection.execute(WORDS.format(table=table(self._mailbox)))

    def add(self, item: Item, extract: Extract) -> None:
        """Index a new item; texts of attachments come later."""
        self._insert(item, words(item, extract))
        self._expect(item.number, extract)

    def replace(self, item: Item, extract: Extract) -> None:
        """Index an item whose content is new."""
        self._remove(self._place(item.number))
        self.add(item, extract)

    def copy(self, old: Item, new: Item) -> None:
        """Index a copy as its original is, or will be."""
        self._insert(new, self._row(old.number))
        expected = "INSERT INTO unread_attachments (item) SELECT ? FROM unread_attachments WHERE item = ?"
        self._connection.execute(expected, (new.number, old.number))

    def move(self, item: Item) -> None:
        """Put the row where an item belongs whose time has changed."""
        values = self._row(item.number)
        self._remove(self._place(item.number))
        self._insert(item, values)

    def attach(self, item: int, text: str) -> None:
        """Index the text of an item's attachments behind their names."""
        values, place = self._row(item), self._place(item)
        whole = f"{values[-1]}\n{text}"
        self._remove(place)
        for name in self._tables(item):
            self._put(name, place, (*values[:-1], whole))

    def text(self, item: int) -> str:
        """Return the text of a body as it was indexed."""
        query = f"SELECT body FROM {table(self._mailbox)} WHERE rowid = ?"  # noqa: S608 - a number
        found = self._connection.execute(query, (self._place(item),)).fetchone()
        return str(found[0]) if found else ""

    def forget(self, items: str, number: int) -> None:
        """Take items out that are about to be deleted; `items` is a condition with one parameter."""
        for name in self._all_tables():
            places = f"SELECT place FROM item WHERE {items}"  # noqa: S608 - our own words
            self._connection.execute(f"DELETE FROM {name} WHERE rowid IN ({places})", (number,))  # noqa: S608

    def begin_anew(self) -> None:
        """Make an empty index that is to take the place of this one."""
        self._connection.execute(f"DROP TABLE IF EXISTS {new_table(self._mailbox)}")
        self._connection.execute(WORDS.format(table=new_table(self._mailbox)))

    def put_anew(self, item: Item, extract: Extract) -> None:
        """Put an item into the new index."""
        self._put(new_table(self._mailbox), self._place(item.number), words(item, extract))
        self._expect(item.number, extract)

    def end_anew(self) -> None:
        """Let the new index take the place of the old one."""
        self._connection.execute(f"DROP TABLE IF EXISTS {table(self._mailbox)}")
        self._connection.execute(f"ALTER TABLE {new_table(self._mailbox)} RENAME TO {table(self._mailbox)}")

    def _insert(self, item: Item, values: Sequence[str]) -> None:
        place = first_place(item.received) + item.number % (1 << _BITS)
        taken = "SELECT 1 FROM item WHERE mailbox = ? AND place = ? AND number <> ?"
        while self._connection.execute(taken, (self._mailbox, place, item.number)).fetchone():
            place += 1
        self._connection.execute("UPDATE item SET place = ? WHERE number = ?", (place, item.number))
        for name in self._tables(item.number):
            self._put(name, place, values)

    def _put(self, name: str, place: int, values: Sequence[str]) -> None:
        rows.insert(self._connection, name, {"rowid": place, **dict(zip(COLUMNS, values, strict=True))})

    def _remove(self, place: int) -> None:
        for name in self._all_tables():
            self._connection.execute(f"DELETE FROM {name} WHERE rowid = ?", (place,))  # noqa: S608

    def _tables(self, item: int) -> list[str]:
        done = self._done()
        return [table(self._mailbox), *([new_table(self._mailbox)] if done is not None and item <= done else [])]

    def _all_tables(self) -> list[str]:
        return [table(self._mailbox), *([new_table(self._mailbox)] if self._done() else [])]

    def _done(self) -> int | None:
        """Return up to which item a new index is made, if one is."""
        found = self._connection.execute("SELECT item FROM reindexed WHERE mailbox = ?", (self._mailbox,)).fetchone()
        return None if found is None else int(found[0])

    def _place(self, item: int) -> int:
        return int(self._connection.execute("SELECT place FROM item WHERE number = ?", (item,)).fetchone()[0])

    def _row(self, item: int) -> tuple[str, ...]:
        names = ", ".join(COLUMNS)
        *_, newest = self._tables(item)  # the older one may hold texts that are about to be read again
        query = f"SELECT {names} FROM {newest} WHERE rowid = ?"  # noqa: S608 - our own names
        found = self._connection.execute(query, (self._place(item),)).fetchone()
        return tuple(found) if found else ("",) * len(COLUMNS)  # an index with a gap must not keep a change out

    def _expect(self, item: int, extract: Extract) -> None:
        self._connection.execute("DELETE FROM unread_attachments WHERE item = ?", (item,))
        if any(kind_of(part.name, part.content_type) for part in extract.parts):
            self._connection.execute("INSERT INTO unread_attachments (item) VALUES (?)", (item,))


def words(item: Item, extract: Extract) -> tuple[str, ...]:
    """Return the row of an item."""
    people = " ".join((item.to, item.cc, item.bcc))
    return item.subject, item.sender, people, extract.body, " ".join(part.name for part in extract.parts)
