"""The mailbox databases that this server has mounted.

A server remembers nothing by itself: the lock in each database's folder names the server that mounts it, and
keeps that name when the server ends, however it ends. A database that was dismounted on purpose names nobody.
So after any restart each database comes back where it was last mounted.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attrs import define, field, frozen
from twisted.internet import defer
from twisted.internet.defer import Deferred, DeferredLock
from twisted.logger import Logger

from casd.mailbox.store import attached
from casd.mailbox.store.database import MailboxDatabase
from casd.mailbox.store.errors import NoDatabase, NotMounted, StoreError
from casd.mailbox.store.lock import holder

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}")

Mount = Callable[[Path, str, str, Any], MailboxDatabase]


@frozen
class Mounted:
    """One mounted database, for the operator: how many requests are being served from it."""

    name: str
    in_flight: int
    leaving: bool


@define(eq=False)
class _Entry:
    database: MailboxDatabase
    in_flight: int = 0
    leaving: bool = False
    free: Deferred[None] = field(factory=Deferred)

    def leave(self) -> Deferred[None]:
        self.leaving = True
        self.database.end_watches()
        self._check()
        return self.free

    def begin(self) -> None:
        self.in_flight += 1

    def end(self) -> None:
        self.in_flight -= 1
        self._check()

    def _check(self) -> None:
        if self.leaving and not self.in_flight and not self.free.called:
            self.free.callback(None)


class Roster:
    """Mounts and dismounts the databases below one folder, for one server.

    A dismount waits `patience` seconds for the requests in flight; it is a bound on an operator's wait, after
    which a request that still hangs (its client sends nothing) finds the database gone.
    """

    _log = Logger()

    def __init__(
        self, folder: Path, server: str, reactor: Any, *, patience: float = 30, mount: Mount = attached.mount
    ) -> None:
        self._folder = folder
        self._server = server
        self._reactor = reactor
        self._patience = patience
        self._mount = mount
        self._entries: dict[str, _Entry] = {}
        self._locks: defaultdict[str, DeferredLock] = defaultdict(DeferredLock)

    @property
    def mounted(self) -> tuple[Mounted, ...]:
        """What is mounted, by name."""
        entries = sorted(self._entries.items())
        return tuple(Mounted(name, entry.in_flight, entry.leaving) for name, entry in entries)

    def serves(self, name: str) -> bool:
        """Say whether requests for a database are served here."""
        entry = self._entries.get(name)
        return entry is not None and not entry.leaving

    @contextmanager
    def use(self, name: str) -> Iterator[MailboxDatabase]:
        """Keep a database mounted while a request is served from it. Raises `NotMounted`."""
        if not self.serves(name):
            raise NotMounted(f"{name} is not mounted by {self._server}")
        entry = self._entries[name]
        entry.begin()
        try:
            yield entry.database
        finally:
            entry.end()

    def holder(self, name: str) -> str:
        """Return the other server that a database's lock names; empty if nobody or unknown."""
        named = holder(self._folder / name) if _NAME.fullmatch(name) else None
        return named if named and named != self._server else ""

    async def mount(self, name: str, *, create: bool = False) -> None:
        """Mount a database, if it is not mounted here already. Raises `AlreadyMounted`, `NoDatabase`."""
        if not _NAME.fullmatch(name):
            raise NoDatabase(f"{name!r} is no name of a database")
        async with self._locks[name]:
            if name in self._entries:
                return
            folder = self._folder / name
            if not (create or MailboxDatabase.exists(folder)):
                raise NoDatabase(f"there is no database {name} in {self._folder}")
            self._entries[name] = _Entry(self._mount(folder, name, self._server, self._reactor))
            self._log.info("{server} has mounted {database}", server=self._server, database=name)

    async def dismount(self, name: str, *, forget: bool = True) -> bool:
        """Refuse new requests, end what waits, finish what is in flight, close; False if it was not mounted.

        Without `forget` the database is mounted again when this server starts.
        """
        async with self._locks[name]:
            entry = self._entries.get(name)
            if entry is None:
                return False
            try:
                await entry.leave().addTimeout(self._patience, self._reactor)
            except defer.TimeoutError:
                self._log.warn("{database} leaves {count} requests behind", database=name, count=entry.in_flight)
            try:
                await entry.database.dismount(forget=forget)
            finally:
                del self._entries[name]
            self._log.info("{server} has dismounted {database}", server=self._server, database=name)
            return True

    async def begin(self, first: Iterable[str]) -> None:
        """Mount what this server held last, and what was never mounted of the databases named in `first`."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = [name for name in first if holder(self._folder / name) is None]
        held = [folder.name for folder in sorted(self._folder.iterdir()) if holder(folder) == self._server]
        for name in (*held, *new):
            try:
                await self.mount(name, create=name in new)
            except (StoreError, OSError) as error:
                self._log.error("{database} cannot be mounted: {error}", database=name, error=error)

    async def end(self) -> None:
        """Dismount everything, to be mounted again when this server starts."""
        for name in tuple(self._entries):
            await self.dismount(name, forget=False)
