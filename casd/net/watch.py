"""Health of mailbox servers: each is asked now and then, so that a breaker opens before users notice."""

from __future__ import annotations

from typing import Any

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from casd.config import key, seconds
from casd.model import ServerKind
from casd.net.fetch import fetch
from casd.net.pool import Busy, Lane, Pool, Unreachable

PATH = b"/casd/health"


@frozen
class Settings:
    """Section `[watch]`."""

    interval: float = key(seconds, "5 s", "a server that is in use is asked this often whether it is well")
    patience: float = key(seconds, "3 s", "longest wait for its answer")


class Watch:
    """Asks every server that the pool has a lane to."""

    _log = Logger()

    def __init__(self, settings: Settings, pool: Pool, clock: Any) -> None:
        self._settings = settings
        self._pool = pool
        self._round = LoopingCall(self._ask_all)
        self._round.clock = clock

    def start(self) -> None:
        """Begin with the first round one interval from now."""
        self._round.start(self._settings.interval, now=False)

    def stop(self) -> None:
        """Ask no more."""
        if self._round.running:
            self._round.stop()

    def _ask_all(self) -> None:
        for lane in self._pool.lanes:
            if lane.server.kind is ServerKind.CASD:  # no other has a page for this
                Deferred.fromCoroutine(self._ask(lane))

    async def _ask(self, lane: Lane) -> None:
        """Ask one server; one that waits for a free connection is well enough."""
        if lane.waiting:
            return
        try:
            connection = await lane.acquire("")
            host = b"Host: %b\r\n" % (lane.server.tls_name or lane.server.name).encode("ascii")
            answer = await fetch(connection, b"GET", PATH, host, b"", self._settings.patience)
        except Busy:
            return
        except Unreachable as error:
            self._log.warn("{server} is not well: {error}", server=lane.server.name, error=str(error))
            lane.breaker.trip()
        else:
            if answer.head.status == 200:
                lane.breaker.good()
            else:
                lane.breaker.trip()
