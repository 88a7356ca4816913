"""The server's side of HTTP/1.1: connections become exchanges, one answered after the other.

Nothing is kept of a body beyond a small window, in either direction; a door that wants a whole body asks
for it with a limit. All waiting has a deadline of its phase; a connection has one timer, re-armed lazily.
"""

from __future__ import annotations

import itertools
import uuid
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer, IReactorTime
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from casd.net.deadline import Deadline
from casd.net.wired import Wired
from protocols.http1 import (
    CONTINUE,
    MAX_HEAD,
    BadMessage,
    Field,
    Headers,
    RequestHead,
    RequestParser,
    Response,
    chunk,
    last_chunk,
    reason,
    write_fields,
)

_LINGER = 2.0
"""Seconds in which a client may still read the last answer before its unread bytes reset the connection."""

_BODILESS = frozenset({204, 304})


@frozen
class Limits:
    """What one client may use; times are in seconds, sizes in bytes.

    `window` is how much of a body is held while nobody takes it; `pipelined` how many requests may wait.
    """

    head: int = MAX_HEAD
    window: int = 64 * 1024
    pipelined: int = 32
    head_time: float = 30
    body_time: float = 60
    write_time: float = 300
    idle_time: float = 300


class BodyTooLarge(Exception):
    """The request's body is over the limit that its reader gave: 413."""


class Lost(Exception):
    """The client went away before its request had ended."""


class BodySink(Protocol):
    """Who takes the body of a request."""

    def body(self, data: bytes) -> None:
        """Take the next bytes."""

    def end(self, trailers: list[Field]) -> None:
        """Take the end."""


class Door(Protocol):
    """What a factory promises to its channels."""

    limits: Limits

    def serve(self, exchange: Exchange) -> None:
        """Answer this request, now or later."""

    def decorate(self, exchange: Exchange | None) -> bytes:
        """Return field lines that stand on every answer; no exchange when the request could not be read."""

    def finished(self, exchange: Exchange) -> None:
        """Take note of an exchange that has ended, properly or not (`exchange.lost`)."""

    def rejected(self, client: str, status: int, text: str) -> None:
        """Take note of bytes that were no request."""


class RequestIds:
    """Unique request-ids in the form of a GUID: random for the process, counted within it."""

    def __init__(self) -> None:
        self._prefix = str(uuid.uuid4())[:24]
        self._count = itertools.count(1)

    def __call__(self) -> str:
        """Return the next one."""
        return f"{self._prefix}{next(self._count):012x}"


new_request_id = RequestIds()


class Exchange:
    """One request and its answer."""

    # Most of what follows never changes in most exchanges: it is set when it does.
    ended = False  # the request has been received whole
    done = False  # the answer has been given whole, or never will be
    lost = False  # the client went away before that
    patient = False  # an authenticated tunnel: no time limit within it
    serving = False
    status = 0
    received = 0  # bytes of the request's body
    sent = 0  # bytes of the answer's body
    lines = b""  # field lines that the answer carries beside its own
    producer: Any = None
    door: Any = None  # the door's own notes: which one answers, what was asked, what is known of it
    question: Any = None
    passage: Any = None
    _begun = False
    _silent = False
    _chunked = False
    held_size = 0  # bytes of the request's body that nobody has taken yet
    _sink: BodySink | None = None
    _trailers: list[Field] | None = None

    def __init__(self, channel: Channel, head: RequestHead, started: float) -> None:
        self.channel = channel
        self.head = head
        self.client = channel.client
        self.started = started
        self.request_id = new_request_id()
        self.keep = head.keep_alive
        self.notes: dict[str, str] = {}  # what the session's log line says
        self._held: list[bytes] = []
        self._on_lost: list[Callable[[], None]] = []

    # The request

    async def read(self, limit: int) -> bytes:
        """Return the whole body; `BodyTooLarge` over `limit` bytes, `Lost` if the client goes away."""
        if (self.head.length or 0) > limit:
            raise BodyTooLarge
        if not self.ended:
            self.proceed()
            return await _Whole(self, limit).done
        if self.held_size > limit:
            raise BodyTooLarge
        return self.take_held()

    def proceed(self) -> None:
        """Tell a client that waits for it to send its body."""
        if self.head.expects_continue and not self._begun and not self.received:
            self.channel.send(CONTINUE)

    def attach(self, sink: BodySink) -> None:
        """Let a sink take what is held of the body, and all that follows."""
        self._sink = sink
        if held := self.take_held():
            sink.body(held)
        if self.ended:
            self._end_body(self._trailers or [])
        else:
            self.resume()

    def take_held(self) -> bytes:
        """Return what is held of the body, and hold it no more."""
        held = b"".join(self._held)
        self._held.clear()
        self.held_size = 0
        return held

    def pause(self) -> None:
        """Receive no more of the body for now."""
        self.channel.pause_reading()

    def resume(self) -> None:
        """Receive the body again."""
        self.channel.resume_reading()

    def on_lost(self, callback: Callable[[], None]) -> None:
        """Have a callback called once if the client goes away before the answer has been given."""
        self._on_lost.append(callback)

    # The answer

    @property
    def begun(self) -> bool:
        """Whether an answer has begun: no other can be given any more."""
        return self._begun

    def reply(self, response: Response) -> None:
        """Give a whole answer."""
        if self.done:
            return
        self.channel.cork()
        length = None if response.status in _BODILESS else len(response.body)
        self.begin(response.status, response.headers, length=length)
        self.write(response.body)
        self.finish()
        self.channel.uncork()

    def begin(self, status: int, headers: Headers, *, length: int | None = None, phrase: bytes = b"") -> None:
        """Begin an answer whose body follows by `write`; without a length it is sent in chunks."""
        self.begin_with(status, phrase or reason(status), write_fields(headers), length)

    def begin_with(self, status: int, phrase: bytes, lines: bytes, length: int | None) -> None:
        """Begin an answer whose fields are lines already (the relay's way)."""
        channel = self.channel
        self._begun = True
        self.status = status
        if not self.ended and not channel.will_drain(self):
            self.keep = False
        if status in _BODILESS or self.head.method == b"HEAD":
            self._silent = True
            if length is not None:
                lines += b"Content-Length: %d\r\n" % length
        elif length is not None:
            lines += b"Content-Length: %d\r\n" % length
        elif self.head.version == 1:
            self._chunked = True
            lines += b"Transfer-Encoding: chunked\r\n"
        else:
            self.keep = False
        if not self.keep:
            lines += b"Connection: close\r\n"
        elif self.head.version == 0:
            lines += b"Connection: keep-alive\r\n"
        channel.send(b"HTTP/1.1 %d %b\r\n%b%b\r\n" % (status, phrase, lines, channel.door.decorate(self)))

    def write(self, data: bytes) -> None:
        """Send the next bytes of the body."""
        if not data or self._silent or self.done:
            return
        self.sent += len(data)
        self.channel.send(chunk(data) if self._chunked else data)

    def finish(self, trailers: list[Field] | None = None) -> None:
        """End the answer."""
        if self.done:
            return
        if self._chunked:
            self.channel.send(last_chunk(trailers or []))
        self.done = True
        self._on_lost.clear()  # a circle otherwise, which only the garbage collector could undo
        self._sink = None
        self.channel.finished(self)

    def cork(self) -> None:
        """Gather what follows for one write."""
        self.channel.cork()

    def uncork(self) -> None:
        """Write what was gathered."""
        self.channel.uncork()

    def abort(self) -> None:
        """Close at once: what was begun cannot be ended properly, and the client must notice."""
        self.channel.abort()

    # The channel's side

    def receive(self, data: bytes) -> None:
        """Take bytes of the body from the connection."""
        self.received += len(data)
        if self._sink is not None:
            self._sink.body(data)
        elif not self.done:
            self._held.append(data)
            self.held_size += len(data)

    def receive_end(self, trailers: list[Field]) -> None:
        """Take the end of the body from the connection."""
        self.ended = True
        self._trailers = trailers
        self._end_body(trailers)

    def _end_body(self, trailers: list[Field]) -> None:
        sink, self._sink = self._sink, None
        if sink is not None:
            sink.end(trailers)

    def lose(self) -> None:
        """Take the end of the connection."""
        if self.done:
            return
        self.done = self.lost = True
        self._sink = None
        callbacks, self._on_lost = self._on_lost, []
        for callback in callbacks:
            callback()
        self.channel.door.finished(self)


class _Whole:
    """Collects a body up to its end."""

    def __init__(self, exchange: Exchange, limit: int) -> None:
        self.done: Deferred[bytes] = Deferred()
        self._exchange = exchange
        self._limit = limit
        self._pieces: list[bytes] = []  # not held by the exchange, which would stop reading at its window
        self._size = 0
        exchange.on_lost(lambda: self._stop(Lost()))
        exchange.attach(self)

    def body(self, data: bytes) -> None:
        self._pieces.append(data)
        self._size += len(data)
        if self._size > self._limit:
            self._stop(BodyTooLarge())

    def end(self, _trailers: list[Field]) -> None:
        if not self.done.called:
            self.done.callback(b"".join(self._pieces))

    def _stop(self, error: Exception) -> None:
        if not self.done.called:
            self._pieces.clear()
            self._exchange._sink = None
            self.done.errback(error)


@implementer(IPushProducer)
class Channel(Wired):
    """One client's connection."""

    _log = Logger()

    def __init__(self, door: Door, clock: IReactorTime) -> None:
        self.door = door
        self.client = ""
        self._clock = clock
        self._exchanges: deque[Exchange] = deque()
        self._parser = RequestParser(self, door.limits.head)
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

    # From the transport

    def connectionMade(self) -> None:
        """Begin with the time limit of an idle connection."""
        self.client = self.transport.getPeer().host
        self.transport.registerProducer(self, True)
        self._deadline.within(self.door.limits.head_time)

    def dataReceived(self, data: bytes) -> None:
        """Parse what came; begin the first exchange that can be begun."""
        if self._deaf:
            return
        self._corked += 1
        try:
            self._parser.feed(data)
        except BadMessage as error:
            self._break(error)
        else:
            self._pace()
        self._advance()
        self.uncork()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Tell everyone who waits."""
        self._deadline.stop()
        self._deaf = True
        self._closing = True
        while self._exchanges:
            self._exchanges.popleft().lose()
        self._parser.discard()

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
        if self._exchanges:
            self._deadline.never()
            if self._exchanges[0].producer is not None:
                self._exchanges[0].producer.resumeProducing()

    def stopProducing(self) -> None:
        """Have nothing to do: `connectionLost` follows."""

    # From the parser

    def request(self, head: RequestHead) -> None:
        """Queue a new exchange."""
        if len(self._exchanges) >= self.door.limits.pipelined:
            raise BadMessage("too many pipelined requests", 400)
        self._exchanges.append(Exchange(self, head, self._clock.seconds()))

    def body(self, data: bytes) -> None:
        """Hand bytes to the exchange that is being received."""
        if self._exchanges:
            self._exchanges[-1].receive(data)

    def end(self, trailers: list[Field]) -> None:
        """Tell the exchange that is being received that it has ended."""
        if self._exchanges:
            exchange = self._exchanges[-1]
            exchange.receive_end(trailers)
            if exchange.done:
                self._exchanges.clear()

    # From exchanges

    def cork(self) -> None:
        """Gather what is sent, for one write."""
        self._corked += 1

    def uncork(self) -> None:
        """Write what was gathered."""
        self._corked -= 1
        if not self._corked and self._out:
            out, self._out = self._out, []
            self.transport.write(b"".join(out))

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
            self._exchanges.popleft()
        self._deadline.within(self.door.limits.idle_time)
        self.resume_reading()
        self._corked += 1
        self._advance()
        self.uncork()

    def abort(self) -> None:
        """Close at once."""
        self._deaf = True
        self.transport.abortConnection()

    def drain(self) -> None:
        """Close as soon as nothing is being answered (a graceful stop)."""
        self._closing = True
        if self._exchanges and not self._exchanges[0].done:
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

    def _advance(self) -> None:
        """Begin exchanges, as long as each is answered at once."""
        if self._advancing:
            return
        self._advancing = True
        while self._exchanges and not self._closing:
            exchange = self._exchanges[0]
            if exchange.serving:
                break
            exchange.serving = True
            if exchange.ended:
                self._deadline.never()
            else:
                self._deadline.within(self.door.limits.body_time)
            self.door.serve(exchange)
        self._advancing = False
        if self._broken is not None and not self._exchanges:
            self._answer_broken(self._broken)

    def _pace(self) -> None:
        """Set the deadline of the phase, and stop reading what could not be used yet."""
        if self._deaf:
            return
        parser, limits = self._parser, self.door.limits
        waiting = len(self._exchanges)
        if waiting > 1 or (waiting and self._exchanges[0].held_size > limits.window):
            self.pause_reading()
        if parser.idle:
            if waiting and not self._blocked:
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
            out, self._out = self._out, []
            self.transport.write(b"".join(out))
        if self._exchanges and not self._exchanges[-1].ended:
            self.resume_reading()
            self._deadline.within(_LINGER)
        else:
            self._leave()

    def _leave(self) -> None:
        """Close when all has been written, or without that when the client does not read it in time."""
        self._leaving = True
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
        elif exchange is not None and exchange.begun and (self._blocked or not exchange.ended):
            self.transport.abortConnection()
        else:
            self._break(BadMessage("too slow", 408))
            if self._broken is not None and not self._exchanges:
                self._answer_broken(self._broken)
