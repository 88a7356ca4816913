"""A mailbox database: a folder that one server at a time mounts."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from time import time
from typing import Any, ParamSpec, TypeVar

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IReactorFromThreads
from twisted.logger import Logger
from twisted.python.failure import Failure

from casd.mailbox.store import rows
from casd.mailbox.store.errors import NotMounted
from casd.mailbox.store.journal import Journal
from casd.mailbox.store.lock import Lock
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.schema import open_database
from casd.mailbox.store.values import Dismounted, Event
from casd.mailbox.store.worker import ThreadWorker, Worker

P = ParamSpec("P")
T = TypeVar("T")
Watcher = Callable[[Event | Dismounted], None]

_FILE = "mailboxes.sqlite"


class MailboxDatabase:
    """A mounted mailbox database."""

    _log = Logger()

    def __init__(
        self,
        *,
        name: str,
        server: str,
        lock: Lock,
        connection: sqlite3.Connection,
        reactor: IReactorFromThreads,
        worker: Worker,
        now: Callable[[], float],
    ) -> None:
        self.name = name
        self.server = server
        self._lock = lock
        self._connection = connection
        self._reactor = reactor
        self._worker = worker
        self._now = now
        self._leaving = self._closed = False
        self._watchers: dict[str, list[Watcher]] = {}
        # The worker's alone:
        self._events: list[Event] = []
        self._mailboxes: dict[str, MailboxStore] = {}

    @classmethod
    def mount(
        cls,
        folder: Path,
        name: str,
        server: str,
        reactor: IReactorFromThreads,
        *,
        worker: Worker | None = None,
        now: Callable[[], float] = time,
    ) -> MailboxDatabase:
        """Take the lock of `folder` (made if there is none) and open what is in it; blocks for a moment.

        Raises `AlreadyMounted` when another server holds it. `now` is the wall clock, in seconds since 1970.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = Lock.take(folder, server)
        try:
            connection = open_database(folder / _FILE)
        except BaseException:
            lock.release(forget=False)
            raise
        return cls(
            name=name,
            server=server,
            lock=lock,
            connection=connection,
            reactor=reactor,
            worker=worker or ThreadWorker(name),
            now=now,
        )

    def dismount(self, *, forget: bool = True) -> Deferred[None]:
        """Tell watchers, finish what was begun, close and give the lock back; later runs fail with `NotMounted`.

        Without `forget` the server stays the one that mounts it when it starts again.
        """
        self.end_watches()
        closed = self._submit(self._close, forget)
        self._closed = True
        self._worker.quit()
        return closed

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Deferred[T]:
        """Run a function in this database's thread as one transaction; the answer comes after its commit.

        An exception rolls everything back and becomes the Deferred's failure. Raises nothing itself.
        """
        return self._submit(self._transact, lambda: function(*args, **kwargs))

    def mailbox(self, guid: str, address: str, display_name: str) -> MailboxStore:
        """Return a mailbox, made with its default folders on first use; blocks, so call it by `run`."""
        store = self._mailboxes.get(guid)
        if store is None or (store.address, store.display_name) != (address, display_name):
            store = MailboxStore.open(self._journal(guid, address, display_name), address, display_name)
            self._mailboxes[guid] = store
        return store

    def mailbox_at(self, address: str) -> MailboxStore | None:
        """Return the mailbox of an address, if it is in this database; blocks, so call it by `run`."""
        query = "SELECT guid, address, display_name FROM mailbox WHERE lower(address) = lower(?)"
        row = self._connection.execute(query, (address,)).fetchone()
        return self.mailbox(*row) if row else None

    def watch(self, guid: str, watcher: Watcher) -> Callable[[], None]:
        """Call `watcher` in the reactor's thread with each `Event` of this mailbox, and at last with `Dismounted`.

        Returns the function that stops it.
        """
        if self._leaving:
            self._reactor.callFromThread(watcher, Dismounted(self.name))
        watchers = self._watchers.setdefault(guid, [])
        watchers.append(watcher)

        def stop() -> None:
            if watcher in watchers:
                watchers.remove(watcher)

        return stop

    def end_watches(self) -> None:
        """Tell all watchers that the database leaves this server, so that what they hold open ends."""
        self._leaving = True
        everyone, self._watchers = self._watchers, {}
        for watchers in everyone.values():
            self._notify(watchers, Dismounted(self.name))
            watchers.clear()

    @staticmethod
    def exists(folder: Path) -> bool:
        """Say whether there is a database in a folder."""
        return (folder / _FILE).exists()

    def _submit(self, function: Callable[..., T], *args: Any) -> Deferred[T]:
        if self._closed:
            return fail(NotMounted(f"{self.name} is no longer mounted by {self.server}"))
        answer: Deferred[T] = Deferred()

        def job() -> None:
            try:
                result: Any = function(*args)
            except BaseException:
                result = Failure()
            events = tuple(self._events)
            self._events.clear()
            self._reactor.callFromThread(self._answer, answer, result, events)

        self._worker.do(job)
        return answer

    def _answer(self, answer: Deferred[T], result: Any, events: Sequence[Event]) -> None:
        for event in events:
            self._notify(self._watchers.get(event.mailbox, ()), event)
        answer.callback(result)  # a Failure makes it an errback

    def _notify(self, watchers: Sequence[Watcher], notice: Event | Dismounted) -> None:
        for watcher in tuple(watchers):
            try:
                watcher(notice)
            except Exception:
                self._log.failure("a watcher of {database} failed", database=self.name)

    def _transact(self, function: Callable[[], T]) -> T:
        self._connection.execute("BEGIN")
        try:
            result = function()
            self._connection.execute("COMMIT")
        except BaseException:
            self._events.clear()
            self._mailboxes.clear()  # one of them may just have been rolled back
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        return result

    def _journal(self, guid: str, address: str, display_name: str) -> Journal:
        row = self._connection.execute("SELECT number FROM mailbox WHERE guid = ?", (guid,)).fetchone()
        values = {"guid": guid, "address": address, "display_name": display_name}
        number = row[0] if row else rows.insert(self._connection, "mailbox", values)
        return Journal(self._connection, number, guid, self._events, self._now)

    def _close(self, forget: bool) -> None:
        self._connection.close()
        self._lock.release(forget=forget)
