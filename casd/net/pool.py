"""The pool of connections to mailbox servers, one service for every frontend.

A `Lane` is everything towards one server for one protocol: its connections, those who wait, its breaker.
Only connections that the front end itself authenticated are shared; who is asking travels in each request. So a
server that wants a PROXY header is told the truth about such a connection: it is the front end's own (LOCAL, or UNKNOWN
in version 1), and the address of each request's client stands in the request, signed. A lane for each address would
give every phone a connection of its own. A connection that one user keeps (`Mode.USER`) is where the header names him.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Mapping
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Protocol

from attrs import evolve, frozen
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from casd.config import file, integer, key, path, seconds, secret
from casd.model import Endpoint, ProxyProtocol, Server
from casd.net.backend import Backend
from casd.net.tls import HTTP2, ClientTLS
from casd.net.transports import connect
from casd.net.trunk import Stream, Trunk
from protocols.proxyprotocol import write_v1, write_v2

OWN = {ProxyProtocol.NONE: b"", ProxyProtocol.V1: write_v1(), ProxyProtocol.V2: write_v2()}
"""What a server gets first on a connection that is the front end's own."""


class Busy(Exception):
    """No connection became free in time: try later."""


class Unreachable(Exception):
    """The server does not take connections, or its breaker is open: try another, or later."""


class Mode(StrEnum):
    """Who authenticated a connection; only SERVICE ones are shared."""

    SERVICE = "service"
    USER = "user"


@frozen
class Settings:
    """Section `[pool]`."""

    certificate: Path = key(file, doc="certificate (PEM) by which this front end proves itself to mailbox servers")
    private_key: Path = key(secret, doc="its private key (PEM)")
    keys: Path = key(
        path, doc="folder of hand-over keys, one file SERVER.key for each server, with lines `ID HEX`; the first signs"
    )
    connections: int = key(integer(1, 65535), "256", "most connections to one server")
    streams: int = key(
        integer(0, 10000),
        "250",
        "most requests that share one connection of HTTP/2; 0: none do",
    )
    alone: int = key(
        integer(0, 65535), "32", "requests at once that get a connection of their own before others share one"
    )
    waiting: int = key(integer(0, 1000000), "10000", "most requests that wait for one server's connections")
    wait_time: float = key(seconds, "10 s", "longest wait for a free connection before 503")
    connect_time: float = key(seconds, "5 s", "longest wait for a new connection")
    idle_time: float = key(seconds, "60 s", "an idle connection is closed after this")
    failures: int = key(
        integer(1, 1000),
        "3",
        "connect failures in a row, or distinct clients whose requests failed, that open the breaker",
    )
    quarantine: float = key(
        seconds, "30 s", "how long an open breaker keeps a server out, unless it is the only candidate"
    )


class Breaker:
    """Keeps a failing server out for a while."""

    def __init__(self, settings: Settings, clock: Any) -> None:
        self._settings = settings
        self._clock = clock
        self._refused = 0
        self._clients: set[str] = set()
        self._until = 0.0
        self._distrusted_until = 0.0

    @property
    def open(self) -> bool:
        """Whether the server is kept out now."""
        until = max(self._until, self._distrusted_until)
        return until > 0 and bool(self._clock.seconds() < until)

    def good(self) -> None:
        """Note that the server answered."""
        if self._refused or self._clients or self._until:
            self._refused, self._until = 0, 0.0
            self._clients.clear()

    def refused(self) -> None:
        """Note that the server took no connection."""
        self._refused += 1
        if self._refused >= self._settings.failures:
            self.trip()

    def failed(self, client: str) -> None:
        """Note that one client's request failed there: one client's poison must not keep a server from the others."""
        self._clients.add(client)
        if len(self._clients) >= self._settings.failures:
            self.trip()

    def trip(self) -> None:
        """Open, for the quarantine or until the server answers again."""
        self._until = self._clock.seconds() + self._settings.quarantine
        self._refused = 0
        self._clients.clear()

    def distrust(self) -> None:
        """Open, for the quarantine, whatever the server answers meanwhile: it has answered for somebody else."""
        self._distrusted_until = self._clock.seconds() + self._settings.quarantine


_ASK_AGAIN = 300.0
"""Seconds after which a server that did not speak HTTP/2 may have learned it."""


class Connector(Protocol):
    """How a lane opens a connection; tests put their own here."""

    async def __call__(self, endpoint: Endpoint, protocol: Any, tls: ClientTLS, timeout: float) -> None:
        """Connect the protocol, or raise."""


class Lane:
    """The connections to one server for one protocol, and those who wait for one."""

    def __init__(
        self, server: Server, endpoint: Endpoint, tls: ClientTLS, settings: Settings, connector: Connector, clock: Any
    ) -> None:
        self.server = server
        self.endpoint = endpoint
        self.breaker = Breaker(settings, clock)
        self.trace = b"X-CalculatedBETarget: %b\r\n" % (server.tls_name or server.name).encode("ascii")
        """The line by which a client's answer tells where it comes from."""
        self.opened = 0
        self._closed = False
        self._tls = tls
        self._settings = settings
        self._connector = connector
        self._clock = clock
        self._connections: set[Backend] = set()
        self._idle: list[Backend] = []
        self._opening = 0
        self._waiting: OrderedDict[str, deque[Deferred[Any]]] = OrderedDict()
        self._handed: deque[tuple[Deferred[Any], Backend | Stream]] = deque()  # the first is being given
        self._sweep: Any = None
        self._trunks: list[Trunk] = []  # the one that was opened first is filled first
        self._sharing: list[Deferred[None]] | None = None  # those who wait for the trunk that is being opened
        self._speaks_at = 0.0

    @property
    def open_connections(self) -> int:
        """How many connections there are."""
        return len(self._connections) + len(self._trunks)

    @property
    def idle_connections(self) -> int:
        """How many of them are free."""
        return len(self._idle)

    @property
    def waiting(self) -> int:
        """How many requests wait for one."""
        return sum(map(len, self._waiting.values()))

    def take(self) -> Backend | None:
        """Return a free connection, the one used last first, or None."""
        while self._idle:
            connection = self._idle.pop()
            if not connection.expired:
                return connection
        return None

    async def acquire(self, who: str, *, waits: bool = False) -> Backend | Stream:
        """Return a connection for one request of `who`, or a stream of a shared one; `Busy` or `Unreachable`.

        HTTP/2 costs more for each request and less for each that `waits`: those share, and whatever is too many.
        """
        connection: Backend | Stream | None = None if waits else self.take()
        if connection is None and (waits or len(self._connections) + self._opening >= self._settings.alone):
            connection = await self._share() or self.take()
        if connection is not None:
            return connection
        if self.open_connections + self._opening < self._settings.connections:
            return await self._open()
        return await self._wait(who)

    def release(self, connection: Backend | Stream) -> None:
        """Take a connection back, for whoever has waited longest in his turn."""
        if connection.expired or isinstance(connection, Stream):
            connection.transport.loseConnection()
            return
        if self._waiting and (waiter := self._next()) is not None:
            self._hand(waiter, connection)
            return
        self._idle.append(connection)
        if self._sweep is None:
            self._sweep = self._clock.callLater(self._settings.idle_time, self._close_idle)

    def freed(self, trunk: Trunk) -> None:
        """Take note that a shared connection has room again."""
        if self._waiting and (waiter := self._next()) is not None:
            self._hand(waiter, trunk.stream())

    def _hand(self, waiter: Deferred[Any], connection: Backend | Stream) -> None:
        """Give a connection to a waiter; of hundreds who want it no more none calls the next from within."""
        self._handed.append((waiter, connection))
        if len(self._handed) > 1:
            return
        while self._handed:
            waiter, connection = self._handed[0]
            try:
                waiter.callback(connection)
            finally:
                self._handed.popleft()

    def gone(self, connection: Backend | Trunk) -> None:
        """Take note that a connection has ended; let a waiter have a new one."""
        if isinstance(connection, Backend):
            self._connections.discard(connection)
        elif connection in self._trunks:
            self._trunks.remove(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        waiter = self._next()
        if waiter is not None:
            opening = Deferred.fromCoroutine(self._open())
            opening.addCallbacks(waiter.callback, waiter.errback)

    def close(self) -> None:
        """Close what is idle; what is busy, or still opened for who waits, is closed when it is given back."""
        self._closed = True
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None
        for connection in self._connections:
            connection.expired = True
        for connection in self._idle[:]:
            connection.transport.loseConnection()
        self._idle.clear()
        for trunk in self._trunks:
            trunk.leave()

    @property
    def _speaks(self) -> bool:
        """Whether the server may speak HTTP/2."""
        return bool(self._settings.streams and self._clock.seconds() >= self._speaks_at)

    async def _open(self) -> Backend:
        connection = Backend(self._clock, self)
        await self._connect(connection, self._tls)
        connection.expired = self._closed
        self._connections.add(connection)
        return connection

    async def _share(self) -> Stream | None:
        """Return a stream of a shared connection; None when the server speaks no HTTP/2, or no more of it."""
        while self._speaks:
            for trunk in self._trunks:
                if trunk.room:
                    return trunk.stream()
            if self._sharing is not None:
                waiter: Deferred[None] = Deferred()
                self._sharing.append(waiter)
                await waiter
            elif self.open_connections + self._opening >= self._settings.connections:
                return None
            else:
                await self._open_trunk()
        return None

    async def _open_trunk(self) -> None:
        """Open one more; whoever wants to share meanwhile waits for it."""
        settings = self._settings
        trunk = Trunk(self._clock, self, streams=settings.streams, idle_time=settings.idle_time)
        self._sharing = []
        trouble: Unreachable | None = None
        try:
            await self._connect(trunk, evolve(self._tls, protocols=HTTP2))
            if trunk.speaks:
                await trunk.ready.addTimeout(settings.connect_time, self._clock)
                self._trunks.append(trunk)
            else:
                self._speaks_at = self._clock.seconds() + _ASK_AGAIN
        except Unreachable as error:
            trouble = error
            raise
        except Exception as failure:
            trunk.abort()
            trouble = Unreachable(f"{self.server.name} at {self.endpoint}: {failure or type(failure).__name__}")
            raise trouble from failure
        finally:
            sharing, self._sharing = self._sharing, None
            for waiter in sharing:
                if trouble is None:
                    waiter.callback(None)
                else:
                    waiter.errback(Unreachable(str(trouble)))

    async def _connect(self, connection: Backend | Trunk, tls: ClientTLS) -> None:
        self._opening += 1
        try:
            await self._connector(self.endpoint, connection, tls, self._settings.connect_time)
        except Exception as error:
            self.breaker.refused()
            raise Unreachable(f"{self.server.name} at {self.endpoint}: {error or type(error).__name__}") from error
        finally:
            self._opening -= 1
        self.opened += 1

    async def _wait(self, who: str) -> Backend | Stream:
        if self.waiting >= self._settings.waiting:
            raise Busy(f"{self.server.name}: too many wait already")
        waiter: Deferred[Backend | Stream] = Deferred(lambda _: None)
        queue = self._waiting.setdefault(who, deque())
        queue.append(waiter)
        timer = self._clock.callLater(self._settings.wait_time, self._give_up, who, waiter)
        try:
            return await waiter
        finally:
            if timer.active():
                timer.cancel()

    def _give_up(self, who: str, waiter: Deferred[Any]) -> None:
        queue = self._waiting.get(who)
        if queue is None or waiter not in queue:
            return  # a connection is being opened for it
        queue.remove(waiter)
        if not queue:
            del self._waiting[who]
        waiter.errback(Busy(f"{self.server.name}: no connection became free in time"))

    def _next(self) -> Deferred[Any] | None:
        """Return whose turn it is: each user in turn, so that one with many requests delays himself only."""
        if not self._waiting:
            return None
        who, queue = self._waiting.popitem(last=False)
        waiter = queue.popleft()
        if queue:
            self._waiting[who] = queue
        return waiter

    def _close_idle(self) -> None:
        self._sweep = None
        oldest = self._clock.seconds() - self._settings.idle_time
        for connection in [connection for connection in self._idle if connection.idle_since <= oldest]:
            self._idle.remove(connection)
            connection.expired = True
            connection.transport.loseConnection()
        if self._idle:
            self._sweep = self._clock.callLater(self._settings.idle_time, self._close_idle)


class Pool:
    """All lanes, by (server, protocol, TLS identity, mode)."""

    _log: ClassVar[Logger] = Logger()

    def __init__(self, settings: Settings, reactor: Any, connector: Connector | None = None) -> None:
        self.settings = settings
        self._reactor = reactor
        self._connector: Any = connector or self._connect
        self._lanes: dict[tuple[str, Endpoint, ClientTLS, Mode, ProxyProtocol], Lane] = {}
        self._known: dict[tuple[str, str, Mode], Lane] = {}

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """Every lane there is."""
        return tuple(self._lanes.values())

    def lane(self, server: Server, protocol: str, mode: Mode = Mode.SERVICE) -> Lane:
        """Return the lane to a server; `Unreachable` if it does not speak the protocol."""
        short = (server.name, protocol, mode)
        lane = self._known.get(short)
        if lane is not None and lane.server is server:
            return lane
        endpoint = server.endpoint(protocol)
        if endpoint is None:
            raise Unreachable(f"{server.name} has no endpoint for {protocol}")
        tls = ClientTLS(
            server.tls_name or server.name, server.ca, server.pin, self.settings.certificate, self.settings.private_key
        )
        index = (server.name, endpoint, tls, mode, server.proxy_protocol)
        lane = self._lanes.get(index)
        if lane is None:
            preface = OWN[server.proxy_protocol]
            connector = partial(self._connector, preface=preface) if preface else self._connector
            lane = self._lanes[index] = Lane(server, endpoint, tls, self.settings, connector, self._reactor)
        lane.server = server
        self._known[short] = lane
        return lane

    def retain(self, servers: Mapping[str, Server]) -> None:
        """Close the lanes to what the directory no longer names, or names with another address or identity."""
        for index, lane in list(self._lanes.items()):
            name, endpoint, tls, _, spoken = index
            server = servers.get(name)
            addresses = set(server.endpoints.values()) if server else set()
            if (
                server is None
                or endpoint not in addresses
                or (tls.name, tls.ca, tls.pin, spoken)
                != (server.tls_name or server.name, server.ca, server.pin, server.proxy_protocol)
            ):
                del self._lanes[index]
                lane.close()
        self._known.clear()

    def close(self) -> None:
        """Close every connection as it becomes free."""
        for lane in self._lanes.values():
            lane.close()

    async def _connect(
        self, endpoint: Endpoint, protocol: Any, tls: ClientTLS, timeout: float, preface: bytes = b""
    ) -> None:
        await connect(self._reactor, endpoint, protocol, tls, timeout, preface)
