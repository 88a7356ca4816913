"""A mailbox database: a folder that one server at a time mounts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from time import time
from typing import Any, ParamSpec, TypeVar

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IReactorFromThreads
from twisted.logger import Logger
from twisted.python.failure import Failure

from casd.mailbox.store import replacing, rows
from casd.mailbox.store.commits import Commits, Outcome
from casd.mailbox.store.connections import Connections
from casd.mailbox.store.errors import NotMounted
from casd.mailbox.store.journal import Journal
from casd.mailbox.store.lock import Lock
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.values import Dismounted, Event
from casd.mailbox.store.worker import ThreadWorker, Worker

P = ParamSpec("P")
T = TypeVar("T")
Watcher = Callable[[Event | Dismounted], None]

_FILE = "mailboxes.sqlite"

_READERS = 2
"""Threads that read beside the writer."""


class MailboxDatabase:
    """A mounted mailbox database.

    One thread writes, others read beside it. `connections` is for functions that `run` or `read` runs; `on_commit` and
    `on_dismount` are called in the reactor's thread when something has changed, and when nothing will any more.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        name: str,
        server: str,
        lock: Lock,
        connections: Connections,
        reactor: IReactorFromThreads,
        worker: Worker,
        readers: Worker,
        now: Callable[[], float],
    ) -> None:
        self.name = name
        self.server = server
        self._lock = lock
        self.connections = connections
        self._reactor = reactor
        self._worker = worker
        self._readers = readers
        self._now = now
        self.on_commit: Callable[[], None] = lambda: None
        self.on_dismount: Callable[[], None] = lambda: None
        self._leaving = self._closed = False
        self._watchers: dict[str, list[Watcher]] = {}
        self._opened: dict[str, MailboxStore] = {}  # committed
        # The worker's alone:
        self._events: list[Event] = []
        self._mailboxes: dict[str, MailboxStore] = {}
        # One of them may be what is rolled back.
        self._commits = Commits(connections, self._events, self._mailboxes.clear)

    @classmethod
    def mount(
        cls,
        folder: Path,
        name: str,
        server: str,
        reactor: IReactorFromThreads,
        *,
        worker: Worker | None = None,
        readers: Worker | None = None,
        now: Callable[[], float] = time,
    ) -> MailboxDatabase:
        """Take the lock of `folder` (made if there is none) and open what is in it; blocks for a moment.

        Raises `AlreadyMounted` when another server holds it. `now` is the wall clock, in seconds since 1970.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = Lock.take(folder, server)
        try:
            replacing.finish(folder / _FILE)
            connections = Connections(folder / _FILE)
        except BaseException:
            lock.release(forget=False)
            raise
        return cls(
            name=name,
            server=server,
            lock=lock,
            connections=connections,
            reactor=reactor,
            worker=worker or ThreadWorker(name),
            readers=readers or worker or ThreadWorker(f"{name} reader", _READERS),
            now=now,
        )

    def dismount(self, *, forget: bool = True) -> Deferred[None]:
        """Tell watchers, finish what was begun, close and give the lock back; later runs fail with `NotMounted`.

        Without `forget` the server stays the one that mounts it when it starts again.
        """
        self.end_watches()
        if self._closed:
            return self._refusal()
        self._closed = True
        self.on_dismount()
        closed: Deferred[None] = Deferred()
        self._readers.quit()
        self._worker.do(partial(self._close, closed, forget=forget))
        self._worker.quit()
        return closed

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Deferred[T]:
        """Run a function in the thread that writes, as one transaction; the answer comes after its commit.

        An exception rolls everything back that the function did, and becomes the Deferred's failure. Raises nothing
        itself. Functions that wait share a commit.
        """
        if self._closed:
            return self._refusal()
        answer = self._commits.add(lambda: function(*args, **kwargs))
        self._worker.do(self._write)
        return answer

    def read(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Deferred[T]:
        """Run a function that changes nothing, beside the writer; it sees all that was answered before."""
        if self._closed:
            return self._refusal()
        answer: Deferred[T] = Deferred()
        self._readers.do(lambda: self._read(lambda: function(*args, **kwargs), answer))
        return answer

    def open(self, guid: str, address: str, display_name: str) -> Deferred[MailboxStore]:
        """Return a mailbox, made with its default folders on first use; one that is open waits for no writer."""
        store = self._opened.get(guid)
        if store is not None and not self._closed and (store.address, store.display_name) == (address, display_name):
            return succeed(store)
        return self.run(self.mailbox, guid, address, display_name).addCallback(self._keep)

    def mailbox(self, guid: str, address: str, display_name: str) -> MailboxStore:
        """Return a mailbox, made with its default folders on first use; blocks, so call it by `run`."""
        store = self._mailboxes.get(guid)
        if store is None or (store.address, store.display_name) != (address, display_name):
            store = MailboxStore.open(self._journal(guid, address, display_name), address, display_name)
            self._mailboxes[guid] = store
        return store

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

    def _refusal(self) -> Deferred[Any]:
        return fail(NotMounted(f"{self.name} is no longer mounted by {self.server}"))

    def _keep(self, store: MailboxStore) -> MailboxStore:
        self._opened[store.guid] = store
        return store

    def _answer(self, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            for event in outcome.events:
                self._notify(self._watchers.get(event.mailbox, ()), event)
            outcome.answer.callback(outcome.result)  # a Failure makes it an errback
        if any(outcome.events for outcome in outcomes):
            self.on_commit()

    def _notify(self, watchers: Sequence[Watcher], notice: Event | Dismounted) -> None:
        for watcher in tuple(watchers):
            try:
                watcher(notice)
            except Exception:
                self._log.failure("a watcher of {database} failed", database=self.name)

    # In the threads

    def _write(self) -> None:
        if outcomes := self._commits.write():
            self._reactor.callFromThread(self._answer, outcomes)

    def _read(self, function: Callable[[], Any], answer: Deferred[Any]) -> None:
        try:
            with self.connections.reading():
                result = function()
        except BaseException:
            result = Failure()
        self._reactor.callFromThread(self._answer, [Outcome(answer, result)])

    def _journal(self, guid: str, address: str, display_name: str) -> Journal:
        row = self.connections.execute("SELECT number FROM mailbox WHERE guid = ?", (guid,)).fetchone()
        values = {"guid": guid, "address": address, "display_name": display_name}
        number = row[0] if row else rows.insert(self.connections, "mailbox", values)
        return Journal(self.connections, number, guid, self._events, self._now)

    def _close(self, closed: Deferred[None], *, forget: bool) -> None:
        result: Any = None
        try:
            self._readers.wait()
            self.connections.close()
            self._lock.release(forget=forget)
        except BaseException:
            result = Failure()
        self._reactor.callFromThread(closed.callback, result)
