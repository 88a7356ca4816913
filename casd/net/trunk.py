"""The client's side of HTTP/2: one connection to a mailbox server that carries many exchanges at once.

Each stream is used once, and offers what the relay wants of a `Backend`. One that is given up ends alone; an answer for
somebody else ends the whole connection.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    InformationalResponseReceived,
    RemoteSettingsChanged,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
)
from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IReactorTime
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure

from casd.net.backend import Taker
from casd.net.deadline import Deadline
from casd.net.multiplex import Flow, Multiplex
from casd.net.transports import negotiated
from protocols.http1 import MAX_HEAD, Field
from protocols.http2 import Malformed, request_list, response_head, trailers

_WINDOW = 64 * 1024
_FRAMES = 100_000
"""Frames without use that are borne: the server has proved who it is."""

_EXPECTED = (b"expect", b"100-continue")
_LAST_NUMBER = 2**31 - 1


class Stream(Flow):
    """One exchange on a trunk."""

    expired = True  # it is used once: no lane keeps it for another
    untouched = False  # the server has said that it did nothing
    served = 0  # it is always new
    _taker: Taker | None = None
    _paused = False
    _owed = 0
    _over = False
    _source: Any = None

    def __init__(self, trunk: Trunk, lane: Any) -> None:
        self.multiplex = self._trunk = trunk
        self.lane = lane
        self._deadline = Deadline(trunk.clock, lambda: self._break("no answer in time"))

    # The relay's side

    @property
    def transport(self) -> Stream:
        """What the relay knows as the connection's transport."""
        return self

    def ask(self, method: bytes, data: bytes, taker: Taker, patience: float) -> None:
        """Send a request's head (and body, if whole); wait `patience` seconds at most for each step of the answer."""
        head, _, body = data.partition(b"\r\n\r\n")
        listed = request_list(head)
        self._taker = taker
        self._patience = patience
        self._deadline.within(patience)
        last = not body and _EXPECTED not in listed
        if last:
            self._ending = []
        if not self._trunk.begin(self, listed, last=last):
            self.untouched = True
            self._break("its connection has just ended")
        elif body:
            self.flow(body, last=True)

    def asking(self) -> None:
        """Wait anew: the request is still on its way."""
        self._deadline.within(self._patience)

    def send(self, data: bytes, *, chunked: bool) -> None:
        """Send bytes of the request's body; frames are its chunks."""
        if not self._over:
            self.flow(data)

    def send_end(self, fields: list[Field], *, chunked: bool) -> None:
        """Send the end of the request's body."""
        if not self._over:
            self.flow_end(fields)

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Let whoever sends the body feel the server's pace."""
        self._source = producer

    def unregisterProducer(self) -> None:
        """Forget who sends it."""
        self._source = None

    def source(self) -> Any:
        """Return who sends it."""
        return self._source

    def pauseProducing(self) -> None:
        """Open the answer's window no more: its client does not keep up."""
        self._deadline.never()
        self._paused = True

    def resumeProducing(self) -> None:
        """Open the window again."""
        self._deadline.within(self._patience)
        self._paused = False
        self._give_back()

    def abandon(self) -> None:
        """End the stream at once: the exchange is wanted no more."""
        self._taker = None
        self._end(ErrorCodes.CANCEL)

    def distrust(self) -> None:
        """Close the connection, with all that it carries: it has answered for somebody else."""
        self._taker = None
        self._trunk.broken("it has answered for somebody else", ErrorCodes.PROTOCOL_ERROR)

    def loseConnection(self) -> None:
        """End the stream: it has been given back."""
        asked = self._ending is not None and self._waiting is None
        self._end(None if asked else ErrorCodes.CANCEL)

    # From the server

    def response(self, listed: list[tuple[bytes, bytes]]) -> None:
        """Pass a head on."""
        try:
            head = response_head(listed)
        except Malformed as error:
            self._break(f"no HTTP: {error}")
            return
        if (taker := self._heard()) is not None and (head.status == 100 or head.status >= 200):
            taker.response(head)

    def arrive(self, data: bytes, size: int) -> None:
        """Pass bytes on, that take `size` bytes of the window."""
        self._owed += size
        if (taker := self._heard()) is not None and data:
            taker.body(data)
        if not self._paused:
            self._give_back()

    def arrive_end(self, fields: list[Field]) -> None:
        """Pass the end on."""
        taker, self._taker = self._taker, None
        self._deadline.never()
        if taker is not None:
            taker.end(fields)

    def broken(self, reason: str, *, untouched: bool = False) -> None:
        """Tell that no answer will come any more."""
        self.untouched = untouched
        self._over = True
        self._deadline.stop()
        self._give_back()
        self._trunk.gone(self)
        taker, self._taker = self._taker, None
        if taker is not None:
            taker.broken(reason)

    def flowed(self, *, whole: bool) -> None:
        """Take note that the server reads."""

    def cork(self) -> Taker | None:
        """Have the taker expect several calls at once."""
        if self._taker is not None:
            self._taker.cork()
        return self._taker

    def _heard(self) -> Taker | None:
        if self._taker is not None and not self._paused:
            self._deadline.within(self._patience)
        return self._taker

    def _give_back(self) -> None:
        """Open the windows again for what was taken; that of the connection is everybody's."""
        owed, self._owed = self._owed, 0
        self._trunk.give_back(self.number, owed)

    def _break(self, reason: str) -> None:
        if not self._over and self.number:
            self._trunk.reset(self.number, ErrorCodes.CANCEL)
        self.broken(reason, untouched=self.untouched)

    def _end(self, code: int | None) -> None:
        if self._over:
            return
        self._over = True
        self._deadline.stop()
        if code is not None and self.number:
            self._trunk.reset(self.number, code)
        self._give_back()
        self._trunk.gone(self)


class Trunk(Multiplex):
    """One connection; `ready` fires when the server has said how much it bears."""

    client_side = True

    def __init__(self, clock: IReactorTime, lane: Any, *, streams: int, idle_time: float) -> None:
        super().__init__(clock, head=MAX_HEAD, window=_WINDOW, windows=streams, streams=streams, frames=_FRAMES)
        self.clock = clock
        self.lane = lane
        self.streams: dict[int, Stream] = {}
        self.speaks = False  # whether the server agreed to HTTP/2
        self._bears = False  # whether the server has said how much it bears
        self._lost: Failure | None = None
        self._awaited: Deferred[None] | None = None
        self._reserved = 0  # streams that were handed out and have not asked yet
        self._idle_time = idle_time
        self._closing = False

    @property
    def ready(self) -> Deferred[None]:
        """What fires when the server has said how much it bears, and fails when the connection ends before."""
        if self._lost is not None:
            return fail(self._lost)
        self._awaited = Deferred()
        if self._bears:
            self._awaited.callback(None)
        return self._awaited

    @property
    def room(self) -> bool:
        """Whether another stream may be opened."""
        if self._closing:
            return False
        wire = self._wire
        most = min(self._streams_allowed, wire.remote_settings.max_concurrent_streams)
        return len(self.streams) + self._reserved < most and wire.highest_outbound_stream_id < _LAST_NUMBER - 2 * most

    # The lane's side

    def stream(self) -> Stream:
        """Return a stream for one exchange; there must be room."""
        self._reserved += 1
        self._deadline.never()
        return Stream(self, self.lane)

    def leave(self) -> None:
        """Take no more exchanges, and close when the last one has ended."""
        self._closing = True
        self._rest()

    # From streams

    def begin(self, stream: Stream, listed: list[tuple[bytes, bytes]], *, last: bool) -> bool:
        """Send the head of a request; False when the connection takes no more."""
        if self._deaf or self._closing:
            return False
        self._reserved -= 1
        stream.number = self._wire.get_next_available_stream_id()
        self.streams[stream.number] = stream
        self._wire.send_headers(stream.number, listed, end_stream=last)
        self.flush()
        return True

    def gone(self, stream: Stream) -> None:
        """Forget a stream that has ended; let the next one in."""
        if stream.number:
            if self.streams.pop(stream.number, None) is None:
                return
            self.forget(stream)
        else:
            self._reserved -= 1
        if self.room:
            self.lane.freed(self)
        self._rest()

    # From the transport

    def connectionMade(self) -> None:
        """Begin, if the server agreed to."""
        self.speaks = negotiated(self.transport) == "h2"
        if self.speaks:
            super().connectionMade()
        else:
            self.abort()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Tell everyone who waits."""
        self.discard()
        self._stop(reason.getErrorMessage())
        self._lost = reason
        if self._awaited is not None and not self._bears:  # it shook hands, and said no more
            self.lane.breaker.refused()
            if not self._awaited.called:
                self._awaited.errback(reason)
        self.lane.gone(self)

    # From the server

    def happened(self, events: list[Event]) -> None:
        """Take what came with one read: what of it is for one client becomes one write."""
        numbers = {event.stream_id for event in events if isinstance(event, _OF_AN_ANSWER)}
        takers = [self.streams[number].cork() for number in numbers if number in self.streams]
        super().happened(events)
        for taker in takers:
            if taker is not None:
                taker.uncork()

    def settled(self, _event: RemoteSettingsChanged) -> None:
        """Take note that the server has said what it bears."""
        self._bears = True
        if self._awaited is not None and not self._awaited.called:
            self._awaited.callback(None)

    def response(self, event: ResponseReceived) -> None:
        """Hand an answer's head to its exchange."""
        if (stream := self.streams.get(event.stream_id)) is not None:
            stream.response(event.headers)

    def body(self, event: DataReceived) -> None:
        """Hand bytes to their exchange."""
        if (stream := self.streams.get(event.stream_id)) is not None:
            stream.arrive(event.data, event.flow_controlled_length)
        else:
            self.give_back(event.stream_id, event.flow_controlled_length)

    def trailers(self, event: TrailersReceived) -> None:
        """Hand trailers to their exchange, which end it."""
        if (stream := self.streams.get(event.stream_id)) is not None:
            try:
                fields = trailers(event.headers)
            except Malformed as error:
                self.reset(event.stream_id, ErrorCodes.PROTOCOL_ERROR)
                stream.broken(f"no HTTP: {error}")
            else:
                stream.arrive_end(fields)

    def ended(self, event: StreamEnded) -> None:
        """Tell an exchange that its answer has ended."""
        if (stream := self.streams.get(event.stream_id)) is not None:
            stream.arrive_end([])

    def refused(self, event: StreamReset) -> None:
        """Tell an exchange that the server has ended it."""
        if (stream := self.streams.get(event.stream_id)) is not None:
            untouched = event.error_code == ErrorCodes.REFUSED_STREAM
            stream.broken(f"its stream was reset: {event.error_code!r}", untouched=untouched)

    def goodbye(self, event: ConnectionTerminated) -> None:
        """Ask no more; what the server has not looked at may be asked elsewhere (section 6.8)."""
        self._closing = True
        last = event.last_stream_id or 0
        for stream in [stream for number, stream in self.streams.items() if number > last]:
            stream.broken("the server is leaving", untouched=True)
        self._rest()

    reactions: ClassVar[dict[type[Event], Callable[[Any, Any], None]]] = {
        RemoteSettingsChanged: settled,
        ResponseReceived: response,
        InformationalResponseReceived: response,
        DataReceived: body,
        TrailersReceived: trailers,
        StreamEnded: ended,
        StreamReset: refused,
        ConnectionTerminated: goodbye,
    }

    # Inside

    def broken(self, why: str, code: int) -> None:
        """Close a connection that cannot be relied on any more."""
        if not self._deaf:
            self.say_goodbye(code, 0)
            self.abort()
            self._stop(why)

    def _stop(self, why: str) -> None:
        self._deaf = self._closing = True
        self._flows.clear()
        for stream in list(self.streams.values()):
            stream.broken(why)

    def _rest(self) -> None:
        """Go, or wait for the next exchange, when there is none under way."""
        if self._deaf or self.streams or self._reserved > 0:
            return
        if self._closing:
            self._deaf = True
            self.transport.unregisterProducer()  # Twisted's transports would wait for it
            self.transport.loseConnection()
        else:
            self._deadline.within(self._idle_time)

    def _time_out(self) -> None:
        self.leave()


_OF_AN_ANSWER = (ResponseReceived, DataReceived, TrailersReceived, StreamEnded)
