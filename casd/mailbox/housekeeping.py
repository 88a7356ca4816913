"""What a mailbox server does by itself, now and then: it forgets what was deleted long ago."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from casd.mailbox.roster import Roster
from casd.mailbox.store.errors import NotMounted
from casd.mailbox.store.retention import REMEMBERED, forget, purge

_INTERVAL = 3600.0


class Housekeeping:
    """Looks through the mounted databases every hour."""

    _log = Logger()

    def __init__(self, roster: Roster, keep: float, clock: Any, now: Callable[[], float]) -> None:
        self._roster = roster
        self._keep = keep
        self._now = now
        self._loop = LoopingCall(lambda: Deferred.fromCoroutine(self.tidy()))
        self._loop.clock = clock

    def start(self) -> None:
        """Begin, an hour from now."""
        self._loop.start(_INTERVAL, now=False)

    def stop(self) -> None:
        """End."""
        if self._loop.running:
            self._loop.stop()

    async def tidy(self) -> None:
        """Look once through all of them; one that fails keeps nobody from the next."""
        for mounted in self._roster.mounted:
            try:
                forgotten = await self._tidy(mounted.name)
            except NotMounted:
                continue
            except Exception:
                self._log.failure("{database} keeps what was deleted", database=mounted.name)
                continue
            if forgotten:
                self._log.info("{database}: forgot {count} deleted items", database=mounted.name, count=forgotten)

    async def _tidy(self, name: str) -> int:
        now, all_of_them = self._now(), 0
        with self._roster.use(name) as database:
            while some := await database.run(purge, database, int(now - self._keep)):
                all_of_them += some
            while await database.run(forget, database, int(now - REMEMBERED)):
                pass
        return all_of_them
