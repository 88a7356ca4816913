"""A new index for each mailbox of a database, made in small steps between other writes, while the old one is in use.

How far it came stands in the database: what was interrupted goes on where it was.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from casd.mailbox.store import parts, rows
from casd.mailbox.store.connections import Connections
from casd.mailbox.store.database import MailboxDatabase
from casd.mailbox.store.errors import BadContent
from casd.mailbox.store.extract import Extract
from casd.mailbox.store.index import Index
from casd.mailbox.store.kinds import KINDS
from casd.mailbox.store.values import Item

_STEP = 25
"""Items of one step: who writes meanwhile waits for as long as it takes to read them, some tens of milliseconds."""


@frozen
class Progress:
    """How far it is, in items; `failure` says why it has ended before its end."""

    done: int = 0
    total: int = 0
    running: bool = False
    failure: str = ""


class Reindexing:
    """Makes the indexes of one database anew."""

    _log = Logger()

    def __init__(self, database: MailboxDatabase) -> None:
        self.progress = Progress()
        self.database = database

    def begin(self) -> None:
        """Begin, or go on, unless it is under way."""
        if not self.progress.running:
            self.progress = Progress(running=True)
            Deferred.fromCoroutine(self._run()).addErrback(self._failed)

    async def _run(self) -> None:
        run, connections = self.database.run, self.database.connections
        mailboxes = await self.database.read(_mailboxes, connections)
        total, done = sum(count for _, count in mailboxes), 0
        for mailbox, _ in mailboxes:
            done += await run(start, connections, mailbox)
        for mailbox, _ in mailboxes:
            while some := await run(step, connections, mailbox):
                done += some
                self.progress = Progress(min(done, total), total, running=True)
        self.progress = Progress(total, total)

    def _failed(self, failure: Failure) -> None:
        self._log.failure("the index of {database} was not made anew", failure, database=self.database.name)
        self.progress = Progress(failure=failure.getErrorMessage())


def _mailboxes(connection: Connections) -> Sequence[tuple[int, int]]:
    """Return all mailboxes, each with its number of items."""
    return connection.execute(
        "SELECT mailbox.number, count(item.number) FROM mailbox LEFT JOIN item ON item.mailbox = mailbox.number"
        " GROUP BY mailbox.number"
    ).fetchall()


def start(connection: Connections, mailbox: int) -> int:
    """Begin a new index, unless one is begun; return how many items are in it."""
    known = connection.execute("SELECT item FROM reindexed WHERE mailbox = ?", (mailbox,)).fetchone()
    if known:
        counted = connection.execute("SELECT count(*) FROM item WHERE mailbox = ? AND number <= ?", (mailbox, *known))
        return int(counted.fetchone()[0])
    Index(connection, mailbox).begin_anew()
    connection.execute("INSERT INTO reindexed VALUES (?, 0)", (mailbox,))
    return 0


def step(connection: Connections, mailbox: int) -> int:
    """Bring some more items into the new index; return how many, 0 when it has taken the old one's place."""
    known = connection.execute("SELECT item FROM reindexed WHERE mailbox = ?", (mailbox,)).fetchone()
    if known is None:
        return 0
    index = Index(connection, mailbox)
    found = connection.execute(
        f"{rows.SELECT_ITEM} WHERE item.mailbox = ? AND item.number > ? ORDER BY item.number LIMIT {_STEP}",
        (mailbox, *known),
    )
    items = [rows.item(row) for row in found]
    for item in items:
        index.put_anew(item, _extract(item, parts.content(connection, item.number)))
    if items:
        connection.execute("UPDATE reindexed SET item = ? WHERE mailbox = ?", (items[-1].number, mailbox))
    else:
        index.end_anew()
        connection.execute("DELETE FROM reindexed WHERE mailbox = ?", (mailbox,))
    return len(items)


def _extract(item: Item, content: bytes) -> Extract:
    """Read a content; one that is damaged is found by what its columns say."""
    try:
        return KINDS[item.kind].read(content)
    except BadContent:
        return Extract({})
