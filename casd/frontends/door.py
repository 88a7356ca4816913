"""One HTTP door: a request in, authenticate, locate, connect, and out of the way.

`http`, `mapihttp` and `rpchttp` are doors of their own, with their own sections, limits and figures. They may share
a port: the door that listens hands a request to the door of its path.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from attrs import frozen
from twisted.logger import Logger
from twisted.python.failure import Failure

from casd.access import ClientAccess
from casd.accesslog import AccessLog
from casd.auth.credentials import Denied
from casd.frontends.carry import Carrier, Errand
from casd.frontends.forwarded import client_of
from casd.frontends.passage import LIFETIME, Passage, question_of
from casd.metrics import Metrics
from casd.model import Anchor, DirectoryDown, Identity, Networks, Proxy, Redirect, Refuse
from casd.net import http2
from casd.net.exchange import BodyTooLarge, Exchange, Lost
from casd.net.handover import bearer
from casd.net.http import Channel
from casd.net.pool import Busy, Unreachable
from casd.net.sending import Sending
from casd.net.spawn import spawn
from casd.vdirs.health import PAGE, health
from casd.vdirs.vdir import TEXT, Vdir, later
from protocols.http1 import Response

_HOSTS = 1000
"""Most spellings of our hosts that are remembered."""

_LONGEST_HOST = 261
"""Bytes of a domain name with a port."""

_LOGGED = 512
"""Characters of a path that a line of the log tells."""

_LINES = b"Host: %(host)b\r\nX-Forwarded-For: %(client)b\r\nX-FE-ClientIP: %(client)b\r\nX-Forwarded-Proto: https\r\n"
_TOO_LARGE = Response(413, (TEXT,), b"The request is too large.\n")


@frozen
class House:
    """What all doors of a front end share; `name` is its short name, `namespaces` the hosts it answers for."""

    name: str
    namespaces: frozenset[str]
    access: ClientAccess
    metrics: Metrics
    log: AccessLog
    clock: Any


class Door:
    """A Twisted factory (`buildProtocol`) for one section's virtual directories; `others` share its port."""

    _log: ClassVar[Logger] = Logger()

    def __init__(
        self, name: str, settings: Any, vdirs: Sequence[Vdir], house: House, others: Sequence[Door] = ()
    ) -> None:
        self.name = name
        self.settings = settings
        self.limits = settings.limits()
        self.proxies: Networks = settings.proxy_protocol
        self._trusted: Networks = settings.trusted_proxies
        self.channels: set[Channel | http2.Channel] = set()
        self.open: set[Exchange] = set()
        self._concluding = False
        self._house = house
        self._clock = house.clock
        self._directory = house.access.directory
        self._log_line = house.log
        self._longest: int = settings.body
        self._carrier = Carrier(house.access, house.metrics, house.clock, settings, self._say)
        self._by_path: dict[str, tuple[Door, Vdir]] = {path: (self, vdir) for vdir in vdirs for path in vdir.paths}
        for other in others:
            self._by_path.update(other._by_path)
        self._hosts: dict[bytes, str | None] = {}
        self._common = f"X-FEServer: {house.name}\r\n".encode("ascii")
        self._connections = house.metrics.connections.labels(name)

    def buildProtocol(self, _address: Any) -> Channel:
        """Return a channel for a new client."""
        return Channel(self, self._house.clock)

    def buildMultiplexed(self, _address: Any) -> http2.Channel:
        """Return a channel for a new client of HTTP/2."""
        return http2.Channel(self, self._house.clock)

    def entered(self, channel: Channel | http2.Channel) -> None:
        """Count a connection in."""
        self.channels.add(channel)
        self._connections.inc()

    def left(self, channel: Channel | http2.Channel) -> None:
        """Count a connection out."""
        self.channels.discard(channel)
        self._connections.dec()

    def adopt(self, before: Door) -> None:
        """Serve the clients of the door before from now on; what is under way ends as it began."""
        self.channels |= before.channels  # some may have come in by a new port already
        self.open |= before.open
        for channel in before.channels:
            channel.door, channel.memory = self, None
        for exchange in before.open:
            exchange.door = self  # which is told of its end
        before.channels, before.open = set(), set()  # else what is under way would hold all that ever was

    def conclude(self) -> None:
        """Close each connection with the next answer on it."""
        self._concluding = True

    def drain(self) -> None:
        """Finish what is under way, then close."""
        self.conclude()
        for channel in list(self.channels):
            channel.drain()

    # casd.net.http.Door

    def serve(self, exchange: Exchange) -> None:
        """Let a request take the way of the one before it, or find its door and its virtual directory."""
        if self._concluding:
            exchange.keep = False
        if self._trusted:
            exchange.client = client_of(exchange, self._trusted, self.settings.forwarded_field)
        passage: Passage | None = exchange.channel.memory
        if passage is not None and passage.answers(exchange) and self._holds(passage):
            passage.door.again(exchange, passage)
            return
        exchange.question = question_of(exchange)
        host, found = self._host(exchange), None
        segments = exchange.head.target.segments
        if host is not None and segments:
            found = self._by_path.get(segments[0].lower())
        if host is None:
            exchange.reply(Response(400, (TEXT,), b"This host is not served here.\n"))
        elif found is not None:
            exchange.notes["host"] = host
            found[0].enter(exchange, found[1])
        elif not segments and "owa" in self._by_path:
            exchange.reply(Response(302, ((b"Location", b"/owa/"),)))
        else:
            exchange.reply(Response(404, (TEXT,), b"There is nothing here.\n"))

    def decorate(self, exchange: Exchange | None) -> bytes:
        """Return the lines that stand on every answer."""
        if exchange is None:
            return self._common
        lines = b"%b%brequest-id: %b\r\n" % (exchange.lines, self._common, exchange.request_id.encode())
        wanted = exchange.head.get(b"return-client-request-id")
        if wanted is not None and wanted.lower() == b"true":
            lines += b"client-request-id: %b\r\n" % (exchange.head.get(b"client-request-id") or b"")
        return lines

    def finished(self, exchange: Exchange) -> None:
        """Write the session's line and count it."""
        door: Door = exchange.door or self
        door.open.discard(exchange)
        lasted = self._clock.seconds() - exchange.started
        status = 499 if exchange.lost else exchange.status
        passage: Passage | None = exchange.passage
        if passage is None:
            tally, said = self._house.metrics.requests.tally(door.name, exchange.notes.get("vdir", "")), ""
        else:
            as_foreseen = exchange.server == passage.server_name and "end" not in exchange.notes
            tally, said = passage.tally, passage.said if as_foreseen else ""
        tally.finished(status, lasted)
        said = said or self._said(exchange)
        self._log_line(exchange.request_id, lasted, status, exchange.received, exchange.sent, said)

    def rejected(self, client: str, status: int, text: str) -> None:
        """Write a line for bytes that were no request."""
        self._house.metrics.rejected.labels(self.name, str(status)).inc()
        log = self._house.log
        log("-", 0, status, 0, 0, log.said((("door", self.name), ("client", client), ("why", text))))

    # One request

    def enter(self, exchange: Exchange, vdir: Vdir) -> None:
        """Answer a request of a virtual directory of this door."""
        exchange.door = self
        exchange.notes["vdir"] = vdir.protocol
        self.open.add(exchange)
        head = exchange.head
        if exchange.stream is not None and vdir.alone(self._house.access):
            exchange.ask_for_http1()
        elif head.method not in vdir.methods:
            allowed = b", ".join(sorted(vdir.methods))
            exchange.reply(Response(405, ((b"Allow", allowed), TEXT), b"This method is not known here.\n"))
        elif (head.length or 0) > self.settings.body and not vdir.tunnel:
            exchange.reply(_TOO_LARGE)
        else:
            spawn(self._serve(exchange, vdir), lambda error: self._say(exchange, vdir, error))

    def again(self, exchange: Exchange, passage: Passage) -> None:
        """Let a request take the way of the one before it."""
        exchange.door, exchange.passage = self, passage
        self.open.add(exchange)
        if (exchange.head.length or 0) > self._longest and not passage.tunnel:
            exchange.reply(_TOO_LARGE)
        elif not passage.glance or (exchange.ended and not passage.vdir.concerned(exchange.held)):
            self._carry(exchange, passage)
        else:
            spawn(self._look(exchange, passage), lambda error: self._say(exchange, passage.vdir, error))

    async def _look(self, exchange: Exchange, passage: Passage) -> None:
        """Let a request take the way of the one before it, unless its body asks for another."""
        if not passage.vdir.concerned(await exchange.hold(passage.glance)):
            self._carry(exchange, passage)
            return
        exchange.passage, exchange.question = None, passage.question
        exchange.notes["vdir"] = passage.protocol
        exchange.notes["host"] = self._host(exchange) or ""
        await self._serve(exchange, passage.vdir)

    def _carry(self, exchange: Exchange, passage: Passage) -> None:
        """Connect, and get out of the way."""
        exchange.passage = passage
        exchange.patient = passage.tunnel
        Errand(self._carrier, exchange, passage).begin()

    async def _serve(self, exchange: Exchange, vdir: Vdir) -> None:
        """Answer: who, where, and then the relay."""
        access = self._house.access
        generation = self._directory.generation  # of before: who asks is found out first, and that may take its time
        if (own := await self._own(exchange, vdir)) is not None:
            exchange.reply(own)
            return
        identity = await vdir.identify(exchange, access)
        exchange.notes["user"] = identity.user
        meant = await vdir.meant(exchange, access, identity)
        if isinstance(meant, Response):
            exchange.reply(meant)
            return
        if isinstance(meant, Sending):
            meant.begin()
            return
        anchor = meant or vdir.anchor(exchange.head, identity)
        decision = await access.locate(identity, anchor, vdir.protocol, exchange.client)
        exchange.notes["why"] = "; ".join(decision.trace)
        match decision:
            case Proxy():
                passage = self._passage(exchange, vdir, identity, anchor, decision, generation)
                if vdir.repeats and meant is None:
                    exchange.channel.memory = passage
                self._carry(exchange, passage)
            case Redirect():
                exchange.reply(vdir.redirected(decision, exchange.head))
            case Refuse():
                exchange.reply(vdir.refused(decision))

    def _passage(
        self, exchange: Exchange, vdir: Vdir, identity: Identity, anchor: Anchor, proxy: Proxy, generation: int
    ) -> Passage:
        """Return what has been found out."""
        client = exchange.client
        lines = _LINES % {b"host": exchange.notes["host"].encode("ascii"), b"client": client.encode("ascii")}
        return Passage(
            question=exchange.question,
            door=self,
            vdir=vdir,
            identity=identity,
            anchor=anchor,
            proxy=proxy,
            bearer=bearer(proxy, identity.user, client, identity.method),
            lines=lines,
            about=self._about(exchange),
            said=self._said(exchange, proxy.server.name),
            tally=self._house.metrics.requests.tally(self.name, vdir.protocol),
            generation=generation,
            until=self._house.clock.seconds() + LIFETIME,
            glance=vdir.glance(exchange.head),
        )

    def _holds(self, passage: Passage) -> bool:
        """Say whether a passage still leads where a request belongs; not one that was found before a reload."""
        directory, now = self._directory, self._clock.seconds()  # by now the request may have waited for its turn
        return (
            now < passage.until
            and now < directory.settled_until
            and directory.generation == passage.generation
            and passage.door._house is self._house
        )

    def _said(self, exchange: Exchange, server: str = "") -> str:
        """Return the texts of an exchange's line in the log."""
        passage: Passage | None = exchange.passage
        about = passage.about if passage is not None else self._about(exchange)
        ending = (("server", server or exchange.server or "-"), ("end", exchange.notes.get("end", "-")))
        return self._house.log.said((*about, *ending))

    def _about(self, exchange: Exchange) -> tuple[tuple[str, str], ...]:
        notes, head = exchange.notes, exchange.head
        return (
            ("door", (exchange.door or self).name),
            ("client", exchange.client),
            ("user", notes.get("user", "-")),
            ("method", head.method.decode("ascii")),
            ("path", head.target.path[:_LOGGED]),
            ("why", notes.get("why", "-")),
        )

    def _say(self, exchange: Exchange, vdir: Vdir, error: Exception) -> None:
        """Say in HTTP's words what kept a request from being answered."""
        match error:
            case Denied():
                self._house.metrics.denied.labels(self.name).inc()
                exchange.reply(vdir.challenge(exchange, self._house.access))
            case DirectoryDown():
                exchange.reply(later(b"DirectoryDown", 10))
            case Busy() | Unreachable():
                exchange.notes["end"] = str(error)
                exchange.reply(later(type(error).__name__.encode("ascii")))
            case BodyTooLarge():
                exchange.reply(_TOO_LARGE)
            case Lost():
                pass
            case _:
                self._log.failure("request {id} failed", Failure(error), id=exchange.request_id)
                if exchange.begun:
                    exchange.abort()
                else:
                    exchange.reply(vdir.surprised(exchange))

    async def _own(self, exchange: Exchange, vdir: Vdir) -> Response | None:
        segments = exchange.head.target.segments
        if len(segments) == 2 and segments[1].lower() == PAGE:
            try:
                topology = await self._house.access.topology()
            except DirectoryDown:
                topology = None
            return health(topology, self._house.name, exchange.notes["host"], vdir.component)
        return await vdir.own(exchange, self._house.access)

    def _host(self, exchange: Exchange) -> str | None:
        """Return the host that was asked for if it is one of ours."""
        head = exchange.head
        asked = head.all(b"host")
        raw = head.target.authority or (asked[0] if asked else b"")
        if len(asked) > 1 or (not asked and head.version == 1) or len(raw) > _LONGEST_HOST:
            return None
        if raw not in self._hosts:
            if len(self._hosts) >= _HOSTS:
                self._hosts.clear()
            name = raw.decode("latin-1").lower()
            host = name.rpartition(":")[0] if name.rpartition(":")[2].isdigit() else name
            self._hosts[raw] = host if host in self._house.namespaces else None
        exchange.notes["authority"] = raw.decode("latin-1")
        return self._hosts[raw]
