"""One request with its answer, as a door sees it, and what it needs of the connection that both travel on.

Nothing is kept of a body beyond a small window; a door that wants a whole body asks for it with a limit.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet.defer import Deferred

from protocols.http1 import (
    CONTINUE,
    Field,
    Headers,
    RequestHead,
    Response,
    chunk,
    last_chunk,
    reason,
    write_fields,
)

_BODILESS = frozenset({204, 304})


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


class Line(Protocol):
    """What an exchange travels on: `casd.net.http.Channel`, or `casd.net.http2.Stream`."""

    client: str
    memory: Any

    @property
    def door(self) -> Any:
        """The door that it came in by."""

    def send(self, data: bytes) -> None:
        """Write, or gather for one write."""

    def cork(self) -> None:
        """Gather what is sent, for one write."""

    def uncork(self) -> None:
        """Write what was gathered."""

    def pause_reading(self) -> None:
        """Receive no more for now."""

    def resume_reading(self) -> None:
        """Receive again."""

    def will_drain(self, exchange: Exchange) -> bool:
        """Say whether the rest of a body that nobody wants is short enough to be read and forgotten."""
        ...

    def finished(self, exchange: Exchange) -> None:
        """Go on after an exchange that has been answered."""

    def abort(self) -> None:
        """Close at once."""


_LOW = [f"{number:02x}" for number in range(256)]


class RequestIds:
    """Unique request-ids in the form of a GUID: random for the process, counted within it."""

    def __init__(self) -> None:
        self._prefix = str(uuid.uuid4())[:24]
        self._head = ""
        self._count = 0

    def __call__(self) -> str:
        """Return the next one."""
        self._count += 1
        low = self._count & 255
        if not low or not self._head:
            self._head = f"{self._prefix}{self._count >> 8:010x}"
        return self._head + _LOW[low]


new_request_id = RequestIds()


class Exchange:
    """One request and its answer."""

    __slots__ = (
        "_begun",
        "_chunked",
        "_held",
        "_on_lost",
        "_silent",
        "_sink",
        "_trailers",
        "channel",
        "client",
        "done",
        "door",
        "ended",
        "head",
        "held_size",
        "keep",
        "lines",
        "lost",
        "notes",
        "passage",
        "patient",
        "producer",
        "question",
        "received",
        "request_id",
        "sent",
        "server",
        "serving",
        "started",
        "status",
        "stream",
    )

    def __init__(self, channel: Line, head: RequestHead, started: float) -> None:
        self.channel = channel
        self.head = head
        self.client = channel.client
        self.started = started
        self.request_id = new_request_id()
        self.keep = head.keep_alive
        self.ended = False  # the request has been received whole
        self.done = False  # the answer has been given whole, or never will be
        self.lost = False  # the client went away before that
        self.patient = False  # an authenticated tunnel: no time limit within it
        self.serving = False
        self.status = 0
        self.received = 0  # bytes of the request's body
        self.sent = 0  # bytes of the answer's body
        self.held_size = 0  # bytes of the request's body that nobody has taken yet
        self.lines = b""  # field lines that the answer carries beside its own
        self.notes: dict[str, str] = {}  # what the session's log line says
        self.producer: Any = None
        self.door: Any = None  # the door's own notes: which one answers, what was asked, what is known of it
        self.question: Any = None
        self.passage: Any = None
        self.server = ""  # the server that was asked last
        self.stream: Any = None  # of HTTP/2, `casd.net.http2.Stream`: it is told what would be written otherwise
        self._begun = False
        self._silent = False
        self._chunked = False
        self._held: list[bytes] = []
        self._sink: BodySink | None = None
        self._trailers: list[Field] | None = None
        self._on_lost: list[Callable[[], None]] = []

    # The request

    async def read(self, limit: int) -> bytes:
        """Return the whole body; `BodyTooLarge` over `limit` bytes, `Lost` if the client goes away."""
        if (self.head.length or 0) > limit:
            raise BodyTooLarge
        if not self.ended:
            if self.lost:
                raise Lost
            self.proceed()
            return await _Whole(self, limit).done
        if self.held_size > limit:
            raise BodyTooLarge
        return self.take_held()

    async def hold(self, size: int) -> bytes:
        """Return the first `size` bytes of the body or more, less only where it ends; they stay held. `Lost`."""
        if not self.ended and self.held_size < size:
            if self.lost:
                raise Lost
            self.proceed()
            await _Begin(self, size).done
        return self.held

    @property
    def held(self) -> bytes:
        """What is held of the body; it stays held."""
        if len(self._held) > 1:
            self._held = [b"".join(self._held)]
        return self._held[0] if self._held else b""

    def proceed(self) -> None:
        """Tell a client that waits for it to send its body."""
        if self.head.expects_continue and not self._begun and not self.received:
            if self.stream is None:
                self.channel.send(CONTINUE)
            else:
                self.stream.go_on()

    def attach(self, sink: BodySink) -> None:
        """Let a sink take what is held of the body, and all that follows."""
        self._sink = sink
        if held := self.take_held():
            sink.body(held)
        if self.ended:
            self._end_body(self._trailers or [])
        else:
            self.resume()

    def detach(self) -> None:
        """Hold again what comes of the body: its sink takes no more."""
        self._sink = None

    def take_held(self) -> bytes:
        """Return what is held of the body, and hold it no more."""
        held = b"".join(self._held)
        self._held.clear()
        self.held_size = 0
        if self.stream is not None:
            self.stream.taken()
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
        if self.stream is not None:
            self._silent = status in _BODILESS or self.head.method == b"HEAD"
            self.stream.begin(status, lines + channel.door.decorate(self), length, silent=self._silent)
            return
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
        elif trailers and self.stream is not None:
            self.stream.end_with(trailers)
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

    def ask_for_http1(self) -> None:
        """Have a client of HTTP/2 ask again by HTTP/1.1."""
        self.done = True
        self.status = 505
        self.notes["end"] = "HTTP/1.1 required"
        self.stream.demand_http1()

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


class _Begin:
    """Collects the begin of a body, and has it held again.

    It is collected meanwhile, not held: a client of HTTP/2 may send no more than what is not held.
    """

    def __init__(self, exchange: Exchange, size: int) -> None:
        self.done: Deferred[None] = Deferred()
        self._exchange = exchange
        self._size = size
        self._pieces: list[bytes] = []
        self._length = 0
        exchange.on_lost(self._lost)
        exchange.attach(self)

    def body(self, data: bytes) -> None:
        self._pieces.append(data)
        self._length += len(data)
        if self._length >= self._size:
            self._exchange.detach()
            self._give_back()

    def end(self, _trailers: list[Field]) -> None:
        self._give_back()

    def _give_back(self) -> None:
        exchange = self._exchange
        exchange._held, self._pieces = self._pieces, []
        exchange.held_size = self._length
        self.done.callback(None)

    def _lost(self) -> None:
        if not self.done.called:
            self.done.errback(Lost())
