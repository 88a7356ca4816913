"""Brings the texts of attachments into the index, a moment after the mail came."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import time
from typing import Any, TypeVar

from attrs import frozen
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from casd.mailbox.store import mime, parts
from casd.mailbox.store.connections import Connections
from casd.mailbox.store.database import MailboxDatabase
from casd.mailbox.store.errors import NotMounted
from casd.mailbox.store.index import Index
from casd.mailbox.store.reader import Reader
from casd.mailbox.store.texts import kind_of
from casd.mailbox.store.worker import ThreadWorker, Worker

T = TypeVar("T")

_LARGEST = 32 << 20
"""Bytes of an attachment that is read."""

_TRIES = 3
"""Times that an item is tried: what fails each time, or ends this process, is left unread."""

_IDLE = 5.0
"""Seconds for which the reading process waits for more."""


@frozen
class Unread:
    """An item whose attachments are to be read, as it was when it had this change number; `tries` were in vain."""

    item: int
    mailbox: int
    edited: int
    tries: int


def next_unread(connection: Connections) -> Unread | None:
    """Return what is to be read next: the least tried, of these the newest, since somebody may look for it now."""
    row = connection.execute(
        "SELECT item.number, item.mailbox, item.edited, tries FROM unread_attachments"
        " JOIN item ON item.number = unread_attachments.item ORDER BY tries, unread_attachments.item DESC LIMIT 1"
    ).fetchone()
    return None if row is None else Unread(*row)


def note_try(connection: Connections, unread: Unread) -> None:
    """Note that an item is tried, before anything is done that may end this process."""
    connection.execute("UPDATE unread_attachments SET tries = tries + 1 WHERE item = ?", (unread.item,))


def attachments(connection: Connections, unread: Unread) -> list[tuple[str, str, bytes]]:
    """Return name, media type and content of each attachment that may have a text."""
    listed = connection.execute(
        "SELECT part, name, content_type FROM attachment WHERE item = ? AND part IS NOT NULL AND size <= ?"
        " ORDER BY number",
        (unread.item, _LARGEST),
    ).fetchall()
    wanted = [(part, name, content_type) for part, name, content_type in listed if kind_of(name, content_type)]
    if not wanted:
        return []
    contents = mime.part_contents(parts.content(connection, unread.item), [part for part, _, _ in wanted])
    return [(name, kind, data) for (_, name, kind), data in zip(wanted, contents, strict=True)]


def put(connection: Connections, unread: Unread, text: str) -> None:
    """Index what was read, unless the item is gone or is another by now."""
    where = "item = ? AND ? = (SELECT edited FROM item WHERE number = item)"
    known = connection.execute(
        f"DELETE FROM unread_attachments WHERE {where} RETURNING item",  # noqa: S608 - our own words
        (unread.item, unread.edited),
    ).fetchall()
    if known and text:
        Index(connection, unread.mailbox).attach(unread.item, text)


class Attached:
    """Reads what is unread, one item after the other, until there is no more; begins anew when it is woken."""

    _log = Logger()

    def __init__(
        self, database: MailboxDatabase, reactor: Any, reader: Reader | None = None, worker: Worker | None = None
    ) -> None:
        self._database = database
        self._reactor = reactor
        self._reader = reader or Reader()
        self._worker = worker
        self._working = self._again = False
        self._idle: Deferred[None] | None = None

    def wake(self) -> None:
        """Look for something to read."""
        self._again = True
        if not self._working:
            self._working = True
            Deferred.fromCoroutine(self._work()).addErrback(self._failed)

    def end(self) -> None:
        """Read no more."""
        if self._idle is not None:
            self._idle.cancel()
        if self._worker is not None:
            self._worker.do(self._reader.close)
            self._worker.quit()

    async def _work(self) -> None:
        try:
            while self._again:
                self._again = False
                while await self._read_one():
                    pass
        finally:
            self._working = False

    async def _read_one(self) -> bool:
        unread = await self._database.read(next_unread, self._database.connections)
        if unread is None:
            self._rest()
            return False
        if unread.tries >= _TRIES:
            await self._database.run(put, self._database.connections, unread, "")
            self._log.error("{database}: item {item} keeps its attachments unread", **self._named(unread))
            return True
        await self._database.run(note_try, self._database.connections, unread)
        try:
            await self._read(unread)
        except NotMounted:
            raise
        except Exception:
            self._log.failure("{database}: attachments of item {item} cannot be read", **self._named(unread))
        return True

    def _named(self, unread: Unread) -> dict[str, Any]:
        return {"database": self._database.name, "item": unread.item}

    async def _read(self, unread: Unread) -> None:
        found = await self._database.read(attachments, self._database.connections, unread)
        text = await self._in_thread(lambda: self._reader.texts_of(found))
        await self._database.run(put, self._database.connections, unread, text)

    def _rest(self) -> None:
        """End the reading process if nothing comes for a while."""
        if self._idle is not None:
            self._idle.cancel()
        if self._worker is not None:
            self._idle = deferLater(self._reactor, _IDLE, self._worker.do, self._reader.close)
            self._idle.addErrback(lambda failure: failure.trap(CancelledError))

    def _in_thread(self, function: Callable[[], T]) -> Deferred[T]:
        if self._worker is None:
            self._worker = ThreadWorker(f"{self._database.name} attachments")
        answer: Deferred[T] = Deferred()

        def job() -> None:
            try:
                result: Any = function()
            except BaseException:
                result = Failure()
            with suppress(RuntimeError):  # the loop has been closed meanwhile: nobody waits any more
                self._reactor.callFromThread(answer.callback, result)

        self._worker.do(job)
        return answer

    def _failed(self, failure: Failure) -> None:
        if not failure.check(NotMounted):
            self._log.failure("the attachments of {database} are read no more", failure, database=self._database.name)


def mount(folder: Path, name: str, server: str, reactor: Any, now: Callable[[], float] = time) -> MailboxDatabase:
    """Mount a database, and read the attachments of what is in it and of what comes."""
    database = MailboxDatabase.mount(folder, name, server, reactor, now=now)
    attached = Attached(database, reactor)
    database.on_commit, database.on_dismount = attached.wake, attached.end
    attached.wake()
    return database
