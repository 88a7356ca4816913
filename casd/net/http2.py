"""The server's side of HTTP/2: every stream of a connection is an exchange of its own.

A request is read once, as strictly as on HTTP/1.1 (protocols.http2). Its body comes at the pace of who takes it: the
stream's window is opened for what was taken, and for no more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from h2.errors import ErrorCodes
from h2.events import (
    DataReceived,
    Event,
    RequestReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
)
from twisted.internet.interfaces import IReactorTime
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure

from casd.net.deadline import Deadline
from casd.net.exchange import Exchange
from casd.net.http import Door
from casd.net.multiplex import Allowance, Flow, Multiplex
from protocols.http1 import BadMessage, Field, RequestHead
from protocols.http2 import CONTINUE, Malformed, request_head, response_list, trailers


class _Nobody:
    """Takes an exchange's place when its stream has ended: they would hold each other."""

    done = lost = ended = begun = True
    held_size = 0
    producer = None

    def lose(self) -> None:
        pass


_NOBODY = _Nobody()


class Stream(Flow):
    """The line of one exchange (`casd.net.exchange.Line`): what a stream is to it, and what it is to the client."""

    _paused = False
    _owed = 0  # bytes of the window to be given back once they are taken
    _left: int | None = None  # bytes of the answer that are still to come, if that is known
    _deadline: Deadline | None = None

    def __init__(self, channel: Channel, number: int, head: RequestHead) -> None:
        self.multiplex = self._channel = channel
        self.number = number
        self.client = channel.client
        self.cork, self.uncork = channel.cork, channel.uncork
        self.exchange: Any = Exchange(self, head, channel.clock.seconds())
        self.exchange.stream = self

    # The request

    def pause_reading(self) -> None:
        """Open the window no more: the client stops by itself."""
        self._paused = True

    def resume_reading(self) -> None:
        """Open the window again for what was taken."""
        self._paused = False
        if not self.exchange.ended:
            self._within(self.door.limits.body_time)
        self.taken()

    def taken(self) -> None:
        """Open the window again, unless whoever takes the body has paused."""
        if self._owed and not self._paused:
            owed, self._owed = self._owed, 0
            self._channel.give_back(self.number, owed)

    def arrive(self, data: bytes, size: int) -> None:
        """Take bytes of the body, that take `size` bytes of the window."""
        exchange = self.exchange
        self._owed += size
        if data:
            exchange.receive(data)
        if not exchange.held_size:
            self.taken()
        if self._waiting is None and not exchange.done:
            self._within(self.door.limits.body_time)

    def arrive_end(self, fields: list[Field]) -> None:
        """Take the end of the body."""
        if self._waiting is None:
            self._whenever()
        self.exchange.receive_end(fields)

    def go_on(self) -> None:
        """Tell a client that waits for it to send its body."""
        self._channel.put_head(self.number, CONTINUE)

    # The answer

    def begin(self, status: int, lines: bytes, length: int | None, *, silent: bool) -> None:
        """Begin an answer whose fields are lines already; a `silent` one has no body."""
        listed = response_list(status, lines)
        if length is not None:
            listed.append((b"content-length", b"%d" % length))
        self._left = length
        if last := silent or length == 0:
            self._ending = []
        self._channel.put_head(self.number, listed, last=last)

    def send(self, data: bytes) -> None:
        """Send the next bytes of the body."""
        if self._left is not None:
            self._left -= len(data)
        self.flow(data, last=self._left == 0)

    def end_with(self, fields: list[Field]) -> None:
        """End the answer with trailers."""
        self.flow_end(fields)

    def finished(self, exchange: Exchange) -> None:
        """End the answer, if its length has not ended it."""
        self.flow_end([])
        self.door.finished(exchange)
        self._channel.settle(self)

    def abort(self) -> None:
        """End the stream at once: what was begun cannot be ended properly, and the client must notice."""
        self._channel.cancel(self, ErrorCodes.INTERNAL_ERROR)

    def demand_http1(self) -> None:
        """Have the client ask again by HTTP/1.1: what it wants needs a connection of its own."""
        exchange = self.exchange
        self._channel.end(self, ErrorCodes.HTTP_1_1_REQUIRED)
        self.door.finished(exchange)

    def source(self) -> Any:
        """Return who sends the answer."""
        return self.exchange.producer

    # The connection

    @property
    def door(self) -> Door:
        """The door of the day."""
        return self._channel.door

    @property
    def memory(self) -> Any:
        """What a door remembers of this client."""
        return self._channel.memory

    @memory.setter
    def memory(self, value: Any) -> None:
        self._channel.memory = value

    def will_drain(self, exchange: Exchange) -> bool:
        """Say yes: the rest of a body that nobody wants is in nobody's way."""
        return True

    # Time

    def over(self) -> None:
        """Let go of everything: the stream has ended."""
        if self._deadline is not None:
            self._deadline.stop()
            self._deadline = None
        self._paused = False
        self.taken()

    def flowed(self, *, whole: bool) -> None:
        """Give a client that reads its time again."""
        if not whole:
            self._within(self.door.limits.write_time)
        elif self.exchange.done:
            self._channel.settle(self)
        elif self.exchange.ended:
            self._whenever()
        else:
            self._within(self.door.limits.body_time)

    def wait_for_body(self) -> None:
        """Set the time limit of a body that has not begun."""
        self._within(self.door.limits.body_time)

    @property
    def open(self) -> bool:
        """Whether anything of the answer is still to come or to go."""
        return not self.exchange.done or self._waiting is not None

    def _within(self, seconds: float) -> None:
        if self._deadline is None:
            self._deadline = Deadline(self._channel.clock, self._late)
        self._deadline.within(seconds)

    def _whenever(self) -> None:
        if self._deadline is not None:
            self._deadline.never()

    def _late(self) -> None:
        exchange = self.exchange
        if self._waiting is not None:
            self._channel.cancel(self, ErrorCodes.CANCEL)
        elif self._paused or self._owed:
            pass  # a body that we do not take is not late
        elif exchange.begun:
            self._channel.cancel(self, ErrorCodes.CANCEL)
        else:
            exchange.lose()
            self._channel.refuse(self.number, BadMessage("too slow", 408))
            self._channel.gone(self)


class Channel(Multiplex):
    """One client's connection."""

    client_side = False

    def __init__(self, door: Door, clock: IReactorTime) -> None:
        limits = door.limits
        super().__init__(
            clock,
            head=limits.head,
            window=limits.window,
            windows=limits.windows,
            streams=limits.streams,
            frames=limits.frames,
        )
        self.door = door
        self.clock = clock
        self.client = ""
        self.memory: Any = None  # what a door remembers of this client
        self._streams: dict[int, Stream] = {}
        self._begun: list[Stream] = []
        self._resets = Allowance(limits.resets, clock)
        self._closing = False
        self._leaving = False

    # From the transport

    def connectionMade(self) -> None:
        """Begin with the time limit of a head."""
        self.door.entered(self)
        self.client = self.transport.getPeer().host
        super().connectionMade()
        self._deadline.within(self.door.limits.head_time)

    def dataReceived(self, data: bytes) -> None:
        """Take frames; a head that does not end has its time, too."""
        super().dataReceived(data)
        if not self._streams and self._frames.within:
            self._deadline.sooner(self.door.limits.head_time)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Tell everyone who waits."""
        self.discard()
        while self._streams:
            _, stream = self._streams.popitem()
            stream.over()
            exchange, stream.exchange = stream.exchange, _NOBODY
            exchange.lose()
        self.door.left(self)

    # From the client

    def happened(self, events: list[Event]) -> None:
        """Take what came with one read; what is taken back in the same read is not even begun (CVE-2023-44487)."""
        taken_back = {event.stream_id for event in events if type(event) is StreamReset}
        if taken_back:
            if not self._resets.spend(len(taken_back)):
                self.broken("too many requests taken back", ErrorCodes.ENHANCE_YOUR_CALM)
                return
            events = [event for event in events if not _begins(event, taken_back)]
        super().happened(events)
        begun, self._begun = self._begun, []
        for stream in begun:  # whose bodies may have come whole
            if not stream.exchange.done:
                self.door.serve(stream.exchange)

    def request(self, event: RequestReceived) -> None:
        """Begin an exchange."""
        number, ended = event.stream_id, event.stream_ended is not None
        if self._closing or len(self._streams) >= self._streams_allowed:
            self._reproach(number, ErrorCodes.REFUSED_STREAM)
            return
        try:
            head = request_head(event.headers, ended=ended)
        except Malformed as error:
            self.door.rejected(self.client, error.status, str(error))
            self._reproach(number, ErrorCodes.PROTOCOL_ERROR)
            return
        except BadMessage as error:
            self.refuse(number, error)
            return
        stream = Stream(self, number, head)
        self._streams[number] = stream
        self._deadline.never()
        if ended:
            stream.exchange.receive_end([])
        else:
            stream.wait_for_body()
        self._begun.append(stream)

    def body(self, event: DataReceived) -> None:
        """Hand bytes to their exchange."""
        stream = self._streams.get(event.stream_id)
        if stream is not None and not stream.exchange.done:
            stream.arrive(event.data, event.flow_controlled_length)
        else:
            self.give_back(event.stream_id, event.flow_controlled_length)

    def trailers(self, event: TrailersReceived) -> None:
        """Hand trailers to their exchange, which end it."""
        stream = self._streams.get(event.stream_id)
        if stream is None or stream.exchange.ended:
            return
        try:
            fields = trailers(event.headers)
        except Malformed as error:
            self.door.rejected(self.client, error.status, str(error))
            self._spoil(stream)
        else:
            self._complete(stream, fields)

    def ended(self, event: StreamEnded) -> None:
        """Tell an exchange that its request has ended."""
        stream = self._streams.get(event.stream_id)
        if stream is not None and not stream.exchange.ended:
            self._complete(stream, [])

    def taken_back(self, event: StreamReset) -> None:
        """Lose an exchange that its client no longer wants."""
        stream = self._streams.get(event.stream_id)
        if stream is not None:
            exchange = stream.exchange
            self.gone(stream)
            exchange.lose()

    reactions: ClassVar[dict[type[Event], Callable[[Any, Any], None]]] = {
        RequestReceived: request,
        DataReceived: body,
        TrailersReceived: trailers,
        StreamEnded: ended,
        StreamReset: taken_back,
    }

    # From exchanges and doors

    def settle(self, stream: Stream) -> None:
        """Forget an exchange whose answer has gone out whole."""
        if stream.open:
            return
        if stream.exchange.ended:
            self.gone(stream)
        else:
            self.end(stream, ErrorCodes.NO_ERROR)  # the rest of its body is not wanted (section 8.1)

    def cancel(self, stream: Stream, code: int) -> None:
        """End a stream at once, and lose its exchange."""
        exchange = stream.exchange
        self.end(stream, code)
        exchange.lose()

    def end(self, stream: Stream, code: int) -> None:
        """End a stream at once."""
        if stream.number in self._streams:
            self.reset(stream.number, code)
            self.gone(stream)

    def refuse(self, number: int, error: BadMessage) -> None:
        """Answer what could not be read."""
        self.door.rejected(self.client, error.status, str(error))
        listed = response_list(error.status, self.door.decorate(None))
        self.put_head(number, [*listed, (b"content-length", b"0")], last=True)
        self._reproach(number, ErrorCodes.NO_ERROR)

    def gone(self, stream: Stream) -> None:
        """Forget a stream that has ended; the connection is idle when it was the last."""
        if self._streams.pop(stream.number, None) is None:
            return
        self.forget(stream)
        stream.over()
        stream.exchange = _NOBODY
        if not self._streams and not self._leaving:
            if self._closing:
                self._leave()
            else:
                self._deadline.within(self.door.limits.idle_time)

    def drain(self) -> None:
        """Take no more requests, and close as soon as all are answered (a graceful stop)."""
        if not self._closing:
            self._closing = True
            self.say_goodbye(ErrorCodes.NO_ERROR, self._wire.highest_inbound_stream_id)
            if not self._streams:
                self._leave()

    # Inside

    def _complete(self, stream: Stream, fields: list[Field]) -> None:
        stream.arrive_end(fields)
        self.settle(stream)

    def _spoil(self, stream: Stream) -> None:
        """End a stream whose client has broken the rules on it."""
        self._reproach(stream.number, ErrorCodes.PROTOCOL_ERROR)
        exchange = stream.exchange
        self.gone(stream)
        exchange.lose()

    def _reproach(self, number: int, code: int) -> None:
        """Reset a stream by its client's fault, which counts like its own resets (CVE-2025-8671)."""
        self.reset(number, code)
        if not self._resets.spend():
            self.broken("too many requests that are none", ErrorCodes.ENHANCE_YOUR_CALM)

    def broken(self, why: str, code: int) -> None:
        """End the connection of a client that has broken the rules, with all that is on it."""
        if self._deaf:
            return
        self.door.rejected(self.client, 429 if code == ErrorCodes.ENHANCE_YOUR_CALM else 400, why)
        self.say_goodbye(code, self._wire.highest_inbound_stream_id)
        self._deaf = True
        self._flows.clear()
        while self._streams:
            _, stream = self._streams.popitem()
            stream.over()
            exchange, stream.exchange = stream.exchange, _NOBODY
            exchange.lose()
        self._leave()

    def _leave(self) -> None:
        self._leaving = True
        self.transport.unregisterProducer()  # Twisted's transports would wait for it
        self.transport.loseConnection()
        self._deadline.within(self.door.limits.write_time)

    def _time_out(self) -> None:
        if self._leaving:
            self.transport.abortConnection()
        elif not self._streams:
            self._closing = True
            self.say_goodbye(ErrorCodes.NO_ERROR, self._wire.highest_inbound_stream_id)
            self._leave()


def _begins(event: Event, numbers: set[int]) -> bool:
    return type(event) is RequestReceived and event.stream_id in numbers
