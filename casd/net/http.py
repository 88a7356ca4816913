"""The server's side of HTTP/1.1: connections become exchanges, one answered after the other.

All waiting has a deadline of its phase; a connection has one timer, re-armed lazily.
"""

from __future__ import annotations

from typing import Any, Protocol

from attrs import frozen
from twisted.internet.interfaces import IDelayedCall, IPushProducer, IReactorTime
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from zope.interface import classImplements

from casd.net.deadline import Deadline
from casd.net.exchange import Exchange
from casd.net.wired import Wired
from protocols.http1 import MAX_HEAD, BadMessage, RequestHead, reason
from protocols.http1_parser import End, RequestParser

_LINGER = 2.0
"""Seconds in which a client may still read the last answer before its unread bytes reset the connection."""

_GATHERED = 16
"""Pieces of answers, given at once to requests sent ahead, that become one write: a few answers, and others' turn."""


@frozen
class Limits:
    """What one client may use; times are in seconds, sizes in bytes.

    `window` is how much of a body is held while nobody takes it; `pipelined` how many requests are read ahead of the
    one that is being answered. On a connection of HTTP/2: `streams` requests at once, of whose bodies `windows` windows
    are held together; `resets` requests taken back or spoilt and `frames` that bring nothing, each regained within half
    a minute.
    """

    head: int = MAX_HEAD
    window: int = 64 * 1024
    pipelined: int = 32
    head_time: float = 30
    body_time: float = 60
    write_time: float = 300
    idle_time: float = 300
    streams: int = 128
    windows: int = 4
    resets: int = 200
    frames: int = 1000


class Door(Protocol):
    """What a factory promises to its channels."""

    limits: Limits

    def entered(self, channel: Any) -> None:
        """Take note of a connection's begin."""

    def left(self, channel: Any) -> None:
        """Take note of a connection's end."""

    def serve(self, exchange: Exchange) -> None:
        """Answer this request, now or later."""

    def decorate(self, exchange: Exchange | None) -> bytes:
        """Return field lines that stand on every answer; no exchange when the request could not be read."""

    def finished(self, exchange: Exchange) -> None:
        """Take note of an exchange that has ended, properly or not (`exchange.lost`)."""

    def rejected(self, client: str, status: int, text: str) -> None:
        """Take note of bytes that were no request."""


class Channel(Wired):
    """One client's connection."""

    def __init__(self, door: Door, clock: IReactorTime) -> None:
        self.door = door
        self.client = ""
        self._clock = clock
        self._exchanges: list[Exchange] = []
        self._parser = RequestParser(door.limits.head)
        self._deaf = False  # what comes is not looked at
        self.memory: Any = None  # what a door remembers of this client
        self._out: list[bytes] = []
        self._corked = 0
        self._paused = False  # we do not read
        self._blocked = False  # the client does not read
        self._broken: BadMessage | None = None
        self._advancing = False
        self._closing = False
        self._leaving = False
        self._deadline = Deadline(clock, self._time_out)
        self._resting: IDelayedCall | None = None  # others have their turn

    # From the transport

    def connectionMade(self) -> None:
        """Begin with the time limit of an idle connection."""
        self.door.entered(self)
        self.client = self.transport.getPeer().host
        self.transport.registerProducer(self, True)
        self._deadline.within(self.door.limits.head_time)

    def dataReceived(self, data: bytes) -> None:
        """Parse what came; begin the first exchange that can be begun."""
        if self._deaf:
            return
        self._corked += 1
        self._parser.feed(data)
        self._take()
        self._advance()
        self.uncork()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Tell everyone who waits."""
        self._deadline.stop()
        if self._resting is not None:
            self._resting.cancel()
        self._deaf = True
        self._closing = True
        while self._exchanges:
            self._exchanges.pop(0).lose()
        self.door.left(self)

    def pauseProducing(self) -> None:
        """Hold the answer's source: the client does not read fast enough."""
        self._blocked = True
        if self._exchanges:
            exchange = self._exchanges[0]
            if exchange.producer is not None:
                exchange.producer.pauseProducing()
            if not exchange.patient:
                self._deadline.within(self.door.limits.write_time)

    def resumeProducing(self) -> None:
        """Let the answer's source go on."""
        self._blocked = False
        if not self._exchanges:
            return
        exchange = self._exchanges[0]
        if exchange.done:
            if not self._closing:
                self.resume_reading()  # the rest of a body that nobody wants
            return
        self._deadline.never()
        if exchange.producer is not None:
            exchange.producer.resumeProducing()
        self._corked += 1
        self._advance()
        self.uncork()

    def stopProducing(self) -> None:
        """Have nothing to do: `connectionLost` follows."""

    # From exchanges

    def cork(self) -> None:
        """Gather what is sent, for one write."""
        self._corked += 1

    def uncork(self) -> None:
        """Write what was gathered."""
        self._corked -= 1
        if not self._corked and self._out:
            self._flush()

    def send(self, data: bytes) -> None:
        """Write, or gather for one write."""
        if self._corked:
            self._out.append(data)
        else:
            self.transport.write(data)

    def will_drain(self, exchange: Exchange) -> bool:
        """Say whether the rest of a body that nobody wants is short enough to be read and forgotten."""
        length = exchange.head.length
        waits = exchange.head.expects_continue and not exchange.received
        return length is not None and not waits and length - exchange.received <= self.door.limits.window

    def finished(self, exchange: Exchange) -> None:
        """Go on after an exchange that has been answered."""
        self.door.finished(exchange)
        if not exchange.keep or self._closing:
            self._close()
            return
        if exchange.ended:
            self._exchanges.pop(0)
        self._deadline.within(self.door.limits.idle_time)
        self._corked += 1
        if not (self._parser.idle or self._deaf):
            self._take()  # what stood behind so many that waited
        if not (self._exchanges and (self._blocked or len(self._exchanges) > 1)):
            self.resume_reading()
        self._advance()
        self.uncork()

    def abort(self) -> None:
        """Close at once."""
        self._deaf = True
        self.transport.abortConnection()

    def drain(self) -> None:
        """Close as soon as nothing is being answered (a graceful stop)."""
        self._closing = True
        if self._exchanges and self._exchanges[0].serving and not self._exchanges[0].done:
            self._exchanges[0].keep = False
        else:
            self._close()

    def pause_reading(self) -> None:
        """Receive no more for now."""
        if not self._paused:
            self._paused = True
            self.transport.pauseProducing()

    def resume_reading(self) -> None:
        """Receive again."""
        if self._paused:
            self._paused = False
            if self._exchanges and not self._exchanges[-1].ended:
                self._deadline.within(self.door.limits.body_time)
            self.transport.resumeProducing()

    # Inside

    def _flush(self) -> None:
        out, self._out = self._out, []
        self.transport.write(b"".join(out))

    def _take(self) -> None:
        """Take what has come, as long as not too many requests wait."""
        parser, exchanges, most = self._parser, self._exchanges, self.door.limits.pipelined
        try:
            while not self._deaf and (len(exchanges) <= most or not exchanges[-1].ended):
                event = parser.next()
                if event is None:
                    break
                if isinstance(event, RequestHead):
                    exchanges.append(Exchange(self, event, self._clock.seconds()))
                elif exchanges and isinstance(event, bytes):
                    exchanges[-1].receive(event)
                elif exchanges and isinstance(event, End):
                    self._ended(exchanges[-1], event)
        except BadMessage as error:
            self._break(error)
        else:
            self._pace()

    def _ended(self, exchange: Exchange, end: End) -> None:
        """Tell the exchange that is being received that it has ended; forget one that has been answered already."""
        if exchange.done:
            self._exchanges.pop()
        exchange.receive_end(end.trailers)  # which may be answered at once, and others begun

    def _advance(self) -> None:
        """Begin exchanges, as long as each is answered at once and the client reads the answers."""
        if self._advancing:
            return
        self._advancing = True
        while self._exchanges and not self._closing and not self._blocked and self._resting is None:
            exchange = self._exchanges[0]
            if exchange.serving:
                break
            exchange.serving = True
            if exchange.ended:
                self._deadline.never()
            else:
                self._deadline.within(self.door.limits.body_time)
            self.door.serve(exchange)
            if len(self._out) > _GATHERED:
                self._flush()  # by which we learn whether the client reads
                if not self._blocked:
                    self._resting = self._clock.callLater(0, self._go_on)
        self._advancing = False
        if self._broken is not None and not self._exchanges:
            self._answer_broken(self._broken)

    def _go_on(self) -> None:
        """Begin more exchanges: others have had their turn."""
        self._resting = None
        self._corked += 1
        self._advance()
        self.uncork()

    def _pace(self) -> None:
        """Set the deadline of the phase, and stop reading what could not be used yet."""
        if self._deaf:
            return
        parser, limits = self._parser, self.door.limits
        waiting = len(self._exchanges)
        if waiting > 1 or (waiting and self._exchanges[0].held_size > limits.window):
            self.pause_reading()
        if waiting and self._blocked:
            return  # what is awaited is that the client reads
        if parser.idle:
            if waiting:
                self._deadline.never()  # all has come: what is awaited now is our answer
            return
        if not waiting or self._exchanges[-1].ended:
            self._deadline.sooner(limits.head_time)
        elif not self._exchanges[-1].patient:
            self._deadline.within(limits.body_time)

    def _break(self, error: BadMessage) -> None:
        self._deaf = True
        self._broken = error
        if self._exchanges and not self._exchanges[-1].ended:
            exchange = self._exchanges.pop()
            begun = exchange.begun
            exchange.lose()
            if begun:
                self._broken = None
                self.abort()

    def _answer_broken(self, error: BadMessage) -> None:
        self._broken = None
        self.door.rejected(self.client, error.status, str(error))
        lines = b"Content-Length: 0\r\nConnection: close\r\n" + self.door.decorate(None)
        self.send(b"HTTP/1.1 %d %b\r\n%b\r\n" % (error.status, reason(error.status), lines))
        self._close()

    def _close(self) -> None:
        """Close when the answer has been written, without a reset that could overtake it."""
        self._closing = True
        self._deaf = True
        if self._out:
            self._flush()
        if self._exchanges and not self._exchanges[-1].ended:
            self.resume_reading()
            self._deadline.within(_LINGER)
        else:
            self._leave()

    def _leave(self) -> None:
        """Close when all has been written, or without that when the client does not read it in time."""
        if self._leaving:
            return
        self._leaving = True
        self.transport.unregisterProducer()  # Twisted's transports would wait for it
        self.transport.loseConnection()
        self._deadline.within(self.door.limits.write_time)

    def _time_out(self) -> None:
        exchange = self._exchanges[0] if self._exchanges else None
        if self._leaving:
            self.transport.abortConnection()
        elif self._closing or (exchange is None and (self._deaf or self._parser.idle)):
            self._leave()
        elif exchange is not None and (exchange.patient or (self._paused and not self._blocked)):
            pass  # a tunnel; or a body that we do not read is not late
        elif exchange is not None and (self._blocked or (exchange.begun and not exchange.ended)):
            self.transport.abortConnection()
        else:
            self._break(BadMessage("too slow", 408))
            if self._broken is not None and not self._exchanges:
                self._answer_broken(self._broken)


classImplements(Channel, IPushProducer)
