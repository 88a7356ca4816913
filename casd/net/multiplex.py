"""One connection of HTTP/2, as both sides use it: frames in, frames out, at the pace of its windows.

The frames are the `h2` library's, but for how our heads are written. What is here: one write for what belongs together,
bytes that wait for a window while whoever sends them is held, and how much of a peer's time-wasting is borne.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, ClassVar, cast

from h2 import settings as h2_settings
from h2.config import H2Configuration
from h2.connection import ConnectionInputs, ConnectionState, H2Connection, H2ConnectionStateMachine
from h2.errors import ErrorCodes
from h2.events import Event
from h2.exceptions import H2Error, ProtocolError
from h2.stream import StreamInputs, StreamState
from h2.stream import _transitions as _OF_STREAMS  # noqa: N812 (a table)
from hyperframe.frame import GoAwayFrame
from twisted.internet.interfaces import IProtocol, IPushProducer, IReactorTime
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from casd.net.deadline import Deadline
from casd.net.wired import Stream as Wire
from protocols.header_blocks import Writer
from protocols.http1 import Field
from protocols.http2 import PREFACE, FieldList, Frames, trailer_list

_TABLE = 4096
"""Bytes of the compression table that a peer may have us keep (RFC 9113 section 6.5.2); more would be its to fill."""

_FRAME = 16 * 1024
"""Bytes of the longest frame (section 4.2); h2 would hold a longer one until it has come, and then complain."""

_SPARE = 100
"""Streams that a peer may open before it has heard how many; they are refused, and end nothing else."""

_USUAL = 64 * 1024
"""Bytes of a stream's window unless one of them says otherwise, but for one byte."""

_UNREAD = 256 * 1024
"""Bytes of frames beside bodies that may wait for a peer that does not read."""

_REGAIN = 30.0
"""Seconds in which an allowance is regained whole: nghttp2 bears 1000 resets at once and 33 a second."""


class Lasting(H2ConnectionStateMachine):
    """A connection goes on after GOAWAY, for the streams that it still has (section 6.8); h2's own ends at once."""

    def __init__(self) -> None:
        super().__init__()
        self._transitions = _TRANSITIONS


_TRANSITIONS = {
    **H2ConnectionStateMachine._transitions,
    (ConnectionState.CLIENT_OPEN, ConnectionInputs.RECV_GOAWAY): (None, ConnectionState.CLIENT_OPEN),
    (ConnectionState.SERVER_OPEN, ConnectionInputs.RECV_GOAWAY): (None, ConnectionState.SERVER_OPEN),
}

# A 100 that crosses our word that its stream is given up is forgotten like any other head (RFC 9113 section 5.1). h2's
# table has no such line: it would end the connection with all who share it.
_OF_STREAMS.setdefault(
    (StreamState.CLOSED, StreamInputs.RECV_INFORMATIONAL_HEADERS),
    _OF_STREAMS[StreamState.CLOSED, StreamInputs.RECV_HEADERS],
)


class Allowance:
    """How much of something is borne: a number at once, regained over `_REGAIN` seconds."""

    __slots__ = ("_clock", "_left", "_most", "_then")

    def __init__(self, most: int, clock: IReactorTime) -> None:
        self._clock = clock
        self._most = float(most)
        self._left = float(most)
        self._then = clock.seconds()

    def spend(self, count: int = 1) -> bool:
        """Take some; say whether that was borne."""
        self._left -= count
        if self._left >= 0:
            return True
        now = self._clock.seconds()
        self._left = min(self._most, self._left + (now - self._then) * self._most / _REGAIN)
        self._then = now
        return self._left >= 0

    def earn(self, count: int) -> None:
        """Give some back."""
        self._left = min(self._most, self._left + count)


class Flow:
    """The outgoing half of a stream: what its windows do not take yet waits here, and whoever sends it is held."""

    number = 0
    multiplex: Multiplex
    _waiting: bytearray | None = None
    _ending: list[Field] | None = None
    _holding = False

    def flow(self, data: bytes, *, last: bool = False) -> None:
        """Send bytes; `last` ends the stream with them."""
        if last:
            self._ending = []
        if self._waiting is not None:
            self._waiting += data
            return
        sent = self.multiplex.put(self.number, data, last=last)
        if sent < len(data):
            self._waiting = bytearray(memoryview(data)[sent:])
            self.multiplex.hold(self)

    def flow_end(self, fields: list[Field]) -> None:
        """End the stream once all has gone."""
        if self._ending is None:
            self._ending = fields
            if self._waiting is None:
                self.multiplex.put_end(self.number, fields)

    def flow_on(self) -> bool:
        """Send more of what waits; return whether nothing is left."""
        waiting = self._waiting
        if waiting is None:
            return True
        sent = self.multiplex.put(self.number, waiting, last=self._ending == [])
        del waiting[:sent]
        if waiting:
            if sent:
                self.flowed(whole=False)
            return False
        self._waiting = None
        if self._ending:
            self.multiplex.put_end(self.number, self._ending)
        self.flowed(whole=True)
        if self._holding:
            self._holding = False
            if (source := self.source()) is not None:
                source.resumeProducing()
        return True

    def flow_held(self) -> None:
        """Hold whoever sends."""
        if not self._holding:
            self._holding = True
            self.flowed(whole=False)
            if (source := self.source()) is not None:
                source.pauseProducing()

    def source(self) -> Any:
        """Return who sends, a push producer, or None."""
        raise NotImplementedError

    def flowed(self, *, whole: bool) -> None:
        """Take note of progress: `whole` if nothing waits any more."""
        raise NotImplementedError


@implementer(IProtocol, IPushProducer)
class Multiplex:
    """What both sides share."""

    transport: Wire
    client_side: ClassVar[bool]
    reactions: ClassVar[dict[type[Event], Callable[[Any, Any], None]]]

    def __init__(self, clock: IReactorTime, *, head: int, window: int, windows: int, streams: int, frames: int) -> None:
        """Bear heads of `head` bytes, `windows` bodies of `window` bytes that nobody takes, `frames` without use."""
        self._clock = clock
        self._head = head
        self._window = window
        self._windows = windows
        self._streams_allowed = streams
        self._wire = H2Connection(
            H2Configuration(
                client_side=self.client_side,
                header_encoding=None,
                validate_inbound_headers=False,  # the checks of protocols.http2 are stricter, and cheaper
                normalize_inbound_headers=False,
                validate_outbound_headers=False,
                normalize_outbound_headers=False,
            )
        )
        self._wire.state_machine = Lasting()
        self._wire.encoder = cast(Any, Writer(_TABLE))  # h2 asks no more of one
        self._wire.decoder.max_header_list_size = head
        self._frames = Frames(0 if self.client_side else len(PREFACE))
        self._wasted = Allowance(frames, clock)
        self._flows: dict[Flow, None] = {}  # those that wait for a window, in turn
        self._corked = 0
        self._deaf = False
        self._blocked = False
        self._advancing = False
        self._unread = 0
        self._deadline = Deadline(clock, self._time_out)

    def _settings(self, streams: int) -> h2_settings.Settings:
        values = {
            h2_settings.SettingCodes.MAX_CONCURRENT_STREAMS: streams,
            h2_settings.SettingCodes.MAX_HEADER_LIST_SIZE: self._head,
            h2_settings.SettingCodes.ENABLE_PUSH: 0,
        }
        if not self.client_side:
            del values[h2_settings.SettingCodes.ENABLE_PUSH]
        return h2_settings.Settings(client=self.client_side, initial_values=values)

    # From the transport

    def makeConnection(self, transport: Any) -> None:
        """Begin."""
        self.transport = transport
        self.connectionMade()

    def connectionMade(self) -> None:
        """Say what is borne here."""
        self.transport.registerProducer(self, True)
        self._corked += 1
        wire = self._wire
        wire.local_settings = self._settings(self._streams_allowed)
        wire.initiate_connection()
        wire.local_settings = self._settings(self._streams_allowed + _SPARE)
        if self._window != _USUAL:
            wire.update_settings({h2_settings.SettingCodes.INITIAL_WINDOW_SIZE: self._window})
        wire.increment_flow_control_window(max(self._windows * self._window - 65535, 1))
        self.uncork()

    def dataReceived(self, data: bytes) -> None:
        """Take frames."""
        if self._deaf:
            return
        self._corked += 1
        frames = self._frames
        wasted = frames.wasted(data)
        if (wasted and not self._wasted.spend(wasted)) or frames.block > self._head:
            self.broken("frames that bring nothing, or a head too large", ErrorCodes.ENHANCE_YOUR_CALM)
        elif frames.longest > _FRAME:
            self.broken("a frame too long", ErrorCodes.FRAME_SIZE_ERROR)
        else:
            try:
                events = self._wire.receive_data(data)
            except H2Error as error:
                self.broken(str(error), int(getattr(error, "error_code", ErrorCodes.PROTOCOL_ERROR)))
            else:
                self.happened(events)
        if self._flows:
            self._advance()
        self.uncork()

    def happened(self, events: list[Event]) -> None:
        """Take what came with one read."""
        for event in events:
            reaction = self.reactions.get(type(event))
            if reaction is not None:
                reaction(self, event)
                if self._deaf:
                    return

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Take the end."""
        raise NotImplementedError

    def pauseProducing(self) -> None:
        """Send no bodies for now: the peer does not read."""
        self._blocked = True
        self._unread = 0

    def resumeProducing(self) -> None:
        """Send again."""
        self._blocked = False
        self._corked += 1
        self._advance()
        self.uncork()

    def stopProducing(self) -> None:
        """Have nothing to do: `connectionLost` follows."""

    # From streams

    def cork(self) -> None:
        """Gather what is sent, for one write."""
        self._corked += 1

    def uncork(self) -> None:
        """Write what was gathered."""
        self._corked -= 1
        if not self._corked:
            self.flush()

    def flush(self) -> None:
        """Write what there is, unless more is expected."""
        if self._corked or self._deaf:
            return
        data = self._wire.data_to_send()
        if not data:
            return
        self.transport.write(data)
        if self._blocked:
            self._unread += len(data)
            if self._unread > _UNREAD:
                self.abort()

    def put_head(self, number: int, fields: FieldList, *, last: bool = False) -> None:
        """Send a head."""
        if self._deaf or self._ended(number):
            return
        self._wire.send_headers(number, fields, end_stream=last)
        self.flush()

    def put(self, number: int, data: bytes | bytearray, *, last: bool) -> int:
        """Send as much of a body as the windows take; return how much that is."""
        wire = self._wire
        if self._deaf or self._ended(number):
            return len(data)
        allowed = 0 if self._blocked else min(len(data), wire.local_flow_control_window(number))
        if allowed <= 0:
            return 0
        most = wire.max_outbound_frame_size
        for start in range(0, allowed, most):
            end = min(start + most, allowed)
            wire.send_data(number, bytes(data[start:end]), end_stream=last and end == len(data))
            self._wasted.earn(2)  # for the windows that the peer will open in return
        self.flush()
        return allowed

    def put_end(self, number: int, fields: list[Field]) -> None:
        """End a stream, with trailers if there are some."""
        if self._deaf or self._ended(number):
            return
        listed = trailer_list(fields)
        if listed:
            self._wire.send_headers(number, listed, end_stream=True)
        else:
            self._wire.end_stream(number)
        self.flush()

    def give_back(self, number: int, size: int) -> None:
        """Open the windows again for bytes that were taken."""
        if size and not self._deaf:
            self._wire.acknowledge_received_data(size, number)
            self.flush()

    def reset(self, number: int, code: int) -> None:
        """End a stream at once."""
        if not self._deaf:
            with suppress(ProtocolError):  # it has ended already
                self._wire.reset_stream(number, code)
            self.flush()

    def hold(self, flow: Flow) -> None:
        """Let a stream wait for its window."""
        self._flows[flow] = None
        flow.flow_held()

    def forget(self, flow: Flow) -> None:
        """Let a stream that has ended wait no more."""
        self._flows.pop(flow, None)

    def abort(self) -> None:
        """Close at once."""
        self._deaf = True
        self.transport.abortConnection()

    def discard(self) -> None:
        """Let go of h2, whose parts hold each other: the connection has ended."""
        self._deaf = True
        self._deadline.stop()
        self._flows.clear()
        self._wire.__dict__.clear()

    # Inside

    def _advance(self) -> None:
        """Send more of what waits, each stream in turn."""
        if self._advancing or self._blocked:
            return
        self._advancing = True
        for flow in list(self._flows):
            if flow in self._flows:
                del self._flows[flow]
                if not flow.flow_on():
                    self._flows[flow] = None
        self._advancing = False

    def _ended(self, number: int) -> bool:
        """Whether the peer has ended a stream with what is being read just now, which nobody has been told yet."""
        stream = self._wire.streams.get(number)
        return stream is None or stream.closed

    def broken(self, why: str, code: int) -> None:
        """End a connection whose peer has broken the rules."""
        raise NotImplementedError

    def _time_out(self) -> None:
        raise NotImplementedError

    def say_goodbye(self, code: int, last: int) -> None:
        """Announce that no more streams are taken (section 6.8); those up to `last` go on."""
        said = self._wire.data_to_send()
        if self._wire.state_machine.state is not ConnectionState.CLOSED:  # it has not said so itself
            said += GoAwayFrame(0, last_stream_id=last, error_code=code).serialize()
        self.transport.write(said)
